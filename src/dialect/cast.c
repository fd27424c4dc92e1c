/* cast.c - Spark's ANSI casts in DuckDB text. What a text may look like is checked by the macros of prelude.c, so that nothing is read that Spark refuses. */
#include "dialect/xlate.h"

static weir_rc no_cast(struct xl *x, struct weir_pos pos, const struct weir_type *from, const struct weir_type *to)
{
    return weiri_invalid(x, pos, "DATATYPE_MISMATCH", "cannot cast %s to %s", weiri_type_text(x, from), weiri_type_text(x, to));
}

static const char *plain(struct xl *x, const struct val *in, const struct weir_type *to, bool try_cast)
{
    return weiri_f(x, "%s(%s AS %s)", try_cast ? "TRY_CAST" : "CAST", in->sql, weiri_duck_type(x, to));
}

/* Through DOUBLE's shortest text: the digits that Java's BigDecimal sees. */
static const char *double_to_decimal(struct xl *x, const struct val *in, const struct weir_type *to, bool try_cast)
{
    const char *wide = in->type.id == WEIR_TYPE_FLOAT ? weiri_f(x, "CAST(%s AS DOUBLE)", in->sql) : in->sql;
    return weiri_f(x, "%s(CAST(weir_no_nan(%s) AS VARCHAR) AS %s)", try_cast ? "TRY_CAST" : "CAST", wide, weiri_duck_type(x, to));
}

static bool to_numeric(struct xl *x, const struct val *in, const struct weir_type *to, bool try_cast, const char **out)
{
    const enum weir_type_id from = in->type.id;
    const char *t = try_cast ? "TRY_CAST" : "CAST";
    const char *type = weiri_duck_type(x, to);
    if (from == WEIR_TYPE_STRING) {
        const char *kind = weiri_is_integral(to->id) ? "long" : to->id == WEIR_TYPE_DECIMAL ? "number" : "double";
        *out = weiri_f(x, "%s(weir_%sstr_%s(%s) AS %s)", t, try_cast ? "try_" : "", kind, in->sql, type);
        return true;
    }
    if (weiri_is_integral(to->id)) {
        if (weiri_is_float(from) && to->id == WEIR_TYPE_LONG) {
            *out = weiri_f(x, "weir_%sdouble_long(CAST(%s AS DOUBLE))", try_cast ? "try_" : "", in->sql);
        } else if (weiri_is_float(from) || from == WEIR_TYPE_DECIMAL) {
            *out = weiri_f(x, "%s(trunc(%s) AS %s)", t, in->sql, type);
        } else if (from == WEIR_TYPE_TIMESTAMP) {
            *out = weiri_f(x, "%s(weir_floor_seconds(%s) AS %s)", t, in->sql, type);
        } else if (weiri_is_integral(from) || from == WEIR_TYPE_BOOLEAN) {
            *out = plain(x, in, to, try_cast);
        } else {
            return false;
        }
        return true;
    }
    if (from == WEIR_TYPE_TIMESTAMP && weiri_is_float(to->id)) {
        *out = weiri_f(x, "CAST(epoch_us(%s) / 1000000.0::DOUBLE AS %s)", in->sql, type);
        return true;
    }
    if (to->id == WEIR_TYPE_DECIMAL && weiri_is_float(from)) {
        *out = double_to_decimal(x, in, to, try_cast);
    } else if (to->id == WEIR_TYPE_DECIMAL && from == WEIR_TYPE_BOOLEAN) {
        *out = weiri_f(x, "%s(CAST(%s AS INTEGER) AS %s)", t, in->sql, type);
    } else if (weiri_is_float(to->id) && from == WEIR_TYPE_DECIMAL && in->type.precision > 15) {
        *out = weiri_f(x, "%s(CAST(%s AS VARCHAR) AS %s)", t, in->sql, type);
    } else if (weiri_is_numeric(from) || from == WEIR_TYPE_BOOLEAN) {
        *out = plain(x, in, to, try_cast);
    } else {
        return false;
    }
    return true;
}

static weir_rc to_string(struct xl *x, struct weir_pos pos, const struct val *in, const char **out);

