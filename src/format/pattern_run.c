/* pattern_run.c - matching a text against a compiled pattern, and making a date or an instant of the fields found.
 *
 * As java.time's formatter in strict style without regard to letter case; fields that are missing are those of 1970-01-01T00:00 (Spark). */
#include "format/pattern.h"

struct found {
    bool has[WEIRI_FIELDS];
    int64_t value[WEIRI_FIELDS];
    const weir_zone *zone;
};
struct matcher {
    const struct weiri_pattern *pattern;
    const char *text;
    size_t len;
    struct found found;
};
#define NO_MATCH ((size_t)-1)

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}
static bool same_nocase(const char *text, size_t left, const char *word)
{
    size_t n = strlen(word);
    return left >= n && weir_str_eq_nocase((struct weir_str){text, n}, (struct weir_str){word, n});
}
static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A field that was there already must agree. */
static bool set_field(struct matcher *m, enum weiri_field field, int64_t value)
{
    if (m->found.has[field]) {
        return m->found.value[field] == value;
    }
    m->found.has[field] = true;
    m->found.value[field] = value;
    return true;
}

static size_t match_number(struct matcher *m, const struct weiri_step *s, size_t at)
{
    bool negative = false, positive = false;
    size_t start = at;
    if (at < m->len && m->text[at] == '-' && s->sign != WEIRI_SIGN_NONE) {
        negative = true;
        start++;
    } else if (at < m->len && m->text[at] == '+' && s->sign == WEIRI_SIGN_EXCEEDS_PAD) {
        positive = true;
        start++;
    }
    size_t digits = 0, most = (size_t)s->max + (size_t)(s->after > 0 ? s->after : 0);
    while (start + digits < m->len && digits < most && is_digit(m->text[start + digits])) {
        digits++;
    }
    if (s->after > 0) {
        size_t rest = digits > (size_t)s->after ? digits - (size_t)s->after : 0;
        digits = rest > (size_t)s->min ? rest : digits < (size_t)s->min ? digits : (size_t)s->min;
    }
    if (digits < (size_t)s->min) {
        return NO_MATCH;
    }
    int64_t value = 0;
    for (size_t i = 0; i < digits; i++) {
        if (value > (INT64_MAX - 9) / 10) {
            return NO_MATCH;
        }
        value = value * 10 + (m->text[start + i] - '0');
    }
    if (negative && value == 0) {
        return NO_MATCH;
    }
    if (s->sign == WEIRI_SIGN_EXCEEDS_PAD && !negative && positive != (digits > (size_t)s->min)) {
        return NO_MATCH;
    }
    value = negative ? -value : value;
    if (s->kind == WEIRI_P_YEAR_2) {
        value += 2000;
    }
    return set_field(m, s->field, value) ? start + digits : NO_MATCH;
}

static size_t match_fraction(struct matcher *m, const struct weiri_step *s, size_t at)
{
    int64_t value = 0;
    int digits = 0;
    while (at < m->len && digits < s->max && is_digit(m->text[at])) {
        value = value * 10 + (m->text[at++] - '0');
        digits++;
    }
    if (digits == 0) {
        return NO_MATCH;
    }
    for (; digits < 9; digits++) {
        value *= 10;
    }
    return set_field(m, WEIRI_F_NANO, value) ? at : NO_MATCH;
}

static size_t match_month(struct matcher *m, const struct weiri_step *s, size_t at)
{
    static const char *const names[] = {"January", "February", "March",     "April",   "May",      "June",
                                        "July",    "August",   "September", "October", "November", "December"};
    for (int i = 0; i < 12; i++) {
        size_t n = s->max == 3 ? 3 : strlen(names[i]);
        if (m->len - at >= n && weir_str_eq_nocase((struct weir_str){m->text + at, n}, (struct weir_str){names[i], n})) {
            return set_field(m, WEIRI_F_MONTH, i + 1) ? at + n : NO_MATCH;
        }
    }
    return NO_MATCH;
}

static size_t match_ampm(struct matcher *m, size_t at)
{
    bool am = same_nocase(m->text + at, m->len - at, "AM"), pm = same_nocase(m->text + at, m->len - at, "PM");
    return (am || pm) && set_field(m, WEIRI_F_AMPM, pm) ? at + 2 : NO_MATCH;
}

/* Two digits below 60, behind a colon where one is due. */
static bool two_digits(const struct matcher *m, bool colon, size_t *at, int64_t *out)
{
    size_t i = *at;
    if (colon) {
        if (i >= m->len || m->text[i] != ':') {
            return false;
        }
        i++;
    }
    if (i + 2 > m->len || !is_digit(m->text[i]) || !is_digit(m->text[i + 1])) {
        return false;
    }
    *out = (m->text[i] - '0') * 10 + (m->text[i + 1] - '0');
    *at = i + 2;
    return *out <= 59;
}

