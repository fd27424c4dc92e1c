/* Maps against a plain array that does the same; options; the hash. */
#include "unit/test_util.h"

#include "base/map.h"
#include "base/time.h"

static struct weir_str key_of(char *room, size_t number)
{
    return (struct weir_str){room, (size_t)snprintf(room, 32, "key-%zu", number)};
}

/* Random puts, gets and removes; the model is value[number] (0 = absent). */
static void test_model(void **state)
{
    (void)state;
    enum { KEYS = 500, STEPS = 60000 };
    static uintptr_t model[KEYS];
    struct weir_rng rng;
    char room[32];
    weir_rng_seed(&rng, 42);
    weir_map *map = weir_map_new();
    size_t live = 0;
    for (uintptr_t step = 1; step <= STEPS; step++) {
        const size_t number = (size_t)weir_rng_below(&rng, KEYS);
        const struct weir_str key = key_of(room, number);
        const uintptr_t before = model[number];
        void *got;
        switch (weir_rng_below(&rng, 3)) {
        case 0:
            got = weir_map_put(map, key, (void *)step);
            model[number] = step;
            live += before == 0;
            break;
        case 1:
            got = weir_map_remove(map, key);
            model[number] = 0;
            live -= before != 0;
            break;
        default:
            got = weir_map_get(map, key);
        }
        assert_ptr_equal(got, (void *)before);
        assert_int_equal(weir_map_count(map), live);
        assert_int_equal(weir_map_has(map, key), model[number] != 0);
    }
    size_t seen = 0;
    struct weir_str key;
    void *value;
    for (size_t i = 0; weir_map_at(map, &i, &key, &value);) {
        seen++;
        assert_ptr_equal(weir_map_get(map, key), value);
    }
    assert_int_equal(seen, live);
    weir_map_free(map, NULL);
}

static void test_order(void **state)
{
    (void)state;
    weir_map *map = weir_map_new();
    char room[32];
    for (size_t i = 0; i < 1000; i++) {
        weir_map_put(map, key_of(room, i), (void *)(i + 1));
    }
    for (size_t i = 0; i < 1000; i += 3) {
        weir_map_remove(map, key_of(room, i));
    }
    weir_map_put(map, key_of(room, 1), (void *)(uintptr_t)5000); /* keeps its place */
    weir_map_put(map, key_of(room, 0), (void *)(uintptr_t)6000); /* comes back at the end */
    size_t expected = 1;
    struct weir_str key;
    void *value;
    for (size_t i = 0; weir_map_at(map, &i, &key, &value);) {
        if (value == (void *)(uintptr_t)6000) {
            assert_int_equal(expected, 1000);
            expected = 0;
            continue;
        }
        assert_true(weir_str_eq(key, key_of(room, expected)));
        assert_ptr_equal(value, (void *)(expected == 1 ? (uintptr_t)5000 : expected + 1));
        expected += expected % 3 == 2 ? 2 : 1;
    }
    assert_int_equal(expected, 0);
    weir_map_free(map, NULL);
}

static void test_remove_while_walking(void **state)
{
    (void)state;
    weir_map *map = weir_map_new();
    char room[32];
    for (size_t i = 0; i < 100; i++) {
        weir_map_put(map, key_of(room, i), weir_malloc(1));
    }
    struct weir_str key;
    void *value;
    size_t seen = 0;
    for (size_t i = 0; weir_map_at(map, &i, &key, &value);) {
        if (seen++ % 2 == 0) {
            weir_free(weir_map_remove(map, key));
        }
    }
    assert_int_equal(seen, 100);
    assert_int_equal(weir_map_count(map), 50);
    weir_map_free(map, weir_free);
    weir_map_free(NULL, NULL);
}

