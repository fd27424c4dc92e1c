/* lake.c - the lakehouse of a call: catalog, engine, session. */
#include "cli/cli.h"
#include "base/uri.h"
#include <stdio.h>

weir_rc cli_lake_open(struct cli *cli, enum cli_lake_mode mode, struct cli_lake *out, struct weir_error *err)
{
    *out = (struct cli_lake){0};
    struct weir_error why;
    weir_error_clear(&why);
    weir_rc rc = weir_catalog_open(weir_fs_posix(), cli->root, mode == CLI_LAKE_CREATE, &out->catalog, &why);
    if (rc == WEIR_NOT_FOUND && mode == CLI_LAKE_OPTIONAL && !cli->root_given) {
        rc = WEIR_OK;
    } else if (rc != WEIR_OK) {
        *err = why;
        return rc;
    }
    struct weir_engine_options options = {.catalog = out->catalog};
    rc = weir_engine_open(&options, &out->engine, err);
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
