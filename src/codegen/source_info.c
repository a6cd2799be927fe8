#include "codegen/source_info.h"

#include <assert.h>
#include <stdlib.h>

#include "codegen/memory.h"

static int compare_paths(const int32_t *a, size_t a_count, const int32_t *b, size_t b_count);
static int compare_locations(const void *a, const void *b);
static int compare_key(const void *key, const void *element);
static const char *comment_text(const char *text);

struct source_path source_path_child(struct source_path path, int32_t field_number, size_t index) {
    assert(path.count + 2 <= SOURCE_PATH_MAX);
    path.parts[path.count++] = field_number;
    path.parts[path.count++] = (int32_t)index;
    return path;
}

void source_info_init(struct source_info *info, struct arena *arena, const file_proto *file) {
    *info = (struct source_info){0};
    if (file->source_code_info == NULL)
        return;
    info->count = file->source_code_info->n_location;
    info->by_path = memory_new(arena, info->count, sizeof(const source_location *));
    for (size_t i = 0; i < info->count; i++)
        info->by_path[i] = file->source_code_info->location[i];
    if (info->count > 0)
        qsort(info->by_path, info->count, sizeof(const source_location *), compare_locations);
}

struct source_place source_info_find(const struct source_info *info,
                                     const struct source_path *path) {
    struct source_place place = {0};
    if (info->count == 0)
        return place;
    const source_location *const *found =
        bsearch(path, info->by_path, info->count, sizeof(const source_location *), compare_key);
    if (found == NULL)
        return place;
    place.line = (*found)->n_span > 0 ? (*found)->span[0] + 1 : 0;
    place.comment.leading = comment_text((*found)->leading_comments);
    place.comment.trailing = comment_text((*found)->trailing_comments);
    return place;
}

static int compare_paths(const int32_t *a, size_t a_count, const int32_t *b, size_t b_count) {
    for (size_t i = 0; i < a_count && i < b_count; i++) {
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    }
    if (a_count == b_count)
        return 0;
    return a_count < b_count ? -1 : 1;
}

static int compare_locations(const void *a, const void *b) {
    const source_location *x = *(const source_location *const *)a;
    const source_location *y = *(const source_location *const *)b;
    return compare_paths(x->path, x->n_path, y->path, y->n_path);
}

static int compare_key(const void *key, const void *element) {
    const struct source_path *path = key;
    const source_location *location = *(const source_location *const *)element;
    return compare_paths(path->parts, path->count, location->path, location->n_path);
}

static const char *comment_text(const char *text) {
    return text != NULL && text[0] != '\0' ? text : NULL;
}
