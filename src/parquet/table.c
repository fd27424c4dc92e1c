/* table.c - bytes to codes. */
#include "parquet/table.h"
#include "base/time.h"
#include <pthread.h>

#define SLOTS_MIN 64

static struct pw_seed process_seed;
static pthread_once_t process_seed_once = PTHREAD_ONCE_INIT;

static void make_seed(void)
{
    weir_random_bytes(&process_seed, sizeof process_seed);
    process_seed.a |= 1;
}

static struct pw_seed seed_of_process(void)
{
    (void)pthread_once(&process_seed_once, make_seed);
    return process_seed;
}

/* Slots lie at a cache line's begin: four to a line. */
static void *slots_new(size_t count, size_t bytes)
{
    void *slots = weiri_pw_large_alloc(count * bytes);
    memset(slots, 0, count * bytes);
    return slots;
}

void weiri_pw_table_init(struct pw_table *table)
{
    *table = (struct pw_table){.seed = seed_of_process(), .empty = PW_CODE_MISS, .short_mask = SLOTS_MIN - 1, .long_mask = SLOTS_MIN - 1};
    table->shorts = slots_new(SLOTS_MIN, sizeof *table->shorts);
    table->longs = slots_new(SLOTS_MIN, sizeof *table->longs);
}

void weiri_pw_table_free(struct pw_table *table)
{
    weir_free(table->shorts);
    weir_free(table->longs);
    *table = (struct pw_table){0};
}

void weiri_pw_table_clear(struct pw_table *table)
{
    if (table->short_count > 0) {
        memset(table->shorts, 0, ((size_t)table->short_mask + 1) * sizeof *table->shorts);
    }
    if (table->long_count > 0) {
        memset(table->longs, 0, ((size_t)table->long_mask + 1) * sizeof *table->longs);
    }
    table->short_count = 0;
    table->long_count = 0;
    table->empty = PW_CODE_MISS;
}

static size_t slots_for(uint32_t count)
{
    size_t slots = SLOTS_MIN;
    while (slots < (size_t)count * 2) {
        slots *= 2;
    }
    return slots;
}

size_t weiri_pw_table_bytes(const struct pw_table *table)
{
    return slots_for(table->short_count) * sizeof *table->shorts + slots_for(table->long_count) * sizeof *table->longs;
}

static void put_short(struct pw_short *slots, uint32_t mask, uint32_t hash, struct pw_short entry)
{
    uint32_t i = hash & mask;
    while (slots[i].hi != 0) {
        i = (i + 1) & mask;
    }
    slots[i] = entry;
}

static void put_long(struct pw_long *slots, uint32_t mask, struct pw_long entry)
{
    uint32_t i = entry.tag & mask;
    while (slots[i].len != 0) {
        i = (i + 1) & mask;
    }
    slots[i] = entry;
}

static void grow_shorts(struct pw_table *table)
{
    size_t old_count = (size_t)table->short_mask + 1;
    uint32_t mask = (uint32_t)(old_count * 2 - 1);
    struct pw_short *slots = slots_new(old_count * 2, sizeof *slots);
    for (size_t i = 0; i < old_count; i++) {
        const struct pw_short *s = &table->shorts[i];
        if (s->hi != 0) {
            put_short(slots, mask, weiri_pw_short_hash(&table->seed, s->lo, s->hi), *s);
        }
    }
    weir_free(table->shorts);
    table->shorts = slots;
    table->short_mask = mask;
}

static void grow_longs(struct pw_table *table)
{
    size_t old_count = (size_t)table->long_mask + 1;
    uint32_t mask = (uint32_t)(old_count * 2 - 1);
    struct pw_long *slots = slots_new(old_count * 2, sizeof *slots);
    for (size_t i = 0; i < old_count; i++) {
        if (table->longs[i].len != 0) {
            put_long(slots, mask, table->longs[i]);
        }
    }
    weir_free(table->longs);
    table->longs = slots;
    table->long_mask = mask;
}

struct pw_key weiri_pw_key(const struct pw_table *table, const char *key, size_t len)
{
    WEIR_ASSERT(len <= UINT32_MAX);
    struct pw_key k = {.ptr = key, .len = len};
    if (len == 0) {
        return k;
    }
    if (len <= PW_SHORT_MAX) {
        weiri_pw_short_exact(key, len, &k.lo, &k.hi);
        k.hash = weiri_pw_short_hash(&table->seed, k.lo, k.hi);
    } else {
        k.hash = weiri_pw_long_hash(&table->seed, key, len);
    }
    return k;
}

static uint32_t get_short(const struct pw_table *table, const struct pw_key *key)
{
    for (uint32_t i = key->hash & table->short_mask;; i = (i + 1) & table->short_mask) {
        const struct pw_short *s = &table->shorts[i];
        if (s->hi == key->hi && s->lo == key->lo) {
            return s->code;
        }
        if (s->hi == 0) {
            return PW_CODE_MISS;
        }
    }
}

static uint32_t get_long(const struct pw_table *table, const uint8_t *const heaps[2], const struct pw_key *key)
{
    for (uint32_t i = key->hash & table->long_mask;; i = (i + 1) & table->long_mask) {
        const struct pw_long *s = &table->longs[i];
        if (s->len == 0) {
            return PW_CODE_MISS;
        }
        if (s->tag == key->hash && s->len == key->len && weiri_pw_long_eq(weiri_pw_long_key(heaps, s->at), key->ptr, key->len)) {
            return s->code;
        }
    }
}

uint32_t weiri_pw_table_get(const struct pw_table *table, const uint8_t *const heaps[2], const struct pw_key *key)
{
    if (key->len == 0) {
        return table->empty;
    }
    return key->len <= PW_SHORT_MAX ? get_short(table, key) : get_long(table, heaps, key);
}

void weiri_pw_table_put(struct pw_table *table, const struct pw_key *key, uint32_t at, uint32_t code)
{
    if (key->len == 0) {
        table->empty = code;
    } else if (key->len <= PW_SHORT_MAX) {
        if (++table->short_count > (table->short_mask + 1) / 2) {
            grow_shorts(table);
        }
        put_short(table->shorts, table->short_mask, key->hash, (struct pw_short){key->lo, key->hi, code});
    } else {
        if (++table->long_count > (table->long_mask + 1) / 2) {
            grow_longs(table);
        }
        put_long(table->longs, table->long_mask, (struct pw_long){key->hash, at, code, (uint32_t)key->len});
    }
}
