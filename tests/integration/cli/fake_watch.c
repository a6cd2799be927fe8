#include "fake_watch.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_WATCHERS = 16 };

struct fake_watch {
    pthread_mutex_t lock;
    struct rpc_call *calls[MAX_WATCHERS]; /* NULL: free */
};

/* A place of its own for each stream, which knows whose it is when the stream is over. */
struct place {
    struct fake_watch *watch;
    size_t index;
};

struct fake_watch *fake_watch_new(void) {
    struct fake_watch *watch = calloc(1, sizeof *watch);
    if (watch != NULL)
        pthread_mutex_init(&watch->lock, NULL);
    return watch;
}

void fake_watch_free(struct fake_watch **watch) {
    pthread_mutex_destroy(&(*watch)->lock);
    free(*watch);
    *watch = NULL;
}

static void over(void *state) {
    struct place *place = state;
    pthread_mutex_lock(&place->watch->lock);
    if (place->watch->calls[place->index] != NULL)
        rpc_call_unref(&place->watch->calls[place->index]);
    pthread_mutex_unlock(&place->watch->lock);
    free(place);
}

struct status fake_watch_open(struct fake_watch *watch, struct rpc_call *call,
                              lc_conversation **conversations, size_t count) {
    lc_watch_conversations_response response = LC_WATCH_CONVERSATIONS_RESPONSE_INIT;
    lc_watch_snapshot snapshot = LC_WATCH_SNAPSHOT_INIT;
    struct place *place = malloc(sizeof *place);
    snapshot.conversations = conversations;
    snapshot.n_conversations = count;
    response.kind_case = LC_WATCH_CONVERSATIONS_RESPONSE_KIND_SNAPSHOT;
    response.snapshot = &snapshot;
    struct status status = lc_conversation_service_watch_conversations_send(call, &response);
    pthread_mutex_lock(&watch->lock);
    size_t index = 0;
    while (index < MAX_WATCHERS && watch->calls[index] != NULL)
        index++;
    if (place == NULL || index == MAX_WATCHERS) {
        pthread_mutex_unlock(&watch->lock);
        free(place);
        return status_error(STATUS_RESOURCE_EXHAUSTED, STATUS_NO_REASON, "too many watchers");
    }
    *place = (struct place){watch, index};
    watch->calls[index] = rpc_call_ref(call);
    rpc_call_set_state(call, place, over);
    rpc_call_defer(call);
    pthread_mutex_unlock(&watch->lock);
    return status;
}

static void tell(struct fake_watch *watch, const lc_watch_conversations_response *response) {
    pthread_mutex_lock(&watch->lock);
    for (size_t i = 0; i < MAX_WATCHERS; i++)
        if (watch->calls[i] != NULL &&
            !status_is_ok(
                lc_conversation_service_watch_conversations_send(watch->calls[i], response)))
            fputs("a watcher is gone\n", stderr);
    pthread_mutex_unlock(&watch->lock);
}

static void end(struct fake_watch *watch, struct status status) {
    pthread_mutex_lock(&watch->lock);
    for (size_t i = 0; i < MAX_WATCHERS; i++) {
        if (watch->calls[i] == NULL)
            continue;
        rpc_call_finish(watch->calls[i], status);
        rpc_call_unref(&watch->calls[i]);
    }
    pthread_mutex_unlock(&watch->lock);
}

void fake_watch_changed(struct fake_watch *watch, lc_conversation *conversation) {
    lc_watch_conversations_response response = LC_WATCH_CONVERSATIONS_RESPONSE_INIT;
    lc_watch_changes changes = LC_WATCH_CHANGES_INIT;
    changes.changed = &conversation;
    changes.n_changed = 1;
    response.kind_case = LC_WATCH_CONVERSATIONS_RESPONSE_KIND_CHANGES;
    response.changes = &changes;
    tell(watch, &response);
}

void fake_watch_removed(struct fake_watch *watch, const char *id) {
    lc_watch_conversations_response response = LC_WATCH_CONVERSATIONS_RESPONSE_INIT;
    lc_watch_changes changes = LC_WATCH_CHANGES_INIT;
    char copy[64];
    char *ids[] = {copy};
    snprintf(copy, sizeof copy, "%s", id);
    changes.removed_ids = ids;
    changes.n_removed_ids = 1;
    response.kind_case = LC_WATCH_CONVERSATIONS_RESPONSE_KIND_CHANGES;
    response.changes = &changes;
    tell(watch, &response);
}

void fake_watch_goodbye(struct fake_watch *watch, bool reconnect) {
    lc_watch_conversations_response response = LC_WATCH_CONVERSATIONS_RESPONSE_INIT;
    lc_goodbye goodbye = LC_GOODBYE_INIT;
    goodbye.reason = reconnect ? LC_GOODBYE_REASON_SLOW : LC_GOODBYE_REASON_SUSPENDED;
    goodbye.reconnect = reconnect;
    response.kind_case = LC_WATCH_CONVERSATIONS_RESPONSE_KIND_GOODBYE;
    response.goodbye = &goodbye;
    tell(watch, &response);
    end(watch, reconnect ? status_error(STATUS_RESOURCE_EXHAUSTED, STATUS_NO_REASON, "too slow")
                         : status_error(STATUS_PERMISSION_DENIED, STATUS_NO_REASON, "suspended"));
}

void fake_watch_cut(struct fake_watch *watch) {
    end(watch, status_error(STATUS_UNAVAILABLE, STATUS_NO_REASON, "cut"));
}
