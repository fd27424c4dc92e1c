/* special.c - functions with a rule of their own: numbers, conditions, aggregates. */
#include "dialect/special.h"

uint32_t weiri_weight(const struct special *s, uint32_t times)
{
    uint64_t weight = 2;
    for (size_t i = 0; i < s->count; i++) {
        weight += (uint64_t)s->args[i].weight * times;
    }
    return weight > 1000000 ? 1000000 : (uint32_t)weight;
}

weir_rc weiri_arg(struct special *s, size_t i, enum weir_type_id id)
{
    return weiri_coerce(s->env->x, s->node->pos, &s->args[i], weir_type_of(id));
}

weir_rc weiri_out(struct special *s, enum weir_type_id id, const char *sql, struct val *out)
{
    *out = weiri_val(weir_type_of(id), sql, weiri_weight(s, 2));
    return WEIR_OK;
}

weir_rc weiri_constant_arg(struct special *s, size_t i, const char **out)
{
    if (!weiri_constant_string(&s->args[i], out)) {
        return weiri_unsupported(s->env->x, s->node->pos, "ARGUMENT_NOT_CONSTANT", weiri_f(s->env->x, "argument %zu of %s() that is not a constant text", i + 1, s->node->text));
    }
    return WEIR_OK;
}

static weir_rc mismatch(struct special *s, size_t i)
{
    return weiri_invalid(s->env->x, s->node->pos, "DATATYPE_MISMATCH", "%s() does not take %s", s->node->text, weiri_type_text(s->env->x, &s->args[i].type));
}

/* --- rounding --- */

/* Spark's RoundBase: one digit more before the point, the scale cut. */
static struct weir_type rounded(struct weir_type in, int64_t digits)
{
    const int before = in.precision - in.scale + 1;
    int scale = 0, precision;
    if (digits < 0) {
        precision = before > (int)(1 - digits) ? before : (int)(1 - digits);
    } else {
        scale = digits < in.scale ? (int)digits : in.scale;
        precision = before + scale;
    }
    return weir_type_decimal(precision > WEIR_DECIMAL_PRECISION_MAX ? WEIR_DECIMAL_PRECISION_MAX : precision, scale);
}

static weir_rc digits_of(struct special *s, int64_t *out)
{
    *out = 0;
    if (s->count == 2 && (!weiri_constant_int(&s->args[1], out) || *out > 100 || *out < -38)) {
        return weiri_unsupported(s->env->x, s->node->pos, "ARGUMENT_NOT_CONSTANT", weiri_f(s->env->x, "%s() to a number of digits that is not a small constant", s->node->text));
    }
    return WEIR_OK;
}

/* 10^-digits as a decimal. */
static const char *unit_of(struct xl *x, int64_t digits)
{
    return weiri_power(x, digits > 38 ? -38 : (int)-digits);
}

