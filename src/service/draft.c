#include "service/draft.h"

#include "domain/conversation.h"
#include "domain/language.h"
#include "domain/money.h"
#include "domain/reason.h"
#include "rpc/call.h"
#include "service/convert.h"
#include "service/fault.h"
#include "service/zone.h"
#include "store/user.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <openssl/rand.h>

enum { CODE_CHARACTERS = 16 };

/* ---- from messages ---- */

/* In canonical case where it is a tag; what is none is left for draft_check() to refuse. */
static const char *canonical(struct convert *c, const char *tag) {
    char text[DOMAIN_LANGUAGE_BYTES];
    if (!domain_language_canonical(tag, text))
        return tag;
    const char *copy = arena_strdup(c->arena, text);
    c->failed = c->failed || copy == NULL;
    return convert_text(copy);
}

static struct store_money price_of(const lc_money *price) {
    if (price == NULL)
        return (struct store_money){.currency = ""};
    return (struct store_money){.amount_minor = price->amount_minor,
                                .currency = price->currency_code};
}

static enum domain_visibility visibility_of(lc_conversation_visibility visibility) {
    return visibility == LC_CONVERSATION_VISIBILITY_UNSPECIFIED
               ? DOMAIN_VISIBILITY_PUBLIC
               : (enum domain_visibility)visibility;
}

static const char *zone_of(const struct service_caller *caller, const char *zone) {
    return zone[0] == '\0' ? caller->settings->time_zone : zone;
}

static void set_instructor(struct store_conversation *conversation, const char *id) {
    conversation->has_instructor = convert_id(id, &conversation->instructor.id);
}

static void set_invited(struct convert *c, char *const *ids, size_t count, struct draft *draft) {
    draft->sets_invitations = true;
    draft->invited_count = 0;
    draft->invited = arena_alloc_array(c->arena, count + 1, sizeof *draft->invited);
    if (draft->invited == NULL) {
        c->failed = true;
        return;
    }
    for (size_t i = 0; i < count; i++)
        if (convert_id(ids[i], &draft->invited[draft->invited_count]))
            draft->invited_count++;
}

struct status draft_create(struct service_context *context, struct rpc_call *call,
                           const struct service_caller *caller, const lc_conversation_draft *from,
                           struct draft *ret_draft) {
    struct convert c = convert_into(rpc_call_arena(call));
    enum domain_type type = (enum domain_type)from->type;
    struct draft draft = {.conversation = {.title = from->title,
                                           .description = from->description,
                                           .type = type,
                                           .language = canonical(&c, from->language),
                                           .level = (enum domain_level)from->level,
                                           .start_us = convert_time_us(from->start_time),
                                           .end_us = convert_time_us(from->end_time),
                                           .time_zone = zone_of(caller, from->time_zone),
                                           .max_participants = from->max_participants != NULL
                                                                   ? from->max_participants->count
                                                                   : domain_default_seats(type),
                                           .price = price_of(from->price),
                                           .visibility = visibility_of(from->visibility),
                                           .invite_code = "",
                                           .status = DOMAIN_STATUS_SCHEDULED,
                                           .topic = from->topic,
                                           .material = convert_material(&c, from->material),
                                           .cancel_note = "",
                                           .created_at_us = service_now_us(context)}};
    set_instructor(&draft.conversation, from->instructor_id);
    set_invited(&c, from->invited_user_ids, from->n_invited_user_ids, &draft);
    TRY(convert_status(&c));
    *ret_draft = draft;
    return status_ok();
}

/* ---- patches ---- */

/* One field of ConversationPatch. False when the patch may not leave it out. */
struct patching {
    struct convert c;
    const struct service_caller *caller;
    const lc_conversation_patch *patch;
    struct draft *draft;
};

static bool patch_words(struct patching *p, const char *path) {
    struct store_conversation *to = &p->draft->conversation;
    if (strcmp(path, "title") == 0)
        to->title = p->patch->title;
    else if (strcmp(path, "description") == 0)
        to->description = p->patch->description;
    else if (strcmp(path, "language") == 0)
        to->language = canonical(&p->c, p->patch->language);
    else if (strcmp(path, "level") == 0)
        to->level = (enum domain_level)p->patch->level;
    else if (strcmp(path, "type") == 0)
        to->type = (enum domain_type)p->patch->type;
    else if (strcmp(path, "topic") == 0)
        to->topic = p->patch->topic;
    else if (strcmp(path, "material") == 0)
        to->material = convert_material(&p->c, p->patch->material);
    else
        return false;
    return true;
}

static bool patch_terms(struct patching *p, const char *path) {
    struct store_conversation *to = &p->draft->conversation;
    if (strcmp(path, "start_time") == 0)
        to->start_us = convert_time_us(p->patch->start_time);
    else if (strcmp(path, "end_time") == 0)
        to->end_us = convert_time_us(p->patch->end_time);
    else if (strcmp(path, "time_zone") == 0)
        to->time_zone = zone_of(p->caller, p->patch->time_zone);
    else if (strcmp(path, "max_participants") == 0)
        to->max_participants =
            p->patch->max_participants != NULL ? p->patch->max_participants->count : 0;
    else if (strcmp(path, "price") == 0)
        to->price = price_of(p->patch->price);
    else if (strcmp(path, "visibility") == 0)
        to->visibility = visibility_of(p->patch->visibility);
    else if (strcmp(path, "instructor_id") == 0)
        set_instructor(to, p->patch->instructor_id);
    else if (strcmp(path, "invited_user_ids") == 0)
        set_invited(&p->c, p->patch->invited_user_ids, p->patch->n_invited_user_ids, p->draft);
    else
        return false;
    return true;
}

