/* WatchConversations, without a network: rows match when their start is even or odd, as the filter
 * says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain/reason.h"
#include "live/watch.h"
#include "live_fake.h"
#include "liveconv/v1/conversation_service.grpc-c.h"
#include "rpc/details.h"
#include "support/cmocka.h"

enum { ROWS = 400 };

struct truth {
    bool exists;
    bool matches;
    uint64_t version;
    int64_t start_us;
};

/* What a watcher has made of what it was told. */
struct page {
    uint64_t version[ROWS]; /* 0: not there */
    bool truncated;
};

struct client {
    struct live_watcher *watcher;
    struct page page;
    bool has_page;
    int last; /* kind of the last frame */
    size_t frames;
    size_t wakes;
    size_t cuts;
    enum status_code cut_with;
};

struct fixture {
    struct fake_clock clock;
    struct live_loop *loop;
    struct live_watch *watch;
    struct truth rows[ROWS];
    uint64_t version;
    struct live_page *loading;
    struct truth read[ROWS]; /* what the page that is loading has seen */
    bool has_read;
    size_t loads;
    size_t filters;
    struct client clients[4];
    int32_t max_streams;
    const char *filter_key;
    size_t text_bytes; /* of each row's description */
};

static struct uuid row_id(size_t n) {
    struct uuid id = fake_uuid((uint8_t)n);
    id.bytes[14] = (uint8_t)(n >> 8);
    return id;
}

static struct live_row row_of(const struct fixture *f, size_t n) {
    char id[UUID_TEXT_BYTES];
    struct uuid uuid = row_id(n);
    uuid_format(&uuid, id);
    lc_conversation conversation;
    lc_conversation_init(&conversation);
    conversation.id = id;
    char title[24];
    snprintf(title, sizeof title, "%llu", (unsigned long long)f->rows[n].version);
    conversation.title = title;
    char *description = calloc(1, f->text_bytes + 1);
    uint8_t *bytes = malloc(f->text_bytes + 256);
    assert_true(description != NULL && bytes != NULL);
    memset(description, 'x', f->text_bytes);
    conversation.description = description;
    size_t len = protobuf_c_message_pack(&conversation.base, bytes);
    struct live_row row = {.id = uuid,
                           .version = f->rows[n].version,
                           .start_us = f->rows[n].start_us,
                           .entry = live_row_entry_new(bytes, len)};
    free(description);
    free(bytes);
    return row;
}

static bool match(void *context, const void *filter, const void *subject) {
    (void)context;
    (void)filter;
    return *(const bool *)subject;
}

static void on_load(void *context, const void *filter, struct live_page *page) {
    struct fixture *f = context;
    (void)filter;
    assert_null(f->loading);
    f->loading = page;
    f->loads++;
}

static void free_filter(void *context, void *filter) {
    ((struct fixture *)context)->filters--;
    free(filter);
}

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    fake_clock_init(&f->clock, 1700000000000000);
    fake_clock_advance(&f->clock, 1000000);
    f->loop = live_loop_new(&f->clock.base, NULL, NULL);
    struct live_watch_options options;
    live_watch_options_init(&options);
    options.loop = f->loop;
    options.match = match;
    options.load = on_load;
    options.free_filter = free_filter;
    options.max_groups = 2;
    options.context = f;
    f->filter_key = "even";
    f->watch = live_watch_new(&options);
    assert_non_null(f->watch);
    *state = f;
    return 0;
}

static int by_start(const void *a, const void *b, void *context) {
    const struct fixture *f = context;
    int64_t first = f->rows[*(const size_t *)a].start_us;
    int64_t second = f->rows[*(const size_t *)b].start_us;
    return first < second ? -1 : first > second;
}

