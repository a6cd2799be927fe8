/*
 * Structured logging: one JSON object a line.
 *
 *     {"time":"2026-01-31T10:20:30.123456Z","level":"info","event":"server started","port":8443}
 *
 * Libraries do not log; the edges (service, app, the runtime's access log) do. Secrets, tokens and
 * message text never go into a field. A line is written with one write(2), so lines of several
 * threads do not mix; a line that cannot be written (disk full, a pipe whose reader lags) is
 * counted, never waited for. Only a line longer than PIPE_BUF (4096) may wait for such a reader.
 *
 * Thread-safety: a logger may be used from any thread.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct clock;
struct log;

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

enum log_field_kind { LOG_FIELD_STR, LOG_FIELD_INT, LOG_FIELD_REAL, LOG_FIELD_BOOL };

struct log_field {
    const char *key;
    enum log_field_kind kind;
    union {
        const char *text; /* NULL is written as null; escaped; invalid UTF-8 is replaced */
        int64_t number;
        double real;
        bool flag;
    } value;
};

#define LOG_STR(k, v) ((struct log_field){.key = (k), .kind = LOG_FIELD_STR, .value.text = (v)})
#define LOG_INT(k, v)                                                                              \
    ((struct log_field){.key = (k), .kind = LOG_FIELD_INT, .value.number = (int64_t)(v)})
#define LOG_REAL(k, v) ((struct log_field){.key = (k), .kind = LOG_FIELD_REAL, .value.real = (v)})
#define LOG_BOOL(k, v) ((struct log_field){.key = (k), .kind = LOG_FIELD_BOOL, .value.flag = (v)})

/* Writes to the file descriptor, which stays the caller's. NULL when out of memory. */
struct log *log_new(int fd, enum log_level least, const struct clock *clock);
void log_free(struct log **log);

/* True when a line of this level would be written: spares building expensive fields. */
bool log_enabled(const struct log *log, enum log_level level);

/* `log` may be NULL: nothing happens. */
void log_write(struct log *log, enum log_level level, const char *event,
               const struct log_field *fields, size_t field_count);

/* Lines that could not be written since the start. */
uint64_t log_lost_lines(const struct log *log);

/* "debug", "info", "warning", "error"; false for anything else, leaving *ret_level alone. */
bool log_level_parse(const char *name, enum log_level *ret_level);

/* log_event(log, LOG_INFO, "server started", LOG_INT("port", port)); at least one field. */
#define log_event(log, level, event, ...)                                                          \
    log_write((log), (level), (event), (const struct log_field[]){__VA_ARGS__},                    \
              sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))

#ifdef __cplusplus
}
#endif

#endif
