/*
 * The first screen of an app: five statements, and two more for those who host or have something
 * on, each on an index of the user's own rows.
 */
#ifndef STORE_HOME_H
#define STORE_HOME_H

#include "base/status.h"
#include "store/booking.h"
#include "store/conversation.h"
#include "store/user.h"

struct arena;
struct db_tx;

enum { STORE_HOME_ROWS_MAX = 10 };

struct store_home_query {
    struct uuid user;
    int64_t now_us;
    int64_t doors_open_before_us; /* of the tenant's settings */
    int32_t month;                /* for the usage */
};

struct store_home {
    struct store_user user;
    struct domain_usage usage;
    struct store_booking_list
        next_bookings; /* SCHEDULED and LIVE, holding a seat, earliest first */
    struct store_conversation_list next_hosted; /* hosts or leads, SCHEDULED and LIVE */
    struct store_conversation_list live_now;    /* hosts, leads or has booked; doors are open */
    int32_t unread_total;                       /* over the 100 conversations joined last */
};

/* NOT_FOUND USER_NOT_FOUND. */
struct status store_home_get(struct db_tx *tx, struct arena *arena, const char *tenant,
                             const struct store_home_query *query,
                             struct store_home *ret_home) STATUS_MUST_USE;

#endif
