/* json_infer.c - the columns of JSON files that nobody declared, as Spark's JsonInferSchema finds them.
 *
 * Each record has a type; the types of all are joined in order. Fields are sorted by name. What never had a value is STRING; what cannot be joined too. */
#include "format/json_internal.h"
#include <stdlib.h>

#define DECIMAL_MAX WEIR_DECIMAL_PRECISION_MAX

enum kind { KIND_NULL, KIND_BOOLEAN, KIND_LONG, KIND_DECIMAL, KIND_DOUBLE, KIND_TIMESTAMP, KIND_STRING, KIND_ARRAY, KIND_STRUCT };
struct guess {
    enum kind kind;
    int precision, scale;
    struct guess *element; /* of an ARRAY */
    struct member *members; /* of a STRUCT, by name */
    size_t count;
};
struct member {
    struct weir_str name;
    struct guess type;
    size_t place; /* while they are sorted */
};

struct infer {
    struct weir_text_read read;
    const struct weir_format *format;
    struct weiri_json json;
    weir_arena *scratch; /* of a record */
    weir_arena *types;   /* of what is known so far; made anew when it has grown */
    struct guess root;
    struct weir_str corrupt;
    bool primitives_as_string, prefers_decimal, drop_null_fields, timestamps;
    bool texts; /* inferColumnTypes=false: names only */
    struct weiri_walk walk;
};

/* --- names --- */

/* By UTF-16 units: what is beyond the basic plane comes before U+E000. */
static int compare_names(struct weir_str a, struct weir_str b)
{
    const size_t len = a.len < b.len ? a.len : b.len;
    for (size_t i = 0; i < len; i++) {
        const uint8_t x = (uint8_t)a.ptr[i], y = (uint8_t)b.ptr[i];
        if (x != y) {
            const bool surrogate = (x >= 0xf0 && (y == 0xee || y == 0xef)) || (y >= 0xf0 && (x == 0xee || x == 0xef));
            return (x < y) != surrogate ? -1 : 1;
        }
    }
    return a.len < b.len ? -1 : a.len > b.len;
}

static int compare_members(const void *a, const void *b)
{
    const struct member *x = a, *y = b;
    const int order = compare_names(x->name, y->name);
    return order != 0 ? order : (x->place > y->place) - (x->place < y->place);
}

/* By name; of one name as they came. */
static void sort_members(struct member *members, size_t count)
{
    bool sorted = true;
    for (size_t i = 0; i < count; i++) {
        members[i].place = i;
        sorted = sorted && (i == 0 || compare_names(members[i - 1].name, members[i].name) <= 0);
    }
    if (!sorted) {
        qsort(members, count, sizeof *members, compare_members);
    }
}

/* --- joining --- */

static struct guess join(weir_arena *arena, struct guess a, struct guess b);

static struct guess join_structs(weir_arena *arena, const struct guess *a, const struct guess *b)
{
    struct guess out = {.kind = KIND_STRUCT, .members = weir_arena_alloc(arena, (a->count + b->count + 1) * sizeof *out.members)};
    size_t i = 0, j = 0;
    while (i < a->count || j < b->count) {
        const int order = i == a->count ? 1 : j == b->count ? -1 : compare_names(a->members[i].name, b->members[j].name);
        struct member *to = &out.members[out.count++];
        if (order == 0) {
            *to = (struct member){.name = a->members[i].name, .type = join(arena, a->members[i].type, b->members[j].type)};
        } else {
            *to = order < 0 ? a->members[i] : b->members[j];
        }
        i += order <= 0;
        j += order >= 0;
    }
    return out;
}

static struct guess join_decimals(struct guess a, struct guess b)
{
    const int scale = a.scale > b.scale ? a.scale : b.scale;
    const int whole = a.precision - a.scale > b.precision - b.scale ? a.precision - a.scale : b.precision - b.scale;
    return whole + scale > DECIMAL_MAX ? (struct guess){.kind = KIND_DOUBLE} : (struct guess){.kind = KIND_DECIMAL, .precision = whole + scale, .scale = scale};
}

