/* The groups of a category and their prompts. */
#include "prompts/prompts_internal.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    prompts_set_t *set;
    const prompts_mfsc_t *mfsc;
    const prompts_vocabulary_t *vocabulary;
    prompts_assembler_t assembler;
    bool warned;     /* of this group's length */
    int shared_slot; /* the first of those that all groups share; -1: there are none yet */
} builder_t;

prompts_options_t prompts_options_default(void)
{
    return (prompts_options_t){
        .learn = true, .n_ahp = 8, .n_ab = 4, .n_ctx = 4, .n_ctx_ab = 1, .n_pro = 1, .ctx_init = "random"};
}

const char *prompts_kind_name(prompts_kind_t kind)
{
    static const char *const NAMES[] = {"NHP", "AHP", "ALP"};
    return NAMES[kind];
}

/* Values at one place: components first, then attributes, in their own order, so that a sort need not be stable. */
static int by_place(const void *a, const void *b)
{
    const prompts_place_t *x = a, *y = b;
    if (x->start != y->start) return x->start < y->start ? -1 : 1;
    if (x->is_value != y->is_value) return x->is_value ? 1 : -1;
    if (x->component != y->component) return x->component < y->component ? -1 : 1;
    return (x->attribute > y->attribute) - (x->attribute < y->attribute);
}

/* Whether the component is named behind a number: "in one even roast" counts no kernels. */
static bool is_counted(const prompts_source_t *source, const prompts_place_t *number)
{
    for (int i = 0; i < source->places; i++) {
        int start[PROMPTS_MAX_NAMINGS];
        if (source->place[i].is_value || source->place[i].component != number->component) continue;
        int count = prompts_places_namings(start, source->place, source->places, i, source->body);
        if (count > 0 && start[count - 1] > number->end) return true;
    }
    return false;
}

static void find_source(prompts_source_t *out, const prompts_mfsc_t *mfsc, const char *body, int component,
                        bool with_background)
{
    *out = (prompts_source_t){.body = body};
    prompts_place_t *places = out->place;
    int count = out->places = prompts_places_list(places, mfsc, component, with_background);
    prompts_places_find(places, count, body);
    REQUIRE(places[0].start >= 0);
    out->noun_start = places[0].start;
    out->noun_end = places[0].end;
    out->of = component < 0 ? PROMPTS_OF_FOREGROUND : PROMPTS_OF_COMPONENT(component);
    out->plural = component >= 0 && strcmp(mfsc->component[component].value[PROMPTS_NUMBER], "one") != 0;
    qsort(places, (size_t)count, sizeof *places, by_place);
    for (int i = 0; i < count; i++) {
        if (!places[i].is_value || places[i].start < 0) continue;
        if (places[i].attribute == PROMPTS_NUMBER && !is_counted(out, &places[i])) continue;
        /* "a tongue inside it": no other location can stand there. */
        if (places[i].attribute == PROMPTS_LOCATION &&
            prompts_preposition_start(body, places[i].start) == places[i].start)
            continue;
        /* A value that is only there as the noun ("leather") is no attribute of it in this sentence. */
        bool is_noun = false;
        for (int k = 0; k < count; k++)
            is_noun = is_noun || (!places[k].is_value && places[k].start == places[i].start);
        if (is_noun) continue;
        /* Components that share a value may share its place too. */
        if (out->slots > 0 && out->slot[out->slots - 1].start == places[i].start) continue;
        out->slot[out->slots++] = places[i];
    }
}

static status_t add_prompt(prompts_prompt_t *out, builder_t *builder, prompts_group_t *group,
                           const prompts_edit_t *edits, int count, prompts_kind_t kind, int copy)
{
    TRY(prompts_assemble(out, &builder->assembler, group->body, edits, count, kind, copy));
    if (builder->assembler.cut && !builder->warned) {
        log_warn("'%s': group '%s': a prompt is cut to %d tokens: '%s'", builder->mfsc->path, group->name, out->length,
                 out->text);
        builder->warned = true;
    }
    return ST_OK;
}

/* ---- AHP ---- */
static bool same_tokens(const prompts_prompt_t *a, const prompts_prompt_t *b)
{
    return a->length == b->length && memcmp(a->ids, b->ids, (size_t)a->length * sizeof *a->ids) == 0;
}

static int most_handcrafted(const prompts_options_t *options, prompts_level_t level)
{
    return level == PROMPTS_COMPONENT && options->n_ahp_component > 0 ? options->n_ahp_component : options->n_ahp;
}

