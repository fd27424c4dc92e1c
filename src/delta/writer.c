/* writer.c - rows of batches into data files, by partition (see writer.h).
 *
 * Files are called part-<number>-<uuid>-c000.<codec>.parquet, below the hive folders of their partition values (partition.c). At most open_partitions_max files are open at once; the one that was used longest ago is finished when another is needed. Row
 * groups of many open files share one budget of memory. */
#include "delta/writer_internal.h"

#include "base/uri.h"

#define FILE_BYTES ((int64_t)512 << 20)
#define OPEN_PARTITIONS 64
#define BATCH_SLICE 65536
#define GROUP_BYTES ((size_t)128 << 20) /* all open row groups together */

/* --- setting up --- */

static void set_codec(weir_delta_writer *writer, const weir_options *configuration, enum weir_codec_id wanted)
{
    const char *name = configuration ? weir_options_get(configuration, "delta.parquet.compression.codec") : NULL;
    writer->codec = wanted == WEIR_CODEC_NONE ? WEIR_CODEC_SNAPPY : wanted;
    if (name && weir_str_eq_nocase(weir_str(name), WEIR_STR("uncompressed"))) {
        writer->codec = WEIR_CODEC_NONE;
    } else if (name) {
        enum weir_codec_id found;
        if (weir_codec_find(name, &found) && weir_codec_can_compress(found)) {
            writer->codec = found;
        }
    }
}

/* The columns that are stored: all but the partition columns, all nullable (NOT NULL is checked here, with a better message). */
static void set_columns(weir_delta_writer *writer)
{
    size_t count = writer->schema->field_count;
    writer->file_columns = weir_arena_zalloc(writer->arena, (count + 1) * sizeof *writer->file_columns);
    writer->file_schema = weir_schema_new(writer->arena, count - writer->partition_count);
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        bool partition = false;
        for (size_t k = 0; k < writer->partition_count; k++) {
            partition = partition || writer->partition_columns[k] == i;
        }
        if (!partition) {
            writer->file_columns[n] = i;
            writer->file_schema->fields[n] = writer->schema->fields[i];
            writer->file_schema->fields[n++].nullable = true;
        }
    }
}

weir_rc weir_delta_writer_new(weir_delta *table, const weir_schema *schema, const char *const *partition_columns, size_t partition_count,
                              const weir_options *configuration, const struct weir_delta_writer_options *options, weir_delta_writer **out,
                              struct weir_error *err)
{
    static const struct weir_delta_writer_options defaults = {.codec = WEIR_CODEC_SNAPPY};
    *out = NULL;
    WEIR_TRY(weiri_check_schema(schema, partition_columns, partition_count, err));
    options = options ? options : &defaults;
    weir_delta_writer *writer = weir_calloc(1, sizeof *writer);
    writer->table = table;
    writer->arena = weir_arena_new();
    writer->schema = weir_schema_copy(writer->arena, schema);
    writer->partition_count = partition_count;
    writer->partition_columns = weir_arena_zalloc(writer->arena, (partition_count + 1) * sizeof *writer->partition_columns);
    writer->partition_names = weir_arena_zalloc(writer->arena, (partition_count + 1) * sizeof *writer->partition_names);
    for (size_t i = 0; i < partition_count; i++) {
        writer->partition_columns[i] = (size_t)weir_schema_find(schema, weir_str(partition_columns[i]));
        writer->partition_names[i] = weir_arena_strdup(writer->arena, partition_columns[i]);
    }
    set_columns(writer);
    set_codec(writer, configuration, options->codec);
    weiri_stats_plan_init(&writer->plan, writer->arena, writer->file_schema, configuration);
    writer->file_bytes_max = options->file_bytes_max > 0 ? options->file_bytes_max : FILE_BYTES;
    writer->open_max = options->open_partitions_max > 0 ? options->open_partitions_max : OPEN_PARTITIONS;
    writer->open = weir_map_new();
    pthread_mutex_init(&writer->lock, NULL);
    *out = writer;
    return WEIR_OK;
}

int64_t weir_delta_writer_rows(const weir_delta_writer *writer)
{
    int64_t rows = writer->rows;
    for (size_t i = 0; i < writer->text_count; i++) {
        rows += writer->text_files[i] ? weir_parquet_rows(writer->text_files[i]->file) : 0;
    }
    return rows;
}

/* --- files --- */

static const char *extension(enum weir_codec_id codec)
{
    switch (codec) {
    case WEIR_CODEC_ZSTD:
        return ".zstd";
    case WEIR_CODEC_GZIP:
        return ".gz";
    case WEIR_CODEC_SNAPPY:
        return ".snappy";
    case WEIR_CODEC_LZ4_RAW:
        return ".lz4raw";
    default:
        return "";
    }
}

