/* special_nested.c - arrays, maps, structs, and functions that take a lambda. */
#include "dialect/special.h"

#include <stdio.h>

static struct weir_type element_of(const struct weir_type *array)
{
    return array->fields[0].type;
}

weir_rc weiri_fn_array(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    struct weir_type type;
    const char *all = "";
    WEIR_TRY(weiri_unify(x, s->node->pos, s->args, s->count, &type));
    for (size_t i = 0; i < s->count; i++) {
        all = weiri_f(x, "%s%s%s", all, i ? ", " : "", s->args[i].sql);
    }
    *out = weiri_val(weiri_array_of(x, type), weiri_f(x, "[%s]", all), weiri_weight(s, 1));
    return WEIR_OK;
}

/* The name that struct(..) gives an argument: its alias, its column, else col1, col2. */
static const char *field_name(struct special *s, size_t i)
{
    const weir_node *kid = s->node->kids[i];
    if (kid->kind == N_NAMED_ARG) {
        return kid->text;
    }
    if (kid->kind == N_COLUMN) {
        return kid->name.parts[kid->name.count - 1].ptr;
    }
    return kid->kind == N_FIELD ? kid->text : weiri_f(s->env->x, "col%zu", i + 1);
}

weir_rc weiri_fn_struct(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    const bool named = strcmp(s->node->text, "named_struct") == 0;
    const size_t step = named ? 2 : 1, count = s->count / step;
    struct weir_type type = weir_type_of(WEIR_TYPE_STRUCT);
    const char *all = "";
    if (s->count % step != 0) {
        return weiri_invalid(x, s->node->pos, "WRONG_NUM_ARGS", "named_struct() takes pairs of a name and a value");
    }
    type.fields = weir_arena_zalloc(x->arena, count * sizeof *type.fields);
    type.field_count = count;
    for (size_t i = 0; i < count; i++) {
        const char *name = NULL;
        if (!named) {
            name = field_name(s, i);
        } else {
            WEIR_TRY(weiri_constant_arg(s, i * 2, &name));
        }
        const struct val *value = &s->args[i * step + step - 1];
        for (size_t k = 0; k < i; k++) {
            if (weir_str_eq_nocase(weir_str(type.fields[k].name), weir_str(name))) {
                return weiri_unsupported(x, s->node->pos, "STRUCT_FIELDS_UNSUPPORTED", "a struct with two fields of one name");
            }
        }
        type.fields[i] = (struct weir_field){.name = name, .type = value->type, .nullable = true};
        all = weiri_f(x, "%s%s%s: %s", all, i ? ", " : "", weiri_quote_string(x, name), value->sql);
    }
    *out = weiri_val(type, weiri_f(x, "{%s}", all), weiri_weight(s, 1));
    out->never_null = true;
    return WEIR_OK;
}

weir_rc weiri_fn_map(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    const size_t pairs = s->count / 2;
    struct val *keys = weir_arena_zalloc(x->arena, (pairs + 1) * sizeof *keys), *values = weir_arena_zalloc(x->arena, (pairs + 1) * sizeof *values);
    struct weir_type key, value;
    const char *k = "", *v = "";
    if (s->count == 0 || s->count % 2 != 0) {
        return s->count == 0 ? weiri_unsupported(x, s->node->pos, "FUNCTION_UNSUPPORTED", "map() without entries")
                             : weiri_invalid(x, s->node->pos, "WRONG_NUM_ARGS", "map() takes pairs of a key and a value");
    }
    for (size_t i = 0; i < pairs; i++) {
        keys[i] = s->args[i * 2];
        values[i] = s->args[i * 2 + 1];
    }
    WEIR_TRY(weiri_unify(x, s->node->pos, keys, pairs, &key));
    WEIR_TRY(weiri_unify(x, s->node->pos, values, pairs, &value));
    for (size_t i = 0; i < pairs; i++) {
        k = weiri_f(x, "%s%s%s", k, i ? ", " : "", keys[i].sql);
        v = weiri_f(x, "%s%s%s", v, i ? ", " : "", values[i].sql);
    }
    *out = weiri_val(weiri_map_of(x, key, value), weiri_f(x, "MAP([%s], [%s])", k, v), weiri_weight(s, 1));
    return WEIR_OK;
}

