/* chunk.h - one leaf column of one row group: what is staged, the open page, the pages that are done. Private to the writer.
 *
 * Rows arrive as *slots*: an index into the dictionary, or PW_CODE_NULL. Slots of the block that is being taken stand behind those of the
 * open page until close_block keeps them. A chunk begins in dictionary mode. When its data show that a dictionary does not pay (chunk.c,
 * weiri_pw_chunk_settle) it goes over to plain mode for the rest of the row group: values then lie in `plain` as they will be written and a slot only says whether
 * there is one. All choices depend on the data of the row group alone. One thread owns a chunk. */
#pragma once
#include "parquet/bounds.h"
#include "parquet/dict.h"
#include "parquet/writer.h"

#define WEIRI_PW_PAGE_BYTES ((size_t)4 << 20)   /* a plain page is ended beyond this */
#define WEIRI_PW_BOUND_BYTES 64                 /* texts in the footer and the page index are cut to this */

/* A page that is done. */
struct pw_page {
    uint64_t at;     /* in body */
    uint32_t size;   /* with its header */
    int64_t first_row;
    int64_t null_count;
    bool all_null;
    uint32_t min_at, min_len, max_at, max_len; /* in page_bounds */
};

/* What the chunks of one row group share: they are worked on one after the other. */
struct pw_scratch {
    const struct weir_parquet_options *options;
    weir_compressor *compressor, *entropy; /* entropy: NULL unless the codec has it */
    struct pw_bytes raw, packed;
    struct weir_buf header;
    uint32_t *dense;  /* as many as the page has entries */
    size_t dense_cap;
};

struct pw_chunk {
    const struct pw_leaf *leaf;
    struct pw_scratch *scratch;
    struct pw_dict dict;
    bool plain_mode;
    int8_t memo;               /* -1: not known yet whether neighbours are often equal; else 0, 1 */
    /* the open page */
    uint32_t *slots;           /* flat: one per row. nested: one per value */
    size_t slot_count, slot_cap;
    size_t staged;             /* rows behind slot_count that close_block has not kept yet */
    struct pw_bytes plain;
    size_t plain_kept;         /* bytes of plain that belong to rows kept */
    struct pw_bytes def, rep;  /* nested only: a level per entry */
    int64_t page_first_row, rows; /* rows kept */
    int64_t values;            /* slots kept */
    /* pages that are done */
    struct pw_bytes body;
    struct pw_bytes dict_page; /* with its header; made by seal */
    struct pw_page *pages;
    size_t page_count, page_cap;
    struct pw_bytes page_bounds;
    int64_t dict_pages, plain_pages, delta_pages;
    int64_t raw_bytes, entries; /* uncompressed pages with their headers; values and NULLs */
    bool index_ok;             /* every page has bounds or only NULLs */
    struct pw_bounds bounds;
    uint64_t *seen, *used;     /* bits of dictionary entries: of this page, of all pages */
    size_t bits_cap;           /* words */
    uint8_t int_range[16];     /* where the bounds of a plain page of integers lie while it is ended */
    int64_t distinct;          /* set by seal; -1 = not known */
    /* for the choice */
    int64_t next_check, checked_values;
    uint32_t checked_count;
};

void weiri_pw_chunk_init(struct pw_chunk *c, const struct pw_leaf *leaf, struct pw_scratch *scratch);
void weiri_pw_chunk_free(struct pw_chunk *c);
void weiri_pw_chunk_clear(struct pw_chunk *c); /* for the next row group; keeps memory */
/* Memory by content, not by capacity: the same for the same input. */
size_t weiri_pw_chunk_bytes(const struct pw_chunk *c);

/* Room for `count` slots behind the staged ones. */
static inline uint32_t *weiri_pw_chunk_room(struct pw_chunk *c, size_t count);
void weiri_pw_chunk_grow(struct pw_chunk *c, size_t count);
static inline uint32_t *weiri_pw_chunk_room(struct pw_chunk *c, size_t count)
{
    if (c->slot_count + c->staged + count > c->slot_cap) {
        weiri_pw_chunk_grow(c, c->slot_count + c->staged + count);
    }
    return c->slots + c->slot_count + c->staged;
}

/* Stage one value (its bytes; in dictionary mode: its key) or NULL. */
weir_rc weiri_pw_chunk_stage(struct pw_chunk *c, struct weir_str bytes, struct weir_error *err) WEIR_MUST_USE;
weir_rc weiri_pw_chunk_stage_key(struct pw_chunk *c, const struct pw_key *key, struct weir_error *err) WEIR_MUST_USE;
static inline void weiri_pw_chunk_stage_null(struct pw_chunk *c)
{
    *weiri_pw_chunk_room(c, 1) = PW_CODE_NULL;
    c->staged++;
}
weir_rc weiri_pw_chunk_append_plain(struct pw_chunk *c, struct weir_str bytes, struct weir_error *err) WEIR_MUST_USE;

/* The staged rows are kept, but for those in `drop` (NULL: all). `rows` counts top-level rows (nested: not the slots). */
weir_rc weiri_pw_chunk_keep(struct pw_chunk *c, size_t rows, const uint64_t *drop, struct weir_error *err) WEIR_MUST_USE;
/* Look whether the dictionary pays, and end the page if it is full. Nothing is staged. */
weir_rc weiri_pw_chunk_settle(struct pw_chunk *c, struct weir_error *err) WEIR_MUST_USE;
/* End the open page (page.c). */
weir_rc weiri_pw_chunk_flush(struct pw_chunk *c, struct weir_error *err) WEIR_MUST_USE;
/* No more rows: last page, dictionary page, statistics. */
weir_rc weiri_pw_chunk_seal(struct pw_chunk *c, struct weir_error *err) WEIR_MUST_USE;

/* --- text.c: from text, staged --- */
weir_rc weiri_pw_take(struct pw_chunk *c, struct weir_text_parser *parser, const struct weir_block *block, uint32_t field, uint64_t *bad,
                      struct weir_error *err) WEIR_MUST_USE;
weir_rc weiri_pw_take_cells(struct pw_chunk *c, struct weir_text_parser *parser, const struct weir_cell *cells, uint32_t rows, uint64_t *bad,
                            struct weir_error *err) WEIR_MUST_USE;
weir_rc weiri_pw_take_constant(struct pw_chunk *c, const union weir_value *value, uint32_t rows, struct weir_error *err) WEIR_MUST_USE;

/* --- shred.c: rows first..first+rows of a column (before its own offset), staged and kept --- */
weir_rc weiri_pw_shred(struct pw_chunk *c, const struct ArrowArray *array, int64_t first, int64_t rows, struct weir_error *err) WEIR_MUST_USE;
