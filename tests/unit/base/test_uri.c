/* Escaping and paths: the golden tables of the reference pages. */
#include "unit/test_util.h"

#include "base/uri.h"

typedef void (*encoder)(struct weir_buf *out, struct weir_str text);

struct golden {
    const char *plain;
    const char *encoded;
};

static void check(encoder encode, const struct golden *rows, size_t count, bool back)
{
    for (size_t i = 0; i < count; i++) {
        struct weir_buf out;
        weir_buf_init(&out, 0);
        encode(&out, weir_str(rows[i].plain));
        assert_string_equal(out.data, rows[i].encoded);
        weir_buf_clear(&out);
        assert_true(weir_uri_decode(&out, weir_str(rows[i].encoded)));
        if (back) {
            assert_string_equal(out.data, rows[i].plain);
        }
        weir_buf_free(&out);
    }
}
#define CHECK(encode, rows) check(encode, rows, sizeof rows / sizeof rows[0], true)

static void test_spark_names(void **state)
{
    (void)state;
    static const struct golden rows[] = {
        {"a b.csv", "a%20b.csv"},
        {"50%.csv", "50%25.csv"},
        {"a%20b.csv", "a%2520b.csv"},
        {"\xE6\x97\xA5\xE6\x9C\xAC\xC3\xA9.csv", "\xE6\x97\xA5\xE6\x9C\xAC\xC3\xA9.csv"},
        {"\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80"},
        {"x#y?z.csv", "x%23y%3Fz.csv"},
        {"[1]{2}^`|\"<>\\.csv", "%5B1%5D%7B2%7D%5E%60%7C%22%3C%3E%5C.csv"},
        {"a:b@c&d=e+f$g,h;i!j~k*l'm(n).csv", "a:b@c&d=e+f$g,h;i!j~k*l'm(n).csv"},
        {"\xC2\xA0", "%C2%A0"}, {"\t", "%09"}, {"\x7F", "%7F"}, {"\n", "%0A"},
        {"\xC2\x85", "%C2%85"}, {"\xE2\x80\xA8", "%E2%80%A8"}, {"\xE3\x80\x80", "%E3%80%80"},
        {"\xC2\x9F", "%C2%9F"}, {"\xE1\x9A\x80", "%E1%9A%80"}, {"\xE2\x80\x80", "%E2%80%80"},
        {"\xE2\x80\xAF", "%E2%80%AF"}, {"\xE2\x81\x9F", "%E2%81%9F"},
        {"\xC2\xAD", "\xC2\xAD"}, {"\xE2\x80\x8B", "\xE2\x80\x8B"}, {"\xEF\xBB\xBF", "\xEF\xBB\xBF"},
        {"\xEE\x80\x80", "\xEE\x80\x80"}, {"\xC2\xA1", "\xC2\xA1"}, {"\xFF\xC3", "\xFF\xC3"},
        {"AZaz09-_.!~*'():@&=+$,;/", "AZaz09-_.!~*'():@&=+$,;/"},
    };
    CHECK(weir_uri_encode_component, rows);
}

static void test_spark_uris(void **state)
{
    (void)state;
    struct weir_buf out;
    weir_buf_init(&out, 0);
    weir_uri_from_path(&out, WEIR_STR("/data/in/a b.csv"));
    assert_string_equal(out.data, "file:///data/in/a%20b.csv");
    weir_buf_clear(&out);
    weir_uri_metadata_path(&out, WEIR_STR("/tmp/in/a b.csv"));
    assert_string_equal(out.data, "file:/tmp/in/a%20b.csv");
    weir_buf_clear(&out);
    assert_true(weir_uri_to_path(&out, WEIR_STR("file:///data/a%20b%C3%A9.csv")));
    assert_string_equal(out.data, "/data/a b\xC3\xA9.csv");
    weir_buf_clear(&out);
    assert_true(weir_uri_to_path(&out, WEIR_STR("file:/data/x")));
    assert_string_equal(out.data, "/data/x");
    static const char *const not_files[] = {"", "/data/x", "file:", "file:x", "file://host/x", "file://localhost/x",
                                            "FILE:///x", "s3://b/x", "file:///a%2", "file:///a%zz", "hdfs:///x"};
    for (size_t i = 0; i < sizeof not_files / sizeof not_files[0]; i++) {
        weir_buf_clear(&out);
        weir_buf_add_str(&out, "kept");
        assert_false(weir_uri_to_path(&out, weir_str(not_files[i])));
        assert_string_equal(out.data, "kept");
    }
    weir_buf_free(&out);
}

static void hive_then_delta(struct weir_buf *out, struct weir_str text)
{
    struct weir_buf hive;
    weir_buf_init(&hive, 0);
    weir_hive_escape(&hive, text);
    weir_uri_encode_delta(out, weir_buf_view(&hive));
    weir_buf_free(&hive);
}

