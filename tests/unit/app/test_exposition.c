#include "app/exposition.h"

#include "support/cmocka.h"

static void exposition_writes_family_and_samples(void **state) {
    (void)state;
    struct str out;
    str_init(&out);
    exposition_family(&out, "calls_total", "counter", "Calls.");
    exposition_sample(&out, "calls_total", LABELS({"method", "a/B"}, {"code", "OK"}), 12);
    exposition_single(&out, "busy", "gauge", "Now.", 0.5);
    assert_string_equal(out.bytes, "# HELP calls_total Calls.\n"
                                   "# TYPE calls_total counter\n"
                                   "calls_total{method=\"a/B\",code=\"OK\"} 12\n"
                                   "# HELP busy Now.\n"
                                   "# TYPE busy gauge\n"
                                   "busy 0.5\n");
    str_done(&out);
}

static void exposition_escapes_label_values(void **state) {
    (void)state;
    struct str out;
    str_init(&out);
    exposition_sample(&out, "x", LABELS({"a", "q\"b\\n\nz"}), 1);
    assert_string_equal(out.bytes, "x{a=\"q\\\"b\\\\n\\nz\"} 1\n");
    str_done(&out);
}

static void exposition_keeps_large_counters_exact(void **state) {
    (void)state;
    struct str out;
    str_init(&out);
    exposition_sample(&out, "x", NULL, 0, 9007199254740991.0);
    assert_string_equal(out.bytes, "x 9007199254740991\n");
    str_done(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exposition_writes_family_and_samples),
        cmocka_unit_test(exposition_escapes_label_values),
        cmocka_unit_test(exposition_keeps_large_counters_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
