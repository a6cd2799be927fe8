/* Tokens: as they come from outside, and claims that somebody we trust has signed. */
#include "auth/token.h"
#include "base/str.h"
#include "domain/types.h"
#include "fuzz/fuzz_check.h"
#include "rpc/principal.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

static const char secret[] = "a secret of thirty-two bytes, yes";
static const char *const tenants[] = {"t1"};

static struct status verify(const char *text, size_t len, struct auth_verified *ret_verified) {
    const struct auth_authority authority = {
        .issuer = "iss",
        .audience = "aud",
        .tenants = tenants,
        .tenant_count = 1,
        .roles = DOMAIN_ROLE_STUDENT | DOMAIN_ROLE_SERVICE,
        .claims = auth_default_claim_names,
    };
    struct auth_candidate candidate = {NULL, &authority};
    struct auth_token token;
    const char *claim = NULL;
    struct status status = auth_token_parse(text, len, &token);
    if (!status_is_ok(status))
        return status;
    FUZZ_CHECK(token.signed_len + 1 + token.signature_len == len);
    FUZZ_CHECK(status_is_ok(auth_key_from_secret("", secret, sizeof secret - 1, &candidate.key)));
    status = auth_token_verify(&token, &candidate, 1, 0, 1000000, &claim, ret_verified);
    auth_key_unref(&candidate.key);
    return status;
}

/* Our signature under any claims: what is accepted has all that must be there. */
static void check_claims(const uint8_t *data, size_t size) {
    static const char header[] = "{\"alg\":\"HS256\"}";
    struct auth_verified verified = {0};
    uint8_t mac[EVP_MAX_MD_SIZE];
    unsigned mac_len = 0;
    struct str text;
    str_init(&text);
    FUZZ_CHECK(base64_encode(&text, header, sizeof header - 1, true));
    str_append_char(&text, '.');
    FUZZ_CHECK(base64_encode(&text, data, size, true));
    FUZZ_CHECK(HMAC(EVP_sha256(), secret, (int)sizeof secret - 1, (const uint8_t *)text.bytes,
                    text.len_bytes, mac, &mac_len));
    str_append_char(&text, '.');
    FUZZ_CHECK(base64_encode(&text, mac, mac_len, true));
    if (status_is_ok(verify(text.bytes, text.len_bytes, &verified))) {
        const struct rpc_principal_fields *fields = rpc_principal_get(verified.principal);
        FUZZ_CHECK(fields->subject[0] != '\0' && strcmp(fields->tenant, "t1") == 0);
        FUZZ_CHECK(!rpc_principal_has_role(verified.principal, "admin"));
        FUZZ_CHECK(fields->expires_at_us > 1000000);
        FUZZ_CHECK(utf8_is_valid(fields->name, strlen(fields->name)));
    }
    auth_verified_done(&verified);
    str_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct auth_verified verified = {0};
    FUZZ_CHECK(!status_is_ok(verify((const char *)data, size, &verified)));
    check_claims(data, size);
    return 0;
}
