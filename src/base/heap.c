/* heap.c - the heap that never returns NULL, and heap strings. */
#include "base/mem.h"
#include <stdio.h>
#include <stdlib.h>

_Noreturn static void exhausted(size_t bytes)
{
    fprintf(stderr, "weir: out of memory: %zu bytes were asked for; give the process more, or lower "
                    "its memory settings; nothing durable is damaged\n", bytes);
    abort();
}

static size_t product(size_t count, size_t bytes)
{
    size_t total;
    if (__builtin_mul_overflow(count, bytes, &total)) {
        exhausted(SIZE_MAX);
    }
    return total;
}

void *weir_malloc(size_t bytes)
{
    void *ptr = malloc(bytes ? bytes : 1);
    if (!ptr) {
        exhausted(bytes);
    }
    return ptr;
}

void *weir_calloc(size_t count, size_t bytes)
{
    const size_t total = product(count, bytes);
    void *ptr = calloc(1, total ? total : 1);
    if (!ptr) {
        exhausted(total);
    }
    return ptr;
}

void *weir_realloc(void *ptr, size_t bytes)
{
    void *moved = realloc(ptr, bytes ? bytes : 1);
    if (!moved) {
        exhausted(bytes);
    }
    return moved;
}

void *weir_aligned(size_t alignment, size_t bytes)
{
    void *ptr = NULL;
    if (alignment < sizeof(void *)) {
        alignment = sizeof(void *);
    }
    if (posix_memalign(&ptr, alignment, bytes ? bytes : 1) != 0) {
        WEIR_ASSERT((alignment & (alignment - 1)) == 0);
        exhausted(bytes);
    }
    return ptr;
}

void weir_free(void *ptr)
{
    free(ptr);
}

char *weir_strndup(const char *text, size_t len)
{
    char *copy = weir_malloc(len + 1);
    if (len > 0) {
        memcpy(copy, text, len);
    }
    copy[len] = '\0';
    return copy;
}

char *weir_strdup(const char *text)
{
    return weir_strndup(text, strlen(text));
}

char *weir_str_dup(struct weir_str text)
{
    return weir_strndup(text.ptr, text.len);
}

char *weir_asprintf(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    const int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    WEIR_ASSERT(len >= 0);
    char *text = weir_malloc((size_t)len + 1);
    va_start(args, fmt);
    vsnprintf(text, (size_t)len + 1, fmt, args);
    va_end(args);
    return text;
}

void *weir_grow(void *items, size_t count, size_t *cap, size_t item_bytes)
{
    WEIR_ASSERT(count <= *cap);
    if (count < *cap) {
        return items;
    }
    const size_t wanted = *cap ? product(*cap, 2) : 8;
    void *moved = weir_realloc(items, product(wanted, item_bytes));
    *cap = wanted;
    return moved;
}