/* The first 200 by start. */
static size_t page_of(const struct fixture *f, size_t ret_rows[LIVE_PAGE_ROWS],
                      bool *ret_truncated) {
    size_t all[ROWS];
    size_t count = 0;
    for (size_t i = 0; i < ROWS; i++)
        if (f->rows[i].matches)
            all[count++] = i;
    qsort_r(all, count, sizeof all[0], by_start, (void *)(uintptr_t)f);
    *ret_truncated = count > LIVE_PAGE_ROWS;
    if (count > LIVE_PAGE_ROWS)
        count = LIVE_PAGE_ROWS;
    memcpy(ret_rows, all, count * sizeof all[0]);
    return count;
}

static void answer(struct fixture *f) {
    size_t rows[LIVE_PAGE_ROWS];
    bool truncated;
    size_t count = page_of(f, rows, &truncated);
    for (size_t i = 0; i < count; i++) {
        struct live_row row = row_of(f, rows[i]);
        assert_true(live_page_add(f->loading, &row));
        rpc_buffer_unref(&row.entry);
    }
    live_page_done(f->loading, status_ok(), truncated);
    f->loading = NULL;
    live_loop_run(f->loop);
}

/* The page sees the rows as they are now, and is answered later. */
static void read_page(struct fixture *f) {
    memcpy(f->read, f->rows, sizeof f->read);
    f->has_read = true;
}

static void answer_as_read(struct fixture *f) {
    struct truth now[ROWS];
    memcpy(now, f->rows, sizeof now);
    memcpy(f->rows, f->read, sizeof f->rows);
    answer(f);
    memcpy(f->rows, now, sizeof f->rows);
    f->has_read = false;
}

static void pass(struct fixture *f, int64_t ms) {
    fake_clock_advance(&f->clock, ms * 1000);
    live_loop_run(f->loop);
}

static void tell(struct fixture *f, size_t n) {
    struct live_row row = row_of(f, n);
    bool *subject = malloc(sizeof *subject);
    *subject = f->rows[n].matches;
    live_watch_change(f->watch, "school", &row, subject, free);
    rpc_buffer_unref(&row.entry);
}

static void change_silently(struct fixture *f, size_t n, bool matches) {
    f->rows[n].matches = matches;
    f->rows[n].version = ++f->version;
    if (f->rows[n].start_us == 0)
        f->rows[n].start_us = (int64_t)n * 10 + 1;
}

static void change(struct fixture *f, size_t n, bool matches) {
    change_silently(f, n, matches);
    tell(f, n);
    live_loop_run(f->loop);
}

static void on_ready(void *context) {
    ((struct client *)context)->wakes++;
}

static void on_cut(void *context, struct status status) {
    struct client *client = context;
    client->cuts++;
    client->cut_with = status.code;
}

static void open_client(struct fixture *f, struct client *client) {
    struct live_watcher_options options = {.tenant = "school",
                                           .filter_key = f->filter_key,
                                           .filter = malloc(1),
                                           .user = fake_user(1),
                                           .max_streams = f->max_streams};
    f->filters++;
    assert_true(status_is_ok(live_watcher_new(f->watch, &options, &client->watcher)));
    live_watcher_start(client->watcher, &(struct live_outlet){on_ready, on_cut, client});
}

static size_t number_of(const char *id) {
    struct uuid uuid;
    assert_true(uuid_parse(id, strlen(id), &uuid));
    return (size_t)uuid.bytes[15] | (size_t)uuid.bytes[14] << 8;
}

static void put(struct client *client, Liveconv__V1__Conversation **rows, size_t count) {
    for (size_t i = 0; i < count; i++)
        client->page.version[number_of(rows[i]->id)] = strtoull(rows[i]->title, NULL, 10);
}

