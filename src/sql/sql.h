/* sql.h - the only room that includes duckdb.h: sessions, statements, snapshots and folders as relations, batches in and out.
 *
 * A session has a current catalog and schema, settings, and its own DuckDB connection; the engine (one DuckDB database in memory, spilling to <root>/_tmp) is shared.
 * Each table is resolved once per statement: the snapshot is pinned for the statement's life. DuckDB sees only weir's relations: autoload and external access by
 * user text are off; the translator is the only door.
 * Threads: an engine may be shared; a session belongs to one thread at a time. */
#pragma once
#include "catalog/catalog.h"
#include "column/arrow.h"
#include "delta/delta.h"
#include "delta/writer.h"
#include "dialect/dialect.h"
#include "source/source.h"

typedef struct weir_engine weir_engine;
typedef struct weir_session weir_session;

struct weir_engine_options {
    weir_fs *fs;              /* NULL = posix */
    weir_catalog *catalog;    /* borrowed; NULL: no lakehouse: only delta.`path`, csv.`path` and literals */
    int64_t memory_limit_bytes; /* 0 = 1 GiB */
    int threads;              /* 0 = processors */
    const char *temp_folder;  /* NULL = <root>/_tmp, or $TMPDIR without a root */
};
weir_rc weir_engine_open(const struct weir_engine_options *options, weir_engine **out, struct weir_error *err) WEIR_MUST_USE;
void weir_engine_close(weir_engine *engine); /* after its sessions */
weir_catalog *weir_engine_catalog(weir_engine *engine);
weir_fs *weir_engine_fs(weir_engine *engine);
/* Delta handles are shared so that their newest snapshot is cached. Lives as long as the engine. */
weir_delta *weir_engine_table(weir_engine *engine, const char *path);

weir_rc weir_session_open(weir_engine *engine, weir_session **out, struct weir_error *err) WEIR_MUST_USE;
void weir_session_close(weir_session *session);
weir_engine *weir_session_engine(weir_session *session);
weir_engine *weir_session_engine(weir_session *session);
void weir_session_interrupt(weir_session *session); /* from any thread: running statements end with WEIR_CANCELLED */
/* Settings: "catalog", "schema" (current ones), Spark confs by name. WEIR_INVALID for a value that cannot be. */
weir_rc weir_session_set(weir_session *session, const char *name, const char *value, struct weir_error *err) WEIR_MUST_USE;
const char *weir_session_get(weir_session *session, const char *name);
const char *weir_session_catalog(const weir_session *session);
const char *weir_session_schema(const weir_session *session);

/* --- statements --- */
/* A result: rows as batches (also of SHOW, DESCRIBE), or none (DDL: schema with no columns). Pins what it reads until it is closed. */
typedef struct weir_result weir_result;
const weir_schema *weir_result_schema(const weir_result *result);
weir_rc weir_result_next(weir_result *result, struct weir_batch *out, struct weir_error *err) WEIR_MUST_USE; /* WEIR_END */
int64_t weir_result_rows_written(const weir_result *result); /* INSERT, CTAS; -1 otherwise */
void weir_result_close(weir_result *result);                 /* NULL is legal */
/* One parsed statement (of weir_sql_parse). Errors carry line and column of the script. */
weir_rc weir_session_run(weir_session *session, const struct weir_stmt *stmt, weir_result **out, struct weir_error *err) WEIR_MUST_USE;
/* A whole script: each result is handed to `each` (may be NULL) and closed after it; stops at the first error. */
weir_rc weir_session_script(weir_session *session, struct weir_str script, weir_rc (*each)(void *arg, const struct weir_stmt *stmt, weir_result *result, struct weir_error *err), void *arg,
                            struct weir_error *err) WEIR_MUST_USE;

/* --- names (for stream, pipeline, cli) --- */
/* What a name stands for now: current catalog and schema filled in, catalog asked, delta.`path` and csv.`path` taken as they are, paths checked. */
struct weir_target {
    bool by_path;               /* delta.`path` */
    const char *catalog, *schema, *name; /* NULL when by_path */
    const char *full_name;      /* for messages: "c.s.t" or delta.`path` */
    const char *format;         /* "delta", "csv" */
    const char *location;       /* absolute */
    struct weir_object object;  /* the catalog's row (kind TABLE) unless by_path; its options: weir_object_free_options(&target.object) */
};
weir_rc weir_session_target(weir_session *session, weir_arena *arena, const struct weir_name *name, struct weir_target *out, struct weir_error *err) WEIR_MUST_USE;
/* The name in full, whether it exists or not. */
weir_rc weir_session_full_name(weir_session *session, weir_arena *arena, const struct weir_name *name, const char **c, const char **s, const char **t, struct weir_error *err) WEIR_MUST_USE;
/* Create a Delta table in the catalog: log first, then the row. `location` NULL = managed. */
weir_rc weir_session_create_table(weir_session *session, const char *c, const char *s, const char *t, const struct weir_table_spec *spec, enum weir_table_kind kind,
                                  const char *location, const char *comment, const char *definition, struct weir_error *err) WEIR_MUST_USE;

