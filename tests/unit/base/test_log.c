#include "base/log.h"

#include "base/clock.h"
#include "support/alloc_fault.h"
#include "support/cmocka.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* 2026-01-31T10:20:30.123456Z */
static const int64_t example_us = INT64_C(1769854830123456);

struct fixture {
    struct fake_clock clock;
    int fd;
    struct log *log;
    char text[1 << 16];
};

static int setup(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    fake_clock_init(&f->clock, example_us);
    f->fd = memfd_create("log", 0);
    f->log = log_new(f->fd, LOG_INFO, &f->clock.base);
    *state = f;
    return f->log ? 0 : -1;
}

static int teardown(void **state) {
    struct fixture *f = *state;
    log_free(&f->log);
    close(f->fd);
    free(f);
    return 0;
}

static const char *written(struct fixture *f) {
    ssize_t len = pread(f->fd, f->text, sizeof f->text - 1, 0);
    f->text[len > 0 ? len : 0] = '\0';
    return f->text;
}

static void log_writes_the_line_of_the_header(void **state) {
    struct fixture *f = *state;
    log_event(f->log, LOG_INFO, "server started", LOG_INT("port", 8443));
    assert_string_equal(written(f), "{\"time\":\"2026-01-31T10:20:30.123456Z\",\"level\":\"info\","
                                    "\"event\":\"server started\",\"port\":8443}\n");
}

static void log_writes_every_kind_of_field(void **state) {
    struct fixture *f = *state;
    log_event(f->log, LOG_ERROR, "kinds", LOG_STR("s", "text"), LOG_STR("n", NULL),
              LOG_INT("i", INT64_MIN), LOG_REAL("r", 0.25), LOG_REAL("nan", NAN),
              LOG_REAL("inf", INFINITY), LOG_BOOL("t", true), LOG_BOOL("f", false));
    assert_non_null(strstr(written(f), ",\"s\":\"text\",\"n\":null,\"i\":-9223372036854775808,"
                                       "\"r\":0.25,\"nan\":null,\"inf\":null,\"t\":true,"
                                       "\"f\":false}\n"));
}

static void log_lines_are_json_whatever_is_in_them(void **state) {
    struct fixture *f = *state;
    char hostile[256];
    for (int i = 0; i < 255; i++)
        hostile[i] = (char)(i + 1);
    hostile[255] = '\0';
    log_event(f->log, LOG_INFO, hostile, LOG_STR(hostile, hostile), LOG_STR(NULL, "x"));
    const char *line = written(f);
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
    json_error_t error;
    json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, &error);
    assert_non_null(object);
    assert_string_equal(json_string_value(json_object_get(object, "level")), "info");
    json_decref(object);
}

static void log_writes_without_fields(void **state) {
    struct fixture *f = *state;
    log_write(f->log, LOG_WARNING, "bare", NULL, 0);
    assert_non_null(strstr(written(f), "\"level\":\"warning\",\"event\":\"bare\"}\n"));
}

static void log_time_before_1970_is_a_time(void **state) {
    struct fixture *f = *state;
    fake_clock_set_wall(&f->clock, -1);
    log_write(f->log, LOG_INFO, "old", NULL, 0);
    assert_non_null(strstr(written(f), "\"1969-12-31T23:59:59.999999Z\""));
}

static void log_leaves_out_lower_levels(void **state) {
    struct fixture *f = *state;
    assert_false(log_enabled(f->log, LOG_DEBUG));
    assert_true(log_enabled(f->log, LOG_INFO));
    log_write(f->log, LOG_DEBUG, "hidden", NULL, 0);
    assert_string_equal(written(f), "");
}

static void log_accepts_null(void **state) {
    (void)state;
    struct log *log = NULL;
    log_write(log, LOG_ERROR, "nowhere", NULL, 0);
    assert_false(log_enabled(log, LOG_ERROR));
    assert_int_equal(log_lost_lines(log), 0);
    log_free(&log);
}

