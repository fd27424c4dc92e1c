/* progress.c - see progress.h. Maps print in order of key, as Spark's do. */
#include "stream/progress.h"
#include "base/time.h"
#include <stdio.h>

static const struct {
    const char *name;
    enum weir_phase phase;
} PHASES[] = {
    {"addBatch", WEIR_PHASE_ADD_BATCH},           {"commitOffsets", WEIR_PHASE_COMMIT_OFFSETS}, {"getBatch", WEIR_PHASE_GET_BATCH},
    {"latestOffset", WEIR_PHASE_LATEST_OFFSET},   {"queryPlanning", WEIR_PHASE_QUERY_PLANNING},
};

/* Rates in one decimal beyond 4, in full below: as Spark rounds them. */
static void print_rate(struct weir_jsonw *w, const char *key, double rate)
{
    weir_jsonw_key(w, key);
    if (rate > 4.0) {
        rate = (double)(int64_t)(rate * 10.0 + 0.5) / 10.0;
    }
    char text[40];
    size_t len = weir_f64_java(rate, text);
    weir_jsonw_raw(w, (struct weir_str){text, len});
}

static void print_rates(struct weir_jsonw *w, const struct weir_progress *p, int64_t rows)
{
    int64_t between_us = p->previous_started_us ? p->started_us - p->previous_started_us : 0;
    print_rate(w, "inputRowsPerSecond", between_us > 0 ? (double)rows * 1e6 / (double)between_us : 0.0);
    int64_t took_us = p->duration_us > 1000 ? p->duration_us : 1000;
    print_rate(w, "processedRowsPerSecond", (double)rows * 1e6 / (double)took_us);
}

static void print_offset(struct weir_jsonw *w, const char *key, const char *line)
{
    weir_jsonw_key(w, key);
    if (line) {
        weir_jsonw_raw(w, weir_str_trim(weir_str(line)));
    } else {
        weir_jsonw_null(w);
    }
}

void weir_progress_print(struct weir_buf *out, const struct weir_progress *p)
{
    struct weir_jsonw w;
    char when[48];
    weir_timestamp_ms_text(p->started_us, "Z", when);
    weir_jsonw_init(&w, out);
    weir_jsonw_object(&w);
    weir_jsonw_kv(&w, "id", p->id);
    weir_jsonw_kv(&w, "runId", p->run_id);
    weir_jsonw_kv(&w, "name", p->name);
    weir_jsonw_kv(&w, "timestamp", when);
    weir_jsonw_kv_i64(&w, "batchId", p->batch);
    weir_jsonw_kv_i64(&w, "batchDuration", p->duration_us / 1000);
    weir_jsonw_kv_i64(&w, "numInputRows", p->rows);
    print_rates(&w, p, p->rows);
    weir_jsonw_key(&w, "durationMs");
    weir_jsonw_object(&w);
    for (size_t i = 0; i < sizeof PHASES / sizeof *PHASES; i++) {
        weir_jsonw_kv_i64(&w, PHASES[i].name, p->phase_us[PHASES[i].phase] / 1000);
    }
    weir_jsonw_kv_i64(&w, "triggerExecution", p->duration_us / 1000);
    weir_jsonw_kv_i64(&w, "walCommit", p->phase_us[WEIR_PHASE_WAL_COMMIT] / 1000);
    weir_jsonw_end_object(&w);
    weir_jsonw_key(&w, "stateOperators");
    weir_jsonw_array(&w);
    weir_jsonw_end_array(&w);
    weir_jsonw_key(&w, "sources");
    weir_jsonw_array(&w);
    for (size_t i = 0; i < p->source_count; i++) {
        const struct weir_progress_source *source = &p->sources[i];
        weir_jsonw_object(&w);
        weir_jsonw_kv(&w, "description", source->description);
        print_offset(&w, "startOffset", source->start);
        print_offset(&w, "endOffset", source->end);
        print_offset(&w, "latestOffset", NULL);
        weir_jsonw_kv_i64(&w, "numInputRows", source->rows);
        print_rates(&w, p, source->rows);
        weir_jsonw_end_object(&w);
    }
    weir_jsonw_end_array(&w);
    weir_jsonw_key(&w, "sink");
    weir_jsonw_object(&w);
    weir_jsonw_kv(&w, "description", p->sink);
    weir_jsonw_kv_i64(&w, "numOutputRows", -1);
    weir_jsonw_end_object(&w);
    if (p->data_quality) {
        weir_jsonw_key(&w, "data_quality");
        weir_jsonw_raw(&w, weir_str(p->data_quality));
    }
    weir_jsonw_end_object(&w);
}
