/*
 * Server credentials whose certificate can be replaced while serving. Internal to rpc.
 *
 * Files are read by rpc_tls_load() alone; the core's fetch callback hands out what was read last.
 * Thread-safety: rpc_tls_load() from any thread but the poller.
 */
#ifndef RPC_TLS_H
#define RPC_TLS_H

#include <grpc/grpc_security.h>

#include "rpc/server.h"

struct rpc_tls;

/* Copies the paths and reads the files. INVALID_ARGUMENT names the file that cannot be used. */
struct status rpc_tls_new(const struct rpc_server_tls *options,
                          struct rpc_tls **ret_tls) STATUS_MUST_USE;
void rpc_tls_free(struct rpc_tls **tls);

/* Reads the files again; on failure what was read before stays. */
struct status rpc_tls_load(struct rpc_tls *tls) STATUS_MUST_USE;

/* Credentials that ask `tls` for certificates; the caller releases them. `tls` must outlive them.
 */
grpc_server_credentials *rpc_tls_credentials(struct rpc_tls *tls);

#endif
