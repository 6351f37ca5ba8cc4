/* Language-guided progressive region aggregation, METHOD.md 6. */
#include "align/align_internal.h"

#include <math.h>
#include <string.h>

const char *const align_centers_names[] = {"language", "density", NULL};
const char *const align_reference_names[] = {"similarity", "feature", NULL};

/* One image on its way through the stages. */
typedef struct {
    const float *z;       /* (N,E) */
    const float *anchors; /* (classes,E) */
    double *similarity;   /* (N,classes): cosine of every token to every class */
    const align_aggregation_t *how;
    arena_t *arena;
    int N, E, C, classes;
} scene_t;

enum { MAX_CLASSES = PROMPTS_MAX_COMPONENTS + 1 };

static double similarity_of(const scene_t *scene, int token, int class)
{
    return scene->similarity[(size_t)token * (size_t)scene->classes + class];
}

static status_t measure_similarity(scene_t *scene)
{
    scene->similarity = arena_take(scene->arena, (size_t)scene->N * (size_t)scene->classes, sizeof(double));
    if (scene->similarity == NULL) return ST_ENOMEM;
    for (int i = 0; i < scene->N; i++) {
        const float *z = scene->z + (size_t)i * (size_t)scene->E;
        double *out = scene->similarity + (size_t)i * (size_t)scene->classes;
        for (int c = 0; c < scene->classes; c++) {
            const float *anchor = scene->anchors + (size_t)c * (size_t)scene->E;
            double sum = 0;
            for (int e = 0; e < scene->E; e++) sum += (double)z[e] * (double)anchor[e];
            out[c] = sum;
        }
    }
    return ST_OK;
}

/* The tokens of `index` (n) in the space where distances are taken. */
static status_t take_points(align_points_t *points, const scene_t *scene, const int *index, int n)
{
    bool feature = scene->how->reference == ALIGN_REFERENCE_FEATURE;
    int dims = feature ? scene->E : scene->classes;
    double *x = arena_take(scene->arena, (size_t)dims * (size_t)n, sizeof(double));
    if (x == NULL) return ST_ENOMEM;
    for (int i = 0; i < n; i++) {
        for (int e = 0; e < dims; e++) {
            double value =
                feature ? (double)scene->z[(size_t)index[i] * (size_t)dims + e] : similarity_of(scene, index[i], e);
            x[(size_t)e * (size_t)n + i] = value;
        }
    }
    *points = (align_points_t){.x = x, .dims = dims, .n = n};
    return ST_OK;
}

/* cluster (n): the nearest of `count` centres, the first of equals; a centre is its own. */
static status_t assign(int *cluster, const align_points_t *points, const int *centers, int count, arena_t *arena)
{
    arena_mark_t mark = arena_mark(arena);
    size_t n = (size_t)points->n;
    double *best = arena_take(arena, n, sizeof(double)), *d2 = arena_take(arena, n, sizeof(double));
    if (best == NULL || d2 == NULL) {
        arena_reset(arena, mark);
        return ST_ENOMEM;
    }
    for (int c = 0; c < count; c++) {
        align_distances(d2, points, centers[c]);
        for (size_t i = 0; i < n; i++) {
            if (c == 0 || d2[i] < best[i]) best[i] = d2[i], cluster[i] = c;
        }
    }
    for (int c = count - 1; c >= 0; c--) cluster[centers[c]] = c;
    arena_reset(arena, mark);
    return ST_OK;
}

/* centers (count): for each class in order the token most similar to its anchor that is not taken yet. */
static void language_centers(int *centers, int count, const scene_t *scene, const int *index, int n)
{
    for (int c = 0; c < count; c++) {
        int best = -1;
        for (int i = 0; i < n; i++) {
            bool taken = false;
            for (int b = 0; b < c; b++) taken = taken || centers[b] == i;
            if (taken) continue;
            if (best < 0 || similarity_of(scene, index[i], c) > similarity_of(scene, index[best], c)) best = i;
        }
        centers[c] = best;
    }
}

/* scores (classes): cosine of the mean z of cluster `which` to every class; 0, and *empty, without a token in it. */
static status_t cluster_similarity(double *scores, bool *empty, const scene_t *scene, const int *index,
                                   const int *cluster, int n, int which)
{
    arena_mark_t mark = arena_mark(scene->arena);
    size_t E = (size_t)scene->E;
    double *sum = arena_take(scene->arena, E, sizeof(double));
    if (sum == NULL) return ST_ENOMEM;
    *empty = true;
    for (int i = 0; i < n; i++) {
        if (cluster[i] != which) continue;
        *empty = false;
        const float *z = scene->z + (size_t)index[i] * E;
        for (size_t e = 0; e < E; e++) sum[e] += (double)z[e];
    }
    double square = 0;
    for (size_t e = 0; e < E; e++) square += sum[e] * sum[e];
    double norm = sqrt(square);
    for (int c = 0; c < scene->classes; c++) {
        const float *anchor = scene->anchors + (size_t)c * E;
        double dot = 0;
        for (size_t e = 0; e < E; e++) dot += sum[e] * (double)anchor[e];
        scores[c] = norm > 0 ? dot / norm : 0;
    }
    arena_reset(scene->arena, mark);
    return ST_OK;
}

/* Clusters of tokens `index` into classes 0 .. classes-1: written to labels. Language centres are named by their
 * class; a density cluster goes to the class its mean is most similar to. */
