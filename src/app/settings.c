#include "app/settings.h"

#include "service/service.h"

#include <stdio.h>
#include <string.h>

#define TEXT(s, k, d, lo, hi, h)                                                                   \
    {                                                                                              \
        .section = (s), .key = (k), .kind = CONFIG_STRING, .default_text = (d), .least = (lo),     \
        .most = (hi), .help = (h)                                                                  \
    }
#define NUMBER(s, k, d, lo, hi, u, h)                                                              \
    {                                                                                              \
        .section = (s), .key = (k), .kind = CONFIG_INT, .default_text = (d), .least = (lo),        \
        .most = (hi), .unit = (u), .help = (h)                                                     \
    }
#define SWITCH(s, k, d, h)                                                                         \
    { .section = (s), .key = (k), .kind = CONFIG_BOOL, .default_text = (d), .help = (h) }
#define TIME(s, k, d, lo, hi, h)                                                                   \
    {                                                                                              \
        .section = (s), .key = (k), .kind = CONFIG_DURATION, .default_text = (d), .least = (lo),   \
        .most = (hi), .help = (h)                                                                  \
    }
#define SIZE(s, k, d, lo, hi, h)                                                                   \
    {                                                                                              \
        .section = (s), .key = (k), .kind = CONFIG_SIZE, .default_text = (d), .least = (lo),       \
        .most = (hi), .help = (h)                                                                  \
    }
#define LIST(s, k, d, hi, h)                                                                       \
    {                                                                                              \
        .section = (s), .key = (k), .kind = CONFIG_LIST, .default_text = (d), .most = (hi),        \
        .help = (h)                                                                                \
    }
#define PATH(s, k, d, h)                                                                           \
    { .section = (s), .key = (k), .kind = CONFIG_PATH, .default_text = (d), .help = (h) }
#define SECRET(s, k, h)                                                                            \
    { .section = (s), .key = (k), .kind = CONFIG_SECRET, .default_text = "", .help = (h) }

/* The keys of one identity provider. */
#define KEYS(s)                                                                                    \
    TEXT(s, "issuer", "", 0, 512, "The `iss` of its tokens. With anything else of this section."), \
        TEXT(s, "audience", "liveconv", 1, 512, "What `aud` must be or hold."),                    \
        LIST(s, "tenants", "", 256, "The tenants it may speak for; * admits all."),                \
        LIST(s, "roles", "student", 4,                                                             \
             "The roles it may give, of student, instructor, admin, service."),                    \
        PATH(s, "secret-file", "", "HS256: the shared secret, at least 32 bytes."),                \
        TEXT(s, "secret-kid", "", 0, 128, "The `kid` of tokens signed with the secret."),          \
        PATH(s, "pem-file", "", "RS256 or ES256: a public key or certificate."),                   \
        TEXT(s, "pem-kid", "", 0, 128, "The `kid` of tokens signed with its private key."),        \
        PATH(s, "jwks-file", "", "A JWKS document."),                                              \
        TEXT(s, "jwks-url", "", 0, 2048, "The address of a JWKS document, read again and again.")

#define KIB INT64_C(1024)
#define MIB (1024 * KIB)
#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)

