#include "cli/cli.h"
#include "clip/clip.h"

int cli_model_info(int argc, char **argv)
{
    clip_model_t *model;
    char digest[IO_DIGEST_SIZE];
    if (argc != 2) return cli_bad_usage("model info", "expected one model folder, found %d arguments", argc - 1);
    if (clip_model_open(&model, argv[1]) != ST_OK) return cli_bad_input();
    if (clip_model_digest(digest, argv[1]) != ST_OK) {
        clip_model_close(model);
        return cli_bad_input();
    }
    const clip_config_t *c = clip_model_config(model);
    int64_t image = clip_model_parameters(model, false), text = clip_model_parameters(model, true);
    printf("model          %s\n", argv[1]);
    printf("digest         %s\n", digest);
    printf("embedding      %d\n", c->embed);
    printf("images         stretched to %d x %d px whatever their shape, bicubic as PIL's, CLIP's mean and std\n",
           c->image_size, c->image_size);
    printf("image tower    %d px, patch %d (%d x %d tokens), width %d, %d layers, %d heads, mlp %d\n", c->image_size,
           c->patch, c->grid, c->grid, c->width, c->layers, c->heads, c->mlp);
    printf("text tower     context %d, vocabulary %d, width %d, %d layers, %d heads, mlp %d\n", c->context, c->vocab,
           c->text_width, c->text_layers, c->text_heads, c->text_mlp);
    printf("activation     %s\n", c->quick_gelu ? "QuickGELU" : "GELU (erf)");
    printf("logit scale    %.4f (stored parameter)\n", (double)clip_model_logit_scale(model));
    printf("parameters     %.2f M image, %.2f M text\n", 1e-6 * (double)image, 1e-6 * (double)text);
    printf("memory         %.1f MB weights as f32, %.1f MB workspace of the image tower\n",
           4e-6 * (double)(image + text), 1e-6 * (double)clip_vision_bytes(c));
    printf("blas           %s\n", clip_backend());
    clip_model_close(model);
    return EXIT_DONE;
}
