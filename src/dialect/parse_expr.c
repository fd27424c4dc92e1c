/* parse_expr.c - operators by binding power (Spark's booleanExpression and valueExpression), predicates, sort lists, windows. */
#include "dialect/parser.h"

weir_node *weiri_node(struct parser *p, enum node_kind kind, struct weir_pos pos)
{
    weir_node *node = weir_arena_zalloc(p->arena, sizeof *node);
    node->kind = kind;
    node->pos = pos;
    node->depth = 1;
    return node;
}

weir_node *weiri_node_kids(struct parser *p, enum node_kind kind, struct weir_pos pos, size_t count, weir_node **kids)
{
    weir_node *node = weiri_node(p, kind, pos);
    node->kids = weir_arena_alloc(p->arena, (count ? count : 1) * sizeof *node->kids);
    node->kid_count = count;
    if (count > 0) {
        memcpy(node->kids, kids, count * sizeof *kids);
    }
    return node;
}

weir_rc weiri_depth(struct parser *p, weir_node *node)
{
    for (size_t i = 0; i < node->kid_count; i++) {
        if (node->kids[i] && node->kids[i]->depth + 1 > node->depth) {
            node->depth = node->kids[i]->depth + 1;
        }
    }
    if (node->depth > WEIRI_TREE_DEPTH_MAX) {
        return weir_fail_at(p->err, WEIR_TOO_BIG, "QUERY_TOO_DEEP", node->pos.line, node->pos.column,
                            "an expression is deeper than %d; break it up", WEIRI_TREE_DEPTH_MAX);
    }
    return WEIR_OK;
}

static weir_rc binary(struct parser *p, int op, struct weir_pos pos, weir_node *left, weir_node *right, weir_node **out)
{
    weir_node *node = weiri_node_kids(p, N_BINARY_OP, pos, 2, (weir_node *[]){left, right});
    node->op = op;
    *out = node;
    return weiri_depth(p, node);
}

struct level_op { const char *text; enum sql_op op; bool word; };

/* --- value expressions: tightest first --- */
static const struct level_op mul_ops[] = {{"*", OP_MUL, false}, {"/", OP_DIV, false}, {"%", OP_MOD, false}, {"DIV", OP_IDIV, true}, {0}};
static const struct level_op add_ops[] = {{"+", OP_ADD, false}, {"-", OP_SUB, false}, {"||", OP_CONCAT, false}, {0}};
static const struct level_op shift_ops[] = {{"<<", OP_SHL, false}, {">>", OP_SHR, false}, {">>>", OP_USHR, false}, {0}};
static const struct level_op and_ops[] = {{"&", OP_BIT_AND, false}, {0}};
static const struct level_op xor_ops[] = {{"^", OP_BIT_XOR, false}, {0}};
static const struct level_op or_ops[] = {{"|", OP_BIT_OR, false}, {0}};
static const struct level_op *const levels[] = {or_ops, xor_ops, and_ops, shift_ops, add_ops, mul_ops};
#define LEVELS (sizeof levels / sizeof *levels)

static const struct level_op *at_level(const struct parser *p, const struct level_op *ops)
{
    for (; ops->text; ops++) {
        if (ops->word ? weiri_at_word(p, ops->text) : weiri_at_op(p, ops->text)) {
            return ops;
        }
    }
    return NULL;
}

static weir_rc level(struct parser *p, size_t depth, weir_node **out)
{
    if (depth == LEVELS) {
        return weiri_unary(p, out);
    }
    WEIR_TRY(level(p, depth + 1, out));
    const struct level_op *op;
    while ((op = at_level(p, levels[depth])) != NULL) {
        const struct weir_pos pos = weiri_tok(p, 0)->pos;
        weir_node *right = NULL;
        p->at++;
        WEIR_TRY(level(p, depth + 1, &right));
        WEIR_TRY(binary(p, (int)op->op, pos, *out, right, out));
    }
    return WEIR_OK;
}

weir_rc weiri_value_expr(struct parser *p, weir_node **out)
{
    return level(p, 0, out);
}

static bool is_number(const weir_node *node)
{
    return node->kind == N_INT || node->kind == N_DECIMAL || node->kind == N_DOUBLE || node->kind == N_FLOAT;
}

