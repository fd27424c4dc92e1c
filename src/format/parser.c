/* parser.c - the text parser of a column: its type and the dialect's options behind one function pointer.
 *
 * A parser is a function of the text alone (sinks keep its verdicts in dictionaries). What is NULL by where it stands, an empty cell under a nullValue that is
 * not empty, comes to the sink as a cell without text instead. */
#include "format/text_internal.h"

struct parser {
    struct weir_text_parser base;
    const struct weir_format *csv; /* NULL = Spark's defaults */
    struct weir_str null_value;
    bool has_null_value;
    struct weir_type type;
    struct weir_buf scratch; /* repaired text */
    /* Times repeat: the last text and what it gave. */
    char last[32];
    size_t last_len;
    enum weir_verdict last_verdict;
    int64_t last_value;
};

static bool is_null(const struct parser *p, const char *text, size_t len)
{
    return len == p->null_value.len && p->has_null_value && (len == 0 || memcmp(text, p->null_value.ptr, len) == 0);
}

static bool ascii_only(const char *text, size_t len)
{
    uint64_t word, any = 0;
    size_t i = 0;
    for (; i + 8 <= len; i += 8) {
        memcpy(&word, text + i, 8);
        any |= word;
    }
    for (; i < len; i++) {
        any |= (uint64_t)(uint8_t)text[i];
    }
    return (any & UINT64_C(0x8080808080808080)) == 0;
}

static enum weir_verdict take_text(struct parser *p, const char *text, size_t len, union weir_value *out)
{
    if (!ascii_only(text, len) && !weir_utf8_valid(text, len)) {
        weir_buf_clear(&p->scratch);
        char *room = weir_buf_reserve(&p->scratch, len * 3);
        WEIR_ASSERT(room != NULL); /* rows are bounded far below */
        len = weiri_utf8_repair(text, len, room);
        text = room;
    }
    out->s = (struct weir_str){text, len};
    return WEIR_VALUE;
}

static enum weir_verdict parse_text(struct weir_text_parser *self, const char *text, size_t len, union weir_value *out)
{
    struct parser *p = self->state;
    return is_null(p, text, len) ? WEIR_VALUE_NULL : take_text(p, text, len, out);
}

static enum weir_verdict parse_bool(struct weir_text_parser *self, const char *text, size_t len, union weir_value *out)
{
    struct parser *p = self->state;
    return is_null(p, text, len) ? WEIR_VALUE_NULL : weiri_parse_boolean(text, len, &out->b);
}

static enum weir_verdict parse_integer(struct weir_text_parser *self, const char *text, size_t len, union weir_value *out)
{
    static const struct {
        int64_t min, max;
    } ranges[] = {[WEIR_TYPE_BYTE] = {INT8_MIN, INT8_MAX},
                  [WEIR_TYPE_SHORT] = {INT16_MIN, INT16_MAX},
                  [WEIR_TYPE_INT] = {INT32_MIN, INT32_MAX},
                  [WEIR_TYPE_LONG] = {INT64_MIN, INT64_MAX}};
    struct parser *p = self->state;
    if (is_null(p, text, len)) {
        return WEIR_VALUE_NULL;
    }
    return weiri_parse_integer(text, len, ranges[p->type.id].min, ranges[p->type.id].max, &out->i);
}

static enum weir_verdict parse_float(struct weir_text_parser *self, const char *text, size_t len, union weir_value *out)
{
    struct parser *p = self->state;
    if (is_null(p, text, len)) {
        return WEIR_VALUE_NULL;
    }
    return p->type.id == WEIR_TYPE_FLOAT ? weiri_parse_float(p->csv, text, len, &out->f) : weiri_parse_double(p->csv, text, len, &out->f);
}

static enum weir_verdict parse_decimal(struct weir_text_parser *self, const char *text, size_t len, union weir_value *out)
{
    struct parser *p = self->state;
    return is_null(p, text, len) ? WEIR_VALUE_NULL : weiri_parse_decimal(text, len, p->type.precision, p->type.scale, &out->d);
}

/* --- dates and times --- */

/* The fallback of old: "GMT" is taken out of the text, then the lenient cast. */
static struct weir_str without_gmt(struct parser *p, const char *text, size_t len)
{
    if (!memmem(text, len, "GMT", 3)) {
        return (struct weir_str){text, len};
    }
    weir_buf_clear(&p->scratch);
    for (size_t i = 0; i < len;) {
        if (len - i >= 3 && memcmp(text + i, "GMT", 3) == 0) {
            i += 3;
        } else {
            weir_buf_add_char(&p->scratch, text[i++]);
        }
    }
    return weir_buf_view(&p->scratch);
}

