/* cmd_sql.c - `weir sql`: a statement, a file, standard input, or a prompt. */
#include "cli/cli.h"
#include "base/uri.h"
#include "os/thread.h"
#include <errno.h>
#include <histedit.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <wchar.h>

#define SCRIPT_BYTES_MAX ((size_t)64 << 20)

static weir_rc print_one(void *arg, const struct weir_stmt *stmt, weir_result *result, struct weir_error *err)
{
    (void)stmt;
    WEIR_TRY(cli_result_print(arg, result, err));
    return cli_flush(err);
}

static weir_rc variables(struct cli *cli, weir_options *out, struct weir_error *err)
{
    const char **given = NULL;
    size_t count = cli_all(cli, "--var", &given);
    for (size_t i = 0; i < count; i++) {
        const char *equals = strchr(given[i], '=');
        if (!equals || equals == given[i]) {
            return cli_usage_error(err, "--var %s: write --var name=value", given[i]);
        }
        weir_options_set(out, weir_arena_strndup(cli->arena, given[i], (size_t)(equals - given[i])), equals + 1);
    }
    return WEIR_OK;
}

static weir_rc run_script(struct cli *cli, weir_session *session, const weir_options *vars, const char *where, struct weir_str script, struct weir_error *err)
{
    struct weir_str text;
    weir_arena *arena = weir_arena_new();
    weir_rc rc = weir_sql_substitute(arena, script, vars, &text, err);
    if (rc == WEIR_OK) {
        rc = weir_session_script(session, text, print_one, cli, err);
    }
    if (rc != WEIR_OK && rc != WEIR_END && err->line > 0) {
        weir_error_wrap(err, "%s%s%lld:%lld", where, *where ? ":" : "", (long long)err->line, (long long)err->column);
    }
    weir_arena_free(arena);
    return rc;
}

static weir_rc read_stdin(struct weir_buf *out, struct weir_error *err)
{
    char chunk[65536];
    size_t n;
    while ((n = fread(chunk, 1, sizeof chunk, stdin)) > 0) {
        weir_buf_add(out, chunk, n);
    }
    return out->overflow ? weir_fail(err, WEIR_TOO_BIG, "SCRIPT_TOO_BIG", "the script on standard input is longer than 64 MiB; split it") : WEIR_OK;
}

/* --- the prompt --- */

static char *prompt_text(EditLine *el)
{
    void *more = NULL;
    static char first[] = "weir> ", next[] = "   -> ";
    el_get(el, EL_CLIENTDATA, &more);
    return more && *(bool *)more ? next : first;
}

/* Tab: keywords, functions and the tables of the current schema that begin so. */
struct completion {
    weir_session *session;
    bool more;
};
static struct completion *completing;

static void offer(const char *candidate, const char *word, size_t len, const char **only, int *count)
{
    if (weir_str_eq_nocase((struct weir_str){candidate, strlen(candidate) < len ? strlen(candidate) : len}, (struct weir_str){word, len})) {
        *only = candidate;
        ++*count;
        if (*count == 2) {
            fputc('\n', stdout);
        }
        if (*count > 1 && *count < 60) {
            printf("%s  ", candidate);
        }
    }
}

static unsigned char complete(EditLine *el, int ch)
{
    (void)ch;
    const LineInfo *line = el_line(el);
    const char *begin = line->cursor;
    while (begin > line->buffer && (begin[-1] == '_' || (begin[-1] >= '0' && begin[-1] <= '9') || ((begin[-1] | 32) >= 'a' && (begin[-1] | 32) <= 'z'))) {
        begin--;
    }
    size_t len = (size_t)(line->cursor - begin);
    const char *only = NULL;
    int count = 0;
    if (len == 0) {
        return CC_ERROR;
    }
    for (const char *const *k = weir_sql_keywords(); *k; k++) {
        offer(*k, begin, len, &only, &count);
    }
    for (const char *const *f = weir_sql_functions(); *f; f++) {
        offer(*f, begin, len, &only, &count);
    }
    weir_catalog *catalog = weir_engine_catalog(weir_session_engine(completing->session));
    weir_arena *arena = weir_arena_new();
    struct weir_object *tables = NULL;
    size_t tables_count = 0;
    if (catalog && weir_catalog_list(catalog, arena, WEIR_OBJ_TABLE, weir_session_catalog(completing->session), weir_session_schema(completing->session), NULL, &tables, &tables_count, NULL) == WEIR_OK) {
        for (size_t i = 0; i < tables_count; i++) {
            offer(tables[i].name, begin, len, &only, &count);
            weir_object_free_options(&tables[i]);
        }
    }
    unsigned char answer = count == 1 && el_insertstr(el, only + len) == 0 ? CC_REFRESH : count > 1 ? CC_REDISPLAY : CC_ERROR;
    if (count > 1) {
        fputc('\n', stdout);
    }
    weir_arena_free(arena);
    return answer;
}

