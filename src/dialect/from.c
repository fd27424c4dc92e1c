/* from.c - FROM: tables asked of the resolver, CTEs, sub-queries, joins and what '*' and a plain name find after them, LATERAL VIEW. */
#include "dialect/parser.h"
#include "dialect/xlate.h"

const char *weiri_new_rel(struct xl *x)
{
    return weiri_f(x, "\"r%d\"", x->next_rel++);
}

static struct rel *add_rel(struct xl *x, struct scope *scope, const char *alias, const struct weir_name *name)
{
    struct rel rel = {0};
    if (alias) {
        rel.name.parts[0] = weir_str(alias);
        rel.name.count = 1;
    } else if (name) {
        rel.name = *name;
    }
    ARENA_PUSH(x->arena, scope->rels, scope->rel_count, scope->rel_cap) = rel;
    return &scope->rels[scope->rel_count - 1];
}

static void show(struct xl *x, struct scope *scope, const struct column *cols, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ARENA_PUSH(x->arena, scope->visible, scope->visible_count, scope->visible_cap) = cols[i];
    }
}

/* AS t(a, b): new names, all of them. */
static weir_rc rename_columns(struct xl *x, const struct from *from, struct column *cols, size_t count)
{
    if (from->column_count == 0) {
        return WEIR_OK;
    }
    if (from->column_count != count) {
        return weiri_invalid(x, from->pos, "NUM_TABLE_VALUE_ALIASES_MISMATCH", "%zu names for %zu columns", from->column_count, count);
    }
    for (size_t i = 0; i < count; i++) {
        cols[i].name = from->columns[i];
    }
    return WEIR_OK;
}

/* The columns of a result as they are reached through the relation's name. */
static struct column *through(struct xl *x, const struct column *cols, size_t count, const char *rel)
{
    struct column *out = weir_arena_zalloc(x->arena, (count + 1) * sizeof *out);
    for (size_t i = 0; i < count; i++) {
        out[i] = cols[i];
        out[i].sql = weiri_f(x, "%s.%s", rel, cols[i].sql);
    }
    return out;
}

static struct column *of_schema(struct xl *x, const weir_schema *schema, const char *rel)
{
    struct column *out = weir_arena_zalloc(x->arena, (schema->field_count + 1) * sizeof *out);
    for (size_t i = 0; i < schema->field_count; i++) {
        out[i] = (struct column){.name = schema->fields[i].name, .type = schema->fields[i].type, .sql = weiri_f(x, "%s.%s", rel, weiri_quote_name(x, schema->fields[i].name))};
    }
    return out;
}

static const struct cte_scope *find_cte(const struct xl *x, const struct from *from)
{
    if (!weiri_may_name_cte(&from->table)) {
        return NULL;
    }
    for (const struct cte_scope *cte = x->ctes; cte; cte = cte->outer) {
        if (weir_str_eq_nocase(weir_str(cte->name), from->table.name.parts[0])) {
            return cte;
        }
    }
    return NULL;
}

/* range(end), range(start, end[, step]). */
static weir_rc range(struct xl *x, const struct from *from, struct scope *scope, const char **out)
{
    const struct weir_table_ref *ref = &from->table;
    int64_t n[3] = {0, 0, 1};
    if (ref->arg_count < 1 || ref->arg_count > 3) {
        return weiri_unsupported(x, from->pos, "TABLE_FUNCTION_UNSUPPORTED", "range() with these arguments");
    }
    for (size_t i = 0; i < ref->arg_count; i++) {
        if (ref->args[i].name || !weir_str_to_i64(weir_str(ref->args[i].value), &n[ref->arg_count == 1 ? 1 : i])) {
            return weiri_invalid(x, from->pos, "DATATYPE_MISMATCH", "range() takes integers");
        }
    }
    if (n[2] == 0) {
        return weiri_invalid(x, from->pos, "DATATYPE_MISMATCH", "the step of range() is not 0");
    }
    const char *rel = weiri_new_rel(x);
    struct rel *r = add_rel(x, scope, from->alias, &ref->name);
    r->cols = weir_arena_zalloc(x->arena, sizeof *r->cols);
    r->count = 1;
    r->cols[0] = (struct column){.name = "id", .type = weir_type_of(WEIR_TYPE_LONG), .sql = weiri_f(x, "%s.\"id\"", rel)};
    WEIR_TRY(rename_columns(x, from, r->cols, 1));
    show(x, scope, r->cols, 1);
    *out = weiri_f(x, "range(%lld, %lld, %lld) AS %s(\"id\")", (long long)n[0], (long long)n[1], (long long)n[2], rel);
    return WEIR_OK;
}

