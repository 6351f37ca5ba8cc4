/* What a rank does with its time. */
#include "work/work_internal.h"

bool work_worker_must_stop(const work_worker_t *worker)
{
    return stop_asked() || (worker->deadline > 0 && clock_seconds() + worker->longest_step > worker->deadline);
}

double work_worker_charge(work_worker_t *worker, plan_rate_t rate, double units, double since)
{
    double now = clock_own_seconds();
    worker->measured.units[rate] += units;
    worker->measured_seconds[rate] += now - since;
    return now;
}
