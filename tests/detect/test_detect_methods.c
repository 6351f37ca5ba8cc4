/* The other methods of method/README.md from stored features to maps and scores, against tests/reference/methods.py: two
 * categories, one and four shots. */
#include "support/check.h"

#include "detect/detect.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOLERANCE 1e-5 /* relative to the largest value: the bar of every method */
#define GRID 7
#define T (GRID * GRID)
#define TESTS 5
#define SHOTS 4 /* support images in the golden file; the first K are used */
#define TEMPERATURE 100.0

static const struct {
    const char *name;
    uint64_t seed;
} categories[] = {{"brick", 11}, {"cable", 12}};

typedef struct {
    check_golden_t *golden;
    arena_t arena;
    const char *category;
    uint64_t seed;
    int K;
    float maps[TESTS * T], scores[TESTS];
    float *scratch; /* large enough for every joined and pooled array here */
} case_t;

/* The category's array `part` from image `first` on, and floats an image. */
static const float *images(const case_t *c, const char *part, int first, int *width, int *rows)
{
    char name[64];
    int dims[8], ndim = strcmp(part, "cls") == 0 ? 2 : 3;
    snprintf(name, sizeof name, "%s.%s", c->category, part);
    const float *x = check_golden_f32(c->golden, name, NULL, dims);
    const int r = ndim == 3 ? dims[1] : 1, w = dims[ndim - 1];
    if (width != NULL) *width = w;
    if (rows != NULL) *rows = r;
    return x + (size_t)first * (size_t)r * (size_t)w;
}

static void golden_name(char out[64], const case_t *c, const char *method, const char *part)
{
    snprintf(out, 64, "%s%d.%s.%s", c->category, c->K, method, part);
}

static void compare(const case_t *c, const char *method, const char *map, const char *score)
{
    char name[64];
    if (map != NULL) {
        golden_name(name, c, method, map);
        check_array(name, c->maps, check_golden_f32(c->golden, name, NULL, NULL), TESTS * T, TOLERANCE);
    }
    if (score == NULL) return;
    golden_name(name, c, method, score);
    check_array(name, c->scores, check_golden_f32(c->golden, name, NULL, NULL), TESTS, TOLERANCE);
}

static float largest(const float *map)
{
    return detect_top_share(map, T, 1e-9);
}

/* ---- PatchCore ---- */

/* Joined, pooled taps of one image. */
static void pooled(float *out, const case_t *c, int image, float *scratch)
{
    int widths[2];
    const float *taps[2] = {images(c, "tap0", image, &widths[0], NULL), images(c, "tap1", image, &widths[1], NULL)};
    detect_join(scratch, taps, widths, 2, T);
    detect_pool(out, scratch, GRID, GRID, widths[0] + widths[1], 3);
}

static void run_patchcore(case_t *c, const char *method, double coreset)
{
    int widths[2];
    images(c, "tap0", 0, &widths[0], NULL), images(c, "tap1", 0, &widths[1], NULL);
    const int width = widths[0] + widths[1];
    const size_t image = (size_t)T * (size_t)width;
    float *bank = c->scratch, *f = bank + SHOTS * image, *work = f + image;
    int rows = c->K * T;
    for (int k = 0; k < c->K; k++) pooled(bank + (size_t)k * image, c, k, work);
    if (coreset < 1) {
        char name[64];
        size_t wanted;
        rng_t rng = rng_init("toy", c->category, c->K, c->seed, "patchcore/coreset");
        golden_name(name, c, method, "chosen");
        const int32_t *want = check_golden_i32(c->golden, name, &wanted, NULL);
        int *chosen = malloc(wanted * sizeof *chosen);
        assert_int_equal((int)(coreset * rows), wanted);
        assert_int_equal(detect_coreset(chosen, (int)wanted, bank, rows, width, &rng, &c->arena), ST_OK);
        assert_memory_equal(chosen, want, wanted * sizeof *chosen);
        float *kept = malloc(wanted * (size_t)width * sizeof *kept);
        for (size_t i = 0; i < wanted; i++)
            memcpy(kept + i * (size_t)width, bank + (size_t)chosen[i] * (size_t)width, (size_t)width * sizeof *kept);
        rows = (int)wanted;
        memcpy(bank, kept, wanted * (size_t)width * sizeof *kept);
        free(kept);
        free(chosen);
    }
    int index[T];
    for (int n = 0; n < TESTS; n++) {
        float *map = c->maps + n * T;
        pooled(f, c, SHOTS + n, work);
        assert_int_equal(detect_nearest(map, index, f, T, bank, rows, width, &c->arena), ST_OK);
        assert_int_equal(detect_patchcore_image(&c->scores[n], map, index, f, T, bank, rows, width, 9, &c->arena),
                         ST_OK);
    }
    compare(c, method, "map", "score");
}

