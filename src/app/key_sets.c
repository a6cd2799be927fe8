#include "app/key_sets.h"

#include "domain/types.h"

enum { SOURCES_PER_SET = 4 };

/* What auth_keys_new() copies from. */
struct key_sets {
    const struct config *config;
    struct auth_claim_names claims;
    struct auth_source sources[APP_KEY_SETS][SOURCES_PER_SET];
    struct auth_key_set_options sets[APP_KEY_SETS];
    size_t count;
};

static const char *text_of(const struct config *config, size_t index, const char *key) {
    char name[APP_KEY_NAME_BYTES];
    return config_string(config, app_key_setting(index, key, name));
}

static void add_source(const struct key_sets *all, size_t section, struct auth_key_set_options *set,
                       struct auth_source sources[SOURCES_PER_SET], enum auth_source_kind kind,
                       const char *location_key, const char *kid_key) {
    const char *location = text_of(all->config, section, location_key);
    if (location[0] == '\0')
        return;
    sources[set->source_count++] = (struct auth_source){
        .kind = kind,
        .location = location,
        .kid = kid_key == NULL ? NULL : text_of(all->config, section, kid_key),
    };
}

static void add_set(struct key_sets *all, size_t section) {
    static const char *const names[APP_KEY_SETS] = {"keys-1", "keys-2", "keys-3", "keys-4"};
    char name[APP_KEY_NAME_BYTES];
    size_t role_count;
    struct auth_source *sources = all->sources[all->count];
    struct auth_key_set_options *set = &all->sets[all->count];
    set->name = names[section];
    set->issuer = text_of(all->config, section, "issuer");
    set->audience = text_of(all->config, section, "audience");
    set->tenants =
        config_list(all->config, app_key_setting(section, "tenants", name), &set->tenant_count);
    const char *const *roles =
        config_list(all->config, app_key_setting(section, "roles", name), &role_count);
    set->roles = domain_roles_parse(roles, role_count);
    set->claims = &all->claims;
    set->sources = sources;
    add_source(all, section, set, sources, AUTH_SOURCE_SECRET_FILE, "secret-file", "secret-kid");
    add_source(all, section, set, sources, AUTH_SOURCE_PEM_FILE, "pem-file", "pem-kid");
    add_source(all, section, set, sources, AUTH_SOURCE_JWKS_FILE, "jwks-file", NULL);
    add_source(all, section, set, sources, AUTH_SOURCE_JWKS_URL, "jwks-url", NULL);
    all->count++;
}

static void read_claims(const struct config *config, struct auth_claim_names *ret_claims) {
    ret_claims->subject = config_string(config, "auth.claim-subject");
    ret_claims->tenant = config_string(config, "auth.claim-tenant");
    ret_claims->roles = config_string(config, "auth.claim-roles");
    ret_claims->tier = config_string(config, "auth.claim-tier");
    ret_claims->scope = config_string(config, "auth.claim-scope");
    ret_claims->name = config_string(config, "auth.claim-name");
    ret_claims->picture = config_string(config, "auth.claim-picture");
    ret_claims->locale = config_string(config, "auth.claim-locale");
}

struct status app_key_sets_open(const struct config *config, const struct clock *clock,
                                struct str *problem, struct auth_keys **ret_keys) {
    struct key_sets all = {.config = config};
    struct auth_keys_options options;
    struct auth_keys *keys = NULL;
    size_t wrong = 0;

    read_claims(config, &all.claims);
    for (size_t i = 0; i < APP_KEY_SETS; i++) {
        if (app_key_set_is_used(config, i))
            add_set(&all, i);
    }
    if (all.count == 0) {
        *ret_keys = NULL;
        return status_ok();
    }
    auth_keys_options_init(&options);
    options.sets = all.sets;
    options.set_count = all.count;
    options.refresh_ms = config_duration_ms(config, "auth.refresh");
    options.min_refresh_ms = config_duration_ms(config, "auth.refresh-min");
    options.fetch.max_bytes = (size_t)config_size_bytes(config, "auth.document-max");
    options.fetch.timeout_ms = (long)config_duration_ms(config, "auth.fetch-timeout");
    options.fetch.http_loopback = config_bool(config, "server.development");
    if (config_string(config, "auth.ca-file")[0] != '\0')
        options.fetch.ca_file = config_string(config, "auth.ca-file");
    options.clock = clock;

    struct status status = auth_keys_new(&options, &wrong, &keys);
    if (!status_is_ok(status)) {
        str_printf(problem, "[%s]: %s", wrong < all.count ? all.sets[wrong].name : "keys-1",
                   status.detail == NULL ? "the keys cannot be used" : status.detail);
        return status;
    }
    *ret_keys = keys;
    return status_ok();
}
