/* prompts: fine-grained captions (MFSC files, METHOD.md 4) and the multi-level prompts made of them (METHOD.md 5):
 * handcrafted normal (NHP) and abnormal (AHP), learnable abnormal (ALP), the block of learnable parameters, and the way
 * from parameters to the text tower's input embeddings and back. It encodes nothing and learns nothing: the text tower
 * is in clip, losses and optimiser are in align. Depends on base, io and clip (tokenizer). A set is read-only once made. */
#ifndef FGAD_PROMPTS_H
#define FGAD_PROMPTS_H

#include "base/base.h"
#include "clip/clip.h"

#include <stdio.h>

#define PROMPTS_MAX_COMPONENTS 6

/* ---- Vocabulary ---------------------------------------------------------------------------------------------------- */
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

/* Base values of every attribute, in the file's order. Owned by the struct. */
typedef struct {
    arena_t arena;
    int count[PROMPTS_ATTRIBUTES];
    const char **value[PROMPTS_ATTRIBUTES];
} prompts_vocabulary_t;
/* ST_EFORMAT names file, key and value. The struct needs prompts_vocabulary_free in every case. */
status_t prompts_vocabulary_read(prompts_vocabulary_t *out, const char *path);
void prompts_vocabulary_free(prompts_vocabulary_t *vocabulary);

/* ---- MFSC files ----------------------------------------------------------------------------------------------------
 * The form is datasets/mfsc/schema.json, the rules are in datasets/mfsc/README.md: values verbatim in their sentences,
 * values of the vocabulary, equal names in both lists, place of the file. Strings are owned by the struct. */
typedef struct {
    const char *name, *caption;
    const char *value[PROMPTS_ATTRIBUTES]; /* NULL: the attribute does not apply; number and location always there */
} prompts_component_t;
typedef struct {
    arena_t arena;
    const char *path, *category, *dataset;
    const char *foreground, *background; /* background is NULL for "none" */
    const char *summary, *relation;
    int components;
    prompts_component_t component[PROMPTS_MAX_COMPONENTS];
    int states;
    const char **state; /* (states), each with one {} */
} prompts_mfsc_t;

/* One line a complaint: "'FILE': FIELD: what is wrong". */
typedef struct {
    int count;
    char **line;
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

#endif