static void test_nocase(void **state)
{
    (void)state;
    weir_map *map = weir_map_new_nocase();
    char longer[200];
    memset(longer, 'q', sizeof longer);
    weir_map_put(map, WEIR_STR("Header"), "1");
    weir_map_put(map, (struct weir_str){longer, sizeof longer}, "long");
    assert_string_equal(weir_map_put(map, WEIR_STR("HEADER"), "2"), "1");
    memset(longer, 'Q', sizeof longer);
    assert_string_equal(weir_map_get(map, (struct weir_str){longer, sizeof longer}), "long");
    assert_string_equal(weir_map_get(map, WEIR_STR("header")), "2");
    size_t cursor = 0;
    struct weir_str key;
    void *value;
    assert_true(weir_map_at(map, &cursor, &key, &value));
    assert_string_equal(key.ptr, "Header");
    weir_map_free(map, NULL);
}

static void test_any_bytes_are_keys(void **state)
{
    (void)state;
    weir_map *map = weir_map_new();
    weir_map_put(map, (struct weir_str){NULL, 0}, "empty");
    weir_map_put(map, (struct weir_str){"a\0b", 3}, "nul");
    assert_string_equal(weir_map_get(map, WEIR_STR("")), "empty");
    assert_string_equal(weir_map_get(map, (struct weir_str){"a\0b", 3}), "nul");
    assert_null(weir_map_get(map, WEIR_STR("a")));
    weir_map_put(map, WEIR_STR("none"), NULL);
    assert_true(weir_map_has(map, WEIR_STR("none")));
    weir_map_free(map, NULL);
}

static void test_options(void **state)
{
    (void)state;
    weir_options *options = weir_options_new();
    weir_options_set(options, "timestampFormat", "yyyy");
    weir_options_set(options, "sep", ";");
    weir_options_set(options, "TIMESTAMPFORMAT", "MM");
    assert_string_equal(weir_options_get(options, "timestampformat"), "MM");
    assert_null(weir_options_get(options, "quote"));
    assert_int_equal(weir_options_count(options), 2);
    weir_options *copy = weir_options_copy(options);
    weir_options_free(options);
    const char *name;
    const char *value;
    size_t cursor = 0;
    assert_true(weir_options_at(copy, &cursor, &name, &value));
    assert_string_equal(name, "timestampFormat");
    assert_string_equal(value, "MM");
    assert_true(weir_options_at(copy, &cursor, &name, &value));
    assert_string_equal(name, "sep");
    assert_false(weir_options_at(copy, &cursor, &name, &value));
    weir_options_free(copy);
    assert_null(weir_options_get(NULL, "x"));
    assert_int_equal(weir_options_count(NULL), 0);
}

static void test_hash(void **state)
{
    (void)state;
    char text[64] = {0};
    assert_true(weir_hash("abc", 3) == weir_hash("abc", 3));
    assert_true(weir_hash_seeded("abc", 3, 1) != weir_hash_seeded("abc", 3, 2));
    assert_true(weir_hash_seeded("", 0, 1) != weir_hash_seeded("\0", 1, 1));
    /* Every length and every single bit counts; close inputs spread over the low bits. */
    for (size_t len = 1; len < sizeof text; len++) {
        const uint64_t plain = weir_hash_seeded(text, len, 9);
        assert_true(plain != weir_hash_seeded(text, len - 1, 9));
        for (size_t bit = 0; bit < len * 8; bit++) {
            text[bit / 8] = (char)(1u << (bit % 8));
            assert_true(plain != weir_hash_seeded(text, len, 9));
            text[bit / 8] = 0;
        }
    }
    static uint32_t buckets[1024];
    uint32_t most = 0;
    for (uint64_t i = 0; i < 102400; i++) {
        uint32_t *bucket = &buckets[weir_hash_seeded(&i, sizeof i, 3) % 1024];
        most = ++*bucket > most ? *bucket : most;
    }
    assert_true(most < 160); /* 100 on average, standard deviation 10 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_remove_while_walking),
        cmocka_unit_test(test_nocase),
        cmocka_unit_test(test_any_bytes_are_keys),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
