#include "base/config_private.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the file ---- */

struct reading {
    struct config *config;
    const char *name;
    const char *at, *end;
    size_t line;
    char unknown_section[64]; /* the last one reported: once is enough */
};

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

/* What is wrong with a line that libinih would misread or drop; NULL: nothing. */
static const char *line_fault(const char *line, size_t len) {
    if (len > CONFIG_LINE_MAX_BYTES)
        return "the line is too long";
    if (memchr(line, '\0', len) || !utf8_is_valid(line, len))
        return "the line is not UTF-8 text";
    if (len == 0 || line[0] == ';' || line[0] == '#')
        return NULL;
    if (line[0] == '[')
        return memchr(line, ']', len) ? NULL : "the section's name is not ended by ]";
    if (line[0] == '=' || line[0] == ':')
        return "there is no key before the value";
    return memchr(line, '=', len) || memchr(line, ':', len)
               ? NULL
               : "the line is neither [section], key = value, nor a comment";
}

/*
 * Gives libinih one line a call, as fgets would, without the blanks at its start: libinih takes
 * those for the continuation of the line before. Lines with a fault are reported and left empty.
 */
static char *next_line(char *ret_line, int capacity, void *stream) {
    struct reading *reading = stream;
    if (reading->at >= reading->end || capacity < CONFIG_LINE_MAX_BYTES + 2)
        return NULL;
    const char *line = reading->at;
    const char *end = memchr(line, '\n', (size_t)(reading->end - line));
    reading->at = end ? end + 1 : reading->end;
    reading->line++;
    if (!end)
        end = reading->end;
    while (line < end && is_blank(*line))
        line++;
    size_t len = (size_t)(end - line);
    const char *fault = line_fault(line, len);
    if (fault) {
        config_add_problem(reading->config, "%s:%zu: %s", reading->name, reading->line, fault);
        len = 0;
    }
    memcpy(ret_line, line, len);
    ret_line[len] = '\n';
    ret_line[len + 1] = '\0';
    return ret_line;
}

static bool section_is_known(const struct config *config, const char *section) {
    for (size_t i = 0; i < config->count; i++) {
        if (strcmp(config->settings[i].section, section) == 0)
            return true;
    }
    return false;
}

static void report_unknown(struct reading *reading, const char *section, const char *key) {
    struct config *config = reading->config;
    if (section_is_known(config, section)) {
        const char *nearest = config_nearest_key(config, section, key);
        config_add_problem(config, "%s:%zu: unknown key \"%s\" in [%s]; the nearest is \"%s\"",
                           reading->name, reading->line, key, section, nearest);
        return;
    }
    if (section[0] == '\0') {
        config_add_problem(config, "%s:%zu: the key \"%s\" stands before any [section]",
                           reading->name, reading->line, key);
        return;
    }
    if (strncmp(reading->unknown_section, section, sizeof reading->unknown_section - 1) == 0)
        return;
    snprintf(reading->unknown_section, sizeof reading->unknown_section, "%s", section);
    const char *nearest = config_nearest_section(config, section);
    config_add_problem(config, "%s:%zu: unknown section [%s]; the nearest is [%s]", reading->name,
                       reading->line, section, nearest ? nearest : "");
}

/* libinih's callback; 1: go on. */
static int take_pair(void *user, const char *section, const char *key, const char *text) {
    struct reading *reading = user;
    struct config *config = reading->config;
    size_t index = 0;
    while (index < config->count && (strcmp(config->settings[index].section, section) != 0 ||
                                     strcmp(config->settings[index].key, key) != 0))
        index++;
    if (index == config->count) {
        report_unknown(reading, section, key);
        return 1;
    }
    struct config_entry *entry = &config->entries[index];
    if (entry->line > 0) {
        config_add_problem(config, "%s:%zu: %s.%s is set a second time; first in line %zu",
                           reading->name, reading->line, section, key, entry->line);
        return 1;
    }
    entry->line = reading->line;
    struct str source;
    str_init(&source);
    if (str_printf(&source, "%s:%zu", reading->name, reading->line))
        config_set(config, index, text, source.bytes);
    else
        config->out_of_memory = true;
    str_done(&source);
    return 1;
}

