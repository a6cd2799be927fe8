/*
 * Random publishes, rewrites, reads, cuts and restores against the oracle that live_fake.c checks
 * every frame with: every visible event exactly once, in order, with a text that may still be told.
 *
 *     test_live_oracle [SEED [STEPS]]      one run, to look at a failure
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "live_fake.h"
#include "support/cmocka.h"

enum { CLIENTS = 6, LOGS = 2, RUNS = 60, STEPS = 2400, UNTOLD = 64 };

/* A publish that is on its way; those of one transaction arrive in any order, too. */
struct untold {
    struct fake_log *log;
    uint64_t epoch;
    uint64_t sequence;
    uint64_t version;
};

struct run {
    struct fake_db db;
    struct fake_client clients[CLIENTS];
    struct untold untold[UNTOLD];
    size_t untold_count;
    uint64_t random;
    size_t restores;
    bool finishing;
};

static uint64_t pick(struct run *run, uint64_t bound) {
    run->random ^= run->random << 13;
    run->random ^= run->random >> 7;
    run->random ^= run->random << 17;
    return run->random % bound;
}

static void tell_one(struct run *run) {
    if (run->untold_count == 0)
        return;
    size_t at = (size_t)pick(run, run->untold_count);
    struct untold told = run->untold[at];
    run->untold[at] = run->untold[--run->untold_count];
    if (told.epoch == told.log->epoch) {
        fake_publish(&run->db, told.log, told.sequence, told.version);
        return;
    }
    /* Of a log that was replaced by a backup: a late hint, which must not be believed. */
    struct rpc_buffer *entry = fake_entry(told.sequence, told.version);
    struct live_event event = {.sequence = told.sequence, .version = told.version, .entry = entry};
    live_hub_publish(run->db.hub, &told.log->key, told.epoch, &event, 1);
    rpc_buffer_unref(&entry);
}

/* A publish that gets lost is found by its sequence; rewrites are lost with what tells of them. */
static void will_tell(struct run *run, struct fake_log *log, uint64_t sequence, uint64_t version) {
    if (version == sequence && pick(run, 20) == 0)
        return;
    while (run->untold_count == UNTOLD)
        tell_one(run);
    run->untold[run->untold_count++] = (struct untold){log, log->epoch, sequence, version};
}

static void commit_some(struct run *run) {
    struct fake_log *log = run->db.logs[pick(run, LOGS)];
    size_t count = pick(run, 10) == 0 ? 30 : 1 + (size_t)pick(run, 3);
    for (size_t i = 0; i < count && log->head + 2 < FAKE_LOG_MAX; i++) {
        uint64_t kind = pick(run, 10);
        uint64_t sequence = 0;
        if (kind < 2 && log->head > log->floor) { /* mostly of what is recent */
            uint64_t range = log->head - log->floor;
            if (pick(run, 2) == 0 && range > 10)
                range = 10;
            uint64_t old = log->head - pick(run, range);
            sequence = fake_rewrite(log, old);
            if (pick(run, 20) == 0) /* its COMMIT was not answered */
                continue;
            will_tell(run, log, old, sequence);
        } else if (kind < 5) {
            sequence =
                fake_commit_private(log, (uint8_t)pick(run, CLIENTS), (uint8_t)pick(run, CLIENTS));
        } else {
            sequence = fake_commit(log);
        }
        will_tell(run, log, sequence, sequence);
    }
}

static void restore_backup(struct run *run) {
    struct fake_log *log = run->db.logs[pick(run, LOGS)];
    if (run->restores == 3)
        return;
    run->restores++;
    log->epoch += 100;
    log->head -= pick(run, log->head / 2 + 1);
    if (log->floor > log->head)
        log->floor = log->head;
    for (uint64_t at = 1; at <= log->head; at++) {
        if (log->events[at].version > log->head)
            log->events[at].version = at;
        log->events[at].told_version = 0;
    }
}

static void open_client(struct run *run, struct fake_client *client) {
    uint64_t how = pick(run, 12);
    if (how == 0)
        memset(client->places, 0, sizeof client->places);
    struct live_subscription topics[4];
    char device[2] = {(char)('a' + pick(run, 2)), '\0'};
    if (run->finishing) /* now nobody takes anybody's place */
        device[0] = (char)('A' + (client - run->clients));
    struct live_subscriber_options options = fake_client_options(client, device, topics);
    options.heartbeat_seconds = 5;
    if (how == 1) {
        topics[0].has_position = false;
        topics[0].live_only = true;
        client->places[0].known = false;
    }
    if (how == 2 && topics[0].has_position) { /* ahead of the log */
        topics[0].after.sequence += 100000;
        client->places[0].position = topics[0].after;
    }
    fake_client_open_with(client, &options);
}

static void step_client(struct run *run) {
    struct fake_client *client = &run->clients[pick(run, CLIENTS)];
    if (client->subscriber == NULL) {
        if (pick(run, 4) == 0)
            open_client(run, client);
    } else if (pick(run, 40) == 0) {
        fake_client_cut(client);
    } else if (client->ready || pick(run, 8) == 0) {
        if (fake_client_next(client) == FAKE_END)
            fake_client_cut(client);
    }
}