/* What holds both (compatibleType). */
static struct guess join(weir_arena *arena, struct guess a, struct guess b)
{
    const struct guess low = a.kind <= b.kind ? a : b, high = a.kind <= b.kind ? b : a;
    if (low.kind == KIND_NULL) {
        return high;
    }
    if (a.kind == b.kind) {
        switch (a.kind) {
        case KIND_DECIMAL:
            return join_decimals(a, b);
        case KIND_STRUCT:
            return join_structs(arena, &a, &b);
        case KIND_ARRAY: {
            struct guess out = {.kind = KIND_ARRAY, .element = weir_arena_alloc(arena, sizeof *out.element)};
            *out.element = join(arena, *a.element, *b.element);
            return out;
        }
        default:
            return a;
        }
    }
    if (low.kind == KIND_LONG && high.kind == KIND_DECIMAL) {
        const bool wide = high.precision - high.scale >= 20;
        return wide ? high : join_decimals((struct guess){.precision = 20}, high);
    }
    if ((low.kind == KIND_LONG || low.kind == KIND_DECIMAL) && high.kind == KIND_DOUBLE) {
        return high;
    }
    return (struct guess){.kind = KIND_STRING};
}

/* A record that is no object has its place in the corrupt column, unless mode says otherwise. */
static struct guess with_corrupt(const struct infer *in, struct guess root)
{
    struct guess corrupt = {.kind = KIND_STRUCT, .members = weir_arena_alloc(in->types, sizeof *corrupt.members), .count = 1};
    corrupt.members[0] = (struct member){.name = in->corrupt, .type = {.kind = KIND_STRING}};
    for (size_t i = 0; i < root.count; i++) {
        if (weir_str_eq(root.members[i].name, in->corrupt)) {
            return root;
        }
    }
    return in->format->mode == WEIR_TEXT_PERMISSIVE ? join_structs(in->types, &root, &corrupt) : root;
}

/* --- one record --- */

static bool guess_value(struct infer *in, struct guess *out);

static bool guess_object(struct infer *in, struct guess *out)
{
    struct member *members = NULL;
    size_t count = 0, cap = 0;
    bool good;
    while ((good = weiri_json_next(&in->json)) && in->json.token != JSON_OBJECT_END && in->json.token != JSON_NOTHING) {
        struct member one = {.name = weiri_json_name(&in->json)};
        good = guess_value(in, &one.type);
        if (!good) {
            break;
        }
        WEIR_PUSH(members, count, cap) = one;
    }
    *out = (struct guess){.kind = KIND_STRUCT, .count = count, .members = weir_arena_alloc(in->scratch, (count + 1) * sizeof *members)};
    if (count > 0) {
        memcpy(out->members, members, count * sizeof *members);
    }
    weir_free(members);
    sort_members(out->members, out->count);
    return good;
}

static bool guess_array(struct infer *in, struct guess *out)
{
    struct guess element = {.kind = KIND_NULL}, one;
    bool good;
    while ((good = weiri_json_next(&in->json)) && in->json.token != JSON_ARRAY_END && in->json.token != JSON_NOTHING) {
        good = guess_value(in, &one);
        if (!good) {
            break;
        }
        element = join(in->scratch, element, one);
    }
    *out = (struct guess){.kind = KIND_ARRAY, .element = weir_arena_alloc(in->scratch, sizeof element)};
    *out->element = element;
    return good;
}

/* The digits and the scale of a java.math.BigDecimal; false: it is none, or its exponent is out of bounds. */
static bool decimal_of(const char *text, size_t len, int64_t *precision, int64_t *scale)
{
    const char *p = text, *end = text + len;
    int64_t exponent = 0;
    bool any = false, negative = false;
    *precision = *scale = 0;
    p += p < end && (*p == '+' || *p == '-');
    for (bool point = false; p < end && ((*p >= '0' && *p <= '9') || (*p == '.' && !point)); p++) {
        if (*p == '.') {
            point = true;
            continue;
        }
        any = true;
        *precision += *precision > 0 || *p != '0';
        *scale += point;
    }
    *precision += *precision == 0;
    if (any && p < end && (*p == 'e' || *p == 'E')) {
        p++;
        negative = p < end && *p == '-';
        p += p < end && (*p == '+' || *p == '-');
        any = p < end;
        for (; p < end && *p >= '0' && *p <= '9'; p++) {
            exponent = exponent > INT32_MAX ? exponent : exponent * 10 + (*p - '0');
        }
    }
    *scale -= negative ? -exponent : exponent;
    return any && p == end && exponent <= INT32_MAX;
}

static bool guess_decimal(struct infer *in, const char *text, size_t len, struct guess *out)
{
    int64_t precision, scale;
    if (!decimal_of(text, len, &precision, &scale)) {
        return weiri_json_fail(&in->json, "a number that is none");
    }
    precision = precision > scale ? precision : scale;
    *out = (struct guess){.kind = KIND_DOUBLE};
    if (precision <= DECIMAL_MAX) {
        *out = (struct guess){.kind = KIND_DECIMAL, .precision = (int)precision, .scale = (int)(scale < -999 ? -999 : scale)};
    }
    return true;
}

