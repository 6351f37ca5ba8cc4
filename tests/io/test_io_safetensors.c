#include "support/check.h"

#include "io/io.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const good_path = FGAD_GOLDEN_DIR "/io/three_types.safetensors";

static const char *bad_path(const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/safetensors/%s.safetensors", FGAD_BAD_DIR, name);
    return path;
}

static void a_file_of_three_types_reads_back(void **state)
{
    (void)state;
    check_golden_t *golden = check_golden_open("io/three_types");
    io_safetensors_t *file;
    check_error(io_safetensors_open(&file, good_path), ST_OK, "");
    assert_int_equal(io_safetensors_count(file), 6);
    static const char *const names[] = {"visual.half", "visual.weight", "bf16", "logit_scale"};
    for (int i = 0; i < 4; i++) {
        const io_tensor_t *tensor = io_safetensors_find(file, names[i]);
        assert_non_null(tensor);
        float values[64];
        check_error(io_tensor_to_f32(values, tensor, good_path), ST_OK, "");
        size_t count;
        int dims[8];
        const float *want = check_golden_f32(golden, names[i], &count, dims);
        assert_int_equal(tensor->count, count);
        for (int d = 0; d < tensor->ndim; d++) assert_int_equal(tensor->shape[d], dims[d]);
        assert_memory_equal(values, want, count * sizeof *want);
    }
    assert_null(io_safetensors_find(file, "visual"));
    const io_tensor_t *steps = io_safetensors_find(file, "steps");
    assert_string_equal(steps->dtype_name, "I64");
    assert_int_equal(steps->dtype, IO_OTHER_DTYPE);
    float two[2];
    check_error(io_tensor_to_f32(two, steps, "m"), ST_EFORMAT, "'m': tensor 'steps' is I64, expected F32, F16 or BF16");
    assert_int_equal(io_safetensors_find(file, "empty")->count, 0);
    assert_string_equal(io_safetensors_at(file, 0)->name, "visual.half");
    io_safetensors_close(file);
    check_golden_close(golden);
}

/* A file that is cut while it is mapped: a line and an exit code, where SIGBUS would end the process without a word. */
static void a_file_cut_in_use_is_named(void **state)
{
    (void)state;
    enum { VALUES = 1 << 16 };
    static float values[VALUES];
    static const int64_t shape[1][8] = {{VALUES}};
    const char *name = "weight";
    const float *data = values;
    const int ndim = 1;
    char path[512], said[1024] = "", want[1024];
    int ends[2], code;
    snprintf(path, sizeof path, "%s/cut_in_use.safetensors", FGAD_TEST_TMP);
    assert_int_equal(io_safetensors_write(path, &name, &data, shape, &ndim, 1, false), ST_OK);
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        io_safetensors_t *file;
        dup2(ends[1], STDERR_FILENO);
        io_mapped_install(7);
        if (io_safetensors_open(&file, path) != ST_OK || truncate(path, 4096) != 0) _exit(8);
        (void)io_tensor_to_f32(values, io_safetensors_find(file, "weight"), path);
        _exit(9);
    }
    close(ends[1]);
    size_t used = 0;
    for (ssize_t got; used < sizeof said - 1 && (got = read(ends[0], said + used, sizeof said - 1 - used)) > 0;)
        used += (size_t)got;
    close(ends[0]);
    assert_int_equal(waitpid(child, &code, 0), child);
    assert_true(WIFEXITED(code));
    assert_int_equal(WEXITSTATUS(code), 7);
    snprintf(want, sizeof want, "fgad: '%s' cannot be read any more: it was cut while it was used, or its disk fails\n",
             path);
    assert_string_equal(said, want);
    remove(path);
}

static void refuse(const char *name, const char *text)
{
    char message[1024];
    snprintf(message, sizeof message, "%s.safetensors%s", name, text);
    io_safetensors_t *file = NULL;
    check_error(io_safetensors_open(&file, bad_path(name)), ST_EFORMAT, message);
    assert_null(file);
}

