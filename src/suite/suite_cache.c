/* What lies in the cache beside the runs, and what of it may go: never what a living claim may be reading. */
#include "suite/suite_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char *const kinds[] = {"features", "arrays", "prompts"};
enum { KINDS = 3 };

typedef struct {
    char *path;
    const char *model, *dataset, *category; /* of names */
    int kind;
    int64_t bytes, used; /* used: seconds of the epoch, the later of its last reading and writing */
    bool linked;         /* a run has it by a second name: removing it frees nothing */
} file_t;

typedef struct {
    file_t *file;
    int count, room;
    char **name; /* folders' names, which files point to */
    int names, name_room;
    char **busy; /* "<dataset>/<category>" of living claims, sorted */
    int busy_count, busy_room;
} cache_t;

static void cache_free(cache_t *cache)
{
    for (int i = 0; i < cache->count; i++) free(cache->file[i].path);
    for (int i = 0; i < cache->names; i++) free(cache->name[i]);
    for (int i = 0; i < cache->busy_count; i++) free(cache->busy[i]);
    free(cache->file);
    free(cache->name);
    free(cache->busy);
    *cache = (cache_t){0};
}

/* Owns `text` (NULL: memory was out). */
static status_t push_text(char ***list, int *count, int *room, char *text)
{
    if (text == NULL) return ST_ENOMEM;
    if (*count == *room) {
        const int larger = *room > 0 ? 2 * *room : 64;
        char **grown = realloc(*list, (size_t)larger * sizeof *grown);
        if (grown == NULL) {
            free(text);
            return fail(ST_ENOMEM, "out of memory");
        }
        *list = grown;
        *room = larger;
    }
    (*list)[(*count)++] = text;
    return ST_OK;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* ---- Files ----------------------------------------------------------------------------------------------------------- */

/* Files that fgad makes there; anything else in the folder is somebody's own. */
static bool is_ours(const char *name)
{
    const char *ending = strrchr(name, '.');
    return ending != NULL &&
           (strcmp(ending, ".h5") == 0 || strcmp(ending, ".checkpoint") == 0 || strncmp(ending, ".aside-", 7) == 0);
}

static status_t add_file(cache_t *cache, const char *path, int kind, const char *const *names)
{
    struct stat info;
    if (lstat(path, &info) != 0 || !S_ISREG(info.st_mode)) return ST_OK; /* gone since it was listed, or no file */
    if (cache->count == cache->room) {
        const int room = cache->room > 0 ? 2 * cache->room : 256;
        file_t *grown = realloc(cache->file, (size_t)room * sizeof *grown);
        if (grown == NULL) return fail(ST_ENOMEM, "out of memory");
        cache->file = grown;
        cache->room = room;
    }
    file_t *file = &cache->file[cache->count];
    *file = (file_t){.path = base_format("%s", path),
                     .kind = kind,
                     .model = names[0],
                     .dataset = names[1],
                     .category = names[2],
                     .bytes = (int64_t)info.st_blocks * 512,
                     .used = info.st_atime > info.st_mtime ? info.st_atime : info.st_mtime,
                     .linked = info.st_nlink > 1};
    cache->count += file->path != NULL;
    return file->path != NULL ? ST_OK : ST_ENOMEM;
}

/* <kind>/<model>/<dataset>/<category>/, and of arrays <feature>/: `depth` levels are above. */
static status_t walk(cache_t *cache, const char *path, int kind, const char *names[4], int depth)
{
    const bool files = depth == (strcmp(kinds[kind], "arrays") == 0 ? 4 : 3);
    io_names_t list;
    status_t status = io_list_dir(&list, path);
    if (status == ST_ENOTFOUND) return ST_OK;
    if (status != ST_OK) return status;
    for (int i = 0; i < list.count && status == ST_OK; i++) {
        char *below = base_format("%s/%s", path, list.name[i]);
        if (below == NULL)
            status = ST_ENOMEM;
        else if (files)
            status = is_ours(list.name[i]) ? add_file(cache, below, kind, names) : ST_OK;
        else if (io_is_dir(below)) {
            status = push_text(&cache->name, &cache->names, &cache->name_room, base_format("%s", list.name[i]));
            if (status == ST_OK) names[depth] = cache->name[cache->names - 1];
            if (status == ST_OK) status = walk(cache, below, kind, names, depth + 1);
        }
        free(below);
    }
    io_names_free(&list);
    return status;
}

static status_t read_cache(cache_t *cache, const char *output)
{
    status_t status = ST_OK;
    for (int kind = 0; kind < KINDS && status == ST_OK; kind++) {
        const char *names[4] = {NULL};
        char *path = base_format("%s/cache/%s", output, kinds[kind]);
        status = path != NULL ? walk(cache, path, kind, names, 0) : ST_ENOMEM;
        free(path);
    }
    return status;
}

/* ---- What is in use -------------------------------------------------------------------------------------------------- */

/* Living claims of the folders `depth` levels below, whose last two names are dataset and category. */
static status_t find_busy(cache_t *cache, const char *path, int depth)
{
    io_names_t list;
    status_t status = io_list_dir(&list, path);
    if (status != ST_OK) return status == ST_ENOTFOUND ? ST_OK : status;
    for (int i = 0; i < list.count && status == ST_OK; i++) {
        char *below = base_format("%s/%s", path, list.name[i]);
        const char *ending = strrchr(list.name[i], '.');
        claim_holder_t holder;
        if (below == NULL)
            status = ST_ENOMEM;
        else if (depth > 0 && io_is_dir(below))
            status = find_busy(cache, below, depth - 1);
        else if (depth == 0 && ending != NULL && strcmp(ending, ".claim") == 0 &&
                 (!claim_read(&holder, below) || holder.alive)) {
            const char *category = strrchr(path, '/'), *dataset = category;
            while (dataset > path && dataset[-1] != '/') dataset--;
            status = push_text(&cache->busy, &cache->busy_count, &cache->busy_room, base_format("%s", dataset));
        }
        free(below);
    }
    io_names_free(&list);
    return status;
}

/* Claims lie beside what they are of: in the cache, and in the runs, whose tasks read features and heads. */
static status_t read_claims(cache_t *cache, const char *output)
{
    status_t status = ST_OK;
    io_names_t runs = {0};
    for (int kind = 0; kind < KINDS && status == ST_OK; kind++) {
        char *path = base_format("%s/cache/%s", output, kinds[kind]);
        status = path != NULL ? find_busy(cache, path, 3) : ST_ENOMEM;
        free(path);
    }
    if (status == ST_OK) status = io_list_dir(&runs, output);
    for (int i = 0; i < runs.count && status == ST_OK; i++) {
        char *path = base_format("%s/%s/tasks", output, runs.name[i]);
        status = path != NULL ? find_busy(cache, path, 2) : ST_ENOMEM;
        free(path);
    }
    io_names_free(&runs);
    if (cache->busy_count > 1) qsort(cache->busy, (size_t)cache->busy_count, sizeof *cache->busy, by_text);
    return status;
}

static bool is_busy(const cache_t *cache, const file_t *file)
{
    char place[4096], *key = place;
    snprintf(place, sizeof place, "%s/%s", file->dataset, file->category);
    return cache->busy_count > 0 &&
           bsearch(&key, cache->busy, (size_t)cache->busy_count, sizeof *cache->busy, by_text) != NULL;
}

/* The paths of all files of the cache that the run reads. */
static status_t add_run(char ***used, int *count, int *room, const char *run)
{
    plan_t plan;
    plan_items_t items = {0};
    char path[4096];
    TRY(store_run_open(&plan, method_table, run));
    status_t status = plan_items_make(&items, &plan);
    for (int i = 0; i < items.count && status == ST_OK; i++) {
        const plan_item_t *item = &items.items[i];
        if (item->kind == PLAN_EVALUATE) continue;
        status = push_text(used, count, room, base_format("%s", item->path));
        method_ask_t ask;
        plan_item_ask(&ask, &plan, item);
        for (int a = 0; a < ask.count && status == ST_OK; a++) {
            plan_array_path(path, &plan, item, ask.text[a]);
            status = push_text(used, count, room, base_format("%s", path));
        }
    }
    plan_items_free(&items);
    plan_free(&plan);
    return status;
}

/* ---- Listing --------------------------------------------------------------------------------------------------------- */

static int by_place(const void *a, const void *b)
{
    const file_t *x = a, *y = b;
    int order = x->kind - y->kind;
    if (order == 0) order = strcmp(x->model, y->model);
    if (order == 0) order = strcmp(x->dataset, y->dataset);
    return order != 0 ? order : strcmp(x->path, y->path);
}

status_t suite_cache_list(FILE *out, const char *output)
{
    status_t status;
    cache_t cache = {0};
    double total = 0;
    TRY_DONE(read_cache(&cache, output));
    if (cache.count > 1) qsort(cache.file, (size_t)cache.count, sizeof *cache.file, by_place);
    fprintf(out, "%-10s %-36s %-12s %8s %12s %12s  %s\n", "kind", "model-key", "dataset", "files", "MB", "of runs, too",
            "last used");
    for (int first = 0, end; first < cache.count; first = end) {
        const file_t *one = &cache.file[first];
        double bytes = 0, linked = 0;
        int64_t used = 0;
        for (end = first;
             end < cache.count && cache.file[end].kind == one->kind && strcmp(cache.file[end].model, one->model) == 0 &&
             strcmp(cache.file[end].dataset, one->dataset) == 0;
             end++) {
            bytes += (double)cache.file[end].bytes;
            if (cache.file[end].linked) linked += (double)cache.file[end].bytes;
            if (used < cache.file[end].used) used = cache.file[end].used;
        }
        char when[32] = "";
        const time_t seconds = (time_t)used;
        struct tm local;
        if (localtime_r(&seconds, &local) != NULL) strftime(when, sizeof when, "%Y-%m-%d %H:%M", &local);
        fprintf(out, "%-10s %-36s %-12s %8d %12.1f %12.1f  %s\n", kinds[one->kind], one->model, one->dataset,
                end - first, 1e-6 * bytes, 1e-6 * linked, when);
        total += bytes;
    }
    fprintf(out, "%s/cache: %d file%s, %.1f MB\n", output, cache.count, cache.count == 1 ? "" : "s", 1e-6 * total);
done:
    cache_free(&cache);
    return status;
}

/* ---- Pruning --------------------------------------------------------------------------------------------------------- */

static int by_age(const void *a, const void *b)
{
    const file_t *x = a, *y = b;
    return x->used != y->used ? (x->used > y->used) - (x->used < y->used) : strcmp(x->path, y->path);
}

/* A file that is gone already is as good as removed. */
static status_t remove_file(suite_pruned_t *told, const file_t *file, bool dry)
{
    if (!dry && unlink(file->path) != 0 && errno != ENOENT)
        return fail(ST_EIO, "'%s' cannot be removed: %s", file->path, strerror(errno));
    told->files++;
    told->bytes += file->linked ? 0 : file->bytes;
    return ST_OK;
}

status_t suite_cache_prune(FILE *out, suite_pruned_t *told, const char *output, const suite_prune_options_t *options)
{
    status_t status = ST_OK;
    cache_t cache = {0};
    char **used = NULL;
    int count = 0, room = 0;
    double total = 0;
    *told = (suite_pruned_t){0};
    for (int r = 0; r < options->run_count; r++) TRY_DONE(add_run(&used, &count, &room, options->runs[r]));
    if (count > 1) qsort(used, (size_t)count, sizeof *used, by_text);
    TRY_DONE(read_cache(&cache, output));
    TRY_DONE(read_claims(&cache, output));
    if (cache.count > 1) qsort(cache.file, (size_t)cache.count, sizeof *cache.file, by_age);
    for (int i = 0; i < cache.count; i++) total += cache.file[i].linked ? 0 : (double)cache.file[i].bytes;
    const int64_t now = (int64_t)time(NULL);
    for (int i = 0; i < cache.count; i++) {
        const file_t *file = &cache.file[i];
        if (options->most > 0 && total <= (double)options->most) break;
        if (options->older > 0 && now - file->used < (int64_t)options->older) continue;
        if (options->run_count > 0 && count > 0 &&
            bsearch(&file->path, used, (size_t)count, sizeof *used, by_text) != NULL)
            continue;
        if (is_busy(&cache, file)) {
            told->busy++;
            continue;
        }
        if (options->dry) fprintf(out, "%s\n", file->path);
        TRY_DONE(remove_file(told, file, options->dry));
        total -= file->linked ? 0 : (double)file->bytes;
    }
done:
    for (int i = 0; i < count; i++) free(used[i]);
    free(used);
    cache_free(&cache);
    return status;
}
