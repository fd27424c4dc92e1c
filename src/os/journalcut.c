/* journalcut.c - the tree that a disk may hold after power was lost at event `at`.
 *
 * The model. A file is an inode: what it held at the start, and a list of writes and truncates of which the first `synced` are durable
 * (fsync). A folder is an inode whose entries change by operations: add (create, link, mkdir), remove (unlink, rmdir), move (rename,
 * one operation over both folders, so never neither). fsync of a folder makes all operations durable that touch it. At the cut:
 *
 *   1. every durable operation is applied, every other one is kept or dropped by the seed, in the order in which they were made;
 *      a kept move keeps the moves that its source name came from (one inode never moves away from two places);
 *   2. for every file that has a name then, its synced writes are applied, and each later one is kept, dropped, torn at a byte, or
 *      loses some of its sectors (they hold what was there before, zeros beyond the old end).
 *
 * fsync of a file says nothing about its name. A folder that lost its own name takes everything below it along. */
#include "os/journal_internal.h"

#include "base/map.h"
#include "base/time.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define SECTOR_BYTES 512

struct node {
    bool is_dir;
    const char *start_path; /* where the content at the start lies; NULL: empty */
    const struct journal_event *import; /* or this holds it */
    int64_t mtime_ns;
    const struct journal_event **ops; /* heap: writes and truncates in order */
    size_t op_count, op_cap, synced;
    weir_map *live;    /* folder: name -> struct live, as the running program saw it */
    weir_map *durable; /* folder: name -> struct node, as the disk has it */
};

struct live {
    struct node *node;
    int64_t op; /* index of the operation that put the name there, -1: it was there at the start */
};

enum entry_kind { ENTRY_ADD, ENTRY_REMOVE, ENTRY_MOVE };

struct entry_op {
    enum entry_kind kind;
    struct node *dir;
    const char *name;
    struct node *dir2; /* MOVE: the target */
    const char *name2;
    struct node *child;
    int64_t source_op; /* MOVE: the operation that put the source name there, -1: none */
    bool kept;         /* durable, or chosen to survive */
};

struct model {
    weir_arena *arena;
    struct node *root;
    struct node **nodes; /* all, for freeing */
    size_t node_count, node_cap;
    struct node **handles; /* by handle number */
    size_t handle_count;
    struct entry_op *ops;
    size_t op_count, op_cap;
    struct weir_rng rng;
    bool keep_entries, drop_entries, keep_data, drop_data; /* neither: each by its own coin */
};

static struct node *new_node(struct model *model, bool is_dir)
{
    struct node *node = weir_arena_zalloc(model->arena, sizeof *node);
    node->is_dir = is_dir;
    if (is_dir) {
        node->live = weir_map_new();
        node->durable = weir_map_new();
    }
    WEIR_PUSH(model->nodes, model->node_count, model->node_cap) = node;
    return node;
}

static void model_free(struct model *model)
{
    for (size_t i = 0; i < model->node_count; i++) {
        weir_free(model->nodes[i]->ops);
        if (model->nodes[i]->is_dir) {
            weir_map_free(model->nodes[i]->live, NULL);
            weir_map_free(model->nodes[i]->durable, NULL);
        }
    }
    weir_free(model->nodes);
    weir_free(model->handles);
    weir_free(model->ops);
    weir_arena_free(model->arena);
}

static void set_live(struct model *model, struct node *dir, const char *name, struct node *child, int64_t op)
{
    struct live *live = weir_arena_alloc(model->arena, sizeof *live);
    *live = (struct live){child, op};
    (void)weir_map_put(dir->live, weir_str(name), live);
}

/* --- the tree at the start --- */

struct loading {
    struct model *model;
    struct node *dir;
    const char *path;
};

static weir_rc load_folder(struct model *model, struct node *dir, const char *path, struct weir_error *err);

static weir_rc load_entry(void *arg, const char *name, const struct weir_file_info *info, struct weir_error *err)
{
    struct loading *loading = arg;
    struct model *model = loading->model;
    const char *path = weir_arena_printf(model->arena, "%s/%s", loading->path, name);
    if (!info->is_dir && !info->is_file) {
        return weir_fail(err, WEIR_UNSUPPORTED, "JOURNAL_LINK",
                         "the tree to start from holds something that is neither a folder nor a regular file; %s; "
                         "leave it out",
                         path);
    }
    struct node *node = new_node(model, info->is_dir);
    set_live(model, loading->dir, name, node, -1);
    (void)weir_map_put(loading->dir->durable, weir_str(name), node);
    if (info->is_dir) {
        return load_folder(model, node, path, err);
    }
    node->start_path = path;
    node->mtime_ns = info->mtime_ns;
    return WEIR_OK;
}

