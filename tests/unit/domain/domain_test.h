/* What every test of the domain includes: cmocka and comparison of statuses. */
#ifndef TESTS_UNIT_DOMAIN_TEST_H
#define TESTS_UNIT_DOMAIN_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/status.h"
#include "domain/reason.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Some moment of 2026, in microseconds. */
#define TEST_NOW_US INT64_C(1772000000000000)

/* Reports the row of a table that failed. */
#define assert_refused(row_name, answer, expected_code, expected_reason)                           \
    do {                                                                                           \
        struct status refused_ = (answer);                                                         \
        if (refused_.code != (int32_t)(expected_code) ||                                           \
            refused_.reason != (int32_t)(expected_reason))                                         \
            fail_msg("%s: %s/%s, expected %s/%s", (row_name), status_code_name(refused_.code),     \
                     domain_reason_name(refused_.reason), status_code_name(expected_code),         \
                     domain_reason_name(expected_reason));                                         \
    } while (0)

#endif
