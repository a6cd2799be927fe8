/* In a conversation, one call at a time: who is there, what was written, saying something. */
#include <stdint.h>

#include "clients/cli/command.h"
#include "clients/cli/conversation_filter.h"
#include "clients/cli/json.h"
#include "clients/cli/names.h"
#include "clients/cli/session.h"
#include "clients/cli/table.h"
#include "clients/cli/when.h"
#include "liveconv/v1/live_service.grpc-c.h"
#include "liveconv/v1/message_service.grpc-c.h"

static const char *seconds_label(struct arena *arena, int32_t seconds) {
    const char *text = arena_printf(arena, "%d:%02d", seconds / 60, seconds % 60);
    return text != NULL ? text : "";
}

static const char *function_of(const lc_participant *participant) {
    return participant->is_host         ? "host"
           : participant->is_instructor ? "instructor"
           : participant->is_muted      ? "muted"
                                        : "";
}

static int print_participants(struct session *session, const lc_list_participants_response *page) {
    static const char *const titles[] = {"WHO",      "STATUS",   "",    "SINCE",
                                         "MESSAGES", "SPEAKING", "USER"};
    enum { COLUMNS = sizeof titles / sizeof titles[0] };
    struct arena *arena = &session->arena;
    struct table table;
    table_init(&table, arena, titles, COLUMNS, 0);
    for (size_t n = 0; n < page->n_participants; n++) {
        const lc_participant *participant = page->participants[n];
        struct table_row *row = table_add(&table);
        if (row == NULL)
            return out_of_memory();
        const char *messages = arena_printf(arena, "%d", participant->message_count);
        row->tones[0] = TONE_NAME;
        row->cells[0] = user_label(arena, participant->user);
        row->tones[1] =
            participant->status == LC_PARTICIPANT_STATUS_JOINED ? TONE_GOOD : TONE_FAINT;
        row->cells[1] =
            enum_label(&liveconv__v1__participant_status__descriptor, (int)participant->status);
        row->cells[2] = function_of(participant);
        row->cells[3] = when_format(arena, participant->join_time);
        row->cells[4] = messages != NULL ? messages : "";
        row->cells[5] = seconds_label(arena, participant->speaking_seconds);
        row->cells[6] =
            participant->user != NULL ? text_clean(arena, participant->user->user_id, " ") : "";
    }
    table_print(&table, &session->style, stdout);
    return CLI_OK;
}

static int run_participants(struct session *session, const struct invocation *invocation) {
    lc_list_participants_request request = LC_LIST_PARTICIPANTS_REQUEST_INIT;
    lc_list_participants_response *page = NULL;
    request.conversation_id = invocation->arguments[0];
    request.page_size = 200;
    do {
        struct cli_call call;
        struct status status;
        cli_call_begin(session, &call, NULL);
        do {
            status = lc_live_service_list_participants(session->channel, &call.options, &request,
                                                       &session->arena, &page, &call.result);
        } while (cli_call_again(&call, status));
        if (!status_is_ok(status))
            return cli_call_failed(&call);
        int code = CLI_OK;
        for (size_t i = 0; i < page->n_participants && session->settings.json; i++)
            json_print(stdout, &page->participants[i]->base);
        if (!session->settings.json)
            code = print_participants(session, page);
        if (code != CLI_OK)
            return code;
        request.page_token = page->next_page_token;
    } while (page->next_page_token[0] != '\0');
    return CLI_OK;
}

struct messages_values {
    char *limit;
    char *page;
    char *with;
};

static const struct option messages_options[] = {
    {"limit", 'n', OPTION_TEXT, offsetof(struct messages_values, limit), "COUNT",
     "at most so many, 1 to 200 (50)"},
    {"page", 0, OPTION_TEXT, offsetof(struct messages_values, page), "TOKEN",
     "go on where a page ended"},
    {"private-with", 0, OPTION_TEXT, offsetof(struct messages_values, with), "USER",
     "private ones with this user alone"},
};

static void print_message(struct session *session, const lc_message *message) {
    struct arena *arena = &session->arena;
    const struct style *style = &session->style;
    printf("%s%s%s  %s%s%s%s%s: %s\n", tone_begin(style, TONE_FAINT),
           when_format(arena, message->send_time), tone_end(style, TONE_FAINT),
           tone_begin(style, TONE_NAME), user_label(arena, message->sender),
           message->recipient != NULL ? " to " : "",
           message->recipient != NULL ? user_label(arena, message->recipient) : "",
           tone_end(style, TONE_NAME),
           message->delete_time != NULL ? "(deleted)"
                                        : text_clean(arena, message->content, "\n    "));
}

