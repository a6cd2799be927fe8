/*
 * Learning material and other lists as the JSON that is stored. Private to src/store.
 *
 * Thread-safety: functions without state.
 */
#ifndef STORE_MATERIAL_H
#define STORE_MATERIAL_H

#include "base/status.h"
#include "domain/booking.h"
#include "store/conversation.h"

/* Heap texts, for parameters; NULL for empty lists. */
struct store_material_json {
    char *vocabulary;
    char *grammar_points;
    char *prompts;
};

struct status store_material_write(const struct store_material *material,
                                   struct store_material_json *ret_json) STATUS_MUST_USE;
void store_material_json_done(struct store_material_json *json);
#define STORE_MATERIAL_JSON_AUTO __attribute__((cleanup(store_material_json_done)))

/* Texts may be NULL: an empty list. */
struct status store_vocabulary_read(struct arena *arena, const char *json,
                                    struct store_material *material) STATUS_MUST_USE;
/* A JSON array of texts. */
struct status store_texts_read(struct arena *arena, const char *json, const char *const **ret_texts,
                               size_t *ret_count) STATUS_MUST_USE;
/* Cancellation policies, as tenants and attempts store them. The result is heap. */
struct status store_policy_read(const char *json,
                                struct domain_cancel_policy *ret_policy) STATUS_MUST_USE;
struct status store_policy_write(const struct domain_cancel_policy *policy,
                                 char **ret_json) STATUS_MUST_USE;
/* Heap; NULL for an empty list. */
struct status store_texts_write(const char *const *texts, size_t count,
                                char **ret_json) STATUS_MUST_USE;

#endif
