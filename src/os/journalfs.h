/* journalfs.h - a power cut without pulling the plug. For tests.
 *
 * Everything goes to the real disk below (so DuckDB and others can read it) and is noted in memory: each write, truncate, link,
 * rename, unlink, mkdir, rmdir, fsync of a file and of a folder. weir_journalfs_cut then rebuilds a tree under `dest` as a disk
 * may be after power was lost at event `at`: what was synced is there; of what was not, a seeded choice drops, keeps or tears
 * (a prefix of a write, at any byte; sectors of zeros) each write, and drops or keeps each folder entry; the order of entries
 * within one folder is not promised by the model unless it was synced. Paths outside `root` pass through unnoted. */
#pragma once
#include "os/fs.h"
weir_fs *weir_journalfs_new(weir_fs *below, const char *root);
void weir_journalfs_free(weir_fs *fs);
int64_t weir_journalfs_events(const weir_fs *fs);
/* `dest` must not exist. `at`: 0..events; `seed` chooses what survives of what was not synced. `start`: a copy of `root` as it was when
 * the journal began, or NULL for empty. */
weir_rc weir_journalfs_cut(weir_fs *fs, int64_t at, uint64_t seed, const char *start, const char *dest,
                           struct weir_error *err) WEIR_MUST_USE;
