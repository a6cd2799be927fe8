#include "auth/key.h"

#include "base/str.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

struct auth_key {
    atomic_size_t references;
    atomic_bool is_retired;
    enum auth_alg alg;
    int64_t expires_at_us;
    EVP_PKEY *public_key; /* NULL for HS256 */
    uint8_t *secret;
    size_t secret_len;
    char kid[AUTH_KID_MAX_BYTES + 1];
};

const char *auth_alg_name(enum auth_alg alg) {
    static const char *const names[] = {"HS256", "RS256", "ES256"};
    return names[alg];
}

static struct status invalid(const char *detail) {
    /* What OpenSSL noted about it is said in our words; its queue belongs to the thread. */
    ERR_clear_error();
    return status_error(STATUS_INVALID_ARGUMENT, STATUS_NO_REASON, detail);
}

static struct status out_of_memory(void) {
    return status_error(STATUS_RESOURCE_EXHAUSTED, STATUS_NO_REASON, "out of memory");
}

static struct status key_new(const char *kid, enum auth_alg alg, struct auth_key **ret_key) {
    size_t kid_len = strnlen(kid, AUTH_KID_MAX_BYTES + 1);
    if (kid_len > AUTH_KID_MAX_BYTES)
        return invalid("a key id is too long");
    struct auth_key *key = calloc(1, sizeof *key);
    if (key == NULL)
        return out_of_memory();
    atomic_init(&key->references, 1);
    atomic_init(&key->is_retired, false);
    key->alg = alg;
    key->expires_at_us = INT64_MAX;
    memcpy(key->kid, kid, kid_len);
    *ret_key = key;
    return status_ok();
}

struct status auth_key_from_secret(const char *kid, const void *secret, size_t len_bytes,
                                   struct auth_key **ret_key) {
    struct auth_key *key = NULL;

    if (len_bytes < AUTH_SECRET_MIN_BYTES)
        return invalid("an HS256 secret has at least 32 bytes");
    TRY(key_new(kid, AUTH_HS256, &key));
    key->secret = malloc(len_bytes);
    if (key->secret == NULL) {
        auth_key_unref(&key);
        return out_of_memory();
    }
    memcpy(key->secret, secret, len_bytes);
    key->secret_len = len_bytes;
    *ret_key = key;
    return status_ok();
}

static bool is_p256(EVP_PKEY *pkey) {
    char group[32] = "";
    size_t len = 0;
    return EVP_PKEY_get_group_name(pkey, group, sizeof group, &len) == 1 &&
           (strcmp(group, "prime256v1") == 0 || strcmp(group, "P-256") == 0);
}

/* Takes the reference to `pkey`, whatever the outcome. */
static struct status from_pkey(const char *kid, EVP_PKEY *pkey, struct auth_key **ret_key) {
    struct auth_key *key = NULL;
    struct status status;

    if (EVP_PKEY_is_a(pkey, "RSA")) {
        int bits = EVP_PKEY_get_bits(pkey);
        status = bits < AUTH_RSA_MIN_BITS || bits > AUTH_RSA_MAX_BITS
                     ? invalid("an RSA key has 2048 to 8192 bits")
                     : key_new(kid, AUTH_RS256, &key);
    } else if (EVP_PKEY_is_a(pkey, "EC")) {
        status = is_p256(pkey) ? key_new(kid, AUTH_ES256, &key)
                               : invalid("an elliptic curve key is on P-256");
    } else {
        status = invalid("a key is neither RSA nor on P-256");
    }
    if (!status_is_ok(status)) {
        EVP_PKEY_free(pkey);
        return status;
    }
    key->public_key = pkey;
    *ret_key = key;
    return status_ok();
}

/* No key of ours has a pass phrase, and nobody is there to ask. */
static int no_pass_phrase(char *text, int size, int writing, void *context) {
    (void)text, (void)size, (void)writing, (void)context;
    return -1;
}

