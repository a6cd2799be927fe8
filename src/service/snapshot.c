#include "service/snapshot.h"

#include "domain/permission.h"
#include "service/caller.h"
#include "service/convert_live.h"
#include "service/person.h"
#include "service/service.h"
#include "store/booking.h"

enum {
    MESSAGES_DEFAULT = 50,
    MESSAGES_MAX = 200,
    PARTICIPANTS_MAX = 200,
    INBOX_ITEMS_MAX = 100,
};

static struct status view_of(struct db_tx *tx, struct arena *arena,
                             const struct service_snapshot_request *request,
                             struct store_conversation_view *ret_view) {
    if (request->lock)
        return store_conversation_lock(tx, arena, request->tenant, &request->id, &request->user,
                                       ret_view);
    return store_conversation_get(tx, arena, request->tenant, &request->id, &request->user,
                                  ret_view);
}

static struct status put_participants(struct db_tx *tx, struct convert *c,
                                      const struct service_snapshot_request *request,
                                      lc_conversation_snapshot *state) {
    struct store_page page = {.size = PARTICIPANTS_MAX};
    struct store_participant_list list;
    unsigned inside = STORE_BIT(DOMAIN_PARTICIPANT_JOINED) | STORE_BIT(DOMAIN_PARTICIPANT_AWAY);

    TRY(store_participant_list(tx, c->arena, request->tenant, &request->id, inside, &page, &list));
    state->participants = convert_list(c, list.count);
    if (state->participants == NULL)
        return convert_status(c);
    for (size_t i = 0; i < list.count; i++)
        state->participants[i] = convert_participant(c, &list.items[i]);
    state->n_participants = list.count;
    return status_ok();
}

static struct status put_messages(struct db_tx *tx, struct convert *c,
                                  const struct service_snapshot_request *request,
                                  lc_conversation_snapshot *state) {
    int32_t wanted = request->messages == 0 ? MESSAGES_DEFAULT : request->messages;
    struct store_message_query query = {
        .conversation_id = request->id,
        .viewer = request->user,
        .page = {.size = wanted < MESSAGES_MAX ? wanted : MESSAGES_MAX},
    };
    struct store_message_list list;
    if (wanted < 0)
        return status_ok();

    TRY(store_message_list(tx, c->arena, request->tenant, &query, &list));
    state->messages = convert_list(c, list.count);
    if (state->messages == NULL)
        return convert_status(c);
    for (size_t i = 0; i < list.count; i++) /* newest first; told oldest first */
        state->messages[list.count - 1 - i] = convert_message(c, &list.items[i]);
    state->n_messages = list.count;
    return status_ok();
}

static struct status put_me(struct db_tx *tx, struct convert *c,
                            const struct service_snapshot_request *request,
                            const struct store_viewer *viewer, lc_conversation_snapshot *state) {
    struct store_seat seat = {.conversation = request->id, .user = request->user};
    struct store_participant me;
    bool found;

    TRY(store_participant_find(tx, c->arena, request->tenant, &seat, &me, &found));
    if (!found)
        return status_ok();
    state->me = convert_participant(c, &me);
    state->read_state =
        convert_read_state(c, &request->id, me.read_through_sequence, viewer->unread_count);
    return status_ok();
}

struct status service_snapshot_conversation(struct db_tx *tx, struct arena *arena,
                                            const struct service_snapshot_request *request,
                                            lc_conversation_snapshot **ret_state,
                                            struct store_topic *ret_topic) {
    struct service_acting acting;
    struct store_conversation_view view;
    struct convert c = convert_into(arena);

    TRY(service_acting_read(tx, arena, request->context, request->tenant, &request->user, &acting));
    TRY(view_of(tx, arena, request, &view));
    TRY(service_acting_permit(&acting, DOMAIN_ACTION_READ_HISTORY, &view));

    lc_conversation_snapshot *state = lc_conversation_snapshot_new(arena);
    if (state == NULL)
        return status_error(STATUS_RESOURCE_EXHAUSTED, 0, "no memory for a snapshot");
    state->conversation = convert_conversation(&c, &view.conversation, &acting.tenant.settings);
    state->viewer = convert_viewer(&c, &acting.caller, &view);
    TRY(put_me(tx, &c, request, &view.viewer, state));
    TRY(put_participants(tx, &c, request, state));
    TRY(put_messages(tx, &c, request, state));
    TRY(convert_status(&c));
    *ret_state = state;
    *ret_topic = view.conversation.log;
    return status_ok();
}

