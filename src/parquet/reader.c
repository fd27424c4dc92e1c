/* reader.c - open a file, read row groups: see reader.h. */
#include "parquet/reader_internal.h"

weir_rc weiri_pq_corrupt(const weir_parquet_reader *reader, int group, const char *column, int64_t offset, const char *what, struct weir_error *err)
{
    weir_rc rc = column ? weir_fail(err, WEIR_CORRUPT, "PARQUET_CORRUPT", "%s; %s, row group %d, column %s, near byte %lld; the file is damaged: restore it", what, reader->key, group, column,
                                    (long long)offset)
                        : weir_fail(err, WEIR_CORRUPT, "PARQUET_CORRUPT", "%s; %s; the file is damaged or is no Parquet file", what, reader->key);
    if (err) {
        err->offset = offset;
    }
    return rc;
}

static weir_rc load_footer(weir_parquet_reader *reader, struct weir_error *err)
{
    struct weir_file_info info;
    uint8_t tail[8];
    size_t done = 0;
    WEIR_TRY(weir_file_info(reader->file, &info, err));
    reader->size = info.size;
    if (info.size < 12) {
        return weiri_pq_corrupt(reader, 0, NULL, -1, "the file is too short", err);
    }
    WEIR_TRY(weir_file_read(reader->file, tail, sizeof tail, info.size - 8, &done, err));
    if (done == 8 && memcmp(tail + 4, WEIR_PARQUET_MAGIC_ENCRYPTED, 4) == 0) {
        return weir_fail(err, WEIR_UNSUPPORTED, "PARQUET_ENCRYPTED", "%s is encrypted, which weir does not read", reader->key);
    }
    if (done != 8 || memcmp(tail + 4, WEIR_PARQUET_MAGIC, 4) != 0) {
        return weiri_pq_corrupt(reader, 0, NULL, -1, "the file does not end with PAR1", err);
    }
    int64_t len = (int64_t)((uint32_t)tail[0] | (uint32_t)tail[1] << 8 | (uint32_t)tail[2] << 16 | (uint32_t)tail[3] << 24);
    if (len > info.size - 12 || len > WEIRI_PQ_FOOTER_BYTES_MAX) {
        return weiri_pq_corrupt(reader, 0, NULL, -1, "the footer is longer than the file or than any sane footer", err);
    }
    reader->footer_bytes = weir_malloc((size_t)len + 8);
    WEIR_TRY(weir_file_read(reader->file, reader->footer_bytes, (size_t)len, info.size - 8 - len, &done, err));
    if (done != (size_t)len) {
        return weiri_pq_corrupt(reader, 0, NULL, -1, "the footer can not be read whole", err);
    }
    return weiri_pq_parse_footer(reader->arena, reader->footer_bytes, (size_t)len, &reader->footer, err);
}

static weir_rc check_groups(weir_parquet_reader *reader, struct weir_error *err)
{
    int64_t rows = 0;
    if (reader->footer.encrypted) {
        return weir_fail(err, WEIR_UNSUPPORTED, "PARQUET_ENCRYPTED", "%s has encrypted columns, which weir does not read", reader->key);
    }
    for (size_t i = 0; i < reader->footer.group_count; i++) {
        const struct weiri_pq_group *group = &reader->footer.groups[i];
        if (group->rows < 0 || group->rows > reader->footer.rows - rows || group->chunk_count != reader->tree.leaf_count) {
            return weiri_pq_corrupt(reader, 0, NULL, -1, "a row group does not fit the schema or the number of rows", err);
        }
        rows += group->rows;
    }
    return rows == reader->footer.rows ? WEIR_OK : weiri_pq_corrupt(reader, 0, NULL, -1, "the row groups have fewer rows than the footer says", err);
}

weir_rc weir_parquet_open(weir_store *store, const char *key, weir_parquet_reader **out, struct weir_error *err)
{
    weir_parquet_reader *reader = weir_calloc(1, sizeof *reader);
    reader->arena = weir_arena_new();
    reader->key = weir_store_path(store, key);
    *out = NULL;
    weir_rc rc = weir_store_open_read(store, key, &reader->file, err);
    if (rc == WEIR_OK) {
        rc = load_footer(reader, err);
    }
    if (rc == WEIR_OK) {
        rc = weiri_pq_build_tree(reader->arena, &reader->footer, &reader->tree, err);
    }
    if (rc == WEIR_OK) {
        rc = check_groups(reader, err);
    }
    if (rc != WEIR_OK) {
        if (err && !strstr(err->msg, reader->key)) {
            weir_error_wrap(err, "%s", reader->key);
        }
        weir_parquet_close(reader);
        return rc;
    }
    *out = reader;
    return WEIR_OK;
}

