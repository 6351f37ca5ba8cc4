/* Which keys of an open_clip configuration are known, and with which values the towers compute what METHOD.md 1 to 3 say. */
#include "clip/clip_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A key is READ by clip_config.c, IGNORED because no value of it changes a feature of the trained model, or FIXED: one of
 * `values` (JSON, with '|' between them), everything else would be another tower. */
typedef enum { READ, IGNORED, FIXED } rule_t;
typedef struct {
    const char *key;
    rule_t rule;
    const char *values;
} config_key_t;

#define OFF "null|false"
#define NONE "null|\"\""
static const config_key_t MODEL_KEYS[] = {
    {"embed_dim", READ, NULL},
    {"vision_cfg", READ, NULL},
    {"text_cfg", READ, NULL},
    {"quick_gelu", READ, NULL},
    {"custom_text", IGNORED, NULL}, /* the weights' names show it */
    /* Start values of training. A bias of all logits drops out of every softmax. */
    {"init_logit_scale", IGNORED, NULL},
    {"init_logit_bias", IGNORED, NULL},
    {"nonscalar_logit_scale", IGNORED, NULL},
    {"cast_dtype", IGNORED, NULL},
    {"output_dict", IGNORED, NULL},
    {"multimodal_cfg", FIXED, "null"},
    {"preprocess_cfg", READ, NULL}, /* its place in a file without the wrapper */
    {0},
};

/* Of both towers. */
static const config_key_t BLOCK_KEYS[] = {
    {"ls_init_value", FIXED, "null"},
    {"final_ln_after_pool", FIXED, OFF},
    {"act_kwargs", FIXED, "null|{}"},
    {"norm_kwargs", FIXED, "null|{}|{\"eps\": 1e-05}"},
    {"block_type", FIXED, "null|\"default\""},
    {"qk_norm", FIXED, OFF},
    {"scaled_cosine_attn", FIXED, OFF},
    {"scale_heads", FIXED, OFF},
    {"scale_attn_inner", FIXED, OFF},
    {"scale_attn", FIXED, OFF},
    {"scale_fc", FIXED, OFF},
    {"output_tokens", IGNORED, NULL},
    {0},
};

static const config_key_t VISION_KEYS[] = {
    {"image_size", READ, NULL},
    {"patch_size", READ, NULL},
    {"width", READ, NULL},
    {"layers", READ, NULL},
    {"head_width", READ, NULL},
    {"mlp_ratio", READ, NULL},
    {"pool_type", FIXED, "\"tok\""},
    {"pos_embed_type", FIXED, "\"learnable\""},
    {"no_ln_pre", FIXED, OFF},
    {"input_patchnorm", FIXED, OFF},
    {"global_average_pool", FIXED, OFF},
    {"attentional_pool", FIXED, OFF},
    {"timm_model_name", FIXED, NONE},
    {"patch_dropout", IGNORED, NULL}, /* of training */
    /* Of towers that the keys above switch on. */
    {"n_queries", IGNORED, NULL},
    {"attn_pooler_queries", IGNORED, NULL},
    {"attn_pooler_heads", IGNORED, NULL},
    {"timm_model_pretrained", IGNORED, NULL},
    {"timm_pool", IGNORED, NULL},
    {"timm_proj", IGNORED, NULL},
    {"timm_proj_bias", IGNORED, NULL},
    {"timm_drop", IGNORED, NULL},
    {"timm_drop_path", IGNORED, NULL},
    {0},
};

static const config_key_t TEXT_KEYS[] = {
    {"context_length", READ, NULL},
    {"vocab_size", READ, NULL},
    {"width", READ, NULL},
    {"heads", READ, NULL},
    {"layers", READ, NULL},
    {"mlp_ratio", READ, NULL},
    {"pool_type", FIXED, "\"argmax\""},
    {"proj_type", FIXED, "\"linear\""},
    {"proj_bias", FIXED, OFF},
    {"embed_cls", FIXED, OFF},
    {"no_causal_mask", FIXED, OFF},
    {"hf_model_name", FIXED, NONE},
    {"hf_tokenizer_name", FIXED, NONE},
    {"tokenizer_mode", FIXED, NONE},
    {"tokenizer_kwargs", FIXED, "null|{}|{\"clean\": \"lower\"}"},
    /* What stands after EOT is not read, and EOT is the highest id. */
    {"pad_id", IGNORED, NULL},
    {"eos_id", IGNORED, NULL},
    {"proj", IGNORED, NULL},
    {"pooler_type", IGNORED, NULL},
    {"hf_model_pretrained", IGNORED, NULL},
    {"hf_proj_type", IGNORED, NULL},
    {"hf_pooler_type", IGNORED, NULL},
    {0},
};

static const config_key_t PREPROCESS_KEYS[] = {
    {"mean", FIXED, "null|[0.48145466, 0.4578275, 0.40821073]"},
    {"std", FIXED, "null|[0.26862954, 0.26130258, 0.27577711]"},
    {"interpolation", FIXED, "null|\"bicubic\""},
    /* METHOD.md 1: every image is stretched to image_size, whatever its shape; grey is replicated. */
    {"size", IGNORED, NULL},
    {"mode", IGNORED, NULL},
    {"resize_mode", IGNORED, NULL},
    {"fill_color", IGNORED, NULL},
    {0},
};

static const config_key_t *const KEYS[] = {MODEL_KEYS, VISION_KEYS, TEXT_KEYS, PREPROCESS_KEYS};
static const char *const SECTIONS[] = {"model_cfg", "vision_cfg", "text_cfg", "preprocess_cfg"};

