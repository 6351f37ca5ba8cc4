/* Scenes of the training stream: nouns, colours, surfaces and arrangements drawn at random, without what the demo
 * set shows. */
#include "demo_internal.h"

#include <math.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define PICK(rng, array) ((array)[rng_below(rng, (uint32_t)COUNT(array))])

static const char *const COLORS[] = {"black", "white",  "gray", "silver", "red",   "orange", "yellow", "green",
                                     "blue",  "purple", "pink", "brown",  "beige", "golden", "copper", "transparent"};
static const char *const TEXTURES[] = {"smooth",  "rough",  "glossy",   "matte",    "grainy",   "woven",   "fibrous",
                                       "striped", "ridged", "speckled", "wrinkled", "threaded", "printed", "porous"};
static const char *const MATERIALS[] = {"metal",  "plastic", "glass", "wood", "leather", "rubber", "ceramic",
                                        "fabric", "paper",   "foam",  "wax",  "stone",   "organic"};

/* Pairs of noun and colour that the demo set shows. */
static const char *const HELD_OUT[][2] = {
    {"board", "green"}, {"chip", "black"},  {"contact", "golden"}, {"capacitor", "blue"},  {"resistor", "beige"},
    {"fabric", "blue"}, {"gear", "golden"}, {"seal", "red"},       {"connector", "black"}, {"housing", "black"},
    {"label", "white"}, {"pin", "silver"},  {"tablet", "pink"},    {"button", "white"},
};

typedef struct {
    const char *noun;
    const char *shape; /* NULL: any */
} word_shape_t;

static const word_shape_t BASES[] = {
    {"plate", NULL},
    {"panel", "rectangular"},
    {"board", "rectangular"},
    {"disc", "round"},
    {"lid", "round"},
    {"block", "square"},
    {"case", "rectangular"},
    {"housing", "rectangular"},
    {"card", "rectangular"},
    {"gear", "gear"},
    {"tablet", "oval"},
    {"tablet", "round"},
    {"cap", "round"},
    {"base", NULL},
    {"frame", "square"},
    {"part", NULL},
    {"connector", "rectangular"},
    {"bracket", "u-shaped"},
    {"nut", "hexagonal"},
    {"coin", "round"},
    {"box", "square"},
    {"cookie", "irregular"},
    {"washer", "ring-shaped"},
    {"bar", "elongated"},
    {"star", "star-shaped"},
    {"cross", "cross-shaped"},
    {"bottle", "cylindrical"},
    {"candle", "round"},
    {"object", NULL},
    {"wheel", "gear"},
};
static const word_shape_t SMALLS[] = {
    {"screw", "round"},
    {"bolt", "hexagonal"},
    {"nut", "hexagonal"},
    {"chip", "square"},
    {"chip", "rectangular"},
    {"pin", "elongated"},
    {"button", "round"},
    {"ring", "ring-shaped"},
    {"washer", "ring-shaped"},
    {"contact", "round"},
    {"contact", "square"},
    {"capacitor", "round"},
    {"capacitor", "cylindrical"},
    {"resistor", "elongated"},
    {"label", "rectangular"},
    {"cable", "elongated"},
    {"light", "round"},
    {"sensor", "oval"},
    {"switch", "rectangular"},
    {"knob", "round"},
    {"star", "star-shaped"},
    {"gear", "gear"},
    {"cap", "round"},
    {"seal", "ring-shaped"},
    {"cross", "cross-shaped"},
    {"bracket", "u-shaped"},
    {"arrow", "triangular"},
    {"clip", "curved"},
    {"tablet", "oval"},
    {"part", NULL},
};
static const char *const SHEETS[] = {"fabric", "leather", "carpet",  "tile",  "wood",
                                     "cloth",  "sheet",   "surface", "paper", "wall"};
static const char *const SHAPES[] = {
    "round",       "oval",        "square",       "rectangular", "triangular", "hexagonal", "cylindrical", "spherical",
    "ring-shaped", "star-shaped", "cross-shaped", "u-shaped",    "curved",     "elongated", "conical",     "irregular"};

static float between(rng_t *rng, float low, float high)
{
    return low + (high - low) * (float)rng_uniform(rng);
}

