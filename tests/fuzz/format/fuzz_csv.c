/* Any bytes as a CSV file, under a dialect that the first bytes choose: no crash, no hang, and the fast way gives what the slow way gives. The file lives in memory. */
#include "format/text.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

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
            if (!weir_arrow_print_text(out, &batch->schema->fields[c].type, batch->array.children[c], r)) {
                weir_buf_add_str(out, "\x01-");
            }
            weir_buf_add_char(out, '\x02');
        }
        weir_buf_add_char(out, '\n');
    }
    weir_batch_release(batch);
    return WEIR_OK;
}

static void read_once(const weir_schema *schema, const weir_format *csv, weir_fs *fs, const struct weir_text_file *file, bool slow, size_t block_bytes, struct outcome *out)
{
    int columns[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    struct weir_sink_factory *sinks;
    struct weir_text_result result = {0};
    memset(out, 0, sizeof *out);
    weir_buf_init(&out->text, 0);
    if (weir_arrow_sinks_new(schema, 100, collect, &out->text, &sinks, &out->err) != WEIR_OK) {
        abort();
    }
    const struct weir_text_read read = {.csv = csv, .fs = fs, .files = file, .file_count = 1, .columns = columns, .column_count = schema->field_count,
                                       .threads = 1, .slow = slow, .block_bytes = block_bytes, .task_bytes = block_bytes * 3, .sinks = sinks};
    out->rc = weir_text_run(&read, &result, &out->err);
    weir_arrow_sinks_free(sinks);
}

static weir_options *options_of(uint8_t a, uint8_t b, uint8_t c)
{
    static const char *const seps[] = {",", "|", "\t", " ", "||", "\xc2\xa7", ", ", ";"};
    static const char *const handlings[] = {"STOP_AT_DELIMITER", "STOP_AT_CLOSING_QUOTE", "BACK_TO_DELIMITER", "SKIP_VALUE"};
    static const char *const flags[] = {"header", "ignoreLeadingWhiteSpace", "ignoreTrailingWhiteSpace"};
    weir_options *options = weir_options_new();
    weir_options_set(options, "sep", seps[a & 7]);
    weir_options_set(options, "escape", (a & 8) ? "\"" : "\\");
    weir_options_set(options, "unescapedQuoteHandling", handlings[a >> 4 & 3]);
    for (int i = 0; i < 3; i++) {
        weir_options_set(options, flags[i], (b >> i & 1) ? "true" : "false");
    }
    weir_options_set(options, "comment", (b & 8) ? "#" : "");
    weir_options_set(options, "nullValue", (b & 16) ? "NA" : "");
    weir_options_set(options, "mode", (b & 32) ? "FAILFAST" : (b & 64) ? "DROPMALFORMED" : "PERMISSIVE");
    if (b & 128) {
        weir_options_set(options, "lineSep", (c & 1) ? "\n" : (c & 2) ? ";" : "||");
    }
    if (c & 4) {
        weir_options_set(options, "quote", (c & 8) ? "" : "'");
    }
    if (c & 16) {
        weir_options_set(options, "timestampFormat", "yyyy-MM-dd[ HH:mm:ss[.SSS]][ z][XXX]");
    }
    if (c & 32) {
        weir_options_set(options, "maxRowBytes", "64");
    }
    return options;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const schemas[] = {"a STRING, b STRING, c STRING, _corrupt_record STRING", "a INT, b DOUBLE, c DECIMAL(20,5), d DATE, e TIMESTAMP, f BOOLEAN, _corrupt_record STRING",
                                          "a TIMESTAMP_NTZ, b BINARY, c FLOAT, d TINYINT", "a STRING"};
    if (size < 4) {
        return 0;
    }
    struct memory memory = {data + 4, size - 4};
    weir_fs fs = {&memory_ops, NULL, &memory};
    const struct weir_text_file file = {.path = "input.csv", .size = (int64_t)memory.len};
    weir_arena *arena = weir_arena_new();
    weir_schema *schema;
    struct weir_error err = {0};
    weir_format *csv;
    weir_options *options = options_of(data[0], data[1], data[2]);
    if (weir_schema_parse_ddl(arena, weir_str(schemas[data[3] & 3]), &schema, &err) != WEIR_OK || weir_format_new("csv", schema, options, NULL, &csv, &err) != WEIR_OK) {
        abort();
    }
    struct outcome slow, fast;
    read_once(schema, csv, &fs, &file, true, 0, &slow);
    for (size_t block = 0; block <= 64; block += 64) {
        read_once(schema, csv, &fs, &file, false, block, &fast);
        bool same = fast.rc == slow.rc && strcmp(fast.err.condition, slow.err.condition) == 0 && fast.err.line == slow.err.line;
        if (!same || (fast.rc == WEIR_OK && (fast.text.len != slow.text.len || (slow.text.len > 0 && memcmp(fast.text.data, slow.text.data, slow.text.len) != 0)))) {
            fprintf(stderr, "fast (blocks of %zu): %s line %lld\n%s\nslow: %s line %lld\n%s\n", block, fast.err.condition, (long long)fast.err.line, fast.text.data ? fast.text.data : "",
                    slow.err.condition, (long long)slow.err.line, slow.text.data ? slow.text.data : "");
            abort();
        }
        weir_buf_free(&fast.text);
    }
    weir_buf_free(&slow.text);
    weir_format_free(csv);
    weir_options_free(options);
    weir_arena_free(arena);
    return 0;
}
