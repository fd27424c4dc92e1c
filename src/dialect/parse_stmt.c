/* parse_stmt.c - scripts, and every statement but CREATE. What Spark or Databricks knows and weir does not run is refused by its name. */
#include "dialect/parser.h"

/* --- INSERT --- */

static weir_rc insert_columns(struct parser *p, struct weir_stmt *out)
{
    struct weir_name *names = NULL;
    size_t cap = 0;
    p->at++;
    do {
        struct weir_name name;
        WEIR_TRY(weiri_name(p, &name));
        ARENA_PUSH(p->arena, names, out->insert_column_count, cap) = name;
    } while (weiri_take_op(p, ","));
    out->insert_columns = names;
    return weiri_expect_op(p, ")");
}

static weir_rc insert(struct parser *p, struct weir_stmt *out)
{
    out->kind = WEIR_STMT_INSERT;
    const struct weir_pos pos = weiri_tok(p, 0)->pos;
    out->overwrite = weiri_take_word(p, "OVERWRITE");
    if (!out->overwrite) {
        WEIR_TRY(weiri_expect_word(p, "INTO"));
    }
    if (weiri_at_word(p, "DIRECTORY") || weiri_at_words(p, "LOCAL", "DIRECTORY")) {
        return weiri_refuse(p, pos, "STATEMENT_UNSUPPORTED", "INSERT OVERWRITE DIRECTORY");
    }
    (void)weiri_take_word(p, "TABLE");
    WEIR_TRY(weiri_name(p, &out->name));
    if (weiri_at_word(p, "PARTITION")) {
        return weiri_refuse(p, weiri_tok(p, 0)->pos, "INSERT_PARTITION_UNSUPPORTED", "INSERT .. PARTITION (..) (name the partition columns in the query)");
    }
    if (weiri_at_word(p, "REPLACE")) {
        return weiri_refuse(p, weiri_tok(p, 0)->pos, "STATEMENT_UNSUPPORTED", "INSERT INTO .. REPLACE WHERE");
    }
    if (weiri_at_op(p, "(") && !weiri_at_query(p)) {
        WEIR_TRY(insert_columns(p, out));
    } else if (weiri_take_words(p, "BY", "NAME")) {
        out->by_name = true;
    }
    return weiri_query_node(p, &out->query);
}

/* --- DROP, USE, SET --- */

static weir_rc drop(struct parser *p, struct weir_stmt *out)
{
    static const struct { const char *word; enum weir_stmt_kind kind; } things[] = {{"TABLE", WEIR_STMT_DROP_TABLE},   {"SCHEMA", WEIR_STMT_DROP_SCHEMA},
                                                                                      {"DATABASE", WEIR_STMT_DROP_SCHEMA}, {"NAMESPACE", WEIR_STMT_DROP_SCHEMA},
                                                                                      {"CATALOG", WEIR_STMT_DROP_CATALOG}, {"VOLUME", WEIR_STMT_DROP_VOLUME}};
    const struct weir_pos pos = weiri_tok(p, 0)->pos;
    bool found = weiri_take_words(p, "EXTERNAL", "LOCATION");
    out->kind = WEIR_STMT_DROP_LOCATION;
    for (size_t i = 0; !found && i < sizeof things / sizeof *things; i++) {
        found = weiri_take_word(p, things[i].word);
        out->kind = things[i].kind;
    }
    if (!found) {
        return weiri_refuse(p, pos, "STATEMENT_UNSUPPORTED", weir_arena_printf(p->arena, "DROP %.30s", weiri_tok(p, 0)->text));
    }
    if (weiri_take_words(p, "IF", "EXISTS")) {
        out->if_exists = true;
    }
    WEIR_TRY(weiri_name(p, &out->name));
    out->cascade = weiri_take_word(p, "CASCADE");
    if (!out->cascade) {
        (void)weiri_take_word(p, "RESTRICT");
    }
    if (weiri_at_word(p, "PURGE")) {
        return weiri_refuse(p, weiri_tok(p, 0)->pos, "STATEMENT_UNSUPPORTED", "DROP .. PURGE");
    }
    return WEIR_OK;
}

