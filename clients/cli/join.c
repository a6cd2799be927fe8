/* liveconv join: be in a conversation, see and write what is said, until it ends. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "clients/cli/conversation_filter.h"
#include "clients/cli/failure.h"
#include "clients/cli/join.h"
#include "clients/cli/json.h"
#include "clients/cli/signals.h"
#include "liveconv/v1/live_service.grpc-c.h"
#include "liveconv/v1/message_service.grpc-c.h"

enum {
    DRAIN_MS = 3000, /* for the last own messages to come back, after the end of the input */
    LEAVE_MS = 3000, /* for saying that one leaves */
    MAX_BATCH = 64,  /* items between two looks at the input */
    DEFAULT_HISTORY = 20,
};

struct join_values {
    char *device;
    char *messages;
    bool stay;
};

static const struct option join_options[] = {
    {"device", 0, OPTION_TEXT, offsetof(struct join_values, device), "NAME",
     "tells your devices apart; default: a new one each time"},
    {"messages", 'n', OPTION_TEXT, offsetof(struct join_values, messages), "COUNT",
     "how many earlier ones to show, 0 to 200 (20)"},
    {"stay", 0, OPTION_FLAG, offsetof(struct join_values, stay), NULL,
     "go on when the input has ended"},
};

static int64_t now_us(void) {
    return clock_monotonic_us(clock_system());
}

static void help(const struct join *join) {
    room_view_note(&join->room, "type a line to send it to everybody; or");
    puts("   /to NAME TEXT  send to one person alone\n"
         "   /who           who is here\n"
         "   /quit          leave (Ctrl-C and Ctrl-D do, too)\n"
         "   //TEXT         a line that begins with a slash");
}

static void send_text(struct join *join, const char *text, const char *recipient_id) {
    if (!outbox_add(&join->outbox, text, recipient_id))
        room_view_note(&join->room, "out of memory: not sent");
}

static void send_private(struct join *join, char *rest) {
    rest += strspn(rest, " ");
    size_t name_len = strcspn(rest, " ");
    char *text = rest + name_len + (rest[name_len] == ' ');
    rest[name_len] = '\0';
    const char *user_id = room_view_find(&join->room, rest);
    if (user_id == NULL)
        room_view_note(&join->room, "nobody here is called \"%s\"; see /who", rest);
    else if (text[0] == '\0')
        room_view_note(&join->room, "/to NAME TEXT");
    else
        send_text(join, text, user_id);
}

static void take_line(void *context, char *line) {
    struct join *join = context;
    if (line[0] == '\0')
        return;
    if (line[0] != '/')
        send_text(join, line, "");
    else if (line[1] == '/')
        send_text(join, line + 1, "");
    else if (strcmp(line, "/quit") == 0 || strcmp(line, "/q") == 0)
        join->input_ended = true;
    else if (strcmp(line, "/who") == 0)
        room_view_who(&join->room);
    else if (strncmp(line, "/to ", 4) == 0)
        send_private(join, line + 4);
    else
        help(join);
}

static void take_sent(struct join *join, const struct live_item *item) {
    if (outbox_finish(&join->outbox, item, now_us()) == OUTBOX_REFUSED)
        cli_result_failed(join->session, &item->result, NULL);
}

static void take_items(struct join *join) {
    for (int i = 0; i < MAX_BATCH && !join->is_done; i++) {
        struct live_item *item = live_inbox_take(&join->inbox);
        if (item == NULL)
            return;
        prompt_hide(&join->prompt);
        if (item->kind == LIVE_SENT)
            take_sent(join, item);
        else
            join_take_item(join, item, now_us());
        live_item_free(&item);
    }
}

/* After the end of the input: what was typed is sent and has come back, or it takes too long. */
static void end_when_drained(struct join *join) {
    if (!join->input_ended || join->stays)
        return;
    if (join->drain_until_us == 0)
        join->drain_until_us =
            now_us() +
            (DRAIN_MS + (outbox_is_empty(&join->outbox) ? 0 : join->session->timeout_ms)) * 1000;
    bool came_back = join->sequence >= join->outbox.last_sequence;
    if ((outbox_is_empty(&join->outbox) && came_back) || now_us() >= join->drain_until_us)
        join_end(join, outbox_is_empty(&join->outbox) ? CLI_OK : CLI_UNREACHABLE);
}

static int wait_ms(const struct join *join) {
    int64_t due = join_due_us(join);
    int64_t outbox_due = outbox_due_us(&join->outbox);
    due = outbox_due < due ? outbox_due : due;
    if (join->drain_until_us != 0 && join->drain_until_us < due)
        due = join->drain_until_us;
    if (due == INT64_MAX)
        return -1;
    int64_t wait = (due - now_us() + 999) / 1000;
    return wait < 0 ? 0 : wait > 60000 ? 60000 : (int)wait;
}

static void run_until_done(struct join *join, int signal_fd) {
    while (!join->is_done) {
        prompt_show(&join->prompt);
        struct pollfd fds[] = {
            {.fd = join->inbox.event_fd, .events = POLLIN},
            {.fd = signal_fd, .events = POLLIN},
            {.fd = join->input_ended ? -1 : STDIN_FILENO, .events = POLLIN},
        };
        poll(fds, 3, wait_ms(join));
        if (fds[1].revents != 0)
            join_end(join, CLI_OK);
        if (fds[2].revents != 0 && !join->input_ended &&
            prompt_read(&join->prompt, take_line, join) == PROMPT_ENDED)
            join->input_ended = true;
        take_items(join);
        if (!join->is_done)
            join_tick(join, now_us());
        outbox_pump(&join->outbox, now_us());
        if (!join->is_done)
            end_when_drained(join);
    }
    prompt_done(&join->prompt);
    fflush(stdout);
}

