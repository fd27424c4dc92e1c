/* sql_internal.h - what the files of this room share. Nothing of it, and nothing of duckdb.h, leaves the room.
 *
 * Reading order: engine.c (the database), session.c + settings.c (who asks), names.c (what a name stands for), run.c (one statement: its connection, pinned snapshots,
 * variables, scans), relation.c (a snapshot as a relation), scan.c (batches as a relation), textscan.c (a folder of text as a relation), resolve.c (table references),
 * query.c (translate, prepare), result.c (rows out), write.c (rows into a table), statement.c and the files of each statement. */
#pragma once
#include "sql/sql.h"
#include "os/thread.h"
#include <duckdb.h>
#include <pthread.h>
#include <stdatomic.h>

struct weiri_sql_scan;

struct weir_engine {
    weir_fs *fs;
    weir_catalog *catalog; /* borrowed; NULL = none */
    duckdb_database db;
    duckdb_connection con; /* keeps settings and macros alive; runs nothing else */
    pthread_mutex_t lock;  /* tables, scans, next_scan; held for look-ups only */
    weir_map *tables;      /* path -> weir_delta */
    struct weiri_sql_scan **scans;
    size_t scan_count, scan_cap;
    uint64_t next_scan;
};

struct weiri_sql_run;
struct weir_session {
    weir_engine *engine;
    char *catalog, *schema;
    weir_options *confs;
    pthread_mutex_t lock;         /* running, interrupts: weir_session_interrupt comes from other threads */
    struct weiri_sql_run **running;
    size_t running_count, running_cap;
};

/* --- run.c: one statement --- */
/* A table that the statement has resolved: the same name is the same version throughout. */
struct weiri_sql_pin {
    const char *key;          /* path, and the version where one was asked for */
    weir_snapshot *snapshot;  /* counted */
    int uses;                 /* how often it was asked for */
};
struct weiri_sql_run {
    weir_session *session;
    weir_engine *engine;
    weir_arena *arena;
    duckdb_connection con;
    atomic_bool cancelled;
    int64_t now_us;
    int next_variable, next_input;
    struct weiri_sql_pin *pins;
    size_t pin_count, pin_cap;
    struct weiri_sql_scan **scans; /* owned */
    size_t scan_count, scan_cap;
    struct { const char *name; struct weiri_sql_scan *scan; } *inputs; /* views that stand for batches which can be read once */
    size_t input_count, input_cap;
    struct { char **paths; size_t count; } *lists; /* files behind the variables: to name the one that is missing */
    size_t list_count, list_cap;
    const struct weir_transform *transform; /* NULL = a plain statement */
};
weir_rc weiri_sql_run_open(weir_session *session, int64_t now_us, struct weiri_sql_run **out, struct weir_error *err) WEIR_MUST_USE;
void weiri_sql_run_close(struct weiri_sql_run *run); /* NULL is legal */
/* A statement of ours without rows. */
weir_rc weiri_sql_exec(struct weiri_sql_run *run, const char *sql, struct weir_error *err) WEIR_MUST_USE;
/* The files as a variable of the connection; returns its name in `variable_out`. Paths are heap and taken. */
weir_rc weiri_sql_bind_files(struct weiri_sql_run *run, char **paths, size_t count, const char **variable_out, struct weir_error *err) WEIR_MUST_USE;
/* The snapshot of a table folder, once per statement. `version` -1 = newest. Borrowed from the run. */
weir_rc weiri_sql_pin(struct weiri_sql_run *run, const char *path, int64_t version, weir_snapshot **out, struct weir_error *err) WEIR_MUST_USE;
/* Was the snapshot, which a statement pinned to write on, asked for by its query too? */
bool weiri_sql_reads(const struct weiri_sql_run *run, const weir_snapshot *snapshot);

/* --- errors.c: what DuckDB said, in weir's words --- */
weir_rc weiri_sql_duck_error(struct weiri_sql_run *run, duckdb_error_type type, const char *message, struct weir_error *err) WEIR_MUST_USE;

/* --- types.c --- */
void weiri_sql_duck_type(struct weir_buf *out, const struct weir_type *type); /* "DECIMAL(10,2)" */
duckdb_logical_type weiri_sql_logical_type(const struct weir_type *type);      /* caller destroys */
void weiri_sql_quote_name(struct weir_buf *out, const char *name);             /* "a""b" */
void weiri_sql_quote_text(struct weir_buf *out, const char *text);             /* 'a''b' */
void weiri_sql_back_tick(struct weir_buf *out, const char *name);              /* `a``b`: for Spark text */
/* The schema with every TIMESTAMP as TIMESTAMP_NTZ: inside of DuckDB both are plain. */
weir_schema *weiri_sql_plain_schema(weir_arena *arena, const weir_schema *schema);
/* A copy without VOID columns, which Spark leaves out of the rows. */
const weir_schema *weiri_sql_visible_schema(weir_arena *arena, const weir_schema *schema);

