/* json_token.c - text into tokens. Each function leaves j->at where Jackson's reader would go on, also behind an error: what becomes of the rest of a damaged line depends
 * on it. A name is read together with the beginning of its value. */
#include "format/json_internal.h"

static bool skip_space(struct weiri_json *j, int *out);

bool weiri_json_fail(struct weiri_json *j, const char *why)
{
    if (!j->why) {
        j->why = why;
        j->where = j->at > j->text ? j->at - 1 : j->text;
    }
    return false;
}

/* Where the text was decoded before, Jackson reads characters, not bytes. */
static void past_char(const struct weiri_json_rules *rules, const char **at, const char *end)
{
    while (rules->charset_given && *at < end && ((uint8_t)**at & 0xc0) == 0x80) {
        ++*at;
    }
}

static bool fail_end(struct weiri_json *j)
{
    return weiri_json_fail(j, "the text ends too early");
}

void weiri_json_begin(struct weiri_json *j, const struct weiri_json_rules *rules, weir_arena *arena, const char *text, size_t len)
{
    struct weiri_json_level *levels = j->levels;
    const size_t cap = j->level_cap;
    *j = (struct weiri_json){.rules = rules, .arena = arena, .text = text, .at = text, .end = text + len, .from = text, .levels = levels, .level_cap = cap};
    if (cap == 0) {
        j->level_cap = 16;
        j->levels = weir_malloc(j->level_cap * sizeof *j->levels);
    }
    j->levels[0] = (struct weiri_json_level){.kind = JSON_IN_ROOT};
}

void weiri_json_free(struct weiri_json *j)
{
    weir_free(j->levels);
    j->levels = NULL;
    j->level_cap = 0;
}

static struct weiri_json_level *level(struct weiri_json *j)
{
    return &j->levels[j->depth];
}

static bool push(struct weiri_json *j, bool object)
{
    if (j->depth + 1 == j->level_cap) {
        j->level_cap *= 2;
        j->levels = weir_realloc(j->levels, j->level_cap * sizeof *j->levels);
    }
    j->levels[++j->depth] = (struct weiri_json_level){.kind = object ? JSON_IN_OBJECT : JSON_IN_ARRAY};
    return (int64_t)j->depth <= j->rules->depth_max || weiri_json_fail(j, "nested deeper than maxNestingDepth");
}

struct weir_str weiri_json_name(const struct weiri_json *j)
{
    size_t at = j->depth;
    at -= (j->token == JSON_OBJECT || j->token == JSON_ARRAY) && at > 0;
    return j->levels[at].name;
}

/* --- what stands between tokens --- */

static bool skip_char(struct weiri_json *j, uint8_t c)
{
    uint32_t units[2];
    if (c < 0x80) {
        return true;
    }
    j->at--;
    return weiri_json_char(&j->at, j->end, units) > 0 || weiri_json_fail(j, "broken UTF-8");
}

static bool skip_line_comment(struct weiri_json *j)
{
    while (j->at < j->end) {
        const uint8_t c = (uint8_t)*j->at++;
        if (c == '\n' || c == '\r') {
            return true;
        }
        if (!skip_char(j, c)) {
            return false;
        }
    }
    return true;
}

static bool skip_block_comment(struct weiri_json *j)
{
    while (j->at < j->end) {
        const uint8_t c = (uint8_t)*j->at++;
        if (c == '*' && j->at < j->end && *j->at == '/') {
            j->at++;
            return true;
        }
        if (!skip_char(j, c)) {
            return false;
        }
    }
    return fail_end(j);
}

/* The slash is behind us. */
static bool skip_comment(struct weiri_json *j)
{
    if (!j->rules->comments) {
        return weiri_json_fail(j, "a comment, without allowComments=true");
    }
    if (j->at == j->end) {
        return fail_end(j);
    }
    const char c = *j->at++;
    return c == '/' ? skip_line_comment(j) : c == '*' ? skip_block_comment(j) : weiri_json_fail(j, "a slash that begins no comment");
}

