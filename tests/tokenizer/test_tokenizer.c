#include "support/check.h"

#include "tokenizer/tokenizer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define CONTEXT 77
#define SMALL FGAD_GOLDEN_DIR "/clip/merges-small.txt"

static tokenizer_t *open_small(void)
{
    tokenizer_t *tokenizer = NULL;
    assert_int_equal(tokenizer_open(&tokenizer, SMALL, 0, CONTEXT), ST_OK);
    return tokenizer;
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

/* Every string of a golden file: the ids, and that they are the pieces between the specials. */
static void check_golden_ids(const char *golden_name, const char *merges, int least)
{
    check_golden_t *golden = check_golden_open(golden_name);
    size_t strings = 0;
    const int32_t *text_ends = check_golden_i32(golden, "text_ends", &strings, NULL);
    const uint8_t *texts = check_golden_u8(golden, "texts", NULL, NULL);
    const int32_t *id_ends = check_golden_i32(golden, "id_ends", NULL, NULL);
    const int32_t *want = check_golden_i32(golden, "ids", NULL, NULL);
    int vocab = check_golden_i32(golden, "vocab", NULL, NULL)[0];
    assert_true((int)strings >= least);
    tokenizer_t *tokenizer = NULL;
    if (tokenizer_open(&tokenizer, merges, vocab, CONTEXT) != ST_OK) fail_msg("%s", fail_message());
    assert_int_equal(tokenizer_vocab(tokenizer), vocab);
    int wrong = 0;
    for (size_t i = 0; i < strings; i++) {
        int start = i == 0 ? 0 : text_ends[i - 1], id_start = i == 0 ? 0 : id_ends[i - 1];
        char *text = strndup((const char *)texts + start, (size_t)(text_ends[i] - start));
        int ids[CONTEXT], length = 0, pieces[CONTEXT], count = 0;
        assert_int_equal(tokenizer_encode(ids, &length, tokenizer, text), ST_OK);
        assert_int_equal(tokenizer_pieces(pieces, &count, CONTEXT, tokenizer, text), ST_OK);
        assert_true(count + 2 >= length);
        assert_memory_equal(pieces, ids + 1, (size_t)(length - 2) * sizeof *ids);
        bool equal = length == id_ends[i] - id_start;
        for (int k = 0; equal && k < length; k++) equal = ids[k] == want[id_start + k];
        if (!equal) {
            print_error("'%s': got", text);
            for (int k = 0; k < length; k++) print_error(" %d", ids[k]);
            print_error(", expected");
            for (int k = id_start; k < id_ends[i]; k++) print_error(" %d", want[k]);
            print_error("\n");
            wrong++;
        }
        free(text);
    }
    assert_int_equal(wrong, 0);
    tokenizer_close(tokenizer);
    check_golden_close(golden);
}

static void ids_equal_open_clips_on_every_golden_string(void **state)
{
    (void)state;
    check_golden_ids("clip/tokenizer-small", SMALL, 300);
}

/* When the demo model gets other merges: tests/reference/tokenizer.py --merges FILE --name tokenizer-demo. */
static void ids_equal_with_the_demo_models_merges(void **state)
{
    (void)state;
    const char *merges = FGAD_SOURCE_DIR "/datasets/models/demo-clip/merges.txt";
    if (access(merges, R_OK) != 0) {
        print_message("skipped: no %s\n", merges);
        skip();
    }
    check_golden_ids("clip/tokenizer-demo", merges, 300);
}

static void a_vocabulary_smaller_than_the_file_keeps_the_first_merges(void **state)
{
    (void)state;
    tokenizer_t *whole = open_small(), *part = NULL, *bytes = NULL;
    assert_int_equal(tokenizer_open(&part, SMALL, 514 + 10, CONTEXT), ST_OK);
    assert_int_equal(tokenizer_sot(part), 522);
    assert_int_equal(tokenizer_eot(part), 523);
    assert_int_equal(tokenizer_open(&bytes, SMALL, 514, CONTEXT), ST_OK);
    int ids[CONTEXT], length = 0;
    assert_int_equal(tokenizer_encode(ids, &length, bytes, "the!"), ST_OK);
    const int want[] = {512, 't' - '!', 'h' - '!', 256 + 'e' - '!', 256, 513};
    assert_int_equal(length, 6);
    assert_memory_equal(ids, want, sizeof want);
    int shorter = 0;
    assert_int_equal(tokenizer_encode(ids, &shorter, whole, "the!"), ST_OK);
    assert_int_equal(shorter, 4);
    tokenizer_close(whole);
    tokenizer_close(part);
    tokenizer_close(bytes);
}

static void a_long_text_is_cut_and_ends_with_eot(void **state)
{
    (void)state;
    tokenizer_t *tokenizer = open_small();
    char text[2048] = "";
    for (int i = 0; i < 300; i++) snprintf(text + 5 * i, 6, "bolt ");
    int ids[CONTEXT + 1], length = 0, count = 0, first[3];
    ids[CONTEXT] = -7;
    assert_int_equal(tokenizer_encode(ids, &length, tokenizer, text), ST_OK);
    assert_int_equal(length, CONTEXT);
    assert_int_equal(ids[0], tokenizer_sot(tokenizer));
    assert_int_equal(ids[CONTEXT - 1], tokenizer_eot(tokenizer));
    assert_int_equal(ids[CONTEXT], -7);
    assert_int_equal(tokenizer_pieces(first, &count, 3, tokenizer, text), ST_OK);
    assert_true(count >= 300);
    assert_memory_equal(first, ids + 1, sizeof first);
    tokenizer_close(tokenizer);
}

static void pieces_cut_between_words_add_up(void **state)
{
    (void)state;
    tokenizer_t *tokenizer = open_small();
    const char *parts[] = {"the sheath is a", " gray", ", ", "ring-shaped", " jacket of smooth rubber", ".", NULL};
    int whole[CONTEXT], count = 0, sum = 0;
    assert_int_equal(tokenizer_pieces(whole, &count, CONTEXT, tokenizer,
                                      "the sheath is a gray, ring-shaped jacket of smooth rubber."),
                     ST_OK);
    for (int i = 0; parts[i] != NULL; i++) {
        int part[CONTEXT], size = 0;
        assert_int_equal(tokenizer_pieces(part, &size, CONTEXT, tokenizer, parts[i]), ST_OK);
        assert_memory_equal(part, whole + sum, (size_t)size * sizeof *part);
        sum += size;
    }
    assert_int_equal(sum, count);
    tokenizer_close(tokenizer);
}

static void cleaning_is_pythons(void **state)
{
    (void)state;
    const struct {
        const char *text, *want;
    } cases[] = {
        {"  A\tB\xc2\xa0"
         "C\xe2\x80\xa8",
         "a b c"}, /* no-break space, line separator */
        {"&amp;lt;B&amp;gt; &copy2", "<b> \xc2\xa9"
                                     "2"}, /* twice, and a name without its semicolon */
        {"&notit; &#X41;&#x80;&#xFFFE;", "\xc2\xacit; a\xe2\x82\xac"},
        {"\xc4\xb0", "i\xcc\x87"}, /* I with dot above: two characters */
        {"\xce\x91\xce\xa3 \xce\xa3\xce\x91", "\xce\xb1\xcf\x82 \xcf\x83\xce\xb1"}, /* final sigma, and not */
        {"", ""},
        /* what ftfy repairs */
        {"the bottle\xe2\x80\x99s \xe2\x80\x9c"
         "cap\xe2\x80\x9d",
         "the bottle's \"cap\""},
        {"\xef\xac\x81rst \xef\xac\x84uid", "first ffluid"},
        {"\xef\xbc\xa1\xef\xbc\x91\xe3\x80\x80\xef\xbd\xb6\xef\xbe\x9e", "a1 \xe3\x82\xac"}, /* full and half width */
        {"\xef\xbb\xbf"
         "a\x07"
         "b\x0b"
         "c\x1b[1;31md\x7f",
         "abcd"},
        {"caf"
         "e\xcc\x81",
         "caf\xc3\xa9"},
        {"\xc2\x93x\xc2\x85", "\"x\xe2\x80\xa6"}, /* C1 controls are Windows-1252's characters */
        {"&SZLIG; &amp;amp;amp;amp;lt;", "ss <"},
        {"<&amp;amp;amp;amp;lt;", "<&amp;amp;lt;"}, /* after a '<' references are those of html.unescape alone */
        {"\xc3\x83\xc2\xa9", "\xc3\xa3\xc2\xa9"},   /* a text decoded in a wrong encoding is not guessed at */
    };
    tokenizer_t *tokenizer = open_small();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *clean = NULL;
        assert_int_equal(tokenizer_clean(&clean, tokenizer, cases[i].text), ST_OK);
        assert_string_equal(clean, cases[i].want);
        free(clean);
    }
    tokenizer_close(tokenizer);
}