/* [1, 2, null]: each element as Spark prints it. */
static weir_rc array_to_string(struct xl *x, struct weir_pos pos, const struct val *in, const char **out)
{
    const char *var = weiri_f(x, "v%d", x->next_var++);
    struct val element = {.type = in->type.fields[0].type, .sql = var, .weight = 1};
    const char *text = NULL;
    WEIR_TRY(to_string(x, pos, &element, &text));
    *out = weiri_f(x, "('[' || array_to_string(list_transform(%s, lambda %s: coalesce(%s, 'null')), ', ') || ']')", in->sql, var, text);
    return WEIR_OK;
}

static weir_rc struct_to_string(struct xl *x, struct weir_pos pos, const struct val *in, const char **out)
{
    const char *text = "'{'";
    for (size_t i = 0; i < in->type.field_count; i++) {
        struct val field = {.type = in->type.fields[i].type, .weight = 1};
        const char *one = NULL;
        field.sql = weiri_f(x, "struct_extract(%s, %s)", in->sql, weiri_quote_string(x, in->type.fields[i].name));
        WEIR_TRY(to_string(x, pos, &field, &one));
        text = weiri_more(x, text, " || %scoalesce(%s, 'null')", i ? "', ' || " : "", one);
    }
    *out = weiri_f(x, "CASE WHEN %s IS NULL THEN NULL ELSE %s || '}' END", in->sql, text);
    return WEIR_OK;
}

static weir_rc to_string(struct xl *x, struct weir_pos pos, const struct val *in, const char **out)
{
    switch (in->type.id) {
    case WEIR_TYPE_FLOAT:
    case WEIR_TYPE_DOUBLE:
        *out = weiri_f(x, "weir_java_double(%s)", in->sql);
        return WEIR_OK;
    case WEIR_TYPE_BINARY:
        *out = weiri_f(x, "decode(%s)", in->sql);
        return WEIR_OK;
    case WEIR_TYPE_DECIMAL:
        if (in->type.precision == in->type.scale && in->type.precision == WEIR_DECIMAL_PRECISION_MAX) {
            return weiri_unsupported(x, pos, "CAST_UNSUPPORTED", "a cast of decimal(38,38) to string");
        }
        *out = in->type.precision == in->type.scale ? weiri_f(x, "CAST(CAST(%s AS DECIMAL(%d,%d)) AS VARCHAR)", in->sql, in->type.precision + 1, in->type.scale) /* DuckDB prints .5 else */
                                                    : weiri_f(x, "CAST(%s AS VARCHAR)", in->sql);
        return WEIR_OK;
    case WEIR_TYPE_ARRAY:
        return array_to_string(x, pos, in, out);
    case WEIR_TYPE_STRUCT:
        return struct_to_string(x, pos, in, out);
    case WEIR_TYPE_MAP:
    case WEIR_TYPE_VARIANT:
    case WEIR_TYPE_INTERVAL_YM:
    case WEIR_TYPE_INTERVAL_DT:
        return weiri_unsupported(x, pos, "CAST_UNSUPPORTED", weiri_f(x, "a cast of %s to string", weiri_type_text(x, &in->type)));
    default:
        *out = weiri_f(x, "CAST(%s AS VARCHAR)", in->sql);
        return WEIR_OK;
    }
}

