#include "prompts/push_button.h"

#include "prompts/prompts.h"

#include <math.h>

#define CONTEXT 77
#define WIDTH 5

static prompts_vocabulary_t vocabulary;
static tokenizer_t *tokenizer;
static prompts_mfsc_t mfsc;
static const prompts_key_t KEY = {"own", "push_button", 4, 0, "pixel"};

static int open_all(void **state)
{
    (void)state;
    if (prompts_vocabulary_read(&vocabulary, FGAD_SOURCE_DIR "/datasets/mfsc/vocabulary.json") != ST_OK) return -1;
    if (tokenizer_open(&tokenizer, FGAD_GOLDEN_DIR "/clip/merges-small.txt", 0, CONTEXT) != ST_OK) return -1;
    const char *path = write_push_button(check_temp_dir("prompts_params"), NULL, 0);
    return prompts_mfsc_read(&mfsc, path, &vocabulary) == ST_OK ? 0 : -1;
}

static int close_all(void **state)
{
    (void)state;
    prompts_mfsc_free(&mfsc);
    prompts_vocabulary_free(&vocabulary);
    tokenizer_close(tokenizer);
    return 0;
}

static prompts_set_t make_set(const prompts_options_t *options, const prompts_key_t *key, int D)
{
    prompts_set_t set;
    if (prompts_set_init(&set, &mfsc, &vocabulary, tokenizer, options, key, D) != ST_OK) fail_msg("%s", fail_message());
    return set;
}

static float *make_params(const prompts_set_t *set, const float *words)
{
    float *params = malloc((size_t)set->parameter_count * sizeof *params);
    assert_non_null(params);
    prompts_params_init(params, set, words);
    return params;
}

static const prompts_parameter_t *find(const prompts_set_t *set, const char *name)
{
    for (int i = 0; i < set->parameters; i++)
        if (strcmp(set->parameter[i].name, name) == 0) return &set->parameter[i];
    fail_msg("no parameter '%s'", name);
    return NULL;
}

static void initial_values_are_small_normal_numbers_and_open_half_gates(void **state)
{
    (void)state;
    prompts_options_t options = prompts_options_default();
    options.n_pro = 3;
    prompts_set_t set = make_set(&options, &KEY, 64);
    float *params = make_params(&set, NULL);
    double sum = 0, square = 0;
    int64_t normal = 0;
    for (int i = 0; i < set.parameters; i++) {
        const prompts_parameter_t *row = &set.parameter[i];
        int64_t end = i + 1 < set.parameters ? set.parameter[i + 1].offset : set.parameter_count;
        for (int64_t k = row->offset; k < end; k++) {
            if (row->ndim == 1) assert_true(params[k] == 0.0F);
            if (row->ndim != 1) sum += params[k], square += (double)params[k] * params[k], normal++;
        }
    }
    double n = (double)normal;
    assert_true(normal > 10000);
    assert_true(fabs(sum / n) < 4 * 0.02 / sqrt(n));
    assert_true(fabs(sqrt(square / n) / 0.02 - 1) < 0.03);
    free(params);
    prompts_set_free(&set);
}

static void a_smaller_setting_starts_from_the_same_values(void **state)
{
    (void)state;
    prompts_options_t options = prompts_options_default();
    options.n_ctx_ab = 2;
    prompts_set_t large = make_set(&options, &KEY, WIDTH);
    options.n_ab = 2;
    options.n_ctx_ab = 1;
    prompts_set_t small = make_set(&options, &KEY, WIDTH);
    prompts_key_t image = KEY;
    image.head = "image";
    prompts_set_t other = make_set(&options, &image, WIDTH);
    float *a = make_params(&large, NULL), *b = make_params(&small, NULL), *c = make_params(&other, NULL);
    assert_memory_equal(a, b, 4 * WIDTH * sizeof *a);
    assert_memory_not_equal(b, c, 4 * WIDTH * sizeof *b);
    const float *la = a + find(&large, "3 cap/a")->offset, *sa = b + find(&small, "3 cap/a")->offset;
    for (int j = 0; j < 2; j++)
        for (int p = 0; p < 4; p++)
            assert_memory_equal(la + ((j * 4 + p) * 2) * WIDTH, sa + (j * 4 + p) * WIDTH, WIDTH * sizeof *la);
    assert_memory_not_equal(sa, sa + WIDTH, WIDTH * sizeof *sa);
    free(a);
    free(b);
    free(c);
    prompts_set_free(&large);
    prompts_set_free(&small);
    prompts_set_free(&other);
}

