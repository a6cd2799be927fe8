#include "support/store_world.h"

static struct store_conversation_query query_of(struct world *w) {
    return (struct store_conversation_query){
        .has_viewer = true, .viewer = w->student, .page = {.size = 50}};
}

static struct store_conversation_list list(struct world *w, struct db_tx *tx,
                                           const struct store_conversation_query *query) {
    struct store_conversation_list found;
    MUST(store_conversation_list(tx, &w->arena, w->tenant, query, &found));
    return found;
}

static size_t count_of(struct world *w, struct db_tx *tx,
                       const struct store_conversation_query *query) {
    return list(w, tx, query).count;
}

static void walk(struct world *w, struct db_tx *tx, struct store_conversation_query query,
                 size_t expected) {
    struct uuid seen[64];
    size_t count = 0;
    query.page = (struct store_page){.size = 3};
    for (bool more = true; more;) {
        struct store_conversation_list page = list(w, tx, &query);
        for (size_t i = 0; i < page.count; i++) {
            for (size_t j = 0; j < count; j++)
                assert_false(world_same(seen[j], page.items[i].conversation.id));
            seen[count++] = page.items[i].conversation.id;
        }
        more = page.has_more;
        assert_true(!more || page.count == 3);
        if (page.count > 0) {
            query.page.has_after = true;
            query.page.after_key = page.items[page.count - 1].key;
            query.page.after_id = page.items[page.count - 1].conversation.id;
        }
    }
    assert_int_equal(count, expected);
}

STORE_TEST(pages_of_every_order_are_complete_and_without_repetition) {
    for (int i = 0; i < 11; i++) {
        struct store_conversation draft = world_draft(w, w->host);
        draft.start_us += i / 4 * DOMAIN_MINUTE_US; /* several start together */
        (void)world_insert(w, tx, &draft);
    }
    struct store_conversation_query query = query_of(w);
    for (query.order = STORE_ORDER_START; query.order <= STORE_ORDER_NEWEST; query.order++)
        walk(w, tx, query, 11);
    query.order = STORE_ORDER_START;
    struct store_conversation_list all = list(w, tx, &query);
    for (size_t i = 1; i < all.count; i++)
        assert_true(all.items[i - 1].conversation.start_us <= all.items[i].conversation.start_us);
    query.order = STORE_ORDER_START_DESC;
    all = list(w, tx, &query);
    for (size_t i = 1; i < all.count; i++)
        assert_true(all.items[i - 1].conversation.start_us >= all.items[i].conversation.start_us);
    query.statuses = ~0u;
    walk(w, tx, query, 11);
    return status_ok();
}

static char *long_text(struct world *w, size_t len_bytes) {
    char *text = arena_alloc(&w->arena, len_bytes + 1);
    assert_non_null(text);
    memset(text, 'x', len_bytes);
    return text;
}

STORE_TEST(a_page_of_long_texts_ends_early_and_has_no_learning_material) {
    enum { COUNT = 60, DESCRIPTION_BYTES = 20000 };
    const char *prompt = "What did you do?";
    for (int i = 0; i < COUNT; i++) {
        struct store_conversation draft = world_draft(w, w->host);
        draft.description = long_text(w, DESCRIPTION_BYTES);
        draft.material.prompts = &prompt;
        draft.material.prompt_count = 1;
        draft.material.cultural_notes = "Tea is drunk all day.";
        (void)world_insert(w, tx, &draft);
    }
    struct store_conversation_query query = query_of(w);
    query.page.size = 200;
    struct store_conversation_list first = list(w, tx, &query);
    assert_true(first.has_more);
    assert_true(first.count >= STORE_PAGE_BYTES_MAX / DESCRIPTION_BYTES - 3);
    assert_true(first.count <= STORE_PAGE_BYTES_MAX / DESCRIPTION_BYTES + 1);
    assert_int_equal(first.items[0].conversation.material.prompt_count, 0);
    assert_string_equal(first.items[0].conversation.material.cultural_notes, "");
    query.page.has_after = true;
    query.page.after_key = first.items[first.count - 1].key;
    query.page.after_id = first.items[first.count - 1].conversation.id;
    assert_int_equal(count_of(w, tx, &query), COUNT - first.count);
    return status_ok();
}

