/* main.c - find the command, run it, say what went wrong, leave with the right code. */
#include "cli/cli.h"
#include "base/log.h"
#include "os/thread.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

weir_rc cli_parse(struct cli *cli, int argc, char **argv, bool *help_out, struct weir_error *err);
void cli_print_help(FILE *to);
void cli_print_command_help(FILE *to, const struct cli_command *command);

void cli_catch_signals(void)
{
    weir_stop_on_signals(CLI_INTERRUPTED);
}

static int exit_code(weir_rc rc, const struct weir_error *err)
{
    switch (rc) {
    case WEIR_OK:
    case WEIR_END:
        return CLI_OK;
    case WEIR_NOT_FOUND:
        return CLI_NOT_FOUND;
    case WEIR_CONFLICT:
    case WEIR_EXISTS:
    case WEIR_BUSY:
        return CLI_CONFLICT;
    case WEIR_UNSUPPORTED:
    case WEIR_DENIED:
        return CLI_REFUSED;
    case WEIR_CANCELLED:
        return CLI_INTERRUPTED;
    case WEIR_INVALID:
        return strcmp(err->condition, "USAGE") == 0 ? CLI_USAGE : CLI_FAILED;
    default:
        return CLI_FAILED;
    }
}

static int run(struct cli *cli, int argc, char **argv)
{
    struct weir_error err;
    bool help = false;
    weir_error_clear(&err);
    weir_rc rc = cli_parse(cli, argc, argv, &help, &err);
    if (rc == WEIR_OK && help) {
        cli_print_command_help(stdout, cli->command);
        rc = cli_flush(&err);
    } else if (rc == WEIR_OK) {
        rc = cli->command->run(cli, &err);
        rc = rc == WEIR_OK ? cli_flush(&err) : rc;
    }
    if (rc != WEIR_OK && rc != WEIR_END) {
        fflush(stdout);
        fprintf(stderr, "%s: %s\n", err.condition[0] ? err.condition : weir_rc_name(rc), err.msg);
    }
    return exit_code(rc, &err);
}

int main(int argc, char **argv)
{
    const char *debug = getenv("WEIR_LOG");
    if (debug) {
        weir_log_set(strcmp(debug, "debug") == 0 ? WEIR_LOG_DEBUG : strcmp(debug, "info") == 0 ? WEIR_LOG_INFO : WEIR_LOG_WARN);
    }
    signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error like others */
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        cli_print_help(argc < 2 ? stderr : stdout);
        return argc < 2 ? CLI_USAGE : CLI_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("weir %s\n", WEIR_VERSION);
        return CLI_OK;
    }
    const char *root = getenv("WEIR_ROOT");
    struct cli cli = {.arena = weir_arena_new(), .root = root && *root ? root : "./lakehouse", .root_given = root && *root};
    int code = run(&cli, argc - 1, argv + 1);
    weir_arena_free(cli.arena);
    return code;
}
