#include "support/db_fault.h"

#include "db/statement.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct fault_handle {
    struct db_handle *real;
    const struct db_sql *sql;
    struct fault_handle *next;
};

struct fault_link {
    struct db_link base;
    struct db_fault *fault;
    struct db_link *real;
    struct fault_handle *handles;
    bool dead;
};

static struct fault_link *link_of(struct db_link *link) {
    return (struct fault_link *)link;
}

static struct fault_handle *handle_of(struct db_handle *handle) {
    return (struct fault_handle *)handle;
}

/* The rule that this statement meets, if any; it is used up by that. */
static bool meet(struct db_fault *fault, const char *text, struct db_fault_rule *ret_rule) {
    bool met = false;
    (void)pthread_mutex_lock(&fault->lock);
    fault->statements++;
    for (size_t i = 0; i < fault->rule_count && !met; i++) {
        struct db_fault_rule *rule = &fault->rules[i];
        if (rule->times == 0 ||
            (rule->match != NULL && strncmp(text, rule->match, strlen(rule->match)) != 0))
            continue;
        if (rule->skip > 0) {
            rule->skip--;
            continue;
        }
        rule->times--;
        fault->hits++;
        *ret_rule = *rule;
        met = true;
    }
    (void)pthread_mutex_unlock(&fault->lock);
    return met;
}

static bool lost(struct fault_link *self, const char *text, unsigned int number,
                 struct db_cause *cause) {
    self->real->ops->sever(self->real);
    self->dead = true;
    db_cause_set(cause, number, "HY000", text, "connection lost by a test");
    return false;
}

static bool fail(struct fault_link *self, const struct db_fault_rule *rule, const char *text,
                 struct db_cause *cause) {
    struct db_cause ignored;
    db_cause_set(cause, rule->number, "HY000", text, "failed by a test");
    if (db_cause_class(cause) == DB_CAUSE_LOST)
        return lost(self, text, rule->number, cause);
    /* A deadlock's victim has lost its transaction. */
    if (rule->number == DB_ERROR_DEADLOCK)
        (void)self->real->ops->run(self->real, "ROLLBACK", &ignored);
    return false;
}

enum course { COURSE_RUN, COURSE_RUN_THEN_LOSE, COURSE_FAILED };

static enum course decide(struct fault_link *self, const char *text, struct db_cause *cause) {
    struct db_fault_rule rule;
    if (self->dead) {
        db_cause_set(cause, DB_ERROR_SERVER_GONE, "HY000", text, "the link is dead");
        return COURSE_FAILED;
    }
    if (!meet(self->fault, text, &rule))
        return COURSE_RUN;
    switch (rule.kind) {
    case DB_FAULT_ERROR:
        (void)fail(self, &rule, text, cause);
        return COURSE_FAILED;
    case DB_FAULT_DROP_BEFORE:
        /* Cut, and then tried: the error is the library's own. */
        self->real->ops->sever(self->real);
        return COURSE_RUN;
    case DB_FAULT_DROP_AFTER:
        return COURSE_RUN_THEN_LOSE;
    case DB_FAULT_DELAY:
        (void)nanosleep(&(struct timespec){.tv_sec = rule.delay_us / 1000000,
                                           .tv_nsec = rule.delay_us % 1000000 * 1000},
                        NULL);
        break;
    }
    return COURSE_RUN;
}

static bool run(struct db_link *link, const char *text, struct db_cause *cause) {
    struct fault_link *self = link_of(link);
    enum course course = decide(self, text, cause);
    if (course == COURSE_FAILED || !self->real->ops->run(self->real, text, cause))
        return false;
    return course == COURSE_RUN || lost(self, text, DB_ERROR_SERVER_LOST, cause);
}

static struct db_handle *prepare(struct db_link *link, const struct db_sql *sql,
                                 struct db_cause *cause) {
    struct fault_link *self = link_of(link);
    if (self->dead) {
        db_cause_set(cause, DB_ERROR_SERVER_GONE, "HY000", sql->text, "the link is dead");
        return NULL;
    }
    struct db_handle *real = self->real->ops->prepare(self->real, sql, cause);
    if (real == NULL)
        return NULL;
    struct fault_handle *handle = calloc(1, sizeof *handle);
    if (handle == NULL)
        abort();
    *handle = (struct fault_handle){.real = real, .sql = sql, .next = self->handles};
    self->handles = handle;
    return (struct db_handle *)handle;
}