static weir_rc to_temporal(struct xl *x, struct weir_pos pos, const struct val *in, const struct weir_type *to, bool try_cast, const char **out)
{
    const enum weir_type_id from = in->type.id;
    const bool from_time = from == WEIR_TYPE_TIMESTAMP || from == WEIR_TYPE_TIMESTAMP_NTZ;
    if (from == WEIR_TYPE_STRING) {
        const char *kind = to->id == WEIR_TYPE_DATE ? "date" : to->id == WEIR_TYPE_TIMESTAMP ? "timestamp" : "timestamp_ntz";
        *out = weiri_f(x, "weir_%sstr_%s(%s)", try_cast ? "try_" : "", kind, in->sql);
        return WEIR_OK;
    }
    if (from == WEIR_TYPE_DATE || from_time) {
        *out = from_time && to->id != WEIR_TYPE_DATE ? in->sql : plain(x, in, to, try_cast);
        return WEIR_OK;
    }
    if (to->id == WEIR_TYPE_TIMESTAMP && weiri_is_integral(from)) {
        *out = weiri_f(x, "make_timestamp(CAST(%s AS BIGINT) * 1000000)", in->sql);
        return WEIR_OK;
    }
    if (to->id == WEIR_TYPE_TIMESTAMP && (weiri_is_numeric(from) || from == WEIR_TYPE_BOOLEAN)) {
        return weiri_unsupported(x, pos, "CAST_UNSUPPORTED", weiri_f(x, "a cast of %s to timestamp", weiri_type_text(x, &in->type)));
    }
    return no_cast(x, pos, &in->type, to);
}

static weir_rc to_nested(struct xl *x, struct weir_pos pos, const struct val *in, const struct weir_type *to, bool try_cast, const char **out)
{
    if (in->type.id != to->id || in->type.field_count != to->field_count) {
        return no_cast(x, pos, &in->type, to);
    }
    if (to->id == WEIR_TYPE_ARRAY) {
        const char *var = weiri_f(x, "v%d", x->next_var++);
        struct val element = {.type = in->type.fields[0].type, .sql = var, .weight = 1}, cast;
        WEIR_TRY(weiri_cast(x, pos, element, to->fields[0].type, try_cast, &cast));
        *out = weiri_f(x, "CAST(list_transform(%s, lambda %s: %s) AS %s)", in->sql, var, cast.sql, weiri_duck_type(x, to));
        return WEIR_OK;
    }
    if (to->id == WEIR_TYPE_STRUCT) {
        const char *text = "";
        for (size_t i = 0; i < to->field_count; i++) {
            struct val field = {.type = in->type.fields[i].type, .weight = 1}, cast;
            field.sql = weiri_f(x, "struct_extract(%s, %s)", in->sql, weiri_quote_string(x, in->type.fields[i].name));
            WEIR_TRY(weiri_cast(x, pos, field, to->fields[i].type, try_cast, &cast));
            text = weiri_more(x, text, "%s%s: %s", i ? ", " : "", weiri_quote_string(x, to->fields[i].name), cast.sql);
        }
        *out = weiri_f(x, "CASE WHEN %s IS NULL THEN NULL ELSE {%s} END", in->sql, text);
        return WEIR_OK;
    }
    return weiri_unsupported(x, pos, "CAST_UNSUPPORTED", weiri_f(x, "a cast of %s to %s", weiri_type_text(x, &in->type), weiri_type_text(x, to)));
}

static weir_rc cast_sql(struct xl *x, struct weir_pos pos, const struct val *in, const struct weir_type *to, bool try_cast, const char **out)
{
    const enum weir_type_id from = in->type.id;
    switch (to->id) {
    case WEIR_TYPE_BOOLEAN:
        if (from == WEIR_TYPE_STRING) {
            *out = weiri_f(x, "weir_%sstr_boolean(%s)", try_cast ? "try_" : "", in->sql);
        } else if (weiri_is_numeric(from)) {
            *out = weiri_f(x, "(%s <> 0)", in->sql);
        } else {
            return no_cast(x, pos, &in->type, to);
        }
        return WEIR_OK;
    case WEIR_TYPE_BYTE:
    case WEIR_TYPE_SHORT:
    case WEIR_TYPE_INT:
    case WEIR_TYPE_LONG:
    case WEIR_TYPE_FLOAT:
    case WEIR_TYPE_DOUBLE:
    case WEIR_TYPE_DECIMAL:
        return to_numeric(x, in, to, try_cast, out) ? WEIR_OK : no_cast(x, pos, &in->type, to);
    case WEIR_TYPE_STRING:
        return to_string(x, pos, in, out);
    case WEIR_TYPE_BINARY:
        if (from != WEIR_TYPE_STRING) {
            return weiri_is_integral(from) ? weiri_unsupported(x, pos, "CAST_UNSUPPORTED", "a cast of a number to binary") : no_cast(x, pos, &in->type, to);
        }
        *out = weiri_f(x, "encode(%s)", in->sql);
        return WEIR_OK;
    case WEIR_TYPE_DATE:
    case WEIR_TYPE_TIMESTAMP:
    case WEIR_TYPE_TIMESTAMP_NTZ:
        return to_temporal(x, pos, in, to, try_cast, out);
    case WEIR_TYPE_ARRAY:
    case WEIR_TYPE_MAP:
    case WEIR_TYPE_STRUCT:
        return to_nested(x, pos, in, to, try_cast, out);
    case WEIR_TYPE_INTERVAL_DT:
        if (from == WEIR_TYPE_INTERVAL_DT) {
            *out = in->sql;
            return WEIR_OK;
        }
        break;
    default:
        break;
    }
    return weiri_unsupported(x, pos, "CAST_UNSUPPORTED", weiri_f(x, "a cast to %s", weiri_type_text(x, to)));
}

