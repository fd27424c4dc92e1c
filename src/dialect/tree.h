/* tree.h - the tree that the parser makes: expressions, queries, FROM. Private to the room. Everything lives in one arena and is not changed after parsing.
 *
 * One struct for all expressions: `kind` says which of the fields count (listed beside each kind). */
#pragma once
#include "dialect/dialect.h"

enum node_kind {
    /* literals */
    N_NULL, N_BOOL /* op = 0/1 */, N_INT /* text, type */, N_DECIMAL /* text */, N_DOUBLE /* text */, N_FLOAT /* text */,
    N_STRING /* text */, N_BINARY /* text: hex digits */, N_DATE /* text */, N_TIMESTAMP /* text */, N_TIMESTAMP_NTZ /* text */,
    N_INTERVAL /* kids: amounts; names: units. Or text with names[0] "a" or "a to b", or text alone */,
    /* names */
    N_COLUMN /* name */, N_STAR /* name = qualifier; names = EXCEPT list */,
    /* operators */
    N_UNARY /* op, kids[0] */, N_BINARY_OP /* op, kids[0..1] */,
    N_IS /* op = enum is_kind; negated; kids[0], kids[1] for DISTINCT FROM */,
    N_BETWEEN /* negated; kids[0..2] */, N_IN /* negated; kids[0], kids[1..] */, N_IN_QUERY /* negated; kids[0], query */,
    N_LIKE /* op = enum like_kind, quant; negated; kids[0], kids[1] pattern(s); text = ESCAPE character or NULL */,
    N_EXISTS /* query */, N_SUBQUERY /* query */,
    N_CASE /* kids: [operand or NULL], when, then, ..., [else or NULL] */,
    N_CAST /* kids[0], type; op = 1: TRY_CAST */,
    N_CALL /* text = function name in lower case, kids, call */,
    N_INDEX /* kids[0][kids[1]] */, N_FIELD /* kids[0].text */,
    N_LAMBDA /* names -> kids[0] */, N_TUPLE /* (a, b) */, N_NAMED_ARG /* text => kids[0] */,
    /* queries */
    N_QUERY /* query */
};

enum sql_op {
    OP_OR = 1, OP_AND, OP_NOT, OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, OP_NULL_EQ, OP_ADD, OP_SUB, OP_MUL, OP_DIV, OP_MOD, OP_IDIV, OP_CONCAT,
    OP_BIT_AND, OP_BIT_OR, OP_BIT_XOR, OP_BIT_NOT, OP_SHL, OP_SHR, OP_USHR, OP_NEG, OP_POS
};
enum is_kind { IS_NULL, IS_TRUE, IS_FALSE, IS_UNKNOWN, IS_DISTINCT };
enum like_kind { LIKE_LIKE, LIKE_ILIKE, LIKE_RLIKE };
enum like_quant { QUANT_NONE, QUANT_ANY, QUANT_ALL };

struct sort_item { weir_node *expr; bool desc; bool nulls_first; };

enum bound_kind { BOUND_UNBOUNDED_PRECEDING, BOUND_PRECEDING, BOUND_CURRENT, BOUND_FOLLOWING, BOUND_UNBOUNDED_FOLLOWING };
struct frame_bound { enum bound_kind kind; weir_node *expr; };
struct window_spec {
    const char *ref; /* OVER w, or a named base; NULL = none */
    weir_node **partition; size_t partition_count;
    struct sort_item *order; size_t order_count;
    bool has_frame, range;
    struct frame_bound low, high;
    struct weir_pos pos;
};
/* What a function call has beside its arguments. */
struct call {
    bool distinct, star, ignore_nulls;
    weir_node *filter;
    struct sort_item *within; size_t within_count;
    struct window_spec *over; /* NULL = none */
    const char *keyword;      /* TRIM(BOTH ..), EXTRACT(field ..): the word; NULL = none */
};

