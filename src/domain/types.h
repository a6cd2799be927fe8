/*
 * The words of the domain: enumerations, their names as stored, and who somebody is.
 *
 * The names are what the database columns and the contract's enums hold ("SCHEDULED"); numbers
 * equal those of the contract, which a test of the service layer asserts. 0 is always UNSPECIFIED.
 *
 * Thread-safety: functions without state.
 */
#ifndef DOMAIN_TYPES_H
#define DOMAIN_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum domain_type {
    DOMAIN_TYPE_UNSPECIFIED,
    DOMAIN_TYPE_GROUP,
    DOMAIN_TYPE_PRIVATE, /* one to one */
    DOMAIN_TYPE_PRACTICE,
    DOMAIN_TYPE_CULTURAL,
};

enum domain_status {
    DOMAIN_STATUS_UNSPECIFIED,
    DOMAIN_STATUS_SCHEDULED,
    DOMAIN_STATUS_LIVE,
    DOMAIN_STATUS_COMPLETED,
    DOMAIN_STATUS_CANCELLED,
};

enum domain_visibility {
    DOMAIN_VISIBILITY_UNSPECIFIED,
    DOMAIN_VISIBILITY_PUBLIC,
    DOMAIN_VISIBILITY_UNLISTED, /* found by its invite code */
    DOMAIN_VISIBILITY_INVITED,  /* found by those who were invited */
};

enum domain_level {
    DOMAIN_LEVEL_UNSPECIFIED,
    DOMAIN_LEVEL_A1,
    DOMAIN_LEVEL_A2,
    DOMAIN_LEVEL_B1,
    DOMAIN_LEVEL_B2,
    DOMAIN_LEVEL_C1,
    DOMAIN_LEVEL_C2,
};

enum domain_booking_state {
    DOMAIN_BOOKING_UNSPECIFIED, /* there is no booking */
    DOMAIN_BOOKING_HELD,        /* an offer of the waitlist; counts as a seat */
    DOMAIN_BOOKING_PENDING_PAYMENT,
    DOMAIN_BOOKING_CONFIRMED,
    DOMAIN_BOOKING_CANCELLED,
    DOMAIN_BOOKING_EXPIRED,
    DOMAIN_BOOKING_ATTENDED,
    DOMAIN_BOOKING_NO_SHOW,
};

enum domain_payment_state {
    DOMAIN_PAYMENT_UNSPECIFIED,
    DOMAIN_PAYMENT_NOT_REQUIRED,
    DOMAIN_PAYMENT_INCLUDED, /* the tier pays */
    DOMAIN_PAYMENT_PENDING,
    DOMAIN_PAYMENT_PAID,
    DOMAIN_PAYMENT_REFUNDED,
    DOMAIN_PAYMENT_FAILED,
};

enum domain_participant_status {
    DOMAIN_PARTICIPANT_UNSPECIFIED, /* never joined */
    DOMAIN_PARTICIPANT_JOINED,
    DOMAIN_PARTICIPANT_AWAY,
    DOMAIN_PARTICIPANT_LEFT,
    DOMAIN_PARTICIPANT_REMOVED,
};

enum domain_message_kind {
    DOMAIN_MESSAGE_UNSPECIFIED,
    DOMAIN_MESSAGE_TEXT,
    DOMAIN_MESSAGE_TRANSLATION, /* of an original */
    DOMAIN_MESSAGE_CORRECTION,  /* of a span of an original */
};

enum domain_correction_kind {
    DOMAIN_CORRECTION_UNSPECIFIED,
    DOMAIN_CORRECTION_GRAMMAR,
    DOMAIN_CORRECTION_VOCABULARY,
    DOMAIN_CORRECTION_SPELLING,
    DOMAIN_CORRECTION_PUNCTUATION,
    DOMAIN_CORRECTION_STYLE,
};

enum domain_cancel_reason {
    DOMAIN_CANCEL_UNSPECIFIED,
    DOMAIN_CANCEL_HOST,
    DOMAIN_CANCEL_ADMIN, /* or a service */
    DOMAIN_CANCEL_HOST_NO_SHOW,
};

/* Roles of a token; bits, because a caller may have several. */
enum domain_role {
    DOMAIN_ROLE_STUDENT = 1 << 0,
    DOMAIN_ROLE_INSTRUCTOR = 1 << 1,
    DOMAIN_ROLE_ADMIN = 1 << 2,
    DOMAIN_ROLE_SERVICE = 1 << 3, /* another backend, limited by its scopes */
};

/* The name as stored, such as "SCHEDULED"; NULL for 0 and for numbers outside the enumeration. */
const char *domain_type_name(enum domain_type value);
const char *domain_status_name(enum domain_status value);
const char *domain_visibility_name(enum domain_visibility value);
const char *domain_level_name(enum domain_level value);
const char *domain_booking_state_name(enum domain_booking_state value);
const char *domain_payment_state_name(enum domain_payment_state value);
const char *domain_participant_status_name(enum domain_participant_status value);
const char *domain_message_kind_name(enum domain_message_kind value);
const char *domain_correction_kind_name(enum domain_correction_kind value);
const char *domain_cancel_reason_name(enum domain_cancel_reason value);

/* The reverse, case-sensitive. False for any other text, leaving the result alone. */
bool domain_type_parse(const char *name, enum domain_type *ret_value);
bool domain_status_parse(const char *name, enum domain_status *ret_value);
bool domain_visibility_parse(const char *name, enum domain_visibility *ret_value);
bool domain_level_parse(const char *name, enum domain_level *ret_value);
bool domain_booking_state_parse(const char *name, enum domain_booking_state *ret_value);
bool domain_payment_state_parse(const char *name, enum domain_payment_state *ret_value);
bool domain_participant_status_parse(const char *name, enum domain_participant_status *ret_value);
bool domain_message_kind_parse(const char *name, enum domain_message_kind *ret_value);
bool domain_correction_kind_parse(const char *name, enum domain_correction_kind *ret_value);
bool domain_cancel_reason_parse(const char *name, enum domain_cancel_reason *ret_value);

/* The bit of a role's name as tokens write it ("student"); 0 for an unknown one. */
unsigned domain_role_parse(const char *name);
/* The name of a single bit; NULL for anything else. */
const char *domain_role_name(unsigned role);
/* The bits of several names; unknown ones are ignored. */
unsigned domain_roles_parse(const char *const *names, size_t count);

/* True for the states that occupy a seat: HELD, PENDING_PAYMENT, CONFIRMED, ATTENDED, NO_SHOW. */
bool domain_booking_takes_seat(enum domain_booking_state state);

#endif
