/* token_internal.h - the state of one line being tokenized, shared by the two tokenizers (one-byte and longer separators).
 *
 * The steps return false when the line ended in the middle (or an error was noted); weiri_token_at_end then makes of the rest what Spark's
 * tokenizer makes of it. */
#pragma once
#include "format/text_internal.h"

struct weiri_cursor {
    struct weiri_tokens *out;
    const struct weir_format *csv;
    const uint8_t *s;
    size_t n, i;      /* s[i] is the next byte */
    uint8_t ch, prev; /* the byte under consideration, and the one before it where that matters */
    bool unescaped;   /* an unescaped quote was met in this cell */
    bool skipped;     /* SKIP_VALUE gave this cell up: it is NULL */
    bool trim;        /* the cell loses the blanks at its end */
    size_t match;     /* bytes of a longer separator matched so far */
    uint8_t *text;    /* the cell being put together */
    size_t len;
    uint8_t *room_end;
};

static inline bool weiri_next(struct weiri_cursor *c)
{
    if (c->i >= c->n) {
        return false;
    }
    c->ch = c->s[c->i++];
    return true;
}
static inline bool weiri_token_blank(uint8_t ch)
{
    return ch <= ' ';
}
static inline void weiri_put(struct weiri_cursor *c, uint8_t ch)
{
    WEIR_ASSERT(c->text + c->len < c->room_end);
    c->text[c->len++] = ch;
}
/* Give the cell to the row: what was put together, an empty cell, a piece of the line. False: a limit. */
bool weiri_give_put(struct weiri_cursor *c) WEIR_MUST_USE;
bool weiri_give_null(struct weiri_cursor *c) WEIR_MUST_USE;
bool weiri_give_text(struct weiri_cursor *c, const uint8_t *text, size_t len) WEIR_MUST_USE;
bool weiri_fail(struct weiri_cursor *c, enum weiri_token_error error);
/* Append bytes up to one of the stops, which becomes ch. At the end of the line ch is left alone. */
bool weiri_put_until(struct weiri_cursor *c, uint8_t stop1, uint8_t stop2) WEIR_MUST_USE;
bool weiri_put_until3(struct weiri_cursor *c, uint8_t stop1, uint8_t stop2, uint8_t stop3) WEIR_MUST_USE;
/* The opening quote goes back in front of the cell. */
void weiri_put_quote_before(struct weiri_cursor *c);
/* Behind the opening quote, to the separator or the end. */
bool weiri_quoted(struct weiri_cursor *c) WEIR_MUST_USE;
/* What becomes of an escape, or a quote, inside quotes. */
bool weiri_quote_or_escape(struct weiri_cursor *c) WEIR_MUST_USE;
/* An unescaped quote: *again = go on as weiri_quoted; otherwise the cell is at its separator. */
bool weiri_unescaped_quote(struct weiri_cursor *c, bool *again) WEIR_MUST_USE;
/* A record whose separator has several characters. */
bool weiri_multi_record(struct weiri_cursor *c) WEIR_MUST_USE;
void weiri_multi_save(struct weiri_cursor *c);
/* SKIP_VALUE: forget the cell, go to its separator. */
bool weiri_skip_cell(struct weiri_cursor *c) WEIR_MUST_USE;
