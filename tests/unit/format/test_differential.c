/* Fast against slow on random text: the same rows, the same errors, for dialects drawn at random, whatever the bytes. And all scans against the first one. The seed
 * stands in every message; WEIR_SEED and WEIR_ROUNDS repeat or prolong a run. */
#include "base/time.h"
#include "csv_case.h"
#include "format/text_internal.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdlib.h>

static uint64_t number_from(const char *name, uint64_t missing)
{
    int64_t value;
    const char *text = getenv(name);
    return text && weir_str_to_i64(weir_str(text), &value) ? (uint64_t)value : missing;
}

static const char *pick(struct weir_rng *rng, const char *const *from, size_t count)
{
    return from[weir_rng_below(rng, count)];
}
#define PICK(rng, list) pick(rng, list, sizeof(list) / sizeof *(list))

static void maybe(struct weir_rng *rng, weir_options *options, const char *name, const char *value, uint64_t one_in)
{
    if (weir_rng_below(rng, one_in) == 0) {
        weir_options_set(options, name, value);
    }
}

static weir_options *random_options(struct weir_rng *rng, const char **sep)
{
    static const char *const seps[] = {",", ",", ",", ",", "|", "\\t", " ", "||", ", ", "\xc2\xa7"};
    static const char *const quotes[] = {"'", "", "\xc2\xab"};
    static const char *const escapes[] = {"\"", "^", "", "\xe2\x82\xac"};
    static const char *const modes[] = {"PERMISSIVE", "DROPMALFORMED", "FAILFAST"};
    static const char *const handlings[] = {"STOP_AT_CLOSING_QUOTE", "BACK_TO_DELIMITER", "SKIP_VALUE", "RAISE_ERROR"};
    static const char *const line_seps[] = {"\n", ";", "||", "\r\n"};
    static const char *const nulls[] = {"NA", "\\N", "-", "1"};
    weir_options *options = weir_options_new();
    *sep = PICK(rng, seps);
    weir_options_set(options, "sep", *sep);
    maybe(rng, options, "quote", PICK(rng, quotes), 6);
    maybe(rng, options, "escape", PICK(rng, escapes), 3);
    maybe(rng, options, "charToEscapeQuoteEscaping", "#", 8);
    maybe(rng, options, "mode", PICK(rng, modes), 4);
    maybe(rng, options, "header", "true", 4);
    maybe(rng, options, "comment", "#", 6);
    maybe(rng, options, "nullValue", PICK(rng, nulls), 4);
    maybe(rng, options, "emptyValue", "EMPTY", 8);
    maybe(rng, options, "ignoreLeadingWhiteSpace", "true", 6);
    maybe(rng, options, "ignoreTrailingWhiteSpace", "true", 6);
    maybe(rng, options, "unescapedQuoteHandling", PICK(rng, handlings), 6);
    maybe(rng, options, "lineSep", PICK(rng, line_seps), 8);
    maybe(rng, options, "maxCharsPerColumn", "40", 12);
    maybe(rng, options, "maxColumns", "6", 12);
    maybe(rng, options, "maxRowBytes", "50", 12);
    return options;
}

/* Mostly well-formed rows; noise of every kind at a rate that is drawn per text (often none, so that the fast way is taken). */
static void random_text(struct weir_rng *rng, const char *sep, struct weir_buf *out)
{
    static const char *const cells[] = {"1", "-7", "12345678901", "abc", "", "", "3.25", "2024-01-02", "2019-10-01 00:00:00 UTC", "NA", "x y", "true",
                                        "caf\xc3\xa9", "9999999999999999999", "1e3", " 5", "EMPTY"};
    static const char *const noise[] = {"\"", "\"\"", "\\", "'", "#", "^", " ", "\t", "\r", "\n", ",", "|", "||", ";", "\xff", "\xc3", "\xe2\x82", "\xc2\xa7", "\xc2\xab", "\f", "NA", "\xef\xbb\xbf"};
    static const char *const ends[] = {"\n", "\r\n", "\r", ";", "||"};
    const uint64_t rate = weir_rng_below(rng, 3) == 0 ? 0 : 1 + weir_rng_below(rng, 20);
    const uint64_t quotes = weir_rng_below(rng, 3) == 0 ? 1 + weir_rng_below(rng, 40) : 0; /* one cell in so many is quoted */
    const char *end = ends[weir_rng_below(rng, 4) > 0 ? 0 : weir_rng_below(rng, 5)];
    const char *between = strcmp(sep, "\\t") == 0 ? "\t" : sep;
    int rows = (int)weir_rng_below(rng, 60);
    for (int r = 0; r < rows; r++) {
        int columns = rate > 0 && weir_rng_below(rng, 12) == 0 ? (int)weir_rng_below(rng, 8) : 4;
        for (int c = 0; c < columns; c++) {
            weir_buf_add_str(out, c > 0 ? between : "");
            const char *cell = PICK(rng, cells);
            bool quoted = quotes > 0 && weir_rng_below(rng, quotes) == 0;
            weir_buf_printf(out, "%s%s%s", quoted ? "\"" : "", cell, quoted ? "\"" : "");
            while (rate > 0 && weir_rng_below(rng, 24 - rate) == 0) {
                uint64_t kind = weir_rng_below(rng, 30);
                if (kind == 0) {
                    weir_buf_add_char(out, (char)weir_rng_below(rng, 256));
                } else {
                    weir_buf_add_str(out, PICK(rng, noise));
                }
            }
        }
        if (r + 1 < rows || weir_rng_below(rng, 2)) {
            weir_buf_add_str(out, rate > 0 && weir_rng_below(rng, 10) == 0 ? PICK(rng, ends) : end);
        }
    }
}

