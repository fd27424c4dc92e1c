/* JSON in and out. */
#include "unit/test_util.h"

#include "base/json.h"
#include "base/time.h"

#include <math.h>

struct view_arg {
    const char *text;
    size_t len;
};
#define ROW(literal) {literal, sizeof(literal) - 1}

static weir_rc parse(weir_arena *arena, const char *text, const struct weir_json **out, struct weir_error *err)
{
    return weir_json_parse(arena, weir_str(text), out, err);
}

static void test_values(void **state)
{
    (void)state;
    weir_arena *arena = weir_arena_new();
    const struct weir_json *root;
    struct weir_error err;
    assert_int_equal(parse(arena, " {\"a\": 1, \"b\":[true,false,null,\"x\"], \"c\":{\"d\":-1.5e2}, \"a\":2}\r\n\t", &root, &err),
                     WEIR_OK);
    assert_int_equal(root->kind, WEIR_JSON_OBJECT);
    assert_int_equal(root->count, 4);
    int64_t number;
    assert_true(weir_json_i64(weir_json_get(root, "a"), &number));
    assert_int_equal(number, 2); /* the last one */
    const struct weir_json *b = weir_json_get(root, "b");
    assert_int_equal(b->count, 4);
    assert_true(weir_str_eq(b->raw, WEIR_STR("[true,false,null,\"x\"]")));
    bool flag;
    assert_true(weir_json_bool(b->child, &flag) && flag);
    assert_true(weir_json_bool(b->child->next, &flag) && !flag);
    assert_int_equal(b->child->next->next->kind, WEIR_JSON_NULL);
    assert_string_equal(weir_json_string(b->child->next->next->next), "x");
    assert_null(b->child->next->next->next->next);
    double real;
    const struct weir_json *d = weir_json_get(weir_json_get(root, "c"), "d");
    assert_true(weir_json_f64(d, &real) && real == -150);
    assert_true(weir_str_eq(d->text, WEIR_STR("-1.5e2")));
    assert_false(weir_json_i64(d, &number));
    /* absent and of another kind */
    assert_null(weir_json_get(root, "zz"));
    assert_null(weir_json_get(NULL, "a"));
    assert_null(weir_json_get(b, "a"));
    assert_null(weir_json_string(d));
    assert_null(weir_json_string(NULL));
    assert_false(weir_json_bool(d, &flag));
    assert_false(weir_json_f64(b, &real));
    weir_arena_free(arena);
}

static void test_big_integers_keep_their_text(void **state)
{
    (void)state;
    weir_arena *arena = weir_arena_new();
    const struct weir_json *root;
    int64_t number;
    assert_int_equal(parse(arena, "[9223372036854775807, 92233720368547758080, -9223372036854775808]", &root, NULL), WEIR_OK);
    assert_true(weir_json_i64(root->child, &number) && number == INT64_MAX);
    assert_false(weir_json_i64(root->child->next, &number));
    assert_true(weir_str_eq(root->child->next->text, WEIR_STR("92233720368547758080")));
    assert_true(weir_json_i64(root->child->next->next, &number) && number == INT64_MIN);
    weir_arena_free(arena);
}

