/* Numbers in text that people write, and those that are none. */
#include "base/base.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *base_number(double *out, const char *text)
{
    char *end;
    const double value = strtod(text, &end);
    /* strtod also reads blanks, "0x10", "inf" and "nan". */
    if (end == text || end > text + strspn(text, "+-0123456789.eE") || !isfinite(value)) return NULL;
    *out = value;
    return end;
}

/* An exponent of all ones is NaN or infinity. */
bool base_all_finite(const float *x, int64_t count)
{
    uint32_t bad = 0;
    for (int64_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, x + i, sizeof bits);
        bad |= (bits & 0x7f800000u) == 0x7f800000u;
    }
    return bad == 0;
}
