/* ops: the numerical kernels under the two towers and the losses: GEMM, linear layers, layer norm, GELU, softmax,
 * attention, each with the backward that the text tower needs beside its forward. It knows arrays, not models. No
 * allocation but of packed weights and their copies: scratch is passed in. Depends on base, on a CBLAS in ops_gemm.c alone, on
 * LAPACK in ops_lapack.c alone, on oneDNN, where it is there, in ops_bf16.c alone.
 *
 * Letters: T tokens (rows), C width, H heads, d = C/H, M N K the sides of a product. Arrays are row-major float32; ld
 * is the distance between rows, in floats. Argument order: outputs, inputs, dims, scratch. Forward overwrites its
 * outputs; backward ACCUMULATES into d-outputs, save where a comment says otherwise. Sums that decide a mean, a
 * variance or a normaliser are taken in double in a fixed order, so a row's bits depend on that row alone; a row of a
 * GEMM may change its last bits with the number of rows in the call, so what must not depend on a batch is called
 * with fixed shapes. Sizes that are not positive are programming errors (REQUIRE). Thread-safe. */
#ifndef FGAD_OPS_H
#define FGAD_OPS_H

#include "base/base.h"

/* ---- BLAS ---------------------------------------------------------------------------------------------------------- */
/* A product runs on the thread that asks for it from now on, so that its bits depend on no number of threads; as many as
 * `threads` may ask at a time. ST_ENOMEM: the address space has no room for their buffers. */
status_t ops_set_threads(int threads);
/* Threads that one product takes: before, whatever the library found in the environment. */
int ops_threads(void);
/* "OpenBLAS 0.3.21, core Cooperlake, 1 thread": for provenance. */
void ops_backend(char *out, size_t size);
/* Multiplies small matrices of awkward shapes and compares every element with plain C: ST_EIO, naming library, core and
 * shape, when the BLAS of this machine gives wrong results; ST_ENOMEM as above. Takes some milliseconds. A program calls it
 * before its first product. */
status_t ops_check(void);
/* The same for one linear layer of the shapes in use, by a sample of its elements with the last rows and columns
 * among them. scratch: M K + N K + M N floats. */
status_t ops_check_linear(int M, int N, int K, float *scratch);
/* Whether a row of ops_linear has the same bits wherever it stands: a block of `rows` rows alone against `times` such blocks in
 * one call. scratch: (times + 1) rows (K + N) + N K floats. */
bool ops_same_places(int rows, int times, int N, int K, float *scratch);

/* ---- Products ------------------------------------------------------------------------------------------------------ */
/* c (M,N) = alpha op(a) op(b) + beta c, where op(a) is (M,K) and op(b) is (K,N), stored transposed when the flag says
 * so. */
typedef struct {
    bool transpose_a, transpose_b;
    int lda, ldb, ldc;
    float alpha, beta;
} ops_gemm_t;
void ops_gemm(float *c, const float *a, const float *b, int M, int N, int K, const ops_gemm_t *how);

/* y (M,N) = x (M,K) w (N,K)^T + b (N); b may be NULL. */
void ops_linear(float *y, const float *x, const float *w, const float *b, int M, int N, int K);
/* y += the same: a layer that ends in a residual. */
void ops_linear_add(float *y, const float *x, const float *w, const float *b, int M, int N, int K);
/* dx (M,K) += dy (M,N) w (N,K). There is no dw: the towers are frozen. */
void ops_linear_backward(float *dx, const float *dy, const float *w, int M, int N, int K);
/* dx = the same, overwriting. */
void ops_linear_backward_set(float *dx, const float *dy, const float *w, int M, int N, int K);

/* ---- Products with frozen weights: by the BLAS, by Strassen's scheme, in bfloat16 ------------------------------------- */
/* OPS_FROZEN_BF16: weights (N,K) rounded to bfloat16 and packed once. Products with them round the other factor, too, and sum
 * in float32; a row's bits depend on that row alone. By oneDNN, where the program was built with it and the processor
 * multiplies such numbers itself (AVX512_BF16 or AMX): ST_EFORMAT says what is missing.
 * OPS_FROZEN_STRASSEN: float32 by one level of Strassen's scheme where both sides of the weights are even and 256 or more,
 * plain elsewhere, by kernels of our own: an eighth fewer multiplications, and rounding errors about 2.5 times as large. Rows
 * 2i and 2i+1 of a call hang on each other and on no other; bits are the same on every processor with AVX2 and FMA, or
 * AVX-512, of which FGAD_MAX_ISA=avx2 in the environment makes no use. ST_EFORMAT: this one has neither.
 * Products do not change a set: threads share it. */
