#include "support/check.h"

#include "io/io.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    char *name;
    bool learn;
    int epochs, stages;
    int64_t seed;
    double epsilon, scale;
    int reweight;
    io_int_list_t shots;
    io_names_t category, losses;
    io_sweep_t sweep;
    io_text_map_t roots, notes;
} job_t;

static const char *const reweights[] = {"mean1", "literal", "off", NULL};
static const char *const losses[] = {"clip", "trip", "mean", "reg", NULL};
static const char *const datasets[] = {"mvtec", "visa", NULL};
static const io_option_t table[] = {
    {"name", IO_STRING, offsetof(job_t, name), "run", 0, 0, NULL, "name of the run", 0},
    {"learn", IO_BOOL, offsetof(job_t, learn), "true", 0, 0, NULL, "learn prompts", 0},
    {"pixel.epochs", IO_INT, offsetof(job_t, epochs), "100", 0, 100000, NULL, "epochs", 0},
    {"aggregation.stages", IO_INT, offsetof(job_t, stages), "2", 1, 2, NULL, "stages", 0},
    {"seed", IO_INT64, offsetof(job_t, seed), "0", 0, INFINITY, NULL, "seed", 0},
    {"epsilon", IO_DOUBLE, offsetof(job_t, epsilon), "1", 0, 100, NULL, "margin", 0},
    {"pixel.scale", IO_DOUBLE, offsetof(job_t, scale), "0.1", 0, 0, NULL, "scale", 0},
    {"reweight", IO_CHOICE, offsetof(job_t, reweight), "mean1", 0, 0, reweights, "re-weighting", 0},
    {"shots", IO_INT_LIST, offsetof(job_t, shots), NULL, 1, 64, NULL, "training images a category", 0},
    {"category", IO_STRING_LIST, offsetof(job_t, category), "", 0, 0, NULL, "categories", 0},
    {"losses", IO_STRING_LIST, offsetof(job_t, losses), "clip, trip", 0, 0, losses, "terms", 0},
    {"sweep", IO_SWEEP, offsetof(job_t, sweep), "", 0, 0, NULL, "grid", 0},
    {"roots", IO_TEXT_MAP, offsetof(job_t, roots), "", 0, 0, datasets, "folders of datasets", 0},
    {"notes", IO_TEXT_MAP, offsetof(job_t, notes), "", 0, 0, NULL, "anything", 0},
    {0},
};
enum { ROWS = sizeof table / sizeof table[0] - 1 };

static job_t job;
static bool used[ROWS];
static char path[600];

static int fresh(void **state)
{
    (void)state;
    memset(used, 0, sizeof used);
    return io_options_init(&job, table) == ST_OK ? 0 : 1;
}

static int finish(void **state)
{
    (void)state;
    io_options_free(&job, table);
    return 0;
}

static status_t read_text(const char *text)
{
    snprintf(path, sizeof path, "%s/job.yaml", check_temp_dir("options"));
    check_error(io_write_file(path, text, strlen(text)), ST_OK, "");
    return io_options_read_yaml(&job, table, used, path);
}

/* The whole line after the directory must be `message`. */
static void refuse(const char *text, const char *message)
{
    check_error(read_text(text), ST_EFORMAT, "job.yaml");
    const char *line = strstr(fail_message(), "job.yaml");
    if (strcmp(line, message) != 0) fail_msg("the message is\n'%s', expected\n'%s'", line, message);
    finish(NULL);
    fresh(NULL);
}

static void refuse_set(const char *assignment, const char *message)
{
    check_error(io_options_set(&job, table, used, assignment, "-s"), ST_EFORMAT, message);
    assert_string_equal(fail_message(), message);
}

static void set(const char *assignment)
{
    check_error(io_options_set(&job, table, used, assignment, "-s"), ST_OK, "");
}

static void defaults_come_from_text(void **state)
{
    (void)state;
    assert_string_equal(job.name, "run");
    assert_true(job.learn);
    assert_int_equal(job.epochs, 100);
    assert_true(job.epsilon == 1.0);
    assert_int_equal(job.reweight, 0);
    assert_int_equal(job.losses.count, 2);
    assert_string_equal(job.losses.name[1], "trip");
    assert_int_equal(job.category.count, 0);
    assert_int_equal(job.shots.count, 0);
}

