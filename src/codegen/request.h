/*
 * Whether a request is whole: everything that must have a name has one, and names are such that
 * they can stand in C. protoc sends nothing else; whoever else runs the plugin gets an answer, not
 * a crash.
 */
#ifndef CODEGEN_REQUEST_H
#define CODEGEN_REQUEST_H

#include <stdbool.h>

#include "codegen/descriptor.h"
#include "codegen/problems.h"

/* False when the request cannot be worked on; the problem says why. */
bool request_check(const plugin_request *request, struct problems *problems);

#endif
