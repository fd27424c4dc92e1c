/* operators.c - arithmetic with Spark's result types and errors, comparison, logic, concatenation, bits, LIKE and RLIKE. */
#include "dialect/xlate.h"

#define WEIGHT_COPY_MAX 24 /* an operand heavier than this is named once instead of written twice */

static struct weir_type t_of(enum weir_type_id id)
{
    return weir_type_of(id);
}

static uint32_t sum_weight(const struct val *a, const struct val *b, uint32_t times)
{
    const uint64_t total = ((uint64_t)a->weight + b->weight) * times + 1;
    return total > 1000000 ? 1000000 : (uint32_t)total;
}

static weir_rc mismatch(struct xl *x, struct weir_pos pos, const char *op, const struct val *a, const struct val *b)
{
    return weiri_invalid(x, pos, "DATATYPE_MISMATCH", "%s does not take %s and %s", op, weiri_type_text(x, &a->type), weiri_type_text(x, &b->type));
}

/* --- decimals --- */

/* 10^n as a decimal literal, all its zeros written. */
const char *weiri_power(struct xl *x, int n)
{
    static const char zeros[] = "00000000000000000000000000000000000000";
    WEIR_ASSERT(n >= -38 && n <= 38);
    if (n >= 0) {
        return weiri_f(x, "CAST('1%.*s' AS DECIMAL(%d,0))", n, zeros, n < 38 ? n + 1 : 38);
    }
    return weiri_f(x, "CAST('0.%.*s1' AS DECIMAL(%d,%d))", -n - 1, zeros, -n, -n);
}

/* In 128 bits: DuckDB multiplies and adds two decimals of up to 18 digits in 64, and fails where the result needs more. */
const char *weiri_wide(struct xl *x, const struct val *v)
{
    return v->type.precision > 18 ? v->sql : weiri_f(x, "CAST(%s AS DECIMAL(%d,%d))", v->sql, 19 > v->type.scale ? 19 : v->type.scale, v->type.scale);
}

/* The digits of a decimal as HUGEINT, exactly. */
static const char *unscaled(struct xl *x, const struct val *v)
{
    const int p = v->type.precision, s = v->type.scale;
    if (s == 0) {
        return weiri_f(x, "CAST(%s AS HUGEINT)", v->sql);
    }
    if (p + s + 1 <= WEIR_DECIMAL_PRECISION_MAX) {
        return weiri_f(x, "CAST(%s * %s AS HUGEINT)", weiri_wide(x, v), weiri_power(x, s));
    }
    return weiri_f(x, "CAST(replace(CAST(%s AS VARCHAR), '.', '') AS HUGEINT)", v->sql);
}

/* Long division: as many digits a step as keep the remainder in 38. HALF_UP at the last digit. */
const char *weiri_decimal_division(struct xl *x, struct val a, struct val b, struct weir_type type)
{
    int shift = type.scale - a.type.scale + b.type.scale;
    if (shift < 0 || b.type.precision > 37) {
        return NULL;
    }
    const char *n = unscaled(x, &a);
    const int first = WEIR_DECIMAL_PRECISION_MAX - a.type.precision < shift ? WEIR_DECIMAL_PRECISION_MAX - a.type.precision : shift;
    const int step = WEIR_DECIMAL_PRECISION_MAX - b.type.precision;
    if (first > 0) {
        n = weiri_more(x, n, " * CAST(%s AS HUGEINT)", weiri_power(x, first));
    }
    shift -= first;
    const char *text = weiri_f(x, "weir_div_begin(%s, %s)", n, unscaled(x, &b));
    while (shift > 0) {
        const int k = shift < step ? shift : step;
        text = weiri_f(x, "weir_div_step(%s, CAST(%s AS HUGEINT))", text, weiri_power(x, k));
        shift -= k;
    }
    text = weiri_f(x, "weir_div_end(%s)", text);
    if (type.scale == 0) {
        return weiri_f(x, "CAST(%s AS DECIMAL(%d,0))", text, type.precision);
    }
    return weiri_f(x, "CAST(CAST(%s AS DECIMAL(38,0)) * %s AS DECIMAL(%d,%d))", text, weiri_power(x, -type.scale), type.precision, type.scale);
}

