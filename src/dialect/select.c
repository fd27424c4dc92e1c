/* select.c - one SELECT. With aggregation it becomes two, as Spark plans it: an inner one that groups and computes the aggregates, an outer one that computes
 * the items, HAVING, windows and the order from them; so every rule about what may stand where is checked by names alone. */
#include "dialect/parser.h"
#include "dialect/xlate.h"

struct item { const weir_node *node; const char *name; struct val val; struct weir_pos pos; bool given; /* val is known: a column of '*' */ };
struct sel {
    struct xl *x;
    const struct select *select;
    const struct query *order;
    struct env env;
    struct scope scope;
    struct agg agg;
    const char *from, *where, *having, *implied;
    struct item *items; size_t item_count, item_cap;
    const char *order_sql;
    bool aggregated;
};

/* --- items --- */

static void add_column(struct sel *s, const struct column *column, struct weir_pos pos, const weir_node *node)
{
    ARENA_PUSH(s->x->arena, s->items, s->item_count, s->item_cap) =
        (struct item){.name = column->name, .val = {.type = column->type, .sql = column->sql, .weight = 1}, .pos = pos, .given = true, .node = node};
}

static bool excepted(const weir_node *star, const char *name)
{
    for (size_t i = 0; i < star->name_count; i++) {
        if (weir_str_eq_nocase(weir_str(star->names[i]), weir_str(name))) {
            return true;
        }
    }
    return false;
}

/* s.*: the fields of a struct. */
static weir_rc expand_struct(struct sel *s, const weir_node *star)
{
    weir_node column = *star;
    struct val value;
    column.kind = N_COLUMN;
    WEIR_TRY(weiri_resolve_column(&s->env, &column, &value));
    if (value.type.id != WEIR_TYPE_STRUCT) {
        return weiri_invalid(s->x, star->pos, "CANNOT_RESOLVE_STAR_EXPAND", "%s.* is neither a relation nor a struct", weiri_name_text(s->x->arena, &star->name));
    }
    for (size_t i = 0; i < value.type.field_count; i++) {
        struct val field;
        if (excepted(star, value.type.fields[i].name)) {
            continue;
        }
        WEIR_TRY(weiri_field(s->x, star->pos, value, value.type.fields[i].name, &field));
        const struct column one = {.name = value.type.fields[i].name, .type = field.type, .sql = field.sql};
        add_column(s, &one, star->pos, NULL);
    }
    return WEIR_OK;
}

