/* bytes.c - memory of pages, heaps and tables. */
#include "parquet/bytes.h"
#include <sys/mman.h>

#define HUGE_PAGE ((size_t)2 << 20)

void *weiri_pw_large_alloc(size_t bytes)
{
    if (bytes < HUGE_PAGE) {
        return weir_aligned(64, bytes);
    }
    void *memory = weir_aligned(HUGE_PAGE, bytes);
    (void)madvise(memory, bytes, MADV_HUGEPAGE); /* a hint: small pages are right too */
    return memory;
}

void weiri_pw_bytes_grow(struct pw_bytes *bytes, size_t len)
{
    const size_t wanted = bytes->len + len;
    size_t cap = bytes->cap < 256 ? 256 : bytes->cap;
    while (cap < wanted) {
        cap += cap < HUGE_PAGE ? cap : cap / 2;
    }
    uint8_t *data;
    if (cap < HUGE_PAGE) {
        data = weir_realloc(bytes->data, cap + WEIRI_PW_SLACK);
    } else {
        data = weiri_pw_large_alloc(cap + WEIRI_PW_SLACK);
        if (bytes->len > 0) {
            memcpy(data, bytes->data, bytes->len);
        }
        weir_free(bytes->data);
    }
    memset(data + cap, 0, WEIRI_PW_SLACK);
    bytes->data = data;
    bytes->cap = cap;
}
