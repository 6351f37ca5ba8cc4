/* Methods by their table, from stored features to maps and scores, against tests/reference/methods.py: two categories, one
 * and four shots. */
#include "support/check.h"

#include "detect/detect.h"
#include "method/method.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOLERANCE 1e-5 /* relative to the largest value: the bar of every method */
#define GRID 7
#define T (GRID * GRID)
#define TESTS 5
#define SHOTS 4 /* support images in the golden file; the first K are used */

static const struct {
    const char *name;
    uint64_t seed;
} categories[] = {{"brick", 11}, {"cable", 12}};

/* Which golden array stands for what a method asks of the tower. */
static const char *const arrays[][2] = {{"cls", "cls"},
                                        {"0.mlp-raw", "tap0"},
                                        {"1.mlp-raw", "tap1"},
                                        {"0.mlp", "unit0"},
                                        {"1.mlp", "unit1"},
                                        {"windows2", "windows2"},
                                        {"windows3", "windows3"},
                                        {"last.mlp", "unit0"},
                                        {"turned2(0.mlp)-raw", "turned0"},
                                        {"turned2(1.mlp)", "turned1"},
                                        {"turned2s(0.mlp)-raw", "turned0"},
                                        {NULL, NULL}};

static const float *find_array(const check_golden_t *golden, const char *category, const char *text, int dims[8])
{
    char name[64];
    for (int i = 0; arrays[i][0] != NULL; i++) {
        if (strcmp(arrays[i][0], text) != 0) continue;
        snprintf(name, sizeof name, "%s.%s", category, arrays[i][1]);
        const float *x = check_golden_f32(golden, name, NULL, dims);
        if (strcmp(text, "cls") == 0) dims[2] = dims[1], dims[1] = 1;
        return x;
    }
    fail_msg("there is no array for '%s'", text);
    return NULL;
}

static void fill_image(method_image_t *out, const check_golden_t *golden, const char *category, const method_ask_t *ask,
                       int image)
{
    int dims[8];
    for (int a = 0; a < ask->count; a++) {
        const float *x = find_array(golden, category, ask->text[a], dims);
        out->array[a] = x + (size_t)image * (size_t)dims[1] * (size_t)dims[2];
        out->rows[a] = dims[1];
        out->width[a] = dims[2];
    }
}

typedef struct {
    const char *method;
    const char *keys[6]; /* of the job, beside the method; ends with NULL */
    const char *golden;  /* the part of the golden names, NULL: none of K shots, the method is of all test images */
    const char *map, *score;
} case_t;

/* The slices of a method for sets, as work items make them: each alone, here the last one first. */
static void make_slices(float **slices, const method_task_t *task, const method_t *method, const method_ask_t *ask,
                        const check_golden_t *golden, arena_t *scratch)
{
    for (int s = method_slice_count(method, task->job) - 1; s >= 0; s--) {
        method_image_t images[TESTS];
        method_ask_t reads = {.count = 1};
        memcpy(reads.text[0], ask->text[method->slices->array(task->job, s)], sizeof reads.text[0]);
        for (int i = 0; i < TESTS; i++) fill_image(&images[i], golden, task->category, &reads, SHOTS + i);
        slices[s] = calloc(TESTS * T, sizeof *slices[s]);
        check_error(method->slices->make(slices[s], task, images, s, scratch), ST_OK, "");
        arena_free(scratch);
        arena_init(scratch, "scratch");
    }
}

