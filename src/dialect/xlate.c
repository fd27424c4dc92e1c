/* xlate.c - the door of the translator, and the small things that all of its files use. */
#include "dialect/parser.h"
#include "dialect/xlate.h"

#include <stdio.h>

const char *weiri_f(struct xl *x, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    const int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    WEIR_ASSERT(len >= 0);
    char *out = weir_arena_alloc(x->arena, (size_t)len + 1);
    vsnprintf(out, (size_t)len + 1, fmt, again);
    va_end(again);
    return out;
}

const char *weiri_more(struct xl *x, const char *text, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    const int more = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    WEIR_ASSERT(more >= 0);
    const size_t len = text == x->growing ? x->growing_len : strlen(text), need = len + (size_t)more + 1;
    if (text != x->growing || need > x->growing_cap) {
        const size_t cap = 2 * need < 64 ? 64 : 2 * need;
        char *larger = weir_arena_alloc(x->arena, cap);
        memcpy(larger, text, len);
        x->growing = larger;
        x->growing_cap = cap;
    }
    vsnprintf(x->growing + len, (size_t)more + 1, fmt, again);
    va_end(again);
    x->growing_len = len + (size_t)more;
    return x->growing;
}

static const char *quoted(struct xl *x, const char *text, char quote)
{
    size_t extra = 0;
    const size_t len = strlen(text);
    for (size_t i = 0; i < len; i++) {
        extra += text[i] == quote;
    }
    char *out = weir_arena_alloc(x->arena, len + extra + 3), *o = out;
    *o++ = quote;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == quote) {
            *o++ = quote;
        }
        *o++ = text[i];
    }
    *o++ = quote;
    *o = '\0';
    return out;
}

const char *weiri_quote_name(struct xl *x, const char *name)
{
    return quoted(x, name, '"');
}

const char *weiri_quote_string(struct xl *x, const char *text)
{
    return quoted(x, text, '\'');
}

weir_rc weiri_invalid(struct xl *x, struct weir_pos pos, const char *condition, const char *fmt, ...)
{
    char what[1500];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    return weir_fail_at(x->err, WEIR_INVALID, condition, pos.line, pos.column, "%s", what);
}

weir_rc weiri_unsupported(struct xl *x, struct weir_pos pos, const char *condition, const char *what)
{
    return weir_fail_at(x->err, WEIR_UNSUPPORTED, condition, pos.line, pos.column, "%.1000s is not done by weir yet; write it another way", what);
}

const char *weiri_type_text(struct xl *x, const struct weir_type *type)
{
    struct weir_buf buf;
    weir_buf_init(&buf, 0);
    weir_type_print(&buf, type);
    const char *out = weir_arena_strndup(x->arena, buf.data ? buf.data : "", buf.len);
    weir_buf_free(&buf);
    return out;
}

/* --- near names --- */

#define NEAR_LEN 64

