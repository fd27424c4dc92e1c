/* textscan.c - a folder of text as a relation of a batch query: listed once per statement, read by threads of its own into a bounded queue that DuckDB empties. */
#include "sql/sql_internal.h"

#define BATCH_ROWS 16384
#define QUEUE_BATCHES 8

struct folder { /* what every start of the scan shares; arena of the run, but for the reader */
    struct weiri_sql_run *run;
    weir_text_reader *reader;
    struct weir_source_file *files;
    size_t file_count;
    struct weir_item *items;
    size_t item_count;
    const weir_schema *schema;
    const char *name;
};

struct pump {
    weir_batches batches; /* first */
    struct folder *folder;
    weir_queue *queue;
    pthread_t thread;
    weir_rc rc; /* the reader's; read after the queue ended */
    struct weir_error error;
};

static weir_rc give(void *arg, struct weir_batch *batch, struct weir_error *err)
{
    struct pump *pump = arg;
    struct weir_batch *item = weir_malloc(sizeof *item);
    *item = *batch;
    if (weir_queue_put(pump->queue, item, 1) != WEIR_OK) {
        weir_batch_release(item);
        weir_free(item);
        return weir_fail(err, WEIR_CANCELLED, "STATEMENT_STOPPED", "the statement needs no more rows");
    }
    return WEIR_OK;
}

static void *read_files(void *arg)
{
    struct pump *pump = arg;
    struct folder *folder = pump->folder;
    struct weir_sink_factory *sinks = NULL;
    struct weir_csv_result result = {0};
    pump->rc = weir_arrow_sinks_new(folder->schema, BATCH_ROWS, give, pump, &sinks, &pump->error);
    if (pump->rc == WEIR_OK) {
        pump->rc = weir_text_reader_run(folder->reader, folder->files, folder->file_count, folder->items, folder->item_count, WEIR_CSV_KEEP_ALL, 0, sinks, &result, &pump->error);
        weir_arrow_sinks_free(sinks);
    }
    weir_queue_close(pump->queue);
    return NULL;
}

static weir_rc pump_next(weir_batches *self, struct weir_batch *out, struct weir_error *err)
{
    struct pump *pump = (struct pump *)self;
    void *item = NULL;
    if (weir_queue_get(pump->queue, &item, -1) == WEIR_OK) {
        *out = *(struct weir_batch *)item;
        weir_free(item);
        return WEIR_OK;
    }
    if (pump->rc == WEIR_OK) {
        return WEIR_END;
    }
    if (err) {
        *err = pump->error;
        weir_error_wrap(err, "%s", pump->folder->name);
    }
    return pump->rc;
}

static void pump_close(weir_batches *self)
{
    struct pump *pump = (struct pump *)self;
    void *item = NULL;
    weir_queue_close(pump->queue);
    while (weir_queue_get(pump->queue, &item, -1) == WEIR_OK) {
        weir_batch_release(item);
        weir_free(item);
    }
    pthread_join(pump->thread, NULL);
    weir_queue_free(pump->queue);
    weir_free(pump);
}

static weir_rc open_pump(void *arg, weir_batches **out, struct weir_error *err)
{
    struct folder *folder = arg;
    struct pump *pump = weir_calloc(1, sizeof *pump);
    pump->folder = folder;
    pump->batches = (weir_batches){.schema = folder->schema, .next = pump_next, .close = pump_close};
    pump->queue = weir_queue_new(QUEUE_BATCHES, 0);
    if (pthread_create(&pump->thread, NULL, read_files, pump) != 0) {
        weir_queue_free(pump->queue);
        weir_free(pump);
        return weir_fail(err, WEIR_IO, "SQL_THREAD_FAILED", "no thread could be started to read %s; lower the number of statements that run at once", folder->name);
    }
    *out = &pump->batches;
    return WEIR_OK;
}

static void close_folder(void *arg)
{
    struct folder *folder = arg;
    weir_text_reader_free(folder->reader);
}

/* The files as they are now, and with them the types of partition columns. */
static weir_rc list_folder(struct folder *folder, const struct weiri_sql_text *text, struct weir_error *err)
{
    weir_arena *arena = folder->run->arena;
    struct weir_file_options options = *weir_text_reader_file_options(folder->reader);
    const char *const *columns = NULL;
    size_t column_count = 0;
    if (text->confine) {
        options.confine = text->confine;
    }
    WEIR_TRY(weir_source_list(folder->run->engine->fs, text->root, &options, arena, &folder->files, &folder->file_count, &columns, &column_count, err));
    return weir_text_reader_bind(folder->reader, folder->files, folder->file_count, columns, column_count, err);
}

static weir_rc choose_columns(struct folder *folder, bool metadata, struct weir_error *err)
{
    const weir_schema *schema = weir_text_reader_schema(folder->reader);
    weir_schema *output = NULL;
    folder->item_count = schema->field_count + metadata;
    folder->items = weir_arena_zalloc(folder->run->arena, (folder->item_count + 1) * sizeof *folder->items);
    for (size_t i = 0; i < schema->field_count; i++) {
        folder->items[i] = (struct weir_item){.kind = WEIR_ITEM_COLUMN, .name = schema->fields[i].name, .type = schema->fields[i].type, .output = schema->fields[i].name};
    }
    if (metadata) {
        folder->items[schema->field_count] = (struct weir_item){.kind = WEIR_ITEM_METADATA_ALL, .name = "_metadata", .type = *weir_source_metadata_schema(), .output = "_metadata"};
    }
    WEIR_TRY(weir_text_reader_output(folder->reader, folder->items, folder->item_count, folder->run->arena, &output, err));
    folder->schema = output;
    return WEIR_OK;
}

static weir_rc fill_folder(struct folder *folder, const struct weiri_sql_text *text, bool metadata, struct weir_relation *out, struct weir_error *err)
{
    weir_arena *arena = folder->run->arena;
    WEIR_TRY(list_folder(folder, text, err));
    WEIR_TRY(choose_columns(folder, metadata, err));
    out->schema = weir_schema_copy(arena, weir_text_reader_schema(folder->reader));
    out->hidden = NULL;
    if (metadata) {
        weir_schema *hidden = weir_schema_new(arena, 1);
        hidden->fields[0] = folder->schema->fields[folder->schema->field_count - 1];
        out->hidden = hidden;
    }
    return WEIR_OK;
}

weir_rc weiri_sql_text_relation(struct weiri_sql_run *run, const struct weiri_sql_text *text, bool metadata, struct weir_relation *out, struct weir_error *err)
{
    struct folder *folder = weir_arena_zalloc(run->arena, sizeof *folder);
    folder->run = run;
    folder->name = text->name;
    const struct weir_text_source source = {.format = text->format, .root = text->root, .options = text->options, .confine = text->confine, .schema = text->schema};
    WEIR_TRY(weir_text_reader_new(run->engine->fs, &source, &folder->reader, err));
    weir_rc rc = fill_folder(folder, text, metadata, out, err);
    if (rc != WEIR_OK) {
        weir_text_reader_free(folder->reader);
        weir_error_wrap(err, "%s", text->name);
        return rc;
    }
    struct weiri_sql_scan *scan = weiri_sql_scan_new(run, folder->schema, open_pump, close_folder, folder);
    out->duck_sql = folder->file_count == 0 ? weiri_sql_empty_relation(run, out->schema, out->hidden)
                                            : weir_arena_printf(run->arena, "(SELECT * FROM weir_scan(%llu))", (unsigned long long)scan->id);
    return WEIR_OK;
}