static void step_request(struct run *run) {
    if (run->db.request_count == 0)
        return;
    size_t at = (size_t)pick(run, run->db.request_count);
    run->db.failure = pick(run, 30) == 0
                          ? status_error(STATUS_UNAVAILABLE, STATUS_NO_REASON, "away")
                          : status_ok();
    if (pick(run, 2) == 0)
        fake_see(&run->db, at);
    else
        fake_answer(&run->db, at);
    run->db.failure = status_ok();
}

static void trim(struct run *run) {
    struct fake_log *log = run->db.logs[pick(run, LOGS)];
    if (log->head > log->floor + 20)
        log->floor += pick(run, log->head - log->floor - 10);
}

static void step(struct run *run) {
    uint64_t kind = pick(run, 100);
    if (kind < 15)
        commit_some(run);
    else if (kind < 40)
        tell_one(run);
    else if (kind < 75)
        step_client(run);
    else if (kind < 90)
        step_request(run);
    else if (kind < 98)
        fake_advance(&run->db, (int64_t)pick(run, 60));
    else if (kind < 99)
        trim(run);
    else if (pick(run, 10) == 0)
        restore_backup(run);
}

/* Once nothing more happens, everybody is where the log ends. */
static void finish(struct run *run) {
    run->finishing = true;
    while (run->untold_count > 0)
        tell_one(run);
    for (size_t i = 0; i < CLIENTS; i++)
        if (run->clients[i].subscriber == NULL)
            open_client(run, &run->clients[i]);
    for (size_t round = 0; round < 600; round++) {
        for (size_t i = 0; i < CLIENTS; i++) {
            struct fake_client *client = &run->clients[i];
            if (client->ready && fake_client_next(client) == FAKE_END) {
                fake_client_cut(client);
                open_client(run, client);
            }
        }
        while (run->db.request_count > 0)
            fake_answer(&run->db, 0);
        fake_advance(&run->db, 100);
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        for (size_t j = 0; j < LOGS; j++) {
            const struct fake_place *place = &run->clients[i].places[j];
            assert_true(place->known);
            assert_int_equal(place->position.epoch, run->db.logs[j]->epoch);
            assert_int_equal(place->position.sequence, run->db.logs[j]->head);
        }
    }
}

/* By now no text but the log's is told, whether its rewrite was published or not. */
static void read_again(struct run *run) {
    struct fake_client late;
    fake_client_init(&late, &run->db, CLIENTS);
    late.sees_private = true;
    for (size_t j = 0; j < LOGS; j++) {
        struct fake_log *log = run->db.logs[j];
        uint64_t after = log->floor;
        if (log->head - after > run->db.options.max_behind)
            after = log->head - run->db.options.max_behind;
        for (uint64_t at = after + 1; at <= log->head; at++)
            log->events[at].told_version = log->events[at].version;
        late.places[j] = (struct fake_place){.known = true, .position = {log->epoch, after}};
    }
    fake_client_open(&late, "late");
    fake_client_read(&late, FAKE_BATCH);
    for (size_t j = 0; j < LOGS; j++)
        assert_int_equal(late.places[j].position.sequence, run->db.logs[j]->head);
    fake_client_cut(&late);
}

static size_t run_once(uint64_t seed, size_t steps) {
    struct run *run = calloc(1, sizeof *run);
    assert_non_null(run);
    run->random = (seed + 1) * 0x9e3779b97f4a7c15u;
    fake_db_init(&run->db);
    fake_db_log(&run->db, 100, 7);
    fake_db_log(&run->db, 101, 8);
    fake_db_start(&run->db);
    for (size_t i = 0; i < CLIENTS; i++) {
        fake_client_init(&run->clients[i], &run->db, (uint8_t)(i / 2)); /* two devices each */
        run->clients[i].sees_private = i == 4;
    }
    for (size_t i = 0; i < steps; i++)
        step(run);
    finish(run);
    read_again(run);
    size_t delivered = 0;
    for (size_t i = 0; i < CLIENTS; i++) {
        delivered += run->clients[i].delivered;
        fake_client_cut(&run->clients[i]);
    }
    fake_db_stop(&run->db);
    free(run);
    return delivered;
}

static uint64_t only_seed;
static size_t only_steps;

static void everything_visible_arrives_once_and_in_order(void **state) {
    (void)state;
    if (only_steps > 0) {
        run_once(only_seed, only_steps);
        return;
    }
    size_t delivered = 0;
    for (uint64_t seed = 0; seed < RUNS; seed++) {
        print_message("seed %d\n", (int)seed);
        delivered += run_once(seed, STEPS);
    }
    assert_true(delivered > RUNS * 500);
    print_message("%zu events were delivered\n", delivered);
}

int main(int argc, char **argv) {
    if (argc > 1) {
        if (!parse_uint64(argv[1], &only_seed))
            return 2;
        uint64_t steps = STEPS;
        if (argc > 2 && !parse_uint64(argv[2], &steps))
            return 2;
        only_steps = (size_t)steps;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_visible_arrives_once_and_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
