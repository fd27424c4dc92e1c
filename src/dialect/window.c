/* window.c - OVER clauses and sort lists: NULLs where Spark puts them, said in every ORDER BY. */
#include "dialect/xlate.h"

weir_rc weiri_sort_key(struct xl *x, struct weir_pos pos, const struct val *value, bool desc, bool nulls_first, const char **out)
{
    const char *direction = weiri_f(x, "%s NULLS %s", desc ? "DESC" : "ASC", nulls_first ? "FIRST" : "LAST");
    if (value->type.id == WEIR_TYPE_MAP || value->type.id == WEIR_TYPE_VARIANT) {
        return weiri_invalid(x, pos, "DATATYPE_MISMATCH.INVALID_ORDERING_TYPE", "%s cannot be ordered", weiri_type_text(x, &value->type));
    }
    if (weiri_orderable(&value->type)) {
        /* a constant orders nothing, and must not be read as an ordinal */
        *out = weiri_f(x, "%s %s", value->constant ? "CAST(NULL AS INTEGER)" : value->sql, direction);
        return WEIR_OK;
    }
    if (value->type.id != WEIR_TYPE_STRUCT) {
        return weiri_unsupported(x, pos, "ORDER_UNSUPPORTED", weiri_f(x, "ORDER BY %s", weiri_type_text(x, &value->type)));
    }
    /* A struct goes field by field: NULL is the smallest inside of it, whatever is said of the whole. */
    *out = weiri_f(x, "(%s IS NULL) %s", value->sql, nulls_first ? "DESC" : "ASC");
    for (size_t i = 0; i < value->type.field_count; i++) {
        const char *one = NULL;
        const struct val field = {.type = value->type.fields[i].type, .sql = weiri_f(x, "struct_extract(%s, %s)", value->sql, weiri_quote_string(x, value->type.fields[i].name)), .weight = 1};
        WEIR_TRY(weiri_sort_key(x, pos, &field, desc, !desc, &one));
        *out = weiri_f(x, "%s, %s", *out, one);
    }
    return WEIR_OK;
}

weir_rc weiri_sort_sql(struct env *env, const struct sort_item *items, size_t count, const char **out)
{
    struct xl *x = env->x;
    *out = "";
    for (size_t i = 0; i < count; i++) {
        struct val value;
        WEIR_TRY(weiri_expr_val(env, items[i].expr, &value));
        const char *key = NULL;
        WEIR_TRY(weiri_sort_key(x, items[i].expr->pos, &value, items[i].desc, items[i].nulls_first, &key));
        *out = weiri_f(x, "%s%s%s", *out, i ? ", " : "", key);
    }
    return WEIR_OK;
}

static weir_rc bound(struct env *env, const struct frame_bound *in, const struct window_spec *spec, const char **out)
{
    struct xl *x = env->x;
    struct val value;
    switch (in->kind) {
    case BOUND_UNBOUNDED_PRECEDING: *out = "UNBOUNDED PRECEDING"; return WEIR_OK;
    case BOUND_UNBOUNDED_FOLLOWING: *out = "UNBOUNDED FOLLOWING"; return WEIR_OK;
    case BOUND_CURRENT: *out = "CURRENT ROW"; return WEIR_OK;
    default: break;
    }
    WEIR_TRY(weiri_expr_val(env, in->expr, &value));
    if (!value.constant) {
        return weiri_invalid(x, in->expr->pos, "SPECIFIED_WINDOW_FRAME_WRONG_COMPARISON", "the bound of a window frame is a constant");
    }
    if (!spec->range && !weiri_is_integral(value.type.id)) {
        return weiri_invalid(x, in->expr->pos, "DATATYPE_MISMATCH", "a ROWS frame counts rows by an integer");
    }
    int64_t rows = 0;
    if (weiri_constant_int(&value, &rows) && rows < 0) { /* -1 PRECEDING is 1 FOLLOWING */
        return weiri_unsupported(x, in->expr->pos, "WINDOW_FRAME_UNSUPPORTED", "a negative bound of a window frame");
    }
    *out = weiri_f(x, "%s %s", value.sql, in->kind == BOUND_PRECEDING ? "PRECEDING" : "FOLLOWING");
    return WEIR_OK;
}

