/*
 * A request from text: "conversation_id=@conversation filter.page_size=10 users[].subject=ana".
 *
 * Assignments are separated by spaces. A path names fields, dots lead into messages, and [] means
 * the one element of a repeated field. Values are numbers for numbers, enums and bools (0, 1), and
 * text without spaces for strings. @name is replaced by what `lookup` says of it.
 *
 * What does not fit the descriptor ends the test program. The message lives in the arena.
 */
#ifndef INTEGRATION_MATRIX_REQUEST_H
#define INTEGRATION_MATRIX_REQUEST_H

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"

/* The text behind @name; NULL when there is no such name. */
typedef const char *matrix_lookup(void *context, const char *name);

ProtobufCMessage *matrix_request_new(struct arena *arena, const ProtobufCMessageDescriptor *type);
void matrix_request_set(struct arena *arena, ProtobufCMessage *message, const char *assignments,
                        matrix_lookup *lookup, void *context);

#endif
