/* datefmt.c - Java date patterns (DateTimeFormatter, as Spark uses it) for DuckDB's strftime and strptime. Letters that have no equal are refused. */
#include "dialect/xlate.h"

struct run { char letter; int count; struct weir_str literal; };

/* The next run of one letter, or literal text; false at the end. `'..'` is literal, '' a quote. */
static bool next_run(struct xl *x, const char **p, struct run *out)
{
    const char *s = *p;
    memset(out, 0, sizeof *out);
    if (*s == '\0') {
        return false;
    }
    if ((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z')) {
        out->letter = *s;
        while (*s == out->letter) {
            out->count++;
            s++;
        }
        *p = s;
        return true;
    }
    if (*s != '\'') {
        out->literal = weir_str(weiri_f(x, "%c", *s));
        *p = s + 1;
        return true;
    }
    const char *text = "";
    s++;
    if (*s == '\'') {
        out->literal = WEIR_STR("'");
        *p = s + 1;
        return true;
    }
    while (*s && !(s[0] == '\'' && s[1] != '\'')) {
        text = weiri_f(x, "%s%c", text, *s);
        s += *s == '\'' ? 2 : 1;
    }
    out->literal = weir_str(text);
    *p = *s ? s + 1 : s;
    return true;
}

static weir_rc unknown(struct xl *x, struct weir_pos pos, const char *pattern, const struct run *run)
{
    return weiri_unsupported(x, pos, "DATETIME_PATTERN_UNSUPPORTED", weiri_f(x, "%d times '%c' in the pattern '%.60s'", run->count, run->letter, pattern));
}

struct letter { char letter; int count; const char *format; const char *check; };
/* What both sides know. `check` is the text that Spark's strict parser takes; NULL = only for printing. */
static const struct letter letters[] = {
    {'y', 4, "%Y", "[0-9]{4}"},   {'u', 4, "%Y", "[0-9]{4}"},   {'y', 2, "%y", NULL},         {'M', 1, "%-m", "[0-9]{1,2}"},
    {'M', 2, "%m", "[0-9]{2}"},   {'M', 3, "%b", "(?i:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"},
    {'M', 4, "%B", "(?i:January|February|March|April|May|June|July|August|September|October|November|December)"},
    {'L', 1, "%-m", NULL},        {'L', 2, "%m", NULL},         {'L', 3, "%b", NULL},         {'L', 4, "%B", NULL},
    {'d', 1, "%-d", "[0-9]{1,2}"}, {'d', 2, "%d", "[0-9]{2}"},   {'D', 1, "%-j", NULL},        {'D', 3, "%j", NULL},
    {'H', 1, "%-H", "[0-9]{1,2}"}, {'H', 2, "%H", "[0-9]{2}"},   {'h', 1, "%-I", "[0-9]{1,2}"}, {'h', 2, "%I", "[0-9]{2}"},
    {'m', 1, "%-M", "[0-9]{1,2}"}, {'m', 2, "%M", "[0-9]{2}"},   {'s', 1, "%-S", "[0-9]{1,2}"}, {'s', 2, "%S", "[0-9]{2}"},
    {'a', 1, "%p", "(?i:AM|PM)"}, {'E', 1, "%a", NULL},         {'E', 2, "%a", NULL},         {'E', 3, "%a", NULL},         {'E', 4, "%A", NULL}};

static const struct letter *find(const struct run *run)
{
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++) {
        if (letters[i].letter == run->letter && letters[i].count == run->count) {
            return &letters[i];
        }
    }
    return NULL;
}

static const char *percent(struct xl *x, struct weir_str text)
{
    const char *out = "";
    for (size_t i = 0; i < text.len; i++) {
        out = text.ptr[i] == '%' ? weiri_f(x, "%s%%%%", out) : weiri_f(x, "%s%c", out, text.ptr[i]);
    }
    return out;
}

