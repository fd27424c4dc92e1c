/* walk.c - walking the tree, the tables that a query reads, and the names that Spark gives to columns without AS. */
#include "dialect/parser.h"
#include "dialect/tree.h"

static bool walk_sort(const struct sort_item *items, size_t count, weiri_visit visit, void *arg)
{
    for (size_t i = 0; i < count; i++) {
        if (!weiri_walk_expr(items[i].expr, visit, arg)) {
            return false;
        }
    }
    return true;
}

static bool walk_call(const struct call *call, weiri_visit visit, void *arg)
{
    if ((call->filter && !weiri_walk_expr(call->filter, visit, arg)) || !walk_sort(call->within, call->within_count, visit, arg)) {
        return false;
    }
    if (!call->over) {
        return true;
    }
    for (size_t i = 0; i < call->over->partition_count; i++) {
        if (!weiri_walk_expr(call->over->partition[i], visit, arg)) {
            return false;
        }
    }
    return walk_sort(call->over->order, call->over->order_count, visit, arg);
}

bool weiri_walk_expr(const weir_node *node, weiri_visit visit, void *arg)
{
    if (!visit(arg, node)) {
        return false;
    }
    for (size_t i = 0; i < node->kid_count; i++) {
        if (!weiri_walk_expr(node->kids[i], visit, arg)) {
            return false;
        }
    }
    return !node->call || walk_call(node->call, visit, arg);
}

/* --- tables --- */

struct names { const char *name; struct names *outer; };
struct tables {
    weir_arena *arena;
    struct weir_table_ref *items;
    size_t count, cap;
    struct names *ctes;
    bool metadata;
};

static void query_tables(struct tables *t, const struct query *query);

static bool expr_tables(void *arg, const weir_node *node)
{
    struct tables *t = arg;
    if (node->query) {
        query_tables(t, node->query);
    }
    for (int i = 0; node->kind == N_COLUMN && i < node->name.count; i++) {
        t->metadata = t->metadata || weir_str_eq_nocase(node->name.parts[i], WEIR_STR("_metadata"));
    }
    t->metadata = t->metadata || (node->kind == N_CALL && strcmp(node->text, "input_file_name") == 0);
    return true;
}

static void sort_tables(struct tables *t, const struct sort_item *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        (void)weiri_walk_expr(items[i].expr, expr_tables, t);
    }
}

static void maybe(struct tables *t, const weir_node *node)
{
    if (node) {
        (void)weiri_walk_expr(node, expr_tables, t);
    }
}

bool weiri_may_name_cte(const struct weir_table_ref *ref)
{
    return ref->name.count == 1 && !ref->function && ref->travel == WEIR_TRAVEL_NONE;
}

static bool is_cte(const struct tables *t, const struct weir_table_ref *ref)
{
    for (const struct names *n = t->ctes; n && weiri_may_name_cte(ref); n = n->outer) {
        if (weir_str_eq_nocase(weir_str(n->name), ref->name.parts[0])) {
            return true;
        }
    }
    return false;
}

static void from_tables(struct tables *t, const struct from *from)
{
    if (from->kind == FROM_JOIN) {
        from_tables(t, from->left);
        from_tables(t, from->right);
        maybe(t, from->on);
    } else if (from->kind == FROM_QUERY) {
        query_tables(t, from->query);
    } else if (!is_cte(t, &from->table) && !(from->table.function && strcmp(from->table.function, "range") == 0)) {
        ARENA_PUSH(t->arena, t->items, t->count, t->cap) = from->table;
    }
}

static void select_tables(struct tables *t, const struct select *select)
{
    if (select->from) {
        from_tables(t, select->from);
    }
    for (size_t i = 0; i < select->view_count; i++) {
        maybe(t, select->views[i].call);
    }
    for (size_t i = 0; i < select->item_count; i++) {
        maybe(t, select->items[i].expr);
    }
    maybe(t, select->where);
    for (size_t i = 0; i < select->group.count; i++) {
        maybe(t, select->group.exprs[i]);
    }
    maybe(t, select->having);
}

