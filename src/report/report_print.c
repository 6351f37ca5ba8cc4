/* A report: the document of a result set, printed. */
#include "report/report_internal.h"

#include <string.h>

const char *const report_format_names[] = {"text", "md", "csv", "latex", "json", NULL};
const report_options_t report_defaults = {.level = 0.95};

static status_t fill(report_document_t *document, const store_results_t *results, const report_options_t *options)
{
    report_t report = {.document = document, .results = results, .options = options};
    TRY(report_select(&report));
    report_add_tables(&report);
    if (options->published) TRY(report_add_published(&report));
    if (options->per_defect) TRY(report_add_defects(&report));
    if (options->bootstrap > 0 && options->against == NULL) TRY(report_add_intervals(&report));
    if (options->against != NULL) TRY(report_add_against(&report));
    return ST_OK;
}

static status_t print(FILE *out, const store_results_t *results, const report_options_t *options)
{
    report_document_t document;
    report_document_init(&document);
    status_t status = fill(&document, results, options);
    if (status == ST_OK) status = report_document_print(out, &document, options->format);
    report_document_free(&document);
    return status;
}

status_t report_print_results(FILE *out, const store_results_t *results)
{
    report_options_t options = report_defaults;
    const char *first = results->count > 0 ? results->rows[0].point : "";
    int points = 1;
    for (int i = 1; i < results->count && points < 5; i++)
        points += strcmp(results->rows[i].point, results->rows[i - 1].point) != 0 &&
                  strcmp(results->rows[i].point, first) != 0;
    /* A run of many points ends with a line a point; fgad report shows them whole. */
    options.means = points > 4;
    return results->count + results->missing > 0 ? print(out, results, &options) : ST_OK;
}

status_t report_print(FILE *out, const char *path, const report_options_t *options)
{
    store_results_t results;
    TRY(store_results_read(&results, path));
    status_t status = print(out, &results, options);
    store_results_free(&results);
    return status;
}
