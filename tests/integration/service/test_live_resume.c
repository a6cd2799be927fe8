/*
 * Resuming, against an oracle that is computed from the database: devices are cut at random while
 * messages, private ones, edits, deletions, mutes, leaves and rejoins happen, the log is trimmed
 * and the server is started anew. Whatever a viewer may see is seen exactly once and in order.
 *
 * LIVECONV_SOAK=1: 200 cuts and 2,000 messages instead of 50 and 500.
 */
#include "live_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "db/statement.h"
#include "db/tx.h"
#include "service/live.h"

enum { PEOPLE = 4, DEVICES = 4, CHANGES_MAX = 4096, RECENT = 32 };
enum { HOST, ANA, BEN, CY }; /* CY is muted, leaves and comes back */

struct person {
    const char *id;
    const char *token;
};

/* A text that is not to be delivered any more by streams that were opened since. */
struct removed_text {
    char text[SEEN_TEXT_BYTES];
    int64_t since_us;
};

struct written {
    char id[ID_BYTES];
    char text[SEEN_TEXT_BYTES];
    int sender;
};

struct story {
    struct person people[PEOPLE];
    const char *conversation;
    struct device *devices[DEVICES];
    int owner[DEVICES];
    struct written recent[RECENT];
    size_t written;
    struct removed_text removed[CHANGES_MAX];
    size_t removed_count;
    size_t cuts_wanted;
    size_t cuts;
    size_t messages_wanted;
    bool cy_is_muted;
    bool cy_is_away;
    uint64_t random;
};

static uint32_t next_random(struct story *story, uint32_t below) {
    story->random = story->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(story->random >> 33) % below;
}

/* ---- what happens ---- */

static void note_removed(struct story *story, const char *old_text) {
    if (story->removed_count == CHANGES_MAX)
        return;
    struct removed_text *removed = &story->removed[story->removed_count++];
    snprintf(removed->text, sizeof removed->text, "%s", old_text);
    removed->since_us = clock_monotonic_us(clock_system());
}

static void write_message(struct story *story, bool is_private) {
    int sender = (int)next_random(story, PEOPLE);
    int recipient = (sender + 1 + (int)next_random(story, PEOPLE - 1)) % PEOPLE;
    lc_message *message = NULL;
    if (sender == CY && (story->cy_is_muted || story->cy_is_away))
        sender = HOST;
    if (recipient == sender || (recipient == CY && story->cy_is_away))
        is_private = false;
    const char *content = text("number %zu", story->written);
    assert_ok(try_send(story->people[sender].token, story->conversation, content,
                       is_private ? story->people[recipient].id : NULL, NULL, &message));
    struct written *written = &story->recent[story->written++ % RECENT];
    snprintf(written->id, sizeof written->id, "%s", message->id);
    snprintf(written->text, sizeof written->text, "%s", content);
    written->sender = sender;
}

static void change_message(struct story *story, bool is_deletion) {
    size_t known = story->written < RECENT ? story->written : RECENT;
    if (known == 0)
        return;
    struct written *written = &story->recent[next_random(story, (uint32_t)known)];
    bool cannot = written->sender == CY && (story->cy_is_muted || story->cy_is_away);
    if (written->text[0] == '\0' || cannot)
        return;
    const char *token = story->people[written->sender].token;
    if (is_deletion) {
        assert_ok(try_delete(token, written->id, NULL, NULL));
        note_removed(story, written->text);
        written->text[0] = '\0';
        return;
    }
    const char *content = text("%s again", written->text);
    if (strlen(content) >= SEEN_TEXT_BYTES)
        return;
    assert_ok(try_edit(token, written->id, content, NULL, NULL));
    note_removed(story, written->text);
    snprintf(written->text, sizeof written->text, "%s", content);
}

static void toggle_mute(struct story *story) {
    story->cy_is_muted = !story->cy_is_muted;
    assert_ok(try_mute(story->people[HOST].token, story->conversation, story->people[CY].id,
                       story->cy_is_muted, NULL));
}

static void toggle_presence(struct story *story) {
    if (story->cy_is_away)
        joined(story->people[CY].token, story->conversation);
    else
        assert_ok(try_leave(story->people[CY].token, story->conversation, 0));
    story->cy_is_away = !story->cy_is_away;
}