static const struct config_setting settings[] = {
    TEXT("server", "address", "127.0.0.1:8443", 1, 255,
         "Where gRPC is served: host:port, [::]:port or unix:/path. Port 0: any free one."),
    SWITCH(
        "server", "development", "no",
        "Starts without keys, so that nobody can authenticate, and takes key documents over plain\n"
        "http from this machine. Never where somebody else can reach the server."),
    SWITCH(
        "server", "plaintext", "no",
        "Serves without TLS on an address that is not this machine's own: for a front that ends\n"
        "TLS. Tokens then pass in the clear between the two."),
    TEXT("server", "node-id", "node-1", 1, 64,
         "The name of this server among those that share a database. Each needs its own."),
    TEXT("server", "error-domain", "liveconv.example", 1, 255,
         "`domain` of google.rpc.ErrorInfo in the errors that clients see."),
    NUMBER("server", "workers", "8", 1, 512, "threads", "Handlers that use the database run here."),
    NUMBER("server", "worker-queue", "1024", 1, 1000000, "calls",
           "Calls that may wait for a worker; more are refused at once."),
    NUMBER("server", "wakeup-interval", "500", 0, 10000, "microseconds",
           "Least time between two wake-ups of the thread that serves the network, so that under\n"
           "load one serves several calls: less processor time, up to so much latency. 0: none."),
    TIME(
        "server", "drain-delay", "0", 0, 10 * MINUTE,
        "After SIGTERM: serves on for so long while it says that it is not ready, so that a front\n"
        "stops sending."),
    TIME("server", "drain-grace", "20s", 0, HOUR,
         "Then: how long calls and streams may take to end before they are cancelled."),

    PATH("tls", "certificate-file", "", "PEM chain. Read again on SIGHUP. Empty: no TLS."),
    PATH("tls", "key-file", "", "PEM private key of the certificate."),
    PATH("tls", "client-ca-file", "",
         "PEM. When set, clients need a certificate of it as well as a token."),

    TEXT("side", "address", "127.0.0.1", 1, 255,
         "Numeric address of the side port: /metrics, /livez, /readyz. It has no authentication."),
    NUMBER("side", "port", "9443", -1, 65535, "", "0: any free one; -1: there is no side port."),
    NUMBER("side", "connections", "64", 1, 10000, "connections", "More are refused."),
    TIME("side", "timeout", "10s", SECOND, HOUR,
         "A connection that says nothing is closed after it."),

    TEXT("database", "socket", "", 0, 107, "Unix socket of MariaDB; wins over host."),
    TEXT("database", "host", "", 0, 255, "Host name or address of MariaDB."),
    NUMBER("database", "port", "3306", 1, 65535, "", "With host."),
    TEXT("database", "name", "liveconv", 1, 64, "The database."),
    TEXT("database", "user", "liveconv", 1, 80, "Who connects."),
    SECRET("database", "password-file", "A file that holds the password."),
    PATH("database", "tls-ca-file", "", "PEM; turns TLS to the host on and checks its name."),
    PATH("database", "tls-certificate-file", "", "PEM; for a server that asks for one."),
    PATH("database", "tls-key-file", "", "PEM private key of that certificate."),
    NUMBER("database", "connections", "0", 0, 1000, "connections",
           "0: as many as workers, and a few for scheduled work, so that nobody waits for one."),
    TIME("database", "connect-timeout", "3s", SECOND, MINUTE, "Of one attempt, in whole seconds."),
    TIME("database", "io-timeout", "15s", SECOND, HOUR, "Of one read or write, in whole seconds."),
    TIME("database", "lock-wait", "3s", SECOND, MINUTE, "Wait for a row lock, in whole seconds."),
    TIME("database", "statement-timeout", "10s", 0, HOUR,
         "Of one statement, in whole seconds; 0: none."),
    NUMBER("database", "attempts", "6", 1, 100, "attempts",
           "Of a transaction that meets conflicts."),
    SWITCH("database", "migrate", "no",
           "Brings the schema forward at the start. Otherwise run liveconvd --migrate-only first."),

    NUMBER("auth", "token-cache", "8192", 16, 10000000, "tokens", "Verified tokens that are kept."),
    TIME("auth", "leeway", "60s", 0, 10 * MINUTE, "For clocks that differ: exp, nbf, iat."),
    TIME("auth", "refresh", "5m", SECOND, 24 * HOUR, "Between two looks at every key source."),
    TIME("auth", "refresh-min", "10s", SECOND, HOUR,
         "Between two looks for the sake of an unknown kid."),
    SIZE("auth", "document-max", "256KiB", KIB, 16 * MIB, "Of a key document."),
    TIME("auth", "fetch-timeout", "10s", SECOND, MINUTE, "Of reading a key document by its URL."),
    PATH("auth", "ca-file", "", "PEM; whom to trust for key documents. Empty: the system's."),
    TEXT("auth", "claim-subject", "sub", 1, 64, "Where a token says what: names of claims."),
    TEXT("auth", "claim-tenant", "tenant", 1, 64, ""),
    TEXT("auth", "claim-roles", "roles", 1, 64, ""),
    TEXT("auth", "claim-tier", "tier", 1, 64, ""),
    TEXT("auth", "claim-scope", "scope", 1, 64, ""),
    TEXT("auth", "claim-name", "name", 1, 64, ""),
    TEXT("auth", "claim-picture", "picture", 1, 64, ""),
    TEXT("auth", "claim-locale", "locale", 1, 64, ""),

    KEYS("keys-1"),
    KEYS("keys-2"),
    KEYS("keys-3"),
    KEYS("keys-4"),

    SIZE("limits", "message", "4MiB", KIB, 64 * MIB, "Of a request, also after inflating."),
    SIZE("limits", "response", "4MiB", 4 * MIB, 64 * MIB,
         "Of a response; pages and snapshots are made to fit the least."),
    SIZE(
        "limits", "conversation", "64KiB", SERVICE_CONVERSATION_BYTES_LEAST,
        SERVICE_CONVERSATION_BYTES_MOST,
        "Of a conversation as encoded, its learning material included. Larger ones that are there\n"
        "stay, and may shrink."),
    SIZE("limits", "call-memory", "16MiB", 64 * KIB, 1024 * MIB, "All memory of one call."),
    SIZE("limits", "metadata", "16KiB", 4 * KIB, MIB, "Of a request's headers."),
    NUMBER("limits", "message-depth", "64", 1, 100, "levels", "Messages within messages."),
    NUMBER("limits", "message-elements", "100000", 100, 10000000, "fields",
           "Of a request, known or not."),
    NUMBER("limits", "streams-per-connection", "256", 1, 100000, "calls",
           "Open at a time on one connection."),
    SIZE("limits", "stream-outbox", "1MiB", 4 * KIB, 64 * MIB,
         "What may wait for a stream that reads too slowly."),
    TIME("limits", "unary-deadline", "30s", SECOND, HOUR,
         "The longest a call that is no stream takes."),
    TIME("limits", "stream-age", "1h", 0, 24 * HOUR,
         "A stream is asked to come again after it, give or take a tenth. 0: never."),
    TIME("limits", "goodbye-grace", "5s", 0, MINUTE, "Between goodbye and the end of a stream."),
    TIME("limits", "keepalive-time", "60s", 10 * SECOND, HOUR,
         "Pings on connections that say nothing."),
    TIME("limits", "keepalive-timeout", "20s", SECOND, HOUR, "A ping unanswered so long ends it."),
    TIME("limits", "client-ping", "10s", SECOND, HOUR, "Clients may ping this often."),
    NUMBER("limits", "stream-queues", "128", 1, 1024, "queues",
           "Completion queues that streams are spread over."),
    NUMBER("limits", "rate", "50", 0, 1000000, "calls",
           "Calls a second of one caller, kept up for long; 0: unlimited. A caller is a user of a\n"
           "tenant, or an address when there is no token."),
    NUMBER("limits", "rate-burst", "200", 1, 1000000, "calls", "Of one caller at once."),
    NUMBER("limits", "rate-callers", "65536", 64, 100000000, "callers",
           "That are kept in mind; beyond it the least active are forgotten."),

    SECRET(
        "service", "page-key-file",
        "At least 32 bytes that seal page tokens, the same on every node. Empty: random, so that\n"
        "page tokens end with the process."),
    PATH("service", "zone-directory", "/usr/share/zoneinfo", "Time zones, as TZif files."),
    NUMBER("service", "user-cache", "4096", 16, 10000000, "users", "Known without asking again."),
    TIME("service", "user-cache-time", "1500ms", 0, HOUR,
         "How long: a suspension is felt after it."),
    NUMBER("service", "tenant-cache", "64", 1, 100000, "tenants", "Settings that are kept."),
    TIME("service", "tenant-cache-time", "5s", 0, HOUR, "Changed settings are felt after it."),

    NUMBER("live", "ring-entries", "1024", 16, 1000000, "events",
           "Of a topic, in memory; readers that are further behind read the log."),
    SIZE("live", "ring-bytes", "1MiB", 16 * KIB, 256 * MIB, "Of a topic, in memory."),
    NUMBER("live", "page-entries", "128", 1, 1000, "events", "Of one read of the log."),
    NUMBER("live", "pages-per-topic", "4", 1, 1000, "pages", "Kept for those who are behind."),
    NUMBER("live", "max-behind", "5000", 1, 10000000, "events",
           "Who is further behind is sent a snapshot instead."),
    TIME("live", "hole-wait", "20ms", 1, MINUTE, "Before a hole in a ring is read from the log."),
    TIME("live", "look-every", "10s", 100, HOUR,
         "A topic that is followed is compared with its log this often: what other nodes wrote."),
    TIME("live", "topic-idle", "30s", 100, HOUR, "A topic that nobody follows is kept so long."),
    TIME("live", "slow-after", "60s", SECOND, HOUR, "A write that takes longer ends its stream."),
    TIME("live", "leave-grace", "500ms", 10, 2 * SECOND,
         "For the last writes of a stream that is replaced, suspended or slow; then it is cut."),
    TIME("live", "join-lease", "30s", SECOND, HOUR, "From joining until a stream must be open."),
    TIME("live", "away", "60s", SECOND, HOUR,
         "From the end of the last stream until one has left."),
    TIME("live", "speaking", "10s", SECOND, MINUTE, "Speaking must be renewed within it."),
    TIME("live", "typing", "5s", SECOND, MINUTE, "Typing must be renewed within it."),
    TIME("live", "watch-interval", "1s", 10, MINUTE,
         "A conversation of a page that is watched changes at most once in so long."),
    NUMBER("live", "watch-groups", "512", 1, 100000, "filters",
           "Different ones that are watched at once; each has its page in memory."),
    NUMBER("live", "presence-queue", "16384", 16, 10000000, "changes",
           "Of presence that wait to be written."),
    TIME("live", "retry-after", "1s", 0, MINUTE,
         "What a goodbye tells clients to wait, each a little differently."),

    SWITCH("schedule", "enabled", "yes", "Does the work that falls due although nobody calls."),
    TIME("schedule", "sessions-every", "5s", 100, HOUR,
         "Sessions that start, end or are called off by the clock."),
    TIME("schedule", "presence-every", "4s", 100, 5 * SECOND,
         "Participants whose streams are gone; renews this server's lease, which lasts 15 s."),
    TIME("schedule", "trim-every", "1m", 100, 24 * HOUR,
         "Events, request records and messages that are old."),
    NUMBER("schedule", "batch", "50", 1, 1000, "rows", "At most, in one transaction."),
    TIME("schedule", "suspensions-every", "1s", 100, MINUTE,
         "Looks for users who were suspended on another node."),
    TIME("schedule", "ready-every", "1s", 100, MINUTE, "Looks whether the database answers."),

    {.section = "log",
     .key = "level",
     .kind = CONFIG_STRING,
     .default_text = "info",
     .choices = "debug|info|warning|error",
     .help = "One JSON object a line, on standard error."},
    SWITCH("log", "calls", "no", "A line for every call."),
};

