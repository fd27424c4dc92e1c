/* Any texts as folder names: those of partitions, and patterns. Input: pieces with a NUL behind each. The first is a path, from whose folders values are read; the second is a
 * pattern and the third a name, which a slow matcher must match alike. */
#include "base/uri.h"
#include "source/source_internal.h"
#include <stdio.h>
#include <stdlib.h>

#define PIECES 3
#define PIECE_MAX 100

/* --- folders --- */

static void check_folder(weir_arena *arena, const char *folder)
{
    const char *name, *value;
    bool is_one = false;
    struct weir_error err = {0};
    const weir_rc rc = weiri_partition_split(arena, folder, &name, &value, &is_one, &err);
    WEIR_ASSERT(rc == WEIR_OK ? is_one == (strchr(folder, '=') != NULL) : strstr(err.msg, "rename") != NULL);
    if (rc != WEIR_OK || !is_one) {
        return;
    }
    WEIR_ASSERT(name != NULL);
    struct weir_buf text;
    weir_buf_init(&text, 0);
    weir_hive_escape(&text, weir_str(name));
    weir_buf_add_char(&text, '=');
    value ? weir_hive_escape(&text, weir_str(value)) : (void)weir_buf_add_str(&text, WEIRI_NULL_PARTITION);
    const char *name_again, *value_again;
    if (*name != '\0' && (!value || *value != '\0') && weiri_partition_split(arena, text.data, &name_again, &value_again, &is_one, &err) == WEIR_OK) {
        WEIR_ASSERT(is_one && strcmp(name, name_again) == 0);
        WEIR_ASSERT((!value && !value_again) || (value && value_again && strcmp(value, value_again) == 0) || strcmp(text.data + strlen(text.data) - strlen(WEIRI_NULL_PARTITION), WEIRI_NULL_PARTITION) == 0);
    }
    weir_buf_free(&text);
}

/* The type that is found for a column holds every value that it was found in. */
static void check_types(weir_arena *arena, const char *const *values, size_t count)
{
    struct weir_source_file files[PIECES] = {{.path = "/a"}, {.path = "/b"}, {.path = "/c"}};
    static const char *const columns[] = {"p"};
    weir_schema *schema = NULL;
    weir_format *plain = NULL;
    struct weir_error err = {0};
    for (size_t i = 0; i < count; i++) {
        files[i].partition_values = &values[i];
    }
    if (weir_source_partition_types(arena, files, count, columns, 1, NULL, &schema, &err) != WEIR_OK || schema->field_count != 1 || weir_format_new("csv", schema, NULL, NULL, &plain, &err) != WEIR_OK) {
        fprintf(stderr, "%s\n", err.msg);
        abort();
    }
    if (schema->fields[0].type.id != WEIR_TYPE_STRING) {
        struct weir_text_parser *parser = weir_text_parser_new(&schema->fields[0].type, plain);
        for (size_t i = 0; i < count; i++) {
            union weir_value value;
            if (values[i] && parser->parse(parser, values[i], strlen(values[i]), &value) != WEIR_VALUE) {
                fprintf(stderr, "'%s' is no value of the type %d that was found in it\n", values[i], (int)schema->fields[0].type.id);
                abort();
            }
        }
        weir_text_parser_free(parser);
    }
    weir_format_free(plain);
}

/* --- patterns --- */

static size_t letter(const char *text, uint32_t *point)
{
    const size_t bytes = weir_utf8_next(text, strlen(text), point);
    *point = bytes ? *point : 0x110000u + (unsigned char)*text;
    return bytes ? bytes : 1;
}

/* A set at `p` ('[' itself): its end, and whether it has the character. */
static const char *slow_set(const char *p, uint32_t point, bool *has)
{
    const bool negated = p[1] == '^' || p[1] == '!';
    const char *first = p + 1 + negated;
    *has = false;
    for (p = first; *p != ']' || p == first;) {
        uint32_t low, high;
        p += *p == '\\';
        p += letter(p, &low);
        high = low;
        if (*p == '-' && p[1] != ']') {
            p++;
            p += *p == '\\';
            p += letter(p, &high);
        }
        *has = *has || (point >= low && point <= high);
    }
    *has = *has != negated;
    return p + 1;
}

