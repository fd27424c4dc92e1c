/* dict.c - a column's dictionary: what happens on a miss. Hits are found by the loops of the text sink. */
#include "parquet/dict.h"

static bool is_text(const struct pw_dict *dict)
{
    return dict->leaf->width == 0;
}

void weiri_pw_dict_init(struct pw_dict *dict, const struct pw_leaf *leaf)
{
    *dict = (struct pw_dict){.leaf = leaf};
    weiri_pw_table_init(&dict->texts);
    weiri_pw_table_init(&dict->values);
    dict->values_kept = !is_text(dict);
    (void)weiri_pw_bytes_room(&dict->heap, 1); /* look-ups may ask for the begin of either heap */
    (void)weiri_pw_bytes_room(&dict->side, 1);
}

void weiri_pw_dict_free(struct pw_dict *dict)
{
    weiri_pw_table_free(&dict->texts);
    weiri_pw_table_free(&dict->values);
    weiri_pw_bytes_free(&dict->heap);
    weiri_pw_bytes_free(&dict->side);
    weir_free(dict->keys);
    weir_free(dict->offsets);
    *dict = (struct pw_dict){0};
}

void weiri_pw_dict_clear(struct pw_dict *dict)
{
    weiri_pw_table_clear(&dict->texts);
    weiri_pw_table_clear(&dict->values);
    dict->values_kept = !is_text(dict);
    dict->heap.len = 0;
    dict->side.len = 0;
    dict->count = 0;
}

/* A function of the content alone, so that a row group that ends early by it ends at the same row everywhere. */
size_t weiri_pw_dict_bytes(const struct pw_dict *dict)
{
    return weiri_pw_table_bytes(&dict->texts) + weiri_pw_table_bytes(&dict->values) + dict->heap.len + dict->side.len + (size_t)dict->count * 12;
}

static weir_rc fail_full(const struct pw_dict *dict, struct weir_error *err)
{
    return weir_fail(err, WEIR_TOO_BIG, "PARQUET_DICTIONARY_FULL",
                     "column %s holds more than 2 GB of distinct text in one block; read smaller blocks or batches", dict->leaf->name);
}

/* The text at the end of `side`, as an address for the tables. */
static weir_rc keep_aside(struct pw_dict *dict, const char *text, size_t len, uint32_t *at, struct weir_error *err)
{
    *at = 0;
    if (len > PW_SHORT_MAX) {
        if (len > WEIRI_PW_HEAP_MAX - dict->side.len) {
            return fail_full(dict, err);
        }
        *at = (uint32_t)dict->side.len | PW_LONG_SIDE;
        weiri_pw_bytes_add(&dict->side, text, len);
    }
    return WEIR_OK;
}

static void grow_arrays(struct pw_dict *dict)
{
    dict->cap = dict->cap < 128 ? 128 : dict->cap * 2;
    dict->keys = weir_realloc(dict->keys, dict->cap * sizeof *dict->keys);
    if (is_text(dict)) {
        dict->offsets = weir_realloc(dict->offsets, dict->cap * sizeof *dict->offsets);
    }
}

/* A new value at the end of the dictionary page. */
static weir_rc append(struct pw_dict *dict, struct weir_str bytes, uint32_t *index, struct weir_error *err)
{
    if (bytes.len > WEIRI_PW_HEAP_MAX - 4 || dict->heap.len > WEIRI_PW_HEAP_MAX - 4 - bytes.len || dict->count == PW_CODE_MAX) {
        return fail_full(dict, err);
    }
    if (dict->count == dict->cap) {
        grow_arrays(dict);
    }
    if (is_text(dict)) {
        uint32_t len = (uint32_t)bytes.len;
        dict->offsets[dict->count] = (uint32_t)dict->heap.len;
        weiri_pw_bytes_add(&dict->heap, &len, sizeof len);
    }
    weiri_pw_bytes_add(&dict->heap, bytes.ptr, bytes.len);
    dict->keys[dict->count] = weiri_pw_value_key(dict->leaf, bytes);
    *index = dict->count++;
    return WEIR_OK;
}

