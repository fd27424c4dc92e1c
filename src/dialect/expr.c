/* expr.c - expressions: literals, names, CASE, CAST, IN, sub-queries, access; operators are in operators.c, calls in call.c. */
#include "dialect/xlate.h"

struct val weiri_val(struct weir_type type, const char *sql, uint32_t weight)
{
    return (struct val){.type = type, .sql = sql, .weight = weight};
}

static uint32_t add_weight(uint32_t a, uint32_t b)
{
    return a > 1000000 || b > 1000000 ? 1000000 : a + b;
}

bool weiri_constant_int(const struct val *value, int64_t *out)
{
    return value->constant && value->node && value->node->kind == N_INT && weir_str_to_i64(weir_str(value->node->text), out);
}

bool weiri_constant_string(const struct val *value, const char **out)
{
    if (!value->constant || !value->node || value->node->kind != N_STRING) {
        return false;
    }
    *out = value->node->text;
    return true;
}

/* --- literals --- */

static weir_rc int_literal(struct xl *x, const weir_node *node, struct val *out)
{
    int64_t value = 0;
    const bool fits = weir_str_to_i64(weir_str(node->text), &value);
    enum weir_type_id id = node->type.id;
    if (id == WEIR_TYPE_VOID) {
        id = fits && value >= INT32_MIN && value <= INT32_MAX ? WEIR_TYPE_INT : WEIR_TYPE_LONG;
    }
    const int64_t low = id == WEIR_TYPE_BYTE ? INT8_MIN : id == WEIR_TYPE_SHORT ? INT16_MIN : INT64_MIN;
    const int64_t high = id == WEIR_TYPE_BYTE ? INT8_MAX : id == WEIR_TYPE_SHORT ? INT16_MAX : INT64_MAX;
    if (!fits && node->type.id == WEIR_TYPE_VOID) {
        const size_t digits = strlen(node->text) - (node->text[0] == '-' ? 1 : 0);
        if (digits > WEIR_DECIMAL_PRECISION_MAX) {
            return weiri_invalid(x, node->pos, "DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION", "the number %.60s has more than 38 digits", node->text);
        }
        out->type = weir_type_decimal((int)digits, 0);
        out->sql = weiri_f(x, "CAST('%s' AS DECIMAL(%d,0))", node->text, (int)digits);
        out->never_zero = true;
        return WEIR_OK;
    }
    if (!fits || value < low || value > high) {
        return weiri_invalid(x, node->pos, "INVALID_NUMERIC_LITERAL_RANGE", "the number %.60s is out of its type's range", node->text);
    }
    out->type = weir_type_of(id);
    out->never_zero = value != 0;
    if (id == WEIR_TYPE_INT && value != INT32_MIN) {
        out->sql = value < 0 ? weiri_f(x, "(%lld)", (long long)value) : weiri_f(x, "%lld", (long long)value);
    } else {
        out->sql = weiri_f(x, "CAST('%lld' AS %s)", (long long)value, weiri_duck_type(x, &out->type));
    }
    return WEIR_OK;
}

/* 1.50 is DECIMAL(3,2), 0.1 DECIMAL(1,1). */
static weir_rc decimal_literal(struct xl *x, const weir_node *node, struct val *out)
{
    const char *text = node->text;
    const bool minus = *text == '-';
    text += minus ? 1 : 0;
    char digits[128];
    size_t count = 0, scale = 0;
    bool point = false;
    int64_t exponent = 0;
    for (; *text && *text != 'e' && *text != 'E'; text++) {
        if (*text == '.') {
            point = true;
            continue;
        }
        if (count >= sizeof digits - 1) {
            break;
        }
        if (count > 0 || *text != '0') { /* leading zeros do not count */
            digits[count++] = *text;
        }
        scale += point ? 1 : 0;
    }
    if (*text && !weir_str_to_i64(weir_str(text + 1 + (text[1] == '+')), &exponent)) {
        exponent = 1000;
    }
    const int64_t scaled = (int64_t)scale - exponent;
    int64_t precision = (int64_t)count;
    precision = precision < 1 ? 1 : precision;
    if (scaled < 0) {
        precision -= scaled;
    }
    const int64_t final_scale = scaled < 0 ? 0 : scaled;
    precision = precision < final_scale ? final_scale : precision;
    if (precision > WEIR_DECIMAL_PRECISION_MAX) {
        return weiri_invalid(x, node->pos, "DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION", "the number %.60s needs more than 38 digits", node->text);
    }
    out->type = weir_type_decimal((int)precision, (int)final_scale);
    out->sql = weiri_f(x, "CAST('%s' AS DECIMAL(%d,%d))", node->text, (int)precision, (int)final_scale);
    out->never_zero = count > 0;
    return WEIR_OK;
}