static weir_rc load_folder(struct model *model, struct node *dir, const char *path, struct weir_error *err)
{
    struct loading loading = {model, dir, path};
    return weir_fs_list(weir_fs_posix(), path, load_entry, &loading, err);
}

/* --- replay --- */

/* The folder that holds the last component of `path`, and that component; false: the model does not know the folder. */
static bool resolve(struct model *model, const char *path, struct node **dir_out, const char **name_out)
{
    struct node *dir = model->root;
    for (;;) {
        const char *slash = strchr(path, '/');
        if (!slash) {
            *dir_out = dir;
            *name_out = weir_arena_strdup(model->arena, path);
            return path[0] != '\0';
        }
        struct live *live = weir_map_get(dir->live, (struct weir_str){path, (size_t)(slash - path)});
        if (!live || !live->node->is_dir) {
            return false;
        }
        dir = live->node;
        path = slash + 1;
    }
}

static struct live *lookup(struct model *model, const char *path, struct node **dir_out, const char **name_out)
{
    return resolve(model, path, dir_out, name_out) ? weir_map_get((*dir_out)->live, weir_str(*name_out)) : NULL;
}

static void add_entry(struct model *model, struct node *dir, const char *name, struct node *child)
{
    set_live(model, dir, name, child, (int64_t)model->op_count);
    struct entry_op op = {.kind = ENTRY_ADD, .dir = dir, .name = name, .child = child, .source_op = -1};
    WEIR_PUSH(model->ops, model->op_count, model->op_cap) = op;
}

static void replay_open(struct model *model, const struct journal_event *event)
{
    struct node *dir;
    const char *name;
    struct node *node = NULL;
    if (resolve(model, event->path, &dir, &name)) {
        struct live *live = weir_map_get(dir->live, weir_str(name));
        if (live) {
            node = live->node;
        } else if (event->created) {
            node = new_node(model, false);
            node->mtime_ns = event->mtime_ns;
            add_entry(model, dir, name, node);
        }
    }
    if (!node) {
        node = new_node(model, false); /* made behind the journal's back: written, but never seen */
    }
    if (event->truncated) {
        WEIR_PUSH(node->ops, node->op_count, node->op_cap) = event;
    }
    while (model->handle_count <= (size_t)event->handle) {
        size_t count = model->handle_count == 0 ? 64 : model->handle_count * 2;
        model->handles = weir_realloc(model->handles, count * sizeof *model->handles);
        for (size_t i = model->handle_count; i < count; i++) {
            model->handles[i] = NULL;
        }
        model->handle_count = count;
    }
    model->handles[event->handle] = node;
}

static void replay_rename(struct model *model, const struct journal_event *event)
{
    struct node *dir, *dir2;
    const char *name, *name2;
    struct live *live = lookup(model, event->path, &dir, &name);
    if (!live || !resolve(model, event->path2, &dir2, &name2)) {
        return;
    }
    struct live *target = weir_map_get(dir2->live, weir_str(name2));
    if (target && target->node == live->node) {
        return; /* two names of one file: rename(2) does nothing */
    }
    struct entry_op op = {.kind = ENTRY_MOVE, .dir = dir, .name = name, .dir2 = dir2, .name2 = name2,
                          .child = live->node, .source_op = live->op};
    set_live(model, dir2, name2, live->node, (int64_t)model->op_count);
    (void)weir_map_remove(dir->live, weir_str(name));
    WEIR_PUSH(model->ops, model->op_count, model->op_cap) = op;
}

static void replay_link(struct model *model, const struct journal_event *event)
{
    struct node *dir, *dir2;
    const char *name, *name2;
    struct live *live = lookup(model, event->path, &dir, &name);
    if (live && resolve(model, event->path2, &dir2, &name2)) {
        add_entry(model, dir2, name2, live->node);
    }
}

/* A file or a folder that came into being under a name of its own. */
static void replay_new(struct model *model, const struct journal_event *event, struct node *node)
{
    struct node *dir;
    const char *name;
    if (resolve(model, event->path, &dir, &name)) {
        add_entry(model, dir, name, node);
    }
}

static void replay_import(struct model *model, const struct journal_event *event)
{
    struct node *node = new_node(model, false);
    node->import = event;
    node->mtime_ns = event->mtime_ns;
    replay_new(model, event, node);
}

static void replay_remove(struct model *model, const struct journal_event *event)
{
    struct node *dir;
    const char *name;
    struct live *live = lookup(model, event->path, &dir, &name);
    if (live) {
        struct entry_op op = {.kind = ENTRY_REMOVE, .dir = dir, .name = name, .child = live->node, .source_op = -1};
        (void)weir_map_remove(dir->live, weir_str(name));
        WEIR_PUSH(model->ops, model->op_count, model->op_cap) = op;
    }
}