static void take(struct client *client, const lc_watch_conversations_response *response) {
    client->last = (int)response->kind_case;
    if (response->kind_case == LIVECONV__V1__WATCH_CONVERSATIONS_RESPONSE__KIND_SNAPSHOT) {
        assert_false(client->has_page);
        client->has_page = true;
        client->page.truncated = response->snapshot->truncated;
        assert_non_null(response->snapshot->server_time);
        put(client, response->snapshot->conversations, response->snapshot->n_conversations);
    }
    if (response->kind_case == LIVECONV__V1__WATCH_CONVERSATIONS_RESPONSE__KIND_CHANGES) {
        put(client, response->changes->changed, response->changes->n_changed);
        for (size_t i = 0; i < response->changes->n_removed_ids; i++)
            client->page.version[number_of(response->changes->removed_ids[i])] = 0;
    }
}

static bool read_one(struct client *client) {
    struct live_frame frame = {.count = 0};
    struct status status;
    if (live_watcher_next(client->watcher, &frame, &status) != LIVE_READY)
        return false;
    uint8_t *bytes = malloc(live_frame_bytes(&frame) + 1);
    size_t len = 0;
    for (size_t i = 0; i < frame.count; i++) {
        memcpy(bytes + len, rpc_buffer_bytes(frame.parts[i]), rpc_buffer_len(frame.parts[i]));
        len += rpc_buffer_len(frame.parts[i]);
    }
    live_frame_done(&frame);
    ProtobufCMessage *message = protobuf_c_message_unpack(
        &liveconv__v1__watch_conversations_response__descriptor, NULL, len, bytes);
    free(bytes);
    assert_non_null(message);
    take(client, (const lc_watch_conversations_response *)message);
    protobuf_c_message_free_unpacked(message, NULL);
    client->frames++;
    return true;
}

static size_t read_all(struct client *client) {
    size_t count = 0;
    while (read_one(client))
        count++;
    return count;
}

static void check(struct fixture *f, const struct client *client) {
    size_t rows[LIVE_PAGE_ROWS];
    bool truncated;
    size_t count = page_of(f, rows, &truncated);
    size_t held = 0;
    for (size_t i = 0; i < ROWS; i++)
        held += client->page.version[i] != 0;
    assert_int_equal(held, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(client->page.version[rows[i]], f->rows[rows[i]].version);
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    for (size_t i = 0; i < 4; i++)
        live_watcher_free(&f->clients[i].watcher);
    live_loop_run(f->loop);
    if (f->loading)
        answer(f);
    live_watch_free(&f->watch);
    live_loop_free(&f->loop);
    assert_int_equal(f->filters, 0);
    free(f);
    return 0;
}

static void open_with_page(struct fixture *f, struct client *client) {
    open_client(f, client);
    read_all(client);
    if (f->loading)
        answer(f);
    read_all(client);
    assert_true(client->has_page);
}

static void the_page_comes_first(void **state) {
    struct fixture *f = *state;
    change(f, 1, true);
    change(f, 2, false);
    open_with_page(f, &f->clients[0]);
    check(f, &f->clients[0]);
    assert_int_equal(f->clients[0].frames, 1);
}

static void one_group_reads_and_matches_once(void **state) {
    struct fixture *f = *state;
    for (size_t i = 0; i < 3; i++)
        open_with_page(f, &f->clients[i]);
    change(f, 1, true);
    struct live_watch_figures figures;
    live_watch_figures(f->watch, &figures);
    assert_int_equal(figures.groups, 1);
    assert_int_equal(figures.matches, 1);
    assert_int_equal(f->loads, 1);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(read_all(&f->clients[i]), 1);
        check(f, &f->clients[i]);
    }
}

static void a_row_changes_at_most_once_a_second(void **state) {
    struct fixture *f = *state;
    open_with_page(f, &f->clients[0]);
    change(f, 1, true);
    assert_int_equal(read_all(&f->clients[0]), 1);
    for (size_t i = 0; i < 10; i++) {
        change(f, 1, true);
        pass(f, 50);
        assert_int_equal(read_all(&f->clients[0]), 0);
    }
    pass(f, 500);
    assert_int_equal(read_all(&f->clients[0]), 1);
    check(f, &f->clients[0]);
}