static weir_rc float_literal(struct xl *x, const weir_node *node, struct val *out)
{
    double value = 0;
    if (!weir_str_to_f64(weir_str(node->text), &value)) {
        return weiri_invalid(x, node->pos, "INVALID_NUMERIC_LITERAL_RANGE", "the number %.60s cannot be read", node->text);
    }
    out->type = weir_type_of(node->kind == N_DOUBLE ? WEIR_TYPE_DOUBLE : WEIR_TYPE_FLOAT);
    out->sql = weiri_f(x, "CAST('%s' AS %s)", node->text, weiri_duck_type(x, &out->type));
    out->never_zero = value > 0 || value < 0;
    return WEIR_OK;
}

static weir_rc temporal_literal(struct xl *x, const weir_node *node, struct val *out)
{
    static const struct { enum node_kind kind; enum weir_type_id id; const char *macro; } kinds[] = {
        {N_DATE, WEIR_TYPE_DATE, "weir_str_date"}, {N_TIMESTAMP, WEIR_TYPE_TIMESTAMP, "weir_str_timestamp"}, {N_TIMESTAMP_NTZ, WEIR_TYPE_TIMESTAMP_NTZ, "weir_str_timestamp_ntz"}};
    const size_t k = node->kind == N_DATE ? 0 : node->kind == N_TIMESTAMP ? 1 : 2;
    static const char *const special[] = {"now", "today", "tomorrow", "yesterday", "epoch", NULL};
    for (size_t i = 0; special[i]; i++) {
        if (weir_str_eq_nocase(weir_str_trim(weir_str(node->text)), weir_str(special[i]))) {
            return weiri_unsupported(x, node->pos, "DATETIME_LITERAL_UNSUPPORTED", weiri_f(x, "the special value '%s'", special[i]));
        }
    }
    /* The plain shapes are DuckDB literals, so that filters on them reach the files' statistics. */
    const char *t = node->text;
    const size_t len = strlen(t);
    bool date = len == 10, time = len == 19;
    for (size_t i = 0; i < len && i < 19; i++) {
        const bool digit = t[i] >= '0' && t[i] <= '9';
        const bool want_digit = i != 4 && i != 7 && i != 10 && i != 13 && i != 16;
        const bool ok = want_digit ? digit : i < 10 ? t[i] == '-' : i == 10 ? t[i] == ' ' : t[i] == ':';
        date = date && ok;
        time = time && ok;
    }
    out->type = weir_type_of(kinds[k].id);
    if (date && k == 0) {
        out->sql = weiri_f(x, "DATE '%s'", t);
    } else if (k > 0 && (time || date)) {
        out->sql = weiri_f(x, "TIMESTAMP '%s'", t);
    } else {
        out->sql = weiri_f(x, "%s(%s)", kinds[k].macro, weiri_quote_string(x, t));
    }
    return WEIR_OK;
}

static weir_rc literal(struct xl *x, const weir_node *node, struct val *out)
{
    *out = (struct val){.constant = true, .never_null = node->kind != N_NULL, .weight = 1, .node = node};
    switch (node->kind) {
    case N_NULL:
        out->type = weir_type_of(WEIR_TYPE_VOID);
        out->sql = "NULL";
        return WEIR_OK;
    case N_BOOL:
        out->type = weir_type_of(WEIR_TYPE_BOOLEAN);
        out->sql = node->op ? "true" : "false";
        return WEIR_OK;
    case N_INT:
        return int_literal(x, node, out);
    case N_DECIMAL:
        return decimal_literal(x, node, out);
    case N_DOUBLE:
    case N_FLOAT:
        return float_literal(x, node, out);
    case N_STRING:
        out->type = weir_type_of(WEIR_TYPE_STRING);
        out->sql = weiri_quote_string(x, node->text);
        return WEIR_OK;
    case N_BINARY:
        out->type = weir_type_of(WEIR_TYPE_BINARY);
        out->sql = weiri_f(x, "unhex('%s')", node->text);
        return WEIR_OK;
    default:
        return temporal_literal(x, node, out);
    }
}

/* --- common types --- */

