/* expect.c - expectations: conditions on the rows of a result on their way into a table.
 *
 * DuckDB computes the conditions beside the rows, a boolean column each, NULL taken as FALSE; here the rows are counted and parted: into the table, into its quarantine, or
 * nowhere. Once a row must fail the update nothing more is written, but the rest is counted, so that the error tells how many there are. */
#include "sql/sql_internal.h"
#include <stdio.h>

#define CONDITION_SHOWN 300 /* bytes in a message */
#define NAME_SHOWN 100
#define ROW_SHOWN 700
#define OTHERS_SHOWN 4

/* --- what came of them --- */

void weir_quality_init(struct weir_quality *quality, const struct weir_expectations *expectations, weir_arena *arena)
{
    *quality = (struct weir_quality){.failed = weir_arena_zalloc(arena, (expectations->count + 1) * sizeof *quality->failed)};
}

void weir_quality_print(struct weir_buf *out, const struct weir_expectations *expectations, const struct weir_quality *quality)
{
    struct weir_jsonw w;
    weir_jsonw_init(&w, out);
    weir_jsonw_object(&w);
    weir_jsonw_kv_i64(&w, "dropped_records", quality->dropped);
    weir_jsonw_kv_i64(&w, "quarantined_records", quality->quarantined);
    weir_jsonw_key(&w, "expectations");
    weir_jsonw_array(&w);
    for (size_t i = 0; i < expectations->count; i++) {
        weir_jsonw_object(&w);
        weir_jsonw_kv(&w, "name", expectations->items[i].name);
        weir_jsonw_kv(&w, "dataset", expectations->dataset);
        weir_jsonw_kv_i64(&w, "passed_records", quality->rows - quality->failed[i]);
        weir_jsonw_kv_i64(&w, "failed_records", quality->failed[i]);
        weir_jsonw_kv_i64(&w, "dropped_records", expectations->items[i].action == WEIR_VIOLATION_KEEP ? 0 : quality->failed[i]);
        weir_jsonw_end_object(&w);
    }
    weir_jsonw_end_array(&w);
    weir_jsonw_end_object(&w);
}

void weir_quality_summary(const struct weir_quality *quality, char *out, size_t len)
{
    const int64_t gone = quality->dropped - quality->quarantined;
    const struct { int64_t count; const char *what; } parts[] = {{gone, "dropped"}, {quality->quarantined, "quarantined"}, {quality->kept, "kept in violation"}};
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (parts[i].count > 0 && at < len) {
            const int n = snprintf(out + at, len - at, "%s%lld %s", at ? ", " : "", (long long)parts[i].count, parts[i].what);
            at += n > 0 ? (size_t)n : 0;
        }
    }
}

weir_schema *weir_quarantine_schema(weir_arena *arena, const weir_schema *table)
{
    weir_schema *schema = weir_schema_new(arena, table->field_count + 2);
    for (size_t i = 0; i < table->field_count; i++) {
        schema->fields[i] = table->fields[i];
        schema->fields[i].nullable = true;
    }
    struct weir_field *element = weir_arena_zalloc(arena, sizeof *element);
    *element = (struct weir_field){.name = "element", .type = weir_type_of(WEIR_TYPE_STRING), .nullable = true};
    schema->fields[table->field_count] = (struct weir_field){.name = WEIR_QUARANTINE_FAILED, .type = {.id = WEIR_TYPE_ARRAY, .fields = element, .field_count = 1}, .nullable = true};
    schema->fields[table->field_count + 1] = (struct weir_field){.name = WEIR_QUARANTINE_BATCH, .type = weir_type_of(WEIR_TYPE_LONG), .nullable = true};
    return weir_schema_copy(arena, schema);
}

/* --- the conditions beside the rows --- */

