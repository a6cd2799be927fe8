#include "integration/service/matrix_world.h"

#include "liveconv/v1/account_service.grpc-c.h"
#include "liveconv/v1/user_service.grpc-c.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Who there is besides the callers. The numbers of callers are those of enum matrix_caller. */
enum { TARGET = 20, GUEST, BYSTANDER };

static const char *const scopes[] = {"conversations.read", "conversations.write", "bookings.read",
                                     "bookings.write",     "participants.read",   "messages.read",
                                     "moderation.write",   "feedback.read",       "reports.read",
                                     "reports.write",      "users.write",         "analytics.read"};

static const char every_role[] = "student instructor admin"; /* of people */
static const char backends_only[] = "users.write";           /* no role opens its methods */

/* How a state looks in the tables. Times are in seconds from now. */
struct state {
    const char *name;
    const char *status;
    int start_s;
    int length_s;
    const char *visibility;
    const char *booking;  /* of those who have one */
    const char *presence; /* of host, participant and target; NULL: nobody came so far */
    bool is_led;          /* by the caller of the column instructor */
};

static const struct state states[] = {
    {"SCHEDULED", "SCHEDULED", 3 * 86400, 3600, "PUBLIC", "CONFIRMED", NULL, false},
    {"HIDDEN", "SCHEDULED", 3 * 86400, 3600, "INVITED", "CONFIRMED", NULL, false},
    {"DOORS", "SCHEDULED", 300, 3600, "PUBLIC", "CONFIRMED", "JOINED", false},
    {"LIVE", "LIVE", -600, 3600, "PUBLIC", "CONFIRMED", "JOINED", false},
    {"LED", "LIVE", -600, 3600, "PUBLIC", "CONFIRMED", "JOINED", true},
    {"COMPLETED", "COMPLETED", -7200, 3600, "PUBLIC", "ATTENDED", "LEFT", false},
    {"CANCELLED", "CANCELLED", -600, 3600, "PUBLIC", "CANCELLED", "LEFT", false},
};

/* ---- names ---- */

enum { CONVERSATION = 1, BOOKING, MESSAGE, PRIVATE_MESSAGE, OTHER_ROW };

static const char *user(struct matrix_world *w, unsigned number) {
    return liveconv_user(w->server, 100 + number);
}

/* Ids of the current conversation and of what belongs to it, of one kind each. */
static const char *id_of(struct matrix_world *w, unsigned kind, unsigned item) {
    return arena_printf(w->arena, "00000000-0000-7000-9%03x-%06u%06u", kind, w->number, item);
}

static const char *seconds_from_now(struct matrix_world *w, long long seconds) {
    return arena_printf(w->arena, "%lld", (long long)time(NULL) + seconds);
}

const char *matrix_world_lookup(void *world, const char *name) {
    static unsigned last_number;
    struct matrix_world *w = world;
    for (unsigned i = 0; i < MATRIX_CALLERS; i++)
        if (strcmp(name, matrix_caller_names[i]) == 0)
            return user(w, i);
    if (strcmp(name, "target") == 0)
        return user(w, TARGET);
    if (strcmp(name, "guest") == 0)
        return user(w, GUEST);
    if (strcmp(name, "bystander") == 0)
        return user(w, BYSTANDER);
    if (strcmp(name, "conversation") == 0)
        return id_of(w, CONVERSATION, 0);
    if (strcmp(name, "topic") == 0)
        return arena_printf(w->arena, "conversations/%s", id_of(w, CONVERSATION, 0));
    if (strcmp(name, "booking") == 0)
        return id_of(w, BOOKING, MATRIX_PARTICIPANT);
    if (strcmp(name, "message") == 0)
        return id_of(w, MESSAGE, 0);
    if (strcmp(name, "private") == 0)
        return id_of(w, PRIVATE_MESSAGE, 0);
    if (strcmp(name, "new") == 0)
        return arena_printf(w->arena, "00000000-0000-7000-b000-%012u", ++last_number);
    if (strcmp(name, "tomorrow") == 0)
        return seconds_from_now(w, 86400);
    if (strcmp(name, "later") == 0)
        return seconds_from_now(w, 86400 + 3600);
    return NULL;
}

/* ---- people ---- */

static const char *all_scopes_but(struct matrix_world *w, const char *left_out) {
    char text[512] = "";
    for (size_t i = 0; i < sizeof scopes / sizeof scopes[0]; i++) {
        if (left_out != NULL && strcmp(scopes[i], left_out) == 0)
            continue;
        size_t len = strlen(text);
        snprintf(text + len, sizeof text - len, "%s%s", len > 0 ? " " : "", scopes[i]);
    }
    return arena_strdup(w->arena, text);
}

