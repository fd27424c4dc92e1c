/* cmd_run.c - `weir run` and `weir dry-run`: the project. */
#include "cli/cli.h"
#include "base/json.h"
#include "base/time.h"
#include "os/thread.h"
#include <stdio.h>

struct running {
    struct cli *cli;
    bool json, quiet;
};

static const char *clock_text(struct cli *cli)
{
    return cli_time_ms(cli, weir_now_ms());
}

/* Spark's words, so that who reads its output reads ours. */
static void on_flow(void *arg, const char *flow, const char *state, const char *message)
{
    struct running *running = arg;
    bool past = strcmp(state, "COMPLETED") == 0 || strcmp(state, "FAILED") == 0;
    if (running->quiet && strcmp(state, "FAILED") != 0 && strcmp(state, "SKIPPED") != 0) {
        return;
    }
    if (strcmp(state, "QUEUED") == 0 || running->json) {
        return;
    }
    fprintf(stderr, "%s: Flow %s %s %s%s%s%s\n", clock_text(running->cli), flow, past ? "has" : "is", state, message ? " (" : "", message ? message : "", message ? ")" : "");
}

static void on_progress(void *arg, const char *flow, const char *json)
{
    struct running *running = arg;
    (void)flow;
    if (running->json) {
        puts(json);
        fflush(stdout);
    }
}

static void on_note(void *arg, const char *line)
{
    (void)arg;
    fprintf(stderr, "note: %s\n", line);
}

/* "a,b" and repeated options, as spark-pipelines takes them. */
static size_t names_of(struct cli *cli, const char *option, const char *const **out)
{
    const char **given = NULL, **names = NULL;
    size_t count = cli_all(cli, option, &given), total = 0, n = 0;
    for (size_t i = 0; i < count; i++) {
        total += strlen(given[i]) + 1;
    }
    names = weir_arena_alloc(cli->arena, (total + 1) * sizeof *names);
    for (size_t i = 0; i < count; i++) {
        for (const char *p = given[i]; *p;) {
            size_t len = strcspn(p, ",");
            struct weir_str one = weir_str_trim((struct weir_str){p, len});
            if (one.len > 0) {
                names[n++] = weir_arena_strndup(cli->arena, one.ptr, one.len);
            }
            p += len + (p[len] == ',');
        }
    }
    *out = names;
    return n;
}

static weir_rc read_options(struct cli *cli, struct weir_run_options *options, struct weir_error *err)
{
    const char *every = cli_get(cli, "--every");
    int64_t threads = 0;
    *options = (struct weir_run_options){.full_refresh_all = cli_has(cli, "--full-refresh-all"), .adopt = cli_has(cli, "--adopt"), .trigger = WEIR_TRIGGER_AVAILABLE_NOW};
    options->refresh_count = names_of(cli, "--refresh", &options->refresh);
    options->full_refresh_count = names_of(cli, "--full-refresh", &options->full_refresh);
    WEIR_TRY(cli_int(cli, "--threads", 0, &threads, err));
    options->threads = (int)(threads > 1024 ? 1024 : threads);
    if (every && cli_has(cli, "--continuous")) {
        return cli_usage_error(err, "--every and --continuous exclude each other; give one");
    }
    if (cli_has(cli, "--continuous")) {
        options->trigger = WEIR_TRIGGER_CONTINUOUS;
    } else if (every) {
        WEIR_TRY(weir_trigger_parse(every, &options->trigger, &options->interval_ms, err));
        if (options->trigger != WEIR_TRIGGER_INTERVAL) {
            return cli_usage_error(err, "--every %s: give an interval, like 5s", every);
        }
    }
    return WEIR_OK;
}

static weir_rc print_report(struct cli *cli, const struct weir_run_report *report, struct weir_error *err)
{
    static const char *const NAMES[] = {"flow", "kind", "state", "what", "rows", "took_ms"};
    static const bool NUMERIC[] = {false, false, false, false, true, true};
    struct cli_rows rows;
    cli_rows_init(&rows, cli, NAMES, NUMERIC, 6);
    for (size_t i = 0; i < report->flow_count; i++) {
        const struct weir_flow_report *f = &report->flows[i];
        char count[32], took[32];
        snprintf(count, sizeof count, "%lld", (long long)f->rows);
        snprintf(took, sizeof took, "%lld", (long long)(f->elapsed_us / 1000));
        cli_rows_add(&rows, (const char *const[]){f->name, f->kind, f->state, f->how, count, took});
    }
    return cli_rows_print(cli, &rows, err);
}

