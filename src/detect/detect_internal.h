/* Private to detect: the Gaussian window that smoothing a map and making one at full size share. */
#ifndef FGAD_DETECT_INTERNAL_H
#define FGAD_DETECT_INTERNAL_H

#include "detect/detect.h"

/* Index of position i in a line of n values mirrored at its edges for ever (d c b a | a b c d | d c b a). */
int detect_mirror(int i, int n);
/* scipy's truncate 4.0; 0: nothing is smoothed. */
int detect_gaussian_radius(double sigma);
/* weights[j] of the offsets +-j, j = 0..radius, normalised over the whole window. */
void detect_gaussian(double *weights, double sigma, int radius);

#endif
