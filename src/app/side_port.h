/*
 * The side port: a small HTTP server beside gRPC, for those who watch over it.
 *
 * It serves GET and HEAD of the paths it is told, and nothing else: other paths are 404, other
 * methods 405. It has no authentication: keep it on loopback or a network of its own.
 *
 * One thread, of libmicrohttpd. Thread-safety: _new and _free from the owner; a route's `answer` is
 * called on that thread.
 */
#ifndef APP_SIDE_PORT_H
#define APP_SIDE_PORT_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "base/str.h"

struct side_port;

struct side_route {
    const char *path; /* "/metrics"; exactly */
    const char *content_type;
    /* Appends the body and returns the HTTP status. Must not block for long. */
    unsigned int (*answer)(void *context, struct str *body);
    void *context;
};

struct side_port_options {
    const char *address;             /* numeric, IPv4 or IPv6 */
    uint16_t port;                   /* 0: any free one */
    size_t connections;              /* more are refused */
    int64_t timeout_ms;              /* of a connection that says nothing */
    const struct side_route *routes; /* outlive the port */
    size_t route_count;
};

/* Binds and serves. INVALID_ARGUMENT for an address that is not one, UNAVAILABLE when it cannot be
 * bound. */
struct status side_port_new(const struct side_port_options *options,
                            struct side_port **ret_port) STATUS_MUST_USE;
/* Waits for answers under way. */
void side_port_free(struct side_port **port);

/* What was bound. */
uint16_t side_port_number(const struct side_port *port);

#endif
