/* The optimiser of the prompts, METHOD.md 7, in PyTorch's form and order of operations. */
#include "align/align.h"

#include <math.h>

void align_sgd(float *w, float *v, const float *g, int64_t n, double rate, double mu, double decay)
{
    REQUIRE(w != NULL && v != NULL && g != NULL && n > 0);
    float rate_f = (float)rate, mu_f = (float)mu, decay_f = (float)decay;
    for (int64_t i = 0; i < n; i++) {
        float step = g[i] + decay_f * w[i];
        v[i] = mu_f * v[i] + step;
        w[i] -= rate_f * v[i];
    }
}

double align_cosine(double start, double end, int epoch, int epochs)
{
    REQUIRE(epochs > 0 && epoch >= 0 && epoch <= epochs);
    const double pi = 3.14159265358979323846;
    return end + (start - end) * (1 + cos(pi * epoch / epochs)) / 2;
}
