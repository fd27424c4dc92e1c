/* query.c - queries round SELECT: WITH, VALUES, set operations, ORDER BY over them, LIMIT and OFFSET. */
#include "dialect/parser.h"
#include "dialect/xlate.h"

void weiri_name_columns(struct xl *x, struct column *cols, size_t count, bool top)
{
    for (size_t i = 0; i < count; i++) {
        bool unique = true;
        for (size_t k = 0; k < count && !top; k++) {
            unique = unique && (k == i || !weir_str_eq_nocase(weir_str(cols[k].name), weir_str(cols[i].name)));
        }
        const bool plain = unique && strncmp(cols[i].name, "_c", 2) != 0;
        cols[i].sql = top || plain ? weiri_quote_name(x, cols[i].name) : weiri_f(x, "\"_c%zu\"", i);
    }
}

static struct column *copy_columns(struct xl *x, const struct result *in)
{
    struct column *cols = weir_arena_zalloc(x->arena, (in->count + 1) * sizeof *cols);
    for (size_t i = 0; i < in->count; i++) {
        cols[i] = (struct column){.name = in->cols[i].name, .type = in->cols[i].type};
    }
    return cols;
}

/* --- VALUES --- */

static weir_rc values(struct xl *x, const struct body *body, struct env *outer, struct result *out)
{
    const size_t width = body->rows[0]->kind == N_TUPLE ? body->rows[0]->kid_count : 1;
    struct val *cells = weir_arena_zalloc(x->arena, (width * body->row_count + 1) * sizeof *cells);
    struct env env = {.x = x, .outer = outer, .clause = "VALUES"};
    for (size_t r = 0; r < body->row_count; r++) {
        const weir_node *row = body->rows[r];
        if ((row->kind == N_TUPLE ? row->kid_count : 1) != width) {
            return weiri_invalid(x, row->pos, "INVALID_INLINE_TABLE.NUM_COLUMNS_MISMATCH", "row %zu of VALUES has another number of columns than the first, %zu", r + 1, width);
        }
        for (size_t c = 0; c < width; c++) {
            WEIR_TRY(weiri_expr_val(&env, row->kind == N_TUPLE ? row->kids[c] : row, &cells[c * body->row_count + r]));
        }
    }
    out->count = width;
    out->cols = weir_arena_zalloc(x->arena, (width + 1) * sizeof *out->cols);
    if (body->column_count > 0 && body->column_count != width) {
        return weiri_invalid(x, body->pos, "NUM_TABLE_VALUE_ALIASES_MISMATCH", "%zu names for %zu columns", body->column_count, width);
    }
    const char *names = "";
    for (size_t c = 0; c < width; c++) {
        WEIR_TRY(weiri_unify_plain(x, body->pos, &cells[c * body->row_count], body->row_count, &out->cols[c].type));
        out->cols[c].name = body->column_count > 0 ? body->columns[c] : weiri_f(x, "col%zu", c + 1);
        out->cols[c].sql = weiri_f(x, "\"v%zu\"", c);
        names = weiri_more(x, names, "%s%s", c ? ", " : "", out->cols[c].sql);
    }
    const char *rows = "";
    for (size_t r = 0; r < body->row_count; r++) {
        rows = weiri_more(x, rows, "%s(", r ? ", " : "");
        for (size_t c = 0; c < width; c++) {
            rows = weiri_more(x, rows, "%s%s", c ? ", " : "", cells[c * body->row_count + r].sql);
        }
        rows = weiri_more(x, rows, ")");
    }
    out->sql = weiri_f(x, "SELECT * FROM (VALUES %s) AS %s(%s)", rows, weiri_new_rel(x), names);
    return WEIR_OK;
}

/* --- set operations --- */

static weir_rc body_sql(struct xl *x, const struct body *body, struct env *outer, struct result *out);

/* The result with its columns cast to those of `to`. */
static weir_rc widened(struct xl *x, struct weir_pos pos, const struct result *in, const struct column *to, size_t count, const char **out)
{
    const char *rel = weiri_new_rel(x), *list = "";
    bool same = true;
    for (size_t i = 0; i < count; i++) {
        const struct column *column = &in->cols[i];
        struct val value = {.type = column->type, .sql = weiri_f(x, "%s.%s", rel, column->sql), .weight = 1};
        same = same && weiri_same_type(&column->type, &to[i].type);
        WEIR_TRY(weiri_cast(x, pos, value, to[i].type, false, &value));
        list = weiri_more(x, list, "%s%s AS \"_c%zu\"", i ? ", " : "", value.sql, i);
    }
    *out = same ? in->sql : weiri_f(x, "SELECT %s FROM (%s) AS %s", list, in->sql, rel);
    return WEIR_OK;
}

