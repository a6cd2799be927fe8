/*
 * The input of a run, made ready to print: every file of the request with its types, services,
 * options, comments and C names, and with references resolved to pointers.
 *
 * The checks and the emitters read the model; nothing else looks at descriptors for names.
 *
 * Ownership: everything is in the arena the model was built in and refers to the request, which
 * must live as long. Thread-safety: built once, read-only afterwards.
 */
#ifndef CODEGEN_MODEL_H
#define CODEGEN_MODEL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "codegen/descriptor.h"
#include "codegen/parameter.h"
#include "codegen/problems.h"
#include "codegen/source_info.h"

struct model_file;
struct model_message;
struct model_service;

/* Where the C code of a file comes from. */
enum model_origin {
    MODEL_GENERATED, /* from this run */
    MODEL_EXTERN,    /* from another run, as the parameter `extern` says */
    MODEL_EMBEDDED,  /* from nowhere: who imports it embeds its descriptor for reflection */
};

struct model_enum {
    const struct model_file *file;
    const enum_proto *proto;
    const char *full_name; /* "chat.v1.Level" */
    const char *c_type;    /* "Chat__V1__Level" */
    const char *c_upper;   /* "CHAT__V1__LEVEL": values are <c_upper>__<value> */
    const char *alias;     /* "chat_level" */
    const char *scope;     /* upper-case prefix of the values' aliases: "CHAT", "CHAT_OUTER" */
    struct source_place place;
};

struct model_field {
    const field_proto *proto;
    const struct model_message *message;
    const char *full_name;
    const struct model_message *type; /* of messages and groups, else NULL */
    const rules_option *rules;        /* NULL: none */
    struct source_place place;
};

struct model_message {
    const message_proto *proto;
    const struct model_file *file;
    const char *full_name; /* "chat.v1.Outer.Inner" */
    const char *c_type;    /* "Chat__V1__Outer__Inner" */
    const char *c_lower;   /* "chat__v1__outer__inner" */
    const char *c_upper;   /* "CHAT__V1__OUTER__INNER" */
    const char *alias;     /* "chat_outer_inner"; declared only if the file has aliases */
    const char *type;      /* what signatures call it: the alias or the protobuf-c type */
    size_t index;          /* from 0, different for every message of the run */
    bool is_map_entry;
    bool has_rules; /* of its own, or in a message that it holds */
    /* Sorted by number, as protobuf-c sorts them: the index is the one in the descriptor. */
    struct model_field *fields;
    size_t field_count;
    struct source_place place;
};

enum model_kind { MODEL_UNARY, MODEL_CLIENT_STREAMING, MODEL_SERVER_STREAMING, MODEL_BIDI };

struct model_access {
    bool is_given;
    bool is_public;
    const char *const *roles;
    size_t role_count;
    const char *scope; /* NULL: none */
};

struct model_method {
    const method_proto *proto;
    const struct model_service *service;
    const char *full_name; /* "chat.v1.ChatService.Say" */
    const char *member;    /* "say", "delete_": of the struct of handlers */
    const char *stem;      /* "say", "delete": what longer names begin with */
    const char *symbol;    /* "chat_chat_service_say" */
    enum model_kind kind;
    bool on_poller;
    struct model_access access;
    const struct model_message *input;
    const struct model_message *output;
    struct source_place place;
};

struct model_service {
    const service_proto *proto;
    const struct model_file *file;
    const char *full_name; /* "chat.v1.ChatService" */
    const char *symbol;    /* "chat_chat_service" */
    struct model_method *methods;
    size_t method_count;
    struct source_place place;
};

struct model_extension {
    const field_proto *proto;
    const char *full_name;
};

struct model_file {
    const file_proto *proto;
    const char *name;    /* "chat/v1/chat.proto" */
    const char *stem;    /* "chat/v1/chat" */
    const char *package; /* "" when there is none */
    enum model_origin origin;
    bool has_aliases;      /* a c_prefix was given */
    bool has_c_types;      /* protobuf-c generates code for it */
    const char *prefix;    /* "chat"; "" only without package and c_prefix */
    const char *symbol;    /* "chat_chat_file" */
    const char *c_package; /* what protobuf-c names things after; usually the package */

    struct model_file **imports; /* direct ones, as the file lists them */
    size_t import_count;
    struct model_message *messages; /* all depths; outer before inner */
    size_t message_count;
    struct model_enum *enums;
    size_t enum_count;
    struct model_service *services;
    size_t service_count;
    struct model_extension *extensions;
    size_t extension_count;
    const char **symbols; /* full names of all the file declares, sorted */
    size_t symbol_count;

    struct source_info source;
};

struct model {
    struct arena *arena;
    struct problems *problems;
    const struct parameters *parameters;
    /* Some file of the request declares our options. Otherwise their numbers are somebody else's.
     */
    bool has_options;
    struct model_file *files; /* imports before importers */
    size_t file_count;
    const struct model_message **messages_by_name;
    size_t message_count;
};

/* Builds the model of a request that passed request_check(). What makes it impossible to go on, or
 * an option that cannot be read, becomes a problem; the model is then fit for further checks, but
 * not for emitting. */
void model_build(struct model *model, struct arena *arena, const plugin_request *request,
                 const struct parameters *parameters, struct problems *problems);

/* NULL when there is no such message. Accepts a leading dot. */
const struct model_message *model_find_message(const struct model *model, const char *full_name);

/* True for streams from the client, from the server. */
bool model_client_streams(const struct model_method *method);
bool model_server_streams(const struct model_method *method);

#endif
