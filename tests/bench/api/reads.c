/* GetHome and ListConversations, each call as another user. */
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "liveconv/v1/account_service.grpc-c.h"
#include "liveconv/v1/conversation_service.grpc-c.h"

/* ---- the first screen ---- */

static void on_home(void *context, const struct rpc_result *result,
                    const lc_get_home_response *response) {
    (void)response;
    api_lane_done(context, result);
}

static uint32_t anybody(struct api_lane *lane) {
    return 1 + api_random_below(&lane->random, api_bench_of(lane)->options.users);
}

static struct status start_home(struct api_lane *lane) {
    lc_get_home_request request = LC_GET_HOME_REQUEST_INIT;
    struct rpc_call_options options = api_lane_begin(lane, anybody(lane));
    return lc_account_service_get_home_async(lane->channel, &options, &request, on_home, lane);
}

void api_home(struct api_bench *bench, const char *name, struct api_report *ret_report) {
    (void)name;
    api_run(bench, start_home, NULL, ret_report);
}

/* ---- lists ---- */

/* What is asked; zero is not asked. */
struct list_case {
    const char *name;
    const char *language;
    lc_cefr_level level;
    lc_pricing pricing;
    bool with_seats_left;
    bool of_instructor; /* one of them, another with each call */
    bool all_statuses;
    lc_conversation_relation relation;
    lc_conversation_order order;
    const char *search;
    bool with_facets;
};

static const struct list_case cases[] = {
    {.name = "list_open"},
    {.name = "list_language", .language = "es"},
    {.name = "list_rare_language_level", .language = "zh", .level = LC_CEFR_LEVEL_B1},
    {.name = "list_free_seats_left", .pricing = LC_PRICING_FREE, .with_seats_left = true},
    {.name = "list_instructor", .of_instructor = true},
    {.name = "list_newest", .order = LC_CONVERSATION_ORDER_CREATE_TIME_DESC},
    {.name = "list_all_statuses",
     .all_statuses = true,
     .order = LC_CONVERSATION_ORDER_START_TIME_DESC},
    {.name = "list_own", .relation = LC_CONVERSATION_RELATION_OWN},
    {.name = "search_rare", .search = "koduba"},
    {.name = "search_topic", .search = "travel"},
    {.name = "search_common", .search = "conversation"},
    {.name = "search_common_all", .search = "conversation", .all_statuses = true},
    {.name = "search_common_prefix", .search = "practice con"},
    {.name = "search_common_few", .search = "quiet chinese dreams"},
    {.name = "search_common_none", .search = "quiet lively"},
    {.name = "facets_open", .with_facets = true},
    {.name = "facets_language", .language = "es", .with_facets = true},
    {.name = "facets_all_statuses", .all_statuses = true, .with_facets = true},
    {.name = "facets_search_rare", .search = "koduba", .with_facets = true},
    {.name = "facets_search_topic", .search = "travel", .with_facets = true},
    {.name = "facets_search_common", .search = "conversation", .with_facets = true},
};

static void on_list(void *context, const struct rpc_result *result,
                    const lc_list_conversations_response *response) {
    (void)response;
    api_lane_done(context, result);
}

/* Requests are packed before the stub returns: what they point at may be on the stack. */
static struct status start_list(struct api_lane *lane) {
    const struct list_case *asked = api_context(lane);
    const struct api_options *bench = &api_bench_of(lane)->options;
    lc_conversation_filter filter = LC_CONVERSATION_FILTER_INIT;
    lc_list_conversations_request request = LC_LIST_CONVERSATIONS_REQUEST_INIT;
    char *languages[] = {(char *)(uintptr_t)asked->language};
    lc_cefr_level levels[] = {asked->level};
    lc_conversation_status statuses[] = {
        LC_CONVERSATION_STATUS_SCHEDULED, LC_CONVERSATION_STATUS_LIVE,
        LC_CONVERSATION_STATUS_COMPLETED, LC_CONVERSATION_STATUS_CANCELLED};
    char instructor[UUID_TEXT_BYTES];

    filter.languages = languages;
    filter.n_languages = asked->language != NULL ? 1 : 0;
    filter.levels = levels;
    filter.n_levels = asked->level != 0 ? 1 : 0;
    filter.statuses = statuses;
    filter.n_statuses = asked->all_statuses ? 4 : 0;
    filter.pricing = asked->pricing;
    filter.with_seats_left = asked->with_seats_left;
    if (asked->of_instructor) {
        api_user_id(bench->students + 1 + api_random_below(&lane->random, bench->instructors),
                    instructor);
        filter.instructor_id = instructor;
    }
    request.filter = &filter;
    request.relation = asked->relation;
    request.order = asked->order;
    request.with_facets = asked->with_facets;
    if (asked->search != NULL)
        request.search = (char *)(uintptr_t)asked->search;
    struct rpc_call_options options = api_lane_begin(lane, anybody(lane));
    return lc_conversation_service_list_conversations_async(lane->channel, &options, &request,
                                                            on_list, lane);
}

void api_list(struct api_bench *bench, const char *name, struct api_report *ret_report) {
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (strcmp(name, cases[i].name) != 0)
            continue;
        struct list_case asked = cases[i];
        api_run(bench, start_list, &asked, ret_report);
        return;
    }
    measure_fail("there is no case %s", name);
}
