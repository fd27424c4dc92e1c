/* Spark's own answers: every csv and json case of the shared conformance suite that has a schema and uses only options that weir has, by every way of cutting and
 * running a read. A case that Spark refuses must fail here too, with a condition and a message. */
#include "base/uri.h"
#include "csv_case.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

/* The cases were answered on this day, 2026-11-23 at noon UTC; a text that is a time alone means "today". The linker puts this in the clock's place. */
int64_t __wrap_weir_now_us(void);
int64_t __wrap_weir_now_us(void)
{
    return INT64_C(1795435200) * 1000000;
}

struct suite {
    char *root;
    int passed, refused, skipped, failed, runs;
};

static struct weir_str read_file(weir_arena *arena, const char *path)
{
    struct weir_buf buf;
    struct weir_error err = {0};
    weir_buf_init(&buf, 0);
    if (weir_fs_read_all(weir_fs_posix(), path, 64 << 20, &buf, &err) != WEIR_OK) {
        weir_buf_free(&buf);
        return (struct weir_str){NULL, 0};
    }
    struct weir_str text = {weir_arena_strndup(arena, buf.data, buf.len), buf.len};
    weir_buf_free(&buf);
    return text;
}

static bool is_whole(struct weir_str number)
{
    for (size_t i = 0; i < number.len; i++) {
        if (strchr(".eE", number.ptr[i])) {
            return false;
        }
    }
    return true;
}

static bool same_value(const struct weir_json *a, const struct weir_json *b)
{
    if (!a || !b || a->kind != b->kind) {
        return false;
    }
    if (a->kind == WEIR_JSON_NUMBER) {
        double x = 0, y = 0;
        bool whole = is_whole(a->text) && is_whole(b->text);
        return whole ? weir_str_eq(a->text, b->text) : weir_json_f64(a, &x) && weir_json_f64(b, &y) && memcmp(&x, &y, sizeof x) == 0;
    }
    return a->kind != WEIR_JSON_STRING || weir_str_eq(a->text, b->text);
}

/* Same keys in the same order, same values. */
static bool same_row(struct weir_str got, struct weir_str want)
{
    weir_arena *arena = weir_arena_new();
    const struct weir_json *a, *b;
    struct weir_error err = {0};
    bool same = weir_json_parse(arena, got, &a, &err) == WEIR_OK && weir_json_parse(arena, want, &b, &err) == WEIR_OK && a->count == b->count;
    for (a = same ? a->child : NULL, b = same ? b->child : NULL; same && a && b; a = a->next, b = b->next) {
        same = weir_str_eq(a->key, b->key) && same_value(a, b);
    }
    weir_arena_free(arena);
    return same;
}

static struct weir_str next_line(struct weir_str *text)
{
    const char *end = memchr(text->ptr, '\n', text->len);
    size_t len = end ? (size_t)(end - text->ptr) : text->len;
    struct weir_str line = {text->ptr, len};
    text->ptr += len + (end != NULL);
    text->len -= len + (end != NULL);
    return line;
}

/* --- what a case selects, over rows of all columns --- */

static const struct weir_json *column(const struct weir_json *row, struct weir_str name)
{
    for (const struct weir_json *v = row->child; v; v = v->next) {
        if (weir_str_eq_nocase(v->key, name)) {
            return v;
        }
    }
    fail_msg("no column %.*s", (int)name.len, name.ptr);
    return NULL;
}

/* One item of the SELECT list: name | length(name) AS alias. */
static void project_item(struct weir_jsonw *w, const struct weir_json *row, struct weir_str item)
{
    item = weir_str_trim(item);
    const char *as = memmem(item.ptr, item.len, " AS ", 4);
    struct weir_str alias = as ? (struct weir_str){as + 4, (size_t)(item.ptr + item.len - as - 4)} : item;
    weir_jsonw_key_view(w, alias);
    if (weir_str_starts(item, "length(")) {
        const struct weir_json *v = column(row, (struct weir_str){item.ptr + 7, (size_t)((const char *)memchr(item.ptr, ')', item.len) - item.ptr - 7)});
        if (v->kind == WEIR_JSON_NULL) {
            weir_jsonw_null(w);
        } else {
            weir_jsonw_i64(w, (int64_t)v->text.len);
        }
        return;
    }
    weir_jsonw_raw(w, column(row, item)->raw);
}

static void project(const char *select, struct csv_rows *rows)
{
    struct weir_buf out;
    weir_buf_init(&out, 0);
    struct weir_str text = weir_buf_view(&rows->text);
    if (strncmp(select, "count(*)", 8) == 0) {
        bool some = strstr(select, "> 0") != NULL;
        weir_buf_printf(&out, some ? "{\"some\":%s}\n" : "{\"n\":%s}\n", some ? (rows->count > 0 ? "true" : "false") : "0");
        text.len = 0;
    }
    while (text.len > 0) {
        weir_arena *arena = weir_arena_new();
        const struct weir_json *row;
        struct weir_error err = {0};
        assert_int_equal(weir_json_parse(arena, next_line(&text), &row, &err), WEIR_OK);
        struct weir_jsonw w;
        weir_jsonw_init(&w, &out);
        weir_jsonw_object(&w);
        for (const char *at = select; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
            size_t len = strchr(at, ',') ? (size_t)(strchr(at, ',') - at) : strlen(at);
            project_item(&w, row, (struct weir_str){at, len});
        }
        weir_jsonw_end_object(&w);
        weir_buf_add_char(&out, '\n');
        weir_arena_free(arena);
    }
    weir_buf_free(&rows->text);
    rows->text = out;
}

