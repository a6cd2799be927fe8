/* Key sets over real connections: a small server on loopback, in the clear and with TLS. */
#include "auth_test.h"

#include "auth/fetch.h"
#include "auth/jwks.h"
#include "base/clock.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>

/* Answers every connection with the same bytes, until it is stopped. */
struct peer {
    int listener;
    int port;
    const char *answer;
    size_t answer_len;
    bool stalls; /* says nothing and waits for the other side to go */
    SSL_CTX *tls;
    atomic_int requests;
    pthread_t thread;
};

static void answer_clear(struct peer *peer, int fd) {
    char request[4096];
    if (read(fd, request, sizeof request) > 0 && !peer->stalls) {
        size_t sent = 0;
        while (sent < peer->answer_len) {
            ssize_t n = send(fd, peer->answer + sent, peer->answer_len - sent, MSG_NOSIGNAL);
            if (n <= 0)
                break;
            sent += (size_t)n;
        }
    }
    if (peer->stalls && read(fd, request, sizeof request) < 0)
        return;
}

static void answer_tls(struct peer *peer, int fd) {
    char request[4096];
    SSL *ssl = SSL_new(peer->tls);
    SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) == 1 && SSL_read(ssl, request, sizeof request) > 0) {
        SSL_write(ssl, peer->answer, (int)peer->answer_len);
        SSL_shutdown(ssl);
    }
    SSL_free(ssl);
}

static void *serve(void *context) {
    struct peer *peer = context;
    for (;;) {
        int fd = accept(peer->listener, NULL, NULL);
        if (fd < 0)
            return NULL;
        atomic_fetch_add(&peer->requests, 1);
        if (peer->tls != NULL)
            answer_tls(peer, fd);
        else
            answer_clear(peer, fd);
        close(fd);
    }
}

static void peer_start(struct peer *peer, const char *answer) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    peer->answer = answer;
    peer->answer_len = strlen(answer);
    peer->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(peer->listener >= 0);
    assert_int_equal(bind(peer->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(peer->listener, 8), 0);
    assert_int_equal(getsockname(peer->listener, (struct sockaddr *)&address, &len), 0);
    peer->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&peer->thread, NULL, serve, peer), 0);
}

static void peer_stop(struct peer *peer) {
    shutdown(peer->listener, SHUT_RDWR);
    pthread_join(peer->thread, NULL);
    close(peer->listener);
    SSL_CTX_free(peer->tls);
}

static struct status fetch(const struct peer *peer, const char *scheme, const char *host,
                           const struct auth_fetch_limits *limits, struct str *ret_body) {
    char url[128];
    snprintf(url, sizeof url, "%s://%s:%d/jwks", scheme, host, peer->port);
    return auth_fetch_url(url, limits, ret_body);
}

static const struct auth_fetch_limits loopback = {
    .max_bytes = 100, .timeout_ms = 5000, .http_loopback = true};

static void answers_other_than_200_are_failures(void **state) {
    (void)state;
    static const struct {
        const char *answer;
        enum status_code code;
        const char *body;
    } rows[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", STATUS_OK, "{}"},
        {"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{ }", STATUS_OK, "{ }"},
        {"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}", STATUS_UNAVAILABLE, ""},
        {"HTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\n{}", STATUS_UNAVAILABLE, ""},
        {"HTTP/1.1 204 No Content\r\n\r\n", STATUS_UNAVAILABLE, ""},
        {"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n",
         STATUS_UNAVAILABLE, ""},
        {"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{\"cut\":", STATUS_UNAVAILABLE, ""},
        {"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n{}", STATUS_UNAVAILABLE, ""},
        {"nonsense\r\n\r\n", STATUS_UNAVAILABLE, ""},
        {"", STATUS_UNAVAILABLE, ""},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct peer peer = {0};
        struct str body;
        str_init(&body);
        peer_start(&peer, rows[i].answer);
        assert_status(rows[i].answer, fetch(&peer, "http", "127.0.0.1", &loopback, &body),
                      rows[i].code, 0);
        assert_string_equal(body.bytes, rows[i].body);
        /* A redirect is not followed: one connection each. */
        assert_int_equal(atomic_load(&peer.requests), 1);
        peer_stop(&peer);
        str_done(&body);
    }
}

