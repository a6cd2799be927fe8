/*
 * Tables: aligned columns, also of scripts that take two columns a character.
 */
#ifndef CLIENTS_CLI_TABLE_H
#define CLIENTS_CLI_TABLE_H

#include <stddef.h>
#include <stdio.h>

#include "base/arena.h"
#include "clients/cli/style.h"

enum { TABLE_MAX_COLUMNS = 12, TABLE_NO_COLUMN = -1 };

struct table_row {
    struct table_row *next;
    const char *cells[TABLE_MAX_COLUMNS];
    enum tone tones[TABLE_MAX_COLUMNS];
};

struct table {
    const char *const *titles;
    size_t columns;
    int flexible; /* the column that is cut when the terminal is too narrow, or TABLE_NO_COLUMN */
    struct arena *arena;
    struct table_row *first;
    struct table_row **end;
};

void table_init(struct table *table, struct arena *arena, const char *const *titles, size_t columns,
                int flexible);
/* A new row, all cells "", which the caller fills with texts that outlive the table; NULL without
 * memory. */
struct table_row *table_add(struct table *table);
void table_print(const struct table *table, const struct style *style, FILE *file);

#endif
