/* token_multi.c - the tokenizer for separators of several characters.
 *
 * It differs from the one-character tokenizer in more than the separator: an unescaped quote makes the rest of the line one cell (its one-character routine takes over, which knows no separator here). */
#include "format/token_internal.h"

static uint8_t sep_at(const struct weiri_cursor *c, size_t index)
{
    return (uint8_t)c->csv->seps.ptr[index];
}

/* A separator that began and was none belongs to the cell. */
void weiri_multi_save(struct weiri_cursor *c)
{
    for (size_t i = 0; c->match < c->csv->seps.len && i < c->match; i++) {
        weiri_put(c, sep_at(c, i));
    }
    c->match = 0;
}

/* Does the separator stand here? *found. What matched of another is kept (saved) unless `keep_match`. */
static bool match_sep(struct weiri_cursor *c, bool save, bool *found)
{
    *found = false;
    while (c->ch == sep_at(c, c->match)) {
        if (++c->match == c->csv->seps.len) {
            c->match = 0;
            *found = true;
            return true;
        }
        if (!weiri_next(c)) {
            return false;
        }
    }
    if (save) {
        weiri_multi_save(c);
    }
    return true;
}

static bool skip_leading(struct weiri_cursor *c)
{
    while (weiri_token_blank(c->ch) && c->ch != c->csv->newline && c->ch != c->csv->quote) {
        if (!weiri_next(c)) {
            return false;
        }
        if (c->ch == sep_at(c, 0)) {
            bool found;
            if (!match_sep(c, true, &found)) {
                return false;
            }
            if (found && (!weiri_give_null(c) || !weiri_next(c))) {
                return false;
            }
        }
    }
    weiri_multi_save(c);
    return true;
}

static bool unquoted(struct weiri_cursor *c)
{
    while (c->ch != c->csv->newline) {
        if (sep_at(c, c->match) == c->ch) {
            if (++c->match == c->csv->seps.len) {
                break;
            }
        } else if (c->match > 0) {
            weiri_multi_save(c);
            continue;
        } else {
            weiri_put(c, c->ch);
        }
        if (!weiri_next(c)) {
            return false;
        }
    }
    weiri_multi_save(c);
    return true;
}

/* Blanks behind a closing quote, or behind a separator that ends with one. They vanish before a separator or the end of the record; otherwise the quote was none, and
 * the rest of the line belongs to the cell. */
static bool blanks_behind_quote(struct weiri_cursor *c)
{
    const struct weir_format *csv = c->csv;
    uint8_t *blanks = c->room_end - c->n; /* the far end of the room, which cells do not reach */
    size_t count = 0;
    bool found;
    do {
        blanks[count++] = c->ch;
        if (!weiri_next(c)) {
            return false;
        }
        if (c->ch == csv->newline) {
            return true;
        }
        if (!match_sep(c, false, &found)) {
            return false;
        }
        if (found) {
            return true;
        }
    } while (weiri_token_blank(c->ch));
    if (csv->unescaped == WEIRI_RAISE_ERROR) {
        return true;
    }
    weiri_put(c, csv->quote);
    for (size_t i = 0; i < count; i++) {
        weiri_put(c, blanks[i]);
    }
    if (csv->unescaped != WEIRI_STOP_AT_CLOSING_QUOTE || (c->ch != csv->quote && c->ch != csv->escape)) {
        weiri_put(c, c->ch);
    }
    c->prev = c->ch;
    return weiri_quoted(c);
}

/* What a step inside quotes has found out. */
enum inside { GO_ON, CELL_ENDED, QUOTE_CLOSED, START_OVER };

static bool separator_here(struct weiri_cursor *c, enum inside *state)
{
    bool found;
    if (!match_sep(c, true, &found)) {
        return false;
    }
    *state = found ? CELL_ENDED : GO_ON;
    return true;
}