static void text_that_is_not_utf8_is_refused(void **state)
{
    (void)state;
    tokenizer_t *tokenizer = open_small();
    int ids[CONTEXT], length = 0;
    check_error(tokenizer_encode(ids, &length, tokenizer, "caf\xe9!"), ST_EFORMAT,
                "text is not UTF-8 at byte 3 (0xe9): 'caf");
    check_error(tokenizer_encode(ids, &length, tokenizer, "\xed\xa0\x80"), ST_EFORMAT, "not UTF-8 at byte 0");
    tokenizer_close(tokenizer);
}

static void gzip_and_directory_give_the_same_tokenizer(void **state)
{
    (void)state;
    char dir[512], path[600];
    snprintf(dir, sizeof dir, "%s", check_temp_dir("tokenizer_gzip"));
    snprintf(path, sizeof path, "%s/bpe_simple_vocab_16e6.txt.gz", dir);
    size_t size = 0;
    char *bytes = check_read_file(SMALL, &size);
    gzFile file = gzopen(path, "wb");
    assert_int_equal(gzwrite(file, bytes, (unsigned)size), (int)size);
    assert_int_equal(gzclose(file), Z_OK);
    check_golden_ids("clip/tokenizer-small", path, 300);
    check_golden_ids("clip/tokenizer-small", dir, 300);

    /* cut in the middle */
    char *packed = check_read_file(path, &size);
    FILE *cut = fopen(path, "wb");
    assert_int_equal(fwrite(packed, 1, size / 2, cut), size / 2);
    assert_int_equal(fclose(cut), 0);
    tokenizer_t *tokenizer = NULL;
    check_error(tokenizer_open(&tokenizer, path, 0, CONTEXT), ST_EFORMAT, "damaged or cut gzip file");
    free(packed);
    free(bytes);
}