const struct config_setting *app_settings(size_t *ret_count) {
    *ret_count = sizeof settings / sizeof settings[0];
    return settings;
}

const char *app_key_setting(size_t index, const char *key, char ret_name[APP_KEY_NAME_BYTES]) {
    (void)snprintf(ret_name, APP_KEY_NAME_BYTES, "keys-%zu.%s", index + 1, key);
    return ret_name;
}

static bool key_text_is_set(const struct config *config, size_t index, const char *key) {
    char name[APP_KEY_NAME_BYTES];
    return config_string(config, app_key_setting(index, key, name))[0] != '\0';
}

static bool has_source(const struct config *config, size_t index) {
    return key_text_is_set(config, index, "secret-file") ||
           key_text_is_set(config, index, "pem-file") ||
           key_text_is_set(config, index, "jwks-file") ||
           key_text_is_set(config, index, "jwks-url");
}

bool app_key_set_is_used(const struct config *config, size_t index) {
    return has_source(config, index) || key_text_is_set(config, index, "issuer");
}

bool app_address_is_local(const char *address) {
    return str_starts_with(address, "127.") || str_starts_with(address, "[::1]:") ||
           strcmp(address, "::1") == 0 || str_starts_with(address, "localhost:") ||
           strcmp(address, "localhost") == 0 || str_starts_with(address, "unix:");
}