/* of: dataset and category of the task; NULL: "toy" and the category of the golden names. */
static void run(const check_golden_t *golden, const case_t *c, int category, int K, const char *const of[2])
{
    const char *assignments[16] = {"dataset=demo", "memory_taps=0.mlp,1.mlp"};
    char method_key[64], name[64];
    int count = 2;
    snprintf(method_key, sizeof method_key, "method=%s", c->method);
    assignments[count++] = method_key;
    for (int i = 0; c->keys[i] != NULL; i++) assignments[count++] = c->keys[i];
    job_t job;
    check_error(job_read(&job, NULL, assignments, count), ST_OK, "");
    const method_t *method = method_of(method_table, &job);
    assert_non_null(method);
    method_ask_t ask;
    method->ask(&ask, &job);
    method_image_t support[SHOTS], image;
    for (int k = 0; k < K; k++) fill_image(&support[k], golden, categories[category].name, &ask, k);
    const char *texts = "text";
    int dims[8];
    snprintf(name, sizeof name, "%s.%s", categories[category].name, texts);
    const float *text = check_golden_f32(golden, name, NULL, dims);
    const method_head_t heads[JOB_HEADS] = {{.G = 1, .E = dims[1], .normal = text, .abnormal = text + dims[1]}};
    float *slices[16] = {NULL};
    method_task_t task = {.job = &job,
                          .dataset = of != NULL ? of[0] : "toy",
                          .category = of != NULL ? of[1] : categories[category].name,
                          .shots = K,
                          .images = TESTS,
                          .seed = categories[category].seed,
                          .logit_scale = 4.6,
                          .support = support,
                          .head = heads};
    arena_t states, scratch;
    arena_init(&states, "state");
    arena_init(&scratch, "scratch");
    void *state;
    method_maps_t maps;
    make_slices(slices, &task, method, &ask, golden, &scratch);
    task.slices = (const float *const *)slices;
    check_error(method->fit(&state, &task, &states), ST_OK, "");
    check_error(method_maps_alloc(&maps, method, &job, TESTS, GRID, GRID), ST_OK, "");
    for (int i = 0; i < TESTS; i++) {
        fill_image(&image, golden, categories[category].name, &ask, SHOTS + i);
        check_error(method->score(&maps, i, state, &image, &scratch), ST_OK, "");
        assert_int_equal(scratch.used, 0);
    }
    if (method->score_set != NULL) check_error(method->score_set(&maps, state, &scratch), ST_OK, "");
    char at[48] = "";
    snprintf(at, sizeof at, K > 0 ? "%s%d.%s" : "%s%.0d.%s", categories[category].name, K, c->golden);
    snprintf(name, sizeof name, "%s.%s", at, c->map);
    check_array(name, maps.M_pix, check_golden_f32(golden, name, NULL, NULL), TESTS * T, TOLERANCE);
    snprintf(name, sizeof name, "%s.%s", at, c->score != NULL ? c->score : "score");
    if (c->score != NULL) check_array(name, maps.M_img, check_golden_f32(golden, name, NULL, NULL), TESTS, TOLERANCE);
    method_maps_free(&maps);
    for (int s = 0; s < 16; s++) free(slices[s]);
    arena_free(&scratch);
    arena_free(&states);
    job_free(&job);
}

static const case_t cases[] = {
    {"patchcore", {"patchcore.unit=false", "patchcore.score_neighbours=9"}, "patchcore", "map", "score"},
    {"patchcore",
     {"patchcore.unit=false", "patchcore.score_neighbours=9", "patchcore.coreset=0.4"},
     "coreset",
     "map",
     "score"},
    {"spade", {NULL}, "spade", "map", "score"},
    {"padim", {"padim.dims=17"}, "padim", "map", NULL},
    {"subspace", {"subspace.feature=0.mlp", "subspace.variance=0.9"}, "subspace", "map", "score"},
    {"subspace", {"subspace.feature=0.mlp", "subspace.variance=0"}, "mean", "map", "score"},
    {"anomalydino", {"anomalydino.feature=1.mlp"}, "dino", "map", "score"},
    {"anomalydino", {"anomalydino.feature=1.mlp", "anomalydino.turns=2"}, "dino-turned", "map", "score"},
    {"subspace", {"subspace.feature=0.mlp", "subspace.variance=0.95", "subspace.turns=2"}, "turned", "map", "score"},
    {"subspace",
     {"subspace.feature=0.mlp", "subspace.variance=0.95", "subspace.turns=2", "subspace.turn_draw=drawn"},
     "turned",
     "map",
     "score"},
    {"winclip", {NULL}, "winclip", "zero", "zero_score"},
    {"winclip+", {NULL}, "winclip", "map", "score"},
    {"inctrl_residual", {"inctrl_residual.taps=0.mlp,1.mlp"}, "inctrl", "map", "score"},
    {"april_vad", {"april_vad.taps=0.mlp,1.mlp"}, "april", "map", "score"},
};

