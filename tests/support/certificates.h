/*
 * Certificates for tests: an authority, and what it signs. Elliptic curve keys, valid for a day.
 */
#ifndef SUPPORT_CERTIFICATES_H
#define SUPPORT_CERTIFICATES_H

struct certificate_authority;

/* Ends the test when OpenSSL cannot do it. */
struct certificate_authority *certificate_authority_new(const char *name);
void certificate_authority_free(struct certificate_authority **authority);
/* The authority's own certificate, as PEM. */
void certificate_authority_write(const struct certificate_authority *authority, const char *path);
/* A certificate for this DNS name, and its key. */
void certificate_authority_sign(const struct certificate_authority *authority, const char *dns_name,
                                const char *certificate_path, const char *key_path);

#endif
