/* partition.c - partition values as texts, and the folders that are named after them (delta-format.md 2.7).
 *
 * In the log NULL and "" are both NULL, times are UTC with six digits. Readers take the values from the log; but some look into the folders'
 * names instead (Polars), so files lie where Spark would put them: hive escaping on the disk, URI escaping of that in add.path. */
#include "delta/writer_internal.h"

#include "base/uri.h"

#define FOLDER_NAME_MAX 250

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

/* "2024-06-15T12:30:45.120000Z" -> "2024-06-15 12:30:45.12": as Spark casts it to a text. */
static void add_time(struct weir_buf *out, const char *value)
{
    struct weir_str text = weir_str(value);
    text.len -= weir_str_ends(text, "Z");
    if (memchr(text.ptr, '.', text.len)) {
        while (text.ptr[text.len - 1] == '0') {
            text.len--;
        }
        text.len -= text.ptr[text.len - 1] == '.';
    }
    for (size_t i = 0; i < text.len; i++) {
        weir_buf_add_char(out, text.ptr[i] == 'T' ? ' ' : text.ptr[i]);
    }
}

static bool add_folder(struct weir_buf *out, const struct weir_partition_value *value, enum weir_type_id id)
{
    struct weir_buf plain;
    size_t before = out->len;
    weir_hive_escape(out, weir_str(value->name));
    weir_buf_add_char(out, '=');
    weir_buf_init(&plain, 0);
    if (!value->value) {
        weir_buf_add_str(&plain, "__HIVE_DEFAULT_PARTITION__");
    } else if (id == WEIR_TYPE_TIMESTAMP || id == WEIR_TYPE_TIMESTAMP_NTZ) {
        add_time(&plain, value->value);
    } else {
        weir_buf_add_str(&plain, value->value);
    }
    weir_hive_escape(out, weir_buf_view(&plain));
    weir_buf_free(&plain);
    bool fits = out->len - before <= FOLDER_NAME_MAX;
    weir_buf_add_char(out, '/');
    return fits;
}

void weiri_partition_folder(const struct weir_partition_value *values, const struct weir_field *const *fields, size_t count, struct weir_buf *out)
{
    bool fits = true;
    for (size_t i = 0; i < count; i++) {
        fits = add_folder(out, &values[i], fields[i]->type.id) && fits;
    }
    if (!fits) {
        weir_buf_clear(out);
    }
}
