/* prompts: fine-grained captions (MFSC files, METHOD.md 4) and the multi-level prompts made of them (METHOD.md 5):
 * handcrafted normal (NHP) and abnormal (AHP), learnable abnormal (ALP), the block of learnable parameters, and the way
 * from parameters to the text tower's slots and back. It encodes nothing and learns nothing: the text tower
 * is in clip, losses and optimiser are in align. Depends on base, io, tokenizer and clip (CLIP_SLOT). A set is read-only once
 * made. */
#ifndef FGAD_PROMPTS_H
#define FGAD_PROMPTS_H

#include "base/base.h"
#include "clip/clip.h"
#include "tokenizer/tokenizer.h"

#include <stdio.h>

#define PROMPTS_MAX_COMPONENTS 6
#define PROMPTS_MAX_STATES 32

/* ---- Vocabulary -------------------------------------------------------------------------------------------------- */
typedef enum {
    PROMPTS_COLOR,
    PROMPTS_TEXTURE,
    PROMPTS_SHAPE,
    PROMPTS_MATERIAL,
    PROMPTS_DIRECTION,
    PROMPTS_NUMBER,
    PROMPTS_LOCATION,
    PROMPTS_ATTRIBUTES /* how many there are */
} prompts_attribute_t;
const char *prompts_attribute_name(prompts_attribute_t attribute);

typedef struct {
    int count;
    const char **value;
} prompts_values_t;

/* datasets/mfsc/vocabulary.json. Lists are in the file's order and owned by the struct.
 *   version       a number >= 1; another `base` is another version
 *   base          of every attribute: values that replacements are drawn from
 *   extra         values that a caption may use, but that are drawn only for captions that list them in their `values`
 *   synonyms      sets of values of which none is drawn for another: a value may stand in several
 *   prepositions  of locations: what goes before "the VALUE" */
typedef struct {
    arena_t arena;
    int version;
    prompts_values_t base[PROMPTS_ATTRIBUTES], extra[PROMPTS_ATTRIBUTES];
    int synonym_sets[PROMPTS_ATTRIBUTES];
    prompts_values_t *synonyms[PROMPTS_ATTRIBUTES]; /* (synonym_sets), each of at least two */
    prompts_values_t location, preposition;         /* side by side: "top" and "at" */
} prompts_vocabulary_t;
/* ST_EFORMAT names file, key and value. The struct needs prompts_vocabulary_free in every case. */
status_t prompts_vocabulary_read(prompts_vocabulary_t *out, const char *path);
void prompts_vocabulary_free(prompts_vocabulary_t *vocabulary);

/* ---- MFSC files ----------------------------------------------------------------------------------------------------
 * The form is datasets/mfsc/schema.json, the rules are in datasets/mfsc/README.md: values verbatim in their sentences,
 * values of the vocabulary, equal names in both lists, place of the file. Strings are owned by the struct. */
typedef struct {
    const char *name, *caption;
    const char *plural;                    /* of the name, when its number is "one"; else NULL */
    const char *value[PROMPTS_ATTRIBUTES]; /* NULL: the attribute does not apply; the number is always there */
} prompts_component_t;
/* "{} that is|are bent": one {} for the noun, and of each pair of words the first for one, the second for several. */
typedef struct {
    const char *text;
    unsigned of; /* PROMPTS_OF_..., to what it can happen; 0: to the object and every component */
} prompts_state_t;
#define PROMPTS_OF_FOREGROUND 1U /* the object as a whole: groups image and foreground */
#define PROMPTS_OF_BACKGROUND 2U
#define PROMPTS_OF_COMPONENT(c) (4U << (c))
typedef struct {
    arena_t arena;
    const char *path, *category, *dataset;
    const char *foreground, *background; /* background is NULL for "none" */
    const char *summary, *relation;
    int components;
    prompts_component_t component[PROMPTS_MAX_COMPONENTS];
    int states;
    prompts_state_t *state;                      /* (states) */
    prompts_values_t values[PROMPTS_ATTRIBUTES]; /* of the vocabulary's `extra`: drawn for this caption, too */
    prompts_values_t unverified;                 /* what nobody has looked at beside the images yet, in words */
} prompts_mfsc_t;

