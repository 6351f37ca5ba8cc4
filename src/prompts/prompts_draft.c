/* A caption drafted by a vision chat model: ask, check, send the complaints back, until the caption is fit. */
#include "prompts/prompts_internal.h"

#include <stdlib.h>
#include <string.h>

/* What has been said: the model's answers, and our complaints about each. */
typedef struct {
    int count;
    char **answer, **complaint; /* (count); the last complaint may be NULL */
} talk_t;

static void talk_free(talk_t *talk)
{
    for (int i = 0; i < talk->count; i++) {
        free(talk->answer[i]);
        free(talk->complaint[i]);
    }
    free(talk->answer);
    free(talk->complaint);
}

static char *join(const prompts_report_t *report)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) return NULL;
    for (int i = 0; i < report->count; i++) fprintf(out, "- %s\n", report->line[i]);
    if (fclose(out) == 0) return text;
    free(text);
    return NULL;
}

/* The text that the model wrote, out of a chat completion (heap). ST_EFORMAT: the answer is not of that form. */
static status_t read_message(char **text, const char *bytes, size_t size, const char *url)
{
    status_t status;
    io_json_t *json = NULL;
    *text = NULL;
    status = io_json_parse(&json, bytes, size, url);
    if (status != ST_OK) return fail_context(status, "the answer is no JSON");
    io_json_node_t choice = io_json_at(io_json_get(io_json_root(json), "choices"), 0);
    io_json_node_t message = io_json_get(choice, "message"), content = io_json_get(message, "content");
    const char *found = io_json_string(content), *refusal = io_json_string(io_json_get(message, "refusal"));
    /* Some servers send a list of parts. */
    for (int i = 0; found == NULL && i < io_json_count(content); i++)
        found = io_json_string(io_json_get(io_json_at(content, i), "text"));
    if (found == NULL && refusal != NULL)
        status = fail(ST_EFORMAT, "'%s': the model refuses: %.300s", url, refusal);
    else if (found == NULL)
        status = fail(ST_EFORMAT,
                      "'%s': the answer has no choices[0].message.content (is it an OpenAI-compatible chat "
                      "endpoint?)",
                      url);
    else if ((*text = base_format("%s", found)) == NULL)
        status = ST_ENOMEM;
    io_json_free(json);
    return status;
}

/* End of the object that begins at `text`, after its closing brace; NULL when it has none. */
static const char *object_end(const char *text)
{
    int depth = 0;
    bool quoted = false;
    for (const char *at = text; *at != '\0'; at++) {
        if (quoted && *at == '\\' && at[1] != '\0')
            at++;
        else if (*at == '"')
            quoted = !quoted;
        else if (!quoted && *at == '{')
            depth++;
        else if (!quoted && *at == '}' && --depth == 0)
            return at + 1;
    }
    return NULL;
}

/* A caption, perhaps with keys missing; not one of the objects inside a caption whose end was cut off. */
static bool is_caption(const char *text, size_t size)
{
    static const char *const keys[] = {"category", "dataset", "image", "abnormal_states"};
    io_json_t *json = NULL;
    bool found = false;
    if (io_json_parse(&json, text, size, "answer") != ST_OK) return false;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        found = found || io_json_get(io_json_root(json), keys[i]) != NULL;
    io_json_free(json);
    return found;
}

/* The caption in an answer with prose or a code fence around it: the longest text from a brace to its partner that
 * is one. *size is 0 when there is none. */
static void find_object(const char **start, size_t *size, const char *text)
{
    enum { TRIES = 64 }; /* a long answer of open braces must not take for ever */
    *start = text;
    *size = 0;
    const char *at = strchr(text, '{');
    for (int i = 0; at != NULL && i < TRIES; i++) {
        const char *end = object_end(at);
        size_t length = end != NULL ? (size_t)(end - at) : 0;
        bool good = length > *size && is_caption(at, length);
        if (good) *start = at, *size = length;
        at = strchr(good ? end : at + 1, '{');
    }
}

/* Checks what the model wrote. *caption (heap) is it as a file, NULL when there are complaints (heap). */
static status_t examine(char **caption, char **complaint, const char *text, const prompts_draft_t *draft,
                        const prompts_vocabulary_t *vocabulary)
{
    status_t status;
    const char *start;
    size_t size;
    char *name = NULL;
    io_json_t *json = NULL;
    prompts_report_t report = {0};
    *caption = *complaint = NULL;
    find_object(&start, &size, text);
    if (size == 0) {
        *complaint = base_format("- the answer holds no whole JSON object of the form\n");
        return *complaint != NULL ? ST_OK : ST_ENOMEM;
    }
    /* Under this name the rules also check that it is the caption of what was asked for. */
    name = base_format("%s/%s.json", draft->dataset, draft->category);
    if (name == NULL) TRY_DONE(ST_ENOMEM);
    TRY_DONE(prompts_mfsc_check_text(&report, start, size, name, vocabulary, true));
    if (report.count > 0) {
        *complaint = join(&report);
        status = *complaint != NULL ? ST_OK : fail(ST_ENOMEM, "out of memory");
        goto done;
    }
    TRY_DONE(io_json_parse(&json, start, size, name));
    *caption = io_json_text(io_json_root(json));
    if (*caption == NULL) status = ST_ENOMEM;
done:
    io_json_free(json);
    prompts_report_free(&report);
    free(name);
    return status;
}

