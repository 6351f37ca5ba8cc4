/* Jobs where memory ends. */
#include "tools/scarce.h"

#include "job/job.h"

#include <stdlib.h>
#include <string.h>

static const char *const ASSIGNMENTS[] = {"dataset=demo", "shots=1,2", "sweep.epsilon=0,0.5", "protocol=paper"};
enum { COUNT = sizeof ASSIGNMENTS / sizeof ASSIGNMENTS[0] };

static status_t give(char *text)
{
    const bool made = text != NULL;
    free(text);
    return made ? ST_OK : fail(ST_ENOMEM, "no text");
}

static status_t make_points(void)
{
    job_t *points = NULL;
    char **texts = NULL;
    int count = 0;
    const status_t status = job_points_make(&points, &texts, &count, NULL, ASSIGNMENTS, COUNT);
    if (status == ST_OK) {
        assert_int_equal(count, 2);
        assert_string_equal(texts[1], "epsilon=0.5");
    }
    for (int p = 0; p < count; p++) job_free(&points[p]), free(texts[p]);
    free(points);
    free(texts);
    return status;
}

static void a_refused_request_is_told(void **state)
{
    (void)state;
    job_t job;
    CHECK_SCARCE(job_read(&job, NULL, ASSIGNMENTS, COUNT), status_ != ST_OK ? (void)0 : job_free(&job));
    CHECK_SCARCE(make_points(), (void)0);
    assert_int_equal(job_read(&job, NULL, ASSIGNMENTS, COUNT), ST_OK);
    CHECK_SCARCE(give(job_yaml(&job)), (void)0);
    CHECK_SCARCE(give(job_options_text(&job, JOB_STAGE_FEATURES, JOB_STAGE_METRICS)), (void)0);
    CHECK_SCARCE_BORNE(give(job_protocol_text(&job)), (void)0);
    CHECK_SCARCE(give(job_run_dir(&job)), (void)0);
    CHECK_SCARCE(give(job_root(&job, "demo")), (void)0);
    job_free(&job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_refused_request_is_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
