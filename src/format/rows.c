/* rows.c - whole lines of text into the rows of a sink, by one of two ways.
 *
 * Fast: scan the block for separators, prove that every line has exactly the right number and nothing that needs care, hand the sink each column by position.
 * Slow: tokenize line by line, hand the sink each column as cells. The slow way is the definition of right; the fast one is taken only where both give the same.
 *
 * Both end alike: which rows are bad is known when all columns were taken; then the corrupt column gets the raw lines, the mode and the filter say
 * which rows are dropped, and the block is closed. */
#include "format/json_internal.h"
#include <stdio.h>

#define BATCH_CELLS 65536
#define BATCH_ROWS_MAX 4096

static struct weir_text_parser *parser_of(const struct weir_format *format, int column)
{
    const struct weir_type *type = &format->schema->fields[column].type;
    if (!weir_type_is_primitive(type)) {
        return NULL; /* read with the record */
    }
    return format->json ? weiri_json_parser_new(type, format) : format->plain_text ? weiri_raw_parser_new(false) : weir_text_parser_new(type, format);
}

/* Not of the corrupt column. */
static void parser_free(const struct weiri_worker *w, struct weir_text_parser *parser)
{
    if (w->json) {
        weiri_json_parser_free(parser);
    } else {
        weir_text_parser_free(parser);
    }
}

void weiri_worker_init(struct weiri_worker *w, const struct weir_text_read *read)
{
    const struct weir_format *csv = read->format;
    *w = (struct weiri_worker){.read = read, .format = csv, .scan = weiri_scan_best()};
    w->parsers = weir_calloc(read->column_count + 1, sizeof(struct weir_text_parser *));
    w->checks = weir_calloc(csv->columns + 1, sizeof(struct weir_text_parser *));
    bool *taken = weir_calloc(csv->columns + 1, sizeof *taken);
    for (size_t c = 0; c < read->column_count; c++) {
        int column = read->columns[c];
        if (column < 0) {
            continue;
        }
        if (column == csv->corrupt || column == csv->rescued) {
            w->parsers[c] = weiri_raw_parser_new(!csv->json);
        } else {
            w->parsers[c] = parser_of(csv, column);
            taken[csv->field_of[column]] = true;
        }
    }
    for (size_t f = 0; f < csv->columns; f++) {
        const enum weir_type_id id = csv->schema->fields[csv->column_of[f]].type.id;
        if (!taken[f] && id != WEIR_TYPE_STRING && (csv->json || id != WEIR_TYPE_BINARY)) {
            w->checks[f] = parser_of(csv, csv->column_of[f]);
        }
    }
    w->json = csv->json ? weiri_json_reader_new(csv) : NULL;
    w->rescue = weiri_rescue_new(csv);
    weir_free(taken);
    weiri_tokens_init(&w->tokens, csv);
    size_t rows = BATCH_CELLS / (csv->columns + 1);
    w->batch_rows = (uint32_t)(rows < 1 ? 1 : rows > BATCH_ROWS_MAX ? BATCH_ROWS_MAX : rows);
}

void weiri_worker_free(struct weiri_worker *w)
{
    for (size_t c = 0; c < w->read->column_count; c++) {
        const int column = w->read->columns[c];
        if (column >= 0 && (column == w->format->corrupt || column == w->format->rescued)) {
            weir_text_parser_free(w->parsers[c]);
        } else {
            parser_free(w, w->parsers[c]);
        }
    }
    for (size_t f = 0; f < w->format->columns; f++) {
        parser_free(w, w->checks[f]);
    }
    weiri_json_reader_free(w->json);
    weir_free(w->parsers);
    weir_free(w->checks);
    weir_free(w->buffer);
    weir_free(w->seps);
    weir_free(w->bad);
    weir_free(w->drop);
    weir_free(w->column_bad);
    weiri_rescue_free(w->rescue);
    weiri_tokens_free(&w->tokens);
    weir_free(w->cells);
    weir_free(w->lines);
    weir_free(w->line_numbers);
    weir_free(w->column_cells);
}

static void need_bits(struct weiri_worker *w, size_t rows)
{
    size_t words = (rows + 63) / 64 + 1;
    if (rows + 1 > w->bits_cap) {
        weir_free(w->bad);
        weir_free(w->drop);
        weir_free(w->column_bad);
        w->column_bad = weir_malloc(words * sizeof *w->column_bad);
        w->bad = weir_malloc(words * sizeof *w->bad);
        w->drop = weir_malloc(words * sizeof *w->drop);
        w->bits_cap = (words - 1) * 64 + 1;
    }
    memset(w->bad, 0, words * sizeof *w->bad);
}

static struct weir_cell *need_cells(struct weiri_worker *w, size_t rows)
{
    if (rows > w->column_cells_cap) {
        weir_free(w->column_cells);
        w->column_cells = weir_malloc(rows * sizeof *w->column_cells);
        w->column_cells_cap = rows;
    }
    return w->column_cells;
}

