/* types.h - Spark's types, and schemas made of them.
 *
 * Names and texts are Spark's: DDL ("a BIGINT, b DECIMAL(10,2) NOT NULL"), the short names that DESCRIBE prints ("bigint"), the JSON of Delta's
 * schemaString ("long"). A type is immutable and lives in the arena it was made in. */
#pragma once
#include "base/json.h"
#include "base/mem.h"

enum weir_type_id {
    WEIR_TYPE_BOOLEAN, WEIR_TYPE_BYTE, WEIR_TYPE_SHORT, WEIR_TYPE_INT, WEIR_TYPE_LONG, WEIR_TYPE_FLOAT, WEIR_TYPE_DOUBLE,
    WEIR_TYPE_DECIMAL, WEIR_TYPE_STRING, WEIR_TYPE_BINARY, WEIR_TYPE_DATE, WEIR_TYPE_TIMESTAMP, WEIR_TYPE_TIMESTAMP_NTZ,
    WEIR_TYPE_ARRAY, WEIR_TYPE_MAP, WEIR_TYPE_STRUCT, WEIR_TYPE_VARIANT, WEIR_TYPE_VOID,
    WEIR_TYPE_INTERVAL_YM, WEIR_TYPE_INTERVAL_DT /* known by name; no column of weir holds one */
};
#define WEIR_DECIMAL_PRECISION_MAX 38

struct weir_type {
    enum weir_type_id id;
    uint8_t precision, scale;        /* DECIMAL */
    struct weir_field *fields;       /* STRUCT: its fields. ARRAY: [0] = element. MAP: [0] = key, [1] = value */
    size_t field_count;
};
struct weir_field {
    const char *name;                /* "element", "key", "value" below ARRAY and MAP */
    struct weir_type type;
    bool nullable;
    const char *comment;             /* NULL = none (also in metadata) */
    const char *metadata;            /* the field's metadata as a JSON object text; NULL = {} */
};
/* A schema is a STRUCT type; names are unique in any letter case. */
typedef struct weir_type weir_schema;

struct weir_type weir_type_of(enum weir_type_id id); /* primitive */
struct weir_type weir_type_decimal(int precision, int scale);
bool weir_type_is_primitive(const struct weir_type *type);
bool weir_type_eq(const struct weir_type *a, const struct weir_type *b); /* names compare in any case; nullability is not looked at */
int weir_schema_find(const weir_schema *schema, struct weir_str name);   /* index, any case; -1 = absent */
/* The same, where it probably is: loops over two schemas that mostly agree ask with their own index, and cost no more than their length then. */
int weir_schema_find_near(const weir_schema *schema, struct weir_str name, size_t guess);
weir_schema *weir_schema_copy(weir_arena *arena, const weir_schema *schema);
weir_schema *weir_schema_new(weir_arena *arena, size_t field_count); /* fields cleared: VOID, nullable false */

/* "a BIGINT, b STRING COMMENT 'x'", also "a: BIGINT" and a leading STRUCT<...>. Errors carry line and column in the text. */
weir_rc weir_schema_parse_ddl(weir_arena *arena, struct weir_str ddl, weir_schema **out, struct weir_error *err) WEIR_MUST_USE;
/* One type: "DECIMAL(10,2)", "ARRAY<STRING>". */
weir_rc weir_type_parse_ddl(weir_arena *arena, struct weir_str ddl, struct weir_type *out, struct weir_error *err) WEIR_MUST_USE;
/* Delta's schemaString, and back (Spark's field order and spelling). */
weir_rc weir_schema_parse_json(weir_arena *arena, struct weir_str json, weir_schema **out, struct weir_error *err) WEIR_MUST_USE;
void weir_schema_print_json(struct weir_buf *out, const weir_schema *schema);
/* "bigint", "decimal(10,2)", "struct<a:int>": Spark's simpleString / catalogString. */
void weir_type_print(struct weir_buf *out, const struct weir_type *type);
/* "a BIGINT,b DECIMAL(10,2) NOT NULL": Spark's toDDL. */
void weir_schema_print_ddl(struct weir_buf *out, const weir_schema *schema);

/* DECIMAL values are 128-bit integers scaled by 10^scale. */
typedef __int128 weir_i128;
typedef unsigned __int128 weir_u128;
size_t weir_decimal_text(weir_i128 unscaled, int scale, char *out); /* out holds 48 bytes; all digits of the scale; returns length */
