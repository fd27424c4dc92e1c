/* lake.c - the lakehouse of a call: which folder it is; its catalog, engine and session. */
#include "cli/cli.h"
#include "base/uri.h"
#include <stdio.h>

static bool exists_in(const char *folder, const char *name)
{
    char *path = weir_path_join(folder, name);
    const bool there = weir_fs_exists(weir_fs_posix(), path);
    weir_free(path);
    return there;
}

/* The folder of the project that the call is about: that of --spec, or the nearest one above that holds a spec. Heap; NULL = none. */
static char *project_folder(const struct cli *cli)
{
    const char *spec = cli_get(cli, "--spec");
    char *at = weir_path_absolute(NULL, spec ? spec : ".");
    if (spec) {
        char *folder = weir_path_parent(at);
        weir_free(at);
        return folder;
    }
    while (!exists_in(at, "spark-pipeline.yml") && !exists_in(at, "spark-pipeline.yaml")) {
        if (strcmp(at, "/") == 0) {
            weir_free(at);
            return NULL;
        }
        char *parent = weir_path_parent(at);
        weir_free(at);
        at = parent;
    }
    return at;
}

const char *cli_root(struct cli *cli)
{
    if (!cli->root_given && !cli->root_found && !exists_in(cli->root, "catalog.db")) {
        char *folder = project_folder(cli);
        cli->root = folder ? weir_arena_printf(cli->arena, "%s/lakehouse", folder) : cli->root;
        weir_free(folder);
    }
    cli->root_found = true;
    return cli->root;
}

weir_rc cli_catalog_open(struct cli *cli, enum cli_lake_mode mode, weir_catalog **out, struct weir_error *err)
{
    struct weir_error why;
    weir_error_clear(&why);
    const weir_rc rc = weir_catalog_open(weir_fs_posix(), cli_root(cli), mode == CLI_LAKE_CREATE, out, &why);
    if (rc == WEIR_NOT_FOUND && mode == CLI_LAKE_OPTIONAL && !cli->root_given) {
        *out = NULL;
        return WEIR_OK;
    }
    if (rc != WEIR_OK) {
        *err = why;
    }
    return rc;
}

weir_rc cli_lake_open(struct cli *cli, enum cli_lake_mode mode, struct cli_lake *out, struct weir_error *err)
{
    *out = (struct cli_lake){0};
    WEIR_TRY(cli_catalog_open(cli, mode, &out->catalog, err));
    struct weir_engine_options options = {.catalog = out->catalog};
    weir_rc rc = weir_engine_open(&options, &out->engine, err);
    if (rc == WEIR_OK) {
        rc = weir_session_open(out->engine, &out->session, err);
    }
    if (rc != WEIR_OK) {
        cli_lake_close(out);
    }
    return rc;
}

void cli_lake_close(struct cli_lake *lake)
{
    weir_session_close(lake->session);
    weir_engine_close(lake->engine);
    weir_catalog_close(lake->catalog);
    *lake = (struct cli_lake){0};
}

bool cli_is_volume_path(const char *path)
{
    const char *plain = strncmp(path, "dbfs:", 5) == 0 ? path + 5 : path;
    return strncmp(plain, "/Volumes", 8) == 0 && (plain[8] == '/' || plain[8] == '\0');
}

const char *cli_volume_command(struct cli *cli, const char *path)
{
    const char *part[3], *p = strstr(path, "/Volumes") + strlen("/Volumes");
    for (int i = 0; i < 3; i++) {
        p += strspn(p, "/");
        const size_t len = strcspn(p, "/");
        if (len == 0) {
            return NULL;
        }
        part[i] = weir_arena_strndup(cli->arena, p, len);
        p += len;
    }
    return weir_arena_printf(cli->arena, "weir schemas create %s %s; weir volumes create %s %s %s MANAGED", part[1], part[0], part[0], part[1], part[2]);
}

weir_rc cli_volume_path(struct cli *cli, weir_catalog *catalog, const char *path, char **local_out, struct weir_error *err)
{
    struct weir_error why;
    weir_error_clear(&why);
    const weir_rc rc = weir_catalog_resolve_path(catalog, path, local_out, NULL, cli->arena, &why);
    const char *command = rc == WEIR_NOT_FOUND && cli_is_volume_path(path) ? cli_volume_command(cli, path) : NULL;
    if (command && strcmp(why.condition, "VOLUME_NOT_FOUND") == 0) {
        return weir_fail(err, WEIR_NOT_FOUND, why.condition, "%s; make it: %s", why.msg, strstr(command, "weir volumes"));
    }
    if (command && strcmp(why.condition, "SCHEMA_NOT_FOUND") == 0) {
        return weir_fail(err, WEIR_NOT_FOUND, why.condition, "%s; make it: %s", why.msg, command);
    }
    if (rc != WEIR_OK) {
        *err = why;
    }
    return rc;
}
