/* call.c - the function table: which entry a call means, what its arguments become, its text. */
#include "dialect/special.h"

enum fn_kind { FN_SCALAR, FN_AGGREGATE, FN_WINDOW, FN_SPECIAL, FN_SPECIAL_AGGREGATE };
struct fn {
    const char *name;
    enum fn_kind kind;
    const char *args, *result, *text;
    int least, most;
    weiri_special special;
};

#define FN(name, args, result, text) {name, FN_SCALAR, args, result, text, 0, 0, NULL},
#define AG(name, args, result, text) {name, FN_AGGREGATE, args, result, text, 0, 0, NULL},
#define WN(name, args, result, text) {name, FN_WINDOW, args, result, text, 0, 0, NULL},
#define SP(name, least, most, handler) {name, FN_SPECIAL, NULL, NULL, NULL, least, most, weiri_fn_##handler},
#define SA(name, handler) {name, FN_SPECIAL_AGGREGATE, NULL, NULL, NULL, 0, 255, weiri_fn_##handler},
static const struct fn table[] = {
#include "dialect/functions.def"
};
#undef FN
#undef AG
#undef WN
#undef SP
#undef SA
#define TABLE_COUNT (sizeof table / sizeof *table)

#define K(name) name,
static const char *const known[] = {
#include "dialect/known.def"
};
#undef K
#define KNOWN_COUNT (sizeof known / sizeof *known)

static const struct fn *find(const char *name)
{
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        if (strcmp(table[i].name, name) == 0) {
            return &table[i];
        }
    }
    return NULL;
}

const char *const *weir_sql_functions(void)
{
#define FN(name, args, result, text) name,
#define AG(name, args, result, text) name,
#define WN(name, args, result, text) name,
#define SP(name, least, most, handler) name,
#define SA(name, handler) name,
    static const char *const names[] = {
#include "dialect/functions.def"
        NULL};
#undef FN
#undef AG
#undef WN
#undef SP
#undef SA
    return names;
}

bool weiri_is_aggregate(const weir_node *node)
{
    const struct fn *fn = node->kind == N_CALL ? find(node->text) : NULL;
    return fn && (fn->kind == FN_AGGREGATE || fn->kind == FN_SPECIAL_AGGREGATE);
}

/* --- which entry --- */

struct shape { size_t least, most; bool repeats; char letters[24]; };

static struct shape shape_of(const char *args)
{
    struct shape shape = {0};
    bool optional = false;
    for (; *args; args++) {
        if (*args == '?') {
            optional = true;
        } else if (*args == '*') {
            shape.repeats = true;
        } else {
            shape.letters[shape.most++] = *args;
            shape.least += optional ? 0 : 1;
        }
    }
    return shape;
}

static char letter_at(const struct shape *shape, size_t i)
{
    return shape->letters[i < shape->most ? i : shape->most - 1];
}

/* Could the argument stand here? NULL fits everywhere. */
static bool fits(char letter, const struct weir_type *type)
{
    switch (letter) {
    case 'O':
    case 'A': return type->id == WEIR_TYPE_ARRAY || type->id == WEIR_TYPE_VOID;
    case 'M': return type->id == WEIR_TYPE_MAP || type->id == WEIR_TYPE_VOID;
    case 'x': return type->id == WEIR_TYPE_BINARY;
    case 'l': return type->id != WEIR_TYPE_BINARY && !(type->field_count > 0);
    case 's': return type->field_count == 0 && type->id != WEIR_TYPE_BINARY;
    default: return true;
    }
}

/* Of several entries of one name: the first whose count and kinds fit, an exact one before a coerced one. */
static const struct fn *choose(const struct fn *first, const struct val *args, size_t count)
{
    const struct fn *loose = NULL;
    for (const struct fn *fn = first; fn < table + TABLE_COUNT && strcmp(fn->name, first->name) == 0; fn++) {
        const struct shape shape = shape_of(fn->args);
        if (count < shape.least || (count > shape.most && !shape.repeats)) {
            continue;
        }
        bool ok = true, exact = true;
        for (size_t i = 0; i < count; i++) {
            const char letter = letter_at(&shape, i);
            ok = ok && fits(letter, &args[i].type);
            exact = exact && !(letter == 's' && args[i].type.id != WEIR_TYPE_STRING) && !(letter == 'l' && !weiri_is_integral(args[i].type.id));
        }
        if (ok && exact) {
            return fn;
        }
        if (ok && !loose) {
            loose = fn;
        }
    }
    return loose;
}

