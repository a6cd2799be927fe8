/*
 * liveconv-demo: the main job, on the screen. An instructor creates a conversation; a student finds
 * it, books it; both join and talk, and each line shows on whose screen it appeared.
 *
 *     liveconv-demo ADDRESS INSTRUCTOR-TOKEN-FILE STUDENT-TOKEN-FILE
 *
 * Ends with 0 when every message and every coming and going has crossed live, in both directions;
 * with 1 and a sentence when something did not.
 *
 * Threads: main asks; each person's channel delivers the stream on a thread of its own.
 */
#include "base/arena.h"
#include "base/clock.h"
#include "base/str.h"
#include "base/uuid.h"
#include "liveconv/v1/booking_service.grpc-c.h"
#include "liveconv/v1/conversation_service.grpc-c.h"
#include "liveconv/v1/live_service.grpc-c.h"
#include "liveconv/v1/message_service.grpc-c.h"
#include "rpc/client.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { TOKEN_BYTES = 8192, PATIENCE_S = 20, CALL_MS = 10000 };

/* What a person's stream has shown so far. */
struct seen {
    int snapshots;
    int messages; /* of the other one */
    int joined;
    int left;
    int started;
    int finished;
    bool ended;
};

struct demo;

struct person {
    struct demo *demo;
    const char *name;
    const char *colour;
    char authorization[TOKEN_BYTES];
    char id[UUID_TEXT_BYTES]; /* once joined */
    struct rpc_channel *channel;
    struct rpc_client_call *stream;
    struct seen seen; /* guarded by the demo's lock */
};

struct demo {
    struct person instructor;
    struct person student;
    char conversation[UUID_TEXT_BYTES];
    struct arena arena;
    struct uuid_generator uuids;
    bool is_terminal;
    pthread_mutex_t lock; /* guards the screens and what they have shown */
    pthread_cond_t shown;
};

/* protobuf-c has no const strings; requests are only read. */
static char *text(const char *constant) {
    return (char *)(uintptr_t)constant;
}

static const char *colour(const struct demo *demo, const char *code) {
    return demo->is_terminal ? code : "";
}

/* ---- the screens ---- */

/* With the lock held. */
static void show(struct person *person, const char *who, const char *what) {
    struct demo *demo = person->demo;
    char now[16];
    struct tm local;
    time_t seconds = time(NULL);
    (void)localtime_r(&seconds, &local);
    (void)strftime(now, sizeof now, "%H:%M:%S", &local);
    (void)printf("  %s%s%*s|%s %s  %s%s%s\n", colour(demo, person->colour), person->name,
                 7 - (int)utf8_length(person->name, strlen(person->name)), "",
                 colour(demo, "\033[0m"), now, who, *who == '\0' ? "" : " ", what);
    (void)fflush(stdout);
}

static void show_change(struct person *person, const lc_participant_change *change,
                        const char *what) {
    if (change->participant != NULL && change->participant->user != NULL)
        show(person, change->participant->user->display_name, what);
}

static bool is_other(const struct person *person, const lc_participant_change *change) {
    return change->participant != NULL && change->participant->user != NULL &&
           strcmp(change->participant->user->user_id, person->id) != 0;
}

static void take_event(struct person *person, const lc_event *event) {
    char line[512];
    switch (event->kind_case) {
    case LC_EVENT_KIND_MESSAGE_SENT:
        (void)snprintf(line, sizeof line, "%s:", event->message_sent->sender->display_name);
        show(person, line, event->message_sent->content);
        if (strcmp(event->message_sent->sender->user_id, person->id) != 0)
            person->seen.messages++;
        break;
    case LC_EVENT_KIND_PARTICIPANT_JOINED:
        show_change(person, event->participant_joined, "has joined");
        person->seen.joined += is_other(person, event->participant_joined);
        break;
    case LC_EVENT_KIND_PARTICIPANT_LEFT:
        show_change(person, event->participant_left, "has left");
        person->seen.left += is_other(person, event->participant_left);
        break;
    case LC_EVENT_KIND_CONVERSATION_STARTED:
        show(person, "", "the conversation is live");
        person->seen.started++;
        break;
    case LC_EVENT_KIND_CONVERSATION_ENDED:
        show(person, "", "the conversation is over");
        person->seen.finished++;
        break;
    default: /* counts and the like change the page, not the talk */
        break;
    }
}

