/* Antialiased shapes on a float canvas: signed distances, coverage, bevel and shadow. */
#include "demo_internal.h"

#include <math.h>
#include <stdlib.h>

static float clamp01(float x)
{
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

status_t demo_canvas_init(demo_canvas_t *canvas, int width, int height, demo_view_t view)
{
    REQUIRE(width > 0 && height > 0 && view.zoom > 0);
    size_t pixels = (size_t)width * (size_t)height;
    *canvas = (demo_canvas_t){.width = width, .height = height, .light_x = -0.6f, .light_y = -0.8f};
    float side = (float)(width < height ? width : height);
    canvas->pixels = 0.5f * side * view.zoom;
    canvas->origin_x = 0.5f * (float)width - view.x * canvas->pixels;
    canvas->origin_y = 0.5f * (float)height - view.y * canvas->pixels;
    canvas->rgb = calloc(pixels * 3, sizeof(float));
    canvas->defect = calloc(pixels, sizeof(float));
    canvas->part = calloc(pixels, 1);
    if (!canvas->rgb || !canvas->defect || !canvas->part) {
        demo_canvas_free(canvas);
        return fail(ST_ENOMEM, "no memory for a %d x %d picture", width, height);
    }
    return ST_OK;
}

void demo_canvas_free(demo_canvas_t *canvas)
{
    free(canvas->rgb);
    free(canvas->defect);
    free(canvas->part);
    *canvas = (demo_canvas_t){0};
}

static float rect_distance(float x, float y, float a, float b, float round)
{
    float qx = fabsf(x) - a + round, qy = fabsf(y) - b + round;
    float ox = qx > 0 ? qx : 0, oy = qy > 0 ? qy : 0;
    float inner = qx > qy ? qx : qy;
    return sqrtf(ox * ox + oy * oy) + (inner < 0 ? inner : 0) - round;
}

static float ellipse_distance(float x, float y, float a, float b)
{
    if (a == b) return sqrtf(x * x + y * y) - a;
    float k = sqrtf(x * x / (a * a) + y * y / (b * b));
    float g = sqrtf(x * x / (a * a * a * a) + y * y / (b * b * b * b));
    return g > 1e-6f ? k * (k - 1) / g : -(a < b ? a : b);
}

/* A regular outline given by its radius over the angle: good to first order near the outline. */
static float star_distance(float x, float y, float outer, float inner, int n, float sharp)
{
    float r = sqrtf(x * x + y * y), phase = atan2f(y, x) * (float)n / (2 * DEMO_PI);
    float t = fabsf(phase - floorf(phase) - 0.5f) * 2; /* 1 at a point, 0 between */
    float s = clamp01((t - 0.5f) * sharp + 0.5f);
    return (r - (inner + (outer - inner) * s)) * 0.8f;
}

static float polygon_distance(float x, float y, float radius, int n)
{
    float sector = 2 * DEMO_PI / (float)n, angle = atan2f(y, x);
    angle -= sector * floorf(angle / sector + 0.5f);
    return sqrtf(x * x + y * y) * cosf(angle) - radius * cosf(0.5f * sector);
}

static float blob_distance(float x, float y, float a, float b, uint32_t seed)
{
    float angle = atan2f(y / b, x / a), r = sqrtf(x * x / (a * a) + y * y / (b * b)), edge = 0.78f;
    for (int k = 2; k <= 6; k++) {
        uint32_t h = demo_mix((uint32_t)k, 77u, seed);
        float size = (float)(h & 1023u) / 1023.0f * 0.5f / (float)k;
        edge += size * cosf((float)k * angle + (float)(h >> 16) * 1e-4f);
    }
    return (r - edge) * (a < b ? a : b);
}

static float local_distance(const demo_shape_t *s, float x, float y)
{
    switch (s->kind) {
    case DEMO_RECT:
        return rect_distance(x, y, s->a, s->b, s->round);
    case DEMO_ELLIPSE:
        return ellipse_distance(x, y, s->a, s->b);
    case DEMO_RING:
        return fabsf(sqrtf(x * x + y * y) - 0.5f * (s->a + s->b)) - 0.5f * (s->a - s->b);
    case DEMO_POLYGON:
        return polygon_distance(x, y, s->a, s->n);
    case DEMO_STAR:
        return star_distance(x, y, s->a, s->b, s->n, 1);
    case DEMO_GEAR:
        return star_distance(x, y, s->a, s->b, s->n, 4);
    case DEMO_CROSS: {
        float p = rect_distance(x, y, s->a, s->b, s->round), q = rect_distance(x, y, s->b, s->a, s->round);
        return p < q ? p : q;
    }
    case DEMO_UBAR: {
        float t = 0.35f * s->a, sides = rect_distance(fabsf(x) - s->a + t, y, t, s->b, s->round);
        float foot = rect_distance(x, y - s->b + t, s->a, t, s->round);
        return sides < foot ? sides : foot;
    }
    case DEMO_BLOB:
        return blob_distance(x, y, s->a, s->b, s->seed);
    case DEMO_EVERYWHERE:
        return -1e3f;
    }
    return 1e3f;
}

/* A shape with its rotation worked out, for loops over pixels. */
typedef struct {
    const demo_shape_t *shape;
    float c, s;
} frame_t;

static frame_t frame_of(const demo_shape_t *shape)
{
    return (frame_t){shape, cosf(shape->angle), sinf(shape->angle)};
}

static void to_local(frame_t frame, float *x, float *y)
{
    const demo_shape_t *s = frame.shape;
    float dx = *x - s->x, dy = *y - s->y;
    *x = frame.c * dx + frame.s * dy;
    *y = frame.c * dy - frame.s * dx;
    if (s->bend != 0 && *x > 0) *y -= s->bend * *x * *x / s->a;
}

static float frame_distance(frame_t frame, float x, float y)
{
    to_local(frame, &x, &y);
    return local_distance(frame.shape, x, y);
}

float demo_shape_distance(const demo_shape_t *shape, float x, float y)
{
    return frame_distance(frame_of(shape), x, y);
}

float demo_shape_coverage(const demo_canvas_t *canvas, const demo_shape_t *shape, float x, float y)
{
    return clamp01(0.5f - demo_shape_distance(shape, x, y) * canvas->pixels);
}

float demo_shape_reach(const demo_shape_t *shape)
{
    if (shape->kind == DEMO_EVERYWHERE) return 1e3f;
    float bend = fabsf(shape->bend) * shape->a;
    return 1.45f * (shape->a > shape->b ? shape->a : shape->b) + bend;
}

void demo_canvas_window(int window[4], const demo_canvas_t *canvas, float x, float y, float reach)
{
    float px = canvas->origin_x + x * canvas->pixels, py = canvas->origin_y + y * canvas->pixels;
    float r = reach * canvas->pixels + 2, w = (float)canvas->width, h = (float)canvas->height;
    float edges[4] = {px - r, px + r, py - r, py + r}, most[4] = {w, w, h, h};
    for (int i = 0; i < 4; i++) window[i] = (int)(edges[i] < 0 ? 0 : edges[i] > most[i] ? most[i] : edges[i]);
}

/* Brightness of the rim: the outline's normal against the light, fading over the bevel's width. */
static float bevel_shade(const demo_canvas_t *canvas, frame_t frame, float x, float y, float distance, float bevel)
{
    if (bevel <= 0 || distance < -bevel) return 0;
    float e = 0.7f / canvas->pixels;
    float gx = frame_distance(frame, x + e, y) - frame_distance(frame, x - e, y);
    float gy = frame_distance(frame, x, y + e) - frame_distance(frame, x, y - e);
    float g = sqrtf(gx * gx + gy * gy) + 1e-9f, depth = 1 + distance / bevel;
    return clamp01(depth) * (gx * canvas->light_x + gy * canvas->light_y) / g;
}

void demo_draw_shape(demo_canvas_t *canvas, const demo_shape_t *shape, const demo_shape_t *cut,
                     const demo_paint_t *paint, int part)
{
    int window[4];
    float size = shape->kind == DEMO_EVERYWHERE ? 1 : shape->a > shape->b ? shape->a : shape->b;
    frame_t frame = frame_of(shape);
    demo_canvas_window(window, canvas, shape->x, shape->y, demo_shape_reach(shape));
    for (int row = window[2]; row < window[3]; row++) {
        for (int column = window[0]; column < window[1]; column++) {
            float x = demo_canvas_x(canvas, column), y = demo_canvas_y(canvas, row), u = x, v = y;
            to_local(frame, &u, &v);
            float distance = local_distance(shape, u, v);
            float coverage = clamp01(0.5f - distance * canvas->pixels);
            if (coverage > 0 && cut) coverage *= 1 - demo_shape_coverage(canvas, cut, x, y);
            if (coverage <= 0) continue;
            float color[3];
            demo_paint_at(color, paint, u, v);
            float along = ((x - shape->x) * canvas->light_x + (y - shape->y) * canvas->light_y) / size;
            float gain = 1 + 0.45f * bevel_shade(canvas, frame, x, y, distance, paint->bevel);
            float spot = along - 0.35f, extra = paint->shine * (0.12f * along + 0.35f * expf(-spot * spot * 14));
            size_t i = (size_t)row * (size_t)canvas->width + (size_t)column;
            for (int c = 0; c < 3; c++) {
                float value = clamp01(color[c] * gain + extra * (0.35f + color[c]));
                canvas->rgb[3 * i + (size_t)c] += coverage * paint->alpha * (value - canvas->rgb[3 * i + (size_t)c]);
            }
            if (part >= 0 && coverage >= 0.5f) canvas->part[i] = (uint8_t)part;
        }
    }
}

void demo_draw_shadow(demo_canvas_t *canvas, const demo_shape_t *shape, float depth, float strength)
{
    int window[4];
    if (shape->kind == DEMO_EVERYWHERE || depth <= 0) return;
    frame_t frame = frame_of(shape);
    demo_canvas_window(window, canvas, shape->x, shape->y, demo_shape_reach(shape) + 3 * depth);
    for (int row = window[2]; row < window[3]; row++) {
        for (int column = window[0]; column < window[1]; column++) {
            float x = demo_canvas_x(canvas, column) + depth * canvas->light_x;
            float y = demo_canvas_y(canvas, row) + depth * canvas->light_y;
            float dark = clamp01(0.5f - 0.5f * frame_distance(frame, x, y) / depth);
            size_t i = (size_t)row * (size_t)canvas->width + (size_t)column;
            float gain = 1 - strength * dark * dark * (3 - 2 * dark);
            for (size_t c = 0; c < 3; c++) canvas->rgb[3 * i + c] *= gain;
        }
    }
}
