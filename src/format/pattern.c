/* pattern.c - reading a date-time pattern (DateTimeFormatter's letters, with Spark's rules on top).
 *
 * Spark refuses letters whose meaning changed (weeks) or that parsing cannot use; lets a run of S stand for one to that many digits; and does not notice a letter
 * that java.time does not know, whereupon nothing matches. */
#include "format/pattern.h"

struct compiler {
    weir_arena *arena;
    const char *option;
    const char *text;
    struct weiri_step *steps;
    size_t count, cap;
    size_t open[16]; /* indexes of open [ */
    size_t depth;
    long value_at;   /* the number step whose width following fixed fields shorten; -1 = none */
    bool nothing;
    struct weir_error *err;
};

static weir_rc refuse(struct compiler *c, weir_rc rc, const char *why)
{
    return weir_fail(c->err, rc, rc == WEIR_UNSUPPORTED ? "PATTERN_UNSUPPORTED" : "PATTERN_INVALID", "option %s='%s': %s", c->option, c->text, why);
}

static struct weiri_step *add(struct compiler *c, enum weiri_step_kind kind)
{
    c->value_at = -1;
    struct weiri_step *step = &WEIR_PUSH(c->steps, c->count, c->cap);
    *step = (struct weiri_step){.kind = kind};
    return step;
}

static void add_number(struct compiler *c, enum weiri_step_kind kind, enum weiri_field field, int min, int max, enum weiri_sign sign)
{
    long base = c->value_at;
    struct weiri_step *step = add(c, kind);
    step->field = field;
    step->min = min;
    step->max = max;
    step->sign = sign;
    c->value_at = (long)c->count - 1;
    if (base < 0) {
        return;
    }
    if (min == max && sign == WEIRI_SIGN_NONE) {
        c->steps[base].after += max;
        step->after = -1;
        c->value_at = base;
    } else {
        c->steps[base].after = -1;
    }
}

static void add_offset(struct compiler *c, char letter, int count)
{
    struct weiri_step *step = add(c, WEIRI_P_OFFSET);
    step->field = WEIRI_F_OFFSET;
    step->zero = letter == 'Z' && count < 4 ? "+0000" : "Z";
    if (letter == 'x') {
        step->zero = count == 1 ? "+00" : count == 3 || count == 5 ? "+00:00" : "+0000";
    }
    step->minutes = letter == 'Z' || count > 1;
    step->seconds = count > 3;
    step->colon = letter == 'Z' ? count == 5 : count == 3 || count == 5;
}

static weir_rc add_year(struct compiler *c, int count)
{
    if (count == 2) {
        add_number(c, WEIRI_P_YEAR_2, WEIRI_F_YEAR, 2, 2, WEIRI_SIGN_NONE);
    } else if (count < 7) {
        add_number(c, WEIRI_P_NUMBER, WEIRI_F_YEAR, count, 19, count < 4 ? WEIRI_SIGN_NORMAL : WEIRI_SIGN_EXCEEDS_PAD);
    } else {
        return refuse(c, WEIR_INVALID, "too many y; write yyyy");
    }
    return WEIR_OK;
}

static const struct {
    char letter;
    enum weiri_field field;
} numbers[] = {{'M', WEIRI_F_MONTH},  {'L', WEIRI_F_MONTH}, {'d', WEIRI_F_DAY},       {'H', WEIRI_F_HOUR},
               {'k', WEIRI_F_CLOCK_HOUR}, {'K', WEIRI_F_HOUR_AMPM}, {'h', WEIRI_F_CLOCK_HOUR_AMPM}, {'m', WEIRI_F_MINUTE},
               {'s', WEIRI_F_SECOND}};