static size_t held_by(const struct client *client) {
    size_t held = 0;
    for (size_t i = 0; i < ROWS; i++)
        held += client->page.version[i] != 0;
    return held;
}

static void a_page_of_large_rows_holds_fewer(void **state) {
    struct fixture *f = *state;
    struct live_watch_figures figures;
    f->text_bytes = 20000;
    size_t fit = LIVE_PAGE_BYTES / f->text_bytes;
    for (size_t i = 1; i <= fit + 20; i++)
        change_silently(f, i, true);
    open_with_page(f, &f->clients[0]);
    assert_true(f->clients[0].page.truncated);
    assert_in_range(held_by(&f->clients[0]), fit - 2, fit);
    assert_true(f->clients[0].page.version[1] != 0); /* those that start first */
    assert_true(f->clients[0].page.version[fit + 20] == 0);

    pass(f, 1000); /* read again: there are more than fit */
    live_watch_figures(f->watch, &figures);
    assert_int_equal(figures.loads, 2);
}

static void a_page_that_is_full_of_bytes_takes_no_more_rows(void **state) {
    struct fixture *f = *state;
    f->text_bytes = 20000;
    size_t fit = LIVE_PAGE_BYTES / f->text_bytes - 1;
    for (size_t i = 1; i <= fit; i++)
        change_silently(f, i, true);
    open_with_page(f, &f->clients[0]);
    assert_int_equal(held_by(&f->clients[0]), fit);
    assert_false(f->clients[0].page.truncated);
    for (size_t i = fit + 1; i <= fit + 10; i++)
        change(f, i, true);
    read_all(&f->clients[0]);
    assert_in_range(held_by(&f->clients[0]), fit, fit + 1);
    open_with_page(f, &f->clients[1]);
    assert_true(f->clients[1].page.truncated);
}

static void what_matches_no_more_is_removed(void **state) {
    struct fixture *f = *state;
    change(f, 1, true);
    open_with_page(f, &f->clients[0]);
    pass(f, 1000);
    change(f, 1, false);
    read_all(&f->clients[0]);
    assert_int_equal(f->clients[0].page.version[1], 0);
}

static void a_change_that_was_overtaken_is_ignored(void **state) {
    struct fixture *f = *state;
    open_with_page(f, &f->clients[0]);
    f->rows[1] = (struct truth){.matches = true, .version = 5, .start_us = 1};
    struct truth late = f->rows[1];
    f->rows[1].matches = false;
    f->rows[1].version = 6;
    tell(f, 1);
    struct truth now = f->rows[1];
    f->rows[1] = late;
    tell(f, 1);
    f->rows[1] = now;
    live_loop_run(f->loop);
    read_all(&f->clients[0]);
    check(f, &f->clients[0]);
}

static void a_change_while_the_page_is_read_is_not_missed(void **state) {
    struct fixture *f = *state;
    open_client(f, &f->clients[0]);
    read_all(&f->clients[0]);
    assert_non_null(f->loading);
    struct live_page *page = f->loading; /* it saw nothing */
    change(f, 1, true);
    f->loading = NULL;
    live_page_done(page, status_ok(), false);
    live_loop_run(f->loop);
    read_all(&f->clients[0]);
    pass(f, 1000);
    assert_non_null(f->loading);
    answer(f);
    read_all(&f->clients[0]);
    check(f, &f->clients[0]);
}

static void an_overfull_page_is_read_again(void **state) {
    struct fixture *f = *state;
    for (size_t i = 50; i < 350; i++)
        change_silently(f, i, true);
    open_with_page(f, &f->clients[0]);
    assert_true(f->clients[0].page.truncated);
    check(f, &f->clients[0]);
    change(f, 60, false); /* the 201st moves up */
    change(f, 10, true);  /* and one comes before all */
    pass(f, 1000);
    assert_non_null(f->loading);
    answer(f);
    pass(f, 1000);
    read_all(&f->clients[0]);
    check(f, &f->clients[0]);
}

