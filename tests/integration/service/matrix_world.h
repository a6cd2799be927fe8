/*
 * The people of the permission matrix and one conversation in a given state, written straight into
 * the tables, so that the rules under test have no part in making it.
 *
 * Thread-safety: one thread.
 */
#ifndef INTEGRATION_MATRIX_WORLD_H
#define INTEGRATION_MATRIX_WORLD_H

#include "integration/service/matrix_file.h"
#include "support/liveconv_server.h"

struct matrix_world {
    struct liveconv_server *server;
    struct arena *arena;
    unsigned number;   /* of the conversation, counted up */
    const char *state; /* NULL: none was made yet */
};

/* Makes everybody known to the server, and suspends who is to be suspended. */
void matrix_world_init(struct matrix_world *world, struct liveconv_server *server,
                       struct arena *arena);
/* A new conversation. The states are explained in permission_matrix.txt. */
void matrix_world_renew(struct matrix_world *world, const char *name);

/* The authorization header of a caller; NULL for none. `scope` is that of the method. */
const char *matrix_world_token(struct matrix_world *world, enum matrix_caller caller,
                               const char *scope);
/* A matrix_lookup (matrix_request.h); the context is the world. */
const char *matrix_world_lookup(void *world, const char *name);

#endif