static weir_rc add_field(struct compiler *c, char letter, int count)
{
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (numbers[i].letter != letter) {
            continue;
        }
        if (count <= 2) {
            add_number(c, WEIRI_P_NUMBER, numbers[i].field, count, count == 1 ? 19 : 2, count == 1 ? WEIRI_SIGN_NORMAL : WEIRI_SIGN_NONE);
            return WEIR_OK;
        }
        if (letter == 'L' && count < 5) {
            return refuse(c, WEIR_UNSUPPORTED, "the text of a month is read by MMM or MMMM; LLL is not done");
        }
        if (letter == 'M' && count < 5) {
            add(c, WEIRI_P_MONTH_TEXT)->max = count;
            return WEIR_OK;
        }
        return refuse(c, WEIR_INVALID, "a letter is repeated too often");
    }
    switch (letter) {
    case 'y':
        return add_year(c, count);
    case 'D':
        if (count > 3) {
            return refuse(c, WEIR_INVALID, "D takes at most three letters");
        }
        add_number(c, WEIRI_P_NUMBER, WEIRI_F_DAY_OF_YEAR, count, count == 1 ? 19 : 3, count == 1 ? WEIRI_SIGN_NORMAL : WEIRI_SIGN_NONE);
        return WEIR_OK;
    case 'S':
        if (count > 9) {
            return refuse(c, WEIR_INVALID, "S takes at most nine letters");
        }
        add(c, WEIRI_P_FRACTION)->max = count;
        return WEIR_OK;
    case 'a':
        if (count > 1) {
            return refuse(c, WEIR_INVALID, "a takes one letter");
        }
        add(c, WEIRI_P_AMPM_TEXT);
        return WEIR_OK;
    case 'X':
    case 'x':
    case 'Z':
        if (count > 5) {
            return refuse(c, WEIR_INVALID, "an offset takes at most five letters");
        }
        if (letter == 'Z' && count == 4) {
            return refuse(c, WEIR_UNSUPPORTED, "ZZZZ (localized offset) is not done; write XXX");
        }
        add_offset(c, letter, count);
        return WEIR_OK;
    case 'z':
        if (count > 3) {
            return refuse(c, WEIR_UNSUPPORTED, "zzzz (zone names in full) is not done; write z");
        }
        add(c, WEIRI_P_ZONE);
        return WEIR_OK;
    case 'V':
        return refuse(c, WEIR_UNSUPPORTED, "VV (zone ids) is not done; write z");
    case 'O':
        return refuse(c, WEIR_UNSUPPORTED, "O (localized offsets) is not done; write XXX");
    case 'G':
    case 'v':
    case 'g':
        return refuse(c, WEIR_UNSUPPORTED, "the letters G, g and v are not done; leave them out");
    case 'Y':
    case 'W':
    case 'w':
    case 'u':
        return refuse(c, WEIR_INVALID, "weeks and their years (Y, W, w, u) are refused, as Spark does; write yyyy");
    case 'E':
    case 'F':
    case 'q':
    case 'Q':
    case 'A':
    case 'B':
    case 'c':
    case 'e':
    case 'n':
    case 'N':
    case 'p':
        return refuse(c, WEIR_INVALID, "a letter that cannot be used to read dates (A B c e E F n N p q Q), as Spark says; leave it out");
    default:
        c->nothing = true;
        return WEIR_OK;
    }
}

static weir_rc add_bracket(struct compiler *c, char bracket)
{
    if (bracket == '[') {
        if (c->depth == sizeof c->open / sizeof *c->open) {
            return refuse(c, WEIR_INVALID, "too many [ inside one another");
        }
        c->open[c->depth++] = c->count;
        add(c, WEIRI_P_OPTIONAL);
        return WEIR_OK;
    }
    if (c->depth == 0) {
        return refuse(c, WEIR_INVALID, "a ] without its [");
    }
    add(c, WEIRI_P_OPTIONAL_END);
    c->steps[c->open[--c->depth]].to = c->count;
    return WEIR_OK;
}

static weir_rc compile(struct compiler *c)
{
    for (const char *p = c->text; *p != '\0';) {
        char ch = *p;
        if (ch == '\'') {
            const char *end = strchr(p + 1, '\'');
            if (!end) {
                return refuse(c, WEIR_INVALID, "a quote that is not closed");
            }
            if (end == p + 1) {
                add(c, WEIRI_P_LITERAL)->literal = '\'';
            }
            for (p++; p < end; p++) {
                add(c, WEIRI_P_LITERAL)->literal = *p;
            }
            p = end + 1;
        } else if ((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z')) {
            int count = 0;
            while (p[count] == ch && count < 100) {
                count++;
            }
            WEIR_TRY(add_field(c, ch, count));
            p += count;
        } else if (ch == '[' || ch == ']') {
            WEIR_TRY(add_bracket(c, ch));
            p++;
        } else if (ch == '{' || ch == '}' || ch == '#') {
            return refuse(c, WEIR_INVALID, "{, } and # are reserved; put them in quotes");
        } else {
            add(c, WEIRI_P_LITERAL)->literal = ch;
            p++;
        }
    }
    while (c->depth > 0) {
        WEIR_TRY(add_bracket(c, ']'));
    }
    return WEIR_OK;
}

weir_rc weiri_pattern_compile(weir_arena *arena, const char *option, const char *text, struct weiri_pattern **out, struct weir_error *err)
{
    struct compiler c = {.arena = arena, .option = option, .text = text, .value_at = -1, .err = err};
    weir_rc rc = compile(&c);
    *out = NULL;
    if (rc == WEIR_OK) {
        struct weiri_pattern *pattern = weir_arena_zalloc(arena, sizeof *pattern);
        pattern->steps = weir_arena_alloc(arena, (c.count + 1) * sizeof *pattern->steps);
        if (c.count > 0) {
            memcpy(pattern->steps, c.steps, c.count * sizeof *pattern->steps);
        }
        pattern->count = c.count;
        pattern->nothing = c.nothing;
        *out = pattern;
    }
    weir_free(c.steps);
    return rc;
}