static weir_rc add_conditions(weir_result *result, const weir_schema *schema, const struct weir_expectations *expectations, struct weir_error *err)
{
    struct weir_buf sql;
    weir_buf_init(&sql, 0);
    weir_buf_add_str(&sql, "SELECT *");
    for (size_t i = 0; i < expectations->count; i++) {
        weir_buf_printf(&sql, ", coalesce((%s\n), false) AS `weir expectation %zu`", expectations->items[i].condition, i);
    }
    weir_buf_add_str(&sql, " FROM (SELECT ");
    for (size_t i = 0; i < schema->field_count; i++) {
        weir_buf_printf(&sql, "%sc%zu AS ", i ? ", " : "", i);
        weiri_sql_back_tick(&sql, schema->fields[i].name);
    }
    weir_buf_add_str(&sql, " FROM new_rows)");
    weir_rc rc = weiri_sql_wrap(result, weir_arena_strndup(result->arena, sql.data, sql.len), err);
    weir_buf_free(&sql);
    WEIR_ASSERT(rc != WEIR_OK || result->schema->field_count == schema->field_count + expectations->count);
    return rc;
}

/* --- rows --- */

struct check {
    const struct weir_expectations *how;
    const struct weir_check_target *to;
    struct weir_quality *out;
    int64_t *keep, *aside; /* rows of the batch */
    size_t keep_count, keep_cap, aside_count, aside_cap;
    bool fails;
    struct weir_buf first; /* the first row that fails the update, as JSON */
};

static const struct ArrowArray *flag(const struct check *check, const struct weir_batch *batch, size_t expectation)
{
    return batch->array.children[check->to->schema->field_count + expectation];
}

static bool violates(const struct check *check, const struct weir_batch *batch, size_t expectation, int64_t row)
{
    return !weir_arrow_bool(flag(check, batch, expectation), row + batch->array.offset);
}

static void show_row(struct check *check, const struct weir_batch *batch, int64_t row)
{
    struct weir_jsonw w;
    weir_buf_clear(&check->first);
    weir_jsonw_init(&w, &check->first);
    weir_jsonw_object(&w);
    for (size_t i = 0; i < check->to->schema->field_count && check->first.len < ROW_SHOWN; i++) {
        weir_jsonw_key(&w, check->to->schema->fields[i].name);
        weir_arrow_print_json(&w, &check->to->schema->fields[i].type, batch->array.children[i], row + batch->array.offset);
    }
    weir_jsonw_end_object(&w);
}

/* What becomes of a row: the strictest of the expectations that it violates. */
static void part_row(struct check *check, const struct weir_batch *batch, int64_t row)
{
    enum weir_violation fate = WEIR_VIOLATION_KEEP;
    bool any = false;
    for (size_t i = 0; i < check->how->count; i++) {
        if (violates(check, batch, i, row)) {
            any = true;
            check->out->failed[i]++;
            fate = check->how->items[i].action > fate ? check->how->items[i].action : fate;
        }
    }
    if (fate == WEIR_VIOLATION_FAIL && !check->fails) {
        check->fails = true;
        show_row(check, batch, row);
    }
    if (fate == WEIR_VIOLATION_KEEP) {
        check->out->kept += any;
        WEIR_PUSH(check->keep, check->keep_count, check->keep_cap) = row;
    } else {
        check->out->dropped++;
    }
    if (fate == WEIR_VIOLATION_QUARANTINE) {
        check->out->quarantined++;
        WEIR_PUSH(check->aside, check->aside_count, check->aside_cap) = row;
    }
}

static void part(struct check *check, const struct weir_batch *batch)
{
    check->keep_count = check->aside_count = 0;
    check->out->rows += weir_batch_rows(batch);
    for (int64_t row = 0; row < weir_batch_rows(batch); row++) {
        part_row(check, batch, row);
    }
}

/* The batch without the conditions; borrowed from it. */
static struct weir_batch table_columns(const struct check *check, const struct weir_batch *batch)
{
    struct weir_batch view = {.schema = check->to->schema, .array = batch->array};
    view.array.n_children = (int64_t)check->to->schema->field_count;
    view.array.release = NULL;
    return view;
}

