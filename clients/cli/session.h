/*
 * One run of the program: its settings, the connection, memory, and calls with retries.
 *
 *     struct cli_call call;
 *     struct cli_call call;
 *     cli_call_begin(session, &call, request_id);
 *     do {
 *         status = lc_..._service_...(session->channel, &call.options, &request, &session->arena,
 *                                     &response, &call.result);
 *     } while (cli_call_again(&call, status));
 *     if (!status_is_ok(status))
 *         return cli_call_failed(&call);
 *
 * Everything lives in the session's arena until the end of the program, except where a command
 * that runs for long has arenas of its own.
 */
#ifndef CLIENTS_CLI_SESSION_H
#define CLIENTS_CLI_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/uuid.h"
#include "clients/cli/settings.h"
#include "clients/cli/style.h"
#include "clients/cli/usage.h"
#include "rpc/client.h"

struct session {
    struct settings settings;
    int64_t timeout_ms;
    struct style style; /* of standard output */
    struct rpc_channel *channel;
    char *authorization; /* "Bearer ..."; NULL: no token. On the heap. */
    struct arena arena;
    struct uuid_generator ids;
};

/* Prepares what needs no server. CLI_OK, or the exit code after saying what is wrong. */
int session_init(struct session *session, const struct settings *settings);
/* Reads the token and makes the channel. Answers as session_init. */
int session_connect(struct session *session);
void session_done(struct session *session);

/* Reads the token file again. True when the token is another one now. */
bool session_renew_token(struct session *session);

/* A new UUID in the arena; for mutations: that of --request-id when it was given. Never NULL. */
char *session_new_id(struct session *session, struct arena *arena);
char *session_request_id(struct session *session);

struct cli_call {
    struct session *session;
    struct rpc_call_options options;
    struct rpc_result result;
    int64_t deadline_us; /* monotonic */
    int attempts;
    const char *request_id; /* told when the outcome stays unknown; NULL: none */
};

/* `request_id` may be NULL: the call changes nothing, or may be repeated anyway. */
void cli_call_begin(struct session *session, struct cli_call *ret_call, const char *request_id);
/*
 * True when the call shall be made again, after the pause it needs: the server was not reached or
 * asks to come again, and there is time left. The request stays as it is, its id with it, so that
 * nothing is done twice.
 */
bool cli_call_again(struct cli_call *call, struct status status);
/* Says why on standard error; the exit code. */
int cli_call_failed(const struct cli_call *call);
/* The same for a stream. */
int cli_result_failed(const struct session *session, const struct rpc_result *result,
                      const char *request_id);

#endif
