/* Where Real-IAD's split files lie: its archive unpacks to realiad_jsons/realiad_jsons and realiad_jsons/realiad_jsons_sv, and
 * people move, rename and nest them. A split that is there and is not found would change the protocol without a word. */
#include "data/data_internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SINGLE_VIEW, ALL_VIEWS, SPLITS };
static const char *const split_names[SPLITS] = {"realiad_jsons_sv", "realiad_jsons"};

/* What was found below the root; owned. */
typedef struct {
    char *file[SPLITS]; /* of this category */
    char *folder;       /* any folder of split files */
} splits_t;

static void splits_free(splits_t *splits)
{
    for (int s = 0; s < SPLITS; s++) free(splits->file[s]);
    free(splits->folder);
}

static bool begins_with(const char *text, const char *start)
{
    return strncasecmp(text, start, strlen(start)) == 0;
}

/* A second file of one split must say the same. Takes `file` over. */
static status_t keep_file(char **kept, char *file)
{
    char one[IO_DIGEST_SIZE], two[IO_DIGEST_SIZE];
    if (*kept == NULL) {
        *kept = file;
        return ST_OK;
    }
    status_t status = io_digest_file(one, *kept);
    if (status == ST_OK) status = io_digest_file(two, file);
    if (status == ST_OK && strcmp(one, two) != 0)
        status = fail(ST_EFORMAT, "'%s' and '%s' are two splits of one category; expected one of them", *kept, file);
    free(file);
    return status;
}

/* "<category>.json" in `folder`, letters of any case; NULL: not there. Heap. */
static char *find_file(const char *folder, const char *category)
{
    io_names_t names;
    char *wanted = base_format("%s.json", category), *found = NULL;
    if (wanted != NULL && io_list_dir(&names, folder) == ST_OK) {
        for (int i = 0; i < names.count && found == NULL; i++)
            if (strcasecmp(names.name[i], wanted) == 0) found = data_join(folder, names.name[i]);
        io_names_free(&names);
    }
    free(wanted);
    return found;
}

/* Trees of images hold hundreds of thousands of folders: they are not gone into. */
static bool is_tree(const char *folder, const char *name)
{
    return begins_with(name, "realiad_") || data_is_dir_in(folder, "OK") || data_is_dir_in(folder, "NG");
}

/* Looks through `path` and as many levels of folders below it. */
static status_t find_splits(splits_t *splits, const char *path, const char *category, int levels)
{
    io_names_t folders;
    TRY(data_list_folders(&folders, path));
    status_t status = ST_OK;
    for (int i = 0; i < folders.count && status == ST_OK; i++) {
        const char *name = folders.name[i];
        bool holds = begins_with(name, "realiad_json");
        char *folder = data_join(path, name);
        if (folder == NULL) status = ST_ENOMEM;
        for (int s = 0; s < SPLITS && status == ST_OK; s++) {
            char *file = strcasecmp(name, split_names[s]) == 0 ? find_file(folder, category) : NULL;
            if (file != NULL) status = keep_file(&splits->file[s], file);
        }
        if (status == ST_OK && holds && splits->folder == NULL) {
            splits->folder = base_format("%s", folder);
            if (splits->folder == NULL) status = ST_ENOMEM;
        }
        if (status == ST_OK && levels > 0 && (holds || !is_tree(folder, name)))
            status = find_splits(splits, folder, category, levels - 1);
        free(folder);
    }
    io_names_free(&folders);
    return status;
}

static status_t refuse(const splits_t *splits, const char *category, const char *view)
{
    if (splits->file[SINGLE_VIEW] != NULL)
        return fail(ST_ENOTFOUND,
                    "'%s' is the split of view C1 alone; expected that of all views, realiad_jsons/%s.json, for %s",
                    splits->file[SINGLE_VIEW], category, view == NULL ? "all of them" : view);
    return fail(
        ST_ENOTFOUND,
        "'%s' has no split of '%s'; expected realiad_jsons/%s.json or realiad_jsons_sv/%s.json (hint: without any "
        "folder realiad_json* train and test are the whole tree, which is another protocol)",
        splits->folder, category, category, category);
}

status_t data_realiad_find_split(char **split, char **file, const char *root, const char *category, const char *view)
{
    enum { LEVELS = 3 };
    splits_t splits = {0};
    *file = NULL;
    status_t status;
    TRY_DONE(find_splits(&splits, root, category, LEVELS));
    /* The single-view split serves view C1, and is preferred there; that of all views serves every one. */
    bool first = view != NULL && strcmp(view, "C1") == 0;
    int which = first && splits.file[SINGLE_VIEW] != NULL ? SINGLE_VIEW : ALL_VIEWS;
    if (splits.file[which] == NULL && splits.folder != NULL) TRY_DONE(refuse(&splits, category, view));
    *split = base_format("%s", splits.file[which] != NULL ? split_names[which] : "none");
    if (*split == NULL) TRY_DONE(ST_ENOMEM);
    *file = splits.file[which];
    splits.file[which] = NULL;
done:
    splits_free(&splits);
    return status;
}
