/* notes.c - see notes.h. _weir/files/N holds a line per file of batch N; N.compact holds those of all batches up to N. */
#include "stream/notes.h"
#include "base/log.h"
#include "base/time.h"
#include "base/uri.h"
#include <stdio.h>

#define JOIN_EVERY 100
#define NOTES_BYTES_MAX ((size_t)2 << 30)

/* --- the sink --- */

weir_rc weir_notes_check_sink(weir_checkpoint *checkpoint, const char *table_id, const char *table_path, struct weir_error *err)
{
    struct weir_buf buf;
    weir_buf_init(&buf, 1 << 20);
    weir_arena *arena = weir_arena_new();
    const struct weir_json *json = NULL;
    weir_rc rc = WEIR_OK;
    if (weir_store_get(weir_checkpoint_store(checkpoint), "_weir/sink.json", 1 << 20, &buf, NULL) == WEIR_OK && weir_json_parse(arena, weir_buf_view(&buf), &json, NULL) == WEIR_OK) {
        const char *id = weir_json_string(weir_json_get(json, "tableId"));
        const char *path = weir_json_string(weir_json_get(json, "path"));
        if (id && strcmp(id, table_id) != 0) {
            rc = weir_fail(err, WEIR_CONFLICT, "SINK_CHANGED",
                           "the checkpoint %s belongs to the table that was at %s; the table at %s is another one, so what the checkpoint says was written is not in it; start with a new "
                           "checkpoint (a project: --full-refresh of the table), or restore the table",
                           weir_checkpoint_folder(checkpoint), path ? path : "?", table_path);
        }
    }
    weir_arena_free(arena);
    weir_buf_free(&buf);
    return rc;
}

weir_rc weir_notes_bind_sink(weir_checkpoint *checkpoint, const char *table_id, const char *table_path, struct weir_error *err)
{
    struct weir_buf buf;
    struct weir_jsonw w;
    struct weir_file_info info;
    if (weir_store_stat(weir_checkpoint_store(checkpoint), "_weir/sink.json", &info, NULL) == WEIR_OK) {
        return WEIR_OK;
    }
    weir_buf_init(&buf, 1 << 20);
    weir_jsonw_init(&w, &buf);
    weir_jsonw_object(&w);
    weir_jsonw_kv(&w, "tableId", table_id);
    weir_jsonw_kv(&w, "path", table_path);
    weir_jsonw_end_object(&w);
    weir_rc rc = weir_store_put(weir_checkpoint_store(checkpoint), "_weir/sink.json", weir_buf_view(&buf), err);
    weir_buf_free(&buf);
    return rc;
}

/* --- files --- */

static void print_file(struct weir_buf *buf, const struct weir_note_file *file)
{
    struct weir_jsonw w;
    weir_jsonw_init(&w, buf);
    weir_jsonw_object(&w);
    weir_jsonw_kv(&w, "path", file->uri);
    weir_jsonw_kv_i64(&w, "size", file->size);
    weir_jsonw_kv_i64(&w, "mtimeMs", file->mtime_ms);
    weir_jsonw_kv_i64(&w, "rows", file->rows);
    weir_jsonw_kv_i64(&w, "badRows", file->bad_rows);
    weir_jsonw_kv_i64(&w, "batch", file->batch);
    weir_jsonw_kv_i64(&w, "version", file->version);
    weir_jsonw_kv_i64(&w, "takenMs", file->taken_ms);
    weir_jsonw_end_object(&w);
    weir_buf_add_char(buf, '\n');
}

static weir_rc each_note(weir_checkpoint *checkpoint, weir_arena *arena, int64_t upto, void (*each)(void *arg, struct weir_str line), void *arg, struct weir_log_ids *ids, struct weir_error *err)
{
    weir_store *store = weir_checkpoint_store(checkpoint);
    WEIR_TRY(weir_log_list(store, "_weir/files", arena, ids, err));
    size_t start = 0;
    for (size_t i = 0; i < ids->count; i++) {
        start = ids->compact[i] ? i : start;
    }
    for (size_t i = start; i < ids->count && ids->ids[i] <= upto; i++) {
        char *key = weir_arena_printf(arena, "_weir/files/%lld%s", (long long)ids->ids[i], ids->compact[i] ? ".compact" : "");
        struct weir_buf buf;
        weir_buf_init(&buf, NOTES_BYTES_MAX);
        weir_rc rc = weir_store_get(store, key, NOTES_BYTES_MAX, &buf, err);
        for (size_t at = 0; rc == WEIR_OK && at < buf.len;) {
            const char *end = memchr(buf.data + at, '\n', buf.len - at);
            size_t stop = end ? (size_t)(end - buf.data) : buf.len;
            each(arg, (struct weir_str){buf.data + at, stop - at});
            at = stop + 1;
        }
        weir_buf_free(&buf);
        WEIR_TRY(rc);
    }
    return WEIR_OK;
}

