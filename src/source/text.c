/* text.c - a text folder as a relation: the columns of its files, then those of its partition folders, then what is known of each file.
 *
 * The format's reader knows text columns and constants. Everything else is a constant per file: partition values, _metadata, literals. */
#include "source/source_internal.h"
#include "base/uri.h"

struct weir_text_reader {
    weir_fs *fs;
    weir_arena *arena; /* schemas */
    const char *format;
    struct weir_file_options file_options;
    weir_options *options;
    char *confine;
    weir_schema *declared;
    weir_format *compiled;        /* over `data` */
    weir_format *plain;           /* default options: reads the texts of partition folders */
    const weir_schema *data;   /* declared without the partition columns */
    const weir_schema *all;    /* data, then partitions */
    const char **partitions;   /* names as the folders have them */
    size_t partition_count;
};

/* --- opening --- */

static weir_rc check_format(const struct weir_text_source *source, struct weir_error *err)
{
    if (!source->schema || source->schema->field_count == 0) {
        return weir_fail(err, WEIR_INVALID, "SOURCE_SCHEMA_MISSING", "a folder needs a schema to be read; %s; declare its columns", source->root);
    }
    return WEIR_OK;
}

/* The dialect over the columns that the files themselves hold. */
static weir_rc compile(weir_text_reader *reader, struct weir_error *err)
{
    weir_format *compiled;
    WEIR_TRY(weir_format_new(reader->format, reader->data, reader->options, weir_file_option_is, &compiled, err));
    weir_format_free(reader->compiled);
    reader->compiled = compiled;
    return WEIR_OK;
}

/* rescuedDataColumn brings its column, behind those that were declared. */
static weir_schema *with_rescued(weir_arena *arena, weir_schema *schema, const weir_options *options)
{
    const char *name = weir_options_get(options, "rescuedDataColumn");
    if (!name || *name == '\0' || weir_schema_find(schema, weir_str(name)) >= 0) {
        return schema;
    }
    weir_schema *more = weir_schema_new(arena, schema->field_count + 1);
    memcpy(more->fields, schema->fields, schema->field_count * sizeof *more->fields);
    more->fields[schema->field_count] = (struct weir_field){.name = weir_arena_strdup(arena, name), .type = weir_type_of(WEIR_TYPE_STRING), .nullable = true};
    return more;
}

weir_rc weir_text_reader_new(weir_fs *fs, const struct weir_text_source *source, weir_text_reader **out, struct weir_error *err)
{
    *out = NULL;
    WEIR_TRY(check_format(source, err));
    weir_text_reader *reader = weir_calloc(1, sizeof *reader);
    reader->fs = fs;
    reader->arena = weir_arena_new();
    reader->format = weir_arena_strdup(reader->arena, source->format);
    reader->options = source->options ? weir_options_copy(source->options) : weir_options_new();
    const char *evolution = weir_options_get(reader->options, "schemaEvolutionMode");
    if (evolution && weir_str_eq_nocase(weir_str(evolution), WEIR_STR("rescue")) && !weir_options_get(reader->options, "rescuedDataColumn")) {
        weir_options_set(reader->options, "rescuedDataColumn", "_rescued_data");
    }
    reader->declared = with_rescued(reader->arena, weir_schema_copy(reader->arena, source->schema), reader->options);
    reader->data = reader->all = reader->declared;
    weir_rc rc = weir_file_options_parse(reader->options, &reader->file_options, err);
    if (source->confine) {
        reader->confine = weir_strdup(source->confine);
        reader->file_options.confine = reader->confine;
    }
    rc = rc == WEIR_OK ? compile(reader, err) : rc;
    if (rc != WEIR_OK) {
        weir_text_reader_free(reader);
        return rc;
    }
    *out = reader;
    return WEIR_OK;
}

