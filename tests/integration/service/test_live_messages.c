/* Messages: who sees them, and what happens to those that are changed. */
#include "live_test.h"

#include "app/jobs.h"
#include "base/clock.h"
#include "domain/message.h"

#include <string.h>

#define KIND(name) LIVECONV__V1__EVENT__KIND_##name

struct trio {
    const char *host_id, *ana_id, *ben_id;
    const char *host, *ana, *ben;
    char *conversation;
};

static struct trio new_trio(void) {
    struct trio trio;
    trio.host = new_student(&trio.host_id);
    trio.ana = new_student(&trio.ana_id);
    trio.ben = new_student(&trio.ben_id);
    trio.conversation = open_conversation(trio.host)->id;
    booked(trio.ana, trio.conversation);
    booked(trio.ben, trio.conversation);
    joined(trio.host, trio.conversation);
    joined(trio.ana, trio.conversation);
    joined(trio.ben, trio.conversation);
    return trio;
}

static struct device *follow(const char *token, const char *device_id, const char *conversation) {
    const char *topics[] = {conversation, "inbox"};
    struct device *device = device_start(token, device_id, topics, 2);
    device_await_ready(device);
    return device;
}

static void finish(struct device *device) {
    device_stop(device);
    device_assert_sound(device);
    device_free(&device);
}

static void the_same_client_message_id_is_one_message_for_ever(void **state) {
    struct trio r = new_trio();
    lc_message *first = NULL;
    lc_message *again = NULL;
    char *id = new_uuid();
    (void)state;
    assert_ok(try_send(r.ana, r.conversation, "Once", NULL, id, &first));
    assert_string_equal(first->client_message_id, id);
    assert_ok(try_mute(r.host, r.conversation, r.ana_id, true, NULL));
    /* Before any other rule: she is muted, and says something else. */
    assert_ok(try_send(r.ana, r.conversation, "Twice", NULL, id, &again));
    assert_string_equal(again->id, first->id);
    assert_string_equal(again->content, "Once");
    assert_int_equal(again->sequence, first->sequence);
    /* Another sender's id is another's. */
    assert_ok(try_send(r.ben, r.conversation, "Mine", NULL, id, &again));
    assert_string_not_equal(again->id, first->id);
}

static void private_messages_are_seen_by_two(void **state) {
    struct trio r = new_trio();
    lc_message *secret = NULL;
    lc_list_messages_response *list = NULL;
    (void)state;
    struct device *ana = follow(r.ana, "ana", r.conversation);
    struct device *ben = follow(r.ben, "ben", r.conversation);
    struct device *host = follow(r.host, "host", r.conversation);
    assert_ok(try_send(r.ana, r.conversation, "For Ben", r.ben_id, NULL, &secret));
    sent(r.ana, r.conversation, "For all");
    uint64_t head = head_of(r.conversation);
    device_await_sequence(ana, 0, head);
    device_await_sequence(ben, 0, head);
    device_await_sequence(host, 0, head);
    assert_int_equal(device_count(ana, 0, KIND(MESSAGE_SENT), secret->id), 1);
    assert_int_equal(device_count(ben, 0, KIND(MESSAGE_SENT), secret->id), 1);
    assert_int_equal(device_count(host, 0, KIND(MESSAGE_SENT), secret->id), 0);
    assert_int_equal(device_count(host, 0, KIND(MESSAGE_SENT), NULL), 1);
    assert_ok(try_list_messages(r.host, r.conversation, &list));
    assert_int_equal(list->n_messages, 1);
    assert_ok(try_list_messages(r.ben, r.conversation, &list));
    assert_int_equal(list->n_messages, 2);
    assert_string_equal(list->messages[1]->recipient->user_id, r.ben_id);
    /* To others it is not there, whatever they want with it. */
    assert_refused(try_edit(r.host, secret->id, "Mine", NULL, NULL), STATUS_NOT_FOUND,
                   "MESSAGE_NOT_FOUND");
    assert_refused(try_delete(r.host, secret->id, NULL, NULL), STATUS_NOT_FOUND,
                   "MESSAGE_NOT_FOUND");
    assert_refused(try_correct(r.host, secret->id, 0, 1, "f", NULL), STATUS_NOT_FOUND,
                   "MESSAGE_NOT_FOUND");
    finish(ana);
    finish(ben);
    finish(host);
}