static void copy_line(void *arg, struct weir_str line)
{
    if (weir_str_starts(line, "{\"path\"")) {
        weir_buf_add_view(arg, line);
        weir_buf_add_char(arg, '\n');
    }
}

static weir_rc write_notes(weir_checkpoint *checkpoint, int64_t batch, struct weir_buf *lines, struct weir_str progress, struct weir_error *err)
{
    weir_store *store = weir_checkpoint_store(checkpoint);
    weir_arena *arena = weir_arena_new();
    bool join = (batch + 1) % JOIN_EVERY == 0;
    struct weir_log_ids ids = {0};
    struct weir_buf all;
    weir_buf_init(&all, NOTES_BYTES_MAX);
    weir_rc rc = join ? each_note(checkpoint, arena, batch, copy_line, &all, &ids, err) : WEIR_OK;
    weir_buf_add_view(&all, weir_buf_view(lines));
    weir_buf_add_view(&all, progress);
    weir_buf_add_char(&all, '\n');
    char *key = weir_arena_printf(arena, "_weir/files/%lld%s", (long long)batch, join ? ".compact" : "");
    if (rc == WEIR_OK) {
        rc = weir_store_mkdirs(store, "_weir/files", err);
    }
    if (rc == WEIR_OK) {
        rc = weir_store_put(store, key, weir_buf_view(&all), err);
    }
    for (size_t i = 0; rc == WEIR_OK && i < ids.count; i++) {
        if (ids.ids[i] < batch) {
            weir_log_remove(store, "_weir/files", weir_arena_printf(arena, "%lld%s", (long long)ids.ids[i], ids.compact[i] ? ".compact" : ""));
        }
    }
    weir_buf_free(&all);
    weir_arena_free(arena);
    return rc;
}

void weir_notes_batch(weir_checkpoint *checkpoint, int64_t batch, int64_t version, const struct weir_note_file *files, size_t count, struct weir_str progress)
{
    struct weir_buf lines;
    struct weir_error err;
    weir_error_clear(&err);
    weir_buf_init(&lines, NOTES_BYTES_MAX);
    for (size_t i = 0; i < count; i++) {
        struct weir_note_file file = files[i];
        file.batch = batch;
        file.version = version;
        print_file(&lines, &file);
    }
    if (write_notes(checkpoint, batch, &lines, progress, &err) != WEIR_OK) {
        weir_log(WEIR_LOG_WARN, "stream", "the rows of batch %lld are safe, but what became of its files could not be noted: %s", (long long)batch, err.msg);
    }
    weir_buf_free(&lines);
}

struct reading {
    weir_arena *arena;
    weir_map *files;
    const char *progress;
};

static void read_line(void *arg, struct weir_str line)
{
    struct reading *reading = arg;
    const struct weir_json *json = NULL;
    if (weir_json_parse(reading->arena, line, &json, NULL) != WEIR_OK) {
        return; /* a torn note is no note */
    }
    const char *path = weir_json_string(weir_json_get(json, "path"));
    if (!path) {
        reading->progress = weir_arena_strndup(reading->arena, line.ptr, line.len);
        return;
    }
    struct weir_note_file *file = weir_arena_zalloc(reading->arena, sizeof *file);
    file->uri = path;
    weir_json_i64(weir_json_get(json, "size"), &file->size);
    weir_json_i64(weir_json_get(json, "mtimeMs"), &file->mtime_ms);
    weir_json_i64(weir_json_get(json, "rows"), &file->rows);
    weir_json_i64(weir_json_get(json, "badRows"), &file->bad_rows);
    weir_json_i64(weir_json_get(json, "batch"), &file->batch);
    weir_json_i64(weir_json_get(json, "version"), &file->version);
    weir_json_i64(weir_json_get(json, "takenMs"), &file->taken_ms);
    weir_map_put(reading->files, weir_str(path), file);
}

weir_rc weir_notes_read(weir_checkpoint *checkpoint, weir_arena *arena, weir_map **files_out, const char **progress_out, struct weir_error *err)
{
    struct reading reading = {arena, weir_map_new(), NULL};
    struct weir_log_ids ids;
    weir_rc rc = each_note(checkpoint, arena, INT64_MAX, read_line, &reading, &ids, err);
    if (rc != WEIR_OK) {
        weir_map_free(reading.files, NULL);
        reading.files = NULL;
    }
    *files_out = reading.files;
    *progress_out = reading.progress;
    return rc;
}