STORE_TEST(each_filter_chooses) {
    struct store_conversation draft = world_draft(w, w->host);
    (void)world_insert(w, tx, &draft);
    draft = world_draft(w, w->other);
    draft.language = "pt-BR";
    draft.level = DOMAIN_LEVEL_C2;
    draft.type = DOMAIN_TYPE_PRIVATE;
    draft.max_participants = 1;
    draft.price = (struct store_money){500, "USD"};
    draft.start_us += DOMAIN_DAY_US;
    draft.end_us += DOMAIN_DAY_US;
    draft.has_instructor = true;
    draft.instructor.id = w->host;
    struct uuid paid = world_insert(w, tx, &draft);
    MUST(store_conversation_add_seats(tx, w->tenant, &paid, 1, 0));

    struct store_conversation_query q = query_of(w);
    assert_int_equal(count_of(w, tx, &q), 2);
    q.languages[0] = "pt-BR";
    q.language_count = 1;
    assert_true(world_same(list(w, tx, &q).items[0].conversation.id, paid));
    assert_int_equal(count_of(w, tx, &q), 1);
    q.languages[0] = "pt";
    assert_int_equal(count_of(w, tx, &q), 0);
    q.languages[1] = "en";
    q.language_count = 2;
    assert_int_equal(count_of(w, tx, &q), 1);
    q = query_of(w);
    q.levels = STORE_BIT(DOMAIN_LEVEL_C2) | STORE_BIT(DOMAIN_LEVEL_A1);
    assert_int_equal(count_of(w, tx, &q), 1);
    q = query_of(w);
    q.types = STORE_BIT(DOMAIN_TYPE_GROUP);
    assert_int_equal(count_of(w, tx, &q), 1);
    q = query_of(w);
    q.pricing = STORE_PRICING_PAID;
    assert_true(world_same(list(w, tx, &q).items[0].conversation.id, paid));
    q.pricing = STORE_PRICING_FREE;
    assert_int_equal(count_of(w, tx, &q), 1);
    q = query_of(w);
    q.start_from_us = draft.start_us;
    assert_int_equal(count_of(w, tx, &q), 1);
    q.start_before_us = draft.start_us;
    assert_int_equal(count_of(w, tx, &q), 0);
    q = query_of(w);
    q.has_host = true;
    q.host_id = w->other;
    assert_int_equal(count_of(w, tx, &q), 1);
    q = query_of(w);
    q.has_instructor = true;
    q.instructor_id = w->host;
    assert_int_equal(count_of(w, tx, &q), 1);
    q = query_of(w);
    q.with_seats_left = true;
    assert_int_equal(count_of(w, tx, &q), 1);
    return status_ok();
}

STORE_TEST(only_open_ones_are_listed_unless_states_are_asked_for) {
    struct uuid id = world_conversation(w, tx, w->host);
    struct store_status_change off = {DOMAIN_STATUS_CANCELLED, WORLD_NOW_US, DOMAIN_CANCEL_HOST,
                                      ""};
    struct store_status_change live = {.to = DOMAIN_STATUS_LIVE, .at_us = WORLD_NOW_US};
    struct store_conversation_query q = query_of(w);
    MUST(store_conversation_set_status(tx, w->tenant, &id, &live));
    assert_int_equal(count_of(w, tx, &q), 1);
    q.statuses = STORE_BIT(DOMAIN_STATUS_SCHEDULED);
    assert_int_equal(count_of(w, tx, &q), 0);
    MUST(store_conversation_set_status(tx, w->tenant, &id, &off));
    q.statuses = 0;
    assert_int_equal(count_of(w, tx, &q), 0);
    q.statuses = STORE_BIT(DOMAIN_STATUS_CANCELLED) | STORE_BIT(DOMAIN_STATUS_LIVE);
    assert_int_equal(count_of(w, tx, &q), 1);
    return status_ok();
}

