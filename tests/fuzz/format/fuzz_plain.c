/* Any bytes as plain text: how the file is cut changes nothing, and where the line end is given, the lines joined by it are the file again. */
#include "one_file.h"
#include "format/text_internal.h"

static const struct dial dials[] = {
    {"wholetext", {NULL, NULL, "true", NULL}},
    {"lineSep", {NULL, "\n", "||", "\xc2\xa7"}},
    {"encoding", {NULL, NULL, "ISO-8859-1", "UTF-16LE"}},
    {"maxRowBytes", {NULL, NULL, NULL, "20"}},
};

/* The lines of the file as the option says, in the place of rows. */
static void slow_lines(const struct memory *memory, const char *line_sep, struct weir_buf *out)
{
    const size_t sep = strlen(line_sep);
    size_t begin = memory->len >= 3 && memcmp(memory->bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    for (size_t at = begin; at <= memory->len; at++) {
        const bool last = at == memory->len;
        if (!last && (memory->len - at < sep || memcmp(memory->bytes + at, line_sep, sep) != 0)) {
            continue;
        }
        if (last && begin == at) {
            break; /* nothing behind the last line end */
        }
        char *text = weir_malloc(3 * (at - begin) + 1);
        struct weir_jsonw w;
        weir_jsonw_init(&w, out);
        weir_jsonw_view(&w, (struct weir_str){text, weiri_utf8_repair((const char *)memory->bytes + begin, at - begin, text)});
        weir_buf_add_str(out, "\x02\n");
        weir_free(text);
        at += sep - 1;
        begin = at + 1;
    }
}

static void check_lines(const struct memory *memory, const weir_options *options, const struct outcome *outcome)
{
    const char *line_sep = weir_options_get(options, "lineSep");
    if (!line_sep || outcome->rc != WEIR_OK || weir_options_get(options, "wholetext") || weir_options_get(options, "encoding") || !weir_utf8_valid(memory->bytes, memory->len)) {
        return;
    }
    struct weir_buf want;
    weir_buf_init(&want, 0);
    slow_lines(memory, line_sep, &want);
    if (!weir_str_eq(weir_buf_view(&want), weir_buf_view(&outcome->text))) {
        fprintf(stderr, "rows\n%s\nlines\n%s\n", weir_buf_view(&outcome->text).ptr, weir_buf_view(&want).ptr);
        abort();
    }
    weir_buf_free(&want);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    struct memory memory = {.bytes = data + 1, .len = size - 1};
    const struct weir_text_file file = {.path = "input.txt", .size = (int64_t)memory.len};
    weir_arena *arena = weir_arena_new();
    weir_schema *schema = NULL;
    weir_format *text = NULL;
    struct weir_error err = {0};
    struct outcome outcome;
    weir_options *options = options_from(dials, sizeof dials / sizeof *dials, data);
    if (weir_schema_parse_ddl(arena, WEIR_STR("value STRING"), &schema, &err) != WEIR_OK || weir_format_new("text", schema, options, NULL, &text, &err) != WEIR_OK) {
        abort();
    }
    read_every_way(schema, text, &memory, &file, &outcome);
    check_lines(&memory, options, &outcome);
    weir_buf_free(&outcome.text);
    weir_format_free(text);
    weir_options_free(options);
    weir_arena_free(arena);
    return 0;
}
