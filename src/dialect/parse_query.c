/* parse_query.c - WITH, SELECT, VALUES, set operations, ORDER BY, LIMIT. */
#include "dialect/parser.h"

bool weiri_at_query(const struct parser *p)
{
    size_t at = 0;
    while (weiri_tok(p, at)->kind == TOK_OP && strcmp(weiri_tok(p, at)->text, "(") == 0) {
        at++;
    }
    const struct token *tok = weiri_tok(p, at), *after = weiri_tok(p, at + 1);
    if (weiri_is_word(tok, "SELECT") || weiri_is_word(tok, "WITH")) {
        return after->kind != TOK_OP || (strcmp(after->text, ",") != 0 && strcmp(after->text, ")") != 0 && strcmp(after->text, ".") != 0);
    }
    if (weiri_is_word(tok, "VALUES")) {
        return after->kind != TOK_OP || strcmp(after->text, "(") == 0;
    }
    return (weiri_is_word(tok, "FROM") || weiri_is_word(tok, "TABLE")) && (after->kind == TOK_WORD || after->kind == TOK_QUOTED || (weiri_is_word(tok, "FROM") && after->kind == TOK_OP));
}

static weir_rc select_item(struct parser *p, struct select_item *out)
{
    out->pos = weiri_tok(p, 0)->pos;
    WEIR_TRY(weiri_expr(p, &out->expr));
    if (out->expr->kind == N_STAR) {
        if (weiri_at_word(p, "EXCEPT") && weiri_tok(p, 1)->kind == TOK_OP && strcmp(weiri_tok(p, 1)->text, "(") == 0
            && (weiri_tok(p, 2)->kind == TOK_QUOTED || (weiri_tok(p, 2)->kind == TOK_WORD && !weiri_is_word(weiri_tok(p, 2), "SELECT")))) {
            p->at++;
            return weiri_name_list(p, &out->expr->names, &out->expr->name_count);
        }
        return WEIR_OK;
    }
    const bool as = weiri_take_word(p, "AS");
    if (as && weiri_at_op(p, "(")) {
        return weiri_name_list(p, &out->aliases, &out->alias_count);
    }
    if (as || (weiri_at_name(p) && !weiri_stops_alias(weiri_tok(p, 0)))) {
        return weiri_name_part(p, &out->alias);
    }
    return WEIR_OK;
}

/* The sets of GROUPING SETS ((a, b), (a), ()). */
static weir_rc grouping_sets(struct parser *p, struct group_by *out)
{
    size_t cap = 0;
    WEIR_TRY(weiri_expect_op(p, "("));
    do {
        struct group_set set = {0};
        if (weiri_take_op(p, "(")) {
            if (!weiri_at_op(p, ")")) {
                WEIR_TRY(weiri_expr_list(p, &set.exprs, &set.count));
            }
            WEIR_TRY(weiri_expect_op(p, ")"));
        } else {
            size_t one = 0;
            weir_node *expr = NULL;
            WEIR_TRY(weiri_expr(p, &expr));
            ARENA_PUSH(p->arena, set.exprs, set.count, one) = expr;
        }
        ARENA_PUSH(p->arena, out->sets, out->set_count, cap) = set;
    } while (weiri_take_op(p, ","));
    out->kind = GROUP_SETS;
    return weiri_expect_op(p, ")");
}

static weir_rc group_by(struct parser *p, struct group_by *out)
{
    const struct token *after = weiri_tok(p, 1);
    const bool paren = after->kind == TOK_OP && strcmp(after->text, "(") == 0;
    const struct weir_pos pos = weiri_tok(p, 0)->pos;
    if (weiri_at_word(p, "ALL") && !paren && !(after->kind == TOK_OP && strcmp(after->text, ".") == 0)) {
        p->at++;
        out->kind = GROUP_ALL;
        return WEIR_OK;
    }
    if (paren && (weiri_at_word(p, "ROLLUP") || weiri_at_word(p, "CUBE"))) {
        out->kind = weiri_at_word(p, "ROLLUP") ? GROUP_ROLLUP : GROUP_CUBE;
        p->at += 2;
        WEIR_TRY(weiri_expr_list(p, &out->exprs, &out->count));
        WEIR_TRY(weiri_expect_op(p, ")"));
    } else if (weiri_take_words(p, "GROUPING", "SETS")) {
        WEIR_TRY(grouping_sets(p, out));
    } else {
        out->kind = GROUP_PLAIN;
        WEIR_TRY(weiri_expr_list(p, &out->exprs, &out->count));
        if (weiri_take_words(p, "WITH", "ROLLUP")) {
            out->kind = GROUP_ROLLUP;
        } else if (weiri_take_words(p, "WITH", "CUBE")) {
            out->kind = GROUP_CUBE;
        } else if (weiri_take_words(p, "GROUPING", "SETS")) {
            out->exprs = NULL; /* the old spelling: GROUP BY a, b GROUPING SETS (..): the sets say it all */
            out->count = 0;
            WEIR_TRY(grouping_sets(p, out));
        }
    }
    if (weiri_at_op(p, ",")) {
        return weiri_refuse(p, pos, "GROUPING_UNSUPPORTED", "ROLLUP, CUBE or GROUPING SETS beside other grouping expressions");
    }
    return WEIR_OK;
}

