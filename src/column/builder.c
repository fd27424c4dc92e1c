/* builder.c - columns made value by value, and batches made of columns.
 *
 * Buffers grow by doubling and are moved into the finished array. Validity is kept as a bitmap from the first NULL on; a column without NULL has none.
 * MAP keeps its key and value builders as children 0 and 1; the "entries" struct between appears only in the finished array. */
#include "column/arrow_internal.h"

struct grow {
    uint8_t *data;
    size_t len, cap; /* bytes */
};
struct weir_builder {
    struct weir_type type;
    int64_t rows, nulls;
    struct grow validity; /* empty until the first NULL */
    struct grow values;   /* fixed-width values, bits, or text */
    struct grow offsets;  /* int32; STRING, BINARY, ARRAY, MAP */
    weir_builder **children;
};

static inline void *grow_by(struct grow *g, size_t bytes)
{
    if (g->len + bytes > g->cap) {
        size_t cap = g->cap < 512 ? 1024 : g->cap * 2;
        while (cap < g->len + bytes) {
            cap *= 2;
        }
        g->data = weir_realloc(g->data, cap);
        g->cap = cap;
    }
    void *at = g->data + g->len;
    g->len += bytes;
    return at;
}

static bool has_offsets(enum weir_type_id id)
{
    return id == WEIR_TYPE_STRING || id == WEIR_TYPE_BINARY || id == WEIR_TYPE_ARRAY || id == WEIR_TYPE_MAP;
}

static void put_offset(weir_builder *b, int64_t offset)
{
    WEIR_ASSERT(offset <= INT32_MAX); /* whoever fills a builder ends the batch before (weir_builder_bytes_used) */
    int32_t value = (int32_t)offset;
    memcpy(grow_by(&b->offsets, sizeof value), &value, sizeof value);
}

weir_builder *weir_builder_new(const struct weir_type *type)
{
    weir_builder *b = weir_calloc(1, sizeof *b);
    b->type = *type;
    if (has_offsets(type->id)) {
        put_offset(b, 0);
    }
    if (type->field_count > 0) {
        b->children = weir_calloc(type->field_count, sizeof(weir_builder *));
        for (size_t i = 0; i < type->field_count; i++) {
            b->children[i] = weir_builder_new(&type->fields[i].type);
        }
    }
    return b;
}

void weir_builder_free(weir_builder *builder)
{
    if (!builder) {
        return;
    }
    for (size_t i = 0; builder->children && i < builder->type.field_count; i++) {
        weir_builder_free(builder->children[i]);
    }
    weir_free(builder->children);
    weir_free(builder->validity.data);
    weir_free(builder->values.data);
    weir_free(builder->offsets.data);
    weir_free(builder);
}

const struct weir_type *weiri_builder_type(const weir_builder *builder)
{
    return &builder->type;
}

/* Bit `row` of a bitmap that grows as rows come. */
static void put_bit(struct grow *g, int64_t row, bool value)
{
    size_t byte = (size_t)row >> 3;
    while (byte >= g->len) {
        *(uint8_t *)grow_by(g, 1) = 0;
    }
    uint8_t bit = (uint8_t)(1U << (row & 7));
    g->data[byte] = (uint8_t)(value ? g->data[byte] | bit : g->data[byte] & ~bit);
}

/* The row is there: note that it is valid (or not) and count it. */
static inline void end_row(weir_builder *b, bool valid)
{
    if (!valid && b->validity.len == 0) {
        size_t bytes = (size_t)b->rows / 8 + 1;
        memset(grow_by(&b->validity, bytes), 0xff, bytes);
    }
    if (b->validity.len > 0) {
        put_bit(&b->validity, b->rows, valid);
    }
    b->nulls += !valid;
    b->rows++;
}

void weir_builder_null(weir_builder *b)
{
    size_t width = weiri_width(b->type.id);
    if (width > 0) {
        memset(grow_by(&b->values, width), 0, width);
    } else if (b->type.id == WEIR_TYPE_BOOLEAN) {
        put_bit(&b->values, b->rows, false);
    } else if (has_offsets(b->type.id)) {
        int32_t last;
        memcpy(&last, b->offsets.data + b->offsets.len - sizeof last, sizeof last);
        put_offset(b, last);
    } else if (b->type.id == WEIR_TYPE_STRUCT) {
        for (size_t i = 0; i < b->type.field_count; i++) {
            weir_builder_null(b->children[i]);
        }
    }
    end_row(b, false);
}

