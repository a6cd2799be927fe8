/* How the server runs the lists: never by reading everything, and the unsearched list unsorted. */
#include "support/store_world.h"

#include "store/statements.h"

#include <stdio.h>

/* 2026-01-02: in the midst of the conversations. */
#define MIDST_US INT64_C(1767312000000000)

static const struct db_sql fill_users = {
    "INSERT INTO users (tenant_id, id, subject) SELECT ?, UUID(), CONCAT('u', seq)"
    " FROM seq_1_to_200"};
/* One in ten is open; the languages are spread. */
static const struct db_sql fill_conversations = {
    "INSERT INTO live_conversations (tenant_id, id, title, conversationType, language, level,"
    " startTime, endTime, hostId, eventEpoch, status)"
    " SELECT ?, UUID(), 'x', 'GROUP', ELT(1 + seq % 20, 'en', 'de', 'fr', 'es', 'it', 'ja', 'ko',"
    " 'zh', 'ar', 'ru', 'pt', 'pt-BR', 'nl', 'sv', 'da', 'fi', 'pl', 'cs', 'tr', 'el'),"
    " ELT(1 + seq % 6, 'A1', 'A2', 'B1', 'B2', 'C1', 'C2'), '2026-01-01' + INTERVAL seq MINUTE,"
    " '2026-01-01' + INTERVAL seq + 60 MINUTE,"
    " (SELECT id FROM users WHERE tenant_id = ? AND subject = CONCAT('u', 1 + seq % 200)), 1,"
    " IF(seq % 10 = 0, 'SCHEDULED', 'COMPLETED') FROM seq_1_to_4000"};
static const struct db_sql fill_bookings = {
    "INSERT INTO live_conversation_bookings (tenant_id, id, conversationId, userId, startTime)"
    " SELECT c.tenant_id, UUID(), c.id, u.id, c.startTime FROM live_conversations c"
    " JOIN users u ON u.tenant_id = c.tenant_id AND CRC32(CONCAT(u.id, c.id)) % 100 = 0"
    " WHERE c.tenant_id = ?"};
static const struct db_sql fill_participants = {
    "INSERT INTO live_conversation_participants (tenant_id, id, conversationId, userId, status)"
    " SELECT tenant_id, UUID(), conversationId, userId, 'LEFT' FROM live_conversation_bookings"
    " WHERE tenant_id = ? LIMIT 3000"};
static const struct db_sql fill_messages = {
    "INSERT INTO live_conversation_messages (tenant_id, id, conversationId, senderId, content,"
    " language, sequence) SELECT p.tenant_id, UUID(), p.conversationId, p.userId, 'x', 'en',"
    " ROW_NUMBER() OVER (PARTITION BY p.conversationId) FROM live_conversation_participants p"
    " JOIN seq_1_to_3 WHERE p.tenant_id = ?"};
static const struct db_sql fill_terms = {
    "INSERT INTO conversation_terms (tenant_id, term, conversationId, openStart)"
    " SELECT tenant_id, t.term, id, IF(isOpen, startTime, NULL) FROM live_conversations"
    " JOIN (SELECT 'common' AS term UNION SELECT 'usual') AS t WHERE tenant_id = ?"
    " UNION ALL SELECT tenant_id, CONCAT('word', CRC32(id) % 50), id, IF(isOpen, startTime, NULL)"
    " FROM live_conversations WHERE tenant_id = ?"};
static const struct db_sql analyze = {
    "ANALYZE TABLE users, live_conversations, live_conversation_bookings,"
    " live_conversation_participants, conversation_terms, live_conversation_messages"};

static struct status fill(struct db_tx *tx, struct world *w) {
    const char *t = w->tenant;
    MUST(db_exec(tx, &fill_users, DB_ARGS(db_text(t)), NULL));
    MUST(db_exec(tx, &fill_conversations, DB_ARGS(db_text(t), db_text(t)), NULL));
    MUST(db_exec(tx, &fill_bookings, DB_ARGS(db_text(t)), NULL));
    MUST(db_exec(tx, &fill_participants, DB_ARGS(db_text(t)), NULL));
    MUST(db_exec(tx, &fill_messages, DB_ARGS(db_text(t)), NULL));
    MUST(db_exec(tx, &fill_terms, DB_ARGS(db_text(t), db_text(t)), NULL));
    return status_ok();
}

