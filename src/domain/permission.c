#include "domain/permission.h"

#include "domain/lifecycle.h"
#include "domain/reason.h"

#include <stddef.h>
#include <string.h>

/* Sets of relations and states, so that the table reads like the product's text. */
enum {
    MEMBERS = DOMAIN_RELATION_MEMBER,
    HOST = DOMAIN_RELATION_HOST,
    LEADERS = DOMAIN_RELATION_HOST | DOMAIN_RELATION_INSTRUCTOR,
    ADMINS = DOMAIN_RELATION_ADMIN,
    SERVICES = DOMAIN_RELATION_SERVICE,
    ATTENDEES = LEADERS | DOMAIN_RELATION_BOOKED,
    THOSE_WHO_WERE_THERE = LEADERS | DOMAIN_RELATION_PARTICIPANT,
    THOSE_WHO_ARE_THERE = DOMAIN_RELATION_IN_ROOM,

    SCHEDULED = 1 << DOMAIN_STATUS_SCHEDULED,
    LIVE = 1 << DOMAIN_STATUS_LIVE,
    COMPLETED = 1 << DOMAIN_STATUS_COMPLETED,
    CANCELLED = 1 << DOMAIN_STATUS_CANCELLED,
    OPEN = SCHEDULED | LIVE,
    EVERY = OPEN | COMPLETED | CANCELLED,
};

enum condition {
    DOORS_OPEN = 1 << 0,      /* not before the doors open */
    NOT_LOCKED = 1 << 1,      /* a locked room lets in only those who are in it */
    REMOVED_REFUSED = 1 << 2, /* not for those who were removed */
    FEEDBACK_OPEN = 1 << 3,   /* not long after the end */
    SEAT_KEPT = 1 << 4,       /* not for those who gave their seat up: they did not take part */
};

struct rule {
    unsigned who;    /* any of these relations */
    unsigned states; /* in any of these states */
    unsigned conditions;
    enum domain_reason denied; /* for those who are none of `who` */
    enum domain_reason closed; /* in other states, or before the doors open */
};

#define WHY(name) DOMAIN_REASON_##name

static const struct rule rules[DOMAIN_ACTION_COUNT] = {
    [DOMAIN_ACTION_VIEW] = {MEMBERS | ADMINS | SERVICES, EVERY, 0, WHY(NOT_PARTICIPANT),
                            WHY(CONVERSATION_STATUS)},
    [DOMAIN_ACTION_UPDATE] = {HOST | ADMINS | SERVICES, SCHEDULED, 0, WHY(NOT_HOST),
                              WHY(CONVERSATION_STATUS)},
    /* These three repeat harmlessly: domain_lifecycle_apply() knows the states. */
    [DOMAIN_ACTION_CANCEL] = {HOST | ADMINS | SERVICES, EVERY, 0, WHY(NOT_HOST),
                              WHY(CONVERSATION_STATUS)},
    [DOMAIN_ACTION_START] = {LEADERS | ADMINS | SERVICES, EVERY, DOORS_OPEN, WHY(NOT_HOST),
                             WHY(START_TOO_EARLY)},
    [DOMAIN_ACTION_END] = {LEADERS | ADMINS | SERVICES, EVERY, 0, WHY(NOT_HOST),
                           WHY(CONVERSATION_STATUS)},
    /* The rest of it is domain_booking_decide(). */
    [DOMAIN_ACTION_BOOK] = {MEMBERS | SERVICES, EVERY, REMOVED_REFUSED, WHY(NOT_PARTICIPANT),
                            WHY(CONVERSATION_STATUS)},
    [DOMAIN_ACTION_LIST_BOOKINGS] = {HOST | ADMINS | SERVICES, EVERY, 0, WHY(NOT_HOST),
                                     WHY(CONVERSATION_STATUS)},
    [DOMAIN_ACTION_JOIN] = {ATTENDEES | ADMINS, OPEN, DOORS_OPEN | NOT_LOCKED | REMOVED_REFUSED,
                            WHY(NOT_BOOKED), WHY(CONVERSATION_STATUS)},
    [DOMAIN_ACTION_BE_ACTIVE] = {THOSE_WHO_ARE_THERE, OPEN, REMOVED_REFUSED, WHY(NOT_PARTICIPANT),
                                 WHY(CONVERSATION_STATUS)},
    [DOMAIN_ACTION_LIST_PARTICIPANTS] = {THOSE_WHO_WERE_THERE | ADMINS | SERVICES, EVERY,
                                         REMOVED_REFUSED | SEAT_KEPT, WHY(NOT_PARTICIPANT),
                                         WHY(CONVERSATION_STATUS)},
    [DOMAIN_ACTION_MODERATE] = {HOST | ADMINS | SERVICES, OPEN, 0, WHY(NOT_HOST),
                                WHY(CONVERSATION_STATUS)},
    [DOMAIN_ACTION_SEND_MESSAGE] = {THOSE_WHO_ARE_THERE, OPEN, DOORS_OPEN | REMOVED_REFUSED,
                                    WHY(NOT_PARTICIPANT), WHY(MESSAGES_CLOSED)},
    [DOMAIN_ACTION_READ_HISTORY] = {THOSE_WHO_WERE_THERE | ADMINS | SERVICES, EVERY,
                                    REMOVED_REFUSED | SEAT_KEPT, WHY(NOT_PARTICIPANT),
                                    WHY(CONVERSATION_STATUS)},
    [DOMAIN_ACTION_DELETE_ANY_MESSAGE] = {HOST | ADMINS | SERVICES, EVERY, 0, WHY(NOT_SENDER),
                                          WHY(CONVERSATION_STATUS)},
    [DOMAIN_ACTION_GIVE_FEEDBACK] = {THOSE_WHO_WERE_THERE, COMPLETED, FEEDBACK_OPEN | SEAT_KEPT,
                                     WHY(NOT_PARTICIPANT), WHY(CONVERSATION_STATUS)},
    [DOMAIN_ACTION_READ_FEEDBACK] = {LEADERS | ADMINS | SERVICES, EVERY, 0, WHY(NOT_HOST),
                                     WHY(CONVERSATION_STATUS)},
    [DOMAIN_ACTION_SEE_INVITE_CODE] = {HOST | ADMINS | SERVICES, EVERY, 0, WHY(NOT_HOST),
                                       WHY(CONVERSATION_STATUS)},
};

