/* run.c - a read: tasks on threads, blocks of a task, sinks handed back in order.
 *
 * Threads share the task counter, the turn and the sums. A task takes a worker (buffers and parsers) from a small pool, fills one sink and gives it back in its
 * turn. A task that grows too big for one row group, as compressed text may, is given back in parts while its turn lasts: part p of task t has number t << WEIR_TASK_PART_BITS | p,
 * and its cuts depend on the text alone. An error waits for its turn too: the one that is reported is the first in the input. */
#include "format/run_internal.h"

#define BLOCK_BYTES_DEFAULT ((size_t)512 << 10)
#define BLOCK_BYTES_MIN 64
#define PAD 64
#define PART_SINK_BYTES ((size_t)160 << 20) /* memory of one sink after which a part ends */
#define PARTS_MAX ((int64_t)1 << 20)

struct run {
    const struct weir_text_read *read;
    struct weir_text_result *result;
    struct weiri_plan plan;
    size_t block_bytes;
    int64_t task_bytes;
    weir_turn *turn;
    pthread_mutex_t mutex; /* guards the pool and the result; nothing is locked under it */
    struct weiri_worker **pool;
    size_t pool_count, pool_cap;
};

struct task {
    struct run *run;
    int64_t number;
    int64_t part;
    struct weiri_worker *worker;
    weir_colsink *sink;
    int64_t part_bytes; /* text in the part */
    bool has_turn;
};

/* --- workers --- */

static struct weiri_worker *worker_take(struct run *run)
{
    struct weiri_worker *w = NULL;
    pthread_mutex_lock(&run->mutex);
    if (run->pool_count > 0) {
        w = run->pool[--run->pool_count];
    }
    pthread_mutex_unlock(&run->mutex);
    if (!w) {
        w = weir_malloc(sizeof *w);
        weiri_worker_init(w, run->read);
    }
    return w;
}

static void worker_give(struct run *run, struct weiri_worker *w)
{
    pthread_mutex_lock(&run->mutex);
    WEIR_PUSH(run->pool, run->pool_count, run->pool_cap) = w;
    pthread_mutex_unlock(&run->mutex);
}

/* Room for `bytes` of text, with its pads; what is there (from `keep` bytes) stays. */
static void buffer_grow(struct weiri_worker *w, size_t bytes, size_t keep)
{
    if (bytes <= w->buffer_cap) {
        return;
    }
    char *larger = weir_aligned(64, PAD + bytes + PAD + 8);
    memset(larger, 0, PAD);
    if (keep > 0) {
        memcpy(larger + PAD, w->buffer + PAD, keep);
    }
    weir_free(w->buffer);
    w->buffer = larger;
    w->buffer_cap = bytes;
}

/* --- parts --- */

static weir_rc wait_turn(struct task *t)
{
    if (t->has_turn) {
        return WEIR_OK;
    }
    weir_rc rc = weir_turn_wait(t->run->turn, t->number);
    t->has_turn = rc == WEIR_OK;
    return rc;
}

static weir_rc part_begin(struct task *t, struct weir_error *err)
{
    struct weir_sink_factory *sinks = t->run->read->sinks;
    t->part_bytes = 0;
    WEIR_ASSERT(t->part < PARTS_MAX);
    return sinks->begin(sinks, t->number * PARTS_MAX + t->part, t->worker->parsers, &t->sink, err);
}

static weir_rc part_end(struct task *t, struct weir_error *err)
{
    struct weir_sink_factory *sinks = t->run->read->sinks;
    weir_rc rc = wait_turn(t);
    if (rc != WEIR_OK) {
        return weir_fail(err, rc, "READ_CANCELLED", "another part of the read failed first");
    }
    weir_colsink *sink = t->sink;
    t->sink = NULL;
    rc = sinks->end(sinks, t->number * PARTS_MAX + t->part, sink, err);
    t->part++;
    return rc;
}

