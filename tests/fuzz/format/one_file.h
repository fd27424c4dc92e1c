/* one_file.h - a read of one file that lives in memory, for the fuzz programs of this room. */
#pragma once
#include "format/text.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- a file system that holds one file --- */

struct memory {
    const uint8_t *bytes;
    size_t len;
};

static int memory_open(weir_fs *fs, const char *path, int flags, int *fd)
{
    (void)fs, (void)path, (void)flags;
    *fd = 1;
    return 0;
}
static int memory_close(weir_fs *fs, int fd)
{
    (void)fs, (void)fd;
    return 0;
}
static int memory_pread(weir_fs *fs, int fd, void *buf, size_t len, int64_t offset, size_t *done)
{
    const struct memory *m = fs->state;
    size_t left = (size_t)offset < m->len ? m->len - (size_t)offset : 0;
    (void)fd;
    *done = len < left ? len : left;
    if (*done > 0) {
        memcpy(buf, m->bytes + offset, *done);
    }
    return 0;
}
static int memory_stat(weir_fs *fs, const char *path, struct weir_file_info *out)
{
    const struct memory *m = fs->state;
    (void)path;
    *out = (struct weir_file_info){.is_file = true, .size = (int64_t)m->len};
    return 0;
}
static const struct weir_fs_ops memory_ops = {.open = memory_open, .close = memory_close, .pread = memory_pread, .stat = memory_stat};

/* --- one read --- */

struct outcome {
    weir_rc rc;
    struct weir_error err;
    struct weir_buf text;
};

static weir_rc collect(void *arg, struct weir_batch *batch, struct weir_error *err)
{
    struct weir_buf *out = arg;
    (void)err;
    for (int64_t r = 0; r < weir_batch_rows(batch); r++) {
        for (size_t c = 0; c < batch->schema->field_count; c++) {
            struct weir_jsonw w;
            weir_jsonw_init(&w, out);
            weir_arrow_print_json(&w, &batch->schema->fields[c].type, batch->array.children[c], r);
            weir_buf_add_char(out, '\x02');
        }
        weir_buf_add_char(out, '\n');
    }
    weir_batch_release(batch);
    return WEIR_OK;
}

static void read_once(const weir_schema *schema, const weir_format *csv, weir_fs *fs, const struct weir_text_file *file, bool slow, size_t block_bytes, struct outcome *out)
{
    int columns[64];
    struct weir_sink_factory *sinks;
    struct weir_text_result result = {0};
    for (int i = 0; i < 64; i++) {
        columns[i] = i;
    }
    memset(out, 0, sizeof *out);
    weir_buf_init(&out->text, 0);
    if (weir_arrow_sinks_new(schema, 100, collect, &out->text, &sinks, &out->err) != WEIR_OK) {
        abort();
    }
    const struct weir_text_read read = {.format = csv, .fs = fs, .files = file, .file_count = 1, .columns = columns, .column_count = schema->field_count,
                                       .threads = 1, .slow = slow, .block_bytes = block_bytes, .task_bytes = block_bytes * 3, .sinks = sinks};
    out->rc = weir_text_run(&read, &result, &out->err);
    weir_arrow_sinks_free(sinks);
}

static bool same_outcome(const struct outcome *a, const struct outcome *b)
{
    return a->rc == b->rc && strcmp(a->err.condition, b->err.condition) == 0 && a->err.line == b->err.line &&
           (a->rc != WEIR_OK || (a->text.len == b->text.len && (b->text.len == 0 || memcmp(a->text.data, b->text.data, b->text.len) == 0)));
}

static void show_outcome(const char *what, const struct outcome *o)
{
    fprintf(stderr, "%s: %s line %lld\n%s\n", what, o->err.condition, (long long)o->err.line, o->text.data ? o->text.data : "");
}
