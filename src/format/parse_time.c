/* parse_time.c - Spark's lenient cast of text to dates and times (spark-streaming.md 3.4). */
#include "format/text_internal.h"

#define US_PER_DAY INT64_C(86400000000)
#define US_PER_S INT64_C(1000000)

bool weiri_us_fits(weir_i128 us, int64_t *out)
{
    *out = (int64_t)us;
    return us >= INT64_MIN && us <= INT64_MAX;
}

/* Local times at the very ends of 64 bits are moved by 400 years, after which calendar and zone rules repeat, to learn their offset. */
bool weiri_zoned_us(const weir_zone *zone, weir_i128 local_us, int64_t *us)
{
    const int64_t margin = 2 * US_PER_DAY;
    const int64_t cycle = 146097 * US_PER_DAY;
    if (zone == weir_zone_utc()) {
        return weiri_us_fits(local_us, us);
    }
    if (local_us > (weir_i128)INT64_MAX + margin || local_us < (weir_i128)INT64_MIN - margin) {
        return false;
    }
    int64_t moved = local_us > INT64_MAX - margin ? -cycle : local_us < INT64_MIN + margin ? cycle : 0;
    int64_t near = (int64_t)(local_us + moved);
    return weiri_us_fits((weir_i128)weir_zone_to_utc(zone, near) - moved, us);
}

/* Blanks and ISO controls of one byte. */
static bool is_blank(char c)
{
    return (uint8_t)c <= ' ' || c == 0x7f;
}

static struct weir_str trimmed(const char *text, size_t len)
{
    while (len > 0 && is_blank(text[0])) {
        text++;
        len--;
    }
    while (len > 0 && is_blank(text[len - 1])) {
        len--;
    }
    return (struct weir_str){text, len};
}

enum { YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, MICROS, ZONE, PARTS };

struct parts {
    int64_t value[PARTS + 1];
    struct weir_str zone; /* ptr NULL = none */
    bool time_only;
};

static bool digits_fit(int part, int digits)
{
    switch (part) {
    case YEAR:
        return digits >= 4 && digits <= 6;
    case MICROS:
        return true;
    case ZONE:
        return digits <= 2;
    default:
        return digits > 0 && digits <= 2;
    }
}

struct scan {
    int part;
    int64_t value;
    int digits;
};

/* The part under way is complete. */
static bool end_part(struct scan *s, struct parts *out, int next)
{
    if (!digits_fit(s->part, s->digits)) {
        return false;
    }
    out->value[s->part] = s->value;
    *s = (struct scan){.part = next};
    return true;
}

/* A byte that is no digit. *done: the rest is the zone. */
static bool scan_mark(struct scan *s, struct parts *out, struct weir_str t, size_t j, bool sign, bool *done)
{
    char b = t.ptr[j];
    switch (s->part) {
    case YEAR:
        if (j == 0 && b == 'T') {
            out->time_only = true;
            s->part = HOUR;
            return true;
        }
        if (b == ':' && !sign) {
            out->time_only = true;
            s->part = HOUR;
            return end_part(s, out, MINUTE);
        }
        return b == '-' && end_part(s, out, MONTH);
    case MONTH:
        return b == '-' && end_part(s, out, DAY);
    case DAY:
        return (b == ' ' || b == 'T') && end_part(s, out, HOUR);
    case HOUR:
    case MINUTE:
        return b == ':' && end_part(s, out, s->part + 1);
    case SECOND:
        if (b == '.') {
            return end_part(s, out, MICROS);
        }
        break;
    case MICROS:
        break;
    default:
        return false;
    }
    *done = true;
    out->zone = (struct weir_str){t.ptr + j, t.len - j};
    return end_part(s, out, ZONE);
}

static bool scan_timestamp(struct weir_str t, struct parts *out)
{
    *out = (struct parts){.value = {1, 1, 1}};
    struct scan s = {0};
    size_t j = 0;
    int fraction = 0;
    bool sign = t.len > 0 && (t.ptr[0] == '-' || t.ptr[0] == '+'), done = false;
    if (t.len == 0) {
        return false;
    }
    for (j = sign; j < t.len && !done; j++) {
        char b = t.ptr[j];
        if (b >= '0' && b <= '9') {
            fraction += s.part == MICROS;
            if (s.part == MICROS ? s.digits < 6 : s.digits < 9) {
                s.value = s.value * 10 + (b - '0');
            }
            s.digits += s.digits < 100;
        } else if (!scan_mark(&s, out, t, j, sign, &done)) {
            return false;
        }
    }
    if (!digits_fit(s.part, s.digits)) {
        return false;
    }
    out->value[s.part] = s.value;
    for (; fraction < 6; fraction++) {
        out->value[MICROS] *= 10;
    }
    if (sign && t.ptr[0] == '-') {
        out->value[YEAR] = -out->value[YEAR];
    }
    return true;
}