static char low(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static int distance(const char *a, const char *b)
{
    const size_t la = strlen(a), lb = strlen(b);
    int row[NEAR_LEN + 1];
    if (la > NEAR_LEN || lb > NEAR_LEN) {
        return NEAR_LEN;
    }
    for (size_t j = 0; j <= lb; j++) {
        row[j] = (int)j;
    }
    for (size_t i = 1; i <= la; i++) {
        int diagonal = row[0];
        row[0] = (int)i;
        for (size_t j = 1; j <= lb; j++) {
            const int replace = diagonal + (low(a[i - 1]) == low(b[j - 1]) ? 0 : 1);
            const int insert = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = replace < insert ? replace : insert;
        }
    }
    return row[lb];
}

const char *weiri_near(struct xl *x, const char *name, const char *const *names, size_t count)
{
    const char *out = "";
    int shown = 0;
    const int limit = (int)strlen(name) / 2 < 3 ? (int)strlen(name) / 2 + 1 : 3;
    for (int d = 0; d <= limit && shown < 5; d++) {
        for (size_t i = 0; i < count && shown < 5; i++) {
            bool before = false;
            for (size_t k = 0; k < i; k++) {
                before = before || strcmp(names[k], names[i]) == 0;
            }
            if (!before && distance(name, names[i]) == d) {
                out = weiri_f(x, "%s%s`%s`", out, shown++ ? ", " : "; did you mean ", names[i]);
            }
        }
    }
    if (shown == 0 && count > 0 && count <= 30) {
        for (size_t i = 0; i < count && i < 10; i++) {
            out = weiri_f(x, "%s%s`%s`", out, i ? ", " : "; there are ", names[i]);
        }
    }
    return shown ? weiri_f(x, "%s?", out) : out;
}

/* --- the door --- */

static bool names_metadata(weir_arena *arena, const weir_node *query)
{
    struct weir_table_ref *refs = NULL;
    size_t count = 0;
    struct weir_error scratch;
    return weir_sql_tables(arena, query, &refs, &count, &scratch) == WEIR_OK && count > 0 && refs[0].metadata_used;
}

weir_rc weir_sql_translate(weir_arena *arena, const weir_node *query, const struct weir_resolver *resolver, const struct weir_translate_options *options, struct weir_translation *out,
                           struct weir_error *err)
{
    struct xl x = {.arena = arena, .resolver = resolver, .options = options, .err = err, .out = out};
    struct result result;
    memset(out, 0, sizeof *out);
    out->deterministic = true;
    WEIR_ASSERT(query && query->kind == N_QUERY && resolver);
    if (options && options->time_zone && strcmp(options->time_zone, "UTC") != 0) {
        return weiri_unsupported(&x, query->pos, "TIME_ZONE_UNSUPPORTED", weiri_f(&x, "the session time zone '%.60s' (only UTC)", options->time_zone));
    }
    x.metadata_used = names_metadata(arena, query);
    WEIR_TRY(weiri_query_sql(&x, query->query, NULL, true, &result));
    weir_schema *schema = weir_schema_new(arena, result.count);
    for (size_t i = 0; i < result.count; i++) {
        schema->fields[i] = (struct weir_field){.name = result.cols[i].name, .type = result.cols[i].type, .nullable = true};
    }
    out->schema = schema;
    out->duck_sql = result.sql;
    return WEIR_OK;
}

const char *const *weir_sql_keywords(void)
{
    static const char *const words[] = {
        "ALL", "AND", "ANTI", "AS", "ASC", "BETWEEN", "BY", "CASE", "CAST", "CATALOG", "CLUSTER", "COMMENT", "CONSTRAINT", "CREATE", "CROSS", "CUBE", "CURRENT", "DATABASE", "DESC", "DESCRIBE", "DETAIL",
        "DISTINCT", "DIV", "DROP", "ELSE", "END", "EXCEPT", "EXISTS", "EXPECT", "EXPLAIN", "EXTENDED", "EXTERNAL", "FALSE", "FILTER", "FIRST", "FLOW", "FOLLOWING", "FROM", "FULL", "GROUP", "GROUPING",
        "HAVING", "HISTORY", "IF", "ILIKE", "IN", "INNER", "INSERT", "INTERSECT", "INTERVAL", "INTO", "IS", "JOIN", "LAST", "LATERAL", "LEFT", "LIKE", "LIMIT", "LOCATION", "MATERIALIZED",
        "MINUS", "NATURAL", "NOT", "NULL", "NULLS", "OF", "OFFSET", "ON", "OPTIONS", "OR", "ORDER", "OUTER", "OVER", "OVERWRITE", "PARTITION", "PARTITIONED", "PRECEDING", "QUARANTINE", "RANGE", "REFRESH",
        "REPLACE", "RIGHT", "RLIKE", "ROLLUP", "ROW", "ROWS", "SCHEMA", "SCHEMAS", "SELECT", "SEMI", "SET", "SETS", "SHOW", "STREAM", "STREAMING", "TABLE", "TABLES", "TBLPROPERTIES",
        "TEMPORARY", "THEN", "TIMESTAMP", "TRUE", "TRY_CAST", "UNBOUNDED", "UNION", "USE", "USING", "VALUES", "VERSION", "VIEW", "VIOLATION", "VOLUME", "VOLUMES", "WHEN", "WHERE", "WINDOW", "WITH", NULL};
    return words;
}
