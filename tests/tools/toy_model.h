/* Models of seeded random weights in open_clip's layout, for tests and benches. The weights are exact functions of
 * (tensor name, seed): tests/reference/toy_model.py makes the same bits, so golden files need not carry them. */
#ifndef FGAD_TESTS_TOY_MODEL_H
#define FGAD_TESTS_TOY_MODEL_H

#include "base/base.h"

typedef struct {
    const char *name;
    int embed;
    int image_size, patch, width, layers, head_width;
    int context, vocab, text_width, text_heads, text_layers;
    bool quick_gelu;
} toy_preset_t;

/* NULL when there is none of that name. */
const toy_preset_t *toy_preset_find(const char *name);
/* Names of all presets, separated by spaces. */
void toy_preset_names(char *out, size_t size);
/* Writes dir/open_clip_config.json and dir/open_clip_model.safetensors, with few blocks also dir/fgad.yaml; the directory
 * is made. */
status_t toy_model_write(const char *dir, const toy_preset_t *preset, uint64_t seed, bool half);
/* The input that goes with a preset and a seed in the golden files: out (3, S, S). */
void toy_model_pixels(float *out, const toy_preset_t *preset, uint64_t seed);

#endif