/* A row group must not grow without limit: text that inflates to more than a task, columns that take more memory than their text. */
static weir_rc part_limit(struct task *t, struct weir_error *err)
{
    if (t->part_bytes < t->run->task_bytes + t->run->task_bytes / 2 && t->sink->ops->bytes(t->sink) < PART_SINK_BYTES) {
        return WEIR_OK;
    }
    if (t->sink->ops->rows(t->sink) == 0) {
        return WEIR_OK;
    }
    WEIR_TRY(part_end(t, err));
    return part_begin(t, err);
}

/* --- blocks of a segment --- */

/* The last line end in the text: what is before it is whole lines. 0 = none. A CR at the very end does not count: an LF may follow. */
static size_t whole_lines(const struct weir_format *csv, const char *text, size_t len)
{
    if (csv->line_end == WEIRI_LINES_CUSTOM) {
        size_t at = 0, end, next;
        while (weiri_line_find(csv, text, len, at, false, &end, &next)) {
            at = next;
        }
        return at;
    }
    const char *lf = memrchr(text, '\n', len);
    size_t whole = lf ? (size_t)(lf - text) + 1 : 0;
    size_t rest = len - whole;
    const char *cr = csv->line_end == WEIRI_LINES_ANY && rest > 1 ? memrchr(text + whole, '\r', rest - 1) : NULL;
    return cr ? (size_t)(cr - text) + 1 : whole;
}

/* The last line of a file may lack its end. One of several bytes is not put there: weiri_line_find knows the end of the text. */
static size_t end_last_line(const struct weir_format *csv, char *text, size_t len)
{
    if (csv->line_end == WEIRI_LINES_CUSTOM && csv->line_sep.len > 1) {
        return len;
    }
    struct weir_str mark = csv->line_end == WEIRI_LINES_CUSTOM ? csv->line_sep : WEIR_STR("\n");
    if (len >= mark.len && memcmp(text + len - mark.len, mark.ptr, mark.len) == 0) {
        return len;
    }
    memcpy(text + len, mark.ptr, mark.len);
    return len + mark.len;
}

static weir_rc read_blocks(struct task *t, struct weiri_place *place, int64_t *bytes, struct weir_error *err)
{
    struct weiri_worker *w = t->worker;
    const struct weir_format *csv = w->format;
    size_t have = 0, want = t->run->block_bytes;
    bool at_start = place->input->at == 0, end = false;
    while (!end) {
        size_t done;
        buffer_grow(w, want, have);
        char *text = w->buffer + PAD;
        if (weir_stop_level() >= 2) {
            return weir_fail(err, WEIR_CANCELLED, "READ_CANCELLED", "the read was stopped");
        }
        WEIR_TRY(weiri_input_read(place->input, text + have, want - have, &done, err));
        end = done < want - have;
        have += done;
        *bytes += (int64_t)done;
        t->part_bytes += (int64_t)done;
        size_t skip = at_start && have >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
        at_start = false;
        size_t whole = end ? (have > skip ? end_last_line(csv, text, have) : skip) : whole_lines(csv, text, have);
        memset(text + (whole > have ? whole : have), 0, PAD);
        if (whole > skip) {
            WEIR_TRY(weiri_rows(w, place, t->sink, text + skip, whole - skip, err));
            WEIR_TRY(part_limit(t, err));
        }
        if (end) {
            break;
        }
        if (whole <= skip && skip > 0) {
            whole = skip;
        }
        have -= whole;
        memmove(text, text + whole, have);
        /* What is left may end with the first bytes of a line end. */
        if (have > csv->row_bytes_max + (csv->line_end == WEIRI_LINES_CUSTOM ? csv->line_sep.len - 1 : 1)) {
            return weiri_fail_long(w, place, place->lines, err);
        }
        want = have * 2 > t->run->block_bytes ? have * 2 : t->run->block_bytes;
    }
    return WEIR_OK;
}

