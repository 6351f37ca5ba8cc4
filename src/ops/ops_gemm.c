#include "ops/ops_internal.h"

#include <cblas.h>

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

/* OpenBLAS maps a buffer of this size for every thread, and where it gets none (ulimit -v) tries again for ever. */
#define BUFFER_BYTES ((size_t)128 << 20)

/* Once a process: buffers that are mapped are kept. */
static status_t probe_address_space(int threads)
{
    static atomic_int probed = 0;
    const int more = threads - probed;
    if (more <= 0) return ST_OK;
    const size_t size = (size_t)more * BUFFER_BYTES;
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at != MAP_FAILED) {
        munmap(at, size);
        probed = threads;
        return ST_OK;
    }
    char limit[64] = "";
    struct rlimit now;
    if (getrlimit(RLIMIT_AS, &now) == 0 && now.rlim_cur != RLIM_INFINITY)
        snprintf(limit, sizeof limit, " within ulimit -v %llu", (unsigned long long)now.rlim_cur / 1024);
    return fail(ST_ENOMEM,
                "no address space for %d BLAS thread%s, %zu MB each%s (hint: ulimit -v unlimited; memory is "
                "better bounded by the batch system)",
                threads, threads == 1 ? "" : "s", BUFFER_BYTES >> 20, limit);
}

#ifdef FGAD_OPENBLAS
static void library_one_thread(void)
{
    openblas_set_num_threads(1);
}

int ops_threads(void)
{
    return openblas_get_num_threads();
}

static void library_tell(const char **config, const char **core)
{
    *config = openblas_get_config();
    *core = openblas_get_corename();
}
#else
/* Any other CBLAS: BLIS, MKL and those on OpenMP ask the environment at their first call, and tell nobody what they are. */
static void library_one_thread(void)
{
    static const char *const names[] = {"OMP_NUM_THREADS", "BLIS_NUM_THREADS", "MKL_NUM_THREADS", NULL};
    for (int i = 0; names[i] != NULL; i++) setenv(names[i], "1", 1);
}

int ops_threads(void)
{
    return 1;
}

static void library_tell(const char **config, const char **core)
{
    const char *slash = strrchr(FGAD_BLAS_NAME, '/');
    *config = slash != NULL ? slash + 1 : FGAD_BLAS_NAME;
    *core = "of its own choice";
}
#endif

status_t ops_set_threads(int threads)
{
    REQUIRE(threads > 0);
    TRY(probe_address_space(threads));
    library_one_thread();
    return ST_OK;
}

void ops_backend(char *out, size_t size)
{
    char config[256];
    const char *name, *core;
    library_tell(&name, &core);
    snprintf(config, sizeof config, "%s", name);
    /* "OpenBLAS 0.3.21 NO_LAPACKE ...": name and version are the first two words. */
    char *space = strchr(config, ' ');
    if (space != NULL) space = strchr(space + 1, ' ');
    if (space != NULL) *space = '\0';
    int threads = ops_threads();
    snprintf(out, size, "%s, core %s, %d thread%s", config, core, threads, threads == 1 ? "" : "s");
}

void ops_gemm(float *c, const float *a, const float *b, int M, int N, int K, const ops_gemm_t *how)
{
    REQUIRE(M > 0 && N > 0 && K > 0);
    REQUIRE(how->lda >= (how->transpose_a ? M : K) && how->ldb >= (how->transpose_b ? K : N) && how->ldc >= N);
    cblas_sgemm(CblasRowMajor, how->transpose_a ? CblasTrans : CblasNoTrans,
                how->transpose_b ? CblasTrans : CblasNoTrans, M, N, K, how->alpha, a, how->lda, b, how->ldb, how->beta,
                c, how->ldc);
}

void ops_linear(float *y, const float *x, const float *w, const float *b, int M, int N, int K)
{
    ops_gemm_t how = {.transpose_b = true, .lda = K, .ldb = K, .ldc = N, .alpha = 1};
    if (b != NULL) {
        for (int m = 0; m < M; m++) memcpy(y + (size_t)m * (size_t)N, b, (size_t)N * sizeof *y);
        how.beta = 1;
    }
    ops_gemm(y, x, w, M, N, K, &how);
}

void ops_linear_add(float *y, const float *x, const float *w, const float *b, int M, int N, int K)
{
    if (b != NULL) ops_add_bias(y, b, M, N);
    ops_gemm(y, x, w, M, N, K, &(ops_gemm_t){.transpose_b = true, .lda = K, .ldb = K, .ldc = N, .alpha = 1, .beta = 1});
}

void ops_linear_backward(float *dx, const float *dy, const float *w, int M, int N, int K)
{
    ops_gemm(dx, dy, w, M, K, N, &(ops_gemm_t){.lda = N, .ldb = K, .ldc = K, .alpha = 1, .beta = 1});
}

void ops_linear_backward_set(float *dx, const float *dy, const float *w, int M, int N, int K)
{
    ops_gemm(dx, dy, w, M, K, N, &(ops_gemm_t){.lda = N, .ldb = K, .ldc = K, .alpha = 1});
}

