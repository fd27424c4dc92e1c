/* token.c - the tokenizer, and ${variable} substitution. Rules: Spark's SqlBaseLexer and its unescapeSQLString. */
#include "dialect/token.h"

struct lexer {
    weir_arena *arena;
    struct weir_str in;
    size_t at;
    int line;
    size_t line_start;
    struct token *items;
    size_t count, cap;
    struct weir_error *err;
};

static struct weir_pos here(const struct lexer *lx, size_t at)
{
    return (struct weir_pos){lx->line, (int)(at - lx->line_start) + 1};
}

static char peek(const struct lexer *lx, size_t ahead)
{
    return lx->at + ahead < lx->in.len ? lx->in.ptr[lx->at + ahead] : '\0';
}

static void step(struct lexer *lx)
{
    if (lx->in.ptr[lx->at] == '\n') {
        lx->line++;
        lx->line_start = lx->at + 1;
    }
    lx->at++;
}

static weir_rc bad(struct lexer *lx, struct weir_pos pos, const char *what)
{
    return weir_fail_at(lx->err, WEIR_INVALID, "PARSE_SYNTAX_ERROR", pos.line, pos.column, "%s", what);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || is_digit(c);
}

static char up(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
}

static struct token *push(struct lexer *lx, enum token_kind kind, struct weir_pos pos, size_t begin)
{
    if (lx->count == lx->cap) {
        const size_t cap = lx->cap ? lx->cap * 2 : 64;
        struct token *grown = weir_arena_alloc(lx->arena, cap * sizeof *grown);
        if (lx->count > 0) {
            memcpy(grown, lx->items, lx->count * sizeof *grown);
        }
        lx->items = grown;
        lx->cap = cap;
    }
    struct token *tok = &lx->items[lx->count++];
    *tok = (struct token){.kind = kind, .pos = pos, .begin = begin, .end = lx->at, .text = ""};
    return tok;
}

/* A line comment; a backslash before the line's end carries it on, as Spark's lexer has it. */
static void line_comment(struct lexer *lx)
{
    while (lx->at < lx->in.len && lx->in.ptr[lx->at] != '\n') {
        if (lx->in.ptr[lx->at] == '\\' && peek(lx, 1) == '\n') {
            step(lx);
        }
        step(lx);
    }
}

static weir_rc block_comment(struct lexer *lx)
{
    const struct weir_pos pos = here(lx, lx->at);
    int depth = 0;
    do {
        if (lx->at >= lx->in.len) {
            return bad(lx, pos, "a comment /* is not closed");
        }
        if (peek(lx, 0) == '/' && peek(lx, 1) == '*') {
            depth++;
            step(lx);
        } else if (peek(lx, 0) == '*' && peek(lx, 1) == '/') {
            depth--;
            step(lx);
        }
        step(lx);
    } while (depth > 0);
    return WEIR_OK;
}

static void put_utf8(struct weir_buf *buf, uint32_t cp)
{
    char out[4];
    size_t n = 0;
    if (cp < 0x80) {
        out[n++] = (char)cp;
    } else if (cp < 0x800) {
        out[n++] = (char)(0xC0 | (cp >> 6));
        out[n++] = (char)(0x80 | (cp & 0x3F));
    } else if (cp < 0x10000) {
        out[n++] = (char)(0xE0 | (cp >> 12));
        out[n++] = (char)(0x80 | ((cp >> 6) & 0x3F));
        out[n++] = (char)(0x80 | (cp & 0x3F));
    } else {
        out[n++] = (char)(0xF0 | (cp >> 18));
        out[n++] = (char)(0x80 | ((cp >> 12) & 0x3F));
        out[n++] = (char)(0x80 | ((cp >> 6) & 0x3F));
        out[n++] = (char)(0x80 | (cp & 0x3F));
    }
    weir_buf_add(buf, out, n);
}

