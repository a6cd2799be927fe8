/*
 * grpc.reflection.v1 and v1alpha: the server describes itself, so that grpcurl and the like need no
 * .proto files.
 *
 * What is served: the files of every registered service, everything they import, and what was
 * added. Names are looked up exactly, without a leading dot. An unknown name is answered in the
 * stream with NOT_FOUND, as the protocol asks, and the stream goes on.
 */
#ifndef RPC_REFLECTION_H
#define RPC_REFLECTION_H

#include "rpc/server.h"

#ifdef __cplusplus
extern "C" {
#endif

struct rpc_reflection;

/* Registers both versions. They list the services registered before the server starts, in whatever
 * order. Freed after the server. */
struct status rpc_reflection_new(struct rpc_server *server,
                                 struct rpc_reflection **ret_reflection) STATUS_MUST_USE;
void rpc_reflection_free(struct rpc_reflection **reflection);

/* Serves a file that no service refers to, such as google/rpc/error_details.proto, which is served
 * anyway. Before the server starts. */
struct status rpc_reflection_add_file(struct rpc_reflection *reflection,
                                      const struct rpc_file *file) STATUS_MUST_USE;

#ifdef __cplusplus
}
#endif

#endif
