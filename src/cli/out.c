/* out.c - rows to stdout: a table for people, JSON, NDJSON and CSV for programs. Values as ../shared/conformance/text renders them. */
#include "cli/cli.h"
#include "base/time.h"
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define TABLE_ROWS_MAX 10000  /* a table needs its widths first: this many rows are looked at before printing begins */
#define CELL_WIDTH_MAX 60

bool cli_is_terminal(void)
{
    return isatty(2) == 1;
}

static int put_errno; /* why a write to stdout failed first; stdio keeps only that it did */

weir_rc cli_flush(struct weir_error *err)
{
    if (fflush(stdout) != 0 && !put_errno) {
        put_errno = errno;
    }
    if (put_errno || ferror(stdout)) {
        errno = put_errno ? put_errno : EIO;
        return errno == EPIPE ? WEIR_END : weir_fail(err, WEIR_IO, "OUTPUT_FAILED", "the output could not be written whole (%s)", strerror(errno));
    }
    return WEIR_OK;
}

static void put(const struct weir_buf *buf)
{
    if (buf->len > 0 && fwrite(buf->data, 1, buf->len, stdout) != buf->len && !put_errno) {
        put_errno = errno;
    }
}

/* --- widths of UTF-8 text: code points, wide ones twice --- */

static int rune(const char *p, size_t left, uint32_t *out)
{
    unsigned char c = (unsigned char)*p;
    int len = c < 0x80 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
    if ((size_t)len > left) {
        len = 1;
    }
    uint32_t value = len == 1 ? c : c & (0x7fu >> len);
    for (int i = 1; i < len; i++) {
        value = value << 6 | ((unsigned char)p[i] & 0x3f);
    }
    *out = value;
    return len;
}

static int rune_width(uint32_t r)
{
    if (r >= 0x300 && r <= 0x36f) {
        return 0;
    }
    bool wide = (r >= 0x1100 && r <= 0x115f) || (r >= 0x2e80 && r <= 0xa4cf) || (r >= 0xac00 && r <= 0xd7a3) || (r >= 0xf900 && r <= 0xfaff) || (r >= 0xff00 && r <= 0xff60) || (r >= 0x1f300 && r <= 0x1faff);
    return wide ? 2 : 1;
}

static size_t text_width(const char *text)
{
    size_t width = 0, len = strlen(text);
    for (size_t i = 0; i < len;) {
        uint32_t r = 0;
        i += (size_t)rune(text + i, len - i, &r);
        width += (size_t)rune_width(r);
    }
    return width;
}

/* The end of a path says more than its beginning: what is too long is cut there. Returns where it goes on. */
static size_t cut_front(const char *text, size_t len)
{
    size_t at = 0, width = text_width(text);
    while (at < len && width > CELL_WIDTH_MAX - 1) {
        uint32_t r = 0;
        at += (size_t)rune(text + at, len - at, &r);
        width -= (size_t)rune_width(r);
    }
    return at;
}

/* Control characters and what is too long would break the frame. */
static char *table_cell(weir_arena *arena, const char *text)
{
    struct weir_buf out;
    weir_buf_init(&out, 1 << 20);
    size_t width = 0, len = strlen(text), begin = 0;
    if (text[0] == '/' && text_width(text) > CELL_WIDTH_MAX) {
        begin = cut_front(text, len);
        weir_buf_add_str(&out, "…");
        width = 1;
    }
    for (size_t i = begin; i < len;) {
        uint32_t r = 0;
        int n = rune(text + i, len - i, &r);
        if (width + (size_t)rune_width(r) > CELL_WIDTH_MAX - 1 && text_width(text + i) > 1) {
            weir_buf_add_str(&out, "…");
            break;
        }
        if (r < 0x20 || r == 0x7f) {
            weir_buf_add_str(&out, r == '\n' ? "⏎" : r == '\t' ? "→" : "·");
            width++;
        } else {
            weir_buf_add(&out, text + i, (size_t)n);
            width += (size_t)rune_width(r);
        }
        i += (size_t)n;
    }
    char *copy = weir_arena_strdup(arena, out.data ? out.data : "");
    weir_buf_free(&out);
    return copy;
}

