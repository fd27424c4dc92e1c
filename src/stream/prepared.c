/* prepared.c - see prepared.h. A line of JSON, then the files; the line says how long they are. */
#include "stream/prepared.h"
#include "base/log.h"

#define KEY "_weir/prepared.json"
#define BYTES_MAX ((size_t)1 << 30)

static const struct { const char *name; size_t offset; } NUMBERS[] = {
    {"batch", offsetof(struct weir_prepared, batch)},     {"rowsIn", offsetof(struct weir_prepared, rows_in)},   {"rows", offsetof(struct weir_prepared, rows)},
    {"written", offsetof(struct weir_prepared, written)}, {"dropped", offsetof(struct weir_prepared, dropped)}, {"quarantined", offsetof(struct weir_prepared, quarantined)},
    {"kept", offsetof(struct weir_prepared, kept)},
};
#define NUMBER_COUNT (sizeof NUMBERS / sizeof *NUMBERS)

static int64_t *number(struct weir_prepared *prepared, size_t i)
{
    return (int64_t *)(void *)((char *)prepared + NUMBERS[i].offset);
}

weir_rc weir_prepared_write(weir_checkpoint *checkpoint, const struct weir_prepared *prepared, struct weir_error *err)
{
    struct weir_buf text;
    struct weir_jsonw w;
    struct weir_prepared copy = *prepared;
    weir_buf_init(&text, BYTES_MAX);
    weir_jsonw_init(&w, &text);
    weir_jsonw_object(&w);
    weir_jsonw_kv_i64(&w, "weirPrepared", 1);
    for (size_t i = 0; i < NUMBER_COUNT; i++) {
        weir_jsonw_kv_i64(&w, NUMBERS[i].name, *number(&copy, i));
    }
    weir_jsonw_kv(&w, "tableId", prepared->table_id);
    weir_jsonw_kv(&w, "quarantine", prepared->quarantine_path);
    weir_jsonw_kv(&w, "dataQuality", prepared->data_quality);
    weir_jsonw_kv(&w, "columns", prepared->columns);
    weir_jsonw_kv_i64(&w, "bytes", (int64_t)prepared->files.len);
    weir_jsonw_end_object(&w);
    weir_buf_add_char(&text, '\n');
    weir_buf_add_view(&text, prepared->files);
    weir_rc rc = text.overflow ? weir_fail(err, WEIR_TOO_BIG, "CHECKPOINT_WRITE_FAILED", "the files of batch %lld are too many to be remembered; use a smaller maxFilesPerTrigger", (long long)prepared->batch)
                               : weir_store_put(weir_checkpoint_store(checkpoint), KEY, weir_buf_view(&text), err);
    weir_buf_free(&text);
    return rc;
}

static weir_rc damaged(const weir_checkpoint *checkpoint, struct weir_error *err)
{
    weir_error_clear(err);
    return weir_fail(err, WEIR_CORRUPT, "CHECKPOINT_FILE_DAMAGED",
                     "%s/" KEY " is not what was written there; the quarantine may have rows of a batch that its table lacks; restore the file from a copy, or remove it: then the batch is computed again",
                     weir_checkpoint_folder(checkpoint));
}

static weir_rc parse(const weir_checkpoint *checkpoint, struct weir_str text, weir_arena *arena, struct weir_prepared *out, struct weir_error *err)
{
    const char *end = memchr(text.ptr, '\n', text.len);
    const struct weir_json *head = NULL;
    int64_t version = 0, bytes = -1;
    if (!end || weir_json_parse(arena, (struct weir_str){text.ptr, (size_t)(end - text.ptr)}, &head, NULL) != WEIR_OK || !weir_json_i64(weir_json_get(head, "weirPrepared"), &version) || version != 1) {
        return damaged(checkpoint, err);
    }
    for (size_t i = 0; i < NUMBER_COUNT; i++) {
        if (!weir_json_i64(weir_json_get(head, NUMBERS[i].name), number(out, i))) {
            return damaged(checkpoint, err);
        }
    }
    out->table_id = weir_json_string(weir_json_get(head, "tableId"));
    out->quarantine_path = weir_json_string(weir_json_get(head, "quarantine"));
    out->data_quality = weir_json_string(weir_json_get(head, "dataQuality"));
    out->columns = weir_json_string(weir_json_get(head, "columns"));
    out->files = (struct weir_str){end + 1, text.len - (size_t)(end + 1 - text.ptr)};
    if (!out->table_id || !out->quarantine_path || !weir_json_i64(weir_json_get(head, "bytes"), &bytes) || bytes < 0 || (size_t)bytes != out->files.len) {
        return damaged(checkpoint, err);
    }
    return WEIR_OK;
}

weir_rc weir_prepared_read(weir_checkpoint *checkpoint, weir_arena *arena, struct weir_prepared *out, struct weir_error *err)
{
    struct weir_buf text;
    *out = (struct weir_prepared){0};
    weir_buf_init(&text, BYTES_MAX);
    weir_rc rc = weir_store_get(weir_checkpoint_store(checkpoint), KEY, BYTES_MAX, &text, err);
    if (rc == WEIR_OK) {
        rc = parse(checkpoint, (struct weir_str){weir_arena_strndup(arena, text.data ? text.data : "", text.len), text.len}, arena, out, err);
    }
    weir_buf_free(&text);
    return rc;
}

void weir_prepared_forget(weir_checkpoint *checkpoint)
{
    struct weir_error err;
    weir_error_clear(&err);
    if (weir_store_delete(weir_checkpoint_store(checkpoint), KEY, &err) != WEIR_OK) {
        weir_log(WEIR_LOG_WARN, "stream", "%s/" KEY " could not be removed; it is of a batch that is done, and does no harm: %s", weir_checkpoint_folder(checkpoint), err.msg);
    }
}