/* An outline for a shape word with half width up to a and half height up to b. */
static demo_shape_t outline_of(const char *shape, float a, float b, rng_t *rng)
{
    float r = a < b ? a : b, thin = between(rng, 0.28f, 0.42f);
    if (strcmp(shape, "oval") == 0)
        return (demo_shape_t){.kind = DEMO_ELLIPSE, .a = r, .b = r * between(rng, 0.6f, 0.75f)};
    if (strcmp(shape, "square") == 0) return (demo_shape_t){.kind = DEMO_RECT, .a = r, .b = r, .round = 0.1f * r};
    if (strcmp(shape, "rectangular") == 0)
        return (demo_shape_t){
            .kind = DEMO_RECT, .a = a, .b = (a > b ? b : a * between(rng, 0.5f, 0.75f)), .round = 0.1f * r};
    if (strcmp(shape, "triangular") == 0) return (demo_shape_t){.kind = DEMO_POLYGON, .a = r, .b = r, .n = 3};
    if (strcmp(shape, "hexagonal") == 0) return (demo_shape_t){.kind = DEMO_POLYGON, .a = r, .b = r, .n = 6};
    if (strcmp(shape, "cylindrical") == 0)
        return (demo_shape_t){.kind = DEMO_RECT, .a = a, .b = r * 0.6f, .round = 0.25f * r};
    if (strcmp(shape, "ring-shaped") == 0)
        return (demo_shape_t){.kind = DEMO_RING, .a = r, .b = r * between(rng, 0.45f, 0.65f)};
    if (strcmp(shape, "star-shaped") == 0)
        return (demo_shape_t){.kind = DEMO_STAR, .a = r, .b = r * between(rng, 0.45f, 0.6f), .n = 5};
    if (strcmp(shape, "gear") == 0)
        return (demo_shape_t){
            .kind = DEMO_GEAR, .a = r, .b = r * between(rng, 0.72f, 0.86f), .n = 8 + (int)rng_below(rng, 10)};
    if (strcmp(shape, "cross-shaped") == 0)
        return (demo_shape_t){.kind = DEMO_CROSS, .a = r, .b = r * thin, .round = 0.05f * r};
    if (strcmp(shape, "u-shaped") == 0) return (demo_shape_t){.kind = DEMO_UBAR, .a = r, .b = r, .round = 0.05f * r};
    if (strcmp(shape, "curved") == 0)
        return (demo_shape_t){.kind = DEMO_RECT, .a = a, .b = thin * r, .round = thin * r, .bend = 0.5f};
    if (strcmp(shape, "elongated") == 0)
        return (demo_shape_t){
            .kind = DEMO_RECT, .a = a, .b = r * between(rng, 0.2f, 0.35f), .round = between(rng, 0.03f, 0.2f) * r};
    if (strcmp(shape, "conical") == 0)
        return (demo_shape_t){.kind = DEMO_POLYGON, .a = r, .b = r, .n = 3, .angle = -DEMO_PI / 2};
    if (strcmp(shape, "irregular") == 0)
        return (demo_shape_t){.kind = DEMO_BLOB, .a = r, .b = r * between(rng, 0.75f, 1)};
    return (demo_shape_t){.kind = DEMO_ELLIPSE, .a = r, .b = r};
}

static bool held_out(const char *noun, const char *color)
{
    for (size_t i = 0; i < COUNT(HELD_OUT); i++)
        if (strcmp(HELD_OUT[i][0], noun) == 0 && strcmp(HELD_OUT[i][1], color) == 0) return true;
    return false;
}

static float color_gap(const char *one, const char *other)
{
    float a[3], b[3], gap = 0;
    REQUIRE(demo_color_of(a, one) && demo_color_of(b, other));
    for (int c = 0; c < 3; c++) gap += fabsf(a[c] - b[c]);
    return gap;
}

/* A colour for `noun` that stands out against `behind` and was not used by the scene before. */
static const char *pick_color(const char *noun, const char *behind, const demo_scene_t *scene, rng_t *rng)
{
    const char *color = COLORS[0];
    for (int attempt = 0; attempt < 200; attempt++) {
        color = PICK(rng, COLORS);
        bool used = false;
        for (int i = 0; i < scene->n_items; i++) used |= strcmp(scene->items[i].color, color) == 0;
        if (held_out(noun, color) || (used && attempt < 100)) continue;
        if (behind && color_gap(color, behind) < 0.5f && attempt < 190) continue;
        return color;
    }
    return held_out(noun, "copper") ? "purple" : "copper";
}

static void dress(demo_item_t *item, const char *behind, const demo_scene_t *scene, rng_t *rng)
{
    item->material = PICK(rng, MATERIALS);
    item->grain = between(rng, 0.6f, 1.6f);
    /* Calm surfaces more often, as with real parts. */
    item->texture = rng_below(rng, 5) < 2 ? TEXTURES[rng_below(rng, 4)] : PICK(rng, TEXTURES);
    item->color = pick_color(item->noun, behind, scene, rng);
    if (strcmp(item->noun, "wood") == 0) item->material = "wood", item->texture = "fibrous";
    if (strcmp(item->noun, "leather") == 0) item->material = "leather";
    if (strcmp(item->noun, "fabric") == 0 || strcmp(item->noun, "cloth") == 0) item->material = "fabric";
    if (strcmp(item->noun, "paper") == 0) item->material = "paper";
}

