#include "base/log.h"

#include "base/clock.h"
#include "base/str.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct log {
    int fd;
    enum log_level least;
    const struct clock *clock;
    bool may_block;       /* a pipe, socket or terminal: its reader may be slow */
    pthread_mutex_t lock; /* from the look at such a descriptor to the end of the write */
    _Atomic uint64_t lost_lines;
};

static const char *const level_names[] = {
    [LOG_DEBUG] = "debug",
    [LOG_INFO] = "info",
    [LOG_WARNING] = "warning",
    [LOG_ERROR] = "error",
};

enum { LEVEL_COUNT = sizeof level_names / sizeof level_names[0] };

struct log *log_new(int fd, enum log_level least, const struct clock *clock) {
    struct log *log = malloc(sizeof *log);
    if (!log)
        return NULL;
    struct stat kind;
    log->fd = fd;
    log->least = least;
    log->clock = clock;
    log->may_block = fstat(fd, &kind) == 0 && !S_ISREG(kind.st_mode);
    pthread_mutex_init(&log->lock, NULL);
    atomic_init(&log->lost_lines, 0);
    return log;
}

void log_free(struct log **log) {
    if (!*log)
        return;
    pthread_mutex_destroy(&(*log)->lock);
    free(*log);
    *log = NULL;
}

bool log_enabled(const struct log *log, enum log_level level) {
    return log && level >= log->least;
}

uint64_t log_lost_lines(const struct log *log) {
    return log ? atomic_load(&log->lost_lines) : 0;
}

bool log_level_parse(const char *name, enum log_level *ret_level) {
    for (size_t i = 0; name && i < LEVEL_COUNT; i++) {
        if (strcmp(name, level_names[i]) == 0) {
            *ret_level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

static void append_time(struct str *line, int64_t wall_us) {
    int64_t seconds = wall_us / 1000000, fraction = wall_us % 1000000;
    if (fraction < 0) {
        fraction += 1000000;
        seconds--;
    }
    time_t at = (time_t)seconds;
    struct tm utc;
    if (!gmtime_r(&at, &utc))
        memset(&utc, 0, sizeof utc);
    str_printf(line, "%04d-%02d-%02dT%02d:%02d:%02d.%06" PRId64 "Z", utc.tm_year + 1900,
               utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, fraction);
}

static void append_string(struct str *line, const char *text) {
    if (!text) {
        str_append(line, "null");
        return;
    }
    str_append_char(line, '"');
    str_append_json(line, text, strlen(text));
    str_append_char(line, '"');
}

static void append_real(struct str *line, double real) {
    if (isfinite(real))
        str_printf(line, "%.15g", real);
    else
        str_append(line, "null"); /* JSON has no infinity and no NaN */
}

static void append_field(struct str *line, const struct log_field *field) {
    str_append_char(line, ',');
    append_string(line, field->key ? field->key : "");
    str_append_char(line, ':');
    switch (field->kind) {
    case LOG_FIELD_STR:
        append_string(line, field->value.text);
        break;
    case LOG_FIELD_INT:
        str_printf(line, "%" PRId64, field->value.number);
        break;
    case LOG_FIELD_REAL:
        append_real(line, field->value.real);
        break;
    case LOG_FIELD_BOOL:
        str_append(line, field->value.flag ? "true" : "false");
        break;
    }
}

/* Nothing is tried again but an interrupted call: a slow reader must not stop the server. */
static bool write_line(int fd, const struct str *line) {
    ssize_t written;
    do {
        written = write(fd, line->bytes, line->len_bytes);
    } while (written < 0 && errno == EINTR);
    if (written <= 0 || (size_t)written == line->len_bytes)
        return written > 0;
    /* Cut short (disk full): end what is there, so that the next line is one by itself. */
    ssize_t ended = write(fd, "\n", 1);
    (void)ended;
    return false;
}

/*
 * A descriptor that others share cannot be made non-blocking behind their backs, so a pipe is asked
 * first: it is writable when a line of up to PIPE_BUF bytes goes in without waiting.
 */
static bool write_if_writable(struct log *log, const struct str *line) {
    struct pollfd wanted = {.fd = log->fd, .events = POLLOUT};
    pthread_mutex_lock(&log->lock);
    bool done = poll(&wanted, 1, 0) == 1 && (wanted.revents & POLLOUT) && write_line(log->fd, line);
    pthread_mutex_unlock(&log->lock);
    return done;
}

void log_write(struct log *log, enum log_level level, const char *event,
               const struct log_field *fields, size_t field_count) {
    if (!log_enabled(log, level) || (size_t)level >= LEVEL_COUNT)
        return;
    int kept_errno = errno; /* logging an error does not change it */
    struct str line;
    str_init(&line);
    str_append(&line, "{\"time\":\"");
    append_time(&line, clock_wall_us(log->clock));
    str_printf(&line, "\",\"level\":\"%s\",\"event\":", level_names[level]);
    append_string(&line, event);
    for (size_t i = 0; i < field_count; i++)
        append_field(&line, &fields[i]);
    str_append(&line, "}\n");
    bool done = !line.failed;
    if (done)
        done = log->may_block ? write_if_writable(log, &line) : write_line(log->fd, &line);
    if (!done)
        atomic_fetch_add(&log->lost_lines, 1);
    str_done(&line);
    errno = kept_errno;
}
