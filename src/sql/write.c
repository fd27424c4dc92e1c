/* write.c - rows of a query into a table: Spark's store assignment (ANSI) and the way to the writer.
 *
 * Casts that Spark would make are put round the query as Spark text and translated like any other, so they have Spark's meaning; casts that could lose something without
 * a word are refused by the column's name. */
#include "sql/sql_internal.h"
#include <stdlib.h>

static bool is_number(enum weir_type_id id)
{
    return id >= WEIR_TYPE_BYTE && id <= WEIR_TYPE_DECIMAL;
}

static bool is_moment(enum weir_type_id id)
{
    return id == WEIR_TYPE_DATE || id == WEIR_TYPE_TIMESTAMP || id == WEIR_TYPE_TIMESTAMP_NTZ;
}

/* Cast.canANSIStoreAssign */
static bool may_store(const struct weir_type *from, const struct weir_type *to)
{
    if (from->id == WEIR_TYPE_VOID || weir_type_eq(from, to)) {
        return true;
    }
    if (from->id == to->id && !weir_type_is_primitive(from)) {
        if (from->field_count != to->field_count) {
            return false;
        }
        for (size_t i = 0; i < from->field_count; i++) {
            if (!may_store(&from->fields[i].type, &to->fields[i].type)) {
                return false;
            }
        }
        return true;
    }
    if (!weir_type_is_primitive(from) || !weir_type_is_primitive(to)) {
        return false;
    }
    if (to->id == WEIR_TYPE_STRING) {
        return from->id != WEIR_TYPE_BINARY;
    }
    return (is_number(from->id) && is_number(to->id)) || (is_moment(from->id) && is_moment(to->id));
}

/* A type as Spark text, names in back-ticks. */
static void type_text(struct weir_buf *out, const struct weir_type *type)
{
    if (type->id == WEIR_TYPE_STRUCT || type->id == WEIR_TYPE_ARRAY || type->id == WEIR_TYPE_MAP) {
        weir_buf_add_str(out, type->id == WEIR_TYPE_STRUCT ? "STRUCT<" : type->id == WEIR_TYPE_ARRAY ? "ARRAY<" : "MAP<");
        for (size_t i = 0; i < type->field_count; i++) {
            weir_buf_add_str(out, i ? ", " : "");
            if (type->id == WEIR_TYPE_STRUCT) {
                weiri_sql_back_tick(out, type->fields[i].name);
                weir_buf_add_str(out, ": ");
            }
            type_text(out, &type->fields[i].type);
        }
        weir_buf_add_char(out, '>');
        return;
    }
    weir_type_print(out, type);
}

static weir_rc unsafe_cast(const struct weiri_sql_assign *how, const struct weir_field *to, const struct weir_type *from, struct weir_error *err)
{
    struct weir_buf a, b;
    weir_buf_init(&a, 0);
    weir_buf_init(&b, 0);
    weir_type_print(&a, from);
    weir_type_print(&b, &to->type);
    weir_rc rc = weir_fail(err, WEIR_INVALID, "INCOMPATIBLE_DATA_FOR_TABLE.CANNOT_SAFELY_CAST",
                           "Cannot write incompatible data for the table %s: Cannot safely cast `%s` \"%s\" to \"%s\"; cast it in the query if that is what is meant", how->table, to->name, a.data, b.data);
    weir_buf_free(&a);
    weir_buf_free(&b);
    return rc;
}

static weir_rc wrong_count(const struct weiri_sql_assign *how, size_t given, size_t wanted, struct weir_error *err)
{
    return weir_fail(err, WEIR_INVALID, given > wanted ? "INSERT_COLUMN_ARITY_MISMATCH.TOO_MANY_DATA_COLUMNS" : "INSERT_COLUMN_ARITY_MISMATCH.NOT_ENOUGH_DATA_COLUMNS",
                     "Cannot write to %s, the reason is %s: %zu columns are wanted, the query gives %zu; name the columns: INSERT INTO t (a, b) ..", how->table,
                     given > wanted ? "too many data columns" : "not enough data columns", wanted, given);
}