/* ---- the inbox ---- */

static struct status put_bookings(struct db_tx *tx, struct convert *c,
                                  const struct service_snapshot_request *request,
                                  const struct domain_settings *settings,
                                  lc_inbox_snapshot *state) {
    struct store_booking_query query = {
        .has_user = true,
        .user_id = request->user,
        .statuses = STORE_BIT(DOMAIN_BOOKING_HELD) | STORE_BIT(DOMAIN_BOOKING_PENDING_PAYMENT) |
                    STORE_BIT(DOMAIN_BOOKING_CONFIRMED),
        .start_from_us = service_now_us(request->context),
        .earliest_first = true,
        .page = {.size = INBOX_ITEMS_MAX},
    };
    struct store_booking_list list;

    TRY(store_booking_list(tx, c->arena, request->tenant, &query, &list));
    state->bookings = convert_list(c, list.count);
    if (state->bookings == NULL)
        return convert_status(c);
    for (size_t i = 0; i < list.count; i++) {
        lc_booking_view *view = lc_booking_view_new(c->arena);
        if (view == NULL)
            return status_error(STATUS_RESOURCE_EXHAUSTED, 0, "no memory for a snapshot");
        view->booking = convert_booking(c, &list.items[i].booking, true);
        view->conversation = convert_listed(c, &list.items[i].conversation, settings);
        state->bookings[i] = view;
    }
    state->n_bookings = list.count;
    return status_ok();
}

static struct status put_unread(struct db_tx *tx, struct convert *c,
                                const struct service_snapshot_request *request,
                                lc_inbox_snapshot *state) {
    struct store_unread *items = NULL;
    size_t count = 0;

    TRY(store_message_unread_list(tx, c->arena, request->tenant, &request->user, INBOX_ITEMS_MAX,
                                  &items, &count));
    state->unread = convert_list(c, count);
    if (state->unread == NULL)
        return convert_status(c);
    for (size_t i = 0; i < count; i++) {
        state->unread[i] = convert_read_state(
            c, &items[i].conversation_id, items[i].read_through_sequence, items[i].unread_count);
        state->unread_total += items[i].unread_count;
    }
    state->n_unread = count;
    return status_ok();
}

static struct status put_invitations(struct db_tx *tx, struct convert *c,
                                     const struct service_snapshot_request *request,
                                     const struct domain_settings *settings,
                                     lc_inbox_snapshot *state) {
    struct store_conversation_query query = {
        .has_viewer = true,
        .viewer = request->user,
        .relation = STORE_RELATION_INVITED,
        .start_from_us = service_now_us(request->context),
        .page = {.size = INBOX_ITEMS_MAX},
    };
    struct store_conversation_list list;

    TRY(store_conversation_list(tx, c->arena, request->tenant, &query, &list));
    state->invitations = convert_list(c, list.count);
    if (state->invitations == NULL)
        return convert_status(c);
    for (size_t i = 0; i < list.count; i++)
        if (!domain_booking_takes_seat(list.items[i].viewer.booking))
            state->invitations[state->n_invitations++] =
                convert_listed(c, &list.items[i].conversation, settings);
    return status_ok();
}

struct status service_snapshot_inbox(struct db_tx *tx, struct arena *arena,
                                     const struct service_snapshot_request *request,
                                     lc_inbox_snapshot **ret_state, struct store_topic *ret_topic) {
    struct store_tenant tenant;
    struct store_topic topic;
    struct convert c = convert_into(arena);

    TRY(store_tenant_get(tx, arena, request->tenant, &tenant));
    if (request->lock)
        TRY(store_topic_lock(tx, request->tenant, STORE_TOPIC_INBOX, &request->user, &topic));
    else
        TRY(store_topic_get(tx, request->tenant, STORE_TOPIC_INBOX, &request->user, &topic));

    lc_inbox_snapshot *state = lc_inbox_snapshot_new(arena);
    if (state == NULL)
        return status_error(STATUS_RESOURCE_EXHAUSTED, 0, "no memory for a snapshot");
    TRY(put_bookings(tx, &c, request, &tenant.settings, state));
    TRY(put_unread(tx, &c, request, state));
    TRY(put_invitations(tx, &c, request, &tenant.settings, state));
    TRY(convert_status(&c));
    *ret_state = state;
    *ret_topic = topic;
    return status_ok();
}
