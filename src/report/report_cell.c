#include "report/report_internal.h"

void report_cell_format(char *out, size_t size, const report_column_t *column, const report_cell_t *cell,
                        const report_cell_style_t *style)
{
    const char *mark = cell->partial ? style->mark : "";
    const char *best = cell->best ? style->best : "", *best_end = cell->best ? style->best_end : "";
    out[0] = '\0';
    if (cell->kind == REPORT_CELL_EMPTY) return;
    if (cell->kind == REPORT_CELL_MISSING) {
        snprintf(out, size, "%s", style->missing);
        return;
    }
    switch (column->kind) {
    case REPORT_COLUMN_TEXT:
        snprintf(out, size, "%s%s", cell->text, mark);
        break;
    case REPORT_COLUMN_COUNT:
        snprintf(out, size, "%.0f%s", cell->value, mark);
        break;
    case REPORT_COLUMN_PERCENT:
        snprintf(out, size, "%.2f%s", 100 * cell->value, mark);
        break;
    case REPORT_COLUMN_DIFFERENCE:
        snprintf(out, size, "%+.2f%s", 100 * cell->value, mark);
        break;
    case REPORT_COLUMN_SPREAD:
        if (cell->n > 1)
            snprintf(out, size, "%s%.2f%s %s %*.2f%s", best, 100 * cell->value, best_end, style->plus_minus,
                     style->width, 100 * cell->deviation, mark);
        else
            snprintf(out, size, "%s%.2f%s%s", best, 100 * cell->value, best_end, mark);
        break;
    case REPORT_COLUMN_INTERVAL:
        snprintf(out, size, "%.2f to %.2f%s", 100 * cell->low, 100 * cell->high, mark);
        break;
    case REPORT_COLUMN_NUMBER:
        snprintf(out, size, "%.3g%s", cell->value, mark);
        break;
    }
}
