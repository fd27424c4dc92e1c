/* types_ddl.c - Spark's DDL of types and schemas: "a BIGINT, b: STRUCT<x: INT> NOT NULL COMMENT 'why'".
 *
 * A recursive descent over tokens made on the fly. Depth is bounded, positions are 1-based and count bytes. */
#include "column/types_internal.h"
#include <stdio.h>

#define DDL_DEPTH_MAX 100

enum token { T_END, T_WORD, T_QUOTED, T_STRING, T_NUMBER, T_SIGN };
struct ddl {
    weir_arena *arena;
    struct weir_str text;
    size_t pos;
    enum token token;
    struct weir_str value; /* word as written; identifier and string unescaped */
    size_t token_pos;
    int depth;
    struct weir_error *err;
};

static weir_rc fail(struct ddl *d, const char *what)
{
    int64_t line = 1, column = 1;
    for (size_t i = 0; i < d->token_pos && i < d->text.len; i++) {
        column = d->text.ptr[i] == '\n' ? 1 : column + 1;
        line += d->text.ptr[i] == '\n';
    }
    size_t rest = d->text.len - d->token_pos;
    return weir_fail_at(d->err, WEIR_INVALID, "SCHEMA_SYNTAX", line, column,
                        "%s at line %lld, column %lld%s%.*s; write it as Spark DDL, for instance a BIGINT, b DECIMAL(10,2), c ARRAY<STRING>",
                        what, (long long)line, (long long)column, rest ? ", before " : ", at the end",
                        (int)(rest > 24 ? 24 : rest), d->text.ptr + d->token_pos);
}

static bool is_word_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || (c & 0x80);
}

static void skip_blanks(struct ddl *d)
{
    while (d->pos < d->text.len) {
        const char *p = d->text.ptr + d->pos;
        size_t left = d->text.len - d->pos;
        if (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r') {
            d->pos++;
        } else if (left > 1 && p[0] == '-' && p[1] == '-') {
            const char *end = memchr(p, '\n', left);
            d->pos = end ? (size_t)(end - d->text.ptr) : d->text.len;
        } else if (left > 1 && p[0] == '/' && p[1] == '*') {
            const char *end = memmem(p + 2, left - 2, "*/", 2);
            d->pos = end ? (size_t)(end - d->text.ptr) + 2 : d->text.len;
        } else {
            return;
        }
    }
}

/* Bytes of the text at most: up to what may be its end. Room for the rest of the DDL instead would make many quoted names cost its square. */
static size_t quoted_bytes(const struct ddl *d, char quote)
{
    size_t i = d->pos + 1;
    for (; i < d->text.len; i++) {
        const bool pair = i + 1 < d->text.len && (d->text.ptr[i] == quote ? d->text.ptr[i + 1] == quote : d->text.ptr[i] == '\\' && quote != '`');
        if (!pair && d->text.ptr[i] == quote) {
            break;
        }
        i += pair;
    }
    return i - d->pos;
}

/* From an opening quote to its end. Backquotes double themselves; strings know backslashes, and doubled quotes too. */
static weir_rc quoted(struct ddl *d, char quote)
{
    char *out = weir_arena_alloc(d->arena, quoted_bytes(d, quote) + 1);
    size_t len = 0;
    for (size_t i = d->pos + 1; i < d->text.len; i++) {
        char c = d->text.ptr[i];
        char next = i + 1 < d->text.len ? d->text.ptr[i + 1] : '\0';
        if (c == quote && next == quote) {
            i++;
        } else if (c == quote) {
            d->pos = i + 1;
            out[len] = '\0';
            d->value = (struct weir_str){out, len};
            d->token = quote == '`' ? T_QUOTED : T_STRING;
            return WEIR_OK;
        } else if (c == '\\' && quote != '`' && i + 1 < d->text.len) {
            i++;
            c = next == 'n' ? '\n' : next == 't' ? '\t' : next == 'r' ? '\r' : next == '0' ? '\0' : next;
        }
        out[len++] = c;
    }
    return fail(d, "a quote that is not closed");
}

