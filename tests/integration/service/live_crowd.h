/*
 * People who write in one conversation at the same time, each on a thread of its own: messages and
 * private ones, edits, deletions; the host mutes one of them, who also leaves and comes back.
 *
 *     struct crowd crowd;
 *     crowd_gather(&crowd, 2000);
 *     ... devices ...
 *     crowd_start(&crowd);
 *     crowd_await(&crowd, 1000);      half of the messages are written
 *     ... whatever is to happen to the server ...
 *     crowd_finish(&crowd);
 *
 * The server may die meanwhile. What it did not answer is asked again under the same id until it
 * answers, as an app does; and some of what it did answer, too. What it acknowledged is kept, to be
 * compared with what it has and what it told. A refusal is an answer, and the effect must not be
 * there; only what concerns the one who is muted and leaves may be refused.
 *
 * Thread-safety: the thread that gathered them. After crowd_finish() everything may be read.
 */
#ifndef LIVE_CROWD_H
#define LIVE_CROWD_H

#include "live_test.h"

enum { CROWD_PEOPLE = 4, SAID_VERSIONS = 6, NOBODY = -1 };
enum { HOST, ANA, BEN, CY }; /* CY is muted, leaves and comes back */

/* A message, as far as it is acknowledged. */
struct said {
    int sender;
    size_t number; /* of the sender's messages */
    int recipient; /* NOBODY: it is for all */
    char id[ID_BYTES];
    char client_id[ID_BYTES];
    uint64_t sequence;
    int version; /* rises with every edit; its text is crowd_text() */
    bool is_deleted;
    /* By version: when it was acknowledged that this text is gone. */
    int64_t taken_back_at_us[SAID_VERSIONS];
};

struct person {
    struct crowd *crowd;
    int index;
    const char *id;
    const char *token;
    pthread_t thread;
    uint64_t random;
    char request_id[ID_BYTES]; /* of the change under way */
    bool does_it;              /* mutes or unmutes, leaves or comes back */
    struct said *said;
    size_t said_count;
    size_t said_capacity;
};

/* What happened to requests, all people together. */
struct crowd_figures {
    size_t written;       /* messages that were acknowledged */
    size_t edits;         /* acknowledged */
    size_t deletions;     /* the same */
    size_t mutes;         /* and unmutes */
    size_t moves;         /* leaves and rejoins */
    size_t refused;       /* of CY, or private to CY */
    size_t cut_short;     /* the connection ended before the answer came */
    size_t repeated;      /* although they had been answered */
    size_t turned_away;   /* told to come again; or by a server that goes down in order */
    size_t already_there; /* messages that were cut short, and had been stored */
};

struct crowd {
    struct liveconv_server *lc;
    const char *conversation;
    struct person people[CROWD_PEOPLE];
    size_t wanted;
    pthread_mutex_t lock; /* everything below */
    pthread_cond_t changed;
    size_t allowed; /* messages that may have been sent by now; rises as the readers keep up */
    struct crowd_figures figures;
    uint64_t head_at_start; /* of the log, when the server was last started */
    bool server_goes_down;
    bool stop;
    bool runs;
    char fault[400]; /* the first answer that nobody should get; "": none */
};

/* Users of t.lc who are in a conversation. They will write about so many messages. */
void crowd_gather(struct crowd *crowd, size_t messages);
void crowd_start(struct crowd *crowd);
/* They pause when they are far ahead of what was awaited; then they go on for a while. */
void crowd_go_on(struct crowd *crowd);
/* Waits until so many messages are written; fails the test after two minutes, or with the first
 * fault. */
void crowd_await(struct crowd *crowd, size_t messages);
/* Of the log, in the database. */
uint64_t crowd_head(const struct crowd *crowd);
/* Waits until the database has something new, which is probably not answered yet. */
void crowd_await_commit(struct crowd *crowd);
/*
 * Around an end in order, and only there: requests that reach a server of the C core just as it
 * goes down are answered CANCELLED by the core (grpc/grpc#41785), not UNAVAILABLE. They were not
 * looked at.
 */
void crowd_expect_end(struct crowd *crowd, bool expect);
/* For crowd_figures.already_there: between the end of a server and the start of the next. */
void crowd_note_head(struct crowd *crowd);
/* Waits for the end, and fails the test if there was a fault. */
void crowd_finish(struct crowd *crowd);
/* For teardowns: ends it early if it still runs. */
void crowd_stop(struct crowd *crowd);
void crowd_done(struct crowd *crowd);

/* The text of a version of a message: who, which, and which version. */
void crowd_text(int sender, size_t number, int version, char ret_text[SEEN_TEXT_BYTES]);

#endif
