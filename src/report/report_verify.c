/* Our results beside those that others published on the same tower, and which link does not fit where they differ. */
#include "data/data.h"
#include "report/report_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct report_checks {
    io_json_t *json;
    char *path;
    io_json_node_t list;
    double tolerance, tolerance_aupro; /* in points */
};

enum { MOST_METRICS = STORE_METRICS };
/* Figures that were judged, of one check. */
typedef struct {
    int image, pixel, aupro;             /* judged */
    int image_off, pixel_off, aupro_off; /* of them, beyond the tolerance */
    int categories, categories_off;
    char names[256]; /* of categories that are off */
} verdict_t;

static const char *text_of(io_json_node_t node, const char *key)
{
    const char *text = io_json_string(io_json_get(node, key));
    return text != NULL ? text : "";
}

/* ---- The table ------------------------------------------------------------------------------------------------------- */

static int metric_of(io_json_node_t check, int i)
{
    const char *name = io_json_string(io_json_at(io_json_get(check, "metrics"), i));
    for (int m = 0; m < STORE_METRICS && name != NULL; m++)
        if (strcmp(store_number_table[m].name, name) == 0) return m;
    return -1;
}

static status_t check_entry(const report_checks_t *checks, io_json_node_t check)
{
    const char *name = text_of(check, "name");
    const int metrics = io_json_count(io_json_get(check, "metrics"));
    io_json_node_t rows = io_json_get(check, "rows");
    if (name[0] == '\0' || text_of(check, "method")[0] == '\0' || text_of(check, "dataset")[0] == '\0')
        return fail(ST_EFORMAT, "'%s': a check has no name, method or dataset", checks->path);
    if (metrics < 1 || metrics > MOST_METRICS || io_json_count(rows) < 1)
        return fail(ST_EFORMAT, "'%s': check '%s' has %d metrics and %d rows, expected some, 1 to %d metrics",
                    checks->path, name, metrics, io_json_count(rows), (int)MOST_METRICS);
    for (int i = 0; i < metrics; i++)
        if (metric_of(check, i) < 0)
            return fail(ST_EFORMAT, "'%s': check '%s': metric %d is none of results.csv", checks->path, name, i + 1);
    for (int r = 0; r < io_json_count(rows); r++) {
        const char *category;
        io_json_node_t row = io_json_member(&category, rows, r);
        for (int i = 0; i < metrics; i++) {
            const double value = io_json_number(io_json_at(row, i), NAN);
            if (io_json_count(row) != metrics || !(value >= 0 && value <= 100))
                return fail(ST_EFORMAT, "'%s': check '%s', %s: expected %d figures in percent", checks->path, name,
                            category, metrics);
        }
    }
    return ST_OK;
}

status_t report_checks_open(report_checks_t **out, const char *path)
{
    status_t status;
    report_checks_t *checks = *out = calloc(1, sizeof *checks);
    if (checks == NULL) return fail(ST_ENOMEM, "out of memory");
    checks->path = base_format("%s", path);
    if (checks->path == NULL) TRY_DONE(ST_ENOMEM);
    TRY_DONE(io_json_read(&checks->json, path));
    io_json_node_t root = io_json_root(checks->json);
    checks->list = io_json_get(root, "checks");
    checks->tolerance = io_json_number(io_json_get(root, "tolerance"), NAN);
    checks->tolerance_aupro = io_json_number(io_json_get(root, "tolerance_aupro"), NAN);
    if (checks->list == NULL || !(checks->tolerance > 0) || !(checks->tolerance_aupro > 0) ||
        strcmp(text_of(root, "unit"), "percent") != 0)
        TRY_DONE(fail(ST_EFORMAT,
                      "'%s': expected \"unit\": \"percent\", tolerance, tolerance_aupro and a list \"checks\"", path));
    status = ST_OK;
    for (int i = 0; i < io_json_count(checks->list) && status == ST_OK; i++)
        status = check_entry(checks, io_json_at(checks->list, i));
done:
    if (status != ST_OK) report_checks_close(checks), *out = NULL;
    return status;
}

void report_checks_close(report_checks_t *checks)
{
    if (checks == NULL) return;
    io_json_free(checks->json);
    free(checks->path);
    free(checks);
}

int report_checks_count(const report_checks_t *checks)
{
    return io_json_count(checks->list);
}

report_check_t report_checks_at(const report_checks_t *checks, int index)
{
    io_json_node_t node = io_json_at(checks->list, index), options = io_json_get(node, "options");
    report_check_t check = {.name = text_of(node, "name"),
                            .method = text_of(node, "method"),
                            .dataset = text_of(node, "dataset"),
                            .shots = (int)io_json_number(io_json_get(node, "shots"), 0),
                            .judged = io_json_bool(io_json_get(node, "judged"), false)};
    for (int i = 0; i < io_json_count(options) && check.options < 16; i++) {
        const char *option = io_json_string(io_json_at(options, i));
        if (option != NULL) check.option[check.options++] = option;
    }
    return check;
}

