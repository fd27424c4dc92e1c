/* regex.c - a Java regular expression as RE2 text with the same matches, or a refusal. Where the two read one text differently (., $, \s, nested classes,
 * possessive quantifiers, look-around, back-references), it is rewritten or refused; nothing is passed through unread. */
#include "dialect/xlate.h"

struct rx {
    struct xl *x;
    struct weir_pos pos;
    const char *p;
    const char *whole;
    struct weir_buf out;
    bool dotall, find_only, dollar;
    int groups, depth;
};

#define ANY_BUT_NEWLINE "[^\\n\\r\\x{85}\\x{2028}\\x{2029}]"
#define AT_END "(?:\\r\\n|[\\n\\r\\x{85}\\x{2028}\\x{2029}])?\\z"

static weir_rc refuse(struct rx *r, const char *what)
{
    return weiri_unsupported(r->x, r->pos, "REGEX_UNSUPPORTED", weiri_f(r->x, "%s in the regular expression '%.100s'", what, r->whole));
}

static weir_rc wrong(struct rx *r, const char *what)
{
    return weiri_invalid(r->x, r->pos, "INVALID_PARAMETER_VALUE.PATTERN", "%s in the regular expression '%.100s'", what, r->whole);
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* \x41, \x{1F600}, \u0041: r->p is behind the backslash. */
static weir_rc hex_escape(struct rx *r)
{
    const size_t digits = *r->p == 'u' ? 4 : 2;
    const bool braces = *r->p == 'x' && r->p[1] == '{';
    r->p++;
    size_t len = 0;
    if (braces) {
        r->p++;
        while (is_hex(r->p[len])) {
            len++;
        }
        if (r->p[len] != '}' || len == 0 || len > 6) {
            return wrong(r, "a wrong \\x{..}");
        }
    } else {
        while (len < digits && is_hex(r->p[len])) {
            len++;
        }
        if (len != digits) {
            return wrong(r, "a wrong \\x or \\u");
        }
    }
    weir_buf_printf(&r->out, "\\x{%.*s}", (int)len, r->p);
    r->p += len + (braces ? 1 : 0);
    return WEIR_OK;
}

static weir_rc property(struct rx *r)
{
    static const char *const same[] = {"L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "N", "Nd", "Nl", "No", "P", "S", "Z", "Zs", "C", NULL};
    const char *close = r->p[1] == '{' ? strchr(r->p, '}') : NULL;
    for (size_t i = 0; close && same[i]; i++) {
        if (weir_str_eq((struct weir_str){r->p + 2, (size_t)(close - r->p) - 2}, weir_str(same[i]))) {
            weir_buf_printf(&r->out, "\\%.*s", (int)(close - r->p) + 1, r->p);
            r->p = close + 1;
            return WEIR_OK;
        }
    }
    return refuse(r, "a property \\p{..}");
}

/* r->p is at the backslash. */
static weir_rc escape(struct rx *r, bool in_class, bool *empty)
{
    const char c = r->p[1];
    r->p++;
    *empty = false;
    if (c == '\0') {
        return wrong(r, "a backslash at the end");
    }
    if (c == 'x' || c == 'u') {
        return hex_escape(r);
    }
    if (c == 'p' || c == 'P') {
        return property(r);
    }
    r->p++;
    switch (c) {
    case 's':
        weir_buf_add_str(&r->out, in_class ? "\\t\\n\\x0B\\f\\r " : "[\\t\\n\\x0B\\f\\r ]");
        return WEIR_OK;
    case 'S':
        if (in_class) {
            return refuse(r, "\\S inside [..]");
        }
        weir_buf_add_str(&r->out, "[^\\t\\n\\x0B\\f\\r ]");
        return WEIR_OK;
    case 'e':
        weir_buf_add_str(&r->out, "\\x1B");
        return WEIR_OK;
    case 'b':
    case 'B':
    case 'A':
    case 'z':
        if (in_class) {
            return refuse(r, "an anchor inside [..]");
        }
        *empty = true;
        weir_buf_printf(&r->out, "\\%c", c);
        return WEIR_OK;
    case 'd': case 'D': case 'w': case 'W': case 't': case 'n': case 'r': case 'f': case 'a':
        weir_buf_printf(&r->out, "\\%c", c);
        return WEIR_OK;
    default:
        break;
    }
    if (c >= '1' && c <= '9') {
        return refuse(r, "a back-reference");
    }
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '0' || (c & 0x80)) {
        return refuse(r, weiri_f(r->x, "\\%c", (c & 0x80) ? '?' : c));
    }
    weir_buf_printf(&r->out, "\\%c", c);
    return WEIR_OK;
}

/* \Q .. \E: r->p is behind \Q. Counts as not empty when it holds something. */
static void quoted(struct rx *r)
{
    while (*r->p && !(r->p[0] == '\\' && r->p[1] == 'E')) {
        const char c = *r->p++;
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c & 0x80) || c == '\n';
        if (!plain) {
            weir_buf_add_char(&r->out, '\\');
        }
        weir_buf_add_char(&r->out, c);
    }
    r->p += *r->p ? 2 : 0;
}

