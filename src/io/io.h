/* io: everything that crosses the edge of the process. Images in (PNG, JPEG, TIFF, BMP, WebP), maps out (PNG, TIFF),
 * PIL's resize, JSON, CSV, YAML job files, safetensors, HDF5, digests, HTTP, small file-system helpers. It knows
 * formats, not meaning: what a category, a model or a task is stands to its right. Depends on base, and alone on
 * libpng, libjpeg, libtiff, libwebp, jansson, libyaml, HDF5, libcrypto, libcurl and zlib, each behind one file.
 * Every message names the file. */
#ifndef FGAD_IO_H
#define FGAD_IO_H

#include "base/base.h"

#include <stdio.h>

/* ---- Files --------------------------------------------------------------------------------------------------------- */
/* A name list; each name and the array are owned by the struct. */
typedef struct {
    char **name;
    int count;
} io_names_t;
void io_names_free(io_names_t *names);
/* Names (not paths) in directory `path`, sorted by bytes (strcmp), without "." entries; hidden names are skipped. Parted:
 * folders (links followed) apart from all else; where the file system tells them apart, no file is asked. */
status_t io_list_dir(io_names_t *out, const char *path);
status_t io_list_parted(io_names_t *files, io_names_t *folders, const char *path);
bool io_exists(const char *path);
bool io_is_named(const char *path);  /* or is a link to what is not there */
int64_t io_change(const char *path); /* time of the last change, in nanoseconds; 0: it is not there */
bool io_is_dir(const char *path);
/* Whether `path`, which need not exist yet, is the folder or lies below it, links followed. */
bool io_lies_in(const char *path, const char *folder);
status_t io_make_dirs(const char *path); /* mkdir -p */
/* Whole file of 1 GB at most, NUL-terminated (caller frees *bytes); size may be NULL. */
status_t io_read_file(char **bytes, size_t *size, const char *path);
/* The same of a text (caller frees *text), without a byte order mark. ST_EFORMAT when it holds a byte of zero, as
 * the end of a file does that a power cut has filled up: a C string would silently end there. */
status_t io_read_text(char **text, const char *path);
/* A list of lines that jobs share (16 MB at most), for fgets; NULL: there is none, or something else stands there. */
FILE *io_open_lines(const char *path);
/* One write at its end: jobs that share the file do not lose each other's lines. It is made where it is missing. */
status_t io_append_line(const char *path, const char *line);
/* As io_read_file, of a file that is gzip-compressed or plain. ST_EFORMAT: damaged, or more than 256 MB. */
status_t io_read_gzip(char **bytes, size_t *size, const char *path);
/* Written to a temporary name beside `path`, fsynced, renamed, directory fsynced: a file that exists is whole. On
 * failure (a full disk, say) what stood at `path` stays and no temporary is left. */
status_t io_write_file(const char *path, const void *bytes, size_t size);
/* What was printed to a stream of open_memstream, which is closed; *text is freed. */
status_t io_write_stream(const char *path, FILE *stream, char **text, const size_t *size);
/* Publishes `temporary`, which another library wrote and closed, under `path` in the same way; removes it on failure. */
status_t io_publish(const char *temporary, const char *path);
/* The file `from` at `path` too: its second name (a hard link) where the file system has such, else a copy, published as
 * io_write_file does. replace: what stands at `path` gives way; else it stays, and all is well. */
status_t io_link_file(const char *path, const char *from, bool replace);
bool io_same_file(const char *a, const char *b); /* both names are of one file */
/* "<path>.tmp.<host>.<pid>.<space>.<token>" into out: a name that status tools know; another one at each call, which nobody
 * can foresee: open it with O_EXCL. "" when it would be longer than a path may be. */
void io_temporary_name(char out[4096], const char *path);
/* Where this process's number is its own: the beginning of the kernel's boot id and the number of the PID namespace, as
 * "1c9e03a5-4026531836" ("unknown" without /proc). What /proc says of a number is true for those of the same space alone. */