/* --- one case --- */

/* May this case be refused? Options beyond those asked for so far, and the forms named as exceptions. */
static bool may_refuse(const char *name, const struct weir_json *options)
{
    static const char *const beyond[] = {"locale", "singleVariantColumn", "samplingRatio"};
    static const char *const cases[] = {"csv-quote/newline_multiline_linesep_crlf", "csv-types/interval", "csv-types/variant", "csv-timestamp/format_vv", "csv-timestamp/format_zzzz", "json-types/interval", "json-types/variant"};
    for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++) {
        if (weir_json_get(options, beyond[i])) {
            return true;
        }
    }
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (strcmp(name, cases[i]) == 0) {
            return true;
        }
    }
    return false;
}

struct one_case {
    weir_arena *arena;
    const char *name, *folder, *format;
    const struct weir_json *json, *options;
    const char *paths[64];
    size_t path_count;
    struct weir_str expected;
    bool error;
};

static weir_rc add_input(void *arg, const char *name, const struct weir_file_info *info, struct weir_error *err)
{
    struct one_case *c = arg;
    (void)info;
    (void)err;
    if (strncmp(name, "input", 5) == 0) {
        c->paths[c->path_count++] = weir_arena_printf(c->arena, "%s/%s", c->folder, name);
    }
    return WEIR_OK;
}

static void find_inputs(struct one_case *c)
{
    struct weir_error err = {0};
    const struct weir_json *files = weir_json_get(c->json, "files");
    if (!files) {
        assert_int_equal(weir_fs_list(weir_fs_posix(), c->folder, add_input, c, &err), WEIR_OK);
        return;
    }
    for (const struct weir_json *f = files->child; f; f = f->next) {
        c->paths[c->path_count++] = weir_arena_printf(c->arena, "%s/%s", c->folder, f->text.ptr);
    }
}

static bool compare(const struct one_case *c, const struct csv_way *way, struct csv_rows *rows)
{
    struct weir_str got = weir_buf_view(&rows->text), want = c->expected;
    int differences = 0;
    for (int row = 1; got.len > 0 || want.len > 0; row++) {
        struct weir_str g = next_line(&got), x = next_line(&want);
        if (!same_row(g, x) && ++differences <= 3) {
            print_message("%s (%s) row %d\n  weir  %.*s\n  spark %.*s\n", c->name, way->name, row, (int)g.len, g.ptr, (int)x.len, x.ptr);
        }
    }
    return differences == 0;
}

/* The schema that weir infers is the one that Spark inferred. */
static weir_rc infer(const struct one_case *c, const weir_options *options, weir_schema **out, struct weir_error *err)
{
    struct weir_text_file *files = weir_arena_zalloc(c->arena, (c->path_count + 1) * sizeof *files);
    struct weir_file_info info;
    for (size_t i = 0; i < c->path_count; i++) {
        assert_int_equal(weir_fs_stat(weir_fs_posix(), c->paths[i], &info, err), WEIR_OK);
        files[i] = (struct weir_text_file){.path = c->paths[i], .size = info.size, .mtime_ns = info.mtime_ns};
    }
    WEIR_TRY(weir_format_infer(c->format, options, NULL, weir_fs_posix(), files, c->path_count, c->arena, out, err));
    struct weir_str spark = weir_str_trim(read_file(c->arena, weir_arena_printf(c->arena, "%s/expected-schema.txt", c->folder)));
    struct weir_buf mine;
    weir_schema *theirs = NULL;
    weir_buf_init(&mine, 0);
    weir_schema_print_ddl(&mine, *out);
    bool same = c->error || (*out)->field_count == 0;
    if (!same && weir_schema_parse_ddl(c->arena, spark, &theirs, err) == WEIR_OK) {
        struct weir_buf other;
        weir_buf_init(&other, 0);
        weir_schema_print_ddl(&other, theirs);
        same = weir_str_eq(weir_buf_view(&mine), weir_buf_view(&other));
        weir_buf_free(&other);
    }
    weir_rc rc = same ? WEIR_OK : weir_fail(err, WEIR_INVALID, "INFERRED_OTHERWISE", "weir %.700s; Spark %.*s", mine.data, (int)spark.len, spark.ptr);
    weir_buf_free(&mine);
    return rc;
}

