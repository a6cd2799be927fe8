/* Finding conversations, and what happens to a whole one. */
#include <stdint.h>

#include "clients/cli/command.h"
#include "clients/cli/conversation_filter.h"
#include "clients/cli/json.h"
#include "clients/cli/names.h"
#include "clients/cli/session.h"
#include "clients/cli/table.h"
#include "clients/cli/view.h"
#include "liveconv/v1/conversation_service.grpc-c.h"

struct list_values {
    struct filter_values filter;
    char *search;
    char *relation;
    char *order;
    char *limit;
    char *page;
    bool all;
    bool facets;
};

static const struct option list_options[] = {
    FILTER_OPTIONS,
    {"search", 'q', OPTION_TEXT, offsetof(struct list_values, search), "WORDS",
     "all in title, description or topic"},
    {"mine", 'm', OPTION_TEXT, offsetof(struct list_values, relation), "RELATION",
     "own, hosting, booked or invited"},
    {"order", 0, OPTION_TEXT, offsetof(struct list_values, order), "ORDER",
     "start-time, start-time-desc, create-time-desc"},
    {"limit", 'n', OPTION_TEXT, offsetof(struct list_values, limit), "COUNT",
     "at most so many, 1 to 200 (50)"},
    {"page", 0, OPTION_TEXT, offsetof(struct list_values, page), "TOKEN",
     "go on where a page ended"},
    {"all", 'a', OPTION_FLAG, offsetof(struct list_values, all), NULL, "all pages"},
    {"facets", 0, OPTION_FLAG, offsetof(struct list_values, facets), NULL,
     "languages and levels with counts"},
};

static int print_page(struct session *session, const lc_list_conversations_response *page) {
    size_t count = page->n_conversations;
    if (session->settings.json) {
        for (size_t i = 0; i < count; i++)
            json_print(stdout, &page->conversations[i]->base);
        return CLI_OK;
    }
    lc_conversation **conversations =
        arena_alloc_array(&session->arena, count + 1, sizeof(lc_conversation *));
    lc_conversation_viewer **viewers =
        arena_alloc_array(&session->arena, count + 1, sizeof(lc_conversation_viewer *));
    if (conversations == NULL || viewers == NULL)
        return out_of_memory();
    size_t shown = 0;
    for (size_t i = 0; i < count; i++) {
        if (page->conversations[i]->conversation == NULL)
            continue;
        conversations[shown] = page->conversations[i]->conversation;
        viewers[shown++] = page->conversations[i]->viewer;
    }
    return view_conversations(session, conversations, viewers, shown);
}

static int print_facets(struct session *session, const lc_list_conversations_response *page) {
    static const char *const titles[] = {"COUNT", "LANGUAGE", "LEVEL"};
    struct arena *arena = &session->arena;
    struct table table;
    table_init(&table, arena, titles, 3, TABLE_NO_COLUMN);
    for (size_t i = 0; i < page->n_languages + page->n_levels; i++) {
        struct table_row *row = table_add(&table);
        bool is_level = i >= page->n_languages;
        const lc_level_facet *level = is_level ? page->levels[i - page->n_languages] : NULL;
        const lc_language_facet *language = is_level ? NULL : page->languages[i];
        if (row == NULL)
            return out_of_memory();
        if (session->settings.json) {
            json_print_as(stdout, is_level ? "level_facet" : "language_facet",
                          is_level ? &level->base : &language->base);
            continue;
        }
        const char *count =
            arena_printf(arena, "%lld", (long long)(is_level ? level->count : language->count));
        row->cells[0] = count != NULL ? count : "";
        if (is_level)
            row->cells[2] = enum_label(&liveconv__v1__cefr_level__descriptor, (int)level->level);
        else
            row->cells[1] = text_clean(arena, language->language, " ");
    }
    if (!session->settings.json) {
        putchar('\n');
        table_print(&table, &session->style, stdout);
    }
    return CLI_OK;
}

