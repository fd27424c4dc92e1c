/* bytes.h - a growing run of bytes for pages and heaps: append is inline and 64 bytes behind the end may always be read. Private.
 * Growth has no limit of its own: its users bound it (rowgroup_bytes_max, pages, WEIRI_PW_HEAP_MAX). One thread. */
#pragma once
#include "base/mem.h"

#define WEIRI_PW_SLACK ((size_t)64)

struct pw_bytes {
    uint8_t *data;
    size_t len, cap; /* cap leaves out the slack */
};

/* Like weir_aligned(64, bytes) (free with weir_free), in huge pages where it is large: tables and heaps are read at random places. */
void *weiri_pw_large_alloc(size_t bytes);
void weiri_pw_bytes_grow(struct pw_bytes *bytes, size_t len);

/* Where `len` more bytes may be written; then add to bytes->len. */
static inline uint8_t *weiri_pw_bytes_room(struct pw_bytes *bytes, size_t len)
{
    if (len > bytes->cap - bytes->len) {
        weiri_pw_bytes_grow(bytes, len);
    }
    return bytes->data + bytes->len;
}

static inline void weiri_pw_bytes_add(struct pw_bytes *bytes, const void *data, size_t len)
{
    uint8_t *room = weiri_pw_bytes_room(bytes, len);
    if (len > 0) {
        memcpy(room, data, len);
        bytes->len += len;
    }
}

static inline void weiri_pw_bytes_free(struct pw_bytes *bytes)
{
    weir_free(bytes->data);
    *bytes = (struct pw_bytes){0};
}

static inline uint32_t weiri_pw_load32(const void *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline uint64_t weiri_pw_load64(const void *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}
