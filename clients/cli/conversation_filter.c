#include "clients/cli/conversation_filter.h"

#include <stdio.h>

#include "clients/cli/names.h"
#include "clients/cli/view.h"
#include "clients/cli/when.h"

enum { MAX_PAGE = 200 };

bool time_read(struct arena *arena, const char *option, const char *text,
               Google__Protobuf__Timestamp **ret_time) {
    int64_t time_s;
    if (text == NULL)
        return true;
    if (!when_parse(text, view_now_s(), &time_s)) {
        usage_error("--%s: \"%s\" is no time such as now, 'in 30m', '2026-11-25 18:00' or "
                    "2026-11-25T18:00:00Z",
                    option, text);
        return false;
    }
    *ret_time = when_message(arena, time_s);
    return *ret_time != NULL;
}

static bool read_enums(struct arena *arena, const struct filter_values *values,
                       lc_conversation_filter *filter) {
    if (!enum_parse_list(arena, &liveconv__v1__cefr_level__descriptor, "level",
                         values->levels.items, values->levels.count, (int **)&filter->levels) ||
        !enum_parse_list(arena, &liveconv__v1__conversation_type__descriptor, "type",
                         values->types.items, values->types.count, (int **)&filter->types) ||
        !enum_parse_list(arena, &liveconv__v1__conversation_status__descriptor, "status",
                         values->statuses.items, values->statuses.count, (int **)&filter->statuses))
        return false;
    filter->n_levels = values->levels.count;
    filter->n_types = values->types.count;
    filter->n_statuses = values->statuses.count;
    return true;
}

bool filter_read(struct arena *arena, const struct filter_values *values,
                 lc_conversation_filter **ret_filter) {
    lc_conversation_filter *filter = lc_conversation_filter_new(arena);
    if (filter == NULL || !read_enums(arena, values, filter) ||
        !time_read(arena, "from", values->from, &filter->start_from) ||
        !time_read(arena, "before", values->before, &filter->start_before))
        return false;
    if (values->free && values->paid) {
        usage_error("--free and --paid exclude each other");
        return false;
    }
    filter->n_languages = values->languages.count;
    filter->languages = values->languages.items;
    filter->pricing = values->free   ? LC_PRICING_FREE
                      : values->paid ? LC_PRICING_PAID
                                     : LC_PRICING_UNSPECIFIED;
    filter->with_seats_left = values->seats_left;
    if (values->host != NULL)
        filter->host_id = values->host;
    if (values->instructor != NULL)
        filter->instructor_id = values->instructor;
    *ret_filter = filter;
    return true;
}

bool page_size_read(const char *text, int32_t *ret_size) {
    int64_t size;
    if (text == NULL)
        return true;
    if (!parse_int64(text, &size) || size < 1 || size > MAX_PAGE) {
        usage_error("--limit takes 1 to %d", MAX_PAGE);
        return false;
    }
    *ret_size = (int32_t)size;
    return true;
}

void page_end(struct session *session, const char *next_page_token) {
    if (next_page_token[0] == '\0')
        return;
    if (session->settings.json)
        fprintf(stderr, "{\"next_page_token\":\"%s\"}\n", next_page_token);
    else
        fprintf(stderr, "There is more: --all, or --page %s\n", next_page_token);
}