static void body_tables(struct tables *t, const struct body *body)
{
    switch (body->kind) {
    case BODY_SELECT:
        select_tables(t, body->select);
        break;
    case BODY_VALUES:
        for (size_t i = 0; i < body->row_count; i++) {
            maybe(t, body->rows[i]);
        }
        break;
    case BODY_SETOP:
        body_tables(t, body->left);
        body_tables(t, body->right);
        break;
    case BODY_QUERY:
        query_tables(t, body->query);
        break;
    }
}

static void query_tables(struct tables *t, const struct query *query)
{
    struct names *outer = t->ctes;
    for (size_t i = 0; i < query->cte_count; i++) {
        query_tables(t, query->ctes[i].query);
        struct names *name = weir_arena_alloc(t->arena, sizeof *name);
        *name = (struct names){query->ctes[i].name, t->ctes};
        t->ctes = name;
    }
    body_tables(t, query->body);
    sort_tables(t, query->order, query->order_count);
    t->ctes = outer;
}

weir_rc weir_sql_tables(weir_arena *arena, const weir_node *query, struct weir_table_ref **out, size_t *count_out, struct weir_error *err)
{
    (void)err;
    struct tables t = {.arena = arena};
    if (query && query->query) {
        query_tables(&t, query->query);
    }
    for (size_t i = 0; i < t.count; i++) {
        t.items[i].metadata_used = t.metadata;
    }
    *out = t.items;
    *count_out = t.count;
    return WEIR_OK;
}

/* --- pretty names --- */

static void put(struct weir_buf *out, const weir_node *node);

static void put_list(struct weir_buf *out, const weir_node *node, size_t from)
{
    for (size_t i = from; i < node->kid_count; i++) {
        weir_buf_add_str(out, i > from ? ", " : "");
        put(out, node->kids[i]);
    }
}

static const char *op_text(int op)
{
    static const char *const names[] = {[OP_OR] = "OR",  [OP_AND] = "AND", [OP_EQ] = "=",    [OP_NE] = "=",      [OP_LT] = "<",       [OP_LE] = "<=",      [OP_GT] = ">",
                                        [OP_GE] = ">=",  [OP_NULL_EQ] = "<=>", [OP_ADD] = "+", [OP_SUB] = "-",     [OP_MUL] = "*",      [OP_DIV] = "/",      [OP_MOD] = "%",
                                        [OP_IDIV] = "div", [OP_CONCAT] = "||", [OP_BIT_AND] = "&", [OP_BIT_OR] = "|", [OP_BIT_XOR] = "^", [OP_SHL] = "<<", [OP_SHR] = ">>", [OP_USHR] = ">>>"};
    return names[op];
}

static void put_operator(struct weir_buf *out, const weir_node *node)
{
    if (node->kind == N_UNARY) {
        weir_buf_printf(out, "(%s", node->op == OP_NOT ? "NOT " : node->op == OP_NEG ? "- " : node->op == OP_POS ? "+ " : "~");
        put(out, node->kids[0]);
        weir_buf_add_str(out, ")");
        return;
    }
    if (node->op == OP_CONCAT) {
        weir_buf_add_str(out, "concat(");
        put_list(out, node, 0);
        weir_buf_add_str(out, ")");
        return;
    }
    weir_buf_add_str(out, node->op == OP_NE ? "(NOT (" : "(");
    put(out, node->kids[0]);
    weir_buf_printf(out, " %s ", op_text(node->op));
    put(out, node->kids[1]);
    weir_buf_add_str(out, node->op == OP_NE ? "))" : ")");
}

static void put_case(struct weir_buf *out, const weir_node *node)
{
    size_t i = 0;
    weir_buf_add_str(out, "CASE");
    if (node->has_operand) {
        weir_buf_add_str(out, " ");
        put(out, node->kids[i++]);
    }
    const size_t end = node->kid_count - (node->has_else ? 1 : 0);
    for (; i + 1 < end + 1 && i < end; i += 2) {
        weir_buf_add_str(out, " WHEN ");
        put(out, node->kids[i]);
        weir_buf_add_str(out, " THEN ");
        put(out, node->kids[i + 1]);
    }
    if (node->has_else) {
        weir_buf_add_str(out, " ELSE ");
        put(out, node->kids[end]);
    }
    weir_buf_add_str(out, " END");
}

