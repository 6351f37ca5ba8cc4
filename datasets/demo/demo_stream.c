/* The training stream: random scenes, rendered at twice the model's size or more and averaged down. */
#include "demo.h"
#include "demo_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static uint8_t to_byte(float x)
{
    return (uint8_t)(x <= 0 ? 0 : x >= 1 ? 255 : x * 255 + 0.5f);
}

/* Means of the cells of a size x size grid; the part of a cell is that of its middle pixel. */
static void shrink(uint8_t *rgb, uint8_t *part, uint8_t *defect, const demo_canvas_t *canvas, int size)
{
    int fx = canvas->width / size, fy = canvas->height / size;
    float scale = 1 / (float)(fx * fy);
    for (int row = 0; row < size; row++) {
        for (int column = 0; column < size; column++) {
            float sum[4] = {0};
            for (int y = 0; y < fy; y++) {
                for (int x = 0; x < fx; x++) {
                    size_t i = (size_t)(row * fy + y) * (size_t)canvas->width + (size_t)(column * fx + x);
                    for (size_t c = 0; c < 3; c++) {
                        float value = canvas->rgb[3 * i + c];
                        sum[c] += value < 0 ? 0 : value > 1 ? 1 : value;
                    }
                    sum[3] += canvas->defect[i];
                }
            }
            size_t o = (size_t)row * (size_t)size + (size_t)column;
            for (size_t c = 0; c < 3; c++) rgb[3 * o + c] = to_byte(sum[c] * scale);
            defect[o] = to_byte(sum[3] * scale);
            part[o] =
                canvas->part[(size_t)(row * fy + fy / 2) * (size_t)canvas->width + (size_t)(column * fx + fx / 2)];
        }
    }
}

/* What one picture of a scene shows. */
typedef struct {
    demo_defect_t defect;
    demo_view_t view;
} shot_t;

static void write_text(char *text, size_t room, int64_t number, const demo_scene_t *scene, const shot_t *shots,
                       int images)
{
    size_t n = (size_t)snprintf(text, room, "{\"scene\":%lld,\"noun\":\"%s\",\"background\":\"%s\",\"items\":[",
                                (long long)number, scene->noun, scene->background);
    for (int i = 0; i < scene->n_items; i++) {
        const demo_item_t *item = &scene->items[i];
        n += (size_t)snprintf(
            text + n, room - n,
            "%s{\"noun\":\"%s\",\"color\":\"%s\",\"texture\":\"%s\",\"shape\":\"%s\",\"material\":\"%s\","
            "\"location\":\"%s\",\"count\":%d}",
            i ? "," : "", item->noun, item->color, item->texture, item->shape, item->material, item->location,
            item->copies);
    }
    n += (size_t)snprintf(text + n, room - n, "],\"images\":[");
    for (int i = 0; i < images; i++)
        n += (size_t)snprintf(text + n, room - n, "%s{\"defect\":\"%s\",\"item\":%d,\"color\":\"%s\",\"zoom\":%.2f}",
                              i ? "," : "", demo_defect_name(shots[i].defect.kind), shots[i].defect.item,
                              shots[i].defect.color ? shots[i].defect.color : "", (double)shots[i].view.zoom);
    (void)snprintf(text + n, room - n, "]}");
}

static status_t stream_scene(FILE *out, const rng_t *rng, int64_t number, int images, int size, uint8_t *pixels)
{
    demo_scene_t scene;
    shot_t shots[16] = {{.view = {.zoom = 1}}};
    rng_t scene_rng = rng_split(rng, 0), defect_rng = rng_split(rng, 1);
    size_t area = (size_t)size * (size_t)size;
    char text[8192];
    demo_random_scene(&scene, &scene_rng);
    scene.width = scene.width / 96 * size;
    scene.height = scene.height / 96 * size;
    for (int i = 1; i < images; i++) {
        shots[i] = (shot_t){.view = {.zoom = 1}};
        if (rng_below(&defect_rng, 4) != 0) shots[i].defect = demo_random_defect(&scene, &defect_rng);
        if (rng_below(&defect_rng, 6) != 0) continue;
        shots[i].view.zoom = 1.5f + 2.0f * (float)rng_uniform(&defect_rng);
        shots[i].view.x = 1.2f * (float)(rng_uniform(&defect_rng) - 0.5);
        shots[i].view.y = 1.2f * (float)(rng_uniform(&defect_rng) - 0.5);
    }
    write_text(text, sizeof text, number, &scene, shots, images);
    uint32_t head[3] = {(uint32_t)size, (uint32_t)images, (uint32_t)strlen(text)};
    bool good =
        fwrite("FGDS", 4, 1, out) == 1 && fwrite(head, sizeof head, 1, out) == 1 && fwrite(text, head[2], 1, out) == 1;
    for (int i = 0; good && i < images; i++) {
        rng_t image_rng = rng_split(rng, (uint64_t)(16 + i));
        demo_canvas_t canvas;
        const demo_defect_t *defect = shots[i].defect.kind == DEMO_GOOD ? NULL : &shots[i].defect;
        TRY(demo_render(&canvas, &scene, shots[i].view, scene.width, scene.height, defect, &image_rng));
        shrink(pixels, pixels + 3 * area, pixels + 4 * area, &canvas, size);
        demo_canvas_free(&canvas);
        good = fwrite(pixels, 5 * area, 1, out) == 1;
    }
    return good ? ST_OK : fail(ST_EIO, "training stream: scene %lld could not be written", (long long)number);
}

status_t demo_stream(FILE *out, uint64_t seed, int64_t first, int64_t stride, int64_t scenes, int images, int size)
{
    REQUIRE(images > 0 && images <= 16 && size > 0 && stride > 0);
    rng_t rng = rng_init("demo", "training", 0, seed, "stream");
    uint8_t *pixels = base_alloc((size_t)size * (size_t)size, 5);
    status_t status = pixels ? ST_OK : ST_ENOMEM;
    for (int64_t i = 0; status == ST_OK && i < scenes; i++) {
        rng_t scene_rng = rng_split(&rng, (uint64_t)(first + i * stride));
        status = stream_scene(out, &scene_rng, first + i * stride, images, size, pixels);
    }
    free(pixels);
    return status;
}
