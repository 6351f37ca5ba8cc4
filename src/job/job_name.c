/* What a run may be called. */
#include "job/job.h"

#include <string.h>

status_t job_check_name(const char *name)
{
    static const char fit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+-";
    if (strcmp(name, "cache") == 0)
        return fail(ST_EFORMAT, "name is 'cache', which is the folder of features in output (expected another name)");
    if (name[0] != '\0' && strspn(name, fit) == strlen(name) && strchr(".-", name[0]) == NULL) return ST_OK;
    return fail(ST_EFORMAT, "name is '%s', expected the name of a folder: letters, digits, . _ + -, not . or - first",
                name);
}
