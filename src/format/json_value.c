/* json_value.c - tokens into the fields of a record, as Spark's JacksonParser goes through them.
 *
 * What fails in a field spoils the field and makes the record malformed; reading goes on behind the token where it failed, which may be in the middle of an array. A struct
 * keeps its other fields; an array or a map is lost as a whole. What fails between fields spoils the record. Whether the text of a primitive column
 * is one of its type is for the sink to find out. */
#include "format/json_internal.h"
#include <stdio.h>

enum outcome { WHOLE, PARTIAL, BAD };

/* --- shapes --- */

#define NAMES_MIN 8 /* fewer are compared one by one */

static void shape_init(struct weiri_json_shape *shape, const struct weir_type *type, const struct weir_format *format)
{
    *shape = (struct weiri_json_shape){.type = type};
    if (type->field_count == 0 && type->id != WEIR_TYPE_STRUCT) {
        shape->parser = weiri_json_parser_new(type, format);
        return;
    }
    shape->children = weir_calloc(type->field_count + 1, sizeof *shape->children);
    shape->names = type->id == WEIR_TYPE_STRUCT && type->field_count >= NAMES_MIN ? weir_map_new() : NULL;
    for (size_t i = 0; i < type->field_count; i++) {
        shape_init(&shape->children[i], &type->fields[i].type, format);
        shape->children[i].name = weir_str(type->fields[i].name);
        if (shape->names) {
            weir_map_put(shape->names, weir_str(type->fields[i].name), &shape->children[i]);
        }
    }
}

static void shape_free(struct weiri_json_shape *shape)
{
    weiri_json_parser_free(shape->parser);
    for (size_t i = 0; shape->children && i < shape->type->field_count; i++) {
        shape_free(&shape->children[i]);
    }
    weir_free(shape->children);
    weir_map_free(shape->names, NULL);
}

/* The field of a name, -1 = none. Fields mostly come in order: `guess` is tried first. */
static int find_field(const struct weiri_json_shape *shape, struct weir_str name, size_t guess)
{
    const struct weir_type *type = shape->type;
    if (!name.ptr) {
        return -1; /* in an array whose field is lost */
    }
    if (guess < type->field_count && weir_str_eq(shape->children[guess].name, name)) {
        return (int)guess;
    }
    if (shape->names) {
        const struct weiri_json_shape *child = weir_map_get(shape->names, name);
        return child ? (int)(child - shape->children) : -1;
    }
    for (size_t i = type->field_count; i-- > 0;) {
        if (weir_str_eq(shape->children[i].name, name)) {
            return (int)i;
        }
    }
    return -1;
}

/* --- tokens of primitive columns --- */

/* The text of the current token as a cell of the type; ptr NULL = NULL. False: no value of the type, or broken. */
static bool take_cell(struct weiri_json_reader *r, const struct weir_type *type, struct weir_cell *out)
{
    struct weiri_json *j = &r->json;
    const char *from = j->from;
    struct weir_str bytes;
    *out = (struct weir_cell){NULL, 0};
    switch (j->token) {
    case JSON_NOTHING:
    case JSON_NULL:
        return true;
    case JSON_STRING:
        if (type->id == WEIR_TYPE_BINARY && j->open) {
            if (!weiri_json_base64(j, &bytes)) {
                return false;
            }
            char *cell = weir_arena_alloc(r->arena, bytes.len + 1);
            cell[0] = WEIRI_JSON_AS_IS;
            memcpy(cell + 1, bytes.ptr, bytes.len);
            *out = (struct weir_cell){cell, bytes.len + 1};
            return true;
        }
        if (!weiri_json_finish(j)) {
            return false;
        }
        break;
    case JSON_INT:
    case JSON_FLOAT:
    case JSON_TRUE:
    case JSON_FALSE:
    case JSON_OBJECT:
    case JSON_ARRAY:
        if (type->id == WEIR_TYPE_STRING && !r->exact) {
            struct weir_buf copy;
            weir_buf_init(&copy, 0);
            weir_buf_add_char(&copy, WEIRI_JSON_AS_IS);
            const bool good = weiri_json_copy(j, &copy);
            *out = (struct weir_cell){good ? weir_arena_strndup(r->arena, copy.data, copy.len) : NULL, copy.len};
            weir_buf_free(&copy);
            return good;
        }
        if (j->token == JSON_OBJECT || j->token == JSON_ARRAY) {
            if (type->id != WEIR_TYPE_STRING || !weiri_json_skip(j)) {
                return false;
            }
        }
        break;
    default: /* the end of an array whose field is lost: text all the same */
        if (type->id != WEIR_TYPE_STRING || !r->exact) {
            return false;
        }
    }
    *out = (struct weir_cell){from, (size_t)(j->at - from)};
    return true;
}

