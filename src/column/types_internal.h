/* types_internal.h - what the files of this room share about types. */
#pragma once
#include "column/types.h"

/* One row per type that is a bare name: what JSON, DESCRIBE and DDL call it. */
struct weiri_type_name {
    enum weir_type_id id;
    const char *json, *simple, *sql;
};
extern const struct weiri_type_name weiri_type_names[];
extern const size_t weiri_type_name_count;

/* Names of one struct must differ in any letter case. */
weir_rc weiri_check_duplicates(const struct weir_type *type, weir_rc code, struct weir_error *err) WEIR_MUST_USE;
