/* run_internal.h - a read under way: tasks, the files they read, the worker that turns text into rows of a sink. */
#pragma once
#include "codec/codec.h"
#include "format/text_internal.h"

/* --- plan.c: which bytes make a task --- */

struct weiri_segment {
    size_t file;
    int64_t from, to; /* bytes; the rows of a segment are those that begin in it */
};
struct weiri_plan {
    struct weiri_segment *segments;
    size_t segment_count, segment_cap;
    size_t *first; /* task -> its first segment; first[task_count] = segment_count */
    size_t task_count, task_cap;
};
/* By the files' names and sizes alone. */
void weiri_plan_make(const struct weir_text_read *read, struct weiri_plan *plan);
void weiri_plan_free(struct weiri_plan *plan);

/* --- input.c: the bytes of a segment --- */

struct weiri_input {
    const struct weir_text_read *read;
    const struct weir_text_file *file;
    weir_file *handle;
    weir_inflater *inflater; /* NULL = plain */
    int64_t at;              /* offset of the next byte of text: in the file, or in what it inflates to */
    int64_t end;             /* plain: where the segment's rows end */
    int64_t file_at;         /* compressed: offset of the next compressed byte */
};
/* Positions at the first row. WEIR_CONFLICT FILE_CHANGED / FILE_VANISHED. */
weir_rc weiri_input_open(struct weiri_input *in, const struct weir_text_read *read, const struct weiri_segment *segment, struct weir_error *err) WEIR_MUST_USE;
/* *done < len only at the segment's end. */
weir_rc weiri_input_read(struct weiri_input *in, char *buf, size_t len, size_t *done, struct weir_error *err) WEIR_MUST_USE;
/* Is the file still what was planned? */
weir_rc weiri_input_check(struct weiri_input *in, struct weir_error *err) WEIR_MUST_USE;
void weiri_input_close(struct weiri_input *in);
/* Lines that end before byte `upto` of a plain file: for messages. */
int64_t weiri_input_lines_before(struct weiri_input *in, int64_t upto);
/* The error of a file that is not what was planned. */
weir_rc weiri_input_conflict(const struct weir_text_file *file, bool missing, struct weir_error *err);

/* --- stream.c: a whole file as one text, for records that span lines --- */

/* Zeroed: a file's beginning. */
struct weiri_stream {
    char *text; /* UTF-8, line ends as one byte; what is before the records not yet taken is dropped */
    size_t len, cap;
    enum weiri_charset charset;
    int kind;             /* private: which line ends the file has */
    const char *line_end; /* what an LF of the text may stand for; NULL = all stand for themselves */
    bool *replaced;       /* per LF of the text, with a line_end: does it stand for that? */
    size_t lf_count, lf_cap;
    bool begun, held_cr;
};
/* Appends what the bytes say; gives how many were used: all when they are the last, else those that make whole characters. */
size_t weiri_stream_add(struct weiri_stream *stream, const struct weir_format *csv, const char *raw, size_t len, bool last);
void weiri_stream_drop(struct weiri_stream *stream, size_t len); /* from the front */
int64_t weiri_count_lines(const char *text, size_t len); /* LFs */
void weiri_stream_free(struct weiri_stream *stream);

/* --- rows.c: text into rows --- */

/* --- rescue.c: what did not fit --- */

struct weiri_rescue;
struct weiri_worker;
struct weiri_place;
struct weiri_rescue *weiri_rescue_new(const struct weir_format *format); /* NULL = nothing is rescued */
void weiri_rescue_free(struct weiri_rescue *rescue);
void weiri_rescue_begin(struct weiri_rescue *rescue, uint32_t rows);
/* Names and texts stay the caller's until the rows are closed. */
void weiri_rescue_add(struct weiri_rescue *rescue, uint32_t row, struct weir_str name, struct weir_str text, bool json);
/* The rescued column of the rows; how many rows have something and are not malformed. */
weir_rc weiri_rescue_take(struct weiri_worker *w, const struct weiri_place *place, weir_colsink *sink, uint32_t rows, uint32_t *rescued_out, struct weir_error *err) WEIR_MUST_USE;

struct weiri_json_reader;
struct weiri_worker {
    const struct weir_text_read *read;
    const struct weir_format *format;
    weiri_scan_fn scan;
    struct weir_text_parser **parsers; /* sink column -> parser; NULL for constants */
    struct weir_text_parser **checks;  /* text field -> parser, where no sink column reads it and it can be bad; else NULL */
    char *buffer;                      /* 64 readable bytes before and behind what is in it */
    size_t buffer_cap;
    uint32_t *seps;
    size_t seps_cap;
    uint64_t *bad, *drop;
    size_t bits_cap;                   /* rows */
    struct weiri_tokens tokens;
    struct weir_cell *cells;           /* slow path: cells[field * batch_rows + row] */
    struct weir_cell *lines;           /* slow path: the raw lines */
    uint32_t *line_numbers;            /* slow path: relative to the block */
    uint32_t batch_rows;
    struct weir_cell *column_cells;    /* one column of a block as cells */
    size_t column_cells_cap;
    struct weiri_json_reader *json;    /* NULL = CSV */
    struct weiri_rescue *rescue;
    uint64_t *column_bad;              /* with rescue: rows whose value of the column at hand does not fit */
};
void weiri_worker_init(struct weiri_worker *w, const struct weir_text_read *read);
void weiri_worker_free(struct weiri_worker *w);

