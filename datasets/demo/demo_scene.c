/* A scene becomes a picture: pose, light, background, components in order, defects, sensor. */
#include "demo_internal.h"

#include <math.h>
#include <string.h>

static float between(rng_t *rng, float low, float high)
{
    return low + (high - low) * (float)rng_uniform(rng);
}

static void draw_background(demo_canvas_t *canvas, const demo_scene_t *scene, rng_t *rng)
{
    const char *color = strcmp(scene->background, "none") == 0 ? "gray" : scene->background;
    demo_paint_t paint = demo_paint_of(color, scene->background_texture, NULL, rng);
    demo_shape_t all = {.kind = DEMO_EVERYWHERE};
    float gain = between(rng, 0.9f, 1.08f);
    for (int c = 0; c < 3; c++) paint.color[c] *= gain * between(rng, 0.97f, 1.03f);
    paint.scale *= 0.8f * (scene->background_grain > 0 ? scene->background_grain : 1);
    paint.amount *= between(rng, 0.45f, 0.75f);
    demo_draw_shape(canvas, &all, NULL, &paint, 0);
}

/* The outline of one copy in the scene: jitter, then the object's pose. */
static demo_shape_t place(const demo_item_t *item, int copy, const float pose[4], rng_t *rng)
{
    demo_shape_t s = item->outline;
    float x = item->at[copy][0] + item->place_jitter * between(rng, -1, 1);
    float y = item->at[copy][1] + item->place_jitter * between(rng, -1, 1);
    float size = 1 + item->size_jitter * between(rng, -1, 1);
    float c = cosf(pose[2]), n = sinf(pose[2]);
    s.angle += item->at[copy][2] + pose[2] + item->angle_jitter * between(rng, -1, 1);
    s.x = pose[0] + pose[3] * (c * x - n * y);
    s.y = pose[1] + pose[3] * (n * x + c * y);
    s.a *= size * pose[3];
    s.b *= size * pose[3];
    s.round *= size * pose[3];
    s.seed = rng_u32(rng);
    return s;
}

/* A bite out of the outline: the cut lies on a boundary point in a drawn direction. */
static demo_shape_t broken_cut(const demo_shape_t *s, float strength, rng_t *rng)
{
    float angle = between(rng, 0, 2 * DEMO_PI), small = s->a < s->b ? s->a : s->b, reach = 0;
    float large = s->a > s->b ? s->a : s->b, limit = 1.5f * large;
    for (float r = limit; r > 0; r -= 0.01f) {
        if (demo_shape_distance(s, s->x + r * cosf(angle), s->y + r * sinf(angle)) > 0) continue;
        reach = r;
        break;
    }
    float size = between(rng, 0.35f, 0.6f) * (s->kind == DEMO_RING ? 0.5f * large : small) * strength;
    size = size < 0.06f ? 0.06f : size > 0.28f ? 0.28f : size;
    reach -= 0.3f * size;
    return (demo_shape_t){.kind = DEMO_BLOB,
                          .x = s->x + reach * cosf(angle),
                          .y = s->y + reach * sinf(angle),
                          .a = size,
                          .b = size * between(rng, 0.7f, 1),
                          .angle = angle,
                          .seed = rng_u32(rng)};
}

static void mark(demo_canvas_t *canvas, const demo_shape_t *shape, const demo_shape_t *within)
{
    int window[4];
    demo_canvas_window(window, canvas, shape->x, shape->y, demo_shape_reach(shape));
    for (int row = window[2]; row < window[3]; row++) {
        for (int column = window[0]; column < window[1]; column++) {
            float x = demo_canvas_x(canvas, column), y = demo_canvas_y(canvas, row);
            float cover = demo_shape_coverage(canvas, shape, x, y);
            if (within) cover *= demo_shape_coverage(canvas, within, x, y);
            size_t i = (size_t)row * (size_t)canvas->width + (size_t)column;
            if (cover > canvas->defect[i]) canvas->defect[i] = cover;
        }
    }
}

/* Only the end beyond the middle moves when a part is bent. */
static void mark_bent(demo_canvas_t *canvas, const demo_shape_t *bent)
{
    demo_shape_t straight = *bent;
    straight.bend = 0;
    float c = cosf(bent->angle), n = sinf(bent->angle);
    int window[4];
    demo_canvas_window(window, canvas, bent->x, bent->y, demo_shape_reach(bent));
    for (int row = window[2]; row < window[3]; row++) {
        for (int column = window[0]; column < window[1]; column++) {
            float x = demo_canvas_x(canvas, column), y = demo_canvas_y(canvas, row);
            if (c * (x - bent->x) + n * (y - bent->y) < 0.25f * bent->a) continue;
            float p = demo_shape_coverage(canvas, bent, x, y), q = demo_shape_coverage(canvas, &straight, x, y);
            size_t i = (size_t)row * (size_t)canvas->width + (size_t)column;
            float cover = p > q ? p : q;
            if (cover > canvas->defect[i]) canvas->defect[i] = cover;
        }
    }
}

