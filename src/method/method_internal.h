/* Private to method: the table's rows, and what methods share. */
#ifndef FGAD_METHOD_INTERNAL_H
#define FGAD_METHOD_INTERNAL_H

#include "detect/detect.h"
#include "method/method.h"

#define METHOD_DECLARE(symbol, name) extern const method_t method_##symbol;
JOB_METHODS(METHOD_DECLARE)
#undef METHOD_DECLARE

/* ---- method_branches.c: the memory branch and the prompt branch, whatever the prompts are made of ---- */
extern const method_map_t method_branches_maps[];
void method_branches_ask(method_ask_t *out, const job_t *job);
bool method_branches_gives(const job_t *job, int map);
void method_branches_work(method_work_t *out, const method_size_t *size);
status_t method_branches_fit(void **out, const method_task_t *task, arena_t *arena);
status_t method_branches_score(method_maps_t *maps, int i, void *fitted, const method_image_t *image, arena_t *arena);
void method_branches_fuse(float *M_pix, float *M_img, const method_maps_t *maps, int i, const job_t *job,
                          float *scratch);
bool method_branches_branch(float *M, const method_maps_t *maps, const job_t *job, method_branch_t which);
const float *method_branches_class_token(const method_maps_t *maps, const job_t *job);
uint64_t method_branches_fusion(const job_t *job);
const char *method_branches_lacks(const method_maps_t *maps, const job_t *job);
/* Of a row of the table: all but name and heads. */
#define METHOD_OF_BRANCHES                                                                                             \
    .maps = method_branches_maps, .branches = true, .min_shots = 1, .ask = method_branches_ask,                        \
    .work = method_branches_work, .gives = method_branches_gives, .fit = method_branches_fit,                          \
    .score = method_branches_score, .fuse = method_branches_fuse, .branch = method_branches_branch,                    \
    .class_token = method_branches_class_token, .fusion = method_branches_fusion, .lacks = method_branches_lacks

/* ---- method_finegrainedad.c ---- */
int method_branches_epochs(const job_t *job, job_head_t head);
status_t method_branches_training(align_training_t *out, const method_learning_t *how);

/* ---- method_texts.c: the one head of methods that compare with fixed texts ---- */
prompts_key_t method_prompts_key(const method_learning_t *how);
bool method_texts_wanted(const job_t *job, job_head_t head);
status_t method_texts_make(method_prompts_t *out, const method_learning_t *how, prompts_class_t class,
                           prompts_ensemble_t which);
/* With texts: mfsc the ensemble is the caption's own: its sentences, and each with every state and value that may change. */
bool method_texts_captions(const job_t *job);
status_t method_texts_read_caption(method_prompts_t *out, const method_learning_t *how);
status_t method_texts_of_caption(method_prompts_t *out, const method_learning_t *how);
/* Nothing to learn; unit: anchors are means of features of length 1. */
status_t method_texts_training(align_training_t *out, const method_learning_t *how);
status_t method_texts_training_unit(align_training_t *out, const method_learning_t *how);
detect_anchors_t method_texts_anchors(const method_task_t *task, double scale);

/* ---- method_features.c ---- */
/* Side of the grid of so many tokens. */
int method_grid(int tokens);
/* One array more. */
void method_ask_for(method_ask_t *out, const char *feature, bool raw);
/* The array of the support's turned views, behind the others, evenly or at angles that the task's seed draws; nothing is asked
 * for without turns, nor for a single even one. Returns which one the support is read from: it, or `plain`. */
int method_ask_turned(method_ask_t *out, int plain, const char *feature, int turns, bool drawn, bool raw);
/* The taps (none: the job's memory_taps), unit or raw. */
void method_ask_taps(method_ask_t *out, const io_names_t *taps, const job_t *job, bool raw);
/* The support images' rows of one array below each other; features stays NULL. */
status_t method_bank(detect_tap_t *out, const method_task_t *task, int feature, arena_t *arena);
/* GFLOP of an image's searches of arrays first .. end-1 in a memory of `shots` images. */
double method_search_gflop(const method_size_t *size, int first, int end, int shots);
/* A memory an array from the second on: the first is of class tokens. */
typedef struct {
    int count;
    detect_tap_t tap[METHOD_MAX_FEATURES];
} method_banks_t;
status_t method_banks(method_banks_t *out, const method_task_t *task, const method_ask_t *asked, arena_t *arena);
/* detect_cosine of an image's tokens (T) against them. */
status_t method_banks_cosine(float *map, const method_banks_t *banks, const method_image_t *image, int T,
                             arena_t *arena);
/* Arrays first .. end-1 of an image side by side, (rows, *width), from the arena; NULL: no memory. */
float *method_join(int *width, const method_image_t *image, int first, int end, arena_t *arena);

#endif
