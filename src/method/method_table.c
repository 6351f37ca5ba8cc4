/* The methods of the program: a line for each. */
#include "method/method_internal.h"

#include <stddef.h>
#include <string.h>

const method_t *const method_table[] = {
    &method_finegrainedad,
    NULL,
};

const method_t *method_of(const method_t *const *table, const job_t *job)
{
    for (; *table != NULL; table++)
        if (strcmp((*table)->name, job_method_names[job->method]) == 0) return *table;
    return NULL;
}
