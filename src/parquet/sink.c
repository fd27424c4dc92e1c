/* sink.c - text straight into one file: each task becomes a row group, appended in order of task number. */
#include "parquet/writer_internal.h"

static weir_rc begin(struct weir_sink_factory *self, int64_t task, struct weir_text_parser *const *parsers, weir_colsink **out, struct weir_error *err)
{
    (void)task;
    (void)err;
    *out = weir_rowgroup_sink(weir_rowgroup_new(self->state, parsers));
    return WEIR_OK;
}

static weir_rc end(struct weir_sink_factory *self, int64_t task, weir_colsink *sink, struct weir_error *err)
{
    (void)task;
    return weir_parquet_append(self->state, sink->state, err);
}

static void abandon(struct weir_sink_factory *self, int64_t task, weir_colsink *sink)
{
    (void)self;
    (void)task;
    weir_rowgroup_free(sink->state);
}

struct weir_sink_factory *weir_parquet_sinks_new(weir_parquet_file *file)
{
    struct weir_sink_factory *factory = weir_calloc(1, sizeof *factory);
    *factory = (struct weir_sink_factory){.begin = begin, .end = end, .abandon = abandon, .schema = file->schema, .state = file};
    return factory;
}

void weir_parquet_sinks_free(struct weir_sink_factory *factory)
{
    weir_free(factory);
}
