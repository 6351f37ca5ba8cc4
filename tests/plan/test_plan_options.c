/* Every method against every option: ids of its tasks and heads change by what it reads, and by nothing else. What reads what is
 * written here a second time, by hand. */
#include "support/check.h"

#include "plan/plan_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- What reads what ------------------------------------------------------------------------------------------------- */

static const char fusing[] =
    " heads retrieval token_wise reweight fusion image_map image_max image_fusion class_token ";
static const char regions[] = " aggregation.centers aggregation.reference aggregation.stages aggregation.scale ";
static const char learning[] =
    " groups n_ahp n_ahp_component ahp_order n_ab alp alp_vectors n_ctx n_ctx_ab ctx_init pixel.n_pro pixel.epochs "
    "pixel.groups pixel.losses pixel.epsilon image.n_pro image.epochs image.groups image.losses image.epsilon losses "
    "triplet epsilon lambda_mean lambda_reg reg_sum gamma lr lr_min momentum weight_decay query_former.steps "
    "query_former.lr logit_scale track_epochs ";
static const char texts[] = " texts ";
static const struct {
    const char *method, *block; /* the block that is its own */
    bool fuses, learns, texts, regions;
    const char *settled; /* by the method itself, whatever the job says; or read only with other values of other keys */
} methods[] = {
    {"finegrainedad", "", true, true, false, true, ""},
    {"promptad", "promptad.", true, true, true, false,
     " retrieval token_wise groups pixel.groups image.groups n_ahp n_ahp_component ahp_order alp alp_vectors "
     "lambda_reg reg_sum "
     "gamma query_former.steps query_former.lr "},
    {"winclip", "winclip.", false, false, true, false, " branches learn "},
    {"winclip+", "winclip.", false, false, true, false, " branches learn "},
    {"patchcore", "patchcore.", false, false, false, false, " branches learn "},
    {"spade", "spade.", false, false, false, false, " branches learn "},
    {"padim", "padim.", false, false, false, false, " branches learn "},
    {"anomalydino", "anomalydino.", false, false, false, false, " branches learn anomalydino.turned "},
    {"musc", "musc.", false, false, false, false, " branches learn "},
    {"subspace", "subspace.", false, false, false, false, " branches learn subspace.turn_draw "},
    {"subspace_batched", "subspace.", false, false, false, false, " branches learn subspace.turns subspace.turn_draw "},
    {"april_vad", "april_vad.", false, false, false, false, " branches learn "},
    {"inctrl_residual", "inctrl_residual.", false, false, false, false, " branches learn "}};
enum { METHODS = sizeof methods / sizeof methods[0] };

static bool has(const char *list, const char *key)
{
    char word[64];
    snprintf(word, sizeof word, " %s ", key);
    return strstr(list, word) != NULL;
}

static bool is_expected(int m, const char *key)
{
    if (has(methods[m].settled, key)) return false;
    for (int other = 0; other < METHODS; other++) {
        const char *block = methods[other].block;
        if (block[0] != '\0' && strncmp(key, block, strlen(block)) == 0) return strcmp(block, methods[m].block) == 0;
    }
    if (has(fusing, key)) return methods[m].fuses;
    if (has(regions, key)) return methods[m].regions;
    if (has(learning, key)) return methods[m].learns;
    if (has(texts, key)) return methods[m].texts;
    return true;
}

/* ---- Another value of an option -------------------------------------------------------------------------------------- */

static const char *const others[][2] = {{"memory_taps", "0.attn, 1.attn"},
                                        {"branches", "pad"},
                                        {"groups", "image"},
                                        {"pixel.groups", "image"},
                                        {"image.groups", "image"},
                                        {"losses", "clip"},
                                        {"pixel.losses", "clip"},
                                        {"image.losses", "clip"},
                                        {"heads", "pixel"},
                                        {"ctx_init", "a photo of a"},
                                        {"logit_scale", "exp"},
                                        {"subspace.feature", "0.mlp"},
                                        {"anomalydino.feature", "0.mlp"},
                                        {"musc.neighbours", "1"},
                                        {"patchcore.patch", "5"},
                                        {"aggregation.scale", "2"},
                                        {NULL, NULL}};

static void other_value(char out[128], const job_t *job, const io_option_t *row)
{
    const char *field = (const char *)job + row->offset;
    for (int i = 0; others[i][0] != NULL; i++)
        if (strcmp(others[i][0], row->name) == 0) {
            snprintf(out, 128, "%s", others[i][1]);
            return;
        }
    switch (row->kind) {
    case IO_BOOL:
        snprintf(out, 128, "%s", *(const bool *)field ? "false" : "true");
        return;
    case IO_CHOICE:
        snprintf(out, 128, "%s", row->names[*(const int *)field == 0]);
        return;
    case IO_INT:
        snprintf(out, 128, "%d", *(const int *)field < row->high ? *(const int *)field + 1 : *(const int *)field - 1);
        return;
    case IO_DOUBLE:
        snprintf(out, 128, "%.17g", *(const double *)field / 2 + 0.125);
        return;
    default:
        snprintf(out, 128, "0.mlp"); /* taps */
    }
}

