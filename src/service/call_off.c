#include "service/call_off.h"

#include "domain/lifecycle.h"
#include "service/convert.h"
#include "service/event.h"
#include "service/fault.h"

#include <string.h>

enum { SEATS_MAX = 1000 }; /* conversation_seats, a CHECK of the table */

/* Everybody who holds a seat. */
static struct status collect(struct service_work *work, const struct uuid *id,
                             struct call_off *ret_called_off) {
    struct store_booking *all = NULL;
    size_t total = 0;
    const struct uuid *after = NULL;
    struct store_booking *page;
    size_t count;
    do {
        TRY(store_booking_seats(work->tx, work->arena, work->tenant, id, after, &page, &count));
        if (count == 0)
            break;
        struct store_booking *grown = arena_alloc_array(work->arena, total + count, sizeof *grown);
        if (grown == NULL)
            return service_no_room();
        if (total > 0)
            memcpy(grown, all, total * sizeof *grown);
        memcpy(grown + total, page, count * sizeof *grown);
        all = grown;
        total += count;
        after = &all[total - 1].user.id;
    } while (total <= SEATS_MAX);
    ret_called_off->bookings = all;
    ret_called_off->count = total;
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
    TRY(collect(work, &conversation->id, &found));
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
    for (size_t i = 0; i < called_off->count; i++) {
        struct convert c = convert_into(work->arena);
        lc_event *changed = service_event_new(work->arena, work->now_us);
        lc_event *booking = service_event_new(work->arena, work->now_us);
        if (changed == NULL || booking == NULL)
            return service_no_room();
        changed->kind_case = LIVECONV__V1__EVENT__KIND_BOOKED_CONVERSATION_CHANGED;
        changed->booked_conversation_changed =
            convert_conversation(&c, conversation, work->settings);
        booking->kind_case = LIVECONV__V1__EVENT__KIND_BOOKING_CHANGED;
        booking->booking_changed =
            convert_booking_view(&c, &called_off->bookings[i], conversation, work->settings, true);
        TRY(convert_status(&c));
        TRY(service_event_inbox(work, &called_off->bookings[i].user.id, changed));
        TRY(service_event_inbox(work, &called_off->bookings[i].user.id, booking));
    }
    return status_ok();
}
