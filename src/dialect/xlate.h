/* xlate.h - the translator's inside: values, scopes, and who calls whom.
 *
 * A value (struct val) is DuckDB text with Spark's type, and always of the DuckDB type that belongs to it (weiri_duck_type): so every rule may rely on its
 * operands, and the top SELECT casts nothing that is right already. Its text stands alone: an atom, a call, or in parentheses.
 * Relations get names of our own ("r0", "r1", ...), unique in the whole statement, so a correlated name needs no care in DuckDB.
 *
 * Files: xlate.c (the doors), query.c (WITH, set operations, ORDER BY), select.c (SELECT, aggregation), from.c (FROM, joins), scope.c (names),
 * expr.c + operators.c (expressions), call.c (function table) + special.c, window.c, typing.c (types), cast.c, regex.c, datefmt.c, prelude.c. */
#pragma once
#include "dialect/tree.h"

struct val {
    struct weir_type type;
    const char *sql;
    bool constant;        /* a literal: its node says which */
    bool never_null;
    bool never_zero;      /* a divisor that needs no check */
    uint32_t weight;      /* how large DuckDB's tree of it is, macros expanded */
    const weir_node *node;
};
struct column {
    const char *name;     /* Spark's */
    struct weir_type type;
    const char *sql;      /* "r0"."x" */
    bool never_null;
};
struct rel {
    struct weir_name name;        /* alias (one part) or the table's name */
    struct column *cols; size_t count;
    struct column *hidden; size_t hidden_count;
};
struct scope {
    struct rel *rels; size_t rel_count, rel_cap;
    struct column *visible; size_t visible_count, visible_cap; /* what '*' gives and an unqualified name finds */
};
/* The output of a query. */
struct result {
    struct column *cols; size_t count; /* sql: the quoted name alone */
    const char *sql;
};
struct alias { const char *name; const weir_node *node; struct val val; bool done; };
struct aggregate_item { const char *sql; const char *ref; };
/* The aggregation of a SELECT: what it groups by, which aggregates it computes; the outer SELECT refers to both as columns of `rel`. */
struct agg {
    const char *rel;
    const weir_node **groups; struct val *vals; size_t group_count, group_cap;
    const char **refs;
    struct aggregate_item *items; size_t item_count, item_cap;
    bool sets; /* ROLLUP, CUBE, GROUPING SETS */
};
struct lambda_scope { const char **names; struct column *cols; size_t count; struct lambda_scope *outer; };
struct cte_scope { const char *name; struct result result; const char *duck_name; struct cte_scope *outer; bool building; };

struct xl {
    weir_arena *arena;
    const struct weir_resolver *resolver;
    const struct weir_translate_options *options;
    struct weir_error *err;
    int next_rel, next_var;
    struct cte_scope *ctes;
    bool metadata_used;
    struct weir_translation *out;
    int depth;
    char *growing; size_t growing_len, growing_cap; /* the text that weiri_more made last */
};
struct env {
    struct xl *x;
    struct scope *scope;
    struct env *outer;
    struct agg *agg;                 /* set: outside of aggregates only groups and aggregates may stand */
    const char *clause;              /* "WHERE": aggregates and windows may not stand here; NULL = they may */
    bool inside_aggregate;
    struct alias *aliases; size_t alias_count; /* lateral aliases: items before this one */
    bool aliases_first;              /* ORDER BY, HAVING: outputs before columns */
    struct lambda_scope *lambda;
    const struct named_window *windows; size_t window_count;
    int generators;                  /* explode in this SELECT */
    const char **implied;            /* a filter that a function of this SELECT brings, " AND x IS NOT NULL"; NULL = none may */
};

