/* Where a job's images, captions and results lie. */
#include "job/job.h"

#include <stdlib.h>
#include <string.h>

data_options_t job_data_options(const job_t *job)
{
    return (data_options_t){.views = job_view_names[job->views],
                            .tree = job->tree > 0 ? job_tree_names[job->tree] : NULL,
                            .shots_listed = strcmp(job->fewshot, "nested") != 0 && strcmp(job->fewshot, "draw") != 0,
                            .how = {.bit_depth = job->bit_depth, .upright = job->exif != 0},
                            .unlabelled = job->unlabelled};
}

char *job_root(const job_t *job, const char *dataset)
{
    for (int i = 0; i < job->roots.count; i++)
        if (strcmp(job->roots.key[i], dataset) == 0) return base_format("%s", job->roots.value[i]);
    return base_format("%s/%s", job->data_root, dataset);
}

char *job_run_dir(const job_t *job)
{
    return base_format("%s/%s", job->output, job->name);
}

char *job_caption_path(const job_t *job, const char *dataset, const char *category)
{
    /* Own images may lie anywhere, and so may the program: their caption may lie beside them. */
    if (strcmp(dataset, "folder") == 0) {
        char *root = job_root(job, dataset);
        char *beside = root != NULL ? base_format("%s/%s/caption.json", root, category) : NULL;
        free(root);
        if (beside == NULL || io_exists(beside)) return beside;
        free(beside);
    }
    return base_format("%s/mfsc/%s/%s.json", job->assets, dataset, category);
}