/* Values that a parser built live in its own memory for one call only. */
static void keep_bytes(weir_arena *arena, const struct weir_type *type, union weir_value *value)
{
    if (type->id == WEIR_TYPE_STRING || type->id == WEIR_TYPE_BINARY) {
        value->s.ptr = weir_arena_strndup(arena, value->s.ptr, value->s.len);
    }
}

/* --- values of nested columns --- */

static enum outcome take_value(struct weiri_json_reader *r, const struct weiri_json_shape *shape, struct weiri_json_node *out);

/* The next token, unless it ends what is being read. */
static bool next_until(struct weiri_json *j, enum weiri_json_token end, bool *more)
{
    if (!weiri_json_next(j)) {
        return false;
    }
    *more = j->token != JSON_NOTHING && j->token != end;
    return true;
}

static enum outcome take_struct(struct weiri_json_reader *r, const struct weiri_json_shape *shape, struct weiri_json_node *out)
{
    struct weiri_json *j = &r->json;
    enum outcome result = WHOLE;
    bool more;
    out->count = shape->type->field_count;
    out->items = weir_arena_alloc(r->arena, (out->count + 1) * sizeof *out->items);
    for (size_t i = 0; i < out->count; i++) {
        out->items[i] = (struct weiri_json_node){.null = true};
    }
    for (size_t guess = 0;;) {
        if (!next_until(j, JSON_OBJECT_END, &more)) {
            return BAD;
        }
        if (!more) {
            return result;
        }
        const int field = find_field(shape, weiri_json_name(j), guess);
        guess = field < 0 ? guess : (size_t)field + 1;
        struct weiri_json_node value = {0};
        const enum outcome got = field < 0 ? BAD : take_value(r, &shape->children[field], &value);
        if (field >= 0 && got != WHOLE) {
            result = PARTIAL;
        }
        if (got == BAD) {
            if (!weiri_json_skip(j)) {
                return BAD;
            }
        } else {
            out->items[field] = value;
        }
    }
}

struct items {
    struct weiri_json_node *nodes;
    size_t count, cap;
};
static void add_item(struct items *items, const struct weiri_json_node *node)
{
    WEIR_PUSH(items->nodes, items->count, items->cap) = *node;
}

static void keep_items(weir_arena *arena, struct items *items, struct weiri_json_node *out)
{
    out->count = items->count;
    out->items = weir_arena_alloc(arena, (items->count + 1) * sizeof *out->items);
    if (items->count > 0) {
        memcpy(out->items, items->nodes, items->count * sizeof *out->items);
    }
    weir_free(items->nodes);
}

static enum outcome take_array(struct weiri_json_reader *r, const struct weiri_json_shape *shape, struct weiri_json_node *out)
{
    struct items items = {0};
    enum outcome result = WHOLE;
    bool more = true;
    while (result != BAD) {
        struct weiri_json_node value = {0};
        if (!next_until(&r->json, JSON_ARRAY_END, &more)) {
            result = BAD;
        }
        if (result == BAD || !more) {
            break;
        }
        const enum outcome got = take_value(r, &shape->children[0], &value);
        result = got > result ? got : result;
        add_item(&items, &value);
    }
    keep_items(r->arena, &items, out);
    return result;
}

