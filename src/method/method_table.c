/* The methods of the program: a line for each. */
#include "method/method_internal.h"

#include <stddef.h>
#include <string.h>

const method_t *const method_table[] = {
    &method_finegrainedad,
    &method_promptad,
    &method_winclip,
    &method_winclip_few,
    &method_patchcore,
    &method_spade,
    &method_padim,
    &method_anomalydino,
    &method_musc,
    &method_subspace,
    &method_april,
    &method_inctrl,
    NULL,
};

const method_t *method_of(const method_t *const *table, const job_t *job)
{
    for (; *table != NULL; table++)
        if (strcmp((*table)->name, job_method_names[job->method]) == 0) return *table;
    return NULL;
}
