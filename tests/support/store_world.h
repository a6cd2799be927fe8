/*
 * A migrated database with tenants, users and conversations, for tests of the store.
 *
 *     STORE_TEST(a_seat_is_counted) {
 *         struct uuid id = world_conversation(w, tx, w->host);
 *         MUST(store_conversation_add_seats(tx, w->tenant, &id, 1, 0));
 *         ...
 *     }
 *     int main(void) {
 *         const struct CMUnitTest tests[] = {cmocka_unit_test(a_seat_is_counted)};
 *         return cmocka_run_group_tests(tests, world_start, world_stop);
 *     }
 *
 * Each test runs in one transaction, which is committed, with a tenant of its own.
 *
 * Thread-safety: one thread, but for world_uuid().
 */
#ifndef SUPPORT_STORE_WORLD_H
#define SUPPORT_STORE_WORLD_H

#include "support/cmocka.h"

#include "base/arena.h"
#include "base/uuid.h"
#include "db/pool.h"
#include "db/statement.h"
#include "db/tx.h"
#include "domain/settings.h"
#include "store/conversation.h"
#include "support/mariadb.h"

#include <stdbool.h>
#include <string.h>

/* 2026-03-01T00:00:00Z: the present of the tests. */
#define WORLD_NOW_US INT64_C(1772323200000000)

struct world {
    struct test_mariadb *server;
    struct db_pool *pool;
    struct arena arena;
    struct uuid_generator ids;
    char tenant[32];
    char stranger[32]; /* another tenant */
    struct uuid host;
    struct uuid student;
    struct uuid other;
    int number; /* of the test */
};

int world_start(void **state);
int world_stop(void **state);

typedef struct status world_run_fn(struct db_tx *tx, struct world *w);
void world_test(struct world *w, world_run_fn *run);

/* For what has to be committed, or to be seen by several. */
void world_transaction(struct world *w, world_run_fn *fn);

struct uuid world_uuid(struct world *w);
struct uuid world_user(struct world *w, struct db_tx *tx, const char *tenant, const char *subject);

/* A public free GROUP in English at level B1, in an hour, for an hour, with 8 seats. */
struct store_conversation world_draft(struct world *w, struct uuid host);
struct uuid world_insert(struct world *w, struct db_tx *tx, const struct store_conversation *draft);
struct uuid world_conversation(struct world *w, struct db_tx *tx, struct uuid host);

bool world_same(struct uuid a, struct uuid b);

/* Runs one statement without parameters; the number in the first column of its first row. */
int64_t world_number(struct db_tx *tx, const struct db_sql *sql, const struct db_value *values,
                     size_t count);

/* Fails the test with the database's own words unless the status has the code. */
void world_expect(struct db_tx *tx, struct status s, int32_t code, int32_t reason, bool any_reason,
                  const char *text, const char *file, int line);
#define MUST(call) world_expect(tx, (call), STATUS_OK, 0, true, #call, __FILE__, __LINE__)
#define REFUSED(call, code, reason)                                                                \
    world_expect(tx, (call), (code), (reason), false, #call, __FILE__, __LINE__)

#define STORE_TEST(name)                                                                           \
    static struct status name##_run(struct db_tx *tx, struct world *w);                            \
    static void name(void **state) {                                                               \
        world_test(*state, name##_run);                                                            \
    }                                                                                              \
    static struct status name##_run(struct db_tx *tx, struct world *w)

#endif
