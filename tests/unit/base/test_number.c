/* Numbers to text and back: Java's own answers, the C library in the C locale, hard halfway cases. */
#include "unit/test_util.h"

#include "base/json.h"
#include "base/time.h"

#include <locale.h>
#include <math.h>

static void check_f64(const char *bits_text, const char *java)
{
    const uint64_t bits = strtoull(bits_text, NULL, 16);
    char out[32];
    double value;
    memcpy(&value, &bits, sizeof value);
    assert_int_equal(weir_f64_java(value, out), strlen(java));
    assert_string_equal(out, java);
    const size_t len = weir_f64_text(value, out);
    assert_int_equal(len, strlen(out));
    if (isfinite(value)) {
        double back;
        assert_true(weir_str_to_f64(weir_str(out), &back));
        assert_memory_equal(&back, &value, sizeof value);
        assert_true(weir_str_to_f64(weir_str(java), &back));
        assert_memory_equal(&back, &value, sizeof value);
    }
}

static void check_f32(const char *bits_text, const char *java)
{
    const uint32_t bits = (uint32_t)strtoul(bits_text, NULL, 16);
    char out[32];
    float value;
    memcpy(&value, &bits, sizeof value);
    assert_int_equal(weir_f32_java(value, out), strlen(java));
    assert_string_equal(out, java);
    const size_t len = weir_f32_text(value, out);
    assert_int_equal(len, strlen(out));
    if (isfinite(value)) {
        float back;
        assert_true(weir_str_to_f32(weir_str(out), &back));
        assert_memory_equal(&back, &value, sizeof value);
    }
}

static void test_java(void **state)
{
    (void)state;
    char *path = test_data_path("base/java-numbers.txt");
    char *text = test_read_file(path, NULL);
    int rows = 0;
    for (char *at = text, *line; (line = test_next_line(&at)); rows++) {
        char bits[32];
        char java[40];
        assert_int_equal(sscanf(line + 1, " %31s %39s", bits, java), 2);
        (line[0] == 'D' ? check_f64 : check_f32)(bits, java);
    }
    assert_true(rows > 1000);
    weir_free(text);
    weir_free(path);
}

static void test_plain_text(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } rows[] = {{0.1, "0.1"},       {1, "1.0"},         {100, "100.0"},     {-1.5, "-1.5"},    {0.0, "0.0"},
                {-0.0, "-0.0"},     {1e30, "1e+30"},    {1e15, "1000000000000000.0"},
                {1e16, "1e+16"},    {1.5e16, "1.5e+16"}, {0.0001, "0.0001"}, {0.00001, "1e-05"},
                {1.25e-7, "1.25e-07"}, {5e-324, "5e-324"}, {1.7976931348623157e308, "1.7976931348623157e+308"},
                {123456789012345680.0, "1.2345678901234568e+17"}, {0x1p-44, "5.684341886080802e-14"},
                {INFINITY, "Infinity"}, {-INFINITY, "-Infinity"}, {NAN, "NaN"}, {-NAN, "NaN"}};
    char out[32];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        weir_f64_text(rows[i].value, out);
        assert_string_equal(out, rows[i].text);
    }
    weir_f32_text(0.1f, out);
    assert_string_equal(out, "0.1");
    weir_f32_text(16777216.0f, out);
    assert_string_equal(out, "16777216.0");
}

static void test_what_is_a_number(void **state)
{
    (void)state;
    static const char *const good[] = {"0", "-0", "+1", "1.", ".5", "1e5", "1E+5", "1e-5", "00012.50", "1.e1",
                                       "123456789012345678901234567890", "1e999999999999", "-1e-999999999999"};
    static const char *const bad[] = {"", "-", ".", "e5", "1e", "1e+", " 1", "1 ", "0x10", "NaN", "inf", "Infinity",
                                      "1.2.3", "1,5", "1_000", "1f", "1d", "--1", "1e5.0", "\xD9\xA3"};
    double value;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(weir_str_to_f64(weir_str(good[i]), &value));
        assert_true(value == strtod(good[i], NULL));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (weir_str_to_f64(weir_str(bad[i]), &value)) {
            fail_msg("\"%s\" is no number", bad[i]);
        }
    }
    assert_true(weir_str_to_f64((struct weir_str){"12345", 2}, &value) && value == 12); /* no NUL needed */
    assert_true(weir_str_to_f64(WEIR_STR("-0"), &value) && signbit(value));
    assert_true(weir_str_to_f64(WEIR_STR("1e400"), &value) && isinf(value));
    assert_true(weir_str_to_f64(WEIR_STR("1e-400"), &value) && value == 0);
}

static void test_rounding(void **state)
{
    (void)state;
    static const char *const hard[] = {
        "2.2250738585072011e-308", "2.2250738585072014e-308", "4.9406564584124654e-324", "2.4703282292062327e-324",
        "2.4703282292062328e-324", "9007199254740993", "9007199254740993.0000000000000000000000000000000001",
        "1.7976931348623158e308", "1.7976931348623159e308", "6.631236846766476e-316", "3.237883913302901e-319",
        "0.1000000000000000055511151231257827021181583404541015625", "7.2057594037927933e16", "123e-23", "8.5e22",
        "1090544144181609348835077142190", "5e-20", "179769313486231580793e289", "1e23", "8.41e21", "9.5367431640625e-7"};
    double value;
    float narrow;
    for (size_t i = 0; i < sizeof hard / sizeof hard[0]; i++) {
        assert_true(weir_str_to_f64(weir_str(hard[i]), &value));
        assert_true(value == strtod(hard[i], NULL));
        assert_true(weir_str_to_f32(weir_str(hard[i]), &narrow));
        assert_true(narrow == strtof(hard[i], NULL));
    }
    struct weir_rng rng;
    weir_rng_seed(&rng, 2024);
    for (int i = 0; i < 200000; i++) {
        char text[64];
        const int digits = 1 + (int)weir_rng_below(&rng, 19);
        const int exponent = (int)weir_rng_below(&rng, i % 2 ? 50 : 660) - (i % 2 ? 25 : 340);
        snprintf(text, sizeof text, "%.*llue%d", digits, (unsigned long long)weir_rng_next(&rng), exponent);
        assert_true(weir_str_to_f64(weir_str(text), &value));
        assert_true(value == strtod(text, NULL));
        assert_true(weir_str_to_f32(weir_str(text), &narrow));
        assert_true(narrow == strtof(text, NULL));
    }
    /* Halfway between two floats once rounded to a double first: the direct way must be taken. */
    assert_true(weir_str_to_f32(WEIR_STR("1.000000059604644775390626"), &narrow));
    assert_true(narrow == 1.00000011920928955078125f);
}

static void test_no_locale(void **state)
{
    (void)state;
    static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "nl_NL.UTF-8"};
    const char *set = NULL;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && !set; i++) {
        set = setlocale(LC_ALL, names[i]);
    }
    if (!set) {
        print_message("skipped: no locale with a decimal comma on this machine\n");
        skip();
    }
    char out[32];
    double value;
    weir_f64_java(1234.5, out);
    assert_string_equal(out, "1234.5");
    assert_true(weir_str_to_f64(WEIR_STR("1.2345678901234567890123"), &value) && value == 0x1.3c0ca428c59fbp0);
    setlocale(LC_ALL, "C");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_java),     cmocka_unit_test(test_plain_text), cmocka_unit_test(test_what_is_a_number),
        cmocka_unit_test(test_rounding), cmocka_unit_test(test_no_locale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