weir_rc weiri_fn_round(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    const bool even = strcmp(s->node->text, "bround") == 0;
    int64_t digits = 0;
    WEIR_TRY(digits_of(s, &digits));
    if (s->args[0].type.id == WEIR_TYPE_STRING || s->args[0].type.id == WEIR_TYPE_VOID) {
        WEIR_TRY(weiri_arg(s, 0, WEIR_TYPE_DOUBLE));
    }
    const struct val a = s->args[0];
    if (!weiri_is_numeric(a.type.id)) {
        return mismatch(s, 0);
    }
    if (weiri_is_integral(a.type.id) && digits >= 0) {
        *out = a;
        out->constant = false;
        return WEIR_OK;
    }
    if (a.type.id == WEIR_TYPE_DECIMAL && digits >= 0) {
        const struct weir_type type = rounded(a.type, digits);
        const char *half_up = weiri_f(x, "CAST(%s AS %s)", a.sql, weiri_duck_type(x, &type));
        if (even && digits < a.type.scale) {
            if (a.type.precision > 18) {
                return weiri_unsupported(x, s->node->pos, "FUNCTION_UNSUPPORTED", "bround() of a decimal of more than 18 digits");
            }
            half_up = weiri_f(x, "CAST(weir_half_even(%s, %s, %s) AS %s)", a.sql, half_up, unit_of(x, digits), weiri_duck_type(x, &type));
        }
        *out = weiri_val(type, half_up, weiri_weight(s, even ? 8 : 1));
        return WEIR_OK;
    }
    if (a.type.id == WEIR_TYPE_DOUBLE && digits >= 0 && digits <= (even ? 10 : 20)) {
        const char *rounded_text = weiri_f(x, "CAST(CAST(%s AS VARCHAR) AS DECIMAL(38,%lld))", a.sql, (long long)digits);
        if (even) {
            rounded_text = weiri_f(x, "weir_half_even(CAST(CAST(%s AS VARCHAR) AS DECIMAL(38,20)), %s, %s)", a.sql, rounded_text, unit_of(x, digits));
        }
        *out = weiri_val(a.type, weiri_f(x, "weir_round_double(%s, %s)", a.sql, rounded_text), weiri_weight(s, even ? 12 : 6));
        return WEIR_OK;
    }
    if (weiri_is_integral(a.type.id) && digits >= -9 && !even) {
        *out = weiri_val(a.type, weiri_f(x, "CAST(weir_round_tens(CAST(%s AS HUGEINT), CAST(%s AS HUGEINT)) AS %s)", a.sql, weiri_power(x, (int)-digits), weiri_duck_type(x, &a.type)), weiri_weight(s, 3));
        return WEIR_OK;
    }
    return weiri_unsupported(x, s->node->pos, "FUNCTION_UNSUPPORTED", weiri_f(x, "%s() of %s to %lld digits", s->node->text, weiri_type_text(x, &a.type), (long long)digits));
}

weir_rc weiri_fn_ceil(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    const char *fn = strcmp(s->node->text, "floor") == 0 ? "floor" : "ceil";
    int64_t digits = 0;
    WEIR_TRY(digits_of(s, &digits));
    if (s->args[0].type.id == WEIR_TYPE_STRING || s->args[0].type.id == WEIR_TYPE_VOID) {
        WEIR_TRY(weiri_arg(s, 0, WEIR_TYPE_DOUBLE));
    }
    const struct val a = s->args[0];
    if (!weiri_is_numeric(a.type.id)) {
        return mismatch(s, 0);
    }
    if (a.type.id == WEIR_TYPE_DECIMAL && digits >= 0) {
        const struct weir_type type = rounded(a.type, digits);
        const int64_t kept = digits < a.type.scale ? digits : a.type.scale;
        if (kept == a.type.scale) {
            *out = weiri_val(type, weiri_f(x, "CAST(%s AS %s)", a.sql, weiri_duck_type(x, &type)), weiri_weight(s, 1));
        } else if (kept == 0) {
            *out = weiri_val(type, weiri_f(x, "CAST(%s(%s) AS %s)", fn, a.sql, weiri_duck_type(x, &type)), weiri_weight(s, 1));
        } else {
            const char *power = weiri_power(x, (int)kept);
            if (a.type.precision + kept + 1 > WEIR_DECIMAL_PRECISION_MAX) {
                return weiri_unsupported(x, s->node->pos, "DECIMAL_PRECISION_UNSUPPORTED", weiri_f(x, "%s() of so long a decimal", fn));
            }
            *out = weiri_val(type, weiri_f(x, "CAST(%s(%s * %s) * %s AS %s)", fn, weiri_wide(x, &a), power, weiri_power(x, (int)-kept), weiri_duck_type(x, &type)),
                             weiri_weight(s, 1));
        }
        return WEIR_OK;
    }
    if (s->count == 2) {
        return weiri_unsupported(x, s->node->pos, "FUNCTION_UNSUPPORTED", weiri_f(x, "%s() of %s to a number of digits", fn, weiri_type_text(x, &a.type)));
    }
    return weiri_out(s, WEIR_TYPE_LONG, weiri_is_integral(a.type.id) ? weiri_f(x, "CAST(%s AS BIGINT)", a.sql) : weiri_f(x, "weir_saturated(%s(CAST(%s AS DOUBLE)))", fn, a.sql), out);
}

