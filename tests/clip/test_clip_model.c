/* Opening a model: what is read, and the exact message of every refusal. */
#include "support/check.h"

#include "clip/clip.h"
#include "tools/toy_model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char dir[512];

static void write_toy(const char *preset, uint64_t seed, bool half)
{
    snprintf(dir, sizeof dir, "%s", check_temp_dir("clip-model"));
    check_error(toy_model_write(dir, toy_preset_find(preset), seed, half), ST_OK, "");
}

static void refused(status_t wanted, const char *text)
{
    clip_model_t *model = NULL;
    check_error(clip_model_open(&model, dir), wanted, text);
    assert_null(model);
}

/* Replaces the first `from` of a file of the model directory by `to`; of the same length in the weight file. */
static void edit(const char *file, const char *from, const char *to)
{
    char path[600];
    snprintf(path, sizeof path, "%s/%s", dir, file);
    size_t size;
    char *bytes = check_read_file(path, &size);
    char *at = memmem(bytes, size, from, strlen(from));
    assert_non_null(at);
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    fwrite(bytes, 1, (size_t)(at - bytes), out);
    fwrite(to, 1, strlen(to), out);
    fwrite(at + strlen(from), 1, size - (size_t)(at - bytes) - strlen(from), out);
    fclose(out);
    free(bytes);
}

#define CONFIG "open_clip_config.json"
#define WEIGHTS "open_clip_model.safetensors"

static void a_model_knows_its_shapes_parameters_and_digest(void **state)
{
    (void)state;
    write_toy("toy", 1, false);
    clip_model_t *model = NULL;
    check_error(clip_model_open(&model, dir), ST_OK, "");
    const clip_config_t *config = clip_model_config(model);
    assert_int_equal(config->embed, 28);
    assert_int_equal(config->heads, 3);
    assert_int_equal(config->grid, 5);
    assert_int_equal(config->mlp, 240);
    assert_int_equal(config->text_mlp, 144);
    assert_false(config->quick_gelu);
    assert_true(fabsf(clip_model_logit_scale(model) - 4.6051702f) < 1e-6f);
    const int64_t W = 60, block = 12 * W * W + 13 * W;
    assert_int_equal(clip_model_parameters(model, false), W * 48 + W + 26 * W + 2 * W + 12 * block + 2 * W + W * 28);
    assert_int_equal(clip_model_private_bytes(model), 0);
    clip_set_threads(1);
    assert_non_null(strstr(clip_backend(), "core"));
    assert_non_null(strstr(clip_backend(), "1 thread"));
    clip_model_close(model);

    char digest[IO_DIGEST_SIZE], again[IO_DIGEST_SIZE], other[IO_DIGEST_SIZE];
    check_error(clip_model_digest(digest, dir), ST_OK, "");
    assert_int_equal(strlen(digest), 64);
    check_error(clip_model_digest(again, dir), ST_OK, "");
    assert_string_equal(again, digest);
    edit(CONFIG, "\"quick_gelu\": false", "\"quick_gelu\": true");
    check_error(clip_model_open(&model, dir), ST_OK, "");
    assert_true(clip_model_config(model)->quick_gelu);
    clip_model_close(model);
    check_error(clip_model_digest(other, dir), ST_OK, "");
    assert_string_not_equal(other, digest);
}

static void half_weights_are_converted_once(void **state)
{
    (void)state;
    write_toy("toy-quick", 1, true);
    clip_model_t *model = NULL;
    check_error(clip_model_open(&model, dir), ST_OK, "");
    int64_t all = clip_model_parameters(model, false) + clip_model_parameters(model, true);
    assert_int_equal(clip_model_private_bytes(model), (size_t)all * sizeof(float));
    clip_model_close(model);
}

static void image_size_may_be_a_pair_and_the_wrapper_may_be_missing(void **state)
{
    (void)state;
    write_toy("toy", 1, false);
    edit(CONFIG, "\"image_size\": 20", "\"image_size\": [20, 20]");
    edit(CONFIG, "\"model_cfg\": {", "\"unused\": {}, \"embed_dim\": 28,");
    edit(CONFIG, "  },\n  \"preprocess_cfg\"", "  \"preprocess_cfg\"");
    edit(CONFIG, "\"layers\": 3}\n", "\"layers\": 3},\n");
    edit(CONFIG, "    \"embed_dim\": 28,\n", "");
    clip_model_t *model = NULL;
    check_error(clip_model_open(&model, dir), ST_OK, "");
    assert_int_equal(clip_model_config(model)->image_size, 20);
    clip_model_close(model);
}

static void a_wrong_configuration_is_refused_with_the_key(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *message;
    } cases[] = {
        {"\"layers\": 12", "\"layers\": [3, 4, 6, 3]", "vision_cfg.layers is not a number"},
        {"\"width\": 60", "\"width\": 61", "vision_cfg.width is 61, expected a multiple of head_width 20"},
        {"\"patch_size\": 4", "\"patch_size\": 3", "vision_cfg.image_size is 20, expected a multiple of patch_size 3"},
        {"\"heads\": 3", "\"heads\": 5", "text_cfg.width is 36, expected a multiple of heads 5"},
        {"\"embed_dim\": 28", "\"embed_dim\": 28.5", "model_cfg.embed_dim is 28.5, expected a whole number"},
        {"\"embed_dim\": 28,", "", "model_cfg.embed_dim is missing"},
        {"\"text_cfg\"", "\"text\"", "model_cfg.text_cfg is missing"},
        {"\"head_width\": 20", "\"head_width\": 20, \"timm_model_name\": \"x\"", "vision_cfg.timm_model_name is set"},
        {"\"image_size\": 20", "\"image_size\": [20, 24]", "vision_cfg.image_size is not a square"},
        {"{\n", "", "open_clip_config.json"},
        {"\"width\": 60", "\"width\": 60, \"mlp_ratio\": 0",
         "vision_cfg.mlp_ratio is 0, expected a ratio from above 0 to 64"},
        {"\"width\": 36", "\"width\": 36, \"mlp_ratio\": 65", "text_cfg.mlp_ratio is 65, expected a ratio"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_toy("toy", 1, false);
        edit(CONFIG, cases[i].from, cases[i].to);
        refused(ST_EFORMAT, cases[i].message);
    }
}