static bool fill_list(struct session *session, const struct list_values *values,
                      lc_list_conversations_request *request) {
    int relation = 0;
    int order = 0;
    if (!filter_read(&session->arena, &values->filter, &request->filter) ||
        !enum_parse_option(&liveconv__v1__conversation_relation__descriptor, "mine",
                           values->relation, &relation) ||
        !enum_parse_option(&liveconv__v1__conversation_order__descriptor, "order", values->order,
                           &order) ||
        !page_size_read(values->limit, &request->page_size))
        return false;
    request->relation = (lc_conversation_relation)relation;
    request->order = (lc_conversation_order)order;
    if (values->search != NULL)
        request->search = values->search;
    if (values->page != NULL)
        request->page_token = values->page;
    request->with_facets = values->facets;
    return true;
}

static int run_list(struct session *session, const struct invocation *invocation) {
    const struct list_values *values = invocation->values;
    lc_list_conversations_request request = LC_LIST_CONVERSATIONS_REQUEST_INIT;
    lc_list_conversations_response *page = NULL;
    if (!fill_list(session, values, &request))
        return CLI_USAGE;
    do {
        struct cli_call call;
        struct status status;
        cli_call_begin(session, &call, NULL);
        do {
            status = lc_conversation_service_list_conversations(
                session->channel, &call.options, &request, &session->arena, &page, &call.result);
        } while (cli_call_again(&call, status));
        if (!status_is_ok(status))
            return cli_call_failed(&call);
        int code = print_page(session, page);
        if (code == CLI_OK && request.with_facets)
            code = print_facets(session, page);
        if (code != CLI_OK)
            return code;
        request.page_token = page->next_page_token;
        request.with_facets = false;
    } while (values->all && page->next_page_token[0] != '\0');
    page_end(session, page->next_page_token);
    return CLI_OK;
}

struct show_values {
    char *invite_code;
};

static const struct option show_options[] = {
    {"invite-code", 0, OPTION_TEXT, offsetof(struct show_values, invite_code), "CODE",
     "admits to an unlisted conversation"},
};

static int run_show(struct session *session, const struct invocation *invocation) {
    const struct show_values *values = invocation->values;
    lc_get_conversation_request request = LC_GET_CONVERSATION_REQUEST_INIT;
    lc_get_conversation_response *response = NULL;
    struct cli_call call;
    struct status status;
    request.conversation_id = invocation->arguments[0];
    if (values->invite_code != NULL)
        request.invite_code = values->invite_code;
    cli_call_begin(session, &call, NULL);
    do {
        status = lc_conversation_service_get_conversation(session->channel, &call.options, &request,
                                                          &session->arena, &response, &call.result);
    } while (cli_call_again(&call, status));
    if (!status_is_ok(status))
        return cli_call_failed(&call);
    if (session->settings.json)
        json_print(stdout, &response->base);
    else if (response->conversation != NULL)
        view_conversation(session, response->conversation, response->viewer);
    return CLI_OK;
}

struct cancel_values {
    char *note;
};

static const struct option cancel_options[] = {
    {"note", 0, OPTION_TEXT, offsetof(struct cancel_values, note), "TEXT",
     "for those who have booked"},
};

static int run_cancel(struct session *session, const struct invocation *invocation) {
    const struct cancel_values *values = invocation->values;
    lc_cancel_conversation_request request = LC_CANCEL_CONVERSATION_REQUEST_INIT;
    lc_cancel_conversation_response *response = NULL;
    struct cli_call call;
    struct status status;
    request.conversation_id = invocation->arguments[0];
    request.request_id = session_request_id(session);
    if (values->note != NULL)
        request.note = values->note;
    cli_call_begin(session, &call, request.request_id);
    do {
        status = lc_conversation_service_cancel_conversation(
            session->channel, &call.options, &request, &session->arena, &response, &call.result);
    } while (cli_call_again(&call, status));
    if (!status_is_ok(status))
        return cli_call_failed(&call);
    if (response->conversation != NULL)
        view_changed(session, "called off", response->conversation);
    return CLI_OK;
}

