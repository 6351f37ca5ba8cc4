#include "metrics_cases.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static int entries_in(const char *path)
{
    DIR *directory = opendir(path);
    assert_non_null(directory);
    int count = 0;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) count += entry->d_name[0] != '.';
    closedir(directory);
    return count;
}

typedef struct {
    int images, H, W;
    uint32_t values; /* scores are drawn from so many; 0: all different, nearly */
    bool spread;     /* over all exponents and both signs */
    uint32_t region_percent;
} recipe_t;

static void add_recipe(metrics_pixels_t *pixels, const recipe_t *recipe)
{
    size_t n = (size_t)recipe->H * (size_t)recipe->W;
    float *scores = malloc(n * sizeof *scores);
    uint8_t *mask = malloc(n);
    assert_non_null(scores);
    assert_non_null(mask);
    rng_t rng = rng_init("test", "metrics", 0, 5, "external");
    for (int image = 0; image < recipe->images; image++) {
        for (size_t i = 0; i < n; i++) {
            mask[i] = rng_below(&rng, 100) < recipe->region_percent;
            double u = rng_uniform(&rng) + 0.2 * mask[i];
            if (recipe->values > 0) u = (double)(int)(u * recipe->values) / recipe->values;
            scores[i] = (float)u;
            if (recipe->spread) {
                uint32_t bits = rng_u32(&rng) & ~0x40000000u; /* never infinite or NaN */
                memcpy(&scores[i], &bits, sizeof bits);
            }
        }
        assert_int_equal(metrics_pixels_add(pixels, scores, image % 3 == 2 ? NULL : mask, recipe->H, recipe->W), ST_OK);
    }
    free(mask);
    free(scores);
}

static void the_file_gives_the_same_bits_as_memory(void **state)
{
    (void)state;
    const char *directory = check_temp_dir("metrics_external");
    const recipe_t recipes[] = {{7, 101, 97, 0, false, 5},   {7, 101, 97, 0, true, 5},    {5, 90, 90, 3, false, 30},
                                {4, 80, 80, 1, false, 50},   {9, 64, 64, 1000, false, 2}, {1, 300, 300, 0, true, 60},
                                {40, 40, 40, 50, false, 100}};
    const size_t limits[] = {METRICS_MEMORY_MIN, 100000, 300000};
    for (size_t r = 0; r < sizeof recipes / sizeof recipes[0]; r++)
        for (int wide = 0; wide < 2; wide++) {
            metrics_pixels_options_t options = {.regions = true, .images = wide != 0};
            metrics_pixels_t *pixels = NULL;
            metrics_pixels_result_t want, got;
            assert_int_equal(metrics_pixels_open(&pixels, &options), ST_OK);
            add_recipe(pixels, &recipes[r]);
            assert_int_equal(metrics_pixels_measure(&want, pixels, 0.3, NULL, NULL), ST_OK);
            metrics_pixels_close(pixels);
            for (int l = 0; l < 3; l++) {
                options.memory = limits[l];
                options.temp_dir = directory;
                assert_int_equal(metrics_pixels_open(&pixels, &options), ST_OK);
                add_recipe(pixels, &recipes[r]);
                for (int again = 0; again < 2; again++) {
                    assert_int_equal(metrics_pixels_measure(&got, pixels, 0.3, NULL, NULL), ST_OK);
                    assert_memory_equal(&got.ranking, &want.ranking, sizeof got.ranking);
                    assert_memory_equal(&got.aupro, &want.aupro, sizeof got.aupro);
                    assert_int_equal(got.regions, want.regions);
                }
                /* More after a measurement: as if added at once. */
                add_recipe(pixels, &recipes[r]);
                assert_int_equal(metrics_pixels_measure(&got, pixels, 0.3, NULL, NULL), ST_OK);
                assert_int_equal(got.ranking.positives, 2 * want.ranking.positives);
                assert_true(got.ranking.auroc == want.ranking.auroc);
                metrics_pixels_close(pixels);
            }
        }
    assert_int_equal(entries_in(directory), 0);
}

