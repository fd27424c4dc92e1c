/* infer.c - the columns of a folder whose files nobody described. */
#include "source/source_internal.h"
#include "base/uri.h"

static weir_rc apply_hints(weir_schema *schema, const weir_schema *hints, const char *root, struct weir_error *err)
{
    for (size_t h = 0; hints && h < hints->field_count; h++) {
        const int at = weir_schema_find(schema, weir_str(hints->fields[h].name));
        if (at < 0) {
            return weir_fail(err, WEIR_NOT_FOUND, "SCHEMA_HINT_UNKNOWN", "schemaHints names a column that the files do not have; %s in %s; check its name, and the option header", hints->fields[h].name, root);
        }
        schema->fields[at].type = hints->fields[h].type;
    }
    return WEIR_OK;
}

/* Files that a read would read. */
static struct weir_text_file *files_with_data(weir_arena *arena, const struct weir_source_file *files, size_t count, size_t *kept_out)
{
    struct weir_text_file *kept = weir_arena_zalloc(arena, (count + 1) * sizeof *kept);
    *kept_out = 0;
    for (size_t i = 0; i < count; i++) {
        if (files[i].size > 0 && !weiri_name_no_data(weir_path_name(files[i].path).ptr)) {
            kept[(*kept_out)++] = (struct weir_text_file){.path = files[i].path, .size = files[i].size, .mtime_ns = files[i].mtime_ns};
        }
    }
    return kept;
}

static weir_rc infer(weir_fs *fs, const struct weir_text_source *source, const weir_schema *hints, weir_arena *work, weir_arena *arena, weir_schema **out, struct weir_error *err)
{
    struct weir_file_options options;
    struct weir_source_file *listed = NULL;
    const char *const *partitions = NULL;
    size_t listed_count = 0, partition_count = 0, count = 0;
    weir_schema *found = NULL;
    WEIR_TRY(weir_file_options_parse(source->options, &options, err));
    options.confine = source->confine;
    WEIR_TRY(weir_source_list(fs, source->root, &options, work, &listed, &listed_count, &partitions, &partition_count, err));
    const struct weir_text_file *files = files_with_data(work, listed, listed_count, &count);
    WEIR_TRY(weir_format_infer(source->format, source->options, weir_file_option_is, fs, files, count, work, &found, err));
    if (found->field_count == 0) {
        return weir_fail(err, WEIR_INVALID, "UNABLE_TO_INFER_SCHEMA", "no file holds a line to find the columns by; %s; declare them: schema => 'a INT, ..'", source->root);
    }
    WEIR_TRY(apply_hints(found, hints, source->root, err));
    *out = weir_schema_copy(arena, found);
    return WEIR_OK;
}

void weir_text_found_options(const char *format, weir_options *options)
{
    const char *header = weir_options_get(options, "header");
    if (!weir_options_get(options, "inferSchema")) {
        weir_options_set(options, "inferSchema", "true");
    }
    if (weir_str_eq_nocase(weir_str(format), WEIR_STR("csv")) && header && weir_str_eq_nocase(weir_str(header), WEIR_STR("true")) && !weir_options_get(options, "columnsByName")) {
        weir_options_set(options, "columnsByName", "true");
    }
}

weir_rc weir_text_infer_files(weir_fs *fs, const struct weir_text_source *source, const struct weir_source_file *files, size_t count, weir_arena *arena, weir_schema **out, struct weir_error *err)
{
    weir_arena *work = weir_arena_new();
    size_t kept = 0;
    const struct weir_text_file *with_data = files_with_data(work, files, count, &kept);
    weir_schema *found = NULL;
    const weir_rc rc = weir_format_infer(source->format, source->options, weir_file_option_is, fs, with_data, kept, work, &found, err);
    *out = rc == WEIR_OK ? weir_schema_copy(arena, found) : NULL;
    weir_arena_free(work);
    return rc;
}

weir_rc weir_text_infer(weir_fs *fs, const struct weir_text_source *source, const weir_schema *hints, weir_arena *arena, weir_schema **out, struct weir_error *err)
{
    weir_options *none = source->options ? NULL : weir_options_new();
    struct weir_text_source with = *source;
    weir_arena *work = weir_arena_new();
    with.options = none ? none : source->options;
    *out = NULL;
    const weir_rc rc = infer(fs, &with, hints, work, arena, out, err);
    weir_arena_free(work);
    weir_options_free(none);
    return rc;
}
