/* delta_internal.h - what the files of this room share. Private.
 *
 * Reading order: names.c (the log's file names), action.c (one JSON line), state.c (replay and what comes out of it), listing.c (which files
 * make a version), protocol.c (gates), snapshot.c (the handle and its cache), then history.c, txn.c, commit.c, checkpoint*.c, cleanup.c.
 *
 * Memory: everything that a snapshot points to lives in a segment, a counted arena. A snapshot and the replay state hold it together; texts
 * of files that were removed meanwhile stay until the state is rebuilt into a new segment (state.c says when). */
#pragma once
#include "delta/delta.h"
#include "base/time.h"

#include <pthread.h>
#include <stdatomic.h>

#define WEIRI_LOG "_delta_log"
#define WEIRI_COMMIT_BYTES_MAX ((size_t)1 << 31) /* one commit file; a larger one is refused */

/* --- names.c --- */
enum weiri_log_kind { WEIRI_LOG_OTHER, WEIRI_LOG_COMMIT, WEIRI_LOG_CRC, WEIRI_LOG_COMPACTED, WEIRI_LOG_CHECKPOINT, WEIRI_LOG_CHECKPOINT_PART,
                      WEIRI_LOG_CHECKPOINT_V2, WEIRI_LOG_TEMP };
struct weiri_log_name {
    enum weiri_log_kind kind;
    int64_t version;
    int64_t last_version;   /* COMPACTED: its end */
    int64_t part, parts;    /* CHECKPOINT_PART, 1-based */
    bool json;              /* CHECKPOINT_V2 */
};
struct weiri_log_name weiri_log_name(const char *name);
char *weiri_commit_key(int64_t version);                 /* heap: "_delta_log/<20 digits>.json" */
char *weiri_log_key(const char *name);                   /* heap: "_delta_log/<name>" */
/* Two spellings of one file's path give one text: "a%20b" is decoded, "file:///x", "file:/x" and "/x" are equal. Appends to `out`. */
void weiri_path_canonical(struct weir_buf *out, const char *path);

/* --- action.c --- */
struct weiri_pair { const char *key, *value; };
/* An add or a remove, whole: what a checkpoint must keep. `add` comes first, so that a weir_add of ours is one of these. */
struct weiri_file {
    struct weir_add add;                      /* partition values as they stand in the log until the state puts them in order */
    const struct weiri_pair *tags;
    size_t tag_count;
    bool has_tags, has_base_row_id, has_row_commit_version, has_size, has_partition_values, has_deletion_timestamp;
    bool extended_metadata;                   /* remove */
    int64_t base_row_id, row_commit_version;
    int64_t deletion_timestamp_ms;            /* remove */
    const char *clustering_provider;
};
struct weiri_metadata {
    struct weir_metadata pub;                 /* schema is filled in by the state */
    const char *provider;                     /* NULL = none given */
    const struct weiri_pair *format_options;
    size_t format_option_count;
    const struct weiri_pair *configuration;
    size_t configuration_count;
    bool has_created_time;
    weir_options *options;                    /* pub.configuration; freed with the segment */
};
struct weiri_txn_action { const char *app_id; int64_t version; bool has_last_updated; int64_t last_updated_ms; };
struct weiri_domain { const char *domain, *configuration; bool removed; };
enum weiri_kind { WEIRI_NOTHING, WEIRI_ADD, WEIRI_REMOVE, WEIRI_METADATA, WEIRI_PROTOCOL, WEIRI_TXN, WEIRI_DOMAIN, WEIRI_COMMIT_INFO, WEIRI_SIDECAR,
                  WEIRI_CHECKPOINT_METADATA };