/* --- scan.c: batches as a table function, weir_scan(id) --- */
typedef weir_rc (*weiri_sql_open_fn)(void *arg, weir_batches **out, struct weir_error *err);
struct weiri_sql_scan {
    uint64_t id;
    struct weiri_sql_run *run;
    const weir_schema *schema; /* plain (no zoned timestamps) */
    weiri_sql_open_fn open;    /* called at each start of the scan, from DuckDB's threads */
    void (*close)(void *arg);  /* NULL is legal; at the end of the run */
    void *arg;
    pthread_mutex_t lock;      /* error */
    weir_rc rc;                /* the first error of its batches */
    struct weir_error error;
};
weir_rc weiri_sql_scan_register(weir_engine *engine, struct weir_error *err) WEIR_MUST_USE;
/* A new scan of the run. `schema` must outlive it (the run's arena). */
struct weiri_sql_scan *weiri_sql_scan_new(struct weiri_sql_run *run, const weir_schema *schema, weiri_sql_open_fn open, void (*close)(void *arg), void *arg);
void weiri_sql_scan_free(struct weiri_sql_scan *scan);
/* The error that the run's scans hold, if any. */
weir_rc weiri_sql_scan_error(struct weiri_sql_run *run, struct weir_error *err);
/* Batches that are read at most once (taken), as a scan. */
struct weiri_sql_scan *weiri_sql_scan_once(struct weiri_sql_run *run, weir_batches *batches);
/* One batch (moved) that may be read any number of times. */
struct weiri_sql_scan *weiri_sql_scan_batch(struct weiri_sql_run *run, const weir_schema *schema, struct weir_batch *batch);

/* --- relation.c --- */
/* A snapshot's files (NULL: all) as a relation in DuckDB text, with the columns that '*' gives. */
weir_rc weiri_sql_snapshot_relation(struct weiri_sql_run *run, weir_snapshot *snapshot, const struct weir_add *const *files, size_t count, struct weir_relation *out,
                                    struct weir_error *err) WEIR_MUST_USE;
/* Columns and no rows. */
const char *weiri_sql_empty_relation(struct weiri_sql_run *run, const weir_schema *schema, const weir_schema *hidden);

/* --- events.c --- */
/* event_log('table') as a relation. */
weir_rc weiri_sql_event_log(struct weiri_sql_run *run, const struct weir_table_ref *ref, struct weir_relation *out, struct weir_error *err) WEIR_MUST_USE;

/* --- settings.c --- */
weir_rc weiri_sql_setting_check(const char *name, const char *value, struct weir_error *err) WEIR_MUST_USE;

/* --- textscan.c --- */
/* schema NULL: found in the files; hints (may be NULL) win over what is found. */
struct weiri_sql_text { const char *format, *root, *confine, *name; const weir_options *options; const weir_schema *schema, *hints; };
weir_rc weiri_sql_text_relation(struct weiri_sql_run *run, const struct weiri_sql_text *text, bool metadata, struct weir_relation *out, struct weir_error *err) WEIR_MUST_USE;

/* --- names.c --- */
/* format.`path` of a name; false: a catalog name. */
bool weiri_sql_by_path(weir_session *session, const struct weir_name *name, struct weir_str *format_out, struct weir_str *path_out);
/* A path that SQL names: /Volumes, registration, relative to the working folder. Arena.
 * `confine_out` (may be NULL): the folder of the volume, location or table that holds it; NULL without a catalog. */
weir_rc weiri_sql_path(weir_session *session, weir_arena *arena, const char *path, struct weir_pos pos, const char **out, const char **confine_out,
                       struct weir_error *err) WEIR_MUST_USE;
weir_rc weiri_sql_at(weir_rc rc, struct weir_pos pos, struct weir_error *err); /* gives the error a position, if it has none */
weir_rc weiri_sql_need_catalog(weir_session *session, const char *what, struct weir_pos pos, struct weir_error *err) WEIR_MUST_USE;
char *weiri_sql_lower(weir_arena *arena, struct weir_str text);
const char *weiri_sql_name_text(weir_arena *arena, const struct weir_name *name); /* a.b.c */
/* Name of one level: catalog or location. */
weir_rc weiri_sql_one_name(weir_arena *arena, const struct weir_name *name, const char *what, const char **out, struct weir_error *err) WEIR_MUST_USE;
/* c.s of a name of one or two levels. */
weir_rc weiri_sql_schema_name(weir_session *session, weir_arena *arena, const struct weir_name *name, const char **c, const char **s, struct weir_error *err) WEIR_MUST_USE;

