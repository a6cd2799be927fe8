/* Finding conversations: every filter, search, facets, pages. */
#include "service_test.h"

#include <string.h>

static lc_list_conversations_request *new_list(void) {
    lc_list_conversations_request *request = lc_list_conversations_request_new(&t.arena);
    request->filter = lc_conversation_filter_new(&t.arena);
    return request;
}

static struct status try_list(const char *token, const lc_list_conversations_request *request,
                              lc_list_conversations_response **ret_response) {
    struct rpc_call_options options = liveconv_as(token);
    return lc_conversation_service_list_conversations(t.lc->channel, &options, request, &t.arena,
                                                      ret_response, &t.result);
}

static lc_list_conversations_response *listed(const char *token,
                                              const lc_list_conversations_request *request) {
    lc_list_conversations_response *response = NULL;
    assert_ok(try_list(token, request, &response));
    return response;
}

static bool has(const lc_list_conversations_response *response, const char *title) {
    for (size_t i = 0; i < response->n_conversations; i++)
        if (strcmp(response->conversations[i]->conversation->title, title) == 0)
            return true;
    return false;
}

/* Everything that one host made; what other tests made is not seen. */
static lc_list_conversations_request *of_host(const char *host_id) {
    lc_list_conversations_request *request = new_list();
    request->filter->host_id = text("%s", host_id);
    return request;
}

static void filters_narrow_the_list(void **state) {
    (void)state;
    const char *host_id;
    const char *host = new_instructor(&host_id);
    lc_conversation_draft *draft = new_draft("german");
    draft->language = text("de");
    draft->level = LC_CEFR_LEVEL_C1;
    draft->type = LC_CONVERSATION_TYPE_CULTURAL;
    created(host, draft);
    draft = new_draft("paid");
    draft->price = new_money("USD", 500);
    draft->instructor_id = text("%s", host_id);
    draft->start_time = in_seconds(90000);
    draft->end_time = in_seconds(93600);
    created(host, draft);
    assert_int_equal(listed(host, of_host(host_id))->n_conversations, 2);

    lc_list_conversations_request *request = of_host(host_id);
    char *languages[] = {text("DE")};
    request->filter->languages = languages;
    request->filter->n_languages = 1;
    assert_true(has(listed(host, request), "german"));
    assert_int_equal(listed(host, request)->n_conversations, 1);

    request = of_host(host_id);
    lc_cefr_level levels[] = {LC_CEFR_LEVEL_C1};
    request->filter->levels = levels;
    request->filter->n_levels = 1;
    assert_int_equal(listed(host, request)->n_conversations, 1);

    request = of_host(host_id);
    lc_conversation_type types[] = {LC_CONVERSATION_TYPE_GROUP};
    request->filter->types = types;
    request->filter->n_types = 1;
    assert_true(has(listed(host, request), "paid"));
    assert_false(has(listed(host, request), "german"));

    request = of_host(host_id);
    request->filter->pricing = LC_PRICING_PAID;
    assert_true(has(listed(host, request), "paid"));
    request->filter->pricing = LC_PRICING_FREE;
    assert_true(has(listed(host, request), "german"));
    assert_int_equal(listed(host, request)->n_conversations, 1);

    request = of_host(host_id);
    request->filter->start_from = in_seconds(80000);
    assert_int_equal(listed(host, request)->n_conversations, 1);
    request->filter->start_from = NULL;
    request->filter->start_before = in_seconds(80000);
    assert_true(has(listed(host, request), "german"));

    request = of_host(host_id);
    request->filter->instructor_id = text("%s", host_id);
    assert_int_equal(listed(host, request)->n_conversations, 1);

    request = of_host(host_id);
    lc_conversation_status statuses[] = {LC_CONVERSATION_STATUS_CANCELLED};
    request->filter->statuses = statuses;
    request->filter->n_statuses = 1;
    assert_int_equal(listed(host, request)->n_conversations, 0);
}

