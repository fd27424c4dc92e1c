/* random.c - bytes from the system, UUIDs, and a small generator with a seed. */
#include "base/time.h"
#include <errno.h>
#include <sys/random.h>

void weir_random_bytes(void *out, size_t len)
{
    unsigned char *at = out;
    while (len > 0) {
        const ssize_t got = getrandom(at, len, 0);
        if (got < 0) {
            WEIR_ASSERT(errno == EINTR);
            continue;
        }
        at += got;
        len -= (size_t)got;
    }
}

struct weir_uuid weir_uuid_new(void)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char raw[16];
    struct weir_uuid uuid;
    char *to = uuid.text;
    weir_random_bytes(raw, sizeof raw);
    raw[6] = (unsigned char)((raw[6] & 0x0F) | 0x40); /* version 4 */
    raw[8] = (unsigned char)((raw[8] & 0x3F) | 0x80); /* variant 1 */
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *to++ = '-';
        }
        *to++ = hex[raw[i] >> 4];
        *to++ = hex[raw[i] & 15];
    }
    *to = '\0';
    return uuid;
}

bool weir_uuid_valid(struct weir_str text)
{
    if (text.len != 36) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.ptr[i];
        const char low = (char)(c | 0x20);
        const bool hex = (c >= '0' && c <= '9') || (low >= 'a' && low <= 'f');
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? c != '-' : !hex) {
            return false;
        }
    }
    return true;
}

/* The seed is stretched by splitmix64, so that no seed gives the all-zero state. */
void weir_rng_seed(struct weir_rng *rng, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        seed += UINT64_C(0x9E3779B97F4A7C15);
        uint64_t z = seed;
        z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
        z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
        rng->s[i] = z ^ z >> 31;
    }
}

static uint64_t rotate(uint64_t value, int bits)
{
    return value << bits | value >> (64 - bits);
}

uint64_t weir_rng_next(struct weir_rng *rng)
{
    uint64_t *s = rng->s;
    const uint64_t result = rotate(s[1] * 5, 7) * 9;
    const uint64_t shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate(s[3], 45);
    return result;
}

double weir_rng_unit(struct weir_rng *rng)
{
    return (double)(weir_rng_next(rng) >> 11) * 0x1p-53;
}

/* Without bias: draws from the incomplete last interval are thrown away. */
uint64_t weir_rng_below(struct weir_rng *rng, uint64_t bound)
{
    WEIR_ASSERT(bound > 0);
    const uint64_t least = (0 - bound) % bound;
    uint64_t draw = weir_rng_next(rng);
    while (draw < least) {
        draw = weir_rng_next(rng);
    }
    return draw % bound;
}
