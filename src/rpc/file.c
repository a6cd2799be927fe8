#include "rpc/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX_BYTES = 1 << 20 };

struct status rpc_file_read(const char *path, const char *what_failed, char **ret_text) {
    struct status failure = status_error(STATUS_INVALID_ARGUMENT, STATUS_NO_REASON, what_failed);
    FILE *file = fopen(path, "rbe");
    if (!file)
        return failure;
    char *text = malloc(FILE_MAX_BYTES + 1);
    size_t len = text ? fread(text, 1, FILE_MAX_BYTES + 1, file) : 0;
    bool usable = text && !ferror(file) && len > 0 && len <= FILE_MAX_BYTES;
    fclose(file);
    if (!usable) {
        free(text);
        return failure;
    }
    text[len] = '\0';
    *ret_text = text;
    return status_ok();
}

void rpc_file_free_secret(char **text) {
    if (*text)
        explicit_bzero(*text, strlen(*text));
    free(*text);
    *text = NULL;
}