/* A statement is whole when its last token is ';'. A parse tells strings and comments from ends. */
static bool is_whole(struct weir_str text)
{
    struct weir_str trimmed = weir_str_trim(text);
    return trimmed.len > 0 && trimmed.ptr[trimmed.len - 1] == ';';
}

static bool is_word(struct weir_str text, const char *word)
{
    struct weir_str trimmed = weir_str_trim(text);
    while (trimmed.len > 0 && trimmed.ptr[trimmed.len - 1] == ';') {
        trimmed.len--;
    }
    return weir_str_eq_nocase(trimmed, weir_str(word));
}

static void interrupt(void *session)
{
    weir_session_interrupt(session);
}

static void answer(struct cli *cli, weir_session *session, const weir_options *vars, struct weir_str text)
{
    struct weir_error err;
    weir_error_clear(&err);
    /* A statement may compute for long between two of its rows, where nobody looks at the stop level. */
    weir_stop_watch *watch = weir_stop_watch_new(interrupt, session);
    const weir_rc rc = run_script(cli, session, vars, "", text, &err);
    weir_stop_watch_free(watch);
    if (rc != WEIR_OK && rc != WEIR_END) {
        fflush(stdout);
        fprintf(stderr, "%s: %s\n", err.condition, err.msg);
    }
    weir_stop_reset(); /* Ctrl-C ended the statement, not the session */
}

/* One character of UTF-8 from the terminal. libedit's own would miss a Ctrl-C that comes just before it begins to read. */
static int read_char(EditLine *el, wchar_t *out)
{
    mbstate_t state = {0};
    (void)el;
    for (;;) {
        char byte;
        if (!weir_stop_or_readable(STDIN_FILENO)) {
            errno = EINTR;
            return -1;
        }
        const ssize_t got = read(STDIN_FILENO, &byte, 1);
        if (got <= 0) {
            return got == 0 ? 0 : -1;
        }
        const size_t used = mbrtowc(out, &byte, 1, &state);
        if (used != (size_t)-2) {
            *out = used == (size_t)-1 ? L'?' : *out;
            return 1;
        }
    }
}

static weir_rc prompt(struct cli *cli, weir_session *session, const weir_options *vars)
{
    struct completion state = {session, false};
    struct weir_buf text;
    HistEvent event;
    const char *home = getenv("HOME");
    char *path = home ? weir_path_join(home, ".weir_history") : NULL;
    EditLine *el = el_init("weir", stdin, stdout, stderr);
    History *past = history_init();
    weir_buf_init(&text, SCRIPT_BYTES_MAX);
    completing = &state;
    history(past, &event, H_SETSIZE, 1000);
    if (path) {
        history(past, &event, H_LOAD, path);
    }
    el_set(el, EL_CLIENTDATA, &state.more);
    el_set(el, EL_PROMPT, prompt_text);
    el_set(el, EL_SIGNAL, 1);
    el_set(el, EL_GETCFN, read_char);
    el_set(el, EL_EDITOR, "emacs");
    el_set(el, EL_HIST, history, past);
    el_set(el, EL_ADDFN, "weir-complete", "complete a word", complete);
    el_set(el, EL_BIND, "^I", "weir-complete", NULL);
    printf("weir %s. Statements end with ';'. Ctrl-C drops the line or stops the statement; exit; or Ctrl-D leaves.\n", WEIR_VERSION);
    cli_catch_signals();
    weir_stop_at_prompt(true);
    for (;;) {
        int len = 0;
        const char *line = el_gets(el, &len);
        if (weir_stop_level() > 0) {
            weir_stop_reset();
            weir_buf_clear(&text);
            state.more = false;
            fputc('\n', stdout);
            continue;
        }
        if (!line || len <= 0) {
            break;
        }
        weir_buf_add(&text, line, (size_t)len);
        struct weir_str all = weir_buf_view(&text);
        if (is_word(all, "exit") || is_word(all, "quit")) {
            break;
        }
        if (is_whole(all)) {
            history(past, &event, H_ENTER, text.data);
            answer(cli, session, vars, all);
            weir_buf_clear(&text);
        } else if (weir_str_trim(all).len == 0) {
            weir_buf_clear(&text);
        }
        state.more = text.len > 0;
    }
    weir_stop_at_prompt(false);
    if (path) {
        history(past, &event, H_SAVE, path);
    }
    history_end(past);
    el_end(el);
    weir_buf_free(&text);
    weir_free(path);
    return WEIR_OK;
}

