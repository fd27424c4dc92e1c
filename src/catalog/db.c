/* db.c - catalog.db: opening, migrating, statements, transactions, and SQLite's errors in weir's words.
 *
 * 1. user_version counts migrations; MIGRATIONS[n] leads from n to n + 1 and is never edited after a release.
 * 2. A file with user_version 0 is a lakehouse that was never finished: only `create` goes on with it.
 * 3. A version above ours was written by a newer weir: refused before anything is read.
 * 4. Locations inside the root are kept relative to it, so that a lakehouse can be moved as a whole. */
#include "catalog/catalog_internal.h"
#include "base/log.h"
#include "base/time.h"

#include <poll.h>

#define BUSY_TIMEOUT_MS 10000
#define APPLICATION_ID 0x77656972 /* "weir" */

#define COMMON_COLUMNS                                                                             \
    " id TEXT PRIMARY KEY, name TEXT NOT NULL, comment TEXT, owner TEXT,"                          \
    " created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, properties TEXT"

static const char *const MIGRATIONS[] = {
    "CREATE TABLE catalogs(" COMMON_COLUMNS ", UNIQUE(name)) WITHOUT ROWID, STRICT;"
    "CREATE TABLE schemas(" COMMON_COLUMNS ", catalog_id TEXT NOT NULL REFERENCES catalogs(id),"
    " UNIQUE(catalog_id, name)) WITHOUT ROWID, STRICT;"
    "CREATE TABLE tables(" COMMON_COLUMNS ", schema_id TEXT NOT NULL REFERENCES schemas(id), kind INTEGER NOT NULL,"
    " managed INTEGER NOT NULL, location TEXT NOT NULL, format TEXT NOT NULL, columns_ddl TEXT, definition TEXT,"
    " options TEXT, UNIQUE(schema_id, name)) WITHOUT ROWID, STRICT;"
    "CREATE INDEX tables_location ON tables(location);"
    "CREATE TABLE volumes(" COMMON_COLUMNS ", schema_id TEXT NOT NULL REFERENCES schemas(id),"
    " managed INTEGER NOT NULL, location TEXT NOT NULL, UNIQUE(schema_id, name)) WITHOUT ROWID, STRICT;"
    "CREATE INDEX volumes_location ON volumes(location);"
    "CREATE TABLE external_locations(" COMMON_COLUMNS ", location TEXT NOT NULL UNIQUE, UNIQUE(name))"
    " WITHOUT ROWID, STRICT;",
};
#define VERSION ((int)(sizeof MIGRATIONS / sizeof *MIGRATIONS))

/* Every select gives the same columns, so that one function reads all rows (rows.c). */
#define COMMON(c, s) "SELECT o.id, " c ", " s ", o.name, o.comment, o.owner, o.created_ms, o.updated_ms, o.properties"
#define PARENTS " JOIN schemas s ON s.id = o.schema_id JOIN catalogs c ON c.id = s.catalog_id"
#define CATALOG_ROWS COMMON("o.name", "NULL") ", 1, NULL, NULL, NULL, NULL, NULL, NULL FROM catalogs o"
#define SCHEMA_ROWS                                                                                \
    COMMON("c.name", "o.name")                                                                     \
    ", 1, NULL, NULL, NULL, NULL, NULL, NULL FROM schemas o JOIN catalogs c ON c.id = o.catalog_id"
#define TABLE_ROWS                                                                                 \
    COMMON("c.name", "s.name")                                                                     \
    ", o.managed, o.location, o.kind, o.format, o.columns_ddl, o.definition, o.options FROM tables o" PARENTS
#define VOLUME_ROWS                                                                                \
    COMMON("c.name", "s.name") ", o.managed, o.location, NULL, NULL, NULL, NULL, NULL FROM volumes o" PARENTS
#define LOCATION_ROWS COMMON("NULL", "NULL") ", 0, o.location, NULL, NULL, NULL, NULL, NULL FROM external_locations o"
#define BY_THREE " WHERE c.name = ?1 AND s.name = ?2 AND o.name = ?3"
#define UP_TO_TWO " WHERE (?1 IS NULL OR c.name = ?1) AND (?2 IS NULL OR s.name = ?2) ORDER BY c.name, s.name, o.name"
#define INSERT(table, more) "INSERT INTO " table "(id, name, comment, owner, created_ms, updated_ms, properties" more
#define VALUES ") VALUES(?1, ?3, ?4, ?5, ?6, ?6, ?7"
#define UPDATE(table)                                                                              \
    "UPDATE " table " SET comment = coalesce(?2, comment), owner = coalesce(?3, owner), updated_ms = ?4,"  \
    " properties = coalesce(?5, properties)"

