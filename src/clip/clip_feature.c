/* Names of the image tower's arrays: taps and features as texts and back, and their shapes. */
#include "clip/clip_internal.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

status_t clip_tap_parse(clip_tap_t *out, const char *text, const clip_config_t *config)
{
    const char *at = text;
    long block = 0;
    if (strncmp(text, "last", 4) == 0) {
        block = config->layers - 1;
        at += 4;
    } else {
        while (isdigit((unsigned char)*at) && block < 100000) block = block * 10 + (*at++ - '0');
        if (at != text && *at == '/') { /* the last block of so much of the depth */
            char *end;
            const long parts = strtol(at + 1, &end, 10);
            if (parts < 1 || end == at + 1 || block < 1 || block > parts)
                return fail(ST_EFORMAT, "memory tap '%s': a share of the depth is as 1/4, above 0 and up to 1", text);
            block = lround((double)block * config->layers / (double)parts) - 1;
            if (block < 0) block = 0;
            at = end;
        }
    }
    const bool attn = strcmp(at, ".attn") == 0, mlp = strcmp(at, ".mlp") == 0;
    if (at == text || !(attn || mlp))
        return fail(ST_EFORMAT, "memory tap '%s' is not of the form N.attn or N.mlp, N a block number from 0", text);
    if (block >= config->layers)
        return fail(ST_EFORMAT, "memory tap '%s' names block %ld, the image tower has blocks 0 to %d", text, block,
                    config->layers - 1);
    *out = (clip_tap_t){.block = (int)block, .after_mlp = mlp};
    return ST_OK;
}

/* "mean(6.mlp..8.mlp)" of `size` bytes. */
static status_t parse_mean(clip_feature_t *out, const char *text, size_t size, const clip_config_t *config)
{
    char tap[2][16] = {"", ""};
    const char *first = text + 5, *end = text + size - 1, *dots = strstr(first, "..");
    if (*end == ')' && dots != NULL && dots + 2 < end && dots - first < 16 && end - dots - 2 < 16) {
        memcpy(tap[0], first, (size_t)(dots - first));
        memcpy(tap[1], dots + 2, (size_t)(end - dots - 2));
    }
    if (tap[0][0] == '\0')
        return fail(ST_EFORMAT, "feature '%s' is not of the form mean(A..B), A and B taps as 6.mlp", text);
    TRY(clip_tap_parse(&out->from, tap[0], config));
    TRY(clip_tap_parse(&out->to, tap[1], config));
    /* Two shares of a shallow tower may be one block, which is its own mean; two numbers that are one are a slip. */
    const bool shares = strchr(tap[0], '/') != NULL && strchr(tap[1], '/') != NULL;
    if (out->from.after_mlp != out->to.after_mlp || out->from.block >= out->to.block + (shares ? 1 : 0))
        return fail(ST_EFORMAT,
                    "feature '%s': the mean's taps are both .attn or both .mlp, the second of a later block", text);
    return ST_OK;
}

/* "windows2" of `size` bytes. */
static status_t parse_windows(clip_feature_t *out, const char *text, size_t size, const clip_config_t *config)
{
    char *end = NULL;
    const long side = isdigit((unsigned char)text[7]) ? strtol(text + 7, &end, 10) : 0;
    if (end != text + size || side < 1)
        return fail(ST_EFORMAT, "feature '%s' is not of the form windowsN, N the tokens of a side", text);
    if (side > config->grid)
        return fail(ST_EFORMAT, "feature '%s': windows of %ld tokens a side, the image tower's grid has %d x %d", text,
                    side, config->grid, config->grid);
    out->side = (int)side;
    return ST_OK;
}

static status_t check_tower(const clip_feature_t *feature, const char *text, const clip_config_t *config)
{
    if (!config->dino || (feature->kind != CLIP_FEATURE_TOKENS && feature->kind != CLIP_FEATURE_WINDOWS)) return ST_OK;
    return fail(ST_EFORMAT, "feature '%s' is CLIP's, the model is a DINOv2: it has cls, final and taps", text);
}

