/* Seats: what they cost, booking them, giving them up. */
#include <stdint.h>

#include "clients/cli/command.h"
#include "clients/cli/conversation_filter.h"
#include "clients/cli/json.h"
#include "clients/cli/names.h"
#include "clients/cli/session.h"
#include "clients/cli/view.h"
#include "liveconv/v1/booking_service.grpc-c.h"

struct book_values {
    char *user;
    char *invite_code;
    char *expect;
};

static const struct option book_options[] = {
    {"user", 0, OPTION_TEXT, offsetof(struct book_values, user), "USER",
     "for this user (admins and services)"},
    {"invite-code", 0, OPTION_TEXT, offsetof(struct book_values, invite_code), "CODE",
     "admits to an unlisted conversation"},
    {"expect", 0, OPTION_TEXT, offsetof(struct book_values, expect), "MONEY",
     "book only if this is due: '12.50 EUR'"},
};
enum { QUOTE_OPTIONS = 2 }; /* the first ones */

static int run_quote(struct session *session, const struct invocation *invocation) {
    const struct book_values *values = invocation->values;
    lc_quote_booking_request request = LC_QUOTE_BOOKING_REQUEST_INIT;
    lc_quote_booking_response *response = NULL;
    struct cli_call call;
    struct status status;
    request.conversation_id = invocation->arguments[0];
    if (values->user != NULL)
        request.user_id = values->user;
    if (values->invite_code != NULL)
        request.invite_code = values->invite_code;
    cli_call_begin(session, &call, NULL);
    do {
        status = lc_booking_service_quote_booking(session->channel, &call.options, &request,
                                                  &session->arena, &response, &call.result);
    } while (cli_call_again(&call, status));
    if (!status_is_ok(status))
        return cli_call_failed(&call);
    const lc_booking_quote *quote = response->quote;
    if (session->settings.json) {
        json_print(stdout, &response->base);
    } else if (quote != NULL) {
        view_line(session, "price", money_format(&session->arena, quote->price));
        view_line(session, "due",
                  quote->amount_due != NULL ? money_format(&session->arena, quote->amount_due)
                                            : "nothing");
        view_line(session, "who pays",
                  enum_label(&liveconv__v1__payer__descriptor, (int)quote->payer));
        view_line(session, "why",
                  enum_label(&liveconv__v1__payer_reason__descriptor, (int)quote->reason));
        view_line(session, "bookable",
                  quote->can_book
                      ? "yes"
                      : enum_label(&liveconv__v1__reason__descriptor, (int)quote->refusal));
    }
    return CLI_OK;
}

static int run_book(struct session *session, const struct invocation *invocation) {
    const struct book_values *values = invocation->values;
    lc_book_conversation_request request = LC_BOOK_CONVERSATION_REQUEST_INIT;
    lc_book_conversation_response *response = NULL;
    struct cli_call call;
    struct status status;
    request.conversation_id = invocation->arguments[0];
    request.request_id = session_request_id(session);
    if (values->user != NULL)
        request.user_id = values->user;
    if (values->invite_code != NULL)
        request.invite_code = values->invite_code;
    if (values->expect != NULL) {
        request.expected_amount = money_parse(&session->arena, values->expect);
        if (request.expected_amount == NULL)
            return usage_error("--expect: \"%s\" is no amount such as '12.50 EUR'", values->expect);
    }
    cli_call_begin(session, &call, request.request_id);
    do {
        status = lc_booking_service_book_conversation(session->channel, &call.options, &request,
                                                      &session->arena, &response, &call.result);
    } while (cli_call_again(&call, status));
    if (!status_is_ok(status))
        return cli_call_failed(&call);
    if (session->settings.json)
        json_print(stdout, &response->base);
    else if (response->booking != NULL)
        view_booking(session, response->booking, response->conversation, response->payment);
    return CLI_OK;
}

struct bookings_values {
    char *conversation;
    char *user;
    struct option_list statuses;
    char *from;
    char *before;
    char *limit;
    char *page;
    bool all;
};

static const struct option bookings_options[] = {
    {"conversation", 0, OPTION_TEXT, offsetof(struct bookings_values, conversation), "CONVERSATION",
     "of this one, which you host"},
    {"user", 0, OPTION_TEXT, offsetof(struct bookings_values, user), "USER",
     "of this user (admins and services)"},
    {"status", 0, OPTION_LIST, offsetof(struct bookings_values, statuses), "STATUS,...",
     "confirmed, pending-payment, cancelled, ..."},
    {"from", 0, OPTION_TEXT, offsetof(struct bookings_values, from), "TIME",
     "starts then or later"},
    {"before", 0, OPTION_TEXT, offsetof(struct bookings_values, before), "TIME", "starts before"},
    {"limit", 'n', OPTION_TEXT, offsetof(struct bookings_values, limit), "COUNT",
     "at most so many, 1 to 200 (50)"},
    {"page", 0, OPTION_TEXT, offsetof(struct bookings_values, page), "TOKEN",
     "go on where a page ended"},
    {"all", 'a', OPTION_FLAG, offsetof(struct bookings_values, all), NULL, "all pages"},
};

