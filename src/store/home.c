#include "store/home.h"

#include "base/arena.h"
#include "store/booking_row.h"
#include "store/conversation_row.h"
#include "store/message.h"

/* Of bookings and of hosted ones alike: nothing that began longer ago can still be open. */
#define LOOK_BACK_US (INT64_C(48) * 3600000000)

/* Branches of the statements below. */
enum { HOSTING = 2, HOSTING_AND_BOOKED = 3 };

/* The ids are sorted before anything is joined: a sort of whole rows, which hold long texts, would
 * go through a file. */
#define SELECT_VIEWS "SELECT" STORE_LISTED_COLUMNS "," STORE_VIEWER_COLUMNS
#define JOINED                                                                                     \
    " STRAIGHT_JOIN live_conversations c ON c.tenant_id = ? AND c.id = "                           \
    "s.id" STORE_CONVERSATION_JOINS STORE_VIEWER_JOINS
/* The indexes are named: that of what is open has the order, too, and would be walked to its end.
 */
#define ROWS_BY(index, column)                                                                     \
    " FROM live_conversations FORCE INDEX (" index ") WHERE tenant_id = ? AND " column " = ?"      \
    " AND startTime >= ? AND startTime < ? AND isOpen = 1"
#define HOSTED_ROWS ROWS_BY("conversation_host", "hostId")
#define LED_ROWS ROWS_BY("conversation_instructor", "instructorId")
#define BOOKED_ROWS                                                                                \
    " FROM live_conversation_bookings FORCE INDEX (booking_user_start)"                            \
    " WHERE tenant_id = ? AND userId = ? AND startTime >= ? AND startTime < ? AND takesSeat = 1"   \
    " AND status IN ('CONFIRMED', 'ATTENDED')"
#define HOSTED "(SELECT id, startTime" HOSTED_ROWS " ORDER BY startTime, id LIMIT 10)"
#define LED "(SELECT id, startTime" LED_ROWS " ORDER BY startTime, id LIMIT 10)"
#define BOOKED                                                                                     \
    "(SELECT conversationId AS id, startTime" BOOKED_ROWS " ORDER BY startTime, id LIMIT 50)"

/* Most users host nothing, and few have something on now: to know that costs a fraction of asking
 * for it. */
#define IS_THERE(rows) "(SELECT 1" rows " LIMIT 1) IS NOT NULL"
#define HOSTS IS_THERE(HOSTED_ROWS) " OR " IS_THERE(LED_ROWS)
static const struct db_sql look = {"SELECT " HOSTS ", " HOSTS " OR " IS_THERE(BOOKED_ROWS)};
static const struct db_sql next_hosted = {SELECT_VIEWS " FROM (" HOSTED " UNION " LED
                                                       ") AS s" JOINED
                                                       " ORDER BY s.startTime, s.id LIMIT 10"};
static const struct db_sql live_now = {
    SELECT_VIEWS " FROM (" HOSTED " UNION " LED " UNION " BOOKED ") AS s" JOINED
                 " WHERE c.isOpen = 1 AND (p.status IS NULL OR p.status <> 'REMOVED')"
                 " ORDER BY s.startTime, s.id LIMIT 10"};
static const struct db_sql next_bookings = {
    "SELECT" STORE_BOOKING_COLUMNS "," STORE_LISTED_COLUMNS
    " FROM live_conversation_bookings b" STORE_BOOKING_JOINS
    " JOIN live_conversations c ON c.tenant_id = b.tenant_id AND c.id = "
    "b.conversationId" STORE_CONVERSATION_JOINS
    " WHERE b.tenant_id = ? AND b.userId = ? AND b.startTime >= ? AND b.takesSeat = 1"
    " AND b.status IN ('HELD', 'PENDING_PAYMENT', 'CONFIRMED') AND c.isOpen = 1"
    " ORDER BY b.startTime, b.id LIMIT 10"};

static void add_branch(struct store_args *args, const char *tenant,
                       const struct store_home_query *query, int64_t before_us) {
    store_arg(args, db_text(tenant));
    store_arg(args, db_uuid(&query->user));
    store_arg(args, db_time_us(query->now_us - LOOK_BACK_US));
    store_arg(args, db_time_us(before_us));
}

