#include "base/uuid.h"

#include "base/clock.h"
#include "support/cmocka.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const char text_form[] = "0190163d-8694-739b-aea5-966c26f8ad91";

static struct uuid make(struct uuid_generator *generator) {
    struct uuid uuid;
    assert_true(uuid_v7(generator, &uuid));
    return uuid;
}

static uint64_t milliseconds_of(const struct uuid *uuid) {
    uint64_t milliseconds = 0;
    for (int i = 0; i < 6; i++)
        milliseconds = milliseconds << 8 | uuid->bytes[i];
    return milliseconds;
}

static void uuid_v7_carries_time_version_and_variant(void **state) {
    (void)state;
    struct fake_clock clock;
    struct uuid_generator generator;
    fake_clock_init(&clock, INT64_C(1645557742000999));
    uuid_generator_init(&generator, &clock.base);
    for (int i = 0; i < 100; i++) {
        struct uuid uuid = make(&generator);
        assert_int_equal(milliseconds_of(&uuid), INT64_C(1645557742000));
        assert_int_equal(uuid.bytes[6] >> 4, 7);
        assert_int_equal(uuid.bytes[8] >> 6, 2);
    }
}

/* Also past the 4096 values of the counter, which then carries into the milliseconds. */
static void uuid_v7_increases_while_the_clock_stands_or_steps_back(void **state) {
    (void)state;
    struct fake_clock clock;
    struct uuid_generator generator;
    fake_clock_init(&clock, 5000000);
    uuid_generator_init(&generator, &clock.base);
    struct uuid last = make(&generator);
    for (int i = 0; i < 10000; i++) {
        if (i == 100)
            fake_clock_set_wall(&clock, 1000);
        if (i == 9000)
            fake_clock_set_wall(&clock, 6000000);
        struct uuid next = make(&generator);
        assert_true(memcmp(&last, &next, sizeof last) < 0);
        last = next;
    }
    assert_int_equal(milliseconds_of(&last), 6000);
}

static void uuid_v7_takes_a_clock_before_1970(void **state) {
    (void)state;
    struct fake_clock clock;
    struct uuid_generator generator;
    fake_clock_init(&clock, -1000000);
    uuid_generator_init(&generator, &clock.base);
    struct uuid uuid = make(&generator);
    assert_int_equal(milliseconds_of(&uuid), 0);
}

static void uuid_v7_is_random_in_its_tail(void **state) {
    (void)state;
    struct fake_clock clock;
    struct uuid_generator one, other;
    fake_clock_init(&clock, 5000000);
    uuid_generator_init(&one, &clock.base);
    uuid_generator_init(&other, &clock.base);
    struct uuid a = make(&one), b = make(&other);
    assert_memory_equal(a.bytes, b.bytes, 8);
    assert_memory_not_equal(a.bytes + 8, b.bytes + 8, 8);
}

static void uuid_format_is_the_inverse_of_parse(void **state) {
    (void)state;
    struct uuid uuid;
    char text[UUID_TEXT_BYTES];
    assert_true(uuid_parse(text_form, strlen(text_form), &uuid));
    uuid_format(&uuid, text);
    assert_string_equal(text, text_form);
    assert_true(uuid_parse("0190163D-8694-739B-AEA5-966C26F8AD91", 36, &uuid));
    uuid_format(&uuid, text);
    assert_string_equal(text, text_form);
}

static void uuid_parse_refuses_every_wrong_character(void **state) {
    (void)state;
    static const char wrong[] = {'g', 'G', ' ', '-', '/', ':', '@', '`', '\0', '\xFF'};
    for (size_t at = 0; at < strlen(text_form); at++) {
        for (size_t i = 0; i < sizeof wrong; i++) {
            char text[UUID_TEXT_BYTES];
            memcpy(text, text_form, sizeof text);
            if (text[at] == wrong[i])
                continue;
            text[at] = wrong[i];
            struct uuid uuid = {{42}};
            assert_false(uuid_parse(text, 36, &uuid));
            assert_int_equal(uuid.bytes[0], 42);
        }
    }
}

static void uuid_parse_refuses_other_lengths(void **state) {
    (void)state;
    struct uuid uuid;
    assert_false(uuid_parse("", 0, &uuid));
    assert_false(uuid_parse(text_form, 35, &uuid));
    assert_false(uuid_parse(text_form, 37, &uuid));
    assert_false(uuid_parse("{0190163d-8694-739b-aea5-966c26f8ad91}", 38, &uuid));
}

enum { THREADS = 4, PER_THREAD = 2000 };

struct maker {
    struct uuid_generator *generator;
    struct uuid made[PER_THREAD];
};

static void *make_many(void *argument) {
    struct maker *maker = argument;
    for (int i = 0; i < PER_THREAD; i++) {
        if (!uuid_v7(maker->generator, &maker->made[i]))
            return maker;
    }
    return NULL;
}

static int compare(const void *a, const void *b) {
    return memcmp(a, b, 8); /* the random tail does not count */
}

static void uuid_v7_never_repeats_a_tick_between_threads(void **state) {
    (void)state;
    struct uuid_generator generator;
    uuid_generator_init(&generator, clock_system());
    struct maker *makers = calloc(THREADS, sizeof *makers);
    struct uuid *all = calloc(THREADS * PER_THREAD, sizeof *all);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        makers[i].generator = &generator;
        assert_int_equal(pthread_create(&threads[i], NULL, make_many, &makers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
        memcpy(all + i * PER_THREAD, makers[i].made, sizeof makers[i].made);
        for (int k = 1; k < PER_THREAD; k++)
            assert_true(compare(&makers[i].made[k - 1], &makers[i].made[k]) < 0);
    }
    qsort(all, THREADS * PER_THREAD, sizeof *all, compare);
    for (int i = 1; i < THREADS * PER_THREAD; i++)
        assert_true(compare(&all[i - 1], &all[i]) < 0);
    free(all);
    free(makers);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uuid_v7_carries_time_version_and_variant),
        cmocka_unit_test(uuid_v7_increases_while_the_clock_stands_or_steps_back),
        cmocka_unit_test(uuid_v7_takes_a_clock_before_1970),
        cmocka_unit_test(uuid_v7_is_random_in_its_tail),
        cmocka_unit_test(uuid_format_is_the_inverse_of_parse),
        cmocka_unit_test(uuid_parse_refuses_every_wrong_character),
        cmocka_unit_test(uuid_parse_refuses_other_lengths),
        cmocka_unit_test(uuid_v7_never_repeats_a_tick_between_threads),
    };
    return cmocka_run_group_tests_name("uuid", tests, NULL, NULL);
}
