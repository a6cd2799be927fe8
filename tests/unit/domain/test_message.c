#include "domain_test.h"

#include "domain/message.h"

#define WHY(name) DOMAIN_REASON_##name

static struct domain_outgoing base_outgoing(void) {
    return (struct domain_outgoing){.sender_id = "ann",
                                    .recipient_id = "",
                                    .recipient_is_there = true,
                                    .content = "hola",
                                    .content_len = 4};
}

static void sending(void **state) {
    (void)state;
    static const struct domain_original open_text = {
        .sender_id = "bob", .recipient_id = "", .kind = DOMAIN_MESSAGE_TEXT};
    static const struct domain_original to_ann = {
        .sender_id = "bob", .recipient_id = "ann", .kind = DOMAIN_MESSAGE_TEXT};
    static const struct domain_original from_ann = {
        .sender_id = "ann", .recipient_id = "bob", .kind = DOMAIN_MESSAGE_TEXT};
    static const struct domain_original of_others = {
        .sender_id = "bob", .recipient_id = "eve", .kind = DOMAIN_MESSAGE_TEXT};
    static const struct domain_original deleted = {
        .sender_id = "bob", .recipient_id = "", .kind = DOMAIN_MESSAGE_TEXT, .is_deleted = true};
    static const struct domain_original much_translated = {.sender_id = "bob",
                                                           .recipient_id = "",
                                                           .kind = DOMAIN_MESSAGE_TEXT,
                                                           .answers = DOMAIN_MESSAGE_ANSWERS_MAX};
    static const struct domain_original correction = {
        .sender_id = "bob", .recipient_id = "", .kind = DOMAIN_MESSAGE_CORRECTION};
    static const struct {
        const char *name;
        const char *to;
        const struct domain_original *original;
        bool muted, blocked, absent;
        enum status_code code;
        enum domain_reason reason;
    } rows[] = {
        {"to all", "", NULL, false, false, false, STATUS_OK, WHY(NONE)},
        {"to one", "bob", NULL, false, false, false, STATUS_OK, WHY(NONE)},
        {"muted", "", NULL, true, false, false, STATUS_PERMISSION_DENIED, WHY(PARTICIPANT_MUTED)},
        {"to oneself", "ann", NULL, false, false, false, STATUS_INVALID_ARGUMENT,
         WHY(SELF_REFERENCE)},
        {"to one who is not there", "bob", NULL, false, false, true, STATUS_FAILED_PRECONDITION,
         WHY(RECIPIENT_NOT_PRESENT)},
        {"blocked", "bob", NULL, false, true, false, STATUS_FAILED_PRECONDITION, WHY(USER_BLOCKED)},
        {"translation for all", "", &open_text, false, false, false, STATUS_OK, WHY(NONE)},
        {"translation for one", "bob", &open_text, false, false, false, STATUS_OK, WHY(NONE)},
        {"of what I got, back", "bob", &to_ann, false, false, false, STATUS_OK, WHY(NONE)},
        {"of what I sent, to the same", "bob", &from_ann, false, false, false, STATUS_OK,
         WHY(NONE)},
        {"private becomes public", "", &to_ann, false, false, false, STATUS_INVALID_ARGUMENT,
         WHY(ORIGINAL_UNSUITABLE)},
        {"private to a third", "eve", &to_ann, false, false, false, STATUS_INVALID_ARGUMENT,
         WHY(ORIGINAL_UNSUITABLE)},
        {"private to others", "bob", &of_others, false, false, false, STATUS_NOT_FOUND,
         WHY(MESSAGE_NOT_FOUND)},
        {"of what is gone", "", &deleted, false, false, false, STATUS_FAILED_PRECONDITION,
         WHY(MESSAGE_DELETED)},
        {"one answer too many", "", &much_translated, false, false, false,
         STATUS_FAILED_PRECONDITION, WHY(ANSWER_LIMIT)},
        {"of a correction", "", &correction, false, false, false, STATUS_INVALID_ARGUMENT,
         WHY(ORIGINAL_UNSUITABLE)},
    };
    struct domain_settings settings;
    domain_settings_init(&settings);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct domain_outgoing outgoing = base_outgoing();
        outgoing.recipient_id = rows[i].to;
        outgoing.original = rows[i].original;
        outgoing.sender_is_muted = rows[i].muted;
        outgoing.is_blocked = rows[i].blocked;
        outgoing.recipient_is_there = !rows[i].absent;
        assert_refused(rows[i].name, domain_message_send(&outgoing, &settings), rows[i].code,
                       rows[i].reason);
    }
}