/* What is left where a part is missing: its dark seat. */
static void draw_seat(demo_canvas_t *canvas, const demo_shape_t *shape, rng_t *rng)
{
    demo_paint_t seat = {.color = {0.12f, 0.11f, 0.10f},
                         .alpha = between(rng, 0.55f, 0.8f),
                         .texture = DEMO_ROUGH,
                         .amount = 0.3f,
                         .scale = 16,
                         .bevel = 0.03f,
                         .seed = rng_u32(rng)};
    demo_draw_shape(canvas, shape, NULL, &seat, -1);
}

static void draw_item(demo_canvas_t *canvas, const demo_item_t *item, int index, const float pose[4],
                      const demo_defect_t *defect, rng_t *rng)
{
    demo_paint_t paint = demo_paint_of(item->color, item->texture, item->material, rng);
    float gain = between(rng, 0.93f, 1.07f);
    if (item->grain > 0) paint.scale *= item->grain;
    for (int c = 0; c < 3; c++) paint.color[c] *= gain * between(rng, 0.97f, 1.03f);
    if (item->outline.kind == DEMO_EVERYWHERE) paint.scale *= between(rng, 0.9f, 1.1f);
    bool hit = defect && defect->item == index;
    int victim = hit ? (int)rng_below(rng, (uint32_t)item->copies) : -1;
    for (int k = 0; k < item->copies; k++) {
        demo_shape_t shape = place(item, k, pose, rng), cut, *bite = NULL;
        demo_paint_t own = paint;
        own.seed += (uint32_t)k;
        if (k == victim && defect->kind == DEMO_MISSING) {
            draw_seat(canvas, &shape, rng);
            mark(canvas, &shape, NULL);
            continue;
        }
        if (k == victim && defect->kind == DEMO_BROKEN) {
            cut = broken_cut(&shape, defect->strength, rng);
            bite = &cut;
            mark(canvas, &cut, &shape);
        }
        if (k == victim && defect->kind == DEMO_BENT) {
            shape.bend = between(rng, 0.5f, 0.9f) * defect->strength * (rng_below(rng, 2) ? 1.0f : -1.0f);
            mark_bent(canvas, &shape);
        }
        if (k == victim && defect->kind == DEMO_WRONG_COLOR) {
            REQUIRE(demo_color_of(own.color, defect->color));
            mark(canvas, &shape, NULL);
        }
        float thick = index == 0 ? 0.04f : 0.025f;
        if (item->material && strcmp(item->material, "paper") != 0 && !bite)
            demo_draw_shadow(canvas, &shape, thick, 0.4f);
        demo_draw_shape(canvas, &shape, bite, &own, index + 1);
    }
}

/* Light that falls unevenly, a slight blur of nothing, and the sensor's noise. */
static void expose(demo_canvas_t *canvas, const demo_scene_t *scene, rng_t *rng)
{
    float gain = 1 + scene->light * between(rng, -1, 1), warm = 0.03f * between(rng, -1, 1);
    float gx = 0.7f * scene->light * between(rng, -1, 1), gy = 0.7f * scene->light * between(rng, -1, 1);
    float tint[3] = {1 + warm, 1, 1 - warm}, sigma = scene->noise * between(rng, 0.7f, 1.3f);
    uint32_t seed = rng_u32(rng);
    for (int row = 0; row < canvas->height; row++) {
        for (int column = 0; column < canvas->width; column++) {
            size_t i = (size_t)row * (size_t)canvas->width + (size_t)column;
            float x = 2 * ((float)column / (float)canvas->width) - 1, y = 2 * ((float)row / (float)canvas->height) - 1;
            float light = gain * (1 + gx * x + gy * y);
            for (size_t c = 0; c < 3; c++) {
                /* Four bytes of a hash, summed: near enough to a normal, and cheap. */
                uint32_t h = demo_mix((uint32_t)(3 * i + c), 9u, seed);
                float sum = (float)(h & 255u) + (float)(h >> 8 & 255u) + (float)(h >> 16 & 255u) + (float)(h >> 24);
                float noise = (sum - 510) / 147.8f;
                canvas->rgb[3 * i + c] = canvas->rgb[3 * i + c] * light * tint[c] + sigma * noise;
            }
        }
    }
}

status_t demo_render(demo_canvas_t *canvas, const demo_scene_t *scene, demo_view_t view, int width, int height,
                     const demo_defect_t *defect, const rng_t *rng)
{
    rng_t pose_rng = rng_split(rng, 1), paint_rng = rng_split(rng, 2), defect_rng = rng_split(rng, 3);
    TRY(demo_canvas_init(canvas, width, height, view));
    float lamp = -2.2f + between(&pose_rng, -0.3f, 0.3f);
    canvas->light_x = cosf(lamp);
    canvas->light_y = sinf(lamp);
    float pose[4] = {scene->shift * between(&pose_rng, -1, 1), scene->shift * between(&pose_rng, -1, 1),
                     scene->turn * between(&pose_rng, -1, 1), 1 + scene->zoom * between(&pose_rng, -1, 1)};
    draw_background(canvas, scene, &paint_rng);
    for (int i = 0; i < scene->n_items; i++) {
        rng_t item_rng = rng_split(rng, (uint64_t)(16 + i));
        draw_item(canvas, &scene->items[i], i, pose, defect, &item_rng);
    }
    if (defect && demo_defect_is_surface(defect->kind))
        for (int k = 0; k <= defect->more; k++) demo_draw_defect(canvas, defect, &defect_rng);
    expose(canvas, scene, &paint_rng);
    return ST_OK;
}