void weir_parquet_close(weir_parquet_reader *reader)
{
    if (!reader) {
        return;
    }
    weir_file_discard(reader->file);
    weir_free(reader->footer_bytes);
    weir_free(reader->key);
    weir_arena_free(reader->arena);
    weir_free(reader);
}

const weir_schema *weir_parquet_schema(const weir_parquet_reader *reader)
{
    return reader->tree.schema;
}

int64_t weir_parquet_row_count(const weir_parquet_reader *reader)
{
    return reader->footer.rows;
}

int weir_parquet_group_count(const weir_parquet_reader *reader)
{
    return (int)reader->footer.group_count;
}

const char *weir_parquet_metadata(const weir_parquet_reader *reader, const char *key)
{
    for (size_t i = 0; i < reader->footer.metadata_count; i++) {
        if (strcmp(reader->footer.metadata[2 * i], key) == 0) {
            return reader->footer.metadata[2 * i + 1];
        }
    }
    return NULL;
}

/* One top-level column. Its leaves are freed before the next column is read. */
static weir_rc read_top(weir_parquet_reader *reader, int group, const struct weiri_pq_node *node, struct weiri_pq_column *columns, struct ArrowArray *out,
                        struct weir_error *err)
{
    weir_rc rc = WEIR_OK;
    size_t done = 0;
    for (; rc == WEIR_OK && done < node->leaf_count; done++) {
        rc = weiri_pq_read_column(reader, group, node->first_leaf + done, &columns[node->first_leaf + done], err);
    }
    if (rc == WEIR_OK) {
        rc = weiri_pq_assemble(node, columns, reader->footer.groups[group].rows, out, err);
        if (rc != WEIR_OK && err) {
            weir_error_wrap(err, "%s, row group %d, column %s", reader->key, group, reader->tree.leaves[node->first_leaf].name);
        }
    }
    for (size_t i = 0; i < node->leaf_count; i++) {
        weiri_pq_column_free(&columns[node->first_leaf + i]);
    }
    return rc;
}

static const weir_schema *narrow(weir_parquet_reader *reader, const int *columns, size_t count)
{
    if (!columns) {
        return reader->tree.schema;
    }
    weir_schema *schema = weir_schema_new(reader->arena, count);
    for (size_t i = 0; i < count; i++) {
        WEIR_ASSERT(columns[i] >= 0 && (size_t)columns[i] < reader->tree.schema->field_count);
        schema->fields[i] = reader->tree.schema->fields[columns[i]];
    }
    return schema;
}

/* The same columns are asked for group after group: their schema is made once. */
static const weir_schema *narrowed_schema(weir_parquet_reader *reader, const int *columns, size_t count)
{
    const weir_schema *last = reader->narrowed;
    bool same = last && columns && last->field_count == count;
    for (size_t i = 0; same && i < count; i++) {
        same = last->fields[i].name == reader->tree.schema->fields[columns[i]].name;
    }
    if (same) {
        return last;
    }
    const weir_schema *schema = narrow(reader, columns, count);
    if (columns) {
        reader->narrowed = schema;
    }
    return schema;
}

weir_rc weir_parquet_read_group(weir_parquet_reader *reader, int group, const int *columns, size_t column_count, struct weir_batch *out, struct weir_error *err)
{
    WEIR_ASSERT(group >= 0 && (size_t)group < reader->footer.group_count);
    size_t count = columns ? column_count : reader->tree.schema->field_count;
    const weir_schema *schema = narrowed_schema(reader, columns, count);
    struct weiri_pq_column *leaves = weir_calloc(reader->tree.leaf_count + 1, sizeof *leaves);
    struct ArrowArray *arrays = weir_calloc(count + 1, sizeof *arrays);
    weir_rc rc = WEIR_OK;
    size_t done = 0;
    memset(out, 0, sizeof *out);
    while (rc == WEIR_OK && done < count) {
        rc = read_top(reader, group, &reader->tree.columns[columns ? columns[done] : (int)done], leaves, &arrays[done], err);
        done += rc == WEIR_OK;
    }
    if (rc == WEIR_OK) {
        weir_batch_make(schema, arrays, reader->footer.groups[group].rows, out);
    } else {
        for (size_t i = 0; i < done; i++) {
            arrays[i].release(&arrays[i]);
        }
    }
    weir_free(arrays);
    weir_free(leaves);
    return rc;
}
