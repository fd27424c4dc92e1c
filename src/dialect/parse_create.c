/* parse_create.c - CREATE and its clauses: tables, streaming tables, views, flows, schemas, catalogs, volumes, external locations. */
#include "dialect/parser.h"

static weir_rc comment_clause(struct parser *p, struct weir_stmt *out, bool *found)
{
    *found = weiri_take_word(p, "COMMENT");
    return *found ? weiri_string(p, &out->comment) : WEIR_OK;
}

static weir_rc if_not_exists(struct parser *p, struct weir_stmt *out)
{
    if (weiri_take_words(p, "IF", "NOT")) {
        WEIR_TRY(weiri_expect_word(p, "EXISTS"));
        out->if_not_exists = true;
    }
    return WEIR_OK;
}

/* The text between the parentheses at the cursor, which are taken. */
static weir_rc expr_text(struct parser *p, const char **out, struct weir_pos *pos_out)
{
    weir_node *ignored = NULL;
    WEIR_TRY(weiri_expect_op(p, "("));
    const size_t begin = weiri_tok(p, 0)->begin;
    *pos_out = weiri_tok(p, 0)->pos;
    WEIR_TRY(weiri_expr(p, &ignored));
    const size_t end = p->tokens[p->at - 1].end;
    *out = weir_arena_strndup(p->arena, p->script.ptr + begin, end - begin);
    return weiri_expect_op(p, ")");
}

/* CONSTRAINT name EXPECT (condition) [ON VIOLATION DROP ROW | FAIL UPDATE | QUARANTINE] */
static weir_rc constraint(struct parser *p, struct weir_constraint *out)
{
    out->pos = weiri_tok(p, 0)->pos;
    p->at++;
    WEIR_TRY(weiri_name_part(p, &out->name));
    if (!weiri_take_word(p, "EXPECT")) {
        return weiri_refuse(p, out->pos, "CONSTRAINT_UNSUPPORTED", "a constraint other than EXPECT (..)");
    }
    WEIR_TRY(expr_text(p, &out->expr_text, &out->expr_pos));
    if (weiri_take_words(p, "ON", "VIOLATION")) {
        if (weiri_take_words(p, "DROP", "ROW")) {
            out->on_violation = "DROP ROW";
        } else if (weiri_take_words(p, "FAIL", "UPDATE")) {
            out->on_violation = "FAIL UPDATE";
        } else if (weiri_take_word(p, "QUARANTINE")) {
            out->on_violation = "QUARANTINE";
        } else {
            return weiri_syntax(p, "DROP ROW, FAIL UPDATE or QUARANTINE");
        }
    }
    return WEIR_OK;
}

static weir_rc column_def(struct parser *p, struct weir_field *out)
{
    WEIR_TRY(weiri_name_part(p, &out->name));
    (void)weiri_take_op(p, ":");
    WEIR_TRY(weiri_type(p, &out->type));
    out->nullable = true;
    for (;;) {
        if (weiri_take_words(p, "NOT", "NULL")) {
            out->nullable = false;
        } else if (weiri_take_word(p, "COMMENT")) {
            WEIR_TRY(weiri_string(p, &out->comment));
        } else if (weiri_at_word(p, "DEFAULT") || weiri_at_word(p, "GENERATED") || weiri_at_word(p, "PRIMARY") || weiri_at_word(p, "CONSTRAINT") || weiri_at_word(p, "MASK")
                   || weiri_at_word(p, "CHECK") || weiri_at_word(p, "REFERENCES") || weiri_at_word(p, "UNIQUE")) {
            return weiri_refuse(p, weiri_tok(p, 0)->pos, "COLUMN_OPTION_UNSUPPORTED", weir_arena_printf(p->arena, "%.20s on a column", weiri_tok(p, 0)->text));
        } else {
            return WEIR_OK;
        }
    }
}

