/* From a body and its changes to token ids, slots of learnable vectors and a text for people. */
#include "prompts/prompts_internal.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    prompts_assembler_t *to;
    int *ids;         /* (room + 1) */
    int length, room; /* room: positions before EOT */
    char *text;       /* for people */
    size_t text_used, text_size;
} draft_t;

const char *prompts_text(prompts_set_t *set, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *out = arena_take(&set->arena, (size_t)size + 1, 1);
    if (out == NULL) return NULL;
    va_start(arguments, format);
    vsnprintf(out, (size_t)size + 1, format, arguments);
    va_end(arguments);
    return out;
}

static void show(draft_t *draft, const char *text, size_t size)
{
    REQUIRE(draft->text_used + size < draft->text_size);
    memcpy(draft->text + draft->text_used, text, size);
    draft->text_used += size;
    draft->text[draft->text_used] = '\0';
}

static void put(draft_t *draft, int id)
{
    if (draft->length == draft->room) {
        draft->to->cut = true;
        if (id < 0) draft->to->cut_vector++;
        return;
    }
    draft->ids[draft->length++] = id;
}

/* Tokens of `size` bytes of text: a run that is not cut inside a word. */
static status_t put_text(draft_t *draft, const char *text, size_t size)
{
    status_t status = ST_OK;
    int count = 0, *pieces = NULL;
    char *copy = base_alloc(size + 1, 1);
    if (copy == NULL) return ST_ENOMEM;
    memcpy(copy, text, size);
    copy[size] = '\0';
    pieces = base_alloc((size_t)draft->room + 1, sizeof *pieces);
    if (pieces == NULL) {
        status = ST_ENOMEM;
        goto done;
    }
    TRY_DONE(tokenizer_pieces(pieces, &count, draft->room + 1, draft->to->tokenizer, copy));
    for (int i = 0; i < count && i <= draft->room; i++) put(draft, pieces[i]);
    show(draft, text, size);
done:
    free(pieces);
    free(copy);
    return status;
}

/* The runs between placeholders are tokenized whole, with replaced texts in place: `run` gathers one. */
static status_t put_body(draft_t *draft, char *run, const char *body, const prompts_edit_t *edits, int count)
{
    size_t used = 0;
    int at = 0, placeholders = 0;
    for (int i = 0; i <= count; i++) {
        int next = i < count ? edits[i].start : (int)strlen(body);
        REQUIRE(next >= at);
        memcpy(run + used, body + at, (size_t)(next - at));
        used += (size_t)(next - at);
        if (i < count && edits[i].text != NULL) {
            memcpy(run + used, edits[i].text, strlen(edits[i].text));
            used += strlen(edits[i].text);
            at = edits[i].end;
            continue;
        }
        TRY(put_text(draft, run, used));
        used = 0;
        if (i == count) break;
        for (int k = 0; k < draft->to->set->options.n_ctx_ab; k++) put(draft, CLIP_SLOT(edits[i].slot + k));
        char name[32];
        /* an insertion brings its own space */
        int size = snprintf(name, sizeof name, "[a%d]%s", ++placeholders, edits[i].start == edits[i].end ? " " : "");
        show(draft, name, (size_t)size);
        at = edits[i].end;
    }
    return ST_OK;
}

static status_t keep(prompts_prompt_t *out, const draft_t *draft, arena_t *arena)
{
    int *ids = arena_take(arena, (size_t)draft->length, sizeof *ids);
    char *text = arena_take(arena, draft->text_used + 1, 1);
    if (ids == NULL || text == NULL) return ST_ENOMEM;
    memcpy(ids, draft->ids, (size_t)draft->length * sizeof *ids);
    memcpy(text, draft->text, draft->text_used + 1);
    out->ids = ids;
    out->text = text;
    out->length = draft->length;
    return ST_OK;
}

status_t prompts_assemble(prompts_prompt_t *out, prompts_assembler_t *assembler, const char *body,
                          const prompts_edit_t *edits, int count, prompts_kind_t kind, int copy)
{
    status_t status = ST_OK;
    prompts_set_t *set = assembler->set;
    int context = tokenizer_context(assembler->tokenizer);
    size_t most = strlen(body) + 64;
    for (int i = 0; i < count; i++) most += 32 + (edits[i].text != NULL ? strlen(edits[i].text) : 0);
    draft_t draft = {.to = assembler, .room = context - 1, .text_size = most};
    assembler->cut = false;
    assembler->cut_vector = 0;
    draft.ids = base_alloc((size_t)context, sizeof *draft.ids);
    char *run = base_alloc(most, 1);
    draft.text = base_alloc(most, 1);
    if (draft.ids == NULL || run == NULL || draft.text == NULL) {
        status = ST_ENOMEM;
        goto done;
    }
    put(&draft, tokenizer_sot(assembler->tokenizer));
    /* V has the first slots. */
    for (int k = 0; k < set->options.n_ctx; k++) put(&draft, CLIP_SLOT(copy * set->options.n_ctx + k));
    char prefix[32] = "";
    int prefix_size = set->options.n_ctx > 0 ? snprintf(prefix, sizeof prefix, "[V]x%d ", set->options.n_ctx) : 0;
    show(&draft, prefix, (size_t)prefix_size);
    TRY_DONE(put_body(&draft, run, body, edits, count));
    draft.room++;
    put(&draft, tokenizer_eot(assembler->tokenizer));
    *out = (prompts_prompt_t){.kind = kind, .copy = copy};
    TRY_DONE(keep(out, &draft, &set->arena));
done:
    free(draft.ids);
    free(run);
    free(draft.text);
    return status;
}
