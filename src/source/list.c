/* list.c - everything below a root, as Spark's InMemoryFileIndex sees it.
 *
 * 1. All folders below each root are walked, hidden ones apart. A folder's partition columns are the run of name=value folders nearest above
 *    its files, looked for up to its root.
 * 2. No partition column anywhere (or recursiveFileLookup): the files directly in the roots (or all files) are taken.
 * 3. Otherwise the files in partition folders are taken. All must have the same columns, and the runs must begin at the same folder;
 *    files directly in that folder are not read; files in other folders are a conflict.
 * Memory: per file its URI and 48 bytes; the path is the tail of the URI unless an escape stands in it.
 *
 * A stream that took a million files asks for what is new: files that it knows are left out by their names alone. */
#include "source/source_internal.h"
#include "base/log.h"
#include "base/uri.h"

#include <stdlib.h>

#define DEPTH_MAX 256

/* A folder on the way down; the stack of them is the way back up. */
struct level {
    const struct level *above;
    const char *name; /* of the folder, as it stands */
    uint64_t device, inode;
    int depth; /* 0 = a root */
};

struct found {
    struct weir_source_file file;
    bool in_partition;
};

struct walk {
    weir_fs *fs;
    const struct weir_file_options *options;
    weir_arena *arena;
    struct found *items;
    size_t count, cap;
    const char *const *columns; /* of the first partition folder */
    size_t column_count;
    const char *columns_at;     /* that folder */
    const char *base;           /* where its run begins */
    const char *direct;         /* the first root that holds files itself */
    const char *stray;          /* a folder of files that is no partition folder and not `direct` */
};

/* What a folder's files share. */
struct folder {
    struct walk *walk;
    const struct level *level;
    const char *path;
    const char *const *values; /* NULL = no partition folder */
    bool looked;               /* values were looked for */
    bool listed;               /* one of its files was: the known ones need no looking at from here on */
    struct weir_buf uri;       /* of the folder with its slash, where a name's URI is put together */
    size_t uri_len;            /* of the folder alone; 0 = not there yet */
    struct weiri_paths *folders;
};

static weir_rc walk_folder(struct walk *walk, const char *path, const struct level *level, struct weir_error *err);

/* --- partition folders --- */

static weir_rc fail_columns(const struct walk *walk, const char *path, struct weir_error *err)
{
    return weir_fail(err, WEIR_INVALID, "CONFLICTING_PARTITION_COLUMN_NAMES",
                     "folders name different partition columns; %s and %s; give all partition folders the same columns in the "
                     "same order",
                     walk->columns_at, path);
}

static weir_rc fail_structure(const char *a, const char *b, struct weir_error *err)
{
    return weir_fail(err, WEIR_INVALID, "CONFLICTING_DIRECTORY_STRUCTURES",
                     "partition folders (name=value) begin at one place only, and stand beside no other folders of files; %s and "
                     "%s; read each place on its own, or move the other files out",
                     a, b);
}

/* The path of the folder that lies `up` levels above `path`. */
static const char *path_above(weir_arena *arena, const char *path, int up)
{
    size_t len = strlen(path);
    for (; up > 0; up--) {
        while (len > 1 && path[len - 1] != '/') {
            len--;
        }
        len -= len > 1;
    }
    return weir_arena_strndup(arena, path, len);
}

static bool same_columns(const struct walk *walk, const char *const *names, size_t count)
{
    bool same = count == walk->column_count;
    for (size_t i = 0; i < count && same; i++) {
        same = weir_str_eq_nocase(weir_str(names[i]), weir_str(walk->columns[i]));
    }
    return same;
}

