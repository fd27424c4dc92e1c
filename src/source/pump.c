/* pump.c - the rows of text files as batches: a thread reads them into a bounded queue, whoever wants them empties it. See source.h. */
#include "source/source_internal.h"

struct weir_text_pump {
    weir_batches batches; /* first: next and close are handed it */
    struct weir_text_pump_spec spec;
    weir_queue *queue;
    pthread_t thread;
    weir_rc rc; /* the reader's; read after the queue ended */
    struct weir_error error;
    struct weir_text_result result;
};

static weir_rc give(void *arg, struct weir_batch *batch, struct weir_error *err)
{
    weir_text_pump *pump = arg;
    struct weir_batch *item = weir_malloc(sizeof *item);
    *item = *batch;
    if (weir_queue_put(pump->queue, item, 1) != WEIR_OK) {
        weir_batch_release(item);
        weir_free(item);
        return weir_fail(err, WEIR_CANCELLED, "CANCELLED", "the query that reads these rows ended");
    }
    return WEIR_OK;
}

static void *read_files(void *arg)
{
    weir_text_pump *pump = arg;
    const struct weir_text_pump_spec *spec = &pump->spec;
    struct weir_sink_factory *sinks = NULL;
    pump->rc = weir_arrow_sinks_new(spec->schema, spec->batch_rows, give, pump, &sinks, &pump->error);
    if (pump->rc == WEIR_OK) {
        pump->rc = weir_text_reader_run(spec->reader, spec->files, spec->file_count, spec->items, spec->item_count, WEIR_TEXT_KEEP_ALL, spec->threads, sinks, &pump->result, &pump->error);
        weir_arrow_sinks_free(sinks);
    }
    weir_queue_close(pump->queue);
    return NULL;
}

static weir_rc next(weir_batches *self, struct weir_batch *out, struct weir_error *err)
{
    weir_text_pump *pump = (weir_text_pump *)self;
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
        if (pump->spec.name) {
            weir_error_wrap(err, "%s", pump->spec.name);
        }
    }
    return pump->rc;
}

static void stop(weir_batches *self)
{
    weir_queue_close(((weir_text_pump *)self)->queue);
}

static void stop_and_end(weir_batches *self)
{
    const weir_rc told = weir_text_pump_end((weir_text_pump *)self, NULL, NULL); /* next has told the error already */
    (void)told;
}

weir_rc weir_text_pump_open(const struct weir_text_pump_spec *spec, weir_text_pump **out, struct weir_error *err)
{
    *out = NULL;
    weir_text_pump *pump = weir_calloc(1, sizeof *pump);
    pump->spec = *spec;
    pump->result.files = spec->results;
    pump->batches = (weir_batches){.schema = spec->schema, .next = next, .close = spec->ends_with_batches ? stop_and_end : stop};
    pump->queue = weir_queue_new(spec->queue_batches, 0);
    if (pthread_create(&pump->thread, NULL, read_files, pump) != 0) {
        weir_queue_free(pump->queue);
        weir_free(pump);
        return weir_fail(err, WEIR_IO, "THREAD_FAILED", "no thread could be started to read %s; lower --threads or the number of running queries", spec->name ? spec->name : "the files");
    }
    *out = pump;
    return WEIR_OK;
}

weir_batches *weir_text_pump_batches(weir_text_pump *pump)
{
    return &pump->batches;
}

weir_rc weir_text_pump_end(weir_text_pump *pump, struct weir_text_result *result_out, struct weir_error *err)
{
    void *item = NULL;
    weir_queue_close(pump->queue);
    while (weir_queue_get(pump->queue, &item, -1) == WEIR_OK) {
        weir_batch_release(item);
        weir_free(item);
    }
    pthread_join(pump->thread, NULL);
    weir_queue_free(pump->queue);
    const weir_rc rc = pump->rc == WEIR_CANCELLED ? WEIR_OK : pump->rc; /* it was told that nobody wants more */
    if (rc != WEIR_OK && err) {
        *err = pump->error;
    }
    if (result_out) {
        *result_out = pump->result;
    }
    weir_free(pump);
    return rc;
}

struct weir_item *weir_text_all_items(const weir_schema *schema, bool metadata, weir_arena *arena, size_t *count_out)
{
    struct weir_item *items = weir_arena_zalloc(arena, (schema->field_count + metadata + 1) * sizeof *items);
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct weir_field *field = &schema->fields[i];
        items[i] = (struct weir_item){.kind = WEIR_ITEM_COLUMN, .name = field->name, .type = field->type, .output = field->name};
    }
    if (metadata) {
        items[schema->field_count] = (struct weir_item){.kind = WEIR_ITEM_METADATA_ALL, .name = "_metadata", .type = *weir_source_metadata_schema(), .output = "_metadata"};
    }
    *count_out = schema->field_count + metadata;
    return items;
}
