/* Creating conversations and changing them: both take the same options. */
#include <stdint.h>
#include <string.h>

#include "clients/cli/command.h"
#include "clients/cli/conversation_filter.h"
#include "clients/cli/json.h"
#include "clients/cli/names.h"
#include "clients/cli/session.h"
#include "clients/cli/view.h"
#include "clients/cli/when.h"
#include "google/protobuf/field_mask.pb-c.h"
#include "liveconv/v1/conversation_service.grpc-c.h"

struct edit_values {
    char *title;
    char *description;
    char *type;
    char *language;
    char *level;
    char *start;
    char *end;
    char *duration;
    char *zone;
    char *seats;
    char *price;
    char *visibility;
    char *instructor;
    char *topic;
    struct option_list vocabulary;
    struct option_list grammar;
    struct option_list prompts;
    char *culture;
    struct option_list invited;
    char *host;
    char *etag;
};

#define EDIT(field) offsetof(struct edit_values, field)
#define EDIT_OPTIONS                                                                               \
    {"title", 0, OPTION_TEXT, EDIT(title), "TEXT", "one line"},                                    \
        {"description", 0, OPTION_TEXT, EDIT(description), "TEXT", "several lines"},               \
        {"type", 0, OPTION_TEXT, EDIT(type), "TYPE", "group, private, practice, cultural"},        \
        {"language", 'l', OPTION_TEXT, EDIT(language), "TAG", "what is practised: ja, pt-BR"},     \
        {"level", 0, OPTION_TEXT, EDIT(level), "LEVEL", "a1 to c2"},                               \
        {"start", 0, OPTION_TEXT, EDIT(start), "TIME", "'in 30m', '2026-11-25 18:00', RFC 3339"},  \
        {"end", 0, OPTION_TEXT, EDIT(end), "TIME", "the same; or --duration"},                     \
        {"duration", 0, OPTION_TEXT, EDIT(duration), "LENGTH", "from the start: 45m, 1h30m"},      \
        {"zone", 0, OPTION_TEXT, EDIT(zone), "ZONE", "the host's, for display: Asia/Tokyo"},       \
        {"seats", 0, OPTION_TEXT, EDIT(seats), "COUNT", "how many can book"},                      \
        {"price", 0, OPTION_TEXT, EDIT(price), "MONEY", "of a seat: '12.50 EUR'; free"},           \
        {"visibility", 0, OPTION_TEXT, EDIT(visibility), "WHO", "public, unlisted, invited"},      \
        {"instructor", 0, OPTION_TEXT, EDIT(instructor), "USER", "who leads it"},                  \
        {"topic", 0, OPTION_TEXT, EDIT(topic), "TEXT", "what it is about, one line"},              \
        {"vocabulary", 0, OPTION_EACH, EDIT(vocabulary), "TERM=MEANING", "may be given again"},    \
        {"grammar", 0, OPTION_EACH, EDIT(grammar), "TEXT", "a point of grammar; again"},           \
        {"prompt", 0, OPTION_EACH, EDIT(prompts), "TEXT", "keeps the talk going; again"},          \
        {"culture", 0, OPTION_TEXT, EDIT(culture), "TEXT", "notes on culture"}, {                  \
        "invite", 0, OPTION_LIST, EDIT(invited), "USER,...", "invited by name"                     \
    }

static const struct option create_options[] = {
    EDIT_OPTIONS,
    {"host", 0, OPTION_TEXT, EDIT(host), "USER", "who hosts it (admins and services)"},
};

static const struct option update_options[] = {
    EDIT_OPTIONS,
    {"etag", 0, OPTION_TEXT, EDIT(etag), "ETAG", "change only what conversations show showed"},
};

static bool fill_enums(const struct edit_values *values, lc_conversation_patch *patch) {
    int type = 0;
    int level = 0;
    int visibility = 0;
    if (!enum_parse_option(&liveconv__v1__conversation_type__descriptor, "type", values->type,
                           &type) ||
        !enum_parse_option(&liveconv__v1__cefr_level__descriptor, "level", values->level, &level) ||
        !enum_parse_option(&liveconv__v1__conversation_visibility__descriptor, "visibility",
                           values->visibility, &visibility))
        return false;
    patch->type = (lc_conversation_type)type;
    patch->level = (lc_cefr_level)level;
    patch->visibility = (lc_conversation_visibility)visibility;
    return true;
}

static bool fill_times(struct arena *arena, const struct edit_values *values,
                       lc_conversation_patch *patch) {
    int64_t duration_s;
    if (!time_read(arena, "start", values->start, &patch->start_time) ||
        !time_read(arena, "end", values->end, &patch->end_time))
        return false;
    if (values->duration == NULL)
        return true;
    if (!when_parse_duration(values->duration, &duration_s)) {
        usage_error("--duration: \"%s\" is no length such as 45m or 1h30m", values->duration);
        return false;
    }
    if (patch->start_time == NULL || patch->end_time != NULL) {
        usage_error("--duration needs --start, and no --end");
        return false;
    }
    patch->end_time = when_message(arena, patch->start_time->seconds + duration_s);
    return patch->end_time != NULL;
}

