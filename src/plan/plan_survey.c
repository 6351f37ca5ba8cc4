/* A look at all images and masks before any work is done. */
#include "plan/plan_internal.h"

#include <stdlib.h>
#include <string.h>

/* 16-bit images that are read from end to end, of the training and of the test images of a category. */
enum { MOST_READ = 32 };

/* The file that says of a category, with this rule for masks, that nothing was found wrong in it. Heap. */
static char *looked_path(const plan_t *plan, const plan_category_t *entry, int threshold)
{
    char digest[IO_DIGEST_SIZE];
    const data_category_t *images = &entry->images;
    char *key = base_format("%s %d %d %d", entry->digest, threshold, images->how.bit_depth, images->how.upright);
    if (key == NULL) return NULL;
    io_digest_bytes(digest, key, strlen(key));
    free(key);
    return base_format("%s/cache/looked/%s/%s/%.16s.txt", plan->points[0].output, images->dataset, images->category,
                       digest);
}

/* A look that cannot be remembered is taken again. */
static void remember(const char *path)
{
    char *folder = base_format("%s", path);
    if (folder == NULL) return;
    *strrchr(folder, '/') = '\0';
    static const char text[] = "ok\n";
    if (io_make_dirs(folder) != ST_OK || io_write_file(path, text, sizeof text - 1) != ST_OK)
        log_debug("%s", fail_message());
    free(folder);
}

static status_t survey(const plan_t *plan, const plan_category_t *entry, int threshold)
{
    int masks;
    data_findings_t findings = {0};
    data_category_t ruled = entry->images; /* texts and lists are borrowed */
    if (threshold >= 0) ruled.mask_threshold = threshold;
    char *looked = looked_path(plan, entry, ruled.mask_threshold);
    if (looked == NULL) return ST_ENOMEM;
    status_t status = ST_OK;
    if (io_exists(looked)) goto done;
    TRY_DONE(data_survey(&findings, &masks, &ruled, MOST_READ));
    TRY_DONE(data_findings_refuse(&findings));
    data_findings_warn(&findings, ruled.dataset, ruled.category);
    if (data_findings_count(&findings, DATA_HARM_STOPS, DATA_HARM_LEFT_OUT) == 0) remember(looked);
done:
    data_findings_free(&findings);
    free(looked);
    return status;
}

status_t plan_survey(const plan_t *plan)
{
    for (int c = 0; c < plan->category_count; c++) {
        const plan_category_t *entry = &plan->categories[c];
        data_findings_warn(&entry->images.notes, entry->images.dataset, entry->images.category);
        for (int p = 0; p < plan->point_count; p++) {
            bool seen = false;
            for (int q = 0; q < p; q++) seen = seen || plan->points[q].mask_threshold == plan->points[p].mask_threshold;
            if (!seen) TRY(survey(plan, entry, plan->points[p].mask_threshold));
        }
    }
    return ST_OK;
}