static weir_rc lateral_view(struct parser *p, struct lateral_view *out)
{
    size_t cap = 0;
    out->pos = weiri_tok(p, 0)->pos;
    out->outer = weiri_take_word(p, "OUTER");
    const struct token *after = weiri_tok(p, 1);
    if (!weiri_at_name(p) || after->kind != TOK_OP || strcmp(after->text, "(") != 0) {
        return weiri_syntax(p, "a function such as explode(..)");
    }
    WEIR_TRY(weiri_call(p, &out->call));
    if (weiri_at_name(p) && !weiri_stops_alias(weiri_tok(p, 0))) {
        WEIR_TRY(weiri_name_part(p, &out->alias));
    }
    if (weiri_take_word(p, "AS") || (weiri_at_name(p) && !weiri_stops_alias(weiri_tok(p, 0)))) {
        do {
            const char *name = NULL;
            WEIR_TRY(weiri_name_part(p, &name));
            ARENA_PUSH(p->arena, out->columns, out->column_count, cap) = name;
        } while (weiri_take_op(p, ","));
    }
    return WEIR_OK;
}

static weir_rc named_windows(struct parser *p, struct select *out)
{
    size_t cap = 0;
    do {
        struct named_window window = {0};
        WEIR_TRY(weiri_name_part(p, &window.name));
        WEIR_TRY(weiri_expect_word(p, "AS"));
        WEIR_TRY(weiri_window(p, &window.spec));
        ARENA_PUSH(p->arena, out->windows, out->window_count, cap) = window;
    } while (weiri_take_op(p, ","));
    return WEIR_OK;
}

static weir_rc from_list(struct parser *p, struct select *out)
{
    WEIR_TRY(weiri_from(p, &out->from));
    size_t cap = 0;
    while (weiri_take_words(p, "LATERAL", "VIEW")) {
        struct lateral_view view = {0};
        WEIR_TRY(lateral_view(p, &view));
        ARENA_PUSH(p->arena, out->views, out->view_count, cap) = view;
    }
    if (weiri_at_word(p, "PIVOT") || weiri_at_word(p, "UNPIVOT")) {
        return weiri_refuse(p, weiri_tok(p, 0)->pos, "PIVOT_UNSUPPORTED", "PIVOT and UNPIVOT");
    }
    return WEIR_OK;
}

static weir_rc select_items(struct parser *p, struct select *out)
{
    size_t cap = 0;
    out->distinct = weiri_take_word(p, "DISTINCT");
    if (!out->distinct) {
        const struct token *after = weiri_tok(p, 1);
        (void)(weiri_at_word(p, "ALL") && (after->kind != TOK_OP || strcmp(after->text, "*") == 0) && (p->at++, true));
    }
    do {
        struct select_item item = {0};
        WEIR_TRY(select_item(p, &item));
        ARENA_PUSH(p->arena, out->items, out->item_count, cap) = item;
    } while (weiri_take_op(p, ","));
    return WEIR_OK;
}

static weir_rc select_body(struct parser *p, struct body *body)
{
    struct select *out = weir_arena_zalloc(p->arena, sizeof *out);
    body->kind = BODY_SELECT;
    body->select = out;
    bool from_first = false;
    if (weiri_take_word(p, "FROM")) {
        from_first = true;
        WEIR_TRY(from_list(p, out));
        if (weiri_at_op(p, "|>")) {
            return weiri_refuse(p, weiri_tok(p, 0)->pos, "PIPE_UNSUPPORTED", "the pipe operator |>");
        }
        if (weiri_at_word(p, "INSERT")) {
            return weiri_refuse(p, weiri_tok(p, 0)->pos, "STATEMENT_UNSUPPORTED", "FROM .. INSERT");
        }
    }
    WEIR_TRY(weiri_expect_word(p, "SELECT"));
    WEIR_TRY(select_items(p, out));
    if (!from_first && weiri_take_word(p, "FROM")) {
        WEIR_TRY(from_list(p, out));
    }
    if (weiri_take_word(p, "WHERE")) {
        WEIR_TRY(weiri_expr(p, &out->where));
    }
    if (weiri_take_words(p, "GROUP", "BY")) {
        WEIR_TRY(group_by(p, &out->group));
    }
    if (weiri_take_word(p, "HAVING")) {
        WEIR_TRY(weiri_expr(p, &out->having));
    }
    if (weiri_at_word(p, "QUALIFY")) {
        return weiri_syntax(p, "the end of the query (Spark has no QUALIFY: filter row_number() in an outer query)");
    }
    if (weiri_take_word(p, "WINDOW")) {
        WEIR_TRY(named_windows(p, out));
    }
    return WEIR_OK;
}

