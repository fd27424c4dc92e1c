/* The table from text to code: a key is the same key whichever way it was loaded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "parquet/table.h"

/* The loads that look beyond a key's end, and those that do not, make one slot of it. */
static void test_short_keys(void **state)
{
    (void)state;
    srand(1);
    for (int round = 0; round < 20000; round++) {
        char wide[32];
        for (size_t i = 0; i < sizeof wide; i++) {
            wide[i] = (char)(rand() % 3 ? rand() : 0);
        }
        const size_t len = 1 + (size_t)(rand() % PW_SHORT_MAX);
        char *exact = malloc(len); /* its end is the end of what may be read: a sanitizer looks */
        assert_non_null(exact);
        memcpy(exact, wide, len);
        uint64_t lo = 0;
        uint32_t hi = 0;
        weiri_pw_short_exact(exact, len, &lo, &hi);
        assert_true(lo == weiri_pw_short_lo(wide, len));
        assert_true(hi == weiri_pw_short_hi(wide, len));
        free(exact);
    }
}

/* Growth from its first slots; short keys, long keys, the empty one; what is not there is not found. */
static void test_many(void **state)
{
    (void)state;
    enum { KEYS = 5000, LEN = 24 };
    struct pw_table table;
    weiri_pw_table_init(&table);
    uint8_t *heap = calloc(KEYS, LEN);
    assert_non_null(heap);
    const uint8_t *const heaps[2] = {heap, heap};
    for (uint32_t i = 0; i < KEYS; i++) {
        const size_t len = i % 2 ? 8 : LEN;
        char *text = (char *)heap + (size_t)i * LEN;
        memset(text, 'x', LEN);
        memcpy(text, &i, sizeof i);
        const struct pw_key key = weiri_pw_key(&table, text, len);
        assert_true(weiri_pw_table_get(&table, heaps, &key) == PW_CODE_MISS);
        weiri_pw_table_put(&table, &key, i * LEN, i);
    }
    for (uint32_t i = 0; i < KEYS; i++) {
        const struct pw_key key = weiri_pw_key(&table, (const char *)heap + (size_t)i * LEN, i % 2 ? 8 : LEN);
        assert_true(weiri_pw_table_get(&table, heaps, &key) == i);
    }
    const struct pw_key empty = weiri_pw_key(&table, "", 0);
    assert_true(weiri_pw_table_get(&table, heaps, &empty) == PW_CODE_MISS);
    weiri_pw_table_put(&table, &empty, 0, KEYS);
    assert_true(weiri_pw_table_get(&table, heaps, &empty) == KEYS);
    weiri_pw_table_clear(&table);
    const struct pw_key first = weiri_pw_key(&table, (const char *)heap, LEN);
    assert_true(weiri_pw_table_get(&table, heaps, &first) == PW_CODE_MISS);
    weiri_pw_table_free(&table);
    free(heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_short_keys), cmocka_unit_test(test_many)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