void weir_text_reader_free(weir_text_reader *reader)
{
    if (reader) {
        weir_format_free(reader->compiled);
        weir_format_free(reader->plain);
        weir_options_free(reader->options);
        weir_arena_free(reader->arena);
        weir_free(reader->confine);
        weir_free(reader);
    }
}

const weir_schema *weir_text_reader_declared(const weir_text_reader *reader)
{
    return reader->declared;
}

const struct weir_file_options *weir_text_reader_file_options(const weir_text_reader *reader)
{
    return &reader->file_options;
}

const weir_schema *weir_text_reader_schema(const weir_text_reader *reader)
{
    return reader->all;
}

const char *weir_text_reader_corrupt_column(const weir_text_reader *reader)
{
    const int at = weir_format_corrupt_column(reader->compiled);
    return at < 0 ? NULL : reader->data->fields[at].name;
}

/* --- partition columns --- */

/* Partition values do not follow the options of the files, but for the zone of their timestamps. */
static weir_rc compile_plain(weir_text_reader *reader, struct weir_error *err)
{
    const char *zone = weir_options_get(reader->options, "timeZone");
    weir_options *options = weir_options_new();
    weir_schema *one = weir_schema_new(reader->arena, 1);
    one->fields[0] = (struct weir_field){.name = "value", .type = weir_type_of(WEIR_TYPE_STRING), .nullable = true};
    if (zone) {
        weir_options_set(options, "timeZone", zone);
    }
    const weir_rc rc = reader->plain ? WEIR_OK : weir_format_new("csv", one, options, NULL, &reader->plain, err);
    weir_options_free(options);
    return rc;
}

static bool is_partition(const weir_schema *partitions, const char *name)
{
    return weir_schema_find(partitions, weir_str(name)) >= 0;
}

static void join_schemas(weir_text_reader *reader, const weir_schema *partitions)
{
    size_t kept = 0;
    for (size_t i = 0; i < reader->declared->field_count; i++) {
        kept += !is_partition(partitions, reader->declared->fields[i].name);
    }
    weir_schema *data = weir_schema_new(reader->arena, kept);
    weir_schema *all = weir_schema_new(reader->arena, kept + partitions->field_count);
    size_t at = 0;
    for (size_t i = 0; i < reader->declared->field_count; i++) {
        const struct weir_field *field = &reader->declared->fields[i];
        if (!is_partition(partitions, field->name)) {
            data->fields[at] = all->fields[at] = *field;
            at++;
        }
    }
    for (size_t i = 0; i < partitions->field_count; i++) {
        all->fields[at + i] = partitions->fields[i];
    }
    reader->data = data;
    reader->all = all;
}

weir_rc weir_text_reader_declare(weir_text_reader *reader, const weir_schema *declared, struct weir_error *err)
{
    weir_schema *before = reader->declared;
    const weir_schema *data = reader->data, *all = reader->all;
    reader->declared = weir_schema_copy(reader->arena, declared);
    reader->data = reader->all = reader->declared;
    if (reader->partition_count > 0) {
        weir_schema *partitions = weir_schema_new(reader->arena, reader->partition_count);
        memcpy(partitions->fields, all->fields + all->field_count - reader->partition_count, reader->partition_count * sizeof *partitions->fields);
        join_schemas(reader, partitions);
    }
    const weir_rc rc = compile(reader, err);
    if (rc != WEIR_OK) {
        reader->declared = before;
        reader->data = data;
        reader->all = all;
    }
    return rc;
}

static weir_rc check_same(const weir_text_reader *reader, const char *const *columns, size_t count, struct weir_error *err)
{
    bool same = count == reader->partition_count;
    for (size_t i = 0; i < count && same; i++) {
        same = weir_str_eq_nocase(weir_str(columns[i]), weir_str(reader->partitions[i]));
    }
    if (!same) {
        return weir_fail(err, WEIR_CONFLICT, "PARTITION_COLUMNS_CHANGED",
                         "the folders name other partition columns than when the query began (the first was %s, now %s); start the query again with a schema "
                         "that fits, or move the new folders out",
                         reader->partitions[0], columns[0]);
    }
    return WEIR_OK;
}