static weir_rc expand_star(struct sel *s, const weir_node *star)
{
    const struct column *cols = s->scope.visible;
    size_t count = s->scope.visible_count;
    if (star->name.count > 0) {
        cols = weiri_rel_matches(&s->env, star, &count);
        if (!cols) {
            return expand_struct(s, star);
        }
    } else if (!s->select->from) {
        return weiri_invalid(s->x, star->pos, "INVALID_USAGE_OF_STAR_OR_REGEX", "* needs a FROM");
    }
    for (size_t e = 0; e < star->name_count; e++) {
        bool known = false;
        for (size_t i = 0; i < count; i++) {
            known = known || weir_str_eq_nocase(weir_str(cols[i].name), weir_str(star->names[e]));
        }
        if (!known) {
            return weiri_invalid(s->x, star->pos, "EXCEPT_NESTED_COLUMN_INVALID_TYPE", "the column `%.100s` of EXCEPT is not there", star->names[e]);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (!excepted(star, cols[i].name)) {
            weir_node *node = NULL;
            if (s->aggregated) { /* so that the grouping rules see it */
                node = weir_arena_zalloc(s->x->arena, sizeof *node);
                node->kind = N_COLUMN;
                node->pos = star->pos;
                node->name = star->name;
                node->name.count = node->name.count > 3 ? 3 : node->name.count;
                node->name.parts[node->name.count++] = weir_str(cols[i].name);
                ARENA_PUSH(s->x->arena, s->items, s->item_count, s->item_cap) = (struct item){.node = node, .name = cols[i].name, .pos = star->pos};
                continue;
            }
            add_column(s, &cols[i], star->pos, NULL);
        }
    }
    return WEIR_OK;
}

static weir_rc expand_generator(struct sel *s, const struct select_item *in)
{
    struct column *cols = NULL;
    size_t count = 0;
    if (s->aggregated) {
        return weiri_unsupported(s->x, in->pos, "GENERATOR_UNSUPPORTED", weiri_f(s->x, "%s() beside aggregates", in->expr->text));
    }
    if (++s->env.generators > 1) {
        return weiri_invalid(s->x, in->pos, "UNSUPPORTED_GENERATOR.MULTI_GENERATOR", "one explode() a SELECT");
    }
    struct env inner = s->env;
    inner.clause = "a generator";
    WEIR_TRY(weiri_generator(&inner, in->expr, &cols, &count));
    const size_t names = in->alias ? 1 : in->alias_count;
    if (names > 0 && names != count) {
        return weiri_invalid(s->x, in->pos, "UDTF_ALIAS_NUMBER_MISMATCH", "%zu names for %zu columns", names, count);
    }
    for (size_t i = 0; i < count; i++) {
        cols[i].name = in->alias ? in->alias : in->alias_count ? in->aliases[i] : cols[i].name;
        add_column(s, &cols[i], in->pos, NULL);
    }
    return WEIR_OK;
}

/* The name of an item without an alias. A word such as `user` is a column first, and a function where there is none. */
static weir_rc item_name(struct sel *s, const weir_node *expr, const char **out)
{
    struct val val;
    bool column = false;
    WEIR_TRY(expr->kind == N_CALL && expr->name.count == 1 ? weiri_find_column(&s->env, expr, &val, &column) : WEIR_OK);
    *out = column ? expr->name.parts[0].ptr : weiri_pretty(s->x->arena, expr);
    return WEIR_OK;
}

static weir_rc expand_items(struct sel *s)
{
    for (size_t i = 0; i < s->select->item_count; i++) {
        const struct select_item *in = &s->select->items[i];
        if (in->expr->kind == N_STAR) {
            WEIR_TRY(expand_star(s, in->expr));
        } else if (weiri_is_generator(in->expr)) {
            WEIR_TRY(expand_generator(s, in));
        } else if (in->alias_count > 0) {
            return weiri_invalid(s->x, in->pos, "MULTI_ALIAS_WITHOUT_GENERATOR", "several names for one value");
        } else {
            const char *name = in->alias;
            WEIR_TRY(name ? WEIR_OK : item_name(s, in->expr, &name));
            ARENA_PUSH(s->x->arena, s->items, s->item_count, s->item_cap) = (struct item){.node = in->expr, .name = name, .pos = in->pos};
        }
    }
    return WEIR_OK;
}

/* --- grouping --- */

/* An ordinal, the alias of an item, or the expression itself. */
static weir_rc group_node(struct sel *s, const weir_node *in, const weir_node **out)
{
    int64_t ordinal = 0;
    *out = in;
    if (in->kind == N_INT && weir_str_to_i64(weir_str(in->text), &ordinal)) {
        if (ordinal < 1 || (size_t)ordinal > s->item_count) {
            return weiri_invalid(s->x, in->pos, "GROUP_BY_POS_OUT_OF_RANGE", "GROUP BY %lld: the SELECT has %zu columns", (long long)ordinal, s->item_count);
        }
        *out = s->items[ordinal - 1].node;
        if (!*out || weiri_has_aggregate(*out)) {
            return weiri_invalid(s->x, in->pos, "GROUP_BY_POS_AGGREGATE", "GROUP BY %lld points at an aggregate", (long long)ordinal);
        }
        return WEIR_OK;
    }
    if (in->kind == N_COLUMN && in->name.count == 1 && !weiri_column_is_local(&s->env, in)) {
        for (size_t i = 0; i < s->item_count; i++) {
            if (s->items[i].node && weir_str_eq_nocase(weir_str(s->items[i].name), in->name.parts[0]) && !weiri_has_aggregate(s->items[i].node)) {
                *out = s->items[i].node;
                return WEIR_OK;
            }
        }
    }
    return WEIR_OK;
}

/* The group of this expression; a new one when it is not there yet. */
static weir_rc add_group(struct sel *s, const weir_node *in, size_t *index)
{
    const weir_node *node = NULL;
    struct val value;
    struct agg *agg = &s->agg;
    WEIR_TRY(group_node(s, in, &node));
    for (size_t i = 0; i < agg->group_count; i++) {
        if (weiri_same_expr(&s->env, agg->groups[i], node)) {
            *index = i;
            return WEIR_OK;
        }
    }
    struct env plain = s->env;
    plain.agg = NULL;
    plain.clause = "GROUP BY";
    WEIR_TRY(weiri_expr_val(&plain, node, &value));
    if (value.type.id == WEIR_TYPE_MAP || value.type.id == WEIR_TYPE_VARIANT) {
        return weiri_invalid(s->x, in->pos, "GROUP_EXPRESSION_TYPE_IS_NOT_ORDERABLE", "%s cannot be grouped by", weiri_type_text(s->x, &value.type));
    }
    if (weiri_is_float(value.type.id) && !value.constant) {
        value.sql = weiri_f(s->x, "(%s + 0)", value.sql); /* -0.0 and 0.0 are one group */
    }
    size_t count = agg->group_count, cap = agg->group_cap, cap2 = agg->group_cap, cap3 = agg->group_cap;
    const char *ref = weiri_f(s->x, "%s.\"_g%zu\"", agg->rel, count);
    ARENA_PUSH(s->x->arena, agg->groups, count, cap) = node;
    count = agg->group_count;
    ARENA_PUSH(s->x->arena, agg->vals, count, cap2) = value;
    count = agg->group_count;
    ARENA_PUSH(s->x->arena, agg->refs, count, cap3) = ref;
    *index = agg->group_count++;
    agg->group_cap = cap;
    return WEIR_OK;
}

static weir_rc group_by(struct sel *s)
{
    const struct group_by *group = &s->select->group;
    size_t index = 0;
    s->agg.sets = group->kind == GROUP_ROLLUP || group->kind == GROUP_CUBE || group->kind == GROUP_SETS;
    if (group->kind == GROUP_ALL) {
        for (size_t i = 0; i < s->item_count; i++) {
            if (s->items[i].node && !weiri_has_aggregate(s->items[i].node)) {
                WEIR_TRY(add_group(s, s->items[i].node, &index));
            }
        }
        return WEIR_OK;
    }
    for (size_t i = 0; i < group->count; i++) {
        if (weiri_has_aggregate(group->exprs[i])) {
            return weiri_invalid(s->x, group->exprs[i]->pos, "GROUP_BY_AGGREGATE", "an aggregate may not stand in GROUP BY");
        }
        WEIR_TRY(add_group(s, group->exprs[i], &index));
    }
    for (size_t k = 0; k < group->set_count; k++) {
        for (size_t i = 0; i < group->sets[k].count; i++) {
            WEIR_TRY(add_group(s, group->sets[k].exprs[i], &index));
        }
    }
    return WEIR_OK;
}

static weir_rc grouping_sql(struct sel *s, const char **out)
{
    struct xl *x = s->x;
    const struct group_by *group = &s->select->group;
    *out = "";
    if (group->kind == GROUP_NONE || (group->kind == GROUP_ALL && s->agg.group_count == 0)) {
        return WEIR_OK;
    }
    if (group->kind == GROUP_PLAIN || group->kind == GROUP_ALL) {
        for (size_t i = 0; i < s->agg.group_count; i++) {
            *out = weiri_more(x, *out, "%s%zu", i ? ", " : " GROUP BY ", i + 1);
        }
        return WEIR_OK;
    }
    const char *list = "";
    for (size_t i = 0; i < s->agg.group_count; i++) {
        if (s->agg.vals[i].constant) {
            return weiri_unsupported(x, s->agg.groups[i]->pos, "GROUPING_UNSUPPORTED", "a constant in ROLLUP, CUBE or GROUPING SETS");
        }
    }
    if (group->kind != GROUP_SETS) {
        for (size_t i = 0; i < group->count; i++) {
            size_t g = 0;
            WEIR_TRY(add_group(s, group->exprs[i], &g));
            list = weiri_more(x, list, "%s%s", i ? ", " : "", s->agg.vals[g].sql);
        }
        *out = weiri_f(x, " GROUP BY %s (%s)", group->kind == GROUP_ROLLUP ? "ROLLUP" : "CUBE", list);
        return WEIR_OK;
    }
    for (size_t k = 0; k < group->set_count; k++) {
        list = weiri_more(x, list, "%s(", k ? ", " : "");
        for (size_t i = 0; i < group->sets[k].count; i++) {
            size_t g = 0;
            WEIR_TRY(add_group(s, group->sets[k].exprs[i], &g));
            list = weiri_more(x, list, "%s%s", i ? ", " : "", s->agg.vals[g].sql);
        }
        list = weiri_more(x, list, ")");
    }
    *out = weiri_f(x, " GROUP BY GROUPING SETS (%s)", list);
    return WEIR_OK;
}

/* --- values --- */

static weir_rc compute_items(struct sel *s)
{
    struct alias *aliases = weir_arena_zalloc(s->x->arena, (s->item_count + 1) * sizeof *aliases);
    s->env.aliases = aliases;
    for (size_t i = 0; i < s->item_count; i++) {
        struct item *item = &s->items[i];
        s->env.alias_count = i;
        if (!item->given) {
            WEIR_TRY(weiri_expr_val(&s->env, item->node, &item->val));
        }
        aliases[i] = (struct alias){.name = item->name, .val = item->val, .done = true};
        aliases[i].val.constant = false;
    }
    s->env.alias_count = s->item_count;
    return WEIR_OK;
}

static weir_rc condition(struct env *env, const weir_node *node, const char *where, const char **out)
{
    struct val value;
    WEIR_TRY(weiri_expr_val(env, node, &value));
    WEIR_TRY(weiri_coerce_bool(env, node, &value, where));
    *out = value.sql;
    return WEIR_OK;
}

/* ORDER BY: an ordinal, an output, or any expression over what FROM gave. What is an output becomes its number. */
static weir_rc sort_key(struct sel *s, const struct sort_item *in, const char **out)
{
    struct xl *x = s->x;
    struct val value;
    int64_t ordinal = 0;
    struct env env = s->env;
    env.aliases_first = true;
    if (in->expr->kind == N_INT && weir_str_to_i64(weir_str(in->expr->text), &ordinal)) {
        if (ordinal < 1 || (size_t)ordinal > s->item_count) {
            return weiri_invalid(x, in->expr->pos, "ORDER_BY_POS_OUT_OF_RANGE", "ORDER BY %lld: the SELECT has %zu columns", (long long)ordinal, s->item_count);
        }
        value = s->items[ordinal - 1].val;
    } else {
        WEIR_TRY(weiri_expr_val(&env, in->expr, &value));
        for (size_t i = 0; i < s->item_count && ordinal == 0; i++) {
            ordinal = strcmp(s->items[i].val.sql, value.sql) == 0 ? (int64_t)i + 1 : 0;
        }
    }
    if (ordinal == 0 && s->select->distinct) {
        return weiri_invalid(x, in->expr->pos, "UNRESOLVED_COLUMN", "ORDER BY of a SELECT DISTINCT takes what the SELECT gives");
    }
    if (ordinal > 0 && weiri_orderable(&value.type)) {
        value.sql = weiri_f(x, "%lld", (long long)ordinal);
        value.constant = false;
    } else if (s->select->distinct) {
        return weiri_unsupported(x, in->expr->pos, "ORDER_UNSUPPORTED", weiri_f(x, "ORDER BY %s of a SELECT DISTINCT", weiri_type_text(x, &value.type)));
    }
    return weiri_sort_key(x, in->expr->pos, &value, in->desc, in->nulls_first, out);
}

static weir_rc order_by(struct sel *s)
{
    s->order_sql = "";
    if (!s->order) {
        return WEIR_OK;
    }
    for (size_t i = 0; i < s->order->order_count; i++) {
        const char *key = NULL;
        WEIR_TRY(sort_key(s, &s->order->order[i], &key));
        s->order_sql = weiri_more(s->x, s->order_sql, "%s%s", i ? ", " : " ORDER BY ", key);
    }
    for (size_t i = 0; s->order->order_all && i < s->item_count; i++) {
        s->order_sql = weiri_more(s->x, s->order_sql, "%s%zu %s NULLS %s", i ? ", " : " ORDER BY ", i + 1, s->order->order_all_desc ? "DESC" : "ASC",
                               s->order->order_all_nulls_first ? "FIRST" : "LAST");
    }
    return WEIR_OK;
}

static bool is_aggregated(const struct sel *s)
{
    if (s->select->group.kind != GROUP_NONE || s->select->having) {
        return true;
    }
    for (size_t i = 0; i < s->select->item_count; i++) {
        if (weiri_has_aggregate(s->select->items[i].expr)) {
            return true;
        }
    }
    for (size_t i = 0; s->order && i < s->order->order_count; i++) {
        if (weiri_has_aggregate(s->order->order[i].expr)) {
            return true;
        }
    }
    return false;
}

static const char *where_sql(struct sel *s)
{
    if (!*s->implied) {
        return s->where;
    }
    return weiri_f(s->x, "%s%s", *s->where ? s->where : " WHERE true", s->implied);
}

/* FROM (inner) AS rel [WHERE having] */
static weir_rc aggregated_from(struct sel *s, const char **out)
{
    struct xl *x = s->x;
    const char *list = "", *grouping = NULL;
    WEIR_TRY(grouping_sql(s, &grouping));
    for (size_t i = 0; i < s->agg.group_count; i++) {
        list = weiri_more(x, list, "%s%s AS \"_g%zu\"", i ? ", " : "", s->agg.vals[i].sql, i);
    }
    for (size_t i = 0; i < s->agg.item_count; i++) {
        list = weiri_more(x, list, "%s%s AS \"_a%zu\"", *list ? ", " : "", s->agg.items[i].sql, i);
    }
    if (!*list) {
        list = "count(*) AS \"_a0\"";
    }
    *out = weiri_f(x, " FROM (SELECT %s%s%s%s) AS %s%s%s", list, s->from, where_sql(s), grouping, s->agg.rel, s->having ? " WHERE " : "", s->having ? s->having : "");
    return WEIR_OK;
}

static weir_rc prepare(struct sel *s)
{
    struct xl *x = s->x;
    s->from = s->where = s->implied = "";
    s->env.implied = &s->implied;
    if (s->select->from) {
        const char *from = NULL;
        WEIR_TRY(weiri_from_sql(&s->env, s->select->from, &s->scope, &from));
        for (size_t i = 0; i < s->select->view_count; i++) {
            WEIR_TRY(weiri_lateral_view(&s->env, &s->select->views[i], &s->scope, from, &from));
        }
        s->from = weiri_f(x, " FROM %s", from);
    }
    if (s->select->where) {
        struct env env = s->env;
        const char *where = NULL;
        env.clause = "WHERE";
        env.implied = NULL;
        WEIR_TRY(condition(&env, s->select->where, "WHERE", &where));
        s->where = weiri_f(x, " WHERE %s", where);
    }
    s->aggregated = is_aggregated(s);
    WEIR_TRY(expand_items(s));
    if (s->aggregated) {
        s->agg.rel = weiri_new_rel(x);
        WEIR_TRY(group_by(s));
        s->env.agg = &s->agg;
        x->out->aggregates = true;
    }
    return WEIR_OK;
}

weir_rc weiri_select(struct xl *x, const struct select *select, const struct query *order, struct env *outer, bool top, struct result *out, bool *ordered)
{
    struct sel s = {.x = x, .select = select, .order = order};
    s.env = (struct env){.x = x, .scope = &s.scope, .outer = outer, .windows = select->windows, .window_count = select->window_count};
    s.env.lambda = NULL;
    WEIR_TRY(prepare(&s));
    WEIR_TRY(compute_items(&s));
    if (select->having) {
        struct env env = s.env;
        env.aliases_first = true;
        env.clause = NULL;
        WEIR_TRY(condition(&env, select->having, "HAVING", &s.having));
    }
    WEIR_TRY(order_by(&s));
    const char *from = weiri_f(x, "%s%s", s.from, where_sql(&s));
    if (s.aggregated) {
        WEIR_TRY(aggregated_from(&s, &from));
    }
    out->count = s.item_count;
    out->cols = weir_arena_zalloc(x->arena, (s.item_count + 1) * sizeof *out->cols);
    for (size_t i = 0; i < s.item_count; i++) {
        const enum weir_type_id id = s.items[i].val.type.id;
        if (top && (id == WEIR_TYPE_INTERVAL_DT || id == WEIR_TYPE_INTERVAL_YM)) {
            return weiri_unsupported(x, s.items[i].pos, "INTERVAL_UNSUPPORTED", "an interval as a column");
        }
        out->cols[i] = (struct column){.name = s.items[i].name, .type = s.items[i].val.type};
    }
    weiri_name_columns(x, out->cols, out->count, top);
    const char *list = "";
    for (size_t i = 0; i < s.item_count; i++) {
        list = weiri_more(x, list, "%s%s AS %s", i ? ", " : "", s.items[i].val.sql, out->cols[i].sql);
    }
    x->out->distinct = x->out->distinct || select->distinct;
    out->sql = weiri_f(x, "SELECT %s%s%s%s", select->distinct ? "DISTINCT " : "", list, from, s.order_sql);
    *ordered = *s.order_sql != '\0';
    return WEIR_OK;
}
