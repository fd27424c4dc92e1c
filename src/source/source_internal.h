/* source_internal.h - what the files of this room share. */
#pragma once
#include "source/source.h"

#define WEIRI_NULL_PARTITION "__HIVE_DEFAULT_PARTITION__"

/* --- names.c --- */
bool weiri_name_hidden(const char *name);   /* Spark's shouldFilterOutPathName: not listed */
bool weiri_name_no_data(const char *name);  /* listed and logged, but never read (_metadata...) */

/* --- list.c --- */
/* path and uri of a file, in the arena. */
void weiri_file_names(weir_arena *arena, const char *path, struct weir_source_file *file);
/* In the order of a listing, each path once; the number that stays. */
size_t weiri_sort_files(struct weir_source_file *files, size_t count, bool latest_first);

/* --- glob.c --- */
struct weiri_paths {
    char **items; /* heap, each heap */
    size_t count, cap;
};
void weiri_paths_free(struct weiri_paths *paths);
/* The folders and files that a glob stands for now, in order of their bytes, each once. Braces with a slash inside are
 * alternatives of whole paths, as Hadoop's. */
weir_rc weiri_glob_expand(weir_fs *fs, const char *glob, const char *confine, struct weiri_paths *out, struct weir_error *err) WEIR_MUST_USE;
/* WEIR_DENIED when `path` really lies outside `confine`. */
weir_rc weiri_confined(weir_fs *fs, const char *path, const char *confine, struct weir_error *err) WEIR_MUST_USE;

/* --- partition.c --- */
/* "a=1" -> name and value, unescaped, in the arena; value NULL = the null partition. False: no '='. */
weir_rc weiri_partition_split(weir_arena *arena, const char *folder, const char **name, const char **value, bool *is_one,
                              struct weir_error *err) WEIR_MUST_USE;
