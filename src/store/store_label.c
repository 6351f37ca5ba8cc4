/* What a file says of itself in its first bytes: its id and, of a task, its numbers and what it was made on. A run of many
 * thousand tasks begins and ends by these. The label is "<id>", or "<id> <numbers> <bits of each, 11 digits of base 64, the
 * lowest first> <made on>". */
#include "store/store_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+/";
enum { DIGITS = 11 };

static int count_numbers(void)
{
    int count = 0;
    while (store_number_table[count].name != NULL) count++;
    return count;
}

status_t store_complete(io_h5_t *file, const char *id, const store_numbers_t *numbers, const char *made_on)
{
    TRY(io_h5_set_text(file, "/", "id", id));
    TRY(io_h5_set_i64(file, "/", "complete", 1));
    TRY(io_h5_set_label(file, id));
    if (numbers == NULL) return ST_OK;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) return fail(ST_ENOMEM, "out of memory");
    fprintf(out, "%s %d ", id, count_numbers());
    for (const store_number_t *row = store_number_table; row->name != NULL; row++) {
        unsigned long long bits;
        memcpy(&bits, (const char *)numbers + row->offset, sizeof bits);
        for (int d = 0; d < DIGITS; d++, bits >>= 6) fputc(digits[bits & 63], out);
    }
    fprintf(out, " %s", made_on);
    status_t status = fclose(out) == 0 ? ST_OK : fail(ST_ENOMEM, "out of memory");
    if (status == ST_OK && size <= IO_H5_LABEL) status = io_h5_set_label(file, text); /* else the id alone */
    free(text);
    return status;
}

/* *rest: what follows the id. */
static status_t read_id(char label[IO_H5_LABEL + 1], char **rest, const char *path, const char *id)
{
    TRY(io_h5_glance(label, path));
    const size_t length = strlen(id);
    *rest = label + length;
    if (strncmp(label, id, length) == 0 && (**rest == ' ' || **rest == '\0')) return ST_OK;
    return fail(ST_EFORMAT, "'%s' has the id %.16s, expected %s", path, label, id);
}

status_t store_label_read(store_numbers_t *out, store_made_on_t *made_on, const char *path, const char *id)
{
    char label[IO_H5_LABEL + 1], *at;
    int told = 0, used = 0;
    const int count = count_numbers();
    TRY(read_id(label, &at, path, id));
    if (sscanf(at, " %d %n", &told, &used) != 1 || told != count ||
        strspn(at + used, digits) != DIGITS * (size_t)count || at[used + DIGITS * count] != ' ')
        return fail(ST_EFORMAT, "the label of '%s' does not tell %d numbers", path, count);
    at += used;
    for (int i = 0; i < count; i++, at += DIGITS) {
        unsigned long long bits = 0;
        for (int d = DIGITS - 1; d >= 0; d--) bits = bits << 6 | (unsigned long long)(strchr(digits, at[d]) - digits);
        memcpy((char *)out + store_number_table[i].offset, &bits, sizeof bits);
    }
    store_made_on_add(made_on, at + 1);
    return ST_OK;
}

status_t store_task_numbers(store_numbers_t *out, store_made_on_t *made_on, const char *path, const char *id)
{
    status_t status = store_label_read(out, made_on, path, id);
    if (status == ST_OK || status == ST_ENOMEM) return status;
    io_h5_t *file = NULL;
    TRY_DONE(store_open(&file, path, id));
    for (const store_number_t *row = store_number_table; row->name != NULL; row++) {
        char name[64];
        snprintf(name, sizeof name, "metrics/%s", row->name);
        if (row->optional && !io_h5_has(file, name)) {
            const double missing = NAN;
            memcpy((char *)out + row->offset, &missing, sizeof missing);
            continue;
        }
        TRY_DONE(store_read_into((char *)out + row->offset, file, name, IO_H5_F64, 0, NULL));
    }
    store_made_on_read(made_on, file);
done:
    io_h5_close(file);
    return status;
}

status_t store_item_glance(bool *whole, const plan_t *plan, const plan_item_t *item)
{
    char label[IO_H5_LABEL + 1], *rest;
    *whole = read_id(label, &rest, item->path, item->id) == ST_OK;
    return *whole ? ST_OK : store_item_check(whole, plan, item);
}
