/* Private to job. */
#ifndef FGAD_JOB_INTERNAL_H
#define FGAD_JOB_INTERNAL_H

#include "job/job.h"

/* memory_taps, where the job has none: what <model>/fgad.yaml says, else 3.attn, 8.attn. */
status_t job_taps_resolve(job_t *job);
/* ST_EFORMAT unless there are two. */
status_t job_taps_count(const io_names_t *taps);

#endif
