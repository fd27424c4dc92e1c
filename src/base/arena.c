/* arena.c - many allocations, one free.
 *
 * A chain of blocks, newest first; each is twice the one before, up to BLOCK_MAX. What does not fit a block gets one of
 * its own behind the newest, so that the room left there is still used. Under AddressSanitizer the unused part of a
 * block is poisoned: an overrun inside an arena is seen like one on the heap. */
#include "base/mem.h"
#include <stdio.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif
#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(ptr, len) ASAN_POISON_MEMORY_REGION((ptr), (len))
#define UNPOISON(ptr, len) ASAN_UNPOISON_MEMORY_REGION((ptr), (len))
#else
#define POISON(ptr, len) ((void)(ptr), (void)(len))
#define UNPOISON(ptr, len) ((void)(ptr), (void)(len))
#endif

enum { ALIGN = 16 };
static const size_t BLOCK_MIN = 4096;
static const size_t BLOCK_MAX = (size_t)1 << 20;

struct block {
    struct block *next;
    size_t cap;  /* bytes of data */
    size_t used;
    size_t pad;  /* keeps data 16-byte aligned */
    char data[];
};
_Static_assert(sizeof(struct block) % ALIGN == 0, "data must be aligned");

struct weir_arena {
    struct block *head; /* the one allocations come from; NULL at first */
    size_t next_cap;
    size_t taken;
};

weir_arena *weir_arena_new(void)
{
    weir_arena *arena = weir_calloc(1, sizeof *arena);
    arena->next_cap = BLOCK_MIN - sizeof(struct block);
    arena->taken = sizeof *arena;
    return arena;
}

static void free_chain(struct block *block)
{
    while (block) {
        struct block *next = block->next;
        UNPOISON(block->data, block->cap);
        weir_free(block);
        block = next;
    }
}

void weir_arena_free(weir_arena *arena)
{
    if (arena) {
        free_chain(arena->head);
        weir_free(arena);
    }
}

void weir_arena_reset(weir_arena *arena)
{
    struct block *kept = arena->head;
    arena->taken = sizeof *arena;
    if (kept) {
        free_chain(kept->next);
        kept->next = NULL;
        kept->used = 0;
        POISON(kept->data, kept->cap);
        arena->taken += sizeof *kept + kept->cap;
    }
}

static struct block *new_block(weir_arena *arena, size_t cap)
{
    struct block *block = weir_malloc(sizeof *block + cap);
    block->next = NULL;
    block->cap = cap;
    block->used = 0;
    POISON(block->data, cap);
    arena->taken += sizeof *block + cap;
    return block;
}

static void *take(struct block *block, size_t bytes, size_t rounded)
{
    char *ptr = block->data + block->used;
    block->used += rounded;
    UNPOISON(ptr, bytes);
    return ptr;
}

void *weir_arena_alloc(weir_arena *arena, size_t bytes)
{
    WEIR_ASSERT(bytes < PTRDIFF_MAX - BLOCK_MAX);
    const size_t rounded = bytes ? (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1) : ALIGN;
    struct block *head = arena->head;
    if (head && head->cap - head->used >= rounded) {
        return take(head, bytes, rounded);
    }
    if (head && rounded > BLOCK_MAX / 4) {
        struct block *own = new_block(arena, rounded);
        own->next = head->next;
        head->next = own;
        return take(own, bytes, rounded);
    }
    struct block *block = new_block(arena, rounded > arena->next_cap ? rounded : arena->next_cap);
    if (arena->next_cap < BLOCK_MAX / 2) {
        arena->next_cap = (arena->next_cap + sizeof *block) * 2 - sizeof *block;
    }
    block->next = head;
    arena->head = block;
    return take(block, bytes, rounded);
}

void *weir_arena_zalloc(weir_arena *arena, size_t bytes)
{
    return memset(weir_arena_alloc(arena, bytes), 0, bytes);
}

char *weir_arena_strndup(weir_arena *arena, const char *text, size_t len)
{
    char *copy = weir_arena_alloc(arena, len + 1);
    if (len > 0) {
        memcpy(copy, text, len);
    }
    copy[len] = '\0';
    return copy;
}

char *weir_arena_strdup(weir_arena *arena, const char *text)
{
    return weir_arena_strndup(arena, text, strlen(text));
}

char *weir_arena_printf(weir_arena *arena, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    const int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    WEIR_ASSERT(len >= 0);
    char *text = weir_arena_alloc(arena, (size_t)len + 1);
    va_start(args, fmt);
    vsnprintf(text, (size_t)len + 1, fmt, args);
    va_end(args);
    return text;
}

size_t weir_arena_used(const weir_arena *arena)
{
    return arena->taken;
}
