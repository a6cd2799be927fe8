/* Until src/live is whole: a server without services. */
#include "app/node_internal.h"

struct status node_services_new(struct app_node *node) {
    (void)node;
    return status_ok();
}

void node_services_free(struct app_node *node) {
    (void)node;
}

void node_context_free(struct app_node *node) {
    (void)node;
}

enum schedule_verdict jobs_sessions(void *jobs) {
    (void)jobs;
    return SCHEDULE_DONE;
}

enum schedule_verdict jobs_trim(void *jobs) {
    (void)jobs;
    return SCHEDULE_DONE;
}

enum schedule_verdict jobs_suspensions(void *jobs) {
    (void)jobs;
    return SCHEDULE_DONE;
}

enum schedule_verdict jobs_presence(void *jobs) {
    (void)jobs;
    return SCHEDULE_DONE;
}

void jobs_release_node(struct jobs *jobs) {
    (void)jobs;
}
