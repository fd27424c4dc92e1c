/* help.c - --help and docs/CLI.md, both printed from the tables. */
#include "cli/cli.h"
#include <stdio.h>

void cli_print_help(FILE *to);
void cli_print_command_help(FILE *to, const struct cli_command *command);

void cli_print_help(FILE *to)
{
    fprintf(to, "weir %s - a lakehouse in one process: folders of files into Delta tables, exactly once; SQL over them meanwhile\n\nusage: weir COMMAND ...\n\n", WEIR_VERSION);
    for (const struct cli_command *c = cli_commands; c->name; c++) {
        fprintf(to, "  %-28s %s\n", c->name, c->help);
    }
    fprintf(to, "\n`weir COMMAND --help` shows its options and an example. Start here: weir init shop\n");
}

static void print_options(FILE *to, const struct cli_option *options)
{
    for (const struct cli_option *o = options; o && o->name; o++) {
        char text[128];
        snprintf(text, sizeof text, "%s%s%s%s%s%s", o->short_name ? o->short_name : "", o->short_name ? ", " : "", o->name, o->value ? " " : "", o->value ? o->value : "", o->repeated ? " ..." : "");
        fprintf(to, "  %-32s %s\n", text, o->help);
    }
}

void cli_print_command_help(FILE *to, const struct cli_command *c)
{
    fprintf(to, "usage: weir %s%s%s\n\n%s\n", c->name, *c->usage ? " " : "", c->usage, c->help);
    if (c->options) {
        fprintf(to, "\noptions:\n");
        print_options(to, c->options);
    }
    fprintf(to, "\nfor every command:\n");
    print_options(to, cli_common_options);
    fprintf(to, "\nexample:\n");
    for (const char *line = c->example; *line;) {
        int len = (int)strcspn(line, "\n");
        fprintf(to, "  %.*s\n", len, line);
        line += len + (line[len] == '\n');
    }
}

static const struct {
    int code;
    const char *meaning;
} EXITS[] = {
    {CLI_OK, "done"},
    {CLI_FAILED, "failed; the message says why"},
    {CLI_USAGE, "the command line is wrong"},
    {CLI_NOT_FOUND, "a file, table, name or version is not there"},
    {CLI_CONFLICT, "the name is taken, somebody else was first, or another process holds it"},
    {CLI_REFUSED, "not supported, or not registered storage"},
    {CLI_INTERRUPTED, "interrupted"},
};

static void print_option_table(const char *title, const struct weir_option_help *options)
{
    printf("\n## %s\n\n| option | default | meaning |\n| --- | --- | --- |\n", title);
    for (const struct weir_option_help *o = options; o->name; o++) {
        printf("| `%s` | %s | %s |\n", o->name, o->default_value && *o->default_value ? o->default_value : "-", o->help);
    }
}

static void print_commands(void)
{
    printf("# Commands\n\nPrinted by `weir docs cli` from the tables in the code.\n");
    for (const struct cli_command *c = cli_commands; c->name; c++) {
        printf("\n## weir %s\n\n```\n", c->name);
        cli_print_command_help(stdout, c);
        printf("```\n");
    }
    printf("\n## Exit codes\n\n| code | meaning |\n| --- | --- |\n");
    for (size_t i = 0; i < sizeof EXITS / sizeof *EXITS; i++) {
        printf("| %d | %s |\n", EXITS[i].code, EXITS[i].meaning);
    }
}

extern const struct weir_option_help weir_delta_source_option_help[];

static const struct {
    const char *name, *meaning, *cure;
} CONDITIONS[] = {
#define WEIR_CONDITION(name, meaning, cure) {#name, meaning, cure},
#include "cli/conditions_all.def"
#undef WEIR_CONDITION
};

weir_rc cli_run_docs(struct cli *cli, struct weir_error *err)
{
    const char *what = cli->args[0];
    if (strcmp(what, "cli") == 0) {
        print_commands();
    } else if (strcmp(what, "options") == 0) {
        printf("# Options\n\nPrinted by `weir docs options` from the tables in the code. Names in any letter case.\n");
        print_option_table("CSV text", weir_csv_option_help);
        print_option_table("JSON text", weir_json_option_help);
        print_option_table("Plain text", weir_plain_option_help);
        print_option_table("Folders as sources", weir_file_option_help);
        print_option_table("Delta tables as sources", weir_delta_source_option_help);
        print_option_table("Settings (SET name = value)", weir_setting_help);
    } else if (strcmp(what, "errors") == 0) {
        printf("# Errors\n\nPrinted by `weir docs errors` from the tables in the code. An error reads `CODE: what happened; where; what to do`.\n\n| code | meaning | what to do |\n| --- | --- | --- |\n");
        for (size_t i = 0; i < sizeof CONDITIONS / sizeof *CONDITIONS; i++) {
            printf("| `%s` | %s | %s |\n", CONDITIONS[i].name, CONDITIONS[i].meaning, CONDITIONS[i].cure);
        }
    } else {
        return cli_usage_error(err, "weir docs %s: give cli, options or errors", what);
    }
    return WEIR_OK;
}
