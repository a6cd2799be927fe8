/* liveconv conversations watch: a list that keeps itself up to date. */
#include <poll.h>
#include <stdio.h>

#include "base/clock.h"
#include "clients/cli/command.h"
#include "clients/cli/conversation_filter.h"
#include "clients/cli/failure.h"
#include "clients/cli/json.h"
#include "clients/cli/live_stream.h"
#include "clients/cli/names.h"
#include "clients/cli/session.h"
#include "clients/cli/signals.h"
#include "clients/cli/view.h"
#include "clients/cli/when.h"
#include "liveconv/v1/conversation_service.grpc-c.h"

struct watch_values {
    struct filter_values filter;
};

static const struct option watch_options[] = {
    FILTER_OPTIONS,
};

struct watch {
    struct session *session;
    lc_watch_conversations_request request;
    struct live_inbox inbox;
    struct live_stream *stream;
    uint64_t number;
    struct live_backoff backoff;
    int64_t reconnect_at_us;
    int64_t goodbye_pause_ms; /* the server said to come back; -1: it did not */
    bool is_done;
    int exit_code;
};

static void print_changes(struct session *session, const lc_watch_changes *changes) {
    struct arena arena;
    arena_init(&arena, 4 << 20);
    const struct style *style = &session->style;
    for (size_t i = 0; i < changes->n_changed; i++) {
        const lc_conversation *conversation = changes->changed[i];
        printf(
            "%schanged%s  %s  %s  %s  %d/%d free  %s\n", tone_begin(style, TONE_WARM),
            tone_end(style, TONE_WARM), text_clean(&arena, conversation->id, " "),
            when_format(&arena, conversation->start_time),
            enum_label(&liveconv__v1__conversation_status__descriptor, (int)conversation->status),
            conversation->seats_left, conversation->max_participants,
            text_clean(&arena, conversation->title, " "));
    }
    for (size_t i = 0; i < changes->n_removed_ids; i++)
        printf("%sgone%s     %s\n", tone_begin(style, TONE_BAD), tone_end(style, TONE_BAD),
               text_clean(&arena, changes->removed_ids[i], " "));
    arena_done(&arena);
}

static void take_goodbye(struct watch *watch, const lc_goodbye *goodbye) {
    bool is_suspended = goodbye->reason == LC_GOODBYE_REASON_SUSPENDED;
    if (goodbye->reason == LC_GOODBYE_REASON_TOKEN_EXPIRED)
        session_renew_token(watch->session);
    if (goodbye->reconnect) {
        watch->goodbye_pause_ms = goodbye->retry_after_ms;
        return;
    }
    fflush(stdout);
    if (!watch->session->settings.json)
        fprintf(stderr, "liveconv: %s\n",
                is_suspended ? "you are suspended" : "the server ended it");
    watch->is_done = true;
    watch->exit_code = is_suspended ? CLI_DENIED : CLI_REFUSED;
}

static void take_message(struct watch *watch, const lc_watch_conversations_response *response) {
    struct session *session = watch->session;
    live_backoff_reset(&watch->backoff);
    if (session->settings.json) {
        json_print(stdout, &response->base);
    } else if (response->kind_case == LC_WATCH_CONVERSATIONS_RESPONSE_KIND_SNAPSHOT) {
        view_conversations(session, response->snapshot->conversations, NULL,
                           response->snapshot->n_conversations);
        if (response->snapshot->truncated)
            fputs("There are more than are watched: use a narrower filter.\n", stderr);
    } else if (response->kind_case == LC_WATCH_CONVERSATIONS_RESPONSE_KIND_CHANGES) {
        print_changes(session, response->changes);
    }
    if (response->kind_case == LC_WATCH_CONVERSATIONS_RESPONSE_KIND_GOODBYE)
        take_goodbye(watch, response->goodbye);
}