static weir_rc read_stream(struct task *t, struct weiri_place *place, struct weiri_stream *stream, int64_t *bytes, struct weir_error *err)
{
    struct weiri_worker *w = t->worker;
    size_t have = 0, want = t->run->block_bytes;
    for (bool end = false; !end;) {
        size_t done, taken = 0;
        buffer_grow(w, want, have);
        char *raw = w->buffer + PAD;
        if (weir_stop_level() >= 2) {
            return weir_fail(err, WEIR_CANCELLED, "READ_CANCELLED", "the read was stopped");
        }
        WEIR_TRY(weiri_input_read(place->input, raw + have, want - have, &done, err));
        end = done < want - have;
        have += done;
        *bytes += (int64_t)done;
        t->part_bytes += (int64_t)done;
        const size_t used = weiri_stream_add(stream, w->format, raw, have, end);
        have -= used;
        memmove(raw, raw + used, have);
        place->stream = stream;
        WEIR_TRY(weiri_records(w, place, t->sink, stream->text, stream->len, end, &taken, err));
        weiri_stream_drop(stream, taken);
        WEIR_TRY(part_limit(t, err));
        if (stream->len > w->format->row_bytes_max) {
            return weiri_fail_long(w, place, place->lines, err);
        }
        want = have + (stream->len > t->run->block_bytes ? stream->len : t->run->block_bytes);
    }
    return WEIR_OK;
}

/* A file is one document: of JSON, or of text. */
static weir_rc read_document(struct task *t, struct weiri_place *place, int64_t *bytes, struct weir_error *err)
{
    struct weiri_worker *w = t->worker;
    size_t have = 0;
    for (size_t want = t->run->block_bytes;; want *= 2) {
        size_t done;
        buffer_grow(w, want, have);
        if (weir_stop_level() >= 2) {
            return weir_fail(err, WEIR_CANCELLED, "READ_CANCELLED", "the read was stopped");
        }
        WEIR_TRY(weiri_input_read(place->input, w->buffer + PAD + have, want - have, &done, err));
        have += done;
        *bytes += (int64_t)done;
        t->part_bytes += (int64_t)done;
        if (have > w->format->row_bytes_max) {
            return weir_fail(err, WEIR_TOO_BIG, "ROW_TOO_BIG", "%s: the document is longer than maxRowBytes=%zu; raise that option, or write a record a line and leave multiLine out",
                             place->file->path, w->format->row_bytes_max);
        }
        if (have < want) {
            break;
        }
    }
    WEIR_TRY((w->json ? weiri_json_document : weiri_plain_document)(w, place, t->sink, w->buffer + PAD, have, err));
    return part_limit(t, err);
}

static weir_rc read_records(struct task *t, struct weiri_place *place, int64_t *bytes, struct weir_error *err)
{
    struct weiri_stream stream = {0};
    const weir_rc rc = read_stream(t, place, &stream, bytes, err);
    weiri_stream_free(&stream);
    return rc;
}

static void note_file(struct run *run, size_t file, const struct weiri_place *place, int64_t bytes, weir_rc rc, bool missing)
{
    struct weir_text_result *result = run->result;
    pthread_mutex_lock(&run->mutex);
    result->rows += place->kept;
    result->rows_read += place->rows;
    result->bad_rows += place->bad_rows;
    result->bytes += bytes;
    if (result->files) {
        result->files[file].rows += place->rows;
        result->files[file].bad_rows += place->bad_rows;
        result->files[file].changed = result->files[file].changed || (rc == WEIR_CONFLICT && !missing);
        result->files[file].missing = result->files[file].missing || (rc == WEIR_CONFLICT && missing);
    }
    pthread_mutex_unlock(&run->mutex);
}