weir_rc weiri_unary(struct parser *p, weir_node **out)
{
    const struct weir_pos pos = weiri_tok(p, 0)->pos;
    const int op = weiri_at_op(p, "-") ? OP_NEG : weiri_at_op(p, "+") ? OP_POS : weiri_at_op(p, "~") ? OP_BIT_NOT : 0;
    if (op == 0) {
        return weiri_primary(p, out);
    }
    p->at++;
    const enum token_kind next = weiri_tok(p, 0)->kind;
    weir_node *inner = NULL;
    WEIR_TRY(weiri_enter(p));
    WEIR_TRY(weiri_unary(p, &inner));
    weiri_leave(p);
    if (op == OP_NEG && is_number(inner) && inner->text[0] != '-' && next != TOK_OP) {
        inner->text = weir_arena_printf(p->arena, "-%s", inner->text); /* -1 is a literal, so that -2147483648 is an INT */
        *out = inner;
        return WEIR_OK;
    }
    weir_node *node = weiri_node_kids(p, N_UNARY, pos, 1, &inner);
    node->op = op;
    *out = node;
    return weiri_depth(p, node);
}

/* --- predicates: x [NOT] BETWEEN, IN, LIKE; IS --- */

static weir_rc like(struct parser *p, weir_node *left, bool negated, int kind, struct weir_pos pos, weir_node **out)
{
    weir_node **kids = NULL;
    size_t count = 0, cap = 0;
    ARENA_PUSH(p->arena, kids, count, cap) = left;
    int quant = QUANT_NONE;
    if (weiri_at_word(p, "ANY") || weiri_at_word(p, "SOME")) {
        quant = QUANT_ANY;
    } else if (weiri_at_word(p, "ALL")) {
        quant = QUANT_ALL;
    }
    if (quant != QUANT_NONE) {
        p->at++;
        WEIR_TRY(weiri_expect_op(p, "("));
        do {
            weir_node *pattern = NULL;
            WEIR_TRY(weiri_expr(p, &pattern));
            ARENA_PUSH(p->arena, kids, count, cap) = pattern;
        } while (weiri_take_op(p, ","));
        WEIR_TRY(weiri_expect_op(p, ")"));
    } else {
        weir_node *pattern = NULL;
        WEIR_TRY(weiri_value_expr(p, &pattern));
        ARENA_PUSH(p->arena, kids, count, cap) = pattern;
    }
    weir_node *node = weiri_node_kids(p, N_LIKE, pos, count, kids);
    node->op = kind;
    node->quant = quant;
    node->negated = negated;
    if (kind != LIKE_RLIKE && weiri_take_word(p, "ESCAPE")) {
        WEIR_TRY(weiri_string(p, &node->text));
    }
    *out = node;
    return weiri_depth(p, node);
}

static weir_rc in_list(struct parser *p, weir_node *left, bool negated, struct weir_pos pos, weir_node **out)
{
    WEIR_TRY(weiri_expect_op(p, "("));
    if (weiri_at_query(p)) {
        weir_node *node = weiri_node_kids(p, N_IN_QUERY, pos, 1, &left);
        node->negated = negated;
        WEIR_TRY(weiri_enter(p));
        WEIR_TRY(weiri_query(p, &node->query));
        weiri_leave(p);
        *out = node;
        WEIR_TRY(weiri_depth(p, node));
        return weiri_expect_op(p, ")");
    }
    weir_node **kids = NULL;
    size_t count = 0, cap = 0;
    ARENA_PUSH(p->arena, kids, count, cap) = left;
    do {
        weir_node *item = NULL;
        WEIR_TRY(weiri_expr(p, &item));
        ARENA_PUSH(p->arena, kids, count, cap) = item;
    } while (weiri_take_op(p, ","));
    WEIR_TRY(weiri_expect_op(p, ")"));
    *out = weiri_node_kids(p, N_IN, pos, count, kids);
    (*out)->negated = negated;
    return weiri_depth(p, *out);
}

static weir_rc between(struct parser *p, weir_node *left, bool negated, struct weir_pos pos, weir_node **out)
{
    weir_node *low = NULL, *high = NULL;
    WEIR_TRY(weiri_value_expr(p, &low));
    WEIR_TRY(weiri_expect_word(p, "AND"));
    WEIR_TRY(weiri_value_expr(p, &high));
    *out = weiri_node_kids(p, N_BETWEEN, pos, 3, (weir_node *[]){left, low, high});
    (*out)->negated = negated;
    return weiri_depth(p, *out);
}

