/*
 * Refusals and failures, told to people and to scripts.
 */
#ifndef CLIENTS_CLI_FAILURE_H
#define CLIENTS_CLI_FAILURE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "clients/cli/style.h"
#include "rpc/client.h"

/* enum cli_exit for a canonical code. */
int failure_exit_code(int32_t code);
/* What to do about it: by the reason if it is known, else by the code; NULL when there is nothing
 * to say. `reason` may be NULL. */
const char *failure_remedy(const char *reason, int32_t code);

/* "CODE (REASON): message", then metadata, violated fields, when to come again, and the remedy. */
void failure_print(FILE *file, const struct style *style, const struct rpc_result *result,
                   const char *request_id);
/* {"error": {...}} on a line. */
void failure_print_json(FILE *file, const struct rpc_result *result, const char *request_id);

#endif