static void step(struct story *story) {
    uint32_t dice = next_random(story, 100);
    if (dice < 70)
        write_message(story, false);
    else if (dice < 84)
        write_message(story, true);
    else if (dice < 91)
        change_message(story, false);
    else if (dice < 95)
        change_message(story, true);
    else if (dice < 97)
        toggle_mute(story);
    else
        toggle_presence(story);
    /* As many cuts as are due by now. */
    while (story->cuts * story->messages_wanted < story->cuts_wanted * story->written &&
           story->cuts < story->cuts_wanted) {
        (void)device_cut(story->devices[next_random(story, DEVICES)]);
        story->cuts++;
    }
}

static void steps_until(struct story *story, size_t messages) {
    while (story->written < messages)
        step(story);
}

/* Keeps what is known of the events, and trims the log up to here. */
static void trim(struct story *story) {
    uint64_t head = head_of(story->conversation);
    liveconv_sql(t.lc,
                 "INSERT INTO oracle SELECT sequence, visibleTo, visibleFrom FROM events"
                 " WHERE topicId = '%s' AND sequence <= %llu",
                 story->conversation, (unsigned long long)head);
    liveconv_sql(t.lc, "UPDATE live_conversations SET eventFloor = %llu WHERE id = '%s'",
                 (unsigned long long)head, story->conversation);
    liveconv_sql(t.lc, "DELETE FROM events WHERE topicId = '%s' AND sequence <= %llu",
                 story->conversation, (unsigned long long)head);
}

static void keep_the_rest(struct story *story) {
    liveconv_sql(t.lc,
                 "INSERT INTO oracle SELECT sequence, visibleTo, visibleFrom FROM events"
                 " WHERE topicId = '%s'",
                 story->conversation);
}

/* ---- the oracle ---- */

struct expected {
    const char *viewer;
    uint64_t *sequences;
    size_t count;
};

static struct status read_expected(struct db_tx *tx, void *context) {
    static const struct db_sql visible = {
        "SELECT sequence FROM oracle WHERE visibleTo IS NULL OR visibleTo = ? OR visibleFrom = ?"
        " ORDER BY sequence"};
    struct expected *expected = context;
    struct uuid viewer;
    DB_ROWS_AUTO struct db_rows *rows = NULL;
    uuid_parse(expected->viewer, strlen(expected->viewer), &viewer);
    expected->count = 0;
    TRY(db_query(tx, &visible, DB_ARGS(db_uuid(&viewer), db_uuid(&viewer)), &rows));
    while (db_rows_next(rows)) {
        uint64_t sequence = 0;
        TRY(db_rows_read(rows, NULL, DB_INTO(db_into_uint64(&sequence))));
        expected->sequences =
            realloc(expected->sequences, (expected->count + 1) * sizeof *expected->sequences);
        expected->sequences[expected->count++] = sequence;
    }
    return db_rows_status(rows);
}

static void check_segment(const struct device *device, unsigned segment,
                          const struct expected *expected) {
    const struct device_topic *topic = &device->topics[0];
    size_t at = 0;
    for (size_t i = 0; i < expected->count; i++) {
        uint64_t wanted = expected->sequences[i];
        if (wanted <= topic->starts[segment] || wanted > topic->ends[segment])
            continue;
        while (at < device->seen.count && (device->seen.items[at].segment != segment))
            at++;
        uint64_t saw = at < device->seen.count ? device->seen.items[at].sequence : 0;
        if (saw != wanted)
            fail_msg("%s, part %u (%llu to %llu): saw %llu instead of %llu", device->device_id,
                     segment, (unsigned long long)topic->starts[segment],
                     (unsigned long long)topic->ends[segment], (unsigned long long)saw,
                     (unsigned long long)wanted);
        at++;
    }
    while (at < device->seen.count && device->seen.items[at].segment != segment)
        at++;
    if (at < device->seen.count)
        fail_msg("%s, part %u: saw %llu, which it may not", device->device_id, segment,
                 (unsigned long long)device->seen.items[at].sequence);
}