/* --- messages --- */

static int64_t line_number(const struct weiri_place *place, int64_t line_in_segment)
{
    return weiri_input_lines_before(place->input, place->from) + line_in_segment + 1;
}

/* The cell that holds a field; -1 = none does in this file. */
static int place_of(const struct weiri_place *place, uint32_t field)
{
    return place->place_of ? place->place_of[field] : (int)field;
}

/* Which cell of a malformed line is at fault, in words. */
static int64_t explain(struct weiri_worker *w, const struct weiri_place *place, struct weir_str line, char *out, size_t out_len)
{
    const struct weir_format *csv = w->format;
    if (!weiri_tokens_split(&w->tokens, line)) {
        snprintf(out, out_len, "the line begins with NUL");
        return 0;
    }
    if (w->tokens.count != place->fields) {
        snprintf(out, out_len, "it has %zu cells, the %s %u columns", w->tokens.count, place->place_of ? "header" : "schema", place->fields);
        return 0;
    }
    for (size_t f = 0; f < csv->columns; f++) {
        const struct weir_field *field = &csv->schema->fields[csv->column_of[f]];
        const int at = place_of(place, (uint32_t)f);
        const struct weir_cell cell = at < 0 ? (struct weir_cell){NULL, 0} : w->tokens.cells[at];
        union weir_value value;
        struct weir_text_parser *parser = weir_text_parser_new(&field->type, csv);
        bool bad = cell.ptr && parser->parse(parser, cell.ptr, cell.len, &value) == WEIR_VALUE_BAD;
        weir_text_parser_free(parser);
        if (bad) {
            struct weir_buf type;
            weir_buf_init(&type, 0);
            weir_type_print(&type, &field->type);
            snprintf(out, out_len, "column %zu (`%s`): '%.*s' is no %s", f + 1, field->name, (int)(cell.len > 80 ? 80 : cell.len), cell.ptr, type.data);
            weir_buf_free(&type);
            return (int64_t)f + 1;
        }
    }
    snprintf(out, out_len, "a cell does not parse");
    return 0;
}

static weir_rc fail_malformed(struct weiri_worker *w, const struct weiri_place *place, struct weir_str line, int64_t line_in_segment, struct weir_error *err)
{
    char why[256];
    int64_t number = line_number(place, line_in_segment);
    int64_t column = w->json ? weiri_json_why(w, line, why, sizeof why) : explain(w, place, line, why, sizeof why);
    return weir_fail_at(err, WEIR_INVALID, "MALFORMED_RECORD", number, column, "malformed record under mode=FAILFAST; %s, line %lld: %s; the line is '%.*s'; mend it or use mode=PERMISSIVE",
                        place->file->path, (long long)number, why, (int)(line.len > 200 ? 200 : line.len), line.ptr);
}

weir_rc weiri_tokens_fail(const struct weiri_tokens *t, const char *path, int64_t line, struct weir_error *err)
{
    switch (t->error) {
    case WEIRI_TOKEN_COLUMNS:
        return weir_fail_at(err, WEIR_TOO_BIG, "TOO_MANY_COLUMNS", line, 0, "%s, line %lld: more than maxColumns=%lld cells; raise that option", path, (long long)line,
                            (long long)t->csv->columns_max);
    case WEIRI_TOKEN_CHARS:
        return weir_fail_at(err, WEIR_TOO_BIG, "CELL_TOO_LONG", line, (int64_t)t->count + 1, "%s, line %lld: a cell of more than maxCharsPerColumn=%lld characters; raise that option", path,
                            (long long)line, (long long)t->csv->cell_chars_max);
    default:
        return weir_fail_at(err, WEIR_INVALID, "UNESCAPED_QUOTE", line, (int64_t)t->count + 1,
                            "%s, line %lld: an unescaped quote inside a quoted cell under unescapedQuoteHandling=RAISE_ERROR; mend the line or change that option", path, (long long)line);
    }
}

static weir_rc fail_token(struct weiri_worker *w, const struct weiri_place *place, int64_t line_in_segment, struct weir_error *err)
{
    return weiri_tokens_fail(&w->tokens, place->file->path, line_number(place, line_in_segment), err);
}

weir_rc weiri_line_fail_long(const struct weir_format *csv, const char *path, int64_t line, struct weir_error *err)
{
    return weir_fail_at(err, WEIR_TOO_BIG, "ROW_TOO_BIG", line, 0, "%s, line %lld: longer than maxRowBytes=%zu; is a line end missing? raise that option otherwise", path, (long long)line,
                        csv->row_bytes_max);
}

weir_rc weiri_fail_long(const struct weiri_worker *w, const struct weiri_place *place, int64_t line_in_segment, struct weir_error *err)
{
    return weiri_line_fail_long(w->format, place->file->path, line_number(place, line_in_segment), err);
}

/* --- the common end of both ways --- */

