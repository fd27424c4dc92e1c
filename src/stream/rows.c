/* rows.c - the rows of a batch. Two ways: text straight into Parquet, where the query only chooses and names columns of one folder; otherwise
 * DuckDB over what the feeds loaded (batches of text, files of a Delta table). */
#include "stream/stream_internal.h"
#include "base/time.h"
#include "base/uri.h"
#include "os/thread.h"
#include <stdio.h>

#define BATCH_ROWS 2048            /* DuckDB's vector: handed over without slicing */
#define QUEUE_BATCHES 64

/* --- text straight into Parquet --- */

static struct weir_item literal_null(const struct weir_field *field)
{
    return (struct weir_item){.kind = WEIR_ITEM_LITERAL, .name = field->name, .type = field->type, .is_null = true, .output = field->name};
}

/* `guess`: where it probably is. */
static const struct weir_type *column_type(const weir_feed *feed, const char *name, size_t guess)
{
    int at = weir_schema_find_near(feed->schema, weir_str(name), guess);
    return at < 0 ? NULL : &feed->schema->fields[at].type;
}

/* Which item of the query gives the sink's column: by name, as writes by name do. False: this column needs SQL (a cast, a literal). */
static bool item_for(const weir_feed *feed, const struct weir_simple_query *shape, const struct weir_field *field, size_t guess, struct weir_item *out)
{
    *out = literal_null(field);
    for (size_t i = 0; i < shape->item_count; i++) {
        const struct weir_simple_item *item = &shape->items[i];
        if (item->literal) {
            return false;
        }
        if (item->star) {
            const struct weir_type *type = column_type(feed, field->name, guess);
            if (type) {
                *out = (struct weir_item){.kind = WEIR_ITEM_COLUMN, .name = field->name, .type = *type, .output = field->name};
            }
        } else if (weir_str_eq_nocase(weir_str(item->name), weir_str(field->name))) {
            if (item->metadata_field) {
                const weir_schema *metadata = weir_source_metadata_schema();
                int at = weir_schema_find(metadata, weir_str(item->metadata_field));
                if (at < 0) {
                    return false;
                }
                *out = (struct weir_item){.kind = WEIR_ITEM_METADATA, .name = item->metadata_field, .type = metadata->fields[at].type, .output = field->name};
            } else {
                const struct weir_type *type = column_type(feed, item->column, i);
                if (!type) {
                    return false;
                }
                *out = (struct weir_item){.kind = WEIR_ITEM_COLUMN, .name = item->column, .type = *type, .output = field->name};
            }
        }
    }
    return weir_type_eq(&out->type, &field->type);
}

/* Every output of the query must have its column in the sink; SQL's path words the error otherwise. */
static bool all_placed(const weir_feed *feed, const struct weir_simple_query *shape, const weir_schema *sink)
{
    for (size_t i = 0; i < shape->item_count; i++) {
        const struct weir_simple_item *item = &shape->items[i];
        for (size_t c = 0; item->star && c < feed->schema->field_count; c++) {
            if (weir_schema_find_near(sink, weir_str(feed->schema->fields[c].name), c) < 0) {
                return false;
            }
        }
        if (!item->star && weir_schema_find(sink, weir_str(item->name)) < 0) {
            return false;
        }
    }
    return true;
}

static bool plan_items(weir_stream *stream, const weir_schema *sink, weir_arena *arena, struct weir_item **items_out, enum weir_text_keep *keep_out)
{
    const weir_feed *feed = stream->feeds[0];
    const struct weir_simple_query *shape = &stream->shape;
    *keep_out = WEIR_TEXT_KEEP_ALL;
    if (!stream->simple || stream->spec->expectations || !all_placed(feed, shape, sink)) {
        return false;
    }
    if (shape->null_column) {
        const char *corrupt = weir_text_reader_corrupt_column(feed->reader);
        if (!corrupt || !weir_str_eq_nocase(weir_str(corrupt), weir_str(shape->null_column))) {
            return false;
        }
        *keep_out = shape->null_wanted ? WEIR_TEXT_KEEP_GOOD : WEIR_TEXT_KEEP_BAD;
    }
    struct weir_item *items = weir_arena_zalloc(arena, (sink->field_count + 1) * sizeof *items);
    for (size_t i = 0; i < sink->field_count; i++) {
        if (!item_for(feed, shape, &sink->fields[i], i, &items[i])) {
            return false;
        }
    }
    *items_out = items;
    return true;
}

static void note_files(const weir_feed *feed, const struct weir_text_file_result *results, weir_arena *arena, struct weir_batch_result *out)
{
    size_t count = out->file_count + feed->file_count;
    struct weir_note_file *files = weir_arena_zalloc(arena, (count + 1) * sizeof *files);
    if (out->file_count > 0) {
        memcpy(files, out->files, out->file_count * sizeof *files);
    }
    for (size_t i = 0; i < feed->file_count; i++) {
        files[out->file_count + i] = (struct weir_note_file){.uri = feed->files[i].uri, .size = feed->files[i].size, .mtime_ms = feed->files[i].mtime_ns / 1000000,
                                                             .rows = results[i].rows, .bad_rows = results[i].bad_rows, .taken_ms = weir_now_ms()};
    }
    out->files = files;
    out->file_count = count;
}