static void log_counts_what_a_full_disk_refuses(void **state) {
    struct fixture *f = *state;
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_true(full >= 0);
    struct log *log = log_new(full, LOG_INFO, &f->clock.base);
    errno = EDOM;
    log_write(log, LOG_INFO, "lost", NULL, 0);
    log_write(log, LOG_INFO, "lost", NULL, 0);
    log_write(log, LOG_DEBUG, "hidden", NULL, 0);
    assert_int_equal(errno, EDOM);
    assert_int_equal(log_lost_lines(log), 2);
    log_free(&log);
    close(full);
}

static void log_does_not_wait_for_a_reader(void **state) {
    struct fixture *f = *state;
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0); /* blocking, as a service manager's is */
    struct log *log = log_new(ends[1], LOG_INFO, &f->clock.base);
    for (int i = 0; i < 2000; i++)
        log_write(log, LOG_INFO, "nobody reads this line of the log", NULL, 0);
    assert_in_range(log_lost_lines(log), 1, 1999);
    log_free(&log);
    close(ends[0]);
    close(ends[1]);
}

static void log_counts_a_line_it_has_no_memory_for(void **state) {
    struct fixture *f = *state;
    alloc_fault_fail_at(1);
    log_write(f->log, LOG_INFO, "lost", NULL, 0);
    alloc_fault_end();
    assert_int_equal(log_lost_lines(f->log), 1);
    assert_string_equal(written(f), "");
    alloc_fault_fail_at(1);
    struct log *log = log_new(1, LOG_INFO, &f->clock.base);
    alloc_fault_end();
    assert_null(log);
}

static void log_level_parse_knows_four_names(void **state) {
    (void)state;
    enum log_level level = LOG_ERROR;
    assert_true(log_level_parse("debug", &level) && level == LOG_DEBUG);
    assert_true(log_level_parse("info", &level) && level == LOG_INFO);
    assert_true(log_level_parse("error", &level) && level == LOG_ERROR);
    assert_true(log_level_parse("warning", &level) && level == LOG_WARNING);
    assert_false(log_level_parse("Info", &level));
    assert_false(log_level_parse("", &level));
    assert_false(log_level_parse(NULL, &level));
    assert_int_equal(level, LOG_WARNING);
}

enum { WRITERS = 4, LINES = 100 };

static void *write_many(void *argument) {
    for (int i = 0; i < LINES; i++)
        log_event(argument, LOG_INFO, "many", LOG_INT("line", i));
    return NULL;
}

static void log_lines_of_threads_do_not_mix(void **state) {
    struct fixture *f = *state;
    assert_int_equal(fcntl(f->fd, F_SETFL, O_APPEND), 0);
    pthread_t threads[WRITERS];
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_many, f->log), 0);
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    int lines = 0;
    char *rest = NULL;
    written(f);
    for (char *line = strtok_r(f->text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        json_t *object = json_loads(line, 0, NULL);
        assert_non_null(object);
        json_decref(object);
        lines++;
    }
    assert_int_equal(lines, WRITERS * LINES);
}

int main(void) {
#define LOG_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        LOG_TEST(log_writes_the_line_of_the_header),
        LOG_TEST(log_writes_every_kind_of_field),
        LOG_TEST(log_lines_are_json_whatever_is_in_them),
        LOG_TEST(log_writes_without_fields),
        LOG_TEST(log_time_before_1970_is_a_time),
        LOG_TEST(log_leaves_out_lower_levels),
        cmocka_unit_test(log_accepts_null),
        LOG_TEST(log_counts_what_a_full_disk_refuses),
        LOG_TEST(log_does_not_wait_for_a_reader),
        LOG_TEST(log_counts_a_line_it_has_no_memory_for),
        cmocka_unit_test(log_level_parse_knows_four_names),
        LOG_TEST(log_lines_of_threads_do_not_mix),
    };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