/* Both widened to a scale and precision that hold either. */
static void widen(struct xl *x, struct weir_pos pos, struct val *a, struct val *b)
{
    const int scale = a->type.scale > b->type.scale ? a->type.scale : b->type.scale;
    const int da = a->type.precision - a->type.scale, db = b->type.precision - b->type.scale;
    int precision = (da > db ? da : db) + scale + 1; /* room for the carry: DuckDB adds in the width it is given */
    precision = precision > WEIR_DECIMAL_PRECISION_MAX ? WEIR_DECIMAL_PRECISION_MAX : precision;
    const weir_rc ra = weiri_cast(x, pos, *a, weir_type_decimal(precision, scale), false, a);
    const weir_rc rb = weiri_cast(x, pos, *b, weir_type_decimal(precision, scale), false, b);
    WEIR_ASSERT(ra == WEIR_OK && rb == WEIR_OK);
}

static const char *remainder_sql(struct xl *x, const struct val *a, const struct val *b, const char *macro)
{
    if (b->never_zero) {
        return weiri_f(x, "%s_(%s, %s)", macro, a->sql, b->sql);
    }
    const bool heavy = a->weight > WEIGHT_COPY_MAX || b->weight > WEIGHT_COPY_MAX;
    return weiri_f(x, "%s%s(%s, %s)", macro, heavy ? "_heavy" : "", a->sql, b->sql);
}

static weir_rc decimal_arith(struct xl *x, struct weir_pos pos, int op, struct val a, struct val b, struct val *out)
{
    const struct weir_type da = weiri_decimal_of(&a), db = weiri_decimal_of(&b);
    const struct weir_type type = weiri_decimal_result(op, da, db);
    const bool zero = !b.never_zero;
    WEIR_TRY(weiri_cast(x, pos, a, da, false, &a));
    WEIR_TRY(weiri_cast(x, pos, b, db, false, &b));
    const char *text = NULL;
    switch (op) {
    case OP_ADD:
    case OP_SUB:
        widen(x, pos, &a, &b);
        text = weiri_f(x, "(%s %s %s)", a.sql, op == OP_ADD ? "+" : "-", b.sql);
        break;
    case OP_MUL:
        if (da.scale + db.scale > WEIR_DECIMAL_PRECISION_MAX) {
            return weiri_unsupported(x, pos, "DECIMAL_PRECISION_UNSUPPORTED", "a product of decimals with more than 38 digits after the point");
        }
        text = weiri_f(x, "(%s * %s)", da.precision + db.precision > 18 ? weiri_wide(x, &a) : a.sql, b.sql);
        break;
    case OP_DIV:
        text = weiri_decimal_division(x, a, b, type);
        if (!text) {
            return weiri_unsupported(x, pos, "DECIMAL_PRECISION_UNSUPPORTED", weiri_f(x, "%s / %s", weiri_type_text(x, &da), weiri_type_text(x, &db)));
        }
        break;
    default:
        widen(x, pos, &a, &b);
        b.never_zero = !zero;
        text = remainder_sql(x, &a, &b, "weir_mod");
        break;
    }
    *out = weiri_val(type, op == OP_DIV ? text : weiri_f(x, "CAST(%s AS %s)", text, weiri_duck_type(x, &type)), sum_weight(&a, &b, op == OP_DIV ? 3 : 1));
    return WEIR_OK;
}

/* --- dates --- */

static bool is_time(const struct val *v)
{
    return v->type.id == WEIR_TYPE_TIMESTAMP || v->type.id == WEIR_TYPE_TIMESTAMP_NTZ;
}

static bool is_interval(const struct val *v)
{
    return v->type.id == WEIR_TYPE_INTERVAL_YM || v->type.id == WEIR_TYPE_INTERVAL_DT;
}

