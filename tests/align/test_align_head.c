/* A head's learning against PyTorch's autograd on a toy CLIP (tests/reference/training.py), and what must hold between
 * its own ways: resumed, on a small budget, looked at in between. */
#include "align/align.h"
#include "support/check.h"
#include "tools/toy_model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EPOCHS = 10, PROMPTS = 128, SLOTS = 128 };

/* A set of prompts as the golden file holds it, without the captions it would come from. */
typedef struct {
    check_golden_t *golden;
    const char *name;
    prompts_set_t set;
    prompts_prompt_t prompt[PROMPTS];
    prompts_slot_t slot[SLOTS];
    const float *initial;
    align_tokens_t tokens;
    align_training_t training;
} case_t;

static const void *entry(const case_t *c, const char *name, const char *what, char type, int *dims)
{
    char full[64];
    snprintf(full, sizeof full, "%s.%s", name, what);
    if (!check_golden_has(c->golden, full)) return NULL;
    if (type == 'i') return check_golden_i32(c->golden, full, NULL, dims);
    if (type == 'd') return check_golden_f64(c->golden, full, NULL, dims);
    return check_golden_f32(c->golden, full, NULL, dims);
}

static clip_model_t *open_model(void)
{
    clip_model_t *model;
    const char *dir = check_temp_dir("align-head");
    check_error(toy_model_write(dir, toy_preset_find("toy"), 7, false), ST_OK, "");
    check_error(clip_model_open(&model, dir), ST_OK, "");
    return model;
}

/* source: the case whose prompts and tokens `name` uses. */
static void open_case(case_t *c, const char *name, const char *source, const clip_model_t *model)
{
    *c = (case_t){.golden = check_golden_open("align/training"), .name = name};
    int dims[8];
    const int32_t *ids = entry(c, source, "ids", 'i', dims);
    const int32_t *lengths = entry(c, source, "lengths", 'i', NULL);
    assert_true(dims[0] <= PROMPTS);
    c->set.prompts = dims[0];
    for (int p = 0; p < dims[0]; p++) {
        c->prompt[p].ids = ids + p * dims[1];
        c->prompt[p].length = lengths[p];
    }
    const int32_t *rows = entry(c, source, "groups", 'i', dims);
    c->set.groups = dims[0];
    c->set.background = -1;
    for (int g = 0, first = 0; g < dims[0]; g++, rows += 5) {
        c->set.group[g] = (prompts_group_t){.level = (prompts_level_t)rows[0],
                                            .component = rows[1],
                                            .nhp = rows[2],
                                            .ahp = rows[3],
                                            .alp = rows[4],
                                            .prompt = c->prompt + first};
        first += rows[2] + rows[3] + rows[4];
        if (rows[0] == PROMPTS_BACKGROUND) c->set.background = g;
        if (rows[0] == PROMPTS_COMPONENT) c->set.components++;
    }
    c->set.first_component = 3;
    const int32_t *slots = entry(c, source, "slots", 'i', dims);
    assert_true(dims[0] <= SLOTS);
    c->set.slots = dims[0];
    c->set.slot = c->slot;
    for (int s = 0; s < dims[0]; s++) c->slot[s] = (prompts_slot_t){.vector = slots[2 * s], .gate = slots[2 * s + 1]};
    c->initial = entry(c, source, "initial", 'f', dims);
    c->set.parameter_count = dims[0];
    c->set.width = clip_model_config(model)->text_width;
    c->set.key = (prompts_key_t){.dataset = "toy", .category = "toy", .head = source};
    c->set.options.learn = true;
    const float *z = entry(c, source, "z", 'f', dims);
    c->tokens = (align_tokens_t){.z = z, .weights = entry(c, source, "weights", 'f', NULL), .N = dims[0], .E = dims[1]};
    c->training = align_training_default(source, model);
    c->training.epochs = EPOCHS;
    c->training.rate = 0.05;
    c->training.losses.logit_scale = log(100);
    for (int term = 1; term < ALIGN_TERMS; term++) {
        if (strncmp(name, "without-", 8) == 0 && strcmp(name + 8, align_term_names[term]) == 0)
            c->training.losses.use[term] = false;
    }
}