static void a_job_file_fills_every_kind(void **state)
{
    (void)state;
    check_error(read_text("# a job\n"
                          "name: 'bottle: 4-shot'\n"
                          "learn: no\n"
                          "pixel: {epochs: 7, scale: -2.5e-3}\n"
                          "seed: 12345678901\n"
                          "epsilon: .5\n"
                          "reweight: off\n"
                          "shots: [1, 2, 4]\n"
                          "category:\n"
                          "  - bottle\n"
                          "  - \"hazel, nut\"\n"
                          "losses: clip\n"
                          "sweep:\n"
                          "  epsilon: [0, 0.5]\n"
                          "  pixel.epochs: 3\n"
                          "  losses: [clip, 'clip, trip']\n"
                          "roots: {visa: /data/visa, mvtec: ~/mvtec}\n"
                          "notes:\n"
                          "  author: me\n"
                          "  why not: \"# because\"\n"),
                ST_OK, "");
    assert_string_equal(job.name, "bottle: 4-shot");
    assert_false(job.learn);
    assert_int_equal(job.epochs, 7);
    assert_true(job.scale == -0.0025);
    assert_true(job.seed == 12345678901);
    assert_true(job.epsilon == 0.5);
    assert_int_equal(job.reweight, 2);
    assert_int_equal(job.shots.count, 3);
    assert_int_equal(job.shots.value[2], 4);
    assert_int_equal(job.category.count, 2);
    assert_string_equal(job.category.name[1], "hazel, nut");
    assert_int_equal(job.losses.count, 1);
    assert_int_equal(job.sweep.count, 3);
    assert_string_equal(job.roots.key[0], "mvtec");
    assert_string_equal(job.roots.value[0], "~/mvtec");
    assert_string_equal(job.notes.value[1], "# because");
    assert_true(used[0] && used[1] && used[2] && !used[3] && used[11] && used[13]);
}

/* What a copy is told changes nothing of the first; the sweep, which they share, goes with the last of them. */
static void a_copy_has_fields_of_its_own(void **state)
{
    (void)state;
    job_t copies[2];
    check_error(read_text("name: one\nshots: [1, 2]\nlosses: [trip]\nepsilon: 0.25\nroots: {visa: /v}\n"
                          "sweep: {losses: [[clip], [clip, trip]]}\n"),
                ST_OK, "");
    for (int i = 0; i < 2; i++) check_error(io_options_copy(&copies[i], &job, table), ST_OK, "");
    for (int i = 0; i < 2; i++) {
        const char *assignments[] = {"name=other", "shots=4", "losses=clip", "epsilon=1", "roots.visa=/w"};
        for (int a = 0; a < 5 && i == 0; a++)
            check_error(io_options_set(&copies[0], table, NULL, assignments[a], "-s"), ST_OK, "");
        const job_t *of = i == 0 ? &copies[1] : &job;
        assert_string_equal(of->name, "one");
        assert_int_equal(of->shots.value[1], 2);
        assert_string_equal(of->losses.name[0], "trip");
        assert_true(of->epsilon == 0.25);
        assert_string_equal(of->roots.value[0], "/v");
    }
    assert_int_equal(copies[0].shots.count, 1);
    assert_string_equal(copies[0].roots.value[0], "/w");
    io_options_free(&copies[0], table);
    io_options_free(&job, table);
    assert_string_equal(copies[1].sweep.values[0].name[1], "clip, trip");
    io_options_free(&copies[1], table);
    assert_int_equal(copies[1].sweep.count, 0);
}