/* What strftime cannot say: years without padding, quarters, fractions, zones (always UTC). As SQL; NULL = no such run. */
static const char *other_text(struct xl *x, const struct run *run, const char *value)
{
    switch (run->letter) {
    case 'y':
    case 'u':
        return run->count == 1 ? weiri_f(x, "CAST(year(%s) AS VARCHAR)", value) : NULL;
    case 'Q':
    case 'q':
        return run->count <= 3 ? weiri_f(x, "'%s' || CAST(quarter(%s) AS VARCHAR)", run->count == 1 ? "" : run->count == 2 ? "0" : "Q", value) : NULL;
    case 'S':
        return run->count <= 6 ? weiri_f(x, "strftime(%s, '%%f')[1:%d]", value, run->count) : run->count <= 9 ? weiri_f(x, "strftime(%s, '%%f') || '%.*s'", value, run->count - 6, "000") : NULL;
    case 'z': return run->count <= 3 ? "'UTC'" : NULL;
    case 'X': return run->count <= 5 ? "'Z'" : NULL;
    case 'x': return run->count == 1 ? "'+00'" : run->count == 2 || run->count == 4 ? "'+0000'" : run->count <= 5 ? "'+00:00'" : NULL;
    case 'Z': return run->count <= 3 ? "'+0000'" : run->count == 4 ? "'GMT'" : run->count == 5 ? "'Z'" : NULL;
    default: return NULL;
    }
}

weir_rc weiri_strftime(struct xl *x, struct weir_pos pos, const char *pattern, const char *value, const char **out)
{
    const char *p = pattern, *format = "", *sql = NULL;
    struct run run;
    if (!*pattern) {
        return weiri_unsupported(x, pos, "DATETIME_PATTERN_UNSUPPORTED", "an empty pattern");
    }
    while (next_run(x, &p, &run)) {
        if (!run.letter) {
            format = weiri_f(x, "%s%s", format, percent(x, run.literal));
            continue;
        }
        const struct letter *letter = find(&run);
        if (letter) {
            format = weiri_f(x, "%s%s", format, letter->format);
            continue;
        }
        const char *other = other_text(x, &run, value);
        if (!other) {
            return unknown(x, pos, pattern, &run);
        }
        if (*format) {
            sql = weiri_f(x, "%s%sstrftime(%s, %s)", sql ? sql : "", sql ? " || " : "", value, weiri_quote_string(x, format));
        }
        format = "";
        sql = weiri_f(x, "%s%s%s", sql ? sql : "", sql ? " || " : "", other);
    }
    if (*format || !sql) {
        sql = weiri_f(x, "%s%sstrftime(%s, %s)", sql ? sql : "", sql ? " || " : "", value, weiri_quote_string(x, format));
    }
    *out = weiri_f(x, "CASE WHEN %s IS NULL THEN NULL ELSE %s END", value, sql);
    return WEIR_OK;
}

static const char *regex_literal(struct xl *x, struct weir_str text)
{
    const char *out = "";
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.ptr[i];
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c & 0x80) || c == ' ';
        out = weiri_f(x, plain ? "%s%c" : "%s\\%c", out, c);
    }
    return out;
}

/* `format` for strptime, `check`: the whole text must match it first, since strptime is more lenient than Spark. */
weir_rc weiri_strptime(struct xl *x, struct weir_pos pos, const char *pattern, const char **format, const char **check)
{
    const char *p = pattern;
    struct run run;
    bool year = false, half = false, twelve = false;
    *format = "";
    *check = "";
    while (next_run(x, &p, &run)) {
        if (!run.letter) {
            *format = weiri_f(x, "%s%s", *format, percent(x, run.literal));
            *check = weiri_f(x, "%s%s", *check, regex_literal(x, run.literal));
            continue;
        }
        const struct letter *letter = find(&run);
        year = year || run.letter == 'y' || run.letter == 'u';
        half = half || run.letter == 'a';
        twelve = twelve || run.letter == 'h';
        if (run.letter == 'S' && run.count <= 6) {
            *format = weiri_f(x, "%s%%f", *format);
            *check = weiri_f(x, "%s[0-9]{%d}", *check, run.count);
        } else if (run.letter == 'z' && run.count <= 3 && !*p) {
            *format = weiri_f(x, "%s%%Z", *format);
            *check = weiri_f(x, "%s(?:UTC|GMT)", *check);
        } else if (letter && letter->check) {
            /* parsing knows no "no padding" mark: %-m reads as %m does */
            *format = letter->format[1] == '-' ? weiri_f(x, "%s%%%s", *format, letter->format + 2) : weiri_f(x, "%s%s", *format, letter->format);
            *check = weiri_f(x, "%s%s", *check, letter->check);
        } else {
            return unknown(x, pos, pattern, &run);
        }
    }
    if (!year || half != twelve) {
        return weiri_unsupported(x, pos, "DATETIME_PATTERN_UNSUPPORTED", weiri_f(x, "reading dates by the pattern '%.60s'", pattern));
    }
    return WEIR_OK;
}
