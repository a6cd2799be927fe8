#include "service/caller.h"

#include "base/str.h"
#include "domain/lifecycle.h"
#include "domain/reason.h"
#include "rpc/call.h"
#include "rpc/details.h"
#include "service/convert.h"
#include "service/event.h"
#include "service/fault.h"
#include "service/service.h"
#include "service/tenant.h"
#include "service/transaction.h"
#include "service/users.h"
#include "store/audit.h"
#include "store/user.h"

#include <stdio.h>
#include <string.h>

static const unsigned person_roles =
    DOMAIN_ROLE_STUDENT | DOMAIN_ROLE_INSTRUCTOR | DOMAIN_ROLE_ADMIN;

/* ---- who calls ---- */

struct acquaintance {
    const char *tenant;
    struct store_user_facts facts;
    struct store_user user;
    enum store_user_change change;
    struct arena *arena;
};

/* "" in a token is "not said": what another backend told of the user stays. */
static const char *said(const char *text) {
    return text[0] == '\0' ? NULL : text;
}

static bool same(const char *said, const char *stored) {
    return said == NULL || strcmp(said, stored) == 0;
}

static bool is_known(const struct store_user_facts *facts, const struct store_user *user) {
    return same(facts->display_name, user->display_name) &&
           same(facts->picture_url, user->picture_url) && same(facts->locale, user->locale) &&
           same(facts->tier, user->tier) && (facts->roles == 0 || facts->roles == user->roles);
}

static struct status read_user(struct db_tx *tx, void *context) {
    struct acquaintance *a = context;
    return store_user_get_by_subject(tx, a->arena, a->tenant, a->facts.subject, a->facts.now_us,
                                     &a->user);
}

struct status service_tell_account(struct service_work *work, const struct store_user *user) {
    lc_event *event = service_event_new(work->arena, work->now_us);
    lc_account_change *change = lc_account_change_new(work->arena);
    struct convert c = convert_into(work->arena);
    if (event == NULL || change == NULL)
        return service_no_room();
    change->tier = convert_text(user->tier);
    change->n_roles = convert_roles(&c, user->roles, &change->roles);
    event->kind_case = LIVECONV__V1__EVENT__KIND_ACCOUNT_CHANGED;
    event->account_changed = change;
    TRY(convert_status(&c));
    return service_event_inbox(work, &user->id, event);
}

static struct status write_user(struct service_work *work, void *context) {
    struct acquaintance *a = context;
    TRY(store_user_upsert(work->tx, work->arena, a->tenant, &a->facts, &a->user, &a->change));
    return a->change == STORE_USER_ACCOUNT ? service_tell_account(work, &a->user) : status_ok();
}

/* Reads the user, and writes what the token says when that is new. */
static struct status get_acquainted(struct service_context *context, struct rpc_call *call,
                                    struct acquaintance *a) {
    struct db_report report = {.fate = DB_FATE_NOTHING};
    struct status status =
        db_read(context->pool, rpc_call_deadline_us(call), read_user, a, &report);
    if (status_is_ok(status) && is_known(&a->facts, &a->user))
        return status;
    if (!status_is_ok(status) && status.code != STATUS_NOT_FOUND)
        return service_fault(call, status, &report);
    TRY(service_new_id(context, &a->facts.new_id));
    status = service_transact(context, a->arena, a->tenant, rpc_call_deadline_us(call), write_user,
                              a, &report);
    return service_fault(call, status, &report);
}

static struct status know(struct service_context *context, struct rpc_call *call,
                          const struct rpc_principal_fields *token, unsigned roles,
                          struct service_known_user *ret_user) {
    struct arena *arena = rpc_call_arena(call);
    int64_t now_us = clock_monotonic_us(context->clock);
    uint8_t facts[SERVICE_USER_HASH_BYTES];
    char role_text[16];
    snprintf(role_text, sizeof role_text, "%u", roles);
    const char *texts[] = {token->name, token->picture_url, token->locale, token->tier, role_text};
    if (!service_users_hash(texts, sizeof texts / sizeof texts[0], facts))
        return status_error(STATUS_INTERNAL, 0, "Something went wrong on the server.");
    if (service_users_find(context->users, token->tenant, token->subject, now_us, ret_user) &&
        memcmp(ret_user->facts, facts, sizeof facts) == 0)
        return status_ok();
    struct acquaintance a = {.tenant = token->tenant,
                             .arena = arena,
                             .facts = {.subject = token->subject,
                                       .display_name = said(token->name),
                                       .picture_url = said(token->picture_url),
                                       .locale = said(token->locale),
                                       .tier = said(token->tier),
                                       .roles = roles,
                                       .now_us = service_now_us(context)}};
    TRY(get_acquainted(context, call, &a));
    struct service_known_user known = {.id = a.user.id,
                                       .is_suspended = a.user.is_suspended,
                                       .suspended_until_us = a.user.suspended_until_us};
    memcpy(known.facts, facts, sizeof facts);
    snprintf(known.tier, sizeof known.tier, "%s", a.user.tier);
    service_users_keep(context->users, token->tenant, token->subject, now_us, &known);
    *ret_user = known;
    return status_ok();
}

