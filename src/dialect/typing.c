/* typing.c - Spark's types under ANSI coercion, and the DuckDB type of each. Rules: AnsiTypeCoercion, DecimalPrecisionTypeCoercion. */
#include "dialect/xlate.h"

static int max_int(int a, int b)
{
    return a > b ? a : b;
}

const char *weiri_duck_type(struct xl *x, const struct weir_type *type)
{
    switch (type->id) {
    case WEIR_TYPE_BOOLEAN: return "BOOLEAN";
    case WEIR_TYPE_BYTE: return "TINYINT";
    case WEIR_TYPE_SHORT: return "SMALLINT";
    case WEIR_TYPE_INT: return "INTEGER";
    case WEIR_TYPE_LONG: return "BIGINT";
    case WEIR_TYPE_FLOAT: return "FLOAT";
    case WEIR_TYPE_DOUBLE: return "DOUBLE";
    case WEIR_TYPE_DECIMAL: return weiri_f(x, "DECIMAL(%d,%d)", type->precision, type->scale);
    case WEIR_TYPE_STRING: return "VARCHAR";
    case WEIR_TYPE_BINARY: return "BLOB";
    case WEIR_TYPE_DATE: return "DATE";
    case WEIR_TYPE_TIMESTAMP:
    case WEIR_TYPE_TIMESTAMP_NTZ: return "TIMESTAMP";
    case WEIR_TYPE_ARRAY: return weiri_f(x, "%s[]", weiri_duck_type(x, &type->fields[0].type));
    case WEIR_TYPE_MAP: return weiri_f(x, "MAP(%s, %s)", weiri_duck_type(x, &type->fields[0].type), weiri_duck_type(x, &type->fields[1].type));
    case WEIR_TYPE_STRUCT: {
        const char *text = "STRUCT(";
        for (size_t i = 0; i < type->field_count; i++) {
            text = weiri_f(x, "%s%s%s %s", text, i ? ", " : "", weiri_quote_name(x, type->fields[i].name), weiri_duck_type(x, &type->fields[i].type));
        }
        return weiri_f(x, "%s)", text);
    }
    case WEIR_TYPE_INTERVAL_YM:
    case WEIR_TYPE_INTERVAL_DT: return "INTERVAL";
    case WEIR_TYPE_VARIANT:
    case WEIR_TYPE_VOID: break;
    }
    return "INTEGER"; /* a NULL without a type */
}

bool weiri_is_integral(enum weir_type_id id)
{
    return id >= WEIR_TYPE_BYTE && id <= WEIR_TYPE_LONG;
}

bool weiri_is_float(enum weir_type_id id)
{
    return id == WEIR_TYPE_FLOAT || id == WEIR_TYPE_DOUBLE;
}

bool weiri_is_numeric(enum weir_type_id id)
{
    return weiri_is_integral(id) || weiri_is_float(id) || id == WEIR_TYPE_DECIMAL;
}

bool weiri_same_type(const struct weir_type *a, const struct weir_type *b)
{
    if (a->id != b->id || a->precision != b->precision || a->scale != b->scale || a->field_count != b->field_count) {
        return false;
    }
    for (size_t i = 0; i < a->field_count; i++) {
        if (!weiri_same_type(&a->fields[i].type, &b->fields[i].type) || (a->id == WEIR_TYPE_STRUCT && strcmp(a->fields[i].name, b->fields[i].name) != 0)) {
            return false;
        }
    }
    return true;
}

static struct weir_type nested(struct xl *x, enum weir_type_id id, size_t count)
{
    struct weir_type type = weir_type_of(id);
    type.fields = weir_arena_zalloc(x->arena, (count ? count : 1) * sizeof *type.fields);
    type.field_count = count;
    return type;
}

struct weir_type weiri_array_of(struct xl *x, struct weir_type element)
{
    struct weir_type type = nested(x, WEIR_TYPE_ARRAY, 1);
    type.fields[0] = (struct weir_field){.name = "element", .type = element, .nullable = true};
    return type;
}

struct weir_type weiri_map_of(struct xl *x, struct weir_type key, struct weir_type value)
{
    struct weir_type type = nested(x, WEIR_TYPE_MAP, 2);
    type.fields[0] = (struct weir_field){.name = "key", .type = key};
    type.fields[1] = (struct weir_field){.name = "value", .type = value, .nullable = true};
    return type;
}

