#include "domain/money.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* By exponent; sorted, four bytes a code. ISO 4217, active codes as of 2025. */
static const char no_decimals[] =
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF ";
static const char two_decimals[] =
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD "
    "CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ "
    "GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL "
    "MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR "
    "PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT "
    "TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG ";
static const char three_decimals[] = "BHD IQD JOD KWD LYD OMR TND ";

static int compare_codes(const void *a, const void *b) {
    return memcmp(a, b, 3);
}

static bool is_listed(const char *list, size_t len_bytes, const char *code) {
    return bsearch(code, list, len_bytes / 4, 4, compare_codes) != NULL;
}

int domain_currency_exponent(const char *code) {
    if (code == NULL || strnlen(code, 4) != 3)
        return -1;
    if (is_listed(two_decimals, sizeof two_decimals - 1, code))
        return 2;
    if (is_listed(no_decimals, sizeof no_decimals - 1, code))
        return 0;
    if (is_listed(three_decimals, sizeof three_decimals - 1, code))
        return 3;
    return -1;
}

static int64_t scale_of(int exponent) {
    int64_t scale = 1;
    for (int i = 0; i < exponent; i++)
        scale *= 10;
    return scale;
}

bool domain_money_from_units(const char *code, int64_t units, int64_t *ret_amount_minor) {
    int exponent = domain_currency_exponent(code);
    int64_t amount;

    if (exponent < 0 || units < 0 || __builtin_mul_overflow(units, scale_of(exponent), &amount))
        return false;
    *ret_amount_minor = amount;
    return true;
}

bool domain_money_format(const char *code, int64_t amount_minor,
                         char ret_text[DOMAIN_MONEY_TEXT_BYTES]) {
    int exponent = domain_currency_exponent(code);
    if (exponent < 0 || exponent > 3)
        return false;

    uint64_t scale = (uint64_t)scale_of(exponent);
    uint64_t magnitude = amount_minor < 0 ? 0 - (uint64_t)amount_minor : (uint64_t)amount_minor;
    const char *sign = amount_minor < 0 ? "-" : "";
    if (exponent == 0)
        snprintf(ret_text, DOMAIN_MONEY_TEXT_BYTES, "%s%" PRIu64 " %s", sign, magnitude, code);
    else
        snprintf(ret_text, DOMAIN_MONEY_TEXT_BYTES, "%s%" PRIu64 ".%0*" PRIu64 " %s", sign,
                 magnitude / scale, exponent, magnitude % scale, code);
    return true;
}
