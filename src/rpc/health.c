#include "rpc/health.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "grpc/health/v1/health.grpc-c.h"
#include "rpc/stream.h"

typedef Grpc__Health__V1__HealthCheckRequest check_request;
typedef Grpc__Health__V1__HealthCheckResponse check_response;
typedef Grpc__Health__V1__HealthCheckResponse__ServingStatus serving_status;

#define SERVING GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING
#define NOT_SERVING GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__NOT_SERVING
#define SERVICE_UNKNOWN GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVICE_UNKNOWN

/* A watcher keeps the name it asked for: any caller may ask, for as long as a message may be. */
enum { SERVICE_NAME_MAX = 512 };

struct known_service {
    struct known_service *next;
    serving_status status;
    char name[];
};

struct watcher {
    struct rpc_health *health;
    struct watcher *next;
    struct watcher *previous;
    struct rpc_call *call;
    bool told; /* poller's, as is what follows */
    serving_status last;
    bool leaving;
    char service[];
};

struct rpc_health {
    struct grpc_health_v1_health_handlers handlers;
    pthread_mutex_t lock; /* guards the two lists; not held across calls into the runtime but
                             rpc_stream_ready(), which only queues */
    struct known_service *services;
    struct watcher *watchers;
};

/* ---- what is known; with the lock held ---- */

static struct known_service *find(struct rpc_health *health, const char *name) {
    struct known_service *service = health->services;
    while (service && strcmp(service->name, name) != 0)
        service = service->next;
    return service;
}

static bool add(struct rpc_health *health, const char *name, serving_status status) {
    size_t len = strlen(name);
    struct known_service *service = malloc(sizeof *service + len + 1);
    if (!service)
        return false;
    memcpy(service->name, name, len + 1);
    service->status = status;
    service->next = health->services;
    health->services = service;
    return true;
}

static void wake_watchers(struct rpc_health *health) {
    for (struct watcher *watcher = health->watchers; watcher; watcher = watcher->next)
        rpc_stream_ready(watcher->call);
}

static serving_status status_of(struct rpc_health *health, const char *name) {
    pthread_mutex_lock(&health->lock);
    const struct known_service *service = find(health, name);
    serving_status status = service ? service->status : SERVICE_UNKNOWN;
    pthread_mutex_unlock(&health->lock);
    return status;
}

/* ---- Check ---- */

static struct status check(void *self, struct rpc_call *call, const check_request *request,
                           check_response *ret_response) {
    (void)call;
    ret_response->status = status_of(self, request->service);
    if (ret_response->status == SERVICE_UNKNOWN)
        return status_error(STATUS_NOT_FOUND, STATUS_NO_REASON, "this server has no such service");
    return status_ok();
}

/* ---- Watch ---- */

static enum rpc_pull pull(void *source, struct rpc_writer *writer, struct status *ret_status) {
    struct watcher *watcher = source;
    serving_status status = status_of(watcher->health, watcher->service);
    if (!watcher->told || watcher->last != status) {
        check_response response = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;
        response.status = status;
        watcher->told = true;
        watcher->last = status;
        grpc_health_v1_health_watch_put(writer, &response);
        return RPC_PULL_READY;
    }
    if (!watcher->leaving)
        return RPC_PULL_PENDING;
    *ret_status = status_error(STATUS_UNAVAILABLE, STATUS_NO_REASON, "watch again");
    return RPC_PULL_END;
}

static void goodbye(void *source, enum rpc_goodbye reason) {
    (void)reason;
    ((struct watcher *)source)->leaving = true;
}

static void forget_watcher(void *source) {
    struct watcher *watcher = source;
    struct rpc_health *health = watcher->health;
    pthread_mutex_lock(&health->lock);
    if (watcher->previous)
        watcher->previous->next = watcher->next;
    else
        health->watchers = watcher->next;
    if (watcher->next)
        watcher->next->previous = watcher->previous;
    pthread_mutex_unlock(&health->lock);
    rpc_call_unref(&watcher->call);
    free(watcher);
}

static const struct rpc_source_ops watch_source = {pull, goodbye, forget_watcher};

static struct status watch(void *self, struct rpc_call *call, const check_request *request) {
    struct rpc_health *health = self;
    size_t len = strlen(request->service);
    if (len > SERVICE_NAME_MAX)
        return status_error(STATUS_INVALID_ARGUMENT, STATUS_NO_REASON,
                            "service: at most 512 bytes");
    struct watcher *watcher = calloc(1, sizeof *watcher + len + 1);
    if (!watcher)
        return status_error(STATUS_RESOURCE_EXHAUSTED, STATUS_NO_REASON, "out of memory");
    memcpy(watcher->service, request->service, len + 1);
    watcher->health = health;
    watcher->call = rpc_call_ref(call);
    pthread_mutex_lock(&health->lock);
    watcher->next = health->watchers;
    if (watcher->next)
        watcher->next->previous = watcher;
    health->watchers = watcher;
    pthread_mutex_unlock(&health->lock);
    rpc_stream_set_source(call, &watch_source, watcher);
    return status_ok();
}

/* ---- the application's side ---- */

static bool know_registered(struct rpc_health *health, const struct rpc_server *server) {
    for (size_t i = 0; i < rpc_server_service_count(server); i++)
        if (!add(health, rpc_server_service(server, i)->name, NOT_SERVING))
            return false;
    return add(health, "", NOT_SERVING);
}

struct status rpc_health_new(struct rpc_server *server, struct rpc_health **ret_health) {
    struct rpc_health *health = calloc(1, sizeof *health);
    if (!health)
        return status_error(STATUS_RESOURCE_EXHAUSTED, STATUS_NO_REASON, "out of memory");
    pthread_mutex_init(&health->lock, NULL);
    health->handlers =
        (struct grpc_health_v1_health_handlers){.self = health, .check = check, .watch = watch};
    struct status status =
        know_registered(health, server)
            ? grpc_health_v1_health_register(server, &health->handlers)
            : status_error(STATUS_RESOURCE_EXHAUSTED, STATUS_NO_REASON, "out of memory");
    if (!status_is_ok(status)) {
        rpc_health_free(&health);
        return status;
    }
    *ret_health = health;
    return status_ok();
}

void rpc_health_free(struct rpc_health **health_address) {
    struct rpc_health *health = *health_address;
    if (!health)
        return;
    while (health->services) {
        struct known_service *next = health->services->next;
        free(health->services);
        health->services = next;
    }
    pthread_mutex_destroy(&health->lock);
    free(health);
    *health_address = NULL;
}

struct status rpc_health_set(struct rpc_health *health, const char *service, bool serving) {
    serving_status status = serving ? SERVING : NOT_SERVING;
    bool done = true;
    pthread_mutex_lock(&health->lock);
    if (!service) {
        for (struct known_service *known = health->services; known; known = known->next)
            known->status = status;
    } else {
        struct known_service *known = find(health, service);
        if (known)
            known->status = status;
        else
            done = add(health, service, status);
    }
    wake_watchers(health);
    pthread_mutex_unlock(&health->lock);
    if (!done)
        return status_error(STATUS_RESOURCE_EXHAUSTED, STATUS_NO_REASON, "out of memory");
    return status_ok();
}