/* Finds the run of name=value folders above the files of `folder`, once per folder. */
static weir_rc look_for_partition(struct folder *folder, struct weir_error *err)
{
    struct walk *walk = folder->walk;
    const struct level *at = folder->level;
    const char *names[DEPTH_MAX];
    const char *values[DEPTH_MAX];
    size_t count = 0;
    folder->looked = true;
    for (; at->depth > 0; at = at->above) {
        bool is_one;
        WEIR_TRY(weiri_partition_split(walk->arena, at->name, &names[count], &values[count], &is_one, err));
        if (!is_one && count > 0) {
            break;
        }
        count += is_one;
    }
    if (count == 0) {
        if (folder->level->depth == 0 && !walk->direct) {
            walk->direct = weir_arena_strdup(walk->arena, folder->path);
        } else if (!walk->stray && (folder->level->depth > 0 || strcmp(walk->direct, folder->path) != 0)) {
            walk->stray = weir_arena_strdup(walk->arena, folder->path); /* a second root can be no base either */
        }
        return WEIR_OK;
    }
    const char **in_order = weir_arena_alloc(walk->arena, 2 * count * sizeof *in_order);
    for (size_t i = 0; i < count; i++) {
        in_order[i] = names[count - 1 - i];
        in_order[count + i] = values[count - 1 - i];
    }
    const char *base = path_above(walk->arena, folder->path, folder->level->depth - at->depth);
    if (!walk->columns) {
        walk->columns = in_order;
        walk->column_count = count;
        walk->columns_at = weir_arena_strdup(walk->arena, folder->path);
        walk->base = base;
    } else if (!same_columns(walk, in_order, count)) {
        return fail_columns(walk, folder->path, err);
    } else if (strcmp(base, walk->base) != 0) {
        return fail_structure(walk->base, base, err);
    }
    folder->values = in_order + count;
    return WEIR_OK;
}

/* --- files --- */

void weiri_file_names(weir_arena *arena, const char *path, struct weir_source_file *file)
{
    struct weir_buf uri;
    weir_buf_init(&uri, 0);
    weir_uri_from_path(&uri, weir_str(path));
    file->uri = weir_arena_strndup(arena, uri.data, uri.len);
    const char *tail = file->uri + strlen("file://");
    file->path = strcmp(tail, path) == 0 ? tail : weir_arena_strdup(arena, path);
    weir_buf_free(&uri);
}

static weir_rc add_file(struct folder *folder, const char *path, const char *name, const struct weir_file_info *info,
                        struct weir_error *err)
{
    struct walk *walk = folder->walk;
    const struct weir_file_options *options = walk->options;
    if (!options->recursive && !folder->looked && !weiri_name_no_data(name)) {
        WEIR_TRY(look_for_partition(folder, err));
    }
    const bool root_file = folder->level->depth == 0;
    if (!options->recursive && !folder->values && !root_file) {
        return WEIR_OK; /* taken in no case */
    }
    if (options->path_glob_filter[0] && !weir_glob_match(options->path_glob_filter, name)) {
        return WEIR_OK;
    }
    const int64_t time_us = info->mtime_ns / 1000000 * 1000; /* Spark knows milliseconds */
    if (time_us <= options->modified_after_us || time_us >= options->modified_before_us) {
        return WEIR_OK;
    }
    struct found found = {.in_partition = folder->values != NULL};
    found.file = (struct weir_source_file){.size = info->size, .mtime_ns = info->mtime_ns, .partition_values = folder->values};
    weiri_file_names(walk->arena, path, &found.file);
    folder->listed = true;
    WEIR_PUSH(walk->items, walk->count, walk->cap) = found;
    return WEIR_OK;
}

/* Hidden names, and files that are known: nothing needs to be asked about them. */
static bool skip_entry(void *arg, const char *name)
{
    struct folder *folder = arg;
    if (weiri_name_hidden(name)) {
        return true;
    }
    if (!folder->walk->options->known || !folder->listed) {
        return false;
    }
    if (folder->uri_len == 0) {
        weir_uri_from_path(&folder->uri, weir_str(folder->path));
        if (folder->uri.data[folder->uri.len - 1] != '/') {
            weir_buf_add_char(&folder->uri, '/');
        }
        folder->uri_len = folder->uri.len;
    }
    folder->uri.len = folder->uri_len;
    weir_uri_encode_component(&folder->uri, weir_str(name));
    return weir_seen_has(folder->walk->options->known, folder->uri.data);
}

