/* cmd_init.c - `weir init`: a project that runs, and the lakehouse that it runs on.
 *
 * The lakehouse comes first and the spec last: a folder with a spec is a whole project. Nothing that is there is replaced. */
#include "cli/cli.h"
#include "base/uri.h"
#include "cli/files.h"
#include "cli/project_files.h"
#include <stdio.h>

#define INPUT "/Volumes/workspace/ecommerce/stream_volume/input"

/* Not there yet: create it. */
static weir_rc ensure(struct cli *cli, weir_catalog *catalog, struct weir_object object, struct weir_error *err)
{
    struct weir_error why;
    weir_error_clear(&why);
    const weir_rc rc = weir_catalog_create(catalog, cli->arena, &object, &why);
    if (rc != WEIR_OK && rc != WEIR_EXISTS) {
        *err = why;
        return rc;
    }
    return WEIR_OK;
}

static weir_rc make_lakehouse(struct cli *cli, const char *root, struct weir_error *err)
{
    weir_catalog *catalog = NULL;
    char *input = NULL;
    WEIR_TRY(weir_catalog_open(weir_fs_posix(), root, true, &catalog, err));
    weir_rc rc = ensure(cli, catalog, (struct weir_object){.kind = WEIR_OBJ_SCHEMA, .catalog = "workspace", .name = "ecommerce", .comment = "Events of an online shop"}, err);
    if (rc == WEIR_OK) {
        rc = ensure(cli, catalog, (struct weir_object){.kind = WEIR_OBJ_VOLUME, .catalog = "workspace", .schema = "ecommerce", .name = "stream_volume", .comment = "Where files land"}, err);
    }
    if (rc == WEIR_OK) {
        rc = weir_catalog_resolve_path(catalog, INPUT, &input, NULL, NULL, err);
    }
    if (rc == WEIR_OK) {
        rc = weir_fs_mkdirs(weir_fs_posix(), input, err);
    }
    weir_free(input);
    weir_catalog_close(catalog);
    return rc;
}

/* --- the texts --- */

/* A text that YAML and Markdown take as it is, whatever the folder is called. */
static const char *yaml_text(struct cli *cli, const char *text)
{
    struct weir_buf out;
    struct weir_jsonw w;
    weir_buf_init(&out, 0);
    weir_jsonw_init(&w, &out);
    weir_jsonw_string(&w, text);
    const char *copy = weir_arena_strndup(cli->arena, out.data, out.len);
    weir_buf_free(&out);
    return copy;
}

static void fill_in(struct weir_buf *out, const char *text, const char *name, const char *storage)
{
    for (const char *p = text; *p;) {
        if (strncmp(p, "@NAME@", 6) == 0) {
            weir_buf_add_str(out, name);
            p += 6;
        } else if (strncmp(p, "@STORAGE@", 9) == 0) {
            weir_buf_add_str(out, storage);
            p += 9;
        } else {
            weir_buf_add_char(out, *p++);
        }
    }
}

static const char *storage_uri(struct cli *cli, const char *folder)
{
    struct weir_buf uri;
    weir_buf_init(&uri, 0);
    const char *path = weir_arena_printf(cli->arena, "%s/pipeline-storage", strcmp(folder, "/") == 0 ? "" : folder);
    weir_uri_from_path(&uri, weir_str(path));
    const char *copy = weir_arena_strndup(cli->arena, uri.data, uri.len);
    weir_buf_free(&uri);
    return copy;
}

static weir_rc write_file(struct cli *cli, const char *folder, const struct cli_project_file *file, struct weir_error *err)
{
    const struct weir_str name = weir_path_name(folder);
    const char *plain = weir_arena_strndup(cli->arena, name.ptr, name.len);
    const bool yaml = weir_str_ends(weir_str(file->path), ".yml");
    char *path = weir_path_join(folder, file->path), *parent = weir_path_parent(path);
    struct weir_buf text;
    struct cli_newfile out;
    weir_buf_init(&text, 0);
    fill_in(&text, file->text, yaml ? yaml_text(cli, plain) : plain, yaml_text(cli, storage_uri(cli, folder)));
    weir_rc rc = weir_fs_mkdirs(weir_fs_posix(), parent, err);
    if (rc == WEIR_OK) {
        rc = cli_newfile_open(path, &out, err);
    }
    if (rc == WEIR_OK) {
        rc = cli_newfile_write(&out, text.data, text.len, err);
        if (rc == WEIR_OK) {
            rc = cli_newfile_publish(&out, err);
        }
        cli_newfile_drop(&out);
    }
    weir_buf_free(&text);
    weir_free(parent);
    weir_free(path);
    return rc;
}

/* --- the command --- */

static weir_rc check_free(const char *folder, struct weir_error *err)
{
    struct weir_file_info info;
    if (weir_fs_stat(weir_fs_posix(), folder, &info, NULL) == WEIR_OK && !info.is_dir) {
        return weir_fail(err, WEIR_EXISTS, "FILE_ALREADY_EXISTS", "a file of this name is there; %s; choose another folder", folder);
    }
    weir_rc rc = WEIR_OK;
    for (const struct cli_project_file *file = cli_project_files; rc == WEIR_OK && file->path; file++) {
        char *path = weir_path_join(folder, file->path);
        if (weir_fs_exists(weir_fs_posix(), path)) {
            rc = weir_fail(err, WEIR_EXISTS, "FILE_ALREADY_EXISTS", "the folder holds a project or a part of one; %s is there; choose another folder", path);
        }
        weir_free(path);
    }
    return rc;
}

/* As a shell takes it. */
static const char *quoted(struct cli *cli, const char *text)
{
    if (text[0] != '-' && text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./@+-")] == '\0') {
        return text;
    }
    struct weir_buf out;
    weir_buf_init(&out, 0);
    weir_buf_add_char(&out, '\'');
    for (const char *p = text; *p; p++) {
        weir_buf_add_str(&out, *p == '\'' ? "'\\''" : (const char[]){*p, '\0'});
    }
    weir_buf_add_char(&out, '\'');
    const char *copy = weir_arena_strndup(cli->arena, out.data, out.len);
    weir_buf_free(&out);
    return copy;
}

weir_rc cli_run_init(struct cli *cli, struct weir_error *err)
{
    char *folder = weir_path_absolute(NULL, cli->args[0]);
    const char *root = cli->root_given ? cli->root : weir_arena_printf(cli->arena, "%s/lakehouse", folder);
    weir_rc rc = check_free(folder, err);
    if (rc == WEIR_OK) {
        rc = weir_fs_mkdirs(weir_fs_posix(), folder, err);
    }
    if (rc == WEIR_OK) {
        rc = make_lakehouse(cli, root, err);
    }
    for (const struct cli_project_file *file = cli_project_files; rc == WEIR_OK && file->path; file++) {
        rc = write_file(cli, folder, file, err);
    }
    if (rc == WEIR_OK) {
        printf("A project in %s, its lakehouse in %s. Next:\n\n"
               "  cd %s\n"
               "  weir generate events --rows 100000 --files 20 " INPUT "\n"
               "  weir run\n"
               "  weir sql -c \"SELECT * FROM workspace.ecommerce.user_features ORDER BY total_spent DESC LIMIT 10\"\n\n",
               folder, root, quoted(cli, cli->args[0]));
    }
    weir_free(folder);
    return rc;
}
