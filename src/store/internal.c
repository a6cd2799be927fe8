#include "store/internal.h"

#include "base/arena.h"

#include <string.h>
#include <sys/random.h>

struct status store_row_damaged(void) {
    return status_error(STATUS_INTERNAL, 0, "Stored data could not be understood.");
}

struct status store_no_room(void) {
    return status_error(STATUS_RESOURCE_EXHAUSTED, 0, "The answer is too large.");
}

struct status store_epoch_new(uint64_t *ret_epoch) {
    uint64_t epoch = 0;
    if (getrandom(&epoch, sizeof epoch, 0) != (ssize_t)sizeof epoch)
        return status_error(STATUS_UNAVAILABLE, 0, "The server has no randomness.");
    *ret_epoch = epoch | 1;
    return status_ok();
}

struct status store_uuids_json(struct arena *arena, const struct uuid *ids, size_t count,
                               const char **ret_json) {
    enum { QUOTED = UUID_TEXT_BYTES + 2 }; /* quotes and a comma instead of the terminator */
    if (count > SIZE_MAX / QUOTED - 1)
        return store_no_room();
    char *json = arena_alloc_raw(arena, count * QUOTED + 3);
    if (json == NULL)
        return store_no_room();
    char *end = json;
    *end++ = '[';
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            *end++ = ',';
        *end++ = '"';
        uuid_format(&ids[i], end);
        end += UUID_TEXT_BYTES - 1;
        *end++ = '"';
    }
    *end++ = ']';
    *end = '\0';
    *ret_json = json;
    return status_ok();
}

struct status store_list_grow(struct arena *arena, void *list, size_t item_bytes, size_t count,
                              size_t *capacity) {
    void *items;
    if (count < *capacity)
        return status_ok();
    size_t wanted = *capacity == 0 ? 16 : *capacity * 2;
    void *room = arena_alloc_array(arena, wanted, item_bytes);
    if (room == NULL)
        return store_no_room();
    memcpy(&items, list, sizeof items);
    if (count > 0)
        memcpy(room, items, count * item_bytes);
    memcpy(list, &room, sizeof room);
    *capacity = wanted;
    return status_ok();
}