static void patchcore_and_its_coreset(case_t *c)
{
    run_patchcore(c, "patchcore", 1);
    run_patchcore(c, "coreset", 0.4);
}

/* ---- Memory searches over taps ---- */

static void taps_of(detect_tap_t taps[2], const case_t *c, const char *first, const char *second, int image)
{
    const char *const names[2] = {first, second};
    for (int l = 0; l < 2; l++) {
        taps[l].features = images(c, names[l], image, &taps[l].width, NULL);
        taps[l].bank = images(c, names[l], 0, NULL, NULL);
        taps[l].rows = c->K * T;
    }
}

static void spade(case_t *c)
{
    int E;
    const float *gallery = images(c, "cls", 0, &E, NULL);
    for (int n = 0; n < TESTS; n++) {
        detect_tap_t taps[2];
        int nearest[5];
        taps_of(taps, c, "tap0", "tap1", SHOTS + n);
        assert_int_equal(detect_euclid(c->maps + n * T, taps, 2, T, &c->arena), ST_OK);
        assert_int_equal(detect_spade_image(&c->scores[n], nearest, c->K, images(c, "cls", SHOTS + n, NULL, NULL),
                                            gallery, c->K, E, &c->arena),
                         ST_OK);
    }
    compare(c, "spade", "map", "score");
}

static float prior(const case_t *c, int image, double scale)
{
    int E;
    const float *z = images(c, "cls", image, &E, NULL);
    char name[64];
    snprintf(name, sizeof name, "%s.text", c->category);
    const float *text = check_golden_f32(c->golden, name, NULL, NULL);
    const detect_anchors_t anchors = {
        .normal = text, .abnormal = text + E, .groups = 1, .width = E, .logit_scale = scale, .token_wise = true};
    float s;
    detect_pad(&s, NULL, NULL, &anchors, z, 1);
    return s;
}

static void inctrl_and_april(case_t *c)
{
    float priors[TESTS], most[TESTS], scaled[TESTS];
    for (int n = 0; n < TESTS; n++) {
        detect_tap_t taps[2];
        taps_of(taps, c, "unit0", "unit1", SHOTS + n);
        assert_int_equal(detect_cosine(c->maps + n * T, taps, 2, T, &c->arena), ST_OK);
        priors[n] = prior(c, SHOTS + n, TEMPERATURE);
        most[n] = largest(c->maps + n * T);
        c->scores[n] = (most[n] + priors[n]) / 2;
    }
    compare(c, "inctrl", "map", "score");
    detect_minmax(scaled, most, TESTS);
    for (int i = 0; i < TESTS * T; i++) c->maps[i] *= 2 * 2;
    for (int n = 0; n < TESTS; n++) c->scores[n] = (priors[n] + scaled[n]) / 2;
    compare(c, "april", "map", "score");
}

static void anomalydino(case_t *c)
{
    for (int n = 0; n < TESTS; n++) {
        detect_tap_t taps[2];
        float *map = c->maps + n * T;
        taps_of(taps, c, "unit1", "unit1", SHOTS + n);
        assert_int_equal(detect_cosine(map, taps, 1, T, &c->arena), ST_OK);
        for (int i = 0; i < T; i++) map[i] *= 2;
        c->scores[n] = detect_top_share(map, T, 0.01);
    }
    compare(c, "dino", "map", "score");
}

/* ---- Gaussians and subspaces ---- */

static void padim(case_t *c)
{
    enum { D = 17 };
    int widths[2], channels[D], order[128];
    images(c, "tap0", 0, &widths[0], NULL), images(c, "tap1", 0, &widths[1], NULL);
    const int width = widths[0] + widths[1];
    char name[64];
    rng_t rng = rng_init("toy", c->category, c->K, c->seed, "padim/channels");
    detect_padim_channels(channels, D, width, &rng, order);
    golden_name(name, c, "padim", "channels");
    assert_memory_equal(channels, check_golden_i32(c->golden, name, NULL, NULL), sizeof channels);
    float *chosen = c->scratch, *joined = chosen + (SHOTS + TESTS) * T * D;
    for (int n = 0; n < SHOTS + TESTS; n++) {
        const float *taps[2] = {images(c, "tap0", n, NULL, NULL), images(c, "tap1", n, NULL, NULL)};
        detect_join(joined, taps, widths, 2, T);
        for (int i = 0; i < T; i++)
            for (int k = 0; k < D; k++) chosen[(n * T + i) * D + k] = joined[i * width + channels[k]];
    }
    detect_padim_t fit;
    arena_mark_t mark = arena_mark(&c->arena);
    assert_int_equal(detect_padim_fit(&fit, chosen, c->K, T, D, 0.01, &c->arena), ST_OK);
    assert_true(fit.few);
    for (int n = 0; n < TESTS; n++)
        assert_int_equal(detect_padim_score(c->maps + n * T, &fit, chosen + (SHOTS + n) * T * D, &c->arena), ST_OK);
    arena_reset(&c->arena, mark);
    compare(c, "padim", "map", NULL);
}

