/* arrow_internal.h - what the Arrow files of this room share. */
#pragma once
#include "column/arrow.h"

/* Bytes of a fixed-width value; 0 for BOOLEAN (bits), VOID and everything of variable length. */
static inline size_t weiri_width(enum weir_type_id id)
{
    switch (id) {
    case WEIR_TYPE_BYTE:
        return 1;
    case WEIR_TYPE_SHORT:
        return 2;
    case WEIR_TYPE_INT:
    case WEIR_TYPE_FLOAT:
    case WEIR_TYPE_DATE:
        return 4;
    case WEIR_TYPE_LONG:
    case WEIR_TYPE_DOUBLE:
    case WEIR_TYPE_TIMESTAMP:
    case WEIR_TYPE_TIMESTAMP_NTZ:
        return 8;
    case WEIR_TYPE_DECIMAL:
        return 16;
    default:
        return 0;
    }
}

/* Append value `row` of `from` (of the builder's type) to the builder. */
void weiri_builder_copy(weir_builder *builder, const struct ArrowArray *from, int64_t row);
/* Forget the rows from `rows` on. Primitive builders only. */
void weiri_builder_truncate(weir_builder *builder, int64_t rows);
/* What a primitive builder holds, as a borrowed array over `buffers`: good until the builder changes. */
void weiri_builder_view(const weir_builder *builder, struct ArrowArray *out, const void *buffers[3]);
/* The type a builder was made with. */
const struct weir_type *weiri_builder_type(const weir_builder *builder);
