/* The four losses: terms, anchors and gradient against PyTorch's autograd in double, and central differences. */
#include "align/align.h"
#include "support/check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_GROUPS = 9 };

typedef struct {
    int G, P, E;
    align_group_t groups[MAX_GROUPS];
    align_tokens_t tokens;
    align_losses_t losses;
    const float *f;
} case_t;

static const void *entry(const check_golden_t *golden, int n, const char *what, char type, int *dims)
{
    char name[64];
    snprintf(name, sizeof name, "%d.%s", n, what);
    if (!check_golden_has(golden, name)) return NULL;
    if (type == 'i') return check_golden_i32(golden, name, NULL, dims);
    if (type == 'd') return check_golden_f64(golden, name, NULL, dims);
    return check_golden_f32(golden, name, NULL, dims);
}

static bool read_case(case_t *out, const check_golden_t *golden, int n)
{
    int dims[8];
    const int32_t *rows = entry(golden, n, "groups", 'i', dims);
    if (rows == NULL) return false;
    *out = (case_t){.G = dims[0]};
    for (int g = 0; g < out->G; g++, rows += 5) {
        out->groups[g] = (align_group_t){(prompts_level_t)rows[0], 0, rows[1], rows[2], rows[3], rows[4]};
        out->P += rows[2] + rows[3] + rows[4];
    }
    out->f = entry(golden, n, "f", 'f', NULL);
    const float *z = entry(golden, n, "z", 'f', dims);
    out->E = dims[1];
    out->tokens =
        (align_tokens_t){.z = z, .weights = entry(golden, n, "weights", 'f', NULL), .N = dims[0], .E = dims[1]};
    const int32_t *use = entry(golden, n, "use", 'i', NULL);
    const double *options = entry(golden, n, "options", 'd', NULL);
    out->losses = (align_losses_t){
        .epsilon = options[0], .lambda_mean = options[1], .lambda_reg = options[2], .logit_scale = options[3]};
    for (int term = 0; term < ALIGN_TERMS; term++) out->losses.use[term] = use[term] != 0;
    const int32_t *triplet = entry(golden, n, "triplet", 'i', NULL);
    out->losses.triplet = (align_triplet_t)triplet[0];
    out->tokens.images = triplet[1];
    out->losses.plain_sum = triplet[2] != 0;
    return true;
}

static void terms_anchors_and_gradient_equal_autograd(void **state)
{
    (void)state;
    check_golden_t *golden = check_golden_open("align/losses");
    arena_t arena;
    arena_init(&arena, "losses");
    case_t c;
    int n = 0;
    for (; read_case(&c, golden, n); n++) {
        const double *want = entry(golden, n, "terms", 'd', NULL);
        double terms[ALIGN_TERMS];
        size_t values = (size_t)c.P * (size_t)c.E, rows = (size_t)c.G * (size_t)c.E;
        float *df = malloc(sizeof(float) * values), *anchors = malloc(sizeof(float) * 2 * rows);
        memset(df, 255, sizeof(float) * values);
        assert_int_equal(align_loss(terms, df, c.f, c.groups, c.G, &c.tokens, &c.losses, &arena), ST_OK);
        for (int term = 0; term < ALIGN_TERMS; term++) {
            if (!(fabs(terms[term] - want[term]) <= 3e-6 * fmax(fabs(want[term]), 1e-3)))
                fail_msg("case %d, %s: %.9g, want %.9g", n, align_term_names[term], terms[term], want[term]);
        }
        char name[32];
        snprintf(name, sizeof name, "df of case %d", n);
        check_array(name, df, entry(golden, n, "df", 'f', NULL), values, 1e-5);
        align_anchors(anchors, anchors + rows, c.f, c.groups, c.G, c.E);
        check_array("normal", anchors, entry(golden, n, "normal", 'f', NULL), rows, 1e-6);
        check_array("abnormal", anchors + rows, entry(golden, n, "abnormal", 'f', NULL), rows, 1e-6);
        double alone[ALIGN_TERMS];
        assert_int_equal(align_loss(alone, NULL, c.f, c.groups, c.G, &c.tokens, &c.losses, &arena), ST_OK);
        assert_memory_equal(alone, terms, sizeof terms);
        free(df), free(anchors);
    }
    assert_true(n >= 15);
    assert_int_equal(arena.used, 0);
    arena_free(&arena);
    check_golden_close(golden);
}

