/* The demo set on disk, in MVTec-AD's layout. */
#include "demo.h"
#include "demo_internal.h"
#include "io/io.h"

#include <stdlib.h>
#include <string.h>

#define PATH_ROOM 4096

static uint8_t to_byte(float x)
{
    return (uint8_t)(x <= 0 ? 0 : x >= 1 ? 255 : x * 255 + 0.5f);
}

/* One picture named `split`/`folder`/NNN; its stream of random numbers is keyed by that name. */
static status_t write_picture(const char *out_dir, const demo_category_t *category, uint64_t seed, const char *split,
                              const char *folder, int number, const demo_defect_t *defect)
{
    status_t status = ST_OK;
    const demo_scene_t *scene = &category->scene;
    char path[PATH_ROOM], purpose[128];
    (void)snprintf(purpose, sizeof purpose, "%s/%s", split, folder);
    rng_t all = rng_init("demo", scene->name, 0, seed, purpose), rng = rng_split(&all, (uint64_t)number);
    demo_canvas_t canvas;
    TRY(demo_render(&canvas, scene, (demo_view_t){.zoom = 1}, scene->width, scene->height, defect, &rng));
    size_t n = (size_t)canvas.width * (size_t)canvas.height;
    uint8_t *bytes = base_alloc(n, 3);
    if (!bytes) {
        status = ST_ENOMEM;
        goto done;
    }
    for (size_t i = 0; i < 3 * n; i++) bytes[i] = to_byte(canvas.rgb[i]);
    (void)snprintf(path, sizeof path, "%s/%s/%s/%s/%03d.png", out_dir, scene->name, split, folder, number);
    TRY_DONE(io_png_write(path, bytes, canvas.width, canvas.height, 3));
    if (!defect) goto done;
    for (size_t i = 0; i < n; i++) bytes[i] = canvas.defect[i] >= 0.5f ? 255 : 0;
    (void)snprintf(path, sizeof path, "%s/%s/ground_truth/%s/%03d_mask.png", out_dir, scene->name, folder, number);
    TRY_DONE(io_png_write(path, bytes, canvas.width, canvas.height, 1));
done:
    free(bytes);
    demo_canvas_free(&canvas);
    return status;
}

static status_t write_folder(const char *out_dir, const demo_category_t *category, uint64_t seed, const char *split,
                             const char *folder, int count, const demo_defect_t *defect)
{
    char path[PATH_ROOM];
    (void)snprintf(path, sizeof path, "%s/%s/%s/%s", out_dir, category->scene.name, split, folder);
    TRY(io_make_dirs(path));
    if (defect) {
        (void)snprintf(path, sizeof path, "%s/%s/ground_truth/%s", out_dir, category->scene.name, folder);
        TRY(io_make_dirs(path));
    }
    for (int i = 0; i < count; i++) TRY(write_picture(out_dir, category, seed, split, folder, i, defect));
    return ST_OK;
}

int demo_categories(void)
{
    return demo_category_count();
}

const char *demo_category_name(int index)
{
    demo_category_t category;
    demo_category_get(&category, index);
    return category.scene.name;
}

status_t demo_generate_category(const char *out_dir, int index, uint64_t seed)
{
    demo_category_t category;
    if (strlen(out_dir) > PATH_ROOM - 256) return fail(ST_EIO, "'%.60s...': the path is too long", out_dir);
    demo_category_get(&category, index);
    TRY(write_folder(out_dir, &category, seed, "train", "good", DEMO_TRAIN_GOOD, NULL));
    TRY(write_folder(out_dir, &category, seed, "test", "good", DEMO_TEST_GOOD, NULL));
    for (int k = 0; k < category.n_defects; k++)
        TRY(write_folder(out_dir, &category, seed, "test", category.folders[k], DEMO_TEST_DEFECT,
                         &category.defects[k]));
    return ST_OK;
}

status_t demo_generate(const char *out_dir, uint64_t seed)
{
    for (int i = 0; i < demo_category_count(); i++) TRY(demo_generate_category(out_dir, i, seed));
    return ST_OK;
}
