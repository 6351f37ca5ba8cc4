/* Private to job. */
#ifndef FGAD_JOB_INTERNAL_H
#define FGAD_JOB_INTERNAL_H

#include "job/job.h"

/* learn_memory: auto, in bytes, until a run says how many ranks share the node's. */
#define JOB_LEARN_UNTOLD ((size_t)768 * 1000000)

/* A job as its file and assignments have it, with paths and taps as they will be, before protocol and method settle anything:
 * each point of a grid is it with some keys set. */
typedef struct {
    job_t job;
    bool *used;       /* which rows are set */
    const char *path; /* of the file, for messages; not owned; NULL: none */
} job_raw_t;
status_t job_raw_read(job_raw_t *out, const char *path, const char *const *assignments, int count);
void job_raw_free(job_raw_t *raw);
/* keys: "key=value" each, of what no path and no array of the image tower depends on. */
status_t job_raw_resolve(job_t *out, job_raw_t *raw, const char *const *keys, int count);

/* "~", "$NAME" and "${NAME}" of every path, from the environment. ST_EFORMAT: a variable that is not set, an empty path, a
 * text that is not UTF-8 or holds control characters. */
status_t job_expand(job_t *job, const io_option_t *table);
/* The last of these alone. */
status_t job_check_plain(const job_t *job, const io_option_t *table);
/* memory_taps, where the job has none: what <model>/fgad.yaml says, else 3.attn, 8.attn. */
status_t job_taps_resolve(job_t *job);
/* What a protocol sets; NULL: as strict, which is the table's default. prompts: read by methods that learn prompts alone.
 * methods: whose published code does so, "a, b"; NULL: FineGrainedAD's, which every method of its jobs then reads. */
typedef struct {
    const char *key, *paper, *published;
    bool prompts;
    const char *methods;
} job_protocol_row_t;
/* Whether jobs of that method (a name of job_method_names) take the row. */
bool job_protocol_row_is_of(const job_protocol_row_t *row, const char *method);
extern const job_protocol_row_t job_protocol_rows[]; /* ends with {0} */
/* The bundle's values for the keys that are not set. */
status_t job_protocol_apply(job_t *job, const io_option_t *table, const bool *used);
/* ST_EFORMAT unless there are two. */
status_t job_taps_count(const io_names_t *taps);
/* Keys that name arrays name some that have a value for each token. */
status_t job_arrays_check(const job_t *job);

/* Fills in `given` of a point of raw, where it has to be. */
status_t job_keep_given(job_t *job, const job_raw_t *raw);
/* The rows of a job file (heap, taken over) with `given` in place of what points set or methods settle (heap). */
char *job_put_given(char *rows, const job_t *job);

#endif
