#include "rpc/tls.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/pem.h>
#include <openssl/x509.h>

#include "rpc/file.h"

struct pem_set {
    char *certificate;
    char *key;
    char *client_ca; /* NULL: client certificates are not asked for */
};

struct rpc_tls {
    struct rpc_server_tls files; /* owned copies */
    pthread_mutex_t lock;        /* guards what follows; never held across I/O */
    struct pem_set pem;
    uint64_t loaded; /* counts successful loads */
    uint64_t fetched;
};

static void pem_set_done(struct pem_set *set) {
    free(set->certificate);
    rpc_file_free_secret(&set->key);
    free(set->client_ca);
    *set = (struct pem_set){0};
}

/* A key that does not belong to the certificate would fail every handshake: found here instead. */
static struct status check_pair(const struct pem_set *set) {
    BIO *certificate_bio = BIO_new_mem_buf(set->certificate, -1);
    BIO *key_bio = BIO_new_mem_buf(set->key, -1);
    X509 *certificate = PEM_read_bio_X509(certificate_bio, NULL, NULL, NULL);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(key_bio, NULL, NULL, NULL);
    const char *problem = NULL;
    if (!certificate)
        problem = "tls.certificate_file holds no PEM certificate";
    else if (!key)
        problem = "tls.key_file holds no usable PEM private key";
    else if (X509_check_private_key(certificate, key) != 1)
        problem = "tls.key_file does not belong to tls.certificate_file";
    X509_free(certificate);
    EVP_PKEY_free(key);
    BIO_free(certificate_bio);
    BIO_free(key_bio);
    if (problem)
        return status_error(STATUS_INVALID_ARGUMENT, STATUS_NO_REASON, problem);
    return status_ok();
}

static struct status read_set(const struct rpc_server_tls *files, struct pem_set *set) {
    TRY(rpc_file_read(files->certificate_file, "tls.certificate_file cannot be read",
                      &set->certificate));
    TRY(rpc_file_read(files->key_file, "tls.key_file cannot be read", &set->key));
    if (files->client_ca_file)
        TRY(rpc_file_read(files->client_ca_file, "tls.client_ca_file cannot be read",
                          &set->client_ca));
    return check_pair(set);
}

struct status rpc_tls_load(struct rpc_tls *tls) {
    struct pem_set set = {0};
    struct status status = read_set(&tls->files, &set);
    if (status_is_ok(status)) {
        pthread_mutex_lock(&tls->lock);
        struct pem_set before = tls->pem;
        tls->pem = set;
        tls->loaded++;
        pthread_mutex_unlock(&tls->lock);
        set = before;
    }
    pem_set_done(&set);
    return status;
}

struct status rpc_tls_new(const struct rpc_server_tls *options, struct rpc_tls **ret_tls) {
    if (!options->certificate_file || !options->key_file)
        return status_error(STATUS_INVALID_ARGUMENT, STATUS_NO_REASON,
                            "tls needs both certificate_file and key_file");
    struct rpc_tls *tls = calloc(1, sizeof *tls);
    if (!tls)
        return status_error(STATUS_RESOURCE_EXHAUSTED, STATUS_NO_REASON, "out of memory");
    pthread_mutex_init(&tls->lock, NULL);
    tls->files.certificate_file = strdup(options->certificate_file);
    tls->files.key_file = strdup(options->key_file);
    if (options->client_ca_file)
        tls->files.client_ca_file = strdup(options->client_ca_file);
    struct status status = rpc_tls_load(tls);
    if (!status_is_ok(status))
        rpc_tls_free(&tls);
    else
        *ret_tls = tls;
    return status;
}

void rpc_tls_free(struct rpc_tls **tls_address) {
    struct rpc_tls *tls = *tls_address;
    if (!tls)
        return;
    pem_set_done(&tls->pem);
    free((char *)(uintptr_t)tls->files.certificate_file);
    free((char *)(uintptr_t)tls->files.key_file);
    free((char *)(uintptr_t)tls->files.client_ca_file);
    pthread_mutex_destroy(&tls->lock);
    free(tls);
    *tls_address = NULL;
}

/* Called by the core before each handshake: no file is touched here. */
static grpc_ssl_certificate_config_reload_status
fetch(void *context, grpc_ssl_server_certificate_config **ret_config) {
    struct rpc_tls *tls = context;
    pthread_mutex_lock(&tls->lock);
    bool fresh = tls->fetched != tls->loaded;
    if (fresh) {
        grpc_ssl_pem_key_cert_pair pair = {tls->pem.key, tls->pem.certificate};
        /* The core insists on roots, and does not look at them when no certificate is asked for. */
        const char *roots = tls->pem.client_ca ? tls->pem.client_ca : tls->pem.certificate;
        *ret_config = grpc_ssl_server_certificate_config_create(roots, &pair, 1);
        tls->fetched = tls->loaded;
    }
    pthread_mutex_unlock(&tls->lock);
    return fresh ? GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW
                 : GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
}

grpc_server_credentials *rpc_tls_credentials(struct rpc_tls *tls) {
    grpc_ssl_client_certificate_request_type client_certificates =
        tls->files.client_ca_file ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                                  : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE;
    return grpc_ssl_server_credentials_create_with_options(
        grpc_ssl_server_credentials_create_options_using_config_fetcher(client_certificates, fetch,
                                                                        tls));
}
