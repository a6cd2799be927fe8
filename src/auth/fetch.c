#include "auth/fetch.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <curl/curl.h>

static struct status unavailable(const char *detail) {
    return status_error(STATUS_UNAVAILABLE, STATUS_NO_REASON, detail);
}

bool auth_fetch_url_is_allowed(const char *url, bool http_loopback) {
    static const char *const local[] = {"http://127.0.0.1", "http://[::1]", "http://localhost"};

    if (str_starts_with(url, "https://"))
        return true;
    for (size_t i = 0; http_loopback && i < sizeof local / sizeof local[0]; i++) {
        size_t len = strlen(local[i]);
        /* The name ends here: "http://localhost.example" is somebody else. */
        if (str_starts_with(url, local[i]) && (url[len] == ':' || url[len] == '/'))
            return strchr(url, '@') == NULL;
    }
    return false;
}

struct sink {
    struct str *body;
    size_t max_bytes;
};

static size_t take(char *bytes, size_t size, size_t count, void *context) {
    struct sink *sink = context;
    size_t len = size * count; /* libcurl promises that size is 1 */

    if (len > sink->max_bytes - sink->body->len_bytes || !str_append_bytes(sink->body, bytes, len))
        return 0;
    return len;
}

static void start_library(void) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

static bool prepare(CURL *curl, const char *url, const struct auth_fetch_limits *limits,
                    struct sink *sink) {
    const char *protocols = limits->http_loopback ? "http,https" : "https";

    return curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, protocols) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, limits->timeout_ms) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_MAXFILESIZE, (long)limits->max_bytes) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEDATA, sink) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_USERAGENT, "liveconv") == CURLE_OK &&
           (limits->ca_file == NULL ||
            curl_easy_setopt(curl, CURLOPT_CAINFO, limits->ca_file) == CURLE_OK);
}

static struct status explain(CURLcode code, long response) {
    switch (code) {
    case CURLE_OK:
        return response == 200 ? status_ok() : unavailable("the answer is not 200");
    case CURLE_OPERATION_TIMEDOUT:
        return unavailable("no answer in time");
    case CURLE_PEER_FAILED_VERIFICATION:
        return unavailable("the server's certificate does not verify");
    case CURLE_WRITE_ERROR:
    case CURLE_FILESIZE_EXCEEDED:
        return unavailable("the document is too long");
    default:
        return unavailable("the server cannot be reached");
    }
}

struct status auth_fetch_url(const char *url, const struct auth_fetch_limits *limits,
                             struct str *ret_body) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct sink sink = {ret_body, limits->max_bytes};
    long response = 0;

    if (!auth_fetch_url_is_allowed(url, limits->http_loopback))
        return status_error(STATUS_INVALID_ARGUMENT, STATUS_NO_REASON, "the URL is not https");
    pthread_once(&once, start_library);
    CURL *curl = curl_easy_init();
    if (curl == NULL)
        return unavailable("out of memory");

    struct status status = unavailable("libcurl refuses an option");
    if (prepare(curl, url, limits, &sink)) {
        CURLcode code = curl_easy_perform(curl);
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &response);
        status = explain(code, response);
    }
    curl_easy_cleanup(curl);
    if (!status_is_ok(status))
        str_clear(ret_body);
    return status;
}

struct status auth_fetch_file(const char *path, size_t max_bytes, struct str *ret_body) {
    char buffer[4096];
    struct stat info;
    ssize_t got = 0;
    struct status status = status_ok();

    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO would wait for its writer */
    if (fd < 0)
        return unavailable("a key file cannot be opened");
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
        status = unavailable("a key file is not a regular file");
    while (status_is_ok(status) && (got = read(fd, buffer, sizeof buffer)) > 0) {
        if ((size_t)got > max_bytes - ret_body->len_bytes)
            status =
                status_error(STATUS_INVALID_ARGUMENT, STATUS_NO_REASON, "a key file is too long");
        else if (!str_append_bytes(ret_body, buffer, (size_t)got))
            status = unavailable("out of memory");
    }
    if (status_is_ok(status) && got < 0)
        status = unavailable("a key file cannot be read");
    close(fd);
    if (!status_is_ok(status))
        str_clear(ret_body);
    return status;
}
