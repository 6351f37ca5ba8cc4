/* Numbers in text that people write. */
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
