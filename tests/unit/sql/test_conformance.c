/* Tables that other engines wrote: each gives exactly its expected rows, or is refused by name. */
#include "sqltest.h"
#include "base/uri.h"
#include <stdio.h>
#include <stdlib.h>

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Lines, sorted. The lines point into the text. */
static char **sorted_lines(char *text, size_t *count_out)
{
    char **lines = NULL;
    size_t count = 0, cap = 0;
    for (char *line = text; line && *line;) {
        char *end = strchr(line, '\n');
        if (end) {
            *end = '\0';
        }
        WEIR_PUSH(lines, count, cap) = line;
        line = end ? end + 1 : NULL;
    }
    if (count) {
        qsort(lines, count, sizeof *lines, by_bytes);
    }
    *count_out = count;
    return lines;
}

/* The expected rows were printed by DuckDB's to_json, ours by weir: both are brought to one form, value by value, with the column's type. */

static void number_form(struct weir_buf *out, const struct weir_type *type, struct weir_str text)
{
    double number = 0;
    if (type->id == WEIR_TYPE_FLOAT || type->id == WEIR_TYPE_DOUBLE) {
        if (weir_str_to_f64(text, &number)) {
            weir_buf_printf(out, type->id == WEIR_TYPE_FLOAT ? "%.6g" : "%.15g", number);
        } else { /* NaN, Infinity in any case and length */
            weir_buf_printf(out, "%s%s", text.ptr[0] == '-' ? "-" : "", weir_str_eq_nocase(text, WEIR_STR("nan")) ? "nan" : "inf");
        }
        return;
    }
    size_t len = text.len;
    while (memchr(text.ptr, '.', text.len) && len > 0 && text.ptr[len - 1] == '0') {
        len--;
    }
    len -= len > 0 && text.ptr[len - 1] == '.';
    weir_buf_add(out, text.ptr, len);
}

/* "2020-01-01T08:09:10.120000Z" and "2020-01-01 08:09:10.12+00" -> "2020-01-01 08:09:10.12". */
static void time_form(struct weir_buf *out, struct weir_str text)
{
    size_t len = text.len;
    if (len > 3 && memcmp(text.ptr + len - 3, "+00", 3) == 0) {
        len -= 3;
    }
    len -= len > 0 && text.ptr[len - 1] == 'Z';
    while (memchr(text.ptr, '.', len) && text.ptr[len - 1] == '0') {
        len--;
    }
    len -= text.ptr[len - 1] == '.';
    for (size_t i = 0; i < len; i++) {
        weir_buf_add_char(out, text.ptr[i] == 'T' ? ' ' : text.ptr[i]);
    }
}

/* DuckDB's text of a BLOB. */
static void blob_form(struct weir_buf *out, struct weir_str base64)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t bits = 0;
    int have = 0;
    for (size_t i = 0; i < base64.len; i++) {
        const char *at = memchr(digits, base64.ptr[i], 64);
        if (!at) {
            break;
        }
        bits = (bits << 6 | (uint32_t)(at - digits)) & 0xffffffu;
        have += 6;
        if (have >= 8) {
            have -= 8;
            const unsigned byte = bits >> have & 0xff;
            weir_buf_printf(out, byte < 32 || byte > 126 || byte == '\\' || byte == '\'' || byte == '"' ? "\\x%02X" : "%c", byte);
        }
    }
}

static void canonical(struct weir_buf *out, const struct weir_type *type, const struct weir_json *value, bool ours);

static void map_form(struct weir_buf *out, const struct weir_type *type, const struct weir_json *value, bool ours)
{
    char **entries = NULL;
    size_t count = 0, cap = 0;
    for (const struct weir_json *child = value->child; child; child = child->next) {
        struct weir_buf entry;
        weir_buf_init(&entry, 0);
        if (ours) {
            const struct weir_json *key = child->child;
            weir_buf_add_view(&entry, key->kind == WEIR_JSON_STRING ? key->text : key->raw);
        } else {
            weir_buf_add_view(&entry, child->key);
        }
        weir_buf_add_char(&entry, '=');
        canonical(&entry, &type->fields[1].type, ours ? child->child->next : child, ours);
        WEIR_PUSH(entries, count, cap) = weir_buf_take(&entry);
    }
    if (count) {
        qsort(entries, count, sizeof *entries, by_bytes);
    }
    for (size_t i = 0; i < count; i++) {
        weir_buf_printf(out, "%s%s", i ? "," : "{", entries[i]);
        weir_free(entries[i]);
    }
    weir_buf_add_str(out, count ? "}" : "{}");
    weir_free(entries);
}

