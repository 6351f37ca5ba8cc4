#include "support/check.h"

#include "io/io.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { N = 5, H = 33, W = 47 }; /* 7755 values: past the limit above which arrays are chunked and deflated */

static float maps[N * H * W];
static const int32_t groups[N] = {3, -1, 0, 7, 2};
static const int64_t big[2] = {INT64_MAX, INT64_MIN};
static const uint8_t labels[N] = {0, 1, 0, 1, 255};
static const char *const names[N] = {"a.png", "", "\xc3\xa9t\xc3\xa9.png", "test/b c.png", "x"};
static const double auroc = 0.987654321012345;

static const io_h5_field_t fields[] = {
    {"maps/M_v", IO_H5_F32, 3, {N, H, W}, "image,row,column", "1", "memory branch", maps},
    {"maps/half", IO_H5_F16, 3, {N, H, W}, "image,row,column", "1", "the same, narrower", maps},
    {"maps/group", IO_H5_I32, 1, {N}, "image", "1", "matched group", groups},
    {"path", IO_H5_STRING, 1, {N}, "image", "1", "image file", names},
    {"label", IO_H5_U8, 1, {N}, "image", "1", "0 normal, 1 anomalous", labels},
    {"count", IO_H5_I64, 1, {2}, "item", "1", "extremes", big},
    {"auroc", IO_H5_F64, 0, {0}, "", "1", "exact area", &auroc},
    {"none", IO_H5_F32, 2, {0, 4}, "image,row", "1", "an empty array", NULL},
};
enum { FIELDS = sizeof fields / sizeof fields[0] };

static int fill(void **state)
{
    (void)state;
    for (int i = 0; i < N * H * W; i++) maps[i] = (float)(i % 89) * 0.37f - 11.0f;
    return 0;
}

static const char *file_in(const char *directory)
{
    static char path[600];
    snprintf(path, sizeof path, "%s/task.h5", directory);
    return path;
}

static void write_task(const char *path)
{
    io_h5_t *file;
    check_error(io_h5_create(&file, path), ST_OK, "");
    check_error(io_h5_write(file, "/", fields, FIELDS), ST_OK, "");
    check_error(io_h5_set_text(file, "/", "description", "a task of the test"), ST_OK, "");
    check_error(io_h5_set_i64(file, "/", "complete", 1), ST_OK, "");
    check_error(io_h5_set_f64(file, "maps", "seconds", 0.25), ST_OK, "");
    check_error(io_h5_set_text(file, "options/learned", "epsilon", "0.5"), ST_OK, "");
    check_error(io_h5_set_text(file, "options/learned", "epsilon", "1"), ST_OK, "");
    check_error(io_h5_publish(&file), ST_OK, "");
}

static void *read_all(io_h5_t *file, const char *path, io_h5_type_t type, int want_ndim, int64_t want_first)
{
    void *data;
    int ndim;
    int64_t dims[6];
    check_error(io_h5_read(&data, &ndim, dims, file, path, type), ST_OK, "");
    assert_int_equal(ndim, want_ndim);
    if (ndim > 0) assert_int_equal(dims[0], want_first);
    return data;
}

