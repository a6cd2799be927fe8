/*
 * Everything about liveconvd that can be set: the table, how it is read, and what must fit
 * together.
 *
 * One INI file and the environment over it (LIVECONVD_SECTION_KEY). The table is the reference:
 * `liveconvd --help-config` prints it, ci/config/liveconvd.ini is that output.
 *
 * Thread-safety: as base/config.h.
 */
#ifndef APP_SETTINGS_H
#define APP_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/config.h"

#define APP_SETTINGS_PREFIX "LIVECONVD"

enum { APP_KEY_SETS = 4 }; /* sections keys-1 to keys-4 */

/* The table; static. */
const struct config_setting *app_settings(size_t *ret_count);

/*
 * Reads `file` (NULL: none), then `environment`, then checks each setting and how they fit
 * together. A complete config, or NULL when something is wrong: each problem is then a line of
 * `problems`, which must be initialised. NULL without a line: out of memory.
 */
struct config *app_settings_read(const char *file, char *const *environment, struct str *problems);

/*
 * What no single setting can tell: appends a line to `problems` for each contradiction, such as no
 * keys outside development or tokens in the clear on a public address. True when there is none.
 */
bool app_settings_check(const struct config *config, struct str *problems);

/* "127.0.0.1:1", "[::1]:1", "localhost:1" and unix sockets: nobody else can listen in. */
bool app_address_is_local(const char *address);

/* "keys-2.issuer" for index 1 and "issuer", in a buffer that is long enough for every key. */
enum { APP_KEY_NAME_BYTES = 48 };
const char *app_key_setting(size_t index, const char *key, char ret_name[APP_KEY_NAME_BYTES]);
/* True when anything of the key set's section is set. */
bool app_key_set_is_used(const struct config *config, size_t index);

#endif
