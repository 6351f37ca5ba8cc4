/* method: what a method of anomaly detection is to the rest of the program: a table of functions, one file a method and one
 * line of method.c for each; nothing outside this room knows a method by name. A method says which arrays of an image it
 * reads and how many heads it learns, fits K support images to a state, and scores images from it. Plain arrays in and
 * out: it opens no image and no result, claims nothing and measures nothing. Depends on base, tokenizer, clip, prompts, align,
 * detect and job, whose resolved options it reads. What each method computes: METHOD.md, method/README.md. Nothing is
 * collective. */
#ifndef FGAD_METHOD_H
#define FGAD_METHOD_H

#include "align/align.h"
#include "base/base.h"
#include "clip/clip.h"
#include "job/job.h"
#include "prompts/prompts.h"
#include "tokenizer/tokenizer.h"

#include <stdio.h>

/* ---- What a method reads -------------------------------------------------------------------------------------------- */
#define METHOD_MAX_FEATURES 32
/* Arrays of an image, as clip_feature_parse reads their texts. */
typedef struct {
    int count;
    char text[METHOD_MAX_FEATURES][CLIP_FEATURE_TEXT];
} method_ask_t;
/* One image's arrays, in the order of the ask. */
typedef struct {
    const float *array[METHOD_MAX_FEATURES]; /* (rows, width); not owned */
    int rows[METHOD_MAX_FEATURES], width[METHOD_MAX_FEATURES];
} method_image_t;
/* What a learned (or handcrafted) head gives; nothing is owned. */
typedef struct {
    int G, E;                       /* G 0: the head is not there */
    const float *normal, *abnormal; /* (G, E) anchors */
    const float *keys;              /* (G, E) what tokens are matched to; NULL: no query former was trained */
} method_head_t;
/* What the maps of `support` (below) took: their memory and the search in it. Another task that finds them known spends nothing
 * on them, and costs as much where it runs alone. */
typedef struct {
    size_t bytes;
    double seconds; /* clock_own_seconds */
} method_spent_t;
typedef struct {
    const job_t *job;
    const char *dataset, *category;
    int shots;
    uint64_t seed;
    int images; /* of the test */
    const clip_model_t *model;
    const tokenizer_t *tokenizer;  /* NULL unless the method's `texts` */
    double logit_scale;            /* of the job and the model */
    unsigned known;                /* maps that score will find filled in, a bit each */
    const method_image_t *support; /* (shots); NULL when all that depends on it is known */
    const method_head_t *head;     /* (JOB_HEADS) */
    const float *const *slices;    /* each (images, T); NULL unless the method has them */
    method_spent_t *spent;         /* fit and score add to it; NULL: nobody asks. No bit of a map depends on it */
} method_task_t;

/* ---- What it leaves behind --------------------------------------------------------------------------------------------
 * Beside M_pix (the map) and M_img (the score of the image), which every method gives, what rescoring wants to know. */
#define METHOD_MAX_MAPS 8
typedef struct {
    const char *name, *description;
    bool image;   /* a value an image; else one a token */
    bool integer; /* int32_t; else float */
    bool support; /* depends on features and support alone: the same at every point of a grid */
    int values;   /* above 0: so many values a task, made of the support's features */
} method_map_t;
/* Of n images; what the options leave out is NULL. */
typedef struct {
    int n, h, w;
    float *M_pix, *M_img;        /* (n, h*w), (n) */
    void *kept[METHOD_MAX_MAPS]; /* (n, h*w) or (n), in the order of the method's table */
} method_maps_t;                 /* owned */

/* Parts of a method that give a map each. */
typedef enum { METHOD_BRANCH_VAD, METHOD_BRANCH_PAD, METHOD_BRANCHES } method_branch_t;

