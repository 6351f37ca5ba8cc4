/* Checks that can fail. cmocka's asserts compare scalars; these compare arrays and files, say where they
 * differ, and count NaN and infinity as failure. */
#ifndef FGAD_TESTS_CHECK_H
#define FGAD_TESTS_CHECK_H

/* cmocka.h wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>

/* cmocka's macro `fail` would hide ours of base.h. */
#undef fail
#undef fail_msg
#define fail_msg(...)                                                                                                  \
    do {                                                                                                               \
        print_error("ERROR: " __VA_ARGS__);                                                                            \
        print_error("\n");                                                                                             \
        _fail(__FILE__, __LINE__);                                                                                     \
    } while (0)

typedef struct {
    double max_abs;   /* largest |got - want| */
    double reference; /* largest |want| */
    double nmse;      /* sum (got - want)^2 / sum want^2 */
    double cosine;    /* of got and want as vectors; 1 when both are zero */
    size_t where;     /* index of max_abs, or of the first value that is not finite */
    bool finite;      /* every got and want is finite */
} diff_t;

diff_t check_diff(const float *got, const float *want, size_t count);
/* max_abs <= tolerance * reference, all finite, and got is not all zero where want is not. */
bool check_close(const float *got, const float *want, size_t count, double tolerance);
/* As check_close, and fails the running test with a line: name, worst index, both values, tolerance. */
void check_array(const char *name, const float *got, const float *want, size_t count, double tolerance);
/* Fails the test unless status is the wanted one and the error line contains `text`. */
void check_error(int status, int wanted, const char *text);

/* Whole file into memory (caller frees); fails the test when it cannot be read. `size` may be NULL. */
void *check_read_file(const char *path, size_t *size);
/* A fresh empty directory below the build tree for this test; the text lives until the next call. */
const char *check_temp_dir(const char *name);

/* Golden arrays: a text index `<path>.txt` ("name dtype ndim d0 d1 ... offset" a line, '#' comments) beside
 * the little-endian bytes `<path>.bin`, as tests/reference/golden.py writes them. dtype: f32, f64, i32, u8.
 */
typedef struct check_golden check_golden_t;
check_golden_t *check_golden_open(const char *name); /* relative to tests/golden, without the ending */
void check_golden_close(check_golden_t *golden);
/* The array called `name`, failing the test when it is missing or of another type; dims (8) and count may be
 * NULL. */
const float *check_golden_f32(const check_golden_t *golden, const char *name, size_t *count, int *dims);
const double *check_golden_f64(const check_golden_t *golden, const char *name, size_t *count, int *dims);
const int32_t *check_golden_i32(const check_golden_t *golden, const char *name, size_t *count, int *dims);
const uint8_t *check_golden_u8(const check_golden_t *golden, const char *name, size_t *count, int *dims);
bool check_golden_has(const check_golden_t *golden, const char *name);

#endif
