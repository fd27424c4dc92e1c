/* expectations.c - what a statement's CONSTRAINTs say of its rows, checked before anything runs. They are applied where rows are written: sql's expect.c. */
#include "pipeline/pipeline_internal.h"

static enum weir_violation action_of(const struct weir_constraint *constraint)
{
    static const struct { const char *text; enum weir_violation action; } known[] = {{"DROP ROW", WEIR_VIOLATION_DROP}, {"FAIL UPDATE", WEIR_VIOLATION_FAIL}, {"QUARANTINE", WEIR_VIOLATION_QUARANTINE}};
    for (size_t i = 0; constraint->on_violation && i < sizeof known / sizeof *known; i++) {
        if (strcmp(constraint->on_violation, known[i].text) == 0) {
            return known[i].action;
        }
    }
    return WEIR_VIOLATION_KEEP;
}

static weir_rc refuse(const struct dataset *dataset, const struct weir_constraint *constraint, const char *condition, const char *what, struct weir_error *err)
{
    return weiri_at_place(err, weir_fail_at(err, WEIR_INVALID, condition, constraint->pos.line, constraint->pos.column, "expectation %s of %s %s", constraint->name, dataset->full_name, what), dataset->file,
                          constraint->pos);
}

/* <table>__quarantine: a dataset of the graph, so that others may read it, after the one that fills it. */
static weir_rc add_quarantine(struct graph *graph, struct dataset *dataset, const struct weir_constraint *constraint, struct weir_error *err)
{
    struct dataset *quarantine = weir_arena_zalloc(graph->arena, sizeof *quarantine);
    struct weir_stmt *stmt = weir_arena_zalloc(graph->arena, sizeof *stmt);
    *stmt = (struct weir_stmt){.kind = dataset->stmt->kind, .text = dataset->stmt->text, .pos = dataset->stmt->pos, .comment = weir_arena_printf(graph->arena, "rows that violate expectations of %s", dataset->full_name)};
    *quarantine = (struct dataset){.kind = dataset->kind, .catalog = dataset->catalog, .schema = dataset->schema, .name = weir_arena_printf(graph->arena, "%s__quarantine", dataset->name), .file = dataset->file,
                                   .pos = constraint->pos, .stmt = stmt, .quarantine_of = dataset};
    quarantine->full_name = weir_arena_printf(graph->arena, "%s.%s.%s", quarantine->catalog, quarantine->schema, quarantine->name);
    if (weir_map_has(graph->by_name, weir_str(quarantine->full_name))) {
        return refuse(dataset, constraint, "QUARANTINE_NAME_TAKEN", weir_arena_printf(graph->arena, "needs the name %s, which the project gives to another dataset; rename that one", quarantine->full_name), err);
    }
    weir_map_put(graph->by_name, weir_str(quarantine->full_name), quarantine);
    dataset->quarantine = quarantine;
    return WEIR_OK;
}

weir_rc weiri_expectations_take(struct graph *graph, struct dataset *dataset, struct weir_error *err)
{
    const struct weir_stmt *stmt = dataset->stmt;
    struct weir_expectation *items = weir_arena_zalloc(graph->arena, (stmt->constraint_count + 1) * sizeof *items);
    for (size_t i = 0; i < stmt->constraint_count; i++) {
        const struct weir_constraint *constraint = &stmt->constraints[i];
        items[i] = (struct weir_expectation){.name = constraint->name, .condition = constraint->expr_text, .action = action_of(constraint)};
        for (size_t k = 0; k < i; k++) {
            if (weir_str_eq_nocase(weir_str(items[k].name), weir_str(items[i].name))) {
                return refuse(dataset, constraint, "PIPELINE_DUPLICATE_IDENTIFIERS", "is there twice; give one of them another name: their counts go by it", err);
            }
        }
        if (items[i].action == WEIR_VIOLATION_QUARANTINE && !dataset->quarantine) {
            WEIR_TRY(add_quarantine(graph, dataset, constraint, err));
        }
    }
    dataset->expectations = (struct weir_expectations){.items = items, .count = stmt->constraint_count, .dataset = dataset->full_name};
    return WEIR_OK;
}

weir_rc weiri_quarantine_schema(struct graph *graph, struct dataset *quarantine, struct weir_error *err)
{
    static const char *const own[] = {WEIR_QUARANTINE_FAILED, WEIR_QUARANTINE_BATCH};
    const struct dataset *table = quarantine->quarantine_of;
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        if (weir_schema_find(table->schema_out, weir_str(own[i])) >= 0) {
            return weir_fail_at(err, WEIR_INVALID, "QUARANTINE_NAME_TAKEN", table->pos.line, table->pos.column, "%s has a column %s, which its quarantine has of its own; give the column another name", table->full_name, own[i]);
        }
    }
    quarantine->schema_out = weir_quarantine_schema(graph->arena, table->schema_out);
    return WEIR_OK;
}