static int run_start(struct session *session, const struct invocation *invocation) {
    lc_start_conversation_request request = LC_START_CONVERSATION_REQUEST_INIT;
    lc_start_conversation_response *response = NULL;
    struct cli_call call;
    struct status status;
    request.conversation_id = invocation->arguments[0];
    request.request_id = session_request_id(session);
    cli_call_begin(session, &call, request.request_id);
    do {
        status = lc_conversation_service_start_conversation(
            session->channel, &call.options, &request, &session->arena, &response, &call.result);
    } while (cli_call_again(&call, status));
    if (!status_is_ok(status))
        return cli_call_failed(&call);
    if (response->conversation != NULL)
        view_changed(session, "started", response->conversation);
    return CLI_OK;
}

static int run_end(struct session *session, const struct invocation *invocation) {
    lc_end_conversation_request request = LC_END_CONVERSATION_REQUEST_INIT;
    lc_end_conversation_response *response = NULL;
    struct cli_call call;
    struct status status;
    request.conversation_id = invocation->arguments[0];
    request.request_id = session_request_id(session);
    cli_call_begin(session, &call, request.request_id);
    do {
        status = lc_conversation_service_end_conversation(session->channel, &call.options, &request,
                                                          &session->arena, &response, &call.result);
    } while (cli_call_again(&call, status));
    if (!status_is_ok(status))
        return cli_call_failed(&call);
    if (response->conversation != NULL)
        view_changed(session, "ended", response->conversation);
    return CLI_OK;
}

static const struct command commands[] = {
    {
        .name = "conversations list",
        .arguments = "",
        .summary = "Find conversations",
        .details =
            "Shows what you may find: scheduled and live ones, earliest start first. FREE is "
            "how many\nof the seats are free, YOU what you have to do with it.\n"
            "\n"
            "  liveconv conversations list --language ja,ko --level a1 --free\n"
            "  liveconv conversations list --search 'cooking' --from now --before 'in 7d'\n"
            "  liveconv conversations list --mine booked\n"
            "  liveconv --json conversations list --all | jq -r .conversation.title\n",
        .options = list_options,
        .option_count = sizeof list_options / sizeof list_options[0],
        .values_bytes = sizeof(struct list_values),
        .run = run_list,
    },
    {
        .name = "conversations show",
        .arguments = "CONVERSATION",
        .min_arguments = 1,
        .max_arguments = 1,
        .summary = "Everything about one conversation",
        .options = show_options,
        .option_count = sizeof show_options / sizeof show_options[0],
        .values_bytes = sizeof(struct show_values),
        .run = run_show,
    },
    {
        .name = "conversations cancel",
        .arguments = "CONVERSATION",
        .min_arguments = 1,
        .max_arguments = 1,
        .summary = "Call a conversation off; all bookings are refunded",
        .details = "  liveconv conversations cancel CONVERSATION --note 'I am ill, sorry'\n",
        .options = cancel_options,
        .option_count = sizeof cancel_options / sizeof cancel_options[0],
        .values_bytes = sizeof(struct cancel_values),
        .run = run_cancel,
    },
    {
        .name = "conversations start",
        .arguments = "CONVERSATION",
        .min_arguments = 1,
        .max_arguments = 1,
        .summary = "Make it live, once its doors are open",
        .run = run_start,
    },
    {
        .name = "conversations end",
        .arguments = "CONVERSATION",
        .min_arguments = 1,
        .max_arguments = 1,
        .summary = "End it for everybody",
        .run = run_end,
    },
};

const struct command_group conversation_commands = {"Conversations", commands,
                                                    sizeof commands / sizeof commands[0]};
