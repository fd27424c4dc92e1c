/* source.h - a folder as a set of files: what is there, what is new, what may be taken.
 *
 * Rules of Spark's FileStreamSource (../shared/reference/spark-streaming.md 1.5, 1.7, 2.3): hidden names, globs, depth, partition folders, order by (mtime in ms, path bytes), maxFileAge, limits.
 * Completeness is weir's own (architecture.md section 5): a file is taken when nobody writes it (a read lease is granted), else when it was unchanged for minFileAge. */
#pragma once
#include "base/map.h"
#include "column/types.h"
#include "format/text.h"
#include "os/fs.h"

struct weir_source_file {
    const char *path;      /* absolute, as the root spells it (links not resolved) */
    const char *uri;       /* Spark's spelling: the identity in the log */
    int64_t size;
    int64_t mtime_ns;
    const char *const *partition_values; /* raw folder texts, unescaped, one per partition column; NULL = __HIVE_DEFAULT_PARTITION__ */
};

typedef struct weir_seen weir_seen; /* below */

/* The options of the file source, parsed and checked. Names in any case. */
/* What a stream does about fields of its files that its columns do not have. */
enum weir_evolution { WEIR_EVOLVE_DEFAULT /* add where the columns were found in the files, else nothing */, WEIR_EVOLVE_NONE, WEIR_EVOLVE_ADD, WEIR_EVOLVE_FAIL };
struct weir_file_options {
    int64_t max_files;       /* maxFilesPerTrigger; 0 = none */
    int64_t max_bytes;       /* maxBytesPerTrigger; 0 = none */
    int64_t max_file_age_ms; /* 7 d */
    int64_t min_file_age_ms; /* minFileAge; -1 = by trigger (0 for available-now and once, 1 s otherwise) */
    bool latest_first, recursive, file_name_only;
    char path_glob_filter[256]; /* "" = none */
    bool ignore_missing, ignore_corrupt;
    int64_t modified_after_us, modified_before_us; /* only files whose time is strictly between; INT64_MIN, INT64_MAX = any. Batch reads only */
    enum weir_evolution evolution;
    bool stop_on_new;        /* onNewColumns=stop */
    bool include_existing;   /* includeExistingFiles; true (false is refused by name for now) */
    const weir_seen *known;  /* borrowed, not an option: files in it may be left out of a listing without being looked at; the first of each folder is listed in any case, for
                              * its partition values. NULL = every file is listed */
    const char *confine;     /* borrowed, not an option: a folder. What a symbolic link reaches outside it is refused. NULL = anything */
};
#define WEIR_FILE_AGE_UNBOUNDED (INT64_MAX / 4) /* max_file_age_ms with latestFirst and a limit, as Spark */
/* Is this a name of the file source's (so that text.h ignores it)? */
bool weir_file_option_is(const char *name);
weir_rc weir_file_options_parse(const weir_options *options, struct weir_file_options *out, struct weir_error *err) WEIR_MUST_USE; /* cleanSource other than off, ... refused by name */
/* Is there one that Spark does not take in streams? */
weir_rc weir_file_options_in_stream(const struct weir_file_options *options, struct weir_error *err) WEIR_MUST_USE;
extern const struct weir_option_help weir_file_option_help[];

/* Everything below the root (a folder, a file, or a glob), in order of (mtime ms, path bytes); latestFirst: newest first. A missing root: WEIR_NOT_FOUND "PATH_NOT_FOUND" (a glob without matches lists nothing). A folder without permission is
 * an error that names it. partition_columns_out: names found by `name=value` folders (CONFLICTING_PARTITION_COLUMN_NAMES as Spark). */
weir_rc weir_source_list(weir_fs *fs, const char *root, const struct weir_file_options *options, weir_arena *arena, struct weir_source_file **files_out,
                         size_t *count_out, const char *const **partition_columns_out, size_t *partition_count_out, struct weir_error *err) WEIR_MUST_USE;
/* Only these paths, which begin with the root as it is spelled (a folder that is no glob, and has no partition folders), as weir_source_list would show them; those of
 * other folders are left out. *enough_out false: one of them is a folder or a link: only a listing tells. */
weir_rc weir_source_look(weir_fs *fs, const char *root, const struct weir_file_options *options, const char *const *paths, size_t count, weir_arena *arena,
                         struct weir_source_file **files_out, size_t *count_out, bool *enough_out, struct weir_error *err) WEIR_MUST_USE;