static const char *const SQL_BY_KIND[WEIRI_KINDS][WEIRI_OPS] = {
    [WEIR_OBJ_CATALOG] = {CATALOG_ROWS " WHERE o.name = ?3", CATALOG_ROWS " ORDER BY o.name",
                          INSERT("catalogs", "") VALUES ")", UPDATE("catalogs") " WHERE id = ?1",
                          "DELETE FROM catalogs WHERE id = ?1"},
    [WEIR_OBJ_SCHEMA] = {SCHEMA_ROWS " WHERE c.name = ?1 AND o.name = ?3",
                         SCHEMA_ROWS " WHERE (?1 IS NULL OR c.name = ?1) ORDER BY c.name, o.name",
                         INSERT("schemas", ", catalog_id") VALUES ", ?2)", UPDATE("schemas") " WHERE id = ?1",
                         "DELETE FROM schemas WHERE id = ?1"},
    [WEIR_OBJ_TABLE] = {TABLE_ROWS BY_THREE, TABLE_ROWS UP_TO_TWO,
                        INSERT("tables", ", schema_id, managed, location, kind, format, columns_ddl, definition, options")
                            VALUES ", ?2, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
                        UPDATE("tables") ", definition = coalesce(?6, definition) WHERE id = ?1",
                        "DELETE FROM tables WHERE id = ?1"},
    [WEIR_OBJ_VOLUME] = {VOLUME_ROWS BY_THREE, VOLUME_ROWS UP_TO_TWO,
                         INSERT("volumes", ", schema_id, managed, location") VALUES ", ?2, ?8, ?9)",
                         UPDATE("volumes") " WHERE id = ?1", "DELETE FROM volumes WHERE id = ?1"},
    [WEIR_OBJ_LOCATION] = {LOCATION_ROWS " WHERE o.name = ?3", LOCATION_ROWS " ORDER BY o.name",
                           INSERT("external_locations", ", location") VALUES ", ?9)",
                           UPDATE("external_locations") " WHERE id = ?1",
                           "DELETE FROM external_locations WHERE id = ?1"},
};

/* '0' follows '/': all texts that begin with ?1 and a slash. */
#define BELOW " WHERE o.location > ?1 || '/' AND o.location < ?1 || '0' LIMIT 1"
static const char *const SQL[WEIRI_STMTS] = {
    [WEIRI_BEGIN] = "BEGIN IMMEDIATE",
    [WEIRI_COMMIT] = "COMMIT",
    [WEIRI_ROLLBACK] = "ROLLBACK",
    /* Of several at one place the Delta table speaks first: it is the one that must stay alone. */
    [WEIRI_TABLE_AT] = TABLE_ROWS " WHERE o.location = ?1 ORDER BY o.format <> 'delta', c.name, s.name, o.name LIMIT 1",
    [WEIRI_VOLUME_AT] = VOLUME_ROWS " WHERE o.location = ?1 LIMIT 1",
    [WEIRI_LOCATION_AT] = LOCATION_ROWS " WHERE o.location = ?1 LIMIT 1",
    [WEIRI_TABLE_BELOW] =
        TABLE_ROWS " WHERE o.location > ?1 || '/' AND o.location < ?1 || '0' AND o.format = 'delta' LIMIT 1",
    [WEIRI_VOLUME_BELOW] = VOLUME_ROWS BELOW,
};

weir_rc weiri_db_fail(weir_catalog *catalog, struct weir_error *err, const char *what)
{
    const int code = catalog->db ? sqlite3_extended_errcode(catalog->db) : SQLITE_NOMEM;
    const char *words = catalog->db ? sqlite3_errmsg(catalog->db) : "cannot be opened";
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        weir_fail(err, WEIR_BUSY, "CATALOG_BUSY", "%s: another process has held the catalog for %d s; %s; run it again", what,
                  BUSY_TIMEOUT_MS / 1000, catalog->file);
        if (err) {
            err->retriable = true;
        }
        return WEIR_BUSY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return weir_fail(err, WEIR_CORRUPT, "CATALOG_CORRUPT",
                         "%s: the catalog's file is damaged (%s); %s; put a copy of it back, or move it away, run weir init and "
                         "register the tables again: the tables' own folders are whole",
                         what, words, catalog->file);
    case SQLITE_FULL:
        return weir_fail(err, WEIR_IO, "DISK_FULL", "%s: the disk is full; %s; free space, then run it again", what,
                         catalog->file);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
        return weir_fail(err, WEIR_DENIED, "CATALOG_NOT_WRITABLE",
                         "%s: %s; %s; the user who runs weir needs to write this file and its folder", what, words,
                         catalog->file);
    default:
        return weir_fail(err, WEIR_IO, "CATALOG_IO", "%s: %s (SQLite %d); %s; look after the disk, then run it again", what,
                         words, code, catalog->file);
    }
}

