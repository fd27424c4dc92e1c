/* partition.c - name=value folders: their texts, and the types that all texts of a column allow (Spark's PartitioningUtils).
 *
 * A value is tried as INT, BIGINT, DECIMAL without fraction, DOUBLE, TIMESTAMP (yyyy-MM-dd HH:mm:ss[.S]), DATE (yyyy-MM-dd), STRING; the
 * column gets what holds all of them, STRING when nothing else does or all are NULL. */
#include "source/source_internal.h"
#include "base/time.h"
#include "base/uri.h"

#include <stdio.h>

weir_rc weiri_partition_split(weir_arena *arena, const char *folder, const char **name, const char **value, bool *is_one,
                              struct weir_error *err)
{
    const char *equals = strchr(folder, '=');
    *name = *value = NULL;
    *is_one = equals != NULL;
    if (!equals) {
        return WEIR_OK;
    }
    if (equals == folder || equals[1] == '\0') {
        return weir_fail(err, WEIR_INVALID, "PARTITION_FOLDER_INVALID",
                         "a partition folder is name=value with both; %s; rename the folder (a NULL is " WEIRI_NULL_PARTITION ")",
                         folder);
    }
    struct weir_buf text;
    weir_buf_init(&text, 0);
    weir_hive_unescape(&text, (struct weir_str){folder, (size_t)(equals - folder)});
    *name = weir_arena_strndup(arena, text.data, text.len);
    if (strcmp(equals + 1, WEIRI_NULL_PARTITION) != 0) {
        weir_buf_clear(&text);
        weir_hive_unescape(&text, weir_str(equals + 1));
        *value = weir_arena_strndup(arena, text.data, text.len);
    }
    weir_buf_free(&text);
    return WEIR_OK;
}

const char *const *weir_source_partition_values(weir_arena *arena, const char *path, const char *const *columns, size_t count)
{
    const char **values = weir_arena_zalloc(arena, (count + 1) * sizeof *values);
    size_t end = strlen(path);
    bool *found = weir_arena_zalloc(arena, count + 1);
    while (end > 0 && path[end] != '/') {
        end--; /* the file's own name is no folder */
    }
    while (end > 0) { /* path[end] is the slash behind a folder */
        size_t begin = end;
        while (begin > 0 && path[begin - 1] != '/') {
            begin--;
        }
        const char *name;
        const char *value;
        bool is_one = false;
        char *folder = weir_arena_strndup(arena, path + begin, end - begin);
        if (weiri_partition_split(arena, folder, &name, &value, &is_one, NULL) == WEIR_OK && is_one) {
            for (size_t i = 0; i < count; i++) {
                if (!found[i] && weir_str_eq_nocase(weir_str(columns[i]), weir_str(name))) {
                    values[i] = value;
                    found[i] = true;
                }
            }
        }
        end = begin > 0 ? begin - 1 : 0;
    }
    return values;
}

/* --- what one text may be --- */

/* [+-] digits [. digits] [e [+-] digits]: a BigDecimal. Gives the digits that count and the scale. */
static bool read_decimal(const char *t, int64_t *precision, int64_t *scale)
{
    int64_t digits = 0; /* without leading zeros */
    int64_t fraction = 0;
    int64_t exponent = 0;
    bool any = false;
    t += *t == '+' || *t == '-';
    for (; *t >= '0' && *t <= '9'; t++, any = true) {
        digits += digits > 0 || *t != '0';
    }
    if (*t == '.') {
        for (t++; *t >= '0' && *t <= '9'; t++, any = true) {
            digits += digits > 0 || *t != '0';
            fraction++;
        }
    }
    if (!any) {
        return false;
    }
    if (*t == 'e' || *t == 'E') {
        if (!weir_str_to_i64(weir_str(t + 1), &exponent) || exponent > 100000 || exponent < -100000) {
            return false;
        }
        t += strlen(t);
    }
    *precision = digits > 0 ? digits : 1;
    *scale = fraction - exponent;
    return *t == '\0';
}

/* Java's Double.parseDouble: white space round it, NaN, Infinity, a d or f behind digits. */
static bool is_double(const char *text)
{
    struct weir_str t = weir_str_trim(weir_str(text)), bare = t;
    double value;
    if (bare.len > 0 && (bare.ptr[0] == '+' || bare.ptr[0] == '-')) {
        bare.ptr++;
        bare.len--;
    }
    if (t.len > 0 && strchr("dDfF", t.ptr[t.len - 1])) {
        t.len--;
    }
    return weir_str_eq(bare, WEIR_STR("NaN")) || weir_str_eq(bare, WEIR_STR("Infinity")) || weir_str_to_f64(t, &value);
}

/* `shape`: 0 stands for a digit, everything else for itself. */
static bool has_shape(const char *text, const char *shape)
{
    for (; *shape; shape++, text++) {
        if (*shape == '0' ? *text < '0' || *text > '9' : *text != *shape) {
            return false;
        }
    }
    return *text == '\0';
}

