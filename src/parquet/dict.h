/* dict.h - the dictionary of one column in one row group: texts to indexes, and the values behind the indexes. Private to the writer.
 *
 * A text is parsed once. Its verdict is kept: an index, PW_CODE_NULL or PW_CODE_BAD. Two texts of one value (7, 007) get one index: the value is looked up in a
 * second table. Where every text so far is its own value (plain strings) the first table serves for both, and the second is made when
 * that ends. Indexes count up in order of first appearance. `heap` is the PLAIN dictionary page as it will be written. */
#pragma once
#include "parquet/leaf.h"
#include "parquet/table.h"

/* Heaps are addressed by 31 bits. */
#define WEIRI_PW_HEAP_MAX ((size_t)0x7F000000)

struct pw_dict {
    const struct pw_leaf *leaf;
    struct pw_table texts;
    struct pw_table values; /* used when values_kept */
    bool values_kept;
    struct pw_bytes heap;
    struct pw_bytes side;   /* long texts that are not their own value; 16-byte values' keys */
    uint32_t count;         /* values */
    uint32_t cap;           /* of the two arrays */
    uint64_t *keys;         /* weiri_pw_value_key of each */
    uint32_t *offsets;      /* of each in heap; NULL for fixed widths */
};

void weiri_pw_dict_init(struct pw_dict *dict, const struct pw_leaf *leaf);
void weiri_pw_dict_free(struct pw_dict *dict);
void weiri_pw_dict_clear(struct pw_dict *dict); /* keeps memory */
size_t weiri_pw_dict_bytes(const struct pw_dict *dict);
/* The index of a value (its bytes, value.c), made if it is new. */
weir_rc weiri_pw_dict_value(struct pw_dict *dict, struct weir_str bytes, uint32_t *index, struct weir_error *err) WEIR_MUST_USE;
/* The same in two steps, for many values at once: all keys first (their slots are asked for), then each. A key holds `bytes` itself. */
struct pw_key weiri_pw_dict_key(struct pw_dict *dict, struct weir_str bytes);
weir_rc weiri_pw_dict_keyed(struct pw_dict *dict, const struct pw_key *key, uint32_t *index, struct weir_error *err) WEIR_MUST_USE;
/* The code of a text, parsed if it is new. */
weir_rc weiri_pw_dict_text(struct pw_dict *dict, struct weir_text_parser *parser, const char *text, size_t len, uint32_t *code,
                           struct weir_error *err) WEIR_MUST_USE;

static inline struct weir_str weiri_pw_dict_at(const struct pw_dict *dict, uint32_t index)
{
    const uint32_t width = dict->leaf->width;
    if (width > 0) {
        return (struct weir_str){(const char *)dict->heap.data + (size_t)index * width, width};
    }
    const uint8_t *p = dict->heap.data + dict->offsets[index];
    return (struct weir_str){(const char *)p + 4, weiri_pw_load32(p)};
}