/* --- operators as functions --- */

weir_rc weiri_fn_arith(struct special *s, struct val *out)
{
    static const struct { const char *name; int op; bool try_op; } names[] = {{"mod", OP_MOD, false},           {"div", OP_IDIV, false},          {"try_add", OP_ADD, true},
                                                                               {"try_subtract", OP_SUB, true}, {"try_multiply", OP_MUL, true}, {"shiftleft", OP_SHL, false},
                                                                               {"shiftright", OP_SHR, false}};
    struct xl *x = s->env->x;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i].name, s->node->text) != 0) {
            continue;
        }
        if (names[i].op == OP_SHL || names[i].op == OP_SHR) {
            weir_node node = *s->node;
            node.kind = N_BINARY_OP;
            node.op = names[i].op;
            return weiri_operator(s->env, &node, out);
        }
        WEIR_TRY(weiri_arith(x, s->node->pos, names[i].op, s->args[0], s->args[1], out));
        if (names[i].try_op) {
            out->sql = weiri_f(x, "TRY(%s)", out->sql);
            out->never_null = false;
        }
        return WEIR_OK;
    }
    return WEIR_OK;
}

weir_rc weiri_fn_try_divide(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    for (size_t i = 0; i < 2; i++) {
        if (s->args[i].type.id == WEIR_TYPE_DECIMAL || s->args[i].type.id == WEIR_TYPE_INTERVAL_DT || s->args[i].type.id == WEIR_TYPE_INTERVAL_YM) {
            return weiri_unsupported(x, s->node->pos, "FUNCTION_UNSUPPORTED", weiri_f(x, "try_divide() of %s", weiri_type_text(x, &s->args[i].type)));
        }
        WEIR_TRY(weiri_arg(s, i, WEIR_TYPE_DOUBLE));
    }
    return weiri_out(s, WEIR_TYPE_DOUBLE, weiri_f(x, "(%s / nullif(%s, 0))", s->args[0].sql, s->args[1].sql), out);
}

weir_rc weiri_fn_pmod(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    struct weir_type type;
    WEIR_TRY(weiri_unify(x, s->node->pos, s->args, 2, &type));
    if (!weiri_is_integral(type.id) && type.id != WEIR_TYPE_DOUBLE) {
        return weiri_unsupported(x, s->node->pos, "FUNCTION_UNSUPPORTED", weiri_f(x, "pmod() of %s", weiri_type_text(x, &type)));
    }
    *out = weiri_val(type, weiri_f(x, "weir_pmod(%s, %s)", s->args[0].sql, s->args[1].sql), weiri_weight(s, 6));
    return WEIR_OK;
}

weir_rc weiri_fn_rand(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    x->out->deterministic = false;
    if (s->count > 0) {
        return weiri_unsupported(x, s->node->pos, "FUNCTION_UNSUPPORTED", "rand() with a seed (Spark's sequence)");
    }
    if (strcmp(s->node->text, "uuid") == 0) {
        return weiri_out(s, WEIR_TYPE_STRING, "CAST(uuid() AS VARCHAR)", out);
    }
    return weiri_out(s, WEIR_TYPE_DOUBLE, "random()", out);
}

/* --- conditions --- */

weir_rc weiri_fn_nullif(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    struct val same;
    int64_t value = 1;
    WEIR_TRY(weiri_compare(x, s->node->pos, OP_EQ, s->args[0], s->args[1], &same));
    const bool numbers = weiri_is_numeric(s->args[0].type.id) && weiri_is_numeric(s->args[1].type.id);
    *out = weiri_val(s->args[0].type, numbers ? weiri_f(x, "nullif(%s, %s)", s->args[0].sql, s->args[1].sql) : weiri_f(x, "CASE WHEN %s THEN NULL ELSE %s END", same.sql, s->args[0].sql),
                     weiri_weight(s, 2));
    out->never_zero = weiri_constant_int(&s->args[1], &value) && value == 0;
    return WEIR_OK;
}

