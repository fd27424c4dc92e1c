/* token.c - one line into cells: the definition of right.
 *
 * Spark tokenizes with univocity 2.9.1, whose answers for stray quotes, escapes and line ends are not those of RFC 4180. This file answers the same, byte by
 * byte. The rules that surprise:
 *
 *  - A cell is quoted when its first byte is the quote. An escape before a quote (or before itself) is taken away; any other escape stays.
 *  - A quote inside that nothing escapes and that no separator follows: by `unescapedQuoteHandling`. STOP_AT_DELIMITER puts the opening quote back and reads
 *    on to the separator as if nothing had been quoted.
 *  - Blanks between a closing quote and the separator vanish.
 *  - The end of the line in the middle of a quoted cell ends the cell. A quote that stands last there is the closing one.
 *  - An unquoted cell that ends at a separator and is empty (after trimming) is NULL; at the end of the line trimmed emptiness is emptyValue.
 *
 * Under a lineSep of two characters the newline of univocity is still LF: one inside a line ends the record in most states. */
#include "format/token_internal.h"

/* --- giving cells --- */

bool weiri_fail(struct weiri_cursor *c, enum weiri_token_error error)
{
    c->out->error = error;
    return false;
}

bool weiri_give_text(struct weiri_cursor *c, const uint8_t *text, size_t len)
{
    struct weiri_tokens *t = c->out;
    if ((int64_t)t->count >= c->csv->columns_max) {
        return weiri_fail(c, WEIRI_TOKEN_COLUMNS);
    }
    WEIR_PUSH(t->cells, t->count, t->cap) = (struct weir_cell){(const char *)text, len};
    return true;
}

bool weiri_give_null(struct weiri_cursor *c)
{
    return weiri_give_text(c, NULL, 0);
}

/* A cell longer than the limit fails the read, its trimmed blanks included. */
static bool too_long(const struct weiri_cursor *c, const uint8_t *text, size_t len)
{
    int64_t max = c->csv->cell_chars_max;
    return max >= 0 && (int64_t)len > max && weiri_utf16_length((const char *)text, len) > max;
}

static bool give_empty_value(struct weiri_cursor *c)
{
    return weiri_give_text(c, (const uint8_t *)c->csv->empty_value.ptr, c->csv->empty_value.len);
}

bool weiri_give_put(struct weiri_cursor *c)
{
    if (c->skipped) {
        c->skipped = false;
        c->len = 0;
        return weiri_give_null(c);
    }
    if (too_long(c, c->text, c->len)) {
        return weiri_fail(c, WEIRI_TOKEN_CHARS);
    }
    size_t len = c->len;
    while (c->trim && len > 0 && weiri_token_blank(c->text[len - 1])) {
        len--;
    }
    const uint8_t *text = c->text;
    c->text += c->len;
    c->len = 0;
    return len == 0 ? give_empty_value(c) : weiri_give_text(c, text, len);
}

/* --- steps --- */

/* Where the line ends in one of these, ch stays what it was before: at_end looks at it. */
bool weiri_put_until(struct weiri_cursor *c, uint8_t stop1, uint8_t stop2)
{
    uint8_t ch = c->ch;
    for (; ch != stop1 && ch != stop2; ch = c->s[c->i++]) {
        weiri_put(c, ch);
        if (c->i >= c->n) {
            return false;
        }
    }
    c->ch = ch;
    return true;
}

bool weiri_put_until3(struct weiri_cursor *c, uint8_t stop1, uint8_t stop2, uint8_t stop3)
{
    uint8_t ch = c->ch;
    for (; ch != stop1 && ch != stop2 && ch != stop3; ch = c->s[c->i++]) {
        weiri_put(c, ch);
        if (c->i >= c->n) {
            return false;
        }
    }
    c->ch = ch;
    return true;
}

bool weiri_skip_cell(struct weiri_cursor *c)
{
    c->len = 0;
    c->skipped = true;
    if (c->csv->seps.len == 0) {
        uint8_t ch = c->ch;
        for (; ch != c->csv->sep && ch != c->csv->newline; ch = c->s[c->i++]) {
            if (c->i >= c->n) {
                return false;
            }
        }
        c->ch = ch;
        return true;
    }
    for (c->match = 0; c->ch != c->csv->newline;) {
        c->match = (uint8_t)c->csv->seps.ptr[c->match] == c->ch ? c->match + 1 : 0;
        if (c->match == c->csv->seps.len) {
            break;
        }
        if (!weiri_next(c)) {
            return false;
        }
    }
    c->match = 0;
    return true;
}

