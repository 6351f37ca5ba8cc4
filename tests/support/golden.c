#include "support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ARRAYS 512

typedef struct {
    char name[96];
    char dtype[8];
    int dims[8];
    size_t count;
    size_t offset;
} entry_t;

struct check_golden {
    char path[512];
    char *bytes;
    size_t size;
    int entries;
    entry_t entry[MAX_ARRAYS];
};

static size_t dtype_size(const char *dtype)
{
    if (strcmp(dtype, "f64") == 0) return 8;
    if (strcmp(dtype, "u8") == 0) return 1;
    return 4;
}

static void parse_line(check_golden_t *golden, char *line)
{
    if (line[0] == '#' || line[0] == '\0') return;
    if (golden->entries == MAX_ARRAYS) fail_msg("'%s' holds more than %d arrays", golden->path, MAX_ARRAYS);
    entry_t *entry = &golden->entry[golden->entries++];
    int ndim = 0, used = 0;
    if (sscanf(line, "%95s %7s %d%n", entry->name, entry->dtype, &ndim, &used) != 3 || ndim > 8)
        fail_msg("'%s': the line '%s' is not 'name dtype ndim dims offset'", golden->path, line);
    entry->count = 1;
    for (int d = 0; d < ndim; d++) {
        int step = 0;
        if (sscanf(line + used, "%d%n", &entry->dims[d], &step) != 1)
            fail_msg("'%s': bad dims: %s", golden->path, line);
        used += step;
        entry->count *= (size_t)entry->dims[d];
    }
    if (sscanf(line + used, "%zu", &entry->offset) != 1) fail_msg("'%s': no offset: %s", golden->path, line);
    if (entry->offset + entry->count * dtype_size(entry->dtype) > golden->size)
        fail_msg("'%s': '%s' lies past the end of the .bin file", golden->path, entry->name);
}

check_golden_t *check_golden_open(const char *name)
{
    check_golden_t *golden = calloc(1, sizeof *golden);
    if (golden == NULL) fail_msg("out of memory");
    snprintf(golden->path, sizeof golden->path, "%s/%s.bin", FGAD_GOLDEN_DIR, name);
    golden->bytes = check_read_file(golden->path, &golden->size);
    snprintf(golden->path, sizeof golden->path, "%s/%s.txt", FGAD_GOLDEN_DIR, name);
    char *text = check_read_file(golden->path, NULL);
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) parse_line(golden, line);
    free(text);
    return golden;
}

void check_golden_close(check_golden_t *golden)
{
    if (golden == NULL) return;
    free(golden->bytes);
    free(golden);
}

static const entry_t *find(const check_golden_t *golden, const char *name)
{
    for (int i = 0; i < golden->entries; i++)
        if (strcmp(golden->entry[i].name, name) == 0) return &golden->entry[i];
    return NULL;
}

bool check_golden_has(const check_golden_t *golden, const char *name)
{
    return find(golden, name) != NULL;
}

static const void *get(const check_golden_t *golden, const char *name, const char *dtype, size_t *count, int *dims)
{
    const entry_t *entry = find(golden, name);
    if (entry == NULL) fail_msg("'%s' has no array '%s'", golden->path, name);
    if (strcmp(entry->dtype, dtype) != 0)
        fail_msg("'%s': '%s' is %s, the test wants %s", golden->path, name, entry->dtype, dtype);
    if (count != NULL) *count = entry->count;
    if (dims != NULL) memcpy(dims, entry->dims, sizeof entry->dims);
    return golden->bytes + entry->offset;
}

const float *check_golden_f32(const check_golden_t *golden, const char *name, size_t *count, int *dims)
{
    return get(golden, name, "f32", count, dims);
}

const double *check_golden_f64(const check_golden_t *golden, const char *name, size_t *count, int *dims)
{
    return get(golden, name, "f64", count, dims);
}

const int32_t *check_golden_i32(const check_golden_t *golden, const char *name, size_t *count, int *dims)
{
    return get(golden, name, "i32", count, dims);
}

const uint8_t *check_golden_u8(const check_golden_t *golden, const char *name, size_t *count, int *dims)
{
    return get(golden, name, "u8", count, dims);
}
