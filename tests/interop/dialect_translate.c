/* dialect_translate.c - the dialect at the end of a pipe, for tests in other languages.
 *
 *   dialect_translate --prelude                 prints the macros
 *   dialect_translate TABLES.json < LINES       each line of the input is a JSON string with a script; each line of the output a JSON array, an object a statement
 *
 * TABLES.json: {"c.s.t or s.t or t": "a BIGINT, b STRING", ...}; a table's relation in DuckDB is its name in double quotes. */
#include "dialect/dialect.h"

#include <stdio.h>

struct tables { const struct weir_json *all; weir_arena *arena; };

static weir_rc resolve(void *arg, const struct weir_table_ref *ref, struct weir_relation *out, struct weir_error *err)
{
    struct tables *tables = arg;
    struct weir_buf name;
    weir_buf_init(&name, 0);
    for (int i = 0; i < ref->name.count; i++) {
        weir_buf_add_str(&name, i ? "." : "");
        weir_buf_add_view(&name, ref->name.parts[i]);
    }
    const char *key = weir_arena_strdup(tables->arena, name.data ? name.data : "");
    weir_buf_free(&name);
    const char *ddl = weir_json_string(weir_json_get(tables->all, key));
    if (!ddl) {
        return weir_fail_at(err, WEIR_NOT_FOUND, "TABLE_OR_VIEW_NOT_FOUND", ref->pos.line, ref->pos.column, "no table %s", key);
    }
    weir_schema *schema = NULL;
    WEIR_TRY(weir_schema_parse_ddl(tables->arena, weir_str(ddl), &schema, err));
    out->schema = schema;
    out->duck_sql = weir_arena_printf(tables->arena, "\"%s\"", key);
    out->hidden = NULL;
    if (ref->metadata_used) {
        weir_schema *hidden = NULL;
        WEIR_TRY(weir_schema_parse_ddl(tables->arena, weir_str("_metadata STRUCT<file_path: STRING, file_name: STRING, file_size: BIGINT>"), &hidden, err));
        out->hidden = hidden;
    }
    return WEIR_OK;
}

static void error_object(struct weir_jsonw *w, const struct weir_error *err)
{
    weir_jsonw_kv(w, "error", err->condition);
    weir_jsonw_kv(w, "code", weir_rc_name(err->code));
    weir_jsonw_kv_i64(w, "line", err->line);
    weir_jsonw_kv_i64(w, "column", err->column);
    weir_jsonw_kv(w, "message", err->msg);
}

static void translated(struct weir_jsonw *w, weir_arena *arena, struct tables *tables, const struct weir_stmt *stmt)
{
    const struct weir_resolver resolver = {resolve, tables};
    const struct weir_translate_options options = {.current_catalog = "workspace", .current_schema = "default", .current_user = "tester"};
    struct weir_translation out;
    struct weir_error err = {0};
    weir_jsonw_object(w);
    weir_jsonw_kv_i64(w, "kind", stmt->kind);
    weir_jsonw_key(w, "text");
    weir_jsonw_view(w, stmt->text);
    if (stmt->query && weir_sql_translate(arena, stmt->query, &resolver, &options, &out, &err) != WEIR_OK) {
        error_object(w, &err);
    } else if (stmt->query) {
        weir_jsonw_kv(w, "sql", out.duck_sql);
        weir_jsonw_kv_bool(w, "deterministic", out.deterministic);
        weir_jsonw_key(w, "columns");
        weir_jsonw_array(w);
        for (size_t i = 0; i < out.schema->field_count; i++) {
            struct weir_buf type;
            weir_buf_init(&type, 0);
            weir_type_print(&type, &out.schema->fields[i].type);
            weir_jsonw_array(w);
            weir_jsonw_string(w, out.schema->fields[i].name);
            weir_jsonw_string(w, type.data);
            weir_jsonw_end_array(w);
            weir_buf_free(&type);
        }
        weir_jsonw_end_array(w);
    }
    weir_jsonw_end_object(w);
}

static void line(struct tables *tables, struct weir_str text)
{
    weir_arena *arena = weir_arena_new();
    struct weir_error err = {0};
    const struct weir_json *json = NULL;
    struct weir_buf buf;
    struct weir_jsonw w;
    weir_buf_init(&buf, 0);
    weir_jsonw_init(&w, &buf);
    tables->arena = arena;
    weir_jsonw_array(&w);
    struct weir_stmt *stmts = NULL;
    size_t count = 0;
    weir_rc rc = weir_json_parse(arena, text, &json, &err);
    rc = rc == WEIR_OK ? weir_sql_parse(arena, json->text, &stmts, &count, &err) : rc;
    if (rc != WEIR_OK) {
        weir_jsonw_object(&w);
        error_object(&w, &err);
        weir_jsonw_end_object(&w);
    }
    for (size_t i = 0; rc == WEIR_OK && i < count; i++) {
        translated(&w, arena, tables, &stmts[i]);
    }
    weir_jsonw_end_array(&w);
    puts(buf.data);
    weir_buf_free(&buf);
    weir_arena_free(arena);
}

static void read_all(FILE *file, struct weir_buf *out)
{
    char block[65536];
    size_t n;
    while ((n = fread(block, 1, sizeof block, file)) > 0) {
        weir_buf_add(out, block, n);
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("dialect_translate --prelude | TABLES.json < LINES\n", stderr);
        return 2;
    }
    if (strcmp(argv[1], "--prelude") == 0) {
        fputs(weir_sql_prelude(), stdout);
        return 0;
    }
    struct weir_buf text, input;
    struct tables tables = {0};
    struct weir_error err = {0};
    weir_arena *arena = weir_arena_new();
    FILE *file = fopen(argv[1], "rb");
    weir_buf_init(&text, 0);
    weir_buf_init(&input, 0);
    if (!file) {
        perror(argv[1]);
        return 2;
    }
    read_all(file, &text);
    fclose(file);
    if (weir_json_parse(arena, weir_buf_view(&text), &tables.all, &err) != WEIR_OK) {
        fprintf(stderr, "%s: %s\n", argv[1], err.msg);
        return 2;
    }
    read_all(stdin, &input);
    for (size_t at = 0; at < input.len;) {
        const char *end = memchr(input.data + at, '\n', input.len - at);
        const size_t len = end ? (size_t)(end - input.data) - at : input.len - at;
        line(&tables, (struct weir_str){input.data + at, len});
        at += len + 1;
    }
    weir_buf_free(&text);
    weir_buf_free(&input);
    weir_arena_free(arena);
    return 0;
}
