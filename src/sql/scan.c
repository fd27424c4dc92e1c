/* scan.c - weir_scan(id): Arrow batches as a relation of DuckDB.
 *
 * A scan belongs to a statement and has a number; DuckDB asks for it by that number. Each start of the scan opens its batches anew, so a plan that reads it twice is
 * right as long as the source can be opened twice. Batches are sliced to DuckDB's vectors without a copy: the slices count on the batch, which goes with the last.
 * An error of the batches is kept here as it is; DuckDB is only told that there was one. */
#include "sql/sql_internal.h"

/* --- a batch that several slices hold --- */

struct held {
    atomic_int refs;
    struct weir_batch batch;
};

static void held_drop(struct held *held)
{
    if (held && atomic_fetch_sub(&held->refs, 1) == 1) {
        weir_batch_release(&held->batch);
        weir_free(held);
    }
}

struct slice {
    struct held *held;
    struct ArrowArray *children;
    struct ArrowArray **pointers;
    const void *no_validity;
};

static void release_child(struct ArrowArray *array)
{
    array->release = NULL; /* the slice's parent frees */
}

static void release_slice(struct ArrowArray *array)
{
    struct slice *slice = array->private_data;
    held_drop(slice->held);
    weir_free(slice->children);
    weir_free(slice->pointers);
    weir_free(slice);
    array->release = NULL;
}

static void make_slice(struct held *held, int64_t from, int64_t rows, const size_t *columns, size_t count, struct ArrowArray *out)
{
    struct slice *slice = weir_calloc(1, sizeof *slice);
    slice->held = held;
    atomic_fetch_add(&held->refs, 1);
    slice->children = weir_calloc(count + 1, sizeof *slice->children);
    slice->pointers = weir_calloc(count + 1, sizeof *slice->pointers);
    for (size_t i = 0; i < count; i++) {
        slice->children[i] = *held->batch.array.children[columns[i]];
        slice->children[i].offset += from + held->batch.array.offset;
        slice->children[i].length = rows;
        slice->children[i].null_count = slice->children[i].null_count == 0 ? 0 : -1;
        slice->children[i].release = release_child;
        slice->pointers[i] = &slice->children[i];
    }
    *out = (struct ArrowArray){.length = rows, .n_buffers = 1, .buffers = &slice->no_validity, .n_children = (int64_t)count, .children = slice->pointers,
                               .release = release_slice, .private_data = slice};
}

/* --- the table function --- */

struct state { /* of one start */
    struct weiri_sql_scan *scan;
    pthread_mutex_t lock; /* DuckDB's threads take turns here, one at a time by max_threads; the lock makes what one did visible to the next by itself */
    weir_batches *batches;
    struct held *current;
    int64_t at;
    size_t *columns; /* those that the plan wants */
    size_t count;
    duckdb_arrow_converted_schema converted;
};

static struct weiri_sql_scan *find_scan(weir_engine *engine, uint64_t id)
{
    struct weiri_sql_scan *found = NULL;
    pthread_mutex_lock(&engine->lock);
    for (size_t i = 0; i < engine->scan_count; i++) {
        if (engine->scans[i]->id == id) {
            found = engine->scans[i];
        }
    }
    pthread_mutex_unlock(&engine->lock);
    return found;
}

static void keep_error(struct weiri_sql_scan *scan, weir_rc rc, const struct weir_error *error)
{
    pthread_mutex_lock(&scan->lock);
    if (scan->rc == WEIR_OK) {
        scan->rc = rc;
        scan->error = *error;
        scan->error.line = scan->error.column = 0; /* of a data file, which the message names: not of the statement */
    }
    pthread_mutex_unlock(&scan->lock);
}

