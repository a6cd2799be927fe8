#include "app/node_internal.h"

#include "service/live.h"

#include <string.h>

/* The secret may have any length; the seal's key has one. */
static bool read_page_key(const struct config *config, uint8_t ret_key[DOMAIN_PAGE_KEY_BYTES]) {
    struct auth_digest digest;
    size_t len = 0;
    const char *secret = config_secret(config, "service.page-key-file", &len);
    _Static_assert(sizeof digest.bytes == DOMAIN_PAGE_KEY_BYTES, "a SHA-256 is a page key");
    if (secret == NULL)
        return true;
    if (!auth_digest_of(secret, len, &digest))
        return false;
    memcpy(ret_key, digest.bytes, sizeof digest.bytes);
    return true;
}

static struct status build_live(struct app_node *node) {
    const struct config *config = node->config;
    struct service_live_options options;
    service_live_options_init(&options);
    options.server = node->server;
    options.clock = node->clock;
    options.hub.ring_entries = (size_t)config_int(config, "live.ring-entries");
    options.hub.ring_bytes = (size_t)config_size_bytes(config, "live.ring-bytes");
    options.hub.page_entries = (size_t)config_int(config, "live.page-entries");
    options.hub.pages_per_topic = (size_t)config_int(config, "live.pages-per-topic");
    options.hub.max_behind = (uint64_t)config_int(config, "live.max-behind");
    options.hub.hole_wait_ms = config_duration_ms(config, "live.hole-wait");
    options.hub.look_every_ms = config_duration_ms(config, "live.look-every");
    options.hub.topic_idle_ms = config_duration_ms(config, "live.topic-idle");
    options.hub.slow_after_ms = config_duration_ms(config, "live.slow-after");
    options.hub.leave_ms = config_duration_ms(config, "live.leave-grace");
    options.presence.join_lease_ms = config_duration_ms(config, "live.join-lease");
    options.presence.away_ms = config_duration_ms(config, "live.away");
    options.presence.speaking_ms = config_duration_ms(config, "live.speaking");
    options.presence.typing_ms = config_duration_ms(config, "live.typing");
    options.watch.row_interval_ms = config_duration_ms(config, "live.watch-interval");
    options.watch.max_groups = (size_t)config_int(config, "live.watch-groups");
    options.presence_queue = (size_t)config_int(config, "live.presence-queue");
    options.retry_after_ms = (int32_t)config_duration_ms(config, "live.retry-after");
    options.max_age_seconds = (int32_t)(config_duration_ms(config, "limits.stream-age") / 1000);
    return service_live_new(&options, &node->live);
}

static struct status build_context(struct app_node *node) {
    const struct config *config = node->config;
    struct service_options options;
    service_options_init(&options);
    node->journal = store_journal_new(node->pool, node->clock);
    if (node->journal == NULL || !read_page_key(config, options.page_key))
        return status_error(STATUS_RESOURCE_EXHAUSTED, 0, "out of memory");
    options.pool = node->pool;
    options.clock = node->clock;
    options.live = node->live;
    options.hub = service_live_hub(node->live);
    options.presence = service_live_presence(node->live);
    options.journal = node->journal;
    options.revocations = node->revocations;
    options.node_id = config_string(config, "server.node-id");
    options.node_incarnation = node->incarnation;
    options.zone_directory = config_string(config, "service.zone-directory");
    options.user_cache_capacity = (size_t)config_int(config, "service.user-cache");
    options.user_cache_us = config_duration_ms(config, "service.user-cache-time") * 1000;
    options.tenant_cache_capacity = (size_t)config_int(config, "service.tenant-cache");
    options.tenant_cache_us = config_duration_ms(config, "service.tenant-cache-time") * 1000;
    options.conversation_max_bytes = (size_t)config_size_bytes(config, "limits.conversation");
    options.log = node->log;
    return service_context_new(&options, &node->services);
}

struct status node_services_new(struct app_node *node) {
    TRY(build_live(node));
    TRY(build_context(node));
    TRY(service_live_bind(node->live, node->services));
    return service_register_all(node->server, node->services);
}

void node_services_free(struct app_node *node) {
    if (node->live != NULL)
        service_live_free(&node->live);
}

void node_context_free(struct app_node *node) {
    service_context_free(&node->services);
}
