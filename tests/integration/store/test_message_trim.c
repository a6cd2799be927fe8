/* Retention of messages: what goes, what stays, and what the log knows of it. */
#include "support/store_world.h"

#include "store/event.h"
#include "store/message.h"
#include "store/participant.h"

#include <pthread.h>

enum { EVENT_BYTES = 20, MANY = 100 };

/* A conversation with host and student in the room. */
struct chat {
    struct uuid id;
    struct store_topic topic;
};

static struct chat new_chat(struct world *w, struct db_tx *tx) {
    struct chat chat = {.id = world_conversation(w, tx, w->host)};
    const struct uuid users[] = {w->host, w->student};
    for (size_t i = 0; i < 2; i++) {
        struct store_join join = {
            .new_id = world_uuid(w), .seat = {chat.id, users[i]}, .now_us = WORLD_NOW_US};
        struct store_participant p;
        enum store_join_result result;
        MUST(store_participant_join(tx, &w->arena, w->tenant, &join, &p, &result));
    }
    MUST(store_topic_lock(tx, w->tenant, STORE_TOPIC_CONVERSATION, &chat.id, &chat.topic));
    return chat;
}

static void end(struct world *w, struct db_tx *tx, const struct chat *chat) {
    struct store_status_change change = {.to = DOMAIN_STATUS_COMPLETED, .at_us = WORLD_NOW_US};
    MUST(store_conversation_set_status(tx, w->tenant, &chat->id, &change));
}

static uint64_t append(struct world *w, struct db_tx *tx, struct chat *chat, int64_t at_us) {
    uint8_t bytes[EVENT_BYTES] = {'x'};
    struct store_event_new event = {.bytes = bytes, .len_bytes = sizeof bytes, .now_us = at_us};
    MUST(store_event_append(tx, w->tenant, &chat->topic, &event, 1));
    return event.sequence;
}

/* As the service makes them: version 7, at the time of sending. */
static struct uuid id_at(struct world *w, int64_t at_us) {
    struct uuid id = world_uuid(w);
    for (int i = 0; i < 6; i++)
        id.bytes[i] = (uint8_t)(at_us / 1000 >> (40 - 8 * i));
    return id;
}

/* So many days ago, with its event; `original` NULL: none. */
static struct uuid say(struct world *w, struct db_tx *tx, struct chat *chat, int days,
                       const struct uuid *original) {
    int64_t at_us = WORLD_NOW_US - days * DOMAIN_DAY_US;
    struct store_message m = {
        .id = id_at(w, at_us),
        .conversation_id = chat->id,
        .sender.id = w->student,
        .content = "Bonjour",
        .kind = original != NULL ? DOMAIN_MESSAGE_TRANSLATION : DOMAIN_MESSAGE_TEXT,
        .language = "fr",
        .sent_at_us = at_us,
        .has_client_message_id = true,
        .client_message_id = world_uuid(w),
        .has_original = original != NULL,
        .sequence = append(w, tx, chat, at_us),
    };
    if (original != NULL)
        m.original_id = *original;
    MUST(store_message_insert(tx, w->tenant, &m));
    return m.id;
}

static bool is_there(struct world *w, struct db_tx *tx, struct uuid id) {
    static const struct db_sql sql = {
        "SELECT COUNT(*) FROM live_conversation_messages WHERE tenant_id = ? AND id = ?"};
    return world_number(tx, &sql, DB_ARGS(db_text(w->tenant), db_uuid(&id))) == 1;
}

static int64_t events_of(struct world *w, struct db_tx *tx, const struct chat *chat) {
    static const struct db_sql sql = {
        "SELECT COUNT(*) FROM events WHERE tenant_id = ? AND topicId = ?"};
    return world_number(tx, &sql, DB_ARGS(db_text(w->tenant), db_uuid(&chat->id)));
}

