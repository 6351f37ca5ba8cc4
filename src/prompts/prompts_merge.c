/* A caption's sentences as one ensemble, for methods that know one group of prompts. */
#include "prompts/prompts_internal.h"

#include <string.h>

static int take_kind(prompts_prompt_t *out, const prompts_set_t *set, prompts_kind_t kind)
{
    int n = 0;
    for (int g = 0; g < set->groups; g++) {
        const prompts_group_t *group = &set->group[g];
        if (group->level == PROMPTS_BACKGROUND) continue;
        const int first = kind == PROMPTS_NHP ? 0 : kind == PROMPTS_AHP ? group->nhp : group->nhp + group->ahp;
        const int count = kind == PROMPTS_NHP ? group->nhp : kind == PROMPTS_AHP ? group->ahp : group->alp;
        memcpy(out + n, group->prompt + first, (size_t)count * sizeof *out);
        n += count;
    }
    return n;
}

status_t prompts_set_merge(prompts_set_t *set)
{
    prompts_prompt_t *all = arena_take(&set->arena, (size_t)set->prompts, sizeof *all);
    if (all == NULL) return ST_ENOMEM;
    const int nhp = take_kind(all, set, PROMPTS_NHP), ahp = take_kind(all + nhp, set, PROMPTS_AHP);
    const int alp = take_kind(all + nhp + ahp, set, PROMPTS_ALP);
    prompts_group_t *image = &set->group[0];
    image->prompt = all;
    image->nhp = nhp;
    image->ahp = ahp;
    image->alp = alp;
    image->placeholders = 0; /* they are of several bodies */
    set->groups = 1;
    set->prompts = nhp + ahp + alp;
    set->components = 0;
    set->background = -1;
    return ST_OK;
}
