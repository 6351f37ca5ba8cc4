/* libFuzzer's door to every parser of what others may send. One program; which parser is told by the name it is called by:
 * fuzz-png is a link to it. See run. */
#include "clip/clip.h"
#include "data/data.h"
#include "io/io.h"
#include "job/job.h"
#include "prompts/prompts.h"
#include "store/store.h"
#include "tokenizer/tokenizer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* A folder of this process under TMPDIR, with `one` as the file that is written anew for each input. */
static char folder[500], one[600];

static void begin_file(const char *name)
{
    char path[600];
    const char *under = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%.400s/fgad-fuzz-XXXXXX", under != NULL ? under : "/tmp");
    if (mkdtemp(folder) == NULL) abort();
    snprintf(one, sizeof one, "%s/%s", folder, name);
    snprintf(path, sizeof path, "%s", one);
    *strrchr(path, '/') = '\0';
    if (io_make_dirs(path) != ST_OK) abort();
}

static void put_file(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL || (size > 0 && fwrite(bytes, 1, size, file) != size) || fclose(file) != 0) abort();
}

/* What the lists of data sets name, so that a reader comes past its first look: empty files. */
static void put_images(void)
{
    static const char *const files[] = {"candle/Data/Images/Normal/0000.JPG",
                                        "candle/Data/Images/Anomaly/000.JPG",
                                        "candle/Data/Masks/Anomaly/000.png",
                                        "candle/OK/S0001/candle_0001_OK_C1_1.jpg",
                                        "candle/NG/AK/S0002/candle_0002_NG_AK_C1_1.jpg",
                                        "candle/NG/AK/S0002/candle_0002_NG_AK_C1_1.png"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[700];
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        char *slash = strrchr(path, '/');
        *slash = '\0';
        if (io_make_dirs(path) != ST_OK) abort();
        *slash = '/';
        put_file(path, "", 0);
    }
}

/* ---- Parsers of io ---- */

static void fuzz_image(const uint8_t *bytes, size_t size)
{
    io_image_t image;
    io_mask_t mask;
    put_file(one, bytes, size);
    if (io_image_read(&image, one) == ST_OK) io_image_free(&image);
    if (io_mask_read(&mask, one) == ST_OK) io_mask_free(&mask);
}

static void fuzz_map(const uint8_t *bytes, size_t size)
{
    double *values;
    int width, height;
    put_file(one, bytes, size);
    if (io_tiff_read_map(&values, &width, &height, one) == ST_OK) free(values);
}

static void fuzz_safetensors(const uint8_t *bytes, size_t size)
{
    io_safetensors_t *file;
    put_file(one, bytes, size);
    if (io_safetensors_open(&file, one) != ST_OK) return;
    for (int i = 0; i < io_safetensors_count(file); i++) {
        const io_tensor_t *tensor = io_safetensors_at(file, i);
        if (tensor->dtype == IO_OTHER_DTYPE) continue; /* of unknown size: listed, never read */
        float *values = malloc((size_t)tensor->count * sizeof *values + 1);
        if (values != NULL) (void)io_tensor_to_f32(values, tensor, one);
        free(values);
    }
    io_safetensors_close(file);
}

static void fuzz_csv(const uint8_t *bytes, size_t size)
{
    io_csv_t csv;
    bool more = true;
    put_file(one, bytes, size);
    if (io_csv_open(&csv, one) != ST_OK) return;
    while (io_csv_next(&more, &csv) == ST_OK && more) (void)io_csv_cell(&csv, "category");
    io_csv_close(&csv);
}

/* What a server answers: hidden, parsed, and looked at as a caption. */
static void fuzz_answer(const uint8_t *bytes, size_t size)
{
    prompts_vocabulary_t vocabulary = {0};
    prompts_report_t report = {0};
    io_json_t *json;
    char *text = malloc(size + 1);
    if (text == NULL) return;
    memcpy(text, bytes, size);
    text[size] = '\0';
    io_http_hide(text, size, "sk-0123456789abcdef");
    if (io_json_parse(&json, text, size, "answer") == ST_OK) io_json_free(json);
    (void)prompts_mfsc_check_text(&report, text, size, "folder/gear.json", &vocabulary, true);
    prompts_report_free(&report);
    free(text);
}

