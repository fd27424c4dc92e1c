/* json_text.c - what JSON strings stand for; base64; values written anew. */
#include "column/arrow.h"
#include "format/json_internal.h"
#include <math.h>

/* --- characters --- */

void weiri_units_add(struct weiri_units *u, uint32_t unit)
{
    const bool low = unit >= 0xdc00 && unit < 0xe000;
    if (u->high != 0 && low) {
        u->len += weir_utf8_put(0x10000 + ((u->high - 0xd800) << 10) + (unit - 0xdc00), u->out + u->len);
        u->high = 0;
        return;
    }
    weiri_units_end(u);
    if (unit >= 0xd800 && unit < 0xdc00) {
        u->high = unit;
    } else {
        u->len += weir_utf8_put(low ? (uint32_t)'?' : unit, u->out + u->len);
    }
}

void weiri_units_end(struct weiri_units *u)
{
    if (u->high != 0) {
        u->out[u->len++] = '?';
        u->high = 0;
    }
}

int weiri_json_char(const char **at, const char *end, uint32_t units[2])
{
    const uint8_t first = (uint8_t)*(*at)++;
    const int more = (first & 0xe0) == 0xc0 ? 1 : (first & 0xf0) == 0xe0 ? 2 : (first & 0xf8) == 0xf0 ? 3 : 0;
    uint32_t c = first & (more == 1 ? 0x1fU : more == 2 ? 0x0fU : 0x07U);
    for (int i = 0; i < more; i++) {
        if (*at == end) {
            return 0;
        }
        const uint8_t tail = (uint8_t)*(*at)++;
        if ((tail & 0xc0) != 0x80) {
            return 0;
        }
        c = c << 6 | (tail & 0x3fU);
    }
    if (more < 3) {
        units[0] = c;
        return more > 0;
    }
    c -= 0x10000; /* wraps for an overlong form: two odd units, as Jackson gives */
    units[0] = (0xd800 | (uint32_t)((int32_t)c >> 10)) & 0xffff;
    units[1] = 0xdc00 | (c & 0x3ff);
    return 2;
}

bool weiri_json_is_plain(const char *text, size_t len)
{
    return !memchr(text, '\\', len) && weir_utf8_valid(text, len);
}

size_t weiri_json_unescape(const struct weiri_json_rules *rules, const char *text, size_t len, char *out)
{
    struct weiri_units u = {.out = out};
    uint32_t units[2] = {0};
    for (const char *at = text, *end = text + len; at < end;) {
        int count = 1;
        if ((uint8_t)*at >= 0x80) {
            count = weiri_json_char(&at, end, units);
        } else if (*at != '\\') {
            units[0] = (uint8_t)*at++;
        } else {
            at++;
            count = weiri_json_escape(rules, &at, end, units);
        }
        for (int i = 0; i < count; i++) {
            weiri_units_add(&u, units[i]);
        }
    }
    weiri_units_end(&u);
    return u.len;
}

/* --- base64 --- */

enum { B64_NONE = -1, B64_PAD = -2 };
enum base64_end { B64_GOES_ON, B64_QUOTE, B64_TEXT_END };

static int base64_bits(uint32_t c)
{
    return c >= 'A' && c <= 'Z' ? (int)c - 'A' : c >= 'a' && c <= 'z' ? (int)c - 'a' + 26 : c >= '0' && c <= '9' ? (int)c - '0' + 52 : c == '+' ? 62 : c == '/' ? 63 : c == '=' ? B64_PAD : B64_NONE;
}

struct base64 {
    const struct weiri_json_rules *rules;
    const char **at, *end;
    bool quoted; /* in a string of the text: escapes count, a quote ends it */
};

