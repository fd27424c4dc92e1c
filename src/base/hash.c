/* hash.c - a fast 64-bit hash: 128-bit products folded to 64 bits, eight bytes a step, two lanes.
 * Good for tables that an input may fill (the seed differs in every process), not for signatures or disks. */
#include "base/map.h"
#include "base/time.h"
#include <pthread.h>

static const uint64_t K0 = UINT64_C(0xA0761D6478BD642F);
static const uint64_t K1 = UINT64_C(0xE7037ED1A0B428DB);
static const uint64_t K2 = UINT64_C(0x8EBC6AF09C88C6E3);

static inline uint64_t fold(uint64_t a, uint64_t b)
{
    const unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t load(const unsigned char *p, size_t len)
{
    uint64_t word = 0;
    memcpy(&word, p, len);
    return word;
}

uint64_t weir_hash_seeded(const void *bytes, size_t len, uint64_t seed)
{
    const unsigned char *p = bytes;
    size_t left = len;
    uint64_t a = seed ^ K0;
    uint64_t b = seed ^ K1;
    while (left > 16) {
        a = fold(load(p, 8) ^ K1, a ^ K2);
        b = fold(load(p + 8, 8) ^ K2, b ^ K0);
        p += 16;
        left -= 16;
    }
    uint64_t first = 0;
    uint64_t second = 0;
    if (left > 8) {
        first = load(p, 8);
        second = load(p + 8, left - 8);
    } else if (left > 0) {
        first = load(p, left);
    }
    a = fold(first ^ K1, a ^ second);
    return fold(a ^ b ^ K2, (uint64_t)len ^ b ^ K0);
}

static uint64_t process_seed;
static pthread_once_t process_seed_once = PTHREAD_ONCE_INIT;

static void draw_process_seed(void)
{
    weir_random_bytes(&process_seed, sizeof process_seed);
}

uint64_t weir_hash(const void *bytes, size_t len)
{
    pthread_once(&process_seed_once, draw_process_seed);
    return weir_hash_seeded(bytes, len, process_seed);
}