/* --- resolve.c --- */
weir_rc weiri_sql_resolve(void *run, const struct weir_table_ref *ref, struct weir_relation *out, struct weir_error *err) WEIR_MUST_USE;
/* '2024-01-01 ...' as TIMESTAMP AS OF reads it. */
weir_rc weiri_sql_travel_time(struct weiri_sql_run *run, const char *text, struct weir_pos pos, int64_t *us_out, struct weir_error *err) WEIR_MUST_USE;

/* --- query.c, result.c --- */
struct weir_result {
    weir_arena *arena;            /* the run's where there is one */
    struct weiri_sql_run *run;    /* NULL: rows from memory */
    const weir_schema *schema;
    int64_t rows_written;
    bool started, ended;
    const char *sql;              /* DuckDB text */
    duckdb_prepared_statement prepared;
    duckdb_result rows;
    duckdb_arrow_options arrow;
    struct weir_batch batch;      /* rows from memory; array.release NULL = none left */
    /* Where weiri_sql_assign put casts: what was given, what is wanted, and which goes where (-1 = none); NULL = nowhere. */
    const weir_schema *given, *wanted;
    const int *given_at;
};
weir_rc weiri_sql_translate(struct weiri_sql_run *run, const weir_node *query, struct weir_translation *out, struct weir_error *err) WEIR_MUST_USE;
/* Takes the run (also on failure). Prepared, not started. */
weir_rc weiri_sql_query(struct weiri_sql_run *run, const weir_node *query, weir_result **out, struct weir_error *err) WEIR_MUST_USE;
/* Spark text over the result's columns, called c0, c1, ... of `rows`: replaces what the (not started) result gives. `select` is a whole SELECT. */
weir_rc weiri_sql_wrap(weir_result *result, const char *select, struct weir_error *err) WEIR_MUST_USE;
weir_rc weiri_sql_prepare(weir_result *result, struct weir_error *err) WEIR_MUST_USE;
weir_result *weiri_sql_result_none(void);
/* Rows from memory: `schema` is copied. */
struct weiri_sql_rows { weir_arena *arena; weir_schema *schema; weir_builder **columns; int64_t count; };
void weiri_sql_rows_begin(struct weiri_sql_rows *rows, const char *ddl);
void weiri_sql_rows_text(struct weiri_sql_rows *rows, size_t column, const char *text); /* NULL = NULL */
void weiri_sql_rows_i64(struct weiri_sql_rows *rows, size_t column, int64_t value);
void weiri_sql_rows_next(struct weiri_sql_rows *rows);
weir_result *weiri_sql_rows_end(struct weiri_sql_rows *rows);
void weiri_sql_rows_drop(struct weiri_sql_rows *rows);

/* --- write.c --- */
struct weiri_sql_assign {
    const weir_schema *schema;      /* of the table */
    bool by_name;                   /* BY NAME, streams; by name and by list: columns that are not given become NULL */
    const char *const *columns; size_t column_count; /* INSERT INTO t (a, b); 0 = none */
    const char *table;              /* for messages */
};
weir_rc weiri_sql_assign(weir_result *result, const struct weiri_sql_assign *how, struct weir_error *err) WEIR_MUST_USE;
weir_rc weiri_sql_pump(weir_result *result, weir_delta_writer *writer, int64_t *rows_out, struct weir_error *err) WEIR_MUST_USE;

/* --- statements: each makes its result --- */
weir_rc weiri_sql_insert(weir_session *session, const struct weir_stmt *stmt, weir_result **out, struct weir_error *err) WEIR_MUST_USE;
weir_rc weiri_sql_create_table(weir_session *session, const struct weir_stmt *stmt, weir_result **out, struct weir_error *err) WEIR_MUST_USE;
/* The row first, then the folders of what was managed. */
weir_rc weiri_sql_drop(weir_session *session, enum weir_object_kind kind, const char *c, const char *s, const char *name, bool cascade, struct weir_error *err) WEIR_MUST_USE;
weir_rc weiri_sql_ddl(weir_session *session, const struct weir_stmt *stmt, weir_result **out, struct weir_error *err) WEIR_MUST_USE;
weir_rc weiri_sql_set(weir_session *session, const struct weir_stmt *stmt, weir_result **out, struct weir_error *err) WEIR_MUST_USE;
weir_rc weiri_sql_show(weir_session *session, const struct weir_stmt *stmt, weir_result **out, struct weir_error *err) WEIR_MUST_USE;
weir_rc weiri_sql_describe(weir_session *session, const struct weir_stmt *stmt, weir_result **out, struct weir_error *err) WEIR_MUST_USE;
