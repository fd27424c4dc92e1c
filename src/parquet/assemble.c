/* assemble.c - levels and values back into rows (the Dremel way), one top-level column at a time.
 *
 * Each leaf has a position. A node asks its first leaf's definition level whether it is there; what is not there takes one entry of every leaf
 * below it. Items of a list go on while the repetition level is that of the list. */
#include "parquet/reader_internal.h"

#define INT96_JULIAN_EPOCH_DAY 2440588

struct assembler {
    struct weiri_pq_column *columns; /* all leaves of the file; those of other columns are empty */
    size_t bytes;
    bool bad;                        /* leaves that do not agree */
    bool too_big;
};

static void take_absent(struct assembler *a, const struct weiri_pq_node *node)
{
    for (size_t i = 0; i < node->leaf_count; i++) {
        struct weiri_pq_column *leaf = &a->columns[node->first_leaf + i];
        a->bad = a->bad || leaf->at >= leaf->entries;
        leaf->at++;
    }
}

static int def_at(struct assembler *a, const struct weiri_pq_column *leaf)
{
    if (leaf->at >= leaf->entries) {
        a->bad = true;
        return 0;
    }
    return leaf->def ? leaf->def[leaf->at] : 0;
}

static int64_t floor_div(int64_t value, int64_t by)
{
    int64_t q = value / by;
    return value % by < 0 ? q - 1 : q;
}

static int64_t int96_us(const uint8_t *bytes)
{
    uint64_t nanos = 0;
    uint32_t day = 0;
    memcpy(&nanos, bytes, sizeof nanos);
    memcpy(&day, bytes + 8, sizeof day);
    uint64_t days = (uint64_t)((int64_t)(int32_t)day - INT96_JULIAN_EPOCH_DAY) * 86400000000u; /* wraps where a damaged value is beyond any time */
    return (int64_t)(days + (uint64_t)floor_div((int64_t)nanos, 1000));
}

static bool decimal_of(struct weir_str bytes, weir_i128 *out)
{
    weir_u128 value = bytes.len && (bytes.ptr[0] & 0x80) ? ~(weir_u128)0 : 0;
    size_t i = 0;
    for (; bytes.len - i > 16; i++) { /* more than 16 bytes: the leading ones must only repeat the sign */
        if ((uint8_t)bytes.ptr[i] != (uint8_t)value) {
            return false;
        }
    }
    for (; i < bytes.len; i++) {
        value = value << 8 | (uint8_t)bytes.ptr[i];
    }
    *out = (weir_i128)value;
    return true;
}

static void put_integer(const struct weiri_pq_leaf *leaf, int64_t value, weir_builder *to)
{
    switch (leaf->convert) {
    case WEIRI_PQ_UINT32:
        weir_builder_i64(to, (int64_t)(uint32_t)(int32_t)value);
        return;
    case WEIRI_PQ_UINT64:
        weir_builder_decimal(to, (weir_i128)(uint64_t)value);
        return;
    case WEIRI_PQ_MILLIS:
        weir_builder_i64(to, (int64_t)((uint64_t)value * 1000));
        return;
    case WEIRI_PQ_NANOS:
        weir_builder_i64(to, floor_div(value, 1000));
        return;
    case WEIRI_PQ_AS_IS:
    case WEIRI_PQ_INT96_TIME:
    case WEIRI_PQ_DECIMAL_BYTES:
        break;
    }
    if (leaf->id == WEIR_TYPE_DECIMAL) {
        weir_builder_decimal(to, value);
    } else {
        weir_builder_i64(to, value);
    }
}

static void put_bytes(struct assembler *a, const struct weiri_pq_leaf *leaf, struct weir_str bytes, weir_builder *to)
{
    if (leaf->id == WEIR_TYPE_DECIMAL) {
        weir_i128 value = 0;
        a->bad = a->bad || !decimal_of(bytes, &value);
        weir_builder_decimal(to, value);
        return;
    }
    a->bytes += bytes.len;
    if (a->bytes > INT32_MAX - 64) { /* offsets have 32 bits */
        a->too_big = true;
        weir_builder_null(to);
        return;
    }
    weir_builder_bytes(to, bytes.ptr, bytes.len);
}