void io_process_space(char out[32]);
/* Memory, zeros at first, common to this user's processes of this host that ask for the key and size; NULL: none to be had. */
typedef struct io_shared io_shared_t;
void *io_shared_open(io_shared_t **out, uint64_t key, size_t bytes);
void io_shared_close(io_shared_t *shared); /* NULL is fine */

/* SHA-256 as 64 lower-case hex digits and NUL. */
#define IO_DIGEST_SIZE 65
void io_digest_bytes(char out[IO_DIGEST_SIZE], const void *bytes, size_t size);
status_t io_digest_file(char out[IO_DIGEST_SIZE], const char *path);

/* The folder of captions, few-shot lists, models and published figures where nobody says which: FGAD_ASSETS of the
 * environment, `datasets` of the current folder, else what lies with the program, installed or built (caller frees). */
char *io_assets(void);

/* ---- Names from outside -------------------------------------------------------------------------------------------- */
/* UTF-8 without control characters, line breaks and marks that turn the direction of writing: what every file of ours can
 * hold, and base_visible shows as it is. */
bool io_text_is_plain(const char *text);
/* One name of a file or folder from any text, which every writer of a path uses for what comes from data: no '/', '\',
 * control character or broken UTF-8 ('_' stands for them), no '.' or '-' at its beginning, not empty, at most 200 bytes.
 * Two texts may give one name: the writer refuses the second. */
enum { IO_COMPONENT_SIZE = 201 };
void io_component(char out[IO_COMPONENT_SIZE], const char *text);
/* Whether a relative path cannot lead out of its folder: no '/' in front, no component "..". */
bool io_path_stays_inside(const char *path);

/* ---- Images -------------------------------------------------------------------------------------------------------- */
/* 8-bit RGB, row-major (height, width, 3). pixels owned by the struct. */
typedef struct {
    int width, height;
    uint8_t *pixels;
} io_image_t;
/* One channel of raw values (height, width), 8- or 16-bit sources kept as they are (a mask's 1..n or 255). */
typedef struct {
    int width, height;
    uint16_t *values;
    bool palette, alpha; /* the values are indices into a palette; an alpha channel was dropped */
} io_mask_t;

/* How pixels are taken from a file; all zero: as PIL takes them. */
typedef struct {
    int bit_depth; /* 8 to 16: how many bits the 16-bit samples use (a 12-bit camera's 12); 0 is 16. Larger values are cut */
    bool upright; /* turn and mirror as the EXIF orientation says; false: as the rows lie in the file */
} io_image_how_t;
/* PNG, JPEG, TIFF, BMP or WebP by content (not by name) to RGB as PIL's convert("RGB") does: grey replicated,
 * palette looked up, alpha dropped, CMYK JPEG converted, EXIF orientation ignored unless `how` says otherwise,
 * 16-bit to 8 by the upper 8 of the bits in use (PIL's own way for RGB; 16-bit grey it would clip at 255, to nearly
 * white). ST_EFORMAT: not an image, truncated, damaged (also where libjpeg would only warn and make pixels up), more
 * than 2^27 pixels, a kind that is not read (float or CMYK TIFF, run-length BMP). */
status_t io_image_read_how(io_image_t *out, const char *path, const io_image_how_t *how);
/* The same with `how` all zero. */
status_t io_image_read(io_image_t *out, const char *path);
void io_image_free(io_image_t *image);
/* Width and height from the header alone, as io_image_read gives them. */
status_t io_image_size(int *width, int *height, const char *path);
/* What else the header says; by the header alone. */
typedef struct {
    int width, height; /* as the rows lie */
    int depth;         /* bits of a sample */
    int turn;          /* EXIF orientation, 1 to 8; 1: upright as it lies */
    int pages;         /* above 1: others follow the one that is read (TIFF, animated PNG) */
    bool refused;      /* io_image_read will refuse it: samples that are not read (float TIFF) */
    bool palette, alpha;
} io_image_info_t;
status_t io_image_look(io_image_info_t *out, const char *path);
/* The largest sample of a picture: how many of its bits are in use. */
status_t io_image_largest(int *out, const char *path);
/* Whether a file name ends as a kind that is read does; NULL-terminated endings of those that are images but not read. */
bool io_image_has_ending(const char *name);
extern const char *const io_image_unread_endings[];
/* A ground-truth mask: one channel of raw values; an RGB mask is accepted when its channels are equal (grey), else
 * refused; a palette gives indices; grey of fewer than 8 bits is scaled to 0..255 (a 1-bit mask is 0 and 255), as PIL's
 * convert("L"). */
