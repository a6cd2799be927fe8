#include "app/side_port.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

struct side_port {
    struct MHD_Daemon *daemon;
    const struct side_route *routes;
    size_t route_count;
    uint16_t number;
};

static enum MHD_Result reply(struct MHD_Connection *connection, unsigned int status,
                             const char *content_type, struct str *body) {
    size_t len = body->len_bytes;
    char *bytes = str_take(body);
    struct MHD_Response *response = MHD_create_response_from_buffer(
        bytes == NULL ? 0 : len, bytes == NULL ? "" : bytes,
        bytes == NULL ? MHD_RESPMEM_PERSISTENT : MHD_RESPMEM_MUST_FREE);
    if (response == NULL) {
        free(bytes);
        return MHD_NO;
    }
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static const struct side_route *find_route(const struct side_port *port, const char *path) {
    for (size_t i = 0; i < port->route_count; i++) {
        if (strcmp(port->routes[i].path, path) == 0)
            return &port->routes[i];
    }
    return NULL;
}

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_len, void **state) {
    static const char plain[] = "text/plain; charset=utf-8";
    const struct side_port *port = context;
    struct str body;
    (void)version;
    (void)upload;
    /* Called once when the headers are there, then for the body, which nobody wants. */
    if (*state == NULL) {
        *state = connection;
        return MHD_YES;
    }
    if (*upload_len > 0) {
        *upload_len = 0;
        return MHD_YES;
    }
    str_init(&body);
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
        str_append(&body, "method not allowed\n");
        return reply(connection, MHD_HTTP_METHOD_NOT_ALLOWED, plain, &body);
    }
    const struct side_route *route = find_route(port, url);
    if (route == NULL) {
        str_append(&body, "not found\n");
        return reply(connection, MHD_HTTP_NOT_FOUND, plain, &body);
    }
    unsigned int status = route->answer(route->context, &body);
    return reply(connection, body.failed ? MHD_HTTP_INTERNAL_SERVER_ERROR : status,
                 route->content_type, &body);
}

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static bool parse_address(const char *text, uint16_t port, union address *ret_address) {
    union address address;
    memset(&address, 0, sizeof address);
    if (inet_pton(AF_INET, text, &address.v4.sin_addr) == 1) {
        address.v4.sin_family = AF_INET;
        address.v4.sin_port = htons(port);
    } else if (inet_pton(AF_INET6, text, &address.v6.sin6_addr) == 1) {
        address.v6.sin6_family = AF_INET6;
        address.v6.sin6_port = htons(port);
    } else {
        return false;
    }
    *ret_address = address;
    return true;
}

/* libmicrohttpd prints what clients do wrong; it is of no interest to the server's log. */
__attribute__((format(printf, 2, 0))) static void be_quiet(void *context, const char *format,
                                                           va_list arguments) {
    (void)context;
    (void)format;
    (void)arguments;
}

struct status side_port_new(const struct side_port_options *options, struct side_port **ret_port) {
    union address address;
    if (!parse_address(options->address, options->port, &address))
        return status_error(STATUS_INVALID_ARGUMENT, 0, "the side port's address is not numeric");
    struct side_port *port = calloc(1, sizeof *port);
    if (port == NULL)
        return status_error(STATUS_RESOURCE_EXHAUSTED, 0, "out of memory");
    port->routes = options->routes;
    port->route_count = options->route_count;
    unsigned int flags =
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ITC | MHD_USE_EPOLL | MHD_USE_ERROR_LOG;
    if (address.any.sa_family == AF_INET6)
        flags |= MHD_USE_IPv6;
    port->daemon = MHD_start_daemon(
        flags, options->port, NULL, NULL, answer, port, MHD_OPTION_EXTERNAL_LOGGER, be_quiet, NULL,
        MHD_OPTION_SOCK_ADDR, &address.any, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned int)options->connections, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned int)((options->timeout_ms + 999) / 1000), MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)16384, MHD_OPTION_END);
    if (port->daemon == NULL) {
        free(port);
        return status_error(STATUS_UNAVAILABLE, 0, "the side port's address cannot be bound");
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(port->daemon, MHD_DAEMON_INFO_BIND_PORT);
    port->number = info == NULL ? options->port : info->port;
    *ret_port = port;
    return status_ok();
}

void side_port_free(struct side_port **port) {
    struct side_port *gone = *port;
    if (gone == NULL)
        return;
    MHD_stop_daemon(gone->daemon);
    free(gone);
    *port = NULL;
}

uint16_t side_port_number(const struct side_port *port) {
    return port->number;
}
