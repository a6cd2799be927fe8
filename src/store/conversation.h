/*
 * Conversations: the row that is a session, a counter of seats, a lock and an event topic at once.
 */
#ifndef STORE_CONVERSATION_H
#define STORE_CONVERSATION_H

#include "base/status.h"
#include "domain/search.h"
#include "store/event.h"
#include "store/types.h"

struct arena;
struct db_tx;

struct store_vocabulary {
    const char *term;
    const char *translation;
    const char *note;
};

/* Texts are never NULL in results; NULL counts as "" in inputs. */
struct store_material {
    const struct store_vocabulary *vocabulary;
    size_t vocabulary_count;
    const char *const *grammar_points;
    size_t grammar_point_count;
    const char *const *prompts;
    size_t prompt_count;
    const char *cultural_notes;
};

struct store_conversation {
    struct uuid id;
    const char *title;
    const char *description;
    const char *language; /* canonical */
    enum domain_type type;
    enum domain_level level;
    int64_t start_us;
    int64_t end_us;
    const char *time_zone;
    int32_t max_participants;
    int32_t current_participants;
    int32_t seats_taken;
    int32_t waiting;
    struct store_money price; /* amount 0: free */
    const char *invite_code;  /* "" when there is none */
    enum domain_visibility visibility;
    enum domain_status status;
    struct store_user_summary host;
    bool has_instructor;
    struct store_user_summary instructor;
    const char *topic;
    struct store_material material;
    int64_t actual_start_us;
    int64_t actual_end_us;
    int64_t cancelled_at_us;
    enum domain_cancel_reason cancel_reason;
    bool is_locked;
    const char *cancel_note;
    uint64_t version; /* the etag */
    int64_t created_at_us;
    int64_t updated_at_us;
    struct store_topic log; /* where its event log stands */
};

/* What the viewer has to do with it. All zero without a viewer. */
struct store_viewer {
    bool is_invited; /* by name */
    bool has_booking;
    struct uuid booking_id;
    enum domain_booking_state booking;
    enum domain_payment_state payment;
    int64_t offer_expires_at_us;
    enum domain_participant_status participant; /* UNSPECIFIED: never joined */
    uint64_t read_through_sequence;
    int32_t unread_count; /* at most 100; 0 to those who never took part */
};

struct store_conversation_view {
    struct store_conversation conversation;
    struct store_viewer viewer;
    int64_t key; /* of the list's order: for store_page.after_key, with conversation.id */
};

/*
 * Writes a new conversation with its search terms, in state SCHEDULED, version 1. Of `conversation`
 * count: id, what a draft has, host.id, instructor.id, invite_code, created_at_us.
 * FAILED_PRECONDITION USER_NOT_FOUND when host or instructor is not known. *ret_log is its topic,
 * locked by this transaction, for the first event.
 */
struct status store_conversation_insert(struct db_tx *tx, const char *tenant,
                                        const struct store_conversation *conversation,
                                        struct store_topic *ret_log) STATUS_MUST_USE;

/* `viewer` may be NULL. NOT_FOUND CONVERSATION_NOT_FOUND; visibility is for the caller to judge. */
struct status store_conversation_get(struct db_tx *tx, struct arena *arena, const char *tenant,
                                     const struct uuid *id, const struct uuid *viewer,
                                     struct store_conversation_view *ret_view) STATUS_MUST_USE;

/* The same without its learning material. */
struct status
store_conversation_get_listed(struct db_tx *tx, struct arena *arena, const char *tenant,
                              const struct uuid *id, const struct uuid *viewer,
                              struct store_conversation_view *ret_view) STATUS_MUST_USE;

/* Locks the row, then reads it. Every change of membership, seats, mute or status begins here. */
struct status store_conversation_lock(struct db_tx *tx, struct arena *arena, const char *tenant,
                                      const struct uuid *id, const struct uuid *viewer,
                                      struct store_conversation_view *ret_view) STATUS_MUST_USE;

