#include "domain_test.h"

#include "domain/permission.h"

#define ACT(name) DOMAIN_ACTION_##name
#define REL(name) DOMAIN_RELATION_##name
#define WHY(name) DOMAIN_REASON_##name

static struct domain_permission_facts facts_of(enum domain_status status,
                                               enum domain_visibility visibility) {
    return (struct domain_permission_facts){.status = status,
                                            .visibility = visibility,
                                            .start_us = TEST_NOW_US,
                                            .end_us = TEST_NOW_US + DOMAIN_HOUR_US};
}

static struct status ask(enum domain_action action, unsigned relations, enum domain_status status) {
    struct domain_settings settings;
    domain_settings_init(&settings);
    struct domain_permission_facts facts = facts_of(status, DOMAIN_VISIBILITY_PUBLIC);
    return domain_permission_check(action, relations, false, &facts, &settings, TEST_NOW_US);
}

/* The persons of the columns below. */
static const unsigned persons[] = {
    REL(MEMBER) | REL(HOST) | REL(PARTICIPANT) | REL(IN_ROOM),   /* h: in the room */
    REL(MEMBER) | REL(INSTRUCTOR),                               /* i: not yet */
    REL(MEMBER) | REL(BOOKED),                                   /* b */
    REL(MEMBER) | REL(BOOKED) | REL(PARTICIPANT) | REL(IN_ROOM), /* p: in the room */
    REL(MEMBER) | REL(BOOKED) | REL(PARTICIPANT),                /* l: left */
    REL(MEMBER) | REL(RESERVED),                                 /* r */
    REL(MEMBER),                                                 /* m: any other */
    REL(MEMBER) | REL(BOOKED) | REL(PARTICIPANT) | REL(REMOVED), /* x: removed */
    REL(MEMBER) | REL(ADMIN),                                    /* a */
    REL(SERVICE),                                                /* s */
    REL(MEMBER) | REL(GAVE_UP) | REL(PARTICIPANT),               /* g: left and gave the seat up */
};
static const char letters[] = "hibplrmxasg";

/* By hand, not derived: who may do what in a public conversation whose doors are open. */
static void the_matrix_of_persons_and_actions(void **state) {
    (void)state;
    static const struct {
        enum domain_action action;
        enum domain_status status;
        const char *allowed;
    } rows[] = {
        {ACT(VIEW), DOMAIN_STATUS_SCHEDULED, "hibplrmxasg"},
        {ACT(VIEW), DOMAIN_STATUS_CANCELLED, "hibplrmxasg"},
        {ACT(UPDATE), DOMAIN_STATUS_SCHEDULED, "has"},
        {ACT(UPDATE), DOMAIN_STATUS_LIVE, ""},
        {ACT(UPDATE), DOMAIN_STATUS_COMPLETED, ""},
        {ACT(CANCEL), DOMAIN_STATUS_SCHEDULED, "has"},
        {ACT(START), DOMAIN_STATUS_SCHEDULED, "hias"},
        {ACT(END), DOMAIN_STATUS_LIVE, "hias"},
        {ACT(BOOK), DOMAIN_STATUS_SCHEDULED, "hibplrmasg"}, /* own ones: domain_booking_decide() */
        {ACT(LIST_BOOKINGS), DOMAIN_STATUS_SCHEDULED, "has"},
        {ACT(JOIN), DOMAIN_STATUS_SCHEDULED, "hibpla"},
        {ACT(JOIN), DOMAIN_STATUS_LIVE, "hibpla"},
        {ACT(JOIN), DOMAIN_STATUS_COMPLETED, ""},
        {ACT(JOIN), DOMAIN_STATUS_CANCELLED, ""},
        {ACT(BE_ACTIVE), DOMAIN_STATUS_LIVE, "hp"},
        {ACT(LIST_PARTICIPANTS), DOMAIN_STATUS_LIVE, "hiplas"},
        {ACT(MODERATE), DOMAIN_STATUS_LIVE, "has"},
        {ACT(MODERATE), DOMAIN_STATUS_COMPLETED, ""},
        {ACT(SEND_MESSAGE), DOMAIN_STATUS_SCHEDULED, "hp"},
        {ACT(SEND_MESSAGE), DOMAIN_STATUS_LIVE, "hp"},
        {ACT(SEND_MESSAGE), DOMAIN_STATUS_COMPLETED, ""},
        {ACT(READ_HISTORY), DOMAIN_STATUS_LIVE, "hiplas"},
        {ACT(READ_HISTORY), DOMAIN_STATUS_COMPLETED, "hiplas"},
        {ACT(READ_HISTORY), DOMAIN_STATUS_CANCELLED, "hiplasg"}, /* called off for everybody */
        {ACT(DELETE_ANY_MESSAGE), DOMAIN_STATUS_COMPLETED, "has"},
        {ACT(GIVE_FEEDBACK), DOMAIN_STATUS_COMPLETED, "hiplx"},
        {ACT(GIVE_FEEDBACK), DOMAIN_STATUS_LIVE, ""},
        {ACT(READ_FEEDBACK), DOMAIN_STATUS_COMPLETED, "hias"},
        {ACT(SEE_INVITE_CODE), DOMAIN_STATUS_SCHEDULED, "has"},
    };
    bool seen[DOMAIN_ACTION_COUNT] = {false};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        seen[rows[i].action] = true;
        for (size_t p = 0; p < COUNT_OF(persons); p++) {
            bool expected = strchr(rows[i].allowed, letters[p]) != NULL;
            bool got = status_is_ok(ask(rows[i].action, persons[p], rows[i].status));
            if (got != expected)
                fail_msg("row %zu, person %c: %s", i, letters[p], got ? "allowed" : "refused");
        }
    }
    for (size_t i = 0; i < COUNT_OF(seen); i++)
        assert_true(seen[i]);
}

