/* glob.c - patterns of paths: which folders and files do they stand for now.
 *
 * As Hadoop's Globber: braces that hold a slash are expanded first; then component by component, those without a pattern are looked up and
 * the others matched against the names of the folder. Nothing is hidden from a pattern; what is inside a matched folder follows the rules of
 * a listing. */
#include "source/source_internal.h"
#include "base/uri.h"

#include <stdlib.h>

#define ALTERNATIVES_MAX 1000

void weiri_paths_free(struct weiri_paths *paths)
{
    for (size_t i = 0; i < paths->count; i++) {
        weir_free(paths->items[i]);
    }
    weir_free(paths->items);
    *paths = (struct weiri_paths){0};
}

static void push(struct weiri_paths *paths, char *path)
{
    WEIR_PUSH(paths->items, paths->count, paths->cap) = path;
}

/* --- braces that hold a slash --- */

/* The first outermost brace with a '/' in it: open and close positions. */
static bool find_slash_brace(const char *glob, size_t *open_out, size_t *close_out)
{
    size_t open = 0;
    int depth = 0;
    bool slash = false;
    for (size_t i = 0; glob[i]; i++) {
        const char c = glob[i];
        if (c == '\\' && glob[i + 1]) {
            i++;
        } else if (c == '{') {
            if (depth++ == 0) {
                open = i;
                slash = false;
            }
        } else if (c == '/') {
            slash = true;
        } else if (c == '}' && depth > 0 && --depth == 0 && slash) {
            *open_out = open;
            *close_out = i;
            return true;
        }
    }
    return false;
}

static weir_rc expand_braces(const char *glob, struct weiri_paths *out, struct weir_error *err)
{
    size_t open;
    size_t close;
    if (out->count >= ALTERNATIVES_MAX) {
        return weir_fail(err, WEIR_TOO_BIG, "GLOB_TOO_MANY",
                         "the pattern's braces stand for more than %d paths; %.300s; use fewer alternatives", ALTERNATIVES_MAX,
                         glob);
    }
    if (!find_slash_brace(glob, &open, &close)) {
        push(out, weir_strdup(glob));
        return WEIR_OK;
    }
    int depth = 0;
    size_t begin = open + 1;
    for (size_t i = open + 1; i <= close; i++) {
        const char c = glob[i];
        if (c == '\\' && i + 1 < close) {
            i++;
        } else if ((c == ',' && depth == 0) || i == close) {
            char *one = weir_asprintf("%.*s%.*s%s", (int)open, glob, (int)(i - begin), glob + begin, glob + close + 1);
            const weir_rc rc = expand_braces(one, out, err);
            weir_free(one);
            WEIR_TRY(rc);
            begin = i + 1;
        } else {
            depth += (c == '{') - (c == '}');
        }
    }
    return WEIR_OK;
}

/* --- components --- */

struct match {
    weir_fs *fs;
    const char *folder;
    const char *pattern;
    struct weiri_paths *out;
};

static weir_rc match_name(void *arg, const char *name, const struct weir_file_info *info, struct weir_error *err)
{
    struct match *m = arg;
    (void)info;
    (void)err;
    if (weir_glob_match(m->pattern, name)) {
        push(m->out, weir_path_join(m->folder, name));
    }
    return WEIR_OK;
}

static char *unescape(struct weir_str part)
{
    char *plain = weir_malloc(part.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < part.len; i++) {
        i += part.ptr[i] == '\\' && i + 1 < part.len;
        plain[len++] = part.ptr[i];
    }
    plain[len] = '\0';
    return plain;
}

/* Not there, or below a file: no match. Every other refusal of the system is an error, or the list would be shorter than the truth. */
static weir_rc unless_absent(weir_rc rc, struct weir_error *err)
{
    if (rc == WEIR_NOT_FOUND) {
        weir_error_clear(err);
        return WEIR_OK;
    }
    return rc;
}

