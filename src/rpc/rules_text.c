#include <stdint.h>
#include <string.h>

#include "base/str.h"
#include "rpc/rules_internal.h"

enum code_point {
    LINE_SEPARATOR = 0x2028,
    PARAGRAPH_SEPARATOR = 0x2029,
    LEFT_TO_RIGHT_EMBEDDING = 0x202a,
    RIGHT_TO_LEFT_EMBEDDING = 0x202b,
    POP_DIRECTIONAL_FORMATTING = 0x202c,
    LEFT_TO_RIGHT_OVERRIDE = 0x202d,
    RIGHT_TO_LEFT_OVERRIDE = 0x202e,
    LEFT_TO_RIGHT_ISOLATE = 0x2066,
    RIGHT_TO_LEFT_ISOLATE = 0x2067,
    FIRST_STRONG_ISOLATE = 0x2068,
    POP_DIRECTIONAL_ISOLATE = 0x2069,
};

/* Open embeddings (0) and isolates (1), the innermost in the lowest bit. Nobody needs so many. */
struct nesting {
    uint32_t kinds;
    unsigned depth;
};

enum { MAX_NESTING = 32 };

static bool open_one(struct nesting *nesting, bool isolate) {
    if (nesting->depth == MAX_NESTING)
        return false;
    nesting->kinds = nesting->kinds << 1 | isolate;
    nesting->depth++;
    return true;
}

static bool close_one(struct nesting *nesting, bool isolate) {
    if (nesting->depth == 0 || (nesting->kinds & 1) != isolate)
        return false;
    nesting->kinds >>= 1;
    nesting->depth--;
    return true;
}

static bool is_plain(struct nesting *nesting, uint32_t c, bool multiline) {
    switch (c) {
    case '\n':
    case PARAGRAPH_SEPARATOR:
        return multiline && nesting->depth == 0;
    case '\t':
    case LINE_SEPARATOR:
        return multiline;
    case LEFT_TO_RIGHT_EMBEDDING:
    case RIGHT_TO_LEFT_EMBEDDING:
        return open_one(nesting, false);
    case LEFT_TO_RIGHT_ISOLATE:
    case RIGHT_TO_LEFT_ISOLATE:
    case FIRST_STRONG_ISOLATE:
        return open_one(nesting, true);
    case POP_DIRECTIONAL_FORMATTING:
        return close_one(nesting, false);
    case POP_DIRECTIONAL_ISOLATE:
        return close_one(nesting, true);
    case LEFT_TO_RIGHT_OVERRIDE:
    case RIGHT_TO_LEFT_OVERRIDE:
        return false;
    default: /* C0, DEL and C1 */
        return c >= 0x20 && (c < 0x7f || c > 0x9f);
    }
}

bool rules_text_is_plain(const char *text, bool multiline) {
    struct nesting nesting = {0};
    size_t left = strlen(text);
    while (left > 0) {
        uint32_t c;
        size_t taken = utf8_decode(text, left, &c);
        if (taken == 0 || !is_plain(&nesting, c, multiline))
            return false;
        text += taken;
        left -= taken;
    }
    return nesting.depth == 0;
}
