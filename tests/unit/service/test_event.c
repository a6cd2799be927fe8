/* Publishing without memory: what cannot be told must not leave an older text behind. */
#include "service/event.h"

#include "db/pool.h"
#include "live_fake.h"
#include "service/service.h"
#include "service/transaction.h"
#include "support/alloc_fault.h"
#include "support/cmocka.h"
#include "support/db_fault.h"

struct scene {
    struct fake_db db;
    struct fake_log *log;
    struct fake_client client;
    struct fake_client late;
    struct db_null null;
    struct db_pool *pool;
    struct service_context context;
    struct service_work work;
    struct arena arena;
    uint64_t told_by;
};

static struct status rewrite_first(struct db_tx *tx, void *argument) {
    struct scene *scene = argument;
    struct store_topic topic = {
        .kind = STORE_TOPIC_CONVERSATION, .id = scene->log->key.id, .epoch = scene->log->epoch};
    lc_event *event = service_event_new(&scene->arena, (int64_t)scene->told_by * 1000000);
    assert_non_null(event);
    event->kind_case = LIVECONV__V1__EVENT__KIND_MESSAGE_SENT;
    event->message_sent = lc_message_new(&scene->arena);
    scene->work.tx = tx;
    service_events_clear(scene->work.events);
    return service_event_rewrite(&scene->work, &topic, 1, scene->told_by, event, NULL);
}

/* One message in the ring, and a new text of it that is to be published. */
static void begin(struct scene *scene) {
    struct db_options options;
    *scene = (struct scene){.told_by = 0};
    fake_db_init(&scene->db);
    scene->log = fake_db_log(&scene->db, 100, 7);
    fake_db_start(&scene->db);
    fake_client_init(&scene->client, &scene->db, 1);
    fake_client_init(&scene->late, &scene->db, 2);
    scene->client.places[0] = (struct fake_place){.known = true, .position = {7, 0}};
    fake_client_open(&scene->client, "phone");
    fake_client_read(&scene->client, FAKE_BATCH);
    fake_tell(&scene->db, scene->log, fake_commit(scene->log));
    fake_client_read(&scene->client, FAKE_BATCH);
    scene->told_by = fake_rewrite(scene->log, 1);

    db_null_init(&scene->null);
    db_options_init(&options);
    options.driver = &scene->null.base;
    options.connection_count = 1;
    scene->pool = db_pool_new(&options);
    assert_non_null(scene->pool);
    arena_init(&scene->arena, 1 << 20);
    scene->context.hub = scene->db.hub;
    scene->work.context = &scene->context;
    scene->work.tenant = "school";
    scene->work.arena = &scene->arena;
    assert_int_equal(service_events_new(&scene->arena, &scene->work.events).code, STATUS_OK);
    assert_int_equal(db_transaction(scene->pool, INT64_MAX, rewrite_first, scene, NULL).code,
                     STATUS_OK);
}

static void end(struct scene *scene) {
    fake_client_cut(&scene->client);
    fake_client_cut(&scene->late);
    fake_db_stop(&scene->db);
    db_pool_free(&scene->pool);
    arena_done(&scene->arena);
}

static void a_new_text_that_cannot_be_published_is_read_from_the_log(void **state) {
    size_t asked = SIZE_MAX;
    (void)state;
    for (size_t n = 1; asked >= n; n++) {
        struct scene scene;
        begin(&scene);
        alloc_fault_fail_at(n);
        service_events_publish(&scene.context, "school", scene.work.events);
        asked = alloc_fault_end();
        scene.late.places[0] = (struct fake_place){.known = true, .position = {7, 0}};
        fake_client_open(&scene.late, "phone");
        fake_client_read(&scene.late, FAKE_BATCH);
        assert_int_equal(scene.late.sequences[0], 1);
        assert_int_equal(scene.late.versions[0], scene.told_by);
        end(&scene);
    }
    assert_true(asked >= 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_text_that_cannot_be_published_is_read_from_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
