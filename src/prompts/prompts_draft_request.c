/* The request to a chat endpoint: instruction, pictures, what was said so far, and the form that the answer must have. */
#include "prompts/prompts_internal.h"

#include <stdlib.h>
#include <string.h>

/* Endpoints refuse pictures of more. */
#define MAX_PICTURE ((size_t)20 << 20)

static void write_base64(FILE *out, const unsigned char *bytes, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < size; i += 3) {
        unsigned b = i + 1 < size ? bytes[i + 1] : 0U, c = i + 2 < size ? bytes[i + 2] : 0U;
        unsigned word = (unsigned)bytes[i] << 16 | b << 8 | c;
        fputc(digits[word >> 18], out);
        fputc(digits[word >> 12 & 63], out);
        fputc(i + 1 < size ? digits[word >> 6 & 63] : '=', out);
        fputc(i + 2 < size ? digits[word & 63] : '=', out);
    }
}

/* A picture that io can decode, as a data URL. */
static status_t write_picture(FILE *out, const char *path)
{
    io_image_t image;
    char *bytes = NULL;
    size_t size;
    TRY(io_image_read(&image, path));
    io_image_free(&image);
    TRY(io_read_file(&bytes, &size, path));
    const char *kind = NULL;
    if (size > 8 && memcmp(bytes, "\x89PNG", 4) == 0) kind = "png";
    if (size > 8 && memcmp(bytes, "\xff\xd8\xff", 3) == 0) kind = "jpeg";
    status_t status = ST_OK;
    if (kind == NULL)
        status = fail(ST_EFORMAT, "'%s': is neither PNG nor JPEG, which is what chat endpoints take", path);
    else if (size > MAX_PICTURE)
        status = fail(ST_EFORMAT, "'%s': has %zu bytes, endpoints take %zu (hint: send a smaller copy)", path, size,
                      MAX_PICTURE);
    if (status == ST_OK) {
        fprintf(out, "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/%s;base64,", kind);
        write_base64(out, (const unsigned char *)bytes, size);
        fputs("\"}}", out);
    }
    free(bytes);
    return status;
}

static status_t read_part(char **text, const prompts_draft_t *draft, const char *name)
{
    char *path = base_format("%s/%s", draft->folder, name);
    if (path == NULL) return ST_ENOMEM;
    status_t status = io_read_file(text, NULL, path);
    free(path);
    return status;
}

/* prompt.md with the vocabulary in its place, as a JSON string. */
static status_t write_instruction(FILE *out, const prompts_draft_t *draft)
{
    static const char hole[] = "{{vocabulary}}";
    char *prompt = NULL, *vocabulary = NULL, *whole = NULL;
    status_t status;
    TRY_DONE(read_part(&prompt, draft, "prompt.md"));
    TRY_DONE(read_part(&vocabulary, draft, "vocabulary.json"));
    const char *at = strstr(prompt, hole);
    if (at == NULL) TRY_DONE(fail(ST_EFORMAT, "'%s/prompt.md': lacks %s", draft->folder, hole));
    whole = base_format("%.*s%s%s", (int)(at - prompt), prompt, vocabulary, at + strlen(hole));
    if (whole == NULL) TRY_DONE(ST_ENOMEM);
    TRY_DONE(io_json_quote(out, whole));
done:
    free(prompt);
    free(vocabulary);
    free(whole);
    return status;
}

static status_t write_question(FILE *out, const prompts_draft_t *draft)
{
    char *text =
        base_format("Category: %s\nData set: %s\nThe photograph%s defect-free.", draft->category, draft->dataset,
                    draft->image_count == 1 ? " shows one example, which is" : "s show examples, all");
    if (text == NULL) return ST_ENOMEM;
    fputs("{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":", out);
    status_t status = io_json_quote(out, text);
    free(text);
    TRY(status);
    fputc('}', out);
    for (int i = 0; i < draft->image_count; i++) {
        fputc(',', out);
        TRY(write_picture(out, draft->images[i]));
    }
    fputs("]}", out);
    return ST_OK;
}

static status_t write_talk(FILE *out, const char *const *answers, const char *const *complaints, int count)
{
    for (int i = 0; i < count; i++) {
        char *text = base_format(
            "This is not yet right:\n%sAnswer with the whole corrected JSON object and nothing else.", complaints[i]);
        if (text == NULL) return ST_ENOMEM;
        fputs(",{\"role\":\"assistant\",\"content\":", out);
        status_t status = io_json_quote(out, answers[i]);
        fputs("},{\"role\":\"user\",\"content\":", out);
        if (status == ST_OK) status = io_json_quote(out, text);
        fputc('}', out);
        free(text);
        TRY(status);
    }
    return ST_OK;
}

/* response_format: the schema, as far as the endpoint heeds it. Its strict mode knows no optional keys, so it is not
 * asked for; prompts_mfsc_check_text has the last word anyway. */
static status_t write_form(FILE *out, const prompts_draft_t *draft)
{
    char *schema = NULL;
    io_json_t *json = NULL;
    status_t status;
    TRY_DONE(read_part(&schema, draft, "schema.json"));
    TRY_DONE(io_json_parse(&json, schema, strlen(schema), "schema.json"));
    fprintf(out, ",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"mfsc\",\"schema\":%s}}",
            schema);
done:
    io_json_free(json);
    free(schema);
    return status;
}

status_t prompts_draft_request(char **body, size_t *size, const prompts_draft_t *draft, const char *const *answers,
                               const char *const *complaints, int count)
{
    status_t status;
    *body = NULL;
    FILE *out = open_memstream(body, size);
    if (out == NULL) return fail(ST_ENOMEM, "out of memory");
    fputs("{\"model\":", out);
    TRY_DONE(io_json_quote(out, draft->model));
    fputs(",\"messages\":[{\"role\":\"system\",\"content\":", out);
    TRY_DONE(write_instruction(out, draft));
    fputs("},", out);
    TRY_DONE(write_question(out, draft));
    TRY_DONE(write_talk(out, answers, complaints, count));
    fputc(']', out);
    if (draft->with_schema) TRY_DONE(write_form(out, draft));
    fputc('}', out);
    if (ferror(out)) status = fail(ST_ENOMEM, "out of memory");
done:
    if (fclose(out) != 0 && status == ST_OK) status = fail(ST_ENOMEM, "out of memory");
    if (status != ST_OK) {
        free(*body);
        *body = NULL;
    }
    return status;
}
