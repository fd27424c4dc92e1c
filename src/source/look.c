/* look.c - the paths that a watcher told of, as a listing would show them: what spares a folder of a million files its listing for each new one. */
#include "source/source_internal.h"
#include "base/uri.h"

static bool hidden_below(const char *path, size_t root_len)
{
    const char *at = path + root_len;
    while (*at == '/') {
        at++;
        const size_t len = strcspn(at, "/");
        char *name = weir_strndup(at, len);
        const bool hidden = weiri_name_hidden(name);
        weir_free(name);
        if (hidden) {
            return true;
        }
        at += len;
    }
    return false;
}

weir_rc weir_source_look(weir_fs *fs, const char *root, const struct weir_file_options *options, const char *const *paths, size_t count, weir_arena *arena,
                         struct weir_source_file **files_out, size_t *count_out, bool *enough_out, struct weir_error *err)
{
    struct weir_source_file *files = weir_arena_alloc(arena, (count + 1) * sizeof *files);
    size_t kept = 0;
    char *clean = weir_path_absolute(NULL, root);
    const size_t root_len = strcmp(clean, "/") == 0 ? 0 : strlen(clean);
    weir_rc rc = WEIR_OK;
    *enough_out = true;
    for (size_t i = 0; i < count && rc == WEIR_OK; i++) {
        struct weir_file_info info;
        const char *path = paths[i], *name = weir_path_name(path).ptr;
        if (!weir_path_is_within(path, clean) || strcmp(path, clean) == 0 || hidden_below(path, root_len)) {
            continue;
        }
        rc = weir_fs_lstat(fs, path, &info, err);
        if (rc == WEIR_NOT_FOUND) { /* gone again */
            weir_error_clear(err);
            rc = WEIR_OK;
            continue;
        }
        if (rc == WEIR_OK && (info.is_dir || info.is_link)) { /* what is behind it takes the whole rule */
            *enough_out = false;
            break;
        }
        const bool direct = (size_t)(name - path) == root_len + 1;
        if (rc == WEIR_OK && info.is_file && (direct || options->recursive) && (!options->path_glob_filter[0] || weir_glob_match(options->path_glob_filter, name))) {
            files[kept] = (struct weir_source_file){.size = info.size, .mtime_ns = info.mtime_ns};
            weiri_file_names(arena, path, &files[kept++]);
        }
    }
    weir_free(clean);
    *files_out = files;
    *count_out = rc == WEIR_OK && *enough_out ? weiri_sort_files(files, kept, options->latest_first) : 0;
    return rc;
}