/* Queries over plain folders (delta.`/path`) and literals need no lakehouse, and must not leave one behind. */
static bool is_by_path(const struct weir_table_ref *ref)
{
    const struct weir_str *path = &ref->name.parts[1];
    return ref->function ? strcmp(ref->function, "read_files") != 0 : ref->name.count == 2 && path->len > 0 && memchr(path->ptr, '/', path->len) && !weir_str_starts(*path, "/Volumes/");
}

static bool needs_lake(const struct weir_stmt *stmts, size_t count, weir_arena *arena)
{
    for (size_t i = 0; i < count; i++) {
        struct weir_table_ref *refs = NULL;
        size_t ref_count = 0;
        if (stmts[i].kind != WEIR_STMT_QUERY || weir_sql_tables(arena, stmts[i].query, &refs, &ref_count, NULL) != WEIR_OK) {
            return true;
        }
        for (size_t r = 0; r < ref_count; r++) {
            if (!is_by_path(&refs[r])) {
                return true;
            }
        }
    }
    return false;
}

/* A script that cannot be read is judged by the session, with its message. */
static enum cli_lake_mode lake_mode(const weir_options *vars, const char *script, size_t len)
{
    weir_arena *arena = weir_arena_new();
    struct weir_str text;
    struct weir_stmt *stmts = NULL;
    size_t count = 0;
    bool plain = weir_sql_substitute(arena, (struct weir_str){script, len}, vars, &text, NULL) == WEIR_OK && weir_sql_parse(arena, text, &stmts, &count, NULL) == WEIR_OK && !needs_lake(stmts, count, arena);
    weir_arena_free(arena);
    return plain ? CLI_LAKE_OPTIONAL : CLI_LAKE_CREATE;
}

weir_rc cli_run_sql(struct cli *cli, struct weir_error *err)
{
    struct cli_lake lake;
    struct weir_buf text;
    const char *statement = cli_get(cli, "--command"), *file = cli->arg_count ? cli->args[0] : NULL;
    if (statement && file) {
        return cli_usage_error(err, "-c and a file exclude each other; give one");
    }
    weir_options *vars = weir_options_new();
    weir_buf_init(&text, SCRIPT_BYTES_MAX);
    weir_rc rc = variables(cli, vars, err);
    if (rc == WEIR_OK && file) {
        rc = strcmp(file, "-") == 0 ? read_stdin(&text, err) : weir_fs_read_all(weir_fs_posix(), file, SCRIPT_BYTES_MAX, &text, err);
    } else if (rc == WEIR_OK && !statement && !isatty(0)) {
        rc = read_stdin(&text, err);
        file = "-";
    }
    if (rc == WEIR_OK) {
        enum cli_lake_mode mode = statement ? lake_mode(vars, statement, strlen(statement)) : file ? lake_mode(vars, text.data, text.len) : CLI_LAKE_CREATE;
        rc = cli_lake_open(cli, mode, &lake, err);
        if (rc == WEIR_OK) {
            rc = statement ? run_script(cli, lake.session, vars, "", weir_str(statement), err)
                 : file    ? run_script(cli, lake.session, vars, strcmp(file, "-") == 0 ? "" : file, weir_buf_view(&text), err)
                           : prompt(cli, lake.session, vars);
            cli_lake_close(&lake);
        }
    }
    weir_buf_free(&text);
    weir_options_free(vars);
    return rc;
}
