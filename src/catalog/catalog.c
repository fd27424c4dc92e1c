/* catalog.c - opening and closing a lakehouse. */
#include "catalog/catalog_internal.h"
#include "base/uri.h"

weir_rc weir_catalog_open(weir_fs *fs, const char *root, bool create, weir_catalog **out, struct weir_error *err)
{
    *out = NULL;
    weir_catalog *catalog = weir_calloc(1, sizeof *catalog);
    catalog->fs = fs;
    catalog->root = weir_path_absolute(NULL, root);
    catalog->file = weir_path_join(catalog->root, "catalog.db");
    pthread_mutex_init(&catalog->mutex, NULL);
    struct weir_file_info info;
    weir_rc rc = weir_fs_stat(fs, catalog->file, &info, err);
    if (rc == WEIR_NOT_FOUND && create) {
        rc = weir_fs_mkdirs(fs, catalog->root, err);
    } else if (rc == WEIR_NOT_FOUND) {
        weir_fail(err, rc, "LAKEHOUSE_NOT_FOUND",
                  "there is no lakehouse (no catalog.db); %s; name another with --root or WEIR_ROOT, or make one: `weir run` in a project's folder, `weir init DIR` for a new project",
                  catalog->root);
    } else if (rc == WEIR_OK && !info.is_file) {
        rc = weir_fail(err, WEIR_CORRUPT, "CATALOG_CORRUPT",
                       "catalog.db is not a file; %s; move it away and run weir init", catalog->file);
    }
    if (rc == WEIR_OK) {
        rc = weiri_db_open(catalog, create, err);
    }
    if (rc != WEIR_OK) {
        weir_catalog_close(catalog);
        return rc;
    }
    *out = catalog;
    return WEIR_OK;
}

void weir_catalog_close(weir_catalog *catalog)
{
    if (!catalog) {
        return;
    }
    weiri_db_close(catalog);
    pthread_mutex_destroy(&catalog->mutex);
    weir_free(catalog->file);
    weir_free(catalog->root);
    weir_free(catalog);
}

const char *weir_catalog_root(const weir_catalog *catalog)
{
    return catalog->root;
}