static weir_rc text_to_parquet(weir_stream *stream, weir_arena *arena, const struct weir_item *items, size_t count, enum weir_text_keep keep, struct weir_sink_factory *sinks,
                               struct weir_batch_result *out, struct weir_error *err)
{
    weir_feed *feed = stream->feeds[0];
    struct weir_text_result result = {0};
    result.files = weir_arena_zalloc(arena, (feed->file_count + 1) * sizeof *result.files);
    WEIR_TRY(weir_text_reader_run(feed->reader, feed->files, feed->file_count, items, count, keep, stream->spec->threads, sinks, &result, err));
    out->rows_in = out->feed_rows[0] = result.rows_read;
    out->bad_rows = result.bad_rows;
    out->bytes = result.bytes;
    out->file_count = 0;
    note_files(feed, result.files, arena, out);
    return WEIR_OK;
}

/* --- by way of SQL: a reader thread fills a bounded queue (source's pump), DuckDB empties it --- */

struct inputs {
    weir_stream *stream;
    weir_arena *arena;
    weir_text_pump **pumps;               /* per feed; NULL = none */
    struct weir_text_file_result **results; /* of its files */
    bool analyze;
};

static weir_rc start_pump(struct inputs *in, size_t source, bool metadata, struct weir_error *err)
{
    weir_feed *feed = in->stream->feeds[source];
    weir_schema *schema = NULL;
    struct weir_text_pump_spec spec = {.reader = feed->reader, .files = feed->files, .file_count = feed->file_count, .threads = in->stream->spec->threads, .batch_rows = BATCH_ROWS, .queue_batches = QUEUE_BATCHES};
    spec.items = weir_text_all_items(feed->schema, metadata, in->arena, &spec.item_count);
    WEIR_TRY(weir_text_reader_output(feed->reader, spec.items, spec.item_count, in->arena, &schema, err));
    spec.schema = schema;
    spec.results = in->results[source] = weir_arena_zalloc(in->arena, (feed->file_count + 1) * sizeof *spec.results);
    weir_rc rc = weir_text_pump_open(&spec, &in->pumps[source], err);
    if (rc != WEIR_OK) {
        weir_error_wrap(err, "%s", feed->source->name);
    }
    return rc;
}

static size_t source_at(const weir_stream *stream, struct weir_pos pos)
{
    for (size_t i = 0; i < stream->ref_count; i++) {
        if (stream->ref_pos[i].line == pos.line && stream->ref_pos[i].column == pos.column) {
            return (size_t)stream->ref_source[i];
        }
    }
    WEIR_UNREACHABLE("a stream reference that the query did not list");
}

static weir_rc give_input(void *arg, const struct weir_table_ref *ref, struct weir_input *out, struct weir_error *err)
{
    struct inputs *in = arg;
    *out = (struct weir_input){0};
    if (!ref->stream) {
        return WEIR_NOT_FOUND; /* a table beside the stream: as it stands now */
    }
    size_t source = source_at(in->stream, ref->pos);
    weir_feed *feed = in->stream->feeds[source];
    bool folder = feed->source->kind == WEIR_SOURCE_FOLDER;
    out->schema = feed->schema;
    out->hidden = folder && ref->metadata_used ? weir_source_metadata_schema() : NULL;
    if (in->analyze) {
        out->kind = WEIR_INPUT_EMPTY;
        return WEIR_OK;
    }
    if (!folder) {
        out->kind = WEIR_INPUT_FILES;
        out->snapshot = feed->snapshot;
        out->files = feed->adds;
        out->file_count = feed->add_count;
        return WEIR_OK;
    }
    if (feed->file_count == 0) {
        out->kind = WEIR_INPUT_EMPTY;
        return WEIR_OK;
    }
    out->kind = WEIR_INPUT_BATCHES;
    WEIR_TRY(start_pump(in, source, out->hidden != NULL, err));
    out->batches = weir_text_pump_batches(in->pumps[source]);
    return WEIR_OK;
}

static int64_t rows_of_adds(const weir_feed *feed)
{
    weir_arena *arena = weir_arena_new();
    int64_t rows = 0;
    for (size_t i = 0; i < feed->add_count; i++) {
        const struct weir_json *json = NULL;
        int64_t n = 0;
        if (feed->adds[i]->stats && weir_json_parse(arena, weir_str(feed->adds[i]->stats), &json, NULL) == WEIR_OK && weir_json_i64(weir_json_get(json, "numRecords"), &n)) {
            rows += n;
        }
    }
    weir_arena_free(arena);
    return rows;
}

