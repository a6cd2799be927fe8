#include "auth_test.h"

#include "base/str.h"

#include <stdio.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

static struct test_keys keys;

/* What a memory BIO holds, terminated; frees the BIO. */
static char *text_of(BIO *bio) {
    char *bytes = NULL;
    long len = BIO_get_mem_data(bio, &bytes);
    char *copy = calloc((size_t)len + 1, 1);
    assert_non_null(copy);
    memcpy(copy, bytes, (size_t)len);
    BIO_free(bio);
    return copy;
}

static char *pem_of(EVP_PKEY *pkey, bool is_private) {
    BIO *bio = BIO_new(BIO_s_mem());
    assert_non_null(bio);
    if (is_private)
        assert_int_equal(PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL), 1);
    else
        assert_int_equal(PEM_write_bio_PUBKEY(bio, pkey), 1);
    return text_of(bio);
}

const struct test_keys *test_keys(void) {
    if (keys.pkeys[BY_RSA] != NULL)
        return &keys;
    for (int i = BY_RSA; i < TEST_SIGNERS; i++) {
        EVP_PKEY *pkey = i == BY_RSA || i == BY_RSA_2 ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
        assert_non_null(pkey);
        keys.pkeys[i] = pkey;
        keys.private_pems[i] = pem_of(pkey, true);
        keys.public_pems[i] = pem_of(pkey, false);
    }
    return &keys;
}

void test_keys_free(void) {
    for (int i = 0; i < TEST_SIGNERS; i++) {
        EVP_PKEY_free(keys.pkeys[i]);
        free(keys.private_pems[i]);
        free(keys.public_pems[i]);
    }
    memset(&keys, 0, sizeof keys);
}

char *test_base64url(const void *bytes, size_t len_bytes) {
    struct str text;
    str_init(&text);
    assert_true(base64_encode(&text, bytes, len_bytes, true));
    return str_take(&text);
}

static char *number_of(EVP_PKEY *pkey, const char *name, int fixed_len) {
    BIGNUM *number = NULL;
    uint8_t bytes[1024];
    assert_int_equal(EVP_PKEY_get_bn_param(pkey, name, &number), 1);
    int len = fixed_len > 0 ? fixed_len : BN_num_bytes(number);
    assert_int_equal(BN_bn2binpad(number, bytes, len), len);
    BN_free(number);
    return test_base64url(bytes, (size_t)len);
}

char *test_jwk(enum test_signer signer, const char *kid, const char *more) {
    EVP_PKEY *pkey = test_keys()->pkeys[signer];
    bool is_rsa = signer == BY_RSA || signer == BY_RSA_2;
    char *first =
        number_of(pkey, is_rsa ? OSSL_PKEY_PARAM_RSA_N : OSSL_PKEY_PARAM_EC_PUB_X, is_rsa ? 0 : 32);
    char *second =
        number_of(pkey, is_rsa ? OSSL_PKEY_PARAM_RSA_E : OSSL_PKEY_PARAM_EC_PUB_Y, is_rsa ? 0 : 32);
    struct str jwk;
    str_init(&jwk);
    if (is_rsa)
        str_printf(&jwk, "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"", first, second);
    else
        str_printf(&jwk, "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\",\"y\":\"%s\"", first,
                   second);
    if (kid != NULL)
        str_printf(&jwk, ",\"kid\":\"%s\"", kid);
    str_printf(&jwk, "%s}", more);
    free(first);
    free(second);
    return str_take(&jwk);
}

char *test_jwks(const char *jwk, const char *second, const char *third) {
    struct str text;
    str_init(&text);
    str_printf(&text, "{\"keys\":[%s", jwk);
    if (second != NULL)
        str_printf(&text, ",%s", second);
    if (third != NULL)
        str_printf(&text, ",%s", third);
    str_append(&text, "]}");
    return str_take(&text);
}

static char *join(const char *a, const char *b) {
    struct str text;
    str_init(&text);
    str_printf(&text, "%s.%s", a, b);
    return str_take(&text);
}

static char *signing_input(const char *header, const char *payload) {
    char *first = test_base64url(header, strlen(header));
    char *second = test_base64url(payload, strlen(payload));
    char *input = join(first, second);
    free(first);
    free(second);
    return input;
}

static char *with_signature(char *input, const void *signature, size_t len_bytes) {
    char *text = test_base64url(signature, len_bytes);
    char *token = join(input, text);
    free(text);
    free(input);
    return token;
}

char *test_token_hmac(const void *secret, size_t secret_len, const char *header,
                      const char *payload) {
    char *input = signing_input(header, payload);
    uint8_t mac[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    assert_non_null(HMAC(EVP_sha256(), secret, (int)secret_len, (const uint8_t *)input,
                         strlen(input), mac, &len));
    return with_signature(input, mac, len);
}

char *test_token(enum test_signer signer, const char *header, const char *payload) {
    if (signer == BY_SECRET)
        return test_token_hmac(TEST_SECRET, strlen(TEST_SECRET), header, payload);

    char *input = signing_input(header, payload);
    uint8_t signature[1024];
    size_t len = sizeof signature;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_int_equal(
        EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, test_keys()->pkeys[signer]), 1);
    assert_int_equal(
        EVP_DigestSign(context, signature, &len, (const uint8_t *)input, strlen(input)), 1);
    EVP_MD_CTX_free(context);
    if (signer == BY_EC || signer == BY_EC_2) {
        const uint8_t *der = signature;
        ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)len);
        uint8_t raw[64];
        assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(pair), raw, 32), 32);
        assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(pair), raw + 32, 32), 32);
        ECDSA_SIG_free(pair);
        return with_signature(input, raw, sizeof raw);
    }
    return with_signature(input, signature, len);
}

char *test_certificate(int64_t not_after_s) {
    EVP_PKEY *pkey = test_keys()->pkeys[BY_RSA];
    X509 *certificate = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    ASN1_TIME_set(X509_getm_notBefore(certificate), 0);
    ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t)not_after_s);
    X509_set_pubkey(certificate, pkey);
    X509_NAME *name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"test", -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    assert_true(X509_sign(certificate, pkey, EVP_sha256()) > 0);
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_X509(bio, certificate), 1);
    X509_free(certificate);
    return text_of(bio);
}
