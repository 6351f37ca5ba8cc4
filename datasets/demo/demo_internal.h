/* Private to datasets/demo: the drawing kit (demo_draw.c, demo_paint.c), the scene (demo_scene.c), its defects
 * (demo_defects.c) and the two sources of scenes (demo_categories.c, demo_random.c).
 *
 * Coordinates are scene units: the shorter image side spans [-1, 1], x to the right, y down, (0, 0) the centre. */
#ifndef FGAD_DEMO_INTERNAL_H
#define FGAD_DEMO_INTERNAL_H

#include "base/base.h"

#define DEMO_MAX_ITEMS 5
#define DEMO_MAX_COPIES 12
#define DEMO_MAX_POINTS 24
#define DEMO_PI 3.14159265358979323846f

typedef enum {
    DEMO_RECT,
    DEMO_ELLIPSE,
    DEMO_RING,
    DEMO_POLYGON,
    DEMO_STAR,
    DEMO_GEAR,
    DEMO_CROSS,
    DEMO_UBAR,
    DEMO_BLOB,
    DEMO_EVERYWHERE
} demo_kind_t;

typedef struct {
    demo_kind_t kind;
    float x, y;    /* centre */
    float a, b;    /* half width and half height before rotation */
    float angle;   /* radians */
    float round;   /* corner radius */
    int n;         /* corners or teeth */
    float bend;    /* the right end is bent: y grows by bend * (x beyond the middle)^2 / a */
    uint32_t seed; /* outline of a blob */
} demo_shape_t;

typedef enum {
    DEMO_SMOOTH,
    DEMO_ROUGH,
    DEMO_GLOSSY,
    DEMO_MATTE,
    DEMO_GRAINY,
    DEMO_WOVEN,
    DEMO_FIBROUS,
    DEMO_STRIPED,
    DEMO_RIDGED,
    DEMO_SPECKLED,
    DEMO_WRINKLED,
    DEMO_THREADED,
    DEMO_PRINTED,
    DEMO_POROUS,
    DEMO_TEXTURES
} demo_texture_t;

typedef struct {
    float color[3];
    float alpha; /* 1 opaque */
    demo_texture_t texture;
    float amount; /* contrast of the texture */
    float scale;  /* texture periods a unit */
    float bevel;  /* width of the shaded rim, units; 0 none */
    float shine;  /* strength of the highlight across the shape */
    uint32_t seed;
} demo_paint_t;

/* rgb (height, width, 3) in [0, 1]; part (height, width): 0 background, 1 + item; defect (height, width): share of
 * the pixel that a defect covers. All owned by the canvas. */
typedef struct {
    int width, height;
    float pixels;             /* a unit */
    float origin_x, origin_y; /* pixel of (0, 0) */
    float light_x, light_y;   /* direction the light comes from, unit length */
    float *rgb;
    float *defect;
    uint8_t *part;
} demo_canvas_t;

/* One component: `copies` equal shapes, in object coordinates. Words are vocabulary words or nouns. */
typedef struct {
    const char *noun, *color, *texture, *shape, *material, *location;
    demo_shape_t outline;
    float grain;        /* texture periods relative to the usual; 0 means 1 */
    float size_jitter;  /* relative */
    float place_jitter; /* units */
    float angle_jitter; /* radians */
    int copies;
    float at[DEMO_MAX_COPIES][3]; /* x, y, angle */
} demo_item_t;

typedef struct {
    const char *name;       /* category */
    const char *noun;       /* of the foreground */
    const char *background; /* colour word, or "none" for a texture that fills the image */
    const char *background_texture;
    float background_grain; /* as an item's grain */
    int width, height;
    float shift, turn, zoom; /* pose: largest shift, largest rotation, relative size change */
    float noise;             /* sigma of the sensor's noise */
    float light;             /* largest relative change of brightness */
    int n_items;
    demo_item_t items[DEMO_MAX_ITEMS];
} demo_scene_t;

typedef enum {
    DEMO_GOOD,
    DEMO_SCRATCH,
    DEMO_CRACK,
    DEMO_HOLE,
    DEMO_STAIN,
    DEMO_DENT,
    DEMO_CONTAMINATION,
    DEMO_THREAD,
    DEMO_BROKEN,
    DEMO_MISSING,
    DEMO_WRONG_COLOR,
    DEMO_BENT,
    DEMO_DEFECTS
} demo_defect_kind_t;