weir_rc weiri_fn_element_at(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    const bool try_it = strncmp(s->node->text, "try_", 4) == 0;
    struct val base = s->args[0];
    if (base.type.id == WEIR_TYPE_MAP) {
        WEIR_TRY(weiri_coerce(x, s->node->pos, &s->args[1], base.type.fields[0].type));
        *out = weiri_val(base.type.fields[1].type, weiri_f(x, "(%s)[%s]", base.sql, s->args[1].sql), weiri_weight(s, 1));
        return WEIR_OK;
    }
    if (base.type.id != WEIR_TYPE_ARRAY) {
        return weiri_invalid(x, s->node->pos, "DATATYPE_MISMATCH", "%s() takes an array or a map, not %s", s->node->text, weiri_type_text(x, &base.type));
    }
    WEIR_TRY(weiri_arg(s, 1, WEIR_TYPE_INT));
    *out = weiri_val(element_of(&base.type), weiri_f(x, "weir_%selement_at(%s, %s)", try_it ? "try_" : "", base.sql, s->args[1].sql), weiri_weight(s, 4));
    return WEIR_OK;
}

/* array_contains and others: an array and a value of its element's type. */
weir_rc weiri_fn_array_value(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    const char *name = s->node->text;
    if (s->args[0].type.id != WEIR_TYPE_ARRAY) {
        return weiri_invalid(x, s->node->pos, "DATATYPE_MISMATCH", "%s() takes an array, not %s", name, weiri_type_text(x, &s->args[0].type));
    }
    const struct weir_type element = element_of(&s->args[0].type);
    struct weir_type common;
    const bool add = strcmp(name, "array_append") == 0 || strcmp(name, "array_prepend") == 0 || strcmp(name, "array_remove") == 0;
    if ((s->args[1].type.id == WEIR_TYPE_VOID && !add) || !weiri_tightest(x, &element, &s->args[1].type, &common)) {
        return weiri_invalid(x, s->node->pos, "DATATYPE_MISMATCH", "%s() of %s and %s", name, weiri_type_text(x, &s->args[0].type), weiri_type_text(x, &s->args[1].type));
    }
    WEIR_TRY(weiri_cast(x, s->node->pos, s->args[0], weiri_array_of(x, common), false, &s->args[0]));
    WEIR_TRY(weiri_cast(x, s->node->pos, s->args[1], common, false, &s->args[1]));
    const char *sql = weiri_f(x, "weir_%s(%s, %s)", name, s->args[0].sql, s->args[1].sql);
    struct weir_type type = strcmp(name, "array_contains") == 0 ? weir_type_of(WEIR_TYPE_BOOLEAN) : strcmp(name, "array_position") == 0 ? weir_type_of(WEIR_TYPE_LONG) : s->args[0].type;
    *out = weiri_val(type, sql, weiri_weight(s, 4));
    return WEIR_OK;
}

/* sequence of integers, or of dates by whole days and months. */
weir_rc weiri_fn_sequence(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    struct weir_type type;
    if (s->args[0].type.id == WEIR_TYPE_DATE && s->args[1].type.id == WEIR_TYPE_DATE) {
        long long us = 0;
        if (s->count == 3 && (!s->args[2].constant || s->args[2].type.id != WEIR_TYPE_INTERVAL_DT || s->args[2].type.precision != 1
                              || sscanf(s->args[2].sql, "to_microseconds(CAST('%lld'", &us) != 1 || us == 0)) {
            return weiri_unsupported(x, s->node->pos, "FUNCTION_UNSUPPORTED", "sequence() of dates by something other than a constant number of days");
        }
        const long long days = s->count == 3 ? us / 86400000000 : 1;
        if (s->count == 2) {
            return weiri_unsupported(x, s->node->pos, "FUNCTION_UNSUPPORTED", "sequence() of dates without a step");
        }
        *out = weiri_val(weiri_array_of(x, s->args[0].type),
                         weiri_f(x, "list_transform(weir_sequence(CAST(%s - DATE '1970-01-01' AS BIGINT), CAST(%s - DATE '1970-01-01' AS BIGINT), %lld), lambda d: CAST(DATE '1970-01-01' + CAST(d AS INTEGER) AS DATE))",
                                 s->args[0].sql, s->args[1].sql, days),
                         weiri_weight(s, 4));
        return WEIR_OK;
    }
    WEIR_TRY(weiri_unify(x, s->node->pos, s->args, s->count, &type));
    if (!weiri_is_integral(type.id)) {
        return weiri_unsupported(x, s->node->pos, "FUNCTION_UNSUPPORTED", weiri_f(x, "sequence() of %s", weiri_type_text(x, &type)));
    }
    const char *step = s->count == 3 ? s->args[2].sql : weiri_f(x, "CASE WHEN %s <= %s THEN 1 ELSE -1 END", s->args[0].sql, s->args[1].sql);
    *out = weiri_val(weiri_array_of(x, type), weiri_f(x, "CAST(weir_sequence(CAST(%s AS BIGINT), CAST(%s AS BIGINT), CAST(%s AS BIGINT)) AS %s[])", s->args[0].sql, s->args[1].sql, step, weiri_duck_type(x, &type)),
                     weiri_weight(s, 6));
    return WEIR_OK;
}