static void every_type_reads_back(void **state)
{
    (void)state;
    const char *path = file_in(check_temp_dir("hdf5"));
    write_task(path);
    io_h5_t *file;
    check_error(io_h5_open(&file, path), ST_OK, "");
    float *values = read_all(file, "maps/M_v", IO_H5_F32, 3, N);
    assert_memory_equal(values, maps, sizeof maps);
    free(values);
    values = read_all(file, "maps/half", IO_H5_F32, 3, N);
    for (int i = 0; i < N * H * W; i++) assert_true(values[i] == io_f16_to_f32(io_f32_to_f16(maps[i])));
    free(values);
    double *wide = read_all(file, "maps/half", IO_H5_F64, 3, N);
    assert_true(wide[100] == (double)io_f16_to_f32(io_f32_to_f16(maps[100])));
    free(wide);
    int32_t *group = read_all(file, "maps/group", IO_H5_I32, 1, N);
    assert_memory_equal(group, groups, sizeof groups);
    free(group);
    values = read_all(file, "maps/group", IO_H5_F32, 1, N);
    assert_true(values[1] == -1.0f);
    free(values);
    int64_t *large = read_all(file, "count", IO_H5_I64, 1, 2);
    assert_memory_equal(large, big, sizeof big);
    free(large);
    uint8_t *label = read_all(file, "label", IO_H5_U8, 1, N);
    assert_memory_equal(label, labels, sizeof labels);
    free(label);
    char **text = read_all(file, "path", IO_H5_STRING, 1, N);
    for (int i = 0; i < N; i++) assert_string_equal(text[i], names[i]);
    io_h5_free_strings(text, N);
    double *number = read_all(file, "auroc", IO_H5_F64, 0, 0);
    assert_true(*number == auroc);
    free(number);
    free(read_all(file, "none", IO_H5_F32, 2, 0));
    io_h5_close(file);
}

static void attributes_read_back(void **state)
{
    (void)state;
    const char *path = file_in(check_temp_dir("hdf5"));
    write_task(path);
    io_h5_t *file;
    check_error(io_h5_open(&file, path), ST_OK, "");
    char *text;
    check_error(io_h5_get_text(&text, file, "/", "description"), ST_OK, "");
    assert_string_equal(text, "a task of the test");
    free(text);
    check_error(io_h5_get_text(&text, file, "maps/M_v", "units"), ST_OK, "");
    assert_string_equal(text, "1");
    free(text);
    check_error(io_h5_get_text(&text, file, "options/learned", "epsilon"), ST_OK, "");
    assert_string_equal(text, "1");
    free(text);
    int64_t whole;
    double number;
    check_error(io_h5_get_i64(&whole, file, "/", "complete"), ST_OK, "");
    assert_int_equal(whole, 1);
    check_error(io_h5_get_f64(&number, file, "/maps", "seconds"), ST_OK, "");
    assert_true(number == 0.25);
    check_error(io_h5_get_i64(&whole, file, "/", "done"), ST_ENOTFOUND, "task.h5': '/' has no attribute 'done'");
    check_error(io_h5_get_i64(&whole, file, "no/such", "x"), ST_ENOTFOUND, "task.h5' has no object 'no/such'");
    check_error(io_h5_get_i64(&whole, file, "/", "description"), ST_EFORMAT,
                "task.h5': the attribute 'description' of '/' is not a whole number");
    check_error(io_h5_get_text(&text, file, "/", "complete"), ST_EFORMAT,
                "task.h5': the attribute 'complete' of '/' is not a text");
    io_h5_close(file);
}

static void what_is_there_is_known(void **state)
{
    (void)state;
    const char *path = file_in(check_temp_dir("hdf5"));
    write_task(path);
    io_h5_t *file;
    check_error(io_h5_open(&file, path), ST_OK, "");
    assert_true(io_h5_has(file, "/") && io_h5_has(file, "maps") && io_h5_has(file, "/maps/M_v"));
    assert_false(io_h5_has(file, "map") || io_h5_has(file, "maps/M_v/x") || io_h5_has(file, "no/such/thing"));
    int ndim;
    int64_t dims[6];
    check_error(io_h5_dims(&ndim, dims, file, "maps/M_v"), ST_OK, "");
    assert_int_equal(ndim, 3);
    assert_int_equal(dims[2], W);
    assert_int_equal(dims[3], 0);
    void *data;
    check_error(io_h5_read(&data, &ndim, dims, file, "maps/M_p", IO_H5_F32), ST_ENOTFOUND,
                "task.h5' has no dataset 'maps/M_p'");
    check_error(io_h5_read(&data, &ndim, dims, file, "path", IO_H5_F32), ST_EFORMAT,
                "task.h5': 'path' holds strings, expected numbers");
    check_error(io_h5_read(&data, &ndim, dims, file, "maps/M_v", IO_H5_I32), ST_EFORMAT,
                "task.h5': 'maps/M_v' holds fractions, expected whole numbers");
    check_error(io_h5_read(&data, &ndim, dims, file, "label", IO_H5_STRING), ST_EFORMAT,
                "task.h5': 'label' holds whole numbers, expected variable-length strings");
    check_error(io_h5_read(&data, &ndim, dims, file, "maps", IO_H5_F32), ST_EFORMAT,
                "task.h5': 'maps' is a group, expected a dataset");
    assert_null(data);
    io_h5_close(file);
}