static weir_rc is(struct parser *p, weir_node *left, struct weir_pos pos, weir_node **out)
{
    const bool negated = weiri_take_word(p, "NOT");
    weir_node *kids[2] = {left, NULL};
    size_t count = 1;
    int kind;
    if (weiri_take_word(p, "NULL")) {
        kind = IS_NULL;
    } else if (weiri_take_word(p, "TRUE")) {
        kind = IS_TRUE;
    } else if (weiri_take_word(p, "FALSE")) {
        kind = IS_FALSE;
    } else if (weiri_take_word(p, "UNKNOWN")) {
        kind = IS_UNKNOWN;
    } else if (weiri_take_words(p, "DISTINCT", "FROM")) {
        kind = IS_DISTINCT;
        WEIR_TRY(weiri_value_expr(p, &kids[1]));
        count = 2;
    } else {
        return weiri_syntax(p, "NULL, TRUE, FALSE, UNKNOWN or DISTINCT FROM after IS");
    }
    *out = weiri_node_kids(p, N_IS, pos, count, kids);
    (*out)->op = kind;
    (*out)->negated = negated;
    return weiri_depth(p, *out);
}

static weir_rc comparison(struct parser *p, weir_node **out, bool *again)
{
    static const struct level_op ops[] = {{"=", OP_EQ, false}, {"==", OP_EQ, false}, {"<>", OP_NE, false}, {"!=", OP_NE, false}, {"<=", OP_LE, false},
                                          {">=", OP_GE, false}, {"<", OP_LT, false}, {">", OP_GT, false}, {"<=>", OP_NULL_EQ, false}, {0}};
    const struct level_op *op = at_level(p, ops);
    const struct weir_pos pos = weiri_tok(p, 0)->pos;
    *again = false;
    if (op) {
        weir_node *right = NULL;
        p->at++;
        if (weiri_at_word(p, "ANY") || weiri_at_word(p, "ALL") || weiri_at_word(p, "SOME")) {
            const struct token *after = weiri_tok(p, 1);
            if (after->kind == TOK_OP && strcmp(after->text, "(") == 0) {
                return weiri_syntax(p, "a value (Spark has no quantified comparison)");
            }
        }
        WEIR_TRY(weiri_value_expr(p, &right));
        *again = true;
        return binary(p, (int)op->op, pos, *out, right, out);
    }
    return WEIR_OK;
}

static weir_rc predicate(struct parser *p, weir_node **out, bool *again)
{
    WEIR_TRY(comparison(p, out, again));
    if (*again) {
        return WEIR_OK;
    }
    const struct weir_pos pos = weiri_tok(p, 0)->pos;
    const size_t start = p->at;
    const bool negated = weiri_take_word(p, "NOT") || (weiri_at_op(p, "!") && (p->at++, true));
    *again = true;
    if (weiri_take_word(p, "BETWEEN")) {
        return between(p, *out, negated, pos, out);
    }
    if (weiri_take_word(p, "IN")) {
        return in_list(p, *out, negated, pos, out);
    }
    if (weiri_take_word(p, "LIKE")) {
        return like(p, *out, negated, LIKE_LIKE, pos, out);
    }
    if (weiri_take_word(p, "ILIKE")) {
        return like(p, *out, negated, LIKE_ILIKE, pos, out);
    }
    if (weiri_take_word(p, "RLIKE") || weiri_take_word(p, "REGEXP")) {
        return like(p, *out, negated, LIKE_RLIKE, pos, out);
    }
    if (!negated && weiri_take_word(p, "IS")) {
        return is(p, *out, pos, out);
    }
    p->at = start;
    *again = false;
    return WEIR_OK;
}

static weir_rc not_expr(struct parser *p, weir_node **out)
{
    const struct weir_pos pos = weiri_tok(p, 0)->pos;
    const bool is_not = weiri_at_word(p, "NOT") || weiri_at_op(p, "!");
    if (is_not) {
        weir_node *inner = NULL;
        p->at++;
        WEIR_TRY(weiri_enter(p));
        WEIR_TRY(not_expr(p, &inner));
        weiri_leave(p);
        weir_node *node = weiri_node_kids(p, N_UNARY, pos, 1, &inner);
        node->op = OP_NOT;
        *out = node;
        return weiri_depth(p, node);
    }
    WEIR_TRY(weiri_value_expr(p, out));
    bool again = true;
    while (again) {
        WEIR_TRY(predicate(p, out, &again));
    }
    return WEIR_OK;
}

static weir_rc and_expr(struct parser *p, weir_node **out)
{
    WEIR_TRY(not_expr(p, out));
    while (weiri_at_word(p, "AND")) {
        const struct weir_pos pos = weiri_tok(p, 0)->pos;
        weir_node *right = NULL;
        p->at++;
        WEIR_TRY(not_expr(p, &right));
        WEIR_TRY(binary(p, OP_AND, pos, *out, right, out));
    }
    return WEIR_OK;
}

