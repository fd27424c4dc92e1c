/* access.c - values of finished columns: one at a time, or the chosen rows of a batch into a new one. */
#include "base/map.h"
#include "column/arrow_internal.h"

bool weir_arrow_is_null(const struct ArrowArray *array, int64_t row)
{
    if (array->n_buffers == 0) {
        return true; /* the null layout */
    }
    const uint8_t *bits = array->buffers[0];
    int64_t i = row + array->offset;
    return bits && array->null_count != 0 && ((bits[i >> 3] >> (i & 7)) & 1) == 0;
}

bool weir_arrow_bool(const struct ArrowArray *array, int64_t row)
{
    const uint8_t *bits = array->buffers[1];
    int64_t i = row + array->offset;
    return (bits[i >> 3] >> (i & 7)) & 1;
}

int64_t weir_arrow_i64(const struct ArrowArray *array, enum weir_type_id id, int64_t row)
{
    int64_t i = row + array->offset;
    switch (weiri_width(id)) {
    case 1:
        return ((const int8_t *)array->buffers[1])[i];
    case 2:
        return ((const int16_t *)array->buffers[1])[i];
    case 4:
        return ((const int32_t *)array->buffers[1])[i];
    case 8:
        return ((const int64_t *)array->buffers[1])[i];
    default:
        WEIR_UNREACHABLE("not an integer column");
    }
}

double weir_arrow_f64(const struct ArrowArray *array, enum weir_type_id id, int64_t row)
{
    int64_t i = row + array->offset;
    return id == WEIR_TYPE_FLOAT ? (double)((const float *)array->buffers[1])[i] : ((const double *)array->buffers[1])[i];
}

weir_i128 weir_arrow_decimal(const struct ArrowArray *array, int64_t row)
{
    weir_i128 value; /* other makers may align buffers to 8 bytes only */
    memcpy(&value, (const char *)array->buffers[1] + (row + array->offset) * (int64_t)sizeof value, sizeof value);
    return value;
}

struct weir_str weir_arrow_bytes(const struct ArrowArray *array, int64_t row)
{
    const int32_t *offsets = array->buffers[1];
    int64_t i = row + array->offset;
    const char *text = array->buffers[2] ? array->buffers[2] : "";
    return (struct weir_str){text + offsets[i], (size_t)(offsets[i + 1] - offsets[i])};
}

static void copy_value(weir_builder *builder, const struct ArrowArray *from, int64_t row, bool unique);

/* Which entries of a map have a later one of the same key. */
static bool *repeated_keys(const struct ArrowArray *keys, int64_t from, int64_t count)
{
    bool *repeated = weir_calloc((size_t)count + 1, sizeof *repeated);
    weir_map *seen = weir_map_new();
    for (int64_t r = count; r-- > 0;) {
        const struct weir_str key = weir_arrow_bytes(keys, from + r);
        repeated[r] = weir_map_has(seen, key);
        weir_map_put(seen, key, seen);
    }
    weir_map_free(seen, NULL);
    return repeated;
}

static void copy_map(weir_builder *builder, const struct ArrowArray *entries, int64_t from, int64_t count, bool unique)
{
    const bool by_text = weiri_builder_type(builder)->fields[0].type.id == WEIR_TYPE_STRING;
    bool *repeated = unique && by_text && count > 1 ? repeated_keys(entries->children[0], from, count) : NULL;
    for (int64_t r = 0; r < count; r++) {
        if (!repeated || !repeated[r]) {
            copy_value(weir_builder_child(builder, 0), entries->children[0], from + r, unique);
            copy_value(weir_builder_child(builder, 1), entries->children[1], from + r, unique);
        }
    }
    weir_free(repeated);
}

static void copy_nested(weir_builder *builder, const struct weir_type *type, const struct ArrowArray *from, int64_t row, bool unique)
{
    int64_t i = row + from->offset;
    if (type->id == WEIR_TYPE_STRUCT) {
        for (size_t f = 0; f < type->field_count; f++) {
            copy_value(weir_builder_child(builder, f), from->children[f], i, unique);
        }
    } else {
        const int32_t *offsets = from->buffers[1];
        const struct ArrowArray *entries = from->children[0];
        if (type->id == WEIR_TYPE_MAP) {
            copy_map(builder, entries, offsets[i] + entries->offset, offsets[i + 1] - offsets[i], unique);
        }
        for (int64_t r = offsets[i]; type->id == WEIR_TYPE_ARRAY && r < offsets[i + 1]; r++) {
            copy_value(weir_builder_child(builder, 0), entries, r, unique);
        }
    }
    weir_builder_end(builder);
}

