/* zone.c - offsets of a zone, by instant and by local time. */
#include "base/zone.h"

enum { EXPANDED_FROM = 1900, EXPANDED_TO = 2100 };

static int64_t floor_seconds(int64_t us)
{
    return us / 1000000 - (us % 1000000 < 0);
}

void weir_zone_add_change(weir_zone *zone, int64_t at_s, int32_t offset_s)
{
    const int32_t before = zone->count ? zone->changes[zone->count - 1].offset_s : zone->first_offset_s;
    if (before != offset_s) {
        const int32_t greater = before > offset_s ? before : offset_s;
        const struct weir_zone_change change = {at_s, at_s + greater, offset_s};
        WEIR_PUSH(zone->changes, zone->count, zone->cap) = change;
    }
}

static int64_t year_of(int64_t seconds)
{
    int64_t year;
    int month;
    int day;
    weir_civil_from_days(seconds / 86400 - (seconds % 86400 < 0), &year, &month, &day);
    return year;
}

void weir_zone_expand_rule(weir_zone *zone)
{
    if (!zone->has_rule) {
        return;
    }
    zone->rule_always = zone->count == 0;
    if (!zone->rule.has_summer) {
        if (zone->rule_always) {
            zone->first_offset_s = zone->rule.standard_s;
        }
        return;
    }
    int64_t after = INT64_MIN;
    int64_t year = EXPANDED_FROM;
    if (zone->count > 0) {
        after = zone->changes[zone->count - 1].at_s;
        year = year_of(after);
    } else {
        const int64_t start = weir_days_from_civil(EXPANDED_FROM, 1, 1) * 86400;
        zone->first_offset_s = weir_zone_rule_offset(&zone->rule, start, false);
    }
    for (; year <= EXPANDED_TO; year++) {
        struct weir_zone_change changes[2];
        weir_zone_rule_year(&zone->rule, year, changes);
        for (int i = 0; i < 2; i++) {
            if (changes[i].at_s > after) {
                weir_zone_add_change(zone, changes[i].at_s, changes[i].offset_s);
            }
        }
    }
}

/* Changes at or before the moment. */
static size_t changes_until(const weir_zone *zone, int64_t seconds, bool local)
{
    size_t low = 0;
    size_t high = zone->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const struct weir_zone_change *change = &zone->changes[middle];
        if ((local ? change->local_s : change->at_s) <= seconds) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static int32_t offset_at(const weir_zone *zone, int64_t seconds, bool local)
{
    const size_t until = changes_until(zone, seconds, local);
    const bool beyond = until == zone->count || (until == 0 && zone->rule_always);
    if (zone->has_rule && beyond) {
        return weir_zone_rule_offset(&zone->rule, seconds, local);
    }
    return until ? zone->changes[until - 1].offset_s : zone->first_offset_s;
}

int32_t weir_zone_offset_at(const weir_zone *zone, int64_t utc_us)
{
    return offset_at(zone, floor_seconds(utc_us), false);
}

/* In a gap and in an overlap the offset before the change holds: for the gap that moves the time forward by its
 * length, for the overlap it is the earlier of the two instants. Both end at change->local_s. */
int64_t weir_zone_to_utc(const weir_zone *zone, int64_t local_us)
{
    const int64_t offset_us = (int64_t)offset_at(zone, floor_seconds(local_us), true) * 1000000;
    int64_t utc_us;
    if (__builtin_sub_overflow(local_us, offset_us, &utc_us)) {
        return offset_us > 0 ? INT64_MIN : INT64_MAX;
    }
    return utc_us;
}

void weir_zone_from_embedded(const struct weir_zone_embedded *embedded, weir_zone *zone)
{
    zone->first_offset_s = embedded->first_offset_s;
    for (int32_t i = 0; i < embedded->count; i++) {
        weir_zone_add_change(zone, embedded->changes[i * 2], (int32_t)embedded->changes[i * 2 + 1]);
    }
    zone->has_rule = weir_zone_rule_parse(weir_str(embedded->rule), &zone->rule);
    WEIR_ASSERT(zone->has_rule);
    weir_zone_expand_rule(zone);
}