static void bind_scan(duckdb_bind_info info)
{
    weir_engine *engine = duckdb_bind_get_extra_info(info);
    duckdb_value id = duckdb_bind_get_parameter(info, 0);
    struct weiri_sql_scan *scan = find_scan(engine, (uint64_t)duckdb_get_int64(id));
    duckdb_destroy_value(&id);
    if (!scan) {
        duckdb_bind_set_error(info, "these rows are gone");
        return;
    }
    for (size_t i = 0; i < scan->schema->field_count; i++) {
        duckdb_logical_type type = weiri_sql_logical_type(&scan->schema->fields[i].type);
        duckdb_bind_add_result_column(info, scan->schema->fields[i].name, type);
        duckdb_destroy_logical_type(&type);
    }
    duckdb_bind_set_bind_data(info, scan, NULL);
}

static void free_state(void *pointer)
{
    struct state *state = pointer;
    pthread_mutex_lock(&state->lock);
    if (state->batches) {
        state->batches->close(state->batches);
    }
    held_drop(state->current);
    duckdb_destroy_arrow_converted_schema(&state->converted);
    weir_free(state->columns);
    pthread_mutex_unlock(&state->lock);
    pthread_mutex_destroy(&state->lock);
    weir_free(state);
}

static weir_rc convert_schema(struct state *state, struct weir_error *err)
{
    struct weir_field *fields = weir_calloc(state->count + 1, sizeof *fields);
    for (size_t i = 0; i < state->count; i++) {
        fields[i] = state->scan->schema->fields[state->columns[i]];
    }
    weir_schema wanted = {.id = WEIR_TYPE_STRUCT, .fields = fields, .field_count = state->count};
    struct ArrowSchema arrow;
    weir_arrow_schema(&wanted, &arrow);
    duckdb_error_data failed = duckdb_schema_from_arrow(state->scan->run->con, &arrow, &state->converted);
    weir_rc rc = WEIR_OK;
    if (failed) {
        rc = weir_fail(err, WEIR_UNSUPPORTED, "ARROW_TYPE_UNSUPPORTED", "the SQL engine does not take these columns: %.500s", duckdb_error_data_message(failed));
        duckdb_destroy_error_data(&failed);
    }
    arrow.release(&arrow);
    weir_free(fields);
    return rc;
}

static void init_scan(duckdb_init_info info)
{
    struct weiri_sql_scan *scan = duckdb_init_get_bind_data(info);
    struct state *state = weir_calloc(1, sizeof *state);
    struct weir_error err = {0};
    state->scan = scan;
    pthread_mutex_init(&state->lock, NULL);
    pthread_mutex_lock(&state->lock);
    const size_t count = duckdb_init_get_column_count(info);
    state->columns = weir_calloc(count + 1, sizeof *state->columns);
    for (size_t i = 0; i < count; i++) {
        const idx_t column = duckdb_init_get_column_index(info, i);
        if (column < scan->schema->field_count) { /* beyond: a column without a value, for count(*) */
            state->columns[state->count++] = column;
        }
    }
    duckdb_init_set_max_threads(info, 1);
    weir_rc rc = state->count > 0 ? convert_schema(state, &err) : WEIR_OK;
    if (rc == WEIR_OK) {
        rc = scan->open(scan->arg, &state->batches, &err);
    }
    pthread_mutex_unlock(&state->lock);
    if (rc != WEIR_OK) {
        keep_error(scan, rc, &err);
        free_state(state);
        duckdb_init_set_error(info, "the rows could not be opened");
        return;
    }
    duckdb_init_set_init_data(info, state, free_state);
}

/* The next batch with rows; WEIR_END. */
static weir_rc next_batch(struct state *state, struct weir_error *err)
{
    while (!state->current || state->at >= weir_batch_rows(&state->current->batch)) {
        held_drop(state->current);
        state->current = NULL;
        if (atomic_load(&state->scan->run->cancelled)) {
            return weir_fail(err, WEIR_CANCELLED, "STATEMENT_STOPPED", "the statement was stopped");
        }
        struct weir_batch batch = {0};
        WEIR_TRY(state->batches->next(state->batches, &batch, err));
        state->current = weir_calloc(1, sizeof *state->current);
        atomic_init(&state->current->refs, 1);
        weir_batch_unique_keys(&batch);
        state->current->batch = batch;
        state->at = 0;
    }
    return WEIR_OK;
}