static bool hex_digits(const struct lexer *lx, size_t ahead, int count, uint32_t *out)
{
    uint32_t value = 0;
    for (int i = 0; i < count; i++) {
        const char c = up(peek(lx, ahead + (size_t)i));
        if (is_digit(c)) {
            value = value * 16 + (uint32_t)(c - '0');
        } else if (c >= 'A' && c <= 'F') {
            value = value * 16 + (uint32_t)(c - 'A' + 10);
        } else {
            return false;
        }
    }
    *out = value;
    return true;
}

/* \u0041, \U0001F600 and a pair of surrogates. Sets `taken` to the bytes read after the backslash, 0 when it is none of these. */
static bool unicode_escape(const struct lexer *lx, struct weir_buf *buf, size_t *taken)
{
    uint32_t cp = 0, low = 0;
    *taken = 0;
    if (peek(lx, 1) == 'u' && hex_digits(lx, 2, 4, &cp)) {
        *taken = 5;
        if (cp >= 0xD800 && cp < 0xDC00 && peek(lx, 6) == '\\' && peek(lx, 7) == 'u' && hex_digits(lx, 8, 4, &low) && low >= 0xDC00
            && low < 0xE000) {
            cp = 0x10000 + ((cp - 0xD800) << 10) + (low - 0xDC00);
            *taken = 11;
        }
    } else if (peek(lx, 1) == 'U' && hex_digits(lx, 2, 8, &cp)) {
        *taken = 9;
    } else {
        return true;
    }
    if (cp == 0 || cp > 0x10FFFF || (cp >= 0xD800 && cp < 0xE000)) {
        return false;
    }
    put_utf8(buf, cp);
    return true;
}

/* At a backslash. False: a character that no text can hold. */
static bool escape(struct lexer *lx, struct weir_buf *buf)
{
    size_t taken = 0;
    if (!unicode_escape(lx, buf, &taken)) {
        return false;
    }
    if (taken == 0) {
        const char c = peek(lx, 1), d = peek(lx, 2), e = peek(lx, 3);
        taken = 1;
        if ((c == '0' || c == '1') && d >= '0' && d <= '7' && e >= '0' && e <= '7') {
            const uint32_t code = (uint32_t)((c - '0') * 64 + (d - '0') * 8 + (e - '0'));
            if (code == 0) {
                return false;
            }
            put_utf8(buf, code);
            taken = 3;
        } else {
            static const char from[] = "bnrtZ", to[] = "\b\n\r\t\032";
            const char *found = c ? strchr(from, c) : NULL;
            if (c == '0' || c == '\0') {
                return false;
            }
            if (found) {
                weir_buf_add_char(buf, to[found - from]);
            } else {
                if (c == '%' || c == '_') {
                    weir_buf_add_char(buf, '\\'); /* kept for LIKE */
                }
                weir_buf_add_char(buf, c);
            }
        }
    }
    for (size_t i = 0; i <= taken; i++) {
        step(lx);
    }
    return true;
}

/* '..' or "..", plain or raw; `lx->at` is at the quote. */
static weir_rc string(struct lexer *lx, size_t begin, struct weir_pos pos, bool raw)
{
    const char quote = peek(lx, 0);
    struct weir_buf buf;
    weir_buf_init(&buf, 0);
    step(lx);
    for (;;) {
        if (lx->at >= lx->in.len) {
            weir_buf_free(&buf);
            return bad(lx, pos, "a string is not closed");
        }
        const char c = peek(lx, 0);
        if (c == quote) {
            if (raw || peek(lx, 1) != quote) {
                break;
            }
            step(lx);
        } else if (c == '\\' && !raw) {
            if (!escape(lx, &buf)) {
                const struct weir_pos at = here(lx, lx->at);
                weir_buf_free(&buf);
                return weir_fail_at(lx->err, WEIR_UNSUPPORTED, "STRING_CHARACTER_UNSUPPORTED", at.line, at.column,
                                    "a string holds an escape for NUL or half a character; leave it out");
            }
            continue;
        }
        weir_buf_add_char(&buf, c);
        step(lx);
    }
    step(lx);
    struct token *tok = push(lx, TOK_STRING, pos, begin);
    tok->text = weir_arena_strndup(lx->arena, buf.data ? buf.data : "", buf.len);
    tok->raw = raw;
    weir_buf_free(&buf);
    return WEIR_OK;
}

