#include "domain/settings.h"

void domain_settings_init(struct domain_settings *settings) {
    *settings = (struct domain_settings){
        .doors_open_before_us = 10 * DOMAIN_MINUTE_US,
        .host_no_show_after_us = 15 * DOMAIN_MINUTE_US,
        .complete_after_us = 15 * DOMAIN_MINUTE_US,
        .auto_live_participants = 2,
        .min_duration_us = 10 * DOMAIN_MINUTE_US,
        .max_duration_us = 4 * DOMAIN_HOUR_US,
        .max_ahead_us = 365 * DOMAIN_DAY_US,
        .max_participants = 500,
        .max_price_units = 10000,
        .message_max_characters = 4000,
        .message_max_bytes = 16000,
        .message_edit_window_us = 15 * DOMAIN_MINUTE_US,
        .feedback_window_us = 30 * DOMAIN_DAY_US,
        .offer_hold_us = 15 * DOMAIN_MINUTE_US,
        .payment_hold_us = 15 * DOMAIN_MINUTE_US,
    };
}

bool domain_settings_valid(const struct domain_settings *settings) {
    const int64_t times[] = {
        settings->doors_open_before_us,   settings->host_no_show_after_us,
        settings->complete_after_us,      settings->min_duration_us,
        settings->max_duration_us,        settings->max_ahead_us,
        settings->message_edit_window_us, settings->feedback_window_us,
        settings->offer_hold_us,          settings->payment_hold_us,
    };
    /* A hundred years keeps every sum of a time and a setting far from overflow. */
    for (unsigned i = 0; i < sizeof times / sizeof times[0]; i++)
        if (times[i] < 0 || times[i] > 36525 * DOMAIN_DAY_US)
            return false;
    return settings->min_duration_us <= settings->max_duration_us &&
           settings->auto_live_participants >= 1 && settings->max_participants >= 1 &&
           settings->max_price_units >= 0 && settings->max_price_units <= INT64_C(1000000000) &&
           settings->message_max_characters >= 1 &&
           settings->message_max_bytes >= settings->message_max_characters;
}