static bool read_date(struct parser *p, const char *text, size_t len, int64_t *out)
{
    const struct weiri_pattern *pattern = p->csv ? p->csv->date_pattern : NULL;
    const struct weiri_pattern *usual = p->csv && !pattern ? p->csv->date_usual : NULL;
    const bool lenient = !p->csv || p->csv->date_fallback;
    if (pattern ? weiri_pattern_date(pattern, text, len, out) : (!usual || lenient) && weiri_cast_date(text, len, out)) {
        return true;
    }
    if (usual && weiri_pattern_date(usual, text, len, out)) { /* signed years with zeros before them, which the cast does not take */
        return true;
    }
    if (!lenient) {
        return false;
    }
    struct weir_str old = without_gmt(p, text, len);
    return weiri_cast_date(old.ptr, old.len, out);
}

static bool read_timestamp(struct parser *p, const char *text, size_t len, int64_t *out)
{
    const struct weiri_pattern *pattern = p->csv ? p->csv->timestamp_pattern : NULL;
    const weir_zone *zone = p->csv ? p->csv->zone : weir_zone_utc();
    if (pattern ? weiri_pattern_timestamp(pattern, text, len, zone, out) : weiri_cast_timestamp(text, len, zone, out)) {
        return true;
    }
    if (p->csv && !p->csv->timestamp_fallback) {
        return false;
    }
    struct weir_str old = without_gmt(p, text, len);
    return (pattern || old.len != len) && weiri_cast_timestamp(old.ptr, old.len, zone, out);
}

static bool read_ntz(struct parser *p, const char *text, size_t len, int64_t *out)
{
    const struct weiri_pattern *pattern = p->csv ? p->csv->ntz_pattern : NULL;
    return pattern ? weiri_pattern_timestamp_ntz(pattern, text, len, out) : weiri_cast_timestamp_ntz(text, len, out);
}

static enum weir_verdict parse_time(struct weir_text_parser *self, const char *text, size_t len, union weir_value *out)
{
    struct parser *p = self->state;
    if (len > 0 && len == p->last_len && memcmp(text, p->last, len) == 0) {
        out->i = p->last_value;
        return p->last_verdict;
    }
    if (is_null(p, text, len)) {
        return WEIR_VALUE_NULL;
    }
    out->i = 0;
    bool good = p->type.id == WEIR_TYPE_DATE        ? read_date(p, text, len, &out->i)
                : p->type.id == WEIR_TYPE_TIMESTAMP ? read_timestamp(p, text, len, &out->i)
                                                    : read_ntz(p, text, len, &out->i);
    if (len <= sizeof p->last) {
        memcpy(p->last, text, len);
        p->last_len = len;
        p->last_value = out->i;
        p->last_verdict = good ? WEIR_VALUE : WEIR_VALUE_BAD;
    }
    return good ? WEIR_VALUE : WEIR_VALUE_BAD;
}

/* --- making them --- */

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
    default:
        return parse_text;
    }
}

struct weir_text_parser *weir_text_parser_new(const struct weir_type *type, const weir_format *csv)
{
    WEIR_ASSERT(weir_type_is_primitive(type));
    struct parser *p = weir_calloc(1, sizeof *p);
    p->csv = csv;
    p->type = *type;
    p->null_value = csv ? csv->null_value : WEIR_STR("");
    p->has_null_value = true;
    p->base.parse = parse_of(type->id);
    p->base.state = p;
    weir_buf_init(&p->scratch, 0);
    return &p->base;
}

static enum weir_verdict parse_raw(struct weir_text_parser *self, const char *text, size_t len, union weir_value *out)
{
    (void)self;
    out->s = (struct weir_str){text, len};
    return WEIR_VALUE;
}

struct weir_text_parser *weiri_raw_parser_new(bool repair)
{
    const struct weir_type type = weir_type_of(WEIR_TYPE_STRING);
    struct weir_text_parser *parser = weir_text_parser_new(&type, NULL);
    struct parser *p = parser->state;
    p->has_null_value = false;
    p->base.parse = repair ? p->base.parse : parse_raw;
    return parser;
}

void weir_text_parser_free(struct weir_text_parser *parser)
{
    if (parser) {
        struct parser *p = parser->state;
        weir_buf_free(&p->scratch);
        weir_free(p);
    }
}
