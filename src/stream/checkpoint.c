/* checkpoint.c - opening a checkpoint and its three kinds of small files. See checkpoint.h. */
#include "stream/checkpoint.h"
#include "base/time.h"
#include "base/uri.h"
#include <stdio.h>
#include <unistd.h>

#define SMALL_FILE_MAX ((size_t)16 << 20)
#define BATCHES_KEPT 100 /* spark.sql.streaming.minBatchesToRetain */

/* What Spark 4.1.1 records of its configuration for every batch, in its order; a stateless query reads none of it back. */
static const char DEFAULT_CONF[] =
    "{\"spark.sql.streaming.stateStore.providerClass\":"
    "\"org.apache.spark.sql.execution.streaming.state.HDFSBackedStateStoreProvider\","
    "\"spark.sql.streaming.stateStore.rocksdb.formatVersion\":\"5\","
    "\"spark.sql.streaming.stateStore.encodingFormat\":\"unsaferow\","
    "\"spark.sql.streaming.statefulOperator.useStrictDistribution\":\"true\","
    "\"spark.sql.streaming.flatMapGroupsWithState.stateFormatVersion\":\"2\","
    "\"spark.sql.streaming.multipleWatermarkPolicy\":\"min\","
    "\"spark.sql.streaming.aggregation.stateFormatVersion\":\"2\","
    "\"spark.sql.shuffle.partitions\":\"200\","
    "\"spark.sql.streaming.join.stateFormatVersion\":\"2\","
    "\"spark.sql.streaming.stateStore.compression.codec\":\"lz4\","
    "\"spark.sql.optimizer.pruneFiltersCanPruneStreamingSubplan\":\"false\"}";

struct weir_checkpoint {
    weir_store *store;
    weir_file *lock; /* NULL: only looking */
    char *folder;
    char id[37];
    int64_t last_offset, last_commit;
};

const char *weir_checkpoint_id(const weir_checkpoint *checkpoint)
{
    return checkpoint->id;
}
weir_store *weir_checkpoint_store(const weir_checkpoint *checkpoint)
{
    return checkpoint->store;
}
const char *weir_checkpoint_folder(const weir_checkpoint *checkpoint)
{
    return checkpoint->folder;
}
int64_t weir_checkpoint_last_offset(const weir_checkpoint *checkpoint)
{
    return checkpoint->last_offset;
}
int64_t weir_checkpoint_last_commit(const weir_checkpoint *checkpoint)
{
    return checkpoint->last_commit;
}

/* --- the lock --- */

static weir_rc read_holder(weir_fs *fs, const char *path, struct weir_buf *out)
{
    return weir_fs_read_all(fs, path, 4096, out, NULL);
}

char *weir_checkpoint_holder(weir_fs *fs, const char *folder)
{
    char *path = weir_path_join(folder, "_weir/lock");
    char *text = NULL;
    weir_file *file = NULL;
    if (weir_fs_exists(fs, path) && weir_file_open(fs, path, WEIR_OPEN_READ, &file, NULL) == WEIR_OK) {
        if (weir_file_lock(file, NULL) == WEIR_BUSY) {
            struct weir_buf buf;
            weir_buf_init(&buf, 4096);
            text = read_holder(fs, path, &buf) == WEIR_OK ? weir_buf_take(&buf) : weir_strdup("another process");
            weir_buf_free(&buf);
        }
        weir_file_discard(file);
    }
    weir_free(path);
    return text;
}

/* The lock is the kernel's, so it goes with the process; the text in the file only tells a person who it is. */
static weir_rc take_lock(weir_checkpoint *checkpoint, struct weir_error *err)
{
    weir_fs *fs = weir_store_fs(checkpoint->store);
    char *path = weir_path_join(checkpoint->folder, "_weir/lock");
    weir_rc rc = weir_store_mkdirs(checkpoint->store, "_weir", err);
    if (rc == WEIR_OK) {
        rc = weir_file_open(fs, path, WEIR_OPEN_WRITE | WEIR_OPEN_CREATE, &checkpoint->lock, err);
    }
    if (rc == WEIR_OK) {
        rc = weir_file_lock(checkpoint->lock, err);
        if (rc == WEIR_BUSY) {
            char *holder = weir_checkpoint_holder(fs, checkpoint->folder);
            weir_error_clear(err);
            rc = weir_fail(err, WEIR_BUSY, "CHECKPOINT_IN_USE", "the checkpoint %s is in use by %s; one query runs at a time; stop the other or wait for it",
                           checkpoint->folder, holder ? holder : "another process");
            weir_free(holder);
        }
    }
    if (rc == WEIR_OK) {
        char when[48];
        weir_timestamp_ms_text(weir_now_us(), "Z", when);
        char *text = weir_asprintf("process %ld since %s", (long)getpid(), when);
        rc = weir_file_truncate(checkpoint->lock, 0, err);
        if (rc == WEIR_OK) {
            rc = weir_file_write(checkpoint->lock, text, strlen(text), 0, err);
        }
        weir_free(text);
    }
    weir_free(path);
    return rc;
}