/* The same merges as Hugging Face's tokenizers write them, in both forms of a pair. */
static void write_tokenizer_json(const char *path, int merges, bool pairs, int swapped)
{
    char *bytes = check_read_file(SMALL, NULL), *rest = strchr(bytes, '\n') + 1;
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fprintf(file,
            "{\"added_tokens\": [{\"id\": %d, \"content\": \"<|startoftext|>\"}, {\"id\": %d, \"content\": "
            "\"<|endoftext|>\"}],\n \"model\": {\"type\": \"BPE\", \"vocab\": {\"!\": 0, \"a</w>\": %d}, \"merges\": [",
            512 + merges, 513 + merges, swapped ? 319 : 320);
    for (int i = 0; i < merges; i++) {
        char *line = strsep(&rest, "\n"), *left = strsep(&line, " ");
        fprintf(file, "%s", i == 0 ? "" : ", ");
        for (int side = 0; side < 2; side++) {
            if (pairs)
                fprintf(file, "%s\"", side == 0 ? "[" : ", ");
            else
                fprintf(file, "%s", side == 0 ? "\"" : " ");
            for (const char *c = side == 0 ? left : line; *c != '\0'; c++)
                fprintf(file, *c == '"' || *c == '\\' ? "\\%c" : "%c", *c);
            if (pairs) fprintf(file, "\"");
        }
        fprintf(file, "%s", pairs ? "]" : "\"");
    }
    fprintf(file, "]}}\n");
    assert_int_equal(fclose(file), 0);
    free(bytes);
}

