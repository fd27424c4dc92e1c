/* text.h - text files into columns, as Spark 4.1.1 reads them (../shared/reference/spark-streaming.md section 3; conformance/text has its answers).
 *
 * One way from text to columns: task, block, scan, prove, columns (design/fast-path.md section 1). A block is scanned for separators; if it is proven plain (no
 * quote, no NUL, no lone CR, no comment, every row exactly the right number of separators) its columns go to the sink by position; otherwise its rows go through the slow
 * scalar reader, which is the definition of right, and reach the same sink as cells. One thread owns a task; tasks are cut by input alone, so the output does
 * not depend on the number of threads.
 *
 * Modes: PERMISSIVE (a bad row keeps what it has; the corrupt column, if the schema has it, gets the raw line), DROPMALFORMED, FAILFAST (error with
 * file, line, column, reason). All columns of the schema are always parsed: which ones the caller wants does not change which rows are bad
 * (Spark's column pruning accidents are not copied). */
#pragma once
#include "base/map.h"
#include "column/colsink.h"
#include "os/fs.h"
#include "os/thread.h"

enum weir_text_mode { WEIR_TEXT_PERMISSIVE, WEIR_TEXT_DROPMALFORMED, WEIR_TEXT_FAILFAST };

/* A format and its options, checked and compiled once; immutable; shared between threads. */
typedef struct weir_format weir_format;

/* `name`: "csv", "json" or "text", in any case; others are WEIR_UNSUPPORTED. `schema`: the data columns in order, the corrupt column among them if wanted; CSV has primitive
 * types only. `options`: Spark's names in any case (weir_csv_option_help, weir_json_option_help). An option that Spark has and weir not yet is WEIR_UNSUPPORTED by its name, an unknown one is WEIR_INVALID - unless `ignore` says that its name belongs to somebody else (the file source). */
weir_rc weir_format_new(const char *name, const weir_schema *schema, const weir_options *options, bool (*ignore)(const char *name), weir_format **out, struct weir_error *err) WEIR_MUST_USE;
void weir_format_free(weir_format *format);
/* Column index of the corrupt record, -1 = the schema has none. */
int weir_format_corrupt_column(const weir_format *format);
/* The options as a table, for --help and docs: name, default, help; NULL name ends it. */
struct weir_option_help { const char *name, *default_value, *help; };
extern const struct weir_option_help weir_csv_option_help[], weir_json_option_help[], weir_plain_option_help[];

/* One file of a read. `size` is what was planned: no byte beyond it is read (plain files). Compressed by name (.gz .zst .bz2 .deflate .xz .lz4) or by its first bytes. */
struct weir_text_file {
    const char *path;
    int64_t size;
    int64_t mtime_ns;
    const union weir_value *constants; /* values of the read's constant columns for this file; see below */
    const bool *constant_nulls;        /* parallel; NULL = none is NULL */
};

/* What the rows of a read must be: filters that the reader itself can do. */
enum weir_text_keep { WEIR_TEXT_KEEP_ALL, WEIR_TEXT_KEEP_GOOD /* corrupt IS NULL */, WEIR_TEXT_KEEP_BAD /* corrupt IS NOT NULL */ };

struct weir_text_read {
    const weir_format *format;
    weir_fs *fs;
    const struct weir_text_file *files;
    size_t file_count;
    /* Sink column i is filled from: data column columns[i] >= 0 (an index into the dialect's schema), or constant -1 - columns[i]. The factory's
     * schema gives the sink columns' names and types (equal to the source's types). */
    const int *columns;
    size_t column_count;
    enum weir_text_keep keep;
    int threads;            /* 0 = processors */
    size_t task_bytes;      /* text per task; 0 = 128 MiB */
    size_t block_bytes;     /* 0 = 512 KiB; tests use tiny ones */
    bool slow;              /* tests: every row through the scalar reader */
    struct weir_sink_factory *sinks;
};
struct weir_text_file_result { int64_t rows; int64_t bad_rows; /* rows kept and rows malformed, before `keep` */ bool changed; /* size or mtime differ after reading */ bool missing; };
struct weir_text_result {
    int64_t rows;       /* reached the sinks */
    int64_t rows_read;  /* before mode and keep */
    int64_t bad_rows;
    int64_t bytes;      /* of text, uncompressed */
    struct weir_text_file_result *files; /* file_count entries, in the caller's memory; may be NULL */
};
/* Blocking; runs its own threads. A file that vanished or whose size/mtime changed during the read is WEIR_CONFLICT "FILE_CHANGED"/"FILE_VANISHED" (the caller plans again or
 * reads again, whole). On an error every begun sink is abandoned. */
weir_rc weir_text_run(const struct weir_text_read *read, struct weir_text_result *result, struct weir_error *err) WEIR_MUST_USE;

/* The columns of files that nobody declared, as Spark infers them: names from the first line (header) or _c0, _c1, ..; types from every cell of all files with the option
 * inferSchema, else STRING. Files without a line give no columns. Schema in the arena; all columns nullable. One thread; memory of one line. Errors as weir_text_run has them. */
weir_rc weir_format_infer(const char *name, const weir_options *options, bool (*ignore)(const char *name), weir_fs *fs, const struct weir_text_file *files, size_t count,
                          weir_arena *arena, weir_schema **out, struct weir_error *err) WEIR_MUST_USE;

/* One value of a type from text, as CSV does with this dialect's options (also used for partition folders and by SQL literals). */
struct weir_text_parser *weir_text_parser_new(const struct weir_type *type, const weir_format *format);
void weir_text_parser_free(struct weir_text_parser *parser);
