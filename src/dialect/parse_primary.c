/* parse_primary.c - literals, names, calls, CASE, CAST, parentheses, sub-queries, and what may follow them: .field, [index], ::type. */
#include "dialect/parser.h"

static bool op_at(const struct parser *p, size_t ahead, const char *op)
{
    const struct token *tok = weiri_tok(p, ahead);
    return tok->kind == TOK_OP && strcmp(tok->text, op) == 0;
}

static weir_rc literal_text(struct parser *p, enum node_kind kind, struct weir_pos pos, weir_node **out)
{
    *out = weiri_node(p, kind, pos);
    return weiri_string(p, &(*out)->text);
}

static weir_rc int_literal(struct parser *p, const struct token *tok, weir_node **out)
{
    weir_node *node = weiri_node(p, N_INT, tok->pos);
    node->text = tok->text;
    node->type = weir_type_of(tok->suffix == 'L'   ? WEIR_TYPE_LONG
                              : tok->suffix == 'S' ? WEIR_TYPE_SHORT
                              : tok->suffix == 'Y' ? WEIR_TYPE_BYTE
                                                   : WEIR_TYPE_VOID /* by its size */);
    p->at++;
    *out = node;
    return WEIR_OK;
}

static weir_rc number_literal(struct parser *p, weir_node **out)
{
    const struct token *tok = weiri_tok(p, 0);
    if (tok->kind == TOK_INT) {
        return int_literal(p, tok, out);
    }
    const enum node_kind kind = tok->kind == TOK_DECIMAL ? N_DECIMAL : tok->kind == TOK_DOUBLE ? N_DOUBLE : tok->kind == TOK_FLOAT ? N_FLOAT : N_BINARY;
    *out = weiri_node(p, kind, tok->pos);
    (*out)->text = tok->text;
    p->at++;
    return WEIR_OK;
}

/* INTERVAL '1' DAY | 1 DAY 2 HOURS | '1 day' | '1 02:00:00' DAY TO SECOND. The word INTERVAL is taken. */
weir_rc weiri_interval(struct parser *p, struct weir_pos pos, weir_node **out)
{
    weir_node *node = weiri_node(p, N_INTERVAL, pos);
    size_t kid_cap = 0, name_cap = 0;
    *out = node;
    if (weiri_tok(p, 0)->kind == TOK_STRING && (weiri_tok(p, 1)->kind != TOK_WORD || weiri_stops_alias(weiri_tok(p, 1)))) {
        return weiri_string(p, &node->text);
    }
    if (weiri_tok(p, 0)->kind == TOK_STRING && weiri_is_word(weiri_tok(p, 2), "TO")) {
        const char *from = NULL, *to = NULL;
        WEIR_TRY(weiri_string(p, &node->text));
        WEIR_TRY(weiri_name_part(p, &from));
        p->at++;
        WEIR_TRY(weiri_name_part(p, &to));
        ARENA_PUSH(p->arena, node->names, node->name_count, name_cap) =
            weiri_lower(p->arena, weir_arena_printf(p->arena, "%s to %s", from, to));
        return WEIR_OK;
    }
    do {
        weir_node *amount = NULL;
        const char *unit = NULL;
        if (weiri_tok(p, 0)->kind == TOK_STRING) {
            WEIR_TRY(literal_text(p, N_STRING, weiri_tok(p, 0)->pos, &amount));
        } else {
            WEIR_TRY(weiri_unary(p, &amount));
        }
        WEIR_TRY(weiri_name_part(p, &unit));
        ARENA_PUSH(p->arena, node->kids, node->kid_count, kid_cap) = amount;
        ARENA_PUSH(p->arena, node->names, node->name_count, name_cap) = weiri_lower(p->arena, unit);
    } while (weiri_tok(p, 0)->kind == TOK_INT || (weiri_tok(p, 0)->kind == TOK_STRING && weiri_tok(p, 1)->kind == TOK_WORD));
    return weiri_depth(p, node);
}

static weir_rc case_expr(struct parser *p, struct weir_pos pos, weir_node **out)
{
    weir_node **kids = NULL;
    size_t count = 0, cap = 0;
    weir_node *operand = NULL, *other = NULL;
    if (!weiri_at_word(p, "WHEN")) {
        WEIR_TRY(weiri_expr(p, &operand));
        ARENA_PUSH(p->arena, kids, count, cap) = operand;
    }
    if (!weiri_at_word(p, "WHEN")) {
        return weiri_syntax(p, "WHEN");
    }
    while (weiri_take_word(p, "WHEN")) {
        weir_node *when = NULL, *then = NULL;
        WEIR_TRY(weiri_expr(p, &when));
        WEIR_TRY(weiri_expect_word(p, "THEN"));
        WEIR_TRY(weiri_expr(p, &then));
        ARENA_PUSH(p->arena, kids, count, cap) = when;
        ARENA_PUSH(p->arena, kids, count, cap) = then;
    }
    if (weiri_take_word(p, "ELSE")) {
        WEIR_TRY(weiri_expr(p, &other));
        ARENA_PUSH(p->arena, kids, count, cap) = other;
    }
    WEIR_TRY(weiri_expect_word(p, "END"));
    *out = weiri_node_kids(p, N_CASE, pos, count, kids);
    (*out)->has_operand = operand != NULL;
    (*out)->has_else = other != NULL;
    return weiri_depth(p, *out);
}

