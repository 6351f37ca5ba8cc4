/* The file of a learned head, groups prompts/<head>: enough to replay the whole training from it and a feature file. */
#include "store/store_internal.h"

#include <stdlib.h>
#include <string.h>

status_t store_learned_alloc(store_learned_t *out, int G, int E, int epochs, int track_epochs, bool queries)
{
    size_t size = (size_t)G * (size_t)E, states = track_epochs > 0 ? (size_t)(epochs / track_epochs) : 0;
    *out = (store_learned_t){.G = G, .E = E, .epochs = epochs, .oracle_room = (int)states};
    bool ok = (out->normal = base_alloc(size, sizeof(float))) != NULL;
    ok = ok && (out->abnormal = base_alloc(size, sizeof(float))) != NULL;
    ok = ok && (out->losses = base_alloc((size_t)epochs * ALIGN_TERMS, sizeof(double))) != NULL;
    ok = ok && (out->oracle_epoch = base_alloc(states, sizeof(int))) != NULL;
    ok = ok && (out->oracle_normal = base_alloc(states * size, sizeof(float))) != NULL;
    ok = ok && (out->oracle_abnormal = base_alloc(states * size, sizeof(float))) != NULL;
    ok = ok && (out->oracle_keys = base_alloc(states * size, sizeof(float))) != NULL;
    if (queries) ok = ok && (out->keys = base_alloc(size, sizeof(float))) != NULL;
    if (ok) return ST_OK;
    store_learned_free(out);
    return ST_ENOMEM;
}

void store_learned_free(store_learned_t *learned)
{
    free(learned->normal);
    free(learned->abnormal);
    free(learned->keys);
    free(learned->losses);
    free(learned->trace);
    free(learned->query_params);
    free(learned->query_losses);
    free(learned->oracle_epoch);
    free(learned->oracle_normal);
    free(learned->oracle_abnormal);
    free(learned->oracle_keys);
    *learned = (store_learned_t){0};
}

/* ---- Writing --------------------------------------------------------------------------------------------------------- */

static io_h5_field_t table_of(const char *name, io_h5_type_t type, int64_t rows, int64_t columns, const char *axes,
                              const char *unit, const char *description, const void *data)
{
    return (io_h5_field_t){name, type, columns > 0 ? 2 : 1, {rows, columns}, axes, unit, description, data};
}

static io_h5_field_t list_of(const char *name, io_h5_type_t type, int64_t count, const char *axis, const char *unit,
                             const char *description, const void *data)
{
    return table_of(name, type, count, 0, axis, unit, description, data);
}

/* One group's prompts as a table: ids padded to the longest, slots where a position is learnable. */
static status_t write_group(io_h5_t *file, const char *base, const prompts_set_t *set, int g)
{
    const prompts_group_t *group = &set->group[g];
    int64_t n = group->nhp + group->ahp + group->alp, L = set->max_length;
    status_t status = ST_ENOMEM;
    char path[128];
    int32_t *ids = base_alloc((size_t)(n * L), sizeof *ids), *slots = base_alloc((size_t)(n * L), sizeof *slots);
    int32_t *length = base_alloc((size_t)n, sizeof *length), *copy = base_alloc((size_t)n, sizeof *copy);
    const char **kind = base_alloc((size_t)n, sizeof *kind), **text = base_alloc((size_t)n, sizeof *text);
    if (ids == NULL || slots == NULL || length == NULL || copy == NULL || kind == NULL || text == NULL) goto done;
    for (int64_t i = 0; i < n; i++) {
        const prompts_prompt_t *prompt = &group->prompt[i];
        for (int64_t t = 0; t < L; t++) {
            int id = t < prompt->length ? prompt->ids[t] : -1;
            bool slot = t < prompt->length && id < 0;
            ids[i * L + t] = slot ? -1 : id;
            slots[i * L + t] = slot ? -1 - id : -1; /* the inverse of CLIP_SLOT */
        }
        length[i] = prompt->length;
        copy[i] = prompt->copy;
        kind[i] = prompts_kind_name(prompt->kind);
        text[i] = prompt->text;
    }
    const io_h5_field_t fields[] = {
        table_of("token_ids", IO_H5_I32, n, L, "prompt,position", "1",
                 "token ids with SOT and EOT; -1: learnable, or past the end", ids),
        table_of("slots", IO_H5_I32, n, L, "prompt,position", "1",
                 "row of ../../params/slot_vector at learnable positions, else -1", slots),
        list_of("length", IO_H5_I32, n, "prompt", "tokens", "length with SOT and EOT", length),
        list_of("copy", IO_H5_I32, n, "prompt", "1", "copy of the prompt, 0 to n_pro - 1", copy),
        list_of("kind", IO_H5_STRING, n, "prompt", "1",
                "NHP normal handcrafted, AHP abnormal handcrafted, ALP abnormal learnable", kind),
        list_of("text", IO_H5_STRING, n, "prompt", "1", "the prompt for people; [V] and [a] are learnable", text),
    };
    snprintf(path, sizeof path, "%s/groups/%d", base, g);
    TRY_DONE(io_h5_write(file, path, fields, sizeof fields / sizeof fields[0]));
    TRY_DONE(io_h5_set_text(file, path, "name", group->name));
done:
    free(ids);
    free(slots);
    free(length);
    free(copy);
    free(kind);
    free(text);
    return status;
}

