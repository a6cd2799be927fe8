/*
 * The emitters: one for each of the two outputs of a .proto file, and the parts they are made of.
 *
 * An emitter reads the model and writes C; it decides nothing and fails at nothing. Whatever could
 * be wrong was found by the checks before.
 */
#ifndef CODEGEN_EMIT_H
#define CODEGEN_EMIT_H

#include <stdio.h>

#include "codegen/model.h"

struct emit {
    const struct model *model;
    const struct model_file *file;
    struct arena *arena;
    FILE *out;
};

/* <stem>.grpc-c.h and <stem>.grpc-c.c. */
void emit_header(const struct emit *emit);
void emit_source(const struct emit *emit);

/* ---- Parts ---- */

/* Who made the file out of what. */
void emit_banner(const struct emit *emit);

/* Short names for types and enum values (emit_names.c). */
void emit_alias_declarations(const struct emit *emit);
void emit_alias_definitions(const struct emit *emit);

/* Tables of rules (emit_rules.c). */
void emit_rules_declarations(const struct emit *emit);
void emit_rules_definitions(const struct emit *emit);

/* The file as reflection serves it, with imports that nobody else provides (emit_file.c). */
void emit_file_declaration(const struct emit *emit);
void emit_file_definition(const struct emit *emit);

/* Table, handlers and registration of a service (emit_service.c). */
void emit_service_declarations(const struct emit *emit, const struct model_service *service);
void emit_service_definitions(const struct emit *emit, const struct model_service *service);

/* Thunks between the table and the handlers (emit_thunks.c). */
void emit_thunks(const struct emit *emit, const struct model_service *service);

/* Client stubs (emit_client.c). */
void emit_client_declarations(const struct emit *emit, const struct model_service *service);
void emit_client_definitions(const struct emit *emit, const struct model_service *service);

#endif