static void replay_sync_dir(struct model *model, const struct journal_event *event)
{
    struct node *dir = model->root;
    if (event->path[0] != '\0') {
        const char *name;
        struct live *live = lookup(model, event->path, &dir, &name);
        if (!live) {
            return;
        }
        dir = live->node;
    }
    for (size_t i = 0; i < model->op_count; i++) {
        struct entry_op *op = &model->ops[i];
        op->kept = op->kept || op->dir == dir || op->dir2 == dir;
    }
}

static void replay(struct model *model, const struct journal_event *event)
{
    struct node *node = NULL;
    if (event->handle > 0 && (size_t)event->handle < model->handle_count) {
        node = model->handles[event->handle];
    }
    switch (event->kind) {
    case JOURNAL_OPEN:
        replay_open(model, event);
        return;
    case JOURNAL_WRITE:
    case JOURNAL_TRUNCATE:
        WEIR_PUSH(node->ops, node->op_count, node->op_cap) = event;
        return;
    case JOURNAL_FSYNC:
        node->synced = node->op_count;
        return;
    case JOURNAL_LINK:
        replay_link(model, event);
        return;
    case JOURNAL_RENAME:
        replay_rename(model, event);
        return;
    case JOURNAL_IMPORT:
        replay_import(model, event);
        return;
    case JOURNAL_UNLINK:
    case JOURNAL_RMDIR:
        replay_remove(model, event);
        return;
    case JOURNAL_MKDIR:
        replay_new(model, event, new_node(model, true));
        return;
    case JOURNAL_SYNC_DIR:
        replay_sync_dir(model, event);
        return;
    }
    WEIR_UNREACHABLE("journal event of no kind");
}

/* --- the choice --- */

static void choose(struct model *model, uint64_t seed, int64_t at)
{
    weir_rng_seed(&model->rng, seed * 0x9E3779B97F4A7C15u + (uint64_t)at);
    switch (weir_rng_below(&model->rng, 8)) {
    case 0: /* nothing but what was synced */
        model->drop_entries = model->drop_data = true;
        break;
    case 1: /* names reach the disk before bytes: files of length 0 */
        model->keep_entries = model->drop_data = true;
        break;
    case 2: /* all of it, as after a kill */
        model->keep_entries = model->keep_data = true;
        break;
    case 3: /* bytes torn under names that are there */
        model->keep_entries = true;
        break;
    case 4: /* bytes there, names at random */
        model->keep_data = true;
        break;
    default:
        break;
    }
}

static void apply_entries(struct model *model)
{
    for (size_t i = 0; i < model->op_count; i++) {
        struct entry_op *op = &model->ops[i];
        bool coin = weir_rng_below(&model->rng, 2) == 0;
        op->kept = op->kept || model->keep_entries || (!model->drop_entries && coin);
    }
    for (size_t i = model->op_count; i-- > 0;) {
        struct entry_op *op = &model->ops[i];
        if (op->kept && op->kind == ENTRY_MOVE && op->source_op >= 0) {
            model->ops[op->source_op].kept = true;
        }
    }
    for (size_t i = 0; i < model->op_count; i++) {
        struct entry_op *op = &model->ops[i];
        if (!op->kept) {
            continue;
        }
        if (op->kind != ENTRY_ADD) {
            (void)weir_map_remove(op->dir->durable, weir_str(op->name));
        }
        if (op->kind == ENTRY_ADD) {
            (void)weir_map_put(op->dir->durable, weir_str(op->name), op->child);
        } else if (op->kind == ENTRY_MOVE) {
            (void)weir_map_put(op->dir2->durable, weir_str(op->name2), op->child);
        }
    }
}

/* --- what a file holds --- */

struct content {
    char *data;
    size_t len;
};

static void resize(struct content *content, size_t len)
{
    if (len > content->len) {
        content->data = weir_realloc(content->data, len);
        memset(content->data + content->len, 0, len - content->len);
    }
    content->len = len;
}

static void put_bytes(struct content *content, size_t at, const char *bytes, size_t len)
{
    if (at + len > content->len) {
        resize(content, at + len);
    }
    if (len > 0) {
        memcpy(content->data + at, bytes, len);
    }
}

/* Some sectors of the write arrived, others did not. */
static void put_sectors(struct model *model, struct content *content, const struct journal_event *event)
{
    size_t at = (size_t)event->offset, end = at + event->len;
    if (end > content->len) {
        resize(content, end);
    }
    while (at < end) {
        size_t next = (at / SECTOR_BYTES + 1) * SECTOR_BYTES;
        next = next < end ? next : end;
        if (weir_rng_below(&model->rng, 2) == 0) {
            put_bytes(content, at, event->data + (at - (size_t)event->offset), next - at);
        }
        at = next;
    }
}

