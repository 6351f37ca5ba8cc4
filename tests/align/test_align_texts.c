/* Anchors of fixed texts against PyTorch on a seeded toy model. */
#include "support/check.h"

#include "align/align.h"
#include "tools/toy_model.h"

static void anchors_equal_pytorch(void **state)
{
    (void)state;
    check_golden_t *golden = check_golden_open("align/texts");
    const char *dir = check_temp_dir("align-texts");
    check_error(toy_model_write(dir, toy_preset_find("toy"), 4, false), ST_OK, "");
    clip_model_t *model = NULL;
    check_error(clip_model_open(&model, dir), ST_OK, "");
    enum { MOST = 16, MOST_E = 64 };
    size_t count;
    const int32_t *length = check_golden_i32(golden, "lengths", &count, NULL),
                  *ids = check_golden_i32(golden, "ids", NULL, NULL);
    const int normal = *check_golden_i32(golden, "normal", NULL, NULL), E = clip_model_config(model)->embed;
    prompts_prompt_t prompt[MOST];
    for (size_t i = 0; i < count; ids += length[i++]) prompt[i] = (prompts_prompt_t){.ids = ids, .length = length[i]};
    const prompts_set_t set = {.width = clip_model_config(model)->text_width,
                               .groups = 1,
                               .group = {{.nhp = normal, .ahp = (int)count - normal, .prompt = prompt}},
                               .prompts = (int)count};
    float anchors[2 * MOST_E];
    static const char *const names[] = {"plain", "unit"};
    for (int unit = 0; unit < 2; unit++) {
        align_head_t head;
        align_training_t training = align_training_default("pixel", model);
        training.unit_anchors = unit == 1;
        check_error(align_head_init(&head, model, &set, &training), ST_OK, "");
        check_error(align_head_anchors(anchors, anchors + E, &head), ST_OK, "");
        check_array(names[unit], anchors, check_golden_f32(golden, names[unit], NULL, NULL), 2 * (size_t)E, 1e-5);
        align_head_free(&head);
    }
    clip_model_close(model);
    check_golden_close(golden);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(anchors_equal_pytorch)};
    return cmocka_run_group_tests_name("align_texts", tests, NULL, NULL);
}
