/*
 * Resuming, against an oracle that is computed from the database: devices are cut at random while
 * messages, private ones, edits, deletions, mutes, leaves and rejoins happen, the log is trimmed,
 * and the server is killed in the middle of it, more than once, and restarted in order. Whatever a
 * viewer may see is seen exactly once and in order, no removed text is told, and nothing that was
 * acknowledged is lost or done twice.
 */
#include "live_crowd.h"
#include "live_oracle.h"
#include "live_process.h"

#include <stdio.h>

enum { DEVICES = 2 * CROWD_PEOPLE, CUTS = 200, MESSAGES = 2000 };
enum { SLEEPER = 2 * ANA + 1 }; /* whose position is trimmed away */
enum { NAP_CUTS = 4 };      /* a short sleep, at most: its position is still in the ring, or not */
enum { WITNESS = 2 * BEN }; /* who is told last before a kill; it does not sleep */

struct story {
    struct live_process *process;
    struct crowd crowd;
    struct oracle oracle;
    struct device *devices[DEVICES];
    size_t asleep_until[DEVICES]; /* so many cuts; 0: awake */
    uint64_t random;
    size_t kills;
};

static struct story story;

static uint32_t next_random(uint32_t below) {
    story.random = story.random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(story.random >> 33) % below;
}

/* ---- what happens to the server ---- */

/* Rings so short that the log is read, too; a trimming that does not keep the test waiting. */
static const char *const settings[] = {"LIVECONVD_LIVE_RING_ENTRIES=64",
                                       "LIVECONVD_LIVE_PAGE_ENTRIES=48",
                                       "LIVECONVD_LIVE_JOIN_LEASE=10m",
                                       "LIVECONVD_LIVE_AWAY=10m",
                                       "LIVECONVD_SCHEDULE_TRIM_EVERY=100ms",
                                       "LIVECONVD_SCHEDULE_PRESENCE_EVERY=500ms",
                                       "LIVECONVD_SCHEDULE_SESSIONS_EVERY=1s",
                                       "LIVECONVD_SERVER_WORKERS=4",
                                       NULL};

static void kill_the_server(void) {
    live_process_kill(story.process);
    crowd_note_head(&story.crowd);
    live_process_start(story.process);
    story.kills++;
}

/* It probably is not answered yet: a retry must not do it again. */
static void kill_when_something_is_committed(void) {
    crowd_await_commit(&story.crowd);
    kill_the_server();
}

/* Then it is committed. */
static void kill_when_something_is_told(void) {
    struct device *witness = story.devices[WITNESS];
    crowd_go_on(&story.crowd);
    device_await_sequence(witness, 0, device_position(witness, 0) + 1);
    kill_the_server();
}

static void restart_the_server(void) {
    crowd_expect_end(&story.crowd, true);
    live_process_end(story.process);
    live_process_start(story.process);
    crowd_await_commit(&story.crowd);
    crowd_expect_end(&story.crowd, false);
}

/* What a device knows must be in the database when it knows it. */
static void check_told_is_stored(void) {
    uint64_t told = 0;
    for (int i = 0; i < DEVICES; i++) {
        uint64_t position = device_position(story.devices[i], 0);
        told = position > told ? position : told;
    }
    if (crowd_head(&story.crowd) < told)
        fail_msg("a device knows %llu, and it is not committed", (unsigned long long)told);
}

/* Most come back at once; some only when more was written, changed and taken back. */
static void cut_somebody(size_t cuts) {
    uint32_t who = next_random(DEVICES);
    while (!device_cut(story.devices[who]))
        who = next_random(DEVICES);
    if (who != SLEEPER && who != WITNESS && next_random(3) == 0) {
        device_stop(story.devices[who]);
        story.asleep_until[who] = cuts + 1 + next_random(NAP_CUTS);
    }
}

static void wake_up(size_t cuts) {
    for (int i = 0; i < DEVICES; i++) {
        if (story.asleep_until[i] == 0 || story.asleep_until[i] > cuts)
            continue;
        story.asleep_until[i] = 0;
        device_resume(story.devices[i]);
    }
}