/* --- arguments --- */

static weir_rc no_order(struct xl *x, const weir_node *node, const struct val *arg)
{
    return weiri_unsupported(x, node->pos, "ORDER_UNSUPPORTED", weiri_f(x, "%s() by the order of %s", node->text, weiri_type_text(x, &arg->type)));
}

static weir_rc coerce_one(struct xl *x, const weir_node *node, char letter, struct val *arg)
{
    enum weir_type_id id;
    switch (letter) {
    case 's': id = WEIR_TYPE_STRING; break;
    case 'i': id = WEIR_TYPE_INT; break;
    case 'l': id = WEIR_TYPE_LONG; break;
    case 'd': id = WEIR_TYPE_DOUBLE; break;
    case 'b': id = WEIR_TYPE_BOOLEAN; break;
    case 'x': id = WEIR_TYPE_BINARY; break;
    case 'D':
    case 'T': {
        const bool time = arg->type.id == WEIR_TYPE_TIMESTAMP || arg->type.id == WEIR_TYPE_TIMESTAMP_NTZ || arg->type.id == WEIR_TYPE_DATE;
        const struct weir_type to = weir_type_of(letter == 'D' ? WEIR_TYPE_DATE : WEIR_TYPE_TIMESTAMP);
        return time ? weiri_cast(x, node->pos, *arg, to, false, arg) : weiri_coerce(x, node->pos, arg, to);
    }
    case 'n':
    case 'I':
        if (arg->type.id == WEIR_TYPE_STRING || arg->type.id == WEIR_TYPE_VOID) {
            return weiri_cast(x, node->pos, *arg, weir_type_of(letter == 'n' ? WEIR_TYPE_DOUBLE : WEIR_TYPE_LONG), false, arg);
        }
        if (letter == 'I' && weiri_is_numeric(arg->type.id) && !weiri_is_integral(arg->type.id)) {
            return weiri_unsupported(x, node->pos, "FUNCTION_UNSUPPORTED", weiri_f(x, "%s() of %s", node->text, weiri_type_text(x, &arg->type)));
        }
        if (!(letter == 'n' ? weiri_is_numeric(arg->type.id) : weiri_is_integral(arg->type.id))) {
            return weiri_invalid(x, node->pos, "DATATYPE_MISMATCH", "%s() takes a%s, not %s", node->text, letter == 'n' ? " number" : "n integer", weiri_type_text(x, &arg->type));
        }
        return WEIR_OK;
    case 'o':
        return weiri_orderable(&arg->type) ? WEIR_OK : no_order(x, node, arg);
    case 'O':
    case 'A':
        if (letter == 'O' && arg->type.id == WEIR_TYPE_ARRAY && !weiri_orderable(&arg->type.fields[0].type)) {
            return no_order(x, node, arg);
        }
        if (arg->type.id == WEIR_TYPE_VOID) {
            return weiri_cast(x, node->pos, *arg, weiri_array_of(x, weir_type_of(WEIR_TYPE_INT)), false, arg);
        }
        return arg->type.id == WEIR_TYPE_ARRAY ? WEIR_OK
                                               : weiri_invalid(x, node->pos, "DATATYPE_MISMATCH", "%s() takes an array, not %s", node->text, weiri_type_text(x, &arg->type));
    case 'M':
        return arg->type.id == WEIR_TYPE_MAP ? WEIR_OK : weiri_invalid(x, node->pos, "DATATYPE_MISMATCH", "%s() takes a map, not %s", node->text, weiri_type_text(x, &arg->type));
    default:
        return WEIR_OK;
    }
    return weiri_coerce(x, node->pos, arg, weir_type_of(id));
}

static weir_rc coerce_args(struct xl *x, const weir_node *node, const struct shape *shape, struct val *args, size_t count, struct weir_type *common)
{
    struct val *same = weir_arena_alloc(x->arena, (count + 1) * sizeof *same);
    size_t same_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (letter_at(shape, i) == '=') {
            same[same_count++] = args[i];
        } else if (letter_at(shape, i) == '1') {
            WEIR_TRY(weiri_coerce(x, node->pos, &args[i], args[0].type));
        } else {
            WEIR_TRY(coerce_one(x, node, letter_at(shape, i), &args[i]));
        }
    }
    WEIR_TRY(weiri_unify(x, node->pos, same, same_count, common));
    for (size_t i = 0, k = 0; i < count; i++) {
        if (letter_at(shape, i) == '=') {
            args[i] = same[k++];
        }
    }
    return WEIR_OK;
}

