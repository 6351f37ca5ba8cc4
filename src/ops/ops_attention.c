#include "ops/ops_internal.h"

static int visible(const ops_attention_t *how, int query)
{
    if (how->first < 0) return how->Tk;
    int seen = how->first + query + 1;
    return seen < how->Tk ? seen : how->Tk;
}

void ops_attention_check(const ops_attention_t *how)
{
    const int C = how->H * how->d;
    REQUIRE(how->Tq > 0 && how->Tk > 0 && how->H > 0 && how->d > 0);
    REQUIRE(how->ldq >= C && how->ldk >= C && how->ldv >= C && how->ldo >= C);
}

void ops_attention(float *out, float *probs, const float *q, const float *k, const float *v, const ops_attention_t *how,
                   bool keep)
{
    ops_attention_check(how);
    const int Tq = how->Tq, Tk = how->Tk, d = how->d;
    const ops_gemm_t scores = {.transpose_b = true, .lda = how->ldq, .ldb = how->ldk, .ldc = Tk, .alpha = 1};
    const ops_gemm_t mix = {.lda = Tk, .ldb = how->ldv, .ldc = how->ldo, .alpha = 1};
    for (int h = 0; h < how->H; h++) {
        float *p = probs + (keep ? (size_t)h * (size_t)Tq * (size_t)Tk : 0);
        ops_gemm(p, q + h * d, k + h * d, Tq, Tk, d, &scores);
        for (int i = 0; i < Tq; i++) {
            float *row = p + (size_t)i * (size_t)Tk;
            const int seen = visible(how, i);
            ops_softmax_row(row, row, seen, how->scale);
            memset(row + seen, 0, (size_t)(Tk - seen) * sizeof *row);
        }
        ops_gemm(out + h * d, p, v + h * d, Tq, d, Tk, &mix);
    }
}

void ops_attention_backward(float *dq, float *dk, float *dv, const float *dout, const float *probs, const float *q,
                            const float *k, const float *v, const ops_attention_t *how, float *scratch)
{
    ops_attention_check(how);
    const int Tq = how->Tq, Tk = how->Tk, d = how->d;
    const size_t square = (size_t)Tq * (size_t)Tk;
    float *dp = scratch, *ds = scratch + square;
    for (int h = 0; h < how->H; h++) {
        const float *p = probs + (size_t)h * square;
        /* out = p v: dp = dout v^T, dv += p^T dout. */
        ops_gemm(dp, dout + h * d, v + h * d, Tq, Tk, d,
                 &(ops_gemm_t){.transpose_b = true, .lda = how->ldo, .ldb = how->ldv, .ldc = Tk, .alpha = 1});
        ops_gemm(
            dv + h * d, p, dout + h * d, Tk, d, Tq,
            &(ops_gemm_t){.transpose_a = true, .lda = Tk, .ldb = how->ldo, .ldc = how->ldv, .alpha = 1, .beta = 1});
        /* p = softmax(scale s) over the visible keys; the hidden ones have p = 0 and get ds = 0. */
        memset(ds, 0, square * sizeof *ds);
        for (int i = 0; i < Tq; i++) {
            const size_t row = (size_t)i * (size_t)Tk;
            ops_softmax_backward(ds + row, dp + row, p + row, 1, visible(how, i));
        }
        /* s = q k^T: dq += scale ds k, dk += scale ds^T q. */
        ops_gemm(dq + h * d, ds, k + h * d, Tq, d, Tk,
                 &(ops_gemm_t){.lda = Tk, .ldb = how->ldk, .ldc = how->ldq, .alpha = how->scale, .beta = 1});
        ops_gemm(dk + h * d, ds, q + h * d, Tk, d, Tq,
                 &(ops_gemm_t){
                     .transpose_a = true, .lda = Tk, .ldb = how->ldq, .ldc = how->ldk, .alpha = how->scale, .beta = 1});
    }
}
