/* cli.h - the commands: one table of them (commands.c), each with its options (a table, from which --help and docs/CLI.md are printed) and a function.
 *
 * Exit codes: 0 done; 1 failed; 2 the command line is wrong; 3 not found; 4 conflict or in use; 5 refused (not supported, not registered); 130 interrupted.
 * Errors go to stderr as `CODE: what happened; where; what to do`. */
#pragma once
#include "pipeline/pipeline.h"

enum cli_exit { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2, CLI_NOT_FOUND = 3, CLI_CONFLICT = 4, CLI_REFUSED = 5, CLI_INTERRUPTED = 130 };

enum cli_output { CLI_TABLE, CLI_JSON, CLI_NDJSON, CLI_CSV };

/* An option of a command. */
struct cli_option {
    const char *name;      /* "--into" */
    const char *short_name; /* "-c"; NULL = none */
    const char *value;     /* what stands behind it: "TABLE"; NULL = a switch */
    bool repeated;
    const char *help;
};
/* What was given. */
struct cli {
    weir_arena *arena;
    const struct cli_command *command;
    const char *root;             /* --root or WEIR_ROOT, or ./lakehouse; ask cli_root */
    bool root_given, root_found;
    enum cli_output output;
    bool output_given;
    const char **args; size_t arg_count;   /* positional, the command's words removed */
    struct { const struct cli_option *option; const char *value; } *given; size_t given_count;
};
struct cli_command {
    const char *name;             /* "sql", "catalogs list" */
    const char *usage;            /* what stands behind the name: "[-c SQL | FILE]" */
    const char *help;             /* one line */
    const char *example;          /* one or more lines, each a command */
    const struct cli_option *options; /* NULL name ends it; may be NULL */
    size_t args_min, args_max;
    weir_rc (*run)(struct cli *cli, struct weir_error *err);
};
extern const struct cli_command cli_commands[]; /* NULL name ends it */
extern const struct cli_option cli_common_options[];

const char *cli_get(const struct cli *cli, const char *option);       /* last value; NULL = not given; "" for a switch */
bool cli_has(const struct cli *cli, const char *option);
size_t cli_all(const struct cli *cli, const char *option, const char ***values_out); /* of a repeated option, in the arena */
weir_rc cli_int(const struct cli *cli, const char *option, int64_t fallback, int64_t *out, struct weir_error *err) WEIR_MUST_USE;
weir_rc cli_usage_error(struct weir_error *err, const char *fmt, ...) WEIR_PRINTF(2, 3); /* WEIR_INVALID "USAGE": exit 2 */

/* The lakehouse of this call. `create`: make it when it is not there. */
struct cli_lake {
    weir_catalog *catalog;  /* NULL: without a root */
    weir_engine *engine;
    weir_session *session;
};
enum cli_lake_mode { CLI_LAKE_OPEN, CLI_LAKE_CREATE, CLI_LAKE_OPTIONAL /* without, where there is none and --root was not given */ };
/* The lakehouse's folder: --root, WEIR_ROOT, ./lakehouse if it is there, else `lakehouse` beside the project's spec (here or above). */
const char *cli_root(struct cli *cli);
weir_rc cli_catalog_open(struct cli *cli, enum cli_lake_mode mode, weir_catalog **out, struct weir_error *err) WEIR_MUST_USE;
weir_rc cli_lake_open(struct cli *cli, enum cli_lake_mode mode, struct cli_lake *out, struct weir_error *err) WEIR_MUST_USE;
void cli_lake_close(struct cli_lake *lake);
/* A path through the catalog's check; what is missing is named with the command that makes it. Heap. */
weir_rc cli_volume_path(struct cli *cli, weir_catalog *catalog, const char *path, char **local_out, struct weir_error *err) WEIR_MUST_USE;
bool cli_is_volume_path(const char *path); /* /Volumes/... */
const char *cli_volume_command(struct cli *cli, const char *path); /* what makes the volume of a /Volumes path; NULL: the path names none */

/* --- output: rows of text cells or batches, in the chosen format, to stdout --- */
/* A table made of texts (NULL = null). Values printed as JSON strings, or as numbers where `numeric` says so. */
struct cli_rows { const char *const *names; const bool *numeric; size_t columns; const char **cells; size_t rows, cap; weir_arena *arena; };
void cli_rows_init(struct cli_rows *rows, struct cli *cli, const char *const *names, const bool *numeric, size_t columns);
void cli_rows_add(struct cli_rows *rows, const char *const *cells);
weir_rc cli_rows_print(struct cli *cli, const struct cli_rows *rows, struct weir_error *err) WEIR_MUST_USE;
weir_rc cli_result_print(struct cli *cli, weir_result *result, struct weir_error *err) WEIR_MUST_USE;
bool cli_is_terminal(void); /* stderr: progress lines that rewrite themselves */
weir_rc cli_flush(struct weir_error *err) WEIR_MUST_USE; /* stdout reached its place: a full disk or a closed pipe is an error */

/* Ctrl-C: once asks for a stop after the batch, twice ends at once. */
void cli_catch_signals(void);
/* "1.2 M", "3.4 GB", "1m02s": for people. Each in the arena. */
const char *cli_count(struct cli *cli, int64_t n);
const char *cli_bytes(struct cli *cli, int64_t n);
const char *cli_duration(struct cli *cli, int64_t us);
const char *cli_time_ms(struct cli *cli, int64_t ms); /* "2024-01-02T03:04:05.678Z"; NULL below 0 */
/* One name from text: "a.b.c", back-ticks allowed. */
weir_rc cli_name(struct cli *cli, const char *text, struct weir_name *out, struct weir_error *err) WEIR_MUST_USE;

/* One per file of commands. */
weir_rc cli_run_sql(struct cli *cli, struct weir_error *err);
weir_rc cli_run_ingest(struct cli *cli, struct weir_error *err);
weir_rc cli_run_run(struct cli *cli, struct weir_error *err);
weir_rc cli_run_dry_run(struct cli *cli, struct weir_error *err);
weir_rc cli_run_init(struct cli *cli, struct weir_error *err);
weir_rc cli_run_generate(struct cli *cli, struct weir_error *err);
weir_rc cli_run_files(struct cli *cli, struct weir_error *err);
weir_rc cli_run_status(struct cli *cli, struct weir_error *err);
weir_rc cli_run_history(struct cli *cli, struct weir_error *err);
weir_rc cli_run_object_list(struct cli *cli, struct weir_error *err);
weir_rc cli_run_object_get(struct cli *cli, struct weir_error *err);
weir_rc cli_run_object_create(struct cli *cli, struct weir_error *err);
weir_rc cli_run_object_delete(struct cli *cli, struct weir_error *err);
weir_rc cli_run_fs_ls(struct cli *cli, struct weir_error *err);
weir_rc cli_run_fs_cp(struct cli *cli, struct weir_error *err);
weir_rc cli_run_fs_cat(struct cli *cli, struct weir_error *err);
weir_rc cli_run_fs_mkdir(struct cli *cli, struct weir_error *err);
weir_rc cli_run_fs_rm(struct cli *cli, struct weir_error *err);
weir_rc cli_run_docs(struct cli *cli, struct weir_error *err);