static int64_t wall_us_of(const ASN1_TIME *time) {
    struct tm parts;
    if (ASN1_TIME_to_tm(time, &parts) != 1)
        return 0;
    return (int64_t)timegm(&parts) * 1000000;
}

struct status auth_key_from_pem(const char *kid, const char *pem, size_t len_bytes,
                                struct auth_key **ret_key) {
    if (len_bytes > INT32_MAX)
        return invalid("a PEM file is too long");
    BIO *bio = BIO_new_mem_buf(pem, (int)len_bytes);
    if (bio == NULL)
        return out_of_memory();

    int64_t expires_at_us = INT64_MAX;
    EVP_PKEY *pkey = PEM_read_bio_PUBKEY(bio, NULL, no_pass_phrase, NULL);
    if (pkey == NULL && BIO_reset(bio) == 1) {
        X509 *certificate = PEM_read_bio_X509(bio, NULL, no_pass_phrase, NULL);
        if (certificate != NULL) {
            pkey = X509_get_pubkey(certificate);
            expires_at_us = wall_us_of(X509_get0_notAfter(certificate));
            X509_free(certificate);
        }
    }
    BIO_free(bio);
    if (pkey == NULL)
        return invalid("a PEM file holds neither a public key nor a certificate");
    ERR_clear_error();
    TRY(from_pkey(kid, pkey, ret_key));
    (*ret_key)->expires_at_us = expires_at_us;
    return status_ok();
}

/* NULL when the parameters are no key. OpenSSL checks that a point is on its curve; for RSA its
 * check would look for factors of the modulus, which takes a second and proves nothing. */
static EVP_PKEY *pkey_of_params(const char *type, OSSL_PARAM_BLD *builder) {
    EVP_PKEY *pkey = NULL;
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);

    if (params == NULL || context == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
        pkey = NULL;
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(params);
    return pkey;
}

struct status auth_key_from_rsa(const char *kid, const uint8_t *n, size_t n_len, const uint8_t *e,
                                size_t e_len, struct auth_key **ret_key) {
    EVP_PKEY *pkey = NULL;

    /* Before OpenSSL computes with it. */
    if (n_len > AUTH_RSA_MAX_BITS / 8 || e_len == 0 || e_len > 4)
        return invalid("an RSA key has 2048 to 8192 bits");
    BIGNUM *modulus = BN_bin2bn(n, (int)n_len, NULL);
    BIGNUM *exponent = BN_bin2bn(e, (int)e_len, NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    if (modulus != NULL && exponent != NULL && builder != NULL &&
        BN_num_bits(modulus) >= AUTH_RSA_MIN_BITS && BN_is_odd(modulus) && BN_is_odd(exponent) &&
        !BN_is_one(exponent) &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus) == 1 &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent) == 1)
        pkey = pkey_of_params("RSA", builder);
    OSSL_PARAM_BLD_free(builder);
    BN_free(exponent);
    BN_free(modulus);
    if (pkey == NULL)
        return invalid("an RSA key is not valid");
    return from_pkey(kid, pkey, ret_key);
}

struct status auth_key_from_p256(const char *kid, const uint8_t x[32], const uint8_t y[32],
                                 struct auth_key **ret_key) {
    uint8_t point[65] = {4}; /* uncompressed */
    EVP_PKEY *pkey = NULL;

    memcpy(point + 1, x, 32);
    memcpy(point + 33, y, 32);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    if (builder != NULL &&
        OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) ==
            1 &&
        OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point) ==
            1)
        pkey = pkey_of_params("EC", builder);
    OSSL_PARAM_BLD_free(builder);
    if (pkey == NULL)
        return invalid("a point is not on P-256");
    return from_pkey(kid, pkey, ret_key);
}

struct auth_key *auth_key_ref(struct auth_key *key) {
    atomic_fetch_add_explicit(&key->references, 1, memory_order_relaxed);
    return key;
}