/*
 * Locks the row and reads what decides who may be there and is told when somebody comes or goes:
 * status, visibility, times, type, seats and counts, the ids of host and instructor, is_locked,
 * log; all of the viewer but what is unread. The other texts are "", the other numbers 0: what a
 * room costs must not depend on how much was written about it.
 */
struct status
store_conversation_lock_room(struct db_tx *tx, struct arena *arena, const char *tenant,
                             const struct uuid *id, const struct uuid *viewer,
                             struct store_conversation_view *ret_view) STATUS_MUST_USE;

/* As store_conversation_lock() unless somebody else holds the lock: then *ret_locked is false and
 * nothing is read. */
struct status store_conversation_try_lock(struct db_tx *tx, struct arena *arena, const char *tenant,
                                          const struct uuid *id, const struct uuid *viewer,
                                          bool *ret_locked,
                                          struct store_conversation_view *ret_view) STATUS_MUST_USE;

/* NOT_FOUND CONVERSATION_NOT_FOUND. */
struct status store_conversation_find_by_code(struct db_tx *tx, const char *tenant,
                                              const char *invite_code,
                                              struct uuid *ret_id) STATUS_MUST_USE;

/*
 * locked: Writes everything a draft has, instructor.id and invite_code; new search terms; the start
 * of its bookings when that moved. `expected_version` 0: whatever it is. ABORTED ETAG_MISMATCH,
 * FAILED_PRECONDITION USER_NOT_FOUND (instructor). *ret_version is the new one.
 */
struct status store_conversation_update(struct db_tx *tx, const char *tenant,
                                        const struct store_conversation *conversation,
                                        uint64_t expected_version, int64_t now_us,
                                        uint64_t *ret_version) STATUS_MUST_USE;

struct store_status_change {
    enum domain_status to;
    int64_t at_us;
    enum domain_cancel_reason cancel_reason; /* CANCELLED */
    const char *cancel_note;
};
/* locked: */
struct status
store_conversation_set_status(struct db_tx *tx, const char *tenant, const struct uuid *id,
                              const struct store_status_change *change) STATUS_MUST_USE;

/* locked: */
struct status store_conversation_set_locked(struct db_tx *tx, const char *tenant,
                                            const struct uuid *id, bool locked,
                                            int64_t now_us) STATUS_MUST_USE;

/* locked: Changes seats_taken and waiting by so many. FAILED_PRECONDITION when that is impossible:
 * the domain decided without the lock. */
struct status store_conversation_add_seats(struct db_tx *tx, const char *tenant,
                                           const struct uuid *id, int32_t seats,
                                           int32_t waiting) STATUS_MUST_USE;

/* ---- invitations ---- */

/* locked: Makes `users` the invited ones. *ret_added: those who were not before.
 * FAILED_PRECONDITION USER_NOT_FOUND. */
struct status store_invitation_replace(struct db_tx *tx, struct arena *arena, const char *tenant,
                                       const struct uuid *conversation, const struct uuid *users,
                                       size_t count, struct uuid **ret_added,
                                       size_t *ret_added_count) STATUS_MUST_USE;

/* In order of id, at most 200. */
struct status store_invitation_list(struct db_tx *tx, struct arena *arena, const char *tenant,
                                    const struct uuid *conversation, struct uuid **ret_users,
                                    size_t *ret_count) STATUS_MUST_USE;

/* ---- lists ---- */

enum store_pricing { STORE_PRICING_ANY, STORE_PRICING_FREE, STORE_PRICING_PAID };

/* As ConversationRelation numbers them. */
enum store_relation {
    STORE_RELATION_ANY,
    STORE_RELATION_OWN,     /* hosts, leads, has booked or took part */
    STORE_RELATION_HOSTING, /* hosts or leads */
    STORE_RELATION_BOOKED,  /* has a booking that holds a seat, or took part */
    STORE_RELATION_INVITED,
};

/* `key` of a row: start, start, creation (of the id). */
enum store_order {
    STORE_ORDER_START,
    STORE_ORDER_START_DESC,
    STORE_ORDER_NEWEST,
};

