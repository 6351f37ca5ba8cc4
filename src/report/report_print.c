/* A report: the document of a result set, printed. */
#include "report/report_internal.h"

#include <stdlib.h>
#include <string.h>

const char *const report_format_names[] = {"text", "md", "csv", "latex", "json", NULL};
const report_options_t report_defaults = {.level = 0.95};

static status_t fill(report_document_t *document, const char *run, const store_results_t *results,
                     const report_options_t *options)
{
    report_t report = {.document = document, .run = run, .results = results, .options = options};
    TRY(report_select(&report));
    if (options->compare) return report_add_systems(&report, 1);
    report_add_tables(&report);
    if (options->published) TRY(report_add_published(&report));
    if (options->per_defect) TRY(report_add_defects(&report));
    if (options->thresholds) TRY(report_add_thresholds(&report));
    if (options->effects) TRY(report_add_effects(&report));
    if (options->bootstrap > 0 && options->against == NULL) TRY(report_add_intervals(&report));
    if (options->against != NULL) TRY(report_add_against(&report));
    return ST_OK;
}

static status_t print(FILE *out, const char *run, const store_results_t *results, const report_options_t *options)
{
    report_document_t document;
    report_document_init(&document);
    status_t status = fill(&document, run, results, options);
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
    return results->count + results->missing > 0 ? print(out, NULL, results, &options) : ST_OK;
}

status_t report_print(FILE *out, const char *path, const report_options_t *options)
{
    store_results_t results;
    job_t job = {0}; /* what -s says is looked at, be it needed or not */
    TRY(io_options_init(&job, job_options));
    status_t status = review_relocate(&job, options->assignments, options->assignment_count);
    job_free(&job);
    TRY(status);
    TRY(store_results_read(&results, path));
    status = print(out, path, &results, options);
    store_results_free(&results);
    return status;
}

status_t report_print_runs(FILE *out, const char *const *paths, int count, const report_options_t *options)
{
    status_t status = ST_OK;
    report_document_t document;
    report_document_init(&document);
    int read = 0;
    store_results_t *results = base_alloc((size_t)count, sizeof *results);
    report_t *runs = base_alloc((size_t)count, sizeof *runs);
    if (results == NULL || runs == NULL) {
        status = ST_ENOMEM;
        goto done;
    }
    for (; read < count; read++) {
        TRY_DONE(store_results_read(&results[read], paths[read]));
        runs[read] =
            (report_t){.document = &document, .run = paths[read], .results = &results[read], .options = options};
        status = report_select(&runs[read]);
        if (status != ST_OK) {
            store_results_free(&results[read]);
            goto done;
        }
    }
    TRY_DONE(report_add_systems(runs, count));
    status = report_document_print(out, &document, options->format);
done:
    for (int r = 0; r < read; r++) store_results_free(&results[r]);
    free(runs);
    free(results);
    report_document_free(&document);
    return status;
}