static void a_row_beyond_a_full_page_reads_nothing(void **state) {
    struct fixture *f = *state;
    for (size_t i = 50; i < 350; i++)
        change_silently(f, i, true);
    open_with_page(f, &f->clients[0]);
    size_t loads = f->loads;
    change(f, 349, true); /* that starts last */
    change(f, 399, true);
    pass(f, 5000);
    assert_int_equal(read_all(&f->clients[0]), 0);
    assert_int_equal(f->loads, loads);
    check(f, &f->clients[0]);
}

static void a_full_page_that_a_row_is_leaving_has_room(void **state) {
    struct fixture *f = *state;
    for (size_t i = 0; i < LIVE_PAGE_ROWS; i++)
        change_silently(f, i, true);
    open_with_page(f, &f->clients[0]);
    change(f, 5, true);
    change(f, 5, false);  /* held back: it changed just now */
    change(f, 300, true); /* starts after all others */
    pass(f, 1000);
    assert_null(f->loading);
    read_all(&f->clients[0]);
    check(f, &f->clients[0]);
}

/* A full page, and rows beyond it; the last of the page has changed and is held back. */
static void make_the_last_pend(struct fixture *f) {
    for (size_t i = 50; i < 350; i++)
        change_silently(f, i, true);
    open_with_page(f, &f->clients[0]);
    pass(f, 1100);
    change(f, 249, true);
    change(f, 249, true);
    change(f, 10, true); /* before all others: the page is read again, without the last */
    pass(f, 1);
    assert_non_null(f->loading);
}

static void a_row_that_is_held_back_leaves_the_page(void **state) {
    struct fixture *f = *state;
    make_the_last_pend(f);
    answer(f);
    pass(f, 1000);
    read_all(&f->clients[0]);
    check(f, &f->clients[0]);
}

static void a_row_that_was_held_back_leaves_the_page(void **state) {
    struct fixture *f = *state;
    make_the_last_pend(f);
    pass(f, 1000); /* the change is made while the page is read */
    answer(f);
    pass(f, 1000);
    read_all(&f->clients[0]);
    check(f, &f->clients[0]);
}

static void changes_that_come_together_are_told_together(void **state) {
    struct fixture *f = *state;
    struct client *client = &f->clients[0];
    open_with_page(f, client);
    pass(f, 1000);
    client->wakes = 0;
    change(f, 1, true);
    assert_int_equal(client->wakes, 1);
    assert_int_equal(read_all(client), 1);
    for (size_t i = 2; i < 6; i++) {
        change(f, i, true);
        pass(f, 10);
    }
    assert_int_equal(client->wakes, 1);
    pass(f, 200);
    assert_int_equal(client->wakes, 2);
    assert_int_equal(read_all(client), 1);
    check(f, client);
}

static void nothing_for_30_s_is_progress(void **state) {
    struct fixture *f = *state;
    open_with_page(f, &f->clients[0]);
    pass(f, 30000);
    assert_int_equal(read_all(&f->clients[0]), 1);
    assert_int_equal(f->clients[0].last, LIVECONV__V1__WATCH_CONVERSATIONS_RESPONSE__KIND_PROGRESS);
}

static void a_suspended_user_is_sent_away(void **state) {
    struct fixture *f = *state;
    open_with_page(f, &f->clients[0]);
    struct live_user user = fake_user(1);
    live_watch_suspend_user(f->watch, &user);
    assert_int_equal(read_all(&f->clients[0]), 1);
    assert_int_equal(f->clients[0].last, LIVECONV__V1__WATCH_CONVERSATIONS_RESPONSE__KIND_GOODBYE);
}

static uint64_t pick(uint64_t *random, uint64_t bound) {
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return *random % bound;
}

