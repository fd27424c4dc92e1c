/* parse_from.c - FROM: tables with time travel and options, STREAM, table functions, sub-queries, joins. */
#include "dialect/parser.h"

/* A constant of an option or of a table function's argument, as text. */
static weir_rc constant_text(struct parser *p, const char **out)
{
    const struct token *tok = weiri_tok(p, 0);
    switch (tok->kind) {
    case TOK_STRING:
        return weiri_string(p, out);
    case TOK_INT:
    case TOK_DECIMAL:
    case TOK_DOUBLE:
    case TOK_FLOAT:
        *out = tok->text;
        p->at++;
        return WEIR_OK;
    case TOK_WORD:
        *out = weiri_lower(p->arena, tok->text);
        p->at++;
        return WEIR_OK;
    case TOK_OP:
        if (weiri_at_op(p, "-") && (weiri_tok(p, 1)->kind == TOK_INT || weiri_tok(p, 1)->kind == TOK_DECIMAL)) {
            *out = weir_arena_printf(p->arena, "-%s", weiri_tok(p, 1)->text);
            p->at += 2;
            return WEIR_OK;
        }
        break;
    default:
        break;
    }
    return weiri_syntax(p, "a constant");
}

weir_rc weiri_options(struct parser *p, const struct weir_opt **out, size_t *count)
{
    struct weir_opt *items = NULL;
    size_t cap = 0;
    *count = 0;
    WEIR_TRY(weiri_expect_op(p, "("));
    do {
        struct weir_opt opt = {.pos = weiri_tok(p, 0)->pos};
        if (weiri_tok(p, 0)->kind == TOK_STRING) {
            WEIR_TRY(weiri_string(p, &opt.name));
        } else {
            struct weir_str text = {0};
            const size_t begin = weiri_tok(p, 0)->begin;
            do {
                const char *part = NULL;
                WEIR_TRY(weiri_name_part(p, &part));
                text = weir_str(text.ptr ? weir_arena_printf(p->arena, "%s.%s", text.ptr, part) : part);
            } while (weiri_take_op(p, "."));
            (void)begin;
            opt.name = text.ptr;
        }
        (void)(weiri_take_op(p, "=") || weiri_take_op(p, "=="));
        if (weiri_at_op(p, ",") || weiri_at_op(p, ")")) {
            opt.value = "";
        } else {
            WEIR_TRY(constant_text(p, &opt.value));
        }
        ARENA_PUSH(p->arena, items, *count, cap) = opt;
    } while (weiri_take_op(p, ","));
    *out = items;
    return weiri_expect_op(p, ")");
}

/* VERSION AS OF 3, TIMESTAMP AS OF '..', FOR SYSTEM_VERSION AS OF .., FOR VERSION AS OF .. */
static weir_rc time_travel(struct parser *p, struct weir_table_ref *ref)
{
    const bool prefix = weiri_at_word(p, "FOR");
    const struct token *word = weiri_tok(p, prefix ? 1 : 0);
    const bool version = weiri_is_word(word, "VERSION") || weiri_is_word(word, "SYSTEM_VERSION");
    const bool timestamp = weiri_is_word(word, "TIMESTAMP") || weiri_is_word(word, "SYSTEM_TIME");
    if ((!version && !timestamp) || !weiri_is_word(weiri_tok(p, prefix ? 2 : 1), "AS") || !weiri_is_word(weiri_tok(p, prefix ? 3 : 2), "OF")) {
        return prefix ? weiri_syntax(p, "VERSION AS OF or TIMESTAMP AS OF") : WEIR_OK;
    }
    p->at += prefix ? 4 : 3;
    if (version) {
        ref->travel = WEIR_TRAVEL_VERSION;
        const char *text = NULL;
        WEIR_TRY(constant_text(p, &text));
        if (!weir_str_to_i64(weir_str(text), &ref->version) || ref->version < 0) {
            p->at--;
            return weiri_syntax(p, "a version number");
        }
        return WEIR_OK;
    }
    ref->travel = WEIR_TRAVEL_TIMESTAMP;
    if ((weiri_at_word(p, "TIMESTAMP") || weiri_at_word(p, "DATE")) && weiri_tok(p, 1)->kind == TOK_STRING) {
        p->at++;
    }
    if (weiri_tok(p, 0)->kind != TOK_STRING) {
        return weiri_refuse(p, weiri_tok(p, 0)->pos, "TIME_TRAVEL_UNSUPPORTED", "TIMESTAMP AS OF something other than a constant");
    }
    return weiri_string(p, &ref->timestamp);
}

static weir_rc alias(struct parser *p, struct from *out)
{
    if (weiri_at_word(p, "TABLESAMPLE")) {
        return weiri_refuse(p, weiri_tok(p, 0)->pos, "TABLESAMPLE_UNSUPPORTED", "TABLESAMPLE");
    }
    const bool as = weiri_take_word(p, "AS");
    if (as || (weiri_at_name(p) && !weiri_stops_alias(weiri_tok(p, 0)))) {
        WEIR_TRY(weiri_name_part(p, &out->alias));
        if (weiri_at_op(p, "(")) {
            WEIR_TRY(weiri_name_list(p, &out->columns, &out->column_count));
        }
    }
    if (weiri_at_word(p, "TABLESAMPLE")) {
        return weiri_refuse(p, weiri_tok(p, 0)->pos, "TABLESAMPLE_UNSUPPORTED", "TABLESAMPLE");
    }
    return WEIR_OK;
}