static void resuming_never_brings_removed_text_back(void **state) {
    struct trio r = new_trio();
    lc_message *changed = NULL;
    (void)state;
    struct device *ben = follow(r.ben, "ben", r.conversation);
    device_stop(ben);
    lc_message *one = sent(r.ana, r.conversation, "Wrong words");
    lc_message *two = sent(r.ana, r.conversation, "Regretted");
    assert_ok(try_edit(r.ana, one->id, "Other words", NULL, NULL));
    assert_ok(try_edit(r.ana, one->id, "Right words", NULL, &changed));
    assert_string_equal(changed->content, "Right words");
    assert_ok(try_delete(r.ana, two->id, NULL, &changed));
    assert_string_equal(changed->content, "");
    assert_int_equal(changed->deleted_by, LC_DELETED_BY_SENDER);
    assert_ok(try_delete(r.ana, two->id, NULL, &changed)); /* answered as it is */

    device_resume(ben);
    device_await_event(ben, 0, KIND(MESSAGE_DELETED), two->id);
    device_stop(ben);
    assert_int_equal(ben->topics[0].snapshots[LC_SNAPSHOT_REASON_INITIAL], 1);
    assert_int_equal(count_of_text(ben, "Wrong words"), 0);
    assert_int_equal(count_of_text(ben, "Other words"), 0);
    assert_int_equal(count_of_text(ben, "Regretted"), 0);
    assert_int_equal(count_of_text(ben, "Right words"), 3); /* sent, edited, edited */
    device_assert_sound(ben);
    device_free(&ben);
}

static struct status try_translate(const struct trio *r, const char *original, const char *content,
                                   lc_message **ret_message) {
    struct rpc_call_options options = liveconv_as(r->ben);
    lc_send_message_request request = LC_SEND_MESSAGE_REQUEST_INIT;
    lc_send_message_response *response = NULL;
    request.conversation_id = r->conversation;
    request.content = text("%s", content);
    request.translation_of_message_id = text("%s", original);
    request.client_message_id = new_uuid();
    struct status status = lc_message_service_send_message(t.lc->channel, &options, &request,
                                                           &t.arena, &response, &t.result);
    if (status_is_ok(status))
        *ret_message = response->message;
    return status;
}

static int64_t events_with(const char *conversation, const char *words) {
    return liveconv_sql_number(
        t.lc, "SELECT COUNT(*) FROM events WHERE topicId = '%s' AND payload LIKE '%%%s%%'",
        conversation, words);
}

static void what_repeats_a_deleted_message_goes_with_it(void **state) {
    struct trio r = new_trio();
    lc_message *original = sent(r.ana, r.conversation, "My address is 12 High Street");
    lc_message *translation = NULL;
    lc_message *correction = NULL;
    lc_list_messages_response *list = NULL;
    (void)state;
    struct device *host = follow(r.host, "host", r.conversation);
    struct device *ben = follow(r.ben, "ben", r.conversation);
    device_stop(ben);
    assert_ok(try_translate(&r, original->id, "Vivo en 12 High Street", &translation));
    assert_ok(try_edit(r.ben, translation->id, "Mi casa: 12 High Street", NULL, NULL));
    assert_ok(try_correct(r.host, original->id, 0, 2, "12 High Street: my", &correction));
    lc_message *other = sent(r.ben, r.conversation, "Something else");
    assert_ok(try_delete(r.ana, original->id, NULL, NULL));
    device_await_event(host, 0, KIND(MESSAGE_DELETED), translation->id);
    device_await_event(host, 0, KIND(MESSAGE_DELETED), correction->id);
    device_resume(ben);
    device_await_sequence(ben, 0, head_of(r.conversation));
    assert_int_equal(count_of_text(ben, "Vivo en 12 High Street"), 0);
    assert_int_equal(count_of_text(ben, "Mi casa: 12 High Street"), 0);
    assert_int_equal(count_of_text(ben, "12 High Street: my"), 0);
    assert_int_equal(events_with(r.conversation, "High Street"), 0);
    assert_ok(try_list_messages(r.host, r.conversation, &list));
    assert_int_equal(list->n_messages, 4);
    for (size_t i = 0; i < list->n_messages; i++)
        assert_true(list->messages[i]->deleted_by == (strcmp(list->messages[i]->id, other->id) == 0
                                                          ? LC_DELETED_BY_UNSPECIFIED
                                                          : LC_DELETED_BY_SENDER));
    finish(ben);
    finish(host);
}