weir_rc weiri_fn_arrays_zip(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    struct weir_type type = weir_type_of(WEIR_TYPE_STRUCT);
    const char *lists = "", *fields = "", *any_null = "";
    type.fields = weir_arena_zalloc(x->arena, s->count * sizeof *type.fields);
    type.field_count = s->count;
    for (size_t i = 0; i < s->count; i++) {
        if (s->args[i].type.id != WEIR_TYPE_ARRAY) {
            return weiri_invalid(x, s->node->pos, "DATATYPE_MISMATCH", "arrays_zip() takes arrays, not %s", weiri_type_text(x, &s->args[i].type));
        }
        const weir_node *kid = s->node->kids[i];
        const char *name = kid->kind == N_COLUMN ? kid->name.parts[kid->name.count - 1].ptr : weiri_f(x, "%zu", i);
        type.fields[i] = (struct weir_field){.name = name, .type = element_of(&s->args[i].type), .nullable = true};
        lists = weiri_f(x, "%s%s%s", lists, i ? ", " : "", s->args[i].sql);
        fields = weiri_f(x, "%s%s%s: z[%zu]", fields, i ? ", " : "", weiri_quote_string(x, name), i + 1);
        any_null = weiri_f(x, "%s%s%s IS NULL", any_null, i ? " OR " : "", s->args[i].sql);
    }
    *out = weiri_val(weiri_array_of(x, type), weiri_f(x, "CASE WHEN %s THEN NULL ELSE list_transform(list_zip(%s), lambda z: {%s}) END", any_null, lists, fields), weiri_weight(s, 2));
    return WEIR_OK;
}

/* --- lambdas --- */

/* The body under parameters of these types. `vars` receives their DuckDB names. */
static weir_rc lambda_body(struct special *s, size_t at, const struct weir_type *types, size_t count, const char **vars, struct val *out)
{
    struct xl *x = s->env->x;
    const weir_node *lambda = s->node->kids[at];
    if (lambda->kind != N_LAMBDA) {
        return weiri_invalid(x, lambda->pos, "INVALID_LAMBDA_FUNCTION_CALL", "argument %zu of %s() is a lambda, x -> ..", at + 1, s->node->text);
    }
    if (lambda->name_count > count) {
        return weiri_invalid(x, lambda->pos, "INVALID_LAMBDA_FUNCTION_CALL.NUM_ARGS_MISMATCH", "the lambda of %s() takes at most %zu parameters", s->node->text, count);
    }
    struct lambda_scope scope = {.count = lambda->name_count, .outer = s->env->lambda};
    scope.cols = weir_arena_zalloc(x->arena, count * sizeof *scope.cols);
    for (size_t i = 0; i < count; i++) {
        vars[i] = weiri_f(x, "v%d", x->next_var++);
        if (i < lambda->name_count) {
            scope.cols[i] = (struct column){.name = lambda->names[i], .type = types[i], .sql = vars[i]};
        }
    }
    struct env inner = *s->env;
    inner.lambda = &scope;
    return weiri_expr_val(&inner, lambda->kids[0], out);
}

