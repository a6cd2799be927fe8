/* For developers: tokens, and whether the server serves. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/mint.h"
#include "clients/cli/command.h"
#include "clients/cli/json.h"
#include "clients/cli/names.h"
#include "clients/cli/session.h"
#include "clients/cli/view.h"
#include "clients/cli/when.h"
#include "grpc/health/v1/health.grpc-c.h"

struct token_values {
    char *secret_file;
    char *algorithm;
    char *kid;
    char *issuer;
    char *audience;
    char *subject;
    char *tenant;
    struct option_list roles;
    char *tier;
    struct option_list scopes;
    char *name;
    char *picture;
    char *locale;
    char *lifetime;
};

#define TOKEN(field) offsetof(struct token_values, field)

static const struct option token_options[] = {
    {"secret-file", 0, OPTION_TEXT, TOKEN(secret_file), "FILE",
     "the shared secret, or a private key in PEM; needed"},
    {"algorithm", 0, OPTION_TEXT, TOKEN(algorithm), "NAME", "HS256, RS256 or ES256 (HS256)"},
    {"kid", 0, OPTION_TEXT, TOKEN(kid), "ID", "which key it is (dev)"},
    {"issuer", 0, OPTION_TEXT, TOKEN(issuer), "TEXT", "iss (https://id.liveconv.example)"},
    {"audience", 0, OPTION_TEXT, TOKEN(audience), "TEXT", "aud (liveconv)"},
    {"subject", 0, OPTION_TEXT, TOKEN(subject), "TEXT", "sub: who it is about; needed"},
    {"tenant", 0, OPTION_TEXT, TOKEN(tenant), "TEXT", "tenant; needed"},
    {"role", 0, OPTION_LIST, TOKEN(roles), "ROLE,...",
     "student, instructor, admin, service (student)"},
    {"tier", 0, OPTION_TEXT, TOKEN(tier), "TIER", "such as FREE or PREMIUM"},
    {"scope", 0, OPTION_LIST, TOKEN(scopes), "SCOPE,...", "of a service: users.write"},
    {"name", 0, OPTION_TEXT, TOKEN(name), "TEXT", "for display"},
    {"picture", 0, OPTION_TEXT, TOKEN(picture), "URL", "for display"},
    {"locale", 0, OPTION_TEXT, TOKEN(locale), "TAG", "language of the user's app"},
    {"lifetime", 0, OPTION_TEXT, TOKEN(lifetime), "LENGTH", "until it expires: 1h, 30d (1h)"},
};

enum { KEY_MAX_BYTES = 16 << 10 };

/* The whole file; of a secret, without the line break that editors leave at its end. */
static bool read_key(const char *path, bool is_secret, char key[KEY_MAX_BYTES], size_t *ret_len) {
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    size_t len = fread(key, 1, KEY_MAX_BYTES - 1, file);
    fclose(file);
    while (is_secret && len > 0 && (key[len - 1] == '\n' || key[len - 1] == '\r'))
        len--;
    key[len] = '\0';
    *ret_len = len;
    return len > 0;
}

static const char *scopes_joined(struct arena *arena, const struct option_list *scopes) {
    const char *text = NULL;
    for (size_t i = 0; i < scopes->count; i++)
        text = arena_printf(arena, "%s%s%s", text != NULL ? text : "", text != NULL ? " " : "",
                            scopes->items[i]);
    return text;
}

static void fill_mint(struct session *session, const struct token_values *values,
                      struct auth_mint *mint) {
    static const char *const default_roles[] = {"student"};
    mint->alg = values->algorithm != NULL ? values->algorithm : "HS256";
    mint->kid = values->kid != NULL ? values->kid : "dev";
    mint->issuer = values->issuer != NULL ? values->issuer : "https://id.liveconv.example";
    mint->audience = values->audience != NULL ? values->audience : "liveconv";
    mint->subject = values->subject;
    mint->tenant = values->tenant;
    mint->roles =
        values->roles.count > 0 ? (const char *const *)values->roles.items : default_roles;
    mint->role_count = values->roles.count > 0 ? values->roles.count : 1;
    mint->tier = values->tier;
    mint->scope = scopes_joined(&session->arena, &values->scopes);
    mint->name = values->name;
    mint->picture = values->picture;
    mint->locale = values->locale;
}

static int run_token(struct session *session, const struct invocation *invocation) {
    const struct token_values *values = invocation->values;
    char key[KEY_MAX_BYTES];
    struct auth_mint mint = {0};
    int64_t lifetime_s = 3600;
    char *token = NULL;
    if (values->secret_file == NULL || values->subject == NULL || values->tenant == NULL)
        return usage_error("token needs --secret-file, --subject and --tenant");
    if (values->lifetime != NULL && !when_parse_duration(values->lifetime, &lifetime_s))
        return usage_error("--lifetime: \"%s\" is no length such as 1h or 30d", values->lifetime);
    fill_mint(session, values, &mint);
    if (!read_key(values->secret_file, strncmp(mint.alg, "HS", 2) == 0, key, &mint.key_len))
        return usage_error("there is no key in %s", values->secret_file);
    mint.key = key;
    mint.issued_at_s = view_now_s();
    mint.expires_at_s = mint.issued_at_s + lifetime_s;
    struct status status = auth_mint(&mint, &token);
    explicit_bzero(key, sizeof key);
    if (!status_is_ok(status))
        return usage_error("no token: %s", status.detail != NULL ? status.detail : "");
    puts(token);
    free(token);
    return CLI_OK;
}

static int run_health(struct session *session, const struct invocation *invocation) {
    Grpc__Health__V1__HealthCheckRequest request = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
    Grpc__Health__V1__HealthCheckResponse *response = NULL;
    struct cli_call call;
    struct status status;
    if (invocation->argument_count > 0)
        request.service = invocation->arguments[0];
    cli_call_begin(session, &call, NULL);
    call.options.authorization = NULL;
    do {
        status = grpc_health_v1_health_check(session->channel, &call.options, &request,
                                             &session->arena, &response, &call.result);
    } while (cli_call_again(&call, status));
    if (!status_is_ok(status))
        return cli_call_failed(&call);
    bool serves =
        response->status == GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING;
    if (session->settings.json)
        json_print(stdout, &response->base);
    else
        printf("%s%s%s\n", tone_begin(&session->style, serves ? TONE_GOOD : TONE_BAD),
               serves ? "SERVING" : "NOT_SERVING",
               tone_end(&session->style, serves ? TONE_GOOD : TONE_BAD));
    return serves ? CLI_OK : CLI_UNREACHABLE;
}

static const struct command commands[] = {
    {
        .name = "health",
        .arguments = "[SERVICE]",
        .max_arguments = 1,
        .summary = "Whether the server serves",
        .details = "Exits with 0 when it does. SERVICE is a full name such as\n"
                   "liveconv.v1.LiveService; without it, the whole server.\n",
        .run = run_health,
    },
    {
        .name = "token",
        .arguments = "",
        .summary = "Make a token for development",
        .details =
            "Needs the key that the server trusts: never where real users are. The defaults are\n"
            "those of ci/run, whose key is run/secret.\n"
            "\n"
            "  liveconv token --secret-file run/secret --tenant demo --subject yuki \\\n"
            "      --name Yuki --role student --tier PREMIUM > yuki.token\n"
            "  liveconv --token-file yuki.token home\n",
        .options = token_options,
        .option_count = sizeof token_options / sizeof token_options[0],
        .values_bytes = sizeof(struct token_values),
        .is_offline = true,
        .run = run_token,
    },
};

const struct command_group tool_commands = {NULL, commands, sizeof commands / sizeof commands[0]};
