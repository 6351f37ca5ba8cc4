/* Opening a model: what is read, and the exact message of every refusal. */
#include "support/check.h"

#include "clip/clip.h"
#include "tools/toy_model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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
    check_error(clip_set_threads(1), ST_OK, "");
    assert_non_null(strstr(clip_backend(CLIP_PRODUCTS_BLAS), "core"));
    assert_non_null(strstr(clip_backend(CLIP_PRODUCTS_BLAS), "1 thread"));
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
    edit(CONFIG, "\"model_cfg\": {", "\"embed_dim\": 28,");
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
        {"\"quick_gelu\": false", "\"quick_gelu\": 0", "model_cfg.quick_gelu is neither true nor false"},
        {"\"preprocess_cfg\": {", "\"preprocess_cfg\": [0], \"x\": {", "preprocess_cfg is not an object"},
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

/* Adds `"key": value` to a section of the toy's configuration. */
static void add_key(const char *section, const char *member)
{
    char from[64], to[256];
    snprintf(from, sizeof from, "\"%s\": {", section);
    snprintf(to, sizeof to, "%s%s, ", from, member);
    edit(CONFIG, from, to);
}

static void keys_with_the_value_that_is_computed_here_are_accepted(void **state)
{
    (void)state;
    static const struct {
        const char *section, *members;
    } cases[] = {
        {"model_cfg", "\"custom_text\": true, \"init_logit_bias\": -10, \"init_logit_scale\": 2.3, "
                      "\"nonscalar_logit_scale\": true, \"multimodal_cfg\": null"},
        {"vision_cfg", "\"pool_type\": \"tok\", \"pos_embed_type\": \"learnable\", \"act_kwargs\": null, "
                       "\"norm_kwargs\": {\"eps\": 0.00001}, \"qk_norm\": false, \"block_type\": \"default\""},
        {"vision_cfg", "\"timm_model_name\": null, \"timm_pool\": \"avg\", \"patch_dropout\": 0.5, \"scale_fc\": null, "
                       "\"attn_pooler_queries\": 256, \"output_tokens\": true"},
        {"text_cfg", "\"pool_type\": \"argmax\", \"proj_type\": \"linear\", \"proj_bias\": false, \"pad_id\": 0, "
                     "\"eos_id\": 2, \"act_kwargs\": {}, \"norm_kwargs\": {}"},
        {"text_cfg",
         "\"hf_tokenizer_name\": \"\", \"hf_model_name\": null, \"tokenizer_kwargs\": {\"clean\": \"lower\"}"},
        {"preprocess_cfg", "\"interpolation\": \"bicubic\", \"resize_mode\": \"shortest\", \"size\": [99, 99], "
                           "\"mode\": \"RGB\", \"fill_color\": 7"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_toy("toy-quick", 1, false);
        add_key(cases[i].section, cases[i].members);
        clip_config_t config;
        check_error(clip_config_read(&config, dir), ST_OK, "");
    }
    write_toy("toy-quick", 1, false);
    edit(CONFIG, "\"mean\": [0.48145466, 0.4578275, 0.40821073]", "\"mean\": null");
    clip_config_t config;
    check_error(clip_config_read(&config, dir), ST_OK, "");
}

static void keys_with_another_value_and_unknown_keys_are_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *section, *member, *message;
    } cases[] = {
        {"vision_cfg", "\"pool_type\": \"avg\"",
         "vision_cfg.pool_type is \"avg\", expected \"tok\": fgad computes CLIP's plain ViT and text towers alone"},
        {"vision_cfg", "\"pool_type\": null", "vision_cfg.pool_type is null, expected \"tok\""},
        {"vision_cfg", "\"act_kwargs\": {\"approximate\": \"tanh\"}",
         "vision_cfg.act_kwargs is {\"approximate\": \"tanh\"}, expected null or {}"},
        {"vision_cfg", "\"norm_kwargs\": {\"eps\": 1e-6}",
         "vision_cfg.norm_kwargs is {\"eps\": 1e-06}, expected null or {} or {\"eps\": 1e-05}"},
        {"vision_cfg", "\"pos_embed_type\": \"sin_cos_2d\"", "vision_cfg.pos_embed_type is \"sin_cos_2d\""},
        {"vision_cfg", "\"qk_norm\": true", "vision_cfg.qk_norm is true, expected null or false"},
        {"vision_cfg", "\"scale_fc\": true", "vision_cfg.scale_fc is true"},
        {"vision_cfg", "\"scaled_cosine_attn\": true", "vision_cfg.scaled_cosine_attn is true"},
        {"vision_cfg", "\"block_type\": \"custom\"", "vision_cfg.block_type is \"custom\""},
        {"vision_cfg", "\"ls_init_value\": 0.1", "vision_cfg.ls_init_value is 0.1, expected null"},
        {"vision_cfg", "\"timm_model_name\": \"vit\"", "vision_cfg.timm_model_name is \"vit\", expected null or \"\""},
        {"vision_cfg", "\"input_patchnorm\": true", "vision_cfg.input_patchnorm is true"},
        {"vision_cfg", "\"registers\": 4", "vision_cfg.registers is not a key that fgad knows"},
        {"text_cfg", "\"proj_type\": \"none\"", "text_cfg.proj_type is \"none\", expected \"linear\""},
        {"text_cfg", "\"pool_type\": \"eos\"", "text_cfg.pool_type is \"eos\", expected \"argmax\""},
        {"text_cfg", "\"hf_tokenizer_name\": \"t5\"", "text_cfg.hf_tokenizer_name is \"t5\""},
        {"text_cfg", "\"tokenizer_kwargs\": {\"clean\": \"canonicalize\"}", "text_cfg.tokenizer_kwargs is {\"clean\""},
        {"text_cfg", "\"head_width\": 8", "text_cfg.head_width is not a key that fgad knows"},
        {"model_cfg", "\"multimodal_cfg\": {}", "model_cfg.multimodal_cfg is {}, expected null"},
        {"model_cfg", "\"quickgelu\": true", "model_cfg.quickgelu is not a key that fgad knows"},
        {"preprocess_cfg", "\"interpolation\": \"bilinear\"",
         "preprocess_cfg.interpolation is \"bilinear\", expected null or \"bicubic\": fgad computes CLIP's own"},
        {"preprocess_cfg", "\"crop_pct\": 0.9", "preprocess_cfg.crop_pct is not a key that fgad knows"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_toy("toy-quick", 1, false);
        add_key(cases[i].section, cases[i].member);
        refused(ST_EFORMAT, cases[i].message);
    }
    write_toy("toy-quick", 1, false);
    edit(CONFIG, "0.48145466", "0.5");
    refused(ST_EFORMAT, "preprocess_cfg.mean is [0.5, 0.4578275, 0.40821073], expected null or [0.48145466");
    write_toy("toy-quick", 1, false);
    edit(CONFIG, "0.27577711", "0.27");
    refused(ST_EFORMAT, "preprocess_cfg.std is [");
}

