/* rescue.c - what did not fit, kept: with rescuedDataColumn a value that is not of its column's type, and a field that no column has, go into that column as a JSON object,
 * with the path of the file. Such a row is not malformed. */
#include "base/json.h"
#include "base/uri.h"
#include "format/run_internal.h"

struct entry {
    struct weir_str name, text;
    bool json;     /* the text is JSON already; otherwise it is a string */
    uint32_t next; /* of the same row; index + 1, 0 = the last */
};
struct weiri_rescue {
    struct entry *entries;
    size_t count, cap;
    uint32_t *first, *last; /* row -> entry + 1; 0 = none */
    uint32_t rows_cap;
    struct weir_buf uri;    /* of the file at hand */
    const char *path;
};

struct weiri_rescue *weiri_rescue_new(const struct weir_format *format)
{
    if (format->rescued < 0) {
        return NULL;
    }
    struct weiri_rescue *rescue = weir_calloc(1, sizeof *rescue);
    weir_buf_init(&rescue->uri, 0);
    return rescue;
}

void weiri_rescue_free(struct weiri_rescue *rescue)
{
    if (rescue) {
        weir_free(rescue->entries);
        weir_free(rescue->first);
        weir_free(rescue->last);
        weir_buf_free(&rescue->uri);
        weir_free(rescue);
    }
}

void weiri_rescue_begin(struct weiri_rescue *rescue, uint32_t rows)
{
    if (rows > rescue->rows_cap) {
        weir_free(rescue->first);
        weir_free(rescue->last);
        rescue->first = weir_malloc(rows * sizeof *rescue->first);
        rescue->last = weir_malloc(rows * sizeof *rescue->last);
        rescue->rows_cap = rows;
    }
    if (rows > 0) {
        memset(rescue->first, 0, rows * sizeof *rescue->first);
    }
    rescue->count = 0;
}

void weiri_rescue_add(struct weiri_rescue *rescue, uint32_t row, struct weir_str name, struct weir_str text, bool json)
{
    WEIR_PUSH(rescue->entries, rescue->count, rescue->cap) = (struct entry){name, text, json, 0};
    const uint32_t index = (uint32_t)rescue->count;
    if (rescue->first[row] == 0) {
        rescue->first[row] = index;
    } else {
        rescue->entries[rescue->last[row] - 1].next = index;
    }
    rescue->last[row] = index;
}

/* Text of a file need not be UTF-8; JSON must be. */
static void put_string(struct weir_jsonw *w, struct weir_str text)
{
    if (weir_utf8_valid(text.ptr, text.len)) {
        weir_jsonw_view(w, text);
        return;
    }
    char *repaired = weir_malloc(3 * text.len + 1);
    weir_jsonw_view(w, (struct weir_str){repaired, weiri_utf8_repair(text.ptr, text.len, repaired)});
    weir_free(repaired);
}

/* Loose JSON (single quotes, NaN) goes in as a string. */
static bool is_json(struct weir_str text)
{
    const struct weir_json *value = NULL;
    weir_arena *arena = weir_arena_new();
    const bool good = weir_json_parse(arena, text, &value, NULL) == WEIR_OK;
    weir_arena_free(arena);
    return good;
}

static struct weir_cell print_row(const struct weiri_rescue *rescue, uint32_t row, weir_arena *arena)
{
    struct weir_buf text;
    struct weir_jsonw w;
    weir_buf_init(&text, 0);
    weir_jsonw_init(&w, &text);
    weir_jsonw_object(&w);
    for (uint32_t e = rescue->first[row]; e != 0; e = rescue->entries[e - 1].next) {
        const struct entry *entry = &rescue->entries[e - 1];
        weir_jsonw_key_view(&w, entry->name);
        if (entry->json && is_json(entry->text)) {
            weir_jsonw_raw(&w, entry->text);
        } else {
            put_string(&w, entry->text);
        }
    }
    weir_jsonw_key_view(&w, WEIR_STR("_file_path"));
    weir_jsonw_view(&w, weir_buf_view(&rescue->uri));
    weir_jsonw_end_object(&w);
    const struct weir_cell cell = {weir_arena_strndup(arena, text.data, text.len), text.len};
    weir_buf_free(&text);
    return cell;
}

weir_rc weiri_rescue_take(struct weiri_worker *w, const struct weiri_place *place, weir_colsink *sink, uint32_t rows, uint32_t *rescued_out, struct weir_error *err)
{
    struct weiri_rescue *rescue = w->rescue;
    struct weir_cell *cells = weir_calloc((size_t)rows + 1, sizeof *cells);
    weir_arena *arena = weir_arena_new();
    weir_rc rc = WEIR_OK;
    *rescued_out = 0;
    if (rescue->path != place->file->path) {
        rescue->path = place->file->path;
        weir_buf_clear(&rescue->uri);
        weir_uri_from_path(&rescue->uri, weir_str(rescue->path));
    }
    for (uint32_t r = 0; r < rows; r++) {
        if (rescue->first[r] != 0) {
            cells[r] = print_row(rescue, r, arena);
            *rescued_out += !WEIR_BIT(w->bad, r);
        }
    }
    for (size_t c = 0; rc == WEIR_OK && c < w->read->column_count; c++) {
        if (w->read->columns[c] == w->format->rescued) {
            rc = sink->ops->take_cells(sink, (int)c, cells, rows, w->drop /* not used: such a text is never bad */, err);
        }
    }
    weir_free(cells);
    weir_arena_free(arena);
    return rc;
}