static char *file_name(const weir_delta_writer *writer, const struct weir_partition_value *values, int64_t order, const char *uuid)
{
    const struct weir_field **fields = weir_calloc(writer->partition_count + 1, sizeof *fields);
    struct weir_buf name;
    weir_buf_init(&name, 0);
    for (size_t i = 0; i < writer->partition_count; i++) {
        fields[i] = &writer->schema->fields[writer->partition_columns[i]];
    }
    weiri_partition_folder(values, fields, writer->partition_count, &name);
    weir_buf_printf(&name, "part-%05lld-%s%sc000%s.parquet", (long long)order, uuid, writer->partition_count ? "." : "-", extension(writer->codec));
    weir_free(fields);
    return weir_buf_take(&name);
}

weir_rc weiri_writer_open_file(weir_delta_writer *writer, const struct weir_partition_value *values, struct weiri_open_file **out, struct weir_error *err)
{
    struct weiri_open_file *file = weir_calloc(1, sizeof *file);
    struct weir_uuid uuid = weir_uuid_new();
    size_t budget = GROUP_BYTES / (writer->partition_count ? 4 : 1);
    const struct weir_parquet_options options = {.codec = writer->codec, .rowgroup_bytes_max = budget};
    file->order = writer->opened++;
    file->name = file_name(writer, values, file->order, uuid.text);
    *out = NULL;
    weir_rc rc = weir_parquet_create(writer->table->store, file->name, writer->file_schema, &options, &file->file, err);
    if (rc != WEIR_OK) {
        weir_free(file->name);
        weir_free(file);
        return rc;
    }
    file->nulls = weir_calloc(writer->plan.column_count + 1, sizeof *file->nulls);
    file->values = weir_calloc(writer->partition_count + 1, sizeof *file->values);
    for (size_t i = 0; i < writer->partition_count; i++) {
        file->values[i].name = writer->partition_names[i];
        file->values[i].value = values[i].value ? weir_arena_strdup(writer->arena, values[i].value) : NULL;
    }
    *out = file;
    return WEIR_OK;
}

static void free_file(struct weiri_open_file *file)
{
    weir_rowgroup_free(file->group);
    weir_parquet_sinks_free(file->sinks);
    weir_free(file->name);
    weir_free(file->values);
    weir_free(file->nulls);
    weir_free(file);
}

void weiri_writer_drop_file(weir_delta_writer *writer, struct weiri_open_file *file)
{
    (void)writer;
    weir_rowgroup_free(file->group);
    file->group = NULL;
    weir_parquet_abort(file->file);
    free_file(file);
}

weir_rc weiri_not_null_violated(const char *column, struct weir_error *err)
{
    return weir_fail(err, WEIR_INVALID, "NOT_NULL_VIOLATED", "a NULL came for column `%s`, which is NOT NULL; nothing was written; correct the row or allow NULL in the column", column);
}

/* Text came unchecked: what it counted tells. */
static weir_rc check_counts(const weir_delta_writer *writer, const struct weiri_open_file *file, struct weir_error *err)
{
    for (size_t i = 0; file->sinks && i < writer->file_schema->field_count; i++) {
        const struct weir_field *field = &writer->schema->fields[writer->file_columns[i]];
        if (!field->nullable && weir_parquet_stats(file->file, i)->null_count > 0) {
            return weiri_not_null_violated(field->name, err);
        }
    }
    return WEIR_OK;
}

static weir_rc append_group(struct weiri_open_file *file, struct weir_error *err)
{
    weir_rowgroup *group = file->group;
    file->group = NULL;
    return group ? weir_parquet_append(file->file, group, err) : WEIR_OK;
}

static void note_done(weir_delta_writer *writer, const struct weiri_open_file *file, const char *stats, int64_t size, int64_t mtime_ms)
{
    struct weir_partition_value *values = weir_arena_zalloc(writer->arena, (writer->partition_count + 1) * sizeof *values);
    for (size_t i = 0; i < writer->partition_count; i++) {
        values[i] = file->values[i];
    }
    struct weir_buf path;
    weir_buf_init(&path, 0);
    weir_uri_encode_delta(&path, weir_str(file->name));
    WEIR_PUSH(writer->done_names, writer->done_name_count, writer->done_name_cap) = weir_arena_strdup(writer->arena, file->name);
    struct weir_add add = {.path = weir_arena_strdup(writer->arena, path.data), .partition_values = values, .partition_count = writer->partition_count, .size = size,
                           .modification_time_ms = mtime_ms, .data_change = true, .stats = stats};
    weir_buf_free(&path);
    WEIR_PUSH(writer->done, writer->done_count, writer->done_cap) = add;
}

