/* path.c - paths as text; no file is touched, symbolic links are not followed. */
#include "base/uri.h"
#include <unistd.h>

/* Appends the components of `path` to `out`, which holds "" (the root) or "/a/b": "." does nothing, ".." goes up but
 * never above the root. */
static void add_components(struct weir_buf *out, const char *path)
{
    while (*path) {
        const size_t len = strcspn(path, "/");
        const struct weir_str part = {path, len};
        if (weir_str_eq(part, WEIR_STR(".."))) {
            while (out->len > 0 && out->data[--out->len] != '/') {
            }
            out->data[out->len] = '\0';
        } else if (len > 0 && !weir_str_eq(part, WEIR_STR("."))) {
            weir_buf_add_char(out, '/');
            weir_buf_add_view(out, part);
        }
        path += len;
        path += *path == '/';
    }
}

static void add_working_folder(struct weir_buf *out)
{
    for (size_t room = 256;; room *= 2) {
        char *text = weir_malloc(room);
        const char *got = getcwd(text, room);
        if (got) {
            add_components(out, got);
        }
        weir_free(text);
        if (got || room > (size_t)1 << 20) { /* a folder that was removed: paths are then relative to the root */
            return;
        }
    }
}

char *weir_path_absolute(const char *base, const char *path)
{
    struct weir_buf out;
    weir_buf_init(&out, 0);
    if (path[0] != '/') {
        if (!base || base[0] != '/') {
            add_working_folder(&out);
        }
        if (base) {
            add_components(&out, base);
        }
    }
    add_components(&out, path);
    if (out.len == 0) {
        weir_buf_add_char(&out, '/');
    }
    return weir_buf_take(&out);
}

char *weir_path_join(const char *a, const char *b)
{
    size_t len = strlen(a);
    while (len > 1 && a[len - 1] == '/') {
        len--;
    }
    while (len > 0 && *b == '/') {
        b++;
    }
    const bool slash = len > 0 && *b && a[len - 1] != '/';
    return weir_asprintf("%.*s%s%s", (int)len, a, slash ? "/" : "", b);
}

/* Without the slashes at the end. */
static size_t trimmed_len(const char *path)
{
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/') {
        len--;
    }
    return len;
}

struct weir_str weir_path_name(const char *path)
{
    const size_t end = trimmed_len(path);
    size_t begin = end;
    while (begin > 0 && path[begin - 1] != '/') {
        begin--;
    }
    return (struct weir_str){path + begin, end - begin};
}

char *weir_path_parent(const char *path)
{
    size_t len = trimmed_len(path);
    while (len > 0 && path[len - 1] != '/') {
        len--;
    }
    while (len > 1 && path[len - 1] == '/') {
        len--;
    }
    return len > 0 ? weir_strndup(path, len) : weir_strdup(".");
}

bool weir_path_is_within(const char *path, const char *folder)
{
    const size_t len = trimmed_len(folder);
    if (len == 1 && folder[0] == '/') {
        return path[0] == '/';
    }
    return strncmp(path, folder, len) == 0 && (path[len] == '\0' || path[len] == '/');
}
