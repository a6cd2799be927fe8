/* Feedback: give it, read it. */
#include <stdint.h>

#include "clients/cli/command.h"
#include "clients/cli/conversation_filter.h"
#include "clients/cli/json.h"
#include "clients/cli/names.h"
#include "clients/cli/session.h"
#include "clients/cli/table.h"
#include "clients/cli/when.h"
#include "liveconv/v1/feedback_service.grpc-c.h"

struct give_values {
    char *rating;
    char *about;
    char *comment;
    struct option_list tags;
};

static const struct option give_options[] = {
    {"rating", 'r', OPTION_TEXT, offsetof(struct give_values, rating), "1-5",
     "1 is bad, 5 very good; needed"},
    {"about", 0, OPTION_TEXT, offsetof(struct give_values, about), "USER",
     "about this participant; else the session"},
    {"comment", 0, OPTION_TEXT, offsetof(struct give_values, comment), "TEXT", "in words"},
    {"tag", 0, OPTION_LIST, offsetof(struct give_values, tags), "TAG,...", "in a word each"},
};

static void print_feedback(struct session *session, lc_feedback *const *items, size_t count) {
    static const char *const titles[] = {"WHEN", "RATING", "BY", "ABOUT", "COMMENT"};
    struct arena *arena = &session->arena;
    struct table table;
    table_init(&table, arena, titles, 5, 4);
    for (size_t i = 0; i < count; i++) {
        struct table_row *row = table_add(&table);
        if (row == NULL)
            return;
        const char *rating = arena_printf(arena, "%d/5", items[i]->rating);
        row->cells[0] = when_format(arena, items[i]->update_time);
        row->cells[1] = rating != NULL ? rating : "";
        row->cells[2] = user_label(arena, items[i]->author);
        row->cells[3] =
            items[i]->subject != NULL ? user_label(arena, items[i]->subject) : "the session";
        row->cells[4] = text_clean(arena, items[i]->comment, " ");
    }
    table_print(&table, &session->style, stdout);
}

static int run_give(struct session *session, const struct invocation *invocation) {
    const struct give_values *values = invocation->values;
    lc_submit_feedback_request request = LC_SUBMIT_FEEDBACK_REQUEST_INIT;
    lc_submit_feedback_response *response = NULL;
    struct cli_call call;
    struct status status;
    int64_t rating;
    if (values->rating == NULL || !parse_int64(values->rating, &rating) || rating < 1 || rating > 5)
        return usage_error("--rating takes 1 to 5");
    request.conversation_id = invocation->arguments[0];
    request.request_id = session_request_id(session);
    request.rating = (int32_t)rating;
    if (values->about != NULL)
        request.subject_user_id = values->about;
    if (values->comment != NULL)
        request.comment = values->comment;
    request.n_tags = values->tags.count;
    request.tags = values->tags.items;
    cli_call_begin(session, &call, request.request_id);
    do {
        status = lc_feedback_service_submit_feedback(session->channel, &call.options, &request,
                                                     &session->arena, &response, &call.result);
    } while (cli_call_again(&call, status));
    if (!status_is_ok(status))
        return cli_call_failed(&call);
    if (response->feedback == NULL)
        return CLI_OK;
    if (session->settings.json)
        json_print(stdout, &response->feedback->base);
    else
        print_feedback(session, &response->feedback, 1);
    return CLI_OK;
}

struct list_values {
    char *conversation;
    char *about;
    char *by;
    char *limit;
    char *page;
};

static const struct option list_options[] = {
    {"conversation", 0, OPTION_TEXT, offsetof(struct list_values, conversation), "CONVERSATION",
     "on this one"},
    {"about", 0, OPTION_TEXT, offsetof(struct list_values, about), "USER", "about this user"},
    {"by", 0, OPTION_TEXT, offsetof(struct list_values, by), "USER", "by this user"},
    {"limit", 'n', OPTION_TEXT, offsetof(struct list_values, limit), "COUNT",
     "at most so many, 1 to 200 (50)"},
    {"page", 0, OPTION_TEXT, offsetof(struct list_values, page), "TOKEN",
     "go on where a page ended"},
};

static int run_list(struct session *session, const struct invocation *invocation) {
    const struct list_values *values = invocation->values;
    lc_feedback_filter filter = LC_FEEDBACK_FILTER_INIT;
    lc_list_feedback_request request = LC_LIST_FEEDBACK_REQUEST_INIT;
    lc_list_feedback_response *page = NULL;
    struct cli_call call;
    struct status status;
    request.filter = &filter;
    if (!page_size_read(values->limit, &request.page_size))
        return CLI_USAGE;
    if (values->conversation != NULL)
        filter.conversation_id = values->conversation;
    if (values->about != NULL)
        filter.subject_user_id = values->about;
    if (values->by != NULL)
        filter.author_user_id = values->by;
    if (values->page != NULL)
        request.page_token = values->page;
    cli_call_begin(session, &call, NULL);
    do {
        status = lc_feedback_service_list_feedback(session->channel, &call.options, &request,
                                                   &session->arena, &page, &call.result);
    } while (cli_call_again(&call, status));
    if (!status_is_ok(status))
        return cli_call_failed(&call);
    for (size_t i = 0; i < page->n_feedback && session->settings.json; i++)
        json_print(stdout, &page->feedback[i]->base);
    if (!session->settings.json)
        print_feedback(session, page->feedback, page->n_feedback);
    page_end(session, page->next_page_token);
    return CLI_OK;
}

static const struct command commands[] = {
    {
        .name = "feedback give",
        .arguments = "CONVERSATION",
        .min_arguments = 1,
        .max_arguments = 1,
        .summary = "Rate a session, or somebody who took part",
        .details =
            "  liveconv feedback give CONVERSATION --rating 5 --comment 'Fun!' --tag patient\n"
            "  liveconv feedback give CONVERSATION --rating 4 --about USER\n",
        .options = give_options,
        .option_count = sizeof give_options / sizeof give_options[0],
        .values_bytes = sizeof(struct give_values),
        .run = run_give,
    },
    {
        .name = "feedback list",
        .arguments = "",
        .summary = "What you gave, and what was given to you",
        .options = list_options,
        .option_count = sizeof list_options / sizeof list_options[0],
        .values_bytes = sizeof(struct list_values),
        .run = run_list,
    },
};

const struct command_group feedback_commands = {"Feedback", commands,
                                                sizeof commands / sizeof commands[0]};