/* "turned8(FEATURE)", "turned8s(FEATURE)" or "turned8s7(FEATURE)", and what may stand behind it. */
static status_t parse_turned(clip_feature_t *out, const char *text, const clip_config_t *config)
{
    char *end = NULL, inner[CLIP_FEATURE_TEXT];
    const long turns = isdigit((unsigned char)text[6]) ? strtol(text + 6, &end, 10) : 0;
    const char *close = strrchr(text, ')');
    const bool drawn = end != NULL && *end == 's';
    long long seed = -1;
    if (drawn && isdigit((unsigned char)*++end)) seed = strtoll(end, &end, 10);
    if (turns < (drawn ? 1 : 2) || turns > CLIP_TURNS || *end != '(' || close == NULL || close < end ||
        strstr(end, "turned") != NULL)
        return fail(ST_EFORMAT,
                    "feature '%s' is not of the form turnedN(FEATURE), N from 2 to %d, or turnedNsSEED(FEATURE)", text,
                    CLIP_TURNS);
    snprintf(inner, sizeof inner, "%.*s%s", (int)(close - end - 1), end + 1, close + 1);
    TRY(clip_feature_parse(out, inner, config));
    out->turns = (int)turns;
    out->drawn = drawn;
    out->seed = seed;
    return ST_OK;
}

status_t clip_feature_parse(clip_feature_t *out, const char *text, const clip_config_t *config)
{
    static const struct {
        const char *name;
        clip_feature_kind_t kind;
    } plain[] = {{"cls", CLIP_FEATURE_CLS}, {"tokens", CLIP_FEATURE_TOKENS}, {"final", CLIP_FEATURE_FINAL}};
    size_t size = strlen(text);
    if (strncmp(text, "turned", 6) == 0) return parse_turned(out, text, config);
    *out = (clip_feature_t){.raw = size > 4 && strcmp(text + size - 4, "-raw") == 0};
    if (out->raw) size -= 4;
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        if (size != strlen(plain[i].name) || memcmp(text, plain[i].name, size) != 0) continue;
        out->kind = plain[i].kind;
        return check_tower(out, text, config);
    }
    if (strncmp(text, "windows", 7) == 0) {
        out->kind = CLIP_FEATURE_WINDOWS;
        TRY(check_tower(out, text, config));
        return parse_windows(out, text, size, config);
    }
    out->kind = CLIP_FEATURE_TAP;
    if (strncmp(text, "mean(", 5) == 0) return parse_mean(out, text, size, config);
    char tap[16] = "";
    if (size < sizeof tap) memcpy(tap, text, size);
    status_t status = clip_tap_parse(&out->from, tap, config);
    out->to = out->from;
    if (status == ST_OK) return ST_OK;
    return fail_context(status, "feature '%s' (cls, tokens, final, a tap, mean(A..B) or windowsN; -raw behind it)",
                        text);
}

static int put_tap(char *out, size_t size, clip_tap_t tap)
{
    return snprintf(out, size, "%d.%s", tap.block, tap.after_mlp ? "mlp" : "attn");
}

void clip_feature_text(char out[CLIP_FEATURE_TEXT], const clip_feature_t *feature)
{
    static const char *const plain[] = {"cls", "tokens", "final"};
    char from[16], to[16];
    const char *raw = feature->raw ? "-raw" : "";
    if (feature->turns > 0) {
        clip_feature_t whole = *feature;
        char inner[CLIP_FEATURE_TEXT], draw[24] = "";
        whole.turns = 0;
        whole.raw = false;
        clip_feature_text(inner, &whole);
        if (feature->drawn) snprintf(draw, sizeof draw, feature->seed < 0 ? "s" : "s%lld", (long long)feature->seed);
        snprintf(out, CLIP_FEATURE_TEXT, "turned%d%s(%.30s)%s", feature->turns, draw, inner, raw);
        return;
    }
    put_tap(from, sizeof from, feature->from);
    put_tap(to, sizeof to, feature->to);
    if (feature->kind == CLIP_FEATURE_WINDOWS)
        snprintf(out, CLIP_FEATURE_TEXT, "windows%d%s", feature->side, raw);
    else if (feature->kind != CLIP_FEATURE_TAP)
        snprintf(out, CLIP_FEATURE_TEXT, "%s%s", plain[feature->kind], raw);
    else if (feature->from.block == feature->to.block)
        snprintf(out, CLIP_FEATURE_TEXT, "%s%s", from, raw);
    else
        snprintf(out, CLIP_FEATURE_TEXT, "mean(%s..%s)%s", from, to, raw);
}

int clip_feature_rows(const clip_feature_t *feature, const clip_config_t *config)
{
    const int places = config->grid - feature->side + 1, views = feature->turns > 0 ? feature->turns : 1;
    if (feature->kind == CLIP_FEATURE_CLS) return views;
    return views * (feature->kind == CLIP_FEATURE_WINDOWS ? places * places : config->grid * config->grid);
}

int clip_feature_width(const clip_feature_t *feature, const clip_config_t *config)
{
    return feature->kind == CLIP_FEATURE_TAP ? config->width : config->embed;
}