static weir_rc add_interval(struct xl *x, int op, struct val a, struct val b, struct val *out)
{
    const char *sign = op == OP_ADD ? "+" : "-";
    const char *text = weiri_f(x, "(%s %s %s)", a.sql, sign, b.sql);
    struct weir_type type = a.type;
    if (a.type.id == WEIR_TYPE_DATE) {
        const bool days = b.type.id == WEIR_TYPE_INTERVAL_YM || b.type.precision == 1;
        type = t_of(days ? WEIR_TYPE_DATE : WEIR_TYPE_TIMESTAMP);
        text = weiri_f(x, "CAST(%s AS %s)", text, weiri_duck_type(x, &type));
    }
    *out = weiri_val(type, text, sum_weight(&a, &b, 1));
    return WEIR_OK;
}

static weir_rc temporal_arith(struct xl *x, struct weir_pos pos, int op, struct val a, struct val b, struct val *out)
{
    const char *name = op == OP_ADD ? "+" : "-";
    if (op == OP_ADD && (is_interval(&a) || weiri_is_integral(a.type.id)) && !is_interval(&b)) {
        const struct val swap = a;
        a = b;
        b = swap;
    }
    if (is_interval(&b) && (a.type.id == WEIR_TYPE_DATE || is_time(&a))) {
        return add_interval(x, op, a, b, out);
    }
    if (is_interval(&b) && a.type.id == WEIR_TYPE_STRING) {
        return weiri_unsupported(x, pos, "OPERATOR_UNSUPPORTED", "adding an interval to text (cast it to a timestamp)");
    }
    if (is_interval(&a) && a.type.id == b.type.id) {
        *out = weiri_val(a.type, weiri_f(x, "(%s %s %s)", a.sql, name, b.sql), sum_weight(&a, &b, 1));
        out->type.precision = a.type.precision && b.type.precision;
        return WEIR_OK;
    }
    if (a.type.id == WEIR_TYPE_DATE && weiri_is_integral(b.type.id) && b.type.id != WEIR_TYPE_LONG) {
        *out = weiri_val(a.type, weiri_f(x, "CAST(%s %s CAST(%s AS INTEGER) AS DATE)", a.sql, name, b.sql), sum_weight(&a, &b, 1));
        return WEIR_OK;
    }
    if (op == OP_SUB && a.type.id == WEIR_TYPE_DATE && (b.type.id == WEIR_TYPE_DATE || b.type.id == WEIR_TYPE_STRING)) {
        WEIR_TRY(weiri_cast(x, pos, b, a.type, false, &b));
        struct weir_type days = t_of(WEIR_TYPE_INTERVAL_DT);
        days.precision = 1;
        *out = weiri_val(days, weiri_f(x, "to_days(CAST(%s - %s AS INTEGER))", a.sql, b.sql), sum_weight(&a, &b, 1));
        return WEIR_OK;
    }
    if (op == OP_SUB && (is_time(&a) || is_time(&b)) && (is_time(&a) || a.type.id == WEIR_TYPE_DATE) && (is_time(&b) || b.type.id == WEIR_TYPE_DATE)) {
        *out = weiri_val(t_of(WEIR_TYPE_INTERVAL_DT), weiri_f(x, "to_microseconds(epoch_us(CAST(%s AS TIMESTAMP)) - epoch_us(CAST(%s AS TIMESTAMP)))", a.sql, b.sql), sum_weight(&a, &b, 1));
        return WEIR_OK;
    }
    return mismatch(x, pos, name, &a, &b);
}

/* --- arithmetic --- */

/* Text beside a number counts as BIGINT or DOUBLE; two texts as DOUBLE. */
static weir_rc text_to_number(struct xl *x, struct weir_pos pos, struct val *a, const struct val *b)
{
    if (a->type.id == WEIR_TYPE_STRING) {
        const enum weir_type_id id = weiri_is_integral(b->type.id) ? WEIR_TYPE_LONG : WEIR_TYPE_DOUBLE;
        return weiri_cast(x, pos, *a, t_of(id), false, a);
    }
    return WEIR_OK;
}