typedef struct ops_frozen ops_frozen_t;
typedef enum { OPS_FROZEN_BF16, OPS_FROZEN_STRASSEN } ops_frozen_kind_t;
status_t ops_bf16_check(void);
status_t ops_strassen_check(void);
size_t ops_strassen_bytes(int threads); /* that such a set takes at most */
/* "oneDNN 2.6.3 AVX512_BF16": for provenance. */
void ops_bf16_backend(char *out, size_t size);
/* An empty set, for products on so many threads at a time. Matrices are added, then it is ready; their floats stay
 * the caller's and must outlive it: a matrix is found again by its address and N. `backward`: for
 * ops_frozen_backward_set as well, which packs it a second time. Strassen's scheme takes any matrix, added or not. */
status_t ops_frozen_open(ops_frozen_t **out, ops_frozen_kind_t kind, int threads);
status_t ops_frozen_add(ops_frozen_t *set, const float *w, int N, int K, bool backward);
/* Bytes for right factors of the matrices added so far, packed (METHOD.md 3, precision); 0: none are cut, or bfloat16 has packed
 * its own. Without them Strassen's scheme makes them at each call: a twentieth of its time. */
size_t ops_frozen_room(const ops_frozen_t *set, uint64_t *layout);
/* The memory for them, once, before products: zeros at first, at a multiple of 64 bytes; it outlives the set. A factor is packed by
 * the first product of 64 rows or more. Processes share it that added the same matrices in the same order and have one
 * `layout`. No bit hangs on it. */
void ops_frozen_lend(ops_frozen_t *set, void *room);
status_t ops_frozen_ready(ops_frozen_t *set);
void ops_frozen_close(ops_frozen_t *set);
/* ST_EIO: a product with this matrix (`back`: of the backward) is wrong by a sample of its elements, or a row's bits (of two
 * neighbours', Strassen's) depend on its place. scratch: 64 (2 N + 2 K) floats. */
status_t ops_frozen_check(const ops_frozen_t *set, const float *w, int N, int K, bool back, float *scratch);
/* As ops_linear, ops_linear_add and ops_linear_backward_set, which they are where `set` is NULL. */
void ops_frozen_linear(float *y, const float *x, const float *w, const float *b, int M, int N, int K,
                       const ops_frozen_t *set);
void ops_frozen_linear_add(float *y, const float *x, const float *w, const float *b, int M, int N, int K,
                           const ops_frozen_t *set);
void ops_frozen_backward_set(float *dx, const float *dy, const float *w, int M, int N, int K, const ops_frozen_t *set);

/* ---- Rows ---------------------------------------------------------------------------------------------------------- */
#define OPS_LAYERNORM_EPS 1e-5
/* y (M,C) = (x - mean) rstd gain + bias, rstd = 1/sqrt(var + eps), var biased. mean and rstd (M) are kept for the
 * backward when not NULL. y may be x. */
void ops_layernorm(float *y, float *mean, float *rstd, const float *x, const float *gain, const float *bias, int M,
                   int C);
/* The same with another eps, forward alone. */
void ops_layernorm_eps(float *y, const float *x, const float *gain, const float *bias, double eps, int M, int C);
/* dx (M,C) += rstd (g - mean(g) - xhat mean(g xhat)), g = dy gain, xhat = (x - mean) rstd. */
void ops_layernorm_backward(float *dx, const float *dy, const float *x, const float *mean, const float *rstd,
                            const float *gain, int M, int C);

/* y (M,C) = x / |x|; a row of zeros stays zeros. y may be x. norms (M) kept when not NULL. */
void ops_normalize(float *y, float *norms, const float *x, int M, int C);
/* dx (M,C) += (dy - y <dy, y>) / norm, y the normalised rows. */
void ops_normalize_backward(float *dx, const float *dy, const float *y, const float *norms, int M, int C);

