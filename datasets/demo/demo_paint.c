/* Colours, surfaces and the words for them. */
#include "demo_internal.h"

#include <math.h>
#include <string.h>

static const struct {
    const char *word;
    float rgb[3];
} COLORS[] = {
    {"black", {0.09f, 0.09f, 0.10f}},       {"white", {0.93f, 0.93f, 0.91f}},  {"gray", {0.48f, 0.48f, 0.50f}},
    {"silver", {0.72f, 0.74f, 0.77f}},      {"red", {0.78f, 0.14f, 0.13f}},    {"orange", {0.93f, 0.51f, 0.11f}},
    {"yellow", {0.92f, 0.83f, 0.18f}},      {"green", {0.13f, 0.52f, 0.23f}},  {"blue", {0.14f, 0.30f, 0.72f}},
    {"purple", {0.45f, 0.20f, 0.62f}},      {"pink", {0.93f, 0.58f, 0.70f}},   {"brown", {0.42f, 0.26f, 0.15f}},
    {"beige", {0.86f, 0.78f, 0.62f}},       {"golden", {0.83f, 0.66f, 0.24f}}, {"copper", {0.74f, 0.43f, 0.26f}},
    {"transparent", {0.80f, 0.88f, 0.90f}},
};

static const char *const TEXTURES[DEMO_TEXTURES] = {"smooth",   "rough",    "glossy",  "matte",  "grainy",
                                                    "woven",    "fibrous",  "striped", "ridged", "speckled",
                                                    "wrinkled", "threaded", "printed", "porous"};

bool demo_color_of(float out[3], const char *word)
{
    for (size_t i = 0; i < sizeof COLORS / sizeof *COLORS; i++) {
        if (strcmp(COLORS[i].word, word) != 0) continue;
        memcpy(out, COLORS[i].rgb, sizeof COLORS[i].rgb);
        return true;
    }
    return false;
}

bool demo_texture_of(demo_texture_t *out, const char *word)
{
    for (int i = 0; i < DEMO_TEXTURES; i++) {
        if (strcmp(TEXTURES[i], word) != 0) continue;
        *out = (demo_texture_t)i;
        return true;
    }
    return false;
}

uint32_t demo_mix(uint32_t a, uint32_t b, uint32_t seed)
{
    uint32_t h = a * 0x9E3779B1u ^ (b + 0x7F4A7C15u) * 0x85EBCA77u ^ seed * 0xC2B2AE3Du;
    h ^= h >> 15;
    h *= 0x2C1B3C6Du;
    h ^= h >> 12;
    h *= 0x297A2D39u;
    return h ^ (h >> 15);
}

static float lattice(int x, int y, uint32_t seed)
{
    return (float)(demo_mix((uint32_t)x, (uint32_t)y, seed) >> 8) * (2.0f / 16777216.0f) - 1;
}

float demo_noise(float x, float y, uint32_t seed)
{
    float fx = floorf(x), fy = floorf(y), u = x - fx, v = y - fy;
    int i = (int)fx, j = (int)fy;
    u = u * u * (3 - 2 * u);
    v = v * v * (3 - 2 * v);
    float top = lattice(i, j, seed) + u * (lattice(i + 1, j, seed) - lattice(i, j, seed));
    float low = lattice(i, j + 1, seed) + u * (lattice(i + 1, j + 1, seed) - lattice(i, j + 1, seed));
    return top + v * (low - top);
}

/* Sparse dots on a jittered grid: 1 in the middle of a dot, 0 outside. */
static float dots(float x, float y, float radius, uint32_t seed)
{
    float fx = floorf(x), fy = floorf(y);
    uint32_t h = demo_mix((uint32_t)(int)fx, (uint32_t)(int)fy, seed);
    float cx = 0.3f + 0.4f * (float)(h & 255u) / 255, cy = 0.3f + 0.4f * (float)(h >> 8 & 255u) / 255;
    float dx = x - fx - cx, dy = y - fy - cy, r = radius * (0.5f + 0.5f * (float)(h >> 16 & 255u) / 255);
    float d = (r * r - dx * dx - dy * dy) / (r * r);
    return d > 0 ? d : 0;
}

static float wave(float x)
{
    return sinf(2 * DEMO_PI * x);
}

