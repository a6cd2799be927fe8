/* Many at once: seats and allowances are given out exactly as often as there are any. */
#include "support/store_world.h"

#include "domain/permission.h"
#include "domain/reason.h"
#include "store/booking.h"

#include <pthread.h>
#include <stdio.h>

enum { THREADS = 20, SEATS = 8, QUOTA = 3 };

struct runner {
    struct world *w;
    struct arena arena;
    struct uuid conversation;
    struct uuid user;
    int32_t quota; /* DOMAIN_UNLIMITED: none */
    struct status status;
};

/* The route of BookConversation: locks in their order, the domain's decision, the writes. */
static struct status decide(const struct store_conversation *c, const struct domain_usage *usage,
                            int32_t quota, const struct store_booking *existing,
                            struct domain_booking_decision *ret_decision) {
    struct domain_entitlement tier = {.tier = "FREE", .horizon_days = 14};
    tier.a_month[DOMAIN_KIND_FREE] = quota;
    const struct domain_booking_facts facts = {
        .type = c->type,
        .status = c->status,
        .start_us = c->start_us,
        .max_participants = c->max_participants,
        .seats_taken = c->seats_taken,
        .waiting = c->waiting,
        .price_amount_minor = 0,
        .currency = "",
        .relations = DOMAIN_RELATION_MEMBER,
        .booking = existing->status,
        .payment = existing->payment,
        .has_tier = true,
        .entitlement = &tier,
        .usage = *usage,
    };
    return domain_booking_decide(&facts, WORLD_NOW_US, ret_decision);
}

static struct status book(struct db_tx *tx, void *context) {
    struct runner *r = context;
    const char *tenant = r->w->tenant;
    struct store_conversation_view view;
    struct domain_usage usage;
    struct store_booking existing = {.status = DOMAIN_BOOKING_UNSPECIFIED};
    struct domain_booking_decision decision;
    bool found = false;

    arena_reset(&r->arena);
    TRY(store_conversation_lock(tx, &r->arena, tenant, &r->conversation, &r->user, &view));
    TRY(store_usage_lock(tx, tenant, &r->user, 202603, &usage));
    TRY(store_booking_find(tx, &r->arena, tenant, &r->conversation, &r->user, &existing, &found));
    TRY(decide(&view.conversation, &usage, r->quota, &existing, &decision));
    struct store_booking booking = {
        .id = found ? existing.id : world_uuid(r->w),
        .conversation_id = r->conversation,
        .user.id = r->user,
        .status = decision.step.state,
        .payment = decision.step.payment,
        .booked_at_us = WORLD_NOW_US,
        .start_us = view.conversation.start_us,
        .has_attempt = true,
        .attempt = {.number = found ? existing.attempt.number + 1 : 1,
                    .payer = decision.payer,
                    .payer_reason = decision.payer_reason,
                    .payment = decision.step.payment,
                    .policy = domain_default_cancel_policy},
    };
    TRY(found ? store_booking_update(tx, tenant, &booking, WORLD_NOW_US)
              : store_booking_insert(tx, tenant, &booking));
    if ((decision.step.effects & DOMAIN_EFFECT_TAKE_SEAT) != 0)
        TRY(store_conversation_add_seats(tx, tenant, &r->conversation, 1, 0));
    if ((decision.step.effects & DOMAIN_EFFECT_USE_QUOTA) != 0)
        TRY(store_usage_add(tx, tenant, &r->user, 202603, DOMAIN_KIND_FREE, 1));
    return status_ok();
}

static void *run_one(void *argument) {
    struct runner *r = argument;
    r->status = db_transaction(r->w->pool, INT64_MAX, book, r, NULL);
    return NULL;
}

static int run_all(struct runner *runners, int32_t refusal) {
    pthread_t threads[THREADS];
    int booked = 0;
    for (int i = 0; i < THREADS; i++) {
        arena_init(&runners[i].arena, 1 << 20);
        assert_int_equal(pthread_create(&threads[i], NULL, run_one, &runners[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        arena_done(&runners[i].arena);
        booked += status_is_ok(runners[i].status);
        if (!status_is_ok(runners[i].status))
            assert_int_equal(runners[i].status.reason, refusal);
    }
    return booked;
}

static struct runner runners[THREADS];

static struct status twenty_users(struct db_tx *tx, struct world *w) {
    struct uuid c = world_conversation(w, tx, w->host);
    for (int i = 0; i < THREADS; i++) {
        char subject[24];
        (void)snprintf(subject, sizeof subject, "racer-%d", i);
        runners[i] = (struct runner){.w = w,
                                     .conversation = c,
                                     .quota = DOMAIN_UNLIMITED,
                                     .user = world_user(w, tx, w->tenant, subject)};
    }
    return status_ok();
}

static struct status twenty_conversations(struct db_tx *tx, struct world *w) {
    for (int i = 0; i < THREADS; i++)
        runners[i] = (struct runner){.w = w,
                                     .conversation = world_conversation(w, tx, w->host),
                                     .quota = QUOTA,
                                     .user = w->student};
    return status_ok();
}

STORE_TEST(twenty_users_book_eight_seats) {
    static const struct db_sql seats = {
        "SELECT seatsTaken FROM live_conversations WHERE tenant_id = ? AND id = ?"};
    static const struct db_sql bookings = {
        "SELECT COUNT(*) FROM live_conversation_bookings"
        " WHERE tenant_id = ? AND conversationId = ? AND takesSeat = 1"};
    world_transaction(w, twenty_users);
    assert_int_equal(run_all(runners, DOMAIN_REASON_CONVERSATION_FULL), SEATS);
    const struct uuid *c = &runners[0].conversation;
    assert_int_equal(world_number(tx, &seats, DB_ARGS(db_text(w->tenant), db_uuid(c))), SEATS);
    assert_int_equal(world_number(tx, &bookings, DB_ARGS(db_text(w->tenant), db_uuid(c))), SEATS);
    return status_ok();
}

STORE_TEST(one_user_books_no_more_than_the_quota) {
    struct domain_usage usage;
    world_transaction(w, twenty_conversations);
    assert_int_equal(run_all(runners, DOMAIN_REASON_ALLOWANCE_EXHAUSTED), QUOTA);
    MUST(store_usage_get(tx, w->tenant, &w->student, 202603, &usage));
    assert_int_equal(usage.used[DOMAIN_KIND_FREE], QUOTA);
    return status_ok();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(twenty_users_book_eight_seats),
        cmocka_unit_test(one_user_books_no_more_than_the_quota),
    };
    return cmocka_run_group_tests(tests, world_start, world_stop);
}