static void print_rule(const size_t *widths, size_t columns, const char *left, const char *middle, const char *right)
{
    fputs(left, stdout);
    for (size_t c = 0; c < columns; c++) {
        for (size_t i = 0; i < widths[c] + 2; i++) {
            fputs("─", stdout);
        }
        fputs(c + 1 < columns ? middle : right, stdout);
    }
    fputc('\n', stdout);
}

static void print_cells(const char *const *cells, const size_t *widths, const bool *numeric, size_t columns)
{
    fputs("│", stdout);
    for (size_t c = 0; c < columns; c++) {
        const char *text = cells[c] ? cells[c] : "NULL";
        int pad = (int)(widths[c] - text_width(text));
        printf(" %*s%s%*s │", numeric && numeric[c] ? pad : 0, "", text, numeric && numeric[c] ? 0 : pad, "");
    }
    fputc('\n', stdout);
}

static void print_table(const char *const *names, const bool *numeric, size_t columns, const char *const *cells, size_t rows, weir_arena *arena)
{
    size_t *widths = weir_arena_zalloc(arena, (columns + 1) * sizeof *widths);
    const char **shown = weir_arena_alloc(arena, (columns * rows + 1) * sizeof *shown);
    const char **heads = weir_arena_alloc(arena, (columns + 1) * sizeof *heads);
    for (size_t c = 0; c < columns; c++) {
        heads[c] = table_cell(arena, names[c]);
        widths[c] = text_width(heads[c]);
    }
    for (size_t i = 0; i < rows * columns; i++) {
        shown[i] = cells[i] ? table_cell(arena, cells[i]) : NULL;
        size_t width = shown[i] ? text_width(shown[i]) : 4;
        widths[i % columns] = width > widths[i % columns] ? width : widths[i % columns];
    }
    print_rule(widths, columns, "┌", "┬", "┐");
    print_cells(heads, widths, NULL, columns);
    print_rule(widths, columns, "├", "┼", "┤");
    for (size_t r = 0; r < rows; r++) {
        print_cells(shown + r * columns, widths, numeric, columns);
    }
    print_rule(widths, columns, "└", "┴", "┘");
}

/* NULL is nothing, the empty text "": readers that tell them apart can. */
static void csv_cell(struct weir_buf *out, const char *text)
{
    if (!text) {
        return;
    }
    if (*text && !strpbrk(text, ",\"\r\n")) {
        weir_buf_add_str(out, text);
        return;
    }
    weir_buf_add_char(out, '"');
    for (const char *p = text; *p; p++) {
        if (*p == '"') {
            weir_buf_add_char(out, '"');
        }
        weir_buf_add_char(out, *p);
    }
    weir_buf_add_char(out, '"');
}

/* --- rows of texts --- */

void cli_rows_init(struct cli_rows *rows, struct cli *cli, const char *const *names, const bool *numeric, size_t columns)
{
    *rows = (struct cli_rows){.names = names, .numeric = numeric, .columns = columns, .arena = cli->arena};
}

void cli_rows_add(struct cli_rows *rows, const char *const *cells)
{
    if (rows->rows == rows->cap) {
        size_t cap = rows->cap ? rows->cap * 2 : 64;
        const char **more = weir_arena_alloc(rows->arena, cap * rows->columns * sizeof *more);
        if (rows->rows > 0) {
            memcpy(more, rows->cells, rows->rows * rows->columns * sizeof *more);
        }
        rows->cells = more;
        rows->cap = cap;
    }
    for (size_t c = 0; c < rows->columns; c++) {
        rows->cells[rows->rows * rows->columns + c] = cells[c] ? weir_arena_strdup(rows->arena, cells[c]) : NULL;
    }
    rows->rows++;
}

static void rows_json(const struct cli_rows *rows, struct weir_buf *out, size_t r)
{
    struct weir_jsonw w;
    weir_jsonw_init(&w, out);
    weir_jsonw_object(&w);
    for (size_t c = 0; c < rows->columns; c++) {
        const char *cell = rows->cells[r * rows->columns + c];
        weir_jsonw_key(&w, rows->names[c]);
        if (cell && rows->numeric && rows->numeric[c]) {
            weir_jsonw_raw(&w, weir_str(cell));
        } else {
            weir_jsonw_string(&w, cell);
        }
    }
    weir_jsonw_end_object(&w);
}

