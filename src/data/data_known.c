#include "data/data_internal.h"

#include <stdio.h>
#include <string.h>

/* Published image counts: MVTec-AD by its paper's table, VisA by its split_csv/1cls.csv; Real-IAD names alone. */
static const data_known_t known[] = {
    {"mvtec", "bottle", 209, 20, 63},         {"mvtec", "cable", 224, 58, 92},
    {"mvtec", "capsule", 219, 23, 109},       {"mvtec", "carpet", 280, 28, 89},
    {"mvtec", "grid", 264, 21, 57},           {"mvtec", "hazelnut", 391, 40, 70},
    {"mvtec", "leather", 245, 32, 92},        {"mvtec", "metal_nut", 220, 22, 93},
    {"mvtec", "pill", 267, 26, 141},          {"mvtec", "screw", 320, 41, 119},
    {"mvtec", "tile", 230, 33, 84},           {"mvtec", "toothbrush", 60, 12, 30},
    {"mvtec", "transistor", 213, 60, 40},     {"mvtec", "wood", 247, 19, 60},
    {"mvtec", "zipper", 240, 32, 119},        {"visa", "candle", 900, 100, 100},
    {"visa", "capsules", 542, 60, 100},       {"visa", "cashew", 450, 50, 100},
    {"visa", "chewinggum", 453, 50, 100},     {"visa", "fryum", 450, 50, 100},
    {"visa", "macaroni1", 900, 100, 100},     {"visa", "macaroni2", 900, 100, 100},
    {"visa", "pcb1", 904, 100, 100},          {"visa", "pcb2", 901, 100, 100},
    {"visa", "pcb3", 905, 101, 100},          {"visa", "pcb4", 904, 101, 100},
    {"visa", "pipe_fryum", 450, 50, 100},     {"realiad", "audiojack", -1, -1, -1},
    {"realiad", "bottle_cap", -1, -1, -1},    {"realiad", "button_battery", -1, -1, -1},
    {"realiad", "end_cap", -1, -1, -1},       {"realiad", "eraser", -1, -1, -1},
    {"realiad", "fire_hood", -1, -1, -1},     {"realiad", "mint", -1, -1, -1},
    {"realiad", "mounts", -1, -1, -1},        {"realiad", "pcb", -1, -1, -1},
    {"realiad", "phone_battery", -1, -1, -1}, {"realiad", "plastic_nut", -1, -1, -1},
    {"realiad", "plastic_plug", -1, -1, -1},  {"realiad", "porcelain_doll", -1, -1, -1},
    {"realiad", "regulator", -1, -1, -1},     {"realiad", "rolled_strip_base", -1, -1, -1},
    {"realiad", "sim_card_set", -1, -1, -1},  {"realiad", "switch", -1, -1, -1},
    {"realiad", "tape", -1, -1, -1},          {"realiad", "terminalblock", -1, -1, -1},
    {"realiad", "toothbrush", -1, -1, -1},    {"realiad", "toy", -1, -1, -1},
    {"realiad", "toy_brick", -1, -1, -1},     {"realiad", "transistor1", -1, -1, -1},
    {"realiad", "u_block", -1, -1, -1},       {"realiad", "usb", -1, -1, -1},
    {"realiad", "usb_adaptor", -1, -1, -1},   {"realiad", "vcpill", -1, -1, -1},
    {"realiad", "wooden_beads", -1, -1, -1},  {"realiad", "woodstick", -1, -1, -1},
    {"realiad", "zipper", -1, -1, -1},        {0},
};

const data_known_t *data_find_known(const char *dataset, const char *category)
{
    for (const data_known_t *row = known; row->dataset != NULL; row++)
        if (strcmp(row->dataset, dataset) == 0 && strcmp(row->category, category) == 0) return row;
    return NULL;
}

int data_known_count(const char *dataset)
{
    int count = 0;
    for (const data_known_t *row = known; row->dataset != NULL; row++) count += strcmp(row->dataset, dataset) == 0;
    return count;
}

const char *data_known_category(const char *dataset, int index)
{
    for (const data_known_t *row = known; row->dataset != NULL; row++)
        if (strcmp(row->dataset, dataset) == 0 && index-- == 0) return row->category;
    return NULL;
}

/* Real-IAD: 36,465 training images, 63,256 normal and 51,329 anomalous test images, of 30 categories in 5 views each. */
enum { REALIAD_TRAIN = 243, REALIAD_NORMAL = 422, REALIAD_ANOMALOUS = 342, REALIAD_VIEWS = 5 }; /* of a view */

status_t data_category_assume(data_category_t *out, const char *dataset, const char *category,
                              const data_options_t *options)
{
    const data_known_t *row = data_find_known(dataset, category);
    status_t status = ST_OK;
    *out = (data_category_t){.assumed = true, .mask_threshold = strcmp(dataset, "visa") == 0 ? 0 : 127};
    if (row == NULL) return fail(ST_ENOTFOUND, "%s has no published category '%s'", dataset, category);
    bool sums = row->train < 0;
    int train = sums ? REALIAD_TRAIN : row->train, normal = sums ? REALIAD_NORMAL : row->normal;
    int anomalous = sums ? REALIAD_ANOMALOUS : row->anomalous;
    if (sums && options->views != NULL && strcmp(options->views, "all") == 0)
        train *= REALIAD_VIEWS, normal *= REALIAD_VIEWS, anomalous *= REALIAD_VIEWS;
    int test = normal + anomalous;
    out->dataset = base_format("%s", dataset);
    out->category = base_format("%s", category);
    if (out->dataset == NULL || out->category == NULL) status = ST_ENOMEM;
    for (int i = 0; i < train + test && status == ST_OK; i++) {
        char name[64];
        bool is_train = i < train;
        int number = is_train ? i : i - train;
        data_entry_t entry = {.base = category, .name = name, .defect = "good"};
        snprintf(name, sizeof name, "%s/%05d.png", is_train ? "train" : "test", number);
        if (!is_train && number >= normal) entry.label = 1, entry.defect = "bad", entry.mask = name;
        status = is_train ? data_push_train(out, &entry) : data_push_test(out, &entry);
    }
    if (status != ST_OK) data_category_free(out);
    return status;
}