static void fill_names(const struct check *check, const struct weir_batch *batch, weir_builder *builder)
{
    for (size_t k = 0; k < check->aside_count; k++) {
        for (size_t i = 0; i < check->how->count; i++) {
            if (violates(check, batch, i, check->aside[k])) {
                weir_builder_bytes(weir_builder_child(builder, 0), check->how->items[i].name, strlen(check->how->items[i].name));
            }
        }
        weir_builder_end(builder);
    }
}

static void fill_same(const struct check *check, bool null, int64_t value, weir_builder *builder)
{
    for (size_t k = 0; k < check->aside_count; k++) {
        if (null) {
            weir_builder_null(builder);
        } else {
            weir_builder_i64(builder, value);
        }
    }
}

/* One column of the quarantine: the row's own, or one of the two that tell about it. A column that only the quarantine has is NULL. */
static weir_rc aside_column(const struct check *check, const struct weir_batch *batch, struct weir_batch *taken, const struct weir_field *field, struct ArrowArray *out, struct weir_error *err)
{
    const int at = weir_schema_find(check->to->schema, weir_str(field->name));
    if (at >= 0) {
        if (!weir_type_eq(&check->to->schema->fields[at].type, &field->type)) {
            return weir_fail(err, WEIR_INVALID, "QUARANTINE_SCHEMA_MISMATCH", "column %s has another type in the quarantine of %s than in the table; drop the quarantine table, it is made anew", field->name,
                             check->how->dataset);
        }
        *out = *taken->array.children[at];
        taken->array.children[at]->release = NULL; /* moved */
        return WEIR_OK;
    }
    weir_builder *builder = weir_builder_new(&field->type);
    if (strcmp(field->name, WEIR_QUARANTINE_FAILED) == 0 && field->type.id == WEIR_TYPE_ARRAY) {
        fill_names(check, batch, builder);
    } else {
        const bool number = strcmp(field->name, WEIR_QUARANTINE_BATCH) == 0 && field->type.id == WEIR_TYPE_LONG;
        fill_same(check, !number, check->to->batch_id, builder);
    }
    weir_builder_finish(builder, out);
    weir_builder_free(builder);
    return WEIR_OK;
}

static weir_rc write_aside(const struct check *check, const struct weir_batch *batch, struct weir_error *err)
{
    const weir_schema *schema = check->to->quarantine_schema;
    const struct weir_batch view = table_columns(check, batch);
    struct weir_batch taken = {0}, out = {0};
    if (check->aside_count == 0 || !check->to->quarantine) {
        return WEIR_OK; /* without a writer the quarantine has these rows already */
    }
    WEIR_TRY(weir_batch_take(&view, check->aside, (int64_t)check->aside_count, &taken, err));
    struct ArrowArray *columns = weir_calloc(schema->field_count + 1, sizeof *columns);
    weir_rc rc = WEIR_OK;
    for (size_t i = 0; rc == WEIR_OK && i < schema->field_count; i++) {
        rc = aside_column(check, batch, &taken, &schema->fields[i], &columns[i], err);
    }
    if (rc == WEIR_OK) {
        weir_batch_make(schema, columns, (int64_t)check->aside_count, &out);
        rc = weir_delta_writer_add(check->to->quarantine, &out, err);
    }
    for (size_t i = 0; i < schema->field_count; i++) {
        if (columns[i].release) {
            columns[i].release(&columns[i]);
        }
    }
    weir_batch_release(&out);
    weir_batch_release(&taken);
    weir_free(columns);
    return rc;
}

static weir_rc write_kept(const struct check *check, const struct weir_batch *batch, struct weir_error *err)
{
    const struct weir_batch view = table_columns(check, batch);
    struct weir_batch taken = {0};
    check->out->written += (int64_t)check->keep_count;
    if ((int64_t)check->keep_count == weir_batch_rows(batch)) {
        return weir_delta_writer_add(check->to->writer, &view, err);
    }
    if (check->keep_count == 0) {
        return WEIR_OK;
    }
    WEIR_TRY(weir_batch_take(&view, check->keep, (int64_t)check->keep_count, &taken, err));
    weir_rc rc = weir_delta_writer_add(check->to->writer, &taken, err);
    weir_batch_release(&taken);
    return rc;
}