weir_rc cli_rows_print(struct cli *cli, const struct cli_rows *rows, struct weir_error *err)
{
    struct weir_buf out;
    weir_buf_init(&out, 0);
    if (cli->output == CLI_TABLE) {
        print_table(rows->names, rows->numeric, rows->columns, rows->cells, rows->rows, cli->arena);
    } else if (cli->output == CLI_CSV) {
        for (size_t i = 0; i < rows->columns * (rows->rows + 1); i++) {
            const char *cell = i < rows->columns ? rows->names[i] : rows->cells[i - rows->columns];
            csv_cell(&out, cell);
            weir_buf_add_char(&out, (i + 1) % rows->columns ? ',' : '\n');
        }
    } else {
        bool array = cli->output == CLI_JSON;
        weir_buf_add_str(&out, array ? "[" : "");
        for (size_t r = 0; r < rows->rows; r++) {
            weir_buf_add_str(&out, array && r ? ",\n " : "");
            rows_json(rows, &out, r);
            weir_buf_add_str(&out, array ? "" : "\n");
        }
        weir_buf_add_str(&out, array ? "]\n" : "");
    }
    put(&out);
    weir_buf_free(&out);
    return cli_flush(err);
}

/* --- results of SQL --- */

static bool is_numeric(const struct weir_type *type)
{
    return type->id >= WEIR_TYPE_BYTE && type->id <= WEIR_TYPE_DECIMAL;
}

static void batch_json(const struct weir_batch *batch, int64_t row, struct weir_buf *out)
{
    struct weir_jsonw w;
    weir_jsonw_init(&w, out);
    weir_jsonw_object(&w);
    for (size_t c = 0; c < batch->schema->field_count; c++) {
        weir_jsonw_key(&w, batch->schema->fields[c].name);
        weir_arrow_print_json(&w, &batch->schema->fields[c].type, batch->array.children[c], row);
    }
    weir_jsonw_end_object(&w);
}

static const char *batch_text(weir_arena *arena, const struct weir_batch *batch, size_t c, int64_t row)
{
    struct weir_buf out;
    weir_buf_init(&out, 0);
    const char *text = weir_arrow_print_text(&out, &batch->schema->fields[c].type, batch->array.children[c], row) ? weir_arena_strndup(arena, out.data ? out.data : "", out.len) : NULL;
    weir_buf_free(&out);
    return text;
}

static weir_rc print_stream(struct cli *cli, weir_result *result, struct weir_error *err)
{
    struct weir_buf out;
    struct weir_batch batch;
    weir_buf_init(&out, 0);
    const weir_schema *schema = weir_result_schema(result);
    bool first = true;
    weir_rc rc = WEIR_OK;
    if (cli->output == CLI_CSV) {
        for (size_t c = 0; c < schema->field_count; c++) {
            csv_cell(&out, schema->fields[c].name);
            weir_buf_add_char(&out, c + 1 < schema->field_count ? ',' : '\n');
        }
    } else if (cli->output == CLI_JSON) {
        weir_buf_add_char(&out, '[');
    }
    while (rc == WEIR_OK && (rc = weir_result_next(result, &batch, err)) == WEIR_OK) {
        weir_arena *arena = weir_arena_new();
        for (int64_t r = 0; r < weir_batch_rows(&batch); r++) {
            if (cli->output == CLI_CSV) {
                for (size_t c = 0; c < schema->field_count; c++) {
                    const char *text = batch_text(arena, &batch, c, r);
                    csv_cell(&out, text);
                    weir_buf_add_char(&out, c + 1 < schema->field_count ? ',' : '\n');
                }
            } else {
                weir_buf_add_str(&out, cli->output == CLI_JSON && !first ? ",\n " : "");
                batch_json(&batch, r, &out);
                weir_buf_add_str(&out, cli->output == CLI_NDJSON ? "\n" : "");
            }
            first = false;
        }
        put(&out);
        weir_buf_clear(&out);
        weir_arena_free(arena);
        weir_batch_release(&batch);
        if (ferror(stdout)) {
            rc = cli_flush(err);
        }
    }
    if (cli->output == CLI_JSON) {
        weir_buf_add_str(&out, "]\n");
    }
    put(&out);
    weir_buf_free(&out);
    return rc == WEIR_END ? cli_flush(err) : rc;
}

