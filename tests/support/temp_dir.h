/*
 * A directory of a test's own, removed with all that is in it when the test ends.
 *
 *     static int setup(void **state) { *state = temp_dir_new(); return *state ? 0 : -1; }
 *     static int teardown(void **state) { temp_dir_free((struct temp_dir **)state); return 0; }
 *
 * Thread-safety: none.
 */
#ifndef SUPPORT_TEMP_DIR_H
#define SUPPORT_TEMP_DIR_H

#include <stdbool.h>
#include <stddef.h>

struct temp_dir;

/* Below $TMPDIR, or /tmp. NULL when it cannot be made. */
struct temp_dir *temp_dir_new(void);

/* Removes it, links in it without following them. */
void temp_dir_free(struct temp_dir **dir);

/* The directory itself. Lives as long as it. */
const char *temp_dir_path(const struct temp_dir *dir);

/* "DIRECTORY/name". Valid until the next call; ends the process when it is too long. */
const char *temp_dir_join(struct temp_dir *dir, const char *name);

/* Writes a file with exactly these bytes and returns its path, as temp_dir_join; NULL on failure.
 */
const char *temp_dir_write(struct temp_dir *dir, const char *name, const void *bytes,
                           size_t len_bytes);

#endif