/* As if that many people had translated it: `count` rows, each with its event. */
static void translate_often(const struct trio *r, const lc_message *translation, int count) {
    liveconv_sql(t.lc,
                 "INSERT INTO live_conversation_messages (tenant_id, id, conversationId, senderId,"
                 " content, messageType, language, originalMessage, sequence) SELECT tenant_id,"
                 " UUID(), conversationId, senderId, content, messageType, language,"
                 " originalMessage, sequence + s.seq FROM live_conversation_messages"
                 " JOIN seq_1_to_%d s WHERE id = '%s'",
                 count, translation->id);
    liveconv_sql(t.lc,
                 "INSERT INTO events (tenant_id, topicId, sequence, payload, checksum) SELECT"
                 " tenant_id, topicId, sequence + s.seq, payload, checksum FROM events"
                 " JOIN seq_1_to_%d s WHERE topicId = '%s' AND sequence = %llu",
                 count, r->conversation, (unsigned long long)translation->sequence);
    liveconv_sql(t.lc,
                 "UPDATE live_conversations SET eventSequence = eventSequence + %d WHERE id = '%s'",
                 count, r->conversation);
}

static void a_message_is_answered_so_often(void **state) {
    struct trio r = new_trio();
    lc_message *original = sent(r.ana, r.conversation, "Words");
    lc_message *translation = NULL;
    (void)state;
    assert_ok(try_translate(&r, original->id, "Palabras", &translation));
    translate_often(&r, translation, DOMAIN_MESSAGE_ANSWERS_MAX - 2);
    assert_ok(try_correct(r.host, original->id, 0, 5, "Word", NULL));
    assert_refused(try_translate(&r, original->id, "Mots", &translation),
                   STATUS_FAILED_PRECONDITION, "ANSWER_LIMIT");
    assert_refused(try_correct(r.host, original->id, 0, 5, "A word", NULL),
                   STATUS_FAILED_PRECONDITION, "ANSWER_LIMIT");
    assert_ok(try_delete(r.ana, original->id, NULL, NULL));
    assert_int_equal(events_with(r.conversation, "Palabras"), 0);
}

static void a_message_is_edited_so_often(void **state) {
    struct trio r = new_trio();
    lc_message *message = sent(r.ana, r.conversation, "Words 0");
    (void)state;
    for (int i = 1; i <= DOMAIN_MESSAGE_EDITS_MAX; i++)
        assert_ok(try_edit(r.ana, message->id, text("Words %d", i), NULL, NULL));
    assert_refused(try_edit(r.ana, message->id, "Too many words", NULL, NULL),
                   STATUS_FAILED_PRECONDITION, "EDIT_LIMIT");
    assert_int_equal(events_with(r.conversation, "Words"),
                     events_with(r.conversation, text("Words %d", DOMAIN_MESSAGE_EDITS_MAX)));
    assert_ok(try_delete(r.ana, message->id, NULL, NULL));
    assert_int_equal(events_with(r.conversation, "Words"), 0);
}