static void check_key_set(const struct config *config, size_t index, struct str *problems) {
    static const char *const role_names[] = {"student", "instructor", "admin", "service"};
    char name[APP_KEY_NAME_BYTES];
    size_t count;
    if (!has_source(config, index))
        str_printf(problems,
                   "[keys-%zu]: an issuer without keys: set secret-file, pem-file, "
                   "jwks-file or jwks-url\n",
                   index + 1);
    if (!key_text_is_set(config, index, "issuer"))
        str_printf(problems, "[keys-%zu]: keys without an issuer: set issuer\n", index + 1);
    (void)config_list(config, app_key_setting(index, "tenants", name), &count);
    if (count == 0)
        str_printf(problems, "[keys-%zu]: keys that speak for nobody: set tenants, or * for all\n",
                   index + 1);
    const char *const *roles = config_list(config, app_key_setting(index, "roles", name), &count);
    for (size_t i = 0; i < count; i++) {
        bool known = false;
        for (size_t k = 0; k < sizeof role_names / sizeof role_names[0]; k++)
            known = known || strcmp(roles[i], role_names[k]) == 0;
        if (!known)
            str_printf(problems,
                       "[keys-%zu]: roles: \"%s\" is none of student, instructor, admin, "
                       "service\n",
                       index + 1, roles[i]);
    }
}