static bool fill_terms(struct arena *arena, const struct edit_values *values,
                       lc_conversation_patch *patch) {
    int64_t seats;
    if (values->seats != NULL) {
        patch->max_participants = lc_seat_limit_new(arena);
        if (!parse_int64(values->seats, &seats) || seats < 1 || seats > INT32_MAX) {
            usage_error("--seats takes a number");
            return false;
        }
        if (patch->max_participants == NULL)
            return false;
        patch->max_participants->count = (int32_t)seats;
    }
    if (values->price != NULL && strcmp(values->price, "free") != 0) {
        patch->price = money_parse(arena, values->price);
        if (patch->price == NULL) {
            usage_error("--price: \"%s\" is no amount such as '12.50 EUR', nor free",
                        values->price);
            return false;
        }
    }
    return true;
}

static lc_vocabulary_item *read_vocabulary(struct arena *arena, const char *text) {
    lc_vocabulary_item *item = lc_vocabulary_item_new(arena);
    size_t term_len = strcspn(text, "=");
    if (item == NULL)
        return NULL;
    item->term = arena_strndup(arena, text, term_len);
    item->translation = arena_strdup(arena, text[term_len] == '=' ? text + term_len + 1 : "");
    return item->term != NULL && item->translation != NULL ? item : NULL;
}

static bool has_material(const struct edit_values *values) {
    return values->vocabulary.count + values->grammar.count + values->prompts.count > 0 ||
           values->culture != NULL;
}

static bool fill_material(struct arena *arena, const struct edit_values *values,
                          lc_conversation_patch *patch) {
    if (!has_material(values))
        return true;
    lc_learning_material *material = lc_learning_material_new(arena);
    lc_vocabulary_item **items =
        arena_alloc_array(arena, values->vocabulary.count + 1, sizeof(lc_vocabulary_item *));
    if (material == NULL || items == NULL)
        return false;
    for (size_t i = 0; i < values->vocabulary.count; i++) {
        items[i] = read_vocabulary(arena, values->vocabulary.items[i]);
        if (items[i] == NULL)
            return false;
    }
    material->n_vocabulary = values->vocabulary.count;
    material->vocabulary = items;
    material->n_grammar_points = values->grammar.count;
    material->grammar_points = values->grammar.items;
    material->n_conversation_prompts = values->prompts.count;
    material->conversation_prompts = values->prompts.items;
    if (values->culture != NULL)
        material->cultural_notes = values->culture;
    patch->material = material;
    return true;
}

static void set_text(char **field, char *value) {
    if (value != NULL)
        *field = value;
}

/* False after saying what is wrong. */
static bool fill_patch(struct arena *arena, const struct edit_values *values,
                       lc_conversation_patch *patch) {
    if (!fill_enums(values, patch) || !fill_times(arena, values, patch) ||
        !fill_terms(arena, values, patch) || !fill_material(arena, values, patch))
        return false;
    set_text(&patch->title, values->title);
    set_text(&patch->description, values->description);
    set_text(&patch->language, values->language);
    set_text(&patch->time_zone, values->zone);
    set_text(&patch->instructor_id, values->instructor);
    set_text(&patch->topic, values->topic);
    patch->n_invited_user_ids = values->invited.count;
    patch->invited_user_ids = values->invited.items;
    return true;
}

/* A draft has the fields of a patch. */
static void fill_draft(const lc_conversation_patch *patch, lc_conversation_draft *draft) {
    draft->title = patch->title;
    draft->description = patch->description;
    draft->type = patch->type;
    draft->language = patch->language;
    draft->level = patch->level;
    draft->start_time = patch->start_time;
    draft->end_time = patch->end_time;
    draft->time_zone = patch->time_zone;
    draft->max_participants = patch->max_participants;
    draft->price = patch->price;
    draft->visibility = patch->visibility;
    draft->instructor_id = patch->instructor_id;
    draft->topic = patch->topic;
    draft->material = patch->material;
    draft->n_invited_user_ids = patch->n_invited_user_ids;
    draft->invited_user_ids = patch->invited_user_ids;
}

