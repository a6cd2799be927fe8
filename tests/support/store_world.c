#include "support/store_world.h"

#include "base/clock.h"
#include "db/migrate.h"
#include "store/tenant.h"
#include "store/user.h"

#include <stdio.h>
#include <stdlib.h>

enum { ARENA_BYTES = 64 << 20 };

int world_start(void **state) {
    struct world *w = calloc(1, sizeof *w);
    if (w == NULL)
        return 1;
    struct db_options options;
    struct db_schema_report report;
    size_t count = 0;

    w->server = test_mariadb_start();
    test_mariadb_create_database(w->server, "store");
    test_mariadb_options(w->server, "store", &options);
    options.connection_count = 32;
    const struct db_migration *migrations = db_schema_migrations(&count);
    if (!status_is_ok(db_migrate(&options, migrations, count, &report))) {
        print_error("%s\n%s\n", report.message, report.cause.text);
        return 1;
    }
    w->pool = db_pool_new(&options);
    uuid_generator_init(&w->ids, clock_system());
    arena_init(&w->arena, ARENA_BYTES);
    *state = w;
    return w->pool == NULL;
}

int world_stop(void **state) {
    struct world *w = *state;
    db_pool_free(&w->pool);
    test_mariadb_stop(&w->server);
    arena_done(&w->arena);
    free(w);
    return 0;
}

struct uuid world_uuid(struct world *w) {
    struct uuid id;
    assert_true(uuid_v7(&w->ids, &id));
    return id;
}

void world_expect(struct db_tx *tx, struct status s, int32_t code, int32_t reason, bool any_reason,
                  const char *text, const char *file, int line) {
    if (s.code == code && (any_reason || s.reason == reason))
        return;
    const struct db_cause *cause = db_tx_cause(tx);
    print_error("%s\n  is %s (reason %d): %s\n", text, status_code_name(s.code), (int)s.reason,
                s.detail != NULL ? s.detail : "");
    if (cause->number != 0)
        print_error("  %u %s\n  %s\n", cause->number, cause->text, cause->sql);
    _fail(file, line);
}

struct run {
    struct world *w;
    world_run_fn *run;
};

static struct status run_once(struct db_tx *tx, void *context) {
    struct run *run = context;
    return run->run(tx, run->w);
}

void world_transaction(struct world *w, world_run_fn *fn) {
    struct run run = {w, fn};
    struct db_report report;
    struct status s = db_transaction(w->pool, INT64_MAX, run_once, &run, &report);
    if (!status_is_ok(s))
        print_error("%s: %u %s\n", status_code_name(s.code), report.cause.number,
                    report.cause.text);
    assert_true(status_is_ok(s));
}

static struct status furnish(struct db_tx *tx, struct world *w) {
    MUST(store_tenant_ensure(tx, w->tenant, "Tenant", "Europe/Paris"));
    MUST(store_tenant_ensure(tx, w->stranger, "Stranger", "UTC"));
    w->host = world_user(w, tx, w->tenant, "host");
    w->student = world_user(w, tx, w->tenant, "student");
    w->other = world_user(w, tx, w->tenant, "other");
    return status_ok();
}

void world_test(struct world *w, world_run_fn *run) {
    arena_reset(&w->arena);
    w->number++;
    (void)snprintf(w->tenant, sizeof w->tenant, "tenant-%d", w->number);
    (void)snprintf(w->stranger, sizeof w->stranger, "stranger-%d", w->number);
    world_transaction(w, furnish);
    world_transaction(w, run);
}

struct uuid world_user(struct world *w, struct db_tx *tx, const char *tenant, const char *subject) {
    struct store_user user;
    enum store_user_change change;
    struct store_user_facts facts = {
        .new_id = world_uuid(w),
        .subject = subject,
        .display_name = subject,
        .picture_url = "https://example.org/p.png",
        .roles = DOMAIN_ROLE_STUDENT,
        .now_us = WORLD_NOW_US,
    };
    MUST(store_user_upsert(tx, &w->arena, tenant, &facts, &user, &change));
    return user.id;
}

struct store_conversation world_draft(struct world *w, struct uuid host) {
    return (struct store_conversation){
        .id = world_uuid(w),
        .title = "Talk",
        .description = "",
        .type = DOMAIN_TYPE_GROUP,
        .language = "en",
        .level = DOMAIN_LEVEL_B1,
        .start_us = WORLD_NOW_US + DOMAIN_HOUR_US,
        .end_us = WORLD_NOW_US + 2 * DOMAIN_HOUR_US,
        .time_zone = "UTC",
        .max_participants = 8,
        .visibility = DOMAIN_VISIBILITY_PUBLIC,
        .host.id = host,
        .created_at_us = WORLD_NOW_US,
    };
}

struct uuid world_insert(struct world *w, struct db_tx *tx,
                         const struct store_conversation *draft) {
    struct store_topic log;
    MUST(store_conversation_insert(tx, w->tenant, draft, &log));
    return draft->id;
}

struct uuid world_conversation(struct world *w, struct db_tx *tx, struct uuid host) {
    struct store_conversation draft = world_draft(w, host);
    return world_insert(w, tx, &draft);
}

bool world_same(struct uuid a, struct uuid b) {
    return memcmp(&a, &b, sizeof a) == 0;
}

int64_t world_number(struct db_tx *tx, const struct db_sql *sql, const struct db_value *values,
                     size_t count) {
    int64_t number = -1;
    bool found = false;
    MUST(db_query_row(tx, sql, values, count, NULL, DB_INTO(db_into_int64(&number)), &found));
    assert_true(found);
    return number;
}
