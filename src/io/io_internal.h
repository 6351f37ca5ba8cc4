/* What io's files share and no other room sees. */
#ifndef FGAD_IO_INTERNAL_H
#define FGAD_IO_INTERNAL_H

#include "io/io.h"

/* Larger pictures are refused before memory is asked for: a header of 40 bytes can claim 4 giga-pixels. */
#define IO_MAX_PIXELS (INT64_C(1) << 27)

/* What a decoder hands to io_image.c. samples (height, width, channels), owned: uint8_t for 8 bits, uint16_t for 16. */
typedef struct {
    int width, height;
    int channels; /* 1 or 3 */
    int bits;     /* 8 or 16, of `samples` */
    void *samples;
    int depth;           /* bits of a sample in the file, also of SIZE, as the next three */
    int turn;            /* EXIF orientation, 1 to 8; 1: as it lies */
    int pages;           /* of the size alone: 2 where more follow the first; 0: the kind has one */
    bool refused;        /* of the size alone: samples that are not read */
    bool palette, alpha; /* indices into a palette; an alpha channel that is dropped */
} io_raster_t;

/* RGB: always 3 channels of 8 bits, as PIL's convert("RGB"). RAW: 1 or 3 channels of 8 or 16 bits, palette indices as
 * they are, grey of fewer than 8 bits scaled to 0..255. WIDE: as RGB, but 16-bit samples stay 16. SIZE: what the header
 * says, no samples. */
typedef enum { IO_DECODE_RGB, IO_DECODE_RAW, IO_DECODE_WIDE, IO_DECODE_SIZE } io_decode_t;

/* `path` stands in messages only. On failure *out holds nothing to free. */
status_t io_png_decode(io_raster_t *out, const uint8_t *bytes, size_t size, io_decode_t what, const char *path);
status_t io_jpeg_decode(io_raster_t *out, const uint8_t *bytes, size_t size, io_decode_t what, const char *path);
status_t io_tiff_decode(io_raster_t *out, const uint8_t *bytes, size_t size, io_decode_t what, const char *path);
status_t io_bmp_decode(io_raster_t *out, const uint8_t *bytes, size_t size, io_decode_t what, const char *path);
status_t io_webp_decode(io_raster_t *out, const uint8_t *bytes, size_t size, io_decode_t what, const char *path);

/* The orientation (1 to 8) that an EXIF block says, which begins with "II" or "MM" (after "Exif\0\0", if that stands
 * before it); 1 where it says none, or is damaged. */
int io_exif_turn(const uint8_t *bytes, size_t size);
/* Turns and mirrors the samples (any channels, 8 bits) so that they stand upright; ST_ENOMEM. */
status_t io_raster_upright(io_raster_t *raster, const char *path);

/* The status and line of a system call that refused; `doing` completes "cannot be ...". */
status_t io_fail_system(const char *path, const char *doing);
/* Opens a regular file for reading; nothing else, and without waiting for one who writes to a FIFO. *size may be NULL. */
status_t io_open_regular(int *file, size_t *size, const char *path);
/* Maps a file of `size` > 0 bytes to be read, by name (io_mapped_install). */
status_t io_map(const unsigned char **map, size_t size, int file, const char *path);
void io_unmap(const unsigned char *map, size_t size);
/* As io_read_file, of the first `most` bytes at most. */
status_t io_read_start(char **bytes, size_t *size, size_t most, const char *path);
/* As io_read_file, of a file of `most` bytes at most; io_read_large: of half of the memory that there is. */
status_t io_read_whole(char **bytes, size_t *size, size_t most, const char *path);
status_t io_read_large(char **bytes, size_t *size, const char *path);
#define IO_MOST_TEXT ((size_t)1 << 30)
#define IO_MOST_IMAGE ((size_t)1 << 31) /* IO_MAX_PIXELS of four 16-bit samples, or of a double, are half of it */

/* ST_EFORMAT unless 0 < width, height and width * height <= IO_MAX_PIXELS. */
status_t io_check_size(int64_t width, int64_t height, const char *path);

/* Sets row `row` of the table from texts: one of a scalar kind, the items of a list kind. `key` is the swept row's name
 * or the map's key, NULL for the other kinds. `place` stands before messages ("job.yaml:7", "-s"). The field is
 * unchanged on failure. */
status_t io_option_assign(void *options, const io_option_t *table, int row, const char *key, const char *const *texts,
                          int count, const char *place);
/* Values of a list, of an axis of a sweep or of a map, and keys of a mapping: what nobody writes costs no time. */
enum { IO_OPTION_ITEMS = 10000 };
/* ST_EFORMAT: "place: category has 200000 items, expected at most 10000". */
status_t io_option_check_count(const char *name, int64_t count, const char *place);
/* Always returns ST_EFORMAT: "place: unknown key 'name' (did you mean 'x'?)". */
status_t io_option_unknown(const io_option_t *table, const char *name, const char *place);
/* Always returns ST_EFORMAT: "place: epsilon[item] is 'text', expected a number"; item is -1 outside of lists. */
status_t io_option_refuse(const io_option_t *row, int item, const char *text, const char *place);
/* Frees what the row's field owns and leaves zeros. */
void io_option_clear(void *options, const io_option_t *row);
/* Adds a point to a sweep that is a list of points: count times key[i] takes texts[i], which its row must accept; keys in
 * the order of the table. */
status_t io_option_add_point(void *options, const io_option_t *table, int row, const char *const *keys,
                             const char *const *texts, int count, const char *place);
/* Whether a sweep may name the row, and the row itself is a list, whose values are written as lists. */
bool io_option_is_swept_list(const io_option_t *row);
/* "a, b" (heap); NULL: out of memory. */
char *io_option_join(const char *const *texts, int count);
/* Cuts a copy of `value` at the separator where no bracket is open, blanks around the items dropped; [brackets] around the
 * whole are allowed.
 * Caller frees *items and *storage. Returns the number of items, or -1 when memory is out. */