static bool guess_number(struct infer *in, struct guess *out)
{
    const struct weiri_json *j = &in->json;
    const size_t len = (size_t)(j->at - j->from);
    int64_t value;
    *out = (struct guess){.kind = in->primitives_as_string ? KIND_STRING : KIND_DOUBLE};
    if (in->primitives_as_string) {
        return true;
    }
    if (j->token == JSON_INT) {
        if (weiri_parse_integer(j->from, len, INT64_MIN, INT64_MAX, &value) == WEIR_VALUE) {
            out->kind = KIND_LONG;
            return true;
        }
        return guess_decimal(in, j->from, len, out);
    }
    return !in->prefers_decimal || guess_decimal(in, j->from, len, out);
}

static bool is_timestamp(const struct infer *in, const char *text, size_t len)
{
    const struct weir_format *f = in->format;
    int64_t us;
    return f->timestamp_pattern ? weiri_pattern_timestamp(f->timestamp_pattern, text, len, f->zone, &us) : weiri_cast_timestamp(text, len, f->zone, &us);
}

static bool guess_string(struct infer *in, struct guess *out)
{
    struct weiri_json *j = &in->json;
    if (!weiri_json_finish(j)) {
        return false;
    }
    const size_t raw = (size_t)(j->at - j->from) - 2;
    *out = (struct guess){.kind = raw == 0 ? KIND_NULL : KIND_STRING};
    if (raw == 0 || (!in->prefers_decimal && !in->timestamps)) {
        return true;
    }
    char *text = weir_arena_alloc(in->scratch, 3 * raw + 1);
    const size_t len = weiri_json_unescape(j->rules, j->from + 1, raw, text);
    if (in->prefers_decimal) {
        char *digits = weir_arena_alloc(in->scratch, len + 1);
        size_t n = 0;
        int64_t precision, scale;
        for (size_t i = 0; i < len; i++) {
            digits[n] = text[i];
            n += text[i] != ',';
        }
        if (decimal_of(digits, n, &precision, &scale) && scale >= 0 && scale <= precision && precision <= DECIMAL_MAX) {
            *out = (struct guess){.kind = KIND_DECIMAL, .precision = (int)precision, .scale = (int)scale};
            return true;
        }
    }
    if (in->timestamps && is_timestamp(in, text, len)) {
        out->kind = KIND_TIMESTAMP;
    }
    return true;
}

static bool guess_value(struct infer *in, struct guess *out)
{
    while (in->json.token == JSON_NAME) {
        if (!weiri_json_next(&in->json)) {
            return false;
        }
    }
    switch (in->json.token) {
    case JSON_OBJECT:
        return guess_object(in, out);
    case JSON_ARRAY:
        return guess_array(in, out);
    case JSON_STRING:
        return guess_string(in, out);
    case JSON_INT:
    case JSON_FLOAT:
        return guess_number(in, out);
    case JSON_TRUE:
    case JSON_FALSE:
        *out = (struct guess){.kind = in->primitives_as_string ? KIND_STRING : KIND_BOOLEAN};
        return true;
    default:
        *out = (struct guess){.kind = KIND_NULL};
        return true;
    }
}

/* --- all records --- */

/* What is known must outlive the records: it is copied. */
static struct guess keep(weir_arena *arena, const struct guess *from)
{
    struct guess out = *from;
    if (from->kind == KIND_ARRAY) {
        out.element = weir_arena_alloc(arena, sizeof *out.element);
        *out.element = keep(arena, from->element);
    }
    if (from->kind == KIND_STRUCT) {
        out.members = weir_arena_alloc(arena, (from->count + 1) * sizeof *out.members);
        for (size_t i = 0; i < from->count; i++) {
            const struct weir_str name = from->members[i].name;
            out.members[i] = (struct member){.name = {weir_arena_strndup(arena, name.ptr ? name.ptr : "", name.len), name.len}, .type = keep(arena, &from->members[i].type)};
        }
    }
    return out;
}

static bool same(const struct guess *a, const struct guess *b)
{
    if (a->kind != b->kind || a->precision != b->precision || a->scale != b->scale || a->count != b->count) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        if (!weir_str_eq(a->members[i].name, b->members[i].name) || !same(&a->members[i].type, &b->members[i].type)) {
            return false;
        }
    }
    return a->kind != KIND_ARRAY || same(a->element, b->element);
}

static weir_rc fail_record(const char *path, int64_t line, const char *why, struct weir_error *err)
{
    return weir_fail_at(err, WEIR_INVALID, "MALFORMED_RECORD", line, 0, "malformed record under mode=FAILFAST; %s, line %lld: %s; mend the line or use mode=PERMISSIVE", path, (long long)line,
                        why ? why : "it is no object, nor an array of objects");
}