static weir_rc prepare(weir_catalog *catalog, const char *sql, sqlite3_stmt **slot, sqlite3_stmt **out, struct weir_error *err)
{
    *out = NULL;
    if (!*slot && sqlite3_prepare_v3(catalog->db, sql, -1, SQLITE_PREPARE_PERSISTENT, slot, NULL) != SQLITE_OK) {
        return weiri_db_fail(catalog, err, "read the catalog");
    }
    *out = *slot;
    return WEIR_OK;
}

weir_rc weiri_db_stmt(weir_catalog *catalog, enum weiri_stmt which, sqlite3_stmt **out, struct weir_error *err)
{
    return prepare(catalog, SQL[which], &catalog->stmts[which], out, err);
}

weir_rc weiri_db_kind(weir_catalog *catalog, enum weir_object_kind kind, enum weiri_op op, sqlite3_stmt **out,
                      struct weir_error *err)
{
    return prepare(catalog, SQL_BY_KIND[kind][op], &catalog->by_kind[kind][op], out, err);
}

/* Statements do not all have all parameters: what one has not got is not bound. */
void weiri_bind_text(sqlite3_stmt *stmt, int index, const char *text)
{
    if (index <= sqlite3_bind_parameter_count(stmt)) {
        const int rc = sqlite3_bind_text(stmt, index, text, -1, SQLITE_TRANSIENT);
        WEIR_ASSERT(rc == SQLITE_OK);
    }
}

void weiri_done(sqlite3_stmt *stmt)
{
    (void)sqlite3_reset(stmt); /* repeats the error of the step, which was seen */
    (void)sqlite3_clear_bindings(stmt);
}

static weir_rc step_once(weir_catalog *catalog, enum weiri_stmt which, const char *what, struct weir_error *err)
{
    sqlite3_stmt *stmt;
    WEIR_TRY(weiri_db_stmt(catalog, which, &stmt, err));
    const int code = sqlite3_step(stmt);
    const weir_rc rc = code == SQLITE_DONE ? WEIR_OK : weiri_db_fail(catalog, err, what);
    weiri_done(stmt);
    return rc;
}

weir_rc weiri_db_begin(weir_catalog *catalog, struct weir_error *err)
{
    return step_once(catalog, WEIRI_BEGIN, "change the catalog", err);
}

weir_rc weiri_db_end(weir_catalog *catalog, weir_rc rc, struct weir_error *err)
{
    if (rc == WEIR_OK) {
        rc = step_once(catalog, WEIRI_COMMIT, "commit a change of the catalog", err);
        if (rc == WEIR_OK) {
            return rc;
        }
        if ((sqlite3_extended_errcode(catalog->db) & 0xff) == SQLITE_IOERR) {
            /* The frames may have reached the disk before its fsync failed. */
            rc = weir_fail(err, WEIR_UNKNOWN, "CATALOG_COMMIT_UNKNOWN",
                           "the disk failed while the change was committed: it may be there or not; %s; look (list, get) before "
                           "doing it again",
                           catalog->file);
        }
    }
    if (!sqlite3_get_autocommit(catalog->db) && step_once(catalog, WEIRI_ROLLBACK, "roll back", NULL) != WEIR_OK) {
        weir_log(WEIR_LOG_WARN, "catalog", "rollback failed: %s", sqlite3_errmsg(catalog->db));
    }
    return rc;
}

/* --- opening --- */

static weir_rc pragma_number(weir_catalog *catalog, const char *sql, int64_t *out, struct weir_error *err)
{
    sqlite3_stmt *stmt = NULL;
    weir_rc rc = WEIR_OK;
    *out = 0;
    if (sqlite3_prepare_v2(catalog->db, sql, -1, &stmt, NULL) != SQLITE_OK || sqlite3_step(stmt) != SQLITE_ROW) {
        rc = weiri_db_fail(catalog, err, "open the catalog");
    } else {
        *out = sqlite3_column_int64(stmt, 0);
    }
    (void)sqlite3_finalize(stmt);
    return rc;
}

static weir_rc run(weir_catalog *catalog, const char *sql, struct weir_error *err)
{
    return sqlite3_exec(catalog->db, sql, NULL, NULL, NULL) == SQLITE_OK ? WEIR_OK
                                                                         : weiri_db_fail(catalog, err, "open the catalog");
}

