/* parse_number.c - BOOLEAN and numbers from text, as Java's parse functions read them.
 *
 * Integers and decimals take any Unicode decimal digit of the basic plane; doubles take ASCII only but blanks round them, a suffix and hexadecimal. Plain ASCII
 * goes the short way. */
#include "format/text_internal.h"
#include <math.h>
#include <stdlib.h>

/* Where the runs of ten decimal digits begin (Unicode category Nd, basic plane). */
static const uint16_t digit_runs[] = {
    0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6, 0x0d66, 0x0de6,
    0x0e50, 0x0ed0, 0x0f20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0,
    0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10};

/* The digit at the front of the text; -1 = none. *width: its bytes. */
static int digit_at(const char *text, size_t len, size_t *width)
{
    uint8_t b = (uint8_t)text[0];
    *width = 1;
    if (b < 0x80) {
        return b >= '0' && b <= '9' ? b - '0' : -1;
    }
    uint32_t c;
    if ((b & 0xe0) == 0xc0 && len > 1 && ((uint8_t)text[1] & 0xc0) == 0x80) {
        c = (uint32_t)(b & 0x1f) << 6 | ((uint8_t)text[1] & 0x3f);
        *width = 2;
    } else if ((b & 0xf0) == 0xe0 && len > 2 && ((uint8_t)text[1] & 0xc0) == 0x80 && ((uint8_t)text[2] & 0xc0) == 0x80) {
        c = (uint32_t)(b & 0x0f) << 12 | (uint32_t)((uint8_t)text[1] & 0x3f) << 6 | ((uint8_t)text[2] & 0x3f);
        *width = 3;
    } else {
        return -1;
    }
    for (size_t i = 0; i < sizeof digit_runs / sizeof *digit_runs; i++) {
        if (c >= digit_runs[i] && c < digit_runs[i] + 10U) {
            return (int)(c - digit_runs[i]);
        }
    }
    return -1;
}

enum weir_verdict weiri_parse_boolean(const char *text, size_t len, bool *out)
{
    struct weir_str t = {text, len};
    *out = weir_str_eq_nocase(t, WEIR_STR("true"));
    return *out || weir_str_eq_nocase(t, WEIR_STR("false")) ? WEIR_VALUE : WEIR_VALUE_BAD;
}

enum weir_verdict weiri_parse_integer(const char *text, size_t len, int64_t min, int64_t max, int64_t *out)
{
    bool negative = len > 0 && text[0] == '-';
    size_t i = len > 0 && (text[0] == '-' || text[0] == '+');
    if (i == len) {
        return WEIR_VALUE_BAD;
    }
    uint64_t limit = negative ? (uint64_t)0 - (uint64_t)min : (uint64_t)max;
    uint64_t value = 0;
    while (i < len) {
        size_t width;
        int digit = digit_at(text + i, len - i, &width);
        if (digit < 0 || value > (limit - (uint64_t)digit) / 10) {
            return WEIR_VALUE_BAD;
        }
        value = value * 10 + (uint64_t)digit;
        i += width;
    }
    *out = negative ? (int64_t)((uint64_t)0 - value) : (int64_t)value;
    return WEIR_VALUE;
}

/* --- decimals --- */

/* A decimal as its digits: value = digits * 10^-scale. Beyond 76 digits only whether something was there is kept: no result needs more. */
struct decimal {
    bool negative;
    uint8_t digits[80]; /* significant, no leading zeros */
    int count;
    int64_t dropped;    /* digits that did not fit */
    int64_t scale;
};

static void push_digit(struct decimal *d, int digit)
{
    if (d->count == 0 && digit == 0) {
        return;
    }
    if (d->count < (int)sizeof d->digits) {
        d->digits[d->count++] = (uint8_t)digit;
    } else {
        d->dropped++;
    }
}

/* The exponent behind an E; false = not one, or beyond Java's int. */
static bool scan_exponent(const char *text, size_t len, int64_t *out)
{
    bool negative = len > 0 && text[0] == '-';
    size_t i = len > 0 && (text[0] == '-' || text[0] == '+');
    int64_t value = 0;
    int digits = 0;
    if (i == len) {
        return false;
    }
    while (i < len) {
        size_t width;
        int digit = digit_at(text + i, len - i, &width);
        if (digit < 0) {
            return false;
        }
        if (value > 0 || digit > 0) {
            digits++;
        }
        if (digits > 10) {
            return false;
        }
        value = value * 10 + digit;
        i += width;
    }
    *out = negative ? -value : value;
    return true;
}

