/* Scores of windows brought to tokens, method/README.md 2. */
#include "detect/detect.h"

void detect_windows_to_tokens(float *map, const float *scores, int grid, int side)
{
    REQUIRE(map != NULL && scores != NULL && side > 0 && side <= grid);
    const int places = grid - side + 1;
    for (int y = 0; y < grid; y++)
        for (int x = 0; x < grid; x++) {
            double sum = 0;
            int count = 0;
            for (int v = y - side + 1; v <= y; v++)
                for (int u = x - side + 1; u <= x; u++) {
                    if (v < 0 || v >= places || u < 0 || u >= places) continue;
                    sum += 1 / (double)scores[v * places + u]; /* a score of 0 makes the mean 0 */
                    count++;
                }
            map[y * grid + x] = (float)(count / sum);
        }
}

void detect_harmonic_mean(float *out, const float *const *maps, int count, int T)
{
    REQUIRE(out != NULL && maps != NULL && count > 0 && T > 0);
    for (int i = 0; i < T; i++) {
        double sum = 0;
        for (int n = 0; n < count; n++) sum += 1 / (double)maps[n][i];
        out[i] = (float)(count / sum);
    }
}
