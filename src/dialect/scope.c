/* scope.c - what a name means: lambda parameters, columns, fields of structs, lateral aliases, columns of the queries around. */
#include "dialect/parser.h"
#include "dialect/xlate.h"

static bool same_name(const char *a, struct weir_str b)
{
    return weir_str_eq_nocase(weir_str(a), b);
}

/* Does the qualifier parts[0..count) name this relation: its alias, or the last parts of its name? */
static bool qualifies(const struct rel *rel, const struct weir_name *name, int count)
{
    if (count > rel->name.count) {
        return false;
    }
    for (int i = 0; i < count; i++) {
        if (!weir_str_eq_nocase(rel->name.parts[rel->name.count - count + i], name->parts[i])) {
            return false;
        }
    }
    return true;
}

struct found { const struct column *column; int matches; };

static void look(struct found *found, const struct column *cols, size_t count, struct weir_str name)
{
    for (size_t i = 0; i < count; i++) {
        if (same_name(cols[i].name, name)) {
            found->column = &cols[i];
            found->matches++;
        }
    }
}

static struct found find_qualified(const struct scope *scope, const struct weir_name *name, int qualifier)
{
    struct found found = {0};
    for (size_t r = 0; r < scope->rel_count; r++) {
        if (qualifies(&scope->rels[r], name, qualifier)) {
            look(&found, scope->rels[r].cols, scope->rels[r].count, name->parts[qualifier]);
            look(&found, scope->rels[r].hidden, scope->rels[r].hidden_count, name->parts[qualifier]);
        }
    }
    return found;
}

static struct found find_plain(const struct scope *scope, struct weir_str name)
{
    struct found found = {0};
    look(&found, scope->visible, scope->visible_count, name);
    for (size_t r = 0; found.matches == 0 && r < scope->rel_count; r++) {
        look(&found, scope->rels[r].hidden, scope->rels[r].hidden_count, name);
    }
    return found;
}

static weir_rc ambiguous(struct xl *x, const weir_node *node, int matches)
{
    return weiri_invalid(x, node->pos, "AMBIGUOUS_REFERENCE", "the name %s could be any of %d columns; write its table's name before it", weiri_name_text(x->arena, &node->name),
                         matches);
}

/* The column in this FROM that the first parts name; `used` = how many parts. */
static weir_rc in_scope(struct env *env, const weir_node *node, const struct column **out, int *used)
{
    *out = NULL;
    if (!env->scope) {
        return WEIR_OK;
    }
    for (int q = node->name.count - 1; q >= 0; q--) {
        const struct found found = q > 0 ? find_qualified(env->scope, &node->name, q) : find_plain(env->scope, node->name.parts[0]);
        if (found.matches > 1) {
            return ambiguous(env->x, node, found.matches);
        }
        if (found.matches == 1) {
            *out = found.column;
            *used = q + 1;
            return WEIR_OK;
        }
    }
    return WEIR_OK;
}

weir_rc weiri_field(struct xl *x, struct weir_pos pos, struct val in, const char *name, struct val *out)
{
    if (in.type.id == WEIR_TYPE_ARRAY && in.type.fields[0].type.id == WEIR_TYPE_STRUCT) {
        const char *var = weiri_f(x, "v%d", x->next_var++);
        struct val element = {.type = in.type.fields[0].type, .sql = var, .weight = 1}, field;
        WEIR_TRY(weiri_field(x, pos, element, name, &field));
        *out = weiri_val(weiri_array_of(x, field.type), weiri_f(x, "list_transform(%s, lambda %s: %s)", in.sql, var, field.sql), in.weight + 2);
        return WEIR_OK;
    }
    if (in.type.id == WEIR_TYPE_MAP && in.type.fields[0].type.id == WEIR_TYPE_STRING) {
        *out = weiri_val(in.type.fields[1].type, weiri_f(x, "%s[%s]", in.sql, weiri_quote_string(x, name)), in.weight + 1);
        return WEIR_OK;
    }
    if (in.type.id != WEIR_TYPE_STRUCT) {
        return weiri_invalid(x, pos, "INVALID_EXTRACT_BASE_FIELD_TYPE", "cannot take the field `%.100s` of a %s; a struct is needed", name, weiri_type_text(x, &in.type));
    }
    const char **names = weir_arena_alloc(x->arena, (in.type.field_count + 1) * sizeof *names);
    for (size_t i = 0; i < in.type.field_count; i++) {
        names[i] = in.type.fields[i].name;
        if (same_name(names[i], weir_str(name))) {
            *out = weiri_val(in.type.fields[i].type, weiri_f(x, "struct_extract(%s, %s)", in.sql, weiri_quote_string(x, names[i])), in.weight + 1);
            return WEIR_OK;
        }
    }
    return weiri_invalid(x, pos, "FIELD_NOT_FOUND", "the struct has no field `%.100s`%s", name, weiri_near(x, name, names, in.type.field_count));
}

