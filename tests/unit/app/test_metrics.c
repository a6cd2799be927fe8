#include "app/metrics.h"

#include "app/rate_limit.h"
#include "app/schedule.h"
#include "base/clock.h"
#include "support/cmocka.h"

#include <string.h>

static enum schedule_verdict do_nothing(void *context) {
    (void)context;
    return SCHEDULE_DONE;
}

static void assert_says(const struct str *out, const char *line) {
    if (strstr(out->bytes, line) == NULL)
        fail_msg("%s is not in\n%s", line, out->bytes);
}

static void metrics_leave_out_what_is_not_there(void **state) {
    (void)state;
    const struct metrics_sources sources = {.version = "1.2"};
    struct str out;
    str_init(&out);
    metrics_write(&sources, &out);
    assert_says(&out, "liveconv_build_info{version=\"1.2\"} 1\n");
    assert_says(&out, "liveconv_ready 0\n");
    assert_null(strstr(out.bytes, "liveconv_db_"));
    assert_null(strstr(out.bytes, "liveconv_rate_limited_total"));
    str_done(&out);
}

static void metrics_tell_of_jobs_and_refusals(void **state) {
    (void)state;
    const struct rate_limit_options limits = {.per_second = 1, .burst = 1, .callers = 64};
    const struct schedule_job job = {.name = "tidy", .period_ms = 1000, .run = do_nothing};
    struct fake_clock clock;
    struct str out;
    int64_t wait_us;
    fake_clock_init(&clock, 0);
    struct rate_limit *rate = rate_limit_new(&limits);
    struct schedule *schedule = schedule_new(&job, 1, &clock.base, 1);
    assert_true(rate != NULL && schedule != NULL);
    assert_true(rate_limit_take(rate, "t", "a", 1000, &wait_us));
    assert_false(rate_limit_take(rate, "t", "a", 1000, &wait_us));
    fake_clock_advance(&clock, 1000000);
    (void)schedule_step(schedule, clock_monotonic_us(&clock.base));

    const struct metrics_sources sources = {
        .version = "1.2", .is_ready = true, .rate = rate, .schedules = {schedule, NULL}};
    str_init(&out);
    metrics_write(&sources, &out);
    assert_says(&out, "liveconv_ready 1\n");
    assert_says(&out, "liveconv_rate_limited_total 1\n");
    assert_says(&out, "liveconv_job_runs_total{job=\"tidy\"} 1\n");
    assert_says(&out, "liveconv_job_failures_total{job=\"tidy\"} 0\n");
    str_done(&out);
    schedule_free(&schedule);
    rate_limit_free(&rate);
}

/* Prometheus takes a page back when two families have one name. */
static void metrics_name_each_family_once(void **state) {
    (void)state;
    const struct metrics_sources sources = {.version = "1.2"};
    struct str out;
    str_init(&out);
    metrics_write(&sources, &out);
    for (const char *at = out.bytes; (at = strstr(at, "# TYPE ")) != NULL; at++) {
        size_t len = strcspn(at, "\n");
        char family[256];
        assert_true(len < sizeof family);
        memcpy(family, at, len);
        family[len] = '\0';
        assert_null(strstr(at + 1, family));
    }
    str_done(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metrics_leave_out_what_is_not_there),
        cmocka_unit_test(metrics_tell_of_jobs_and_refusals),
        cmocka_unit_test(metrics_name_each_family_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