status_t io_mask_read(io_mask_t *out, const char *path);
void io_mask_free(io_mask_t *mask);

/* PIL's Image.resize(BICUBIC) with antialiasing: a = -0.5, support scaled by the ratio, 8-bit rounding between the
 * horizontal and the vertical pass (METHOD.md 1): equal to PIL 9.4 to the bit on all golden sizes. src (sh, sw,
 * channels), dst (dh, dw, channels); they do not overlap. ST_ENOMEM only. */
status_t io_resize_bicubic(uint8_t *dst, int dw, int dh, const uint8_t *src, int sw, int sh, int channels);
/* The same with BILINEAR, whose support is 1. */
status_t io_resize_bilinear_antialiased(uint8_t *dst, int dw, int dh, const uint8_t *src, int sw, int sh, int channels);
/* OpenCV's cv2.resize of 8 bits, to the bit: INTER_LINEAR (no smoothing when it shrinks), and INTER_NEAREST of one channel
 * (the pixel above and to the left of the position, not the nearest). */
status_t io_resize_bilinear(uint8_t *dst, int dw, int dh, const uint8_t *src, int sw, int sh, int channels);
void io_resize_nearest(uint8_t *dst, int dw, int dh, const uint8_t *src, int sw, int sh);
/* dst, of src's size (height, width, channels): the image turned counter-clockwise about (width/2, height/2) in pixel
 * coordinates (the centre of the first pixel is (0, 0), so half a turn is no exact flip); bilinear, borders reflected without
 * repeating the edge (method/README.md 6). They do not overlap. */
void io_rotate(uint8_t *dst, const uint8_t *src, int width, int height, int channels, double degrees);

/* 8-bit PNG; pixels (height, width, channels), channels 1 or 3. */
status_t io_png_write(const char *path, const uint8_t *pixels, int width, int height, int channels);
/* The same picture in a third of the time, in a larger file. */
status_t io_png_write_fast(const char *path, const uint8_t *pixels, int width, int height, int channels);
/* 32-bit float one-channel TIFF, not compressed, as MVTec's evaluation code reads; values (height, width). */
status_t io_tiff_write_f32(const char *path, const float *values, int width, int height);
/* Reads such a TIFF back, or another program's: one sample a pixel, a float of 16, 32 or 64 bits or an integer of 8, 16 or
 * 32, strips or tiles, any compression of libtiff's, either byte order. Values as they are, NaN included, each exact as a
 * double (caller frees *values). */
status_t io_tiff_read_map(double **values, int *width, int *height, const char *path);
/* Whether the file's samples are of a kind each value of which is a float: all but doubles and integers of 32 bits. */
status_t io_tiff_map_fits_float(bool *out, const char *path);

