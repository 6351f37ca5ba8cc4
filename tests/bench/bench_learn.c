/* bench_learn [DIR [MERGES [CAPTION]]]: what learning one category costs at ViT-B/16+ size on one core: region
 * aggregation of one image, an epoch of each head, the query former; processor time, and peak memory. Features and
 * weights are random; prompts are those of CAPTION (default: mvtec/metal_nut, three components). MERGES: CLIP's
 * merges (open_clip's bpe_simple_vocab_16e6.txt.gz); without it the tests' small merges, whose token counts are
 * larger. Each head's prompts and numbers are written to HEAD-prompts.txt and HEAD-data.f32 for
 * tests/bench/bench_learn.py, the same epoch in PyTorch. Products: bench_products.h.
 * FGAD_BENCH_THREADS=N: instead, an epoch of each head on N threads beside one, by the clock. */
#include "align/align.h"
#include "bench/bench_products.h"
#include "support/check.h"
#include "tokenizer/tokenizer.h"
#include "tools/toy_model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { SHOTS = 4, ROUNDS = 3 };

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double peak_megabytes(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1024;
}

static float *random_rows(rng_t *rng, int rows, int E)
{
    float *z = malloc(sizeof(float) * (size_t)rows * (size_t)E);
    for (int i = 0; i < rows; i++) {
        double square = 0;
        for (int e = 0; e < E; e++) {
            double value = rng_normal(rng);
            z[(size_t)i * (size_t)E + (size_t)e] = (float)value;
            square += value * value;
        }
        for (int e = 0; e < E; e++) z[(size_t)i * (size_t)E + (size_t)e] /= (float)sqrt(square);
    }
    return z;
}

static void write_prompts(const prompts_set_t *set)
{
    char path[64];
    snprintf(path, sizeof path, "%s-prompts.txt", set->key.head);
    FILE *out = fopen(path, "w");
    if (out == NULL) return;
    for (int g = 0; g < set->groups; g++) {
        const prompts_group_t *group = set->group + g;
        fprintf(out, "group %d %d %d %d\n", (int)group->level, group->nhp, group->ahp, group->alp);
        for (int p = 0; p < group->nhp + group->ahp + group->alp; p++) {
            for (int l = 0; l < group->prompt[p].length; l++) fprintf(out, "%d ", group->prompt[p].ids[l]);
            fprintf(out, "\n");
        }
    }
    fclose(out);
}

static status_t bench_regions(const float *anchors, int C, bool background, int T, int E, rng_t *rng, arena_t *arena)
{
    int N = 16 * T;
    float *z = random_rows(rng, N, E);
    uint8_t *labels = malloc((size_t)N);
    status_t status = ST_OK;
    for (int option = 0; option < 4 && status == ST_OK; option++) {
        align_aggregation_t how = {.centers = option & 1 ? ALIGN_CENTERS_DENSITY : ALIGN_CENTERS_LANGUAGE,
                                   .reference = option & 2 ? ALIGN_REFERENCE_FEATURE : ALIGN_REFERENCE_SIMILARITY,
                                   .stages = 2,
                                   .scale = 4};
        double start = cpu_seconds();
        status = align_regions(labels, z, N, E, anchors, C, background, &how, arena);
        printf("regions of %d tokens, %s centres, %s reference: %.0f ms\n", N, align_centers_names[how.centers],
               align_reference_names[how.reference], 1e3 * (cpu_seconds() - start));
    }
    free(z), free(labels);
    return status;
}

/* What the first epoch starts from, and its loss: eight numbers, then slots, tokens, their weights. */
static void write_data(const align_head_t *head, const align_tokens_t *tokens, double loss)
{
    const prompts_set_t *set = head->set;
    const size_t floats = (size_t)set->slots * (size_t)set->width;
    float *slots = malloc(sizeof(float) * floats);
    char path[64];
    snprintf(path, sizeof path, "%s-data.f32", set->key.head);
    FILE *out = fopen(path, "wb");
    if (slots != NULL && out != NULL) {
        const float sizes[8] = {(float)set->slots, (float)set->width,  (float)tokens->N,
                                (float)tokens->E,  (float)set->groups, (float)head->training.losses.logit_scale,
                                (float)loss};
        prompts_slots(slots, set, head->initial);
        fwrite(sizes, sizeof sizes, 1, out);
        fwrite(slots, sizeof(float), floats, out);
        fwrite(tokens->z, sizeof(float), (size_t)tokens->N * (size_t)tokens->E, out);
        fwrite(tokens->weights, sizeof(float), (size_t)tokens->N * (size_t)set->groups, out);
    }
    if (out != NULL) fclose(out);
    free(slots);
}

