/* arrow_print.c - values as text: JSON for machines, Spark's CAST(x AS STRING) for people. */
#include "base/time.h"
#include "column/arrow_internal.h"
#include <math.h>
#include <stdio.h>

static void print_base64(struct weir_jsonw *w, struct weir_str bytes)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    struct weir_buf buf;
    weir_buf_init(&buf, 0);
    weir_buf_add_char(&buf, '"');
    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t left = bytes.len - i;
        uint32_t v = (uint32_t)(uint8_t)bytes.ptr[i] << 16;
        v |= left > 1 ? (uint32_t)(uint8_t)bytes.ptr[i + 1] << 8 : 0;
        v |= left > 2 ? (uint32_t)(uint8_t)bytes.ptr[i + 2] : 0;
        char out[4] = {letters[v >> 18], letters[(v >> 12) & 63], left > 1 ? letters[(v >> 6) & 63] : '=',
                       left > 2 ? letters[v & 63] : '='};
        weir_buf_add(&buf, out, sizeof out);
    }
    weir_buf_add_char(&buf, '"');
    weir_jsonw_raw(w, weir_buf_view(&buf));
    weir_buf_free(&buf);
}

/* Bytes of the UTF-8 sequence at the front of the text; 0 = there is none. */
static size_t utf8_length(struct weir_str text)
{
    for (size_t n = 1; n <= 4 && n <= text.len; n++) {
        if (weir_utf8_valid(text.ptr, n)) {
            return n;
        }
    }
    return 0;
}

/* Text that is not UTF-8: each stray byte as \udc80..\udcff. */
static void print_broken(struct weir_jsonw *w, struct weir_str text)
{
    struct weir_buf buf;
    weir_buf_init(&buf, 0);
    weir_buf_add_char(&buf, '"');
    while (text.len > 0) {
        size_t n = utf8_length(text);
        if (n == 0) {
            weir_buf_printf(&buf, "\\udc%02x", (unsigned)(uint8_t)text.ptr[0]);
            n = 1;
        } else if (n == 1 || !w->ascii) {
            weir_json_escape(&buf, (struct weir_str){text.ptr, n});
        } else {
            struct weir_buf one;
            struct weir_jsonw inner;
            weir_buf_init(&one, 0);
            weir_jsonw_init(&inner, &one);
            inner.ascii = true;
            weir_jsonw_view(&inner, (struct weir_str){text.ptr, n});
            weir_buf_add(&buf, one.data + 1, one.len - 2);
            weir_buf_free(&one);
        }
        text.ptr += n;
        text.len -= n;
    }
    weir_buf_add_char(&buf, '"');
    weir_jsonw_raw(w, weir_buf_view(&buf));
    weir_buf_free(&buf);
}

static void print_nested(struct weir_jsonw *w, const struct weir_type *type, const struct ArrowArray *array, int64_t row)
{
    int64_t i = row + array->offset;
    if (type->id == WEIR_TYPE_STRUCT) {
        weir_jsonw_object(w);
        for (size_t f = 0; f < type->field_count; f++) {
            weir_jsonw_key(w, type->fields[f].name);
            weir_arrow_print_json(w, &type->fields[f].type, array->children[f], i);
        }
        weir_jsonw_end_object(w);
        return;
    }
    const int32_t *offsets = array->buffers[1];
    const struct ArrowArray *entries = array->children[0];
    weir_jsonw_array(w);
    for (int64_t r = offsets[i]; r < offsets[i + 1]; r++) {
        if (type->id == WEIR_TYPE_ARRAY) {
            weir_arrow_print_json(w, &type->fields[0].type, entries, r);
        } else {
            weir_jsonw_array(w);
            weir_arrow_print_json(w, &type->fields[0].type, entries->children[0], r + entries->offset);
            weir_arrow_print_json(w, &type->fields[1].type, entries->children[1], r + entries->offset);
            weir_jsonw_end_array(w);
        }
    }
    weir_jsonw_end_array(w);
}

static void print_float(struct weir_jsonw *w, const struct ArrowArray *array, int64_t row)
{
    float value = (float)weir_arrow_f64(array, WEIR_TYPE_FLOAT, row);
    char text[32];
    if (isfinite(value)) {
        weir_jsonw_raw(w, (struct weir_str){text, weir_f32_text(value, text)});
    } else {
        weir_jsonw_f64(w, (double)value);
    }
}