static void what_a_configuration_leaves_out_is_open_clips_default(void **state)
{
    (void)state;
    write_toy("toy-quick", 1, false);
    edit(CONFIG, "\"image_size\": 12, \"layers\": 2, \"width\": 24, \"head_width\": 8, \"patch_size\": 4", "");
    edit(CONFIG, "\"context_length\": 32, \"vocab_size\": 1024, \"width\": 36, \"heads\": 3, \"layers\": 2", "");
    clip_config_t c;
    check_error(clip_config_read(&c, dir), ST_OK, "");
    assert_int_equal(c.image_size, 224);
    assert_int_equal(c.patch, 16);
    assert_int_equal(c.width, 768);
    assert_int_equal(c.layers, 12);
    assert_int_equal(c.heads, 12);
    assert_int_equal(c.context, 77);
    assert_int_equal(c.vocab, 49408);
    assert_int_equal(c.text_width, 512);
    assert_int_equal(c.text_heads, 8);
    assert_int_equal(c.text_layers, 12);
}

/* Writes the toy's weights again with one tensor more, of one value. */
static void add_tensor(const char *added)
{
    enum { MOST = 256 };
    static int64_t shapes[MOST][8];
    const char *names[MOST];
    const float *data[MOST];
    int ndims[MOST];
    const float one = 1;
    char path[600], from[600];
    snprintf(path, sizeof path, "%s/" WEIGHTS, dir);
    snprintf(from, sizeof from, "%s/before.safetensors", dir);
    assert_int_equal(rename(path, from), 0);
    io_safetensors_t *file = NULL;
    check_error(io_safetensors_open(&file, from), ST_OK, "");
    int count = io_safetensors_count(file);
    assert_true(count < MOST);
    for (int i = 0; i < count; i++) {
        const io_tensor_t *tensor = io_safetensors_at(file, i);
        names[i] = tensor->name, data[i] = tensor->data, ndims[i] = tensor->ndim;
        memcpy(shapes[i], tensor->shape, sizeof shapes[i]);
    }
    names[count] = added, data[count] = &one, ndims[count] = 1, shapes[count][0] = 1;
    check_error(io_safetensors_write(path, names, data, (const int64_t(*)[8])shapes, ndims, count + 1, false), ST_OK,
                "");
    io_safetensors_close(file);
    assert_int_equal(remove(from), 0);
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
    refused(ST_EFORMAT, "visual.positional_embedding is (26,60), config wants (1048577,60) "
                        "(hint: datasets/models/resize MODEL OUT --size PIXELS makes a model of another image size)");
    write_toy("toy", 1, false);
    edit(CONFIG, "\"context_length\": 32", "\"context_length\": 77");
    refused(ST_EFORMAT,
            "positional_embedding is (32,36), config wants (77,36) (hint: the weights' context_length is 32)");
}

