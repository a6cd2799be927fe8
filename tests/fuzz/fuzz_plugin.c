/* Arbitrary bytes as the request of protoc: the plugin answers, with files or with an error. */
#include <string.h>

#include "codegen/memory.h"
#include "codegen/plugin.h"
#include "fuzz/fuzz_check.h"

/* Larger input could overflow the stack inside protobuf-c, which unpacks without a limit of depth.
 */
enum { ROOM_BYTES = 256 << 20, LARGEST = 16 << 10 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > LARGEST)
        return 0;
    struct arena arena;
    arena_init(&arena, ROOM_BYTES);
    ProtobufCAllocator allocator = memory_allocator(&arena);
    const plugin_request *request =
        google__protobuf__compiler__code_generator_request__unpack(&allocator, size, data);
    if (request != NULL) {
        const plugin_response *response = plugin_run(request, &arena);
        FUZZ_CHECK(response->error == NULL || response->n_file == 0);
        FUZZ_CHECK(response->error != NULL || response->n_file % 2 == 0);
        for (size_t i = 0; i < response->n_file; i++)
            FUZZ_CHECK(strstr(response->file[i]->content, "Do not edit.") != NULL);
    }
    arena_done(&arena);
    return 0;
}