static weir_rc step(weir_fs *fs, const struct weiri_paths *now, struct weir_str part, struct weiri_paths *next,
                    struct weir_error *err)
{
    char *pattern = weir_strndup(part.ptr, part.len);
    char *plain = unescape(part);
    const bool is_glob = strpbrk(pattern, "{}[]*?") != NULL;
    weir_rc rc = WEIR_OK;
    for (size_t i = 0; i < now->count && rc == WEIR_OK; i++) {
        struct weir_file_info info = {0};
        if (!is_glob) {
            push(next, weir_path_join(now->items[i], plain)); /* looked for at the end */
            continue;
        }
        rc = weir_fs_stat(fs, now->items[i], &info, err);
        if (rc == WEIR_OK && info.is_dir) {
            struct match m = {fs, now->items[i], pattern, next};
            rc = weir_fs_list(fs, now->items[i], match_name, &m, err);
        }
        rc = unless_absent(rc, err);
    }
    weir_free(pattern);
    weir_free(plain);
    return rc;
}

static weir_rc expand_one(weir_fs *fs, const char *glob, const char *confine, struct weiri_paths *out, struct weir_error *err)
{
    struct weiri_paths now = {0};
    weir_rc rc = WEIR_OK;
    push(&now, weir_strdup("/"));
    for (const char *p = glob; *p && rc == WEIR_OK;) {
        p += strspn(p, "/");
        const size_t len = strcspn(p, "/");
        if (len > 0) {
            struct weiri_paths next = {0};
            rc = step(fs, &now, (struct weir_str){p, len}, &next, err);
            weiri_paths_free(&now);
            now = next;
        }
        p += len;
    }
    for (size_t i = 0; i < now.count && rc == WEIR_OK; i++) {
        struct weir_file_info info;
        rc = weir_fs_stat(fs, now.items[i], &info, err);
        if (rc == WEIR_NOT_FOUND) {
            rc = unless_absent(rc, err);
            continue;
        }
        rc = rc == WEIR_OK && confine ? weiri_confined(fs, now.items[i], confine, err) : rc;
        if (rc == WEIR_OK) {
            push(out, weir_strdup(now.items[i]));
        }
    }
    weiri_paths_free(&now);
    return rc;
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

weir_rc weiri_glob_expand(weir_fs *fs, const char *glob, const char *confine, struct weiri_paths *out, struct weir_error *err)
{
    struct weiri_paths alternatives = {0};
    *out = (struct weiri_paths){0};
    weir_rc rc = expand_braces(glob, &alternatives, err);
    for (size_t i = 0; i < alternatives.count && rc == WEIR_OK; i++) {
        rc = expand_one(fs, alternatives.items[i], confine, out, err);
    }
    weiri_paths_free(&alternatives);
    if (rc != WEIR_OK) {
        weiri_paths_free(out);
        return rc;
    }
    if (out->count > 1) {
        qsort(out->items, out->count, sizeof *out->items, compare_paths);
    }
    size_t kept = 0;
    for (size_t i = 0; i < out->count; i++) {
        if (kept > 0 && strcmp(out->items[kept - 1], out->items[i]) == 0) {
            weir_free(out->items[i]);
        } else {
            out->items[kept++] = out->items[i];
        }
    }
    out->count = kept;
    return WEIR_OK;
}

weir_rc weiri_confined(weir_fs *fs, const char *path, const char *confine, struct weir_error *err)
{
    char *real = NULL;
    char *real_confine = NULL;
    weir_rc rc = weir_fs_realpath(fs, path, &real, err);
    rc = rc == WEIR_OK ? weir_fs_realpath(fs, confine, &real_confine, err) : rc;
    if (rc == WEIR_OK && !weir_path_is_within(real, real_confine)) {
        rc = weir_fail(err, WEIR_DENIED, "PATH_LEAVES_FOLDER",
                       "a symbolic link leads out of %s to %s; %s; remove the link, or register where it leads and read that "
                       "folder: weir external-locations create <name> <folder>",
                       confine, real, path);
    }
    weir_free(real);
    weir_free(real_confine);
    return rc;
}
