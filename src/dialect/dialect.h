/* dialect.h - Spark SQL text in, statements and DuckDB SQL text out. No DuckDB here, no files, no catalog: names are asked of a resolver.
 *
 * A tokenizer and a recursive-descent parser make a tree with positions; each expression gets Spark's type (functions.def: name, arguments, result type, DuckDB text);
 * the emitter prints DuckDB SQL that gives Spark's rows and types (../shared/reference/spark-sql-on-duckdb.md), with a cast of every output column at the top SELECT where
 * DuckDB's type would differ. What cannot be translated is WEIR_UNSUPPORTED or WEIR_INVALID with line and column; never a guess.
 * Threads: no shared state. Everything lives in the caller's arena. */
#pragma once
#include "base/map.h"
#include "column/types.h"

struct weir_pos { int line, column; }; /* 1-based, in the text that was parsed */
struct weir_name { struct weir_str parts[4]; int count; struct weir_pos pos; }; /* a.b.c, back-ticks removed */
typedef struct weir_node weir_node; /* a query or an expression; private to the room */

struct weir_opt { const char *name, *value; struct weir_pos pos; }; /* OPTIONS (...), TBLPROPERTIES (...), key => value */
/* CONSTRAINT name EXPECT (expr) [ON VIOLATION ..]. `expr_pos` is where the expression begins; `on_violation` is "DROP ROW", "FAIL UPDATE", "QUARANTINE", or NULL: keep the row. */
struct weir_constraint { const char *name; const char *expr_text; const char *on_violation; struct weir_pos pos, expr_pos; };

enum weir_stmt_kind {
    WEIR_STMT_QUERY, WEIR_STMT_INSERT, WEIR_STMT_CREATE_TABLE /* with or without AS */, WEIR_STMT_DROP_TABLE,
    WEIR_STMT_CREATE_SCHEMA, WEIR_STMT_DROP_SCHEMA, WEIR_STMT_CREATE_CATALOG, WEIR_STMT_DROP_CATALOG, WEIR_STMT_CREATE_VOLUME, WEIR_STMT_DROP_VOLUME,
    WEIR_STMT_CREATE_LOCATION, WEIR_STMT_DROP_LOCATION, WEIR_STMT_USE /* catalog and/or schema */, WEIR_STMT_SET, WEIR_STMT_RESET,
    WEIR_STMT_SHOW /* what */, WEIR_STMT_DESCRIBE /* table, DETAIL, HISTORY, SCHEMA, QUERY */, WEIR_STMT_EXPLAIN,
    /* pipeline files */
    WEIR_STMT_STREAMING_TABLE, WEIR_STMT_MATERIALIZED_VIEW, WEIR_STMT_TEMP_VIEW, WEIR_STMT_FLOW
};
/* One statement. Fields that do not belong to its kind are zero. */
struct weir_stmt {
    enum weir_stmt_kind kind;
    struct weir_str text;        /* the statement as it stood, without ';' */
    struct weir_pos pos;         /* of its first token in the script */
    struct weir_name name;       /* table, schema, volume, flow, ... */
    struct weir_name target;     /* FLOW: INSERT INTO target */
    bool if_exists, if_not_exists, or_replace, or_refresh, cascade, external, extended, overwrite, by_name, once;
    const weir_schema *columns;  /* declared columns; NULL = none */
    const char *provider;        /* USING x, lower case; NULL = not said */
    const char *location;        /* LOCATION / external URL; NULL = not said */
    const char *comment;
    const char *const *partition_columns; size_t partition_count;
    const char *const *cluster_columns;   size_t cluster_count;
    const struct weir_opt *options;    size_t option_count;     /* OPTIONS */
    const struct weir_opt *properties; size_t property_count;   /* TBLPROPERTIES; SET key=value */
    const struct weir_constraint *constraints; size_t constraint_count;
    const struct weir_name *insert_columns; size_t insert_column_count; /* INSERT INTO t (a, b) */
    const char *what;            /* SHOW: "tables", "schemas", "catalogs", "volumes", "columns", "tblproperties", "external locations", "create table", "views", "partitions";
                                    DESCRIBE: "table", "detail", "history", "schema", "query", "catalog", "volume", "location"; USE: "catalog" or "schema" */
    const char *like;            /* SHOW ... LIKE 'pattern' */
    struct weir_str query_text;  /* the query as it stood; empty without one */
    weir_node *query;            /* SELECT / VALUES / WITH ... of QUERY, INSERT, CREATE TABLE AS, views, tables, flows; DESCRIBE QUERY; EXPLAIN */
};