static weir_rc advance(struct ddl *d)
{
    skip_blanks(d);
    d->token_pos = d->pos;
    if (d->pos >= d->text.len) {
        d->token = T_END;
        return WEIR_OK;
    }
    char c = d->text.ptr[d->pos];
    if (c == '`' || c == '\'' || c == '"') {
        return quoted(d, c);
    }
    size_t end = d->pos;
    bool digits = true;
    while (end < d->text.len && is_word_byte(d->text.ptr[end])) {
        digits = digits && d->text.ptr[end] >= '0' && d->text.ptr[end] <= '9';
        end++;
    }
    if (end == d->pos) {
        d->token = T_SIGN;
        end++;
    } else {
        d->token = digits ? T_NUMBER : T_WORD;
    }
    d->value = (struct weir_str){d->text.ptr + d->pos, end - d->pos};
    d->pos = end;
    return WEIR_OK;
}

static bool at_word(const struct ddl *d, const char *word)
{
    return d->token == T_WORD && weir_str_eq_nocase(d->value, weir_str(word));
}
static bool at_sign(const struct ddl *d, char sign)
{
    return d->token == T_SIGN && d->value.ptr[0] == sign;
}
static weir_rc expect_sign(struct ddl *d, char sign)
{
    if (!at_sign(d, sign)) {
        char what[32];
        snprintf(what, sizeof what, "'%c' is missing", sign);
        return fail(d, what);
    }
    return advance(d);
}

static weir_rc parse_type(struct ddl *d, struct weir_type *out);

/* name [:] type [NOT NULL] [COMMENT 'text'] */
static weir_rc parse_field(struct ddl *d, struct weir_field *out)
{
    if (d->token != T_WORD && d->token != T_QUOTED && d->token != T_NUMBER) {
        return fail(d, "a column name is missing");
    }
    *out = (struct weir_field){.nullable = true};
    out->name = weir_arena_strndup(d->arena, d->value.ptr, d->value.len);
    WEIR_TRY(advance(d));
    if (at_sign(d, ':')) {
        WEIR_TRY(advance(d));
    }
    WEIR_TRY(parse_type(d, &out->type));
    for (;;) {
        if (at_word(d, "NOT")) {
            WEIR_TRY(advance(d));
            if (!at_word(d, "NULL")) {
                return fail(d, "NULL is missing behind NOT");
            }
            out->nullable = false;
            WEIR_TRY(advance(d));
        } else if (at_word(d, "COMMENT")) {
            WEIR_TRY(advance(d));
            if (d->token != T_STRING) {
                return fail(d, "the text of COMMENT is missing");
            }
            out->comment = weir_arena_strndup(d->arena, d->value.ptr, d->value.len);
            struct weir_buf buf;
            weir_buf_init(&buf, 0);
            weir_buf_add_str(&buf, "{\"comment\":\"");
            weir_json_escape(&buf, d->value);
            weir_buf_add_str(&buf, "\"}");
            out->metadata = weir_arena_strndup(d->arena, buf.data, buf.len);
            weir_buf_free(&buf);
            WEIR_TRY(advance(d));
        } else if (at_word(d, "DEFAULT") || at_word(d, "GENERATED") || at_word(d, "COLLATE")) {
            return weir_fail(d->err, WEIR_UNSUPPORTED, "TYPE_UNSUPPORTED", "the column `%s` has %.*s; weir does not do that in a schema; leave it out",
                             out->name, (int)d->value.len, d->value.ptr);
        } else {
            return WEIR_OK;
        }
    }
}

/* Fields up to `end` ('>' or, at the top, the end of the text). */
static weir_rc parse_fields(struct ddl *d, char end, struct weir_type *out)
{
    struct weir_field *fields = NULL;
    size_t count = 0, cap = 0;
    weir_rc rc = WEIR_OK;
    bool done = end == '>' ? at_sign(d, end) : d->token == T_END;
    while (!done && rc == WEIR_OK) {
        struct weir_field field;
        rc = parse_field(d, &field);
        if (rc == WEIR_OK) {
            WEIR_PUSH(fields, count, cap) = field;
            done = end == '>' ? at_sign(d, end) : d->token == T_END;
            rc = done ? WEIR_OK : expect_sign(d, ',');
        }
    }
    *out = *weir_schema_new(d->arena, count);
    if (count > 0) {
        memcpy(out->fields, fields, count * sizeof *fields);
    }
    weir_free(fields);
    WEIR_TRY(rc);
    return weiri_check_duplicates(out, WEIR_INVALID, d->err);
}