static void a_grid_of_lists_and_a_list_of_points_read_back(void **state)
{
    (void)state;
    check_error(read_text("sweep: {losses: [[clip], [clip, trip], trip], epsilon: [1]}\n"), ST_OK, "");
    assert_int_equal(job.sweep.count, 2);
    for (int i = 0; i < 2; i++)
        if (strcmp(job.sweep.key[i], "losses") == 0) assert_string_equal(job.sweep.values[i].name[1], "clip, trip");
    finish(NULL);
    fresh(NULL);
    set("sweep.losses=[[clip],[clip,trip]]");
    assert_int_equal(job.sweep.values[0].count, 2);
    assert_string_equal(job.sweep.values[0].name[0], "clip");
    assert_string_equal(job.sweep.values[0].name[1], "clip, trip");
    set("sweep.losses=[clip];[trip, clip]");
    assert_string_equal(job.sweep.values[0].name[1], "trip, clip");
    set("sweep.losses=[clip,trip]"); /* two values, as ever */
    assert_string_equal(job.sweep.values[0].name[1], "trip");
    refuse_set("sweep.epsilon=[[1,2]]", "-s: epsilon is '1, 2', expected a number from 0 to 100 (in sweep)");
    finish(NULL);
    fresh(NULL);

    check_error(read_text("sweep: [{losses: [clip, trip], epsilon: 0}, {}, {pixel.epochs: 3}]\n"), ST_OK, "");
    assert_int_equal(job.sweep.count, 0);
    assert_int_equal(job.sweep.points, 3);
    assert_int_equal(job.sweep.point[0].count, 2);
    assert_int_equal(job.sweep.point[1].count, 0);
    assert_string_equal(job.sweep.point[2].name[0], "pixel.epochs=3");
    char *text = io_options_yaml(&job, table);
    assert_non_null(strstr(text, "losses: 'clip, trip'"));
    refuse_set("sweep.epsilon=1",
               "-s: sweep.epsilon is an axis, but sweep is a list of points already (hint: 'sweep=' empties it)");
    set("sweep=[{epsilon: 2}]");
    assert_int_equal(job.sweep.points, 1);
    assert_string_equal(job.sweep.point[0].name[0], "epsilon=2");
    set("sweep={epsilon: [2, 3]}");
    assert_int_equal(job.sweep.points, 0);
    assert_int_equal(job.sweep.values[0].count, 2);
    finish(NULL);
    fresh(NULL);
    check_error(read_text(text), ST_OK, "");
    char *again = io_options_yaml(&job, table);
    assert_string_equal(text, again);
    free(text);
    free(again);
    finish(NULL);
    fresh(NULL);
    refuse("sweep: [{epsilon: 0}, {gamm: 1}]\n", "job.yaml:1: unknown key 'sweep.gamm'");
    refuse("sweep:\n- {epsilon: 0}\n- {epsilon: 900}\n",
           "job.yaml:3: epsilon is '900', expected a number from 0 to 100 (in sweep)");
    refuse("sweep: [{epsilon: [0, 1]}]\n",
           "job.yaml:1: sweep.epsilon is a list, expected one value in a point of sweep");
    refuse("sweep: [epsilon]\n", "job.yaml:1: sweep is 'epsilon', expected a mapping of keys");
    refuse("sweep: [{losses: [[clip]]}]\n", "job.yaml:1: sweep.losses holds a list, expected a text");
    refuse_set("sweep=[{epsilon: 0}",
               "-s:1: not YAML at this line or soon after: did not find expected ',' or ']' (hint: "
               "indentation, a quote or a bracket left open)");
}

static void what_is_written_reads_back(void **state)
{
    (void)state;
    set("name=  it's \"quoted\": yes # no");
    set("pixel.scale=0.1");
    set("epsilon=0.30000000000000004");
    set("shots=[1, 2]");
    set("category=a b, c:d, null");
    set("sweep.epsilon=0, 0.5");
    set("sweep.losses=clip;clip, trip");
    set("roots.mvtec=/data/m v");
    set("notes.free key=tab\there");
    char *text = io_options_yaml(&job, table);
    assert_non_null(text);
    assert_non_null(strstr(text, "pixel:\n  epochs: 100\n  scale: 0.1\n"));
    assert_non_null(strstr(text, "epsilon: 0.30000000000000004\n"));
    assert_non_null(strstr(text, "category: [a b, 'c:d', 'null']\n"));
    assert_non_null(strstr(text, "sweep: {epsilon: [0, 0.5], losses: [clip, 'clip, trip']}\n"));
    finish(NULL);
    fresh(NULL);
    check_error(read_text(text), ST_OK, "");
    char *again = io_options_yaml(&job, table);
    assert_string_equal(text, again);
    free(text);
    free(again);
}

