/* SendMessage: each lane is a participant of its own, in one room or spread over many. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "liveconv/v1/booking_service.grpc-c.h"
#include "liveconv/v1/live_service.grpc-c.h"
#include "liveconv/v1/message_service.grpc-c.h"

enum { ROOMS = 64, TIMEOUT_MS = 10000 };

static void room_id(size_t room, char ret_text[UUID_TEXT_BYTES]) {
    snprintf(ret_text, UUID_TEXT_BYTES, "01a00000-0000-7000-b000-%012zu", room + 1);
}

/* A participant for each lane: students from the end, who book nothing else. */
static uint32_t sender_of(const struct api_options *options, size_t lane) {
    return options->students - (uint32_t)lane;
}

/* Books, unless an earlier run did, and goes in. */
static void enter(struct api_bench *bench, uint32_t user, char *room) {
    struct arena arena;
    struct rpc_result result;
    struct rpc_channel *channel = bench->channels[0];
    const struct rpc_call_options options = {.timeout_ms = TIMEOUT_MS,
                                             .authorization = api_token(bench, user)};
    lc_book_conversation_request book = LC_BOOK_CONVERSATION_REQUEST_INIT;
    lc_book_conversation_response *booked = NULL;
    lc_join_conversation_request join = LC_JOIN_CONVERSATION_REQUEST_INIT;
    lc_join_conversation_response *joined = NULL;
    arena_init(&arena, 1 << 20);
    book.conversation_id = room;
    struct status status =
        lc_booking_service_book_conversation(channel, &options, &book, &arena, &booked, &result);
    if (status.code != STATUS_ALREADY_EXISTS)
        api_must(status, "booking a seat in a room");
    join.conversation_id = room;
    api_must(lc_live_service_join_conversation(channel, &options, &join, &arena, &joined, &result),
             "going into a room");
    arena_done(&arena);
}

static void on_sent(void *context, const struct rpc_result *result,
                    const lc_send_message_response *response) {
    (void)response;
    api_lane_done(context, result);
}

static struct status start_send(struct api_lane *lane) {
    const struct api_options *bench = &api_bench_of(lane)->options;
    lc_send_message_request request = LC_SEND_MESSAGE_REQUEST_INIT;
    char content[] = "What do you say to this, in your own words? I would begin with the weather.";
    char room[UUID_TEXT_BYTES];
    char id[UUID_TEXT_BYTES];
    room_id(lane->index % bench->topics, room);
    snprintf(id, sizeof id, "%08x-%04x-4000-8000-%08x%04zx",
             api_random_below(&lane->random, UINT32_MAX), api_random_below(&lane->random, 65536),
             api_random_below(&lane->random, UINT32_MAX), lane->index);
    request.conversation_id = room;
    request.client_message_id = id;
    request.content = content;
    struct rpc_call_options options = api_lane_begin(lane, sender_of(bench, lane->index));
    return lc_message_service_send_message_async(lane->channel, &options, &request, on_sent, lane);
}

void api_send(struct api_bench *bench, const char *name, struct api_report *ret_report) {
    (void)name;
    if (bench->options.topics == 0 || bench->options.topics > ROOMS)
        measure_fail("--topics is 1 to %d", ROOMS);
    for (size_t i = 0; i < bench->options.in_flight; i++) {
        char room[UUID_TEXT_BYTES];
        room_id(i % bench->options.topics, room);
        enter(bench, sender_of(&bench->options, i), room);
    }
    api_run(bench, start_send, NULL, ret_report);
}