/* y (M,N) = softmax of every row of x, started from the row's own largest value. y may be x. */
void ops_softmax(float *y, const float *x, int M, int N);
/* dx (M,N) += y (dy - <dy, y>). */
void ops_softmax_backward(float *dx, const float *dy, const float *y, int M, int N);

/* x (M,N) += b (N) on every row. */
void ops_add_bias(float *x, const float *b, int M, int N);

/* ---- Activation ---------------------------------------------------------------------------------------------------- */
typedef enum {
    OPS_GELU,       /* x Phi(x), the exact erf form */
    OPS_QUICK_GELU, /* x / (1 + exp(-1.702 x)) */
} ops_activation_t;
/* y (M,N) = act(x + b); b (N) may be NULL. slope (M,N), when not NULL, gets act'(x + b) for the backward. y may be x. */
void ops_activate(float *y, float *slope, const float *x, const float *b, int M, int N, ops_activation_t kind);
/* The same; GELU behind a bias by the kernels of a set of Strassen's scheme (Products with frozen weights), in half the time and
 * with the same bits on every processor that has them. Any other set, or NULL: as ops_activate. */
void ops_frozen_activate(float *y, float *slope, const float *x, const float *b, int M, int N, ops_activation_t kind,
                         const ops_frozen_t *set);
/* y (M,F) = silu(a) b, a and b the halves of every row of x (M,2F); silu(a) = a / (1 + exp(-a)). */
void ops_swiglu(float *y, const float *x, int M, int F);
/* dx (M,N) = dy slope: overwrites, and dx may be dy. */
void ops_activate_backward(float *dx, const float *dy, const float *slope, int M, int N);
/* The approximations beneath, within 2e-7 of erf and 2e-7 relative of exp: y (n). */
void ops_erf(float *y, const float *x, int n);
void ops_exp(float *y, const float *x, int n);

/* ---- Symmetric matrices, in double; by LAPACK ----------------------------------------------------------------------- */
#define OPS_EIGEN_MOST 16384
/* Eigenvalues of the symmetric a (n,n) in ascending order, eigenvector i into row i of a, of length 1 and either sign.
 * scratch: ops_eigen_scratch(n) doubles. ST_EFORMAT: no convergence, as when values are not finite. */
size_t ops_eigen_scratch(int n);
status_t ops_eigen(double *values, double *a, int n, double *scratch);
/* The lower triangle of a (n,n), positive definite, becomes L with a = L L^T; the upper one is left. ST_EFORMAT: it is
 * not positive definite. */
status_t ops_cholesky(double *a, int n);
/* x^T a^-1 x = |L^-1 x|^2 of that L. scratch (n), L^-1 x afterwards. */
double ops_cholesky_form(const double *l, const double *x, int n, double *scratch);

/* ---- Attention ----------------------------------------------------------------------------------------------------- */
/* Per head h, with columns h*d .. h*d+d of each array: out = softmax(scale q k^T) v. Queries are Tq rows, keys and
 * values Tk rows. first >= 0 makes it causal: query i sees keys 0 .. first+i (so first = Tk - Tq when the queries are
 * the last rows of the keys); first < 0: every key. */
typedef struct {
    int Tq, Tk, H, d;
    int ldq, ldk, ldv, ldo;
    int first;
    float scale;
} ops_attention_t;
/* probs: scratch (Tq,Tk) when !keep; when keep, (H,Tq,Tk), which the backward wants. */
void ops_attention(float *out, float *probs, const float *q, const float *k, const float *v, const ops_attention_t *how,
                   bool keep);
/* The same, of which nothing is kept, by the kernels of a set of Strassen's scheme (Products with frozen weights): a row's bits
 * hang on that row, the keys and the values alone, and on no processor. Any other set or NULL, causal attention, and more keys
 * than such a set has room for (some 18,000 of d = 64): as ops_attention. */
void ops_frozen_attention(float *out, float *probs, const float *q, const float *k, const float *v,
                          const ops_attention_t *how, const ops_frozen_t *set);
/* dq, dk, dv (laid out as q, k, v with the same ld) accumulate from dout (ld = ldo) and the kept probs.
 * scratch: 2 * Tq * Tk floats. */
void ops_attention_backward(float *dq, float *dk, float *dv, const float *dout, const float *probs, const float *q,
                            const float *k, const float *v, const ops_attention_t *how, float *scratch);

#endif
