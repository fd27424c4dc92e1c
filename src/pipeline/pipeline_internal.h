/* pipeline_internal.h - the parts of a pipeline: the project as written, the graph made of it, one run over it. */
#pragma once
#include "pipeline/pipeline.h"
#include "base/map.h"
#include "base/time.h"

/* A SQL file of the project. */
struct project_file {
    const char *path;  /* relative to the project, for messages */
    struct weir_str text;
};
struct weir_project {
    weir_arena *arena;
    const char *folder, *spec_path, *name;
    const char *storage;             /* absolute path; NULL = the lakehouse root */
    const char *catalog, *schema;    /* defaults for names; NULL = the session's */
    weir_options *configuration;
    struct project_file *files;
    size_t file_count, file_cap;
};

struct dataset;
/* What a table reference of a flow turned out to be. */
enum ref_kind { REF_DATASET, REF_TABLE /* outside the graph: the catalog's, or by path */, REF_FUNCTION };
struct flow_ref {
    struct weir_table_ref ref;
    enum ref_kind kind;
    struct dataset *dataset;         /* REF_DATASET; REF_FUNCTION: what event_log('t') tells of, if it is the project's */
    const char *full_name;           /* for messages and pins */
    const weir_schema *found;        /* read_files without a schema: the columns that its files have, or had when the query began */
    const char *schema_folder;       /* where they are kept; NULL = beside the flow's checkpoint */
};
/* A query that fills a dataset. */
struct flow {
    const char *name;                /* "workspace.bronze.events"; a named flow: "workspace.bronze.f" */
    const char *short_name;          /* the checkpoint's folder */
    struct dataset *target;
    const struct project_file *file;
    struct weir_pos pos;
    const char *catalog, *schema;    /* in force where it stands */
    const weir_node *query;
    const char *query_text;          /* with temporary views written out */
    struct flow_ref *refs;
    size_t ref_count;
    bool streaming;
    const weir_schema *schema_out;   /* after analysis */
    bool deterministic;
};
struct dataset {
    enum weir_dataset_kind kind;
    const char *catalog, *schema, *name; /* a temporary view has only its name */
    const char *full_name;
    const struct project_file *file;
    struct weir_pos pos;
    const struct weir_stmt *stmt;
    struct flow **flows;
    size_t flow_count, flow_cap;
    const weir_schema *schema_out;   /* what the table will have */
    struct weir_expectations expectations; /* of its rows; count 0 = none */
    struct dataset *quarantine;      /* where rows go that they set aside: a dataset without a flow of its own; NULL = none of them does */
    struct dataset *quarantine_of;   /* the other way round: it is filled, fails and is built anew with that one */
    int mark;                        /* for the walk: 0 unseen, 1 open, 2 done */
    /* during a run */
    const char *location;
    const char *storage;             /* where the table's checkpoints were when it was made; NULL = not known */
    bool failed, skipped, selected;
};
struct graph {
    weir_project *project;
    weir_engine *engine;
    weir_session *session;           /* for analysis; one thread */
    const struct weir_run_options *options; /* of the run; NULL = only looked at */
    weir_arena *arena;
    weir_map *by_name;               /* full name (tables) or name (temporary views) -> dataset */
    struct dataset **order;          /* inputs before those who read them */
    size_t count, cap;
    struct weir_uuid update_id;      /* of the run */
};

/* "file:line:column: " before an error that belongs to a place in the project. */
weir_rc weiri_at_place(struct weir_error *err, weir_rc rc, const struct project_file *file, struct weir_pos pos);

/* Which of the flow's references stands at this place; aborts when there is none: both walks see the same query. */
size_t weiri_ref_at(const struct flow *flow, const struct weir_table_ref *ref);

/* graph.c: everything that can be known without running; the graph owns a session. */
weir_rc weiri_graph_build(weir_project *project, weir_engine *engine, weir_arena *arena, struct graph *out, struct weir_error *err) WEIR_MUST_USE;
void weiri_graph_close(struct graph *graph);
/* Is the dataset among those that this run builds from scratch? */
bool weiri_full_refresh(const struct weir_run_options *options, const struct dataset *dataset);
/* analyze.c: types of every dataset, in order; streaming and batch in their places. */
weir_rc weiri_graph_analyze(struct graph *graph, struct weir_error *err) WEIR_MUST_USE;
weir_rc weiri_session_for(struct graph *graph, const struct flow *flow, weir_session **out, struct weir_error *err) WEIR_MUST_USE;

