/*
 * Names in C: those that protobuf-c gives, reproduced exactly, and ours.
 *
 * protobuf-c splits a full name at its dots, spells each piece on its own and joins them with two
 * underscores: `chat.v1.SayRequest` becomes the type `Chat__V1__SayRequest` and the functions
 * `chat__v1__say_request__...`. A capital letter starts a new word only after something that is
 * not one, so `HTTPServer` is `httpserver`.
 *
 * Ours are `<prefix>_<outer>_<inner>`, each piece in the same snake case.
 */
#ifndef CODEGEN_NAMES_H
#define CODEGEN_NAMES_H

#include <stdbool.h>

#include "base/arena.h"

/* protobuf-c: "chat.v1.SayRequest" -> "Chat__V1__SayRequest". */
const char *names_protobuf_c_type(struct arena *arena, const char *full_name);
/* protobuf-c: "chat.v1.SayRequest" -> "chat__v1__say_request". */
const char *names_protobuf_c_lower(struct arena *arena, const char *full_name);
/* protobuf-c: "chat.v1.SayRequest" -> "CHAT__V1__SAY_REQUEST". */
const char *names_protobuf_c_upper(struct arena *arena, const char *full_name);

/* One piece as protobuf-c spells it: "SayRequest" -> "say_request", "SAY_REQUEST". */
const char *names_snake(struct arena *arena, const char *piece);
const char *names_upper_snake(struct arena *arena, const char *piece);

/* "a" and "b" -> "a_b"; an empty `a` adds no underscore. */
const char *names_join(struct arena *arena, const char *a, const char *b);
/* Every letter upper case, everything that C does not take an underscore. */
const char *names_macro(struct arena *arena, const char *text);
/* The same in lower case: "liveconv.v1" -> "liveconv_v1". */
const char *names_flat(struct arena *arena, const char *text);

/* "Say" -> "say", "Delete" -> "delete_": a handler's name as a member of the struct of handlers,
 * which neither C nor C++ takes for a keyword and which is not the struct's own `self`. */
const char *names_member(struct arena *arena, const char *piece);
/* "Say" -> "say", "Register" -> "register_": what comes after a service's name, and is not one of
 * the names that each service has anyhow. */
const char *names_method(struct arena *arena, const char *piece);

/* Of C, but not of C++. */
bool names_is_c_keyword(const char *word);

/* [a-z][a-z0-9_]*, without two underscores in a row or one at the end. */
bool names_is_prefix(const char *text);

#endif
