/* Tables from the stored maps: each kind of defect against the normal images. */
#include "report/report_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *name; /* in the document */
    int images;
    double *value; /* (metrics shown, seeds) */
} defect_t;
enum { MOST_DEFECTS = 128 };

static defect_t *find_defect(defect_t *defects, int *count, const report_t *report, const report_block_t *block,
                             const char *name)
{
    for (int d = 0; d < *count; d++)
        if (strcmp(defects[d].name, name) == 0) return &defects[d];
    if (*count == MOST_DEFECTS) return NULL;
    defect_t *defect = &defects[*count];
    size_t values = (size_t)report->metrics * (size_t)block->seeds;
    *defect = (defect_t){.name = report_document_text(report->document, "%s", name),
                         .value = arena_take(&report->document->arena, values, sizeof(double))};
    if (defect->value == NULL) return NULL;
    for (size_t i = 0; i < values; i++) defect->value[i] = NAN;
    (*count)++;
    return defect;
}

/* Image metrics of each group of anomalous images against all normal ones. */
static void put_image_values(const metrics_ranking_t *ranking, const report_t *report, const report_block_t *block,
                             int s, defect_t *defect, bool normals)
{
    for (int i = 0; i < report->metrics; i++) {
        double *value = &defect->value[i * block->seeds + s];
        const char *name = store_number_table[report->metric[i]].name;
        if (strcmp(name, "image_auroc") == 0) *value = ranking->auroc;
        if (strcmp(name, "image_ap") == 0 && normals) *value = ranking->ap;
        if (strcmp(name, "image_f1max") == 0 && normals) *value = ranking->f1_max;
    }
}

static status_t measure_pixels(metrics_pixels_t *pixels, const report_t *report, const report_block_t *block, int s,
                               defect_t *defect, const uint8_t *include)
{
    metrics_pixels_result_t result;
    TRY(metrics_pixels_measure(&result, pixels, METRICS_PRO_LIMIT, include, NULL));
    for (int i = 0; i < report->metrics; i++) {
        double *value = &defect->value[i * block->seeds + s];
        const char *name = store_number_table[report->metric[i]].name;
        if (strcmp(name, "pixel_auroc") == 0) *value = result.ranking.auroc;
        if (strcmp(name, "aupro") == 0) *value = result.aupro;
        if (strcmp(name, "pixel_ap") == 0) *value = result.ranking.ap;
        if (strcmp(name, "pixel_f1max") == 0) *value = result.ranking.f1_max;
    }
    return ST_OK;
}

static bool wants_pixels(const report_t *report)
{
    for (int i = 0; i < report->metrics; i++) {
        const char *name = store_number_table[report->metric[i]].name;
        if (strncmp(name, "pixel", 5) == 0 || strcmp(name, "aupro") == 0) return true;
    }
    return false;
}

static status_t add_defects(defect_t *defects, int *count, const report_t *report, const report_block_t *block, int s,
                            const store_row_t *row)
{
    status_t status;
    review_stored_t *stored = NULL;
    metrics_pixels_t *pixels = NULL;
    metrics_ranking_t ranking[MOST_DEFECTS];
    int32_t *group = NULL;
    uint8_t *include = NULL;
    TRY_DONE(report_open_stored(&stored, report, report->results, row));
    const review_scores_t scores = review_stored_scores(stored);
    bool normals = false;
    group = base_alloc((size_t)scores.n, sizeof *group);
    include = base_alloc((size_t)scores.n, 1);
    status = ST_ENOMEM;
    if (group == NULL || include == NULL) goto done;
    for (int d = 0; d < *count; d++) defects[d].images = 0;
    for (int i = 0; i < scores.n; i++) {
        group[i] = 0;
        normals = normals || scores.label[i] == 0;
        if (scores.label[i] == 0) continue;
        defect_t *defect = find_defect(defects, count, report, block, scores.defect[i]);
        if (defect == NULL) {
            status = fail(ST_EFORMAT, "%s has more than %d kinds of defect", row->category, MOST_DEFECTS);
            goto done;
        }
        group[i] = (int32_t)(defect - defects);
        defect->images++;
    }
    TRY_DONE(metrics_ranking_by_group(ranking, scores.score, scores.label, group, scores.n, *count > 0 ? *count : 1));
    if (wants_pixels(report)) TRY_DONE(review_stored_pixels(&pixels, stored, true, true));
    for (int d = 0; d < *count; d++) {
        put_image_values(&ranking[d], report, block, s, &defects[d], normals);
        if (pixels == NULL) continue;
        for (int i = 0; i < scores.n; i++) include[i] = scores.label[i] == 0 || group[i] == d;
        TRY_DONE(measure_pixels(pixels, report, block, s, &defects[d], include));
    }
done:
    metrics_pixels_close(pixels);
    review_stored_close(stored);
    free(group);
    free(include);
    return status;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const defect_t *)a)->name, ((const defect_t *)b)->name);
}

static status_t defects_table(const report_t *report, const report_block_t *block)
{
    report_document_t *document = report->document;
    report_table_t *table = report_document_table(
        document, "defects",
        report_document_text(document, "%s, by kind of defect", report_block_title(document, block)));
    report_put_block_columns(report, table);
    int first = report_table_column(table, "category", "category", REPORT_COLUMN_TEXT);
    report_table_column(table, "defect", "defect", REPORT_COLUMN_TEXT);
    report_table_column(table, "images", "images", REPORT_COLUMN_COUNT);
    for (int i = 0; i < report->metrics; i++)
        report_table_column(table, store_number_table[report->metric[i]].name, report_metric_labels[report->metric[i]],
                            REPORT_COLUMN_SPREAD);
    for (int c = 0; c < block->categories; c++) {
        defect_t defects[MOST_DEFECTS] = {0};
        int count = 0;
        for (int s = 0; s < block->seeds; s++) {
            const store_row_t *task = block->row[c * block->seeds + s];
            if (task != NULL) TRY(add_defects(defects, &count, report, block, s, task));
        }
        qsort(defects, (size_t)count, sizeof *defects, by_name);
        for (int d = 0; d < count; d++) {
            int row = report_table_row(document, table, d == 0 && c > 0);
            report_put_block_cells(report, table, row, block);
            report_table_put_text(document, table, row, first, block->category[c]);
            report_table_put_text(document, table, row, first + 1, defects[d].name);
            report_table_put_value(document, table, row, first + 2, defects[d].images);
            for (int i = 0; i < report->metrics; i++)
                *report_table_cell(document, table, row, first + 3 + i) =
                    report_spread(defects[d].value + i * block->seeds, block->seeds);
        }
    }
    report_table_note(document, table,
                      "each kind against all normal images; pixels of the other kinds' images are left out; AUPRO to "
                      "%g",
                      METRICS_PRO_LIMIT);
    report_block_note_labels(report, table, block);
    report_table_note(document, table, "%s", block->protocol);
    return ST_OK;
}

status_t report_add_defects(const report_t *report)
{
    for (int b = 0; b < report->count; b++) TRY(defects_table(report, &report->blocks[b]));
    return ST_OK;
}
