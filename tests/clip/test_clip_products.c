/* Both towers with products by Strassen's scheme: the BLAS's features and gradients but for rounding, and bits that hang on no
 * place in a batch and no number of threads. */
#include "support/check.h"

#include "clip/clip_internal.h"
#include "tools/toy_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static clip_model_t *open_model(clip_products_t kind, int threads)
{
    clip_model_t *model = NULL;
    const char *dir = check_temp_dir("clip-products");
    check_error(toy_model_write(dir, toy_preset_find("toy-wide"), 1, false), ST_OK, "");
    check_error(clip_model_open(&model, dir), ST_OK, "");
    check_error(clip_model_products(model, kind, threads), ST_OK, "");
    return model;
}

static bool here(void)
{
    if (clip_products_check(CLIP_PRODUCTS_STRASSEN) == ST_OK) return true;
    print_message("skipped: %s\n", fail_message());
    return false;
}

enum { ARRAYS = 2, IMAGES = CLIP_BATCH };

/* Class and patch tokens of images first .. first+count-1, each of its own pixels, in one call. */
static void encode(float *out[ARRAYS * IMAGES], clip_vision_t *vision, int first, int count, size_t pixels)
{
    static const clip_feature_t feature[ARRAYS] = {{.kind = CLIP_FEATURE_CLS}, {.kind = CLIP_FEATURE_TOKENS}};
    float *image[IMAGES];
    const float *batch[IMAGES];
    for (int i = 0; i < count; i++) {
        image[i] = malloc(pixels * sizeof(float));
        toy_model_pixels(image[i], toy_preset_find("toy-wide"), (uint64_t)(first + i + 1));
        batch[i] = image[i];
    }
    float **at = out + ARRAYS * first;
    if (count == 1)
        check_error(clip_vision_encode(at, vision, feature, ARRAYS, batch[0]), ST_OK, "");
    else
        check_error(clip_vision_encode_batch(at, vision, feature, ARRAYS, batch, count), ST_OK, "");
    for (int i = 0; i < count; i++) free(image[i]);
}

static void images_have_the_same_features_and_bits_at_every_place(void **state)
{
    (void)state;
    if (!here()) skip();
    float *out[2][ARRAYS * IMAGES];
    size_t count[ARRAYS] = {0};
    for (int k = 0; k < 2; k++) {
        clip_model_t *model = open_model(k == 0 ? CLIP_PRODUCTS_BLAS : CLIP_PRODUCTS_STRASSEN, 1);
        const clip_config_t *c = clip_model_config(model);
        const size_t pixels = 3 * (size_t)c->image_size * (size_t)c->image_size, E = (size_t)c->embed;
        clip_vision_t *vision = NULL;
        check_error(clip_vision_open(&vision, model, NULL), ST_OK, "");
        count[0] = E, count[1] = E * (size_t)(c->grid * c->grid);
        for (int a = 0; a < ARRAYS * IMAGES; a++) out[k][a] = malloc(count[a % ARRAYS] * sizeof(float));
        if (k == 0) {
            for (int i = 0; i < IMAGES; i++) encode(out[k], vision, i, 1, pixels);
        } else {
            float *alone[ARRAYS * IMAGES];
            assert_int_equal(clip_vision_batch(vision), IMAGES);
            for (int a = 0; a < ARRAYS * IMAGES; a++) alone[a] = malloc(count[a % ARRAYS] * sizeof(float));
            encode(out[k], vision, 0, IMAGES, pixels);
            for (int i = 0; i < IMAGES; i++) encode(alone, vision, i, 1, pixels);
            for (int a = 0; a < ARRAYS * IMAGES; a++) {
                assert_memory_equal(alone[a], out[k][a], count[a % ARRAYS] * sizeof(float));
                free(alone[a]);
            }
        }
        clip_vision_close(vision);
        clip_model_close(model);
    }
    for (int a = 0; a < ARRAYS * IMAGES; a++) {
        check_array(a % ARRAYS == 0 ? "class" : "tokens", out[1][a], out[0][a], count[a % ARRAYS], 1e-5);
        assert_memory_not_equal(out[1][a], out[0][a], count[a % ARRAYS] * sizeof(float)); /* it is another product */
        free(out[0][a]), free(out[1][a]);
    }
}

enum { MANY = 400, LENGTH = 7, SLOTS = 5 };

