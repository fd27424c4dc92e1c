/* text_internal.h - what the files of this room share: the compiled dialect, the tokenizer, the scan, the parsers.
 *
 * Reading order: options.c with csv_options.c and json_options.c (options -> dialect), lines.c and decode.c (bytes -> lines of text), token.c and token_multi.c (a line -> cells: the definition of
 * right), parser.c with parse_number.c, parse_time.c and pattern*.c (cell -> value), scan.c (positions of separators, fast), rows.c (a block -> the sink),
 * plan.c, input.c and run.c (files -> tasks -> blocks). */
#pragma once
#include "base/time.h"
#include "format/text.h"

/* --- dialect --- */

enum weiri_unescaped { /* what becomes of a quote inside a quoted cell that nothing escapes */
    WEIRI_STOP_AT_DELIMITER, WEIRI_STOP_AT_CLOSING_QUOTE, WEIRI_BACK_TO_DELIMITER, WEIRI_SKIP_VALUE, WEIRI_RAISE_ERROR
};
enum weiri_charset { WEIRI_UTF8, WEIRI_LATIN1, WEIRI_ASCII, WEIRI_UTF16, WEIRI_UTF16BE, WEIRI_UTF16LE, WEIRI_UTF32 };
enum weiri_line_end { WEIRI_LINES_ANY /* LF, CRLF, CR */, WEIRI_LINES_LF, WEIRI_LINES_CUSTOM };

#define WEIRI_MARKS_MAX 4
struct weiri_pattern; /* a date-time pattern, compiled */

/* What Jackson is allowed to read beyond the standard, and its limits (JSONOptions of Spark). */
struct weiri_json_rules {
    bool comments, unquoted_names, single_quotes, leading_zeros, non_numeric, any_escape, control_chars;
    int64_t depth_max, number_max, string_max; /* levels; digits; UTF-16 units */
    bool charset_given;
};

struct weir_format {
    weir_arena *arena;
    bool json, plain_text; /* otherwise CSV */
    struct weiri_json_rules rules; /* of JSON */
    weir_schema *schema;
    size_t columns;      /* fields of a row: the schema without the corrupt column */
    int *field_of;       /* schema column -> text field; -1 for the corrupt and the rescued column */
    int *column_of;      /* text field -> schema column */
    int corrupt;         /* schema column, -1 = none */
    int rescued;         /* schema column for what did not fit, -1 = none */

    /* Tokenizing. A special character beyond ASCII is replaced in the text by a byte that UTF-8 never has (marks), so that
     * every special is one byte. */
    uint8_t sep, quote, escape, escape_escape; /* 0 = off */
    uint8_t newline;         /* what ends a record inside a line; a byte that is never there unless lineSep has two characters */
    struct weir_str seps;    /* the separator when it has several characters; len 0 otherwise */
    struct weiri_mark { char text[4]; uint8_t len, byte; } marks[WEIRI_MARKS_MAX];
    size_t mark_count;
    enum weiri_unescaped unescaped;
    bool trim_leading, trim_trailing;
    struct weir_str comment; /* len 0 = none */
    uint8_t comment_byte;    /* the same for univocity, to which NUL is the comment sign when there is none */
    bool header, enforce_schema, multi_line;
    bool by_name;            /* columns are taken by the names in each file's header */
    int64_t columns_max, cell_chars_max; /* cell_chars_max < 0 = no limit */
    size_t row_bytes_max;
    enum weiri_charset charset; /* lines are found in bytes and decoded one by one */
    enum weiri_line_end line_end;
    struct weir_str line_sep; /* CUSTOM; in the charset */
    struct weir_str null_value, empty_value, nan_value, positive_inf, negative_inf;
    enum weir_text_mode mode;

    /* Types. A NULL pattern is the lenient parser. */
    const weir_zone *zone;
    struct weiri_pattern *date_pattern, *timestamp_pattern, *ntz_pattern;
    struct weiri_pattern *date_usual; /* CSV without dateFormat: yyyy-MM-dd, and the lenient parser behind it unless date_fallback is off */
    bool date_fallback, timestamp_fallback;

