/* names.c - which names are names, what was probably meant, and the words for what is missing or taken. */
#include "catalog/catalog_internal.h"

#include <stdio.h>

#define NAME_MAX_BYTES 255

static const struct {
    const char *word, *condition;
} KINDS[WEIRI_KINDS] = {
    [WEIR_OBJ_CATALOG] = {"catalog", "CATALOG"},
    [WEIR_OBJ_SCHEMA] = {"schema", "SCHEMA"},
    [WEIR_OBJ_TABLE] = {"table", "TABLE"},
    [WEIR_OBJ_VOLUME] = {"volume", "VOLUME"},
    [WEIR_OBJ_LOCATION] = {"external location", "EXTERNAL_LOCATION"},
};

const char *weiri_kind_word(enum weir_object_kind kind)
{
    return KINDS[kind].word;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool name_char(char c)
{
    const char l = lower(c);
    return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '@' || c == '-';
}

bool weir_catalog_name_valid(const char *name)
{
    size_t len = 0;
    while (len <= NAME_MAX_BYTES && name_char(name[len])) {
        len++;
    }
    return name[len] == '\0' && len >= 1 && len <= NAME_MAX_BYTES;
}

weir_rc weiri_name_take(weir_arena *arena, enum weir_object_kind kind, const char *name, const char **out,
                        struct weir_error *err)
{
    *out = NULL;
    if (!name || !weir_catalog_name_valid(name)) {
        return weir_fail(err, WEIR_INVALID, "NAME_INVALID",
                         "a name of a %s has 1 to 255 characters of letters, digits, _, @ and -: no period, space, slash, control "
                         "or accented character; '%.300s'; choose another name",
                         KINDS[kind].word, name ? name : "");
    }
    char *copy = weir_arena_strdup(arena, name);
    for (char *c = copy; *c; c++) {
        *c = lower(*c);
    }
    *out = copy;
    return WEIR_OK;
}

/* --- what was meant --- */

/* Edits (insert, delete, replace, swap neighbours) from a to b. Both at most NAME_MAX_BYTES. */
static size_t distance(const char *a, const char *b)
{
    const size_t la = strlen(a);
    const size_t lb = strlen(b);
    uint16_t rows[3][NAME_MAX_BYTES + 1];
    for (size_t j = 0; j <= lb; j++) {
        rows[0][j] = (uint16_t)j;
    }
    for (size_t i = 1; i <= la; i++) {
        uint16_t *now = rows[i % 3];
        const uint16_t *before = rows[(i - 1) % 3];
        const uint16_t *two_before = rows[(i + 1) % 3];
        now[0] = (uint16_t)i;
        for (size_t j = 1; j <= lb; j++) {
            size_t best = (size_t)before[j - 1] + (a[i - 1] != b[j - 1]);
            best = before[j] + 1u < best ? before[j] + 1u : best;
            best = now[j - 1] + 1u < best ? now[j - 1] + 1u : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && two_before[j - 2] + 1u < best) {
                best = two_before[j - 2] + 1u;
            }
            now[j] = (uint16_t)best;
        }
    }
    return rows[la % 3][lb];
}

/* The full name that is closest to `name`: one of the same kind beside it, else the same name in another schema. NULL: none near. */
static const char *near_name(weir_catalog *catalog, weir_arena *arena, enum weir_object_kind kind, const char *c,
                             const char *s, const char *name)
{
    struct weir_object *objects;
    size_t count;
    const char *best = NULL;
    size_t best_distance = 1 + strlen(name) / 3;
    for (int round = 0; round < 2 && !best; round++) {
        if (weiri_row_list(catalog, arena, kind, c, round == 0 ? s : NULL, &objects, &count, NULL) != WEIR_OK) {
            return NULL;
        }
        for (size_t i = 0; i < count; i++) {
            const size_t d = distance(name, objects[i].name);
            if (round == 0 ? d <= best_distance && (!best || d < best_distance) : d == 0 && !best) {
                best = objects[i].full_name;
                best_distance = d;
            }
            weir_object_free_options(&objects[i]);
        }
        if (kind != WEIR_OBJ_TABLE && kind != WEIR_OBJ_VOLUME) {
            break;
        }
    }
    return best;
}