static status_t write_params(io_h5_t *file, const char *base, const align_head_t *head)
{
    const prompts_set_t *set = head->set;
    if (head->count == 0) return ST_OK;
    int64_t rows = set->parameters, shape[PROMPTS_MAX_GROUPS * 2 + 1][5] = {{0}}, S = set->slots;
    int64_t offset[PROMPTS_MAX_GROUPS * 2 + 1];
    const char *name[PROMPTS_MAX_GROUPS * 2 + 1];
    char path[64];
    for (int i = 0; i < rows; i++) {
        name[i] = set->parameter[i].name;
        offset[i] = set->parameter[i].offset;
        memcpy(shape[i], set->parameter[i].shape, (size_t)set->parameter[i].ndim * sizeof(int64_t));
    }
    status_t status = ST_ENOMEM;
    int32_t *vector = base_alloc((size_t)S, sizeof *vector), *gate = base_alloc((size_t)S, sizeof *gate);
    if (vector == NULL || gate == NULL) goto done;
    for (int64_t s = 0; s < S; s++) {
        vector[s] = set->slot[s].vector;
        gate[s] = set->slot[s].gate;
    }
    const io_h5_field_t fields[] = {
        list_of("initial", IO_H5_F32, head->count, "float", "1",
                "learnable parameters before the first epoch, one flat block", head->initial),
        list_of("final", IO_H5_F32, head->count, "float", "1", "learnable parameters after the last epoch",
                head->params),
        list_of("table/name", IO_H5_STRING, rows, "array", "1", "arrays of the block: V, then a and gate of each group",
                name),
        list_of("table/offset", IO_H5_I64, rows, "array", "floats", "where each array begins", offset),
        table_of("table/shape", IO_H5_I64, rows, 5, "array,dimension", "1", "dimensions; 0: none", shape),
        list_of("slot_vector", IO_H5_I32, S, "slot", "floats",
                "where the vector of each learnable input embedding begins", vector),
        list_of("slot_gate", IO_H5_I32, S, "slot", "floats",
                "where its gate is: it enters as sigmoid(gate) * vector; -1: no gate", gate),
    };
    snprintf(path, sizeof path, "%s/params", base);
    TRY_DONE(io_h5_write(file, path, fields, sizeof fields / sizeof fields[0]));
done:
    free(vector);
    free(gate);
    return status;
}

/* keep: the weights too. */
static status_t write_queries(io_h5_t *file, const char *base, const store_learned_t *result, bool keep)
{
    if (result->keys == NULL) return ST_OK;
    align_block_t table[ALIGN_QUERY_BLOCKS];
    char path[64];
    align_query_table(table, result->G, result->E);
    const char *name[ALIGN_QUERY_BLOCKS];
    int64_t offset[ALIGN_QUERY_BLOCKS], shape[ALIGN_QUERY_BLOCKS][2];
    for (int i = 0; i < ALIGN_QUERY_BLOCKS; i++) {
        name[i] = table[i].name;
        offset[i] = table[i].offset;
        shape[i][0] = table[i].rows;
        shape[i][1] = table[i].columns;
    }
    const io_h5_field_t trained[] = {
        table_of("keys", IO_H5_F32, result->G, result->E, "group,embedding", "1",
                 "intrinsic features q, rows normalised: what tokens are matched to", result->keys),
        list_of("loss", IO_H5_F64, result->query_steps + 1, "step", "1",
                "l_qf before each step of Adam, and after the last", result->query_losses),
    };
    const io_h5_field_t weights[] = {
        list_of("params", IO_H5_F32, result->query_count, "float", "1",
                "parameters of the query former, one flat block", result->query_params),
        list_of("table/name", IO_H5_STRING, ALIGN_QUERY_BLOCKS, "array", "1",
                "arrays of the block, named as in torch.nn.MultiheadAttention", name),
        list_of("table/offset", IO_H5_I64, ALIGN_QUERY_BLOCKS, "array", "floats", "where each array begins", offset),
        table_of("table/shape", IO_H5_I64, ALIGN_QUERY_BLOCKS, 2, "array,dimension", "1", "rows and columns", shape),
    };
    snprintf(path, sizeof path, "%s/query_former", base);
    TRY(io_h5_write(file, path, trained, sizeof trained / sizeof trained[0]));
    if (keep) TRY(io_h5_write(file, path, weights, sizeof weights / sizeof weights[0]));
    return io_h5_set_f64(file, path, "loss_floor",
                         align_query_floor(result->normal, result->abnormal, result->G, result->E));
}