static weir_rc unify(struct xl *x, struct weir_pos pos, struct val *values, size_t count, struct weir_type *type, bool plain)
{
    if (count == 0) {
        *type = weir_type_of(WEIR_TYPE_VOID);
        return WEIR_OK;
    }
    *type = values[0].type;
    for (size_t i = 1; i < count; i++) {
        struct weir_type next;
        if (!(plain ? weiri_common_plain : weiri_common_type)(x, type, &values[i].type, &next)) {
            return weiri_invalid(x, pos, "DATATYPE_MISMATCH", "the values have no common type: %s and %s", weiri_type_text(x, type), weiri_type_text(x, &values[i].type));
        }
        *type = next;
    }
    for (size_t i = 0; i < count; i++) {
        WEIR_TRY(weiri_cast(x, pos, values[i], *type, false, &values[i]));
    }
    return WEIR_OK;
}

weir_rc weiri_unify(struct xl *x, struct weir_pos pos, struct val *values, size_t count, struct weir_type *type)
{
    return unify(x, pos, values, count, type, false);
}

weir_rc weiri_unify_plain(struct xl *x, struct weir_pos pos, struct val *values, size_t count, struct weir_type *type)
{
    return unify(x, pos, values, count, type, true);
}

static weir_rc values_of(struct env *env, const weir_node *node, size_t from, struct val **out)
{
    struct val *values = weir_arena_zalloc(env->x->arena, (node->kid_count + 1) * sizeof *values);
    for (size_t i = from; i < node->kid_count; i++) {
        WEIR_TRY(weiri_expr_val(env, node->kids[i], &values[i]));
    }
    *out = values;
    return WEIR_OK;
}

/* --- CASE --- */

static weir_rc case_val(struct env *env, const weir_node *node, struct val *out)
{
    struct xl *x = env->x;
    struct val *values = NULL;
    const size_t first = node->has_operand ? 1 : 0;
    const size_t pairs = (node->kid_count - first - (node->has_else ? 1 : 0)) / 2;
    WEIR_TRY(values_of(env, node, 0, &values));
    struct val *results = weir_arena_zalloc(x->arena, (pairs + 1) * sizeof *results);
    for (size_t i = 0; i < pairs; i++) {
        results[i] = values[first + i * 2 + 1];
    }
    if (node->has_else) {
        results[pairs] = values[node->kid_count - 1];
    }
    struct weir_type type;
    WEIR_TRY(weiri_unify(x, node->pos, results, pairs + (node->has_else ? 1 : 0), &type));
    const char *text = "CASE";
    uint32_t weight = 1;
    bool never_null = node->has_else && results[pairs].never_null, never_zero = node->has_else && results[pairs].never_zero;
    for (size_t i = 0; i < pairs; i++) {
        struct val when = values[first + i * 2];
        if (node->has_operand) {
            WEIR_TRY(weiri_compare(x, node->pos, OP_EQ, values[0], when, &when));
        } else {
            WEIR_TRY(weiri_coerce_bool(env, node->kids[first + i * 2], &when, "WHEN"));
        }
        text = weiri_more(x, text, " WHEN %s THEN %s", when.sql, results[i].sql);
        weight = add_weight(weight, add_weight(when.weight, results[i].weight));
        never_null = never_null && results[i].never_null;
        never_zero = never_zero && results[i].never_zero;
    }
    text = node->has_else ? weiri_f(x, "%s ELSE %s END", text, results[pairs].sql) : weiri_f(x, "%s END", text);
    *out = weiri_val(type, text, add_weight(weight, node->has_else ? results[pairs].weight : 0));
    out->never_null = never_null;
    out->never_zero = never_zero;
    return WEIR_OK;
}

/* --- IN, BETWEEN, IS --- */

static weir_rc in_val(struct env *env, const weir_node *node, struct val *out)
{
    struct xl *x = env->x;
    struct val *values = NULL;
    struct weir_type type;
    if (node->kids[0]->kind == N_TUPLE) {
        return weiri_unsupported(x, node->pos, "TUPLE_UNSUPPORTED", "(a, b) IN (..)");
    }
    WEIR_TRY(values_of(env, node, 0, &values));
    WEIR_TRY(weiri_unify(x, node->pos, values, node->kid_count, &type));
    const char *text = "";
    uint32_t weight = values[0].weight;
    for (size_t i = 1; i < node->kid_count; i++) {
        text = weiri_more(x, text, "%s%s", i > 1 ? ", " : "", values[i].sql);
        weight = add_weight(weight, values[i].weight);
    }
    *out = weiri_val(weir_type_of(WEIR_TYPE_BOOLEAN), weiri_f(x, "(%s %sIN (%s))", values[0].sql, node->negated ? "NOT " : "", text), weight);
    return WEIR_OK;
}

