/* A caption to fill in: the form, with what each place wants. */
#include "prompts/prompts_internal.h"

#include <stdlib.h>
#include <string.h>

/* "<one of: red, blue>" as a JSON text. */
static bool write_values(FILE *out, const prompts_vocabulary_t *vocabulary, prompts_attribute_t attribute)
{
    static const char *const WHAT[PROMPTS_ATTRIBUTES] = {
        [PROMPTS_LOCATION] = "where it is, or remove this line where that says nothing, one of",
        [PROMPTS_NUMBER] = "one of",
    };
    const char *what =
        WHAT[attribute] != NULL ? WHAT[attribute] : "remove this line where it does not apply, else one of";
    char *known = prompts_values_text(vocabulary, attribute, ", ");
    char *text = known != NULL ? base_format("<%s: %s>", what, known) : NULL;
    if (text != NULL) io_json_quote(out, text);
    free(known);
    if (text == NULL) return false;
    free(text);
    return true;
}

static bool write_part(FILE *out, const prompts_vocabulary_t *vocabulary)
{
    fputs("      {\n        \"name\": \"<the part's name, as the sentences say it>\",\n        \"number\": ", out);
    if (!write_values(out, vocabulary, PROMPTS_NUMBER)) return false;
    fputs(",\n        \"location\": ", out);
    if (!write_values(out, vocabulary, PROMPTS_LOCATION)) return false;
    fputs("\n      }", out);
    return true;
}

static bool write_component(FILE *out, const prompts_vocabulary_t *vocabulary)
{
    fputs("    {\n      \"name\": \"<the same name>\",\n"
          "      \"caption\": \"<one sentence with the name and every value below, word for word>\",\n"
          "      \"attributes\": {",
          out);
    for (int a = 0; a < PROMPTS_NUMBER; a++) {
        fprintf(out, "%s\n        \"%s\": ", a > 0 ? "," : "", prompts_attribute_name((prompts_attribute_t)a));
        if (!write_values(out, vocabulary, (prompts_attribute_t)a)) return false;
    }
    fputs("\n      }\n    }", out);
    return true;
}

char *prompts_mfsc_skeleton(const char *category, const char *dataset, const prompts_vocabulary_t *vocabulary)
{
    enum { PARTS = 2 };
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) return NULL;
    bool ok = true;
    fputs("{\n  \"category\": ", out);
    io_json_quote(out, category);
    fputs(",\n  \"dataset\": ", out);
    io_json_quote(out, dataset);
    fputs(
        ",\n  \"image\": {\n    \"foreground\": \"<the object's noun, for one, without an article>\",\n"
        "    \"background\": \"<what stands before the word background, as plain gray; or none>\",\n"
        "    \"summary\": \"<one or two sentences: the object, every part, 'on a ... background'>\"\n  },\n"
        "  \"foreground\": {\n"
        "    \"relation\": \"<one sentence: the object has NUMBER NAME at the LOCATION, and so on for every part>\",\n"
        "    \"components\": [\n",
        out);
    for (int i = 0; i < PARTS && ok; i++) {
        if (i > 0) fputs(",\n", out);
        ok = write_part(out, vocabulary);
    }
    fputs("\n    ]\n  },\n  \"components\": [\n", out);
    for (int i = 0; i < PARTS && ok; i++) {
        if (i > 0) fputs(",\n", out);
        ok = write_component(out, vocabulary);
    }
    fputs(
        "\n  ],\n  \"abnormal_states\": [\n"
        "    \"<what can happen to the object and every part, {} for the noun, as: {} with a scratch>\",\n"
        "    { \"state\": \"<what can happen to one thing only, as: {} that is|are bent>\", \"of\": [\"<a part's name, "
        "foreground or background>\"] }\n  ]\n}\n",
        out);
    if (fclose(out) == 0 && ok) return text;
    free(text);
    return NULL;
}