static status_t add_handcrafted(builder_t *builder, prompts_group_t *group, const prompts_source_t *source)
{
    const prompts_options_t *options = &builder->set->options;
    prompts_change_t *changes = NULL;
    int count = 0, kept = 0, most = most_handcrafted(options, group->level);
    for (int copy = 0; copy < options->n_pro; copy++)
        TRY(add_prompt(&group->prompt[group->nhp++], builder, group, NULL, 0, PROMPTS_NHP, copy));
    TRY(prompts_changes(&changes, &count, builder->set, builder->mfsc, builder->vocabulary, group, source));
    for (int i = 0; i < count && kept < most; i++) {
        prompts_prompt_t *first = &group->prompt[group->nhp + group->ahp];
        TRY(add_prompt(first, builder, group, changes[i].edit, changes[i].count, PROMPTS_AHP, 0));
        if (same_tokens(first, &group->prompt[0])) continue; /* the change lies behind the context's end */
        for (int copy = 1; copy < options->n_pro; copy++)
            TRY(add_prompt(first + copy, builder, group, changes[i].edit, changes[i].count, PROMPTS_AHP, copy));
        group->ahp += options->n_pro;
        kept++;
    }
    if (kept == 0)
        return fail(ST_EFORMAT,
                    "'%s': group '%s': no abnormal prompt differs from the normal one within %d tokens (hint: shorten "
                    "the text or name '%s' earlier)",
                    builder->mfsc->path, group->name, tokenizer_context(builder->assembler.tokenizer), group->noun);
    return ST_OK;
}

/* ---- ALP ---- */
/* Edits of the first `slots` values, or of one placeholder before the noun when there is none. */
static int placeholder_edits(prompts_edit_t *edits, const prompts_source_t *source, int slots)
{
    for (int i = 0; i < slots; i++)
        edits[i] = (prompts_edit_t){.start = source->slot[i].start, .end = source->slot[i].end};
    if (slots > 0) return slots;
    edits[0] = (prompts_edit_t){.start = source->noun_start, .end = source->noun_start};
    return 1;
}

/* How many values get a placeholder: those within the context. */
static status_t fit_placeholders(prompts_edit_t *edits, int *count, builder_t *builder, prompts_group_t *group,
                                 const prompts_source_t *source)
{
    arena_t *arena = &builder->set->arena;
    for (int slots = builder->set->options.insert ? 0 : source->slots; slots >= 0; slots--) {
        arena_mark_t mark = arena_mark(arena);
        prompts_prompt_t trial;
        *count = placeholder_edits(edits, source, slots);
        TRY(add_prompt(&trial, builder, group, edits, *count, PROMPTS_ALP, 0));
        arena_reset(arena, mark);
        if (builder->assembler.cut_vector == 0) return ST_OK;
    }
    return fail(ST_EFORMAT, "'%s': group '%s': no placeholder fits into %d tokens (hint: shorten the text)",
                builder->mfsc->path, group->name, tokenizer_context(builder->assembler.tokenizer));
}

static status_t name_placeholders(builder_t *builder, prompts_group_t *group, const prompts_source_t *source,
                                  const prompts_edit_t *edits, int count)
{
    group->placeholders = count;
    for (int i = 0; i < count; i++) {
        const prompts_place_t *slot = &source->slot[i];
        bool inserted = edits[i].start == edits[i].end;
        group->placeholder[i] =
            inserted ? prompts_text(builder->set, "before '%s'", group->noun)
                     : prompts_text(builder->set, "%s '%s'", prompts_attribute_name(slot->attribute), slot->text);
        if (group->placeholder[i] == NULL) return ST_ENOMEM;
    }
    return ST_OK;
}

/* Slots of a group's own vectors, behind a gate in components, or of those that all share; *first: the first of them. */
static status_t take_slots(int *first, builder_t *builder, const prompts_group_t *group, int count)
{
    prompts_set_t *set = builder->set;
    const prompts_options_t *options = &set->options;
    const bool shared = options->shared;
    *first = builder->shared_slot;
    if (shared && builder->shared_slot >= 0) return ST_OK;
    int vector = (int)set->parameter_count, gate = -1, D = set->width, copies = shared ? 1 : options->n_pro;
    *first = set->slots;
    if (shared) builder->shared_slot = set->slots;
    TRY(prompts_add_parameter(set, "a", group, 5,
                              (const int64_t[5]){options->n_ab, copies, count, options->n_ctx_ab, D}));
    if (group->level == PROMPTS_COMPONENT && !shared) {
        gate = (int)set->parameter_count;
        TRY(prompts_add_parameter(set, "gate", group, 1, (const int64_t[5]){count}));
    }
    int vectors = options->n_ab * copies * count * options->n_ctx_ab;
    TRY(prompts_add_slots(set, vectors));
    for (int k = 0; k < vectors; k++)
        set->slot[*first + k] =
            (prompts_slot_t){.vector = vector + k * D, .gate = gate < 0 ? -1 : gate + k / options->n_ctx_ab % count};
    return ST_OK;
}

