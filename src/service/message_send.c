/* Sending a message: through the journal, which answers when it is stored for good. */
#include "domain/language.h"
#include "domain/permission.h"
#include "domain/reason.h"
#include "live/hub.h"
#include "rpc/call.h"
#include "service/caller.h"
#include "service/convert_live.h"
#include "service/fault.h"
#include "service/live.h"
#include "service/message_service.h"
#include "service/service.h"
#include "store/journal.h"

/* In the call's arena; the journal's entry lives as long as the call. */
struct sending {
    struct store_journal_entry entry;
    struct service_context *context;
    struct rpc_call *call;
    lc_send_message_response *response;
};

static struct status encode(const struct store_journal_entry *entry, struct arena *arena,
                            uint8_t **ret_bytes, size_t *ret_len_bytes) {
    lc_event *event;
    TRY(message_event(arena, &entry->message, LIVECONV__V1__EVENT__KIND_MESSAGE_SENT,
                      entry->message.sent_at_us, &event));
    return service_event_encode(arena, event, ret_bytes, ret_len_bytes);
}

static void publish(const struct sending *sending) {
    const struct store_journal_entry *entry = &sending->entry;
    const struct store_message *message = &entry->message;
    struct live_key key;
    if (sending->context->hub == NULL || entry->event_bytes == NULL ||
        !live_key_make(entry->tenant, LIVE_CONVERSATION, &message->conversation_id, &key))
        return;
    struct live_event event = {
        .sequence = message->sequence,
        .version = message->sequence,
        .entry = live_entry_new(entry->event_bytes, entry->event_len_bytes),
        .is_private = message->has_recipient,
        .visible_to = message->recipient.id,
        .visible_from = message->sender.id,
    };
    if (event.entry != NULL) /* without memory for it the hub finds it in the log */
        live_hub_publish(sending->context->hub, &key, entry->epoch, &event, 1);
    rpc_buffer_unref(&event.entry);
    service_live_unread(sending->context->live, entry->tenant, &message->conversation_id);
}

static struct status respond(struct sending *sending) {
    const struct store_journal_entry *entry = &sending->entry;
    struct convert c = convert_into(entry->arena);
    TRY(service_fault(sending->call, entry->status, &entry->report));
    publish(sending);
    sending->response->message = convert_message(&c, &entry->message);
    return convert_status(&c);
}

/* On whichever thread the journal writes with. */
static void done(struct store_journal_entry *entry) {
    struct sending *sending = entry->context;
    struct status status = respond(sending);
    rpc_call_finish(sending->call, status);
}

static struct status read_language(struct rpc_call *call, const char *language,
                                   const char **ret_language) {
    char *canonical = arena_alloc(rpc_call_arena(call), DOMAIN_LANGUAGE_BYTES);
    if (canonical == NULL)
        return service_no_room();
    if (language[0] != '\0' && !domain_language_canonical(language, canonical))
        return service_invalid(call, "language", DOMAIN_REASON_FIELD_MALFORMED,
                               "This is not a BCP 47 language tag.");
    *ret_language = canonical;
    return status_ok();
}

static struct status fill_in(struct sending *sending, const struct service_caller *caller,
                             const lc_send_message_request *request) {
    struct store_message *message = &sending->entry.message;
    message->sender.id = caller->person.id;
    message->content = request->content;
    message->kind = DOMAIN_MESSAGE_TEXT;
    message->sent_at_us = service_now_us(sending->context);
    convert_id(request->conversation_id, &message->conversation_id);
    message->has_client_message_id =
        convert_id(request->client_message_id, &message->client_message_id);
    message->has_recipient = convert_id(request->recipient_id, &message->recipient.id);
    message->has_original = convert_id(request->translation_of_message_id, &message->original_id);
    if (message->has_original)
        message->kind = DOMAIN_MESSAGE_TRANSLATION;
    TRY(read_language(sending->call, request->language, &message->language));
    return service_new_id(sending->context, &message->id);
}

struct status message_send(void *self, struct rpc_call *call,
                           const lc_send_message_request *request,
                           lc_send_message_response *ret_response) {
    struct service_context *context = self;
    const struct service_caller *caller;
    struct sending *sending = arena_alloc(rpc_call_arena(call), sizeof *sending);

    if (context->journal == NULL)
        return status_error(STATUS_UNIMPLEMENTED, 0, "this server has no journal");
    if (sending == NULL)
        return service_no_room();
    TRY(service_caller_get(context, call, &caller));
    *sending = (struct sending){.context = context, .call = call, .response = ret_response};
    TRY(fill_in(sending, caller, request));
    sending->entry.tenant = caller->tenant;
    sending->entry.settings = &caller->settings->settings;
    sending->entry.sender_roles = caller->person.roles;
    sending->entry.encode = encode;
    sending->entry.deadline_us = rpc_call_deadline_us(call);
    sending->entry.arena = rpc_call_arena(call);
    sending->entry.done = done;
    sending->entry.context = sending;

    rpc_call_defer(call);
    store_journal_submit(context->journal, &sending->entry); /* may have finished the call */
    return status_ok();
}
