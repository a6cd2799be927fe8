/*
 * Devices that follow topics, for tests of what is live: each is a thread that keeps a stream open,
 * goes on from its positions when it was cut, checks that positions chain, and remembers what it
 * saw.
 */
#ifndef LIVE_TEST_H
#define LIVE_TEST_H

#include <pthread.h>
#include <stdatomic.h>

#include "liveconv/v1/live_service.grpc-c.h"
#include "liveconv/v1/message_service.grpc-c.h"
#include "service_test.h"

enum {
    DEVICE_ROTATIONS = 64,
    DEVICE_TOPICS = 4,
    DEVICE_SEGMENTS = 64,
    ID_BYTES = 37,
    SEEN_TEXT_BYTES = 48
};

/* An event as a device saw it, or a message of a snapshot. */
struct seen {
    size_t topic;
    uint64_t sequence;
    int kind;                   /* of lc_event */
    char id[ID_BYTES];          /* of the message, participant's user, conversation */
    char text[SEEN_TEXT_BYTES]; /* content of the message */
    int64_t opened_at_us;       /* when the stream that it came on was opened */
    unsigned segment;           /* rises with every snapshot of the topic */
};

struct seen_list {
    struct seen *items;
    size_t count;
    size_t capacity;
};

struct device_topic {
    char name[64];
    bool has_position;
    uint64_t epoch;
    uint64_t sequence;
    uint64_t segment_start; /* position of the newest snapshot */
    unsigned segment;
    uint64_t starts[DEVICE_SEGMENTS]; /* where each segment began and ended */
    uint64_t ends[DEVICE_SEGMENTS];
    int closed;            /* reason; 0: open */
    unsigned snapshots[8]; /* by reason */
};

struct device {
    struct liveconv_server *lc; /* that of the thread which started it */
    const char *device_id;
    pthread_t thread;
    bool runs;            /* the thread is to be joined */
    pthread_mutex_t lock; /* everything below */
    pthread_cond_t changed;
    char token[2048];
    struct device_topic topics[DEVICE_TOPICS];
    size_t topic_count;
    struct rpc_client_call *call; /* the stream that counts */
    int64_t opened_at_us;         /* it was */
    pthread_t replaced[DEVICE_ROTATIONS];
    size_t replaced_count;
    bool stop;
    bool stays_ended;       /* do not open again after a goodbye */
    struct seen_list seen;  /* events */
    struct seen_list shown; /* messages of snapshots */
    size_t streams;         /* opened */
    size_t welcomes;
    size_t signals;
    int last_signal;          /* kind */
    size_t hints;             /* signals of what is unread */
    char unread_in[ID_BYTES]; /* the last of them: conversation, count */
    int32_t unread;
    int goodbye; /* reason of the last; 0: none */
    int32_t last_code;
    char fault[200]; /* the first thing that was wrong; "": nothing */
};

/* Begins to follow. `device_id` lives as long. Topics: "inbox" or a conversation's id. */
struct device *device_start(const char *token, const char *device_id, const char *const *topics,
                            size_t count);
/* Ends and joins, if it is not stopped already; what was seen stays. */
void device_stop(struct device *device);
void device_resume(struct device *device); /* after a stop: from its positions */
/* Stops it first if it must; accepts NULL. */
void device_free(struct device **device);
void device_stay_ended(struct device *device); /* after the next goodbye */
/* Cuts the stream as a lost network does. False when there is none at the moment. */
bool device_cut(struct device *device);
/* Opens another stream with another token and so many of its topics, from where it is, and listens
 * to that one: the server ends the old one. */
void device_rotate(struct device *device, const char *token, size_t topic_count);

/* Waits up to 30 s, then fails the test. */
void device_await_ready(struct device *device); /* positions of all open topics are known */
void device_await_sequence(struct device *device, size_t topic, uint64_t sequence);
void device_await_event(struct device *device, size_t topic, int kind, const char *id);
void device_await_text(struct device *device, const char *wanted);
void device_await_goodbye(struct device *device, int reason);
void device_await_closed(struct device *device, size_t topic, int reason);
void device_await_signal(struct device *device, int kind);
/* The last that was told of what is unread. */
void device_await_unread(struct device *device, const char *conversation, int32_t count);
void device_await_code(struct device *device, int code); /* that a stream ended with */

/* Signals of what is unread, so far. */
size_t device_hints(struct device *device);
uint64_t device_position(struct device *device, size_t topic);
size_t device_count(struct device *device, size_t topic, int kind, const char *id);
size_t count_of_text(struct device *device, const char *wanted); /* in events */
/* What a test compares of an event: sequence, kind, id and text. */
void seen_read(const lc_event *event, struct seen *seen);
void device_assert_sound(struct device *device);

/* `request_id`, `client_id`: NULL for none, or a new one. */

/* A free conversation that starts in two minutes: its doors are open. */
lc_conversation *open_conversation(const char *host);
lc_join_conversation_response *joined(const char *token, const char *conversation);
struct status try_join(const char *token, const char *conversation,
                       lc_join_conversation_response **ret_response);
struct status try_leave(const char *token, const char *conversation, int64_t generation);
struct status try_send(const char *token, const char *conversation, const char *content,
                       const char *recipient, const char *client_id, lc_message **ret_message);
lc_message *sent(const char *token, const char *conversation, const char *content);
struct status try_edit(const char *token, const char *message, const char *content,
                       const char *request_id, lc_message **ret_message);
struct status try_delete(const char *token, const char *message, const char *request_id,
                         lc_message **ret_message);
struct status try_correct(const char *token, const char *message, int32_t start, int32_t length,
                          const char *replacement, lc_message **ret_message);
struct status try_mark_read(const char *token, const char *conversation, uint64_t through,
                            lc_read_state **ret_state);
struct status try_remove(const char *token, const char *conversation, const char *user);
struct status try_mute(const char *token, const char *conversation, const char *user, bool muted,
                       const char *request_id);
struct status try_lock(const char *token, const char *conversation, bool locked);
struct status try_list_messages(const char *token, const char *conversation,
                                lc_list_messages_response **ret_response);
struct status try_list_participants(const char *token, const char *conversation,
                                    lc_list_participants_response **ret_response);
struct status try_activity(const char *token, const char *conversation, bool typing, bool speaking,
                           lc_update_activity_response **ret_response);
/* GetHome's sum of what is unread. */
int32_t unread_of(const char *token);
uint64_t head_of(const char *conversation);
uint64_t head_of_inbox(const char *user);

#endif
