/*
 * Times as people write and read them.
 */
#ifndef CLIENTS_CLI_WHEN_H
#define CLIENTS_CLI_WHEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "google/protobuf/timestamp.pb-c.h"

enum { WHEN_RFC3339_BYTES = 40 };

/*
 * Reads "now", "in 30m", "in 1h30m" (s, m, h, d, w), RFC 3339 ("2026-11-25T18:00:00Z",
 * "...+09:00"), "2026-11-25 18:00" or "2026-11-25" in the zone of this machine. False when it is
 * none of them.
 */
bool when_parse(const char *text, int64_t now_s, int64_t *ret_time_s);
/* "45m", "1h30m", "2d". False when it is none, or negative. */
bool when_parse_duration(const char *text, int64_t *ret_seconds);

/* A new message in the arena; NULL without memory. */
Google__Protobuf__Timestamp *when_message(struct arena *arena, int64_t time_s);

void when_format_rfc3339(const Google__Protobuf__Timestamp *time, char text[WHEN_RFC3339_BYTES]);
/* "2026-11-25 18:00" in the zone of this machine; "-" for NULL. In the arena, never NULL. */
const char *when_format(struct arena *arena, const Google__Protobuf__Timestamp *time);
/* "18:00:07" */
const char *when_format_clock(struct arena *arena, const Google__Protobuf__Timestamp *time);
/* "in 5 min", "3 h ago", "now". */
const char *when_format_distance(struct arena *arena, const Google__Protobuf__Timestamp *time,
                                 int64_t now_s);

#endif