static weir_rc read_segment(struct task *t, const struct weiri_segment *segment, struct weir_error *err)
{
    struct weiri_input input;
    struct weir_error mine = {0};
    struct weiri_place place = {.input = &input, .file = &t->run->read->files[segment->file]};
    int64_t bytes = 0;
    weir_rc rc = weiri_input_open(&input, t->run->read, segment, &mine);
    if (rc == WEIR_OK) {
        place.from = input.at;
        place.header_due = t->run->read->format->header && segment->from == 0;
        place.fields = (uint32_t)t->run->read->format->columns;
        const struct weir_format *format = t->run->read->format;
        rc = !format->multi_line ? read_blocks(t, &place, &bytes, &mine) : format->json || format->plain_text ? read_document(t, &place, &bytes, &mine) : read_records(t, &place, &bytes, &mine);
        if (rc == WEIR_OK || rc == WEIR_CORRUPT) {
            /* Corrupt, perhaps, because it changed under our hands. */
            struct weir_error changed = {0};
            weir_rc check = weiri_input_check(&input, &changed);
            if (check != WEIR_OK) {
                rc = check;
                mine = changed;
            }
        }
        weiri_input_close(&input);
        weir_free(place.place_of);
        weir_arena_free(place.names);
    }
    note_file(t->run, segment->file, &place, bytes, rc, rc == WEIR_CONFLICT && strcmp(mine.condition, "FILE_VANISHED") == 0);
    if (rc != WEIR_OK && err) {
        *err = mine;
    }
    return rc;
}

/* --- tasks --- */

static weir_rc run_task(void *arg, int64_t index, struct weir_error *err)
{
    struct run *run = arg;
    struct task t = {.run = run, .number = index, .worker = worker_take(run)};
    weir_rc rc = part_begin(&t, err);
    for (size_t s = run->plan.first[index]; rc == WEIR_OK && s < run->plan.first[index + 1]; s++) {
        rc = read_segment(&t, &run->plan.segments[s], err);
    }
    if (rc == WEIR_OK) {
        rc = part_end(&t, err);
    }
    if (t.sink) {
        run->read->sinks->abandon(run->read->sinks, index * PARTS_MAX + t.part, t.sink);
    }
    worker_give(run, t.worker);
    if (rc == WEIR_OK) {
        weir_turn_done(run->turn, index);
    } else if (wait_turn(&t) == WEIR_OK) {
        weir_turn_cancel(run->turn);
    } else {
        rc = weir_fail(err, WEIR_CANCELLED, "READ_CANCELLED", "another part of the read failed first");
    }
    return rc;
}

static weir_rc check_read(const struct weir_text_read *read, struct weir_error *err)
{
    const weir_schema *sink = read->sinks->schema;
    WEIR_ASSERT(sink->field_count == read->column_count);
    for (size_t c = 0; c < read->column_count; c++) {
        int column = read->columns[c];
        WEIR_ASSERT(column < (int)read->format->schema->field_count);
        if (column >= 0 && !weir_type_eq(&sink->fields[c].type, &read->format->schema->fields[column].type)) {
            return weir_fail(err, WEIR_INVALID, "SINK_TYPE", "the column `%s` has another type where it goes than where it comes from; read it as that type",
                             sink->fields[c].name);
        }
    }
    return WEIR_OK;
}

weir_rc weir_text_run(const struct weir_text_read *read, struct weir_text_result *result, struct weir_error *err)
{
    struct run run = {.read = read, .result = result};
    struct weir_text_file_result *files = result->files;
    *result = (struct weir_text_result){.files = files};
    if (files) {
        memset(files, 0, sizeof *files * read->file_count);
    }
    WEIR_TRY(check_read(read, err));
    run.block_bytes = read->block_bytes == 0 ? BLOCK_BYTES_DEFAULT : read->block_bytes < BLOCK_BYTES_MIN ? BLOCK_BYTES_MIN : read->block_bytes;
    run.task_bytes = read->task_bytes > 0 ? (int64_t)read->task_bytes : (int64_t)128 << 20;
    weiri_plan_make(read, &run.plan);
    run.turn = weir_turn_new();
    pthread_mutex_init(&run.mutex, NULL);
    int threads = read->threads > 0 ? read->threads : weir_cpu_count();
    weir_rc rc = weir_parallel(threads, (int64_t)run.plan.task_count, run_task, &run, err);
    for (size_t i = 0; i < run.pool_count; i++) {
        weiri_worker_free(run.pool[i]);
        weir_free(run.pool[i]);
    }
    weir_free(run.pool);
    pthread_mutex_destroy(&run.mutex);
    weir_turn_free(run.turn);
    weiri_plan_free(&run.plan);
    return rc;
}