/* ---- Learning of heads, for methods that learn prompts ----------------------------------------------------------------- */
typedef struct {
    const job_t *job;
    job_head_t head;
    const char *dataset, *category;
    int shots;
    uint64_t seed;
    const clip_model_t *model;
    const tokenizer_t *tokenizer;
} method_learning_t;
/* What prompts are made of; all zero at first. */
typedef struct {
    prompts_vocabulary_t vocabulary;
    prompts_mfsc_t mfsc;
    prompts_set_t set;
} method_prompts_t;
void method_prompts_free(method_prompts_t *prompts);
typedef struct {
    bool (*wanted)(const job_t *job, job_head_t head);
    int (*epochs)(const job_t *job, job_head_t head);   /* of learning; NULL: none, its texts stand as they are */
    bool (*captions)(const job_t *job);                 /* whether prompts are made of the caption; NULL: never */
    bool (*regions)(const job_t *job, job_head_t head); /* whether it learns from regions of the support; NULL: never */
    bool (*queries)(const job_t *job, job_head_t head); /* whether its anchors train the query former; NULL: never */
    status_t (*prompts)(method_prompts_t *out, const method_learning_t *how);
    status_t (*training)(align_training_t *out, const method_learning_t *how);
} method_heads_t;

/* ---- What it costs ------------------------------------------------------------------------------------------------------
 * The sizes of a task, which are known before anything is encoded. */
typedef struct {
    const job_t *job;
    int tokens, E; /* E: width of class tokens and anchors */
    int groups;    /* of prompts that tokens are scored against, times the states that are; 0: none */
    int shots, images;
    bool known;                                                /* what depends on features and support alone */
    int rows[METHOD_MAX_FEATURES], width[METHOD_MAX_FEATURES]; /* of the arrays of its ask */
} method_size_t;
typedef struct {
    double fit, image, set, slice; /* GFLOP: once; of an image; of the set of them; of each of its slices */
} method_work_t;

/* ---- Sets whose work is shared out -------------------------------------------------------------------------------------
 * A method that scores images against one another may cut that work into slices, each made of one array of all images, by
 * itself, wherever and in whatever order: (n, T) values, which score_set finds in the task. */
typedef struct {
    int (*count)(const job_t *job);
    int (*array)(const job_t *job, int slice); /* that it reads: a place in the ask */
    /* Writes what slices depend on beside that array, their number and the test images; points that agree share them. */
    void (*key)(FILE *out, const method_task_t *task);
    /* out (n, T) of images (n), each of which holds the one array. ST_EINTERRUPTED: it was asked to stop. */
    status_t (*make)(float *out, const method_task_t *task, const method_image_t *images, int slice, arena_t *arena);
} method_slices_t;