static weir_rc char_class(struct rx *r)
{
    bool empty = false;
    weir_buf_add_char(&r->out, *r->p++);
    if (*r->p == '^') {
        weir_buf_add_char(&r->out, *r->p++);
    }
    if (*r->p == ']') {
        return refuse(r, "[] with ']' first");
    }
    while (*r->p != ']') {
        if (*r->p == '\0') {
            return wrong(r, "a [ that is not closed");
        }
        if (*r->p == '[' || (r->p[0] == '&' && r->p[1] == '&')) {
            return refuse(r, "a class inside a class");
        }
        if (*r->p == '\\') {
            if (r->p[1] == 'Q' || r->p[1] == 'E') {
                return refuse(r, "\\Q inside [..]");
            }
            WEIR_TRY(escape(r, true, &empty));
        } else {
            weir_buf_add_char(&r->out, *r->p++);
        }
    }
    weir_buf_add_char(&r->out, *r->p++);
    return WEIR_OK;
}

static weir_rc alternatives(struct rx *r, bool *empty);

/* (?i) and (?s), for the rest or for a group. */
static weir_rc flags(struct rx *r, bool *group)
{
    const char *start = r->p;
    while (*r->p == 'i' || *r->p == 's') {
        r->dotall = r->dotall || *r->p == 's';
        r->p++;
    }
    if (r->p == start || (*r->p != ')' && *r->p != ':')) {
        return refuse(r, "this (?..)");
    }
    *group = *r->p == ':';
    weir_buf_printf(&r->out, "(?%.*s%c", (int)(r->p - start), start, *r->p);
    r->p++;
    return WEIR_OK;
}

/* r->p is at the parenthesis. */
static weir_rc group(struct rx *r, bool *empty)
{
    const bool dotall = r->dotall;
    bool opened = true;
    r->p++;
    if (*r->p != '?') {
        r->groups++;
        weir_buf_add_char(&r->out, '(');
    } else if (r->p[1] == ':') {
        weir_buf_add_str(&r->out, "(?:");
        r->p += 2;
    } else if (r->p[1] == '<' && r->p[2] != '=' && r->p[2] != '!') {
        r->groups++;
        const char *close = strchr(r->p, '>');
        if (!close) {
            return wrong(r, "a group name that is not closed");
        }
        weir_buf_printf(&r->out, "(?P<%.*s>", (int)(close - r->p) - 2, r->p + 2);
        r->p = close + 1;
    } else if (r->p[1] == '=' || r->p[1] == '!' || r->p[1] == '<' || r->p[1] == '>') {
        return refuse(r, "look-around or an atomic group");
    } else {
        r->p++;
        WEIR_TRY(flags(r, &opened));
        if (!opened) {
            *empty = true;
            return WEIR_OK;
        }
    }
    if (++r->depth > 50) {
        return refuse(r, "more than 50 nested groups");
    }
    WEIR_TRY(alternatives(r, empty));
    r->depth--;
    r->dotall = dotall;
    if (*r->p != ')') {
        return wrong(r, "a ( that is not closed");
    }
    weir_buf_add_char(&r->out, *r->p++);
    return WEIR_OK;
}