/* ---- JSON (jansson behind it) -------------------------------------------------------------------------------------- */
/* A parsed document; nodes are borrowed from it and live until io_json_free. */
typedef struct io_json io_json_t;
typedef const void *io_json_node_t;
status_t io_json_read(io_json_t **out, const char *path);
/* `name` stands for the path in messages. */
status_t io_json_parse(io_json_t **out, const char *text, size_t size, const char *name);
void io_json_free(io_json_t *json);
io_json_node_t io_json_root(const io_json_t *json);
typedef enum {
    IO_JSON_NULL,
    IO_JSON_BOOL,
    IO_JSON_NUMBER,
    IO_JSON_STRING,
    IO_JSON_ARRAY,
    IO_JSON_OBJECT
} io_json_kind_t;
io_json_kind_t io_json_kind(io_json_node_t node);
io_json_node_t io_json_get(io_json_node_t object, const char *key); /* NULL when absent or not an object */
int io_json_count(io_json_node_t node); /* items of an array, members of an object, else 0 */
io_json_node_t io_json_at(io_json_node_t array, int index);
/* Member i of an object in file order; key is borrowed. */
io_json_node_t io_json_member(const char **key, io_json_node_t object, int index);
const char *io_json_string(io_json_node_t node); /* NULL when not a string */
double io_json_number(io_json_node_t node, double otherwise);
bool io_json_bool(io_json_node_t node, bool otherwise);
/* `text` as a JSON string with its quotes. ST_EFORMAT: not UTF-8. */
status_t io_json_quote(FILE *out, const char *text);
/* A node as indented JSON and a final newline (caller frees; NULL when memory is out). */
char *io_json_text(io_json_node_t node);

/* ---- HTTP (libcurl behind it) -------------------------------------------------------------------------------------- */
typedef struct {
    const char *url; /* https:// or http:// */
    const char *key; /* sent as bearer token, NULL: none; messages and answers have stars in its place (io_http_hide) */
    const char *ca;  /* PEM file of authorities to trust instead of the system's, NULL: the system's */
    double timeout;  /* seconds of one attempt, whole */
    size_t most;     /* bytes of an answer; a longer one is refused as soon as that is known */
    int attempts;    /* on status 429 and 5xx; between them 1, 2, 4 ... seconds, or what Retry-After says */
    double longest_wait; /* seconds; bounds both */
} io_http_t;
/* Stars in place of a key (of 8 characters or more), spelled as it is or escaped as in JSON, URLs or HTML. An answer is
 * hidden already; what is decoded from it may spell the key where the answer's bytes did not. */
void io_http_hide(char *text, size_t size, const char *key);
/* The text of a 2xx answer (NUL-terminated, caller frees). ST_EIO: no connection, no trust, no answer in time, another
 * status (its error.message is told); ST_EFORMAT: too long, or no fit URL or key. Redirections are not followed. */
status_t io_http_post_json(char **bytes, size_t *size, const io_http_t *http, const char *body, size_t body_size);

/* ---- CSV: records of named columns (RFC 4180) ---------------------------------------------------------------------- */
enum { IO_CSV_COLUMNS = 64 };
typedef struct {
    const char *path; /* not owned */
    char *bytes, *next;
    char *name[IO_CSV_COLUMNS], *cell[IO_CSV_COLUMNS];
    int columns;
    int line;      /* where the record in `cell` begins, from 1 */
    int next_line; /* where `next` stands */
} io_csv_t;
/* Reads the header line. ST_EFORMAT: none, two columns of one name, more than IO_CSV_COLUMNS. Close it only after
 * ST_OK. */
status_t io_csv_open(io_csv_t *csv, const char *path);
/* The next record; *more is false at the end. ST_EFORMAT: not as many cells as the header has, a quote left open. */
status_t io_csv_next(bool *more, io_csv_t *csv);
/* The record's cell in the column called `name` (before the first record: the name); NULL: there is no such column. */
const char *io_csv_cell(const io_csv_t *csv, const char *name);
void io_csv_close(io_csv_t *csv);
/* Text as a cell: quoted where it must be; an apostrophe before what a spreadsheet would compute (=, +, -, @ first, and no
 * number), which io_csv_next takes away again. */
void io_csv_put(FILE *out, const char *text);

