/* The job of images of one's own, and the model it begins with. */
#include "job/job.h"

#include <stdlib.h>
#include <string.h>

char *job_own_model(const char *assets)
{
    io_names_t names = {0};
    char *models = base_format("%s/models", assets), *found = NULL;
    if (models == NULL || io_list_dir(&names, models) != ST_OK) names = (io_names_t){0};
    for (int i = 0; i < names.count; i++) {
        char *folder = base_format("%s/%s", models, names.name[i]);
        char *config = base_format("%s/%s/open_clip_config.json", models, names.name[i]);
        bool fits = folder != NULL && config != NULL && io_exists(config) && strcmp(names.name[i], "demo-clip") != 0;
        if (fits && (found == NULL || strcmp(names.name[i], "vit-b-16-plus-240") == 0)) {
            free(found);
            found = folder;
            folder = NULL;
        }
        free(folder);
        free(config);
    }
    io_names_free(&names);
    free(models);
    char *real = found != NULL ? realpath(found, NULL) : NULL;
    free(found);
    return real;
}

/* A text as a YAML scalar in single quotes. */
static void put_quoted(FILE *out, const char *text)
{
    fputc('\'', out);
    for (; *text != '\0'; text++) {
        if (*text == '\'') fputc('\'', out);
        if (*text == '$') fputc('$', out);
        fputc(*text, out);
    }
    fputc('\'', out);
}

static void put_path(FILE *out, const char *key, const char *folder, const char *rest)
{
    char *path = base_format("%s%s", folder, rest);
    fprintf(out, "%s: ", key);
    put_quoted(out, path != NULL ? path : folder);
    free(path);
    fputc('\n', out);
}

status_t job_own_write(const job_own_t *own, const char *path)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) return fail(ST_ENOMEM, "out of memory");
    fprintf(out, "# Made by fgad new. `fgad run --keys` lists every key with its default.\nname: ");
    put_quoted(out, own->name);
    fputc('\n', out);
    put_path(out, "output", own->place, "/results");
    fprintf(out, "dataset: [folder]\ncategory: [");
    put_quoted(out, own->name);
    fputs("]\nroots:\n  ", out);
    put_path(out, "folder", own->place, "/images");
    if (own->model != NULL) {
        put_path(out, "model", own->model, "");
    } else {
        fputs("# The demo's CLIP, of 2 M parameters, learned from drawings: its scores on photographs mean little. "
              "Fetch another:\n"
              "# datasets/models/fetch vit-b-16-plus-240\n",
              out);
        char *assets = realpath(own->assets, NULL);
        put_path(out, "model", assets != NULL ? assets : own->assets, "/models/demo-clip");
        free(assets);
    }
    fprintf(out, "shots: [%d]\nseeds: [0]\n", own->shots);
    if (!own->caption)
        fprintf(out,
                "# The memory bank alone. For prompts, too: fill in images/%s/caption.json, then remove this line.\n"
                "branches: [vad]\n",
                own->name);
    return io_write_stream(path, out, &text, &size);
}
