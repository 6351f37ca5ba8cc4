/* What a file was made on: the kernels of the BLAS and the threads, of itself and of all that it was made of. */
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char MORE[] = "others";

/* Whether `list` names `kind` of `size` bytes. */
static bool names(const char *list, const char *kind, size_t size)
{
    for (const char *at = list; *at != '\0';) {
        size_t length = strcspn(at, ";");
        if (length == size && memcmp(at, kind, size) == 0) return true;
        at += length;
        at += strspn(at, "; ");
    }
    return false;
}

static void insert(store_made_on_t *set, const char *kind, size_t size)
{
    char text[STORE_MADE_ON_SIZE];
    size_t used = 0, used_before = strlen(set->text);
    if (size == 0 || names(set->text, kind, size)) return;
    if (used_before + size + sizeof MORE + 4 > sizeof text) { /* more kinds than anybody has */
        if (size != sizeof MORE - 1 || memcmp(kind, MORE, size) != 0) insert(set, MORE, sizeof MORE - 1);
        if (!names(set->text, MORE, sizeof MORE - 1))
            snprintf(set->text + used_before, sizeof set->text - used_before, "; %s", MORE);
        return;
    }
    bool placed = false;
    for (const char *at = set->text; *at != '\0' || !placed;) {
        size_t length = strcspn(at, ";"), shorter = length < size ? length : size;
        int order = *at == '\0' ? 1 : memcmp(at, kind, shorter);
        if (order == 0) order = length < size ? -1 : 1;
        bool ours = !placed && order > 0;
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%.*s", used > 0 ? "; " : "",
                                 ours ? (int)size : (int)length, ours ? kind : at);
        placed = placed || ours;
        if (ours) continue;
        at += length;
        at += strspn(at, "; ");
    }
    memcpy(set->text, text, used + 1);
}

void store_made_on_add(store_made_on_t *set, const char *given)
{
    /* It comes from files that others may have made, and goes into run.yaml and to the terminal. */
    char list[STORE_MADE_ON_SIZE];
    (void)base_visible(list, sizeof list, given);
    for (const char *at = list; *at != '\0';) {
        size_t length = strcspn(at, ";");
        insert(set, at, length);
        at += length;
        at += strspn(at, "; ");
    }
}

int store_made_on_count(const store_made_on_t *set)
{
    int count = set->text[0] != '\0';
    for (const char *at = set->text; (at = strchr(at, ';')) != NULL; at++) count++;
    return count;
}

/* blas: "OpenBLAS 0.3.21, core Haswell, 2 threads". */
static void add_kind(store_made_on_t *set, const char *blas, int threads)
{
    char kind[128];
    const char *core = strstr(blas, "core ");
    core = core != NULL ? core + 5 : blas;
    snprintf(kind, sizeof kind, "%.*s, %d thread%s", (int)(strcspn(core, ",;") > 60 ? 60 : strcspn(core, ",;")), core,
             threads, threads == 1 ? "" : "s");
    store_made_on_add(set, kind);
}

void store_made_on_here(store_made_on_t *set, const plan_t *plan)
{
    add_kind(set, plan->blas, 1); /* a product takes one thread, however many a rank has */
}

void store_made_on_read(store_made_on_t *set, io_h5_t *file)
{
    char *text = NULL;
    int64_t threads = 1;
    if (io_h5_get_text(&text, file, "/", "made_on") == ST_OK) {
        store_made_on_add(set, text);
    } else if (io_h5_get_text(&text, file, "/", "blas") == ST_OK && /* of a version that told of the file alone */
               io_h5_get_i64(&threads, file, "/", "threads_per_rank") == ST_OK) {
        add_kind(set, text, (int)threads);
    }
    free(text);
}

/* ---- cache/made_on.txt: "<first digits of the model's digest> <kind>" a line, "-bf16" or "-strassen" behind the digits */
enum { KEY_SIZE = 32 };

static void key_of(char out[KEY_SIZE], const plan_t *plan)
{
    const int precision = plan->points[0].precision;
    snprintf(out, KEY_SIZE, "%.16s%s%s ", plan->model_digest, precision == JOB_PRECISION_F32 ? "" : "-",
             precision == JOB_PRECISION_F32 ? "" : job_precision_names[precision]);
}

static void cache_path(char out[4096], const plan_t *plan)
{
    snprintf(out, 4096, "%s/cache/made_on.txt", plan->points[0].output);
}

void store_made_on_cache(store_made_on_t *out, const plan_t *plan)
{
    char path[4096], line[512], key[KEY_SIZE];
    *out = (store_made_on_t){0};
    cache_path(path, plan), key_of(key, plan);
    FILE *file = io_open_lines(path);
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, key, strlen(key)) == 0) store_made_on_add(out, line + strlen(key));
    }
    if (file != NULL) fclose(file);
}

void store_made_on_cache_add(const plan_t *plan, const store_made_on_t *set)
{
    char path[4096], line[STORE_MADE_ON_SIZE + 32], key[KEY_SIZE];
    store_made_on_t known;
    store_made_on_cache(&known, plan);
    store_made_on_t both = known;
    store_made_on_add(&both, set->text);
    if (strcmp(both.text, known.text) == 0) return;
    snprintf(path, sizeof path, "%s/cache", plan->points[0].output);
    if (io_make_dirs(path) != ST_OK) {
        log_warn("%s", fail_message());
        return;
    }
    cache_path(path, plan);
    key_of(key, plan);
    snprintf(line, sizeof line, "%s%s\n", key, set->text);
    if (io_append_line(path, line) != ST_OK) log_warn("%s", fail_message());
}
