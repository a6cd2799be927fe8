/*
 * The generator itself: a request in, a response out, no I/O.
 */
#ifndef CODEGEN_PLUGIN_H
#define CODEGEN_PLUGIN_H

#include "base/arena.h"
#include "codegen/descriptor.h"

/* Generates, or says in response->error what is wrong. The response is in the arena and refers to
 * the request. */
const plugin_response *plugin_run(const plugin_request *request, struct arena *arena);

#endif