static void methods_with_shots_equal_their_references(void **state)
{
    (void)state;
    check_golden_t *golden = check_golden_open("detect/methods");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int category = 0; category < 2; category++)
            for (int K = 1; K <= SHOTS; K += SHOTS - 1) run(golden, &cases[i], category, K, NULL);
    check_golden_close(golden);
}

static void anomalydino_when_informed_turns_what_the_published_code_turns(void **state)
{
    (void)state;
    check_golden_t *golden = check_golden_open("detect/methods");
    static const char *const of[][2] = {
        {"mvtec", "bottle"}, {"mvtec", "screw"}, {"visa", "screw"}, {"mvtec", "hazelnut"}};
    case_t informed = {"anomalydino",
                       {"anomalydino.feature=1.mlp", "anomalydino.turns=2", "anomalydino.turned=informed"},
                       "dino",
                       "map",
                       "score"};
    for (int i = 0; i < 4; i++) {
        informed.golden = i % 2 == 1 ? "dino-turned" : "dino";
        run(golden, &informed, 0, 4, of[i]);
    }
    check_golden_close(golden);
}

static void methods_of_whole_sets_equal_their_references(void **state)
{
    (void)state;
    check_golden_t *golden = check_golden_open("detect/methods");
    const case_t musc = {"musc", {"musc.taps=0.mlp,1.mlp", "resolution=40"}, "musc", "map", "score"};
    const case_t batched = {
        "subspace_batched", {"subspace.feature=0.mlp", "subspace.variance=0.9"}, "batched", "map", "score"};
    for (int category = 0; category < 2; category++) run(golden, &musc, category, 0, NULL);
    for (int category = 0; category < 2; category++) run(golden, &batched, category, 0, NULL);
    check_golden_close(golden);
}

static void image_scores_of_the_map_are_for_every_method(void **state)
{
    (void)state;
    enum { TOKENS = 225 };
    float maps[2 * TOKENS], first[2] = {-1, -1}, second[2] = {-1, -1}, scores[2];
    for (int i = 0; i < 2 * TOKENS; i++) {
        float *one = &first[i / TOKENS], *two = &second[i / TOKENS];
        maps[i] = (float)((i * 97) % (2 * TOKENS));
        if (maps[i] > *two) *two = maps[i];
        if (*two > *one) {
            const float swap = *one;
            *one = *two, *two = swap;
        }
    }
    job_t job = {0};
    for (int which = JOB_SCORE_OWN; which <= JOB_SCORE_TOP1; which++) {
        job.image_score = which;
        scores[0] = scores[1] = 7;
        method_image_scores(scores, maps, 2, TOKENS, &job);
        for (int i = 0; i < 2; i++)
            assert_true(scores[i] == (which == JOB_SCORE_OWN   ? 7
                                      : which == JOB_SCORE_MAX ? first[i]
                                                               : (first[i] + second[i]) / 2));
    }
    assert_true(first[0] != first[1]);
}

/* Every name that a job may give is a method of the table, once, and says all that the program asks of it. */
static void the_table_holds_every_name_of_the_option(void **state)
{
    (void)state;
    int rows = 0, names = 0;
    for (const method_t *const *row = method_table; *row != NULL; row++, rows++) {
        const method_t *method = *row;
        assert_true(method->name != NULL && method->ask != NULL && method->work != NULL);
        assert_true((method->maps != NULL) == (method->gives != NULL)); /* who keeps maps says which */
        assert_true(method->fit != NULL && method->score != NULL && method->min_shots >= 0);
        job_t job = {0};
        while (strcmp(job_method_names[job.method], method->name) != 0) assert_non_null(job_method_names[++job.method]);
        assert_ptr_equal(method_of(method_table, &job), method);
    }
    while (job_method_names[names] != NULL) names++;
    assert_int_equal(rows, names);
}