/* One line a complaint: "'FILE': FIELD: what is wrong". Notes are no complaints: what to know of a fit file. */
typedef struct {
    int count;
    char **line;
    int note_count;
    char **note;
} prompts_report_t;
void prompts_report_free(prompts_report_t *report);

/* Every complaint about a file, also when it is no JSON at all; none: the file is fit. in_place: also that
 * the file is called <dataset>/<category>.json. Fails only when the file cannot be read or memory is out. */
status_t prompts_mfsc_check(prompts_report_t *report, const char *path, const prompts_vocabulary_t *vocabulary,
                            bool in_place);
/* Reads a file that has to be fit: ST_EFORMAT with the first complaint. The struct needs prompts_mfsc_free in
 * every case. */
status_t prompts_mfsc_read(prompts_mfsc_t *out, const char *path, const prompts_vocabulary_t *vocabulary);
void prompts_mfsc_free(prompts_mfsc_t *mfsc);
/* A caption to fill in, as text (heap, NULL when memory is out): where the form wants a text it says what, in <>, with
 * the vocabulary's values beside each attribute. Not a fit file as long as one <> is left. */
char *prompts_mfsc_skeleton(const char *category, const char *dataset, const prompts_vocabulary_t *vocabulary);
/* All of the vocabulary that prompts of this caption depend on, as text (heap, NULL when memory is out): its version, and
 * what may be drawn for each of the caption's values. An `extra` value that the caption does not list is not in it. */
char *prompts_draws_text(const prompts_vocabulary_t *vocabulary, const prompts_mfsc_t *mfsc);
/* As prompts_mfsc_check, of a text; `name` stands for the path in complaints and in the rule on the file's place. */
status_t prompts_mfsc_check_text(prompts_report_t *report, const char *text, size_t size, const char *name,
                                 const prompts_vocabulary_t *vocabulary, bool in_place);

/* A caption drafted by a vision chat model behind an OpenAI-compatible endpoint. */
typedef struct {
    const char *category, *dataset;
    const char *const *images; /* (image_count) paths of PNG or JPEG pictures of good objects */
    int image_count;
    const char *folder; /* with prompt.md, vocabulary.json and schema.json */
    const char *model;  /* the endpoint's name for it */
    bool with_schema;   /* ask for the form by response_format; the answer is checked in either case */
    int retries;        /* times that complaints are sent back, >= 0 */
    io_http_t http;
} prompts_draft_t;
/* Asks until an answer is a caption without complaints and writes that to `path`; *answers tells how many it took. On
 * failure nothing is at `path`, and every answer at `<path>.answer-N.txt`. ST_EFORMAT: no answer was fit, or it is no
 * chat completion; else as io_http_post_json. */
status_t prompts_mfsc_draft(int *answers, const char *path, const prompts_draft_t *draft,
                            const prompts_vocabulary_t *vocabulary);

/* ---- Prompts, METHOD.md 5 ------------------------------------------------------------------------------------------
 * Groups, in this order: image (body: summary), foreground (relation), background ("<background> background"; none when
 * the caption has none), one a component (caption). A prompt is [SOT] [V]x n_ctx body [EOT].
 *   NHP  the body as it is: 1.
 *   AHP  one change of the body: (a) the group's noun in an abnormal state that it can be in; (b) a value of the group's
 *        component (image, foreground: of any component) in the body replaced by another that is no synonym, or by
 *        "not VALUE". Article, preposition and number are put right. A group without (a) and (b) has "damaged NOUN". At
 *        most n_ahp, in ahp_order. A prompt that the context's end makes equal to the NHP is left out.
 *   ALP  n_ab: every such value replaced by a placeholder of n_ctx_ab learnable vectors; a body without value gets one
 *        placeholder before its noun.
 * Each prompt is there n_pro times, with V of its copy; each ALP, and each copy of it, has its own vectors. In
 * component groups a placeholder's vectors enter as sigma(gate) * vector; that component's ALPs share the gate.
 * As published (METHOD.md 12.16): no group foreground, fewer AHP a component, vectors inserted and shared. */
typedef enum {
    PROMPTS_ALTERNATE,   /* (b) and (a) in turn, each in an order drawn by the seed */
    PROMPTS_STATES,      /* (a) in the file's order, then (b) in an order drawn by the seed */
    PROMPTS_REPLACEMENTS /* (b), then (a) */
} prompts_ahp_order_t;