static bool execute(struct db_link *link, struct db_handle *handle, const struct db_value *values,
                    size_t columns, size_t rows, struct db_effect *ret_effect,
                    struct db_cause *cause) {
    struct fault_link *self = link_of(link);
    const char *text = handle_of(handle)->sql->text;
    struct db_effect effect;
    enum course course = decide(self, text, cause);
    if (course == COURSE_FAILED || !self->real->ops->execute(self->real, handle_of(handle)->real,
                                                             values, columns, rows, &effect, cause))
        return false;
    if (course == COURSE_RUN_THEN_LOSE) {
        if (effect.has_rows)
            self->real->ops->finish(self->real, handle_of(handle)->real);
        return lost(self, text, DB_ERROR_SERVER_LOST, cause);
    }
    *ret_effect = effect;
    return true;
}

static int next(struct db_link *link, struct db_handle *handle, struct db_cause *cause) {
    struct fault_link *self = link_of(link);
    return self->real->ops->next(self->real, handle_of(handle)->real, cause);
}

static bool read_row(struct db_link *link, struct db_handle *handle, struct arena *arena,
                     const struct db_into *into, size_t count, struct db_cause *cause) {
    struct fault_link *self = link_of(link);
    return self->real->ops->read(self->real, handle_of(handle)->real, arena, into, count, cause);
}

static void finish(struct db_link *link, struct db_handle *handle) {
    struct fault_link *self = link_of(link);
    self->real->ops->finish(self->real, handle_of(handle)->real);
}

static bool ping(struct db_link *link, struct db_cause *cause) {
    struct fault_link *self = link_of(link);
    return decide(self, "ping", cause) == COURSE_RUN && self->real->ops->ping(self->real, cause);
}

static uint64_t id(const struct db_link *link) {
    const struct fault_link *self = (const struct fault_link *)link;
    return self->real->ops->id(self->real);
}

static void sever(struct db_link *link) {
    struct fault_link *self = link_of(link);
    self->real->ops->sever(self->real);
}

static void close_link(struct db_link *link) {
    struct fault_link *self = link_of(link);
    while (self->handles != NULL) {
        struct fault_handle *handle = self->handles;
        self->handles = handle->next;
        free(handle);
    }
    self->real->ops->close(self->real);
    free(self);
}

static struct db_link *connect_link(const struct db_driver *driver,
                                    const struct db_options *options, struct db_cause *cause) {
    static const struct db_link_ops ops = {
        .run = run,
        .prepare = prepare,
        .execute = execute,
        .next = next,
        .read = read_row,
        .finish = finish,
        .ping = ping,
        .id = id,
        .sever = sever,
        .close = close_link,
    };
    /* The driver is const to its users; the counters are the test's. */
    struct db_fault *fault = (struct db_fault *)(uintptr_t)driver;
    (void)pthread_mutex_lock(&fault->lock);
    bool refuse = fault->refuse_connects > 0;
    if (refuse)
        fault->refuse_connects--;
    (void)pthread_mutex_unlock(&fault->lock);
    if (refuse) {
        db_cause_set(cause, 2002, "HY000", "connect", "refused by a test");
        return NULL;
    }
    struct db_link *real = fault->real->connect(fault->real, options, cause);
    if (real == NULL)
        return NULL;
    struct fault_link *self = calloc(1, sizeof *self);
    if (self == NULL)
        abort();
    *self = (struct fault_link){.base = {.ops = &ops}, .fault = fault, .real = real};
    return &self->base;
}

void db_fault_init(struct db_fault *fault, const struct db_driver *real) {
    *fault = (struct db_fault){.base = {.connect = connect_link}, .real = real};
    (void)pthread_mutex_init(&fault->lock, NULL);
}

void db_fault_done(struct db_fault *fault) {
    (void)pthread_mutex_destroy(&fault->lock);
}

void db_fault_add(struct db_fault *fault, struct db_fault_rule rule) {
    (void)pthread_mutex_lock(&fault->lock);
    if (fault->rule_count == DB_FAULT_RULES)
        abort();
    if (rule.times == 0)
        rule.times = 1;
    fault->rules[fault->rule_count++] = rule;
    (void)pthread_mutex_unlock(&fault->lock);
}

void db_fault_clear(struct db_fault *fault) {
    (void)pthread_mutex_lock(&fault->lock);
    fault->rule_count = 0;
    fault->refuse_connects = 0;
    fault->statements = 0;
    fault->hits = 0;
    (void)pthread_mutex_unlock(&fault->lock);
}

void db_fault_refuse_connects(struct db_fault *fault, unsigned int times) {
    (void)pthread_mutex_lock(&fault->lock);
    fault->refuse_connects = times;
    (void)pthread_mutex_unlock(&fault->lock);
}

unsigned int db_fault_hits(struct db_fault *fault) {
    (void)pthread_mutex_lock(&fault->lock);
    unsigned int hits = fault->hits;
    (void)pthread_mutex_unlock(&fault->lock);
    return hits;
}

unsigned int db_fault_statements(struct db_fault *fault) {
    (void)pthread_mutex_lock(&fault->lock);
    unsigned int statements = fault->statements;
    (void)pthread_mutex_unlock(&fault->lock);
    return statements;
}
