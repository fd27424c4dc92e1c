/* Any text: parsed, and translated over a table with a column of each kind; an error or an answer, never a crash. */
#include "dialect/dialect.h"

static weir_rc resolve(void *arg, const struct weir_table_ref *ref, struct weir_relation *out, struct weir_error *err)
{
    weir_schema *schema = NULL;
    (void)ref;
    WEIR_TRY(weir_schema_parse_ddl(arg, weir_str("a BIGINT, b STRING, c DOUBLE, d DECIMAL(10,2), e TIMESTAMP, f DATE, g ARRAY<STRING>, h STRUCT<a: INT>, i MAP<STRING, INT>, j BOOLEAN"), &schema, err));
    *out = (struct weir_relation){.schema = schema, .duck_sql = "\"t\""};
    return WEIR_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    weir_arena *arena = weir_arena_new();
    const struct weir_resolver resolver = {resolve, arena};
    struct weir_stmt *stmts = NULL;
    struct weir_str text = {(const char *)data, size}, substituted;
    struct weir_error err = {0};
    size_t count = 0;
    if (weir_sql_substitute(arena, text, NULL, &substituted, &err) == WEIR_OK && weir_sql_parse(arena, substituted, &stmts, &count, &err) == WEIR_OK) {
        for (size_t i = 0; i < count; i++) {
            struct weir_translation out;
            struct weir_simple_query simple;
            if (stmts[i].query && weir_sql_translate(arena, stmts[i].query, &resolver, NULL, &out, &err) == WEIR_OK) {
                WEIR_ASSERT(out.duck_sql && out.schema);
            }
            (void)weir_sql_simple(arena, stmts[i].query, &simple);
        }
    }
    weir_arena_free(arena);
    return 0;
}
