/* Tables for programs: CSV and JSON, with all digits, fractions instead of percent, every value under its name. */
#include "report/report_internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What one column becomes: a SPREAD is a mean, a deviation and counts, an INTERVAL two ends. */
typedef struct {
    const char *suffix;
    size_t offset; /* in report_cell_t */
    bool whole;    /* int, else double */
} part_t;
static const part_t value_part[] = {{"", offsetof(report_cell_t, value), false}, {0}};
static const part_t spread_parts[] = {{"", offsetof(report_cell_t, value), false},
                                      {"_sd", offsetof(report_cell_t, deviation), false},
                                      {"_n", offsetof(report_cell_t, n), true},
                                      {"_categories", offsetof(report_cell_t, categories), true},
                                      {0}};
static const part_t interval_parts[] = {
    {"_low", offsetof(report_cell_t, low), false}, {"_high", offsetof(report_cell_t, high), false}, {0}};

static const part_t *parts_of(const report_column_t *column)
{
    return column->kind == REPORT_COLUMN_SPREAD     ? spread_parts
           : column->kind == REPORT_COLUMN_INTERVAL ? interval_parts
                                                    : value_part;
}

/* The part as text, "" when it is missing: of a single value there is no deviation. Counts stand even then. */
static void part_text(char out[40], const report_cell_t *cell, const report_column_t *column, const part_t *part)
{
    out[0] = '\0';
    if (part->whole) {
        int number;
        memcpy(&number, (const char *)cell + part->offset, sizeof number);
        snprintf(out, 40, "%d", number);
        return;
    }
    if (cell->kind != REPORT_CELL_VALUE) return;
    if (part->offset == offsetof(report_cell_t, deviation) && cell->n < 2) return;
    double number;
    memcpy(&number, (const char *)cell + part->offset, sizeof number);
    if (!isnan(number)) snprintf(out, 40, column->kind == REPORT_COLUMN_COUNT ? "%.0f" : "%.17g", number);
}

static void put_csv_table(FILE *out, const report_table_t *table)
{
    char text[40];
    for (int c = 0; c < table->columns; c++)
        for (const part_t *part = parts_of(&table->column[c]); part->suffix != NULL; part++)
            fprintf(out, "%s%s%s", c > 0 || part != parts_of(&table->column[c]) ? "," : "", table->column[c].key,
                    part->suffix);
    fputc('\n', out);
    for (int r = 0; r < table->rows; r++) {
        for (int c = 0; c < table->columns; c++) {
            const report_cell_t *cell = &table->cells[(size_t)r * (size_t)table->columns + (size_t)c];
            const part_t *first = parts_of(&table->column[c]);
            for (const part_t *part = first; part->suffix != NULL; part++) {
                if (c > 0 || part != first) fputc(',', out);
                if (table->column[c].kind == REPORT_COLUMN_TEXT) {
                    if (cell->kind == REPORT_CELL_VALUE) io_csv_put(out, cell->text);
                } else {
                    part_text(text, cell, &table->column[c], part);
                    fputs(text, out);
                }
            }
        }
        fputc('\n', out);
    }
}

/* One table is plain CSV; several are told apart by a line "# name: title" before each. */
void report_document_print_csv(FILE *out, const report_document_t *document)
{
    for (int t = 0; t < document->count; t++) {
        const report_table_t *table = document->tables[t];
        if (document->count > 1) fprintf(out, "%s# %s: %s\n", t > 0 ? "\n" : "", table->name, table->title);
        put_csv_table(out, table);
    }
}

static void put_json_text(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            fprintf(out, "\\%c", *text);
        else if ((unsigned char)*text < 0x20)
            fprintf(out, "\\u%04x", (unsigned)(unsigned char)*text);
        else
            fputc(*text, out);
    }
    fputc('"', out);
}

static void put_json_texts(FILE *out, const char *key, const char *const *texts, int count)
{
    fprintf(out, "\"%s\": [", key);
    for (int i = 0; i < count; i++) {
        if (i > 0) fputs(", ", out);
        put_json_text(out, texts[i]);
    }
    fputc(']', out);
}

static void put_json_row(FILE *out, const report_table_t *table, int row)
{
    char text[40];
    const char *comma = "";
    fputs("      {", out);
    for (int c = 0; c < table->columns; c++) {
        const report_cell_t *cell = &table->cells[(size_t)row * (size_t)table->columns + (size_t)c];
        for (const part_t *part = parts_of(&table->column[c]); part->suffix != NULL; part++) {
            fprintf(out, "%s\"%s%s\": ", comma, table->column[c].key, part->suffix);
            comma = ", ";
            if (table->column[c].kind == REPORT_COLUMN_TEXT && cell->kind == REPORT_CELL_VALUE) {
                put_json_text(out, cell->text);
                continue;
            }
            part_text(text, cell, &table->column[c], part);
            fputs(text[0] != '\0' && table->column[c].kind != REPORT_COLUMN_TEXT ? text : "null", out);
        }
    }
    fputc('}', out);
}

void report_document_print_json(FILE *out, const report_document_t *document)
{
    fputs("{\n  ", out);
    put_json_texts(out, "warnings", document->warning, document->warnings);
    fputs(",\n  \"tables\": [\n", out);
    for (int t = 0; t < document->count; t++) {
        const report_table_t *table = document->tables[t];
        fputs("    {\"name\": ", out);
        put_json_text(out, table->name);
        fputs(", \"title\": ", out);
        put_json_text(out, table->title);
        fputs(", ", out);
        put_json_texts(out, "notes", table->note, table->notes);
        fputs(", \"rows\": [\n", out);
        for (int r = 0; r < table->rows; r++) {
            put_json_row(out, table, r);
            fputs(r + 1 < table->rows ? ",\n" : "\n", out);
        }
        fprintf(out, "    ]}%s\n", t + 1 < document->count ? "," : "");
    }
    fputs("  ]\n}\n", out);
}