/* --- result and text --- */

static struct weir_type result_type(struct xl *x, const char *result, const struct val *args, struct weir_type common)
{
    switch (*result) {
    case 's': return weir_type_of(WEIR_TYPE_STRING);
    case 'i': return weir_type_of(WEIR_TYPE_INT);
    case 'l': return weir_type_of(WEIR_TYPE_LONG);
    case 'd': return weir_type_of(WEIR_TYPE_DOUBLE);
    case 'b': return weir_type_of(WEIR_TYPE_BOOLEAN);
    case 'D': return weir_type_of(WEIR_TYPE_DATE);
    case 'T': return weir_type_of(WEIR_TYPE_TIMESTAMP);
    case 'N': return weir_type_of(WEIR_TYPE_TIMESTAMP_NTZ);
    case 'x': return weir_type_of(WEIR_TYPE_BINARY);
    case 'e': return args[0].type.fields[0].type;
    case 'v': return args[0].type.fields[1].type;
    case '=': return common;
    case 'A': return weiri_array_of(x, result_type(x, result + 1, args, common));
    default: return args[*result - '1'].type;
    }
}

/* " FILTER (WHERE a AND b)" */
const char *weiri_filter(struct xl *x, const char *a, const char *b)
{
    if (!a && !b) {
        return "";
    }
    return a && b ? weiri_f(x, " FILTER (WHERE %s AND %s)", a, b) : weiri_f(x, " FILTER (WHERE %s)", a ? a : b);
}

static const char *mark(struct xl *x, char c, const struct val *args, size_t count, const struct agg_parts *parts)
{
    switch (c) {
    case '*': {
        const char *all = "";
        for (size_t i = 0; i < count; i++) {
            all = weiri_more(x, all, "%s%s", i ? ", " : "", args[i].sql);
        }
        return all;
    }
    case 'D': return parts->distinct ? "DISTINCT " : "";
    case 'F': return weiri_filter(x, parts->filter, NULL);
    case 'N': return weiri_filter(x, weiri_f(x, "%s IS NOT NULL", args[0].sql), parts->filter);
    case '&': return parts->filter ? weiri_f(x, " AND %s", parts->filter) : "";
    case 'O': return parts->over;
    case 'I': return parts->ignore_nulls ? " IGNORE NULLS" : "";
    default: {
        const size_t k = (size_t)(c - '1');
        return k < count ? args[k].sql : "NULL";
    }
    }
}

static const char *expand(struct xl *x, const char *text, const struct val *args, size_t count, const struct agg_parts *parts)
{
    struct weir_buf buf;
    weir_buf_init(&buf, 0);
    for (; *text; text++) {
        if (*text == '$' && text[1]) {
            weir_buf_add_str(&buf, mark(x, *++text, args, count, parts));
        } else {
            weir_buf_add_char(&buf, *text);
        }
    }
    const char *out = weir_arena_strndup(x->arena, buf.data ? buf.data : "", buf.len);
    weir_buf_free(&buf);
    return out;
}

static uint32_t weight_of(const char *text, const struct val *args, size_t count)
{
    uint64_t weight = 2;
    for (const char *c = text; c && *c; c++) {
        if (*c == '$' && c[1] >= '1' && (size_t)(c[1] - '1') < count) {
            weight += args[c[1] - '1'].weight;
        } else if (*c == '$' && c[1] == '*') {
            for (size_t i = 0; i < count; i++) {
                weight += args[i].weight;
            }
        }
    }
    weight *= strncmp(text ? text : "", "weir_", 5) == 0 ? 3 : 1;
    return weight > 1000000 ? 1000000 : (uint32_t)weight;
}

static weir_rc wrong_arguments(struct xl *x, const weir_node *node)
{
    return weiri_invalid(x, node->pos, "WRONG_NUM_ARGS", "%s() does not take these %zu arguments", node->text, node->kid_count);
}

