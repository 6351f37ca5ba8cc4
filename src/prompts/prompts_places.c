/* Where the nouns and values of a caption stand in its sentences. */
#include "prompts/prompts_internal.h"

#include <string.h>

static bool is_word_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || (unsigned char)c >= 0x80;
}

/* A byte of a letter beyond ASCII counts as a letter: sentences have no other such characters beside a value. */
static bool is_whole_word(const char *sentence, size_t start, size_t end)
{
    return (start == 0 || !is_word_byte(sentence[start - 1])) && !is_word_byte(sentence[end]);
}

/* The first occurrence of a text from `from` on that no longer text has taken (NULL: any); -1: none. */
static int next_occurrence(const char *sentence, const char *text, int from, const bool *taken)
{
    size_t size = strlen(text);
    for (const char *p = sentence + from; (p = strstr(p, text)) != NULL; p++) {
        size_t start = (size_t)(p - sentence);
        bool free_place = is_whole_word(sentence, start, start + size);
        for (size_t i = start; free_place && i < start + size; i++) free_place = taken == NULL || !taken[i];
        if (free_place) return (int)start;
    }
    return -1;
}

#define MAX_BYTES 4096  /* of a sentence: 1000 characters of UTF-8 */
#define LAST_RESORT 1e6 /* larger than any distance */

/* Where the nouns stand, longer ones first, as if there were no values: what "nearest to its name" is measured by. */
typedef struct {
    int count;
    int start[PROMPTS_MAX_NAMINGS];
} namings_t;

static void take_all(bool *taken, const char *sentence, const char *text)
{
    for (int at = 0; (at = next_occurrence(sentence, text, at, taken)) >= 0; at++)
        memset(taken + at, true, strlen(text));
}

int prompts_places_namings(int start[PROMPTS_MAX_NAMINGS], const prompts_place_t *places, int count, int i,
                           const char *sentence)
{
    int found = 0;
    bool longer[MAX_BYTES] = {false};
    for (int k = 0; k < count; k++)
        if (!places[k].is_value && strlen(places[k].text) > strlen(places[i].text))
            take_all(longer, sentence, places[k].text);
    for (int at = 0; (at = next_occurrence(sentence, places[i].text, at, longer)) >= 0; at++)
        if (found < PROMPTS_MAX_NAMINGS) start[found++] = at;
    return found;
}

static void find_namings(namings_t *namings, const prompts_place_t *places, int count, const char *sentence)
{
    for (int i = 0; i < count; i++)
        namings[i].count =
            places[i].is_value ? 0 : prompts_places_namings(namings[i].start, places, count, i, sentence);
}

/* Bytes between the value at [start, end) and the nearest naming of its component; 0 when it is not named. */
static int distance_to_name(const prompts_place_t *places, const namings_t *namings, int count, int component,
                            int start, int end)
{
    int least = -1;
    for (int i = 0; i < count; i++) {
        if (places[i].is_value || places[i].component != component) continue;
        for (int k = 0; k < namings[i].count; k++) {
            int name_start = namings[i].start[k], name_end = name_start + (int)strlen(places[i].text);
            int gap = end <= name_start ? name_start - end : name_end <= start ? start - name_end : 0;
            if (least < 0 || gap < least) least = gap;
        }
    }
    return least < 0 ? 0 : least;
}

static bool is_noun(const prompts_place_t *places, int count, const char *text)
{
    for (int i = 0; i < count; i++)
        if (!places[i].is_value && strcmp(places[i].text, text) == 0) return true;
    return false;
}

/* The own occurrence of places[i] among those that longer texts left. Components that share a value get different ones
 * while there are any; a value that is a noun too ("a wood panel of wood") leaves the first to the noun. */
static void choose(prompts_place_t *places, int i, const namings_t *namings, int count, const char *sentence,
                   const bool *taken)
{
    prompts_place_t *place = &places[i];
    int size = (int)strlen(place->text);
    double least = 0;
    for (int at = 0; (at = next_occurrence(sentence, place->text, at, taken)) >= 0; at++) {
        double cost = 0;
        if (place->is_value) {
            cost = distance_to_name(places, namings, count, place->component, at, at + size);
            if (place->start < 0 && is_noun(places, count, place->text)) cost += 2 * LAST_RESORT;
            for (int k = 0; k < i; k++)
                if (places[k].is_value && places[k].start == at && places[k].end == at + size) cost += LAST_RESORT;
        }
        if (place->start >= 0 && cost >= least) continue;
        place->start = at, place->end = at + size;
        least = cost;
    }
}

void prompts_places_find(prompts_place_t *places, int count, const char *sentence)
{
    REQUIRE(count <= PROMPTS_MAX_PLACES && strlen(sentence) < MAX_BYTES);
    namings_t namings[PROMPTS_MAX_PLACES];
    find_namings(namings, places, count, sentence);
    size_t longest = 0;
    for (int i = 0; i < count; i++) {
        places[i].start = places[i].end = -1;
        if (strlen(places[i].text) > longest) longest = strlen(places[i].text);
    }
    bool taken[MAX_BYTES] = {false};
    for (size_t length = longest; length > 0; length--) {
        for (int i = 0; i < count; i++)
            if (strlen(places[i].text) == length) choose(places, i, namings, count, sentence, taken);
        for (int i = 0; i < count; i++)
            if (strlen(places[i].text) == length) take_all(taken, sentence, places[i].text);
    }
}

static bool is_value_of(const prompts_component_t *component, const char *text)
{
    for (int a = 0; a < PROMPTS_ATTRIBUTES; a++)
        if (component->value[a] != NULL && strcmp(component->value[a], text) == 0) return true;
    return false;
}

/* A noun that a component's caption need not have: there to keep its place from shorter texts, but not from a value of
 * the same text (in the caption of a leather's hide, "leather" is the material). */
static int add_guard(prompts_place_t *places, int count, const prompts_mfsc_t *mfsc, int component, const char *noun,
                     int of)
{
    if (is_value_of(&mfsc->component[component], noun)) return count;
    places[count++] = (prompts_place_t){.text = noun, .component = of};
    return count;
}

static int add_values(prompts_place_t *places, int count, const prompts_mfsc_t *mfsc, int component)
{
    for (int a = 0; a < PROMPTS_ATTRIBUTES; a++) {
        const char *value = mfsc->component[component].value[a];
        if (value == NULL) continue;
        places[count++] = (prompts_place_t){
            .text = value, .component = component, .is_value = true, .attribute = (prompts_attribute_t)a};
    }
    return count;
}

int prompts_places_list(prompts_place_t *places, const prompts_mfsc_t *mfsc, int component, bool with_background)
{
    int count = 0;
    const char *noun = component < 0 ? mfsc->foreground : mfsc->component[component].name;
    places[count++] = (prompts_place_t){.text = noun, .component = component};
    if (component >= 0) {
        count = add_guard(places, count, mfsc, component, mfsc->foreground, -1);
        for (int c = 0; c < mfsc->components; c++)
            if (c != component) count = add_guard(places, count, mfsc, component, mfsc->component[c].name, c);
        return add_values(places, count, mfsc, component);
    }
    if (with_background && mfsc->background != NULL)
        places[count++] = (prompts_place_t){.text = mfsc->background, .component = -1};
    for (int c = 0; c < mfsc->components; c++) {
        places[count++] = (prompts_place_t){.text = mfsc->component[c].name, .component = c};
        count = add_values(places, count, mfsc, c);
    }
    return count;
}