/* Relative brightness change of a surface at (x, y), about [-1, 1]; x and y in texture periods. */
static float surface(demo_texture_t texture, float x, float y, uint32_t seed)
{
    switch (texture) {
    case DEMO_SMOOTH:
    case DEMO_GLOSSY:
        return 0.3f * demo_noise(0.15f * x, 0.15f * y, seed);
    case DEMO_MATTE:
        return 0.2f * demo_noise(2.5f * x, 2.5f * y, seed);
    case DEMO_ROUGH:
        return 0.7f * demo_noise(0.6f * x, 0.6f * y, seed) + 0.5f * demo_noise(1.9f * x, 1.9f * y, seed);
    case DEMO_GRAINY:
        return 1.1f * demo_noise(2.2f * x, 2.2f * y, seed);
    case DEMO_WOVEN: {
        float a = wave(0.5f * x), b = wave(0.5f * y);
        return a * b > 0 ? 0.9f * fabsf(a) - 0.3f : 0.5f * fabsf(b) - 0.6f;
    }
    case DEMO_FIBROUS:
        return 0.9f * demo_noise(0.12f * x, 1.3f * y, seed) + 0.3f * demo_noise(0.3f * x, 3 * y, seed + 1);
    case DEMO_STRIPED: {
        float s = 2.5f * wave(0.35f * y);
        return s > 1 ? 1 : s < -1 ? -1 : s;
    }
    case DEMO_RIDGED:
        return 0.9f * wave(0.6f * x);
    case DEMO_SPECKLED:
        return 1.6f * dots(0.9f * x, 0.9f * y, 0.3f, seed) - 1.4f * dots(1.1f * x, 1.1f * y, 0.25f, seed + 5);
    case DEMO_WRINKLED: {
        float a = demo_noise(0.5f * x, 0.5f * y, seed), b = demo_noise(0.9f * x + 2 * a, 0.9f * y, seed + 3);
        return 0.5f - 1.4f * (1 - fabsf(b)) * (1 - fabsf(b)) + 0.3f * a;
    }
    case DEMO_THREADED:
        return wave(0.9f * x + 0.15f * y);
    case DEMO_PRINTED: {
        float fx = x * 0.4f - floorf(x * 0.4f), fy = y * 0.7f - floorf(y * 0.7f);
        return fx > 0.2f && fx < 0.8f && fy > 0.35f && fy < 0.65f ? -1.3f : 0.1f;
    }
    case DEMO_POROUS:
        return 0.2f - 1.6f * dots(0.8f * x, 0.8f * y, 0.38f, seed);
    case DEMO_TEXTURES:
        break;
    }
    return 0;
}

void demo_paint_at(float out[3], const demo_paint_t *paint, float u, float v)
{
    float gain = 1 + paint->amount * surface(paint->texture, u * paint->scale, v * paint->scale, paint->seed);
    for (int c = 0; c < 3; c++) out[c] = paint->color[c] * gain;
}

demo_paint_t demo_paint_of(const char *color, const char *texture, const char *material, rng_t *rng)
{
    static const struct {
        const char *material;
        float bevel, shine;
    } KINDS[] = {{"metal", 0.05f, 0.9f},   {"plastic", 0.04f, 0.35f}, {"glass", 0.03f, 0.8f},   {"wood", 0.02f, 0},
                 {"leather", 0.04f, 0.1f}, {"rubber", 0.05f, 0.05f},  {"ceramic", 0.05f, 0.6f}, {"fabric", 0, 0},
                 {"paper", 0, 0},          {"foam", 0.03f, 0},        {"wax", 0.06f, 0.3f},     {"stone", 0.02f, 0},
                 {"organic", 0.08f, 0.1f}};
    demo_paint_t paint = {.alpha = 1, .scale = 16, .amount = 0.22f, .seed = rng_u32(rng)};
    REQUIRE(demo_color_of(paint.color, color));
    REQUIRE(demo_texture_of(&paint.texture, texture));
    for (size_t i = 0; material && i < sizeof KINDS / sizeof *KINDS; i++) {
        if (strcmp(KINDS[i].material, material) != 0) continue;
        paint.bevel = KINDS[i].bevel;
        paint.shine = KINDS[i].shine;
    }
    if (paint.texture == DEMO_GLOSSY) paint.shine += 0.4f;
    if (paint.texture == DEMO_MATTE) paint.shine *= 0.2f;
    if (strcmp(color, "transparent") == 0) paint.alpha = 0.45f;
    /* A dark surface shows a relative change less: lift its contrast. */
    if (strcmp(color, "black") == 0) paint.amount *= 2;
    return paint;
}