static const struct window_spec *named(const struct env *env, const char *name)
{
    for (size_t i = 0; i < env->window_count; i++) {
        if (weir_str_eq_nocase(weir_str(env->windows[i].name), weir_str(name))) {
            return env->windows[i].spec;
        }
    }
    return NULL;
}

static weir_rc check_frame(struct xl *x, const struct window_spec *spec)
{
    if (spec->has_frame && (spec->low.kind > spec->high.kind || spec->low.kind == BOUND_UNBOUNDED_FOLLOWING || spec->high.kind == BOUND_UNBOUNDED_PRECEDING)) {
        return weiri_invalid(x, spec->pos, "SPECIFIED_WINDOW_FRAME_INVALID_BOUND", "the window frame ends before it begins");
    }
    const bool offset = spec->low.kind == BOUND_PRECEDING || spec->low.kind == BOUND_FOLLOWING || spec->high.kind == BOUND_PRECEDING || spec->high.kind == BOUND_FOLLOWING;
    if (spec->has_frame && spec->range && offset && spec->order_count != 1) {
        return weiri_invalid(x, spec->pos, "RANGE_FRAME_MULTI_ORDER", "a RANGE frame with an offset needs one ORDER BY expression");
    }
    return WEIR_OK;
}

weir_rc weiri_over(struct env *env, const weir_node *node, bool needs_order, const char **out)
{
    struct xl *x = env->x;
    const struct window_spec *spec = node->call->over;
    for (int hops = 0; spec->ref; hops++) {
        const struct window_spec *base = named(env, spec->ref);
        if (!base || hops > 16) {
            return weiri_invalid(x, spec->pos, "MISSING_WINDOW_SPECIFICATION", "no window is called `%.100s`; define it with WINDOW", spec->ref);
        }
        if (spec->partition_count > 0 || spec->order_count > 0 || spec->has_frame) {
            return weiri_unsupported(x, spec->pos, "WINDOW_FRAME_UNSUPPORTED", "a window that adds to a named window");
        }
        spec = base;
    }
    struct env inner = *env;
    inner.aliases_first = false;
    inner.clause = env->agg ? NULL : "a window specification";
    const char *partition = "", *order = "", *frame = "";
    for (size_t i = 0; i < spec->partition_count; i++) {
        struct val value;
        WEIR_TRY(weiri_expr_val(&inner, spec->partition[i], &value));
        partition = weiri_f(x, "%s%s%s", partition, i ? ", " : "PARTITION BY ", value.sql);
    }
    if (needs_order && spec->order_count == 0) {
        return weiri_invalid(x, node->pos, "WINDOW_FUNCTION_AND_FRAME_MISMATCH", "%s() needs an ORDER BY in its window", node->text);
    }
    if (spec->order_count > 0) {
        WEIR_TRY(weiri_sort_sql(&inner, spec->order, spec->order_count, &order));
        order = weiri_f(x, "%sORDER BY %s", *partition ? " " : "", order);
    }
    WEIR_TRY(check_frame(x, spec));
    if (spec->has_frame) {
        const char *low = NULL, *high = NULL;
        WEIR_TRY(bound(&inner, &spec->low, spec, &low));
        WEIR_TRY(bound(&inner, &spec->high, spec, &high));
        frame = weiri_f(x, " %s BETWEEN %s AND %s", spec->range ? "RANGE" : "ROWS", low, high);
    }
    if (spec->has_frame && needs_order) {
        return weiri_invalid(x, node->pos, "WINDOW_FUNCTION_AND_FRAME_MISMATCH", "%s() takes no window frame", node->text);
    }
    *out = weiri_f(x, " OVER (%s%s%s)", partition, order, frame);
    return WEIR_OK;
}
