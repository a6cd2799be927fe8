#include "base/str.h"

#include "support/alloc_fault.h"
#include "support/cmocka.h"

#include <stdlib.h>
#include <string.h>

static void assert_encodes(const char *bytes, size_t len, bool url, const char *expected) {
    struct str s;
    str_init(&s);
    assert_true(base64_encode(&s, bytes, len, url));
    assert_string_equal(s.bytes, expected);
    char back[64];
    size_t back_len = 99;
    assert_true(base64_decode(s.bytes, s.len_bytes, url, back, len, &back_len));
    assert_int_equal(back_len, len);
    assert_memory_equal(back, bytes, len);
    str_done(&s);
}

static void base64_encodes_the_vectors_of_rfc_4648(void **state) {
    (void)state;
    assert_encodes("", 0, false, "");
    assert_encodes("f", 1, false, "Zg==");
    assert_encodes("fo", 2, false, "Zm8=");
    assert_encodes("foo", 3, false, "Zm9v");
    assert_encodes("foob", 4, false, "Zm9vYg==");
    assert_encodes("fooba", 5, false, "Zm9vYmE=");
    assert_encodes("foobar", 6, false, "Zm9vYmFy");
}

static void base64_url_uses_its_alphabet_and_no_padding(void **state) {
    (void)state;
    assert_encodes("\xfb\xff\xfe", 3, false, "+//+");
    assert_encodes("\xfb\xff\xfe", 3, true, "-__-");
    assert_encodes("f", 1, true, "Zg");
    assert_encodes("fo", 2, true, "Zm8");
}

static bool decodes(const char *text, bool url) {
    char bytes[64];
    size_t len = 99;
    bool ok = base64_decode(text, strlen(text), url, bytes, sizeof bytes, &len);
    assert_true(ok == (len != 99));
    return ok;
}

static void base64_padding_is_optional(void **state) {
    (void)state;
    assert_true(decodes("Zg", false));
    assert_true(decodes("Zg==", true));
    assert_true(decodes("Zm8", false));
    assert_true(decodes("Zm8=", true));
}

static void base64_refuses_what_is_not_strict(void **state) {
    (void)state;
    static const char *const bad[] = {
        "Z",    "Zg=",    "Zm8==",    "Zm9v=", "Zm9v====", "=",        "==",   "====",
        "Z===", "Zm9v\n", " Zm9v",    "Zm 9v", "Zm=v",     "Zm9v Zg",  "Zh==", "Zm9=",
        "Zh",   "Zm9v!",  "Zm9v\xC3", "-__-",  "Zm9vZ",    "Zg==Zg==",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (decodes(bad[i], false))
            fail_msg("'%s' was accepted", bad[i]);
    }
    assert_false(decodes("+//+", true));
}

static void base64_refuses_what_does_not_fit(void **state) {
    (void)state;
    char bytes[2] = "..";
    size_t len = 99;
    assert_false(base64_decode("Zm9v", 4, false, bytes, sizeof bytes, &len));
    assert_int_equal(len, 99);
    assert_true(base64_decode("Zm8", 3, false, bytes, sizeof bytes, &len));
    assert_int_equal(len, 2);
}

static void base64_encode_reports_a_failed_allocation(void **state) {
    (void)state;
    struct str s;
    str_init(&s);
    alloc_fault_fail_at(1);
    bool done = base64_encode(&s, "foobar", 6, false);
    alloc_fault_end();
    assert_false(done);
    str_done(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_encodes_the_vectors_of_rfc_4648),
        cmocka_unit_test(base64_url_uses_its_alphabet_and_no_padding),
        cmocka_unit_test(base64_padding_is_optional),
        cmocka_unit_test(base64_refuses_what_is_not_strict),
        cmocka_unit_test(base64_refuses_what_does_not_fit),
        cmocka_unit_test(base64_encode_reports_a_failed_allocation),
    };
    return cmocka_run_group_tests_name("base64", tests, NULL, NULL);
}