/* One character of a group; false: the string or the text ended, or it is none. *bits may be B64_PAD. *blank: an escaped blank before the group. */
static bool base64_take(const struct base64 *b, bool first, int *bits, bool *blank, enum base64_end *ended)
{
    uint32_t c;
    *ended = *b->at == b->end ? B64_TEXT_END : B64_GOES_ON;
    if (*ended != B64_GOES_ON) {
        return false;
    }
    c = (uint8_t)*(*b->at)++;
    *bits = base64_bits(c);
    if (*bits >= 0 || *bits == B64_PAD) {
        return true;
    }
    if (b->quoted && c >= 0x80 && b->rules->charset_given) { /* decoded before: the character goes as a whole */
        uint32_t units[2];
        --*b->at;
        (void)weiri_json_char(b->at, b->end, units);
    }
    *ended = b->quoted && c == '"' ? B64_QUOTE : B64_GOES_ON;
    if (*ended != B64_GOES_ON || !b->quoted || c != '\\' || !weiri_json_escape(b->rules, b->at, b->end, &c)) {
        return false;
    }
    *blank = first && c <= ' ';
    *bits = base64_bits(c);
    return *blank || *bits != B64_NONE;
}

static bool base64_decode(const struct base64 *b, uint8_t *out, size_t *len)
{
    for (*len = 0;;) {
        int bits[4];
        bool blank = false;
        enum base64_end ended = B64_GOES_ON;
        while (*b->at < b->end && (uint8_t)**b->at <= ' ') {
            ++*b->at;
        }
        if (!base64_take(b, true, &bits[0], &blank, &ended)) {
            return ended == (b->quoted ? B64_QUOTE : B64_TEXT_END);
        }
        if (blank) {
            continue;
        }
        if (bits[0] < 0 || !base64_take(b, false, &bits[1], &blank, &ended) || bits[1] < 0) {
            return false;
        }
        for (int i = 2; i < 4; i++) {
            if (!base64_take(b, false, &bits[i], &blank, &ended)) {
                *b->at -= ended == B64_QUOTE; /* padding is missing: the quote is read again */
                return false;
            }
            if (bits[i] == B64_PAD && i == 2) {
                if (!base64_take(b, false, &bits[3], &blank, &ended) || bits[3] != B64_PAD) {
                    return false;
                }
                break;
            }
        }
        const uint32_t group = (uint32_t)bits[0] << 18 | (uint32_t)bits[1] << 12 | (uint32_t)(bits[2] < 0 ? 0 : bits[2]) << 6 | (uint32_t)(bits[3] < 0 ? 0 : bits[3]);
        const size_t bytes = bits[2] < 0 ? 1 : bits[3] < 0 ? 2 : 3;
        for (size_t i = 0; i < bytes; i++) {
            out[(*len)++] = (uint8_t)(group >> (16 - 8 * i));
        }
    }
}

bool weiri_json_base64(struct weiri_json *j, struct weir_str *out)
{
    const char *from = j->at;
    const struct base64 b = {j->rules, &j->at, j->end, true};
    const char *quote = memchr(from, '"', (size_t)(j->end - from)); /* what is behind it is never decoded */
    char *bytes = weir_arena_alloc(j->arena, (size_t)((quote ? quote : j->end) - from) + 4);
    size_t len;
    if (!base64_decode(&b, (uint8_t *)bytes, &len)) {
        return weiri_json_fail(j, "a string that is no base64");
    }
    j->open = false;
    *out = (struct weir_str){bytes, len};
    return true;
}

bool weiri_base64(weir_arena *arena, const char *text, size_t len, struct weir_str *out)
{
    const char *at = text;
    const struct base64 b = {NULL, &at, text + len, false};
    char *bytes = weir_arena_alloc(arena, len + 4);
    *out = (struct weir_str){bytes, 0};
    return base64_decode(&b, (uint8_t *)bytes, &out->len);
}

/* --- copies --- */

static void copy_text(struct weir_buf *out, struct weir_str text)
{
    static const char escapes[] = "\b\t\n\f\r\"\\", letters[] = "btnfr\"\\";
    weir_buf_add_char(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.ptr[i];
        const char *hit = c != '\0' ? strchr(escapes, c) : NULL;
        if (hit) {
            weir_buf_add_char(out, '\\');
            weir_buf_add_char(out, letters[hit - escapes]);
        } else if ((uint8_t)c < ' ') {
            weir_buf_printf(out, "\\u%04X", (unsigned)(uint8_t)c);
        } else if ((uint8_t)c >= 0xf0 && i + 3 < text.len) { /* beyond the basic plane: two units, escaped */
            uint32_t units[2];
            const char *at = text.ptr + i;
            (void)weiri_json_char(&at, text.ptr + text.len, units);
            weir_buf_printf(out, "\\u%04X\\u%04X", units[0], units[1]);
            i += 3;
        } else {
            weir_buf_add_char(out, c);
        }
    }
    weir_buf_add_char(out, '"');
}