static void prompts_have_the_same_features_and_bits_on_any_number_of_threads(void **state)
{
    (void)state;
    if (!here()) skip();
    static int ids[MANY][LENGTH];
    static clip_prompt_t prompt[MANY];
    float *f[5], *dslots[5], *df = NULL, *table = NULL;
    size_t features = 0, slots = 0;
    for (int p = 0; p < MANY; p++) {
        const int own[LENGTH] = {1022, CLIP_SLOT(p % 2), 3, 4 + p, CLIP_SLOT(2 + p % 3), 500 + p % 100, 1023};
        memcpy(ids[p], own, sizeof own);
        prompt[p] = (clip_prompt_t){.ids = ids[p], .length = LENGTH};
    }
    /* By the BLAS; then on one thread, two, three, and three that keep no layer. */
    for (int round = 0; round < 5; round++) {
        const int threads = round < 2 ? 1 : round < 4 ? round : 3;
        clip_model_t *model = open_model(round == 0 ? CLIP_PRODUCTS_BLAS : CLIP_PRODUCTS_STRASSEN, threads);
        const clip_config_t *c = clip_model_config(model);
        clip_text_t *text = NULL;
        base_pool_t *pool = NULL;
        if (round == 0) {
            features = MANY * (size_t)c->embed, slots = SLOTS * (size_t)c->text_width;
            df = malloc(features * sizeof *df), table = malloc(slots * sizeof *table);
            for (size_t i = 0; i < features; i++) df[i] = (float)(i % 29) - 14;
            for (size_t i = 0; i < slots; i++) table[i] = (float)(i % 31) / 31 - 0.5F;
        }
        f[round] = calloc(features, sizeof(float));
        dslots[round] = calloc(slots, sizeof(float));
        check_error(clip_set_threads(threads), ST_OK, "");
        if (threads > 1) check_error(base_pool_open(&pool, threads), ST_OK, "");
        check_error(clip_text_open(&text, model, prompt, MANY, SLOTS, true, round == 4 ? 0 : CLIP_TEXT_BUDGET), ST_OK,
                    "");
        clip_text_share(text, pool);
        for (int again = 0; again < 2; again++) check_error(clip_text_forward(f[round], text, table), ST_OK, "");
        clip_text_backward(dslots[round], text, df);
        assert_true(text->rows > 1280); /* two shares at least */
        clip_text_close(text);
        base_pool_close(pool);
        clip_model_close(model);
        if (round > 1) {
            assert_memory_equal(f[round], f[1], features * sizeof(float));
            assert_memory_equal(dslots[round], dslots[1], slots * sizeof(float));
        }
    }
    check_array("features", f[1], f[0], features, 1e-5);
    check_array("gradients", dslots[1], dslots[0], slots, 1e-5);
    assert_memory_not_equal(dslots[1], dslots[0], slots * sizeof(float));
    for (int round = 0; round < 5; round++) free(f[round]), free(dslots[round]);
    free(df), free(table);
}

/* A model that says of its files that they have this mark. */
static clip_model_t *open_marked(uint64_t seed, const char *mark)
{
    clip_model_t *model = NULL;
    const char *dir = check_temp_dir("clip-rooms");
    check_error(toy_model_write(dir, toy_preset_find("toy-wide"), seed, false), ST_OK, "");
    check_error(clip_model_open(&model, dir), ST_OK, "");
    assert_string_equal(model->mark, ""); /* written this moment: the same mark may come to mean another content */
    snprintf(model->mark, sizeof model->mark, "%s", mark);
    return model;
}

/* Models of one mark read each other's packed weights: where that is wrong, it is seen. Without a mark they keep to themselves. */
static void packed_weights_are_common_to_models_of_the_same_files(void **state)
{
    (void)state;
    if (!here()) skip();
    clip_model_t *model[5];
    static const char *const mark[] = {"files", "files", "others", "", ""};
    for (int i = 0; i < 5; i++) {
        model[i] = open_marked(i < 2 ? 1 : (uint64_t)i, mark[i]);
        check_error(clip_model_products(model[i], CLIP_PRODUCTS_STRASSEN, 1), ST_OK, "");
        if (!clip_model_packed(model[i])) {
            print_message("skipped: no shared memory here\n");
            skip();
        }
        assert_non_null(model[i]->room);
        const double room = (double)ops_frozen_room(model[i]->products, &(uint64_t){0});
        const double planned = (double)clip_products_shared_bytes(clip_model_config(model[i]), CLIP_PRODUCTS_STRASSEN);
        assert_true(room > 0.99 * planned && room < 1.01 * planned);
    }
    clip_model_t *stranger = open_marked(2, "files");
    check_error(clip_model_products(stranger, CLIP_PRODUCTS_STRASSEN, 1), ST_EIO, "is wrong");
    assert_null(stranger->products);
    clip_model_close(stranger);
    for (int i = 0; i < 5; i++) clip_model_close(model[i]);
    stranger = open_marked(2, "files"); /* the last one takes the room away */
    check_error(clip_model_products(stranger, CLIP_PRODUCTS_STRASSEN, 1), ST_OK, "");
    clip_model_close(stranger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images_have_the_same_features_and_bits_at_every_place),
        cmocka_unit_test(prompts_have_the_same_features_and_bits_on_any_number_of_threads),
        cmocka_unit_test(packed_weights_are_common_to_models_of_the_same_files),
    };
    return cmocka_run_group_tests_name("clip_products", tests, NULL, NULL);
}
