/* leaf.h - a schema as Parquet has it: the tree of elements, its leaf columns, and what a value of a leaf looks like in bytes. Private to the writer.
 *
 * The bytes of a value are its PLAIN encoding without the length that goes before texts: that is what dictionaries, statistics and the page
 * index hold. Two values are the same if their bytes are (all NaN are one; -0 and 0 are two). Immutable once made; shared between threads. */
#pragma once
#include "column/colsink.h"
#include "parquet/format.h"

/* A step from a top-level field down to a leaf. */
enum pw_step_kind { PW_STEP_FIELD /* a struct's child, or the top level */, PW_STEP_ELEMENT, PW_STEP_KEY, PW_STEP_VALUE };
struct pw_step {
    enum pw_step_kind kind;
    size_t index;                 /* FIELD: which child */
    const struct weir_type *type; /* of what the step reaches */
    bool nullable;
};

struct pw_leaf {
    const struct weir_type *type;
    const char *name;          /* dotted, for messages */
    const char **path;         /* names in the file, the repeated groups' own among them */
    size_t path_count;
    const struct pw_step *steps; /* steps[0] is the top-level field */
    size_t step_count;
    size_t column;             /* top-level field */
    enum weir_pq_type physical;
    uint32_t width;            /* bytes of a value; 0 = each has its own length */
    int max_def, max_rep;
    bool flat;                 /* a top-level primitive: definition levels are 0 and 1 at most */
};

struct pw_leaves {
    struct pw_leaf *items;
    size_t count;
    size_t element_count; /* of the schema tree, the root among them */
};

/* WEIR_UNSUPPORTED / WEIR_INVALID names the column that has no place in a Parquet file. */
weir_rc weiri_pw_leaves_new(weir_arena *arena, const weir_schema *schema, struct pw_leaves *out, struct weir_error *err) WEIR_MUST_USE;

struct pw_thrift;
/* The list of SchemaElement as field `id` of the open struct. */
void weiri_pw_schema_write(struct pw_thrift *t, int id, const weir_schema *schema, const struct pw_leaves *leaves);

/* The bytes of a value. `scratch` holds 16 bytes and is where fixed values go. */
struct weir_str weiri_pw_value_bytes(const struct pw_leaf *leaf, const union weir_value *value, uint8_t *scratch);
/* And back; texts point to `bytes`. */
union weir_value weiri_pw_value_of(const struct pw_leaf *leaf, struct weir_str bytes);
/* The order of the column's type; no NaN. */
int weiri_pw_value_cmp(const struct pw_leaf *leaf, struct weir_str a, struct weir_str b);
/* A number that orders like the value as far as 64 bits go: key(a) < key(b) implies a < b. */
uint64_t weiri_pw_value_key(const struct pw_leaf *leaf, struct weir_str bytes);
/* True when equal keys mean equal values. */
bool weiri_pw_key_is_whole(const struct pw_leaf *leaf);
bool weiri_pw_value_is_nan(const struct pw_leaf *leaf, struct weir_str bytes);