struct weiri_action {
    enum weiri_kind kind;
    struct weiri_file *file;
    struct weiri_metadata *metadata;
    struct weir_protocol *protocol;
    struct weiri_txn_action *txn;
    struct weiri_domain *domain;
    const struct weir_json *commit_info;      /* lives in the scratch arena */
    const char *sidecar_path;
    int64_t sidecar_size;                     /* -1 = not said */
};
/* One line. The tree is made in `scratch`, the action's own texts in `keep` (they may be the same). Unknown actions are NOTHING. */
weir_rc weiri_action_parse(struct weir_str line, weir_arena *scratch, weir_arena *keep, struct weiri_action *out, struct weir_error *err) WEIR_MUST_USE;
/* Calls `each` for every action of an NDJSON text; `what` names it in messages. */
typedef weir_rc (*weiri_action_fn)(void *arg, const struct weiri_action *action, struct weir_error *err);
weir_rc weiri_actions_of_text(struct weir_str text, const char *what, weir_arena *keep, weiri_action_fn each, void *arg, struct weir_error *err) WEIR_MUST_USE;
/* The unique id of a deletion vector ("" for none), appended. */
void weiri_dv_id(struct weir_buf *out, const struct weir_dv *dv);

/* --- state.c --- */
struct weiri_segment {
    atomic_int refs;
    weir_arena *arena;
    weir_options **options; /* freed with it */
    size_t option_count, option_cap;
};
struct weiri_segment *weiri_segment_new(void);
struct weiri_segment *weiri_segment_ref(struct weiri_segment *segment);
void weiri_segment_unref(struct weiri_segment *segment);

/* The state of the log at `version`, growing commit by commit. One thread. */
struct weiri_state {
    struct weiri_segment *segment;
    weir_map *files, *tombstones; /* canonical path + dv id -> struct weiri_file */
    weir_map *txns, *domains;     /* -> struct weiri_txn_action, struct weiri_domain */
    struct weiri_metadata *metadata;
    struct weir_protocol *protocol;
    int64_t version;              /* -1 = nothing yet */
    int64_t timestamp_ms;
    bool metadata_changed;        /* partition values must be put in order again */
    size_t arena_floor;           /* bytes in use when the segment was last rebuilt */
    struct weiri_file **fresh;    /* adds whose partition values were not looked at yet */
    size_t fresh_count, fresh_cap;
};
struct weiri_state *weiri_state_new(void);
void weiri_state_free(struct weiri_state *state);
/* One action of a checkpoint or a commit. `rules` NULL: checkpoint (each key once, no rules within a commit). */
struct weiri_commit_rules;
weir_rc weiri_state_apply(struct weiri_state *state, const struct weiri_action *action, struct weiri_commit_rules *rules, struct weir_error *err) WEIR_MUST_USE;
/* A whole commit text; checks what one commit may hold. `timestamp_ms` is the file's time, used unless the table has in-commit timestamps. */
weir_rc weiri_state_commit(struct weiri_state *state, int64_t version, struct weir_str text, const char *what, int64_t timestamp_ms, struct weir_error *err) WEIR_MUST_USE;
/* Schema and options of the newest metaData, gated. Also for one metaData alone (history.c). */
weir_rc weiri_metadata_finish(struct weiri_segment *segment, const struct weir_protocol *protocol, struct weiri_metadata *meta, struct weir_error *err) WEIR_MUST_USE;
/* The state as an immutable snapshot; gates on the protocol first. */
weir_rc weiri_state_snapshot(struct weiri_state *state, weir_delta *table, weir_snapshot **out, struct weir_error *err) WEIR_MUST_USE;

/* --- listing.c: which files make a version --- */
struct weiri_commit_file { int64_t version; int64_t size; int64_t mtime_ms; uint64_t inode; };
struct weiri_log {
    int64_t version;                 /* what it gives */
    int64_t checkpoint;              /* -1 = none */
    int64_t checkpoint_mtime_ms;
    const char **checkpoint_names;   /* file names in _delta_log, parts in order */
    size_t checkpoint_name_count;
    struct weiri_commit_file *commits; /* checkpoint + 1 .. version, contiguous */
    size_t commit_count;
};
/* `target` -1: the newest. Everything lives in the arena. */
weir_rc weiri_log_find(weir_delta *table, int64_t target, weir_arena *arena, struct weiri_log *out, struct weir_error *err) WEIR_MUST_USE;
/* All commits in the log, ascending, with times made monotonic (each at least 1 ms after the one before). */
weir_rc weiri_log_commits(weir_delta *table, weir_arena *arena, struct weiri_commit_file **out, size_t *count_out, struct weir_error *err) WEIR_MUST_USE;
/* The oldest version that can still be rebuilt. */
weir_rc weiri_log_earliest(weir_delta *table, int64_t *version_out, struct weir_error *err) WEIR_MUST_USE;
weir_rc weiri_read_commit_text(weir_delta *table, int64_t version, struct weir_buf *out, struct weir_error *err) WEIR_MUST_USE; /* WEIR_NOT_FOUND */

