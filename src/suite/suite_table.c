/* Documents of tables: filled cell by cell, each under its column's name. */
#include "suite/suite_posthoc.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void suite_document_init(suite_document_t *document)
{
    *document = (suite_document_t){0};
    arena_init(&document->arena, "report");
}

void suite_document_free(suite_document_t *document)
{
    arena_free(&document->arena);
    *document = (suite_document_t){0};
}

status_t suite_document_status(const suite_document_t *document)
{
    return document->out_of_memory ? fail(ST_ENOMEM, "out of memory for the report") : ST_OK;
}

static void *take(suite_document_t *document, size_t count, size_t size)
{
    void *slice = arena_take(&document->arena, count, size);
    if (slice == NULL) document->out_of_memory = true;
    return slice;
}

static const char *format_text(suite_document_t *document, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *text = take(document, (size_t)length + 1, 1);
    if (text == NULL) return "";
    vsnprintf(text, (size_t)length + 1, format, args);
    return text;
}

const char *suite_document_text(suite_document_t *document, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = format_text(document, format, args);
    va_end(args);
    return text;
}

void suite_document_warn(suite_document_t *document, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = format_text(document, format, args);
    va_end(args);
    if (document->warnings < SUITE_TABLE_NOTES) document->warning[document->warnings++] = text;
}

suite_table_t *suite_document_table(suite_document_t *document, const char *name, const char *title)
{
    if (document->count == document->room) {
        int room = document->room > 0 ? 2 * document->room : 16;
        suite_table_t **tables = take(document, (size_t)room, sizeof *tables);
        if (tables == NULL) return &document->spare;
        if (document->count > 0) memcpy(tables, document->tables, (size_t)document->count * sizeof *tables);
        document->tables = tables;
        document->room = room;
    }
    suite_table_t *table = take(document, 1, sizeof *table);
    if (table == NULL) return &document->spare;
    table->name = name;
    table->title = title;
    document->tables[document->count++] = table;
    return table;
}

int suite_table_column(suite_table_t *table, const char *key, const char *label, suite_column_kind_t kind)
{
    REQUIRE(table->rows == 0);
    if (table->columns == SUITE_TABLE_COLUMNS) return SUITE_TABLE_COLUMNS - 1;
    table->column[table->columns] = (suite_column_t){.key = key, .label = label, .kind = kind};
    return table->columns++;
}

int suite_table_row(suite_document_t *document, suite_table_t *table, bool rule)
{
    if (table->rows == table->row_room) {
        int room = table->row_room > 0 ? 2 * table->row_room : 32;
        suite_cell_t *cells = take(document, (size_t)room * (size_t)table->columns, sizeof *cells);
        bool *rules = take(document, (size_t)room, sizeof *rules);
        if (cells == NULL || rules == NULL) return -1;
        if (table->rows > 0) {
            memcpy(cells, table->cells, (size_t)table->rows * (size_t)table->columns * sizeof *cells);
            memcpy(rules, table->rule, (size_t)table->rows * sizeof *rules);
        }
        table->cells = cells;
        table->rule = rules;
        table->row_room = room;
    }
    table->rule[table->rows] = rule;
    return table->rows++;
}

suite_cell_t *suite_table_cell(suite_document_t *document, suite_table_t *table, int row, int column)
{
    if (row < 0) return &document->spare_cell;
    REQUIRE(row < table->rows && column >= 0 && column < table->columns);
    return &table->cells[(size_t)row * (size_t)table->columns + (size_t)column];
}

void suite_table_put_text(suite_document_t *document, suite_table_t *table, int row, int column, const char *text)
{
    suite_cell_t *cell = suite_table_cell(document, table, row, column);
    *cell = (suite_cell_t){.kind = SUITE_CELL_VALUE, .text = text};
}

void suite_table_put_value(suite_document_t *document, suite_table_t *table, int row, int column, double value)
{
    suite_cell_t *cell = suite_table_cell(document, table, row, column);
    *cell = (suite_cell_t){.kind = isnan(value) ? SUITE_CELL_MISSING : SUITE_CELL_VALUE, .value = value, .n = 1};
}

void suite_table_note(suite_document_t *document, suite_table_t *table, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = format_text(document, format, args);
    va_end(args);
    for (int i = 0; i < table->notes; i++)
        if (strcmp(table->note[i], text) == 0) return;
    if (table->notes < SUITE_TABLE_NOTES) table->note[table->notes++] = text;
}

void suite_cell_format(char *out, size_t size, const suite_column_t *column, const suite_cell_t *cell,
                       const suite_cell_style_t *style)
{
    const char *mark = cell->partial ? style->mark : "";
    out[0] = '\0';
    if (cell->kind == SUITE_CELL_EMPTY) return;
    if (cell->kind == SUITE_CELL_MISSING) {
        snprintf(out, size, "%s", style->missing);
        return;
    }
    switch (column->kind) {
    case SUITE_COLUMN_TEXT:
        snprintf(out, size, "%s%s", cell->text, mark);
        break;
    case SUITE_COLUMN_COUNT:
        snprintf(out, size, "%.0f%s", cell->value, mark);
        break;
    case SUITE_COLUMN_PERCENT:
        snprintf(out, size, "%.2f%s", 100 * cell->value, mark);
        break;
    case SUITE_COLUMN_DIFFERENCE:
        snprintf(out, size, "%+.2f%s", 100 * cell->value, mark);
        break;
    case SUITE_COLUMN_SPREAD:
        if (cell->n > 1)
            snprintf(out, size, "%.2f %s %5.2f%s", 100 * cell->value, style->plus_minus, 100 * cell->deviation, mark);
        else
            snprintf(out, size, "%.2f%s", 100 * cell->value, mark);
        break;
    case SUITE_COLUMN_INTERVAL:
        snprintf(out, size, "%.2f to %.2f%s", 100 * cell->low, 100 * cell->high, mark);
        break;
    case SUITE_COLUMN_NUMBER:
        snprintf(out, size, "%.3g%s", cell->value, mark);
        break;
    }
}

status_t suite_document_print(FILE *out, const suite_document_t *document, suite_format_t format)
{
    TRY(suite_document_status(document));
    switch (format) {
    case SUITE_FORMAT_TEXT:
        suite_document_print_text(out, document, false);
        break;
    case SUITE_FORMAT_MARKDOWN:
        suite_document_print_text(out, document, true);
        break;
    case SUITE_FORMAT_CSV:
        suite_document_print_csv(out, document);
        break;
    case SUITE_FORMAT_LATEX:
        suite_document_print_latex(out, document);
        break;
    case SUITE_FORMAT_JSON:
        suite_document_print_json(out, document);
        break;
    }
    return ferror(out) ? fail(ST_EIO, "the report cannot be written") : ST_OK;
}
