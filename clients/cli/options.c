#include "clients/cli/options.h"

#include <string.h>

static const struct option *find(const struct option_set *set, const char *name, size_t name_len) {
    for (size_t i = 0; i < set->count; i++) {
        const struct option *option = &set->options[i];
        if (name_len == 1 && option->letter != 0 && name[0] == option->letter)
            return option;
        if (name_len > 1 && strlen(option->name) == name_len &&
            memcmp(option->name, name, name_len) == 0)
            return option;
    }
    return NULL;
}

static bool list_add(struct option_list *list, char *item, struct arena *arena) {
    char **items = arena_alloc_array(arena, list->count + 1, sizeof *items);
    if (items == NULL)
        return false;
    if (list->count > 0)
        memcpy(items, list->items, list->count * sizeof *items);
    items[list->count] = item;
    list->items = items;
    list->count++;
    return true;
}

static bool list_add_separated(struct option_list *list, const char *text, struct arena *arena) {
    while (*text != '\0') {
        size_t len = strcspn(text, ",");
        char *item = arena_strndup(arena, text, len);
        if (len > 0 && (item == NULL || !list_add(list, item, arena)))
            return false;
        text += len + (text[len] == ',');
    }
    return true;
}

static bool store(const struct option *option, void *values, char *value, struct arena *arena) {
    void *place = (char *)values + option->offset;
    switch (option->kind) {
    case OPTION_FLAG:
        *(bool *)place = true;
        return true;
    case OPTION_TEXT:
        *(char **)place = value;
        return true;
    case OPTION_LIST:
        return list_add_separated(place, value, arena);
    case OPTION_EACH:
        return list_add(place, value, arena);
    }
    return false;
}

bool options_read(const struct option_set *sets, size_t set_count, char **arguments, size_t count,
                  size_t *index, struct arena *arena, struct str *problem) {
    char *argument = arguments[*index];
    bool is_long = argument[1] == '-';
    const char *name = argument + (is_long ? 2 : 1);
    size_t name_len = strcspn(name, "=");
    char *value = name[name_len] == '=' ? argument + (name - argument) + name_len + 1 : NULL;
    const struct option *option = NULL;
    size_t in_set = 0;
    for (size_t i = 0; i < set_count && option == NULL && is_long == (name_len > 1); i++) {
        option = find(&sets[i], name, name_len);
        in_set = i;
    }
    if (option == NULL) {
        str_printf(problem, "there is no option %s", argument);
        return false;
    }
    if (option->kind == OPTION_FLAG && value != NULL) {
        str_printf(problem, "--%s takes no value", option->name);
        return false;
    }
    if (option->kind != OPTION_FLAG && value == NULL) {
        if (*index + 1 >= count) {
            str_printf(problem, "--%s needs a value: %s", option->name, option->value);
            return false;
        }
        value = arguments[++*index];
    }
    if (!store(option, sets[in_set].values, value, arena)) {
        str_append(problem, "out of memory");
        return false;
    }
    return true;
}

void options_describe(const struct option *options, size_t count, struct str *text) {
    for (size_t i = 0; i < count; i++) {
        const struct option *option = &options[i];
        struct str line;
        str_init(&line);
        if (option->letter != 0)
            str_printf(&line, "  -%c, --%s", option->letter, option->name);
        else
            str_printf(&line, "      --%s", option->name);
        if (option->value != NULL)
            str_printf(&line, " %s", option->value);
        str_printf(text, "%-30s %s\n", line.failed ? "" : line.bytes, option->help);
        str_done(&line);
    }
}
