/*
 * What a tenant may set: times, limits and tiers. Data, with defaults.
 *
 * Thread-safety: values.
 */
#ifndef DOMAIN_SETTINGS_H
#define DOMAIN_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

/* Microseconds in a unit, for settings and tests. */
#define DOMAIN_SECOND_US INT64_C(1000000)
#define DOMAIN_MINUTE_US (60 * DOMAIN_SECOND_US)
#define DOMAIN_HOUR_US (60 * DOMAIN_MINUTE_US)
#define DOMAIN_DAY_US (24 * DOMAIN_HOUR_US)

struct domain_settings {
    /* Lifecycle (DESIGN section 5). */
    int64_t doors_open_before_us;   /* before the start; 10 min */
    int64_t host_no_show_after_us;  /* after the start of a paid session; 15 min */
    int64_t complete_after_us;      /* after the end; 15 min */
    int32_t auto_live_participants; /* present at the start of a free session; 2 */

    /* Conversations. */
    int64_t min_duration_us;  /* 10 min */
    int64_t max_duration_us;  /* 4 h */
    int64_t max_ahead_us;     /* start at most this far in the future; 365 days */
    int32_t max_participants; /* upper bound of the capacity; 500 */
    int64_t max_price_units;  /* in whole units of the currency; 10,000 */
    char currency[4];         /* the one that prices are in; "" (default): any */

    /* Messages. */
    int32_t message_max_characters; /* 4,000 */
    int32_t message_max_bytes;      /* 16,000 */
    int64_t message_edit_window_us; /* after sending; 15 min */

    /* Feedback may be given this long after the end; 30 days. */
    int64_t feedback_window_us;

    /* Money. */
    int64_t offer_hold_us;   /* a waitlist offer; 15 min */
    int64_t payment_hold_us; /* a seat while a payment is pending; 15 min */
};

/* The defaults named above. */
void domain_settings_init(struct domain_settings *settings);

/* False when a value is negative or bounds contradict each other. */
bool domain_settings_valid(const struct domain_settings *settings);

#endif