static void canonical(struct weir_buf *out, const struct weir_type *type, const struct weir_json *value, bool ours)
{
    if (!value || value->kind == WEIR_JSON_NULL) {
        weir_buf_add_str(out, "null");
        return;
    }
    const struct weir_str text = value->kind == WEIR_JSON_STRING || value->kind == WEIR_JSON_NUMBER ? value->text : value->raw;
    switch (type->id) {
    case WEIR_TYPE_STRUCT:
        for (size_t i = 0; i < type->field_count; i++) {
            weir_buf_printf(out, "%s%s=", i ? "," : "(", type->fields[i].name);
            canonical(out, &type->fields[i].type, weir_json_get(value, type->fields[i].name), ours);
        }
        weir_buf_add_char(out, ')');
        return;
    case WEIR_TYPE_ARRAY:
        weir_buf_add_char(out, '[');
        for (const struct weir_json *child = value->child; child; child = child->next) {
            canonical(out, &type->fields[0].type, child, ours);
            weir_buf_add_char(out, ';');
        }
        weir_buf_add_char(out, ']');
        return;
    case WEIR_TYPE_MAP:
        map_form(out, type, value, ours);
        return;
    case WEIR_TYPE_TIMESTAMP:
    case WEIR_TYPE_TIMESTAMP_NTZ:
        time_form(out, text);
        return;
    case WEIR_TYPE_BINARY:
        if (ours) {
            blob_form(out, text);
            return;
        }
        break;
    case WEIR_TYPE_FLOAT:
    case WEIR_TYPE_DOUBLE:
    case WEIR_TYPE_DECIMAL:
        number_form(out, type, text);
        return;
    default:
        break;
    }
    weir_buf_add_view(out, text);
}

/* Lines of JSON, each in canonical form. */
static char *canonical_lines(const weir_schema *schema, struct weir_str text, bool ours)
{
    struct weir_buf out;
    weir_arena *arena = weir_arena_new();
    weir_buf_init(&out, 0);
    weir_buf_add_str(&out, "");
    for (size_t at = 0; at < text.len;) {
        const char *end = memchr(text.ptr + at, '\n', text.len - at);
        const size_t len = end ? (size_t)(end - text.ptr) - at : text.len - at;
        const struct weir_json *row = NULL;
        if (len > 0) {
            assert_int_equal(weir_json_parse(arena, (struct weir_str){text.ptr + at, len}, &row, NULL), WEIR_OK);
            canonical(&out, schema, row, ours);
            weir_buf_add_char(&out, '\n');
        }
        weir_arena_reset(arena);
        at += len + 1;
    }
    weir_arena_free(arena);
    return weir_buf_take(&out);
}

static int differences(const char *table, char *got, char *wanted)
{
    size_t got_count = 0, wanted_count = 0;
    char **a = sorted_lines(got, &got_count);
    char **b = sorted_lines(wanted, &wanted_count);
    int bad = got_count != wanted_count;
    if (bad) {
        print_message("%s: %zu rows, expected %zu\n", table, got_count, wanted_count);
    }
    for (size_t i = 0; !bad && i < got_count; i++) {
        if (strcmp(a[i], b[i]) != 0) {
            print_message("%s: row\n  %.600s\nexpected\n  %.600s\n", table, a[i], b[i]);
            bad = 1;
        }
    }
    weir_free(a);
    weir_free(b);
    return bad;
}

struct totals { int equal, refused, rejected, absent, wrong; };

static weir_rc read_table(struct lake *lake, const char *path, struct weir_buf *rows, weir_schema **schema, weir_arena *arena)
{
    struct weir_stmt *stmts = NULL;
    size_t count = 0;
    weir_result *result = NULL;
    const char *sql = weir_arena_printf(arena, "SELECT * FROM delta.`%s`", path);
    weir_error_clear(&lake->err);
    weir_rc rc = weir_sql_parse(arena, weir_str(sql), &stmts, &count, &lake->err);
    if (rc == WEIR_OK) {
        rc = weir_session_run(lake->session, &stmts[0], &result, &lake->err);
    }
    if (rc == WEIR_OK) {
        *schema = weir_schema_copy(arena, weir_result_schema(result));
        rc = rows_print(result, rows, &lake->err);
    }
    weir_result_close(result);
    return rc;
}

