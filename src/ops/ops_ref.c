/* The kernels once more, as their formulas read: doubles, libm, no blocking. For tests alone. */
#include "ops/ops_internal.h"

#include <math.h>

void ops_ref_gemm(double *c, const double *a, const double *b, int M, int N, int K, const ops_gemm_t *how)
{
    for (int m = 0; m < M; m++)
        for (int n = 0; n < N; n++) {
            double sum = 0;
            for (int k = 0; k < K; k++) {
                double left = how->transpose_a ? a[(size_t)k * how->lda + m] : a[(size_t)m * how->lda + k];
                double right = how->transpose_b ? b[(size_t)n * how->ldb + k] : b[(size_t)k * how->ldb + n];
                sum += left * right;
            }
            double *out = c + (size_t)m * how->ldc + n;
            double before = how->beta != 0 ? (double)how->beta * *out : 0;
            *out = (double)how->alpha * sum + before;
        }
}

void ops_ref_linear(double *y, const double *x, const double *w, const double *b, int M, int N, int K)
{
    for (int m = 0; m < M; m++)
        for (int n = 0; n < N; n++) {
            double sum = b != NULL ? b[n] : 0;
            for (int k = 0; k < K; k++) sum += x[(size_t)m * K + k] * w[(size_t)n * K + k];
            y[(size_t)m * N + n] = sum;
        }
}

void ops_ref_layernorm(double *y, const double *x, const double *gain, const double *bias, int M, int C)
{
    for (int m = 0; m < M; m++, x += C, y += C) {
        double mean = 0, variance = 0;
        for (int c = 0; c < C; c++) mean += x[c] / C;
        for (int c = 0; c < C; c++) variance += (x[c] - mean) * (x[c] - mean) / C;
        double scale = 1 / sqrt(variance + OPS_LAYERNORM_EPS);
        for (int c = 0; c < C; c++) y[c] = ((x[c] - mean) * scale * gain[c] + bias[c]);
    }
}

static void softmax_row(double *p, const double *s, int n)
{
    double largest = s[0], total = 0;
    for (int i = 1; i < n; i++) largest = fmax(largest, s[i]);
    for (int i = 0; i < n; i++) total += p[i] = exp(s[i] - largest);
    for (int i = 0; i < n; i++) p[i] /= total;
}

#define REF_LIMIT 1024 /* longest row of a softmax here */

void ops_ref_softmax(double *y, const double *x, int M, int N)
{
    REQUIRE(N <= REF_LIMIT);
    double s[REF_LIMIT], p[REF_LIMIT];
    for (int m = 0; m < M; m++, x += N, y += N) {
        for (int n = 0; n < N; n++) s[n] = x[n];
        softmax_row(p, s, N);
        for (int n = 0; n < N; n++) y[n] = p[n];
    }
}

void ops_ref_activate(double *y, const double *x, const double *b, int M, int N, ops_activation_t kind)
{
    for (int m = 0; m < M; m++)
        for (int n = 0; n < N; n++) {
            double u = x[(size_t)m * N + n] + (b != NULL ? b[n] : 0);
            double gate = kind == OPS_GELU ? 0.5 * erfc(-u * 0.70710678118654752440) : 1 / (1 + exp(-1.702 * u));
            y[(size_t)m * N + n] = (u * gate);
        }
}

void ops_ref_attention(double *out, const double *q, const double *k, const double *v, const ops_attention_t *how)
{
    REQUIRE(how->Tk <= REF_LIMIT);
    double s[REF_LIMIT], p[REF_LIMIT];
    for (int h = 0; h < how->H; h++)
        for (int i = 0; i < how->Tq; i++) {
            int seen = how->first < 0 ? how->Tk : how->first + i + 1;
            for (int j = 0; j < seen; j++) {
                s[j] = 0;
                for (int c = h * how->d; c < (h + 1) * how->d; c++)
                    s[j] += how->scale * q[(size_t)i * how->ldq + c] * k[(size_t)j * how->ldk + c];
            }
            softmax_row(p, s, seen);
            for (int c = h * how->d; c < (h + 1) * how->d; c++) {
                double sum = 0;
                for (int j = 0; j < seen; j++) sum += p[j] * v[(size_t)j * how->ldv + c];
                out[(size_t)i * how->ldo + c] = sum;
            }
        }
}
