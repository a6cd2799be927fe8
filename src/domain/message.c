#include "domain/message.h"

#include "base/str.h"
#include "domain/reason.h"

#include <string.h>

static bool is_given(const char *id) {
    return id != NULL && id[0] != '\0';
}

static bool same_id(const char *a, const char *b) {
    return is_given(a) && is_given(b) && strcmp(a, b) == 0;
}

static struct status refuse(enum status_code code, enum domain_reason reason, const char *detail) {
    return status_error(code, (int32_t)reason, detail);
}

static struct status not_found(void) {
    return refuse(STATUS_NOT_FOUND, DOMAIN_REASON_MESSAGE_NOT_FOUND, "there is no such message");
}

bool domain_message_is_visible(const char *sender_id, const char *recipient_id,
                               const char *viewer_id) {
    return !is_given(recipient_id) || same_id(sender_id, viewer_id) ||
           same_id(recipient_id, viewer_id);
}

struct status domain_message_length(const char *content, size_t content_len,
                                    const struct domain_settings *settings) {
    if (content_len == 0)
        return refuse(STATUS_INVALID_ARGUMENT, DOMAIN_REASON_FIELDS_INCONSISTENT,
                      "the message is empty");
    if (content_len > (size_t)settings->message_max_bytes ||
        utf8_length(content, content_len) > (size_t)settings->message_max_characters)
        return refuse(STATUS_INVALID_ARGUMENT, DOMAIN_REASON_FIELDS_INCONSISTENT,
                      "the message is too long");
    return status_ok();
}

/* Who sees the new message also sees the original. */
static bool reaches_no_further(const struct domain_outgoing *outgoing,
                               const struct domain_original *original) {
    if (!is_given(original->recipient_id))
        return true;
    const char *other = same_id(original->sender_id, outgoing->sender_id) ? original->recipient_id
                                                                          : original->sender_id;
    return same_id(outgoing->recipient_id, other);
}

static struct status check_original(const struct domain_outgoing *outgoing) {
    const struct domain_original *original = outgoing->original;

    if (original == NULL)
        return status_ok();
    if (!domain_message_is_visible(original->sender_id, original->recipient_id,
                                   outgoing->sender_id))
        return not_found();
    if (original->is_deleted)
        return refuse(STATUS_FAILED_PRECONDITION, DOMAIN_REASON_MESSAGE_DELETED,
                      "the original was deleted");
    if (original->kind != DOMAIN_MESSAGE_TEXT || !reaches_no_further(outgoing, original))
        return refuse(STATUS_INVALID_ARGUMENT, DOMAIN_REASON_ORIGINAL_UNSUITABLE,
                      "the original cannot be referred to by this message");
    if (original->answers >= DOMAIN_MESSAGE_ANSWERS_MAX)
        return refuse(STATUS_FAILED_PRECONDITION, DOMAIN_REASON_ANSWER_LIMIT,
                      "the original has too many translations and corrections");
    return status_ok();
}

struct status domain_message_send(const struct domain_outgoing *outgoing,
                                  const struct domain_settings *settings) {
    if (outgoing->sender_is_muted)
        return refuse(STATUS_PERMISSION_DENIED, DOMAIN_REASON_PARTICIPANT_MUTED,
                      "the sender is muted");
    if (same_id(outgoing->sender_id, outgoing->recipient_id))
        return refuse(STATUS_INVALID_ARGUMENT, DOMAIN_REASON_SELF_REFERENCE,
                      "the recipient is the sender");
    TRY(domain_message_length(outgoing->content, outgoing->content_len, settings));
    TRY(check_original(outgoing));
    if (is_given(outgoing->recipient_id) && !outgoing->recipient_is_there)
        return refuse(STATUS_FAILED_PRECONDITION, DOMAIN_REASON_RECIPIENT_NOT_PRESENT,
                      "the recipient does not take part");
    if (outgoing->is_blocked)
        return refuse(STATUS_FAILED_PRECONDITION, DOMAIN_REASON_USER_BLOCKED,
                      "one of the two has blocked the other");
    return status_ok();
}

struct status domain_message_edit(const struct domain_message_change *change,
                                  const struct domain_settings *settings, int64_t now_us) {
    if (!domain_message_is_visible(change->sender_id, change->recipient_id, change->actor_id))
        return not_found();
    if (!same_id(change->sender_id, change->actor_id))
        return refuse(STATUS_PERMISSION_DENIED, DOMAIN_REASON_NOT_SENDER,
                      "only the sender edits a message");
    if (change->is_deleted)
        return refuse(STATUS_FAILED_PRECONDITION, DOMAIN_REASON_MESSAGE_DELETED,
                      "the message was deleted");
    if (change->actor_is_muted)
        return refuse(STATUS_PERMISSION_DENIED, DOMAIN_REASON_PARTICIPANT_MUTED,
                      "the sender is muted");
    if (now_us - change->sent_at_us > settings->message_edit_window_us)
        return refuse(STATUS_FAILED_PRECONDITION, DOMAIN_REASON_EDIT_WINDOW_CLOSED,
                      "it is too late to edit the message");
    if (change->edits >= DOMAIN_MESSAGE_EDITS_MAX)
        return refuse(STATUS_FAILED_PRECONDITION, DOMAIN_REASON_EDIT_LIMIT,
                      "the message was edited too often");
    return status_ok();
}

struct status domain_message_delete(const struct domain_message_change *change, bool *ret_changes) {
    bool visible =
        domain_message_is_visible(change->sender_id, change->recipient_id, change->actor_id);

    if (!visible && !change->actor_oversees)
        return not_found();
    if (!same_id(change->sender_id, change->actor_id) && !change->actor_moderates &&
        !change->actor_oversees)
        return refuse(STATUS_PERMISSION_DENIED, DOMAIN_REASON_NOT_SENDER,
                      "only the sender or the host deletes a message");
    *ret_changes = !change->is_deleted;
    return status_ok();
}

/* The byte where the `index`th code point begins, or the end; false when there are fewer. */
static bool byte_offset(const char *content, size_t content_len, int64_t index,
                        size_t *ret_offset) {
    size_t offset = 0;
    uint32_t code_point;

    for (; index > 0; index--) {
        size_t taken = utf8_decode(content + offset, content_len - offset, &code_point);
        if (taken == 0)
            return false;
        offset += taken;
    }
    *ret_offset = offset;
    return true;
}

struct status domain_correction_span(const char *content, size_t content_len, int64_t start,
                                     int64_t length, struct domain_span *ret_bytes) {
    size_t from = 0;
    size_t taken = 0;

    /* Each code point has a byte: greater numbers need no walk. */
    if (start < 0 || length < 0 || start > (int64_t)content_len || length > (int64_t)content_len ||
        !byte_offset(content, content_len, start, &from) ||
        !byte_offset(content + from, content_len - from, length, &taken))
        return refuse(STATUS_INVALID_ARGUMENT, DOMAIN_REASON_CORRECTION_SPAN_INVALID,
                      "the span is not within the original");
    ret_bytes->offset_bytes = from;
    ret_bytes->len_bytes = taken;
    return status_ok();
}