void weir_builder_bool(weir_builder *b, bool value)
{
    WEIR_ASSERT(b->type.id == WEIR_TYPE_BOOLEAN);
    put_bit(&b->values, b->rows, value);
    end_row(b, true);
}

void weir_builder_i64(weir_builder *b, int64_t value)
{
    /* Little-endian: the low bytes are the narrow value. */
    size_t width = weiri_width(b->type.id);
    WEIR_ASSERT(width > 0 && width <= 8 && b->type.id != WEIR_TYPE_FLOAT && b->type.id != WEIR_TYPE_DOUBLE);
    memcpy(grow_by(&b->values, width), &value, width);
    end_row(b, true);
}

void weir_builder_f64(weir_builder *b, double value)
{
    if (b->type.id == WEIR_TYPE_FLOAT) {
        float narrow = (float)value;
        memcpy(grow_by(&b->values, sizeof narrow), &narrow, sizeof narrow);
    } else {
        WEIR_ASSERT(b->type.id == WEIR_TYPE_DOUBLE);
        memcpy(grow_by(&b->values, sizeof value), &value, sizeof value);
    }
    end_row(b, true);
}

void weir_builder_decimal(weir_builder *b, weir_i128 unscaled)
{
    WEIR_ASSERT(b->type.id == WEIR_TYPE_DECIMAL);
    memcpy(grow_by(&b->values, sizeof unscaled), &unscaled, sizeof unscaled);
    end_row(b, true);
}

void weir_builder_bytes(weir_builder *b, const void *bytes, size_t len)
{
    WEIR_ASSERT(b->type.id == WEIR_TYPE_STRING || b->type.id == WEIR_TYPE_BINARY);
    if (len > 0) {
        memcpy(grow_by(&b->values, len), bytes, len);
    }
    put_offset(b, (int64_t)b->values.len);
    end_row(b, true);
}

weir_builder *weir_builder_child(weir_builder *b, size_t index)
{
    WEIR_ASSERT(index < b->type.field_count);
    return b->children[index];
}

void weir_builder_end(weir_builder *b)
{
    WEIR_ASSERT(b->children != NULL || b->type.id == WEIR_TYPE_STRUCT);
    if (b->type.id == WEIR_TYPE_STRUCT) {
        for (size_t i = 0; i < b->type.field_count; i++) {
            WEIR_ASSERT(b->children[i]->rows == b->rows + 1);
        }
    } else {
        WEIR_ASSERT(b->type.id == WEIR_TYPE_ARRAY || b->children[0]->rows == b->children[1]->rows);
        put_offset(b, b->children[0]->rows);
    }
    end_row(b, true);
}

int64_t weir_builder_rows(const weir_builder *builder)
{
    return builder->rows;
}

size_t weir_builder_bytes_used(const weir_builder *b)
{
    size_t bytes = b->validity.cap + b->values.cap + b->offsets.cap;
    for (size_t i = 0; b->children && i < b->type.field_count; i++) {
        bytes += weir_builder_bytes_used(b->children[i]);
    }
    return bytes;
}

void weiri_builder_truncate(weir_builder *b, int64_t rows)
{
    WEIR_ASSERT(rows <= b->rows && (b->children == NULL || b->type.id == WEIR_TYPE_STRUCT));
    for (size_t i = 0; b->children && i < b->type.field_count; i++) {
        weiri_builder_truncate(b->children[i], rows);
    }
    for (int64_t r = rows; r < b->rows && b->validity.len > 0; r++) {
        b->nulls -= ((b->validity.data[r >> 3] >> (r & 7)) & 1) == 0;
    }
    size_t width = weiri_width(b->type.id);
    if (width > 0) {
        b->values.len = (size_t)rows * width;
    } else if (has_offsets(b->type.id)) {
        int32_t end;
        b->offsets.len = ((size_t)rows + 1) * sizeof end;
        memcpy(&end, b->offsets.data + b->offsets.len - sizeof end, sizeof end);
        b->values.len = (size_t)end;
    }
    b->rows = rows;
}

