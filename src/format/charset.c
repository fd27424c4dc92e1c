/* charset.c - text that is not UTF-8, line by line, as Java's decoders read it: what they cannot read becomes U+FFFD, as often as they say so. */
#include "format/text_internal.h"

static const struct {
    const char *name;
    enum weiri_charset charset;
} charsets[] = {{"UTF-8", WEIRI_UTF8},       {"ISO-8859-1", WEIRI_LATIN1}, {"US-ASCII", WEIRI_ASCII}, {"UTF-16", WEIRI_UTF16},
                {"UTF-16BE", WEIRI_UTF16BE}, {"UTF-16LE", WEIRI_UTF16LE},  {"UTF-32", WEIRI_UTF32}};

bool weiri_charset_find(const char *name, enum weiri_charset *out)
{
    for (size_t i = 0; i < sizeof charsets / sizeof *charsets; i++) {
        if (weir_str_eq_nocase(weir_str(name), weir_str(charsets[i].name))) {
            *out = charsets[i].charset;
            return true;
        }
    }
    return false;
}

static uint32_t unit16(const uint8_t *s, bool little)
{
    return little ? (uint32_t)s[0] | (uint32_t)s[1] << 8 : (uint32_t)s[0] << 8 | s[1];
}

static size_t decode16(const uint8_t *s, size_t len, bool little, char *out)
{
    size_t n = 0, i = 0;
    while (len - i >= 2) {
        const uint32_t c = unit16(s + i, little);
        if (c >= 0xD800 && c < 0xDC00) {
            if (len - i < 4) {
                break; /* half of a pair ends the line */
            }
            const uint32_t low = unit16(s + i + 2, little);
            const bool pair = low >= 0xDC00 && low < 0xE000;
            n += weir_utf8_put(pair ? 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00) : 0xFFFD, out + n);
            i += 4;
        } else {
            n += weir_utf8_put(c >= 0xDC00 && c < 0xE000 ? 0xFFFD : c, out + n);
            i += 2;
        }
    }
    return i < len ? n + weir_utf8_put(0xFFFD, out + n) : n;
}

static size_t decode32(const uint8_t *s, size_t len, char *out)
{
    size_t n = 0, i = 0;
    bool little = false;
    if (len >= 4 && (memcmp(s, "\0\0\xfe\xff", 4) == 0 || memcmp(s, "\xff\xfe\0\0", 4) == 0)) {
        little = s[0] == 0xFF;
        i = 4;
    }
    for (; len - i >= 4; i += 4) {
        const uint32_t high = unit16(s + i + (little ? 2 : 0), little), low = unit16(s + i + (little ? 0 : 2), little);
        const uint32_t c = high << 16 | low;
        n += weir_utf8_put(c > 0x10FFFF ? 0xFFFD : c >= 0xD800 && c < 0xE000 ? '?' : c, out + n); /* Java keeps half a pair, and writes it as ? */
    }
    return i < len ? n + weir_utf8_put(0xFFFD, out + n) : n;
}

size_t weiri_decode(enum weiri_charset charset, const char *text, size_t len, char *out)
{
    const uint8_t *s = (const uint8_t *)text;
    size_t n = 0;
    switch (charset) {
    case WEIRI_UTF8:
        return weiri_utf8_repair(text, len, out);
    case WEIRI_LATIN1:
    case WEIRI_ASCII:
        for (size_t i = 0; i < len; i++) {
            n += weir_utf8_put(s[i] >= 0x80 && charset == WEIRI_ASCII ? 0xFFFD : s[i], out + n);
        }
        return n;
    case WEIRI_UTF16: { /* a mark says the order of the bytes; without one it is big-endian */
        const bool little = len >= 2 && s[0] == 0xFF && s[1] == 0xFE, marked = little || (len >= 2 && s[0] == 0xFE && s[1] == 0xFF);
        return decode16(s + (marked ? 2 : 0), len - (marked ? 2 : 0), little, out);
    }
    case WEIRI_UTF16BE:
    case WEIRI_UTF16LE:
        return decode16(s, len, charset == WEIRI_UTF16LE, out);
    case WEIRI_UTF32:
        return decode32(s, len, out);
    }
    return 0;
}

static uint32_t next_char(struct weir_str *text)
{
    const uint8_t *s = (const uint8_t *)text->ptr;
    const size_t len = s[0] < 0x80 ? 1 : s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
    uint32_t c = len == 1 ? s[0] : s[0] & (0x7Fu >> len);
    for (size_t i = 1; i < len; i++) {
        c = c << 6 | (s[i] & 63);
    }
    text->ptr += len;
    text->len -= len;
    return c;
}

static void put_unit(struct weir_buf *out, uint32_t unit, bool little)
{
    weir_buf_add_char(out, (char)(little ? unit : unit >> 8));
    weir_buf_add_char(out, (char)(little ? unit >> 8 : unit));
}

void weiri_encode(enum weiri_charset charset, struct weir_str text, struct weir_buf *out)
{
    while (text.len > 0) {
        const uint32_t c = next_char(&text);
        const bool little = charset == WEIRI_UTF16LE;
        char utf8[4];
        if (charset == WEIRI_UTF8) {
            weir_buf_add(out, utf8, weir_utf8_put(c, utf8));
        } else if (charset == WEIRI_LATIN1 || charset == WEIRI_ASCII) {
            weir_buf_add_char(out, c < (charset == WEIRI_ASCII ? 0x80 : 0x100) ? (char)c : '?');
        } else if (charset == WEIRI_UTF32) {
            put_unit(out, c >> 16, false);
            put_unit(out, c & 0xFFFF, false);
        } else if (c >= 0x10000) {
            put_unit(out, 0xD800 + ((c - 0x10000) >> 10), little);
            put_unit(out, 0xDC00 + ((c - 0x10000) & 0x3FF), little);
        } else {
            put_unit(out, c, little);
        }
    }
}
