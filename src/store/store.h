/* store.h - objects by key below a root: the local folder now, S3 later.
 *
 * The durable primitives that all promises rest on:
 *   put_if_absent  temp file in the same folder, write, fsync, link(2) to the name, unlink temp, fsync the folder.
 *                  WEIR_EXISTS: somebody has the key. WEIR_IO: it is not visible. WEIR_UNKNOWN: it may be visible (the folder's fsync
 *                  failed after the link): the caller re-reads and compares before it goes on.
 *   put            the same with rename(2) over what is there: for hints (_last_checkpoint) and our own state only.
 *   writer         a new object written in pieces; visible under its key from the first byte (data files: nobody names them before the
 *                  commit); finish = fsync, close checked, size checked, folders synced.
 * link(2) refused by a file system: renameat2-style no-replace is not assumed; WEIR_UNSUPPORTED "STORE_NO_LINK".
 * Keys are relative, '/'-separated. Threads: a store may be shared; a writer belongs to one thread. */
#pragma once
#include "os/fs.h"

typedef struct weir_store weir_store;
typedef struct weir_store_writer weir_store_writer;

/* `root` need not exist yet. The store keeps its own copy. */
weir_store *weir_store_open_local(weir_fs *fs, const char *root);
void weir_store_close(weir_store *store);
const char *weir_store_root(const weir_store *store);
weir_fs *weir_store_fs(const weir_store *store);
/* Where the object lies on this machine (for DuckDB's reader): heap. Absolute keys and "file:" URIs are returned as paths. */
char *weir_store_path(const weir_store *store, const char *key);

weir_rc weir_store_get(weir_store *store, const char *key, size_t max_bytes, struct weir_buf *out, struct weir_error *err) WEIR_MUST_USE;
weir_rc weir_store_stat(weir_store *store, const char *key, struct weir_file_info *out, struct weir_error *err) WEIR_MUST_USE;
weir_rc weir_store_open_read(weir_store *store, const char *key, weir_file **out, struct weir_error *err) WEIR_MUST_USE;
/* put, put_if_absent and the writer make missing folders, synced into their parents. */
weir_rc weir_store_put_if_absent(weir_store *store, const char *key, struct weir_str bytes, struct weir_error *err) WEIR_MUST_USE;
weir_rc weir_store_put(weir_store *store, const char *key, struct weir_str bytes, struct weir_error *err) WEIR_MUST_USE;
weir_rc weir_store_delete(weir_store *store, const char *key, struct weir_error *err) WEIR_MUST_USE; /* absent is WEIR_OK; not synced */
/* Names (with info) in one folder, sorted by bytes, from the first name >= `from` (NULL: all). A missing folder lists nothing. */
struct weir_store_entry { char *name; struct weir_file_info info; };
weir_rc weir_store_list(weir_store *store, const char *folder, const char *from, weir_arena *arena,
                        struct weir_store_entry **entries_out, size_t *count_out, struct weir_error *err) WEIR_MUST_USE;
/* Create the root and a folder below it ("" = the root), parents synced. */
weir_rc weir_store_mkdirs(weir_store *store, const char *folder, struct weir_error *err) WEIR_MUST_USE;

weir_rc weir_store_writer_open(weir_store *store, const char *key, weir_store_writer **out, struct weir_error *err) WEIR_MUST_USE;
weir_rc weir_store_writer_append(weir_store_writer *writer, const void *bytes, size_t len, struct weir_error *err) WEIR_MUST_USE;
int64_t weir_store_writer_offset(const weir_store_writer *writer);
void weir_store_writer_flush_async(weir_store_writer *writer); /* start write-back of what was appended */
/* Durable when WEIR_OK. Frees the writer in any case. mtime_ms_out may be NULL. */
weir_rc weir_store_writer_finish(weir_store_writer *writer, int64_t *size_out, int64_t *mtime_ms_out, struct weir_error *err) WEIR_MUST_USE;
void weir_store_writer_abort(weir_store_writer *writer); /* removes the object, best effort; NULL is legal */