/* new BigDecimal(text with the commas taken out). */
static bool scan_decimal(const char *text, size_t len, struct decimal *d)
{
    bool signs = true, point = false;
    int64_t seen = 0, exponent = 0;
    for (size_t i = 0; i < len;) {
        char ch = text[i];
        if (ch == ',') {
            i++;
            continue;
        }
        if (signs && (ch == '-' || ch == '+')) {
            d->negative = ch == '-';
            signs = false;
            i++;
            continue;
        }
        signs = false;
        if (ch == '.' && !point) {
            point = true;
            i++;
            continue;
        }
        if (ch == 'e' || ch == 'E') {
            char rest[64];
            size_t n = 0;
            for (size_t j = i + 1; j < len && n < sizeof rest; j++) {
                if (text[j] != ',') {
                    rest[n++] = text[j];
                }
            }
            if (seen == 0 || !scan_exponent(rest, n, &exponent)) {
                return false;
            }
            break;
        }
        size_t width;
        int digit = digit_at(text + i, len - i, &width);
        if (digit < 0) {
            return false;
        }
        push_digit(d, digit);
        d->scale += point;
        seen++;
        i += width;
    }
    d->scale -= exponent;
    return seen > 0 && d->scale >= INT32_MIN && d->scale <= INT32_MAX;
}

/* Round half up (away from zero) to `scale` digits behind the point. */
static bool round_decimal(const struct decimal *d, int precision, int scale, weir_i128 *out)
{
    *out = 0;
    if (d->count == 0) {
        return true;
    }
    int64_t keep = d->count + d->dropped - (d->scale - scale); /* digits of the result */
    if (keep > precision) {
        return false;
    }
    if (keep < 0) {
        return true;
    }
    weir_u128 value = 0;
    for (int64_t i = 0; i < keep; i++) {
        value = value * 10 + (i < d->count ? d->digits[i] : 0);
    }
    value += keep < d->count && d->digits[keep] >= 5;
    weir_u128 limit = 1;
    for (int i = 0; i < precision; i++) {
        limit *= 10;
    }
    *out = d->negative ? -(weir_i128)value : (weir_i128)value;
    return value < limit;
}

/* [-]digits[.digits], at most 18 digits, no more behind the point than the scale: no rounding, 64 bits are enough. */
static bool short_decimal(const char *text, size_t len, int precision, int scale, weir_i128 *out)
{
    size_t i = len > 0 && text[0] == '-';
    uint64_t value = 0;
    int digits = 0, behind = -1;
    if (len > 19) {
        return false;
    }
    for (; i < len; i++) {
        if (text[i] == '.' && behind < 0) {
            behind = 0;
        } else if (text[i] >= '0' && text[i] <= '9') {
            value = value * 10 + (uint64_t)(text[i] - '0');
            digits++;
            behind += behind >= 0;
        } else {
            return false;
        }
    }
    behind = behind < 0 ? 0 : behind;
    if (digits == 0 || behind > scale || digits + scale - behind > 18 || digits + scale - behind > precision) {
        return false;
    }
    for (; behind < scale; behind++) {
        value *= 10;
    }
    *out = text[0] == '-' ? -(weir_i128)value : (weir_i128)value;
    return true;
}

enum weir_verdict weiri_parse_decimal(const char *text, size_t len, int precision, int scale, weir_i128 *out)
{
    if (short_decimal(text, len, precision, scale, out)) {
        return WEIR_VALUE;
    }
    struct decimal d = {0};
    return scan_decimal(text, len, &d) && round_decimal(&d, precision, scale, out) ? WEIR_VALUE : WEIR_VALUE_BAD;
}