/* --- protocol.c, properties.c --- */
/* The schema is looked at where it is parsed already. */
weir_rc weiri_gate_read(const struct weir_protocol *protocol, const struct weiri_metadata *metadata, struct weir_error *err) WEIR_MUST_USE;
bool weiri_has_feature(const char *const *features, size_t count, const char *name);
/* TBLPROPERTIES of a new table: WEIR_OK or what weir cannot keep, by name. */
const char *weiri_property_name(const char *name); /* delta.APPENDONLY -> delta.appendOnly; NULL: is not stored in the table */
weir_rc weiri_check_properties(const weir_options *properties, struct weir_error *err) WEIR_MUST_USE;
weir_rc weiri_check_schema(const weir_schema *schema, const char *const *partition_columns, size_t partition_count, struct weir_error *err) WEIR_MUST_USE;
bool weiri_schema_has(const weir_schema *schema, enum weir_type_id id); /* at any depth */
/* The protocol that `schema` needs on top of `have` (NULL: a new table); returns `have` if it is enough. */
const struct weir_protocol *weiri_protocol_for(weir_arena *arena, const weir_schema *schema, const struct weir_protocol *have);
bool weiri_property_bool(const weir_options *configuration, const char *name, bool otherwise);
int64_t weiri_property_i64(const weir_options *configuration, const char *name, int64_t otherwise);
int64_t weiri_property_interval_ms(const weir_options *configuration, const char *name, int64_t otherwise_ms);

/* --- snapshot.c --- */
struct weir_snapshot {
    atomic_int refs;
    struct weiri_segment *segment;
    weir_store *store;             /* own */
    char *path;
    int64_t version, timestamp_ms;
    const struct weiri_metadata *metadata;
    const struct weir_protocol *protocol;
    struct weiri_file **files;      size_t file_count;
    struct weiri_file **tombstones; size_t tombstone_count;
    struct weiri_txn_action **txns; size_t txn_count;
    struct weiri_domain **domains;  size_t domain_count;
};
struct weir_delta {
    weir_fs *fs;
    char *path;
    weir_store *store;
    pthread_mutex_t lock;         /* guards what follows; held while a new version is read, so that it is read once */
    struct weiri_state *state;    /* newest seen, NULL = none */
    weir_snapshot *snapshot;      /* of state, NULL = none */
    struct weiri_commit_file last; /* identity of the newest commit file seen; version -1 = none */
};
weir_snapshot *weiri_snapshot_new(weir_delta *table, struct weiri_state *state);
void weiri_forget(weir_delta *table); /* the cache is dropped: the next snapshot starts from the log */

/* --- checkpoint_read.c, checkpoint.c, cleanup.c --- */
weir_rc weiri_checkpoint_read(weir_delta *table, const struct weiri_log *log, struct weiri_state *state, struct weir_error *err) WEIR_MUST_USE;
/* What stands in _last_checkpoint; false: nothing usable. */
bool weiri_last_checkpoint(weir_delta *table, int64_t *version_out);
void weiri_after_commit(weir_delta *table, int64_t version); /* checkpoint when due, then cleanup; logs what fails */
weir_rc weiri_cleanup(weir_delta *table, const weir_snapshot *snapshot, int64_t now_ms, struct weir_error *err) WEIR_MUST_USE;

/* --- action_write.c --- */
void weiri_write_add(struct weir_jsonw *w, const struct weiri_file *file);    /* {"add":{...}} */
void weiri_write_remove(struct weir_jsonw *w, const struct weiri_file *file, int64_t now_ms);
void weiri_write_metadata(struct weir_jsonw *w, const struct weiri_metadata *metadata);
void weiri_write_protocol(struct weir_jsonw *w, const struct weir_protocol *protocol);