weir_rc cli_run_run(struct cli *cli, struct weir_error *err)
{
    struct cli_lake lake = {0};
    struct weir_run_options options;
    weir_project *project = NULL;
    struct weir_run_report report = {0};
    const char *progress = cli_get(cli, "--progress");
    struct running running = {.cli = cli, .json = progress != NULL, .quiet = false};
    struct weir_run_events events = {.arg = &running, .flow = on_flow, .progress = on_progress, .note = on_note};
    if (progress && strcmp(progress, "json") != 0) {
        return cli_usage_error(err, "--progress %s: give json", progress);
    }
    WEIR_TRY(read_options(cli, &options, err));
    WEIR_TRY(weir_project_load(cli_get(cli, "--spec"), NULL, &project, err));
    weir_rc rc = cli_lake_open(cli, CLI_LAKE_CREATE, &lake, err);
    if (rc == WEIR_OK) {
        cli_catch_signals();
        rc = weir_pipeline_run(project, lake.engine, &options, &events, cli->arena, &report, err);
        if (cli->output_given && report.flow_count > 0) {
            weir_rc printed = print_report(cli, &report, rc == WEIR_OK ? err : NULL);
            rc = rc == WEIR_OK ? printed : rc;
        }
        if (!running.json && rc == WEIR_OK) {
            double seconds = (double)(report.elapsed_us > 0 ? report.elapsed_us : 1) / 1e6;
            if (report.nothing_new) {
                fprintf(stderr, "nothing new\n");
            } else if (report.files_in == 0 && report.rows_in == 0) {
                fprintf(stderr, "no new rows, %s\n", cli_duration(cli, report.elapsed_us));
            } else {
                fprintf(stderr, "%s file%s, %s row%s in, %s (%s rows/s)\n", cli_count(cli, report.files_in), report.files_in == 1 ? "" : "s", cli_count(cli, report.rows_in),
                        report.rows_in == 1 ? "" : "s", cli_duration(cli, report.elapsed_us),
                        cli_count(cli, (int64_t)((double)report.rows_in / seconds)));
            }
            fprintf(stderr, "%s: Run is %s.\n", clock_text(cli), weir_stop_level() > 0 ? "CANCELED" : "COMPLETED");
        } else if (!running.json) {
            fprintf(stderr, "%s: Run has FAILED.\n", clock_text(cli));
        }
    }
    cli_lake_close(&lake);
    weir_project_free(project);
    return rc;
}

static const char *kind_name(enum weir_dataset_kind kind)
{
    return kind == WEIR_DATASET_STREAMING_TABLE ? "streaming table" : kind == WEIR_DATASET_VIEW ? "materialized view" : "temporary view";
}

static const char *join(struct cli *cli, const char *const *names, size_t count)
{
    struct weir_buf out;
    weir_buf_init(&out, 0);
    for (size_t i = 0; i < count; i++) {
        weir_buf_printf(&out, "%s%s", i ? ", " : "", names[i]);
    }
    const char *text = weir_arena_strdup(cli->arena, out.data ? out.data : "");
    weir_buf_free(&out);
    return text;
}

weir_rc cli_run_dry_run(struct cli *cli, struct weir_error *err)
{
    static const char *const NAMES[] = {"order", "name", "kind", "reads", "columns", "how", "defined_at"};
    static const bool NUMERIC[] = {true, false, false, false, false, false, false};
    struct cli_lake lake = {0};
    weir_project *project = NULL;
    struct weir_graph_node *nodes = NULL;
    size_t count = 0;
    WEIR_TRY(weir_project_load(cli_get(cli, "--spec"), NULL, &project, err));
    weir_rc rc = cli_lake_open(cli, CLI_LAKE_OPEN, &lake, err);
    if (rc == WEIR_OK) {
        rc = weir_pipeline_graph(project, lake.engine, cli->arena, &nodes, &count, err);
    }
    struct cli_rows rows;
    cli_rows_init(&rows, cli, NAMES, NUMERIC, 7);
    for (size_t i = 0; rc == WEIR_OK && i < count; i++) {
        struct weir_buf ddl;
        char order[24];
        weir_buf_init(&ddl, 0);
        if (nodes[i].schema) {
            weir_schema_print_ddl(&ddl, nodes[i].schema);
        }
        snprintf(order, sizeof order, "%zu", i + 1);
        const char *place = weir_arena_printf(cli->arena, "%s:%d:%d", nodes[i].file, nodes[i].line, nodes[i].column);
        cli_rows_add(&rows, (const char *const[]){order, nodes[i].name, kind_name(nodes[i].kind), join(cli, nodes[i].inputs, nodes[i].input_count), ddl.data ? ddl.data : "", nodes[i].how, place});
        weir_buf_free(&ddl);
    }
    if (rc == WEIR_OK) {
        rc = cli_rows_print(cli, &rows, err);
    }
    if (rc == WEIR_OK) {
        fprintf(stderr, "%zu datasets; nothing was written\n", count);
    }
    cli_lake_close(&lake);
    weir_project_free(project);
    return rc;
}
