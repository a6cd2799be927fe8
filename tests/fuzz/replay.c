/*
 * Feeds a fuzz target the files it is given, directories being all their files, without libFuzzer:
 * each as it is, each of its beginnings, and with each byte changed, as far as that is quick.
 */
#include "fuzz/fuzz_check.h"

#include <ftw.h>
#include <string.h>

enum { FILE_MAX_BYTES = 1 << 20, VARIED_MAX_BYTES = 512, OPEN_DIRECTORIES = 4 };

static size_t inputs;

/* On a copy of exactly this size, so that AddressSanitizer sees a byte read too far. */
static void feed(const uint8_t *bytes, size_t len) {
    uint8_t *copy = malloc(len ? len : 1);
    FUZZ_CHECK(copy);
    memcpy(copy, bytes, len);
    LLVMFuzzerTestOneInput(copy, len);
    free(copy);
    inputs++;
}

static void feed_variants(uint8_t *bytes, size_t len) {
    static const uint8_t flips[] = {0x01, 0x20, 0x80, 0xFF};
    feed(bytes, len);
    size_t varied = len < VARIED_MAX_BYTES ? len : VARIED_MAX_BYTES;
    for (size_t i = 0; i < varied; i++) {
        feed(bytes, i);
        for (size_t k = 0; k < sizeof flips; k++) {
            bytes[i] ^= flips[k];
            feed(bytes, len);
            bytes[i] ^= flips[k];
        }
    }
}

static void replay_file(const char *path) {
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = malloc(FILE_MAX_BYTES);
    FUZZ_CHECK(file && bytes);
    feed_variants(bytes, fread(bytes, 1, FILE_MAX_BYTES, file));
    free(bytes);
    fclose(file);
}

static int replay_entry(const char *path, const struct stat *about, int kind, struct FTW *where) {
    (void)about, (void)where;
    if (kind == FTW_F)
        replay_file(path);
    return 0;
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++)
        /* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread */
        FUZZ_CHECK(nftw(argv[i], replay_entry, OPEN_DIRECTORIES, 0) == 0);
    printf("%zu inputs\n", inputs);
    return inputs > 0 ? 0 : 1;
}
