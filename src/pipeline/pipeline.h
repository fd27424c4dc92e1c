/* pipeline.h - a project (spark-pipeline.yml and SQL files) as a graph of flows; its runs.
 *
 * A run: streaming flows to their end (independent ones side by side), then versions are pinned, then views in graph order on those versions; a view whose inputs have no new version is
 * left alone; a refreshed view is one commit (never empty meanwhile). Every message has file:line:column.
 * Sources: ../shared/reference/spark-streaming.md section 4, auto-loader-and-pipelines.md section 2. */
#pragma once
#include "stream/stream.h"

typedef struct weir_project weir_project;
/* `spec_path` NULL: spark-pipeline.yml or .yaml in `folder` (NULL: working folder) or its parents. */
weir_rc weir_project_load(const char *spec_path, const char *folder, weir_project **out, struct weir_error *err) WEIR_MUST_USE;
void weir_project_free(weir_project *project);
const char *weir_project_storage(const weir_project *project); /* NULL = <root> */

enum weir_dataset_kind { WEIR_DATASET_STREAMING_TABLE, WEIR_DATASET_VIEW, WEIR_DATASET_TEMP_VIEW };
struct weir_run_options {
    const char *const *refresh; size_t refresh_count;             /* none of the lists = all */
    const char *const *full_refresh; size_t full_refresh_count;
    bool full_refresh_all;
    enum weir_trigger trigger; int64_t interval_ms;
    int threads;
    bool adopt;                                                    /* go on in <storage>/_checkpoints/spark_catalog/... */
};
/* One line of what happens, in Spark's words: "Flow workspace.bronze.events is RUNNING". */
struct weir_run_events {
    void *arg;
    void (*flow)(void *arg, const char *flow, const char *state, const char *message); /* QUEUED STARTING RUNNING COMPLETED FAILED SKIPPED EXCLUDED; any thread, serialised */
    void (*progress)(void *arg, const char *flow, const char *progress_json);
    void (*note)(void *arg, const char *line);
};
/* What the run did to a dataset. */
struct weir_flow_report { const char *name; const char *kind; const char *state; const char *how; /* "3 files, 1,000 rows", "recomputed", "up to date" */ int64_t rows, files, version; int64_t elapsed_us; };
struct weir_run_report { struct weir_flow_report *flows; size_t flow_count; int64_t rows_in, files_in; int64_t elapsed_us; bool nothing_new; };

/* A graph checked against the catalog: names, cycles, writers, types. Lives in the arena. */
struct weir_graph_node { const char *name; enum weir_dataset_kind kind; const char *file; int line, column; const weir_schema *schema; const char *const *inputs; size_t input_count; const char *const *flows; size_t flow_count; const char *how; const char *comment; };
weir_rc weir_pipeline_graph(weir_project *project, weir_engine *engine, weir_arena *arena, struct weir_graph_node **out, size_t *count_out, struct weir_error *err) WEIR_MUST_USE; /* in order of running; writes nothing */
weir_rc weir_pipeline_run(weir_project *project, weir_engine *engine, const struct weir_run_options *options, const struct weir_run_events *events, weir_arena *arena,
                          struct weir_run_report *report, struct weir_error *err) WEIR_MUST_USE;

/* refresh.h is the one interface by which a view is brought up to date; full recomputation is its first implementation. */
