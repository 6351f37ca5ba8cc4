/* Reports on small result sets written here as CSV: every way in which a table could lie is tried. */
#include "support/check.h"

#include "report/report_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PROTOCOL "aupro=exact8@0.3 mask=>127 size=400 sigma=4 select=last"
static const char header[] = "dataset,category,shots,seed,point,method,image_auroc,pixel_auroc,aupro,image_ap,"
                             "image_f1max,pixel_ap,pixel_f1max,protocol,task\n";

/* Image and pixel AUROC as texts, so that "" can be missing. Made by hand: of no task, and without MEAN rows. */
static const char *line(const char *category, int seed, const char *image, const char *pixel)
{
    static char text[8][256];
    static int next;
    char *out = text[next++ % 8];
    snprintf(out, 256, "mvtec,%s,4,%d,,finegrainedad,%s,%s,0.5,0.5,0.5,0.5,0.5," PROTOCOL ",\n", category, seed, image,
             pixel);
    return out;
}

/* The lines as a file; its path lives until the next call. */
static const char *write_csv(const char *first, const char *const *lines, int count)
{
    static char path[4096];
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    fputs(first, out);
    for (int i = 0; i < count; i++) fputs(lines[i], out);
    fclose(out);
    snprintf(path, sizeof path, "%s/results.csv", check_temp_dir("suite_report"));
    assert_int_equal(io_write_file(path, text, size), ST_OK);
    free(text);
    return path;
}

/* What the report prints (caller frees). */
static char *report(const char *path, const report_options_t *options)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    status_t status = report_print(out, path, options);
    fclose(out);
    if (status != ST_OK) fail_msg("no report: %s", fail_message());
    return text;
}

/* Columns are padded to their widest cell, which is not what these tests are about: blanks count once. */
static char *squeeze(const char *text)
{
    char *out = malloc(strlen(text) + 1), *to = out;
    assert_non_null(out);
    for (; *text != '\0'; text++)
        if (*text != ' ' || to == out || to[-1] != ' ') *to++ = *text;
    *to = '\0';
    return out;
}

static void check_has(const char *text, const char *part)
{
    char *squeezed = squeeze(text);
    if (strstr(squeezed, part) == NULL) fail_msg("'%s' is not in:\n%s", part, text);
    free(squeezed);
}

static void check_has_not(const char *text, const char *part)
{
    if (strstr(text, part) != NULL) fail_msg("'%s' is in:\n%s", part, text);
}

static void mean_and_sample_deviation_are_over_seeds(void **state)
{
    (void)state;
    const char *lines[] = {line("bottle", 0, "0.9", "0.91"), line("bottle", 1, "0.92", "0.95"),
                           line("cable", 0, "0.7", "0.81"), line("cable", 1, "0.76", "0.85")};
    char *text = report(write_csv(header, lines, 4), &report_defaults);
    check_has(text, "mvtec, finegrainedad, 4-shot\n");
    check_has(text, "bottle 91.00 +- 1.41");
    check_has(text, "cable 73.00 +- 4.24");
    check_has(text, "MEAN 82.00 +- 2.83 88.00 +- 2.83"); /* of 80 and 84, of 86 and 90 */
    check_has(text, "(" PROTOCOL ")");
    check_has_not(text, "*");
    free(text);
}

static void columns_in_another_order_give_the_same_table(void **state)
{
    (void)state;
    const char *lines[] = {line("bottle", 0, "0.9", "0.8"), line("cable", 0, "0.7", "0.6")};
    char *one = report(write_csv(header, lines, 2), &report_defaults);
    const char *other[] = {
        "0.8,abc," PROTOCOL ",0.9,mvtec,bottle,finegrainedad,0,4,,0.1,0.2,0.3,0.4,0.5,note\n",
        "0.6,abd," PROTOCOL ",0.7,mvtec,cable,finegrainedad,0,4,,0.1,0.2,0.3,0.4,0.5,note\n",
    };
    char *two = report(write_csv("pixel_auroc,task,protocol,image_auroc,dataset,category,method,seed,shots,point,aupro,"
                                 "image_ap,image_f1max,pixel_ap,pixel_f1max,remark\n",
                                 other, 2),
                       &report_defaults);
    assert_string_equal(one, two);
    free(one);
    free(two);
}