/* --- metadata --- */

static weir_rc read_metadata(weir_checkpoint *checkpoint, struct weir_error *err)
{
    struct weir_buf buf;
    weir_buf_init(&buf, SMALL_FILE_MAX);
    weir_arena *arena = weir_arena_new();
    const struct weir_json *json = NULL;
    struct weir_error why;
    weir_error_clear(&why);
    weir_rc rc = weir_store_get(checkpoint->store, "metadata", SMALL_FILE_MAX, &buf, err);
    if (rc == WEIR_OK) {
        const char *id = NULL;
        if (weir_json_parse(arena, weir_buf_view(&buf), &json, &why) == WEIR_OK) {
            id = weir_json_string(weir_json_get(json, "id"));
        }
        if (!id || !weir_uuid_valid(weir_str(id))) {
            rc = weir_fail(err, WEIR_CORRUPT, "CHECKPOINT_METADATA_DAMAGED",
                           "%s/metadata does not hold {\"id\":\"<uuid>\"}; the query's identity is lost with it; restore the file from a copy (the id stands in the "
                           "table's newest txn action), or start with another checkpoint folder",
                           checkpoint->folder);
        } else {
            memcpy(checkpoint->id, id, 36);
            checkpoint->id[36] = 0;
        }
    }
    weir_arena_free(arena);
    weir_buf_free(&buf);
    return rc;
}

static weir_rc begin_metadata(weir_checkpoint *checkpoint, struct weir_error *err)
{
    struct weir_uuid id = weir_uuid_new();
    char *text = weir_asprintf("{\"id\":\"%s\"}", id.text);
    memcpy(checkpoint->id, id.text, sizeof checkpoint->id);
    weir_rc rc = weir_log_put(checkpoint->store, ".", "metadata", weir_str(text), err);
    weir_free(text);
    return rc;
}

/* --- opening --- */

static weir_rc newest(weir_checkpoint *checkpoint, const char *folder, weir_arena *arena, int64_t *out, struct weir_error *err)
{
    struct weir_log_ids ids;
    WEIR_TRY(weir_log_list(checkpoint->store, folder, arena, &ids, err));
    *out = ids.count ? ids.ids[ids.count - 1] : -1;
    return WEIR_OK;
}

static weir_rc is_empty(weir_checkpoint *checkpoint, const char *folder, weir_arena *arena, bool *out, struct weir_error *err)
{
    struct weir_store_entry *entries = NULL;
    size_t count = 0;
    WEIR_TRY(weir_store_list(checkpoint->store, folder, NULL, arena, &entries, &count, err));
    *out = true;
    for (size_t i = 0; i < count; i++) {
        struct weir_str name = weir_str(entries[i].name);
        if (!weir_str_ends(name, ".crc") && !weir_str_ends(name, ".tmp")) {
            *out = false;
        }
    }
    return WEIR_OK;
}

static weir_rc examine(weir_checkpoint *checkpoint, bool create, weir_arena *arena, struct weir_error *err)
{
    bool no_state = true, no_sources = true;
    WEIR_TRY(is_empty(checkpoint, "state", arena, &no_state, err));
    if (!no_state) {
        return weir_fail(err, WEIR_UNSUPPORTED, "CHECKPOINT_STATEFUL",
                         "%s/state holds operator state (an aggregation, a join or a deduplication over the stream); weir continues stateless queries only; nothing "
                         "was changed; go on with this query in Spark",
                         checkpoint->folder);
    }
    WEIR_TRY(newest(checkpoint, "offsets", arena, &checkpoint->last_offset, err));
    WEIR_TRY(newest(checkpoint, "commits", arena, &checkpoint->last_commit, err));
    WEIR_TRY(is_empty(checkpoint, "sources", arena, &no_sources, err));
    struct weir_file_info info;
    weir_rc rc = weir_store_stat(checkpoint->store, "metadata", &info, err);
    if (rc != WEIR_OK && rc != WEIR_NOT_FOUND) {
        return rc;
    }
    if (rc == WEIR_NOT_FOUND) {
        weir_error_clear(err);
        if (checkpoint->last_offset >= 0 || checkpoint->last_commit >= 0 || !no_sources) {
            return weir_fail(err, WEIR_CORRUPT, "CHECKPOINT_METADATA_LOST",
                             "%s has batches but no metadata file; with a new identity the last batch's rows could be written twice; restore metadata from a copy (its "
                             "id is the appId of the table's newest txn action)",
                             checkpoint->folder);
        }
        if (!create) {
            return weir_fail(err, WEIR_NOT_FOUND, "CHECKPOINT_NOT_FOUND", "%s is not a checkpoint: it has no metadata file", checkpoint->folder);
        }
        checkpoint->id[0] = 0;
    } else {
        WEIR_TRY(read_metadata(checkpoint, err));
    }
    if (checkpoint->last_commit > checkpoint->last_offset) {
        return weir_fail(err, WEIR_CORRUPT, "CHECKPOINT_OFFSETS_LOST",
                         "%s/commits/%lld is there but offsets/%lld is not; which files that batch took cannot be told; restore offsets/ from a copy", checkpoint->folder,
                         (long long)checkpoint->last_commit, (long long)checkpoint->last_commit);
    }
    return WEIR_OK;
}