static void test_strings(void **state)
{
    (void)state;
    static const struct {
        struct view_arg in;
        struct view_arg out;
    } rows[] = {
        {ROW("\"\""), ROW("")},
        {ROW("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), ROW("\"\\/\b\f\n\r\t")},
        {ROW("\"\\u0041\\u00e9\\u20AC\""), ROW("A\xC3\xA9\xE2\x82\xAC")},
        {ROW("\"\\ud83d\\uDE00\""), ROW("\xF0\x9F\x98\x80")},
        {ROW("\"a\\u0000b\""), ROW("a\0b")},
        {ROW("\"\\ud800\""), ROW("\xEF\xBF\xBD")},
        {ROW("\"\\udc00x\""), ROW("\xEF\xBF\xBDx")},
        {ROW("\"\\ud800\\ud83d\\ude00\""), ROW("\xEF\xBF\xBD\xF0\x9F\x98\x80")},
        {ROW("\"\\ud800\\n\""), ROW("\xEF\xBF\xBD\n")},
        {ROW("\"\\ud800\\u0041\""), ROW("\xEF\xBF\xBD""A")},
        {ROW("\"\xFF\xC3\""), ROW("\xFF\xC3")},
        {ROW("\"\x7F\""), ROW("\x7F")},
    };
    weir_arena *arena = weir_arena_new();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct weir_json *value;
        const struct weir_str in = {rows[i].in.text, rows[i].in.len};
        assert_int_equal(weir_json_parse(arena, in, &value, NULL), WEIR_OK);
        assert_int_equal(value->text.len, rows[i].out.len);
        assert_memory_equal(value->text.ptr, rows[i].out.text, rows[i].out.len);
        assert_int_equal(value->text.ptr[value->text.len], '\0');
    }
    weir_arena_free(arena);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct view_arg rows[] = {
        ROW(""), ROW(" "), ROW("{"), ROW("["), ROW("[1"), ROW("[1,"), ROW("[1,]"), ROW("[,1]"), ROW("[1 2]"), ROW("{\"a\"}"),
        ROW("{\"a\":}"), ROW("{\"a\":1,}"), ROW("{,}"), ROW("{a:1}"), ROW("{'a':1}"), ROW("{1:1}"), ROW("{\"a\" 1}"),
        ROW("{\"a\":1 \"b\":2}"), ROW("[1}"), ROW("{\"a\":1]"), ROW("]"), ROW("1 2"), ROW("{}{}"), ROW("[]]"), ROW("[],"),
        ROW("NaN"), ROW("Infinity"), ROW("-Infinity"), ROW("nan"), ROW("nul"), ROW("True"), ROW("truee"), ROW("nullx"),
        ROW("+1"), ROW("-"), ROW(".5"), ROW("1."), ROW("1.e5"), ROW("01"), ROW("-01"), ROW("1e"), ROW("1e+"), ROW("0x1"),
        ROW("1.5.2"), ROW("1_000"), ROW("--1"), ROW("\""), ROW("\"abc"), ROW("\"\\\""), ROW("\"\\"), ROW("\"\\x41\""),
        ROW("\"\\u12\""), ROW("\"\\u12G4\""), ROW("\"\\u\""), ROW("\"\\ud83d\\u12\""), ROW("\"a\nb\""), ROW("\"a\tb\""),
        ROW("\"a\0b\""), ROW("\"\x1f\""), ROW("'a'"), ROW("/* c */ 1"), ROW("1 // c"), ROW("[1\0]"), ROW("\0"),
        ROW("\xEF\xBB\xBF{}"), ROW("\v1"), ROW("\f1"), ROW("\xC2\xA0""1"), ROW("[\"a\",\n4\n,1,"),
    };
    weir_arena *arena = weir_arena_new();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct weir_json *value = (const struct weir_json *)&rows;
        struct weir_error err;
        const struct weir_str in = {rows[i].text, rows[i].len};
        if (weir_json_parse(arena, in, &value, &err) != WEIR_CORRUPT) {
            fail_msg("taken: row %zu: %s", i, rows[i].text);
        }
        assert_null(value);
        assert_string_equal(err.condition, "JSON_INVALID");
        assert_in_range(err.offset, 0, rows[i].len);
    }
    weir_arena_free(arena);
}

static void test_position(void **state)
{
    (void)state;
    weir_arena *arena = weir_arena_new();
    const struct weir_json *value;
    struct weir_error err;
    assert_int_equal(parse(arena, "{\n \"\xC3\xA9\": 1,\n \"\xE2\x82\xAC\": tru }", &value, &err), WEIR_CORRUPT);
    assert_int_equal(err.line, 3);
    assert_int_equal(err.column, 7); /* characters, not bytes */
    assert_int_equal(err.offset, 20);
    weir_arena_free(arena);
}

