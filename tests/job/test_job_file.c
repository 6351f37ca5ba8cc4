#include "support/check.h"

#include "job/job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void defaults_need_a_dataset(void **state)
{
    (void)state;
    job_t job;
    check_error(job_read(&job, NULL, NULL, 0), ST_EFORMAT, "dataset");
}

static void assignments_are_checked_and_named(void **state)
{
    (void)state;
    const struct {
        const char *assignment, *message;
    } cases[] = {
        {"epsilom=1", "did you mean 'epsilon'"},
        {"shots=4,4", "shots names 4 twice"},
        {"dataset=mvtek", "mvtec"},
        {"losses=clip,trap", "trip"},
        {"logit_scale=-3", "logit_scale is '-3', expected raw, exp or a number above 0"},
        {"groups=foreground", "groups: 'image' is missing"},
        {"image.groups=background", "image.groups: 'image' is missing"},
        {"pixel.groups=image,background", "pixel.groups: 2 levels are named, expected image alone"},
        {"aggregation.scale=3", "expected 4, 2 or 1"},
        {"metric_memory=10MBs", "metric_memory is '10MBs'"},
        {"learn_memory=much", "learn_memory is 'much', expected a size"},
        {"name=a/b", "name is 'a/b'"},
        {"gamma=none", "gamma"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        job_t job;
        const char *assignments[] = {"dataset=demo", cases[i].assignment};
        check_error(job_read(&job, NULL, assignments, 2), ST_EFORMAT, cases[i].message);
    }
}

static void learning_gets_a_share_of_the_nodes_memory(void **state)
{
    (void)state;
    job_t job;
    size_t bytes;
    const char *assignments[] = {"dataset=demo", "learn_memory=2GB"};
    assert_int_equal(job_read(&job, NULL, assignments, 1), ST_OK);
    assert_int_equal(job_learn_memory(&bytes, &job), ST_OK);
    assert_int_equal(bytes, 768000000); /* nobody has told how many ranks there are */
    job.learn_memory_auto = 5000000;
    assert_int_equal(job_learn_memory(&bytes, &job), ST_OK);
    assert_int_equal(bytes, 5000000);
    job_free(&job);
    assert_int_equal(job_read(&job, NULL, assignments, 2), ST_OK);
    assert_int_equal(job_learn_memory(&bytes, &job), ST_OK);
    assert_int_equal(bytes, 2000000000);
    job_free(&job);
    int last = job_learn_memory_share(1);
    for (int ranks = 2; ranks <= 1 << 20; ranks *= 2) {
        const int share = job_learn_memory_share(ranks);
        assert_true(share <= last && share >= 128);
        assert_true(share == 128 || share * 1e6 * ranks <= (double)base_memory());
        last = share;
    }
    assert_int_equal(last, 128);
}

static void a_head_has_the_levels_of_its_own_key_or_the_jobs(void **state)
{
    (void)state;
    static const struct {
        const char *assignment;
        int pixel, image;
    } cases[] = {{"groups=image", 1, 1},
                 {"image.groups=image", 4, 1},
                 {"pixel.groups=image", 1, 4},
                 {"image.groups=image,background,components", 4, 3},
                 {"name=plain", 4, 4}};
    char *plain = NULL;
    for (size_t i = sizeof cases / sizeof cases[0]; i-- > 0;) {
        job_t job;
        const char *assignments[] = {"dataset=demo", cases[i].assignment};
        assert_int_equal(job_read(&job, NULL, assignments, 2), ST_OK);
        assert_int_equal(job_head_groups(&job, JOB_HEAD_PIXEL)->count, cases[i].pixel);
        assert_int_equal(job_head_groups(&job, JOB_HEAD_IMAGE)->count, cases[i].image);
        char *text = job_options_text(&job, JOB_STAGE_FEATURES, JOB_STAGE_METRICS);
        if (plain == NULL) {
            /* Ids of jobs that do not name these keys are those from before there were any. */
            assert_null(strstr(text, "pixel.groups"));
            assert_null(strstr(text, "image.groups"));
            plain = text;
        } else {
            assert_string_not_equal(text, plain);
            free(text);
        }
        job_free(&job);
    }
    free(plain);
}

static void roots_override_the_data_root(void **state)
{
    (void)state;
    job_t job;
    const char *assignments[] = {"dataset=mvtec,visa", "data_root=/data", "roots.visa=/elsewhere/VisA"};
    assert_int_equal(job_read(&job, NULL, assignments, 3), ST_OK);
    char *mvtec = job_root(&job, "mvtec"), *visa = job_root(&job, "visa");
    assert_string_equal(mvtec, "/data/mvtec");
    assert_string_equal(visa, "/elsewhere/VisA");
    free(mvtec);
    free(visa);
    job_free(&job);
}

static void a_model_is_found_for_the_dataset(void **state)
{
    (void)state;
    const struct {
        const char *assignments[3], *model;
    } cases[] = {
        {{"dataset=demo", "assets=here", "model=auto"}, "here/models/demo-clip"},
        {{"dataset=visa", "assets=here", "shots=1"}, "here/models/vit-b-16-plus-240"},
        {{"dataset=demo,visa", "assets=here", "shots=1"}, "here/models/vit-b-16-plus-240"},
        {{"dataset=visa", "assets=here", "model=my/own"}, "my/own"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        job_t job;
        assert_int_equal(job_read(&job, NULL, cases[i].assignments, 3), ST_OK);
        assert_string_equal(job.model, cases[i].model);
        job_free(&job);
    }
}

static void check_points(const char *mode, int count, const char *const *want)
{
    job_t *points;
    char **texts;
    int found;
    const char *assignments[] = {"dataset=demo", "sweep.epsilon=0.5,1", "sweep.gamma=0,1.5", mode};
    assert_int_equal(job_points_make(&points, &texts, &found, NULL, assignments, 4), ST_OK);
    assert_int_equal(found, count);
    for (int i = 0; i < count; i++) {
        assert_string_equal(texts[i], want[i]);
        free(texts[i]);
        job_free(&points[i]);
    }
    free(points);
    free(texts);
}

static void a_product_sweep_has_every_pair(void **state)
{
    (void)state;
    const char *const want[] = {"epsilon=0.5 gamma=0", "epsilon=0.5 gamma=1.5", "epsilon=1 gamma=0",
                                "epsilon=1 gamma=1.5"};
    check_points("sweep_mode=product", 4, want);
}

static void one_at_a_time_goes_round_the_job_once(void **state)
{
    (void)state;
    const char *const want[] = {"", "epsilon=0.5", "gamma=0"}; /* epsilon 1 and gamma 1.5 are the job's own values */
    check_points("sweep_mode=one-at-a-time", 3, want);
}

static void a_list_of_points_is_the_grid(void **state)
{
    (void)state;
    job_t *points;
    char **texts;
    int found;
    const char *assignments[] = {"dataset=demo", "gamma=0.5",
                                 "sweep=[{method: promptad}, {token_wise: false, gamma: 0}, {}]"};
    assert_int_equal(job_points_make(&points, &texts, &found, NULL, assignments, 3), ST_OK);
    assert_int_equal(found, 3);
    assert_string_equal(texts[0], "method=promptad");
    assert_string_equal(texts[1], "gamma=0 token_wise=false"); /* in the order of the table */
    assert_string_equal(texts[2], "");
    assert_string_equal(job_method_names[points[0].method], "promptad");
    assert_true(points[0].gamma == 0.5 && points[1].gamma == 0 && points[2].gamma == 0.5);
    assert_true(!points[1].token_wise && points[2].token_wise);
    assert_int_equal(points[2].sweep_mode, JOB_SWEEP_LIST);
    for (int i = 0; i < found; i++) {
        free(texts[i]);
        job_free(&points[i]);
    }
    free(points);
    free(texts);
    const struct {
        const char *sweep, *mode, *message;
    } cases[] = {
        {"sweep=[{gamma: 0}, {gamma: 0}]", "sweep_mode=list", "sweep: points 1 and 2 are the same ('gamma=0')"},
        {"sweep=[{features: f16}]", "sweep_mode=list", "sweep: 'features' cannot be swept"},
        {"sweep.gamma=0,1", "sweep_mode=list", "sweep_mode is list, but sweep has axes, as 'gamma', expected points"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *wrong[] = {"dataset=demo", cases[i].sweep, cases[i].mode};
        check_error(job_points_make(&points, &texts, &found, NULL, wrong, 3), ST_EFORMAT, cases[i].message);
        for (int p = 0; p < found; p++) {
            free(texts[p]);
            job_free(&points[p]);
        }
        free(points);
        free(texts);
    }
}

/* What methods settle each in its own way is left to them by the file of a sweep over them, and what was given stands in it. */
static void a_sweep_over_methods_is_read_back_as_it_was_given(void **state)
{
    (void)state;
    const char *assignments[] = {"dataset=demo",       "sweep.method=finegrainedad,promptad",
                                 "pixel.groups=image", "pixel.epochs=7",
                                 "epsilon=0.25",       "branches=pad"};
    job_t job, again = {0};
    assert_int_equal(job_read(&job, NULL, assignments, 6), ST_OK);
    char *text = job_yaml(&job);
    assert_non_null(text);
    assert_non_null(strstr(text, "\npixel:\n  groups: [image]\n"));
    assert_non_null(strstr(text, "\nepsilon: 0.25\n"));
    assert_null(strstr(text, "pixel.groups:"));
    check_error(io_options_init(&again, job_options), ST_OK, "");
    check_error(io_options_parse_yaml(&again, job_options, NULL, text, "run.yaml"), ST_OK, "");
    assert_int_equal(again.pixel_epochs, 7);
    assert_true(again.pixel_groups.count == 1 && again.branches.count == 1);
    free(text);
    job_free(&again);
    job_free(&job);
}

/* The points of a job and those that its run.yaml gives. points_wanted: 0 for any number. */
static void check_read_back(const char *job, const char *const *assignments, int assignment_count, int points_wanted)
{
    const char *path = FGAD_TEST_TMP "/list.yaml";
    job_t *points, *again;
    char **texts, **texts_again;
    int count, count_again;
    assert_int_equal(job_points_make(&points, &texts, &count, job, assignments, assignment_count), ST_OK);
    char *text = job_yaml(&points[0]);
    assert_non_null(text);
    check_error(io_make_dirs(FGAD_TEST_TMP), ST_OK, "");
    check_error(io_write_file(path, text, strlen(text)), ST_OK, "");
    check_error(job_points_make(&again, &texts_again, &count_again, path, NULL, 0), ST_OK, "");
    assert_true(count > 0 && (points_wanted == 0 || count == points_wanted));
    assert_int_equal(count_again, count);
    for (int p = 0; p < count; p++) {
        assert_string_equal(texts_again[p], texts[p]);
        for (const io_option_t *row = job_options; row->name != NULL; row++) {
            char *one = io_options_text(&points[p], row), *other = io_options_text(&again[p], row);
            if (strcmp(one, other) != 0 && row->kind != IO_STRING) /* paths are made whole */
                fail_msg("%s, point %d: %s was %s, is %s", job != NULL ? job : "", p, row->name, one, other);
            free(one);
            free(other);
        }
        job_free(&points[p]);
        job_free(&again[p]);
        free(texts[p]);
        free(texts_again[p]);
    }
    free(points);
    free(again);
    free(texts);
    free(texts_again);
    free(text);
}

/* protocol: published has the keys of a method's own code, too, where the job does not set them. */
static void methods_have_published_keys_of_their_own(void **state)
{
    (void)state;
    job_t job;
    const char *winclip[] = {"dataset=demo", "protocol=published", "method=winclip", "sigma=1"};
    assert_int_equal(job_read(&job, NULL, winclip, 4), ST_OK);
    assert_true(job.resolution == 240 && job.sigma == 1 && job.mask_resize == JOB_MASK_BILINEAR && !job.align_corners);
    char *text = job_protocol_text(&job);
    assert_non_null(strstr(text, "resolution=240 sigma=1 mask_resize=bilinear winclip.templates=winclip21"));
    free(text);
    job_free(&job);
    const char *musc[] = {"dataset=demo", "protocol=published", "method=musc"};
    assert_int_equal(job_read(&job, NULL, musc, 3), ST_OK);
    assert_true(job.resolution == 240 && job.sigma == 0 && job.mask_resize == JOB_MASK_NEAREST && job.align_corners);
    job_free(&job);
    const char *own[] = {"dataset=demo", "protocol=published", "method=finegrainedad"};
    assert_int_equal(job_read(&job, NULL, own, 3), ST_OK);
    assert_true(job.resolution == 400 && job.sigma == 4 && job.mask_resize == JOB_MASK_NEAREST && !job.align_corners);
    job_free(&job);
    const char *strict[] = {"dataset=demo", "method=winclip", "resolution=240"};
    assert_int_equal(job_read(&job, NULL, strict, 3), ST_OK);
    assert_true(job.sigma == 4 && job.mask_resize == JOB_MASK_NEAREST);
    text = job_protocol_text(&job);
    assert_string_equal(text, "");
    free(text);
    job_free(&job);
}

/* The points of a sweep over methods are read back by the run's file, each with what its method settles. */
static void points_of_methods_are_read_back(void **state)
{
    (void)state;
    const char *assignments[] = {"dataset=demo", "protocol=published",
                                 "sweep.method=winclip,promptad,finegrainedad,subspace"};
    check_read_back(NULL, assignments, 3, 4);
}

/* The file of a list of points gives the same points again: what one of them sets, or its method settles, is not the others'. */
static void a_list_of_points_is_read_back_as_it_was_given(void **state)
{
    (void)state;
    static const char *const assignments[] = {"dataset=demo", "gamma=2", "protocol=published",
                                              "sweep=[{method: promptad, musc.taps: [1.mlp], musc.subset: 9, "
                                              "musc.neighbours: [2]}, {gamma: 0, token_wise: false}, "
                                              "{sigma: 2, reweight: literal}, {}]"};
    check_read_back(NULL, assignments, 4, 4);
}

static void every_job_of_the_project_is_read_back(void **state)
{
    (void)state;
    io_names_t names;
    int jobs = 0;
    assert_int_equal(io_list_dir(&names, FGAD_SOURCE_DIR "/jobs"), ST_OK);
    for (int i = 0; i < names.count; i++) {
        static const char *const assignments[] = {"data_root=/d", "output=/r"};
        char path[4096];
        const char *end = strrchr(names.name[i], '.');
        snprintf(path, sizeof path, "%s/jobs/%s", FGAD_SOURCE_DIR, names.name[i]);
        if (end == NULL || strcmp(end, ".yaml") != 0) continue;
        check_read_back(path, assignments, 2, 0);
        jobs++;
    }
    assert_true(jobs > 10);
    io_names_free(&names);
}

static void lists_are_swept_as_lists(void **state)
{
    (void)state;
    job_t *points;
    char **texts;
    int found;
    const char *assignments[] = {"dataset=demo", "sweep.branches=[[vad],[pad],[vad,pad]]"};
    assert_int_equal(job_points_make(&points, &texts, &found, NULL, assignments, 2), ST_OK);
    assert_int_equal(found, 3);
    assert_string_equal(texts[2], "branches=vad, pad");
    assert_int_equal(points[2].branches.count, 2);
    for (int i = 0; i < found; i++) {
        free(texts[i]);
        job_free(&points[i]);
    }
    free(points);
    free(texts);
}

static void what_changes_features_cannot_be_swept(void **state)
{
    (void)state;
    job_t *points;
    char **texts;
    int found;
    const char *assignments[] = {"dataset=demo", "sweep.features=f16,f32"};
    check_error(job_points_make(&points, &texts, &found, NULL, assignments, 2), ST_EFORMAT,
                "sweep: 'features' cannot be swept");
    /* Of a file's sweep the file is named. */
    char path[1024];
    snprintf(path, sizeof path, "%s/job.yaml", check_temp_dir("sweep"));
    const char text[] = "dataset: [demo]\nsweep: {shots: [1, 2]}\n";
    assert_int_equal(io_write_file(path, text, sizeof text - 1), ST_OK);
    check_error(job_points_make(&points, &texts, &found, path, NULL, 0), ST_EFORMAT, "job.yaml: sweep: 'shots' cannot");
}

static void an_option_belongs_to_its_stage(void **state)
{
    (void)state;
    job_t job;
    const char *assignments[] = {"dataset=demo"};
    assert_int_equal(job_read(&job, NULL, assignments, 1), ST_OK);
    char *features = job_options_text(&job, JOB_STAGE_FEATURES, JOB_STAGE_FEATURES);
    char *metrics = job_options_text(&job, JOB_STAGE_METRICS, JOB_STAGE_METRICS);
    assert_non_null(strstr(features, "memory_taps=[3.attn, 8.attn]"));
    assert_null(strstr(features, "epsilon="));
    assert_non_null(strstr(metrics, "sigma=4"));
    assert_null(strstr(metrics, "output="));
    free(features);
    free(metrics);
    job_free(&job);
}

/* It came after results that it does not change: their ids stay, and those of other values are others. */
static void a_young_option_is_told_where_it_changes_something(void **state)
{
    (void)state;
    job_t job;
    const char *assignments[] = {"dataset=demo", "mask_resize=bilinear"};
    for (int count = 1; count <= 2; count++) {
        assert_int_equal(job_read(&job, NULL, assignments, count), ST_OK);
        char *metrics = job_options_text(&job, JOB_STAGE_METRICS, JOB_STAGE_METRICS);
        assert_int_equal(strstr(metrics, "mask_resize=bilinear\n") != NULL, count == 2);
        assert_int_equal(strstr(metrics, "mask_resize") != NULL, count == 2);
        free(metrics);
        job_free(&job);
    }
}

/* The taps of a job read with this folder of a model; or the message that it is refused with. */
static void check_taps(const char *model, const char *yaml, const char *expected, const char *refusal)
{
    char path[1024], assignment[1100];
    job_t job;
    snprintf(path, sizeof path, "%s/fgad.yaml", model);
    if (yaml != NULL) check_error(io_write_file(path, yaml, strlen(yaml)), ST_OK, "");
    snprintf(assignment, sizeof assignment, "model=%s", model);
    const char *assignments[] = {"dataset=demo", assignment};
    status_t status = job_read(&job, NULL, assignments, 2);
    if (refusal != NULL) {
        check_error(status, ST_EFORMAT, refusal);
        return;
    }
    check_error(status, ST_OK, "");
    char *features = job_options_text(&job, JOB_STAGE_FEATURES, JOB_STAGE_FEATURES);
    assert_non_null(strstr(features, expected));
    free(features);
    job_free(&job);
}

static void empty_taps_become_what_the_models_folder_says(void **state)
{
    (void)state;
    const char *folder = FGAD_TEST_TMP "/taps";
    check_error(io_make_dirs(folder), ST_OK, "");
    check_taps("no/such/model", NULL, "memory_taps=[3.attn, 8.attn]\n", NULL);
    check_taps(FGAD_SOURCE_DIR "/datasets/models/demo-clip", NULL, "memory_taps=[2.attn, 5.attn]\n", NULL);
    check_taps(folder, "memory_taps: [0.mlp, 1.attn]\n", "memory_taps=[0.mlp, 1.attn]\n", NULL);
    check_taps(folder, "{}\n", "memory_taps=[3.attn, 8.attn]\n", NULL);
    check_taps(folder, "memory_taps: [1.attn]\n", NULL,
               "/taps/fgad.yaml': memory_taps: 1 points are named, expected two");
    check_taps(folder, "memory_tap: [1.attn, 2.attn]\n", NULL, "/taps/fgad.yaml:1: unknown key 'memory_tap'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_need_a_dataset),
        cmocka_unit_test(assignments_are_checked_and_named),
        cmocka_unit_test(learning_gets_a_share_of_the_nodes_memory),
        cmocka_unit_test(a_head_has_the_levels_of_its_own_key_or_the_jobs),
        cmocka_unit_test(roots_override_the_data_root),
        cmocka_unit_test(a_model_is_found_for_the_dataset),
        cmocka_unit_test(empty_taps_become_what_the_models_folder_says),
        cmocka_unit_test(a_product_sweep_has_every_pair),
        cmocka_unit_test(a_list_of_points_is_the_grid),
        cmocka_unit_test(a_sweep_over_methods_is_read_back_as_it_was_given),
        cmocka_unit_test(a_list_of_points_is_read_back_as_it_was_given),
        cmocka_unit_test(points_of_methods_are_read_back),
        cmocka_unit_test(every_job_of_the_project_is_read_back),
        cmocka_unit_test(methods_have_published_keys_of_their_own),
        cmocka_unit_test(lists_are_swept_as_lists),
        cmocka_unit_test(one_at_a_time_goes_round_the_job_once),
        cmocka_unit_test(what_changes_features_cannot_be_swept),
        cmocka_unit_test(an_option_belongs_to_its_stage),
        cmocka_unit_test(a_young_option_is_told_where_it_changes_something),
    };
    return cmocka_run_group_tests_name("job", tests, NULL, NULL);
}
