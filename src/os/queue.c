/* queue.c - a bounded queue between threads: limits in items and in bytes, closed once.
 *
 * A ring that grows up to items_max. One mutex, never held while anything else is locked or read. An item larger than bytes_max is
 * let in when the queue is empty: it would otherwise wait for ever. */
#include "os/thread.h"

#include "base/mem.h"

#include <errno.h>
#include <time.h>

struct slot {
    void *item;
    size_t bytes;
};

struct weir_queue {
    pthread_mutex_t mutex;
    pthread_cond_t not_full;
    pthread_cond_t not_empty;
    size_t items_max, bytes_max;
    struct slot *ring;
    size_t cap, head, count;
    size_t bytes;
    bool closed;
};

weir_queue *weir_queue_new(size_t items_max, size_t bytes_max)
{
    WEIR_ASSERT(items_max > 0);
    weir_queue *queue = weir_calloc(1, sizeof *queue);
    queue->items_max = items_max;
    queue->bytes_max = bytes_max;
    pthread_condattr_t attr;
    WEIR_ASSERT(pthread_condattr_init(&attr) == 0);
    WEIR_ASSERT(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
    WEIR_ASSERT(pthread_mutex_init(&queue->mutex, NULL) == 0);
    WEIR_ASSERT(pthread_cond_init(&queue->not_full, NULL) == 0);
    WEIR_ASSERT(pthread_cond_init(&queue->not_empty, &attr) == 0);
    pthread_condattr_destroy(&attr);
    return queue;
}

void weir_queue_free(weir_queue *queue)
{
    if (!queue) {
        return;
    }
    WEIR_ASSERT(queue->count == 0);
    pthread_cond_destroy(&queue->not_full);
    pthread_cond_destroy(&queue->not_empty);
    pthread_mutex_destroy(&queue->mutex);
    weir_free(queue->ring);
    weir_free(queue);
}

static bool is_full(const weir_queue *queue, size_t bytes)
{
    if (queue->count == 0) {
        return false;
    }
    return queue->count >= queue->items_max ||
           (queue->bytes_max != 0 &&
            (queue->bytes >= queue->bytes_max || bytes > queue->bytes_max - queue->bytes));
}

static void grow_ring(weir_queue *queue)
{
    size_t cap = queue->cap == 0 ? 16 : queue->cap * 2;
    struct slot *ring = weir_calloc(cap, sizeof *ring);
    for (size_t i = 0; i < queue->count; i++) {
        ring[i] = queue->ring[(queue->head + i) % queue->cap];
    }
    weir_free(queue->ring);
    queue->ring = ring;
    queue->cap = cap;
    queue->head = 0;
}

weir_rc weir_queue_put(weir_queue *queue, void *item, size_t bytes)
{
    weir_rc rc = WEIR_CANCELLED;
    pthread_mutex_lock(&queue->mutex);
    while (!queue->closed && is_full(queue, bytes)) {
        pthread_cond_wait(&queue->not_full, &queue->mutex);
    }
    if (!queue->closed) {
        if (queue->count == queue->cap) {
            grow_ring(queue);
        }
        queue->ring[(queue->head + queue->count) % queue->cap] = (struct slot){item, bytes};
        queue->count++;
        queue->bytes += bytes;
        pthread_cond_signal(&queue->not_empty);
        rc = WEIR_OK;
    }
    pthread_mutex_unlock(&queue->mutex);
    return rc;
}

static struct timespec deadline_after(int64_t timeout_ms)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += (time_t)(timeout_ms / 1000);
    at.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

weir_rc weir_queue_get(weir_queue *queue, void **item_out, int64_t timeout_ms)
{
    *item_out = NULL;
    struct timespec deadline = deadline_after(timeout_ms > 0 ? timeout_ms : 0);
    weir_rc rc = WEIR_OK;
    pthread_mutex_lock(&queue->mutex);
    while (queue->count == 0 && rc == WEIR_OK) {
        if (queue->closed) {
            rc = WEIR_END;
        } else if (timeout_ms < 0) {
            pthread_cond_wait(&queue->not_empty, &queue->mutex);
        } else if (pthread_cond_timedwait(&queue->not_empty, &queue->mutex, &deadline) == ETIMEDOUT &&
                   queue->count == 0) {
            rc = queue->closed ? WEIR_END : WEIR_BUSY;
        }
    }
    if (rc == WEIR_OK) {
        *item_out = queue->ring[queue->head].item;
        queue->bytes -= queue->ring[queue->head].bytes;
        queue->head = (queue->head + 1) % queue->cap;
        queue->count--;
        /* Those who wait may need different amounts of room: wake all, the first that fits goes. */
        pthread_cond_broadcast(&queue->not_full);
    }
    pthread_mutex_unlock(&queue->mutex);
    return rc;
}

void weir_queue_close(weir_queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    queue->closed = true;
    pthread_cond_broadcast(&queue->not_full);
    pthread_cond_broadcast(&queue->not_empty);
    pthread_mutex_unlock(&queue->mutex);
}