static void null_is_nothing_and_a_text_in_quotes(void **state)
{
    (void)state;
    static const struct {
        const char *text, *name;
    } cases[] = {
        {"name: null\n", ""},
        {"name: ~\n", ""},
        {"learn: no\nname:\n  Null # none\n", ""},
        {"name: 'null'\n", "null"},
        {"name: \"~\"\n", "~"},
        {"# a job\nlearn: no\nname:\n\n  'NULL' # a name\n", "NULL"},
        {"{notes: {author: \"\xc3\xbc\xe2\x82\xac\"}, name: 'null', learn: no}\n", "null"},
        {"{notes: {author: \"\xc3\xbc\xe2\x82\xac\"}, name: null, learn: no}\n", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        check_error(read_text(cases[i].text), ST_OK, "");
        assert_string_equal(job.name, cases[i].name);
        finish(NULL);
        fresh(NULL);
    }
    static const char *const words[] = {"name=null", "name=~", "name=NULL", "name=nullo"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        set(words[i]);
        char *text = io_options_yaml(&job, table);
        finish(NULL);
        fresh(NULL);
        check_error(read_text(text), ST_OK, "");
        assert_string_equal(job.name, words[i] + 5);
        free(text);
    }
}

static void defaults_read_back_but_for_what_is_required(void **state)
{
    (void)state;
    char *text = io_options_yaml(&job, table);
    assert_null(strstr(text, "shots"));
    check_error(read_text(text), ST_OK, "");
    char *again = io_options_yaml(&job, table);
    assert_string_equal(text, again);
    free(text);
    free(again);
    check_error(io_options_check_required(table, used, path), ST_EFORMAT,
                "job.yaml: the key 'shots' is missing (training images a category)");
    set("shots=4");
    check_error(io_options_check_required(table, used, path), ST_OK, "");
}

static void empty_values_are_empty_lists_and_maps(void **state)
{
    (void)state;
    set("category=a");
    set("sweep.epsilon=1");
    check_error(read_text("losses: []\ncategory:\nsweep:\nnotes: {}\nname: null\n"), ST_OK, "");
    assert_int_equal(job.losses.count, 0);
    assert_int_equal(job.category.count, 0);
    assert_string_equal(job.name, "");
    set("sweep=");
    assert_int_equal(job.sweep.count, 0);
}

static void unknown_keys_are_refused_with_the_nearest(void **state)
{
    (void)state;
    refuse("name: a\nepsilom: 1\n", "job.yaml:2: unknown key 'epsilom' (did you mean 'epsilon'?)");
    refuse("# epsilom: x\nname: 'epsilom is: x'\n\n  # epsilom:\n'epsilom': 1\n",
           "job.yaml:5: unknown key 'epsilom' (did you mean 'epsilon'?)");
    refuse("name: a\nwidth: 1\n", "job.yaml:2: unknown key 'width'");
    refuse("epochs: 1\n", "job.yaml:1: unknown key 'epochs' (did you mean 'pixel.epochs'?)");
    refuse("epohcs: 1\n", "job.yaml:1: unknown key 'epohcs' (did you mean 'pixel.epochs'?)");
    refuse("pxel: {epochs: 1}\n", "job.yaml:1: unknown key 'pxel' (did you mean 'pixel'?)");
    refuse("agregation:\n  stages: 1\n", "job.yaml:1: unknown key 'agregation' (did you mean 'aggregation'?)");
    refuse("pixel:\n  epochs: 3\n  scal: 1\n", "job.yaml:3: unknown key 'pixel.scal' (did you mean 'pixel.scale'?)");
    refuse("pixel: {epocs: 3}\n", "job.yaml:1: unknown key 'pixel.epocs' (did you mean 'pixel.epochs'?)");
    refuse("sweep:\n  epsilon: [1]\n  gamm: [1]\n", "job.yaml:3: unknown key 'sweep.gamm'");
    refuse("sweep: {epsilonn: [1]}\n", "job.yaml:1: unknown key 'sweep.epsilonn' (did you mean 'sweep.epsilon'?)");
    refuse("roots: {mvtek: /d}\n", "job.yaml:1: unknown key 'roots.mvtek' (did you mean 'roots.mvtec'?)");
    refuse("pixel.epochs: 3\n",
           "job.yaml:1: 'pixel.epochs' is written flat, expected 'pixel:' with 'epochs' indented below");
}

static void wrong_types_are_refused_with_what_would_be_right(void **state)
{
    (void)state;
    refuse("name: a\nepsilon: wide\n", "job.yaml:2: epsilon is 'wide', expected a number from 0 to 100");
    refuse("pixel:\n  # comment\n  epochs: 1.5\n",
           "job.yaml:3: pixel.epochs is '1.5', expected a whole number from 0 to 100000");
    refuse("learn: maybe\n", "job.yaml:1: learn is 'maybe', expected true or false");
    refuse("seed: 99999999999999999999\n",
           "job.yaml:1: seed is '99999999999999999999', expected a whole number of at least 0");
    refuse("epsilon: nan\n", "job.yaml:1: epsilon is 'nan', expected a number from 0 to 100");
    refuse("epsilon:\n", "job.yaml:1: epsilon is '', expected a number from 0 to 100");
    refuse("name: a\nepsilon: [0, 1]\n", "job.yaml:2: epsilon is a list, expected a number from 0 to 100 (hint: to try "
                                         "several, 'sweep: {epsilon: [...]}')");
    refuse("epsilon: {a: 1}\n", "job.yaml:1: epsilon is a mapping, expected a number from 0 to 100");
    refuse("shots: {a: 1}\n", "job.yaml:1: shots is a mapping, expected a list, each item a whole number from 1 to 64");
    refuse("shots:\n- 1\n- [2]\n", "job.yaml:3: shots holds a list, expected a whole number from 1 to 64");
    refuse("pixel: 3\n", "job.yaml:1: pixel is '3', expected a mapping of keys");
    refuse("pixel: [3]\n", "job.yaml:1: pixel is a list, expected a mapping of keys");
    refuse("name: a\nsweep: product\n", "job.yaml:2: sweep is 'product', expected a mapping of keys");
}

static void values_out_of_bounds_are_refused_with_the_bounds(void **state)
{
    (void)state;
    refuse("epsilon: 100.5\n", "job.yaml:1: epsilon is '100.5', expected a number from 0 to 100");
    refuse("aggregation:\n  stages: 3\n", "job.yaml:2: aggregation.stages is '3', expected a whole number from 1 to 2");
    refuse("seed: -1\n", "job.yaml:1: seed is '-1', expected a whole number of at least 0");
    refuse("name: x\nshots: [1, 65]\n", "job.yaml:2: shots[1] is '65', expected a whole number from 1 to 64");
    refuse("name: x\nsweep:\n  epsilon: [1, -2]\n",
           "job.yaml:3: epsilon is '-2', expected a number from 0 to 100 (in sweep)");
}

static void unknown_choices_are_refused_with_the_nearest(void **state)
{
    (void)state;
    refuse("name: x\nreweight: mean\n",
           "job.yaml:2: reweight is 'mean', expected one of mean1, literal, off (did you mean 'mean1'?)");
    refuse("reweight: always\n", "job.yaml:1: reweight is 'always', expected one of mean1, literal, off");
    refuse("losses: [clip, tripp]\n",
           "job.yaml:1: losses[1] is 'tripp', expected one of clip, trip, mean, reg (did you mean 'trip'?)");
}

static void repeats_are_refused(void **state)
{
    (void)state;
    refuse("epsilon: 1\nname: x\nepsilon: 2\n", "job.yaml:3: 'epsilon' is given twice");
    refuse("pixel: {epochs: 1}\npixel: {scale: 1}\n", "job.yaml:2: 'pixel' is given twice");
    refuse("pixel:\n  epochs: 1\n  epochs: 1\n", "job.yaml:3: 'pixel.epochs' is given twice");
    refuse("name: x\ncategory: [bottle, cable, bottle]\n", "job.yaml:2: category names 'bottle' twice");
    refuse("shots: [1, 2, 01]\n", "job.yaml:1: shots names 1 twice");
    refuse("sweep: {epsilon: [1, 1]}\n", "job.yaml:1: sweep.epsilon names '1' twice");
}

static void what_is_no_job_is_refused(void **state)
{
    (void)state;
    refuse("", "job.yaml: is empty, expected options ('key: value' lines)");
    refuse("# only a comment\n", "job.yaml: is empty, expected options ('key: value' lines)");
    refuse("- a\n- b\n", "job.yaml: is a list, expected a mapping of options ('key: value' lines)");
    refuse("just words\n", "job.yaml: is a single value, expected a mapping of options ('key: value' lines)");
    refuse("name: a\nshots: [1, 2\nlearn: true\n",
           "job.yaml:2: not YAML at this line or soon after: did not find expected ',' or ']' (hint: indentation, a "
           "quote or a bracket left open)");
    refuse("name: a\n\tlearn: true\n", "job.yaml:1: not YAML at this line or soon after: found a tab character that "
                                       "violates indentation (hint: indentation, a quote or a bracket left open)");
    refuse("name: a\n---\nname: b\n", "job.yaml:2: a second document starts here, expected one a file");
    refuse("name: *x\n", "job.yaml:1: not a job file that can be read: No anchor found for alias: 'x'");
    check_error(io_options_read_yaml(&job, table, used, "/no/such/job.yaml"), ST_ENOTFOUND,
                "'/no/such/job.yaml' cannot be opened: No such file or directory");
}

/* `count` times `item` between `start` and `end` (caller frees). */
static char *many(const char *start, const char *item, int count, const char *end)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    fputs(start, out);
    for (int i = 0; i < count; i++) fprintf(out, "%s%d", item, i);
    fputs(end, out);
    fclose(out);
    return text;
}

