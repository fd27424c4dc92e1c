/* parse_call.c - f(a, b), with all that may stand in and behind it: DISTINCT, FILTER, OVER, WITHIN GROUP, IGNORE NULLS, and the calls with words for
 * commas: EXTRACT(f FROM x), TRIM(BOTH x FROM y), SUBSTRING(x FROM a FOR b), POSITION(a IN b), OVERLAY(x PLACING y FROM a). */
#include "dialect/parser.h"

struct args { weir_node **items; size_t count, cap; };

static weir_rc argument(struct parser *p, struct args *args)
{
    weir_node *value = NULL;
    const struct token *tok = weiri_tok(p, 0), *after = weiri_tok(p, 1);
    if ((tok->kind == TOK_WORD || tok->kind == TOK_QUOTED) && after->kind == TOK_OP && strcmp(after->text, "=>") == 0) {
        p->at += 2;
        WEIR_TRY(weiri_expr(p, &value));
        weir_node *named = weiri_node_kids(p, N_NAMED_ARG, tok->pos, 1, &value);
        named->text = tok->text;
        WEIR_TRY(weiri_depth(p, named));
        ARENA_PUSH(p->arena, args->items, args->count, args->cap) = named;
        return WEIR_OK;
    }
    WEIR_TRY(weiri_expr(p, &value));
    if (weiri_take_word(p, "AS")) {
        weir_node *named = weiri_node_kids(p, N_NAMED_ARG, tok->pos, 1, &value);
        named->op = 1; /* struct(x AS a) */
        WEIR_TRY(weiri_name_part(p, &named->text));
        WEIR_TRY(weiri_depth(p, named));
        value = named;
    }
    ARENA_PUSH(p->arena, args->items, args->count, args->cap) = value;
    return WEIR_OK;
}

static weir_rc value_after(struct parser *p, struct args *args)
{
    weir_node *value = NULL;
    WEIR_TRY(weiri_value_expr(p, &value));
    ARENA_PUSH(p->arena, args->items, args->count, args->cap) = value;
    return WEIR_OK;
}

/* trim([BOTH|LEADING|TRAILING] [chars] FROM text); the arguments become (text, chars). */
static weir_rc trim(struct parser *p, weir_node *node, struct args *args, bool *done)
{
    static const char *const words[] = {"BOTH", "LEADING", "TRAILING", NULL};
    const size_t start = p->at;
    const char *side = NULL;
    for (size_t i = 0; words[i]; i++) {
        if (weiri_at_word(p, words[i])) {
            side = words[i];
            p->at++;
            break;
        }
    }
    weir_node *chars = NULL;
    if (!(side && weiri_at_word(p, "FROM"))) {
        WEIR_TRY(weiri_value_expr(p, &chars));
    }
    if (!weiri_take_word(p, "FROM")) {
        p->at = start;
        *done = false;
        return WEIR_OK;
    }
    node->text = !side || strcmp(side, "BOTH") == 0 ? "trim" : strcmp(side, "LEADING") == 0 ? "ltrim" : "rtrim";
    WEIR_TRY(value_after(p, args));
    if (chars) {
        ARENA_PUSH(p->arena, args->items, args->count, args->cap) = chars;
    }
    node->call->keyword = side ? side : "BOTH"; /* the arguments are (text, chars), not Spark's (chars, text) */
    *done = true;
    return WEIR_OK;
}

/* The calls whose arguments are parted by words. `done` = false: an ordinary list follows. */
static weir_rc worded(struct parser *p, weir_node *node, struct args *args, bool *done)
{
    *done = false;
    if (strcmp(node->text, "extract") == 0) {
        const char *field = NULL;
        WEIR_TRY(weiri_name_part(p, &field));
        WEIR_TRY(weiri_expect_word(p, "FROM"));
        node->call->keyword = weiri_lower(p->arena, field);
        *done = true;
        return value_after(p, args);
    }
    if (strcmp(node->text, "trim") == 0) {
        return trim(p, node, args, done);
    }
    const bool substring = strcmp(node->text, "substring") == 0 || strcmp(node->text, "substr") == 0;
    const bool overlay = strcmp(node->text, "overlay") == 0;
    const bool position = strcmp(node->text, "position") == 0;
    if (!substring && !overlay && !position) {
        return WEIR_OK;
    }
    const size_t start = p->at;
    WEIR_TRY(value_after(p, args));
    if (position && weiri_take_word(p, "IN")) {
        *done = true;
        return value_after(p, args);
    }
    if (overlay && weiri_take_word(p, "PLACING")) {
        WEIR_TRY(value_after(p, args));
        WEIR_TRY(weiri_expect_word(p, "FROM"));
        *done = true;
    } else if (substring && weiri_take_word(p, "FROM")) {
        *done = true;
    } else {
        p->at = start;
        args->count = 0;
        return WEIR_OK;
    }
    WEIR_TRY(value_after(p, args));
    return weiri_take_word(p, "FOR") ? value_after(p, args) : WEIR_OK;
}

