/*
 * protoc-gen-grpc-c: a plugin of protoc. Reads a CodeGeneratorRequest from standard input and
 * writes a CodeGeneratorResponse to standard output; run by hand, it explains itself.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "codegen/memory.h"
#include "codegen/plugin.h"

enum { EXIT_USAGE = 2 };

/* What protoc may send, and what a run may take; a contract of 10,000 messages needs a tenth. */
static const size_t request_max_bytes = (size_t)64 << 20;
static const size_t memory_max_bytes = (size_t)2 << 30;

static const char help[] =
    "protoc-gen-grpc-c " GRPC_C_VERSION ": generates gRPC servers and clients for C\n"
    "\n"
    "It is a plugin of protoc, the protobuf compiler, and is run by it together with\n"
    "protobuf-c's protoc-gen-c, which generates the messages:\n"
    "\n"
    "    protoc -I. --c_out=build --grpc-c_out=build greeter/v1/greeter.proto\n"
    "\n"
    "writes greeter.pb-c.h, .pb-c.c, greeter.grpc-c.h and .grpc-c.c to build/greeter/v1. If the\n"
    "plugin is not on the PATH: --plugin=/path/to/protoc-gen-grpc-c. With CMake:\n"
    "\n"
    "    find_package(grpc_c REQUIRED)\n"
    "    grpc_c_generate(my_target PROTOS greeter/v1/greeter.proto)\n"
    "\n"
    "Every method must say who may call it, with option (grpc_c.v1.access) of\n"
    "grpc_c/v1/options.proto. For files of others, parameters say it instead, each as\n"
    "--grpc-c_opt=...:\n"
    "\n"
    "    access=[PATTERN:]public              also roles=a|b, scope=x\n"
    "    dispatch=PATTERN:poller              handlers that never block (or worker)\n"
    "    prefix=PATTERN:NAME                  short C names, as (c_prefix) does\n"
    "    extern=PATTERN                       imports whose code is generated elsewhere\n"
    "\n"
    "A PATTERN is a full name (of a method, service or file) or its beginning and `*`.\n"
    "\n"
    "Options: --help, --version\n";

static int run_by_hand(int argc, char **argv);
static bool read_all(int fd, size_t max_bytes, struct arena *arena, uint8_t **ret_bytes,
                     size_t *ret_len);
static bool write_all(int fd, const uint8_t *bytes, size_t len);
static int run_plugin(struct arena *arena);
static int fail(const char *what);

int main(int argc, char **argv) {
    if (argc > 1 || isatty(STDIN_FILENO))
        return run_by_hand(argc, argv);
    struct arena arena;
    arena_init(&arena, memory_max_bytes);
    int outcome = run_plugin(&arena);
    arena_done(&arena);
    return outcome;
}

static int run_by_hand(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts("protoc-gen-grpc-c " GRPC_C_VERSION);
        return EXIT_SUCCESS;
    }
    bool asked = argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
    if (argc > 1 && !asked)
        fprintf(stderr, "protoc-gen-grpc-c: unknown argument %s\n\n", argv[1]);
    fputs(help, asked ? stdout : stderr);
    return asked ? EXIT_SUCCESS : EXIT_USAGE;
}

static int run_plugin(struct arena *arena) {
    uint8_t *bytes = NULL;
    size_t len = 0;
    if (!read_all(STDIN_FILENO, request_max_bytes, arena, &bytes, &len))
        return fail("the request cannot be read, or is larger than 64 MiB");
    ProtobufCAllocator allocator = memory_allocator(arena);
    const plugin_request *request =
        google__protobuf__compiler__code_generator_request__unpack(&allocator, len, bytes);
    if (request == NULL)
        return fail("standard input is not a CodeGeneratorRequest; protoc runs this program, "
                    "see --help");
    const plugin_response *response = plugin_run(request, arena);
    size_t out_len = google__protobuf__compiler__code_generator_response__get_packed_size(response);
    uint8_t *out = memory_new(arena, out_len, 1);
    google__protobuf__compiler__code_generator_response__pack(response, out);
    if (!write_all(STDOUT_FILENO, out, out_len))
        return fail("the response cannot be written");
    return EXIT_SUCCESS;
}

static bool read_all(int fd, size_t max_bytes, struct arena *arena, uint8_t **ret_bytes,
                     size_t *ret_len) {
    size_t capacity = 1 << 16;
    size_t len = 0;
    uint8_t *bytes = memory_new(arena, capacity, 1);
    for (;;) {
        if (len == capacity) {
            if (capacity >= max_bytes)
                return false;
            uint8_t *more = memory_new(arena, 2 * capacity, 1);
            memcpy(more, bytes, len);
            bytes = more;
            capacity *= 2;
        }
        ssize_t n = read(fd, bytes + len, capacity - len);
        if (n < 0 && errno != EINTR)
            return false;
        if (n == 0)
            break;
        len += n < 0 ? 0 : (size_t)n;
    }
    *ret_bytes = bytes;
    *ret_len = len;
    return true;
}

static bool write_all(int fd, const uint8_t *bytes, size_t len) {
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno != EINTR)
            return false;
        size_t written = n < 0 ? 0 : (size_t)n;
        bytes += written;
        len -= written;
    }
    return true;
}

static int fail(const char *what) {
    fprintf(stderr, "protoc-gen-grpc-c: %s\n", what);
    return EXIT_FAILURE;
}