/* The next character that is no space; -1 at the end. */
static bool skip_space(struct weiri_json *j, int *out)
{
    while (j->at < j->end) {
        const uint8_t c = (uint8_t)*j->at++;
        if (c > ' ') {
            if (c != '/') {
                *out = c;
                return true;
            }
            if (!skip_comment(j)) {
                return false;
            }
        } else if (c != ' ' && c != '\t' && c != '\n' && c != '\r') {
            return weiri_json_fail(j, "a control character between values");
        }
    }
    *out = -1;
    return true;
}

static bool skip_space_to_something(struct weiri_json *j, int *out)
{
    return skip_space(j, out) && (*out >= 0 || fail_end(j));
}

static bool skip_colon(struct weiri_json *j, int *out)
{
    if (!skip_space_to_something(j, out)) {
        return false;
    }
    return *out == ':' ? skip_space_to_something(j, out) : weiri_json_fail(j, "a name without a colon behind it");
}

/* --- words --- */

/* May the character be part of a Java identifier? Beyond ASCII all may. */
static bool is_word(uint32_t c)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_' || c == '$' || c >= 0x7f || c < 9 || (c >= 0xe && c < 0x1c);
}

/* An unknown word is read to its end, and one character beyond. */
static bool fail_word(struct weiri_json *j)
{
    const char *where = j->at;
    for (int i = 0; i < 256 && j->at < j->end; i++) {
        const uint8_t c = (uint8_t)*j->at++;
        if (!skip_char(j, c) || !is_word(c)) {
            break;
        }
    }
    if (!j->why) {
        j->why = "a word that is no value";
        j->where = where > j->text ? where - 1 : j->text;
    }
    return false;
}

/* The rest of a word of which `have` characters are read. */
static bool match(struct weiri_json *j, const char *word, size_t have)
{
    for (; word[have] != '\0'; have++, j->at++) {
        if (j->at == j->end || *j->at != word[have]) {
            return fail_word(j);
        }
    }
    const uint8_t c = j->at < j->end ? (uint8_t)*j->at : ' ';
    return c < '0' || c == ']' || c == '}' || !is_word(c) || fail_word(j);
}

static bool non_numeric(struct weiri_json *j, const char *word, size_t have)
{
    return match(j, word, have) && (j->rules->non_numeric || weiri_json_fail(j, "NaN or Infinity, with allowNonNumericNumbers=false"));
}

/* --- numbers --- */

static bool is_digit(const struct weiri_json *j)
{
    return j->at < j->end && *j->at >= '0' && *j->at <= '9';
}

static size_t digits(struct weiri_json *j)
{
    const char *from = j->at;
    while (is_digit(j)) {
        j->at++;
    }
    return (size_t)(j->at - from);
}

/* What is no number is read with the character that spoils it. */
static bool fail_number(struct weiri_json *j, const char *why)
{
    if (j->at == j->end) {
        return fail_end(j);
    }
    j->at++;
    return weiri_json_fail(j, why);
}

/* The first digit is behind us. */
static bool number(struct weiri_json *j, char first)
{
    size_t count = 1;
    j->value = JSON_INT;
    if (first == '0' && is_digit(j)) {
        if (!j->rules->leading_zeros) {
            return weiri_json_fail(j, "a number with leading zeros, without allowNumericLeadingZeros=true");
        }
        while (j->at < j->end && *j->at == '0') {
            j->at++;
        }
        count = is_digit(j) ? 0 : 1;
    }
    count += digits(j);
    char c = j->at < j->end ? *j->at : '\0';
    if (c == '.') {
        j->value = JSON_FLOAT;
        j->at++;
        const size_t fraction = digits(j);
        if (fraction == 0) {
            j->at += j->at < j->end;
            return weiri_json_fail(j, "a decimal point without a digit behind it");
        }
        count += fraction;
        c = j->at < j->end ? *j->at : '\0';
    }
    if (c == 'e' || c == 'E') {
        j->value = JSON_FLOAT;
        j->at++;
        j->at += j->at < j->end && (*j->at == '+' || *j->at == '-');
        const size_t exponent = digits(j);
        if (exponent == 0) {
            return fail_number(j, "an exponent without a digit");
        }
        count += exponent;
    }
    return (int64_t)count <= j->rules->number_max || weiri_json_fail(j, "a number of more digits than maxNumLen");
}