static enum outcome take_map(struct weiri_json_reader *r, const struct weiri_json_shape *shape, struct weiri_json_node *out)
{
    struct items items = {0};
    enum outcome result = WHOLE;
    bool more;
    for (;;) {
        if (!next_until(&r->json, JSON_OBJECT_END, &more)) {
            result = BAD;
            break;
        }
        if (!more) {
            break;
        }
        struct weir_str name = weiri_json_name(&r->json);
        struct weiri_json_node key = {.value.s = {weir_arena_strndup(r->arena, name.ptr ? name.ptr : "", name.len), name.len}}, value = {0};
        const enum outcome got = take_value(r, &shape->children[1], &value);
        result = got > result ? got : result; /* a bad value spoils the map, but it is read to its end */
        if (got == BAD && !weiri_json_skip(&r->json)) {
            break;
        }
        add_item(&items, &key);
        add_item(&items, &value);
    }
    keep_items(r->arena, &items, out);
    return result;
}

static enum outcome take_primitive(struct weiri_json_reader *r, const struct weiri_json_shape *shape, struct weiri_json_node *out)
{
    struct weir_cell cell;
    if (!take_cell(r, shape->type, &cell)) {
        return BAD;
    }
    out->null = !cell.ptr;
    if (out->null) {
        return WHOLE;
    }
    const enum weir_verdict verdict = shape->parser->parse(shape->parser, cell.ptr, cell.len, &out->value);
    out->null = verdict == WEIR_VALUE_NULL;
    if (verdict == WEIR_VALUE) {
        keep_bytes(r->arena, shape->type, &out->value);
    }
    return verdict == WEIR_VALUE_BAD ? BAD : WHOLE;
}

static enum outcome take_value(struct weiri_json_reader *r, const struct weiri_json_shape *shape, struct weiri_json_node *out)
{
    struct weiri_json *j = &r->json;
    while (j->token == JSON_NAME) {
        if (!weiri_json_next(j)) {
            return BAD;
        }
    }
    if (shape->parser) {
        return take_primitive(r, shape, out);
    }
    if (j->token == JSON_NOTHING || j->token == JSON_NULL) {
        out->null = true;
        return WHOLE;
    }
    if (j->token != (shape->type->id == WEIR_TYPE_ARRAY ? JSON_ARRAY : JSON_OBJECT)) {
        if (j->token == JSON_STRING) {
            (void)weiri_json_finish(j); /* its length was asked for */
        }
        return BAD;
    }
    return shape->type->id == WEIR_TYPE_ARRAY ? take_array(r, shape, out) : shape->type->id == WEIR_TYPE_MAP ? take_map(r, shape, out) : take_struct(r, shape, out);
}

/* --- records --- */

static bool is_good(const struct weiri_json_shape *shape, const struct weir_cell *cell)
{
    union weir_value value;
    return !cell->ptr || !shape->parser || shape->parser->parse(shape->parser, cell->ptr, cell->len, &value) != WEIR_VALUE_BAD;
}

/* The field of a row. A name that comes twice: the last good value stays, but a bad one makes the record malformed. */
static void put_cell(struct weiri_json_row *row, const struct weiri_json_shape *shape, size_t field, bool again, struct weir_cell cell)
{
    if (again && !is_good(shape, &cell)) {
        row->bad = true;
        return;
    }
    row->bad = row->bad || (again && !is_good(shape, &row->cells[field]));
    row->cells[field] = cell;
}

/* The value that begins at `from`, as it stands there. The record is read further on its own; this looks at the text alone. */
static void rescue_value(struct weiri_json_reader *r, struct weiri_json_row *row, struct weir_str name, const char *from)
{
    struct weiri_json value = {0};
    struct weiri_json_rescued *one = weir_arena_zalloc(r->arena, sizeof *one);
    weiri_json_begin(&value, r->json.rules, r->arena, from, (size_t)(r->json.end - from));
    const bool whole = weiri_json_next(&value) && (value.token != JSON_STRING || weiri_json_finish(&value)) && weiri_json_skip(&value);
    *one = (struct weiri_json_rescued){{weir_arena_strndup(r->arena, name.ptr, name.len), name.len}, {from, (size_t)(value.at - from)}, row->rescued};
    weiri_json_free(&value);
    if (whole) {
        row->rescued = one;
    }
}

