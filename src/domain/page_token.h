/*
 * Page tokens: where a list goes on, as opaque text that cannot be changed or used elsewhere.
 *
 * A token holds a keyset position and a keyed MAC over version, list, tenant, filter and position.
 * Nothing of the filter is in it; a token that was altered, comes from another tenant, another list
 * or another filter simply does not verify. Tokens do not expire: a position stays a position.
 *
 * Thread-safety: functions without state.
 */
#ifndef DOMAIN_PAGE_TOKEN_H
#define DOMAIN_PAGE_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum {
    DOMAIN_PAGE_KEY_BYTES = 32,
    DOMAIN_PAGE_TOKEN_BYTES = 56, /* 55 characters and the terminator */
    DOMAIN_PAGE_SIZE_DEFAULT = 50,
    DOMAIN_PAGE_SIZE_MAX = 200,
};

/* What a token is bound to. Nothing is owned. */
struct domain_page_scope {
    const uint8_t *key; /* DOMAIN_PAGE_KEY_BYTES; a secret, the same on every node */
    const char *list;   /* which list, such as "conversations" */
    const char *tenant; /* tenant id */
    const void *filter; /* whatever decides what is listed and in which order, serialized: filter,
                           search, order, relation, and the caller where the list depends on it */
    size_t filter_len;
};

/* The last row of a page: its sort key and, for equal ones, its id (a UUID; zeros when unused). */
struct domain_page_position {
    int64_t key;
    uint8_t id[16];
};

/* Writes the token of a position; terminated. INTERNAL when the MAC cannot be computed. */
struct status domain_page_token_write(const struct domain_page_scope *scope,
                                      const struct domain_page_position *position,
                                      char ret_token[DOMAIN_PAGE_TOKEN_BYTES]) STATUS_MUST_USE;

/* INVALID_ARGUMENT PAGE_TOKEN_INVALID for every text that domain_page_token_write() did not make
 * for the same scope. */
struct status domain_page_token_read(const struct domain_page_scope *scope, const char *token,
                                     struct domain_page_position *ret_position) STATUS_MUST_USE;

/* 0 is the default, more than the maximum is the maximum. Negative sizes are refused before, by the
 * contract's rules; here they are the default. */
int32_t domain_page_size(int32_t requested);

#endif
