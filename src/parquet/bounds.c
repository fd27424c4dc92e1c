/* bounds.c - minimum and maximum, and how long texts are cut. */
#include "parquet/bounds.h"
#include "parquet/writer.h"

void weiri_pw_bounds_free(struct pw_bounds *bounds)
{
    weiri_pw_bytes_free(&bounds->min.bytes);
    weiri_pw_bytes_free(&bounds->max.bytes);
    *bounds = (struct pw_bounds){0};
}

void weiri_pw_bounds_clear(struct pw_bounds *bounds)
{
    bounds->any = false;
    bounds->has_nan = false;
    bounds->null_count = 0;
}

/* --- cutting --- */

static bool is_text(const struct pw_leaf *leaf)
{
    return leaf->physical == WEIR_PQ_BYTE_ARRAY;
}

static size_t cut_at(const struct pw_leaf *leaf, struct weir_str value, size_t limit)
{
    if (leaf->type->id != WEIR_TYPE_STRING) {
        return limit;
    }
    size_t end = limit;
    while (end > 0 && limit - end < 4 && ((uint8_t)value.ptr[end] & 0xC0) == 0x80) {
        end--;
    }
    return ((uint8_t)value.ptr[end] & 0xC0) == 0x80 ? limit : end; /* not UTF-8: between bytes */
}

/* The code point of the valid character at p[0..len). */
static uint32_t decode(const uint8_t *p, size_t len)
{
    uint32_t lead = len == 1 ? p[0] : len == 2 ? p[0] & 0x1Fu : len == 3 ? p[0] & 0x0Fu : p[0] & 0x07u;
    for (size_t i = 1; i < len; i++) {
        lead = lead << 6 | (p[i] & 0x3Fu);
    }
    return lead;
}

static size_t encode(uint32_t c, uint8_t *p)
{
    if (c < 0x80) {
        p[0] = (uint8_t)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, c >>= 6) {
        p[i] = (uint8_t)(0x80 | (c & 0x3F));
    }
    p[0] = (uint8_t)(n == 2 ? 0xC0 | c : n == 3 ? 0xE0 | c : 0xF0 | c);
    return n;
}

/* Replace the last character that has a successor by it, drop what follows. The text is UTF-8. False: none has. */
static bool increment_utf8(uint8_t *p, size_t *len)
{
    size_t end = *len;
    while (end > 0) {
        size_t start = end - 1;
        while (start > 0 && end - start < 4 && (p[start] & 0xC0) == 0x80) {
            start--;
        }
        uint32_t c = decode(p + start, end - start);
        if (c < 0x10FFFF) {
            c = c == 0xD7FF ? 0xE000 : c + 1; /* no surrogates */
            *len = start + encode(c, p + start);
            return true;
        }
        end = start;
    }
    return false;
}

static bool increment_bytes(uint8_t *p, size_t *len)
{
    for (size_t end = *len; end > 0; end--) {
        if (p[end - 1] != 0xFF) {
            p[end - 1]++;
            *len = end;
            return true;
        }
    }
    return false;
}

static struct weir_str zero_signed(const struct pw_leaf *leaf, struct weir_str value, bool negative, uint8_t *scratch)
{
    if (leaf->physical != WEIR_PQ_FLOAT && leaf->physical != WEIR_PQ_DOUBLE) {
        return value;
    }
    memcpy(scratch, value.ptr, value.len);
    uint8_t *top = &scratch[value.len - 1];
    uint8_t rest = *top & 0x7F;
    for (size_t i = 0; i + 1 < value.len; i++) {
        rest |= scratch[i];
    }
    if (rest == 0) {
        *top = negative ? 0x80 : 0;
    }
    return (struct weir_str){(const char *)scratch, value.len};
}

bool weiri_pw_cut_min(struct pw_bytes *out, const struct pw_leaf *leaf, struct weir_str value, size_t limit)
{
    uint8_t scratch[8];
    if (!is_text(leaf) || value.len <= limit) {
        struct weir_str bytes = zero_signed(leaf, value, true, scratch);
        weiri_pw_bytes_add(out, bytes.ptr, bytes.len);
        return true;
    }
    weiri_pw_bytes_add(out, value.ptr, cut_at(leaf, value, limit));
    return false;
}

bool weiri_pw_cut_max(struct pw_bytes *out, const struct pw_leaf *leaf, struct weir_str value, size_t limit)
{
    uint8_t scratch[8];
    if (!is_text(leaf) || value.len <= limit) {
        struct weir_str bytes = zero_signed(leaf, value, false, scratch);
        weiri_pw_bytes_add(out, bytes.ptr, bytes.len);
        return true;
    }
    size_t len = cut_at(leaf, value, limit);
    uint8_t *p = weiri_pw_bytes_room(out, len + 4);
    memcpy(p, value.ptr, len);
    const bool utf8 = leaf->type->id == WEIR_TYPE_STRING && weir_utf8_valid(p, len);
    const bool done = utf8 ? increment_utf8(p, &len) : increment_bytes(p, &len);
    if (!done) {
        weiri_pw_bytes_add(out, value.ptr, value.len); /* nothing shorter is greater */
        return true;
    }
    out->len += len;
    return false;
}

/* --- joining --- */

static struct weir_str view(const struct pw_bound *bound)
{
    return (struct weir_str){(const char *)bound->bytes.data, bound->bytes.len};
}

static void set_min(struct pw_bound *bound, const struct pw_leaf *leaf, struct weir_str value, bool exact)
{
    bound->bytes.len = 0;
    bool whole = weiri_pw_cut_min(&bound->bytes, leaf, value, WEIR_STATS_BYTES_MAX);
    bound->exact = whole && exact;
}

static void set_max(struct pw_bound *bound, const struct pw_leaf *leaf, struct weir_str value, bool exact)
{
    bound->bytes.len = 0;
    bool whole = weiri_pw_cut_max(&bound->bytes, leaf, value, WEIR_STATS_BYTES_MAX);
    bound->exact = whole && exact;
}

void weiri_pw_bounds_add(struct pw_bounds *bounds, const struct pw_leaf *leaf, struct weir_str min, bool min_exact, struct weir_str max,
                         bool max_exact)
{
    int below = bounds->any ? weiri_pw_value_cmp(leaf, min, view(&bounds->min)) : -1;
    int above = bounds->any ? weiri_pw_value_cmp(leaf, max, view(&bounds->max)) : 1;
    if (below < 0 || (below == 0 && min_exact)) {
        set_min(&bounds->min, leaf, min, min_exact);
    }
    if (above > 0 || (above == 0 && max_exact)) {
        set_max(&bounds->max, leaf, max, max_exact);
    }
    bounds->any = true;
}

void weiri_pw_bounds_merge(struct pw_bounds *bounds, const struct pw_leaf *leaf, const struct pw_bounds *more)
{
    bounds->null_count += more->null_count;
    bounds->has_nan |= more->has_nan;
    if (more->any) {
        weiri_pw_bounds_add(bounds, leaf, view(&more->min), more->min.exact, view(&more->max), more->max.exact);
    }
}
