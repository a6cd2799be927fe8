#include "service/service.h"

#include "liveconv/v1/analytics_service.grpc-c.h"
#include "liveconv/v1/safety_service.grpc-c.h"
#include "service/fault.h"
#include "service/tenant.h"
#include "service/users.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

enum { REGISTRATION_BUDGET_BYTES = 64 * 1024 };

void service_options_init(struct service_options *options) {
    *options = (struct service_options){.clock = clock_system(),
                                        .node_id = "node",
                                        .zone_directory = "/usr/share/zoneinfo",
                                        .user_cache_capacity = 4096,
                                        .user_cache_us = INT64_C(1500) * 1000,
                                        .tenant_cache_capacity = 64,
                                        .tenant_cache_us = INT64_C(5) * 1000 * 1000,
                                        .conversation_max_bytes = (size_t)64 * 1024};
}

static struct status choose_page_key(struct service_context *context,
                                     const struct service_options *options) {
    static const uint8_t none[DOMAIN_PAGE_KEY_BYTES];
    memcpy(context->page_key, options->page_key, sizeof context->page_key);
    if (memcmp(context->page_key, none, sizeof none) != 0)
        return status_ok();
    if (RAND_bytes(context->page_key, (int)sizeof context->page_key) != 1)
        return status_error(STATUS_INTERNAL, 0, "The system has no randomness.");
    return status_ok();
}

static struct status build(struct service_context *context, const struct service_options *options) {
    context->conversation_max_bytes = options->conversation_max_bytes;
    context->pool = options->pool;
    context->clock = options->clock;
    context->hub = options->hub;
    context->presence = options->presence;
    context->live = options->live;
    context->journal = options->journal;
    context->revocations = options->revocations;
    context->node_id = options->node_id;
    context->node_incarnation = options->node_incarnation;
    context->zone_directory = options->zone_directory;
    context->log = options->log;
    arena_init(&context->arena, REGISTRATION_BUDGET_BYTES);
    context->uuids = calloc(1, sizeof *context->uuids);
    context->users = service_users_new(options->user_cache_capacity, options->user_cache_us);
    context->tenants =
        service_tenants_new(options->tenant_cache_capacity, options->tenant_cache_us);
    if (context->uuids == NULL || context->users == NULL || context->tenants == NULL)
        return status_error(STATUS_RESOURCE_EXHAUSTED, 0, "Out of memory.");
    uuid_generator_init(context->uuids, options->clock);
    return choose_page_key(context, options);
}

struct status service_context_new(const struct service_options *options,
                                  struct service_context **ret_context) {
    struct service_context *context = calloc(1, sizeof *context);
    if (context == NULL)
        return status_error(STATUS_RESOURCE_EXHAUSTED, 0, "Out of memory.");
    struct status status = build(context, options);
    if (!status_is_ok(status)) {
        service_context_free(&context);
        return status;
    }
    *ret_context = context;
    return status_ok();
}

void service_context_free(struct service_context **context) {
    struct service_context *c = *context;
    *context = NULL;
    if (c == NULL)
        return;
    service_users_free(&c->users);
    service_tenants_free(&c->tenants);
    free(c->uuids);
    arena_done(&c->arena);
    OPENSSL_cleanse(c->page_key, sizeof c->page_key);
    free(c);
}

struct status service_new_id(struct service_context *context, struct uuid *ret_id) {
    if (!uuid_v7(context->uuids, ret_id))
        return status_error(STATUS_INTERNAL, 0, "Something went wrong on the server.");
    return status_ok();
}

/* Services that have no handlers yet: their methods are known, and UNIMPLEMENTED. */
static const struct lc_safety_service_handlers safety_handlers;
static const struct lc_analytics_service_handlers analytics_handlers;

struct status service_register_all(struct rpc_server *server, struct service_context *context) {
    TRY(service_register_conversation(server, context));
    TRY(service_register_booking(server, context));
    TRY(service_register_account(server, context));
    TRY(service_register_user(server, context));
    TRY(service_register_feedback(server, context));
    TRY(service_register_live(server, context));
    TRY(service_register_message(server, context));
    TRY(lc_safety_service_register(server, &safety_handlers));
    return lc_analytics_service_register(server, &analytics_handlers);
}
