/* buf.c - the growing byte buffer with a maximum. */
#include "base/mem.h"
#include <stdio.h>

enum { BUF_FIRST = 64 };

void weir_buf_init(struct weir_buf *buf, size_t max_bytes)
{
    buf->data = weir_malloc(BUF_FIRST);
    buf->data[0] = '\0';
    buf->len = 0;
    buf->cap = BUF_FIRST;
    buf->max = max_bytes ? max_bytes : WEIR_BUF_MAX_DEFAULT;
    buf->overflow = false;
}

void weir_buf_free(struct weir_buf *buf)
{
    if (buf) {
        weir_free(buf->data);
        buf->data = NULL;
        buf->len = 0;
        buf->cap = 0;
    }
}

void weir_buf_clear(struct weir_buf *buf)
{
    buf->len = 0;
    buf->overflow = false;
    if (buf->data) {
        buf->data[0] = '\0';
    }
}

/* Room for len more bytes and the NUL behind them. */
static bool make_room(struct weir_buf *buf, size_t len)
{
    WEIR_ASSERT(buf->len <= buf->max);
    if (len > buf->max - buf->len) {
        buf->overflow = true;
        return false;
    }
    const size_t wanted = buf->len + len + 1;
    if (wanted > buf->cap) {
        size_t cap = buf->cap ? buf->cap : BUF_FIRST;
        while (cap < wanted) {
            cap = cap > SIZE_MAX / 2 ? wanted : cap * 2;
        }
        buf->data = weir_realloc(buf->data, cap);
        buf->cap = cap;
    }
    return true;
}

bool weir_buf_add(struct weir_buf *buf, const void *bytes, size_t len)
{
    if (!make_room(buf, len)) {
        return false;
    }
    if (len > 0) {
        memcpy(buf->data + buf->len, bytes, len);
    }
    buf->len += len;
    buf->data[buf->len] = '\0';
    return true;
}

bool weir_buf_add_str(struct weir_buf *buf, const char *text)
{
    return weir_buf_add(buf, text, strlen(text));
}

bool weir_buf_add_view(struct weir_buf *buf, struct weir_str text)
{
    return weir_buf_add(buf, text.ptr, text.len);
}

bool weir_buf_add_char(struct weir_buf *buf, char c)
{
    return weir_buf_add(buf, &c, 1);
}

bool weir_buf_printf(struct weir_buf *buf, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    const int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    WEIR_ASSERT(len >= 0);
    if (!make_room(buf, (size_t)len)) {
        return false;
    }
    va_start(args, fmt);
    vsnprintf(buf->data + buf->len, (size_t)len + 1, fmt, args);
    va_end(args);
    buf->len += (size_t)len;
    return true;
}

char *weir_buf_reserve(struct weir_buf *buf, size_t len)
{
    return make_room(buf, len) ? buf->data + buf->len : NULL;
}

char *weir_buf_take(struct weir_buf *buf)
{
    char *data = buf->data ? buf->data : weir_calloc(1, 1);
    data[buf->len] = '\0';
    buf->data = NULL;
    buf->len = 0;
    buf->cap = 0;
    return data;
}
