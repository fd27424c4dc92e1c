/* feed.h - one source of a running query: plans what comes next and knows what a planned batch holds. Private to the room.
 *
 * An offset is a line of JSON, as it stands in offsets/N; NULL is "nothing yet". A batch is what lies in (start, end]. Planning makes the
 * choice durable where the source has a log of its own; loading finds the same rows again after a crash. One thread. */
#pragma once
#include "stream/checkpoint.h"
#include "stream/stream.h"

typedef struct weir_feed weir_feed;

struct weir_feed_ops {
    /* What comes after `start`: *end_out is `start` itself when there is nothing new, else a line in the arena. `unlimited`: rate limits do not hold (Once). */
    weir_rc (*plan)(weir_feed *feed, const char *start, bool unlimited, weir_arena *arena, const char **end_out, struct weir_error *err);
    /* Find what (start, end] holds and put it into the feed's fields below; lives in the arena. */
    weir_rc (*load)(weir_feed *feed, const char *start, const char *end, weir_arena *arena, struct weir_error *err);
    /* A watcher looks after watch_folder from now on: until it is told otherwise, the feed may believe that nothing but these paths appeared since the last plan.
     * `rescan`: anything may have. NULL where a plan costs nothing. */
    void (*appeared)(weir_feed *feed, const char *const *paths, size_t count, bool rescan);
    /* Nobody watches any more. */
    void (*unwatched)(weir_feed *feed);
    void (*close)(weir_feed *feed); /* frees the feed */
};
struct weir_feed {
    const struct weir_feed_ops *ops;
    const struct weir_stream_source *source; /* borrowed */
    int index;
    const weir_schema *schema;  /* what '*' gives */
    char *description;          /* Spark's: "FileStreamSource[file:/in]" */
    char *watch_folder;         /* something appears here when there is something new */
    bool watch_recursive;
    int64_t wait_ms;            /* after plan: a file ripens in so many ms; -1 = only new events matter */
    size_t waiting;             /* after plan: files that are still being written */
    size_t aged;                /* after plan: files ignored by maxFileAge, never read */
    const char *lease_note;     /* how completeness is known there; NULL before the first file */
    /* after load */
    struct weir_source_file *files;   /* FOLDER */
    size_t file_count;
    weir_snapshot *snapshot;          /* DELTA: for schema and places; the feed's own */
    const struct weir_add **adds;     /* DELTA */
    size_t add_count;
    weir_text_reader *reader;         /* FOLDER */
    bool may_grow;                    /* FOLDER: columns may come with the files */
    bool grown;                       /* they did, in the last load; whoever uses it takes it back */
    const char *grown_names;          /* for people; of the batch */
};

/* `available_now`: the target is fixed at the first plan and does not move any more. */
weir_rc weir_feed_open_folder(weir_fs *fs, weir_checkpoint *checkpoint, int index, const struct weir_stream_source *source, enum weir_trigger trigger, weir_feed **out,
                              struct weir_error *err) WEIR_MUST_USE;
weir_rc weir_feed_open_delta(weir_engine *engine, int index, const struct weir_stream_source *source, enum weir_trigger trigger, weir_feed **out, struct weir_error *err) WEIR_MUST_USE;