static weir_rc backtick(struct lexer *lx)
{
    const size_t begin = lx->at;
    const struct weir_pos pos = here(lx, begin);
    struct weir_buf buf;
    weir_buf_init(&buf, 0);
    step(lx);
    for (;;) {
        if (lx->at >= lx->in.len) {
            weir_buf_free(&buf);
            return bad(lx, pos, "a name in back-ticks is not closed");
        }
        if (peek(lx, 0) == '`') {
            if (peek(lx, 1) != '`') {
                break;
            }
            step(lx);
        }
        weir_buf_add_char(&buf, peek(lx, 0));
        step(lx);
    }
    step(lx);
    struct token *tok = push(lx, TOK_QUOTED, pos, begin);
    tok->text = weir_arena_strndup(lx->arena, buf.data ? buf.data : "", buf.len);
    const bool empty = buf.len == 0;
    weir_buf_free(&buf);
    return empty ? bad(lx, pos, "a name in back-ticks is empty") : WEIR_OK;
}

/* The exponent of a number at `at`: its length, 0 = none. */
static size_t exponent(const struct lexer *lx, size_t at)
{
    if (up(peek(lx, at)) != 'E') {
        return 0;
    }
    size_t n = 1;
    if (peek(lx, at + n) == '+' || peek(lx, at + n) == '-') {
        n++;
    }
    const size_t digits = n;
    while (is_digit(peek(lx, at + n))) {
        n++;
    }
    return n > digits ? n : 0;
}

/* A number at lx->at; false when it is the beginning of a name such as 1a. */
static bool number(struct lexer *lx)
{
    size_t n = 0;
    bool point = false, exp = false;
    while (is_digit(peek(lx, n))) {
        n++;
    }
    if (peek(lx, n) == '.' && (is_digit(peek(lx, n + 1)) || !is_word(peek(lx, n + 1)) || n > 0) && peek(lx, n + 1) != '.') {
        point = true;
        n++;
        while (is_digit(peek(lx, n))) {
            n++;
        }
    }
    const size_t e = exponent(lx, n);
    exp = e > 0;
    n += e;
    enum token_kind kind = exp ? TOK_DOUBLE : point ? TOK_DECIMAL : TOK_INT;
    size_t suffix = 0;
    char mark = 0;
    const char c = up(peek(lx, n)), d = up(peek(lx, n + 1));
    if (c == 'B' && d == 'D' && !is_word(peek(lx, n + 2))) {
        kind = TOK_DECIMAL;
        suffix = 2;
    } else if ((c == 'D' || c == 'F') && !is_word(peek(lx, n + 1))) {
        kind = c == 'D' ? TOK_DOUBLE : TOK_FLOAT;
        suffix = 1;
    } else if ((c == 'L' || c == 'S' || c == 'Y') && !is_word(peek(lx, n + 1)) && !point && !exp) {
        mark = c;
        suffix = 1;
    } else if (is_word(peek(lx, n))) {
        return false;
    }
    const size_t begin = lx->at;
    const struct weir_pos pos = here(lx, begin);
    lx->at += n + suffix;
    struct token *tok = push(lx, kind, pos, begin);
    tok->text = weir_arena_strndup(lx->arena, lx->in.ptr + begin, n);
    tok->suffix = mark;
    return true;
}