static void run_subspace(case_t *c, const char *method, double variance)
{
    int width;
    char name[64];
    const float *support = images(c, "tap0", 0, &width, NULL), *tests = images(c, "tap0", SHOTS, NULL, NULL);
    detect_moments_t moments;
    detect_subspace_t fit;
    arena_mark_t mark = arena_mark(&c->arena);
    assert_int_equal(detect_moments_init(&moments, width, &c->arena), ST_OK);
    for (int k = 0; k < c->K; k++)
        assert_int_equal(detect_moments_add(&moments, support + k * T * width, T, &c->arena), ST_OK);
    assert_int_equal(detect_subspace_fit(&fit, &moments, variance, &c->arena), ST_OK);
    golden_name(name, c, method, "q");
    assert_int_equal(fit.directions, *check_golden_i32(c->golden, name, NULL, NULL));
    for (int n = 0; n < TESTS; n++) {
        float *map = c->maps + n * T;
        assert_int_equal(detect_subspace_score(map, &fit, tests + n * T * width, T, &c->arena), ST_OK);
        c->scores[n] = detect_top_share(map, T, 0.01);
    }
    arena_reset(&c->arena, mark);
    compare(c, method, "map", "score");
}

static void subspace(case_t *c)
{
    run_subspace(c, "subspace", 0.9);
    run_subspace(c, "mean", 0);
}

/* ---- WinCLIP ---- */

static void winclip(case_t *c)
{
    float zero[TESTS * T], zero_scores[TESTS];
    const double scale = 1 / 0.07;
    char name[64];
    for (int n = 0; n < TESTS; n++) {
        float S0 = prior(c, SHOTS + n, scale), flat[T], text_map[2][T], near[3][T];
        for (int i = 0; i < T; i++) flat[i] = S0;
        detect_tap_t tokens[2];
        taps_of(tokens, c, "unit0", "unit0", SHOTS + n);
        assert_int_equal(detect_cosine(near[0], tokens, 1, T, &c->arena), ST_OK);
        for (int side = 2; side <= 3; side++) {
            int E, rows;
            float windows[T];
            const char *part = side == 2 ? "windows2" : "windows3";
            const float *z = images(c, part, SHOTS + n, &E, &rows);
            snprintf(name, sizeof name, "%s.text", c->category);
            const float *text = check_golden_f32(c->golden, name, NULL, NULL);
            const detect_anchors_t anchors = {.normal = text,
                                              .abnormal = text + E,
                                              .groups = 1,
                                              .width = E,
                                              .logit_scale = scale,
                                              .token_wise = true};
            detect_pad(windows, NULL, NULL, &anchors, z, rows);
            detect_windows_to_tokens(text_map[side - 2], windows, GRID, side);
            const detect_tap_t tap = {z, images(c, part, 0, NULL, NULL), c->K * rows, E};
            assert_int_equal(detect_cosine(windows, &tap, 1, rows, &c->arena), ST_OK);
            detect_windows_to_tokens(near[side - 1], windows, GRID, side);
        }
        const float *const maps[3] = {flat, text_map[0], text_map[1]};
        float *M0 = zero + n * T, few[T];
        detect_harmonic_mean(M0, maps, 3, T);
        for (int i = 0; i < T; i++) few[i] = (near[0][i] + near[1][i] + near[2][i]) / 3;
        for (int i = 0; i < T; i++) c->maps[n * T + i] = M0[i] + few[i];
        c->scores[n] = (S0 + largest(few)) / 2;
        zero_scores[n] = S0;
    }
    compare(c, "winclip", "map", "score");
    golden_name(name, c, "winclip", "zero");
    check_array(name, zero, check_golden_f32(c->golden, name, NULL, NULL), TESTS * T, TOLERANCE);
    golden_name(name, c, "winclip", "zero_score");
    check_array(name, zero_scores, check_golden_f32(c->golden, name, NULL, NULL), TESTS, TOLERANCE);
}