static void check_texts(const struct story *story, const struct device *device) {
    for (size_t i = 0; i < device->seen.count; i++)
        for (size_t j = 0; j < story->removed_count; j++)
            if (device->seen.items[i].opened_at_us > story->removed[j].since_us &&
                strcmp(device->seen.items[i].text, story->removed[j].text) == 0)
                fail_msg("%s was told \"%s\", which was taken back before", device->device_id,
                         device->seen.items[i].text);
}

static size_t check_device(const struct story *story, struct device *device, int owner) {
    struct expected expected = {.viewer = story->people[owner].id};
    assert_ok(db_read(t.lc->pool, INT64_MAX, read_expected, &expected, NULL));
    device_assert_sound(device);
    for (unsigned segment = 1; segment <= device->topics[0].segment; segment++)
        check_segment(device, segment, &expected);
    check_texts(story, device);
    free(expected.sequences);
    return device->seen.count;
}

/* ---- the story ---- */

static void begin(struct story *story) {
    for (int i = 0; i < PEOPLE; i++)
        story->people[i].token = new_student(&story->people[i].id);
    story->conversation = open_conversation(story->people[HOST].token)->id;
    for (int i = 0; i < PEOPLE; i++) {
        if (i != HOST)
            booked(story->people[i].token, story->conversation);
        joined(story->people[i].token, story->conversation);
    }
    static const char *const names[DEVICES] = {"ana phone", "ana tablet", "ben phone", "host"};
    static const int owners[DEVICES] = {ANA, ANA, BEN, HOST};
    for (int i = 0; i < DEVICES; i++) {
        story->owner[i] = owners[i];
        story->devices[i] =
            device_start(story->people[owners[i]].token, names[i], &story->conversation, 1);
        device_await_ready(story->devices[i]);
    }
    liveconv_sql(t.lc, "CREATE OR REPLACE TABLE oracle (sequence BIGINT UNSIGNED PRIMARY KEY,"
                       " visibleTo UUID, visibleFrom UUID)");
}

static void patient(struct service_live_options *live) {
    live->hub.ring_entries = 64; /* so that the log is read, too */
    live->hub.page_entries = 48;
    live->presence.join_lease_ms = 600000;
    live->presence.away_ms = 600000;
}

static const struct liveconv_server_options options = {.configure_live = patient};

static int start_patient_server(void **state) {
    (void)state;
    t.lc = liveconv_server_start(&options);
    return 0;
}

static void every_visible_event_once_and_in_order(void **state) {
    struct story story = {.random = 42, .cuts_wanted = 50, .messages_wanted = 500};
    struct story *s = &story;
    (void)state;
    if (getenv("LIVECONV_SOAK") != NULL) {
        s->cuts_wanted = 200;
        s->messages_wanted = 2000;
    }
    begin(s);
    steps_until(s, s->messages_wanted / 3);

    /* One sleeps while the log is trimmed above where it is. */
    device_stop(s->devices[2]);
    steps_until(s, s->messages_wanted / 2);
    trim(s);
    device_resume(s->devices[2]);
    steps_until(s, s->messages_wanted * 2 / 3);

    /* The server ends and another begins; what is not in the log would be lost. */
    for (int i = 0; i < DEVICES; i++)
        device_stop(s->devices[i]);
    liveconv_server_restart(t.lc, &options);
    for (int i = 0; i < DEVICES; i++)
        device_resume(s->devices[i]);
    steps_until(s, s->messages_wanted);

    uint64_t head = head_of(s->conversation);
    for (int i = 0; i < DEVICES; i++)
        device_await_sequence(s->devices[i], 0, head);
    for (int i = 0; i < DEVICES; i++)
        device_stop(s->devices[i]);
    keep_the_rest(s);
    size_t seen = 0;
    for (int i = 0; i < DEVICES; i++)
        seen += check_device(s, s->devices[i], s->owner[i]);
    assert_int_equal(s->devices[2]->topics[0].snapshots[LC_SNAPSHOT_REASON_TRIMMED], 1);
    printf("%zu messages, %llu events, %zu cuts, %zu deliveries, %zu texts taken back\n",
           s->written, (unsigned long long)head_of(s->conversation), s->cuts, seen,
           s->removed_count);
    for (int i = 0; i < DEVICES; i++)
        device_free(&s->devices[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_visible_event_once_and_in_order, begin_test,
                                        end_test),
    };
    return cmocka_run_group_tests(tests, start_patient_server, stop_server);
}
