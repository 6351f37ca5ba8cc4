/* fgad-demo-train-data: the training stream on standard output (see demo_stream in demo.h). */
#include "demo.h"

#include <errno.h>
#include <stdlib.h>

static const char HELP[] = "usage: fgad-demo-train-data SEED FIRST STRIDE SCENES IMAGES SIZE > stream\n"
                           "Writes SCENES scenes of IMAGES pictures (SIZE x SIZE), numbers FIRST, FIRST+STRIDE, ...\n"
                           "example: fgad-demo-train-data 1 0 1 100 4 96 > stream.bin\n";

int main(int argc, char **argv)
{
    long long number[6];
    if (argc != 7) {
        (void)fputs(HELP, stderr);
        return 2;
    }
    for (int i = 0; i < 6; i++) {
        char *end;
        errno = 0;
        number[i] = strtoll(argv[i + 1], &end, 10);
        bool small = i < 2 || i == 3 ? number[i] >= 0 : number[i] >= 1;
        bool large = (i == 4 && number[i] > 16) || (i == 5 && number[i] > 1024);
        if (errno || *end || end == argv[i + 1] || !small || large) {
            (void)fprintf(stderr, "fgad-demo-train-data: argument %d is '%s'\n%s", i + 1, argv[i + 1], HELP);
            return 2;
        }
    }
    status_t status =
        demo_stream(stdout, (uint64_t)number[0], number[1], number[2], number[3], (int)number[4], (int)number[5]);
    if (status != ST_OK) (void)fprintf(stderr, "fgad-demo-train-data: %s\n", fail_message());
    return status == ST_OK ? 0 : 1;
}