static void take_end(struct watch *watch, const struct rpc_result *result) {
    live_stream_free(&watch->stream);
    int code = failure_exit_code(result->status.code);
    bool is_asked_back = watch->goodbye_pause_ms >= 0;
    bool renewed = !is_asked_back && code == CLI_DENIED && session_renew_token(watch->session);
    if (is_asked_back || code == CLI_OK || code == CLI_UNREACHABLE || code == CLI_FAILED ||
        renewed) {
        int64_t pause_ms = live_backoff_next_ms(&watch->backoff);
        if (is_asked_back && watch->goodbye_pause_ms < pause_ms)
            pause_ms = watch->goodbye_pause_ms;
        watch->reconnect_at_us = clock_monotonic_us(clock_system()) + pause_ms * 1000;
        return;
    }
    watch->is_done = true;
    watch->exit_code = cli_result_failed(watch->session, result, NULL);
}

static void open_stream(struct watch *watch) {
    struct rpc_call_options options = {.authorization = watch->session->authorization};
    struct rpc_client_call *call = NULL;
    struct status status = lc_conversation_service_watch_conversations_open(
        watch->session->channel, &options, &watch->request, &call);
    if (status_is_ok(status))
        watch->stream = live_stream_new(call, &watch->inbox, ++watch->number);
    watch->reconnect_at_us = INT64_MAX;
    watch->goodbye_pause_ms = -1;
    if (watch->stream == NULL) {
        watch->is_done = true;
        watch->exit_code = usage_error("cannot open the stream");
    }
}

static int wait_ms(const struct watch *watch) {
    if (watch->reconnect_at_us == INT64_MAX)
        return -1;
    int64_t wait = (watch->reconnect_at_us - clock_monotonic_us(clock_system()) + 999) / 1000;
    return wait < 0 ? 0 : (int)wait;
}

static void run_until_done(struct watch *watch, int signal_fd) {
    while (!watch->is_done) {
        struct pollfd fds[] = {{.fd = watch->inbox.event_fd, .events = POLLIN},
                               {.fd = signal_fd, .events = POLLIN}};
        fflush(stdout);
        poll(fds, 2, wait_ms(watch));
        if (fds[1].revents != 0)
            return;
        for (struct live_item *item;
             !watch->is_done && (item = live_inbox_take(&watch->inbox)) != NULL;) {
            if (item->kind == LIVE_MESSAGE)
                take_message(watch, (const lc_watch_conversations_response *)item->message);
            else
                take_end(watch, &item->result);
            live_item_free(&item);
        }
        if (!watch->is_done && watch->stream == NULL &&
            clock_monotonic_us(clock_system()) >= watch->reconnect_at_us)
            open_stream(watch);
    }
}

static int run_watch(struct session *session, const struct invocation *invocation) {
    const struct watch_values *values = invocation->values;
    struct watch watch = {.session = session, .request = LC_WATCH_CONVERSATIONS_REQUEST_INIT};
    if (!filter_read(&session->arena, &values->filter, &watch.request.filter))
        return CLI_USAGE;
    if (!live_inbox_init(&watch.inbox))
        return out_of_memory();
    int signal_fd = signals_open();
    open_stream(&watch);
    run_until_done(&watch, signal_fd);
    signals_release(signal_fd);
    live_stream_free(&watch.stream);
    live_inbox_done(&watch.inbox);
    return watch.exit_code;
}

static const struct command commands[] = {
    {
        .name = "conversations watch",
        .arguments = "",
        .summary = "A list that keeps itself up to date, until Ctrl-C",
        .details = "  liveconv conversations watch --language ja --free\n"
                   "  liveconv --json conversations watch | jq -c .changes.changed\n",
        .options = watch_options,
        .option_count = sizeof watch_options / sizeof watch_options[0],
        .values_bytes = sizeof(struct watch_values),
        .is_live = true,
        .run = run_watch,
    },
};

const struct command_group watch_commands = {NULL, commands, sizeof commands / sizeof commands[0]};
