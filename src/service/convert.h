/*
 * Between the store's structs and the contract's messages.
 *
 * Messages are made in an arena; texts of the structs are pointed to, not copied, so they must live
 * as long. A converter remembers that there was no room: functions then return NULL, and
 * convert_status() says so once, at the end.
 *
 *     struct convert c = convert_into(arena);
 *     ret_response->conversation = convert_conversation(&c, &view.conversation, settings);
 *     return convert_status(&c);
 *
 * Thread-safety: as the arena.
 */
#ifndef SERVICE_CONVERT_H
#define SERVICE_CONVERT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "base/uuid.h"
#include "domain/booking.h"
#include "domain/settings.h"
#include "google/protobuf/timestamp.pb-c.h"
#include "liveconv/v1/booking.grpc-c.h"
#include "liveconv/v1/conversation.grpc-c.h"
#include "liveconv/v1/participant.grpc-c.h"
#include "liveconv/v1/types.grpc-c.h"
#include "liveconv/v1/user.grpc-c.h"
#include "store/booking.h"
#include "store/conversation.h"
#include "store/user.h"

struct service_caller;

struct convert {
    struct arena *arena;
    bool failed;
};

static inline struct convert convert_into(struct arena *arena) {
    return (struct convert){.arena = arena, .failed = false};
}
/* RESOURCE_EXHAUSTED when something did not fit. */
struct status convert_status(const struct convert *c) STATUS_MUST_USE;

/* Zeroed memory; a pointer table for repeated fields; NULL and failed without room. */
void *convert_alloc(struct convert *c, size_t size_bytes);
void *convert_list(struct convert *c, size_t count); /* of pointers; NULL for 0 */

char *convert_uuid(struct convert *c, const struct uuid *id);
char *convert_text(const char *text); /* not copied; "" for NULL */
/* NULL for 0; cut to milliseconds. */
Google__Protobuf__Timestamp *convert_time(struct convert *c, int64_t time_us);
/* RFC 3339 in UTC, for error metadata. */
char *convert_rfc3339(struct convert *c, int64_t time_us);
/* NULL for an amount of 0. */
lc_money *convert_money(struct convert *c, const struct store_money *money);
lc_user_summary *convert_summary(struct convert *c, const struct store_user_summary *user);
/* Of enum domain_role bits: *ret_roles is a list of the returned length. */
size_t convert_roles(struct convert *c, unsigned roles, lc_role **ret_roles);
unsigned convert_role_bits(const lc_role *roles, size_t count);
lc_user *convert_user(struct convert *c, const struct store_user *user);

lc_conversation *convert_conversation(struct convert *c, const struct store_conversation *from,
                                      const struct domain_settings *settings);
/* The same without its learning material: as lists, watchers and inboxes have it. */
lc_conversation *convert_listed(struct convert *c, const struct store_conversation *from,
                                const struct domain_settings *settings);
/* What `caller` has to do with it; the invite code for those who may see it. */
lc_conversation_viewer *convert_viewer(struct convert *c, const struct service_caller *caller,
                                       const struct store_conversation_view *view);
/* As lists have it. */
lc_conversation_view *convert_view(struct convert *c, const struct service_caller *caller,
                                   const struct store_conversation_view *view);
lc_conversation_counts *convert_counts(struct convert *c, const struct store_conversation *from);

lc_cancellation_policy *convert_policy(struct convert *c, const struct domain_cancel_policy *policy,
                                       bool free_cancellation);
/* `with_money` false hides amounts and payment: what the host sees. */
lc_booking *convert_booking(struct convert *c, const struct store_booking *from, bool with_money);
/* As lists have it. */
lc_booking_view *convert_booking_view(struct convert *c, const struct store_booking *booking,
                                      const struct store_conversation *conversation,
                                      const struct domain_settings *settings, bool with_money);

/* ---- the other way ---- */

/* 9999-12-31T23:59:59.999: the last moment that the database and RFC 3339 can say. */
#define CONVERT_LAST_TIME_US (INT64_C(253402300799999) * 1000)

/* Microseconds of a Timestamp cut to milliseconds; 0 for NULL. Kept between 1970 and 9999. */
int64_t convert_time_us(const Google__Protobuf__Timestamp *time);
/* A field that the contract's rules hold to be a UUID: false when empty. */
bool convert_id(const char *text, struct uuid *ret_id);
bool convert_same_id(const struct uuid *a, const struct uuid *b);
/* The etag of a version, and back: false for what is none. */
char *convert_etag(struct convert *c, uint64_t version);
bool convert_version(const char *etag, uint64_t *ret_version);
/* As the store wants it, in the arena. */
struct store_material convert_material(struct convert *c, const lc_learning_material *from);

#endif
