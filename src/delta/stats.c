/* stats.c - statistics of a data file as Delta wants them (delta-format.md 2.8, A.3).
 *
 * They are bounds for every reader, so the rule where in doubt is to leave one out: no maximum where a NaN was (Spark takes NaN for the
 * largest value), no infinities, no texts that are not UTF-8, no years that a reader may not parse. */
#include "delta/writer_internal.h"

#define PREFIX 32
#define DAYS_0001_01_01 (-719162)
#define DAYS_9999_12_31 2932896

/* --- which columns --- */

struct planner {
    struct weiri_stats_plan *plan;
    weir_arena *arena;
    int64_t left;             /* columns that may still be indexed; -1 = all */
    struct weir_str *names;   /* dataSkippingStatsColumns, NULL = by number */
    size_t name_count;
};

static bool listed(const struct planner *p, struct weir_str path)
{
    for (size_t i = 0; i < p->name_count; i++) {
        struct weir_str name = p->names[i];
        bool head = path.len >= name.len && weir_str_eq_nocase((struct weir_str){path.ptr, name.len}, name);
        if (head && (path.len == name.len || path.ptr[name.len] == '.')) {
            return true;
        }
    }
    return false;
}

static size_t leaves_below(const struct weir_type *type)
{
    size_t count = 0;
    if (weir_type_is_primitive(type)) {
        return 1;
    }
    for (size_t i = 0; i < type->field_count; i++) {
        count += leaves_below(&type->fields[i].type);
    }
    return count;
}

static size_t columns_below(const struct weir_type *type)
{
    size_t count = 0;
    if (type->id != WEIR_TYPE_STRUCT) {
        return 1;
    }
    for (size_t i = 0; i < type->field_count; i++) {
        count += columns_below(&type->fields[i].type);
    }
    return count;
}

static void plan_type(struct planner *p, const struct weir_type *type, const char *path)
{
    if (type->id == WEIR_TYPE_STRUCT) {
        for (size_t i = 0; i < type->field_count; i++) {
            const char *name = type->fields[i].name;
            plan_type(p, &type->fields[i].type, path[0] ? weir_arena_printf(p->arena, "%s.%s", path, name) : name);
        }
        return;
    }
    struct weiri_stats_column *column = &p->plan->columns[p->plan->column_count++];
    column->leaf = p->plan->leaf_count;
    column->collection = !weir_type_is_primitive(type);
    column->counted = p->names ? listed(p, weir_str(path)) : p->left != 0;
    p->left -= p->left > 0;
    p->plan->leaf_count += leaves_below(type);
}

/* "a, `b c`.d": names without their backquotes. */
static void parse_names(struct planner *p, const char *text)
{
    size_t len = strlen(text);
    char *clean = weir_arena_alloc(p->arena, len + 1);
    p->names = weir_arena_zalloc(p->arena, (len + 1) * sizeof *p->names);
    size_t n = 0;
    size_t begin = 0;
    bool quoted = false;
    for (size_t i = 0; i <= len; i++) {
        if (i < len && text[i] == '`') {
            quoted = !quoted;
        } else if (i == len || (text[i] == ',' && !quoted)) {
            struct weir_str name = weir_str_trim((struct weir_str){clean + begin, n - begin});
            if (name.len) {
                p->names[p->name_count++] = name;
            }
            begin = n;
        } else {
            clean[n++] = text[i];
        }
    }
}

void weiri_stats_plan_init(struct weiri_stats_plan *plan, weir_arena *arena, const weir_schema *file_schema, const weir_options *configuration)
{
    struct planner p = {.plan = plan, .arena = arena};
    const char *names = configuration ? weir_options_get(configuration, "delta.dataSkippingStatsColumns") : NULL;
    *plan = (struct weiri_stats_plan){.schema = file_schema};
    plan->columns = weir_arena_zalloc(arena, (columns_below(file_schema) + 1) * sizeof *plan->columns);
    p.left = weiri_property_i64(configuration, "delta.dataSkippingNumIndexedCols", 32);
    if (names) {
        parse_names(&p, names);
    }
    plan_type(&p, file_schema, "");
}

/* --- NULLs of arrays and maps --- */