/* The sign is behind us. */
static bool signed_number(struct weiri_json *j, bool negative)
{
    if (j->at == j->end) {
        return fail_end(j);
    }
    const char c = *j->at++;
    if (negative && c >= '0' && c <= '9') {
        return number(j, c);
    }
    if (c == 'I' && j->at < j->end && (*j->at == 'N' || *j->at == 'n')) {
        const bool is_short = *j->at++ == 'N';
        j->value = JSON_FLOAT;
        return non_numeric(j, is_short ? "-INF" : "-Infinity", 3);
    }
    j->at += c == 'I' && j->at < j->end;
    return weiri_json_fail(j, "a sign without a digit behind it");
}

/* --- strings --- */

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

bool weiri_json_escape(const struct weiri_json_rules *rules, const char **at, const char *end, uint32_t *unit)
{
    static const char from[] = "btnfr\"/\\", to[] = "\b\t\n\f\r\"/\\";
    if (*at == end) {
        return false;
    }
    const char c = *(*at)++;
    const char *hit = c != '\0' ? strchr(from, c) : NULL;
    if (hit) {
        *unit = (uint8_t)to[hit - from];
        return true;
    }
    if (c == 'u') {
        *unit = 0;
        for (int i = 0; i < 4; i++) {
            if (*at == end) {
                return false;
            }
            const int digit = hex(*(*at)++);
            if (digit < 0) {
                past_char(rules, at, end);
                return false;
            }
            *unit = *unit << 4 | (uint32_t)digit;
        }
        return true;
    }
    uint32_t units[2] = {(uint8_t)c, 0};
    if ((uint8_t)c >= 0x80) {
        (*at)--;
        if (weiri_json_char(at, end, units) != 1) {
            return false;
        }
    }
    *unit = units[0];
    return rules->any_escape || (c == '\'' && rules->single_quotes);
}

/* Bytes of `word` that are not plain text of a string: its quote, a backslash, control characters, what is beyond ASCII. Nonzero when there are any. */
static inline uint64_t odd_bytes(uint64_t word, uint64_t quotes)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), highs = ones << 7;
    const uint64_t quote = word ^ quotes, slash = word ^ (ones * '\\');
    return (((quote - ones) & ~quote) | ((slash - ones) & ~slash) | ((word - ones * ' ') & ~word) | word) & highs;
}

/* Where the plain text of a string or name ends. */
static const char *plain_end(const char *at, const char *end, char quote)
{
    const uint64_t quotes = UINT64_C(0x0101010101010101) * (uint8_t)quote;
    uint64_t word;
    for (; end - at >= 8; at += 8) {
        memcpy(&word, at, 8);
        if (odd_bytes(word, quotes) != 0) {
            break;
        }
    }
    while (at < end && (uint8_t)*at >= ' ' && (uint8_t)*at < 0x80 && *at != quote && *at != '\\') {
        at++;
    }
    return at;
}

/* To the closing quote. */
static bool read_string(struct weiri_json *j, char quote)
{
    uint32_t units[2];
    for (;;) {
        j->at = plain_end(j->at, j->end, quote);
        if (j->at == j->end) {
            return fail_end(j);
        }
        const uint8_t c = (uint8_t)*j->at;
        if (c >= 0x80) {
            if (weiri_json_char(&j->at, j->end, units) == 0) {
                return weiri_json_fail(j, "broken UTF-8");
            }
            continue;
        }
        j->at++;
        if (c == (uint8_t)quote) {
            return true;
        }
        if (c == '\\') {
            if (!weiri_json_escape(j->rules, &j->at, j->end, units)) {
                return weiri_json_fail(j, "an escape that JSON does not have");
            }
        } else if (!j->rules->control_chars) {
            return weiri_json_fail(j, "a control character in a string, without allowUnquotedControlChars=true");
        }
    }
}

