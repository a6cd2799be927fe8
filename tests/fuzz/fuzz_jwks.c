/* JWKS documents and PEM texts from a provider that lost its mind. */
#include "auth/jwks.h"
#include "fuzz/fuzz_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct auth_key_list list = {.count = 0};
    struct auth_key *key = NULL;
    const uint8_t signature[64] = {1};

    if (status_is_ok(auth_jwks_parse((const char *)data, size, &list))) {
        FUZZ_CHECK(list.count > 0 && list.count <= AUTH_JWKS_MAX_KEYS);
        for (size_t i = 0; i < list.count; i++) {
            FUZZ_CHECK(auth_key_alg(list.items[i]) != AUTH_HS256);
            FUZZ_CHECK(!auth_key_verify(list.items[i], "text", 4, signature, sizeof signature));
        }
    }
    auth_key_list_done(&list);
    if (size > 0 && data[0] == '-' &&
        status_is_ok(auth_key_from_pem("k", (const char *)data, size, &key)))
        FUZZ_CHECK(auth_key_alg(key) != AUTH_HS256);
    auth_key_unref(&key);
    return 0;
}
