/* predict.csv and predict.json: written line by line as images are scored, and there, whole, at the end. */
#include "predict/predict_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static status_t open_file(predict_table_file_t *out, const char *folder, const char *name)
{
    snprintf(out->path, sizeof out->path, "%s/%s", folder, name);
    io_temporary_name(out->temporary, out->path);
    int file = out->temporary[0] != '\0' ? open(out->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666) : -1;
    out->file = file >= 0 ? fdopen(file, "w") : NULL;
    if (out->file != NULL) return ST_OK;
    int reason = errno;
    if (file >= 0) close(file);
    return fail(ST_EIO, "'%s' cannot be written: %s", out->path, strerror(reason));
}

/* Text as JSON; bytes that are not UTF-8 as \xNN. */
static status_t put_json(FILE *out, const char *text)
{
    char shown[4200];
    if (io_text_is_plain(text)) return io_json_quote(out, text);
    (void)base_visible(shown, sizeof shown, text);
    return io_json_quote(out, shown);
}

status_t predict_table_open(predict_table_t *table, const char *folder, const predict_run_t *run,
                            const plan_task_t *task, const predict_outcome_t *told)
{
    TRY(open_file(&table->csv, folder, "predict.csv"));
    TRY(open_file(&table->json, folder, "predict.json"));
    fputs("path,score,decision,threshold,group,ms,error\n", table->csv.file);
    FILE *json = table->json.file;
    fprintf(json, "{\"format\": 1,\n \"program\": \"fgad %s\",\n \"run\": ", base_version());
    TRY(put_json(json, run->dir));
    fprintf(json, ",\n \"task\": \"%s\",\n \"dataset\": ", task->id);
    TRY(put_json(json, task->dataset));
    fputs(",\n \"category\": ", json);
    TRY(put_json(json, task->category));
    fprintf(json, ",\n \"shots\": %d,\n \"seed\": %llu,\n \"point\": ", task->shots, (unsigned long long)task->seed);
    TRY(put_json(json, run->plan.point_text[task->point]));
    fprintf(json, ",\n \"method\": \"%s\",\n \"model_digest\": \"%s\",\n \"threshold\": ", told->method,
            run->plan.model_digest);
    fprintf(json, isnan(told->threshold) ? "null" : "%.17g", told->threshold);
    fputs(",\n \"images\": [", json);
    return ST_OK;
}

static void put_csv_line(FILE *csv, const char *path, const predict_line_t *line, const char *decision)
{
    io_csv_put(csv, path);
    if (line->error == NULL)
        fprintf(csv, ",%.9g,%s,", (double)line->score, decision);
    else
        fputs(",,,", csv);
    if (line->error == NULL && !isnan(line->threshold)) fprintf(csv, "%.17g", line->threshold);
    fputc(',', csv);
    if (line->group != NULL) io_csv_put(csv, line->group);
    fputc(',', csv);
    if (line->error == NULL) fprintf(csv, "%.1f", line->ms);
    fputc(',', csv);
    if (line->error != NULL) io_csv_put(csv, line->error);
    fputc('\n', csv);
}

static status_t put_json_line(FILE *json, const char *path, const predict_line_t *line, const char *decision)
{
    fputs("{\"path\": ", json);
    TRY(put_json(json, path));
    if (line->error != NULL) {
        fputs(", \"error\": ", json);
        TRY(put_json(json, line->error));
        fputc('}', json);
        return ST_OK;
    }
    fprintf(json, ", \"score\": %.9g", (double)line->score);
    if (!isnan(line->threshold))
        fprintf(json, ", \"decision\": \"%s\", \"threshold\": %.17g", decision, line->threshold);
    if (line->group != NULL) {
        fputs(", \"group\": ", json);
        TRY(put_json(json, line->group));
    }
    fprintf(json, ", \"ms\": %.1f}", line->ms);
    return ST_OK;
}

status_t predict_table_add(predict_table_t *table, const predict_line_t *line)
{
    char shown[4200];
    const char *path = line->path;
    if (!io_text_is_plain(path)) {
        (void)base_visible(shown, sizeof shown, path);
        path = shown;
    }
    const char *decision = isnan(line->threshold) ? "" : (double)line->score > line->threshold ? "anomalous" : "normal";
    put_csv_line(table->csv.file, path, line, decision);
    fputs(table->lines++ > 0 ? ",\n  " : "\n  ", table->json.file);
    return put_json_line(table->json.file, path, line, decision);
}

static status_t publish(predict_table_file_t *file)
{
    bool failed = ferror(file->file) != 0;
    failed = fclose(file->file) != 0 || failed;
    file->file = NULL;
    if (!failed) return io_publish(file->temporary, file->path);
    unlink(file->temporary);
    return fail(ST_EIO, "'%s' cannot be written: the disk is full, or gone", file->path);
}

status_t predict_table_publish(predict_table_t *table, const predict_outcome_t *told)
{
    fprintf(
        table->json.file,
        "\n ],\n \"scored\": %d,\n \"failed\": %d,\n \"anomalous\": %d,\n \"interrupted\": %s,\n \"startup_seconds\": "
        "%.3f,\n \"seconds\": %.3f}\n",
        told->scored, told->failed, told->anomalous, told->interrupted ? "true" : "false", told->startup,
        told->seconds);
    TRY(publish(&table->csv));
    return publish(&table->json);
}

void predict_table_close(predict_table_t *table)
{
    predict_table_file_t *const files[] = {&table->csv, &table->json};
    for (int i = 0; i < 2; i++) {
        if (files[i]->file == NULL) continue;
        fclose(files[i]->file);
        unlink(files[i]->temporary);
        files[i]->file = NULL;
    }
}