weir_rc weir_checkpoint_open(weir_fs *fs, const char *folder, bool create, bool lock, weir_checkpoint **out, struct weir_error *err)
{
    *out = NULL;
    weir_checkpoint *checkpoint = weir_calloc(1, sizeof *checkpoint);
    checkpoint->folder = weir_path_absolute(NULL, folder);
    checkpoint->store = weir_store_open_local(fs, checkpoint->folder);
    weir_arena *arena = weir_arena_new();
    /* Looked at before the lock is taken, so that a refusal leaves the folder as it was; and again under the lock, since it may have moved on. */
    weir_rc rc = examine(checkpoint, create, arena, err);
    if (rc == WEIR_OK && lock) {
        rc = take_lock(checkpoint, err);
        if (rc == WEIR_OK) {
            rc = examine(checkpoint, create, arena, err);
        }
        if (rc == WEIR_OK && checkpoint->id[0] == 0) {
            rc = begin_metadata(checkpoint, err);
        }
    }
    weir_arena_free(arena);
    if (rc != WEIR_OK) {
        weir_checkpoint_close(checkpoint);
        return rc;
    }
    *out = checkpoint;
    return WEIR_OK;
}

void weir_checkpoint_close(weir_checkpoint *checkpoint)
{
    if (!checkpoint) {
        return;
    }
    if (checkpoint->lock) {
        weir_file_discard(checkpoint->lock);
    }
    weir_store_close(checkpoint->store);
    weir_free(checkpoint->folder);
    weir_free(checkpoint);
}

/* --- offsets --- */

static weir_rc malformed(const weir_checkpoint *checkpoint, const char *key, const char *why, struct weir_error *err)
{
    return weir_fail(err, WEIR_CORRUPT, "CHECKPOINT_FILE_DAMAGED", "%s/%s: %s; restore the file from a copy: without it, which files its batch took cannot be told",
                     checkpoint->folder, key, why);
}

/* Split at '\n' (a '\r' before it goes too); a final newline ends the last line and begins none. */
static size_t split_lines(weir_arena *arena, struct weir_str text, char ***lines_out)
{
    size_t count = 0, cap = 1;
    for (size_t i = 0; i < text.len; i++) {
        cap += text.ptr[i] == '\n';
    }
    char **lines = weir_arena_alloc(arena, cap * sizeof *lines);
    size_t begin = 0;
    while (begin < text.len) {
        const char *end = memchr(text.ptr + begin, '\n', text.len - begin);
        size_t stop = end ? (size_t)(end - text.ptr) : text.len;
        size_t len = stop - begin;
        if (len > 0 && text.ptr[begin + len - 1] == '\r') {
            len--;
        }
        lines[count++] = weir_arena_strndup(arena, text.ptr + begin, len);
        begin = stop + 1;
    }
    *lines_out = lines;
    return count;
}

/* Version 2 (Spark 4.2) names each source: "0:{...}"; the order is the order of the numbers as written. */
static const char *strip_source_id(const char *line)
{
    const char *p = line;
    while (*p >= '0' && *p <= '9') {
        p++;
    }
    return p > line && *p == ':' ? p + 1 : line;
}

