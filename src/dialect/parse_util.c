/* parse_util.c - the cursor, names, types, errors. */
#include "dialect/parser.h"

void *weiri_arena_grow(weir_arena *arena, const void *items, size_t count, size_t *cap, size_t item_bytes)
{
    if (count < *cap) {
        return (void *)(uintptr_t)items;
    }
    const size_t grown = *cap ? *cap * 2 : 4;
    void *out = weir_arena_zalloc(arena, grown * item_bytes);
    if (count > 0) {
        memcpy(out, items, count * item_bytes);
    }
    *cap = grown;
    return out;
}

const struct token *weiri_tok(const struct parser *p, size_t ahead)
{
    const size_t at = p->at + ahead;
    return &p->tokens[at < p->count ? at : p->count - 1];
}

bool weiri_is_word(const struct token *tok, const char *word)
{
    return tok->kind == TOK_WORD && weir_str_eq_nocase(weir_str(tok->text), weir_str(word));
}

bool weiri_at_word(const struct parser *p, const char *word)
{
    return weiri_is_word(weiri_tok(p, 0), word);
}

bool weiri_at_words(const struct parser *p, const char *a, const char *b)
{
    return weiri_is_word(weiri_tok(p, 0), a) && weiri_is_word(weiri_tok(p, 1), b);
}

bool weiri_at_op(const struct parser *p, const char *op)
{
    const struct token *tok = weiri_tok(p, 0);
    return tok->kind == TOK_OP && strcmp(tok->text, op) == 0;
}

bool weiri_take_word(struct parser *p, const char *word)
{
    if (!weiri_at_word(p, word)) {
        return false;
    }
    p->at++;
    return true;
}

bool weiri_take_words(struct parser *p, const char *a, const char *b)
{
    if (!weiri_at_words(p, a, b)) {
        return false;
    }
    p->at += 2;
    return true;
}

bool weiri_take_op(struct parser *p, const char *op)
{
    if (!weiri_at_op(p, op)) {
        return false;
    }
    p->at++;
    return true;
}

weir_rc weiri_syntax(struct parser *p, const char *expected)
{
    const struct token *tok = weiri_tok(p, 0);
    const char *near = tok->kind == TOK_END ? "the end of the text" : tok->text;
    return weir_fail_at(p->err, WEIR_INVALID, "PARSE_SYNTAX_ERROR", tok->pos.line, tok->pos.column,
                        "syntax error at or near '%.60s': expected %s", near, expected);
}

weir_rc weiri_expect_word(struct parser *p, const char *word)
{
    return weiri_take_word(p, word) ? WEIR_OK : weiri_syntax(p, word);
}

weir_rc weiri_expect_op(struct parser *p, const char *op)
{
    if (weiri_take_op(p, op)) {
        return WEIR_OK;
    }
    char quoted[16];
    const size_t len = strlen(op);
    quoted[0] = '\'';
    memcpy(quoted + 1, op, len);
    quoted[len + 1] = '\'';
    quoted[len + 2] = '\0';
    return weiri_syntax(p, quoted);
}

weir_rc weiri_refuse(struct parser *p, struct weir_pos pos, const char *condition, const char *what)
{
    return weir_fail_at(p->err, WEIR_UNSUPPORTED, condition, pos.line, pos.column, "%s is not done by weir yet", what);
}

weir_rc weiri_enter(struct parser *p)
{
    if (++p->depth > WEIRI_DEPTH_MAX) {
        const struct weir_pos pos = weiri_tok(p, 0)->pos;
        return weir_fail_at(p->err, WEIR_TOO_BIG, "QUERY_TOO_DEEP", pos.line, pos.column,
                            "the text nests deeper than %d; break the query up with WITH", WEIRI_DEPTH_MAX);
    }
    return WEIR_OK;
}

void weiri_leave(struct parser *p)
{
    p->depth--;
}

bool weiri_at_name(const struct parser *p)
{
    const struct token *tok = weiri_tok(p, 0);
    return tok->kind == TOK_WORD || tok->kind == TOK_QUOTED;
}

bool weiri_stops_alias(const struct token *tok)
{
    static const char *const stops[] = {
        "FROM", "WHERE", "GROUP", "HAVING", "ORDER", "SORT", "CLUSTER", "DISTRIBUTE", "LIMIT", "OFFSET", "UNION", "EXCEPT", "MINUS",
        "INTERSECT", "JOIN", "LEFT", "RIGHT", "FULL", "INNER", "CROSS", "SEMI", "ANTI", "NATURAL", "ON", "USING", "LATERAL", "WINDOW",
        "QUALIFY", "PIVOT", "UNPIVOT", "TABLESAMPLE", "AS", "WITH", "FOR", "AND", "OR", "NOT", "IN", "IS", "LIKE", "ILIKE", "RLIKE",
        "REGEXP", "BETWEEN", "DIV", "WHEN", "THEN", "ELSE", "END", "ASC", "DESC", "NULLS", "OVER", "FILTER", "WITHIN", "SET", "SELECT",
        "INSERT", "VALUES", "OUTER", "WATERMARK", "CHANGES", "ESCAPE", "ROWS", "COLLATE", NULL};
    for (size_t i = 0; stops[i]; i++) {
        if (weiri_is_word(tok, stops[i])) {
            return true;
        }
    }
    return false;
}

weir_rc weiri_name_part(struct parser *p, const char **out)
{
    if (!weiri_at_name(p)) {
        return weiri_syntax(p, "a name");
    }
    *out = weiri_tok(p, 0)->text;
    p->at++;
    return WEIR_OK;
}

