#include "suite/suite_internal.h"

#include <math.h>
#include <string.h>

/* Mean and sample standard deviation over seeds of one metric, NaN apart. */
typedef struct {
    double mean, deviation;
    int count;
} spread_t;

static bool same_block(const suite_row_t *a, const suite_row_t *b)
{
    return strcmp(a->dataset, b->dataset) == 0 && a->shots == b->shots && strcmp(a->point, b->point) == 0;
}

static bool same_line(const suite_row_t *a, const suite_row_t *b)
{
    return same_block(a, b) && strcmp(a->category, b->category) == 0;
}

static spread_t spread(const suite_results_t *results, const suite_row_t *line, int metric)
{
    spread_t out = {0};
    double sum = 0, square = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < results->count; i++) {
            double value = results->rows[i].metric[metric];
            if (!same_line(&results->rows[i], line) || isnan(value)) continue;
            if (pass == 0)
                sum += value, out.count++;
            else
                square += (value - out.mean) * (value - out.mean);
            if (pass == 0) out.mean = sum / out.count;
        }
    out.deviation = out.count > 1 ? sqrt(square / (out.count - 1)) : 0;
    return out;
}

static void print_cell(FILE *out, const suite_results_t *results, const suite_row_t *line, int metric)
{
    spread_t s = spread(results, line, metric);
    char text[32] = "missing";
    if (s.count > 1)
        snprintf(text, sizeof text, "%6.2f +- %5.2f", 100 * s.mean, 100 * s.deviation);
    else if (s.count == 1)
        snprintf(text, sizeof text, "%6.2f", 100 * s.mean);
    fprintf(out, "  %-16s", text);
}

static void print_line(FILE *out, const suite_results_t *results, const suite_row_t *line, int width)
{
    fprintf(out, "  %-*s", width, line->category);
    for (int m = 0; m < 2; m++) print_cell(out, results, line, m);
    fputc('\n', out);
}

static bool first_of(const suite_results_t *results, int i, bool (*same)(const suite_row_t *, const suite_row_t *))
{
    for (int j = 0; j < i; j++)
        if (same(&results->rows[j], &results->rows[i])) return false;
    return true;
}

void suite_results_print(FILE *out, const suite_results_t *results)
{
    int width = 8;
    for (int i = 0; i < results->count; i++)
        if ((int)strlen(results->rows[i].category) > width) width = (int)strlen(results->rows[i].category);
    for (int b = 0; b < results->count; b++) {
        const suite_row_t *block = &results->rows[b];
        if (!first_of(results, b, same_block)) continue;
        fprintf(out, "\n%s, %s, %d-shot%s%s\n", block->dataset, block->method, block->shots,
                block->point[0] != '\0' ? ", " : "", block->point);
        fprintf(out, "  %-*s  %-16s  %-16s\n", width, "category", "image AUROC %", "pixel AUROC %");
        for (int i = b; i < results->count; i++)
            if (same_block(&results->rows[i], block) && first_of(results, i, same_line))
                print_line(out, results, &results->rows[i], width);
        fprintf(out, "  (%s)\n", block->protocol);
    }
    if (results->missing > 0)
        fprintf(out, "\nINCOMPLETE: %d task%s of this run %s no result yet\n", results->missing,
                results->missing == 1 ? "" : "s", results->missing == 1 ? "has" : "have");
}
