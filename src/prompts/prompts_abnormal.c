/* What makes a body abnormal: the noun in a state, a value replaced; and the English around it put right. METHOD.md 5. */
#include "prompts/prompts_internal.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    prompts_set_t *set;
    const prompts_mfsc_t *mfsc;
    const prompts_vocabulary_t *vocabulary;
    const prompts_group_t *group;
    const prompts_source_t *source;
} maker_t;

/* A heap text in the set's arena; NULL when memory is out, of either. */
static const char *take_text(const maker_t *maker, char *text)
{
    const char *kept = text != NULL ? prompts_text(maker->set, "%s", text) : NULL;
    free(text);
    return kept;
}

/* "a" or "an" right before an edit is that of its text. */
static status_t put_article_right(const maker_t *maker, prompts_edit_t *edit)
{
    const char *body = maker->source->body;
    int start = edit->start;
    const char *article = prompts_article(edit->text);
    for (int size = 1; size <= 2; size++) {
        int at = start - size - 1;
        if (at < 0 || body[start - 1] != ' ' || memcmp(body + at, "an", (size_t)size) != 0) continue;
        if ((at > 0 && body[at - 1] != ' ') || (int)strlen(article) == size) continue;
        edit->start = at;
        edit->text = prompts_text(maker->set, "%s %s", article, edit->text);
        return edit->text != NULL ? ST_OK : ST_ENOMEM;
    }
    return ST_OK;
}

static int by_start(const void *a, const void *b)
{
    const prompts_edit_t *x = a, *y = b;
    return (x->start > y->start) - (x->start < y->start);
}

static status_t add_edit(prompts_change_t *change, const maker_t *maker, int start, int end, const char *text)
{
    if (text == NULL) return ST_ENOMEM;
    prompts_edit_t *edit = &change->edit[change->count++];
    *edit = (prompts_edit_t){.start = start, .end = end, .text = text};
    return put_article_right(maker, edit);
}

static status_t change_noun(prompts_change_t *change, const maker_t *maker, const char *text)
{
    *change = (prompts_change_t){0};
    return add_edit(change, maker, maker->source->noun_start, maker->source->noun_end, text);
}

/* "one cap" becomes "two caps", wherever the body names the cap. */
static status_t put_nouns_right(prompts_change_t *change, const maker_t *maker, int component)
{
    const prompts_source_t *source = maker->source;
    const char *plural = maker->mfsc->component[component].plural;
    for (int i = 0; i < source->places; i++) {
        const prompts_place_t *place = &source->place[i];
        if (place->is_value || place->component != component) continue;
        int start[PROMPTS_MAX_NAMINGS];
        int count = prompts_places_namings(start, source->place, source->places, i, source->body);
        for (int k = 0; k < count && change->count < PROMPTS_MAX_EDITS; k++)
            TRY(add_edit(change, maker, start[k], start[k] + (int)strlen(place->text), plural));
    }
    qsort(change->edit, (size_t)change->count, sizeof *change->edit, by_start);
    return ST_OK;
}

static const char *preposition_of(const prompts_vocabulary_t *vocabulary, const char *location)
{
    for (int i = 0; i < vocabulary->location.count; i++)
        if (strcmp(vocabulary->location.value[i], location) == 0) return vocabulary->preposition.value[i];
    return NULL;
}

static status_t replace_value(prompts_change_t *change, const maker_t *maker, const prompts_place_t *slot,
                              const char *other)
{
    const char *body = maker->source->body;
    *change = (prompts_change_t){0};
    if (slot->attribute == PROMPTS_LOCATION) {
        const char *preposition = preposition_of(maker->vocabulary, other);
        int start = prompts_preposition_start(body, slot->start);
        if (preposition != NULL && start < slot->start)
            return add_edit(change, maker, start, slot->end, prompts_text(maker->set, "%s the %s", preposition, other));
    }
    TRY(add_edit(change, maker, slot->start, slot->end, other));
    bool several = slot->attribute == PROMPTS_NUMBER && strcmp(slot->text, "one") == 0 && strcmp(other, "no") != 0;
    return several ? put_nouns_right(change, maker, slot->component) : ST_OK;
}