static weir_rc from_table(struct env *env, const weir_node *node, const struct fn *first, struct val *args, const struct agg_parts *parts, struct val *out)
{
    struct xl *x = env->x;
    const struct fn *fn = choose(first, args, node->kid_count);
    struct weir_type common = weir_type_of(WEIR_TYPE_VOID);
    if (!fn || node->call->star) {
        return wrong_arguments(x, node);
    }
    const struct shape shape = shape_of(fn->args);
    WEIR_TRY(coerce_args(x, node, &shape, args, node->kid_count, &common));
    size_t count = node->kid_count;
    if (strcmp(fn->text, "weir_substring($1, $2, $3)") == 0 && count == 2) {
        args[count++] = weiri_val(weir_type_of(WEIR_TYPE_INT), "2147483647", 1);
    }
    *out = weiri_val(result_type(x, fn->result, args, common), expand(x, fn->text, args, count, parts), weight_of(fn->text, args, count));
    out->never_null = strcmp(fn->text, "coalesce($*)") == 0 && count > 0 && args[count - 1].never_null;
    return WEIR_OK;
}

/* --- aggregates and windows --- */

static weir_rc not_here(struct env *env, const weir_node *node, bool window)
{
    if (window) {
        return weiri_invalid(env->x, node->pos, "UNSUPPORTED_EXPR_FOR_OPERATOR", "a window function may not stand in %s; compute it in a sub-query", env->clause ? env->clause : "an aggregate");
    }
    return weiri_invalid(env->x, node->pos, "INVALID_AGGREGATE_FUNCTION_USE", "the aggregate %s() may not stand in %s", node->text,
                         env->clause ? env->clause : "another aggregate; compute the inner one in a sub-query");
}

/* The column of the inner SELECT that holds this aggregate. */
static void register_aggregate(struct env *env, struct val *value)
{
    struct xl *x = env->x;
    struct agg *agg = env->agg;
    for (size_t i = 0; i < agg->item_count; i++) {
        if (strcmp(agg->items[i].sql, value->sql) == 0) {
            value->sql = agg->items[i].ref;
            value->weight = 1;
            return;
        }
    }
    const char *ref = weiri_f(x, "%s.\"_a%zu\"", agg->rel, agg->item_count);
    ARENA_PUSH(x->arena, agg->items, agg->item_count, agg->item_cap) = (struct aggregate_item){value->sql, ref};
    value->sql = ref;
    value->weight = 1;
}

static weir_rc aggregate_call(struct env *env, const weir_node *node, const struct fn *fn, struct val *out)
{
    struct xl *x = env->x;
    const bool window = node->call->over != NULL;
    struct env inner = *env;
    struct agg_parts parts = {.distinct = node->call->distinct, .over = "", .ignore_nulls = node->call->ignore_nulls};
    if (env->clause || env->inside_aggregate || (!window && !env->agg)) {
        return not_here(env, node, window);
    }
    if (window && node->call->filter) {
        return weiri_unsupported(x, node->pos, "WINDOW_FRAME_UNSUPPORTED", "FILTER in a window function (Spark has none either)");
    }
    if (window && parts.distinct) {
        return weiri_invalid(x, node->pos, "DISTINCT_WINDOW_FUNCTION_UNSUPPORTED", "DISTINCT may not stand in a window function");
    }
    inner.inside_aggregate = !window;
    inner.aliases_first = false;
    inner.alias_count = window ? inner.alias_count : 0;
    inner.clause = window ? "a window function" : NULL;
    if (window && env->agg) {
        inner.clause = NULL; /* sum(sum(x)) OVER () */
    }
    if (node->call->filter) {
        struct val filter;
        WEIR_TRY(weiri_expr_val(&inner, node->call->filter, &filter));
        WEIR_TRY(weiri_coerce_bool(&inner, node->call->filter, &filter, "FILTER"));
        parts.filter = filter.sql;
    }
    struct val *args = weir_arena_zalloc(x->arena, (node->kid_count + 2) * sizeof *args);
    const bool grouping = fn->special == weiri_fn_grouping;
    for (size_t i = 0; i < node->kid_count && !grouping; i++) {
        WEIR_TRY(weiri_expr_val(&inner, node->kids[i], &args[i]));
    }
    if (window) {
        x->out->windows = true;
        WEIR_TRY(weiri_over(env, node, false, &parts.over));
    } else {
        x->out->aggregates = true;
    }
    if (fn->kind == FN_SPECIAL_AGGREGATE) {
        struct special special = {.env = grouping ? env : &inner, .node = node, .args = args, .count = node->kid_count, .parts = &parts};
        WEIR_TRY(fn->special(&special, out));
    } else {
        WEIR_TRY(from_table(env, node, fn, args, &parts, out));
    }
    if (!window && !(grouping && out->constant)) {
        register_aggregate(env, out);
    }
    return WEIR_OK;
}

