#include "clients/cli/usage.h"

#include <stdarg.h>
#include <stdio.h>

#include "clients/cli/command.h"

int usage_error(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("liveconv: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return CLI_USAGE;
}

int out_of_memory(void) {
    fputs("liveconv: out of memory\n", stderr);
    return CLI_FAILED;
}