static weir_rc fail_missing(weir_catalog *catalog, weir_arena *arena, enum weir_object_kind kind, const char *c,
                            const char *s, const char *name, struct weir_error *err)
{
    static const char *const lists[WEIRI_KINDS] = {"weir catalogs list", "weir schemas list", "weir tables list",
                                                   "weir volumes list", "weir external-locations list"};
    const char *meant = near_name(catalog, arena, kind, c, s, name);
    const char *advice = meant ? weir_arena_printf(arena, "did you mean %s?", meant)
                               : weir_arena_printf(arena, "%s shows what there is", lists[kind]);
    char condition[48];
    (void)snprintf(condition, sizeof condition, "%s_NOT_FOUND", KINDS[kind].condition);
    const bool has_schema = s && (kind == WEIR_OBJ_TABLE || kind == WEIR_OBJ_VOLUME);
    return weir_fail(err, WEIR_NOT_FOUND, condition, "there is no such %s; %s%s%s%s%s; %s", KINDS[kind].word, c ? c : "",
                     c ? "." : "", has_schema ? s : "", has_schema ? "." : "", name, advice);
}

weir_rc weiri_name_missing(weir_catalog *catalog, enum weir_object_kind kind, const char *c, const char *s,
                           const char *name, struct weir_error *err)
{
    weir_arena *arena = weir_arena_new();
    struct weir_object found;
    weir_rc rc = WEIR_OK;
    if (kind == WEIR_OBJ_SCHEMA || kind == WEIR_OBJ_TABLE || kind == WEIR_OBJ_VOLUME) {
        rc = weiri_row_find(catalog, arena, WEIR_OBJ_CATALOG, NULL, NULL, c, &found, err);
        weir_object_free_options(&found);
        if (rc == WEIR_END) {
            rc = fail_missing(catalog, arena, WEIR_OBJ_CATALOG, NULL, NULL, c, err);
        }
    }
    if (rc == WEIR_OK && (kind == WEIR_OBJ_TABLE || kind == WEIR_OBJ_VOLUME)) {
        rc = weiri_row_find(catalog, arena, WEIR_OBJ_SCHEMA, c, NULL, s, &found, err);
        weir_object_free_options(&found);
        if (rc == WEIR_END) {
            rc = fail_missing(catalog, arena, WEIR_OBJ_SCHEMA, c, NULL, s, err);
        }
    }
    if (rc == WEIR_OK) {
        rc = fail_missing(catalog, arena, kind, c, s, name, err);
    }
    weir_arena_free(arena);
    return rc;
}

weir_rc weiri_name_exists(enum weir_object_kind kind, const char *full_name, struct weir_error *err)
{
    char condition[48];
    (void)snprintf(condition, sizeof condition, "%s_ALREADY_EXISTS", KINDS[kind].condition);
    return weir_fail(err, WEIR_EXISTS, condition, "there is a %s of this name; %s; choose another name or drop it first",
                     KINDS[kind].word, full_name);
}

/* --- SHOW ... LIKE --- */

static bool like_one(const char *pattern, size_t len, const char *name)
{
    size_t p = 0;
    size_t star = SIZE_MAX; /* where to go on after the last '*', and from which character of the name */
    const char *retry = NULL;
    while (*name) {
        if (p < len && pattern[p] == '*') {
            star = ++p;
            retry = name;
        } else if (p < len && (pattern[p] == '.' || lower(pattern[p]) == *name)) {
            p++;
            name++;
        } else if (star != SIZE_MAX) {
            p = star;
            name = ++retry;
        } else {
            return false;
        }
    }
    while (p < len && pattern[p] == '*') {
        p++;
    }
    return p == len;
}

bool weiri_catalog_like(const char *pattern, const char *name)
{
    for (;;) {
        const size_t len = strcspn(pattern, "|");
        const struct weir_str one = weir_str_trim((struct weir_str){pattern, len});
        if (like_one(one.ptr, one.len, name)) {
            return true;
        }
        if (pattern[len] == '\0') {
            return false;
        }
        pattern += len + 1;
    }
}
