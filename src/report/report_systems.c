/* Systems side by side: methods, settings and runs on the same draws of shots, ranked within their kind alone, and what
 * their differences are worth. */
#include "report/report_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const report_t *report;
    const report_block_t *block;
    const char *name, *kind; /* kind: systems of one may be ranked together */
    double *value;           /* (metrics, categories, draws) of the group; NaN: missing */
} system_t;
/* Those of one dataset and number of shots. */
typedef struct {
    report_document_t *document;
    const report_options_t *options;
    const int *metric;
    int metrics;
    system_t *system; /* sorted by kind, else in the order of the runs */
    int count;
    const char **category; /* (categories) that all of them have */
    int categories, most;  /* most: that any of them has */
    int64_t *draw;         /* (draws), ascending */
    int draws;
} group_t;

/* ---- What stands side by side --------------------------------------------------------------------------------------- */

/* The words of a point, the method's own left out, which stands before them. */
static const char *system_name(const report_t *report, const report_block_t *block, bool runs)
{
    report_document_t *document = report->document;
    const char *point = block->point, *name = report_block_method(document, block);
    if (strncmp(point, "method=", 7) == 0) {
        point += 7 + strlen(block->method);
        point += *point == ' ';
    }
    if (point[0] != '\0') name = report_document_text(document, "%s, %s", name, point);
    char run[1024] = ""; /* a folder may be called anything */
    if (runs) base_visible(run, sizeof run, report->run);
    return runs ? report_document_text(document, "%s (%s)", name, run) : name;
}

static const char *system_kind(report_document_t *document, const report_block_t *block)
{
    const bool set = strcmp(block->one->transductive, "yes") == 0, other = strcmp(block->one->auxiliary, "yes") == 0;
    return report_document_text(document, "%s%s%s", set ? "transductive" : "", set && other ? ", " : "",
                                other ? "auxiliary" : "");
}

static int find_text(const char *const *list, int count, const char *text)
{
    for (int i = 0; i < count; i++)
        if (strcmp(list[i], text) == 0) return i;
    return -1;
}

