/* The heap, arenas, buffers, views. */
#include "unit/test_util.h"

#include "base/mem.h"
#include "base/time.h"

static void test_heap(void **state)
{
    (void)state;
    void *empty = weir_malloc(0);
    assert_non_null(empty);
    empty = weir_realloc(empty, 0);
    assert_non_null(empty);
    weir_free(empty);
    weir_free(NULL);
    unsigned char *zeros = weir_calloc(10, 10);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(zeros[i], 0);
    }
    weir_free(zeros);
    for (size_t alignment = 1; alignment <= 4096; alignment *= 2) {
        void *ptr = weir_aligned(alignment, 10);
        assert_int_equal((uintptr_t)ptr % alignment, 0);
        weir_free(ptr);
    }
    char *text = weir_asprintf("%s-%d", "a", 5);
    assert_string_equal(text, "a-5");
    weir_free(text);
    text = weir_strndup("abcdef", 3);
    assert_string_equal(text, "abc");
    weir_free(text);
    text = weir_str_dup((struct weir_str){NULL, 0});
    assert_string_equal(text, "");
    weir_free(text);
}

static void test_grow(void **state)
{
    (void)state;
    int *items = NULL;
    size_t count = 0;
    size_t cap = 0;
    for (int i = 0; i < 10000; i++) {
        WEIR_PUSH(items, count, cap) = i;
    }
    assert_int_equal(count, 10000);
    assert_true(cap >= count && cap < 20000);
    for (int i = 0; i < 10000; i++) {
        assert_int_equal(items[i], i);
    }
    weir_free(items);
}

static void test_arena(void **state)
{
    (void)state;
    weir_arena *arena = weir_arena_new();
    struct weir_rng rng;
    weir_rng_seed(&rng, 1);
    enum { COUNT = 2000 };
    unsigned char *ptrs[COUNT];
    size_t sizes[COUNT];
    size_t total = 0;
    for (int i = 0; i < COUNT; i++) {
        sizes[i] = (size_t)weir_rng_below(&rng, i % 100 == 0 ? 600000 : 300);
        ptrs[i] = weir_arena_alloc(arena, sizes[i]);
        assert_int_equal((uintptr_t)ptrs[i] % 16, 0);
        memset(ptrs[i], i % 251, sizes[i]);
        total += sizes[i];
    }
    for (int i = 0; i < COUNT; i++) { /* nobody wrote over a neighbour */
        for (size_t k = 0; k < sizes[i]; k++) {
            if (ptrs[i][k] != i % 251) {
                fail_msg("block %d was overwritten", i);
            }
        }
    }
    assert_true(weir_arena_used(arena) >= total);
    assert_true(weir_arena_used(arena) < total * 2 + (1 << 21));
    weir_arena_reset(arena);
    const size_t kept = weir_arena_used(arena);
    assert_true(kept <= (1 << 20) + 8192);
    assert_string_equal(weir_arena_strdup(arena, "after"), "after");
    assert_string_equal(weir_arena_strndup(arena, "after", 2), "af");
    assert_string_equal(weir_arena_printf(arena, "%d|%s", 12, "x"), "12|x");
    const unsigned char *zeros = weir_arena_zalloc(arena, 5000);
    for (int i = 0; i < 5000; i++) {
        assert_int_equal(zeros[i], 0);
    }
    weir_arena_free(arena);
    weir_arena_free(NULL);
}

static void test_arena_first_allocation_is_big(void **state)
{
    (void)state;
    weir_arena *arena = weir_arena_new();
    memset(weir_arena_alloc(arena, 5000000), 1, 5000000);
    memset(weir_arena_alloc(arena, 10), 1, 10);
    weir_arena_reset(arena);
    memset(weir_arena_alloc(arena, 100), 1, 100);
    weir_arena_free(arena);
}

static void test_buf(void **state)
{
    (void)state;
    struct weir_buf buf;
    weir_buf_init(&buf, 0);
    assert_string_equal(buf.data, "");
    assert_true(weir_buf_add_str(&buf, "abc"));
    assert_true(weir_buf_add_char(&buf, 'd'));
    assert_true(weir_buf_add_view(&buf, WEIR_STR("ef")));
    assert_true(weir_buf_printf(&buf, "%03d", 7));
    assert_true(weir_buf_add(&buf, NULL, 0));
    assert_string_equal(buf.data, "abcdef007");
    assert_int_equal(buf.len, 9);
    char *room = weir_buf_reserve(&buf, 1000);
    memset(room, 'x', 1000);
    buf.len += 1000;
    weir_buf_add_char(&buf, 'y');
    assert_int_equal(strlen(buf.data), 1010);
    weir_buf_clear(&buf);
    assert_string_equal(buf.data, "");
    weir_buf_add_str(&buf, "taken");
    char *taken = weir_buf_take(&buf);
    assert_string_equal(taken, "taken");
    weir_free(taken);
    assert_int_equal(weir_buf_view(&buf).len, 0);
    assert_true(weir_buf_add_str(&buf, "again"));
    assert_string_equal(buf.data, "again");
    weir_buf_free(&buf);
    weir_buf_free(&buf);
    taken = weir_buf_take(&buf);
    assert_string_equal(taken, "");
    weir_free(taken);
}

