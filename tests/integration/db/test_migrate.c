/* The migrator against a real server: from nothing, resumed, edited, too new; and our own schema.
 */
#include "support/cmocka.h"

#include "db/migrate.h"
#include "db/statement.h"
#include "db/tx.h"
#include "support/mariadb.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct fixture {
    struct test_mariadb *server;
    struct db_options options;
    struct db_schema_report report;
};

static int start(void **state) {
    static struct fixture f;
    f.server = test_mariadb_start();
    *state = &f;
    return 0;
}

static int stop(void **state) {
    struct fixture *f = *state;
    test_mariadb_stop(&f->server);
    return 0;
}

static int fresh(void **state) {
    struct fixture *f = *state;
    test_mariadb_create_database(f->server, "schema_test");
    test_mariadb_options(f->server, "schema_test", &f->options);
    return 0;
}

#define MIGRATION(number, words, script)                                                           \
    { .version = (number), .name = (words), .text = (script), .len_bytes = sizeof(script) - 1 }

static const struct db_migration first_two[] = {
    MIGRATION(1, "create_a",
              "-- why\nCREATE TABLE a (id INT PRIMARY KEY);\n"
              "INSERT INTO a VALUES (1), (2);\nCREATE TABLE b (t TEXT);"),
    MIGRATION(2, "alter_a", "ALTER TABLE a ADD COLUMN name VARCHAR(20) DEFAULT 'x;y';"),
};

static int32_t migrate(struct fixture *f, const struct db_migration *list, size_t count) {
    int32_t code = db_migrate(&f->options, list, count, &f->report).code;
    if (code != STATUS_OK)
        print_message("%s: %s\n", status_code_name(code), f->report.message);
    return code;
}

struct question {
    const struct db_sql *sql;
    int64_t answer;
};

static struct status ask(struct db_tx *tx, void *context) {
    struct question *q = context;
    bool found;
    return db_query_row(tx, q->sql, DB_NO_ARGS, NULL, DB_INTO(db_into_int64(&q->answer)), &found);
}

static int64_t answer(struct fixture *f, const struct db_sql *sql) {
    struct question q = {.sql = sql, .answer = -1};
    struct db_pool *pool = db_pool_new(&f->options);
    assert_int_equal(db_read(pool, INT64_MAX, ask, &q, NULL).code, STATUS_OK);
    db_pool_free(&pool);
    return q.answer;
}

static const struct db_sql count_a = {"SELECT COUNT(name) FROM a"};
static const struct db_sql count_steps = {
    "SELECT COUNT(*) FROM schema_migrations WHERE state = 'DONE'"};

static void an_empty_database_is_brought_to_the_newest_version(void **state) {
    struct fixture *f = *state;
    assert_int_equal(migrate(f, first_two, 2), STATUS_OK);
    assert_int_equal(f->report.found, 0);
    assert_int_equal(f->report.now, 2);
    assert_int_equal(f->report.steps, 4);
    assert_int_equal(answer(f, &count_a), 2);
    assert_int_equal(answer(f, &count_steps), 4);
}

static void a_second_run_does_nothing(void **state) {
    struct fixture *f = *state;
    assert_int_equal(migrate(f, first_two, 1), STATUS_OK);
    assert_int_equal(migrate(f, first_two, 1), STATUS_OK);
    assert_int_equal(f->report.steps, 0);
    assert_int_equal(migrate(f, first_two, 2), STATUS_OK);
    assert_int_equal(f->report.found, 1);
    assert_int_equal(f->report.steps, 1);
}

static void an_edited_migration_is_refused(void **state) {
    struct fixture *f = *state;
    static const struct db_migration edited[] = {
        MIGRATION(1, "create_a",
                  "CREATE TABLE a (id INT PRIMARY KEY);\n"
                  "INSERT INTO a VALUES (1), (3);\nCREATE TABLE b (t TEXT);"),
    };
    static const struct db_migration longer[] = {
        MIGRATION(1, "create_a",
                  "CREATE TABLE a (id INT PRIMARY KEY);\n"
                  "INSERT INTO a VALUES (1), (2);\nCREATE TABLE b (t TEXT);"
                  "CREATE TABLE c (t TEXT)"),
    };
    assert_int_equal(migrate(f, first_two, 1), STATUS_OK);
    assert_int_equal(migrate(f, edited, 1), STATUS_FAILED_PRECONDITION);
    assert_non_null(strstr(f->report.message, "0001_create_a"));
    assert_non_null(strstr(f->report.message, "statement 2"));
    assert_int_equal(migrate(f, longer, 1), STATUS_FAILED_PRECONDITION);
}