static void tokenizer_json_gives_the_same_ids(void **state)
{
    (void)state;
    tokenizer_t *small = open_small();
    int vocab = tokenizer_vocab(small);
    tokenizer_close(small);
    char path[600];
    snprintf(path, sizeof path, "%s/tokenizer.json", check_temp_dir("tokenizer_json"));
    for (int pairs = 0; pairs < 2; pairs++) {
        write_tokenizer_json(path, vocab - 514, pairs == 1, 0);
        tokenizer_t *tokenizer = NULL;
        if (tokenizer_open(&tokenizer, path, vocab, CONTEXT) != ST_OK) fail_msg("%s", fail_message());
        small = open_small();
        const char *text = "a bottle with large breakage, it's \"one\" of 12 caf\xc3\xa9s";
        int want[CONTEXT], got[CONTEXT], want_length = 0, got_length = 0;
        assert_int_equal(tokenizer_encode(want, &want_length, small, text), ST_OK);
        assert_int_equal(tokenizer_encode(got, &got_length, tokenizer, text), ST_OK);
        assert_int_equal(got_length, want_length);
        assert_memory_equal(got, want, (size_t)got_length * sizeof *got);
        /* its own spelling of the specials */
        assert_int_equal(tokenizer_encode(got, &got_length, tokenizer, "a <|EndOfText|>"), ST_OK);
        assert_int_equal(got_length, 4);
        assert_int_equal(got[2], vocab - 1);
        tokenizer_close(tokenizer);
        tokenizer_close(small);
    }
    tokenizer_t *tokenizer = NULL;
    write_tokenizer_json(path, vocab - 514, true, 1);
    check_error(tokenizer_open(&tokenizer, path, vocab, CONTEXT), ST_EFORMAT, "model.vocab numbers 'a</w>' 319");
    write_text(path, "{\"model\": {}}");
    check_error(tokenizer_open(&tokenizer, path, vocab, CONTEXT), ST_EFORMAT, "not the file of a BPE tokenizer");
}

static void a_tokenizer_json_that_is_not_clips_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"{\"model\": {\"vocab\": {\"!\": 0}, \"merges\": [\"ab\"]}}", "merges[0] is 'ab', expected two pieces"},
        {"{\"model\": {\"vocab\": {\"!\": 0}, \"merges\": [[\"a\"]]}}", "merges[0] is not a pair of texts"},
        {"{\"model\": {\"vocab\": {\"!\": 0.5}, \"merges\": [\"a b\"]}}", "model.vocab numbers '!' 0.5, CLIP's order"},
        {"{\"model\": {\"vocab\": {\"!\": 1e300}, \"merges\": [\"a b\"]}}", "model.vocab numbers '!' 1e+300, CLIP's"},
        {"{\"model\": {\"vocab\": {\"!\": 0}, \"merges\": [\"a b\"]}}", "no special tokens numbered 513 and 514"},
        {"{\"added_tokens\": [{\"id\": 513.2, \"content\": \"<s>\"}, {\"id\": 514, \"content\": \"</s>\"}], \"model\": "
         "{\"vocab\": {\"!\": 0}, \"merges\": [\"a b\"]}}",
         "no special tokens numbered 513 and 514"},
    };
    char path[600];
    snprintf(path, sizeof path, "%s/tokenizer.json", check_temp_dir("tokenizer_json_bad"));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tokenizer_t *tokenizer = NULL;
        write_text(path, cases[i].text);
        check_error(tokenizer_open(&tokenizer, path, 515, CONTEXT), ST_EFORMAT, cases[i].message);
    }
}

static void a_file_that_unpacks_without_end_is_refused(void **state)
{
    (void)state;
    char path[600], *zeros = calloc(1, 1 << 20);
    snprintf(path, sizeof path, "%s/merges.txt.gz", check_temp_dir("tokenizer_bomb"));
    gzFile file = gzopen(path, "wb1");
    assert_non_null(zeros);
    memset(zeros, 'a', 1 << 20);
    for (int i = 0; i < 257; i++) assert_int_equal(gzwrite(file, zeros, 1 << 20), 1 << 20);
    assert_int_equal(gzclose(file), Z_OK);
    free(zeros);
    tokenizer_t *tokenizer = NULL;
    check_error(tokenizer_open(&tokenizer, path, 0, CONTEXT), ST_EFORMAT,
                "merges.txt.gz': unpacks to more than 256 MB");
}

