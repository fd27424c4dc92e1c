/* shred.c - rows of an Arrow batch into slots and, for nested columns, definition and repetition levels.
 *
 * For each leaf the way down from its top-level field is walked row by row. A definition level says how far down there was something, a repetition level
 * at which list a value goes on (0: a new row). Lists and maps have three levels in the file: the repeated group counts one in both. */
#include "parquet/chunk.h"

#define KEEP_ROWS 4096
#define GROUP_ROWS 64

static struct weir_str value_at(const struct pw_leaf *leaf, const struct ArrowArray *array, int64_t row, uint8_t *scratch)
{
    const enum weir_type_id id = leaf->type->id;
    union weir_value v;
    switch (id) {
    case WEIR_TYPE_STRING:
    case WEIR_TYPE_BINARY:
        return weir_arrow_bytes(array, row);
    case WEIR_TYPE_BOOLEAN:
        v.b = weir_arrow_bool(array, row);
        break;
    case WEIR_TYPE_FLOAT:
    case WEIR_TYPE_DOUBLE:
        v.f = weir_arrow_f64(array, id, row);
        break;
    case WEIR_TYPE_DECIMAL:
        v.d = weir_arrow_decimal(array, row);
        break;
    default:
        v.i = weir_arrow_i64(array, id, row);
        break;
    }
    return weiri_pw_value_bytes(leaf, &v, scratch);
}

/* Staged rows are kept from time to time: pages end at their size, the dictionary is judged. */
static bool keep_is_due(const struct pw_chunk *c, size_t heap_mark)
{
    return c->staged >= KEEP_ROWS || c->plain.len >= WEIRI_PW_PAGE_BYTES || c->dict.heap.len > heap_mark + WEIRI_PW_PAGE_BYTES;
}

/* Values of a few rows together: their places in the table are asked for before the first is looked at. ptr NULL = NULL. */
static void key_values(struct pw_chunk *c, const struct ArrowArray *array, int64_t first, int64_t rows, uint8_t (*scratch)[16], struct pw_key *keys)
{
    for (int64_t i = 0; i < rows; i++) {
        if (weir_arrow_is_null(array, first + i)) {
            keys[i].ptr = NULL;
            continue;
        }
        const struct weir_str bytes = value_at(c->leaf, array, first + i, scratch[i]);
        keys[i] = c->plain_mode ? (struct pw_key){.ptr = bytes.ptr, .len = bytes.len} : weiri_pw_dict_key(&c->dict, bytes);
    }
}

static weir_rc shred_flat(struct pw_chunk *c, const struct ArrowArray *array, int64_t first, int64_t rows, struct weir_error *err)
{
    uint8_t scratch[GROUP_ROWS][16];
    struct pw_key keys[GROUP_ROWS];
    size_t heap_mark = c->dict.heap.len;
    for (int64_t row = first; row < first + rows; row += GROUP_ROWS) {
        const int64_t n = first + rows - row < GROUP_ROWS ? first + rows - row : GROUP_ROWS;
        key_values(c, array, row, n, scratch, keys);
        for (int64_t i = 0; i < n; i++) {
            if (keys[i].ptr) {
                WEIR_TRY(weiri_pw_chunk_stage_key(c, &keys[i], err));
            } else {
                weiri_pw_chunk_stage_null(c);
            }
            if (keep_is_due(c, heap_mark)) {
                WEIR_TRY(weiri_pw_chunk_keep(c, c->staged, NULL, err));
                heap_mark = c->dict.heap.len;
            }
        }
    }
    return weiri_pw_chunk_keep(c, c->staged, NULL, err);
}

static void put_levels(struct pw_chunk *c, int rep, int def)
{
    *weiri_pw_bytes_room(&c->def, 1) = (uint8_t)def;
    c->def.len++;
    if (c->leaf->max_rep > 0) {
        *weiri_pw_bytes_room(&c->rep, 1) = (uint8_t)rep;
        c->rep.len++;
    }
}

static weir_rc fail_null(const struct pw_chunk *c, struct weir_error *err)
{
    return weir_fail(err, WEIR_INVALID, "PARQUET_NULL_IN_REQUIRED",
                     "column %s is not nullable all the way down and row %lld of its row group has a NULL; correct the row or allow NULL",
                     c->leaf->name, (long long)c->rows);
}

struct place {
    const struct ArrowArray *array; /* what steps[step] reached */
    int64_t row;                    /* before the array's own offset */
    size_t step;
    int rep;       /* level of the next value */
    int rep_depth; /* lists above */
    int def;
};

static weir_rc shred_at(struct pw_chunk *c, struct place at, struct weir_error *err);

static weir_rc shred_list(struct pw_chunk *c, struct place at, struct weir_error *err)
{
    const struct pw_step *next = &c->leaf->steps[at.step + 1];
    const int32_t *offsets = at.array->buffers[1];
    const int64_t i = at.row + at.array->offset;
    const struct ArrowArray *entries = at.array->children[0], *child = entries;
    int64_t shift = 0;
    if (next->kind != PW_STEP_ELEMENT) {
        child = entries->children[next->index];
        shift = entries->offset;
    }
    const int64_t from = offsets[i], to = offsets[i + 1];
    if (from == to) {
        put_levels(c, at.rep, at.def);
        return WEIR_OK;
    }
    for (int64_t r = from; r < to; r++) {
        struct place below = {child, r + shift, at.step + 1, r == from ? at.rep : at.rep_depth + 1, at.rep_depth + 1, at.def + 1};
        WEIR_TRY(shred_at(c, below, err));
    }
    return WEIR_OK;
}

/* Depth is bounded by the schema's (leaf.c). */
static weir_rc shred_at(struct pw_chunk *c, struct place at, struct weir_error *err)
{
    const struct pw_leaf *leaf = c->leaf;
    const struct pw_step *step = &leaf->steps[at.step];
    if (weir_arrow_is_null(at.array, at.row)) {
        if (!step->nullable) {
            return fail_null(c, err);
        }
        put_levels(c, at.rep, at.def);
        return WEIR_OK;
    }
    at.def += step->nullable;
    if (at.step + 1 == leaf->step_count) {
        uint8_t scratch[16];
        WEIR_ASSERT(at.def == leaf->max_def);
        put_levels(c, at.rep, at.def);
        return weiri_pw_chunk_stage(c, value_at(leaf, at.array, at.row, scratch), err);
    }
    const struct pw_step *next = step + 1;
    if (next->kind != PW_STEP_FIELD) {
        return shred_list(c, at, err);
    }
    at.row += at.array->offset;
    at.array = at.array->children[next->index];
    at.step++;
    return shred_at(c, at, err);
}

static weir_rc shred_nested(struct pw_chunk *c, const struct ArrowArray *array, int64_t first, int64_t rows, struct weir_error *err)
{
    size_t heap_mark = c->dict.heap.len, pending = 0;
    for (int64_t row = first; row < first + rows; row++) {
        WEIR_TRY(shred_at(c, (struct place){array, row, 0, 0, 0, 0}, err));
        pending++;
        if (keep_is_due(c, heap_mark) || pending >= KEEP_ROWS) {
            WEIR_TRY(weiri_pw_chunk_keep(c, pending, NULL, err));
            heap_mark = c->dict.heap.len;
            pending = 0;
        }
    }
    return weiri_pw_chunk_keep(c, pending, NULL, err);
}

weir_rc weiri_pw_shred(struct pw_chunk *c, const struct ArrowArray *array, int64_t first, int64_t rows, struct weir_error *err)
{
    return c->leaf->flat ? shred_flat(c, array, first, rows, err) : shred_nested(c, array, first, rows, err);
}