static weir_rc hex(struct lexer *lx)
{
    const size_t begin = lx->at;
    const struct weir_pos pos = here(lx, begin);
    lx->at++;
    WEIR_TRY(string(lx, begin, pos, true));
    struct token *tok = &lx->items[lx->count - 1];
    tok->kind = TOK_HEX;
    for (const char *p = tok->text; *p; p++) {
        if (!is_digit(*p) && !(up(*p) >= 'A' && up(*p) <= 'F')) {
            return bad(lx, pos, "X'..' holds something that is not a hexadecimal digit");
        }
    }
    if (strlen(tok->text) % 2 == 1) {
        tok->text = weir_arena_printf(lx->arena, "0%s", tok->text);
    }
    return WEIR_OK;
}

static weir_rc op(struct lexer *lx)
{
    static const char *const ops[] = {"<=>", ">>>", "<=", ">=", "<>", "!=", "==", "||", "::", "->", "=>", "<<", ">>", "|>", "(", ")", "[",
                                      "]", ",", ".", ";", ":", "+", "-", "*", "/", "%", "=", "<", ">", "&", "|", "^", "~", "!", "{", "}",
                                      "@", "?", "$", NULL};
    const struct weir_pos pos = here(lx, lx->at);
    for (size_t i = 0; ops[i]; i++) {
        const size_t len = strlen(ops[i]);
        if (lx->in.len - lx->at >= len && memcmp(lx->in.ptr + lx->at, ops[i], len) == 0) {
            const size_t begin = lx->at;
            lx->at += len;
            push(lx, TOK_OP, pos, begin)->text = ops[i];
            return WEIR_OK;
        }
    }
    return bad(lx, pos, "a character that SQL does not know outside of strings and back-ticks");
}

static weir_rc next(struct lexer *lx)
{
    const char c = peek(lx, 0);
    const struct weir_pos pos = here(lx, lx->at);
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v') {
        step(lx);
        return WEIR_OK;
    }
    if (c == '-' && peek(lx, 1) == '-') {
        line_comment(lx);
        return WEIR_OK;
    }
    if (c == '/' && peek(lx, 1) == '*') {
        return block_comment(lx);
    }
    if (c == '\'' || c == '"') {
        return string(lx, lx->at, pos, false);
    }
    if (c == '`') {
        return backtick(lx);
    }
    const char q = peek(lx, 1);
    if (up(c) == 'R' && (q == '\'' || q == '"')) {
        const size_t begin = lx->at;
        lx->at++;
        return string(lx, begin, pos, true);
    }
    if (up(c) == 'X' && (q == '\'' || q == '"')) {
        return hex(lx);
    }
    const bool after_dot = lx->count > 0 && lx->items[lx->count - 1].end == lx->at && lx->items[lx->count - 1].kind == TOK_OP
                           && strcmp(lx->items[lx->count - 1].text, ".") == 0;
    if ((is_digit(c) || (c == '.' && is_digit(q))) && !after_dot && number(lx)) {
        return WEIR_OK;
    }
    if (is_word(c)) {
        const size_t begin = lx->at;
        while (is_word(peek(lx, 0))) {
            lx->at++;
        }
        push(lx, TOK_WORD, pos, begin)->text = weir_arena_strndup(lx->arena, lx->in.ptr + begin, lx->at - begin);
        return WEIR_OK;
    }
    return op(lx);
}

weir_rc weiri_tokenize(weir_arena *arena, struct weir_str script, struct token **out, size_t *count_out, struct weir_error *err)
{
    *out = NULL;
    *count_out = 0;
    struct lexer lx = {.arena = arena, .in = script, .line = 1, .err = err};
    if (!weir_utf8_valid(script.ptr, script.len) || (script.len > 0 && memchr(script.ptr, 0, script.len))) {
        return weir_fail_at(err, WEIR_INVALID, "PARSE_SYNTAX_ERROR", 1, 1, "the SQL text is not UTF-8 or holds a NUL byte; line 1");
    }
    if (script.len >= 3 && memcmp(script.ptr, "\xEF\xBB\xBF", 3) == 0) {
        lx.at = lx.line_start = 3; /* a byte order mark */
    }
    while (lx.at < lx.in.len) {
        WEIR_TRY(next(&lx));
    }
    push(&lx, TOK_END, here(&lx, lx.at), lx.at);
    *out = lx.items;
    *count_out = lx.count;
    return WEIR_OK;
}