/* The two policies that give a cell up. */
static bool give_up(struct weiri_cursor *c)
{
    if (c->csv->unescaped == WEIRI_RAISE_ERROR) {
        return weiri_fail(c, WEIRI_TOKEN_RAISED);
    }
    return weiri_skip_cell(c);
}

/* Read on to the separator, as an unquoted cell in which escapes count. Entered behind an unescaped quote that an escape follows. */
static bool value_with_escapes(struct weiri_cursor *c)
{
    const struct weir_format *csv = c->csv;
    while (c->ch != csv->sep && c->ch != c->csv->newline) {
        if (c->ch != csv->quote && c->ch != csv->escape) {
            if (c->prev == csv->quote) {
                if (csv->unescaped == WEIRI_SKIP_VALUE || csv->unescaped == WEIRI_RAISE_ERROR) {
                    return give_up(c);
                }
                weiri_put(c, csv->quote);
                c->prev = c->ch;
                continue;
            }
            weiri_put(c, c->ch);
        } else if (!weiri_quote_or_escape(c)) {
            return false;
        }
        c->prev = c->ch;
        if (!weiri_next(c)) {
            return false;
        }
    }
    return true;
}

bool weiri_quote_or_escape(struct weiri_cursor *c)
{
    const struct weir_format *csv = c->csv;
    if (c->ch == csv->escape && c->prev == csv->escape_escape && csv->escape_escape != 0) {
        weiri_put(c, csv->escape);
        c->ch = 0;
        return true;
    }
    if (c->prev == csv->escape) {
        if (c->ch == csv->quote) {
            weiri_put(c, csv->quote);
            c->ch = 0;
        } else {
            weiri_put(c, c->prev);
        }
        return true;
    }
    if (c->prev == csv->quote) {
        if (c->ch == csv->quote) {
            weiri_put(c, csv->quote);
            return true;
        }
        /* An escape right behind a quote: the quote was unescaped. */
        if (csv->unescaped == WEIRI_SKIP_VALUE || csv->unescaped == WEIRI_RAISE_ERROR) {
            return give_up(c);
        }
        weiri_put(c, csv->quote);
        c->prev = c->ch;
        return value_with_escapes(c);
    }
    return true;
}

/* Cells that a quote had swallowed become cells of their own; what is behind the last separator stays. */
static bool back_to_delimiter(struct weiri_cursor *c)
{
    uint8_t first = c->csv->seps.len > 0 ? (uint8_t)c->csv->seps.ptr[0] : c->csv->sep;
    size_t width = c->csv->seps.len > 0 ? c->csv->seps.len : 1;
    for (size_t at = 0; at < c->len;) {
        bool hit = c->text[at] == first && at + width <= c->len &&
                   (width == 1 || memcmp(c->text + at, c->csv->seps.ptr, width) == 0);
        if (!hit) {
            at++;
            continue;
        }
        if (!weiri_give_text(c, c->text, at)) {
            return false;
        }
        c->text += at + width;
        c->len -= at + width;
        at = 0;
    }
    return true;
}

bool weiri_unescaped_quote(struct weiri_cursor *c, bool *again)
{
    c->unescaped = true;
    *again = true;
    switch (c->csv->unescaped) {
    case WEIRI_BACK_TO_DELIMITER:
        if (!back_to_delimiter(c)) {
            return false;
        }
        weiri_put(c, c->ch);
        c->prev = 0;
        return true;
    case WEIRI_STOP_AT_CLOSING_QUOTE:
    case WEIRI_STOP_AT_DELIMITER:
        weiri_put(c, c->csv->quote);
        weiri_put(c, c->ch);
        c->prev = c->ch;
        return true;
    default:
        *again = false;
        return give_up(c);
    }
}

void weiri_put_quote_before(struct weiri_cursor *c)
{
    weiri_put(c, 0);
    memmove(c->text + 1, c->text, c->len - 1);
    c->text[0] = c->csv->quote;
}

/* The opening quote goes back, and the cell runs to its separator. */
static bool unquoted_after_all(struct weiri_cursor *c)
{
    if (c->csv->unescaped == WEIRI_SKIP_VALUE) {
        return weiri_skip_cell(c);
    }
    weiri_put_quote_before(c);
    if (!weiri_next(c)) {
        return false;
    }
    c->trim = c->csv->trim_trailing;
    return weiri_put_until(c, c->csv->sep, c->csv->newline);
}

