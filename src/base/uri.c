/* uri.c - escaping of paths: the Delta log's, Hive folders', Spark's checkpoint. The sets differ; each stands here as
 * a table of the ASCII characters that are written as %XX. */
#include "base/uri.h"

/* Bit c of the set: character c is escaped. Beyond ASCII no table escapes anything. */
struct escape_set {
    uint64_t low;  /* characters 0 to 63 */
    uint64_t high; /* characters 64 to 127 */
};

#define LOW(c) (UINT64_C(1) << (c))
#define HIGH(c) (UINT64_C(1) << ((c) - 64))
#define CONTROLS UINT64_C(0xFFFFFFFF)

/* What java.net.URI may not hold, by Spark's rule the complement of A-Za-z0-9-_.!~*'():@&=+$,;/ */
static const struct escape_set URI_SET = {
    CONTROLS | LOW(' ') | LOW('"') | LOW('#') | LOW('%') | LOW('<') | LOW('>') | LOW('?'),
    HIGH('[') | HIGH('\\') | HIGH(']') | HIGH('^') | HIGH('`') | HIGH('{') | HIGH('|') | HIGH('}') |
        HIGH(0x7F),
};

/* '}' is missing on purpose: Hive's own list forgets it. */
static const struct escape_set HIVE_SET = {
    CONTROLS | LOW('"') | LOW('#') | LOW('%') | LOW('\'') | LOW('*') | LOW('/') | LOW(':') |
        LOW('=') | LOW('?'),
    HIGH('\\') | HIGH('{') | HIGH('[') | HIGH(']') | HIGH('^') | HIGH(0x7F),
};

static bool in_set(const struct escape_set *set, unsigned char c)
{
    return c < 64 ? (set->low >> c & 1) : c < 128 ? (set->high >> (c - 64) & 1) : false;
}

static void add_percent(struct weir_buf *out, unsigned char c)
{
    static const char hex[] = "0123456789ABCDEF";
    const char text[3] = {'%', hex[c >> 4], hex[c & 15]};
    weir_buf_add(out, text, sizeof text);
}

static void escape_by(struct weir_buf *out, struct weir_str text, const struct escape_set *set)
{
    for (size_t i = 0; i < text.len; i++) {
        const unsigned char c = (unsigned char)text.ptr[i];
        if (in_set(set, c)) {
            add_percent(out, c);
        } else {
            weir_buf_add_char(out, text.ptr[i]);
        }
    }
}

void weir_uri_encode_delta(struct weir_buf *out, struct weir_str path)
{
    escape_by(out, path, &URI_SET);
}

void weir_hive_escape(struct weir_buf *out, struct weir_str text)
{
    escape_by(out, text, &HIVE_SET);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char low = (char)(c | 0x20);
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/* The byte that the three characters at `at` stand for, -1 if they are no %XX. */
static int percent_byte(struct weir_str text, size_t at)
{
    if (text.ptr[at] != '%' || text.len - at < 3) {
        return -1;
    }
    const int high = hex_digit(text.ptr[at + 1]);
    const int low = hex_digit(text.ptr[at + 2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

bool weir_uri_decode(struct weir_buf *out, struct weir_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '%' && percent_byte(text, i) < 0) {
            weir_buf_add_view(out, text);
            return false;
        }
    }
    weir_hive_unescape(out, text);
    return true;
}

/* As Hive: what is no %XX stays as it is. */
void weir_hive_unescape(struct weir_buf *out, struct weir_str text)
{
    size_t i = 0;
    while (i < text.len) {
        const int byte = percent_byte(text, i);
        weir_buf_add_char(out, byte < 0 ? text.ptr[i] : (char)byte);
        i += byte < 0 ? 1 : 3;
    }
}

/* Java's Character.isSpaceChar or isISOControl beyond ASCII: the only wide characters that java.net.URI escapes. */
static bool wide_escaped(uint32_t point)
{
    return (point >= 0x80 && point <= 0xA0) || point == 0x1680 ||
           (point >= 0x2000 && point <= 0x200A) || point == 0x2028 || point == 0x2029 ||
           point == 0x202F || point == 0x205F || point == 0x3000;
}

void weir_uri_encode_component(struct weir_buf *out, struct weir_str name)
{
    size_t i = 0;
    while (i < name.len) {
        uint32_t point;
        size_t bytes = weir_utf8_next(name.ptr + i, name.len - i, &point);
        const bool wide = bytes > 1 && wide_escaped(point);
        bytes = bytes ? bytes : 1; /* not UTF-8: as it stands */
        for (const size_t end = i + bytes; i < end; i++) {
            const unsigned char c = (unsigned char)name.ptr[i];
            if (wide || in_set(&URI_SET, c)) {
                add_percent(out, c);
            } else {
                weir_buf_add_char(out, name.ptr[i]);
            }
        }
    }
}

void weir_uri_from_path(struct weir_buf *out, struct weir_str absolute_path)
{
    weir_buf_add_str(out, "file://");
    weir_uri_encode_component(out, absolute_path);
}

void weir_uri_metadata_path(struct weir_buf *out, struct weir_str absolute_path)
{
    weir_buf_add_str(out, "file:");
    weir_uri_encode_component(out, absolute_path);
}

/* "file:/x" and "file:///x". A host ("file://host/x") is somebody else's file. */
bool weir_uri_to_path(struct weir_buf *out, struct weir_str uri)
{
    if (!weir_str_starts(uri, "file:/")) {
        return false;
    }
    const bool authority = weir_str_starts(uri, "file://");
    if (authority && !weir_str_starts(uri, "file:///")) {
        return false;
    }
    const size_t skip = authority ? 7 : 5;
    const size_t before = out->len;
    if (!weir_uri_decode(out, (struct weir_str){uri.ptr + skip, uri.len - skip})) {
        out->len = before;
        if (out->data) {
            out->data[before] = '\0';
        }
        return false;
    }
    return true;
}