static weir_rc use(struct parser *p, struct weir_stmt *out)
{
    out->kind = WEIR_STMT_USE;
    out->what = "schema";
    if (weiri_take_word(p, "CATALOG")) {
        out->what = "catalog";
    } else if (weiri_tok(p, 1)->kind == TOK_WORD || weiri_tok(p, 1)->kind == TOK_QUOTED) {
        (void)(weiri_take_word(p, "SCHEMA") || weiri_take_word(p, "DATABASE") || weiri_take_word(p, "NAMESPACE"));
    }
    if (weiri_tok(p, 0)->kind == TOK_STRING) {
        const char *name = NULL;
        out->name.pos = weiri_tok(p, 0)->pos;
        WEIR_TRY(weiri_string(p, &name));
        out->name.parts[out->name.count++] = weir_str(name);
        return WEIR_OK;
    }
    return weiri_name(p, &out->name);
}

static size_t statement_end(const struct parser *p)
{
    size_t at = p->at;
    while (p->tokens[at].kind != TOK_END && !(p->tokens[at].kind == TOK_OP && strcmp(p->tokens[at].text, ";") == 0)) {
        at++;
    }
    return at;
}

/* SET | SET -v | SET k | SET k = value up to the end of the statement, as Spark's own lexer mode has it. */
static weir_rc set(struct parser *p, struct weir_stmt *out)
{
    out->kind = WEIR_STMT_SET;
    static const char *const refused[] = {"ROLE", "VAR", "VARIABLE", "PATH", NULL};
    for (size_t i = 0; refused[i]; i++) {
        if (weiri_at_word(p, refused[i]) && weiri_tok(p, 1)->kind == TOK_WORD) {
            return weiri_refuse(p, weiri_tok(p, 0)->pos, "STATEMENT_UNSUPPORTED", weir_arena_printf(p->arena, "SET %s", refused[i]));
        }
    }
    const size_t end = statement_end(p);
    if (weiri_at_words(p, "TIME", "ZONE")) {
        const char *zone = NULL;
        p->at += 2;
        if (weiri_tok(p, 0)->kind != TOK_STRING) {
            return weiri_refuse(p, weiri_tok(p, 0)->pos, "STATEMENT_UNSUPPORTED", "SET TIME ZONE with something other than a string");
        }
        WEIR_TRY(weiri_string(p, &zone));
        struct weir_opt *opt = weir_arena_zalloc(p->arena, sizeof *opt);
        *opt = (struct weir_opt){"spark.sql.session.timeZone", zone, out->pos};
        out->properties = opt;
        out->property_count = 1;
        return WEIR_OK;
    }
    if (p->at == end || (weiri_at_op(p, "-") && weiri_is_word(weiri_tok(p, 1), "v"))) {
        p->at = end;
        return WEIR_OK; /* all of them */
    }
    struct weir_opt *opt = weir_arena_zalloc(p->arena, sizeof *opt);
    size_t eq = p->at;
    while (eq < end && !(p->tokens[eq].kind == TOK_OP && strcmp(p->tokens[eq].text, "=") == 0)) {
        eq++;
    }
    opt->pos = weiri_tok(p, 0)->pos;
    const struct token *first = weiri_tok(p, 0);
    const struct token *last_of_key = &p->tokens[eq - 1];
    if (eq == p->at) {
        return weiri_syntax(p, "the name of a setting");
    }
    opt->name = eq == p->at + 1 && (first->kind == TOK_QUOTED || first->kind == TOK_STRING) ? first->text
                                                                                             : weir_arena_strndup(p->arena, p->script.ptr + first->begin, last_of_key->end - first->begin);
    if (eq < end) {
        const size_t from = p->tokens[eq].end, to = end > eq + 1 ? p->tokens[end - 1].end : from;
        const bool one_string = end == eq + 2 && p->tokens[eq + 1].kind == TOK_STRING;
        const struct weir_str raw = weir_str_trim((struct weir_str){p->script.ptr + from, to - from});
        opt->value = one_string ? p->tokens[eq + 1].text : weir_arena_strndup(p->arena, raw.ptr, raw.len);
    }
    out->properties = opt;
    out->property_count = 1;
    p->at = end;
    return WEIR_OK;
}

