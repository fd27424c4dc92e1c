/* feed_folder.c - a folder as a stream: list, leave out what was seen, what is too old and what is still being written, choose within the
 * limits, and write the choice to the file log before anything is read (spark-streaming.md 2.1, 2.3). */
#include "stream/feed.h"
#include "base/time.h"
#include "base/uri.h"
#include "stream/filelog.h"
#include <stdio.h>

#define AGE_UNBOUNDED (INT64_MAX / 4)
#define MIN_AGE_STREAMING_MS 1000
#define NEWS_MAX 10000         /* more files than this are listed rather than looked at one by one */
#define RELIST_US 10000000     /* the listing is the truth: made so often even when a watcher says nothing, */
#define RELIST_SHARE 1000      /* but not more than a thousandth of the time */

struct weir_paths {
    char **items; /* heap, each heap */
    size_t count, cap;
};

struct folder {
    weir_feed feed;
    weir_fs *fs;
    weir_filelog *log;
    weir_seen *seen;          /* everything ever logged: an aged file that is new can be told from one that was read */
    struct weir_file_options options;
    bool frozen;              /* available-now: one listing for the whole run */
    bool listed;
    int64_t min_age_ms;
    size_t logged, below_root; /* entries of the log, and those that lie where the source is now */
    int64_t newest_ms;        /* newest modification time ever logged */
    char *root_uri;           /* spelling that every logged path must begin with */
    char *root_real;          /* the same folder with links resolved; NULL = not there */
    weir_arena *listing;      /* of `pending` */
    struct weir_source_file *pending;
    size_t pending_count;
    bool watched;             /* a watcher tells what appears: `news`; else each plan lists */
    bool doubt;               /* it may have missed something: list */
    bool flat;                /* no glob, no partition folders: paths alone tell enough */
    struct weir_paths news;   /* what appeared, and what was still being written */
    int64_t listed_us, listing_us; /* when the last listing began and how long it took */
    enum weir_evolution evolution; /* NONE, ADD or FAIL */
    struct weir_buf last_parent; /* respelling check: the folder looked at last */
};

static void forget_news(struct folder *self)
{
    for (size_t i = 0; i < self->news.count; i++) {
        weir_free(self->news.items[i]);
    }
    self->news.count = 0;
}

static void keep_news(struct folder *self, const char *path)
{
    if (self->news.count < NEWS_MAX) {
        WEIR_PUSH(self->news.items, self->news.count, self->news.cap) = weir_strdup(path);
    } else {
        self->doubt = true;
    }
}

static void folder_close(weir_feed *feed)
{
    struct folder *self = (struct folder *)feed;
    weir_filelog_close(self->log);
    weir_seen_free(self->seen);
    weir_text_reader_free(feed->reader);
    weir_arena_free(self->listing);
    forget_news(self);
    weir_free(self->news.items);
    weir_buf_free(&self->last_parent);
    weir_free(self->root_uri);
    weir_free(self->root_real);
    weir_free(feed->description);
    weir_free(feed->watch_folder);
    weir_free(self);
}

/* --- what the log says --- */

static weir_rc respelled(struct folder *self, const char *uri, struct weir_error *err)
{
    return weir_fail(err, WEIR_INVALID, "CHECKPOINT_ROOT_RESPELLED",
                     "the checkpoint knows the file %s, which lies in the same folder as %s under another spelling; every file would be read a second time; give the source "
                     "path as it was given before (links and all), or start with a new checkpoint and an empty table",
                     uri, self->root_uri);
}

/* A logged path that does not begin with our root is harmless if it lies elsewhere (another folder was read once), and a trap if it is the
 * same folder under another name: by a link, another scheme spelling, other escapes. */
