/* Tables of positions for another grid, by the two bicubic resizes of torch.nn.functional.interpolate. */
#include "clip/clip_internal.h"

#include <math.h>
#include <string.h>

/* Keys' cubic at distance x from the sample. */
static double cubic(double x, double a)
{
    x = fabs(x);
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
    return 0;
}

/* weights (side, stored). Plain: a = -0.75, four samples, those beyond the edge are the edge. With antialiasing: a = -0.5,
 * the cubic as wide as the step, samples beyond the edge left out and the others made to sum to 1. */
static void fill_weights(double *weights, int side, int stored, bool antialias)
{
    const double step = (double)stored / side;
    memset(weights, 0, (size_t)side * (size_t)stored * sizeof *weights);
    for (int i = 0; i < side; i++) {
        double *row = weights + (size_t)i * (size_t)stored;
        if (!antialias) {
            const double at = (i + 0.5) * step - 0.5, low = floor(at);
            for (int k = -1; k <= 2; k++) {
                const int j = (int)low + k;
                row[j < 0 ? 0 : j >= stored ? stored - 1 : j] += cubic(at - (low + k), -0.75);
            }
            continue;
        }
        const double width = step > 1 ? step : 1, center = (i + 0.5) * step;
        int first = (int)(center - 2 * width + 0.5), end = (int)(center + 2 * width + 0.5);
        if (first < 0) first = 0;
        if (end > stored) end = stored;
        double total = 0;
        for (int j = first; j < end; j++) total += row[j] = cubic((j - center + 0.5) / width, -0.5);
        for (int j = first; j < end; j++) row[j] /= total;
    }
}

void clip_position_resize(float *out, int side, const float *table, int stored, int W, bool antialias, double *weights)
{
    fill_weights(weights, side, stored, antialias);
    const size_t width = (size_t)W;
    memcpy(out, table, width * sizeof *out);
    table += width;
    out += width;
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++, out += width)
            for (size_t c = 0; c < width; c++) {
                double sum = 0;
                for (int v = 0; v < stored; v++) {
                    const double down = weights[(size_t)y * (size_t)stored + (size_t)v];
                    if (down == 0) continue;
                    for (int u = 0; u < stored; u++) {
                        const double along = weights[(size_t)x * (size_t)stored + (size_t)u];
                        if (along != 0) sum += down * along * (double)table[(size_t)(v * stored + u) * width + c];
                    }
                }
                out[c] = (float)sum;
            }
}