static weir_rc reset(struct parser *p, struct weir_stmt *out)
{
    const size_t end = statement_end(p);
    out->kind = WEIR_STMT_RESET;
    if (p->at < end) {
        struct weir_opt *opt = weir_arena_zalloc(p->arena, sizeof *opt);
        opt->pos = weiri_tok(p, 0)->pos;
        opt->name = weir_arena_strndup(p->arena, p->script.ptr + weiri_tok(p, 0)->begin, p->tokens[end - 1].end - weiri_tok(p, 0)->begin);
        out->properties = opt;
        out->property_count = 1;
        p->at = end;
    }
    return WEIR_OK;
}

/* --- SHOW, DESCRIBE, EXPLAIN --- */

static weir_rc show_like(struct parser *p, struct weir_stmt *out)
{
    if (weiri_take_word(p, "IN") || weiri_take_word(p, "FROM")) {
        WEIR_TRY(weiri_name(p, &out->name));
    }
    const bool like = weiri_take_word(p, "LIKE");
    if (like || weiri_tok(p, 0)->kind == TOK_STRING) {
        return weiri_string(p, &out->like);
    }
    return WEIR_OK;
}

static weir_rc show(struct parser *p, struct weir_stmt *out)
{
    static const struct { const char *a, *b, *what; bool named; } things[] = {
        {"TABLES", NULL, "tables", false},     {"SCHEMAS", NULL, "schemas", false},         {"DATABASES", NULL, "schemas", false},
        {"NAMESPACES", NULL, "schemas", false}, {"CATALOGS", NULL, "catalogs", false},       {"VOLUMES", NULL, "volumes", false},
        {"VIEWS", NULL, "views", false},       {"EXTERNAL", "LOCATIONS", "external locations", false}, {"CREATE", "TABLE", "create table", true},
        {"TBLPROPERTIES", NULL, "tblproperties", true}, {"PARTITIONS", NULL, "partitions", true}};
    const struct weir_pos pos = weiri_tok(p, 0)->pos;
    out->kind = WEIR_STMT_SHOW;
    if (weiri_take_word(p, "COLUMNS")) {
        out->what = "columns";
        if (!weiri_take_word(p, "IN") && !weiri_take_word(p, "FROM")) {
            return weiri_syntax(p, "IN or FROM");
        }
        WEIR_TRY(weiri_name(p, &out->name));
        if (weiri_take_word(p, "IN") || weiri_take_word(p, "FROM")) {
            struct weir_name schema;
            WEIR_TRY(weiri_name(p, &schema));
            if (out->name.count + schema.count > 4) {
                return weiri_syntax(p, "a name of at most four parts");
            }
            for (int i = 0; i < out->name.count; i++) {
                schema.parts[schema.count++] = out->name.parts[i];
            }
            out->name = schema;
        }
        return WEIR_OK;
    }
    for (size_t i = 0; i < sizeof things / sizeof *things; i++) {
        if (!(things[i].b ? weiri_take_words(p, things[i].a, things[i].b) : weiri_take_word(p, things[i].a))) {
            continue;
        }
        out->what = things[i].what;
        if (!things[i].named) {
            return show_like(p, out);
        }
        WEIR_TRY(weiri_name(p, &out->name));
        if (weiri_at_op(p, "(") || weiri_at_word(p, "PARTITION")) {
            return weiri_refuse(p, weiri_tok(p, 0)->pos, "STATEMENT_UNSUPPORTED", "SHOW with a key or a partition");
        }
        return WEIR_OK;
    }
    return weiri_refuse(p, pos, "STATEMENT_UNSUPPORTED", weir_arena_printf(p->arena, "SHOW %.30s", weiri_tok(p, 0)->text));
}

