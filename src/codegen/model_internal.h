/*
 * What the files that build the model share; nobody else includes this.
 */
#ifndef CODEGEN_MODEL_INTERNAL_H
#define CODEGEN_MODEL_INTERNAL_H

#include "codegen/model.h"

/* Names, messages, enums, extensions and symbols of a file, out of its descriptor. */
void model_read_types(struct model *model, struct model_file *file);

/* Finds the types of fields and reads their rules; when all messages of the run are known. */
void model_link_fields(struct model *model, struct model_file *file);

/* Services and methods, when all messages are known. */
void model_read_services(struct model *model, struct model_file *file);

/* protobuf-c's name for something in `file`: its full name, with the package replaced if the file
 * says so with (pb_c_file).c_package. */
const char *model_protobuf_c_name(struct model *model, const struct model_file *file,
                                  const char *full_name);

/* "a.b" and "C" -> "a.b.C"; an empty scope adds no dot. */
const char *model_full_name(struct model *model, const char *scope, const char *name);

#endif