/* A script: statements split on ';' outside strings and comments. Statements that weir knows and does not run yet (MERGE, UPDATE, DELETE, COPY INTO,
 * OPTIMIZE, VACUUM, RESTORE, BEGIN, ALTER, GRANT, ...) are WEIR_UNSUPPORTED "STATEMENT_UNSUPPORTED" by name and position. */
weir_rc weir_sql_parse(weir_arena *arena, struct weir_str script, struct weir_stmt **out, size_t *count_out, struct weir_error *err) WEIR_MUST_USE;
/* A text that is a name and nothing else: a.b.c, delta.`/path`. False: it is not. */
bool weir_sql_parse_name(weir_arena *arena, struct weir_str text, struct weir_name *out);
/* ${name} replaced outside of nothing: Spark substitutes before it parses. Unknown: WEIR_INVALID "VARIABLE_UNKNOWN" with position. */
weir_rc weir_sql_substitute(weir_arena *arena, struct weir_str script, const weir_options *variables, struct weir_str *out, struct weir_error *err) WEIR_MUST_USE;

/* --- tables that a query reads --- */
enum weir_time_travel { WEIR_TRAVEL_NONE, WEIR_TRAVEL_VERSION, WEIR_TRAVEL_TIMESTAMP };
struct weir_table_ref {
    struct weir_name name;            /* catalog names; or format.`path`: parts {"delta", "/path"}; or a table function */
    const char *function;             /* "read_files" | "range" ... lower case; NULL = a table */
    const struct weir_opt *args;      size_t arg_count;   /* function: name NULL for positional */
    const struct weir_opt *options;   size_t option_count; /* WITH ('k'='v') */
    bool stream;                      /* STREAM t, STREAM read_files(...) */
    enum weir_time_travel travel;
    int64_t version; const char *timestamp; /* the text of the timestamp expression's constant */
    struct weir_pos pos;
    bool metadata_used;               /* set before resolve where the query names _metadata: the relation must then offer it */
};
/* What the resolver answers. */
struct weir_relation {
    const weir_schema *schema;   /* Spark types; the columns that SELECT * gives */
    const char *duck_sql;        /* what to put into FROM, parenthesised where needed: "weir_t0", "(SELECT ...)" */
    const weir_schema *hidden;   /* columns reachable by name but not by '*': _metadata (a STRUCT); NULL = none */
};
struct weir_resolver {
    weir_rc (*resolve)(void *arg, const struct weir_table_ref *ref, struct weir_relation *out, struct weir_error *err);
    void *arg;
};
/* Every table that a query names (CTEs left out), in order; also those of sub-queries. */
weir_rc weir_sql_tables(weir_arena *arena, const weir_node *query, struct weir_table_ref **out, size_t *count_out, struct weir_error *err) WEIR_MUST_USE;

struct weir_translation {
    const char *duck_sql;        /* one SELECT */
    const weir_schema *schema;   /* output columns with Spark's names and types */
    bool deterministic;          /* no rand(), current_timestamp(), uuid() */
    bool aggregates, distinct, windows, joins, limits; /* somewhere in the query: what a stream may not do is told by these */
};
struct weir_translate_options {
    int64_t now_us;              /* current_timestamp() of this statement; 0 = the clock */
    const char *current_catalog, *current_schema, *current_user;
    const char *time_zone;       /* NULL = UTC; others are refused by name where they would matter */
};
weir_rc weir_sql_translate(weir_arena *arena, const weir_node *query, const struct weir_resolver *resolver, const struct weir_translate_options *options,
                           struct weir_translation *out, struct weir_error *err) WEIR_MUST_USE;

/* --- the simple shape: what text-to-Parquet can do without SQL ---
 * SELECT cols | * [AS alias], _metadata.x FROM one table [WHERE corrupt IS [NOT] NULL [AND ...no more]] : no expression but columns, literals of the column list. */
struct weir_simple_item { const char *column; const char *metadata_field; /* one of the two, or a literal: */ bool literal; const char *literal_text; /* NULL = NULL */ struct weir_type literal_type; const char *name; /* output */ bool star; };
struct weir_simple_query {
    struct weir_table_ref table;
    const struct weir_simple_item *items; size_t item_count;
    const char *null_column; bool null_wanted; /* WHERE null_column IS NULL (true) / IS NOT NULL (false); NULL = no WHERE */
};
/* False: not of this shape. */
bool weir_sql_simple(weir_arena *arena, const weir_node *query, struct weir_simple_query *out);

/* Macros and settings that a DuckDB connection needs once before translated text runs (from spark-sql-shim's rules; our own text). */
const char *weir_sql_prelude(void);
/* What weir's SQL reserves or offers, for completion: NULL-terminated. */
const char *const *weir_sql_keywords(void);
const char *const *weir_sql_functions(void);
