#include "base/config_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Names come from files and may hold anything, cut anywhere: a terminal gets plain text alone. */
static void make_printable(struct str *text) {
    for (size_t i = 0, step; i < text->len_bytes; i += step) {
        unsigned char c = (unsigned char)text->bytes[i];
        uint32_t code_point;
        step = utf8_decode(text->bytes + i, text->len_bytes - i, &code_point);
        if (step == 0 || c < 0x20 || c == 0x7F) {
            text->bytes[i] = '?';
            step = 1;
        }
    }
}

static void problem_take(struct config *config, struct str *text) {
    make_printable(text);
    char *problem = str_take(text);
    char **grown = problem ? reallocarray(config->problems, config->problem_count + 1,
                                          sizeof *config->problems)
                           : NULL;
    if (!grown) {
        config->out_of_memory = true;
        free(problem);
        return;
    }
    config->problems = grown;
    config->problems[config->problem_count++] = problem;
}

void config_add_problem(struct config *config, const char *format, ...) {
    struct str text;
    va_list arguments;
    str_init(&text);
    va_start(arguments, format);
    str_vprintf(&text, format, arguments);
    va_end(arguments);
    problem_take(config, &text);
    str_done(&text);
}

void config_set(struct config *config, size_t index, const char *text, const char *source) {
    const struct config_setting *setting = &config->settings[index];
    struct config_entry *entry = &config->entries[index];
    struct config_value value = {0};
    struct str problem;
    entry->given = true;
    str_init(&problem);
    str_printf(&problem, "%s: %s.%s: ", source, setting->section, setting->key);
    char *kept_source = strdup(source);
    if (!kept_source || problem.failed)
        config->out_of_memory = true;
    if (config_value_parse(setting, text, &value, &problem)) {
        config_value_done(&entry->value);
        free(entry->source);
        entry->value = value;
        entry->source = kept_source;
    } else {
        problem_take(config, &problem);
        free(kept_source);
    }
    str_done(&problem);
}

struct config *config_new(const struct config_setting *settings, size_t count) {
    struct config *config = calloc(1, sizeof *config);
    if (!config)
        return NULL;
    config->settings = settings;
    config->count = count;
    config->entries = calloc(count ? count : 1, sizeof *config->entries);
    for (size_t i = 0; config->entries && i < count; i++) {
        if (settings[i].default_text)
            config_set(config, i, settings[i].default_text, "default");
    }
    if (!config->entries || config->out_of_memory)
        config_free(&config);
    return config;
}

void config_free(struct config **config) {
    if (!*config)
        return;
    for (size_t i = 0; (*config)->entries && i < (*config)->count; i++) {
        config_value_done(&(*config)->entries[i].value);
        free((*config)->entries[i].source);
    }
    for (size_t i = 0; i < (*config)->problem_count; i++)
        free((*config)->problems[i]);
    free((*config)->problems);
    free((*config)->entries);
    free(*config);
    *config = NULL;
}

bool config_finish(struct config *config) {
    for (size_t i = 0; i < config->count; i++) {
        const struct config_setting *setting = &config->settings[i];
        struct config_entry *entry = &config->entries[i];
        if (!setting->default_text && !entry->given)
            config_add_problem(config, "%s.%s: is not set, and has no default", setting->section,
                               setting->key);
        if (setting->kind != CONFIG_SECRET || entry->value.secret)
            continue;
        struct str problem;
        str_init(&problem);
        str_printf(&problem, "%s: %s.%s: ", entry->source ? entry->source : "default",
                   setting->section, setting->key);
        if (!config_value_read_secret(&entry->value, &problem))
            problem_take(config, &problem);
        else if (problem.failed)
            config->out_of_memory = true;
        str_done(&problem);
    }
    return config_problem_count(config) == 0;
}

size_t config_problem_count(const struct config *config) {
    return config->problem_count + config->out_of_memory;
}

const char *config_problem(const struct config *config, size_t index) {
    assert(index < config_problem_count(config));
    return index < config->problem_count ? config->problems[index] : "out of memory";
}

/* The entry called "section.key", or an empty one: see the getters' contract. */
static const struct config_entry *find(const struct config *config, const char *name,
                                       unsigned kinds) {
    (void)kinds; /* of use to the assertion alone */
    static const struct config_entry nothing;
    for (size_t i = 0; i < config->count; i++) {
        const struct config_setting *setting = &config->settings[i];
        size_t section_len = strlen(setting->section);
        if (strncmp(name, setting->section, section_len) != 0 || name[section_len] != '.' ||
            strcmp(name + section_len + 1, setting->key) != 0)
            continue;
        assert(kinds & 1u << setting->kind);
        return &config->entries[i];
    }
    assert(false && "a setting is asked for that is not declared");
    return &nothing;
}

const char *config_string(const struct config *config, const char *name) {
    const char *text = find(config, name, 1u << CONFIG_STRING | 1u << CONFIG_PATH)->value.text;
    return text ? text : "";
}

int64_t config_int(const struct config *config, const char *name) {
    return find(config, name, 1u << CONFIG_INT)->value.number;
}

bool config_bool(const struct config *config, const char *name) {
    return find(config, name, 1u << CONFIG_BOOL)->value.flag;
}

int64_t config_duration_ms(const struct config *config, const char *name) {
    return find(config, name, 1u << CONFIG_DURATION)->value.number;
}

int64_t config_size_bytes(const struct config *config, const char *name) {
    return find(config, name, 1u << CONFIG_SIZE)->value.number;
}

const char *const *config_list(const struct config *config, const char *name, size_t *ret_count) {
    const struct config_value *value = &find(config, name, 1u << CONFIG_LIST)->value;
    *ret_count = value->item_count;
    return value->item_count > 0 ? value->items : NULL;
}

const char *config_secret(const struct config *config, const char *name, size_t *ret_len) {
    const struct config_value *value = &find(config, name, 1u << CONFIG_SECRET)->value;
    if (ret_len)
        *ret_len = value->secret_len;
    return value->secret;
}

const char *config_source(const struct config *config, const char *name) {
    const char *source = find(config, name, ~0u)->source;
    return source ? source : "default";
}