/* What the corrupt column gets: the record without one LF, CR or CRLF at its end (stripLineEnd of Scala 2.13). */
static struct weir_str strip_line_end(const char *ptr, size_t len)
{
    if (len > 0 && (ptr[len - 1] == '\n' || ptr[len - 1] == '\r')) {
        len -= ptr[len - 1] == '\n' && len > 1 && ptr[len - 2] == '\r' ? 2 : 1;
    }
    return (struct weir_str){ptr, len};
}

/* What raw line a row had, and where. */
typedef struct weir_str (*raw_line_fn)(const struct weiri_worker *w, const void *arg, uint32_t row, int64_t *line_in_block);

static weir_rc take_corrupt(struct weiri_worker *w, weir_colsink *sink, uint32_t rows, bool any_bad, raw_line_fn raw, const void *arg, struct weir_error *err)
{
    struct weir_cell *cells = NULL;
    for (size_t c = 0; c < w->read->column_count; c++) {
        if (w->format->corrupt < 0 || w->read->columns[c] != w->format->corrupt) {
            continue;
        }
        if (!any_bad) {
            WEIR_TRY(sink->ops->take_constant(sink, (int)c, NULL, rows, err));
            continue;
        }
        if (!cells) {
            cells = need_cells(w, rows);
            for (uint32_t r = 0; r < rows; r++) {
                int64_t line;
                struct weir_str text = WEIR_BIT(w->bad, r) ? raw(w, arg, r, &line) : (struct weir_str){NULL, 0};
                cells[r] = (struct weir_cell){text.ptr, text.len};
            }
        }
        uint64_t *unused = w->drop; /* a raw line is never bad */
        WEIR_TRY(sink->ops->take_cells(sink, (int)c, cells, rows, unused, err));
    }
    return WEIR_OK;
}

/* All text columns were taken; bad is complete. */
static weir_rc close_rows(struct weiri_worker *w, struct weiri_place *place, weir_colsink *sink, uint32_t rows, raw_line_fn raw, const void *arg, struct weir_error *err)
{
    uint32_t bad = 0;
    size_t words = ((size_t)rows + 63) / 64;
    for (size_t i = 0; i < words; i++) {
        bad += (uint32_t)__builtin_popcountll(w->bad[i]);
    }
    if (bad > 0 && w->format->mode == WEIR_TEXT_FAILFAST) {
        uint32_t r = 0;
        while (!WEIR_BIT(w->bad, r)) {
            r++;
        }
        int64_t line;
        struct weir_str text = raw(w, arg, r, &line);
        return fail_malformed(w, place, text, place->lines + line, err);
    }
    for (size_t c = 0; c < w->read->column_count; c++) {
        int constant = -1 - w->read->columns[c];
        if (constant >= 0) {
            bool null = place->file->constant_nulls && place->file->constant_nulls[constant];
            WEIR_TRY(sink->ops->take_constant(sink, (int)c, null ? NULL : &place->file->constants[constant], rows, err));
        }
    }
    uint32_t rescued = 0;
    WEIR_TRY(take_corrupt(w, sink, rows, bad > 0, raw, arg, err));
    WEIR_TRY(w->rescue ? weiri_rescue_take(w, place, sink, rows, &rescued, err) : WEIR_OK);
    bool drop_bad = w->format->mode == WEIR_TEXT_DROPMALFORMED || w->read->keep == WEIR_TEXT_KEEP_GOOD;
    bool drop_good = w->read->keep == WEIR_TEXT_KEEP_BAD;
    uint32_t dropped = (drop_bad ? bad : 0) + (drop_good ? rows - bad : 0);
    for (size_t i = 0; dropped > 0 && i < words; i++) {
        w->drop[i] = (drop_bad ? w->bad[i] : 0) | (drop_good ? ~w->bad[i] : 0);
    }
    if (dropped > 0 && drop_good && rows % 64 != 0) {
        w->drop[words - 1] &= (UINT64_C(1) << (rows % 64)) - 1;
    }
    place->rows += rows;
    place->bad_rows += bad + rescued;
    place->kept += rows - dropped;
    return sink->ops->close_block(sink, rows, dropped > 0 ? w->drop : NULL, err);
}

/* --- the fast way --- */

static inline uint32_t field_begin(const struct weir_block *b, size_t index)
{
    return index == 0 ? b->first : b->seps[index - 1] + 1;
}

/* Are there lines that look like rows and are none (blank, comment)? */
static bool has_skipped_rows(const struct weir_format *csv, const struct weir_block *b)
{
    if (!csv->blank_rows && csv->comment.len == 0) {
        return false;
    }
    for (uint32_t r = 0; r < b->rows; r++) {
        uint32_t from = field_begin(b, (size_t)r * b->fields), to = b->seps[(size_t)(r + 1) * b->fields - 1];
        if (weiri_line_is_skipped(csv, (struct weir_str){b->text + from, to - from})) {
            return true;
        }
    }
    return false;
}