/* ( columns and constraints ) */
static weir_rc table_elements(struct parser *p, struct weir_stmt *out)
{
    struct weir_field *fields = NULL;
    struct weir_constraint *constraints = NULL;
    size_t count = 0, cap = 0, constraint_cap = 0;
    WEIR_TRY(weiri_expect_op(p, "("));
    do {
        const struct token *tok = weiri_tok(p, 0);
        if (weiri_at_word(p, "CONSTRAINT") && weiri_tok(p, 1)->kind != TOK_OP) {
            struct weir_constraint item = {0};
            WEIR_TRY(constraint(p, &item));
            ARENA_PUSH(p->arena, constraints, out->constraint_count, constraint_cap) = item;
            continue;
        }
        if ((weiri_at_words(p, "PRIMARY", "KEY") || weiri_at_words(p, "FOREIGN", "KEY"))) {
            return weiri_refuse(p, tok->pos, "CONSTRAINT_UNSUPPORTED", "a constraint other than EXPECT (..)");
        }
        struct weir_field field = {0};
        WEIR_TRY(column_def(p, &field));
        for (size_t i = 0; i < count; i++) {
            if (weir_str_eq_nocase(weir_str(fields[i].name), weir_str(field.name))) {
                return weir_fail_at(p->err, WEIR_INVALID, "COLUMN_ALREADY_EXISTS", tok->pos.line, tok->pos.column,
                                    "the column `%.100s` is there twice; names differ in more than letter case", field.name);
            }
        }
        ARENA_PUSH(p->arena, fields, count, cap) = field;
    } while (weiri_take_op(p, ","));
    out->constraints = constraints;
    if (count > 0) {
        weir_schema *schema = weir_schema_new(p->arena, count);
        memcpy(schema->fields, fields, count * sizeof *fields);
        out->columns = schema;
    }
    return weiri_expect_op(p, ")");
}

static weir_rc column_names(struct parser *p, const char *const **out, size_t *count)
{
    const char **names = NULL;
    const struct weir_pos pos = weiri_tok(p, 0)->pos;
    const struct token *third = weiri_tok(p, 2);
    if (weiri_at_op(p, "(") && (third->kind == TOK_WORD || (third->kind == TOK_OP && strcmp(third->text, "(") == 0))) {
        return weiri_refuse(p, pos, "PARTITION_TRANSFORM_UNSUPPORTED", "partitioning by something other than the names of columns");
    }
    WEIR_TRY(weiri_name_list(p, &names, count));
    *out = (const char *const *)names;
    return WEIR_OK;
}

static weir_rc clustering(struct parser *p, struct weir_stmt *out)
{
    if (weiri_take_word(p, "AUTO") || weiri_take_word(p, "NONE")) {
        return WEIR_OK; /* nothing to cluster by */
    }
    return column_names(p, &out->cluster_columns, &out->cluster_count);
}

static weir_rc table_clause(struct parser *p, struct weir_stmt *out, bool *found)
{
    const struct weir_pos pos = weiri_tok(p, 0)->pos;
    WEIR_TRY(comment_clause(p, out, found));
    if (*found) {
        return WEIR_OK;
    }
    *found = true;
    if (weiri_take_word(p, "USING")) {
        const char *name = NULL;
        WEIR_TRY(weiri_name_part(p, &name));
        out->provider = weiri_lower(p->arena, name);
        return WEIR_OK;
    }
    if (weiri_take_word(p, "OPTIONS")) {
        return weiri_options(p, &out->options, &out->option_count);
    }
    if (weiri_take_word(p, "TBLPROPERTIES")) {
        return weiri_options(p, &out->properties, &out->property_count);
    }
    if (weiri_take_words(p, "PARTITIONED", "BY")) {
        return column_names(p, &out->partition_columns, &out->partition_count);
    }
    if (weiri_take_words(p, "CLUSTER", "BY")) {
        return clustering(p, out);
    }
    if (weiri_take_word(p, "LOCATION")) {
        return weiri_string(p, &out->location);
    }
    static const char *const refused[] = {"CLUSTERED", "SKEWED", "ROW", "STORED", "DEFAULT", "SCHEDULE", "WITH", "TRIGGER", "SCOPED", "REFRESH", NULL};
    for (size_t i = 0; refused[i]; i++) {
        if (weiri_at_word(p, refused[i])) {
            return weiri_refuse(p, pos, "TABLE_CLAUSE_UNSUPPORTED", weir_arena_printf(p->arena, "the clause %s of CREATE", refused[i]));
        }
    }
    *found = false;
    return WEIR_OK;
}

/* name [( elements )] clauses [[AS] query] */
static weir_rc table_body(struct parser *p, struct weir_stmt *out)
{
    WEIR_TRY(if_not_exists(p, out));
    WEIR_TRY(weiri_name(p, &out->name));
    if (weiri_at_op(p, "(") && !weiri_at_query(p)) {
        WEIR_TRY(table_elements(p, out));
    }
    bool found = true;
    while (found) {
        WEIR_TRY(table_clause(p, out, &found));
    }
    if (weiri_at_words(p, "FLOW", "AUTO")) {
        return weiri_refuse(p, weiri_tok(p, 0)->pos, "AUTO_CDC_UNSUPPORTED", "AUTO CDC");
    }
    const bool as = weiri_take_word(p, "AS");
    if (as || weiri_at_query(p)) {
        return weiri_query_node(p, &out->query);
    }
    return WEIR_OK;
}

