/*
 * Messages as JSON: the names of the contract, enums by name, 64-bit numbers as strings, times in
 * RFC 3339. Unlike what protobuf itself prescribes, fields of scalars are always there, so that a
 * script finds what it asks for; messages are there when they are set.
 */
#ifndef CLIENTS_CLI_JSON_H
#define CLIENTS_CLI_JSON_H

#include <stdio.h>

#include <jansson.h>
#include <protobuf-c/protobuf-c.h>

/* A new object, the caller's; NULL without memory. */
json_t *json_of_message(const ProtobufCMessage *message);
/* Prints it on a line. */
void json_print(FILE *file, const ProtobufCMessage *message);
/* Prints {"<key>": message} on a line. */
void json_print_as(FILE *file, const char *key, const ProtobufCMessage *message);

#endif