/* Scan the block; true when it is proven plain. */
static bool prove(struct weiri_worker *w, const struct weiri_place *place, const char *text, size_t len, struct weir_block *b)
{
    const struct weir_format *csv = w->format;
    if (!csv->plain || w->read->slow || len == 0) {
        return false;
    }
    if (len + 64 > w->seps_cap) {
        weir_free(w->seps);
        w->seps = weir_malloc((len + 64) * sizeof *w->seps);
        w->seps_cap = len + 64;
    }
    const struct weiri_scan_chars chars = {(char)csv->sep, '\n', (char)csv->quote, csv->line_end == WEIRI_LINES_ANY};
    struct weiri_scan_result found;
    w->scan(text, len, &chars, w->seps, &found);
    size_t fields = place->fields;
    if (fields == 0 || found.special || found.positions != found.newlines * fields || (chars.cr_ends_lines && found.lone_cr)) {
        return false;
    }
    for (size_t r = 0; r < found.newlines; r++) {
        if (text[w->seps[(r + 1) * fields - 1]] != '\n') {
            return false;
        }
    }
    *b = (struct weir_block){text, len, 0, w->seps, (uint32_t)found.newlines, (uint32_t)fields, chars.cr_ends_lines && found.crs};
    return !has_skipped_rows(csv, b);
}

static struct weir_str field_text(const struct weir_block *b, uint32_t row, uint32_t field)
{
    size_t index = (size_t)row * b->fields + field;
    uint32_t from = field_begin(b, index), to = b->seps[index];
    if (b->crlf && field + 1 == b->fields && to > from && b->text[to - 1] == '\r') {
        to--;
    }
    return (struct weir_str){b->text + from, to - from};
}

static bool has_empty(const struct weir_block *b, uint32_t field)
{
    for (uint32_t r = 0; r < b->rows; r++) {
        if (field_text(b, r, field).len == 0) {
            return true;
        }
    }
    return false;
}

/* Where the empty text is a value (nullValue is another), an empty cell must say by itself that it is NULL. */
static weir_rc take_by_cells(struct weiri_worker *w, weir_colsink *sink, int column, const struct weir_block *b, uint32_t field, uint64_t *bad, struct weir_error *err)
{
    struct weir_cell *cells = need_cells(w, b->rows);
    for (uint32_t r = 0; r < b->rows; r++) {
        struct weir_str text = field_text(b, r, field);
        cells[r] = (struct weir_cell){text.len > 0 ? text.ptr : NULL, text.len};
    }
    return sink->ops->take_cells(sink, column, cells, b->rows, bad, err);
}

static void check_field(struct weiri_worker *w, const struct weir_block *b, uint32_t check, uint32_t field, uint64_t *bad)
{
    struct weir_text_parser *parser = w->checks[check];
    union weir_value value;
    for (uint32_t r = 0; r < b->rows; r++) {
        struct weir_str text = field_text(b, r, field);
        if (text.len > 0 && parser->parse(parser, text.ptr, text.len, &value) == WEIR_VALUE_BAD) {
            WEIR_BIT_SET(bad, r);
        }
    }
}

static struct weir_str raw_of_block(const struct weiri_worker *w, const void *arg, uint32_t row, int64_t *line_in_block)
{
    const struct weir_block *b = arg;
    struct weir_str last = field_text(b, row, b->fields - 1);
    uint32_t from = field_begin(b, (size_t)row * b->fields);
    (void)w;
    *line_in_block = row;
    return strip_line_end(b->text + from, (size_t)(last.ptr + last.len - (b->text + from)));
}

/* Where bad values of a column are marked: in the row, or by themselves when they are rescued. */
static uint64_t *begin_column(struct weiri_worker *w, uint32_t rows)
{
    if (!w->rescue) {
        return w->bad;
    }
    memset(w->column_bad, 0, (((size_t)rows + 63) / 64 + 1) * sizeof *w->column_bad);
    return w->column_bad;
}

static struct weir_str field_name(const struct weiri_worker *w, uint32_t field)
{
    return weir_str(w->format->schema->fields[w->format->column_of[field]].name);
}

static void rescue_block(struct weiri_worker *w, const struct weir_block *b, uint32_t field, uint32_t at)
{
    for (uint32_t r = 0; w->rescue && r < b->rows; r++) {
        if (WEIR_BIT(w->column_bad, r)) {
            weiri_rescue_add(w->rescue, r, field_name(w, field), field_text(b, r, at), false);
        }
    }
}

/* Cells whose name in the header no column has. */
static void rescue_unknown(struct weiri_worker *w, const struct weiri_place *place, const struct weir_block *b)
{
    for (uint32_t at = 0; w->rescue && place->unknown && at < b->fields; at++) {
        for (uint32_t r = 0; place->unknown[at].ptr && r < b->rows; r++) {
            const struct weir_str text = field_text(b, r, at);
            if (text.len > 0) {
                weiri_rescue_add(w->rescue, r, place->unknown[at], text, false);
            }
        }
    }
}