/* Where value `index` lies for the tables: in the heap itself. */
static uint32_t heap_address(const struct pw_dict *dict, uint32_t index)
{
    return is_text(dict) ? dict->offsets[index] + 4 : index * dict->leaf->width;
}

/* From now on texts and values may differ. */
static void keep_values(struct pw_dict *dict)
{
    if (!dict->values_kept) {
        dict->values_kept = true;
        for (uint32_t i = 0; i < dict->count; i++) {
            struct weir_str bytes = weiri_pw_dict_at(dict, i);
            struct pw_key key = weiri_pw_key(&dict->values, bytes.ptr, bytes.len);
            weiri_pw_table_put(&dict->values, &key, heap_address(dict, i), i);
        }
    }
}

struct pw_key weiri_pw_dict_key(struct pw_dict *dict, struct weir_str bytes)
{
    keep_values(dict);
    const struct pw_table *t = &dict->values;
    const struct pw_key key = weiri_pw_key(t, bytes.ptr, bytes.len);
    if (bytes.len <= PW_SHORT_MAX) {
        __builtin_prefetch(&t->shorts[key.hash & t->short_mask]);
    } else {
        __builtin_prefetch(&t->longs[key.hash & t->long_mask]);
    }
    return key;
}

weir_rc weiri_pw_dict_keyed(struct pw_dict *dict, const struct pw_key *key, uint32_t *index, struct weir_error *err)
{
    const uint8_t *const heaps[2] = {dict->heap.data, dict->side.data};
    *index = weiri_pw_table_get(&dict->values, heaps, key);
    if (*index != PW_CODE_MISS) {
        return WEIR_OK;
    }
    WEIR_TRY(append(dict, (struct weir_str){key->ptr, key->len}, index, err));
    weiri_pw_table_put(&dict->values, key, heap_address(dict, *index), *index);
    return WEIR_OK;
}

weir_rc weiri_pw_dict_value(struct pw_dict *dict, struct weir_str bytes, uint32_t *index, struct weir_error *err)
{
    const struct pw_key key = weiri_pw_dict_key(dict, bytes);
    return weiri_pw_dict_keyed(dict, &key, index, err);
}

static weir_rc keep_verdict(struct pw_dict *dict, const struct pw_key *text, uint32_t code, struct weir_error *err)
{
    uint32_t at;
    WEIR_TRY(keep_aside(dict, text->ptr, text->len, &at, err));
    weiri_pw_table_put(&dict->texts, text, at, code);
    return WEIR_OK;
}

weir_rc weiri_pw_dict_text(struct pw_dict *dict, struct weir_text_parser *parser, const char *text, size_t len, uint32_t *code,
                           struct weir_error *err)
{
    const uint8_t *const heaps[2] = {dict->heap.data, dict->side.data};
    const struct pw_key key = weiri_pw_key(&dict->texts, text, len);
    *code = weiri_pw_table_get(&dict->texts, heaps, &key);
    if (*code != PW_CODE_MISS) {
        return WEIR_OK;
    }
    union weir_value value;
    memset(&value, 0, sizeof value);
    enum weir_verdict verdict = parser->parse(parser, text, len, &value);
    if (verdict != WEIR_VALUE) {
        *code = verdict == WEIR_VALUE_NULL ? PW_CODE_NULL : PW_CODE_BAD;
        return keep_verdict(dict, &key, *code, err);
    }
    uint8_t scratch[16];
    struct weir_str bytes = weiri_pw_value_bytes(dict->leaf, &value, scratch);
    if (!dict->values_kept && weir_str_eq(bytes, (struct weir_str){text, len})) {
        WEIR_TRY(append(dict, bytes, code, err));
        weiri_pw_table_put(&dict->texts, &key, heap_address(dict, *code), *code);
        return WEIR_OK;
    }
    WEIR_TRY(weiri_pw_dict_value(dict, bytes, code, err));
    return keep_verdict(dict, &key, *code, err);
}