static void lengths_count_characters_and_bytes(void **state) {
    (void)state;
    struct domain_settings settings;
    domain_settings_init(&settings);
    settings.message_max_characters = 3;
    settings.message_max_bytes = 8;
    static const struct {
        const char *content;
        enum status_code code;
    } rows[] = {
        {"", STATUS_INVALID_ARGUMENT},
        {"abc", STATUS_OK},
        {"abcd", STATUS_INVALID_ARGUMENT},
        {"\xF0\x9F\x8C\x8D\xF0\x9F\x8C\x8D", STATUS_OK},
        {"\xF0\x9F\x8C\x8D\xF0\x9F\x8C\x8D!", STATUS_INVALID_ARGUMENT},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_refused(rows[i].content,
                       domain_message_length(rows[i].content, strlen(rows[i].content), &settings),
                       rows[i].code,
                       rows[i].code == STATUS_OK ? WHY(NONE) : WHY(FIELDS_INCONSISTENT));
}

static void private_messages_are_seen_by_two(void **state) {
    (void)state;
    assert_true(domain_message_is_visible("ann", "", "eve"));
    assert_true(domain_message_is_visible("ann", NULL, "eve"));
    assert_true(domain_message_is_visible("ann", "bob", "ann"));
    assert_true(domain_message_is_visible("ann", "bob", "bob"));
    assert_false(domain_message_is_visible("ann", "bob", "eve"));
    assert_false(domain_message_is_visible("ann", "bob", ""));
}

static void editing(void **state) {
    (void)state;
    static const struct {
        const char *name;
        struct domain_message_change change;
        int64_t age_us;
        enum status_code code;
        enum domain_reason reason;
    } rows[] = {
        {"own",
         {.sender_id = "ann", .actor_id = "ann"},
         15 * DOMAIN_MINUTE_US,
         STATUS_OK,
         WHY(NONE)},
        {"late",
         {.sender_id = "ann", .actor_id = "ann"},
         15 * DOMAIN_MINUTE_US + 1,
         STATUS_FAILED_PRECONDITION,
         WHY(EDIT_WINDOW_CLOSED)},
        {"of another",
         {.sender_id = "ann", .actor_id = "bob"},
         0,
         STATUS_PERMISSION_DENIED,
         WHY(NOT_SENDER)},
        {"by a moderator",
         {.sender_id = "ann", .actor_id = "bob", .actor_moderates = true, .actor_oversees = true},
         0,
         STATUS_PERMISSION_DENIED,
         WHY(NOT_SENDER)},
        {"private to others",
         {.sender_id = "ann", .recipient_id = "bob", .actor_id = "eve"},
         0,
         STATUS_NOT_FOUND,
         WHY(MESSAGE_NOT_FOUND)},
        {"gone",
         {.sender_id = "ann", .actor_id = "ann", .is_deleted = true},
         0,
         STATUS_FAILED_PRECONDITION,
         WHY(MESSAGE_DELETED)},
        {"once more",
         {.sender_id = "ann", .actor_id = "ann", .edits = DOMAIN_MESSAGE_EDITS_MAX - 1},
         0,
         STATUS_OK,
         WHY(NONE)},
        {"too often",
         {.sender_id = "ann", .actor_id = "ann", .edits = DOMAIN_MESSAGE_EDITS_MAX},
         0,
         STATUS_FAILED_PRECONDITION,
         WHY(EDIT_LIMIT)},
        {"muted",
         {.sender_id = "ann", .actor_id = "ann", .actor_is_muted = true},
         0,
         STATUS_PERMISSION_DENIED,
         WHY(PARTICIPANT_MUTED)},
    };
    struct domain_settings settings;
    domain_settings_init(&settings);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct domain_message_change change = rows[i].change;
        change.sent_at_us = TEST_NOW_US - rows[i].age_us;
        assert_refused(rows[i].name, domain_message_edit(&change, &settings, TEST_NOW_US),
                       rows[i].code, rows[i].reason);
    }
}