/* ---- Options: one table serves YAML, -s key=value, --help and HDF5 attributes -------------------------------------- */
typedef enum {
    IO_BOOL,
    IO_INT,
    IO_INT64,
    IO_DOUBLE,
    IO_STRING,
    IO_CHOICE,
    IO_INT_LIST,
    IO_STRING_LIST,
    IO_SWEEP, /* sweep: {epsilon: [0, 0.5, 1], pixel.epochs: [10, 100]}: values of other rows of the table; or its points
                   themselves, sweep: [{epsilon: 0}, {epsilon: 1, pixel.epochs: 10}] */
    IO_TEXT_MAP /* roots: {mvtec: /data/mvtec, visa: /data/visa}: one text a key */
} io_kind_t;
typedef struct {
    int count;
    int *value; /* owned by the options struct */
} io_int_list_t;
/* Axis i takes each of values[i], texts that row key[i] has accepted. Owned by the options struct. A row that is a
 * list itself is swept by lists, losses: [[clip], [clip, trip]], or by texts with commas: losses: ["clip", "clip, trip"]. */
typedef struct {
    int count;
    char **key;
    io_names_t *values;
    int points;        /* written as a list of points: there are no axes then */
    io_names_t *point; /* (points) "key=value" of each, in the order of the table */
    int *sharers;      /* structs that have this very sweep; NULL: this one alone */
} io_sweep_t;
typedef struct {
    int count;
    char **key, **value; /* owned by the options struct */
} io_text_map_t;
typedef struct {
    const char *name; /* the key; a dot makes a nested mapping: "pixel.epochs" */
    io_kind_t kind;
    size_t offset;         /* of the field: bool, int, int64_t, double, char*, int (choice), io_int_list_t, io_names_t,
                      io_sweep_t, io_text_map_t */
    const char *otherwise; /* default, as text ("" of the last four kinds: empty); NULL: required */
    double low, high;      /* inclusive bounds of numbers (and of list items); low == high: none; INFINITY: open */
    const char *const *names; /* NULL-terminated. IO_CHOICE: the field holds the index. IO_STRING_LIST: the items
                                 allowed, IO_TEXT_MAP: the keys allowed (NULL: any) */
    const char *help;         /* one sentence, with the unit */
    int tag;                  /* free for the owner of the table */
} io_option_t;                /* tables end with {0} */
/* Sets every field to its default; required ones to zero, NULL or empty. Strings and lists are heap-owned;
 * io_options_free frees them and leaves zeros. */
status_t io_options_init(void *options, const io_option_t *table);
void io_options_free(void *options, const io_option_t *table);
size_t io_option_size(io_kind_t kind); /* of a field */
/* The fields of `from` in `to`, which frees its own, after a failure too. Sweeps are shared, and then constant; one thread. */
status_t io_options_copy(void *to, void *from, const io_option_t *table);
/* Reads a YAML file through libyaml into the fields. A single value stands for a list of one; lists may be empty and
 * hold no item twice. Unknown keys are refused with the nearest known name, wrong types, values out of bounds, unknown
 * choices and duplicate keys with file and line: "job.yaml:7: unknown key 'epsilom' (did you mean 'epsilon'?)". used
 * (one flag a table row, may be NULL) tells which keys the file set; other flags are left as they are. On failure some
 * fields may be set already; io_options_free is still right. */
status_t io_options_read_yaml(void *options, const io_option_t *table, bool *used, const char *path);
/* The same from a text; `name` stands for the path in messages. */
status_t io_options_parse_yaml(void *options, const io_option_t *table, bool *used, const char *text, const char *name);
/* "key=value"; lists are comma-separated, "" is the empty list. "sweep.epsilon=0,0.5" sets one axis (values apart by
 * ';' where they hold commas, or in brackets: "sweep.losses=[clip],[clip,trip]"), "sweep=" removes all,
 * "sweep=[{epsilon: 0}, ...]" and "sweep={...}" replace all, as a file has it; "roots.mvtec=/data" likewise.
 * `origin` stands in messages for the file, e.g. "-s". */
status_t io_options_set(void *options, const io_option_t *table, bool *used, const char *assignment,
                        const char *origin);