/* Which column of the rows goes into each column of the table; -1 = none. */
static weir_rc place_by_name(const weir_schema *rows, const struct weiri_sql_assign *how, int *source, struct weir_error *err)
{
    for (size_t r = 0; r < rows->field_count; r++) {
        const int at = weir_schema_find_near(how->schema, weir_str(rows->fields[r].name), r);
        if (at < 0) {
            return weir_fail(err, WEIR_INVALID, "INCOMPATIBLE_DATA_FOR_TABLE.EXTRA_COLUMNS", "Cannot write incompatible data for the table %s: Cannot write extra columns `%s`; leave it out, or add it to the table",
                             how->table, rows->fields[r].name);
        }
        if (source[at] >= 0) {
            return weir_fail(err, WEIR_INVALID, "INCOMPATIBLE_DATA_FOR_TABLE.AMBIGUOUS_COLUMN_NAME", "Cannot write incompatible data for the table %s: Ambiguous column name in the input data `%s`; give one of them another name",
                             how->table, rows->fields[r].name);
        }
        source[at] = (int)r;
    }
    return WEIR_OK;
}

static weir_rc place_by_list(const weir_schema *rows, const struct weiri_sql_assign *how, int *source, struct weir_error *err)
{
    if (rows->field_count != how->column_count) {
        return wrong_count(how, rows->field_count, how->column_count, err);
    }
    for (size_t r = 0; r < how->column_count; r++) {
        const int at = weir_schema_find(how->schema, weir_str(how->columns[r]));
        if (at < 0 || source[at] >= 0) {
            return weir_fail(err, WEIR_INVALID, at < 0 ? "UNRESOLVED_COLUMN" : "COLUMN_ALREADY_EXISTS", "%s %s the column `%s` of the column list", how->table, at < 0 ? "has not" : "is given twice", how->columns[r]);
        }
        source[at] = (int)r;
    }
    return WEIR_OK;
}

static weir_rc place(const weir_schema *rows, const struct weiri_sql_assign *how, int *source, struct weir_error *err)
{
    for (size_t t = 0; t < how->schema->field_count; t++) {
        source[t] = -1;
    }
    if (how->by_name) {
        return place_by_name(rows, how, source, err);
    }
    if (how->column_count > 0) {
        return place_by_list(rows, how, source, err);
    }
    if (rows->field_count != how->schema->field_count) {
        return wrong_count(how, rows->field_count, how->schema->field_count, err);
    }
    for (size_t t = 0; t < how->schema->field_count; t++) {
        source[t] = (int)t;
    }
    return WEIR_OK;
}

/* The SELECT round the rows; `same_out`: there is nothing to change. */
static weir_rc assignment(const weir_schema *rows, const struct weiri_sql_assign *how, const int *source, struct weir_buf *sql, bool *same_out, struct weir_error *err)
{
    *same_out = rows->field_count == how->schema->field_count;
    weir_buf_add_str(sql, "SELECT ");
    for (size_t t = 0; t < how->schema->field_count; t++) {
        const struct weir_field *to = &how->schema->fields[t];
        const struct weir_type *from = source[t] >= 0 ? &rows->fields[source[t]].type : NULL;
        const bool same = from && weir_type_eq(from, &to->type);
        *same_out = *same_out && same && source[t] == (int)t;
        if (from && !may_store(from, &to->type)) {
            return unsafe_cast(how, to, from, err);
        }
        weir_buf_add_str(sql, t ? ", " : "");
        if (same) {
            weir_buf_printf(sql, "c%d", source[t]);
        } else {
            weir_buf_add_str(sql, "CAST(");
            if (from) {
                weir_buf_printf(sql, "c%d", source[t]);
            } else {
                weir_buf_add_str(sql, "NULL");
            }
            weir_buf_add_str(sql, " AS ");
            type_text(sql, &to->type);
            weir_buf_add_char(sql, ')');
        }
        weir_buf_add_str(sql, " AS ");
        weiri_sql_back_tick(sql, to->name);
    }
    weir_buf_add_str(sql, " FROM new_rows");
    return WEIR_OK;
}