static struct status gather_statistics(struct db_tx *tx, struct world *w) {
    DB_ROWS_AUTO struct db_rows *rows = NULL;
    (void)w;
    MUST(db_query(tx, &analyze, DB_NO_ARGS, &rows));
    return status_ok();
}

struct plan {
    char text[8192]; /* for the message of a failing test */
    char key_of_c[64];
    char key_of_s[64]; /* of the words of a search */
    bool only_index_of_c;
    bool reads_all;
    bool sorts;
    bool copies; /* whole rows into a table of its own */
};

static void add_line(struct plan *plan, const char *table, const char *type, const char *key,
                     const char *extra) {
    size_t used = strlen(plan->text);
    (void)snprintf(plan->text + used, sizeof plan->text - used, "%s: %s %s %s\n", table, type, key,
                   extra);
    /* What was gathered before is read as a whole: tables of the statement's own. */
    bool is_own = strcmp(table, "NULL") == 0 || table[0] == '<';
    if (!is_own && (strcmp(type, "ALL") == 0 || strcmp(type, "index") == 0))
        plan->reads_all = true;
    if (strstr(extra, "filesort") != NULL)
        plan->sorts = true;
    if (strstr(extra, "Using temporary; Using filesort") != NULL)
        plan->copies = true;
    if (strcmp(table, "c") == 0) {
        (void)snprintf(plan->key_of_c, sizeof plan->key_of_c, "%s", key);
        plan->only_index_of_c =
            strstr(extra, "Using index") != NULL && strstr(extra, "Using index condition") == NULL;
    }
    if (strcmp(table, "s") == 0)
        (void)snprintf(plan->key_of_s, sizeof plan->key_of_s, "%s", key);
}

static const char *or_null(const char *text) {
    return text == NULL ? "NULL" : text;
}

/* Prepared statements are kept by the address of their db_sql, so each explanation has its own, for
 * the whole program. */
static struct db_sql *next_explained(void) {
    enum { EXPLANATIONS = 256 };
    static struct db_sql all[EXPLANATIONS];
    static size_t used;
    assert_true(used < EXPLANATIONS);
    return &all[used++];
}

static struct plan explain(struct world *w, struct db_tx *tx, const struct db_sql *sql,
                           const struct store_args *args) {
    struct plan plan = {.text = ""};
    struct db_sql *explained = next_explained();
    DB_ROWS_AUTO struct db_rows *rows = NULL;
    explained->text = arena_printf(&w->arena, "EXPLAIN %s", sql->text);
    MUST(db_query(tx, explained, args->values, args->count, &rows));
    while (db_rows_next(rows)) {
        int64_t id = 0;
        const char *c[9] = {NULL};
        MUST(db_rows_read(rows, &w->arena,
                          DB_INTO(db_nullable(db_into_int64(&id), NULL), store_into_text(&c[0]),
                                  store_into_text(&c[1]), store_into_text(&c[2]),
                                  store_into_text(&c[3]), store_into_text(&c[4]),
                                  store_into_text(&c[5]), store_into_text(&c[6]),
                                  store_into_text(&c[8]), store_into_text(&c[7]))));
        add_line(&plan, or_null(c[1]), or_null(c[2]), or_null(c[4]), or_null(c[7]));
    }
    assert_true(plan.text[0] != '\0');
    return plan;
}

static struct plan explain_list(struct world *w, struct db_tx *tx,
                                const struct store_conversation_query *query) {
    const struct db_sql *sql = NULL;
    struct store_args args;
    MUST(store_conversation_list_statement(tx, &w->arena, w->tenant, query, &args, &sql));
    return explain(w, tx, sql, &args);
}

