/*
 * What somebody has to do at a time.
 */
#ifndef STORE_SCHEDULE_H
#define STORE_SCHEDULE_H

#include "base/status.h"
#include "base/uuid.h"

#include <stdbool.h>
#include <stdint.h>

struct db_tx;

/*
 * Another open conversation than `except` that the user has booked, hosts or leads between
 * start_us and end_us (exclusive). An offer that was not taken yet binds nobody. *ret_other is set
 * when *ret_found is.
 */
struct status store_schedule_find(struct db_tx *tx, const char *tenant, const struct uuid *user,
                                  const struct uuid *except, int64_t start_us, int64_t end_us,
                                  struct uuid *ret_other, bool *ret_found) STATUS_MUST_USE;

#endif