static void count_type(const struct weiri_stats_plan *plan, size_t *column, const struct weir_type *type, const struct ArrowArray *array, int64_t first, int64_t rows,
                       const uint8_t *absent, int64_t *nulls)
{
    if (type->id != WEIR_TYPE_STRUCT) {
        size_t at = (*column)++;
        for (int64_t i = 0; plan->columns[at].collection && plan->columns[at].counted && i < rows; i++) {
            nulls[at] += (absent && absent[i]) || weir_arrow_is_null(array, first + i);
        }
        return;
    }
    uint8_t *here = weir_calloc((size_t)rows + 1, 1);
    for (int64_t i = 0; i < rows; i++) {
        here[i] = (absent && absent[i]) || weir_arrow_is_null(array, first + i);
    }
    for (size_t i = 0; i < type->field_count; i++) {
        count_type(plan, column, &type->fields[i].type, array->children[i], first + array->offset, rows, here, nulls);
    }
    weir_free(here);
}

void weiri_stats_count(const struct weiri_stats_plan *plan, const struct weir_batch *batch, int64_t first, int64_t rows, int64_t *nulls)
{
    size_t column = 0;
    for (size_t i = 0; i < plan->schema->field_count; i++) {
        count_type(plan, &column, &plan->schema->fields[i].type, batch->array.children[i], first + batch->array.offset, rows, NULL, nulls);
    }
}

/* --- bounds of texts --- */

static size_t next_char(struct weir_str text, size_t at, uint32_t *c)
{
    size_t len = weir_utf8_next(text.ptr + at, text.len - at, c);
    return len ? len : 1;
}

/* Bytes of the first `chars` characters, or of all. */
static size_t prefix_bytes(struct weir_str text, size_t chars)
{
    size_t at = 0;
    uint32_t c = 0;
    for (size_t i = 0; i < chars && at < text.len; i++) {
        at += next_char(text, at, &c);
    }
    return at;
}

void weiri_stats_text_min(struct weir_str text, struct weir_buf *out)
{
    weir_buf_add(out, text.ptr, prefix_bytes(text, PREFIX));
}

bool weiri_stats_text_max(struct weir_str text, struct weir_buf *out)
{
    size_t at = prefix_bytes(text, PREFIX);
    for (size_t chars = PREFIX; chars <= 2 * (size_t)PREFIX; chars++) {
        uint32_t c = 0;
        if (at >= text.len) {
            weir_buf_add_view(out, text);
            return true;
        }
        size_t len = next_char(text, at, &c);
        if (c != 0x10FFFF) {
            weir_buf_add(out, text.ptr, at);
            weir_buf_add_str(out, c < 0x7F ? "\x7F" : "\xF4\x8F\xBF\xBF");
            return true;
        }
        at += len;
    }
    return false;
}

/* --- one bound --- */

static bool finite(double value)
{
    return value - value == 0;
}

static bool text_bound(struct weir_jsonw *w, const char *name, struct weir_str text, bool is_max)
{
    struct weir_buf bound;
    if (!weir_utf8_valid(text.ptr, text.len)) {
        return false;
    }
    weir_buf_init(&bound, 0);
    bool ok = true;
    if (is_max) {
        ok = weiri_stats_text_max(text, &bound);
    } else {
        weiri_stats_text_min(text, &bound);
    }
    if (ok) {
        weir_jsonw_key(w, name);
        weir_jsonw_view(w, weir_buf_view(&bound));
    }
    weir_buf_free(&bound);
    return ok;
}

static bool day_in_range(int64_t days)
{
    return days >= DAYS_0001_01_01 && days <= DAYS_9999_12_31;
}

static int64_t day_of(int64_t us)
{
    int64_t day = us / 86400000000;
    return us % 86400000000 < 0 ? day - 1 : day;
}