/* Blanks behind a closing quote: they vanish before a separator; otherwise the quote was none and all of it belongs to the cell (*again). */
static bool blanks_behind_quote(struct weiri_cursor *c, bool *again)
{
    const struct weir_format *csv = c->csv;
    size_t from = c->i - 1;
    *again = false;
    do {
        if (!weiri_next(c)) {
            return false;
        }
        if (c->ch == c->csv->newline) {
            return true;
        }
    } while (weiri_token_blank(c->ch) && c->ch != csv->sep);
    if (c->ch == csv->sep || csv->unescaped == WEIRI_RAISE_ERROR) {
        return c->ch == csv->sep ? true : weiri_fail(c, WEIRI_TOKEN_RAISED);
    }
    weiri_put(c, csv->quote);
    for (size_t i = from; i + 1 < c->i; i++) {
        weiri_put(c, c->s[i]);
    }
    if (csv->unescaped != WEIRI_STOP_AT_CLOSING_QUOTE || (c->ch != csv->quote && c->ch != csv->escape)) {
        weiri_put(c, c->ch);
    }
    c->prev = c->ch;
    *again = true;
    return true;
}

/* From behind the opening quote to whatever closes it. *again: an unescaped quote, start over with what is there. */
static bool quoted_run(struct weiri_cursor *c, bool *again)
{
    const struct weir_format *csv = c->csv;
    *again = false;
    if (!weiri_next(c)) {
        return false;
    }
    while (c->prev != csv->quote || (!weiri_token_blank(c->ch) && c->ch != csv->sep)) {
        if (c->ch != csv->quote && c->ch != csv->escape) {
            if (c->prev == csv->quote) {
                return weiri_unescaped_quote(c, again);
            }
            if (c->prev == csv->escape && csv->escape != 0) {
                weiri_put(c, csv->escape);
            }
            if (!weiri_put_until3(c, csv->quote, csv->escape, csv->escape_escape)) {
                return false;
            }
            c->prev = c->ch;
            if (!weiri_next(c)) {
                return false;
            }
        } else {
            if (!weiri_quote_or_escape(c)) {
                return false;
            }
            c->prev = c->ch;
            if (!weiri_next(c)) {
                return false;
            }
            if (c->unescaped && (c->ch == csv->sep || c->ch == c->csv->newline)) {
                return true;
            }
        }
    }
    if (c->ch != csv->sep && c->ch != c->csv->newline && weiri_token_blank(c->ch)) {
        return blanks_behind_quote(c, again);
    }
    return true;
}

bool weiri_quoted(struct weiri_cursor *c)
{
    bool again;
    do {
        if (c->prev != 0 && c->csv->unescaped != WEIRI_STOP_AT_CLOSING_QUOTE && c->csv->unescaped != WEIRI_RAISE_ERROR) {
            return unquoted_after_all(c);
        }
        if (!quoted_run(c, &again)) {
            return false;
        }
    } while (again);
    return true;
}

/* --- a record --- */

/* The common quoted cell: nothing inside needs care and a separator follows the closing quote. Returns false where that is not so; nothing was consumed
 * then. Otherwise ch is the separator. */
static bool simple_quoted(struct weiri_cursor *c, bool *given)
{
    const struct weir_format *csv = c->csv;
    size_t from = c->i, i = from;
    *given = false;
    for (;; i++) {
        if (i + 1 >= c->n) {
            return true;
        }
        uint8_t b = c->s[i];
        if (b == csv->quote) {
            if (c->s[i - 1] == csv->escape || (c->s[i + 1] != csv->sep && c->s[i + 1] != c->csv->newline)) {
                return true;
            }
            break;
        }
        if (b == csv->escape && (c->s[i + 1] == csv->quote || c->s[i + 1] == csv->escape_escape)) {
            return true;
        }
    }
    if (too_long(c, c->s + from, i - from)) {
        return weiri_fail(c, WEIRI_TOKEN_CHARS);
    }
    *given = true;
    c->i = i + 2;
    c->ch = c->s[i + 1];
    return i == from ? give_empty_value(c) : weiri_give_text(c, c->s + from, i - from);
}