static void on_message(void *context, const lc_subscribe_response *message) {
    struct person *person = context;
    pthread_mutex_lock(&person->demo->lock);
    if (message->kind_case == LC_SUBSCRIBE_RESPONSE_KIND_SNAPSHOT) {
        person->seen.snapshots++;
        show(person, "", "is in the room");
    }
    if (message->kind_case == LC_SUBSCRIBE_RESPONSE_KIND_BATCH) {
        for (size_t i = 0; i < message->batch->n_events; i++)
            take_event(person, message->batch->events[i]);
    }
    pthread_cond_broadcast(&person->demo->shown);
    pthread_mutex_unlock(&person->demo->lock);
}

static void on_end(void *context, const struct rpc_result *result) {
    struct person *person = context;
    (void)result;
    pthread_mutex_lock(&person->demo->lock);
    person->seen.ended = true;
    pthread_cond_broadcast(&person->demo->shown);
    pthread_mutex_unlock(&person->demo->lock);
}

/* Waits until a counter of the person's screen has reached `count`. */
static bool wait_for(struct person *person, const int *counter, int count, const char *what) {
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    pthread_mutex_lock(&person->demo->lock);
    while (*counter < count && !person->seen.ended) {
        if (pthread_cond_timedwait(&person->demo->shown, &person->demo->lock, &until) != 0)
            break;
    }
    bool reached = *counter >= count;
    pthread_mutex_unlock(&person->demo->lock);
    if (!reached)
        (void)fprintf(stderr, "liveconv-demo: %s: %s did not appear on the screen\n", person->name,
                      what);
    return reached;
}

/* ---- asking ---- */

static struct rpc_call_options as(const struct person *person) {
    return (struct rpc_call_options){
        .timeout_ms = CALL_MS, .wait_for_ready = true, .authorization = person->authorization};
}

static bool done(const char *what, struct status status, const struct rpc_result *result) {
    if (status_is_ok(status))
        return true;
    (void)fprintf(stderr, "liveconv-demo: %s: %s %s: %s\n", what, status_code_name(status.code),
                  result->details.reason == NULL ? "" : result->details.reason,
                  status.detail == NULL ? "" : status.detail);
    return false;
}

