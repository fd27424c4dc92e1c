/* random_table.h - random schemas and batches for tests of Parquet: every type, NULLs, the edges of each type, columns that repeat, grow and jump. */
#pragma once
#include "base/time.h"
#include "column/arrow.h"
#include <math.h>

/* Every type that is written; fields of a schema are drawn from it. */
static const char *const random_types[] = {
    "BOOLEAN", "TINYINT", "SMALLINT", "INT", "BIGINT", "FLOAT", "DOUBLE", "DECIMAL(4,2)", "DECIMAL(9,0)", "DECIMAL(18,6)", "DECIMAL(19,4)", "DECIMAL(38,10)",
    "STRING", "BINARY", "DATE", "TIMESTAMP", "TIMESTAMP_NTZ",
    "ARRAY<INT>", "MAP<STRING, BIGINT>", "STRUCT<a: INT, b: STRING>", "ARRAY<ARRAY<STRING>>", "STRUCT<x: ARRAY<STRUCT<p: DOUBLE, q: MAP<INT, STRING>>>, y: DATE>",
    "MAP<STRING, STRUCT<k: ARRAY<BOOLEAN>, v: DECIMAL(20,2)>>"};
#define RANDOM_FLAT 17
#define RANDOM_ALL (sizeof random_types / sizeof random_types[0])

/* How the values of a column are drawn. */
struct random_column {
    double nulls;     /* share */
    int shape;        /* 0: few distinct, 1: many, 2: ascending with steps, 3: runs, 4: edges of the type, 5: texts with long common beginnings */
    uint64_t counter;
};

static inline int64_t random_int(struct weir_rng *rng, struct random_column *c, int bits)
{
    uint64_t r = weir_rng_next(rng);
    const uint64_t mask = bits == 64 ? ~(uint64_t)0 : ((uint64_t)1 << bits) - 1;
    uint64_t v;
    switch (c->shape) {
    case 0:
        v = r % 7;
        break;
    case 2:
        c->counter += r % 5;
        v = c->counter;
        break;
    case 3:
        c->counter += r % 40 == 0;
        v = c->counter % 100;
        break;
    case 4:
        v = r % 3 == 0 ? (uint64_t)1 << (bits - 1) : r % 3 == 1 ? ((uint64_t)1 << (bits - 1)) - 1 : r >> 40;
        break;
    default:
        v = r;
        break;
    }
    v &= mask;
    uint64_t sign = (uint64_t)1 << (bits - 1);
    return (int64_t)((v ^ sign) - sign);
}

static inline double random_double(struct weir_rng *rng, struct random_column *c, bool single)
{
    static const double edges[] = {0.0, -0.0, 1.5, -1.5, 1e30, -1e-30};
    uint64_t r = weir_rng_next(rng);
    if (c->shape == 4) {
        switch (r % 9) {
        case 6:
            return (double)NAN;
        case 7:
            return (double)INFINITY;
        case 8:
            return -(double)INFINITY;
        default:
            return single ? (double)(float)edges[r % 9] : edges[r % 9];
        }
    }
    double v = c->shape == 0 ? (double)(r % 5) / 4 : (weir_rng_unit(rng) - 0.5) * 1e6;
    return single ? (double)(float)v : v;
}

static inline void random_text(struct weir_rng *rng, struct random_column *c, struct weir_buf *out, bool binary)
{
    static const char *const parts[] = {"a", "Z", "0", "purchase", "\xC3\xA9", "\xE4\xB8\xAD", "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF", "\x7F", " ", "\"", ","};
    weir_buf_clear(out);
    uint64_t r = weir_rng_next(rng);
    switch (c->shape) {
    case 0:
        weir_buf_add_str(out, r % 4 == 0 ? "" : parts[r % 12]);
        return;
    case 2:
    case 3:
        c->counter += c->shape == 2 || r % 20 == 0;
        weir_buf_printf(out, "key-%08u", (unsigned)c->counter);
        return;
    case 5:
        for (uint64_t i = 0; i < 9 + r % 4; i++) {
            weir_buf_add_str(out, "same beginning/");
        }
        break;
    case 4:
        for (uint64_t i = 0; i < r % 400; i++) {
            weir_buf_add_str(out, "\xF4\x8F\xBF\xBF");
        }
        break;
    default:
        break;
    }
    for (uint64_t n = r % 12; n > 0; n--) {
        if (binary) {
            weir_buf_add_char(out, (char)weir_rng_next(rng));
        } else {
            weir_buf_add_str(out, parts[weir_rng_below(rng, 12)]);
        }
    }
}

static inline weir_i128 random_decimal(struct weir_rng *rng, struct random_column *c, int precision)
{
    weir_i128 limit = 1;
    for (int i = 0; i < precision; i++) {
        limit *= 10;
    }
    weir_u128 r = (weir_u128)weir_rng_next(rng) << 64 | weir_rng_next(rng);
    weir_i128 v = c->shape == 0   ? (weir_i128)(r % 9) - 4
                  : c->shape == 4 ? (r % 2 ? limit - 1 : 1 - limit)
                                  : (weir_i128)((r >> 1) % (weir_u128)limit) * (r & 1 ? -1 : 1);
    return v <= -limit || v >= limit ? 0 : v;
}

