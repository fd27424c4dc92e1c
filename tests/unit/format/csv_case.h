/* csv_case.h - reading CSV files into rows printed as JSON, for the tests of this room. */
#pragma once
#include "format/text.h"

/* How a read is cut and run; zeros are the defaults. */
struct csv_way {
    const char *name;
    bool slow;
    size_t block_bytes, task_bytes;
    int threads;
};
extern const struct csv_way csv_ways[]; /* name NULL ends them; the first is the usual one */

struct csv_rows {
    struct weir_buf text;   /* one JSON object a line */
    int64_t count;
    struct weir_text_result result;
    struct weir_error err;
};
/* All columns of the dialect's schema from the files. Sizes and times are taken now. Free with csv_rows_free in any case. */
weir_rc csv_read_files(const weir_schema *schema, const weir_format *csv, const char *const *paths, size_t count, const struct csv_way *way, struct csv_rows *out);
/* One file of these bytes. */
weir_rc csv_read_text(const weir_schema *schema, const weir_options *options, const void *bytes, size_t len, const struct csv_way *way, struct csv_rows *out);
void csv_rows_free(struct csv_rows *rows);
/* A schema from DDL, in the arena; fails the test otherwise. */
weir_schema *csv_schema(weir_arena *arena, const char *ddl);
/* A fresh folder below TMPDIR, removed by csv_folder_remove. */
char *csv_folder(void);
void csv_folder_remove(char *folder);
void csv_write_file(const char *path, const void *bytes, size_t len);
