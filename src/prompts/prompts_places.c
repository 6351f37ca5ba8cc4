/* Where the nouns and values of a caption stand in its sentences. */
#include "prompts/prompts_internal.h"

#include <limits.h>
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

/* The first occurrence of a text from `from` on that no longer text has taken (NULL: whoever has taken it); -1: none. */
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

static int gap(int a_start, int a_end, int b_start, int b_end)
{
    return a_end <= b_start ? b_start - a_end : b_end <= a_start ? a_start - b_end : 0;
}

/* Bytes between [start, end) and the nearest occurrence of the component's name; 0 when the name is not there. */
static int distance_to_name(const char *sentence, int start, int end, const char *name)
{
    int least = -1, size = (int)strlen(name);
    for (int at = 0; (at = next_occurrence(sentence, name, at, NULL)) >= 0; at++) {
        int distance = gap(start, end, at, at + size);
        if (least < 0 || distance < least) least = distance;
    }
    return least < 0 ? 0 : least;
}

void prompts_places_find(prompts_place_t *places, int count, const char *sentence)
{
    REQUIRE(count <= PROMPTS_MAX_PLACES);
    int size = (int)strlen(sentence);
    bool taken[1001 * 4] = {false}; /* sentences have at most 1000 characters of UTF-8 */
    REQUIRE(size < (int)sizeof taken);
    size_t longest = 0;
    for (int i = 0; i < count; i++) {
        size_t length = strlen(places[i].text);
        if (length > longest) longest = length;
    }
    for (size_t length = longest; length > 0; length--) {
        for (int i = 0; i < count; i++) {
            prompts_place_t *place = &places[i];
            if (strlen(place->text) != length) continue;
            place->start = place->end = -1;
            const char *name = NULL;
            bool is_noun_too = false; /* "a wood panel of wood": the first is the noun, the value is the other one */
            for (int k = 0; k < count && place->is_value; k++) {
                if (places[k].is_value) continue;
                if (places[k].component == place->component) name = places[k].text;
                is_noun_too = is_noun_too || strcmp(places[k].text, place->text) == 0;
            }
            int nearest = 0;
            for (int at = 0; (at = next_occurrence(sentence, place->text, at, taken)) >= 0; at++) {
                bool first = place->start < 0;
                int end = at + (int)length;
                int distance = name == NULL ? 0 : distance_to_name(sentence, at, end, name);
                if (first && is_noun_too) distance = INT_MAX;
                if (!first && distance >= nearest) continue;
                place->start = at, place->end = end;
                nearest = distance;
            }
        }
        /* Equal texts share their occurrences; shorter ones do not get any of them. */
        for (int i = 0; i < count; i++) {
            if (strlen(places[i].text) != length) continue;
            bool before[sizeof taken];
            memcpy(before, taken, sizeof taken);
            for (int at = 0; (at = next_occurrence(sentence, places[i].text, at, before)) >= 0; at++)
                memset(taken + at, true, length);
        }
    }
}

int prompts_places_list(prompts_place_t *places, const prompts_mfsc_t *mfsc, int component, bool with_background)
{
    int count = 0;
    const char *noun = component < 0 ? mfsc->foreground : mfsc->component[component].name;
    places[count++] = (prompts_place_t){.text = noun, .component = component};
    if (with_background && mfsc->background != NULL)
        places[count++] = (prompts_place_t){.text = mfsc->background, .component = -1};
    for (int c = 0; c < mfsc->components; c++) {
        if (component >= 0 && c != component) continue;
        if (component < 0) places[count++] = (prompts_place_t){.text = mfsc->component[c].name, .component = c};
        for (int a = 0; a < PROMPTS_ATTRIBUTES; a++) {
            if (mfsc->component[c].value[a] == NULL) continue;
            places[count++] = (prompts_place_t){.text = mfsc->component[c].value[a],
                                                .component = c,
                                                .is_value = true,
                                                .attribute = (prompts_attribute_t)a};
        }
    }
    return count;
}
