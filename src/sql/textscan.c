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

static weir_rc open_pump(void *arg, weir_batches **out, struct weir_error *err)
{
    const struct folder *folder = arg;
    const struct weir_text_pump_spec spec = {.reader = folder->reader, .files = folder->files, .file_count = folder->file_count, .items = folder->items, .item_count = folder->item_count,
                                             .schema = folder->schema, .batch_rows = BATCH_ROWS, .queue_batches = QUEUE_BATCHES, .name = folder->name, .ends_with_batches = true};
    weir_text_pump *pump = NULL;
    if (weir_text_pump_open(&spec, &pump, NULL) != WEIR_OK) {
        return weir_fail(err, WEIR_IO, "SQL_THREAD_FAILED", "no thread could be started to read %s; lower the number of statements that run at once", folder->name);
    }
    *out = weir_text_pump_batches(pump);
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
    folder->items = weir_text_all_items(schema, metadata, folder->run->arena, &folder->item_count);
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
    struct weir_text_source source = {.format = text->format, .root = text->root, .options = text->options, .confine = text->confine, .schema = text->schema};
    if (!source.schema) {
        weir_schema *found = NULL;
        WEIR_TRY(weir_text_infer(run->engine->fs, &source, text->hints, run->arena, &found, err));
        source.schema = found;
    }
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