static void test_depth(void **state)
{
    (void)state;
    weir_arena *arena = weir_arena_new();
    const struct weir_json *value;
    struct weir_error err;
    char text[2 * (WEIR_JSON_DEPTH_MAX + 1)];
    for (size_t depth = WEIR_JSON_DEPTH_MAX; depth <= WEIR_JSON_DEPTH_MAX + 1; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        const bool fits = depth == WEIR_JSON_DEPTH_MAX;
        assert_int_equal(weir_json_parse(arena, (struct weir_str){text, 2 * depth}, &value, &err),
                         fits ? WEIR_OK : WEIR_CORRUPT);
        if (!fits) {
            assert_string_equal(err.condition, "JSON_TOO_DEEP");
        }
    }
    struct weir_buf wide; /* many siblings at the deepest allowed level do not add up */
    weir_buf_init(&wide, 0);
    weir_buf_add_char(&wide, '[');
    for (int i = 0; i < 2000; i++) {
        weir_buf_add_str(&wide, i ? ",[{}]" : "[{}]");
    }
    weir_buf_add_char(&wide, ']');
    assert_int_equal(weir_json_parse(arena, weir_buf_view(&wide), &value, &err), WEIR_OK);
    weir_buf_free(&wide);
    weir_arena_free(arena);
}

/* Every prefix and every damaged byte of a text: an answer, never a crash; the exact copy has no NUL behind it. */
static void test_damage(void **state)
{
    (void)state;
    static const char text[] = "{\"add\":{\"path\":\"a\\u00e9\\ud83d\\ude00%20b\",\"size\":123,\"x\":[1.5e-3,true,null,{\"k\":\"\"}]}}";
    weir_arena *arena = weir_arena_new();
    struct weir_rng rng;
    weir_rng_seed(&rng, 5);
    for (size_t len = 0; len < sizeof text - 1; len++) {
        const struct weir_json *value;
        char *exact = weir_malloc(len);
        memcpy(exact, text, len);
        assert_int_equal(weir_json_parse(arena, (struct weir_str){exact, len}, &value, NULL), WEIR_CORRUPT);
        weir_free(exact);
        weir_arena_reset(arena);
    }
    for (int i = 0; i < 50000; i++) {
        const struct weir_json *value;
        char *damaged = weir_malloc(sizeof text - 1);
        memcpy(damaged, text, sizeof text - 1);
        for (uint64_t n = 1 + weir_rng_below(&rng, 3); n > 0; n--) {
            damaged[weir_rng_below(&rng, sizeof text - 1)] = (char)weir_rng_next(&rng);
        }
        const weir_rc rc = weir_json_parse(arena, (struct weir_str){damaged, sizeof text - 1}, &value, NULL);
        assert_true(rc == WEIR_OK ? value != NULL : rc == WEIR_CORRUPT && value == NULL);
        weir_free(damaged);
        weir_arena_reset(arena);
    }
    weir_arena_free(arena);
}

static void test_writer(void **state)
{
    (void)state;
    struct weir_buf buf;
    struct weir_jsonw w;
    weir_buf_init(&buf, 0);
    weir_jsonw_init(&w, &buf);
    weir_jsonw_object(&w);
    weir_jsonw_kv(&w, "a", "x\"\n");
    weir_jsonw_kv(&w, "n", NULL);
    weir_jsonw_kv_i64(&w, "i", INT64_MIN);
    weir_jsonw_kv_bool(&w, "b", true);
    weir_jsonw_key(&w, "list");
    weir_jsonw_array(&w);
    weir_jsonw_f64(&w, 1.5);
    weir_jsonw_f64(&w, NAN);
    weir_jsonw_f64(&w, -INFINITY);
    weir_jsonw_object(&w);
    weir_jsonw_end_object(&w);
    weir_jsonw_array(&w);
    weir_jsonw_end_array(&w);
    weir_jsonw_raw(&w, WEIR_STR("{\"raw\":1}"));
    weir_jsonw_null(&w);
    weir_jsonw_bool(&w, false);
    weir_jsonw_end_array(&w);
    weir_jsonw_key_view(&w, WEIR_STR("e\\"));
    weir_jsonw_view(&w, (struct weir_str){"q\0r", 3});
    weir_jsonw_end_object(&w);
    assert_string_equal(buf.data, "{\"a\":\"x\\\"\\n\",\"n\":null,\"i\":-9223372036854775808,\"b\":true,\"list\":[1.5,\"NaN\","
                                  "\"-Infinity\",{},[],{\"raw\":1},null,false],\"e\\\\\":\"q\\u0000r\"}");
    weir_buf_free(&buf);
}