static void numbers_that_are_none(void **state)
{
    (void)state;
    const char *path = file_in(check_temp_dir("hdf5"));
    const int64_t shape[] = {N, H, W}, empty[] = {0, 4}, other[] = {N, W, H};
    write_task(path);
    io_h5_t *file;
    check_error(io_h5_open(&file, path), ST_OK, "");
    check_error(io_h5_expect_finite(file, "maps/M_v", 3, shape), ST_OK, "");
    check_error(io_h5_expect_finite(file, "maps/half", 3, shape), ST_OK, "");
    check_error(io_h5_expect_finite(file, "none", 2, empty), ST_OK, "");
    check_error(io_h5_expect_finite(file, "maps/M_v", 3, other), ST_EFORMAT, "'maps/M_v' is (");
    io_h5_close(file);

    const float last = maps[N * H * W - 1];
    for (int kind = 0; kind < 3; kind++) {
        maps[N * H * W - 1] = kind == 0 ? NAN : kind == 1 ? INFINITY : -INFINITY;
        write_task(path);
        check_error(io_h5_open(&file, path), ST_OK, "");
        check_error(io_h5_expect_finite(file, "maps/M_v", 3, shape), ST_EFORMAT,
                    "'maps/M_v' holds a value that is not finite");
        check_error(io_h5_expect_finite(file, "maps/half", 3, shape), ST_EFORMAT,
                    "'maps/half' holds a value that is not finite");
        io_h5_close(file);
    }
    maps[N * H * W - 1] = 70000;
    check_error(io_h5_create(&file, path), ST_OK, "");
    check_error(io_h5_write(file, "/", fields, 1), ST_OK, "");
    check_error(io_h5_write(file, "/", fields + 1, 1), ST_EFORMAT,
                "/maps/half' holds 70000, expected 65504 at most for half precision");
    io_h5_close(file);
    maps[N * H * W - 1] = last;
}

static void rows_read_alone(void **state)
{
    (void)state;
    const char *path = file_in(check_temp_dir("hdf5"));
    write_task(path);
    io_h5_t *file;
    check_error(io_h5_open(&file, path), ST_OK, "");
    float rows[2 * H * W];
    check_error(io_h5_read_rows(rows, file, "maps/M_v", IO_H5_F32, 3, 2), ST_OK, "");
    assert_memory_equal(rows, maps + 3 * H * W, sizeof rows);
    check_error(io_h5_read_rows(rows, file, "maps/half", IO_H5_F32, 1, 1), ST_OK, "");
    assert_true(rows[5] == io_f16_to_f32(io_f32_to_f16(maps[H * W + 5])));
    char *text[2];
    check_error(io_h5_read_rows(text, file, "path", IO_H5_STRING, 2, 2), ST_OK, "");
    assert_string_equal(text[0], names[2]);
    assert_string_equal(text[1], names[3]);
    free(text[0]);
    free(text[1]);
    check_error(io_h5_read_rows(rows, file, "maps/M_v", IO_H5_F32, 5, 0), ST_OK, "");
    check_error(io_h5_read_rows(rows, file, "maps/M_v", IO_H5_F32, 4, 2), ST_EFORMAT,
                "task.h5': 'maps/M_v' has 5 rows, 4 to 6 are asked for");
    io_h5_close(file);
}