static void aliases_stand_for_what_they_name(void **state)
{
    (void)state;
    check_error(read_text("name: &n a b\nnotes: {x: *n}\ncategory: &c [p, q]\nsweep: {category: *c}\n"), ST_OK, "");
    assert_string_equal(job.notes.value[0], "a b");
    assert_int_equal(job.sweep.values[0].count, 2);
    refuse("category: &c [*c]\n", "job.yaml:1: category holds a list, expected a text");
    refuse("roots: &r {mvtec: *r}\n", "job.yaml:1: roots.mvtec is a mapping, expected a text");
}

/* Each of these took minutes or gigabytes, or would in libyaml. */
static void what_grows_without_end_is_refused_at_once(void **state)
{
    (void)state;
    static const struct {
        const char *start, *item;
        int count;
        const char *end, *message;
    } cases[] = {
        {"category: [x", ",c", 99999, "]\n", "job.yaml:1: category has 100000 items, expected at most 10000"},
        {"name: x\nnotes:\n", "  k: 1\n  k", 10001, ": 1\n",
         "job.yaml:3: notes has 10002 items, expected at most 10000"},
        {"category: [x", ", &a", 20000, " y]\n",
         "job.yaml: has 20000 '&' and '*' (anchors, aliases), expected at most 10000"},
        {"name: [", "[", 3000, "\n", "job.yaml: has 3001 brackets open at once, expected at most 1000"},
        {"name: ", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 40000, "\n",
         "job.yaml: has 1468897 bytes, options take 1048576 at most"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = many(cases[i].start, cases[i].item, cases[i].count, cases[i].end);
        refuse(text, cases[i].message);
        free(text);
    }
    /* 9,000 aliases of a text of 1,000 bytes: 9 MB of a file of 40 kB; and three times a list that is short enough. */
    char *start = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&start, &size);
    fprintf(out, "notes: {a: &a \"%01000d\"}\ncategory: [*a", 0);
    for (int i = 1; i < 9000; i++) fputs(", *a", out);
    fputs("]\n", out);
    fclose(out);
    refuse(start, "job.yaml: holds more than 20000 values, or 4194304 bytes of them, with its aliases written out");
    free(start);
    char *list = many("category: &c [x", ", c", 9000, "]\nlosses: *c\nsweep: {category: *c, name: *c}\n");
    check_error(read_text(list), ST_EFORMAT, "losses[0] is 'x'");
    free(list);
    list = many("category: &c [x", ", c", 9000, "]\nsweep: {category: *c, name: *c}\n");
    refuse(list, "job.yaml: holds more than 20000 values, or 4194304 bytes of them, with its aliases written out");
    free(list);
    list = many("category=x", ",c", 10000, "");
    refuse_set(list, "-s: category has 10001 items, expected at most 10000");
    free(list);
}