static inline void random_value(struct weir_rng *rng, struct random_column *c, weir_builder *b, const struct weir_type *type, bool nullable, struct weir_buf *text)
{
    if (nullable && weir_rng_unit(rng) < c->nulls) {
        weir_builder_null(b);
        return;
    }
    switch (type->id) {
    case WEIR_TYPE_BOOLEAN:
        weir_builder_bool(b, weir_rng_next(rng) & 1);
        break;
    case WEIR_TYPE_BYTE:
        weir_builder_i64(b, random_int(rng, c, 8));
        break;
    case WEIR_TYPE_SHORT:
        weir_builder_i64(b, random_int(rng, c, 16));
        break;
    case WEIR_TYPE_INT:
        weir_builder_i64(b, random_int(rng, c, 32));
        break;
    case WEIR_TYPE_DATE: /* years 1..9999: what Python can show */
        weir_builder_i64(b, random_int(rng, c, 32) % 700000);
        break;
    case WEIR_TYPE_TIMESTAMP:
    case WEIR_TYPE_TIMESTAMP_NTZ:
        weir_builder_i64(b, random_int(rng, c, 64) % INT64_C(60000000000000000));
        break;
    case WEIR_TYPE_LONG:
        weir_builder_i64(b, random_int(rng, c, 64));
        break;
    case WEIR_TYPE_FLOAT:
    case WEIR_TYPE_DOUBLE:
        weir_builder_f64(b, random_double(rng, c, type->id == WEIR_TYPE_FLOAT));
        break;
    case WEIR_TYPE_DECIMAL:
        weir_builder_decimal(b, random_decimal(rng, c, type->precision));
        break;
    case WEIR_TYPE_STRING:
    case WEIR_TYPE_BINARY:
        random_text(rng, c, text, type->id == WEIR_TYPE_BINARY);
        weir_builder_bytes(b, text->data, text->len);
        break;
    case WEIR_TYPE_STRUCT:
        for (size_t f = 0; f < type->field_count; f++) {
            random_value(rng, c, weir_builder_child(b, f), &type->fields[f].type, type->fields[f].nullable, text);
        }
        weir_builder_end(b);
        break;
    default: { /* ARRAY, MAP */
        uint64_t n = weir_rng_below(rng, 4);
        for (uint64_t i = 0; i < n; i++) {
            for (size_t f = 0; f < type->field_count; f++) {
                bool key = type->id == WEIR_TYPE_MAP && f == 0;
                if (key) { /* keys of one map differ */
                    struct random_column distinct = {0, 2, i * 1000 + weir_rng_below(rng, 900)};
                    random_value(rng, &distinct, weir_builder_child(b, f), &type->fields[f].type, false, text);
                } else {
                    random_value(rng, c, weir_builder_child(b, f), &type->fields[f].type, type->fields[f].nullable, text);
                }
            }
        }
        weir_builder_end(b);
        break;
    }
    }
}

/* `count` columns of types random_types[0..types); some NOT NULL. */
static inline weir_schema *random_schema(weir_arena *arena, struct weir_rng *rng, size_t count, size_t types)
{
    struct weir_buf ddl;
    weir_buf_init(&ddl, 0);
    for (size_t i = 0; i < count; i++) {
        const char *type = random_types[count == types ? i : weir_rng_below(rng, types)];
        weir_buf_printf(&ddl, "%sc%zu %s%s", i > 0 ? ", " : "", i, type, weir_rng_below(rng, 5) == 0 ? " NOT NULL" : "");
    }
    weir_schema *schema = NULL;
    struct weir_error err = {0};
    weir_rc rc = weir_schema_parse_ddl(arena, weir_buf_view(&ddl), &schema, &err);
    if (rc != WEIR_OK) {
        fail_msg("%s: %s", ddl.data, err.msg);
    }
    weir_buf_free(&ddl);
    return schema;
}

static inline void random_batch(struct weir_rng *rng, const weir_schema *schema, int64_t rows, struct weir_batch *out)
{
    struct ArrowArray *columns = weir_calloc(schema->field_count, sizeof *columns);
    struct weir_buf text;
    weir_buf_init(&text, 0);
    for (size_t f = 0; f < schema->field_count; f++) {
        static const double shares[] = {0, 0.02, 0.3, 0.97, 1};
        struct random_column c = {shares[weir_rng_below(rng, 5)], (int)weir_rng_below(rng, 6), 0};
        weir_builder *b = weir_builder_new(&schema->fields[f].type);
        for (int64_t row = 0; row < rows; row++) {
            random_value(rng, &c, b, &schema->fields[f].type, schema->fields[f].nullable, &text);
        }
        weir_builder_finish(b, &columns[f]);
        weir_builder_free(b);
    }
    weir_batch_make(schema, columns, rows, out);
    weir_buf_free(&text);
    weir_free(columns);
}