static weir_rc window_call(struct env *env, const weir_node *node, const struct fn *fn, struct val *out)
{
    struct xl *x = env->x;
    struct agg_parts parts = {.ignore_nulls = node->call->ignore_nulls, .over = ""};
    if (!node->call->over) {
        return weiri_invalid(x, node->pos, "WINDOW_FUNCTION_WITHOUT_OVER_CLAUSE", "%s() needs an OVER clause", node->text);
    }
    if (env->clause || env->inside_aggregate) {
        return not_here(env, node, true);
    }
    if (node->call->filter || node->call->distinct) {
        return weiri_invalid(x, node->pos, "INVALID_WINDOW_SPEC_FOR_AGGREGATION_FUNC", "%s() takes neither DISTINCT nor FILTER", node->text);
    }
    struct val *args = weir_arena_zalloc(x->arena, (node->kid_count + 2) * sizeof *args);
    struct env inner = *env;
    inner.clause = env->agg ? NULL : "a window function";
    for (size_t i = 0; i < node->kid_count; i++) {
        WEIR_TRY(weiri_expr_val(&inner, node->kids[i], &args[i]));
    }
    WEIR_TRY(weiri_over(env, node, strcmp(node->text, "nth_value") != 0, &parts.over));
    x->out->windows = true;
    return from_table(env, node, fn, args, &parts, out);
}

static weir_rc unknown(struct xl *x, const weir_node *node)
{
    for (size_t i = 0; i < KNOWN_COUNT; i++) {
        if (strcmp(known[i], node->text) == 0) {
            return weiri_unsupported(x, node->pos, "FUNCTION_UNSUPPORTED", weiri_f(x, "the function %s()", node->text));
        }
    }
    size_t count = 0;
    const char *const *names = weir_sql_functions();
    while (names[count]) {
        count++;
    }
    return weiri_invalid(x, node->pos, "UNRESOLVED_ROUTINE", "no function is called %.100s%s", node->text, weiri_near(x, node->text, names, count));
}

weir_rc weiri_call_val(struct env *env, const weir_node *node, struct val *out)
{
    struct xl *x = env->x;
    const struct fn *fn = find(node->text);
    struct agg_parts none = {.over = ""};
    if (!fn) {
        return unknown(x, node);
    }
    if (node->call->within_count > 0 && fn->kind != FN_SPECIAL_AGGREGATE) {
        return weiri_invalid(x, node->pos, "INVALID_WITHIN_GROUP_EXPRESSION", "%s() takes no WITHIN GROUP", node->text);
    }
    if (fn->kind == FN_AGGREGATE || fn->kind == FN_SPECIAL_AGGREGATE) {
        return aggregate_call(env, node, fn, out);
    }
    if (fn->kind == FN_WINDOW) {
        return window_call(env, node, fn, out);
    }
    if (node->call->over || node->call->distinct || node->call->filter) {
        return weiri_invalid(x, node->pos, "UNSUPPORTED_FUNCTION_MODIFIER", "%s() is neither an aggregate nor a window function", node->text);
    }
    const bool lambda = fn->kind == FN_SPECIAL && fn->special == weiri_fn_lambda;
    struct val *args = weir_arena_zalloc(x->arena, (node->kid_count + 2) * sizeof *args);
    for (size_t i = 0; i < node->kid_count; i++) {
        const weir_node *kid = node->kids[i];
        if (lambda && kid->kind == N_LAMBDA) {
            continue;
        }
        WEIR_TRY(weiri_expr_val(env, kid->kind == N_NAMED_ARG && kid->op == 1 ? kid->kids[0] : kid, &args[i]));
    }
    if (fn->kind != FN_SPECIAL) {
        return from_table(env, node, fn, args, &none, out);
    }
    if ((int)node->kid_count < fn->least || (int)node->kid_count > fn->most || node->call->star) {
        return wrong_arguments(x, node);
    }
    struct special special = {.env = env, .node = node, .args = args, .count = node->kid_count, .parts = &none};
    return fn->special(&special, out);
}

/* --- is there an aggregate? --- */

static bool no_aggregate(void *arg, const weir_node *node)
{
    (void)arg;
    return !(weiri_is_aggregate(node) && !node->call->over);
}

bool weiri_has_aggregate(const weir_node *node)
{
    return !weiri_walk_expr(node, no_aggregate, NULL);
}
