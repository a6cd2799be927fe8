/* UTF-8, JSON strings, base64, numbers and UUIDs, from any bytes. */
#include "base/str.h"
#include "base/uuid.h"
#include "fuzz/fuzz_check.h"

#include <jansson.h>
#include <string.h>

/* What is escaped parses as a JSON string, and valid text comes back as it was. */
static void check_json(const char *text, size_t len) {
    struct str json;
    str_init(&json);
    str_append_char(&json, '"');
    FUZZ_CHECK(str_append_json(&json, text, len));
    str_append_char(&json, '"');
    FUZZ_CHECK(utf8_is_valid(json.bytes, json.len_bytes));
    json_t *parsed = json_loadb(json.bytes, json.len_bytes, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    FUZZ_CHECK(parsed);
    if (utf8_is_valid(text, len)) {
        FUZZ_CHECK(json_string_length(parsed) == len);
        FUZZ_CHECK(memcmp(json_string_value(parsed), text, len) == 0);
    }
    json_decref(parsed);
    str_done(&json);
}

/* Decoding code point by code point agrees with the check of the whole, and encoding undoes it. */
static void check_utf8(const char *text, size_t len) {
    size_t at = 0, count = 0;
    while (at < len) {
        uint32_t code_point = 0;
        char again[4];
        size_t step = utf8_decode(text + at, len - at, &code_point);
        if (step == 0)
            break;
        FUZZ_CHECK(utf8_encode(code_point, again) == step);
        FUZZ_CHECK(memcmp(again, text + at, step) == 0);
        at += step;
        count++;
    }
    FUZZ_CHECK(utf8_is_valid(text, len) == (at == len));
    if (at == len)
        FUZZ_CHECK(utf8_length(text, len) == count);
}

static void check_base64(const char *bytes, size_t len, bool url) {
    size_t capacity = len / 4 * 3 + 3, decoded_len = 0;
    char *decoded = malloc(capacity);
    struct str text;
    FUZZ_CHECK(decoded);
    str_init(&text);
    if (base64_decode(bytes, len, url, decoded, capacity, &decoded_len)) {
        /* Strict: but for the padding there is one text for these bytes. */
        FUZZ_CHECK(base64_encode(&text, decoded, decoded_len, url));
        size_t same = text.len_bytes < len ? text.len_bytes : len;
        FUZZ_CHECK(memcmp(text.bytes, bytes, same) == 0);
    }
    str_clear(&text);
    FUZZ_CHECK(base64_encode(&text, bytes, len, url));
    free(decoded);
    decoded = malloc(len ? len : 1);
    FUZZ_CHECK(decoded);
    FUZZ_CHECK(base64_decode(text.bytes, text.len_bytes, url, decoded, len, &decoded_len));
    FUZZ_CHECK(decoded_len == len && memcmp(decoded, bytes, len) == 0);
    str_done(&text);
    free(decoded);
}

static void check_numbers(const char *bytes, size_t len) {
    char *text = calloc(1, len + 1);
    int64_t number;
    uint64_t unsigned_number;
    FUZZ_CHECK(text);
    memcpy(text, bytes, len);
    if (parse_int64(text, &number) && number >= 0) {
        FUZZ_CHECK(text[0] == '-' || parse_uint64(text, &unsigned_number));
        FUZZ_CHECK(text[0] == '-' || unsigned_number == (uint64_t)number);
    }
    free(text);
}

static void check_uuid(const char *text, size_t len) {
    struct uuid uuid, again;
    char formatted[UUID_TEXT_BYTES];
    if (!uuid_parse(text, len, &uuid))
        return;
    uuid_format(&uuid, formatted);
    FUZZ_CHECK(strncasecmp(formatted, text, len) == 0);
    FUZZ_CHECK(uuid_parse(formatted, strlen(formatted), &again));
    FUZZ_CHECK(memcmp(&uuid, &again, sizeof uuid) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *text = (const char *)data;
    check_utf8(text, size);
    check_json(text, size);
    check_base64(text, size, false);
    check_base64(text, size, true);
    check_numbers(text, size);
    check_uuid(text, size);
    return 0;
}