static weir_rc fields(struct xl *x, const weir_node *node, int used, struct val *value)
{
    for (int i = used; i < node->name.count; i++) {
        WEIR_TRY(weiri_field(x, node->pos, *value, node->name.parts[i].ptr, value));
    }
    return WEIR_OK;
}

static struct val of_column(const struct column *column)
{
    return (struct val){.type = column->type, .sql = column->sql, .weight = 1, .never_null = column->never_null};
}

static weir_rc in_lambda(struct env *env, const weir_node *node, struct val *out, bool *found)
{
    for (const struct lambda_scope *scope = env->lambda; scope; scope = scope->outer) {
        for (size_t i = 0; i < scope->count; i++) {
            if (same_name(scope->cols[i].name, node->name.parts[0])) {
                *out = of_column(&scope->cols[i]);
                *found = true;
                return fields(env->x, node, 1, out);
            }
        }
    }
    return WEIR_OK;
}

static weir_rc in_aliases(struct env *env, const weir_node *node, struct val *out, bool *found)
{
    const struct alias *hit = NULL;
    for (size_t i = 0; i < env->alias_count; i++) {
        if (env->aliases[i].done && env->aliases[i].name && same_name(env->aliases[i].name, node->name.parts[0])) {
            if (hit) {
                return ambiguous(env->x, node, 2);
            }
            hit = &env->aliases[i];
        }
    }
    if (hit) {
        *out = hit->val;
        *found = true;
        return fields(env->x, node, 1, out);
    }
    return WEIR_OK;
}

static weir_rc unresolved(struct env *env, const weir_node *node)
{
    struct xl *x = env->x;
    const char **names = NULL;
    size_t count = 0, cap = 0;
    for (size_t i = 0; env->scope && i < env->scope->visible_count; i++) {
        ARENA_PUSH(x->arena, names, count, cap) = env->scope->visible[i].name;
    }
    const char *last = node->name.parts[node->name.count - 1].ptr;
    return weiri_invalid(x, node->pos, "UNRESOLVED_COLUMN", "no column, variable or parameter is called %s%s", weiri_name_text(x->arena, &node->name),
                         weiri_near(x, last, names, count));
}

static weir_rc try_resolve(struct env *env, const weir_node *node, struct val *out, bool *found)
{
    const struct column *column = NULL;
    int used = 0;
    WEIR_TRY(in_lambda(env, node, out, found));
    if (!*found && env->aliases_first) {
        WEIR_TRY(in_aliases(env, node, out, found));
    }
    if (*found) {
        return WEIR_OK;
    }
    WEIR_TRY(in_scope(env, node, &column, &used));
    if (column) {
        *found = true;
        if (env->agg && !env->inside_aggregate) {
            for (size_t i = 0; i < env->agg->group_count; i++) { /* a.b where a is grouped */
                struct val group = env->agg->vals[i];
                if (strcmp(group.sql, column->sql) == 0) {
                    group.sql = env->agg->refs[i];
                    *out = group;
                    return fields(env->x, node, used, out);
                }
            }
            return weiri_invalid(env->x, node->pos, env->agg->group_count ? "MISSING_AGGREGATION" : "MISSING_GROUP_BY",
                                 "the column %s is neither grouped nor inside an aggregate function; add it to GROUP BY, or use any_value(%s)",
                                 weiri_name_text(env->x->arena, &node->name), weiri_name_text(env->x->arena, &node->name));
        }
        *out = of_column(column);
        return fields(env->x, node, used, out);
    }
    if (!env->aliases_first) {
        WEIR_TRY(in_aliases(env, node, out, found));
    }
    return WEIR_OK;
}

