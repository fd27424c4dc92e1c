/* json_parse.c - the cell of a JSON column into a value: a function of the token's text alone, as sinks that keep dictionaries need it. */
#include "format/json_internal.h"
#include <math.h>

struct parser {
    struct weir_text_parser base;
    const struct weir_format *format;
    struct weir_type type;
    struct weir_text_parser *text; /* of dates and times: what CSV makes of the string */
    weir_arena *arena;             /* texts that had to be built; for one call */
};

/* What a string token stands for. */
static struct weir_str string_of(struct parser *p, const char *text, size_t len)
{
    const struct weir_str inside = {text + 1, len - 2};
    if (weiri_json_is_plain(inside.ptr, inside.len)) {
        return inside;
    }
    weir_arena_reset(p->arena);
    char *out = weir_arena_alloc(p->arena, 3 * inside.len + 1);
    return (struct weir_str){out, weiri_json_unescape(&p->format->rules, inside.ptr, inside.len, out)};
}

static bool is_string(const char *text)
{
    return text[0] == '"' || text[0] == '\'';
}

/* NaN, Infinity, -INF, ..: a word, or a string of these. */
static bool non_numeric(struct weir_str t, double *out)
{
    if (weir_str_eq(t, WEIR_STR("NaN"))) {
        *out = (double)NAN;
    } else if (weir_str_eq(t, WEIR_STR("+INF")) || weir_str_eq(t, WEIR_STR("+Infinity")) || weir_str_eq(t, WEIR_STR("Infinity"))) {
        *out = (double)INFINITY;
    } else if (weir_str_eq(t, WEIR_STR("-INF")) || weir_str_eq(t, WEIR_STR("-Infinity"))) {
        *out = -(double)INFINITY;
    } else {
        return false;
    }
    return true;
}

static bool is_number(const char *text, size_t len)
{
    return len > 0 && (text[0] == '-' || (text[0] >= '0' && text[0] <= '9')) && text[len - 1] >= '0' && text[len - 1] <= '9';
}

static enum weir_verdict parse_string(struct weir_text_parser *self, const char *text, size_t len, union weir_value *out)
{
    struct parser *p = self->state;
    const bool as_is = text[0] == WEIRI_JSON_AS_IS;
    out->s = as_is ? (struct weir_str){text + 1, len - 1} : is_string(text) ? string_of(p, text, len) : (struct weir_str){text, len};
    return WEIR_VALUE;
}

static enum weir_verdict parse_binary(struct weir_text_parser *self, const char *text, size_t len, union weir_value *out)
{
    struct parser *p = self->state;
    if (text[0] == WEIRI_JSON_AS_IS) {
        out->s = (struct weir_str){text + 1, len - 1};
        return WEIR_VALUE;
    }
    if (!is_string(text)) {
        return WEIR_VALUE_BAD;
    }
    const struct weir_str inside = string_of(p, text, len);
    return weiri_base64(p->arena, inside.ptr, inside.len, &out->s) ? WEIR_VALUE : WEIR_VALUE_BAD;
}

static enum weir_verdict parse_bool(struct weir_text_parser *self, const char *text, size_t len, union weir_value *out)
{
    (void)self;
    out->b = len == 4 && memcmp(text, "true", 4) == 0;
    return out->b || (len == 5 && memcmp(text, "false", 5) == 0) ? WEIR_VALUE : WEIR_VALUE_BAD;
}

static enum weir_verdict parse_integer(struct weir_text_parser *self, const char *text, size_t len, union weir_value *out)
{
    static const struct {
        int64_t min, max;
    } ranges[] = {[WEIR_TYPE_BYTE] = {INT8_MIN, UINT8_MAX}, [WEIR_TYPE_SHORT] = {INT16_MIN, INT16_MAX}, [WEIR_TYPE_INT] = {INT32_MIN, INT32_MAX}, [WEIR_TYPE_LONG] = {INT64_MIN, INT64_MAX}};
    const struct parser *p = self->state;
    if (!is_number(text, len) || weiri_parse_integer(text, len, ranges[p->type.id].min, ranges[p->type.id].max, &out->i) != WEIR_VALUE) {
        return WEIR_VALUE_BAD;
    }
    if (p->type.id == WEIR_TYPE_BYTE) {
        out->i = (int8_t)out->i; /* Jackson takes 128 to 255 and lets them wrap */
    }
    return WEIR_VALUE;
}

static enum weir_verdict parse_float(struct weir_text_parser *self, const char *text, size_t len, union weir_value *out)
{
    struct parser *p = self->state;
    if (len == 2 && memcmp(text, "-0", 2) == 0) {
        out->f = 0; /* it is read as a whole number first, which has no -0 */
        return WEIR_VALUE;
    }
    if (is_number(text, len)) {
        return p->type.id == WEIR_TYPE_FLOAT ? weiri_parse_float(NULL, text, len, &out->f) : weiri_parse_double(NULL, text, len, &out->f);
    }
    const struct weir_str word = is_string(text) ? string_of(p, text, len) : (struct weir_str){text, len};
    return p->format->rules.non_numeric && non_numeric(word, &out->f) ? WEIR_VALUE : WEIR_VALUE_BAD;
}