static void other_comments_are_not_an_edit(void **state) {
    struct fixture *f = *state;
    static const struct db_migration commented[] = {
        MIGRATION(1, "create_a",
                  "-- better words\nCREATE TABLE a (id INT PRIMARY KEY);\n\n"
                  "# and here\nINSERT INTO a VALUES (1), (2);\nCREATE TABLE b (t TEXT);"),
    };
    assert_int_equal(migrate(f, first_two, 1), STATUS_OK);
    assert_int_equal(migrate(f, commented, 1), STATUS_OK);
}

static void a_newer_schema_is_refused(void **state) {
    struct fixture *f = *state;
    assert_int_equal(migrate(f, first_two, 2), STATUS_OK);
    assert_int_equal(migrate(f, first_two, 1), STATUS_FAILED_PRECONDITION);
    assert_non_null(strstr(f->report.message, "version 2"));
}

static void a_failing_statement_stops_and_is_resumed_after_a_fix(void **state) {
    struct fixture *f = *state;
    static const struct db_migration broken[] = {
        MIGRATION(1, "create_a",
                  "CREATE TABLE a (id INT PRIMARY KEY, name INT);\n"
                  "INSERT INTO a VALUES (1, 1), (1, 2);"),
    };
    static const struct db_migration nonsense[] = {
        MIGRATION(1, "create_a", "CREATE TABLE a (id INT PRIMARY KEY, name INT); CREATE NONSENSE"),
    };
    assert_int_equal(migrate(f, broken, 1), STATUS_INTERNAL);
    assert_non_null(strstr(f->report.message, "statement 2 of 2"));
    assert_int_equal(f->report.cause.number, 1062);
    assert_int_equal(answer(f, &count_a), 0);
    assert_int_equal(answer(f, &count_steps), 1);
    assert_int_equal(db_schema_check(&f->options, 0, 9, &f->report).code,
                     STATUS_FAILED_PRECONDITION);
    /* What failed was not applied, so it may be mended. */
    static const struct db_migration mended[] = {
        MIGRATION(1, "create_a",
                  "CREATE TABLE a (id INT PRIMARY KEY, name INT);\n"
                  "INSERT INTO a VALUES (1, 1), (2, 2);"),
    };
    assert_int_equal(migrate(f, mended, 1), STATUS_OK);
    assert_int_equal(answer(f, &count_a), 2);
    test_mariadb_create_database(f->server, "schema_test");
    assert_int_equal(migrate(f, nonsense, 1), STATUS_INTERNAL);
    static const struct db_migration sense[] = {
        MIGRATION(1, "create_a",
                  "CREATE TABLE a (id INT PRIMARY KEY, name INT); CREATE TABLE sense (id INT)"),
    };
    assert_int_equal(migrate(f, sense, 1), STATUS_OK);
}

static void a_definition_whose_end_was_not_recorded_is_picked_up(void **state) {
    struct fixture *f = *state;
    /* As a SIGKILL leaves it: between the statement and the record, and before the statement. */
    assert_int_equal(migrate(f, first_two, 2), STATUS_OK);
    test_mariadb_run(f->server, "schema_test",
                     "UPDATE schema_migrations SET state = 'STARTED' WHERE version = 2");
    assert_int_equal(db_schema_check(&f->options, 0, 9, &f->report).code,
                     STATUS_FAILED_PRECONDITION);
    assert_non_null(strstr(f->report.message, "0002"));
    assert_int_equal(migrate(f, first_two, 2), STATUS_OK);
    assert_int_equal(f->report.steps, 1);
    test_mariadb_run(f->server, "schema_test", "ALTER TABLE a DROP COLUMN name");
    test_mariadb_run(f->server, "schema_test",
                     "UPDATE schema_migrations SET state = 'STARTED' WHERE version = 2");
    assert_int_equal(migrate(f, first_two, 2), STATUS_OK);
    assert_int_equal(answer(f, &count_a), 2);
}

/* Twenty tables, so that a kill lands somewhere in the middle. */
enum { MANY = 20 };
static char many_text[MANY][128];
static struct db_migration many[MANY];

static void make_many(void) {
    for (int i = 0; i < MANY; i++) {
        int len = snprintf(many_text[i], sizeof many_text[i],
                           "CREATE TABLE t%d (id INT PRIMARY KEY); INSERT INTO t%d VALUES (%d);"
                           "ALTER TABLE t%d ADD COLUMN v INT",
                           i, i, i, i);
        many[i] = (struct db_migration){i + 1, "create_many", many_text[i], (size_t)len};
    }
}