/* To its end, whatever its length: nobody asks for its text. */
static bool pass_string(struct weiri_json *j)
{
    const bool open = j->open;
    j->open = false;
    return !open || read_string(j, '"');
}

bool weiri_json_finish(struct weiri_json *j)
{
    if (!j->open) {
        return true;
    }
    if (!pass_string(j)) {
        return false;
    }
    const size_t len = (size_t)(j->at - j->from) - 2;
    if ((int64_t)len <= j->rules->string_max) {
        return true;
    }
    char *text = weir_malloc(3 * len + 1);
    const int64_t units = weiri_utf16_length(text, weiri_json_unescape(j->rules, j->from + 1, len, text));
    weir_free(text);
    return units <= j->rules->string_max || weiri_json_fail(j, "a string longer than maxStringLen");
}

/* --- names --- */

/* Escapes are read while looking for the quote; whether the bytes are UTF-8 is known only then. */
static bool quoted_name(struct weiri_json *j, char quote, struct weir_str *out)
{
    const char *from = j->at;
    bool plain = true;
    uint32_t unit;
    for (j->at = plain_end(j->at, j->end, quote);; j->at++) {
        if (j->at == j->end) {
            return fail_end(j);
        }
        const uint8_t c = (uint8_t)*j->at;
        if (c == (uint8_t)quote) {
            break;
        }
        plain = plain && c < 0x80 && c != '\\';
        if (c == '\\') {
            j->at++;
            if (!weiri_json_escape(j->rules, &j->at, j->end, &unit)) {
                return weiri_json_fail(j, "an escape that JSON does not have");
            }
            j->at--;
        } else if (c < ' ' && !j->rules->control_chars) {
            j->at++;
            return weiri_json_fail(j, "a control character in a name");
        }
    }
    const size_t len = (size_t)(j->at++ - from);
    *out = (struct weir_str){from, len};
    if (plain) {
        return true;
    }
    uint32_t units[2];
    for (const char *at = from; at < from + len;) {
        if ((uint8_t)*at < 0x80) {
            at++;
        } else if (weiri_json_char(&at, from + len, units) == 0) {
            return weiri_json_fail(j, "broken UTF-8");
        }
    }
    char *text = weir_arena_alloc(j->arena, 3 * len + 1);
    *out = (struct weir_str){text, weiri_json_unescape(j->rules, from, len, text)};
    return true;
}

static bool is_bare(uint8_t c)
{
    return c >= 0x80 || (c > ' ' && is_word(c)) || c == '@' || c == '#' || c == '*' || c == '-' || c == '+';
}

static bool read_name(struct weiri_json *j, int first, struct weir_str *out)
{
    if (first == '"' || (first == '\'' && j->rules->single_quotes)) {
        return quoted_name(j, (char)first, out);
    }
    if (!j->rules->unquoted_names || !is_bare((uint8_t)first)) {
        const char *before = j->at;
        (void)skip_char(j, (uint8_t)first);
        j->at = j->at < before ? before : j->at;
        return weiri_json_fail(j, "a name without quotes round it");
    }
    const char *from = j->at - 1;
    while (j->at < j->end && is_bare((uint8_t)*j->at)) {
        j->at++;
    }
    if (j->at == j->end) {
        return fail_end(j);
    }
    *out = (struct weir_str){from, (size_t)(j->at - from)};
    return true;
}

/* --- values --- */

static bool is_letter(int c)
{
    return ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_' || c == '$' || (c >= 0xa2 && c <= 0xa5) || c == 0xaa || c == 0xb5 || c == 0xba || (c >= 0xc0 && c != 0xd7 && c != 0xf7);
}