static status_t add_learnable(builder_t *builder, prompts_group_t *group, const prompts_source_t *source)
{
    prompts_set_t *set = builder->set;
    const prompts_options_t *options = &set->options;
    if (options->n_ab == 0) return ST_OK;
    prompts_edit_t edits[PROMPTS_MAX_SLOTS + 1];
    int count = 0, first_slot;
    TRY(fit_placeholders(edits, &count, builder, group, source));
    TRY(name_placeholders(builder, group, source, edits, count));
    TRY(take_slots(&first_slot, builder, group, count));
    for (int j = 0; j < options->n_ab; j++) {
        for (int copy = 0; copy < options->n_pro; copy++) {
            for (int i = 0; i < count; i++)
                edits[i].slot =
                    first_slot + (options->shared ? j : (j * options->n_pro + copy) * count + i) * options->n_ctx_ab;
            prompts_prompt_t *prompt = &group->prompt[group->nhp + group->ahp + group->alp++];
            TRY(add_prompt(prompt, builder, group, edits, count, PROMPTS_ALP, copy));
        }
    }
    return ST_OK;
}

/* ---- Groups ---- */
static status_t add_group(builder_t *builder, prompts_level_t level, int component, const char *name,
                          const prompts_source_t *source)
{
    prompts_set_t *set = builder->set;
    const prompts_options_t *options = &set->options;
    prompts_group_t *group = &set->group[set->groups++];
    *group = (prompts_group_t){.level = level, .component = component, .name = name};
    int changes = builder->mfsc->states + source->slots + 1;
    int most_kept = most_handcrafted(options, level), kept = changes < most_kept ? changes : most_kept;
    /* one more: the place where an abnormal prompt is tried */
    size_t most = (size_t)options->n_pro * (size_t)(1 + kept + 1 + options->n_ab);
    group->prompt = arena_take(&set->arena, most, sizeof *group->prompt);
    group->body = prompts_text(set, "%s", source->body);
    group->noun = prompts_text(set, "%.*s", source->noun_end - source->noun_start, source->body + source->noun_start);
    if (group->prompt == NULL || group->body == NULL || group->noun == NULL) return ST_ENOMEM;
    group->name = prompts_text(set, "%s", name);
    if (group->name == NULL) return ST_ENOMEM;
    builder->warned = false;
    TRY(add_handcrafted(builder, group, source));
    TRY(add_learnable(builder, group, source));
    int count = group->nhp + group->ahp + group->alp;
    set->prompts += count;
    for (int i = 0; i < count; i++)
        if (group->prompt[i].length > set->max_length) set->max_length = group->prompt[i].length;
    return ST_OK;
}

static status_t add_groups(builder_t *builder)
{
    const prompts_mfsc_t *mfsc = builder->mfsc;
    prompts_set_t *set = builder->set;
    prompts_source_t source;
    find_source(&source, mfsc, mfsc->summary, -1, true);
    TRY(add_group(builder, PROMPTS_IMAGE, -1, "image", &source));
    set->background = -1;
    set->first_component = 1;
    if (set->options.image_only) return ST_OK;
    if (!set->options.no_foreground) {
        find_source(&source, mfsc, mfsc->relation, -1, false);
        TRY(add_group(builder, PROMPTS_FOREGROUND, -1, "foreground", &source));
    }
    if (mfsc->background != NULL) {
        const char *body = prompts_text(set, "%s background", mfsc->background);
        if (body == NULL) return ST_ENOMEM;
        source = (prompts_source_t){.body = body, .noun_end = (int)strlen(body), .of = PROMPTS_OF_BACKGROUND};
        set->background = set->groups;
        TRY(add_group(builder, PROMPTS_BACKGROUND, -1, "background", &source));
    }
    set->first_component = set->groups;
    set->components = mfsc->components;
    for (int c = 0; c < mfsc->components; c++) {
        find_source(&source, mfsc, mfsc->component[c].caption, c, false);
        TRY(add_group(builder, PROMPTS_COMPONENT, c, mfsc->component[c].name, &source));
    }
    return ST_OK;
}

status_t prompts_set_init(prompts_set_t *out, const prompts_mfsc_t *mfsc, const prompts_vocabulary_t *vocabulary,
                          const tokenizer_t *tokenizer, const prompts_options_t *options, const prompts_key_t *key,
                          int D)
{
    REQUIRE(D > 0 && mfsc->components >= 1);
    if (options->shared && !options->insert)
        return fail(ST_EFORMAT, "alp_vectors: shared wants alp: insert: bodies differ in the number of their values");
    TRY(prompts_set_begin(out, tokenizer, options, key, D));
    builder_t builder = {.set = out,
                         .mfsc = mfsc,
                         .vocabulary = vocabulary,
                         .assembler = {.set = out, .tokenizer = tokenizer},
                         .shared_slot = -1};
    return add_groups(&builder);
}

void prompts_set_free(prompts_set_t *set)
{
    arena_free(&set->arena);
}
