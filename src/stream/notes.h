/* notes.h - what weir itself remembers of a query, in <checkpoint>/_weir/: which sink it writes, what each file came to, the last progress.
 * Spark ignores the folder; losing it loses answers, never rows. Private to the room. */
#pragma once
#include "stream/checkpoint.h"

/* The table that this query writes. WEIR_CONFLICT "SINK_CHANGED" if it was another one. */
weir_rc weir_notes_check_sink(weir_checkpoint *checkpoint, const char *table_id, const char *table_path, struct weir_error *err) WEIR_MUST_USE;
weir_rc weir_notes_bind_sink(weir_checkpoint *checkpoint, const char *table_id, const char *table_path, struct weir_error *err) WEIR_MUST_USE;

struct weir_note_file {
    const char *uri;
    int64_t size, mtime_ms;
    int64_t rows, bad_rows; /* -1 = not known */
    int64_t batch, version, taken_ms;
};
/* After a batch was acknowledged. Never fails it: what cannot be written is logged. Every hundredth batch joins the notes so far to one file. */
void weir_notes_batch(weir_checkpoint *checkpoint, int64_t batch, int64_t version, const struct weir_note_file *files, size_t count, struct weir_str progress);
/* Everything that is noted, by URI in the map (values in the arena), and the last progress (NULL = none). */
weir_rc weir_notes_read(weir_checkpoint *checkpoint, weir_arena *arena, weir_map **files_out, const char **progress_out, struct weir_error *err) WEIR_MUST_USE;
