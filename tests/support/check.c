#include "support/check.h"

#include "base/base.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

diff_t check_diff(const float *got, const float *want, size_t count)
{
    diff_t diff = {.finite = true};
    double error = 0, got_square = 0, want_square = 0, dot = 0;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(got[i]) || !isfinite(want[i])) {
            if (diff.finite) diff.where = i;
            diff.finite = false;
            continue;
        }
        double distance = fabs((double)got[i] - want[i]);
        if (diff.finite && distance > diff.max_abs) diff.max_abs = distance, diff.where = i;
        if (fabs((double)want[i]) > diff.reference) diff.reference = fabs((double)want[i]);
        error += distance * distance;
        got_square += (double)got[i] * got[i];
        want_square += (double)want[i] * want[i];
        dot += (double)got[i] * want[i];
    }
    diff.nmse = want_square > 0 ? error / want_square : error;
    double norms = sqrt(got_square) * sqrt(want_square);
    diff.cosine = norms > 0 ? dot / norms : (got_square == want_square ? 1 : 0);
    return diff;
}

bool check_close(const float *got, const float *want, size_t count, double tolerance)
{
    diff_t diff = check_diff(got, want, count);
    return diff.finite && diff.max_abs <= tolerance * diff.reference;
}

void check_array(const char *name, const float *got, const float *want, size_t count, double tolerance)
{
    if (check_close(got, want, count, tolerance)) return;
    diff_t diff = check_diff(got, want, count);
    fail_msg("%s: [%zu] of %zu is %.9g, expected %.9g (allowed %.3g x %.3g; nmse %.3g, cosine %.7f)", name, diff.where,
             count, (double)got[diff.where], (double)want[diff.where], tolerance, diff.reference, diff.nmse,
             diff.cosine);
}

void check_error(int status, int wanted, const char *text)
{
    if (status != wanted) fail_msg("status is %d, expected %d (error line: '%s')", status, wanted, fail_message());
    if (wanted != ST_OK && strstr(fail_message(), text) == NULL)
        fail_msg("the error line is '%s', expected it to contain '%s'", fail_message(), text);
}

void *check_read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) fail_msg("'%s' cannot be opened", path);
    fseek(file, 0, SEEK_END);
    long length = ftell(file);
    rewind(file);
    char *bytes = malloc((size_t)length + 1);
    if (bytes == NULL || fread(bytes, 1, (size_t)length, file) != (size_t)length) fail_msg("'%s' cannot be read", path);
    fclose(file);
    bytes[length] = '\0';
    if (size != NULL) *size = (size_t)length;
    return bytes;
}

const char *check_temp_dir(const char *name)
{
    static char path[512];
    char command[600];
    snprintf(path, sizeof path, "%s/%s-%ld", FGAD_TEST_TMP, name, (long)getpid());
    snprintf(command, sizeof command, "rm -rf '%s' && mkdir -p '%s'", path, path);
    if (system(command) != 0) fail_msg("'%s' cannot be made", path);
    return path;
}