/* Types of partition columns: by the user's schema where it names them, else inferred from all values (int, bigint, decimal, double, date, timestamp, string). */
weir_rc weir_source_partition_types(weir_arena *arena, const struct weir_source_file *files, size_t count, const char *const *columns, size_t column_count,
                                    const weir_schema *user, weir_schema **out, struct weir_error *err) WEIR_MUST_USE;
/* The raw values of `columns` in the folders of a path, for files that did not come from a listing (a planned batch that is run again). Arena. */
const char *const *weir_source_partition_values(weir_arena *arena, const char *path, const char *const *columns, size_t count);
/* May it be taken now? WEIR_OK yes; WEIR_BUSY somebody writes it or it is too young (retry_ms_out: when to look again). `by_lease_out`: leases work there. */
weir_rc weir_source_complete(weir_fs *fs, const struct weir_source_file *file, int64_t min_age_ms, int64_t now_ms, int64_t *retry_ms_out, bool *by_lease_out, struct weir_error *err) WEIR_MUST_USE;

/* The seen-files map: URI -> mtime, with Spark's purge by maxFileAge. Bounded by what the log holds. */
weir_seen *weir_seen_new(int64_t max_file_age_ms, bool file_name_only);
void weir_seen_free(weir_seen *seen);
void weir_seen_add(weir_seen *seen, const char *uri, int64_t mtime_ms);
bool weir_seen_is_new(const weir_seen *seen, const char *uri, int64_t mtime_ms);
bool weir_seen_has(const weir_seen *seen, const char *uri); /* whatever its time */
void weir_seen_purge(weir_seen *seen);
size_t weir_seen_count(const weir_seen *seen);

/* The _metadata struct as Spark gives it: file_path, file_name, file_size, file_block_start, file_block_length, file_modification_time. */
const weir_schema *weir_source_metadata_schema(void);
/* Value of one field for one file; STRING values live in the arena. false: no such field. */
bool weir_source_metadata_value(weir_arena *arena, const struct weir_source_file *file, const char *field, struct weir_type *type_out, union weir_value *out);

/* --- a text folder as a relation: files into rows, for batch SQL, read_files and streams --- */
struct weir_text_source {
    const char *format;          /* "csv" */
    const char *root;            /* resolved path */
    const weir_options *options; /* format options and file options together */
    const char *confine;         /* where links may lead: the location of the volume or external location that holds root; NULL = anywhere */
    const weir_schema *schema;   /* data columns as declared (partition columns may be among them) */
    const char *schema_folder;   /* the columns were found in the files and are kept below this folder (weir_schema_log_add); NULL = they were declared */
};
/* The data columns of a folder that nobody declared (source->schema is not looked at), as weir_format_infer finds them in all its files. `hints` (may be NULL): types of
 * columns by name, which win. WEIR_INVALID "UNABLE_TO_INFER_SCHEMA": no file holds a line. Arena. */
weir_rc weir_text_infer(weir_fs *fs, const struct weir_text_source *source, const weir_schema *hints, weir_arena *arena, weir_schema **out, struct weir_error *err) WEIR_MUST_USE;
/* What the options of a stream are whose columns are found in the files: types too, and columns of CSV by the names in each file's header, unless they say otherwise. */
void weir_text_found_options(const char *format, weir_options *options);
/* The same of files that are known already. */
weir_rc weir_text_infer_files(weir_fs *fs, const struct weir_text_source *source, const struct weir_source_file *files, size_t count, weir_arena *arena, weir_schema **out, struct weir_error *err) WEIR_MUST_USE;
/* `known` with what only `found` has behind it, fields of structs too; types of `known` stay. *names_out: what was added, for people; NULL = nothing. Arena. */
weir_schema *weir_schema_grow(const weir_schema *known, const weir_schema *found, weir_arena *arena, const char **names_out);
/* Columns that were found once and hold from then on: the newest version in <folder>/_schemas (WEIR_NOT_FOUND: none; arena), and one more version, durable when WEIR_OK
 * (WEIR_EXISTS: somebody else was first). */