static char *new_id(struct demo *demo) {
    struct uuid id;
    char *written = arena_alloc(&demo->arena, UUID_TEXT_BYTES);
    if (written == NULL || !uuid_v7(&demo->uuids, &id)) {
        (void)fputs("liveconv-demo: out of memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    uuid_format(&id, written);
    return written;
}

static bool create(struct demo *demo) {
    const struct rpc_call_options options = as(&demo->instructor);
    Google__Protobuf__Timestamp from = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    Google__Protobuf__Timestamp to = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    lc_conversation_draft draft = LC_CONVERSATION_DRAFT_INIT;
    lc_create_conversation_request request = LC_CREATE_CONVERSATION_REQUEST_INIT;
    lc_create_conversation_response *response = NULL;
    struct rpc_result result;
    from.seconds = (int64_t)time(NULL) + 60;
    to.seconds = from.seconds + 3600;
    draft.title = text("Café y charla");
    draft.description = text("Un rato para hablar de la semana.");
    draft.type = LC_CONVERSATION_TYPE_GROUP;
    draft.language = text("es");
    draft.level = LC_CEFR_LEVEL_A2;
    draft.start_time = &from;
    draft.end_time = &to;
    draft.time_zone = text("Europe/Madrid");
    draft.visibility = LC_CONVERSATION_VISIBILITY_PUBLIC;
    draft.topic = text("La semana");
    request.conversation = &draft;
    request.request_id = new_id(demo);
    struct status status = lc_conversation_service_create_conversation(
        demo->instructor.channel, &options, &request, &demo->arena, &response, &result);
    if (!done("CreateConversation", status, &result))
        return false;
    (void)snprintf(demo->conversation, sizeof demo->conversation, "%s", response->conversation->id);
    (void)printf("%s creates \"%s\": %s\n", demo->instructor.name, response->conversation->title,
                 demo->conversation);
    return true;
}

static bool find(struct demo *demo) {
    const struct rpc_call_options options = as(&demo->student);
    lc_list_conversations_request request = LC_LIST_CONVERSATIONS_REQUEST_INIT;
    lc_list_conversations_response *response = NULL;
    struct rpc_result result;
    request.search = text("charla");
    request.page_size = 200;
    struct status status = lc_conversation_service_list_conversations(
        demo->student.channel, &options, &request, &demo->arena, &response, &result);
    if (!done("ListConversations", status, &result))
        return false;
    for (size_t i = 0; i < response->n_conversations; i++) {
        const lc_conversation *found = response->conversations[i]->conversation;
        if (strcmp(found->id, demo->conversation) != 0)
            continue;
        (void)printf("%s searches for \"charla\" and finds it: %d of %d seats are left\n",
                     demo->student.name, (int)found->seats_left, (int)found->max_participants);
        return true;
    }
    (void)fputs("liveconv-demo: the search does not find the conversation\n", stderr);
    return false;
}

static bool book(struct demo *demo) {
    const struct rpc_call_options options = as(&demo->student);
    lc_book_conversation_request request = LC_BOOK_CONVERSATION_REQUEST_INIT;
    lc_book_conversation_response *response = NULL;
    struct rpc_result result;
    request.conversation_id = demo->conversation;
    request.request_id = new_id(demo);
    struct status status = lc_booking_service_book_conversation(
        demo->student.channel, &options, &request, &demo->arena, &response, &result);
    if (done("BookConversation", status, &result))
        (void)printf("%s books a seat\n\nWhat is on whose screen:\n", demo->student.name);
    return status_is_ok(status);
}

static bool join(struct demo *demo, struct person *person) {
    struct rpc_call_options options = as(person);
    lc_join_conversation_request request = LC_JOIN_CONVERSATION_REQUEST_INIT;
    lc_join_conversation_response *response = NULL;
    lc_topic_subscription topic = LC_TOPIC_SUBSCRIPTION_INIT;
    lc_topic_subscription *topics[] = {&topic};
    lc_subscribe_request subscribe = LC_SUBSCRIBE_REQUEST_INIT;
    struct rpc_result result;
    request.conversation_id = demo->conversation;
    struct status status = lc_live_service_join_conversation(person->channel, &options, &request,
                                                             &demo->arena, &response, &result);
    if (!done("JoinConversation", status, &result))
        return false;
    (void)snprintf(person->id, sizeof person->id, "%s", response->participant->user->user_id);

    topic.topic = arena_printf(&demo->arena, "conversations/%s", demo->conversation);
    subscribe.device_id = text("demo");
    subscribe.topics = topics;
    subscribe.n_topics = 1;
    options.timeout_ms = 0;
    status = lc_live_service_subscribe_open(person->channel, &options, &subscribe, &person->stream);
    if (status_is_ok(status))
        status = lc_live_service_subscribe_listen(person->stream, on_message, on_end, person);
    if (!status_is_ok(status)) {
        (void)fprintf(stderr, "liveconv-demo: Subscribe: %s\n", status_code_name(status.code));
        return false;
    }
    return wait_for(person, &person->seen.snapshots, 1, "the room");
}

static bool say(struct demo *demo, struct person *person, const char *content) {
    const struct rpc_call_options options = as(person);
    lc_send_message_request request = LC_SEND_MESSAGE_REQUEST_INIT;
    lc_send_message_response *response = NULL;
    struct rpc_result result;
    struct person *other = person == &demo->student ? &demo->instructor : &demo->student;
    pthread_mutex_lock(&demo->lock);
    int before = other->seen.messages;
    pthread_mutex_unlock(&demo->lock);
    request.conversation_id = demo->conversation;
    request.client_message_id = new_id(demo);
    request.content = text(content);
    struct status status = lc_message_service_send_message(person->channel, &options, &request,
                                                           &demo->arena, &response, &result);
    return done("SendMessage", status, &result) &&
           wait_for(other, &other->seen.messages, before + 1, "the message");
}

static bool leave(struct demo *demo, struct person *person) {
    const struct rpc_call_options options = as(person);
    lc_leave_conversation_request request = LC_LEAVE_CONVERSATION_REQUEST_INIT;
    lc_leave_conversation_response *response = NULL;
    struct rpc_result result;
    request.conversation_id = demo->conversation;
    return done("LeaveConversation",
                lc_live_service_leave_conversation(person->channel, &options, &request,
                                                   &demo->arena, &response, &result),
                &result);
}

/* The next run of the demo would otherwise meet this conversation in both calendars. */
static bool move(struct demo *demo, bool start) {
    const struct rpc_call_options options = as(&demo->instructor);
    lc_start_conversation_request begin = LC_START_CONVERSATION_REQUEST_INIT;
    lc_start_conversation_response *begun = NULL;
    lc_end_conversation_request end = LC_END_CONVERSATION_REQUEST_INIT;
    lc_end_conversation_response *ended = NULL;
    struct rpc_result result;
    begin.conversation_id = demo->conversation;
    end.conversation_id = demo->conversation;
    if (start)
        return done("StartConversation",
                    lc_conversation_service_start_conversation(
                        demo->instructor.channel, &options, &begin, &demo->arena, &begun, &result),
                    &result);
    return done("EndConversation",
                lc_conversation_service_end_conversation(demo->instructor.channel, &options, &end,
                                                         &demo->arena, &ended, &result),
                &result);
}

static bool play(struct demo *demo) {
    struct person *instructor = &demo->instructor;
    struct person *student = &demo->student;
    return create(demo) && find(demo) && book(demo) && join(demo, instructor) &&
           join(demo, student) &&
           wait_for(instructor, &instructor->seen.joined, 1, "the student's coming") &&
           move(demo, true) && wait_for(student, &student->seen.started, 1, "the start") &&
           say(demo, instructor, "¡Hola! ¿Qué has hecho esta semana?") &&
           say(demo, student, "Hola, Inés. He visitado a mi abuela.") &&
           say(demo, instructor, "¡Qué bien! ¿Y qué habéis comido? 🥘") &&
           say(demo, student, "Hemos comido paella.") && leave(demo, student) &&
           wait_for(instructor, &instructor->seen.left, 1, "the student's going") &&
           move(demo, false) && wait_for(instructor, &instructor->seen.finished, 1, "the end");
}

/* ---- start and end ---- */

static bool open_person(struct demo *demo, struct person *person, const char *address,
                        const char *token_file) {
    struct rpc_channel_options options;
    char token[TOKEN_BYTES - 16];
    FILE *file = fopen(token_file, "re");
    if (file == NULL || fgets(token, sizeof token, file) == NULL) {
        (void)fprintf(stderr, "liveconv-demo: %s cannot be read\n", token_file);
        if (file != NULL)
            (void)fclose(file);
        return false;
    }
    (void)fclose(file);
    token[strcspn(token, "\r\n")] = '\0';
    (void)snprintf(person->authorization, sizeof person->authorization, "Bearer %s", token);
    person->demo = demo;
    rpc_channel_options_init(&options);
    options.dedicated_connection = true; /* as if on two phones */
    return status_is_ok(rpc_channel_new(address, &options, &person->channel));
}

static void close_person(struct person *person) {
    rpc_client_call_free(&person->stream);
    rpc_channel_free(&person->channel);
}

int main(int argc, char **argv) {
    static struct demo demo = {.instructor = {.name = "Inés", .colour = "\033[35m"},
                               .student = {.name = "Alice", .colour = "\033[36m"},
                               .lock = PTHREAD_MUTEX_INITIALIZER,
                               .shown = PTHREAD_COND_INITIALIZER};
    if (argc != 4) {
        (void)fputs("usage: liveconv-demo ADDRESS INSTRUCTOR-TOKEN-FILE STUDENT-TOKEN-FILE\n",
                    stderr);
        return 2;
    }
    demo.is_terminal = isatty(STDOUT_FILENO) == 1;
    arena_init(&demo.arena, (size_t)16 << 20);
    uuid_generator_init(&demo.uuids, clock_system());
    bool good = open_person(&demo, &demo.instructor, argv[1], argv[2]) &&
                open_person(&demo, &demo.student, argv[1], argv[3]) && play(&demo);
    close_person(&demo.student);
    close_person(&demo.instructor);
    arena_done(&demo.arena);
    if (good)
        (void)puts("\nEvery message and every coming and going crossed live, both ways.");
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
