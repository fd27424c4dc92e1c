/* zone_id.c - from the text of a zone to the zone: Java's ZoneId.of with SHORT_IDS, behind the two repairs that Spark makes
 * first ("+1:" -> "+01:", "+01:5" -> "+01:05").
 *
 * What was found stays for the life of the process, so a zone may be kept by pointer and shared by threads. Names that
 * are no zones are remembered too (a bounded number), lest a column of bad texts asks the disk for every row. */
#include "base/map.h"
#include "base/zone.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { ID_MAX = 64, UNKNOWN_MAX = 4096, FILE_MAX = 1 << 20, OFFSET_MAX_S = 18 * 3600 };

static const weir_zone UTC_ZONE = {0};

static pthread_rwlock_t cache_lock = PTHREAD_RWLOCK_INITIALIZER; /* guards the two below */
static weir_map *cache;   /* id as it was asked for -> zone; UNKNOWN_MARK for no zone */
static size_t unknown_count;
static const char UNKNOWN_MARK[] = "unknown";

const weir_zone *weir_zone_utc(void)
{
    return &UTC_ZONE;
}

/* --- the cache --- */

/* True: the answer is in *out (NULL for a name known to be no zone). */
static bool cache_get(struct weir_str id, const weir_zone **out)
{
    pthread_rwlock_rdlock(&cache_lock);
    const void *found = cache ? weir_map_get(cache, id) : NULL;
    pthread_rwlock_unlock(&cache_lock);
    *out = found == UNKNOWN_MARK ? NULL : found;
    return found != NULL;
}

static void free_zone(weir_zone *zone)
{
    weir_free(zone->changes);
    weir_free(zone);
}

/* Takes `zone` (NULL: not a zone) and returns the one that is in the cache from now on: another thread may have been first. */
static const weir_zone *cache_put(struct weir_str id, weir_zone *zone)
{
    pthread_rwlock_wrlock(&cache_lock);
    if (!cache) {
        cache = weir_map_new();
    }
    const void *there = weir_map_get(cache, id);
    if (there) {
        if (zone) {
            free_zone(zone);
        }
    } else if (zone) {
        there = zone;
        weir_map_put(cache, id, zone);
    } else if (unknown_count < UNKNOWN_MAX) {
        unknown_count++;
        weir_map_put(cache, id, (void *)(uintptr_t)UNKNOWN_MARK);
    }
    pthread_rwlock_unlock(&cache_lock);
    return there == UNKNOWN_MARK ? NULL : there;
}

const weir_zone *weir_zone_fixed(int32_t offset_s)
{
    if (offset_s == 0) {
        return &UTC_ZONE;
    }
    char name[24];
    const int len = snprintf(name, sizeof name, "=%d", offset_s); /* no zone's id begins so */
    const struct weir_str id = {name, (size_t)len};
    const weir_zone *found;
    if (cache_get(id, &found)) {
        return found;
    }
    weir_zone *zone = weir_calloc(1, sizeof *zone);
    zone->first_offset_s = offset_s;
    return cache_put(id, zone);
}

/* --- regions --- */

/* Java's ZoneRegion.checkId, and nothing that leaves the folder or that Java does not carry. */
static bool region_name_valid(struct weir_str id)
{
    static const char *const not_java[] = {"posixrules", "localtime", "Factory", "ROC", "EST", "MST",
                                           "HST"};
    if (id.len < 2 || weir_str_starts(id, "posix/") || weir_str_starts(id, "right/")) {
        return false;
    }
    for (size_t i = 0; i < id.len; i++) {
        const char c = id.ptr[i];
        const char low = (char)(c | 0x20);
        const bool letter = low >= 'a' && low <= 'z';
        const bool later = (c >= '0' && c <= '9') || c == '/' || c == '_' || c == '+' || c == '-';
        const bool empty_part = c == '/' && (i + 1 == id.len || id.ptr[i + 1] == '/');
        if ((!letter && (i == 0 || !later)) || empty_part) {
            return false;
        }
    }
    for (size_t i = 0; i < sizeof not_java / sizeof not_java[0]; i++) {
        if (weir_str_eq(id, weir_str(not_java[i]))) {
            return false;
        }
    }
    return true;
}

