/* journal_internal.h - what journalfs.c notes and journalcut.c replays. */
#pragma once
#include "os/journalfs.h"

#include <pthread.h>

enum journal_kind {
    JOURNAL_OPEN,     /* handle becomes path; `created`: the name is new, `truncated`: emptied */
    JOURNAL_WRITE,    /* handle, offset, data */
    JOURNAL_TRUNCATE, /* handle, offset = new size */
    JOURNAL_FSYNC,    /* handle */
    JOURNAL_LINK,     /* path -> path2 */
    JOURNAL_RENAME,   /* path -> path2 */
    JOURNAL_IMPORT,   /* a file with durable content comes from outside of the root to path */
    JOURNAL_UNLINK,
    JOURNAL_MKDIR,
    JOURNAL_RMDIR,
    JOURNAL_SYNC_DIR
};

struct journal_event {
    enum journal_kind kind;
    bool created, truncated;
    int64_t handle;
    char *path, *path2; /* relative to the root, "" = the root itself; NULL where the kind has none */
    int64_t offset;
    char *data;
    size_t len;
    int64_t mtime_ns; /* of the file after the event, where it changes the file */
};

struct journal_handle {
    int fd;
    int64_t handle;
    bool append;
};

struct journal_state {
    char *root;      /* as given, absolute */
    char *root_real; /* without links; NULL when it was not there */
    pthread_mutex_t mutex; /* held over a change and its note, so that both have one order */
    struct journal_event *events;
    size_t count, cap;
    struct journal_handle *open;
    size_t open_count, open_cap;
    int64_t handles;
};
