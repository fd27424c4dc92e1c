/* infer.c - the columns of CSV files that nobody declared: names from the header, types from all cells (Spark's CSVInferSchema).
 *
 * A column begins without a type. Each cell is tried from the type so far on: INT, BIGINT, DECIMAL (whole numbers of up to 38 digits), DOUBLE, DATE, TIMESTAMP, BOOLEAN, STRING;
 * the column gets the narrowest type that holds both. Empty cells and nullValue say nothing. Lines like the first one are headers, in whatever file they stand. */
#include "format/run_internal.h"

enum kind { KIND_NONE, KIND_INT, KIND_LONG, KIND_DECIMAL, KIND_DOUBLE, KIND_DATE, KIND_TIMESTAMP, KIND_BOOLEAN, KIND_STRING };
struct guess {
    enum kind kind;
    int precision; /* of a DECIMAL; its scale is 0 */
};

struct column {
    const char *name;
    struct guess guess;
};

#define ONCE ((void *)(uintptr_t)1)
#define DOUBLED ((void *)(uintptr_t)2)

struct infer {
    struct weir_text_read read;
    const struct weir_format *csv;
    struct weiri_tokens tokens;
    struct weiri_pattern *date;
    bool types, prefer_date, date_is_timestamp; /* may a column of dates become one of timestamps? */
    struct weir_buf first;  /* the first line of all, as its file has it */
    bool has_first;
    weir_arena *arena;      /* the caller's: names */
    struct column *columns;
    size_t count, cap;
    weir_map *by_name;      /* columns by name: name -> column + 1; NULL = none yet */
    size_t *places;         /* columns by name: cell of this file -> column */
    size_t place_count, place_cap;
    bool file_begun;        /* its header is behind us */
    char *line;             /* decoded */
    size_t line_cap;
    struct weiri_walk walk;
};

/* --- one cell --- */

/* A java.math.BigDecimal of scale 0: its digits, 0 = it is none. */
static int whole_digits(const char *text, size_t len)
{
    const char *p = text, *end = text + len;
    int64_t digits = 0, fraction = 0, exponent = 0;
    bool any = false;
    p += p < end && (*p == '+' || *p == '-');
    for (; p < end && *p >= '0' && *p <= '9'; p++, any = true) {
        digits += digits > 0 || *p != '0';
    }
    if (p < end && *p == '.') {
        for (p++; p < end && *p >= '0' && *p <= '9'; p++, any = true, fraction++) {
            digits += digits > 0 || *p != '0';
        }
    }
    if (any && p < end && (*p == 'e' || *p == 'E')) {
        p++;
        const bool negative = p < end && *p == '-';
        p += p < end && (*p == '+' || *p == '-');
        any = p < end;
        for (; p < end && *p >= '0' && *p <= '9'; p++) {
            exponent = exponent > 1000000 ? exponent : exponent * 10 + (*p - '0');
        }
        exponent = negative ? -exponent : exponent;
    }
    if (!any || p != end || fraction != exponent || digits > 38) {
        return 0;
    }
    return digits > 0 ? (int)digits : 1;
}

static bool is_timestamp(const struct infer *in, const char *text, size_t len)
{
    int64_t us;
    return in->csv->timestamp_pattern ? weiri_pattern_timestamp(in->csv->timestamp_pattern, text, len, in->csv->zone, &us)
                                      : weiri_cast_timestamp(text, len, in->csv->zone, &us);
}

/* The first type at or behind `from` that reads the text. */
static struct guess read_cell(const struct infer *in, enum kind from, const char *text, size_t len)
{
    int64_t number;
    double real;
    bool truth;
    if (from <= KIND_INT && weiri_parse_integer(text, len, INT32_MIN, INT32_MAX, &number) == WEIR_VALUE) {
        return (struct guess){KIND_INT, 0};
    }
    if (from <= KIND_LONG && weiri_parse_integer(text, len, INT64_MIN, INT64_MAX, &number) == WEIR_VALUE) {
        return (struct guess){KIND_LONG, 0};
    }
    const int digits = from <= KIND_DECIMAL ? whole_digits(text, len) : 0;
    if (digits > 0) {
        return (struct guess){KIND_DECIMAL, digits};
    }
    if (from <= KIND_DOUBLE && weiri_parse_double(in->csv, text, len, &real) == WEIR_VALUE) {
        return (struct guess){KIND_DOUBLE, 0};
    }
    if (from <= KIND_DATE && in->prefer_date && weiri_pattern_date(in->date, text, len, &number)) {
        return (struct guess){KIND_DATE, 0};
    }
    if (from <= KIND_TIMESTAMP && is_timestamp(in, text, len)) {
        return (struct guess){KIND_TIMESTAMP, 0};
    }
    if (from <= KIND_BOOLEAN && weiri_parse_boolean(text, len, &truth) == WEIR_VALUE) {
        return (struct guess){KIND_BOOLEAN, 0};
    }
    return (struct guess){KIND_STRING, 0};
}

