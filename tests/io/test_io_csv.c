#include "support/check.h"

#include "io/io.h"

#include <stdio.h>
#include <string.h>

static char path[600];

static void write_csv(const char *bytes, size_t size)
{
    snprintf(path, sizeof path, "%s/table.csv", check_temp_dir("csv"));
    check_error(io_write_file(path, bytes, size), ST_OK, "");
}

static io_csv_t open_csv(const char *text)
{
    io_csv_t csv;
    write_csv(text, strlen(text));
    check_error(io_csv_open(&csv, path), ST_OK, "");
    return csv;
}

static void next_is(io_csv_t *csv, const char *a, const char *b)
{
    bool more;
    check_error(io_csv_next(&more, csv), ST_OK, "");
    assert_int_equal(more, a != NULL);
    if (a == NULL) return;
    assert_string_equal(io_csv_cell(csv, "a"), a);
    assert_string_equal(io_csv_cell(csv, "b"), b);
}

static void next_is_refused(io_csv_t *csv, const char *text)
{
    bool more;
    check_error(io_csv_next(&more, csv), ST_EFORMAT, text);
}

static void cells_are_found_by_the_name_of_their_column(void **state)
{
    (void)state;
    io_csv_t csv = open_csv("\xef\xbb\xbf"
                            "b,a\r\n1,2\r\n\r\n,\"x, \"\"y\"\"\"\r\n\n3,");
    assert_string_equal(io_csv_cell(&csv, "a"), "a");
    assert_null(io_csv_cell(&csv, "c"));
    next_is(&csv, "2", "1");
    next_is(&csv, "x, \"y\"", "");
    next_is(&csv, "", "3");
    next_is(&csv, NULL, NULL);
    next_is(&csv, NULL, NULL);
    io_csv_close(&csv);
}

static void lines_in_messages_are_those_of_an_editor(void **state)
{
    (void)state;
    io_csv_t csv = open_csv("a,b\n\n\"two\nlines\",1\n\n2\n");
    next_is(&csv, "two\nlines", "1");
    assert_int_equal(csv.line, 3);
    next_is_refused(&csv, "table.csv:6: has 1 cells, the header has 2");
    io_csv_close(&csv);
    csv = open_csv("a,b\n1,2\n3,\"4\n5\n");
    next_is(&csv, "1", "2");
    next_is_refused(&csv, "table.csv:3: a quote is left open");
    io_csv_close(&csv);
}

static void every_text_comes_back_as_it_was_put(void **state)
{
    (void)state;
    static const char *const texts[] = {"plain", "", "a,b", "\"", "line\nline", "ends in a return\r", "\r", "\"\"\r\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        snprintf(path, sizeof path, "%s/table.csv", check_temp_dir("csv"));
        FILE *out = fopen(path, "wb");
        assert_non_null(out);
        fputs("a,b\n", out);
        io_csv_put(out, texts[i]);
        fputc(',', out);
        io_csv_put(out, texts[i]);
        fputs("\n", out);
        fclose(out);
        io_csv_t csv;
        check_error(io_csv_open(&csv, path), ST_OK, "");
        next_is(&csv, texts[i], texts[i]);
        next_is(&csv, NULL, NULL);
        io_csv_close(&csv);
    }
}

static void refused(const char *bytes, size_t size, const char *text)
{
    io_csv_t csv;
    write_csv(bytes, size);
    check_error(io_csv_open(&csv, path), ST_EFORMAT, text);
}

static void a_bad_header_is_refused(void **state)
{
    (void)state;
    refused("", 0, "table.csv:1: expected a line with the names of the columns");
    refused("a,\"b\n", 5, "table.csv:1: a quote is left open");
    refused("a,b,a\n", 6, "table.csv:1: two columns are called 'a'");
    char wide[3 * IO_CSV_COLUMNS + 1] = "";
    for (int c = 0; c <= IO_CSV_COLUMNS; c++) strcat(wide, c < IO_CSV_COLUMNS ? "x," : "x");
    refused(wide, strlen(wide), "table.csv:1: has 65 columns, at most 64 are read");
}

static void a_file_that_ends_in_zeros_is_not_read_in_part(void **state)
{
    (void)state;
    refused("a,b\n1,2\n\0\0\0\0", 12, "table.csv: holds a byte of zero, expected text");
    io_csv_t csv;
    check_error(io_csv_open(&csv, "no/such.csv"), ST_ENOTFOUND, "no/such.csv");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_are_found_by_the_name_of_their_column),
        cmocka_unit_test(lines_in_messages_are_those_of_an_editor),
        cmocka_unit_test(every_text_comes_back_as_it_was_put),
        cmocka_unit_test(a_bad_header_is_refused),
        cmocka_unit_test(a_file_that_ends_in_zeros_is_not_read_in_part),
    };
    return cmocka_run_group_tests_name("io_csv", tests, NULL, NULL);
}