typedef struct {
    demo_defect_kind_t kind;
    int item;          /* the component that is hit */
    const char *color; /* new colour of DEMO_WRONG_COLOR; NULL: drawn */
    float strength;    /* contrast and size, 1 usual */
    int more;          /* how often a surface defect is drawn beyond the first time */
} demo_defect_t;

/* Part of the scene that is shown: `zoom` > 1 is a close-up around (x, y). */
typedef struct {
    float zoom, x, y;
} demo_view_t;

/* demo_draw.c */
status_t demo_canvas_init(demo_canvas_t *canvas, int width, int height, demo_view_t view);
void demo_canvas_free(demo_canvas_t *canvas);
/* Signed distance in units (negative inside), exact or a close bound near the outline. */
float demo_shape_distance(const demo_shape_t *shape, float x, float y);
/* Share of the pixel at (x, y) inside the shape, in [0, 1]. */
float demo_shape_coverage(const demo_canvas_t *canvas, const demo_shape_t *shape, float x, float y);
/* Draws the shape minus `cut` (may be NULL); pixels that are mostly covered get `part` when it is >= 0. */
void demo_draw_shape(demo_canvas_t *canvas, const demo_shape_t *shape, const demo_shape_t *cut,
                     const demo_paint_t *paint, int part);
void demo_draw_shadow(demo_canvas_t *canvas, const demo_shape_t *shape, float depth, float strength);
/* Largest extent of a shape from its centre, in units. */
float demo_shape_reach(const demo_shape_t *shape);
/* Pixel rectangle [x0, x1) x [y0, y1) that holds the square of half side `reach` around (x, y). */
void demo_canvas_window(int window[4], const demo_canvas_t *canvas, float x, float y, float reach);
static inline float demo_canvas_x(const demo_canvas_t *canvas, int column)
{
    return ((float)column + 0.5f - canvas->origin_x) / canvas->pixels;
}
static inline float demo_canvas_y(const demo_canvas_t *canvas, int row)
{
    return ((float)row + 0.5f - canvas->origin_y) / canvas->pixels;
}

/* demo_paint.c */
float demo_noise(float x, float y, uint32_t seed); /* smooth value noise in [-1, 1], period-free, one bump a unit */
uint32_t demo_mix(uint32_t a, uint32_t b, uint32_t seed);
/* out (3): the paint at local coordinates (u, v) of a shape of half size `half`; `inside` = distance to the outline. */
void demo_paint_at(float out[3], const demo_paint_t *paint, float u, float v);
/* Colour of a vocabulary word, and the texture of one; false when the word is not known. */
bool demo_color_of(float out[3], const char *word);
bool demo_texture_of(demo_texture_t *out, const char *word);
/* Paint of an item or background from its words. */
demo_paint_t demo_paint_of(const char *color, const char *texture, const char *material, rng_t *rng);

/* demo_defects.c */
/* Draws a surface defect over the finished object and marks it. Defects of shape (broken, missing, wrong colour,
 * bent) are the scene's own. */
void demo_draw_defect(demo_canvas_t *canvas, const demo_defect_t *defect, rng_t *rng);
bool demo_defect_is_surface(demo_defect_kind_t kind);
const char *demo_defect_name(demo_defect_kind_t kind);

/* demo_scene.c */
/* Renders into a fresh canvas. The picture is a pure function of scene, view, defect and rng's key. */
status_t demo_render(demo_canvas_t *canvas, const demo_scene_t *scene, demo_view_t view, int width, int height,
                     const demo_defect_t *defect, const rng_t *rng);

/* demo_categories.c */
typedef struct {
    demo_scene_t scene;
    int n_defects;
    demo_defect_t defects[8];
    const char *folders[8]; /* folder name of each defect under test/ */
} demo_category_t;
int demo_category_count(void);
void demo_category_get(demo_category_t *out, int index);

/* demo_random.c */
/* A scene of the training stream. Its rng decides everything; combinations that the demo set shows are avoided. */
void demo_random_scene(demo_scene_t *scene, rng_t *rng);
demo_defect_t demo_random_defect(const demo_scene_t *scene, rng_t *rng);

#endif
