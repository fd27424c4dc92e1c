/* jsonw.c - the streaming JSON writer. Escapes are Jackson's: the seven short ones, else \u00XX in upper case. */
#include "base/json.h"
#include <math.h>
#include <stdio.h>

void weir_jsonw_init(struct weir_jsonw *w, struct weir_buf *buf)
{
    memset(w, 0, sizeof *w);
    w->buf = buf;
}

/* A comma where one is due. comma[] holds a bit per level: something was already written there. */
static void before_value(struct weir_jsonw *w)
{
    if (w->after_key) {
        w->after_key = false;
        return;
    }
    if (w->depth > 0) {
        const int level = w->depth - 1;
        const uint64_t bit = UINT64_C(1) << (level % 64);
        if (w->comma[level / 64] & bit) {
            weir_buf_add_char(w->buf, ',');
        }
        w->comma[level / 64] |= bit;
    }
}

static void open_level(struct weir_jsonw *w, char c)
{
    WEIR_ASSERT(w->depth < WEIR_JSON_DEPTH_MAX);
    before_value(w);
    weir_buf_add_char(w->buf, c);
    w->comma[w->depth / 64] &= ~(UINT64_C(1) << (w->depth % 64));
    w->depth++;
}

static void close_level(struct weir_jsonw *w, char c)
{
    WEIR_ASSERT(w->depth > 0 && !w->after_key);
    weir_buf_add_char(w->buf, c);
    w->depth--;
}

void weir_jsonw_object(struct weir_jsonw *w)
{
    open_level(w, '{');
}

void weir_jsonw_end_object(struct weir_jsonw *w)
{
    close_level(w, '}');
}

void weir_jsonw_array(struct weir_jsonw *w)
{
    open_level(w, '[');
}

void weir_jsonw_end_array(struct weir_jsonw *w)
{
    close_level(w, ']');
}

static void add_unit(struct weir_buf *buf, uint32_t unit, bool lower)
{
    static const char upper_digits[] = "0123456789ABCDEF";
    static const char lower_digits[] = "0123456789abcdef";
    const char *hex = lower ? lower_digits : upper_digits;
    const char text[6] = {'\\', 'u', hex[unit >> 12 & 15], hex[unit >> 8 & 15], hex[unit >> 4 & 15],
                          hex[unit & 15]};
    weir_buf_add(buf, text, sizeof text);
}

static void escape_ascii(struct weir_buf *buf, unsigned char c)
{
    static const char from[] = "\"\\\b\f\n\r\t";
    static const char to[] = "\"\\bfnrt";
    const char *simple = c ? strchr(from, c) : NULL;
    if (simple) {
        const char text[2] = {'\\', to[simple - from]};
        weir_buf_add(buf, text, sizeof text);
    } else {
        add_unit(buf, c, false);
    }
}

/* One character beyond ASCII at the front of `text`; returns the bytes it has. */
static size_t escape_wide(struct weir_buf *buf, struct weir_str text)
{
    uint32_t point;
    const size_t bytes = weir_utf8_next(text.ptr, text.len, &point);
    if (bytes == 0) {
        add_unit(buf, 0xDC00u | (unsigned char)text.ptr[0], true);
        return 1;
    }
    if (point >= 0x10000) {
        add_unit(buf, 0xD800 + ((point - 0x10000) >> 10), true);
        add_unit(buf, 0xDC00 + ((point - 0x10000) & 0x3FF), true);
    } else {
        add_unit(buf, point, true);
    }
    return bytes;
}

static void escape(struct weir_buf *buf, struct weir_str text, bool ascii)
{
    size_t done = 0; /* everything before it is written */
    size_t at = 0;
    while (at < text.len) {
        const unsigned char c = (unsigned char)text.ptr[at];
        if (c >= 0x20 && c != '"' && c != '\\' && (c < 0x80 || !ascii)) {
            at++;
            continue;
        }
        weir_buf_add(buf, text.ptr + done, at - done);
        if (c < 0x80) {
            escape_ascii(buf, c);
            at++;
        } else {
            at += escape_wide(buf, (struct weir_str){text.ptr + at, text.len - at});
        }
        done = at;
    }
    weir_buf_add(buf, text.ptr + done, at - done);
}

void weir_json_escape(struct weir_buf *buf, struct weir_str text)
{
    if (text.len > 0) {
        escape(buf, text, false);
    }
}

static void add_quoted(struct weir_jsonw *w, struct weir_str text)
{
    weir_buf_add_char(w->buf, '"');
    if (text.len > 0) {
        escape(w->buf, text, w->ascii);
    }
    weir_buf_add_char(w->buf, '"');
}

void weir_jsonw_key_view(struct weir_jsonw *w, struct weir_str key)
{
    WEIR_ASSERT(w->depth > 0 && !w->after_key);
    before_value(w);
    add_quoted(w, key);
    weir_buf_add_char(w->buf, ':');
    w->after_key = true;
}

void weir_jsonw_key(struct weir_jsonw *w, const char *key)
{
    weir_jsonw_key_view(w, weir_str(key));
}

void weir_jsonw_view(struct weir_jsonw *w, struct weir_str text)
{
    before_value(w);
    add_quoted(w, text);
}

void weir_jsonw_string(struct weir_jsonw *w, const char *text)
{
    if (text) {
        weir_jsonw_view(w, weir_str(text));
    } else {
        weir_jsonw_null(w);
    }
}

void weir_jsonw_raw(struct weir_jsonw *w, struct weir_str json)
{
    before_value(w);
    weir_buf_add_view(w->buf, json);
}

void weir_jsonw_i64(struct weir_jsonw *w, int64_t value)
{
    char text[24];
    const int len = snprintf(text, sizeof text, "%lld", (long long)value);
    weir_jsonw_raw(w, (struct weir_str){text, (size_t)len});
}

void weir_jsonw_f64(struct weir_jsonw *w, double value)
{
    char text[32];
    const struct weir_str view = {text, weir_f64_text(value, text)};
    if (isfinite(value)) {
        weir_jsonw_raw(w, view);
    } else {
        weir_jsonw_view(w, view);
    }
}

void weir_jsonw_bool(struct weir_jsonw *w, bool value)
{
    weir_jsonw_raw(w, value ? WEIR_STR("true") : WEIR_STR("false"));
}

void weir_jsonw_null(struct weir_jsonw *w)
{
    weir_jsonw_raw(w, WEIR_STR("null"));
}

void weir_jsonw_kv(struct weir_jsonw *w, const char *key, const char *text)
{
    weir_jsonw_key(w, key);
    weir_jsonw_string(w, text);
}

void weir_jsonw_kv_i64(struct weir_jsonw *w, const char *key, int64_t value)
{
    weir_jsonw_key(w, key);
    weir_jsonw_i64(w, value);
}

void weir_jsonw_kv_bool(struct weir_jsonw *w, const char *key, bool value)
{
    weir_jsonw_key(w, key);
    weir_jsonw_bool(w, value);
}