static status_t bench_head(float *anchors, const clip_model_t *model, const prompts_set_t *set, const float *z, int N,
                           arena_t *arena)
{
    align_head_t head = {.set = NULL};
    align_training_t training = align_training_default(set->key.head, model);
    clip_text_plan_t plan;
    size_t bytes;
    int E = clip_model_config(model)->embed;
    float *weights = arena_take(arena, (size_t)set->groups * (size_t)N, sizeof(float));
    status_t status = weights != NULL ? ST_OK : ST_ENOMEM;
    if (status != ST_OK) return status;
    for (int i = 0; i < set->groups * N; i++) weights[i] = 1 + 1.5F * (float)(i % 17) / 16;
    training.budget = (size_t)base_memory() / 4; /* as learn_memory: auto gives each of two ranks */
    TRY_DONE(align_head_plan(&bytes, &plan, clip_model_config(model), set, training.budget));
    TRY_DONE(align_head_init(&head, model, set, &training));
    double best = INFINITY, terms[ALIGN_TERMS];
    align_tokens_t tokens = {.z = z, .weights = weights, .N = N, .E = E};
    for (int round = 0; round < ROUNDS; round++) {
        double start = cpu_seconds();
        TRY_DONE(align_head_epoch(terms, &head, &tokens));
        best = fmin(best, cpu_seconds() - start);
        if (round == 0) write_data(&head, &tokens, terms[ALIGN_TERM_TOTAL]);
    }
    TRY_DONE(align_head_anchors(anchors, anchors + set->groups * E, &head));
    printf(
        "%s head: %d groups, %d prompts, %lld tokens, %lld rows, %d training tokens; %.0f MB planned, %d layers kept: "
        "%.2f s an epoch (best of %d), %d epochs %.0f s; loss %.4f\n",
        set->key.head, set->groups, set->prompts, (long long)plan.tokens, (long long)plan.rows, N, (double)bytes / 1e6,
        plan.kept_layers, best, ROUNDS, training.epochs, training.epochs * best, terms[0]);
done:
    align_head_free(&head);
    return status;
}

/* An epoch of the head on one thread and on several, in turn, by the clock; and that both come to the same bits. */
static status_t bench_threads(const clip_model_t *model, const prompts_set_t *set, const align_tokens_t *tokens,
                              int threads)
{
    align_head_t head[2] = {{.set = NULL}};
    base_pool_t *pool = NULL;
    double best[2] = {INFINITY, INFINITY}, terms[ALIGN_TERMS];
    status_t status;
    TRY_DONE(clip_set_threads(threads));
    TRY_DONE(base_pool_open(&pool, threads));
    for (int several = 0; several < 2; several++) {
        align_training_t training = align_training_default(set->key.head, model);
        if (several) training.pool = pool;
        TRY_DONE(align_head_init(&head[several], model, set, &training));
    }
    for (int round = 0; round < 2 * ROUNDS; round++) {
        const double start = clock_seconds();
        TRY_DONE(align_head_epoch(terms, &head[round % 2], tokens));
        best[round % 2] = fmin(best[round % 2], clock_seconds() - start);
    }
    const bool same = memcmp(head[0].params, head[1].params, sizeof(float) * (size_t)head[0].count) == 0;
    printf("%s head on %d threads: %.2f s an epoch, on one %.2f s: %.2f times as fast; %s\n", set->key.head, threads,
           best[1], best[0], best[0] / best[1], same ? "the same bits" : "OTHER BITS");
done:
    align_head_free(&head[0]);
    align_head_free(&head[1]);
    base_pool_close(pool);
    return status;
}

static status_t bench_query(const float *anchors, int G, int E, arena_t *arena)
{
    align_block_t table[ALIGN_QUERY_BLOCKS];
    float *params = arena_take(arena, (size_t)align_query_table(table, G, E), sizeof(float));
    double *losses = arena_take(arena, (size_t)align_query_adam.max_steps + 1, sizeof(double));
    if (params == NULL || losses == NULL) return ST_ENOMEM;
    rng_t rng = rng_init("", "", 0, 1, "query");
    align_query_init(params, G, E, &rng);
    int steps;
    double start = cpu_seconds();
    TRY(align_query_train(params, losses, &steps, anchors, anchors + G * E, G, E, &align_query_adam, arena));
    double taken = cpu_seconds() - start;
    printf("query former: %d steps, %.1f s (%.1f ms a step), loss %.5f to %.5f, floor %.5f\n", steps, taken,
           1e3 * taken / steps, losses[0], losses[steps], align_query_floor(anchors, anchors + G * E, G, E));
    return ST_OK;
}

