/* What config's source files share. Nothing else includes it. */
#ifndef BASE_CONFIG_PRIVATE_H
#define BASE_CONFIG_PRIVATE_H

#include "base/config.h"

struct config_entry {
    struct config_value value;
    char *source; /* owned; NULL: the default */
    bool given;   /* a source named it, with a good value or a bad one */
    size_t line;  /* where the text being read sets it; 0: it has not yet */
};

struct config {
    const struct config_setting *settings;
    struct config_entry *entries; /* one for each setting */
    size_t count;
    char **problems;
    size_t problem_count;
    bool out_of_memory; /* something could not be kept: the last of the problems */
};

void config_add_problem(struct config *config, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Gives setting `index` a value, or adds the problem with it. `source` is copied. */
void config_set(struct config *config, size_t index, const char *text, const char *source);

/* `out` becomes PREFIX_SECTION_KEY, or PREFIX_SECTION_ when `key` is NULL. False: no memory. */
bool config_variable_name(struct str *out, const char *prefix, const char *section,
                          const char *key);

/* The declared name that takes the fewest edits; NULL when none is declared. */
const char *config_nearest_section(const struct config *config, const char *section);
const char *config_nearest_key(const struct config *config, const char *section, const char *key);

#endif
