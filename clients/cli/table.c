#include "clients/cli/table.h"

enum { GAP = 2, FLEXIBLE_MIN = 12 };

void table_init(struct table *table, struct arena *arena, const char *const *titles, size_t columns,
                int flexible) {
    *table =
        (struct table){.titles = titles, .columns = columns, .flexible = flexible, .arena = arena};
    table->end = &table->first;
}

struct table_row *table_add(struct table *table) {
    struct table_row *row = arena_alloc(table->arena, sizeof *row);
    if (row == NULL)
        return NULL;
    for (size_t i = 0; i < table->columns; i++)
        row->cells[i] = "";
    *table->end = row;
    table->end = &row->next;
    return row;
}

static void measure(const struct table *table, size_t widths[TABLE_MAX_COLUMNS]) {
    for (size_t i = 0; i < table->columns; i++)
        widths[i] = text_width(table->titles[i]);
    for (const struct table_row *row = table->first; row != NULL; row = row->next) {
        for (size_t i = 0; i < table->columns; i++) {
            size_t width = text_width(row->cells[i]);
            if (width > widths[i])
                widths[i] = width;
        }
    }
}

static void fit(const struct table *table, size_t columns, size_t widths[TABLE_MAX_COLUMNS]) {
    size_t total = 0;
    for (size_t i = 0; i < table->columns; i++)
        total += widths[i] + (i > 0 ? GAP : 0);
    if (columns == 0 || total <= columns || table->flexible == TABLE_NO_COLUMN)
        return;
    size_t *flexible = &widths[table->flexible];
    size_t excess = total - columns;
    if (*flexible > FLEXIBLE_MIN)
        *flexible = *flexible > excess + FLEXIBLE_MIN ? *flexible - excess : FLEXIBLE_MIN;
}

static void print_cells(const struct table *table, const struct style *style,
                        const size_t widths[TABLE_MAX_COLUMNS], const char *const *cells,
                        const enum tone *tones, FILE *file) {
    size_t pending = 0;
    for (size_t i = 0; i < table->columns; i++) {
        const char *cell = text_cut(table->arena, cells[i], widths[i]);
        if (cell == NULL)
            cell = "";
        enum tone tone = tones != NULL ? tones[i] : TONE_FAINT;
        if (cell[0] != '\0') {
            fprintf(file, "%*s%s%s%s", (int)pending, "", tone_begin(style, tone), cell,
                    tone_end(style, tone));
            pending = 0;
        }
        pending += widths[i] - text_width(cell) + GAP;
    }
    fputc('\n', file);
}

void table_print(const struct table *table, const struct style *style, FILE *file) {
    size_t widths[TABLE_MAX_COLUMNS];
    measure(table, widths);
    fit(table, style->columns, widths);
    print_cells(table, style, widths, table->titles, NULL, file);
    for (const struct table_row *row = table->first; row != NULL; row = row->next)
        print_cells(table, style, widths, row->cells, row->tones, file);
}