/* ---- The table --------------------------------------------------------------------------------------------------------- */
typedef struct {
    const char *name;            /* as the option `method` has it */
    const method_map_t *maps;    /* ends with {0}; NULL: none */
    const method_heads_t *heads; /* NULL: it learns none */
    bool branches;               /* the option of this name says which of its branches make the map */
    bool texts;                  /* fit reads texts of its own: the tokenizer is opened */
    int min_shots;               /* fewest support images */
    /* Whether a key of the job, with the others as they are, changes anything of it: asked of its own block, and of what heads
     * and branches are known to read. NULL: all of these. */
    bool (*reads)(const job_t *job, const char *key);
    void (*ask)(method_ask_t *out, const job_t *job);
    bool (*gives)(const job_t *job, int map); /* whether the options make it fill maps[map], where it has some */
    bool (*transductive)(const job_t *job);   /* the score of an image depends on other test images; NULL: never */
    bool (*auxiliary)(const job_t *job);      /* something was trained on another anomaly set; NULL: never */
    /* What a task of it costs, for the plan's order and forecast. NULL: next to nothing. */
    void (*work)(method_work_t *out, const method_size_t *size);
    /* The state, which lives in the arena and may borrow from the task; the arena lives as long. */
    status_t (*fit)(void **state, const method_task_t *task, arena_t *arena);
    /* Fills image i of `maps`: what is not known of its maps, M_pix and M_img. Scratch from the arena is given back. */
    status_t (*score)(method_maps_t *maps, int i, void *state, const method_image_t *image, arena_t *arena);
    /* After every image was scored, in order; of methods for sets, which note in `state` what they saw. NULL: nothing. */
    status_t (*score_set)(method_maps_t *maps, void *state, arena_t *arena);
    const method_slices_t *slices; /* that score_set puts together; NULL: it does all by itself */
    /* M_pix (h*w) and *M_img of image i from stored maps, with the options of `job`; scratch (h*w). NULL: they stand. */
    void (*fuse)(float *M_pix, float *M_img, const method_maps_t *maps, int i, const job_t *job, float *scratch);
    /* Of methods whose image scores depend on how maps go to full size: M_img (n) of M_pix (n, h, w) again. ST_ENOMEM. */
    status_t (*image_scores)(float *M_img, const float *M_pix, int n, int h, int w, const job_t *job, arena_t *arena);
    bool image_at_resolution; /* they depend on the resolution, and what stored maps hold does not give them again */
    /* Of methods with branches: M (n, h*w) of one alone, as the options make it of stored maps (M NULL: only whether they
     * do), and the class token's scores (n), or NULL. NULL: a method has none. */
    bool (*branch)(float *M, const method_maps_t *maps, const job_t *job, method_branch_t which);
    const float *(*class_token)(const method_maps_t *maps, const job_t *job);
    /* What M_pix depends on of the options, as a number: settings of equal ones share their pixels. */
    uint64_t (*fusion)(const job_t *job);
    /* What stored maps lack for the options, as "branches: vad"; NULL: nothing. */
    const char *(*lacks)(const method_maps_t *maps, const job_t *job);
} method_t;
/* Those of the program; ends with NULL. */
extern const method_t *const method_table[];
/* Of a table, the one that the job names; NULL: it is not there. */
const method_t *method_of(const method_t *const *table, const job_t *job);
bool method_wants_head(const method_t *method, const job_t *job, job_head_t head);
bool method_wants_heads(const method_t *method, const job_t *job); /* any */
bool method_is_transductive(const method_t *method, const job_t *job);
bool method_is_auxiliary(const method_t *method, const job_t *job);
bool method_learns(const method_t *method, const job_t *job); /* any head, for an epoch at least */
/* Of a head that is wanted: whether it is of fixed texts, the same for every draw of shots; whether it reads the regions of
 * the training images; whether its query former is trained. */
bool method_head_is_fixed(const method_t *method);
bool method_head_reads_regions(const method_t *method, const job_t *job, job_head_t head);
bool method_head_has_queries(const method_t *method, const job_t *job, job_head_t head);
int method_map_count(const method_t *method);
int method_slice_count(const method_t *method, const job_t *job);
/* Of what a task keeps of an image: how many values a token, M_pix included. */
int method_token_maps(const method_t *method, const job_t *job);

/* ---- Labels: what a row of a table has to tell beside its numbers ------------------------------------------------------ */
enum { METHOD_TOWER_SIZE = 2048 };
typedef struct {
    char model[256];               /* the name of its folder */
    char tower[METHOD_TOWER_SIZE]; /* "demo-clip unit:cls+tokens raw:3.attn+8.attn": the arrays that are read */
    char branches[16];             /* "vad+pad"; "" of methods without branches */
    const char *learn, *transductive, *auxiliary; /* "yes" or "no" */
} method_labels_t;
/* config: NULL where no model is opened; taps that are shares of a depth stand as such then. */
void method_labels_make(method_labels_t *out, const method_t *method, const job_t *job, const clip_config_t *config);

status_t method_maps_alloc(method_maps_t *maps, const method_t *method, const job_t *job, int n, int h, int w);
void method_maps_free(method_maps_t *maps);
/* M_img (n) of maps M_pix (n, T), where the job does not leave it to the method (image_score). */
void method_image_scores(float *M_img, const float *M_pix, int n, int T, const job_t *job);
/* M_pix (n, h*w) and M_img (n), which may be those of `maps`, of all images with the options of `job`; scratch (h*w).
 * ST_ENOMEM. */
status_t method_fuse(float *M_pix, float *M_img, const method_t *method, const method_maps_t *maps, const job_t *job,
                     float *scratch);
/* M (n, h*w), or NULL, of one branch before fusion; false: there is none. */
bool method_branch(float *M, const method_t *method, const method_maps_t *maps, const job_t *job,
                   method_branch_t which);
/* The branch that is the map because there is no other; -1: there are two, or none. */
int method_only_branch(const method_t *method, const method_maps_t *maps, const job_t *job);

#endif