weir_rc weiri_fn_nullifzero(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    if (s->args[0].type.id == WEIR_TYPE_VOID) {
        WEIR_TRY(weiri_arg(s, 0, WEIR_TYPE_INT));
    }
    if (!weiri_is_numeric(s->args[0].type.id)) {
        return mismatch(s, 0);
    }
    const bool zero_if_null = strcmp(s->node->text, "zeroifnull") == 0;
    struct val zero = {.type = weir_type_of(WEIR_TYPE_INT), .sql = "0", .weight = 1};
    if (!zero_if_null) {
        *out = weiri_val(s->args[0].type, weiri_f(x, "nullif(%s, 0)", s->args[0].sql), weiri_weight(s, 2));
        out->never_zero = true;
        return WEIR_OK;
    }
    struct val both[2] = {s->args[0], zero};
    struct weir_type type;
    WEIR_TRY(weiri_unify(x, s->node->pos, both, 2, &type));
    *out = weiri_val(type, weiri_f(x, "coalesce(%s, %s)", both[0].sql, both[1].sql), weiri_weight(s, 1));
    return WEIR_OK;
}

weir_rc weiri_fn_equal_null(struct special *s, struct val *out)
{
    return weiri_compare(s->env->x, s->node->pos, OP_NULL_EQ, s->args[0], s->args[1], out);
}

/* decode(x, a, r1, b, r2, other); with two arguments: binary to text. */
weir_rc weiri_fn_decode(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    if (s->count == 2) {
        const char *charset = NULL;
        WEIR_TRY(weiri_constant_arg(s, 1, &charset));
        if (!weir_str_eq_nocase(weir_str(charset), WEIR_STR("utf-8"))) {
            return weiri_unsupported(x, s->node->pos, "FUNCTION_UNSUPPORTED", "decode() of a character set other than UTF-8");
        }
        WEIR_TRY(weiri_arg(s, 0, WEIR_TYPE_BINARY));
        return weiri_out(s, WEIR_TYPE_STRING, weiri_f(x, "decode(%s)", s->args[0].sql), out);
    }
    const size_t pairs = (s->count - 1) / 2;
    const bool other = (s->count - 1) % 2 == 1;
    struct val *results = weir_arena_zalloc(x->arena, (pairs + 1) * sizeof *results);
    for (size_t i = 0; i < pairs; i++) {
        results[i] = s->args[2 + i * 2];
    }
    if (other) {
        results[pairs] = s->args[s->count - 1];
    }
    struct weir_type type;
    WEIR_TRY(weiri_unify(x, s->node->pos, results, pairs + (other ? 1 : 0), &type));
    const char *text = "CASE";
    for (size_t i = 0; i < pairs; i++) {
        struct val same;
        WEIR_TRY(weiri_compare(x, s->node->pos, OP_NULL_EQ, s->args[0], s->args[1 + i * 2], &same));
        text = weiri_f(x, "%s WHEN %s THEN %s", text, same.sql, results[i].sql);
    }
    *out = weiri_val(type, other ? weiri_f(x, "%s ELSE %s END", text, results[pairs].sql) : weiri_f(x, "%s END", text), weiri_weight(s, (uint32_t)pairs));
    return WEIR_OK;
}

weir_rc weiri_fn_typeof(struct special *s, struct val *out)
{
    if (s->args[0].type.id == WEIR_TYPE_INTERVAL_DT || s->args[0].type.id == WEIR_TYPE_INTERVAL_YM) {
        return weiri_unsupported(s->env->x, s->node->pos, "INTERVAL_UNSUPPORTED", "typeof() of an interval");
    }
    return weiri_out(s, WEIR_TYPE_STRING, weiri_quote_string(s->env->x, weiri_type_text(s->env->x, &s->args[0].type)), out);
}