static void test_buf_maximum(void **state)
{
    (void)state;
    struct weir_buf buf;
    weir_buf_init(&buf, 10);
    assert_true(weir_buf_add_str(&buf, "0123456789"));
    assert_false(buf.overflow);
    assert_false(weir_buf_add_char(&buf, 'x'));
    assert_true(buf.overflow);
    assert_string_equal(buf.data, "0123456789");
    assert_null(weir_buf_reserve(&buf, 1));
    assert_false(weir_buf_printf(&buf, "%d", 1));
    assert_string_equal(buf.data, "0123456789");
    weir_buf_clear(&buf);
    assert_false(buf.overflow);
    assert_false(weir_buf_add(&buf, "x", SIZE_MAX));
    weir_buf_free(&buf);
}

static void test_views(void **state)
{
    (void)state;
    assert_true(weir_str_eq(weir_str("ab"), WEIR_STR("ab")));
    assert_false(weir_str_eq(weir_str("ab"), WEIR_STR("aB")));
    assert_true(weir_str_eq((struct weir_str){NULL, 0}, WEIR_STR("")));
    assert_true(weir_str_eq_nocase(weir_str("aBz"), WEIR_STR("AbZ")));
    assert_false(weir_str_eq_nocase(weir_str("[{"), WEIR_STR("{[")));
    assert_false(weir_str_eq_nocase(weir_str("@`"), WEIR_STR("`@")));
    assert_true(weir_str_starts(weir_str("abc"), "ab"));
    assert_true(weir_str_starts((struct weir_str){NULL, 0}, ""));
    assert_false(weir_str_starts(weir_str("a"), "ab"));
    assert_true(weir_str_ends(weir_str("abc"), "bc"));
    assert_false(weir_str_ends(weir_str("c"), "bc"));
    assert_true(weir_str_eq(weir_str_trim(weir_str(" \t\r\n\v\fa b ")), WEIR_STR("a b")));
    assert_int_equal(weir_str_trim(weir_str("  ")).len, 0);
    assert_true(weir_str_cmp(weir_str("a"), weir_str("b")) < 0);
    assert_true(weir_str_cmp(weir_str("ab"), weir_str("a")) > 0);
    assert_true(weir_str_cmp(weir_str("\x7f"), weir_str("\xc3")) < 0);
    assert_int_equal(weir_str_cmp(weir_str(""), (struct weir_str){NULL, 0}), 0);
}

static void test_utf8(void **state)
{
    (void)state;
    static const char *const good[] = {"", "abc", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
                                       "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", "twelve bytes\xC3\xA9 and more"};
    static const char *const bad[] = {"\x80", "\xC0\xAF", "\xC1\xBF", "\xC3", "\xE0\x9F\xBF", "\xED\xA0\x80",
                                      "\xED\xBF\xBF", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80",
                                      "\xFF", "\xE2\x82", "\xF0\x9F\x98", "long enough text\xC3", "\xE2\x28\xA1"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(weir_utf8_valid(good[i], strlen(good[i])));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (weir_utf8_valid(bad[i], strlen(bad[i]))) {
            fail_msg("row %zu is not UTF-8", i);
        }
    }
    for (uint32_t point = 0; point <= 0x10FFFF; point++) {
        char text[4];
        uint32_t back;
        const size_t len = weir_utf8_put(point, text);
        const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
        const size_t read = weir_utf8_next(text, len, &back);
        if (surrogate ? read != 0 : read != len || back != point) {
            fail_msg("U+%04X does not come back", point);
        }
    }
}

static void test_i64(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
    } good[] = {{"0", 0}, {"-0", 0}, {"+7", 7}, {"0012", 12}, {"9223372036854775807", INT64_MAX},
                {"-9223372036854775808", INT64_MIN}, {"+9223372036854775807", INT64_MAX}};
    static const char *const bad[] = {"", "-", "+", " 1", "1 ", "1.0", "0x1", "--1", "1e3", "9223372036854775808",
                                      "-9223372036854775809", "99999999999999999999", "\xD9\xA3"};
    int64_t value;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(weir_str_to_i64(weir_str(good[i].text), &value));
        assert_true(value == good[i].value);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (weir_str_to_i64(weir_str(bad[i]), &value)) {
            fail_msg("\"%s\" is no integer", bad[i]);
        }
    }
    assert_false(weir_str_to_i64((struct weir_str){NULL, 0}, &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heap),
        cmocka_unit_test(test_grow),
        cmocka_unit_test(test_arena),
        cmocka_unit_test(test_arena_first_allocation_is_big),
        cmocka_unit_test(test_buf),
        cmocka_unit_test(test_buf_maximum),
        cmocka_unit_test(test_views),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_i64),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