/* --- ${name} --- */

struct subst {
    struct weir_str in;
    const weir_options *variables;
    struct weir_buf *out;
    struct weir_error *err;
    bool in_line_comment, in_block_comment;
    char quote;
};

static const char *lookup(const struct subst *sub, weir_arena *arena, struct weir_str name)
{
    static const char *const prefixes[] = {"hivevar:", "hiveconf:", "spark:", NULL};
    for (size_t i = 0; prefixes[i]; i++) {
        if (weir_str_starts(name, prefixes[i])) {
            const size_t skip = strlen(prefixes[i]);
            name = (struct weir_str){name.ptr + skip, name.len - skip};
            break;
        }
    }
    return sub->variables ? weir_options_get(sub->variables, weir_arena_strndup(arena, name.ptr, name.len)) : NULL;
}

/* Follow comments and strings just far enough to know whether an unknown variable stands in a comment, where it may stay. */
static void follow(struct subst *sub, size_t at)
{
    const char c = sub->in.ptr[at], n = at + 1 < sub->in.len ? sub->in.ptr[at + 1] : '\0';
    const char p = at > 0 ? sub->in.ptr[at - 1] : '\0';
    if (sub->in_line_comment) {
        sub->in_line_comment = c != '\n';
    } else if (sub->in_block_comment) {
        sub->in_block_comment = !(p == '*' && c == '/');
    } else if (sub->quote) {
        if (c == sub->quote && p != '\\') {
            sub->quote = 0;
        }
    } else if (c == '-' && n == '-') {
        sub->in_line_comment = true;
    } else if (c == '/' && n == '*') {
        sub->in_block_comment = true;
    } else if (c == '\'' || c == '"' || c == '`') {
        sub->quote = c;
    }
}

weir_rc weir_sql_substitute(weir_arena *arena, struct weir_str script, const weir_options *variables, struct weir_str *out,
                            struct weir_error *err)
{
    struct weir_buf buf;
    weir_buf_init(&buf, 0);
    struct subst sub = {.in = script, .variables = variables, .out = &buf, .err = err};
    int line = 1;
    size_t line_start = 0;
    weir_rc rc = WEIR_OK;
    for (size_t at = 0; at < script.len && rc == WEIR_OK;) {
        const char *close = NULL;
        if (script.ptr[at] == '$' && at + 1 < script.len && script.ptr[at + 1] == '{') {
            close = memchr(script.ptr + at, '}', script.len - at);
        }
        if (close) {
            const struct weir_str name = {script.ptr + at + 2, (size_t)(close - script.ptr) - at - 2};
            const char *value = lookup(&sub, arena, weir_str_trim(name));
            if (value) {
                weir_buf_add_str(&buf, value);
                at = (size_t)(close - script.ptr) + 1;
                continue;
            }
            if (!sub.in_line_comment && !sub.in_block_comment) {
                const int column = (int)(at - line_start) + 1;
                rc = weir_fail_at(err, WEIR_INVALID, "VARIABLE_UNKNOWN", line, column,
                                  "the variable ${%.*s} has no value; give it with --var %.*s=VALUE",
                                  (int)(name.len > 100 ? 100 : name.len), name.ptr, (int)(name.len > 100 ? 100 : name.len),
                                  name.ptr);
                break;
            }
        }
        follow(&sub, at);
        if (script.ptr[at] == '\n') {
            line++;
            line_start = at + 1;
        }
        weir_buf_add_char(&buf, script.ptr[at++]);
    }
    if (rc == WEIR_OK) {
        *out = (struct weir_str){weir_arena_strndup(arena, buf.data ? buf.data : "", buf.len), buf.len};
    }
    weir_buf_free(&buf);
    return rc;
}