weir_rc weiri_find_column(struct env *env, const weir_node *node, struct val *out, bool *found)
{
    *found = false;
    for (struct env *e = env; e && !*found; e = e->outer) {
        WEIR_TRY(try_resolve(e, node, out, found));
    }
    return WEIR_OK;
}

weir_rc weiri_resolve_column(struct env *env, const weir_node *node, struct val *out)
{
    bool found = false;
    WEIR_TRY(weiri_find_column(env, node, out, &found));
    if (found) {
        return WEIR_OK;
    }
    return unresolved(env, node);
}

bool weiri_column_is_local(struct env *env, const weir_node *node)
{
    struct weir_error *err = env->x->err, scratch;
    const struct column *column = NULL;
    int used = 0;
    env->x->err = &scratch;
    const weir_rc rc = in_scope(env, node, &column, &used);
    env->x->err = err;
    return rc != WEIR_OK || column;
}

struct column *weiri_rel_matches(struct env *env, const weir_node *star, size_t *count)
{
    for (struct env *e = env; e; e = e->outer) {
        for (size_t r = 0; e->scope && r < e->scope->rel_count; r++) {
            if (qualifies(&e->scope->rels[r], &star->name, star->name.count)) {
                *count = e->scope->rels[r].count;
                return e->scope->rels[r].cols;
            }
        }
    }
    return NULL;
}

/* --- equal expressions --- */

static bool same_column(struct env *env, const weir_node *a, const weir_node *b)
{
    struct weir_error *err = env->x->err, scratch;
    const struct column *ca = NULL, *cb = NULL;
    int ua = 0, ub = 0;
    env->x->err = &scratch;
    const bool ok = in_scope(env, a, &ca, &ua) == WEIR_OK && in_scope(env, b, &cb, &ub) == WEIR_OK;
    env->x->err = err;
    if (!ok || !ca || !cb || strcmp(ca->sql, cb->sql) != 0 || a->name.count - ua != b->name.count - ub) {
        return false;
    }
    for (int i = 0; i < a->name.count - ua; i++) {
        if (!weir_str_eq_nocase(a->name.parts[ua + i], b->name.parts[ub + i])) {
            return false;
        }
    }
    return true;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_call(const struct call *a, const struct call *b)
{
    if (!a || !b) {
        return a == b;
    }
    return a->distinct == b->distinct && a->star == b->star && a->ignore_nulls == b->ignore_nulls && !a->filter && !b->filter && a->within_count == 0 && b->within_count == 0 && !a->over
           && !b->over && same_text(a->keyword, b->keyword);
}

bool weiri_same_expr(struct env *env, const weir_node *a, const weir_node *b)
{
    if (a->kind == N_COLUMN && b->kind == N_COLUMN) {
        return same_column(env, a, b);
    }
    if (a->kind != b->kind || a->op != b->op || a->negated != b->negated || a->quant != b->quant || a->kid_count != b->kid_count || a->has_else != b->has_else
        || a->has_operand != b->has_operand || a->name_count != b->name_count || a->query || b->query) {
        return false;
    }
    const bool field = a->kind == N_FIELD;
    if (field ? !weir_str_eq_nocase(weir_str(a->text), weir_str(b->text)) : !same_text(a->text, b->text)) {
        return false;
    }
    if (!same_call(a->call, b->call) || !weiri_same_type(&a->type, &b->type)) {
        return false;
    }
    for (size_t i = 0; i < a->name_count; i++) {
        if (!same_text(a->names[i], b->names[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < a->kid_count; i++) {
        if (!weiri_same_expr(env, a->kids[i], b->kids[i])) {
            return false;
        }
    }
    return true;
}
