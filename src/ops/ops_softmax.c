#include "ops/ops_internal.h"

void ops_softmax_row(float *y, const float *x, int n, float scale)
{
    float lanes[16];
    for (int j = 0; j < 16; j++) lanes[j] = x[j < n ? j : 0];
    const int blocks = n / 16 * 16;
    for (int base = 0; base < blocks; base += 16)
        for (int j = 0; j < 16; j++) lanes[j] = x[base + j] > lanes[j] ? x[base + j] : lanes[j];
    for (int i = blocks; i < n; i++) lanes[0] = x[i] > lanes[0] ? x[i] : lanes[0];
    float largest = lanes[0];
    for (int j = 1; j < 16; j++) largest = lanes[j] > largest ? lanes[j] : largest;
    for (int i = 0; i < n; i++) y[i] = ops_exp_scalar((x[i] - largest) * scale);
    double total;
    OPS_SUM(total, n, (double)y[i]);
    const float inverse = (float)(1.0 / total);
    for (int i = 0; i < n; i++) y[i] *= inverse;
}

void ops_softmax(float *y, const float *x, int M, int N)
{
    REQUIRE(M > 0 && N > 0);
    for (int m = 0; m < M; m++) ops_softmax_row(y + (size_t)m * (size_t)N, x + (size_t)m * (size_t)N, N, 1.0f);
}

void ops_softmax_backward(float *dx, const float *dy, const float *y, int M, int N)
{
    for (int m = 0; m < M; m++) {
        const float *prob = y + (size_t)m * (size_t)N;
        const float *drow = dy + (size_t)m * (size_t)N;
        float *out = dx + (size_t)m * (size_t)N;
        double dot;
        OPS_SUM(dot, N, (double)drow[i] * (double)prob[i]);
        const float along = (float)dot;
        for (int n = 0; n < N; n++) out[n] += prob[n] * (drow[n] - along);
    }
}