static const char *division_sql(struct xl *x, const struct val *a, const struct val *b)
{
    if (b->never_zero) {
        return weiri_f(x, "(%s / %s)", a->sql, b->sql);
    }
    const bool heavy = a->weight > WEIGHT_COPY_MAX || b->weight > WEIGHT_COPY_MAX;
    return weiri_f(x, "%s(%s, %s)", heavy ? "weir_div_heavy" : "weir_div", a->sql, b->sql);
}

static weir_rc integral_division(struct xl *x, struct weir_pos pos, struct val a, struct val b, struct val *out)
{
    if (!weiri_is_integral(a.type.id) || !weiri_is_integral(b.type.id)) {
        if (a.type.id == WEIR_TYPE_DECIMAL || b.type.id == WEIR_TYPE_DECIMAL) {
            return weiri_unsupported(x, pos, "OPERATOR_UNSUPPORTED", "div of decimals");
        }
        return mismatch(x, pos, "div", &a, &b);
    }
    const struct weir_type type = t_of(WEIR_TYPE_LONG);
    WEIR_TRY(weiri_cast(x, pos, a, type, false, &a));
    WEIR_TRY(weiri_cast(x, pos, b, type, false, &b));
    *out = weiri_val(type, remainder_sql(x, &a, &b, "weir_idiv"), sum_weight(&a, &b, 3));
    return WEIR_OK;
}

weir_rc weiri_arith(struct xl *x, struct weir_pos pos, int op, struct val a, struct val b, struct val *out)
{
    static const char *const names[] = {[OP_ADD] = "+", [OP_SUB] = "-", [OP_MUL] = "*", [OP_DIV] = "/", [OP_MOD] = "%", [OP_IDIV] = "div"};
    if ((op == OP_ADD || op == OP_SUB) && (a.type.id == WEIR_TYPE_DATE || b.type.id == WEIR_TYPE_DATE || is_time(&a) || is_time(&b) || is_interval(&a) || is_interval(&b))) {
        return temporal_arith(x, pos, op, a, b, out);
    }
    const struct val original = a;
    if (a.type.id == WEIR_TYPE_STRING && b.type.id == WEIR_TYPE_STRING) {
        return mismatch(x, pos, names[op], &a, &b);
    }
    WEIR_TRY(text_to_number(x, pos, &a, &b));
    WEIR_TRY(text_to_number(x, pos, &b, &original));
    if (a.type.id == WEIR_TYPE_VOID || b.type.id == WEIR_TYPE_VOID) {
        const struct weir_type other = a.type.id == WEIR_TYPE_VOID ? b.type : a.type;
        const struct weir_type type = other.id == WEIR_TYPE_VOID ? t_of(WEIR_TYPE_INT) : other;
        WEIR_TRY(weiri_cast(x, pos, a, type, false, &a));
        WEIR_TRY(weiri_cast(x, pos, b, type, false, &b));
    }
    if (!weiri_is_numeric(a.type.id) || !weiri_is_numeric(b.type.id)) {
        return mismatch(x, pos, names[op], &a, &b);
    }
    if (op == OP_IDIV) {
        return integral_division(x, pos, a, b, out);
    }
    struct weir_type type;
    WEIR_ASSERT(weiri_common_type(x, &a.type, &b.type, &type));
    if (type.id == WEIR_TYPE_DECIMAL) {
        return decimal_arith(x, pos, op, a, b, out);
    }
    if (op == OP_DIV) {
        type = t_of(WEIR_TYPE_DOUBLE);
    }
    const bool zero_free = b.never_zero;
    WEIR_TRY(weiri_cast(x, pos, a, type, false, &a));
    WEIR_TRY(weiri_cast(x, pos, b, type, false, &b));
    b.never_zero = zero_free;
    const char *text = op == OP_DIV ? division_sql(x, &a, &b) : op == OP_MOD ? remainder_sql(x, &a, &b, "weir_mod") : weiri_f(x, "(%s %s %s)", a.sql, names[op], b.sql);
    *out = weiri_val(type, text, sum_weight(&a, &b, op == OP_DIV || op == OP_MOD ? 3 : 1));
    out->never_null = a.never_null && b.never_null;
    return WEIR_OK;
}

/* --- comparison --- */