/* --- text --- */
const char *weiri_f(struct xl *x, const char *fmt, ...) WEIR_PRINTF(2, 3);
/* `text` with more behind it; `text` itself is gone then. Lists of thousands of columns grow in place. */
const char *weiri_more(struct xl *x, const char *text, const char *fmt, ...) WEIR_PRINTF(3, 4);
const char *weiri_quote_name(struct xl *x, const char *name);
const char *weiri_quote_string(struct xl *x, const char *text);
weir_rc weiri_invalid(struct xl *x, struct weir_pos pos, const char *condition, const char *fmt, ...) WEIR_PRINTF(4, 5) WEIR_MUST_USE;
weir_rc weiri_unsupported(struct xl *x, struct weir_pos pos, const char *condition, const char *what) WEIR_MUST_USE;
const char *weiri_type_text(struct xl *x, const struct weir_type *type); /* "decimal(10,2)" */
/* "; did you mean `a`, `b`?" of the names nearest to `name`, or "". */
const char *weiri_near(struct xl *x, const char *name, const char *const *names, size_t count);

/* --- typing.c --- */
const char *weiri_duck_type(struct xl *x, const struct weir_type *type);
bool weiri_is_integral(enum weir_type_id id);
bool weiri_is_numeric(enum weir_type_id id);
bool weiri_is_float(enum weir_type_id id); /* FLOAT or DOUBLE */
bool weiri_same_type(const struct weir_type *a, const struct weir_type *b);
/* Without Spark's implicit reading of text as something else: greatest, VALUES, .. */
bool weiri_common_plain(struct xl *x, const struct weir_type *a, const struct weir_type *b, struct weir_type *out);
/* The narrower rule of array_append and its kin: no decimal that is wider than both. */
bool weiri_tightest(struct xl *x, const struct weir_type *a, const struct weir_type *b, struct weir_type *out);
bool weiri_orderable(const struct weir_type *type); /* an order that both engines share: atoms */
bool weiri_common_type(struct xl *x, const struct weir_type *a, const struct weir_type *b, struct weir_type *out);
struct weir_type weiri_decimal_of(const struct val *value); /* the decimal that an integer counts as */
struct weir_type weiri_decimal_adjust(int precision, int scale);
struct weir_type weiri_decimal_result(int op, struct weir_type a, struct weir_type b);
struct weir_type weiri_array_of(struct xl *x, struct weir_type element);
struct weir_type weiri_map_of(struct xl *x, struct weir_type key, struct weir_type value);

/* --- cast.c --- */
weir_rc weiri_cast(struct xl *x, struct weir_pos pos, struct val in, struct weir_type to, bool try_cast, struct val *out) WEIR_MUST_USE;
/* An implicit cast: what Spark's ANSI coercion does without being asked; else DATATYPE_MISMATCH. */
weir_rc weiri_coerce(struct xl *x, struct weir_pos pos, struct val *value, struct weir_type to) WEIR_MUST_USE;
weir_rc weiri_coerce_bool(struct env *env, const weir_node *node, struct val *value, const char *where) WEIR_MUST_USE;

/* --- scope.c --- */
/* The same where there may be none. */
weir_rc weiri_find_column(struct env *env, const weir_node *node, struct val *out, bool *found) WEIR_MUST_USE;
weir_rc weiri_resolve_column(struct env *env, const weir_node *node, struct val *out) WEIR_MUST_USE;
/* Does the name resolve in this SELECT's own FROM? */
bool weiri_column_is_local(struct env *env, const weir_node *node);
bool weiri_same_expr(struct env *env, const weir_node *a, const weir_node *b);
weir_rc weiri_field(struct xl *x, struct weir_pos pos, struct val in, const char *name, struct val *out) WEIR_MUST_USE;
struct column *weiri_rel_matches(struct env *env, const weir_node *star, size_t *count); /* columns of t.*; NULL = no such relation */