static bool is_given(const char *id) {
    return id != NULL && id[0] != '\0';
}

static bool same_id(const char *a, const char *b) {
    return is_given(a) && is_given(b) && strcmp(a, b) == 0;
}

unsigned domain_relations(const struct domain_relation_facts *facts) {
    const unsigned person = DOMAIN_ROLE_STUDENT | DOMAIN_ROLE_INSTRUCTOR | DOMAIN_ROLE_ADMIN;
    unsigned relations = 0;

    if (facts->roles & person)
        relations |= DOMAIN_RELATION_MEMBER;
    if (facts->roles & DOMAIN_ROLE_ADMIN)
        relations |= DOMAIN_RELATION_ADMIN;
    if (facts->roles & DOMAIN_ROLE_SERVICE)
        relations |= DOMAIN_RELATION_SERVICE;
    if (same_id(facts->caller_id, facts->host_id))
        relations |= DOMAIN_RELATION_HOST;
    if (same_id(facts->caller_id, facts->instructor_id))
        relations |= DOMAIN_RELATION_INSTRUCTOR;
    if (facts->booking == DOMAIN_BOOKING_CONFIRMED || facts->booking == DOMAIN_BOOKING_ATTENDED ||
        facts->booking == DOMAIN_BOOKING_NO_SHOW)
        relations |= DOMAIN_RELATION_BOOKED;
    if (facts->booking == DOMAIN_BOOKING_HELD || facts->booking == DOMAIN_BOOKING_PENDING_PAYMENT)
        relations |= DOMAIN_RELATION_RESERVED;
    if (facts->booking == DOMAIN_BOOKING_CANCELLED || facts->booking == DOMAIN_BOOKING_EXPIRED)
        relations |= DOMAIN_RELATION_GAVE_UP;
    if (facts->participant != DOMAIN_PARTICIPANT_UNSPECIFIED)
        relations |= DOMAIN_RELATION_PARTICIPANT;
    if (facts->participant == DOMAIN_PARTICIPANT_JOINED ||
        facts->participant == DOMAIN_PARTICIPANT_AWAY)
        relations |= DOMAIN_RELATION_IN_ROOM;
    if (facts->participant == DOMAIN_PARTICIPANT_REMOVED)
        relations |= DOMAIN_RELATION_REMOVED;
    if (facts->is_invited)
        relations |= DOMAIN_RELATION_INVITED;
    return relations;
}

bool domain_is_visible(enum domain_visibility visibility, unsigned relations) {
    const unsigned bound = LEADERS | DOMAIN_RELATION_BOOKED | DOMAIN_RELATION_RESERVED |
                           DOMAIN_RELATION_PARTICIPANT | DOMAIN_RELATION_INVITED | ADMINS |
                           SERVICES;
    if (visibility == DOMAIN_VISIBILITY_PUBLIC)
        return relations != 0;
    return (relations & bound) != 0;
}