static weir_rc take_text(struct infer *in, const char *path, int64_t line, bool readable, struct weir_str text, struct weir_error *err)
{
    struct guess one = {.kind = KIND_NULL};
    weiri_json_begin(&in->json, &in->format->rules, in->scratch, text.ptr, text.len);
    bool good = readable && weiri_json_next(&in->json) && guess_value(in, &one);
    while (good && one.kind == KIND_ARRAY) {
        one = *one.element;
    }
    if (good && one.kind == KIND_NULL) {
        return WEIR_OK;
    }
    if (!good || one.kind != KIND_STRUCT) {
        if (in->format->mode == WEIR_TEXT_FAILFAST) {
            return fail_record(path, line, readable ? in->json.why : "bytes that the encoding does not have", err);
        }
        in->root = with_corrupt(in, in->root);
        return WEIR_OK;
    }
    const struct guess joined = join(in->scratch, in->root, one);
    if (!same(&joined, &in->root)) {
        weir_arena *types = weir_arena_new();
        in->root = keep(types, &joined);
        weir_arena_free(in->types);
        in->types = types;
    }
    return WEIR_OK;
}

static weir_rc take_line(void *arg, const char *path, int64_t line, struct weir_str raw, bool *enough, struct weir_error *err)
{
    struct infer *in = arg;
    struct weir_str text = raw;
    (void)enough;
    weir_arena_reset(in->scratch);
    const bool readable = weiri_json_decode(in->format, raw, in->scratch, &text);
    return take_text(in, path, line, readable, text, err);
}

static weir_rc take_document(struct infer *in, struct weiri_input *input, const char *path, struct weir_error *err)
{
    struct weir_str raw;
    WEIR_TRY(weiri_walk_document(&in->walk, input, in->format, path, &raw, err));
    weir_arena_reset(in->scratch);
    return take_text(in, path, 1, true, weiri_json_decode_document(in->format, raw, in->scratch), err);
}

static weir_rc take_file(struct infer *in, size_t index, struct weir_error *err)
{
    const struct weiri_segment whole = {index, 0, in->read.files[index].size};
    struct weiri_input input;
    WEIR_TRY(weiri_input_open(&input, &in->read, &whole, err));
    bool enough = false;
    const char *path = in->read.files[index].path;
    const weir_rc rc = in->format->multi_line ? take_document(in, &input, path, err) : weiri_walk_lines(&in->walk, &input, in->format, path, take_line, in, &enough, err);
    weiri_input_close(&input);
    return rc;
}

/* --- the schema --- */

/* False: the type is nothing (an object without fields, or never a value and dropFieldIfAllNull). */
static bool type_of(const struct infer *in, weir_arena *arena, const struct guess *guess, struct weir_type *out);

static bool type_of_struct(const struct infer *in, weir_arena *arena, const struct guess *guess, struct weir_type *out)
{
    struct weir_field *fields = weir_arena_zalloc(arena, (guess->count + 1) * sizeof *fields);
    size_t count = 0;
    for (size_t i = 0; i < guess->count; i++) {
        const struct weir_str name = guess->members[i].name;
        if (name.len > 0 && type_of(in, arena, &guess->members[i].type, &fields[count].type)) {
            if (in->texts && guess == &in->root) {
                fields[count].type = weir_type_of(WEIR_TYPE_STRING);
            }
            fields[count].name = weir_arena_strndup(arena, name.ptr, name.len);
            fields[count++].nullable = true;
        }
    }
    *out = weir_type_of(WEIR_TYPE_STRUCT);
    out->fields = fields;
    out->field_count = count;
    return count > 0;
}

static bool type_of(const struct infer *in, weir_arena *arena, const struct guess *guess, struct weir_type *out)
{
    static const enum weir_type_id ids[] = {[KIND_NULL] = WEIR_TYPE_STRING, [KIND_BOOLEAN] = WEIR_TYPE_BOOLEAN, [KIND_LONG] = WEIR_TYPE_LONG, [KIND_DECIMAL] = WEIR_TYPE_DECIMAL,
                                            [KIND_DOUBLE] = WEIR_TYPE_DOUBLE, [KIND_TIMESTAMP] = WEIR_TYPE_TIMESTAMP, [KIND_STRING] = WEIR_TYPE_STRING, [KIND_ARRAY] = WEIR_TYPE_ARRAY,
                                            [KIND_STRUCT] = WEIR_TYPE_STRUCT};
    if (guess->kind == KIND_STRUCT) {
        return type_of_struct(in, arena, guess, out);
    }
    *out = guess->kind == KIND_DECIMAL ? weir_type_decimal(guess->precision, guess->scale) : weir_type_of(ids[guess->kind]);
    if (guess->kind == KIND_ARRAY) {
        out->fields = weir_arena_zalloc(arena, sizeof *out->fields);
        out->fields[0].name = "element";
        out->fields[0].nullable = true;
        out->field_count = 1;
        return type_of(in, arena, guess->element, &out->fields[0].type);
    }
    return guess->kind != KIND_NULL || !in->drop_null_fields;
}

