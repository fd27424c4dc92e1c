/* filelog.c - see filelog.h. Log file K is plain "K", or "K.compact" with everything so far when (K + 1) % interval == 0. */
#include "stream/filelog.h"
#include "base/time.h"
#include <stdio.h>

#define INTERVAL_DEFAULT 10   /* spark.sql.streaming.fileSource.log.compactInterval */
#define LOGS_KEPT 100         /* minBatchesToRetain */
#define CLEANUP_DELAY_MS 600000 /* fileSource.log.cleanupDelay */
#define LOG_BYTES_MAX ((size_t)2 << 30)
#define PIECE_BYTES ((size_t)1 << 20)
#define LINE_BYTES_MAX ((size_t)4 << 20) /* a piece and what was left of the one before */

struct weir_filelog {
    weir_checkpoint *checkpoint;
    weir_store *store;
    char folder[32]; /* "sources/0" */
    int64_t last;
    int64_t interval;
};

typedef weir_rc (*each_fn)(void *arg, const struct weir_filelog_entry *entry, struct weir_error *err);

/* The interval that one lone compact file implies (CompactibleFileStreamLog.deriveCompactInterval): what divides its id + 1. */
static int64_t derive_interval(int64_t fallback, int64_t compact_id)
{
    int64_t n = compact_id + 1;
    if (n <= fallback) {
        return n;
    }
    if (fallback < n / 2) {
        for (int64_t i = fallback; i <= n / 2; i++) {
            if (n % i == 0) {
                return i;
            }
        }
    }
    return n;
}

static int64_t find_interval(const struct weir_log_ids *ids)
{
    int64_t newest = -1, before = -1;
    for (size_t i = 0; i < ids->count; i++) {
        if (ids->compact[i]) {
            before = newest;
            newest = ids->ids[i];
        }
    }
    if (newest < 0) {
        return INTERVAL_DEFAULT;
    }
    return before >= 0 ? newest - before : derive_interval(INTERVAL_DEFAULT, newest);
}

static bool is_compaction(const weir_filelog *log, int64_t id)
{
    return (id + 1) % log->interval == 0;
}

static void log_name(const weir_filelog *log, int64_t id, char name[40])
{
    snprintf(name, 40, "%lld%s", (long long)id, is_compaction(log, id) ? ".compact" : "");
}

static weir_rc damaged(const weir_filelog *log, const char *name, int64_t line, const char *why, struct weir_error *err)
{
    return weir_fail_at(err, WEIR_CORRUPT, "CHECKPOINT_FILE_LOG_DAMAGED", line, 0,
                        "%s/%s/%s line %lld: %s; restore the file from a copy: without it, files that were read cannot be told from new ones",
                        weir_checkpoint_folder(log->checkpoint), log->folder, name, (long long)line, why);
}

static weir_rc parse_entry(const weir_filelog *log, weir_arena *arena, const char *name, int64_t line, struct weir_str text, struct weir_filelog_entry *out, struct weir_error *err)
{
    const struct weir_json *json = NULL;
    struct weir_error why;
    weir_error_clear(&why);
    if (weir_json_parse(arena, text, &json, &why) != WEIR_OK || json->kind != WEIR_JSON_OBJECT) {
        return damaged(log, name, line, "not a JSON object", err);
    }
    out->path = weir_json_string(weir_json_get(json, "path"));
    if (!out->path || !weir_json_i64(weir_json_get(json, "timestamp"), &out->timestamp_ms) || !weir_json_i64(weir_json_get(json, "batchId"), &out->offset)) {
        return damaged(log, name, line, "path, timestamp or batchId is missing", err);
    }
    return WEIR_OK;
}

static bool take_text(struct weir_str *text, const char *expected)
{
    const size_t len = strlen(expected);
    if (text->len < len || memcmp(text->ptr, expected, len) != 0) {
        return false;
    }
    *text = (struct weir_str){text->ptr + len, text->len - len};
    return true;
}

static bool take_number(struct weir_str *text, int64_t *out)
{
    size_t digits = 0;
    while (digits < text->len && text->ptr[digits] >= '0' && text->ptr[digits] <= '9') {
        digits++;
    }
    const bool ok = digits > 0 && digits <= 18 && (digits == 1 || text->ptr[0] != '0') && weir_str_to_i64((struct weir_str){text->ptr, digits}, out);
    *text = (struct weir_str){text->ptr + digits, text->len - digits};
    return ok;
}

