/* anew.c - tables that --full-refresh builds from scratch. For each: a new checkpoint folder with the mark `_weir/anew`, then TRUNCATE, then `_weir/begun` takes the mark's
 * place; a folder with neither, and nothing begun in it, is none (tables.c). A run that finds a mark does the rest first, so that a crash never leaves an emptied table with a
 * checkpoint that says its files were read, nor a full one with a checkpoint that says they were not. What reads is marked before what it reads: a new checkpoint over an old table is
 * right, an old one over an emptied table is refused. */
#include "pipeline/run.h"
#include "base/uri.h"
#include "store/store.h"

static weir_rc place(struct run *run, const struct flow *flow, bool fresh, const char **out, struct weir_error *err)
{
    const char *note = NULL;
    return weiri_checkpoint_place(&run->graph, flow, fresh, run->options->adopt, run->graph.arena, out, &note, err);
}

static weir_rc marked(struct run *run, const struct flow *flow, bool *out, struct weir_error *err)
{
    const char *folder = NULL;
    WEIR_TRY(place(run, flow, false, &folder, err));
    char *path = weir_path_join(folder, WEIRI_MARK_ANEW);
    struct weir_file_info info;
    weir_rc rc = weir_fs_stat(weir_engine_fs(run->graph.engine), path, &info, NULL);
    weir_free(path);
    *out = rc == WEIR_OK;
    return rc == WEIR_OK || rc == WEIR_NOT_FOUND ? WEIR_OK : weir_fail(err, rc, "CHECKPOINT_FILE_DAMAGED", "%s/" WEIRI_MARK_ANEW " cannot be looked at; see the folder's permissions", folder);
}

/* The old query must not go on in the table: its rows would come twice. A checkpoint that cannot be read is no reason to stay with it. */
static weir_rc check_idle(struct run *run, const struct flow *flow, const char *folder, struct weir_error *err)
{
    struct weir_stream_status status;
    if (weir_stream_status_read(weir_engine_fs(run->graph.engine), folder, flow->target->location, run->graph.arena, &status, NULL) == WEIR_OK && status.running) {
        return weir_fail(err, WEIR_BUSY, "CHECKPOINT_IN_USE", "the checkpoint %s is in use by %s; stop it before %s is built anew", folder, status.holder, flow->target->full_name);
    }
    return WEIR_OK;
}

static weir_rc mark_flow(struct run *run, const struct flow *flow, struct weir_error *err)
{
    const char *old = NULL, *folder = NULL;
    bool already = false;
    WEIR_TRY(place(run, flow, false, &old, err));
    WEIR_TRY(check_idle(run, flow, old, err));
    WEIR_TRY(marked(run, flow, &already, err));
    if (already) {
        return WEIR_OK;
    }
    WEIR_TRY(place(run, flow, true, &folder, err));
    weir_store *store = weir_store_open_local(weir_engine_fs(run->graph.engine), folder);
    weir_rc rc = weir_store_put(store, WEIRI_MARK_ANEW, WEIR_STR("{}\n"), err);
    weir_store_close(store);
    return rc;
}

static weir_rc unmark_flow(struct run *run, const struct flow *flow, struct weir_error *err)
{
    const char *folder = NULL;
    weir_fs *fs = weir_engine_fs(run->graph.engine);
    WEIR_TRY(place(run, flow, false, &folder, err));
    char *own = weir_path_join(folder, "_weir");
    weir_store *store = weir_store_open_local(fs, folder);
    weir_rc rc = weir_store_put(store, WEIRI_MARK_BEGUN, WEIR_STR("{}\n"), err); /* first: without either sign the folder would count for nothing */
    if (rc == WEIR_OK) {
        rc = weir_store_delete(store, WEIRI_MARK_ANEW, err);
    }
    if (rc == WEIR_OK) {
        rc = weir_fs_sync_dir(fs, own, err); /* a mark that came back after the first batch would empty the table again */
    }
    weir_store_close(store);
    weir_free(own);
    return rc;
}

static weir_rc each_flow(struct run *run, const struct dataset *dataset, weir_rc (*what)(struct run *, const struct flow *, struct weir_error *), struct weir_error *err)
{
    for (size_t f = 0; f < dataset->flow_count; f++) {
        WEIR_TRY(weiri_at_place(err, what(run, dataset->flows[f], err), dataset->file, dataset->pos));
    }
    return WEIR_OK;
}

static bool streams(const struct dataset *dataset)
{
    return dataset->kind == WEIR_DATASET_STREAMING_TABLE && dataset->selected;
}

weir_rc weiri_build_anew(struct run *run, struct weir_error *err)
{
    bool *pending = weir_arena_zalloc(run->graph.arena, (run->graph.count + 1) * sizeof *pending);
    for (size_t i = run->graph.count; i-- > 0;) {
        struct dataset *dataset = run->graph.order[i];
        pending[i] = streams(dataset) && weiri_full_refresh(run->options, dataset);
        for (size_t f = 0; streams(dataset) && !pending[i] && f < dataset->flow_count; f++) {
            WEIR_TRY(weiri_at_place(err, marked(run, dataset->flows[f], &pending[i], err), dataset->file, dataset->pos));
        }
        if (pending[i]) {
            WEIR_TRY(each_flow(run, dataset, mark_flow, err));
        }
    }
    for (size_t i = 0; i < run->graph.count; i++) {
        if (pending[i]) {
            WEIR_TRY(weiri_at_place(err, weiri_table_truncate(&run->graph, run->graph.order[i], err), run->graph.order[i]->file, run->graph.order[i]->pos));
            if (run->graph.order[i]->quarantine) { /* its rows come again with the others */
                WEIR_TRY(weiri_at_place(err, weiri_table_truncate(&run->graph, run->graph.order[i]->quarantine, err), run->graph.order[i]->file, run->graph.order[i]->pos));
            }
        }
    }
    for (size_t i = 0; i < run->graph.count; i++) {
        if (pending[i]) {
            WEIR_TRY(weiri_table_place(&run->graph, run->graph.order[i], err));
            WEIR_TRY(each_flow(run, run->graph.order[i], unmark_flow, err));
        }
    }
    return WEIR_OK;
}
