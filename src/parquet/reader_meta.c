/* reader_meta.c - the footer: FileMetaData into plain structs. */
#include "parquet/reader_internal.h"

static void parse_time(struct weiri_thrift *t, uint8_t type, struct weiri_pq_element *e)
{
    if (!weiri_thrift_enter(t, type)) {
        return;
    }
    for (struct weiri_thrift_field f = {0}; weiri_thrift_next(t, &f);) {
        if (f.id == 1) {
            e->utc = weiri_thrift_bool(t, f.type);
        } else if (f.id == 2 && weiri_thrift_enter(t, f.type)) {
            for (struct weiri_thrift_field u = {0}; weiri_thrift_next(t, &u);) {
                e->unit = u.id;
                weiri_thrift_skip(t, u.type);
            }
            weiri_thrift_leave(t);
        } else {
            weiri_thrift_skip(t, f.type);
        }
    }
    weiri_thrift_leave(t);
}

static void parse_two(struct weiri_thrift *t, uint8_t type, struct weiri_pq_element *e, bool decimal)
{
    if (!weiri_thrift_enter(t, type)) {
        return;
    }
    for (struct weiri_thrift_field f = {0}; weiri_thrift_next(t, &f);) {
        if (decimal && f.id == 1) {
            e->scale = weiri_thrift_i32(t, f.type);
        } else if (decimal && f.id == 2) {
            e->precision = weiri_thrift_i32(t, f.type);
        } else if (!decimal && f.id == 1) {
            e->bit_width = weiri_thrift_i32(t, f.type);
        } else if (!decimal && f.id == 2) {
            e->is_signed = weiri_thrift_bool(t, f.type);
        } else {
            weiri_thrift_skip(t, f.type);
        }
    }
    weiri_thrift_leave(t);
}

static void parse_logical(struct weiri_thrift *t, uint8_t type, struct weiri_pq_element *e)
{
    if (!weiri_thrift_enter(t, type)) {
        return;
    }
    for (struct weiri_thrift_field f = {0}; weiri_thrift_next(t, &f);) {
        e->logical = f.id;
        if (f.id == WEIR_PQ_LOGICAL_TIMESTAMP || f.id == WEIR_PQ_LOGICAL_TIME) {
            parse_time(t, f.type, e);
        } else if (f.id == WEIR_PQ_LOGICAL_DECIMAL || f.id == WEIR_PQ_LOGICAL_INTEGER) {
            parse_two(t, f.type, e, f.id == WEIR_PQ_LOGICAL_DECIMAL);
        } else {
            weiri_thrift_skip(t, f.type);
        }
    }
    weiri_thrift_leave(t);
}

static void parse_element(struct weiri_thrift *t, uint8_t type, struct weiri_pq_element *e)
{
    *e = (struct weiri_pq_element){.type = -1, .repetition = -1, .converted = WEIR_PQ_CONVERTED_NONE};
    if (!weiri_thrift_enter(t, type)) {
        return;
    }
    for (struct weiri_thrift_field f = {0}; weiri_thrift_next(t, &f);) {
        switch (f.id) {
        case WEIR_PQ_ELEMENT_TYPE:
            e->type = weiri_thrift_i32(t, f.type);
            break;
        case WEIR_PQ_ELEMENT_TYPE_LENGTH:
            e->type_length = weiri_thrift_i32(t, f.type);
            break;
        case WEIR_PQ_ELEMENT_REPETITION:
            e->repetition = weiri_thrift_i32(t, f.type);
            break;
        case WEIR_PQ_ELEMENT_NAME:
            e->name = weiri_thrift_binary(t, f.type);
            break;
        case WEIR_PQ_ELEMENT_NUM_CHILDREN:
            e->children = weiri_thrift_i32(t, f.type);
            break;
        case WEIR_PQ_ELEMENT_CONVERTED:
            e->converted = weiri_thrift_i32(t, f.type);
            break;
        case WEIR_PQ_ELEMENT_SCALE:
            e->scale = weiri_thrift_i32(t, f.type);
            break;
        case WEIR_PQ_ELEMENT_PRECISION:
            e->precision = weiri_thrift_i32(t, f.type);
            break;
        case WEIR_PQ_ELEMENT_LOGICAL:
            parse_logical(t, f.type, e);
            break;
        default:
            weiri_thrift_skip(t, f.type);
        }
    }
    weiri_thrift_leave(t);
}

static void parse_chunk_meta(struct weiri_thrift *t, uint8_t type, struct weiri_pq_chunk *c)
{
    if (!weiri_thrift_enter(t, type)) {
        return;
    }
    c->present = true;
    for (struct weiri_thrift_field f = {0}; weiri_thrift_next(t, &f);) {
        switch (f.id) {
        case WEIR_PQ_META_TYPE:
            c->type = weiri_thrift_i32(t, f.type);
            break;
        case WEIR_PQ_META_CODEC:
            c->codec = weiri_thrift_i32(t, f.type);
            break;
        case WEIR_PQ_META_NUM_VALUES:
            c->values = weiri_thrift_int(t, f.type);
            break;
        case WEIR_PQ_META_COMPRESSED_SIZE:
            c->compressed_size = weiri_thrift_int(t, f.type);
            break;
        case WEIR_PQ_META_DATA_PAGE_OFFSET:
            c->data_offset = weiri_thrift_int(t, f.type);
            break;
        case WEIR_PQ_META_DICTIONARY_PAGE_OFFSET:
            c->dictionary_offset = weiri_thrift_int(t, f.type);
            break;
        default:
            weiri_thrift_skip(t, f.type);
        }
    }
    weiri_thrift_leave(t);
}