weir_rc weiri_fn_assert_true(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    const bool raise = strcmp(s->node->text, "raise_error") == 0;
    if (raise) {
        WEIR_TRY(weiri_arg(s, 0, WEIR_TYPE_STRING));
        return weiri_out(s, WEIR_TYPE_VOID, weiri_f(x, "CASE WHEN true THEN error('[USER_RAISED_EXCEPTION] ' || %s) END", s->args[0].sql), out);
    }
    WEIR_TRY(weiri_arg(s, 0, WEIR_TYPE_BOOLEAN));
    const char *message = "'the condition of assert_true() does not hold'";
    if (s->count == 2) {
        WEIR_TRY(weiri_arg(s, 1, WEIR_TYPE_STRING));
        message = s->args[1].sql;
    }
    return weiri_out(s, WEIR_TYPE_VOID, weiri_f(x, "CASE WHEN %s THEN NULL ELSE error('[USER_RAISED_EXCEPTION] ' || %s) END", s->args[0].sql, message), out);
}

weir_rc weiri_fn_cast(struct special *s, struct val *out)
{
    static const struct { const char *name; enum weir_type_id id; } names[] = {
        {"int", WEIR_TYPE_INT},         {"bigint", WEIR_TYPE_LONG},       {"smallint", WEIR_TYPE_SHORT},   {"tinyint", WEIR_TYPE_BYTE}, {"double", WEIR_TYPE_DOUBLE},       {"float", WEIR_TYPE_FLOAT},
        {"string", WEIR_TYPE_STRING}, {"boolean", WEIR_TYPE_BOOLEAN}, {"date", WEIR_TYPE_DATE}, {"timestamp", WEIR_TYPE_TIMESTAMP}, {"binary", WEIR_TYPE_BINARY}};
    struct weir_type type = weir_type_decimal(10, 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i].name, s->node->text) == 0) {
            type = weir_type_of(names[i].id);
        }
    }
    return weiri_cast(s->env->x, s->node->pos, s->args[0], type, false, out);
}

weir_rc weiri_fn_greatest(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    struct weir_type type;
    const char *all = "";
    WEIR_TRY(weiri_unify_plain(x, s->node->pos, s->args, s->count, &type));
    if (!weiri_orderable(&type)) {
        return weiri_unsupported(x, s->node->pos, "ORDER_UNSUPPORTED", weiri_f(x, "%s() of %s", s->node->text, weiri_type_text(x, &type)));
    }
    for (size_t i = 0; i < s->count; i++) {
        all = weiri_f(x, "%s%s%s", all, i ? ", " : "", s->args[i].sql);
    }
    *out = weiri_val(type, weiri_f(x, "%s(%s)", s->node->text, all), weiri_weight(s, 1));
    return WEIR_OK;
}

/* --- aggregates --- */

/* min and max; a struct is compared field by field, NULL the smallest. */
weir_rc weiri_fn_extreme(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    const struct agg_parts *p = s->parts;
    const bool max = strcmp(s->node->text, "max") == 0;
    if (s->count != 1) {
        return weiri_invalid(x, s->node->pos, "WRONG_NUM_ARGS", "%s() takes one argument", s->node->text);
    }
    if (weiri_orderable(&s->args[0].type)) {
        *out = weiri_val(s->args[0].type, weiri_f(x, "%s(%s)%s%s", s->node->text, s->args[0].sql, weiri_filter(x, p->filter, NULL), p->over), 4);
        return WEIR_OK;
    }
    if (s->args[0].type.id != WEIR_TYPE_STRUCT || *p->over) {
        return weiri_unsupported(x, s->node->pos, "ORDER_UNSUPPORTED", weiri_f(x, "%s() of %s", s->node->text, weiri_type_text(x, &s->args[0].type)));
    }
    const char *order = NULL;
    WEIR_TRY(weiri_sort_key(x, s->node->pos, &s->args[0], max, !max, &order));
    *out = weiri_val(s->args[0].type, weiri_f(x, "first(%s ORDER BY %s)%s", s->args[0].sql, order, weiri_filter(x, weiri_f(x, "%s IS NOT NULL", s->args[0].sql), p->filter)), 4);
    return WEIR_OK;
}