static int enter(struct join *join) {
    lc_join_conversation_request request = LC_JOIN_CONVERSATION_REQUEST_INIT;
    lc_join_conversation_response *response = NULL;
    struct session *session = join->session;
    struct cli_call call;
    struct status status;
    request.conversation_id = join->conversation_id;
    cli_call_begin(session, &call, NULL);
    do {
        status = lc_live_service_join_conversation(session->channel, &call.options, &request,
                                                   &session->arena, &response, &call.result);
    } while (cli_call_again(&call, status));
    if (!status_is_ok(status))
        return cli_call_failed(&call);
    if (response->participant != NULL && response->participant->user != NULL) {
        join->generation = response->participant->generation;
        if (!room_view_set_me(&join->room, response->participant->user->user_id))
            return out_of_memory();
    }
    if (session->settings.json)
        json_print_as(stdout, "joined", &response->base);
    return CLI_OK;
}

/* Best effort: who goes without a word is gone a minute later. */
static void leave(struct join *join) {
    struct session *session = join->session;
    struct rpc_call_options options = {.timeout_ms = LEAVE_MS,
                                       .authorization = session->authorization};
    lc_mark_read_request read = LC_MARK_READ_REQUEST_INIT;
    lc_mark_read_response *read_response = NULL;
    lc_leave_conversation_request request = LC_LEAVE_CONVERSATION_REQUEST_INIT;
    lc_leave_conversation_response *response = NULL;
    struct status status = status_ok();
    read.conversation_id = join->conversation_id;
    read.read_through_sequence = join->sequence;
    if (join->has_position)
        status = lc_message_service_mark_read(session->channel, &options, &read, &session->arena,
                                              &read_response, NULL);
    request.conversation_id = join->conversation_id;
    request.generation = join->generation;
    if (status.code != STATUS_UNAVAILABLE && status.code != STATUS_DEADLINE_EXCEEDED)
        status = lc_live_service_leave_conversation(session->channel, &options, &request,
                                                    &session->arena, &response, NULL);
    (void)status;
}

static int read_values(struct join *join, const struct join_values *values) {
    int64_t messages = DEFAULT_HISTORY;
    if (values->messages != NULL &&
        (!parse_int64(values->messages, &messages) || messages < 0 || messages > 200))
        return usage_error("--messages takes 0 to 200");
    join->snapshot_messages = messages == 0 ? -1 : (int32_t)messages;
    join->stays = values->stay;
    join->device_id = values->device != NULL ? values->device
                                             : session_new_id(join->session, &join->session->arena);
    join->topic = arena_printf(&join->session->arena, "conversations/%s", join->conversation_id);
    return join->topic != NULL ? CLI_OK : out_of_memory();
}

static int follow(struct join *join) {
    int signal_fd = signals_open();
    if (!live_inbox_init(&join->inbox))
        return out_of_memory();
    outbox_init(&join->outbox, join->session, &join->inbox, join->conversation_id);
    prompt_init(&join->prompt, &join->session->style);
    if (join->prompt.is_interactive)
        room_view_note(&join->room, "you are in; type to send, /help for more");
    join_subscribe(join, now_us());
    run_until_done(join, signal_fd);
    signals_release(signal_fd);
    if (!join->room.is_over && !join->room.is_removed)
        leave(join);
    live_stream_free(&join->stream);
    live_stream_free(&join->replaced);
    outbox_done(&join->outbox);
    live_inbox_done(&join->inbox);
    return join->exit_code;
}

static int run_join(struct session *session, const struct invocation *invocation) {
    struct join join = {
        .session = session,
        .conversation_id = invocation->arguments[0],
        .reconnect_at_us = INT64_MAX,
        .silent_at_us = INT64_MAX,
        .renew_at_us = INT64_MAX,
        .heartbeat_us = 30000000,
    };
    room_view_init(&join.room, &session->style);
    join.room.is_silent = session->settings.json;
    int code = read_values(&join, invocation->values);
    if (code == CLI_OK)
        code = enter(&join);
    if (code == CLI_OK)
        code = follow(&join);
    room_view_done(&join.room);
    return code;
}

static const struct command commands[] = {
    {
        .name = "join",
        .arguments = "CONVERSATION",
        .min_arguments = 1,
        .max_arguments = 1,
        .summary = "Be there: see what happens, type to send",
        .details =
            "Lines that are typed, or read from a pipe, are sent. When the connection breaks it\n"
            "comes back by itself and goes on where it stood: nothing is lost or told twice, and\n"
            "what was typed meanwhile is sent then. /help tells what else can be typed.\n"
            "It ends with /quit, Ctrl-C, the end of the input (unless --stay) or of the\n"
            "conversation, and says goodbye to the others.\n"
            "\n"
            "  liveconv join CONVERSATION\n"
            "  echo 'Hello from a script' | liveconv join CONVERSATION\n"
            "  liveconv --json join --stay CONVERSATION < /dev/null | jq .event.message_sent\n",
        .options = join_options,
        .option_count = sizeof join_options / sizeof join_options[0],
        .values_bytes = sizeof(struct join_values),
        .is_live = true,
        .run = run_join,
    },
};

const struct command_group join_commands = {"In the room", commands,
                                            sizeof commands / sizeof commands[0]};