weir_rc weiri_sql_assign(weir_result *result, const struct weiri_sql_assign *how, struct weir_error *err)
{
    struct weir_buf sql;
    bool same = false;
    int *source = weir_calloc(how->schema->field_count + 1, sizeof *source);
    weir_buf_init(&sql, 0);
    weir_rc rc = place(result->schema, how, source, err);
    if (rc == WEIR_OK) {
        rc = assignment(result->schema, how, source, &sql, &same, err);
    }
    if (rc == WEIR_OK && !same) {
        int *kept = weir_arena_alloc(result->arena, (how->schema->field_count + 1) * sizeof *kept);
        memcpy(kept, source, how->schema->field_count * sizeof *kept);
        result->given = weir_schema_copy(result->arena, result->schema);
        result->wanted = weir_schema_copy(result->arena, how->schema);
        result->given_at = kept;
        rc = weiri_sql_wrap(result, weir_arena_strndup(result->arena, sql.data, sql.len), err);
    }
    weir_buf_free(&sql);
    weir_free(source);
    return rc;
}

/* A cast that the assignment made overflowed: Spark names the column and the types. DuckDB names the column as the assignment calls it, c0, c1, .. */
static void name_overflow(const weir_result *result, struct weir_error *err)
{
    const char *at = err ? strstr(err->msg, "source column c") : NULL;
    char *end = NULL;
    const long column = at ? strtol(at + 15, &end, 10) : -1;
    if (!result->given || !at || end == at + 15 || strcmp(err->condition, "CAST_OVERFLOW") != 0) {
        return;
    }
    for (size_t t = 0; t < result->wanted->field_count; t++) {
        if (result->given_at[t] == (int)column) {
            struct weir_buf from, to;
            weir_buf_init(&from, 0);
            weir_buf_init(&to, 0);
            weir_type_print(&from, &result->given->fields[column].type);
            weir_type_print(&to, &result->wanted->fields[t].type);
            const weir_rc ignored = weir_fail(err, WEIR_INVALID, "CAST_OVERFLOW_IN_TABLE_INSERT",
                                              "Fail to assign a value of \"%s\" type to the \"%s\" type column or variable `%s` due to an overflow; use try_cast on the input value to get NULL instead", from.data,
                                              to.data, result->wanted->fields[t].name);
            (void)ignored;
            weir_buf_free(&from);
            weir_buf_free(&to);
            return;
        }
    }
}

weir_rc weiri_sql_pump(weir_result *result, weir_delta_writer *writer, int64_t *rows_out, struct weir_error *err)
{
    int64_t rows = 0;
    weir_rc rc = WEIR_OK;
    while (rc == WEIR_OK) {
        struct weir_batch batch = {0};
        rc = weir_result_next(result, &batch, err);
        if (rc == WEIR_OK) {
            rows += weir_batch_rows(&batch);
            rc = weir_delta_writer_add(writer, &batch, err);
            weir_batch_release(&batch);
        }
    }
    *rows_out = rows;
    if (rc != WEIR_OK && rc != WEIR_END) {
        name_overflow(result, err);
    }
    return rc == WEIR_END ? WEIR_OK : rc;
}

weir_rc weir_result_write(weir_result *result, const weir_schema *schema, bool by_name, weir_delta_writer *writer, int64_t *rows_out, struct weir_error *err)
{
    const struct weiri_sql_assign how = {.schema = schema, .by_name = by_name, .table = "that is written"};
    *rows_out = 0;
    WEIR_TRY(weiri_sql_assign(result, &how, err));
    return weiri_sql_pump(result, writer, rows_out, err);
}