static struct status refuse_path(struct rpc_call *call, const char *path) {
    rpc_call_add_violation(call, "update_mask", "names a field that is unknown or cannot be set");
    rpc_call_add_error_metadata(call, "path", path);
    return status_error(STATUS_INVALID_ARGUMENT, DOMAIN_REASON_FIELD_MASK_INVALID,
                        "The field mask names a field that is unknown or cannot be set.");
}

struct status draft_patch(struct service_context *context, struct rpc_call *call,
                          const struct service_caller *caller,
                          const lc_update_conversation_request *request, struct draft *draft) {
    (void)context;
    struct patching p = {.c = convert_into(rpc_call_arena(call)),
                         .caller = caller,
                         .patch = request->conversation,
                         .draft = draft};
    const Google__Protobuf__FieldMask *mask = request->update_mask;
    if (mask->n_paths == 0)
        return refuse_path(call, "");
    for (size_t i = 0; i < mask->n_paths; i++)
        if (!patch_words(&p, mask->paths[i]) && !patch_terms(&p, mask->paths[i]))
            return refuse_path(call, mask->paths[i]);
    /* "Not said" is the default of the type, whichever of the two came first in the mask. */
    if (draft->conversation.max_participants == 0)
        draft->conversation.max_participants = domain_default_seats(draft->conversation.type);
    return convert_status(&p.c);
}

/* ---- rules ---- */

static void tell_number(struct rpc_call *call, const char *key, int64_t number) {
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, number);
    rpc_call_add_error_metadata(call, key, text);
}

static void tell_limits(struct rpc_call *call, const struct service_caller *caller,
                        const struct store_conversation *before, const char *currency,
                        int32_t reason) {
    const struct domain_settings *settings = &caller->settings->settings;
    int64_t most;
    switch ((enum domain_reason)reason) {
    case DOMAIN_REASON_DURATION_OUT_OF_RANGE:
        tell_number(call, "min_minutes", settings->min_duration_us / DOMAIN_MINUTE_US);
        tell_number(call, "max_minutes", settings->max_duration_us / DOMAIN_MINUTE_US);
        break;
    case DOMAIN_REASON_START_TOO_FAR:
        tell_number(call, "max_days", settings->max_ahead_us / DOMAIN_DAY_US);
        break;
    case DOMAIN_REASON_CAPACITY_OUT_OF_RANGE:
        tell_number(call, "max", settings->max_participants);
        break;
    case DOMAIN_REASON_CAPACITY_BELOW_BOOKINGS:
        tell_number(call, "seats_taken", before != NULL ? before->seats_taken : 0);
        break;
    case DOMAIN_REASON_PRICE_OUT_OF_RANGE:
        if (domain_money_from_units(currency, settings->max_price_units, &most))
            tell_number(call, "max_amount_minor", most);
        break;
    case DOMAIN_REASON_CURRENCY_NOT_SUPPORTED:
        rpc_call_add_error_metadata(call, "currency", caller->settings->default_currency);
        break;
    default:
        break;
    }
}

static bool takes_currency(const struct store_tenant *tenant, const char *currency) {
    for (size_t i = 0; i < tenant->currency_count; i++)
        if (strcmp(tenant->currencies[i], currency) == 0)
            return true;
    return tenant->currency_count == 0;
}

static struct status check_surroundings(struct service_context *context, struct rpc_call *call,
                                        const struct service_caller *caller,
                                        const struct store_conversation *conversation) {
    if (!service_zone_exists(context->zone_directory, conversation->time_zone))
        return service_invalid(call, "conversation.time_zone", DOMAIN_REASON_FIELD_MALFORMED,
                               "There is no such time zone.");
    if (conversation->price.amount_minor == 0 ||
        takes_currency(caller->settings, conversation->price.currency))
        return status_ok();
    tell_limits(call, caller, NULL, conversation->price.currency,
                DOMAIN_REASON_CURRENCY_NOT_SUPPORTED);
    rpc_call_add_violation(call, "conversation.price.currency_code", "is not taken here");
    return status_error(STATUS_INVALID_ARGUMENT, DOMAIN_REASON_CURRENCY_NOT_SUPPORTED,
                        "The tenant does not take this currency.");
}

static void tell_violations(struct rpc_call *call, const struct domain_violations *violations,
                            int32_t reason) {
    bool told = false;
    for (size_t i = 0; i < violations->count; i++) {
        const struct domain_violation *violation = &violations->items[i];
        char path[64];
        snprintf(path, sizeof path, "conversation.%s", violation->field);
        rpc_call_add_violation(call, path, violation->description);
        if (!told && violation->reason == reason) {
            rpc_call_add_error_metadata(call, "field", path);
            told = true;
        }
    }
}

