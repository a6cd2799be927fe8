#include "auth/claims.h"

#include "base/str.h"
#include "domain/reason.h"
#include "domain/types.h"
#include "rpc/principal.h"

#include <string.h>

const struct auth_claim_names auth_default_claim_names = {
    .subject = "sub",
    .tenant = "tenant",
    .roles = "roles",
    .tier = "tier",
    .scope = "scope",
    .name = "name",
    .picture = "picture",
    .locale = "locale",
};

enum {
    SHOWN_MAX_BYTES = 255,    /* name, locale, tier */
    PICTURE_MAX_BYTES = 2048, /* a URL */
};

/* Year 9999: seconds times a million stay far from overflow. */
#define LATEST_SECOND INT64_C(253402300799)

/* What the readers below share. Texts are copied, because a principal copies from C strings. */
struct reader {
    const json_t *claims;
    const struct auth_authority *authority;
    const char **ret_claim;
};

static struct status refuse(enum domain_reason reason, const char *detail) {
    return status_error(STATUS_UNAUTHENTICATED, (int32_t)reason, detail);
}

static struct status wrong_claim(const struct reader *reader, const char *name) {
    if (reader->ret_claim != NULL)
        *reader->ret_claim = name;
    return refuse(DOMAIN_REASON_TOKEN_CLAIM_INVALID, "a claim of the token is missing or wrong");
}

/* An optional number of seconds: an integer, neither text nor a fraction. */
static struct status read_time(const struct reader *reader, const char *name, bool required,
                               int64_t absent_us, int64_t *ret_us) {
    const json_t *value = json_object_get(reader->claims, name);

    if (value == NULL && !required) {
        *ret_us = absent_us;
        return status_ok();
    }
    if (!json_is_integer(value) || json_integer_value(value) < 0 ||
        json_integer_value(value) > LATEST_SECOND)
        return wrong_claim(reader, name);
    *ret_us = (int64_t)json_integer_value(value) * 1000000;
    return status_ok();
}

static struct status check_times(const struct reader *reader, struct auth_times *times) {
    int64_t not_before_us = 0;
    int64_t issued_at_us = 0;
    int64_t latest_us = times->now_us + times->leeway_us;

    TRY(read_time(reader, "exp", true, 0, &times->expires_at_us));
    TRY(read_time(reader, "nbf", false, 0, &not_before_us));
    TRY(read_time(reader, "iat", false, 0, &issued_at_us));
    if (times->now_us >= times->expires_at_us + times->leeway_us)
        return refuse(DOMAIN_REASON_TOKEN_EXPIRED, "the token has expired");
    if (not_before_us > latest_us || issued_at_us > latest_us)
        return refuse(DOMAIN_REASON_TOKEN_NOT_YET_VALID, "the token is not valid yet");
    return status_ok();
}

static bool is_text(const json_t *value, const char *expected) {
    return json_is_string(value) && strcmp(json_string_value(value), expected) == 0;
}

static struct status check_issuer_and_audience(const struct reader *reader) {
    const json_t *audience = json_object_get(reader->claims, "aud");
    bool is_for_us = is_text(audience, reader->authority->audience);

    if (!is_text(json_object_get(reader->claims, "iss"), reader->authority->issuer))
        return refuse(DOMAIN_REASON_TOKEN_ISSUER_UNKNOWN,
                      "the token's key does not belong to its issuer");
    for (size_t i = 0; i < json_array_size(audience) && !is_for_us; i++)
        is_for_us = is_text(json_array_get(audience, i), reader->authority->audience);
    if (!is_for_us)
        return refuse(DOMAIN_REASON_TOKEN_AUDIENCE_WRONG, "the token is not for this server");
    return status_ok();
}