static status_t keep(talk_t *talk, char *text)
{
    char **answer = realloc(talk->answer, (size_t)(talk->count + 1) * sizeof *answer);
    if (answer != NULL) talk->answer = answer;
    char **complaint = realloc(talk->complaint, (size_t)(talk->count + 1) * sizeof *complaint);
    if (complaint != NULL) talk->complaint = complaint;
    if (answer == NULL || complaint == NULL) {
        free(text);
        return fail(ST_ENOMEM, "out of memory");
    }
    answer[talk->count] = text;
    complaint[talk->count++] = NULL;
    return ST_OK;
}

/* One question and its answer. *caption stays NULL when the answer has to be corrected. */
static status_t ask(char **caption, talk_t *talk, const prompts_draft_t *draft, const prompts_vocabulary_t *vocabulary)
{
    char *body = NULL, *bytes = NULL, *text = NULL;
    size_t body_size, size;
    TRY(prompts_draft_request(&body, &body_size, draft, (const char *const *)talk->answer,
                              (const char *const *)talk->complaint, talk->count));
    status_t status = io_http_post_json(&bytes, &size, &draft->http, body, body_size);
    free(body);
    if (status != ST_OK) return status;
    status = read_message(&text, bytes, size, draft->http.url);
    if (status != ST_OK) { /* then the answer itself is what has to be looked at */
        char line[1024];
        snprintf(line, sizeof line, "%s", fail_message());
        TRY(keep(talk, bytes));
        return fail(status, "%s", line);
    }
    free(bytes);
    const char *key = draft->http.key;
    io_http_hide(text, strlen(text), key);
    TRY(keep(talk, text));
    char **complaint = &talk->complaint[talk->count - 1];
    TRY(examine(caption, complaint, text, draft, vocabulary));
    /* The caption is decoded once more than the text around it. */
    if (*caption != NULL) io_http_hide(*caption, strlen(*caption), key);
    if (*complaint != NULL) io_http_hide(*complaint, strlen(*complaint), key);
    return ST_OK;
}

/* The answers beside the result that did not come about. */
static status_t keep_answers(const talk_t *talk, const char *path)
{
    for (int i = 0; i < talk->count; i++) {
        char *name = base_format("%s.answer-%d.txt", path, i + 1);
        if (name == NULL) return ST_ENOMEM;
        status_t status = io_write_file(name, talk->answer[i], strlen(talk->answer[i]));
        free(name);
        TRY(status);
    }
    return ST_OK;
}

status_t prompts_mfsc_draft(int *answers, const char *path, const prompts_draft_t *draft,
                            const prompts_vocabulary_t *vocabulary)
{
    REQUIRE(draft->retries >= 0);
    talk_t talk = {0};
    char *caption = NULL;
    status_t status = ST_OK;
    while (status == ST_OK && caption == NULL && talk.count <= draft->retries) {
        status = ask(&caption, &talk, draft, vocabulary);
        if (status == ST_OK && caption == NULL && talk.count <= draft->retries)
            log_info("answer %d is not fit, asking again; the first complaint: %.*s", talk.count,
                     (int)strcspn(talk.complaint[talk.count - 1] + 2, "\n"), talk.complaint[talk.count - 1] + 2);
    }
    if (status == ST_OK && caption == NULL)
        status = fail(ST_EFORMAT, "%d answer%s, none of them fit; the last one's first complaint: %.*s", talk.count,
                      talk.count == 1 ? "" : "s", (int)strcspn(talk.complaint[talk.count - 1] + 2, "\n"),
                      talk.complaint[talk.count - 1] + 2);
    if (status == ST_OK) status = io_write_file(path, caption, strlen(caption));
    if (status != ST_OK && talk.count > 0) {
        char line[1024];
        snprintf(line, sizeof line, "%s", fail_message());
        if (keep_answers(&talk, path) != ST_OK)
            log_warn("%s", fail_message());
        else
            log_info("what the model said is kept in %s.answer-1.txt%s", path, talk.count > 1 ? " and on" : "");
        fail(status, "%s", line);
    }
    *answers = talk.count;
    talk_free(&talk);
    free(caption);
    return status;
}
