/*
 * The key sets of the configuration, as src/auth wants them.
 *
 * Thread-safety: functions without state.
 */
#ifndef APP_KEY_SETS_H
#define APP_KEY_SETS_H

#include "app/settings.h"
#include "auth/keys.h"
#include "base/status.h"

/*
 * Reads every key of the sections keys-1 to keys-4. *ret_keys is NULL, with an OK status, when none
 * is used (development). Otherwise the statuses of auth_keys_new(), with a sentence for the
 * operator in `problem`, which must be initialised. `config` must outlive the keys.
 */
struct status app_key_sets_open(const struct config *config, const struct clock *clock,
                                struct str *problem, struct auth_keys **ret_keys) STATUS_MUST_USE;

#endif
