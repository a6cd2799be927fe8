/*
 * liveconvd as a process of its own, for tests: started with settings, watched by its log.
 *
 *     struct daemon d;
 *     daemon_start(&d, (const char *const[]){"LIVECONVD_SERVER_DEVELOPMENT=yes", NULL});
 *     daemon_wait(&d, "ready");
 *     ... daemon_field(&d, "port") ...
 *     daemon_signal(&d, SIGTERM);
 *     assert_int_equal(daemon_end(&d), 0);
 *
 * Failures and waits of more than 30 s end the test program with the log so far.
 */
#ifndef APP_TEST_DAEMON_H
#define APP_TEST_DAEMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct daemon {
    pid_t pid;
    int log;           /* reading end */
    char text[262144]; /* all of the log so far, terminated */
    size_t len;
    size_t seen;     /* up to here daemon_wait() has read */
    char line[4096]; /* the one that daemon_wait() found */
};

/* `environment`: "LIVECONVD_...=...", ended by NULL, over that of the test. Serves on free ports of
 * loopback unless it says otherwise. */
void daemon_start(struct daemon *d, const char *const *environment);
/* The next log line of this event; it stays in d->line. */
void daemon_wait(struct daemon *d, const char *event);
/* A number in d->line. */
int64_t daemon_field(const struct daemon *d, const char *key);
void daemon_signal(const struct daemon *d, int number);
/* Waits for its end. The exit code; 128 + number when a signal ended it. */
int daemon_end(struct daemon *d);
/* For teardowns: kills it if it still runs. */
void daemon_kill(struct daemon *d);

/* Runs liveconvd to its end: both outputs into `ret_output`; the exit code. */
int daemon_run(const char *const *arguments, const char *const *environment, char *ret_output,
               size_t capacity);

/* One HTTP/1.1 request to loopback; the whole answer into `ret_answer`. The status; 0: no answer.
 */
int http_ask(int port, const char *method, const char *path, char *ret_answer, size_t capacity);

#endif