/* --- expr.c, operators.c --- */
weir_rc weiri_expr_val(struct env *env, const weir_node *node, struct val *out) WEIR_MUST_USE;
weir_rc weiri_operator(struct env *env, const weir_node *node, struct val *out) WEIR_MUST_USE;
weir_rc weiri_arith(struct xl *x, struct weir_pos pos, int op, struct val a, struct val b, struct val *out) WEIR_MUST_USE;
weir_rc weiri_compare(struct xl *x, struct weir_pos pos, int op, struct val a, struct val b, struct val *out) WEIR_MUST_USE;
weir_rc weiri_interval_val(struct env *env, const weir_node *node, struct val *out) WEIR_MUST_USE;
weir_rc weiri_like(struct env *env, const weir_node *node, struct val *out) WEIR_MUST_USE;
/* All to their common type. */
weir_rc weiri_unify_plain(struct xl *x, struct weir_pos pos, struct val *values, size_t count, struct weir_type *type) WEIR_MUST_USE; /* weiri_common_plain */
weir_rc weiri_unify(struct xl *x, struct weir_pos pos, struct val *values, size_t count, struct weir_type *type) WEIR_MUST_USE;
bool weiri_constant_int(const struct val *value, int64_t *out);
bool weiri_constant_string(const struct val *value, const char **out);
struct val weiri_val(struct weir_type type, const char *sql, uint32_t weight);
/* a / b exactly, HALF_UP to `type`; a and b decimals. */
const char *weiri_wide(struct xl *x, const struct val *v); /* a decimal in 128 bits */
const char *weiri_power(struct xl *x, int n); /* 10^n as a decimal, n from -38 to 37 */
const char *weiri_decimal_division(struct xl *x, struct val a, struct val b, struct weir_type type);

/* --- call.c, special.c, window.c --- */
weir_rc weiri_call_val(struct env *env, const weir_node *node, struct val *out) WEIR_MUST_USE;
bool weiri_is_aggregate(const weir_node *node);  /* a call of an aggregate function, OVER or not */
bool weiri_is_generator(const weir_node *node);  /* explode and its kin */
bool weiri_has_aggregate(const weir_node *node); /* one without OVER somewhere in the expression (sub-queries left out) */
weir_rc weiri_over(struct env *env, const weir_node *node, bool needs_order, const char **out) WEIR_MUST_USE; /* " OVER (...)" */
/* "key ASC NULLS FIRST", for a struct its fields. */
weir_rc weiri_sort_key(struct xl *x, struct weir_pos pos, const struct val *value, bool desc, bool nulls_first, const char **out) WEIR_MUST_USE;
weir_rc weiri_sort_sql(struct env *env, const struct sort_item *items, size_t count, const char **out) WEIR_MUST_USE;

/* --- regex.c, datefmt.c --- */
/* A Java regular expression as RE2 text. `can_be_empty`, `has_dollar`, `groups` may be NULL. */
weir_rc weiri_regex(struct xl *x, struct weir_pos pos, const char *java, bool find_only, const char **out, bool *can_be_empty, bool *has_dollar, int *groups) WEIR_MUST_USE;
weir_rc weiri_strftime(struct xl *x, struct weir_pos pos, const char *pattern, const char *value, const char **out) WEIR_MUST_USE; /* SQL text that formats `value` */
weir_rc weiri_strptime(struct xl *x, struct weir_pos pos, const char *pattern, const char **format, const char **check) WEIR_MUST_USE;

/* --- from.c, select.c, query.c --- */
weir_rc weiri_from_sql(struct env *env, const struct from *from, struct scope *scope, const char **out) WEIR_MUST_USE;
weir_rc weiri_select(struct xl *x, const struct select *select, const struct query *order, struct env *outer, bool top, struct result *out, bool *ordered) WEIR_MUST_USE;
weir_rc weiri_query_sql(struct xl *x, const struct query *query, struct env *outer, bool top, struct result *out) WEIR_MUST_USE;
const char *weiri_new_rel(struct xl *x);
/* Names of a result's columns inside of DuckDB: unique, quoted. */
void weiri_name_columns(struct xl *x, struct column *cols, size_t count, bool top);
weir_rc weiri_lateral_view(struct env *env, const struct lateral_view *view, struct scope *scope, const char *from, const char **out) WEIR_MUST_USE;
weir_rc weiri_generator(struct env *env, const weir_node *node, struct column **cols, size_t *count) WEIR_MUST_USE;
