/* thrift_write.c - Thrift's compact protocol, written. */
#include "parquet/thrift_write.h"

static void put_varint(struct pw_thrift *t, uint64_t value)
{
    while (value >= 0x80) {
        (void)weir_buf_add_char(t->buf, (char)(uint8_t)(value | 0x80));
        value >>= 7;
    }
    (void)weir_buf_add_char(t->buf, (char)(uint8_t)value);
}

static void put_zigzag(struct pw_thrift *t, int64_t value)
{
    put_varint(t, (uint64_t)value << 1 ^ (uint64_t)(value >> 63));
}

static void put_field(struct pw_thrift *t, int id, enum weir_thrift_type type)
{
    int delta = id - t->last[t->depth];
    WEIR_ASSERT(delta > 0);
    if (delta <= 15) {
        (void)weir_buf_add_char(t->buf, (char)(delta << 4 | (int)type));
    } else {
        (void)weir_buf_add_char(t->buf, (char)type);
        put_zigzag(t, id);
    }
    t->last[t->depth] = (int16_t)id;
}

static void begin(struct pw_thrift *t)
{
    t->depth++;
    WEIR_ASSERT((size_t)t->depth < sizeof t->last / sizeof t->last[0]);
    t->last[t->depth] = 0;
}

void weiri_pw_thrift_init(struct pw_thrift *t, struct weir_buf *buf)
{
    t->buf = buf;
    t->depth = 0;
    t->last[0] = 0;
}

void weiri_pw_thrift_end(struct pw_thrift *t)
{
    (void)weir_buf_add_char(t->buf, WEIR_THRIFT_STOP);
    t->depth--;
}

void weiri_pw_thrift_i32(struct pw_thrift *t, int id, int32_t value)
{
    put_field(t, id, WEIR_THRIFT_I32);
    put_zigzag(t, value);
}

void weiri_pw_thrift_i16(struct pw_thrift *t, int id, int16_t value)
{
    put_field(t, id, WEIR_THRIFT_I16);
    put_zigzag(t, value);
}

void weiri_pw_thrift_i64(struct pw_thrift *t, int id, int64_t value)
{
    put_field(t, id, WEIR_THRIFT_I64);
    put_zigzag(t, value);
}

void weiri_pw_thrift_i8(struct pw_thrift *t, int id, int8_t value)
{
    put_field(t, id, WEIR_THRIFT_BYTE);
    (void)weir_buf_add_char(t->buf, (char)value);
}

void weiri_pw_thrift_bool(struct pw_thrift *t, int id, bool value)
{
    put_field(t, id, value ? WEIR_THRIFT_TRUE : WEIR_THRIFT_FALSE);
}

void weiri_pw_thrift_item_binary(struct pw_thrift *t, const void *bytes, size_t len)
{
    put_varint(t, len);
    (void)weir_buf_add(t->buf, bytes, len);
}

void weiri_pw_thrift_binary(struct pw_thrift *t, int id, const void *bytes, size_t len)
{
    put_field(t, id, WEIR_THRIFT_BINARY);
    weiri_pw_thrift_item_binary(t, bytes, len);
}

void weiri_pw_thrift_text(struct pw_thrift *t, int id, const char *text)
{
    weiri_pw_thrift_binary(t, id, text, strlen(text));
}

void weiri_pw_thrift_struct(struct pw_thrift *t, int id)
{
    put_field(t, id, WEIR_THRIFT_STRUCT);
    begin(t);
}

void weiri_pw_thrift_list(struct pw_thrift *t, int id, enum weir_thrift_type type, size_t count)
{
    put_field(t, id, WEIR_THRIFT_LIST);
    if (count < 15) {
        (void)weir_buf_add_char(t->buf, (char)(uint8_t)(count << 4 | (size_t)type));
    } else {
        (void)weir_buf_add_char(t->buf, (char)(uint8_t)(0xF0 | (unsigned)type));
        put_varint(t, count);
    }
}

void weiri_pw_thrift_item_struct(struct pw_thrift *t)
{
    begin(t);
}

void weiri_pw_thrift_item_i32(struct pw_thrift *t, int32_t value)
{
    put_zigzag(t, value);
}

void weiri_pw_thrift_item_i64(struct pw_thrift *t, int64_t value)
{
    put_zigzag(t, value);
}

void weiri_pw_thrift_item_bool(struct pw_thrift *t, bool value)
{
    (void)weir_buf_add_char(t->buf, value ? WEIR_THRIFT_TRUE : WEIR_THRIFT_FALSE);
}
