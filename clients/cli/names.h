/*
 * Values of the contract as people write and read them: enums, money, users.
 */
#ifndef CLIENTS_CLI_NAMES_H
#define CLIENTS_CLI_NAMES_H

#include <stdbool.h>

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/str.h"
#include "liveconv/v1/types.grpc-c.h"

/* The value's name without what all values of the enum begin with:
 * "SCHEDULED". "-" for the value 0 and for unknown ones. Never NULL. */
const char *enum_label(const ProtobufCEnumDescriptor *descriptor, int value);
/* Reads such a name, in either case, "-" or "_" between words. The value 0 has no name. */
bool enum_parse(const ProtobufCEnumDescriptor *descriptor, const char *text, int *ret_value);
/* Reads a list into the arena. False after saying which one is wrong, and what there is. */
bool enum_parse_list(struct arena *arena, const ProtobufCEnumDescriptor *descriptor,
                     const char *option, char *const *texts, size_t count, int **ret_values);
/* Reads one, or leaves *ret_value as it is when `text` is NULL. False after saying what is wrong.
 */
bool enum_parse_option(const ProtobufCEnumDescriptor *descriptor, const char *option,
                       const char *text, int *ret_value);

/* "12.50 EUR" with as many decimals as the currency has; "free" for NULL. Never NULL. */
const char *money_format(struct arena *arena, const lc_money *money);
/* Reads "12.50 EUR" or "EUR 12.50"; NULL when it is neither. In the arena. */
lc_money *money_parse(struct arena *arena, const char *text);

/* The display name, or the id of those without one; "-" for NULL. Clean, never NULL. */
const char *user_label(struct arena *arena, const lc_user_summary *user);

#endif