static weir_rc cast_expr(struct parser *p, struct weir_pos pos, int try_cast, weir_node **out)
{
    weir_node *inner = NULL;
    struct weir_type type;
    WEIR_TRY(weiri_expect_op(p, "("));
    WEIR_TRY(weiri_expr(p, &inner));
    WEIR_TRY(weiri_expect_word(p, "AS"));
    WEIR_TRY(weiri_type(p, &type));
    *out = weiri_node_kids(p, N_CAST, pos, 1, &inner);
    (*out)->type = type;
    (*out)->op = try_cast;
    WEIR_TRY(weiri_depth(p, *out));
    return weiri_expect_op(p, ")");
}

static weir_rc subquery(struct parser *p, enum node_kind kind, struct weir_pos pos, weir_node **out)
{
    *out = weiri_node(p, kind, pos);
    WEIR_TRY(weiri_query(p, &(*out)->query));
    return weiri_expect_op(p, ")");
}

/* Is the parenthesis at the cursor the parameter list of a lambda, (x, y) -> e? */
static bool at_lambda_list(const struct parser *p)
{
    size_t at = 1;
    while (weiri_tok(p, at)->kind == TOK_WORD || weiri_tok(p, at)->kind == TOK_QUOTED) {
        at++;
        if (op_at(p, at, ")")) {
            return op_at(p, at + 1, "->");
        }
        if (!op_at(p, at, ",")) {
            return false;
        }
        at++;
    }
    return false;
}

static weir_rc lambda(struct parser *p, struct weir_pos pos, weir_node **out)
{
    weir_node *body = NULL;
    const char **names = NULL;
    size_t count = 0, cap = 0;
    if (weiri_at_op(p, "(")) {
        WEIR_TRY(weiri_name_list(p, &names, &count));
    } else {
        const char *name = NULL;
        WEIR_TRY(weiri_name_part(p, &name));
        ARENA_PUSH(p->arena, names, count, cap) = name;
    }
    WEIR_TRY(weiri_expect_op(p, "->"));
    WEIR_TRY(weiri_expr(p, &body));
    *out = weiri_node_kids(p, N_LAMBDA, pos, 1, &body);
    (*out)->names = names;
    (*out)->name_count = count;
    return weiri_depth(p, *out);
}

static weir_rc parenthesis(struct parser *p, struct weir_pos pos, weir_node **out)
{
    if (at_lambda_list(p)) {
        return lambda(p, pos, out);
    }
    WEIR_TRY(weiri_enter(p));
    p->at++;
    if (weiri_at_query(p)) {
        WEIR_TRY(subquery(p, N_SUBQUERY, pos, out));
    } else {
        weir_node **kids = NULL;
        size_t count = 0;
        WEIR_TRY(weiri_expr_list(p, &kids, &count));
        WEIR_TRY(weiri_expect_op(p, ")"));
        if (count == 1) {
            *out = kids[0];
        } else {
            *out = weiri_node_kids(p, N_TUPLE, pos, count, kids);
            WEIR_TRY(weiri_depth(p, *out));
        }
    }
    weiri_leave(p);
    return WEIR_OK;
}

/* Words that are calls without parentheses. */
static bool bare_function(const struct token *tok)
{
    static const char *const names[] = {"CURRENT_DATE", "CURRENT_TIMESTAMP", "CURRENT_USER", "SESSION_USER", "USER", "LOCALTIMESTAMP", "CURRENT_TIME", NULL};
    for (size_t i = 0; names[i]; i++) {
        if (weiri_is_word(tok, names[i])) {
            return true;
        }
    }
    return false;
}