weir_rc weiri_values(struct parser *p, struct body **out)
{
    struct body *body = weir_arena_zalloc(p->arena, sizeof *body);
    size_t cap = 0;
    *out = body;
    body->kind = BODY_VALUES;
    body->pos = weiri_tok(p, 0)->pos;
    do {
        weir_node *row = NULL;
        WEIR_TRY(weiri_expr(p, &row));
        ARENA_PUSH(p->arena, body->rows, body->row_count, cap) = row;
    } while (weiri_take_op(p, ","));
    return WEIR_OK;
}

static weir_rc primary_body(struct parser *p, struct body **out)
{
    const struct weir_pos pos = weiri_tok(p, 0)->pos;
    if (weiri_take_word(p, "VALUES")) {
        WEIR_TRY(weiri_values(p, out));
        const bool as = weiri_take_word(p, "AS");
        if (as || (weiri_at_name(p) && !weiri_stops_alias(weiri_tok(p, 0)))) {
            WEIR_TRY(weiri_name_part(p, &(*out)->alias));
            if (weiri_at_op(p, "(")) {
                WEIR_TRY(weiri_name_list(p, &(*out)->columns, &(*out)->column_count));
            }
        }
        return WEIR_OK;
    }
    struct body *body = weir_arena_zalloc(p->arena, sizeof *body);
    *out = body;
    body->pos = pos;
    if (weiri_take_op(p, "(")) {
        body->kind = BODY_QUERY;
        WEIR_TRY(weiri_enter(p));
        WEIR_TRY(weiri_query(p, &body->query));
        weiri_leave(p);
        return weiri_expect_op(p, ")");
    }
    if (weiri_at_word(p, "TABLE") && !weiri_is_word(weiri_tok(p, 1), "SELECT")) {
        struct select *select = weir_arena_zalloc(p->arena, sizeof *select);
        size_t cap = 0;
        p->at++;
        struct from *from = weir_arena_zalloc(p->arena, sizeof *from);
        from->kind = FROM_TABLE;
        from->pos = weiri_tok(p, 0)->pos;
        from->table.pos = from->pos;
        WEIR_TRY(weiri_name(p, &from->table.name));
        select->from = from;
        ARENA_PUSH(p->arena, select->items, select->item_count, cap) = (struct select_item){.expr = weiri_node(p, N_STAR, pos), .pos = pos};
        body->kind = BODY_SELECT;
        body->select = select;
        return WEIR_OK;
    }
    return select_body(p, body);
}

static weir_rc set_operation(struct parser *p, enum set_kind kind, struct body *left, struct body **out)
{
    struct body *node = weir_arena_zalloc(p->arena, sizeof *node);
    node->kind = BODY_SETOP;
    node->pos = weiri_tok(p, 0)->pos;
    node->set = kind;
    node->left = left;
    p->at++;
    node->all = weiri_take_word(p, "ALL");
    if (!node->all) {
        (void)weiri_take_word(p, "DISTINCT");
    }
    node->by_name = weiri_take_words(p, "BY", "NAME");
    *out = node;
    return WEIR_OK;
}

static weir_rc intersections(struct parser *p, struct body **out)
{
    WEIR_TRY(primary_body(p, out));
    while (weiri_at_word(p, "INTERSECT")) {
        WEIR_TRY(set_operation(p, SET_INTERSECT, *out, out));
        WEIR_TRY(primary_body(p, &(*out)->right));
    }
    return WEIR_OK;
}

static weir_rc bodies(struct parser *p, struct body **out)
{
    int terms = 0;
    WEIR_TRY(intersections(p, out));
    for (;;) {
        const bool is_union = weiri_at_word(p, "UNION");
        if (!is_union && !weiri_at_word(p, "EXCEPT") && !weiri_at_word(p, "MINUS")) {
            return WEIR_OK;
        }
        if (++terms > WEIRI_DEPTH_MAX) {
            return weir_fail_at(p->err, WEIR_TOO_BIG, "QUERY_TOO_DEEP", (*out)->pos.line, (*out)->pos.column,
                                "more than %d set operations in a row", WEIRI_DEPTH_MAX);
        }
        WEIR_TRY(set_operation(p, is_union ? SET_UNION : SET_EXCEPT, *out, out));
        WEIR_TRY(intersections(p, &(*out)->right));
    }
}

