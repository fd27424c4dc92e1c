/* metadata.c - the _metadata struct of a file. */
#include "source/source_internal.h"
#include "base/uri.h"

enum { PATH, NAME, SIZE, BLOCK_START, BLOCK_LENGTH, MODIFIED, FIELDS };

#define FIELD(name_, id_)                                                                          \
    {                                                                                              \
        .name = name_, .type = {.id = id_}, .nullable = false                                      \
    }
static struct weir_field METADATA_FIELDS[FIELDS] = {
    [PATH] = FIELD("file_path", WEIR_TYPE_STRING),
    [NAME] = FIELD("file_name", WEIR_TYPE_STRING),
    [SIZE] = FIELD("file_size", WEIR_TYPE_LONG),
    [BLOCK_START] = FIELD("file_block_start", WEIR_TYPE_LONG),
    [BLOCK_LENGTH] = FIELD("file_block_length", WEIR_TYPE_LONG),
    [MODIFIED] = FIELD("file_modification_time", WEIR_TYPE_TIMESTAMP),
};
static const weir_schema METADATA = {.id = WEIR_TYPE_STRUCT, .fields = METADATA_FIELDS, .field_count = FIELDS};

const weir_schema *weir_source_metadata_schema(void)
{
    return &METADATA;
}

/* file_path or file_name, encoded. */
static struct weir_str spelled(weir_arena *arena, const char *path, bool name_only)
{
    struct weir_buf text;
    weir_buf_init(&text, 0);
    if (name_only) {
        weir_uri_encode_component(&text, weir_path_name(path));
    } else {
        weir_uri_metadata_path(&text, weir_str(path));
    }
    const struct weir_str kept = {weir_arena_strndup(arena, text.data, text.len), text.len};
    weir_buf_free(&text);
    return kept;
}

bool weir_source_metadata_value(weir_arena *arena, const struct weir_source_file *file, const char *field,
                                struct weir_type *type_out, union weir_value *out)
{
    const int at = weir_schema_find(&METADATA, weir_str(field));
    *out = (union weir_value){.d = 0};
    if (at < 0) {
        return false;
    }
    *type_out = METADATA.fields[at].type;
    switch (at) {
    case PATH:
    case NAME:
        out->s = spelled(arena, file->path, at == NAME);
        break;
    case BLOCK_START:
        out->i = 0;
        break;
    case MODIFIED: /* milliseconds, as Hadoop's FileStatus; floor for times before 1970 */
        out->i = (file->mtime_ns / 1000000 - (file->mtime_ns % 1000000 < 0)) * 1000;
        break;
    default: /* a file is never split: its one block is all of it */
        out->i = file->size;
    }
    return true;
}
