#include "store/material.h"

#include "base/arena.h"
#include "store/internal.h"

#include <jansson.h>
#include <stdlib.h>

static void free_json(json_t **json) {
    json_decref(*json);
}
#define JSON_AUTO __attribute__((cleanup(free_json)))

static struct status no_memory(void) {
    return status_error(STATUS_RESOURCE_EXHAUSTED, 0, "The server is out of memory.");
}

static struct status dump(const json_t *json, char **ret_text) {
    if (json_array_size(json) == 0) {
        *ret_text = NULL;
        return status_ok();
    }
    char *text = json_dumps(json, JSON_COMPACT);
    if (text == NULL)
        return no_memory();
    *ret_text = text;
    return status_ok();
}

struct status store_texts_write(const char *const *texts, size_t count, char **ret_json) {
    JSON_AUTO json_t *array = json_array();
    for (size_t i = 0; i < count; i++) {
        if (json_array_append_new(array, json_string(store_text_or_empty(texts[i]))) != 0)
            return no_memory();
    }
    return dump(array, ret_json);
}

static struct status write_vocabulary(const struct store_material *material, char **ret_json) {
    JSON_AUTO json_t *array = json_array();
    for (size_t i = 0; i < material->vocabulary_count; i++) {
        const struct store_vocabulary *word = &material->vocabulary[i];
        json_t *item = json_pack("{s:s, s:s, s:s}", "term", store_text_or_empty(word->term),
                                 "translation", store_text_or_empty(word->translation), "note",
                                 store_text_or_empty(word->note));
        if (json_array_append_new(array, item) != 0)
            return no_memory();
    }
    return dump(array, ret_json);
}

struct status store_material_write(const struct store_material *material,
                                   struct store_material_json *ret_json) {
    struct store_material_json json = {.vocabulary = NULL};
    struct status s = write_vocabulary(material, &json.vocabulary);
    if (status_is_ok(s))
        s = store_texts_write(material->grammar_points, material->grammar_point_count,
                              &json.grammar_points);
    if (status_is_ok(s))
        s = store_texts_write(material->prompts, material->prompt_count, &json.prompts);
    if (!status_is_ok(s)) {
        store_material_json_done(&json);
        return s;
    }
    *ret_json = json;
    return s;
}

void store_material_json_done(struct store_material_json *json) {
    free(json->vocabulary);
    free(json->grammar_points);
    free(json->prompts);
    *json = (struct store_material_json){.vocabulary = NULL};
}

static struct status load(const char *text, json_t **ret_array) {
    json_t *array = json_loads(text, 0, NULL);
    if (!json_is_array(array)) {
        json_decref(array);
        return store_row_damaged();
    }
    *ret_array = array;
    return status_ok();
}

struct status store_texts_read(struct arena *arena, const char *json, const char *const **ret_texts,
                               size_t *ret_count) {
    JSON_AUTO json_t *array = NULL;
    if (json == NULL) {
        *ret_texts = NULL;
        *ret_count = 0;
        return status_ok();
    }
    TRY(load(json, &array));
    size_t count = json_array_size(array);
    const char **texts = arena_alloc_array(arena, count + 1, sizeof *texts);
    if (texts == NULL)
        return store_no_room();
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_array_get(array, i));
        if (text == NULL)
            return store_row_damaged();
        texts[i] = arena_strdup(arena, text);
        if (texts[i] == NULL)
            return store_no_room();
    }
    *ret_texts = texts;
    *ret_count = count;
    return status_ok();
}

static struct status member(struct arena *arena, const json_t *item, const char *key,
                            const char **ret_text) {
    const char *text = json_string_value(json_object_get(item, key));
    const char *copy = arena_strdup(arena, store_text_or_empty(text));
    if (copy == NULL)
        return store_no_room();
    *ret_text = copy;
    return status_ok();
}

struct status store_vocabulary_read(struct arena *arena, const char *json,
                                    struct store_material *material) {
    JSON_AUTO json_t *array = NULL;
    material->vocabulary = NULL;
    material->vocabulary_count = 0;
    if (json == NULL)
        return status_ok();
    TRY(load(json, &array));
    size_t count = json_array_size(array);
    struct store_vocabulary *words = arena_alloc_array(arena, count + 1, sizeof *words);
    if (words == NULL)
        return store_no_room();
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(array, i);
        TRY(member(arena, item, "term", &words[i].term));
        TRY(member(arena, item, "translation", &words[i].translation));
        TRY(member(arena, item, "note", &words[i].note));
    }
    material->vocabulary = words;
    material->vocabulary_count = count;
    return status_ok();
}

struct status store_policy_read(const char *json, struct domain_cancel_policy *ret_policy) {
    struct domain_cancel_policy policy = {.step_count = 0};
    JSON_AUTO json_t *array = NULL;
    TRY(load(json, &array));
    size_t count = json_array_size(array);
    if (count > DOMAIN_CANCEL_STEPS_MAX)
        return store_row_damaged();
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(array, i);
        json_int_t notice = json_integer_value(json_object_get(item, "noticeMinutes"));
        json_int_t percent = json_integer_value(json_object_get(item, "refundPercent"));
        if (notice < 0 || notice > INT32_MAX || percent < 0 || percent > 100)
            return store_row_damaged();
        policy.steps[i] = (struct domain_cancel_step){(int32_t)notice, (int32_t)percent};
    }
    policy.step_count = (int32_t)count;
    if (!domain_cancel_policy_valid(&policy))
        return store_row_damaged();
    *ret_policy = policy;
    return status_ok();
}

struct status store_policy_write(const struct domain_cancel_policy *policy, char **ret_json) {
    JSON_AUTO json_t *array = json_array();
    for (int32_t i = 0; i < policy->step_count; i++) {
        json_t *item = json_pack("{s:i, s:i}", "noticeMinutes", policy->steps[i].notice_minutes,
                                 "refundPercent", policy->steps[i].refund_percent);
        if (json_array_append_new(array, item) != 0)
            return no_memory();
    }
    char *text = json_dumps(array, JSON_COMPACT);
    if (text == NULL)
        return no_memory();
    *ret_json = text;
    return status_ok();
}
