/* refresh.h - how a materialized view is brought up to date: the one door for every way of doing it.
 *
 * A way says whether it can, and why or why not; the first that can is taken. Recomputation always can. Whatever the way, the view changes in one
 * commit, stands for the pinned versions of its inputs, and remembers them in that commit, so that the next run knows what is new.
 * Promise 10 of docs/ARCHITECTURE.md: a view equals its recomputation. */
#pragma once
#include "pipeline/pipeline_internal.h"

/* Versions that hold for a whole run: full name -> snapshot. */
struct pins {
    weir_map *snapshots;
    weir_arena *arena;
};
void weiri_pins_init(struct pins *pins, weir_arena *arena);
void weiri_pins_free(struct pins *pins);
void weiri_pins_forget(struct pins *pins, const char *full_name);
/* The snapshot of a table for this run: pinned when first asked. Borrowed. */
weir_rc weiri_pin(struct graph *graph, struct pins *pins, const char *full_name, const char *location, weir_snapshot **out, struct weir_error *err) WEIR_MUST_USE;

struct refresh_input {
    const char *full_name, *location;
    weir_snapshot *snapshot;      /* pinned; NULL: not a Delta table, so always new */
    int64_t version_before;       /* that the view stands for now; -1 = unknown */
    bool has_new;                 /* some commit since then changed data */
};
struct refresh_request {
    struct graph *graph;
    struct dataset *view;
    weir_session *session;
    struct pins *pins;
    struct refresh_input *inputs; size_t input_count;
    bool exists, query_changed;
    bool quarantine_exists;       /* of view->quarantine, where there is one */
};
struct refresh_result {
    int64_t version, rows;
    const char *how;              /* "recomputed", "up to date" */
    struct weir_quality quality;  /* of the view's expectations; failed NULL = none */
};
struct refresh_way {
    const char *name;
    bool (*can)(const struct refresh_request *request, const char **why_out);
    weir_rc (*run)(struct refresh_request *request, struct refresh_result *result, struct weir_error *err);
};
extern const struct refresh_way weiri_refresh_recompute;

/* Bring one view up to date, or leave it alone. */
weir_rc weiri_refresh(struct graph *graph, struct dataset *view, struct pins *pins, bool force, struct refresh_result *result, struct weir_error *err) WEIR_MUST_USE;
/* Remembered in the commit, when its rows are there: the inputs' versions, what the query was, which update it is and what the expectations counted. */
void weiri_refresh_remember(const struct refresh_request *request, const struct refresh_result *result, weir_txn *txn);
