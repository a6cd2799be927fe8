/*
 * The .proto files that reflection serves: found by name, by symbol, by extension. Internal to rpc.
 *
 * Thread-safety: none; built before the server starts, read on the poller.
 */
#ifndef RPC_FILE_INDEX_H
#define RPC_FILE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rpc/method.h"

struct rpc_file_index {
    const struct rpc_file **files; /* each name once */
    size_t count;
    size_t capacity;
};

void rpc_file_index_done(struct rpc_file_index *index);
/* Adds a file and, after it, all it imports. False when out of memory. */
bool rpc_file_index_add(struct rpc_file_index *index, const struct rpc_file *file);

const struct rpc_file *rpc_file_index_by_name(const struct rpc_file_index *index, const char *name);
const struct rpc_file *rpc_file_index_by_symbol(const struct rpc_file_index *index,
                                                const char *symbol);
const struct rpc_file *rpc_file_index_by_extension(const struct rpc_file_index *index,
                                                   const char *extendee, int32_t number);
/* Writes up to `capacity` extension numbers of a type and returns how many there are. */
size_t rpc_file_index_extensions(const struct rpc_file_index *index, const char *extendee,
                                 int32_t *ret_numbers, size_t capacity);

#endif