void auth_key_unref(struct auth_key **key) {
    struct auth_key *k = *key;
    *key = NULL;
    if (k == NULL || atomic_fetch_sub_explicit(&k->references, 1, memory_order_acq_rel) != 1)
        return;
    EVP_PKEY_free(k->public_key);
    if (k->secret != NULL)
        OPENSSL_cleanse(k->secret, k->secret_len);
    free(k->secret);
    free(k);
}

const char *auth_key_kid(const struct auth_key *key) {
    return key->kid;
}

enum auth_alg auth_key_alg(const struct auth_key *key) {
    return key->alg;
}

int64_t auth_key_expires_at_us(const struct auth_key *key) {
    return key->expires_at_us;
}

bool auth_key_same(const struct auth_key *a, const struct auth_key *b) {
    if (a->alg != b->alg || a->expires_at_us != b->expires_at_us || strcmp(a->kid, b->kid) != 0)
        return false;
    if (a->alg == AUTH_HS256)
        return secret_equal(a->secret, a->secret_len, b->secret, b->secret_len);
    return EVP_PKEY_eq(a->public_key, b->public_key) == 1;
}

void auth_key_retire(struct auth_key *key) {
    atomic_store_explicit(&key->is_retired, true, memory_order_release);
}

bool auth_key_is_retired(const struct auth_key *key) {
    return atomic_load_explicit(&key->is_retired, memory_order_acquire);
}

/* ---- verification ---- */

static bool verify_secret(const struct auth_key *key, const void *bytes, size_t len_bytes,
                          const uint8_t *signature, size_t signature_len) {
    uint8_t mac[EVP_MAX_MD_SIZE];
    unsigned mac_len = 0;

    return key->secret_len <= INT32_MAX &&
           HMAC(EVP_sha256(), key->secret, (int)key->secret_len, bytes, len_bytes, mac, &mac_len) !=
               NULL &&
           secret_equal(mac, mac_len, signature, signature_len);
}

static bool verify_digest(const struct auth_key *key, const void *bytes, size_t len_bytes,
                          const uint8_t *signature, size_t signature_len) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    /* For RSA the default padding is PKCS #1 v1.5, which is what RS256 means. */
    bool valid = context != NULL &&
                 EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key->public_key) == 1 &&
                 EVP_DigestVerify(context, signature, signature_len, bytes, len_bytes) == 1;
    EVP_MD_CTX_free(context);
    return valid;
}

/* A token has r and s side by side, OpenSSL wants them in DER. */
static bool verify_p256(const struct auth_key *key, const void *bytes, size_t len_bytes,
                        const uint8_t *signature, size_t signature_len) {
    uint8_t *der = NULL;
    bool valid = false;

    if (signature_len != 64)
        return false;
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature, 32, NULL);
    BIGNUM *s = BN_bin2bn(signature + 32, 32, NULL);
    if (pair == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(pair, r, s) != 1) {
        BN_free(r);
        BN_free(s);
        ECDSA_SIG_free(pair);
        return false;
    }
    int der_len = i2d_ECDSA_SIG(pair, &der); /* `pair` owns r and s now */
    if (der_len > 0)
        valid = verify_digest(key, bytes, len_bytes, der, (size_t)der_len);
    OPENSSL_free(der);
    ECDSA_SIG_free(pair);
    return valid;
}

bool auth_key_verify(const struct auth_key *key, const void *bytes, size_t len_bytes,
                     const uint8_t *signature, size_t signature_len) {
    bool valid = false;
    switch (key->alg) {
    case AUTH_HS256:
        valid = verify_secret(key, bytes, len_bytes, signature, signature_len);
        break;
    case AUTH_RS256:
        valid = verify_digest(key, bytes, len_bytes, signature, signature_len);
        break;
    case AUTH_ES256:
        valid = verify_p256(key, bytes, len_bytes, signature, signature_len);
        break;
    }
    if (!valid)
        ERR_clear_error();
    return valid;
}
