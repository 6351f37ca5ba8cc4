/* Where captions, few-shot lists and published figures lie: with the program, wherever it is called from. */
#include "io/io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Below the program's folder: of an installation, and of a build tree beside the sources. */
static const char *const places[] = {"../share/fgad/datasets", "../../../datasets", "../datasets", NULL};

static bool holds_assets(const char *folder)
{
    char captions[4400];
    snprintf(captions, sizeof captions, "%s/mfsc", folder);
    return io_is_dir(captions);
}

char *io_assets(void)
{
    char program[4096];
    const char *told = getenv("FGAD_ASSETS");
    if (told != NULL && told[0] != '\0') return base_format("%s", told);
    ssize_t length = holds_assets("datasets") ? -1 : readlink("/proc/self/exe", program, sizeof program - 1);
    if (length > 0) {
        program[length] = '\0';
        char *slash = strrchr(program, '/');
        if (slash != NULL) *slash = '\0';
        for (int i = 0; slash != NULL && places[i] != NULL; i++) {
            char folder[4300];
            snprintf(folder, sizeof folder, "%s/%s", program, places[i]);
            if (holds_assets(folder)) return realpath(folder, NULL);
        }
    }
    return base_format("datasets");
}