static weir_rc aggregate_lambda(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    const struct weir_type types[2] = {s->args[1].type, element_of(&s->args[0].type)};
    const char *vars[2], *finish_vars[1];
    struct val merged, finished;
    WEIR_TRY(lambda_body(s, 2, types, 2, vars, &merged));
    WEIR_TRY(weiri_coerce(x, s->node->pos, &merged, types[0]));
    if (s->node->kids[2]->name_count != 2) {
        return weiri_invalid(x, s->node->pos, "INVALID_LAMBDA_FUNCTION_CALL.NUM_ARGS_MISMATCH", "the lambda of %s() takes two parameters", s->node->text);
    }
    /* DuckDB's list_reduce keeps the element's type. */
    if (!weiri_same_type(&types[0], &types[1])) {
        return weiri_unsupported(x, s->node->pos, "FUNCTION_UNSUPPORTED", weiri_f(x, "%s() whose start is a %s and whose elements are %s", s->node->text, weiri_type_text(x, &types[0]), weiri_type_text(x, &types[1])));
    }
    *out = weiri_val(types[0], weiri_f(x, "list_reduce(%s, lambda %s, %s: %s, %s)", s->args[0].sql, vars[0], vars[1], merged.sql, s->args[1].sql), weiri_weight(s, 2));
    if (s->count == 4) {
        WEIR_TRY(lambda_body(s, 3, types, 1, finish_vars, &finished));
        *out = weiri_val(finished.type, weiri_f(x, "list_transform([%s], lambda %s: %s)[1]", out->sql, finish_vars[0], finished.sql), out->weight);
    }
    return WEIR_OK;
}

static weir_rc zip_with(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    if (s->args[1].type.id != WEIR_TYPE_ARRAY) {
        return weiri_invalid(x, s->node->pos, "DATATYPE_MISMATCH", "zip_with() takes two arrays");
    }
    const struct weir_type types[2] = {element_of(&s->args[0].type), element_of(&s->args[1].type)};
    const char *vars[2];
    struct val body;
    WEIR_TRY(lambda_body(s, 2, types, 2, vars, &body));
    const char *pair = weiri_f(x, "v%d", x->next_var++);
    /* One list of pairs; each pair's halves get the parameters' names by a list of one. */
    const char *inner = weiri_f(x, "list_transform([%s[2]], lambda %s: %s)[1]", pair, vars[1], body.sql);
    inner = weiri_f(x, "list_transform([%s[1]], lambda %s: %s)[1]", pair, vars[0], inner);
    *out = weiri_val(weiri_array_of(x, body.type), weiri_f(x, "CASE WHEN %s IS NULL OR %s IS NULL THEN NULL ELSE list_transform(list_zip(%s, %s), lambda %s: %s) END", s->args[0].sql, s->args[1].sql,
                                                           s->args[0].sql, s->args[1].sql, pair, inner),
                     weiri_weight(s, 3));
    return WEIR_OK;
}

weir_rc weiri_fn_lambda(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    const char *name = s->node->text;
    if (s->args[0].type.id != WEIR_TYPE_ARRAY || s->node->kids[0]->kind == N_LAMBDA) {
        return weiri_invalid(x, s->node->pos, "DATATYPE_MISMATCH", "%s() takes an array first", name);
    }
    if (strcmp(name, "aggregate") == 0 || strcmp(name, "reduce") == 0) {
        return aggregate_lambda(s, out);
    }
    if (strcmp(name, "zip_with") == 0) {
        return zip_with(s, out);
    }
    const struct weir_type types[2] = {element_of(&s->args[0].type), weir_type_of(WEIR_TYPE_INT)};
    const char *vars[2];
    struct val body;
    const bool transform = strcmp(name, "transform") == 0, filter = strcmp(name, "filter") == 0;
    WEIR_TRY(lambda_body(s, 1, types, transform || filter ? 2 : 1, vars, &body));
    const char *params = vars[0];
    const bool index = s->node->kids[1]->name_count == 2;
    if (index) { /* Spark counts from 0 */
        return weiri_unsupported(x, s->node->pos, "FUNCTION_UNSUPPORTED", weiri_f(x, "%s() with an index", name));
    }
    if (transform) {
        *out = weiri_val(weiri_array_of(x, body.type), weiri_f(x, "list_transform(%s, lambda %s: %s)", s->args[0].sql, params, body.sql), weiri_weight(s, 2));
        return WEIR_OK;
    }
    WEIR_TRY(weiri_coerce_bool(s->env, s->node->kids[1], &body, name));
    if (filter) {
        *out = weiri_val(s->args[0].type, weiri_f(x, "list_filter(%s, lambda %s: %s)", s->args[0].sql, params, body.sql), weiri_weight(s, 2));
        return WEIR_OK;
    }
    const bool all = strcmp(name, "forall") == 0;
    return weiri_out(s, WEIR_TYPE_BOOLEAN, weiri_f(x, "%s(list_transform(%s, lambda %s: %s))", all ? "weir_forall" : "weir_exists", s->args[0].sql, params, body.sql), out);
}