static void a_plain_field_is_as_large_as_its_numbers_and_reads_as_a_packed_one(void **state)
{
    (void)state;
    const int64_t n = 5 * H * W;
    size_t size[2];
    for (int plain = 0; plain < 2; plain++) {
        const char *path = file_in(check_temp_dir("hdf5"));
        const io_h5_field_t field = {"maps", IO_H5_F32, 3, {5, H, W}, "image,row,column", "1", "maps", maps};
        io_h5_t *file;
        check_error(io_h5_create(&file, path), ST_OK, "");
        check_error(plain ? io_h5_write_plain(file, "/", &field) : io_h5_write(file, "/", &field, 1), ST_OK, "");
        check_error(io_h5_publish(&file), ST_OK, "");
        check_error(io_h5_open(&file, path), ST_OK, "");
        float *all = read_all(file, "maps", IO_H5_F32, 3, 5), rows[2 * H * W];
        assert_memory_equal(all, maps, (size_t)n * sizeof(float));
        check_error(io_h5_read_rows(rows, file, "maps", IO_H5_F32, 3, 2), ST_OK, "");
        assert_memory_equal(rows, maps + 3 * H * W, sizeof rows);
        free(all);
        io_h5_close(file);
        struct stat info;
        assert_int_equal(stat(path, &info), 0);
        size[plain] = (size_t)info.st_size;
    }
    assert_true(size[1] >= (size_t)n * sizeof(float) && size[0] != size[1]);
}

static void equal_content_gives_equal_bytes(void **state)
{
    (void)state;
    const char *path = file_in(check_temp_dir("hdf5"));
    write_task(path);
    size_t size, size_again;
    char *first = check_read_file(path, &size);
    sleep(2); /* past a change of the second, which a time in an object would show */
    write_task(path);
    char *again = check_read_file(path, &size_again);
    assert_int_equal(size, size_again);
    assert_memory_equal(first, again, size);
    free(first);
    free(again);
}

static void a_file_appears_only_when_published(void **state)
{
    (void)state;
    const char *directory = check_temp_dir("hdf5-names");
    const char *path = file_in(directory);
    io_h5_t *file;
    check_error(io_h5_create(&file, path), ST_OK, "");
    check_error(io_h5_write(file, "/", fields, FIELDS), ST_OK, "");
    assert_false(io_exists(path));
    io_h5_close(file);
    io_names_t left;
    check_error(io_list_dir(&left, directory), ST_OK, "");
    assert_int_equal(left.count, 0);
    io_names_free(&left);
    write_task(path);
    check_error(io_list_dir(&left, directory), ST_OK, "");
    assert_int_equal(left.count, 1);
    io_names_free(&left);
    check_error(io_h5_create(&file, "/no/such/folder/x.h5"), ST_ENOTFOUND,
                "'/no/such/folder/x.h5' cannot be written: its folder does not exist");
}

static void a_full_disk_is_an_error_that_leaves_nothing(void **state)
{
    (void)state;
    const char *directory = check_temp_dir("hdf5-full");
    const char *path = file_in(directory);
    struct rlimit before, small = {4096, 4096};
    getrlimit(RLIMIT_FSIZE, &before);
    small.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    io_h5_t *file;
    check_error(io_h5_create(&file, path), ST_OK, "");
    check_error(io_h5_write(file, "/", fields, FIELDS), ST_OK, "");
    setrlimit(RLIMIT_FSIZE, &small);
    status_t status = io_h5_publish(&file);
    setrlimit(RLIMIT_FSIZE, &before);
    check_error(status, ST_EIO, "task.h5' cannot be written: File too large");
    io_names_t left;
    check_error(io_list_dir(&left, directory), ST_OK, "");
    assert_int_equal(left.count, 0);
    io_names_free(&left);
    write_task(path); /* and the library goes on */
    check_error(io_h5_open(&file, path), ST_OK, "");
    io_h5_close(file);
}

static void damage(const char *path, const char *bytes, size_t size, const char *message)
{
    check_error(io_write_file(path, bytes, size), ST_OK, "");
    io_h5_t *file = NULL;
    check_error(io_h5_open(&file, path), ST_EFORMAT, message);
    assert_null(file);
}