weir_rc weiri_fn_count(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    const struct agg_parts *p = s->parts;
    const char *text;
    if (s->node->call->star || (s->count == 1 && s->args[0].constant && s->args[0].type.id != WEIR_TYPE_VOID && !p->distinct)) {
        text = weiri_f(x, "count(*)%s%s", weiri_filter(x, p->filter, NULL), p->over);
    } else if (s->count == 0) {
        return weiri_invalid(x, s->node->pos, "WRONG_NUM_ARGS", "count() takes an argument or *");
    } else if (s->count == 1) {
        text = weiri_f(x, "count(%s%s)%s%s", p->distinct ? "DISTINCT " : "", s->args[0].sql, weiri_filter(x, p->filter, NULL), p->over);
        if (p->distinct && weiri_is_float(s->args[0].type.id)) { /* 0.0 and -0.0 are one value */
            text = weiri_f(x, "count(DISTINCT %s + 0)%s%s", s->args[0].sql, weiri_filter(x, p->filter, NULL), p->over);
        }
    } else { /* rows where nothing is NULL */
        const char *all = "", *row = "";
        for (size_t i = 0; i < s->count; i++) {
            all = weiri_f(x, "%s%s%s IS NOT NULL", all, i ? " AND " : "", s->args[i].sql);
            row = weiri_f(x, "%s%s%s", row, i ? ", " : "", s->args[i].sql);
        }
        text = p->distinct ? weiri_f(x, "count(DISTINCT row(%s))%s%s", row, weiri_filter(x, weiri_f(x, "(%s)", all), p->filter), p->over)
                           : weiri_f(x, "count(*)%s%s", weiri_filter(x, weiri_f(x, "(%s)", all), p->filter), p->over);
    }
    WEIR_TRY(weiri_out(s, WEIR_TYPE_LONG, text, out));
    out->never_null = true;
    return WEIR_OK;
}

weir_rc weiri_fn_sum(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    const struct agg_parts *p = s->parts;
    const bool avg = strcmp(s->node->text, "avg") == 0 || strcmp(s->node->text, "mean") == 0, try_sum = strcmp(s->node->text, "try_sum") == 0;
    const char *tail = weiri_f(x, ")%s%s", weiri_filter(x, p->filter, NULL), p->over);
    const char *distinct = p->distinct ? "DISTINCT " : "";
    if (s->count != 1) {
        return weiri_invalid(x, s->node->pos, "WRONG_NUM_ARGS", "%s() takes one argument", s->node->text);
    }
    if (s->args[0].type.id == WEIR_TYPE_STRING || s->args[0].type.id == WEIR_TYPE_VOID) {
        WEIR_TRY(weiri_cast(x, s->node->pos, s->args[0], weir_type_of(WEIR_TYPE_DOUBLE), false, &s->args[0]));
    }
    const struct weir_type in = s->args[0].type;
    if (!weiri_is_numeric(in.id)) {
        return in.id == WEIR_TYPE_INTERVAL_DT || in.id == WEIR_TYPE_INTERVAL_YM ? weiri_unsupported(x, s->node->pos, "FUNCTION_UNSUPPORTED", weiri_f(x, "%s() of an interval", s->node->text))
                                                                                : mismatch(s, 0);
    }
    if (in.id == WEIR_TYPE_DECIMAL) {
        const int wide = in.precision + 10 > WEIR_DECIMAL_PRECISION_MAX ? WEIR_DECIMAL_PRECISION_MAX : in.precision + 10;
        const struct weir_type sum_type = weir_type_decimal(wide, in.scale);
        const char *sum = weiri_f(x, "%s(sum(%s%s%s AS %s)", try_sum ? "TRY_CAST" : "CAST", distinct, s->args[0].sql, tail, weiri_duck_type(x, &sum_type));
        if (!avg) {
            *out = weiri_val(sum_type, sum, 4);
            return WEIR_OK;
        }
        const struct weir_type type = weir_type_decimal(in.precision + 4 > 38 ? 38 : in.precision + 4, in.scale + 4 > 38 ? 38 : in.scale + 4);
        const struct val total = weiri_val(sum_type, sum, 4);
        const struct val count = {.type = weir_type_decimal(19, 0), .sql = weiri_f(x, "nullif(count(%s%s%s, 0)", distinct, s->args[0].sql, tail), .never_zero = true, .weight = 2};
        const char *text = in.precision + 4 > 38 ? NULL : weiri_decimal_division(x, total, count, type);
        if (!text) {
            return weiri_unsupported(x, s->node->pos, "DECIMAL_PRECISION_UNSUPPORTED", weiri_f(x, "avg() of %s", weiri_type_text(x, &in)));
        }
        *out = weiri_val(type, text, 8);
        return WEIR_OK;
    }
    if (avg || weiri_is_float(in.id)) {
        const char *arg = in.id == WEIR_TYPE_DOUBLE ? s->args[0].sql : weiri_f(x, "CAST(%s AS DOUBLE)", s->args[0].sql);
        return weiri_out(s, WEIR_TYPE_DOUBLE, weiri_f(x, "%s(%s%s%s", avg ? "avg" : "sum", distinct, arg, tail), out);
    }
    return weiri_out(s, WEIR_TYPE_LONG, weiri_f(x, "%s(sum(%s%s%s AS BIGINT)", try_sum ? "TRY_CAST" : "CAST", distinct, s->args[0].sql, tail), out);
}

