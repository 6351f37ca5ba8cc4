/* What items and their folders are called, and which images a chunk holds. */
#include "plan/plan_internal.h"

#include <stdio.h>

void plan_chunk_range(int *first, int *count, const plan_t *plan, int category, int chunk)
{
    int size = plan->points[0].chunk, total = plan->categories[category].images.test_count;
    *first = chunk * size;
    *count = total - *first < size ? total - *first : size;
}

int plan_task_images(int *keep, const plan_t *plan, const plan_task_t *task)
{
    const job_t *job = &plan->points[task->point];
    const data_category_t *images = &plan->categories[task->category_index].images;
    const bool excluded = job->test_shots == JOB_TEST_SHOTS_EXCLUDED;
    const int n = data_test_without_shots(keep, images, task->support, excluded ? task->shots : 0);
    /* Anomalous images without a mask, where others have one: published loaders of Real-IAD pass them over. */
    if (job->test_maskless != JOB_MASKLESS_DROPPED || images->masks_missing == images->test_anomalous) return n;
    int kept = 0;
    for (int i = 0; i < n; i++)
        if (images->test[keep[i]].label == 0 || images->test[keep[i]].mask != NULL) keep[kept++] = keep[i];
    return kept;
}

const char *const plan_kind_names[PLAN_KINDS] = {"chunks of test images", "support images", "tiled support images",
                                                 "learned heads",         "slices of sets", "evaluations"};

const char *plan_item_name(char out[512], const plan_t *plan, const plan_item_t *item)
{
    const data_category_t *images = &plan->categories[item->category_index].images;
    if (item->kind == PLAN_EVALUATE) {
        const plan_task_t *task = &plan->tasks[item->index];
        snprintf(out, 512, "%s/%s shots %d seed %llu%s%s", task->dataset, task->category, task->shots,
                 (unsigned long long)task->seed, plan->point_text[task->point][0] != '\0' ? " " : "",
                 plan->point_text[task->point]);
    } else if (item->kind == PLAN_LEARN) {
        const plan_task_t *task = &plan->tasks[item->index];
        snprintf(out, 512, "learning %s/%s shots %d seed %llu, %s head", task->dataset, task->category, task->shots,
                 (unsigned long long)task->seed, job_head_names[item->head]);
    } else if (item->kind == PLAN_SLICE) {
        snprintf(out, 512, "scoring %s/%s, slice %d of the set", images->dataset, images->category, item->slice);
    } else {
        static const char *const kinds[] = {"chunk", "support image", "tiles of image"};
        snprintf(out, 512, "encoding %s/%s %s %d", images->dataset, images->category, kinds[item->kind], item->index);
    }
    return out;
}

void plan_features_name(char out[64], const plan_t *plan, const plan_item_t *item)
{
    const job_t *job = &plan->points[0];
    if (item->kind == PLAN_CHUNK)
        snprintf(out, 64, "chunk-%03d-by-%d", item->index, job->chunk);
    else if (item->kind == PLAN_TILES)
        snprintf(out, 64, "tiles-%05d-x%d", item->index, item->scale);
    else if (plan_draws(plan) > 0)
        snprintf(out, 64, "support-%05d-s%lld", item->index, (long long)job->seeds.value[item->draw]);
    else
        snprintf(out, 64, "support-%05d", item->index);
}

void plan_folder_path(char out[4096], const plan_t *plan, int folder)
{
    const plan_category_t *entry = &plan->categories[folder / PLAN_FOLDERS];
    switch (folder % PLAN_FOLDERS) {
    case PLAN_FOLDER_FEATURES:
        snprintf(out, 4096, "%s", entry->cache);
        break;
    case PLAN_FOLDER_PROMPTS:
        snprintf(out, 4096, "%s", entry->prompts);
        break;
    default:
        snprintf(out, 4096, "%s/tasks/%s/%s", plan->run_dir, entry->images.dataset, entry->images.category);
    }
}

bool plan_item_ask(method_ask_t *out, const plan_t *plan, const plan_item_t *item)
{
    switch (item->kind) {
    case PLAN_CHUNK:
        *out = plan->ask_test;
        return true;
    case PLAN_SUPPORT:
        plan_ask_of_draw(out, plan, &plan->ask, item->draw);
        return true;
    case PLAN_TILES:
        *out = (method_ask_t){1, {"tokens"}}; /* what regions are found in */
        return true;
    default:
        *out = (method_ask_t){0};
        return false;
    }
}

void plan_array_folder(char out[4096], const plan_t *plan, int category, const char *feature)
{
    snprintf(out, 4096, "%s/%s", plan->categories[category].arrays, feature);
}

void plan_array_path(char out[4096], const plan_t *plan, const plan_item_t *item, const char *feature)
{
    static const char *const names[] = {"chunk", "support", "tiles"};
    snprintf(out, 4096, "%s/%s/%s-%05d-%s.h5", plan->categories[item->category_index].arrays, feature,
             names[item->kind], item->index, item->array_id);
}