static void an_endless_answer_is_cut_off(void **state) {
    (void)state;
    struct peer peer = {0};
    struct str answer, body;
    str_init(&answer);
    str_init(&body);
    str_append(&answer, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    for (int i = 0; i < 100000; i++)
        str_append(&answer, "0123456789");
    peer_start(&peer, answer.bytes);
    assert_status("long", fetch(&peer, "http", "127.0.0.1", &loopback, &body), STATUS_UNAVAILABLE,
                  0);
    assert_int_equal(body.len_bytes, 0);
    peer_stop(&peer);
    str_done(&answer);
    str_done(&body);
}

static void a_silent_server_costs_no_more_than_the_limit(void **state) {
    (void)state;
    struct peer peer = {.stalls = true};
    struct auth_fetch_limits limits = loopback;
    struct str body;
    str_init(&body);
    limits.timeout_ms = 200;
    peer_start(&peer, "");
    int64_t before_us = clock_monotonic_us(clock_system());
    assert_status("silent", fetch(&peer, "http", "127.0.0.1", &limits, &body), STATUS_UNAVAILABLE,
                  0);
    assert_true(clock_monotonic_us(clock_system()) - before_us < 4000000);
    peer_stop(&peer);
    str_done(&body);
}

/* A certificate for "localhost", signed by itself; its path, to be unlinked. */
static SSL_CTX *tls_of(char path[64]) {
    EVP_PKEY *pkey = test_keys()->pkeys[BY_EC];
    X509 *certificate = X509_new();
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, pkey);
    X509_NAME *name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"localhost", -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    assert_true(X509_sign(certificate, pkey, EVP_sha256()) > 0);

    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
    assert_int_equal(SSL_CTX_use_certificate(tls, certificate), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(tls, pkey), 1);
    (void)snprintf(path, 64, "/tmp/test_auth_ca_XXXXXX");
    int fd = mkstemp(path);
    FILE *file = fdopen(fd, "w");
    assert_int_equal(PEM_write_X509(file, certificate), 1);
    fclose(file);
    X509_free(certificate);
    return tls;
}

static void certificates_are_verified(void **state) {
    (void)state;
    char path[64];
    struct peer peer = {.tls = tls_of(path)};
    struct auth_fetch_limits limits = {.max_bytes = 100, .timeout_ms = 5000};
    struct str body;
    str_init(&body);
    peer_start(&peer, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    assert_status("unknown authority", fetch(&peer, "https", "localhost", &limits, &body),
                  STATUS_UNAVAILABLE, 0);
    limits.ca_file = path;
    assert_status("another name", fetch(&peer, "https", "127.0.0.1", &limits, &body),
                  STATUS_UNAVAILABLE, 0);
    assert_int_equal(body.len_bytes, 0);
    assert_status("known authority", fetch(&peer, "https", "localhost", &limits, &body), STATUS_OK,
                  0);
    assert_string_equal(body.bytes, "{}");
    unlink(path);
    peer_stop(&peer);
    str_done(&body);
}

static int make_keys(void **state) {
    (void)state;
    test_keys();
    return 0;
}

static int drop_keys(void **state) {
    (void)state;
    test_keys_free();
    return 0;
}

int main(void) {
    /* A client that does not trust a peer hangs up on it, and the peer may be writing then. */
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_other_than_200_are_failures),
        cmocka_unit_test(an_endless_answer_is_cut_off),
        cmocka_unit_test(a_silent_server_costs_no_more_than_the_limit),
        cmocka_unit_test(certificates_are_verified),
    };
    return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
