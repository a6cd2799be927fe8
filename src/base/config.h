/*
 * The configuration: declared settings, read from an INI file with the environment over it.
 *
 * A program declares its settings in a table: section, key, kind, default, bounds and help.
 * Whatever the sources say beyond the table is a problem, and so is a value that is not allowed.
 * Problems are collected, not fatal, so that they are all shown at once:
 *
 *     struct config *config = config_new(settings, count);         // the defaults
 *     config_read_file(config, "/etc/liveconv/liveconvd.ini");
 *     config_read_environment(config, "LIVECONV", environ);        // wins over the file
 *     if (!config_finish(config))                                  // required ones, secrets
 *         for (size_t i = 0; i < config_problem_count(config); i++)
 *             fprintf(stderr, "%s\n", config_problem(config, i));
 *     int64_t port = config_int(config, "server.port");
 *
 * The file: [section] lines, `key = value` lines, comments from `;` or `#` at the start of a line,
 * or from ` ;` inside one. UTF-8. Lines have at most CONFIG_LINE_MAX_BYTES, the file
 * CONFIG_FILE_MAX_BYTES. A key stands at most once.
 *
 * The environment: PREFIX_SECTION_KEY in capitals, everything but letters and digits as `_`. A
 * variable of a declared section with an unknown key is a problem; other variables are not ours.
 *
 * Ownership: what the getters return lives as long as the config.
 * Thread-safety: built by one thread (libinih has settings of its own that are process-wide); after
 * config_finish it only is read, by any thread.
 */
#ifndef BASE_CONFIG_H
#define BASE_CONFIG_H

#include "base/config_value.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { CONFIG_LINE_MAX_BYTES = 4096, CONFIG_FILE_MAX_BYTES = 1024 * 1024 };

struct config;

/* With every setting at its default. `settings` outlives the config. NULL when out of memory. */
struct config *config_new(const struct config_setting *settings, size_t count);
void config_free(struct config **config);

/* A file that cannot be read is a problem. */
void config_read_file(struct config *config, const char *path);
/* As if a file called `name` held this text. */
void config_read_text(struct config *config, const char *name, const char *text, size_t len_bytes);
/* `environment` as environ: "NAME=value", ended by NULL. */
void config_read_environment(struct config *config, const char *prefix, char *const *environment);

/* Looks for required settings that are missing and reads the secrets. True: no problem at all. */
bool config_finish(struct config *config);

/* Each a line without its end: where (file:line or variable), which setting, what and what
 * instead.*/
size_t config_problem_count(const struct config *config);
const char *config_problem(const struct config *config, size_t index);

/*
 * The getters take "section.key". To ask for a setting that is not declared, or not of this kind,
 * is a programmer's error (assert). A required setting that is missing reads as 0, "" or no item.
 */
const char *config_string(const struct config *config, const char *name); /* also of a path */
int64_t config_int(const struct config *config, const char *name);
bool config_bool(const struct config *config, const char *name);
int64_t config_duration_ms(const struct config *config, const char *name);
int64_t config_size_bytes(const struct config *config, const char *name);
/* `*ret_count` pointers to strings; NULL when the list is empty. */
const char *const *config_list(const struct config *config, const char *name, size_t *ret_count);
/* The contents of the secret's file, terminated; NULL when no file is set. ret_len may be NULL. */
const char *config_secret(const struct config *config, const char *name, size_t *ret_len);

/* Where the value came from, for people: "default", "liveconvd.ini:12", "LIVECONV_SERVER_PORT". */
const char *config_source(const struct config *config, const char *name);

/*
 * Appends all settings with their help, what is allowed, variable and default, in the form of a
 * configuration file: with it, every setting has its default (a required one is commented out).
 * Settings of a section stand together in the table. False when out of memory.
 */
bool config_print_help(const struct config_setting *settings, size_t count, const char *prefix,
                       struct str *out);

#ifdef __cplusplus
}
#endif

#endif
