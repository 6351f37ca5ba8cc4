/* `fgad run --dry-run`: what a job comes to. */
#include "plan/plan.h"

#include <string.h>

typedef struct {
    int64_t images_to_encode, images_kept;
    int tasks, tasks_kept;
    double bytes;
} sums_t;

static int item_images(const plan_t *plan, const plan_item_t *item)
{
    int first, count = 1;
    if (item->kind == PLAN_TILES) return item->scale * item->scale;
    if (item->kind == PLAN_CHUNK) plan_chunk_range(&first, &count, plan, item->category_index, item->index);
    return count;
}

static sums_t sum_category(const plan_t *plan, const plan_items_t *items, int category)
{
    sums_t sums = {0};
    double T = (double)plan->config.grid * plan->config.grid;
    for (int i = 0; i < items->count; i++) {
        const plan_item_t *item = &items->items[i];
        if (item->category_index != category) continue;
        bool kept = item->state == PLAN_DONE;
        if (item->kind == PLAN_LEARN || item->kind == PLAN_SLICE) continue; /* small files */
        if (item->kind == PLAN_EVALUATE) {
            sums.tasks++;
            sums.tasks_kept += kept;
            if (!kept) sums.bytes += 4 * T * 6 * plan->categories[category].images.test_count;
        } else {
            int images = item_images(plan, item);
            *(kept ? &sums.images_kept : &sums.images_to_encode) += images;
            if (!kept) sums.bytes += 1e6 * plan_features_mb(plan, images);
        }
    }
    return sums;
}

status_t plan_print(FILE *out, const plan_t *plan, const plan_items_t *items)
{
    double bytes = 0;
    fprintf(out, "run %s: %d task%s", plan->run_dir, plan->task_count, plan->task_count == 1 ? "" : "s");
    fprintf(out, " (%d grid point%s)\n", plan->point_count, plan->point_count == 1 ? "" : "s");
    for (int p = 0; p < plan->point_count && plan->point_count > 1; p++)
        fprintf(out, "  point %d: %s\n", p,
                plan->point_text[p][0] != '\0' ? plan->point_text[p] : "(the job as it is)");
    fprintf(out, "  %-28s %6s %6s %8s %8s %8s\n", "category", "tasks", "kept", "test", "encode", "cached");
    for (int l = 0; l < plan->category_count; l++) {
        const data_category_t *images = &plan->categories[l].images;
        sums_t sums = sum_category(plan, items, l);
        char name[128];
        snprintf(name, sizeof name, "%s/%s", images->dataset, images->category);
        fprintf(out, "  %-28s %6d %6d %8d %8lld %8lld\n", name, sums.tasks, sums.tasks_kept, images->test_count,
                (long long)sums.images_to_encode, (long long)sums.images_kept);
        bytes += sums.bytes;
    }
    fprintf(out, "  about %.1f MB to be written\n", 1e-6 * bytes);
    return ST_OK;
}