static void check_keys(const struct config *config, struct str *problems) {
    size_t used = 0;
    for (size_t i = 0; i < APP_KEY_SETS; i++) {
        if (!app_key_set_is_used(config, i))
            continue;
        used++;
        check_key_set(config, i, problems);
    }
    if (used == 0 && !config_bool(config, "server.development"))
        str_append(problems, "[keys-1]: no keys, so nobody could ever authenticate: set issuer, "
                             "tenants and jwks-url, jwks-file, pem-file or secret-file "
                             "(or server.development = yes)\n");
}

static void check_tls(const struct config *config, struct str *problems) {
    bool certificate = config_string(config, "tls.certificate-file")[0] != '\0';
    bool key = config_string(config, "tls.key-file")[0] != '\0';
    const char *address = config_string(config, "server.address");
    if (certificate != key)
        str_append(problems, "[tls]: certificate-file and key-file belong together\n");
    if (!certificate && config_string(config, "tls.client-ca-file")[0] != '\0')
        str_append(problems, "[tls]: client-ca-file needs certificate-file and key-file\n");
    if (!certificate && !app_address_is_local(address) && !config_bool(config, "server.plaintext"))
        str_printf(problems,
                   "server.address: \"%s\" can be reached by others, and tokens would pass "
                   "in the clear: set [tls], or server.plaintext = yes\n",
                   address);
}

static void check_page_key(const struct config *config, struct str *problems) {
    size_t len = 0;
    const char *key = config_secret(config, "service.page-key-file", &len);
    if (key != NULL && len < 32)
        str_append(problems, "service.page-key-file: holds fewer than 32 bytes\n");
}

bool app_settings_check(const struct config *config, struct str *problems) {
    size_t before = problems->len_bytes;
    check_keys(config, problems);
    check_tls(config, problems);
    check_page_key(config, problems);
    if (config_string(config, "database.socket")[0] == '\0' &&
        config_string(config, "database.host")[0] == '\0')
        str_append(problems, "[database]: neither socket nor host is set\n");
    if (config_int(config, "database.connections") != 0 &&
        config_int(config, "database.connections") < config_int(config, "server.workers"))
        str_append(problems,
                   "database.connections: fewer than server.workers, so calls would wait\n");
    return problems->len_bytes == before && !problems->failed;
}

struct config *app_settings_read(const char *file, char *const *environment, struct str *problems) {
    size_t count;
    const struct config_setting *table = app_settings(&count);
    struct config *config = config_new(table, count);
    if (config == NULL)
        return NULL;
    if (file != NULL)
        config_read_file(config, file);
    config_read_environment(config, APP_SETTINGS_PREFIX, environment);
    if (!config_finish(config)) {
        for (size_t i = 0; i < config_problem_count(config); i++)
            str_printf(problems, "%s\n", config_problem(config, i));
        config_free(&config);
        return NULL;
    }
    if (!app_settings_check(config, problems))
        config_free(&config);
    return config;
}
