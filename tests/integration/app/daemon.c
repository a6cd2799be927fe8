#include "daemon.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The program under test. */
#ifndef TEST_LIVECONVD
#error "TEST_LIVECONVD is defined by CMakeLists.txt"
#endif

enum { PATIENCE_MS = 30000, VARIABLES = 256 };

static _Noreturn void give_up(const struct daemon *d, const char *what) {
    (void)fprintf(stderr, "daemon: %s\n%s\n", what, d == NULL ? "" : d->text);
    if (d != NULL && d->pid > 0)
        (void)kill(d->pid, SIGKILL);
    exit(70);
}

static int64_t now_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The child: never returns. Dies with the thread that started it. */
static void become(const char *const *arguments, const char *const *environment, int out,
                   pid_t parent) {
    const char *all[VARIABLES];
    const char *words[16] = {TEST_LIVECONVD};
    size_t count = 0;
    sigset_t none;
    for (size_t i = 0; environ[i] != NULL && count < VARIABLES / 2; i++)
        all[count++] = environ[i];
    for (size_t i = 0; environment[i] != NULL && count < VARIABLES - 1; i++)
        all[count++] = environment[i];
    all[count] = NULL;
    for (size_t i = 0; arguments[i] != NULL && i < 14; i++)
        words[i + 1] = arguments[i];
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    if (getppid() != parent || dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0)
        _exit(70);
    (void)execve(TEST_LIVECONVD, (char *const *)words, (char *const *)all);
    _exit(71);
}

static pid_t spawn(const char *const *arguments, const char *const *environment, int *ret_out) {
    int ends[2];
    pid_t parent = getpid();
    if (pipe2(ends, O_CLOEXEC) != 0)
        give_up(NULL, "pipe");
    pid_t pid = fork();
    if (pid < 0)
        give_up(NULL, "fork");
    if (pid == 0)
        become(arguments, environment, ends[1], parent);
    (void)close(ends[1]);
    *ret_out = ends[0];
    return pid;
}

void daemon_start(struct daemon *d, const char *const *environment) {
    static const char *const defaults[] = {"LIVECONVD_SERVER_ADDRESS=127.0.0.1:0",
                                           "LIVECONVD_SIDE_PORT=0", "LIVECONVD_SERVER_WORKERS=2",
                                           "LIVECONVD_SCHEDULE_READY_EVERY=100ms"};
    static const char *const nothing[] = {NULL};
    const char *all[64];
    size_t count = 0;
    for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++) {
        size_t name_len = strcspn(defaults[i], "=") + 1;
        size_t k = 0;
        while (environment[k] != NULL && strncmp(environment[k], defaults[i], name_len) != 0)
            k++;
        if (environment[k] == NULL)
            all[count++] = defaults[i];
    }
    for (size_t i = 0; environment[i] != NULL && count < 63; i++)
        all[count++] = environment[i];
    all[count] = NULL;
    memset(d, 0, sizeof *d);
    d->pid = spawn(nothing, all, &d->log);
}

/* True when more of the log came; false at its end. */
static bool read_more(struct daemon *d, int64_t until_ms) {
    struct pollfd wait = {.fd = d->log, .events = POLLIN};
    int64_t left_ms = until_ms - now_ms();
    if (left_ms <= 0 || poll(&wait, 1, (int)left_ms) <= 0)
        give_up(d, "waited too long");
    ssize_t got = read(d->log, d->text + d->len, sizeof d->text - d->len - 1);
    if (got <= 0)
        return false;
    d->len += (size_t)got;
    d->text[d->len] = '\0';
    return true;
}

/* Takes the next complete line into d->line. */
static bool next_line(struct daemon *d) {
    const char *begin = d->text + d->seen;
    const char *end = strchr(begin, '\n');
    if (end == NULL)
        return false;
    size_t len = (size_t)(end - begin);
    if (len >= sizeof d->line)
        len = sizeof d->line - 1;
    memcpy(d->line, begin, len);
    d->line[len] = '\0';
    d->seen = (size_t)(end + 1 - d->text);
    return true;
}

void daemon_wait(struct daemon *d, const char *event) {
    char what[128];
    int64_t until_ms = now_ms() + PATIENCE_MS;
    (void)snprintf(what, sizeof what, "\"event\":\"%s\"", event);
    for (;;) {
        while (next_line(d)) {
            if (strstr(d->line, what) != NULL)
                return;
        }
        if (!read_more(d, until_ms))
            give_up(d, "it ended without the expected event");
    }
}

int64_t daemon_field(const struct daemon *d, const char *key) {
    char what[64];
    (void)snprintf(what, sizeof what, "\"%s\":", key);
    const char *at = strstr(d->line, what);
    if (at == NULL)
        give_up(d, "the line has no such field");
    return strtoll(at + strlen(what), NULL, 10);
}

void daemon_signal(const struct daemon *d, int number) {
    if (kill(d->pid, number) != 0)
        give_up(d, "it is not there any more");
}

static int reap(struct daemon *d) {
    int status;
    while (waitpid(d->pid, &status, 0) < 0) {
        if (errno != EINTR)
            give_up(d, "waitpid");
    }
    d->pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int daemon_end(struct daemon *d) {
    int64_t until_ms = now_ms() + PATIENCE_MS;
    while (read_more(d, until_ms))
        continue;
    (void)close(d->log);
    return reap(d);
}

void daemon_kill(struct daemon *d) {
    if (d->pid <= 0)
        return;
    (void)kill(d->pid, SIGKILL);
    (void)close(d->log);
    (void)reap(d);
}

int daemon_run(const char *const *arguments, const char *const *environment, char *ret_output,
               size_t capacity) {
    struct daemon d = {.pid = 0};
    d.pid = spawn(arguments, environment, &d.log);
    int code = daemon_end(&d);
    (void)snprintf(ret_output, capacity, "%s", d.text);
    return code;
}

int http_ask(int port, const char *method, const char *path, char *ret_answer, size_t capacity) {
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct timeval patience = {.tv_sec = 10};
    char request[256];
    size_t len = 0;
    int status = 0;
    ssize_t got;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ret_answer[0] = '\0';
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        (void)close(fd);
        return 0;
    }
    int request_len =
        snprintf(request, sizeof request,
                 "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", method, path);
    if (write(fd, request, (size_t)request_len) == request_len) {
        while (len + 1 < capacity && (got = read(fd, ret_answer + len, capacity - len - 1)) > 0)
            len += (size_t)got;
        ret_answer[len] = '\0';
        if (strncmp(ret_answer, "HTTP/1.1 ", 9) == 0)
            status = (int)strtol(ret_answer + 9, NULL, 10);
    }
    (void)close(fd);
    return status;
}
