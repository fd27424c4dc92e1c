/* zone.h - private to base: what a time zone is in memory, and the parts that make one.
 *
 * Reading order: zone.c (offsets), zone_id.c (names and the cache), zone_tzif.c (the file format), zone_rule.c (the POSIX
 * rule for times after the last transition), zone_merged.c (zones that share another's history), zone_table.c
 * (generated: zones for machines without zone files). */
#pragma once
#include "base/time.h"

/* One of the two yearly switches of a POSIX rule. */
struct weir_zone_switch {
    enum { WEIR_SWITCH_MONTH_WEEK, WEIR_SWITCH_JULIAN, WEIR_SWITCH_DAY } kind;
    int month, week, weekday; /* MONTH_WEEK: 1..12, 1..5 (5 = last), 0..6 (0 = Sunday) */
    int day;                  /* JULIAN: 1..365, 29 February is not counted; DAY: 0..365, it is */
    int32_t time_s;           /* local time of day; may lie outside of the day (-167 to 167 hours) */
};

/* "CET-1CEST,M3.5.0,M10.5.0/3". */
struct weir_zone_rule {
    int32_t standard_s; /* offset from UTC, east positive */
    int32_t summer_s;
    bool has_summer;
    struct weir_zone_switch begin, end; /* of summer time */
};

struct weir_zone_change {
    int64_t at_s;       /* the instant */
    int64_t local_s;    /* local times from here on are read with offset_s; = at_s + the greater of the two offsets */
    int32_t offset_s;   /* holds from at_s on */
};

struct weir_zone {
    int32_t first_offset_s;           /* before changes[0] */
    struct weir_zone_change *changes; /* ascending; borrowed by nobody, lives as long as the process */
    size_t count, cap;
    bool has_rule;                    /* rule holds after the last change; and before the first if rule_always */
    bool rule_always;
    struct weir_zone_rule rule;
};

/* False: not a POSIX TZ string. */
bool weir_zone_rule_parse(struct weir_str text, struct weir_zone_rule *rule);
/* The two changes of a year, ascending by at_s. Needs rule->has_summer. */
void weir_zone_rule_year(const struct weir_zone_rule *rule, int64_t year,
                         struct weir_zone_change changes[2]);
/* By instant, or by local time when `local`. */
int32_t weir_zone_rule_offset(const struct weir_zone_rule *rule, int64_t seconds, bool local);

/* Appends a change unless it changes nothing. */
void weir_zone_add_change(weir_zone *zone, int64_t at_s, int32_t offset_s);
/* Writes the rule out as changes up to the year 2100, so that the common case is one binary search. */
void weir_zone_expand_rule(weir_zone *zone);
/* Fills a cleared zone from the bytes of a TZif file (RFC 8536, versions 1 to 4). */
weir_rc weir_zone_from_tzif(struct weir_str bytes, weir_zone *zone, struct weir_error *err) WEIR_MUST_USE;

/* The zone whose history `name` has in Java's tzdata; `name` itself where it has its own. */
struct weir_str weir_zone_merged_into(struct weir_str name);

/* The embedded table. */
struct weir_zone_embedded {
    const char *name;
    const char *rule;
    int32_t first_offset_s;
    int32_t count;
    const int64_t *changes; /* count pairs: instant, offset from then on */
};
/* NULL: not in the table. */
const struct weir_zone_embedded *weir_zone_embedded_find(struct weir_str name);
/* Number `index` of the table, NULL at its end. For tests. */
const struct weir_zone_embedded *weir_zone_embedded_at(size_t index);
void weir_zone_from_embedded(const struct weir_zone_embedded *embedded, weir_zone *zone);