/* The first line in which two results differ. */
static void first_difference(const char *got, const char *want)
{
    int line = 1;
    const char *got_line = got, *want_line = want;
    for (; *got != '\0' && *got == *want; got++, want++) {
        if (*got == '\n') {
            line++;
            got_line = got + 1;
            want_line = want + 1;
        }
    }
    print_message("row %d\n  fast %.*s\n  slow %.*s\n", line, (int)strcspn(got_line, "\n"), got_line, (int)strcspn(want_line, "\n"), want_line);
}

static void fast_equals_slow(void **state)
{
    (void)state;
    static const char *const schemas[] = {"a STRING, b STRING, c STRING, d STRING", "a INT, b STRING, c DOUBLE, d DATE, _corrupt_record STRING",
                                          "a BIGINT, _corrupt_record STRING, b DECIMAL(10,2), c TIMESTAMP, d BOOLEAN", "a STRING, _corrupt_record STRING"};
    const uint64_t seed = number_from("WEIR_SEED", 20240102), rounds = number_from("WEIR_ROUNDS", 150);
    int errors = 0, rows = 0;
    for (uint64_t round = 0; round < rounds; round++) {
        struct weir_rng rng;
        weir_rng_seed(&rng, seed + round);
        weir_arena *arena = weir_arena_new();
        weir_schema *schema = csv_schema(arena, PICK(&rng, schemas));
        const char *sep;
        weir_options *options = random_options(&rng, &sep);
        struct weir_buf text;
        weir_buf_init(&text, 0);
        random_text(&rng, sep, &text);
        struct csv_rows want;
        const struct csv_way slow = {.name = "slow", .slow = true, .threads = 1};
        weir_rc want_rc = csv_read_text(schema, options, text.data ? text.data : "", text.len, &slow, &want);
        errors += want_rc != WEIR_OK;
        rows += (int)want.count;
        for (const struct csv_way *way = csv_ways; way->name; way++) {
            struct csv_rows got;
            weir_rc rc = csv_read_text(schema, options, text.data ? text.data : "", text.len, way, &got);
            if (rc != want_rc || strcmp(got.err.condition, want.err.condition) != 0 || got.err.line != want.err.line) {
                fail_msg("seed %llu (%s): %s line %lld instead of %s line %lld: %s", (unsigned long long)(seed + round), way->name, got.err.condition, (long long)got.err.line,
                         want.err.condition, (long long)want.err.line, got.err.msg);
            }
            if (rc == WEIR_OK && (got.text.len != want.text.len || memcmp(got.text.data, want.text.data, got.text.len) != 0 || got.result.bad_rows != want.result.bad_rows)) {
                first_difference(got.text.data, want.text.data);
                fail_msg("seed %llu (%s): %lld bad rows, %lld by the slow way", (unsigned long long)(seed + round), way->name, (long long)got.result.bad_rows, (long long)want.result.bad_rows);
            }
            csv_rows_free(&got);
        }
        csv_rows_free(&want);
        weir_buf_free(&text);
        weir_options_free(options);
        weir_arena_free(arena);
    }
    print_message("%llu texts: %d rows, %d errors\n", (unsigned long long)rounds, rows, errors);
    assert_true(rows > 0);
}

static void scans_agree(void **state)
{
    (void)state;
    enum { LEN = 700 };
    static const char letters[] = ",,,\n\n\r\"ab\0xyz 12";
    char *buffer = weir_calloc(1, LEN + 192);
    char *text = buffer + 64;
    uint32_t *want = weir_malloc((LEN + 64) * sizeof *want), *got = weir_malloc((LEN + 64) * sizeof *got);
    struct weir_rng rng;
    weir_rng_seed(&rng, 7);
    for (int round = 0; round < 3000; round++) {
        size_t len = weir_rng_below(&rng, LEN + 1), offset = weir_rng_below(&rng, 16);
        uint64_t letter_count = 3 + weir_rng_below(&rng, sizeof letters - 3);
        len = len > offset ? len - offset : 0;
        for (size_t i = 0; i < LEN + 64; i++) { /* what is behind the text must not matter */
            text[i] = letters[weir_rng_below(&rng, letter_count)];
        }
        const struct weiri_scan_chars chars = {',', '\n', '"', true};
        struct weiri_scan_result a, b;
        weiri_scan_levels[0].scan(text + offset, len, &chars, want, &a);
        for (size_t l = 1; l < weiri_scan_level_count; l++) {
            if (!weiri_scan_levels[l].runs_here()) {
                continue;
            }
            weiri_scan_levels[l].scan(text + offset, len, &chars, got, &b);
            assert_int_equal(a.positions, b.positions);
            assert_int_equal(a.newlines, b.newlines);
            assert_int_equal(a.special, b.special);
            assert_int_equal(a.lone_cr, b.lone_cr);
            assert_int_equal(a.crs, b.crs);
            assert_memory_equal(want, got, a.positions * sizeof *want);
        }
    }
    weir_free(buffer);
    weir_free(want);
    weir_free(got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(scans_agree), cmocka_unit_test(fast_equals_slow)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
