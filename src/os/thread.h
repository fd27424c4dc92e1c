/* thread.h - threads, bounded queues, a small pool, cancellation.
 * Threads talk only by queues with limits; a full queue stops the one who puts. */
#pragma once
#include "base/error.h"
#include <pthread.h>

int weir_cpu_count(void); /* processors this process may use */

typedef struct weir_queue weir_queue;
weir_queue *weir_queue_new(size_t items_max, size_t bytes_max); /* bytes_max 0 = no limit in bytes */
void weir_queue_free(weir_queue *queue);                        /* must be empty */
/* Ownership of item moves on WEIR_OK. Blocks while full; WEIR_CANCELLED after close: the item stays with the caller. */
weir_rc weir_queue_put(weir_queue *queue, void *item, size_t bytes) WEIR_MUST_USE;
/* Blocks while empty; WEIR_END when closed and empty. timeout_ms < 0: for ever; WEIR_BUSY: timed out. */
weir_rc weir_queue_get(weir_queue *queue, void **item_out, int64_t timeout_ms) WEIR_MUST_USE;
void weir_queue_close(weir_queue *queue); /* any thread, repeatable */

/* Run work(arg, index) for index 0..count-1 on up to `threads` threads (the caller is one of them); the first error stops the
 * hand-out of further indexes and is returned with its message. */
weir_rc weir_parallel(int threads, int64_t count, weir_rc (*work)(void *arg, int64_t index, struct weir_error *err), void *arg,
                      struct weir_error *err) WEIR_MUST_USE;

/* A turn: tasks finish in any order and take their turn in order of number. */
typedef struct weir_turn weir_turn;
weir_turn *weir_turn_new(void);
void weir_turn_free(weir_turn *turn);
/* Blocks until all turns below `number` are done; WEIR_CANCELLED when the turn was cancelled. */
weir_rc weir_turn_wait(weir_turn *turn, int64_t number) WEIR_MUST_USE;
void weir_turn_done(weir_turn *turn, int64_t number); /* once per number, in any order */
void weir_turn_cancel(weir_turn *turn);

/* Asked by long work between steps; set by a signal handler (async-signal-safe) or a caller. 0 none, 1 stop after the batch,
 * 2 stop at once. */
void weir_stop_request(int level);
int weir_stop_level(void);
void weir_stop_reset(void);
int weir_stop_fd(void); /* becomes readable when a stop is requested (eventfd): for poll loops; -1 when none could be had */
/* SIGINT and SIGTERM ask for a stop after the batch (and say so on stderr); a second one ends the process at once with `exit_code`, which is safe at any
 * moment: every durable state is. */
void weir_stop_on_signals(int exit_code);
/* While on, SIGINT asks in silence for a stop at once (level 2), which only ends what runs: for a prompt, which resets it and goes on. SIGTERM ends the process, as a
 * second SIGINT without a reset between them does. */
void weir_stop_at_prompt(bool on);
/* Waits until there is something to read, or until stop is asked for: true when only the former. No request is missed, whenever it comes. */
bool weir_stop_or_readable(int fd);
/* Calls `act` once, in a thread of its own, when a stop is asked for before the watch is freed. Where no thread can be had nothing is watched, and NULL is legal to free. */
typedef struct weir_stop_watch weir_stop_watch;
weir_stop_watch *weir_stop_watch_new(void (*act)(void *arg), void *arg);
void weir_stop_watch_free(weir_stop_watch *watch); /* act has returned, or will not be called */
/* Sleep so long, or until a stop is requested. */
void weir_stop_wait(int64_t timeout_ms);
