/* Any pattern against any text. Input: a byte of zones, the pattern, a NUL, the text. What matches is the same in other letters, and the three readings of a text
 * (date, time with and without zone) agree wherever they all have one. */
#include "format/text_internal.h"
#include <stdio.h>
#include <stdlib.h>

#define DAY_US 86400000000
#define TEXT_MAX 300

static int64_t day_of(int64_t us)
{
    return us / DAY_US - (us % DAY_US < 0);
}

struct reading {
    bool is_date, is_timestamp, is_ntz;
    int64_t days, us, ntz;
};

static struct reading read_all(const struct weiri_pattern *pattern, const char *text, size_t len, const weir_zone *zone)
{
    struct reading r = {0};
    r.is_date = weiri_pattern_date(pattern, text, len, &r.days);
    r.is_timestamp = weiri_pattern_timestamp(pattern, text, len, zone, &r.us);
    r.is_ntz = weiri_pattern_timestamp_ntz(pattern, text, len, &r.ntz);
    return r;
}

static void check(const struct weiri_pattern *pattern, const char *bytes, size_t len, const weir_zone *zone)
{
    char *text = weir_malloc(len > 0 ? len : 1), *other = weir_malloc(len > 0 ? len : 1); /* no byte more than the text */
    memcpy(text, bytes, len);
    const struct reading a = read_all(pattern, text, len, zone);
    if (a.is_date && a.is_ntz && a.days != day_of(a.ntz)) {
        fprintf(stderr, "the day %lld, the time %lld us\n", (long long)a.days, (long long)a.ntz);
        abort();
    }
    for (size_t i = 0; i < len; i++) {
        other[i] = text[i] >= 'a' && text[i] <= 'z' ? (char)(text[i] - 32) : text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + 32) : text[i];
    }
    const struct reading b = read_all(pattern, other, len, zone);
    if (a.is_date != b.is_date || a.is_timestamp != b.is_timestamp || a.is_ntz != b.is_ntz || (a.is_date && a.days != b.days) || (a.is_timestamp && a.us != b.us) || (a.is_ntz && a.ntz != b.ntz)) {
        fprintf(stderr, "%.*s is not what %.*s is\n", (int)len, text, (int)len, other);
        abort();
    }
    weir_free(text);
    weir_free(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const zones[] = {"UTC", "America/New_York", "+05:30", "Asia/Kathmandu"};
    const uint8_t *nul = size > 1 ? memchr(data + 1, '\0', size - 1) : NULL;
    if (!nul || nul - data > TEXT_MAX || size > 2 * TEXT_MAX) {
        return 0;
    }
    weir_arena *arena = weir_arena_new();
    struct weiri_pattern *pattern = NULL;
    struct weir_error err = {0};
    const weir_zone *zone = weir_zone_find(weir_str(zones[data[0] & 3]));
    const char *text = (const char *)nul + 1;
    const size_t len = size - (size_t)(nul + 1 - data);
    WEIR_ASSERT(zone != NULL);
    const weir_rc rc = weiri_pattern_compile(arena, "timestampFormat", (const char *)data + 1, &pattern, &err);
    if (rc == WEIR_OK) {
        check(pattern, text, len, zone);
    } else if ((rc != WEIR_INVALID && rc != WEIR_UNSUPPORTED) || !strstr(err.msg, "timestampFormat")) {
        abort(); /* the message names the option */
    }
    /* And without a pattern: the lenient readings. */
    int64_t days, us, ntz;
    char *exact = weir_malloc(len > 0 ? len : 1);
    memcpy(exact, text, len);
    const bool is_date = weiri_cast_date(exact, len, &days);
    const bool is_ntz = weiri_cast_timestamp_ntz(exact, len, &ntz);
    (void)weiri_cast_timestamp(exact, len, zone, &us);
    if (is_date && is_ntz && days != day_of(ntz)) {
        abort();
    }
    weir_free(exact);
    weir_arena_free(arena);
    return 0;
}