weir_rc weiri_compare(struct xl *x, struct weir_pos pos, int op, struct val a, struct val b, struct val *out)
{
    static const char *const names[] = {[OP_EQ] = "=", [OP_NE] = "<>", [OP_LT] = "<", [OP_LE] = "<=", [OP_GT] = ">", [OP_GE] = ">=", [OP_NULL_EQ] = "IS NOT DISTINCT FROM"};
    struct weir_type type;
    if (!weiri_common_type(x, &a.type, &b.type, &type)) {
        return mismatch(x, pos, op == OP_NULL_EQ ? "<=>" : names[op], &a, &b);
    }
    if (op != OP_EQ && op != OP_NE && op != OP_NULL_EQ && (type.id == WEIR_TYPE_ARRAY || type.id == WEIR_TYPE_STRUCT)) {
        return weiri_unsupported(x, pos, "ORDER_UNSUPPORTED", weiri_f(x, "the order of two values of %s", weiri_type_text(x, &type)));
    }
    if (type.id == WEIR_TYPE_MAP || type.id == WEIR_TYPE_VARIANT || type.id == WEIR_TYPE_INTERVAL_YM) {
        return type.id == WEIR_TYPE_MAP ? mismatch(x, pos, names[op], &a, &b)
                                        : weiri_unsupported(x, pos, "OPERATOR_UNSUPPORTED", weiri_f(x, "comparing values of %s", weiri_type_text(x, &type)));
    }
    /* Numbers of decimal kind are compared by DuckDB as they are: its own widening loses nothing. */
    const bool as_is = type.id == WEIR_TYPE_DECIMAL && type.precision == WEIR_DECIMAL_PRECISION_MAX;
    if (!as_is) {
        WEIR_TRY(weiri_cast(x, pos, a, type, false, &a));
        WEIR_TRY(weiri_cast(x, pos, b, type, false, &b));
    }
    *out = weiri_val(t_of(WEIR_TYPE_BOOLEAN), weiri_f(x, "(%s %s %s)", a.sql, names[op], b.sql), sum_weight(&a, &b, 1));
    out->never_null = op == OP_NULL_EQ || (a.never_null && b.never_null);
    return WEIR_OK;
}

/* --- the rest --- */

static weir_rc bits(struct xl *x, struct weir_pos pos, int op, struct val a, struct val b, struct val *out)
{
    struct weir_type type;
    int64_t count = 0;
    if (op == OP_USHR) {
        return weiri_unsupported(x, pos, "OPERATOR_UNSUPPORTED", "the operator >>>");
    }
    if (!weiri_is_integral(a.type.id) || !weiri_is_integral(b.type.id)) {
        return mismatch(x, pos, "a bit operator", &a, &b);
    }
    if (op == OP_SHL || op == OP_SHR) {
        type = t_of(a.type.id == WEIR_TYPE_LONG ? WEIR_TYPE_LONG : WEIR_TYPE_INT);
        if (!weiri_constant_int(&b, &count) || count < 0 || count >= (type.id == WEIR_TYPE_LONG ? 64 : 32)) {
            return weiri_unsupported(x, pos, "OPERATOR_UNSUPPORTED", "a shift by something other than a constant below the number's width");
        }
        WEIR_TRY(weiri_cast(x, pos, a, type, false, &a));
        const char *wrap = type.id == WEIR_TYPE_LONG ? "CAST('9223372036854775808' AS HUGEINT)" : "CAST('2147483648' AS HUGEINT)"; /* as Java: the high bits fall off */
        *out = weiri_val(type, op == OP_SHR ? weiri_f(x, "(%s >> %s)", a.sql, b.sql)
                                            : weiri_f(x, "CAST(weir_wrap(CAST(%s AS HUGEINT) * CAST('%llu' AS HUGEINT), %s) AS %s)", a.sql, 1ULL << count, wrap, weiri_duck_type(x, &type)),
                         sum_weight(&a, &b, 3));
        return WEIR_OK;
    }
    WEIR_ASSERT(weiri_common_type(x, &a.type, &b.type, &type));
    WEIR_TRY(weiri_cast(x, pos, a, type, false, &a));
    WEIR_TRY(weiri_cast(x, pos, b, type, false, &b));
    const char *text = op == OP_BIT_XOR ? weiri_f(x, "xor(%s, %s)", a.sql, b.sql) : weiri_f(x, "(%s %s %s)", a.sql, op == OP_BIT_AND ? "&" : "|", b.sql);
    *out = weiri_val(type, text, sum_weight(&a, &b, 1));
    return WEIR_OK;
}