static void damaged_and_foreign_files_are_refused(void **state)
{
    (void)state;
    const char *path = file_in(check_temp_dir("hdf5-bad"));
    write_task(path);
    size_t size;
    char *bytes = check_read_file(path, &size);
    damage(path, "", 0, "task.h5' is empty, expected an HDF5 file");
    damage(path, "dataset,category\n", 17, "task.h5' is not an HDF5 file");
    damage(path, bytes, 300, "task.h5' is damaged: it was cut to 300 bytes");
    damage(path, bytes, size - 1, "do not have the SHA-256 they were written with");
    damage(path, bytes, size / 2, "do not have the SHA-256 they were written with");
    for (size_t at = 512; at < size; at += size / 37) {
        bytes[at] = (char)(bytes[at] ^ 1);
        damage(path, bytes, size, "do not have the SHA-256 they were written with");
        bytes[at] = (char)(bytes[at] ^ 1);
    }
    /* Without our block it is an HDF5 file like any other. */
    damage(path, bytes + 512, size - 512,
           "task.h5' is not sealed by this program: an HDF5 file of another's is not read");
    io_h5_t *file;
    free(bytes);
    check_error(io_h5_open(&file, "/no/such.h5"), ST_ENOTFOUND, "'/no/such.h5' cannot be opened: No such file");
    check_error(io_h5_open(&file, "/"), ST_EIO, "'/' is a directory, expected a file");
    check_error(io_h5_open(&file, "/dev/null"), ST_EFORMAT, "'/dev/null' is a device, expected a regular file");
}

/* What others seal as ours (tests/bad/hdf5/, made by tests/reference/bad_hdf5.py; the last two by a fuzzer, on which the
 * library went in circles) is read by its bytes alone, never out of the file, and has an end. */
static void what_we_never_write_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name, *line; /* NULL: values can be read */
    } files[] = {
        {"plain", NULL},
        {"chunked", NULL},
        {"unsealed", "is not sealed by this program"},
        {"external_storage", "an object has parts that this program does not write"},
        {"external_link", "an object has parts that this program does not write"},
        {"virtual", "it does not begin with a superblock of version 0"},
        {"soft", "a group holds a link that is not a hard one"},
        {"circle", "'values' is a group, expected a dataset"},
        {"wide", "an array is larger than the file can hold"},
        {"into_itself", "a tree's node is not there"},
        {"rows", "an array's bytes are not as many as its dimensions say"},
        {"no_chunk", "a chunk of an array is missing"},
        {"packed", "a chunk does not unpack to its size"},
        {"heap_loop", "a string is not in its heap"},
        {"in_circles", "a string is not in its heap"},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[600];
        snprintf(path, sizeof path, "%s/hdf5/%s.h5", FGAD_BAD_DIR, files[i].name);
        io_h5_t *file;
        void *data = NULL;
        int ndim;
        status_t status = io_h5_open(&file, path);
        if (status == ST_OK) {
            status = io_h5_read(&data, &ndim, NULL, file, "values", IO_H5_F32);
            free(data);
            if (status == ST_ENOTFOUND) status = io_h5_read(&data, &ndim, NULL, file, "task", IO_H5_STRING);
            io_h5_close(file);
        }
        if (files[i].line == NULL)
            check_error(status, ST_OK, "");
        else
            check_error(status, ST_EFORMAT, files[i].line);
    }
}

