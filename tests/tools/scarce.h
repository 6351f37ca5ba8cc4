/* Memory that ends. In a program linked with this, what the rooms ask of malloc, calloc, realloc, aligned_alloc, vasprintf and
 * open_memstream can be refused, one call at a time (libraries ask as ever): --wrap of the linker, so that sanitizers look on. */
#ifndef FGAD_TESTS_SCARCE_H
#define FGAD_TESTS_SCARCE_H

#include "support/check.h"

#include "base/base.h"

/* The nth call from now on is refused, once; 0: none any more. Returns whether one was since the last call of this. */
bool scarce_refuse(int nth);

/* `call` fails with ST_ENOMEM and a line whichever of its requests for memory is refused, and then does what it always does:
 * `undo` is done after each attempt. At least one request is made. */
#define CHECK_SCARCE(call, undo)                                                                                       \
    do {                                                                                                               \
        for (int nth_ = 1;; nth_++) {                                                                                  \
            fail(ST_OK, "%s", "");                                                                                     \
            scarce_refuse(nth_);                                                                                       \
            const status_t status_ = (call);                                                                           \
            const bool refused_ = scarce_refuse(0);                                                                    \
            if (refused_ && (status_ != ST_ENOMEM || fail_message()[0] == '\0'))                                       \
                fail_msg("%s: request %d is refused, and it ends with %d '%s'", #call, nth_, (int)status_,             \
                         fail_message());                                                                              \
            if (!refused_) check_error(status_, ST_OK, "");                                                            \
            undo;                                                                                                      \
            if (!refused_ && nth_ == 1) fail_msg("%s asks for no memory", #call);                                      \
            if (!refused_) break;                                                                                      \
        }                                                                                                              \
    } while (0)

#endif
