#include "support/temp_dir.h"

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

struct temp_dir {
    char path[PATH_MAX];
    char joined[PATH_MAX];
};

struct temp_dir *temp_dir_new(void) {
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody sets variables meanwhile */
    const char *parent = getenv("TMPDIR");
    struct temp_dir *dir = calloc(1, sizeof *dir);
    if (!dir)
        return NULL;
    int len = snprintf(dir->path, sizeof dir->path, "%s/liveconv-test-XXXXXX",
                       parent && *parent ? parent : "/tmp");
    if (len < 0 || (size_t)len >= sizeof dir->path || !mkdtemp(dir->path)) {
        free(dir);
        return NULL;
    }
    return dir;
}

static int remove_entry(const char *path, const struct stat *about, int kind, struct FTW *where) {
    (void)about, (void)kind, (void)where;
    remove(path); /* what cannot be removed must not keep the rest */
    return 0;
}

void temp_dir_free(struct temp_dir **dir) {
    enum { OPEN_DIRECTORIES = 16 };
    if (!*dir)
        return;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): tests do this from one thread */
    nftw((*dir)->path, remove_entry, OPEN_DIRECTORIES, FTW_DEPTH | FTW_PHYS);
    free(*dir);
    *dir = NULL;
}

const char *temp_dir_path(const struct temp_dir *dir) {
    return dir->path;
}

const char *temp_dir_join(struct temp_dir *dir, const char *name) {
    int len = snprintf(dir->joined, sizeof dir->joined, "%s/%s", dir->path, name);
    if (len < 0 || (size_t)len >= sizeof dir->joined)
        abort();
    return dir->joined;
}

const char *temp_dir_write(struct temp_dir *dir, const char *name, const void *bytes,
                           size_t len_bytes) {
    const char *path = temp_dir_join(dir, name);
    FILE *file = fopen(path, "we");
    if (!file)
        return NULL;
    bool written = fwrite(bytes, 1, len_bytes, file) == len_bytes;
    bool closed = fclose(file) == 0;
    return written && closed ? path : NULL;
}
