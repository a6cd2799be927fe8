#include "service/unread.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "db/tx.h"
#include "live/hub.h"
#include "liveconv/v1/live_service.grpc-c.h"
#include "service/convert_live.h"
#include "service/live_internal.h"
#include "service/service.h"
#include "store/message.h"
#include "store/participant.h"

enum {
    WINDOW_MS = 300,   /* what is noted within it is counted once */
    NOTES_MAX = 65536, /* more is forgotten: these are hints */
    SIGNAL_UNREAD = 7, /* field of Signal.kind */
    SIGNALS_MAX = 100, /* conversations of one inbox */
    HINT_LIVES_MS = 10000,
};

/* A followed inbox. */
struct reader {
    struct live_key key;
    size_t streams;
    UT_hash_handle hh;
};

/* What is to be counted: a conversation, or all of an inbox. */
struct note {
    struct live_key key;
    UT_hash_handle hh;
};

struct service_unread {
    struct service_live *live;
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t lock; /* everything below */
    pthread_cond_t noted;
    bool stopping;
    struct reader *readers;
    struct note *notes;
};

/* ---- who looks ---- */

static struct reader *find_reader(const struct service_unread *unread,
                                  const struct live_key *inbox) {
    struct reader *found = NULL;
    HASH_FIND(hh, unread->readers, inbox, sizeof *inbox, found);
    return found;
}

/* Under the lock. */
static void note(struct service_unread *unread, const struct live_key *key) {
    struct note *found = NULL;
    HASH_FIND(hh, unread->notes, key, sizeof *key, found);
    if (found != NULL || unread->stopping || HASH_COUNT(unread->notes) >= NOTES_MAX)
        return;
    found = calloc(1, sizeof *found);
    if (found == NULL)
        return;
    found->key = *key;
    HASH_ADD(hh, unread->notes, key, sizeof found->key, found);
    if (found->hh.tbl == NULL)
        free(found);
    else
        pthread_cond_signal(&unread->noted);
}

/* Under the lock. NULL when out of memory: no hints for this one. */
static struct reader *add_reader(struct service_unread *unread, const struct live_key *inbox) {
    struct reader *reader = find_reader(unread, inbox);
    if (reader == NULL)
        reader = calloc(1, sizeof *reader);
    if (reader == NULL || reader->streams++ > 0)
        return reader;
    reader->key = *inbox;
    HASH_ADD(hh, unread->readers, key, sizeof reader->key, reader);
    if (reader->hh.tbl != NULL)
        return reader;
    free(reader);
    return NULL;
}

void service_unread_follow(struct service_unread *unread, const struct live_key *inbox,
                           bool goes_on) {
    pthread_mutex_lock(&unread->lock);
    if (add_reader(unread, inbox) != NULL && goes_on)
        note(unread, inbox);
    pthread_mutex_unlock(&unread->lock);
}

void service_unread_unfollow(struct service_unread *unread, const struct live_key *inbox) {
    pthread_mutex_lock(&unread->lock);
    struct reader *reader = find_reader(unread, inbox);
    if (reader != NULL && --reader->streams == 0) {
        HASH_DEL(unread->readers, reader);
        free(reader);
    }
    pthread_mutex_unlock(&unread->lock);
}

void service_live_unread(struct service_live *live, const char *tenant,
                         const struct uuid *conversation) {
    struct live_key key;
    if (live == NULL || !live_key_make(tenant, LIVE_CONVERSATION, conversation, &key))
        return;
    pthread_mutex_lock(&live->unread->lock);
    if (live->unread->readers != NULL)
        note(live->unread, &key);
    pthread_mutex_unlock(&live->unread->lock);
}

/* ---- counting ---- */

struct counting {
    struct service_unread *unread;
    const struct live_key *key;
    struct arena arena;
    struct uuid last; /* of the page of participants before; has_last */
    bool has_last;
    bool is_last_page;
    struct store_unread *items; /* out */
    size_t count;
};

static struct status read_inbox(struct db_tx *tx, void *argument) {
    struct counting *counting = argument;
    arena_reset(&counting->arena);
    TRY(store_message_unread_list(tx, &counting->arena, counting->key->tenant, &counting->key->id,
                                  SIGNALS_MAX, &counting->items, &counting->count));
    counting->is_last_page = true;
    return status_ok();
}

/* Those of `users` whose inbox is followed here come first; how many. */
static size_t keep_readers(struct service_unread *unread, const char *tenant, struct uuid *users,
                           size_t count) {
    size_t kept = 0;
    pthread_mutex_lock(&unread->lock);
    for (size_t i = 0; i < count; i++) {
        struct live_key inbox;
        if (live_key_make(tenant, LIVE_INBOX, &users[i], &inbox) &&
            find_reader(unread, &inbox) != NULL)
            users[kept++] = users[i];
    }
    pthread_mutex_unlock(&unread->lock);
    return kept;
}

/* One page of participants. */
static struct status read_conversation(struct db_tx *tx, void *argument) {
    struct counting *counting = argument;
    const struct live_key *key = counting->key;
    struct uuid *users;
    size_t count;
    arena_reset(&counting->arena);
    counting->count = 0;
    TRY(store_participant_users(tx, &counting->arena, key->tenant, &key->id,
                                counting->has_last ? &counting->last : NULL, &users, &count));
    counting->is_last_page = count < STORE_PARTICIPANT_USERS_MAX;
    if (count == 0)
        return status_ok();
    struct uuid last = users[count - 1];
    count = keep_readers(counting->unread, key->tenant, users, count);
    if (count > 0)
        TRY(store_message_unread_of(tx, &counting->arena, key->tenant, &key->id, users, count,
                                    &counting->items, &counting->count));
    counting->last = last;
    counting->has_last = true;
    return status_ok();
}