static void open_head(align_head_t *head, const clip_model_t *model, const case_t *c)
{
    check_error(align_head_init(head, model, &c->set, &c->training), ST_OK, "");
    memcpy(head->initial, c->initial, sizeof(float) * (size_t)head->count);
    memcpy(head->params, c->initial, sizeof(float) * (size_t)head->count);
}

/* Every parameter to 1e-3 of the largest change of any: (got - initial) against (want - initial). */
static void check_change(const char *name, const float *got, const float *want, const float *initial, int64_t count)
{
    float *change = malloc(sizeof(float) * (size_t)count), *wanted = malloc(sizeof(float) * (size_t)count);
    for (int64_t i = 0; i < count; i++) change[i] = got[i] - initial[i], wanted[i] = want[i] - initial[i];
    check_array(name, change, wanted, (size_t)count, 1e-3);
    assert_true(check_diff(change, wanted, (size_t)count).cosine > 0.999999);
    free(change), free(wanted);
}

static void check_case(const char *name, const char *source, const clip_model_t *model)
{
    case_t c;
    open_case(&c, name, source, model);
    align_head_t head;
    open_head(&head, model, &c);
    size_t rows = (size_t)head.G * (size_t)head.E;
    float *anchors = malloc(sizeof(float) * 2 * rows);
    if (strcmp(name, source) == 0) {
        check_error(align_head_anchors(anchors, anchors + rows, &head), ST_OK, "");
        check_array("start", anchors, entry(&c, source, "start", 'f', NULL), 2 * rows, 1e-5);
    }
    const double *want = entry(&c, name, "terms", 'd', NULL);
    const float *params = entry(&c, name, "params", 'f', NULL);
    for (int epoch = 0; epoch < EPOCHS; epoch++, want += ALIGN_TERMS) {
        double terms[ALIGN_TERMS];
        check_error(align_head_epoch(terms, &head, &c.tokens), ST_OK, "");
        for (int term = 0; term < ALIGN_TERMS; term++) {
            if (!(fabs(terms[term] - want[term]) <= 1e-4 * fabs(want[term])))
                fail_msg("%s, epoch %d, %s: %.9g, want %.9g", name, epoch, align_term_names[term], terms[term],
                         want[term]);
        }
        if (epoch == 0 || epoch == 2 || epoch == 9) {
            check_change(name, head.params, params, c.initial, head.count);
            params += head.count;
        }
    }
    assert_int_equal(head.epoch, EPOCHS);
    check_error(align_head_anchors(anchors, anchors + rows, &head), ST_OK, "");
    check_array("anchors", anchors, entry(&c, name, "anchors", 'f', NULL), 2 * rows, 1e-5);
    free(anchors);
    align_head_free(&head);
    check_golden_close(c.golden);
}

static void both_heads_learn_as_autograd_does(void **state)
{
    check_case("pixel", "pixel", *state);
    check_case("image", "image", *state);
}

static void each_loss_can_be_off(void **state)
{
    check_case("without-clip", "pixel", *state);
    check_case("without-trip", "pixel", *state);
    check_case("without-mean", "pixel", *state);
    check_case("without-reg", "pixel", *state);
}

/* params after `epochs`; every third epoch the anchors are looked at when `look`. */
static void learn(align_head_t *head, const case_t *c, int epochs, bool look)
{
    float *anchors = malloc(sizeof(float) * 2 * (size_t)(head->G * head->E));
    for (int epoch = 0; epoch < epochs; epoch++) {
        double terms[ALIGN_TERMS];
        check_error(align_head_epoch(terms, head, &c->tokens), ST_OK, "");
        if (look && epoch % 3 == 0)
            check_error(align_head_anchors(anchors, anchors + head->G * head->E, head), ST_OK, "");
    }
    free(anchors);
}

static void resumed_or_watched_or_on_a_small_budget_the_bits_are_the_same(void **state)
{
    const clip_model_t *model = *state;
    case_t c;
    open_case(&c, "pixel", "pixel", model);
    align_head_t whole, watched, first, second;
    open_head(&whole, model, &c);
    learn(&whole, &c, EPOCHS, false);
    size_t size = sizeof(float) * (size_t)whole.count;

    c.training.budget = 1;
    open_head(&watched, model, &c);
    learn(&watched, &c, EPOCHS, true);
    assert_memory_equal(watched.params, whole.params, size);

    open_head(&first, model, &c);
    learn(&first, &c, 4, false);
    check_error(align_head_init(&second, model, &c.set, &c.training), ST_OK, "");
    memcpy(second.params, first.params, size);
    memcpy(second.momentum, first.momentum, size);
    second.epoch = first.epoch;
    align_head_free(&first);
    learn(&second, &c, EPOCHS - 4, false);
    assert_memory_equal(second.params, whole.params, size);
    assert_memory_equal(second.momentum, whole.momentum, size);

    align_head_free(&whole), align_head_free(&watched), align_head_free(&second);
    check_golden_close(c.golden);
}