static weir_rc fast_rows(struct weiri_worker *w, struct weiri_place *place, weir_colsink *sink, const struct weir_block *b, struct weir_error *err)
{
    need_bits(w, b->rows);
    if (w->rescue) {
        weiri_rescue_begin(w->rescue, b->rows);
    }
    for (size_t c = 0; c < w->read->column_count; c++) {
        int column = w->read->columns[c];
        if (column < 0 || w->format->field_of[column] < 0) {
            continue;
        }
        const int at = place_of(place, (uint32_t)w->format->field_of[column]);
        const uint32_t field = (uint32_t)at;
        uint64_t *bad = begin_column(w, b->rows);
        if (at < 0) {
            WEIR_TRY(sink->ops->take_constant(sink, (int)c, NULL, b->rows, err));
        } else if (!w->format->empty_is_null && has_empty(b, field)) {
            WEIR_TRY(take_by_cells(w, sink, (int)c, b, field, bad, err));
        } else {
            WEIR_TRY(sink->ops->take(sink, (int)c, b, field, bad, err));
        }
        rescue_block(w, b, (uint32_t)w->format->field_of[column], field);
    }
    for (uint32_t f = 0; f < w->format->columns; f++) {
        if (w->checks[f] && place_of(place, f) >= 0) {
            check_field(w, b, f, (uint32_t)place_of(place, f), begin_column(w, b->rows));
            rescue_block(w, b, f, (uint32_t)place_of(place, f));
        }
    }
    rescue_unknown(w, place, b);
    WEIR_TRY(close_rows(w, place, sink, b->rows, raw_of_block, b, err));
    place->lines += b->rows;
    return WEIR_OK;
}

/* --- the slow way --- */

static struct weir_str raw_of_batch(const struct weiri_worker *w, const void *arg, uint32_t row, int64_t *line_in_block)
{
    (void)arg;
    *line_in_block = w->line_numbers[row];
    return (struct weir_str){w->lines[row].ptr, w->lines[row].len};
}

/* A column of nested values: what the record's reader made of them. */
static weir_rc take_nested(weir_colsink *sink, int column, const struct weir_type *type, const struct weir_cell *cells, uint32_t rows, struct weir_error *err)
{
    struct ArrowArray array;
    weir_builder *builder = weir_builder_new(type);
    for (uint32_t r = 0; r < rows; r++) {
        weiri_json_emit(builder, type, (const void *)cells[r].ptr);
    }
    weir_builder_finish(builder, &array);
    weir_builder_free(builder);
    return sink->ops->take_array(sink, column, &array, err);
}

static void rescue_cells(struct weiri_worker *w, uint32_t field, const struct weir_cell *cells, uint32_t rows)
{
    for (uint32_t r = 0; w->rescue && r < rows; r++) {
        if (WEIR_BIT(w->column_bad, r)) {
            weiri_rescue_add(w->rescue, r, field_name(w, field), (struct weir_str){cells[r].ptr, cells[r].len}, w->json != NULL);
        }
    }
}

weir_rc weiri_batch_flush(struct weiri_worker *w, struct weiri_place *place, weir_colsink *sink, uint32_t rows, struct weir_error *err)
{
    if (rows == 0) {
        return WEIR_OK;
    }
    for (size_t c = 0; c < w->read->column_count; c++) {
        int column = w->read->columns[c];
        if (column >= 0 && w->format->field_of[column] >= 0) {
            const uint32_t field = (uint32_t)w->format->field_of[column];
            const struct weir_cell *cells = w->cells + (size_t)field * w->batch_rows;
            const struct weir_type *type = &w->format->schema->fields[column].type;
            uint64_t *bad_values = begin_column(w, rows);
            WEIR_TRY(weir_type_is_primitive(type) ? sink->ops->take_cells(sink, (int)c, cells, rows, bad_values, err) : take_nested(sink, (int)c, type, cells, rows, err));
            rescue_cells(w, field, cells, rows);
        }
    }
    for (size_t f = 0; f < w->format->columns; f++) {
        union weir_value value;
        for (uint32_t r = 0; w->checks[f] && r < rows; r++) {
            struct weir_cell cell = w->cells[f * w->batch_rows + r];
            if (cell.ptr && w->checks[f]->parse(w->checks[f], cell.ptr, cell.len, &value) == WEIR_VALUE_BAD) {
                if (w->rescue) {
                    weiri_rescue_add(w->rescue, r, field_name(w, (uint32_t)f), (struct weir_str){cell.ptr, cell.len}, w->json != NULL);
                } else {
                    WEIR_BIT_SET(w->bad, r);
                }
            }
        }
    }
    WEIR_TRY(close_rows(w, place, sink, rows, raw_of_batch, NULL, err));
    weiri_tokens_reset(&w->tokens);
    need_bits(w, w->batch_rows);
    if (w->rescue) {
        weiri_rescue_begin(w->rescue, w->batch_rows);
    }
    return WEIR_OK;
}

