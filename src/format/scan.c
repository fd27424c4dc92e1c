/* scan.c - the positions of all separators and newlines of a block, and whether anything in it needs care.
 *
 * One function per instruction set behind one table; each must give exactly what the first gives. A level is added by its own entry. */
#include "format/text_internal.h"
#include <pthread.h>

static void scan_bytes(const char *text, size_t len, const struct weiri_scan_chars *chars, uint32_t *seps, struct weiri_scan_result *out)
{
    *out = (struct weiri_scan_result){0};
    for (size_t i = 0; i < len; i++) {
        char b = text[i];
        if (b == chars->sep || b == chars->newline) {
            out->newlines += b == chars->newline;
            seps[out->positions++] = (uint32_t)i;
        }
        out->special = out->special || b == chars->quote || b == '\0';
        if (b == '\r') {
            out->crs = true;
            out->lone_cr = out->lone_cr || i + 1 >= len || text[i + 1] != '\n';
        }
    }
}

static bool always(void)
{
    return true;
}

#if defined(__x86_64__)
#include <immintrin.h>

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("popcnt");
}

#define AVX2 __attribute__((target("avx2,bmi,popcnt")))

AVX2 static inline uint64_t equal_mask(__m256i low, __m256i high, __m256i what)
{
    uint32_t a = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, what));
    uint32_t b = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, what));
    return (uint64_t)b << 32 | a;
}

/* Set bits of a mask as positions: eight at a time whether they are there or not, since `seps` has room for 64 more. */
AVX2 static inline uint32_t *put_positions(uint32_t *seps, uint64_t mask, uint32_t base)
{
    unsigned count = (unsigned)__builtin_popcountll(mask);
    uint32_t *to = seps;
    for (unsigned done = 0; done < count; done += 8, to += 8) {
        for (int k = 0; k < 8; k++) {
            to[k] = base + (uint32_t)_tzcnt_u64(mask);
            mask = _blsr_u64(mask);
        }
    }
    return seps + count;
}

AVX2 static void scan_avx2(const char *text, size_t len, const struct weiri_scan_chars *chars, uint32_t *seps, struct weiri_scan_result *out)
{
    const __m256i sep = _mm256_set1_epi8(chars->sep), newline = _mm256_set1_epi8(chars->newline), quote = _mm256_set1_epi8(chars->quote);
    const __m256i zero = _mm256_setzero_si256(), cr = _mm256_set1_epi8('\r');
    uint32_t *to = seps;
    uint64_t special = 0, lone = 0, crs = 0, cr_before = 0;
    size_t newlines = 0;
    for (size_t i = 0; i < len; i += 64) {
        __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)(text + i));
        __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(text + i + 32));
        uint64_t inside = len - i >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << (len - i)) - 1;
        uint64_t nl = equal_mask(low, high, newline) & inside;
        uint64_t lf_after_cr = nl;
        uint64_t c = equal_mask(low, high, cr) & inside;
        special |= (equal_mask(low, high, quote) | equal_mask(low, high, zero)) & inside;
        /* each CR's next byte must be an LF; the last bit looks into the next 64 bytes */
        lone |= (c << 1 | cr_before) & ~lf_after_cr & (inside == ~UINT64_C(0) ? inside : inside << 1 | 1);
        crs |= c;
        cr_before = c >> 63;
        newlines += (size_t)__builtin_popcountll(nl);
        to = put_positions(to, (equal_mask(low, high, sep) & inside) | nl, (uint32_t)i);
    }
    *out = (struct weiri_scan_result){.positions = (size_t)(to - seps), .newlines = newlines, .special = special != 0, .lone_cr = lone != 0 || cr_before != 0, .crs = crs != 0};
}
#endif

const struct weiri_scan_level weiri_scan_levels[] = {
    {"bytes", always, scan_bytes},
#if defined(__x86_64__)
    {"avx2", has_avx2, scan_avx2},
#endif
};
const size_t weiri_scan_level_count = sizeof weiri_scan_levels / sizeof *weiri_scan_levels;

static pthread_once_t choose_once = PTHREAD_ONCE_INIT;
static weiri_scan_fn chosen;

static void choose(void)
{
    for (size_t i = 0; i < weiri_scan_level_count; i++) {
        if (weiri_scan_levels[i].runs_here()) {
            chosen = weiri_scan_levels[i].scan;
        }
    }
}

weiri_scan_fn weiri_scan_best(void)
{
    pthread_once(&choose_once, choose);
    return chosen;
}
