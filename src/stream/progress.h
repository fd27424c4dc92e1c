/* progress.h - what a batch did, as Spark's StreamingQueryProgress tells it (spark-streaming.md 5.1). Private to the room. */
#pragma once
#include "base/json.h"

enum weir_phase { WEIR_PHASE_LATEST_OFFSET, WEIR_PHASE_WAL_COMMIT, WEIR_PHASE_GET_BATCH, WEIR_PHASE_QUERY_PLANNING, WEIR_PHASE_ADD_BATCH, WEIR_PHASE_COMMIT_OFFSETS, WEIR_PHASE_COUNT };

struct weir_progress_source {
    const char *description;
    const char *start, *end; /* offset lines; NULL = null */
    int64_t rows;
};
struct weir_progress {
    const char *id, *run_id, *name;       /* name may be NULL */
    int64_t started_us;                   /* wall clock of the trigger */
    int64_t previous_started_us;          /* 0 = this is the first */
    int64_t duration_us;
    int64_t batch;
    int64_t rows;
    int64_t phase_us[WEIR_PHASE_COUNT];
    struct weir_progress_source *sources; size_t source_count;
    const char *sink;
    const char *data_quality;             /* what the expectations counted, as JSON; NULL = there are none */
};
/* One line without newline. */
void weir_progress_print(struct weir_buf *out, const struct weir_progress *progress);
