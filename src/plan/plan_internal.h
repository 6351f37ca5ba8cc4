/* Private to plan. */
#ifndef FGAD_PLAN_INTERNAL_H
#define FGAD_PLAN_INTERNAL_H

#include "plan/plan.h"

/* ---- Methods ---- */
/* ST_EFORMAT: a point's method is not there. */
status_t plan_methods_check(const plan_t *plan);
/* What all points ask for: an image is encoded once. */
status_t plan_asks_collect(plan_t *plan);

/* ---- Categories ---- */
/* The categories that the job names, with the digests that ids are made of. */
status_t plan_categories_read(plan_t *plan);
/* Keys and folders of a category: those of the cache are named by the model and by all of the job that changes what is in
 * them. After plan_asks_collect. */
status_t plan_category_folders(plan_category_t *entry, const plan_t *plan);
void plan_category_free(plan_category_t *entry);
/* Counts the words of a caption, and gives the text of what its prompts take from the vocabulary (heap). A file that is
 * not fit counts as a typical one, and all of the vocabulary's file is its text: its learning will say what is wrong. */
status_t plan_caption_count(plan_caption_t *out, char **draws, const char *caption, const char *vocabulary);

/* ---- Model ---- */
/* Checks the model and takes its digest, or finds both done for files of the same marks; of one that is not there and is not
 * needed, a stand-in. */
status_t plan_model_read(plan_t *plan);

/* ---- Identity: digests of all that a result depends on, and of nothing else ---- */
status_t plan_task_id(char id[PLAN_ID_SIZE], const plan_t *plan, const plan_task_t *task);
/* The job with the defaults of all that its method does not read; borrows from both, and owns nothing. The caller frees
 * `defaults` by io_options_free, whatever comes back. */
status_t plan_read_options(job_t *out, job_t *defaults, const method_t *method, const job_t *job);
/* Whether the text of a head's options has this key of prompts or regions. */
bool plan_head_reads(const io_option_t *row, const job_t *job, job_head_t head);
/* What a learned head depends on of the job, as "key=value\n" lines (heap). */
char *plan_learn_options(const method_t *method, const job_t *job, job_head_t head);
/* Of the head that task t learns. */
status_t plan_learn_id(char id[PLAN_ID_SIZE], const plan_t *plan, int t, job_head_t head);
/* Of a slice of task t, whose test images are keep[0..n-1]. */
status_t plan_slice_id(char id[PLAN_ID_SIZE], const plan_t *plan, int t, int slice, const int *keep, int n);
/* Of an item of encoded images, and of its arrays. */
void plan_features_ids(plan_item_t *item, const plan_t *plan);

/* ---- Items by the names of their files ---- */
/* Of the file of encoded images, in its category's folder, without what ends it. */
void plan_features_name(char out[64], const plan_t *plan, const plan_item_t *item);
status_t plan_items_index(plan_items_t *items);

#endif