weir_rc weiri_fn_first(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    const struct agg_parts *p = s->parts;
    const bool last = strncmp(s->node->text, "last", 4) == 0;
    bool ignore = p->ignore_nulls;
    if (s->count < 1 || s->count > 2) {
        return weiri_invalid(x, s->node->pos, "WRONG_NUM_ARGS", "%s() takes one argument", s->node->text);
    }
    if (s->count == 2) {
        if (!s->args[1].constant || s->args[1].type.id != WEIR_TYPE_BOOLEAN) {
            return weiri_invalid(x, s->node->pos, "DATATYPE_MISMATCH", "the second argument of %s() is true or false", s->node->text);
        }
        ignore = s->args[1].node->op == 1;
    }
    if (*p->over) {
        *out = weiri_val(s->args[0].type, weiri_f(x, "%s_value(%s%s)%s%s", last ? "last" : "first", s->args[0].sql, ignore ? " IGNORE NULLS" : "", weiri_filter(x, p->filter, NULL), p->over), 4);
        return WEIR_OK;
    }
    const char *not_null = ignore ? weiri_f(x, "%s IS NOT NULL", s->args[0].sql) : NULL;
    *out = weiri_val(s->args[0].type, weiri_f(x, "%s(%s)%s", last ? "last" : "first", s->args[0].sql, weiri_filter(x, not_null, p->filter)), 4);
    return WEIR_OK;
}

/* grouping(a), grouping_id(a, b): DuckDB's GROUPING over the same group expressions. */
weir_rc weiri_fn_grouping(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    const struct agg *agg = s->env->agg;
    const bool id = strcmp(s->node->text, "grouping_id") == 0;
    const char *list = "";
    if (!agg || !agg->sets) {
        return weiri_invalid(x, s->node->pos, "UNSUPPORTED_GROUPING_EXPRESSION", "%s() needs GROUPING SETS, ROLLUP or CUBE", s->node->text);
    }
    if (!id && s->count != 1) {
        return weiri_invalid(x, s->node->pos, "WRONG_NUM_ARGS", "grouping() takes one argument");
    }
    const size_t count = s->count > 0 ? s->count : agg->group_count;
    for (size_t i = 0; i < count; i++) {
        size_t g = s->count > 0 ? 0 : i;
        while (s->count > 0 && g < agg->group_count && !weiri_same_expr(s->env, agg->groups[g], s->node->kids[i])) {
            g++;
        }
        if (g == agg->group_count) {
            return weiri_invalid(x, s->node->pos, "GROUPING_COLUMN_MISMATCH", "argument %zu of %s() is not grouped by", i + 1, s->node->text);
        }
        list = weiri_f(x, "%s%s%s", list, i ? ", " : "", agg->vals[g].sql);
    }
    return weiri_out(s, id ? WEIR_TYPE_LONG : WEIR_TYPE_BYTE, weiri_f(x, "CAST(GROUPING(%s) AS %s)", list, id ? "BIGINT" : "TINYINT"), out);
}