/* From a time when nothing bounded it; with the longest text there is. */
static void all_copies_of_a_text_go(void **state) {
    enum { CHARACTERS = 4000, COPIES = 1100 };
    struct trio r = new_trio();
    char *longest = arena_alloc(&t.arena, (size_t)4 * CHARACTERS + 1);
    (void)state;
    for (size_t i = 0; i < CHARACTERS; i++)
        memcpy(longest + 4 * i, "\xF0\x9F\x98\x80", 4);
    lc_message *message = sent(r.ana, r.conversation, longest);
    liveconv_sql(t.lc,
                 "INSERT INTO events (tenant_id, topicId, sequence, payload, checksum) SELECT"
                 " tenant_id, topicId, sequence + s.seq, payload, checksum FROM events"
                 " JOIN seq_1_to_%d s WHERE topicId = '%s' AND sequence = %llu",
                 COPIES, r.conversation, (unsigned long long)message->sequence);
    liveconv_sql(t.lc,
                 "INSERT INTO message_copies (tenant_id, messageId, sequence)"
                 " SELECT '%s', '%s', %llu + s.seq FROM seq_1_to_%d s",
                 LIVECONV_TENANT, message->id, (unsigned long long)message->sequence, COPIES);
    liveconv_sql(t.lc,
                 "UPDATE live_conversations SET eventSequence = eventSequence + %d WHERE id = '%s'",
                 COPIES, r.conversation);
    assert_ok(try_delete(r.host, message->id, NULL, NULL));
    assert_int_equal(events_with(r.conversation, "\xF0\x9F\x98\x80"), 0);
}

static void a_text_that_only_the_ring_still_has_is_replaced_there(void **state) {
    struct trio r = new_trio();
    (void)state;
    struct device *ana = follow(r.ana, "ana", r.conversation); /* keeps the ring */
    struct device *ben = follow(r.ben, "ben", r.conversation);
    device_stop(ben);
    lc_message *message = sent(r.ana, r.conversation, "Old words");
    device_await_text(ana, "Old words");
    liveconv_sql(t.lc, "DELETE FROM events WHERE topicId = '%s' AND sequence <= %llu",
                 r.conversation, (unsigned long long)message->sequence);
    assert_ok(try_edit(r.ana, message->id, "New words", NULL, NULL));
    device_resume(ben);
    device_await_text(ben, "New words");
    assert_int_equal(count_of_text(ben, "Old words"), 0);
    finish(ben);
    finish(ana);
}

static void only_the_sender_edits_and_the_host_deletes(void **state) {
    struct trio r = new_trio();
    lc_message *message = sent(r.ana, r.conversation, "Words");
    lc_message *changed = NULL;
    (void)state;
    assert_refused(try_edit(r.ben, message->id, "Mine", NULL, NULL), STATUS_PERMISSION_DENIED,
                   "NOT_SENDER");
    assert_refused(try_delete(r.ben, message->id, NULL, NULL), STATUS_PERMISSION_DENIED,
                   "NOT_SENDER");
    assert_ok(try_delete(r.host, message->id, NULL, &changed));
    assert_int_equal(changed->deleted_by, LC_DELETED_BY_MODERATOR);
    assert_refused(try_edit(r.ana, message->id, "Again", NULL, NULL), STATUS_FAILED_PRECONDITION,
                   "MESSAGE_DELETED");
    assert_int_equal(liveconv_sql_number(t.lc,
                                         "SELECT COUNT(*) FROM audit_log WHERE action ="
                                         " 'message.delete' AND conversationId = '%s'",
                                         r.conversation),
                     1);
}