/* --- decimals --- */

static struct weir_type decimal_for(enum weir_type_id id)
{
    switch (id) {
    case WEIR_TYPE_BYTE: return weir_type_decimal(3, 0);
    case WEIR_TYPE_SHORT: return weir_type_decimal(5, 0);
    case WEIR_TYPE_INT: return weir_type_decimal(10, 0);
    default: return weir_type_decimal(20, 0);
    }
}

/* A literal counts as its digits, another integer as its type. */
struct weir_type weiri_decimal_of(const struct val *value)
{
    if (value->type.id == WEIR_TYPE_DECIMAL) {
        return value->type;
    }
    if (value->constant && value->node && value->node->kind == N_INT) {
        const char *digits = value->node->text;
        digits += *digits == '-' ? 1 : 0;
        while (*digits == '0' && digits[1]) {
            digits++;
        }
        return weir_type_decimal((int)strlen(digits), 0);
    }
    return decimal_for(value->type.id);
}

struct weir_type weiri_decimal_adjust(int precision, int scale)
{
    if (precision <= WEIR_DECIMAL_PRECISION_MAX) {
        return weir_type_decimal(precision, scale);
    }
    const int digits = precision - scale;
    const int least = scale < 6 ? scale : 6;
    return weir_type_decimal(WEIR_DECIMAL_PRECISION_MAX, max_int(WEIR_DECIMAL_PRECISION_MAX - digits, least));
}

struct weir_type weiri_decimal_result(int op, struct weir_type a, struct weir_type b)
{
    const int p1 = a.precision, s1 = a.scale, p2 = b.precision, s2 = b.scale;
    int scale;
    switch (op) {
    case OP_ADD:
    case OP_SUB:
        scale = max_int(s1, s2);
        return weiri_decimal_adjust(max_int(p1 - s1, p2 - s2) + scale + 1, scale);
    case OP_MUL:
        return weiri_decimal_adjust(p1 + p2 + 1, s1 + s2);
    case OP_DIV:
        scale = max_int(6, s1 + p2 + 1);
        return weiri_decimal_adjust(p1 - s1 + s2 + scale, scale);
    default: /* OP_MOD */
        scale = max_int(s1, s2);
        return weiri_decimal_adjust((p1 - s1 < p2 - s2 ? p1 - s1 : p2 - s2) + scale, scale);
    }
}

/* Both fit: the larger range and the larger scale; past 38 digits the integral ones stay. */
static struct weir_type wider_decimal(struct weir_type a, struct weir_type b)
{
    const int scale = max_int(a.scale, b.scale);
    const int range = max_int(a.precision - a.scale, b.precision - b.scale);
    if (range + scale <= WEIR_DECIMAL_PRECISION_MAX) {
        return weir_type_decimal(range + scale, scale);
    }
    return weir_type_decimal(WEIR_DECIMAL_PRECISION_MAX, max_int(0, WEIR_DECIMAL_PRECISION_MAX - range));
}

/* --- common types --- */

bool weiri_orderable(const struct weir_type *type)
{
    return type->field_count == 0 && type->id != WEIR_TYPE_ARRAY && type->id != WEIR_TYPE_MAP && type->id != WEIR_TYPE_STRUCT && type->id != WEIR_TYPE_VARIANT;
}

static bool common_numeric(enum weir_type_id a, enum weir_type_id b, const struct weir_type *ta, const struct weir_type *tb, struct weir_type *out)
{
    if (a == WEIR_TYPE_DECIMAL || b == WEIR_TYPE_DECIMAL) {
        if (weiri_is_float(a) || weiri_is_float(b)) {
            *out = weir_type_of(WEIR_TYPE_DOUBLE);
        } else {
            *out = wider_decimal(a == WEIR_TYPE_DECIMAL ? *ta : decimal_for(a), b == WEIR_TYPE_DECIMAL ? *tb : decimal_for(b));
        }
        return true;
    }
    if ((a == WEIR_TYPE_FLOAT && weiri_is_integral(b)) || (b == WEIR_TYPE_FLOAT && weiri_is_integral(a))) {
        *out = weir_type_of(WEIR_TYPE_DOUBLE);
        return true;
    }
    *out = weir_type_of(a > b ? a : b); /* BYTE < SHORT < INT < LONG < FLOAT < DOUBLE */
    return true;
}