static weir_rc each_entry(void *arg, const char *name, const struct weir_file_info *info, struct weir_error *err)
{
    struct folder *folder = arg;
    struct walk *walk = folder->walk;
    struct weir_file_info followed = *info;
    char *path = weir_path_join(folder->path, name);
    weir_rc rc = WEIR_OK;
    if (info->is_link) {
        rc = weir_fs_stat(walk->fs, path, &followed, err);
        if (rc == WEIR_NOT_FOUND) { /* leads nowhere: not there, as for Hadoop */
            weir_error_clear(err);
            weir_free(path);
            return WEIR_OK;
        }
        if (rc == WEIR_OK && walk->options->confine) {
            rc = weiri_confined(walk->fs, path, walk->options->confine, err);
        }
    }
    if (rc == WEIR_OK && followed.is_dir) {
        WEIR_PUSH(folder->folders->items, folder->folders->count, folder->folders->cap) = path;
        return WEIR_OK;
    }
    if (rc == WEIR_OK && followed.is_file) {
        rc = add_file(folder, path, name, &followed, err);
    }
    weir_free(path);
    return rc;
}

/* --- folders --- */

static bool is_cycle(const struct level *above, const struct weir_file_info *info)
{
    for (; above; above = above->above) {
        if (above->device == info->device && above->inode == info->inode) {
            return true;
        }
    }
    return false;
}

static weir_rc walk_below(struct walk *walk, const char *path, const struct level *above, struct weir_error *err)
{
    struct weir_file_info info;
    const weir_rc rc = weir_fs_stat(walk->fs, path, &info, err);
    if (rc == WEIR_NOT_FOUND) { /* gone meanwhile */
        weir_error_clear(err);
        return WEIR_OK;
    }
    WEIR_TRY(rc);
    if (is_cycle(above, &info) || above->depth + 1 >= DEPTH_MAX) {
        weir_log(WEIR_LOG_WARN, "source", "a symbolic link leads back to a folder above it; left out; path=%s", path);
        return WEIR_OK;
    }
    const struct level next = {above, weir_path_name(path).ptr, info.device, info.inode, above->depth + 1};
    return walk_folder(walk, path, &next, err);
}

/* Only the sub-folders' names are held while one of them is walked. */
static weir_rc walk_folder(struct walk *walk, const char *path, const struct level *level, struct weir_error *err)
{
    struct weiri_paths folders = {0};
    struct folder folder = {.walk = walk, .level = level, .path = path, .folders = &folders};
    weir_buf_init(&folder.uri, 0);
    weir_rc rc = weir_fs_list_some(walk->fs, path, skip_entry, each_entry, &folder, err);
    weir_buf_free(&folder.uri);
    if (rc == WEIR_NOT_FOUND && level->depth > 0) {
        weir_error_clear(err);
        rc = WEIR_OK;
    }
    for (size_t i = 0; i < folders.count && rc == WEIR_OK; i++) {
        rc = walk_below(walk, folders.items[i], level, err);
    }
    weiri_paths_free(&folders);
    return rc;
}

static weir_rc walk_root(struct walk *walk, const char *path, struct weir_error *err)
{
    struct weir_file_info info;
    weir_rc rc = weir_fs_stat(walk->fs, path, &info, err);
    if (rc == WEIR_NOT_FOUND) {
        return weir_fail(err, WEIR_NOT_FOUND, "PATH_NOT_FOUND",
                         "the path does not exist; %s; check its spelling, or create the folder", path);
    }
    WEIR_TRY(rc);
    if (walk->options->confine) {
        WEIR_TRY(weiri_confined(walk->fs, path, walk->options->confine, err));
    }
    const struct level level = {NULL, "", info.device, info.inode, 0};
    if (info.is_dir) {
        return walk_folder(walk, path, &level, err);
    }
    char *above = weir_path_parent(path);
    struct folder folder = {.walk = walk, .level = &level, .path = above};
    const struct weir_str name = weir_path_name(path);
    rc = info.is_file && !weiri_name_hidden(name.ptr) ? add_file(&folder, path, name.ptr, &info, err) : WEIR_OK;
    weir_free(above);
    return rc;
}