static weir_rc concat(struct xl *x, struct weir_pos pos, struct val a, struct val b, struct val *out)
{
    if (a.type.id == WEIR_TYPE_ARRAY || b.type.id == WEIR_TYPE_ARRAY) {
        struct val both[2] = {a, b};
        struct weir_type type;
        WEIR_TRY(weiri_unify(x, pos, both, 2, &type));
        *out = weiri_val(type, weiri_f(x, "weir_list_concat(%s, %s)", both[0].sql, both[1].sql), sum_weight(&a, &b, 1));
        return WEIR_OK;
    }
    const struct weir_type type = t_of(a.type.id == WEIR_TYPE_BINARY && b.type.id == WEIR_TYPE_BINARY ? WEIR_TYPE_BINARY : WEIR_TYPE_STRING);
    WEIR_TRY(weiri_coerce(x, pos, &a, type));
    WEIR_TRY(weiri_coerce(x, pos, &b, type));
    *out = weiri_val(type, weiri_f(x, "(%s || %s)", a.sql, b.sql), sum_weight(&a, &b, 1));
    out->never_null = a.never_null && b.never_null;
    return WEIR_OK;
}

static weir_rc unary(struct env *env, const weir_node *node, struct val *out)
{
    struct xl *x = env->x;
    struct val a;
    WEIR_TRY(weiri_expr_val(env, node->kids[0], &a));
    if (node->op == OP_NOT) {
        WEIR_TRY(weiri_coerce_bool(env, node, &a, "NOT"));
        *out = weiri_val(a.type, weiri_f(x, "(NOT %s)", a.sql), a.weight + 1);
        return WEIR_OK;
    }
    if (a.type.id == WEIR_TYPE_STRING) {
        WEIR_TRY(weiri_cast(x, node->pos, a, t_of(WEIR_TYPE_DOUBLE), false, &a));
    }
    if (node->op == OP_BIT_NOT ? !weiri_is_integral(a.type.id) : !(weiri_is_numeric(a.type.id) || is_interval(&a))) {
        return weiri_invalid(x, node->pos, "DATATYPE_MISMATCH", "the sign before it does not fit %s", weiri_type_text(x, &a.type));
    }
    const char *op = node->op == OP_NEG ? "-" : node->op == OP_BIT_NOT ? "~" : "";
    *out = weiri_val(a.type, *op ? weiri_f(x, "(%s%s)", op, a.sql) : a.sql, a.weight + 1);
    out->never_zero = a.never_zero && node->op != OP_BIT_NOT;
    return WEIR_OK;
}

weir_rc weiri_operator(struct env *env, const weir_node *node, struct val *out)
{
    struct xl *x = env->x;
    struct val a, b;
    if (node->kind == N_UNARY) {
        return unary(env, node, out);
    }
    WEIR_TRY(weiri_expr_val(env, node->kids[0], &a));
    WEIR_TRY(weiri_expr_val(env, node->kids[1], &b));
    switch (node->op) {
    case OP_AND:
    case OP_OR:
        WEIR_TRY(weiri_coerce_bool(env, node->kids[0], &a, node->op == OP_AND ? "AND" : "OR"));
        WEIR_TRY(weiri_coerce_bool(env, node->kids[1], &b, node->op == OP_AND ? "AND" : "OR"));
        *out = weiri_val(a.type, weiri_f(x, "(%s %s %s)", a.sql, node->op == OP_AND ? "AND" : "OR", b.sql), sum_weight(&a, &b, 1));
        return WEIR_OK;
    case OP_EQ:
    case OP_NE:
    case OP_LT:
    case OP_LE:
    case OP_GT:
    case OP_GE:
    case OP_NULL_EQ:
        return weiri_compare(x, node->pos, node->op, a, b, out);
    case OP_CONCAT:
        return concat(x, node->pos, a, b, out);
    case OP_BIT_AND:
    case OP_BIT_OR:
    case OP_BIT_XOR:
    case OP_SHL:
    case OP_SHR:
    case OP_USHR:
        return bits(x, node->pos, node->op, a, b, out);
    default:
        return weiri_arith(x, node->pos, node->op, a, b, out);
    }
}