weir_rc weiri_expr(struct parser *p, weir_node **out)
{
    WEIR_TRY(weiri_enter(p));
    WEIR_TRY(and_expr(p, out));
    while (weiri_at_word(p, "OR")) {
        const struct weir_pos pos = weiri_tok(p, 0)->pos;
        weir_node *right = NULL;
        p->at++;
        WEIR_TRY(and_expr(p, &right));
        WEIR_TRY(binary(p, OP_OR, pos, *out, right, out));
    }
    weiri_leave(p);
    return WEIR_OK;
}

weir_rc weiri_expr_list(struct parser *p, weir_node ***out, size_t *count)
{
    size_t cap = *count;
    do {
        weir_node *item = NULL;
        WEIR_TRY(weiri_expr(p, &item));
        ARENA_PUSH(p->arena, *out, *count, cap) = item;
    } while (weiri_take_op(p, ","));
    return WEIR_OK;
}

weir_rc weiri_sort_list(struct parser *p, struct sort_item **out, size_t *count)
{
    size_t cap = 0;
    *out = NULL;
    *count = 0;
    do {
        struct sort_item item = {0};
        WEIR_TRY(weiri_expr(p, &item.expr));
        item.desc = weiri_take_word(p, "DESC");
        if (!item.desc) {
            (void)weiri_take_word(p, "ASC");
        }
        item.nulls_first = !item.desc; /* Spark: NULLs are the smallest */
        if (weiri_take_word(p, "NULLS")) {
            item.nulls_first = weiri_take_word(p, "FIRST");
            if (!item.nulls_first) {
                WEIR_TRY(weiri_expect_word(p, "LAST"));
            }
        }
        ARENA_PUSH(p->arena, *out, *count, cap) = item;
    } while (weiri_take_op(p, ","));
    return WEIR_OK;
}

static weir_rc bound(struct parser *p, struct frame_bound *out)
{
    if (weiri_take_word(p, "UNBOUNDED")) {
        if (weiri_take_word(p, "PRECEDING")) {
            out->kind = BOUND_UNBOUNDED_PRECEDING;
            return WEIR_OK;
        }
        out->kind = BOUND_UNBOUNDED_FOLLOWING;
        return weiri_expect_word(p, "FOLLOWING");
    }
    if (weiri_take_words(p, "CURRENT", "ROW")) {
        out->kind = BOUND_CURRENT;
        return WEIR_OK;
    }
    WEIR_TRY(weiri_value_expr(p, &out->expr));
    if (weiri_take_word(p, "PRECEDING")) {
        out->kind = BOUND_PRECEDING;
        return WEIR_OK;
    }
    out->kind = BOUND_FOLLOWING;
    return weiri_expect_word(p, "FOLLOWING");
}

/* name, or ( [name] [PARTITION BY ..] [ORDER BY ..] [frame] ). */
weir_rc weiri_window(struct parser *p, struct window_spec **out)
{
    struct window_spec *spec = weir_arena_zalloc(p->arena, sizeof *spec);
    *out = spec;
    spec->pos = weiri_tok(p, 0)->pos;
    if (!weiri_take_op(p, "(")) {
        return weiri_name_part(p, &spec->ref);
    }
    if (weiri_at_name(p) && !weiri_at_words(p, "PARTITION", "BY") && !weiri_at_words(p, "ORDER", "BY") && !weiri_at_word(p, "ROWS")
        && !weiri_at_word(p, "RANGE") && !weiri_at_words(p, "CLUSTER", "BY") && !weiri_at_words(p, "SORT", "BY")
        && !weiri_at_words(p, "DISTRIBUTE", "BY")) {
        WEIR_TRY(weiri_name_part(p, &spec->ref));
    }
    if (weiri_take_words(p, "PARTITION", "BY") || weiri_take_words(p, "DISTRIBUTE", "BY")) {
        WEIR_TRY(weiri_expr_list(p, &spec->partition, &spec->partition_count));
    }
    if (weiri_take_words(p, "ORDER", "BY") || weiri_take_words(p, "SORT", "BY")) {
        WEIR_TRY(weiri_sort_list(p, &spec->order, &spec->order_count));
    }
    if (weiri_at_word(p, "ROWS") || weiri_at_word(p, "RANGE")) {
        spec->has_frame = true;
        spec->range = weiri_at_word(p, "RANGE");
        p->at++;
        spec->high.kind = BOUND_CURRENT;
        if (weiri_take_word(p, "BETWEEN")) {
            WEIR_TRY(bound(p, &spec->low));
            WEIR_TRY(weiri_expect_word(p, "AND"));
            WEIR_TRY(bound(p, &spec->high));
        } else {
            WEIR_TRY(bound(p, &spec->low));
        }
    }
    return weiri_expect_op(p, ")");
}