static weir_rc check_spelling(struct folder *self, const char *uri, struct weir_error *err)
{
    struct weir_buf path;
    weir_buf_init(&path, 0);
    weir_rc rc = WEIR_OK;
    if (!weir_uri_to_path(&path, weir_str(uri))) {
        weir_buf_clear(&path);
        weir_buf_add_str(&path, uri[0] == '/' ? uri : "/");
    }
    char *parent = weir_path_parent(path.data);
    if (!weir_str_eq(weir_str(parent), weir_buf_view(&self->last_parent))) {
        weir_buf_clear(&self->last_parent);
        weir_buf_add_str(&self->last_parent, parent);
        char *real = NULL;
        if (self->root_real && weir_fs_realpath(self->fs, parent, &real, NULL) == WEIR_OK && weir_path_is_within(real, self->root_real)) {
            rc = respelled(self, uri, err);
        }
        weir_free(real);
    }
    weir_free(parent);
    weir_buf_free(&path);
    return rc;
}

static bool canonical(struct folder *self, const char *uri)
{
    size_t len = strlen(self->root_uri);
    return strncmp(uri, self->root_uri, len) == 0 && (uri[len] == '/' || uri[len] == 0 || self->root_uri[len - 1] == '/');
}

static weir_rc known_entry(void *arg, const struct weir_filelog_entry *entry, struct weir_error *err)
{
    struct folder *self = arg;
    weir_seen_add(self->seen, entry->path, entry->timestamp_ms);
    if (entry->timestamp_ms > self->newest_ms) {
        self->newest_ms = entry->timestamp_ms;
    }
    self->logged++;
    self->below_root += canonical(self, entry->path);
    return canonical(self, entry->path) ? WEIR_OK : check_spelling(self, entry->path, err);
}

/* --- planning --- */

static int64_t parse_offset(const char *line)
{
    int64_t value = -1;
    if (line) {
        weir_arena *arena = weir_arena_new();
        const struct weir_json *json = NULL;
        if (weir_json_parse(arena, weir_str_trim(weir_str(line)), &json, NULL) == WEIR_OK) {
            /* The bare number is how Spark 2.0 wrote it. */
            if (!weir_json_i64(json, &value) && !weir_json_i64(weir_json_get(json, "logOffset"), &value)) {
                value = -2;
            }
        } else {
            value = -2;
        }
        weir_arena_free(arena);
    }
    return value;
}

static weir_rc check_offset(const struct folder *self, const char *line, int64_t offset, struct weir_error *err)
{
    if (offset == -2) {
        return weir_fail(err, WEIR_CORRUPT, "CHECKPOINT_OFFSET_INVALID", "source %d: \"%s\" is not an offset of a folder ({\"logOffset\":N}); the sources of this query were others; give the same sources in the same order",
                         self->feed.index, line);
    }
    if (offset > weir_filelog_last(self->log)) {
        return weir_fail(err, WEIR_CORRUPT, "CHECKPOINT_FILE_LOG_GAP", "source %d: a batch took log offset %lld, but the file log ends at %lld; restore sources/%d from a copy",
                         self->feed.index, (long long)offset, (long long)weir_filelog_last(self->log), self->feed.index);
    }
    return WEIR_OK;
}

/* Of these files, those that may be taken now become `pending`; those that are still being written are looked at again. */
static weir_rc sift(struct folder *self, struct weir_source_file *files, size_t count, struct weir_error *err)
{
    weir_feed *feed = &self->feed;
    int64_t now_ms = weir_now_ms();
    int64_t oldest_ms = self->newest_ms > 0 && self->options.max_file_age_ms < AGE_UNBOUNDED ? self->newest_ms - self->options.max_file_age_ms : INT64_MIN;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t mtime_ms = files[i].mtime_ns / 1000000;
        if (!weir_seen_is_new(self->seen, files[i].uri, mtime_ms)) {
            continue;
        }
        if (mtime_ms < oldest_ms) {
            feed->aged++;
            continue;
        }
        int64_t retry_ms = 0;
        bool by_lease = false;
        weir_rc rc = weir_source_complete(self->fs, &files[i], self->min_age_ms, now_ms, &retry_ms, &by_lease, err);
        if (rc == WEIR_BUSY || rc == WEIR_NOT_FOUND) {
            weir_error_clear(err);
            feed->waiting += rc == WEIR_BUSY;
            if (rc == WEIR_BUSY && self->watched) {
                keep_news(self, files[i].path);
            }
            if (rc == WEIR_BUSY && (feed->wait_ms < 0 || retry_ms < feed->wait_ms)) {
                feed->wait_ms = retry_ms;
            }
            continue;
        }
        WEIR_TRY(rc);
        feed->lease_note = by_lease ? "leases" : "quiet time";
        files[kept++] = files[i];
    }
    self->pending = files;
    self->pending_count = kept;
    return WEIR_OK;
}

