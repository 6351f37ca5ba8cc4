/* The model of a plan: checked and digested once, then known by its files' marks. */
#include "plan/plan_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* <output>/cache/models.txt: "<version> <mark> <digest> <private bytes>" a line. The version is there because another one
 * may check more. */
static void kept_path(char out[4096], const plan_t *plan)
{
    snprintf(out, 4096, "%s/cache/models.txt", plan->points[0].output);
}

static bool is_digest(const char *text)
{
    return strlen(text) == IO_DIGEST_SIZE - 1 && strspn(text, "0123456789abcdef") == IO_DIGEST_SIZE - 1;
}

/* Whether the model with this mark was digested before. */
static bool find_kept(char digest[IO_DIGEST_SIZE], size_t *private_bytes, const plan_t *plan, const char *mark)
{
    char path[4096], line[CLIP_MARK_SIZE + 512], version[128], known[CLIP_MARK_SIZE], found[IO_DIGEST_SIZE];
    bool is_known = false;
    kept_path(path, plan);
    FILE *file = io_open_lines(path);
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        size_t bytes;
        char *rest, *word[4];
        word[0] = strtok_r(line, " \n", &rest);
        for (int i = 1; i < 4; i++) word[i] = word[i - 1] != NULL ? strtok_r(NULL, " \n", &rest) : NULL;
        if (word[3] == NULL || sscanf(word[3], "%zu", &bytes) != 1 || !is_digest(word[2])) continue;
        snprintf(version, sizeof version, "%s", word[0]);
        snprintf(known, sizeof known, "%s", word[1]);
        snprintf(found, sizeof found, "%s", word[2]);
        if (strcmp(version, base_version()) != 0 || strcmp(known, mark) != 0) continue;
        memcpy(digest, found, sizeof found);
        *private_bytes = bytes;
        is_known = true;
    }
    if (file != NULL) fclose(file);
    return is_known;
}

status_t plan_model_read(plan_t *plan)
{
    const job_t *job = &plan->points[0];
    clip_model_t *model;
    char digest[IO_DIGEST_SIZE] = "assumed", mark[CLIP_MARK_SIZE] = "";
    bool settled = false;
    plan->assumed_model = plan->assume && !io_is_dir(job->model);
    if (!plan->assumed_model) {
        TRY(clip_model_mark(mark, &settled, job->model));
        plan->model_kept = find_kept(digest, &plan->model_private_bytes, plan, mark);
        if (!plan->model_kept) {
            /* Opened for the checks: whoever computes with it opens it again. */
            TRY(clip_model_open_size(&model, job->model, job->image_size));
            plan->model_private_bytes = clip_model_private_bytes(model);
            clip_model_close(model);
            TRY(clip_model_digest(digest, job->model));
        }
        /* What changed a moment ago may change again within one tick of the clock that marks it. */
        if (settled && (plan->model_mark = base_format("%s", mark)) == NULL) return ST_ENOMEM;
    }
    plan->model_digest = base_format("%s", digest);
    return plan->model_digest != NULL ? ST_OK : ST_ENOMEM;
}

void plan_model_keep(const plan_t *plan)
{
    char path[4096], line[CLIP_MARK_SIZE + 512];
    if (plan->model_mark == NULL || plan->model_kept) return;
    snprintf(path, sizeof path, "%s/cache", plan->points[0].output);
    if (io_make_dirs(path) != ST_OK) return;
    kept_path(path, plan);
    snprintf(line, sizeof line, "%s %s %s %zu\n", base_version(), plan->model_mark, plan->model_digest,
             plan->model_private_bytes);
    if (io_append_line(path, line) != ST_OK) log_warn("%s", fail_message());
}