/* --- is it a condition? --- */

static weir_rc give_columns(void *arg, const struct weir_table_ref *ref, struct weir_input *out, struct weir_error *err)
{
    (void)ref;
    (void)err;
    *out = (struct weir_input){.kind = WEIR_INPUT_EMPTY, .schema = arg};
    return WEIR_OK;
}

/* The condition as a query, standing at the line and column where it stands in its file, so that an error of it has its own place. */
static const char *as_query(struct graph *graph, const struct weir_constraint *constraint, const char *before, const char *after)
{
    struct weir_buf text;
    weir_buf_init(&text, 0);
    weir_buf_printf(&text, "SELECT %s", before);
    int line = 1;
    size_t column = text.len + 1;
    for (; line < constraint->expr_pos.line; line++, column = 1) {
        weir_buf_add_char(&text, '\n');
    }
    for (; column < (size_t)constraint->expr_pos.column; column++) {
        weir_buf_add_char(&text, ' ');
    }
    weir_buf_printf(&text, "%s\n%s FROM `rows`", constraint->expr_text, after);
    const char *copy = weir_arena_strndup(graph->arena, text.data, text.len);
    weir_buf_free(&text);
    return copy;
}

static weir_rc translate(struct graph *graph, weir_session *session, struct dataset *dataset, const struct weir_constraint *constraint, const char *query, struct weir_translation *out, struct weir_error *err)
{
    struct weir_stmt *stmts = NULL;
    struct weir_table_ref *refs = NULL;
    size_t count = 0, tables = 0;
    weir_rc rc = weir_sql_parse(graph->arena, weir_str(query), &stmts, &count, err);
    if (rc == WEIR_OK) {
        rc = weir_sql_tables(graph->arena, stmts[0].query, &refs, &tables, err);
    }
    if (rc == WEIR_OK && tables > 1) {
        return refuse(dataset, constraint, "EXPECTATION_INVALID", "reads another table; a condition is over the columns of one row: join in the query, and name the columns", err);
    }
    if (rc == WEIR_OK) {
        const struct weir_transform transform = {.query = stmts[0].query, .input = give_columns, .arg = (void *)(uintptr_t)dataset->schema_out};
        rc = weir_session_analyze(session, graph->arena, &transform, out, err);
    }
    if (rc != WEIR_OK) {
        weir_error_wrap(err, "expectation %s", constraint->name);
        return weiri_at_place(err, rc, dataset->file, constraint->expr_pos);
    }
    return WEIR_OK;
}

static weir_rc check_one(struct graph *graph, weir_session *session, struct dataset *dataset, const struct weir_constraint *constraint, struct weir_error *err)
{
    struct weir_translation translation, as_written;
    WEIR_TRY(translate(graph, session, dataset, constraint, as_query(graph, constraint, "(", ")"), &translation, err));
    if (translation.aggregates || translation.windows || translation.distinct) {
        return refuse(dataset, constraint, "EXPECTATION_INVALID", "has an aggregate or a window function; a condition is over the columns of one row: put it into a view of its own", err);
    }
    if (translation.schema->fields[0].type.id != WEIR_TYPE_BOOLEAN) {
        return refuse(dataset, constraint, "EXPECTATION_INVALID", "is not BOOLEAN; write a condition, as a > 0 or a IS NOT NULL", err);
    }
    /* In an operand, as it will stand: what may only be a column of its own (explode) has no place there. */
    WEIR_TRY(translate(graph, session, dataset, constraint, as_query(graph, constraint, "coalesce((", "), false)"), &as_written, err));
    for (size_t f = 0; f < dataset->flow_count; f++) {
        dataset->flows[f]->deterministic = dataset->flows[f]->deterministic && translation.deterministic; /* a view is recomputed, then, as for such a query */
    }
    return WEIR_OK;
}

weir_rc weiri_expectations_check(struct graph *graph, struct dataset *dataset, struct weir_error *err)
{
    weir_session *session = NULL;
    if (dataset->expectations.count == 0) {
        return WEIR_OK;
    }
    WEIR_TRY(weiri_session_for(graph, dataset->flows[0], &session, err));
    weir_rc rc = WEIR_OK;
    for (size_t i = 0; rc == WEIR_OK && i < dataset->stmt->constraint_count; i++) {
        rc = check_one(graph, session, dataset, &dataset->stmt->constraints[i], err);
    }
    weir_session_close(session);
    return rc;
}

struct weir_event_origin weiri_event_origin(const struct graph *graph, const struct flow *flow)
{
    return (struct weir_event_origin){.pipeline = graph->project->name, .update_id = graph->update_id.text, .flow = flow->name};
}
