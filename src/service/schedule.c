#include "service/schedule.h"

#include "domain/reason.h"
#include "rpc/call.h"
#include "service/convert.h"
#include "store/booking.h"
#include "store/schedule.h"

#include <string.h>

enum { LEADERS_MAX = 2 };

struct status schedule_find(struct db_tx *tx, const struct service_caller *caller,
                            const struct uuid *user, const struct store_conversation *conversation,
                            struct schedule_other *ret_other) {
    struct schedule_other other = {.found = false};
    if (caller->settings->forbids_overlaps)
        TRY(store_schedule_find(tx, caller->tenant, user, &conversation->id, conversation->start_us,
                                conversation->end_us, &other.id, &other.found));
    *ret_other = other;
    return status_ok();
}

void schedule_explain(struct rpc_call *call, const struct service_caller *caller,
                      const struct uuid *user, const struct schedule_other *other) {
    char id[UUID_TEXT_BYTES];
    uuid_format(user, id);
    rpc_call_add_error_metadata(call, "user_id", id);
    if (!caller->is_admin && !convert_same_id(user, &caller->person.id))
        return;
    uuid_format(&other->id, id);
    rpc_call_add_error_metadata(call, "conversation_id", id);
}

/* ---- locks ---- */

static struct service_month month_of(const struct service_work *work, int64_t time_us) {
    return service_month_of(work->context->zone_directory, work->caller->settings->time_zone,
                            time_us);
}

static struct status lock_month(struct service_work *work, const struct uuid *user, int32_t key) {
    struct domain_usage usage;
    return store_usage_lock(work->tx, work->tenant, user, key, &usage);
}

struct status schedule_lock_rest(struct service_work *work, const struct uuid *user,
                                 const struct store_conversation *conversation,
                                 const struct service_month *month) {
    /* A session lasts a day at most: it never reaches into a third. */
    if (!work->caller->settings->forbids_overlaps || conversation->end_us <= month->end_us)
        return status_ok();
    return lock_month(work, user, month_of(work, month->end_us).key);
}

static struct status lock_session(struct service_work *work, const struct uuid *user,
                                  const struct store_conversation *conversation,
                                  int32_t locked_key) {
    struct service_month month = month_of(work, conversation->start_us);
    if (!work->caller->settings->forbids_overlaps)
        return status_ok();
    if (month.key != locked_key)
        TRY(lock_month(work, user, month.key));
    return schedule_lock_rest(work, user, conversation, &month);
}

/* Host and instructor in ascending order, each once. */
static size_t leaders_of(const struct store_conversation *conversation,
                         const struct uuid *ret_leaders[LEADERS_MAX]) {
    const struct uuid *host = &conversation->host.id;
    const struct uuid *instructor = &conversation->instructor.id;
    ret_leaders[0] = host;
    if (!conversation->has_instructor || convert_same_id(host, instructor))
        return 1;
    bool host_first = memcmp(host->bytes, instructor->bytes, sizeof host->bytes) < 0;
    ret_leaders[0] = host_first ? host : instructor;
    ret_leaders[1] = host_first ? instructor : host;
    return LEADERS_MAX;
}

struct status schedule_lock_leaders(struct service_work *work,
                                    const struct store_conversation *conversation, bool is_new) {
    const struct uuid *leaders[LEADERS_MAX];
    size_t count = leaders_of(conversation, leaders);
    for (size_t i = 0; i < count; i++) {
        int32_t locked_key = 0;
        if (is_new && convert_same_id(leaders[i], &conversation->host.id)) {
            locked_key = month_of(work, work->now_us).key;
            TRY(lock_month(work, leaders[i], locked_key));
        }
        TRY(lock_session(work, leaders[i], conversation, locked_key));
    }
    return status_ok();
}

struct status schedule_check_leaders(struct service_work *work,
                                     const struct store_conversation *conversation) {
    const struct uuid *leaders[LEADERS_MAX];
    size_t count = leaders_of(conversation, leaders);
    for (size_t i = 0; i < count; i++) {
        struct schedule_other other;
        TRY(schedule_find(work->tx, work->caller, leaders[i], conversation, &other));
        if (!other.found)
            continue;
        schedule_explain(work->call, work->caller, leaders[i], &other);
        return status_error(STATUS_FAILED_PRECONDITION, DOMAIN_REASON_SCHEDULE_CONFLICT,
                            "Host or instructor have another session at that time.");
    }
    return status_ok();
}