STORE_TEST(only_those_concerned_see_what_is_not_public) {
    struct store_conversation draft = world_draft(w, w->host);
    struct uuid *added = NULL;
    size_t added_count = 0;
    draft.visibility = DOMAIN_VISIBILITY_INVITED;
    struct uuid id = world_insert(w, tx, &draft);
    MUST(store_invitation_replace(tx, &w->arena, w->tenant, &id, &w->student, 1, &added,
                                  &added_count));
    struct store_conversation_query q = query_of(w);
    assert_int_equal(count_of(w, tx, &q), 1);
    assert_true(list(w, tx, &q).items[0].viewer.is_invited);
    q.viewer = w->host;
    assert_int_equal(count_of(w, tx, &q), 1);
    q.viewer = w->other;
    assert_int_equal(count_of(w, tx, &q), 0);
    q.sight = STORE_SIGHT_ALL;
    assert_int_equal(count_of(w, tx, &q), 1);
    q = query_of(w);
    q.sight = STORE_SIGHT_PUBLIC;
    assert_int_equal(count_of(w, tx, &q), 0);
    q.sight = STORE_SIGHT_VIEWER;
    q.has_viewer = false;
    assert_int_equal(count_of(w, tx, &q), 0);
    return status_ok();
}

STORE_TEST(relations_choose_the_viewers_own) {
    struct uuid *added = NULL;
    size_t added_count = 0;
    (void)world_conversation(w, tx, w->host);
    struct uuid hosted = world_conversation(w, tx, w->student);
    struct uuid invited = world_conversation(w, tx, w->host);
    MUST(store_invitation_replace(tx, &w->arena, w->tenant, &invited, &w->student, 1, &added,
                                  &added_count));
    struct store_conversation_query q = query_of(w);
    q.relation = STORE_RELATION_HOSTING;
    assert_int_equal(count_of(w, tx, &q), 1);
    assert_true(world_same(list(w, tx, &q).items[0].conversation.id, hosted));
    q.relation = STORE_RELATION_OWN;
    assert_int_equal(count_of(w, tx, &q), 1);
    q.relation = STORE_RELATION_INVITED;
    assert_int_equal(count_of(w, tx, &q), 1);
    assert_true(world_same(list(w, tx, &q).items[0].conversation.id, invited));
    q.relation = STORE_RELATION_BOOKED;
    assert_int_equal(count_of(w, tx, &q), 0);
    walk(w, tx, q, 0);
    q.relation = STORE_RELATION_OWN;
    walk(w, tx, q, 1);
    return status_ok();
}

STORE_TEST(strangers_list_nothing) {
    (void)world_conversation(w, tx, w->host);
    struct store_conversation_query q = query_of(w);
    struct store_conversation_list found;
    q.sight = STORE_SIGHT_ALL;
    MUST(store_conversation_list(tx, &w->arena, w->stranger, &q, &found));
    assert_int_equal(found.count, 0);
    return status_ok();
}

/* ---- search ---- */

static size_t search(struct world *w, struct db_tx *tx, const char *text) {
    struct store_conversation_query q = query_of(w);
    struct domain_terms terms;
    domain_terms_init(&terms);
    MUST(domain_terms_of_query(text, strlen(text), &terms));
    q.search = &terms;
    size_t count = count_of(w, tx, &q);
    domain_terms_done(&terms);
    return count;
}

static void titled(struct world *w, struct db_tx *tx, const char *title, const char *topic,
                   const char *description) {
    struct store_conversation draft = world_draft(w, w->host);
    draft.title = title;
    draft.topic = topic;
    draft.description = description;
    (void)world_insert(w, tx, &draft);
}