static weir_rc check_guess(const struct guess *guess, const char *name, struct weir_error *err)
{
    if (guess->kind == KIND_DECIMAL && guess->scale < 0) {
        return weir_fail(err, WEIR_INVALID, "INFERRED_NEGATIVE_SCALE",
                         "the field `%s` has numbers with an exponent, such as 1e3, which are no DECIMAL under prefersDecimal=true; leave that option out, or declare the columns", name);
    }
    for (size_t i = 0; i < guess->count; i++) {
        WEIR_TRY(check_guess(&guess->members[i].type, guess->members[i].name.ptr, err));
    }
    return guess->kind == KIND_ARRAY ? check_guess(guess->element, name, err) : WEIR_OK;
}

static weir_rc check_names(const struct weir_type *type, struct weir_error *err)
{
    weir_map *names = type->id == WEIR_TYPE_STRUCT ? weir_map_new_nocase() : NULL;
    weir_rc rc = WEIR_OK;
    for (size_t i = 0; i < type->field_count && rc == WEIR_OK; i++) {
        const char *name = type->fields[i].name;
        if (names && weir_map_has(names, weir_str(name))) {
            rc = weir_fail(err, WEIR_INVALID, "INFERRED_TWICE", "the records have fields that differ in letter case only, or not at all, such as `%s`; declare the columns that you want",
                           name ? name : "");
        }
        rc = rc == WEIR_OK ? check_names(&type->fields[i].type, err) : rc;
        if (names) {
            weir_map_put(names, weir_str(name), names);
        }
    }
    weir_map_free(names, NULL);
    return rc;
}

static bool option_bool(const weir_options *options, const char *name)
{
    const char *value = options ? weir_options_get(options, name) : NULL;
    return value && weir_str_eq_nocase(weir_str(value), WEIR_STR("true"));
}

weir_rc weiri_json_infer(const weir_options *options, bool (*ignore)(const char *name), weir_fs *fs, const struct weir_text_file *files, size_t count, weir_arena *arena,
                         weir_schema **out, struct weir_error *err)
{
    weir_format *format = NULL;
    weir_schema *one = weir_schema_new(arena, 1);
    const char *corrupt = options ? weir_options_get(options, "columnNameOfCorruptRecord") : NULL;
    *out = NULL;
    one->fields[0] = (struct weir_field){.name = corrupt && strcmp(corrupt, "a") == 0 ? "b" : "a", .type = weir_type_of(WEIR_TYPE_STRING), .nullable = true};
    WEIR_TRY(weir_format_new("json", one, options, ignore, &format, err));
    struct infer in = {.format = format, .scratch = weir_arena_new(), .types = weir_arena_new(), .root = {.kind = KIND_STRUCT}, .corrupt = weir_str(corrupt ? corrupt : "_corrupt_record"),
                       .primitives_as_string = option_bool(options, "primitivesAsString"), .prefers_decimal = option_bool(options, "prefersDecimal"),
                       .drop_null_fields = option_bool(options, "dropFieldIfAllNull"), .timestamps = option_bool(options, "inferTimestamp")};
    const char *types = options ? weir_options_get(options, "inferSchema") : NULL;
    in.texts = types && weir_str_eq_nocase(weir_str(types), WEIR_STR("false"));
    in.read = (struct weir_text_read){.format = format, .fs = fs, .files = files, .file_count = count};
    weir_rc rc = WEIR_OK;
    for (size_t i = 0; rc == WEIR_OK && i < count; i++) {
        rc = files[i].size > 0 ? take_file(&in, i, err) : WEIR_OK;
    }
    rc = rc == WEIR_OK ? check_guess(&in.root, "", err) : rc;
    if (rc == WEIR_OK) {
        struct weir_type type;
        (void)type_of_struct(&in, arena, &in.root, &type);
        *out = weir_schema_copy(arena, &type);
        rc = check_names(*out, err);
    }
    weiri_json_free(&in.json);
    weir_arena_free(in.scratch);
    weir_arena_free(in.types);
    weiri_walk_free(&in.walk);
    weir_format_free(format);
    return rc;
}