static int two(const char *text)
{
    return (text[0] - '0') * 10 + text[1] - '0';
}

static bool is_date_part(const char *text)
{
    return weir_civil_valid(two(text) * 100 + two(text + 2), two(text + 5), two(text + 8));
}

static bool is_date(const char *text)
{
    return has_shape(text, "0000-00-00") && is_date_part(text);
}

static bool is_timestamp(const char *text)
{
    return (has_shape(text, "0000-00-00 00:00:00") || has_shape(text, "0000-00-00 00:00:00.0")) && is_date_part(text) &&
           two(text + 11) < 24 && two(text + 14) < 60 && two(text + 17) < 60;
}

static struct weir_type infer_one(const char *text)
{
    int64_t number;
    int64_t precision;
    int64_t scale;
    if (weir_str_to_i64(weir_str(text), &number)) {
        return weir_type_of(number >= INT32_MIN && number <= INT32_MAX ? WEIR_TYPE_INT : WEIR_TYPE_LONG);
    }
    if (read_decimal(text, &precision, &scale) && scale <= 0 && precision - scale <= WEIR_DECIMAL_PRECISION_MAX) {
        return weir_type_decimal((int)(precision - scale), 0);
    }
    if (is_double(text)) {
        return weir_type_of(WEIR_TYPE_DOUBLE);
    }
    return weir_type_of(is_timestamp(text) ? WEIR_TYPE_TIMESTAMP : is_date(text) ? WEIR_TYPE_DATE : WEIR_TYPE_STRING);
}

/* --- what several may be together --- */

/* Digits before the point that the type needs; 0 = it is no whole number. */
static int whole_digits(const struct weir_type *type)
{
    return type->id == WEIR_TYPE_INT       ? 10
           : type->id == WEIR_TYPE_LONG    ? 20
           : type->id == WEIR_TYPE_DECIMAL ? type->precision
                                           : 0;
}

static struct weir_type widen(struct weir_type a, struct weir_type b)
{
    if (a.id == WEIR_TYPE_VOID || weir_type_eq(&a, &b)) {
        return b;
    }
    if (b.id == WEIR_TYPE_VOID) {
        return a;
    }
    const int wa = whole_digits(&a);
    const int wb = whole_digits(&b);
    if (wa > 0 && wb > 0) {
        if (a.id != WEIR_TYPE_DECIMAL && b.id != WEIR_TYPE_DECIMAL) {
            return weir_type_of(WEIR_TYPE_LONG);
        }
        return weir_type_decimal(wa > wb ? wa : wb, 0);
    }
    const bool int_double = (a.id == WEIR_TYPE_INT && b.id == WEIR_TYPE_DOUBLE) || (a.id == WEIR_TYPE_DOUBLE && b.id == WEIR_TYPE_INT);
    if (int_double) {
        return weir_type_of(WEIR_TYPE_DOUBLE); /* BIGINT or DECIMAL beside DOUBLE would lose digits: STRING */
    }
    const bool dates = (a.id == WEIR_TYPE_DATE || a.id == WEIR_TYPE_TIMESTAMP) && (b.id == WEIR_TYPE_DATE || b.id == WEIR_TYPE_TIMESTAMP);
    return weir_type_of(dates ? WEIR_TYPE_TIMESTAMP : WEIR_TYPE_STRING);
}

static struct weir_type infer_column(const struct weir_source_file *files, size_t count, size_t column)
{
    struct weir_type type = weir_type_of(WEIR_TYPE_VOID);
    const char *before = NULL;
    for (size_t i = 0; i < count; i++) {
        const char *text = files[i].partition_values ? files[i].partition_values[column] : NULL;
        if (text && text != before) { /* files of one folder share the text */
            type = widen(type, infer_one(text));
        }
        before = text;
    }
    return type.id == WEIR_TYPE_VOID ? weir_type_of(WEIR_TYPE_STRING) : type;
}

weir_rc weir_source_partition_types(weir_arena *arena, const struct weir_source_file *files, size_t count,
                                    const char *const *columns, size_t column_count, const weir_schema *user, weir_schema **out,
                                    struct weir_error *err)
{
    (void)err;
    weir_schema *schema = weir_schema_new(arena, column_count);
    for (size_t c = 0; c < column_count; c++) {
        struct weir_field *field = &schema->fields[c];
        const int at = user ? weir_schema_find(user, weir_str(columns[c])) : -1;
        if (at >= 0) {
            *field = user->fields[at];
        } else {
            *field = (struct weir_field){.name = weir_arena_strdup(arena, columns[c]), .type = infer_column(files, count, c)};
        }
        field->nullable = true;
    }
    *out = weir_schema_copy(arena, schema);
    return WEIR_OK;
}