/* Whatever happens, happens while people write and devices follow. */
static void happen(size_t cuts) {
    switch (cuts) {
    case CUTS * 1 / 8:
        kill_when_something_is_committed();
        kill_when_something_is_told(); /* hardly that all are back */
        break;
    case CUTS * 2 / 8:
        device_stop(story.devices[SLEEPER]);
        break;
    case CUTS * 3 / 8:
        oracle_trim(&story.oracle);
        oracle_await_floor(&story.oracle, 1);
        kill_the_server(); /* in the middle of its trimming */
        break;
    case CUTS * 4 / 8:
        oracle_await_floor(&story.oracle, story.oracle.trimmed);
        device_resume(story.devices[SLEEPER]);
        kill_when_something_is_committed(); /* it may be about to send the snapshot */
        break;
    case CUTS * 5 / 8:
        restart_the_server();
        break;
    case CUTS * 6 / 8:
        kill_when_something_is_told();
        kill_when_something_is_committed();
        break;
    case CUTS * 7 / 8:
        kill_when_something_is_told();
        kill_when_something_is_told();
        break;
    default:
        break;
    }
}

/* ---- the story ---- */

static void follow(void) {
    static const char *const names[DEVICES] = {"host phone", "host tablet", "ana phone",
                                               "ana tablet", "ben phone",   "ben tablet",
                                               "cy phone",   "cy tablet"};
    for (int i = 0; i < DEVICES; i++) {
        story.devices[i] =
            device_start(story.crowd.people[i / 2].token, names[i], &story.crowd.conversation, 1);
        device_await_ready(story.devices[i]);
    }
}

static void stop_following(void) {
    uint64_t head = head_of(story.crowd.conversation);
    for (int i = 0; i < DEVICES; i++)
        device_await_sequence(story.devices[i], 0, head);
    for (int i = 0; i < DEVICES; i++)
        device_stop(story.devices[i]);
}

static void tell(size_t seen) {
    const struct crowd_figures *f = &story.crowd.figures;
    printf("%zu messages, %zu edits, %zu deletions, %zu mutes, %zu moves, %zu refused\n",
           f->written, f->edits, f->deletions, f->mutes, f->moves, f->refused);
    printf("%zu kills, %zu requests cut short, %zu of them messages that had been stored, %zu "
           "turned away, %zu repeated\n",
           story.kills, f->cut_short, f->already_there, f->turned_away, f->repeated);
    printf("%d cuts, %zu events, %zu deliveries to %d devices\n", CUTS, story.oracle.count, seen,
           DEVICES);
}

static void every_visible_event_once_and_in_order(void **state) {
    size_t seen = 0;
    (void)state;
    crowd_gather(&story.crowd, MESSAGES);
    oracle_begin(&story.oracle, &story.crowd);
    follow();
    crowd_start(&story.crowd);
    for (size_t cuts = 1; cuts <= CUTS; cuts++) {
        crowd_await(&story.crowd, cuts * MESSAGES / (CUTS + 1));
        check_told_is_stored();
        wake_up(cuts);
        cut_somebody(cuts);
        happen(cuts);
    }
    wake_up(SIZE_MAX);
    crowd_finish(&story.crowd);
    stop_following();

    oracle_read(&story.oracle);
    oracle_check_log(&story.oracle);
    for (int i = 0; i < DEVICES; i++)
        seen += oracle_check_device(&story.oracle, story.devices[i], i / 2);
    tell(seen);
    assert_int_equal(story.devices[SLEEPER]->topics[0].snapshots[LC_SNAPSHOT_REASON_TRIMMED], 1);
    assert_true(story.crowd.figures.cut_short > 0); /* otherwise the kills came between requests */
    live_process_end(story.process);
}

static int begin(void **state) {
    story.random = 42;
    story.process = live_process_new(settings);
    /* COMMIT takes as long as in earnest, so that kills fall into it. */
    liveconv_sql(t.lc, "SET GLOBAL innodb_flush_log_at_trx_commit = 1");
    return begin_test(state);
}

static int end(void **state) {
    crowd_stop(&story.crowd);
    for (int i = 0; i < DEVICES; i++)
        device_free(&story.devices[i]);
    oracle_done(&story.oracle);
    crowd_done(&story.crowd);
    live_process_free(&story.process);
    return end_test(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_visible_event_once_and_in_order, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