static weir_rc create_table(struct parser *p, struct weir_stmt *out)
{
    out->kind = WEIR_STMT_CREATE_TABLE;
    const struct weir_pos pos = weiri_tok(p, 0)->pos;
    WEIR_TRY(table_body(p, out));
    if (weiri_at_word(p, "LIKE") || weiri_at_words(p, "SHALLOW", "CLONE") || weiri_at_words(p, "DEEP", "CLONE") || weiri_at_word(p, "CLONE")) {
        return weiri_refuse(p, pos, "STATEMENT_UNSUPPORTED", "CREATE TABLE LIKE and CLONE");
    }
    if (!out->query && !out->columns && !out->location && !out->provider) {
        return weiri_syntax(p, "columns, USING, LOCATION or AS SELECT");
    }
    return WEIR_OK;
}

static weir_rc create_pipeline_table(struct parser *p, struct weir_stmt *out, enum weir_stmt_kind kind)
{
    const struct weir_pos pos = weiri_tok(p, 0)->pos;
    out->kind = kind;
    WEIR_TRY(table_body(p, out));
    if (kind == WEIR_STMT_MATERIALIZED_VIEW && !out->query) {
        return weiri_syntax(p, "AS SELECT: a materialized view needs its query");
    }
    if (out->partition_count > 0 && out->cluster_count > 0) {
        return weir_fail_at(p->err, WEIR_INVALID, "SPECIFY_CLUSTER_BY_WITH_PARTITIONED_BY_IS_NOT_ALLOWED", pos.line, pos.column,
                            "PARTITIONED BY and CLUSTER BY exclude each other; keep one");
    }
    return WEIR_OK;
}

static weir_rc create_view(struct parser *p, struct weir_stmt *out)
{
    out->kind = WEIR_STMT_TEMP_VIEW;
    WEIR_TRY(if_not_exists(p, out));
    WEIR_TRY(weiri_name(p, &out->name));
    if (weiri_at_op(p, "(")) {
        return weiri_refuse(p, weiri_tok(p, 0)->pos, "VIEW_COLUMNS_UNSUPPORTED", "a column list of a view (name the columns in its SELECT)");
    }
    for (bool found = true; found;) {
        WEIR_TRY(comment_clause(p, out, &found));
        if (!found && weiri_take_word(p, "TBLPROPERTIES")) {
            WEIR_TRY(weiri_options(p, &out->properties, &out->property_count));
            found = true;
        }
    }
    if (weiri_at_word(p, "USING")) {
        return weiri_refuse(p, weiri_tok(p, 0)->pos, "VIEW_USING_UNSUPPORTED", "CREATE TEMPORARY VIEW .. USING");
    }
    WEIR_TRY(weiri_expect_word(p, "AS"));
    return weiri_query_node(p, &out->query);
}

/* FLOW f [COMMENT ..] AS INSERT INTO [ONCE] t BY NAME query */
static weir_rc create_flow(struct parser *p, struct weir_stmt *out)
{
    bool found = false;
    out->kind = WEIR_STMT_FLOW;
    WEIR_TRY(weiri_name(p, &out->name));
    WEIR_TRY(comment_clause(p, out, &found));
    WEIR_TRY(weiri_expect_word(p, "AS"));
    if (weiri_at_words(p, "AUTO", "CDC") || weiri_at_words(p, "APPLY", "CHANGES")) {
        return weiri_refuse(p, weiri_tok(p, 0)->pos, "AUTO_CDC_UNSUPPORTED", "AUTO CDC");
    }
    WEIR_TRY(weiri_expect_word(p, "INSERT"));
    WEIR_TRY(weiri_expect_word(p, "INTO"));
    if (weiri_at_word(p, "ONCE") && !weiri_is_word(weiri_tok(p, 1), "BY")) {
        out->once = true;
        p->at++;
    }
    (void)weiri_take_word(p, "TABLE");
    WEIR_TRY(weiri_name(p, &out->target));
    if (!weiri_take_words(p, "BY", "NAME")) {
        return weiri_syntax(p, "BY NAME (a flow inserts by name)");
    }
    out->by_name = true;
    return weiri_query_node(p, &out->query);
}

static weir_rc create_schema(struct parser *p, struct weir_stmt *out, enum weir_stmt_kind kind)
{
    out->kind = kind;
    WEIR_TRY(if_not_exists(p, out));
    WEIR_TRY(weiri_name(p, &out->name));
    for (;;) {
        bool found = false;
        WEIR_TRY(comment_clause(p, out, &found));
        if (found) {
            continue;
        }
        if (weiri_take_word(p, "LOCATION") || weiri_take_words(p, "MANAGED", "LOCATION")) {
            WEIR_TRY(weiri_string(p, &out->location));
        } else if (weiri_take_words(p, "WITH", "DBPROPERTIES")) {
            WEIR_TRY(weiri_options(p, &out->properties, &out->property_count));
        } else {
            return WEIR_OK;
        }
    }
}

