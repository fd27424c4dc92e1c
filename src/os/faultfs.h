/* faultfs.h - a file system that fails the Nth call that it is asked for. For tests.
 *
 * Counts every call that can leave a trace on disk or read one back, over all threads. At call number `fail_at` (1-based) it
 * answers `error` instead of doing it; `sticky` makes every later call fail too; `short_write` writes half before it fails (or,
 * with error 0, reports the half). EINTR is answered once and then the call goes through. */
#pragma once
#include "os/fs.h"
struct weir_fault {
    int64_t fail_at;  /* 0 = never */
    int error;        /* EIO, ENOSPC, EINTR, ... */
    bool sticky;
    bool short_write;
    bool writes_only; /* count only calls that change the disk */
};
weir_fs *weir_faultfs_new(weir_fs *below, const struct weir_fault *fault);
void weir_faultfs_free(weir_fs *fs);
int64_t weir_faultfs_calls(const weir_fs *fs);  /* calls counted so far */
bool weir_faultfs_fired(const weir_fs *fs);
const char *weir_faultfs_what(const weir_fs *fs); /* "fsync /path" of the call that failed, "" before */