/* Writes `"name":bound`; false: there is none to write. */
static bool write_bound(struct weir_jsonw *w, const struct weir_field *field, const struct weir_column_stats *s, bool is_max)
{
    const union weir_value *v = is_max ? &s->max : &s->min;
    char text[64];
    size_t len = 0;
    switch (field->type.id) {
    case WEIR_TYPE_BYTE:
    case WEIR_TYPE_SHORT:
    case WEIR_TYPE_INT:
    case WEIR_TYPE_LONG:
        weir_jsonw_kv_i64(w, field->name, v->i);
        return true;
    case WEIR_TYPE_FLOAT:
    case WEIR_TYPE_DOUBLE:
        if (!finite(v->f) || (is_max && s->has_nan)) {
            return false;
        }
        len = field->type.id == WEIR_TYPE_FLOAT ? weir_f32_text((float)v->f, text) : weir_f64_text(v->f, text);
        weir_jsonw_key(w, field->name);
        weir_jsonw_raw(w, (struct weir_str){text, len});
        return true;
    case WEIR_TYPE_DECIMAL:
        len = weir_decimal_text(v->d, field->type.scale, text);
        weir_jsonw_key(w, field->name);
        weir_jsonw_raw(w, (struct weir_str){text, len});
        return true;
    case WEIR_TYPE_DATE:
        if (!day_in_range(v->i)) {
            return false;
        }
        len = weir_date_text((int32_t)v->i, text);
        break;
    case WEIR_TYPE_TIMESTAMP:
    case WEIR_TYPE_TIMESTAMP_NTZ:
        if (!day_in_range(day_of(v->i))) {
            return false;
        }
        len = weir_timestamp_ms_text(v->i, field->type.id == WEIR_TYPE_TIMESTAMP ? "Z" : "", text);
        break;
    case WEIR_TYPE_STRING:
        return text_bound(w, field->name, v->s, is_max);
    default:
        return false;
    }
    weir_jsonw_key(w, field->name);
    weir_jsonw_view(w, (struct weir_str){text, len});
    return true;
}

/* --- the JSON --- */

enum part { PART_MIN, PART_MAX, PART_NULLS };
struct printer {
    const struct weiri_stats_plan *plan;
    const weir_parquet_file *file;
    const int64_t *nulls;
    enum part part;
};

static bool print_leaf(const struct printer *p, size_t column, const struct weir_field *field, struct weir_jsonw *w)
{
    const struct weiri_stats_column *c = &p->plan->columns[column];
    if (!c->counted) {
        return false;
    }
    if (p->part == PART_NULLS) {
        weir_jsonw_kv_i64(w, field->name, c->collection ? p->nulls[column] : weir_parquet_stats(p->file, c->leaf)->null_count);
        return true;
    }
    if (c->collection) {
        return false;
    }
    const struct weir_column_stats *s = weir_parquet_stats(p->file, c->leaf);
    return s->has_min_max && write_bound(w, field, s, p->part == PART_MAX);
}

/* The fields of a struct as an object's members; false: there was none, and nothing stands in the buffer. */
static bool print_fields(const struct printer *p, size_t *column, const struct weir_type *type, struct weir_jsonw *w)
{
    bool any = false;
    for (size_t i = 0; i < type->field_count; i++) {
        const struct weir_field *field = &type->fields[i];
        if (field->type.id != WEIR_TYPE_STRUCT) {
            any = print_leaf(p, (*column)++, field, w) || any;
            continue;
        }
        struct weir_buf inner;
        struct weir_jsonw inner_w;
        weir_buf_init(&inner, 0);
        weir_jsonw_init(&inner_w, &inner);
        weir_jsonw_object(&inner_w);
        if (print_fields(p, column, &field->type, &inner_w)) {
            weir_jsonw_end_object(&inner_w);
            weir_jsonw_key(w, field->name);
            weir_jsonw_raw(w, weir_buf_view(&inner));
            any = true;
        }
        weir_buf_free(&inner);
    }
    return any;
}

void weiri_stats_json(const struct weiri_stats_plan *plan, const weir_parquet_file *file, const int64_t *nulls, struct weir_buf *out)
{
    static const char *const names[] = {"minValues", "maxValues", "nullCount"};
    struct weir_jsonw w;
    weir_jsonw_init(&w, out);
    weir_jsonw_object(&w);
    weir_jsonw_kv_i64(&w, "numRecords", weir_parquet_rows(file));
    for (int part = PART_MIN; part <= PART_NULLS; part++) {
        struct printer p = {.plan = plan, .file = file, .nulls = nulls, .part = (enum part)part};
        size_t column = 0;
        weir_jsonw_key(&w, names[part]);
        weir_jsonw_object(&w);
        (void)print_fields(&p, &column, plan->schema, &w);
        weir_jsonw_end_object(&w);
    }
    weir_jsonw_end_object(&w);
}