/* A required identifier: no control characters or white space, and of a bounded length. */
static struct status read_identifier(const struct reader *reader, const char *name,
                                     size_t max_bytes, const char **ret_text) {
    const json_t *value = json_object_get(reader->claims, name);
    const char *text = json_string_value(value);
    size_t len = json_string_length(value);

    if (text == NULL || len == 0 || len > max_bytes)
        return wrong_claim(reader, name);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] <= ' ' || text[i] == 0x7F)
            return wrong_claim(reader, name);
    *ret_text = text;
    return status_ok();
}

static struct status check_tenant(const struct reader *reader, const char *tenant) {
    const struct auth_authority *authority = reader->authority;

    for (size_t i = 0; i < authority->tenant_count; i++)
        if (strcmp(authority->tenants[i], "*") == 0 || strcmp(authority->tenants[i], tenant) == 0)
            return status_ok();
    return refuse(DOMAIN_REASON_TOKEN_TENANT_REFUSED,
                  "the token's key does not speak for this tenant");
}

static struct status add_role(const struct reader *reader, const json_t *value, unsigned *roles) {
    unsigned role = domain_role_parse(json_string_value(value));

    if (!json_is_string(value))
        return wrong_claim(reader, reader->authority->claims.roles);
    if (role & ~reader->authority->roles)
        return refuse(DOMAIN_REASON_TOKEN_ROLE_REFUSED, "the token's key does not give this role");
    *roles |= role;
    return status_ok();
}

/* An array of names, or one name. Absent: a caller without a role. A backend is no person. */
static struct status read_roles(const struct reader *reader, unsigned *ret_roles) {
    const json_t *value = json_object_get(reader->claims, reader->authority->claims.roles);
    unsigned roles = 0;

    if (json_is_string(value)) {
        TRY(add_role(reader, value, &roles));
    } else if (value != NULL) {
        if (!json_is_array(value) || json_array_size(value) > AUTH_ROLES_MAX)
            return wrong_claim(reader, reader->authority->claims.roles);
        for (size_t i = 0; i < json_array_size(value); i++)
            TRY(add_role(reader, json_array_get(value, i), &roles));
    }
    /* A person's roles open methods that a backend needs a scope for. */
    if ((roles & DOMAIN_ROLE_SERVICE) && roles != DOMAIN_ROLE_SERVICE)
        return refuse(DOMAIN_REASON_TOKEN_ROLE_REFUSED,
                      "the token has the role service and another: a backend has no other role");
    *ret_roles = roles;
    return status_ok();
}

struct scopes {
    char text[AUTH_TOKEN_MAX_BYTES];
    const char *items[AUTH_SCOPES_MAX];
    size_t count;
};

/* Words separated by spaces (RFC 8693 section 4.2), or an array of words. */
static struct status read_scopes(const struct reader *reader, struct scopes *ret_scopes) {
    const char *name = reader->authority->claims.scope;
    const json_t *value = json_object_get(reader->claims, name);

    ret_scopes->count = 0;
    if (value == NULL)
        return status_ok();
    if (json_is_array(value)) {
        if (json_array_size(value) > AUTH_SCOPES_MAX)
            return wrong_claim(reader, name);
        for (size_t i = 0; i < json_array_size(value); i++) {
            const char *item = json_string_value(json_array_get(value, i));
            if (item == NULL)
                return wrong_claim(reader, name);
            ret_scopes->items[ret_scopes->count++] = item;
        }
        return status_ok();
    }
    if (!json_is_string(value) || json_string_length(value) >= sizeof ret_scopes->text)
        return wrong_claim(reader, name);
    memcpy(ret_scopes->text, json_string_value(value), json_string_length(value) + 1);
    char *state = NULL;
    for (char *word = strtok_r(ret_scopes->text, " ", &state); word != NULL;
         word = strtok_r(NULL, " ", &state)) {
        if (ret_scopes->count == AUTH_SCOPES_MAX)
            return wrong_claim(reader, name);
        ret_scopes->items[ret_scopes->count++] = word;
    }
    return status_ok();
}

/* Optional text for people: what is too long is cut, controls become spaces. Never a refusal:
 * nobody is locked out by a name. */
