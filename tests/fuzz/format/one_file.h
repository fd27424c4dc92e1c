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
    size_t step; /* bytes that one call gives at most; 0 = all */
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
    *done = m->step > 0 && *done > m->step ? m->step : *done;
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

/* --- options, each by two bits of the input --- */

struct dial {
    const char *name;
    const char *values[4]; /* NULL = not set */
};

static inline weir_options *options_from(const struct dial *dials, size_t count, const uint8_t *data)
{
    weir_options *options = weir_options_new();
    for (size_t i = 0; i < count; i++) {
        const char *value = dials[i].values[data[i / 4] >> (i % 4 * 2) & 3];
        if (value) {
            weir_options_set(options, dials[i].name, value);
        }
    }
    return options;
}

/* --- one read --- */

struct outcome {
    weir_rc rc;
    int64_t bad_rows;
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
    int *columns = weir_calloc(schema->field_count + 1, sizeof *columns);
    struct weir_sink_factory *sinks;
    struct weir_text_result result = {0};
    for (size_t i = 0; i < schema->field_count; i++) {
        columns[i] = (int)i;
    }
    memset(out, 0, sizeof *out);
    weir_buf_init(&out->text, 0);
    if (weir_arrow_sinks_new(schema, 100, collect, &out->text, &sinks, &out->err) != WEIR_OK) {
        abort();
    }
    const struct weir_text_read read = {.format = csv, .fs = fs, .files = file, .file_count = 1, .columns = columns, .column_count = schema->field_count,
                                       .threads = 1, .slow = slow, .block_bytes = block_bytes, .task_bytes = block_bytes * 3, .sinks = sinks};
    out->rc = weir_text_run(&read, &result, &out->err);
    out->bad_rows = result.bad_rows;
    weir_arrow_sinks_free(sinks);
    weir_free(columns);
}

static bool same_outcome(const struct outcome *a, const struct outcome *b)
{
    return a->rc == b->rc && strcmp(a->err.condition, b->err.condition) == 0 && a->err.line == b->err.line &&
           (a->rc != WEIR_OK || (a->bad_rows == b->bad_rows && a->text.len == b->text.len && (b->text.len == 0 || memcmp(a->text.data, b->text.data, b->text.len) == 0)));
}

static void show_outcome(const char *what, const struct outcome *o)
{
    fprintf(stderr, "%s: %s line %lld: %s; %lld bad rows\n%s\n", what, o->err.condition, (long long)o->err.line, o->err.msg, (long long)o->bad_rows, o->text.data ? o->text.data : "");
}

/* Whole, in small blocks, in calls of a few bytes: the same rows or the same error, which is left in *out (text to be freed). */
static inline void read_every_way(const weir_schema *schema, const weir_format *format, struct memory *memory, const struct weir_text_file *file, struct outcome *out)
{
    static const struct {
        size_t block, step;
        bool slow;
    } ways[] = {{64, 0, false}, {0, 7, false}, {100, 13, true}};
    weir_fs fs = {&memory_ops, NULL, memory};
    read_once(schema, format, &fs, file, false, 0, out);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct outcome other;
        memory->step = ways[i].step;
        read_once(schema, format, &fs, file, ways[i].slow, ways[i].block, &other);
        memory->step = 0;
        if (!same_outcome(&other, out)) {
            fprintf(stderr, "blocks of %zu, calls of %zu%s\n", ways[i].block, ways[i].step, ways[i].slow ? ", slow" : "");
            show_outcome("in pieces", &other);
            show_outcome("whole", out);
            abort();
        }
        weir_buf_free(&other.text);
    }
}

/* --- schemas that were found --- */

/* As DDL and as JSON and back: the same schema. `out` is what the DDL gives, in the arena. */
static inline void check_round_trip(weir_arena *arena, const weir_schema *schema, weir_schema **out)
{
    struct weir_buf text;
    struct weir_error err = {0};
    weir_schema *again = NULL;
    weir_buf_init(&text, 0);
    weir_schema_print_ddl(&text, schema);
    if (weir_schema_parse_ddl(arena, weir_buf_view(&text), out, &err) != WEIR_OK || !weir_type_eq(schema, *out)) {
        fprintf(stderr, "the DDL %s: %s\n", weir_buf_view(&text).ptr, err.msg);
        abort();
    }
    weir_buf_clear(&text);
    weir_schema_print_json(&text, schema);
    if (weir_schema_parse_json(arena, weir_buf_view(&text), &again, &err) != WEIR_OK || !weir_type_eq(schema, again)) {
        fprintf(stderr, "the JSON %s: %s\n", weir_buf_view(&text).ptr, err.msg);
        abort();
    }
    weir_buf_free(&text);
}

/* The schema with a STRING column more, in the arena. */
static inline weir_schema *schema_with(weir_arena *arena, const weir_schema *schema, const char *name)
{
    weir_schema *out = weir_schema_new(arena, schema->field_count + 1);
    for (size_t i = 0; i < schema->field_count; i++) {
        out->fields[i] = schema->fields[i];
    }
    out->fields[schema->field_count] = (struct weir_field){.name = name, .type = weir_type_of(WEIR_TYPE_STRING), .nullable = true};
    return out;
}
