/* files.h - files that appear whole: written under a hidden name in the same folder, synced, renamed in, the folder synced. A watcher or a
 * stream never sees half of one. */
#pragma once
#include "os/fs.h"

struct cli_newfile {
    weir_fs *fs;
    weir_file *file;
    char *path, *hidden; /* heap: /dir/name and /dir/.name.tmp */
    int64_t size;
};
weir_rc cli_newfile_open(const char *path, struct cli_newfile *out, struct weir_error *err) WEIR_MUST_USE;
weir_rc cli_newfile_write(struct cli_newfile *file, const void *bytes, size_t len, struct weir_error *err) WEIR_MUST_USE;
/* The file is there under its name, durably. Frees it in any case; on an error nothing of it remains. */
weir_rc cli_newfile_publish(struct cli_newfile *file, struct weir_error *err) WEIR_MUST_USE;
void cli_newfile_drop(struct cli_newfile *file); /* remove what was written; a second call does nothing */