/* The readers' side of a finished batch: their errors win, since the query only saw its rows stop. */
static weir_rc settle_pumps(weir_stream *stream, struct inputs *in, weir_arena *arena, weir_rc rc, struct weir_batch_result *out, struct weir_error *err)
{
    out->file_count = 0;
    for (size_t i = 0; i < stream->feed_count; i++) {
        weir_feed *feed = stream->feeds[i];
        if (in->pumps[i]) {
            struct weir_text_result result;
            weir_rc read = weir_text_pump_end(in->pumps[i], &result, err);
            rc = read != WEIR_OK ? read : rc;
            out->feed_rows[i] = result.rows_read;
            out->bad_rows += result.bad_rows;
            out->bytes += result.bytes;
            note_files(feed, in->results[i], arena, out);
        } else if (feed->source->kind == WEIR_SOURCE_DELTA) {
            out->feed_rows[i] = rows_of_adds(feed);
        }
        out->rows_in += out->feed_rows[i];
    }
    return rc;
}

/* Through the table's expectations. */
static weir_rc write_checked(weir_stream *stream, const struct weir_batch_plan *plan, weir_arena *arena, weir_result *result, const struct weir_batch_sinks *sinks, struct weir_batch_result *out,
                             struct weir_error *err)
{
    const struct weir_expectations *expectations = stream->spec->expectations;
    const struct weir_check_target target = {.schema = sinks->columns, .writer = sinks->writer, .quarantine = sinks->aside, .quarantine_schema = sinks->aside_columns, .batch_id = plan->number,
                                             .unit = weir_arena_printf(arena, "batch %lld", (long long)plan->number)};
    struct weir_buf text;
    weir_quality_init(&out->quality, expectations, arena);
    WEIR_TRY(weir_result_write_checked(result, expectations, &target, &out->quality, err));
    weir_buf_init(&text, 0);
    weir_quality_print(&text, expectations, &out->quality);
    out->data_quality = weir_arena_strndup(arena, text.data, text.len);
    weir_buf_free(&text);
    return WEIR_OK;
}

static weir_rc by_sql(weir_stream *stream, const struct weir_batch_plan *plan, weir_arena *arena, const struct weir_batch_sinks *sinks, struct weir_batch_result *out, struct weir_error *err)
{
    struct inputs in = {.stream = stream, .arena = arena};
    in.pumps = weir_arena_zalloc(arena, (stream->feed_count + 1) * sizeof *in.pumps);
    in.results = weir_arena_zalloc(arena, (stream->feed_count + 1) * sizeof *in.results);
    struct weir_transform transform = {.query = stream->query, .input = give_input, .arg = &in, .now_us = plan->timestamp_ms * 1000};
    weir_result *result = NULL;
    int64_t rows = 0;
    out->rows_in = out->bad_rows = out->bytes = 0;
    weir_rc rc = weir_session_transform(stream->session, &transform, &result, err);
    if (rc == WEIR_OK) {
        rc = stream->spec->expectations ? write_checked(stream, plan, arena, result, sinks, out, err)
                                        : weir_result_write(result, sinks->columns, true, sinks->writer, &rows, err);
    }
    weir_result_close(result);
    return settle_pumps(stream, &in, arena, rc, out, err);
}

weir_rc weir_batch_fill(weir_stream *stream, const struct weir_batch_plan *plan, weir_arena *arena, const struct weir_batch_sinks *to, struct weir_batch_result *out, struct weir_error *err)
{
    const weir_schema *schema = to->columns;
    struct weir_item *items = NULL;
    enum weir_text_keep keep = WEIR_TEXT_KEEP_ALL;
    struct weir_sink_factory *sinks = NULL;
    if (plan_items(stream, schema, arena, &items, &keep) && weir_delta_writer_sinks(to->writer, &sinks, NULL) == WEIR_OK) {
        return text_to_parquet(stream, arena, items, schema->field_count, keep, sinks, out, err);
    }
    return by_sql(stream, plan, arena, to, out, err);
}

weir_rc weir_stream_output(weir_stream *stream, weir_arena *arena, const weir_schema **out, struct weir_error *err)
{
    struct inputs in = {.stream = stream, .arena = arena, .analyze = true};
    struct weir_transform transform = {.query = stream->query, .input = give_input, .arg = &in};
    struct weir_translation translation;
    WEIR_TRY(weir_session_analyze(stream->session, arena, &transform, &translation, err));
    if (translation.aggregates || translation.distinct || translation.windows || translation.limits) {
        return weir_fail(err, WEIR_UNSUPPORTED, "STREAMING_OUTPUT_MODE_UNSUPPORTED",
                         "%s: %s over a stream would need state from batch to batch; make it a MATERIALIZED VIEW over the streaming table", stream->spec->table_name,
                         translation.aggregates ? "an aggregation" : translation.distinct ? "DISTINCT" : translation.windows ? "a window function" : "LIMIT or ORDER BY");
    }
    *out = translation.schema;
    return WEIR_OK;
}