weir_rc weiri_writer_close_file(weir_delta_writer *writer, struct weiri_open_file *file, struct weir_error *err)
{
    struct weir_buf stats;
    int64_t size = 0;
    int64_t mtime_ms = 0;
    weir_rc rc = append_group(file, err);
    if (rc == WEIR_OK) {
        rc = check_counts(writer, file, err);
    }
    int64_t rows = rc == WEIR_OK ? weir_parquet_rows(file->file) : 0;
    if (rc != WEIR_OK || rows == 0) {
        weiri_writer_drop_file(writer, file); /* a file without rows is no file */
        return rc;
    }
    weir_buf_init(&stats, 0);
    weiri_stats_json(&writer->plan, file->file, file->nulls, &stats);
    const char *text = weir_arena_strndup(writer->arena, stats.data, stats.len);
    weir_buf_free(&stats);
    rc = weir_parquet_finish(file->file, &size, &mtime_ms, err);
    note_done(writer, file, text, size, mtime_ms); /* also after an error, so that abort removes it */
    writer->rows += file->sinks ? rows : 0; /* those of batches were counted when they came */
    free_file(file);
    return rc;
}

/* --- rows --- */

/* A NULL among rows first.. of a child, where the struct itself is there? `first` counts in the struct's rows. */
static bool any_null(const struct ArrowArray *array, const struct ArrowArray *parent, int64_t first, int64_t rows)
{
    if (array->null_count == 0) {
        return false;
    }
    for (int64_t i = first; i < first + rows; i++) {
        if (weir_arrow_is_null(array, i + parent->offset) && !weir_arrow_is_null(parent, i)) {
            return true;
        }
    }
    return false;
}

static weir_rc check_struct(const struct weir_type *type, const struct ArrowArray *array, int64_t first, int64_t rows, struct weir_error *err)
{
    for (size_t i = 0; i < type->field_count; i++) {
        const struct weir_field *field = &type->fields[i];
        if (!field->nullable && any_null(array->children[i], array, first, rows)) {
            return weiri_not_null_violated(field->name, err);
        }
        if (field->type.id == WEIR_TYPE_STRUCT) {
            WEIR_TRY(check_struct(&field->type, array->children[i], first + array->offset, rows, err));
        }
    }
    return WEIR_OK;
}

weir_rc weiri_check_not_null(const weir_schema *schema, const struct weir_batch *batch, struct weir_error *err)
{
    return check_struct(schema, &batch->array, 0, weir_batch_rows(batch), err);
}

static weir_rc append_rows(weir_delta_writer *writer, struct weiri_open_file *file, const struct weir_batch *rows, struct weir_error *err)
{
    int64_t count = weir_batch_rows(rows);
    for (int64_t first = 0; first < count; first += BATCH_SLICE) {
        int64_t slice = count - first < BATCH_SLICE ? count - first : BATCH_SLICE;
        if (!file->group) {
            file->group = weir_rowgroup_new(file->file, NULL);
        }
        WEIR_TRY(weir_rowgroup_add_batch(file->group, rows, first, slice, err));
        weiri_stats_count(&writer->plan, rows, first, slice, file->nulls);
        if (weir_rowgroup_full(file->group)) {
            WEIR_TRY(append_group(file, err));
        }
    }
    return WEIR_OK;
}

/* Keep within the memory of all open row groups: the largest goes out first. */
static weir_rc keep_budget(weir_delta_writer *writer, struct weir_error *err)
{
    for (;;) {
        struct weiri_open_file *largest = NULL;
        size_t total = 0;
        size_t most = 0;
        struct weir_str key;
        void *value = NULL;
        for (size_t i = 0; weir_map_at(writer->open, &i, &key, &value);) {
            struct weiri_open_file *file = value;
            size_t bytes = file->group ? weir_rowgroup_bytes(file->group) : 0;
            total += bytes;
            if (bytes > most) {
                most = bytes;
                largest = file;
            }
        }
        if (total <= GROUP_BYTES || !largest) {
            return WEIR_OK;
        }
        WEIR_TRY(append_group(largest, err));
    }
}

static weir_rc close_oldest(weir_delta_writer *writer, struct weir_error *err)
{
    struct weiri_open_file *oldest = NULL;
    struct weir_str oldest_key = {0};
    struct weir_str key;
    void *value = NULL;
    for (size_t i = 0; weir_map_at(writer->open, &i, &key, &value);) {
        struct weiri_open_file *file = value;
        if (!oldest || file->last_used < oldest->last_used) {
            oldest = file;
            oldest_key = key;
        }
    }
    WEIR_ASSERT(oldest);
    weir_map_remove(writer->open, oldest_key);
    return weiri_writer_close_file(writer, oldest, err);
}