static void a_label_is_read_without_the_rest(void **state)
{
    (void)state;
    char path[600], label[IO_H5_LABEL + 1], long_one[IO_H5_LABEL + 2], *bytes;
    size_t size;
    io_h5_t *file;
    snprintf(path, sizeof path, "%s", file_in(check_temp_dir("h5-label")));
    check_error(io_h5_glance(label, path), ST_ENOTFOUND, "");
    write_task(path);
    check_error(io_h5_glance(label, path), ST_EFORMAT, "bears no label");
    memset(long_one, 'x', sizeof long_one);
    long_one[IO_H5_LABEL + 1] = '\0';
    check_error(io_h5_create(&file, path), ST_OK, "");
    check_error(io_h5_set_label(file, long_one), ST_OK, "");
    check_error(io_h5_publish(&file), ST_OK, "");
    check_error(io_h5_glance(label, path), ST_EFORMAT, "bears no label");
    long_one[IO_H5_LABEL] = '\0';
    for (int i = 0; i < 2; i++) { /* the longest that there is, then a plain one */
        const char *text = i == 0 ? long_one : "id 7";
        check_error(io_h5_create(&file, path), ST_OK, "");
        check_error(io_h5_set_text(file, "/", "id", "7"), ST_OK, "");
        check_error(io_h5_set_label(file, text), ST_OK, "");
        check_error(io_h5_publish(&file), ST_OK, "");
        check_error(io_h5_glance(label, path), ST_OK, "");
        assert_string_equal(label, text);
        check_error(io_h5_open(&file, path), ST_OK, ""); /* whoever knows of no labels reads the file as ever */
        io_h5_close(file);
    }
    check_error(io_read_file(&bytes, &size, path), ST_OK, "");
    check_error(io_write_file(path, bytes, size - 1), ST_OK, "");
    check_error(io_h5_glance(label, path), ST_EFORMAT, "is damaged: it has");
    char *at = strstr(bytes, "id 7");
    assert_non_null(at);
    *at = 'I';
    check_error(io_write_file(path, bytes, size), ST_OK, "");
    check_error(io_h5_glance(label, path), ST_EFORMAT, "is damaged in its label");
    check_error(io_write_file(path, bytes, 300), ST_OK, "");
    check_error(io_h5_glance(label, path), ST_EFORMAT, "bears no label");
    free(bytes);
}

static void options_become_attributes(void **state)
{
    (void)state;
    struct {
        double epsilon;
        io_int_list_t shots;
    } job;
    static const char path_end[] = "options";
    const io_option_t table[] = {
        {"epsilon", IO_DOUBLE, 0, "0.1", 0, 1, NULL, "margin", 0},
        {"few.shots", IO_INT_LIST, (size_t)((char *)&job.shots - (char *)&job), "1, 2", 0, 0, NULL, "shots", 0},
        {0},
    };
    check_error(io_options_init(&job, table), ST_OK, "");
    const char *path = file_in(check_temp_dir("hdf5"));
    io_h5_t *file;
    check_error(io_h5_create(&file, path), ST_OK, "");
    check_error(io_h5_set_options(file, path_end, &job, table), ST_OK, "");
    check_error(io_h5_publish(&file), ST_OK, "");
    check_error(io_h5_open(&file, path), ST_OK, "");
    char *text;
    check_error(io_h5_get_text(&text, file, path_end, "few.shots"), ST_OK, "");
    assert_string_equal(text, "[1, 2]");
    free(text);
    io_h5_close(file);
    io_options_free(&job, table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_reads_back),
        cmocka_unit_test(attributes_read_back),
        cmocka_unit_test(what_is_there_is_known),
        cmocka_unit_test(numbers_that_are_none),
        cmocka_unit_test(rows_read_alone),
        cmocka_unit_test(a_plain_field_is_as_large_as_its_numbers_and_reads_as_a_packed_one),
        cmocka_unit_test(equal_content_gives_equal_bytes),
        cmocka_unit_test(a_file_appears_only_when_published),
        cmocka_unit_test(a_full_disk_is_an_error_that_leaves_nothing),
        cmocka_unit_test(damaged_and_foreign_files_are_refused),
        cmocka_unit_test(what_we_never_write_is_refused),
        cmocka_unit_test(a_label_is_read_without_the_rest),
        cmocka_unit_test(options_become_attributes),
    };
    return cmocka_run_group_tests_name("hdf5", tests, fill, NULL);
}
