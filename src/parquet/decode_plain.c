/* decode_plain.c - PLAIN and BYTE_STREAM_SPLIT. */
#include "parquet/reader_internal.h"

void *weiri_pq_column_room(struct weiri_pq_column *column, size_t count)
{
    size_t need = (size_t)column->values + count;
    if (need > column->value_cap) {
        size_t cap = column->value_cap ? column->value_cap * 2 : 1024;
        column->value_cap = cap < need ? need : cap;
        column->data = weir_realloc(column->data, column->value_cap * column->width);
    }
    void *at = (char *)column->data + (size_t)column->values * column->width;
    column->values += (int64_t)count;
    return at;
}

static uint32_t get_u32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static bool plain_booleans(struct weiri_pq_column *column, const uint8_t *in, size_t len, size_t count)
{
    if ((count + 7) / 8 > len) {
        return false;
    }
    uint8_t *to = weiri_pq_column_room(column, count);
    for (size_t i = 0; i < count; i++) {
        to[i] = in[i / 8] >> (i % 8) & 1;
    }
    return true;
}

static bool plain_texts(struct weiri_pq_column *column, const uint8_t *in, size_t len, size_t count)
{
    const uint8_t *end = in + len;
    if (count > len / 4) {
        return false;
    }
    struct weir_str *to = weiri_pq_column_room(column, count);
    for (size_t i = 0; i < count; i++) {
        if (end - in < 4 || get_u32(in) > (size_t)(end - in) - 4) {
            column->values -= (int64_t)(count - i);
            return false;
        }
        uint32_t size = get_u32(in);
        to[i] = (struct weir_str){(const char *)in + 4, size};
        in += 4 + size;
    }
    return true;
}

static bool plain_fixed_texts(struct weiri_pq_column *column, const uint8_t *in, size_t len, size_t count)
{
    size_t size = (size_t)column->leaf->type_length;
    if (count > len / size) {
        return false;
    }
    struct weir_str *to = weiri_pq_column_room(column, count);
    for (size_t i = 0; i < count; i++) {
        to[i] = (struct weir_str){(const char *)in + i * size, size};
    }
    return true;
}

bool weiri_decode_plain(struct weiri_pq_column *column, const uint8_t *in, size_t len, size_t count)
{
    switch (column->leaf->physical) {
    case WEIR_PQ_BOOLEAN:
        return plain_booleans(column, in, len, count);
    case WEIR_PQ_BYTE_ARRAY:
        return plain_texts(column, in, len, count);
    case WEIR_PQ_FIXED_LEN_BYTE_ARRAY:
        return plain_fixed_texts(column, in, len, count);
    default: /* fixed width, little-endian as this machine */
        if (count > len / column->width) {
            return false;
        }
        if (count) {
            memcpy(weiri_pq_column_room(column, count), in, count * column->width);
        }
        return true;
    }
}

bool weiri_decode_split(struct weiri_pq_column *column, const uint8_t *in, size_t len, size_t count)
{
    bool fixed = column->leaf->physical == WEIR_PQ_FIXED_LEN_BYTE_ARRAY;
    size_t width = fixed ? (size_t)column->leaf->type_length : column->width;
    if (column->leaf->physical == WEIR_PQ_BOOLEAN || column->leaf->physical == WEIR_PQ_BYTE_ARRAY || count > len / width) {
        return false;
    }
    uint8_t *bytes = fixed ? weir_arena_alloc(column->bytes, count * width + 1) : count ? weiri_pq_column_room(column, count) : NULL;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < width; k++) {
            bytes[i * width + k] = in[k * count + i];
        }
    }
    return fixed ? plain_fixed_texts(column, bytes, count * width, count) : true;
}
