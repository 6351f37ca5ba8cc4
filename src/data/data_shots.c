#include "data/data_internal.h"

#include <stdlib.h>
#include <string.h>

/* The first `shots` of the permutation that belongs to (dataset, category, key, seed). */
static status_t draw(int *out, const data_category_t *category, int shots, int key, uint64_t seed)
{
    REQUIRE(out != NULL && category != NULL && shots > 0);
    if (shots > category->train_count)
        return fail(ST_EFORMAT, "category '%s' has %d training image%s, %d shot%s asked for", category->category,
                    category->train_count, category->train_count == 1 ? "" : "s", shots, shots == 1 ? " is" : "s are");
    int *order = base_alloc((size_t)category->train_count, sizeof *order);
    if (order == NULL) return ST_ENOMEM;
    rng_t rng = rng_init(category->dataset, category->category, key, seed, "shots");
    rng_permutation(order, &rng, category->train_count);
    memcpy(out, order, (size_t)shots * sizeof *out);
    free(order);
    return ST_OK;
}

status_t data_draw_shots(int *out, const data_category_t *category, int shots, uint64_t seed)
{
    return draw(out, category, shots, shots, seed);
}

/* No draw has 0 shots: this permutation is none of data_draw_shots's. */
status_t data_nested_shots(int *out, const data_category_t *category, int shots, uint64_t seed)
{
    return draw(out, category, shots, 0, seed);
}

int data_test_without_shots(int *keep, const data_category_t *category, const int *shots, int shot_count)
{
    int kept = 0;
    for (int i = 0; i < category->test_count; i++) {
        bool is_shot = false;
        for (int k = 0; k < shot_count && !is_shot; k++)
            is_shot = strcmp(category->test[i].path, category->train[shots[k]].path) == 0;
        if (!is_shot) keep[kept++] = i;
    }
    return kept;
}
