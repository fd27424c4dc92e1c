/* json.c - JSON text into a tree (RFC 8259, strict).
 *
 * One pass, recursion bounded by WEIR_JSON_DEPTH_MAX. Bytes beyond ASCII are taken as they stand, valid UTF-8 or not;
 * an escaped surrogate without its partner becomes U+FFFD. */
#include "base/json.h"
#include <stdio.h>

struct parser {
    weir_arena *arena;
    const char *start;
    const char *at;
    const char *end;
    int depth;
    struct weir_error *err;
};

static weir_rc fail(const struct parser *p, const char *where, const char *what)
{
    int64_t line = 1;
    int64_t column = 1;
    for (const char *c = p->start; c < where; c++) {
        if (*c == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char)*c & 0xC0) != 0x80) {
            column++;
        }
    }
    weir_fail_at(p->err, WEIR_CORRUPT, "JSON_INVALID", line, column,
                 "not JSON: %s; line %lld, column %lld; correct the text there", what,
                 (long long)line, (long long)column);
    if (p->err) {
        p->err->offset = where - p->start;
    }
    return WEIR_CORRUPT;
}

static void skip_space(struct parser *p)
{
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\n' || *p->at == '\t' || *p->at == '\r')) {
        p->at++;
    }
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char low = (char)(c | 0x20);
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/* Four hex digits at `at`; -1 if they are not there. */
static int32_t hex4(const struct parser *p, const char *at)
{
    int32_t value = 0;
    if (p->end - at < 4) {
        return -1;
    }
    for (int i = 0; i < 4; i++) {
        const int digit = hex_digit(at[i]);
        if (digit < 0) {
            return -1;
        }
        value = value << 4 | digit;
    }
    return value;
}

/* The escape behind the backslash at p->at into `out` (at most 4 bytes, never more than the escape has). */
static weir_rc unescape(struct parser *p, char **out)
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    const char *begin = p->at++;
    const char kind = p->at < p->end ? *p->at++ : '\0';
    const char *simple = kind ? strchr(from, kind) : NULL;
    if (simple) {
        *(*out)++ = to[simple - from];
        return WEIR_OK;
    }
    int32_t unit = kind == 'u' ? hex4(p, p->at) : -1;
    if (unit < 0) {
        return fail(p, begin, kind == 'u' ? "\\u needs four hex digits" : "an unknown escape");
    }
    p->at += 4;
    if (unit >= 0xD800 && unit <= 0xDFFF) {
        const bool pair = unit < 0xDC00 && p->end - p->at >= 2 && p->at[0] == '\\' && p->at[1] == 'u';
        const int32_t low = pair ? hex4(p, p->at + 2) : -1;
        if (low >= 0xDC00 && low <= 0xDFFF) {
            p->at += 6;
            unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
        } else {
            unit = 0xFFFD;
        }
    }
    *out += weir_utf8_put((uint32_t)unit, *out);
    return WEIR_OK;
}

/* The string at p->at (its opening quote), unescaped and NUL-terminated in the arena. */
static weir_rc parse_string(struct parser *p, struct weir_str *out)
{
    const char *open = p->at++;
    const char *begin = p->at;
    bool escaped = false;
    const char *c = begin;
    while (c < p->end && *c != '"') {
        if ((unsigned char)*c < 0x20) {
            return fail(p, c, "a control character in a string");
        }
        if (*c == '\\') {
            escaped = true;
            c += c + 1 < p->end;
        }
        c++;
    }
    if (c >= p->end) {
        return fail(p, open, "a string without its end");
    }
    if (!escaped) {
        *out = (struct weir_str){weir_arena_strndup(p->arena, begin, (size_t)(c - begin)),
                                 (size_t)(c - begin)};
        p->at = c + 1;
        return WEIR_OK;
    }
    char *text = weir_arena_alloc(p->arena, (size_t)(c - begin) + 1);
    char *to = text;
    while (p->at < c) {
        if (*p->at == '\\') {
            WEIR_TRY(unescape(p, &to));
        } else {
            *to++ = *p->at++;
        }
    }
    *to = '\0';
    *out = (struct weir_str){text, (size_t)(to - text)};
    p->at = c + 1;
    return WEIR_OK;
}

static bool digits(struct parser *p)
{
    const char *begin = p->at;
    while (p->at < p->end && *p->at >= '0' && *p->at <= '9') {
        p->at++;
    }
    return p->at > begin;
}

static weir_rc parse_number(struct parser *p, struct weir_json *value)
{
    const char *begin = p->at;
    p->at += *p->at == '-';
    const char *first = p->at;
    if (!digits(p)) {
        return fail(p, begin, "a value was expected");
    }
    if (*first == '0' && p->at - first > 1) {
        return fail(p, begin, "a number with a leading zero");
    }
    if (p->at < p->end && *p->at == '.') {
        p->at++;
        if (!digits(p)) {
            return fail(p, p->at, "a digit must follow the point");
        }
    }
    if (p->at < p->end && (*p->at == 'e' || *p->at == 'E')) {
        p->at++;
        p->at += p->at < p->end && (*p->at == '+' || *p->at == '-');
        if (!digits(p)) {
            return fail(p, p->at, "a digit must follow the exponent's sign");
        }
    }
    value->kind = WEIR_JSON_NUMBER;
    value->text = (struct weir_str){begin, (size_t)(p->at - begin)};
    return WEIR_OK;
}

