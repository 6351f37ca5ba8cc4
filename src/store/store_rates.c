/* Rates that runs measured on their machine: cache/cost.txt. */
#include "store/store.h"

#include <stdlib.h>
#include <string.h>

/* ---- Kept rates: a line a model, number of threads and kind of processor, "<digest> <threads> <kind> name=seconds ..." -- */

typedef struct {
    char model[17];
    int threads;
    char processor[BASE_PROCESSOR_SIZE]; /* "" in files of older versions */
    plan_cost_t cost;
} line_t;

/* A processor's kind may hold '=', but not behind the name of a rate. */
static bool names_a_rate(const char *word)
{
    for (int r = 0; r < PLAN_RATES; r++) {
        size_t length = strlen(plan_rates[r].name);
        if (strncmp(word, plan_rates[r].name, length) == 0 && word[length] == '=') return true;
    }
    return false;
}

static bool parse_line(line_t *out, char *text)
{
    char *rest, *word = strtok_r(text, " \n", &rest);
    *out = (line_t){0};
    if (word == NULL || word[0] == '#' || strlen(word) != 16) return false;
    snprintf(out->model, sizeof out->model, "%s", word);
    word = strtok_r(NULL, " \n", &rest);
    if (word == NULL || (out->threads = atoi(word)) < 1) return false;
    for (bool first = true; (word = strtok_r(NULL, " \n", &rest)) != NULL; first = false) {
        char *equals = strchr(word, '=');
        if (first && !names_a_rate(word)) {
            snprintf(out->processor, sizeof out->processor, "%s", word);
            continue;
        }
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
    fprintf(out, "%s %d%s%s", line->model, line->threads, line->processor[0] != '\0' ? " " : "", line->processor);
    for (int r = 0; r < PLAN_RATES; r++)
        if (line->cost.measured[r]) fprintf(out, " %s=%.4g", plan_rates[r].name, line->cost.seconds[r]);
    fputc('\n', out);
}

static void take_line(line_t *line, const plan_cost_t *cost, const char *model_digest, int threads,
                      const char *processor)
{
    *line = (line_t){.threads = threads, .cost = *cost};
    snprintf(line->model, sizeof line->model, "%.16s", model_digest);
    if (processor != NULL)
        snprintf(line->processor, sizeof line->processor, "%s", processor);
    else
        base_processor(line->processor);
}

static bool same_key(const line_t *a, const line_t *b)
{
    return strcmp(a->model, b->model) == 0 && a->threads == b->threads && strcmp(a->processor, b->processor) == 0;
}

void store_rates_read(plan_cost_t *cost, const char *path, const char *model_digest, int threads, const char *processor)
{
    char text[1024];
    line_t line, ours;
    int known[PLAN_RATES] = {0}; /* 0 guessed, 1 of another processor, 2 of other threads, 3 measured for these */
    *cost = plan_cost_guess();
    for (int r = 0; r < PLAN_RATES; r++) cost->seconds[r] = plan_rate_scaled(r, cost->seconds[r], 1, threads);
    take_line(&ours, cost, model_digest, threads, processor);
    FILE *file = io_open_lines(path);
    while (file != NULL && fgets(text, sizeof text, file) != NULL) {
        if (!parse_line(&line, text) || strcmp(line.model, ours.model) != 0) continue;
        const bool here = strcmp(line.processor, ours.processor) == 0;
        const int rank = !here ? 1 : line.threads != threads ? 2 : 3;
        for (int r = 0; r < PLAN_RATES; r++) {
            if (!line.cost.measured[r] || rank < known[r]) continue;
            known[r] = rank;
            cost->seconds[r] = plan_rate_scaled(r, line.cost.seconds[r], line.threads, threads);
        }
    }
    if (file != NULL) fclose(file);
    for (int r = 0; r < PLAN_RATES; r++)
        cost->measured[r] = known[r] == 3, cost->borrowed[r] = known[r] == 1 || known[r] == 2;
}

status_t store_rates_write(const plan_cost_t *cost, const char *path, const char *model_digest, int threads,
                           const char *processor)
{
    char *text = NULL, old[1024];
    size_t size = 0;
    line_t line, ours;
    take_line(&ours, cost, model_digest, threads, processor);
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) return fail(ST_ENOMEM, "out of memory");
    fprintf(out, "# Seconds a unit of work on a core of one's own: model, threads, processor, rates.\n");
    FILE *file = io_open_lines(path);
    while (file != NULL && fgets(old, sizeof old, file) != NULL)
        if (parse_line(&line, old) && !same_key(&line, &ours)) print_line(out, &line);
    if (file != NULL) fclose(file);
    print_line(out, &ours);
    return io_write_stream(path, out, &text, &size);
}

/* NULL: this processor, as it is. */
static const char *kind(char out[BASE_PROCESSOR_SIZE], const plan_t *plan)
{
    const int precision = plan->points[0].precision;
    if (precision == JOB_PRECISION_F32) return NULL;
    base_processor(out);
    const size_t length = strlen(out), room = BASE_PROCESSOR_SIZE - sizeof "+strassen";
    snprintf(out + (length < room ? length : room), sizeof "+strassen", "+%s", job_precision_names[precision]);
    return out;
}

void store_plan_rates_read(plan_t *plan)
{
    char processor[BASE_PROCESSOR_SIZE];
    store_rates_read(&plan->cost, plan->cost_path, plan->model_digest, plan->points[0].threads, kind(processor, plan));
}

status_t store_plan_rates_write(const plan_cost_t *cost, const plan_t *plan)
{
    char processor[BASE_PROCESSOR_SIZE];
    return store_rates_write(cost, plan->cost_path, plan->model_digest, plan->points[0].threads, kind(processor, plan));
}
