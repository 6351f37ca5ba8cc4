/* index.h5 of a joined run: the categories of all its runs, so that it is looked at and put to use as any other. */
#include "suite/suite_internal.h"

#include <stdlib.h>
#include <string.h>

/* The same images, and the same caption where both have read one. */
static status_t check_same(const plan_category_t *one, const plan_category_t *other, const char *dir)
{
    const char *what = NULL;
    if (strcmp(one->digest, other->digest) != 0) what = "images";
    const bool captions = one->caption_digest[0] != '\0' && other->caption_digest[0] != '\0';
    if (what == NULL && captions && strcmp(one->caption_digest, other->caption_digest) != 0)
        what = "caption or tokenizer";
    if (what == NULL) return ST_OK;
    return fail(ST_EFORMAT, "'%s' was made of other %s of %s/%s than a run before it, expected the same", dir, what,
                one->images.dataset, one->images.category);
}

static status_t add_run(plan_t *joined, const plan_t *run, const char *dir)
{
    for (int c = 0; c < run->category_count; c++) {
        const plan_category_t *known = suite_category_find(joined, &run->categories[c]);
        if (known != NULL)
            TRY(check_same(known, &run->categories[c], dir));
        else
            joined->categories[joined->category_count++] = run->categories[c];
    }
    return ST_OK;
}

status_t suite_join_index_read(suite_join_index_t *out, const char *const *dirs, int count, const char *into)
{
    int most = 0;
    *out = (suite_join_index_t){.runs = calloc((size_t)count, sizeof *out->runs), .count = count};
    if (out->runs == NULL) return fail(ST_ENOMEM, "out of memory");
    for (int r = 0; r < count; r++) {
        plan_t *run = &out->runs[r];
        TRY(plan_open_job(run, method_table, dirs[r]));
        status_t status = store_index_read(run);
        if (status == ST_ENOMEM) return status;
        if (status != ST_OK) { /* made before there was an index, or it is damaged */
            log_warn(
                "'%s' has no index.h5, and looks at the images where it is asked of them: of '%s' there is none (%s)",
                into, dirs[r], fail_message());
            return ST_OK;
        }
        most += run->category_count;
    }
    out->joined = out->runs[0];
    out->joined.category_count = 0;
    out->joined.categories = base_alloc((size_t)most, sizeof *out->joined.categories);
    if (out->joined.categories == NULL) return ST_ENOMEM;
    for (int r = 0; r < count; r++) TRY(add_run(&out->joined, &out->runs[r], dirs[r]));
    return ST_OK;
}

status_t suite_join_index_write(suite_join_index_t *index, const char *into, const job_t *job)
{
    char dir[4096];
    if (index->joined.categories == NULL) return ST_OK;
    snprintf(dir, sizeof dir, "%s", into);
    index->joined.run_dir = dir;
    suite_categories_sort(&index->joined, job);
    status_t status = store_index_write(&index->joined);
    index->joined.run_dir = NULL;
    return status;
}

void suite_join_index_free(suite_join_index_t *index)
{
    free(index->joined.categories); /* all else is borrowed from the runs */
    for (int r = 0; r < index->count && index->runs != NULL; r++) plan_free(&index->runs[r]);
    free(index->runs);
    *index = (suite_join_index_t){0};
}