static weir_rc set_operation(struct xl *x, const struct body *body, struct env *outer, struct result *out)
{
    static const char *const words[] = {[SET_UNION] = "UNION", [SET_EXCEPT] = "EXCEPT", [SET_INTERSECT] = "INTERSECT"};
    struct result left, right;
    WEIR_TRY(body_sql(x, body->left, outer, &left));
    WEIR_TRY(body_sql(x, body->right, outer, &right));
    x->out->distinct = x->out->distinct || !body->all;
    if (left.count != right.count) {
        return weiri_invalid(x, body->pos, "NUM_COLUMNS_MISMATCH", "%s of %zu and %zu columns", words[body->set], left.count, right.count);
    }
    if (body->by_name) {
        return weiri_unsupported(x, body->pos, "SET_OPERATION_UNSUPPORTED", "UNION BY NAME");
    }
    out->count = left.count;
    out->cols = copy_columns(x, &left);
    for (size_t i = 0; i < left.count; i++) {
        if (!weiri_common_type(x, &left.cols[i].type, &right.cols[i].type, &out->cols[i].type)) {
            return weiri_invalid(x, body->pos, "INCOMPATIBLE_COLUMN_TYPE", "column %zu of the %s is %s on one side and %s on the other", i + 1, words[body->set], weiri_type_text(x, &left.cols[i].type),
                                 weiri_type_text(x, &right.cols[i].type));
        }
        if (out->cols[i].type.id == WEIR_TYPE_MAP && (body->set != SET_UNION || !body->all)) {
            return weiri_invalid(x, body->pos, "UNSUPPORTED_FEATURE.SET_OPERATION_ON_MAP_TYPE", "a map in a set operation that compares rows");
        }
    }
    const char *a = NULL, *b = NULL;
    WEIR_TRY(widened(x, body->pos, &left, out->cols, out->count, &a));
    WEIR_TRY(widened(x, body->pos, &right, out->cols, out->count, &b));
    const char *rel = weiri_new_rel(x), *names = "";
    weiri_name_columns(x, out->cols, out->count, false);
    for (size_t i = 0; i < out->count; i++) {
        names = weiri_more(x, names, "%s%s", i ? ", " : "", out->cols[i].sql);
    }
    out->sql = weiri_f(x, "SELECT * FROM ((%s) %s%s (%s)) AS %s(%s)", a, words[body->set], body->all ? " ALL" : "", b, rel, names);
    return WEIR_OK;
}

static weir_rc body_sql(struct xl *x, const struct body *body, struct env *outer, struct result *out)
{
    bool ordered = false;
    switch (body->kind) {
    case BODY_SELECT: return weiri_select(x, body->select, NULL, outer, false, out, &ordered);
    case BODY_VALUES: return values(x, body, outer, out);
    case BODY_SETOP: return set_operation(x, body, outer, out);
    case BODY_QUERY: return weiri_query_sql(x, body->query, outer, false, out);
    }
    return WEIR_OK;
}

/* --- WITH --- */

static weir_rc push_cte(struct xl *x, const struct cte *cte, struct env *outer, const char **with)
{
    struct cte_scope *scope = weir_arena_zalloc(x->arena, sizeof *scope);
    struct result result;
    WEIR_TRY(weiri_query_sql(x, cte->query, outer, false, &result));
    if (cte->column_count > 0 && cte->column_count != result.count) {
        return weiri_invalid(x, cte->pos, "ASSIGNMENT_ARITY_MISMATCH", "%zu names for the %zu columns of `%.100s`", cte->column_count, result.count, cte->name);
    }
    for (size_t i = 0; i < cte->column_count; i++) {
        result.cols[i].name = cte->columns[i];
    }
    scope->name = cte->name;
    scope->duck_name = weiri_f(x, "\"cte%d\"", x->next_rel++);
    scope->outer = x->ctes;
    scope->result = result;
    x->ctes = scope;
    *with = weiri_more(x, *with, "%s%s AS (%s)", **with ? ", " : "WITH ", scope->duck_name, result.sql);
    return WEIR_OK;
}

static weir_rc pushed_ctes(struct xl *x, const struct query *query, struct env *outer, const char **with)
{
    *with = "";
    if (query->recursive) {
        return weiri_unsupported(x, query->pos, "RECURSION_UNSUPPORTED", "WITH RECURSIVE");
    }
    for (size_t i = 0; i < query->cte_count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (weir_str_eq_nocase(weir_str(query->ctes[i].name), weir_str(query->ctes[k].name))) {
                return weiri_invalid(x, query->ctes[i].pos, "DUPLICATED_CTE_NAMES", "WITH names `%.100s` twice", query->ctes[i].name);
            }
        }
        WEIR_TRY(push_cte(x, &query->ctes[i], outer, with));
    }
    return WEIR_OK;
}

/* --- the whole --- */

static weir_rc row_count(struct xl *x, const weir_node *node, const char *word, const char **out)
{
    struct env env = {.x = x, .clause = word};
    struct val value;
    int64_t count = 0;
    WEIR_TRY(weiri_expr_val(&env, node, &value));
    if (!weiri_constant_int(&value, &count) || count < 0) {
        return weiri_invalid(x, node->pos, "INVALID_LIMIT_LIKE_EXPRESSION", "%s takes a whole number that is not negative", word);
    }
    *out = weiri_more(x, *out, " %s %lld", word, (long long)count);
    return WEIR_OK;
}