static bool time_of_day(const struct parts *p, int64_t *us)
{
    const int64_t *v = p->value;
    *us = ((v[HOUR] * 60 + v[MINUTE]) * 60 + v[SECOND]) * US_PER_S + v[MICROS];
    return v[HOUR] < 24 && v[MINUTE] < 60 && v[SECOND] < 60;
}

static bool date_of(const struct parts *p, int64_t *days)
{
    if (!weir_civil_valid(p->value[YEAR], (int)p->value[MONTH], (int)p->value[DAY])) {
        return false;
    }
    *days = weir_days_from_civil(p->value[YEAR], (int)p->value[MONTH], (int)p->value[DAY]);
    return true;
}

static int64_t today(const weir_zone *zone)
{
    int64_t now = weir_now_us();
    int64_t local = now + (int64_t)weir_zone_offset_at(zone, now) * US_PER_S;
    return local / US_PER_DAY - (local % US_PER_DAY < 0);
}

/* "2019-10-01 00:00:00" and at most " UTC" behind it: by far the most common text. */
static bool usual_timestamp(const char *t, size_t len, struct parts *p)
{
    static const uint8_t at[14] = {0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18};
    if ((len != 19 && len != 23) || t[4] != '-' || t[7] != '-' || (t[10] != ' ' && t[10] != 'T') || t[13] != ':' || t[16] != ':') {
        return false;
    }
    uint8_t d[14];
    uint8_t wrong = 0;
    for (int i = 0; i < 14; i++) {
        d[i] = (uint8_t)(t[at[i]] - '0');
        wrong |= d[i] > 9;
    }
    if (wrong || (len == 23 && memcmp(t + 19, " UTC", 4) != 0)) {
        return false;
    }
    *p = (struct parts){.value = {d[0] * 1000 + d[1] * 100 + d[2] * 10 + d[3], d[4] * 10 + d[5], d[6] * 10 + d[7], d[8] * 10 + d[9],
                                  d[10] * 10 + d[11], d[12] * 10 + d[13]}};
    p->zone = len == 23 ? (struct weir_str){t + 19, 4} : (struct weir_str){NULL, 0};
    return true;
}

bool weiri_cast_timestamp(const char *text, size_t len, const weir_zone *zone, int64_t *us)
{
    struct parts p;
    int64_t days, of_day;
    if (!usual_timestamp(text, len, &p) && !scan_timestamp(trimmed(text, len), &p)) {
        return false;
    }
    if (p.zone.ptr) {
        bool utc = p.zone.len == 4 && memcmp(p.zone.ptr, " UTC", 4) == 0;
        /* String.trim takes controls too, but not DEL */
        struct weir_str id = p.zone;
        while (id.len > 0 && (uint8_t)id.ptr[0] <= ' ') {
            id.ptr++;
            id.len--;
        }
        zone = utc ? weir_zone_utc() : weir_zone_find(id);
        if (!zone) {
            return false;
        }
    }
    if (!time_of_day(&p, &of_day)) {
        return false;
    }
    if (p.time_only) {
        days = today(zone);
    } else if (!date_of(&p, &days)) {
        return false;
    }
    return weiri_zoned_us(zone, weiri_local_us(days, of_day), us);
}

bool weiri_cast_timestamp_ntz(const char *text, size_t len, int64_t *us)
{
    struct parts p;
    int64_t days, of_day;
    if (!usual_timestamp(text, len, &p) && !scan_timestamp(trimmed(text, len), &p)) {
        return false;
    }
    return !p.zone.ptr && !p.time_only && time_of_day(&p, &of_day) && date_of(&p, &days) && weiri_us_fits(weiri_local_us(days, of_day), us);
}

bool weiri_cast_date(const char *text, size_t len, int64_t *days)
{
    struct weir_str t = trimmed(text, len);
    if (t.len == 0) {
        return false;
    }
    int64_t part[3] = {1, 1, 1}, value = 0;
    int i = 0, digits = 0;
    size_t j = t.ptr[0] == '-' || t.ptr[0] == '+';
    for (; j < t.len && t.ptr[j] != ' ' && t.ptr[j] != 'T'; j++) {
        char b = t.ptr[j];
        bool fits = i == 0 ? digits >= 4 && digits <= 7 : digits > 0 && digits <= 2;
        if (i < 2 && b == '-') {
            if (!fits) {
                return false;
            }
            part[i++] = value;
            value = digits = 0;
        } else if (b >= '0' && b <= '9') {
            value = digits < 9 ? value * 10 + (b - '0') : value;
            digits += digits < 100;
        } else {
            return false;
        }
    }
    bool fits = i == 0 ? digits >= 4 && digits <= 7 : digits > 0 && digits <= 2;
    if (!fits || (i < 2 && j < t.len)) {
        return false;
    }
    part[i] = value;
    if (t.ptr[0] == '-') {
        part[0] = -part[0];
    }
    if (!weir_civil_valid(part[0], (int)part[1], (int)part[2])) {
        return false;
    }
    *days = weir_days_from_civil(part[0], (int)part[1], (int)part[2]);
    return *days >= INT32_MIN && *days <= INT32_MAX;
}