    bool plain;        /* the fast path may be tried: one-byte separator, no trimming, no limits below the usual */
    bool blank_rows;   /* a row of separators only may be a blank line (which is skipped), so the fast path looks */
    bool empty_is_null; /* an empty text parses to NULL; otherwise only cells can say NULL */
};

/* --- options --- */

struct weiri_options {
    const weir_options *options;
    struct weir_format *format;
    struct weir_error *err;
};
struct weiri_option_names {
    const struct weir_option_help *help;
    const char *const *no_effect, *const *not_yet; /* NULL ends them */
};
extern const struct weiri_option_names weiri_csv_option_names, weiri_json_option_names, weiri_plain_option_names;
/* What is a format's own; the common options are read. */
weir_rc weiri_csv_options(struct weiri_options *r) WEIR_MUST_USE;
weir_rc weiri_json_options(struct weiri_options *r) WEIR_MUST_USE;
weir_rc weiri_plain_options(struct weiri_options *r) WEIR_MUST_USE;
/* OPTION_INVALID and OPTION_UNSUPPORTED. */
weir_rc weiri_option_bad(struct weiri_options *r, const char *name, const char *value, const char *what);
weir_rc weiri_option_refuse(struct weiri_options *r, const char *name, const char *value, const char *what);
/* An option that is not set leaves *out alone. */
weir_rc weiri_option_bool(struct weiri_options *r, const char *name, bool *out) WEIR_MUST_USE;
weir_rc weiri_option_int(struct weiri_options *r, const char *name, int64_t min, int64_t *out) WEIR_MUST_USE;
void weiri_option_text(struct weiri_options *r, const char *name, const char *missing, struct weir_str *out);

/* --- text --- */

/* The text with every malformed UTF-8 sequence replaced by U+FFFD, as many as Java's decoder puts. `out` holds 3 * len bytes. Returns the new length. */
size_t weiri_utf8_repair(const char *text, size_t len, char *out);
/* The names that Spark takes, in any case. */
bool weiri_charset_find(const char *name, enum weiri_charset *out);
/* Text in UTF-8, valid whatever the bytes were. `out` holds 3 * len + 3 bytes. Returns the new length. */
size_t weiri_decode(enum weiri_charset charset, const char *text, size_t len, char *out);
/* Valid UTF-8 as bytes of the charset. */
void weiri_encode(enum weiri_charset charset, struct weir_str text, struct weir_buf *out);
/* Characters of valid UTF-8 as Java counts them (UTF-16 units). */
int64_t weiri_utf16_length(const char *text, size_t len);

/* --- lines --- */

/* The line that begins at `at`: *end is where its end mark begins, *next where the next line begins. False: no end mark before `len`. A CR that is the last
 * byte is an end only when `last` (nothing follows); then the end of the text is one too, where the mark has several bytes. */
bool weiri_line_find(const struct weir_format *csv, const char *text, size_t len, size_t at, bool last, size_t *end, size_t *next);
/* Lines that are no rows: blank ones (Java's trim) and comments. */
bool weiri_line_is_skipped(const struct weir_format *csv, struct weir_str line);
/* The same for lines before the header: there blanks may stand before the comment sign. */
bool weiri_line_is_before_header(const struct weir_format *csv, struct weir_str line);

/* --- tokens --- */

enum weiri_token_error { WEIRI_TOKEN_OK, WEIRI_TOKEN_RAISED, WEIRI_TOKEN_COLUMNS, WEIRI_TOKEN_CHARS };
/* One line at a time. The cells point into the line or into the tokenizer's arena and stay good until weiri_tokens_reset. */
struct weiri_tokens {
    const struct weir_format *csv;
    weir_arena *arena;
    struct weir_cell *cells; /* ptr NULL = NULL */
    size_t count, cap;
    size_t consumed;         /* bytes of the line up to the end of the record: less than the line only under a custom lineSep */
    size_t record_at;        /* where the record began */
    bool unfinished;         /* the text ended inside the record: more text might go on with it */
    enum weiri_token_error error;
};
void weiri_tokens_init(struct weiri_tokens *t, const struct weir_format *csv);
void weiri_tokens_free(struct weiri_tokens *t);
void weiri_tokens_reset(struct weiri_tokens *t);
/* False: no record in this line (all is NULL and the row is malformed), or an error. `line` is valid UTF-8; 1 byte before it may be read. */
bool weiri_tokens_split(struct weiri_tokens *t, struct weir_str line);