static int digits_of(struct guess guess)
{
    return guess.kind == KIND_INT ? 10 : guess.kind == KIND_LONG ? 20 : guess.precision;
}

/* What holds both. */
static struct guess join(const struct infer *in, struct guess a, struct guess b)
{
    const struct guess low = a.kind <= b.kind ? a : b, high = a.kind <= b.kind ? b : a;
    if (low.kind == KIND_NONE || (low.kind == high.kind && low.kind != KIND_DECIMAL)) {
        return high;
    }
    if (high.kind == KIND_DECIMAL) {
        const int digits = digits_of(low) > high.precision ? digits_of(low) : high.precision;
        return (struct guess){KIND_DECIMAL, digits};
    }
    if (high.kind <= KIND_DOUBLE || (low.kind == KIND_DATE && high.kind == KIND_TIMESTAMP && in->date_is_timestamp)) {
        return high;
    }
    return (struct guess){KIND_STRING, 0};
}

/* --- one line --- */

static bool is_null(const struct infer *in, const struct weir_cell *cell)
{
    return !cell->ptr || cell->len == 0 || weir_str_eq((struct weir_str){cell->ptr, cell->len}, in->csv->null_value);
}

/* The names of a header, each with how often it stands there: ONCE or DOUBLED. */
static weir_map *count_names(const struct infer *in)
{
    weir_map *names = weir_map_new_nocase();
    for (size_t i = 0; i < in->tokens.count; i++) {
        const struct weir_cell *cell = &in->tokens.cells[i];
        if (!is_null(in, cell)) {
            const struct weir_str name = {cell->ptr, cell->len};
            (void)weir_map_put(names, name, weir_map_has(names, name) ? DOUBLED : ONCE);
        }
    }
    return names;
}

/* The first line names the columns: nameless ones are _cN, names that stand twice get their position. */
static const char *name_of(const struct infer *in, const weir_map *names, size_t i)
{
    const struct weir_cell *cell = &in->tokens.cells[i];
    if (!in->csv->header || is_null(in, cell)) {
        return weir_arena_printf(in->arena, "_c%zu", i);
    }
    const bool doubled = weir_map_get(names, (struct weir_str){cell->ptr, cell->len}) == DOUBLED;
    return doubled ? weir_arena_printf(in->arena, "%.*s%zu", (int)cell->len, cell->ptr, i) : weir_arena_strndup(in->arena, cell->ptr, cell->len);
}

static size_t add_column(struct infer *in, const char *name)
{
    WEIR_PUSH(in->columns, in->count, in->cap) = (struct column){name, {KIND_NONE, 0}};
    return in->count - 1;
}

static void take_names(struct infer *in)
{
    weir_map *names = count_names(in);
    for (size_t i = 0; i < in->tokens.count; i++) {
        add_column(in, name_of(in, names, i));
    }
    weir_map_free(names, NULL);
}

/* The header of one file, where columns go by name: which columns its cells are. */
static void take_file_names(struct infer *in)
{
    weir_map *names = count_names(in);
    if (in->tokens.count > in->place_cap) {
        in->place_cap = in->tokens.count * 2;
        in->places = weir_realloc(in->places, in->place_cap * sizeof *in->places);
    }
    in->by_name = in->by_name ? in->by_name : weir_map_new_nocase();
    for (size_t i = 0; i < in->tokens.count; i++) {
        const char *name = name_of(in, names, i);
        const uintptr_t known = (uintptr_t)weir_map_get(in->by_name, weir_str(name));
        in->places[i] = known ? known - 1 : add_column(in, name);
        if (!known) {
            (void)weir_map_put(in->by_name, weir_str(name), (void *)(uintptr_t)in->count);
        }
    }
    in->place_count = in->tokens.count;
    weir_map_free(names, NULL);
}

static void take_cells(struct infer *in)
{
    const size_t known = in->csv->by_name ? in->place_count : in->count;
    for (size_t i = 0; i < known && i < in->tokens.count; i++) {
        const struct weir_cell *cell = &in->tokens.cells[i];
        struct guess *guess = &in->columns[in->csv->by_name ? in->places[i] : i].guess;
        if (guess->kind != KIND_STRING && !is_null(in, cell)) {
            *guess = join(in, *guess, read_cell(in, guess->kind, cell->ptr, cell->len));
        }
    }
}

