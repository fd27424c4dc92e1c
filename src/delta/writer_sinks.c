/* writer_sinks.c - text straight into the data files of a table without partition columns.
 *
 * A task is a row group (about 128 MiB of text); a number of tasks share a file, by their numbers alone, so that files do not depend on
 * threads. NOT NULL is checked when the file is finished. */
#include "delta/writer_internal.h"

#define TASK_FILE_BYTES ((int64_t)32 << 20) /* what a task is expected to leave in its file */

/* The file of a task, made when its first task begins. */
static weir_rc file_of(weir_delta_writer *writer, int64_t task, struct weiri_open_file **out, struct weir_error *err)
{
    size_t index = (size_t)((task >> WEIR_TASK_PART_BITS) / writer->tasks_per_file);
    weir_rc rc = WEIR_OK;
    pthread_mutex_lock(&writer->lock);
    while (writer->text_count <= index) {
        WEIR_PUSH(writer->text_files, writer->text_count, writer->text_cap) = NULL;
    }
    if (!writer->text_files[index]) {
        struct weiri_open_file *file = NULL;
        rc = weiri_writer_open_file(writer, NULL, &file, err);
        if (rc == WEIR_OK) {
            file->sinks = weir_parquet_sinks_new(file->file);
            writer->text_files[index] = file;
        }
    }
    *out = writer->text_files[index];
    pthread_mutex_unlock(&writer->lock);
    return rc;
}

static weir_rc begin(struct weir_sink_factory *self, int64_t task, struct weir_text_parser *const *parsers, weir_colsink **out, struct weir_error *err)
{
    struct weiri_open_file *file = NULL;
    WEIR_TRY(file_of(self->state, task, &file, err));
    return file->sinks->begin(file->sinks, task, parsers, out, err);
}

static weir_rc end(struct weir_sink_factory *self, int64_t task, weir_colsink *sink, struct weir_error *err)
{
    struct weiri_open_file *file = NULL;
    WEIR_TRY(file_of(self->state, task, &file, err));
    return file->sinks->end(file->sinks, task, sink, err);
}

static void abandon(struct weir_sink_factory *self, int64_t task, weir_colsink *sink)
{
    struct weiri_open_file *file = NULL;
    if (file_of(self->state, task, &file, NULL) == WEIR_OK) {
        file->sinks->abandon(file->sinks, task, sink);
    }
}

weir_rc weir_delta_writer_sinks(weir_delta_writer *writer, struct weir_sink_factory **out, struct weir_error *err)
{
    *out = NULL;
    if (writer->partition_count > 0) {
        return weir_fail(err, WEIR_UNSUPPORTED, "DELTA_WRITE_UNSUPPORTED", "text does not go straight into a table with partition columns; write batches");
    }
    writer->tasks_per_file = writer->file_bytes_max / TASK_FILE_BYTES;
    writer->tasks_per_file = writer->tasks_per_file < 1 ? 1 : writer->tasks_per_file;
    writer->sinks = (struct weir_sink_factory){.begin = begin, .end = end, .abandon = abandon, .schema = writer->file_schema, .state = writer};
    *out = &writer->sinks;
    return WEIR_OK;
}