static bool odd_value(struct weiri_json *j, int c)
{
    switch (c) {
    case '\'':
        if (!j->rules->single_quotes) {
            break;
        }
        j->value = JSON_STRING;
        return read_string(j, '\'');
    case 'N':
        j->value = JSON_FLOAT;
        return non_numeric(j, "NaN", 1);
    case 'I':
        j->value = JSON_FLOAT;
        return non_numeric(j, "Infinity", 1);
    case '+':
        return signed_number(j, false);
    default:
        break;
    }
    past_char(j->rules, &j->at, j->end);
    return is_letter(c) ? fail_word(j) : weiri_json_fail(j, "something that is no value");
}

/* The value that begins with c, which is behind us, into j->value. Of a string only the quote is read. */
static bool begin_value(struct weiri_json *j, int c)
{
    j->from = j->at - 1;
    switch (c) {
    case '"':
        j->open = true;
        j->value = JSON_STRING;
        return true;
    case '{':
        j->value = JSON_OBJECT;
        return true;
    case '[':
        j->value = JSON_ARRAY;
        return true;
    case 't':
        j->value = JSON_TRUE;
        return match(j, "true", 1);
    case 'f':
        j->value = JSON_FALSE;
        return match(j, "false", 1);
    case 'n':
        j->value = JSON_NULL;
        return match(j, "null", 1);
    case '-':
        return signed_number(j, true);
    default:
        return c >= '0' && c <= '9' ? number(j, (char)c) : odd_value(j, c);
    }
}

static bool enter(struct weiri_json *j, enum weiri_json_token token)
{
    if ((token == JSON_OBJECT || token == JSON_ARRAY) && !push(j, token == JSON_OBJECT)) {
        return false;
    }
    j->token = token;
    return true;
}

static bool leave(struct weiri_json *j, enum weiri_json_token token)
{
    const bool object = token == JSON_OBJECT_END;
    if (level(j)->kind != (object ? JSON_IN_OBJECT : JSON_IN_ARRAY)) {
        return weiri_json_fail(j, "a bracket that closes nothing");
    }
    j->depth--;
    j->from = j->at - 1;
    j->token = token;
    return true;
}

static bool next_name(struct weiri_json *j, int c)
{
    if (!read_name(j, c, &level(j)->name)) {
        return false;
    }
    j->token = JSON_NAME;
    j->value = JSON_NOTHING;
    if (skip_colon(j, &c) && begin_value(j, c)) {
        return true;
    }
    j->value = JSON_NOTHING;
    return false;
}

bool weiri_json_next(struct weiri_json *j)
{
    int c;
    if (j->token == JSON_NAME) {
        const enum weiri_json_token value = j->value;
        j->value = JSON_NOTHING;
        return enter(j, value);
    }
    if (!pass_string(j) || !skip_space(j, &c)) {
        return false;
    }
    if (c < 0) {
        if (j->depth > 0) {
            return fail_end(j);
        }
        j->token = JSON_NOTHING;
        return true;
    }
    if (c == ']' || c == '}') {
        return leave(j, c == '}' ? JSON_OBJECT_END : JSON_ARRAY_END);
    }
    struct weiri_json_level *here = level(j);
    const bool comma = here->begun && here->kind != JSON_IN_ROOT;
    here->begun = true;
    if (comma) {
        if (c != ',') {
            past_char(j->rules, &j->at, j->end);
            return weiri_json_fail(j, "a missing comma");
        }
        if (!skip_space_to_something(j, &c)) {
            return false;
        }
    }
    if (here->kind == JSON_IN_OBJECT) {
        return next_name(j, c);
    }
    return begin_value(j, c) && enter(j, j->value);
}

bool weiri_json_skip(struct weiri_json *j)
{
    if (j->token != JSON_OBJECT && j->token != JSON_ARRAY) {
        return true;
    }
    for (int64_t open = 1; open > 0;) {
        if (!weiri_json_next(j)) {
            return false;
        }
        if (j->token == JSON_NOTHING) {
            return j->depth == 0 || fail_end(j);
        }
        open += j->token == JSON_OBJECT || j->token == JSON_ARRAY;
        open -= j->token == JSON_OBJECT_END || j->token == JSON_ARRAY_END;
    }
    return true;
}