/* SELECT .. FROM (body) ORDER BY: over VALUES, set operations and queries in parentheses. */
static weir_rc outside(struct xl *x, const struct query *query, struct env *outer, bool top, struct result *out)
{
    struct result inner;
    WEIR_TRY(body_sql(x, query->body, outer, &inner));
    if (!top && query->order_count == 0 && !query->order_all && !query->limit && !query->offset) {
        *out = inner;
        return WEIR_OK;
    }
    const char *rel = weiri_new_rel(x), *list = "", *order = "";
    struct scope scope = {0};
    struct env env = {.x = x, .scope = &scope, .outer = outer};
    out->count = inner.count;
    out->cols = copy_columns(x, &inner);
    weiri_name_columns(x, out->cols, out->count, top);
    struct rel self = {.cols = weir_arena_zalloc(x->arena, (inner.count + 1) * sizeof *self.cols), .count = inner.count};
    if (query->body->kind == BODY_VALUES && query->body->alias) {
        self.name = (struct weir_name){.parts = {weir_str(query->body->alias)}, .count = 1};
    }
    for (size_t i = 0; i < inner.count; i++) {
        if (top && (inner.cols[i].type.id == WEIR_TYPE_INTERVAL_DT || inner.cols[i].type.id == WEIR_TYPE_INTERVAL_YM)) {
            return weiri_unsupported(x, query->pos, "INTERVAL_UNSUPPORTED", "an interval as a column");
        }
        self.cols[i] = inner.cols[i];
        self.cols[i].sql = weiri_f(x, "%s.%s", rel, inner.cols[i].sql);
        list = weiri_more(x, list, "%s%s AS %s", i ? ", " : "", self.cols[i].sql, out->cols[i].sql);
    }
    scope.rels = &self;
    scope.rel_count = 1;
    scope.visible = self.cols;
    scope.visible_count = self.count;
    for (size_t i = 0; i < query->order_count; i++) {
        const struct sort_item *item = &query->order[i];
        int64_t ordinal = 0;
        struct val value;
        if (item->expr->kind == N_INT && weir_str_to_i64(weir_str(item->expr->text), &ordinal)) {
            if (ordinal < 1 || (size_t)ordinal > inner.count) {
                return weiri_invalid(x, item->expr->pos, "ORDER_BY_POS_OUT_OF_RANGE", "ORDER BY %lld: the query has %zu columns", (long long)ordinal, inner.count);
            }
            value = weiri_val(self.cols[ordinal - 1].type, self.cols[ordinal - 1].sql, 1);
        } else {
            WEIR_TRY(weiri_expr_val(&env, item->expr, &value));
        }
        const char *key = NULL;
        WEIR_TRY(weiri_sort_key(x, item->expr->pos, &value, item->desc, item->nulls_first, &key));
        order = weiri_more(x, order, "%s%s", i ? ", " : " ORDER BY ", key);
    }
    for (size_t i = 0; query->order_all && i < inner.count; i++) {
        order = weiri_more(x, order, "%s%s %s NULLS %s", i ? ", " : " ORDER BY ", self.cols[i].sql, query->order_all_desc ? "DESC" : "ASC", query->order_all_nulls_first ? "FIRST" : "LAST");
    }
    out->sql = weiri_f(x, "SELECT %s FROM (%s) AS %s%s", list, inner.sql, rel, order);
    return WEIR_OK;
}

static weir_rc query_inside(struct xl *x, const struct query *query, struct env *outer, bool top, struct result *out)
{
    const char *with = NULL, *limits = "";
    bool ordered = false;
    WEIR_TRY(pushed_ctes(x, query, outer, &with));
    if (query->limit || query->offset) {
        x->out->limits = true;
    }
    if (query->body->kind == BODY_SELECT) {
        WEIR_TRY(weiri_select(x, query->body->select, query, outer, top, out, &ordered));
    } else {
        WEIR_TRY(outside(x, query, outer, top, out));
    }
    if (query->limit) {
        WEIR_TRY(row_count(x, query->limit, "LIMIT", &limits));
    }
    if (query->offset) {
        WEIR_TRY(row_count(x, query->offset, "OFFSET", &limits));
    }
    out->sql = weiri_f(x, "%s%s%s%s", with, *with ? " " : "", out->sql, limits);
    return WEIR_OK;
}

weir_rc weiri_query_sql(struct xl *x, const struct query *query, struct env *outer, bool top, struct result *out)
{
    struct cte_scope *ctes = x->ctes;
    memset(out, 0, sizeof *out);
    const weir_rc rc = query_inside(x, query, outer, top, out);
    x->ctes = ctes;
    return rc;
}