/* A trace of the whole training with this epsilon, into out (EPOCHS, columns); params are those of the head without one. */
static void check_trace(double *out, float *params, const clip_model_t *model, case_t *c, double epsilon)
{
    align_head_t head, plain;
    c->training.losses.epsilon = epsilon;
    open_head(&plain, model, c);
    learn(&plain, c, EPOCHS, false);
    open_head(&head, model, c);
    head.trace = out;
    learn(&head, c, EPOCHS, false);
    assert_memory_equal(head.params, plain.params, sizeof(float) * (size_t)head.count);
    memcpy(params, head.params, sizeof(float) * (size_t)head.count);
    align_head_free(&plain), align_head_free(&head);
}

static void the_trace_tells_where_the_gradient_went_and_changes_no_bit(void **state)
{
    const clip_model_t *model = *state;
    case_t c;
    open_case(&c, "pixel", "pixel", model);
    c.set.parameters = 1;
    c.set.parameter[0] = (prompts_parameter_t){.name = "all", .ndim = 1, .shape = {c.set.parameter_count}};
    align_head_t head;
    open_head(&head, model, &c);
    const int G = head.G, columns = align_trace_columns(&head);
    assert_int_equal(columns, 2 * G + ALIGN_TERMS);
    char name[ALIGN_TRACE_NAME];
    align_trace_name(name, &head, 2 * G + 1);
    assert_string_equal(name, "by loss/trip");
    align_trace_name(name, &head, columns - 1);
    assert_string_equal(name, "by block/all");
    /* One epoch by hand: anchors before it, and the momentum after it, which is the gradient and the decay. */
    const size_t rows = (size_t)G * (size_t)head.E, size = sizeof(float) * (size_t)head.count;
    float *anchors = malloc(sizeof(float) * 2 * rows), *low = malloc(size), *high = malloc(size);
    double *trace = malloc(sizeof(double) * (size_t)(EPOCHS * columns)),
           *other = malloc(sizeof(double) * (size_t)(EPOCHS * columns));
    check_error(align_head_anchors(anchors, anchors + rows, &head), ST_OK, "");
    head.trace = trace;
    learn(&head, &c, 1, false);
    for (int g = 0; g < G; g++) {
        double cosine = 0;
        for (int e = g * head.E; e < (g + 1) * head.E; e++)
            cosine += (double)anchors[e] * (double)anchors[rows + (size_t)e];
        assert_true(fabs(trace[G + g] - cosine) < 1e-6);
    }
    double square = 0;
    for (int64_t i = 0; i < head.count; i++) {
        double d = (double)head.momentum[i] - c.training.decay * (double)c.initial[i];
        square += d * d;
    }
    assert_true(fabs(trace[columns - 1] - sqrt(square)) < 1e-5 * sqrt(square));
    align_head_free(&head);
    /* Far above every distance all hinges are open, and a larger margin changes nothing; far below none is. */
    check_trace(trace, low, model, &c, 50);
    check_trace(other, high, model, &c, 70);
    assert_memory_equal(low, high, size);
    for (int i = 0; i < EPOCHS * columns; i++) assert_true(i % columns >= G || trace[i] == 1);
    check_trace(other, high, model, &c, -50);
    assert_memory_not_equal(low, high, size);
    for (int e = 0; e < EPOCHS; e++) {
        const double *row = other + e * columns;
        for (int g = 0; g < G; g++) assert_true(row[g] == 0);
        assert_true(row[2 * G] > 0 && row[2 * G + 1] == 0 && row[2 * G + 2] > 0);
        assert_true(trace[e * columns + 2 * G + 1] > 0);
    }
    free(anchors), free(low), free(high), free(trace), free(other);
    check_golden_close(c.golden);
}