/* What there is of hosted ones, and of those that are on. */
static struct status look_for(struct db_tx *tx, const char *tenant,
                              const struct store_home_query *query, int64_t ever_us,
                              int64_t on_before_us, bool *ret_hosts, bool *ret_is_on) {
    struct store_args args = {.count = 0};
    bool found = false;
    for (int i = 0; i < HOSTING; i++)
        add_branch(&args, tenant, query, ever_us);
    for (int i = 0; i < HOSTING_AND_BOOKED; i++)
        add_branch(&args, tenant, query, on_before_us);
    return db_query_row(tx, &look, args.values, args.count, NULL,
                        DB_INTO(db_into_bool(ret_hosts), db_into_bool(ret_is_on)), &found);
}

static struct status read_views(struct db_tx *tx, struct arena *arena, const struct db_sql *sql,
                                const char *tenant, const struct store_home_query *query,
                                int branches, int64_t before_us,
                                struct store_conversation_list *ret_list) {
    struct store_conversation_list list = {.count = 0};
    struct store_args args = {.count = 0};
    DB_ROWS_AUTO struct db_rows *rows = NULL;

    list.items = arena_alloc_array(arena, STORE_HOME_ROWS_MAX, sizeof *list.items);
    if (list.items == NULL)
        return store_no_room();
    for (int i = 0; i < branches; i++)
        add_branch(&args, tenant, query, before_us);
    store_arg(&args, db_text(tenant));
    for (int i = 0; i < 3; i++)
        store_arg(&args, db_uuid(&query->user));
    TRY(db_query(tx, sql, args.values, args.count, &rows));
    while (list.count < STORE_HOME_ROWS_MAX && db_rows_next(rows)) {
        struct store_conversation_view *view = &list.items[list.count++];
        TRY(store_view_read(rows, arena, view));
        view->key = view->conversation.start_us;
    }
    TRY(db_rows_status(rows));
    *ret_list = list;
    return status_ok();
}

static struct status read_bookings(struct db_tx *tx, struct arena *arena, const char *tenant,
                                   const struct store_home_query *query,
                                   struct store_booking_list *ret_list) {
    struct store_booking_list list = {.count = 0};
    DB_ROWS_AUTO struct db_rows *rows = NULL;

    list.items = arena_alloc_array(arena, STORE_HOME_ROWS_MAX, sizeof *list.items);
    if (list.items == NULL)
        return store_no_room();
    TRY(db_query(
        tx, &next_bookings,
        DB_ARGS(db_text(tenant), db_uuid(&query->user), db_time_us(query->now_us - LOOK_BACK_US)),
        &rows));
    while (list.count < STORE_HOME_ROWS_MAX && db_rows_next(rows)) {
        TRY(store_booking_view_read(rows, arena, &list.items[list.count]));
        list.count++;
    }
    TRY(db_rows_status(rows));
    *ret_list = list;
    return status_ok();
}

static struct status sum_unread(struct db_tx *tx, struct arena *arena, const char *tenant,
                                const struct uuid *user, int32_t *ret_total) {
    struct store_unread *items = NULL;
    size_t count = 0;
    int32_t total = 0;
    TRY(store_message_unread_list(tx, arena, tenant, user, 100, &items, &count));
    for (size_t i = 0; i < count; i++)
        total += items[i].unread_count;
    *ret_total = total;
    return status_ok();
}

struct status store_home_get(struct db_tx *tx, struct arena *arena, const char *tenant,
                             const struct store_home_query *query, struct store_home *ret_home) {
    const int64_t ever_us = query->now_us + INT64_C(10) * 366 * 24 * 3600000000;
    const int64_t on_before_us = query->now_us + query->doors_open_before_us + 1;
    struct store_home home = {.unread_total = 0};
    bool hosts = false;
    bool is_on = false;
    TRY(store_user_get(tx, arena, tenant, &query->user, query->now_us, &home.user));
    TRY(store_usage_get(tx, tenant, &query->user, query->month, &home.usage));
    TRY(read_bookings(tx, arena, tenant, query, &home.next_bookings));
    TRY(look_for(tx, tenant, query, ever_us, on_before_us, &hosts, &is_on));
    if (hosts)
        TRY(read_views(tx, arena, &next_hosted, tenant, query, HOSTING, ever_us,
                       &home.next_hosted));
    if (is_on)
        TRY(read_views(tx, arena, &live_now, tenant, query, HOSTING_AND_BOOKED, on_before_us,
                       &home.live_now));
    TRY(sum_unread(tx, arena, tenant, &query->user, &home.unread_total));
    *ret_home = home;
    return status_ok();
}