/* Results name a seed, so what a seed draws must be the same in every later version (to the last bits of libm). */
static void the_first_values_of_a_seed_never_change(void **state)
{
    (void)state;
    prompts_options_t options = prompts_options_default();
    prompts_set_t set = make_set(&options, &KEY, WIDTH);
    float *params = make_params(&set, NULL);
    const float *cap = params + find(&set, "3 cap/a")->offset, *image = params + find(&set, "0 image/a")->offset;
    const float got[6] = {params[0], params[1], params[WIDTH], cap[0], cap[1], image[0]};
    const float want[6] = {0.00225258432F, -0.0379438028F, 0.00141911849F, 0.025931431F, 0.022940021F, -0.0355963372F};
    check_array("first values", got, want, 6, 1e-6);
    free(params);
    prompts_set_free(&set);
}

static void words_give_the_first_values_of_v(void **state)
{
    (void)state;
    int ids[8], count = 0;
    const char *words = "the cap . one";
    assert_int_equal(tokenizer_pieces(ids, &count, 8, tokenizer, words), ST_OK);
    prompts_options_t options = prompts_options_default();
    options.ctx_init = words;
    options.n_ctx = count;
    options.n_pro = 2;
    prompts_set_t set = make_set(&options, &KEY, WIDTH);
    assert_memory_equal(set.ctx_ids, ids, (size_t)count * sizeof *ids);
    float embeddings[8 * WIDTH];
    for (int i = 0; i < count * WIDTH; i++) embeddings[i] = (float)(i % 13) - 6;
    float *params = make_params(&set, embeddings);
    assert_memory_equal(params, embeddings, (size_t)(count * WIDTH) * sizeof *params);
    const float *second = params + count * WIDTH;
    for (int i = 0; i < count * WIDTH; i++) {
        assert_true(second[i] != embeddings[i]);
        assert_true(fabsf(second[i] - embeddings[i]) < 0.12F);
    }
    free(params);
    prompts_set_free(&set);
}

static void slots_are_vectors_behind_their_gates(void **state)
{
    (void)state;
    prompts_options_t options = prompts_options_default();
    options.n_ctx_ab = 2;
    prompts_set_t set = make_set(&options, &KEY, WIDTH);
    float *params = make_params(&set, NULL), *slots = malloc((size_t)(set.slots * WIDTH) * sizeof *slots);
    const prompts_group_t *cap = &set.group[3];
    params[find(&set, "3 cap/gate")->offset + 1] = 1.5F;
    prompts_slots(slots, &set, params);
    for (int j = 0; j < cap->alp; j++) {
        const prompts_prompt_t *alp = &cap->prompt[cap->nhp + cap->ahp + j];
        int placeholder = 0;
        for (int l = 5; l < alp->length; l++) {
            if (alp->ids[l] >= 0) continue;
            int k = CLIP_SLOT(alp->ids[l]);
            float scale = placeholder++ / 2 == 1 ? 0.81757448F : 0.5F; /* the second of four has the open gate */
            for (int d = 0; d < WIDTH; d++) {
                float want = scale * params[set.slot[k].vector + d];
                assert_true(fabsf(slots[k * WIDTH + d] - want) <= 1e-6F * fabsf(want));
            }
        }
        assert_int_equal(placeholder, 8);
    }
    assert_memory_equal(slots, params, 4 * WIDTH * sizeof *slots);
    free(slots);
    free(params);
    prompts_set_free(&set);
}

