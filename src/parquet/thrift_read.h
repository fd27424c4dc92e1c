/* thrift_read.h - Thrift's compact protocol, read with a limit on everything. Private.
 *
 * A cursor that met something wrong is `bad` and stays so: every later call gives zeros, so that a caller may read a whole struct and ask once.
 * Usage:  for (struct weiri_thrift_field f = {0}; weiri_thrift_next(t, &f);) { switch (f.id) { ... default: weiri_thrift_skip(t, f.type); } } */
#pragma once
#include "base/mem.h"
#include "parquet/format.h"

struct weiri_thrift {
    const uint8_t *at, *end;
    bool bad;
    int depth;
};
struct weiri_thrift_field { int16_t id; uint8_t type; };

void weiri_thrift_init(struct weiri_thrift *t, const void *bytes, size_t len);
/* The next field of the struct; false at its end (or when bad). Begin with a zeroed field. */
bool weiri_thrift_next(struct weiri_thrift *t, struct weiri_thrift_field *field);
void weiri_thrift_skip(struct weiri_thrift *t, uint8_t type);
int64_t weiri_thrift_int(struct weiri_thrift *t, uint8_t type); /* BYTE, I16, I32, I64; another type makes it bad */
int32_t weiri_thrift_i32(struct weiri_thrift *t, uint8_t type);
bool weiri_thrift_bool(struct weiri_thrift *t, uint8_t type);   /* a field's value is in its type */
struct weir_str weiri_thrift_binary(struct weiri_thrift *t, uint8_t type); /* points into the input */
/* Count and element type of a list; bad if it could not fit what is left. */
size_t weiri_thrift_list(struct weiri_thrift *t, uint8_t type, uint8_t *element_type);
/* Enter a struct of the given type (false and bad otherwise); leave it when next has given false. */
bool weiri_thrift_enter(struct weiri_thrift *t, uint8_t type);
void weiri_thrift_leave(struct weiri_thrift *t);