/* ST_EFORMAT naming the first required key whose flag in `used` is not set. */
status_t io_options_check_required(const io_option_t *table, const bool *used, const char *origin);
/* The value of one row as text, as YAML writes it on one line; doubles by the fewest digits that read back to the same
 * bits (caller frees; NULL when memory is out). */
char *io_options_text(const void *options, const io_option_t *row);
/* All rows as YAML that io_options_read_yaml reads back; without unset required ones (caller frees; NULL: no memory). */
char *io_options_yaml(const void *options, const io_option_t *table);

/* ---- safetensors ---------------------------------------------------------------------------------------------------
 * 1. u64 little-endian N, 2. N bytes of JSON: name -> {dtype, shape, data_offsets [from, to)}, and __metadata__, 3.
 * the data. Mapped read-only and shared: ranks of one node share the pages. */
/* From here on a mapped file that is cut while it is used, or whose disk fails, ends the process with a line on stderr that
 * names it and this exit code, where SIGBUS would without a word. To be called before MPI starts. */
void io_mapped_install(int code);
typedef enum { IO_F32, IO_F16, IO_BF16, IO_OTHER_DTYPE } io_dtype_t;
typedef struct {
    const char *name; /* borrowed, as all below */
    io_dtype_t dtype;
    const char *dtype_name;
    int ndim;
    int64_t shape[8];
    int64_t count;
    const void *data; /* in the mapping; may be unaligned */
} io_tensor_t;
typedef struct io_safetensors io_safetensors_t;
/* Header validated against the file's size; overlapping, out-of-range or wrongly sized tensors refused by name. */
status_t io_safetensors_open(io_safetensors_t **out, const char *path);
void io_safetensors_close(io_safetensors_t *file);
int io_safetensors_count(const io_safetensors_t *file);
const io_tensor_t *io_safetensors_at(const io_safetensors_t *file, int index);
const io_tensor_t *io_safetensors_find(const io_safetensors_t *file, const char *name); /* NULL when absent */
/* dst (count) from F32, F16 or BF16; ST_EFORMAT for other types and for the first value that is not finite. */
status_t io_tensor_to_f32(float *dst, const io_tensor_t *tensor, const char *path);
/* Writes f32 tensors (or f16 when `half`), for tools and tests. */
status_t io_safetensors_write(const char *path, const char *const *names, const float *const *data,
                              const int64_t (*shapes)[8], const int *ndims, int count, bool half);
uint16_t io_f32_to_f16(float value); /* round to nearest even; overflow to infinity */
float io_f16_to_f32(uint16_t bits);

/* ---- HDF5 through one field table ---------------------------------------------------------------------------------- */
typedef enum { IO_H5_F32, IO_H5_F16, IO_H5_F64, IO_H5_I32, IO_H5_I64, IO_H5_U8, IO_H5_STRING } io_h5_type_t;
/* One dataset: everything a reader needs to know about it. For STRING, data is `const char *const *`, variable-length
 * UTF-8. F16 takes float data in memory and stores IEEE half (ST_EFORMAT: too large for it). dims of ndim 0 is a scalar. */
typedef struct {
    const char *name; /* path below the group, e.g. "maps/M_v" (groups are made) */
    io_h5_type_t type;
    int ndim;
    int64_t dims[6];
    const char *axes;        /* comma-separated names of the dimensions, "image,row,column"; becomes DIMENSION_LABELS */
    const char *unit;        /* "1" for pure numbers */
    const char *description; /* one sentence */
    const void *data;
} io_h5_field_t;
typedef struct io_h5 io_h5_t;
/* The file is made in memory (plan for twice its size at the end) and appears at `path`, whole, by io_h5_publish;
 * io_h5_close without publish leaves nothing. The folder must exist. Equal content gives equal bytes. The first 512
 * bytes are HDF5's user block, a line with the SHA-256 of the rest. */
