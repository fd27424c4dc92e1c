/* checkpoint_stats.c - see checkpoint_stats.h. Values are spelled as Spark spells them in JSON (delta-format.md 2.8). */
#include "delta/checkpoint_stats.h"

static void write_number(struct weir_jsonw *w, double value, bool narrow)
{
    char text[32];
    if (value != value || value > 1.7976931348623157e308 || value < -1.7976931348623157e308) {
        weir_jsonw_string(w, value != value ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
        return;
    }
    size_t len = narrow ? weir_f32_text((float)value, text) : weir_f64_text(value, text);
    weir_jsonw_raw(w, (struct weir_str){text, len});
}

static bool has_value(const struct weir_type *type, const struct ArrowArray *array, int64_t row)
{
    if (weir_arrow_is_null(array, row) || type->id == WEIR_TYPE_VOID) {
        return false;
    }
    if (type->id != WEIR_TYPE_STRUCT) {
        return type->id != WEIR_TYPE_ARRAY && type->id != WEIR_TYPE_MAP && type->id != WEIR_TYPE_VARIANT;
    }
    for (size_t i = 0; i < type->field_count; i++) {
        if (has_value(&type->fields[i].type, array->children[i], row)) {
            return true;
        }
    }
    return false;
}

static void write_value(struct weir_jsonw *w, const struct weir_type *type, const struct ArrowArray *array, int64_t row)
{
    char text[64];
    size_t len = 0;
    switch (type->id) {
    case WEIR_TYPE_STRUCT:
        weir_jsonw_object(w);
        for (size_t i = 0; i < type->field_count; i++) {
            if (has_value(&type->fields[i].type, array->children[i], row)) {
                weir_jsonw_key(w, type->fields[i].name);
                write_value(w, &type->fields[i].type, array->children[i], row);
            }
        }
        weir_jsonw_end_object(w);
        return;
    case WEIR_TYPE_BOOLEAN:
        weir_jsonw_bool(w, weir_arrow_bool(array, row));
        return;
    case WEIR_TYPE_FLOAT:
    case WEIR_TYPE_DOUBLE:
        write_number(w, weir_arrow_f64(array, type->id, row), type->id == WEIR_TYPE_FLOAT);
        return;
    case WEIR_TYPE_DECIMAL:
        len = weir_decimal_text(weir_arrow_decimal(array, row), type->scale, text);
        weir_jsonw_raw(w, (struct weir_str){text, len});
        return;
    case WEIR_TYPE_DATE:
        len = weir_date_text((int32_t)weir_arrow_i64(array, type->id, row), text);
        weir_jsonw_view(w, (struct weir_str){text, len});
        return;
    case WEIR_TYPE_TIMESTAMP:
    case WEIR_TYPE_TIMESTAMP_NTZ:
        len = weir_timestamp_ms_text(weir_arrow_i64(array, type->id, row), type->id == WEIR_TYPE_TIMESTAMP ? "Z" : "", text);
        weir_jsonw_view(w, (struct weir_str){text, len});
        return;
    case WEIR_TYPE_STRING:
    case WEIR_TYPE_BINARY:
        weir_jsonw_view(w, weir_arrow_bytes(array, row));
        return;
    default:
        weir_jsonw_i64(w, weir_arrow_i64(array, type->id, row));
        return;
    }
}

const char *weiri_stats_text(weir_arena *arena, const struct weir_type *type, const struct ArrowArray *array, int64_t row)
{
    struct weir_buf buf;
    struct weir_jsonw w;
    weir_buf_init(&buf, 0);
    weir_jsonw_init(&w, &buf);
    write_value(&w, type, array, row);
    const char *text = weir_arena_strndup(arena, buf.data, buf.len);
    weir_buf_free(&buf);
    return text;
}
