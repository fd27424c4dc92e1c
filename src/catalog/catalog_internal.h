/* catalog_internal.h - what the files of this room share. Every function here is called with the handle's mutex held. */
#pragma once
#include "catalog/catalog.h"
#include "os/thread.h"

#include <sqlite3.h>

enum weiri_op { WEIRI_GET, WEIRI_LIST, WEIRI_INSERT, WEIRI_UPDATE, WEIRI_DELETE, WEIRI_OPS };
#define WEIRI_KINDS (WEIR_OBJ_LOCATION + 1)

/* Statements that belong to no kind. */
enum weiri_stmt {
    WEIRI_BEGIN,
    WEIRI_COMMIT,
    WEIRI_ROLLBACK,
    WEIRI_TABLE_AT,     /* row at exactly this stored location, in the order table, volume, location */
    WEIRI_VOLUME_AT,
    WEIRI_LOCATION_AT,
    WEIRI_TABLE_BELOW,  /* a row strictly below this stored location */
    WEIRI_VOLUME_BELOW,
    WEIRI_STMTS
};

struct weir_catalog {
    weir_fs *fs;
    char *root; /* absolute, lexically clean */
    char *file; /* root/catalog.db, for messages */
    sqlite3 *db;
    pthread_mutex_t mutex; /* guards db and the statements; no other lock is taken under it */
    sqlite3_stmt *by_kind[WEIRI_KINDS][WEIRI_OPS];
    sqlite3_stmt *stmts[WEIRI_STMTS];
};

/* --- db.c --- */
weir_rc weiri_db_open(weir_catalog *catalog, bool create, struct weir_error *err) WEIR_MUST_USE;
void weiri_db_close(weir_catalog *catalog);
weir_rc weiri_db_fail(weir_catalog *catalog, struct weir_error *err, const char *what);
weir_rc weiri_db_begin(weir_catalog *catalog, struct weir_error *err) WEIR_MUST_USE; /* for writing */
/* Commits when rc is WEIR_OK, else rolls back; returns the first error. */
weir_rc weiri_db_end(weir_catalog *catalog, weir_rc rc, struct weir_error *err) WEIR_MUST_USE;
weir_rc weiri_db_stmt(weir_catalog *catalog, enum weiri_stmt which, sqlite3_stmt **out, struct weir_error *err) WEIR_MUST_USE;
weir_rc weiri_db_kind(weir_catalog *catalog, enum weir_object_kind kind, enum weiri_op op, sqlite3_stmt **out,
                      struct weir_error *err) WEIR_MUST_USE;
void weiri_bind_text(sqlite3_stmt *stmt, int index, const char *text); /* NULL binds NULL; the text is copied */
void weiri_done(sqlite3_stmt *stmt); /* reset and forget what was bound */

/* --- rows.c --- */
/* The row that the statement (WEIRI_GET, WEIRI_LIST or ..._AT) stands on. */
weir_rc weiri_row_read(weir_catalog *catalog, weir_arena *arena, enum weir_object_kind kind, sqlite3_stmt *stmt,
                       struct weir_object *out, struct weir_error *err) WEIR_MUST_USE;
/* The next row of a bound statement, which is done after it; WEIR_END when there is none. */
weir_rc weiri_row_one(weir_catalog *catalog, weir_arena *arena, enum weir_object_kind kind, sqlite3_stmt *stmt,
                       struct weir_object *out, struct weir_error *err) WEIR_MUST_USE;
/* One object; WEIR_END when there is none (no message). Names are lower case. */
weir_rc weiri_row_find(weir_catalog *catalog, weir_arena *arena, enum weir_object_kind kind, const char *c, const char *s,
                       const char *name, struct weir_object *out, struct weir_error *err) WEIR_MUST_USE;
/* All that match; a NULL narrows nothing. */
weir_rc weiri_row_list(weir_catalog *catalog, weir_arena *arena, enum weir_object_kind kind, const char *c, const char *s,
                       struct weir_object **out, size_t *count_out, struct weir_error *err) WEIR_MUST_USE;
/* Options as a JSON object's text and back (heap; NULL for NULL). */
char *weiri_options_print(const weir_options *options);
weir_rc weiri_options_parse(weir_catalog *catalog, const char *json, weir_options **out, struct weir_error *err) WEIR_MUST_USE;

/* --- names.c --- */
const char *weiri_kind_word(enum weir_object_kind kind); /* "catalog", "table", ... */
/* Lower case in the arena, checked. */
weir_rc weiri_name_take(weir_arena *arena, enum weir_object_kind kind, const char *name, const char **out,
                        struct weir_error *err) WEIR_MUST_USE;
/* WEIR_NOT_FOUND "<KIND>_NOT_FOUND" for what is really missing (the catalog, the schema or the object), with a near name. */
weir_rc weiri_name_missing(weir_catalog *catalog, enum weir_object_kind kind, const char *c, const char *s,
                           const char *name, struct weir_error *err);
weir_rc weiri_name_exists(enum weir_object_kind kind, const char *full_name, struct weir_error *err);
bool weiri_catalog_like(const char *pattern, const char *name); /* Spark's SHOW ... LIKE */

/* --- places.c, newplace.c --- */
/* A location as it is kept: relative to the root ("volumes/c/s/v") when inside it, else absolute. Heap. And back: arena. */
char *weiri_place_store(const weir_catalog *catalog, const char *absolute);
char *weiri_place_load(const weir_catalog *catalog, weir_arena *arena, const char *stored);
/* A path as a user writes it, made an absolute place on disk: file: and /Volumes understood; nothing is checked but that
 * /Volumes/c/s/v/.. does not climb. Heap. */
weir_rc weiri_place_local(weir_catalog *catalog, const char *path, char **out, struct weir_error *err) WEIR_MUST_USE;
/* The deepest row of one kind round the place (`which` is one of ..._AT). WEIR_END: none. */
weir_rc weiri_place_above(weir_catalog *catalog, weir_arena *arena, enum weiri_stmt which, const char *absolute,
                          struct weir_object *out, struct weir_error *err) WEIR_MUST_USE;
/* A row strictly below the place (`which` is one of ..._BELOW). WEIR_END: none. */
weir_rc weiri_place_below(weir_catalog *catalog, weir_arena *arena, enum weiri_stmt which, const char *absolute,
                          struct weir_object *out, struct weir_error *err) WEIR_MUST_USE;
/* What holds the place: the deepest table, volume or external location round it. WEIR_END: nothing. */
weir_rc weiri_place_owner(weir_catalog *catalog, weir_arena *arena, const char *absolute, struct weir_object *out,
                          struct weir_error *err) WEIR_MUST_USE;
/* The path with symbolic links followed as far as it exists. Heap. */
weir_rc weiri_place_real(weir_catalog *catalog, const char *absolute, char **out, struct weir_error *err) WEIR_MUST_USE;
/* The rules for the location of a new object; fills object->location (arena) and object->managed. */
weir_rc weiri_place_new(weir_catalog *catalog, weir_arena *arena, struct weir_object *object, struct weir_error *err) WEIR_MUST_USE;
/* lexically and really registered, or the refusal. */
weir_rc weiri_place_check(weir_catalog *catalog, weir_arena *arena, const char *given, const char *local,
                          struct weir_object *owner, struct weir_error *err) WEIR_MUST_USE;