static void keys_and_values_are_whole_texts(void **state)
{
    (void)state;
    refuse("name: \"a\\0b\"\n", "job.yaml:1: name holds a byte of zero, expected a text");
    refuse("name: a\n\"na\\0me\": b\n", "job.yaml:2: a key holds a byte of zero, expected a text");
    refuse("name: a\n? [b]\n: c\n", "job.yaml:2: a key is a list or a mapping, expected a name");
    refuse("name: a\nlearn: \xff\n", "job.yaml:2: not YAML at this line or soon after: invalid leading UTF-8 octet "
                                     "(hint: indentation, a quote or a bracket left open)");
    check_error(read_text("name: !!str null\n"), ST_OK, "");
    assert_string_equal(job.name, "null");
}

static void a_document_mark_at_the_top_is_fine(void **state)
{
    (void)state;
    check_error(read_text("# x\n---\nname: b\n"), ST_OK, "");
    assert_string_equal(job.name, "b");
}

static void assignments_follow_the_same_rules(void **state)
{
    (void)state;
    refuse_set("epsilom=1", "-s: unknown key 'epsilom' (did you mean 'epsilon'?)");
    refuse_set("epsilon=101", "-s: epsilon is '101', expected a number from 0 to 100");
    refuse_set("epsilon", "-s: 'epsilon' is not an assignment, expected key=value");
    refuse_set("=3", "-s: '=3' is not an assignment, expected key=value");
    refuse_set("pixel=3", "-s: 'pixel' is a group of keys, expected one of them, as 'pixel.epochs'");
    refuse_set("shots=1,,2", "-s: shots[1] is '', expected a whole number from 1 to 64");
    refuse_set("sweep=epsilon", "-s: sweep is 'epsilon', expected sweep.KEY=VALUE (hint: 'sweep=' empties it)");
    refuse_set("sweep.epsilon=", "-s: sweep.epsilon is an empty list, expected the values to try");
    refuse_set("sweep.sweep=1", "-s: unknown key 'sweep.sweep' (did you mean 'sweep.seed'?)");
    refuse_set("roots.moon=/x", "-s: unknown key 'roots.moon'");
    set("category=");
    assert_int_equal(job.category.count, 0);
    set("shots = 4");
    assert_int_equal(job.shots.value[0], 4);
    set("name=a=b");
    assert_string_equal(job.name, "a=b");
    set("sweep.epsilon=1, 2");
    set("sweep.epsilon=3");
    assert_int_equal(job.sweep.count, 1);
    assert_string_equal(job.sweep.values[0].name[0], "3");
}