static weir_rc parse_word(struct parser *p, struct weir_json *value)
{
    static const struct {
        const char *word;
        enum weir_json_kind kind;
    } words[] = {{"null", WEIR_JSON_NULL}, {"true", WEIR_JSON_TRUE}, {"false", WEIR_JSON_FALSE}};
    const struct weir_str rest = {p->at, (size_t)(p->end - p->at)};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (weir_str_starts(rest, words[i].word)) {
            value->kind = words[i].kind;
            p->at += strlen(words[i].word);
            return WEIR_OK;
        }
    }
    return fail(p, p->at, "a value was expected");
}

static weir_rc parse_value(struct parser *p, struct weir_json *value);

static weir_rc parse_key(struct parser *p, struct weir_str *key)
{
    if (p->at >= p->end || *p->at != '"') {
        return fail(p, p->at, "a name in quotes was expected");
    }
    WEIR_TRY(parse_string(p, key));
    skip_space(p);
    if (p->at >= p->end || *p->at != ':') {
        return fail(p, p->at, "':' was expected");
    }
    p->at++;
    skip_space(p);
    return WEIR_OK;
}

static weir_rc parse_children(struct parser *p, struct weir_json *parent, char close)
{
    struct weir_json **link = &parent->child;
    p->at++;
    skip_space(p);
    if (p->at < p->end && *p->at == close) {
        p->at++;
        return WEIR_OK;
    }
    for (;;) {
        struct weir_json *child = weir_arena_zalloc(p->arena, sizeof *child);
        if (close == '}') {
            WEIR_TRY(parse_key(p, &child->key));
        }
        WEIR_TRY(parse_value(p, child));
        *link = child;
        link = &child->next;
        parent->count++;
        skip_space(p);
        const char c = p->at < p->end ? *p->at : '\0';
        if (c == close) {
            p->at++;
            return WEIR_OK;
        }
        if (c != ',') {
            return fail(p, p->at, close == '}' ? "',' or '}' was expected" : "',' or ']' was expected");
        }
        p->at++;
        skip_space(p);
    }
}

static weir_rc parse_nested(struct parser *p, struct weir_json *value)
{
    if (p->depth == WEIR_JSON_DEPTH_MAX) {
        fail(p, p->at, "nested deeper than 512 levels");
        if (p->err) {
            snprintf(p->err->condition, sizeof p->err->condition, "JSON_TOO_DEEP");
        }
        return WEIR_CORRUPT;
    }
    p->depth++;
    value->kind = *p->at == '{' ? WEIR_JSON_OBJECT : WEIR_JSON_ARRAY;
    WEIR_TRY(parse_children(p, value, *p->at == '{' ? '}' : ']'));
    p->depth--;
    return WEIR_OK;
}

static weir_rc parse_value(struct parser *p, struct weir_json *value)
{
    if (p->at >= p->end) {
        return fail(p, p->at, "the text ends where a value was expected");
    }
    const char *begin = p->at;
    switch (*p->at) {
    case '{':
    case '[':
        WEIR_TRY(parse_nested(p, value));
        break;
    case '"':
        value->kind = WEIR_JSON_STRING;
        WEIR_TRY(parse_string(p, &value->text));
        break;
    case 'n':
    case 't':
    case 'f':
        WEIR_TRY(parse_word(p, value));
        break;
    default:
        WEIR_TRY(parse_number(p, value));
    }
    value->raw = (struct weir_str){begin, (size_t)(p->at - begin)};
    return WEIR_OK;
}

weir_rc weir_json_parse(weir_arena *arena, struct weir_str text, const struct weir_json **out,
                        struct weir_error *err)
{
    *out = NULL;
    const char *begin = text.len > 0 ? text.ptr : "";
    struct parser p = {arena, begin, begin, begin + text.len, 0, err};
    struct weir_json *value = weir_arena_zalloc(arena, sizeof *value);
    skip_space(&p);
    WEIR_TRY(parse_value(&p, value));
    skip_space(&p);
    if (p.at < p.end) {
        return fail(&p, p.at, "something follows the value");
    }
    *out = value;
    return WEIR_OK;
}

const struct weir_json *weir_json_get(const struct weir_json *object, const char *key)
{
    const struct weir_json *found = NULL;
    if (object && object->kind == WEIR_JSON_OBJECT) {
        const struct weir_str name = weir_str(key);
        for (const struct weir_json *child = object->child; child; child = child->next) {
            if (weir_str_eq(child->key, name)) {
                found = child;
            }
        }
    }
    return found;
}

const char *weir_json_string(const struct weir_json *value)
{
    return value && value->kind == WEIR_JSON_STRING ? value->text.ptr : NULL;
}

bool weir_json_i64(const struct weir_json *value, int64_t *out)
{
    return value && value->kind == WEIR_JSON_NUMBER && weir_str_to_i64(value->text, out);
}

bool weir_json_f64(const struct weir_json *value, double *out)
{
    return value && value->kind == WEIR_JSON_NUMBER && weir_str_to_f64(value->text, out);
}

bool weir_json_bool(const struct weir_json *value, bool *out)
{
    if (!value || (value->kind != WEIR_JSON_TRUE && value->kind != WEIR_JSON_FALSE)) {
        return false;
    }
    *out = value->kind == WEIR_JSON_TRUE;
    return true;
}