static struct status refuse_suspended(struct rpc_call *call, int64_t until_us) {
    struct convert c = convert_into(rpc_call_arena(call));
    if (until_us != 0)
        rpc_call_add_error_metadata(call, "suspended_until", convert_rfc3339(&c, until_us));
    return status_error(STATUS_PERMISSION_DENIED, DOMAIN_REASON_USER_SUSPENDED,
                        "The user is suspended.");
}

static struct status identify(struct service_context *context, struct rpc_call *call,
                              const struct rpc_principal_fields *token,
                              struct service_caller *caller) {
    unsigned roles = domain_roles_parse(token->roles, token->role_count);
    struct service_known_user user;
    caller->tenant = token->tenant;
    caller->subject = token->subject;
    caller->person.roles = roles;
    caller->person.tier = "";
    caller->is_user = !(roles & DOMAIN_ROLE_SERVICE); /* never both: auth/token.h */
    caller->is_admin = (roles & (DOMAIN_ROLE_ADMIN | DOMAIN_ROLE_SERVICE)) != 0;
    TRY(service_tenant_get(context, call, token->tenant, &caller->settings));
    if (!caller->is_user)
        return status_ok();
    TRY(know(context, call, token, roles & person_roles, &user));
    if (user.is_suspended)
        return refuse_suspended(call, user.suspended_until_us);
    caller->person.id = user.id;
    uuid_format(&user.id, caller->person.id_text);
    caller->person.tier = arena_strdup(rpc_call_arena(call), user.tier);
    return caller->person.tier != NULL ? status_ok() : service_no_room();
}

struct status service_caller_get(struct service_context *context, struct rpc_call *call,
                                 const struct service_caller **ret_caller) {
    const struct rpc_principal *principal = rpc_call_principal(call);
    struct service_caller *caller = arena_alloc(rpc_call_arena(call), sizeof *caller);
    if (caller == NULL)
        return service_no_room();
    if (principal == NULL)
        return status_error(STATUS_UNAUTHENTICATED, RPC_REASON_NO_TOKEN, "A token is needed.");
    TRY(identify(context, call, rpc_principal_get(principal), caller));
    *ret_caller = caller;
    return status_ok();
}

/* ---- for whom ---- */

struct other {
    const struct service_caller *caller;
    struct arena *arena;
    struct uuid id;
    int64_t now_us;
    struct store_user user;
};

static struct status read_other(struct db_tx *tx, void *context) {
    struct other *other = context;
    return store_user_get(tx, other->arena, other->caller->tenant, &other->id, other->now_us,
                          &other->user);
}

struct status service_caller_for(struct service_context *context, struct rpc_call *call,
                                 const struct service_caller *caller, const char *user_id,
                                 const char *field, const struct service_person **ret_person) {
    struct other other = {
        .caller = caller, .arena = rpc_call_arena(call), .now_us = service_now_us(context)};
    if (user_id == NULL || user_id[0] == '\0') {
        if (!caller->is_user)
            return service_invalid(call, field, DOMAIN_REASON_FIELDS_INCONSISTENT,
                                   "A backend must name the user it acts for.");
        *ret_person = &caller->person;
        return status_ok();
    }
    if (!convert_id(user_id, &other.id))
        return service_invalid(call, field, DOMAIN_REASON_FIELD_MALFORMED, "This is not a UUID.");
    if (caller->is_user && convert_same_id(&other.id, &caller->person.id)) {
        *ret_person = &caller->person;
        return status_ok();
    }
    if (!caller->is_admin)
        return status_error(STATUS_PERMISSION_DENIED, RPC_REASON_ACCESS_DENIED,
                            "Only admins and backends act for others.");
    TRY(service_read(context, call, read_other, &other));
    struct service_person *person = arena_alloc(other.arena, sizeof *person);
    if (person == NULL)
        return service_no_room();
    *person = (struct service_person){.id = other.user.id,
                                      .roles = other.user.roles,
                                      .tier = other.user.tier,
                                      .is_suspended = other.user.is_suspended};
    uuid_format(&person->id, person->id_text);
    *ret_person = person;
    return status_ok();
}

/* ---- what they may do ---- */

static bool shows_code(const struct store_conversation *conversation, const char *code) {
    const char *wanted = conversation->invite_code;
    return code != NULL && code[0] != '\0' && wanted != NULL &&
           conversation->visibility == DOMAIN_VISIBILITY_UNLISTED &&
           secret_equal(code, strlen(code), wanted, strlen(wanted));
}