static void without_learning_a_head_gives_anchors_alone(void **state)
{
    const clip_model_t *model = *state;
    case_t c;
    open_case(&c, "pixel", "pixel", model);
    /* One group of plain texts: the image group's body without V. */
    static const int ids[3][6] = {{1022, 5, 6, 7, 8, 1023}, {1022, 5, 6, 9, 8, 1023}, {1022, 5, 1, 7, 8, 1023}};
    for (int p = 0; p < 3; p++) c.prompt[p] = (prompts_prompt_t){.ids = ids[p], .length = 6};
    c.set.groups = 1;
    c.set.group[0] = (prompts_group_t){.level = PROMPTS_IMAGE, .component = -1, .nhp = 1, .ahp = 2, .prompt = c.prompt};
    c.set.prompts = 3;
    c.set.slots = 0;
    c.set.parameter_count = 0;
    c.set.options.learn = false;
    align_head_t head;
    check_error(align_head_init(&head, model, &c.set, &c.training), ST_OK, "");
    assert_int_equal(head.count, 0);
    assert_null(head.params);
    float normal[28], abnormal[28], f[28];
    check_error(align_head_anchors(normal, abnormal, &head), ST_OK, "");
    clip_text_t *text;
    check_error(clip_text_open(&text, model, &(clip_prompt_t){.ids = ids[0], .length = 6}, 1, 0, false, 0), ST_OK, "");
    check_error(clip_text_forward(f, text, NULL), ST_OK, "");
    double square = 0;
    for (int e = 0; e < 28; e++) square += (double)f[e] * (double)f[e];
    for (int e = 0; e < 28; e++) f[e] = (float)((double)f[e] / sqrt(square));
    check_array("normal", normal, f, 28, 1e-5);
    clip_text_close(text);
    double terms[ALIGN_TERMS];
    check_error(align_head_epoch(terms, &head, &c.tokens), ST_EFORMAT, "pixel head: there is nothing to learn");
    align_head_free(&head);
    check_golden_close(c.golden);
}

static void a_step_that_blows_up_is_refused_and_changes_nothing(void **state)
{
    const clip_model_t *model = *state;
    case_t c;
    open_case(&c, "pixel", "pixel", model);
    align_head_t head;
    open_head(&head, model, &c);
    float *z = malloc(sizeof(float) * (size_t)(c.tokens.N * c.tokens.E));
    memcpy(z, c.tokens.z, sizeof(float) * (size_t)(c.tokens.N * c.tokens.E));
    z[5] = NAN;
    c.tokens.z = z;
    double terms[ALIGN_TERMS];
    check_error(align_head_epoch(terms, &head, &c.tokens), ST_EFORMAT, "pixel head, epoch 1: loss nan");
    assert_int_equal(head.epoch, 0);
    assert_memory_equal(head.params, c.initial, sizeof(float) * (size_t)head.count);
    free(z);
    align_head_free(&head);
    check_golden_close(c.golden);
}

static void defaults_are_those_of_the_method(void **state)
{
    const clip_model_t *model = *state;
    for (int image = 0; image < 2; image++) {
        const align_training_t training = align_training_default(image ? "image" : "pixel", model);
        assert_int_equal(training.epochs, image ? 50 : 100);
        assert_true(training.rate == 2e-3 && training.rate_end == 1e-5);
        assert_true(training.momentum == 0.9 && training.decay == 5e-4);
        for (int term = 0; term < ALIGN_TERMS; term++) assert_true(training.losses.use[term]);
        assert_true(training.losses.epsilon == 1 && training.losses.lambda_mean == 0.001);
        assert_true(training.losses.lambda_reg == 1);
        assert_true(fabs(training.losses.logit_scale - log(100)) < 1e-6); /* raw: the parameter, not its exponential */
    }
    assert_int_equal(align_query_adam.steps, 300);
    assert_true(align_query_adam.rate == 3e-3 && align_query_adam.beta1 == 0.9 && align_query_adam.beta2 == 0.999);
    /* The schedule's ends and middle. */
    assert_true(align_cosine(2e-3, 1e-5, 0, 100) == 2e-3);
    assert_true(fabs(align_cosine(2e-3, 1e-5, 50, 100) - 1.005e-3) < 1e-15);
    assert_true(fabs(align_cosine(2e-3, 1e-5, 100, 100) - 1e-5) < 1e-15);
}