static void a_tensor_of_another_shape_is_named_with_both_shapes(void **state)
{
    (void)state;
    write_toy("toy", 1, false);
    edit(CONFIG, "\"patch_size\": 4", "\"patch_size\": 5");
    char expected[700];
    snprintf(expected, sizeof expected, "'%s/" WEIGHTS "': visual.conv1.weight is (60,3,4,4), config wants (60,3,5,5)",
             dir);
    refused(ST_EFORMAT, expected);
    write_toy("toy", 1, false);
    edit(CONFIG, "\"vocab_size\": 1024", "\"vocab_size\": 1025");
    refused(ST_EFORMAT, "token_embedding.weight is (1024,36), config wants (1025,36)");
    /* 2^20 rows of tokens: said before anything of that size is allocated or multiplied. */
    write_toy("toy", 1, false);
    edit(CONFIG, "\"image_size\": 20", "\"image_size\": 4096");
    refused(ST_EFORMAT, "visual.positional_embedding is (26,60), config wants (1048577,60)");
}

static void a_missing_tensor_or_tower_is_named(void **state)
{
    (void)state;
    write_toy("toy", 1, false);
    edit(WEIGHTS, "visual.ln_post.weight", "visual.ln_past.weight");
    refused(ST_EFORMAT, "no tensor 'visual.ln_post.weight', config wants one of shape (60)");
    write_toy("toy", 1, false);
    edit(CONFIG, "\"layers\": 12", "\"layers\": 13");
    refused(ST_EFORMAT, "no tensor 'visual.transformer.resblocks.12.ln_1.weight'");
    /* What else a safetensors file may be, with the hint that goes with it. */
    static const int64_t shape[1][8] = {{1}};
    static const struct {
        const char *name, *message;
    } others[] = {{"vision_model.x", "(hint: the names are transformers', fgad reads open_clip's layout)"},
                  {"transformer.resblocks.x", "(hint: the file has no image tower)"}};
    for (int i = 0; i < 2; i++) {
        char path[600];
        const float one = 1, *data = &one;
        snprintf(path, sizeof path, "%s/" WEIGHTS, dir);
        check_error(io_safetensors_write(path, &others[i].name, &data, shape, (const int[]){1}, 1, false), ST_OK, "");
        refused(ST_EFORMAT, others[i].message);
    }
}

static void a_weight_that_is_not_finite_is_named(void **state)
{
    (void)state;
    for (int half = 0; half < 2; half++) {
        write_toy("toy-quick", 1, half);
        /* The last value of the file, whichever tensor it belongs to, becomes NaN. */
        char path[600];
        snprintf(path, sizeof path, "%s/" WEIGHTS, dir);
        FILE *file = fopen(path, "r+b");
        assert_non_null(file);
        fseek(file, half ? -2 : -4, SEEK_END);
        const uint32_t nan_bits = half ? 0x7e00u : 0x7fc00000u;
        fwrite(&nan_bits, half ? 2 : 4, 1, file);
        fclose(file);
        refused(ST_EFORMAT, "is NaN, expected finite numbers");
    }
}

static void a_short_file_a_missing_file_and_a_missing_directory_are_refused(void **state)
{
    (void)state;
    write_toy("toy-quick", 1, false);
    char path[600];
    snprintf(path, sizeof path, "%s/" WEIGHTS, dir);
    size_t size;
    char *bytes = check_read_file(path, &size);
    FILE *out = fopen(path, "wb");
    fwrite(bytes, 1, size - 100, out);
    fclose(out);
    free(bytes);
    refused(ST_EFORMAT, WEIGHTS);
    remove(path);
    refused(ST_ENOTFOUND, "open_clip_model.safetensors' does not exist");
    snprintf(dir, sizeof dir, "%s", "no/such/model");
    refused(ST_ENOTFOUND, "'no/such/model' is not a directory, expected a model directory with open_clip_config.json");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_knows_its_shapes_parameters_and_digest),
        cmocka_unit_test(half_weights_are_converted_once),
        cmocka_unit_test(image_size_may_be_a_pair_and_the_wrapper_may_be_missing),
        cmocka_unit_test(a_wrong_configuration_is_refused_with_the_key),
        cmocka_unit_test(a_tensor_of_another_shape_is_named_with_both_shapes),
        cmocka_unit_test(a_missing_tensor_or_tower_is_named),
        cmocka_unit_test(a_weight_that_is_not_finite_is_named),
        cmocka_unit_test(a_short_file_a_missing_file_and_a_missing_directory_are_refused),
    };
    return cmocka_run_group_tests_name("clip_model", tests, NULL, NULL);
}