static weir_rc table(struct env *env, const struct from *from, struct scope *scope, const char **out)
{
    struct xl *x = env->x;
    const struct cte_scope *cte = find_cte(x, from);
    const char *rel = NULL;
    if (cte) {
        rel = weiri_new_rel(x);
        struct rel *r = add_rel(x, scope, from->alias, &from->table.name);
        r->cols = through(x, cte->result.cols, cte->result.count, rel);
        r->count = cte->result.count;
        WEIR_TRY(rename_columns(x, from, r->cols, r->count));
        show(x, scope, r->cols, r->count);
        *out = weiri_f(x, "%s AS %s", cte->duck_name, rel);
        return WEIR_OK;
    }
    if (from->table.function && strcmp(from->table.function, "range") == 0 && !from->table.stream) {
        return range(x, from, scope, out);
    }
    struct weir_table_ref ref = from->table;
    struct weir_relation relation = {0};
    ref.metadata_used = x->metadata_used;
    const weir_rc rc = x->resolver->resolve(x->resolver->arg, &ref, &relation, x->err);
    if (rc != WEIR_OK) {
        if (x->err && x->err->line == 0) {
            x->err->line = from->pos.line;
            x->err->column = from->pos.column;
        }
        return rc;
    }
    rel = weiri_new_rel(x);
    struct rel *r = add_rel(x, scope, from->alias, &from->table.name);
    r->cols = of_schema(x, relation.schema, rel);
    r->count = relation.schema->field_count;
    if (relation.hidden) {
        r->hidden = of_schema(x, relation.hidden, rel);
        r->hidden_count = relation.hidden->field_count;
    }
    WEIR_TRY(rename_columns(x, from, r->cols, r->count));
    show(x, scope, r->cols, r->count);
    *out = weiri_f(x, "%s AS %s", relation.duck_sql, rel);
    return WEIR_OK;
}

static weir_rc sub_query(struct env *env, const struct from *from, struct scope *scope, const char **out)
{
    struct xl *x = env->x;
    struct result result;
    struct env around = *env;
    around.scope = scope;
    around.clause = NULL;
    WEIR_TRY(weiri_query_sql(x, from->query, from->lateral ? &around : env->outer, false, &result));
    const char *rel = weiri_new_rel(x);
    const struct body *body = from->query->body;
    const char *alias = from->alias ? from->alias : body->kind == BODY_VALUES ? body->alias : NULL;
    struct rel *r = add_rel(x, scope, alias, NULL);
    r->cols = through(x, result.cols, result.count, rel);
    r->count = result.count;
    WEIR_TRY(rename_columns(x, from, r->cols, r->count));
    show(x, scope, r->cols, r->count);
    *out = weiri_f(x, "%s(%s) AS %s", from->lateral ? "LATERAL " : "", result.sql, rel);
    return WEIR_OK;
}

/* --- joins --- */

static const struct column *named(const struct column *cols, size_t count, const char *name, int *matches)
{
    const struct column *found = NULL;
    *matches = 0;
    for (size_t i = 0; i < count; i++) {
        if (weir_str_eq_nocase(weir_str(cols[i].name), weir_str(name))) {
            found = &cols[i];
            (*matches)++;
        }
    }
    return found;
}

/* JOIN .. USING (a): one column a, which comes first; NATURAL: the names that both sides have. */
static weir_rc using_join(struct xl *x, const struct from *from, struct scope *scope, size_t start, size_t middle, const char **on)
{
    struct column *left = scope->visible + start, *right = scope->visible + middle;
    const size_t left_count = middle - start, right_count = scope->visible_count - middle;
    const char **names = from->using_names;
    size_t name_count = from->using_count, cap = 0, count = 0, merged_cap = 0, out_cap = 0;
    for (size_t i = 0; from->natural && i < left_count; i++) {
        int matches = 0;
        if (named(right, right_count, left[i].name, &matches)) {
            ARENA_PUSH(x->arena, names, name_count, cap) = left[i].name;
        }
    }
    struct column *merged = NULL, *out = NULL;
    size_t out_count = 0;
    *on = "";
    for (size_t i = 0; i < name_count; i++) {
        int ml = 0, mr = 0;
        const struct column *l = named(left, left_count, names[i], &ml), *r = named(right, right_count, names[i], &mr);
        if (ml != 1 || mr != 1) {
            return weiri_invalid(x, from->pos, "UNRESOLVED_USING_COLUMN_FOR_JOIN", "the column `%.100s` of USING is not there once on each side", names[i]);
        }
        struct val a = weiri_val(l->type, l->sql, 1), b = weiri_val(r->type, r->sql, 1), same;
        WEIR_TRY(weiri_compare(x, from->pos, OP_EQ, a, b, &same));
        *on = weiri_more(x, *on, "%s%s", i ? " AND " : "", same.sql);
        struct column column = from->join == JOIN_RIGHT ? *r : *l;
        if (from->join == JOIN_FULL) {
            struct val both[2] = {a, b};
            WEIR_TRY(weiri_unify(x, from->pos, both, 2, &column.type));
            column.sql = weiri_f(x, "coalesce(%s, %s)", both[0].sql, both[1].sql);
        }
        column.name = l->name;
        ARENA_PUSH(x->arena, merged, count, merged_cap) = column;
    }
    for (size_t i = 0; i < count; i++) {
        ARENA_PUSH(x->arena, out, out_count, out_cap) = merged[i];
    }
    for (size_t i = 0; i < left_count + right_count; i++) {
        int matches = 0;
        const struct column *column = i < left_count ? &left[i] : &right[i - left_count];
        if (!named(merged, count, column->name, &matches)) {
            ARENA_PUSH(x->arena, out, out_count, out_cap) = *column;
        }
    }
    scope->visible_count = start;
    show(x, scope, out, out_count);
    return WEIR_OK;
}

