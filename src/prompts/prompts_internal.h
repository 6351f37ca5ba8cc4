/* prompts_internal: what the files of the room prompts share among themselves. */
#ifndef FGAD_PROMPTS_INTERNAL_H
#define FGAD_PROMPTS_INTERNAL_H

#include "prompts/prompts.h"

/* ---- Reports (prompts_report.c) --- */
status_t prompts_complain(prompts_report_t *report, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
status_t prompts_note(prompts_report_t *report, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* " (did you mean 'x'?)" of the nearest of `names`, or "" when none is near. */
void prompts_suggest(char out[96], const char *word, const char *const *names, int count);

/* ---- Form (prompts_schema.c) --- */
/* What schema.json says, as complaints. */
status_t prompts_schema_check(prompts_report_t *report, io_json_node_t root, const char *path);

/* ---- Rules (prompts_rules.c) --- */
status_t prompts_rules_check(prompts_report_t *report, const prompts_mfsc_t *mfsc,
                             const prompts_vocabulary_t *vocabulary, bool in_place);

/* ---- Vocabulary (prompts_vocabulary.c) --- */
/* The next base value of a joined value ("black and gray"): its size, and *rest after the joint; 0 at the end. */
size_t prompts_next_base(const char **base, const char **rest);
/* Whether a list has the value of `size` bytes. */
bool prompts_values_have(const prompts_values_t *values, const char *base, size_t size);
/* What may stand for `value` in an abnormal prompt of the caption: base values and the caption's own, in order, without
 * those that the value is made of and their synonyms; of a number that is not "one", without "one". others: room for
 * all. Returns how many. */
int prompts_others(const char **others, const prompts_vocabulary_t *vocabulary, const prompts_mfsc_t *mfsc,
                   prompts_attribute_t attribute, const char *value);
/* "red, blue": base values, then extra ones (heap, NULL when memory is out). */
char *prompts_values_text(const prompts_vocabulary_t *vocabulary, prompts_attribute_t attribute, const char *between);

/* ---- English (prompts_english.c) --- */
/* "an" or "a", as goes before the text. */
const char *prompts_article(const char *text);
/* The plural of a noun's last word, by rule (heap, NULL when memory is out). */
char *prompts_plural(const char *noun);
/* A state of a noun (heap, NULL when memory is out): {} is the noun, "is|are" the first word for one, else the second. */
char *prompts_apply_state(const char *state, const char *noun, bool plural);
/* The word by which a sentence says what is not there ("without", "unbroken"), NULL when it has none. */
const char *prompts_negation(const char *sentence);
/* Where "on the whole " begins that stands before `at`, for a preposition to be put right; at: there is none. */
int prompts_preposition_start(const char *sentence, int at);

/* ---- Places in a sentence (prompts_places.c) ------------------------------------------------------------------------
 * Texts are found as whole words (no letter, digit or hyphen beside them). Longer texts are looked for first and
 * take their places, so that "pin" is not found inside "pin row". */
typedef struct {
    const char *text;
    int component;                 /* whose name or value; -1: of the whole object */
    bool is_value;                 /* may be replaced; false: a noun */
    prompts_attribute_t attribute; /* of a value */
    int start, end;                /* out: its own occurrence, bytes of the sentence; start < 0: not there */
} prompts_place_t;
#define PROMPTS_MAX_PLACES (2 + PROMPTS_MAX_COMPONENTS * (1 + PROMPTS_ATTRIBUTES))
/* Finds every place's own occurrence: of a noun the first, of a value the one nearest to its component's name. */
void prompts_places_find(prompts_place_t *places, int count, const char *sentence);
#define PROMPTS_MAX_NAMINGS 64 /* occurrences of one noun that are looked at */
/* Every occurrence of the noun places[i] that is not inside a longer noun; returns how many. */
int prompts_places_namings(int start[PROMPTS_MAX_NAMINGS], const prompts_place_t *places, int count, int i,
                           const char *sentence);
/* The texts of a sentence, into places (PROMPTS_MAX_PLACES), not yet looked for; returns how many. Place 0 is the
 * sentence's noun. component < 0: summary (with the background) or relation, with every component's name and
 * values; else the caption of one, where the other nouns need not be but keep their places when they are longer. */
int prompts_places_list(prompts_place_t *places, const prompts_mfsc_t *mfsc, int component, bool with_background);

/* ---- Drafts (prompts_draft_request.c) ---- */
/* The request after `count` answers and complaints about them (caller frees *body). */
status_t prompts_draft_request(char **body, size_t *size, const prompts_draft_t *draft, const char *const *answers,
                               const char *const *complaints, int count);

/* ---- Assembly (prompts_assemble.c) --- */
/* One change of a body: bytes [start, end) become a text, or (text NULL) a placeholder. */
typedef struct {
    int start, end;
    const char *text;
    int slot; /* of a placeholder: its first slot */
} prompts_edit_t;
typedef struct {
    prompts_set_t *set;
    const tokenizer_t *tokenizer;
    bool cut;       /* out: the last prompt did not fit */
    int cut_vector; /* out: vectors of placeholders that did not fit */
} prompts_assembler_t;

/* ---- Abnormal changes (prompts_abnormal.c) --- */
#define PROMPTS_MAX_SLOTS (PROMPTS_MAX_COMPONENTS * PROMPTS_ATTRIBUTES)
#define PROMPTS_MAX_EDITS 8
/* A body with the places that may change. */
typedef struct {
    const char *body;
    int noun_start, noun_end;
    unsigned of; /* PROMPTS_OF_...: whose states it takes */
    bool plural; /* the noun */
    int slots;   /* values, by their place */
    prompts_place_t slot[PROMPTS_MAX_SLOTS];
    int places; /* all nouns and values, by their place */
    prompts_place_t place[PROMPTS_MAX_PLACES];
} prompts_source_t;
/* What makes one AHP of a body. */
typedef struct {
    int count;
    prompts_edit_t edit[PROMPTS_MAX_EDITS];
} prompts_change_t;
/* The changes of a group's body in the order in which they are tried, in the set's arena. */
status_t prompts_changes(prompts_change_t **out, int *count, prompts_set_t *set, const prompts_mfsc_t *mfsc,
                         const prompts_vocabulary_t *vocabulary, const prompts_group_t *group,
                         const prompts_source_t *source);

/* A prompt of `body` with edits in the order of their places; arrays and text from the set's arena. */
status_t prompts_assemble(prompts_prompt_t *out, prompts_assembler_t *assembler, const char *body,
                          const prompts_edit_t *edits, int count, prompts_kind_t kind, int copy);
/* ---- Beginnings and parameters (prompts_begin.c) --- */
/* Options, key and the vectors V; no group yet. ST_EFORMAT: an option out of its bounds, ctx_init of another number of
 * tokens than n_ctx. */
status_t prompts_set_begin(prompts_set_t *out, const tokenizer_t *tokenizer, const prompts_options_t *options,
                           const prompts_key_t *key, int D);
/* A row of the table; group is NULL for V. */
status_t prompts_add_parameter(prompts_set_t *set, const char *name, const prompts_group_t *group, int ndim,
                               const int64_t shape[5]);
/* Room for `count` more slots; the table moves in the arena as it grows, group by group. */
status_t prompts_add_slots(prompts_set_t *set, int count);

/* The group's number in the draws, the same whether there is a background or not. */
uint64_t prompts_group_stream(const prompts_group_t *group);
/* Text in the set's arena. */
const char *prompts_text(prompts_set_t *set, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