static void check_table(struct lake *lake, const char *root, char *const *cells, struct totals *totals)
{
    struct weir_buf rows, wanted;
    weir_schema *schema = NULL;
    weir_arena *arena = weir_arena_new();
    const char *path = weir_arena_printf(arena, "%s/%s", root, cells[0]);
    const bool reject = strstr(cells[2], "REJECT READ") != NULL && strncmp(cells[2], "READ", 4) != 0, read = strncmp(cells[2], "READ", 4) == 0;
    weir_buf_init(&rows, 0);
    weir_buf_init(&wanted, 0);
    const weir_rc rc = read_table(lake, path, &rows, &schema, arena);
    if (rc == WEIR_UNSUPPORTED && lake->err.condition[0] && strcmp(lake->err.condition, "SQL_ENGINE_REFUSED") != 0) {
        totals->refused++;
        if (getenv("WEIR_VERBOSE")) {
            print_message("refused %s: %.200s\n", cells[0], lake->err.msg);
        }
    } else if (reject || !cells[7][0]) {
        totals->rejected += reject && rc != WEIR_OK;
        totals->absent += !reject;
        totals->wrong += reject && rc == WEIR_OK;
        if (reject && rc == WEIR_OK) {
            print_message("%s: %s; it was read\n", cells[0], cells[2]);
        }
    } else if (rc != WEIR_OK) {
        totals->wrong += read;
        totals->absent += !read;
        print_message("%s: %s %s: %s (%s)\n", cells[0], weir_rc_name(rc), lake->err.condition, lake->err.msg, cells[2]);
    } else {
        const char *derived = weir_arena_printf(arena, "%s/%s", root, cells[7]);
        assert_int_equal(weir_fs_read_all(weir_fs_posix(), derived, (size_t)1 << 30, &wanted, &lake->err), WEIR_OK);
        char *a = canonical_lines(schema, weir_buf_view(&rows), true);
        char *b = canonical_lines(schema, weir_buf_view(&wanted), false);
        const int bad = differences(cells[0], a, b);
        totals->wrong += bad;
        totals->equal += !bad;
        weir_free(a);
        weir_free(b);
    }
    weir_buf_free(&rows);
    weir_buf_free(&wanted);
    weir_arena_free(arena);
}

static void tables_of_others(void **state)
{
    struct lake lake;
    struct weir_buf index;
    struct totals totals = {0};
    char path[1024], empty[1] = "";
    (void)state;
    if (!shared_folder()) {
        print_message("skipped: shared data not there\n");
        skip();
    }
    char *root = weir_path_absolute(NULL, shared_folder());
    lake_open(&lake, false, 0);
    snprintf(path, sizeof path, "%s/conformance/delta", root);
    weir_free(root);
    weir_buf_init(&index, 0);
    char *file = weir_path_join(path, "INDEX.tsv");
    assert_int_equal(weir_fs_read_all(weir_fs_posix(), file, 1 << 24, &index, &lake.err), WEIR_OK);
    weir_free(file);
    char *line = strchr(index.data, '\n');
    while (line && line[1]) {
        char *cells[8];
        char *at = line + 1;
        line = strchr(at, '\n');
        if (line) {
            *line = '\0';
        }
        for (size_t c = 0; c < 8; c++) {
            cells[c] = at ? at : empty;
            at = at ? strchr(at, '\t') : NULL;
            if (at) {
                *at++ = '\0';
            }
        }
        const char *only = getenv("WEIR_ONLY");
        if (!only || strstr(cells[0], only)) {
            check_table(&lake, path, cells, &totals);
        }
    }
    print_message("conformance: %d equal, %d refused by name, %d rejected, %d without rows to compare, %d wrong\n", totals.equal, totals.refused, totals.rejected, totals.absent, totals.wrong);
    weir_buf_free(&index);
    lake_close(&lake);
    assert_int_equal(totals.wrong, 0);
    assert_true(getenv("WEIR_ONLY") || totals.equal >= 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(tables_of_others)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
