/* cmd_fs.c - `weir fs ls|cp|cat|mkdir|rm`: files in volumes and registered folders, always through the catalog's check of paths.
 *
 * What is copied appears whole (files.h). The folders of Delta tables can be looked at and copied out of; nothing is put into them or removed
 * from them here. One side of cp may be any local path. Symbolic links inside a copied folder are left out, and named. */
#include "cli/cli.h"
#include "base/uri.h"
#include "cli/files.h"
#include <stdio.h>
#include <stdlib.h>

#define CHUNK_BYTES ((size_t)4 << 20)

static weir_fs *disk(void)
{
    return weir_fs_posix();
}

static weir_rc fail_is(struct weir_error *err, weir_rc rc, const char *condition, const char *what, const char *path, const char *todo)
{
    return weir_fail(err, rc, condition, "%s; %s; %s", what, path, todo);
}

/* --- paths --- */

static weir_rc refuse_inside_table(const struct weir_object *owner, const char *path, struct weir_error *err)
{
    if (owner->kind == WEIR_OBJ_TABLE && owner->format && strcmp(owner->format, "delta") == 0) {
        return weir_fail(err, WEIR_DENIED, "PATH_OF_TABLE", "the path lies in the folder of the table %s, whose files only its log may change; %s; use SQL: INSERT INTO, DROP TABLE", owner->full_name, path);
    }
    return WEIR_OK;
}

/* A path that the catalog holds. `change`: it is to be written or removed. Heap. */
static weir_rc resolve(struct cli *cli, weir_catalog *catalog, const char *path, bool change, char **out, struct weir_error *err)
{
    struct weir_object owner = {0};
    WEIR_TRY(cli_volume_path(cli, catalog, path, out, err));
    if (!change) {
        return WEIR_OK;
    }
    char *again = NULL; /* the same place, now with what holds it */
    weir_rc rc = weir_catalog_resolve_path(catalog, *out, &again, &owner, cli->arena, err);
    weir_free(again);
    if (rc == WEIR_OK) {
        rc = refuse_inside_table(&owner, path, err);
        weir_object_free_options(&owner);
    }
    if (rc != WEIR_OK) {
        weir_free(*out);
        *out = NULL;
    }
    return rc;
}

static weir_rc stat_or_fail(const char *path, const char *shown, struct weir_file_info *info, struct weir_error *err)
{
    const weir_rc rc = weir_fs_stat(disk(), path, info, err);
    return rc == WEIR_NOT_FOUND ? fail_is(err, rc, "PATH_NOT_FOUND", "there is no such file or folder", shown, "weir fs ls shows what there is") : rc;
}

/* --- ls --- */

struct listing {
    struct cli *cli;
    struct cli_rows *rows;
    bool recursive;
};

static void add_row(struct listing *l, const char *name, const struct weir_file_info *info)
{
    const bool people = l->cli->output == CLI_TABLE;
    const char *size = info->is_dir ? NULL : weir_arena_printf(l->cli->arena, "%lld", (long long)info->size);
    const int64_t ms = info->mtime_ns / 1000000;
    cli_rows_add(l->rows, (const char *const[]){weir_arena_printf(l->cli->arena, "%s%s%s", name, people && info->is_dir ? "/" : "", people && info->is_link ? "@" : ""),
                                                info->is_dir ? "true" : "false", people && size ? cli_bytes(l->cli, info->size) : size, cli_time_ms(l->cli, ms)});
}

struct names {
    struct cli *cli;
    char **items;
    size_t count, cap;
};

