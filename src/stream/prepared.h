/* prepared.h - a batch between the commits of its two tables: _weir/prepared.json. Private to the room.
 *
 * Rows that expectations set aside go to a quarantine, a second Delta table, and two tables have no common commit. So that both have the batch in the end or both lack it:
 *
 *     files of both tables, synced -> prepared.json -> commit of the quarantine, with txn -> commit of the table, with txn -> commits/N -> prepared.json goes
 *
 * A crash before the first commit leaves files that nobody names: the batch is run again. Between the two, the table's commit is made of what prepared.json says, not computed again: a
 * file that changed meanwhile, rand() or a table beside the stream could part the rows another way. After the second there is nothing to do. A batch without a row to set aside
 * has one commit and no such file. */
#pragma once
#include "stream/checkpoint.h"

struct weir_prepared {
    int64_t batch;
    const char *table_id;            /* of the table that waits for its commit */
    const char *quarantine_path;
    int64_t rows_in, rows, written, dropped, quarantined, kept; /* what the batch will tell */
    const char *data_quality;        /* JSON */
    const char *columns;             /* the table's schema as JSON where columns come with the batch; NULL = as they are */
    struct weir_str files;           /* lines of weir_txn_print_files */
};
weir_rc weir_prepared_write(weir_checkpoint *checkpoint, const struct weir_prepared *prepared, struct weir_error *err) WEIR_MUST_USE;
/* WEIR_NOT_FOUND: there is none. WEIR_CORRUPT: it is not what was written. Everything in the arena. */
weir_rc weir_prepared_read(weir_checkpoint *checkpoint, weir_arena *arena, struct weir_prepared *out, struct weir_error *err) WEIR_MUST_USE;
void weir_prepared_forget(weir_checkpoint *checkpoint); /* best effort: one that stays is of an acknowledged batch and not looked at */