struct weir_node {
    enum node_kind kind;
    int op;
    int quant;
    bool negated;
    bool has_operand;       /* CASE x WHEN .. */
    bool has_else;
    int depth;              /* of the tree below; bounded by the parser */
    struct weir_pos pos;
    const char *text;
    struct weir_name name;
    weir_node **kids; size_t kid_count;
    const char **names; size_t name_count;
    struct weir_type type;
    struct call *call;
    struct query *query;
};

struct select_item { weir_node *expr; const char *alias; const char **aliases; size_t alias_count; struct weir_pos pos; };
struct cte { const char *name; const char **columns; size_t column_count; struct query *query; struct weir_pos pos; };

enum group_kind { GROUP_NONE, GROUP_PLAIN, GROUP_ALL, GROUP_ROLLUP, GROUP_CUBE, GROUP_SETS };
struct group_set { weir_node **exprs; size_t count; };
struct group_by {
    enum group_kind kind;
    weir_node **exprs; size_t count;       /* PLAIN, ROLLUP, CUBE; SETS: those before GROUPING SETS, if any */
    struct group_set *sets; size_t set_count;
};

enum from_kind { FROM_TABLE, FROM_QUERY, FROM_JOIN };
enum join_kind { JOIN_INNER, JOIN_CROSS, JOIN_LEFT, JOIN_RIGHT, JOIN_FULL, JOIN_SEMI, JOIN_ANTI };
struct from {
    enum from_kind kind;
    struct weir_pos pos;
    const char *alias; const char **columns; size_t column_count;
    struct weir_table_ref table;             /* TABLE */
    struct query *query; bool lateral;       /* QUERY */
    enum join_kind join; bool natural;       /* JOIN */
    struct from *left, *right;
    weir_node *on;
    const char **using_names; size_t using_count;
};
struct lateral_view { bool outer; weir_node *call; const char *alias; const char **columns; size_t column_count; struct weir_pos pos; };
struct named_window { const char *name; struct window_spec *spec; };

struct select {
    bool distinct;
    struct select_item *items; size_t item_count;
    struct from *from; /* NULL = none */
    struct lateral_view *views; size_t view_count;
    weir_node *where;
    struct group_by group;
    weir_node *having;
    struct named_window *windows; size_t window_count;
};

enum body_kind { BODY_SELECT, BODY_VALUES, BODY_SETOP, BODY_QUERY };
enum set_kind { SET_UNION, SET_EXCEPT, SET_INTERSECT };
struct body {
    enum body_kind kind;
    struct weir_pos pos;
    struct select *select;
    weir_node **rows; size_t row_count;      /* VALUES: N_TUPLE or an expression */
    const char *alias; const char **columns; size_t column_count; /* VALUES .. AS t(a, b) */
    enum set_kind set; bool all, by_name;
    struct body *left, *right;
    struct query *query;
};
struct query {
    struct weir_pos pos;
    struct cte *ctes; size_t cte_count; bool recursive;
    struct body *body;
    struct sort_item *order; size_t order_count; bool order_all, order_all_desc, order_all_nulls_first;
    weir_node *limit, *offset;
};

/* "`a`.b": a name as it is written, quoted where needed. Arena. */
const char *weiri_name_text(weir_arena *arena, const struct weir_name *name);
/* The name that Spark gives a column without AS: "count(1)", "(a + 1)". Arena. */
const char *weiri_pretty(weir_arena *arena, const weir_node *node);
/* Walk every expression of a query, sub-queries and FROM included. Returns false as soon as `visit` does. */
typedef bool (*weiri_visit)(void *arg, const weir_node *node);
bool weiri_walk_expr(const weir_node *node, weiri_visit visit, void *arg);

/* Whether WITH's names are looked at for this reference: STREAM v is the v of WITH too (that is how a streaming temporary view is read),
 * another version of it is not. The walk and the translation ask the same question, so they see the same tables. */
bool weiri_may_name_cte(const struct weir_table_ref *ref);
