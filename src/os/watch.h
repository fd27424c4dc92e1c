/* watch.h - tell me when something appeared in these folders.
 *
 * inotify; a queue overflow, a folder that moved or a file system that says nothing is reported as WEIR_WATCH_RESCAN: the listing is
 * the truth, the watcher wakes and says where to look first. Recursive: new sub-folders are watched as they appear. One thread. */
#pragma once
#include "os/fs.h"
typedef struct weir_watch weir_watch;
enum weir_watch_event { WEIR_WATCH_NONE, WEIR_WATCH_CHANGED, WEIR_WATCH_RESCAN, WEIR_WATCH_STOP };
/* WEIR_UNSUPPORTED where inotify cannot be had (limits, file systems): the caller lists periodically instead. */
weir_rc weir_watch_open(const char *const *folders, size_t count, bool recursive, weir_watch **out, struct weir_error *err) WEIR_MUST_USE;
void weir_watch_close(weir_watch *watch);
/* What appeared, by the last wait that answered CHANGED: paths as the folders were given, each perhaps twice, a folder among them perhaps; valid until the next
 * wait. More than WEIR_WATCH_PATHS_MAX in one burst are answered with RESCAN instead. */
#define WEIR_WATCH_PATHS_MAX 4096
size_t weir_watch_paths(const weir_watch *watch, const char *const **out);
/* Sleep until something was closed after writing, moved in, or created; or timeout_ms passed (NONE; < 0 for ever); or a stop was requested
 * (STOP). Bursts are joined into one answer. WEIR_UNSUPPORTED: the limit of watches was reached meanwhile: close, and list periodically. */
weir_rc weir_watch_wait(weir_watch *watch, int64_t timeout_ms, enum weir_watch_event *event_out, struct weir_error *err) WEIR_MUST_USE;
