/* text_feed.h - rows of a batch as text into a sink, in every way that the border knows: whole blocks, cells, constants; with texts that stand for one
 * value in several spellings, texts that are bad, and rows that are dropped. Separators are given by position: texts may hold any byte. */
#pragma once
#include "column/colsink.h"
#include "random_table.h"

/* Numbers: hexadecimal digits of the value's 128 bits, any number of zeros before them. Texts: the value itself, or (aliased) any one character and then the
 * value. "" and "~" are NULL, "!" is bad; an aliased text is never one of these. */
struct feed_parser {
    struct weir_text_parser parser;
    const struct weir_type *type;
    bool aliased;
    int64_t calls;
};

static inline bool feed_is_text(const struct weir_type *type)
{
    return type->id == WEIR_TYPE_STRING || type->id == WEIR_TYPE_BINARY;
}

static inline enum weir_verdict feed_parse(struct weir_text_parser *self, const char *text, size_t len, union weir_value *out)
{
    struct feed_parser *p = self->state;
    p->calls++;
    if (len == 0 || (len == 1 && text[0] == '~')) {
        return WEIR_VALUE_NULL;
    }
    if (len == 1 && text[0] == '!') {
        return WEIR_VALUE_BAD;
    }
    if (feed_is_text(p->type)) {
        out->s = (struct weir_str){text + p->aliased, len - p->aliased};
        return WEIR_VALUE;
    }
    weir_u128 v = 0;
    for (size_t i = 0; i < len; i++) {
        const unsigned digit = text[i] <= '9' ? (unsigned)(text[i] - '0') : (unsigned)(text[i] - 'a' + 10);
        v = v * 16 + digit;
    }
    memcpy(out, &v, sizeof v);
    return WEIR_VALUE;
}

static inline void feed_text_of(struct weir_rng *rng, const struct feed_parser *p, const struct ArrowArray *array, int64_t row, struct weir_buf *out)
{
    if (weir_arrow_is_null(array, row)) {
        weir_buf_add_str(out, weir_rng_next(rng) & 1 ? "" : "~");
        return;
    }
    if (feed_is_text(p->type)) {
        if (p->aliased) {
            weir_buf_add_char(out, (char)('0' + weir_rng_below(rng, 3)));
        }
        weir_buf_add_view(out, weir_arrow_bytes(array, row));
        return;
    }
    weir_u128 v = 0;
    if (p->type->id == WEIR_TYPE_BOOLEAN) {
        v = weir_arrow_bool(array, row);
    } else if (p->type->id == WEIR_TYPE_FLOAT || p->type->id == WEIR_TYPE_DOUBLE) {
        double f = weir_arrow_f64(array, p->type->id, row);
        memcpy(&v, &f, sizeof f);
    } else if (p->type->id == WEIR_TYPE_DECIMAL) {
        v = (weir_u128)weir_arrow_decimal(array, row);
    } else {
        v = (weir_u128)(uint64_t)weir_arrow_i64(array, p->type->id, row);
    }
    const char *digits = "0123456789abcdef";
    char text[33];
    size_t n = 0;
    do {
        text[n++] = digits[v & 15];
        v >>= 4;
    } while (v);
    for (uint64_t zeros = weir_rng_below(rng, 40) == 0 ? weir_rng_below(rng, 20) : 0; zeros > 0; zeros--) {
        weir_buf_add_char(out, '0');
    }
    while (n > 0) {
        weir_buf_add_char(out, text[--n]);
    }
}

/* A value that some texts cannot stand for: "", "~", "!" in a column whose texts are their values. */
static inline bool feed_can_hold(const struct feed_parser *p, const struct ArrowArray *array, int64_t row)
{
    if (!feed_is_text(p->type) || p->aliased || weir_arrow_is_null(array, row)) {
        return true;
    }
    struct weir_str s = weir_arrow_bytes(array, row);
    return s.len > 1 || (s.len == 1 && s.ptr[0] != '~' && s.ptr[0] != '!');
}

static inline void feed_init(struct weir_rng *rng, const struct weir_batch *batch, struct feed_parser *parsers, struct weir_text_parser **out)
{
    for (size_t c = 0; c < batch->schema->field_count; c++) {
        parsers[c] = (struct feed_parser){.type = &batch->schema->fields[c].type, .aliased = weir_rng_next(rng) & 1};
        parsers[c].parser = (struct weir_text_parser){feed_parse, &parsers[c]};
        out[c] = &parsers[c].parser;
        for (int64_t row = 0; row < weir_batch_rows(batch); row++) {
            parsers[c].aliased |= !feed_can_hold(&parsers[c], batch->array.children[c], row);
        }
    }
}