static void wrong_merges_files_are_named(void **state)
{
    (void)state;
    tokenizer_t *tokenizer = NULL;
    char dir[512], path[600];
    snprintf(dir, sizeof dir, "%s", check_temp_dir("tokenizer_bad"));
    snprintf(path, sizeof path, "%s/bad.txt", dir);
    check_error(tokenizer_open(&tokenizer, path, 0, CONTEXT), ST_ENOTFOUND, "bad.txt': no such tokenizer");
    check_error(tokenizer_open(&tokenizer, dir, 0, CONTEXT), ST_ENOTFOUND, "holds no merges of a tokenizer");
    check_error(tokenizer_open(&tokenizer, SMALL, 49408, CONTEXT), ST_EFORMAT,
                "merges, the model's vocabulary of 49408 needs 48894");
    check_error(tokenizer_open(&tokenizer, SMALL, 513, CONTEXT), ST_EFORMAT, "vocabulary of 513 is too small");
    write_text(path, "t h\nh e\n");
    check_error(tokenizer_open(&tokenizer, path, 0, CONTEXT), ST_EFORMAT, "expected a header such as");
    write_text(path, "#version: 0.2\nt h\nthe\n");
    check_error(tokenizer_open(&tokenizer, path, 0, CONTEXT), ST_EFORMAT, "bad.txt':3: 'the' is not a merge");
    write_text(path, "#version: 0.2\r\nt h\r\nth e</w>\r\n");
    assert_int_equal(tokenizer_open(&tokenizer, path, 0, CONTEXT), ST_OK);
    assert_int_equal(tokenizer_vocab(tokenizer), 516);
    tokenizer_close(tokenizer);
}

static void clips_own_merges_give_clips_ids(void **state)
{
    (void)state;
    const char *merges = getenv("FGAD_CLIP_MERGES");
    if (merges == NULL) {
        print_message("skipped: set FGAD_CLIP_MERGES to CLIP's bpe_simple_vocab_16e6.txt.gz\n");
        skip();
    }
    tokenizer_t *tokenizer = NULL;
    if (tokenizer_open(&tokenizer, merges, 49408, CONTEXT) != ST_OK) fail_msg("%s", fail_message());
    const int want[] = {49406, 320, 1125, 539, 320, 3240, 49407};
    int ids[CONTEXT], length = 0;
    assert_int_equal(tokenizer_encode(ids, &length, tokenizer, "a photo of a fox"), ST_OK);
    assert_int_equal(length, 7);
    assert_memory_equal(ids, want, sizeof want);
    tokenizer_close(tokenizer);
    check_golden_ids("clip/tokenizer-clip", merges, 300);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest slow[] = {cmocka_unit_test(clips_own_merges_give_clips_ids)};
    if (argc > 1 && strcmp(argv[1], "slow") == 0) return cmocka_run_group_tests(slow, NULL, NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_equal_open_clips_on_every_golden_string),
        cmocka_unit_test(ids_equal_with_the_demo_models_merges),
        cmocka_unit_test(a_vocabulary_smaller_than_the_file_keeps_the_first_merges),
        cmocka_unit_test(a_long_text_is_cut_and_ends_with_eot),
        cmocka_unit_test(pieces_cut_between_words_add_up),
        cmocka_unit_test(cleaning_is_pythons),
        cmocka_unit_test(text_that_is_not_utf8_is_refused),
        cmocka_unit_test(gzip_and_directory_give_the_same_tokenizer),
        cmocka_unit_test(tokenizer_json_gives_the_same_ids),
        cmocka_unit_test(a_tokenizer_json_that_is_not_clips_is_refused),
        cmocka_unit_test(a_file_that_unpacks_without_end_is_refused),
        cmocka_unit_test(wrong_merges_files_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