static void put_value(struct assembler *a, struct weiri_pq_column *leaf, weir_builder *to)
{
    if (leaf->value_at >= leaf->values || leaf->leaf->id == WEIR_TYPE_VOID) {
        a->bad = a->bad || leaf->leaf->id != WEIR_TYPE_VOID;
        weir_builder_null(to);
        return;
    }
    size_t i = (size_t)leaf->value_at++;
    switch (leaf->leaf->physical) {
    case WEIR_PQ_BOOLEAN:
        weir_builder_bool(to, ((const uint8_t *)leaf->data)[i]);
        break;
    case WEIR_PQ_INT32:
        put_integer(leaf->leaf, ((const int32_t *)leaf->data)[i], to);
        break;
    case WEIR_PQ_INT64:
        put_integer(leaf->leaf, ((const int64_t *)leaf->data)[i], to);
        break;
    case WEIR_PQ_INT96:
        weir_builder_i64(to, int96_us((const uint8_t *)leaf->data + 12 * i));
        break;
    case WEIR_PQ_FLOAT:
        weir_builder_f64(to, (double)((const float *)leaf->data)[i]);
        break;
    case WEIR_PQ_DOUBLE:
        weir_builder_f64(to, ((const double *)leaf->data)[i]);
        break;
    default:
        put_bytes(a, leaf->leaf, ((const struct weir_str *)leaf->data)[i], to);
    }
}

static void assemble(struct assembler *a, const struct weiri_pq_node *node, weir_builder *to);

static void assemble_items(struct assembler *a, const struct weiri_pq_node *node, weir_builder *to)
{
    struct weiri_pq_column *first = &a->columns[node->first_leaf];
    if (def_at(a, first) < node->def_item) {
        take_absent(a, node);
    } else {
        do {
            for (size_t i = 0; i < node->child_count; i++) {
                assemble(a, &node->children[i], weir_builder_child(to, i));
            }
        } while (!a->bad && !a->too_big && first->at < first->entries && first->rep[first->at] == node->rep_item);
    }
    weir_builder_end(to);
}

static void assemble(struct assembler *a, const struct weiri_pq_node *node, weir_builder *to)
{
    struct weiri_pq_column *first = &a->columns[node->first_leaf];
    bool there = def_at(a, first) >= node->def_null;
    if (!there || a->bad) {
        take_absent(a, node);
        weir_builder_null(to);
        return;
    }
    switch (node->kind) {
    case WEIRI_PQ_LEAF:
        first->at++;
        put_value(a, first, to);
        break;
    case WEIRI_PQ_STRUCT:
        for (size_t i = 0; i < node->child_count; i++) {
            assemble(a, &node->children[i], weir_builder_child(to, i));
        }
        weir_builder_end(to);
        break;
    case WEIRI_PQ_LIST:
    case WEIRI_PQ_MAP:
        assemble_items(a, node, to);
        break;
    }
}

weir_rc weiri_pq_assemble(const struct weiri_pq_node *node, struct weiri_pq_column *columns, int64_t rows, struct ArrowArray *out, struct weir_error *err)
{
    struct assembler a = {.columns = columns};
    weir_builder *to = weir_builder_new(&node->type);
    for (int64_t row = 0; row < rows && !a.bad && !a.too_big; row++) {
        const struct weiri_pq_column *first = &columns[node->first_leaf];
        a.bad = first->rep && first->at < first->entries && first->rep[first->at] != 0;
        assemble(&a, node, to);
    }
    for (size_t i = 0; i < node->leaf_count && !a.bad && !a.too_big; i++) {
        const struct weiri_pq_column *leaf = &columns[node->first_leaf + i];
        a.bad = leaf->at != leaf->entries;
    }
    if (a.bad || a.too_big) {
        weir_builder_free(to);
        return a.too_big ? weir_fail(err, WEIR_TOO_BIG, "PARQUET_GROUP_TOO_BIG", "a row group has more than 2 GiB of text in one column; rewrite the file with smaller row groups")
                         : weir_fail(err, WEIR_CORRUPT, "PARQUET_CORRUPT", "the columns of a row group do not have the same number of rows");
    }
    weir_builder_finish(to, out);
    weir_builder_free(to);
    return WEIR_OK;
}
