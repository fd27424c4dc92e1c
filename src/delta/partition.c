/* partition.c - partition values as texts (delta-format.md 2.7): NULL and "" are both NULL, times are UTC with six digits. */
#include "delta/writer_internal.h"

static weir_rc bad_text(const struct weir_field *field, struct weir_error *err)
{
    return weir_fail(err, WEIR_INVALID, "DELTA_PARTITION_VALUE", "partition column `%s` has a text with a zero byte or bytes that are not UTF-8; correct the row", field->name);
}

static void add_timestamp_ntz(struct weir_buf *out, int64_t us)
{
    char text[64];
    size_t len = weir_timestamp_text(us, "", text);
    for (size_t i = 0; i < len; i++) {
        text[i] = text[i] == 'T' ? ' ' : text[i];
    }
    if (len > 7 && memcmp(text + len - 7, ".000000", 7) == 0) {
        len -= 7;
    }
    weir_buf_add(out, text, len);
}

weir_rc weiri_partition_text(const struct weir_field *field, const struct ArrowArray *array, int64_t row, struct weir_buf *out, bool *null_out, struct weir_error *err)
{
    enum weir_type_id id = field->type.id;
    char text[64];
    size_t len = 0;
    *null_out = weir_arrow_is_null(array, row);
    if (*null_out) {
        return WEIR_OK;
    }
    switch (id) {
    case WEIR_TYPE_BOOLEAN:
        weir_buf_add_str(out, weir_arrow_bool(array, row) ? "true" : "false");
        return WEIR_OK;
    case WEIR_TYPE_BYTE:
    case WEIR_TYPE_SHORT:
    case WEIR_TYPE_INT:
    case WEIR_TYPE_LONG:
        weir_buf_printf(out, "%lld", (long long)weir_arrow_i64(array, id, row));
        return WEIR_OK;
    case WEIR_TYPE_FLOAT:
        len = weir_f32_java((float)weir_arrow_f64(array, id, row), text);
        break;
    case WEIR_TYPE_DOUBLE:
        len = weir_f64_java(weir_arrow_f64(array, id, row), text);
        break;
    case WEIR_TYPE_DECIMAL:
        len = weir_decimal_text(weir_arrow_decimal(array, row), field->type.scale, text);
        break;
    case WEIR_TYPE_DATE:
        len = weir_date_text((int32_t)weir_arrow_i64(array, id, row), text);
        break;
    case WEIR_TYPE_TIMESTAMP:
        len = weir_timestamp_text(weir_arrow_i64(array, id, row), "Z", text);
        break;
    case WEIR_TYPE_TIMESTAMP_NTZ:
        add_timestamp_ntz(out, weir_arrow_i64(array, id, row));
        return WEIR_OK;
    case WEIR_TYPE_STRING: {
        struct weir_str value = weir_arrow_bytes(array, row);
        if (memchr(value.ptr, 0, value.len) || !weir_utf8_valid(value.ptr, value.len)) {
            return bad_text(field, err);
        }
        *null_out = value.len == 0;
        weir_buf_add_view(out, value);
        return WEIR_OK;
    }
    default:
        return weir_fail(err, WEIR_UNSUPPORTED, "DELTA_PARTITION_TYPE", "partition column `%s` has a type that weir does not partition by", field->name);
    }
    weir_buf_add(out, text, len);
    return WEIR_OK;
}
