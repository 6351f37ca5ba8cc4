/* run.yaml: the resolved job of a run, as it could be run again, and where it came from. */
#include "store/store.h"

#include <stdlib.h>
#include <string.h>

static const char MADE_ON[] = "# made on ";

void store_run_made_on(store_made_on_t *out, const plan_t *plan)
{
    char path[4096], line[STORE_MADE_ON_SIZE + 32];
    *out = (store_made_on_t){0};
    snprintf(path, sizeof path, "%s/run.yaml", plan->run_dir);
    FILE *file = io_open_lines(path);
    while (file != NULL && fgets(line, sizeof line, file) != NULL && line[0] == '#') {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, MADE_ON, sizeof MADE_ON - 1) == 0) store_made_on_add(out, line + sizeof MADE_ON - 1);
    }
    if (file != NULL) fclose(file);
}

void store_run_writer(char out[64], const plan_t *plan)
{
    char path[4096], line[256], writer[60];
    snprintf(out, 64, "another program");
    snprintf(path, sizeof path, "%s/run.yaml", plan->run_dir);
    FILE *file = io_open_lines(path);
    while (file != NULL && fgets(line, sizeof line, file) != NULL && line[0] == '#') {
        if (sscanf(line, "# fgad %55[^, \n],", writer) != 1) continue;
        snprintf(out, 64, "fgad %s", writer);
        break;
    }
    if (file != NULL) fclose(file);
}

status_t store_run_yaml_write(const plan_t *plan, int ranks, const store_made_on_t *made_on, bool finished)
{
    char path[4096], now[32], *text = NULL, *job = job_yaml(&plan->points[0]);
    size_t size = 0;
    FILE *out = job != NULL ? open_memstream(&text, &size) : NULL;
    if (out == NULL) {
        free(job);
        return fail(ST_ENOMEM, "out of memory");
    }
    clock_iso8601(now);
    fprintf(out, "# The resolved job of this run, whole to the line # end; `fgad run` on this file does it again.\n");
    fprintf(out, "# fgad %s, %d rank%s, %s, %s %s\n# model digest %s\n", base_version(), ranks, ranks == 1 ? "" : "s",
            plan->blas, finished ? "finished" : "started", now, plan->model_digest);
    fprintf(out, "%s%s\n", MADE_ON, made_on->text);
    char *reading = job_protocol_text(&plan->points[0]);
    if (reading != NULL && reading[0] != '\0') fprintf(out, "# protocol %s: what differs from strict\n", reading);
    free(reading);
    fputs(job, out);
    free(job);
    plan_print_unread(out, plan);
    fputs("# end\n", out);
    snprintf(path, sizeof path, "%s/run.yaml", plan->run_dir);
    return io_write_stream(path, out, &text, &size);
}
