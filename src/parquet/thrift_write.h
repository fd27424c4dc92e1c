/* thrift_write.h - Thrift's compact protocol, written. Private.
 * Fields of a struct are given in ascending order of id. Structs nest to a depth of 15. */
#pragma once
#include "base/mem.h"
#include "parquet/format.h"

struct pw_thrift {
    struct weir_buf *buf;
    int16_t last[16]; /* id of the last field, by depth */
    int depth;
};
void weiri_pw_thrift_init(struct pw_thrift *t, struct weir_buf *buf); /* begins the outermost struct */
void weiri_pw_thrift_end(struct pw_thrift *t);                        /* ends the innermost open struct, the outermost too */
void weiri_pw_thrift_i32(struct pw_thrift *t, int id, int32_t value);
void weiri_pw_thrift_i16(struct pw_thrift *t, int id, int16_t value);
void weiri_pw_thrift_i64(struct pw_thrift *t, int id, int64_t value);
void weiri_pw_thrift_i8(struct pw_thrift *t, int id, int8_t value);
void weiri_pw_thrift_bool(struct pw_thrift *t, int id, bool value);
void weiri_pw_thrift_binary(struct pw_thrift *t, int id, const void *bytes, size_t len);
void weiri_pw_thrift_text(struct pw_thrift *t, int id, const char *text);
void weiri_pw_thrift_struct(struct pw_thrift *t, int id);
/* A list field of `count` elements; then the elements: the item functions, or item_struct ... end each. */
void weiri_pw_thrift_list(struct pw_thrift *t, int id, enum weir_thrift_type type, size_t count);
void weiri_pw_thrift_item_struct(struct pw_thrift *t);
void weiri_pw_thrift_item_i32(struct pw_thrift *t, int32_t value);
void weiri_pw_thrift_item_i64(struct pw_thrift *t, int64_t value);
void weiri_pw_thrift_item_bool(struct pw_thrift *t, bool value);
void weiri_pw_thrift_item_binary(struct pw_thrift *t, const void *bytes, size_t len);