/* TABLE(name): the name as it stands. */
static weir_rc table_arg(struct parser *p, const char **out)
{
    struct weir_name name;
    p->at += 2;
    const size_t begin = weiri_tok(p, 0)->begin;
    WEIR_TRY(weiri_name(p, &name));
    *out = weir_arena_strndup(p->arena, p->script.ptr + begin, p->tokens[p->at - 1].end - begin);
    return weiri_expect_op(p, ")");
}

static weir_rc function_args(struct parser *p, struct weir_table_ref *ref)
{
    struct weir_opt *args = NULL;
    size_t cap = 0;
    WEIR_TRY(weiri_expect_op(p, "("));
    if (!weiri_at_op(p, ")")) {
        do {
            struct weir_opt arg = {.pos = weiri_tok(p, 0)->pos};
            const struct token *after = weiri_tok(p, 1);
            if (weiri_at_name(p) && after->kind == TOK_OP && strcmp(after->text, "=>") == 0) {
                arg.name = weiri_tok(p, 0)->text;
                p->at += 2;
            }
            const bool table = weiri_at_word(p, "TABLE") && weiri_tok(p, 1)->kind == TOK_OP && strcmp(weiri_tok(p, 1)->text, "(") == 0;
            WEIR_TRY(table ? table_arg(p, &arg.value) : constant_text(p, &arg.value));
            ARENA_PUSH(p->arena, args, ref->arg_count, cap) = arg;
        } while (weiri_take_op(p, ","));
    }
    ref->args = args;
    return weiri_expect_op(p, ")");
}

static weir_rc table_name(struct parser *p, struct weir_table_ref *ref)
{
    ref->pos = weiri_tok(p, 0)->pos;
    WEIR_TRY(weiri_name(p, &ref->name));
    if (weiri_at_op(p, "@")) {
        return weiri_refuse(p, weiri_tok(p, 0)->pos, "TIME_TRAVEL_UNSUPPORTED", "the time travel t@v3 (write VERSION AS OF 3)");
    }
    if (!weiri_at_op(p, "(")) {
        return WEIR_OK;
    }
    if (ref->name.count != 1) {
        return weiri_syntax(p, "a table function of one name");
    }
    ref->function = weiri_lower(p->arena, ref->name.parts[0].ptr);
    return function_args(p, ref);
}

static weir_rc behind_table(struct parser *p, struct from *out)
{
    struct weir_table_ref *ref = &out->table;
    WEIR_TRY(time_travel(p, ref));
    if (weiri_at_word(p, "WITH") && weiri_tok(p, 1)->kind == TOK_OP && strcmp(weiri_tok(p, 1)->text, "(") == 0) {
        p->at++;
        WEIR_TRY(weiri_options(p, &ref->options, &ref->option_count));
    }
    if (weiri_at_word(p, "WATERMARK")) {
        return weiri_refuse(p, weiri_tok(p, 0)->pos, "WATERMARK_UNSUPPORTED", "WATERMARK");
    }
    if (weiri_at_word(p, "CHANGES") && (weiri_is_word(weiri_tok(p, 1), "FROM"))) {
        return weiri_refuse(p, weiri_tok(p, 0)->pos, "CHANGES_UNSUPPORTED", "STREAM .. CHANGES");
    }
    if (weiri_at_words(p, "IDENTIFIED", "BY")) {
        return weiri_refuse(p, weiri_tok(p, 0)->pos, "IDENTIFIED_BY_UNSUPPORTED", "IDENTIFIED BY");
    }
    return alias(p, out);
}

/* STREAM t | STREAM(t) | STREAM f(..) | STREAM(f(..)). `stream` may also be the name of a table. */
static bool at_stream(const struct parser *p)
{
    const struct token *after = weiri_tok(p, 1), *third = weiri_tok(p, 2);
    if (!weiri_at_word(p, "STREAM")) {
        return false;
    }
    if (after->kind == TOK_OP && strcmp(after->text, "(") == 0) {
        return third->kind == TOK_WORD || third->kind == TOK_QUOTED;
    }
    return after->kind == TOK_QUOTED || (after->kind == TOK_WORD && !weiri_stops_alias(after));
}

static weir_rc sub_select(struct parser *p, struct from *out)
{
    out->kind = FROM_QUERY;
    WEIR_TRY(weiri_enter(p));
    WEIR_TRY(weiri_query(p, &out->query));
    weiri_leave(p);
    WEIR_TRY(weiri_expect_op(p, ")"));
    return alias(p, out);
}

static weir_rc values(struct parser *p, struct from *out)
{
    struct query *query = weir_arena_zalloc(p->arena, sizeof *query);
    query->pos = out->pos;
    out->kind = FROM_QUERY;
    out->query = query;
    WEIR_TRY(weiri_values(p, &query->body));
    return alias(p, out);
}