weir_rc weir_text_reader_bind(weir_text_reader *reader, const struct weir_source_file *files, size_t count, const char *const *partition_columns,
                              size_t partition_count, struct weir_error *err)
{
    if (partition_count == 0) {
        return WEIR_OK;
    }
    if (reader->partition_count > 0) {
        return check_same(reader, partition_columns, partition_count, err);
    }
    weir_schema *partitions;
    WEIR_TRY(weir_source_partition_types(reader->arena, files, count, partition_columns, partition_count, reader->declared, &partitions, err));
    const weir_schema *data = reader->data;
    const weir_schema *all = reader->all;
    join_schemas(reader, partitions);
    weir_rc rc = compile_plain(reader, err);
    rc = rc == WEIR_OK ? compile(reader, err) : rc;
    if (rc != WEIR_OK) {
        reader->data = data;
        reader->all = all;
        return rc;
    }
    reader->partitions = weir_arena_alloc(reader->arena, partition_count * sizeof *reader->partitions);
    for (size_t i = 0; i < partition_count; i++) {
        reader->partitions[i] = weir_arena_strdup(reader->arena, partition_columns[i]);
    }
    reader->partition_count = partition_count;
    return WEIR_OK;
}

/* --- what a read gives --- */

static weir_rc find_column(const weir_text_reader *reader, const char *name, size_t guess, size_t *at_out, struct weir_error *err)
{
    const int at = weir_schema_find_near(reader->all, weir_str(name), guess);
    *at_out = (size_t)at;
    return at >= 0 ? WEIR_OK
                   : weir_fail(err, WEIR_NOT_FOUND, "SOURCE_COLUMN_NOT_FOUND", "neither the files nor their folders have the column; %s; check its name", name);
}

static weir_rc item_field(const weir_text_reader *reader, const struct weir_item *item, size_t guess, struct weir_field *out, struct weir_error *err)
{
    const weir_schema *metadata = weir_source_metadata_schema();
    size_t at;
    *out = (struct weir_field){.name = item->output ? item->output : item->name, .type = item->type, .nullable = true};
    switch (item->kind) {
    case WEIR_ITEM_COLUMN:
        WEIR_TRY(find_column(reader, item->name, guess, &at, err));
        out->type = reader->all->fields[at].type;
        break;
    case WEIR_ITEM_METADATA: {
        const int field = weir_schema_find(metadata, weir_str(item->name));
        if (field < 0) {
            return weir_fail(err, WEIR_NOT_FOUND, "SOURCE_COLUMN_NOT_FOUND", "_metadata has no such field; _metadata.%s; check its name", item->name);
        }
        out->type = metadata->fields[field].type;
        out->nullable = false;
        break;
    }
    case WEIR_ITEM_METADATA_ALL:
        out->type = *metadata;
        out->nullable = false;
        break;
    case WEIR_ITEM_LITERAL:
        break;
    }
    return WEIR_OK;
}

weir_rc weir_text_reader_output(weir_text_reader *reader, const struct weir_item *items, size_t count, weir_arena *arena, weir_schema **out, struct weir_error *err)
{
    weir_schema *schema = weir_schema_new(arena, count);
    *out = NULL;
    for (size_t i = 0; i < count; i++) {
        WEIR_TRY(item_field(reader, &items[i], i, &schema->fields[i], err));
    }
    *out = weir_schema_copy(arena, schema);
    return WEIR_OK;
}

/* --- a run --- */

struct constant {
    const struct weir_item *item;
    int partition;                   /* index, or -1 */
    const struct weir_type *type;    /* of the partition */
    struct weir_text_parser *parser; /* of the partition; NULL = the text itself */
};

