#include "rpc/client.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <grpc/grpc_security.h>

#include "base/str.h"
#include "rpc/client_internal.h"
#include "rpc/file.h"

void rpc_channel_options_init(struct rpc_channel_options *options) {
    *options = (struct rpc_channel_options){
        .max_message_bytes = 4u << 20,
        .call_budget_bytes = 16u << 20,
        .keepalive_time_ms = 60000,
        .keepalive_timeout_ms = 20000,
        .max_reconnect_backoff_ms = 20000,
    };
}

static struct status out_of_memory(void) {
    return status_error(STATUS_RESOURCE_EXHAUSTED, STATUS_NO_REASON, "out of memory");
}

/* ---- credentials ---- */

struct pem_texts {
    char *ca;
    char *certificate;
    char *key;
};

static void pem_texts_done(struct pem_texts *texts) {
    free(texts->ca);
    free(texts->certificate);
    rpc_file_free_secret(&texts->key);
}

static struct status read_pem_texts(const struct rpc_channel_tls *tls, struct pem_texts *texts) {
    if (tls->ca_file)
        TRY(rpc_file_read(tls->ca_file, "tls.ca_file cannot be read", &texts->ca));
    if (!tls->certificate_file != !tls->key_file)
        return status_error(STATUS_INVALID_ARGUMENT, STATUS_NO_REASON,
                            "tls.certificate_file and tls.key_file go together");
    if (!tls->certificate_file)
        return status_ok();
    TRY(rpc_file_read(tls->certificate_file, "tls.certificate_file cannot be read",
                      &texts->certificate));
    return rpc_file_read(tls->key_file, "tls.key_file cannot be read", &texts->key);
}

static struct status make_credentials(const struct rpc_channel_tls *tls,
                                      grpc_channel_credentials **ret_credentials) {
    if (!tls) {
        *ret_credentials = grpc_insecure_credentials_create();
        return status_ok();
    }
    struct pem_texts texts = {0};
    struct status status = read_pem_texts(tls, &texts);
    if (status_is_ok(status)) {
        grpc_ssl_pem_key_cert_pair pair = {texts.key, texts.certificate};
        *ret_credentials =
            grpc_ssl_credentials_create(texts.ca, texts.key ? &pair : NULL, NULL, NULL);
        if (!*ret_credentials)
            status = status_error(STATUS_INVALID_ARGUMENT, STATUS_NO_REASON,
                                  "the TLS files hold no usable PEM");
    }
    pem_texts_done(&texts);
    return status;
}

/* ---- making a channel ---- */

enum { CORE_ARGUMENTS = 12 };

static grpc_arg integer(const char *key, int64_t value) {
    return (grpc_arg){.type = GRPC_ARG_INTEGER,
                      .key = (char *)(uintptr_t)key,
                      .value.integer = value > INT_MAX ? INT_MAX : (int)value};
}

static grpc_arg text(const char *key, const char *value) {
    return (grpc_arg){.type = GRPC_ARG_STRING,
                      .key = (char *)(uintptr_t)key,
                      .value.string = (char *)(uintptr_t)value};
}