/* ---- Of sets of images ---- */

static void run_musc(case_t *c)
{
    static const char *const taps[2] = {"tap0", "tap1"};
    char name[64];
    float *distances = malloc((size_t)TESTS * TESTS * T * sizeof *distances), map[T];
    memset(c->maps, 0, sizeof c->maps);
    for (int l = 0; l < 2; l++) {
        int width;
        const float *x = images(c, taps[l], SHOTS, &width, NULL);
        const size_t image = (size_t)T * (size_t)width;
        float *normed = c->scratch, *f = normed + TESTS * image;
        memcpy(normed, x, TESTS * image * sizeof *normed);
        for (int n = 0; n < TESTS; n++) detect_norm_map(normed + (size_t)n * image, image);
        for (int side = 1; side <= 5; side += 2) {
            for (int n = 0; n < TESTS; n++) {
                float *to = f + (size_t)n * image;
                detect_pool(to, normed + (size_t)n * image, GRID, GRID, width, side);
                detect_unit_rows(to, T, width);
            }
            /* Row a of the table: the distances of image a to the others, in their order. */
            for (int a = 0; a < TESTS; a++)
                for (int b = a + 1; b < TESTS; b++)
                    assert_int_equal(detect_musc_pair(distances + ((size_t)a * TESTS + (size_t)b - 1) * T,
                                                      distances + ((size_t)b * TESTS + (size_t)a) * T,
                                                      f + (size_t)a * image, f + (size_t)b * image, T, width,
                                                      &c->arena),
                                     ST_OK);
            for (int a = 0; a < TESTS; a++) {
                assert_int_equal(
                    detect_musc_mutual(map, distances + (size_t)a * TESTS * T, TESTS - 1, T, 0.3, &c->arena), ST_OK);
                for (int i = 0; i < T; i++) c->maps[a * T + i] += map[i] / 6;
            }
        }
    }
    snprintf(name, sizeof name, "%s.musc.map", c->category);
    check_array(name, c->maps, check_golden_f32(c->golden, name, NULL, NULL), TESTS * T, TOLERANCE);
    float full[TESTS * 40 * 40];
    for (int n = 0; n < TESTS; n++) {
        detect_upsample_corners(full + n * 40 * 40, 40, 40, c->maps + n * T, GRID, GRID);
        c->scores[n] = detect_top_share(full + n * 40 * 40, 40 * 40, 1e-9);
    }
    snprintf(name, sizeof name, "%s.musc.full", c->category);
    check_array(name, full, check_golden_f32(c->golden, name, NULL, NULL), TESTS * 40 * 40, TOLERANCE);
    int E;
    const float *cls = images(c, "cls", SHOTS, &E, NULL);
    assert_int_equal(detect_rscin(c->scores, c->scores, cls, TESTS, E, (const int[]){1, 2, 3}, 3, &c->arena), ST_OK);
    snprintf(name, sizeof name, "%s.musc.score", c->category);
    check_array(name, c->scores, check_golden_f32(c->golden, name, NULL, NULL), TESTS, TOLERANCE);
    free(distances);
}

/* ---- Tests ---- */

static void for_all(void (*run)(case_t *), const int *shots, int count)
{
    case_t *c = calloc(1, sizeof *c);
    c->golden = check_golden_open("detect/methods");
    c->scratch = malloc(sizeof(float) << 17);
    arena_init(&c->arena, "test");
    for (size_t i = 0; i < sizeof categories / sizeof *categories; i++)
        for (int k = 0; k < count; k++) {
            c->category = categories[i].name;
            c->seed = categories[i].seed;
            c->K = shots[k];
            run(c);
            assert_int_equal(c->arena.used, 0);
        }
    arena_free(&c->arena);
    check_golden_close(c->golden);
    free(c->scratch);
    free(c);
}

static void every_method_with_shots_equals_its_reference(void **state)
{
    (void)state;
    void (*const methods[])(case_t *) = {
        patchcore_and_its_coreset, spade, inctrl_and_april, anomalydino, padim, subspace, winclip};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) for_all(methods[i], (const int[]){1, 4}, 2);
}

static void mutual_scoring_equals_its_reference(void **state)
{
    (void)state;
    for_all(run_musc, (const int[]){0}, 1);
}

