/* Whatever request for memory is refused, a function says so, gives its scratch back and does its work the next time. */
#include "tools/scarce.h"

#include "detect/detect.h"

#include <stdlib.h>
#include <string.h>

/* Rows of 4,100 floats fill the arena's blocks quickly, so that later takes ask for memory, too. */
enum { N = 3, T = 4, W = 260, WIDE = 4100 };

typedef struct {
    arena_t arena, kept;
    float rows[N * T * W], wide[N * WIDE], out[T * W];
} fixture_t;

static int open_fixture(void **state)
{
    fixture_t *x = calloc(1, sizeof *x);
    rng_t rng = rng_init("test", "scarce", 0, 1, "features");
    for (int i = 0; i < N * T * W; i++) x->rows[i] = (float)rng_normal(&rng);
    for (int i = 0; i < N * WIDE; i++) x->wide[i] = (float)rng_normal(&rng);
    detect_unit_rows(x->rows, N * T, W);
    arena_init(&x->arena, "test");
    arena_init(&x->kept, "kept");
    *state = x;
    return 0;
}

static int close_fixture(void **state)
{
    fixture_t *x = *state;
    arena_free(&x->arena);
    arena_free(&x->kept);
    free(x);
    return 0;
}

/* Scratch alone was taken: nothing of it is left, whatever became of the call. */
static void scratch_is_back(arena_t *arena)
{
    assert_int_equal(arena->used, 0);
    arena_free(arena);
}

static void searches(void **state)
{
    fixture_t *x = *state;
    const detect_tap_t taps[2] = {{x->rows, x->rows, N * T, W}, {x->rows, x->rows + W, T, W}};
    int index[T], images[2], chosen[2];
    float squared[T], score;
    rng_t rng = rng_init("test", "scarce", 0, 1, "coreset");
    CHECK_SCARCE(detect_similar(x->out, x->rows, T, x->rows, N * T, W, &x->arena), scratch_is_back(&x->arena));
    CHECK_SCARCE(detect_nearest(squared, index, x->rows, T, x->rows + W, T, W, &x->arena), scratch_is_back(&x->arena));
    CHECK_SCARCE(detect_cosine(x->out, taps, 2, T, &x->arena), scratch_is_back(&x->arena));
    CHECK_SCARCE(detect_euclid(x->out, taps, 2, T, &x->arena), scratch_is_back(&x->arena));
    CHECK_SCARCE(detect_coreset(chosen, 2, x->rows, N * T, W, &rng, &x->arena), scratch_is_back(&x->arena));
    CHECK_SCARCE(detect_patchcore_image(&score, squared, index, x->rows, T, x->rows + W, T, W, 3, &x->arena),
                 scratch_is_back(&x->arena));
    CHECK_SCARCE(detect_spade_image(&score, images, 2, x->wide, x->wide, N, WIDE, &x->arena),
                 scratch_is_back(&x->arena));
}

static void gaussians_and_subspaces(void **state)
{
    fixture_t *x = *state;
    detect_padim_t padim;
    detect_moments_t moments;
    detect_subspace_t subspace;
    CHECK_SCARCE(detect_padim_fit(&padim, x->wide, N, 1, WIDE, 0.01, &x->arena), arena_free(&x->arena));
    assert_int_equal(detect_padim_fit(&padim, x->wide, N, 1, WIDE, 0.01, &x->kept), ST_OK);
    CHECK_SCARCE(detect_padim_score(x->out, &padim, x->wide, &x->arena), scratch_is_back(&x->arena));
    CHECK_SCARCE(detect_moments_init(&moments, W, &x->arena), arena_free(&x->arena));
    assert_int_equal(detect_moments_init(&moments, W, &x->kept), ST_OK);
    CHECK_SCARCE(detect_moments_add(&moments, x->rows, N * T, &x->arena), scratch_is_back(&x->arena));
    CHECK_SCARCE(detect_subspace_fit(&subspace, &moments, 0.9, &x->arena), arena_free(&x->arena));
    assert_int_equal(detect_subspace_fit(&subspace, &moments, 0.9, &x->kept), ST_OK);
    CHECK_SCARCE(detect_subspace_score(x->out, &subspace, x->rows, T, &x->arena), scratch_is_back(&x->arena));
}

static void sets_and_maps(void **state)
{
    fixture_t *x = *state;
    uint8_t mask[T];
    const int k[2] = {1, 2};
    const double threshold = 10;
    float scores[N] = {0.25f, 0.5f, 1}, d[2][T];
    CHECK_SCARCE(detect_musc_pair(d[0], d[1], x->rows, x->rows + T * W, T, W, &x->arena), scratch_is_back(&x->arena));
    CHECK_SCARCE(detect_musc_mutual(x->out, x->rows, N, T, 0.5, &x->arena), scratch_is_back(&x->arena));
    CHECK_SCARCE(detect_rscin(x->out, scores, x->rows, N, W, k, 2, &x->arena), scratch_is_back(&x->arena));
    CHECK_SCARCE(detect_foreground(mask, x->rows, 2, 2, W, &threshold, &x->arena), scratch_is_back(&x->arena));
    CHECK_SCARCE(detect_smooth(x->out, 2, 2, 1, &x->arena), scratch_is_back(&x->arena));
    CHECK_SCARCE(detect_full_map(x->out, 8, 8, x->rows, 2, 2, 1, false, &x->arena), scratch_is_back(&x->arena));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(searches, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(gaussians_and_subspaces, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(sets_and_maps, open_fixture, close_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