static size_t encoded_bytes(struct convert *c, const struct service_caller *caller,
                            const struct store_conversation *conversation) {
    const lc_conversation *message =
        convert_conversation(c, conversation, &caller->settings->settings);
    return c->failed ? 0 : protobuf_c_message_get_packed_size(&message->base);
}

/* One that was larger before there was a limit may stay so, and shrink. */
static struct status check_size(struct service_context *context, struct rpc_call *call,
                                const struct service_caller *caller,
                                const struct store_conversation *conversation,
                                const struct store_conversation *before) {
    struct convert c = convert_into(rpc_call_arena(call));
    size_t most = context->conversation_max_bytes;
    size_t bytes = encoded_bytes(&c, caller, conversation);
    TRY(convert_status(&c));
    if (bytes <= most)
        return status_ok();
    if (before != NULL && bytes <= encoded_bytes(&c, caller, before))
        return status_ok();
    TRY(convert_status(&c));
    tell_number(call, "bytes", (int64_t)bytes);
    tell_number(call, "max_bytes", (int64_t)most);
    return service_invalid(call, "conversation.material", DOMAIN_REASON_CONVERSATION_TOO_LARGE,
                           "The conversation is too large: shorten its learning material or its "
                           "description.");
}

struct status draft_check(struct service_context *context, struct rpc_call *call,
                          const struct service_caller *caller,
                          const struct store_conversation *conversation,
                          const struct store_conversation *before) {
    const struct domain_draft draft = {.type = conversation->type,
                                       .level = conversation->level,
                                       .visibility = conversation->visibility,
                                       .title = conversation->title,
                                       .language = conversation->language,
                                       .time_zone = conversation->time_zone,
                                       .start_us = conversation->start_us,
                                       .end_us = conversation->end_us,
                                       .max_participants = conversation->max_participants,
                                       .price_amount_minor = conversation->price.amount_minor,
                                       .currency = conversation->price.currency};
    struct domain_draft_before then = {0};
    if (before != NULL)
        then = (struct domain_draft_before){.type = before->type,
                                            .language = before->language,
                                            .start_us = before->start_us,
                                            .end_us = before->end_us,
                                            .price_amount_minor = before->price.amount_minor,
                                            .currency = before->price.currency,
                                            .seats_taken = before->seats_taken};
    struct domain_violations violations;
    struct status status =
        domain_draft_check(&draft, before != NULL ? &then : NULL, &caller->settings->settings,
                           service_now_us(context), &violations);
    if (status_is_ok(status)) {
        TRY(check_size(context, call, caller, conversation, before));
        return check_surroundings(context, call, caller, conversation);
    }
    tell_violations(call, &violations, status.reason);
    tell_limits(call, caller, before, conversation->price.currency, status.reason);
    return status;
}

struct status draft_permit(struct service_work *work, unsigned host_roles,
                           const struct store_conversation *conversation) {
    char instructor[UUID_TEXT_BYTES] = "";
    struct domain_creation creation = {.host_roles = host_roles,
                                       .instructor_id = instructor,
                                       .has_price = conversation->price.amount_minor > 0};
    if (conversation->has_instructor) {
        struct store_user user;
        uuid_format(&conversation->instructor.id, instructor);
        struct status found = store_user_get(work->tx, work->arena, work->tenant,
                                             &conversation->instructor.id, work->now_us, &user);
        if (!status_is_ok(found) && found.code != STATUS_NOT_FOUND)
            return found;
        creation.instructor_is_known =
            status_is_ok(found) && (user.roles & DOMAIN_ROLE_INSTRUCTOR) != 0;
    }
    struct status status = domain_permission_create(&creation);
    if (status.reason == DOMAIN_REASON_INSTRUCTOR_UNKNOWN)
        rpc_call_add_error_metadata(work->call, "user_id", instructor);
    if (status.reason == DOMAIN_REASON_INSTRUCTOR_ROLE_REQUIRED)
        rpc_call_add_error_metadata(work->call, "role", "instructor");
    return status;
}

struct status draft_invite_code(struct arena *arena, struct store_conversation *conversation) {
    /* 32 characters that are not taken for one another: 80 bits. */
    static const char alphabet[] = "abcdefghijkmnpqrstuvwxyz23456789";
    uint8_t random[CODE_CHARACTERS];
    bool has_code = conversation->invite_code != NULL && conversation->invite_code[0] != '\0';
    if (conversation->visibility != DOMAIN_VISIBILITY_UNLISTED || has_code)
        return status_ok();
    char *code = arena_alloc(arena, CODE_CHARACTERS + 1);
    if (code == NULL)
        return service_no_room();
    if (RAND_bytes(random, sizeof random) != 1)
        return status_error(STATUS_INTERNAL, 0, "Something went wrong on the server.");
    for (size_t i = 0; i < CODE_CHARACTERS; i++)
        code[i] = alphabet[random[i] % 32];
    conversation->invite_code = code;
    return status_ok();
}