static method_work_t work_of(const char *const *keys, int keys_count, int shots, int images, bool known)
{
    const char *assignments[8] = {"dataset=demo", "memory_taps=0.mlp,1.mlp"};
    for (int i = 0; i < keys_count; i++) assignments[2 + i] = keys[i];
    job_t job;
    check_error(job_read(&job, NULL, assignments, 2 + keys_count), ST_OK, "");
    const method_t *method = method_of(method_table, &job);
    method_ask_t ask;
    method->ask(&ask, &job);
    method_size_t size = {
        .job = &job, .tokens = 225, .E = 640, .groups = 5, .shots = shots, .images = images, .known = known};
    for (int a = 0; a < ask.count; a++) {
        const bool cls = strcmp(ask.text[a], "cls") == 0, windows = strncmp(ask.text[a], "windows", 7) == 0;
        size.rows[a] = cls ? 1 : windows ? 196 : 225;
        size.width[a] = cls || windows ? 640 : 896;
    }
    method_work_t work;
    method->work(&work, &size);
    job_free(&job);
    return work;
}

/* What a method says that a task costs, by which plan orders and forecasts: of every method something, that grows as its
 * formula has it. GFLOP by hand for ViT-B/16+ at 240. */
static void every_method_tells_what_it_costs(void **state)
{
    (void)state;
    for (int m = 0; job_method_names[m] != NULL; m++) {
        char key[64];
        snprintf(key, sizeof key, "method=%s", job_method_names[m]);
        const method_work_t work = work_of((const char *const[]){key}, 1, 4, 100, false);
        assert_true(work.fit >= 0 && work.image >= 0 && work.set >= 0 && work.slice >= 0);
        const double all = work.image + work.set + work.slice;
        assert_true(all > 0 && all < 1e6);
    }
    const double search = 2e-9 * 225 * 225 * 896; /* one tap in the memory of one image */
    const char *const ours[] = {"method=finegrainedad"}, *const patchcore[] = {"method=patchcore",
                                                                               "patchcore.coreset=0.25"};
    const char *const musc[] = {"method=musc"}, *const parts[] = {"method=musc", "musc.subset=50"};
    const double pad = 6e-9 * 225 * 5 * 640;
    assert_true(fabs(work_of(ours, 1, 4, 100, false).image - (8 * search + pad)) < 1e-9);
    assert_true(fabs(work_of(ours, 1, 4, 100, true).image - pad) < 1e-9);
    assert_true(fabs(work_of(patchcore, 1, 4, 100, false).image - 8 * search) < 1e-9);
    assert_true(fabs(work_of(patchcore, 2, 4, 100, false).image - 2 * search) < 1e-9);
    assert_true(work_of(patchcore, 2, 4, 100, false).fit > 0);
    /* Pairs of images, at one side and one tap; two halves have half of them, less the pairs within. */
    assert_true(fabs(work_of(musc, 1, 0, 100, false).slice - 4950 * search) < 1e-6);
    assert_true(fabs(work_of(parts, 2, 0, 100, false).slice - 2 * 1225 * search) < 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(methods_with_shots_equal_their_references),
        cmocka_unit_test(anomalydino_when_informed_turns_what_the_published_code_turns),
        cmocka_unit_test(methods_of_whole_sets_equal_their_references),
        cmocka_unit_test(image_scores_of_the_map_are_for_every_method),
        cmocka_unit_test(the_table_holds_every_name_of_the_option),
        cmocka_unit_test(every_method_tells_what_it_costs),
    };
    return cmocka_run_group_tests_name("method_scores", tests, NULL, NULL);
}