static void a_damaged_table_is_refused(void **state)
{
    (void)state;
    const char *good = line("bottle", 0, "0.9", "0.8");
    const struct {
        const char *header, *lines[3], *message;
    } cases[] = {
        {"dataset,category,shots,seed,point,method,image_auroc,protocol,task\n", {good}, "no column is called"},
        {"dataset,dataset,shots\n", {good}, "two columns are called 'dataset'"},
        {header, {"mvtec,bottle,4,0,,finegrainedad,0.9,0.8\n"}, ":2: has 8 cells, the header has 15"},
        {header, {good, good}, "two rows are mvtec/bottle, 4-shot, seed 0"},
        {header, {line("bottle", 0, "91.2", "0.8")}, "image_auroc of mvtec/bottle is 91.2, expected a fraction"},
        {header, {line("bottle", 0, "0.9x", "0.8")}, ":2: image_auroc is '0.9x'"},
        {header, {line("bottle", 0, "nan", "0.8")}, ":2: image_auroc is 'nan'"},
        {header, {"mvtec,\"bottle,4\n"}, "a quote is left open"},
        /* The values of one row moved into another column: its mean does not agree any more. */
        {header,
         {line("bottle", 0, "0.8", "0.9"), line("cable", 0, "0.7", "0.6"), line("MEAN", 0, "0.8", "0.7")},
         "has image_auroc 0.800000, its categories give 0.750000"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int count = 0;
        while (count < 3 && cases[i].lines[count] != NULL) count++;
        store_results_t results;
        check_error(store_results_read(&results, write_csv(cases[i].header, cases[i].lines, count)), ST_EFORMAT,
                    cases[i].message);
    }
}

static void labels_are_told_and_kept_apart(void **state)
{
    (void)state;
    static const char with_labels[] =
        "dataset,category,shots,seed,point,method,image_auroc,pixel_auroc,aupro,image_ap,image_f1max,pixel_ap,"
        "pixel_f1max,model,tower,branches,learn,transductive,auxiliary,protocol,task\n";
#define ROW(method, image, labels)                                                                                     \
    "mvtec,bottle,4,0,," method "," image ",0.5,0.5,0.5,0.5,0.5,0.5," labels "," PROTOCOL ",\n"
    const char *lines[] = {ROW("finegrainedad", "0.9", "b16,b16 unit:cls+3.attn,vad,no,no,no"),
                           ROW("promptad", "0.8", "b16,b16 unit:cls+3.attn,vad+pad,no,no,no"),
                           ROW("promptad2", "0.7", "b16,b16 unit:cls+3.attn,vad+pad,yes,no,no"),
                           ROW("musc", "0.95", "b16,b16 raw:2.mlp,,no,yes,no"),
                           ROW("adapted", "0.96", "b16,b16 raw:2.mlp,,yes,no,yes")};
#undef ROW
    char *text = report(write_csv(with_labels, lines, 5), &report_defaults);
    check_has(text, "mvtec, finegrainedad [vad alone], 4-shot\n");
    check_has(text, "mvtec, promptad [not learned], 4-shot\n");
    check_has(text, "mvtec, promptad2, 4-shot\n");
    check_has(text, "(tower: b16 unit:cls+3.attn; learned prompts)");
    check_has(text, "(transductive: an image's score depends on the other test images;");
    check_has(text, "(auxiliary: trained on another set of anomalies;");
    free(text);
    report_options_t options = report_defaults;
    options.means = true;
    text = report(write_csv(with_labels, lines, 5), &options);
    check_has(text, "tower branches learn transductive auxiliary\n");
    check_has(text, "mvtec 4 musc (as the job) 95.00 50.00 b16 raw:2.mlp no yes no\n");
    free(text);
    text = report(write_csv(with_labels, lines, 2), &options);
    check_has(text, "branches\n"); /* what is the same for all rows stands below them */
    check_has(text, "(tower: b16 unit:cls+3.attn)");
    check_has(text, "(transductive: no)");
    free(text);
    /* Kinds are ranked apart: 95 and 96 are no rivals of 90 and 80, nor of one another. */
    options.means = false;
    options.compare = true;
    text = report(write_csv(with_labels, lines, 5), &options);
    check_has(text, "finegrainedad [vad alone] >90.00 >50.00");
    check_has(text, "musc transductive 95.00");
    check_has(text, "adapted auxiliary 96.00");
    check_has_not(text, ">95.00");
    check_has(text, "(2 of another kind left out)");
    free(text);
    options.means = true;
    options.compare = false;
    options.format = REPORT_FORMAT_CSV;
    text = report(write_csv(with_labels, lines, 5), &options);
    check_has(text, ",model,tower,branches,learn,transductive,auxiliary,protocol\n");
    check_has(text, ",b16,b16 raw:2.mlp,,no,yes,no," PROTOCOL "\n");
    free(text);
}

/* Runs of one or more methods, as files of their own. */
static const char *write_run(const char *folder, const char *name, const char *const *lines, int count)
{
    char path[4096], *text = NULL;
    static char kept[4][4096];
    static int next;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    fputs(header, out);
    for (int i = 0; i < count; i++) fputs(lines[i], out);
    fclose(out);
    snprintf(path, sizeof path, "%s/%s.csv", folder, name);
    assert_int_equal(io_write_file(path, text, size), ST_OK);
    free(text);
    snprintf(kept[next % 4], sizeof kept[0], "%s", path);
    return kept[next++ % 4];
}

static void systems_of_several_runs_stand_side_by_side(void **state)
{
    (void)state;
#define OTHER(category, seed, image, pixel)                                                                            \
    "mvtec," category ",4," seed ",,patchcore," image "," pixel ",0.5,0.5,0.5,0.5,0.5," PROTOCOL ",\n"
    const char *ours[] = {line("bottle", 0, "0.9", "0.91"), line("bottle", 1, "0.92", "0.95"),
                          line("cable", 0, "0.7", "0.81"), line("cable", 1, "0.76", "0.85")};
    const char *theirs[] = {OTHER("bottle", "0", "0.8", "0.9"), OTHER("bottle", "1", "0.81", "0.95"),
                            OTHER("cable", "0", "0.72", "0.9"), OTHER("cable", "1", "0.76", "0.9"),
                            OTHER("screw", "0", "0.1", "0.1"),  OTHER("screw", "1", "0.1", "0.1")};
#undef OTHER
    char *text = NULL;
    const char *folder = check_temp_dir("suite_report_runs");
    const char *const paths[] = {write_run(folder, "ours", ours, 4), write_run(folder, "theirs", theirs, 6)};
    report_options_t options = report_defaults;
    options.compare = true;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (report_print_runs(out, paths, 2, &options) != ST_OK) fail_msg("no report: %s", fail_message());
    fclose(out);
    /* Of the categories that both have: 82.00 of 80 and 84, 77.25 of 76 and 78.5; 88 of 86 and 90, 91.25 of 90 and 92.5. */
    check_has(text, "ours.csv) >82.00 +- 2.83 88.00 +- 2.83");
    check_has(text, "theirs.csv) 77.25 +- 1.77 >91.25 +- 1.77");
    check_has(text, "(of the 2 categories that all of them have)");
    /* Differences by draw: -4 and -5.5, so mean -4.75 of deviation 1.0607: t = -6.33 with 1 degree of freedom. */
    check_has(text, "theirs.csv) -4.75");
    check_has(text, " 0.0997 3 +3.25");
    check_has(text, "p: paired t-test over 2 draws");
    check_has_not(text, "screw");
    free(text);
    options.columns = true;
    options.metrics = "image_auroc";
    options.format = REPORT_FORMAT_MARKDOWN;
    out = open_memstream(&text, &size);
    if (report_print_runs(out, paths, 2, &options) != ST_OK) fail_msg("no report: %s", fail_message());
    fclose(out);
    check_has(text, "| bottle | **91.00** ± 1.41 | 80.50 ± 0.71 |");
    check_has(text, "| cable | 73.00 ± 4.24 | **74.00** ± 2.83 |");
    free(text);
}

static void a_missing_seed_is_marked_and_named(void **state)
{
    (void)state;
    const char *lines[] = {line("bottle", 0, "0.9", "0.9"), line("bottle", 1, "0.92", "0.9"),
                           line("cable", 0, "0.7", "0.7"), line("screw", 1, "0.5", "0.5")};
    char *text = report(write_csv(header, lines, 3), &report_defaults);
    check_has(text, "cable 70.00*");
    check_has(text, "MEAN 80.00*"); /* of seed 0 alone, never of bottle's seed 1 with cable's seed 0 */
    check_has(text, "(no result yet: cable seed 1; * of fewer than 2 seeds)");
    check_has(text, "(mean and sample standard deviation of 2 seeds)");
    free(text);
    /* No seed has all categories: no mean at all. */
    text = report(write_csv(header, lines, 4), &report_defaults);
    check_has(text, "MEAN missing missing");
    check_has(text, "cable seed 1, screw seed 0");
    free(text);
}

static void a_category_of_one_class_is_missing_not_zero(void **state)
{
    (void)state;
    const char *lines[] = {line("bottle", 0, "0.9", "0.9"), line("cable", 0, "", ""), line("screw", 0, "0.7", "0.8")};
    const char *path = write_csv(header, lines, 3);
    char *text = report(path, &report_defaults);
    check_has(text, "cable missing missing");
    check_has(text, "MEAN 80.00* 85.00*");
    check_has(text, "(no image AUROC, pixel AUROC: cable (test images of one class, or without ground truth); * means "
                    "are of the other 2 of 3 categories)");
    free(text);

    report_options_t options = report_defaults;
    options.format = REPORT_FORMAT_JSON;
    text = report(path, &options);
    io_json_t *json;
    assert_int_equal(io_json_parse(&json, text, strlen(text), "report"), ST_OK);
    io_json_node_t rows = io_json_get(io_json_at(io_json_get(io_json_root(json), "tables"), 0), "rows");
    assert_int_equal(io_json_count(rows), 4);
    io_json_node_t cable = io_json_at(rows, 1), mean = io_json_at(rows, 3);
    assert_string_equal(io_json_string(io_json_get(cable, "category")), "cable");
    assert_int_equal(io_json_kind(io_json_get(cable, "image_auroc")), IO_JSON_NULL);
    assert_true(io_json_number(io_json_get(mean, "image_auroc"), -1) == (0.9 + 0.7) / 2);
    assert_true(io_json_number(io_json_get(mean, "image_auroc_categories"), -1) == 2);
    assert_string_equal(io_json_string(io_json_get(mean, "protocol")), PROTOCOL);
    io_json_free(json);
    free(text);

    options.format = REPORT_FORMAT_LATEX;
    text = report(path, &options);
    check_has(text, "cable & -- & -- \\\\");
    check_has(text, "80.00$^{*}$");
    check_has(text, "image AUROC \\%");
    check_has(text, "mask=$>$127");
    free(text);

    text = report(write_csv(header, lines + 1, 1), &report_defaults);
    check_has(text, "(no image AUROC, pixel AUROC: test images of one class, or without ground truth)");
    free(text);
}

static void csv_repeats_the_protocol_and_keeps_all_digits(void **state)
{
    (void)state;
    const char *lines[] = {line("bottle", 0, "0.90000000000000002", "0.1"), line("cable", 0, "", "0.3")};
    report_options_t options = report_defaults;
    options.format = REPORT_FORMAT_CSV;
    options.metrics = "pixel_auroc,image_auroc";
    char *text = report(write_csv(header, lines, 2), &options);
    assert_string_equal(
        text,
        "dataset,category,shots,point,method,seeds,image_auroc,image_auroc_sd,image_auroc_n,image_auroc_categories,"
        "pixel_auroc,pixel_auroc_sd,pixel_auroc_n,pixel_auroc_categories,"
        "model,tower,branches,learn,transductive,auxiliary,protocol\n"
        "mvtec,bottle,4,,finegrainedad,1,0.90000000000000002,,1,1,0.10000000000000001,,1,1,,,,,,," PROTOCOL "\n"
        "mvtec,cable,4,,finegrainedad,1,,,0,0,0.29999999999999999,,1,1,,,,,,," PROTOCOL "\n"
        "mvtec,MEAN,4,,finegrainedad,1,0.90000000000000002,,1,1,0.20000000000000001,,1,2,,,,,,," PROTOCOL "\n");
    free(text);
}

static void selections_that_match_nothing_say_what_there_is(void **state)
{
    (void)state;
    const char *lines[] = {line("bottle", 0, "0.9", "0.9")};
    const char *path = write_csv(header, lines, 1);
    report_options_t options = report_defaults;
    options.select.shots = "1,2";
    check_error(report_print(stdout, path, &options), ST_ENOTFOUND, "there are: mvtec 4-shot");
    options = report_defaults;
    options.metrics = "aupro,pixel_auc";
    check_error(report_print(stdout, path, &options), ST_EFORMAT,
                "no metric 'pixel_auc' (did you mean 'pixel_auroc'?)");
}

/* Every row of a category and a seed of its own: a small file must not ask for all the memory, nor for a minute. */
static void a_table_larger_than_its_rows_can_fill_is_refused(void **state)
{
    (void)state;
    enum { ROWS = 5000 };
    char(*text)[16] = malloc(ROWS * sizeof *text);
    const char **lines = malloc(ROWS * sizeof *lines);
    assert_true(text != NULL && lines != NULL);
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < ROWS; i++) {
            snprintf(text[i], sizeof *text, "c%d", i);
            lines[i] = strdup(line(text[i], pass == 0 ? i : i % 2, "0.9", "0.8"));
            assert_non_null(lines[i]);
        }
        const char *path = write_csv(header, lines, ROWS);
        if (pass == 0) {
            FILE *out = tmpfile();
            check_error(report_print(out, path, &report_defaults), ST_EFORMAT,
                        "a table of 5000 categories of mvtec by 5000 seeds has more than 16777216 cells");
            fclose(out);
        } else {
            char *table = report(path, &report_defaults);
            check_has(table, "c0 90.00");
            check_has(table, "c4999 90.00");
            free(table);
        }
        for (int i = 0; i < ROWS; i++) free((char *)lines[i]);
    }
    free(lines);
    free(text);
}