/* Paths of its files begin with the watched folder's: neither a glob nor a single file, and spelled as listings spell it. */
static bool is_plain_folder(const struct folder *self, const struct weir_source_file *files, size_t count)
{
    const char *root = self->feed.source->text.root;
    char *clean = weir_path_absolute(NULL, root);
    const bool plain = !weir_glob_is(root) && strcmp(clean, self->feed.watch_folder) == 0 && (count == 0 || strcmp(files[0].path, clean) != 0);
    weir_free(clean);
    return plain;
}

static weir_rc list_new(struct folder *self, struct weir_error *err)
{
    weir_feed *feed = &self->feed;
    struct weir_source_file *files = NULL;
    size_t count = 0, partitions = 0;
    const char *const *columns = NULL;
    weir_arena_free(self->listing);
    self->listing = weir_arena_new();
    self->pending = NULL;
    self->pending_count = 0;
    self->listed_us = weir_mono_us();
    forget_news(self);
    feed->waiting = feed->aged = 0;
    feed->wait_ms = -1;
    self->doubt = true; /* until the listing is done */
    WEIR_TRY(weir_source_list(self->fs, feed->source->text.root, &self->options, self->listing, &files, &count, &columns, &partitions, err));
    if (!feed->schema || partitions > 0) {
        WEIR_TRY(weir_text_reader_bind(feed->reader, files, count, columns, partitions, err));
        feed->schema = weir_text_reader_schema(feed->reader);
    }
    self->flat = partitions == 0 && is_plain_folder(self, files, count);
    self->doubt = false;
    WEIR_TRY(sift(self, files, count, err));
    self->listing_us = weir_mono_us() - self->listed_us;
    self->listed = true;
    return WEIR_OK;
}

/* What was found and not taken yet, what was still being written, what the watcher told of; *enough false: only a listing tells. */
static weir_rc look_at_news(struct folder *self, bool *enough, struct weir_error *err)
{
    struct weir_source_file *files = NULL;
    size_t count = 0;
    for (size_t i = 0; i < self->pending_count; i++) {
        keep_news(self, self->pending[i].path);
    }
    *enough = !self->doubt;
    if (!*enough) {
        return WEIR_OK;
    }
    weir_arena *listing = weir_arena_new();
    weir_rc rc = weir_source_look(self->fs, self->feed.source->text.root, &self->options, (const char *const *)self->news.items, self->news.count, listing, &files, &count, enough, err);
    weir_arena_free(self->listing);
    self->listing = listing;
    self->pending = NULL;
    self->pending_count = 0;
    if (rc == WEIR_OK && *enough) {
        forget_news(self);
        self->feed.waiting = 0;
        self->feed.wait_ms = -1;
        rc = sift(self, files, count, err);
    }
    self->doubt = self->doubt || rc != WEIR_OK;
    return rc;
}

static weir_rc find_new(struct folder *self, struct weir_error *err)
{
    const int64_t since_us = weir_mono_us() - self->listed_us;
    if (self->watched && self->flat && !self->doubt && (since_us < RELIST_US || since_us / RELIST_SHARE < self->listing_us)) {
        bool enough = false;
        WEIR_TRY(look_at_news(self, &enough, err));
        if (enough) {
            return WEIR_OK;
        }
    }
    return list_new(self, err);
}

static void folder_appeared(weir_feed *feed, const char *const *paths, size_t count, bool rescan)
{
    struct folder *self = (struct folder *)feed;
    self->doubt = self->doubt || rescan || !self->watched;
    self->watched = true;
    for (size_t i = 0; i < count && !self->doubt; i++) {
        if (weir_path_is_within(paths[i], feed->watch_folder)) {
            keep_news(self, paths[i]);
        }
    }
}

