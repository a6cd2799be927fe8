/*
 * Small files of credentials, read whole. Internal to rpc; never on the poller.
 */
#ifndef RPC_FILE_H
#define RPC_FILE_H

#include "base/status.h"

/* The file's text, terminated, at most 1 MiB; the caller frees it. INVALID_ARGUMENT with
 * `what_failed` as its detail when it is missing, empty, unreadable or larger. */
struct status rpc_file_read(const char *path, const char *what_failed,
                            char **ret_text) STATUS_MUST_USE;
/* Overwrites before it frees, and nulls; accepts NULL. */
void rpc_file_free_secret(char **text);

#endif
