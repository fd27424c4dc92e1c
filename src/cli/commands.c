/* commands.c - the table of commands. Everything that lists them is printed from here. */
#include "cli/cli.h"

#define NONE {NULL, NULL, NULL, false, NULL}

const struct cli_option cli_common_options[] = {
    {"--root", NULL, "DIR", false, "the lakehouse (WEIR_ROOT; otherwise ./lakehouse)"},
    {"--output", "-o", "FORMAT", false, "table, json (an array), ndjson (one a line) or csv (NULL is nothing, the empty text is \"\")"},
    {"--help", "-h", NULL, false, "this text"},
    NONE,
};

static const struct cli_option SQL_OPTIONS[] = {
    {"--command", "-c", "SQL", false, "the statements to run"},
    {"--var", NULL, "NAME=VALUE", true, "what ${NAME} stands for in the script"},
    NONE,
};
static const struct cli_option INGEST_OPTIONS[] = {
    {"--into", NULL, "TABLE", false, "catalog.schema.table, or 'delta.`/path`'; made if it is not there"},
    {"--format", NULL, "FORMAT", false, "what the sources are: csv (default), json, text or delta"},
    {"--schema", NULL, "COLUMNS", false, "the columns of the files: 'id BIGINT, name STRING'; without it the first run finds them in the files"},
    {"--option", NULL, "NAME=VALUE", true, "an option of the format or the folder: header=true, maxFilesPerTrigger=10 (docs/OPTIONS.md)"},
    {"--checkpoint", NULL, "DIR", false, "where the stream remembers (needed for delta.`path`)"},
    {"--trigger", NULL, "WHEN", false, "available-now (default), once, continuous, or an interval like 5s"},
    {"--partition-by", NULL, "COLUMN", true, "partition the table that is made"},
    {"--codec", NULL, "NAME", false, "of new files: snappy (default), zstd, gzip or none"},
    {"--threads", NULL, "N", false, "readers (default: processors)"},
    {"--name", NULL, "NAME", false, "the query's name in the progress"},
    {"--progress", NULL, "json", false, "a line of Spark's StreamingQueryProgress for each batch, on standard output"},
    NONE,
};
static const struct cli_option RUN_OPTIONS[] = {
    {"--spec", NULL, "FILE", false, "the project (default: spark-pipeline.yml here or above)"},
    {"--every", NULL, "INTERVAL", false, "stay, and look for new files every so often: 5s"},
    {"--continuous", NULL, NULL, false, "stay, and take files as they appear"},
    {"--refresh", NULL, "TABLES", true, "only these, comma separated"},
    {"--full-refresh", NULL, "TABLES", true, "only these, from scratch"},
    {"--full-refresh-all", NULL, NULL, false, "everything from scratch"},
    {"--adopt", NULL, NULL, false, "go on in the checkpoints that Spark left in the storage"},
    {"--threads", NULL, "N", false, "readers of one flow (default: processors)"},
    {"--progress", NULL, "json", false, "a line of Spark's StreamingQueryProgress for each batch, on standard output"},
    NONE,
};
static const struct cli_option SPEC_OPTIONS[] = {
    {"--spec", NULL, "FILE", false, "the project (default: spark-pipeline.yml here or above)"},
    NONE,
};
static const struct cli_option CHECKPOINT_OPTIONS[] = {
    {"--checkpoint", NULL, "DIR", false, "the stream's checkpoint, if it lies elsewhere"},
    NONE,
};
static const struct cli_option HISTORY_OPTIONS[] = {
    {"--limit", NULL, "N", false, "only the newest N versions"},
    NONE,
};
static const struct cli_option GENERATE_OPTIONS[] = {
    {"--rows", NULL, "N", false, "rows in all (default 100000)"},
    {"--files", NULL, "N", false, "files that they are spread over (default 1)"},
    {"--seed", NULL, "N", false, "the same seed gives the same bytes (default 1)"},
    {"--rate", NULL, "ROWS", false, "rows a second: files appear one by one; 0 = at once"},
    {"--first", NULL, "ROW", false, "begin at this row of the sequence (default 0): later files of the same events"},
    {"--prefix", NULL, "TEXT", false, "how the files' names begin (default events)"},
    NONE,
};
static const struct cli_option LIST_OPTIONS[] = {
    {"--like", NULL, "PATTERN", false, "only names that match: * and |"},
    NONE,
};
static const struct cli_option CREATE_OPTIONS[] = {
    {"--comment", NULL, "TEXT", false, "said in listings"},
    {"--storage-location", NULL, "DIR", false, "volumes: an external one, in a registered location"},
    {"--columns", NULL, "COLUMNS", false, "tables: 'id BIGINT, name STRING'"},
    NONE,
};
static const struct cli_option DELETE_OPTIONS[] = {
    {"--force", NULL, NULL, false, "with everything below it"},
    NONE,
};
static const struct cli_option FS_OPTIONS[] = {
    {"--recursive", "-r", NULL, false, "folders too"},
    {"--overwrite", NULL, NULL, false, "replace what is there"},
    NONE,
};

