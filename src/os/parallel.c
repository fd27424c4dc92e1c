/* parallel.c - a loop on several threads, taking turns, and how many threads make sense. */
#include "os/thread.h"

#include "base/mem.h"

#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

/* --- processors --- */

/* What a control group grants, in whole processors (rounded up); 0 = no limit is told. */
static int cgroup_cpus(void)
{
    char text[64];
    int fd = open("/sys/fs/cgroup/cpu.max", O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return 0;
    }
    ssize_t len = read(fd, text, sizeof text - 1);
    (void)close(fd);
    if (len <= 0) {
        return 0;
    }
    text[len] = '\0';
    const char *space = memchr(text, ' ', (size_t)len); /* "max 100000" or "150000 100000" */
    int64_t quota, period;
    if (!space || !weir_str_to_i64((struct weir_str){text, (size_t)(space - text)}, &quota) ||
        !weir_str_to_i64(weir_str_trim(weir_str(space)), &period) || quota <= 0 || period <= 0) {
        return 0;
    }
    int64_t cpus = (quota + period - 1) / period;
    return cpus > 4096 ? 0 : (int)cpus;
}

int weir_cpu_count(void)
{
    cpu_set_t set;
    int cpus = 0;
    if (sched_getaffinity(0, sizeof set, &set) == 0) {
        cpus = CPU_COUNT(&set);
    } else {
        long online = sysconf(_SC_NPROCESSORS_ONLN); /* more processors than the set can name */
        cpus = online > 0 && online < 65536 ? (int)online : 0;
    }
    int granted = cgroup_cpus();
    if (granted > 0 && granted < cpus) {
        cpus = granted;
    }
    return cpus > 0 ? cpus : 1;
}

/* --- parallel loop --- */

struct loop {
    int64_t count;
    weir_rc (*work)(void *arg, int64_t index, struct weir_error *err);
    void *arg;
    atomic_llong next;
    atomic_bool stop;
    pthread_mutex_t mutex; /* guards what follows; nothing else is locked under it */
    int64_t failed_index;
    weir_rc failed_rc;
    struct weir_error failed;
};

static void *run_loop(void *arg)
{
    struct loop *loop = arg;
    while (!atomic_load(&loop->stop)) {
        int64_t index = (int64_t)atomic_fetch_add(&loop->next, 1);
        if (index >= loop->count) {
            break;
        }
        struct weir_error err = {0};
        weir_rc rc = loop->work(loop->arg, index, &err);
        if (rc == WEIR_OK) {
            continue;
        }
        atomic_store(&loop->stop, true);
        pthread_mutex_lock(&loop->mutex);
        /* Of several that failed at once the lowest index speaks: the answer depends less on timing. */
        if (loop->failed_rc == WEIR_OK || index < loop->failed_index) {
            loop->failed_rc = rc;
            loop->failed_index = index;
            loop->failed = err;
        }
        pthread_mutex_unlock(&loop->mutex);
    }
    return NULL;
}

weir_rc weir_parallel(int threads, int64_t count,
                      weir_rc (*work)(void *arg, int64_t index, struct weir_error *err), void *arg,
                      struct weir_error *err)
{
    struct loop loop = {.count = count, .work = work, .arg = arg, .failed_rc = WEIR_OK};
    WEIR_ASSERT(pthread_mutex_init(&loop.mutex, NULL) == 0);
    int64_t helpers = (threads < count ? threads : count) - 1;
    pthread_t *started = weir_calloc(helpers > 0 ? (size_t)helpers : 1, sizeof *started);
    int64_t running = 0;
    /* A thread that cannot be had is work for the others. */
    while (running < helpers && pthread_create(&started[running], NULL, run_loop, &loop) == 0) {
        running++;
    }
    run_loop(&loop);
    for (int64_t i = 0; i < running; i++) {
        WEIR_ASSERT(pthread_join(started[i], NULL) == 0);
    }
    weir_free(started);
    pthread_mutex_destroy(&loop.mutex);
    if (loop.failed_rc != WEIR_OK && err) {
        *err = loop.failed;
    }
    return loop.failed_rc;
}

/* --- turns --- */

struct weir_turn {
    pthread_mutex_t mutex;
    pthread_cond_t moved;
    int64_t next;   /* all below are done */
    int64_t *early; /* done, but not next yet; unordered */
    size_t early_count, early_cap;
    bool cancelled;
};

weir_turn *weir_turn_new(void)
{
    weir_turn *turn = weir_calloc(1, sizeof *turn);
    WEIR_ASSERT(pthread_mutex_init(&turn->mutex, NULL) == 0);
    WEIR_ASSERT(pthread_cond_init(&turn->moved, NULL) == 0);
    return turn;
}

void weir_turn_free(weir_turn *turn)
{
    if (turn) {
        pthread_cond_destroy(&turn->moved);
        pthread_mutex_destroy(&turn->mutex);
        weir_free(turn->early);
        weir_free(turn);
    }
}

weir_rc weir_turn_wait(weir_turn *turn, int64_t number)
{
    pthread_mutex_lock(&turn->mutex);
    while (!turn->cancelled && turn->next < number) {
        pthread_cond_wait(&turn->moved, &turn->mutex);
    }
    weir_rc rc = turn->cancelled ? WEIR_CANCELLED : WEIR_OK;
    pthread_mutex_unlock(&turn->mutex);
    return rc;
}

/* True when an early one was the next. */
static bool take_early(weir_turn *turn)
{
    for (size_t i = 0; i < turn->early_count; i++) {
        if (turn->early[i] == turn->next) {
            turn->early[i] = turn->early[--turn->early_count];
            return true;
        }
    }
    return false;
}

void weir_turn_done(weir_turn *turn, int64_t number)
{
    pthread_mutex_lock(&turn->mutex);
    WEIR_ASSERT(number >= turn->next); /* a turn is done once */
    if (number == turn->next) {
        do {
            turn->next++;
        } while (take_early(turn));
        pthread_cond_broadcast(&turn->moved);
    } else {
        WEIR_PUSH(turn->early, turn->early_count, turn->early_cap) = number;
    }
    pthread_mutex_unlock(&turn->mutex);
}

void weir_turn_cancel(weir_turn *turn)
{
    pthread_mutex_lock(&turn->mutex);
    turn->cancelled = true;
    pthread_cond_broadcast(&turn->moved);
    pthread_mutex_unlock(&turn->mutex);
}
