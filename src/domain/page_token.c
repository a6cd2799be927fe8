#include "domain/page_token.h"

#include "base/str.h"
#include "domain/reason.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

enum {
    VERSION = 1,
    KEY_AT = 1,
    ID_AT = KEY_AT + 8,
    MAC_AT = ID_AT + 16,
    MAC_BYTES = 16, /* of HMAC-SHA256: nobody guesses 128 bits online */
    RAW_BYTES = MAC_AT + MAC_BYTES,
};

static void put_u64(uint8_t *at, uint64_t value) {
    for (int i = 7; i >= 0; i--, value >>= 8)
        at[i] = (uint8_t)value;
}

static uint64_t get_u64(const uint8_t *at) {
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value = value << 8 | at[i];
    return value;
}

/* With its length, so that what is beside it cannot move from one part to the next. */
static bool digest_part(EVP_MD_CTX *digest, const void *bytes, size_t len_bytes) {
    uint8_t length[8];
    put_u64(length, len_bytes);
    return EVP_DigestUpdate(digest, length, sizeof length) == 1 &&
           (len_bytes == 0 || EVP_DigestUpdate(digest, bytes, len_bytes) == 1);
}

/* The first MAC_AT bytes of `raw` and the scope give the rest. */
static bool compute_mac(const struct domain_page_scope *scope, const uint8_t *raw,
                        uint8_t ret_mac[MAC_BYTES]) {
    uint8_t hash[EVP_MAX_MD_SIZE];
    uint8_t mac[EVP_MAX_MD_SIZE];
    unsigned hash_len = 0;
    unsigned mac_len = 0;
    EVP_MD_CTX *digest = EVP_MD_CTX_new();

    bool done =
        digest != NULL && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1 &&
        digest_part(digest, raw, MAC_AT) && digest_part(digest, scope->list, strlen(scope->list)) &&
        digest_part(digest, scope->tenant, strlen(scope->tenant)) &&
        digest_part(digest, scope->filter, scope->filter_len) &&
        EVP_DigestFinal_ex(digest, hash, &hash_len) == 1 &&
        HMAC(EVP_sha256(), scope->key, DOMAIN_PAGE_KEY_BYTES, hash, hash_len, mac, &mac_len) !=
            NULL &&
        mac_len >= MAC_BYTES;
    EVP_MD_CTX_free(digest);
    if (done)
        memcpy(ret_mac, mac, MAC_BYTES);
    return done;
}

struct status domain_page_token_write(const struct domain_page_scope *scope,
                                      const struct domain_page_position *position,
                                      char ret_token[DOMAIN_PAGE_TOKEN_BYTES]) {
    uint8_t raw[RAW_BYTES] = {VERSION};
    struct str text;

    put_u64(raw + KEY_AT, (uint64_t)position->key);
    memcpy(raw + ID_AT, position->id, sizeof position->id);
    if (!compute_mac(scope, raw, raw + MAC_AT))
        return status_error(STATUS_INTERNAL, STATUS_NO_REASON, "the page token cannot be made");

    str_init(&text);
    bool done = base64_encode(&text, raw, sizeof raw, true) && !text.failed &&
                text.len_bytes == DOMAIN_PAGE_TOKEN_BYTES - 1;
    if (done)
        memcpy(ret_token, text.bytes, DOMAIN_PAGE_TOKEN_BYTES);
    str_done(&text);
    if (!done)
        return status_error(STATUS_INTERNAL, STATUS_NO_REASON, "the page token cannot be made");
    return status_ok();
}

struct status domain_page_token_read(const struct domain_page_scope *scope, const char *token,
                                     struct domain_page_position *ret_position) {
    const struct status invalid =
        status_error(STATUS_INVALID_ARGUMENT, DOMAIN_REASON_PAGE_TOKEN_INVALID,
                     "the page token is not valid for this request");
    uint8_t raw[RAW_BYTES + 3];
    uint8_t mac[MAC_BYTES];
    size_t len = 0;
    size_t token_len = strnlen(token, DOMAIN_PAGE_TOKEN_BYTES);

    if (token_len != DOMAIN_PAGE_TOKEN_BYTES - 1 ||
        !base64_decode(token, token_len, true, raw, sizeof raw, &len) || len != RAW_BYTES ||
        raw[0] != VERSION)
        return invalid;
    if (!compute_mac(scope, raw, mac))
        return status_error(STATUS_INTERNAL, STATUS_NO_REASON, "the page token cannot be read");
    if (!secret_equal(mac, sizeof mac, raw + MAC_AT, MAC_BYTES))
        return invalid;
    ret_position->key = (int64_t)get_u64(raw + KEY_AT);
    memcpy(ret_position->id, raw + ID_AT, sizeof ret_position->id);
    return status_ok();
}

int32_t domain_page_size(int32_t requested) {
    if (requested <= 0)
        return DOMAIN_PAGE_SIZE_DEFAULT;
    return requested < DOMAIN_PAGE_SIZE_MAX ? requested : DOMAIN_PAGE_SIZE_MAX;
}