struct run {
    weir_text_reader *reader;
    weir_arena *arena;
    struct constant *constants;
    size_t constant_count;
    int *columns;
    struct weir_text_file *files;
    size_t *origin; /* files[i] is the caller's file origin[i] */
    size_t file_count;
};

static weir_rc plan_columns(struct run *run, const struct weir_item *items, size_t item_count, struct weir_error *err)
{
    weir_text_reader *reader = run->reader;
    run->columns = weir_arena_zalloc(run->arena, (item_count + 1) * sizeof *run->columns);
    run->constants = weir_arena_zalloc(run->arena, (item_count + 1) * sizeof *run->constants);
    for (size_t i = 0; i < item_count; i++) {
        struct constant constant = {.item = &items[i], .partition = -1};
        size_t at;
        if (items[i].kind == WEIR_ITEM_COLUMN) {
            WEIR_TRY(find_column(reader, items[i].name, i, &at, err));
            if (at < reader->data->field_count) {
                run->columns[i] = (int)at;
                continue;
            }
            constant.partition = (int)(at - reader->data->field_count);
            constant.type = &reader->all->fields[at].type;
            if (constant.type->id != WEIR_TYPE_STRING) {
                constant.parser = weir_text_parser_new(constant.type, reader->plain);
            }
        }
        run->columns[i] = -1 - (int)run->constant_count;
        run->constants[run->constant_count++] = constant;
    }
    return WEIR_OK;
}

static weir_rc partition_value(struct run *run, const struct constant *constant, const struct weir_source_file *file, const char *text, union weir_value *out,
                               struct weir_error *err)
{
    if (!constant->parser) {
        out->s = weir_str(text); /* lives as long as the file's entry */
        return WEIR_OK;
    }
    if (constant->parser->parse(constant->parser, text, strlen(text), out) == WEIR_VALUE) {
        if (constant->type->id == WEIR_TYPE_BINARY) {
            out->s.ptr = weir_arena_strndup(run->arena, out->s.ptr, out->s.len);
        }
        return WEIR_OK;
    }
    struct weir_buf type;
    weir_buf_init(&type, 0);
    weir_type_print(&type, constant->type);
    const weir_rc rc = weir_fail(err, WEIR_INVALID, "PARTITION_VALUE_INVALID",
                                 "the value '%s' of the partition column %s is no %s; %s; rename the folder, or declare the column as STRING", text,
                                 run->reader->partitions[constant->partition], type.data, file->path);
    weir_buf_free(&type);
    return rc;
}

static void metadata_all(struct run *run, const struct weir_source_file *file, union weir_value *out)
{
    const weir_schema *schema = weir_source_metadata_schema();
    union weir_value *values = weir_arena_alloc(run->arena, schema->field_count * sizeof *values);
    struct weir_type type;
    for (size_t i = 0; i < schema->field_count; i++) {
        (void)weir_source_metadata_value(run->arena, file, schema->fields[i].name, &type, &values[i]);
    }
    out->s = (struct weir_str){(const char *)values, schema->field_count * sizeof *values};
}

static weir_rc file_constants(struct run *run, const struct weir_source_file *file, struct weir_text_file *out, struct weir_error *err)
{
    union weir_value *values = weir_arena_zalloc(run->arena, (run->constant_count + 1) * sizeof *values);
    bool *nulls = weir_arena_zalloc(run->arena, run->constant_count + 1);
    const char *const *texts = file->partition_values;
    if (!texts && run->reader->partition_count > 0) {
        texts = weir_source_partition_values(run->arena, file->path, run->reader->partitions, run->reader->partition_count);
    }
    for (size_t i = 0; i < run->constant_count; i++) {
        const struct constant *constant = &run->constants[i];
        struct weir_type type;
        if (constant->partition >= 0) {
            const char *text = texts[constant->partition];
            nulls[i] = text == NULL;
            WEIR_TRY(text ? partition_value(run, constant, file, text, &values[i], err) : WEIR_OK);
        } else if (constant->item->kind == WEIR_ITEM_METADATA) {
            if (!weir_source_metadata_value(run->arena, file, constant->item->name, &type, &values[i])) {
                return weir_fail(err, WEIR_NOT_FOUND, "SOURCE_COLUMN_NOT_FOUND", "_metadata has no such field; _metadata.%s; check its name", constant->item->name);
            }
        } else if (constant->item->kind == WEIR_ITEM_METADATA_ALL) {
            metadata_all(run, file, &values[i]);
        } else {
            values[i] = constant->item->value;
            nulls[i] = constant->item->is_null;
        }
    }
    out->constants = values;
    out->constant_nulls = nulls;
    return WEIR_OK;
}