void config_read_text(struct config *config, const char *name, const char *text, size_t len_bytes) {
    struct reading reading = {.config = config, .name = name, .at = text, .end = text + len_bytes};
    for (size_t i = 0; i < config->count; i++)
        config->entries[i].line = 0;
    if (len_bytes >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        reading.at += 3;
    /* Debian's libinih cuts lines at 200 bytes unless it is told otherwise. */
    ini_use_stack = false;
    ini_initial_alloc = ini_max_line = CONFIG_LINE_MAX_BYTES + 3;
    int result = ini_parse_stream(next_line, &reading, take_pair, &reading);
    if (result == -2)
        config->out_of_memory = true;
    else if (result != 0)
        config_add_problem(config, "%s:%d: the line cannot be understood", name, result);
}

void config_read_file(struct config *config, const char *path) {
    FILE *file = fopen(path, "re");
    char *text = malloc(CONFIG_FILE_MAX_BYTES + 1);
    if (!text)
        config->out_of_memory = true;
    errno = file ? 0 : errno;
    size_t len = file && text ? fread(text, 1, CONFIG_FILE_MAX_BYTES + 1, file) : 0;
    if (!file || ferror(file))
        config_add_problem(config, "%s: cannot be read: %s", path, strerrordesc_np(errno));
    else if (len > CONFIG_FILE_MAX_BYTES)
        config_add_problem(config, "%s: is longer than %d bytes", path, CONFIG_FILE_MAX_BYTES);
    else if (text)
        config_read_text(config, path, text, len);
    free(text);
    if (file)
        fclose(file);
}

/* ---- the environment ---- */

/* The variable is in the namespace of `section`, but no key of it is meant. */
static void report_variable(struct config *config, const char *prefix, const char *name,
                            const char *section) {
    struct str known;
    str_init(&known);
    const char *key = NULL;
    if (config_variable_name(&known, prefix, section, NULL))
        key = config_nearest_key(config, section, name + known.len_bytes);
    if (key && config_variable_name(&known, prefix, section, key))
        config_add_problem(config, "%s: unknown variable; the nearest is %s", name, known.bytes);
    else
        config->out_of_memory = true;
    str_done(&known);
}

static void take_variable(struct config *config, const char *prefix, const char *name,
                          const char *text) {
    struct str known;
    const char *section = NULL;
    size_t index = 0, section_len = 0;
    bool found = false;
    str_init(&known);
    for (; index < config->count; index++) {
        const struct config_setting *setting = &config->settings[index];
        if (!config_variable_name(&known, prefix, setting->section, setting->key))
            break;
        found = strcmp(known.bytes, name) == 0;
        if (found || !config_variable_name(&known, prefix, setting->section, NULL))
            break;
        if (str_starts_with(name, known.bytes) && known.len_bytes > section_len) {
            section = setting->section; /* of two that begin alike, the longer */
            section_len = known.len_bytes;
        }
    }
    if (known.failed)
        config->out_of_memory = true;
    else if (found)
        config_set(config, index, text, name);
    else if (section)
        report_variable(config, prefix, name, section);
    str_done(&known);
}

void config_read_environment(struct config *config, const char *prefix, char *const *environment) {
    size_t prefix_len = strlen(prefix);
    for (; *environment; environment++) {
        const char *variable = *environment, *equals = strchr(variable, '=');
        if (!equals || strncmp(variable, prefix, prefix_len) != 0 || variable[prefix_len] != '_')
            continue;
        char *name = strndup(variable, (size_t)(equals - variable));
        if (name)
            take_variable(config, prefix, name, equals + 1);
        else
            config->out_of_memory = true;
        free(name);
    }
}