static void a_subset_has_the_same_bits_from_the_file(void **state)
{
    (void)state;
    const recipe_t recipe = {9, 64, 71, 200, false, 4};
    metrics_pixels_options_t options = {.regions = true, .images = true};
    metrics_pixels_t *memory = NULL, *file = NULL;
    assert_int_equal(metrics_pixels_open(&memory, &options), ST_OK);
    options.memory = METRICS_MEMORY_MIN;
    options.temp_dir = check_temp_dir("metrics_subset");
    assert_int_equal(metrics_pixels_open(&file, &options), ST_OK);
    add_recipe(memory, &recipe);
    add_recipe(file, &recipe);
    for (int subset = 0; subset < 8; subset++) {
        uint8_t include[9];
        for (int i = 0; i < 9; i++) include[i] = (uint8_t)((subset >> (i % 3)) & 1);
        metrics_pixels_result_t want = {0}, got = {0};
        assert_int_equal(metrics_pixels_measure(&want, memory, 0.3, include, NULL), ST_OK);
        assert_int_equal(metrics_pixels_measure(&got, file, 0.3, include, NULL), ST_OK);
        assert_memory_equal(&got.ranking, &want.ranking, sizeof got.ranking);
        assert_memory_equal(&got.aupro, &want.aupro, sizeof got.aupro);
        assert_int_equal(got.regions, want.regions);
    }
    metrics_pixels_close(file);
    metrics_pixels_close(memory);
}

static void golden_cases_hold_beyond_the_limit_too(void **state)
{
    (void)state;
    check_golden_t *golden = check_golden_open("metrics/aupro");
    metrics_pixels_t *pixels = NULL;
    const metrics_pixels_options_t options = {
        .regions = true, .memory = METRICS_MEMORY_MIN, .temp_dir = check_temp_dir("metrics_golden")};
    for (int c = 0; c < CASES_COUNT; c++) {
        cases_t maps;
        metrics_pixels_result_t got;
        cases_load(&maps, golden, CASES_NAMES[c]);
        assert_int_equal(metrics_pixels_open(&pixels, &options), ST_OK);
        cases_add(pixels, &maps);
        assert_int_equal(metrics_pixels_measure(&got, pixels, 0.3, NULL, NULL), ST_OK);
        cases_near(maps.name, "AUPRO", got.aupro, maps.aupro[0]);
        cases_near(maps.name, "AUROC", got.ranking.auroc, maps.ranking[0]);
        metrics_pixels_close(pixels);
        cases_free(&maps);
    }
    check_golden_close(golden);
}

static void a_directory_that_cannot_take_the_file_is_named(void **state)
{
    (void)state;
    metrics_pixels_t *pixels = NULL;
    const metrics_pixels_options_t options = {.memory = METRICS_MEMORY_MIN, .temp_dir = "no/such/directory"};
    assert_int_equal(metrics_pixels_open(&pixels, &options), ST_OK);
    enum { N = 200 };
    static float scores[N * N];
    check_error(metrics_pixels_add(pixels, scores, NULL, N, N), ST_EIO,
                "'no/such/directory': no file for pixels beyond metric_memory: No such file or directory");
    metrics_pixels_close(pixels);
}

static void a_full_disk_is_an_error_and_not_a_wrong_number(void **state)
{
    (void)state;
    /* A limit on the size of files stands for the full disk; ignoring SIGXFSZ makes write fail with EFBIG. */
    struct rlimit before, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    small = before;
    small.rlim_cur = 100000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    metrics_pixels_t *pixels = NULL;
    const metrics_pixels_options_t options = {.memory = METRICS_MEMORY_MIN, .temp_dir = check_temp_dir("metrics_full")};
    assert_int_equal(metrics_pixels_open(&pixels, &options), ST_OK);
    enum { N = 300 };
    static float scores[N * N];
    status_t status = metrics_pixels_add(pixels, scores, NULL, N, N);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    check_error(status, ST_EIO, "bytes of pixels beyond metric_memory: File too large");
    metrics_pixels_close(pixels);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_file_gives_the_same_bits_as_memory),
        cmocka_unit_test(a_subset_has_the_same_bits_from_the_file),
        cmocka_unit_test(golden_cases_hold_beyond_the_limit_too),
        cmocka_unit_test(a_directory_that_cannot_take_the_file_is_named),
        cmocka_unit_test(a_full_disk_is_an_error_and_not_a_wrong_number),
    };
    return cmocka_run_group_tests_name("metrics_external", tests, NULL, NULL);
}
