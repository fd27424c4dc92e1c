/* simple.c - is a query of the shape that text goes to Parquet without SQL? SELECT columns, literals, _metadata fields FROM one table [WHERE c IS [NOT] NULL]. */
#include "dialect/parser.h"

static bool plain_column(const weir_node *node, const char **name)
{
    if (node->kind != N_COLUMN || node->name.count != 1) {
        return false;
    }
    *name = node->name.parts[0].ptr;
    return !weir_str_eq_nocase(node->name.parts[0], WEIR_STR("_metadata"));
}

static bool literal(const weir_node *node, struct weir_simple_item *out)
{
    out->literal = true;
    out->literal_text = node->text;
    switch (node->kind) {
    case N_NULL:
        out->literal_type = weir_type_of(WEIR_TYPE_VOID);
        out->literal_text = NULL;
        return true;
    case N_BOOL:
        out->literal_type = weir_type_of(WEIR_TYPE_BOOLEAN);
        out->literal_text = node->op ? "true" : "false";
        return true;
    case N_STRING:
        out->literal_type = weir_type_of(WEIR_TYPE_STRING);
        return true;
    case N_INT: {
        int64_t value = 0;
        if (!weir_str_to_i64(weir_str(node->text), &value) || node->type.id != WEIR_TYPE_VOID) {
            return false;
        }
        out->literal_type = weir_type_of(value >= INT32_MIN && value <= INT32_MAX ? WEIR_TYPE_INT : WEIR_TYPE_LONG);
        return true;
    }
    default:
        return false;
    }
}

static bool item(weir_arena *arena, const struct select_item *in, struct weir_simple_item *out)
{
    memset(out, 0, sizeof *out);
    if (in->alias_count > 0) {
        return false;
    }
    if (in->expr->kind == N_STAR) {
        out->star = true;
        return in->expr->name.count == 0 && in->expr->name_count == 0 && !in->alias;
    }
    out->name = in->alias ? in->alias : weiri_pretty(arena, in->expr);
    if (in->expr->kind == N_COLUMN && in->expr->name.count == 2 && weir_str_eq_nocase(in->expr->name.parts[0], WEIR_STR("_metadata"))) {
        out->metadata_field = in->expr->name.parts[1].ptr;
        return true;
    }
    return plain_column(in->expr, &out->column) || literal(in->expr, out);
}

bool weir_sql_simple(weir_arena *arena, const weir_node *node, struct weir_simple_query *out)
{
    const struct query *query = node ? node->query : NULL;
    memset(out, 0, sizeof *out);
    if (!query || query->cte_count > 0 || query->order_count > 0 || query->order_all || query->limit || query->offset || query->body->kind != BODY_SELECT) {
        return false;
    }
    const struct select *select = query->body->select;
    if (select->distinct || !select->from || select->from->kind != FROM_TABLE || select->from->column_count > 0 || select->view_count > 0 || select->group.kind != GROUP_NONE || select->having
        || select->window_count > 0) {
        return false;
    }
    struct weir_simple_item *items = weir_arena_zalloc(arena, (select->item_count + 1) * sizeof *items);
    out->table = select->from->table;
    for (size_t i = 0; i < select->item_count; i++) {
        if (!item(arena, &select->items[i], &items[i])) {
            return false;
        }
        out->table.metadata_used = out->table.metadata_used || items[i].metadata_field;
    }
    out->items = items;
    out->item_count = select->item_count;
    if (!select->where) {
        return true;
    }
    if (select->where->kind != N_IS || select->where->op != IS_NULL || !plain_column(select->where->kids[0], &out->null_column)) {
        return false;
    }
    out->null_wanted = !select->where->negated;
    return true;
}