static void expect(const struct plan *plan, bool sorts, const char *key) {
    if (plan->reads_all || plan->sorts != sorts ||
        (key != NULL && strcmp(plan->key_of_c, key) != 0))
        print_error("%s", plan->text);
    assert_false(plan->reads_all);
    assert_int_equal(plan->sorts, sorts);
    if (key != NULL)
        assert_string_equal(plan->key_of_c, key);
}

static struct uuid some_user(struct world *w, struct db_tx *tx) {
    static const struct db_sql sql = {
        "SELECT id FROM users WHERE tenant_id = ? AND subject = 'u7'"};
    struct uuid id;
    bool found = false;
    MUST(db_query_row(tx, &sql, DB_ARGS(db_text(w->tenant)), NULL, DB_INTO(db_into_uuid(&id)),
                      &found));
    assert_true(found);
    return id;
}

/* The id of a conversation that about half of them precede. */
static struct uuid midst(struct world *w, struct db_tx *tx) {
    static const struct db_sql sql = {
        "SELECT id FROM live_conversations WHERE tenant_id = ? ORDER BY id LIMIT 2000, 1"};
    struct uuid id;
    bool found = false;
    MUST(db_query_row(tx, &sql, DB_ARGS(db_text(w->tenant)), NULL, DB_INTO(db_into_uuid(&id)),
                      &found));
    assert_true(found);
    return id;
}

static void unsearched(struct world *w, struct db_tx *tx, struct uuid user, enum store_order order,
                       bool next_page) {
    struct store_conversation_query q = {
        .has_viewer = true, .viewer = user, .order = order, .page = {.size = 50}};
    bool by_start = order != STORE_ORDER_NEWEST;
    if (next_page) {
        q.page.has_after = true;
        q.page.after_key = MIDST_US;
        q.page.after_id = midst(w, tx);
    }
    struct plan plan = explain_list(w, tx, &q);
    expect(&plan, false, by_start ? "conversation_open" : NULL);
    q.languages[0] = "pt-BR";
    q.language_count = 1;
    plan = explain_list(w, tx, &q);
    expect(&plan, false, by_start ? "conversation_open_language" : NULL);
    q.levels = STORE_BIT(DOMAIN_LEVEL_A1);
    q.pricing = STORE_PRICING_FREE;
    q.types = STORE_BIT(DOMAIN_TYPE_GROUP);
    q.with_seats_left = true;
    q.start_from_us = MIDST_US;
    plan = explain_list(w, tx, &q);
    expect(&plan, false, NULL);
    q = (struct store_conversation_query){
        .statuses = ~0u, .sight = STORE_SIGHT_ALL, .order = order, .page = q.page};
    plan = explain_list(w, tx, &q);
    expect(&plan, false, by_start ? "conversation_start" : NULL);
    q.has_host = true;
    q.host_id = user;
    plan = explain_list(w, tx, &q);
    if (by_start)
        expect(&plan, false, "conversation_host");
}

/* What is common is met in the order of the list: nothing is gathered, nothing sorted. */
static void common_words(struct world *w, struct db_tx *tx, struct uuid user) {
    struct store_conversation_query q = {.has_viewer = true, .viewer = user, .page = {.size = 50}};
    struct domain_terms terms;
    domain_terms_init(&terms);
    q.search = &terms;
    for (int page = 0; page < 2; page++) {
        q.page.has_after = page > 0;
        q.page.after_key = MIDST_US;
        q.page.after_id = midst(w, tx);
        for (int words = 0; words < 2; words++) {
            MUST(words == 0 ? domain_terms_of_query("usual common", 12, &terms)
                            : domain_terms_of_query("comm", 4, &terms));
            for (q.order = STORE_ORDER_START; q.order <= STORE_ORDER_START_DESC; q.order++) {
                struct plan plan = explain_list(w, tx, &q);
                expect(&plan, false, "PRIMARY");
                assert_string_equal(plan.key_of_s, "term_open");
            }
        }
        MUST(domain_terms_of_query("wor", 3, &terms)); /* begins many words */
        for (q.order = STORE_ORDER_START; q.order <= STORE_ORDER_NEWEST; q.order++) {
            struct plan plan = explain_list(w, tx, &q);
            expect(&plan, false, q.order == STORE_ORDER_NEWEST ? "PRIMARY" : "conversation_open");
        }
    }
    domain_terms_done(&terms);
}

