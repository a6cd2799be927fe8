/*
 * What rules.c leaves to others. Private to rpc.
 */
#ifndef RPC_RULES_INTERNAL_H
#define RPC_RULES_INTERNAL_H

#include <stdbool.h>

/*
 * True for well-formed UTF-8 that is fit to be shown to others: no control characters, no
 * bidirectional overrides, every embedding and isolate closed in the paragraph that opened it, so
 * that it cannot reorder what stands around it. `multiline` keeps newline, tab and the two Unicode
 * separators.
 */
bool rules_text_is_plain(const char *text, bool multiline);

#endif