/* d/dparams of sum(w * slots) against central differences, every coordinate. */
static void gradients_equal_finite_differences(void **state)
{
    (void)state;
    prompts_options_t options = prompts_options_default();
    options.n_ab = 2;
    options.n_ctx_ab = 3;
    options.n_pro = 2;
    prompts_set_t set = make_set(&options, &KEY, WIDTH);
    float *params = make_params(&set, NULL);
    size_t count = (size_t)set.parameter_count, size = (size_t)(set.slots * WIDTH);
    rng_t rng = rng_init("gradient", "", 0, 1, "");
    float *gradient = calloc(count, sizeof *gradient), *numeric = calloc(count, sizeof *numeric);
    float *weights = malloc(size * sizeof *weights), *slots = malloc(size * sizeof *slots);
    for (size_t i = 0; i < count; i++) params[i] = (float)rng_normal(&rng);
    for (size_t i = 0; i < size; i++) weights[i] = (float)rng_normal(&rng);
    prompts_slots_backward(gradient, weights, &set, params);
    for (size_t i = 0; i < count; i++) {
        const float step = 1.0F / 64; /* a power of two: params +- step are exact enough */
        double value[2] = {0, 0};
        float kept = params[i];
        for (int side = 0; side < 2; side++) {
            params[i] = side == 0 ? kept + step : kept - step;
            prompts_slots(slots, &set, params);
            for (size_t k = 0; k < size; k++) value[side] += (double)weights[k] * slots[k];
        }
        params[i] = kept;
        numeric[i] = (float)((value[0] - value[1]) / (2 * step));
    }
    for (int i = 0; i < set.parameters; i++) {
        size_t from = (size_t)set.parameter[i].offset;
        size_t to = i + 1 < set.parameters ? (size_t)set.parameter[i + 1].offset : count;
        check_array(set.parameter[i].name, gradient + from, numeric + from, to - from, 1e-3);
    }
    assert_true(check_diff(gradient, numeric, count).cosine > 0.9999);
    /* the backward adds */
    prompts_slots_backward(gradient, weights, &set, params);
    for (size_t i = 0; i < count; i++) numeric[i] *= 2;
    check_array("twice", gradient, numeric, count, 1e-3);
    free(gradient);
    free(numeric);
    free(weights);
    free(slots);
    free(params);
    prompts_set_free(&set);
}

static void printing_shows_every_prompt_with_its_tokens(void **state)
{
    (void)state;
    prompts_options_t options = prompts_options_default();
    options.n_pro = 3;
    prompts_set_t set = make_set(&options, &KEY, WIDTH);
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    prompts_print_mfsc(out, &mfsc);
    prompts_print_set(out, &set);
    assert_int_equal(fclose(out), 0);
    const char *const wanted[] = {"own/push_button",
                                  "shape     ring-shaped",
                                  "group 3 'cap': noun 'cap', 3 NHP, 21 AHP, 12 ALP (3 copies of each)",
                                  "[a2] 1 vector: shape 'round'",
                                  "ALP  ",
                                  "tokens  [V]x4 [a1] plain gray background",
                                  "3 cap/gate"};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        if (strstr(text, wanted[i]) == NULL) fail_msg("'%s' is not in:\n%s", wanted[i], text);
    free(text);
    prompts_set_free(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(initial_values_are_small_normal_numbers_and_open_half_gates),
        cmocka_unit_test(a_smaller_setting_starts_from_the_same_values),
        cmocka_unit_test(the_first_values_of_a_seed_never_change),
        cmocka_unit_test(words_give_the_first_values_of_v),
        cmocka_unit_test(slots_are_vectors_behind_their_gates),
        cmocka_unit_test(gradients_equal_finite_differences),
        cmocka_unit_test(printing_shows_every_prompt_with_its_tokens),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