static void test_partition_folders(void **state)
{
    (void)state;
    static const struct golden hive[] = {
        {"US/East", "US%2FEast"}, {"hello world", "hello world"}, {"100%25", "100%2525"}, {"a{b", "a%7Bb"},
        {"a}b", "a}b"}, {"a<b>c|d", "a<b>c|d"}, {"a@b!c(d)", "a@b!c(d)"}, {"a&b+c$d;e,f", "a&b+c$d;e,f"},
        {"M\xC3\xBCnchen", "M\xC3\xBCnchen"}, {"2024-06-15 12:30:45", "2024-06-15 12%3A30%3A45"},
        {"\"#'*=?\\[]^\x7F\x01", "%22%23%27%2A%3D%3F%5C%5B%5D%5E%7F%01"},
    };
    CHECK(weir_hive_escape, hive);
    static const struct golden both[] = {
        {"US/East", "US%252FEast"}, {"hello world", "hello%20world"}, {"100%25", "100%252525"}, {"a{b", "a%257Bb"},
        {"a}b", "a%7Db"}, {"a<b>c|d", "a%3Cb%3Ec%7Cd"}, {"a@b!c(d)", "a@b!c(d)"}, {"a&b+c$d;e,f", "a&b+c$d;e,f"},
        {"M\xC3\xBCnchen", "M\xC3\xBCnchen"}, {"2024-06-15 12:30:45", "2024-06-15%2012%253A30%253A45"},
    };
    check(hive_then_delta, both, sizeof both / sizeof both[0], false);
    static const struct golden delta[] = {{"p=a/part-0 1.parquet", "p=a/part-0%201.parquet"}, {"`^", "%60%5E"}};
    CHECK(weir_uri_encode_delta, delta);
}

static void test_decode(void **state)
{
    (void)state;
    struct weir_buf out;
    weir_buf_init(&out, 0);
    assert_true(weir_uri_decode(&out, WEIR_STR("a%252Fb%c3%A9+")));
    assert_string_equal(out.data, "a%2Fb\xC3\xA9+"); /* once; a plus is a plus */
    static const char *const bad[] = {"a%", "a%2", "a%2Gb", "%%20", "% 20", "%-1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        weir_buf_clear(&out);
        assert_false(weir_uri_decode(&out, weir_str(bad[i])));
        assert_string_equal(out.data, bad[i]);
    }
    weir_buf_clear(&out);
    weir_hive_unescape(&out, WEIR_STR("100%-%2F%2-%"));
    assert_string_equal(out.data, "100%-/%2-%");
    weir_buf_clear(&out);
    assert_true(weir_uri_decode(&out, WEIR_STR("a%00b")));
    assert_int_equal(out.len, 3);
    weir_buf_free(&out);
}

