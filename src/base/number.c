/* number.c - numbers and text, both ways, in no locale.
 *
 * Reading: short decimals exactly by one multiplication or division (Clinger's fast path), everything else by strtod in
 * the C locale after the text was proven to be a plain decimal.
 * Writing: the fewest digits that read back. A decimal of at most 15 digits survives the way through a double (6: a float),
 * so 15 digits without trailing zeros are the shortest if they read back; else 16, else 17. Below the normal range,
 * where precision shrinks, every length is tried. */
#include "base/json.h"
#include <float.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { DIGITS_MAX = 17 };

/* --- reading --- */

bool weir_str_to_i64(struct weir_str text, int64_t *out)
{
    size_t at = 0;
    const bool negative = text.len > 0 && text.ptr[0] == '-';
    if (text.len > 0 && (text.ptr[0] == '-' || text.ptr[0] == '+')) {
        at = 1;
    }
    if (at == text.len) {
        return false;
    }
    int64_t value = 0; /* counted downwards: the least number has no positive twin */
    for (; at < text.len; at++) {
        const int digit = text.ptr[at] - '0';
        if (digit < 0 || digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, digit, &value)) {
            return false;
        }
    }
    if (!negative && value == INT64_MIN) {
        return false;
    }
    *out = negative ? value : -value;
    return true;
}

struct decimal_text {
    uint64_t mantissa;  /* of the first 19 significant digits */
    int digits;         /* significant digits seen */
    int64_t exponent;   /* value = mantissa * 10^exponent while digits <= 19 */
    bool negative;
};

/* False: not a plain decimal number. */
static bool scan_decimal(struct weir_str text, struct decimal_text *out)
{
    size_t at = 0;
    size_t seen = 0;
    bool point = false;
    *out = (struct decimal_text){0};
    if (text.len > 0 && (text.ptr[0] == '-' || text.ptr[0] == '+')) {
        out->negative = text.ptr[0] == '-';
        at = 1;
    }
    for (; at < text.len; at++) {
        const char c = text.ptr[at];
        if (c == '.' && !point) {
            point = true;
            continue;
        }
        if (c < '0' || c > '9') {
            break;
        }
        seen++;
        out->exponent -= point;
        if (out->digits > 0 || c != '0') {
            if (out->digits < 19) {
                out->mantissa = out->mantissa * 10 + (uint64_t)(c - '0');
            }
            out->digits += out->digits < 100;
        }
    }
    if (seen == 0) {
        return false;
    }
    if (at < text.len && (text.ptr[at] == 'e' || text.ptr[at] == 'E')) {
        const bool minus = ++at < text.len && text.ptr[at] == '-';
        at += at < text.len && (text.ptr[at] == '-' || text.ptr[at] == '+');
        if (at == text.len) {
            return false;
        }
        int64_t exponent = 0;
        for (; at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9'; at++) {
            exponent = exponent < 1000000 ? exponent * 10 + (text.ptr[at] - '0') : exponent;
        }
        out->exponent += minus ? -exponent : exponent;
    }
    return at == text.len;
}

static locale_t c_locale;
static pthread_once_t c_locale_once = PTHREAD_ONCE_INIT;

static void make_c_locale(void)
{
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    WEIR_ASSERT(c_locale != (locale_t)0);
}

/* `text` was proven to be a plain decimal. */
static double read_slow(struct weir_str text, bool as_float)
{
    char small[128];
    char *copy = text.len < sizeof small ? small : weir_malloc(text.len + 1);
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    pthread_once(&c_locale_once, make_c_locale);
    const double value =
        as_float ? (double)strtof_l(copy, NULL, c_locale) : strtod_l(copy, NULL, c_locale);
    if (copy != small) {
        weir_free(copy);
    }
    return value;
}