static void refusals_say_why(void **state) {
    (void)state;
    static const struct {
        const char *name;
        enum domain_action action;
        unsigned relations;
        enum domain_status status;
        enum status_code code;
        enum domain_reason reason;
    } rows[] = {
        {"update by a member", ACT(UPDATE), REL(MEMBER), DOMAIN_STATUS_SCHEDULED,
         STATUS_PERMISSION_DENIED, WHY(NOT_HOST)},
        {"join without a booking", ACT(JOIN), REL(MEMBER), DOMAIN_STATUS_LIVE,
         STATUS_PERMISSION_DENIED, WHY(NOT_BOOKED)},
        {"write without having joined", ACT(SEND_MESSAGE), REL(MEMBER) | REL(BOOKED),
         DOMAIN_STATUS_LIVE, STATUS_PERMISSION_DENIED, WHY(NOT_PARTICIPANT)},
        {"write after removal", ACT(SEND_MESSAGE), REL(MEMBER) | REL(PARTICIPANT) | REL(REMOVED),
         DOMAIN_STATUS_LIVE, STATUS_PERMISSION_DENIED, WHY(PARTICIPANT_REMOVED)},
        {"delete by a stranger", ACT(DELETE_ANY_MESSAGE), REL(MEMBER), DOMAIN_STATUS_LIVE,
         STATUS_PERMISSION_DENIED, WHY(NOT_SENDER)},
        {"join what is over", ACT(JOIN), REL(MEMBER) | REL(HOST), DOMAIN_STATUS_COMPLETED,
         STATUS_FAILED_PRECONDITION, WHY(CONVERSATION_STATUS)},
        {"write when it is over", ACT(SEND_MESSAGE), REL(MEMBER) | REL(HOST) | REL(IN_ROOM),
         DOMAIN_STATUS_COMPLETED, STATUS_FAILED_PRECONDITION, WHY(MESSAGES_CLOSED)},
        {"feedback too early", ACT(GIVE_FEEDBACK), REL(MEMBER) | REL(HOST), DOMAIN_STATUS_LIVE,
         STATUS_FAILED_PRECONDITION, WHY(CONVERSATION_STATUS)},
        {"read after giving the seat up", ACT(READ_HISTORY),
         REL(MEMBER) | REL(GAVE_UP) | REL(PARTICIPANT), DOMAIN_STATUS_LIVE,
         STATUS_PERMISSION_DENIED, WHY(NOT_PARTICIPANT)},
        {"nobody", ACT(VIEW), 0, DOMAIN_STATUS_LIVE, STATUS_NOT_FOUND, WHY(CONVERSATION_NOT_FOUND)},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_refused(rows[i].name, ask(rows[i].action, rows[i].relations, rows[i].status),
                       rows[i].code, rows[i].reason);
}

static void doors_open_ten_minutes_before(void **state) {
    (void)state;
    struct domain_settings settings;
    domain_settings_init(&settings);
    struct domain_permission_facts facts =
        facts_of(DOMAIN_STATUS_SCHEDULED, DOMAIN_VISIBILITY_PUBLIC);
    const unsigned booked = REL(MEMBER) | REL(BOOKED);
    const int64_t open_us = TEST_NOW_US - 10 * DOMAIN_MINUTE_US;

    assert_refused(
        "one microsecond early",
        domain_permission_check(ACT(JOIN), booked, false, &facts, &settings, open_us - 1),
        STATUS_FAILED_PRECONDITION, WHY(DOORS_CLOSED));
    assert_refused("start, too early",
                   domain_permission_check(ACT(START), REL(MEMBER) | REL(HOST), false, &facts,
                                           &settings, open_us - 1),
                   STATUS_FAILED_PRECONDITION, WHY(START_TOO_EARLY));
    assert_refused("on time",
                   domain_permission_check(ACT(JOIN), booked, false, &facts, &settings, open_us),
                   STATUS_OK, 0);
    /* Started early by an admin's clock: LIVE is open whatever the clock says. */
    facts.status = DOMAIN_STATUS_LIVE;
    assert_refused(
        "live", domain_permission_check(ACT(JOIN), booked, false, &facts, &settings, open_us - 1),
        STATUS_OK, 0);
}

static void a_lock_keeps_out_only_newcomers(void **state) {
    (void)state;
    struct domain_settings settings;
    domain_settings_init(&settings);
    struct domain_permission_facts facts = facts_of(DOMAIN_STATUS_LIVE, DOMAIN_VISIBILITY_PUBLIC);
    facts.is_locked = true;
    static const struct {
        const char *name;
        unsigned relations;
        enum status_code code;
        enum domain_reason reason;
    } rows[] = {
        {"newcomer", REL(MEMBER) | REL(BOOKED), STATUS_FAILED_PRECONDITION,
         WHY(CONVERSATION_LOCKED)},
        {"left before", REL(MEMBER) | REL(BOOKED) | REL(PARTICIPANT), STATUS_FAILED_PRECONDITION,
         WHY(CONVERSATION_LOCKED)},
        {"away", REL(MEMBER) | REL(BOOKED) | REL(PARTICIPANT) | REL(IN_ROOM), STATUS_OK, WHY(NONE)},
        {"host", REL(MEMBER) | REL(HOST), STATUS_OK, WHY(NONE)},
        {"admin", REL(MEMBER) | REL(ADMIN), STATUS_OK, WHY(NONE)},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_refused(rows[i].name,
                       domain_permission_check(ACT(JOIN), rows[i].relations, false, &facts,
                                               &settings, TEST_NOW_US),
                       rows[i].code, rows[i].reason);
}

static void what_is_not_public_does_not_exist_for_others(void **state) {
    (void)state;
    static const struct {
        unsigned relations;
        bool hidden_seen;
    } rows[] = {
        {REL(MEMBER), false},
        {REL(MEMBER) | REL(HOST), true},
        {REL(MEMBER) | REL(INSTRUCTOR), true},
        {REL(MEMBER) | REL(BOOKED), true},
        {REL(MEMBER) | REL(RESERVED), true},
        {REL(MEMBER) | REL(INVITED), true},
        {REL(MEMBER) | REL(ADMIN), true},
        {REL(SERVICE), true},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_true(domain_is_visible(DOMAIN_VISIBILITY_PUBLIC, rows[i].relations));
        assert_int_equal(domain_is_visible(DOMAIN_VISIBILITY_UNLISTED, rows[i].relations),
                         rows[i].hidden_seen);
        assert_int_equal(domain_is_visible(DOMAIN_VISIBILITY_INVITED, rows[i].relations),
                         rows[i].hidden_seen);
    }
}

static void every_action_hides_what_is_not_visible(void **state) {
    (void)state;
    struct domain_settings settings;
    domain_settings_init(&settings);
    struct domain_permission_facts facts = facts_of(DOMAIN_STATUS_LIVE, DOMAIN_VISIBILITY_INVITED);
    for (int action = 0; action < DOMAIN_ACTION_COUNT; action++)
        assert_refused("stranger",
                       domain_permission_check((enum domain_action)action, REL(MEMBER), false,
                                               &facts, &settings, TEST_NOW_US),
                       STATUS_NOT_FOUND, WHY(CONVERSATION_NOT_FOUND));
}

static void the_suspended_may_nothing(void **state) {
    (void)state;
    struct domain_settings settings;
    domain_settings_init(&settings);
    struct domain_permission_facts facts = facts_of(DOMAIN_STATUS_LIVE, DOMAIN_VISIBILITY_PUBLIC);
    for (int action = 0; action < DOMAIN_ACTION_COUNT; action++)
        assert_refused("suspended host",
                       domain_permission_check((enum domain_action)action,
                                               REL(MEMBER) | REL(HOST) | REL(ADMIN), true, &facts,
                                               &settings, TEST_NOW_US),
                       STATUS_PERMISSION_DENIED, WHY(USER_SUSPENDED));
}

static void relations_follow_from_facts(void **state) {
    (void)state;
    static const struct {
        struct domain_relation_facts facts;
        unsigned expected;
    } rows[] = {
        {{.roles = DOMAIN_ROLE_STUDENT, .caller_id = "u1", .host_id = "u2"}, REL(MEMBER)},
        {{.roles = DOMAIN_ROLE_STUDENT, .caller_id = "u1", .host_id = "u1"},
         REL(MEMBER) | REL(HOST)},
        {{.roles = DOMAIN_ROLE_INSTRUCTOR, .caller_id = "u1", .host_id = "", .instructor_id = "u1"},
         REL(MEMBER) | REL(INSTRUCTOR)},
        /* Empty ids equal nothing: no instructor is not everybody's. */
        {{.roles = DOMAIN_ROLE_STUDENT, .caller_id = "", .host_id = "", .instructor_id = ""},
         REL(MEMBER)},
        {{.roles = DOMAIN_ROLE_SERVICE, .caller_id = "s", .host_id = "u1"}, REL(SERVICE)},
        {{.roles = DOMAIN_ROLE_ADMIN, .caller_id = "a", .host_id = "u1"}, REL(MEMBER) | REL(ADMIN)},
        {{.roles = 0, .caller_id = "x", .host_id = "u1"}, 0},
        {{.roles = DOMAIN_ROLE_STUDENT,
          .caller_id = "u1",
          .host_id = "u2",
          .booking = DOMAIN_BOOKING_ATTENDED,
          .participant = DOMAIN_PARTICIPANT_LEFT},
         REL(MEMBER) | REL(BOOKED) | REL(PARTICIPANT)},
        {{.roles = DOMAIN_ROLE_STUDENT,
          .caller_id = "u1",
          .host_id = "u2",
          .participant = DOMAIN_PARTICIPANT_AWAY},
         REL(MEMBER) | REL(PARTICIPANT) | REL(IN_ROOM)},
        {{.roles = DOMAIN_ROLE_STUDENT,
          .caller_id = "u1",
          .host_id = "u2",
          .booking = DOMAIN_BOOKING_HELD},
         REL(MEMBER) | REL(RESERVED)},
        {{.roles = DOMAIN_ROLE_STUDENT,
          .caller_id = "u1",
          .host_id = "u2",
          .booking = DOMAIN_BOOKING_CANCELLED,
          .participant = DOMAIN_PARTICIPANT_REMOVED,
          .is_invited = true},
         REL(MEMBER) | REL(GAVE_UP) | REL(PARTICIPANT) | REL(REMOVED) | REL(INVITED)},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(domain_relations(&rows[i].facts), rows[i].expected);
}

static void creating_follows_the_roles(void **state) {
    (void)state;
    enum {
        STUDENT = DOMAIN_ROLE_STUDENT,
        TEACHER = DOMAIN_ROLE_INSTRUCTOR,
        ADMIN = DOMAIN_ROLE_ADMIN
    };
    static const struct {
        const char *name;
        struct domain_creation creation; /* roles, instructor, known, price */
        enum status_code code;
        enum domain_reason reason;
    } rows[] = {
        {"student, free", {STUDENT, NULL, false, false}, STATUS_OK, WHY(NONE)},
        {"student, price",
         {STUDENT, NULL, false, true},
         STATUS_PERMISSION_DENIED,
         WHY(INSTRUCTOR_ROLE_REQUIRED)},
        {"student, instructor",
         {STUDENT, "i", true, false},
         STATUS_PERMISSION_DENIED,
         WHY(INSTRUCTOR_ROLE_REQUIRED)},
        {"student, unknown instructor",
         {STUDENT, "i", false, false},
         STATUS_PERMISSION_DENIED,
         WHY(INSTRUCTOR_ROLE_REQUIRED)},
        {"instructor, price", {TEACHER, "i", true, true}, STATUS_OK, WHY(NONE)},
        {"instructor, free and alone", {TEACHER, "", false, false}, STATUS_OK, WHY(NONE)},
        {"both roles", {TEACHER | STUDENT, NULL, false, true}, STATUS_OK, WHY(NONE)},
        {"unknown instructor",
         {TEACHER, "j", false, false},
         STATUS_FAILED_PRECONDITION,
         WHY(INSTRUCTOR_UNKNOWN)},
        {"admin", {ADMIN, "i", true, true}, STATUS_OK, WHY(NONE)},
        {"service as host",
         {DOMAIN_ROLE_SERVICE, NULL, false, false},
         STATUS_PERMISSION_DENIED,
         WHY(NOT_HOST)},
        {"no role", {0, NULL, false, false}, STATUS_PERMISSION_DENIED, WHY(NOT_HOST)},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_refused(rows[i].name, domain_permission_create(&rows[i].creation), rows[i].code,
                       rows[i].reason);
}

static void feedback_closes_after_its_window(void **state) {
    (void)state;
    struct domain_settings settings;
    domain_settings_init(&settings);
    struct domain_permission_facts facts =
        facts_of(DOMAIN_STATUS_COMPLETED, DOMAIN_VISIBILITY_PUBLIC);
    const unsigned attendee = REL(MEMBER) | REL(PARTICIPANT);
    const int64_t last_us = facts.end_us + 30 * DOMAIN_DAY_US;
    assert_refused(
        "last moment",
        domain_permission_check(ACT(GIVE_FEEDBACK), attendee, false, &facts, &settings, last_us),
        STATUS_OK, 0);
    assert_refused("late",
                   domain_permission_check(ACT(GIVE_FEEDBACK), attendee, false, &facts, &settings,
                                           last_us + 1),
                   STATUS_FAILED_PRECONDITION, WHY(FEEDBACK_CLOSED));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_matrix_of_persons_and_actions),
        cmocka_unit_test(refusals_say_why),
        cmocka_unit_test(doors_open_ten_minutes_before),
        cmocka_unit_test(a_lock_keeps_out_only_newcomers),
        cmocka_unit_test(what_is_not_public_does_not_exist_for_others),
        cmocka_unit_test(every_action_hides_what_is_not_visible),
        cmocka_unit_test(the_suspended_may_nothing),
        cmocka_unit_test(relations_follow_from_facts),
        cmocka_unit_test(creating_follows_the_roles),
        cmocka_unit_test(feedback_closes_after_its_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