/* --- maps --- */

weir_rc weiri_fn_map_part(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    const char *name = s->node->text;
    struct val a = s->args[0];
    if (strcmp(name, "str_to_map") == 0) {
        const char *pair = ",", *colon = ":";
        WEIR_TRY(weiri_arg(s, 0, WEIR_TYPE_STRING));
        if (s->count > 1) {
            WEIR_TRY(weiri_constant_arg(s, 1, &pair));
        }
        if (s->count > 2) {
            WEIR_TRY(weiri_constant_arg(s, 2, &colon));
        }
        if (strlen(pair) != 1 || strlen(colon) != 1 || strchr(".*+?()[]{}\\|^$", *pair) || strchr(".*+?()[]{}\\|^$", *colon)) {
            return weiri_unsupported(x, s->node->pos, "FUNCTION_UNSUPPORTED", "str_to_map() by delimiters that are not one plain character");
        }
        const struct weir_type text = weir_type_of(WEIR_TYPE_STRING);
        *out = weiri_val(weiri_map_of(x, text, text), weiri_f(x, "weir_str_to_map(%s, %s, %s)", s->args[0].sql, weiri_quote_string(x, pair), weiri_quote_string(x, colon)), weiri_weight(s, 4));
        return WEIR_OK;
    }
    if (strcmp(name, "map_from_arrays") == 0) {
        if (a.type.id != WEIR_TYPE_ARRAY || s->args[1].type.id != WEIR_TYPE_ARRAY) {
            return weiri_invalid(x, s->node->pos, "DATATYPE_MISMATCH", "map_from_arrays() takes two arrays");
        }
        *out = weiri_val(weiri_map_of(x, element_of(&a.type), element_of(&s->args[1].type)), weiri_f(x, "weir_map_from_arrays(%s, %s)", a.sql, s->args[1].sql), weiri_weight(s, 3));
        return WEIR_OK;
    }
    if (a.type.id != WEIR_TYPE_MAP) {
        return weiri_invalid(x, s->node->pos, "DATATYPE_MISMATCH", "%s() takes a map, not %s", name, weiri_type_text(x, &a.type));
    }
    if (strcmp(name, "map_contains_key") == 0) {
        WEIR_TRY(weiri_coerce(x, s->node->pos, &s->args[1], a.type.fields[0].type));
        return weiri_out(s, WEIR_TYPE_BOOLEAN, weiri_f(x, "list_contains(map_keys(%s), %s)", a.sql, s->args[1].sql), out);
    }
    if (strcmp(name, "map_concat") == 0) {
        struct weir_type type;
        WEIR_TRY(weiri_unify(x, s->node->pos, s->args, s->count, &type));
        const char *all = s->args[0].sql;
        for (size_t i = 1; i < s->count; i++) {
            all = weiri_f(x, "weir_map_concat(%s, %s)", all, s->args[i].sql);
        }
        *out = weiri_val(type, all, weiri_weight(s, 3));
        return WEIR_OK;
    }
    const bool keys = strcmp(name, "map_keys") == 0;
    *out = weiri_val(weiri_array_of(x, a.type.fields[keys ? 0 : 1].type), weiri_f(x, "%s(%s)", name, a.sql), weiri_weight(s, 1));
    return WEIR_OK;
}