static void deleting(void **state) {
    (void)state;
    static const struct {
        const char *name;
        struct domain_message_change change;
        bool changes;
        enum status_code code;
        enum domain_reason reason;
    } rows[] = {
        {"own", {.sender_id = "ann", .actor_id = "ann"}, true, STATUS_OK, WHY(NONE)},
        {"own, muted",
         {.sender_id = "ann", .actor_id = "ann", .actor_is_muted = true},
         true,
         STATUS_OK,
         WHY(NONE)},
        {"twice",
         {.sender_id = "ann", .actor_id = "ann", .is_deleted = true},
         false,
         STATUS_OK,
         WHY(NONE)},
        {"of another",
         {.sender_id = "ann", .actor_id = "bob"},
         false,
         STATUS_PERMISSION_DENIED,
         WHY(NOT_SENDER)},
        {"by the host",
         {.sender_id = "ann", .actor_id = "host", .actor_moderates = true},
         true,
         STATUS_OK,
         WHY(NONE)},
        {"private, by the host",
         {.sender_id = "ann", .recipient_id = "bob", .actor_id = "host", .actor_moderates = true},
         false,
         STATUS_NOT_FOUND,
         WHY(MESSAGE_NOT_FOUND)},
        {"private, by an admin",
         {.sender_id = "ann",
          .recipient_id = "bob",
          .actor_id = "adm",
          .actor_moderates = true,
          .actor_oversees = true},
         true,
         STATUS_OK,
         WHY(NONE)},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        bool changes = false;
        assert_refused(rows[i].name, domain_message_delete(&rows[i].change, &changes), rows[i].code,
                       rows[i].reason);
        assert_int_equal(changes, rows[i].changes);
    }
}

static void spans_count_code_points(void **state) {
    (void)state;
    static const char text[] = "a\xC3\xA9\xE8\xAA\x9E\xF0\x9F\x8C\x8D!"; /* 1 2 3 4 1 bytes */
    static const struct {
        int64_t start, length;
        bool valid;
        size_t offset, bytes;
    } rows[] = {
        {0, 1, true, 0, 1},          {1, 1, true, 1, 2},   {2, 2, true, 3, 7},
        {0, 5, true, 0, 11},         {5, 0, true, 11, 0},  {0, 0, true, 0, 0},
        {5, 1, false, 0, 0},         {6, 0, false, 0, 0},  {0, 6, false, 0, 0},
        {-1, 1, false, 0, 0},        {0, -1, false, 0, 0}, {INT64_MAX, 1, false, 0, 0},
        {1, INT64_MAX, false, 0, 0},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct domain_span span = {77, 77};
        struct status got =
            domain_correction_span(text, sizeof text - 1, rows[i].start, rows[i].length, &span);
        if (rows[i].valid) {
            assert_refused("span", got, STATUS_OK, 0);
            assert_int_equal(span.offset_bytes, rows[i].offset);
            assert_int_equal(span.len_bytes, rows[i].bytes);
        } else {
            assert_refused("span", got, STATUS_INVALID_ARGUMENT, WHY(CORRECTION_SPAN_INVALID));
            assert_int_equal(span.len_bytes, 77);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sending),
        cmocka_unit_test(lengths_count_characters_and_bytes),
        cmocka_unit_test(private_messages_are_seen_by_two),
        cmocka_unit_test(editing),
        cmocka_unit_test(deleting),
        cmocka_unit_test(spans_count_code_points),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
