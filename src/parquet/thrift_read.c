/* thrift_read.c - see thrift_read.h. */
#include "parquet/thrift_read.h"

#define DEPTH_MAX 48

void weiri_thrift_init(struct weiri_thrift *t, const void *bytes, size_t len)
{
    *t = (struct weiri_thrift){.at = bytes, .end = (const uint8_t *)bytes + len};
}

static uint8_t take_byte(struct weiri_thrift *t)
{
    if (t->bad || t->at >= t->end) {
        t->bad = true;
        return 0;
    }
    return *t->at++;
}

static uint64_t take_varint(struct weiri_thrift *t)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        uint8_t byte = take_byte(t);
        if (shift < 64) {
            value |= (uint64_t)(byte & 0x7f) << shift;
        }
        if (!(byte & 0x80)) {
            return t->bad ? 0 : value;
        }
    }
    t->bad = true;
    return 0;
}

static int64_t take_zigzag(struct weiri_thrift *t)
{
    uint64_t raw = take_varint(t);
    return (int64_t)(raw >> 1) ^ -(int64_t)(raw & 1);
}

bool weiri_thrift_next(struct weiri_thrift *t, struct weiri_thrift_field *field)
{
    uint8_t head = take_byte(t);
    if (t->bad || head == 0) {
        return false;
    }
    field->type = head & 0x0f;
    if (head >> 4) {
        field->id = (int16_t)(field->id + (head >> 4));
    } else {
        int64_t id = take_zigzag(t);
        if (id < INT16_MIN || id > INT16_MAX) {
            t->bad = true;
        }
        field->id = (int16_t)id;
    }
    return !t->bad;
}

int64_t weiri_thrift_int(struct weiri_thrift *t, uint8_t type)
{
    switch (type) {
    case WEIR_THRIFT_BYTE:
        return (int8_t)take_byte(t);
    case WEIR_THRIFT_I16:
    case WEIR_THRIFT_I32:
    case WEIR_THRIFT_I64:
        return take_zigzag(t);
    default:
        t->bad = true;
        return 0;
    }
}

int32_t weiri_thrift_i32(struct weiri_thrift *t, uint8_t type)
{
    int64_t value = weiri_thrift_int(t, type);
    if (value < INT32_MIN || value > INT32_MAX) {
        t->bad = true;
        return 0;
    }
    return (int32_t)value;
}

bool weiri_thrift_bool(struct weiri_thrift *t, uint8_t type)
{
    if (type != WEIR_THRIFT_TRUE && type != WEIR_THRIFT_FALSE) {
        t->bad = true;
    }
    return type == WEIR_THRIFT_TRUE;
}

struct weir_str weiri_thrift_binary(struct weiri_thrift *t, uint8_t type)
{
    uint64_t len = type == WEIR_THRIFT_BINARY ? take_varint(t) : UINT64_MAX;
    if (t->bad || len > (uint64_t)(t->end - t->at)) {
        t->bad = true;
        return (struct weir_str){"", 0};
    }
    struct weir_str out = {(const char *)t->at, (size_t)len};
    t->at += len;
    return out;
}

size_t weiri_thrift_list(struct weiri_thrift *t, uint8_t type, uint8_t *element_type)
{
    *element_type = 0;
    if (type != WEIR_THRIFT_LIST && type != WEIR_THRIFT_SET) {
        t->bad = true;
        return 0;
    }
    uint8_t head = take_byte(t);
    uint64_t count = head >> 4 == 15 ? take_varint(t) : head >> 4;
    *element_type = head & 0x0f;
    if (t->bad || count > (uint64_t)(t->end - t->at)) { /* every element takes a byte at least */
        t->bad = true;
        return 0;
    }
    return (size_t)count;
}

bool weiri_thrift_enter(struct weiri_thrift *t, uint8_t type)
{
    if (type != WEIR_THRIFT_STRUCT || t->depth >= DEPTH_MAX) {
        t->bad = true;
        return false;
    }
    t->depth++;
    return !t->bad;
}

void weiri_thrift_leave(struct weiri_thrift *t)
{
    t->depth--;
}

static void skip_element(struct weiri_thrift *t, uint8_t type)
{
    if (type == WEIR_THRIFT_TRUE || type == WEIR_THRIFT_FALSE) {
        (void)take_byte(t); /* in a list a bool is a byte */
    } else {
        weiri_thrift_skip(t, type);
    }
}

void weiri_thrift_skip(struct weiri_thrift *t, uint8_t type)
{
    uint8_t element = 0;
    switch (type) {
    case WEIR_THRIFT_TRUE:
    case WEIR_THRIFT_FALSE:
        return;
    case WEIR_THRIFT_BYTE:
        (void)take_byte(t);
        return;
    case WEIR_THRIFT_I16:
    case WEIR_THRIFT_I32:
    case WEIR_THRIFT_I64:
        (void)take_varint(t);
        return;
    case WEIR_THRIFT_DOUBLE:
        for (int i = 0; i < 8; i++) {
            (void)take_byte(t);
        }
        return;
    case WEIR_THRIFT_BINARY:
        (void)weiri_thrift_binary(t, type);
        return;
    case WEIR_THRIFT_LIST:
    case WEIR_THRIFT_SET: {
        if (++t->depth > DEPTH_MAX) {
            t->bad = true;
        }
        size_t count = weiri_thrift_list(t, type, &element);
        for (size_t i = 0; i < count && !t->bad; i++) {
            skip_element(t, element);
        }
        t->depth--;
        return;
    }
    case WEIR_THRIFT_MAP: {
        uint64_t count = take_varint(t);
        uint8_t types = count && !t->bad ? take_byte(t) : 0;
        if (++t->depth > DEPTH_MAX || count > (uint64_t)(t->end - t->at)) {
            t->bad = true;
        }
        for (uint64_t i = 0; i < count && !t->bad; i++) {
            skip_element(t, types >> 4);
            skip_element(t, types & 0x0f);
        }
        t->depth--;
        return;
    }
    case WEIR_THRIFT_STRUCT:
        if (weiri_thrift_enter(t, type)) {
            for (struct weiri_thrift_field f = {0}; weiri_thrift_next(t, &f);) {
                weiri_thrift_skip(t, f.type);
            }
            weiri_thrift_leave(t);
        }
        return;
    default:
        t->bad = true;
        return;
    }
}
