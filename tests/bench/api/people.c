/* Who calls: tokens of the loaded users, made when they are first needed. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api.h"
#include "auth/mint.h"

enum { STRANGERS = 4096, SECRET_BYTES = 256, TOKEN_SECONDS = 7200 };

static const char issuer[] = "https://id.bench.example"; /* api_world.py says so to the server */

static pthread_mutex_t tokens_lock = PTHREAD_MUTEX_INITIALIZER;

static char *read_secret(const char *path) {
    char *secret = calloc(1, SECRET_BYTES);
    FILE *file = fopen(path, "re");
    if (file == NULL || secret == NULL || fgets(secret, SECRET_BYTES, file) == NULL)
        measure_fail("%s: %s", path, strerror(errno));
    fclose(file);
    return secret;
}

void api_must(struct status status, const char *what) {
    if (!status_is_ok(status))
        measure_fail("%s: %s %s", what, status_code_name(status.code),
                     status.detail != NULL ? status.detail : "");
}

void api_bench_begin(struct api_bench *bench, size_t channels) {
    struct rpc_channel_options options;
    rpc_channel_options_init(&options);
    options.dedicated_connection = true;
    bench->secret = read_secret(bench->options.secret_file);
    bench->tokens = calloc((size_t)bench->options.users + STRANGERS + 1, sizeof *bench->tokens);
    if (bench->tokens == NULL || channels > API_CHANNELS)
        measure_fail("out of memory");
    for (bench->channel_count = 0; bench->channel_count < channels; bench->channel_count++) {
        struct rpc_channel **channel = &bench->channels[bench->channel_count];
        api_must(rpc_channel_new(bench->options.target, &options, channel), "a channel");
        api_must(rpc_channel_wait_ready(*channel, 10000), "a connection");
    }
}

void api_user_id(uint32_t user, char ret_text[UUID_TEXT_BYTES]) {
    snprintf(ret_text, UUID_TEXT_BYTES, "00000000-0000-7000-8000-%012u", user);
}

/* Says what is stored of the user, so that nothing has to be written. */
static char *make_token(const struct api_bench *bench, uint32_t user) {
    const struct api_options *options = &bench->options;
    bool leads = user > options->students && user <= options->students + options->instructors;
    const char *role = leads ? "instructor" : "student";
    char subject[UUID_TEXT_BYTES];
    char name[32];
    char *token = NULL;
    int64_t now_s = (int64_t)time(NULL);
    api_user_id(user, subject);
    snprintf(name, sizeof name, "User %u", user);
    const struct auth_mint mint = {.alg = "HS256",
                                   .key = bench->secret,
                                   .key_len = strlen(bench->secret),
                                   .issuer = issuer,
                                   .audience = "liveconv",
                                   .subject = subject,
                                   .tenant = "bench",
                                   .roles = &role,
                                   .role_count = 1,
                                   .tier = "PRO",
                                   .name = name,
                                   .issued_at_s = now_s - 60,
                                   .expires_at_s = now_s + TOKEN_SECONDS};
    api_must(auth_mint(&mint, &token), "a token");
    size_t size_bytes = strlen("Bearer ") + strlen(token) + 1;
    char *header = malloc(size_bytes);
    if (header == NULL)
        measure_fail("out of memory");
    snprintf(header, size_bytes, "Bearer %s", token);
    free(token);
    return header;
}

const char *api_token(struct api_bench *bench, uint32_t user) {
    if (user == 0 || user > bench->options.users + STRANGERS)
        measure_fail("there is no user %u", user);
    pthread_mutex_lock(&tokens_lock);
    if (bench->tokens[user] == NULL)
        bench->tokens[user] = make_token(bench, user);
    const char *token = bench->tokens[user];
    pthread_mutex_unlock(&tokens_lock);
    return token;
}

void api_random_begin(struct api_random *random, uint64_t salt) {
    random->state = (uint64_t)measure_now_ns() ^ (salt + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

uint32_t api_random_below(struct api_random *random, uint32_t end) {
    random->state = random->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((random->state >> 33) * end >> 31);
}
