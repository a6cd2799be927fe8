#include "app/exposition.h"

#include <math.h>

void exposition_family(struct str *out, const char *name, const char *kind, const char *help) {
    str_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind);
}

static void append_value(struct str *out, const char *text) {
    for (; *text != '\0'; text++) {
        if (*text == '\\' || *text == '"')
            str_append_char(out, '\\');
        if (*text == '\n')
            str_append(out, "\\n");
        else
            str_append_char(out, *text);
    }
}

static void append_number(struct str *out, double value) {
    /* Whole numbers are exact up to 2^53 and read better without an exponent. */
    if (value >= -9007199254740992.0 && value <= 9007199254740992.0 && trunc(value) == value)
        str_printf(out, "%.0f", value);
    else
        str_printf(out, "%.9g", value);
}

void exposition_sample(struct str *out, const char *name, const struct exposition_label *labels,
                       size_t label_count, double value) {
    str_append(out, name);
    for (size_t i = 0; i < label_count; i++) {
        str_printf(out, "%c%s=\"", i == 0 ? '{' : ',', labels[i].name);
        append_value(out, labels[i].value);
        str_append_char(out, '"');
    }
    str_append(out, label_count > 0 ? "} " : " ");
    append_number(out, value);
    str_append_char(out, '\n');
}

void exposition_single(struct str *out, const char *name, const char *kind, const char *help,
                       double value) {
    exposition_family(out, name, kind, help);
    exposition_sample(out, name, NULL, 0, value);
}