static void test_escapes(void **state)
{
    (void)state;
    struct weir_buf buf;
    weir_buf_init(&buf, 0);
    weir_json_escape(&buf, WEIR_STR("\b\t\n\f\r\"\\/\x01\x1b\x7f\xC3\xA9\xE2\x80\xA8\xFF"));
    assert_string_equal(buf.data, "\\b\\t\\n\\f\\r\\\"\\\\/\\u0001\\u001B\x7f\xC3\xA9\xE2\x80\xA8\xFF");
    weir_buf_clear(&buf);
    struct weir_jsonw w;
    weir_jsonw_init(&w, &buf);
    w.ascii = true;
    weir_jsonw_string(&w, "a\xC3\xA9\xF0\x9F\x98\x80\xFF\xED\xA0\x80z");
    assert_string_equal(buf.data, "\"a\\u00e9\\ud83d\\ude00\\udcff\\udced\\udca0\\udc80z\"");
    weir_buf_free(&buf);
}

/* What is written is read back the same, whatever bytes it holds. */
static void test_round_trip(void **state)
{
    (void)state;
    struct weir_rng rng;
    struct weir_buf buf;
    weir_rng_seed(&rng, 8);
    weir_buf_init(&buf, 0);
    weir_arena *arena = weir_arena_new();
    for (int i = 0; i < 20000; i++) {
        char text[24];
        const size_t len = (size_t)weir_rng_below(&rng, sizeof text);
        for (size_t k = 0; k < len; k++) {
            text[k] = (char)weir_rng_below(&rng, i % 2 ? 256 : 128);
        }
        struct weir_jsonw w;
        weir_buf_clear(&buf);
        weir_jsonw_init(&w, &buf);
        weir_jsonw_view(&w, (struct weir_str){text, len});
        const struct weir_json *value;
        assert_int_equal(weir_json_parse(arena, weir_buf_view(&buf), &value, NULL), WEIR_OK);
        assert_true(weir_str_eq(value->text, (struct weir_str){text, len}));
        weir_arena_reset(arena);
    }
    weir_arena_free(arena);
    weir_buf_free(&buf);
}

/* Deep nesting keeps its commas on every level. */
static void test_writer_depth(void **state)
{
    (void)state;
    struct weir_buf buf;
    struct weir_jsonw w;
    weir_buf_init(&buf, 0);
    weir_jsonw_init(&w, &buf);
    for (int i = 0; i < WEIR_JSON_DEPTH_MAX; i++) {
        weir_jsonw_array(&w);
        weir_jsonw_i64(&w, i);
    }
    for (int i = 0; i < WEIR_JSON_DEPTH_MAX; i++) {
        weir_jsonw_i64(&w, i);
        weir_jsonw_end_array(&w);
    }
    weir_arena *arena = weir_arena_new();
    const struct weir_json *value;
    assert_int_equal(weir_json_parse(arena, weir_buf_view(&buf), &value, NULL), WEIR_OK);
    for (int i = 0; i < WEIR_JSON_DEPTH_MAX; i++) {
        assert_int_equal(value->count, i + 1 < WEIR_JSON_DEPTH_MAX ? 3 : 2);
        value = value->child->next;
    }
    weir_arena_free(arena);
    weir_buf_free(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),   cmocka_unit_test(test_big_integers_keep_their_text),
        cmocka_unit_test(test_strings),  cmocka_unit_test(test_refused),
        cmocka_unit_test(test_position), cmocka_unit_test(test_depth),
        cmocka_unit_test(test_damage),   cmocka_unit_test(test_writer),
        cmocka_unit_test(test_escapes),  cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_writer_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
