/* fgad-make-model DIR --preset NAME [--seed N] [--half]: writes a model of seeded random weights. */
#include "tools/toy_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int usage(void)
{
    char names[512];
    toy_preset_names(names, sizeof names);
    fprintf(stderr, "usage: fgad-make-model DIR --preset NAME [--seed N] [--half]\n  presets: %s\n", names);
    return 2;
}

int main(int argc, char **argv)
{
    const char *dir = NULL;
    const toy_preset_t *preset = NULL;
    uint64_t seed = 1;
    bool half = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--half") == 0)
            half = true;
        else if (strcmp(argv[i], "--preset") == 0 && i + 1 < argc) {
            preset = toy_preset_find(argv[++i]);
            if (preset == NULL) return usage();
        } else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
            seed = strtoull(argv[++i], NULL, 10);
        else if (dir == NULL && argv[i][0] != '-')
            dir = argv[i];
        else
            return usage();
    }
    if (dir == NULL || preset == NULL) return usage();
    if (toy_model_write(dir, preset, seed, half) != ST_OK) {
        fprintf(stderr, "fgad-make-model: %s\n", fail_message());
        return 1;
    }
    printf("%s: %s, seed %llu, %s\n", dir, preset->name, (unsigned long long)seed, half ? "f16" : "f32");
    return 0;
}