static int run_messages(struct session *session, const struct invocation *invocation) {
    const struct messages_values *values = invocation->values;
    lc_list_messages_request request = LC_LIST_MESSAGES_REQUEST_INIT;
    lc_list_messages_response *page = NULL;
    struct cli_call call;
    struct status status;
    request.conversation_id = invocation->arguments[0];
    if (!page_size_read(values->limit, &request.page_size))
        return CLI_USAGE;
    if (values->page != NULL)
        request.page_token = values->page;
    if (values->with != NULL)
        request.private_with_user_id = values->with;
    cli_call_begin(session, &call, NULL);
    do {
        status = lc_message_service_list_messages(session->channel, &call.options, &request,
                                                  &session->arena, &page, &call.result);
    } while (cli_call_again(&call, status));
    if (!status_is_ok(status))
        return cli_call_failed(&call);
    /* People read downwards: the newest last. Scripts get the order of the contract. */
    for (size_t i = 0; i < page->n_messages; i++) {
        if (session->settings.json)
            json_print(stdout, &page->messages[i]->base);
        else
            print_message(session, page->messages[page->n_messages - 1 - i]);
    }
    page_end(session, page->next_page_token);
    return CLI_OK;
}

struct say_values {
    char *to;
    char *language;
    char *translation_of;
    bool join;
};

static const struct option say_options[] = {
    {"to", 0, OPTION_TEXT, offsetof(struct say_values, to), "USER", "to this user alone"},
    {"language", 'l', OPTION_TEXT, offsetof(struct say_values, language), "TAG",
     "of the text; default: the conversation's"},
    {"translation-of", 0, OPTION_TEXT, offsetof(struct say_values, translation_of), "MESSAGE",
     "what this translates"},
    {"join", 0, OPTION_FLAG, offsetof(struct say_values, join), NULL,
     "join first, for one who is not in the room"},
};

static int join_first(struct session *session, char *conversation_id) {
    lc_join_conversation_request request = LC_JOIN_CONVERSATION_REQUEST_INIT;
    lc_join_conversation_response *response = NULL;
    struct cli_call call;
    struct status status;
    request.conversation_id = conversation_id;
    cli_call_begin(session, &call, NULL);
    do {
        status = lc_live_service_join_conversation(session->channel, &call.options, &request,
                                                   &session->arena, &response, &call.result);
    } while (cli_call_again(&call, status));
    return status_is_ok(status) ? CLI_OK : cli_call_failed(&call);
}

static char *words_joined(struct arena *arena, char *const *words, size_t count) {
    struct str text;
    str_init(&text);
    for (size_t i = 0; i < count; i++) {
        str_append(&text, i > 0 ? " " : "");
        str_append(&text, words[i]);
    }
    char *copy = text.failed ? NULL : arena_strdup(arena, text.bytes);
    str_done(&text);
    return copy;
}

static int run_say(struct session *session, const struct invocation *invocation) {
    const struct say_values *values = invocation->values;
    lc_send_message_request request = LC_SEND_MESSAGE_REQUEST_INIT;
    lc_send_message_response *response = NULL;
    struct cli_call call;
    struct status status;
    request.conversation_id = invocation->arguments[0];
    request.client_message_id = session_request_id(session);
    request.content =
        words_joined(&session->arena, invocation->arguments + 1, invocation->argument_count - 1);
    if (request.content == NULL)
        return out_of_memory();
    if (values->to != NULL)
        request.recipient_id = values->to;
    if (values->language != NULL)
        request.language = values->language;
    if (values->translation_of != NULL)
        request.translation_of_message_id = values->translation_of;
    int code = values->join ? join_first(session, request.conversation_id) : CLI_OK;
    if (code != CLI_OK)
        return code;
    cli_call_begin(session, &call, request.client_message_id);
    do {
        status = lc_message_service_send_message(session->channel, &call.options, &request,
                                                 &session->arena, &response, &call.result);
    } while (cli_call_again(&call, status));
    if (!status_is_ok(status))
        return cli_call_failed(&call);
    if (response->message != NULL && session->settings.json)
        json_print(stdout, &response->message->base);
    else if (response->message != NULL)
        print_message(session, response->message);
    return CLI_OK;
}

static const struct command commands[] = {
    {
        .name = "say",
        .arguments = "CONVERSATION TEXT...",
        .min_arguments = 2,
        .max_arguments = SIZE_MAX,
        .summary = "Send one message",
        .details = "  liveconv say CONVERSATION こんにちは\n"
                   "  liveconv say --to USER CONVERSATION 'only for you'\n"
                   "  liveconv say --join CONVERSATION -- --this begins with dashes\n",
        .options = say_options,
        .option_count = sizeof say_options / sizeof say_options[0],
        .values_bytes = sizeof(struct say_values),
        .run = run_say,
    },
    {
        .name = "messages",
        .arguments = "CONVERSATION",
        .min_arguments = 1,
        .max_arguments = 1,
        .summary = "What was written",
        .options = messages_options,
        .option_count = sizeof messages_options / sizeof messages_options[0],
        .values_bytes = sizeof(struct messages_values),
        .run = run_messages,
    },
    {
        .name = "participants",
        .arguments = "CONVERSATION",
        .min_arguments = 1,
        .max_arguments = 1,
        .summary = "Who is, or was, there",
        .run = run_participants,
    },
};

const struct command_group room_commands = {NULL, commands, sizeof commands / sizeof commands[0]};