weir_rc weiri_cast(struct xl *x, struct weir_pos pos, struct val in, struct weir_type to, bool try_cast, struct val *out)
{
    *out = in;
    out->type = to;
    if (weiri_same_type(&in.type, &to)) {
        return WEIR_OK;
    }
    out->constant = false;
    out->never_zero = false;
    out->weight = in.weight * 2 + 4;
    if (in.type.id == WEIR_TYPE_VOID) {
        out->sql = weiri_f(x, "CAST(%s AS %s)", in.sql, weiri_duck_type(x, &to));
        return WEIR_OK;
    }
    out->never_zero = in.never_zero && weiri_is_numeric(to.id) && weiri_is_integral(in.type.id);
    out->never_null = in.never_null && !try_cast;
    return cast_sql(x, pos, &in, &to, try_cast, &out->sql);
}

/* May `from` become `to` without CAST? Widening, NULL, text to any atom and any atom to text. */
static bool implicit(struct xl *x, const struct weir_type *from, const struct weir_type *to)
{
    if (weiri_same_type(from, to) || from->id == WEIR_TYPE_VOID) {
        return true;
    }
    const bool atom = weir_type_is_primitive(from);
    if (to->id == WEIR_TYPE_STRING) {
        return atom && from->id != WEIR_TYPE_BINARY;
    }
    if (from->id == WEIR_TYPE_STRING) {
        return weir_type_is_primitive(to) && to->id != WEIR_TYPE_VOID;
    }
    if (to->id == WEIR_TYPE_DECIMAL && (weiri_is_integral(from->id) || from->id == WEIR_TYPE_DECIMAL)) {
        return true;
    }
    if (weiri_is_float(to->id) && weiri_is_numeric(from->id)) {
        return true;
    }
    if (weiri_is_integral(to->id) && weiri_is_integral(from->id)) {
        return from->id <= to->id;
    }
    struct weir_type common;
    return weiri_common_type(x, from, to, &common) && weiri_same_type(&common, to);
}

weir_rc weiri_coerce(struct xl *x, struct weir_pos pos, struct val *value, struct weir_type to)
{
    if (!implicit(x, &value->type, &to)) {
        return weiri_invalid(x, pos, "DATATYPE_MISMATCH", "%s stands where %s is needed", weiri_type_text(x, &value->type), weiri_type_text(x, &to));
    }
    return weiri_cast(x, pos, *value, to, false, value);
}

weir_rc weiri_coerce_bool(struct env *env, const weir_node *node, struct val *value, const char *where)
{
    if (value->type.id == WEIR_TYPE_BOOLEAN) {
        return WEIR_OK;
    }
    if (value->type.id == WEIR_TYPE_VOID && strcmp(where, "WHERE") != 0 && strcmp(where, "HAVING") != 0) {
        return weiri_cast(env->x, node->pos, *value, weir_type_of(WEIR_TYPE_BOOLEAN), false, value);
    }
    return weiri_invalid(env->x, node->pos, "DATATYPE_MISMATCH", "%s needs a condition, not %s", where, weiri_type_text(env->x, &value->type));
}