status_t io_h5_create(io_h5_t **out, const char *path);
/* Reads the file once, whole; io_h5_close gives the memory back. ST_EFORMAT: it is not HDF5, is not sealed by io_h5_publish
 * or does not have its SHA-256. What follows reads these bytes by a reader that knows what io_h5_write writes and refuses
 * the rest (ST_EFORMAT): whoever makes the seal cannot lead it out of the file, in circles, or to more memory than 1040
 * times the file's size. */
status_t io_h5_open(io_h5_t **out, const char *path);
/* The label of a file: a line of at most IO_H5_LABEL characters in its user block, with a SHA-256 of its own and the size of
 * the whole file, so that one short read tells what the file is without the rest. A longer one is left out. set: before
 * io_h5_publish. glance: ST_ENOTFOUND: no file; ST_EFORMAT: it bears none, is not as long as it says, or is damaged there.
 * Of what follows the label nothing is read: io_h5_open finds out. */
enum { IO_H5_LABEL = 300 };
status_t io_h5_set_label(io_h5_t *file, const char *text);
status_t io_h5_glance(char label[IO_H5_LABEL + 1], const char *path);
status_t io_h5_publish(io_h5_t **file); /* write, fsync, rename; frees *file in every case and makes it NULL */
void io_h5_close(io_h5_t *file);        /* NULL is fine */
/* Writes fields below `group` ("/" or "prompts/pixel"), with the attributes units, description and DIMENSION_LABELS.
 * Arrays of more than 4096 numbers are chunked by the first dimension, shuffled and deflated (level 1). */
status_t io_h5_write(io_h5_t *file, const char *group, const io_h5_field_t *fields, int count);
/* One field as it stands, whatever its size: for what packing costs more than it saves. */
status_t io_h5_write_plain(io_h5_t *file, const char *group, const io_h5_field_t *field);
/* Attributes on an object ("/" is the file); a group that is not there is made, an old value replaced. */
status_t io_h5_set_text(io_h5_t *file, const char *object, const char *name, const char *value);
status_t io_h5_set_i64(io_h5_t *file, const char *object, const char *name, int64_t value);
status_t io_h5_set_f64(io_h5_t *file, const char *object, const char *name, double value);
/* Every option of the table as a text attribute of `object`. */
status_t io_h5_set_options(io_h5_t *file, const char *object, const void *options, const io_option_t *table);
/* Reading. text is heap (caller frees). ST_ENOTFOUND: no such object or attribute; ST_EFORMAT: of another type. */
status_t io_h5_get_text(char **value, io_h5_t *file, const char *object, const char *name);
status_t io_h5_get_i64(int64_t *value, io_h5_t *file, const char *object, const char *name);
status_t io_h5_get_f64(double *value, io_h5_t *file, const char *object, const char *name);
bool io_h5_has(io_h5_t *file, const char *path);
status_t io_h5_dims(int *ndim, int64_t dims[6], io_h5_t *file, const char *path);
/* ST_EFORMAT, with both, unless the dataset holds values that can be read as `type` in these dimensions (-1: any). The
 * first reads none of them; the second takes them for F32, each of which has to be finite. */
status_t io_h5_expect(io_h5_t *file, const char *path, io_h5_type_t type, int ndim, const int64_t *want);
status_t io_h5_expect_finite(io_h5_t *file, const char *path, int ndim, const int64_t *want);
/* Whole dataset converted to `type` (F16 is not a memory type: read F32); *data is heap (caller frees); for STRING it
 * is char** of dims[0] strings (io_h5_free_strings). Fractions are not read as whole numbers. dims may be NULL. */
status_t io_h5_read(void **data, int *ndim, int64_t dims[6], io_h5_t *file, const char *path, io_h5_type_t type);
/* Rows [first, first+rows) of the first dimension into `out`, which the caller sized. */
status_t io_h5_read_rows(void *out, io_h5_t *file, const char *path, io_h5_type_t type, int64_t first, int64_t rows);
void io_h5_free_strings(char **strings, int64_t count);
/* "HDF5 1.10.8" and friends: library versions for provenance; out is heap text of "name version" separated by ", ". */
char *io_library_versions(void);

#endif