void ops_fill(float *x, int n, uint32_t salt)
{
    for (int i = 0; i < n; i++) {
        uint32_t h = ((uint32_t)i + salt) * 2654435761u;
        h ^= h >> 15;
        h *= 2246822519u;
        x[i] = (float)(h >> 8) * 0x1p-23f - 1.0f;
    }
}

static status_t fail_wrong(int m, int n, int M, int N, int K, double got, double want)
{
    char backend[256];
    ops_backend(backend, sizeof backend);
    return fail(ST_EIO,
                "%s multiplies wrongly: element (%d,%d) of (%d,%d) with K=%d is %.9g, expected %.9g (hint: set "
                "OPENBLAS_CORETYPE=HASWELL, or use another version)",
                backend, m, n, M, N, K, got, want);
}

/* K products of size below 1, each rounded to 2^-24: bounds the error with room for the order of the sum. */
static double allowed_error(int K)
{
    return (K + 4) * 0x1p-22;
}

#define CHECK_SIDE 96

status_t ops_check(void)
{
    static const struct {
        int M, N, K;
        bool ta, tb;
    } shape[] = {
        {1, 1, 1, false, true},    {7, 5, 3, false, false},    {16, 64, 33, false, true}, {33, 96, 64, true, false},
        {96, 96, 96, false, true}, {96, 17, 96, false, false}, {77, 77, 64, false, true}, {1, 96, 96, false, true},
    };
    float a[CHECK_SIDE * CHECK_SIDE], b[CHECK_SIDE * CHECK_SIDE];
    float before[CHECK_SIDE * CHECK_SIDE], got[CHECK_SIDE * CHECK_SIDE];
    TRY(probe_address_space(ops_threads()));
    ops_fill(a, CHECK_SIDE * CHECK_SIDE, 1);
    ops_fill(b, CHECK_SIDE * CHECK_SIDE, 77777);
    for (size_t s = 0; s < sizeof shape / sizeof *shape; s++) {
        int M = shape[s].M, N = shape[s].N, K = shape[s].K;
        ops_gemm_t how = {.transpose_a = shape[s].ta, .transpose_b = shape[s].tb, .ldc = N, .alpha = 0.5f, .beta = 2};
        how.lda = how.transpose_a ? M : K;
        how.ldb = how.transpose_b ? K : N;
        ops_fill(before, M * N, 5);
        memcpy(got, before, sizeof got);
        ops_gemm(got, a, b, M, N, K, &how);
        for (int i = 0; i < M * N; i++) {
            double want = 0;
            for (int k = 0; k < K; k++)
                want += (double)a[how.transpose_a ? k * how.lda + i / N : i / N * how.lda + k] *
                        (double)b[how.transpose_b ? i % N * how.ldb + k : k * how.ldb + i % N];
            want = (double)how.alpha * want + (double)how.beta * (double)before[i];
            if (fabs((double)got[i] - want) <= allowed_error(K)) continue;
            return fail_wrong(i / N, i % N, M, N, K, (double)got[i], want);
        }
    }
    return ST_OK;
}

#define CHECK_SAMPLES 512

status_t ops_check_linear(int M, int N, int K, float *scratch)
{
    float *x = scratch, *w = x + (size_t)M * (size_t)K, *y = w + (size_t)N * (size_t)K;
    ops_fill(x, M * K, 1);
    ops_fill(w, N * K, 77777);
    ops_linear(y, x, w, NULL, M, N, K);
    for (uint32_t s = 0; s < CHECK_SAMPLES; s++) {
        /* A quarter of the sample lies in the last row, a quarter in the last column: where kernels handle edges. */
        const int m = s % 4 == 0 ? M - 1 : (int)(s * 2654435761u >> 8) % M;
        const int n = s % 4 == 1 ? N - 1 : (int)(s * 2246822519u >> 8) % N;
        double want = 0;
        for (int k = 0; k < K; k++) want += (double)x[(size_t)m * K + k] * (double)w[(size_t)n * K + k];
        const double got = (double)y[(size_t)m * N + n];
        if (!(fabs(got - want) <= allowed_error(K))) return fail_wrong(m, n, M, N, K, got, want);
    }
    return ST_OK;
}

bool ops_same_places(int rows, int times, int N, int K, float *scratch)
{
    const size_t in = (size_t)rows * (size_t)K, out = (size_t)rows * (size_t)N;
    float *x = scratch, *w = x + (size_t)times * in, *alone = w + (size_t)N * (size_t)K, *y = alone + out;
    ops_fill(x, rows * K, 1);
    ops_fill(w, N * K, 77777);
    for (int t = 1; t < times; t++) memcpy(x + (size_t)t * in, x, in * sizeof *x);
    ops_linear(alone, x, w, NULL, rows, N, K);
    ops_linear(y, x, w, NULL, times * rows, N, K);
    for (int t = 0; t < times; t++)
        if (memcmp(y + (size_t)t * out, alone, out * sizeof *y) != 0) return false;
    return true;
}
