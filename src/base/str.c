/* str.c - string views: comparing, trimming, UTF-8. Numbers are in number.c. */
#include "base/mem.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

bool weir_str_eq_nocase(struct weir_str a, struct weir_str b)
{
    if (a.len != b.len) {
        return false;
    }
    for (size_t i = 0; i < a.len; i++) {
        if (lower(a.ptr[i]) != lower(b.ptr[i])) {
            return false;
        }
    }
    return true;
}

bool weir_str_starts(struct weir_str text, const char *prefix)
{
    const size_t len = strlen(prefix);
    return text.len >= len && (len == 0 || memcmp(text.ptr, prefix, len) == 0);
}

bool weir_str_ends(struct weir_str text, const char *suffix)
{
    const size_t len = strlen(suffix);
    return text.len >= len && (len == 0 || memcmp(text.ptr + text.len - len, suffix, len) == 0);
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct weir_str weir_str_trim(struct weir_str text)
{
    while (text.len > 0 && is_space(text.ptr[0])) {
        text.ptr++;
        text.len--;
    }
    while (text.len > 0 && is_space(text.ptr[text.len - 1])) {
        text.len--;
    }
    return text;
}

int weir_str_cmp(struct weir_str a, struct weir_str b)
{
    const size_t len = a.len < b.len ? a.len : b.len;
    const int order = len > 0 ? memcmp(a.ptr, b.ptr, len) : 0;
    if (order != 0) {
        return order < 0 ? -1 : 1;
    }
    return a.len == b.len ? 0 : (a.len < b.len ? -1 : 1);
}

/* Length of the well-formed sequence at `p` (Unicode table 3-7), 0 if it is not well-formed. */
static size_t utf8_sequence(const unsigned char *p, size_t left)
{
    if (p[0] < 0x80) {
        return 1;
    }
    size_t len;
    unsigned char low = 0x80, high = 0xBF; /* bounds of the second byte */
    if (p[0] >= 0xC2 && p[0] <= 0xDF) {
        len = 2;
    } else if (p[0] >= 0xE0 && p[0] <= 0xEF) {
        len = 3;
        low = p[0] == 0xE0 ? 0xA0 : 0x80;
        high = p[0] == 0xED ? 0x9F : 0xBF;
    } else if (p[0] >= 0xF0 && p[0] <= 0xF4) {
        len = 4;
        low = p[0] == 0xF0 ? 0x90 : 0x80;
        high = p[0] == 0xF4 ? 0x8F : 0xBF;
    } else {
        return 0;
    }
    if (left < len || p[1] < low || p[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < len; i++) {
        if ((p[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return len;
}

size_t weir_utf8_next(const char *text, size_t len, uint32_t *code_point)
{
    const unsigned char *p = (const unsigned char *)text;
    const size_t bytes = utf8_sequence(p, len);
    static const unsigned char lead_mask[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    if (bytes == 0) {
        *code_point = 0xFFFD;
        return 0;
    }
    uint32_t value = p[0] & lead_mask[bytes];
    for (size_t i = 1; i < bytes; i++) {
        value = value << 6 | (p[i] & 0x3F);
    }
    *code_point = value;
    return bytes;
}

size_t weir_utf8_put(uint32_t code_point, char out[4])
{
    if (code_point < 0x80) {
        out[0] = (char)code_point;
        return 1;
    }
    if (code_point < 0x800) {
        out[0] = (char)(0xC0 | code_point >> 6);
        out[1] = (char)(0x80 | (code_point & 0x3F));
        return 2;
    }
    if (code_point < 0x10000) {
        out[0] = (char)(0xE0 | code_point >> 12);
        out[1] = (char)(0x80 | (code_point >> 6 & 0x3F));
        out[2] = (char)(0x80 | (code_point & 0x3F));
        return 3;
    }
    WEIR_ASSERT(code_point <= 0x10FFFF);
    out[0] = (char)(0xF0 | code_point >> 18);
    out[1] = (char)(0x80 | (code_point >> 12 & 0x3F));
    out[2] = (char)(0x80 | (code_point >> 6 & 0x3F));
    out[3] = (char)(0x80 | (code_point & 0x3F));
    return 4;
}

bool weir_utf8_valid(const void *text, size_t len)
{
    const unsigned char *p = text;
    size_t at = 0;
    while (at < len) {
        uint64_t word;
        while (len - at >= sizeof word) { /* eight ASCII bytes at a time */
            memcpy(&word, p + at, sizeof word);
            if (word & UINT64_C(0x8080808080808080)) {
                break;
            }
            at += sizeof word;
        }
        if (at == len) {
            break;
        }
        const size_t bytes = utf8_sequence(p + at, len - at);
        if (bytes == 0) {
            return false;
        }
        at += bytes;
    }
    return true;
}