/* The text of a line, decoded. */
static struct weir_str decoded(struct weiri_worker *w, struct weir_str line)
{
    const enum weiri_charset charset = w->format->charset;
    if (charset == WEIRI_UTF8 && weir_utf8_valid(line.ptr, line.len)) {
        return line;
    }
    char *copy = weir_arena_alloc(w->tokens.arena, line.len * 3 + 4);
    copy[0] = ' ';
    return (struct weir_str){copy + 1, weiri_decode(charset, line.ptr, line.len, copy + 1)};
}

static bool has_mark(struct weir_str line)
{
    return line.len >= 3 && memcmp(line.ptr, "\xef\xbb\xbf", 3) == 0;
}

/* The tokenizer drops a byte order mark before the first line that it gets, whatever line of the file that is. */
static struct weir_str without_mark(struct weiri_place *place, struct weir_str line)
{
    const bool first = place->from == 0 && !place->begun;
    place->begun = true;
    return first && has_mark(line) ? (struct weir_str){line.ptr + 3, line.len - 3} : line;
}

/* What the tokenizer made of a line, or of a record, into a row of the batch. */
static void keep_row(struct weiri_worker *w, const struct weiri_place *place, const char *line, bool record, uint32_t row, uint32_t number)
{
    const struct weiri_tokens *t = &w->tokens;
    const size_t count = record ? t->count : 0;
    for (size_t f = 0; f < w->format->columns; f++) {
        const int at = place_of(place, (uint32_t)f);
        w->cells[f * w->batch_rows + row] = at >= 0 && (size_t)at < count ? t->cells[at] : (struct weir_cell){NULL, 0};
    }
    if (!record || (w->rescue ? count < place->fields : count != place->fields)) {
        WEIR_BIT_SET(w->bad, row);
    }
    for (size_t at = 0; w->rescue && at < count; at++) {
        const bool nameless = at >= place->fields;
        const struct weir_str name = nameless ? weir_str(weir_arena_printf(t->arena, "_c%zu", at)) : place->unknown ? place->unknown[at] : (struct weir_str){NULL, 0};
        if (name.ptr && t->cells[at].ptr && t->cells[at].len > 0) {
            weiri_rescue_add(w->rescue, row, name, (struct weir_str){t->cells[at].ptr, t->cells[at].len}, false);
        }
    }
    struct weir_str raw = strip_line_end(line + t->record_at, t->consumed - t->record_at);
    w->lines[row] = (struct weir_cell){raw.ptr, raw.len};
    w->line_numbers[row] = number;
}

/* A decoded line into a row of the batch. */
static weir_rc slow_line(struct weiri_worker *w, struct weiri_place *place, struct weir_str line, uint32_t row, uint32_t number, struct weir_error *err)
{
    struct weiri_tokens *t = &w->tokens;
    line = without_mark(place, line);
    bool record = weiri_tokens_split(t, line);
    if (t->error != WEIRI_TOKEN_OK) {
        return fail_token(w, place, place->lines + number, err);
    }
    keep_row(w, place, line.ptr, record, row, number);
    return WEIR_OK;
}

void weiri_batch_begin(struct weiri_worker *w)
{
    if (!w->cells) {
        w->cells = weir_malloc((w->format->columns + 1) * w->batch_rows * sizeof *w->cells);
        w->lines = weir_malloc(w->batch_rows * sizeof *w->lines);
        w->line_numbers = weir_malloc(w->batch_rows * sizeof *w->line_numbers);
    }
    need_bits(w, w->batch_rows);
    weiri_tokens_reset(&w->tokens);
    if (w->rescue) {
        weiri_rescue_begin(w->rescue, w->batch_rows);
    }
}

static weir_rc slow_rows(struct weiri_worker *w, struct weiri_place *place, weir_colsink *sink, const char *text, size_t len, struct weir_error *err)
{
    weiri_batch_begin(w);
    uint32_t rows = 0, number = 0;
    for (size_t at = 0, end, next; at < len && weiri_line_find(w->format, text, len, at, true, &end, &next); at = next, number++) {
        struct weir_str line = {text + at, end - at};
        bool too_long = line.len > w->format->row_bytes_max; /* whatever the line is: a block may end inside it */
        line = too_long ? line : decoded(w, line);
        if (!too_long && weiri_line_is_skipped(w->format, line)) {
            if (rows == 0) {
                weiri_tokens_reset(&w->tokens); /* nothing but skipped lines may follow */
            }
            continue;
        }
        weir_rc rc = too_long ? weiri_fail_long(w, place, place->lines + number, err) : slow_line(w, place, line, rows, number, err);
        if (rc != WEIR_OK) {
            struct weir_error earlier = {0}; /* a malformed row before it comes first */
            weir_rc before = weiri_batch_flush(w, place, sink, rows, &earlier);
            if (before != WEIR_OK && err) {
                *err = earlier;
            }
            return before != WEIR_OK ? before : rc;
        }
        if (++rows == w->batch_rows) {
            WEIR_TRY(weiri_batch_flush(w, place, sink, rows, err));
            rows = 0;
        }
    }
    WEIR_TRY(weiri_batch_flush(w, place, sink, rows, err));
    place->lines += number;
    return WEIR_OK;
}

