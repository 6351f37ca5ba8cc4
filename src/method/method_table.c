/* The methods of the program, of the list in job/job.h. */
#include "method/method_internal.h"

#include <stddef.h>
#include <string.h>

#define METHOD_ROW(symbol, name) &method_##symbol,
const method_t *const method_table[] = {JOB_METHODS(METHOD_ROW) NULL};

const method_t *method_of(const method_t *const *table, const job_t *job)
{
    for (; *table != NULL; table++)
        if (strcmp((*table)->name, job_method_names[job->method]) == 0) return *table;
    return NULL;
}
