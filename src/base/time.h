/* time.h - clock, calendar, time zones.
 *
 * Calendar: proleptic Gregorian; dates are days since 1970-01-01, timestamps microseconds since 1970-01-01T00:00:00Z.
 * Zones: an own TZif reader over /usr/share/zoneinfo (TZDIR is honoured) with an embedded table of common zones as
 * fallback; never setenv("TZ"). */
#pragma once
#include "base/mem.h"

int64_t weir_now_us(void);   /* wall clock */
int64_t weir_now_ms(void);
int64_t weir_mono_us(void);  /* monotonic, for durations */

int64_t weir_days_from_civil(int64_t year, int month, int day);
void weir_civil_from_days(int64_t days, int64_t *year, int *month, int *day);
bool weir_civil_valid(int64_t year, int month, int day);

/* "2024-01-02", years beyond 9999 with '+', below 0 with '-', at least four digits. out holds 24 bytes. Returns length. */
size_t weir_date_text(int32_t days, char *out);
/* "2024-01-02T03:04:05.000000Z" (always six digits); `suffix` is "Z" or "". out holds 48 bytes. */
size_t weir_timestamp_text(int64_t us, const char *suffix, char *out);
/* "2024-01-02T03:04:05.123Z": milliseconds, floor. out holds 48 bytes. */
size_t weir_timestamp_ms_text(int64_t us, const char *suffix, char *out);

typedef struct weir_zone weir_zone; /* immutable, shared, never freed */
/* "UTC", "Z", "GMT", "+02:00", "UTC+2", "GMT-03:30", "Europe/Berlin", short ids as Java's ZoneId.SHORT_IDS ("PST", "EST").
 * As java.time.ZoneId.of with Spark's additions (SparkDateTimeUtils.getZoneId); case-sensitive. NULL = unknown. Thread-safe. */
const weir_zone *weir_zone_find(struct weir_str id);
const weir_zone *weir_zone_utc(void);
const weir_zone *weir_zone_fixed(int32_t offset_s);
/* Offset from UTC in seconds that holds at the instant. */
int32_t weir_zone_offset_at(const weir_zone *zone, int64_t utc_us);
/* Local date-time (as microseconds on a UTC-like scale) to the instant: a gap moves forward by its length, an overlap
 * takes the earlier offset, as java.time.ZonedDateTime.of. */
int64_t weir_zone_to_utc(const weir_zone *zone, int64_t local_us);

/* --- random and identity --- */
void weir_random_bytes(void *out, size_t len); /* from the system */
struct weir_uuid { char text[37]; };           /* lower case, NUL-terminated */
struct weir_uuid weir_uuid_new(void);          /* version 4 */
bool weir_uuid_valid(struct weir_str text);    /* 8-4-4-4-12 hex digits */
/* A small deterministic generator for data and tests (xoshiro256**). */
struct weir_rng { uint64_t s[4]; };
void weir_rng_seed(struct weir_rng *rng, uint64_t seed);
uint64_t weir_rng_next(struct weir_rng *rng);
double weir_rng_unit(struct weir_rng *rng); /* [0, 1) */
uint64_t weir_rng_below(struct weir_rng *rng, uint64_t bound);