static weir_rc one_column(struct env *env, const weir_node *node, struct result *out)
{
    WEIR_TRY(weiri_query_sql(env->x, node->query, env, false, out));
    if (out->count != 1) {
        return weiri_invalid(env->x, node->pos, "INVALID_SUBQUERY_EXPRESSION", "a sub-query here gives one column, this one gives %zu", out->count);
    }
    return WEIR_OK;
}

static weir_rc in_query(struct env *env, const weir_node *node, struct val *out)
{
    struct xl *x = env->x;
    struct val left;
    struct result query;
    if (node->kids[0]->kind == N_TUPLE) {
        return weiri_unsupported(x, node->pos, "TUPLE_UNSUPPORTED", "(a, b) IN (SELECT ..)");
    }
    WEIR_TRY(weiri_expr_val(env, node->kids[0], &left));
    WEIR_TRY(one_column(env, node, &query));
    struct val values[2] = {left, weiri_val(query.cols[0].type, query.cols[0].sql, 1)};
    struct weir_type type;
    WEIR_TRY(weiri_unify(x, node->pos, values, 2, &type));
    const char *sql = query.sql;
    if (!weiri_same_type(&type, &query.cols[0].type)) {
        sql = weiri_f(x, "SELECT %s FROM (%s) AS %s", values[1].sql, query.sql, weiri_new_rel(x));
    }
    *out = weiri_val(weir_type_of(WEIR_TYPE_BOOLEAN), weiri_f(x, "(%s %sIN (%s))", values[0].sql, node->negated ? "NOT " : "", sql), add_weight(values[0].weight, 20));
    return WEIR_OK;
}

static weir_rc between_val(struct env *env, const weir_node *node, struct val *out)
{
    struct xl *x = env->x;
    struct val *values = NULL, low, high;
    WEIR_TRY(values_of(env, node, 0, &values));
    WEIR_TRY(weiri_compare(x, node->pos, OP_GE, values[0], values[1], &low));
    WEIR_TRY(weiri_compare(x, node->pos, OP_LE, values[0], values[2], &high));
    *out = weiri_val(weir_type_of(WEIR_TYPE_BOOLEAN), weiri_f(x, node->negated ? "(NOT (%s AND %s))" : "(%s AND %s)", low.sql, high.sql), add_weight(low.weight, high.weight));
    return WEIR_OK;
}

static weir_rc is_val(struct env *env, const weir_node *node, struct val *out)
{
    struct xl *x = env->x;
    const char *no = node->negated ? "NOT " : "";
    struct val value;
    WEIR_TRY(weiri_expr_val(env, node->kids[0], &value));
    *out = weiri_val(weir_type_of(WEIR_TYPE_BOOLEAN), NULL, add_weight(value.weight, 1));
    out->never_null = true;
    if (node->op == IS_DISTINCT) {
        struct val other, same;
        WEIR_TRY(weiri_expr_val(env, node->kids[1], &other));
        WEIR_TRY(weiri_compare(x, node->pos, OP_NULL_EQ, value, other, &same));
        out->sql = node->negated ? same.sql : weiri_f(x, "(NOT %s)", same.sql);
        out->weight = add_weight(same.weight, 1);
        return WEIR_OK;
    }
    if (node->op == IS_NULL) {
        out->sql = weiri_f(x, "(%s IS %sNULL)", value.sql, no);
        return WEIR_OK;
    }
    WEIR_TRY(weiri_coerce_bool(env, node->kids[0], &value, "IS TRUE"));
    const char *what = node->op == IS_TRUE ? "true" : node->op == IS_FALSE ? "false" : "NULL";
    out->sql = weiri_f(x, "(%s IS %sDISTINCT FROM %s)", value.sql, node->negated ? "" : "NOT ", what);
    return WEIR_OK;
}

/* --- access --- */

static weir_rc index_val(struct env *env, const weir_node *node, struct val *out)
{
    struct xl *x = env->x;
    struct val base, key;
    WEIR_TRY(weiri_expr_val(env, node->kids[0], &base));
    WEIR_TRY(weiri_expr_val(env, node->kids[1], &key));
    const uint32_t weight = add_weight(base.weight * 3, key.weight * 3);
    const char *name = NULL;
    if (base.type.id == WEIR_TYPE_ARRAY) {
        if (!weiri_is_integral(key.type.id)) {
            return weiri_invalid(x, node->pos, "DATATYPE_MISMATCH", "the index of an array is an integer, not %s", weiri_type_text(x, &key.type));
        }
        *out = weiri_val(base.type.fields[0].type, weiri_f(x, "weir_array_at(%s, %s)", base.sql, key.sql), weight);
        return WEIR_OK;
    }
    if (base.type.id == WEIR_TYPE_MAP) {
        WEIR_TRY(weiri_coerce(x, node->pos, &key, base.type.fields[0].type));
        *out = weiri_val(base.type.fields[1].type, weiri_f(x, "(%s)[%s]", base.sql, key.sql), weight);
        return WEIR_OK;
    }
    if (base.type.id == WEIR_TYPE_STRUCT && weiri_constant_string(&key, &name)) {
        return weiri_field(x, node->pos, base, name, out);
    }
    return weiri_invalid(x, node->pos, "INVALID_EXTRACT_BASE_FIELD_TYPE", "[..] needs an array or a map, not %s", weiri_type_text(x, &base.type));
}