/* Two processes that open a fresh file at once may both meet SQLITE_BUSY here without SQLite's own waiting. */
static weir_rc settings(weir_catalog *catalog, struct weir_error *err)
{
    (void)sqlite3_busy_timeout(catalog->db, BUSY_TIMEOUT_MS);
    const int64_t until_us = weir_mono_us() + (int64_t)BUSY_TIMEOUT_MS * 1000;
    weir_rc rc;
    while ((rc = run(catalog, "PRAGMA journal_mode=WAL", err)) == WEIR_BUSY && weir_mono_us() < until_us) {
        (void)poll(NULL, 0, 10);
    }
    WEIR_TRY(rc);
    return run(catalog, "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF", err);
}

static weir_rc seed(weir_catalog *catalog, struct weir_error *err)
{
    char *sql = weir_asprintf("INSERT INTO catalogs(id, name, comment, created_ms, updated_ms) VALUES"
                              "('%1$s', 'workspace', 'the default catalog', %3$lld, %3$lld);"
                              "INSERT INTO schemas(id, catalog_id, name, comment, created_ms, updated_ms) VALUES"
                              "('%2$s', '%1$s', 'default', 'the default schema', %3$lld, %3$lld);",
                              weir_uuid_new().text, weir_uuid_new().text, (long long)weir_now_ms());
    const weir_rc rc = run(catalog, sql, err);
    weir_free(sql);
    return rc;
}

static weir_rc check_version(weir_catalog *catalog, int64_t version, struct weir_error *err)
{
    int64_t application;
    int64_t tables;
    WEIR_TRY(pragma_number(catalog, "PRAGMA application_id", &application, err));
    WEIR_TRY(pragma_number(catalog, "SELECT count(*) FROM sqlite_schema", &tables, err));
    if (version < 0 || (tables > 0 && application != APPLICATION_ID) || (version > 0 && tables == 0)) {
        return weir_fail(err, WEIR_CORRUPT, "CATALOG_CORRUPT",
                         "the file is a SQLite database but not a catalog of weir's; %s; choose another --root, or move the "
                         "file away and run weir init",
                         catalog->file);
    }
    if (version > VERSION) {
        return weir_fail(err, WEIR_UNSUPPORTED, "CATALOG_VERSION_UNSUPPORTED",
                         "the catalog has version %lld and this weir knows versions up to %d; %s; use the newer weir that wrote "
                         "it",
                         (long long)version, VERSION, catalog->file);
    }
    return WEIR_OK;
}

static weir_rc migrate(weir_catalog *catalog, struct weir_error *err)
{
    int64_t version; /* anew: under the lock nobody changes it */
    WEIR_TRY(pragma_number(catalog, "PRAGMA user_version", &version, err));
    WEIR_TRY(check_version(catalog, version, err));
    for (int64_t from = version; from < VERSION; from++) {
        WEIR_TRY(run(catalog, MIGRATIONS[from], err));
    }
    if (version == 0) {
        WEIR_TRY(seed(catalog, err));
    }
    char *sql = weir_asprintf("PRAGMA application_id=%d; PRAGMA user_version=%d", APPLICATION_ID, VERSION);
    const weir_rc rc = run(catalog, sql, err);
    weir_free(sql);
    return rc;
}

weir_rc weiri_db_open(weir_catalog *catalog, bool create, struct weir_error *err)
{
    const int flags = SQLITE_OPEN_READWRITE | (create ? SQLITE_OPEN_CREATE : 0) | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    if (sqlite3_open_v2(catalog->file, &catalog->db, flags, NULL) != SQLITE_OK) {
        return weiri_db_fail(catalog, err, "open the catalog");
    }
    int64_t version;
    (void)sqlite3_busy_timeout(catalog->db, BUSY_TIMEOUT_MS);
    WEIR_TRY(pragma_number(catalog, "PRAGMA user_version", &version, err));
    WEIR_TRY(check_version(catalog, version, err));
    if (version == 0 && !create) {
        return weir_fail(err, WEIR_NOT_FOUND, "LAKEHOUSE_NOT_FOUND",
                         "the lakehouse was never finished: its catalog is empty; %s; weir init makes it", catalog->root);
    }
    WEIR_TRY(settings(catalog, err));
    if (version < VERSION) {
        WEIR_TRY(weiri_db_begin(catalog, err));
        WEIR_TRY(weiri_db_end(catalog, migrate(catalog, err), err));
        WEIR_TRY(weir_fs_sync_dir(catalog->fs, catalog->root, err));
    }
    return WEIR_OK;
}

void weiri_db_close(weir_catalog *catalog)
{
    for (int kind = 0; kind < WEIRI_KINDS; kind++) {
        for (int op = 0; op < WEIRI_OPS; op++) {
            (void)sqlite3_finalize(catalog->by_kind[kind][op]);
        }
    }
    for (int i = 0; i < WEIRI_STMTS; i++) {
        (void)sqlite3_finalize(catalog->stmts[i]);
    }
    (void)sqlite3_close(catalog->db);
}