static weir_rc parse_decimal(struct ddl *d, struct weir_type *out)
{
    int64_t numbers[2] = {10, 0};
    if (at_sign(d, '(')) {
        size_t count = 0;
        do {
            WEIR_TRY(advance(d));
            if (d->token != T_NUMBER || count == 2 || !weir_str_to_i64(d->value, &numbers[count])) {
                return fail(d, "DECIMAL takes (precision) or (precision,scale)");
            }
            count++;
            WEIR_TRY(advance(d));
        } while (at_sign(d, ','));
        WEIR_TRY(expect_sign(d, ')'));
    }
    if (numbers[0] < 1 || numbers[0] > WEIR_DECIMAL_PRECISION_MAX || numbers[1] > numbers[0]) {
        return weir_fail(d->err, WEIR_INVALID, "DECIMAL_PRECISION",
                         "DECIMAL(%lld,%lld): precision is 1 to 38 and scale 0 to precision; choose others", (long long)numbers[0],
                         (long long)numbers[1]);
    }
    *out = weir_type_decimal((int)numbers[0], (int)numbers[1]);
    return WEIR_OK;
}

static weir_rc parse_interval(struct ddl *d, struct weir_type *out)
{
    bool months = at_word(d, "YEAR") || at_word(d, "MONTH");
    bool times = at_word(d, "DAY") || at_word(d, "HOUR") || at_word(d, "MINUTE") || at_word(d, "SECOND");
    if (!months && !times) {
        return weir_fail(d->err, WEIR_UNSUPPORTED, "TYPE_UNSUPPORTED", "a column of type INTERVAL; weir does not hold one; use STRING");
    }
    WEIR_TRY(advance(d));
    if (at_word(d, "TO")) {
        WEIR_TRY(advance(d));
        WEIR_TRY(advance(d));
    }
    *out = weir_type_of(months ? WEIR_TYPE_INTERVAL_YM : WEIR_TYPE_INTERVAL_DT);
    return WEIR_OK;
}

static weir_rc parse_nested(struct ddl *d, enum weir_type_id id, struct weir_type *out)
{
    WEIR_TRY(expect_sign(d, '<'));
    if (id == WEIR_TYPE_STRUCT) {
        WEIR_TRY(parse_fields(d, '>', out));
        return expect_sign(d, '>');
    }
    *out = *weir_schema_new(d->arena, id == WEIR_TYPE_MAP ? 2 : 1);
    out->id = id;
    out->fields[0].name = id == WEIR_TYPE_MAP ? "key" : "element";
    out->fields[0].nullable = id == WEIR_TYPE_ARRAY;
    WEIR_TRY(parse_type(d, &out->fields[0].type));
    if (id == WEIR_TYPE_MAP) {
        WEIR_TRY(expect_sign(d, ','));
        out->fields[1].name = "value";
        out->fields[1].nullable = true;
        WEIR_TRY(parse_type(d, &out->fields[1].type));
    }
    return expect_sign(d, '>');
}

static const struct {
    const char *name;
    enum weir_type_id id;
} ddl_names[] = {
    {"BOOLEAN", WEIR_TYPE_BOOLEAN}, {"TINYINT", WEIR_TYPE_BYTE}, {"BYTE", WEIR_TYPE_BYTE},
    {"SMALLINT", WEIR_TYPE_SHORT}, {"SHORT", WEIR_TYPE_SHORT}, {"INT", WEIR_TYPE_INT},
    {"INTEGER", WEIR_TYPE_INT}, {"BIGINT", WEIR_TYPE_LONG}, {"LONG", WEIR_TYPE_LONG},
    {"FLOAT", WEIR_TYPE_FLOAT}, {"REAL", WEIR_TYPE_FLOAT}, {"DOUBLE", WEIR_TYPE_DOUBLE},
    {"STRING", WEIR_TYPE_STRING}, {"BINARY", WEIR_TYPE_BINARY}, {"DATE", WEIR_TYPE_DATE},
    {"TIMESTAMP", WEIR_TYPE_TIMESTAMP}, {"TIMESTAMP_LTZ", WEIR_TYPE_TIMESTAMP},
    {"TIMESTAMP_NTZ", WEIR_TYPE_TIMESTAMP_NTZ}, {"VARIANT", WEIR_TYPE_VARIANT}, {"VOID", WEIR_TYPE_VOID},
    {"DECIMAL", WEIR_TYPE_DECIMAL}, {"DEC", WEIR_TYPE_DECIMAL}, {"NUMERIC", WEIR_TYPE_DECIMAL},
    {"ARRAY", WEIR_TYPE_ARRAY}, {"MAP", WEIR_TYPE_MAP}, {"STRUCT", WEIR_TYPE_STRUCT},
    {"INTERVAL", WEIR_TYPE_INTERVAL_DT},
};

