#include "support/check.h"

#include "demo/demo.h"

#include <stdlib.h>
#include <string.h>

enum { SIZE = 96, IMAGES = 3 };

/* The records of `scenes` scenes, numbered first, first + stride, ...; caller frees. */
static char *stream(size_t *size, uint64_t seed, int64_t first, int64_t stride, int64_t scenes)
{
    char *bytes = NULL;
    FILE *out = open_memstream(&bytes, size);
    assert_non_null(out);
    assert_int_equal(demo_stream(out, seed, first, stride, scenes, IMAGES, SIZE), ST_OK);
    assert_int_equal(fclose(out), 0);
    return bytes;
}

static void a_record_holds_what_its_header_says(void **state)
{
    (void)state;
    size_t size, at = 0, area = (size_t)SIZE * SIZE;
    char *bytes = stream(&size, 3, 0, 1, 40);
    int scenes = 0, defective = 0;
    for (; at < size; scenes++) {
        uint32_t head[3];
        char text[8192];
        assert_true(size - at > 16);
        assert_memory_equal(bytes + at, "FGDS", 4);
        memcpy(head, bytes + at + 4, sizeof head);
        assert_int_equal(head[0], SIZE);
        assert_int_equal(head[1], IMAGES);
        assert_true(head[2] > 0 && head[2] < sizeof text);
        memcpy(text, bytes + at + 16, head[2]);
        text[head[2]] = '\0';
        assert_non_null(strstr(text, "\"items\":[{"));
        at += 16 + head[2];
        const char *image = strstr(text, "\"images\":[");
        for (int i = 0; i < IMAGES; i++, at += 5 * area) {
            const uint8_t *defect = (const uint8_t *)bytes + at + 4 * area;
            bool good, marked = false;
            assert_true(size - at >= 5 * area);
            image = strstr(image + 1, "\"defect\":\"");
            assert_non_null(image);
            good = strncmp(image, "\"defect\":\"good\"", 15) == 0;
            for (size_t p = 0; p < area; p++) marked |= defect[p] > 0;
            if (good) assert_false(marked);
            if (i == 0) assert_true(good);
            defective += marked;
        }
    }
    assert_int_equal(scenes, 40);
    assert_true(defective > 20);
    free(bytes);
}

static void a_scene_is_the_same_in_every_order(void **state)
{
    (void)state;
    size_t all_size, odd_size, one_size;
    char *all = stream(&all_size, 5, 0, 1, 4), *odd = stream(&odd_size, 5, 1, 2, 2),
         *one = stream(&one_size, 5, 0, 1, 1);
    assert_true(one_size < all_size && memcmp(all, one, one_size) == 0);
    size_t second = 0;
    for (size_t i = one_size; !second && i + 4 < all_size; i++) second = memcmp(all + i, "FGDS", 4) == 0 ? i : 0;
    assert_int_equal(second, one_size);
    size_t half = 0;
    for (size_t i = 4; !half && i + 4 < odd_size; i++) half = memcmp(odd + i, "FGDS", 4) == 0 ? i : 0;
    assert_true(half > 0 && memcmp(all + second, odd, half) == 0);
    free(all);
    free(odd);
    free(one);
}

/* What the demo set shows is not in the stream: its pairs of noun and colour. */
static void pairs_of_the_demo_set_are_held_out(void **state)
{
    (void)state;
    const char *held[] = {"\"noun\":\"board\",\"color\":\"green\"",   "\"noun\":\"chip\",\"color\":\"black\"",
                          "\"noun\":\"gear\",\"color\":\"golden\"",   "\"noun\":\"fabric\",\"color\":\"blue\"",
                          "\"noun\":\"tablet\",\"color\":\"pink\"",   "\"noun\":\"pin\",\"color\":\"silver\"",
                          "\"noun\":\"housing\",\"color\":\"black\"", "\"noun\":\"label\",\"color\":\"white\""};
    char *bytes = NULL;
    size_t size;
    FILE *out = open_memstream(&bytes, &size);
    assert_non_null(out);
    assert_int_equal(demo_stream(out, 11, 0, 1, 600, 1, 8), ST_OK);
    assert_int_equal(fclose(out), 0);
    for (size_t i = 0; i < sizeof held / sizeof *held; i++) assert_null(memmem(bytes, size, held[i], strlen(held[i])));
    assert_non_null(memmem(bytes, size, "\"noun\":\"gear\"", 13));
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_holds_what_its_header_says),
        cmocka_unit_test(a_scene_is_the_same_in_every_order),
        cmocka_unit_test(pairs_of_the_demo_set_are_held_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