static weir_rc print_as_table(weir_result *result, struct weir_error *err)
{
    const weir_schema *schema = weir_result_schema(result);
    weir_arena *arena = weir_arena_new();
    size_t columns = schema->field_count, rows = 0, cap = 0;
    const char **cells = NULL, **names = weir_arena_alloc(arena, (columns + 1) * sizeof *names);
    bool *numeric = weir_arena_alloc(arena, columns + 1);
    for (size_t c = 0; c < columns; c++) {
        names[c] = schema->fields[c].name;
        numeric[c] = is_numeric(&schema->fields[c].type);
    }
    struct weir_batch batch;
    weir_rc rc = WEIR_OK;
    size_t count = 0;
    bool more = false;
    while (!more && (rc = weir_result_next(result, &batch, err)) == WEIR_OK) {
        for (int64_t r = 0; r < weir_batch_rows(&batch) && !more; r++) {
            more = rows == TABLE_ROWS_MAX;
            for (size_t c = 0; !more && c < columns; c++) {
                WEIR_PUSH(cells, count, cap) = batch_text(arena, &batch, c, r);
            }
            rows += !more;
        }
        weir_batch_release(&batch);
    }
    if (rc == WEIR_OK || rc == WEIR_END) {
        print_table(names, numeric, columns, cells, rows, arena);
        printf("%s%zu row%s%s\n", more ? "the first " : "", rows, rows == 1 ? "" : "s", more ? "; -o ndjson or csv prints all" : "");
        rc = WEIR_OK;
    }
    weir_free(cells);
    weir_arena_free(arena);
    return rc;
}

weir_rc cli_result_print(struct cli *cli, weir_result *result, struct weir_error *err)
{
    if (weir_result_schema(result)->field_count == 0) {
        int64_t rows = weir_result_rows_written(result);
        if (rows >= 0 && cli->output == CLI_TABLE) {
            printf("%lld row%s written\n", (long long)rows, rows == 1 ? "" : "s");
        }
        return WEIR_OK;
    }
    return cli->output == CLI_TABLE ? print_as_table(result, err) : print_stream(cli, result, err);
}

/* --- numbers for people --- */

const char *cli_count(struct cli *cli, int64_t n)
{
    char digits[32];
    int len = snprintf(digits, sizeof digits, "%lld", (long long)n);
    char *out = weir_arena_alloc(cli->arena, 48);
    size_t at = 0;
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0 && digits[i - 1] != '-') {
            out[at++] = ',';
        }
        out[at++] = digits[i];
    }
    out[at] = 0;
    return out;
}

const char *cli_bytes(struct cli *cli, int64_t n)
{
    static const char *const UNITS[] = {"B", "KB", "MB", "GB", "TB"};
    double value = (double)n;
    size_t unit = 0;
    while (value >= 1000 && unit < 4) {
        value /= 1000;
        unit++;
    }
    return unit == 0 ? weir_arena_printf(cli->arena, "%lld B", (long long)n) : weir_arena_printf(cli->arena, "%.1f %s", value, UNITS[unit]);
}

const char *cli_duration(struct cli *cli, int64_t us)
{
    if (us < 1000000) {
        return weir_arena_printf(cli->arena, "%lld ms", (long long)(us / 1000));
    }
    if (us < 60000000) {
        return weir_arena_printf(cli->arena, "%.1f s", (double)us / 1e6);
    }
    return weir_arena_printf(cli->arena, "%lldm%02llds", (long long)(us / 60000000), (long long)(us / 1000000 % 60));
}

const char *cli_time_ms(struct cli *cli, int64_t ms)
{
    char text[48];
    if (ms < 0) {
        return NULL;
    }
    weir_timestamp_ms_text(ms * 1000, "Z", text);
    return weir_arena_strdup(cli->arena, text);
}
