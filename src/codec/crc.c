/* crc.c - CRC-32 of IEEE 802.3, as zlib, gzip and Parquet have it.
 *
 * On x86-64 with PCLMULQDQ (asked once, at run time) long buffers are folded 64 bytes a step by carry-less multiplication (V. Gopal et al., "Fast CRC
 * Computation for Generic Polynomials Using PCLMULQDQ"); the rest, and every other machine, is zlib's. */
#include "codec/codec.h"
#include <zlib.h>

static uint32_t crc_zlib(uint32_t crc, const uint8_t *p, size_t len)
{
    while (len > 0) {
        uInt n = len > (size_t)1 << 30 ? (uInt)1 << 30 : (uInt)len;
        crc = (uint32_t)crc32(crc, p, n);
        p += n;
        len -= n;
    }
    return crc;
}

#if defined(__x86_64__)
#include <immintrin.h>

#define FOLD_MIN 256

__attribute__((target("pclmul,sse4.1"))) static inline __m128i fold(__m128i x, __m128i k, __m128i next)
{
    __m128i low = _mm_clmulepi64_si128(x, k, 0x00);
    __m128i high = _mm_clmulepi64_si128(x, k, 0x11);
    return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

/* len is a multiple of 16 and at least 64. `crc` is the inner (inverted) state, in and out. The constants are x^n mod P, bit-reflected. */
__attribute__((target("pclmul,sse4.1"))) static uint32_t crc_fold(uint32_t crc, const uint8_t *p, size_t len)
{
    const __m128i k4 = _mm_set_epi64x(0x01c6e41596, 0x0154442bd4); /* 64 bytes ahead */
    const __m128i k1 = _mm_set_epi64x(0x00ccaa009e, 0x01751997d0); /* 16 bytes ahead */
    const __m128i k0 = _mm_set_epi64x(0, 0x0163cd6124);
    const __m128i poly = _mm_set_epi64x(0x01f7011641, 0x01db710641);
    const __m128i mask32 = _mm_set_epi32(0, -1, 0, -1);
    const __m128i *in = (const __m128i *)(const void *)p;
    __m128i a = _mm_xor_si128(_mm_loadu_si128(in), _mm_cvtsi32_si128((int)crc));
    __m128i b = _mm_loadu_si128(in + 1), c = _mm_loadu_si128(in + 2), d = _mm_loadu_si128(in + 3);
    in += 4;
    for (len -= 64; len >= 64; len -= 64, in += 4) {
        a = fold(a, k4, _mm_loadu_si128(in));
        b = fold(b, k4, _mm_loadu_si128(in + 1));
        c = fold(c, k4, _mm_loadu_si128(in + 2));
        d = fold(d, k4, _mm_loadu_si128(in + 3));
    }
    a = fold(fold(fold(a, k1, b), k1, c), k1, d);
    for (; len >= 16; len -= 16) {
        a = fold(a, k1, _mm_loadu_si128(in++));
    }
    /* 128 to 64 bits, then Barrett's reduction to 32. */
    __m128i t = _mm_clmulepi64_si128(a, k1, 0x10);
    a = _mm_xor_si128(_mm_srli_si128(a, 8), t);
    t = _mm_srli_si128(a, 4);
    a = _mm_xor_si128(_mm_clmulepi64_si128(_mm_and_si128(a, mask32), k0, 0x00), t);
    t = _mm_clmulepi64_si128(_mm_and_si128(a, mask32), poly, 0x10);
    t = _mm_clmulepi64_si128(_mm_and_si128(t, mask32), poly, 0x00);
    return (uint32_t)_mm_extract_epi32(_mm_xor_si128(a, t), 1);
}

static bool has_pclmul(void)
{
    return __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
}

uint32_t weir_crc32(uint32_t crc, const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    if (len >= FOLD_MIN && has_pclmul()) {
        size_t n = len & ~(size_t)15;
        crc = ~crc_fold(~crc, p, n);
        p += n;
        len -= n;
    }
    return len > 0 ? crc_zlib(crc, p, len) : crc;
}
#else
uint32_t weir_crc32(uint32_t crc, const void *bytes, size_t len)
{
    return len > 0 ? crc_zlib(crc, bytes, len) : crc;
}
#endif
