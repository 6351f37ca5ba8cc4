#include "cli/cli.h"
#include "clip/clip.h"
#include "tokenizer/tokenizer.h"

#include <stdlib.h>
#include <string.h>

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

typedef struct {
    clip_model_t *model;
    tokenizer_t *tokenizer; /* NULL when the folder has none: it is fit for what needs no prompts */
    char *weights, *merges; /* paths */
    char digest[IO_DIGEST_SIZE];
} folder_t;

static status_t open_folder(folder_t *out, const char *dir)
{
    TRY(clip_model_open(&out->model, dir));
    TRY(clip_model_weights_path(&out->weights, dir));
    TRY(clip_model_digest(out->digest, dir));
    const clip_config_t *c = clip_model_config(out->model);
    status_t status = tokenizer_path(&out->merges, dir);
    if (status == ST_ENOTFOUND) return ST_OK;
    TRY(status);
    return tokenizer_open(&out->tokenizer, dir, c->vocab, c->context);
}

static void print_memory(const folder_t *folder)
{
    const clip_model_t *model = folder->model;
    printf("memory         %.1f MB weights as f32, %.1f MB workspace of the image tower\n",
           4e-6 * (double)(clip_model_parameters(model, false) + clip_model_parameters(model, true)),
           1e-6 * (double)clip_vision_bytes(clip_model_config(model)));
    printf("blas           %s\n", clip_backend(CLIP_PRODUCTS_BLAS));
}

static void print_folder(const folder_t *folder, const char *dir)
{
    const clip_config_t *c = clip_model_config(folder->model);
    int64_t image = clip_model_parameters(folder->model, false), text = clip_model_parameters(folder->model, true);
    printf("model          %s\n", dir);
    printf("digest         %s\n", folder->digest);
    printf("weights        %s\n", base_name(folder->weights));
    if (c->dino)
        printf("kind           DINOv2%s: an image tower alone, for methods without prompts\n",
               c->registers > 0 ? " with registers" : "");
    else if (folder->tokenizer != NULL)
        printf("tokenizer      %s, %d tokens\n", base_name(folder->merges), tokenizer_vocab(folder->tokenizer));
    else
        printf("tokenizer      none: jobs with prompts are refused, branches: [vad] is not (hint: put CLIP's "
               "bpe_simple_vocab_16e6.txt.gz there)\n");
    printf("embedding      %d\n", c->embed);
    printf("images         stretched to %d x %d px whatever their shape, bicubic as PIL's, %s mean and std\n",
           c->image_size, c->image_size, c->dino ? "ImageNet's" : "CLIP's");
    printf("image tower    %d px, patch %d (%d x %d tokens), width %d, %d layers, %d heads, mlp %d\n", c->image_size,
           c->patch, c->grid, c->grid, c->width, c->layers, c->heads, c->mlp);
    if (c->dino) {
        printf("blocks         LayerScale, %s, %d registers\n", c->swiglu ? "SwiGLU" : "GELU (erf)", c->registers);
        printf("parameters     %.2f M\n", 1e-6 * (double)image);
        print_memory(folder);
        return;
    }
    printf("text tower     context %d, vocabulary %d, width %d, %d layers, %d heads, mlp %d\n", c->context, c->vocab,
           c->text_width, c->text_layers, c->text_heads, c->text_mlp);
    printf("activation     %s\n", c->quick_gelu ? "QuickGELU" : "GELU (erf)");
    printf("logit scale    %.4f (stored parameter)\n", (double)clip_model_logit_scale(folder->model));
    printf("parameters     %.2f M image, %.2f M text\n", 1e-6 * (double)image, 1e-6 * (double)text);
    print_memory(folder);
}

/* The same for programs; what a kind of model does not have is null. */
static status_t print_json(const folder_t *folder, const char *dir)
{
    const clip_config_t *c = clip_model_config(folder->model);
    int64_t image = clip_model_parameters(folder->model, false), text = clip_model_parameters(folder->model, true);
    printf("{\"model\": ");
    TRY(io_json_quote(stdout, dir));
    printf(",\n \"digest\": \"%s\",\n \"weights\": ", folder->digest);
    TRY(io_json_quote(stdout, base_name(folder->weights)));
    printf(",\n \"kind\": \"%s\",\n \"tokenizer\": ", c->dino ? "dinov2" : "clip");
    if (folder->tokenizer != NULL)
        TRY(io_json_quote(stdout, base_name(folder->merges)));
    else
        printf("null");
    printf(",\n \"embedding\": %d,\n \"image\": {\"size\": %d, \"patch\": %d, \"grid\": %d, \"width\": %d, \"layers\": "
           "%d, "
           "\"heads\": %d, \"mlp\": %d, \"parameters\": %lld}",
           c->embed, c->image_size, c->patch, c->grid, c->width, c->layers, c->heads, c->mlp, (long long)image);
    if (c->dino)
        printf(",\n \"text\": null");
    else
        printf(",\n \"text\": {\"context\": %d, \"vocabulary\": %d, \"width\": %d, \"layers\": %d, \"heads\": %d, "
               "\"mlp\": %d, "
               "\"parameters\": %lld},\n \"activation\": \"%s\",\n \"logit_scale\": %.9g",
               c->context, c->vocab, c->text_width, c->text_layers, c->text_heads, c->text_mlp, (long long)text,
               c->quick_gelu ? "quick_gelu" : "gelu", (double)clip_model_logit_scale(folder->model));
    printf(",\n \"weights_bytes\": %lld,\n \"workspace_bytes\": %zu,\n \"blas\": ", (long long)(4 * (image + text)),
           (size_t)clip_vision_bytes(c));
    TRY(io_json_quote(stdout, clip_backend(CLIP_PRODUCTS_BLAS)));
    printf("}\n");
    return ST_OK;
}

int cli_model_info(int argc, char **argv)
{
    folder_t folder = {0};
    const char *dir = NULL;
    bool json = false;
    for (int i = 1; i < argc; i++) {
        int code = EXIT_DONE;
        if (strcmp(argv[i], "--format") == 0)
            code = cli_take_format(&json, "model info", argv[++i]);
        else if (argv[i][0] == '-')
            code = cli_bad_usage("model info", "unknown option '%s'", argv[i]);
        else if (dir != NULL)
            code = cli_bad_usage("model info", "two folders, '%s' and '%s', expected one", dir, argv[i]);
        else
            dir = argv[i];
        if (code != EXIT_DONE) return code;
    }
    if (dir == NULL) return cli_bad_usage("model info", "expected one model folder, found none");
    status_t status = open_folder(&folder, dir);
    if (status == ST_OK && json)
        status = print_json(&folder, dir);
    else if (status == ST_OK)
        print_folder(&folder, dir);
    tokenizer_close(folder.tokenizer);
    clip_model_close(folder.model);
    free(folder.weights);
    free(folder.merges);
    return status == ST_OK ? EXIT_DONE : cli_bad_input();
}