static weir_rc group_ref(struct env *env, const weir_node *node, struct val *out, bool *found)
{
    *found = false;
    if (!env->agg || env->inside_aggregate || (env->aliases_first && node->kind == N_COLUMN)) {
        return WEIR_OK;
    }
    for (size_t i = 0; i < env->agg->group_count; i++) {
        if (weiri_same_expr(env, env->agg->groups[i], node)) {
            *out = env->agg->vals[i];
            out->sql = env->agg->refs[i];
            out->weight = 1;
            if (node->kind != N_STRING && node->kind != N_INT) {
                out->constant = false;
            }
            out->never_null = out->never_null && !env->agg->sets;
            *found = true;
            return WEIR_OK;
        }
    }
    return WEIR_OK;
}

static weir_rc dispatch(struct env *env, const weir_node *node, struct val *out)
{
    struct xl *x = env->x;
    struct result query;
    struct val inner;
    switch (node->kind) {
    case N_COLUMN:
        return weiri_resolve_column(env, node, out);
    case N_UNARY:
    case N_BINARY_OP:
        return weiri_operator(env, node, out);
    case N_IS:
        return is_val(env, node, out);
    case N_BETWEEN:
        return between_val(env, node, out);
    case N_IN:
        return in_val(env, node, out);
    case N_IN_QUERY:
        return in_query(env, node, out);
    case N_LIKE:
        return weiri_like(env, node, out);
    case N_EXISTS:
        WEIR_TRY(weiri_query_sql(x, node->query, env, false, &query));
        *out = weiri_val(weir_type_of(WEIR_TYPE_BOOLEAN), weiri_f(x, "EXISTS (%s)", query.sql), 20);
        out->never_null = true;
        return WEIR_OK;
    case N_SUBQUERY:
        WEIR_TRY(one_column(env, node, &query));
        *out = weiri_val(query.cols[0].type, weiri_f(x, "(%s)", query.sql), 20);
        return WEIR_OK;
    case N_CASE:
        return case_val(env, node, out);
    case N_CAST:
        WEIR_TRY(weiri_expr_val(env, node->kids[0], &inner));
        return weiri_cast(x, node->pos, inner, node->type, node->op == 1, out);
    case N_CALL: {
        bool found = false;
        WEIR_TRY(node->name.count == 1 ? weiri_find_column(env, node, out, &found) : WEIR_OK);
        return found ? WEIR_OK : weiri_call_val(env, node, out);
    }
    case N_INDEX:
        return index_val(env, node, out);
    case N_FIELD:
        WEIR_TRY(weiri_expr_val(env, node->kids[0], &inner));
        return weiri_field(x, node->pos, inner, node->text, out);
    case N_INTERVAL:
        return weiri_interval_val(env, node, out);
    case N_TUPLE:
        return weiri_unsupported(x, node->pos, "TUPLE_UNSUPPORTED", "a row value (a, b)");
    case N_STAR:
        return weiri_invalid(x, node->pos, "INVALID_USAGE_OF_STAR_OR_REGEX", "* stands here where a value is needed");
    case N_LAMBDA:
        return weiri_invalid(x, node->pos, "INVALID_LAMBDA_FUNCTION_CALL", "a lambda stands here where a value is needed");
    case N_NAMED_ARG:
        return weiri_invalid(x, node->pos, "NAMED_PARAMETERS_NOT_SUPPORTED", "a named argument stands here where a value is needed");
    default:
        return literal(x, node, out);
    }
}

weir_rc weiri_expr_val(struct env *env, const weir_node *node, struct val *out)
{
    bool found = false;
    memset(out, 0, sizeof *out);
    WEIR_TRY(group_ref(env, node, out, &found));
    if (found) {
        return WEIR_OK;
    }
    return dispatch(env, node, out);
}