void weir_arrow_print_json(struct weir_jsonw *w, const struct weir_type *type, const struct ArrowArray *array, int64_t row)
{
    char text[64];
    if (weir_arrow_is_null(array, row)) {
        weir_jsonw_null(w);
        return;
    }
    switch (type->id) {
    case WEIR_TYPE_BOOLEAN:
        weir_jsonw_bool(w, weir_arrow_bool(array, row));
        break;
    case WEIR_TYPE_FLOAT:
        print_float(w, array, row);
        break;
    case WEIR_TYPE_DOUBLE:
        weir_jsonw_f64(w, weir_arrow_f64(array, type->id, row));
        break;
    case WEIR_TYPE_DECIMAL: {
        size_t len = weir_decimal_text(weir_arrow_decimal(array, row), type->scale, text);
        weir_jsonw_view(w, (struct weir_str){text, len});
        break;
    }
    case WEIR_TYPE_STRING: {
        struct weir_str value = weir_arrow_bytes(array, row);
        if (weir_utf8_valid(value.ptr, value.len)) {
            weir_jsonw_view(w, value);
        } else {
            print_broken(w, value);
        }
        break;
    }
    case WEIR_TYPE_BINARY:
        print_base64(w, weir_arrow_bytes(array, row));
        break;
    case WEIR_TYPE_DATE:
        weir_date_text((int32_t)weir_arrow_i64(array, type->id, row), text);
        weir_jsonw_string(w, text);
        break;
    case WEIR_TYPE_TIMESTAMP:
    case WEIR_TYPE_TIMESTAMP_NTZ:
        weir_timestamp_text(weir_arrow_i64(array, type->id, row), type->id == WEIR_TYPE_TIMESTAMP ? "Z" : "", text);
        weir_jsonw_string(w, text);
        break;
    case WEIR_TYPE_ARRAY:
    case WEIR_TYPE_MAP:
    case WEIR_TYPE_STRUCT:
        print_nested(w, type, array, row);
        break;
    default:
        weir_jsonw_i64(w, weir_arrow_i64(array, type->id, row));
    }
}

/* "2024-01-02 03:04:05", the fraction without its trailing zeros. */
static void text_timestamp(struct weir_buf *out, int64_t us)
{
    char text[64];
    size_t len = weir_timestamp_text(us, "", text);
    char *t = memchr(text, 'T', len);
    if (t) {
        *t = ' ';
    }
    while (len > 0 && text[len - 1] == '0') {
        len--;
    }
    if (len > 0 && text[len - 1] == '.') {
        len--;
    } else if (memchr(text, '.', len) == NULL) {
        len = strlen(text); /* no fraction was printed: the zeros belong to the seconds */
    }
    weir_buf_add(out, text, len);
}

static void text_or_null(struct weir_buf *out, const struct weir_type *type, const struct ArrowArray *array, int64_t row)
{
    if (!weir_arrow_print_text(out, type, array, row)) {
        weir_buf_add_str(out, "null");
    }
}

static void text_nested(struct weir_buf *out, const struct weir_type *type, const struct ArrowArray *array, int64_t row)
{
    int64_t i = row + array->offset;
    if (type->id == WEIR_TYPE_STRUCT) {
        for (size_t f = 0; f < type->field_count; f++) {
            weir_buf_add_str(out, f == 0 ? "{" : ", ");
            text_or_null(out, &type->fields[f].type, array->children[f], i);
        }
        weir_buf_add_str(out, type->field_count == 0 ? "{}" : "}");
        return;
    }
    const int32_t *offsets = array->buffers[1];
    const struct ArrowArray *entries = array->children[0];
    weir_buf_add_char(out, type->id == WEIR_TYPE_ARRAY ? '[' : '{');
    for (int64_t r = offsets[i]; r < offsets[i + 1]; r++) {
        weir_buf_add_str(out, r > offsets[i] ? ", " : "");
        if (type->id == WEIR_TYPE_ARRAY) {
            text_or_null(out, &type->fields[0].type, entries, r);
        } else {
            text_or_null(out, &type->fields[0].type, entries->children[0], r + entries->offset);
            weir_buf_add_str(out, " -> ");
            text_or_null(out, &type->fields[1].type, entries->children[1], r + entries->offset);
        }
    }
    weir_buf_add_char(out, type->id == WEIR_TYPE_ARRAY ? ']' : '}');
}

bool weir_arrow_print_text(struct weir_buf *out, const struct weir_type *type, const struct ArrowArray *array, int64_t row)
{
    char text[64];
    if (weir_arrow_is_null(array, row)) {
        return false;
    }
    switch (type->id) {
    case WEIR_TYPE_BOOLEAN:
        weir_buf_add_str(out, weir_arrow_bool(array, row) ? "true" : "false");
        break;
    case WEIR_TYPE_FLOAT:
        weir_buf_add(out, text, weir_f32_java((float)weir_arrow_f64(array, type->id, row), text));
        break;
    case WEIR_TYPE_DOUBLE:
        weir_buf_add(out, text, weir_f64_java(weir_arrow_f64(array, type->id, row), text));
        break;
    case WEIR_TYPE_DECIMAL:
        weir_buf_add(out, text, weir_decimal_text(weir_arrow_decimal(array, row), type->scale, text));
        break;
    case WEIR_TYPE_STRING:
    case WEIR_TYPE_BINARY:
        weir_buf_add_view(out, weir_arrow_bytes(array, row));
        break;
    case WEIR_TYPE_DATE:
        weir_buf_add(out, text, weir_date_text((int32_t)weir_arrow_i64(array, type->id, row), text));
        break;
    case WEIR_TYPE_TIMESTAMP:
    case WEIR_TYPE_TIMESTAMP_NTZ:
        text_timestamp(out, weir_arrow_i64(array, type->id, row));
        break;
    case WEIR_TYPE_ARRAY:
    case WEIR_TYPE_MAP:
    case WEIR_TYPE_STRUCT:
        text_nested(out, type, array, row);
        break;
    default:
        weir_buf_printf(out, "%lld", (long long)weir_arrow_i64(array, type->id, row));
    }
    return true;
}
