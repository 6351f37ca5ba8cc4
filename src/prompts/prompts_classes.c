/* PromptAD's prompts: one group whose text is the class name. */
#include "prompts/prompts_internal.h"

#include <stdlib.h>
#include <string.h>

static const char *const GENERAL[] = {"damaged {}",   "flawed {}",    "abnormal {}",    "imperfect {}",
                                      "blemished {}", "{} with flaw", "{} with defect", "{} with damage"};
#define GENERAL_COUNT ((int)(sizeof GENERAL / sizeof *GENERAL))

typedef struct {
    prompts_assembler_t assembler;
    prompts_group_t *group;
    bool warned; /* of the group's length */
} builder_t;

static status_t add_prompt(builder_t *builder, int *count, const prompts_edit_t *edit, prompts_kind_t kind, int copy)
{
    prompts_group_t *group = builder->group;
    prompts_set_t *set = builder->assembler.set;
    prompts_prompt_t *prompt = &group->prompt[group->nhp + group->ahp + group->alp];
    TRY(prompts_assemble(prompt, &builder->assembler, group->body, edit, edit != NULL ? 1 : 0, kind, copy));
    ++*count;
    set->prompts++;
    if (prompt->length > set->max_length) set->max_length = prompt->length;
    if (builder->assembler.cut && !builder->warned) {
        log_warn("class '%s': a prompt is cut to %d tokens: '%s'", group->noun, prompt->length, prompt->text);
        builder->warned = true;
    }
    return ST_OK;
}

static bool is_general(const char *state)
{
    for (int i = 0; i < GENERAL_COUNT; i++)
        if (strcmp(state, GENERAL[i]) == 0) return true;
    return false;
}

static status_t add_state(builder_t *builder, const char *state)
{
    prompts_group_t *group = builder->group;
    char *text = prompts_apply_state(state, group->noun, false);
    if (text == NULL) return ST_ENOMEM;
    const prompts_edit_t edit = {.end = (int)strlen(group->noun), .text = text};
    status_t status = ST_OK;
    for (int copy = 0; copy < builder->assembler.set->options.n_pro && status == ST_OK; copy++)
        status = add_prompt(builder, &group->ahp, &edit, PROMPTS_AHP, copy);
    free(text);
    return status;
}

/* Each has its own vectors before the name, which its copies share. */
static status_t add_learnable(builder_t *builder)
{
    prompts_group_t *group = builder->group;
    prompts_set_t *set = builder->assembler.set;
    const prompts_options_t *options = &set->options;
    if (options->n_ab == 0) return ST_OK;
    const int first = set->slots, vector = (int)set->parameter_count, vectors = options->n_ab * options->n_ctx_ab;
    TRY(prompts_add_parameter(set, "a", group, 5,
                              (const int64_t[5]){options->n_ab, 1, 1, options->n_ctx_ab, set->width}));
    TRY(prompts_add_slots(set, vectors));
    for (int k = 0; k < vectors; k++)
        set->slot[first + k] = (prompts_slot_t){.vector = vector + k * set->width, .gate = -1};
    group->placeholders = 1;
    group->placeholder[0] = prompts_text(set, "before '%s'", group->noun);
    if (group->placeholder[0] == NULL) return ST_ENOMEM;
    for (int j = 0; j < options->n_ab; j++)
        for (int copy = 0; copy < options->n_pro; copy++) {
            const prompts_edit_t edit = {.slot = first + j * options->n_ctx_ab};
            TRY(add_prompt(builder, &group->alp, &edit, PROMPTS_ALP, copy));
        }
    return ST_OK;
}

status_t prompts_class_set_init(prompts_set_t *out, const char *name, const prompts_state_t *states, int count,
                                const tokenizer_t *tokenizer, const prompts_options_t *options,
                                const prompts_key_t *key, int D)
{
    REQUIRE(D > 0 && name != NULL && count >= 0);
    TRY(prompts_set_begin(out, tokenizer, options, key, D));
    out->groups = 1;
    out->background = -1;
    out->first_component = 1;
    prompts_group_t *group = out->group;
    *group = (prompts_group_t){.level = PROMPTS_IMAGE, .component = -1};
    const size_t most = (size_t)out->options.n_pro * (size_t)(1 + GENERAL_COUNT + count + out->options.n_ab);
    group->prompt = arena_take(&out->arena, most, sizeof *group->prompt);
    group->name = prompts_text(out, "image");
    group->noun = prompts_text(out, "%s", name);
    group->body = prompts_text(out, "%s.", name);
    if (group->prompt == NULL || group->name == NULL || group->noun == NULL || group->body == NULL) return ST_ENOMEM;
    builder_t builder = {.assembler = {.set = out, .tokenizer = tokenizer}, .group = group};
    for (int copy = 0; copy < out->options.n_pro; copy++)
        TRY(add_prompt(&builder, &group->nhp, NULL, PROMPTS_NHP, copy));
    for (int i = 0; i < GENERAL_COUNT; i++) TRY(add_state(&builder, GENERAL[i]));
    for (int i = 0; i < count; i++) {
        const bool other = states[i].of != 0 && (states[i].of & PROMPTS_OF_FOREGROUND) == 0;
        if (!other && !is_general(states[i].text)) TRY(add_state(&builder, states[i].text));
    }
    return add_learnable(&builder);
}