/* Functions whose first argument is a unit, not a column: datediff(DAY, a, b). */
static bool takes_unit(const struct parser *p, const char *name)
{
    static const char *const names[] = {"datediff", "date_diff", "dateadd", "date_add", "timestampadd", "timestampdiff", "timediff", NULL};
    static const char *const units[] = {"YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "DAYOFYEAR", "HOUR", "MINUTE", "SECOND", "MILLISECOND", "MICROSECOND", NULL};
    bool found = false;
    for (size_t i = 0; names[i]; i++) {
        found = found || strcmp(name, names[i]) == 0;
    }
    const struct token *after = weiri_tok(p, 1);
    if (!found || after->kind != TOK_OP || strcmp(after->text, ",") != 0) {
        return false;
    }
    for (size_t i = 0; units[i]; i++) {
        if (weiri_at_word(p, units[i])) {
            return true;
        }
    }
    return false;
}

static void ignore_nulls(struct parser *p, weir_node *node)
{
    if (weiri_take_words(p, "IGNORE", "NULLS")) {
        node->call->ignore_nulls = true;
    } else {
        (void)weiri_take_words(p, "RESPECT", "NULLS");
    }
}

static weir_rc arguments(struct parser *p, weir_node *node, struct args *args)
{
    bool done = false;
    if (weiri_take_op(p, ")")) {
        return WEIR_OK;
    }
    if (weiri_at_op(p, "*") && weiri_tok(p, 1)->kind == TOK_OP && strcmp(weiri_tok(p, 1)->text, ")") == 0) {
        node->call->star = true;
        p->at += 2;
        return WEIR_OK;
    }
    node->call->distinct = weiri_take_word(p, "DISTINCT");
    if (!node->call->distinct) {
        (void)(weiri_at_word(p, "ALL") && weiri_tok(p, 1)->kind != TOK_OP && (p->at++, true));
    }
    WEIR_TRY(worded(p, node, args, &done));
    if (!done && takes_unit(p, node->text)) {
        node->call->keyword = weiri_lower(p->arena, weiri_tok(p, 0)->text);
        p->at += 2;
    }
    if (!done) {
        do {
            WEIR_TRY(argument(p, args));
        } while (weiri_take_op(p, ","));
    }
    ignore_nulls(p, node);
    return weiri_expect_op(p, ")");
}

static weir_rc behind(struct parser *p, weir_node *node)
{
    if (weiri_take_words(p, "WITHIN", "GROUP")) {
        WEIR_TRY(weiri_expect_op(p, "("));
        WEIR_TRY(weiri_expect_word(p, "ORDER"));
        WEIR_TRY(weiri_expect_word(p, "BY"));
        WEIR_TRY(weiri_sort_list(p, &node->call->within, &node->call->within_count));
        WEIR_TRY(weiri_expect_op(p, ")"));
    }
    ignore_nulls(p, node);
    const struct token *after = weiri_tok(p, 1);
    if (weiri_at_word(p, "FILTER") && after->kind == TOK_OP && strcmp(after->text, "(") == 0) {
        p->at += 2;
        WEIR_TRY(weiri_expect_word(p, "WHERE"));
        WEIR_TRY(weiri_expr(p, &node->call->filter));
        WEIR_TRY(weiri_expect_op(p, ")"));
    }
    ignore_nulls(p, node);
    if (weiri_at_word(p, "OVER") && (after = weiri_tok(p, 1), after->kind == TOK_WORD || after->kind == TOK_QUOTED
                                                                  || (after->kind == TOK_OP && strcmp(after->text, "(") == 0))) {
        p->at++;
        return weiri_window(p, &node->call->over);
    }
    return WEIR_OK;
}

weir_rc weiri_call(struct parser *p, weir_node **out)
{
    const struct token *name = weiri_tok(p, 0);
    weir_node *node = weiri_node(p, N_CALL, name->pos);
    struct args args = {0};
    node->text = weiri_lower(p->arena, name->text);
    node->call = weir_arena_zalloc(p->arena, sizeof *node->call);
    p->at += 2;
    WEIR_TRY(weiri_enter(p));
    WEIR_TRY(arguments(p, node, &args));
    node->kids = args.items;
    node->kid_count = args.count;
    WEIR_TRY(behind(p, node));
    weiri_leave(p);
    *out = node;
    return weiri_depth(p, node);
}