static uint64_t floor_of(struct world *w, struct db_tx *tx, const struct chat *chat) {
    struct store_topic now;
    MUST(store_topic_get(tx, w->tenant, STORE_TOPIC_CONVERSATION, &chat->id, &now));
    return now.floor;
}

/* Older than 30 days; until nothing is left to do. */
static int trim_all(struct world *w, struct db_tx *tx, int32_t limit) {
    struct store_message_trimmed trimmed;
    int batches = 0;
    do {
        MUST(store_message_trim(tx, &w->arena, w->tenant, WORLD_NOW_US - 30 * DOMAIN_DAY_US, limit,
                                &trimmed));
        batches += trimmed.count > 0;
    } while (trimmed.count > 0 && batches < 1000);
    return batches;
}

STORE_TEST(old_messages_go_with_their_part_of_the_log) {
    struct chat chat = new_chat(w, tx);
    struct uuid first = say(w, tx, &chat, 40, NULL);
    (void)append(w, tx, &chat, WORLD_NOW_US - 39 * DOMAIN_DAY_US);
    struct uuid second = say(w, tx, &chat, 31, NULL);
    struct uuid third = say(w, tx, &chat, 29, NULL);
    end(w, tx, &chat);
    (void)trim_all(w, tx, 50);
    assert_false(is_there(w, tx, first) || is_there(w, tx, second));
    assert_true(is_there(w, tx, third));
    assert_int_equal(floor_of(w, tx, &chat), 3);
    assert_int_equal(events_of(w, tx, &chat), 1);
    /* Whoever is beyond goes on. */
    struct store_event *events = NULL;
    size_t count = 0;
    MUST(store_event_page(tx, &w->arena, w->tenant, &chat.id, 3, 64, &events, &count));
    assert_true(count == 1 && events[0].sequence == 4);
    return status_ok();
}

STORE_TEST(a_conversation_that_goes_on_keeps_its_messages) {
    struct chat chat = new_chat(w, tx);
    struct uuid first = say(w, tx, &chat, 40, NULL);
    assert_int_equal(trim_all(w, tx, 50), 0);
    assert_true(is_there(w, tx, first));
    return status_ok();
}

STORE_TEST(an_original_stays_while_a_translation_does) {
    struct chat chat = new_chat(w, tx);
    struct uuid original = say(w, tx, &chat, 40, NULL);
    struct uuid plain = say(w, tx, &chat, 40, NULL);
    struct uuid translation = say(w, tx, &chat, 20, &original);
    end(w, tx, &chat);
    (void)trim_all(w, tx, 50);
    assert_false(is_there(w, tx, plain));
    assert_true(is_there(w, tx, original) && is_there(w, tx, translation));
    return status_ok();
}

/* First the answers, then what they answer: nothing goes by a cascade, which would leave its text
 * in the log. */
STORE_TEST(answers_go_before_what_they_answer) {
    struct chat chat = new_chat(w, tx);
    struct uuid original = say(w, tx, &chat, 40, NULL);
    struct uuid answers[3];
    for (int i = 0; i < 3; i++)
        answers[i] = say(w, tx, &chat, 39 - i, &original);
    end(w, tx, &chat);
    (void)trim_all(w, tx, 1);
    for (int i = 0; i < 3; i++)
        assert_false(is_there(w, tx, answers[i]));
    assert_false(is_there(w, tx, original));
    assert_int_equal(events_of(w, tx, &chat), 0);
    assert_int_equal(floor_of(w, tx, &chat), 4);
    return status_ok();
}

