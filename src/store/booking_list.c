#include "base/arena.h"
#include "store/booking_row.h"
#include "store/conversation_row.h"
#include "store/statements.h"

enum { STATES = 7, PAYMENTS = 6 };

/* As in conversation_list.c: what is not asked for is switched off by a parameter. The two orders
 * are apart, and so are a user's bookings and a conversation's, whose indexes differ. */
#define WHERE                                                                                      \
    " WHERE b.tenant_id = ? AND (? OR b.userId = ?) AND (? OR b.conversationId = ?)"               \
    " AND (? OR b.status IN (?, ?, ?, ?, ?, ?, ?))"                                                \
    " AND (? OR b.paymentStatus IN (?, ?, ?, ?, ?, ?))"                                            \
    " AND (? OR b.startTime >= ?) AND (? OR b.startTime < ?)"
#define LIST(page)                                                                                 \
    {                                                                                              \
        "SELECT" STORE_BOOKING_COLUMNS "," STORE_LISTED_COLUMNS                                    \
        " FROM live_conversation_bookings b" STORE_BOOKING_JOINS                                   \
        " JOIN live_conversations c ON c.tenant_id = b.tenant_id AND c.id = "                      \
        "b.conversationId" STORE_CONVERSATION_JOINS WHERE page                                     \
    }
static const struct db_sql latest_first =
    LIST(" AND (? OR (b.startTime <= ? AND (b.startTime < ? OR b.id < ?)))"
         " ORDER BY b.startTime DESC, b.id DESC LIMIT ?");
static const struct db_sql earliest_first =
    LIST(" AND (? OR (b.startTime >= ? AND (b.startTime > ? OR b.id > ?)))"
         " ORDER BY b.startTime, b.id LIMIT ?");

static void add_sets(struct store_args *args, const struct store_booking_query *query) {
    store_arg(args, db_bool(query->statuses == 0));
    for (unsigned value = 1; value <= STATES; value++)
        store_arg(args, db_text((query->statuses & STORE_BIT(value)) != 0
                                    ? domain_booking_state_name((enum domain_booking_state)value)
                                    : ""));
    store_arg(args, db_bool(query->payments == 0));
    for (unsigned value = 1; value <= PAYMENTS; value++)
        store_arg(args, db_text((query->payments & STORE_BIT(value)) != 0
                                    ? domain_payment_state_name((enum domain_payment_state)value)
                                    : ""));
}

static void add_all(struct store_args *args, const char *tenant,
                    const struct store_booking_query *query) {
    const struct store_page *page = &query->page;
    store_arg(args, db_text(tenant));
    store_arg(args, db_bool(!query->has_user));
    store_arg(args, db_uuid(&query->user_id));
    store_arg(args, db_bool(!query->has_conversation));
    store_arg(args, db_uuid(&query->conversation_id));
    add_sets(args, query);
    store_arg(args, db_bool(query->start_from_us == 0));
    store_arg(args, db_time_us(query->start_from_us));
    store_arg(args, db_bool(query->start_before_us == 0));
    store_arg(args, db_time_us(query->start_before_us));
    store_arg(args, db_bool(!page->has_after));
    store_arg(args, db_time_us(page->after_key));
    store_arg(args, db_time_us(page->after_key));
    store_arg(args, db_uuid(&page->after_id));
    store_arg(args, db_int64(store_page_rows(page)));
}

const struct db_sql *store_booking_list_statement(const char *tenant,
                                                  const struct store_booking_query *query,
                                                  struct store_args *ret_args) {
    ret_args->count = 0;
    add_all(ret_args, tenant, query);
    return query->earliest_first ? &earliest_first : &latest_first;
}

struct status store_booking_view_read(struct db_rows *rows, struct arena *arena,
                                      struct store_booking_view *ret_view) {
    struct store_booking_row booking = {.status = NULL};
    struct store_conversation_row conversation = {.type = NULL};
    struct db_into into[STORE_BOOKING_COLUMN_COUNT + STORE_CONVERSATION_COLUMN_COUNT];
    size_t count = store_booking_into(&booking, into);
    count += store_conversation_into(&conversation, into + count);
    TRY(db_rows_read(rows, arena, into, count));
    TRY(store_booking_finish(&booking, &ret_view->booking));
    return store_conversation_finish(arena, &conversation, &ret_view->conversation);
}

struct status store_booking_list(struct db_tx *tx, struct arena *arena, const char *tenant,
                                 const struct store_booking_query *query,
                                 struct store_booking_list *ret_list) {
    size_t most = (size_t)store_page_rows(&query->page) - 1;
    struct store_booking_list list = {.count = 0};
    struct store_args args;
    size_t bytes = 0;
    DB_ROWS_AUTO struct db_rows *rows = NULL;

    list.items = arena_alloc_array(arena, most, sizeof *list.items);
    if (list.items == NULL)
        return store_no_room();
    const struct db_sql *sql = store_booking_list_statement(tenant, query, &args);
    TRY(db_query(tx, sql, args.values, args.count, &rows));
    while (db_rows_next(rows)) {
        if (list.count == most || bytes >= STORE_PAGE_BYTES_MAX) {
            list.has_more = true;
            break;
        }
        struct store_booking_view *view = &list.items[list.count++];
        TRY(store_booking_view_read(rows, arena, view));
        bytes += store_conversation_bytes(&view->conversation);
    }
    TRY(db_rows_status(rows));
    *ret_list = list;
    return status_ok();
}