typedef struct {
    bool image_only; /* true: the group `image` alone, the single-level baseline */
    bool no_foreground;
    bool learn;          /* false: no V and no ALP, prompts are [SOT] body [EOT] once, n_pro is taken as 1 */
    int n_ahp;           /* most AHP a group, >= 1 */
    int n_ahp_component; /* of a component's; 0: n_ahp */
    prompts_ahp_order_t ahp_order;
    int n_ab;             /* ALP a group, >= 0 */
    bool insert;          /* ALP: a placeholder before the noun in every body, no value is replaced */
    bool shared;          /* with it: one set of vectors (n_ab, n_ctx_ab) for all groups and copies, without gates */
    int n_ctx;            /* vectors of V, 4 in METHOD.md */
    int n_ctx_ab;         /* vectors of one placeholder, >= 1 */
    int n_pro;            /* copies, >= 1 */
    const char *ctx_init; /* "random", or words of n_ctx tokens whose embeddings V starts from */
} prompts_options_t;
prompts_options_t prompts_options_default(void); /* METHOD.md's, of the pixel head */

/* What the draws depend on. AHP are the same for both heads; initial parameters are not. */
typedef struct {
    const char *dataset, *category;
    int shots;
    uint64_t seed;
    const char *head; /* "pixel" or "image" */
} prompts_key_t;

typedef enum { PROMPTS_NHP, PROMPTS_AHP, PROMPTS_ALP } prompts_kind_t;
const char *prompts_kind_name(prompts_kind_t kind); /* "NHP" */

typedef struct {
    prompts_kind_t kind;
    int copy;         /* 0..n_pro-1 */
    const char *text; /* for people: "[V]x4 a [a1] bottle" */
    int length;       /* L, with SOT and EOT; <= the tokenizer's context */
    const int *ids;   /* (L) token id, or CLIP_SLOT(k) at a learnable position: fit for clip_text_open */
} prompts_prompt_t;

/* A learnable input embedding: one vector of the parameters, behind a gate or not. */
typedef struct {
    int vector; /* offset of its D floats in the parameters */
    int gate;   /* offset of its gate, -1: none */
} prompts_slot_t;

typedef enum { PROMPTS_IMAGE, PROMPTS_FOREGROUND, PROMPTS_BACKGROUND, PROMPTS_COMPONENT } prompts_level_t;

typedef struct {
    prompts_level_t level;
    int component;    /* of a component's group, else -1 */
    const char *name; /* "image", "foreground", "background" or the component's name */
    const char *body, *noun;
    int nhp, ahp, alp;        /* prompts of each kind, copies counted: nhp = n_pro */
    prompts_prompt_t *prompt; /* (nhp + ahp + alp) NHP, then AHP, then ALP; copies of one beside each other */
    int placeholders;         /* of each ALP */
    const char *placeholder[2 + PROMPTS_MAX_COMPONENTS * PROMPTS_ATTRIBUTES]; /* "color 'red'", or "before 'cap'" */
} prompts_group_t;
#define PROMPTS_MAX_GROUPS (PROMPTS_MAX_COMPONENTS + 3)

/* One named array of the flat block of learnable parameters: "V" (n_pro, n_ctx, D); of group 3, "3 cap/a" (n_ab, n_pro,
 * placeholders, n_ctx_ab, D) and, of components alone, "3 cap/gate" (placeholders). */
typedef struct {
    const char *name;
    int group;      /* -1: V, shared by all */
    int64_t offset; /* in floats */
    int ndim;
    int64_t shape[5];
} prompts_parameter_t;

typedef struct {
    arena_t arena;
    prompts_options_t options; /* as resolved: n_pro 1, n_ab 0, n_ctx 0 without learning */
    prompts_key_t key;
    int width; /* D, of the text tower */
    int groups;
    prompts_group_t group[PROMPTS_MAX_GROUPS];
    int background;      /* its group, -1: none */
    int first_component; /* group of component 0; component c is first_component + c */
    int components;
    int prompts;    /* in all groups together */
    int max_length; /* longest L */
    int parameters; /* rows of the table */
    prompts_parameter_t parameter[1 + 2 * PROMPTS_MAX_GROUPS];
    int64_t parameter_count; /* floats of the block; 0 without learning */
    int slots;               /* S: V first, copy by copy, then every placeholder in the order of the parameters */
    prompts_slot_t *slot;    /* (S) */
    const int *ctx_ids;      /* (n_ctx) tokens that V starts from, NULL: random */
} prompts_set_t;

