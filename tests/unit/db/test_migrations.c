#include "support/cmocka.h"

#include "db/migrate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A directory of the test's own; the files it made, to remove them. */
struct directory {
    char path[64];
    char files[4][96];
    size_t count;
};

static int make(void **state) {
    struct directory *d = calloc(1, sizeof *d);
    if (d == NULL)
        return 1;
    (void)snprintf(d->path, sizeof d->path, "/tmp/migrations-XXXXXX");
    *state = d;
    return mkdtemp(d->path) == NULL;
}

static int clear(void **state) {
    struct directory *d = *state;
    for (size_t i = 0; i < d->count; i++)
        (void)unlink(d->files[i]);
    (void)rmdir(d->path);
    free(d);
    return 0;
}

static void put(struct directory *d, const char *name, const char *text) {
    char path[96];
    (void)snprintf(path, sizeof path, "%s/%s", d->path, name);
    memcpy(d->files[d->count++], path, sizeof path);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    (void)fputs(text, file);
    (void)fclose(file);
}

static void refused(const char *path, const char *word) {
    struct db_migrations *migrations = NULL;
    struct db_schema_report report;
    assert_int_equal(db_migrations_load(path, &migrations, &report).code, STATUS_INVALID_ARGUMENT);
    assert_null(migrations);
    assert_non_null(strstr(report.message, word));
}

static void scripts_are_read_in_order(void **state) {
    struct directory *d = *state;
    put(d, "0002_add_more.sql", "B;");
    put(d, "0001_create_it.sql", "A;\n");
    put(d, "README", "not a script");
    struct db_migrations *migrations = NULL;
    struct db_schema_report report;
    assert_int_equal(db_migrations_load(d->path, &migrations, &report).code, STATUS_OK);
    size_t count;
    const struct db_migration *list = db_migrations_list(migrations, &count);
    assert_int_equal(count, 2);
    assert_int_equal(list[0].version, 1);
    assert_string_equal(list[0].name, "create_it");
    assert_string_equal(list[0].text, "A;\n");
    assert_int_equal(list[0].len_bytes, 3);
    assert_string_equal(list[1].name, "add_more");
    db_migrations_free(&migrations);
    assert_null(migrations);
    db_migrations_free(&migrations);
}

static void a_gap_is_refused(void **state) {
    put(*state, "0001_one.sql", "A;");
    put(*state, "0003_three.sql", "C;");
    refused(((struct directory *)*state)->path, "0003_three.sql");
}

static void the_same_number_twice_is_refused(void **state) {
    put(*state, "0001_one.sql", "A;");
    put(*state, "0001_two.sql", "B;");
    refused(((struct directory *)*state)->path, "0001_two.sql");
}

static void other_names_are_refused(void **state) {
    static const char *const names[] = {"1_one.sql", "0001-one.sql", "0001_One.sql", "one.sql",
                                        "00011_one.sql"};
    struct directory *d = *state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        put(d, names[i], "A;");
        refused(d->path, names[i]);
        (void)unlink(d->files[--d->count]);
    }
}

static void an_empty_or_missing_directory_is_refused(void **state) {
    refused(((struct directory *)*state)->path, "no migrations");
    refused("/nonexistent", "/nonexistent");
}

static void the_built_in_migrations_are_the_files(void **state) {
    (void)state;
    struct db_migrations *migrations = NULL;
    struct db_schema_report report;
    assert_int_equal(db_migrations_load(TEST_MIGRATIONS_DIR, &migrations, &report).code, STATUS_OK);
    size_t files;
    size_t built_in;
    const struct db_migration *list = db_migrations_list(migrations, &files);
    const struct db_migration *ours = db_schema_migrations(&built_in);
    assert_int_equal(files, built_in);
    for (size_t i = 0; i < files; i++) {
        assert_int_equal(list[i].version, ours[i].version);
        assert_string_equal(list[i].name, ours[i].name);
        assert_int_equal(list[i].len_bytes, ours[i].len_bytes);
        assert_memory_equal(list[i].text, ours[i].text, list[i].len_bytes);
    }
    db_migrations_free(&migrations);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, make, clear)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(scripts_are_read_in_order),
        CASE(a_gap_is_refused),
        CASE(the_same_number_twice_is_refused),
        CASE(other_names_are_refused),
        CASE(an_empty_or_missing_directory_is_refused),
        CASE(the_built_in_migrations_are_the_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