/* Decimal fractions are compared as their writers mean them: 0.4578275 and 0.45782750 and its neighbours as f32. */
static bool same_number(double a, double b)
{
    return fabs(a - b) <= 1e-6 * fmax(fabs(a), fabs(b));
}

static bool same_value(io_json_node_t a, io_json_node_t b)
{
    io_json_kind_t kind = io_json_kind(a);
    if (kind != io_json_kind(b)) return false;
    if (kind == IO_JSON_BOOL) return io_json_bool(a, false) == io_json_bool(b, false);
    if (kind == IO_JSON_NUMBER) return same_number(io_json_number(a, 0), io_json_number(b, 0));
    if (kind == IO_JSON_STRING) return strcmp(io_json_string(a), io_json_string(b)) == 0;
    if (kind == IO_JSON_NULL) return true;
    if (io_json_count(a) != io_json_count(b)) return false;
    for (int i = 0; i < io_json_count(a); i++) {
        const char *key = NULL;
        io_json_node_t x = kind == IO_JSON_ARRAY ? io_json_at(a, i) : io_json_member(&key, a, i);
        io_json_node_t y = kind == IO_JSON_ARRAY ? io_json_at(b, i) : io_json_get(b, key);
        if (y == NULL || !same_value(x, y)) return false;
    }
    return true;
}

static status_t is_one_of(bool *out, io_json_node_t node, const char *values)
{
    *out = false;
    for (const char *from = values; !*out;) {
        const char *end = strchrnul(from, '|');
        char *wrapped = base_format("[%.*s]", (int)(end - from), from);
        if (wrapped == NULL) return ST_ENOMEM;
        io_json_t *json = NULL;
        status_t status = io_json_parse(&json, wrapped, strlen(wrapped), "a known value");
        if (status == ST_OK) *out = same_value(node, io_json_at(io_json_root(json), 0));
        io_json_free(json);
        free(wrapped);
        TRY(status);
        if (*end == '\0') break;
        from = end + 1;
    }
    return ST_OK;
}

/* The value on one line. */
static void print_value(FILE *out, io_json_node_t node)
{
    io_json_kind_t kind = io_json_kind(node);
    if (kind == IO_JSON_NULL) fputs("null", out);
    if (kind == IO_JSON_BOOL) fputs(io_json_bool(node, false) ? "true" : "false", out);
    if (kind == IO_JSON_NUMBER) fprintf(out, "%.9g", io_json_number(node, 0));
    if (kind == IO_JSON_STRING) io_json_quote(out, io_json_string(node));
    if (kind != IO_JSON_ARRAY && kind != IO_JSON_OBJECT) return;
    fputc(kind == IO_JSON_ARRAY ? '[' : '{', out);
    for (int i = 0; i < io_json_count(node); i++) {
        const char *key = NULL;
        io_json_node_t item = kind == IO_JSON_ARRAY ? io_json_at(node, i) : io_json_member(&key, node, i);
        if (i > 0) fputs(", ", out);
        if (key != NULL) io_json_quote(out, key), fputs(": ", out);
        print_value(out, item);
    }
    fputc(kind == IO_JSON_ARRAY ? ']' : '}', out);
}

/* Caller frees; NULL when memory is out. */
static char *value_text(io_json_node_t node)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) return NULL;
    print_value(out, node);
    return fclose(out) == 0 ? text : NULL;
}

static const config_key_t *find_key(const config_key_t *table, const char *key)
{
    while (table->key != NULL && strcmp(table->key, key) != 0) table++;
    return table->key != NULL ? table : NULL;
}

static status_t check_key(const char *path, clip_section_t section, const char *key, io_json_node_t node)
{
    const config_key_t *known = find_key(KEYS[section], key);
    if (known == NULL && (section == CLIP_VISION || section == CLIP_TEXT)) known = find_key(BLOCK_KEYS, key);
    if (known == NULL)
        return fail(ST_EFORMAT,
                    "'%s': %s.%s is not a key that fgad knows, so what it changes is not known either (hint: take it "
                    "out if it changes nothing)",
                    path, SECTIONS[section], key);
    if (known->rule != FIXED) return ST_OK;
    bool good;
    TRY(is_one_of(&good, node, known->values));
    if (good) return ST_OK;
    char *found = value_text(node), expected[96];
    if (found == NULL) return fail(ST_ENOMEM, "'%s': no memory for a message", path);
    size_t used = 0;
    for (const char *c = known->values; *c != '\0' && used + 5 < sizeof expected; c++)
        used += (size_t)snprintf(expected + used, sizeof expected - used, *c == '|' ? " or " : "%c", *c);
    status_t status = fail(ST_EFORMAT, "'%s': %s.%s is %.80s, expected %s: fgad computes %s", path, SECTIONS[section],
                           key, found, expected,
                           section == CLIP_PREPROCESS ? "CLIP's own preprocessing alone (METHOD.md 1)"
                                                      : "CLIP's plain ViT and text towers alone (METHOD.md 2 and 3)");
    free(found);
    return status;
}

status_t clip_config_check_keys(io_json_node_t object, clip_section_t section, const char *path)
{
    if (object == NULL || io_json_kind(object) == IO_JSON_NULL) return ST_OK;
    if (io_json_kind(object) != IO_JSON_OBJECT)
        return fail(ST_EFORMAT, "'%s': %s is not an object, expected {\"key\": value, ...}", path, SECTIONS[section]);
    for (int i = 0; i < io_json_count(object); i++) {
        const char *key = NULL;
        io_json_node_t node = io_json_member(&key, object, i);
        TRY(check_key(path, section, key, node));
    }
    return ST_OK;
}