static bool read_file(const char *path, struct weir_buf *out)
{
    FILE *file = fopen(path, "rbe");
    if (!file) {
        return false;
    }
    size_t got;
    do {
        char *room = weir_buf_reserve(out, 8192);
        got = room ? fread(room, 1, 8192, file) : 0; /* a folder opens, but does not read */
        out->len += got;
    } while (got > 0);
    const bool good = !ferror(file) && !out->overflow;
    fclose(file);
    return good;
}

static weir_zone *load_file(struct weir_str id)
{
    const char *folder = getenv("TZDIR");
    char *path = weir_asprintf("%s/%.*s", folder && *folder ? folder : "/usr/share/zoneinfo",
                               (int)id.len, id.ptr);
    struct weir_buf bytes;
    weir_buf_init(&bytes, FILE_MAX);
    weir_zone *zone = NULL;
    if (read_file(path, &bytes)) {
        zone = weir_calloc(1, sizeof *zone);
        if (weir_zone_from_tzif(weir_buf_view(&bytes), zone, NULL) != WEIR_OK) {
            free_zone(zone);
            zone = NULL;
        }
    }
    weir_buf_free(&bytes);
    weir_free(path);
    return zone;
}

static const weir_zone *find_region(struct weir_str id)
{
    const weir_zone *found;
    if (!region_name_valid(id)) {
        return NULL;
    }
    if (cache_get(id, &found)) {
        return found;
    }
    weir_zone *zone = load_file(weir_zone_merged_into(id));
    zone = zone ? zone : load_file(id);
    const struct weir_zone_embedded *embedded = zone ? NULL : weir_zone_embedded_find(id);
    if (embedded) {
        zone = weir_calloc(1, sizeof *zone);
        weir_zone_from_embedded(embedded, zone);
    }
    return cache_put(id, zone);
}

/* --- offsets --- */

/* Two digits at `at`, with a colon before them where one is wanted; -1 if they are not there. */
static int two_digits(const char *text, size_t at, bool colon)
{
    if (colon && text[at - 1] != ':') {
        return -1;
    }
    const int high = text[at] - '0';
    const int low = text[at + 1] - '0';
    return high < 0 || high > 9 || low < 0 || low > 9 ? -1 : high * 10 + low;
}

/* Java's ZoneOffset.of: Z, +h, +hh, +hh:mm, +hhmm, +hh:mm:ss, +hhmmss; at most 18 hours. */
static bool parse_offset(struct weir_str id, int32_t *out)
{
    *out = 0;
    if (weir_str_eq(id, WEIR_STR("Z"))) {
        return true;
    }
    if (id.len < 2 || id.len > 9 || (id.ptr[0] != '+' && id.ptr[0] != '-')) {
        return false;
    }
    const char short_hours[3] = {id.ptr[0], '0', id.ptr[1]};
    const char *text = id.len == 2 ? short_hours : id.ptr;
    const size_t len = id.len == 2 ? 3 : id.len;
    const bool colons = len == 6 || len == 9;
    if (len != 3 && len != 5 && len != 6 && len != 7 && len != 9) {
        return false;
    }
    const int hours = two_digits(text, 1, false);
    const int minutes = len > 3 ? two_digits(text, colons ? 4 : 3, colons) : 0;
    const int seconds = len >= 7 ? two_digits(text, colons ? 7 : 5, colons) : 0;
    if (hours < 0 || minutes < 0 || minutes > 59 || seconds < 0 || seconds > 59) {
        return false;
    }
    const int32_t total = hours * 3600 + minutes * 60 + seconds;
    *out = text[0] == '-' ? -total : total;
    return total <= OFFSET_MAX_S;
}