/* Where a worker is in a file, and what it has made of it. */
struct weiri_place {
    struct weiri_input *input;
    const struct weir_text_file *file;
    bool header_due;
    const struct weiri_stream *stream; /* of records that span lines */
    /* Where the fields stand in this file's lines; the format's own order unless columns go by name. */
    uint32_t fields; /* cells of a whole line */
    int *place_of;   /* field -> cell, -1 = the file lacks it; NULL = the same */
    struct weir_str *unknown; /* cell -> its name in the header where no field has it; ptr NULL = a field has; NULL = none known */
    weir_arena *names;        /* of them */
    bool begun;      /* a line of the file's text went to the tokenizer */
    int64_t from;    /* where the segment's text begins in the file */
    int64_t lines;   /* lines behind us, counted from there */
    int64_t rows, bad_rows, kept;
};
/* The errors of a line that has no tokens (t->error) and of one longer than maxRowBytes; `line` counts from 1. */
weir_rc weiri_tokens_fail(const struct weiri_tokens *t, const char *path, int64_t line, struct weir_error *err);
weir_rc weiri_line_fail_long(const struct weir_format *csv, const char *path, int64_t line, struct weir_error *err);
weir_rc weiri_fail_long(const struct weiri_worker *w, const struct weiri_place *place, int64_t line_in_segment, struct weir_error *err);
/* Whole lines of text (the last one ended too) into the sink. 64 bytes round the text may be read. */
weir_rc weiri_rows(struct weiri_worker *w, struct weiri_place *place, weir_colsink *sink, const char *text, size_t len, struct weir_error *err) WEIR_MUST_USE;
/* The records of a stream's text into the sink. `last`: no more text follows. *taken: bytes of the records that are whole. */
weir_rc weiri_records(struct weiri_worker *w, struct weiri_place *place, weir_colsink *sink, const char *text, size_t len, bool last, size_t *taken, struct weir_error *err) WEIR_MUST_USE;
/* Tokenizes the record at the beginning of the text; *len_out: its bytes, its newline among them. It is tried with one line, then with twice as many each time, so that
 * a long one costs no more than its length. False: it goes on behind the text. */
bool weiri_record_find(struct weiri_tokens *t, const char *text, size_t len, bool last, size_t *len_out);
/* A batch of cells: room for batch_rows rows, none of them bad. */
void weiri_batch_begin(struct weiri_worker *w);
/* Its first `rows` rows into the sink; the batch is empty then. */
weir_rc weiri_batch_flush(struct weiri_worker *w, struct weiri_place *place, weir_colsink *sink, uint32_t rows, struct weir_error *err) WEIR_MUST_USE;

/* --- json_rows.c --- */

/* As weiri_rows; and a whole file as one document. */
weir_rc weiri_json_lines(struct weiri_worker *w, struct weiri_place *place, weir_colsink *sink, const char *text, size_t len, struct weir_error *err) WEIR_MUST_USE;
weir_rc weiri_json_document(struct weiri_worker *w, struct weiri_place *place, weir_colsink *sink, const char *raw, size_t len, struct weir_error *err) WEIR_MUST_USE;
/* Why a line or document is malformed, and at which byte (from 1; 0 = unknown). */
int64_t weiri_json_why(struct weiri_worker *w, struct weir_str raw, char *out, size_t out_len);

/* --- plain.c: the format text --- */

weir_rc weiri_plain_lines(struct weiri_worker *w, struct weiri_place *place, weir_colsink *sink, const char *text, size_t len, struct weir_error *err) WEIR_MUST_USE;
weir_rc weiri_plain_document(struct weiri_worker *w, struct weiri_place *place, weir_colsink *sink, const char *raw, size_t len, struct weir_error *err) WEIR_MUST_USE;
weir_rc weiri_plain_infer(weir_arena *arena, weir_schema **out);

/* --- walk.c: the lines of a file, for inference --- */

struct weiri_walk { /* zeroed; reused from file to file */
    char *chunk;
    size_t cap;
};
void weiri_walk_free(struct weiri_walk *walk);
typedef weir_rc (*weiri_line_fn)(void *arg, const char *path, int64_t number, struct weir_str raw, bool *enough, struct weir_error *err);
/* Every line, numbered from 1, as the file has it; until the end or until it is enough. */
weir_rc weiri_walk_lines(struct weiri_walk *walk, struct weiri_input *input, const struct weir_format *format, const char *path, weiri_line_fn take, void *arg, bool *enough, struct weir_error *err) WEIR_MUST_USE;
/* The whole file, within maxRowBytes; good until the next call. */
weir_rc weiri_walk_document(struct weiri_walk *walk, struct weiri_input *input, const struct weir_format *format, const char *path, struct weir_str *out, struct weir_error *err) WEIR_MUST_USE;
/* More of the file behind the first *have bytes of the chunk, until there are `want` or it ends. */
weir_rc weiri_walk_read(struct weiri_walk *walk, struct weiri_input *input, size_t *have, size_t want, bool *end, struct weir_error *err) WEIR_MUST_USE;
size_t weiri_walk_want(size_t have);

/* --- inference; as weir_format_infer --- */

weir_rc weiri_csv_infer(const weir_options *options, bool (*ignore)(const char *name), weir_fs *fs, const struct weir_text_file *files, size_t count, weir_arena *arena,
                        weir_schema **out, struct weir_error *err) WEIR_MUST_USE;
weir_rc weiri_json_infer(const weir_options *options, bool (*ignore)(const char *name), weir_fs *fs, const struct weir_text_file *files, size_t count, weir_arena *arena,
                         weir_schema **out, struct weir_error *err) WEIR_MUST_USE;
