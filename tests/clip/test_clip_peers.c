/* Models as open_clip itself saves them (tests/reference/peers.py): read, and equal in ids, image and text features. */
#include "support/check.h"

#include "clip/clip.h"
#include "tokenizer/tokenizer.h"
#include "tools/toy_model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_TEXTS 16
#define MOST_IDS 80
/* A cls row has length 1, a text feature one of about its width's root. */
#define CLS_TOLERANCE 1e-6
#define TEXT_TOLERANCE 1e-5

static void check_cls(const char *name, const clip_model_t *model, const check_golden_t *golden)
{
    const clip_config_t *config = clip_model_config(model);
    const clip_tap_t taps[2] = {{.block = 0, .after_mlp = false}, {.block = 1, .after_mlp = true}};
    const size_t side = (size_t)config->image_size;
    clip_vision_t *vision = NULL;
    check_error(clip_vision_open(&vision, model, taps), ST_OK, "");
    float *pixels = malloc(3 * side * side * sizeof *pixels), *cls = malloc((size_t)config->embed * sizeof *cls);
    assert_true(pixels != NULL && cls != NULL);
    toy_model_pixels(pixels, &(toy_preset_t){.name = name, .image_size = config->image_size}, 1);
    clip_features_t wanted = {.cls = cls};
    check_error(clip_vision_forward(&wanted, vision, pixels), ST_OK, "");
    size_t count = 0;
    const float *want = check_golden_f32(golden, "cls", &count, NULL);
    assert_int_equal(count, config->embed);
    double most = 0;
    for (size_t i = 0; i < count; i++) most = fmax(most, fabs((double)cls[i] - (double)want[i]));
    print_message("%-18s cls %.2g", name, most);
    if (!(most <= CLS_TOLERANCE)) fail_msg("%s: cls differs by %g", name, most);
    free(pixels);
    free(cls);
    clip_vision_close(vision);
}

static void check_texts(const char *name, const char *dir, const clip_model_t *model, const check_golden_t *golden)
{
    const clip_config_t *config = clip_model_config(model);
    size_t texts = 0, bytes = 0;
    const int32_t *text_ends = check_golden_i32(golden, "text_ends", &texts, NULL);
    const uint8_t *text = check_golden_u8(golden, "texts", &bytes, NULL);
    const int32_t *id_ends = check_golden_i32(golden, "id_ends", NULL, NULL);
    const int32_t *want_ids = check_golden_i32(golden, "ids", NULL, NULL);
    assert_true(texts > 0 && texts <= MOST_TEXTS && config->context <= MOST_IDS);
    tokenizer_t *tokenizer = NULL;
    check_error(tokenizer_open(&tokenizer, dir, config->vocab, config->context), ST_OK, "");
    static int ids[MOST_TEXTS][MOST_IDS];
    clip_prompt_t prompts[MOST_TEXTS];
    for (size_t i = 0; i < texts; i++) {
        int start = i == 0 ? 0 : text_ends[i - 1], first = i == 0 ? 0 : id_ends[i - 1], length = 0;
        char *one = strndup((const char *)text + start, (size_t)(text_ends[i] - start));
        check_error(tokenizer_encode(ids[i], &length, tokenizer, one), ST_OK, "");
        assert_int_equal(length, id_ends[i] - first);
        for (int k = 0; k < length; k++)
            if (ids[i][k] != want_ids[first + k])
                fail_msg("%s: id %d of '%s' is %d, open_clip's is %d", name, k, one, ids[i][k], want_ids[first + k]);
        prompts[i] = (clip_prompt_t){.ids = ids[i], .length = length};
        free(one);
    }
    clip_text_t *tower = NULL;
    check_error(clip_text_open(&tower, model, prompts, (int)texts, 0, false, 0), ST_OK, "");
    size_t count = 0;
    const float *want = check_golden_f32(golden, "text", &count, NULL);
    assert_int_equal(count, texts * (size_t)config->embed);
    float *f = malloc(count * sizeof *f);
    assert_non_null(f);
    check_error(clip_text_forward(f, tower, NULL), ST_OK, "");
    double most = 0;
    for (size_t i = 0; i < count; i++) most = fmax(most, fabs((double)f[i] - (double)want[i]));
    print_message(", text %.2g\n", most);
    if (!(most <= TEXT_TOLERANCE)) fail_msg("%s: a text feature differs by %g", name, most);
    free(f);
    clip_text_close(tower);
    tokenizer_close(tokenizer);
}

static void check_peer(void **state)
{
    const char *name = *state;
    char dir[512], path[64];
    snprintf(dir, sizeof dir, "%s/clip/peers/%s", FGAD_GOLDEN_DIR, name);
    snprintf(path, sizeof path, "clip/peer-%s", name);
    check_golden_t *golden = check_golden_open(path);
    clip_model_t *model = NULL;
    check_error(clip_model_open(&model, dir), ST_OK, "");
    assert_true(clip_model_config(model)->quick_gelu == (strcmp(name, "quickgelu") == 0));
    assert_true((clip_model_private_bytes(model) > 0) == (strcmp(name, "fp16") == 0));
    check_cls(name, model, golden);
    check_texts(name, dir, model, golden);
    clip_model_close(model);
    check_golden_close(golden);
}

int main(void)
{
#define PEER(text)                                                                                                     \
    {                                                                                                                  \
        .name = text " is read and equal", .test_func = check_peer, .initial_state = (void *)text                      \
    }
    const struct CMUnitTest tests[] = {
        PEER("vit-b-32"),     PEER("vit-b-16"), PEER("vit-b-16-plus"), PEER("vit-b-16-plus-240"), PEER("vit-l-14"),
        PEER("vit-l-14-336"), PEER("vit-h-14"), PEER("quickgelu"),     PEER("customtext"),        PEER("fp16"),
    };
    return cmocka_run_group_tests_name("clip_peers", tests, NULL, NULL);
}