STORE_TEST(search_finds_short_words_prefixes_and_every_script) {
    titled(w, tx, "English A1 for beginners", "Go", "Let us talk about it");
    titled(w, tx, "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E\xE4\xBC\x9A\xE8\xA9\xB1", "", "");
    titled(w, tx, "\xD9\x85\xD8\xAD\xD8\xA7\xD8\xAF\xD8\xAB\xD8\xA9", "", "");
    titled(w, tx, "100% sure_thing \\ yes", "", "");
    assert_int_equal(search(w, tx, "A1"), 1);
    assert_int_equal(search(w, tx, "go"), 1);
    assert_int_equal(search(w, tx, "about"), 1);
    assert_int_equal(search(w, tx, "beginners a1 go"), 1);
    assert_int_equal(search(w, tx, "a1 begin"), 1);
    assert_int_equal(search(w, tx, "begin a1 nothing"), 0);
    assert_int_equal(search(w, tx, "begin talk"), 0); /* only the last one may be a beginning */
    assert_int_equal(search(w, tx, "\xE4\xBC\x9A\xE8\xA9\xB1"), 1);
    assert_int_equal(search(w, tx, "\xE8\xAA\x9E"), 1);
    assert_int_equal(search(w, tx, "\xE8\xA9\xB1\xE4\xBC\x9A"), 0);
    assert_int_equal(search(w, tx, "\xD9\x85\xD8\xAD\xD8\xA7\xD8\xAF\xD8\xAB\xD8\xA9"), 1);
    assert_int_equal(search(w, tx, "%"), 1);
    assert_int_equal(search(w, tx, "_"), 1);
    assert_int_equal(search(w, tx, "\\"), 1);
    assert_int_equal(search(w, tx, "%%%"), 1);
    assert_int_equal(search(w, tx, "e_glish"), 0);
    assert_int_equal(search(w, tx, "   "), 4);
    return status_ok();
}

STORE_TEST(a_changed_text_is_found_by_its_new_words_alone) {
    struct store_conversation draft = world_draft(w, w->host);
    uint64_t version = 0;
    draft.title = "Old words";
    (void)world_insert(w, tx, &draft);
    draft.title = "New words";
    MUST(store_conversation_update(tx, w->tenant, &draft, 0, WORLD_NOW_US, &version));
    assert_int_equal(search(w, tx, "old"), 0);
    assert_int_equal(search(w, tx, "new words"), 1);
    return status_ok();
}

STORE_TEST(search_keeps_order_pages_and_filters) {
    struct domain_terms terms;
    for (int i = 0; i < 7; i++) {
        struct store_conversation draft = world_draft(w, w->host);
        draft.title = "common words everywhere";
        draft.level = i % 2 == 0 ? DOMAIN_LEVEL_A1 : DOMAIN_LEVEL_A2;
        draft.start_us += (7 - i) * DOMAIN_MINUTE_US;
        (void)world_insert(w, tx, &draft);
    }
    domain_terms_init(&terms);
    MUST(domain_terms_of_query("common every", 12, &terms));
    struct store_conversation_query q = query_of(w);
    q.search = &terms;
    for (q.order = STORE_ORDER_START; q.order <= STORE_ORDER_NEWEST; q.order++)
        walk(w, tx, q, 7);
    q.order = STORE_ORDER_START;
    struct store_conversation_list found = list(w, tx, &q);
    for (size_t i = 1; i < found.count; i++)
        assert_true(found.items[i - 1].key < found.items[i].key);
    q.levels = STORE_BIT(DOMAIN_LEVEL_A1);
    assert_int_equal(count_of(w, tx, &q), 4);
    q.has_host = true;
    q.host_id = w->other;
    assert_int_equal(count_of(w, tx, &q), 0);
    domain_terms_done(&terms);
    return status_ok();
}

/* ---- facets ---- */

STORE_TEST(a_facet_counts_under_everything_but_itself) {
    struct store_facets facets;
    static const char *const languages[] = {"en", "en", "fr", "ja"};
    for (size_t i = 0; i < 4; i++) {
        struct store_conversation draft = world_draft(w, w->host);
        draft.language = languages[i];
        draft.level = i == 0 ? DOMAIN_LEVEL_A1 : DOMAIN_LEVEL_B2;
        (void)world_insert(w, tx, &draft);
    }
    struct store_conversation_query q = query_of(w);
    q.languages[0] = "en";
    q.language_count = 1;
    MUST(store_conversation_facets(tx, &w->arena, w->tenant, &q, &facets));
    assert_int_equal(facets.language_count, 3);
    assert_string_equal(facets.languages[0].language, "en");
    assert_int_equal(facets.languages[0].count, 2);
    assert_string_equal(facets.languages[1].language, "fr");
    assert_int_equal(facets.level_count, 2);
    assert_int_equal(facets.levels[0].level, DOMAIN_LEVEL_A1);
    assert_int_equal(facets.levels[0].count, 1);
    assert_int_equal(facets.levels[1].count, 1);
    q.levels = STORE_BIT(DOMAIN_LEVEL_B2);
    MUST(store_conversation_facets(tx, &w->arena, w->tenant, &q, &facets));
    assert_int_equal(facets.languages[0].count, 1);
    assert_int_equal(facets.level_count, 2);
    q.relation = STORE_RELATION_OWN;
    MUST(store_conversation_facets(tx, &w->arena, w->tenant, &q, &facets));
    assert_int_equal(facets.language_count, 0);
    return status_ok();
}

