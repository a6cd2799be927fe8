#include "support/temp_dir.h"

#include "support/cmocka.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void temp_dir_is_removed_with_what_is_in_it(void **state) {
    (void)state;
    struct temp_dir *dir = temp_dir_new();
    assert_non_null(dir);
    char *path = strdup(temp_dir_path(dir));
    assert_int_equal(mkdir(temp_dir_join(dir, "inner"), 0700), 0);
    assert_non_null(temp_dir_write(dir, "inner/file", "text", 4));
    assert_int_equal(access(temp_dir_join(dir, "inner/file"), F_OK), 0);
    temp_dir_free(&dir);
    assert_null(dir);
    assert_int_not_equal(access(path, F_OK), 0);
    temp_dir_free(&dir);
    free(path);
}

static void temp_dir_does_not_follow_links(void **state) {
    (void)state;
    struct temp_dir *kept = temp_dir_new(), *removed = temp_dir_new();
    assert_non_null(temp_dir_write(kept, "file", "text", 4));
    assert_int_equal(symlink(temp_dir_path(kept), temp_dir_join(removed, "link")), 0);
    temp_dir_free(&removed);
    assert_int_equal(access(temp_dir_join(kept, "file"), F_OK), 0);
    temp_dir_free(&kept);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(temp_dir_is_removed_with_what_is_in_it),
        cmocka_unit_test(temp_dir_does_not_follow_links),
    };
    return cmocka_run_group_tests_name("temp_dir", tests, NULL, NULL);
}