weir_rc weiri_fn_percentile(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    const struct agg_parts *p = s->parts;
    const bool approx = strstr(s->node->text, "approx") != NULL, disc = strcmp(s->node->text, "percentile_disc") == 0;
    const bool within = s->node->call->within_count == 1;
    const char *tail = weiri_f(x, ")%s%s", weiri_filter(x, p->filter, NULL), p->over);
    struct val value = s->args[0], share = s->args[within ? 0 : 1];
    if (within ? s->count != 1 : (s->count < 2 || s->count > (approx ? 3u : 2u))) {
        return weiri_unsupported(x, s->node->pos, "FUNCTION_UNSUPPORTED", weiri_f(x, "%s() of these arguments", s->node->text));
    }
    if (within) {
        WEIR_TRY(weiri_expr_val(s->env, s->node->call->within[0].expr, &value));
        if (s->node->call->within[0].desc) {
            return weiri_unsupported(x, s->node->pos, "FUNCTION_UNSUPPORTED", "a percentile in descending order");
        }
    } else if (disc) {
        return weiri_invalid(x, s->node->pos, "INVALID_WITHIN_GROUP_EXPRESSION", "%s() needs WITHIN GROUP (ORDER BY ..)", s->node->text);
    }
    if (!weiri_is_numeric(value.type.id) || p->distinct) {
        return weiri_unsupported(x, s->node->pos, "FUNCTION_UNSUPPORTED", weiri_f(x, "%s() of %s", s->node->text, weiri_type_text(x, &value.type)));
    }
    const bool list = share.type.id == WEIR_TYPE_ARRAY;
    const struct weir_type d = weir_type_of(WEIR_TYPE_DOUBLE);
    WEIR_TRY(weiri_cast(x, s->node->pos, share, list ? weiri_array_of(x, d) : d, false, &share));
    const struct weir_type one = approx ? value.type : d;
    if (!approx) {
        WEIR_TRY(weiri_cast(x, s->node->pos, value, d, false, &value));
    }
    *out = weiri_val(list ? weiri_array_of(x, one) : one, weiri_f(x, "quantile_%s(%s, %s%s", approx || disc ? "disc" : "cont", value.sql, share.sql, tail), 4);
    return WEIR_OK;
}

weir_rc weiri_fn_listagg(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    const struct agg_parts *p = s->parts;
    if (s->count < 1 || s->count > 2) {
        return weiri_invalid(x, s->node->pos, "WRONG_NUM_ARGS", "%s() takes one or two arguments", s->node->text);
    }
    WEIR_TRY(weiri_arg(s, 0, WEIR_TYPE_STRING));
    const char *separator = "''", *order = "";
    if (s->count == 2) {
        WEIR_TRY(weiri_arg(s, 1, WEIR_TYPE_STRING));
        separator = weiri_f(x, "coalesce(%s, '')", s->args[1].sql);
        if (s->args[1].constant) {
            separator = s->args[1].sql;
        }
    }
    if (s->node->call->within_count > 0) {
        WEIR_TRY(weiri_sort_sql(s->env, s->node->call->within, s->node->call->within_count, &order));
        order = weiri_f(x, " ORDER BY %s", order);
    }
    if (p->distinct && *order) {
        return weiri_unsupported(x, s->node->pos, "FUNCTION_UNSUPPORTED", "listagg(DISTINCT ..) in an order");
    }
    return weiri_out(s, WEIR_TYPE_STRING, weiri_f(x, "string_agg(%s%s, %s%s)%s%s", p->distinct ? "DISTINCT " : "", s->args[0].sql, separator, order, weiri_filter(x, p->filter, NULL), p->over), out);
}
