/* Migrations from a directory. */
#include "db/migrate.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_MIGRATIONS = 9999,
    MOST_SCRIPT_BYTES = 16 << 20,
    NUMBER_DIGITS = 4,
};

struct db_migrations {
    struct db_migration *list; /* `text` and `name` are ours */
    size_t count;
};

static struct status refuse(struct db_schema_report *report, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static struct status refuse(struct db_schema_report *report, const char *format, ...) {
    va_list arguments;
    *report = (struct db_schema_report){.found = 0};
    va_start(arguments, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): started one line above */
    (void)vsnprintf(report->message, sizeof report->message, format, arguments);
    va_end(arguments);
    return status_error(STATUS_INVALID_ARGUMENT, 0, "The migrations cannot be used.");
}

static int only_scripts(const struct dirent *entry) {
    size_t len = strlen(entry->d_name);
    return entry->d_name[0] != '.' && len > 4 && strcmp(entry->d_name + len - 4, ".sql") == 0;
}

/* "0003_create_bookings.sql" to 3 and "create_bookings"; NULL unless the name is of that form. */
static char *parse_name(const char *file, int32_t *ret_version) {
    int32_t version = 0;
    for (int i = 0; i < NUMBER_DIGITS; i++) {
        if (file[i] < '0' || file[i] > '9')
            return NULL;
        version = version * 10 + (file[i] - '0');
    }
    const char *name = file + NUMBER_DIGITS + 1;
    if (file[NUMBER_DIGITS] != '_' ||
        strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(name) - strlen(".sql"))
        return NULL;
    *ret_version = version;
    return strndup(name, strlen(name) - strlen(".sql"));
}

static char *read_file(const char *path, size_t *ret_len) {
    FILE *file = fopen(path, "rbe");
    if (file == NULL)
        return NULL;
    char *text = NULL;
    long size = -1;
    if (fseek(file, 0, SEEK_END) == 0)
        size = ftell(file);
    if (size >= 0 && size <= MOST_SCRIPT_BYTES && fseek(file, 0, SEEK_SET) == 0)
        text = malloc((size_t)size + 1);
    if (text != NULL && fread(text, 1, (size_t)size, file) != (size_t)size) {
        free(text);
        text = NULL;
    }
    (void)fclose(file);
    if (text == NULL)
        return NULL;
    text[size] = '\0';
    *ret_len = (size_t)size;
    return text;
}

static struct status load_one(const char *directory, const char *file,
                              struct db_migrations *migrations, struct db_schema_report *report) {
    char path[4096];
    struct db_migration *migration = &migrations->list[migrations->count];
    int32_t version = 0;

    char *name = parse_name(file, &version);
    if (name == NULL)
        return refuse(report, "%s is not named NNNN_verb_object.sql.", file);
    if (version != (int32_t)migrations->count + 1) {
        free(name);
        return refuse(report, "%s: number %zu was expected.", file, migrations->count + 1);
    }
    int written = snprintf(path, sizeof path, "%s/%s", directory, file);
    size_t len = 0;
    char *text = written < 0 || (size_t)written >= sizeof path ? NULL : read_file(path, &len);
    if (text == NULL) {
        free(name);
        return refuse(report, "%s cannot be read.", file);
    }
    *migration = (struct db_migration){version, name, text, len};
    migrations->count++;
    return status_ok();
}

static struct db_migrations *make_room(size_t count) {
    struct db_migrations *migrations = calloc(1, sizeof *migrations);
    if (migrations == NULL)
        return NULL;
    migrations->list = calloc(count, sizeof *migrations->list);
    if (migrations->list == NULL)
        db_migrations_free(&migrations);
    return migrations;
}

static struct status load_all(const char *directory, struct dirent *const *entries, int count,
                              struct db_migrations **ret_migrations,
                              struct db_schema_report *report) {
    if (count == 0 || count > MOST_MIGRATIONS)
        return refuse(report, "%s holds no migrations, or too many.", directory);
    struct db_migrations *migrations = make_room((size_t)count);
    if (migrations == NULL)
        return refuse(report, "Out of memory.");
    for (int i = 0; i < count; i++) {
        struct status status = load_one(directory, entries[i]->d_name, migrations, report);
        if (!status_is_ok(status)) {
            db_migrations_free(&migrations);
            return status;
        }
    }
    *ret_migrations = migrations;
    return status_ok();
}

struct status db_migrations_load(const char *directory, struct db_migrations **ret_migrations,
                                 struct db_schema_report *ret_report) {
    struct dirent **entries = NULL;

    int found = scandir(directory, &entries, only_scripts, alphasort);
    if (found < 0)
        return refuse(ret_report, "%s: %m", directory);
    struct status status = load_all(directory, entries, found, ret_migrations, ret_report);
    for (int i = 0; i < found; i++)
        free(entries[i]);
    free(entries);
    return status;
}

const struct db_migration *db_migrations_list(const struct db_migrations *migrations,
                                              size_t *ret_count) {
    *ret_count = migrations->count;
    return migrations->list;
}

void db_migrations_free(struct db_migrations **migrations) {
    struct db_migrations *gone = *migrations;
    if (gone == NULL)
        return;
    for (size_t i = 0; gone->list != NULL && i < gone->count; i++) {
        /* Allocated by load_one; const only to readers. */
        free((void *)(uintptr_t)gone->list[i].name);
        free((void *)(uintptr_t)gone->list[i].text);
    }
    free(gone->list);
    free(gone);
    *migrations = NULL;
}