static void a_refused_list_leaves_the_old_one(void **state)
{
    (void)state;
    set("shots=1,2");
    refuse_set("shots=3,x", "-s: shots[1] is 'x', expected a whole number from 1 to 64");
    assert_int_equal(job.shots.count, 2);
    assert_int_equal(job.shots.value[1], 2);
}

#define SENTENCE(test) cmocka_unit_test_setup_teardown(test, fresh, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SENTENCE(defaults_come_from_text),
        SENTENCE(a_job_file_fills_every_kind),
        SENTENCE(a_copy_has_fields_of_its_own),
        SENTENCE(a_grid_of_lists_and_a_list_of_points_read_back),
        SENTENCE(what_is_written_reads_back),
        SENTENCE(null_is_nothing_and_a_text_in_quotes),
        SENTENCE(defaults_read_back_but_for_what_is_required),
        SENTENCE(empty_values_are_empty_lists_and_maps),
        SENTENCE(unknown_keys_are_refused_with_the_nearest),
        SENTENCE(wrong_types_are_refused_with_what_would_be_right),
        SENTENCE(values_out_of_bounds_are_refused_with_the_bounds),
        SENTENCE(unknown_choices_are_refused_with_the_nearest),
        SENTENCE(repeats_are_refused),
        SENTENCE(what_is_no_job_is_refused),
        SENTENCE(aliases_stand_for_what_they_name),
        SENTENCE(what_grows_without_end_is_refused_at_once),
        SENTENCE(keys_and_values_are_whole_texts),
        SENTENCE(a_document_mark_at_the_top_is_fine),
        SENTENCE(assignments_follow_the_same_rules),
        SENTENCE(a_refused_list_leaves_the_old_one),
    };
    return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
