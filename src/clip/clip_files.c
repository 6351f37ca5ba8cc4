/* The files of a model's folder: which of the names that open_clip tries is there, and, where none is read, what to do. */
#include "clip/clip_internal.h"

#include <stdlib.h>
#include <string.h>

/* The names that open_clip tries, without its pickles, in its order. */
static const char *const WEIGHTS_FILES[] = {CLIP_WEIGHTS_FILE, "open_clip_pytorch_model.safetensors",
                                            "model.safetensors", NULL};

static bool ends_with(const char *name, const char *end)
{
    size_t size = strlen(name), tail = strlen(end);
    return size > tail && strcmp(name + size - tail, end) == 0;
}

static bool holds(const char *dir, const char *name)
{
    char *path = base_format("%s/%s", dir, name);
    bool there = path != NULL && io_exists(path);
    free(path);
    return there;
}

/* The first name of the folder with one of the endings (NULL: none), and how many there are. */
static const char *find_ending(int *count, const io_names_t *names, const char *const *endings)
{
    const char *first = NULL;
    *count = 0;
    for (int i = 0; i < names->count; i++)
        for (int e = 0; endings[e] != NULL; e++)
            if (ends_with(names->name[i], endings[e])) {
                if (first == NULL) first = names->name[i];
                ++*count;
            }
    return first;
}

static const char *const SAFE[] = {".safetensors", NULL};
static const char *const PICKLES[] = {".bin", ".pt", ".pth", NULL};

static status_t check_folder(const char *dir)
{
    if (io_is_dir(dir)) return ST_OK;
    if (!io_exists(dir))
        return fail(ST_ENOTFOUND,
                    "'%s' is not a directory, expected a model directory with %s and %s (hint: datasets/models/fetch "
                    "--help)",
                    dir, CLIP_CONFIG_FILE, CLIP_WEIGHTS_FILE);
    const char *slash = strrchr(dir, '/');
    char *folder = slash != NULL ? base_format("%.*s", (int)(slash - dir), dir) : base_format(".");
    if (folder == NULL) return ST_ENOMEM;
    bool whole = holds(folder, CLIP_CONFIG_FILE);
    status_t status =
        whole ? fail(ST_ENOTFOUND, "'%s' is a file, expected a model directory (hint: give its folder, '%s')", dir,
                     folder)
              : fail(ST_ENOTFOUND,
                     "'%s' is a file, expected a model directory with %s and %s (hint: datasets/models/convert '%s' "
                     "--config NAME --out DIR makes one of it)",
                     dir, CLIP_CONFIG_FILE, CLIP_WEIGHTS_FILE, dir);
    free(folder);
    return status;
}

/* The folder's config.json (caller frees) when it is a DINOv2's, else NULL. */
static status_t find_dino(char **out, const char *dir)
{
    io_json_t *json = NULL;
    *out = NULL;
    if (!holds(dir, "config.json")) return ST_OK;
    char *path = base_format("%s/config.json", dir);
    if (path == NULL) return ST_ENOMEM;
    status_t status = io_json_read(&json, path);
    if (status == ST_OK && clip_dino_is(io_json_root(json)))
        *out = path;
    else
        free(path);
    io_json_free(json);
    return status;
}

status_t clip_files_config(char **out, const char *dir)
{
    io_names_t names = {0};
    status_t status = ST_OK;
    *out = NULL;
    TRY(check_folder(dir));
    if (holds(dir, CLIP_CONFIG_FILE)) {
        *out = base_format("%s/%s", dir, CLIP_CONFIG_FILE);
        return *out != NULL ? ST_OK : ST_ENOMEM;
    }
    TRY(find_dino(out, dir));
    if (*out != NULL) return ST_OK;
    TRY_DONE(io_list_dir(&names, dir));
    int safe, pickles;
    const char *weights = find_ending(&safe, &names, SAFE), *pickle = find_ending(&pickles, &names, PICKLES);
    if (weights == NULL) weights = pickle;
    if (holds(dir, "config.json") && weights != NULL)
        status = fail(ST_ENOTFOUND,
                      "'%s' holds config.json and no %s: transformers' layout, expected open_clip's (hint: "
                      "datasets/models/convert '%s' --out DIR makes it)",
                      dir, CLIP_CONFIG_FILE, dir);
    else if (weights != NULL)
        status = fail(ST_ENOTFOUND,
                      "'%s' holds %s and no %s (hint: datasets/models/convert '%s/%s' --config NAME --out DIR makes a "
                      "folder with both)",
                      dir, weights, CLIP_CONFIG_FILE, dir, weights);
    else
        status = fail(ST_ENOTFOUND, "'%s' holds no %s and no weights (hint: datasets/models/fetch --help)", dir,
                      CLIP_CONFIG_FILE);
done:
    io_names_free(&names);
    return status;
}

status_t clip_model_weights_path(char **out, const char *dir)
{
    io_names_t names = {0};
    status_t status = ST_OK;
    *out = NULL;
    TRY(check_folder(dir));
    const char *name = NULL;
    for (int i = 0; name == NULL && WEIGHTS_FILES[i] != NULL; i++)
        if (holds(dir, WEIGHTS_FILES[i])) name = WEIGHTS_FILES[i];
    TRY_DONE(io_list_dir(&names, dir));
    int safe = 0, pickles = 0;
    const char *other = find_ending(&safe, &names, SAFE), *pickle = find_ending(&pickles, &names, PICKLES);
    if (name == NULL && safe == 1) name = other;
    if (name != NULL) {
        *out = base_format("%s/%s", dir, name);
        status = *out != NULL ? ST_OK : ST_ENOMEM;
    } else if (safe > 1) {
        status = fail(ST_EFORMAT,
                      "'%s' holds %d .safetensors files (%s, ...), none of them named %s (hint: give that name to the "
                      "one that is meant)",
                      dir, safe, other, CLIP_WEIGHTS_FILE);
    } else if (pickle != NULL) {
        status = fail(ST_ENOTFOUND,
                      "'%s' holds %s and no %s: weights are read from safetensors alone (hint: datasets/models/convert "
                      "'%s' --out DIR makes a folder with it)",
                      dir, pickle, CLIP_WEIGHTS_FILE, dir);
    } else {
        status = fail(ST_ENOTFOUND,
                      "'%s/%s' does not exist, nor any other .safetensors file (hint: datasets/models/fetch --help)",
                      dir, CLIP_WEIGHTS_FILE);
    }
done:
    io_names_free(&names);
    return status;
}
