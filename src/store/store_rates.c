/* Rates that runs measured on their machine: cache/cost.txt. */
#include "store/store.h"

#include <stdlib.h>
#include <string.h>

/* ---- Kept rates: a line a model and number of threads, "<digest> <threads> name=seconds ..." ------------------------- */

typedef struct {
    char model[17];
    int threads;
    plan_cost_t cost;
} line_t;

static bool parse_line(line_t *out, char *text)
{
    char *rest, *word = strtok_r(text, " \n", &rest);
    *out = (line_t){0};
    if (word == NULL || word[0] == '#' || strlen(word) != 16) return false;
    snprintf(out->model, sizeof out->model, "%s", word);
    word = strtok_r(NULL, " \n", &rest);
    if (word == NULL || (out->threads = atoi(word)) < 1) return false;
    while ((word = strtok_r(NULL, " \n", &rest)) != NULL) {
        char *equals = strchr(word, '=');
        for (int r = 0; r < PLAN_RATES && equals != NULL; r++) {
            if (strncmp(word, plan_rates[r].name, (size_t)(equals - word)) != 0 ||
                plan_rates[r].name[equals - word] != '\0')
                continue;
            double seconds = strtod(equals + 1, NULL);
            if (!(seconds >= 0 && seconds < 1e9)) continue;
            out->cost.seconds[r] = seconds;
            out->cost.measured[r] = true;
        }
    }
    return true;
}

static void print_line(FILE *out, const line_t *line)
{
    fprintf(out, "%s %d", line->model, line->threads);
    for (int r = 0; r < PLAN_RATES; r++)
        if (line->cost.measured[r]) fprintf(out, " %s=%.4g", plan_rates[r].name, line->cost.seconds[r]);
    fputc('\n', out);
}

void store_rates_read(plan_cost_t *cost, const char *path, const char *model_digest, int threads)
{
    char text[1024];
    line_t line;
    *cost = (plan_cost_t){0};
    FILE *file = io_open_lines(path);
    while (file != NULL && fgets(text, sizeof text, file) != NULL)
        if (parse_line(&line, text) && strncmp(line.model, model_digest, 16) == 0 && line.threads == threads)
            *cost = line.cost;
    if (file != NULL) fclose(file);
    const plan_cost_t guess = plan_cost_guess();
    for (int r = 0; r < PLAN_RATES; r++)
        if (!cost->measured[r]) cost->seconds[r] = guess.seconds[r];
}

status_t store_rates_write(const plan_cost_t *cost, const char *path, const char *model_digest, int threads)
{
    char *text = NULL, old[1024];
    size_t size = 0;
    line_t line, ours = {.threads = threads, .cost = *cost};
    snprintf(ours.model, sizeof ours.model, "%.16s", model_digest);
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) return fail(ST_ENOMEM, "out of memory");
    fprintf(out, "# Seconds a unit of work, measured by runs: model, BLAS threads, rates.\n");
    FILE *file = io_open_lines(path);
    while (file != NULL && fgets(old, sizeof old, file) != NULL)
        if (parse_line(&line, old) && (strcmp(line.model, ours.model) != 0 || line.threads != threads))
            print_line(out, &line);
    if (file != NULL) fclose(file);
    print_line(out, &ours);
    fclose(out);
    status_t status = io_write_file(path, text, size);
    free(text);
    return status;
}