static void bad_headers_are_refused_with_the_reason(void **state)
{
    (void)state;
    refuse("empty", "': is 0 bytes long, too short for a safetensors file");
    refuse("five_bytes", "': is 5 bytes long, too short for a safetensors file");
    refuse("text", "': is git-lfs's pointer to the file, not the file (hint: git lfs pull)");
    refuse("cut_in_header", "': its header claims");
    refuse("bad_json", " (header)':1:52: ");
    refuse("not_an_object", "': its header is not a JSON object");
    refuse("duplicate", " (header)':1:57: duplicate object key near '\"a\"'");
    refuse("no_offsets", "': tensor 'a': data_offsets is not a list of two whole numbers");
    refuse("no_dtype", "': tensor 'a': dtype is missing or not a string");
    refuse("fraction", "': tensor 'a': data_offsets is not a list of two whole numbers");
    refuse("negative_dim", "': tensor 'a': dimension 0 is not a whole number >= 0");
    refuse("nine_dims", "': tensor 'a': has 9 dimensions, expected at most 8");
}

static void bad_extents_are_refused_by_tensor_name(void **state)
{
    (void)state;
    refuse("cut_in_data", "': tensor 'empty': data_offsets are [118, 118), the file has 115 bytes of data");
    refuse("overlap", "': tensors 'a' and 'b' overlap in the data");
    refuse("hole", "': 4 bytes before tensor 'b' belong to no tensor, expected none between tensors");
    refuse("spare_bytes", "': tensors end at byte 4 of the data, the file has 12");
    refuse("out_of_range", "': tensor 'b': data_offsets are [8, 16), the file has 12 bytes of data");
    refuse("backwards", "': tensor 'a': data_offsets are [8, 0), the file has 8 bytes of data");
    refuse("wrong_size", "': tensor 'conv.weight': data_offsets span 20 bytes, its shape (2,3) of F32 needs 24");
    refuse("huge_shape", "': tensor 'a': its shape's product is past 64 bits");
    refuse("huge_bytes", "': tensor 'a': its shape (2147483648,2147483648) of F32 is past 64 bits of bytes");
}

static void a_missing_file_and_a_directory_are_named(void **state)
{
    (void)state;
    io_safetensors_t *file;
    check_error(io_safetensors_open(&file, "/no/such/model.safetensors"), ST_ENOTFOUND,
                "'/no/such/model.safetensors' cannot be opened: No such file or directory");
    check_error(io_safetensors_open(&file, FGAD_GOLDEN_DIR), ST_EFORMAT,
                "': is not a regular file, expected a safetensors file");
}

static void a_weight_that_is_not_finite_is_named_with_its_place(void **state)
{
    (void)state;
    io_safetensors_t *file;
    float values[8];
    check_error(io_safetensors_open(&file, bad_path("nan")), ST_OK, "");
    check_error(io_tensor_to_f32(values, io_safetensors_find(file, "ln.bias"), "m"), ST_OK, "");
    check_error(io_tensor_to_f32(values, io_safetensors_find(file, "w"), "m"), ST_EFORMAT,
                "'m': w[1,2] is NaN, expected finite numbers");
    io_safetensors_close(file);
    check_error(io_safetensors_open(&file, bad_path("infinite_half")), ST_OK, "");
    check_error(io_tensor_to_f32(values, io_safetensors_find(file, "w"), "m"), ST_EFORMAT,
                "'m': w[1] is -infinite, expected finite numbers");
    io_safetensors_close(file);
}

static const char *const names[] = {"a \"quoted\" name", "scalar", "none"};
static const float numbers[6] = {0.1f, -2.5f, 3e-5f, 65504.0f, 0.0f, -1.0f};
static const float *const arrays[] = {numbers, numbers + 1, numbers};
static const int64_t shapes[][8] = {{2, 3}, {0}, {0, 7}};
static const int ndims[] = {2, 0, 2};

