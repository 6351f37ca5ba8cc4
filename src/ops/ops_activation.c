#include "ops/ops_internal.h"

/* d/dx x Phi(x) = Phi(x) + x phi(x), phi(x) = e^{-x^2/2} / sqrt(2 pi). */
static void gelu_row(float *restrict y, float *restrict slope, const float *restrict u, int n)
{
    if (slope == NULL) {
        for (int i = 0; i < n; i++) {
            float e;
            y[i] = u[i] * ops_phi_scalar(u[i], &e);
        }
        return;
    }
    for (int i = 0; i < n; i++) {
        float e, phi = ops_phi_scalar(u[i], &e);
        y[i] = u[i] * phi;
        slope[i] = phi + u[i] * (e * 0.39894228040143268f);
    }
}

/* s = sigmoid(a x); d/dx x s = s (1 + a x (1 - s)). */
static void quick_gelu_row(float *restrict y, float *restrict slope, const float *restrict u, int n)
{
    if (slope == NULL) {
        for (int i = 0; i < n; i++) y[i] = u[i] / (1.0f + ops_exp_scalar(-1.702f * u[i]));
        return;
    }
    for (int i = 0; i < n; i++) {
        float s = 1.0f / (1.0f + ops_exp_scalar(-1.702f * u[i]));
        y[i] = u[i] * s;
        slope[i] = s * (1.0f + 1.702f * u[i] * (1.0f - s));
    }
}

/* Columns handled at a time, so that x + b lives in a small buffer and y may be x. */
#define STRIP 256

void ops_activate(float *y, float *slope, const float *x, const float *b, int M, int N, ops_activation_t kind)
{
    REQUIRE(M > 0 && N > 0);
    float u[STRIP];
    for (int m = 0; m < M; m++) {
        const size_t row = (size_t)m * (size_t)N;
        for (int n = 0; n < N; n += STRIP) {
            const int count = N - n < STRIP ? N - n : STRIP;
            const float *from = x + row + n;
            if (b != NULL)
                for (int i = 0; i < count; i++) u[i] = from[i] + b[n + i];
            else
                memcpy(u, from, (size_t)count * sizeof *u);
            float *slope_at = slope != NULL ? slope + row + n : NULL;
            if (kind == OPS_GELU)
                gelu_row(y + row + n, slope_at, u, count);
            else
                quick_gelu_row(y + row + n, slope_at, u, count);
        }
    }
}

void ops_swiglu(float *y, const float *x, int M, int F)
{
    REQUIRE(M > 0 && F > 0);
    for (int m = 0; m < M; m++) {
        const float *a = x + (size_t)m * 2 * (size_t)F, *b = a + F;
        float *out = y + (size_t)m * (size_t)F;
        for (int i = 0; i < F; i++) out[i] = a[i] / (1.0f + ops_exp_scalar(-a[i])) * b[i];
    }
}

void ops_activate_backward(float *dx, const float *dy, const float *slope, int M, int N)
{
    const size_t count = (size_t)M * (size_t)N;
    for (size_t i = 0; i < count; i++) dx[i] = dy[i] * slope[i];
}

void ops_erf(float *y, const float *x, int n)
{
    for (int i = 0; i < n; i++) {
        float z = x[i] < 0 ? -x[i] : x[i];
        float square = z * z;
        float tail = 1.0f - ops_exp_scalar(-square) * ops_erfc_scaled(z);
        float small = z * ops_erf_small(square);
        float positive = z < 1.0f ? small : tail;
        y[i] = x[i] < 0 ? -positive : positive;
    }
}

void ops_exp(float *y, const float *x, int n)
{
    for (int i = 0; i < n; i++) y[i] = ops_exp_scalar(x[i]);
}