/* sign hours [minutes [seconds]] -> seconds. NO_MATCH: none. */
static size_t read_offset(const struct matcher *m, const struct weiri_step *s, size_t at, int64_t *seconds)
{
    int64_t hour = 0, minute = 0, second = 0;
    if (at >= m->len || (m->text[at] != '+' && m->text[at] != '-')) {
        return NO_MATCH;
    }
    int64_t sign = m->text[at] == '-' ? -1 : 1;
    size_t end = at + 1;
    if (!two_digits(m, false, &end, &hour)) {
        return NO_MATCH;
    }
    bool minutes = two_digits(m, s->colon, &end, &minute);
    if (!minutes) {
        minute = 0;
        if (s->minutes) {
            return NO_MATCH;
        }
    }
    if (minutes && s->seconds && !two_digits(m, s->colon, &end, &second)) {
        second = 0;
    }
    *seconds = sign * (hour * 3600 + minute * 60 + second);
    return hour > 23 || *seconds > 18 * 3600 || *seconds < -18 * 3600 ? NO_MATCH : end;
}

static size_t match_offset(struct matcher *m, const struct weiri_step *s, size_t at)
{
    int64_t seconds = 0;
    if (same_nocase(m->text + at, m->len - at, s->zero)) {
        return set_field(m, WEIRI_F_OFFSET, 0) ? at + strlen(s->zero) : NO_MATCH;
    }
    size_t end = read_offset(m, s, at, &seconds);
    return end != NO_MATCH && set_field(m, WEIRI_F_OFFSET, seconds) ? end : NO_MATCH;
}

/* --- zones by name (letter z) --- */

/* Region ids that are not written with a capital for each part and small letters behind it. */
static const char *const odd_regions[] = {
    "Africa/Dar_es_Salaam", "America/Argentina/ComodRivadavia", "America/Knox_IN", "America/Port-au-Prince", "America/Port_of_Spain", "Antarctica/DumontDUrville", "Antarctica/McMurdo",
    "Australia/ACT", "Australia/LHI", "Australia/NSW", "Brazil/DeNoronha", "Chile/EasterIsland", "Etc/GMT", "Etc/UCT", "Etc/UTC", "Europe/Isle_of_Man", "Mexico/BajaNorte", "Mexico/BajaSur", "CST6CDT",
    "EST5EDT", "GB", "GB-Eire", "MET", "MST7MDT", "NZ", "NZ-CHAT", "PRC", "PST8PDT", "ROC", "ROK", "UCT", "W-SU"};

/* A region id in any letter case. */
static const weir_zone *find_region(const char *text, size_t len)
{
    const struct weir_str id = {text, len};
    char name[64];
    const weir_zone *zone = weir_zone_find(id);
    if (zone || len >= sizeof name) {
        return zone;
    }
    for (size_t i = 0; i < sizeof odd_regions / sizeof *odd_regions; i++) {
        if (weir_str_eq_nocase(id, weir_str(odd_regions[i]))) {
            return weir_zone_find(weir_str(odd_regions[i]));
        }
    }
    const size_t capitals = same_nocase(text, len, "US/") ? 2 : 0; /* at the beginning */
    bool first = true;
    for (size_t i = 0; i < len; i++) {
        char c = lower(text[i]);
        const bool letter = c >= 'a' && c <= 'z';
        name[i] = letter && (first || i < capitals) ? (char)(c - 32) : c;
        first = !letter;
    }
    return weir_zone_find((struct weir_str){name, len});
}

/* By a short name or a region's id. Etc/GMT+5 and the like are none for Java here. */
static const weir_zone *find_named(const char *text, size_t len)
{
    bool refused = false;
    const char *region = weiri_zone_named((struct weir_str){text, len}, &refused);
    if (region) {
        return weir_zone_find(weir_str(region));
    }
    return refused || (len > 7 && same_nocase(text, len, "Etc/GMT")) ? NULL : find_region(text, len);
}

static size_t take_zone(struct matcher *m, const weir_zone *zone, size_t end)
{
    if (!zone || (m->found.zone && m->found.zone != zone)) {
        return NO_MATCH;
    }
    m->found.zone = zone;
    return end;
}

/* "UTC", "UT", "GMT" and perhaps an offset; or an offset alone. */
static size_t match_prefixed(struct matcher *m, size_t at, size_t prefix)
{
    static const struct weiri_step full = {.colon = true, .minutes = 1, .seconds = 1};
    int64_t seconds = 0;
    size_t end = read_offset(m, &full, at + prefix, &seconds);
    if (end == NO_MATCH) {
        return prefix == 0 ? NO_MATCH : take_zone(m, weir_zone_utc(), at + prefix);
    }
    return take_zone(m, weir_zone_fixed((int32_t)seconds), end);
}