static weir_rc relation(struct parser *p, struct from **result)
{
    struct from *out = weir_arena_zalloc(p->arena, sizeof *out);
    *result = out;
    out->pos = weiri_tok(p, 0)->pos;
    out->table.pos = out->pos;
    const bool lateral = weiri_at_word(p, "LATERAL") && !weiri_is_word(weiri_tok(p, 1), "VIEW");
    if (lateral) {
        p->at++;
        out->lateral = true;
        if (!weiri_at_op(p, "(")) {
            return weiri_refuse(p, out->pos, "LATERAL_FUNCTION_UNSUPPORTED", "LATERAL with a table function");
        }
    }
    if (weiri_at_op(p, "(")) {
        if (weiri_at_query(p)) {
            p->at++;
            return sub_select(p, out);
        }
        p->at++;
        WEIR_TRY(weiri_enter(p));
        WEIR_TRY(weiri_from(p, result));
        weiri_leave(p);
        WEIR_TRY(weiri_expect_op(p, ")"));
        if (weiri_at_word(p, "AS") || (weiri_at_name(p) && !weiri_stops_alias(weiri_tok(p, 0)))) {
            return weiri_refuse(p, weiri_tok(p, 0)->pos, "JOIN_ALIAS_UNSUPPORTED", "an alias for a join in parentheses");
        }
        return WEIR_OK;
    }
    if (weiri_at_word(p, "VALUES")) {
        p->at++;
        return values(p, out);
    }
    out->kind = FROM_TABLE;
    if (!at_stream(p)) {
        WEIR_TRY(table_name(p, &out->table));
        return behind_table(p, out);
    }
    out->table.stream = true;
    p->at++;
    const bool paren = weiri_take_op(p, "(");
    WEIR_TRY(table_name(p, &out->table));
    out->table.stream = true;
    if (paren) {
        WEIR_TRY(weiri_expect_op(p, ")"));
    }
    return behind_table(p, out);
}

/* The join that stands at the cursor; false when there is none. */
static weir_rc join_kind(struct parser *p, struct from *join, bool *found)
{
    static const struct { const char *word; enum join_kind kind; } sides[] = {
        {"LEFT", JOIN_LEFT}, {"RIGHT", JOIN_RIGHT}, {"FULL", JOIN_FULL}, {"INNER", JOIN_INNER}, {"CROSS", JOIN_CROSS}, {"SEMI", JOIN_SEMI}, {"ANTI", JOIN_ANTI}};
    *found = true;
    join->natural = weiri_take_word(p, "NATURAL");
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        if (!weiri_take_word(p, sides[i].word)) {
            continue;
        }
        join->join = sides[i].kind;
        if (join->join == JOIN_LEFT && weiri_take_word(p, "SEMI")) {
            join->join = JOIN_SEMI;
        } else if (join->join == JOIN_LEFT && weiri_take_word(p, "ANTI")) {
            join->join = JOIN_ANTI;
        } else if (join->join == JOIN_LEFT || join->join == JOIN_RIGHT || join->join == JOIN_FULL) {
            (void)weiri_take_word(p, "OUTER");
        }
        return weiri_expect_word(p, "JOIN");
    }
    join->join = JOIN_INNER;
    if (weiri_take_word(p, "JOIN")) {
        return WEIR_OK;
    }
    *found = false;
    return join->natural ? weiri_syntax(p, "JOIN") : WEIR_OK;
}

static weir_rc joins(struct parser *p, struct from **out)
{
    int terms = 0;
    WEIR_TRY(relation(p, out));
    for (;;) {
        struct from *join = weir_arena_zalloc(p->arena, sizeof *join);
        bool found = false;
        join->kind = FROM_JOIN;
        join->pos = weiri_tok(p, 0)->pos;
        WEIR_TRY(join_kind(p, join, &found));
        if (!found) {
            return WEIR_OK;
        }
        if (++terms > WEIRI_DEPTH_MAX) {
            return weiri_syntax(p, "fewer joins");
        }
        join->left = *out;
        WEIR_TRY(relation(p, &join->right));
        if (weiri_take_word(p, "ON")) {
            WEIR_TRY(weiri_expr(p, &join->on));
        } else if (weiri_take_word(p, "USING")) {
            WEIR_TRY(weiri_name_list(p, &join->using_names, &join->using_count));
        }
        *out = join;
    }
}

weir_rc weiri_from(struct parser *p, struct from **out)
{
    int terms = 0;
    WEIR_TRY(joins(p, out));
    while (weiri_take_op(p, ",")) {
        struct from *join = weir_arena_zalloc(p->arena, sizeof *join);
        join->kind = FROM_JOIN;
        join->join = JOIN_CROSS;
        join->pos = weiri_tok(p, 0)->pos;
        join->left = *out;
        if (++terms > WEIRI_DEPTH_MAX) {
            return weiri_syntax(p, "fewer relations");
        }
        WEIR_TRY(joins(p, &join->right));
        *out = join;
    }
    return WEIR_OK;
}