static bool fill_bookings(struct session *session, const struct bookings_values *values,
                          lc_list_bookings_request *request) {
    struct arena *arena = &session->arena;
    lc_booking_filter *filter = lc_booking_filter_new(arena);
    if (filter == NULL ||
        !enum_parse_list(arena, &liveconv__v1__booking_status__descriptor, "status",
                         values->statuses.items, values->statuses.count,
                         (int **)&filter->statuses) ||
        !time_read(arena, "from", values->from, &filter->start_from) ||
        !time_read(arena, "before", values->before, &filter->start_before) ||
        !page_size_read(values->limit, &request->page_size))
        return false;
    filter->n_statuses = values->statuses.count;
    if (values->conversation != NULL)
        filter->conversation_id = values->conversation;
    if (values->user != NULL)
        filter->user_id = values->user;
    if (values->page != NULL)
        request->page_token = values->page;
    request->filter = filter;
    return true;
}

static int run_bookings(struct session *session, const struct invocation *invocation) {
    const struct bookings_values *values = invocation->values;
    lc_list_bookings_request request = LC_LIST_BOOKINGS_REQUEST_INIT;
    lc_list_bookings_response *page = NULL;
    if (!fill_bookings(session, values, &request))
        return CLI_USAGE;
    do {
        struct cli_call call;
        struct status status;
        cli_call_begin(session, &call, NULL);
        do {
            status = lc_booking_service_list_bookings(session->channel, &call.options, &request,
                                                      &session->arena, &page, &call.result);
        } while (cli_call_again(&call, status));
        if (!status_is_ok(status))
            return cli_call_failed(&call);
        int code = CLI_OK;
        for (size_t i = 0; i < page->n_bookings && session->settings.json; i++)
            json_print(stdout, &page->bookings[i]->base);
        if (!session->settings.json)
            code = view_bookings(session, page->bookings, page->n_bookings);
        if (code != CLI_OK)
            return code;
        request.page_token = page->next_page_token;
    } while (values->all && page->next_page_token[0] != '\0');
    page_end(session, page->next_page_token);
    return CLI_OK;
}

static int run_cancel(struct session *session, const struct invocation *invocation) {
    lc_cancel_booking_request request = LC_CANCEL_BOOKING_REQUEST_INIT;
    lc_cancel_booking_response *response = NULL;
    struct cli_call call;
    struct status status;
    request.booking_id = invocation->arguments[0];
    request.request_id = session_request_id(session);
    cli_call_begin(session, &call, request.request_id);
    do {
        status = lc_booking_service_cancel_booking(session->channel, &call.options, &request,
                                                   &session->arena, &response, &call.result);
    } while (cli_call_again(&call, status));
    if (!status_is_ok(status))
        return cli_call_failed(&call);
    if (session->settings.json)
        json_print(stdout, &response->base);
    else if (response->booking != NULL)
        view_booking(session, response->booking, NULL, NULL);
    return CLI_OK;
}

static const struct command commands[] = {
    {
        .name = "quote",
        .arguments = "CONVERSATION",
        .min_arguments = 1,
        .max_arguments = 1,
        .summary = "What a seat costs you, and whether you can book it",
        .options = book_options,
        .option_count = QUOTE_OPTIONS,
        .values_bytes = sizeof(struct book_values),
        .run = run_quote,
    },
    {
        .name = "book",
        .arguments = "CONVERSATION",
        .min_arguments = 1,
        .max_arguments = 1,
        .summary = "Book a seat",
        .details = "  liveconv book CONVERSATION\n"
                   "  liveconv book CONVERSATION --expect '12.50 EUR'\n"
                   "  liveconv --json book CONVERSATION | jq -r .booking.id\n",
        .options = book_options,
        .option_count = sizeof book_options / sizeof book_options[0],
        .values_bytes = sizeof(struct book_values),
        .run = run_book,
    },
    {
        .name = "bookings",
        .arguments = "",
        .summary = "Your bookings, or those of a conversation you host",
        .details = "  liveconv bookings --status confirmed --from now\n"
                   "  liveconv bookings --conversation CONVERSATION\n",
        .options = bookings_options,
        .option_count = sizeof bookings_options / sizeof bookings_options[0],
        .values_bytes = sizeof(struct bookings_values),
        .run = run_bookings,
    },
    {
        .name = "cancel-booking",
        .arguments = "BOOKING",
        .min_arguments = 1,
        .max_arguments = 1,
        .summary = "Give a seat up",
        .details = "BOOKING is the id of the booking, as liveconv bookings shows it.\n",
        .run = run_cancel,
    },
};

const struct command_group booking_commands = {"Bookings", commands,
                                               sizeof commands / sizeof commands[0]};