/* --- ids --- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Spark's two repairs, each at its first place only; `text` has room for two more characters. */
static size_t repair(char *text, size_t len)
{
    for (size_t i = 0; i + 2 < len; i++) {
        if ((text[i] == '+' || text[i] == '-') && is_digit(text[i + 1]) && text[i + 2] == ':') {
            memmove(text + i + 2, text + i + 1, len - i - 1);
            text[i + 1] = '0';
            len++;
            break;
        }
    }
    if (len >= 5) {
        const char *tail = text + len - 5;
        if ((tail[0] == '+' || tail[0] == '-') && is_digit(tail[1]) && is_digit(tail[2]) &&
            tail[3] == ':' && is_digit(tail[4])) {
            text[len] = text[len - 1];
            text[len - 1] = '0';
            len++;
        }
    }
    return len;
}

static struct weir_str expand_short_id(struct weir_str id)
{
    static const char *const ids[][2] = {
        {"ACT", "Australia/Darwin"},   {"AET", "Australia/Sydney"},
        {"AGT", "America/Argentina/Buenos_Aires"},
        {"ART", "Africa/Cairo"},       {"AST", "America/Anchorage"},
        {"BET", "America/Sao_Paulo"},  {"BST", "Asia/Dhaka"},
        {"CAT", "Africa/Harare"},      {"CNT", "America/St_Johns"},
        {"CST", "America/Chicago"},    {"CTT", "Asia/Shanghai"},
        {"EAT", "Africa/Addis_Ababa"}, {"ECT", "Europe/Paris"},
        {"IET", "America/Indiana/Indianapolis"},
        {"IST", "Asia/Kolkata"},       {"JST", "Asia/Tokyo"},
        {"MIT", "Pacific/Apia"},       {"NET", "Asia/Yerevan"},
        {"NST", "Pacific/Auckland"},   {"PLT", "Asia/Karachi"},
        {"PNT", "America/Phoenix"},    {"PRT", "America/Puerto_Rico"},
        {"PST", "America/Los_Angeles"}, {"SST", "Pacific/Guadalcanal"},
        {"VST", "Asia/Ho_Chi_Minh"},   {"EST", "-05:00"},
        {"MST", "-07:00"},             {"HST", "-10:00"},
    };
    for (size_t i = 0; id.len == 3 && i < sizeof ids / sizeof ids[0]; i++) {
        if (memcmp(id.ptr, ids[i][0], 3) == 0) {
            return weir_str(ids[i][1]);
        }
    }
    return id;
}

static const weir_zone *find_offset(struct weir_str id)
{
    int32_t offset_s;
    return parse_offset(id, &offset_s) ? weir_zone_fixed(offset_s) : NULL;
}

/* Java's ZoneId.of. */
static const weir_zone *find_java(struct weir_str id)
{
    if (id.len <= 1 || id.ptr[0] == '+' || id.ptr[0] == '-') {
        return find_offset(id);
    }
    const size_t prefix = weir_str_starts(id, "UTC") || weir_str_starts(id, "GMT") ? 3
                          : weir_str_starts(id, "UT")                              ? 2
                                                                                   : 0;
    if (prefix > 0 && id.len == prefix) {
        return &UTC_ZONE;
    }
    if (prefix > 0 && (id.ptr[prefix] == '+' || id.ptr[prefix] == '-')) {
        return find_offset((struct weir_str){id.ptr + prefix, id.len - prefix});
    }
    return find_region(id);
}

const weir_zone *weir_zone_find(struct weir_str id)
{
    if (weir_str_eq(id, WEIR_STR("UTC")) || weir_str_eq(id, WEIR_STR("Z"))) {
        return &UTC_ZONE; /* the common ones, without the lock */
    }
    if (id.len == 0 || id.len > ID_MAX) {
        return NULL;
    }
    char text[ID_MAX + 2];
    memcpy(text, id.ptr, id.len);
    const struct weir_str repaired = {text, repair(text, id.len)};
    return find_java(expand_short_id(repaired));
}