const char *matrix_world_token(struct matrix_world *w, enum matrix_caller caller,
                               const char *scope) {
    struct liveconv_who who = {.subject = user(w, caller), .name = matrix_caller_names[caller]};
    switch (caller) {
    case MATRIX_NONE:
        return NULL;
    case MATRIX_INSTRUCTOR:
        who.roles = "instructor";
        break;
    case MATRIX_ADMIN:
        who.roles = "admin";
        break;
    case MATRIX_SERVICE:
        who.subject = "backend";
        who.roles = "service";
        who.scope = scope != NULL ? scope : all_scopes_but(w, NULL);
        break;
    case MATRIX_SCOPELESS:
        who.subject = "backend";
        who.roles = "service";
        who.scope = all_scopes_but(w, scope);
        break;
    case MATRIX_OTHER: /* with the host's own id: the tenant alone tells the two apart */
        who.subject = user(w, MATRIX_HOST);
        who.tenant = LIVECONV_OTHER_TENANT;
        who.roles = scope != NULL && strcmp(scope, backends_only) == 0 ? "service" : every_role;
        who.scope = all_scopes_but(w, NULL);
        break;
    default:
        break;
    }
    return liveconv_token(w->server, &who);
}

static void must(const char *what, struct status status) {
    if (status_is_ok(status))
        return;
    fprintf(stderr, "matrix: %s: %s %s\n", what, status_code_name(status.code), status.detail);
    exit(70);
}

static void introduce(struct matrix_world *w, const char *token) {
    lc_get_home_request request = LC_GET_HOME_REQUEST_INIT;
    lc_get_home_response *response = NULL;
    struct rpc_result result;
    struct rpc_call_options options = liveconv_as(token);
    must("GetHome", lc_account_service_get_home(w->server->channel, &options, &request, w->arena,
                                                &response, &result));
}

static void suspend(struct matrix_world *w) {
    lc_suspend_user_request request = LC_SUSPEND_USER_REQUEST_INIT;
    lc_suspend_user_response *response = NULL;
    struct rpc_result result;
    struct rpc_call_options options =
        liveconv_as(matrix_world_token(w, MATRIX_SERVICE, "users.write"));
    request.user_id = arena_strdup(w->arena, user(w, MATRIX_SUSPENDED));
    request.suspended = true;
    must("SuspendUser", lc_user_service_suspend_user(w->server->channel, &options, &request,
                                                     w->arena, &response, &result));
}

void matrix_world_init(struct matrix_world *w, struct liveconv_server *server,
                       struct arena *arena) {
    const unsigned others[] = {TARGET, GUEST, BYSTANDER};
    *w = (struct matrix_world){.server = server, .arena = arena};
    /* Who may do what is asked here, not how often nor when. */
    liveconv_sql(server, "UPDATE tenants SET maxOpenConversationsPerHost = 1000000,"
                         " forbidsOverlaps = FALSE");
    for (enum matrix_caller i = MATRIX_STUDENT; i < MATRIX_CALLERS; i++)
        if (i != MATRIX_SERVICE && i != MATRIX_SCOPELESS)
            introduce(w, matrix_world_token(w, i, NULL));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        introduce(w, liveconv_token(server, &(struct liveconv_who){.subject = user(w, others[i])}));
    suspend(w);
}

/* ---- the conversation ---- */

static void insert_conversation(struct matrix_world *w, const struct state *s, int taken) {
    bool is_cancelled = strcmp(s->status, "CANCELLED") == 0;
    const char *leader =
        s->is_led ? arena_printf(w->arena, "'%s'", user(w, MATRIX_INSTRUCTOR)) : "NULL";
    liveconv_sql(w->server,
                 "INSERT INTO live_conversations (tenant_id, id, title, conversationType, language,"
                 " level, startTime, endTime, visibility, status, hostId, instructorId, seatsTaken,"
                 " currentParticipants, cancelledAt, cancelReason, actualStartTime, actualEndTime,"
                 " eventEpoch, eventSequence)"
                 " VALUES ('" LIVECONV_TENANT "', '%s', 'Tea', 'GROUP', 'en', 'B1',"
                 " UTC_TIMESTAMP(6) + INTERVAL %d SECOND, UTC_TIMESTAMP(6) + INTERVAL %d SECOND,"
                 " '%s', '%s', '%s', %s, %d, %d, %s, %s, %s, %s, 7, %d)",
                 id_of(w, CONVERSATION, 0), s->start_s, s->start_s + s->length_s, s->visibility,
                 s->status, user(w, MATRIX_HOST), leader, taken,
                 s->presence != NULL && strcmp(s->presence, "JOINED") == 0 ? 3 : 0,
                 is_cancelled ? "UTC_TIMESTAMP(6)" : "NULL", is_cancelled ? "'HOST'" : "NULL",
                 s->start_s < 0 ? "UTC_TIMESTAMP(6) - INTERVAL 1 HOUR" : "NULL",
                 strcmp(s->status, "COMPLETED") == 0 ? "UTC_TIMESTAMP(6)" : "NULL",
                 s->presence != NULL ? 2 : 0);
}