static enum weir_verdict parse_decimal(struct weir_text_parser *self, const char *text, size_t len, union weir_value *out)
{
    struct parser *p = self->state;
    if (!is_string(text)) {
        return is_number(text, len) ? weiri_parse_decimal(text, len, p->type.precision, p->type.scale, &out->d) : WEIR_VALUE_BAD;
    }
    const struct weir_str inside = string_of(p, text, len);
    return inside.len > 0 ? weiri_parse_decimal(inside.ptr, inside.len, p->type.precision, p->type.scale, &out->d) : WEIR_VALUE_BAD;
}

/* Days of the calendar with Caesar's leap years up to 1582 as days of the proleptic Gregorian one: the same date. */
static int64_t rebase_days(int64_t days)
{
    if (days >= -141427) {
        return days;
    }
    /* The Julian date of the day, counted from 1 March of year 0. */
    const int64_t since = days + 719470; /* 1970-01-01 is 719470 days behind 0000-03-01 Julian */
    const int64_t year = (since * 4 + 3 >= 0 ? since * 4 + 3 : since * 4 + 3 - 1460) / 1461;
    const int64_t day_of_year = since - (year * 1461 >= 0 ? year * 1461 / 4 : -((-year * 1461 + 3) / 4));
    const int64_t month = (5 * day_of_year + 2) / 153;
    const int64_t day = day_of_year - (153 * month + 2) / 5;
    const int64_t era = (year >= 0 ? year : year - 399) / 400, of_era = year - era * 400;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + (153 * month + 2) / 5 + day - 719468;
}

/* Old Spark wrote dates as days since 1970, in strings. */
static bool old_date(const struct parser *p, struct weir_str text, int64_t *out)
{
    int64_t days;
    if (p->type.id != WEIR_TYPE_DATE || !p->format->date_fallback || weiri_parse_integer(text.ptr, text.len, INT32_MIN, INT32_MAX, &days) != WEIR_VALUE) {
        return false;
    }
    *out = (int32_t)rebase_days(days);
    return true;
}

static enum weir_verdict parse_time(struct weir_text_parser *self, const char *text, size_t len, union weir_value *out)
{
    struct parser *p = self->state;
    if (is_string(text)) {
        const struct weir_str inside = string_of(p, text, len);
        if (inside.len == 0) {
            return WEIR_VALUE_BAD;
        }
        const enum weir_verdict verdict = p->text->parse(p->text, inside.ptr, inside.len, out);
        return verdict == WEIR_VALUE || !old_date(p, inside, &out->i) ? verdict : WEIR_VALUE;
    }
    int64_t seconds;
    if (p->type.id != WEIR_TYPE_TIMESTAMP || !is_number(text, len) || weiri_parse_integer(text, len, INT64_MIN, INT64_MAX, &seconds) != WEIR_VALUE) {
        return WEIR_VALUE_BAD;
    }
    out->i = (int64_t)((uint64_t)seconds * 1000000); /* wraps, as in Spark */
    return WEIR_VALUE;
}

static enum weir_verdict (*parse_of(enum weir_type_id id))(struct weir_text_parser *, const char *, size_t, union weir_value *)
{
    switch (id) {
    case WEIR_TYPE_BOOLEAN:
        return parse_bool;
    case WEIR_TYPE_BYTE:
    case WEIR_TYPE_SHORT:
    case WEIR_TYPE_INT:
    case WEIR_TYPE_LONG:
        return parse_integer;
    case WEIR_TYPE_FLOAT:
    case WEIR_TYPE_DOUBLE:
        return parse_float;
    case WEIR_TYPE_DECIMAL:
        return parse_decimal;
    case WEIR_TYPE_DATE:
    case WEIR_TYPE_TIMESTAMP:
    case WEIR_TYPE_TIMESTAMP_NTZ:
        return parse_time;
    case WEIR_TYPE_BINARY:
        return parse_binary;
    default:
        return parse_string;
    }
}

struct weir_text_parser *weiri_json_parser_new(const struct weir_type *type, const struct weir_format *format)
{
    WEIR_ASSERT(weir_type_is_primitive(type));
    struct parser *p = weir_calloc(1, sizeof *p);
    p->format = format;
    p->type = *type;
    p->arena = weir_arena_new();
    p->base = (struct weir_text_parser){parse_of(type->id), p};
    if (p->base.parse == parse_time) {
        p->text = weir_text_parser_new(type, format);
    }
    return &p->base;
}

void weiri_json_parser_free(struct weir_text_parser *parser)
{
    if (parser) {
        struct parser *p = parser->state;
        weir_text_parser_free(p->text);
        weir_arena_free(p->arena);
        weir_free(p);
    }
}
