#include "base/config_private.h"

#include <string.h>

/* Each line of the help as a comment. */
static void append_comment(struct str *out, const char *text) {
    while (text && *text) {
        size_t len = strcspn(text, "\n");
        str_append(out, "# ");
        str_append_bytes(out, text, len);
        str_append_char(out, '\n');
        text += len + (text[len] == '\n');
    }
}

static void append_setting(struct str *out, const struct config_setting *setting,
                           const char *prefix) {
    struct str variable;
    append_comment(out, setting->help);
    str_append(out, "# Value: ");
    config_value_describe(setting, out);
    str_append(out, setting->default_text ? ".\n" : ". It must be set.\n");
    str_init(&variable);
    if (config_variable_name(&variable, prefix, setting->section, setting->key))
        str_printf(out, "# Variable: %s\n", variable.bytes);
    else
        out->failed = true;
    str_done(&variable);
    if (setting->default_text)
        str_printf(out, "%s = %s\n\n", setting->key, setting->default_text);
    else
        str_printf(out, ";%s =\n\n", setting->key);
}

bool config_print_help(const struct config_setting *settings, size_t count, const char *prefix,
                       struct str *out) {
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || strcmp(settings[i].section, settings[i - 1].section) != 0)
            str_printf(out, "[%s]\n\n", settings[i].section);
        append_setting(out, &settings[i], prefix);
    }
    return !out->failed;
}