static bool copy_string(struct weiri_json *j, struct weir_buf *out)
{
    if (!weiri_json_finish(j)) {
        return false;
    }
    const size_t len = (size_t)(j->at - j->from) - 2;
    char *text = weir_arena_alloc(j->arena, 3 * len + 1);
    copy_text(out, (struct weir_str){text, weiri_json_unescape(j->rules, j->from + 1, len, text)});
    return true;
}

/* Whole numbers lose their zeros and their sign before 0, others are doubles. */
static void copy_number(const struct weiri_json *j, struct weir_buf *out)
{
    struct weir_str text = {j->from, (size_t)(j->at - j->from)};
    if (j->token == JSON_INT) {
        const bool negative = text.ptr[0] == '-';
        size_t at = negative;
        while (at + 1 < text.len && text.ptr[at] == '0') {
            at++;
        }
        const bool zero = text.ptr[at] == '0';
        weir_buf_add(out, "-", negative && !zero);
        weir_buf_add(out, text.ptr + at, text.len - at);
        return;
    }
    double value;
    const bool word = text.ptr[text.len - 1] == 'N' || text.ptr[text.len - 1] == 'y' || text.ptr[text.len - 1] == 'F';
    if (word) {
        weir_buf_printf(out, text.ptr[text.len - 1] == 'N' ? "\"NaN\"" : text.ptr[0] == '-' ? "\"-Infinity\"" : "\"Infinity\"");
        return;
    }
    (void)weiri_parse_double(NULL, text.ptr, text.len, &value);
    if (isinf(value)) {
        weir_buf_printf(out, value < 0 ? "\"-Infinity\"" : "\"Infinity\"");
        return;
    }
    const struct weir_type type = weir_type_of(WEIR_TYPE_DOUBLE);
    const void *buffers[2] = {NULL, &value};
    const struct ArrowArray one = {.length = 1, .n_buffers = 2, .buffers = buffers};
    (void)weir_arrow_print_text(out, &type, &one, 0);
}

static bool copy_scalar(struct weiri_json *j, struct weir_buf *out)
{
    switch (j->token) {
    case JSON_STRING:
        return copy_string(j, out);
    case JSON_INT:
    case JSON_FLOAT:
        copy_number(j, out);
        return true;
    case JSON_TRUE:
    case JSON_FALSE:
        weir_buf_printf(out, j->token == JSON_TRUE ? "true" : "false");
        return true;
    default:
        weir_buf_printf(out, "null");
        return true;
    }
}

bool weiri_json_copy(struct weiri_json *j, struct weir_buf *out)
{
    const size_t depth = j->depth;
    const bool structure = j->token == JSON_OBJECT || j->token == JSON_ARRAY;
    bool comma = false;
    if (!structure) {
        return copy_scalar(j, out);
    }
    for (;;) {
        const bool close = j->token == JSON_OBJECT_END || j->token == JSON_ARRAY_END;
        if (comma && !close) {
            weir_buf_add_char(out, ',');
        }
        comma = j->token != JSON_NAME && j->token != JSON_OBJECT && j->token != JSON_ARRAY;
        if (j->token == JSON_NAME) {
            copy_text(out, weiri_json_name(j));
            weir_buf_add_char(out, ':');
        } else if (close || j->token == JSON_OBJECT || j->token == JSON_ARRAY) {
            weir_buf_add_char(out, j->token == JSON_OBJECT ? '{' : j->token == JSON_ARRAY ? '[' : j->token == JSON_OBJECT_END ? '}' : ']');
        } else if (j->token == JSON_NOTHING || !copy_scalar(j, out)) {
            return false;
        }
        if (close && j->depth < depth) {
            return true;
        }
        if (!weiri_json_next(j)) {
            return false;
        }
    }
}