static status_t bench(const char *dir, const char *merges, const char *caption, arena_t *arena)
{
    clip_model_t *model = NULL;
    tokenizer_t *tokenizer = NULL;
    prompts_vocabulary_t vocabulary = {.version = 0};
    prompts_mfsc_t mfsc = {.path = NULL};
    prompts_set_t set = {.groups = 0};
    float *z = NULL;
    status_t status;
    TRY_DONE(clip_set_threads(1));
    TRY_DONE(clip_model_open(&model, dir));
    const clip_products_t products = bench_products();
    TRY_DONE(clip_model_products(model, products, 1));
    const clip_config_t *config = clip_model_config(model);
    int T = config->grid * config->grid, E = config->embed;
    /* The small merges have a vocabulary of their own: its ids are all in the model's. */
    int vocab = strstr(merges, "merges-small") != NULL ? 0 : config->vocab;
    TRY_DONE(tokenizer_open(&tokenizer, merges, vocab, config->context));
    TRY_DONE(prompts_vocabulary_read(&vocabulary, FGAD_SOURCE_DIR "/datasets/mfsc/vocabulary.json"));
    TRY_DONE(prompts_mfsc_read(&mfsc, caption, &vocabulary));
    printf("%s, %s\n", clip_backend(products), caption);
    rng_t rng = rng_init("bench", "learn", 0, 1, "features");
    z = random_rows(&rng, SHOTS * T, E);
    float *anchors = arena_take(arena, (size_t)(2 * PROMPTS_MAX_GROUPS * E), sizeof(float));
    if (anchors == NULL) status = ST_ENOMEM;
    for (int image = 1; image >= 0 && status == ST_OK; image--) {
        prompts_options_t options = prompts_options_default();
        prompts_key_t key = {.dataset = "mvtec", .category = "bench", .shots = SHOTS, .seed = 1, .head = "pixel"};
        if (image) key.head = "image", options.n_pro = 3;
        prompts_set_free(&set);
        status = prompts_set_init(&set, &mfsc, &vocabulary, tokenizer, &options, &key, config->text_width);
        const int N = image ? SHOTS : SHOTS * T;
        const char *threads = getenv("FGAD_BENCH_THREADS");
        if (status == ST_OK && threads != NULL)
            status = bench_threads(model, &set, &(align_tokens_t){.z = z, .N = N, .E = E}, atoi(threads));
        else if (status == ST_OK)
            status = bench_head(anchors, model, &set, z, N, arena);
        if (status == ST_OK && threads == NULL) write_prompts(&set);
    }
    if (status != ST_OK || getenv("FGAD_BENCH_THREADS") != NULL) goto done;
    printf("peak memory %.0f MB, the model's %.0f MB mapped in it\n", peak_megabytes(),
           4e-6 * (double)(clip_model_parameters(model, false) + clip_model_parameters(model, true)));
    TRY_DONE(bench_query(anchors, set.groups, E, arena));
    float *parts = arena_take(arena, (size_t)(set.components + 1) * (size_t)E, sizeof(float));
    bool background;
    if (parts == NULL) status = ST_ENOMEM;
    if (status != ST_OK) goto done;
    align_region_anchors(parts, &background, anchors, &set, E);
    TRY_DONE(bench_regions(parts, set.components, background, T, E, &rng, arena));
done:
    free(z);
    prompts_set_free(&set);
    prompts_mfsc_free(&mfsc);
    prompts_vocabulary_free(&vocabulary);
    tokenizer_close(tokenizer);
    clip_model_close(model);
    return status;
}

int main(int argc, char **argv)
{
    const char *dir = argc > 1 ? argv[1] : "bench-model";
    const char *merges = argc > 2 ? argv[2] : FGAD_GOLDEN_DIR "/clip/merges-small.txt";
    const char *caption = argc > 3 ? argv[3] : FGAD_SOURCE_DIR "/datasets/mfsc/mvtec/metal_nut.json";
    arena_t arena;
    arena_init(&arena, "bench");
    status_t status = ST_OK;
    if (argc <= 1) status = toy_model_write(dir, toy_preset_find("vit-b-16-plus-240"), 1, false);
    if (status == ST_OK) status = bench(dir, merges, caption, &arena);
    if (status != ST_OK) fprintf(stderr, "bench_learn: %s\n", fail_message());
    arena_free(&arena);
    return status != ST_OK;
}
