#include "live/key.h"

#include <string.h>

static const char inbox_name[] = "inbox";
static const char conversation_prefix[] = "conversations/";
enum { PREFIX_LEN = sizeof conversation_prefix - 1 };

static bool copy_tenant(const char *tenant, char ret_tenant[LIVE_TENANT_BYTES]) {
    size_t len = strnlen(tenant, LIVE_TENANT_BYTES);
    if (len == LIVE_TENANT_BYTES)
        return false;
    memset(ret_tenant, 0, LIVE_TENANT_BYTES);
    memcpy(ret_tenant, tenant, len);
    return true;
}

bool live_key_make(const char *tenant, enum live_kind kind, const struct uuid *id,
                   struct live_key *ret_key) {
    if (!copy_tenant(tenant, ret_key->tenant))
        return false;
    ret_key->kind = (uint8_t)kind;
    ret_key->id = *id;
    return true;
}

bool live_user_make(const char *tenant, const struct uuid *id, struct live_user *ret_user) {
    if (!copy_tenant(tenant, ret_user->tenant))
        return false;
    ret_user->id = *id;
    return true;
}

bool live_key_parse(const char *name, const struct live_user *user, struct live_key *ret_key) {
    if (strcmp(name, inbox_name) == 0)
        return live_key_make(user->tenant, LIVE_INBOX, &user->id, ret_key);
    struct uuid id;
    if (strncmp(name, conversation_prefix, PREFIX_LEN) != 0 ||
        !uuid_parse(name + PREFIX_LEN, strlen(name + PREFIX_LEN), &id))
        return false;
    return live_key_make(user->tenant, LIVE_CONVERSATION, &id, ret_key);
}

size_t live_key_name(const struct live_key *key, char ret_name[LIVE_NAME_BYTES]) {
    if (key->kind == LIVE_INBOX) {
        memcpy(ret_name, inbox_name, sizeof inbox_name);
        return sizeof inbox_name - 1;
    }
    memcpy(ret_name, conversation_prefix, PREFIX_LEN);
    uuid_format(&key->id, ret_name + PREFIX_LEN);
    return PREFIX_LEN + UUID_TEXT_BYTES - 1;
}

bool live_key_equal(const struct live_key *a, const struct live_key *b) {
    return memcmp(a, b, sizeof *a) == 0;
}

bool live_user_equal(const struct live_user *a, const struct live_user *b) {
    return memcmp(a, b, sizeof *a) == 0;
}