static void search_finds_words_of_every_script(void **state) {
    (void)state;
    const char *host_id;
    const char *host = new_student(&host_id);
    const char *titles[] = {"A1 Go beginners", "日本語の会話", "محادثة باللغة العربية",
                            "100% _sure_ thing", "Conversación"};
    for (size_t i = 0; i < 5; i++)
        created(host, later(new_draft(titles[i]), (int)i));
    const struct {
        const char *search;
        int found;
    } cases[] = {{"A1", 0},   {"go", 0},          {"会話", 1},  {"会", 1}, {"محادثة", 2},
                 {"100%", 3}, {"conver", 4},      {"begin", 0}, {"_", 3},  {"conversacion", -1},
                 {"x%", -1},  {"A1 beginners", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        lc_list_conversations_request *request = of_host(host_id);
        request->search = text("%s", cases[i].search);
        lc_list_conversations_response *response = listed(host, request);
        if (response->n_conversations != (cases[i].found >= 0))
            fail_msg("'%s' finds %zu", cases[i].search, response->n_conversations);
        if (cases[i].found >= 0)
            assert_true(has(response, titles[cases[i].found]));
    }
}

static void rows_say_what_the_caller_has_to_do_with_them(void **state) {
    (void)state;
    const char *host_id;
    const char *host = new_student(&host_id);
    const char *guest = new_student(NULL);
    lc_conversation_draft *draft = new_draft("one seat");
    draft->max_participants = lc_seat_limit_new(&t.arena);
    draft->max_participants->count = 1;
    lc_conversation *made = created(host, draft);
    booked(guest, made->id);
    lc_list_conversations_request *request = of_host(host_id);
    lc_list_conversations_response *response = listed(guest, request);
    assert_int_equal(response->n_conversations, 1);
    assert_int_equal(response->conversations[0]->viewer->booking_state, LC_BOOKING_STATE_CONFIRMED);
    assert_int_equal(response->conversations[0]->conversation->seats_left, 0);
    assert_string_equal(response->conversations[0]->conversation->host->display_name, host_id);
    request->filter->with_seats_left = true;
    assert_int_equal(listed(guest, request)->n_conversations, 0);
    request->filter->with_seats_left = false;
    request->relation = LC_CONVERSATION_RELATION_BOOKED;
    assert_int_equal(listed(guest, request)->n_conversations, 1);
    assert_int_equal(listed(host, request)->n_conversations, 0);
    request->relation = LC_CONVERSATION_RELATION_HOSTING;
    assert_int_equal(listed(host, request)->n_conversations, 1);
    assert_refused(try_list(new_service("conversations.read"), request, &response),
                   STATUS_INVALID_ARGUMENT, "FIELDS_INCONSISTENT");
}

static void facets_count_without_their_own_filter(void **state) {
    (void)state;
    const char *host_id;
    const char *host = new_student(&host_id);
    lc_conversation_draft *draft = new_draft("one");
    created(host, draft);
    draft->language = text("fr");
    created(host, later(draft, 1));
    created(host, later(draft, 1));
    lc_list_conversations_request *request = of_host(host_id);
    char *languages[] = {text("en")};
    request->filter->languages = languages;
    request->filter->n_languages = 1;
    request->with_facets = true;
    lc_list_conversations_response *response = listed(host, request);
    assert_int_equal(response->n_conversations, 1);
    assert_int_equal(response->n_languages, 2);
    assert_string_equal(response->languages[0]->language, "fr");
    assert_int_equal(response->languages[0]->count, 2);
    assert_int_equal(response->n_levels, 1);
    assert_int_equal(response->levels[0]->level, LC_CEFR_LEVEL_B1);
    assert_int_equal(response->levels[0]->count, 1);
}

static void pages_follow_each_other_without_gaps(void **state) {
    (void)state;
    enum { COUNT = 7 };
    const char *host_id;
    const char *host = new_student(&host_id);
    const lc_conversation_order orders[] = {LC_CONVERSATION_ORDER_START_TIME,
                                            LC_CONVERSATION_ORDER_START_TIME_DESC,
                                            LC_CONVERSATION_ORDER_CREATE_TIME_DESC};
    for (int i = 0; i < COUNT; i++)
        created(host, later(new_draft(text("page %d", i)), i));
    for (size_t k = 0; k < 3; k++) {
        bool seen[COUNT] = {false};
        size_t total = 0;
        lc_list_conversations_request *request = of_host(host_id);
        request->page_size = 2;
        request->order = orders[k];
        do {
            lc_list_conversations_response *response = listed(host, request);
            for (size_t i = 0; i < response->n_conversations; i++) {
                int number = response->conversations[i]->conversation->title[5] - '0';
                assert_false(seen[number]);
                seen[number] = true;
                total++;
            }
            request->page_token = response->next_page_token;
        } while (request->page_token[0] != '\0');
        assert_int_equal(total, COUNT);
    }
}

static void a_token_belongs_to_its_list(void **state) {
    (void)state;
    const char *host_id;
    const char *host = new_student(&host_id);
    for (int i = 0; i < 3; i++)
        created(host, later(new_draft("token"), i));
    lc_list_conversations_request *request = of_host(host_id);
    lc_list_conversations_response *response = NULL;
    request->page_size = 1;
    const char *token = listed(host, request)->next_page_token;
    request->page_token = text("%s", token);
    request->page_size = 100; /* how many is asked anew with each page */
    assert_ok(try_list(host, request, &response));
    assert_refused(try_list(new_student(NULL), request, &response), STATUS_INVALID_ARGUMENT,
                   "PAGE_TOKEN_INVALID");
    request->filter->pricing = LC_PRICING_FREE;
    assert_refused(try_list(host, request, &response), STATUS_INVALID_ARGUMENT,
                   "PAGE_TOKEN_INVALID");
    request->filter->pricing = LC_PRICING_UNSPECIFIED;
    request->page_token[5] ^= 1;
    assert_refused(try_list(host, request, &response), STATUS_INVALID_ARGUMENT,
                   "PAGE_TOKEN_INVALID");
    request->page_token = text("%s", "");
    request->page_size = -1;
    assert_refused(try_list(host, request, &response), STATUS_INVALID_ARGUMENT, NULL);
    request->page_size = 1000000000;
    assert_ok(try_list(host, request, &response));
}

static void what_is_no_language_is_refused(void **state) {
    (void)state;
    lc_list_conversations_request *request = new_list();
    lc_list_conversations_response *response = NULL;
    char *languages[] = {text("en"), text("not a tag")};
    request->filter->languages = languages;
    request->filter->n_languages = 2;
    assert_refused(try_list(new_student(NULL), request, &response), STATUS_INVALID_ARGUMENT,
                   "FIELD_MALFORMED");
    assert_true(violates("filter.languages[1]"));
}

static void only_who_may_see_finds_what_is_hidden(void **state) {
    (void)state;
    const char *host_id;
    const char *host = new_student(&host_id);
    lc_conversation_draft *draft = new_draft("hidden");
    draft->visibility = LC_CONVERSATION_VISIBILITY_INVITED;
    created(host, draft);
    assert_int_equal(listed(host, of_host(host_id))->n_conversations, 1);
    assert_int_equal(listed(new_student(NULL), of_host(host_id))->n_conversations, 0);
    assert_int_equal(listed(new_admin(NULL), of_host(host_id))->n_conversations, 1);
    assert_int_equal(listed(new_service("conversations.read"), of_host(host_id))->n_conversations,
                     1);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_test, end_test)
    const struct CMUnitTest tests[] = {
        TEST(filters_narrow_the_list),
        TEST(search_finds_words_of_every_script),
        TEST(rows_say_what_the_caller_has_to_do_with_them),
        TEST(facets_count_without_their_own_filter),
        TEST(pages_follow_each_other_without_gaps),
        TEST(a_token_belongs_to_its_list),
        TEST(what_is_no_language_is_refused),
        TEST(only_who_may_see_finds_what_is_hidden),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