static int run_create(struct session *session, const struct invocation *invocation) {
    const struct edit_values *values = invocation->values;
    lc_conversation_patch patch = LC_CONVERSATION_PATCH_INIT;
    lc_conversation_draft draft = LC_CONVERSATION_DRAFT_INIT;
    lc_create_conversation_request request = LC_CREATE_CONVERSATION_REQUEST_INIT;
    lc_create_conversation_response *response = NULL;
    struct cli_call call;
    struct status status;
    if (!fill_patch(&session->arena, values, &patch))
        return CLI_USAGE;
    fill_draft(&patch, &draft);
    request.conversation = &draft;
    request.request_id = session_request_id(session);
    set_text(&request.host_id, values->host);
    cli_call_begin(session, &call, request.request_id);
    do {
        status = lc_conversation_service_create_conversation(
            session->channel, &call.options, &request, &session->arena, &response, &call.result);
    } while (cli_call_again(&call, status));
    if (!status_is_ok(status))
        return cli_call_failed(&call);
    if (session->settings.json)
        json_print(stdout, &response->base);
    else if (response->conversation != NULL)
        view_conversation(session, response->conversation, response->viewer);
    return CLI_OK;
}

/* The names of what was given, as the field mask of the contract has them. */
static size_t list_paths(const struct edit_values *values, const lc_conversation_patch *patch,
                         char *paths[16]) {
    const struct {
        const char *path;
        bool is_given;
    } fields[] = {
        {"title", values->title != NULL},
        {"description", values->description != NULL},
        {"type", values->type != NULL},
        {"language", values->language != NULL},
        {"level", values->level != NULL},
        {"start_time", patch->start_time != NULL},
        {"end_time", patch->end_time != NULL},
        {"time_zone", values->zone != NULL},
        {"max_participants", values->seats != NULL},
        {"price", values->price != NULL},
        {"visibility", values->visibility != NULL},
        {"instructor_id", values->instructor != NULL},
        {"topic", values->topic != NULL},
        {"material", has_material(values)},
        {"invited_user_ids", values->invited.count > 0},
    };
    size_t count = 0;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (fields[i].is_given)
            paths[count++] = (char *)fields[i].path;
    }
    return count;
}

static int run_update(struct session *session, const struct invocation *invocation) {
    const struct edit_values *values = invocation->values;
    char *paths[16];
    Google__Protobuf__FieldMask mask = GOOGLE__PROTOBUF__FIELD_MASK__INIT;
    lc_conversation_patch patch = LC_CONVERSATION_PATCH_INIT;
    lc_update_conversation_request request = LC_UPDATE_CONVERSATION_REQUEST_INIT;
    lc_update_conversation_response *response = NULL;
    struct cli_call call;
    struct status status;
    if (!fill_patch(&session->arena, values, &patch))
        return CLI_USAGE;
    mask.n_paths = list_paths(values, &patch, paths);
    mask.paths = paths;
    if (mask.n_paths == 0)
        return usage_error("what shall be changed? See liveconv conversations update --help");
    request.conversation_id = invocation->arguments[0];
    request.conversation = &patch;
    request.update_mask = &mask;
    request.request_id = session_request_id(session);
    set_text(&request.etag, values->etag);
    cli_call_begin(session, &call, request.request_id);
    do {
        status = lc_conversation_service_update_conversation(
            session->channel, &call.options, &request, &session->arena, &response, &call.result);
    } while (cli_call_again(&call, status));
    if (!status_is_ok(status))
        return cli_call_failed(&call);
    if (response->conversation != NULL)
        view_changed(session, "changed", response->conversation);
    return CLI_OK;
}

static const struct command commands[] = {
    {
        .name = "conversations create",
        .arguments = "",
        .summary = "Announce a conversation; you are its host",
        .details = "Needed: --title, --type, --language, --level, --start, and --end or --duration."
                   "\nPrice and instructor are for instructors.\n"
                   "\n"
                   "  liveconv conversations create --title 'Japanese over lunch' --type group \\\n"
                   "      --language ja --level a2 --start 'in 30m' --duration 45m --seats 6 \\\n"
                   "      --vocabulary 'いただきます=said before eating'\n"
                   "  liveconv conversations create --title 'Business English' --type practice \\\n"
                   "      --language en --level b2 --start '2026-11-25 18:00' --duration 1h \\\n"
                   "      --price '12.50 EUR'\n",
        .options = create_options,
        .option_count = sizeof create_options / sizeof create_options[0],
        .values_bytes = sizeof(struct edit_values),
        .run = run_create,
    },
    {
        .name = "conversations update",
        .arguments = "CONVERSATION",
        .min_arguments = 1,
        .max_arguments = 1,
        .summary = "Change what is given, leave the rest",
        .details = "  liveconv conversations update CONVERSATION --seats 10 --topic 'Food'\n"
                   "  liveconv conversations update CONVERSATION --start 'in 2h' --duration 1h\n",
        .options = update_options,
        .option_count = sizeof update_options / sizeof update_options[0],
        .values_bytes = sizeof(struct edit_values),
        .run = run_update,
    },
};

const struct command_group conversation_edit_commands = {NULL, commands,
                                                         sizeof commands / sizeof commands[0]};