static size_t match_zone(struct matcher *m, size_t at)
{
    const char *t = m->text + at;
    size_t left = m->len - at;
    if (left == 0) {
        return NO_MATCH;
    }
    if (t[0] == '+' || t[0] == '-') {
        return match_prefixed(m, at, 0);
    }
    if (same_nocase(t, left, "GMT0")) {
        return take_zone(m, weir_zone_utc(), at + 4);
    }
    if (same_nocase(t, left, "UTC") || same_nocase(t, left, "GMT")) {
        return match_prefixed(m, at, 3);
    }
    if (same_nocase(t, left, "UT")) {
        return match_prefixed(m, at, 2);
    }
    size_t n = 0;
    while (n < left && (is_digit(t[n]) || (lower(t[n]) >= 'a' && lower(t[n]) <= 'z') || strchr("/_+-", t[n]))) {
        n++;
    }
    for (size_t k = n; k > 1; k--) {
        const weir_zone *zone = find_named(t, k);
        if (zone) {
            return take_zone(m, zone, at + k);
        }
    }
    return lower(t[0]) == 'z' ? take_zone(m, weir_zone_utc(), at + 1) : NO_MATCH;
}

/* --- the whole --- */

/* Steps [from, to) at `at`; returns where the text was left. */
static size_t match_steps(struct matcher *m, size_t from, size_t to, size_t at)
{
    const struct weiri_step *steps = m->pattern->steps;
    for (size_t i = from; i < to && at != NO_MATCH; i++) {
        const struct weiri_step *s = &steps[i];
        switch (s->kind) {
        case WEIRI_P_LITERAL:
            at = at < m->len && lower(m->text[at]) == lower(s->literal) ? at + 1 : NO_MATCH;
            break;
        case WEIRI_P_NUMBER:
        case WEIRI_P_YEAR_2:
            at = match_number(m, s, at);
            break;
        case WEIRI_P_FRACTION:
            at = match_fraction(m, s, at);
            break;
        case WEIRI_P_MONTH_TEXT:
            at = match_month(m, s, at);
            break;
        case WEIRI_P_AMPM_TEXT:
            at = match_ampm(m, at);
            break;
        case WEIRI_P_OFFSET:
            at = at < m->len ? match_offset(m, s, at) : NO_MATCH;
            break;
        case WEIRI_P_ZONE:
            at = match_zone(m, at);
            break;
        case WEIRI_P_OPTIONAL: {
            struct found before = m->found;
            size_t end = match_steps(m, i + 1, s->to, at);
            if (end == NO_MATCH) {
                m->found = before;
            } else {
                at = end;
            }
            i = s->to - 1;
            break;
        }
        case WEIRI_P_OPTIONAL_END:
            break;
        }
    }
    return at;
}

static bool in_range(const struct found *f, enum weiri_field field, int64_t min, int64_t max)
{
    return !f->has[field] || (f->value[field] >= min && f->value[field] <= max);
}

static bool match(struct matcher *m, const struct weiri_pattern *pattern, const char *text, size_t len)
{
    m->pattern = pattern;
    m->text = text;
    m->len = len;
    memset(&m->found, 0, sizeof m->found);
    if (pattern->nothing || match_steps(m, 0, pattern->count, 0) != len) {
        return false;
    }
    const struct found *f = &m->found;
    return in_range(f, WEIRI_F_YEAR, -999999999, 999999999) && in_range(f, WEIRI_F_MONTH, 1, 12) && in_range(f, WEIRI_F_DAY, 1, 31) &&
           in_range(f, WEIRI_F_DAY_OF_YEAR, 1, 366) && in_range(f, WEIRI_F_HOUR, 0, 23) && in_range(f, WEIRI_F_CLOCK_HOUR, 1, 24) &&
           in_range(f, WEIRI_F_HOUR_AMPM, 0, 11) && in_range(f, WEIRI_F_CLOCK_HOUR_AMPM, 1, 12) && in_range(f, WEIRI_F_MINUTE, 0, 59) &&
           in_range(f, WEIRI_F_SECOND, 0, 59);
}

static int64_t value_or(const struct found *f, enum weiri_field field, int64_t missing)
{
    return f->has[field] ? f->value[field] : missing;
}