static void put_upper(struct weir_buf *out, const char *text)
{
    for (; *text; text++) {
        weir_buf_add_char(out, *text >= 'a' && *text <= 'z' ? (char)(*text - 32) : *text);
    }
}

static void put_predicate(struct weir_buf *out, const weir_node *node)
{
    static const char *const like[] = {"LIKE", "ILIKE", "RLIKE"};
    if (node->kind == N_BETWEEN || (node->kind == N_LIKE && node->op != LIKE_RLIKE && node->quant == QUANT_NONE)) {
        weir_buf_add_str(out, node->negated ? "(NOT " : "");
        if (node->kind == N_BETWEEN) {
            weir_buf_add_str(out, "between(");
            put_list(out, node, 0);
            weir_buf_add_str(out, ")");
        } else {
            put(out, node->kids[0]);
            weir_buf_printf(out, " %s ", like[node->op]);
            put(out, node->kids[1]);
        }
        weir_buf_add_str(out, node->negated ? ")" : "");
        return;
    }
    weir_buf_add_str(out, node->negated && node->kind != N_IS ? "(NOT " : "");
    weir_buf_add_str(out, node->kind == N_LIKE && node->op == LIKE_RLIKE ? "RLIKE(" : "(");
    put(out, node->kids[0]);
    switch (node->kind) {
    case N_IS:
        if (node->op == IS_DISTINCT) {
            weir_buf_add_str(out, " IS DISTINCT FROM ");
            put(out, node->kids[1]);
        } else {
            weir_buf_printf(out, " IS %s%s", node->negated ? "NOT " : "", node->op == IS_NULL ? "NULL" : node->op == IS_TRUE ? "TRUE" : node->op == IS_FALSE ? "FALSE" : "UNKNOWN");
        }
        break;
    case N_LIKE:
        weir_buf_printf(out, node->op == LIKE_RLIKE ? ", " : " %s ", like[node->op]);
        put_list(out, node, 1);
        break;
    default:
        weir_buf_add_str(out, " IN (");
        put_list(out, node, 1);
        weir_buf_add_str(out, ")");
        break;
    }
    weir_buf_add_str(out, node->negated && node->kind != N_IS ? "))" : ")");
}

/* The frame as Spark spells it when the text has none. */
static const char *default_frame(const weir_node *node)
{
    static const char *const ranks[] = {"row_number", "rank", "dense_rank", "percent_rank", "cume_dist", "ntile", NULL};
    for (size_t i = 0; ranks[i]; i++) {
        if (strcmp(node->text, ranks[i]) == 0) {
            return strcmp(node->text, "cume_dist") == 0 ? "RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW" : "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW";
        }
    }
    return node->call->over->order_count > 0 ? "RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW" : "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING";
}

static void put_call(struct weir_buf *out, const weir_node *node)
{
    if (strcmp(node->text, "if") == 0 && node->kid_count == 3) {
        weir_buf_add_str(out, "(IF(");
        put_list(out, node, 0);
        weir_buf_add_str(out, "))");
        return;
    }
    if (strcmp(node->text, "extract") == 0 && node->call->keyword) {
        weir_buf_add_str(out, "extract(");
        put_upper(out, node->call->keyword);
        weir_buf_add_str(out, " FROM ");
        put_list(out, node, 0);
        weir_buf_add_str(out, ")");
        return;
    }
    weir_buf_printf(out, "%s(%s", node->text, node->call->distinct ? "DISTINCT " : "");
    if (node->call->star) {
        weir_buf_add_str(out, strcmp(node->text, "count") == 0 ? "1" : "*");
    }
    put_list(out, node, 0);
    weir_buf_add_str(out, ")");
    if (node->call->filter) {
        weir_buf_add_str(out, " FILTER (WHERE ");
        put(out, node->call->filter);
        weir_buf_add_str(out, ")");
    }
    if (node->call->over) {
        weir_buf_add_str(out, " OVER (");
        for (size_t i = 0; i < node->call->over->partition_count; i++) {
            weir_buf_add_str(out, i ? ", " : "PARTITION BY ");
            put(out, node->call->over->partition[i]);
        }
        for (size_t i = 0; i < node->call->over->order_count; i++) {
            const struct sort_item *item = &node->call->over->order[i];
            weir_buf_add_str(out, i ? ", " : node->call->over->partition_count ? " ORDER BY " : "ORDER BY ");
            put(out, item->expr);
            weir_buf_printf(out, " %s NULLS %s", item->desc ? "DESC" : "ASC", item->nulls_first ? "FIRST" : "LAST");
        }
        if (!node->call->over->has_frame && !node->call->over->ref) {
            weir_buf_printf(out, "%s%s", node->call->over->partition_count || node->call->over->order_count ? " " : "", default_frame(node));
        }
        weir_buf_add_str(out, ")");
    }
}

