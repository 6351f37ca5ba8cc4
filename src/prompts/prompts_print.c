/* Captions and prompts for people to read. */
#include "prompts/prompts_internal.h"

#include <stdlib.h>
#include <string.h>

/* "   (of pins, housing)", and the line's end. */
static void print_of(FILE *out, const prompts_mfsc_t *mfsc, unsigned of)
{
    const char *between = "   (of ";
    if ((of & PROMPTS_OF_FOREGROUND) != 0) fprintf(out, "%sforeground", between), between = ", ";
    if ((of & PROMPTS_OF_BACKGROUND) != 0) fprintf(out, "%sbackground", between), between = ", ";
    for (int c = 0; c < mfsc->components; c++)
        if ((of & PROMPTS_OF_COMPONENT(c)) != 0) fprintf(out, "%s%s", between, mfsc->component[c].name), between = ", ";
    fputs(of != 0 ? ")\n" : "\n", out);
}

void prompts_print_mfsc(FILE *out, const prompts_mfsc_t *mfsc)
{
    fprintf(out, "%s/%s (%s)\n", mfsc->dataset, mfsc->category, mfsc->path);
    fprintf(out, "  foreground  %s\n", mfsc->foreground);
    fprintf(out, "  background  %s\n", mfsc->background != NULL ? mfsc->background : "none");
    fprintf(out, "  summary     %s\n", mfsc->summary);
    fprintf(out, "  relation    %s\n", mfsc->relation);
    for (int c = 0; c < mfsc->components; c++) {
        const prompts_component_t *component = &mfsc->component[c];
        fprintf(out, "  component %d '%s'\n    caption   %s\n", c + 1, component->name, component->caption);
        if (component->plural != NULL) fprintf(out, "    %-9s %s\n", "plural", component->plural);
        for (int a = 0; a < PROMPTS_ATTRIBUTES; a++)
            if (component->value[a] != NULL)
                fprintf(out, "    %-9s %s\n", prompts_attribute_name((prompts_attribute_t)a), component->value[a]);
    }
    for (int i = 0; i < mfsc->states; i++) {
        fprintf(out, "  %-11s %s", i == 0 ? "abnormal" : "", mfsc->state[i].text);
        print_of(out, mfsc, mfsc->state[i].of);
    }
    for (int a = 0; a < PROMPTS_ATTRIBUTES; a++)
        for (int i = 0; i < mfsc->values[a].count; i++)
            fprintf(out, "  %-11s %s: %s\n", "also drawn", prompts_attribute_name((prompts_attribute_t)a),
                    mfsc->values[a].value[i]);
    for (int i = 0; i < mfsc->unverified.count; i++)
        fprintf(out, "  %-11s %s\n", i == 0 ? "unverified" : "", mfsc->unverified.value[i]);
}

void prompts_print_chat(FILE *out, const prompts_mfsc_t *mfsc)
{
    fprintf(out, "The picture shows one %s.\n\nA normal %s looks like this:\n- %s\n- %s\n", mfsc->foreground,
            mfsc->foreground, mfsc->summary, mfsc->relation);
    for (int c = 0; c < mfsc->components; c++)
        fprintf(out, "- %s: %s\n", mfsc->component[c].name, mfsc->component[c].caption);
    fputs("\nWhat can be wrong with it:\n", out);
    for (int i = 0; i < mfsc->states; i++) {
        char *said = prompts_apply_state(mfsc->state[i].text, mfsc->foreground, false);
        const bool whole = mfsc->state[i].of == 0 || (mfsc->state[i].of & PROMPTS_OF_FOREGROUND) != 0;
        if (whole && said != NULL) fprintf(out, "- %s\n", said);
        free(said);
        for (int c = 0; c < mfsc->components; c++) {
            if ((mfsc->state[i].of & PROMPTS_OF_COMPONENT(c)) == 0) continue;
            const bool plural = strcmp(mfsc->component[c].value[PROMPTS_NUMBER], "one") != 0;
            said = prompts_apply_state(mfsc->state[i].text, mfsc->component[c].name, plural);
            if (said != NULL) fprintf(out, "- %s\n", said);
            free(said);
        }
    }
    fputs("- any other departure from the description\n\nIs there an anomaly in the picture? Answer with one word, yes "
          "or no, "
          "then name the component and what is wrong with it, and give the probability of an anomaly from 0 to 1.\n",
          out);
}

void prompts_print_group(FILE *out, const prompts_set_t *set, int group)
{
    REQUIRE(group >= 0 && group < set->groups);
    const prompts_group_t *g = &set->group[group];
    int copies = set->options.n_pro, count = g->nhp + g->ahp + g->alp;
    fprintf(out, "group %d '%s': noun '%s', %d NHP, %d AHP, %d ALP", group, g->name, g->noun, g->nhp, g->ahp, g->alp);
    if (copies > 1) fprintf(out, " (%d copies of each)", copies);
    fprintf(out, "\n");
    int vectors = set->options.n_ctx_ab;
    for (int i = 0; i < g->placeholders; i++)
        fprintf(out, "  [a%d] %d vector%s: %s\n", i + 1, vectors, vectors == 1 ? "" : "s", g->placeholder[i]);
    for (int i = 0; i < count; i += copies)
        fprintf(out, "  %s %3d tokens  %s\n", prompts_kind_name(g->prompt[i].kind), g->prompt[i].length,
                g->prompt[i].text);
}

void prompts_print_set(FILE *out, const prompts_set_t *set)
{
    for (int g = 0; g < set->groups; g++) prompts_print_group(out, set, g);
    fprintf(out, "%d prompts in %d groups, longest %d tokens, %lld learnable numbers\n", set->prompts, set->groups,
            set->max_length, (long long)set->parameter_count);
    for (int i = 0; i < set->parameters; i++) {
        const prompts_parameter_t *row = &set->parameter[i];
        fprintf(out, "  %10lld  %-24s (", (long long)row->offset, row->name);
        for (int d = 0; d < row->ndim; d++) fprintf(out, "%s%lld", d > 0 ? ", " : "", (long long)row->shape[d]);
        fprintf(out, ")\n");
    }
}
