#include "service/call_off.h"

#include "domain/lifecycle.h"
#include "service/convert.h"
#include "service/event.h"
#include "service/fault.h"

#include <assert.h>
#include <string.h>

/* Room for so many more; the row's own counter says how many to expect. */
static struct status make_room(struct arena *arena, size_t wanted, size_t *capacity,
                               struct call_off *called_off) {
    if (wanted <= *capacity)
        return status_ok();
    size_t larger = wanted > *capacity * 2 ? wanted : *capacity * 2;
    struct store_booking *grown = arena_alloc_array(arena, larger, sizeof *grown);
    if (grown == NULL)
        return service_no_room();
    if (called_off->count > 0)
        memcpy(grown, called_off->bookings, called_off->count * sizeof *grown);
    called_off->bookings = grown;
    *capacity = larger;
    return status_ok();
}

/* Everybody who holds a seat. */
static struct status collect(struct service_work *work,
                             const struct store_conversation *conversation,
                             struct call_off *ret_called_off) {
    struct call_off found = {.count = 0};
    size_t capacity = 0;
    const struct uuid *after = NULL;
    struct store_booking *page;
    size_t count;
    if (conversation->seats_taken > 0)
        TRY(make_room(work->arena, (size_t)conversation->seats_taken, &capacity, &found));
    for (;;) {
        TRY(store_booking_seats(work->tx, work->arena, work->tenant, &conversation->id, after,
                                &page, &count));
        if (count == 0)
            break;
        TRY(make_room(work->arena, found.count + count, &capacity, &found));
        assert(found.bookings != NULL); /* there is room for what is there */
        memcpy(found.bookings + found.count, page, count * sizeof *page);
        found.count += count;
        after = &page[count - 1].user.id;
    }
    *ret_called_off = found;
    return status_ok();
}

static struct status give_back(struct service_work *work, const struct store_booking *booking,
                               unsigned effects) {
    const struct store_attempt *attempt = &booking->attempt;
    struct domain_usage usage;
    if (!(effects & DOMAIN_EFFECT_RETURN_QUOTA) || !booking->has_attempt ||
        attempt->usage_month == 0)
        return status_ok();
    TRY(store_usage_lock(work->tx, work->tenant, &booking->user.id, attempt->usage_month, &usage));
    return store_usage_add(work->tx, work->tenant, &booking->user.id, attempt->usage_month,
                           attempt->usage_kind, -1);
}

struct status call_off_bookings(struct service_work *work,
                                const struct store_conversation *conversation,
                                struct call_off *ret_called_off) {
    struct domain_booking_step step;
    struct call_off found;
    TRY(collect(work, conversation, &found));
    for (size_t i = 0; i < found.count; i++) {
        TRY(domain_booking_apply(found.bookings[i].status, found.bookings[i].payment,
                                 DOMAIN_BOOKING_EVENT_CALL_OFF, &step));
        TRY(give_back(work, &found.bookings[i], step.effects));
    }
    for (size_t i = 0; i < found.count; i++) {
        struct store_booking *booking = &found.bookings[i];
        TRY(domain_booking_apply(booking->status, booking->payment, DOMAIN_BOOKING_EVENT_CALL_OFF,
                                 &step));
        booking->status = step.state;
        booking->payment = step.payment;
        booking->attempt.payment = step.payment;
        booking->cancelled_at_us = work->now_us;
        TRY(store_booking_update(work->tx, work->tenant, booking, work->now_us));
        booking->updated_at_us = work->now_us;
    }
    if (found.count > 0)
        TRY(store_conversation_add_seats(work->tx, work->tenant, &conversation->id,
                                         -(int32_t)found.count, 0));
    *ret_called_off = found;
    return status_ok();
}

struct status call_off_tell(struct service_work *work,
                            const struct store_conversation *conversation,
                            const struct call_off *called_off) {
    if (called_off->count == 0)
        return status_ok();
    struct convert c = convert_into(work->arena);
    lc_event *changed = service_event_new(work->arena, work->now_us);
    /* One for all: it is by far the largest part of what hundreds are told. */
    lc_conversation *after = convert_listed(&c, conversation, work->settings);
    if (changed == NULL || after == NULL)
        return service_no_room();
    changed->kind_case = LIVECONV__V1__EVENT__KIND_BOOKED_CONVERSATION_CHANGED;
    changed->booked_conversation_changed = after;
    for (size_t i = 0; i < called_off->count; i++) {
        const struct store_booking *from = &called_off->bookings[i];
        lc_event *event = service_event_new(work->arena, work->now_us);
        lc_booking_view *view = lc_booking_view_new(work->arena);
        if (event == NULL || view == NULL)
            return service_no_room();
        view->booking = convert_booking(&c, from, true);
        view->conversation = after;
        event->kind_case = LIVECONV__V1__EVENT__KIND_BOOKING_CHANGED;
        event->booking_changed = view;
        TRY(convert_status(&c));
        TRY(service_event_inbox(work, &from->user.id, changed));
        TRY(service_event_inbox(work, &from->user.id, event));
    }
    return status_ok();
}
