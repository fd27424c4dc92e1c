/* catalog.h - names: catalog -> schema -> table | volume, and external locations; kept in <root>/catalog.db (SQLite, WAL, synchronous=FULL).
 *
 * Names are Unity Catalog's: case-insensitive, stored in lower case, 1-255 of [a-z0-9_@-] (others refused by name). Two stores, one order: a
 * Delta table's log comes before its row (CREATE) and its row goes before its folder (DROP); the caller does the folder, this room the row. The schema of a Delta table
 * lives only in its log, that of a text table only here.
 * Storage: a path may be used only inside a volume, an external location or a table; what climbs out by ".." or a symbolic link is refused.
 * Threads: a handle may be shared (one mutex). Processes: SQLite's locks, busy timeout 10 s. */
#pragma once
#include "base/map.h"
#include "os/fs.h"

typedef struct weir_catalog weir_catalog;

/* Opens, and with `create` makes, the lakehouse at root: root/, catalog.db, catalog "workspace" with schemas "default" and "information_schema" refused as user names. Without
 * `create` a folder that holds no catalog.db is WEIR_NOT_FOUND "LAKEHOUSE_NOT_FOUND". */
weir_rc weir_catalog_open(weir_fs *fs, const char *root, bool create, weir_catalog **out, struct weir_error *err) WEIR_MUST_USE;
void weir_catalog_close(weir_catalog *catalog);
const char *weir_catalog_root(const weir_catalog *catalog); /* absolute */

enum weir_object_kind { WEIR_OBJ_CATALOG, WEIR_OBJ_SCHEMA, WEIR_OBJ_TABLE, WEIR_OBJ_VOLUME, WEIR_OBJ_LOCATION };
enum weir_table_kind { WEIR_TABLE_MANAGED, WEIR_TABLE_EXTERNAL, WEIR_TABLE_STREAMING, WEIR_TABLE_VIEW_MATERIALIZED };

/* One object of any kind; strings live in the arena they were read into. */
struct weir_object {
    enum weir_object_kind kind;
    const char *id;            /* uuid */
    const char *catalog, *schema, *name; /* as far as the kind has them; NULL otherwise */
    const char *full_name;     /* "c.s.t" */
    const char *comment, *owner;
    int64_t created_ms, updated_ms;
    /* TABLE */
    enum weir_table_kind table_kind;
    const char *format;        /* "delta", "csv", ... lower case */
    const char *columns_ddl;   /* text tables only */
    const char *definition;    /* SQL text of a materialized view or streaming table; NULL = none */
    weir_options *options;     /* text tables: OPTIONS; NULL = none. Freed with weir_object_free_options */
    weir_options *properties;
    /* TABLE, VOLUME, LOCATION */
    bool managed;
    const char *location;      /* absolute path on this machine */
};
void weir_object_free_options(struct weir_object *object);

/* Create. Missing parents are WEIR_NOT_FOUND "CATALOG_NOT_FOUND" / "SCHEMA_NOT_FOUND"; a taken name WEIR_EXISTS "TABLE_ALREADY_EXISTS", ... Fields id, times and
 * (managed) location are filled in `object`. Managed volumes get their folder made; managed tables only a path (tables/<c>/<s>/<t>-<8 hex>). */
weir_rc weir_catalog_create(weir_catalog *catalog, weir_arena *arena, struct weir_object *object, struct weir_error *err) WEIR_MUST_USE;
/* A fresh managed location for a table that is about to be created (log first, then the row with this location). */
char *weir_catalog_new_table_location(weir_catalog *catalog, const char *c, const char *s, const char *t); /* heap */
weir_rc weir_catalog_get(weir_catalog *catalog, weir_arena *arena, enum weir_object_kind kind, const char *c, const char *s, const char *name,
                         struct weir_object *out, struct weir_error *err) WEIR_MUST_USE; /* for CATALOG and LOCATION only `name` */
/* By name, ascending. c, s narrow (NULL = all). `like`: SQL LIKE with * and | as Spark's SHOW ... LIKE; NULL = all. */
weir_rc weir_catalog_list(weir_catalog *catalog, weir_arena *arena, enum weir_object_kind kind, const char *c, const char *s, const char *like,
                          struct weir_object **out, size_t *count_out, struct weir_error *err) WEIR_MUST_USE;
/* Removes the row (and rows below it with cascade; otherwise "SCHEMA_NOT_EMPTY"). `dropped`: what went, managed ones first to be removed from disk by the caller; NULL = not asked. */
weir_rc weir_catalog_drop(weir_catalog *catalog, weir_arena *arena, enum weir_object_kind kind, const char *c, const char *s, const char *name, bool cascade,
                          struct weir_object **dropped, size_t *dropped_count, struct weir_error *err) WEIR_MUST_USE;
/* Change comment, definition, properties (NULL fields: unchanged). */
weir_rc weir_catalog_update(weir_catalog *catalog, const struct weir_object *object, struct weir_error *err) WEIR_MUST_USE;

/* --- paths --- */
/* "/Volumes/c/s/v/a/b" -> place on disk; other absolute, relative (to the working folder) and "file:" paths as they are; then the check: inside a volume, an external
 * location or a table's folder, also after symbolic links are followed (the part that exists). WEIR_DENIED "PATH_NOT_REGISTERED" names the command that registers it.
 * owner_out (may be NULL) is what holds the path. Heap. */
weir_rc weir_catalog_resolve_path(weir_catalog *catalog, const char *path, char **local_out, struct weir_object *owner_out, weir_arena *arena, struct weir_error *err) WEIR_MUST_USE;
/* Spelling back: a place on disk inside a volume -> "/Volumes/..." ; otherwise the path itself. Heap. */
char *weir_catalog_display_path(weir_catalog *catalog, const char *local);
bool weir_catalog_name_valid(const char *name);
