/* Private to method. */
#ifndef FGAD_METHOD_INTERNAL_H
#define FGAD_METHOD_INTERNAL_H

#include "method/method.h"

extern const method_t method_finegrainedad;

#endif