/* ---- Ours beside theirs ---------------------------------------------------------------------------------------------- */

/* Of a category, or of the mean over all that the data set has (NaN where some are not here), over draws. */
static report_cell_t ours_of(const report_block_t *block, const char *category, int m)
{
    const report_cell_t missing = {.kind = REPORT_CELL_MISSING};
    if (strcmp(category, STORE_MEAN) == 0) {
        const int known = data_known_count(block->dataset);
        return known > 0 && block->categories < known ? missing : report_block_mean(block, m);
    }
    for (int c = 0; c < block->categories; c++)
        if (strcmp(block->category[c], category) == 0) return report_block_cell(block, c, m);
    return missing;
}

static void note_off(verdict_t *verdict, const char *category)
{
    const size_t used = strlen(verdict->names);
    verdict->categories_off++;
    if (used + strlen(category) + 3 < sizeof verdict->names)
        snprintf(verdict->names + used, sizeof verdict->names - used, "%s%s", used > 0 ? ", " : "", category);
}

static void put_row(const report_checks_t *checks, const report_t *report, report_table_t *table, verdict_t *verdict,
                    io_json_node_t check, const report_block_t *block, const char *category, io_json_node_t figures)
{
    report_document_t *document = report->document;
    const bool judged = io_json_bool(io_json_get(check, "judged"), false);
    bool off = false, any = false;
    const int row = report_table_row(document, table, strcmp(category, STORE_MEAN) == 0);
    report_table_put_text(document, table, row, 0, report_document_text(document, "%s", category));
    for (int i = 0; i < io_json_count(figures); i++) {
        const int m = metric_of(check, i), column = 1 + 3 * i;
        const double theirs = io_json_number(io_json_at(figures, i), NAN) / 100;
        const report_cell_t ours = ours_of(block, category, m);
        *report_table_cell(document, table, row, column) = ours;
        report_table_put_value(document, table, row, column + 1, theirs);
        if (ours.kind != REPORT_CELL_VALUE) continue;
        report_table_put_value(document, table, row, column + 2, ours.value - theirs);
        if (!judged) continue;
        any = true;
        const bool aupro = strcmp(store_number_table[m].name, "aupro") == 0,
                   pixel = strncmp(store_number_table[m].name, "pixel", 5) == 0;
        const double tolerance = aupro ? checks->tolerance_aupro : checks->tolerance;
        /* Theirs is rounded to what is printed: half a unit of it is no difference, nor are last bits. */
        const bool beyond = fabs(100 * (ours.value - theirs)) > tolerance + 1e-9;
        report_table_cell(document, table, row, column + 2)->partial = beyond;
        *(aupro ? &verdict->aupro : pixel ? &verdict->pixel : &verdict->image) += 1;
        *(aupro ? &verdict->aupro_off : pixel ? &verdict->pixel_off : &verdict->image_off) += beyond;
        off = off || beyond;
    }
    if (!any) return;
    verdict->categories++;
    if (off) note_off(verdict, category);
}

static void check_table(const report_checks_t *checks, const report_t *report, verdict_t *verdict, io_json_node_t check)
{
    report_document_t *document = report->document;
    const report_block_t *block = &report->blocks[0];
    report_table_t *table =
        report_document_table(document, "verify", report_document_text(document, "%s", text_of(check, "name")));
    report_table_column(table, "category", "category", REPORT_COLUMN_TEXT);
    for (int i = 0; i < io_json_count(io_json_get(check, "metrics")); i++) {
        const int m = metric_of(check, i);
        report_table_column(table, store_number_table[m].name, report_metric_labels[m], REPORT_COLUMN_SPREAD);
        report_table_column(table, report_document_text(document, "%s_published", store_number_table[m].name),
                            "published", REPORT_COLUMN_PERCENT);
        report_table_column(table, report_document_text(document, "%s_difference", store_number_table[m].name),
                            "minus it", REPORT_COLUMN_DIFFERENCE);
    }
    io_json_node_t rows = io_json_get(check, "rows");
    for (int r = 0; r < io_json_count(rows); r++) {
        const char *category;
        io_json_node_t figures = io_json_member(&category, rows, r);
        bool here = strcmp(category, STORE_MEAN) == 0;
        for (int c = 0; c < block->categories; c++) here = here || strcmp(block->category[c], category) == 0;
        if (here) put_row(checks, report, table, verdict, check, block, category, figures);
    }
    if (io_json_bool(io_json_get(check, "judged"), false))
        report_table_note(document, table, "* beyond %g points (AUPRO: %g)", checks->tolerance,
                          checks->tolerance_aupro);
    else
        report_table_note(document, table, "not judged: %s; ours is mean and sample standard deviation of %d draws",
                          text_of(check, "protocol"), block->seeds);
    report_table_note(document, table, "published: %s", text_of(check, "source"));
    report_block_note_labels(report, table, block);
    report_table_note(document, table, "%s", block->protocol);
}