static void points_are_chosen_by_their_words(void **state)
{
    (void)state;
    static const char *const points[] = {"epsilon=0.5 gamma=1", "epsilon=0.5 gamma=1.5", "epsilon=1 gamma=1"};
    char texts[3][256];
    const char *lines[3];
    for (int i = 0; i < 3; i++) {
        snprintf(texts[i], sizeof texts[i], "mvtec,bottle,4,0,%s,finegrainedad,0.%d,0.5,,,,,," PROTOCOL ",t%d\n",
                 points[i], i + 1, i);
        lines[i] = texts[i];
    }
    const char *path = write_csv(header, lines, 3);
    report_options_t options = report_defaults;
    options.select.point = "gamma=1";
    options.means = true;
    char *text = report(path, &options);
    check_has(text, "epsilon=0.5 gamma=1 10.00");
    check_has(text, "epsilon=1 gamma=1 30.00");
    check_has_not(text, "gamma=1.5");
    free(text);
}

static void the_point_that_is_the_job_has_a_name_and_lists_may_be_written_without_blanks(void **state)
{
    (void)state;
    const char *lines[] = {
        line("bottle", 0, "0.9", "0.8"),
        "mvtec,bottle,4,0,\"losses=clip, trip epsilon=1\",finegrainedad,0.7,0.6,,,,,," PROTOCOL ",t1\n",
        "mvtec,bottle,4,0,\"losses=clip, trip, mean epsilon=1\",finegrainedad,0.5,0.4,,,,,," PROTOCOL ",t2\n",
    };
    const char *path = write_csv(header, lines, 3);
    report_options_t options = report_defaults;
    options.means = true;
    char *text = report(path, &options);
    check_has(text, "finegrainedad (as the job) 90.00");
    check_has(text, "finegrainedad losses=clip, trip epsilon=1 70.00");
    free(text);
    static const char *const wanted[] = {"losses=clip,trip", "losses=clip, trip", "losses=clip,  trip epsilon=1"};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        options.select.point = wanted[i];
        text = report(path, &options);
        check_has(text, "losses=clip, trip epsilon=1 70.00");
        check_has_not(text, "trip, mean");
        check_has_not(text, "as the job");
        free(text);
    }
    options.select.point = "(as the job)";
    text = report(path, &options);
    check_has(text, "90.00");
    check_has_not(text, "70.00");
    free(text);
}

