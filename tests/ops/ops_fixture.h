/* Seeded arrays in float and double for the tests of ops. */
#ifndef FGAD_TESTS_OPS_FIXTURE_H
#define FGAD_TESTS_OPS_FIXTURE_H

#include "ops/ops_internal.h"

/* n values N(0, scale^2) from the stream `purpose`; owned by the caller. */
float *ops_random(const char *purpose, int n, double scale);
double *ops_to_double(const float *x, int n);
/* Compares with a double reference: as check_array. */
void ops_check_against(const char *name, const float *got, const double *want, int n, double tolerance);

#endif
