/* run.h - one run over a graph: which datasets, in which state, told to whom. Private to the room. */
#pragma once
#include "os/thread.h"
#include "pipeline/refresh.h"

struct run {
    struct graph graph;
    const struct weir_run_options *options;
    const struct weir_run_events *events;
    weir_arena *arena;             /* of the report; touched under `lock` while flows run side by side */
    pthread_mutex_t lock;
    struct weir_flow_report *reports;
    size_t report_count, report_cap;
    struct pins pins;
    weir_rc rc;                    /* of the first failure */
    struct weir_error error;
    int64_t rows_in, files_in;
};
/* One streaming flow as a running query. */
struct live_flow {
    struct run *run;
    struct flow *flow;
    weir_session *session;
    weir_arena *arena;
    struct weir_stream_source *sources;
    size_t source_count;
    int *ref_source;
    struct weir_stream_spec spec;
    struct weir_event_origin origin;
    struct weir_stream_events events;
    weir_stream *stream;
    struct weir_stream_totals totals;
};
void weiri_tell(struct run *run, const char *flow, const char *state, const char *message);
void weiri_note(struct run *run, const char *line);
/* Remember the outcome; a failure also as the run's own, if it is the first. */
void weiri_report(struct run *run, const char *name, const char *kind, const char *state, int64_t elapsed_us, int64_t rows, int64_t files, int64_t version, const char *how);
void weiri_failure(struct run *run, struct dataset *dataset, const char *flow, weir_rc rc, const struct weir_error *err);
/* "; 5 dropped, 2 quarantined" behind a text, where expectations were violated. */
void weiri_add_quality(const struct weir_quality *quality, char *text, size_t len);
/* anew.c: tables of --full-refresh, and those that a run before left half done, stand empty with new checkpoints. */
weir_rc weiri_build_anew(struct run *run, struct weir_error *err) WEIR_MUST_USE;
/* Open and close a flow's query. */
weir_rc weiri_live_open(struct run *run, struct flow *flow, enum weir_trigger trigger, struct live_flow *out, struct weir_error *err) WEIR_MUST_USE;
void weiri_live_close(struct live_flow *live);
/* Bring the selected views up to date on one set of pins. */
void weiri_run_views(struct run *run);
/* continuous.c: stay until a stop is asked for. */
void weiri_run_staying(struct run *run);