static void test_absolute(void **state)
{
    (void)state;
    static const char *const rows[][3] = {
        {"/base", "a", "/base/a"},      {"/base/", "./a/../b//c/", "/base/b/c"}, {"/base", "/abs/x", "/abs/x"},
        {"/base", "", "/base"},         {"/base", ".", "/base"},                 {"/base", "..", "/"},
        {"/base", "../../../x", "/x"},  {"/", "//in", "/in"},                    {"/", "/", "/"},
        {"/a/./b", "c", "/a/b/c"},      {"/b", "...", "/b/..."},                 {"/b", "..a/.b", "/b/..a/.b"},
        {"/b", "a b", "/b/a b"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *path = weir_path_absolute(rows[i][0], rows[i][1]);
        assert_string_equal(path, rows[i][2]);
        weir_free(path);
    }
    char *here = getcwd(NULL, 0);
    char *path = weir_path_absolute(NULL, "x/../y");
    char *expected = weir_path_join(here, "y");
    assert_string_equal(path, expected);
    weir_free(path);
    path = weir_path_absolute("sub", "y");
    weir_free(expected);
    expected = weir_asprintf("%s/sub/y", here);
    assert_string_equal(path, expected);
    weir_free(path);
    weir_free(expected);
    free(here);
}

static void test_parts(void **state)
{
    (void)state;
    static const char *const joins[][3] = {{"/a", "b", "/a/b"}, {"/a/", "/b", "/a/b"}, {"/", "b", "/b"}, {"", "b", "b"},
                                           {"a", "", "a"},      {"/a//", "b/c", "/a/b/c"}};
    for (size_t i = 0; i < sizeof joins / sizeof joins[0]; i++) {
        char *path = weir_path_join(joins[i][0], joins[i][1]);
        assert_string_equal(path, joins[i][2]);
        weir_free(path);
    }
    static const char *const parts[][3] = {{"/a/b", "b", "/a"}, {"/a", "a", "/"},    {"/", "", "/"}, {"a", "a", "."},
                                           {"a/b/", "b", "a"},  {"/a//b", "b", "/a"}, {"//a", "a", "/"}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        char *parent = weir_path_parent(parts[i][0]);
        assert_true(weir_str_eq(weir_path_name(parts[i][0]), weir_str(parts[i][1])));
        assert_string_equal(parent, parts[i][2]);
        weir_free(parent);
    }
    assert_true(weir_path_is_within("/a/b", "/a"));
    assert_true(weir_path_is_within("/a", "/a"));
    assert_true(weir_path_is_within("/a", "/a/"));
    assert_true(weir_path_is_within("/a", "/"));
    assert_false(weir_path_is_within("/ab", "/a"));
    assert_false(weir_path_is_within("/", "/a"));
    assert_false(weir_path_is_within("/b/a", "/a"));
}

/* What Hadoop's own GlobPattern answers. */
static void test_hadoop_globs(void **state)
{
    (void)state;
    char *path = test_data_path("base/hadoop-globs.txt");
    char *text = test_read_file(path, NULL);
    int rows = 0;
    for (char *at = text, *line; (line = test_next_line(&at)); rows++) {
        char *subject = strchr(line, '\t');
        assert_non_null(subject);
        *subject++ = '\0';
        char *verdict = strchr(subject, '\t');
        assert_non_null(verdict);
        *verdict++ = '\0';
        if (weir_glob_match(line, subject) != (*verdict == '1')) {
            fail_msg("%s on %s: Hadoop says %s", line, subject, verdict);
        }
    }
    assert_true(rows > 900);
    weir_free(text);
    weir_free(path);
}

static void test_globs(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *text;
        bool matches;
    } rows[] = {
        {"*.csv", "a.csv", true},         {"*.csv", "a.csv.gz", false},     {"*.csv", "in/a.csv", false},
        {"in/*/x?.csv", "in/a/x1.csv", true}, {"in/*/x?.csv", "in/a/b/x1.csv", false}, {"in/*", "in/", true},
        {"?", "/", false},                {"[^a]", "/", false},             {"[.-0]", "/", false},
        {"{a,b/c}*", "b/cd", true},       {"{a,b/c}*", "b/d", false},       {"{a,{b,c}d}", "cd", true},
        {"{,a}b", "b", true},             {"{,a}b", "ab", true},            {"a{b}c", "abc", true},
        {"?", "\xF0\x9F\x98\x80", true},  {"[\xC3\xA0-\xC3\xA9]", "\xC3\xA4", true}, {"?\xFF", "x\xFF", true},
        {"[]]", "]", true},               {"[^]]", "]", false},             {"[\\]]", "]", true},
        {"[!a]", "b", true},              {"[a-]", "-", true},              {"\\*", "*", true},
        {"\\*", "a", false},              {"a,b", "a,b", true},             {"}", "}", true},
        {"[", "[", false},                {"{a", "{a", false},              {"a\\", "a\\", false},
        {"", "", true},                   {"", "a", false},                 {"**", "abc", true},
        {"input/{a,b}[1].csv", "input/b1.csv", true}, {"[*]", "*", true},   {"[?]", "?", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (weir_glob_match(rows[i].pattern, rows[i].text) != rows[i].matches) {
            fail_msg("%s on %s", rows[i].pattern, rows[i].text);
        }
    }
    assert_true(weir_glob_is("a*") && weir_glob_is("{a") && weir_glob_is("a\\b") && weir_glob_is("[") && weir_glob_is("?") &&
                weir_glob_is("}") && weir_glob_is("]"));
    assert_false(weir_glob_is("/plain/path-1.csv"));
}

/* Patterns that send a backtracking matcher into exponential time. */
static void test_glob_stays_linear(void **state)
{
    (void)state;
    struct weir_buf pattern;
    weir_buf_init(&pattern, 0);
    char text[201];
    memset(text, 'a', 200);
    text[200] = '\0';
    for (int i = 0; i < 60; i++) {
        weir_buf_add_str(&pattern, i % 2 ? "*a" : "{a,aa,a*}");
    }
    weir_buf_add_char(&pattern, 'b');
    assert_false(weir_glob_match(pattern.data, text));
    text[199] = 'b';
    assert_true(weir_glob_match(pattern.data, text));
    weir_buf_free(&pattern);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spark_names),  cmocka_unit_test(test_spark_uris), cmocka_unit_test(test_partition_folders),
        cmocka_unit_test(test_decode),       cmocka_unit_test(test_absolute),   cmocka_unit_test(test_parts),
        cmocka_unit_test(test_hadoop_globs), cmocka_unit_test(test_globs),      cmocka_unit_test(test_glob_stays_linear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