static bool inside_quotes(struct weiri_cursor *c, enum inside *state)
{
    const struct weir_format *csv = c->csv;
    bool again;
    *state = GO_ON;
    if (c->prev == csv->quote) {
        if (weiri_token_blank(c->ch) || c->ch == csv->newline) {
            *state = QUOTE_CLOSED;
            return true;
        }
        if (!separator_here(c, state) || *state == CELL_ENDED) {
            return *state == CELL_ENDED;
        }
    }
    if (c->ch != csv->quote && c->ch != csv->escape) {
        if (c->prev == csv->quote) {
            if (!weiri_unescaped_quote(c, &again)) {
                return false;
            }
            *state = again ? START_OVER : CELL_ENDED;
            return true;
        }
        if (c->prev == csv->escape && csv->escape != 0) {
            weiri_put(c, csv->escape);
        }
        if (!weiri_put_until3(c, csv->quote, csv->escape, csv->escape_escape)) {
            return false;
        }
        c->prev = c->ch;
        return weiri_next(c);
    }
    if (!weiri_quote_or_escape(c)) {
        return false;
    }
    c->prev = c->ch;
    if (!weiri_next(c)) {
        return false;
    }
    if (c->unescaped && c->ch == csv->newline) {
        *state = CELL_ENDED;
        return true;
    }
    return !c->unescaped || separator_here(c, state);
}

static bool quoted(struct weiri_cursor *c)
{
    const struct weir_format *csv = c->csv;
    bool until_sep = csv->unescaped != WEIRI_STOP_AT_CLOSING_QUOTE && csv->unescaped != WEIRI_RAISE_ERROR;
    bool found;
    enum inside state;
    do {
        if (c->prev != 0 && until_sep) {
            if (csv->unescaped == WEIRI_SKIP_VALUE) {
                return weiri_skip_cell(c);
            }
            weiri_put_quote_before(c);
            if (!weiri_next(c)) {
                return false;
            }
            c->trim = csv->trim_trailing;
            if (!unquoted(c)) {
                return false;
            }
            break;
        }
        if (!weiri_next(c)) {
            return false;
        }
        do {
            if (!inside_quotes(c, &state)) {
                return false;
            }
        } while (state == GO_ON);
        if (state == CELL_ENDED) {
            return true;
        }
    } while (state == START_OVER);
    if (c->ch == csv->newline || !weiri_token_blank(c->ch)) {
        return true;
    }
    if (!match_sep(c, false, &found)) {
        return false;
    }
    return found ? true : blanks_behind_quote(c);
}

static bool cell(struct weiri_cursor *c)
{
    const struct weir_format *csv = c->csv;
    c->unescaped = false;
    c->prev = 0;
    if (c->ch == csv->quote && c->len == 0) {
        c->trim = false;
        if (!quoted(c)) {
            return false;
        }
        if (c->unescaped && csv->unescaped == WEIRI_BACK_TO_DELIMITER && c->len == 0) {
            return true;
        }
        return weiri_give_put(c);
    }
    bool before = c->trim; /* at the end of the line the flag of an earlier quoted cell still holds */
    if (!unquoted(c)) {
        return false;
    }
    c->trim = before || csv->trim_trailing;
    bool given = weiri_give_put(c);
    c->trim = before;
    return given;
}

bool weiri_multi_record(struct weiri_cursor *c)
{
    bool found = false;
    while (c->ch != c->csv->newline) {
        if (c->csv->trim_leading && weiri_token_blank(c->ch) && !skip_leading(c)) {
            return false;
        }
        if (c->ch != c->csv->newline && !match_sep(c, true, &found)) {
            return false;
        }
        if (c->ch == c->csv->newline || found) {
            if (!weiri_give_null(c)) {
                return false;
            }
        } else if (!cell(c)) {
            return false;
        }
        if (c->ch != c->csv->newline) {
            if (!weiri_next(c)) {
                return false;
            }
            if (c->ch == c->csv->newline && !weiri_give_null(c)) {
                return false;
            }
        }
        found = false;
    }
    return true;
}