static weir_rc quantifier(struct rx *r, bool *empty, bool *found)
{
    const char c = *r->p;
    *found = c == '*' || c == '+' || c == '?' || c == '{';
    if (!*found) {
        return WEIR_OK;
    }
    if (c == '{') {
        const char *q = r->p + 1;
        int low = 0;
        while (*q >= '0' && *q <= '9') {
            low = low < 100000 ? low * 10 + (*q - '0') : low;
            q++;
        }
        if (q == r->p + 1) {
            return wrong(r, "a { that is no repetition");
        }
        if (*q == ',') {
            q++;
            while (*q >= '0' && *q <= '9') {
                q++;
            }
        }
        if (*q != '}') {
            return wrong(r, "a { that is no repetition");
        }
        weir_buf_add(&r->out, r->p, (size_t)(q - r->p) + 1);
        r->p = q + 1;
        *empty = *empty || low == 0;
    } else {
        weir_buf_add_char(&r->out, c);
        r->p++;
        *empty = *empty || c != '+';
    }
    if (*r->p == '+') {
        return refuse(r, "a possessive quantifier");
    }
    if (*r->p == '?') {
        weir_buf_add_char(&r->out, *r->p++);
    }
    if (*r->p == '*' || *r->p == '+' || *r->p == '?' || *r->p == '{') {
        return wrong(r, "a quantifier behind a quantifier");
    }
    return WEIR_OK;
}

static weir_rc piece(struct rx *r, bool *empty)
{
    bool repeated = false;
    *empty = false;
    switch (*r->p) {
    case '(':
        WEIR_TRY(group(r, empty));
        break;
    case '[':
        WEIR_TRY(char_class(r));
        break;
    case '.':
        weir_buf_add_str(&r->out, r->dotall ? "(?s:.)" : ANY_BUT_NEWLINE);
        r->p++;
        break;
    case '^':
        weir_buf_add_char(&r->out, *r->p++);
        *empty = true;
        break;
    case '$':
        weir_buf_add_str(&r->out, r->find_only ? AT_END : "\\z");
        r->dollar = true;
        r->p++;
        *empty = true;
        break;
    case '\\':
        if (r->p[1] == 'Q') {
            r->p += 2;
            *empty = r->p[0] == '\0' || (r->p[0] == '\\' && r->p[1] == 'E');
            weir_buf_add_str(&r->out, "(?:");
            quoted(r);
            weir_buf_add_str(&r->out, ")");
            break;
        }
        WEIR_TRY(escape(r, false, empty));
        break;
    case '*':
    case '+':
    case '?':
    case '{':
        return wrong(r, "a quantifier behind nothing");
    default:
        do { /* a whole UTF-8 character */
            weir_buf_add_char(&r->out, *r->p++);
        } while ((*r->p & 0xC0) == 0x80);
        break;
    }
    return quantifier(r, empty, &repeated);
}

static weir_rc alternatives(struct rx *r, bool *empty)
{
    *empty = false;
    for (;;) {
        bool branch_empty = true;
        while (*r->p && *r->p != '|' && *r->p != ')') {
            bool piece_empty = false;
            WEIR_TRY(piece(r, &piece_empty));
            branch_empty = branch_empty && piece_empty;
        }
        *empty = *empty || branch_empty;
        if (*r->p != '|') {
            return WEIR_OK;
        }
        weir_buf_add_char(&r->out, *r->p++);
    }
}

weir_rc weiri_regex(struct xl *x, struct weir_pos pos, const char *java, bool find_only, const char **out, bool *can_be_empty, bool *has_dollar, int *groups)
{
    struct rx r = {.x = x, .pos = pos, .p = java, .whole = java, .find_only = find_only};
    bool empty = false;
    weir_buf_init(&r.out, 1 << 20);
    weir_rc rc = alternatives(&r, &empty);
    if (rc == WEIR_OK && *r.p) {
        rc = wrong(&r, "a ) that closes nothing");
    }
    if (rc == WEIR_OK) {
        *out = weir_arena_strndup(x->arena, r.out.data ? r.out.data : "", r.out.len);
    }
    weir_buf_free(&r.out);
    if (can_be_empty) {
        *can_be_empty = empty;
    }
    if (has_dollar) {
        *has_dollar = r.dollar;
    }
    if (groups) {
        *groups = r.groups;
    }
    return rc;
}
