#include "db/pool.h"

#include "base/clock.h"
#include "db/conn.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum {
    FIRST_CONNECT_PAUSE_US = 50000,
    LONGEST_CONNECT_PAUSE_US = 1000000,
};

struct db_pool {
    struct db_options options;
    struct db_conn *conns;
    size_t conn_count;

    /* The lock guards everything below; never held while talking to the server. */
    pthread_mutex_t lock;
    pthread_cond_t freed;
    struct db_conn *free_list; /* used last, first */
    size_t busy;
    size_t open;
    int64_t connect_not_before_us;
    int64_t connect_pause_us; /* 0: the last attempt succeeded */
    struct db_cause connect_failure;
    struct db_pool_figures figures;
};

static void sleep_us(int64_t length_us) {
    struct timespec left = {.tv_sec = length_us / 1000000, .tv_nsec = length_us % 1000000 * 1000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        continue;
}

void db_options_init(struct db_options *options) {
    *options = (struct db_options){
        .port = 3306,
        .connection_count = 8,
        .connect_timeout_s = 3,
        .io_timeout_s = 15,
        .lock_wait_timeout_s = 3,
        .statement_timeout_s = 10,
        .attempts = 6,
        .clock = clock_system(),
        .driver = db_driver_mariadb(),
        .pause = sleep_us,
    };
}

/* Waiting for a connection follows the monotonic clock, so that setting the time moves nothing. */
static bool init_sync(struct db_pool *pool) {
    pthread_condattr_t attributes;
    if (pthread_mutex_init(&pool->lock, NULL) != 0)
        return false;
    if (pthread_condattr_init(&attributes) != 0)
        goto no_condition;
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    int failed = pthread_cond_init(&pool->freed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    if (failed == 0)
        return true;
no_condition:
    (void)pthread_mutex_destroy(&pool->lock);
    return false;
}

struct db_pool *db_pool_new(const struct db_options *options) {
    assert(options->connection_count > 0 && options->attempts > 0);
    struct db_pool *pool = calloc(1, sizeof *pool);
    if (pool == NULL)
        return NULL;
    pool->options = *options;
    pool->conns = calloc(options->connection_count, sizeof *pool->conns);
    if (pool->conns == NULL || !init_sync(pool)) {
        free(pool->conns);
        free(pool);
        return NULL;
    }
    pool->conn_count = options->connection_count;
    uint64_t seed = (uint64_t)clock_wall_us(options->clock) | 1;
    for (size_t i = 0; i < pool->conn_count; i++) {
        struct db_conn *conn = &pool->conns[i];
        conn->pool = pool;
        conn->random = seed * (2 * i + 1);
        conn->next_free = pool->free_list;
        pool->free_list = conn;
    }
    return pool;
}

void db_pool_free(struct db_pool **pool) {
    struct db_pool *gone = *pool;
    if (gone == NULL)
        return;
    assert(gone->busy == 0);
    for (size_t i = 0; i < gone->conn_count; i++)
        db_conn_close(&gone->conns[i]);
    (void)pthread_cond_destroy(&gone->freed);
    (void)pthread_mutex_destroy(&gone->lock);
    free(gone->conns);
    free(gone);
    *pool = NULL;
}

/* The moment on the system's monotonic clock that lies as far ahead as `deadline_us` does on ours.
 */
static struct timespec until(const struct db_pool *pool, int64_t deadline_us) {
    struct timespec moment;
    int64_t left = deadline_us - clock_monotonic_us(pool->options.clock);
    if (left < 0)
        left = 0;
    (void)clock_gettime(CLOCK_MONOTONIC, &moment);
    moment.tv_sec += left / 1000000;
    moment.tv_nsec += left % 1000000 * 1000;
    if (moment.tv_nsec >= 1000000000) {
        moment.tv_sec++;
        moment.tv_nsec -= 1000000000;
    }
    return moment;
}

struct status db_pool_acquire(struct db_pool *pool, int64_t deadline_us,
                              struct db_conn **ret_conn) {
    (void)pthread_mutex_lock(&pool->lock);
    if (pool->free_list == NULL && deadline_us != INT64_MAX) {
        struct timespec moment = until(pool, deadline_us);
        while (pool->free_list == NULL) {
            if (pthread_cond_timedwait(&pool->freed, &pool->lock, &moment) == ETIMEDOUT)
                break;
        }
    }
    while (pool->free_list == NULL && deadline_us == INT64_MAX)
        (void)pthread_cond_wait(&pool->freed, &pool->lock);
    struct db_conn *conn = pool->free_list;
    if (conn != NULL) {
        pool->free_list = conn->next_free;
        pool->busy++;
    }
    (void)pthread_mutex_unlock(&pool->lock);

    if (conn == NULL)
        return status_error(STATUS_RESOURCE_EXHAUSTED, 0, "The server is busy; try again.");
    conn->next_free = NULL;
    *ret_conn = conn;
    return status_ok();
}

void db_pool_release(struct db_pool *pool, struct db_conn **conn) {
    struct db_conn *back = *conn;
    if (back == NULL)
        return;
    assert(back->pool == pool && back->tx.mode == DB_TX_CLOSED);
    (void)pthread_mutex_lock(&pool->lock);
    back->next_free = pool->free_list;
    pool->free_list = back;
    pool->busy--;
    (void)pthread_cond_signal(&pool->freed);
    (void)pthread_mutex_unlock(&pool->lock);
    *conn = NULL;
}

struct status db_pool_ping(struct db_pool *pool, int64_t deadline_us) {
    struct db_conn *conn = NULL;
    struct db_cause cause;
    bool alive = false;

    TRY(db_pool_acquire(pool, deadline_us, &conn));
    /* An idle connection may have been closed by the server: that says nothing about its health. */
    for (int tries = 0; tries < 2 && !alive; tries++) {
        if (!db_conn_open(conn, &cause))
            break;
        alive = conn->link->ops->ping(conn->link, &cause);
        if (!alive) {
            db_pool_count(pool, DB_EVENT_LOST);
            db_conn_close(conn);
        }
    }
    db_pool_release(pool, &conn);
    if (!alive)
        return status_error(STATUS_UNAVAILABLE, 0, "The data store is not reachable.");
    return status_ok();
}

bool db_pool_last_failure(struct db_pool *pool, struct db_cause *ret_cause) {
    (void)pthread_mutex_lock(&pool->lock);
    bool failed = pool->connect_pause_us != 0;
    if (failed)
        *ret_cause = pool->connect_failure;
    (void)pthread_mutex_unlock(&pool->lock);
    return failed;
}

void db_pool_figures(struct db_pool *pool, struct db_pool_figures *ret_figures) {
    (void)pthread_mutex_lock(&pool->lock);
    *ret_figures = pool->figures;
    ret_figures->busy = pool->busy;
    ret_figures->connections = pool->open;
    (void)pthread_mutex_unlock(&pool->lock);
}

const struct clock *db_pool_clock(const struct db_pool *pool) {
    return pool->options.clock;
}

const struct db_options *db_pool_options(const struct db_pool *pool) {
    return &pool->options;
}

void db_pool_count(struct db_pool *pool, enum db_event event) {
    (void)pthread_mutex_lock(&pool->lock);
    switch (event) {
    case DB_EVENT_LOST:
        pool->figures.lost++;
        pool->open--;
        break;
    case DB_EVENT_COMMIT:
        pool->figures.transactions++;
        break;
    case DB_EVENT_RETRY:
        pool->figures.retries++;
        break;
    case DB_EVENT_UNCERTAIN:
        pool->figures.uncertain++;
        break;
    }
    (void)pthread_mutex_unlock(&pool->lock);
}

bool db_pool_may_connect(struct db_pool *pool, struct db_cause *cause) {
    int64_t now = clock_monotonic_us(pool->options.clock);
    (void)pthread_mutex_lock(&pool->lock);
    bool may = pool->connect_pause_us == 0 || now >= pool->connect_not_before_us;
    if (!may)
        *cause = pool->connect_failure;
    else if (pool->connect_pause_us != 0)
        /* One probe at a time while the server is away; the others fail at once. */
        pool->connect_not_before_us = now + LONGEST_CONNECT_PAUSE_US;
    (void)pthread_mutex_unlock(&pool->lock);
    return may;
}

void db_pool_connected(struct db_pool *pool, const struct db_cause *failure) {
    int64_t now = clock_monotonic_us(pool->options.clock);
    (void)pthread_mutex_lock(&pool->lock);
    if (failure == NULL) {
        pool->figures.connects++;
        pool->open++;
        pool->connect_pause_us = 0;
    } else {
        pool->figures.connect_failures++;
        pool->connect_failure = *failure;
        pool->connect_pause_us *= 2;
        if (pool->connect_pause_us == 0)
            pool->connect_pause_us = FIRST_CONNECT_PAUSE_US;
        if (pool->connect_pause_us > LONGEST_CONNECT_PAUSE_US)
            pool->connect_pause_us = LONGEST_CONNECT_PAUSE_US;
        pool->connect_not_before_us = now + pool->connect_pause_us;
    }
    (void)pthread_mutex_unlock(&pool->lock);
}