static weir_rc join_condition(struct env *env, const struct from *from, const struct scope *scope, size_t start_rel, size_t start, const char **on)
{
    struct scope inside = {.rels = scope->rels + start_rel, .rel_count = scope->rel_count - start_rel, .visible = scope->visible + start, .visible_count = scope->visible_count - start};
    struct env inner = *env;
    struct val condition;
    inner.scope = &inside;
    inner.clause = "JOIN .. ON";
    inner.alias_count = 0;
    WEIR_TRY(weiri_expr_val(&inner, from->on, &condition));
    WEIR_TRY(weiri_coerce_bool(&inner, from->on, &condition, "ON"));
    *on = condition.sql;
    return WEIR_OK;
}

static weir_rc join(struct env *env, const struct from *from, struct scope *scope, const char **out)
{
    static const char *const words[] = {[JOIN_INNER] = "INNER JOIN", [JOIN_CROSS] = "CROSS JOIN", [JOIN_LEFT] = "LEFT JOIN", [JOIN_RIGHT] = "RIGHT JOIN", [JOIN_FULL] = "FULL JOIN",
                                        [JOIN_SEMI] = "SEMI JOIN", [JOIN_ANTI] = "ANTI JOIN"};
    struct xl *x = env->x;
    const size_t start_rel = scope->rel_count, start = scope->visible_count;
    const char *left = NULL, *right = NULL, *on = NULL;
    x->out->joins = true;
    WEIR_TRY(weiri_from_sql(env, from->left, scope, &left));
    const size_t middle_rel = scope->rel_count, middle = scope->visible_count;
    WEIR_TRY(weiri_from_sql(env, from->right, scope, &right));
    if (from->on) {
        WEIR_TRY(join_condition(env, from, scope, start_rel, start, &on));
    } else if (from->using_count > 0 || from->natural) {
        WEIR_TRY(using_join(x, from, scope, start, middle, &on));
        on = *on ? on : "true";
    } else if (from->join != JOIN_INNER && from->join != JOIN_CROSS) {
        on = "true";
    }
    if (from->join == JOIN_SEMI || from->join == JOIN_ANTI) {
        scope->rel_count = middle_rel;
        scope->visible_count = middle; /* with USING: the merged columns and the left rest are as many as the left had */
    }
    const char *word = from->join == JOIN_CROSS || (from->join == JOIN_INNER && !on) ? "CROSS JOIN" : words[from->join];
    if (from->join == JOIN_CROSS && on) {
        word = "INNER JOIN";
    }
    const char *side = from->right->kind == FROM_JOIN ? weiri_f(x, "(%s)", right) : right;
    *out = on ? weiri_f(x, "%s %s %s ON %s", left, word, side, on) : weiri_f(x, "%s %s %s", left, word, side);
    return WEIR_OK;
}

weir_rc weiri_from_sql(struct env *env, const struct from *from, struct scope *scope, const char **out)
{
    switch (from->kind) {
    case FROM_TABLE: return table(env, from, scope, out);
    case FROM_QUERY: return sub_query(env, from, scope, out);
    case FROM_JOIN: return join(env, from, scope, out);
    }
    return WEIR_OK;
}

/* --- explode and its kin --- */