/* Positions of one group of small parts on a base of half size (w, h). */
static void arrange(demo_item_t *item, const char *location, float w, float h, float *size, rng_t *rng)
{
    static const int RINGS[] = {6, 8, 10, 12};
    float x = 0.62f * w, y = 0.62f * h, spread = between(rng, 0.5f, 0.62f);
    item->location = location;
    item->copies = 1;
    *size = 0.16f;
    if (strcmp(location, "middle") == 0) {
        *size = between(rng, 0.2f, 0.34f);
    } else if (strcmp(location, "corner") == 0) {
        item->copies = 4;
        for (int k = 0; k < 4; k++) item->at[k][0] = k % 2 ? x : -x, item->at[k][1] = k / 2 ? y : -y;
        *size = between(rng, 0.09f, 0.14f);
    } else if (strcmp(location, "edge") == 0) {
        item->copies = PICK(rng, RINGS);
        for (int k = 0; k < item->copies; k++) {
            float angle = 2 * DEMO_PI * (float)k / (float)item->copies;
            item->at[k][0] = 0.68f * w * cosf(angle);
            item->at[k][1] = 0.68f * h * sinf(angle);
            item->at[k][2] = angle;
        }
        *size = between(rng, 0.06f, 0.1f);
    } else {
        bool column = strcmp(location, "left") == 0 || strcmp(location, "right") == 0;
        float at = strcmp(location, "left") == 0 || strcmp(location, "top") == 0 ? -1.0f : 1.0f;
        float length = column ? h : w, gap;
        item->copies = 1 + (int)rng_below(rng, 5);
        gap = item->copies > 1 ? 2 * spread * length / (float)(item->copies - 1) : length;
        for (int k = 0; k < item->copies; k++) {
            float along = item->copies > 1 ? -spread * length + gap * (float)k : 0;
            item->at[k][0] = column ? at * 0.6f * w : along;
            item->at[k][1] = column ? along : at * 0.6f * h;
            item->at[k][2] = column || item->copies < 3 ? 0 : DEMO_PI / 2;
        }
        *size = between(rng, 0.09f, 0.17f);
        if (*size > 0.42f * gap) *size = 0.42f * gap;
    }
}

static void add_small(demo_scene_t *scene, const char *location, float w, float h, rng_t *rng)
{
    demo_item_t *item = &scene->items[scene->n_items];
    word_shape_t pick = PICK(rng, SMALLS);
    float size;
    for (int i = 0; i < scene->n_items; i++)
        if (strcmp(scene->items[i].noun, pick.noun) == 0) return;
    *item = (demo_item_t){.noun = pick.noun};
    dress(item, scene->items[0].color, scene, rng);
    arrange(item, location, w, h, &size, rng);
    const char *shape = pick.shape ? pick.shape : PICK(rng, SHAPES);
    bool along = item->copies == 1 || item->at[0][2] != 0 || strcmp(location, "left") == 0;
    float a = strcmp(shape, "elongated") == 0 && along ? 1.7f * size : size;
    item->outline = outline_of(shape, a, size, rng);
    item->shape = strcmp(shape, "gear") == 0 ? "round" : shape;
    item->size_jitter = between(rng, 0, 0.05f);
    item->place_jitter = between(rng, 0, 0.02f);
    item->angle_jitter = rng_below(rng, 4) == 0 ? DEMO_PI : between(rng, 0, 0.06f);
    scene->n_items++;
}