static void what_is_written_reads_back(void **state)
{
    (void)state;
    char path[600];
    snprintf(path, sizeof path, "%s/out.safetensors", check_temp_dir("safetensors"));
    for (int half = 0; half <= 1; half++) {
        check_error(io_safetensors_write(path, names, arrays, shapes, ndims, 3, half), ST_OK, "");
        io_safetensors_t *file;
        check_error(io_safetensors_open(&file, path), ST_OK, "");
        const io_tensor_t *tensor = io_safetensors_find(file, names[0]);
        assert_string_equal(tensor->dtype_name, half ? "F16" : "F32");
        float values[6];
        check_error(io_tensor_to_f32(values, tensor, path), ST_OK, "");
        for (int i = 0; i < 6; i++)
            assert_true(values[i] == (half ? io_f16_to_f32(io_f32_to_f16(numbers[i])) : numbers[i]));
        assert_int_equal(io_safetensors_find(file, "scalar")->count, 1);
        assert_int_equal(io_safetensors_find(file, "none")->count, 0);
        io_safetensors_close(file);
    }
}

static void a_write_that_does_not_fit_leaves_nothing(void **state)
{
    (void)state;
    const char *directory = check_temp_dir("safetensors-full");
    char path[600];
    snprintf(path, sizeof path, "%s/out.safetensors", directory);
    float *large = calloc(100000, sizeof *large);
    assert_non_null(large);
    const float *const data[] = {large};
    const int64_t shape[][8] = {{100000}};
    const int one = 1;
    struct rlimit before, small = {65536, 65536};
    getrlimit(RLIMIT_FSIZE, &before);
    small.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    status_t status = io_safetensors_write(path, names, data, shape, &one, 1, false);
    setrlimit(RLIMIT_FSIZE, &before);
    check_error(status, ST_EIO, "out.safetensors' cannot be written: File too large");
    io_names_t left;
    check_error(io_list_dir(&left, directory), ST_OK, "");
    assert_int_equal(left.count, 0);
    io_names_free(&left);
    free(large);
    check_error(io_safetensors_write("/no/such/x.safetensors", names, arrays, shapes, ndims, 3, false), ST_EIO,
                "'/no/such/x.safetensors' cannot be created: No such file or directory");
}

static void half_precision_is_numpys(void **state)
{
    (void)state;
    check_golden_t *golden = check_golden_open("io/half");
    size_t count;
    const int32_t *bits = check_golden_i32(golden, "value_bits", &count, NULL);
    const int32_t *half = check_golden_i32(golden, "half", NULL, NULL);
    for (size_t i = 0; i < count; i++) {
        float value;
        memcpy(&value, &bits[i], sizeof value);
        if (io_f32_to_f16(value) != half[i])
            fail_msg("%a becomes 0x%04x, expected 0x%04x", (double)value, io_f32_to_f16(value), (unsigned)half[i]);
    }
    const int32_t *some = check_golden_i32(golden, "some", &count, NULL);
    const int32_t *some_bits = check_golden_i32(golden, "some_bits", NULL, NULL);
    for (size_t i = 0; i < count; i++) {
        float value = io_f16_to_f32((uint16_t)some[i]), want;
        memcpy(&want, &some_bits[i], sizeof want);
        assert_true(value == want || (isnan(value) && isnan(want)));
    }
    for (unsigned i = 0; i < 65536; i++) {
        float value = io_f16_to_f32((uint16_t)i);
        if (isnan(value))
            assert_true(isnan(io_f16_to_f32(io_f32_to_f16(value))));
        else
            assert_int_equal(io_f32_to_f16(value), i);
    }
    check_golden_close(golden);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_cut_in_use_is_named),
        cmocka_unit_test(a_file_of_three_types_reads_back),
        cmocka_unit_test(bad_headers_are_refused_with_the_reason),
        cmocka_unit_test(bad_extents_are_refused_by_tensor_name),
        cmocka_unit_test(a_missing_file_and_a_directory_are_named),
        cmocka_unit_test(a_weight_that_is_not_finite_is_named_with_its_place),
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(a_write_that_does_not_fit_leaves_nothing),
        cmocka_unit_test(half_precision_is_numpys),
    };
    return cmocka_run_group_tests_name("safetensors", tests, NULL, NULL);
}