weir_rc weir_schema_log_read(weir_fs *fs, const char *folder, weir_arena *arena, weir_schema **out, struct weir_error *err) WEIR_MUST_USE;
weir_rc weir_schema_log_add(weir_fs *fs, const char *folder, const weir_schema *schema, struct weir_error *err) WEIR_MUST_USE;
typedef struct weir_text_reader weir_text_reader;
/* Compiles dialect and options once; unknown options are refused. */
weir_rc weir_text_reader_new(weir_fs *fs, const struct weir_text_source *source, weir_text_reader **out, struct weir_error *err) WEIR_MUST_USE;
void weir_text_reader_free(weir_text_reader *reader);
/* Other data columns from now on; partition columns stay. Not while a run is under way. */
weir_rc weir_text_reader_declare(weir_text_reader *reader, const weir_schema *declared, struct weir_error *err) WEIR_MUST_USE;
const weir_schema *weir_text_reader_declared(const weir_text_reader *reader);
const struct weir_file_options *weir_text_reader_file_options(const weir_text_reader *reader);
/* Data columns, then partition columns, as SELECT * gives them (known after a listing where partitions are inferred). */
const weir_schema *weir_text_reader_schema(const weir_text_reader *reader);
const char *weir_text_reader_corrupt_column(const weir_text_reader *reader); /* NULL = none */
/* What a sink column is. */
enum weir_item_kind { WEIR_ITEM_COLUMN /* by name, data or partition */, WEIR_ITEM_METADATA /* _metadata.<name> */, WEIR_ITEM_METADATA_ALL, WEIR_ITEM_LITERAL };
struct weir_item { enum weir_item_kind kind; const char *name; struct weir_type type; union weir_value value; bool is_null; const char *output; };
/* Set the listing that types the partition columns. Later calls keep the types of the first one that had partitions, as a Spark query does until it is restarted; other names are
 * WEIR_CONFLICT "PARTITION_COLUMNS_CHANGED". */
weir_rc weir_text_reader_bind(weir_text_reader *reader, const struct weir_source_file *files, size_t count, const char *const *partition_columns, size_t partition_count, struct weir_error *err) WEIR_MUST_USE;
/* Schema of sinks for these items (arena). */
weir_rc weir_text_reader_output(weir_text_reader *reader, const struct weir_item *items, size_t count, weir_arena *arena, weir_schema **out, struct weir_error *err) WEIR_MUST_USE;
/* Read exactly these files into the sinks; files without partition_values get them from their path. Empty files and names like _metadata* give no rows, as in Spark; with
 * ignoreMissingFiles what is gone gives none either. WEIR_CONFLICT as text.h says. WEIR_ITEM_METADATA_ALL is a STRUCT column, which only Arrow sinks take: its constant's s.ptr
 * points to one union weir_value per field. */
weir_rc weir_text_reader_run(weir_text_reader *reader, const struct weir_source_file *files, size_t count, const struct weir_item *items, size_t item_count,
                             enum weir_text_keep keep, int threads, struct weir_sink_factory *sinks, struct weir_text_result *result, struct weir_error *err) WEIR_MUST_USE;

/* --- files into batches for SQL --- */
/* Every column of `schema` (the reader's), and with `metadata` the whole _metadata struct last. In the arena. */
struct weir_item *weir_text_all_items(const weir_schema *schema, bool metadata, weir_arena *arena, size_t *count_out);
/* A thread of its own reads the files into a bounded queue; what the spec points to is borrowed and outlives the pump. */
typedef struct weir_text_pump weir_text_pump;
struct weir_text_pump_spec {
    weir_text_reader *reader;
    const struct weir_source_file *files; size_t file_count;
    const struct weir_item *items; size_t item_count;
    const weir_schema *schema;            /* weir_text_reader_output of the items */
    int threads;                          /* 0 = processors */
    int64_t batch_rows;
    size_t queue_batches;
    struct weir_text_file_result *results; /* file_count entries; NULL = not asked */
    const char *name;                     /* put before the reader's error as the batches tell it; NULL = as it is */
    bool ends_with_batches;               /* closing the batches ends the pump; else weir_text_pump_end is called after it */
};
weir_rc weir_text_pump_open(const struct weir_text_pump_spec *spec, weir_text_pump **out, struct weir_error *err) WEIR_MUST_USE;
/* The rows, for one thread. Closing them tells the reader that no more are wanted. */
weir_batches *weir_text_pump_batches(weir_text_pump *pump);
/* Stops the reader, waits for it, frees the pump. The reader's own error (WEIR_OK when it was only stopped early), which alone fills err; what it
 * read so far in result_out (NULL = not asked). */
weir_rc weir_text_pump_end(weir_text_pump *pump, struct weir_text_result *result_out, struct weir_error *err) WEIR_MUST_USE;