/* --- LIKE --- */

/* Spark takes the escape only before itself, % and _. */
static weir_rc check_pattern(struct xl *x, const weir_node *node, const char *pattern, char escape)
{
    for (const char *c = pattern; *c; c++) {
        if (*c == escape) {
            c++;
            if (*c != '%' && *c != '_' && *c != escape) {
                return weiri_invalid(x, node->pos, "INVALID_FORMAT", "the pattern '%.100s' escapes something other than %%, _ and the escape character itself", pattern);
            }
        }
    }
    return WEIR_OK;
}

static weir_rc one_like(struct env *env, const weir_node *node, struct val text, const weir_node *pattern_node, const char **out)
{
    struct xl *x = env->x;
    struct val pattern;
    const char *constant = NULL;
    WEIR_TRY(weiri_expr_val(env, pattern_node, &pattern));
    WEIR_TRY(weiri_coerce(x, node->pos, &pattern, t_of(WEIR_TYPE_STRING)));
    if (node->op == LIKE_RLIKE) {
        const char *regex = NULL;
        if (!weiri_constant_string(&pattern, &constant)) {
            return weiri_unsupported(x, node->pos, "REGEX_NOT_CONSTANT", "a regular expression that is not a constant");
        }
        WEIR_TRY(weiri_regex(x, pattern_node->pos, constant, true, &regex, NULL, NULL, NULL));
        *out = weiri_f(x, "regexp_matches(%s, %s)", text.sql, weiri_quote_string(x, regex));
        return WEIR_OK;
    }
    const char *escape = node->text ? node->text : "\\";
    if (strlen(escape) != 1) {
        return weiri_invalid(x, node->pos, "INVALID_ESCAPE_CHAR", "ESCAPE takes one character");
    }
    if (weiri_constant_string(&pattern, &constant)) {
        WEIR_TRY(check_pattern(x, pattern_node, constant, escape[0]));
    }
    if (constant && !strchr(constant, escape[0]) && !strchr(constant, '\\')) { /* no ESCAPE: DuckDB turns a prefix into a range then */
        *out = weiri_f(x, "(%s %s %s)", text.sql, node->op == LIKE_ILIKE ? "ILIKE" : "LIKE", pattern.sql);
        return WEIR_OK;
    }
    *out = weiri_f(x, "(%s %s %s ESCAPE %s)", text.sql, node->op == LIKE_ILIKE ? "ILIKE" : "LIKE", pattern.sql, weiri_quote_string(x, escape));
    return WEIR_OK;
}

weir_rc weiri_like(struct env *env, const weir_node *node, struct val *out)
{
    struct xl *x = env->x;
    struct val text;
    WEIR_TRY(weiri_expr_val(env, node->kids[0], &text));
    WEIR_TRY(weiri_coerce(x, node->pos, &text, t_of(WEIR_TYPE_STRING)));
    const char *all = "";
    for (size_t i = 1; i < node->kid_count; i++) {
        const char *one = NULL;
        WEIR_TRY(one_like(env, node, text, node->kids[i], &one));
        /* NOT LIKE ANY (a, b) is (NOT LIKE a) OR (NOT LIKE b) */
        one = node->negated ? weiri_f(x, "(NOT %s)", one) : one;
        all = weiri_more(x, all, "%s%s", i > 1 ? (node->quant == QUANT_ALL ? " AND " : " OR ") : "", one);
    }
    *out = weiri_val(t_of(WEIR_TYPE_BOOLEAN), weiri_f(x, "(%s)", all), (uint32_t)(node->kid_count * (text.weight + 2)));
    return WEIR_OK;
}
