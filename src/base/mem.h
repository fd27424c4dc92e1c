/* mem.h - memory: the heap, arenas, growing buffers, string views.
 *
 * The heap never returns NULL: when it is exhausted the process ends with a message. That is safe because every durable
 * state is crash-safe (see docs/ARCHITECTURE.md), and it keeps ten thousand untestable error paths out of the code. What
 * input can make large goes through a weir_buf, which has a maximum and answers WEIR_TOO_BIG.
 * Threads: a heap block may move between threads; an arena and a buffer belong to one thread at a time. */
#pragma once
#include "base/error.h"
#include <string.h>

void *weir_malloc(size_t bytes);
void *weir_calloc(size_t count, size_t bytes);
void *weir_realloc(void *ptr, size_t bytes);
void *weir_aligned(size_t alignment, size_t bytes); /* free with weir_free */
void weir_free(void *ptr);                          /* NULL is legal */
char *weir_strdup(const char *text);
char *weir_strndup(const char *text, size_t len);
char *weir_asprintf(const char *fmt, ...) WEIR_PRINTF(1, 2); /* heap */

/* A borrowed piece of text; NUL is not assumed. ptr NULL = no value, where a function says so. */
struct weir_str {
    const char *ptr;
    size_t len;
};
#define WEIR_STR(literal) ((struct weir_str){(literal), sizeof(literal) - 1})
static inline struct weir_str weir_str(const char *text)
{
    return (struct weir_str){text, text ? strlen(text) : 0};
}
static inline bool weir_str_eq(struct weir_str a, struct weir_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}
bool weir_str_eq_nocase(struct weir_str a, struct weir_str b); /* ASCII */
bool weir_str_starts(struct weir_str text, const char *prefix);
bool weir_str_ends(struct weir_str text, const char *suffix);
struct weir_str weir_str_trim(struct weir_str text); /* ASCII white space */
int weir_str_cmp(struct weir_str a, struct weir_str b); /* by bytes */
bool weir_str_to_i64(struct weir_str text, int64_t *out); /* whole text, decimal, optional sign */
/* Whole text: [+-] digits with at most one point, then an exponent if any ("1", ".5", "5.", "-1.5e+3"); locale-free,
 * correctly rounded; too large gives an infinity. No "NaN", "Infinity", hexadecimal, white space. */
bool weir_str_to_f64(struct weir_str text, double *out);
bool weir_str_to_f32(struct weir_str text, float *out); /* the same, rounded once to 32 bits */
char *weir_str_dup(struct weir_str text);                 /* heap, NUL-terminated */
bool weir_utf8_valid(const void *text, size_t len);
/* Length (1 to 4) and code point of the well-formed sequence at `text`; 0 and U+FFFD if there is none. len > 0. */
size_t weir_utf8_next(const char *text, size_t len, uint32_t *code_point);
/* Writes a code point (at most U+10FFFF) as UTF-8 without a NUL; returns 1 to 4. */
size_t weir_utf8_put(uint32_t code_point, char out[4]);

/* An arena: many allocations, one free. */
typedef struct weir_arena weir_arena;
weir_arena *weir_arena_new(void);
void weir_arena_free(weir_arena *arena); /* NULL is legal */
void weir_arena_reset(weir_arena *arena); /* keeps one block */
void *weir_arena_alloc(weir_arena *arena, size_t bytes); /* 16-byte aligned, not cleared */
void *weir_arena_zalloc(weir_arena *arena, size_t bytes);
char *weir_arena_strndup(weir_arena *arena, const char *text, size_t len); /* NUL-terminated */
char *weir_arena_strdup(weir_arena *arena, const char *text);
char *weir_arena_printf(weir_arena *arena, const char *fmt, ...) WEIR_PRINTF(2, 3);
size_t weir_arena_used(const weir_arena *arena); /* bytes taken from the heap */

/* A growing byte buffer with a maximum. Initialise with weir_buf_init; `data` is NUL-terminated after every call but
 * weir_buf_reserve; after weir_buf_free and weir_buf_take it is NULL and the next append starts anew with the same maximum.
 * An append past the maximum sets `overflow` and appends nothing; check it once at the end. */
struct weir_buf {
    char *data;
    size_t len;
    size_t cap;
    size_t max; /* bytes */
    bool overflow;
};
#define WEIR_BUF_MAX_DEFAULT ((size_t)1 << 30)
void weir_buf_init(struct weir_buf *buf, size_t max_bytes); /* 0 = WEIR_BUF_MAX_DEFAULT */
void weir_buf_free(struct weir_buf *buf);
void weir_buf_clear(struct weir_buf *buf);
bool weir_buf_add(struct weir_buf *buf, const void *bytes, size_t len);
bool weir_buf_add_str(struct weir_buf *buf, const char *text);
bool weir_buf_add_view(struct weir_buf *buf, struct weir_str text);
bool weir_buf_add_char(struct weir_buf *buf, char c);
bool weir_buf_printf(struct weir_buf *buf, const char *fmt, ...) WEIR_PRINTF(2, 3);
/* Room for `len` more bytes; returns where to write them (then add to buf->len), NULL past the maximum. */
char *weir_buf_reserve(struct weir_buf *buf, size_t len);
char *weir_buf_take(struct weir_buf *buf); /* the heap block (never NULL), caller frees; buf is empty after it */
static inline struct weir_str weir_buf_view(const struct weir_buf *buf)
{
    return (struct weir_str){buf->data ? buf->data : "", buf->len};
}

/* A growing array of any element type: `struct weir_foo *items; size_t count, cap;` then
 * `WEIR_PUSH(items, count, cap) = value;` */
void *weir_grow(void *items, size_t count, size_t *cap, size_t item_bytes);
#define WEIR_PUSH(items, count, cap)                                                               \
    (*((items) = weir_grow((items), (count), &(cap), sizeof *(items)), (count)++, &(items)[(count)-1]))
