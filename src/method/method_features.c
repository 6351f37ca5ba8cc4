/* What methods without prompts share: asking for taps, and the banks of the support images. */
#include "method/method_internal.h"

#include <stdio.h>
#include <string.h>

int method_grid(int tokens)
{
    int side = 1;
    while (side * side < tokens) side++;
    return side;
}

void method_ask_for(method_ask_t *out, const char *feature, bool raw)
{
    REQUIRE(out->count < METHOD_MAX_FEATURES);
    snprintf(out->text[out->count++], CLIP_FEATURE_TEXT, "%.58s%s", feature, raw ? "-raw" : "");
}

int method_ask_turned(method_ask_t *out, int plain, const char *feature, int turns, bool drawn, bool raw)
{
    char text[CLIP_FEATURE_TEXT + 16];
    if (turns < (drawn ? 1 : 2)) return plain;
    snprintf(text, sizeof text, "turned%d%s(%.40s)", turns, drawn ? "s" : "", feature);
    method_ask_for(out, text, raw);
    return out->count - 1;
}

void method_ask_taps(method_ask_t *out, const io_names_t *taps, const job_t *job, bool raw)
{
    const io_names_t *names = taps->count > 0 ? taps : &job->memory_taps;
    for (int l = 0; l < names->count && out->count < METHOD_MAX_FEATURES; l++) method_ask_for(out, names->name[l], raw);
}

status_t method_bank(detect_tap_t *out, const method_task_t *task, int feature, arena_t *arena)
{
    REQUIRE(task->shots > 0 && task->support != NULL);
    const method_image_t *first = &task->support[0];
    const size_t size = (size_t)first->rows[feature] * (size_t)first->width[feature];
    float *bank = arena_take(arena, (size_t)task->shots * size, sizeof *bank);
    if (bank == NULL) return ST_ENOMEM;
    for (int k = 0; k < task->shots; k++)
        memcpy(bank + (size_t)k * size, task->support[k].array[feature], size * sizeof *bank);
    *out = (detect_tap_t){.bank = bank, .rows = task->shots * first->rows[feature], .width = first->width[feature]};
    return ST_OK;
}

double method_search_gflop(const method_size_t *size, int first, int end, int shots)
{
    double sum = 0;
    for (int a = first; a < end; a++) sum += 2.0 * size->rows[a] * shots * size->rows[a] * size->width[a];
    return 1e-9 * sum;
}

float *method_join(int *width, const method_image_t *image, int first, int end, arena_t *arena)
{
    int joined = 0;
    for (int l = first; l < end; l++) joined += image->width[l];
    float *out = arena_take(arena, (size_t)image->rows[first] * (size_t)joined, sizeof *out);
    if (out != NULL) detect_join(out, image->array + first, image->width + first, end - first, image->rows[first]);
    *width = joined;
    return out;
}

status_t method_banks(method_banks_t *out, const method_task_t *task, const method_ask_t *asked, arena_t *arena)
{
    out->count = asked->count - 1;
    for (int l = 0; l < out->count; l++) TRY(method_bank(&out->tap[l], task, 1 + l, arena));
    return ST_OK;
}

status_t method_banks_cosine(float *map, const method_banks_t *banks, const method_image_t *image, int T,
                             arena_t *arena)
{
    detect_tap_t taps[METHOD_MAX_FEATURES];
    for (int l = 0; l < banks->count; l++) taps[l] = banks->tap[l], taps[l].features = image->array[1 + l];
    return detect_cosine(map, taps, banks->count, T, arena);
}
