#include <limits.h>
#include <string.h>

#include <zlib.h>

#include "rpc/codec.h"
#include "rpc/details.h"

/*
 * Two passes: the first inflates into a scratch buffer and only counts, so that a bomb allocates
 * nothing from the arena; the second fills a block of exactly the counted size. What fits the
 * scratch buffer, as most messages do, is copied and needs no second pass.
 */
enum { SCRATCH_BYTES = 16 * 1024 };

static struct status corrupt(void) {
    return status_error(STATUS_INTERNAL, RPC_REASON_UNDECODABLE, "compressed data is corrupt");
}

static struct status too_large(void) {
    return status_error(STATUS_RESOURCE_EXHAUSTED, RPC_REASON_MESSAGE_TOO_LARGE,
                        "the message is too large when inflated");
}

/* Inflates all into `scratch`, over and over; the last round stays there. */
static struct status count_output(z_stream *stream, size_t max_bytes, uint8_t *scratch,
                                  size_t *ret_len) {
    size_t len = 0;
    for (;;) {
        stream->next_out = scratch;
        stream->avail_out = SCRATCH_BYTES;
        int outcome = inflate(stream, Z_NO_FLUSH);
        len += SCRATCH_BYTES - stream->avail_out;
        if (len > max_bytes)
            return too_large();
        if (outcome == Z_STREAM_END)
            break;
        if (outcome == Z_MEM_ERROR)
            return too_large();
        /* With all input given and room for output, anything but progress is a broken stream. */
        if (outcome != Z_OK || stream->avail_out != 0)
            return corrupt();
    }
    if (stream->avail_in != 0)
        return corrupt();
    *ret_len = len;
    return status_ok();
}

static struct status inflate_again(z_stream *stream, const uint8_t *bytes, size_t len_bytes,
                                   uint8_t *out, size_t out_len) {
    stream->next_in = (Bytef *)bytes;
    stream->avail_in = (uInt)len_bytes;
    stream->next_out = out;
    stream->avail_out = (uInt)out_len;
    if (inflateReset(stream) != Z_OK || inflate(stream, Z_FINISH) != Z_STREAM_END ||
        stream->avail_out != 0)
        return corrupt();
    return status_ok();
}

static struct status inflate_stream(z_stream *stream, const uint8_t *bytes, size_t len_bytes,
                                    size_t max_bytes, struct arena *arena, uint8_t **ret_bytes,
                                    size_t *ret_len) {
    uint8_t scratch[SCRATCH_BYTES];
    size_t len;
    TRY(count_output(stream, max_bytes, scratch, &len));
    uint8_t *out = arena_alloc_raw(arena, len);
    if (out == NULL)
        return too_large();
    if (len <= SCRATCH_BYTES) {
        memcpy(out, scratch, len);
    } else {
        TRY(inflate_again(stream, bytes, len_bytes, out, len));
    }
    *ret_bytes = out;
    *ret_len = len;
    return status_ok();
}

struct status rpc_codec_inflate(enum rpc_encoding encoding, const uint8_t *bytes, size_t len_bytes,
                                size_t max_bytes, struct arena *arena, uint8_t **ret_bytes,
                                size_t *ret_len) {
    if (len_bytes == 0)
        return corrupt();
    if (len_bytes > UINT_MAX)
        return too_large();
    if (max_bytes > UINT_MAX)
        max_bytes = UINT_MAX;
    z_stream stream;
    memset(&stream, 0, sizeof(stream));
    stream.next_in = (Bytef *)bytes;
    stream.avail_in = (uInt)len_bytes;
    /* gRPC's "deflate" is the zlib format. */
    int window_bits = encoding == RPC_ENCODING_GZIP ? 16 + MAX_WBITS : MAX_WBITS;
    if (inflateInit2(&stream, window_bits) != Z_OK)
        return too_large();
    struct status status =
        inflate_stream(&stream, bytes, len_bytes, max_bytes, arena, ret_bytes, ret_len);
    (void)inflateEnd(&stream);
    return status;
}