static void insert_booking(struct matrix_world *w, const struct state *s, unsigned who) {
    const char *id = id_of(w, BOOKING, who);
    liveconv_sql(w->server,
                 "INSERT INTO live_conversation_bookings (tenant_id, id, conversationId, userId,"
                 " status, cancelledAt, startTime)"
                 " SELECT tenant_id, '%s', id, '%s', '%s', %s, startTime FROM live_conversations"
                 " WHERE tenant_id = '" LIVECONV_TENANT "' AND id = '%s'",
                 id, user(w, who), s->booking,
                 strcmp(s->booking, "CANCELLED") == 0 ? "UTC_TIMESTAMP(6)" : "NULL",
                 id_of(w, CONVERSATION, 0));
    liveconv_sql(w->server,
                 "INSERT INTO booking_attempts (tenant_id, bookingId, number, payer, payerReason,"
                 " paymentStatus, cancellationPolicy) VALUES ('" LIVECONV_TENANT "', '%s', 1,"
                 " 'NOBODY', 'FREE_CONVERSATION', 'NOT_REQUIRED', '[]')",
                 id);
}

static void insert_participant(struct matrix_world *w, unsigned who, const char *status) {
    bool is_inside = strcmp(status, "JOINED") == 0;
    bool is_removed = strcmp(status, "REMOVED") == 0;
    liveconv_sql(
        w->server,
        "INSERT INTO live_conversation_participants (tenant_id, id, conversationId, userId,"
        " isHost, status, leftAt, stayStartedAt, removedAt, removedBy)"
        " VALUES ('" LIVECONV_TENANT "', '%s', '%s', '%s', %d, '%s', %s, %s, %s, %s)",
        id_of(w, OTHER_ROW, who), id_of(w, CONVERSATION, 0), user(w, who), who == MATRIX_HOST,
        status, is_inside ? "NULL" : "UTC_TIMESTAMP(6)", is_inside ? "UTC_TIMESTAMP(6)" : "NULL",
        is_removed ? "UTC_TIMESTAMP(6)" : "NULL",
        is_removed ? arena_printf(w->arena, "'%s'", user(w, MATRIX_HOST)) : "NULL");
}

/* Of the participant, with the event that told of it. */
static void insert_message(struct matrix_world *w, unsigned kind, int sequence, bool is_private) {
    const char *sender = arena_printf(w->arena, "'%s'", user(w, MATRIX_PARTICIPANT));
    const char *recipient = is_private ? arena_printf(w->arena, "'%s'", user(w, TARGET)) : "NULL";
    liveconv_sql(w->server,
                 "INSERT INTO live_conversation_messages (tenant_id, id, conversationId, senderId,"
                 " recipientId, content, language, sequence) VALUES ('" LIVECONV_TENANT "', '%s',"
                 " '%s', %s, %s, 'I has tea', 'en', %d)",
                 id_of(w, kind, 0), id_of(w, CONVERSATION, 0), sender, recipient, sequence);
    liveconv_sql(
        w->server,
        "INSERT INTO events (tenant_id, topicId, sequence, visibleTo, visibleFrom, payload,"
        " checksum) VALUES ('" LIVECONV_TENANT "', '%s', %d, %s, %s, '', 0)",
        id_of(w, CONVERSATION, 0), sequence, recipient, is_private ? sender : "NULL");
}

void matrix_world_renew(struct matrix_world *w, const char *name) {
    const unsigned booked[] = {MATRIX_PARTICIPANT, MATRIX_REMOVED, MATRIX_SUSPENDED, TARGET};
    const unsigned came[] = {MATRIX_HOST, MATRIX_PARTICIPANT, TARGET};
    const struct state *s = NULL;
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if (strcmp(states[i].name, name) == 0)
            s = &states[i];
    if (s == NULL) {
        fprintf(stderr, "matrix: no such state: %s\n", name);
        exit(70);
    }
    w->number++;
    w->state = name;
    insert_conversation(w, s, strcmp(s->booking, "CANCELLED") == 0 ? 0 : 4);
    for (size_t i = 0; i < sizeof booked / sizeof booked[0]; i++)
        insert_booking(w, s, booked[i]);
    insert_participant(w, MATRIX_REMOVED, "REMOVED");
    if (s->presence == NULL)
        return;
    for (size_t i = 0; i < sizeof came / sizeof came[0]; i++)
        insert_participant(w, came[i], s->presence);
    insert_message(w, MESSAGE, 1, false);
    insert_message(w, PRIVATE_MESSAGE, 2, true);
}