/* ---- Which link ------------------------------------------------------------------------------------------------------- */

static bool all_off(const verdict_t *verdict)
{
    return verdict->categories_off == verdict->categories && verdict->image_off + verdict->pixel_off > 0;
}

/* texts: of checks that read texts, others: of those that do not. */
static const char *link_of(report_document_t *document, const verdict_t *texts, const verdict_t *others)
{
    const int images = texts->image_off + others->image_off, pixels = texts->pixel_off + others->pixel_off;
    if (images == 0 && pixels == 0)
        return "metric: AUPRO alone is off, so its definition, the masks' regions or the limit differ";
    if (images == 0)
        return "metric: image scores fit and pixels do not, so masks, their size or the maps' size and smoothing "
               "differ";
    if (texts->categories_off > 0 && others->categories > 0 && others->categories_off == 0)
        return "prompts: what reads texts is off and what reads none fits, so tokenizer, text tower or templates "
               "differ";
    if (!all_off(texts) && !all_off(others))
        return report_document_text(document, "data: of %s alone (images, masks or split)",
                                    texts->categories_off > 0 ? texts->names : others->names);
    if (others->categories == 0)
        return "weights, prompts or the preparation of images: every category is off (MuSc, which reads no texts, "
               "would "
               "tell them apart where all categories of a data set are here)";
    return "weights: what reads texts and what reads none are both off, in every category (the tower, its preparation "
           "of images, or other weights than laion400m_e31)";
}

static void add_verdict(verdict_t *to, const verdict_t *verdict)
{
    to->image += verdict->image, to->image_off += verdict->image_off;
    to->pixel += verdict->pixel, to->pixel_off += verdict->pixel_off;
    to->aupro += verdict->aupro, to->aupro_off += verdict->aupro_off;
    to->categories += verdict->categories, to->categories_off += verdict->categories_off;
    const size_t used = strlen(to->names);
    if (verdict->names[0] != '\0' && used + strlen(verdict->names) + 3 < sizeof to->names)
        snprintf(to->names + used, sizeof to->names - used, "%s%s", used > 0 ? ", " : "", verdict->names);
}

static status_t compare_one(FILE *out, report_document_t *document, const report_checks_t *checks, verdict_t *verdict,
                            int index, const char *run)
{
    store_results_t results;
    const report_options_t options = report_defaults;
    TRY(store_results_read(&results, run));
    report_t report = {.document = document, .run = run, .results = &results, .options = &options};
    status_t status = report_select(&report);
    if (status == ST_OK) check_table(checks, &report, verdict, io_json_at(checks->list, index));
    /* Cells borrow texts of the results. */
    if (status == ST_OK) status = report_document_print(out, document, REPORT_FORMAT_TEXT);
    store_results_free(&results);
    return status;
}

status_t report_checks_compare(FILE *out, bool *fits, const report_checks_t *checks, const char *const *runs)
{
    verdict_t texts = {0}, others = {0};
    status_t status = ST_OK;
    report_document_t words;
    report_document_init(&words);
    for (int i = 0; i < report_checks_count(checks) && status == ST_OK; i++) {
        report_document_t document;
        verdict_t verdict = {0};
        const report_check_t check = report_checks_at(checks, i);
        if (runs[i] == NULL) continue;
        report_document_init(&document);
        status = compare_one(out, &document, checks, &verdict, i, runs[i]);
        report_document_free(&document);
        /* MuSc reads no texts. */
        add_verdict(strncmp(check.method, "winclip", 7) == 0 ? &texts : &others, &verdict);
    }
    const int judged = texts.categories + others.categories, off = texts.categories_off + others.categories_off;
    *fits = off == 0;
    if (status == ST_OK && judged == 0)
        status = fail(ST_ENOTFOUND, "nothing could be judged: none of the published categories has a result");
    if (status == ST_OK && off == 0)
        fprintf(out, "\nok: %d row%s the published ones\n", judged, judged == 1 ? " fits" : "s fit");
    if (status == ST_OK && off > 0)
        fprintf(out, "\n%d of %d rows do not fit: %s%s%s\nlikely at fault: %s\n", off, judged, texts.names,
                texts.names[0] != '\0' && others.names[0] != '\0' ? ", " : "", others.names,
                link_of(&words, &texts, &others));
    report_document_free(&words);
    return status;
}
