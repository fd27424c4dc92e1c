/* zone_tzif.c - the compiled zone files of the system (RFC 8536).
 *
 *     header (44 bytes), 32-bit data        - all that version 1 has
 *     header, 64-bit data, "\n" rule "\n"   - versions 2 and later; then the first part is skipped
 *     data: times[timecnt], type of each, types[typecnt] {int32 offset, u8 isdst, u8 name}, names, leap seconds, flags
 * Leap seconds are not applied: Java and POSIX time have none. */
#include "base/zone.h"

enum { HEADER_BYTES = 44, TYPE_BYTES = 6 };

struct tzif_header {
    int version; /* 1 to 4 */
    size_t isutcnt, isstdcnt, leapcnt, timecnt, typecnt, charcnt;
};

static weir_rc corrupt(struct weir_error *err, size_t offset, const char *what)
{
    weir_fail(err, WEIR_CORRUPT, "ZONE_FILE_INVALID",
              "a time zone file is damaged: %s; byte %zu; reinstall the system's tzdata", what, offset);
    if (err) {
        err->offset = (int64_t)offset;
    }
    return WEIR_CORRUPT;
}

static uint32_t be32(const char *bytes)
{
    const unsigned char *p = (const unsigned char *)bytes;
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t be_time(const char *bytes, size_t width)
{
    const uint32_t first = be32(bytes);
    return width == 4 ? (int64_t)(int32_t)first : (int64_t)((uint64_t)first << 32 | be32(bytes + 4));
}

static weir_rc read_header(struct weir_str bytes, size_t at, struct tzif_header *h, struct weir_error *err)
{
    if (bytes.len < at || bytes.len - at < HEADER_BYTES || memcmp(bytes.ptr + at, "TZif", 4) != 0) {
        return corrupt(err, at, "no TZif header");
    }
    const char *p = bytes.ptr + at;
    *h = (struct tzif_header){
        .version = p[4] == '\0' ? 1 : p[4] - '0',
        .isutcnt = be32(p + 20),
        .isstdcnt = be32(p + 24),
        .leapcnt = be32(p + 28),
        .timecnt = be32(p + 32),
        .typecnt = be32(p + 36),
        .charcnt = be32(p + 40),
    };
    if (h->version < 1 || h->version > 9) {
        return corrupt(err, at + 4, "an unknown version");
    }
    if (h->typecnt == 0 || h->typecnt > 256 || h->timecnt > bytes.len || h->leapcnt > bytes.len) {
        return corrupt(err, at + 32, "impossible counts");
    }
    return WEIR_OK;
}

static size_t data_bytes(const struct tzif_header *h, size_t width)
{
    return h->timecnt * (width + 1) + h->typecnt * TYPE_BYTES + h->charcnt + h->leapcnt * (width + 4) +
           h->isstdcnt + h->isutcnt;
}

static weir_rc read_data(struct weir_str bytes, size_t at, size_t width, const struct tzif_header *h,
                         weir_zone *zone, struct weir_error *err)
{
    if (bytes.len - at < data_bytes(h, width)) {
        return corrupt(err, bytes.len, "it ends too early");
    }
    const char *times = bytes.ptr + at;
    const char *indices = times + h->timecnt * width;
    const char *types = indices + h->timecnt;
    zone->first_offset_s = (int32_t)be32(types);
    int64_t last = INT64_MIN;
    for (size_t i = 0; i < h->timecnt; i++) {
        const int64_t time = be_time(times + i * width, width);
        const size_t type = (unsigned char)indices[i];
        if (type >= h->typecnt || (i > 0 && time <= last)) {
            return corrupt(err, at + i * width, "transitions out of order");
        }
        const int32_t offset = (int32_t)be32(types + type * TYPE_BYTES);
        if (offset < -90000 || offset > 93600) { /* RFC 8536 section 3.2 */
            return corrupt(err, at + i * width, "an offset of more than a day");
        }
        last = time;
        if (time < -(INT64_C(1) << 58)) { /* "the big bang" of some compilers: it only names the first type */
            zone->first_offset_s = offset;
        } else {
            weir_zone_add_change(zone, time, offset);
        }
    }
    return WEIR_OK;
}

weir_rc weir_zone_from_tzif(struct weir_str bytes, weir_zone *zone, struct weir_error *err)
{
    struct tzif_header h;
    size_t at = 0;
    size_t width = 4;
    WEIR_TRY(read_header(bytes, 0, &h, err));
    if (h.version >= 2) {
        at = HEADER_BYTES + data_bytes(&h, width);
        width = 8;
        WEIR_TRY(read_header(bytes, at, &h, err));
    }
    at += HEADER_BYTES;
    WEIR_TRY(read_data(bytes, at, width, &h, zone, err));
    if (width == 8) {
        at += data_bytes(&h, width);
        const char *newline = at < bytes.len && bytes.ptr[at] == '\n'
                                  ? memchr(bytes.ptr + at + 1, '\n', bytes.len - at - 1)
                                  : NULL;
        if (!newline) {
            return corrupt(err, at, "no rule behind the data");
        }
        const struct weir_str rule = {bytes.ptr + at + 1, (size_t)(newline - bytes.ptr) - at - 1};
        zone->has_rule = rule.len > 0;
        if (zone->has_rule && !weir_zone_rule_parse(rule, &zone->rule)) {
            return corrupt(err, at + 1, "a rule that is no POSIX TZ string");
        }
    }
    weir_zone_expand_rule(zone);
    return WEIR_OK;
}