static weir_rc describe(struct parser *p, struct weir_stmt *out)
{
    static const struct { const char *word, *what; } things[] = {{"DETAIL", "detail"}, {"HISTORY", "history"}, {"SCHEMA", "schema"},   {"DATABASE", "schema"},
                                                                  {"CATALOG", "catalog"}, {"VOLUME", "volume"}, {"NAMESPACE", "schema"}};
    out->kind = WEIR_STMT_DESCRIBE;
    out->what = "table";
    if (weiri_take_words(p, "EXTERNAL", "LOCATION")) {
        out->what = "location";
        return weiri_name(p, &out->name);
    }
    if (weiri_at_word(p, "FUNCTION") && weiri_tok(p, 1)->kind == TOK_WORD) {
        return weiri_refuse(p, weiri_tok(p, 0)->pos, "STATEMENT_UNSUPPORTED", "DESCRIBE FUNCTION");
    }
    const bool next_is_name = weiri_tok(p, 1)->kind == TOK_WORD || weiri_tok(p, 1)->kind == TOK_QUOTED;
    if (weiri_at_query(p) || (weiri_at_word(p, "QUERY") && next_is_name)) {
        (void)weiri_take_word(p, "QUERY");
        out->what = "query";
        return weiri_query_node(p, &out->query);
    }
    for (size_t i = 0; next_is_name && i < sizeof things / sizeof *things; i++) {
        if (weiri_take_word(p, things[i].word)) {
            out->what = things[i].what;
            break;
        }
    }
    if (strcmp(out->what, "table") == 0) {
        (void)((weiri_tok(p, 1)->kind == TOK_WORD || weiri_tok(p, 1)->kind == TOK_QUOTED) && weiri_take_word(p, "TABLE"));
    }
    const struct token *second = weiri_tok(p, 1);
    if ((weiri_at_word(p, "EXTENDED") || weiri_at_word(p, "FORMATTED")) && (second->kind == TOK_WORD || second->kind == TOK_QUOTED)) {
        out->extended = true;
        p->at++;
    }
    if (weiri_at_op(p, "(")) {
        return weiri_syntax(p, "a name");
    }
    WEIR_TRY(weiri_name(p, &out->name));
    if (weiri_take_words(p, "AS", "JSON") || weiri_at_word(p, "PARTITION")) {
        return weiri_refuse(p, weiri_tok(p, 0)->pos, "STATEMENT_UNSUPPORTED", "DESCRIBE .. AS JSON or of a partition");
    }
    if (weiri_at_name(p)) {
        return weiri_refuse(p, weiri_tok(p, 0)->pos, "STATEMENT_UNSUPPORTED", "DESCRIBE of a column");
    }
    return WEIR_OK;
}

static weir_rc explain(struct parser *p, struct weir_stmt *out)
{
    out->kind = WEIR_STMT_EXPLAIN;
    out->extended = weiri_take_word(p, "EXTENDED") || weiri_take_word(p, "FORMATTED");
    if (!out->extended) {
        (void)(weiri_take_word(p, "COST") || weiri_take_word(p, "CODEGEN"));
    }
    if (!weiri_at_query(p)) {
        return weiri_refuse(p, weiri_tok(p, 0)->pos, "STATEMENT_UNSUPPORTED", "EXPLAIN of something other than a query");
    }
    return weiri_query_node(p, &out->query);
}

/* --- the rest by name --- */

