/*
 * Money: currencies of ISO 4217 and amounts in their minor units.
 *
 * Thread-safety: functions without state.
 */
#ifndef DOMAIN_MONEY_H
#define DOMAIN_MONEY_H

#include <stdbool.h>
#include <stdint.h>

enum {
    DOMAIN_CURRENCY_BYTES = 4, /* three letters and the terminator */
    DOMAIN_MONEY_TEXT_BYTES = 48,
};

/*
 * The number of decimal digits of a currency's minor unit: 2 for "EUR", 0 for "JPY", 3 for "KWD".
 * -1 for anything that is not an active code in upper case. Codes for funds, metals and testing are
 * not money that somebody pays with, and not known here.
 */
int domain_currency_exponent(const char *code);

/* `units` in minor units of the currency; false when unknown, negative or too large. */
bool domain_money_from_units(const char *code, int64_t units, int64_t *ret_amount_minor);

/* "12.34 EUR", "1200 JPY": for people and logs. False for an unknown currency. */
bool domain_money_format(const char *code, int64_t amount_minor,
                         char ret_text[DOMAIN_MONEY_TEXT_BYTES]);

#endif
