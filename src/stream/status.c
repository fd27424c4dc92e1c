/* status.c - looking at a checkpoint without running it: what became of each file, and where the query stands. */
#include "stream/stream.h"
#include "base/time.h"
#include "base/uri.h"
#include "stream/filelog.h"
#include "stream/notes.h"
#include <stdio.h>

struct gather {
    weir_arena *arena;
    weir_map *notes;
    int64_t taken_upto;       /* log offset that the newest acknowledged batch reached */
    struct weir_file_state *items;
    size_t count, cap;
};

static const char *path_of(weir_arena *arena, const char *uri)
{
    struct weir_buf path;
    weir_buf_init(&path, 0);
    const char *text = weir_uri_to_path(&path, weir_str(uri)) ? weir_arena_strdup(arena, path.data) : weir_arena_strdup(arena, uri);
    weir_buf_free(&path);
    return text;
}

static weir_rc gather_entry(void *arg, const struct weir_filelog_entry *entry, struct weir_error *err)
{
    (void)err;
    struct gather *gather = arg;
    const struct weir_note_file *note = weir_map_get(gather->notes, weir_str(entry->path));
    bool taken = entry->offset <= gather->taken_upto;
    WEIR_PUSH(gather->items, gather->count, gather->cap) = (struct weir_file_state){
        .path = path_of(gather->arena, entry->path),
        .mtime_ms = entry->timestamp_ms,
        .size = note ? note->size : -1,
        .batch = note ? note->batch : -1,
        .version = note ? note->version : -1,
        .rows = note ? note->rows : -1,
        .bad_rows = note ? note->bad_rows : -1,
        .taken_ms = note ? note->taken_ms : -1,
        .discovered_ms = -1,
        .state = taken ? "taken" : "discovered",
        .why = taken && !note ? "read by another engine, or its note was lost" : NULL,
    };
    return WEIR_OK;
}

/* How far into source i's log the acknowledged batches reach. */
static int64_t taken_upto(weir_checkpoint *checkpoint, size_t source, weir_arena *arena)
{
    struct weir_offsets offsets;
    const struct weir_json *json = NULL;
    int64_t upto = -1;
    int64_t last = weir_checkpoint_last_commit(checkpoint);
    if (last >= 0 && weir_checkpoint_read_offsets(checkpoint, last, arena, &offsets, NULL) == WEIR_OK && source < offsets.count && offsets.lines[source] &&
        weir_json_parse(arena, weir_str(offsets.lines[source]), &json, NULL) == WEIR_OK) {
        if (!weir_json_i64(weir_json_get(json, "logOffset"), &upto)) {
            upto = -1;
        }
    }
    return upto;
}

static weir_rc gather_all(weir_checkpoint *checkpoint, struct gather *gather, struct weir_error *err)
{
    struct weir_store_entry *entries = NULL;
    size_t count = 0;
    const char *progress = NULL;
    WEIR_TRY(weir_notes_read(checkpoint, gather->arena, &gather->notes, &progress, err));
    WEIR_TRY(weir_store_list(weir_checkpoint_store(checkpoint), "sources", NULL, gather->arena, &entries, &count, err));
    for (size_t i = 0; i < count; i++) {
        int64_t index = 0;
        if (!weir_str_to_i64(weir_str(entries[i].name), &index)) {
            continue;
        }
        weir_filelog *log = NULL;
        gather->taken_upto = taken_upto(checkpoint, (size_t)index, gather->arena);
        WEIR_TRY(weir_filelog_open(checkpoint, (int)index, gather_entry, gather, &log, err));
        weir_filelog_close(log);
    }
    return WEIR_OK;
}

weir_rc weir_stream_files(weir_fs *fs, const char *folder, weir_arena *arena, struct weir_file_state **out, size_t *count_out, struct weir_error *err)
{
    weir_checkpoint *checkpoint = NULL;
    *out = NULL;
    *count_out = 0;
    WEIR_TRY(weir_checkpoint_open(fs, folder, false, false, &checkpoint, err));
    struct gather gather = {.arena = arena};
    weir_rc rc = gather_all(checkpoint, &gather, err);
    if (rc == WEIR_OK && gather.count > 0) {
        *out = weir_arena_alloc(arena, gather.count * sizeof **out);
        memcpy(*out, gather.items, gather.count * sizeof **out);
        *count_out = gather.count;
    }
    weir_free(gather.items);
    weir_map_free(gather.notes, NULL);
    weir_checkpoint_close(checkpoint);
    return rc;
}

static weir_rc count_entry(void *arg, const struct weir_filelog_entry *entry, struct weir_error *err)
{
    (void)entry;
    (void)err;
    ++*(int64_t *)arg;
    return WEIR_OK;
}

weir_rc weir_stream_status_read(weir_fs *fs, const char *folder, const char *table_path, weir_arena *arena, struct weir_stream_status *out, struct weir_error *err)
{
    weir_checkpoint *checkpoint = NULL;
    *out = (struct weir_stream_status){.txn_version = -1};
    WEIR_TRY(weir_checkpoint_open(fs, folder, false, false, &checkpoint, err));
    out->id = weir_arena_strdup(arena, weir_checkpoint_id(checkpoint));
    out->last_offset = weir_checkpoint_last_offset(checkpoint);
    out->last_commit = weir_checkpoint_last_commit(checkpoint);
    char *holder = weir_checkpoint_holder(fs, folder);
    out->running = holder != NULL;
    out->holder = holder ? weir_arena_strdup(arena, holder) : NULL;
    weir_free(holder);
    weir_map *notes = NULL;
    weir_rc rc = weir_notes_read(checkpoint, arena, &notes, &out->last_progress, err);
    weir_map_free(notes, NULL);
    struct weir_store_entry *entries = NULL;
    size_t count = 0;
    if (rc == WEIR_OK) {
        rc = weir_store_list(weir_checkpoint_store(checkpoint), "sources", NULL, arena, &entries, &count, err);
    }
    for (size_t i = 0; rc == WEIR_OK && i < count; i++) {
        int64_t index = 0;
        weir_filelog *log = NULL;
        if (weir_str_to_i64(weir_str(entries[i].name), &index)) {
            rc = weir_filelog_open(checkpoint, (int)index, count_entry, &out->files_seen, &log, err);
            weir_filelog_close(log);
        }
    }
    weir_delta *table = weir_delta_open(fs, table_path);
    weir_snapshot *snapshot = NULL;
    if (rc == WEIR_OK && weir_delta_exists(table) && weir_delta_snapshot(table, &snapshot, NULL) == WEIR_OK) {
        (void)weir_snapshot_txn(snapshot, out->id, &out->txn_version);
    }
    weir_snapshot_unref(snapshot);
    weir_delta_close(table);
    weir_checkpoint_close(checkpoint);
    return rc;
}