/* The very bytes that Spark and weir write for a path of plain characters: nearly every line of a log that may have millions. Anything else is left
 * to the JSON reader. */
static bool parse_plain(weir_arena *arena, struct weir_str text, struct weir_filelog_entry *out)
{
    if (!take_text(&text, "{\"path\":\"")) {
        return false;
    }
    size_t len = 0;
    while (len < text.len && text.ptr[len] != '"') {
        const unsigned char c = (unsigned char)text.ptr[len++];
        if (c < 0x20 || c >= 0x7F || c == '\\') {
            return false;
        }
    }
    const char *path = text.ptr;
    text = (struct weir_str){text.ptr + len, text.len - len};
    if (!take_text(&text, "\",\"timestamp\":") || !take_number(&text, &out->timestamp_ms) || !take_text(&text, ",\"batchId\":") || !take_number(&text, &out->offset) ||
        !weir_str_eq(text, WEIR_STR("}"))) {
        return false;
    }
    out->path = weir_arena_strndup(arena, path, len);
    return true;
}

/* --- a log file, piece by piece: it may be larger than the memory that a restart should take --- */

struct scan {
    const weir_filelog *log;
    const char *name;
    int64_t line;
    weir_arena *arena; /* of one entry */
    each_fn each;
    void *arg;
};

static weir_rc scan_line(struct scan *scan, struct weir_str text, struct weir_error *err)
{
    struct weir_filelog_entry entry;
    if (text.len > 0 && text.ptr[text.len - 1] == '\r') {
        text.len--;
    }
    scan->line++;
    if (scan->line == 1) {
        return weir_str_eq(text, WEIR_STR("v1")) ? WEIR_OK : damaged(scan->log, scan->name, 1, "the first line is not the version v1", err);
    }
    weir_arena_reset(scan->arena);
    if (!parse_plain(scan->arena, text, &entry)) {
        WEIR_TRY(parse_entry(scan->log, scan->arena, scan->name, scan->line, text, &entry, err));
    }
    return scan->each(scan->arg, &entry, err);
}

/* The whole lines of `buf`, at the end of the file the last one too; what is left moves to the front. */
static weir_rc scan_lines(struct scan *scan, struct weir_buf *buf, bool last, struct weir_error *err)
{
    size_t begin = 0;
    if (buf->len == 0) {
        return WEIR_OK;
    }
    while (begin < buf->len) {
        const char *end = memchr(buf->data + begin, '\n', buf->len - begin);
        if (!end && !last) {
            break;
        }
        const size_t stop = end ? (size_t)(end - buf->data) : buf->len;
        WEIR_TRY(scan_line(scan, (struct weir_str){buf->data + begin, stop - begin}, err));
        begin = stop + 1;
    }
    const size_t rest = begin < buf->len ? buf->len - begin : 0;
    memmove(buf->data, buf->data + buf->len - rest, rest);
    buf->len = rest;
    return WEIR_OK;
}

static weir_rc scan_pieces(struct scan *scan, weir_file *file, struct weir_error *err)
{
    char *piece = weir_malloc(PIECE_BYTES);
    struct weir_buf buf;
    weir_buf_init(&buf, LINE_BYTES_MAX);
    weir_rc rc = WEIR_OK;
    size_t got = PIECE_BYTES;
    for (int64_t at = 0; rc == WEIR_OK && got == PIECE_BYTES; at += (int64_t)got) {
        rc = weir_file_read(file, piece, PIECE_BYTES, at, &got, err);
        if (rc == WEIR_OK) {
            weir_buf_add(&buf, piece, got);
            rc = buf.overflow ? damaged(scan->log, scan->name, scan->line + 1, "the line is longer than any path", err) : scan_lines(scan, &buf, got < PIECE_BYTES, err);
        }
    }
    if (rc == WEIR_OK && scan->line == 0) {
        rc = damaged(scan->log, scan->name, 1, "the file is empty", err);
    }
    weir_buf_free(&buf);
    weir_free(piece);
    return rc;
}

/* Hand every entry of one log file to `each`. */
static weir_rc scan_file(const weir_filelog *log, int64_t id, bool compact, each_fn each, void *arg, struct weir_error *err)
{
    char name[40];
    weir_file *file = NULL;
    snprintf(name, sizeof name, "%lld%s", (long long)id, compact ? ".compact" : "");
    char *key = weir_asprintf("%s/%s", log->folder, name);
    weir_rc rc = weir_store_open_read(log->store, key, &file, err);
    weir_free(key);
    WEIR_TRY(rc);
    struct scan scan = {.log = log, .name = name, .arena = weir_arena_new(), .each = each, .arg = arg};
    rc = scan_pieces(&scan, file, err);
    weir_arena_free(scan.arena);
    return weir_rc_keep(rc, weir_file_close(file, rc == WEIR_OK ? err : NULL));
}