static void put(struct weir_buf *out, const weir_node *node)
{
    switch (node->kind) {
    case N_NULL: weir_buf_add_str(out, "NULL"); break;
    case N_BOOL: weir_buf_add_str(out, node->op ? "true" : "false"); break;
    case N_COLUMN: weir_buf_add_view(out, node->name.parts[node->name.count - 1]); break;
    case N_DATE: weir_buf_printf(out, "DATE '%s'", node->text); break;
    case N_TIMESTAMP: weir_buf_printf(out, "TIMESTAMP '%s'", node->text); break;
    case N_TIMESTAMP_NTZ: weir_buf_printf(out, "TIMESTAMP_NTZ '%s'", node->text); break;
    case N_BINARY: weir_buf_printf(out, "X'%s'", node->text); break;
    case N_DOUBLE: {
        double value = 0;
        char text[48];
        if (weir_str_to_f64(weir_str(node->text), &value)) {
            weir_f64_java(value, text);
            weir_buf_add_str(out, text);
        }
        break;
    }
    case N_UNARY:
    case N_BINARY_OP: put_operator(out, node); break;
    case N_IS:
    case N_BETWEEN:
    case N_IN:
    case N_IN_QUERY:
    case N_LIKE: put_predicate(out, node); break;
    case N_CASE: put_case(out, node); break;
    case N_CAST: {
        struct weir_buf type;
        weir_buf_init(&type, 0);
        weir_type_print(&type, &node->type);
        weir_buf_add_str(out, node->op ? "TRY_CAST(" : "CAST(");
        put(out, node->kids[0]);
        weir_buf_add_str(out, " AS ");
        put_upper(out, type.data ? type.data : "");
        weir_buf_add_str(out, ")");
        weir_buf_free(&type);
        break;
    }
    case N_CALL: put_call(out, node); break;
    case N_INDEX:
        put(out, node->kids[0]);
        weir_buf_add_str(out, "[");
        put(out, node->kids[1]);
        weir_buf_add_str(out, "]");
        break;
    case N_FIELD:
        put(out, node->kids[0]);
        weir_buf_printf(out, ".%s", node->text);
        break;
    case N_EXISTS: weir_buf_add_str(out, "exists()"); break;
    case N_SUBQUERY: weir_buf_add_str(out, "scalarsubquery()"); break;
    case N_INTERVAL: weir_buf_add_str(out, "INTERVAL"); break;
    case N_LAMBDA: weir_buf_add_str(out, "lambdafunction()"); break;
    case N_NAMED_ARG:
        put(out, node->kids[0]);
        weir_buf_printf(out, " AS %s", node->text);
        break;
    case N_TUPLE:
        weir_buf_add_str(out, "(");
        put_list(out, node, 0);
        weir_buf_add_str(out, ")");
        break;
    default: weir_buf_add_str(out, node->text ? node->text : ""); break;
    }
}

const char *weiri_pretty(weir_arena *arena, const weir_node *node)
{
    if (node->kind == N_CAST && node->kids[0]->kind == N_COLUMN) {
        return node->kids[0]->name.parts[node->kids[0]->name.count - 1].ptr; /* CAST(a AS INT) is still called a */
    }
    struct weir_buf buf;
    weir_buf_init(&buf, 1 << 16);
    put(&buf, node);
    const char *out = weir_arena_strndup(arena, buf.data && buf.len ? buf.data : "expr", buf.data && buf.len ? buf.len : 4);
    weir_buf_free(&buf);
    return out;
}