static void copy_value(weir_builder *builder, const struct ArrowArray *from, int64_t row, bool unique)
{
    const struct weir_type *type = weiri_builder_type(builder);
    if (weir_arrow_is_null(from, row)) {
        weir_builder_null(builder);
        return;
    }
    switch (type->id) {
    case WEIR_TYPE_BOOLEAN:
        weir_builder_bool(builder, weir_arrow_bool(from, row));
        break;
    case WEIR_TYPE_FLOAT:
    case WEIR_TYPE_DOUBLE:
        weir_builder_f64(builder, weir_arrow_f64(from, type->id, row));
        break;
    case WEIR_TYPE_DECIMAL:
        weir_builder_decimal(builder, weir_arrow_decimal(from, row));
        break;
    case WEIR_TYPE_STRING:
    case WEIR_TYPE_BINARY: {
        struct weir_str text = weir_arrow_bytes(from, row);
        weir_builder_bytes(builder, text.ptr, text.len);
        break;
    }
    case WEIR_TYPE_ARRAY:
    case WEIR_TYPE_MAP:
    case WEIR_TYPE_STRUCT:
        copy_nested(builder, type, from, row, unique);
        break;
    default:
        weir_builder_i64(builder, weir_arrow_i64(from, type->id, row));
    }
}

void weiri_builder_copy(weir_builder *builder, const struct ArrowArray *from, int64_t row)
{
    copy_value(builder, from, row, false);
}

/* What the chosen rows hold must stay below Arrow's 32-bit offsets. */
static weir_rc check_size(const struct ArrowArray *from, const int64_t *rows, int64_t count, struct weir_error *err)
{
    int64_t bytes = 0;
    for (int64_t i = 0; i < count; i++) {
        bytes += weir_arrow_is_null(from, rows[i]) ? 0 : (int64_t)weir_arrow_bytes(from, rows[i]).len;
    }
    if (bytes > INT32_MAX) {
        return weir_fail(err, WEIR_TOO_BIG, "BATCH_TOO_BIG", "a column of %lld rows holds %lld bytes of text; use smaller batches",
                         (long long)count, (long long)bytes);
    }
    return WEIR_OK;
}

weir_rc weir_batch_take(const struct weir_batch *batch, const int64_t *rows, int64_t count, struct weir_batch *out, struct weir_error *err)
{
    const weir_schema *schema = batch->schema;
    struct ArrowArray *columns = weir_calloc(schema->field_count + 1, sizeof *columns);
    weir_rc rc = WEIR_OK;
    memset(out, 0, sizeof *out);
    for (size_t c = 0; c < schema->field_count && rc == WEIR_OK; c++) {
        const struct weir_type *type = &schema->fields[c].type;
        if (type->id == WEIR_TYPE_STRING || type->id == WEIR_TYPE_BINARY) {
            rc = check_size(batch->array.children[c], rows, count, err);
        }
        weir_builder *builder = weir_builder_new(type);
        for (int64_t i = 0; i < count && rc == WEIR_OK; i++) {
            weiri_builder_copy(builder, batch->array.children[c], rows[i] + batch->array.offset);
        }
        weir_builder_finish(builder, &columns[c]);
        weir_builder_free(builder);
    }
    if (rc == WEIR_OK) {
        weir_batch_make(schema, columns, count, out);
    }
    for (size_t c = 0; c < schema->field_count; c++) {
        if (columns[c].release) {
            columns[c].release(&columns[c]);
        }
    }
    weir_free(columns);
    return rc;
}

static bool has_maps(const struct weir_type *type)
{
    bool found = type->id == WEIR_TYPE_MAP;
    for (size_t i = 0; i < type->field_count && !found; i++) {
        found = has_maps(&type->fields[i].type);
    }
    return found;
}

void weir_batch_unique_keys(struct weir_batch *batch)
{
    for (size_t c = 0; c < batch->schema->field_count; c++) {
        if (!has_maps(&batch->schema->fields[c].type)) {
            continue;
        }
        struct ArrowArray *column = batch->array.children[c];
        weir_builder *builder = weir_builder_new(&batch->schema->fields[c].type);
        for (int64_t row = 0; row < batch->array.length + batch->array.offset; row++) {
            copy_value(builder, column, row, true);
        }
        column->release(column);
        weir_builder_finish(builder, column);
        weir_builder_free(builder);
    }
}
