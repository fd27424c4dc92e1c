/* store_internal.h - what the files of this room share. */
#pragma once
#include "store/store.h"

struct weir_store {
    weir_fs *fs;
    char *root;
};

/* The folder of a path as it is spelled; heap. */
char *weir_store_parent_of(const char *path);
/* Open for writing; a missing folder is made first (and synced into its parents). */
weir_rc weir_store_create(weir_fs *fs, const char *path, int flags, weir_file **out, struct weir_error *err) WEIR_MUST_USE;
