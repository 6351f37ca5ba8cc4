#include "support/check.h"

#include "io/io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static io_json_t *parse(const char *text)
{
    io_json_t *json = NULL;
    check_error(io_json_parse(&json, text, strlen(text), "t.json"), ST_OK, "");
    return json;
}

static void refuse(const char *text, const char *message)
{
    io_json_t *json = NULL;
    check_error(io_json_parse(&json, text, strlen(text), "t.json"), ST_EFORMAT, message);
    assert_null(json);
}

static void a_document_is_walked_by_key_and_index(void **state)
{
    (void)state;
    io_json_t *json = parse("{\"z\": [1, 2.5, \"three\", null, true], \"a\": {\"b\": -7}, \"u\": \"\\u00e9\"}");
    io_json_node_t root = io_json_root(json);
    assert_int_equal(io_json_kind(root), IO_JSON_OBJECT);
    assert_int_equal(io_json_count(root), 3);
    io_json_node_t list = io_json_get(root, "z");
    assert_int_equal(io_json_kind(list), IO_JSON_ARRAY);
    assert_int_equal(io_json_count(list), 5);
    assert_true(io_json_number(io_json_at(list, 0), -1) == 1.0);
    assert_true(io_json_number(io_json_at(list, 1), -1) == 2.5);
    assert_string_equal(io_json_string(io_json_at(list, 2)), "three");
    assert_int_equal(io_json_kind(io_json_at(list, 3)), IO_JSON_NULL);
    assert_true(io_json_bool(io_json_at(list, 4), false));
    assert_true(io_json_number(io_json_get(io_json_get(root, "a"), "b"), 0) == -7.0);
    assert_string_equal(io_json_string(io_json_get(root, "u")), "\xc3\xa9");
    io_json_free(json);
}

static void members_come_in_file_order(void **state)
{
    (void)state;
    io_json_t *json = parse("{\"z\": 1, \"a\": 2, \"m\": 3}");
    static const char *const want[] = {"z", "a", "m"};
    for (int i = 0; i < 3; i++) {
        const char *key;
        io_json_node_t member = io_json_member(&key, io_json_root(json), i);
        assert_string_equal(key, want[i]);
        assert_true(io_json_number(member, 0) == i + 1);
    }
    io_json_free(json);
}

static void what_is_absent_or_of_another_kind_gives_the_fallback(void **state)
{
    (void)state;
    io_json_t *json = parse("{\"text\": \"x\", \"list\": [], \"number\": 3}");
    io_json_node_t root = io_json_root(json);
    const char *key = "untouched";
    assert_null(io_json_get(root, "none"));
    assert_null(io_json_get(io_json_get(root, "text"), "x"));
    assert_null(io_json_get(NULL, "x"));
    assert_null(io_json_at(root, 0));
    assert_null(io_json_at(io_json_get(root, "list"), 0));
    assert_null(io_json_at(io_json_get(root, "list"), -1));
    assert_null(io_json_member(&key, root, 3));
    assert_null(key);
    assert_null(io_json_string(io_json_get(root, "number")));
    assert_null(io_json_string(NULL));
    assert_true(io_json_number(io_json_get(root, "text"), 4.0) == 4.0);
    assert_true(io_json_bool(io_json_get(root, "number"), true));
    assert_int_equal(io_json_count(NULL), 0);
    io_json_free(json);
}

static void bad_documents_are_refused_with_line_and_column(void **state)
{
    (void)state;
    refuse("", "'t.json': is empty, expected a JSON document");
    refuse("{\n  \"a\": 1,\n  \"b\" 2\n}", "'t.json':3:7: ':' expected near '2'");
    refuse("{\"a\": 1, \"a\": 2}", "'t.json':1:12: duplicate object key near '\"a\"'");
    refuse("[1, 2", "'t.json':1:5: ']' expected near end of file");
    refuse("{} x", "'t.json':1:4: end of file expected near 'x'");
    refuse("[\"\xff\"]", "'t.json':1:2: unable to decode byte 0xff near '\"'");
}

