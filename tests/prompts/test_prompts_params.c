#include "prompts/push_button.h"

#include "prompts/prompts.h"

#include <math.h>

#define CONTEXT 77
#define WIDTH 5

static prompts_vocabulary_t vocabulary;
static clip_tokenizer_t *tokenizer;
static prompts_mfsc_t mfsc;
static const prompts_key_t KEY = {"own", "push_button", 4, 0, "pixel"};

static int open_all(void **state)
{
    (void)state;
    if (prompts_vocabulary_read(&vocabulary, FGAD_SOURCE_DIR "/datasets/mfsc/vocabulary.json") != ST_OK) return -1;
    if (clip_tokenizer_open(&tokenizer, FGAD_GOLDEN_DIR "/clip/merges-small.txt", 0, CONTEXT) != ST_OK) return -1;
    const char *path = write_push_button(check_temp_dir("prompts_params"), NULL, 0);
    return prompts_mfsc_read(&mfsc, path, &vocabulary) == ST_OK ? 0 : -1;
}

static int close_all(void **state)
{
    (void)state;
    prompts_mfsc_free(&mfsc);
    prompts_vocabulary_free(&vocabulary);
    clip_tokenizer_close(tokenizer);
    return 0;
}

static prompts_set_t make_set(const prompts_options_t *options, const prompts_key_t *key, int D)
{
    prompts_set_t set;
    if (prompts_set_init(&set, &mfsc, &vocabulary, tokenizer, options, key, D) != ST_OK) fail_msg("%s", fail_message());
    return set;
}

static float *make_params(const prompts_set_t *set, const float *table)
{
    float *params = malloc((size_t)set->parameter_count * sizeof *params);
    assert_non_null(params);
    prompts_params_init(params, set, table);
    return params;
}

static float *make_table(int D)
{
    size_t count = (size_t)clip_tokenizer_vocab(tokenizer) * (size_t)D;
    float *table = malloc(count * sizeof *table);
    rng_t rng = rng_init("table", "", 0, 1, "");
    for (size_t i = 0; i < count; i++) table[i] = (float)rng_normal(&rng);
    return table;
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

static void words_give_the_first_values_of_v(void **state)
{
    (void)state;
    int ids[8], count = 0;
    const char *words = "the cap . one";
    assert_int_equal(clip_tokenizer_pieces(ids, &count, 8, tokenizer, words), ST_OK);
    prompts_options_t options = prompts_options_default();
    options.ctx_init = words;
    options.n_ctx = count;
    options.n_pro = 2;
    prompts_set_t set = make_set(&options, &KEY, WIDTH);
    float *table = make_table(WIDTH), *params = make_params(&set, table);
    for (int k = 0; k < count; k++) {
        const float *word = table + ids[k] * WIDTH;
        assert_memory_equal(params + k * WIDTH, word, WIDTH * sizeof *word);
        const float *second = params + (count + k) * WIDTH;
        assert_memory_not_equal(second, word, WIDTH * sizeof *word);
        for (int d = 0; d < WIDTH; d++) assert_true(fabsf(second[d] - word[d]) < 0.12F);
    }
    free(table);
    free(params);
    prompts_set_free(&set);
}

static void embeddings_are_rows_of_the_table_and_of_the_parameters(void **state)
{
    (void)state;
    prompts_options_t options = prompts_options_default();
    prompts_set_t set = make_set(&options, &KEY, WIDTH);
    float *table = make_table(WIDTH), *params = make_params(&set, NULL), x[CONTEXT * WIDTH];
    const prompts_group_t *cap = &set.group[3];
    const prompts_prompt_t *alp = &cap->prompt[cap->nhp + cap->ahp + 2];
    params[find(&set, "3 cap/gate")->offset + 1] = 1.5F;
    prompts_embed(x, alp, params, table, WIDTH);
    int seen = 0;
    for (int l = 0; l < alp->length; l++) {
        for (int d = 0; d < WIDTH; d++) {
            float want = alp->ids[l] >= 0 ? table[alp->ids[l] * WIDTH + d] : params[alp->vector[l] + d];
            if (alp->gate[l] >= 0) want *= params[alp->gate[l]] == 1.5F ? 0.81757448F : 0.5F;
            assert_true(fabsf(x[l * WIDTH + d] - want) <= 1e-6F * fabsf(want));
        }
        seen += alp->gate[l] >= 0 && params[alp->gate[l]] == 1.5F;
    }
    assert_int_equal(seen, 1);
    free(table);
    free(params);
    prompts_set_free(&set);
}

/* d/dparams of sum(w * x) against central differences, every coordinate of every prompt of two groups. */
static void gradients_equal_finite_differences(void **state)
{
    (void)state;
    prompts_options_t options = prompts_options_default();
    options.n_ab = 2;
    options.n_ctx_ab = 3;
    options.n_pro = 2;
    prompts_set_t set = make_set(&options, &KEY, WIDTH);
    float *table = make_table(WIDTH), *params = make_params(&set, NULL);
    size_t count = (size_t)set.parameter_count;
    rng_t rng = rng_init("gradient", "", 0, 1, "");
    for (size_t i = 0; i < count; i++) params[i] = (float)rng_normal(&rng);
    for (int g = 2; g <= 3; g++) {
        const prompts_group_t *group = &set.group[g];
        int prompts = group->nhp + group->ahp + group->alp;
        float *gradient = calloc(count, sizeof *gradient), *numeric = calloc(count, sizeof *numeric);
        float *weights = malloc((size_t)(prompts * CONTEXT * WIDTH) * sizeof *weights), x[CONTEXT * WIDTH];
        for (int i = 0; i < prompts * CONTEXT * WIDTH; i++) weights[i] = (float)rng_normal(&rng);
        for (int p = 0; p < prompts; p++)
            prompts_embed_backward(gradient, weights + p * CONTEXT * WIDTH, &group->prompt[p], params, WIDTH);
        for (size_t i = 0; i < count; i++) {
            const float step = 1.0F / 64; /* a power of two: params +- step are exact enough */
            double value[2] = {0, 0};
            float kept = params[i];
            for (int side = 0; side < 2; side++) {
                params[i] = side == 0 ? kept + step : kept - step;
                for (int p = 0; p < prompts; p++) {
                    prompts_embed(x, &group->prompt[p], params, table, WIDTH);
                    for (int k = 0; k < group->prompt[p].length * WIDTH; k++)
                        value[side] += (double)weights[p * CONTEXT * WIDTH + k] * x[k];
                }
            }
            params[i] = kept;
            numeric[i] = (float)((value[0] - value[1]) / (2 * step));
        }
        check_array(group->name, gradient, numeric, count, 1e-3);
        assert_true(check_diff(gradient, numeric, count).cosine > 0.9999);
        free(gradient);
        free(numeric);
        free(weights);
    }
    free(table);
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
        cmocka_unit_test(words_give_the_first_values_of_v),
        cmocka_unit_test(embeddings_are_rows_of_the_table_and_of_the_parameters),
        cmocka_unit_test(gradients_equal_finite_differences),
        cmocka_unit_test(printing_shows_every_prompt_with_its_tokens),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