static weir_rc fill(struct state *state, duckdb_data_chunk output, struct weir_error *err)
{
    WEIR_TRY(next_batch(state, err));
    int64_t rows = weir_batch_rows(&state->current->batch) - state->at;
    if (rows > (int64_t)duckdb_vector_size()) {
        rows = (int64_t)duckdb_vector_size();
    }
    if (state->count > 0) {
        struct ArrowArray slice;
        duckdb_data_chunk chunk = NULL;
        make_slice(state->current, state->at, rows, state->columns, state->count, &slice);
        duckdb_error_data failed = duckdb_data_chunk_from_arrow(state->scan->run->con, &slice, state->converted, &chunk);
        if (failed) {
            weir_rc rc = weir_fail(err, WEIR_UNSUPPORTED, "ARROW_TYPE_UNSUPPORTED", "the SQL engine does not take these rows: %.500s", duckdb_error_data_message(failed));
            duckdb_destroy_error_data(&failed);
            if (slice.release) {
                slice.release(&slice);
            }
            return rc;
        }
        for (size_t i = 0; i < state->count; i++) {
            duckdb_vector_reference_vector(duckdb_data_chunk_get_vector(output, i), duckdb_data_chunk_get_vector(chunk, i));
        }
        duckdb_destroy_data_chunk(&chunk);
    }
    duckdb_data_chunk_set_size(output, (idx_t)rows);
    state->at += rows;
    return WEIR_OK;
}

static void run_scan(duckdb_function_info info, duckdb_data_chunk output)
{
    struct state *state = duckdb_function_get_init_data(info);
    struct weir_error err = {0};
    pthread_mutex_lock(&state->lock);
    weir_rc rc = fill(state, output, &err);
    pthread_mutex_unlock(&state->lock);
    if (rc == WEIR_END) {
        duckdb_data_chunk_set_size(output, 0);
    } else if (rc != WEIR_OK) {
        keep_error(state->scan, rc, &err);
        duckdb_function_set_error(info, "the rows could not be read");
    }
}

weir_rc weiri_sql_scan_register(weir_engine *engine, struct weir_error *err)
{
    duckdb_table_function function = duckdb_create_table_function();
    duckdb_logical_type number = duckdb_create_logical_type(DUCKDB_TYPE_BIGINT);
    duckdb_table_function_set_name(function, "weir_scan");
    duckdb_table_function_add_parameter(function, number);
    duckdb_table_function_set_extra_info(function, engine, NULL);
    duckdb_table_function_set_bind(function, bind_scan);
    duckdb_table_function_set_init(function, init_scan);
    duckdb_table_function_set_function(function, run_scan);
    duckdb_table_function_supports_projection_pushdown(function, true);
    duckdb_state state = duckdb_register_table_function(engine->con, function);
    duckdb_destroy_logical_type(&number);
    duckdb_destroy_table_function(&function);
    if (state != DuckDBSuccess) {
        return weir_fail(err, WEIR_IO, "ENGINE_OPEN_FAILED", "the SQL engine refused its scan function");
    }
    return WEIR_OK;
}

/* --- scans of a run --- */

struct weiri_sql_scan *weiri_sql_scan_new(struct weiri_sql_run *run, const weir_schema *schema, weiri_sql_open_fn open, void (*close)(void *arg), void *arg)
{
    weir_engine *engine = run->engine;
    struct weiri_sql_scan *scan = weir_calloc(1, sizeof *scan);
    scan->run = run;
    scan->schema = weiri_sql_plain_schema(run->arena, schema);
    scan->open = open;
    scan->close = close;
    scan->arg = arg;
    pthread_mutex_init(&scan->lock, NULL);
    pthread_mutex_lock(&engine->lock);
    scan->id = engine->next_scan++;
    WEIR_PUSH(engine->scans, engine->scan_count, engine->scan_cap) = scan;
    pthread_mutex_unlock(&engine->lock);
    WEIR_PUSH(run->scans, run->scan_count, run->scan_cap) = scan;
    return scan;
}

