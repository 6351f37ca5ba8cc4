/* Surface defects: drawn over a finished object, with their exact cover marked on the canvas. */
#include "demo_internal.h"

#include <math.h>
#include <string.h>

static const char *const NAMES[DEMO_DEFECTS] = {"good",          "scratch", "crack",  "hole",    "stain",       "dent",
                                                "contamination", "thread",  "broken", "missing", "wrong_color", "bent"};

const char *demo_defect_name(demo_defect_kind_t kind)
{
    return NAMES[kind];
}

bool demo_defect_is_surface(demo_defect_kind_t kind)
{
    return kind >= DEMO_SCRATCH && kind <= DEMO_THREAD;
}

static float between(rng_t *rng, float low, float high)
{
    return low + (high - low) * (float)rng_uniform(rng);
}

static float clamp01(float x)
{
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

/* A point of the part, chosen evenly over its visible pixels; pixels well inside the part are preferred. */
static bool pick_point(float *x, float *y, const demo_canvas_t *canvas, int part, float margin, rng_t *rng)
{
    int border = (int)(0.06f * canvas->pixels);
    for (int attempt = 0; attempt < 4000; attempt++) {
        if (attempt % 1000 == 999) margin *= 0.5f;
        int column = (int)rng_below(rng, (uint32_t)canvas->width), row = (int)rng_below(rng, (uint32_t)canvas->height);
        int m = (int)(margin * canvas->pixels), inside = 0;
        if (column < border || row < border || column >= canvas->width - border || row >= canvas->height - border)
            continue;
        if (canvas->part[(size_t)row * (size_t)canvas->width + (size_t)column] != part) continue;
        for (int k = 0; k < 8; k++) {
            int c = column + (int)((float)m * cosf(0.7854f * (float)k)),
                r = row + (int)((float)m * sinf(0.7854f * (float)k));
            if (c < 0 || r < 0 || c >= canvas->width || r >= canvas->height) continue;
            inside += canvas->part[(size_t)r * (size_t)canvas->width + (size_t)c] == part;
        }
        if (inside < 7 && attempt < 3000) continue;
        *x = demo_canvas_x(canvas, column);
        *y = demo_canvas_y(canvas, row);
        return true;
    }
    return false;
}

/* A blend of `color` with weight `alpha` at one pixel; the pixel counts as defect by `cover`. */
static void blend(demo_canvas_t *canvas, size_t i, const float color[3], float alpha, float cover)
{
    for (size_t c = 0; c < 3; c++)
        canvas->rgb[3 * i + c] = clamp01(canvas->rgb[3 * i + c] + alpha * (color[c] - canvas->rgb[3 * i + c]));
    if (cover > canvas->defect[i]) canvas->defect[i] = cover;
}

typedef struct {
    int n;
    float x[DEMO_MAX_POINTS], y[DEMO_MAX_POINTS], half[DEMO_MAX_POINTS];
} path_t;

/* Draws a path of varying half width. part < 0: over everything; else only on that part. `glow` is the relative
 * brightness of a thin border on the light's side. */
static void draw_path(demo_canvas_t *canvas, const path_t *path, const float color[3], float alpha, float glow,
                      int part)
{
    for (int s = 0; s + 1 < path->n; s++) {
        float ax = path->x[s], ay = path->y[s], bx = path->x[s + 1] - ax, by = path->y[s + 1] - ay;
        float length2 = bx * bx + by * by + 1e-12f, reach = 0.5f * sqrtf(length2) + 3 * path->half[s] + 0.02f;
        int window[4];
        demo_canvas_window(window, canvas, ax + 0.5f * bx, ay + 0.5f * by, reach);
        for (int row = window[2]; row < window[3]; row++) {
            for (int column = window[0]; column < window[1]; column++) {
                size_t i = (size_t)row * (size_t)canvas->width + (size_t)column;
                if (part >= 0 && canvas->part[i] != part) continue;
                float x = demo_canvas_x(canvas, column) - ax, y = demo_canvas_y(canvas, row) - ay;
                float t = clamp01((x * bx + y * by) / length2), dx = x - t * bx, dy = y - t * by;
                float half = path->half[s] + t * (path->half[s + 1] - path->half[s]), d = sqrtf(dx * dx + dy * dy);
                float cover = clamp01(0.5f - (d - half) * canvas->pixels);
                float rim = clamp01(0.5f - (d - 1.8f * half) * canvas->pixels) - cover;
                /* Joints are drawn by two segments: keep what is darker or lighter already. */
                if (cover > 0 && cover > canvas->defect[i]) {
                    float share = canvas->defect[i] < 1 ? (cover - canvas->defect[i]) / (1 - canvas->defect[i]) : 0;
                    blend(canvas, i, color, alpha * share, cover);
                } else if (rim > 0 && glow > 0 && canvas->defect[i] <= 0 &&
                           dx * canvas->light_x + dy * canvas->light_y < 0) {
                    for (size_t c = 0; c < 3; c++)
                        canvas->rgb[3 * i + c] = clamp01(canvas->rgb[3 * i + c] * (1 + 0.15f * glow * rim));
                }
            }
        }
    }
}

static void contrast_color(float out[3], const demo_canvas_t *canvas, float x, float y, float change, rng_t *rng)
{
    int column = (int)(canvas->origin_x + x * canvas->pixels), row = (int)(canvas->origin_y + y * canvas->pixels);
    const float *here = canvas->rgb + 3 * ((size_t)row * (size_t)canvas->width + (size_t)column);
    float gray = 0.3f * here[0] + 0.6f * here[1] + 0.1f * here[2];
    bool lighter = gray < 0.35f || (gray < 0.65f && rng_below(rng, 2) == 0);
    for (int c = 0; c < 3; c++) {
        float full = lighter ? 0.75f * here[c] + 0.25f + change : here[c] * (1 - 1.3f * change) - 0.15f * change;
        out[c] = clamp01(full);
    }
}

static void draw_scratch(demo_canvas_t *canvas, int part, float strength, rng_t *rng)
{
    float x, y, color[3];
    int count = rng_below(rng, 4) == 0 ? 2 : 1;
    if (!pick_point(&x, &y, canvas, part, 0.12f, rng)) return;
    float angle = between(rng, 0, 2 * DEMO_PI);
    contrast_color(color, canvas, x, y, between(rng, 0.3f, 0.5f) * strength, rng);
    for (int k = 0; k < count; k++) {
        path_t path = {.n = 9};
        float length = between(rng, 0.3f, 0.75f) * (0.6f + 0.4f * strength), curve = between(rng, -0.8f, 0.8f);
        float half = between(rng, 0.013f, 0.024f), step = length / 8, heading = angle - 0.5f * curve;
        float px = x - 0.5f * length * cosf(angle), py = y - 0.5f * length * sinf(angle);
        for (int i = 0; i < 9; i++) {
            float taper = 1 - fabsf((float)i / 4 - 1);
            path.x[i] = px;
            path.y[i] = py;
            path.half[i] = half * (0.35f + 0.65f * taper);
            px += step * cosf(heading);
            py += step * sinf(heading);
            heading += curve / 8 + between(rng, -0.06f, 0.06f);
        }
        draw_path(canvas, &path, color, between(rng, 0.75f, 0.95f), 1, part);
        x += between(rng, -0.12f, 0.12f);
        y += between(rng, 0.05f, 0.12f);
    }
}

static void draw_crack(demo_canvas_t *canvas, int part, float strength, rng_t *rng)
{
    float x, y, dark[3] = {0.05f, 0.05f, 0.05f};
    if (!pick_point(&x, &y, canvas, part, 0.1f, rng)) return;
    int column = (int)(canvas->origin_x + x * canvas->pixels), row = (int)(canvas->origin_y + y * canvas->pixels);
    const float *here = canvas->rgb + 3 * ((size_t)row * (size_t)canvas->width + (size_t)column);
    /* On a dark part a crack shows the light material below. */
    if (here[0] + here[1] + here[2] < 0.75f)
        for (int c = 0; c < 3; c++) dark[c] = 0.55f;
    float angle = between(rng, 0, 2 * DEMO_PI);
    path_t main = {.n = 11};
    for (int branch = 0; branch < 3; branch++) {
        path_t path = {.n = branch == 0 ? 11 : 6};
        float px = x, py = y, heading = angle, half = between(rng, 0.016f, 0.026f) * strength;
        if (branch > 0) {
            int from = 2 + (int)rng_below(rng, 7);
            px = main.x[from];
            py = main.y[from];
            heading += branch == 1 ? 0.9f : -0.9f;
            half *= 0.7f;
        } else {
            px -= 0.25f * cosf(angle);
            py -= 0.25f * sinf(angle);
        }
        for (int i = 0; i < path.n; i++) {
            path.x[i] = px;
            path.y[i] = py;
            path.half[i] = half * (1 - 0.7f * (float)i / (float)path.n);
            float turn = heading + between(rng, -0.9f, 0.9f), step = between(rng, 0.03f, 0.075f);
            px += step * cosf(turn);
            py += step * sinf(turn);
        }
        if (branch == 0) main = path;
        draw_path(canvas, &path, dark, 0.9f, 0.5f, part);
    }
}

/* A blob filled with `color`; soft > 0 fades its edge over that many units, rim shades its outline. */
static void draw_blob(demo_canvas_t *canvas, const demo_shape_t *blob, const float color[3], float alpha, float soft,
                      float rim, int part)
{
    int window[4];
    demo_canvas_window(window, canvas, blob->x, blob->y, demo_shape_reach(blob));
    for (int row = window[2]; row < window[3]; row++) {
        for (int column = window[0]; column < window[1]; column++) {
            size_t i = (size_t)row * (size_t)canvas->width + (size_t)column;
            if (part >= 0 && canvas->part[i] != part) continue;
            float x = demo_canvas_x(canvas, column), y = demo_canvas_y(canvas, row);
            float d = demo_shape_distance(blob, x, y), cover = clamp01(0.5f - d * canvas->pixels);
            float fade = soft > 0 ? clamp01(0.5f - d / soft) : cover;
            if (fade <= 0 && d > 0.03f) continue;
            blend(canvas, i, color, alpha * fade, cover);
            float band = rim != 0 ? clamp01(1 - fabsf(d) / 0.03f) : 0;
            float side = (x - blob->x) * canvas->light_x + (y - blob->y) * canvas->light_y;
            float gain = 1 - rim * band * side / (fabsf(side) + 0.05f);
            if (cover > 0)
                for (size_t c = 0; c < 3; c++) canvas->rgb[3 * i + c] = clamp01(canvas->rgb[3 * i + c] * gain);
        }
    }
}

static void draw_hole(demo_canvas_t *canvas, int part, float strength, rng_t *rng)
{
    demo_shape_t blob = {.kind = DEMO_BLOB, .seed = rng_u32(rng), .angle = between(rng, 0, DEMO_PI)};
    if (!pick_point(&blob.x, &blob.y, canvas, part, 0.1f, rng)) return;
    float depth = between(rng, 0.02f, 0.1f), color[3] = {depth, depth, depth};
    int column = (int)(canvas->origin_x + blob.x * canvas->pixels),
        row = (int)(canvas->origin_y + blob.y * canvas->pixels);
    const float *here = canvas->rgb + 3 * ((size_t)row * (size_t)canvas->width + (size_t)column);
    if (here[0] + here[1] + here[2] < 0.6f)
        for (int c = 0; c < 3; c++) color[c] = 0.45f + depth;
    blob.a = between(rng, 0.07f, 0.14f) * strength;
    blob.b = blob.a * between(rng, 0.7f, 1);
    draw_blob(canvas, &blob, color, 0.95f, 0, 0.5f, part);
}

static void draw_stain(demo_canvas_t *canvas, int part, float strength, rng_t *rng)
{
    static const float TINTS[][3] = {{0.25f, 0.17f, 0.08f}, {0.12f, 0.12f, 0.13f}, {0.72f, 0.62f, 0.2f},
                                     {0.3f, 0.12f, 0.1f},   {0.85f, 0.85f, 0.8f},  {0.15f, 0.25f, 0.3f}};
    demo_shape_t blob = {.kind = DEMO_BLOB, .seed = rng_u32(rng), .angle = between(rng, 0, DEMO_PI)};
    if (!pick_point(&blob.x, &blob.y, canvas, part, 0.12f, rng)) return;
    int column = (int)(canvas->origin_x + blob.x * canvas->pixels),
        row = (int)(canvas->origin_y + blob.y * canvas->pixels);
    const float *here = canvas->rgb + 3 * ((size_t)row * (size_t)canvas->width + (size_t)column);
    const float *tint = TINTS[0];
    for (int attempt = 0; attempt < 20; attempt++) {
        tint = TINTS[rng_below(rng, 6)];
        float apart = fabsf(tint[0] - here[0]) + fabsf(tint[1] - here[1]) + fabsf(tint[2] - here[2]);
        if (apart > 0.7f) break;
    }
    blob.a = between(rng, 0.12f, 0.26f) * strength;
    blob.b = blob.a * between(rng, 0.6f, 1);
    draw_blob(canvas, &blob, tint, between(rng, 0.45f, 0.75f), between(rng, 0.02f, 0.06f), 0, part);
}

static void draw_dent(demo_canvas_t *canvas, int part, float strength, rng_t *rng)
{
    demo_shape_t e = {.kind = DEMO_ELLIPSE, .angle = between(rng, 0, DEMO_PI)};
    if (!pick_point(&e.x, &e.y, canvas, part, 0.14f, rng)) return;
    e.a = between(rng, 0.11f, 0.2f) * strength;
    e.b = e.a * between(rng, 0.7f, 1);
    float depth = between(rng, 0.4f, 0.65f) * strength;
    int window[4];
    demo_canvas_window(window, canvas, e.x, e.y, demo_shape_reach(&e));
    for (int row = window[2]; row < window[3]; row++) {
        for (int column = window[0]; column < window[1]; column++) {
            size_t i = (size_t)row * (size_t)canvas->width + (size_t)column;
            if (canvas->part[i] != part) continue;
            float x = demo_canvas_x(canvas, column), y = demo_canvas_y(canvas, row),
                  cover = demo_shape_coverage(canvas, &e, x, y);
            if (cover <= 0) continue;
            /* The slope of a bowl: the side towards the light lies in shade, the far side is lit. */
            float slope = ((x - e.x) * canvas->light_x + (y - e.y) * canvas->light_y) / e.b;
            float gain = 1 - depth * cover * (slope + 0.15f);
            for (size_t c = 0; c < 3; c++)
                canvas->rgb[3 * i + c] = clamp01(canvas->rgb[3 * i + c] * gain + (gain > 1 ? 0.1f * (gain - 1) : 0));
            if (cover > canvas->defect[i]) canvas->defect[i] = cover;
        }
    }
}

static void bright_color(float out[3], const demo_canvas_t *canvas, float x, float y, rng_t *rng)
{
    static const char *const WORDS[] = {"white", "red", "yellow", "green", "blue", "black", "orange", "purple"};
    int column = (int)(canvas->origin_x + x * canvas->pixels), row = (int)(canvas->origin_y + y * canvas->pixels);
    const float *here = canvas->rgb + 3 * ((size_t)row * (size_t)canvas->width + (size_t)column);
    for (int attempt = 0; attempt < 30; attempt++) {
        (void)demo_color_of(out, WORDS[rng_below(rng, 8)]);
        float apart = fabsf(out[0] - here[0]) + fabsf(out[1] - here[1]) + fabsf(out[2] - here[2]);
        if (apart > 0.7f) return;
    }
}

static void draw_contamination(demo_canvas_t *canvas, int part, float strength, rng_t *rng)
{
    float x, y, color[3] = {0};
    if (!pick_point(&x, &y, canvas, part, 0.1f, rng)) return;
    bright_color(color, canvas, x, y, rng);
    int count = 3 + (int)rng_below(rng, 5);
    for (int k = 0; k < count; k++) {
        demo_shape_t blob = {.kind = DEMO_BLOB, .seed = rng_u32(rng), .angle = between(rng, 0, DEMO_PI)};
        float away = k == 0 ? 0 : between(rng, 0.05f, 0.2f), angle = between(rng, 0, 2 * DEMO_PI);
        blob.x = x + away * cosf(angle);
        blob.y = y + away * sinf(angle);
        blob.a = between(rng, 0.03f, 0.065f) * strength;
        blob.b = blob.a * between(rng, 0.6f, 1);
        draw_blob(canvas, &blob, color, 0.9f, 0, 0.3f, part);
    }
}

static void draw_thread(demo_canvas_t *canvas, int part, float strength, rng_t *rng)
{
    float x, y, color[3] = {0};
    if (!pick_point(&x, &y, canvas, part, 0.05f, rng)) return;
    bright_color(color, canvas, x, y, rng);
    path_t path = {.n = 20};
    float heading = between(rng, 0, 2 * DEMO_PI), curve = between(rng, -0.35f, 0.35f);
    float half = between(rng, 0.013f, 0.02f), step = between(rng, 0.035f, 0.06f) * strength;
    x -= 4 * step * cosf(heading);
    y -= 4 * step * sinf(heading);
    for (int i = 0; i < path.n; i++) {
        path.x[i] = x;
        path.y[i] = y;
        path.half[i] = half;
        x += step * cosf(heading);
        y += step * sinf(heading);
        /* Turn back at the edge of the picture: a thread is seen as a whole. */
        float ahead = 2 * step, ex = x + ahead * cosf(heading), ey = y + ahead * sinf(heading);
        int column = (int)(canvas->origin_x + ex * canvas->pixels), row = (int)(canvas->origin_y + ey * canvas->pixels);
        if (column < 0 || row < 0 || column >= canvas->width || row >= canvas->height) heading += 0.8f;
        curve = clamp01(curve + 0.5f + between(rng, -0.15f, 0.15f)) - 0.5f;
        heading += curve;
    }
    draw_path(canvas, &path, color, 0.9f, 0, -1);
}

void demo_draw_defect(demo_canvas_t *canvas, const demo_defect_t *defect, rng_t *rng)
{
    int part = defect->item + 1;
    switch (defect->kind) {
    case DEMO_SCRATCH:
        draw_scratch(canvas, part, defect->strength, rng);
        break;
    case DEMO_CRACK:
        draw_crack(canvas, part, defect->strength, rng);
        break;
    case DEMO_HOLE:
        draw_hole(canvas, part, defect->strength, rng);
        break;
    case DEMO_STAIN:
        draw_stain(canvas, part, defect->strength, rng);
        break;
    case DEMO_DENT:
        draw_dent(canvas, part, defect->strength, rng);
        break;
    case DEMO_CONTAMINATION:
        draw_contamination(canvas, part, defect->strength, rng);
        break;
    case DEMO_THREAD:
        draw_thread(canvas, part, defect->strength, rng);
        break;
    default:
        REQUIRE(!demo_defect_is_surface(defect->kind));
    }
}
