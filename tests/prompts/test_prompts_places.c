/* Where names and values stand in a sentence: the rule "nearest to its component's name" on both sides of the name. */
#include "support/check.h"

#include "prompts/prompts_internal.h"

#include <string.h>

static prompts_place_t name(const char *text, int component)
{
    return (prompts_place_t){.text = text, .component = component};
}

static prompts_place_t value(const char *text, int component)
{
    return (prompts_place_t){.text = text, .component = component, .is_value = true};
}

static void found_at(const prompts_place_t *place, const char *sentence, const char *from)
{
    const char *at = strstr(sentence, from);
    assert_non_null(at);
    assert_int_equal(place->start, at - sentence);
    assert_int_equal(place->end, place->start + (int)strlen(place->text));
}

static void a_value_belongs_to_the_nearest_name_before_or_after_it(void **state)
{
    (void)state;
    /* After the names, which come in another order than the components. */
    const char *after = "the ring is red and the cap is red.";
    prompts_place_t places[4] = {name("cap", 0), value("red", 0), name("ring", 1), value("red", 1)};
    prompts_places_find(places, 4, after);
    found_at(&places[0], after, "cap");
    found_at(&places[1], after, "red.");
    found_at(&places[3], after, "red and");
    /* Before them. */
    const char *before = "a red ring with, all around, a red cap";
    prompts_places_find(places, 4, before);
    found_at(&places[1], before, "red cap");
    found_at(&places[3], before, "red ring");
    /* A value on both sides: the gaps count, not which side it is on. */
    const char *both = "some red on the white cap of red";
    prompts_places_find(places, 2, both);
    assert_int_equal(places[1].start, (int)strlen("some red on the white cap of "));
    const char *other = "some red cap of a good deal of red";
    prompts_places_find(places, 2, other);
    assert_int_equal(places[1].start, (int)strlen("some "));
}

static void components_with_one_value_share_its_only_place(void **state)
{
    (void)state;
    const char *sentence = "a cap and a ring of metal";
    prompts_place_t places[4] = {name("cap", 0), value("metal", 0), name("ring", 1), value("metal", 1)};
    prompts_places_find(places, 4, sentence);
    found_at(&places[1], sentence, "metal");
    found_at(&places[3], sentence, "metal");
}

static void words_are_whole_and_longer_texts_go_first(void **state)
{
    (void)state;
    const char *sentence = "10 pins, pin0, pin-row, caf\xc3\xa9pin, a pin row and a pin";
    prompts_place_t places[2] = {name("pin", 0), name("pin row", 1)};
    prompts_places_find(places, 2, sentence);
    assert_int_equal(places[0].start, (int)strlen(sentence) - 3);
    found_at(&places[1], sentence, "pin row");
    prompts_places_find(places, 1, "pins, pin0, 0pin, pin9, 9pin, zpin, pina");
    assert_int_equal(places[0].start, -1);
    prompts_places_find(places, 1, "pin");
    assert_int_equal(places[0].start, 0);
    prompts_places_find(places, 1, "");
    assert_int_equal(places[0].start, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_belongs_to_the_nearest_name_before_or_after_it),
        cmocka_unit_test(components_with_one_value_share_its_only_place),
        cmocka_unit_test(words_are_whole_and_longer_texts_go_first),
    };
    return cmocka_run_group_tests_name("prompts_places", tests, NULL, NULL);
}