/* Rows first.. of the batch as one block of `rows` rows, some of them strangers that are dropped again. Returns how many rows of the batch it took. */
static inline int64_t feed_block(struct weir_rng *rng, weir_colsink *sink, const struct feed_parser *parsers, const struct weir_batch *batch, int64_t first,
                                 int64_t end, uint32_t rows, bool drops)
{
    struct weir_error err = {0};
    const uint32_t fields = (uint32_t)batch->schema->field_count;
    struct weir_buf text;
    weir_buf_init(&text, 0);
    for (int i = 0; i < 64 + 3; i++) {
        weir_buf_add_char(&text, '#');
    }
    uint32_t *seps = weir_malloc((size_t)rows * fields * sizeof *seps);
    uint64_t *drop = weir_calloc(rows / 64 + 1, 8), *bad = weir_calloc(rows / 64 + 1, 8), *bad_wanted = weir_calloc(rows / 64 + 1, 8);
    const bool crlf = weir_rng_next(rng) & 1;
    int64_t at = first;
    uint32_t made = 0;
    for (; made < rows && at < end; made++) {
        const bool stranger = drops && weir_rng_below(rng, 8) == 0;
        for (uint32_t c = 0; c < fields; c++) {
            if (stranger && (c == 0 || weir_rng_below(rng, 3) == 0)) {
                weir_buf_add_char(&text, '!');
                WEIR_BIT_SET(bad_wanted, made);
            } else if (stranger && !feed_is_text(parsers[c].type)) {
                weir_buf_printf(&text, "%x", (unsigned)weir_rng_below(rng, 2));
            } else {
                feed_text_of(rng, &parsers[c], batch->array.children[c], stranger ? (int64_t)weir_rng_below(rng, (uint64_t)weir_batch_rows(batch)) : at, &text);
            }
            if (c + 1 == fields && crlf && (weir_rng_next(rng) & 1)) {
                weir_buf_add_char(&text, '\r');
            } else if (c + 1 == fields && crlf && text.data[text.len - 1] == '\r') {
                weir_buf_add_char(&text, '\r'); /* a value that ends so */
            }
            seps[made * fields + c] = (uint32_t)(text.len - 64);
            weir_buf_add_char(&text, c + 1 == fields ? '\n' : ',');
        }
        if (stranger) {
            WEIR_BIT_SET(drop, made);
        }
        at += !stranger;
    }
    const size_t len = text.len - 64;
    for (int i = 0; i < 64; i++) {
        weir_buf_add_char(&text, '#');
    }
    struct weir_block block = {.text = text.data + 64, .len = len, .first = 3, .seps = seps, .rows = made, .fields = fields, .crlf = crlf};
    struct weir_cell *cells = weir_malloc((size_t)rows * sizeof *cells);
    for (uint32_t c = 0; c < fields; c++) {
        if (weir_rng_below(rng, 3) > 0) {
            check_ok(sink->ops->take(sink, (int)c, &block, c, bad, &err), &err);
            continue;
        }
        for (uint32_t r = 0; r < made; r++) {
            const uint32_t i = r * fields + c;
            const uint32_t start = i == 0 ? block.first : seps[i - 1] + 1;
            size_t n = seps[i] - start;
            n -= crlf && c + 1 == fields && n > 0 && block.text[start + n - 1] == '\r';
            /* Some in memory of their own, so that a look beyond the end is seen. */
            cells[r] = (struct weir_cell){weir_malloc(n > 0 ? n : 1), n};
            memcpy((char *)(uintptr_t)cells[r].ptr, block.text + start, n);
        }
        check_ok(sink->ops->take_cells(sink, (int)c, cells, made, bad, &err), &err);
        for (uint32_t r = 0; r < made; r++) {
            weir_free((char *)(uintptr_t)cells[r].ptr);
        }
    }
    assert_memory_equal(bad, bad_wanted, (made + 63) / 64 * 8);
    check_ok(sink->ops->close_block(sink, made, drop, &err), &err);
    weir_free(cells);
    weir_free(seps);
    weir_free(drop);
    weir_free(bad);
    weir_free(bad_wanted);
    weir_buf_free(&text);
    return at - first;
}
