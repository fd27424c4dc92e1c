/* args.c - the command line against the table of commands: which command, which options, what is left. */
#include "cli/cli.h"
#include "base/uri.h"
#include <stdio.h>
#include <stdlib.h>

weir_rc cli_usage_error(struct weir_error *err, const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return weir_fail(err, WEIR_INVALID, "USAGE", "%s", text);
}

const char *cli_get(const struct cli *cli, const char *option)
{
    const char *value = NULL;
    for (size_t i = 0; i < cli->given_count; i++) {
        value = strcmp(cli->given[i].option->name, option) == 0 ? cli->given[i].value : value;
    }
    return value;
}

bool cli_has(const struct cli *cli, const char *option)
{
    return cli_get(cli, option) != NULL;
}

size_t cli_all(const struct cli *cli, const char *option, const char ***values_out)
{
    size_t count = 0;
    *values_out = weir_arena_alloc(cli->arena, (cli->given_count + 1) * sizeof **values_out);
    for (size_t i = 0; i < cli->given_count; i++) {
        if (strcmp(cli->given[i].option->name, option) == 0) {
            (*values_out)[count++] = cli->given[i].value;
        }
    }
    return count;
}

weir_rc cli_int(const struct cli *cli, const char *option, int64_t fallback, int64_t *out, struct weir_error *err)
{
    const char *text = cli_get(cli, option);
    *out = fallback;
    if (text && (!weir_str_to_i64(weir_str(text), out) || *out < 0)) {
        return cli_usage_error(err, "%s %s is not a whole number; give one, like %s 1000", option, text, option);
    }
    return WEIR_OK;
}

static const struct cli_option *find_in(const struct cli_option *options, const char *text, size_t len)
{
    for (const struct cli_option *o = options; o && o->name; o++) {
        if ((strlen(o->name) == len && memcmp(o->name, text, len) == 0) || (o->short_name && strlen(o->short_name) == len && memcmp(o->short_name, text, len) == 0)) {
            return o;
        }
    }
    return NULL;
}

static const struct cli_option *find_option(const struct cli *cli, const char *text, size_t len)
{
    const struct cli_option *own = cli->command ? find_in(cli->command->options, text, len) : NULL;
    return own ? own : find_in(cli_common_options, text, len);
}

static weir_rc take_common(struct cli *cli, const struct cli_option *option, const char *value, struct weir_error *err)
{
    if (strcmp(option->name, "--root") == 0) {
        cli->root = value;
        cli->root_given = true;
    } else if (strcmp(option->name, "--output") == 0) {
        static const char *const NAMES[] = {"table", "json", "ndjson", "csv"};
        size_t i = 0;
        while (i < 4 && strcmp(NAMES[i], value) != 0) {
            i++;
        }
        if (i == 4) {
            return cli_usage_error(err, "-o %s is not an output format; give table, json, ndjson or csv", value);
        }
        cli->output = (enum cli_output)i;
        cli->output_given = true;
    }
    return WEIR_OK;
}

static weir_rc take_option(struct cli *cli, int argc, char **argv, int *at, struct weir_error *err)
{
    const char *text = argv[*at], *equals = text[1] == '-' ? strchr(text, '=') : NULL;
    size_t len = equals ? (size_t)(equals - text) : strlen(text);
    const struct cli_option *option = find_option(cli, text, len);
    if (!option) {
        return cli_usage_error(err, "weir %s has no option %.*s; see `weir %s --help`", cli->command->name, (int)len, text, cli->command->name);
    }
    const char *value = equals ? equals + 1 : "";
    if (!option->value && equals) {
        return cli_usage_error(err, "%s is a switch and takes no value", option->name);
    }
    if (option->value && !equals) {
        if (*at + 1 >= argc) {
            return cli_usage_error(err, "%s needs a value: %s %s", option->name, option->name, option->value);
        }
        value = argv[++*at];
    }
    if (!option->repeated && strcmp(option->name, "--output") != 0 && cli_get(cli, option->name)) {
        return cli_usage_error(err, "%s is given twice; give it once", option->name);
    }
    cli->given[cli->given_count].option = option;
    cli->given[cli->given_count++].value = value;
    return take_common(cli, option, value, err);
}

/* How many words of argv the command's name takes; 0 = it is not this one. */
static int matches(const struct cli_command *command, int argc, char **argv)
{
    int words = 0;
    const char *name = command->name;
    while (*name) {
        size_t len = strcspn(name, " ");
        if (words >= argc || strlen(argv[words]) != len || memcmp(argv[words], name, len) != 0) {
            return 0;
        }
        words++;
        name += len + (name[len] == ' ');
    }
    return words;
}

static const struct cli_command *find_command(int argc, char **argv, int *words_out)
{
    const struct cli_command *best = NULL;
    *words_out = 0;
    for (const struct cli_command *c = cli_commands; c->name; c++) {
        int words = matches(c, argc, argv);
        if (words > *words_out) {
            best = c;
            *words_out = words;
        }
    }
    return best;
}

weir_rc cli_parse(struct cli *cli, int argc, char **argv, bool *help_out, struct weir_error *err)
{
    int words = 0;
    *help_out = false;
    cli->command = find_command(argc, argv, &words);
    if (!cli->command) {
        return cli_usage_error(err, "there is no command `%s%s%s`; `weir --help` lists them", argv[0], argc > 1 ? " " : "", argc > 1 ? argv[1] : "");
    }
    cli->args = weir_arena_alloc(cli->arena, ((size_t)argc + 1) * sizeof *cli->args);
    cli->given = weir_arena_alloc(cli->arena, ((size_t)argc + 1) * sizeof *cli->given);
    bool options = true;
    for (int i = words; i < argc; i++) {
        const char *text = argv[i];
        if (options && strcmp(text, "--") == 0) {
            options = false;
        } else if (options && (strcmp(text, "--help") == 0 || strcmp(text, "-h") == 0)) {
            *help_out = true;
            return WEIR_OK;
        } else if (options && text[0] == '-' && text[1]) {
            WEIR_TRY(take_option(cli, argc, argv, &i, err));
        } else {
            cli->args[cli->arg_count++] = text;
        }
    }
    if (cli->arg_count < cli->command->args_min || cli->arg_count > cli->command->args_max) {
        return cli_usage_error(err, "weir %s %s: %s; see `weir %s --help`", cli->command->name, cli->command->usage, cli->arg_count < cli->command->args_min ? "something is missing" : "there is too much", cli->command->name);
    }
    return WEIR_OK;
}

weir_rc cli_name(struct cli *cli, const char *text, struct weir_name *out, struct weir_error *err)
{
    struct weir_buf part;
    weir_buf_init(&part, 4096);
    *out = (struct weir_name){.pos = {1, 1}};
    bool quoted = false, ok = true;
    for (const char *p = text;; p++) {
        if (*p == '`') {
            ok &= !(quoted && p[1] == '`');
            quoted = !quoted;
        } else if ((*p == '.' && !quoted) || !*p) {
            ok &= part.len > 0 && out->count < 3;
            if (!ok) {
                break;
            }
            out->parts[out->count++] = weir_str(weir_arena_strdup(cli->arena, part.data));
            weir_buf_clear(&part);
        } else {
            weir_buf_add_char(&part, *p);
        }
        if (!*p) {
            break;
        }
    }
    weir_buf_free(&part);
    return ok && !quoted ? WEIR_OK : weir_fail(err, WEIR_INVALID, "NAME_INVALID", "%s is not a table's name; write catalog.schema.table, schema.table, table, or delta.`/path`", text);
}