static weir_rc column(struct parser *p, weir_node **out)
{
    const struct token *tok = weiri_tok(p, 0);
    weir_node *node = weiri_node(p, N_COLUMN, tok->pos);
    *out = node;
    node->name.pos = tok->pos;
    for (;;) {
        const char *part = NULL;
        WEIR_TRY(weiri_name_part(p, &part));
        node->name.parts[node->name.count++] = weir_str(part);
        const struct token *after = weiri_tok(p, 1);
        if (node->name.count == 4 || !weiri_at_op(p, ".") || (after->kind != TOK_WORD && after->kind != TOK_QUOTED)) {
            break;
        }
        p->at++;
    }
    if (weiri_at_op(p, ".") && op_at(p, 1, "*")) {
        p->at += 2;
        node->kind = N_STAR;
    }
    return WEIR_OK;
}

static weir_rc keyword(struct parser *p, struct weir_pos pos, weir_node **out, bool *done)
{
    const bool paren = op_at(p, 1, "(");
    const bool text = weiri_tok(p, 1)->kind == TOK_STRING;
    *done = true;
    if (weiri_at_word(p, "NULL")) {
        *out = weiri_node(p, N_NULL, pos);
        p->at++;
    } else if ((weiri_at_word(p, "TRUE") || weiri_at_word(p, "FALSE")) && !op_at(p, 1, ".")) {
        *out = weiri_node(p, N_BOOL, pos);
        (*out)->op = weiri_at_word(p, "TRUE");
        p->at++;
    } else if (text && (weiri_at_word(p, "DATE") || weiri_at_word(p, "TIMESTAMP") || weiri_at_word(p, "TIMESTAMP_LTZ") || weiri_at_word(p, "TIMESTAMP_NTZ"))) {
        const enum node_kind kind = weiri_at_word(p, "DATE") ? N_DATE : weiri_at_word(p, "TIMESTAMP_NTZ") ? N_TIMESTAMP_NTZ : N_TIMESTAMP;
        p->at++;
        return literal_text(p, kind, pos, out);
    } else if (text && weiri_at_word(p, "TIME")) {
        return weiri_refuse(p, pos, "TYPE_UNSUPPORTED", "the type TIME");
    } else if (weiri_at_word(p, "INTERVAL") && !paren && !op_at(p, 1, ".") && !op_at(p, 1, ",") && weiri_tok(p, 1)->kind != TOK_END
               && !weiri_stops_alias(weiri_tok(p, 1))) {
        p->at++;
        return weiri_interval(p, pos, out);
    } else if (weiri_at_word(p, "CASE") && !op_at(p, 1, ".")) {
        p->at++;
        return case_expr(p, pos, out);
    } else if (paren && (weiri_at_word(p, "CAST") || weiri_at_word(p, "TRY_CAST"))) {
        const int try_cast = weiri_at_word(p, "TRY_CAST");
        p->at++;
        return cast_expr(p, pos, try_cast, out);
    } else if (paren && weiri_at_word(p, "EXISTS")) {
        p->at += 2;
        if (weiri_at_query(p)) {
            return subquery(p, N_EXISTS, pos, out);
        }
        p->at -= 2;
        return weiri_call(p, out);
    } else {
        *done = false;
    }
    return WEIR_OK;
}

static weir_rc atom(struct parser *p, weir_node **out)
{
    const struct token *tok = weiri_tok(p, 0);
    switch (tok->kind) {
    case TOK_INT:
    case TOK_DECIMAL:
    case TOK_DOUBLE:
    case TOK_FLOAT:
    case TOK_HEX:
        return number_literal(p, out);
    case TOK_STRING:
        return literal_text(p, N_STRING, tok->pos, out);
    case TOK_OP:
        if (weiri_at_op(p, "(")) {
            return parenthesis(p, tok->pos, out);
        }
        if (weiri_at_op(p, "*")) {
            *out = weiri_node(p, N_STAR, tok->pos);
            p->at++;
            return WEIR_OK;
        }
        if (weiri_at_op(p, ":") || weiri_at_op(p, "?")) {
            return weiri_refuse(p, tok->pos, "PARAMETER_UNSUPPORTED", "a parameter marker");
        }
        return weiri_syntax(p, "an expression");
    case TOK_WORD: {
        bool done = false;
        WEIR_TRY(keyword(p, tok->pos, out, &done));
        if (done) {
            return WEIR_OK;
        }
        if (bare_function(tok) && !op_at(p, 1, "(") && !op_at(p, 1, ".")) {
            *out = weiri_node(p, N_CALL, tok->pos);
            (*out)->text = weiri_lower(p->arena, tok->text);
            (*out)->call = weir_arena_zalloc(p->arena, sizeof *(*out)->call);
            (*out)->name = (struct weir_name){.pos = tok->pos, .count = 1, .parts = {weir_str(tok->text)}}; /* unless a column has that name */
            p->at++;
            return WEIR_OK;
        }
        break;
    }
    case TOK_QUOTED:
        break;
    case TOK_END:
        return weiri_syntax(p, "an expression");
    }
    if (op_at(p, 1, "->")) {
        return lambda(p, tok->pos, out);
    }
    if (op_at(p, 1, "(")) {
        return weiri_call(p, out);
    }
    if (weiri_stops_alias(tok) && tok->kind == TOK_WORD && !op_at(p, 1, ".")) {
        static const char *const usable[] = {"LEFT", "RIGHT", "SET", "FILTER", "ROWS", "OFFSET", "ESCAPE", "CHANGES", "WATERMARK", "NULLS", "WITHIN", "OVER", "MINUS", "WINDOW", "FULL",
                                             "SEMI", "ANTI", "NATURAL", "CLUSTER", "SORT", "DISTRIBUTE", "END", "DIV", NULL};
        for (size_t i = 0;; i++) {
            if (!usable[i]) {
                return weiri_syntax(p, "an expression");
            }
            if (weiri_is_word(tok, usable[i])) {
                break;
            }
        }
    }
    return column(p, out);
}