/* The files that hold everything known: the newest compact one at or below `upto` and the plain ones after it. Checks that nothing is missing. */
static weir_rc scan_range(const weir_filelog *log, const struct weir_log_ids *ids, int64_t upto, each_fn each, void *arg, struct weir_error *err)
{
    size_t start = 0;
    int64_t expected = 0;
    for (size_t i = 0; i < ids->count && ids->ids[i] <= upto; i++) {
        if (ids->compact[i]) {
            start = i;
            expected = ids->ids[i];
        }
    }
    for (size_t i = start; i < ids->count && ids->ids[i] <= upto; i++, expected++) {
        char name[40];
        log_name(log, expected, name);
        bool as_named = is_compaction(log, expected) ? ids->compact[i] : ids->plain[i] || ids->compact[i];
        if (ids->ids[i] != expected || !as_named) {
            return weir_fail(err, WEIR_CORRUPT, "CHECKPOINT_FILE_LOG_GAP",
                             "%s/%s/%s is missing while later files are there; which files were read cannot be told; restore it from a copy",
                             weir_checkpoint_folder(log->checkpoint), log->folder, name);
        }
        WEIR_TRY(scan_file(log, expected, ids->compact[i], each, arg, err));
    }
    if (upto >= 0 && expected != upto + 1) {
        return weir_fail(err, WEIR_CORRUPT, "CHECKPOINT_FILE_LOG_GAP", "%s/%s ends before log offset %lld, which a batch needs; restore the folder from a copy",
                         weir_checkpoint_folder(log->checkpoint), log->folder, (long long)upto);
    }
    return WEIR_OK;
}

weir_rc weir_filelog_open(weir_checkpoint *checkpoint, int source, each_fn each, void *arg, weir_filelog **out, struct weir_error *err)
{
    *out = NULL;
    weir_filelog *log = weir_calloc(1, sizeof *log);
    log->checkpoint = checkpoint;
    log->store = weir_checkpoint_store(checkpoint);
    snprintf(log->folder, sizeof log->folder, "sources/%d", source);
    weir_arena *arena = weir_arena_new();
    struct weir_log_ids ids;
    weir_rc rc = weir_log_list(log->store, log->folder, arena, &ids, err);
    if (rc == WEIR_OK) {
        log->last = ids.count ? ids.ids[ids.count - 1] : -1;
        log->interval = find_interval(&ids);
        rc = scan_range(log, &ids, log->last, each, arg, err);
    }
    weir_arena_free(arena);
    if (rc != WEIR_OK) {
        weir_filelog_close(log);
        return rc;
    }
    *out = log;
    return WEIR_OK;
}

void weir_filelog_close(weir_filelog *log)
{
    weir_free(log);
}

int64_t weir_filelog_last(const weir_filelog *log)
{
    return log->last;
}

struct pick {
    int64_t after, upto;
    weir_arena *arena;
    struct weir_filelog_entry *items;
    size_t count, cap;
};

static weir_rc pick_entry(void *arg, const struct weir_filelog_entry *entry, struct weir_error *err)
{
    (void)err;
    struct pick *pick = arg;
    if (entry->offset > pick->after && entry->offset <= pick->upto) {
        WEIR_PUSH(pick->items, pick->count, pick->cap) = (struct weir_filelog_entry){weir_arena_strdup(pick->arena, entry->path), entry->timestamp_ms, entry->offset};
    }
    return WEIR_OK;
}

/* The plain files of the range, where each is there: a batch of a few files must not read the log of all. False: some are joined in a compact one. */
static bool pick_plain(const weir_filelog *log, const struct weir_log_ids *ids, struct pick *pick, weir_rc *rc, struct weir_error *err)
{
    int64_t expected = pick->after + 1;
    size_t first = 0;
    while (first < ids->count && ids->ids[first] <= pick->after) {
        first++;
    }
    size_t end = first;
    for (; end < ids->count && ids->ids[end] == expected && expected <= pick->upto && ids->plain[end]; end++) {
        expected++;
    }
    if (expected != pick->upto + 1) {
        return false;
    }
    for (size_t i = first; i < end && *rc == WEIR_OK; i++) {
        *rc = scan_file(log, ids->ids[i], false, pick_entry, pick, err);
    }
    return true;
}