static weir_rc run_way(const struct one_case *c, const struct csv_way *way, struct csv_rows *rows)
{
    const char *ddl = weir_json_string(weir_json_get(c->json, "schema"));
    weir_schema *schema;
    weir_format *csv = NULL;
    memset(rows, 0, sizeof *rows);
    weir_buf_init(&rows->text, 0);
    weir_options *options = weir_options_new();
    for (const struct weir_json *o = c->options ? c->options->child : NULL; o; o = o->next) {
        weir_options_set(options, weir_arena_strndup(c->arena, o->key.ptr, o->key.len), o->text.ptr);
    }
    weir_rc rc = ddl ? weir_schema_parse_ddl(c->arena, weir_str(ddl), &schema, &rows->err) : infer(c, options, &schema, &rows->err);
    if (rc == WEIR_OK) {
        rc = weir_format_new(c->format, schema, options, NULL, &csv, &rows->err);
    }
    weir_options_free(options);
    if (rc == WEIR_OK) {
        weir_buf_free(&rows->text);
        rc = csv_read_files(schema, csv, c->paths, c->path_count, way, rows);
    }
    weir_format_free(csv);
    return rc;
}

static bool check_way(struct suite *suite, const struct one_case *c, const struct csv_way *way, bool *refused)
{
    struct csv_rows rows;
    const char *select = weir_json_string(weir_json_get(c->json, "select"));
    weir_rc rc = run_way(c, way, &rows);
    bool good;
    suite->runs++;
    if (c->error) {
        good = rc != WEIR_OK && rows.err.condition[0] != '\0' && rows.err.msg[0] != '\0';
        if (!good) {
            print_message("%s (%s): Spark fails, weir does not\n", c->name, way->name);
        }
    } else if (rc == WEIR_UNSUPPORTED && may_refuse(c->name, c->options)) {
        *refused = true;
        good = true;
        if (way == csv_ways) {
            print_message("refused: %s: %s\n", c->name, rows.err.msg);
        }
    } else if (rc != WEIR_OK) {
        print_message("%s (%s): %s %s\n", c->name, way->name, rows.err.condition, rows.err.msg);
        good = false;
    } else {
        if (select) {
            project(select, &rows);
        }
        good = compare(c, way, &rows);
    }
    csv_rows_free(&rows);
    return good;
}

static void run_case(struct suite *suite, struct weir_str name)
{
    weir_arena *arena = weir_arena_new();
    struct one_case c = {.arena = arena, .name = weir_arena_strndup(arena, name.ptr, name.len)};
    struct weir_error err = {0};
    c.folder = weir_arena_printf(arena, "%s/%s", suite->root, c.name);
    struct weir_str json = read_file(arena, weir_arena_printf(arena, "%s/case.json", c.folder));
    assert_int_equal(weir_json_parse(arena, json, &c.json, &err), WEIR_OK);
    c.options = weir_json_get(c.json, "options");
    c.format = weir_json_string(weir_json_get(c.json, "format"));
    bool quirk = false;
    const char *why = NULL;
    (void)weir_json_bool(weir_json_get(c.json, "quirk"), &quirk);
    if (quirk) {
        why = "an accident of Spark";
    } else if (weir_json_get(c.json, "streaming")) {
        why = "streaming";
    }
    if (why) {
        suite->skipped++;
        print_message("skipped: %s: %s\n", c.name, why);
    } else {
        find_inputs(&c);
        c.expected = read_file(arena, weir_arena_printf(arena, "%s/expected.ndjson", c.folder));
        c.error = c.expected.ptr == NULL;
        bool good = true, refused = false;
        for (const struct csv_way *way = csv_ways; way->name && good; way++) {
            good = check_way(suite, &c, way, &refused);
        }
        suite->failed += !good;
        suite->refused += good && refused;
        suite->passed += good && !refused;
    }
    weir_arena_free(arena);
}

static void spark_conformance(void **state)
{
    (void)state;
    struct suite suite = {0};
    const char *shared = getenv("WEIR_SHARED"), *only = getenv("WEIR_ONLY");
    suite.root = weir_asprintf("%s/conformance/text", shared ? shared : WEIR_SOURCE_DIR "/../shared");
    weir_arena *arena = weir_arena_new();
    struct weir_str index = read_file(arena, weir_arena_printf(arena, "%s/INDEX.tsv", suite.root));
    if (!index.ptr) {
        print_message("skipped: shared data not there\n");
        weir_arena_free(arena);
        weir_free(suite.root);
        skip();
    }
    while (index.len > 0) {
        struct weir_str line = next_line(&index);
        const char *tab = memchr(line.ptr, '\t', line.len);
        struct weir_str name = {line.ptr, tab ? (size_t)(tab - line.ptr) : line.len};
        if ((weir_str_starts(name, "csv") || weir_str_starts(name, "json")) && (!only || memmem(name.ptr, name.len, only, strlen(only)))) {
            run_case(&suite, name);
        }
    }
    print_message("conformance: %d cases passed, %d refused by name, %d skipped, %d failed (%d reads)\n", suite.passed, suite.refused, suite.skipped, suite.failed, suite.runs);
    weir_arena_free(arena);
    weir_free(suite.root);
    assert_true(suite.runs > 0);
    assert_int_equal(suite.failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(spark_conformance)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