/* What the tokenizer made of a line or record. `raw` is it as the file has it. */
static void take_tokens(struct infer *in, struct weir_str raw, bool split, bool *enough)
{
    if (in->csv->by_name && !in->file_begun) {
        in->file_begun = true;
        if (split) {
            take_file_names(in);
        }
        *enough = !in->types;
        return;
    }
    if (!in->csv->by_name && !in->has_first) {
        in->has_first = true;
        weir_buf_add(&in->first, raw.ptr, raw.len);
        if (split) {
            take_names(in);
        }
        *enough = !in->types;
        if (in->csv->header) {
            return;
        }
    }
    if (split && in->types) {
        take_cells(in);
    }
}

static weir_rc take_line(void *arg, const char *path, int64_t number, struct weir_str raw, bool *enough, struct weir_error *err)
{
    struct infer *in = arg;
    if (in->line_cap < 3 * raw.len + 64) {
        weir_free(in->line);
        in->line_cap = 3 * raw.len + 1024;
        in->line = weir_malloc(in->line_cap);
    }
    struct weir_str line = {in->line + 1, weiri_decode(in->csv->charset, raw.ptr, raw.len, in->line + 1)};
    in->line[0] = '\n';
    if (weiri_line_is_skipped(in->csv, line) || (in->has_first && in->csv->header && weir_str_eq(raw, weir_buf_view(&in->first)))) {
        return WEIR_OK;
    }
    if (!in->has_first && !in->file_begun && line.len >= 3 && memcmp(line.ptr, "\xef\xbb\xbf", 3) == 0) {
        line = (struct weir_str){line.ptr + 3, line.len - 3}; /* as the tokenizer does with the first line that it gets */
    }
    weiri_tokens_reset(&in->tokens);
    const bool split = weiri_tokens_split(&in->tokens, line);
    if (in->tokens.error != WEIRI_TOKEN_OK) {
        return weiri_tokens_fail(&in->tokens, path, number, err);
    }
    take_tokens(in, raw, split, enough);
    return WEIR_OK;
}

/* --- files --- */

/* Records that span lines: each file's first one is its header, where there are headers. */
static weir_rc take_records(struct infer *in, struct weiri_input *input, const struct weir_text_file *file, bool *enough, struct weir_error *err)
{
    struct weiri_stream stream = {0};
    weir_rc rc = WEIR_OK;
    size_t have = 0, want = weiri_walk_want(0);
    int64_t number = 1;
    for (bool end = false; rc == WEIR_OK && !end && !*enough;) {
        size_t at = 0, size = 0;
        rc = weiri_walk_read(&in->walk, input, &have, want, &end, err);
        if (rc != WEIR_OK) {
            break;
        }
        const size_t used = weiri_stream_add(&stream, in->csv, in->walk.chunk, have, end);
        have -= used;
        memmove(in->walk.chunk, in->walk.chunk + used, have);
        for (; rc == WEIR_OK && !*enough && at < stream.len; at += size) {
            weiri_tokens_reset(&in->tokens);
            if (!weiri_record_find(&in->tokens, stream.text + at, stream.len - at, end, &size)) {
                break;
            }
            rc = in->tokens.error != WEIRI_TOKEN_OK ? weiri_tokens_fail(&in->tokens, file->path, number, err) : WEIR_OK;
            number += weiri_count_lines(stream.text + at, size);
            if (rc != WEIR_OK || in->tokens.count == 0) {
                continue;
            }
            if (in->csv->header && !in->csv->by_name && in->has_first && !in->file_begun) {
                in->file_begun = true; /* the header of another file */
                continue;
            }
            take_tokens(in, (struct weir_str){stream.text + at, size}, true, enough);
            in->file_begun = true;
        }
        weiri_stream_drop(&stream, at < stream.len ? at : stream.len);
        if (rc == WEIR_OK && stream.len > in->csv->row_bytes_max) {
            rc = weiri_line_fail_long(in->csv, file->path, number, err);
        }
        want = have + weiri_walk_want(stream.len / 2);
    }
    weiri_stream_free(&stream);
    return rc;
}

static weir_rc take_file(struct infer *in, size_t index, bool *enough, struct weir_error *err)
{
    const struct weiri_segment whole = {index, 0, in->read.files[index].size};
    struct weiri_input input;
    WEIR_TRY(weiri_input_open(&input, &in->read, &whole, err));
    const weir_rc rc = in->csv->multi_line ? take_records(in, &input, &in->read.files[index], enough, err) : weiri_walk_lines(&in->walk, &input, in->csv, in->read.files[index].path, take_line, in, enough, err);
    weiri_input_close(&input);
    return rc;
}