static void apply_write(struct model *model, struct content *content, const struct journal_event *event, bool synced)
{
    size_t at = (size_t)event->offset;
    uint64_t fate = weir_rng_below(&model->rng, 4);
    if (synced || model->keep_data) {
        put_bytes(content, at, event->data, event->len);
    } else if (model->drop_data || fate == 0) {
        return;
    } else if (fate == 1) {
        put_bytes(content, at, event->data, event->len);
    } else if (fate == 2) {
        put_bytes(content, at, event->data, (size_t)weir_rng_below(&model->rng, event->len));
    } else {
        put_sectors(model, content, event);
    }
}

static weir_rc load_content(const struct node *node, struct content *content, struct weir_error *err)
{
    if (node->import) {
        put_bytes(content, 0, node->import->data, node->import->len);
    }
    if (!node->start_path) {
        return WEIR_OK;
    }
    struct weir_buf start;
    weir_buf_init(&start, 0);
    weir_rc rc = weir_fs_read_all(weir_fs_posix(), node->start_path, WEIR_BUF_MAX_DEFAULT - 1, &start, err);
    if (rc == WEIR_OK) {
        put_bytes(content, 0, start.data, start.len);
    }
    weir_buf_free(&start);
    return rc;
}

static weir_rc write_file(struct model *model, const struct node *node, const char *path, struct weir_error *err)
{
    struct content content = {NULL, 0};
    int64_t mtime_ns = node->mtime_ns;
    weir_file *file = NULL;
    weir_rc rc = load_content(node, &content, err);
    for (size_t i = 0; rc == WEIR_OK && i < node->op_count; i++) {
        const struct journal_event *event = node->ops[i];
        bool synced = i < node->synced;
        mtime_ns = event->mtime_ns;
        if (event->kind == JOURNAL_WRITE) {
            apply_write(model, &content, event, synced);
        } else if (synced || model->keep_data || (!model->drop_data && weir_rng_below(&model->rng, 2) == 0)) {
            resize(&content, event->kind == JOURNAL_TRUNCATE ? (size_t)event->offset : 0);
        }
    }
    if (rc == WEIR_OK) {
        rc = weir_file_open(weir_fs_posix(), path, WEIR_OPEN_WRITE | WEIR_OPEN_CREATE | WEIR_OPEN_EXCL, &file, err);
    }
    if (rc == WEIR_OK) {
        rc = weir_file_write(file, content.data, content.len, 0, err);
        rc = weir_rc_keep(rc, weir_file_close(file, rc == WEIR_OK ? err : NULL));
    }
    if (rc == WEIR_OK) {
        /* Programs tell files by their time: it comes along. */
        struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
                                    {.tv_sec = (time_t)(mtime_ns / 1000000000), .tv_nsec = (long)(mtime_ns % 1000000000)}};
        if (utimensat(AT_FDCWD, path, times, 0) != 0) {
            rc = weir_fail_errno(err, errno, "set time", path);
        }
    }
    weir_free(content.data);
    return rc;
}

static weir_rc write_folder(struct model *model, const struct node *dir, const char *path, struct weir_error *err)
{
    WEIR_TRY(weir_fs_mkdir(weir_fs_posix(), path, err));
    struct weir_str name;
    void *value;
    for (size_t i = 0; weir_map_at(dir->durable, &i, &name, &value);) {
        const struct node *node = value;
        const char *child = weir_arena_printf(model->arena, "%s/%.*s", path, (int)name.len, name.ptr);
        WEIR_TRY(node->is_dir ? write_folder(model, node, child, err) : write_file(model, node, child, err));
    }
    return WEIR_OK;
}

weir_rc weir_journalfs_cut(weir_fs *fs, int64_t at, uint64_t seed, const char *start, const char *dest,
                           struct weir_error *err)
{
    struct journal_state *state = fs->state;
    struct model model = {.arena = weir_arena_new()};
    weir_rc rc = WEIR_OK;
    model.root = new_node(&model, true);
    if (start) {
        rc = load_folder(&model, model.root, start, err);
    }
    if (rc == WEIR_OK) {
        pthread_mutex_lock(&state->mutex);
        WEIR_ASSERT(at >= 0 && at <= (int64_t)state->count);
        for (int64_t i = 0; i < at; i++) {
            replay(&model, &state->events[i]);
        }
        choose(&model, seed, at);
        apply_entries(&model);
        rc = write_folder(&model, model.root, dest, err);
        pthread_mutex_unlock(&state->mutex);
    }
    model_free(&model);
    return rc;
}