static void parse_chunk(struct weiri_thrift *t, uint8_t type, struct weiri_pq_chunk *c)
{
    if (!weiri_thrift_enter(t, type)) {
        return;
    }
    for (struct weiri_thrift_field f = {0}; weiri_thrift_next(t, &f);) {
        if (f.id == WEIR_PQ_CHUNK_META) {
            parse_chunk_meta(t, f.type, c);
        } else {
            c->elsewhere = c->elsewhere || f.id == WEIR_PQ_CHUNK_FILE_PATH;
            weiri_thrift_skip(t, f.type);
        }
    }
    weiri_thrift_leave(t);
}

static void parse_group(struct weiri_thrift *t, uint8_t type, weir_arena *arena, struct weiri_pq_group *g)
{
    uint8_t element = 0;
    if (!weiri_thrift_enter(t, type)) {
        return;
    }
    for (struct weiri_thrift_field f = {0}; weiri_thrift_next(t, &f);) {
        if (f.id == WEIR_PQ_GROUP_COLUMNS) {
            g->chunk_count = weiri_thrift_list(t, f.type, &element);
            g->chunks = weir_arena_zalloc(arena, (g->chunk_count + 1) * sizeof *g->chunks);
            for (size_t i = 0; i < g->chunk_count && !t->bad; i++) {
                parse_chunk(t, element, &g->chunks[i]);
            }
        } else if (f.id == WEIR_PQ_GROUP_NUM_ROWS) {
            g->rows = weiri_thrift_int(t, f.type);
        } else {
            weiri_thrift_skip(t, f.type);
        }
    }
    weiri_thrift_leave(t);
}

static void parse_key_values(struct weiri_thrift *t, uint8_t type, weir_arena *arena, struct weiri_pq_footer *out)
{
    uint8_t element = 0;
    size_t count = weiri_thrift_list(t, type, &element);
    out->metadata = weir_arena_zalloc(arena, (2 * count + 1) * sizeof *out->metadata);
    for (size_t i = 0; i < count && weiri_thrift_enter(t, element); i++) {
        struct weir_str texts[2] = {{"", 0}, {NULL, 0}};
        for (struct weiri_thrift_field f = {0}; weiri_thrift_next(t, &f);) {
            if (f.id == 1 || f.id == 2) {
                texts[f.id - 1] = weiri_thrift_binary(t, f.type);
            } else {
                weiri_thrift_skip(t, f.type);
            }
        }
        weiri_thrift_leave(t);
        if (texts[1].ptr) {
            out->metadata[2 * out->metadata_count] = weir_arena_strndup(arena, texts[0].ptr, texts[0].len);
            out->metadata[2 * out->metadata_count + 1] = weir_arena_strndup(arena, texts[1].ptr, texts[1].len);
            out->metadata_count++;
        }
    }
}

weir_rc weiri_pq_parse_footer(weir_arena *arena, const void *bytes, size_t len, struct weiri_pq_footer *out, struct weir_error *err)
{
    struct weiri_thrift t;
    uint8_t element = 0;
    memset(out, 0, sizeof *out);
    weiri_thrift_init(&t, bytes, len);
    for (struct weiri_thrift_field f = {0}; weiri_thrift_next(&t, &f);) {
        switch (f.id) {
        case WEIR_PQ_FILE_SCHEMA:
            out->element_count = weiri_thrift_list(&t, f.type, &element);
            out->elements = weir_arena_zalloc(arena, (out->element_count + 1) * sizeof *out->elements);
            for (size_t i = 0; i < out->element_count && !t.bad; i++) {
                parse_element(&t, element, &out->elements[i]);
            }
            break;
        case WEIR_PQ_FILE_NUM_ROWS:
            out->rows = weiri_thrift_int(&t, f.type);
            break;
        case WEIR_PQ_FILE_ROW_GROUPS:
            out->group_count = weiri_thrift_list(&t, f.type, &element);
            out->groups = weir_arena_zalloc(arena, (out->group_count + 1) * sizeof *out->groups);
            for (size_t i = 0; i < out->group_count && !t.bad; i++) {
                parse_group(&t, element, arena, &out->groups[i]);
            }
            break;
        case WEIR_PQ_FILE_KEY_VALUE:
            parse_key_values(&t, f.type, arena, out);
            break;
        case WEIR_PQ_FILE_ENCRYPTION:
            out->encrypted = true;
            weiri_thrift_skip(&t, f.type);
            break;
        default:
            weiri_thrift_skip(&t, f.type);
        }
    }
    if (t.bad || out->element_count == 0 || out->rows < 0) {
        return weir_fail(err, WEIR_CORRUPT, "PARQUET_CORRUPT", "the footer can not be read");
    }
    return WEIR_OK;
}