/* --- options and result --- */

static bool option_bool(const weir_options *options, const char *name, bool otherwise)
{
    const char *value = options ? weir_options_get(options, name) : NULL;
    return value ? weir_str_eq_nocase(weir_str(value), WEIR_STR("true")) : otherwise;
}

/* Date patterns that the lenient reading of timestamps takes too. */
static bool lenient_takes(const char *date_format)
{
    static const char *const formats[] = {"yyyy-MM-dd", "yyyy-M-d", "yyyy-M-dd", "yyyy-MM-d", "yyyy-MM", "yyyy-M", "yyyy"};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (strcmp(formats[i], date_format) == 0) {
            return true;
        }
    }
    return false;
}

static struct weir_type type_of(struct guess guess)
{
    static const enum weir_type_id ids[] = {[KIND_NONE] = WEIR_TYPE_STRING, [KIND_INT] = WEIR_TYPE_INT, [KIND_LONG] = WEIR_TYPE_LONG, [KIND_DECIMAL] = WEIR_TYPE_DECIMAL,
                                            [KIND_DOUBLE] = WEIR_TYPE_DOUBLE, [KIND_DATE] = WEIR_TYPE_DATE, [KIND_TIMESTAMP] = WEIR_TYPE_TIMESTAMP,
                                            [KIND_BOOLEAN] = WEIR_TYPE_BOOLEAN, [KIND_STRING] = WEIR_TYPE_STRING};
    struct weir_type type = weir_type_of(ids[guess.kind]);
    type.precision = guess.kind == KIND_DECIMAL ? (uint8_t)guess.precision : type.precision;
    return type;
}

weir_rc weiri_csv_infer(const weir_options *options, bool (*ignore)(const char *name), weir_fs *fs, const struct weir_text_file *files, size_t count, weir_arena *arena,
                        weir_schema **out, struct weir_error *err)
{
    struct infer in = {.arena = arena, .types = option_bool(options, "inferSchema", false), .prefer_date = option_bool(options, "preferDate", true)};
    weir_format *format = NULL;
    weir_schema *one = weir_schema_new(arena, 1);
    *out = NULL;
    one->fields[0] = (struct weir_field){.name = "value", .type = weir_type_of(WEIR_TYPE_STRING), .nullable = true};
    WEIR_TRY(weir_format_new("csv", one, options, ignore, &format, err));
    const char *date_format = options ? weir_options_get(options, "dateFormat") : NULL;
    in.csv = format;
    in.read = (struct weir_text_read){.format = format, .fs = fs, .files = files, .file_count = count};
    in.date = format->date_pattern ? format->date_pattern : format->date_usual;
    in.date_is_timestamp = !format->timestamp_pattern && lenient_takes(date_format ? date_format : "yyyy-MM-dd");
    weir_buf_init(&in.first, 0);
    weiri_tokens_init(&in.tokens, format);
    weir_rc rc = WEIR_OK;
    bool enough = false;
    for (size_t i = 0; rc == WEIR_OK && i < count && (!enough || format->by_name); i++) {
        enough = false;
        in.file_begun = false;
        rc = files[i].size > 0 ? take_file(&in, i, &enough, err) : WEIR_OK;
    }
    if (rc == WEIR_OK) {
        weir_schema *schema = weir_schema_new(arena, in.count);
        for (size_t i = 0; i < in.count; i++) {
            schema->fields[i] = (struct weir_field){.name = in.columns[i].name, .type = type_of(in.types ? in.columns[i].guess : (struct guess){KIND_STRING, 0}), .nullable = true};
        }
        *out = schema;
    }
    weiri_tokens_free(&in.tokens);
    weir_buf_free(&in.first);
    weir_free(in.columns);
    weir_free(in.places);
    weir_map_free(in.by_name, NULL);
    weir_free(in.line);
    weiri_walk_free(&in.walk);
    weir_format_free(format);
    return rc;
}

weir_rc weir_format_infer(const char *name, const weir_options *options, bool (*ignore)(const char *name), weir_fs *fs, const struct weir_text_file *files, size_t count,
                          weir_arena *arena, weir_schema **out, struct weir_error *err)
{
    const bool json = weir_str_eq_nocase(weir_str(name), WEIR_STR("json"));
    if (weir_str_eq_nocase(weir_str(name), WEIR_STR("text"))) {
        return weiri_plain_infer(arena, out);
    }
    return json ? weiri_json_infer(options, ignore, fs, files, count, arena, out, err) : weiri_csv_infer(options, ignore, fs, files, count, arena, out, err);
}