static bool take_field(struct weiri_json_reader *r, struct weiri_json_row *row, size_t field)
{
    const struct weiri_json_shape *shape = &r->root.children[field];
    struct weiri_json *j = &r->json;
    struct weir_cell cell = {NULL, 0};
    bool good = true, partial = false;
    const struct weir_str name = weiri_json_name(j);
    const char *from = j->from; /* the value was begun with its name */
    while (good && j->token == JSON_NAME) {
        good = weiri_json_next(j);
    }
    if (good && shape->parser) {
        good = take_cell(r, shape->type, &cell);
    } else if (good) {
        struct weiri_json_node *node = weir_arena_zalloc(r->arena, sizeof *node);
        const enum outcome got = take_value(r, shape, node);
        good = got != BAD;
        partial = got == PARTIAL;
        row->bad = row->bad || (partial && !r->rescue);
        cell = (struct weir_cell){node->null ? NULL : (const char *)node, 1};
    }
    if (r->rescue && (!good || partial)) {
        rescue_value(r, row, name, from);
    }
    if (good) {
        put_cell(row, shape, field, r->seen[field] != 0, cell);
        r->seen[field] = 1;
        return true;
    }
    row->bad = row->bad || !r->rescue;
    return weiri_json_skip(j);
}

/* The object whose beginning is the current token. False: the document is bad. */
static bool take_row(struct weiri_json_reader *r, struct weiri_json_row *row)
{
    const size_t fields = r->root.type->field_count;
    bool more;
    *row = (struct weiri_json_row){.cells = row == r->record.rows ? r->first : weir_arena_alloc(r->arena, (fields + 1) * sizeof(struct weir_cell))};
    memset(row->cells, 0, (fields + 1) * sizeof(struct weir_cell));
    memset(r->seen, 0, fields + 1);
    for (size_t guess = 0;;) {
        if (!next_until(&r->json, JSON_OBJECT_END, &more)) {
            return false;
        }
        if (!more) {
            return true;
        }
        const int field = find_field(&r->root, weiri_json_name(&r->json), guess); /* of a name that is none, its value comes as a token of its own */
        guess = field < 0 ? guess : (size_t)field + 1;
        if (field < 0 && r->rescue && r->json.token == JSON_NAME) {
            rescue_value(r, row, weiri_json_name(&r->json), r->json.from);
        }
        if (!(field < 0 ? weiri_json_skip(&r->json) : take_field(r, row, (size_t)field))) {
            return false;
        }
    }
}

static struct weiri_json_row *new_row(struct weiri_json_reader *r)
{
    return &WEIR_PUSH(r->record.rows, r->record.count, r->record.cap);
}

/* An array of objects: a row each. If one is bad all are, but they keep what is good. */
static bool take_rows(struct weiri_json_reader *r)
{
    bool bad = false, more;
    for (;;) {
        if (!next_until(&r->json, JSON_ARRAY_END, &more)) {
            return false;
        }
        if (!more) {
            break;
        }
        if (r->json.token != JSON_OBJECT || !take_row(r, new_row(r))) {
            return false;
        }
    }
    for (size_t i = 0; i < r->record.count; i++) {
        struct weiri_json_row *row = &r->record.rows[i];
        for (size_t f = 0; !row->bad && !r->rescue && f < r->root.type->field_count; f++) {
            row->bad = !is_good(&r->root.children[f], &row->cells[f]);
        }
        bad = bad || row->bad;
    }
    for (size_t i = 0; i < r->record.count; i++) {
        r->record.rows[i].bad = bad;
    }
    return true;
}

void weiri_json_read(struct weiri_json_reader *r, struct weir_str text)
{
    const struct weiri_json_rules *rules = r->json.rules;
    weiri_json_begin(&r->json, rules, r->arena, text.ptr, text.len);
    r->record.count = 0;
    bool good = weiri_json_next(&r->json);
    if (good && r->json.token == JSON_NOTHING) {
        return;
    }
    if (good && r->json.token == JSON_ARRAY) {
        good = take_rows(r);
    } else if (good) {
        good = r->json.token == JSON_OBJECT && take_row(r, new_row(r));
    }
    if (!good) {
        r->record.count = 0;
        *new_row(r) = (struct weiri_json_row){.bad = true, .cells = weir_arena_zalloc(r->arena, (r->root.type->field_count + 1) * sizeof(struct weir_cell))};
    }
}