static void latex_cells_hold_no_padding(void **state)
{
    (void)state;
    const char *lines[] = {line("bottle", 0, "0.9", "0.91"), line("bottle", 1, "0.92", "0.95")};
    report_options_t options = report_defaults;
    options.format = REPORT_FORMAT_LATEX;
    char *text = report(write_csv(header, lines, 2), &options);
    if (strstr(text, "bottle & 91.00 $\\pm$ 1.41 & 93.00 $\\pm$ 2.83 \\\\\n") == NULL) fail_msg("%s", text);
    free(text);
}

/* After the end of a row LaTeX takes [ for the length of a skip; braces of a name are letters. */
static void latex_takes_names_for_nothing_else(void **state)
{
    (void)state;
    const char *lines[] = {line("[bottle]", 0, "0.9", "0.91"), line("a{}b", 0, "0.92", "0.95"),
                           line("50%_#1", 0, "1", "1"), line("x^2~y", 0, "0.5", "0.5")};
    report_options_t options = report_defaults;
    options.format = REPORT_FORMAT_LATEX;
    char *text = report(write_csv(header, lines, 4), &options);
    check_has(text, "{}[bottle] & 90.00");
    check_has(text, "a\\{\\}b & 92.00");
    check_has(text, "50\\%\\_\\#1 & 100.00");
    check_has(text, "x\\^{}2\\~{}y & 50.00");
    int depth = 0;
    for (const char *c = text; *c != '\0'; c++)
        if (c == text || c[-1] != '\\') depth += *c == '{' ? 1 : *c == '}' ? -1 : 0;
    assert_int_equal(depth, 0);
    free(text);
}

