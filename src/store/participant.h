/*
 * Participants: who is or was in the room, and what keeps them there.
 *
 * Functions that let somebody in or out keep current_participants of the conversation. What a stay
 * lasted is added to `duration_s` when it ends.
 */
#ifndef STORE_PARTICIPANT_H
#define STORE_PARTICIPANT_H

#include "base/status.h"
#include "store/types.h"

struct arena;
struct db_tx;

struct store_participant {
    struct uuid id;
    struct uuid conversation_id;
    struct store_user_summary user;
    enum domain_participant_status status;
    bool is_host;
    bool is_instructor;
    bool is_muted;
    int64_t joined_at_us; /* the first time */
    int64_t left_at_us;
    int32_t duration_s;
    int32_t speaking_s;
    int32_t message_count; /* to everybody, not deleted; by store_participant_list() alone */
    int64_t generation;
    int64_t stay_started_at_us;
    int64_t away_at_us;
    int64_t subscribe_by_us;
    int64_t removed_at_us;
    uint64_t read_through_sequence;
};

/* Where somebody takes part. */
struct store_seat {
    struct uuid conversation;
    struct uuid user;
};

struct status store_participant_find(struct db_tx *tx, struct arena *arena, const char *tenant,
                                     const struct store_seat *seat,
                                     struct store_participant *ret_participant,
                                     bool *ret_found) STATUS_MUST_USE;

/* NOT_FOUND PARTICIPANT_NOT_FOUND. */
struct status store_participant_get(struct db_tx *tx, struct arena *arena, const char *tenant,
                                    const struct store_seat *seat,
                                    struct store_participant *ret_participant) STATUS_MUST_USE;

struct store_join {
    struct uuid new_id; /* for the first time */
    struct store_seat seat;
    bool is_host;
    bool is_instructor;
    int64_t now_us;
    int64_t subscribe_by_us;
};

enum store_join_result {
    STORE_JOIN_ENTERED, /* a new stay with a new generation */
    STORE_JOIN_PRESENT, /* was there; AWAY stays AWAY until a stream is open, with new time for it
                         */
};

/* locked: PERMISSION_DENIED PARTICIPANT_REMOVED. */
struct status store_participant_join(struct db_tx *tx, struct arena *arena, const char *tenant,
                                     const struct store_join *join,
                                     struct store_participant *ret_participant,
                                     enum store_join_result *ret_result) STATUS_MUST_USE;

/* locked: Ends the stay. `generation` 0: whichever; another than the current changes nothing.
 * *ret_changed tells. NOT_FOUND PARTICIPANT_NOT_FOUND. */
struct status store_participant_leave(struct db_tx *tx, const char *tenant,
                                      const struct store_seat *seat, int64_t generation,
                                      int64_t now_us, bool *ret_changed) STATUS_MUST_USE;

/* locked: JOINED becomes AWAY, or AWAY becomes JOINED; *ret_changed tells. */
struct status store_participant_away(struct db_tx *tx, const char *tenant,
                                     const struct store_seat *seat, int64_t now_us,
                                     bool *ret_changed) STATUS_MUST_USE;
struct status store_participant_back(struct db_tx *tx, const char *tenant,
                                     const struct store_seat *seat, int64_t now_us,
                                     bool *ret_changed) STATUS_MUST_USE;

/* locked: NOT_FOUND PARTICIPANT_NOT_FOUND. *ret_changed is false when it was so already. */
struct status store_participant_mute(struct db_tx *tx, const char *tenant,
                                     const struct store_seat *seat, bool muted, int64_t now_us,
                                     bool *ret_changed) STATUS_MUST_USE;

/* locked: For good. `by` NULL: the server. Otherwise as mute. */
struct status store_participant_remove(struct db_tx *tx, const char *tenant,
                                       const struct store_seat *seat, const struct uuid *by,
                                       int64_t now_us, bool *ret_changed) STATUS_MUST_USE;

/* locked: The session is over: everybody's stay ends, and the message counts are written down. */
struct status store_participant_leave_all(struct db_tx *tx, const char *tenant,
                                          const struct uuid *conversation,
                                          int64_t now_us) STATUS_MUST_USE;

/* Whether host or instructor is in the room, or was after the start: who came early and left again
 * was not there. */
struct status store_participant_leader_was_present(struct db_tx *tx, const char *tenant,
                                                   const struct uuid *conversation,
                                                   bool *ret_present) STATUS_MUST_USE;

