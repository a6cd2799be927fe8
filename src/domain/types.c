#include "domain/types.h"

#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const char *const type_names[] = {
    [DOMAIN_TYPE_GROUP] = "GROUP",
    [DOMAIN_TYPE_PRIVATE] = "PRIVATE",
    [DOMAIN_TYPE_PRACTICE] = "PRACTICE",
    [DOMAIN_TYPE_CULTURAL] = "CULTURAL",
};
static const char *const status_names[] = {
    [DOMAIN_STATUS_SCHEDULED] = "SCHEDULED",
    [DOMAIN_STATUS_LIVE] = "LIVE",
    [DOMAIN_STATUS_COMPLETED] = "COMPLETED",
    [DOMAIN_STATUS_CANCELLED] = "CANCELLED",
};
static const char *const visibility_names[] = {
    [DOMAIN_VISIBILITY_PUBLIC] = "PUBLIC",
    [DOMAIN_VISIBILITY_UNLISTED] = "UNLISTED",
    [DOMAIN_VISIBILITY_INVITED] = "INVITED",
};
static const char *const level_names[] = {
    [DOMAIN_LEVEL_A1] = "A1", [DOMAIN_LEVEL_A2] = "A2", [DOMAIN_LEVEL_B1] = "B1",
    [DOMAIN_LEVEL_B2] = "B2", [DOMAIN_LEVEL_C1] = "C1", [DOMAIN_LEVEL_C2] = "C2",
};
static const char *const booking_names[] = {
    [DOMAIN_BOOKING_HELD] = "HELD",           [DOMAIN_BOOKING_PENDING_PAYMENT] = "PENDING_PAYMENT",
    [DOMAIN_BOOKING_CONFIRMED] = "CONFIRMED", [DOMAIN_BOOKING_CANCELLED] = "CANCELLED",
    [DOMAIN_BOOKING_EXPIRED] = "EXPIRED",     [DOMAIN_BOOKING_ATTENDED] = "ATTENDED",
    [DOMAIN_BOOKING_NO_SHOW] = "NO_SHOW",
};
static const char *const payment_names[] = {
    [DOMAIN_PAYMENT_NOT_REQUIRED] = "NOT_REQUIRED", [DOMAIN_PAYMENT_INCLUDED] = "INCLUDED",
    [DOMAIN_PAYMENT_PENDING] = "PENDING",           [DOMAIN_PAYMENT_PAID] = "PAID",
    [DOMAIN_PAYMENT_REFUNDED] = "REFUNDED",         [DOMAIN_PAYMENT_FAILED] = "FAILED",
};
static const char *const participant_names[] = {
    [DOMAIN_PARTICIPANT_JOINED] = "JOINED",
    [DOMAIN_PARTICIPANT_AWAY] = "AWAY",
    [DOMAIN_PARTICIPANT_LEFT] = "LEFT",
    [DOMAIN_PARTICIPANT_REMOVED] = "REMOVED",
};
static const char *const message_names[] = {
    [DOMAIN_MESSAGE_TEXT] = "TEXT",
    [DOMAIN_MESSAGE_TRANSLATION] = "TRANSLATION",
    [DOMAIN_MESSAGE_CORRECTION] = "CORRECTION",
};
static const char *const correction_names[] = {
    [DOMAIN_CORRECTION_GRAMMAR] = "GRAMMAR",   [DOMAIN_CORRECTION_VOCABULARY] = "VOCABULARY",
    [DOMAIN_CORRECTION_SPELLING] = "SPELLING", [DOMAIN_CORRECTION_PUNCTUATION] = "PUNCTUATION",
    [DOMAIN_CORRECTION_STYLE] = "STYLE",
};
static const char *const cancel_names[] = {
    [DOMAIN_CANCEL_HOST] = "HOST",
    [DOMAIN_CANCEL_ADMIN] = "ADMIN",
    [DOMAIN_CANCEL_HOST_NO_SHOW] = "HOST_NO_SHOW",
};
/* By bit number. */
static const char *const role_names[] = {"student", "instructor", "admin", "service"};

static const char *name_of(const char *const *names, size_t count, int value) {
    return value >= 0 && (size_t)value < count ? names[value] : NULL;
}

/* 0 when the name is unknown. */
static int value_of(const char *const *names, size_t count, const char *name) {
    if (name == NULL)
        return 0;
    for (size_t i = 1; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return (int)i;
    return 0;
}

#define NAMES_OF(function, type, names)                                                            \
    const char *function##_name(type value) {                                                      \
        return name_of(names, COUNT_OF(names), (int)value);                                        \
    }                                                                                              \
    bool function##_parse(const char *name, type *ret_value) { /* NOLINT: a type */                \
        int value = value_of(names, COUNT_OF(names), name);                                        \
        if (value != 0)                                                                            \
            *ret_value = (type)value;                                                              \
        return value != 0;                                                                         \
    }

NAMES_OF(domain_type, enum domain_type, type_names)
NAMES_OF(domain_status, enum domain_status, status_names)
NAMES_OF(domain_visibility, enum domain_visibility, visibility_names)
NAMES_OF(domain_level, enum domain_level, level_names)
NAMES_OF(domain_booking_state, enum domain_booking_state, booking_names)
NAMES_OF(domain_payment_state, enum domain_payment_state, payment_names)
NAMES_OF(domain_participant_status, enum domain_participant_status, participant_names)
NAMES_OF(domain_message_kind, enum domain_message_kind, message_names)
NAMES_OF(domain_correction_kind, enum domain_correction_kind, correction_names)
NAMES_OF(domain_cancel_reason, enum domain_cancel_reason, cancel_names)

unsigned domain_role_parse(const char *name) {
    if (name == NULL)
        return 0;
    for (size_t i = 0; i < COUNT_OF(role_names); i++)
        if (strcmp(role_names[i], name) == 0)
            return 1u << i;
    return 0;
}

const char *domain_role_name(unsigned role) {
    for (size_t i = 0; i < COUNT_OF(role_names); i++)
        if (role == 1u << i)
            return role_names[i];
    return NULL;
}

unsigned domain_roles_parse(const char *const *names, size_t count) {
    unsigned roles = 0;
    for (size_t i = 0; i < count; i++)
        roles |= domain_role_parse(names[i]);
    return roles;
}

bool domain_booking_takes_seat(enum domain_booking_state state) {
    switch (state) {
    case DOMAIN_BOOKING_HELD:
    case DOMAIN_BOOKING_PENDING_PAYMENT:
    case DOMAIN_BOOKING_CONFIRMED:
    case DOMAIN_BOOKING_ATTENDED:
    case DOMAIN_BOOKING_NO_SHOW:
        return true;
    default:
        return false;
    }
}