static struct status denied(enum domain_reason reason) {
    const char *detail = "the caller may not do this";
    switch (reason) {
    case DOMAIN_REASON_NOT_HOST:
        detail = "only those who lead the conversation may do this";
        break;
    case DOMAIN_REASON_NOT_BOOKED:
        detail = "only those with a confirmed booking may enter";
        break;
    case DOMAIN_REASON_NOT_PARTICIPANT:
        detail = "only those who take part may do this";
        break;
    case DOMAIN_REASON_NOT_SENDER:
        detail = "only the author may do this";
        break;
    case DOMAIN_REASON_PARTICIPANT_REMOVED:
        detail = "the caller was removed from the conversation";
        break;
    default:
        break;
    }
    return status_error(STATUS_PERMISSION_DENIED, (int32_t)reason, detail);
}

static struct status closed(enum domain_reason reason, const char *detail) {
    return status_error(STATUS_FAILED_PRECONDITION, (int32_t)reason, detail);
}

static struct status check_state(const struct rule *rule, enum domain_status status) {
    if (rule->states & (1u << status))
        return status_ok();
    if (status == DOMAIN_STATUS_CANCELLED)
        return closed(rule->closed, "the conversation was cancelled");
    if (status == DOMAIN_STATUS_COMPLETED)
        return closed(rule->closed, "the conversation is over");
    return closed(rule->closed, "the conversation is not in a state that allows this");
}

static struct status check_conditions(const struct rule *rule, unsigned relations,
                                      const struct domain_permission_facts *facts,
                                      const struct domain_settings *settings, int64_t now_us) {
    const unsigned enters_locked = LEADERS | ADMINS | THOSE_WHO_ARE_THERE;

    if ((rule->conditions & DOORS_OPEN) && facts->status == DOMAIN_STATUS_SCHEDULED &&
        now_us < domain_doors_open_at(facts->start_us, settings))
        return closed(rule->closed == WHY(CONVERSATION_STATUS) ? WHY(DOORS_CLOSED) : rule->closed,
                      "the doors are not open yet");
    if ((rule->conditions & NOT_LOCKED) && facts->is_locked && !(relations & enters_locked))
        return closed(WHY(CONVERSATION_LOCKED), "the conversation is locked");
    if ((rule->conditions & FEEDBACK_OPEN) && now_us > facts->end_us + settings->feedback_window_us)
        return closed(WHY(FEEDBACK_CLOSED), "it is too late for feedback");
    return status_ok();
}

/* Who came before the start, and gave the seat up, has no part in what follows. When the whole
 * conversation is called off, all bookings are cancelled. */
static bool gave_seat_up(unsigned relations, enum domain_status status) {
    return (relations & DOMAIN_RELATION_GAVE_UP) && status != DOMAIN_STATUS_CANCELLED &&
           !(relations & (LEADERS | ADMINS | SERVICES));
}

struct status domain_permission_check(enum domain_action action, unsigned relations,
                                      bool is_suspended,
                                      const struct domain_permission_facts *facts,
                                      const struct domain_settings *settings, int64_t now_us) {
    const struct rule *rule = &rules[action];

    if (is_suspended)
        return status_error(STATUS_PERMISSION_DENIED, DOMAIN_REASON_USER_SUSPENDED,
                            "the user is suspended");
    if (!domain_is_visible(facts->visibility, relations))
        return status_error(STATUS_NOT_FOUND, DOMAIN_REASON_CONVERSATION_NOT_FOUND,
                            "there is no such conversation");
    if ((rule->conditions & REMOVED_REFUSED) && (relations & DOMAIN_RELATION_REMOVED))
        return denied(DOMAIN_REASON_PARTICIPANT_REMOVED);
    if ((rule->conditions & SEAT_KEPT) && gave_seat_up(relations, facts->status))
        return denied(rule->denied);
    if (!(rule->who & relations)) {
        /* The end sends everybody out of the room: who took part is told that it is over. */
        if (rule->who == THOSE_WHO_ARE_THERE && (relations & DOMAIN_RELATION_PARTICIPANT))
            TRY(check_state(rule, facts->status));
        return denied(rule->denied);
    }
    TRY(check_state(rule, facts->status));
    return check_conditions(rule, relations, facts, settings, now_us);
}

struct status domain_permission_create(const struct domain_creation *creation) {
    const unsigned leading = DOMAIN_ROLE_INSTRUCTOR | DOMAIN_ROLE_ADMIN;
    bool is_led = is_given(creation->instructor_id);

    if (!(creation->host_roles & (leading | DOMAIN_ROLE_STUDENT)))
        return status_error(STATUS_PERMISSION_DENIED, DOMAIN_REASON_NOT_HOST,
                            "only a person hosts a conversation");
    if (!(creation->host_roles & leading) && (creation->has_price || is_led))
        return status_error(STATUS_PERMISSION_DENIED, DOMAIN_REASON_INSTRUCTOR_ROLE_REQUIRED,
                            "students create free conversations without an instructor");
    if (is_led && !creation->instructor_is_known)
        return status_error(STATUS_FAILED_PRECONDITION, DOMAIN_REASON_INSTRUCTOR_UNKNOWN,
                            "the instructor is not known");
    return status_ok();
}
