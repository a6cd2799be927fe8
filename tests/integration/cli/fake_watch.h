/*
 * WatchConversations of the fake server: a page that never changes by itself, and what the test
 * makes happen to it.
 *
 * Thread-safety: any thread.
 */
#ifndef CLI_FAKE_WATCH_H
#define CLI_FAKE_WATCH_H

#include "liveconv/v1/conversation_service.grpc-c.h"

struct fake_watch;

struct fake_watch *fake_watch_new(void);
void fake_watch_free(struct fake_watch **watch);

/* Begins a stream with this page, and keeps it open. */
struct status fake_watch_open(struct fake_watch *watch, struct rpc_call *call,
                              lc_conversation **conversations, size_t count);

/* To all streams: the conversation is like this now, or is gone. */
void fake_watch_changed(struct fake_watch *watch, lc_conversation *conversation);
void fake_watch_removed(struct fake_watch *watch, const char *id);
/* Ends all streams: with a goodbye that asks to come back or not, or without a word. */
void fake_watch_goodbye(struct fake_watch *watch, bool reconnect);
void fake_watch_cut(struct fake_watch *watch);

#endif
