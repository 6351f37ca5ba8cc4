/* Tables as aligned text and as Markdown. */
#include "report/report_internal.h"

#include <stdio.h>
#include <string.h>

enum { CELL_SIZE = 256 };

static const report_cell_style_t text_style = {"+-", "missing", "*", 5, ">", ""};
static const report_cell_style_t markdown_style = {"±", "missing", "\\*", 5, "**", "**"};

/* Columns that people see: characters, not bytes (a UTF-8 sequence has one byte that is not 10xxxxxx). */
static int width_of(const char *text)
{
    int width = 0;
    for (; *text != '\0'; text++) width += ((unsigned char)*text & 0xC0) != 0x80;
    return width;
}

static void put_padded(FILE *out, const char *text, int width, bool right)
{
    int space = width - width_of(text);
    if (right) fprintf(out, "%*s", space > 0 ? space : 0, "");
    fputs(text, out);
    if (!right) fprintf(out, "%*s", space > 0 ? space : 0, "");
}

/* A Markdown cell must not hold a bar, and an underscore would start emphasis. */
static void escape(char out[2 * CELL_SIZE], const char *text, bool markdown)
{
    size_t at = 0;
    char visible[CELL_SIZE];
    base_visible(visible, sizeof visible, text);
    for (text = visible; *text != '\0' && at + 2 < 2 * CELL_SIZE; text++) {
        if (markdown && strchr("|_<", *text) != NULL) out[at++] = '\\';
        out[at++] = *text;
    }
    out[at] = '\0';
}

static void cell_text(char out[2 * CELL_SIZE], const report_table_t *table, int row, int column, bool markdown)
{
    char plain[CELL_SIZE];
    const report_column_t *head = &table->column[column];
    report_cell_format(plain, sizeof plain, head, &table->cells[(size_t)row * (size_t)table->columns + (size_t)column],
                       markdown ? &markdown_style : &text_style);
    if (head->kind == REPORT_COLUMN_TEXT)
        escape(out, plain, markdown);
    else
        snprintf(out, CELL_SIZE, "%s", plain);
}

static void head_text(char out[2 * CELL_SIZE], const report_column_t *column, bool markdown)
{
    char plain[CELL_SIZE];
    snprintf(plain, sizeof plain, "%s%s%s", column->group != NULL ? column->group : "",
             column->group != NULL ? " " : "", column->label);
    escape(out, plain, markdown);
}

static bool is_right(const report_column_t *column)
{
    return column->kind != REPORT_COLUMN_TEXT;
}

static void put_rule(FILE *out, const report_table_t *table, const int *width)
{
    fputs("  ", out);
    for (int c = 0; c < table->columns; c++)
        for (int i = 0; i < width[c] + 2; i++) fputc('-', out);
    fputc('\n', out);
}

static void put_table(FILE *out, const report_table_t *table, bool markdown)
{
    char text[2 * CELL_SIZE];
    int width[REPORT_TABLE_COLUMNS] = {0}, last = table->columns - 1; /* nothing follows it: no blanks at line ends */
    if (last >= 0 && is_right(&table->column[last])) last++;
    const char *edge = markdown ? "| " : "  ", *gap = markdown ? " | " : "  ", *end = markdown ? " |\n" : "\n";
    for (int c = 0; c < table->columns; c++) {
        head_text(text, &table->column[c], markdown);
        width[c] = width_of(text) > 3 ? width_of(text) : 3;
        for (int r = 0; r < table->rows; r++) {
            cell_text(text, table, r, c, markdown);
            if (width_of(text) > width[c]) width[c] = width_of(text);
        }
    }
    fprintf(out, markdown ? "\n### %s\n\n" : "\n%s\n", table->title);
    for (int c = 0; c < table->columns; c++) {
        head_text(text, &table->column[c], markdown);
        fputs(c == 0 ? edge : gap, out);
        put_padded(out, text, markdown || c < last ? width[c] : 0, is_right(&table->column[c]));
    }
    fputs(end, out);
    for (int c = 0; c < table->columns && markdown; c++) {
        fputs(c == 0 ? "|" : "|", out);
        fputc(is_right(&table->column[c]) ? '-' : ':', out);
        for (int i = 0; i < width[c]; i++) fputc('-', out);
        fputs(is_right(&table->column[c]) ? ":" : "-", out);
    }
    if (markdown) fputs("|\n", out);
    for (int r = 0; r < table->rows; r++) {
        if (table->rule[r] && !markdown) put_rule(out, table, width);
        for (int c = 0; c < table->columns; c++) {
            cell_text(text, table, r, c, markdown);
            fputs(c == 0 ? edge : gap, out);
            put_padded(out, text, markdown || c < last ? width[c] : 0, is_right(&table->column[c]));
        }
        fputs(end, out);
    }
    if (markdown && table->notes > 0) fputc('\n', out);
    for (int i = 0; i < table->notes; i++) fprintf(out, markdown ? "- %s\n" : "  (%s)\n", table->note[i]);
}

void report_document_print_text(FILE *out, const report_document_t *document, bool markdown)
{
    for (int i = 0; i < document->warnings; i++) fprintf(out, markdown ? "> **%s**\n\n" : "%s\n", document->warning[i]);
    for (int t = 0; t < document->count; t++) put_table(out, document->tables[t], markdown);
}
