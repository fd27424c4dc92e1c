/* decode.c - bytes that should be UTF-8, as Java's decoder reads them.
 *
 * How many U+FFFD a broken sequence becomes is visible in results (lengths, comparisons), so it follows java.lang.String:
 * the bytes that could have begun a character together count as one, the byte that spoils it begins anew. */
#include "format/text_internal.h"

static inline bool is_tail(uint8_t b)
{
    return (b & 0xc0) == 0x80;
}

/* Length of the valid character at the front; 0 = malformed, then *bad says how many bytes make one U+FFFD. */
static size_t next_char(const uint8_t *s, size_t left, size_t *bad)
{
    uint8_t b = s[0];
    *bad = 1;
    if (b < 0x80) {
        return 1;
    }
    if (b < 0xc2 || b > 0xf4) {
        return 0;
    }
    if (b < 0xe0) {
        return left > 1 && is_tail(s[1]) ? 2 : 0;
    }
    if (left < 2) {
        return 0;
    }
    if (b < 0xf0) {
        if (!is_tail(s[1]) || (b == 0xe0 && s[1] < 0xa0)) {
            return 0;
        }
        if (left < 3 || !is_tail(s[2])) {
            *bad = 2;
            return 0;
        }
        *bad = 3; /* a surrogate */
        return b == 0xed && s[1] >= 0xa0 ? 0 : 3;
    }
    if (!is_tail(s[1]) || (b == 0xf0 && s[1] < 0x90) || (b == 0xf4 && s[1] > 0x8f)) {
        return 0;
    }
    if (left < 3 || !is_tail(s[2])) {
        *bad = 2;
        return 0;
    }
    *bad = 3;
    return left > 3 && is_tail(s[3]) ? 4 : 0;
}

size_t weiri_utf8_repair(const char *text, size_t len, char *out)
{
    const uint8_t *s = (const uint8_t *)text;
    size_t n = 0;
    for (size_t i = 0; i < len;) {
        size_t bad;
        size_t good = next_char(s + i, len - i, &bad);
        if (good > 0) {
            memcpy(out + n, s + i, good);
            n += good;
            i += good;
        } else {
            memcpy(out + n, "\xef\xbf\xbd", 3);
            n += 3;
            i += bad;
        }
    }
    return n;
}

int64_t weiri_utf16_length(const char *text, size_t len)
{
    int64_t units = 0;
    for (size_t i = 0; i < len; i++) {
        uint8_t b = (uint8_t)text[i];
        units += !is_tail(b) + (b >= 0xf0);
    }
    return units;
}