weir_rc weir_checkpoint_read_offsets(weir_checkpoint *checkpoint, int64_t batch, weir_arena *arena, struct weir_offsets *out, struct weir_error *err)
{
    *out = (struct weir_offsets){0};
    char *key = weir_arena_printf(arena, "offsets/%lld", (long long)batch);
    struct weir_buf buf;
    weir_buf_init(&buf, SMALL_FILE_MAX);
    weir_rc rc = weir_store_get(checkpoint->store, key, SMALL_FILE_MAX, &buf, err);
    char **lines = NULL;
    size_t count = rc == WEIR_OK ? split_lines(arena, weir_buf_view(&buf), &lines) : 0;
    weir_buf_free(&buf);
    if (rc != WEIR_OK) {
        return rc;
    }
    if (count < 2) {
        return malformed(checkpoint, key, "the file is not whole (version line and metadata line are needed)", err);
    }
    bool v2 = strcmp(lines[0], "v2") == 0;
    if (!v2 && strcmp(lines[0], "v1") != 0) {
        return malformed(checkpoint, key, "the first line is not the version v1", err);
    }
    const struct weir_json *json = NULL;
    struct weir_error why;
    weir_error_clear(&why);
    struct weir_str head = weir_str_trim(weir_str(lines[1]));
    if (weir_json_parse(arena, head, &json, &why) != WEIR_OK || json->kind != WEIR_JSON_OBJECT) {
        return malformed(checkpoint, key, "the second line is not a JSON object", err);
    }
    weir_json_i64(weir_json_get(json, "batchWatermarkMs"), &out->watermark_ms);
    weir_json_i64(weir_json_get(json, "batchTimestampMs"), &out->timestamp_ms);
    const struct weir_json *conf = weir_json_get(json, "conf");
    out->conf = conf && conf->kind == WEIR_JSON_OBJECT ? weir_arena_strndup(arena, conf->raw.ptr, conf->raw.len) : "{}";
    const char **offsets = weir_arena_alloc(arena, count * sizeof *offsets);
    for (size_t i = 2; i < count; i++) {
        const char *line = v2 ? strip_source_id(lines[i]) : lines[i];
        offsets[i - 2] = strcmp(line, "-") == 0 ? NULL : line;
    }
    out->lines = offsets;
    out->count = count - 2;
    return WEIR_OK;
}

weir_rc weir_checkpoint_write_offsets(weir_checkpoint *checkpoint, int64_t batch, const struct weir_offsets *offsets, struct weir_error *err)
{
    WEIR_ASSERT(batch == checkpoint->last_offset + 1);
    struct weir_buf buf;
    weir_buf_init(&buf, SMALL_FILE_MAX);
    weir_buf_printf(&buf, "v1\n{\"batchWatermarkMs\":%lld,\"batchTimestampMs\":%lld,\"conf\":%s}", (long long)offsets->watermark_ms, (long long)offsets->timestamp_ms,
                    offsets->conf ? offsets->conf : DEFAULT_CONF);
    for (size_t i = 0; i < offsets->count; i++) {
        weir_buf_printf(&buf, "\n%s", offsets->lines[i] ? offsets->lines[i] : "-");
    }
    char name[32];
    snprintf(name, sizeof name, "%lld", (long long)batch);
    weir_rc rc = weir_log_put(checkpoint->store, "offsets", name, weir_buf_view(&buf), err);
    weir_buf_free(&buf);
    if (rc == WEIR_OK) {
        checkpoint->last_offset = batch;
    }
    return rc;
}

weir_rc weir_checkpoint_write_commit(weir_checkpoint *checkpoint, int64_t batch, struct weir_error *err)
{
    WEIR_ASSERT(batch == checkpoint->last_offset && batch > checkpoint->last_commit);
    char name[32];
    snprintf(name, sizeof name, "%lld", (long long)batch);
    WEIR_TRY(weir_log_put(checkpoint->store, "commits", name, WEIR_STR("v1\n{\"nextBatchWatermarkMs\":0}"), err));
    checkpoint->last_commit = batch;
    return WEIR_OK;
}

static void purge_folder(weir_checkpoint *checkpoint, const char *folder, int64_t below, weir_arena *arena)
{
    struct weir_log_ids ids;
    if (weir_log_list(checkpoint->store, folder, arena, &ids, NULL) != WEIR_OK) {
        return;
    }
    for (size_t i = 0; i < ids.count && ids.ids[i] < below; i++) {
        char name[32];
        snprintf(name, sizeof name, "%lld", (long long)ids.ids[i]);
        weir_log_remove(checkpoint->store, folder, name);
    }
}

void weir_checkpoint_purge(weir_checkpoint *checkpoint, int64_t batch)
{
    if (batch <= BATCHES_KEPT) {
        return;
    }
    weir_arena *arena = weir_arena_new();
    purge_folder(checkpoint, "offsets", batch - BATCHES_KEPT, arena);
    purge_folder(checkpoint, "commits", batch - BATCHES_KEPT, arena);
    weir_arena_free(arena);
}