bool weiri_is_generator(const weir_node *node)
{
    static const char *const names[] = {"explode", "explode_outer", "posexplode", "posexplode_outer", "inline", "inline_outer", NULL};
    for (size_t i = 0; node->kind == N_CALL && names[i]; i++) {
        if (strcmp(node->text, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

weir_rc weiri_generator(struct env *env, const weir_node *node, struct column **cols, size_t *count)
{
    struct xl *x = env->x;
    struct val list;
    size_t cap = 0;
    const bool position = strncmp(node->text, "pos", 3) == 0, fields = strncmp(node->text, "inline", 6) == 0, outer = strstr(node->text, "_outer") != NULL;
    *cols = NULL;
    *count = 0;
    if (node->kid_count != 1 || node->call->distinct || node->call->over) {
        return weiri_invalid(x, node->pos, "WRONG_NUM_ARGS", "%s() takes one argument", node->text);
    }
    WEIR_TRY(weiri_expr_val(env, node->kids[0], &list));
    if (fields && (list.type.id != WEIR_TYPE_ARRAY || list.type.fields[0].type.id != WEIR_TYPE_STRUCT)) {
        return weiri_invalid(x, node->pos, "DATATYPE_MISMATCH", "%s() takes an array of structs", node->text);
    }
    if (list.type.id != WEIR_TYPE_ARRAY && list.type.id != WEIR_TYPE_MAP) {
        return weiri_invalid(x, node->pos, "DATATYPE_MISMATCH", "%s() takes an array or a map, not %s", node->text, weiri_type_text(x, &list.type));
    }
    const bool map = list.type.id == WEIR_TYPE_MAP;
    const char *length = map ? weiri_f(x, "len(map_keys(%s))", list.sql) : weiri_f(x, "len(%s)", list.sql);
    const char *open = outer ? weiri_f(x, "CASE WHEN coalesce(%s, 0) = 0 THEN [NULL] ELSE ", length) : "", *close = outer ? " END" : "";
    if (position) {
        ARENA_PUSH(x->arena, *cols, *count, cap) = (struct column){.name = "pos", .type = weir_type_of(WEIR_TYPE_INT), .sql = weiri_f(x, "CAST(unnest(%srange(%s)%s) AS INTEGER)", open, length, close)};
    }
    if (map) {
        ARENA_PUSH(x->arena, *cols, *count, cap) = (struct column){.name = "key", .type = list.type.fields[0].type, .sql = weiri_f(x, "unnest(%smap_keys(%s)%s)", open, list.sql, close)};
        ARENA_PUSH(x->arena, *cols, *count, cap) = (struct column){.name = "value", .type = list.type.fields[1].type, .sql = weiri_f(x, "unnest(%smap_values(%s)%s)", open, list.sql, close)};
        return WEIR_OK;
    }
    const struct weir_type element = list.type.fields[0].type;
    for (size_t i = 0; fields && i < element.field_count; i++) {
        const char *sql = weiri_f(x, "struct_extract(unnest(%s%s%s), %s)", open, list.sql, close, weiri_quote_string(x, element.fields[i].name));
        ARENA_PUSH(x->arena, *cols, *count, cap) = (struct column){.name = element.fields[i].name, .type = element.fields[i].type, .sql = sql};
    }
    if (!fields) {
        ARENA_PUSH(x->arena, *cols, *count, cap) = (struct column){.name = "col", .type = element, .sql = weiri_f(x, "unnest(%s%s%s)", open, list.sql, close)};
    }
    return WEIR_OK;
}

weir_rc weiri_lateral_view(struct env *env, const struct lateral_view *view, struct scope *scope, const char *from, const char **out)
{
    struct xl *x = env->x;
    struct column *cols = NULL;
    size_t count = 0;
    struct env inner = *env;
    inner.scope = scope;
    inner.clause = "LATERAL VIEW";
    if (!weiri_is_generator(view->call)) {
        return weiri_unsupported(x, view->pos, "LATERAL_VIEW_UNSUPPORTED", weiri_f(x, "LATERAL VIEW %s()", view->call->text));
    }
    WEIR_TRY(weiri_generator(&inner, view->call, &cols, &count));
    if (view->column_count > 0 && view->column_count != count) {
        return weiri_invalid(x, view->pos, "UDTF_ALIAS_NUMBER_MISMATCH", "%zu names for %zu columns", view->column_count, count);
    }
    const char *rel = weiri_new_rel(x), *items = "";
    struct rel *r = add_rel(x, scope, view->alias ? view->alias : "", NULL);
    for (size_t i = 0; i < count; i++) {
        items = weiri_more(x, items, "%s%s AS \"u%zu\"", i ? ", " : "", cols[i].sql, i);
        cols[i].sql = weiri_f(x, "%s.\"u%zu\"", rel, i);
        cols[i].name = view->column_count > 0 ? view->columns[i] : cols[i].name;
    }
    r->cols = cols;
    r->count = count;
    show(x, scope, cols, count);
    *out = weiri_f(x, "%s %s JOIN LATERAL (SELECT %s) AS %s%s", from, view->outer ? "LEFT" : "CROSS", items, rel, view->outer ? " ON true" : "");
    return WEIR_OK;
}
