#include "metrics_cases.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

const char *const CASES_NAMES[] = {
    "plain",    "ties",           "all_equal",         "constant_maps",     "skewed",
    "inverted", "perfect",        "one_pixel_regions", "tangled_regions",   "checkerboard",
    "border",   "nothing_normal", "one_covered",       "nothing_anomalous", "larger"};
const int CASES_COUNT = (int)(sizeof CASES_NAMES / sizeof CASES_NAMES[0]);

static const char *key(const char *name, const char *part)
{
    static char text[96];
    snprintf(text, sizeof text, "%s.%s", name, part);
    return text;
}

void cases_load(cases_t *out, const check_golden_t *golden, const char *name)
{
    size_t pixels, count;
    *out = (cases_t){.name = name, .scores = check_golden_f32(golden, key(name, "scores"), &pixels, NULL)};
    const uint8_t *bits = check_golden_u8(golden, key(name, "masks"), NULL, NULL);
    out->masks = malloc(pixels);
    assert_non_null(out->masks);
    for (size_t i = 0; i < pixels; i++) out->masks[i] = (bits[i / 8] >> (7 - i % 8)) & 1;
    const int32_t *sizes = check_golden_i32(golden, key(name, "sizes"), &count, NULL);
    out->images = (int)count / 2;
    out->sizes = malloc((size_t)out->images * sizeof *out->sizes);
    assert_non_null(out->sizes);
    for (int i = 0; i < out->images; i++) out->sizes[i][0] = sizes[2 * i], out->sizes[i][1] = sizes[2 * i + 1];
    out->aupro = check_golden_f64(golden, key(name, "aupro"), NULL, NULL);
    out->steps = check_golden_f64(golden, key(name, "steps"), NULL, NULL);
    out->steps_up = check_golden_f64(golden, key(name, "steps_up"), NULL, NULL);
    out->ranking = check_golden_f64(golden, key(name, "ranking"), NULL, NULL);
    out->regions = check_golden_i32(golden, key(name, "regions"), NULL, NULL);
}

void cases_free(cases_t *maps)
{
    free(maps->masks);
    free(maps->sizes);
}

void cases_add(metrics_pixels_t *pixels, const cases_t *maps)
{
    size_t offset = 0;
    for (int i = 0; i < maps->images; i++) {
        int H = maps->sizes[i][0], W = maps->sizes[i][1];
        status_t status = metrics_pixels_add(pixels, maps->scores + offset, maps->masks + offset, H, W);
        if (status != ST_OK) fail_msg("%s: %s", maps->name, fail_message());
        offset += (size_t)H * (size_t)W;
    }
}

void cases_near(const char *name, const char *metric, double got, double want)
{
    if (isnan(want) && isnan(got)) return;
    if (!(fabs(got - want) <= 1e-9)) fail_msg("%s: %s is %.17g, expected %.17g", name, metric, got, want);
}
