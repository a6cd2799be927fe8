#include "support/cmocka.h"

#include "db/cause.h"

#include <string.h>

static struct db_cause cause_of(unsigned int number, const char *text) {
    struct db_cause cause;
    db_cause_set(&cause, number, "HY000", "SELECT 1", "%s", text);
    return cause;
}

static int32_t code_of(unsigned int number) {
    struct db_cause cause = cause_of(number, "secret SQL");
    struct status s = db_cause_status(&cause);
    if (s.detail != NULL)
        assert_null(strstr(s.detail, "secret"));
    return s.code;
}

static void cause_maps_to_the_status_of_its_class(void **state) {
    (void)state;
    static const struct {
        unsigned int number;
        int32_t code;
    } table[] = {
        {0, STATUS_OK},
        {1062, STATUS_ALREADY_EXISTS},
        {1451, STATUS_FAILED_PRECONDITION},
        {1452, STATUS_FAILED_PRECONDITION},
        {4025, STATUS_FAILED_PRECONDITION},
        {1205, STATUS_UNAVAILABLE},
        {1213, STATUS_UNAVAILABLE},
        {1020, STATUS_UNAVAILABLE},
        {1927, STATUS_UNAVAILABLE},
        {2002, STATUS_UNAVAILABLE},
        {2006, STATUS_UNAVAILABLE},
        {2013, STATUS_UNAVAILABLE},
        {1969, STATUS_DEADLINE_EXCEEDED},
        {DB_ERROR_TIMEOUT, STATUS_DEADLINE_EXCEEDED},
        {1114, STATUS_RESOURCE_EXHAUSTED},
        {DB_ERROR_NO_ROOM, STATUS_RESOURCE_EXHAUSTED},
        {1064, STATUS_INTERNAL},
        {1406, STATUS_INTERNAL},
        {1264, STATUS_INTERNAL},
        {DB_ERROR_MISUSE, STATUS_INTERNAL},
        {65000, STATUS_INTERNAL},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        assert_int_equal(code_of(table[i].number), table[i].code);
}

static void only_conflicts_are_worth_running_again(void **state) {
    (void)state;
    for (unsigned int number = 1; number < 6000; number++) {
        struct db_cause cause = cause_of(number, "");
        bool conflict = number == 1205 || number == 1213 || number == 1020;
        assert_int_equal(db_cause_class(&cause) == DB_CAUSE_CONFLICT, conflict);
    }
}

static void a_duplicate_names_its_key(void **state) {
    (void)state;
    struct db_cause plain = cause_of(1062, "Duplicate entry 'x-1' for key 'user_conversation'");
    assert_true(db_cause_names(&plain, "user_conversation"));
    assert_false(db_cause_names(&plain, "user"));
    assert_false(db_cause_names(&plain, "user_conversation_2"));
    struct db_cause table = cause_of(1062, "Duplicate entry 'x' for key 'bookings.PRIMARY'");
    assert_true(db_cause_names(&table, "PRIMARY"));
}

static void a_value_cannot_pretend_to_be_the_key(void **state) {
    (void)state;
    struct db_cause cause = cause_of(1062, "Duplicate entry '' for key 'fake'' for key 'real'");
    assert_true(db_cause_names(&cause, "real"));
    assert_false(db_cause_names(&cause, "fake"));
}

static void a_constraint_is_named_by_checks_and_foreign_keys(void **state) {
    (void)state;
    struct db_cause check = cause_of(4025, "CONSTRAINT `seats_fit` failed for `liveconv`.`c`");
    assert_true(db_cause_names(&check, "seats_fit"));
    assert_false(db_cause_names(&check, "liveconv"));
    struct db_cause reference =
        cause_of(1452, "Cannot add or update a child row: a foreign key constraint fails (`d`.`b`, "
                       "CONSTRAINT `booking_user` FOREIGN KEY (`u`) REFERENCES `users` (`id`))");
    assert_true(db_cause_names(&reference, "booking_user"));
    assert_false(db_cause_names(&reference, "users"));
}

static void other_causes_name_nothing(void **state) {
    (void)state;
    struct db_cause cause = cause_of(1064, "near 'for key 'x''");
    assert_false(db_cause_names(&cause, "x"));
    struct db_cause cut = cause_of(1062, "Duplicate entry 'x' for key 'cut");
    assert_false(db_cause_names(&cut, "cut"));
}

static void long_texts_are_cut_off(void **state) {
    (void)state;
    char text[2 * DB_CAUSE_TEXT_BYTES];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    struct db_cause cause;
    db_cause_set(&cause, 1, NULL, text, "%s", text);
    assert_int_equal(strlen(cause.text), DB_CAUSE_TEXT_BYTES - 1);
    assert_int_equal(strlen(cause.sql), DB_CAUSE_SQL_BYTES - 1);
    db_cause_clear(&cause);
    assert_int_equal(cause.number, DB_ERROR_NONE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cause_maps_to_the_status_of_its_class),
        cmocka_unit_test(only_conflicts_are_worth_running_again),
        cmocka_unit_test(a_duplicate_names_its_key),
        cmocka_unit_test(a_value_cannot_pretend_to_be_the_key),
        cmocka_unit_test(a_constraint_is_named_by_checks_and_foreign_keys),
        cmocka_unit_test(other_causes_name_nothing),
        cmocka_unit_test(long_texts_are_cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