weir_rc weiri_name(struct parser *p, struct weir_name *out)
{
    memset(out, 0, sizeof *out);
    out->pos = weiri_tok(p, 0)->pos;
    for (;;) {
        const char *part = NULL;
        WEIR_TRY(weiri_name_part(p, &part));
        if (out->count == 4) {
            return weiri_syntax(p, "a name of at most four parts");
        }
        out->parts[out->count++] = weir_str(part);
        const struct token *after = weiri_tok(p, 1);
        if (!weiri_at_op(p, ".") || (after->kind != TOK_WORD && after->kind != TOK_QUOTED)) {
            return WEIR_OK;
        }
        p->at++;
    }
}

weir_rc weiri_name_list(struct parser *p, const char ***out, size_t *count)
{
    size_t cap = 0;
    *out = NULL;
    *count = 0;
    WEIR_TRY(weiri_expect_op(p, "("));
    do {
        const char *part = NULL;
        WEIR_TRY(weiri_name_part(p, &part));
        ARENA_PUSH(p->arena, *out, *count, cap) = part;
    } while (weiri_take_op(p, ","));
    return weiri_expect_op(p, ")");
}

weir_rc weiri_string(struct parser *p, const char **out)
{
    if (weiri_tok(p, 0)->kind != TOK_STRING) {
        return weiri_syntax(p, "a string");
    }
    const char *text = weiri_tok(p, 0)->text;
    p->at++;
    while (weiri_tok(p, 0)->kind == TOK_STRING) {
        text = weir_arena_printf(p->arena, "%s%s", text, weiri_tok(p, 0)->text);
        p->at++;
    }
    *out = text;
    return WEIR_OK;
}

const char *weiri_lower(weir_arena *arena, const char *text)
{
    char *out = weir_arena_strdup(arena, text);
    for (char *c = out; *c; c++) {
        if (*c >= 'A' && *c <= 'Z') {
            *c = (char)(*c + 32);
        }
    }
    return out;
}

/* Where a type that starts at the cursor ends: a word, then (..) or <..> with what they hold. */
static size_t type_end(const struct parser *p)
{
    size_t at = 0;
    at++;
    if (weiri_tok(p, at)->kind == TOK_OP && strcmp(weiri_tok(p, at)->text, "(") == 0) {
        while (weiri_tok(p, at)->kind != TOK_END && strcmp(weiri_tok(p, at)->text, ")") != 0) {
            at++;
        }
        return at + 1;
    }
    if (weiri_tok(p, at)->kind != TOK_OP || (strcmp(weiri_tok(p, at)->text, "<") != 0 && strcmp(weiri_tok(p, at)->text, "<>") != 0)) {
        return at;
    }
    int angle = 0;
    for (;; at++) {
        const struct token *tok = weiri_tok(p, at);
        if (tok->kind == TOK_END) {
            return at;
        }
        if (tok->kind != TOK_OP) {
            continue;
        }
        for (const char *c = tok->text; *c; c++) {
            angle += *c == '<' ? 1 : *c == '>' ? -1 : 0;
        }
        if (angle <= 0) {
            return at + 1;
        }
    }
}

weir_rc weiri_type(struct parser *p, struct weir_type *out)
{
    const struct token *first = weiri_tok(p, 0);
    if (first->kind != TOK_WORD) {
        return weiri_syntax(p, "a type");
    }
    if (weiri_at_word(p, "INTERVAL")) {
        return weiri_refuse(p, first->pos, "TYPE_UNSUPPORTED", "the type INTERVAL");
    }
    size_t end = type_end(p);
    if (weiri_is_word(first, "TIMESTAMP") && weiri_is_word(weiri_tok(p, 1), "WITHOUT") && weiri_is_word(weiri_tok(p, 3), "ZONE")) {
        *out = weir_type_of(WEIR_TYPE_TIMESTAMP_NTZ);
        p->at += 4;
        return WEIR_OK;
    }
    const struct token *last = weiri_tok(p, end - 1);
    const struct weir_str text = {p->script.ptr + first->begin, last->end - first->begin};
    struct weir_error inner = {0};
    const weir_rc rc = weir_type_parse_ddl(p->arena, text, out, &inner);
    if (rc != WEIR_OK) {
        return weir_fail_at(p->err, rc, inner.condition[0] ? inner.condition : "UNSUPPORTED_DATATYPE", first->pos.line, first->pos.column,
                            "the type '%.*s': %.400s", (int)(text.len > 100 ? 100 : text.len), text.ptr, inner.msg);
    }
    p->at += end;
    if (weiri_at_word(p, "COLLATE")) {
        return weiri_refuse(p, weiri_tok(p, 0)->pos, "COLLATION_UNSUPPORTED", "COLLATE");
    }
    return WEIR_OK;
}

const char *weiri_name_text(weir_arena *arena, const struct weir_name *name)
{
    struct weir_buf buf;
    weir_buf_init(&buf, 0);
    for (int i = 0; i < name->count; i++) {
        if (i > 0) {
            weir_buf_add_char(&buf, '.');
        }
        weir_buf_add_char(&buf, '`');
        for (size_t c = 0; c < name->parts[i].len; c++) {
            if (name->parts[i].ptr[c] == '`') {
                weir_buf_add_char(&buf, '`');
            }
            weir_buf_add_char(&buf, name->parts[i].ptr[c]);
        }
        weir_buf_add_char(&buf, '`');
    }
    const char *out = weir_arena_strndup(arena, buf.data ? buf.data : "", buf.len);
    weir_buf_free(&buf);
    return out;
}