/* --- floating point --- */

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Java's hexadecimal form: 0x digits [. digits] p exponent; something before or behind the point. */
static bool is_hex_float(struct weir_str t)
{
    size_t i = 2, digits = 0;
    if (t.len < 2 || t.ptr[0] != '0' || (t.ptr[1] != 'x' && t.ptr[1] != 'X')) {
        return false;
    }
    for (; i < t.len && is_hex(t.ptr[i]); i++) {
        digits++;
    }
    if (i < t.len && t.ptr[i] == '.') {
        for (i++; i < t.len && is_hex(t.ptr[i]); i++) {
            digits++;
        }
    }
    if (digits == 0 || i >= t.len || (t.ptr[i] != 'p' && t.ptr[i] != 'P')) {
        return false;
    }
    i++;
    i += i < t.len && (t.ptr[i] == '+' || t.ptr[i] == '-');
    size_t first = i;
    while (i < t.len && t.ptr[i] >= '0' && t.ptr[i] <= '9') {
        i++;
    }
    return i > first && i == t.len;
}

static void read_hex(struct weir_str t, bool single, double *out)
{
    char small[64];
    char *copy = t.len < sizeof small ? small : weir_malloc(t.len + 1);
    memcpy(copy, t.ptr, t.len);
    copy[t.len] = '\0';
    /* The point is the only thing a locale changes; weir never sets one. */
    *out = single ? (double)strtof(copy, NULL) : strtod(copy, NULL);
    if (copy != small) {
        weir_free(copy);
    }
}

static bool read_float(struct weir_str t, bool single, double *out)
{
    float narrow;
    if (!single) {
        return weir_str_to_f64(t, out);
    }
    if (!weir_str_to_f32(t, &narrow)) {
        return false;
    }
    *out = (double)narrow;
    return true;
}

/* Double.parseDouble: trimmed, a sign, NaN and Infinity by name, a type suffix. */
static bool java_float(struct weir_str t, bool single, double *out)
{
    while (t.len > 0 && (uint8_t)t.ptr[0] <= ' ') {
        t.ptr++;
        t.len--;
    }
    while (t.len > 0 && (uint8_t)t.ptr[t.len - 1] <= ' ') {
        t.len--;
    }
    bool negative = t.len > 0 && t.ptr[0] == '-';
    struct weir_str bare = t;
    if (t.len > 0 && (t.ptr[0] == '-' || t.ptr[0] == '+')) {
        bare.ptr++;
        bare.len--;
    }
    if (bare.len > 0 && (bare.ptr[0] == '+' || bare.ptr[0] == '-')) {
        return false;
    }
    if (weir_str_eq(bare, WEIR_STR("NaN")) || weir_str_eq(bare, WEIR_STR("Infinity"))) {
        *out = bare.ptr[0] == 'N' ? (double)NAN : negative ? -(double)INFINITY : (double)INFINITY;
        return true;
    }
    if (bare.len > 1 && strchr("fFdD", bare.ptr[bare.len - 1]) && (bare.len < 3 || (bare.ptr[1] != 'x' && bare.ptr[1] != 'X') || is_hex_float((struct weir_str){bare.ptr, bare.len - 1}))) {
        bare.len--;
    }
    if (is_hex_float(bare)) {
        read_hex(bare, single, out);
    } else if (!read_float(bare, single, out)) {
        return false;
    }
    *out = negative ? -*out : *out;
    return true;
}

static enum weir_verdict parse_float(const struct weir_format *csv, const char *text, size_t len, bool single, double *out)
{
    struct weir_str t = {text, len};
    if (len > 0 && read_float(t, single, out)) {
        /* The option may still give this spelling another meaning. */
        if (!csv || (len > 3 && len != csv->nan_value.len && len != csv->positive_inf.len && len != csv->negative_inf.len)) {
            return WEIR_VALUE;
        }
    }
    struct weir_str nan = csv ? csv->nan_value : WEIR_STR("NaN");
    struct weir_str plus = csv ? csv->positive_inf : WEIR_STR("Inf");
    struct weir_str minus = csv ? csv->negative_inf : WEIR_STR("-Inf");
    if (weir_str_eq(t, nan)) {
        *out = (double)NAN;
    } else if (weir_str_eq(t, minus)) {
        *out = -(double)INFINITY;
    } else if (weir_str_eq(t, plus)) {
        *out = (double)INFINITY;
    } else if (!java_float(t, single, out)) {
        return WEIR_VALUE_BAD;
    }
    return WEIR_VALUE;
}

enum weir_verdict weiri_parse_double(const struct weir_format *csv, const char *text, size_t len, double *out)
{
    return parse_float(csv, text, len, false, out);
}

enum weir_verdict weiri_parse_float(const struct weir_format *csv, const char *text, size_t len, double *out)
{
    return parse_float(csv, text, len, true, out);
}
