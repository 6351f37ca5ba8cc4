/* Where Real-IAD's split files lie: its archive unpacks to realiad_jsons/realiad_jsons and realiad_jsons/realiad_jsons_sv, and
 * people move, rename and nest them. A split that is there and is not found would change the protocol without a word. */
#include "data/data_internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SINGLE_VIEW, ALL_VIEWS, SPLITS };
static const char *const split_names[SPLITS] = {"realiad_jsons_sv", "realiad_jsons"};

/* What was found below the root; owned. */
typedef struct {
    char *file[SPLITS]; /* of this category */
    char *folder;       /* any folder of split files, or what looks like them */
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

static bool sounds_like_splits(const char *name)
{
    char lower[256];
    size_t length = strlen(name);
    if (length >= sizeof lower) return false;
    for (size_t i = 0; i <= length; i++) lower[i] = (char)tolower((unsigned char)name[i]);
    return strstr(lower, "json") != NULL;
}

/* Looks through `path` and as many levels of folders below it. */
static status_t find_splits(splits_t *splits, const char *path, const char *category, int levels)
{
    io_names_t folders;
    TRY(data_list_folders(&folders, path));
    status_t status = ST_OK;
    for (int i = 0; i < folders.count && status == ST_OK; i++) {
        const char *name = folders.name[i];
        bool holds = sounds_like_splits(name);
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
        else if (status == ST_OK && levels > 0 && begins_with(name, "realiad_"))
            status = find_splits(splits, folder, category, 0); /* a tree's own folders hold categories, or the splits */
        free(folder);
    }
    io_names_free(&folders);
    return status;
}

/* An archive that was never unpacked, a file that lies beside the folder that it belongs into. */
static status_t find_stray(splits_t *splits, const char *path, const char *category)
{
    io_names_t names;
    char *file = base_format("%s.json", category);
    if (file == NULL) return ST_ENOMEM;
    status_t status = io_list_dir(&names, path);
    for (int i = 0; status == ST_OK && i < names.count && splits->folder == NULL; i++) {
        bool archive = begins_with(names.name[i], "realiad") && sounds_like_splits(names.name[i]);
        if (!archive && strcasecmp(names.name[i], file) != 0) continue;
        splits->folder = data_join(path, names.name[i]);
        if (splits->folder == NULL) status = ST_ENOMEM;
    }
    if (status == ST_OK) io_names_free(&names);
    free(file);
    return status;
}

static const char *const tree_names[] = {"realiad_256", "realiad_512", "realiad_1024", "realiad_raw", NULL};

/* The folder that a tree (realiad_256 and its likes) lies in, where it is given as the root: the splits lie beside it. Heap;
 * NULL: the root is no tree. */
static char *beside_tree(const char *root)
{
    char *real = realpath(root, NULL), *slash = real != NULL ? strrchr(real, '/') : NULL;
    bool tree = false;
    for (int t = 0; slash != NULL && tree_names[t] != NULL; t++)
        tree = tree || strcasecmp(slash + 1, tree_names[t]) == 0;
    if (tree && slash > real) *slash = '\0';
    if (tree) return real;
    free(real);
    return NULL;
}

static status_t refuse(const splits_t *splits, const char *category, const char *view)
{
    if (splits->file[SINGLE_VIEW] != NULL)
        return fail(ST_ENOTFOUND,
                    "'%s' is the split of view C1 alone; expected that of all views, realiad_jsons/%s.json, for %s",
                    splits->file[SINGLE_VIEW], category, view == NULL ? "all of them" : view);
    return fail(
        ST_ENOTFOUND,
        "'%s' has no split of '%s'; expected realiad_jsons/%s.json or realiad_jsons_sv/%s.json (hint: %s; without any "
        "folder or file called so train and test are the whole tree, which is another protocol)",
        splits->folder, category, category, category,
        io_is_dir(splits->folder) ? "the archive unpacks to both" : "unpack it, or move it there");
}

status_t data_realiad_find_split(char **split, char **file, const char *root, const char *category, const char *view)
{
    enum { LEVELS = 3 };
    splits_t splits = {0};
    *file = NULL;
    status_t status;
    char *parent = beside_tree(root);
    TRY_DONE(find_splits(&splits, root, category, LEVELS));
    if (splits.folder == NULL && parent != NULL) TRY_DONE(find_splits(&splits, parent, category, 1));
    if (splits.folder == NULL) TRY_DONE(find_stray(&splits, root, category));
    /* The single-view split serves view C1, and is preferred there; that of all views serves every one. */
    bool first = view != NULL && strcmp(view, "C1") == 0;
    int which = first && splits.file[SINGLE_VIEW] != NULL ? SINGLE_VIEW : ALL_VIEWS;
    if (splits.file[which] == NULL && splits.folder != NULL) TRY_DONE(refuse(&splits, category, view));
    *split = base_format("%s", splits.file[which] != NULL ? split_names[which] : "none");
    if (*split == NULL) TRY_DONE(ST_ENOMEM);
    *file = splits.file[which];
    splits.file[which] = NULL;
done:
    free(parent);
    splits_free(&splits);
    return status;
}