static status_t split(uint8_t *labels, const scene_t *scene, const int *index, int n, int classes)
{
    int centers[MAX_CLASSES], count = classes < n ? classes : n;
    align_points_t points;
    int *cluster = arena_take(scene->arena, (size_t)n, sizeof(int));
    if (cluster == NULL) return ST_ENOMEM;
    TRY(take_points(&points, scene, index, n));
    bool language = scene->how->centers == ALIGN_CENTERS_LANGUAGE;
    if (language)
        language_centers(centers, count, scene, index, n);
    else
        TRY(align_density_centers(centers, count, &points, scene->arena));
    TRY(assign(cluster, &points, centers, count, scene->arena));
    int name[MAX_CLASSES] = {0};
    for (int c = 0; c < count; c++) {
        name[c] = c;
        if (language) continue;
        double scores[MAX_CLASSES];
        bool empty;
        TRY(cluster_similarity(scores, &empty, scene, index, cluster, n, c));
        name[c] = 0;
        for (int class = 1; class < classes; class ++) {
            if (scores[class] > scores[name[c]]) name[c] = class;
        }
    }
    for (int i = 0; i < n; i++) labels[index[i]] = (uint8_t)name[cluster[i]];
    return ST_OK;
}

/* Stage one: marks the background's tokens with label C and leaves the others in index; returns their number in n. */
static status_t part_background(uint8_t *labels, int *index, int *n, const scene_t *scene)
{
    int N = scene->N, C = scene->C, centers[2] = {0, 0}, count = 2;
    align_points_t points;
    int *cluster = arena_take(scene->arena, (size_t)N, sizeof(int));
    if (cluster == NULL) return ST_ENOMEM;
    TRY(take_points(&points, scene, index, N));
    if (scene->how->centers == ALIGN_CENTERS_LANGUAGE) {
        for (int i = 1; i < N; i++) {
            if (similarity_of(scene, i, C) > similarity_of(scene, centers[0], C)) centers[0] = i;
            if (similarity_of(scene, i, C) < similarity_of(scene, centers[1], C)) centers[1] = i;
        }
    } else {
        count = N < 2 ? N : 2;
        TRY(align_density_centers(centers, count, &points, scene->arena));
    }
    TRY(assign(cluster, &points, centers, count, scene->arena));
    double scores[2][MAX_CLASSES];
    bool empty[2];
    for (int c = 0; c < 2; c++) TRY(cluster_similarity(scores[c], &empty[c], scene, index, cluster, N, c));
    int back = scores[1][C] > scores[0][C] ? 1 : 0;
    if (empty[0] || empty[1]) back = empty[0] ? 1 : 0;
    *n = 0;
    for (int i = 0; i < N; i++) {
        if (cluster[i] == back)
            labels[i] = (uint8_t)C;
        else
            index[(*n)++] = i;
    }
    return ST_OK;
}

status_t align_regions(uint8_t *labels, const float *z, int N, int E, const float *anchors, int C, bool background,
                       const align_aggregation_t *how, arena_t *arena)
{
    REQUIRE(labels != NULL && z != NULL && anchors != NULL && how != NULL && arena != NULL);
    REQUIRE(N > 0 && E > 0 && C > 0 && C <= PROMPTS_MAX_COMPONENTS && (how->stages == 1 || how->stages == 2));
    arena_mark_t mark = arena_mark(arena);
    scene_t scene = {.z = z, .anchors = anchors, .how = how, .arena = arena, .N = N, .E = E, .C = C};
    scene.classes = background ? C + 1 : C;
    status_t status = ST_ENOMEM;
    int n = N, *index = arena_take(arena, (size_t)N, sizeof(int));
    if (index == NULL) goto done;
    for (int i = 0; i < N; i++) index[i] = i;
    TRY_DONE(measure_similarity(&scene));
    bool two = background && how->stages == 2;
    if (two) TRY_DONE(part_background(labels, index, &n, &scene));
    if (n > 0) TRY_DONE(split(labels, &scene, index, n, two ? C : scene.classes));
    status = ST_OK;
done:
    arena_reset(arena, mark);
    return status;
}

void align_weights(float *weights, const uint8_t *labels, int h, int w, int scale, int C, prompts_level_t level,
                   int component, double gamma)
{
    REQUIRE(weights != NULL && h > 0 && w > 0);
    if (level == PROMPTS_IMAGE) {
        for (int i = 0; i < h * w; i++) weights[i] = 1;
        return;
    }
    REQUIRE(labels != NULL && scale > 0 && (level != PROMPTS_COMPONENT || (component >= 0 && component < C)));
    for (int y = 0; y < h; y++) {
        for (int x = 0; x < w; x++) {
            int inside = 0;
            for (int dy = 0; dy < scale; dy++) {
                const uint8_t *row = labels + (size_t)(y * scale + dy) * (size_t)(w * scale) + (size_t)(x * scale);
                for (int dx = 0; dx < scale; dx++) {
                    bool back = row[dx] == C;
                    if (level == PROMPTS_FOREGROUND)
                        inside += !back;
                    else
                        inside += level == PROMPTS_BACKGROUND ? back : row[dx] == component;
                }
            }
            weights[y * w + x] = (float)(1 + gamma * inside / (scale * scale));
        }
    }
}