static void a_gaussian_of_many_images_equals_its_reference(void **state)
{
    (void)state;
    enum { N = 9, D = 5, WIDTH = 6 };
    check_golden_t *golden = check_golden_open("detect/methods");
    arena_t arena;
    arena_init(&arena, "test");
    for (size_t c = 0; c < sizeof categories / sizeof *categories; c++) {
        char name[64];
        int channels[D], order[WIDTH];
        snprintf(name, sizeof name, "%s.many", categories[c].name);
        const float *all = check_golden_f32(golden, name, NULL, NULL);
        rng_t rng = rng_init("toy", categories[c].name, N, categories[c].seed, "padim/channels");
        detect_padim_channels(channels, D, WIDTH, &rng, order);
        static float chosen[12 * T * D];
        for (int i = 0; i < 12 * T; i++)
            for (int k = 0; k < D; k++) chosen[i * D + k] = all[i * WIDTH + channels[k]];
        detect_padim_t fit;
        float maps[3 * T];
        assert_int_equal(detect_padim_fit(&fit, chosen, N, T, D, 0.01, &arena), ST_OK);
        assert_false(fit.few);
        for (int n = 0; n < 3; n++)
            assert_int_equal(detect_padim_score(maps + n * T, &fit, chosen + (N + n) * T * D, &arena), ST_OK);
        snprintf(name, sizeof name, "%s.padim-full.map", categories[c].name);
        check_array(name, maps, check_golden_f32(golden, name, NULL, NULL), 3 * T, TOLERANCE);
    }
    arena_free(&arena);
    check_golden_close(golden);
}

static void a_coreset_of_wide_rows_goes_through_the_projection(void **state)
{
    (void)state;
    check_golden_t *golden = check_golden_open("detect/methods");
    arena_t arena;
    arena_init(&arena, "test");
    int chosen[30], dims[8];
    const float *rows = check_golden_f32(golden, "wide", NULL, dims);
    rng_t rng = rng_init("toy", "wide", 2, 1, "coreset");
    assert_int_equal(detect_coreset(chosen, 30, rows, dims[0] * dims[1], dims[2], &rng, &arena), ST_OK);
    assert_memory_equal(chosen, check_golden_i32(golden, "wide.chosen", NULL, NULL), sizeof chosen);
    arena_free(&arena);
    check_golden_close(golden);
}

static void foreground_masks_equal_their_reference(void **state)
{
    (void)state;
    static const char *const names[] = {"narrow", "broad"};
    check_golden_t *golden = check_golden_open("detect/methods");
    arena_t arena;
    arena_init(&arena, "test");
    const double ten = 10;
    for (int b = 0; b < 2; b++) {
        char name[32];
        int dims[8];
        snprintf(name, sizeof name, "%s.features", names[b]);
        const float *f = check_golden_f32(golden, name, NULL, dims);
        snprintf(name, sizeof name, "%s.mask", names[b]);
        const uint8_t *want = check_golden_u8(golden, name, NULL, NULL);
        uint8_t mask[T];
        for (int n = 0; n < 2 * dims[0]; n++) {
            const float *image = f + (size_t)(n / 2) * T * (size_t)dims[2];
            assert_int_equal(detect_foreground(mask, image, GRID, GRID, dims[2], n % 2 == 0 ? &ten : NULL, &arena),
                             ST_OK);
            assert_memory_equal(mask, want + n * T, T);
        }
    }
    assert_int_equal(arena.used, 0);
    arena_free(&arena);
    check_golden_close(golden);
}

static void maps_grow_between_their_corners(void **state)
{
    (void)state;
    static const int sizes[][2] = {{40, 33}, {1, 9}, {7, 5}, {3, 2}};
    check_golden_t *golden = check_golden_open("detect/methods");
    const float *src = check_golden_f32(golden, "corners.src", NULL, NULL);
    for (int n = 0; n < 4; n++) {
        char name[32];
        float dst[40 * 33];
        size_t count;
        snprintf(name, sizeof name, "corners%d", n);
        const float *want = check_golden_f32(golden, name, &count, NULL);
        detect_upsample_corners(dst, sizes[n][0], sizes[n][1], src, GRID, 5);
        check_array(name, dst, want, count, 1e-6);
    }
    check_golden_close(golden);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_method_with_shots_equals_its_reference),
        cmocka_unit_test(mutual_scoring_equals_its_reference),
        cmocka_unit_test(a_gaussian_of_many_images_equals_its_reference),
        cmocka_unit_test(a_coreset_of_wide_rows_goes_through_the_projection),
        cmocka_unit_test(foreground_masks_equal_their_reference),
        cmocka_unit_test(maps_grow_between_their_corners),
    };
    return cmocka_run_group_tests_name("detect_methods", tests, NULL, NULL);
}
