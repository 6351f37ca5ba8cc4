/* CSV: records whose cells are found by the name of their column. */
#include "io/io.h"

#include <stdlib.h>
#include <string.h>

/* The next record, its cells cut out of csv->next in place; csv->line is where it begins. Their number; -1 at the end of
 * the text, -2 when a quote is left open. */
static int next_record(char **cells, io_csv_t *csv)
{
    char *at = csv->next;
    int count = 0;
    csv->line = csv->next_line;
    if (*at == '\0') return -1;
    for (;;) {
        char *start = at, *to = at, *plain = at; /* from `plain` on, the cell is not quoted */
        bool quoted = *at == '"';
        if (quoted) at++;
        while (*at != '\0' && (quoted || (*at != ',' && *at != '\n'))) {
            if (quoted && *at == '"') {
                at++;
                if (*at != '"') {
                    quoted = false;
                    plain = to;
                    continue;
                }
            }
            if (*at == '\n') csv->next_line++;
            *to++ = *at++;
        }
        if (quoted) return -2;
        char end = *at;
        if (end == '\n') csv->next_line++;
        if (end != '\0') at++;
        if (to > plain && end != ',' && to[-1] == '\r') to--;
        *to = '\0';
        if (count < IO_CSV_COLUMNS) cells[count] = start;
        count++;
        if (end != ',') break;
    }
    csv->next = at;
    return count;
}

/* What a spreadsheet would compute when it opens the file, as =HYPERLINK(...); a number is no formula. An apostrophe before it
 * says that it is text; a cell that has some already gets one more, so that reading gives back what was written. */
static bool is_formula(const char *text)
{
    text += strspn(text, "'");
    if (text[0] == '\0' || strchr("=+-@\t\r", text[0]) == NULL) return false;
    double number;
    const char *end = base_number(&number, text);
    return end == NULL || *end != '\0';
}

static int find_column(const io_csv_t *csv, const char *name)
{
    for (int c = 0; c < csv->columns; c++)
        if (strcmp(csv->name[c], name) == 0) return c;
    return -1;
}

status_t io_csv_open(io_csv_t *csv, const char *path)
{
    *csv = (io_csv_t){.path = path, .next_line = 1};
    TRY(io_read_text(&csv->bytes, path));
    csv->next = csv->bytes;
    /* Spreadsheets put a byte order mark first. */
    if (strncmp(csv->next, "\xef\xbb\xbf", 3) == 0) csv->next += 3;
    status_t status = ST_OK;
    int columns = next_record(csv->name, csv);
    if (columns == -2)
        status = fail(ST_EFORMAT, "%s:1: a quote is left open", path);
    else if (columns < 0)
        status = fail(ST_EFORMAT, "%s:1: expected a line with the names of the columns", path);
    else if (columns > IO_CSV_COLUMNS)
        status = fail(ST_EFORMAT, "%s:1: has %d columns, at most %d are read", path, columns, IO_CSV_COLUMNS);
    else
        csv->columns = columns;
    for (int c = 0; c < csv->columns; c++) {
        csv->cell[c] = csv->name[c];
        if (find_column(csv, csv->name[c]) != c)
            status = fail(ST_EFORMAT, "%s:1: two columns are called '%s'", path, csv->name[c]);
    }
    if (status != ST_OK) io_csv_close(csv);
    return status;
}

status_t io_csv_next(bool *more, io_csv_t *csv)
{
    for (;;) {
        int cells = next_record(csv->cell, csv);
        *more = cells != -1;
        if (cells == -1) return ST_OK;
        if (cells == 1 && csv->columns > 1 && csv->cell[0][0] == '\0') continue; /* an empty line */
        if (cells == csv->columns) {
            for (int c = 0; c < cells; c++)
                if (csv->cell[c][0] == '\'' && is_formula(csv->cell[c])) csv->cell[c]++;
            return ST_OK;
        }
        if (cells == -2) return fail(ST_EFORMAT, "%s:%d: a quote is left open", csv->path, csv->line);
        return fail(ST_EFORMAT, "%s:%d: has %d cells, the header has %d", csv->path, csv->line, cells, csv->columns);
    }
}

const char *io_csv_cell(const io_csv_t *csv, const char *name)
{
    int c = find_column(csv, name);
    return c >= 0 ? csv->cell[c] : NULL;
}

void io_csv_close(io_csv_t *csv)
{
    free(csv->bytes);
    *csv = (io_csv_t){0};
}

void io_csv_put(FILE *out, const char *text)
{
    const char *mark = is_formula(text) ? "'" : "";
    if (strpbrk(text, ",\"\n\r") == NULL) {
        fprintf(out, "%s%s", mark, text);
        return;
    }
    fprintf(out, "\"%s", mark);
    for (const char *c = text; *c != '\0'; c++) fputs(*c == '"' ? "\"\"" : (char[]){*c, '\0'}, out);
    fputc('"', out);
}