/* --- the header --- */

/* Where each field of the schema stands, by the names in this file's header (in any case; of two the first). */
static void take_names(const struct weiri_worker *w, struct weiri_place *place)
{
    const struct weir_format *csv = w->format;
    place->fields = (uint32_t)w->tokens.count;
    place->place_of = weir_realloc(place->place_of, (csv->columns + 1) * sizeof *place->place_of);
    weir_map *names = weir_map_new_nocase();
    place->names = place->names ? place->names : weir_arena_new();
    place->unknown = weir_arena_zalloc(place->names, (w->tokens.count + 1) * sizeof *place->unknown);
    for (size_t t = 0; t < w->tokens.count; t++) {
        const struct weir_cell cell = w->tokens.cells[t];
        const struct weir_str name = {cell.ptr ? cell.ptr : "", cell.len};
        if (!weir_map_has(names, name)) {
            weir_map_put(names, name, (void *)(uintptr_t)(t + 1));
        }
    }
    for (size_t f = 0; f < csv->columns; f++) {
        place->place_of[f] = (int)(uintptr_t)weir_map_get(names, weir_str(csv->schema->fields[csv->column_of[f]].name)) - 1;
    }
    for (size_t t = 0; t < w->tokens.count; t++) {
        const struct weir_cell cell = w->tokens.cells[t];
        bool known = false;
        for (size_t f = 0; f < csv->columns && !known; f++) {
            known = place->place_of[f] == (int)t;
        }
        place->unknown[t] = known ? (struct weir_str){NULL, 0} : cell.ptr ? (struct weir_str){weir_arena_strndup(place->names, cell.ptr, cell.len), cell.len} : weir_str(weir_arena_printf(place->names, "_c%zu", t));
    }
    weir_map_free(names, NULL);
}

/* The tokens are the header's. */
static weir_rc check_names(struct weiri_worker *w, struct weiri_place *place, struct weir_error *err)
{
    const struct weir_format *csv = w->format;
    if (csv->by_name) {
        take_names(w, place);
        return WEIR_OK;
    }
    if (csv->enforce_schema) {
        return WEIR_OK;
    }
    if (w->tokens.count != csv->columns) {
        return weir_fail(err, WEIR_INVALID, "HEADER_MISMATCH", "%s: the header has %zu names, the schema %zu columns; mend one of them or set enforceSchema=true", place->file->path,
                         w->tokens.count, csv->columns);
    }
    for (size_t f = 0; f < csv->columns; f++) {
        const char *name = csv->schema->fields[csv->column_of[f]].name;
        struct weir_cell cell = w->tokens.cells[f];
        if (!weir_str_eq_nocase((struct weir_str){cell.ptr ? cell.ptr : "", cell.len}, weir_str(name))) {
            return weir_fail(err, WEIR_INVALID, "HEADER_MISMATCH", "%s: name %zu of the header is '%.*s', the schema has `%s`; mend one of them or set enforceSchema=true",
                             place->file->path, f + 1, (int)cell.len, cell.ptr ? cell.ptr : "", name);
        }
    }
    return WEIR_OK;
}

/* The line is decoded. */
static weir_rc check_header(struct weiri_worker *w, struct weiri_place *place, struct weir_str line, struct weir_error *err)
{
    bool record = weiri_tokens_split(&w->tokens, without_mark(place, line));
    if (w->tokens.error != WEIRI_TOKEN_OK) {
        return fail_token(w, place, place->lines, err);
    }
    return record ? check_names(w, place, err) : WEIR_OK;
}

/* Where the rows begin behind the header; len when the header is still to come. */
static weir_rc skip_header(struct weiri_worker *w, struct weiri_place *place, const char *text, size_t len, size_t *out, struct weir_error *err)
{
    size_t at = 0;
    for (size_t end, next; place->header_due && at < len && weiri_line_find(w->format, text, len, at, true, &end, &next); at = next, place->lines++) {
        struct weir_str line = {text + at, end - at};
        if (line.len > w->format->row_bytes_max) {
            return weiri_fail_long(w, place, place->lines, err);
        }
        weiri_tokens_reset(&w->tokens);
        line = decoded(w, line);
        if (!weiri_line_is_before_header(w->format, line)) {
            WEIR_TRY(check_header(w, place, line, err));
            place->header_due = false;
        }
    }
    *out = at;
    return WEIR_OK;
}

/* --- records that span lines --- */