/* --- the update fails --- */

/* At most so many bytes, cut between characters. */
static void show(struct weir_buf *out, const char *text, size_t max)
{
    size_t len = strlen(text), cut = len < max ? len : max;
    while (cut < len && cut > 0 && ((unsigned char)text[cut] & 0xC0) == 0x80) {
        cut--;
    }
    for (size_t i = 0; i < cut; i++) {
        weir_buf_add_char(out, text[i] == '\n' || text[i] == '\r' || text[i] == '\t' ? ' ' : text[i]);
    }
    weir_buf_add_str(out, cut < len ? ".." : "");
}

static weir_rc fail_update(const struct check *check, struct weir_error *err)
{
    struct weir_buf text;
    size_t shown = 0;
    weir_buf_init(&text, 0);
    for (size_t i = 0; i < check->how->count; i++) {
        const struct weir_expectation *e = &check->how->items[i];
        if (e->action != WEIR_VIOLATION_FAIL || check->out->failed[i] == 0) {
            continue;
        }
        if (shown == 0) {
            weir_buf_printf(&text, "%lld of %lld rows violate the expectation ", (long long)check->out->failed[i], (long long)check->out->rows);
            show(&text, e->name, NAME_SHOWN);
            weir_buf_add_str(&text, " EXPECT (");
            show(&text, e->condition, CONDITION_SHOWN);
            weir_buf_add_str(&text, ") ON VIOLATION FAIL UPDATE");
        } else if (shown <= OTHERS_SHOWN) {
            weir_buf_printf(&text, ", %lld violate ", (long long)check->out->failed[i]);
            show(&text, e->name, NAME_SHOWN);
        }
        shown++;
    }
    weir_buf_add_str(&text, "; the first of them: ");
    show(&text, check->first.data, ROW_SHOWN);
    weir_rc rc = weir_fail(err, WEIR_INVALID, "EXPECTATION_VIOLATION", "%s: %s; nothing of %s was written; correct the rows at their source or change the expectation, then run again", check->how->dataset, text.data,
                           check->to->unit);
    weir_buf_free(&text);
    return rc;
}

static weir_rc pump(struct check *check, weir_result *result, struct weir_error *err)
{
    weir_rc rc = WEIR_OK;
    while (rc == WEIR_OK) {
        struct weir_batch batch = {0};
        rc = weir_result_next(result, &batch, err);
        if (rc == WEIR_OK) {
            part(check, &batch);
            rc = check->fails ? WEIR_OK : write_kept(check, &batch, err);
            if (rc == WEIR_OK && !check->fails) {
                rc = write_aside(check, &batch, err);
            }
            weir_batch_release(&batch);
        }
    }
    return rc == WEIR_END ? WEIR_OK : rc;
}

weir_rc weir_result_write_checked(weir_result *result, const struct weir_expectations *expectations, const struct weir_check_target *target, struct weir_quality *quality, struct weir_error *err)
{
    const struct weiri_sql_assign how = {.schema = target->schema, .by_name = true, .table = "that is written"};
    struct check check = {.how = expectations, .to = target, .out = quality};
    WEIR_TRY(weiri_sql_assign(result, &how, err));
    WEIR_TRY(add_conditions(result, target->schema, expectations, err));
    weir_buf_init(&check.first, (size_t)64 << 20);
    weir_rc rc = pump(&check, result, err);
    if (rc == WEIR_OK && check.fails) {
        rc = fail_update(&check, err);
    }
    weir_buf_free(&check.first);
    weir_free(check.keep);
    weir_free(check.aside);
    return rc;
}