STORE_TEST(facets_count_what_the_viewer_sees) {
    struct store_conversation draft = world_draft(w, w->host);
    struct store_facets facets;
    struct uuid *added = NULL;
    size_t added_count = 0;
    draft.visibility = DOMAIN_VISIBILITY_INVITED;
    struct uuid id = world_insert(w, tx, &draft);
    struct store_conversation_query q = query_of(w);
    MUST(store_conversation_facets(tx, &w->arena, w->tenant, &q, &facets));
    assert_int_equal(facets.language_count, 0);
    MUST(store_invitation_replace(tx, &w->arena, w->tenant, &id, &w->student, 1, &added,
                                  &added_count));
    for (int i = 0; i < 2; i++) {
        MUST(store_conversation_facets(tx, &w->arena, w->tenant, &q, &facets));
        assert_int_equal(facets.language_count, 1);
        assert_int_equal(facets.level_count, 1);
        q.relation = STORE_RELATION_INVITED;
    }
    return status_ok();
}

static void assert_same_facets(const struct store_facets *a, const struct store_facets *b) {
    assert_int_equal(a->language_count, b->language_count);
    assert_int_equal(a->level_count, b->level_count);
    for (size_t i = 0; i < a->language_count; i++) {
        assert_string_equal(a->languages[i].language, b->languages[i].language);
        assert_int_equal(a->languages[i].count, b->languages[i].count);
    }
    for (size_t i = 0; i < a->level_count; i++)
        assert_true(a->levels[i].level == b->levels[i].level &&
                    a->levels[i].count == b->levels[i].count);
}

/* Every one has a seat left, so that asking for one changes the way of counting alone. */
STORE_TEST(facets_by_the_index_are_those_by_the_rows) {
    static const char *const languages[] = {"en", "pt-BR", "pt", "ja"};
    struct store_conversation_query q = query_of(w);
    for (unsigned i = 0; i < 48; i++) {
        struct store_conversation draft = world_draft(w, i % 5 == 0 ? w->student : w->host);
        draft.language = languages[i % 4];
        draft.level = (enum domain_level)(DOMAIN_LEVEL_A1 + i % 6);
        draft.start_us += i * DOMAIN_MINUTE_US;
        draft.visibility = i % 3 == 0 ? DOMAIN_VISIBILITY_INVITED : DOMAIN_VISIBILITY_PUBLIC;
        struct uuid id = world_insert(w, tx, &draft);
        struct store_status_change off = {DOMAIN_STATUS_CANCELLED, WORLD_NOW_US, DOMAIN_CANCEL_HOST,
                                          ""};
        if (i % 7 == 0)
            MUST(store_conversation_set_status(tx, w->tenant, &id, &off));
    }
    for (unsigned asked = 0; asked < 64; asked++) {
        struct store_facets by_index;
        struct store_facets by_rows;
        q.language_count = asked & 1 ? 2 : 0;
        q.languages[0] = "pt";
        q.languages[1] = "en";
        q.levels = asked & 2 ? STORE_BIT(DOMAIN_LEVEL_A1) | STORE_BIT(DOMAIN_LEVEL_C2) : 0;
        q.statuses = asked & 4 ? ~0u : asked & 8 ? STORE_BIT(DOMAIN_STATUS_CANCELLED) : 0;
        q.start_from_us = asked & 16 ? WORLD_NOW_US + 70 * DOMAIN_MINUTE_US : 0;
        q.sight = asked & 32 ? STORE_SIGHT_PUBLIC : STORE_SIGHT_VIEWER;
        q.with_seats_left = false;
        MUST(store_conversation_facets(tx, &w->arena, w->tenant, &q, &by_index));
        q.with_seats_left = true;
        MUST(store_conversation_facets(tx, &w->arena, w->tenant, &q, &by_rows));
        assert_true(by_rows.language_count > 0);
        assert_same_facets(&by_index, &by_rows);
    }
    return status_ok();
}