static void signal_one(struct counting *counting, const struct store_unread *item) {
    struct live_hub *hub = counting->unread->live->hub;
    struct convert c = convert_into(&counting->arena);
    struct live_key inbox;
    lc_read_state *state = convert_read_state(&c, &item->conversation_id,
                                              item->read_through_sequence, item->unread_count);
    if (!status_is_ok(convert_status(&c)) ||
        !live_key_make(counting->key->tenant, LIVE_INBOX, &item->user_id, &inbox))
        return;
    struct live_signal signal = {.kind = LIVE_SIGNAL_UNREAD,
                                 .user = item->conversation_id,
                                 .time_to_live_ms = HINT_LIVES_MS,
                                 .bytes = service_live_field(SIGNAL_UNREAD, &state->base)};
    if (signal.bytes != NULL)
        live_hub_signal(hub, &inbox, &signal);
    rpc_buffer_unref(&signal.bytes);
}

/* What cannot be read is not told: the next message is another chance. */
static void count_and_signal(struct service_unread *unread, const struct live_key *key) {
    struct service_context *context = unread->live->context;
    struct counting counting = {.unread = unread, .key = key};
    bool is_inbox = key->kind == LIVE_INBOX;
    arena_init(&counting.arena, LIVE_JOB_BUDGET_BYTES);
    while (!counting.is_last_page) {
        struct status status = db_read(context->pool, service_live_deadline_us(context),
                                       is_inbox ? read_inbox : read_conversation, &counting, NULL);
        if (!status_is_ok(status))
            break;
        for (size_t i = 0; i < counting.count; i++)
            signal_one(&counting, &counting.items[i]);
    }
    arena_done(&counting.arena);
}

/* ---- the thread ---- */

/* Under the lock: until the window is over, or everything is. */
static void wait_window(struct service_unread *unread) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t nanoseconds = until.tv_nsec + (int64_t)WINDOW_MS * 1000000;
    until.tv_sec += nanoseconds / 1000000000;
    until.tv_nsec = (long)(nanoseconds % 1000000000);
    while (!unread->stopping && pthread_cond_timedwait(&unread->noted, &unread->lock, &until) == 0)
        continue;
}

/* All that was noted, in one piece; NULL when it is over. */
static struct note *take_notes(struct service_unread *unread) {
    pthread_mutex_lock(&unread->lock);
    while (!unread->stopping && unread->notes == NULL)
        pthread_cond_wait(&unread->noted, &unread->lock);
    if (!unread->stopping)
        wait_window(unread);
    struct note *notes = unread->stopping ? NULL : unread->notes;
    if (notes != NULL)
        unread->notes = NULL;
    pthread_mutex_unlock(&unread->lock);
    return notes;
}

static void free_notes(struct note **notes) {
    struct note *item = *notes;
    HASH_CLEAR(hh, *notes); /* the table; its items are still chained */
    while (item != NULL) {
        struct note *next = item->hh.next;
        free(item);
        item = next;
    }
}

static void free_readers(struct reader **readers) {
    struct reader *item = *readers;
    HASH_CLEAR(hh, *readers);
    while (item != NULL) {
        struct reader *next = item->hh.next;
        free(item);
        item = next;
    }
}

static void *run(void *argument) {
    struct service_unread *unread = argument;
    for (struct note *notes; (notes = take_notes(unread)) != NULL; free_notes(&notes))
        for (struct note *item = notes; item != NULL; item = item->hh.next)
            if (!atomic_load(&unread->live->stopping))
                count_and_signal(unread, &item->key);
    return NULL;
}

/* ---- life ---- */

static bool init_lock(struct service_unread *unread) {
    pthread_condattr_t attributes;
    if (pthread_mutex_init(&unread->lock, NULL) != 0)
        return false;
    bool done = pthread_condattr_init(&attributes) == 0;
    if (done) {
        done = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
               pthread_cond_init(&unread->noted, &attributes) == 0;
        pthread_condattr_destroy(&attributes);
    }
    if (!done)
        pthread_mutex_destroy(&unread->lock);
    return done;
}

struct service_unread *service_unread_new(struct service_live *live) {
    struct service_unread *unread = calloc(1, sizeof *unread);
    if (unread == NULL)
        return NULL;
    unread->live = live;
    if (!init_lock(unread)) {
        free(unread);
        return NULL;
    }
    unread->has_thread = pthread_create(&unread->thread, NULL, run, unread) == 0;
    if (!unread->has_thread)
        service_unread_free(&unread);
    return unread;
}

void service_unread_stop(struct service_unread *unread) {
    if (unread == NULL || !unread->has_thread)
        return;
    pthread_mutex_lock(&unread->lock);
    unread->stopping = true;
    pthread_cond_signal(&unread->noted);
    pthread_mutex_unlock(&unread->lock);
    pthread_join(unread->thread, NULL);
    unread->has_thread = false;
}

void service_unread_free(struct service_unread **unread) {
    struct service_unread *it = *unread;
    *unread = NULL;
    if (it == NULL)
        return;
    service_unread_stop(it);
    free_notes(&it->notes);
    free_readers(&it->readers);
    pthread_cond_destroy(&it->noted);
    pthread_mutex_destroy(&it->lock);
    free(it);
}
