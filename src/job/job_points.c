/* The points of a grid. */
#include "job/job_internal.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    job_raw_t raw; /* read once, however many points there are */
    job_t *points;
    char **texts;
    int count, room;
} maker_t;

static status_t make_room(maker_t *maker)
{
    if (maker->count < maker->room) return ST_OK;
    int room = maker->room > 0 ? 2 * maker->room : 8;
    job_t *points = realloc(maker->points, (size_t)room * sizeof *points);
    if (points != NULL) maker->points = points;
    char **texts = realloc(maker->texts, (size_t)room * sizeof *texts);
    if (texts != NULL) maker->texts = texts;
    if (points == NULL || texts == NULL) return fail(ST_ENOMEM, "out of memory");
    maker->room = room;
    return ST_OK;
}

/* keys: "key=value" each. */
static status_t add_keys(maker_t *maker, const char *const *keys, int count)
{
    TRY(make_room(maker));
    char *text = base_format("%s", "");
    for (int i = 0; i < count && text != NULL; i++) {
        char *longer = base_format("%s%s%s", text, text[0] != '\0' ? " " : "", keys[i]);
        free(text);
        text = longer;
    }
    if (text == NULL) return ST_ENOMEM;
    const status_t status = job_raw_resolve(&maker->points[maker->count], &maker->raw, keys, count);
    if (status == ST_OK)
        maker->texts[maker->count++] = text;
    else
        free(text);
    return status;
}

/* choice[a] is the index of axis a's value, or -1 for the job's own. */
static status_t add_point(maker_t *maker, const io_sweep_t *sweep, const int *choice)
{
    status_t status = ST_ENOMEM;
    int used = 0;
    char **keys = calloc((size_t)sweep->count + 1, sizeof *keys);
    if (keys == NULL) return fail(ST_ENOMEM, "out of memory");
    for (int a = 0; a < sweep->count; a++) {
        if (choice[a] < 0) continue;
        keys[used] = base_format("%s=%s", sweep->key[a], sweep->values[a].name[choice[a]]);
        if (keys[used++] == NULL) goto done;
    }
    status = add_keys(maker, (const char *const *)keys, used);
done:
    for (int i = 0; i < used; i++) free(keys[i]);
    free(keys);
    return status;
}

static status_t add_list(maker_t *maker, const io_sweep_t *sweep)
{
    for (int p = 0; p < sweep->points; p++) {
        TRY(add_keys(maker, (const char *const *)sweep->point[p].name, sweep->point[p].count));
        for (int before = 0; before < p; before++)
            if (strcmp(maker->texts[before], maker->texts[p]) == 0)
                return fail(ST_EFORMAT, "sweep: points %d and %d are the same ('%s')", before + 1, p + 1,
                            maker->texts[p]);
    }
    return ST_OK;
}

static status_t add_product(maker_t *maker, const io_sweep_t *sweep, int *choice)
{
    for (int a = 0; a < sweep->count; a++) choice[a] = 0;
    for (;;) {
        TRY(add_point(maker, sweep, choice));
        int a = sweep->count - 1; /* the last axis runs fastest */
        while (a >= 0 && ++choice[a] == sweep->values[a].count) choice[a--] = 0;
        if (a < 0) return ST_OK;
    }
}

/* The job as it stands, then each axis's values that differ from it. */
static status_t add_one_at_a_time(maker_t *maker, const io_sweep_t *sweep, int *choice)
{
    for (int a = 0; a < sweep->count; a++) choice[a] = -1;
    TRY(add_point(maker, sweep, choice));
    for (int a = 0; a < sweep->count; a++) {
        for (int v = 0; v < sweep->values[a].count; v++) {
            choice[a] = v;
            TRY(add_point(maker, sweep, choice));
            job_t *point = &maker->points[maker->count - 1];
            const io_option_t *row = job_options;
            while (row->name != NULL && strcmp(row->name, sweep->key[a]) != 0) row++;
            REQUIRE(row->name != NULL); /* the option reader admits only keys of the table */
            char *here = io_options_text(point, row), *centre = io_options_text(&maker->points[0], row);
            bool same = here != NULL && centre != NULL && strcmp(here, centre) == 0;
            free(here);
            free(centre);
            if (same) {
                job_free(point);
                free(maker->texts[--maker->count]);
            }
        }
        choice[a] = -1;
    }
    return ST_OK;
}

/* Whether points may differ in it. */
static status_t check_key(const char *name, size_t length)
{
    const io_option_t *row = job_options;
    while (row->name != NULL && (strlen(row->name) != length || strncmp(row->name, name, length) != 0)) row++;
    if (row->name != NULL && row->tag != JOB_STAGE_NONE && row->tag != JOB_STAGE_FEATURES) return ST_OK;
    return fail(
        ST_EFORMAT,
        "sweep: '%.*s' cannot be swept (expected a key of the method, as epsilon, gamma or reweight; shots, seeds and "
        "categories are lists of the job)",
        (int)length, name);
}

static status_t check_keys(const io_sweep_t *sweep)
{
    for (int a = 0; a < sweep->count; a++) TRY(check_key(sweep->key[a], strlen(sweep->key[a])));
    for (int p = 0; p < sweep->points; p++)
        for (int k = 0; k < sweep->point[p].count; k++)
            TRY(check_key(sweep->point[p].name[k], strcspn(sweep->point[p].name[k], "=")));
    return ST_OK;
}

status_t job_points_make(job_t **points, char ***texts, int *count, const char *job_path,
                         const char *const *assignments, int assignment_count)
{
    status_t status;
    job_t job = {0};
    int *choice = NULL;
    maker_t maker = {0};
    TRY_DONE(job_raw_read(&maker.raw, job_path, assignments, assignment_count));
    TRY_DONE(job_raw_resolve(&job, &maker.raw, NULL, 0));
    const io_sweep_t *sweep = &job.sweep;
    choice = base_alloc((size_t)sweep->count + 1, sizeof *choice);
    if (choice == NULL) {
        status = ST_ENOMEM;
        goto done;
    }
    status = check_keys(sweep);
    if (status != ST_OK && job_path != NULL) fail_context(status, "%s", job_path);
    TRY_DONE(status);
    if (sweep->points > 0)
        status = add_list(&maker, sweep);
    else if (sweep->count > 0 && job.sweep_mode == JOB_SWEEP_ONE_AT_A_TIME)
        status = add_one_at_a_time(&maker, sweep, choice);
    else
        status = add_product(&maker, sweep, choice);
done:
    job_free(&job);
    job_raw_free(&maker.raw);
    free(choice);
    *points = maker.points;
    *texts = maker.texts;
    *count = maker.count;
    return status;
}