static void a_large_object_is_found_by_key_quickly(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    for (int i = 0; i < 50000; i++) fprintf(out, "%c\"w%d\":%d", i ? ',' : '{', i, i);
    fputc('}', out);
    fclose(out);
    io_json_t *json = NULL;
    check_error(io_json_parse(&json, text, size, "vocabulary"), ST_OK, "");
    io_json_node_t root = io_json_root(json);
    for (int i = 0; i < 50000; i++) {
        const char *key;
        io_json_node_t member = io_json_member(&key, root, i);
        assert_ptr_equal(io_json_get(root, key), member);
        assert_true(io_json_number(member, -1) == i);
    }
    io_json_free(json);
    free(text);
}

static void more_values_than_any_file_has_are_not_parsed(void **state)
{
    (void)state;
    const size_t size = 10000004;
    char *text = malloc(size + 1);
    assert_non_null(text);
    for (size_t i = 0; i < size; i++) text[i] = i % 2 == 0 ? '0' : ',';
    text[0] = '[';
    text[size] = '\0';
    refuse(text, "'t.json': holds more than 5000000 values");
    free(text);
}

static void a_missing_file_is_named(void **state)
{
    (void)state;
    io_json_t *json;
    check_error(io_json_read(&json, "/no/such.json"), ST_ENOTFOUND,
                "'/no/such.json' cannot be opened: No such file or directory");
}

static void every_library_tells_its_version(void **state)
{
    (void)state;
    static const char *const names[] = {"HDF5 ",    "libpng ",  "libjpeg-turbo ", "libtiff ", "jansson ",
                                        "libyaml ", "OpenSSL ", "zlib ",          "libcurl "};
    char *text = io_library_versions();
    assert_non_null(text);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *found = strstr(text, names[i]);
        if (found == NULL) fail_msg("'%s' does not name %s", text, names[i]);
        assert_in_range(found[strlen(names[i])], '0', '9');
    }
    free(text);
}

static void a_document_is_written_and_read_back(void **state)
{
    (void)state;
    static const char document[] =
        "{\"b\": [1.5, -2, true, null, {}, []],\"a\": {\"x\": \"q\\\"\\\\\\n\\t\\u0001\\u00e9\"}}";
    static const char expected[] = "{\n  \"b\": [\n    1.5,\n    -2,\n    true,\n    null,\n    {},\n    []\n  ],\n"
                                   "  \"a\": {\n    \"x\": \"q\\\"\\\\\\n\\t\\u0001\xc3\xa9\"\n  }\n}\n";
    io_json_t *json = parse(document);
    char *text = io_json_text(io_json_root(json));
    assert_non_null(text);
    assert_string_equal(text, expected);
    io_json_free(json);
    json = parse(text);
    assert_string_equal(io_json_string(io_json_get(io_json_get(io_json_root(json), "a"), "x")),
                        "q\"\\\n\t\001\xc3\xa9");
    io_json_free(json);
    free(text);
}

static void a_text_is_quoted_or_refused(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    check_error(io_json_quote(out, "a \"b\"\n\xc3\xa9"), ST_OK, "");
    check_error(io_json_quote(out, "caf\xe9"), ST_EFORMAT, "is not UTF-8");
    fclose(out);
    assert_string_equal(text, "\"a \\\"b\\\"\\n\xc3\xa9\"");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_is_walked_by_key_and_index),
        cmocka_unit_test(members_come_in_file_order),
        cmocka_unit_test(what_is_absent_or_of_another_kind_gives_the_fallback),
        cmocka_unit_test(bad_documents_are_refused_with_line_and_column),
        cmocka_unit_test(a_large_object_is_found_by_key_quickly),
        cmocka_unit_test(more_values_than_any_file_has_are_not_parsed),
        cmocka_unit_test(a_missing_file_is_named),
        cmocka_unit_test(a_document_is_written_and_read_back),
        cmocka_unit_test(a_text_is_quoted_or_refused),
        cmocka_unit_test(every_library_tells_its_version),
    };
    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