static status_t write_oracle(io_h5_t *file, const char *base, const store_learned_t *result)
{
    int64_t n = result->oracle_count, G = result->G, E = result->E;
    if (n == 0) return ST_OK;
    char path[64];
    const char *axes = "state,group,embedding";
    const io_h5_field_t fields[] = {
        list_of("epoch", IO_H5_I32, n, "state", "epochs", "epochs done at each kept state", result->oracle_epoch),
        {"normal", IO_H5_F32, 3, {n, G, E}, axes, "1", "normal anchors at each state", result->oracle_normal},
        {"abnormal", IO_H5_F32, 3, {n, G, E}, axes, "1", "abnormal anchors at each state", result->oracle_abnormal},
        {"keys", IO_H5_F32, 3, {n, G, E}, axes, "1", "what tokens are matched to at each state", result->oracle_keys},
    };
    snprintf(path, sizeof path, "%s/oracle", base);
    return io_h5_write(file, path, fields, sizeof fields / sizeof fields[0]);
}

/* prompts/<head>/trace: what each epoch left there, NaN where a checkpoint of an older program did not keep it. */
static status_t write_trace(io_h5_t *file, const char *base, const align_head_t *head, const store_learned_t *result)
{
    const int columns = align_trace_columns(head);
    status_t status = ST_ENOMEM;
    if (result->trace == NULL) return ST_OK;
    char(*text)[ALIGN_TRACE_NAME] = base_alloc((size_t)columns, sizeof *text);
    const char **name = base_alloc((size_t)columns, sizeof *name);
    if (text == NULL || name == NULL) goto done;
    for (int i = 0; i < columns; i++) {
        align_trace_name(text[i], head, i);
        name[i] = text[i];
    }
    const io_h5_field_t fields[] = {
        list_of(
            "trace/column", IO_H5_STRING, columns, "column", "1",
            "open/GROUP: share of l_trip's hinges that are open; cosine/GROUP: of its anchors; by loss/TERM: norm of "
            "the "
            "term's gradient in the prompts' features; by block/ARRAY: norm of the gradient in the parameters",
            name),
        table_of("trace/value", IO_H5_F64, result->epochs, columns, "epoch,column", "1",
                 "at the parameters each epoch starts from", result->trace),
    };
    TRY_DONE(io_h5_write(file, base, fields, 2));
done:
    free(text);
    free(name);
    return status;
}

/* "total, clip, trip, mean, reg": the columns of the loss table. */
static void term_names(char out[64])
{
    out[0] = '\0';
    for (int term = 0; term < ALIGN_TERMS; term++) {
        size_t used = strlen(out);
        snprintf(out + used, 64 - used, "%s%s", term > 0 ? "," : "", align_term_names[term]);
    }
}

static status_t write_results(io_h5_t *file, const char *base, const store_learn_file_t *what, bool keep)
{
    const store_learned_t *result = what->result;
    int64_t G = result->G, E = result->E;
    char path[64], terms[64];
    const io_h5_field_t anchors[] = {
        table_of("anchors/normal", IO_H5_F32, G, E, "group,embedding", "1",
                 "p_n: normalised mean of the normal prompts' features", result->normal),
        table_of("anchors/abnormal", IO_H5_F32, G, E, "group,embedding", "1",
                 "p_a: normalised mean of the abnormal prompts' features", result->abnormal),
    };
    TRY(io_h5_write(file, base, anchors, 2));
    if (result->epochs > 0) {
        const io_h5_field_t loss =
            table_of("loss", IO_H5_F64, result->epochs, ALIGN_TERMS, "epoch,term", "1",
                     "loss terms at the parameters each epoch starts from, summed over groups", result->losses);
        TRY(io_h5_write(file, base, &loss, 1));
        term_names(terms);
        snprintf(path, sizeof path, "%s/loss", base);
        TRY(io_h5_set_text(file, path, "terms", terms));
    }
    if (what->labels != NULL) {
        int64_t side = what->side, K = what->head->set->key.shots;
        const io_h5_field_t regions = {
            "regions",
            IO_H5_U8,
            3,
            {K, side, side},
            "shot,row,column",
            "1",
            "region of every token of the enlarged training images: a component from 0, or the "
            "number of components for background",
            what->labels};
        TRY(io_h5_write(file, base, &regions, 1));
    }
    TRY(write_trace(file, base, what->head, result));
    TRY(write_queries(file, base, result, keep));
    return write_oracle(file, base, result);
}

