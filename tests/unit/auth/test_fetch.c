#include "auth_test.h"

#include "auth/fetch.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void only_https_is_spoken(void **state) {
    (void)state;
    static const struct {
        const char *url;
        bool strict, loopback;
    } rows[] = {
        {"https://id.example/jwks", true, true},
        {"http://id.example/jwks", false, false},
        {"http://127.0.0.1:8000/jwks", false, true},
        {"http://127.0.0.1/jwks", false, true},
        {"http://[::1]:8000/jwks", false, true},
        {"http://localhost/jwks", false, true},
        {"http://localhost.example/jwks", false, false},
        {"http://127.0.0.1.example/jwks", false, false},
        {"http://127.0.0.1:80@id.example/jwks", false, false},
        {"http://127.0.0.1", false, false},
        {"file:///etc/passwd", false, false},
        {"ftp://id.example/jwks", false, false},
        {"HTTPS://id.example", false, false},
        {"", false, false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (auth_fetch_url_is_allowed(rows[i].url, false) != rows[i].strict ||
            auth_fetch_url_is_allowed(rows[i].url, true) != rows[i].loopback)
            fail_msg("%s", rows[i].url);
    }
    struct auth_fetch_limits limits = {.max_bytes = 10, .timeout_ms = 100};
    struct str body;
    str_init(&body);
    assert_status("file", auth_fetch_url("file:///etc/passwd", &limits, &body),
                  STATUS_INVALID_ARGUMENT, 0);
    assert_int_equal(body.len_bytes, 0);
    str_done(&body);
}

static void files_are_read_within_their_limit(void **state) {
    (void)state;
    char path[] = "/tmp/test_auth_fetch_XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "0123456789", 10), 10);
    close(fd);
    struct str body;
    str_init(&body);
    assert_status("all", auth_fetch_file(path, 10, &body), STATUS_OK, 0);
    assert_string_equal(body.bytes, "0123456789");
    str_clear(&body);
    assert_status("too long", auth_fetch_file(path, 9, &body), STATUS_INVALID_ARGUMENT, 0);
    assert_int_equal(body.len_bytes, 0);
    unlink(path);
    assert_status("gone", auth_fetch_file(path, 10, &body), STATUS_UNAVAILABLE, 0);
    assert_status("directory", auth_fetch_file("/tmp", 10, &body), STATUS_UNAVAILABLE, 0);
    assert_status("device", auth_fetch_file("/dev/zero", 10, &body), STATUS_UNAVAILABLE, 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_status("fifo", auth_fetch_file(path, 10, &body), STATUS_UNAVAILABLE, 0);
    unlink(path);
    str_done(&body);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_https_is_spoken),
        cmocka_unit_test(files_are_read_within_their_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