/* The open file of these partition values. */
static weir_rc file_for(weir_delta_writer *writer, struct weir_str key, const struct weir_partition_value *values, struct weiri_open_file **out, struct weir_error *err)
{
    struct weiri_open_file *file = weir_map_get(writer->open, key);
    if (file && weir_parquet_size(file->file) >= writer->file_bytes_max) {
        weir_map_remove(writer->open, key);
        WEIR_TRY(weiri_writer_close_file(writer, file, err));
        file = NULL;
    }
    if (!file) {
        if (weir_map_count(writer->open) >= writer->open_max) {
            WEIR_TRY(close_oldest(writer, err));
        }
        WEIR_TRY(weiri_writer_open_file(writer, values, &file, err));
        weir_map_put(writer->open, key, file);
    }
    file->last_used = ++writer->used;
    *out = file;
    return WEIR_OK;
}

/* The batch without its partition columns; borrowed from it, `children` is the caller's. */
static struct weir_batch stored_columns(const weir_delta_writer *writer, const struct weir_batch *batch, struct ArrowArray **children)
{
    struct weir_batch view = {.schema = writer->file_schema, .array = batch->array};
    for (size_t i = 0; i < writer->file_schema->field_count; i++) {
        children[i] = batch->array.children[writer->file_columns[i]];
    }
    view.array.children = children;
    view.array.n_children = (int64_t)writer->file_schema->field_count;
    view.array.release = NULL;
    return view;
}

/* --- rows by partition --- */

struct share { /* the rows of one partition in a batch */
    struct weir_partition_value *values;
    int64_t *rows;
    size_t count, cap;
};

static weir_rc key_of_row(const weir_delta_writer *writer, const struct weir_batch *batch, int64_t row, struct weir_buf *key, size_t *ends, bool *nulls, struct weir_error *err)
{
    weir_buf_clear(key);
    for (size_t i = 0; i < writer->partition_count; i++) {
        size_t column = writer->partition_columns[i];
        WEIR_TRY(weiri_partition_text(&writer->schema->fields[column], batch->array.children[column], row + batch->array.offset, key, &nulls[i], err));
        ends[i] = key->len;
        weir_buf_add(key, nulls[i] ? "\0N" : "\0V", 2); /* no value has a zero byte */
    }
    return WEIR_OK;
}

static struct share *share_for(const weir_delta_writer *writer, weir_arena *arena, weir_map *shares, const struct weir_buf *key, const size_t *ends, const bool *nulls)
{
    struct share *share = weir_map_get(shares, weir_buf_view(key));
    if (share) {
        return share;
    }
    share = weir_calloc(1, sizeof *share);
    share->values = weir_arena_zalloc(arena, (writer->partition_count + 1) * sizeof *share->values);
    size_t begin = 0;
    for (size_t i = 0; i < writer->partition_count; i++) {
        share->values[i].name = writer->partition_names[i];
        share->values[i].value = nulls[i] ? NULL : weir_arena_strndup(arena, key->data + begin, ends[i] - begin);
        begin = ends[i] + 2;
    }
    weir_map_put(shares, weir_buf_view(key), share);
    return share;
}

static void free_share(void *value)
{
    struct share *share = value;
    weir_free(share->rows);
    weir_free(share);
}

static weir_rc split_rows(const weir_delta_writer *writer, const struct weir_batch *batch, weir_arena *arena, weir_map *shares, struct weir_error *err)
{
    struct weir_buf key;
    size_t *ends = weir_arena_zalloc(arena, (writer->partition_count + 1) * sizeof *ends);
    bool *nulls = weir_arena_zalloc(arena, writer->partition_count + 1);
    weir_rc rc = WEIR_OK;
    weir_buf_init(&key, 0);
    for (int64_t row = 0; rc == WEIR_OK && row < weir_batch_rows(batch); row++) {
        rc = key_of_row(writer, batch, row, &key, ends, nulls, err);
        if (rc == WEIR_OK) {
            struct share *share = share_for(writer, arena, shares, &key, ends, nulls);
            WEIR_PUSH(share->rows, share->count, share->cap) = row;
        }
    }
    weir_buf_free(&key);
    return rc;
}