/* Public ones are counted by an index alone, in its order. */
static void facets(struct world *w, struct db_tx *tx) {
    struct store_conversation_query q = {.statuses = ~0u};
    struct store_args args;
    for (int i = 0; i < 2; i++) {
        const struct db_sql *sql = store_public_facets_statement(w->tenant, &q, i == 0, &args);
        struct plan plan = explain(w, tx, sql, &args);
        expect(&plan, false, "conversation_facets");
        assert_true(plan.only_index_of_c);
        q = (struct store_conversation_query){.types = STORE_BIT(DOMAIN_TYPE_GROUP),
                                              .pricing = STORE_PRICING_FREE,
                                              .start_from_us = MIDST_US};
    }
}

STORE_TEST(lists_follow_an_index) {
    (void)tx;
    world_transaction(w, fill);
    world_transaction(w, gather_statistics);
    struct uuid user = some_user(w, tx);
    for (int order = STORE_ORDER_START; order <= STORE_ORDER_NEWEST; order++) {
        unsearched(w, tx, user, (enum store_order)order, false);
        unsearched(w, tx, user, (enum store_order)order, true);
    }

    struct store_conversation_query q = {.has_viewer = true, .viewer = user, .page = {.size = 50}};
    struct domain_terms terms;
    domain_terms_init(&terms);
    MUST(domain_terms_of_query("word7 wor", 9, &terms));
    q.search = &terms;
    struct plan plan = explain_list(w, tx, &q);
    expect(&plan, true, "PRIMARY");
    assert_false(plan.copies);
    domain_terms_done(&terms);
    q.search = NULL;
    for (int relation = STORE_RELATION_OWN; relation <= STORE_RELATION_INVITED; relation++) {
        q.relation = (enum store_relation)relation;
        plan = explain_list(w, tx, &q);
        assert_false(plan.reads_all || plan.copies);
    }

    common_words(w, tx, user);
    facets(w, tx);

    struct store_booking_query bookings = {.has_user = true, .user_id = user, .page = {.size = 50}};
    struct store_args args;
    const struct db_sql *sql = store_booking_list_statement(w->tenant, &bookings, &args);
    plan = explain(w, tx, sql, &args);
    expect(&plan, false, NULL);
    return status_ok();
}

STORE_TEST(whether_somebody_is_busy_follows_an_index) {
    (void)tx;
    world_transaction(w, fill);
    world_transaction(w, gather_statistics);
    struct uuid user = some_user(w, tx);
    struct uuid except = midst(w, tx);
    struct store_args args;
    const struct db_sql *sql = store_schedule_statement(w->tenant, &user, &except, MIDST_US,
                                                        MIDST_US + DOMAIN_HOUR_US, &args);
    struct plan plan = explain(w, tx, sql, &args);
    expect(&plan, false, NULL);
    assert_non_null(strstr(plan.text, "b: range booking_user_start"));
    assert_non_null(strstr(plan.text, "c: range conversation_host"));
    assert_non_null(strstr(plan.text, "c: range conversation_instructor"));
    return status_ok();
}

STORE_TEST(old_messages_are_found_by_their_ids) {
    (void)tx;
    world_transaction(w, fill);
    world_transaction(w, gather_statistics);
    struct store_args args;
    const struct db_sql *sql = store_message_oldest_statement(w->tenant, MIDST_US, 50, &args);
    struct plan plan = explain(w, tx, sql, &args);
    expect(&plan, false, "PRIMARY");
    assert_non_null(strstr(plan.text, "m: range PRIMARY"));
    return status_ok();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_follow_an_index),
        cmocka_unit_test(whether_somebody_is_busy_follows_an_index),
        cmocka_unit_test(old_messages_are_found_by_their_ids),
    };
    return cmocka_run_group_tests(tests, world_start, world_stop);
}
