#include "store/tenant.h"

#include "base/arena.h"
#include "store/internal.h"
#include "store/material.h"

#include <string.h>

static const struct db_sql get_tenant = {
    "SELECT id, displayName, timeZone, defaultCurrency, currencies, doorsOpenMinutes,"
    " hostNoShowMinutes, completionGraceMinutes, autoLiveParticipants, minDurationMinutes,"
    " maxDurationMinutes, maxAheadDays, maxParticipants, maxPriceUnits, messageMaxCharacters,"
    " messageMaxBytes, messageEditMinutes, feedbackDays, offerHoldMinutes, paymentHoldMinutes,"
    " cancellationPolicy, maxDevicesPerUser, maxOpenConversationsPerHost, forbidsOverlaps,"
    " eventRetentionDays, requestRetentionDays, messageRetentionDays FROM tenants WHERE id = ?"};
static const struct db_sql list_tiers = {
    "SELECT tier, freePerMonth, groupPerMonth, privatePerMonth, bookingHorizonDays"
    " FROM tenant_tiers WHERE tenant_id = ? ORDER BY position LIMIT 64"};
static const struct db_sql insert_tenant = {
    "INSERT IGNORE INTO tenants (id, displayName, timeZone) VALUES (?, ?, ?)"};
static const struct db_sql list_tenants = {
    "SELECT id FROM tenants WHERE id > ? ORDER BY id LIMIT 1000"};

enum { TIERS_MAX = 64, TENANTS_MAX = 1000 };

/* Minutes and days as the table has them. */
struct tenant_row {
    struct store_tenant tenant;
    const char *currencies;
    const char *policy;
    int32_t doors_open;
    int32_t no_show;
    int32_t grace;
    int32_t min_duration;
    int32_t max_duration;
    int32_t max_ahead;
    int32_t edit;
    int32_t feedback;
    int32_t offer_hold;
    int32_t payment_hold;
};

static struct status query_tenant(struct db_tx *tx, struct arena *arena, const char *id,
                                  struct tenant_row *row, bool *ret_found) {
    struct store_tenant *t = &row->tenant;
    struct domain_settings *s = &t->settings;
    return db_query_row(
        tx, &get_tenant, DB_ARGS(db_text(id)), arena,
        DB_INTO(db_into_text(&t->id), db_into_text(&t->display_name), db_into_text(&t->time_zone),
                db_into_text(&t->default_currency), db_into_text(&row->currencies),
                db_into_int32(&row->doors_open), db_into_int32(&row->no_show),
                db_into_int32(&row->grace), db_into_int32(&s->auto_live_participants),
                db_into_int32(&row->min_duration), db_into_int32(&row->max_duration),
                db_into_int32(&row->max_ahead), db_into_int32(&s->max_participants),
                db_into_int64(&s->max_price_units), db_into_int32(&s->message_max_characters),
                db_into_int32(&s->message_max_bytes), db_into_int32(&row->edit),
                db_into_int32(&row->feedback), db_into_int32(&row->offer_hold),
                db_into_int32(&row->payment_hold), db_into_text(&row->policy),
                db_into_int32(&t->max_devices_per_user),
                db_into_int32(&t->max_open_conversations_per_host),
                db_into_bool(&t->forbids_overlaps), db_into_int32(&t->event_retention_days),
                db_into_int32(&t->request_retention_days),
                db_nullable(db_into_int32(&t->message_retention_days), NULL)),
        ret_found);
}

