/* Page tokens: no text but our own is one; and every position comes back. */
#include "domain/page_token.h"
#include "fuzz/fuzz_check.h"

#include <string.h>

static const uint8_t key[DOMAIN_PAGE_KEY_BYTES] = "a secret of 32 bytes, or nearly";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct domain_page_scope scope = {
        .key = key, .list = "list", .tenant = "tenant", .filter = data, .filter_len = size};
    struct domain_page_position in = {0}, out = {0};
    char token[DOMAIN_PAGE_TOKEN_BYTES];
    char *text = malloc(size + 1);
    FUZZ_CHECK(text);
    memcpy(text, data, size);
    text[size] = '\0';
    FUZZ_CHECK(!status_is_ok(domain_page_token_read(&scope, text, &out)));

    memcpy(&in, data, size < sizeof in ? size : sizeof in);
    FUZZ_CHECK(status_is_ok(domain_page_token_write(&scope, &in, token)));
    FUZZ_CHECK(status_is_ok(domain_page_token_read(&scope, token, &out)));
    FUZZ_CHECK(out.key == in.key && memcmp(out.id, in.id, sizeof in.id) == 0);
    if (size > 0) {
        scope.filter_len--;
        FUZZ_CHECK(!status_is_ok(domain_page_token_read(&scope, token, &out)));
    }
    free(text);
    return 0;
}
