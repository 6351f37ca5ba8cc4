/* Documents of tables: filled cell by cell, each under its column's name. */
#include "report/report_internal.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void report_document_init(report_document_t *document)
{
    *document = (report_document_t){0};
    arena_init(&document->arena, "report");
}

void report_document_free(report_document_t *document)
{
    arena_free(&document->arena);
    *document = (report_document_t){0};
}

status_t report_document_status(const report_document_t *document)
{
    return document->out_of_memory ? fail(ST_ENOMEM, "out of memory for the report") : ST_OK;
}

static void *take(report_document_t *document, size_t count, size_t size)
{
    void *slice = arena_take(&document->arena, count, size);
    if (slice == NULL) document->out_of_memory = true;
    return slice;
}

static const char *format_text(report_document_t *document, const char *format, va_list args)
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

const char *report_document_text(report_document_t *document, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = format_text(document, format, args);
    va_end(args);
    return text;
}

void report_document_warn(report_document_t *document, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = format_text(document, format, args);
    va_end(args);
    if (document->warnings < REPORT_TABLE_NOTES) document->warning[document->warnings++] = text;
}

report_table_t *report_document_table(report_document_t *document, const char *name, const char *title)
{
    if (document->count == document->room) {
        int room = document->room > 0 ? 2 * document->room : 16;
        report_table_t **tables = take(document, (size_t)room, sizeof *tables);
        if (tables == NULL) return &document->spare;
        if (document->count > 0) memcpy(tables, document->tables, (size_t)document->count * sizeof *tables);
        document->tables = tables;
        document->room = room;
    }
    report_table_t *table = take(document, 1, sizeof *table);
    if (table == NULL) return &document->spare;
    table->name = name;
    table->title = title;
    document->tables[document->count++] = table;
    return table;
}

int report_table_column(report_table_t *table, const char *key, const char *label, report_column_kind_t kind)
{
    REQUIRE(table->rows == 0);
    if (table->columns == REPORT_TABLE_COLUMNS) return REPORT_TABLE_COLUMNS - 1;
    table->column[table->columns] = (report_column_t){.key = key, .label = label, .kind = kind};
    return table->columns++;
}

int report_table_row(report_document_t *document, report_table_t *table, bool rule)
{
    if (table->rows == table->row_room) {
        int room = table->row_room > 0 ? 2 * table->row_room : 32;
        report_cell_t *cells = take(document, (size_t)room * (size_t)table->columns, sizeof *cells);
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

report_cell_t *report_table_cell(report_document_t *document, report_table_t *table, int row, int column)
{
    if (row < 0) return &document->spare_cell;
    REQUIRE(row < table->rows && column >= 0 && column < table->columns);
    return &table->cells[(size_t)row * (size_t)table->columns + (size_t)column];
}

void report_table_put_text(report_document_t *document, report_table_t *table, int row, int column, const char *text)
{
    report_cell_t *cell = report_table_cell(document, table, row, column);
    *cell = (report_cell_t){.kind = REPORT_CELL_VALUE, .text = text};
}

void report_table_put_value(report_document_t *document, report_table_t *table, int row, int column, double value)
{
    report_cell_t *cell = report_table_cell(document, table, row, column);
    *cell = (report_cell_t){.kind = isnan(value) ? REPORT_CELL_MISSING : REPORT_CELL_VALUE, .value = value, .n = 1};
}

void report_table_note(report_document_t *document, report_table_t *table, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = format_text(document, format, args);
    va_end(args);
    for (int i = 0; i < table->notes; i++)
        if (strcmp(table->note[i], text) == 0) return;
    if (table->notes < REPORT_TABLE_NOTES) table->note[table->notes++] = text;
}

status_t report_document_print(FILE *out, const report_document_t *document, report_format_t format)
{
    TRY(report_document_status(document));
    switch (format) {
    case REPORT_FORMAT_TEXT:
        report_document_print_text(out, document, false);
        break;
    case REPORT_FORMAT_MARKDOWN:
        report_document_print_text(out, document, true);
        break;
    case REPORT_FORMAT_CSV:
        report_document_print_csv(out, document);
        break;
    case REPORT_FORMAT_LATEX:
        report_document_print_latex(out, document);
        break;
    case REPORT_FORMAT_JSON:
        report_document_print_json(out, document);
        break;
    }
    return ferror(out) ? fail(ST_EIO, "the report cannot be written") : ST_OK;
}