/* What tasks and heads depend on, with these keys of the job. given: one of them that stays, or "". */
static char *ids_of(const char *name, const char *given, const char *key, const char *value)
{
    char assignment[256], method_key[64];
    const char *assignments[8] = {"dataset=demo", "alp=insert", method_key};
    int count = 3;
    snprintf(method_key, sizeof method_key, "method=%s", name);
    if (given[0] != '\0') assignments[count++] = given;
    snprintf(assignment, sizeof assignment, "%s=%s", key, value);
    if (key[0] != '\0') assignments[count++] = assignment;
    job_t job;
    check_error(job_read(&job, NULL, assignments, count), ST_OK, "");
    const method_t *method = method_of(method_table, &job);
    char *task = plan_task_options(method, &job), *pixel = plan_learn_options(method, &job, JOB_HEAD_PIXEL),
         *image = plan_learn_options(method, &job, JOB_HEAD_IMAGE);
    assert_true(task != NULL && pixel != NULL && image != NULL);
    char *text = base_format("%s--\n%s--\n%s", task, method_wants_heads(method, &job) ? pixel : "",
                             method_wants_heads(method, &job) ? image : "");
    free(task);
    free(pixel);
    free(image);
    job_free(&job);
    return text;
}

static void ids_change_by_what_is_read_alone(void **state)
{
    (void)state;
    int read = 0, unread = 0;
    for (int m = 0; m < METHODS; m++) {
        char *base = ids_of(methods[m].method, "", "", ""), key[64];
        job_t job;
        snprintf(key, sizeof key, "method=%s", methods[m].method);
        check_error(job_read(&job, NULL, (const char *const[]){"dataset=demo", "alp=insert", key}, 3), ST_OK, "");
        for (const io_option_t *row = job_options; row->name != NULL; row++) {
            char value[128];
            if (row->tag == JOB_STAGE_NONE || strcmp(row->name, "method") == 0) continue;
            other_value(value, &job, row);
            char *changed = ids_of(methods[m].method, "", row->name, value);
            const bool differs = strcmp(base, changed) != 0;
            if (differs != is_expected(m, row->name))
                fail_msg("%s: %s=%s %s the ids", methods[m].method, row->name, value,
                         differs ? "must not change" : "must change");
            *(differs ? &read : &unread) += 1;
            free(changed);
        }
        job_free(&job);
        free(base);
    }
    assert_true(read > 300 && unread > 500);
}

/* What is read hangs on the values of other keys. */
static const struct {
    const char *method, *given, *read, *unread;
} cases[] = {
    {"finegrainedad", "branches=vad", " image_max memory_taps ",
     " heads retrieval token_wise reweight fusion image_map image_fusion class_token epsilon lr n_ahp groups "
     "aggregation.stages "},
    {"finegrainedad", "branches=pad",
     " heads retrieval token_wise reweight image_max image_fusion class_token epsilon ", " fusion image_map "},
    {"finegrainedad", "heads=pixel", " reweight fusion image_map pixel.epochs gamma pixel.losses pixel.epsilon ",
     " image_fusion class_token image.epochs image.losses image.groups image.epsilon "},
    {"finegrainedad", "heads=image", " image_fusion class_token image.epochs image.losses image_max ",
     " retrieval token_wise reweight fusion image_map pixel.epochs gamma query_former.steps aggregation.scale "},
    {"finegrainedad", "learn=false", " groups n_ahp ahp_order logit_scale retrieval ",
     " lr n_ab n_ctx alp ctx_init epsilon losses lambda_reg gamma pixel.epochs pixel.n_pro track_epochs triplet "
     "query_former.lr "
     "aggregation.stages "},
    {"finegrainedad", "losses=clip", " lr ", " epsilon triplet pixel.epsilon lambda_mean lambda_reg reg_sum "},
    {"finegrainedad", "n_ab=0", " n_ab epsilon ", " lambda_mean lambda_reg n_ctx_ab "},
    {"promptad", "texts=mfsc", " n_ahp ahp_order lr ", " promptad.states alp n_ahp_component gamma "},
    {"winclip", "texts=mfsc", " texts n_ahp ahp_order ",
     " winclip.templates winclip.class_names lr losses n_ab groups epsilon "},
    {"winclip+", "texts=mfsc", " texts n_ahp ahp_order ", " winclip.templates winclip.class_names lr pixel.n_pro "},
    {"anomalydino", "anomalydino.turns=8", " anomalydino.turned ", " "},
    {"subspace", "subspace.turns=3", " subspace.turns subspace.turn_draw ", " "}};

static void ids_change_by_what_is_read_then(void **state)
{
    (void)state;
    int read = 0, unread = 0;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        char *base = ids_of(cases[c].method, cases[c].given, "", ""), key[64];
        job_t job;
        snprintf(key, sizeof key, "method=%s", cases[c].method);
        check_error(job_read(&job, NULL, (const char *const[]){"dataset=demo", "alp=insert", key, cases[c].given}, 4),
                    ST_OK, "");
        for (const io_option_t *row = job_options; row->name != NULL; row++) {
            char value[128];
            if (!has(cases[c].read, row->name) && !has(cases[c].unread, row->name)) continue;
            other_value(value, &job, row);
            char *changed = ids_of(cases[c].method, cases[c].given, row->name, value);
            const bool differs = strcmp(base, changed) != 0;
            if (differs != has(cases[c].read, row->name))
                fail_msg("%s, %s: %s=%s %s the ids", cases[c].method, cases[c].given, row->name, value,
                         differs ? "must not change" : "must change");
            *(differs ? &read : &unread) += 1;
            free(changed);
        }
        job_free(&job);
        free(base);
    }
    assert_int_equal(read, 42);
    assert_int_equal(unread, 69);
}

static void every_method_has_a_line(void **state)
{
    (void)state;
    for (int n = 0; job_method_names[n] != NULL; n++) {
        bool known = false;
        for (int m = 0; m < METHODS; m++) known = known || strcmp(methods[m].method, job_method_names[n]) == 0;
        if (!known) fail_msg("nothing says what %s reads", job_method_names[n]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_change_by_what_is_read_alone),
        cmocka_unit_test(ids_change_by_what_is_read_then),
        cmocka_unit_test(every_method_has_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