static int compare_draws(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Categories that all systems have, and every draw that any has. */
static status_t find_axes(group_t *group, arena_t *arena)
{
    size_t draws = 1;
    for (int i = 0; i < group->count; i++) draws += (size_t)group->system[i].block->seeds;
    const report_block_t *first = group->system[0].block;
    group->category = arena_take(arena, (size_t)first->categories + 1, sizeof *group->category);
    group->draw = arena_take(arena, draws, sizeof *group->draw);
    if (group->category == NULL || group->draw == NULL) return ST_ENOMEM;
    for (int c = 0; c < first->categories; c++) {
        bool all = true;
        for (int i = 1; i < group->count; i++) {
            const report_block_t *block = group->system[i].block;
            all = all && find_text(block->category, block->categories, first->category[c]) >= 0;
        }
        if (all) group->category[group->categories++] = first->category[c];
    }
    for (int i = 0; i < group->count; i++) {
        const report_block_t *block = group->system[i].block;
        if (block->categories > group->most) group->most = block->categories;
        for (int s = 0; s < block->seeds; s++) {
            bool known = false;
            for (int d = 0; d < group->draws; d++) known = known || group->draw[d] == block->seed[s];
            if (!known) group->draw[group->draws++] = block->seed[s];
        }
    }
    qsort(group->draw, (size_t)group->draws, sizeof *group->draw, compare_draws);
    return ST_OK;
}

static double *value_at(const group_t *group, const system_t *system, int m, int c, int d)
{
    return &system->value[((size_t)m * (size_t)group->categories + (size_t)c) * (size_t)group->draws + (size_t)d];
}

static status_t take_values(group_t *group, arena_t *arena)
{
    const size_t size = (size_t)group->metrics * (size_t)group->categories * (size_t)group->draws;
    for (int i = 0; i < group->count; i++) {
        system_t *system = &group->system[i];
        const report_block_t *block = system->block;
        system->value = arena_take(arena, size + 1, sizeof *system->value);
        if (system->value == NULL) return ST_ENOMEM;
        for (size_t v = 0; v < size; v++) system->value[v] = NAN;
        for (int c = 0; c < group->categories; c++)
            for (int s = 0; s < block->seeds; s++) {
                const int at = find_text(block->category, block->categories, group->category[c]);
                const store_row_t *row = block->row[at * block->seeds + s];
                int d = 0;
                while (group->draw[d] != block->seed[s]) d++;
                for (int m = 0; m < group->metrics && row != NULL; m++)
                    *value_at(group, system, m, c, d) = row->metric[group->metric[m]];
            }
    }
    return ST_OK;
}

/* Of category c (-1: the mean over categories) at draw d; a mean is of all categories, or is missing. */
static double value_of(const group_t *group, const system_t *system, int m, int c, int d)
{
    if (c >= 0) return *value_at(group, system, m, c, d);
    double sum = 0;
    for (int i = 0; i < group->categories; i++) sum += *value_at(group, system, m, i, d);
    return group->categories > 0 ? sum / group->categories : (double)NAN;
}

static report_cell_t cell_of(const group_t *group, const system_t *system, int m, int c)
{
    enum { MOST = 1024 };
    double value[MOST];
    const int draws = group->draws < MOST ? group->draws : MOST;
    for (int d = 0; d < draws; d++) value[d] = value_of(group, system, m, c, d);
    report_cell_t cell = report_spread(value, draws);
    cell.categories = cell.n > 0 ? (c < 0 ? group->categories : 1) : 0;
    return cell;
}

/* Marks the highest of each kind that has a second to be higher than; cells of fewer draws than others take no part. */
static void mark_best(const group_t *group, report_cell_t *const *cells)
{
    for (int i = 0; i < group->count; i++) {
        int rivals = 0;
        bool best = cells[i]->kind == REPORT_CELL_VALUE && !cells[i]->partial;
        for (int j = 0; j < group->count; j++) {
            if (strcmp(group->system[j].kind, group->system[i].kind) != 0 || cells[j]->kind != REPORT_CELL_VALUE ||
                cells[j]->partial)
                continue;
            rivals++;
            best = best && cells[i]->value >= cells[j]->value;
        }
        cells[i]->best = best && rivals > 1;
    }
}

/* ---- Tables --------------------------------------------------------------------------------------------------------- */

static const char *label_of(const group_t *group, int m)
{
    return report_metric_labels[group->metric[m]];
}

static void add_notes(const group_t *group, report_table_t *table)
{
    report_document_t *document = group->document;
    if (group->categories < group->most)
        report_table_note(document, table, "of the %d categor%s that all of them have", group->categories,
                          group->categories == 1 ? "y" : "ies");
    else
        report_table_note(document, table, "means over %d categor%s", group->categories,
                          group->categories == 1 ? "y" : "ies");
    if (group->draws > 1)
        report_table_note(document, table, "mean and sample standard deviation of %d draws of shots", group->draws);
    report_table_note(document, table, "the best of its kind is marked; kinds are never ranked together");
    for (int i = 0; i < group->count; i++) {
        const store_row_t *one = group->system[i].block->one;
        if (one->tower[0] != '\0')
            report_table_note(document, table, "%s: %s; branches %s; learned %s; transductive %s; auxiliary %s",
                              group->system[i].name, one->tower, one->branches[0] != '\0' ? one->branches : "none",
                              one->learn, one->transductive, one->auxiliary);
    }
    for (int i = 0; i < group->count; i++) report_table_note(document, table, "%s", group->system[i].block->protocol);
}

static void rows_table(const group_t *group)
{
    report_document_t *document = group->document;
    const report_block_t *first = group->system[0].block;
    report_table_t *table = report_document_table(
        document, "systems", report_document_text(document, "%s, %d-shot", first->dataset, first->shots));
    report_table_column(table, "system", "method", REPORT_COLUMN_TEXT);
    report_table_column(table, "kind", "kind", REPORT_COLUMN_TEXT);
    for (int m = 0; m < group->metrics; m++)
        report_table_column(table, store_number_table[group->metric[m]].name, label_of(group, m), REPORT_COLUMN_SPREAD);
    const int cost = report_table_column(table, "ms_an_image", "ms an image", REPORT_COLUMN_NUMBER);
    report_table_column(table, "learning_seconds", "learning s", REPORT_COLUMN_NUMBER);
    report_table_column(table, "state_mb", "state MB", REPORT_COLUMN_NUMBER);
    for (int i = 0; i < group->count; i++) {
        const system_t *system = &group->system[i];
        const bool rule = i > 0 && strcmp(system->kind, system[-1].kind) != 0;
        int row = report_table_row(document, table, rule);
        report_table_put_text(document, table, row, 0, system->name);
        report_table_put_text(document, table, row, 1, system->kind);
        for (int m = 0; m < group->metrics; m++)
            *report_table_cell(document, table, row, 2 + m) = cell_of(group, system, m, -1);
        const report_cost_t takes = report_block_cost(system->report, system->block);
        const double numbers[] = {takes.milliseconds, takes.learning, takes.state_mb};
        for (int n = 0; n < 3; n++) report_table_put_value(document, table, row, cost + n, numbers[n]);
    }
    report_cell_t **cells = arena_take(&document->arena, (size_t)group->count, sizeof *cells);
    for (int m = 0; m < group->metrics && cells != NULL; m++) {
        for (int i = 0; i < group->count; i++) cells[i] = report_table_cell(document, table, i, 2 + m);
        mark_best(group, cells);
    }
    add_notes(group, table);
    report_table_note(document, table,
                      "ms an image, on one core: the tower for this method's features alone, by the rates measured "
                      "here, and its scoring; learning s a draw and category; state MB beside the model");
}

static status_t columns_table(const group_t *group)
{
    report_document_t *document = group->document;
    const report_block_t *first = group->system[0].block;
    if (1 + group->count * group->metrics > REPORT_TABLE_COLUMNS)
        return fail(ST_EFORMAT,
                    "%d methods and settings of %d metrics are more than %d columns (hint: --metrics image_auroc, or "
                    "--compare, which makes them rows)",
                    group->count, group->metrics, REPORT_TABLE_COLUMNS - 1);
    report_table_t *table = report_document_table(
        document, "systems", report_document_text(document, "%s, %d-shot", first->dataset, first->shots));
    report_table_column(table, "category", "category", REPORT_COLUMN_TEXT);
    for (int i = 0; i < group->count; i++)
        for (int m = 0; m < group->metrics; m++) {
            const char *key = report_document_text(document, "%s: %s", group->system[i].name,
                                                   store_number_table[group->metric[m]].name);
            int c = report_table_column(table, key, label_of(group, m), REPORT_COLUMN_SPREAD);
            table->column[c].group = group->system[i].name;
        }
    report_cell_t **cells = arena_take(&document->arena, (size_t)group->count, sizeof *cells);
    for (int c = 0; c <= group->categories && cells != NULL; c++) {
        const bool mean = c == group->categories;
        int row = report_table_row(document, table, mean);
        report_table_put_text(document, table, row, 0, mean ? STORE_MEAN : group->category[c]);
        for (int m = 0; m < group->metrics; m++) {
            for (int i = 0; i < group->count; i++) {
                cells[i] = report_table_cell(document, table, row, 1 + i * group->metrics + m);
                *cells[i] = cell_of(group, &group->system[i], m, mean ? -1 : c);
            }
            mark_best(group, cells);
        }
    }
    add_notes(group, table);
    return ST_OK;
}

/* ---- Differences ------------------------------------------------------------------------------------------------------ */

enum { MOST_DRAWS = 1000 };

static status_t put_difference(const group_t *group, report_table_t *table, int row, int column, int m, int i)
{
    report_document_t *document = group->document;
    const report_options_t *options = group->options;
    const size_t size = (size_t)group->categories * (size_t)group->draws;
    double *value = arena_take(&document->arena, size + 1, sizeof *value);
    double *draw = arena_take(&document->arena, (size_t)group->draws, sizeof *draw);
    if (value == NULL || draw == NULL) return ST_ENOMEM;
    for (int d = 0; d < group->draws; d++) {
        for (int c = 0; c < group->categories; c++)
            value[c * group->draws + d] =
                value_of(group, &group->system[i], m, c, d) - value_of(group, &group->system[0], m, c, d);
        draw[d] = value_of(group, &group->system[i], m, -1, d) - value_of(group, &group->system[0], m, -1, d);
    }
    rng_t rng = rng_init(group->system[0].block->dataset, "", group->system[0].block->shots, options->bootstrap_seed,
                         "bootstrap");
    const metrics_bootstrap_t bootstrap = {
        .rng = &rng, .replicates = options->bootstrap > 0 ? options->bootstrap : 2000, .level = options->level};
    metrics_interval_t interval;
    TRY(metrics_bootstrap_crossed(&interval, value, group->categories, group->draws, &bootstrap));
    const report_cell_t spread = report_spread(draw, group->draws);
    const bool several = spread.kind == REPORT_CELL_VALUE && spread.n > 1;
    report_table_put_value(document, table, row, column, interval.estimate);
    *report_table_cell(document, table, row, column + 1) =
        (report_cell_t){.kind = isnan(interval.low) ? REPORT_CELL_MISSING : REPORT_CELL_VALUE,
                        .low = interval.low,
                        .high = interval.high};
    if (!several) return ST_OK;
    report_table_put_value(document, table, row, column + 2,
                           metrics_paired_p(spread.value, spread.deviation, spread.n));
    const int needed = metrics_draws_needed(spread.value, spread.deviation, 0.05, 0.8, MOST_DRAWS);
    report_table_put_text(document, table, row, column + 3,
                          needed > 0 ? report_document_text(document, "%d", needed)
                                     : report_document_text(document, "over %d", (int)MOST_DRAWS));
    return ST_OK;
}

static status_t differences_table(const group_t *group)
{
    report_document_t *document = group->document;
    const report_block_t *first = group->system[0].block;
    report_table_t *table =
        report_document_table(document, "differences",
                              report_document_text(document, "%s, %d-shot, minus %s on the same shots", first->dataset,
                                                   first->shots, group->system[0].name));
    report_table_column(table, "system", "method", REPORT_COLUMN_TEXT);
    for (int m = 0; m < group->metrics; m++) {
        const char *name = store_number_table[group->metric[m]].name;
        const char *key = report_document_text(document, "%s_difference", name);
        report_table_column(table, key, report_document_text(document, "%s difference", label_of(group, m)),
                            REPORT_COLUMN_DIFFERENCE);
        report_table_column(table, key, report_document_text(document, "%g %% interval", 100 * group->options->level),
                            REPORT_COLUMN_INTERVAL);
        report_table_column(table, report_document_text(document, "%s_p", name), "p", REPORT_COLUMN_NUMBER);
        report_table_column(table, report_document_text(document, "%s_draws", name), "draws", REPORT_COLUMN_TEXT);
    }
    int alone = 0;
    for (int i = 1; i < group->count; i++) {
        if (strcmp(group->system[i].kind, group->system[0].kind) != 0) {
            alone++;
            continue;
        }
        int row = report_table_row(document, table, false);
        report_table_put_text(document, table, row, 0, group->system[i].name);
        for (int m = 0; m < group->metrics; m++) TRY(put_difference(group, table, row, 1 + 4 * m, m, i));
    }
    report_table_note(document, table, "interval: categories and draws drawn with replacement, each for itself%s",
                      group->draws == 1 ? "; one draw of shots: it tells nothing of other draws" : "");
    if (group->draws > 1)
        report_table_note(document, table,
                          "p: paired t-test over %d draws; draws: how many would tell the two apart, with 80 %% power "
                          "at 5 %%",
                          group->draws);
    if (alone > 0) report_table_note(document, table, "%d of another kind left out", alone);
    return ST_OK;
}

/* ---- Groups ----------------------------------------------------------------------------------------------------------- */

static bool in_group(const report_block_t *block, const report_block_t *first)
{
    return strcmp(block->dataset, first->dataset) == 0 && block->shots == first->shots;
}

/* Whether an earlier block of these runs has begun the same group. */
static bool is_begun(const report_t *runs, int run, int block)
{
    for (int r = 0; r <= run; r++)
        for (int b = 0; b < (r < run ? runs[r].count : block); b++)
            if (in_group(&runs[r].blocks[b], &runs[run].blocks[block])) return true;
    return false;
}

static void add_kind(group_t *group, const report_t *runs, int count, const report_block_t *first, int kind)
{
    static const char *const kinds[] = {"", "transductive", "auxiliary", "transductive, auxiliary"};
    for (int r = 0; r < count; r++)
        for (int b = 0; b < runs[r].count; b++) {
            const report_block_t *block = &runs[r].blocks[b];
            const char *own = in_group(block, first) ? system_kind(group->document, block) : NULL;
            if (own == NULL || strcmp(own, kinds[kind]) != 0) continue;
            group->system[group->count++] = (system_t){
                .report = &runs[r], .block = block, .name = system_name(&runs[r], block, count > 1), .kind = own};
        }
}

status_t report_add_systems(const report_t *runs, int count)
{
    report_document_t *document = runs[0].document;
    int total = 0;
    for (int r = 0; r < count; r++) {
        total += runs[r].count;
        if (runs[r].results->missing > 0)
            report_document_warn(document, "INCOMPLETE: %d task%s of '%s' %s no result yet", runs[r].results->missing,
                                 runs[r].results->missing == 1 ? "" : "s",
                                 runs[r].run != NULL ? runs[r].run : "this run",
                                 runs[r].results->missing == 1 ? "has" : "have");
    }
    for (int r = 0; r < count; r++)
        for (int b = 0; b < runs[r].count; b++) {
            if (is_begun(runs, r, b)) continue;
            group_t group = {
                .document = document, .options = runs[0].options, .metric = runs[0].metric, .metrics = runs[0].metrics};
            group.system = arena_take(&document->arena, (size_t)total, sizeof *group.system);
            if (group.system == NULL) return ST_ENOMEM;
            for (int kind = 0; kind < 4; kind++) add_kind(&group, runs, count, &runs[r].blocks[b], kind);
            TRY(find_axes(&group, &document->arena));
            TRY(take_values(&group, &document->arena));
            if (group.options->columns)
                TRY(columns_table(&group));
            else
                rows_table(&group);
            if (group.count > 1 && group.categories > 0 && !group.options->columns) TRY(differences_table(&group));
        }
    return ST_OK;
}