static size_t core_arguments(const struct rpc_channel_options *o, grpc_arg *arguments) {
    size_t n = 0;
    arguments[n++] = integer(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, (int64_t)o->max_message_bytes);
    arguments[n++] = integer(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
    arguments[n++] = integer(GRPC_ARG_KEEPALIVE_TIME_MS, o->keepalive_time_ms);
    arguments[n++] = integer(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, o->keepalive_timeout_ms);
    arguments[n++] = integer(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    arguments[n++] = integer(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
    arguments[n++] = integer(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, o->max_reconnect_backoff_ms);
    if (o->dedicated_connection)
        arguments[n++] = integer(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    if (o->service_config_json)
        arguments[n++] = text(GRPC_ARG_SERVICE_CONFIG, o->service_config_json);
    if (o->user_agent)
        arguments[n++] = text(GRPC_ARG_PRIMARY_USER_AGENT_STRING, o->user_agent);
    if (o->tls && o->tls->server_name_override)
        arguments[n++] = text(GRPC_SSL_TARGET_NAME_OVERRIDE_ARG, o->tls->server_name_override);
    return n;
}

static struct status connect_core(struct rpc_channel *channel, const char *target,
                                  const struct rpc_channel_options *options) {
    grpc_channel_credentials *credentials = NULL;
    grpc_arg arguments[CORE_ARGUMENTS];
    grpc_channel_args args = {.num_args = core_arguments(options, arguments), .args = arguments};
    TRY(make_credentials(options->tls, &credentials));
    channel->core = grpc_channel_create(target, credentials, &args);
    grpc_channel_credentials_release(credentials);
    return channel->core ? status_ok() : out_of_memory();
}

struct status rpc_channel_new(const char *target, const struct rpc_channel_options *options,
                              struct rpc_channel **ret_channel) {
    struct rpc_channel_options defaults;
    rpc_channel_options_init(&defaults);
    if (!options)
        options = &defaults;
    struct rpc_channel *channel = calloc(1, sizeof *channel);
    if (!channel)
        return out_of_memory();
    channel->options = *options;
    pthread_mutex_init(&channel->lock, NULL);
    pthread_cond_init(&channel->idle, NULL);
    channel->poller = rpc_poller_new(0);
    struct status status =
        channel->poller ? connect_core(channel, target, options) : out_of_memory();
    if (status_is_ok(status) && !rpc_poller_start(channel->poller, "rpc-client"))
        status = status_error(STATUS_RESOURCE_EXHAUSTED, STATUS_NO_REASON, "out of threads");
    if (!status_is_ok(status)) {
        rpc_channel_free(&channel);
        return status;
    }
    *ret_channel = channel;
    return status_ok();
}

static void cancel_all(struct rpc_channel *channel) {
    pthread_mutex_lock(&channel->lock);
    channel->closing = true;
    for (struct rpc_channel_entry *entry = channel->calls; entry; entry = entry->next)
        grpc_call_cancel(entry->core, NULL);
    while (channel->calls)
        pthread_cond_wait(&channel->idle, &channel->lock);
    pthread_mutex_unlock(&channel->lock);
}

void rpc_channel_free(struct rpc_channel **channel_address) {
    struct rpc_channel *channel = *channel_address;
    if (!channel)
        return;
    cancel_all(channel);
    if (channel->core)
        grpc_channel_destroy(channel->core);
    rpc_poller_free(&channel->poller);
    pthread_cond_destroy(&channel->idle);
    pthread_mutex_destroy(&channel->lock);
    free(channel);
    *channel_address = NULL;
}

/* ---- calls ---- */

static gpr_timespec call_deadline(const struct rpc_call_options *options) {
    if (!options || options->timeout_ms <= 0 || options->timeout_ms > INT64_MAX / 2000)
        return rpc_timespec(INT64_MAX);
    return rpc_timespec(rpc_now_us() + options->timeout_ms * 1000);
}

struct status rpc_channel_begin(struct rpc_channel *channel, const struct rpc_method *method,
                                const struct rpc_call_options *options,
                                struct rpc_channel_entry *entry) {
    grpc_slice path = grpc_slice_from_static_string(method->path);
    entry->core = grpc_channel_create_call(channel->core, NULL, GRPC_PROPAGATE_DEFAULTS,
                                           rpc_poller_queue(channel->poller), path, NULL,
                                           call_deadline(options), NULL);
    pthread_mutex_lock(&channel->lock);
    bool closing = channel->closing;
    if (!closing) {
        entry->next = channel->calls;
        entry->previous = NULL;
        if (entry->next)
            entry->next->previous = entry;
        channel->calls = entry;
    }
    pthread_mutex_unlock(&channel->lock);
    if (!closing)
        return status_ok();
    grpc_call_unref(entry->core);
    entry->core = NULL;
    return status_error(STATUS_UNAVAILABLE, STATUS_NO_REASON, "the channel is being closed");
}

void rpc_channel_end(struct rpc_channel *channel, struct rpc_channel_entry *entry) {
    grpc_call *core = entry->core;
    pthread_mutex_lock(&channel->lock);
    if (entry->previous)
        entry->previous->next = entry->next;
    else
        channel->calls = entry->next;
    if (entry->next)
        entry->next->previous = entry->previous;
    entry->core = NULL;
    grpc_call_unref(core);
    if (!channel->calls)
        pthread_cond_broadcast(&channel->idle);
    pthread_mutex_unlock(&channel->lock);
}

/* ---- waiting for a connection ---- */

struct connectivity_wait {
    struct rpc_op op;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool done;
};

static void on_connectivity(struct rpc_op *op, bool ok) {
    (void)ok;
    struct connectivity_wait *wait = (struct connectivity_wait *)op;
    pthread_mutex_lock(&wait->lock);
    wait->done = true;
    pthread_cond_signal(&wait->changed);
    pthread_mutex_unlock(&wait->lock);
}

static void wait_for_change(struct rpc_channel *channel, grpc_connectivity_state from,
                            gpr_timespec deadline) {
    struct connectivity_wait wait = {.lock = PTHREAD_MUTEX_INITIALIZER,
                                     .changed = PTHREAD_COND_INITIALIZER};
    rpc_op_init(&wait.op, channel->poller, on_connectivity);
    rpc_op_hand_over(&wait.op);
    grpc_channel_watch_connectivity_state(channel->core, from, deadline,
                                          rpc_poller_queue(channel->poller), &wait.op);
    pthread_mutex_lock(&wait.lock);
    while (!wait.done)
        pthread_cond_wait(&wait.changed, &wait.lock);
    pthread_mutex_unlock(&wait.lock);
    pthread_cond_destroy(&wait.changed);
    pthread_mutex_destroy(&wait.lock);
}

struct status rpc_channel_wait_ready(struct rpc_channel *channel, int64_t timeout_ms) {
    int64_t until_us = rpc_now_us() + timeout_ms * 1000;
    for (;;) {
        grpc_connectivity_state state = grpc_channel_check_connectivity_state(channel->core, 1);
        if (state == GRPC_CHANNEL_READY)
            return status_ok();
        if (rpc_now_us() >= until_us)
            return status_error(STATUS_DEADLINE_EXCEEDED, STATUS_NO_REASON,
                                "the server could not be reached in time");
        wait_for_change(channel, state, rpc_timespec(until_us));
    }
}