static weir_rc take_name(void *arg, const char *name, const struct weir_file_info *info, struct weir_error *err)
{
    struct names *names = arg;
    (void)info;
    (void)err;
    WEIR_PUSH(names->items, names->count, names->cap) = weir_arena_strdup(names->cli->arena, name);
    return WEIR_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names of a folder, sorted. The list is heap, the names are the arena's. */
static weir_rc names_in(struct cli *cli, const char *folder, char ***names_out, size_t *count_out, struct weir_error *err)
{
    struct names names = {.cli = cli};
    const weir_rc rc = weir_fs_list(disk(), folder, take_name, &names, err);
    if (names.count > 1) {
        qsort(names.items, names.count, sizeof *names.items, by_name);
    }
    *names_out = names.items;
    *count_out = names.count;
    return rc;
}

static weir_rc list_folder(struct listing *l, const char *folder, const char *prefix, struct weir_error *err)
{
    char **names = NULL;
    size_t count = 0;
    weir_rc rc = names_in(l->cli, folder, &names, &count, err);
    for (size_t i = 0; rc == WEIR_OK && i < count; i++) {
        struct weir_file_info info, target;
        char *path = weir_path_join(folder, names[i]);
        const char *shown = *prefix ? weir_arena_printf(l->cli->arena, "%s/%s", prefix, names[i]) : names[i];
        if (weir_fs_lstat(disk(), path, &info, NULL) == WEIR_OK) {
            if (info.is_link && weir_fs_stat(disk(), path, &target, NULL) == WEIR_OK) {
                info.is_dir = target.is_dir;
                info.size = target.size;
            }
            add_row(l, shown, &info);
            if (l->recursive && info.is_dir && !info.is_link) {
                rc = list_folder(l, path, shown, err);
            }
        }
        weir_free(path);
    }
    weir_free(names);
    return rc;
}

/* /Volumes, /Volumes/c and /Volumes/c/s hold what the catalog says. */
static weir_rc list_names(struct listing *l, weir_catalog *catalog, const char *path, bool *done_out, struct weir_error *err)
{
    const char *parts[3] = {NULL, NULL, NULL}, *p = strstr(path, "/Volumes") + strlen("/Volumes");
    size_t count = 0, found = 0;
    for (; *(p += strspn(p, "/")); p += strcspn(p, "/"), count++) {
        if (count < 3) {
            parts[count] = weir_arena_strndup(l->cli->arena, p, strcspn(p, "/"));
        }
    }
    *done_out = count < 3;
    if (count >= 3) {
        return WEIR_OK;
    }
    struct weir_object *objects = NULL, parent = {0};
    weir_rc rc = count ? weir_catalog_get(catalog, l->cli->arena, count == 2 ? WEIR_OBJ_SCHEMA : WEIR_OBJ_CATALOG, parts[0], parts[1], parts[count - 1], &parent, err) : WEIR_OK;
    weir_object_free_options(&parent);
    if (rc == WEIR_OK) {
        rc = weir_catalog_list(catalog, l->cli->arena, count == 0 ? WEIR_OBJ_CATALOG : count == 1 ? WEIR_OBJ_SCHEMA : WEIR_OBJ_VOLUME, parts[0], parts[1], NULL, &objects, &found, err);
    }
    for (size_t i = 0; i < found; i++) {
        const struct weir_file_info info = {.is_dir = true, .mtime_ns = objects[i].updated_ms * 1000000};
        add_row(l, objects[i].name, &info);
        weir_object_free_options(&objects[i]);
    }
    return rc;
}

static weir_rc list_place(struct listing *l, weir_catalog *catalog, const char *text, struct weir_error *err)
{
    struct weir_file_info info;
    char *path = NULL;
    bool done = false;
    if (cli_is_volume_path(text)) {
        WEIR_TRY(list_names(l, catalog, text, &done, err));
    }
    if (done) {
        return WEIR_OK;
    }
    WEIR_TRY(resolve(l->cli, catalog, text, false, &path, err));
    weir_rc rc = stat_or_fail(path, text, &info, err);
    if (rc == WEIR_OK && info.is_dir) {
        rc = list_folder(l, path, "", err);
    } else if (rc == WEIR_OK) {
        const struct weir_str name = weir_path_name(path);
        add_row(l, weir_arena_strndup(l->cli->arena, name.ptr, name.len), &info);
    }
    weir_free(path);
    return rc;
}

weir_rc cli_run_fs_ls(struct cli *cli, struct weir_error *err)
{
    static const char *const NAMES[] = {"name", "is_directory", "size", "last_modified"};
    const bool raw[] = {false, true, true, false};
    struct cli_rows rows;
    weir_catalog *catalog = NULL;
    struct listing l = {.cli = cli, .rows = &rows, .recursive = cli_has(cli, "--recursive")};
    WEIR_TRY(cli_catalog_open(cli, CLI_LAKE_OPEN, &catalog, err));
    cli_rows_init(&rows, cli, NAMES, raw, 4);
    weir_rc rc = list_place(&l, catalog, cli->args[0], err);
    if (rc == WEIR_OK) {
        rc = cli_rows_print(cli, &rows, err);
    }
    weir_catalog_close(catalog);
    return rc;
}

/* --- cat --- */

static weir_rc print_file(const char *path, struct weir_error *err)
{
    weir_file *file = NULL;
    WEIR_TRY(weir_file_open(disk(), path, WEIR_OPEN_READ, &file, err));
    char *bytes = weir_malloc(CHUNK_BYTES);
    int64_t offset = 0;
    size_t got = 0;
    weir_rc rc;
    while ((rc = weir_file_read(file, bytes, CHUNK_BYTES, offset, &got, err)) == WEIR_OK && got > 0) {
        if (fwrite(bytes, 1, got, stdout) != got) {
            break; /* cli_flush says what it was */
        }
        offset += (int64_t)got;
    }
    weir_free(bytes);
    weir_file_discard(file);
    return rc == WEIR_OK ? cli_flush(err) : rc;
}

weir_rc cli_run_fs_cat(struct cli *cli, struct weir_error *err)
{
    weir_catalog *catalog = NULL;
    struct weir_file_info info;
    char *path = NULL;
    WEIR_TRY(cli_catalog_open(cli, CLI_LAKE_OPEN, &catalog, err));
    weir_rc rc = resolve(cli, catalog, cli->args[0], false, &path, err);
    if (rc == WEIR_OK) {
        rc = stat_or_fail(path, cli->args[0], &info, err);
    }
    if (rc == WEIR_OK && info.is_dir) {
        rc = fail_is(err, WEIR_INVALID, "PATH_IS_FOLDER", "it is a folder", cli->args[0], "name a file in it; weir fs ls shows them");
    }
    if (rc == WEIR_OK) {
        rc = print_file(path, err);
    }
    weir_free(path);
    weir_catalog_close(catalog);
    return rc;
}

/* --- mkdir --- */

weir_rc cli_run_fs_mkdir(struct cli *cli, struct weir_error *err)
{
    weir_catalog *catalog = NULL;
    struct weir_file_info info;
    char *path = NULL;
    WEIR_TRY(cli_catalog_open(cli, CLI_LAKE_OPEN, &catalog, err));
    weir_rc rc = resolve(cli, catalog, cli->args[0], true, &path, err);
    if (rc == WEIR_OK && weir_fs_stat(disk(), path, &info, NULL) == WEIR_OK && !info.is_dir) {
        rc = fail_is(err, WEIR_EXISTS, "FILE_ALREADY_EXISTS", "a file of this name is there", cli->args[0], "choose another name");
    } else if (rc == WEIR_OK) {
        rc = weir_fs_mkdirs(disk(), path, err);
    }
    weir_free(path);
    weir_catalog_close(catalog);
    return rc;
}

/* --- rm --- */

/* What the catalog holds at the path or below it would lose its files. */
static weir_rc refuse_if_holds(struct cli *cli, weir_catalog *catalog, const char *path, const char *shown, struct weir_error *err)
{
    static const struct {
        enum weir_object_kind kind;
        const char *word, *command;
    } KINDS[] = {{WEIR_OBJ_TABLE, "table", "tables"}, {WEIR_OBJ_VOLUME, "volume", "volumes"}, {WEIR_OBJ_LOCATION, "external location", "external-locations"}};
    weir_rc rc = WEIR_OK;
    for (size_t k = 0; rc == WEIR_OK && k < 3; k++) {
        struct weir_object *objects = NULL;
        size_t count = 0;
        rc = weir_catalog_list(catalog, cli->arena, KINDS[k].kind, NULL, NULL, NULL, &objects, &count, err);
        for (size_t i = 0; i < count; i++) {
            if (rc == WEIR_OK && objects[i].location && weir_path_is_within(objects[i].location, path)) {
                rc = weir_fail(err, WEIR_DENIED, "PATH_HOLDS_OBJECT", "the %s %s lies there; %s; delete it first: weir %s delete %s", KINDS[k].word, objects[i].full_name, shown, KINDS[k].command,
                               objects[i].full_name);
            }
            weir_object_free_options(&objects[i]);
        }
    }
    return rc;
}

static weir_rc remove_place(struct cli *cli, weir_catalog *catalog, const char *path, const char *shown, struct weir_error *err)
{
    struct weir_file_info info;
    weir_rc rc = weir_fs_lstat(disk(), path, &info, err);
    if (rc == WEIR_NOT_FOUND) {
        return fail_is(err, rc, "PATH_NOT_FOUND", "there is no such file or folder", shown, "weir fs ls shows what there is");
    }
    WEIR_TRY(rc);
    WEIR_TRY(refuse_if_holds(cli, catalog, path, shown, err));
    if (!info.is_dir) {
        rc = weir_fs_unlink(disk(), path, err);
    } else if (!cli_has(cli, "--recursive")) {
        return fail_is(err, WEIR_INVALID, "PATH_IS_FOLDER", "it is a folder", shown, "-r removes it with everything in it");
    } else {
        rc = weir_fs_remove_tree(disk(), path, err);
    }
    WEIR_TRY(rc);
    char *parent = weir_path_parent(path);
    rc = weir_fs_sync_dir(disk(), parent, err);
    weir_free(parent);
    return rc;
}

weir_rc cli_run_fs_rm(struct cli *cli, struct weir_error *err)
{
    weir_catalog *catalog = NULL;
    char *path = NULL;
    WEIR_TRY(cli_catalog_open(cli, CLI_LAKE_OPEN, &catalog, err));
    weir_rc rc = resolve(cli, catalog, cli->args[0], true, &path, err);
    if (rc == WEIR_OK) {
        rc = remove_place(cli, catalog, path, cli->args[0], err);
    }
    weir_free(path);
    weir_catalog_close(catalog);
    return rc;
}

/* --- cp --- */

struct copy {
    struct cli *cli;
    weir_catalog *catalog;
    bool overwrite, recursive;
    bool to_held;    /* the target is the catalog's: every folder below it is asked again, for links may lead out */
    char *chunk;
    int64_t files, bytes;
};

/* A side of the copy: what the catalog holds, or any local path outside the lakehouse. */
static weir_rc find_side(struct copy *copy, const char *text, bool change, char **out, bool *held, struct weir_error *err)
{
    struct weir_error why;
    weir_error_clear(&why);
    *held = true;
    const weir_rc rc = copy->catalog ? resolve(copy->cli, copy->catalog, text, change, out, &why) : WEIR_DENIED;
    if (rc == WEIR_OK) {
        return rc;
    }
    char *local = cli_is_volume_path(text) ? NULL : weir_path_absolute(NULL, strncmp(text, "file:/", 6) == 0 ? text + 5 : text);
    const bool unregistered = !copy->catalog || strcmp(why.condition, "PATH_NOT_REGISTERED") == 0;
    if (!local || !unregistered || (copy->catalog && weir_path_is_within(local, weir_catalog_root(copy->catalog)))) {
        weir_free(local);
        *err = why;
        return rc;
    }
    *held = false;
    *out = local;
    return WEIR_OK;
}

static weir_rc copy_bytes(struct copy *copy, weir_file *from, struct cli_newfile *to, struct weir_error *err)
{
    int64_t offset = 0;
    size_t got = 0;
    for (;;) {
        WEIR_TRY(weir_file_read(from, copy->chunk, CHUNK_BYTES, offset, &got, err));
        if (got == 0) {
            return WEIR_OK;
        }
        WEIR_TRY(cli_newfile_write(to, copy->chunk, got, err));
        offset += (int64_t)got;
    }
}

static weir_rc copy_file(struct copy *copy, const char *from, const char *to, struct weir_error *err)
{
    struct weir_file_info info;
    struct cli_newfile out;
    weir_file *in = NULL;
    const bool there = weir_fs_lstat(disk(), to, &info, NULL) == WEIR_OK;
    if (there && (info.is_dir || !copy->overwrite)) {
        return info.is_dir ? fail_is(err, WEIR_EXISTS, "FILE_ALREADY_EXISTS", "a folder of this name is there", to, "choose another name")
                           : fail_is(err, WEIR_EXISTS, "FILE_ALREADY_EXISTS", "the file is there already", to, "--overwrite replaces it");
    }
    WEIR_TRY(weir_file_open(disk(), from, WEIR_OPEN_READ, &in, err));
    weir_rc rc = cli_newfile_open(to, &out, err);
    if (rc == WEIR_OK) {
        rc = copy_bytes(copy, in, &out, err);
        copy->bytes += out.size;
        copy->files++;
        if (rc == WEIR_OK) {
            rc = cli_newfile_publish(&out, err);
        }
        cli_newfile_drop(&out);
    }
    weir_file_discard(in);
    return rc;
}

static weir_rc make_target(struct copy *copy, const char *folder, struct weir_error *err)
{
    if (copy->to_held) {
        char *path = NULL;
        WEIR_TRY(resolve(copy->cli, copy->catalog, folder, true, &path, err));
        weir_free(path);
    }
    return weir_fs_mkdirs(disk(), folder, err);
}

static weir_rc copy_tree(struct copy *copy, const char *from, const char *to, struct weir_error *err)
{
    char **names = NULL;
    size_t count = 0;
    WEIR_TRY(make_target(copy, to, err));
    weir_rc rc = names_in(copy->cli, from, &names, &count, err);
    for (size_t i = 0; rc == WEIR_OK && i < count; i++) {
        struct weir_file_info info;
        char *source = weir_path_join(from, names[i]), *target = weir_path_join(to, names[i]);
        rc = weir_fs_lstat(disk(), source, &info, err);
        if (rc == WEIR_OK && info.is_dir) {
            rc = copy_tree(copy, source, target, err);
        } else if (rc == WEIR_OK && info.is_file && !info.is_link) {
            rc = copy_file(copy, source, target, err);
        } else if (rc == WEIR_OK) {
            fprintf(stderr, "note: left out, for it is %s: %s\n", info.is_link ? "a symbolic link" : "not a file", source);
        }
        weir_free(source);
        weir_free(target);
    }
    weir_free(names);
    return rc;
}

/* A file goes to the name that is given, or into the folder that is given. */
static weir_rc copy_one(struct copy *copy, const char *from, const char *to, bool into, struct weir_error *err)
{
    const struct weir_str name = weir_path_name(from);
    char *target = into ? weir_asprintf("%s/%.*s", to, (int)name.len, name.ptr) : weir_strdup(to);
    char *folder = weir_path_parent(target);
    weir_rc rc = make_target(copy, folder, err);
    if (rc == WEIR_OK) {
        rc = copy_file(copy, from, target, err);
    }
    weir_free(folder);
    weir_free(target);
    return rc;
}

static weir_rc copy_place(struct copy *copy, const char *from, const char *to, struct weir_error *err)
{
    const char *from_text = copy->cli->args[0], *to_text = copy->cli->args[1];
    struct weir_file_info info, target;
    WEIR_TRY(stat_or_fail(from, from_text, &info, err));
    const bool folder_there = weir_fs_stat(disk(), to, &target, NULL) == WEIR_OK && target.is_dir;
    if (!info.is_dir) {
        return copy_one(copy, from, to, folder_there || weir_str_ends(weir_str(to_text), "/"), err);
    }
    if (!copy->recursive) {
        return fail_is(err, WEIR_INVALID, "PATH_IS_FOLDER", "it is a folder", from_text, "-r copies what is in it");
    }
    if (weir_path_is_within(to, from)) {
        return fail_is(err, WEIR_INVALID, "COPY_INTO_ITSELF", "the target lies in the folder that is copied", to_text, "choose another target");
    }
    return copy_tree(copy, from, to, err);
}

static weir_rc both_sides(struct copy *copy, char **from, char **to, struct weir_error *err)
{
    const char *a = copy->cli->args[0], *b = copy->cli->args[1];
    bool from_held = false;
    WEIR_TRY(find_side(copy, a, false, from, &from_held, err));
    WEIR_TRY(find_side(copy, b, true, to, &copy->to_held, err));
    if (!from_held && !copy->to_held) {
        return weir_fail(err, WEIR_DENIED, "PATH_NOT_REGISTERED", "neither path lies in a volume or an external location; %s and %s; one of them must, like /Volumes/<catalog>/<schema>/<volume>/...", a, b);
    }
    return WEIR_OK;
}

weir_rc cli_run_fs_cp(struct cli *cli, struct weir_error *err)
{
    struct copy copy = {.cli = cli, .overwrite = cli_has(cli, "--overwrite"), .recursive = cli_has(cli, "--recursive")};
    char *from = NULL, *to = NULL;
    WEIR_TRY(cli_catalog_open(cli, CLI_LAKE_OPEN, &copy.catalog, err));
    copy.chunk = weir_malloc(CHUNK_BYTES);
    weir_rc rc = both_sides(&copy, &from, &to, err);
    if (rc == WEIR_OK) {
        rc = copy_place(&copy, from, to, err);
    }
    if (rc == WEIR_OK) {
        fprintf(stderr, "%s file%s, %s\n", cli_count(cli, copy.files), copy.files == 1 ? "" : "s", cli_bytes(cli, copy.bytes));
    }
    weir_free(copy.chunk);
    weir_free(from);
    weir_free(to);
    weir_catalog_close(copy.catalog);
    return rc;
}