#define PUBLISHED_HEADER                                                                                               \
    "dataset,category,shots,seed,point,method,image_auroc,pixel_auroc,aupro,image_ap,image_f1max,pixel_ap,"            \
    "pixel_f1max,model,tower,branches,learn,transductive,auxiliary,protocol,task\n"

/* All categories of MVTec-AD, 4-shot, every number the same; the texts last until the next call. */
static const char *write_whole(const char *method, const char *point, const char *labels, const char *protocol)
{
    static char text[15][512];
    const char *lines[15];
    for (int c = 0; c < 15; c++) {
        snprintf(text[c], sizeof text[c], "mvtec,%s,4,0,%s,%s,0.9551,0.96,0.5,0.5,0.5,0.5,0.5,%s,%s,\n",
                 data_known_category("mvtec", c), point, method, labels, protocol);
        lines[c] = text[c];
    }
    return write_csv(PUBLISHED_HEADER, lines, 15);
}

#define LIKE_THEIRS "vit-b-16-plus-240,vit-b-16-plus-240 unit:cls+tokens+3.attn+8.attn,vad+pad,yes,no,no"

/* Only like is subtracted from like; and each figure has a protocol of its own. */
static void published_figures_stand_beside_with_the_difference(void **state)
{
    (void)state;
    const char *const assets[] = {"assets=" FGAD_SOURCE_DIR "/datasets"};
    report_options_t options = report_defaults;
    options.published = true;
    options.assignments = assets;
    options.assignment_count = 1;
    options.format = REPORT_FORMAT_JSON;
    char *text = report(write_whole("finegrainedad", "method=finegrainedad", LIKE_THEIRS, PROTOCOL), &options);
    io_json_t *json;
    assert_int_equal(io_json_parse(&json, text, strlen(text), "report"), ST_OK);
    io_json_node_t rows = io_json_get(io_json_at(io_json_get(io_json_root(json), "tables"), 1), "rows");
    int found = 0;
    for (int i = 0; i < io_json_count(rows); i++) {
        io_json_node_t row = io_json_at(rows, i);
        const char *method = io_json_string(io_json_get(row, "method"));
        const char *protocol = io_json_string(io_json_get(row, "protocol"));
        double table = io_json_number(io_json_get(row, "table"), 0);
        assert_string_equal(io_json_string(io_json_get(row, "shots")), "4");
        const bool learned = strcmp(method, "FineGrainedAD") == 0 || strcmp(method, "PromptAD") == 0;
        if (strncmp(protocol, "published", 9) == 0) assert_true((strstr(protocol, "best epoch") != NULL) == learned);
        if (strcmp(method, "InCTRL") == 0) { /* gives no pixel figure: none is made up */
            assert_int_equal(io_json_kind(io_json_get(row, "pixel_auroc")), IO_JSON_NULL);
            assert_int_equal(io_json_kind(io_json_get(row, "pixel_auroc_difference")), IO_JSON_NULL);
            found++;
        }
        if (strcmp(method, "PatchCore") == 0) {
            assert_int_equal(io_json_kind(io_json_get(row, "image_auroc_difference")), IO_JSON_NULL);
            assert_string_equal(io_json_string(io_json_get(row, "no_difference")), "another method");
            found++;
        }
        if (strcmp(method, "FineGrainedAD") != 0 || table != 1) continue;
        assert_true(io_json_number(io_json_get(row, "image_auroc"), 0) == 94.51 / 100);
        assert_true(fabs(io_json_number(io_json_get(row, "image_auroc_difference"), 0) - (0.01)) < 1e-12);
        assert_true(fabs(io_json_number(io_json_get(row, "pixel_auroc_difference"), 0) - (0.96 - 0.9671)) < 1e-12);
        found++;
    }
    assert_int_equal(found, 3);
    io_json_free(json);
    free(text);

    options.format = REPORT_FORMAT_TEXT;
    const struct {
        const char *method, *point, *labels, *protocol, *told;
    } unlike[] = {
        {"finegrainedad", "", "demo-clip,demo-clip unit:cls,vad+pad,yes,no,no", PROTOCOL,
         "another backbone: vit-b-16-plus-240, ours demo-clip"},
        {"finegrainedad", "", "vit-b-16-plus-240,vit-b-16-plus-240@480 unit:cls,vad+pad,yes,no,no", PROTOCOL,
         "ours vit-b-16-plus-240@480"},
        {"finegrainedad", "", "vit-b-16-plus-240,vit-b-16-plus-240 unit:cls,vad,no,no,no", PROTOCOL,
         "ours is of one branch, vad"},
        {"finegrainedad", "", "vit-b-16-plus-240,vit-b-16-plus-240 unit:cls,vad+pad,no,no,no", PROTOCOL,
         "ours was not learned"},
        {"finegrainedad", "gamma=0", LIKE_THEIRS, PROTOCOL, "another setting: ours gamma=0, theirs (as the job)"},
        {"patchcore", "", "vit-b-16-plus-240,vit-b-16-plus-240 unit:3.attn,,no,no,no", PROTOCOL,
         "another backbone: WideResNet-50 (69M)"},
        {"winclip+", "", "vit-b-16-plus-240,vit-b-16-plus-240 unit:cls,,no,no,no", PROTOCOL,
         "pixels: theirs size=240 sigma=0"},
        {"finegrainedad", "", ",,,,,", PROTOCOL, "ours does not tell its model"},
    };
    for (size_t i = 0; i < sizeof unlike / sizeof unlike[0]; i++) {
        text = report(write_whole(unlike[i].method, unlike[i].point, unlike[i].labels, unlike[i].protocol), &options);
        check_has(text, unlike[i].told);
        free(text);
    }
    /* Other shots of a table stand there without a difference: 4-shot ours is no better than 1-shot theirs. */
    options.table = "1";
    text = report(write_whole("finegrainedad", "", LIKE_THEIRS, PROTOCOL), &options);
    check_has(text, "1-shot, ours 4");
    check_has_not(text, "+16.30");
    free(text);
    /* A row of table 4 is its setting's alone. */
    options.table = "4";
    text = report(write_whole("promptad", "method=promptad", LIKE_THEIRS, PROTOCOL), &options);
    check_has(text, "mvtec 4 FineGrainedAD parts=BL 4 94.17 +1.34 95.73 +0.27");
    check_has(text, "parts=BL+MP+AT+TI");
    check_has_not(text, "InCTRL");
    free(text);
    /* Two categories are not the data set. */
    options.table = NULL;
    const char *lines[] = {"mvtec,bottle,4,0,,finegrainedad,0.9,0.9,0.5,0.5,0.5,0.5,0.5," LIKE_THEIRS "," PROTOCOL
                           ",\n"};
    text = report(write_csv(PUBLISHED_HEADER, lines, 1), &options);
    check_has(text, "NOT COMPARABLE: ours is of 1 of the dataset's 15 categories");
    check_has(text, "ours is of 1 of 15 categories");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mean_and_sample_deviation_are_over_seeds),
        cmocka_unit_test(columns_in_another_order_give_the_same_table),
        cmocka_unit_test(a_damaged_table_is_refused),
        cmocka_unit_test(labels_are_told_and_kept_apart),
        cmocka_unit_test(systems_of_several_runs_stand_side_by_side),
        cmocka_unit_test(a_missing_seed_is_marked_and_named),
        cmocka_unit_test(a_category_of_one_class_is_missing_not_zero),
        cmocka_unit_test(csv_repeats_the_protocol_and_keeps_all_digits),
        cmocka_unit_test(selections_that_match_nothing_say_what_there_is),
        cmocka_unit_test(a_table_larger_than_its_rows_can_fill_is_refused),
        cmocka_unit_test(points_are_chosen_by_their_words),
        cmocka_unit_test(the_point_that_is_the_job_has_a_name_and_lists_may_be_written_without_blanks),
        cmocka_unit_test(latex_cells_hold_no_padding),
        cmocka_unit_test(latex_takes_names_for_nothing_else),
        cmocka_unit_test(published_figures_stand_beside_with_the_difference),
    };
    return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