static weir_rc parse_named(struct ddl *d, enum weir_type_id id, struct weir_type *out)
{
    switch (id) {
    case WEIR_TYPE_DECIMAL:
        return parse_decimal(d, out);
    case WEIR_TYPE_INTERVAL_DT:
        return parse_interval(d, out);
    case WEIR_TYPE_ARRAY:
    case WEIR_TYPE_MAP:
    case WEIR_TYPE_STRUCT:
        return parse_nested(d, id, out);
    default:
        *out = weir_type_of(id);
        return WEIR_OK;
    }
}

static weir_rc parse_type(struct ddl *d, struct weir_type *out)
{
    if (d->token != T_WORD) {
        return fail(d, "a type is missing");
    }
    if (++d->depth > DDL_DEPTH_MAX) {
        return fail(d, "types are nested too deeply");
    }
    static const char *const unheld[] = {"CHAR", "CHARACTER", "VARCHAR", "TIME", "GEOMETRY", "GEOGRAPHY"};
    for (size_t i = 0; i < sizeof unheld / sizeof *unheld; i++) {
        if (at_word(d, unheld[i])) {
            return weir_fail(d->err, WEIR_UNSUPPORTED, "TYPE_UNSUPPORTED", "the type %s is not held by weir's columns; use STRING", unheld[i]);
        }
    }
    for (size_t i = 0; i < sizeof ddl_names / sizeof *ddl_names; i++) {
        if (at_word(d, ddl_names[i].name)) {
            WEIR_TRY(advance(d));
            WEIR_TRY(parse_named(d, ddl_names[i].id, out));
            d->depth--;
            return WEIR_OK;
        }
    }
    return weir_fail(d->err, WEIR_INVALID, "TYPE_UNKNOWN", "no type is called %.*s; use one of Spark's types", (int)d->value.len, d->value.ptr);
}

/* Does the text begin with STRUCT<, that is, is it a type and not a list of columns? */
static bool begins_with_struct(struct ddl d)
{
    struct weir_error ignored;
    d.err = &ignored;
    return at_word(&d, "STRUCT") && advance(&d) == WEIR_OK && at_sign(&d, '<');
}

weir_rc weir_schema_parse_ddl(weir_arena *arena, struct weir_str ddl, weir_schema **out, struct weir_error *err)
{
    struct ddl d = {.arena = arena, .text = ddl, .err = err};
    *out = NULL;
    WEIR_TRY(advance(&d));
    weir_schema *schema = weir_arena_zalloc(arena, sizeof *schema);
    if (begins_with_struct(d)) {
        WEIR_TRY(parse_type(&d, schema));
    } else {
        WEIR_TRY(parse_fields(&d, '\0', schema));
    }
    if (d.token != T_END) {
        return fail(&d, "more text than a schema");
    }
    if (schema->field_count == 0) {
        return fail(&d, "a schema without columns");
    }
    *out = schema;
    return WEIR_OK;
}

weir_rc weir_type_parse_ddl(weir_arena *arena, struct weir_str ddl, struct weir_type *out, struct weir_error *err)
{
    struct ddl d = {.arena = arena, .text = ddl, .err = err};
    *out = weir_type_of(WEIR_TYPE_VOID);
    WEIR_TRY(advance(&d));
    WEIR_TRY(parse_type(&d, out));
    return d.token == T_END ? WEIR_OK : fail(&d, "more text than a type");
}