/* --- values --- */

enum weir_verdict weiri_parse_integer(const char *text, size_t len, int64_t min, int64_t max, int64_t *out);
enum weir_verdict weiri_parse_decimal(const char *text, size_t len, int precision, int scale, weir_i128 *out);
enum weir_verdict weiri_parse_double(const struct weir_format *csv, const char *text, size_t len, double *out);
enum weir_verdict weiri_parse_float(const struct weir_format *csv, const char *text, size_t len, double *out);
enum weir_verdict weiri_parse_boolean(const char *text, size_t len, bool *out);
/* Spark's cast of text to DATE, TIMESTAMP and TIMESTAMP_NTZ. */
bool weiri_cast_date(const char *text, size_t len, int64_t *days);
bool weiri_cast_timestamp(const char *text, size_t len, const weir_zone *zone, int64_t *us);
bool weiri_cast_timestamp_ntz(const char *text, size_t len, int64_t *us);
/* Local date and time as microseconds on a UTC-like scale; the results below are false beyond 64 bits. */
static inline weir_i128 weiri_local_us(int64_t days, int64_t us_of_day)
{
    return (weir_i128)days * 86400000000 + us_of_day;
}
bool weiri_us_fits(weir_i128 us, int64_t *out);
bool weiri_zoned_us(const weir_zone *zone, weir_i128 local_us, int64_t *us);

/* --- date-time patterns --- */

/* WEIR_INVALID / WEIR_UNSUPPORTED name the option and the letter. The pattern lives in the arena. */
weir_rc weiri_pattern_compile(weir_arena *arena, const char *option, const char *text, struct weiri_pattern **out, struct weir_error *err) WEIR_MUST_USE;
/* False: the text does not match. zone: what holds when the text has none. */
bool weiri_pattern_timestamp(const struct weiri_pattern *pattern, const char *text, size_t len, const weir_zone *zone, int64_t *us);
bool weiri_pattern_timestamp_ntz(const struct weiri_pattern *pattern, const char *text, size_t len, int64_t *us);
bool weiri_pattern_date(const struct weiri_pattern *pattern, const char *text, size_t len, int64_t *days);

/* --- parsers --- */

/* The parser of the corrupt column: the text as it is, with or without U+FFFD for broken UTF-8. */
struct weir_text_parser *weiri_raw_parser_new(bool repair);

/* --- scan --- */

struct weiri_scan_chars {
    char sep, newline;
    char quote; /* a byte that makes a block special; = NUL when there is none */
    bool cr_ends_lines;
};
struct weiri_scan_result {
    size_t positions; /* separators and newlines found, in order */
    size_t newlines;
    bool special;     /* quote or NUL seen */
    bool lone_cr;     /* a CR that no LF follows */
    bool crs;         /* any CR */
};
/* Fill `seps` (room for len + 64) from text[0..len). 64 bytes behind the text may be read. */
typedef void (*weiri_scan_fn)(const char *text, size_t len, const struct weiri_scan_chars *chars, uint32_t *seps, struct weiri_scan_result *out);
/* One entry per instruction set, best last; the last that runs here is used. Tests run them all. */
struct weiri_scan_level {
    const char *name;
    bool (*runs_here)(void);
    weiri_scan_fn scan;
};
extern const struct weiri_scan_level weiri_scan_levels[];
extern const size_t weiri_scan_level_count;
weiri_scan_fn weiri_scan_best(void);