static void read_shown(const struct reader *reader, const char *name, size_t max_bytes,
                       char *ret_text) {
    const json_t *value = json_object_get(reader->claims, name);
    size_t len = json_string_length(value);
    uint32_t code_point;

    ret_text[0] = '\0';
    if (!json_is_string(value))
        return;
    const char *text = json_string_value(value);
    size_t at = 0;
    while (at < len) {
        size_t taken = utf8_decode(text + at, len - at, &code_point);
        if (taken == 0 || at + taken > max_bytes)
            break;
        memcpy(ret_text + at, text + at, taken);
        if (code_point < ' ' || code_point == 0x7F)
            ret_text[at] = ' ';
        at += taken;
    }
    ret_text[at] = '\0';
}

static void read_picture(const struct reader *reader, char ret_url[PICTURE_MAX_BYTES + 1]) {
    read_shown(reader, reader->authority->claims.picture, PICTURE_MAX_BYTES, ret_url);
    if (!str_starts_with(ret_url, "https://"))
        ret_url[0] = '\0';
}

static size_t role_names(unsigned roles, const char *ret_names[AUTH_ROLES_MAX]) {
    size_t count = 0;
    for (unsigned bit = 1; bit <= DOMAIN_ROLE_SERVICE; bit <<= 1)
        if (roles & bit)
            ret_names[count++] = domain_role_name(bit);
    return count;
}

static struct status make_principal(const struct reader *reader, unsigned roles,
                                    const struct rpc_principal_fields *identity,
                                    struct rpc_principal **ret_principal) {
    struct rpc_principal_fields fields = *identity;
    const struct auth_claim_names *names = &reader->authority->claims;
    char name[SHOWN_MAX_BYTES + 1];
    char locale[SHOWN_MAX_BYTES + 1];
    char tier[SHOWN_MAX_BYTES + 1];
    char picture[PICTURE_MAX_BYTES + 1];
    const char *role_list[AUTH_ROLES_MAX];
    struct scopes scopes = {.count = 0};

    if (roles & DOMAIN_ROLE_SERVICE)
        TRY(read_scopes(reader, &scopes));
    read_shown(reader, names->name, SHOWN_MAX_BYTES, name);
    read_shown(reader, names->locale, SHOWN_MAX_BYTES, locale);
    read_shown(reader, names->tier, SHOWN_MAX_BYTES, tier);
    read_picture(reader, picture);
    fields.name = name;
    fields.locale = locale;
    fields.tier = tier;
    fields.picture_url = picture;
    fields.issuer = reader->authority->issuer;
    fields.role_count = role_names(roles, role_list);
    fields.roles = role_list;
    fields.scope_count = scopes.count;
    fields.scopes = scopes.items;
    struct rpc_principal *principal = rpc_principal_new(&fields);
    if (principal == NULL)
        return status_error(STATUS_RESOURCE_EXHAUSTED, STATUS_NO_REASON, "out of memory");
    *ret_principal = principal;
    return status_ok();
}

struct status auth_claims_read(const json_t *claims, const struct auth_authority *authority,
                               struct auth_times *times, const char **ret_claim,
                               struct rpc_principal **ret_principal) {
    const struct reader reader = {claims, authority, ret_claim};
    struct rpc_principal_fields fields = {0};
    unsigned roles = 0;

    TRY(check_issuer_and_audience(&reader));
    TRY(check_times(&reader, times));
    TRY(read_identifier(&reader, authority->claims.subject, AUTH_SUBJECT_MAX_BYTES,
                        &fields.subject));
    TRY(read_identifier(&reader, authority->claims.tenant, AUTH_TENANT_MAX_BYTES, &fields.tenant));
    TRY(check_tenant(&reader, fields.tenant));
    TRY(read_roles(&reader, &roles));
    fields.expires_at_us = times->expires_at_us;
    return make_principal(&reader, roles, &fields, ret_principal);
}