weir_rc weir_filelog_read(weir_filelog *log, int64_t after, int64_t upto, weir_arena *arena, struct weir_filelog_entry **out, size_t *count_out, struct weir_error *err)
{
    struct pick pick = {.after = after, .upto = upto, .arena = arena};
    struct weir_log_ids ids;
    weir_rc rc = weir_log_list(log->store, log->folder, arena, &ids, err);
    if (rc == WEIR_OK && !pick_plain(log, &ids, &pick, &rc, err)) {
        rc = scan_range(log, &ids, upto, pick_entry, &pick, err);
    }
    *out = NULL;
    *count_out = 0;
    if (rc == WEIR_OK && pick.count > 0) {
        *out = weir_arena_alloc(arena, pick.count * sizeof **out);
        memcpy(*out, pick.items, pick.count * sizeof **out);
        *count_out = pick.count;
    }
    weir_free(pick.items);
    return rc;
}

static void print_entry(struct weir_buf *buf, const char *path, int64_t timestamp_ms, int64_t offset)
{
    weir_buf_add_str(buf, "\n{\"path\":\"");
    weir_json_escape(buf, weir_str(path));
    weir_buf_printf(buf, "\",\"timestamp\":%lld,\"batchId\":%lld}", (long long)timestamp_ms, (long long)offset);
}

static weir_rc copy_entry(void *arg, const struct weir_filelog_entry *entry, struct weir_error *err)
{
    (void)err;
    print_entry(arg, entry->path, entry->timestamp_ms, entry->offset);
    return WEIR_OK;
}

/* Spark keeps a hundred log files' worth, and only what is older than ten minutes goes: another process may just be reading it. */
static void remove_old(weir_filelog *log, int64_t id, weir_arena *arena)
{
    if (log->interval > id + 1 - LOGS_KEPT) {
        return;
    }
    int64_t first_kept = id + 1 - LOGS_KEPT;
    int64_t compact_kept = first_kept - first_kept % log->interval - 1;
    struct weir_log_ids ids;
    if (weir_log_list(log->store, log->folder, arena, &ids, NULL) != WEIR_OK) {
        return;
    }
    int64_t now_ms = weir_now_ms();
    for (size_t i = 0; i < ids.count && ids.ids[i] < compact_kept; i++) {
        char *name = weir_arena_printf(arena, "%lld%s", (long long)ids.ids[i], ids.compact[i] ? ".compact" : "");
        char *key = weir_arena_printf(arena, "%s/%s", log->folder, name);
        struct weir_file_info info;
        if (weir_store_stat(log->store, key, &info, NULL) == WEIR_OK && now_ms - info.mtime_ns / 1000000 > CLEANUP_DELAY_MS) {
            weir_log_remove(log->store, log->folder, name);
        }
    }
}

weir_rc weir_filelog_add(weir_filelog *log, const struct weir_filelog_entry *entries, size_t count, struct weir_error *err)
{
    int64_t id = log->last + 1;
    char name[40];
    log_name(log, id, name);
    weir_arena *arena = weir_arena_new();
    struct weir_buf buf;
    weir_buf_init(&buf, LOG_BYTES_MAX);
    weir_buf_add_str(&buf, "v1");
    weir_rc rc = WEIR_OK;
    if (is_compaction(log, id) && log->last >= 0) {
        struct weir_log_ids ids;
        rc = weir_log_list(log->store, log->folder, arena, &ids, err);
        if (rc == WEIR_OK) {
            rc = scan_range(log, &ids, log->last, copy_entry, &buf, err);
        }
    }
    for (size_t i = 0; i < count; i++) {
        print_entry(&buf, entries[i].path, entries[i].timestamp_ms, id);
    }
    if (rc == WEIR_OK && buf.overflow) {
        rc = weir_fail(err, WEIR_TOO_BIG, "CHECKPOINT_FILE_LOG_TOO_BIG", "%s/%s/%s would exceed 2 GiB; start a new checkpoint over a folder with fewer files",
                       weir_checkpoint_folder(log->checkpoint), log->folder, name);
    }
    if (rc == WEIR_OK) {
        rc = weir_log_put(log->store, log->folder, name, weir_buf_view(&buf), err);
    }
    if (rc == WEIR_OK) {
        log->last = id;
        remove_old(log, id, arena);
    }
    weir_buf_free(&buf);
    weir_arena_free(arena);
    return rc;
}
