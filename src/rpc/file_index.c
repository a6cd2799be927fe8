#include "rpc/file_index.h"

#include <stdlib.h>
#include <string.h>

void rpc_file_index_done(struct rpc_file_index *index) {
    free(index->files);
    *index = (struct rpc_file_index){0};
}

static bool append(struct rpc_file_index *index, const struct rpc_file *file) {
    if (rpc_file_index_by_name(index, file->name))
        return true;
    if (index->count == index->capacity) {
        size_t capacity = index->capacity ? 2 * index->capacity : 16;
        const struct rpc_file **files = realloc(index->files, capacity * sizeof *files);
        if (!files)
            return false;
        index->files = files;
        index->capacity = capacity;
    }
    index->files[index->count++] = file;
    return true;
}

bool rpc_file_index_add(struct rpc_file_index *index, const struct rpc_file *file) {
    size_t next = index->count;
    if (!append(index, file))
        return false;
    /* Whatever is appended is looked through in its turn: no recursion. */
    for (; next < index->count; next++)
        for (size_t i = 0; i < index->files[next]->import_count; i++)
            if (!append(index, index->files[next]->imports[i]))
                return false;
    return true;
}

const struct rpc_file *rpc_file_index_by_name(const struct rpc_file_index *index,
                                              const char *name) {
    for (size_t i = 0; i < index->count; i++)
        if (strcmp(index->files[i]->name, name) == 0)
            return index->files[i];
    return NULL;
}

static bool declares(const struct rpc_file *file, const char *symbol) {
    size_t low = 0;
    size_t high = file->symbol_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(symbol, file->symbols[middle]);
        if (order == 0)
            return true;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

const struct rpc_file *rpc_file_index_by_symbol(const struct rpc_file_index *index,
                                                const char *symbol) {
    for (size_t i = 0; i < index->count; i++)
        if (declares(index->files[i], symbol))
            return index->files[i];
    return NULL;
}

const struct rpc_file *rpc_file_index_by_extension(const struct rpc_file_index *index,
                                                   const char *extendee, int32_t number) {
    for (size_t i = 0; i < index->count; i++) {
        const struct rpc_file *file = index->files[i];
        for (size_t j = 0; j < file->extension_count; j++)
            if (file->extensions[j].number == number &&
                strcmp(file->extensions[j].extendee, extendee) == 0)
                return file;
    }
    return NULL;
}

size_t rpc_file_index_extensions(const struct rpc_file_index *index, const char *extendee,
                                 int32_t *ret_numbers, size_t capacity) {
    size_t found = 0;
    for (size_t i = 0; i < index->count; i++) {
        const struct rpc_file *file = index->files[i];
        for (size_t j = 0; j < file->extension_count; j++) {
            if (strcmp(file->extensions[j].extendee, extendee) != 0)
                continue;
            if (found < capacity)
                ret_numbers[found] = file->extensions[j].number;
            found++;
        }
    }
    return found;
}
