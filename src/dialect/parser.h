/* parser.h - the recursive-descent parser's inside: a cursor over tokens and the rules of each file.
 *
 * parse_util.c (cursor, names, errors), parse_expr.c + parse_primary.c (expressions), parse_query.c + parse_from.c (queries), parse_stmt.c +
 * parse_create.c (statements). Every rule returns WEIR_OK with its node or the error with its position. */
#pragma once
#include "dialect/token.h"
#include "dialect/tree.h"

#define WEIRI_DEPTH_MAX 200       /* nesting of the text: parentheses, sub-queries */
#define WEIRI_TREE_DEPTH_MAX 1000 /* depth of an expression's tree: a + b + c + ... */

struct parser {
    size_t query_begin; /* where the statement's query begins in the script */
    weir_arena *arena;
    struct weir_str script;
    const struct token *tokens;
    size_t at, count;
    int depth;
    struct weir_error *err;
};

/* A growing array in the arena: *PUSH_ARENA(p, items, count, cap) = value. */
#define ARENA_PUSH(arena, items, count, cap)                                                                                              \
    (*((items) = weiri_arena_grow((arena), (items), (count), &(cap), sizeof *(items)), (count)++, &(items)[(count)-1]))
void *weiri_arena_grow(weir_arena *arena, const void *items, size_t count, size_t *cap, size_t item_bytes);

/* --- cursor --- */
const struct token *weiri_tok(const struct parser *p, size_t ahead);
bool weiri_is_word(const struct token *tok, const char *word);       /* an unquoted word, any case */
bool weiri_at_word(const struct parser *p, const char *word);
bool weiri_at_words(const struct parser *p, const char *a, const char *b);
bool weiri_at_op(const struct parser *p, const char *op);
bool weiri_take_word(struct parser *p, const char *word);
bool weiri_take_words(struct parser *p, const char *a, const char *b);
bool weiri_take_op(struct parser *p, const char *op);
weir_rc weiri_expect_word(struct parser *p, const char *word) WEIR_MUST_USE;
weir_rc weiri_expect_op(struct parser *p, const char *op) WEIR_MUST_USE;
weir_rc weiri_syntax(struct parser *p, const char *expected) WEIR_MUST_USE; /* PARSE_SYNTAX_ERROR at the cursor */
weir_rc weiri_refuse(struct parser *p, struct weir_pos pos, const char *condition, const char *what) WEIR_MUST_USE; /* WEIR_UNSUPPORTED */
weir_rc weiri_enter(struct parser *p) WEIR_MUST_USE;                 /* depth + 1, or QUERY_TOO_DEEP */
void weiri_leave(struct parser *p);

/* --- names and small things --- */
bool weiri_at_name(const struct parser *p);       /* a word or a quoted name */
bool weiri_stops_alias(const struct token *tok);  /* a word that cannot be an alias without AS */
weir_rc weiri_name_part(struct parser *p, const char **out) WEIR_MUST_USE;
weir_rc weiri_name(struct parser *p, struct weir_name *out) WEIR_MUST_USE;
weir_rc weiri_name_list(struct parser *p, const char ***out, size_t *count) WEIR_MUST_USE; /* (a, b) */
weir_rc weiri_string(struct parser *p, const char **out) WEIR_MUST_USE;                    /* one or more adjacent strings */
weir_rc weiri_type(struct parser *p, struct weir_type *out) WEIR_MUST_USE;
const char *weiri_lower(weir_arena *arena, const char *text);

/* --- expressions --- */
weir_node *weiri_node(struct parser *p, enum node_kind kind, struct weir_pos pos);
weir_node *weiri_node_kids(struct parser *p, enum node_kind kind, struct weir_pos pos, size_t count, weir_node **kids);
weir_rc weiri_expr(struct parser *p, weir_node **out) WEIR_MUST_USE;
weir_rc weiri_value_expr(struct parser *p, weir_node **out) WEIR_MUST_USE; /* binds tighter than NOT, AND, OR, comparisons */
weir_rc weiri_unary(struct parser *p, weir_node **out) WEIR_MUST_USE;
weir_rc weiri_primary(struct parser *p, weir_node **out) WEIR_MUST_USE;
weir_rc weiri_interval(struct parser *p, struct weir_pos pos, weir_node **out) WEIR_MUST_USE;
weir_rc weiri_call(struct parser *p, weir_node **out) WEIR_MUST_USE; /* at name ( */
weir_rc weiri_window(struct parser *p, struct window_spec **out) WEIR_MUST_USE;
weir_rc weiri_sort_list(struct parser *p, struct sort_item **out, size_t *count) WEIR_MUST_USE;
weir_rc weiri_expr_list(struct parser *p, weir_node ***out, size_t *count) WEIR_MUST_USE;
weir_rc weiri_depth(struct parser *p, weir_node *node) WEIR_MUST_USE; /* sets node->depth from its kids */

/* --- queries --- */
bool weiri_at_query(const struct parser *p); /* SELECT, WITH, VALUES, FROM, TABLE, or ( before one of them */
weir_rc weiri_query(struct parser *p, struct query **out) WEIR_MUST_USE;
weir_rc weiri_from(struct parser *p, struct from **out) WEIR_MUST_USE;
weir_rc weiri_values(struct parser *p, struct body **out) WEIR_MUST_USE; /* after VALUES */
weir_rc weiri_options(struct parser *p, const struct weir_opt **out, size_t *count) WEIR_MUST_USE; /* (k v, 'k'='v') */

/* --- statements --- */
weir_rc weiri_statement(struct parser *p, struct weir_stmt *out) WEIR_MUST_USE;
weir_rc weiri_create(struct parser *p, struct weir_stmt *out) WEIR_MUST_USE; /* after CREATE */
weir_rc weiri_query_node(struct parser *p, weir_node **out) WEIR_MUST_USE;   /* a query as a node of a statement */
