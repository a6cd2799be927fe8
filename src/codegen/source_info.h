/*
 * Lines and comments of a .proto file, found by the path of what they belong to.
 */
#ifndef CODEGEN_SOURCE_INFO_H
#define CODEGEN_SOURCE_INFO_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "codegen/descriptor.h"

/* Messages may be nested this deep: the bound of everything that descends. */
enum { SOURCE_NESTING_MAX = 32 };
enum { SOURCE_PATH_MAX = 2 * (SOURCE_NESTING_MAX + 4) };

/* Field numbers and indices from the FileDescriptorProto down, as source_code_info counts them. */
struct source_path {
    int32_t parts[SOURCE_PATH_MAX];
    size_t count;
};

struct source_path source_path_child(struct source_path path, int32_t field_number, size_t index);

struct source_info {
    const source_location **by_path; /* sorted; in the arena */
    size_t count;
};

struct source_comment {
    const char *leading;  /* NULL when there is none */
    const char *trailing; /* NULL when there is none */
};

/* What is known about one place. */
struct source_place {
    int line; /* from 1; 0 when unknown */
    struct source_comment comment;
};

/* Refers to `file`, which must outlive it. */
void source_info_init(struct source_info *info, struct arena *arena, const file_proto *file);

struct source_place source_info_find(const struct source_info *info,
                                     const struct source_path *path);

#endif
