/* What a root is that holds no category of the wanted layout: one level too high or too low, or another layout. */
#include "data/data_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The folder below root, or below one of its folders, that holds most categories of the layout; NULL: none. Heap. */
static char *find_below(int *count, const data_layout_t *layout, const char *root, const data_options_t *options)
{
    io_names_t folders = {0};
    char *best = NULL;
    *count = 0;
    if (data_list_folders(&folders, root) != ST_OK) return NULL;
    for (int i = 0; i < folders.count; i++) {
        io_names_t names = {0};
        char *path = data_join(root, folders.name[i]);
        if (path != NULL && layout->list(&names, path, options) == ST_OK && names.count > *count) {
            *count = names.count;
            free(best);
            best = path;
            path = NULL;
        }
        io_names_free(&names);
        free(path);
    }
    io_names_free(&folders);
    return best;
}

/* Whether a folder in `root` (or root itself) holds `inside`. */
static bool one_holds(const char *root, const char *inside)
{
    io_names_t folders = {0};
    bool found = data_is_dir_in(root, inside);
    if (!found && data_list_folders(&folders, root) == ST_OK) {
        for (int i = 0; i < folders.count && !found; i++) {
            char *path = data_join(root, folders.name[i]);
            found = path != NULL && data_is_dir_in(path, inside);
            free(path);
        }
        io_names_free(&folders);
    }
    return found;
}

/* A folder of a category that is called otherwise than train: in other letters, or by another word. Heap; NULL: none. */
static char *find_train(const char *root)
{
    static const char *const likes[] = {"train", "training", "train_set", "trainset", NULL};
    io_names_t folders = {0};
    char *found = NULL;
    if (data_list_folders(&folders, root) != ST_OK) return NULL;
    for (int i = 0; i < folders.count && found == NULL; i++) {
        char *path = data_join(root, folders.name[i]), *name = path != NULL ? data_find_folder(path, likes) : NULL;
        if (name != NULL) found = data_join(path, name);
        free(name);
        free(path);
    }
    io_names_free(&folders);
    return found;
}

/* Layouts that are not read, and what to do with them. */
static const struct {
    const char *inside, *says;
} others[] = {
    {"test_public",
     "this is MVTec AD 2's layout, which is not read; link test_public's folders as test/good and test/bad, "
     "its ground_truth as ground_truth, and take dataset: folder"},
    {"kos01",
     "this is KolektorSDD's layout, which is not read; put its images into train, test/good, test/<defect> and "
     "take dataset: folder"},
    {"split_csv", "this is VisA's layout: dataset: visa"},
    {"OK", "this is Real-IAD's layout: dataset: realiad"},
    {"realiad_jsons", "this is Real-IAD's layout: dataset: realiad"},
};

void data_layout_hint(char *out, size_t room, const data_layout_t *layout, const char *root,
                      const data_options_t *options)
{
    int count;
    char *inside = data_join(root, layout->name), *below = NULL, *train = NULL;
    io_names_t names = {0};
    out[0] = '\0';
    if (inside != NULL && io_is_dir(inside)) {
        snprintf(out, room, " (hint: there is a folder of the dataset's name in it)");
    } else if (data_is_dir_in(root, "train") && data_ksdd2_list(&names, root, options) == ST_OK && names.count > 0) {
        snprintf(out, room, " (hint: this is KolektorSDD2's layout: dataset: ksdd2)");
    } else if (data_is_dir_in(root, "train")) {
        snprintf(out, room, " (hint: this is the folder of one category, its parent is the root)");
    } else if ((below = find_below(&count, layout, root, options)) != NULL) {
        snprintf(out, room, " (hint: '%s' holds %d: give that folder)", below, count);
    } else if ((train = find_train(root)) != NULL) {
        snprintf(out, room, " (hint: rename '%s' to train, and its test folder to test)", train);
    } else {
        for (size_t i = 0; i < sizeof others / sizeof others[0] && out[0] == '\0'; i++)
            if (one_holds(root, others[i].inside)) snprintf(out, room, " (hint: %s)", others[i].says);
    }
    io_names_free(&names);
    free(below);
    free(train);
    free(inside);
}