struct weiri_json_reader *weiri_json_reader_new(const struct weir_format *format)
{
    struct weiri_json_reader *r = weir_calloc(1, sizeof *r);
    r->arena = weir_arena_new();
    r->exact = !format->rules.charset_given;
    r->rescue = format->rescued >= 0;
    r->json.rules = &format->rules;
    weir_schema *fields = weir_schema_new(r->arena, format->columns);
    for (size_t f = 0; f < format->columns; f++) {
        fields->fields[f] = format->schema->fields[format->column_of[f]];
    }
    /* The arena is reset with each batch; the fields must outlive it. */
    struct weir_type *root = weir_calloc(1, sizeof *root + (format->columns + 1) * sizeof *root->fields);
    *root = *fields;
    root->fields = (struct weir_field *)(root + 1);
    if (format->columns > 0) {
        memcpy(root->fields, fields->fields, format->columns * sizeof *root->fields);
    }
    shape_init(&r->root, root, format);
    r->first = weir_calloc(format->columns + 1, sizeof *r->first);
    r->seen = weir_calloc(format->columns + 1, 1);
    return r;
}

void weiri_json_reader_free(struct weiri_json_reader *r)
{
    if (r) {
        const struct weir_type *root = r->root.type;
        shape_free(&r->root);
        weir_free((void *)(uintptr_t)root);
        weiri_json_free(&r->json);
        weir_arena_free(r->arena);
        weir_free(r->record.rows);
        weir_free(r->first);
        weir_free(r->seen);
        weir_free(r);
    }
}

/* --- into columns --- */

void weiri_json_emit(weir_builder *builder, const struct weir_type *type, const struct weiri_json_node *node)
{
    if (!node || node->null) {
        weir_builder_null(builder);
        return;
    }
    switch (type->id) {
    case WEIR_TYPE_STRUCT:
    case WEIR_TYPE_ARRAY:
    case WEIR_TYPE_MAP:
        for (size_t i = 0; i < node->count; i++) {
            const size_t child = type->id == WEIR_TYPE_STRUCT ? i : type->id == WEIR_TYPE_MAP ? i % 2 : 0;
            weiri_json_emit(weir_builder_child(builder, child), &type->fields[child].type, &node->items[i]);
        }
        weir_builder_end(builder);
        break;
    case WEIR_TYPE_BOOLEAN:
        weir_builder_bool(builder, node->value.b);
        break;
    case WEIR_TYPE_FLOAT:
    case WEIR_TYPE_DOUBLE:
        weir_builder_f64(builder, node->value.f);
        break;
    case WEIR_TYPE_DECIMAL:
        weir_builder_decimal(builder, node->value.d);
        break;
    case WEIR_TYPE_STRING:
    case WEIR_TYPE_BINARY:
        weir_builder_bytes(builder, node->value.s.ptr, node->value.s.len);
        break;
    default:
        weir_builder_i64(builder, node->value.i);
    }
}

/* --- why --- */

int64_t weiri_json_explain(struct weiri_json_reader *r, struct weir_str text, char *out, size_t out_len)
{
    weiri_json_read(r, text);
    if (r->json.why) {
        const int64_t at = r->json.where - text.ptr + 1;
        snprintf(out, out_len, "byte %lld: %s", (long long)at, r->json.why);
        return at;
    }
    for (size_t i = 0; i < r->record.count; i++) {
        for (size_t f = 0; f < r->root.type->field_count; f++) {
            const struct weir_cell *cell = &r->record.rows[i].cells[f];
            if (!is_good(&r->root.children[f], cell)) {
                struct weir_buf type;
                weir_buf_init(&type, 0);
                weir_type_print(&type, &r->root.type->fields[f].type);
                snprintf(out, out_len, "column `%s`: %.*s is no %s", r->root.type->fields[f].name, (int)(cell->len > 80 ? 80 : cell->len), cell->ptr, type.data);
                weir_buf_free(&type);
                return cell->ptr >= text.ptr && cell->ptr < text.ptr + text.len ? cell->ptr - text.ptr + 1 : 0;
            }
        }
    }
    snprintf(out, out_len, r->record.count > 0 && r->json.depth == 0 && r->json.token != JSON_OBJECT_END && r->json.token != JSON_ARRAY_END ? "it is no object, nor an array of objects" : "a value is not of its column's type");
    return 0;
}