/* An unquoted cell that ends at a separator stands in the line as it is. *given false: it runs to the end of the line. */
static bool simple_unquoted(struct weiri_cursor *c, bool *given)
{
    size_t from = c->i - 1;
    const uint8_t *end = memchr(c->s + from, c->csv->sep, c->n - from);
    *given = end && !(c->csv->multi_line && memchr(c->s + from, c->csv->newline, (size_t)(end - (c->s + from))));
    if (!*given) {
        return true;
    }
    size_t len = (size_t)(end - (c->s + from));
    if (too_long(c, c->s + from, len)) {
        return weiri_fail(c, WEIRI_TOKEN_CHARS);
    }
    c->i = from + len + 1;
    c->ch = c->csv->sep;
    while (c->csv->trim_trailing && len > 0 && weiri_token_blank(c->s[from + len - 1])) {
        len--;
    }
    return len == 0 ? weiri_give_null(c) : weiri_give_text(c, c->s + from, len);
}

static bool quoted_cell(struct weiri_cursor *c, bool *simple)
{
    *simple = false;
    if (c->len == 0) {
        if (!simple_quoted(c, simple) || *simple) {
            return c->out->error == WEIRI_TOKEN_OK;
        }
    }
    c->trim = false;
    if (!weiri_quoted(c)) {
        return false;
    }
    if (c->unescaped && c->csv->unescaped == WEIRI_BACK_TO_DELIMITER && c->len == 0) {
        return true;
    }
    return weiri_give_put(c);
}

static bool unquoted_cell(struct weiri_cursor *c)
{
    bool given = false;
    if (c->len == 0) {
        if (!simple_unquoted(c, &given) || given) {
            return c->out->error == WEIRI_TOKEN_OK;
        }
    }
    c->trim = c->csv->trim_trailing;
    return weiri_put_until(c, c->csv->sep, c->csv->newline) && weiri_give_put(c);
}

static bool skip_leading(struct weiri_cursor *c)
{
    const struct weir_format *csv = c->csv;
    while (csv->trim_leading && weiri_token_blank(c->ch) && c->ch != csv->sep && c->ch != csv->quote && c->ch != c->csv->newline) {
        if (!weiri_next(c)) {
            return false;
        }
    }
    return true;
}

/* True: the record ended at a newline inside the line. False: the line ended first, or an error. */
static bool single_record(struct weiri_cursor *c)
{
    const struct weir_format *csv = c->csv;
    while (c->ch != c->csv->newline) {
        if (!skip_leading(c)) {
            return false;
        }
        if (c->ch == csv->sep || c->ch == c->csv->newline) {
            if (!weiri_give_null(c)) {
                return false;
            }
        } else {
            c->unescaped = false;
            c->prev = 0;
            bool simple = false;
            if (!(c->ch == csv->quote ? quoted_cell(c, &simple) : unquoted_cell(c))) {
                return false;
            }
            (void)simple;
        }
        if (c->ch != c->csv->newline) {
            if (!weiri_next(c)) {
                return false;
            }
            if (c->ch == c->csv->newline && !weiri_give_null(c)) {
                return false;
            }
        }
    }
    return true;
}

/* The line ended inside a cell or behind a separator: is there one more cell, and what is in it? */
static void at_end(struct weiri_cursor *c)
{
    const struct weir_format *csv = c->csv;
    bool value = false;
    if (c->ch == csv->quote && c->prev == csv->quote) {
        value = true;
    } else {
        if (c->ch == csv->quote && !c->unescaped) {
            weiri_put(c, csv->quote);
        }
        value = c->prev != 0 && c->ch != csv->sep && c->ch != csv->newline && c->ch != csv->comment_byte;
        if (c->match > 0) {
            weiri_multi_save(c);
            value = true;
        }
    }
    if (c->len > 0 || value || c->skipped) {
        (void)!weiri_give_put(c);
    } else {
        (void)!weiri_give_null(c);
    }
}

/* --- the outside --- */

void weiri_tokens_init(struct weiri_tokens *t, const struct weir_format *csv)
{
    *t = (struct weiri_tokens){.csv = csv, .arena = weir_arena_new()};
}

void weiri_tokens_free(struct weiri_tokens *t)
{
    weir_arena_free(t->arena);
    weir_free(t->cells);
}

void weiri_tokens_reset(struct weiri_tokens *t)
{
    weir_arena_reset(t->arena);
}