#define OBJECT_COMMANDS(plural, what, list_args, list_usage, create_args, create_usage, example_name, create_example)                                                        \
    {plural " list", list_usage, "list " what, "weir " plural " list", LIST_OPTIONS, list_args, list_args, cli_run_object_list},                                                      \
        {plural " get", "NAME", "show one of the " what, "weir " plural " get " example_name, NULL, 1, 1, cli_run_object_get},                                                \
        {plural " create", create_usage, "create one of the " what, "weir " plural " create " create_example, CREATE_OPTIONS, create_args, create_args, cli_run_object_create},         \
    {                                                                                                                                                                         \
        plural " delete", "NAME", "delete one of the " what, "weir " plural " delete " example_name, DELETE_OPTIONS, 1, 1, cli_run_object_delete                              \
    }

const struct cli_command cli_commands[] = {
    {"init", "DIR", "make a project that runs", "weir init shop && cd shop && weir run", NULL, 1, 1, cli_run_init},
    {"run", "", "run the project: streams to their end, then the views", "weir run\nweir run --every 5s\nweir run --full-refresh bronze.events", RUN_OPTIONS, 0, 0, cli_run_run},
    {"dry-run", "", "show the project's graph, order and schemas; write nothing", "weir dry-run -o json", SPEC_OPTIONS, 0, 0, cli_run_dry_run},
    {"ingest", "SRC [SRC ...]", "one stream, no project: new files of folders into a table, each once",
     "weir ingest ./in --into workspace.default.events --schema 'id BIGINT, name STRING' --option header=true\nweir ingest ./in --into 'delta.`./out`' --checkpoint ./ck --schema 'id BIGINT'", INGEST_OPTIONS, 1, 1000, cli_run_ingest},
    {"sql", "[FILE]", "batch SQL over consistent snapshots; a prompt on a terminal", "weir sql -c 'SELECT count(*) FROM workspace.bronze.events'\nweir sql --var landing=\"$PWD/landing\" setup.sql", SQL_OPTIONS, 0, 1, cli_run_sql},
    {"files", "TABLE", "what became of each source file", "weir files workspace.bronze.events -o ndjson", CHECKPOINT_OPTIONS, 1, 1, cli_run_files},
    {"status", "", "every stream: where it stands, who runs it", "weir status", NULL, 0, 0, cli_run_status},
    {"history", "TABLE", "the versions of a table, newest first", "weir history workspace.bronze.events --limit 5", HISTORY_OPTIONS, 1, 1, cli_run_history},
    {"generate events", "DIR", "events of an online shop, for trying and measuring", "weir generate events --rows 100000 --files 20 /Volumes/workspace/ecommerce/stream_volume/input", GENERATE_OPTIONS, 1, 1, cli_run_generate},
    OBJECT_COMMANDS("catalogs", "catalogs", 0, "", 1, "NAME", "sales", "sales"),
    OBJECT_COMMANDS("schemas", "schemas", 1, "CATALOG", 2, "NAME CATALOG", "workspace.shop", "shop workspace"),
    OBJECT_COMMANDS("tables", "tables", 2, "CATALOG SCHEMA", 1, "FULL_NAME --columns COLUMNS", "workspace.shop.orders", "workspace.shop.orders --columns 'id BIGINT'"),
    OBJECT_COMMANDS("volumes", "volumes", 2, "CATALOG SCHEMA", 4, "CATALOG SCHEMA NAME MANAGED|EXTERNAL", "workspace.shop.landing", "workspace shop landing MANAGED"),
    OBJECT_COMMANDS("external-locations", "external locations", 0, "", 2, "NAME URL", "landing", "landing \"$PWD\""),
    {"fs ls", "PATH", "list a folder", "weir fs ls /Volumes/workspace/shop/landing", FS_OPTIONS, 1, 1, cli_run_fs_ls},
    {"fs cp", "FROM TO", "copy into, out of and between volumes; a file appears whole", "weir fs cp ./orders.csv /Volumes/workspace/shop/landing/", FS_OPTIONS, 2, 2, cli_run_fs_cp},
    {"fs cat", "PATH", "print a file", "weir fs cat /Volumes/workspace/shop/landing/orders.csv", NULL, 1, 1, cli_run_fs_cat},
    {"fs mkdir", "PATH", "make a folder and its parents", "weir fs mkdir /Volumes/workspace/shop/landing/new", NULL, 1, 1, cli_run_fs_mkdir},
    {"fs rm", "PATH", "remove a file; with -r a folder", "weir fs rm -r /Volumes/workspace/shop/landing/old", FS_OPTIONS, 1, 1, cli_run_fs_rm},
    {"docs", "cli|options|errors", "print the reference pages", "weir docs cli > docs/CLI.md", NULL, 1, 1, cli_run_docs},
    {NULL, NULL, NULL, NULL, NULL, 0, 0, NULL},
};