static bool is_timestamp(enum weir_type_id id)
{
    return id == WEIR_TYPE_TIMESTAMP || id == WEIR_TYPE_TIMESTAMP_NTZ;
}

static bool common_with_string(enum weir_type_id other, const struct weir_type *type, struct weir_type *out)
{
    if (weiri_is_integral(other)) {
        *out = weir_type_of(WEIR_TYPE_LONG);
    } else if (weiri_is_numeric(other)) {
        *out = weir_type_of(WEIR_TYPE_DOUBLE);
    } else if (other == WEIR_TYPE_BOOLEAN || other == WEIR_TYPE_DATE || is_timestamp(other) || other == WEIR_TYPE_BINARY) {
        *out = *type;
    } else {
        return false;
    }
    return true;
}

static bool common_nested(struct xl *x, const struct weir_type *a, const struct weir_type *b, struct weir_type *out)
{
    if (a->id != b->id || a->field_count != b->field_count || a->field_count == 0) {
        return false;
    }
    *out = nested(x, a->id, a->field_count);
    for (size_t i = 0; i < a->field_count; i++) {
        out->fields[i] = a->fields[i];
        if (!weiri_common_type(x, &a->fields[i].type, &b->fields[i].type, &out->fields[i].type)) {
            return false;
        }
        if (a->id == WEIR_TYPE_STRUCT && !weir_str_eq_nocase(weir_str(a->fields[i].name), weir_str(b->fields[i].name))) {
            return false;
        }
    }
    return true;
}

bool weiri_common_type(struct xl *x, const struct weir_type *a, const struct weir_type *b, struct weir_type *out)
{
    if (weiri_same_type(a, b) || b->id == WEIR_TYPE_VOID) {
        *out = *a;
        return true;
    }
    if (a->id == WEIR_TYPE_VOID) {
        *out = *b;
        return true;
    }
    if (weiri_is_numeric(a->id) && weiri_is_numeric(b->id)) {
        return common_numeric(a->id, b->id, a, b, out);
    }
    if (a->id == WEIR_TYPE_STRING) {
        return common_with_string(b->id, b, out);
    }
    if (b->id == WEIR_TYPE_STRING) {
        return common_with_string(a->id, a, out);
    }
    if ((is_timestamp(a->id) && b->id == WEIR_TYPE_DATE) || (is_timestamp(b->id) && a->id == WEIR_TYPE_DATE)) {
        *out = is_timestamp(a->id) ? *a : *b;
        return true;
    }
    if (is_timestamp(a->id) && is_timestamp(b->id)) {
        *out = weir_type_of(WEIR_TYPE_TIMESTAMP);
        return true;
    }
    if (a->id == WEIR_TYPE_INTERVAL_DT && b->id == WEIR_TYPE_INTERVAL_DT) {
        *out = weir_type_of(WEIR_TYPE_INTERVAL_DT);
        return true;
    }
    return common_nested(x, a, b, out);
}

bool weiri_common_plain(struct xl *x, const struct weir_type *a, const struct weir_type *b, struct weir_type *out)
{
    const bool text = a->id == WEIR_TYPE_STRING || b->id == WEIR_TYPE_STRING;
    if (text && a->id != b->id && a->id != WEIR_TYPE_VOID && b->id != WEIR_TYPE_VOID) {
        return false;
    }
    return weiri_common_type(x, a, b, out);
}

bool weiri_tightest(struct xl *x, const struct weir_type *a, const struct weir_type *b, struct weir_type *out)
{
    const bool decimal = a->id == WEIR_TYPE_DECIMAL || b->id == WEIR_TYPE_DECIMAL;
    if (!weiri_common_plain(x, a, b, out)) {
        return false;
    }
    if (decimal && weiri_is_numeric(a->id) && weiri_is_numeric(b->id)) {
        return weiri_same_type(out, a) || weiri_same_type(out, b);
    }
    return true;
}