void demo_random_scene(demo_scene_t *scene, rng_t *rng)
{
    static const char *const PLACES[] = {"middle", "corner", "left", "right", "top", "bottom", "edge"};
    static const int SIZES[][2] = {{192, 192}, {192, 192}, {192, 192}, {192, 192}, {288, 192}, {192, 288}};
    const int *size = SIZES[rng_below(rng, COUNT(SIZES))];
    *scene = (demo_scene_t){.name = "training", .width = size[0], .height = size[1]};
    scene->shift = between(rng, 0, 0.15f);
    scene->turn = rng_below(rng, 3) == 0 ? DEMO_PI : between(rng, 0, 0.3f);
    scene->zoom = between(rng, 0, 0.12f);
    /* Halving the picture halves the noise: drawn larger than that of a finished picture. */
    scene->noise = between(rng, 0.005f, 0.03f);
    scene->light = between(rng, 0.03f, 0.18f);
    demo_item_t *base = &scene->items[0];
    bool sheet = rng_below(rng, 5) == 0;
    word_shape_t pick = PICK(rng, BASES);
    *base = (demo_item_t){.noun = sheet ? PICK(rng, SHEETS) : pick.noun, .copies = 1, .location = "center"};
    scene->noun = base->noun;
    scene->background = sheet ? "none" : PICK(rng, COLORS);
    scene->background_texture = rng_below(rng, 4) == 0 ? PICK(rng, TEXTURES) : TEXTURES[rng_below(rng, 5)];
    scene->background_grain = between(rng, 0.6f, 1.6f);
    if (strcmp(scene->background, "transparent") == 0) scene->background = "white";
    dress(base, sheet ? NULL : scene->background, scene, rng);
    scene->n_items = 1;
    if (sheet) {
        base->outline = (demo_shape_t){.kind = DEMO_EVERYWHERE};
        base->shape = "flat";
        base->location = "surface";
        if (strcmp(base->color, "transparent") == 0) base->color = "gray";
        return;
    }
    float wide = scene->width > scene->height ? 1.4f : 1, tall = scene->height > scene->width ? 1.4f : 1;
    const char *shape = pick.shape ? pick.shape : PICK(rng, SHAPES);
    float large = between(rng, 0.55f, 0.8f);
    base->outline = outline_of(shape, large * wide, large * tall, rng);
    base->shape = strcmp(shape, "gear") == 0 ? "round" : shape;
    uint32_t first = rng_below(rng, (uint32_t)COUNT(PLACES)), groups = rng_below(rng, 5);
    bool room = base->outline.kind == DEMO_RECT || base->outline.kind == DEMO_ELLIPSE ||
                base->outline.kind == DEMO_POLYGON || base->outline.kind == DEMO_GEAR;
    for (uint32_t g = 0; room && g < groups && g < DEMO_MAX_ITEMS - 1; g++) {
        const char *place = PLACES[(first + g) % COUNT(PLACES)];
        bool thin = base->outline.b < 0.3f, round = base->outline.kind != DEMO_RECT;
        float w = base->outline.a * (round ? 0.85f : 1), h = (round ? base->outline.b : base->outline.b);
        if (base->outline.kind == DEMO_POLYGON || base->outline.kind == DEMO_GEAR) w = h = 0.75f * base->outline.a;
        if (thin && strcmp(place, "middle") != 0) continue;
        /* A ring of parts runs through the corners and sides: not both. */
        if (strcmp(place, "edge") == 0 && g > 0) break;
        add_small(scene, place, w, h, rng);
        if (strcmp(place, "edge") == 0 && groups > 1) groups = g + 2;
    }
}

demo_defect_t demo_random_defect(const demo_scene_t *scene, rng_t *rng)
{
    demo_defect_t defect = {.strength = between(rng, 0.75f, 1.4f)};
    bool sheet = scene->items[0].outline.kind == DEMO_EVERYWHERE;
    defect.item = rng_below(rng, 2) ? 0 : (int)rng_below(rng, (uint32_t)scene->n_items);
    const demo_item_t *item = &scene->items[defect.item];
    float half = item->outline.a < item->outline.b ? item->outline.a : item->outline.b;
    bool small = !sheet && half < 0.12f, base = defect.item == 0;
    for (;;) {
        defect.kind = (demo_defect_kind_t)(1 + (int)rng_below(rng, DEMO_DEFECTS - 1));
        if (sheet && !demo_defect_is_surface(defect.kind)) continue;
        if (small && demo_defect_is_surface(defect.kind) && rng_below(rng, 4) != 0) continue;
        if (defect.kind == DEMO_MISSING && base) continue;
        if (defect.kind == DEMO_WRONG_COLOR && base && (scene->n_items > 1 || rng_below(rng, 3) != 0)) continue;
        bool slim =
            item->outline.kind == DEMO_RECT && item->outline.b < 0.5f * item->outline.a && item->outline.b < 0.2f;
        if (defect.kind == DEMO_BENT && (!slim || item->outline.bend != 0)) continue;
        break;
    }
    /* Several of a kind: more to learn from a picture. */
    if (!small && demo_defect_is_surface(defect.kind)) defect.more = (int)rng_below(rng, 3);
    for (int attempt = 0; defect.kind == DEMO_WRONG_COLOR && attempt < 100; attempt++) {
        defect.color = PICK(rng, COLORS);
        if (!held_out(item->noun, defect.color) && color_gap(defect.color, item->color) > 0.6f) break;
    }
    return defect;
}