static void folder_unwatched(weir_feed *feed)
{
    struct folder *self = (struct folder *)feed;
    self->watched = false;
    forget_news(self);
}

/* Spark's limits: so many files, or at least one and then as long as the bytes last. */
static size_t within_limits(const struct folder *self, bool unlimited)
{
    if (unlimited) {
        return self->pending_count;
    }
    size_t take = self->pending_count;
    if (self->options.max_files > 0 && take > (size_t)self->options.max_files) {
        take = (size_t)self->options.max_files;
    }
    if (self->options.max_bytes > 0 && take > 0) {
        int64_t bytes = self->pending[0].size;
        size_t n = 1;
        while (n < take && bytes + self->pending[n].size <= self->options.max_bytes) {
            bytes += self->pending[n++].size;
        }
        take = n;
    }
    return take;
}

static weir_rc log_choice(struct folder *self, size_t take, struct weir_error *err)
{
    struct weir_filelog_entry *entries = weir_calloc(take, sizeof *entries);
    for (size_t i = 0; i < take; i++) {
        entries[i] = (struct weir_filelog_entry){self->pending[i].uri, self->pending[i].mtime_ns / 1000000, 0};
    }
    weir_rc rc = weir_filelog_add(self->log, entries, take, err);
    for (size_t i = 0; rc == WEIR_OK && i < take; i++) {
        weir_seen_add(self->seen, entries[i].path, entries[i].timestamp_ms);
        if (entries[i].timestamp_ms > self->newest_ms) {
            self->newest_ms = entries[i].timestamp_ms;
        }
    }
    weir_free(entries);
    return rc;
}

static weir_rc folder_plan(weir_feed *feed, const char *start, bool unlimited, weir_arena *arena, const char **end_out, struct weir_error *err)
{
    struct folder *self = (struct folder *)feed;
    int64_t from = parse_offset(start);
    *end_out = start;
    WEIR_TRY(check_offset(self, start, from, err));
    if (!self->frozen || !self->listed) {
        WEIR_TRY(find_new(self, err));
    }
    size_t take = within_limits(self, unlimited);
    if (take > 0) {
        WEIR_TRY(log_choice(self, take, err));
        self->pending += take;
        self->pending_count -= take;
    }
    /* A log file that no batch took (a crash came between) is covered by this batch too. */
    if (weir_filelog_last(self->log) > from) {
        *end_out = weir_arena_printf(arena, "{\"logOffset\":%lld}", (long long)weir_filelog_last(self->log));
    }
    return WEIR_OK;
}

/* --- a planned batch again --- */

static weir_rc find_file(struct folder *self, const struct weir_filelog_entry *entry, weir_arena *arena, struct weir_source_file *out, bool *there, struct weir_error *err)
{
    struct weir_buf path;
    weir_buf_init(&path, 0);
    struct weir_file_info info;
    *there = false;
    weir_rc rc = weir_uri_to_path(&path, weir_str(entry->path)) ? WEIR_OK
                                                               : weir_fail(err, WEIR_CORRUPT, "CHECKPOINT_FILE_LOG_DAMAGED", "sources/%d names %s, which is not a file: URI", self->feed.index, entry->path);
    if (rc == WEIR_OK) {
        *out = (struct weir_source_file){.path = weir_arena_strdup(arena, path.data), .uri = entry->path};
        rc = weir_fs_stat(self->fs, out->path, &info, err);
        *there = rc == WEIR_OK;
        if (rc == WEIR_OK) {
            out->size = info.size;
            out->mtime_ns = info.mtime_ns;
        } else if (rc == WEIR_NOT_FOUND && self->options.ignore_missing) {
            weir_error_clear(err);
            rc = WEIR_OK;
        } else if (rc == WEIR_NOT_FOUND) {
            weir_error_clear(err);
            rc = weir_fail(err, WEIR_NOT_FOUND, "FILE_VANISHED", "%s was planned and is gone before it could be read; its rows are not in the table; put it back and run again, or set ignoreMissingFiles=true to go on without it", out->path);
        }
    }
    weir_buf_free(&path);
    return rc;
}