STORE_TEST(common_words_are_found_like_rare_ones) {
    static const struct db_sql fill = {
        "INSERT INTO live_conversations (tenant_id, id, title, conversationType, language, level,"
        " startTime, endTime, hostId, eventEpoch) SELECT ?, UUID(), 'x', 'GROUP', 'en', 'A1',"
        " '2026-03-02' + INTERVAL seq MINUTE, '2026-03-02' + INTERVAL seq + 60 MINUTE, ?, 1"
        " FROM seq_1_to_2100"};
    static const struct db_sql fill_terms = {
        "INSERT INTO conversation_terms (tenant_id, term, conversationId, openStart)"
        " SELECT tenant_id, t.term, id, startTime FROM live_conversations"
        " JOIN (SELECT 'common' AS term UNION SELECT 'usual') AS t WHERE tenant_id = ?"};
    MUST(db_exec(tx, &fill, DB_ARGS(db_text(w->tenant), db_uuid(&w->host)), NULL));
    MUST(db_exec(tx, &fill_terms, DB_ARGS(db_text(w->tenant)), NULL));
    titled(w, tx, "common but seldom", "", "");
    assert_int_equal(search(w, tx, "common"), 50);
    assert_int_equal(search(w, tx, "common usu"), 50);
    assert_int_equal(search(w, tx, "common seld"), 1);
    assert_int_equal(search(w, tx, "seldom common"), 1);
    assert_int_equal(search(w, tx, "usual comm"), 50);
    assert_int_equal(search(w, tx, "comm seldom"), 0);
    assert_int_equal(search(w, tx, "seldom but common common seldom but"), 1);
    titled(w, tx, "usual common one two three four five", "", "");
    assert_int_equal(search(w, tx, "five usual four three common two one"), 1);
    assert_int_equal(search(w, tx, "usual common five four three seldom"), 0);
    titled(w, tx, "commons", "", "");
    assert_int_equal(search(w, tx, "comm"), 50);
    assert_int_equal(search(w, tx, "commons"), 1);
    struct store_conversation_query q = query_of(w);
    struct domain_terms terms;
    domain_terms_init(&terms);
    MUST(domain_terms_of_query("usual common", 12, &terms));
    q.search = &terms;
    for (q.order = STORE_ORDER_START; q.order <= STORE_ORDER_NEWEST; q.order++) {
        struct store_conversation_list found = list(w, tx, &q);
        assert_true(found.count == 50 && found.has_more);
        q.page.has_after = true;
        q.page.after_key = found.items[49].key;
        q.page.after_id = found.items[49].conversation.id;
        struct store_conversation_list next = list(w, tx, &q);
        assert_int_equal(next.count, 50);
        assert_false(world_same(next.items[0].conversation.id, q.page.after_id));
        q.page.has_after = false;
    }
    domain_terms_done(&terms);
    return status_ok();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_of_every_order_are_complete_and_without_repetition),
        cmocka_unit_test(a_page_of_long_texts_ends_early_and_has_no_learning_material),
        cmocka_unit_test(each_filter_chooses),
        cmocka_unit_test(only_open_ones_are_listed_unless_states_are_asked_for),
        cmocka_unit_test(only_those_concerned_see_what_is_not_public),
        cmocka_unit_test(relations_choose_the_viewers_own),
        cmocka_unit_test(strangers_list_nothing),
        cmocka_unit_test(search_finds_short_words_prefixes_and_every_script),
        cmocka_unit_test(a_changed_text_is_found_by_its_new_words_alone),
        cmocka_unit_test(search_keeps_order_pages_and_filters),
        cmocka_unit_test(a_facet_counts_under_everything_but_itself),
        cmocka_unit_test(facets_count_what_the_viewer_sees),
        cmocka_unit_test(facets_by_the_index_are_those_by_the_rows),
        cmocka_unit_test(common_words_are_found_like_rare_ones),
    };
    return cmocka_run_group_tests(tests, world_start, world_stop);
}