static weir_rc refused(struct parser *p)
{
    static const char *const words[] = {
        "MERGE", "UPDATE", "DELETE", "COPY", "OPTIMIZE", "VACUUM", "RESTORE", "BEGIN", "DECLARE", "EXECUTE", "ALTER", "GRANT", "REVOKE", "DENY", "ANALYZE", "TRUNCATE", "REFRESH", "CACHE",
        "UNCACHE", "CLEAR", "MSCK", "REPAIR", "LOAD", "ADD", "LIST", "REORG", "FSCK", "GENERATE", "CONVERT", "CLONE", "CALL", "COMMENT", "SYNC", "UNDROP", "PUT", "GET", "REMOVE", "APPLY",
        "AUTO", "COMMIT", "ROLLBACK", "START", "LOCK", "UNLOCK", "EXPORT", "IMPORT", "FETCH", "KILL", "REPLACE", "MAP", "REDUCE", "FROM", "WITH", "IF", "FOR", "WHILE", "LOOP", "REPEAT",
        "SIGNAL", NULL};
    const struct token *tok = weiri_tok(p, 0);
    for (size_t i = 0; words[i]; i++) {
        if (weiri_is_word(tok, words[i]) && weiri_tok(p, 1)->kind != TOK_OP) {
            return weiri_refuse(p, tok->pos, "STATEMENT_UNSUPPORTED", weir_arena_printf(p->arena, "the statement %s", words[i]));
        }
    }
    return weiri_syntax(p, "a statement");
}

weir_rc weiri_statement(struct parser *p, struct weir_stmt *out)
{
    if (weiri_take_word(p, "CREATE")) {
        return weiri_create(p, out);
    }
    if (weiri_at_query(p)) {
        out->kind = WEIR_STMT_QUERY;
        return weiri_query_node(p, &out->query);
    }
    if (weiri_take_word(p, "INSERT")) {
        return insert(p, out);
    }
    if (weiri_take_word(p, "DROP")) {
        return drop(p, out);
    }
    if (weiri_take_word(p, "USE")) {
        return use(p, out);
    }
    if (weiri_take_word(p, "SET")) {
        return set(p, out);
    }
    if (weiri_take_word(p, "RESET")) {
        return reset(p, out);
    }
    if (weiri_take_word(p, "SHOW")) {
        return show(p, out);
    }
    if (weiri_take_word(p, "DESCRIBE") || weiri_take_word(p, "DESC")) {
        return describe(p, out);
    }
    if (weiri_take_word(p, "EXPLAIN")) {
        return explain(p, out);
    }
    return refused(p);
}

weir_rc weir_sql_parse(weir_arena *arena, struct weir_str script, struct weir_stmt **out, size_t *count_out, struct weir_error *err)
{
    struct parser p = {.arena = arena, .script = script, .err = err};
    struct token *tokens = NULL;
    struct weir_stmt *items = NULL;
    size_t cap = 0;
    *out = NULL;
    *count_out = 0;
    WEIR_TRY(weiri_tokenize(arena, script, &tokens, &p.count, err));
    p.tokens = tokens;
    for (;;) {
        while (weiri_take_op(&p, ";")) {
        }
        if (weiri_tok(&p, 0)->kind == TOK_END) {
            break;
        }
        struct weir_stmt stmt = {.pos = weiri_tok(&p, 0)->pos};
        const size_t begin = weiri_tok(&p, 0)->begin;
        p.depth = 0;
        WEIR_TRY(weiri_statement(&p, &stmt));
        if (!weiri_at_op(&p, ";") && weiri_tok(&p, 0)->kind != TOK_END) {
            return weiri_syntax(&p, "the end of the statement");
        }
        stmt.text = (struct weir_str){script.ptr + begin, p.tokens[p.at - 1].end - begin};
        if (stmt.query) {
            stmt.query_text = (struct weir_str){script.ptr + p.query_begin, p.tokens[p.at - 1].end - p.query_begin};
        }
        ARENA_PUSH(arena, items, *count_out, cap) = stmt;
    }
    *out = items;
    return WEIR_OK;
}

bool weir_sql_parse_name(weir_arena *arena, struct weir_str text, struct weir_name *out)
{
    struct weir_error err;
    struct parser p = {.arena = arena, .script = text, .err = &err};
    struct token *tokens = NULL;
    weir_error_clear(&err);
    *out = (struct weir_name){0};
    if (weiri_tokenize(arena, text, &tokens, &p.count, &err) != WEIR_OK) {
        return false;
    }
    p.tokens = tokens;
    return weiri_name(&p, out) == WEIR_OK && weiri_tok(&p, 0)->kind == TOK_END;
}