/* Fields of the batch's files that the columns do not have. What was found is kept first: a batch that is run again finds nothing new and reads the same columns. */
static weir_rc look_for_columns(struct folder *self, weir_arena *arena, struct weir_error *err)
{
    weir_feed *feed = &self->feed;
    const struct weir_text_source *source = &feed->source->text;
    const char *corrupt = source->options ? weir_options_get(source->options, "columnNameOfCorruptRecord") : NULL;
    weir_schema *found = NULL;
    const char *names = NULL;
    if (self->evolution == WEIR_EVOLVE_NONE || feed->file_count == 0) {
        return WEIR_OK;
    }
    WEIR_TRY(weir_text_infer_files(self->fs, source, feed->files, feed->file_count, arena, &found, err));
    const int bad = weir_schema_find(found, weir_str(corrupt ? corrupt : "_corrupt_record"));
    if (bad >= 0) { /* a broken record is no field */
        memmove(found->fields + bad, found->fields + bad + 1, (found->field_count - (size_t)bad - 1) * sizeof *found->fields);
        found->field_count--;
    }
    const weir_schema *grown = weir_schema_grow(weir_text_reader_declared(feed->reader), found, arena, &names);
    if (!names) {
        return WEIR_OK;
    }
    if (self->evolution == WEIR_EVOLVE_FAIL) {
        return weir_fail(err, WEIR_INVALID, "UNKNOWN_FIELD_EXCEPTION", "%s: new files have fields that the schema does not have: %s; add them to the schema, take the files away, or set schemaEvolutionMode to addNewColumns or none",
                         source->root, names);
    }
    WEIR_TRY(weir_schema_log_add(self->fs, source->schema_folder, grown, err));
    if (self->options.stop_on_new) {
        return weir_fail(err, WEIR_INVALID, "UNKNOWN_FIELD_EXCEPTION", "%s: new files have fields that the schema did not have: %s; they are noted in %s/_schemas now: run again to go on with them", source->root, names,
                         source->schema_folder);
    }
    WEIR_TRY(weir_text_reader_declare(feed->reader, grown, err));
    feed->schema = weir_text_reader_schema(feed->reader);
    feed->grown = true;
    feed->grown_names = names;
    return WEIR_OK;
}

static weir_rc folder_load(weir_feed *feed, const char *start, const char *end, weir_arena *arena, struct weir_error *err)
{
    struct folder *self = (struct folder *)feed;
    feed->files = NULL;
    feed->file_count = 0;
    int64_t from = parse_offset(start), to = parse_offset(end);
    WEIR_TRY(check_offset(self, start, from, err));
    WEIR_TRY(check_offset(self, end, to, err));
    if (to <= from) {
        return WEIR_OK;
    }
    struct weir_filelog_entry *entries = NULL;
    size_t count = 0;
    WEIR_TRY(weir_filelog_read(self->log, from, to, arena, &entries, &count, err));
    feed->files = weir_arena_alloc(arena, (count + 1) * sizeof *feed->files);
    weir_map *once = weir_map_new(); /* an entry that stands twice is one file */
    weir_rc rc = WEIR_OK;
    for (size_t i = 0; rc == WEIR_OK && i < count; i++) {
        bool there = false;
        if (weir_map_has(once, weir_str(entries[i].path))) {
            continue;
        }
        weir_map_put(once, weir_str(entries[i].path), self);
        rc = find_file(self, &entries[i], arena, &feed->files[feed->file_count], &there, err);
        feed->file_count += rc == WEIR_OK && there;
    }
    weir_map_free(once, NULL);
    return rc == WEIR_OK ? look_for_columns(self, arena, err) : rc;
}

static const struct weir_feed_ops FOLDER_OPS = {folder_plan, folder_load, folder_appeared, folder_unwatched, folder_close};

/* The folder that a glob begins in. */
static char *fixed_part(const char *root)
{
    char *part = weir_strdup(root);
    while (weir_glob_is(part)) {
        char *parent = weir_path_parent(part);
        weir_free(part);
        part = parent;
    }
    return part;
}