static void tensors_that_the_configuration_leaves_out_are_refused(void **state)
{
    (void)state;
    write_toy("toy", 1, false);
    edit(CONFIG, "\"layers\": 12", "\"layers\": 11");
    refused(ST_EFORMAT, "is of block 11, config's vision_cfg.layers is 11: blocks would be left out");
    write_toy("toy", 1, false);
    edit(CONFIG, "\"layers\": 3", "\"layers\": 2");
    refused(ST_EFORMAT, "is of block 2, config's text_cfg.layers is 2: blocks would be left out");
    write_toy("toy", 1, false);
    add_tensor("visual.transformer.resblocks.0.ls_1.gamma");
    refused(ST_EFORMAT,
            "tensor 'visual.transformer.resblocks.0.ls_1.gamma' is of none of CLIP's plain ViT and text towers");
    write_toy("toy", 1, false);
    add_tensor("logit_bias");
    clip_model_t *model = NULL;
    check_error(clip_model_open(&model, dir), ST_OK, "");
    clip_model_close(model);
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
    } others[] = {
        {"vision_model.x", "(hint: the names are transformers': datasets/models/convert makes open_clip's of them)"},
        {"transformer.resblocks.x", "(hint: the file has no image tower)"},
        {"visual.trunk.x", "(hint: the image tower is timm's, only CLIP's own ViT is read)"},
        {"module.visual.conv1.weight", "(hint: all names begin with 'module.': datasets/models/convert takes it off)"},
        {"state_dict.visual.conv1.weight", "(hint: all names begin with 'state_dict.': datasets/models/convert"},
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
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
        /* Under its own mark it has been checked already, and is not read for that again; under another one it is. */
        char mark[CLIP_MARK_SIZE];
        bool settled;
        struct timespec nap = {.tv_nsec = 100000000};
        do {
            check_error(clip_model_mark(mark, &settled, dir), ST_OK, "");
        } while (!settled && nanosleep(&nap, NULL) == 0);
        clip_model_t *model = NULL;
        if (!half) {
            check_error(clip_model_open_checked(&model, dir, 0, mark), ST_OK, "");
            clip_model_close(model);
        }
        mark[0] = mark[0] == '1' ? '2' : '1';
        check_error(clip_model_open_checked(&model, dir, 0, mark), ST_EFORMAT, "is NaN, expected finite numbers");
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

static void put(const char *name, const char *text)
{
    char path[600];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    check_error(io_write_file(path, text, strlen(text)), ST_OK, "");
}

static void move(const char *from, const char *to)
{
    char a[600], b[600];
    snprintf(a, sizeof a, "%s/%s", dir, from);
    snprintf(b, sizeof b, "%s/%s", dir, to);
    assert_int_equal(rename(a, b), 0);
}

static void the_file_names_that_open_clip_tries_are_tried(void **state)
{
    (void)state;
    write_toy("toy-quick", 1, false);
    char digest[IO_DIGEST_SIZE], other[IO_DIGEST_SIZE];
    check_error(clip_model_digest(digest, dir), ST_OK, "");
    static const char *const names[] = {WEIGHTS, "mine.safetensors", "model.safetensors",
                                        "open_clip_pytorch_model.safetensors"};
    for (int i = 1; i < 4; i++) {
        move(names[i - 1], names[i]);
        clip_model_t *model = NULL;
        check_error(clip_model_open(&model, dir), ST_OK, "");
        clip_model_close(model);
        check_error(clip_model_digest(other, dir), ST_OK, "");
        assert_string_equal(other, digest);
    }
    /* The first of the list is taken, whatever else is there. */
    put("model.safetensors", "not this one");
    put("a.safetensors", "nor this one");
    check_error(clip_model_digest(other, dir), ST_OK, "");
    assert_string_equal(other, digest);
    move("open_clip_pytorch_model.safetensors", "b.safetensors");
    move("model.safetensors", "c.safetensors");
    refused(ST_EFORMAT,
            "holds 3 .safetensors files (a.safetensors, ...), none of them named open_clip_model.safetensors "
            "(hint: give that name to the one that is meant)");
}

static void a_folder_or_file_of_another_kind_names_the_tool_for_it(void **state)
{
    (void)state;
    static const char *const pickles[] = {"open_clip_pytorch_model.bin", "ViT.pt", "pytorch_model.bin", "epoch_3.pth"};
    char expected[900], path[600];
    for (int i = 0; i < 4; i++) {
        write_toy("toy-quick", 1, false);
        move(WEIGHTS, pickles[i]);
        snprintf(expected, sizeof expected,
                 "'%s' holds %s and no " WEIGHTS ": weights are read from safetensors alone (hint: "
                 "datasets/models/convert '%s' --out DIR makes a folder with it)",
                 dir, pickles[i], dir);
        refused(ST_ENOTFOUND, expected);
        snprintf(path, sizeof path, "%s/%s", dir, pickles[i]);
        remove(path);
    }
    write_toy("toy-quick", 1, false);
    move(CONFIG, "config.json");
    snprintf(expected, sizeof expected,
             "'%s' holds config.json and no " CONFIG ": transformers' layout, expected open_clip's (hint: "
             "datasets/models/convert '%s' --out DIR makes it)",
             dir, dir);
    refused(ST_ENOTFOUND, expected);
    move("config.json", "other.json");
    snprintf(expected, sizeof expected,
             "'%s' holds " WEIGHTS " and no " CONFIG " (hint: datasets/models/convert '%s/" WEIGHTS
             "' --config NAME --out DIR makes a folder with both)",
             dir, dir);
    refused(ST_ENOTFOUND, expected);
    char folder[512];
    snprintf(folder, sizeof folder, "%s", dir);
    snprintf(dir, sizeof dir, "%.400s/" WEIGHTS, folder);
    snprintf(expected, sizeof expected,
             "'%s' is a file, expected a model directory with " CONFIG " and " WEIGHTS
             " (hint: datasets/models/convert '%s' --config NAME --out DIR makes one of it)",
             dir, dir);
    refused(ST_ENOTFOUND, expected);
    write_toy("toy-quick", 1, false);
    snprintf(folder, sizeof folder, "%s", dir);
    snprintf(dir, sizeof dir, "%.400s/" WEIGHTS, folder);
    snprintf(expected, sizeof expected, "is a file, expected a model directory (hint: give its folder, '%s')", folder);
    refused(ST_ENOTFOUND, expected);
    snprintf(dir, sizeof dir, "%s", folder);
    put(WEIGHTS, "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n");
    refused(ST_EFORMAT, WEIGHTS "': is git-lfs's pointer to the file, not the file (hint: git lfs pull)");
    snprintf(path, sizeof path, "%s/" WEIGHTS, dir);
    remove(path);
    snprintf(path, sizeof path, "%s/" CONFIG, dir);
    remove(path);
    refused(ST_ENOTFOUND, "holds no " CONFIG " and no weights (hint: datasets/models/fetch --help)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_knows_its_shapes_parameters_and_digest),
        cmocka_unit_test(half_weights_are_converted_once),
        cmocka_unit_test(image_size_may_be_a_pair_and_the_wrapper_may_be_missing),
        cmocka_unit_test(a_wrong_configuration_is_refused_with_the_key),
        cmocka_unit_test(keys_with_the_value_that_is_computed_here_are_accepted),
        cmocka_unit_test(keys_with_another_value_and_unknown_keys_are_refused_by_name),
        cmocka_unit_test(what_a_configuration_leaves_out_is_open_clips_default),
        cmocka_unit_test(a_tensor_of_another_shape_is_named_with_both_shapes),
        cmocka_unit_test(tensors_that_the_configuration_leaves_out_are_refused),
        cmocka_unit_test(the_file_names_that_open_clip_tries_are_tried),
        cmocka_unit_test(a_folder_or_file_of_another_kind_names_the_tool_for_it),
        cmocka_unit_test(a_missing_tensor_or_tower_is_named),
        cmocka_unit_test(a_weight_that_is_not_finite_is_named),
        cmocka_unit_test(a_short_file_a_missing_file_and_a_missing_directory_are_refused),
    };
    return cmocka_run_group_tests_name("clip_model", tests, NULL, NULL);
}