status_t store_learn_write(const plan_t *plan, int ranks, const plan_item_t *item, const store_learn_file_t *what)
{
    status_t status;
    io_h5_t *file = NULL;
    char base[32];
    const store_made_by_t made_by = store_made_by(plan, ranks, &what->result->made_on);
    snprintf(base, sizeof base, "prompts/%s", job_head_names[item->head]);
    TRY_DONE(io_h5_create(&file, item->path));
    for (int g = 0; g < what->head->set->groups; g++) TRY_DONE(write_group(file, base, what->head->set, g));
    TRY_DONE(write_params(file, base, what->head));
    TRY_DONE(write_results(file, base, what, plan->points[plan->tasks[item->index].point].query_keep));
    TRY_DONE(io_h5_set_f64(file, base, "logit_scale", what->head->training.losses.logit_scale));
    TRY_DONE(io_h5_set_f64(file, "/", "learn_seconds", what->seconds));
    TRY_DONE(io_h5_set_text(file, "/", "description", "prompts of one head of one category and draw of shots"));
    TRY_DONE(store_point_write(file, &plan->points[plan->tasks[item->index].point]));
    TRY_DONE(store_made_by_write(file, &made_by));
    TRY_DONE(store_complete(file, item->id, NULL, NULL));
    status = io_h5_publish(&file);
done:
    io_h5_close(file);
    return status;
}

/* ---- Reading --------------------------------------------------------------------------------------------------------- */

static status_t read_floats(float **out, io_h5_t *file, const char *base, const char *name, int ndim,
                            const int64_t *want)
{
    char path[96];
    snprintf(path, sizeof path, "%s/%s", base, name);
    return store_read(out, file, path, IO_H5_F32, ndim, want);
}

status_t store_learned_read(store_learned_t *out, const plan_t *plan, const plan_item_t *item)
{
    status_t status;
    io_h5_t *file = NULL;
    char base[32], name[64];
    int ndim;
    int64_t dims[6];
    *out = (store_learned_t){0};
    snprintf(base, sizeof base, "prompts/%s", job_head_names[item->head]);
    TRY_DONE(store_head_open(&file, plan, item));
    TRY_DONE(store_item_fits(file, plan, item, NULL));
    store_made_on_read(&out->made_on, file);
    snprintf(name, sizeof name, "%s/anchors/normal", base);
    TRY_DONE(io_h5_dims(&ndim, dims, file, name));
    out->G = (int)dims[0];
    out->E = (int)dims[1];
    const int64_t anchors[] = {out->G, out->E};
    TRY_DONE(read_floats(&out->normal, file, base, "anchors/normal", 2, anchors));
    TRY_DONE(read_floats(&out->abnormal, file, base, "anchors/abnormal", 2, anchors));
    snprintf(name, sizeof name, "%s/query_former", base);
    if (io_h5_has(file, name)) TRY_DONE(read_floats(&out->keys, file, base, "query_former/keys", 2, anchors));
    snprintf(name, sizeof name, "%s/oracle", base);
    if (io_h5_has(file, name)) {
        snprintf(name, sizeof name, "%s/oracle/epoch", base);
        TRY_DONE(io_h5_dims(&ndim, dims, file, name));
        const int64_t states[] = {dims[0], out->G, out->E};
        TRY_DONE(store_read(&out->oracle_epoch, file, name, IO_H5_I32, 1, states));
        out->oracle_count = (int)states[0];
        TRY_DONE(read_floats(&out->oracle_normal, file, base, "oracle/normal", 3, states));
        TRY_DONE(read_floats(&out->oracle_abnormal, file, base, "oracle/abnormal", 3, states));
        TRY_DONE(read_floats(&out->oracle_keys, file, base, "oracle/keys", 3, states));
    }
done:
    io_h5_close(file);
    if (status != ST_OK) {
        fail_context(status, "'%s'", item->path);
        store_learned_free(out);
    }
    return status;
}