static weir_rc add_partitioned(weir_delta_writer *writer, const struct weir_batch *batch, const struct weir_batch *stored, struct weir_error *err)
{
    weir_arena *arena = weir_arena_new();
    weir_map *shares = weir_map_new();
    struct weir_str key;
    void *value = NULL;
    weir_rc rc = split_rows(writer, batch, arena, shares, err);
    for (size_t i = 0; rc == WEIR_OK && weir_map_at(shares, &i, &key, &value);) {
        struct share *share = value;
        struct weir_batch rows = {0};
        struct weiri_open_file *file = NULL;
        rc = file_for(writer, key, share->values, &file, err);
        if (rc == WEIR_OK) {
            rc = weir_batch_take(stored, share->rows, (int64_t)share->count, &rows, err);
        }
        if (rc == WEIR_OK) {
            rc = append_rows(writer, file, &rows, err);
            weir_batch_release(&rows);
        }
        if (rc == WEIR_OK) {
            rc = keep_budget(writer, err);
        }
    }
    weir_map_free(shares, free_share);
    weir_arena_free(arena);
    return rc;
}

weir_rc weir_delta_writer_add(weir_delta_writer *writer, const struct weir_batch *batch, struct weir_error *err)
{
    WEIR_ASSERT((size_t)batch->array.n_children == writer->schema->field_count);
    if (weir_batch_rows(batch) == 0) {
        return WEIR_OK;
    }
    WEIR_TRY(weiri_check_not_null(writer->schema, batch, err));
    struct ArrowArray **children = weir_calloc(writer->file_schema->field_count + 1, sizeof *children);
    struct weir_batch stored = stored_columns(writer, batch, children);
    weir_rc rc = WEIR_OK;
    if (writer->partition_count) {
        rc = add_partitioned(writer, batch, &stored, err);
    } else {
        struct weiri_open_file *file = NULL;
        rc = file_for(writer, WEIR_STR(""), NULL, &file, err);
        if (rc == WEIR_OK) {
            rc = append_rows(writer, file, &stored, err);
        }
    }
    weir_free(children);
    writer->rows += weir_batch_rows(batch);
    return rc;
}

/* --- the end --- */

static void free_writer(weir_delta_writer *writer)
{
    weir_map_free(writer->open, NULL);
    weir_free(writer->text_files);
    weir_free(writer->done);
    weir_free(writer->done_names);
    pthread_mutex_destroy(&writer->lock);
    weir_arena_free(writer->arena);
    weir_free(writer);
}

void weir_delta_writer_abort(weir_delta_writer *writer)
{
    struct weir_str key;
    void *value = NULL;
    if (!writer) {
        return;
    }
    for (size_t i = 0; weir_map_at(writer->open, &i, &key, &value);) {
        weiri_writer_drop_file(writer, value);
    }
    for (size_t i = 0; i < writer->text_count; i++) {
        if (writer->text_files[i]) {
            weiri_writer_drop_file(writer, writer->text_files[i]);
        }
    }
    for (size_t i = 0; i < writer->done_name_count; i++) {
        char *path = weir_store_path(writer->table->store, writer->done_names[i]);
        weir_fs_discard(writer->table->fs, path);
        weir_free(path);
    }
    free_writer(writer);
}

/* All open files, in the order in which they were opened. */
static weir_rc close_all(weir_delta_writer *writer, struct weir_error *err)
{
    weir_rc rc = WEIR_OK;
    while (rc == WEIR_OK && weir_map_count(writer->open) > 0) {
        struct weiri_open_file *next = NULL;
        struct weir_str next_key = {0};
        struct weir_str key;
        void *value = NULL;
        for (size_t i = 0; weir_map_at(writer->open, &i, &key, &value);) {
            struct weiri_open_file *file = value;
            if (!next || file->order < next->order) {
                next = file;
                next_key = key;
            }
        }
        weir_map_remove(writer->open, next_key);
        rc = weiri_writer_close_file(writer, next, err);
    }
    for (size_t i = 0; rc == WEIR_OK && i < writer->text_count; i++) {
        struct weiri_open_file *file = writer->text_files[i];
        writer->text_files[i] = NULL;
        rc = file ? weiri_writer_close_file(writer, file, err) : WEIR_OK;
    }
    return rc;
}

weir_rc weir_delta_writer_finish(weir_delta_writer *writer, weir_txn *txn, struct weir_error *err)
{
    weir_rc rc = close_all(writer, err);
    if (rc != WEIR_OK) {
        weir_delta_writer_abort(writer);
        return rc;
    }
    for (size_t i = 0; i < writer->done_count; i++) {
        weir_txn_add_file(txn, &writer->done[i]);
    }
    weir_txn_rows(txn, writer->rows);
    free_writer(writer);
    return WEIR_OK;
}