static struct status finish_settings(struct arena *arena, struct tenant_row *row) {
    struct store_tenant *t = &row->tenant;
    struct domain_settings *s = &t->settings;
    s->doors_open_before_us = row->doors_open * DOMAIN_MINUTE_US;
    s->host_no_show_after_us = row->no_show * DOMAIN_MINUTE_US;
    s->complete_after_us = row->grace * DOMAIN_MINUTE_US;
    s->min_duration_us = row->min_duration * DOMAIN_MINUTE_US;
    s->max_duration_us = row->max_duration * DOMAIN_MINUTE_US;
    s->max_ahead_us = row->max_ahead * DOMAIN_DAY_US;
    s->message_edit_window_us = row->edit * DOMAIN_MINUTE_US;
    s->feedback_window_us = row->feedback * DOMAIN_DAY_US;
    s->offer_hold_us = row->offer_hold * DOMAIN_MINUTE_US;
    s->payment_hold_us = row->payment_hold * DOMAIN_MINUTE_US;
    TRY(store_texts_read(arena, row->currencies, &t->currencies, &t->currency_count));
    if (t->currency_count == 1 && strlen(t->currencies[0]) < sizeof s->currency)
        memcpy(s->currency, t->currencies[0], strlen(t->currencies[0]) + 1);
    TRY(store_policy_read(row->policy, &t->cancel_policy));
    return domain_settings_valid(s) ? status_ok() : store_row_damaged();
}

static struct status read_tiers(struct db_tx *tx, struct arena *arena, const char *id,
                                struct store_tenant *tenant) {
    size_t count = 0;
    DB_ROWS_AUTO struct db_rows *rows = NULL;

    struct domain_entitlement *tiers = arena_alloc_array(arena, TIERS_MAX, sizeof *tiers);
    if (tiers == NULL)
        return store_no_room();
    TRY(db_query(tx, &list_tiers, DB_ARGS(db_text(id)), &rows));
    while (count < TIERS_MAX && db_rows_next(rows)) {
        struct domain_entitlement *tier = &tiers[count++];
        const char *name = NULL;
        TRY(db_rows_read(rows, arena,
                         DB_INTO(db_into_text(&name),
                                 db_into_int32(&tier->a_month[DOMAIN_KIND_FREE]),
                                 db_into_int32(&tier->a_month[DOMAIN_KIND_GROUP]),
                                 db_into_int32(&tier->a_month[DOMAIN_KIND_PRIVATE]),
                                 db_into_int32(&tier->horizon_days))));
        if (strlen(name) >= sizeof tier->tier)
            return store_row_damaged();
        memcpy(tier->tier, name, strlen(name) + 1);
    }
    TRY(db_rows_status(rows));
    tenant->entitlements = tiers;
    tenant->entitlement_count = count;
    if (count == 0)
        tenant->entitlements = domain_default_entitlements(&tenant->entitlement_count);
    return status_ok();
}

struct status store_tenant_get(struct db_tx *tx, struct arena *arena, const char *tenant,
                               struct store_tenant *ret_tenant) {
    struct tenant_row row = {.currencies = NULL};
    bool found = false;
    TRY(query_tenant(tx, arena, tenant, &row, &found));
    if (!found)
        return status_error(STATUS_NOT_FOUND, 0, "No such tenant.");
    TRY(finish_settings(arena, &row));
    TRY(read_tiers(tx, arena, tenant, &row.tenant));
    *ret_tenant = row.tenant;
    return status_ok();
}

struct status store_tenant_ensure(struct db_tx *tx, const char *tenant, const char *display_name,
                                  const char *time_zone) {
    return db_exec(tx, &insert_tenant,
                   DB_ARGS(db_text(tenant), db_text(display_name), db_text(time_zone)), NULL);
}

struct status store_tenant_list(struct db_tx *tx, struct arena *arena, const char *after,
                                const char *const **ret_ids, size_t *ret_count) {
    const char **ids = NULL;
    size_t count = 0;
    size_t capacity = 0;
    DB_ROWS_AUTO struct db_rows *rows = NULL;

    TRY(db_query(tx, &list_tenants, DB_ARGS(db_text(after)), &rows));
    while (count < TENANTS_MAX && db_rows_next(rows)) {
        TRY(store_list_grow(arena, &ids, sizeof *ids, count, &capacity));
        TRY(db_rows_read(rows, arena, DB_INTO(db_into_text(&ids[count]))));
        count++;
    }
    TRY(db_rows_status(rows));
    *ret_ids = ids;
    *ret_count = count;
    return status_ok();
}
