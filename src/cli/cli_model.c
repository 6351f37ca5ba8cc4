#include "cli/cli.h"
#include "clip/clip.h"

#include <stdlib.h>
#include <string.h>

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

typedef struct {
    clip_model_t *model;
    clip_tokenizer_t *tokenizer; /* NULL when the folder has none: it is fit for what needs no prompts */
    char *weights, *merges;      /* paths */
    char digest[IO_DIGEST_SIZE];
} folder_t;

static status_t open_folder(folder_t *out, const char *dir)
{
    TRY(clip_model_open(&out->model, dir));
    TRY(clip_model_weights_path(&out->weights, dir));
    TRY(clip_model_digest(out->digest, dir));
    const clip_config_t *c = clip_model_config(out->model);
    status_t status = clip_tokenizer_path(&out->merges, dir);
    if (status == ST_ENOTFOUND) return ST_OK;
    TRY(status);
    return clip_tokenizer_open(&out->tokenizer, dir, c->vocab, c->context);
}

static void print_memory(const folder_t *folder)
{
    const clip_model_t *model = folder->model;
    printf("memory         %.1f MB weights as f32, %.1f MB workspace of the image tower\n",
           4e-6 * (double)(clip_model_parameters(model, false) + clip_model_parameters(model, true)),
           1e-6 * (double)clip_vision_bytes(clip_model_config(model)));
    printf("blas           %s\n", clip_backend());
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
        printf("tokenizer      %s, %d tokens\n", base_name(folder->merges), clip_tokenizer_vocab(folder->tokenizer));
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

int cli_model_info(int argc, char **argv)
{
    folder_t folder = {0};
    if (argc != 2) return cli_bad_usage("model info", "expected one model folder, found %d arguments", argc - 1);
    status_t status = open_folder(&folder, argv[1]);
    if (status == ST_OK) print_folder(&folder, argv[1]);
    clip_tokenizer_close(folder.tokenizer);
    clip_model_close(folder.model);
    free(folder.weights);
    free(folder.merges);
    return status == ST_OK ? EXIT_DONE : cli_bad_input();
}