struct store_participant_list {
    struct store_participant *items;
    size_t count;
    bool has_more;
    int64_t last_key; /* with the id of the last item: for store_page */
};

/* Those in the room first, then by the time of joining. `statuses`: STORE_BIT(...), 0: all. */
struct status store_participant_list(struct db_tx *tx, struct arena *arena, const char *tenant,
                                     const struct uuid *conversation, unsigned statuses,
                                     const struct store_page *page,
                                     struct store_participant_list *ret_list) STATUS_MUST_USE;

enum { STORE_PARTICIPANT_USERS_MAX = 500 };

/* Who takes or took part, the removed left out, in order of the id after `after` (NULL: from the
 * start), at most STORE_PARTICIPANT_USERS_MAX. */
struct status store_participant_users(struct db_tx *tx, struct arena *arena, const char *tenant,
                                      const struct uuid *conversation, const struct uuid *after,
                                      struct uuid **ret_users, size_t *ret_count) STATUS_MUST_USE;

/* Adds an interval of speaking that has ended. */
struct status store_participant_spoke(struct db_tx *tx, const char *tenant,
                                      const struct store_seat *seat,
                                      int32_t seconds) STATUS_MUST_USE;

/*
 * Moves the read position forward, never beyond the head of the log and never back; marks private
 * messages to the user up to there as read. *ret_through is where it is now, *ret_changed whether
 * it moved. NOT_FOUND PARTICIPANT_NOT_FOUND.
 */
struct status store_participant_mark_read(struct db_tx *tx, const char *tenant,
                                          const struct store_seat *seat, uint64_t through,
                                          uint64_t *ret_through, bool *ret_changed) STATUS_MUST_USE;

/* ---- streams: what keeps a participant in the room over all nodes ---- */

struct store_node {
    const char *id;
    uint64_t incarnation; /* another with every start */
};

/* locked: The first stream of a user on this node. Clears subscribe_by; call
 * store_participant_back() too. */
struct status store_stream_open(struct db_tx *tx, const char *tenant, const struct store_seat *seat,
                                const struct store_node *node) STATUS_MUST_USE;

/* locked: The last stream of a user on this node has ended. *ret_left: nodes that still have one.
 */
struct status store_stream_close(struct db_tx *tx, const char *tenant,
                                 const struct store_seat *seat, const struct store_node *node,
                                 int32_t *ret_left) STATUS_MUST_USE;

/* Renews this node's lease. FAILED_PRECONDITION when a newer incarnation of it has started. */
struct status store_node_renew(struct db_tx *tx, const struct store_node *node, int64_t now_us,
                               int64_t expires_at_us) STATUS_MUST_USE;

/* Gives the lease up at shutdown. */
struct status store_node_release(struct db_tx *tx, const struct store_node *node) STATUS_MUST_USE;

enum store_absence {
    STORE_ABSENCE_STREAMLESS, /* JOINED, and no stream came by subscribe_by: becomes AWAY */
    STORE_ABSENCE_ORPHANED,   /* has streams of a node that is dead or was restarted: becomes AWAY
                                 when no other is left */
    STORE_ABSENCE_GONE,       /* AWAY since before `away_before_us`: becomes LEFT */
};

struct store_absence_query {
    enum store_absence absence;
    int64_t now_us;
    int64_t away_before_us; /* GONE */
};

/* Who may be absent: a place in the order of them, too. */
struct store_absent {
    const char *tenant;
    struct store_seat seat;
    int64_t since_us;
    struct uuid id; /* of the participant */
};

/* Over all tenants, the longest absent first, at most `limit` after `after` (NULL: from the start).
 * Nothing is locked. */
struct status store_participant_find_absent(struct db_tx *tx, struct arena *arena,
                                            const struct store_absence_query *query,
                                            const struct store_absent *after, int32_t limit,
                                            struct store_absent **ret_items,
                                            size_t *ret_count) STATUS_MUST_USE;

struct store_absence_claim {
    bool is_claimed; /* false: somebody else has the lock, or it is not so any more */
    int64_t generation;
    int32_t streams_left; /* on other nodes */
};

/* Locks the conversation unless somebody else has, and looks again. ORPHANED: the rows of dead
 * nodes are deleted, so that what follows belongs into the same transaction. */
struct status store_participant_claim_absent(struct db_tx *tx,
                                             const struct store_absence_query *query,
                                             const struct store_absent *item,
                                             struct store_absence_claim *ret_claim) STATUS_MUST_USE;

#endif