static void random_step(struct fixture *f, uint64_t *random) {
    size_t n = (size_t)pick(random, ROWS);
    struct client *client = &f->clients[pick(random, 4)];
    switch (pick(random, 8)) {
    case 0:
    case 1:
    case 2:
        change(f, n, pick(random, 100) < 58);
        break;
    case 3:
        pass(f, (int64_t)pick(random, 700));
        break;
    case 4:
        if (f->loading && f->has_read)
            answer_as_read(f);
        else if (f->loading)
            read_page(f);
        break;
    case 5:
        if (client->watcher == NULL) {
            memset(client, 0, sizeof *client);
            open_client(f, client);
        } else if (pick(random, 20) == 0) {
            live_watcher_free(&client->watcher);
        }
        break;
    default:
        if (client->watcher != NULL)
            read_one(client);
        break;
    }
}

static void settle(struct fixture *f) {
    for (size_t i = 0; i < 4; i++) {
        if (f->clients[i].watcher != NULL)
            continue;
        memset(&f->clients[i], 0, sizeof f->clients[i]);
        open_client(f, &f->clients[i]);
    }
    if (f->loading && f->has_read)
        answer_as_read(f);
    for (size_t round = 0; round < 10; round++) {
        for (size_t i = 0; i < 4; i++)
            read_all(&f->clients[i]);
        if (f->loading)
            answer(f);
        pass(f, 1000);
    }
}

/* Many short courses: a long one would heal what went wrong on its way. */
static void all_pages_end_equal_to_the_truth(void **state) {
    (void)state;
    for (uint64_t course = 1; course <= 400; course++) {
        void *fixture = NULL;
        uint64_t random = course * 88172645463325252u;
        set_up(&fixture);
        struct fixture *f = fixture;
        for (size_t n = 0; n < ROWS; n++)
            change_silently(f, n, pick(&random, 100) < 52);
        for (size_t i = 0; i < 300; i++)
            random_step(f, &random);
        settle(f);
        for (size_t i = 0; i < 4; i++)
            check(f, &f->clients[i]);
        tear_down(&fixture);
    }
}

static struct status refusal_of(struct client *client) {
    struct live_frame frame = {.count = 0};
    struct status status = status_ok();
    assert_int_equal(live_watcher_next(client->watcher, &frame, &status), LIVE_END);
    return status;
}

static void streams_of_a_user_are_counted(void **state) {
    struct fixture *f = *state;
    f->max_streams = 2;
    open_with_page(f, &f->clients[0]);
    open_with_page(f, &f->clients[1]);
    open_client(f, &f->clients[2]);
    assert_int_equal(refusal_of(&f->clients[2]).reason, DOMAIN_REASON_DEVICE_LIMIT);
    assert_int_equal(refusal_of(&f->clients[2]).code, STATUS_RESOURCE_EXHAUSTED);
    /* One that goes leaves its place at once, not when its last word is read. */
    live_watcher_leave(f->clients[0].watcher, LIVE_GOODBYE_MAX_AGE);
    live_watcher_free(&f->clients[2].watcher);
    open_with_page(f, &f->clients[3]);
    open_client(f, &f->clients[2]);
    assert_int_equal(refusal_of(&f->clients[2]).reason, DOMAIN_REASON_DEVICE_LIMIT);
    live_watcher_free(&f->clients[1].watcher);
    live_watcher_free(&f->clients[2].watcher);
    open_with_page(f, &f->clients[2]);
}

static void open_other(struct fixture *f, struct client *client, const char *filter_key) {
    f->filter_key = filter_key;
    open_client(f, client);
}

