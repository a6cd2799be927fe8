/*
 * Who may do what with a conversation: one table of {action, who, when}, and who may see it.
 *
 * The contract's `(access)` decides by role before a handler runs; this decides by relation, state
 * and time, and again by role, so that neither stands alone.
 *
 * Thread-safety: functions without state.
 */
#ifndef DOMAIN_PERMISSION_H
#define DOMAIN_PERMISSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "domain/settings.h"
#include "domain/types.h"

enum domain_action {
    DOMAIN_ACTION_VIEW,
    DOMAIN_ACTION_UPDATE,
    DOMAIN_ACTION_CANCEL,
    DOMAIN_ACTION_START,
    DOMAIN_ACTION_END,
    DOMAIN_ACTION_BOOK,
    DOMAIN_ACTION_LIST_BOOKINGS,     /* of everybody */
    DOMAIN_ACTION_JOIN,              /* also subscribe */
    DOMAIN_ACTION_BE_ACTIVE,         /* typing, speaking, a raised hand */
    DOMAIN_ACTION_LIST_PARTICIPANTS, /* who is there */
    DOMAIN_ACTION_MODERATE,          /* remove, mute, lock */
    DOMAIN_ACTION_SEND_MESSAGE,
    DOMAIN_ACTION_READ_HISTORY,
    DOMAIN_ACTION_DELETE_ANY_MESSAGE, /* of others */
    DOMAIN_ACTION_GIVE_FEEDBACK,
    DOMAIN_ACTION_READ_FEEDBACK, /* of everybody */
    DOMAIN_ACTION_SEE_INVITE_CODE,
    DOMAIN_ACTION_COUNT,
};

/* What binds a caller to a conversation; bits. */
enum domain_relation {
    DOMAIN_RELATION_MEMBER = 1 << 0, /* any user of the tenant */
    DOMAIN_RELATION_HOST = 1 << 1,
    DOMAIN_RELATION_INSTRUCTOR = 1 << 2,  /* of this conversation */
    DOMAIN_RELATION_BOOKED = 1 << 3,      /* CONFIRMED, ATTENDED or NO_SHOW */
    DOMAIN_RELATION_RESERVED = 1 << 4,    /* HELD or PENDING_PAYMENT */
    DOMAIN_RELATION_PARTICIPANT = 1 << 5, /* has joined at some time */
    DOMAIN_RELATION_INVITED = 1 << 6,     /* invited, or has shown the invite code */
    DOMAIN_RELATION_ADMIN = 1 << 7,
    DOMAIN_RELATION_SERVICE = 1 << 8, /* its scope was checked by the access rule */
    DOMAIN_RELATION_REMOVED = 1 << 9,
    DOMAIN_RELATION_IN_ROOM = 1 << 10, /* JOINED or AWAY */
    DOMAIN_RELATION_GAVE_UP = 1 << 11, /* has no seat any more: CANCELLED or EXPIRED */
};

/* What relations are derived from. Ids are compared as text, as the token and the rows hold them.
 */
struct domain_relation_facts {
    unsigned roles; /* enum domain_role */
    const char *caller_id;
    const char *host_id;
    const char *instructor_id; /* NULL or "": none */
    enum domain_booking_state booking;
    enum domain_participant_status participant;
    bool is_invited;
};
unsigned domain_relations(const struct domain_relation_facts *facts);

/* What the decision needs to know of the conversation. */
struct domain_permission_facts {
    enum domain_status status;
    enum domain_visibility visibility;
    int64_t start_us;
    int64_t end_us;
    bool is_locked; /* nobody new may enter */
};

/* True when the conversation exists for a caller with these relations. */
bool domain_is_visible(enum domain_visibility visibility, unsigned relations);

/*
 * Statuses, in this order:
 *   PERMISSION_DENIED   USER_SUSPENDED
 *   NOT_FOUND           CONVERSATION_NOT_FOUND: not visible to the caller
 *   PERMISSION_DENIED   PARTICIPANT_REMOVED, or by action NOT_HOST, NOT_BOOKED, NOT_PARTICIPANT,
 *                       NOT_SENDER
 *   FAILED_PRECONDITION by action CONVERSATION_STATUS, MESSAGES_CLOSED, FEEDBACK_CLOSED,
 *                       START_TOO_EARLY, DOORS_CLOSED; CONVERSATION_LOCKED
 */
struct status domain_permission_check(enum domain_action action, unsigned relations,
                                      bool is_suspended,
                                      const struct domain_permission_facts *facts,
                                      const struct domain_settings *settings,
                                      int64_t now_us) STATUS_MUST_USE;

/* What somebody wants to create, or what it will be after an update. */
struct domain_creation {
    unsigned host_roles;       /* of the host, for whom admins and services may act */
    const char *instructor_id; /* NULL or "": none */
    bool instructor_is_known;  /* has the role instructor in this tenant */
    bool has_price;            /* amount above zero */
};

/*
 * Students create free peer sessions only; instructors and admins may set a price and name an
 * instructor. PERMISSION_DENIED INSTRUCTOR_ROLE_REQUIRED; NOT_HOST when the host has no role of a
 * person. FAILED_PRECONDITION INSTRUCTOR_UNKNOWN.
 */
struct status domain_permission_create(const struct domain_creation *creation) STATUS_MUST_USE;

#endif