static weir_rc create_volume(struct parser *p, struct weir_stmt *out)
{
    out->kind = WEIR_STMT_CREATE_VOLUME;
    WEIR_TRY(if_not_exists(p, out));
    WEIR_TRY(weiri_name(p, &out->name));
    for (;;) {
        bool found = false;
        WEIR_TRY(comment_clause(p, out, &found));
        if (weiri_take_word(p, "LOCATION")) {
            WEIR_TRY(weiri_string(p, &out->location));
        } else if (!found) {
            break;
        }
    }
    if (out->external != (out->location != NULL)) {
        return weiri_syntax(p, out->external ? "LOCATION: an external volume has one" : "the end: only CREATE EXTERNAL VOLUME takes a LOCATION");
    }
    return WEIR_OK;
}

static weir_rc create_location(struct parser *p, struct weir_stmt *out)
{
    out->kind = WEIR_STMT_CREATE_LOCATION;
    WEIR_TRY(if_not_exists(p, out));
    WEIR_TRY(weiri_name(p, &out->name));
    WEIR_TRY(weiri_expect_word(p, "URL"));
    WEIR_TRY(weiri_string(p, &out->location));
    if (weiri_at_word(p, "WITH")) {
        return weiri_refuse(p, weiri_tok(p, 0)->pos, "CREDENTIAL_UNSUPPORTED", "WITH (STORAGE CREDENTIAL ..)");
    }
    bool found = false;
    return comment_clause(p, out, &found);
}

weir_rc weiri_create(struct parser *p, struct weir_stmt *out)
{
    const struct weir_pos pos = weiri_tok(p, 0)->pos;
    if (weiri_take_word(p, "OR")) {
        if (weiri_take_word(p, "REPLACE")) {
            out->or_replace = true;
        } else {
            WEIR_TRY(weiri_expect_word(p, "REFRESH"));
            out->or_refresh = true;
        }
    }
    if (weiri_at_word(p, "PRIVATE")) {
        return weiri_refuse(p, pos, "STATEMENT_UNSUPPORTED", "PRIVATE tables of a pipeline");
    }
    if (weiri_take_words(p, "STREAMING", "TABLE")) {
        return create_pipeline_table(p, out, WEIR_STMT_STREAMING_TABLE);
    }
    if (weiri_take_words(p, "MATERIALIZED", "VIEW")) {
        return create_pipeline_table(p, out, WEIR_STMT_MATERIALIZED_VIEW);
    }
    if (out->or_refresh) {
        return weiri_syntax(p, "STREAMING TABLE or MATERIALIZED VIEW after OR REFRESH");
    }
    if (weiri_take_words(p, "TEMPORARY", "VIEW") || weiri_take_words(p, "TEMP", "VIEW")) {
        return create_view(p, out);
    }
    if (weiri_take_word(p, "FLOW")) {
        return create_flow(p, out);
    }
    if (weiri_at_words(p, "EXTERNAL", "LOCATION")) {
        p->at += 2;
        return create_location(p, out);
    }
    out->external = weiri_take_word(p, "EXTERNAL");
    if (weiri_take_word(p, "TABLE")) {
        return create_table(p, out);
    }
    if (weiri_take_word(p, "VOLUME")) {
        return create_volume(p, out);
    }
    if (!out->external && (weiri_take_word(p, "SCHEMA") || weiri_take_word(p, "DATABASE") || weiri_take_word(p, "NAMESPACE"))) {
        return create_schema(p, out, WEIR_STMT_CREATE_SCHEMA);
    }
    if (!out->external && weiri_take_word(p, "CATALOG")) {
        return create_schema(p, out, WEIR_STMT_CREATE_CATALOG);
    }
    static const char *const refused[] = {"VIEW", "FUNCTION", "TEMPORARY", "TEMP", "GLOBAL", "INDEX", "ROLE", "USER", "CONNECTION", "SHARE", "RECIPIENT", "PROCEDURE", "SERVER", "FOREIGN",
                                          "METRIC", "SERVICE", "STORAGE", NULL};
    for (size_t i = 0; refused[i]; i++) {
        if (weiri_at_word(p, refused[i])) {
            return weiri_refuse(p, pos, "STATEMENT_UNSUPPORTED", weir_arena_printf(p->arena, "CREATE %s", refused[i]));
        }
    }
    return weiri_syntax(p, "TABLE, SCHEMA, VOLUME, STREAMING TABLE, MATERIALIZED VIEW, FLOW or another thing to create");
}