/* --- transforms: a query whose tables the caller supplies (streams and views) --- */
/* What a table name in the query stands for this time. */
enum weir_input_kind { WEIR_INPUT_SNAPSHOT /* a pinned Delta snapshot */, WEIR_INPUT_FILES /* some files of a Delta table */, WEIR_INPUT_BATCHES /* rows from memory */ , WEIR_INPUT_EMPTY /* schema only */ };
struct weir_input {
    enum weir_input_kind kind;
    const weir_schema *schema;      /* columns that '*' gives */
    const weir_schema *hidden;      /* _metadata: BATCHES then carry a last column named "_metadata" ; NULL = none */
    weir_snapshot *snapshot;        /* SNAPSHOT, FILES (for schema, partition columns, place) */
    const struct weir_add *const *files; size_t file_count; /* FILES */
    weir_batches *batches;          /* BATCHES: taken (closed by the transform) */
};
struct weir_transform {
    const weir_node *query;
    /* Called once per table reference, in order; WEIR_NOT_FOUND: resolve it as a statement would (catalog, delta.`path`). */
    weir_rc (*input)(void *arg, const struct weir_table_ref *ref, struct weir_input *out, struct weir_error *err);
    void *arg;
    int64_t now_us;                 /* current_timestamp() of the batch */
};
/* Only the output schema: for graph checks and dry runs (inputs may be EMPTY). */
weir_rc weir_session_analyze(weir_session *session, weir_arena *arena, const struct weir_transform *transform, struct weir_translation *out, struct weir_error *err) WEIR_MUST_USE;
weir_rc weir_session_transform(weir_session *session, const struct weir_transform *transform, weir_result **out, struct weir_error *err) WEIR_MUST_USE;
/* Rows of a result into a writer (types already equal; cast where Spark's store assignment allows it: `schema` of the table, by name or position). Returns rows. */
weir_rc weir_result_write(weir_result *result, const weir_schema *schema, bool by_name, weir_delta_writer *writer, int64_t *rows_out, struct weir_error *err) WEIR_MUST_USE;

/* --- expectations: conditions on rows on their way into a table ---
 * A row whose condition is not TRUE (FALSE or NULL) violates it. A row that violates several is dealt with once: FAIL before QUARANTINE before DROP before KEEP. */
enum weir_violation { WEIR_VIOLATION_KEEP, WEIR_VIOLATION_DROP, WEIR_VIOLATION_QUARANTINE, WEIR_VIOLATION_FAIL };
struct weir_expectation { const char *name; const char *condition; /* Spark text over the table's columns */ enum weir_violation action; };
struct weir_expectations { const struct weir_expectation *items; size_t count; const char *dataset; /* the table's full name */ };
/* What came of them. rows = written + dropped; of the dropped ones `quarantined` are in the quarantine, of the written ones `kept` violate something. */
struct weir_quality { int64_t rows, written, dropped, quarantined, kept; int64_t *failed; /* per expectation */ };
void weir_quality_init(struct weir_quality *quality, const struct weir_expectations *expectations, weir_arena *arena);
/* {"dropped_records":..,"expectations":[{"name","dataset","passed_records","failed_records",..}]}: the event log's data_quality. */
void weir_quality_print(struct weir_buf *out, const struct weir_expectations *expectations, const struct weir_quality *quality);
/* "5 dropped, 2 quarantined, 3 kept in violation" into a fixed buffer (here dropped rows are those that are gone); "" when no row violates anything. */
void weir_quality_summary(const struct weir_quality *quality, char *out, size_t len);
/* What a quarantine has beside the table's columns (which are all nullable there). */
#define WEIR_QUARANTINE_FAILED "_failed_expectations" /* ARRAY<STRING>: names, in the order of the declaration */
#define WEIR_QUARANTINE_BATCH "_batch_id"             /* BIGINT: the batch of the stream; of a view: its version */
weir_schema *weir_quarantine_schema(weir_arena *arena, const weir_schema *table);
/* Where the rows go. */
struct weir_check_target {
    const weir_schema *schema;            /* of the table */
    weir_delta_writer *writer;
    const weir_schema *quarantine_schema; /* of the quarantine, its columns in any order; NULL = no expectation quarantines */
    weir_delta_writer *quarantine;        /* NULL = its rows are counted only */
    int64_t batch_id;
    const char *unit;                     /* for messages: "batch 4" */
};
/* As weir_result_write by name, each row through the expectations. Violated FAIL: WEIR_INVALID "EXPECTATION_VIOLATION" after all rows were counted, with the first of them. */
weir_rc weir_result_write_checked(weir_result *result, const struct weir_expectations *expectations, const struct weir_check_target *target, struct weir_quality *quality,
                                  struct weir_error *err) WEIR_MUST_USE;

/* --- the event log: what event_log('t') tells of a table's commits --- */
/* Which flow of which update made the commit, and what its expectations counted (JSON of weir_quality_print; NULL = none), as a parameter of the commit: so it is there if and only if the rows are. */
struct weir_event_origin { const char *pipeline, *update_id, *flow; };
void weir_event_remember(weir_txn *txn, const struct weir_event_origin *origin, const char *data_quality);
/* A flow that failed has no commit: a small file in <table>/_weir/failures, the newest hundred of them. Best effort: never fails what failed already. */
/* The columns of event_log('t'), for who must know them before the table is there. */
const weir_schema *weir_event_log_schema(weir_arena *arena);
void weir_event_failure(weir_engine *engine, const char *table_path, const struct weir_event_origin *origin, const struct weir_error *why);

/* Confs and settings that SET knows, for docs. */
extern const struct weir_option_help weir_setting_help[];
