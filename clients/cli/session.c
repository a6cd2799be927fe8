#include "clients/cli/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "clients/cli/command.h"

enum {
    ARENA_BYTES = 256 << 20,
    TOKEN_MAX_BYTES = 16 << 10,
    DEFAULT_TIMEOUT_MS = 10000,
    MAX_TIMEOUT_S = 3600,
    MAX_ATTEMPTS = 5,
    FIRST_PAUSE_MS = 200,
    LONGEST_PAUSE_MS = 3000,
};

static char *read_token_file(const char *path) {
    char text[TOKEN_MAX_BYTES];
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return NULL;
    size_t len = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[len] = '\0';
    size_t begin = strspn(text, " \t\r\n");
    size_t token_len = strcspn(text + begin, " \t\r\n");
    return strndup(text + begin, token_len);
}

static char *authorization_of(const char *token) {
    struct str value;
    str_init(&value);
    str_printf(&value, "Bearer %s", token);
    return str_take(&value);
}

static int read_token(struct session *session) {
    const struct settings *settings = &session->settings;
    if (settings->token != NULL) {
        session->authorization = authorization_of(settings->token);
    } else if (settings->token_file != NULL) {
        char *token = read_token_file(settings->token_file);
        if (token == NULL || token[0] == '\0') {
            free(token);
            return usage_error("there is no token in %s", settings->token_file);
        }
        session->authorization = authorization_of(token);
        free(token);
    } else {
        return CLI_OK;
    }
    return session->authorization != NULL ? CLI_OK : out_of_memory();
}

bool session_renew_token(struct session *session) {
    if (session->settings.token != NULL || session->settings.token_file == NULL)
        return false;
    char *token = read_token_file(session->settings.token_file);
    char *authorization = token != NULL && token[0] != '\0' ? authorization_of(token) : NULL;
    free(token);
    if (authorization == NULL || session->authorization == NULL ||
        strcmp(authorization, session->authorization) == 0) {
        free(authorization);
        return false;
    }
    free(session->authorization);
    session->authorization = authorization;
    return true;
}

int session_init(struct session *session, const struct settings *settings) {
    *session = (struct session){.settings = *settings, .timeout_ms = DEFAULT_TIMEOUT_MS};
    session->style = style_of(stdout);
    arena_init(&session->arena, ARENA_BYTES);
    uuid_generator_init(&session->ids, clock_system());
    if (settings->timeout != NULL) {
        int64_t seconds;
        if (!parse_int64(settings->timeout, &seconds) || seconds < 1 || seconds > MAX_TIMEOUT_S)
            return usage_error("--timeout takes 1 to %d seconds", MAX_TIMEOUT_S);
        session->timeout_ms = seconds * 1000;
    }
    struct uuid id;
    if (settings->request_id != NULL &&
        !uuid_parse(settings->request_id, strlen(settings->request_id), &id))
        return usage_error("--request-id takes a UUID");
    return CLI_OK;
}

int session_connect(struct session *session) {
    int code = read_token(session);
    if (code != CLI_OK)
        return code;
    if (session->settings.ca_file != NULL && access(session->settings.ca_file, R_OK) != 0)
        return usage_error("cannot read %s", session->settings.ca_file);
    struct rpc_channel_tls tls = {.ca_file = session->settings.ca_file};
    struct rpc_channel_options options;
    rpc_channel_options_init(&options);
    options.tls = session->settings.tls ? &tls : NULL;
    options.user_agent = "liveconv-cli";
    options.max_reconnect_backoff_ms = LONGEST_PAUSE_MS;
    struct status status = rpc_channel_new(session->settings.server, &options, &session->channel);
    if (!status_is_ok(status))
        return usage_error("cannot use the server %s: %s", session->settings.server,
                           status.detail != NULL ? status.detail : "");
    return CLI_OK;
}

void session_done(struct session *session) {
    rpc_channel_free(&session->channel);
    free(session->authorization);
    session->authorization = NULL;
    arena_done(&session->arena);
}

char *session_new_id(struct session *session, struct arena *arena) {
    struct uuid id;
    char *text = arena_alloc(arena, UUID_TEXT_BYTES);
    if (text == NULL || !uuid_v7(&session->ids, &id)) {
        fputs("liveconv: no memory or no randomness for an id\n", stderr);
        exit(CLI_FAILED);
    }
    uuid_format(&id, text);
    return text;
}

char *session_request_id(struct session *session) {
    if (session->settings.request_id != NULL)
        return session->settings.request_id;
    return session_new_id(session, &session->arena);
}

void cli_call_begin(struct session *session, struct cli_call *ret_call, const char *request_id) {
    *ret_call = (struct cli_call){
        .session = session,
        .options = {.timeout_ms = session->timeout_ms, .authorization = session->authorization},
        .deadline_us = clock_monotonic_us(clock_system()) + session->timeout_ms * 1000,
        .request_id = request_id,
    };
}

static bool is_worth_repeating(const struct rpc_result *result, struct status status) {
    switch (status.code) {
    case STATUS_UNAVAILABLE:
    case STATUS_CANCELLED: /* not by us: the server went down as the call reached it */
        return true;
    case STATUS_ABORTED:
    case STATUS_RESOURCE_EXHAUSTED:
        return result->details.retry_after_ms >= 0;
    default:
        return false;
    }
}

/* Doubled each time; half of it random, so that many who wait do not come at once. */
static int64_t pause_ms(const struct cli_call *call) {
    int64_t pause = FIRST_PAUSE_MS;
    for (int i = 1; i < call->attempts && pause < LONGEST_PAUSE_MS; i++)
        pause *= 2;
    pause = pause / 2 + (clock_monotonic_us(clock_system()) / 7) % (pause / 2 + 1);
    return call->result.details.retry_after_ms > pause ? call->result.details.retry_after_ms
                                                       : pause;
}

bool cli_call_again(struct cli_call *call, struct status status) {
    call->attempts++;
    if (status_is_ok(status) || !is_worth_repeating(&call->result, status) ||
        call->attempts >= MAX_ATTEMPTS)
        return false;
    int64_t pause = pause_ms(call);
    int64_t left = (call->deadline_us - clock_monotonic_us(clock_system())) / 1000;
    if (pause >= left)
        return false;
    struct timespec time = {.tv_sec = pause / 1000, .tv_nsec = (pause % 1000) * 1000000};
    nanosleep(&time, NULL);
    call->options.timeout_ms = left - pause;
    return true;
}

int cli_call_failed(const struct cli_call *call) {
    return cli_result_failed(call->session, &call->result, call->request_id);
}