void weiri_sql_scan_free(struct weiri_sql_scan *scan)
{
    weir_engine *engine = scan->run->engine;
    pthread_mutex_lock(&engine->lock);
    for (size_t i = 0; i < engine->scan_count; i++) {
        if (engine->scans[i] == scan) {
            engine->scans[i] = engine->scans[--engine->scan_count];
            break;
        }
    }
    pthread_mutex_unlock(&engine->lock);
    if (scan->close) {
        scan->close(scan->arg);
    }
    pthread_mutex_destroy(&scan->lock);
    weir_free(scan);
}

weir_rc weiri_sql_scan_error(struct weiri_sql_run *run, struct weir_error *err)
{
    weir_rc rc = WEIR_OK;
    for (size_t i = 0; rc == WEIR_OK && i < run->scan_count; i++) {
        struct weiri_sql_scan *scan = run->scans[i];
        pthread_mutex_lock(&scan->lock);
        rc = scan->rc;
        if (rc != WEIR_OK && err) {
            *err = scan->error;
        }
        pthread_mutex_unlock(&scan->lock);
    }
    return rc;
}

/* --- batches that can be read once --- */

struct once {
    weir_batches *batches; /* NULL once handed out */
};

static weir_rc open_once(void *arg, weir_batches **out, struct weir_error *err)
{
    struct once *once = arg;
    if (!once->batches) {
        return weir_fail(err, WEIR_UNSUPPORTED, "ROWS_READ_TWICE", "the query reads the same new rows twice; name the stream once, or give the sub-query that reads it a name by WITH");
    }
    *out = once->batches;
    once->batches = NULL;
    return WEIR_OK;
}

static void close_once(void *arg)
{
    struct once *once = arg;
    if (once->batches) {
        once->batches->close(once->batches);
    }
    weir_free(once);
}

struct weiri_sql_scan *weiri_sql_scan_once(struct weiri_sql_run *run, weir_batches *batches)
{
    struct once *once = weir_calloc(1, sizeof *once);
    once->batches = batches;
    return weiri_sql_scan_new(run, batches->schema, open_once, close_once, once);
}

/* --- one batch, any number of times --- */

struct replay {
    weir_batches batches; /* first */
    struct held *held;
    bool done;
};

static void release_replayed(struct ArrowArray *array)
{
    struct held *held = array->private_data;
    array->release = NULL;
    held_drop(held);
}

static weir_rc replay_next(weir_batches *self, struct weir_batch *out, struct weir_error *err)
{
    struct replay *replay = (struct replay *)self;
    (void)err;
    if (replay->done) {
        return WEIR_END;
    }
    replay->done = true;
    atomic_fetch_add(&replay->held->refs, 1);
    *out = replay->held->batch;
    out->array.private_data = replay->held;
    out->array.release = release_replayed;
    return WEIR_OK;
}

static void replay_close(weir_batches *self)
{
    struct replay *replay = (struct replay *)self;
    held_drop(replay->held);
    weir_free(replay);
}

static weir_rc open_replay(void *arg, weir_batches **out, struct weir_error *err)
{
    struct held *held = arg;
    struct replay *replay = weir_calloc(1, sizeof *replay);
    (void)err;
    atomic_fetch_add(&held->refs, 1);
    replay->held = held;
    replay->batches = (weir_batches){.schema = held->batch.schema, .next = replay_next, .close = replay_close};
    *out = &replay->batches;
    return WEIR_OK;
}

static void close_replay(void *arg)
{
    held_drop(arg);
}

struct weiri_sql_scan *weiri_sql_scan_batch(struct weiri_sql_run *run, const weir_schema *schema, struct weir_batch *batch)
{
    struct held *held = weir_calloc(1, sizeof *held);
    atomic_init(&held->refs, 1);
    held->batch = *batch;
    memset(batch, 0, sizeof *batch);
    return weiri_sql_scan_new(run, schema, open_replay, close_replay, held);
}