static void context_may_start_from_words(void **state)
{
    const clip_model_t *model = *state;
    case_t c;
    open_case(&c, "pixel", "pixel", model);
    const int D = c.set.width;
    int words[2] = {5, 700};
    c.set.options.n_pro = 1;
    c.set.options.n_ctx = 2;
    c.set.ctx_ids = words;
    c.set.parameters = 1;
    c.set.parameter[0] = (prompts_parameter_t){.name = "V", .group = -1, .ndim = 3, .shape = {1, 2, D}};
    align_head_t head;
    check_error(align_head_init(&head, model, &c.set, &c.training), ST_OK, "");
    float *want = malloc(sizeof(float) * 2 * (size_t)D);
    check_error(clip_text_embed(want, model, words, 2), ST_OK, "");
    assert_memory_equal(head.initial, want, sizeof(float) * 2 * (size_t)D);
    assert_memory_equal(head.params, head.initial, sizeof(float) * (size_t)head.count);
    align_head_free(&head);
    words[1] = 1 << 20;
    check_error(align_head_init(&head, model, &c.set, &c.training), ST_EFORMAT, "token 1 is 1048576, the vocabulary");
    align_head_free(&head);
    free(want);
    check_golden_close(c.golden);
}

static void plan_tells_what_a_head_takes(void **state)
{
    const clip_model_t *model = *state;
    case_t c;
    open_case(&c, "image", "image", model);
    size_t small, large;
    clip_text_plan_t plan;
    check_error(align_head_plan(&small, NULL, clip_model_config(model), &c.set, 1), ST_OK, "");
    check_error(align_head_plan(&large, &plan, clip_model_config(model), &c.set, (size_t)1 << 30), ST_OK, "");
    assert_int_equal(plan.prompts, c.set.prompts);
    assert_true(plan.kept_layers >= clip_model_config(model)->text_layers - 1); /* the last one has EOT rows alone */
    assert_true(small < large && large > plan.bytes);
    check_golden_close(c.golden);
}

static void groups_find_their_anchors_and_weights(void **state)
{
    const clip_model_t *model = *state;
    case_t c;
    open_case(&c, "pixel", "pixel", model);
    float normal[5 * 2] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, anchors[6];
    bool background = false;
    align_region_anchors(anchors, &background, normal, &c.set, 2);
    const float want[6] = {6, 7, 8, 9, 4, 5};
    assert_true(background);
    check_array("anchors", anchors, want, 6, 0);
    const uint8_t labels[2 * 6] = {0, 1, 2, 2, 0, 0, 2, 2, 2, 1, 1, 1}; /* two images of 2 x 3, scale 1 */
    float weights[5 * 12];
    align_group_weights(weights, &c.set, labels, 2, 2, 3, 1, 0.5);
    for (int i = 0; i < 12; i++) {
        assert_true(weights[i] == 1);
        assert_true(weights[12 + i] == (labels[i] != 2 ? 1.5F : 1.0F));
        assert_true(weights[24 + i] == (labels[i] == 2 ? 1.5F : 1.0F));
        assert_true(weights[36 + i] == (labels[i] == 0 ? 1.5F : 1.0F));
        assert_true(weights[48 + i] == (labels[i] == 1 ? 1.5F : 1.0F));
    }
    check_golden_close(c.golden);
}

static int setup(void **state)
{
    *state = open_model();
    return 0;
}

static int teardown(void **state)
{
    clip_model_close(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_heads_learn_as_autograd_does),
        cmocka_unit_test(each_loss_can_be_off),
        cmocka_unit_test(resumed_or_watched_or_on_a_small_budget_the_bits_are_the_same),
        cmocka_unit_test(the_trace_tells_where_the_gradient_went_and_changes_no_bit),
        cmocka_unit_test(without_learning_a_head_gives_anchors_alone),
        cmocka_unit_test(a_step_that_blows_up_is_refused_and_changes_nothing),
        cmocka_unit_test(defaults_are_those_of_the_method),
        cmocka_unit_test(context_may_start_from_words),
        cmocka_unit_test(plan_tells_what_a_head_takes),
        cmocka_unit_test(groups_find_their_anchors_and_weights),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