static const double POWERS[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

bool weir_str_to_f64(struct weir_str text, double *out)
{
    struct decimal_text decimal;
    if (!scan_decimal(text, &decimal)) {
        return false;
    }
    /* Both factors are exact doubles, so the one operation rounds once. */
    if (decimal.digits <= 19 && decimal.mantissa <= (UINT64_C(1) << 53) && decimal.exponent >= -22 &&
        decimal.exponent <= 22) {
        const double mantissa = (double)decimal.mantissa;
        const double value = decimal.exponent < 0 ? mantissa / POWERS[-decimal.exponent]
                                                  : mantissa * POWERS[decimal.exponent];
        *out = decimal.negative ? -value : value;
    } else {
        *out = read_slow(text, false);
    }
    return true;
}

bool weir_str_to_f32(struct weir_str text, float *out)
{
    struct decimal_text decimal;
    if (!scan_decimal(text, &decimal)) {
        return false;
    }
    if (decimal.digits <= 19 && decimal.mantissa <= (UINT64_C(1) << 24) && decimal.exponent >= -10 &&
        decimal.exponent <= 10) {
        const float mantissa = (float)decimal.mantissa;
        const float value = decimal.exponent < 0 ? mantissa / (float)POWERS[-decimal.exponent]
                                                 : mantissa * (float)POWERS[decimal.exponent];
        *out = decimal.negative ? -value : value;
    } else {
        *out = (float)read_slow(text, true);
    }
    return true;
}

/* --- writing --- */

struct shortest {
    char digits[DIGITS_MAX + 2];
    int count;
    int exponent; /* value = 0.DIGITS * 10^exponent */
};

static bool reads_back(const struct shortest *s, double value, bool is_float)
{
    char text[48];
    const int len = snprintf(text, sizeof text, ".%.*se%d", s->count, s->digits, s->exponent);
    const struct weir_str view = {text, (size_t)len};
    if (is_float) {
        float back;
        return weir_str_to_f32(view, &back) && back == (float)value;
    }
    double back;
    return weir_str_to_f64(view, &back) && back == value;
}

/* The `count` digits nearest to value (positive, finite). */
static void nearest_digits(double value, int count, struct shortest *s)
{
    char text[48];
    snprintf(text, sizeof text, "%.*e", count - 1, value);
    s->count = 0;
    const char *c = text;
    for (; *c != 'e'; c++) { /* whatever the locale's point is, it is no digit */
        if (*c >= '0' && *c <= '9') {
            s->digits[s->count++] = *c;
        }
    }
    s->exponent = (int)strtol(c + 1, NULL, 10) + 1;
}

/* The next larger decimal of the same length. */
static void increment(struct shortest *s)
{
    int at = s->count - 1;
    while (at >= 0 && s->digits[at] == '9') {
        s->digits[at--] = '0';
    }
    if (at >= 0) {
        s->digits[at]++;
    } else {
        s->digits[0] = '1';
        s->exponent++;
    }
}

/* At a power of two the values below lie closer than those above: the nearest decimal of this length may fall out of
 * the interval below while the next one above is still inside. */
static bool try_length(double value, bool is_float, int count, struct shortest *s)
{
    nearest_digits(value, count, s);
    if (reads_back(s, value, is_float)) {
        return true;
    }
    increment(s);
    return reads_back(s, value, is_float);
}

static void trim_zeros(struct shortest *s)
{
    while (s->count > 1 && s->digits[s->count - 1] == '0') {
        s->count--;
    }
}

static void find_shortest(double value, bool is_float, int least, struct shortest *s)
{
    const bool normal = is_float ? value >= (double)FLT_MIN : value >= DBL_MIN;
    const int safe = is_float ? FLT_DIG : DBL_DIG;
    const int most = is_float ? 9 : DIGITS_MAX;
    for (int count = normal ? safe : least; count <= most; count++) {
        if (try_length(value, is_float, count, s)) {
            trim_zeros(s);
            return;
        }
    }
    WEIR_UNREACHABLE("17 digits always read back");
}

/* Python's repr: "0.1", "100.0", "1e+16", "1e-05"; it always reads as a floating-point number. */
static size_t layout_plain(const struct shortest *s, char *out)
{
    char *at = out;
    const int point = s->exponent;
    if (point > -4 && point <= 0) {
        *at++ = '0';
        *at++ = '.';
        for (int i = point; i < 0; i++) {
            *at++ = '0';
        }
        memcpy(at, s->digits, (size_t)s->count);
        return (size_t)(at - out) + (size_t)s->count;
    }
    if (point > 0 && point <= 16) {
        for (int i = 0; i < s->count || i < point; i++) {
            if (i == point) {
                *at++ = '.';
            }
            *at++ = i < s->count ? s->digits[i] : '0';
        }
        if (s->count <= point) {
            *at++ = '.';
            *at++ = '0';
        }
        return (size_t)(at - out);
    }
    *at++ = s->digits[0];
    if (s->count > 1) {
        *at++ = '.';
        memcpy(at, s->digits + 1, (size_t)s->count - 1);
        at += s->count - 1;
    }
    return (size_t)(at - out) + (size_t)snprintf(at, 8, "e%c%02d", point > 0 ? '+' : '-', abs(point - 1));
}

static size_t layout_java(const struct shortest *s, char *out)
{
    char *at = out;
    const int point = s->exponent;
    if (point >= -2 && point <= 7) { /* 1e-3 <= value < 1e7: as many places as there are */
        if (point <= 0) {
            *at++ = '0';
            *at++ = '.';
            for (int i = point; i < 0; i++) {
                *at++ = '0';
            }
        }
        for (int i = 0; i < s->count || i < point; i++) {
            if (i == point && point > 0) {
                *at++ = '.';
            }
            *at++ = i < s->count ? s->digits[i] : '0';
        }
        if (point > 0 && s->count <= point) {
            *at++ = '.';
            *at++ = '0';
        }
        return (size_t)(at - out);
    }
    *at++ = s->digits[0];
    *at++ = '.';
    if (s->count > 1) {
        memcpy(at, s->digits + 1, (size_t)s->count - 1);
        at += s->count - 1;
    } else {
        *at++ = '0';
    }
    return (size_t)(at - out) + (size_t)snprintf(at, 8, "E%d", point - 1);
}

static size_t special_text(double value, const char *infinity, char *out)
{
    const char *text = isnan(value) ? "NaN" : infinity;
    size_t len = 0;
    if (!isnan(value) && value < 0) {
        out[len++] = '-';
    }
    memcpy(out + len, text, strlen(text) + 1);
    return len + strlen(text);
}

static size_t write_number(double value, bool is_float, bool java, char *out)
{
    size_t len = 0;
    if (!isfinite(value)) {
        return special_text(value, "Infinity", out);
    }
    if (signbit(value)) {
        out[len++] = '-';
        value = -value;
    }
    if (value == 0) {
        memcpy(out + len, "0.0", 4);
        return len + 3;
    }
    struct shortest s;
    /* Java takes the nearest of two digits where one would do ("4.9E-324"). */
    find_shortest(value, is_float, java ? 2 : 1, &s);
    len += java ? layout_java(&s, out + len) : layout_plain(&s, out + len);
    out[len] = '\0';
    return len;
}

size_t weir_f64_text(double value, char *out)
{
    return write_number(value, false, false, out);
}

size_t weir_f32_text(float value, char *out)
{
    return write_number((double)value, true, false, out);
}

size_t weir_f64_java(double value, char *out)
{
    return write_number(value, false, true, out);
}

size_t weir_f32_java(float value, char *out)
{
    return write_number((double)value, true, true, out);
}