int io_option_split(char ***items, char **storage, const char *value, char separator);
/* "a whole number from 1 to 64": what row accepts. */
void io_option_expected(char out[512], const io_option_t *row);

/* "libpng 1.6.39": the library behind each file. */
void io_png_version(char out[64]);
void io_jpeg_version(char out[64]);
void io_tiff_version(char out[64]);
void io_webp_version(char out[64]);
void io_json_version(char out[64]);
void io_yaml_version(char out[64]);
void io_h5_version(char out[64]);
void io_digest_version(char out[64]);
void io_gzip_version(char out[64]);
void io_http_version(char out[64]);

/* Unpacks one zlib stream of exactly `size` bytes into out. */
bool io_inflate(void *out, size_t size, const void *packed, size_t packed_size);

/* ---- HDF5: hdf5.h itself stays in io_hdf5.c and io_hdf5_write.c, where an hid_t is an int64_t. Files are made by the
 * library and read by io_hdf5_parse.c ---- */
enum { IO_H5_FOREIGN = IO_H5_STRING + 1 }; /* a type that this program does not write */
typedef struct {
    unsigned index; /* in its heap */
    uint64_t length;
    const uint8_t *bytes; /* in the file's */
} io_h5_string_t;
typedef struct {
    uint64_t address;
    size_t first, count; /* of io_h5.string, by index */
} io_h5_heap_t;
struct io_h5 {
    int64_t id; /* hid_t of a file being made; below 0: one being read */
    char *path; /* owned */
    bool writing;
    char *label;             /* of a file being made; owned; NULL: none */
    char *image;             /* the whole file being read; owned */
    const uint8_t *bytes;    /* the same after the user block: addresses of the file count from here */
    uint64_t size, root;     /* bytes; address of the root group */
    int64_t steps;           /* left of the budget of one call */
    uint64_t copied, heaped; /* bytes of strings handed out in this call, of heaps looked at in all */
    io_h5_heap_t *heap;      /* (heaps), by address */
    io_h5_string_t *string;
    size_t heaps, strings, string_room;
};

/* An array of a file: of a dataset, or an attribute's value. */
typedef struct {
    int kind;    /* an io_h5_type_t, or IO_H5_FOREIGN */
    size_t item; /* bytes a value in the file; of strings, of a reference */
    int ndim;
    int64_t dims[6], count;
    const uint8_t *data; /* when not in chunks; NULL: nothing was stored */
    uint64_t bytes;      /* at data */
    bool chunked, shuffled, deflated;
    int deflate_bit; /* place among the filters, in a chunk's mask of skipped ones */
    int chunk_ndim;
    int64_t chunk[7]; /* extents, then the item's size; chunk[1...] are dims[1...] */
    uint64_t tree;
} io_h5_array_t;
typedef struct {
    bool is_group, is_dataset; /* one of them */
    uint64_t tree, heap;       /* of a group */
    io_h5_array_t array;       /* of a dataset; consistent with the file's size */
} io_h5_node_t;
typedef struct {
    const char *name; /* in the file's bytes; NULL: there is no such attribute */
    io_h5_array_t array;
} io_h5_attribute_t;
typedef struct {
    uint64_t first;   /* row */
    unsigned skipped; /* bit i: filter i was not applied */
    const uint8_t *bytes;
    size_t size;
} io_h5_chunk_t;

/* Reading, all ST_EFORMAT for what is not as this program writes it. io_h5_begin: looks at the superblock. io_h5_find
 * begins a call's budget of steps. */
status_t io_h5_begin(io_h5_t *file);
status_t io_h5_damaged(const io_h5_t *file, const char *what);
/* A little-endian number of 1 to 8 bytes; `length` bytes at an address, NULL when the file has not as many; one step of the
 * budget. */
uint64_t io_h5_number(const uint8_t *bytes, int size);
const uint8_t *io_h5_bytes(const io_h5_t *file, uint64_t address, uint64_t length);
status_t io_h5_step(io_h5_t *file);
/* The object at a path; ST_ENOTFOUND without a message: there is none. */
status_t io_h5_find(uint64_t *header, io_h5_t *file, const char *path);
status_t io_h5_parse(io_h5_node_t *out, io_h5_t *file, uint64_t header);
status_t io_h5_parse_attribute(io_h5_attribute_t *out, io_h5_t *file, uint64_t header, const char *name);
status_t io_h5_each_chunk(io_h5_t *file, const io_h5_array_t *array,
                          status_t (*visit)(void *context, const io_h5_chunk_t *chunk), void *context);
/* The string of a reference of 16 bytes; caller frees. */
status_t io_h5_string(char **out, io_h5_t *file, const uint8_t *reference);

/* "'run.h5': doing 'object' failed: <HDF5's innermost reason>"; clears HDF5's error stack. object may be NULL. */
status_t io_h5_fail(status_t code, const io_h5_t *file, const char *doing, const char *object);
/* IEEE half in the byte order of the file (little-endian) or of memory; close with H5Tclose. */
int64_t io_h5_half_type(bool in_memory);
/* Variable-length UTF-8; close with H5Tclose. */
int64_t io_h5_string_type(void);
/* The HDF5 type that `type` has in memory; do not close. Not for F16 and STRING. */
int64_t io_h5_native_type(io_h5_type_t type);
size_t io_h5_type_size(io_h5_type_t type);
/* Opens the object of a file being made, making the groups of its path where they are missing; negative on failure. Close
 * with H5Oclose. */
int64_t io_h5_object(io_h5_t *file, const char *path);

#endif