/* Another value, drawn, or "not VALUE". */
static status_t draw_other(const char **out, const maker_t *maker, const prompts_place_t *slot, rng_t *rng)
{
    const prompts_vocabulary_t *vocabulary = maker->vocabulary;
    prompts_attribute_t attribute = slot->attribute;
    size_t room = (size_t)vocabulary->base[attribute].count + (size_t)maker->mfsc->values[attribute].count;
    const char **others = base_alloc(room + 1, sizeof *others);
    if (others == NULL) return ST_ENOMEM;
    int count = prompts_others(others, vocabulary, maker->mfsc, attribute, slot->text);
    *out = count > 0 ? prompts_text(maker->set, "%s", others[rng_below(rng, (uint32_t)count)])
                     : prompts_text(maker->set, "not %s", slot->text);
    free(others);
    return *out != NULL ? ST_OK : ST_ENOMEM;
}

/* (b): every value replaced, in an order that is drawn. */
static status_t list_replacements(prompts_change_t *changes, const maker_t *maker, rng_t *rng)
{
    const prompts_source_t *source = maker->source;
    const char *other[PROMPTS_MAX_SLOTS] = {NULL};
    int order[PROMPTS_MAX_SLOTS];
    for (int i = 0; i < source->slots; i++) TRY(draw_other(&other[i], maker, &source->slot[i], rng));
    if (source->slots > 0) rng_permutation(order, rng, source->slots);
    for (int i = 0; i < source->slots; i++)
        TRY(replace_value(&changes[i], maker, &source->slot[order[i]], other[order[i]]));
    return ST_OK;
}

static bool can_befall(const prompts_state_t *state, const prompts_source_t *source)
{
    return state->of != 0 ? (state->of & source->of) != 0 : source->of != PROMPTS_OF_BACKGROUND;
}

/* (a): the noun in every state that it can be in; in the file's order, or in one that is drawn. */
static status_t list_states(prompts_change_t *changes, int *count, const maker_t *maker, rng_t *rng, bool drawn)
{
    const prompts_mfsc_t *mfsc = maker->mfsc;
    *count = 0;
    for (int i = 0; i < mfsc->states; i++) {
        if (!can_befall(&mfsc->state[i], maker->source)) continue;
        char *text = prompts_apply_state(mfsc->state[i].text, maker->group->noun, maker->source->plural);
        TRY(change_noun(&changes[(*count)++], maker, take_text(maker, text)));
    }
    if (!drawn || *count == 0) return ST_OK;
    prompts_change_t listed[PROMPTS_MAX_STATES];
    int order[PROMPTS_MAX_STATES];
    REQUIRE(*count <= PROMPTS_MAX_STATES);
    memcpy(listed, changes, (size_t)*count * sizeof *listed);
    rng_permutation(order, rng, *count);
    for (int i = 0; i < *count; i++) changes[i] = listed[order[i]];
    return ST_OK;
}

status_t prompts_changes(prompts_change_t **out, int *count, prompts_set_t *set, const prompts_mfsc_t *mfsc,
                         const prompts_vocabulary_t *vocabulary, const prompts_group_t *group,
                         const prompts_source_t *source)
{
    const maker_t maker = {.set = set, .mfsc = mfsc, .vocabulary = vocabulary, .group = group, .source = source};
    const prompts_ahp_order_t order = set->options.ahp_order;
    size_t room = (size_t)(mfsc->states + source->slots) + 1;
    prompts_change_t *replaced = arena_take(&set->arena, room, sizeof *replaced);
    prompts_change_t *state = arena_take(&set->arena, room, sizeof *state);
    prompts_change_t *changes = arena_take(&set->arena, room, sizeof *changes);
    if (replaced == NULL || state == NULL || changes == NULL) return ST_ENOMEM;
    rng_t base = rng_init(set->key.dataset, set->key.category, set->key.shots, set->key.seed, "prompts/ahp");
    rng_t rng = rng_split(&base, prompts_group_stream(group));
    int states = 0, used = 0, next_replaced = 0, next_state = 0;
    TRY(list_replacements(replaced, &maker, &rng));
    TRY(list_states(state, &states, &maker, &rng, order == PROMPTS_ALTERNATE));
    while (next_replaced < source->slots || next_state < states) {
        bool wanted = order == PROMPTS_ALTERNATE ? next_replaced <= next_state : order == PROMPTS_REPLACEMENTS;
        bool replacement = next_replaced < source->slots && (wanted || next_state == states);
        changes[used++] = replacement ? replaced[next_replaced++] : state[next_state++];
    }
    if (used == 0) TRY(change_noun(&changes[used++], &maker, prompts_text(set, "damaged %s", group->noun)));
    *out = changes;
    *count = used;
    return ST_OK;
}
