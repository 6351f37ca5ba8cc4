#include "ops/ops_internal.h"

#include <math.h>

static void normalise_rows(float *y, float *mean, float *rstd, const float *x, const float *gain, const float *bias,
                           double eps, int M, int C)
{
    REQUIRE(M > 0 && C > 0);
    for (int m = 0; m < M; m++) {
        const float *row = x + (size_t)m * (size_t)C;
        float *out = y + (size_t)m * (size_t)C;
        double total, square;
        OPS_SUM(total, C, (double)row[i]);
        const double mu = total / C;
        OPS_SUM(square, C, ((double)row[i] - mu) * ((double)row[i] - mu));
        const float center = (float)mu;
        const float scale = (float)(1.0 / sqrt(square / C + eps));
        for (int c = 0; c < C; c++) out[c] = (row[c] - center) * scale * gain[c] + bias[c];
        if (mean != NULL) mean[m] = center;
        if (rstd != NULL) rstd[m] = scale;
    }
}

void ops_layernorm(float *y, float *mean, float *rstd, const float *x, const float *gain, const float *bias, int M,
                   int C)
{
    normalise_rows(y, mean, rstd, x, gain, bias, OPS_LAYERNORM_EPS, M, C);
}

void ops_layernorm_eps(float *y, const float *x, const float *gain, const float *bias, double eps, int M, int C)
{
    normalise_rows(y, NULL, NULL, x, gain, bias, eps, M, C);
}

void ops_layernorm_backward(float *dx, const float *dy, const float *x, const float *mean, const float *rstd,
                            const float *gain, int M, int C)
{
    REQUIRE(M > 0 && C > 0);
    for (int m = 0; m < M; m++) {
        const float *row = x + (size_t)m * (size_t)C;
        const float *drow = dy + (size_t)m * (size_t)C;
        float *out = dx + (size_t)m * (size_t)C;
        const float center = mean[m], scale = rstd[m];
        double sum_g, sum_gx;
        OPS_SUM(sum_g, C, (double)(drow[i] * gain[i]));
        OPS_SUM(sum_gx, C, (double)(drow[i] * gain[i]) * (double)((row[i] - center) * scale));
        const float mean_g = (float)(sum_g / C), mean_gx = (float)(sum_gx / C);
        for (int c = 0; c < C; c++) {
            float xhat = (row[c] - center) * scale;
            out[c] += scale * (drow[c] * gain[c] - mean_g - xhat * mean_gx);
        }
    }
}

void ops_normalize(float *y, float *norms, const float *x, int M, int C)
{
    REQUIRE(M > 0 && C > 0);
    for (int m = 0; m < M; m++) {
        const float *row = x + (size_t)m * (size_t)C;
        float *out = y + (size_t)m * (size_t)C;
        double square;
        OPS_SUM(square, C, (double)row[i] * (double)row[i]);
        const float norm = (float)sqrt(square);
        const float scale = norm > 0 ? 1.0f / norm : (norm == 0 ? 0.0f : norm);
        for (int c = 0; c < C; c++) out[c] = row[c] * scale;
        if (norms != NULL) norms[m] = norm;
    }
}

void ops_normalize_backward(float *dx, const float *dy, const float *y, const float *norms, int M, int C)
{
    REQUIRE(M > 0 && C > 0);
    for (int m = 0; m < M; m++) {
        const float *unit = y + (size_t)m * (size_t)C;
        const float *drow = dy + (size_t)m * (size_t)C;
        float *out = dx + (size_t)m * (size_t)C;
        if (norms[m] == 0) continue;
        double dot;
        OPS_SUM(dot, C, (double)drow[i] * (double)unit[i]);
        const float along = (float)dot, scale = 1.0f / norms[m];
        for (int c = 0; c < C; c++) out[c] += (drow[c] - unit[c] * along) * scale;
    }
}

void ops_add_bias(float *x, const float *b, int M, int N)
{
    for (int m = 0; m < M; m++) {
        float *row = x + (size_t)m * (size_t)N;
        for (int n = 0; n < N; n++) row[n] += b[n];
    }
}