static void a_run_that_was_killed_anywhere_is_resumed(void **state) {
    struct fixture *f = *state;
    static const struct db_sql count_tables = {
        "SELECT COUNT(*) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()"
        " AND COLUMN_NAME = 'v'"};
    make_many();
    for (int round = 0; round < 4; round++) {
        test_mariadb_create_database(f->server, "schema_test");
        for (int tries = 0; tries < 3; tries++) {
            pid_t pid = fork();
            assert_true(pid >= 0);
            if (pid == 0) {
                (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
                struct db_schema_report report;
                struct status s = db_migrate(&f->options, many, MANY, &report);
                _exit(s.code);
            }
            /* The moment of the kill is the only thing that the clock decides here. */
            long pause_ms = 10 + round * 17 + tries * 9;
            (void)nanosleep(&(struct timespec){.tv_nsec = pause_ms * 1000000}, NULL);
            (void)kill(pid, SIGKILL);
            int status;
            assert_int_equal(waitpid(pid, &status, 0), pid);
        }
        assert_int_equal(migrate(f, many, MANY), STATUS_OK);
        assert_int_equal(f->report.now, MANY);
        assert_int_equal(answer(f, &count_steps), MANY * 3);
        assert_int_equal(answer(f, &count_tables), MANY);
    }
}

static void *migrate_thread(void *argument) {
    struct fixture *f = argument;
    struct db_schema_report report;
    return db_migrate(&f->options, many, MANY, &report).code == STATUS_OK ? argument : NULL;
}

static void two_processes_follow_one_another(void **state) {
    struct fixture *f = *state;
    pthread_t threads[3];
    make_many();
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, migrate_thread, f), 0);
    for (int i = 0; i < 3; i++) {
        void *result = NULL;
        (void)pthread_join(threads[i], &result);
        assert_non_null(result);
    }
    assert_int_equal(answer(f, &count_steps), MANY * 3);
}

static void broken_scripts_are_refused_before_they_run(void **state) {
    struct fixture *f = *state;
    static const struct db_migration open_quote[] = {
        MIGRATION(1, "create_a", "CREATE TABLE a (id INT); CREATE TABLE b ('")};
    static const struct db_migration gap[] = {MIGRATION(2, "create_a", "CREATE TABLE a (id INT)")};
    static const struct db_migration none[] = {MIGRATION(1, "create_a", "-- nothing\n")};
    assert_int_equal(migrate(f, open_quote, 1), STATUS_INVALID_ARGUMENT);
    assert_int_equal(migrate(f, gap, 1), STATUS_INVALID_ARGUMENT);
    assert_int_equal(migrate(f, none, 1), STATUS_INVALID_ARGUMENT);
}

static void a_server_refuses_schemas_outside_of_its_range(void **state) {
    struct fixture *f = *state;
    assert_int_equal(db_schema_check(&f->options, 1, 2, &f->report).code,
                     STATUS_FAILED_PRECONDITION);
    assert_non_null(strstr(f->report.message, "version 0"));
    assert_int_equal(migrate(f, first_two, 2), STATUS_OK);
    assert_int_equal(db_schema_check(&f->options, 1, 2, &f->report).code, STATUS_OK);
    assert_int_equal(f->report.now, 2);
    assert_int_equal(db_schema_check(&f->options, 3, 4, &f->report).code,
                     STATUS_FAILED_PRECONDITION);
    assert_int_equal(db_schema_check(&f->options, 1, 1, &f->report).code,
                     STATUS_FAILED_PRECONDITION);
    f->options.unix_socket = "/nonexistent/socket";
    assert_int_equal(db_schema_check(&f->options, 1, 1, &f->report).code, STATUS_UNAVAILABLE);
    assert_int_equal(f->report.cause.number, 2002);
}

static void our_schema_is_built_from_nothing(void **state) {
    struct fixture *f = *state;
    size_t count;
    const struct db_migration *list = db_schema_migrations(&count);
    assert_int_equal(migrate(f, list, count), STATUS_OK);
    assert_int_equal(f->report.now, count);
    assert_int_equal(migrate(f, list, count), STATUS_OK);
    assert_int_equal(f->report.steps, 0);
}

#define CASE(f) cmocka_unit_test_setup(f, fresh)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(an_empty_database_is_brought_to_the_newest_version),
        CASE(a_second_run_does_nothing),
        CASE(an_edited_migration_is_refused),
        CASE(other_comments_are_not_an_edit),
        CASE(a_newer_schema_is_refused),
        CASE(a_failing_statement_stops_and_is_resumed_after_a_fix),
        CASE(a_definition_whose_end_was_not_recorded_is_picked_up),
        CASE(a_run_that_was_killed_anywhere_is_resumed),
        CASE(two_processes_follow_one_another),
        CASE(broken_scripts_are_refused_before_they_run),
        CASE(a_server_refuses_schemas_outside_of_its_range),
        CASE(our_schema_is_built_from_nothing),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