static void groups_are_limited(void **state) {
    struct fixture *f = *state;
    struct live_watch_figures figures;
    open_with_page(f, &f->clients[0]);
    f->filter_key = "odd";
    open_with_page(f, &f->clients[1]);
    open_other(f, &f->clients[2], "both");
    assert_int_equal(refusal_of(&f->clients[2]).reason, RPC_REASON_OVERLOADED);
    assert_int_equal(refusal_of(&f->clients[2]).code, STATUS_RESOURCE_EXHAUSTED);
    f->filter_key = "even"; /* is there */
    open_with_page(f, &f->clients[3]);
    /* One that is only kept for a while makes room. */
    live_watcher_free(&f->clients[1].watcher);
    live_watcher_free(&f->clients[2].watcher);
    live_loop_run(f->loop);
    f->filter_key = "both";
    open_with_page(f, &f->clients[2]);
    live_watch_figures(f->watch, &figures);
    assert_int_equal(figures.groups, 2);
}

/* Each row has a second of its own, whatever the others do in between. */
static void rows_that_are_held_back_come_in_their_time(void **state) {
    struct fixture *f = *state;
    open_with_page(f, &f->clients[0]);
    for (size_t i = 1; i <= 3; i++) { /* at 0, 100 and 200 ms */
        change(f, i, true);
        pass(f, 100);
    }
    change(f, 2, true); /* not in the order in which they may change */
    change(f, 3, false);
    change(f, 1, true);
    read_all(&f->clients[0]);
    for (size_t i = 1; i <= 3; i++) {
        pass(f, i == 1 ? 699 : 99);
        assert_int_equal(read_all(&f->clients[0]), 0);
        pass(f, 1);
        assert_int_equal(read_all(&f->clients[0]), 1);
    }
    check(f, &f->clients[0]);
}

static void a_watcher_that_stalls_is_cut_off(void **state) {
    struct fixture *f = *state;
    struct live_user user = fake_user(1);
    open_with_page(f, &f->clients[0]);
    open_with_page(f, &f->clients[1]);
    change(f, 1, true);
    assert_true(read_one(&f->clients[0])); /* are never written */
    assert_true(read_one(&f->clients[1]));
    live_watcher_leave(f->clients[1].watcher, LIVE_GOODBYE_DRAIN); /* the runtime's to end */
    pass(f, 60000);
    assert_int_equal(f->clients[0].cuts, 0);
    pass(f, 500);
    assert_int_equal(f->clients[0].cuts, 1);
    assert_int_equal(f->clients[0].cut_with, STATUS_RESOURCE_EXHAUSTED);
    open_with_page(f, &f->clients[2]);
    change(f, 1, true);
    assert_true(read_one(&f->clients[2]));
    live_watch_suspend_user(f->watch, &user);
    live_loop_run(f->loop);
    pass(f, 500);
    assert_int_equal(f->clients[2].cuts, 1);
    assert_int_equal(f->clients[2].cut_with, STATUS_PERMISSION_DENIED);
    assert_int_equal(f->clients[1].cuts, 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_page_comes_first),
        TEST(one_group_reads_and_matches_once),
        TEST(a_row_changes_at_most_once_a_second),
        TEST(a_page_of_large_rows_holds_fewer),
        TEST(a_page_that_is_full_of_bytes_takes_no_more_rows),
        TEST(what_matches_no_more_is_removed),
        TEST(a_change_that_was_overtaken_is_ignored),
        TEST(a_change_while_the_page_is_read_is_not_missed),
        TEST(an_overfull_page_is_read_again),
        TEST(a_row_beyond_a_full_page_reads_nothing),
        TEST(a_full_page_that_a_row_is_leaving_has_room),
        TEST(a_row_that_is_held_back_leaves_the_page),
        TEST(a_row_that_was_held_back_leaves_the_page),
        TEST(changes_that_come_together_are_told_together),
        TEST(nothing_for_30_s_is_progress),
        TEST(a_suspended_user_is_sent_away),
        TEST(streams_of_a_user_are_counted),
        TEST(groups_are_limited),
        TEST(rows_that_are_held_back_come_in_their_time),
        TEST(a_watcher_that_stalls_is_cut_off),
        cmocka_unit_test(all_pages_end_equal_to_the_truth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