void weiri_builder_view(const weir_builder *b, struct ArrowArray *out, const void *buffers[3])
{
    WEIR_ASSERT(b->children == NULL);
    size_t n = 0;
    buffers[n++] = b->nulls > 0 ? b->validity.data : NULL;
    if (has_offsets(b->type.id)) {
        buffers[n++] = b->offsets.data;
    }
    buffers[n++] = b->values.data;
    *out = (struct ArrowArray){.length = b->rows, .null_count = b->nulls, .n_buffers = (int64_t)n, .buffers = buffers};
}

/* --- finished arrays --- */

struct array_node {
    const void *buffers[3];
    struct ArrowArray **children;
    struct ArrowArray *child_storage;
};

static void release_array(struct ArrowArray *array)
{
    struct array_node *node = array->private_data;
    for (int64_t i = 0; i < array->n_children; i++) {
        if (array->children[i]->release) {
            array->children[i]->release(array->children[i]);
        }
    }
    for (int i = 0; i < 3; i++) {
        weir_free((void *)(uintptr_t)node->buffers[i]);
    }
    weir_free(node->children);
    weir_free(node->child_storage);
    weir_free(node);
    array->release = NULL;
}

static void array_init(struct ArrowArray *out, int64_t rows, int64_t nulls, size_t children)
{
    struct array_node *node = weir_calloc(1, sizeof *node);
    *out = (struct ArrowArray){.length = rows, .null_count = nulls, .release = release_array, .private_data = node};
    out->buffers = node->buffers;
    out->n_children = (int64_t)children;
    if (children > 0) {
        node->children = weir_calloc(children, sizeof *node->children);
        node->child_storage = weir_calloc(children, sizeof *node->child_storage);
        for (size_t i = 0; i < children; i++) {
            node->children[i] = &node->child_storage[i];
        }
        out->children = node->children;
    }
}

/* The bytes leave the builder; an empty buffer is still a pointer, since readers may not take NULL for data. */
static void *take_buffer(struct grow *g)
{
    void *data = g->data ? g->data : weir_calloc(1, 16);
    *g = (struct grow){0};
    return data;
}

static void finish_map(weir_builder *b, struct ArrowArray *out)
{
    struct ArrowArray *entries = out->children[0];
    array_init(entries, b->children[0]->rows, 0, 2);
    entries->n_buffers = 1;
    weir_builder_finish(b->children[0], entries->children[0]);
    weir_builder_finish(b->children[1], entries->children[1]);
}

void weir_builder_finish(weir_builder *b, struct ArrowArray *out)
{
    enum weir_type_id id = b->type.id;
    size_t children = id == WEIR_TYPE_MAP ? 1 : b->type.field_count;
    array_init(out, b->rows, id == WEIR_TYPE_VOID ? b->rows : b->nulls, children);
    struct array_node *node = out->private_data;
    if (b->nulls > 0 && id != WEIR_TYPE_VOID) {
        node->buffers[0] = take_buffer(&b->validity);
    }
    out->n_buffers = id == WEIR_TYPE_VOID ? 0 : 1;
    if (has_offsets(id)) {
        node->buffers[out->n_buffers++] = take_buffer(&b->offsets);
    }
    if (id <= WEIR_TYPE_TIMESTAMP_NTZ) {
        node->buffers[out->n_buffers++] = take_buffer(&b->values);
    }
    if (id == WEIR_TYPE_MAP) {
        finish_map(b, out);
    } else {
        for (size_t i = 0; i < children; i++) {
            weir_builder_finish(b->children[i], out->children[i]);
        }
    }
    b->rows = b->nulls = 0;
    b->validity.len = 0;
    if (has_offsets(id)) {
        put_offset(b, 0);
    }
}

void weir_batch_make(const weir_schema *schema, struct ArrowArray *columns, int64_t rows, struct weir_batch *out)
{
    out->schema = schema;
    array_init(&out->array, rows, 0, schema->field_count);
    out->array.n_buffers = 1;
    for (size_t i = 0; i < schema->field_count; i++) {
        WEIR_ASSERT(columns[i].length >= rows);
        *out->array.children[i] = columns[i];
        columns[i].release = NULL;
    }
}

void weir_batch_release(struct weir_batch *batch)
{
    if (batch && batch->array.release) {
        batch->array.release(&batch->array);
        batch->array.release = NULL;
    }
}