/* --- the answer --- */

static int compare_text(const struct weir_source_file *a, const struct weir_source_file *b)
{
    return strcmp(a->path, b->path);
}

static int compare_mtime(const struct weir_source_file *a, const struct weir_source_file *b)
{
    const int64_t ma = a->mtime_ns / 1000000;
    const int64_t mb = b->mtime_ns / 1000000;
    return (ma > mb) - (ma < mb);
}

static int oldest_first(const void *a, const void *b)
{
    const int by_time = compare_mtime(a, b);
    return by_time ? by_time : compare_text(a, b);
}

static int newest_first(const void *a, const void *b)
{
    const int by_time = compare_mtime(b, a);
    return by_time ? by_time : compare_text(a, b);
}

size_t weiri_sort_files(struct weir_source_file *files, size_t count, bool latest_first)
{
    qsort(files, count, sizeof *files, latest_first ? newest_first : oldest_first);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) { /* two roots of a glob may reach one file */
        if (kept == 0 || strcmp(files[kept - 1].path, files[i].path) != 0) {
            files[kept++] = files[i];
        }
    }
    return kept;
}

static weir_rc answer(struct walk *walk, struct weir_source_file **files_out, size_t *count_out, struct weir_error *err)
{
    const bool partitioned = walk->columns != NULL;
    if (partitioned && walk->stray) {
        return fail_structure(walk->columns_at, walk->stray, err);
    }
    if (partitioned && walk->direct && strcmp(walk->direct, walk->base) != 0) {
        return fail_structure(walk->columns_at, walk->direct, err);
    }
    struct weir_source_file *files = weir_arena_alloc(walk->arena, (walk->count + 1) * sizeof *files);
    size_t count = 0;
    for (size_t i = 0; i < walk->count; i++) {
        if (!partitioned || walk->items[i].in_partition) {
            files[count++] = walk->items[i].file;
        }
    }
    *files_out = files;
    *count_out = weiri_sort_files(files, count, walk->options->latest_first);
    return WEIR_OK;
}

weir_rc weir_source_list(weir_fs *fs, const char *root, const struct weir_file_options *options, weir_arena *arena,
                         struct weir_source_file **files_out, size_t *count_out, const char *const **partition_columns_out,
                         size_t *partition_count_out, struct weir_error *err)
{
    struct walk walk = {.fs = fs, .options = options, .arena = arena};
    struct weiri_paths roots = {0};
    *files_out = NULL;
    *count_out = 0;
    *partition_columns_out = NULL;
    *partition_count_out = 0;
    char *clean = weir_path_absolute(NULL, root);
    weir_rc rc = WEIR_OK;
    if (weir_glob_is(clean)) {
        rc = weiri_glob_expand(fs, clean, options->confine, &roots, err);
    } else {
        WEIR_PUSH(roots.items, roots.count, roots.cap) = weir_strdup(clean);
    }
    for (size_t i = 0; i < roots.count && rc == WEIR_OK; i++) {
        rc = walk_root(&walk, roots.items[i], err);
    }
    if (rc == WEIR_OK) {
        rc = answer(&walk, files_out, count_out, err);
    }
    if (rc == WEIR_OK) {
        *partition_columns_out = walk.columns;
        *partition_count_out = walk.column_count;
    }
    weir_free(walk.items);
    weiri_paths_free(&roots);
    weir_free(clean);
    return rc;
}