/* Central differences of the float32 loss along random directions: the step is large enough for the loss' own
 * rounding, and the hinge is held open by epsilon 1, so no kink lies between. */
static void gradient_is_the_derivative_along_random_directions(void **state)
{
    (void)state;
    check_golden_t *golden = check_golden_open("align/losses");
    arena_t arena;
    arena_init(&arena, "losses");
    case_t c;
    assert_true(read_case(&c, golden, 0));
    size_t values = (size_t)c.P * (size_t)c.E;
    float *df = malloc(sizeof(float) * values), *at = malloc(sizeof(float) * values);
    float *direction = malloc(sizeof(float) * values), got[20], want[20];
    rng_t rng = rng_init("", "", 0, 3, "directions");
    c.losses.lambda_mean = 1;
    double terms[ALIGN_TERMS];
    assert_int_equal(align_loss(terms, df, c.f, c.groups, c.G, &c.tokens, &c.losses, &arena), ST_OK);
    for (int trial = 0; trial < 20; trial++) {
        double slope = 0, value[2];
        for (size_t i = 0; i < values; i++) {
            direction[i] = (float)(rng_normal(&rng) / sqrt((double)values));
            slope += (double)df[i] * (double)direction[i];
        }
        for (int side = 0; side < 2; side++) {
            for (size_t i = 0; i < values; i++) at[i] = c.f[i] + (side ? 1.0F : -1.0F) * 0.5F * direction[i];
            assert_int_equal(align_loss(terms, NULL, at, c.groups, c.G, &c.tokens, &c.losses, &arena), ST_OK);
            value[side] = terms[ALIGN_TERM_TOTAL];
        }
        got[trial] = (float)slope, want[trial] = (float)(value[1] - value[0]);
    }
    diff_t diff = check_diff(got, want, 20);
    assert_true(diff.finite && diff.reference > 0);
    if (diff.max_abs > 1e-3 * diff.reference || !(diff.cosine >= 0.9999))
        fail_msg("directional derivative: %.3g of %.3g, cosine %.7f", diff.max_abs, diff.reference, diff.cosine);
    free(df), free(at), free(direction);
    arena_free(&arena);
    check_golden_close(golden);
}

static void tokens_at_an_anchor_and_a_nan_feature_are_told_apart(void **state)
{
    (void)state;
    arena_t arena;
    arena_init(&arena, "losses");
    const align_group_t group = {PROMPTS_IMAGE, 0, 0, 1, 1, 1};
    align_losses_t losses = {.use = {true, true, true, true, true}, .epsilon = 1, .lambda_mean = 1, .logit_scale = 4.6};
    float f[9] = {2, 0, 0, 0, 1, 0, 0, 0, 3}, z[3] = {1, 0, 0}, df[9];
    double terms[ALIGN_TERMS];
    align_tokens_t tokens = {.z = z, .N = 1, .E = 3};
    assert_int_equal(align_loss(terms, df, f, &group, 1, &tokens, &losses, &arena), ST_OK);
    for (int i = 0; i < 9; i++) assert_true(isfinite(df[i])); /* distance 0 to p_n: derivative 0 */
    f[1] = NAN;
    assert_int_equal(align_loss(terms, df, f, &group, 1, &tokens, &losses, &arena), ST_OK);
    assert_true(isnan(terms[ALIGN_TERM_TOTAL]));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(terms_anchors_and_gradient_equal_autograd),
        cmocka_unit_test(gradient_is_the_derivative_along_random_directions),
        cmocka_unit_test(tokens_at_an_anchor_and_a_nan_feature_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
