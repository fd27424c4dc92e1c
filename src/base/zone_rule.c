/* zone_rule.c - POSIX TZ strings: "EST5EDT,M3.2.0,M11.1.0", "<-03>3", "IST-1GMT0,M10.5.0,M3.5.0/1". */
#include "base/zone.h"

enum { DAY_S = 86400 };

struct cursor {
    const char *at;
    const char *end;
};

static bool take_char(struct cursor *c, char wanted)
{
    if (c->at < c->end && *c->at == wanted) {
        c->at++;
        return true;
    }
    return false;
}

static bool take_number(struct cursor *c, int most, int *out)
{
    const char *begin = c->at;
    int value = 0;
    while (c->at < c->end && *c->at >= '0' && *c->at <= '9' && c->at - begin < 4) {
        value = value * 10 + (*c->at++ - '0');
    }
    *out = value;
    return c->at > begin && value <= most;
}

/* A name of three or more letters, or anything between angle brackets. */
static bool take_name(struct cursor *c)
{
    const char *begin = c->at;
    if (take_char(c, '<')) {
        while (c->at < c->end && *c->at != '>') {
            c->at++;
        }
        return take_char(c, '>');
    }
    while (c->at < c->end && ((*c->at | 0x20) >= 'a' && (*c->at | 0x20) <= 'z')) {
        c->at++;
    }
    return c->at - begin >= 3;
}

/* [+-]h[hh][:mm[:ss]], in seconds */
static bool take_time(struct cursor *c, int hours_most, int32_t *out)
{
    const bool minus = take_char(c, '-');
    if (!minus) {
        take_char(c, '+');
    }
    int hours;
    int minutes = 0;
    int seconds = 0;
    if (!take_number(c, hours_most, &hours)) {
        return false;
    }
    if (take_char(c, ':')) {
        if (!take_number(c, 59, &minutes)) {
            return false;
        }
        if (take_char(c, ':') && !take_number(c, 59, &seconds)) {
            return false;
        }
    }
    const int32_t value = hours * 3600 + minutes * 60 + seconds;
    *out = minus ? -value : value;
    return true;
}

static bool take_switch(struct cursor *c, struct weir_zone_switch *out)
{
    *out = (struct weir_zone_switch){.time_s = 2 * 3600};
    if (!take_char(c, ',')) {
        return false;
    }
    bool good;
    if (take_char(c, 'M')) {
        out->kind = WEIR_SWITCH_MONTH_WEEK;
        good = take_number(c, 12, &out->month) && out->month >= 1 && take_char(c, '.') &&
               take_number(c, 5, &out->week) && out->week >= 1 && take_char(c, '.') &&
               take_number(c, 6, &out->weekday);
    } else if (take_char(c, 'J')) {
        out->kind = WEIR_SWITCH_JULIAN;
        good = take_number(c, 365, &out->day) && out->day >= 1;
    } else {
        out->kind = WEIR_SWITCH_DAY;
        good = take_number(c, 365, &out->day);
    }
    if (good && take_char(c, '/')) {
        good = take_time(c, 167, &out->time_s);
    }
    return good;
}

bool weir_zone_rule_parse(struct weir_str text, struct weir_zone_rule *rule)
{
    struct cursor c = {text.ptr, text.ptr + text.len};
    int32_t west;
    *rule = (struct weir_zone_rule){0};
    if (!take_name(&c) || !take_time(&c, 24, &west)) {
        return false;
    }
    rule->standard_s = -west;
    if (c.at == c.end) {
        return true;
    }
    rule->has_summer = true;
    rule->summer_s = rule->standard_s + 3600;
    if (!take_name(&c)) {
        return false;
    }
    if (c.at < c.end && *c.at != ',') {
        if (!take_time(&c, 24, &west)) {
            return false;
        }
        rule->summer_s = -west;
    }
    return take_switch(&c, &rule->begin) && take_switch(&c, &rule->end) && c.at == c.end;
}

static int64_t switch_days(const struct weir_zone_switch *s, int64_t year)
{
    const int64_t new_year = weir_days_from_civil(year, 1, 1);
    if (s->kind == WEIR_SWITCH_DAY) {
        return new_year + s->day;
    }
    if (s->kind == WEIR_SWITCH_JULIAN) {
        return new_year + s->day - 1 + (s->day >= 60 && weir_civil_valid(year, 2, 29));
    }
    const int64_t first = weir_days_from_civil(year, s->month, 1);
    const int weekday = (int)(((first + 4) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
    const int day = 1 + (s->weekday - weekday + 7) % 7 + (s->week - 1) * 7;
    return first - 1 + (weir_civil_valid(year, s->month, day) ? day : day - 7);
}

void weir_zone_rule_year(const struct weir_zone_rule *rule, int64_t year,
                         struct weir_zone_change changes[2])
{
    const int64_t greater = rule->summer_s > rule->standard_s ? rule->summer_s : rule->standard_s;
    const int64_t begin_s =
        switch_days(&rule->begin, year) * DAY_S + rule->begin.time_s - rule->standard_s;
    const int64_t end_s = switch_days(&rule->end, year) * DAY_S + rule->end.time_s - rule->summer_s;
    const bool north = begin_s < end_s;
    changes[north ? 0 : 1] = (struct weir_zone_change){begin_s, begin_s + greater, rule->summer_s};
    changes[north ? 1 : 0] = (struct weir_zone_change){end_s, end_s + greater, rule->standard_s};
}

int32_t weir_zone_rule_offset(const struct weir_zone_rule *rule, int64_t seconds, bool local)
{
    if (!rule->has_summer) {
        return rule->standard_s;
    }
    int64_t year;
    int month;
    int day;
    weir_civil_from_days(seconds / DAY_S - (seconds % DAY_S < 0), &year, &month, &day);
    /* The last change not after the moment; a switch may reach into the neighbouring years. At one instant the later
     * year's change wins, which is how all-year summer time is written ("XXX3EDT4,0/0,J365/23"). */
    int32_t offset = rule->standard_s;
    int64_t best = INT64_MIN;
    for (int64_t y = year - 2; y <= year + 1; y++) {
        struct weir_zone_change changes[2];
        weir_zone_rule_year(rule, y, changes);
        for (int i = 0; i < 2; i++) {
            const int64_t from = local ? changes[i].local_s : changes[i].at_s;
            if (from <= seconds && from >= best) {
                best = from;
                offset = changes[i].offset_s;
            }
        }
    }
    return offset;
}
