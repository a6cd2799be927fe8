/* Arbitrary bytes as grpc-status-details-bin: what can be read survives another round. */
#include <string.h>

#include "fuzz/fuzz_check.h"
#include "rpc/details.h"

enum { BUDGET_BYTES = 16 << 20 };

static void compare(const struct rpc_details *a, const struct rpc_details *b) {
    FUZZ_CHECK(b->violation_count <= a->violation_count);
    for (size_t i = 0; i < b->violation_count; i++)
        FUZZ_CHECK(strcmp(a->violations[i].field, b->violations[i].field) == 0);
    FUZZ_CHECK(b->metadata_count <= a->metadata_count);
    FUZZ_CHECK(b->quota_violation_count <= a->quota_violation_count);
    FUZZ_CHECK(a->retry_after_ms == b->retry_after_ms);
    FUZZ_CHECK((a->reason == NULL) == (b->reason == NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena arena;
    arena_init(&arena, BUDGET_BYTES);
    struct rpc_details details;
    struct status status = rpc_details_decode(data, size, &arena, &details);
    if (status_is_ok(status)) {
        uint8_t *packed = NULL;
        size_t packed_len = 0;
        status = rpc_details_encode(&details, STATUS_INTERNAL, "m", &arena, &packed, &packed_len);
        FUZZ_CHECK(status_is_ok(status));
        FUZZ_CHECK(packed_len <= RPC_DETAILS_MAX_BYTES);
        struct rpc_details again;
        if (packed_len > 0) {
            status = rpc_details_decode(packed, packed_len, &arena, &again);
            FUZZ_CHECK(status_is_ok(status));
            compare(&details, &again);
        }
    }
    arena_done(&arena);
    return 0;
}
