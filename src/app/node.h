/*
 * One running server: everything that was configured, wired together.
 *
 *     struct app_node *node = NULL;
 *     if (app_node_start(config, log, signals, problem, &node))
 *         exit_code = app_node_serve(node);       // until it is asked to stop
 *     app_node_free(&node);
 *
 * What a start looks like from outside: the ports are bound and the log line "listening" names
 * them; the line "ready" follows when the database answers and its schema fits. While it does not
 * answer, the server stays up and says that it is not ready (health, /readyz), and its calls fail
 * at once. A schema that does not fit ends it.
 *
 * Its end: not ready (health, /readyz), the drain delay, scheduled work ends, then streams are told
 * goodbye and calls may end within the grace.
 *
 * Threads: the caller's; those of rpc/server.h; two of scheduled work; one of the side port; one of
 * the keys. Thread-safety: one thread.
 */
#ifndef APP_NODE_H
#define APP_NODE_H

#include <stdbool.h>

#include "base/config.h"
#include "base/log.h"

struct app_node;
struct app_signals;

/* All arguments but `problem` must outlive the node. False with a sentence in `problem` when it
 * cannot start. */
bool app_node_start(const struct config *config, struct log *log, struct app_signals *signals,
                    struct str *problem, struct app_node **ret_node);

/* Serves until it is asked to stop, and drains. False when it ended because it could not go on. */
bool app_node_serve(struct app_node *node);

/* Accepts NULL. */
void app_node_free(struct app_node **node);

#endif