/* By trying everything; the pattern has no braces and is well-formed. */
static bool slow_match(const char *p, const char *t, int *patience)
{
    uint32_t a, b;
    if (--*patience < 0) {
        return false;
    }
    if (*p == '\0') {
        return *t == '\0';
    }
    if (*p == '*') {
        for (;; t += letter(t, &b)) {
            if (slow_match(p + 1, t, patience)) {
                return true;
            }
            if (*t == '\0' || *t == '/') {
                return false;
            }
        }
    }
    if (*t == '\0') {
        return false;
    }
    const size_t step = letter(t, &b);
    if (*p == '?') {
        return b != '/' && slow_match(p + 1, t + step, patience);
    }
    if (*p == '[') {
        bool has;
        p = slow_set(p, b, &has);
        return has && b != '/' && slow_match(p, t + step, patience);
    }
    p += *p == '\\';
    p += letter(p, &a);
    return a == b && slow_match(p, t + step, patience);
}

/* One that the slow matcher reads: no braces, sets that end and hold neither '[' nor a range without its end. */
static bool simple_pattern(const char *p)
{
    for (; *p; p++) {
        if (*p == '{' || *p == '}' || (*p == '\\' && *++p == '\0')) {
            return false;
        }
        if (*p == '[' && p[-1] != '\\') {
            const char *end = strchr(p + 1 + (p[1] == '^' || p[1] == '!') + 1, ']');
            if (p[1] == '\0' || ((p[1] == '^' || p[1] == '!') && p[2] == '\0') || !end || memchr(p + 1, '[', (size_t)(end - p - 1)) || memchr(p, '\\', (size_t)(end - p)) || memchr(p, '-', (size_t)(end - p))) {
                return false;
            }
            p = end;
        }
    }
    return true;
}

static void check_glob(const char *pattern, const char *name)
{
    char padded[PIECE_MAX + 2] = "/";
    int patience = 100000;
    const bool matched = weir_glob_match(pattern, name);
    snprintf(padded + 1, sizeof padded - 1, "%s", pattern);
    if (simple_pattern(padded + 1)) {
        const bool slowly = slow_match(pattern, name, &patience);
        if (patience >= 0 && slowly != matched) {
            fprintf(stderr, "%s %s %s: slowly %s\n", pattern, matched ? "matches" : "does not match", name, slowly ? "it does" : "it does not");
            abort();
        }
    }
    /* Whatever it is: as one of two alternatives it matches what it matches, and every name matches itself, spelled out. */
    char *either = weir_asprintf("{%s,\x01}", pattern);
    WEIR_ASSERT(!matched || strpbrk(pattern, "{},\\[]") != NULL || weir_glob_match(either, name));
    weir_free(either);
    struct weir_buf literal;
    weir_buf_init(&literal, 0);
    for (const char *p = name; *p; p++) {
        weir_buf_add_str(&literal, strchr("{}[]*?\\,", *p) ? "\\" : "");
        weir_buf_add_char(&literal, *p);
    }
    WEIR_ASSERT(weir_glob_match(weir_buf_view(&literal).ptr, name));
    weir_buf_free(&literal);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *pieces[PIECES];
    weir_arena *arena = weir_arena_new();
    for (size_t i = 0, at = 0; i < PIECES; i++) {
        const uint8_t *nul = at < size ? memchr(data + at, '\0', size - at) : NULL;
        const size_t len = nul ? (size_t)(nul - data) - at : at < size ? size - at : 0;
        pieces[i] = weir_arena_strndup(arena, at < size ? (const char *)data + at : "", len < PIECE_MAX ? len : PIECE_MAX);
        at += len + 1;
    }
    static const char *const columns[] = {"p", "year"};
    const char *path = weir_arena_printf(arena, "/%s", pieces[0]);
    const char *const *values = weir_source_partition_values(arena, path, columns, 2);
    check_types(arena, values, 1);
    check_types(arena, values + 1, 1);
    for (size_t i = 0; i < PIECES; i++) {
        check_folder(arena, pieces[i]);
    }
    const char *const texts[] = {pieces[1][0] ? pieces[1] : NULL, pieces[2][0] ? pieces[2] : NULL, pieces[0][0] ? pieces[0] : NULL};
    check_types(arena, texts, PIECES);
    check_glob(pieces[1], pieces[2]);
    weir_arena_free(arena);
    return 0;
}
