/* Memory that ends. In a program linked with this, what the rooms ask of malloc, calloc, realloc, aligned_alloc, vasprintf and
 * open_memstream can be refused, one call at a time (libraries ask as ever): --wrap of the linker, so that sanitizers look on. */
#ifndef FGAD_TESTS_SCARCE_H
#define FGAD_TESTS_SCARCE_H

#include "support/check.h"

#include "base/base.h"

/* The nth call from now on is refused, once; 0: none any more. Returns whether one was since the last call of this. */
bool scarce_refuse(int nth);

/* `call` fails with ST_ENOMEM and a line whichever of its requests for memory is refused (of many, the later ones by sample),
 * and then does what it always does: `undo` is done after each attempt. At least one request is made. */
#define CHECK_SCARCE(call, undo) CHECK_SCARCE_AS(call, undo, status_ == ST_ENOMEM && fail_message()[0] != '\0')
/* The same where some requests are for what the result can do without (a hint, a shorter way), or the line is another's. */
#define CHECK_SCARCE_BORNE(call, undo) CHECK_SCARCE_AS(call, undo, status_ == ST_ENOMEM || status_ == ST_OK)
/* The same where a library stands between, which knows failure alone. */
#define CHECK_SCARCE_TOLD(call, undo) CHECK_SCARCE_AS(call, undo, status_ != ST_OK && fail_message()[0] != '\0')
#define CHECK_SCARCE_AS(call, undo, as_expected)                                                                       \
    do {                                                                                                               \
        for (int nth_ = 1;; nth_ += 1 + nth_ / 32) {                                                                   \
            fail(ST_OK, "%s", "");                                                                                     \
            scarce_refuse(nth_);                                                                                       \
            const status_t status_ = (call);                                                                           \
            const bool refused_ = scarce_refuse(0);                                                                    \
            if (refused_ && !(as_expected))                                                                            \
                fail_msg("%s: request %d is refused, and it ends with %d '%s'", #call, nth_, (int)status_,             \
                         fail_message());                                                                              \
            if (!refused_) check_error(status_, ST_OK, "");                                                            \
            undo;                                                                                                      \
            if (!refused_ && nth_ == 1) fail_msg("%s asks for no memory", #call);                                      \
            if (!refused_) break;                                                                                      \
        }                                                                                                              \
    } while (0)

#endif