static void a_correction_is_a_message_about_a_span(void **state) {
    struct trio r = new_trio();
    lc_message *original = sent(r.ana, r.conversation, "I has a dog");
    lc_message *correction = NULL;
    (void)state;
    struct device *ana = follow(r.ana, "ana", r.conversation);
    assert_ok(try_correct(r.ben, original->id, 2, 3, "have", &correction));
    assert_string_equal(correction->original_message_id, original->id);
    assert_string_equal(correction->content, "have");
    assert_int_equal(correction->type, LC_MESSAGE_TYPE_CORRECTION);
    assert_int_equal(correction->correction->start, 2);
    device_await_event(ana, 0, KIND(MESSAGE_CORRECTED), correction->id);
    assert_ok(try_correct(r.ben, original->id, 0, 2, "", &correction)); /* takes it away */
    assert_refused(try_correct(r.ben, original->id, 9, 9, "x", NULL), STATUS_INVALID_ARGUMENT,
                   "CORRECTION_SPAN_INVALID");
    finish(ana);
}

static void reading_moves_forward_and_tells_the_other_devices(void **state) {
    struct trio r = new_trio();
    lc_read_state *read = NULL;
    (void)state;
    struct device *phone = follow(r.ben, "phone", r.conversation);
    sent(r.ana, r.conversation, "One");
    lc_message *two = sent(r.ana, r.conversation, "Two");
    sent(r.ben, r.conversation, "Own words are read");
    lc_message *three = sent(r.ana, r.conversation, "Three");
    assert_ok(try_mark_read(r.ben, r.conversation, two->sequence, &read));
    assert_int_equal(read->unread_count, 1);
    device_await_event(phone, 1, KIND(READ_STATE_CHANGED), NULL);
    assert_ok(try_mark_read(r.ben, r.conversation, 1, &read)); /* never back */
    assert_int_equal(read->read_through_sequence, two->sequence);
    assert_ok(try_delete(r.ana, three->id, NULL, NULL));
    assert_ok(try_mark_read(r.ben, r.conversation, 1, &read));
    assert_int_equal(read->unread_count, 0);
    assert_ok(try_mark_read(r.ben, r.conversation, UINT64_MAX, &read));
    assert_int_equal(read->read_through_sequence, head_of(r.conversation));
    assert_refused(try_mark_read(new_student(NULL), r.conversation, 1, NULL),
                   STATUS_PERMISSION_DENIED, "NOT_PARTICIPANT");
    finish(phone);
}

static void after_the_end_there_is_history_and_no_more_messages(void **state) {
    struct trio r = new_trio();
    lc_list_messages_response *list = NULL;
    (void)state;
    sent(r.ana, r.conversation, "Last words");
    started(r.host, r.conversation);
    ended(r.host, r.conversation);
    assert_refused(try_send(r.ana, r.conversation, "More", NULL, NULL, NULL),
                   STATUS_FAILED_PRECONDITION, "MESSAGES_CLOSED");
    assert_ok(try_list_messages(r.ana, r.conversation, &list));
    assert_int_equal(list->n_messages, 1);
    assert_refused(try_list_messages(new_student(NULL), r.conversation, NULL),
                   STATUS_PERMISSION_DENIED, "NOT_PARTICIPANT");
}

static void text_is_stored_as_it_was_written(void **state) {
    static const char *const texts[] = {"' OR 1=1--", "100 %_\\ sure",
                                        "👩‍👩‍👧 café ça va", "a\nb\tc"};
    struct trio r = new_trio();
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_string_equal(sent(r.ana, r.conversation, texts[i])->content, texts[i]);
}

static void pages_of_messages_are_bound_to_what_was_asked(void **state) {
    struct trio r = new_trio();
    lc_list_messages_request request = LC_LIST_MESSAGES_REQUEST_INIT;
    lc_list_messages_response *page = NULL;
    struct rpc_call_options as_ana = liveconv_as(r.ana);
    struct rpc_call_options as_ben = liveconv_as(r.ben);
    int seen = 0;
    (void)state;
    for (int i = 0; i < 7; i++)
        sent(r.ana, r.conversation, text("number %d", 6 - i));
    request.conversation_id = r.conversation;
    request.page_size = 3;
    do {
        assert_ok(lc_message_service_list_messages(t.lc->channel, &as_ana, &request, &t.arena,
                                                   &page, &t.result));
        for (size_t i = 0; i < page->n_messages; i++)
            assert_string_equal(page->messages[i]->content, text("number %d", seen++));
        request.page_token = page->next_page_token;
        if (seen == 3)
            assert_refused(lc_message_service_list_messages(t.lc->channel, &as_ben, &request,
                                                            &t.arena, &page, &t.result),
                           STATUS_INVALID_ARGUMENT, "PAGE_TOKEN_INVALID");
    } while (request.page_token[0] != '\0');
    assert_int_equal(seen, 7);
}