/* text:a.b[0]['c']: a path into JSON text, as Databricks writes get_json_object(text, '$.a.b[0].c'). */
static weir_rc json_path(struct parser *p, weir_node **out)
{
    const struct weir_pos pos = weiri_tok(p, 0)->pos;
    const char *path = "$";
    for (bool more = true; more;) {
        const char *name = NULL;
        if (weiri_take_op(p, ":") || weiri_take_op(p, ".")) {
            WEIR_TRY(weiri_name_part(p, &name));
            path = weir_arena_printf(p->arena, "%s.%s", path, name);
        } else if (op_at(p, 0, "[") && weiri_tok(p, 1)->kind == TOK_STRING) {
            p->at++;
            WEIR_TRY(weiri_string(p, &name));
            path = weir_arena_printf(p->arena, "%s.%s", path, name);
            WEIR_TRY(weiri_expect_op(p, "]"));
        } else if (op_at(p, 0, "[") && weiri_tok(p, 1)->kind == TOK_INT) {
            path = weir_arena_printf(p->arena, "%s[%s]", path, weiri_tok(p, 1)->text);
            p->at += 2;
            WEIR_TRY(weiri_expect_op(p, "]"));
        } else if (op_at(p, 0, "[")) {
            return weiri_refuse(p, weiri_tok(p, 0)->pos, "VARIANT_UNSUPPORTED", "a path into JSON with anything but names and numbers");
        } else {
            more = false;
        }
    }
    weir_node *text = weiri_node(p, N_STRING, pos);
    text->text = path;
    weir_node *node = weiri_node_kids(p, N_CALL, pos, 2, (weir_node *[]){*out, text});
    node->text = "get_json_object";
    node->call = weir_arena_zalloc(p->arena, sizeof *node->call);
    *out = node;
    return weiri_depth(p, node);
}

static weir_rc postfix(struct parser *p, weir_node **out, bool *again)
{
    const struct weir_pos pos = weiri_tok(p, 0)->pos;
    *again = true;
    if (weiri_at_op(p, ".") && (*out)->kind != N_STAR) {
        const struct token *after = weiri_tok(p, 1);
        if (after->kind != TOK_WORD && after->kind != TOK_QUOTED) {
            return weiri_syntax(p, "a name before '.'");
        }
        weir_node *node = weiri_node_kids(p, N_FIELD, pos, 1, out);
        node->text = after->text;
        p->at += 2;
        *out = node;
        return weiri_depth(p, node);
    }
    if (weiri_at_op(p, "[")) {
        weir_node *kids[2] = {*out, NULL};
        p->at++;
        WEIR_TRY(weiri_expr(p, &kids[1]));
        WEIR_TRY(weiri_expect_op(p, "]"));
        *out = weiri_node_kids(p, N_INDEX, pos, 2, kids);
        return weiri_depth(p, *out);
    }
    if (weiri_at_op(p, "::")) {
        weir_node *node = weiri_node_kids(p, N_CAST, pos, 1, out);
        p->at++;
        WEIR_TRY(weiri_type(p, &node->type));
        *out = node;
        return weiri_depth(p, node);
    }
    if (weiri_at_op(p, ":")) {
        return json_path(p, out);
    }
    if (weiri_at_word(p, "COLLATE")) {
        return weiri_refuse(p, pos, "COLLATION_UNSUPPORTED", "COLLATE");
    }
    *again = false;
    return WEIR_OK;
}

weir_rc weiri_primary(struct parser *p, weir_node **out)
{
    WEIR_TRY(weiri_enter(p));
    WEIR_TRY(atom(p, out));
    weiri_leave(p);
    bool again = true;
    while (again) {
        WEIR_TRY(postfix(p, out, &again));
    }
    return WEIR_OK;
}