/* Put the byte marks in place of the special characters that have several bytes. */
static struct weir_str mark_specials(struct weiri_tokens *t, struct weir_str line)
{
    char *out = weir_arena_alloc(t->arena, line.len + 2);
    size_t n = 1;
    out[0] = '\0';
    for (size_t i = 0; i < line.len;) {
        size_t m = 0;
        const struct weiri_mark *mark = t->csv->marks;
        for (; m < t->csv->mark_count; m++, mark++) {
            if (line.len - i >= mark->len && memcmp(line.ptr + i, mark->text, mark->len) == 0) {
                break;
            }
        }
        if (m < t->csv->mark_count) {
            out[n++] = (char)mark->byte;
            i += mark->len;
        } else {
            out[n++] = line.ptr[i++];
        }
    }
    return (struct weir_str){out + 1, n - 1};
}

/* And the characters back in place of the marks, in cells that have any. */
static void unmark_cells(struct weiri_tokens *t)
{
    for (size_t c = 0; c < t->count; c++) {
        struct weir_cell *cell = &t->cells[c];
        bool any = false;
        for (size_t i = 0; cell->ptr && i < cell->len; i++) {
            any = any || (uint8_t)cell->ptr[i] >= 0xf8;
        }
        if (!any) {
            continue;
        }
        char *out = weir_arena_alloc(t->arena, cell->len * 4);
        size_t n = 0;
        for (size_t i = 0; i < cell->len; i++) {
            const struct weiri_mark *mark = NULL;
            for (size_t m = 0; m < t->csv->mark_count; m++) {
                mark = t->csv->marks[m].byte == (uint8_t)cell->ptr[i] ? &t->csv->marks[m] : mark;
            }
            memcpy(out + n, mark ? mark->text : cell->ptr + i, mark ? mark->len : 1);
            n += mark ? mark->len : 1;
        }
        *cell = (struct weir_cell){out, n};
    }
}

static bool is_simple(const struct weir_format *csv, struct weir_str line)
{
    return csv->seps.len == 0 && !csv->trim_leading && !csv->trim_trailing && csv->cell_chars_max < 0 &&
           csv->line_end != WEIRI_LINES_CUSTOM && memchr(line.ptr, csv->quote, line.len) == NULL;
}

/* No quote, nothing to trim: cells are what stands between the separators. */
static bool split_simple(struct weiri_cursor *c)
{
    size_t from = 0;
    while (from < c->n) {
        const uint8_t *end = memchr(c->s + from, c->csv->sep, c->n - from);
        size_t len = end ? (size_t)(end - c->s) - from : c->n - from;
        if (!(len == 0 ? weiri_give_null(c) : weiri_give_text(c, c->s + from, len))) {
            return false;
        }
        from += len + 1;
    }
    return from > c->n ? true : weiri_give_null(c);
}

bool weiri_tokens_split(struct weiri_tokens *t, struct weir_str line)
{
    t->count = 0;
    t->error = WEIRI_TOKEN_OK;
    t->record_at = 0;
    t->consumed = line.len;
    t->unfinished = false;
    if (line.len == 0 || (uint8_t)line.ptr[0] == t->csv->comment_byte) {
        return false;
    }
    struct weir_str marked = t->csv->mark_count > 0 ? mark_specials(t, line) : line;
    struct weiri_cursor c = {.out = t, .csv = t->csv, .s = (const uint8_t *)marked.ptr, .n = marked.len};
    if (is_simple(t->csv, marked)) {
        (void)!split_simple(&c);
    } else {
        size_t room = marked.len * 4 + 64; /* at most two bytes are put for each that is read */
        c.text = weir_arena_alloc(t->arena, room);
        c.room_end = c.text + room;
        bool ended = false;
        while (!ended && t->count == 0 && weiri_next(&c)) {
            t->record_at = c.i - 1;
            if (c.ch == t->csv->comment_byte) {
                return false;
            }
            ended = !(t->csv->seps.len > 0 ? weiri_multi_record(&c) : single_record(&c));
            t->consumed = c.i;
        }
        t->unfinished = ended;
        if (ended && t->error == WEIRI_TOKEN_OK) {
            at_end(&c);
        }
    }
    if (t->error != WEIRI_TOKEN_OK) {
        return false;
    }
    if (t->csv->mark_count > 0) {
        unmark_cells(t);
        t->record_at = 0; /* positions count marks, not bytes */
        t->consumed = line.len;
    }
    return t->count > 0;
}
