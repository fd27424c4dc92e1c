/* txn_internal.h - what a transaction holds until it is committed. Private. */
#pragma once
#include "delta/delta_internal.h"

struct weir_txn {
    weir_delta *table;
    weir_snapshot *snapshot;            /* NULL: the table does not exist */
    weir_arena *arena;
    const struct weir_protocol *protocol; /* to be written; NULL = unchanged */
    struct weiri_metadata *metadata;      /* to be written; NULL = unchanged */
    const weir_schema *new_schema;        /* set_schema */
    struct weiri_file **adds;
    size_t add_count, add_cap;
    bool remove_all;
    bool reads; /* rows of the table itself went into what is written */
    const char *app_id;
    int64_t app_version;
    const char *operation;
    struct weiri_pair *parameters;
    size_t parameter_count, parameter_cap;
    bool has_rows;
    int64_t rows;
    struct weir_uuid id;                  /* commitInfo.txnId */
};
/* Only adds and txn: it read nothing, so that other writers' commits can not make it wrong. */
bool weiri_txn_is_blind(const weir_txn *txn);
/* The commit's text: commitInfo, protocol, metaData, txn, adds, removes. Appends. */
void weiri_txn_text(const weir_txn *txn, struct weir_buf *out);
