/* Tables in LaTeX, with booktabs. */
#include "report/report_internal.h"

#include <stdio.h>
#include <string.h>

enum { CELL_SIZE = 256 };
static const report_cell_style_t style = {"$\\pm$", "--", "$^{*}$", 0, "\\textbf{", "}"};

static void put_escaped(FILE *out, const char *text)
{
    /* After the end of a row a '[' would be the length of a skip, and a '*' its form. */
    if (*text == '[' || *text == '*') fputs("{}", out);
    for (; *text != '\0'; text++) {
        if (strchr("&%$#_{}", *text) != NULL)
            fprintf(out, "\\%c", *text);
        else if (*text == '~' || *text == '^')
            fprintf(out, "\\%c{}", *text);
        else if (*text == '\\')
            fputs("\\textbackslash{}", out);
        else if (*text == '<' || *text == '>')
            fprintf(out, "$%c$", *text);
        else
            fputc(*text, out);
    }
}

static bool same_group(const report_column_t *a, const report_column_t *b)
{
    return a->group != NULL && b->group != NULL && strcmp(a->group, b->group) == 0;
}

/* The first column after c that is not of its group. */
static int group_end(const report_table_t *table, int c)
{
    int end = c + 1;
    while (end < table->columns && same_group(&table->column[c], &table->column[end])) end++;
    return end;
}

static void put_groups(FILE *out, const report_table_t *table)
{
    bool any = false;
    for (int c = 0; c < table->columns; c++) any = any || table->column[c].group != NULL;
    if (!any) return;
    for (int c = 0, end; c < table->columns; c = end) {
        end = group_end(table, c);
        if (c > 0) fputs(" & ", out);
        if (table->column[c].group == NULL) continue;
        fprintf(out, "\\multicolumn{%d}{c}{", end - c);
        put_escaped(out, table->column[c].group);
        fputc('}', out);
    }
    fputs(" \\\\\n", out);
    for (int c = 0, end; c < table->columns; c = end) {
        end = group_end(table, c);
        if (table->column[c].group != NULL) fprintf(out, "\\cmidrule(lr){%d-%d} ", c + 1, end);
    }
    fputc('\n', out);
}

static void put_table(FILE *out, const report_table_t *table)
{
    char text[CELL_SIZE];
    fputs("\\begin{table}[t]\n\\centering\n\\caption{", out);
    put_escaped(out, table->title);
    for (int i = 0; i < table->notes; i++) {
        fputs(i == 0 ? ". " : "; ", out);
        put_escaped(out, table->note[i]);
    }
    fputs(".}\n\\begin{tabular}{", out);
    for (int c = 0; c < table->columns; c++) fputc(table->column[c].kind == REPORT_COLUMN_TEXT ? 'l' : 'r', out);
    fputs("}\n\\toprule\n", out);
    put_groups(out, table);
    for (int c = 0; c < table->columns; c++) {
        if (c > 0) fputs(" & ", out);
        put_escaped(out, table->column[c].label);
    }
    fputs(" \\\\\n\\midrule\n", out);
    for (int r = 0; r < table->rows; r++) {
        if (table->rule[r]) fputs("\\midrule\n", out);
        for (int c = 0; c < table->columns; c++) {
            const report_column_t *column = &table->column[c];
            report_cell_format(text, sizeof text, column, &table->cells[(size_t)r * (size_t)table->columns + (size_t)c],
                               &style);
            if (c > 0) fputs(" & ", out);
            if (column->kind == REPORT_COLUMN_TEXT)
                put_escaped(out, text);
            else
                fputs(text, out);
        }
        fputs(" \\\\\n", out);
    }
    fputs("\\bottomrule\n\\end{tabular}\n\\end{table}\n", out);
}

void report_document_print_latex(FILE *out, const report_document_t *document)
{
    fputs("% needs \\usepackage{booktabs}\n", out);
    for (int i = 0; i < document->warnings; i++) fprintf(out, "%% %s\n", document->warning[i]);
    for (int t = 0; t < document->count; t++) {
        fputc('\n', out);
        put_table(out, document->tables[t]);
    }
}