/* expectations.c: what a statement's CONSTRAINTs say of its rows. */
weir_rc weiri_expectations_take(struct graph *graph, struct dataset *dataset, struct weir_error *err) WEIR_MUST_USE;
/* Each a condition on one row of the dataset: BOOLEAN, over its columns, without aggregates and sub-queries. */
weir_rc weiri_expectations_check(struct graph *graph, struct dataset *dataset, struct weir_error *err) WEIR_MUST_USE;
static inline const struct weir_expectations *weiri_expectations(const struct dataset *dataset)
{
    return dataset->expectations.count > 0 ? &dataset->expectations : NULL;
}
/* The update that a commit of the flow belongs to; points into the graph. */
struct weir_event_origin weiri_event_origin(const struct graph *graph, const struct flow *flow);

/* Who fills the dataset: a quarantine has no flow of its own. */
static inline const struct dataset *weiri_filled_by(const struct dataset *dataset)
{
    return dataset->quarantine_of ? dataset->quarantine_of : dataset;
}
/* The quarantine's columns, when those of its table are known. */
weir_rc weiri_quarantine_schema(struct graph *graph, struct dataset *quarantine, struct weir_error *err) WEIR_MUST_USE;

/* sources.c: what a stream reference reads, as a stream's source; its options are freed by weiri_stream_source_free. */
void weiri_stream_source_free(struct weir_stream_source *source);
weir_rc weiri_stream_source(struct graph *graph, weir_session *session, const struct flow *flow, const struct flow_ref *ref, weir_arena *arena, struct weir_stream_source *out,
                            struct weir_error *err) WEIR_MUST_USE;
/* Keeps the columns that were found in its files, unless they are kept already. `checkpoint`: the flow's; *told_out: what to tell the user, or NULL. */
weir_rc weiri_source_keep(struct graph *graph, const struct flow *flow, const struct flow_ref *ref, const char *checkpoint, weir_arena *arena, const char **told_out, struct weir_error *err) WEIR_MUST_USE;
/* The columns that such a source gives (a look at the folder for partition columns). */
weir_rc weiri_source_schema(struct graph *graph, const struct weir_stream_source *source, weir_arena *arena, const weir_schema **out, struct weir_error *err) WEIR_MUST_USE;

/* tables.c: datasets in the catalog and on disk. */
weir_rc weiri_table_find(struct graph *graph, struct dataset *dataset, bool *exists, struct weir_error *err) WEIR_MUST_USE; /* fills location */
weir_rc weiri_table_ready(struct graph *graph, struct dataset *dataset, struct weir_error *err) WEIR_MUST_USE;  /* a streaming table: made, or its schema widened */
weir_rc weiri_table_truncate(struct graph *graph, struct dataset *dataset, struct weir_error *err) WEIR_MUST_USE;
weir_rc weiri_schema_ready(struct graph *graph, const struct dataset *dataset, struct weir_error *err) WEIR_MUST_USE;
/* The table's checkpoints lie in the project's storage from now on; said in the catalog. */
weir_rc weiri_table_place(struct graph *graph, struct dataset *dataset, struct weir_error *err) WEIR_MUST_USE;
/* In a checkpoint: its table is still to be emptied; it was, and the checkpoint is the one that holds. */
#define WEIRI_MARK_ANEW "_weir/anew"
#define WEIRI_MARK_BEGUN "_weir/begun"
/* <storage>/_checkpoints/c/s/t/flow/n; `fresh`: the next number. `note_out`: something to tell the user, or NULL. */
weir_rc weiri_checkpoint_place(struct graph *graph, const struct flow *flow, bool fresh, bool adopt, weir_arena *arena, const char **out, const char **note_out, struct weir_error *err) WEIR_MUST_USE;