bool weiri_record_find(struct weiri_tokens *t, const char *text, size_t len, bool last, size_t *len_out)
{
    const struct weir_format *csv = t->csv;
    size_t tried = 0;
    for (size_t lines = 1, end = 0;; lines *= 2) {
        for (size_t i = 0; i < lines && end < len; i++) {
            const char *newline = memchr(text + end, csv->newline, len - end);
            end = newline ? (size_t)(newline - text) + 1 : len;
        }
        bool ended = (uint8_t)text[end - 1] == csv->newline;
        if (!ended && !last) {
            const char *newline = memrchr(text, csv->newline, end);
            end = newline ? (size_t)(newline - text) + 1 : 0;
            ended = true;
        }
        if (end <= tried) {
            return false;
        }
        tried = end;
        *len_out = end;
        if (csv->quote == 0 || !memchr(text, csv->quote, end)) { /* the first line, then */
            (void)weiri_tokens_split(t, (struct weir_str){text, end - ended});
            return true;
        }
        (void)weiri_tokens_split(t, (struct weir_str){text, end});
        if (!t->unfinished || t->error != WEIRI_TOKEN_OK || (last && end == len)) {
            *len_out = t->consumed;
            return true;
        }
    }
}

int64_t weiri_count_lines(const char *text, size_t len)
{
    int64_t count = 0;
    for (const char *at = text; (at = memchr(at, '\n', len - (size_t)(at - text))) != NULL; at++) {
        count++;
    }
    return count;
}

/* The corrupt column gets the record with the line ends that the file has. `before`: LFs of the text before it. */
static void restore_line_ends(struct weiri_worker *w, const struct weiri_stream *stream, size_t before, struct weir_cell *raw)
{
    const size_t lines = stream->line_end ? (size_t)weiri_count_lines(raw->ptr, raw->len) : 0;
    if (lines == 0) {
        return;
    }
    const size_t width = strlen(stream->line_end);
    char *text = weir_arena_alloc(w->tokens.arena, raw->len + lines * width);
    size_t n = 0;
    for (size_t i = 0; i < raw->len; i++) {
        if (raw->ptr[i] == '\n' && stream->replaced[before++]) {
            memcpy(text + n, stream->line_end, width);
            n += width;
        } else {
            text[n++] = raw->ptr[i];
        }
    }
    *raw = (struct weir_cell){text, n};
}

weir_rc weiri_records(struct weiri_worker *w, struct weiri_place *place, weir_colsink *sink, const char *text, size_t len, bool last, size_t *taken, struct weir_error *err)
{
    uint32_t rows = 0, number = 0;
    size_t at = 0, size = 0;
    weiri_batch_begin(w);
    for (; at < len && weiri_record_find(&w->tokens, text + at, len - at, last, &size); at += size) {
        const bool too_long = size > w->format->row_bytes_max;
        if (too_long || w->tokens.error != WEIRI_TOKEN_OK) {
            weir_rc rc = weiri_batch_flush(w, place, sink, rows, err); /* a malformed row before it comes first */
            return rc != WEIR_OK ? rc : too_long ? weiri_fail_long(w, place, place->lines + number, err) : fail_token(w, place, place->lines + number, err);
        }
        if (w->tokens.count > 0 && place->header_due) {
            WEIR_TRY(check_names(w, place, err));
            place->header_due = false;
        } else if (w->tokens.count > 0) {
            keep_row(w, place, text + at, true, rows, number);
            struct weir_cell *raw = &w->lines[rows++];
            restore_line_ends(w, place->stream, number + (size_t)weiri_count_lines(text + at, (size_t)(raw->ptr - (text + at))), raw);
        }
        number += (uint32_t)weiri_count_lines(text + at, size);
        if (rows == w->batch_rows) {
            WEIR_TRY(weiri_batch_flush(w, place, sink, rows, err));
            rows = 0;
        }
    }
    WEIR_TRY(weiri_batch_flush(w, place, sink, rows, err));
    place->lines += number;
    *taken = at;
    return WEIR_OK;
}

/* The limit holds for lines that fit into a block as well. */
static bool has_long_line(const struct weiri_worker *w, const char *text, size_t len)
{
    for (size_t at = 0, end, next; len > w->format->row_bytes_max && at < len && weiri_line_find(w->format, text, len, at, true, &end, &next); at = next) {
        if (end - at > w->format->row_bytes_max) {
            return true;
        }
    }
    return false;
}

weir_rc weiri_rows(struct weiri_worker *w, struct weiri_place *place, weir_colsink *sink, const char *text, size_t len, struct weir_error *err)
{
    size_t from = 0;
    struct weir_block block;
    if (w->json) {
        return weiri_json_lines(w, place, sink, text, len, err);
    }
    if (w->format->plain_text) {
        return weiri_plain_lines(w, place, sink, text, len, err);
    }
    WEIR_TRY(skip_header(w, place, text, len, &from, err));
    if (from == len) {
        return WEIR_OK;
    }
    const bool marked = place->from == 0 && !place->begun && has_mark((struct weir_str){text + from, len - from});
    if (!marked && !has_long_line(w, text + from, len - from) && prove(w, place, text + from, len - from, &block)) {
        place->begun = true;
        return fast_rows(w, place, sink, &block, err);
    }
    return slow_rows(w, place, sink, text + from, len - from, err);
}
