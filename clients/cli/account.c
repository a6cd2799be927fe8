/* The first screen: who you are, what comes next. */
#include "clients/cli/command.h"
#include "clients/cli/json.h"
#include "clients/cli/names.h"
#include "clients/cli/session.h"
#include "clients/cli/view.h"
#include "clients/cli/when.h"
#include "liveconv/v1/account_service.grpc-c.h"

static void print_heading(const struct session *session, const char *text) {
    printf("\n%s%s%s\n", tone_begin(&session->style, TONE_STRONG), text,
           tone_end(&session->style, TONE_STRONG));
}

static void print_entitlements(struct session *session, const lc_entitlements *entitlements) {
    struct arena *arena = &session->arena;
    view_line(session, "tier", text_clean(arena, entitlements->tier, " "));
    for (size_t i = 0; i < entitlements->n_allowances; i++) {
        const lc_allowance *allowance = entitlements->allowances[i];
        const char *kind = text_clean(arena, allowance->kind, " ");
        view_line(session, "allowance",
                  allowance->per_month < 0
                      ? arena_printf(arena, "%s: %d used, no limit", kind, allowance->used)
                      : arena_printf(arena, "%s: %d of %d used, renews %s", kind, allowance->used,
                                     allowance->per_month,
                                     when_format(arena, allowance->renew_time)));
    }
}

static int print_conversations(struct session *session, const char *heading,
                               lc_conversation_view *const *views, size_t count) {
    if (count == 0)
        return CLI_OK;
    struct arena *arena = &session->arena;
    lc_conversation **conversations = arena_alloc_array(arena, count, sizeof *conversations);
    lc_conversation_viewer **viewers = arena_alloc_array(arena, count, sizeof *viewers);
    if (conversations == NULL || viewers == NULL)
        return out_of_memory();
    size_t shown = 0;
    for (size_t i = 0; i < count; i++) {
        if (views[i]->conversation == NULL)
            continue;
        conversations[shown] = views[i]->conversation;
        viewers[shown++] = views[i]->viewer;
    }
    print_heading(session, heading);
    return view_conversations(session, conversations, viewers, shown);
}

static int print_home(struct session *session, const lc_get_home_response *home) {
    struct arena *arena = &session->arena;
    if (home->user != NULL) {
        view_line(session, "name", text_clean(arena, home->user->display_name, " "));
        view_line(session, "user", text_clean(arena, home->user->id, " "));
        for (size_t i = 0; i < home->user->n_roles; i++)
            view_line(session, i == 0 ? "roles" : "",
                      enum_label(&liveconv__v1__role__descriptor, (int)home->user->roles[i]));
    }
    if (home->entitlements != NULL)
        print_entitlements(session, home->entitlements);
    view_line(session, "unread", arena_printf(arena, "%d", home->unread_total));
    int code = print_conversations(session, "On now", home->live_now, home->n_live_now);
    if (code == CLI_OK && home->n_next_bookings > 0) {
        print_heading(session, "Next bookings");
        code = view_bookings(session, home->next_bookings, home->n_next_bookings);
    }
    if (code == CLI_OK)
        code = print_conversations(session, "You host or lead", home->next_hosted,
                                   home->n_next_hosted);
    return code;
}

static int run_home(struct session *session, const struct invocation *invocation) {
    (void)invocation;
    lc_get_home_request request = LC_GET_HOME_REQUEST_INIT;
    lc_get_home_response *response = NULL;
    struct cli_call call;
    struct status status;
    cli_call_begin(session, &call, NULL);
    do {
        status = lc_account_service_get_home(session->channel, &call.options, &request,
                                             &session->arena, &response, &call.result);
    } while (cli_call_again(&call, status));
    if (!status_is_ok(status))
        return cli_call_failed(&call);
    if (session->settings.json) {
        json_print(stdout, &response->base);
        return CLI_OK;
    }
    return print_home(session, response);
}

static const struct command commands[] = {
    {
        .name = "home",
        .arguments = "",
        .summary = "Who you are, what your tier includes, what comes next",
        .run = run_home,
    },
};

const struct command_group account_commands = {"Account and tools", commands,
                                               sizeof commands / sizeof commands[0]};
