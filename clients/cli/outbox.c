#include "clients/cli/outbox.h"

#include <stdlib.h>

#include "liveconv/v1/message_service.grpc-c.h"

struct outbox_entry {
    struct outbox_entry *next;
    struct arena arena;
    char *authorization;
    lc_send_message_request request;
};

/* What the sending thread works on; it touches nothing else. */
struct send {
    struct outbox_entry *entry;
    struct rpc_channel *channel;
    struct live_inbox *inbox;
    struct live_item *item;
    int64_t timeout_ms;
};

enum { ENTRY_ARENA_BYTES = 128 << 10 };

void outbox_init(struct outbox *outbox, struct session *session, struct live_inbox *inbox,
                 const char *conversation_id) {
    *outbox =
        (struct outbox){.session = session, .inbox = inbox, .conversation_id = conversation_id};
    outbox->end = &outbox->first;
}

static void drop_first(struct outbox *outbox) {
    struct outbox_entry *entry = outbox->first;
    outbox->first = entry->next;
    if (outbox->first == NULL)
        outbox->end = &outbox->first;
    arena_done(&entry->arena);
    free(entry);
}

void outbox_done(struct outbox *outbox) {
    if (outbox->is_sending)
        pthread_join(outbox->sender, NULL);
    outbox->is_sending = false;
    while (outbox->first != NULL)
        drop_first(outbox);
}

bool outbox_add(struct outbox *outbox, const char *text, const char *recipient_id) {
    struct outbox_entry *entry = calloc(1, sizeof *entry);
    if (entry == NULL)
        return false;
    arena_init(&entry->arena, ENTRY_ARENA_BYTES);
    lc_send_message_request_init(&entry->request);
    entry->request.conversation_id = arena_strdup(&entry->arena, outbox->conversation_id);
    entry->request.client_message_id = session_new_id(outbox->session, &entry->arena);
    entry->request.content = arena_strdup(&entry->arena, text);
    entry->request.recipient_id = arena_strdup(&entry->arena, recipient_id);
    if (entry->request.conversation_id == NULL || entry->request.content == NULL ||
        entry->request.recipient_id == NULL) {
        arena_done(&entry->arena);
        free(entry);
        return false;
    }
    *outbox->end = entry;
    outbox->end = &entry->next;
    return true;
}

bool outbox_is_empty(const struct outbox *outbox) {
    return outbox->first == NULL;
}

int64_t outbox_due_us(const struct outbox *outbox) {
    return outbox->first == NULL || outbox->is_sending ? INT64_MAX : outbox->not_before_us;
}

static void *send_one(void *context) {
    struct send *send = context;
    struct live_item *item = send->item;
    struct rpc_call_options options = {.timeout_ms = send->timeout_ms,
                                       .authorization = send->entry->authorization};
    lc_send_message_response *response = NULL;
    item->result.status = lc_message_service_send_message(
        send->channel, &options, &send->entry->request, &item->arena, &response, &item->result);
    item->message = response != NULL ? &response->base : NULL;
    live_inbox_put(send->inbox, item);
    free(send);
    return NULL;
}

void outbox_pump(struct outbox *outbox, int64_t now_us) {
    if (outbox_due_us(outbox) > now_us)
        return;
    struct send *send = calloc(1, sizeof *send);
    struct live_item *item = live_item_new(LIVE_SENT, 0);
    if (send == NULL || item == NULL) {
        free(send);
        live_item_free(&item);
        return;
    }
    *send = (struct send){
        .entry = outbox->first,
        .channel = outbox->session->channel,
        .inbox = outbox->inbox,
        .item = item,
        .timeout_ms = outbox->session->timeout_ms,
    };
    /* A copy: the session may renew its token meanwhile. */
    if (outbox->session->authorization != NULL)
        outbox->first->authorization = arena_strdup(&item->arena, outbox->session->authorization);
    outbox->is_sending = pthread_create(&outbox->sender, NULL, send_one, send) == 0;
    if (!outbox->is_sending) {
        outbox->not_before_us = now_us + live_backoff_next_ms(&outbox->backoff) * 1000;
        free(send);
        live_item_free(&item);
    }
}

static bool is_worth_repeating(const struct rpc_result *result) {
    int32_t code = result->status.code;
    /* Nobody cancels here: a server that goes down as the call reaches it answers so. */
    return code == STATUS_UNAVAILABLE || code == STATUS_DEADLINE_EXCEEDED ||
           code == STATUS_CANCELLED || (code != STATUS_OK && result->details.retry_after_ms >= 0);
}

enum outbox_outcome outbox_finish(struct outbox *outbox, const struct live_item *item,
                                  int64_t now_us) {
    pthread_join(outbox->sender, NULL);
    outbox->is_sending = false;
    if (is_worth_repeating(&item->result)) {
        int64_t pause = live_backoff_next_ms(&outbox->backoff);
        if (item->result.details.retry_after_ms > pause)
            pause = item->result.details.retry_after_ms;
        outbox->not_before_us = now_us + pause * 1000;
        return OUTBOX_LATER;
    }
    live_backoff_reset(&outbox->backoff);
    outbox->not_before_us = 0;
    drop_first(outbox);
    if (item->result.status.code != STATUS_OK || item->message == NULL)
        return OUTBOX_REFUSED;
    const lc_message *message = ((const lc_send_message_response *)item->message)->message;
    if (message != NULL)
        outbox->last_sequence = message->sequence;
    return OUTBOX_SENT;
}