/* ---- HDF5: sealed again, since whoever makes a file can seal it ---- */

static void read_whole(io_h5_t *file)
{
    static const char *const texts[] = {"id", "description", "point", "assets", "terms"};
    static const char *const arrays[] = {"cls",        "tokens", "memory1",
                                         "path",       "label",  "maps/M_pix",
                                         "maps/M_img", "values", "prompts/pixel/anchors/normal",
                                         "params",     "loss",   "dataset",
                                         "image_auroc"};
    char *text;
    int64_t number, dims[6];
    int ndim;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (io_h5_get_text(&text, file, "/", texts[i]) == ST_OK) free(text);
    (void)io_h5_get_i64(&number, file, "/", "complete");
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        for (int type = IO_H5_F32; type <= IO_H5_STRING; type++) {
            void *data;
            if (type == IO_H5_F16 || io_h5_read(&data, &ndim, dims, file, arrays[i], (io_h5_type_t)type) != ST_OK)
                continue;
            int64_t count = 1;
            for (int d = 0; d < ndim; d++) count *= dims[d];
            if (type == IO_H5_STRING)
                io_h5_free_strings(data, count);
            else
                free(data);
        }
}

static void fuzz_hdf5(const uint8_t *bytes, size_t size)
{
    char block[512] = "", digest[IO_DIGEST_SIZE];
    io_h5_t *file;
    store_results_t results;
    io_digest_bytes(digest, bytes, size);
    snprintf(block, sizeof block, "fgad: HDF5 from byte 512 on, with SHA-256 %s\n", digest);
    FILE *out = fopen(one, "wb");
    if (out == NULL || fwrite(block, 1, 512, out) != 512 || fwrite(bytes, 1, size, out) != size || fclose(out) != 0)
        abort();
    if (io_h5_open(&file, one) != ST_OK) return;
    read_whole(file);
    io_h5_close(file);
    if (store_results_read(&results, folder) == ST_OK) store_results_free(&results);
}

/* The first bytes of a task file, sealed for themselves: by these a run begins and ends. */
static void fuzz_label(const uint8_t *bytes, size_t size)
{
    char block[1024], text[400], digest[IO_DIGEST_SIZE], all[IO_DIGEST_SIZE];
    store_numbers_t numbers;
    store_made_on_t made_on = {0};
    if (size > 380) size = 380;
    for (size_t i = 0; i < size; i++) text[i] = (char)(bytes[i] == '\0' || bytes[i] == '\n' ? ' ' : bytes[i]);
    text[size] = '\0';
    char told[420];
    snprintf(told, sizeof told, "512 %s", text);
    io_digest_bytes(digest, told, strlen(told));
    memset(block, 0, sizeof block);
    memset(all, '0', sizeof all);
    all[IO_DIGEST_SIZE - 1] = '\0';
    snprintf(block, 513, "fgad: HDF5 from byte 512 on, with SHA-256 %s\n%s %s\n", all, digest, told);
    put_file(one, block, 512);
    (void)store_task_numbers(&numbers, &made_on, one, "0123456789abcdef");
}

static void fuzz_results(const uint8_t *bytes, size_t size)
{
    store_results_t results;
    put_file(one, bytes, size);
    if (store_results_read(&results, one) == ST_OK) store_results_free(&results);
}

/* ---- Options, models, captions ---- */

static void fuzz_job(const uint8_t *bytes, size_t size)
{
    job_t job;
    put_file(one, bytes, size);
    if (io_options_init(&job, job_options) == ST_OK) (void)io_options_read_yaml(&job, job_options, NULL, one);
    io_options_free(&job, job_options);
}

static void fuzz_config(const uint8_t *bytes, size_t size)
{
    clip_config_t config;
    put_file(one, bytes, size);
    (void)clip_config_read(&config, folder);
}