unsigned service_relations(const struct service_person *person,
                           const struct store_conversation_view *view, const char *invite_code) {
    const struct store_conversation *conversation = &view->conversation;
    char host[UUID_TEXT_BYTES];
    char instructor[UUID_TEXT_BYTES] = "";
    uuid_format(&conversation->host.id, host);
    if (conversation->has_instructor)
        uuid_format(&conversation->instructor.id, instructor);
    const struct domain_relation_facts facts = {
        .roles = person->roles,
        .caller_id = person->id_text,
        .host_id = host,
        .instructor_id = instructor,
        .booking = view->viewer.has_booking ? view->viewer.booking : DOMAIN_BOOKING_UNSPECIFIED,
        .participant = view->viewer.participant,
        .is_invited = view->viewer.is_invited || shows_code(conversation, invite_code)};
    return domain_relations(&facts);
}

struct status service_see(const struct service_person *person,
                          const struct store_conversation_view *view, const char *invite_code) {
    unsigned relations = service_relations(person, view, invite_code);
    if (!domain_is_visible(view->conversation.visibility, relations))
        return status_error(STATUS_NOT_FOUND, DOMAIN_REASON_CONVERSATION_NOT_FOUND,
                            "There is no such conversation.");
    return status_ok();
}

void service_explain(struct rpc_call *call, const struct service_caller *caller,
                     const struct store_conversation *conversation, int32_t reason) {
    const struct domain_settings *settings = &caller->settings->settings;
    struct convert c = convert_into(rpc_call_arena(call));
    char number[24];
    switch ((enum domain_reason)reason) {
    case DOMAIN_REASON_CONVERSATION_STATUS:
    case DOMAIN_REASON_MESSAGES_CLOSED:
        rpc_call_add_error_metadata(call, "status", domain_status_name(conversation->status));
        break;
    case DOMAIN_REASON_START_TOO_EARLY:
    case DOMAIN_REASON_DOORS_CLOSED:
        rpc_call_add_error_metadata(
            call, "doors_open_time",
            convert_rfc3339(&c, domain_doors_open_at(conversation->start_us, settings)));
        break;
    case DOMAIN_REASON_BOOKING_CLOSED:
        rpc_call_add_error_metadata(call, "start_time",
                                    convert_rfc3339(&c, conversation->start_us));
        break;
    case DOMAIN_REASON_FEEDBACK_CLOSED:
        snprintf(number, sizeof number, "%lld",
                 (long long)(settings->feedback_window_us / DOMAIN_DAY_US));
        rpc_call_add_error_metadata(call, "window_days", number);
        break;
    default:
        break;
    }
}

struct status service_permit(struct service_context *context, struct rpc_call *call,
                             const struct service_caller *caller,
                             const struct service_person *person, enum domain_action action,
                             const struct store_conversation_view *view, const char *invite_code) {
    const struct store_conversation *conversation = &view->conversation;
    const struct domain_permission_facts facts = {.status = conversation->status,
                                                  .visibility = conversation->visibility,
                                                  .start_us = conversation->start_us,
                                                  .end_us = conversation->end_us,
                                                  .is_locked = conversation->is_locked};
    unsigned relations = service_relations(person, view, invite_code);
    /* Who acts for somebody else oversees on top of what that person is. */
    if (person != &caller->person && (caller->person.roles & DOMAIN_ROLE_ADMIN))
        relations |= DOMAIN_RELATION_ADMIN;
    if (person != &caller->person && (caller->person.roles & DOMAIN_ROLE_SERVICE))
        relations |= DOMAIN_RELATION_SERVICE;
    struct status status =
        domain_permission_check(action, relations, person->is_suspended, &facts,
                                &caller->settings->settings, service_now_us(context));
    if (!status_is_ok(status))
        service_explain(call, caller, conversation, status.reason);
    return status;
}

/* ---- the audit log ---- */

static const char *acts_as(const struct service_caller *caller,
                           const struct store_conversation *conversation) {
    bool leads = conversation != NULL && caller->is_user;
    if (leads && convert_same_id(&conversation->host.id, &caller->person.id))
        return "host";
    if (leads && conversation->has_instructor &&
        convert_same_id(&conversation->instructor.id, &caller->person.id))
        return "instructor";
    if (caller->person.roles & DOMAIN_ROLE_ADMIN)
        return "admin";
    return caller->is_user ? NULL : "service";
}

struct status service_audit(struct service_context *context, struct db_tx *tx,
                            const struct service_caller *caller, const struct service_act *act) {
    struct store_audit audit = {.actor = service_viewer(caller),
                                .actor_subject = caller->subject,
                                .actor_role = acts_as(caller, act->conversation),
                                .action = act->action,
                                .conversation =
                                    act->conversation != NULL ? &act->conversation->id : NULL,
                                .target_user = act->target_user,
                                .target = act->target,
                                .note = act->note,
                                .now_us = service_now_us(context)};
    if (audit.actor_role == NULL)
        return status_ok();
    TRY(service_new_id(context, &audit.id));
    return store_audit_append(tx, caller->tenant, &audit);
}