static weir_rc with(struct parser *p, struct query *out)
{
    size_t cap = 0;
    out->recursive = weiri_take_word(p, "RECURSIVE");
    do {
        struct cte cte = {.pos = weiri_tok(p, 0)->pos};
        WEIR_TRY(weiri_name_part(p, &cte.name));
        if (weiri_at_op(p, "(")) {
            WEIR_TRY(weiri_name_list(p, &cte.columns, &cte.column_count));
        }
        if (weiri_at_words(p, "MAX", "RECURSION")) {
            return weiri_refuse(p, cte.pos, "RECURSION_UNSUPPORTED", "MAX RECURSION LEVEL");
        }
        (void)weiri_take_word(p, "AS");
        WEIR_TRY(weiri_expect_op(p, "("));
        WEIR_TRY(weiri_enter(p));
        WEIR_TRY(weiri_query(p, &cte.query));
        weiri_leave(p);
        WEIR_TRY(weiri_expect_op(p, ")"));
        ARENA_PUSH(p->arena, out->ctes, out->cte_count, cap) = cte;
    } while (weiri_take_op(p, ","));
    return WEIR_OK;
}

/* ORDER BY | SORT BY | CLUSTER BY | DISTRIBUTE BY: one partition, so all of them order (DISTRIBUTE BY does nothing). */
static weir_rc ordering(struct parser *p, struct query *out)
{
    if (weiri_take_words(p, "DISTRIBUTE", "BY")) {
        weir_node **ignored = NULL;
        size_t count = 0;
        WEIR_TRY(weiri_expr_list(p, &ignored, &count));
    }
    if (weiri_at_words(p, "ORDER", "BY") && weiri_is_word(weiri_tok(p, 2), "ALL")
        && (weiri_tok(p, 3)->kind != TOK_OP || strcmp(weiri_tok(p, 3)->text, ".") != 0)) {
        p->at += 3;
        out->order_all = true;
        out->order_all_desc = weiri_take_word(p, "DESC");
        if (!out->order_all_desc) {
            (void)weiri_take_word(p, "ASC");
        }
        out->order_all_nulls_first = !out->order_all_desc;
        if (weiri_take_word(p, "NULLS")) {
            out->order_all_nulls_first = weiri_take_word(p, "FIRST");
            return out->order_all_nulls_first ? WEIR_OK : weiri_expect_word(p, "LAST");
        }
        return WEIR_OK;
    }
    if (weiri_take_words(p, "ORDER", "BY") || weiri_take_words(p, "SORT", "BY") || weiri_take_words(p, "CLUSTER", "BY")) {
        return weiri_sort_list(p, &out->order, &out->order_count);
    }
    return WEIR_OK;
}

weir_rc weiri_query(struct parser *p, struct query **out_query)
{
    struct query *out = weir_arena_zalloc(p->arena, sizeof *out);
    *out_query = out;
    WEIR_TRY(weiri_enter(p));
    out->pos = weiri_tok(p, 0)->pos;
    if (weiri_take_word(p, "WITH")) {
        WEIR_TRY(with(p, out));
    }
    WEIR_TRY(bodies(p, &out->body));
    WEIR_TRY(ordering(p, out));
    if (weiri_take_word(p, "WINDOW")) {
        if (out->body->kind != BODY_SELECT || out->body->select->window_count > 0) {
            return weiri_syntax(p, "the end of the query");
        }
        WEIR_TRY(named_windows(p, out->body->select));
    }
    if (weiri_take_word(p, "LIMIT") && !weiri_take_word(p, "ALL")) {
        WEIR_TRY(weiri_expr(p, &out->limit));
    }
    if (weiri_take_word(p, "OFFSET")) {
        WEIR_TRY(weiri_expr(p, &out->offset));
    }
    if (weiri_at_op(p, "|>")) {
        return weiri_refuse(p, weiri_tok(p, 0)->pos, "PIPE_UNSUPPORTED", "the pipe operator |>");
    }
    weiri_leave(p);
    return WEIR_OK;
}

weir_rc weiri_query_node(struct parser *p, weir_node **out)
{
    weir_node *node = weiri_node(p, N_QUERY, weiri_tok(p, 0)->pos);
    p->query_begin = weiri_tok(p, 0)->begin;
    WEIR_TRY(weiri_query(p, &node->query));
    *out = node;
    return WEIR_OK;
}