/* Makes all groups. D: the text tower's width. ST_EFORMAT: an option out of its bounds, ctx_init of another number of
 * tokens than n_ctx, a body so long that no abnormal prompt of it is left. Needs prompts_set_free in every case. */
status_t prompts_set_init(prompts_set_t *out, const prompts_mfsc_t *mfsc, const prompts_vocabulary_t *vocabulary,
                          const tokenizer_t *tokenizer, const prompts_options_t *options, const prompts_key_t *key,
                          int D);
/* PromptAD's prompts, method/README.md 1: the group `image` alone with the class name for its text (prompts_class_name),
 * "NAME."; AHP are the name in eight general states, then in those of `states` (count) that are not among them and can
 * befall the whole; an ALP has its placeholder before the name, and its copies share its vectors. n_ahp and ahp_order are
 * not read. */
status_t prompts_class_set_init(prompts_set_t *out, const char *name, const prompts_state_t *states, int count,
                                const tokenizer_t *tokenizer, const prompts_options_t *options,
                                const prompts_key_t *key, int D);
/* Makes one group of all but the background, image's: an ensemble of the caption's sentences (methods of one group that take
 * `texts: mfsc`). Parameters and slots stay as they are. ST_ENOMEM. */
status_t prompts_set_merge(prompts_set_t *set);
void prompts_set_free(prompts_set_t *set);

/* params (parameter_count): N(0, 0.02^2), gates 0. With ctx_ids, V is `words` (n_ctx, D), their token embeddings
 * (clip_text_embed); copies after the first have N(0, 0.02^2) added so that they can part. NULL when ctx_ids is.
 * Every vector has its own stream: a smaller n_ab, n_pro or n_ctx_ab starts from the same values as a larger one. */
void prompts_params_init(float *params, const prompts_set_t *set, const float *words);
/* slots (S, D), the table of clip_text_forward: v, or sigma(g) a. */
void prompts_slots(float *slots, const prompts_set_t *set, const float *params);
/* dparams (parameter_count) += what dslots (S, D) gives: dv += ds; da += sigma(g) ds; dg += sigma'(g) <a, ds>. */
void prompts_slots_backward(float *dparams, const float *dslots, const prompts_set_t *set, const float *params);

/* ---- Fixed texts of other methods, method/README.md 1, 2, 7 ---- */
/* A category as a noun: "metal nut", "printed circuit board" of pcb1; or the category as it is. */
typedef enum { PROMPTS_CLASS_MAPPED, PROMPTS_CLASS_RAW } prompts_class_t;
extern const char *const prompts_class_names[];                                     /* "mapped", "raw", NULL */
status_t prompts_class_name(char **out, const char *category, prompts_class_t how); /* caller frees */

/* Templates times states: 22 x (7 + 4), the public code's 21 lines x (7 + 4), APRIL-GAN's 35 x (7 + 5). */
typedef enum { PROMPTS_ENSEMBLE_22, PROMPTS_ENSEMBLE_WINCLIP21, PROMPTS_ENSEMBLE_APRIL35 } prompts_ensemble_t;
extern const char *const prompts_ensemble_names[]; /* "22", "winclip21", "april35", NULL */
/* A set of one group without anything to learn: its NHP are the texts of normal states, its AHP those of abnormal ones. */
status_t prompts_ensemble_init(prompts_set_t *out, const char *name, prompts_ensemble_t which,
                               const tokenizer_t *tokenizer, const prompts_key_t *key, int D);

/* ---- For people ---- */
void prompts_print_mfsc(FILE *out, const prompts_mfsc_t *mfsc);
/* Caption and question as one message for a vision chat model that is shown a picture of the category. */
void prompts_print_chat(FILE *out, const prompts_mfsc_t *mfsc);
/* One group: every prompt with its kind and token count (copies named once). */
void prompts_print_group(FILE *out, const prompts_set_t *set, int group);
void prompts_print_set(FILE *out, const prompts_set_t *set); /* all groups, and the table of parameters */

#endif
