/* Clock, calendar, dates as text, UUIDs, the generator. */
#include "unit/test_util.h"

#include "base/time.h"

#include <time.h>

static void test_clock(void **state)
{
    (void)state;
    const int64_t now = weir_now_us();
    assert_true(llabs(now / 1000000 - (int64_t)time(NULL)) <= 2);
    assert_true(llabs(weir_now_ms() - now / 1000) < 2000);
    int64_t last = weir_mono_us();
    for (int i = 0; i < 1000; i++) {
        const int64_t next = weir_mono_us();
        assert_true(next >= last);
        last = next;
    }
}

/* Day after day over five eras on both sides of year 0, against plain counting. */
static void test_calendar_counts(void **state)
{
    (void)state;
    int64_t year = -1000;
    int month = 1;
    int day = 1;
    const int64_t first = weir_days_from_civil(year, month, day);
    for (int64_t days = first; days < first + 1200000; days++) {
        int64_t y;
        int m;
        int d;
        weir_civil_from_days(days, &y, &m, &d);
        if (y != year || m != month || d != day || weir_days_from_civil(year, month, day) != days) {
            fail_msg("day %lld: %lld-%d-%d", (long long)days, (long long)y, m, d);
        }
        assert_true(weir_civil_valid(year, month, day));
        day++;
        if (!weir_civil_valid(year, month, day)) {
            day = 1;
            month = month % 12 + 1;
            year += month == 1;
        }
    }
    assert_int_equal(weir_days_from_civil(1970, 1, 1), 0);
    assert_int_equal(weir_days_from_civil(2000, 2, 29), 11016);
    assert_int_equal(weir_days_from_civil(1, 1, 1), -719162);
}

static void test_valid(void **state)
{
    (void)state;
    assert_true(weir_civil_valid(2024, 2, 29));
    assert_true(weir_civil_valid(2000, 2, 29));
    assert_true(weir_civil_valid(0, 2, 29));
    assert_true(weir_civil_valid(-4, 2, 29));
    assert_false(weir_civil_valid(2023, 2, 29));
    assert_false(weir_civil_valid(1900, 2, 29));
    assert_false(weir_civil_valid(2024, 4, 31));
    assert_false(weir_civil_valid(2024, 0, 1));
    assert_false(weir_civil_valid(2024, 13, 1));
    assert_false(weir_civil_valid(2024, 1, 0));
    assert_false(weir_civil_valid(2024, 1, 32));
}

static void test_text(void **state)
{
    (void)state;
    char out[48];
    static const struct {
        int64_t days;
        const char *text;
    } dates[] = {{0, "1970-01-01"},           {-1, "1969-12-31"},       {19724, "2024-01-02"},
                 {-719162, "0001-01-01"},     {-719528, "0000-01-01"},  {-719529, "-0001-12-31"},
                 {2932896, "9999-12-31"},     {2932897, "+10000-01-01"}, {INT32_MAX, "+5881580-07-11"},
                 {INT32_MIN, "-5877641-06-23"}};
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++) {
        const size_t len = weir_date_text((int32_t)dates[i].days, out);
        assert_string_equal(out, dates[i].text);
        assert_int_equal(len, strlen(out));
    }
    static const struct {
        int64_t us;
        const char *micros, *millis;
    } stamps[] = {
        {0, "1970-01-01T00:00:00.000000Z", "1970-01-01T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999Z"},
        {INT64_C(1704164645123456), "2024-01-02T03:04:05.123456Z", "2024-01-02T03:04:05.123Z"},
        {INT64_C(1704164645000900), "2024-01-02T03:04:05.000900Z", "2024-01-02T03:04:05.000Z"},
        {INT64_MAX, "+294247-01-10T04:00:54.775807Z", "+294247-01-10T04:00:54.775Z"},
        {INT64_MIN, "-290308-12-21T19:59:05.224192Z", "-290308-12-21T19:59:05.224Z"},
    };
    for (size_t i = 0; i < sizeof stamps / sizeof stamps[0]; i++) {
        const size_t len = weir_timestamp_text(stamps[i].us, "Z", out);
        assert_string_equal(out, stamps[i].micros);
        assert_int_equal(len, strlen(out));
        weir_timestamp_ms_text(stamps[i].us, "Z", out);
        assert_string_equal(out, stamps[i].millis);
    }
    weir_timestamp_text(0, "", out);
    assert_string_equal(out, "1970-01-01T00:00:00.000000");
}

static void test_uuid(void **state)
{
    (void)state;
    char seen[256][37];
    for (size_t i = 0; i < 256; i++) {
        const struct weir_uuid uuid = weir_uuid_new();
        assert_true(weir_uuid_valid(weir_str(uuid.text)));
        assert_int_equal(uuid.text[14], '4');
        assert_non_null(strchr("89ab", uuid.text[19]));
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(seen[k], uuid.text);
        }
        memcpy(seen[i], uuid.text, sizeof seen[i]);
    }
    assert_true(weir_uuid_valid(WEIR_STR("00000000-0000-0000-0000-00000000ABCD")));
    assert_false(weir_uuid_valid(WEIR_STR("")));
    assert_false(weir_uuid_valid(WEIR_STR("00000000-0000-0000-0000-00000000ABC")));
    assert_false(weir_uuid_valid(WEIR_STR("00000000-0000-0000-0000-00000000ABCG")));
    assert_false(weir_uuid_valid(WEIR_STR("0000000000000-0000-0000-00000000ABCD")));
    assert_false(weir_uuid_valid(WEIR_STR("00000000-0000-0000-0000-00000000ABCD0")));
}

static void test_generator(void **state)
{
    (void)state;
    struct weir_rng a;
    struct weir_rng b;
    struct weir_rng known = {{1, 2, 3, 4}}; /* the first numbers of the published xoshiro256** */
    assert_true(weir_rng_next(&known) == 11520);
    assert_true(weir_rng_next(&known) == 0);
    assert_true(weir_rng_next(&known) == 1509978240);
    assert_true(weir_rng_next(&known) == UINT64_C(1215971899390074240));
    weir_rng_seed(&a, 1);
    weir_rng_seed(&b, 1);
    double sum = 0;
    int counts[7] = {0};
    for (int i = 0; i < 70000; i++) {
        assert_true(weir_rng_next(&a) == weir_rng_next(&b));
        const double unit = weir_rng_unit(&a);
        assert_true(unit >= 0 && unit < 1);
        assert_true(unit == weir_rng_unit(&b));
        sum += unit;
        counts[weir_rng_below(&a, 7)]++;
        weir_rng_below(&b, 7);
    }
    assert_true(sum > 34000 && sum < 36000);
    for (int i = 0; i < 7; i++) {
        assert_in_range(counts[i], 9500, 10500);
    }
    assert_true(weir_rng_below(&a, 1) == 0);
    weir_rng_seed(&b, 2);
    weir_rng_seed(&a, 1);
    assert_true(weir_rng_next(&a) != weir_rng_next(&b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clock), cmocka_unit_test(test_calendar_counts), cmocka_unit_test(test_valid),
        cmocka_unit_test(test_text),  cmocka_unit_test(test_uuid),            cmocka_unit_test(test_generator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