static bool is_missing(struct run *run, const struct weir_source_file *file, struct weir_text_file_result *result)
{
    struct weir_file_info info;
    const bool missing = run->reader->file_options.ignore_missing && weir_fs_stat(run->reader->fs, file->path, &info, NULL) == WEIR_NOT_FOUND;
    if (missing && result) {
        result->missing = true;
    }
    return missing;
}

static weir_rc plan_files(struct run *run, const struct weir_source_file *files, size_t count, struct weir_text_file_result *results, struct weir_error *err)
{
    run->files = weir_arena_alloc(run->arena, (count + 1) * sizeof *run->files);
    run->origin = weir_arena_alloc(run->arena, (count + 1) * sizeof *run->origin);
    for (size_t i = 0; i < count; i++) {
        const struct weir_source_file *file = &files[i];
        if (results) {
            results[i] = (struct weir_text_file_result){0};
        }
        if (file->size == 0 || weiri_name_no_data(weir_path_name(file->path).ptr) || is_missing(run, file, results ? &results[i] : NULL)) {
            continue;
        }
        struct weir_text_file *out = &run->files[run->file_count];
        *out = (struct weir_text_file){.path = file->path, .size = file->size, .mtime_ns = file->mtime_ns};
        WEIR_TRY(file_constants(run, file, out, err));
        run->origin[run->file_count++] = i;
    }
    return WEIR_OK;
}

static weir_rc read_files(struct run *run, size_t item_count, enum weir_text_keep keep, int threads, struct weir_sink_factory *sinks, struct weir_text_result *result,
                          struct weir_error *err)
{
    struct weir_text_file_result *per_file = weir_arena_zalloc(run->arena, (run->file_count + 1) * sizeof *per_file);
    struct weir_text_file_result *callers = result->files;
    const struct weir_text_read read = {.format = run->reader->compiled, .fs = run->reader->fs, .files = run->files, .file_count = run->file_count, .columns = run->columns,
                                       .column_count = item_count, .keep = keep, .threads = threads, .sinks = sinks};
    *result = (struct weir_text_result){.files = per_file};
    const weir_rc rc = run->file_count > 0 ? weir_text_run(&read, result, err) : WEIR_OK;
    for (size_t i = 0; callers && i < run->file_count; i++) {
        callers[run->origin[i]] = per_file[i];
    }
    result->files = callers;
    return rc;
}

weir_rc weir_text_reader_run(weir_text_reader *reader, const struct weir_source_file *files, size_t count, const struct weir_item *items, size_t item_count,
                             enum weir_text_keep keep, int threads, struct weir_sink_factory *sinks, struct weir_text_result *result, struct weir_error *err)
{
    struct run run = {.reader = reader, .arena = weir_arena_new()};
    struct weir_text_result own = {0};
    result = result ? result : &own;
    weir_rc rc = plan_columns(&run, items, item_count, err);
    rc = rc == WEIR_OK ? plan_files(&run, files, count, result->files, err) : rc;
    rc = rc == WEIR_OK ? read_files(&run, item_count, keep, threads, sinks, result, err) : rc;
    for (size_t i = 0; i < run.constant_count; i++) {
        weir_text_parser_free(run.constants[i].parser);
    }
    weir_arena_free(run.arena);
    return rc;
}