static void fuzz_tokenizer(const uint8_t *bytes, size_t size)
{
    tokenizer_t *tokenizer;
    int ids[40], count;
    put_file(one, bytes, size);
    if (tokenizer_open(&tokenizer, one, 0, 32) != ST_OK) return;
    (void)tokenizer_pieces(ids, &count, 40, tokenizer,
                           "a photo of a d\xc3\xa9j\xc3\xa0 vu, 12 times it's <end_of_text>");
    tokenizer_close(tokenizer);
}

static void fuzz_mfsc(const uint8_t *bytes, size_t size)
{
    static prompts_vocabulary_t vocabulary;
    static bool read;
    prompts_report_t report = {0};
    if (!read) (void)prompts_vocabulary_read(&vocabulary, "datasets/mfsc/vocabulary.json");
    read = true;
    (void)prompts_mfsc_check_text(&report, (const char *)bytes, size, "demo/gear.json", &vocabulary, true);
    prompts_report_free(&report);
}

/* ---- Lists of data sets ---- */

static void fuzz_dataset(const uint8_t *bytes, size_t size, const char *dataset)
{
    const data_options_t options = {0};
    io_names_t names;
    data_category_t category;
    put_file(one, bytes, size);
    if (data_list_categories(&names, dataset, folder, &options) == ST_OK) io_names_free(&names);
    if (data_category_read(&category, dataset, folder, "candle", &options) == ST_OK) data_category_free(&category);
}

static void fuzz_visa(const uint8_t *bytes, size_t size)
{
    fuzz_dataset(bytes, size, "visa");
}

static void fuzz_realiad(const uint8_t *bytes, size_t size)
{
    fuzz_dataset(bytes, size, "realiad");
}

static void fuzz_fewshot(const uint8_t *bytes, size_t size)
{
    static data_category_t category;
    int shots[4];
    if (category.train == NULL && data_category_assume(&category, "mvtec", "bottle", &(data_options_t){0}) != ST_OK)
        abort();
    put_file(one, bytes, size);
    (void)data_list_shots(shots, &category, 4, one);
}

/* ---- */

static const struct {
    const char *name, *file;
    void (*run)(const uint8_t *bytes, size_t size);
} targets[] = {
    {"png", "x.png", fuzz_image},
    {"jpeg", "x.jpg", fuzz_image},
    {"tiff", "x.tif", fuzz_image},
    {"map", "x.tiff", fuzz_map},
    {"safetensors", "x.safetensors", fuzz_safetensors},
    {"csv", "x.csv", fuzz_csv},
    {"answer", "x.json", fuzz_answer},
    {"hdf5", "results.h5", fuzz_hdf5},
    {"label", "task.h5", fuzz_label},
    {"results", "results.csv", fuzz_results},
    {"job", "job.yaml", fuzz_job},
    {"config", "open_clip_config.json", fuzz_config},
    {"merges", "merges.txt", fuzz_tokenizer},
    {"tokenizer", "tokenizer.json", fuzz_tokenizer},
    {"mfsc", "gear.json", fuzz_mfsc},
    {"visa", "split_csv/1cls.csv", fuzz_visa},
    {"realiad", "realiad_jsons/candle.json", fuzz_realiad},
    {"fewshot", "list.yaml", fuzz_fewshot},
};
static void (*chosen)(const uint8_t *bytes, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    const char *name = strrchr((*argv)[0], '-');
    log_init(LOG_ERROR - 1, 0, 1);
    for (size_t i = 0; name != NULL && i < sizeof targets / sizeof targets[0]; i++)
        if (strcmp(targets[i].name, name + 1) == 0) {
            begin_file(targets[i].file);
            chosen = targets[i].run;
            if (chosen == fuzz_visa || chosen == fuzz_realiad) put_images();
        }
    if (chosen != NULL) return 0;
    fprintf(stderr, "%s: no parser is called so\n", (*argv)[0]);
    exit(2);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    chosen(bytes, size);
    return 0;
}