static bool date_of(const struct found *f, int64_t *days)
{
    int64_t year = value_or(f, WEIRI_F_YEAR, 1970);
    if (!f->has[WEIRI_F_DAY_OF_YEAR] || (f->has[WEIRI_F_YEAR] && f->has[WEIRI_F_MONTH] && f->has[WEIRI_F_DAY])) {
        int month = (int)value_or(f, WEIRI_F_MONTH, 1), day = (int)value_or(f, WEIRI_F_DAY, 1);
        if (!weir_civil_valid(year, month, day)) {
            return false;
        }
        *days = weir_days_from_civil(year, month, day);
        return !f->has[WEIRI_F_DAY_OF_YEAR] || *days == weir_days_from_civil(year, 1, 1) + f->value[WEIRI_F_DAY_OF_YEAR] - 1;
    }
    if (f->value[WEIRI_F_DAY_OF_YEAR] == 366 && !weir_civil_valid(year, 2, 29)) {
        return false;
    }
    *days = weir_days_from_civil(year, 1, 1) + f->value[WEIRI_F_DAY_OF_YEAR] - 1;
    int64_t y;
    int month, day;
    weir_civil_from_days(*days, &y, &month, &day);
    return value_or(f, WEIRI_F_MONTH, month) == month && value_or(f, WEIRI_F_DAY, day) == day;
}

/* The hour by whichever letters gave it; those that disagree are an error. */
static bool hour_of(const struct found *f, int64_t *hour)
{
    int64_t from[3] = {-1, -1, -1};
    int64_t half = -1;
    if (f->has[WEIRI_F_HOUR]) {
        from[0] = f->value[WEIRI_F_HOUR];
    }
    if (f->has[WEIRI_F_CLOCK_HOUR]) {
        from[1] = f->value[WEIRI_F_CLOCK_HOUR] % 24;
    }
    if (f->has[WEIRI_F_HOUR_AMPM]) {
        half = f->value[WEIRI_F_HOUR_AMPM];
    }
    if (f->has[WEIRI_F_CLOCK_HOUR_AMPM]) {
        int64_t clock = f->value[WEIRI_F_CLOCK_HOUR_AMPM] % 12;
        if (half >= 0 && half != clock) {
            return false;
        }
        half = clock;
    }
    if (half >= 0 && f->has[WEIRI_F_AMPM]) {
        from[2] = half + 12 * f->value[WEIRI_F_AMPM];
    }
    *hour = -1;
    for (int i = 0; i < 3; i++) {
        if (from[i] >= 0 && *hour >= 0 && from[i] != *hour) {
            return false;
        }
        *hour = from[i] >= 0 ? from[i] : *hour;
    }
    if (*hour >= 0) {
        bool half_agrees = half < 0 || *hour % 12 == half;
        return half_agrees && (!f->has[WEIRI_F_AMPM] || f->value[WEIRI_F_AMPM] == *hour / 12);
    }
    *hour = half >= 0 ? half : f->has[WEIRI_F_AMPM] && f->value[WEIRI_F_AMPM] ? 12 : 0;
    return true;
}

static bool local_of(const struct found *f, weir_i128 *us)
{
    int64_t days, hour;
    if (!date_of(f, &days) || !hour_of(f, &hour)) {
        return false;
    }
    int64_t second = (hour * 60 + value_or(f, WEIRI_F_MINUTE, 0)) * 60 + value_or(f, WEIRI_F_SECOND, 0);
    *us = weiri_local_us(days, second * 1000000 + value_or(f, WEIRI_F_NANO, 0) / 1000);
    return true;
}

bool weiri_pattern_timestamp(const struct weiri_pattern *pattern, const char *text, size_t len, const weir_zone *zone, int64_t *us)
{
    struct matcher m;
    weir_i128 local;
    if (!match(&m, pattern, text, len) || !local_of(&m.found, &local)) {
        return false;
    }
    if (m.found.zone) {
        zone = m.found.zone;
    } else if (m.found.has[WEIRI_F_OFFSET]) {
        return weiri_us_fits(local - m.found.value[WEIRI_F_OFFSET] * 1000000, us);
    }
    return weiri_zoned_us(zone, local, us);
}

bool weiri_pattern_timestamp_ntz(const struct weiri_pattern *pattern, const char *text, size_t len, int64_t *us)
{
    struct matcher m;
    weir_i128 local;
    return match(&m, pattern, text, len) && !m.found.zone && !m.found.has[WEIRI_F_OFFSET] && local_of(&m.found, &local) && weiri_us_fits(local, us);
}

bool weiri_pattern_date(const struct weiri_pattern *pattern, const char *text, size_t len, int64_t *days)
{
    struct matcher m;
    int64_t hour;
    return match(&m, pattern, text, len) && date_of(&m.found, days) && hour_of(&m.found, &hour) && *days >= INT32_MIN && *days <= INT32_MAX;
}
