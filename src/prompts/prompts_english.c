/* The little English that changed sentences need: articles, plurals, agreement, prepositions, negations. */
#include "prompts/prompts_internal.h"

#include <stdlib.h>
#include <string.h>

static bool is_letter(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_vowel(char c)
{
    return c != '\0' && strchr("aeiou", c) != NULL;
}

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* By the sound: "an x-shaped", "a u-shaped", "a one-piece". */
const char *prompts_article(const char *text)
{
    if (is_letter(text[0]) && text[1] == '-') return strchr("aefhilmnorsx", text[0]) != NULL ? "an" : "a";
    static const char *const HARD[] = {"uni", "use", "usu", "eu", "one", "once"}, *const SILENT[] = {"hour", "honest"};
    for (size_t i = 0; i < sizeof HARD / sizeof HARD[0]; i++)
        if (starts_with(text, HARD[i]) && !starts_with(text, "unin") && !starts_with(text, "unim")) return "a";
    for (size_t i = 0; i < sizeof SILENT / sizeof SILENT[0]; i++)
        if (starts_with(text, SILENT[i])) return "an";
    if (starts_with(text, "usb")) return "a";
    return is_vowel(text[0]) ? "an" : "a";
}

static bool ends_with(const char *text, size_t size, const char *end)
{
    size_t length = strlen(end);
    return size >= length && memcmp(text + size - length, end, length) == 0;
}

char *prompts_plural(const char *noun)
{
    static const struct {
        const char *one, *several;
    } ODD[] = {{"tooth", "teeth"}, {"foot", "feet"}, {"leaf", "leaves"}, {"half", "halves"}, {"knife", "knives"}};
    size_t size = strlen(noun);
    for (size_t i = 0; i < sizeof ODD / sizeof ODD[0]; i++) {
        size_t at = size - strlen(ODD[i].one);
        if (ends_with(noun, size, ODD[i].one) && (at == 0 || !is_letter(noun[at - 1])))
            return base_format("%.*s%s", (int)at, noun, ODD[i].several);
    }
    if (size > 1 && noun[size - 1] == 'y' && !is_vowel(noun[size - 2]))
        return base_format("%.*sies", (int)size - 1, noun);
    static const char *const HISSING[] = {"s", "x", "z", "ch", "sh"};
    for (size_t i = 0; i < sizeof HISSING / sizeof HISSING[0]; i++)
        if (ends_with(noun, size, HISSING[i])) return base_format("%ses", noun);
    return base_format("%ss", noun);
}

char *prompts_apply_state(const char *state, const char *noun, bool plural)
{
    const char *hole = strstr(state, "{}");
    REQUIRE(hole != NULL);
    char *text = base_format("%.*s%s%s", (int)(hole - state), state, noun, hole + 2);
    /* "is|are": the word before the bar or the one after it goes. */
    for (char *bar; text != NULL && (bar = strchr(text, '|')) != NULL;) {
        char *start = bar, *end = bar + 1;
        while (start > text && is_letter(start[-1])) start--;
        while (is_letter(*end)) end++;
        if (plural)
            memmove(start, bar + 1, strlen(bar + 1) + 1);
        else
            memmove(bar, end, strlen(end) + 1);
    }
    return text;
}

/* Text encoders hardly read these: a sentence that denies a defect moves towards it. */
const char *prompts_negation(const char *sentence)
{
    static const char *const WORDS[] = {
        "no",       "not",       "nor",         "never",       "neither",     "none",       "nothing",
        "without",  "lacks",     "lacking",     "missing",     "absent",      "free of",    "free from",
        "unbroken", "undamaged", "unscratched", "uncracked",   "unblemished", "uncorroded", "unworn",
        "flawless", "spotless",  "scratchless", "defect-free", "crack-free",  "burr-free"};
    for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++) {
        size_t size = strlen(WORDS[i]);
        for (const char *at = sentence; (at = strstr(at, WORDS[i])) != NULL; at++) {
            bool begins = at == sentence || !(is_letter(at[-1]) || at[-1] == '-');
            if (begins && !is_letter(at[size]) && at[size] != '-') return WORDS[i];
        }
    }
    return NULL;
}

/* Moves *at before the word that ends there, when it is one of the words; a space follows it. */
static bool step_back(int *at, const char *sentence, const char *const *words)
{
    for (; *words != NULL; words++) {
        int size = (int)strlen(*words), start = *at - size - 1;
        if (start < 0 || sentence[*at - 1] != ' ' || memcmp(sentence + start, *words, (size_t)size) != 0) continue;
        if (start > 0 && sentence[start - 1] != ' ') continue;
        *at = start;
        return true;
    }
    return false;
}

int prompts_preposition_start(const char *sentence, int at)
{
    static const char *const WHOLE[] = {"whole", "entire", "very", NULL}, *const THE[] = {"the", NULL};
    static const char *const PREPOSITIONS[] = {"in",     "on",      "at",   "over",    "across", "along",
                                               "around", "through", "near", "towards", NULL};
    static const char *const ALL[] = {"all", NULL};
    int start = at;
    step_back(&start, sentence, WHOLE);
    if (!step_back(&start, sentence, THE) || !step_back(&start, sentence, PREPOSITIONS)) return at;
    step_back(&start, sentence, ALL);
    return start;
}
