/* bench_text [DIR]: one learning step of the text tower (forward, and backward to the learnable embeddings) at
 * ViT-B/16+ text shapes on one core, for the prompts of a category of three components: six groups, each a sentence of
 * about 22 tokens as it stands, with eight replacements of a word, and with four sets of learnable words. Prints rows
 * and tokens, memory, processor time and GFLOP/s over the products really done. DIR: a model directory; without it one
 * of random weights is made. */
#include "clip/clip.h"
#include "ops/ops.h"
#include "tools/toy_model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { GROUPS = 6, NORMAL = 1, REPLACED = 8, LEARNED = 4, EACH = NORMAL + REPLACED + LEARNED, LIMIT = 77 };
enum { PROMPTS = GROUPS * EACH, VALUES = 4, SLOTS = 4 + GROUPS * LEARNED * VALUES };

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Values to replace stand at these places of every sentence; a replacement is one or two words. */
static void make_prompts(clip_prompt_t *prompt, int (*ids)[LIMIT], int vocab)
{
    static const int value_at[VALUES] = {4, 9, 13, 18};
    for (int g = 0; g < GROUPS; g++)
        for (int e = 0; e < EACH; e++) {
            int *out = ids[g * EACH + e], length = 0;
            out[length++] = vocab - 2;
            for (int v = 0; v < 4; v++) out[length++] = CLIP_SLOT(v);
            for (int i = 0; i < 20 + g; i++) {
                int value = -1;
                for (int j = 0; j < VALUES; j++)
                    if (value_at[j] == i) value = j;
                const int word = 300 + g * 100 + i, replacement = e - NORMAL, set = e - NORMAL - REPLACED;
                if (value >= 0 && set >= 0)
                    out[length++] = CLIP_SLOT(4 + (g * LEARNED + set) * VALUES + value);
                else if (value >= 0 && set < 0 && replacement >= 0 && replacement % VALUES == value) {
                    out[length++] = 2000 + replacement;
                    if (replacement >= VALUES) out[length++] = 3000 + replacement;
                } else
                    out[length++] = word;
            }
            out[length++] = vocab - 1;
            prompt[g * EACH + e] = (clip_prompt_t){.ids = out, .length = length};
        }
}

/* Linear layers of the rows and the last layer's EOT rows; attention of own rows over their paths is below 3 % and not
 * counted. The backward does the same products once more. */
static double step_flops(const clip_config_t *c, const clip_text_plan_t *plan)
{
    const double M = (double)plan->rows, n = plan->prompts, D = c->text_width, F = c->text_mlp, E = c->embed;
    const double full = M * (4 * D * D + 2 * D * F), last = M * 2 * D * D + n * (2 * D * D + 2 * D * F + D * E);
    return 2 * 2 * ((c->text_layers - 1) * full + last);
}

static status_t bench_budget(const clip_model_t *model, const clip_prompt_t *prompts, size_t budget)
{
    status_t status = ST_OK;
    const clip_config_t *c = clip_model_config(model);
    const size_t D = (size_t)c->text_width, E = (size_t)c->embed;
    clip_text_t *text = NULL;
    clip_text_plan_t plan;
    float *slots = base_alloc(SLOTS * D, sizeof *slots), *dslots = base_alloc(SLOTS * D, sizeof *dslots);
    float *f = base_alloc(PROMPTS * E, sizeof *f);
    if (slots == NULL || dslots == NULL || f == NULL) {
        status = ST_ENOMEM;
        goto done;
    }
    rng_t rng = rng_init("bench", "text", 0, 1, "slots");
    for (size_t i = 0; i < SLOTS * D; i++) slots[i] = (float)(0.02 * rng_normal(&rng)), dslots[i] = 0;
    TRY_DONE(clip_text_plan(&plan, c, prompts, PROMPTS, true, budget));
    TRY_DONE(clip_text_open(&text, model, prompts, PROMPTS, SLOTS, true, budget));
    double forward = INFINITY, backward = INFINITY;
    for (int round = 0; round < 3; round++) {
        double start = cpu_seconds();
        TRY_DONE(clip_text_forward(f, text, slots));
        double middle = cpu_seconds();
        clip_text_backward(dslots, text, f);
        forward = fmin(forward, middle - start);
        backward = fmin(backward, cpu_seconds() - middle);
    }
    const double flops = step_flops(c, &plan);
    printf("%d prompts, %lld tokens, %lld rows; %.0f MB, %d of %d layers kept: forward %.0f ms, backward %.0f ms, "
           "%.1f ms a prompt, %.1f GFLOP/s (best of 3)\n",
           plan.prompts, (long long)plan.tokens, (long long)plan.rows, (double)plan.bytes / 1e6, plan.kept_layers,
           c->text_layers - 1, forward * 1e3, backward * 1e3, (forward + backward) * 1e3 / plan.prompts,
           flops / (forward + backward) / 1e9);
done:
    clip_text_close(text);
    free(slots), free(dslots), free(f);
    return status;
}

static status_t bench(const char *dir)
{
    clip_model_t *model = NULL;
    TRY(clip_model_open(&model, dir));
    clip_prompt_t prompts[PROMPTS];
    static int ids[PROMPTS][LIMIT];
    make_prompts(prompts, ids, clip_model_config(model)->vocab);
    printf("%s, %s\n", clip_backend(CLIP_PRODUCTS_BLAS), dir);
    status_t status = bench_budget(model, prompts, CLIP_TEXT_BUDGET);
    if (status == ST_OK) status = bench_budget(model, prompts, 0);
    clip_model_close(model);
    return status;
}

int main(int argc, char **argv)
{
    const char *dir = argc > 1 ? argv[1] : "bench-model";
    status_t status = ops_set_threads(1);
    if (argc <= 1 && status == ST_OK) status = toy_model_write(dir, toy_preset_find("vit-b-16-plus-240"), 1, false);
    if (status == ST_OK) status = bench(dir);
    if (status != ST_OK) fprintf(stderr, "bench_text: %s\n", fail_message());
    return status != ST_OK;
}