STORE_TEST(an_edited_text_goes_from_the_log_too) {
    struct chat chat = new_chat(w, tx);
    struct uuid message = say(w, tx, &chat, 40, NULL);
    struct uuid other = say(w, tx, &chat, 29, NULL);
    uint64_t told = append(w, tx, &chat, WORLD_NOW_US - 29 * DOMAIN_DAY_US);
    static const struct db_sql copy = {
        "INSERT INTO message_copies (tenant_id, messageId, sequence) VALUES (?, ?, ?)"};
    MUST(db_exec(tx, &copy, DB_ARGS(db_text(w->tenant), db_uuid(&message), db_uint64(told)), NULL));
    end(w, tx, &chat);
    (void)trim_all(w, tx, 50);
    assert_false(is_there(w, tx, message));
    assert_true(is_there(w, tx, other));
    assert_int_equal(floor_of(w, tx, &chat), told);
    return status_ok();
}

STORE_TEST(many_go_in_small_batches) {
    struct chat chat = new_chat(w, tx);
    struct chat next = new_chat(w, tx);
    for (int i = 0; i < MANY; i++) {
        (void)append(w, tx, &chat, WORLD_NOW_US - 50 * DOMAIN_DAY_US);
        (void)say(w, tx, &chat, 50, NULL);
    }
    struct uuid last = say(w, tx, &next, 45, NULL);
    end(w, tx, &chat);
    end(w, tx, &next);
    assert_true(trim_all(w, tx, 10) >= 2 * MANY / 10);
    assert_int_equal(events_of(w, tx, &chat), 0);
    assert_int_equal(floor_of(w, tx, &chat), 2 * MANY);
    assert_false(is_there(w, tx, last));
    return status_ok();
}

/* ---- several nodes ---- */

struct node {
    struct world *w;
    struct arena arena;
    struct store_message_trimmed trimmed;
    struct status status;
};

static struct status trim_batch(struct db_tx *tx, void *context) {
    struct node *node = context;
    arena_reset(&node->arena);
    return store_message_trim(tx, &node->arena, node->w->tenant, WORLD_NOW_US - 30 * DOMAIN_DAY_US,
                              7, &node->trimmed);
}

static void *run_node(void *argument) {
    struct node *node = argument;
    do {
        node->status = db_transaction(node->w->pool, INT64_MAX, trim_batch, node, NULL);
    } while (status_is_ok(node->status) && node->trimmed.count > 0);
    return NULL;
}

static struct chat shared[4];

static struct status fill_shared(struct db_tx *tx, struct world *w) {
    for (size_t i = 0; i < 4; i++) {
        shared[i] = new_chat(w, tx);
        for (int k = 0; k < MANY / 2; k++)
            (void)say(w, tx, &shared[i], 60, NULL);
        end(w, tx, &shared[i]);
    }
    return status_ok();
}

STORE_TEST(nodes_share_the_work) {
    enum { NODES = 3 };
    struct node nodes[NODES];
    pthread_t threads[NODES];
    world_transaction(w, fill_shared);
    for (int i = 0; i < NODES; i++) {
        nodes[i] = (struct node){.w = w};
        arena_init(&nodes[i].arena, 1 << 20);
        assert_int_equal(pthread_create(&threads[i], NULL, run_node, &nodes[i]), 0);
    }
    for (int i = 0; i < NODES; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(nodes[i].status.code, STATUS_OK);
    }
    (void)run_node(&nodes[0]); /* what was locked by another at the last look */
    for (int i = 0; i < NODES; i++)
        arena_done(&nodes[i].arena);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(events_of(w, tx, &shared[i]), 0);
        assert_int_equal(floor_of(w, tx, &shared[i]), MANY / 2);
    }
    return status_ok();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(old_messages_go_with_their_part_of_the_log),
        cmocka_unit_test(a_conversation_that_goes_on_keeps_its_messages),
        cmocka_unit_test(an_original_stays_while_a_translation_does),
        cmocka_unit_test(answers_go_before_what_they_answer),
        cmocka_unit_test(an_edited_text_goes_from_the_log_too),
        cmocka_unit_test(many_go_in_small_batches),
        cmocka_unit_test(nodes_share_the_work),
    };
    return cmocka_run_group_tests(tests, world_start, world_stop);
}