static void describe(struct folder *self, const char *root)
{
    struct weir_buf uri;
    weir_buf_init(&uri, 0);
    char *fixed = fixed_part(root);
    weir_uri_from_path(&uri, weir_str(fixed));
    self->root_uri = weir_buf_take(&uri);
    self->feed.description = weir_asprintf("FileStreamSource[file:%s]", root);
    if (weir_fs_realpath(self->fs, fixed, &self->root_real, NULL) != WEIR_OK) {
        self->root_real = NULL;
    }
    self->feed.watch_folder = fixed;
    self->feed.watch_recursive = true;
    weir_buf_free(&uri);
}

static weir_rc decide_evolution(struct folder *self, struct weir_error *err)
{
    const bool found = self->feed.source->text.schema_folder != NULL;
    self->evolution = self->options.evolution != WEIR_EVOLVE_DEFAULT ? self->options.evolution : found ? WEIR_EVOLVE_ADD : WEIR_EVOLVE_NONE;
    self->feed.may_grow = self->evolution == WEIR_EVOLVE_ADD;
    if (self->evolution == WEIR_EVOLVE_ADD && !found) {
        return weir_fail(err, WEIR_INVALID, "EVOLUTION_WITH_SCHEMA", "schemaEvolutionMode=addNewColumns is for columns that are found in the files; leave the schema out (schemaHints may name types), or write none");
    }
    return WEIR_OK;
}

weir_rc weir_feed_open_folder(weir_fs *fs, weir_checkpoint *checkpoint, int index, const struct weir_stream_source *source, enum weir_trigger trigger, weir_feed **out,
                              struct weir_error *err)
{
    *out = NULL;
    struct folder *self = weir_calloc(1, sizeof *self);
    self->feed.ops = &FOLDER_OPS;
    self->feed.source = source;
    self->feed.index = index;
    self->feed.wait_ms = -1;
    self->fs = fs;
    weir_buf_init(&self->last_parent, 0);
    weir_rc rc = weir_text_reader_new(fs, &source->text, &self->feed.reader, err);
    if (rc == WEIR_OK) {
        self->options = *weir_text_reader_file_options(self->feed.reader);
        bool once = trigger == WEIR_TRIGGER_AVAILABLE_NOW || trigger == WEIR_TRIGGER_ONCE;
        self->frozen = trigger == WEIR_TRIGGER_AVAILABLE_NOW;
        self->min_age_ms = self->options.min_file_age_ms >= 0 ? self->options.min_file_age_ms : once ? 0 : MIN_AGE_STREAMING_MS;
        if (self->options.latest_first && (self->options.max_files > 0 || self->options.max_bytes > 0)) {
            self->options.max_file_age_ms = AGE_UNBOUNDED; /* as Spark: else the older part of a first run would be lost */
        }
        rc = weir_file_options_in_stream(&self->options, err);
        rc = rc == WEIR_OK ? decide_evolution(self, err) : rc;
        self->seen = weir_seen_new(AGE_UNBOUNDED, self->options.file_name_only);
        self->options.known = self->seen;
        describe(self, source->text.root);
        rc = rc == WEIR_OK ? weir_filelog_open(checkpoint, index, known_entry, self, &self->log, err) : rc;
    }
    if (rc == WEIR_OK && self->logged > 0 && self->below_root == 0) {
        rc = weir_fail(err, WEIR_INVALID, "CHECKPOINT_ROOT_RESPELLED",
                       "the checkpoint knows %zu files and none of them lies in %s: the folder was moved, or it is another one; its files would all be read as new; move it back, or start with a new checkpoint and an empty table",
                       self->logged, source->text.root);
    }
    if (rc == WEIR_OK) {
        rc = list_new(self, err);
        self->listed = self->frozen && rc == WEIR_OK;
    }
    if (rc != WEIR_OK) {
        folder_close(&self->feed);
        return rc;
    }
    *out = &self->feed;
    return WEIR_OK;
}