/* Scheduled work in two days' time, when messages are kept for one. */
static void forget_messages(void) {
    struct fake_clock clock;
    struct service_context later = *t.lc->context;
    struct jobs jobs = {.context = &later, .revocations = t.lc->revocations, .batch = 5};
    fake_clock_init(&clock, clock_wall_us(clock_system()) + INT64_C(2) * 86400 * 1000000);
    later.clock = &clock.base;
    liveconv_sql(t.lc, "UPDATE tenants SET messageRetentionDays = 1");
    while (jobs_trim(&jobs) == SCHEDULE_MORE)
        continue;
    liveconv_sql(t.lc, "UPDATE tenants SET messageRetentionDays = NULL");
}

static void retention_leaves_streams_whole(void **state) {
    struct trio r = new_trio();
    lc_list_messages_response *list = NULL;
    lc_message *translation = NULL;
    lc_read_state *read = NULL;
    (void)state;
    struct device *ana = follow(r.ana, "phone", r.conversation);
    struct device *ben = follow(r.ben, "phone", r.conversation);
    lc_message *first = sent(r.ana, r.conversation, "First");
    assert_ok(try_correct(r.ben, first->id, 0, 5, "1st", &translation));
    device_await_event(ana, 0, KIND(MESSAGE_CORRECTED), translation->id);
    device_stop(ana); /* its position is before what goes */
    for (int i = 0; i < 10; i++)
        sent(r.ben, r.conversation, "Later");
    assert_ok(try_mark_read(r.ana, r.conversation, first->sequence, &read));
    started(r.host, r.conversation);
    ended(r.host, r.conversation);
    device_await_event(ben, 0, KIND(CONVERSATION_ENDED), NULL);
    forget_messages();
    /* Who is beyond goes on; who was before starts anew. */
    device_stop(ben);
    device_resume(ben);
    device_resume(ana);
    device_await_sequence(ana, 0, head_of(r.conversation));
    device_await_sequence(ben, 0, head_of(r.conversation));
    assert_int_equal(ana->topics[0].snapshots[LC_SNAPSHOT_REASON_TRIMMED], 1);
    assert_int_equal(ben->topics[0].snapshots[LC_SNAPSHOT_REASON_TRIMMED], 0);
    assert_ok(try_list_messages(r.ana, r.conversation, &list));
    assert_int_equal(list->n_messages, 0);
    assert_int_equal(unread_of(r.ana), 0);
    assert_ok(try_mark_read(r.ana, r.conversation, UINT64_MAX, &read));
    assert_int_equal(read->read_through_sequence, head_of(r.conversation));
    finish(ana);
    finish(ben);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_test, end_test)
        TEST(the_same_client_message_id_is_one_message_for_ever),
        TEST(private_messages_are_seen_by_two),
        TEST(resuming_never_brings_removed_text_back),
        TEST(what_repeats_a_deleted_message_goes_with_it),
        TEST(a_message_is_answered_so_often),
        TEST(a_message_is_edited_so_often),
        TEST(all_copies_of_a_text_go),
        TEST(a_text_that_only_the_ring_still_has_is_replaced_there),
        TEST(only_the_sender_edits_and_the_host_deletes),
        TEST(a_correction_is_a_message_about_a_span),
        TEST(reading_moves_forward_and_tells_the_other_devices),
        TEST(after_the_end_there_is_history_and_no_more_messages),
        TEST(text_is_stored_as_it_was_written),
        TEST(pages_of_messages_are_bound_to_what_was_asked),
        TEST(retention_leaves_streams_whole),
#undef TEST
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