/* Who sees more than public conversations in a list. */
enum store_sight {
    STORE_SIGHT_VIEWER, /* public ones, and those the viewer hosts, leads, booked, joined or was
                           invited to; with a relation other than ANY, unlisted ones too */
    STORE_SIGHT_PUBLIC, /* public ones alone: watchers */
    STORE_SIGHT_ALL,    /* admins and services */
};

enum { STORE_FILTER_LANGUAGES_MAX = 20 };

struct store_conversation_query {
    const char *languages[STORE_FILTER_LANGUAGES_MAX]; /* canonical; any of these */
    size_t language_count;                             /* 0: all */
    unsigned levels;                                   /* STORE_BIT(enum domain_level) */
    unsigned types;
    unsigned statuses; /* 0: SCHEDULED and LIVE */
    enum store_pricing pricing;
    int64_t start_from_us;   /* 0: no bound */
    int64_t start_before_us; /* 0: no bound */
    bool has_host;
    struct uuid host_id;
    bool has_instructor;
    struct uuid instructor_id;
    bool with_seats_left;
    const struct domain_terms *search; /* NULL or without terms: everything */

    bool has_viewer;
    struct uuid viewer;
    enum store_sight sight;
    enum store_relation relation; /* other than ANY needs a viewer */
    enum store_order order;
    struct store_page page;
};

struct store_conversation_list {
    struct store_conversation_view *items;
    size_t count;
    bool has_more;
};

/* One statement, and with a search one more per term; host, instructor and the viewer's rows come
 * by joins. Without learning material. Long texts end a page early (STORE_PAGE_BYTES_MAX). */
struct status store_conversation_list(struct db_tx *tx, struct arena *arena, const char *tenant,
                                      const struct store_conversation_query *query,
                                      struct store_conversation_list *ret_list) STATUS_MUST_USE;

enum { STORE_FACET_LANGUAGES_MAX = 100, STORE_FACET_LEVELS_MAX = 6 };

struct store_language_count {
    const char *language;
    int64_t count;
};

struct store_facets {
    /* by falling count, then by tag */
    struct store_language_count languages[STORE_FACET_LANGUAGES_MAX];
    size_t language_count;
    struct {
        enum domain_level level;
        int64_t count;
    } levels[STORE_FACET_LEVELS_MAX]; /* A1 to C2, those that occur */
    size_t level_count;
};

/* Each facet is counted under everything the query asks but itself; page and order do not count. */
struct status store_conversation_facets(struct db_tx *tx, struct arena *arena, const char *tenant,
                                        const struct store_conversation_query *query,
                                        struct store_facets *ret_facets) STATUS_MUST_USE;

/* SCHEDULED and LIVE ones of a host, counted up to `limit`: for the quota. */
struct status store_conversation_count_open(struct db_tx *tx, const char *tenant,
                                            const struct uuid *host, int32_t limit,
                                            int32_t *ret_count) STATUS_MUST_USE;

/* ---- scheduled work ---- */

enum store_due {
    STORE_DUE_START,    /* free, its start has come, enough are present */
    STORE_DUE_NO_SHOW,  /* priced, no leader was there in time */
    STORE_DUE_COMPLETE, /* its end is long past */
};

struct store_due_conversation {
    const char *tenant;
    struct uuid id;
    bool leader_was_present; /* for struct domain_schedule */
};

struct store_due_query {
    enum store_due due;
    int64_t now_us;
    int32_t limit;
    const struct uuid *skipped; /* these are left out */
    size_t skipped_count;
};

/*
 * Over all tenants, by their settings: up to `limit` conversations that are due, each locked by
 * this transaction; those locked by others are left out. The caller asks domain_lifecycle_due()
 * again.
 */
struct status store_conversation_claim_due(struct db_tx *tx, struct arena *arena,
                                           const struct store_due_query *query,
                                           struct store_due_conversation **ret_items,
                                           size_t *ret_count) STATUS_MUST_USE;

#endif
