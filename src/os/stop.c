/* stop.c - "please stop": a level that signal handlers raise and long work asks for, and a descriptor for poll loops.
 *
 * The handler only touches lock-free atomics and writes to an eventfd. The descriptor is made on the first weir_stop_fd; whichever of
 * request and first weir_stop_fd comes second (sequentially consistent) makes it readable. */
#include "os/thread.h"
#include "base/mem.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

static atomic_int stop_level;
static atomic_int stop_fd = -1;
static pthread_once_t stop_once = PTHREAD_ONCE_INIT;

static void wake(int fd)
{
    uint64_t one = 1;
    /* Fails only when the counter is full, and then it is readable. */
    ssize_t put = write(fd, &one, sizeof one);
    (void)put;
}

void weir_stop_request(int level)
{
    int saved = errno;
    int now = atomic_load(&stop_level);
    while (level > now && !atomic_compare_exchange_weak(&stop_level, &now, level)) {
    }
    int fd = atomic_load(&stop_fd);
    if (level > 0 && fd >= 0) {
        wake(fd);
    }
    errno = saved;
}

int weir_stop_level(void)
{
    return atomic_load(&stop_level);
}

static void make_fd(void)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    atomic_store(&stop_fd, fd);
    if (fd >= 0 && atomic_load(&stop_level) > 0) {
        wake(fd);
    }
}

int weir_stop_fd(void)
{
    pthread_once(&stop_once, make_fd);
    return atomic_load(&stop_fd);
}

void weir_stop_reset(void)
{
    atomic_store(&stop_level, 0);
    int fd = atomic_load(&stop_fd);
    uint64_t counter;
    if (fd >= 0) {
        ssize_t got = read(fd, &counter, sizeof counter);
        (void)got;
    }
}

void weir_stop_wait(int64_t timeout_ms)
{
    struct pollfd wait = {.fd = weir_stop_fd(), .events = POLLIN};
    int timeout = timeout_ms > INT32_MAX ? INT32_MAX : (int)timeout_ms;
    /* Interrupted by a signal, it returns early: the caller looks at the level and the clock anyway. */
    (void)poll(&wait, wait.fd >= 0 ? 1 : 0, timeout);
}

bool weir_stop_or_readable(int fd)
{
    struct pollfd fds[] = {{.fd = fd, .events = POLLIN}, {.fd = weir_stop_fd(), .events = POLLIN}};
    while (weir_stop_level() == 0) {
        if (poll(fds, fds[1].fd >= 0 ? 2 : 1, -1) > 0 && fds[0].revents != 0) {
            return weir_stop_level() == 0;
        }
    }
    return false;
}

struct weir_stop_watch {
    void (*act)(void *arg);
    void *arg;
    pthread_t thread;
    int done; /* an eventfd: readable when nothing is to be watched any more */
};

static void *watch_stop(void *arg)
{
    weir_stop_watch *watch = arg;
    struct pollfd fds[] = {{.fd = watch->done, .events = POLLIN}, {.fd = weir_stop_fd(), .events = POLLIN}};
    while (poll(fds, 2, -1) < 0) {
    }
    if (!(fds[0].revents & POLLIN)) {
        watch->act(watch->arg);
    }
    return NULL;
}

weir_stop_watch *weir_stop_watch_new(void (*act)(void *arg), void *arg)
{
    weir_stop_watch *watch = weir_malloc(sizeof *watch);
    *watch = (weir_stop_watch){.act = act, .arg = arg, .done = eventfd(0, EFD_CLOEXEC)};
    if (watch->done >= 0 && pthread_create(&watch->thread, NULL, watch_stop, watch) == 0) {
        return watch;
    }
    if (watch->done >= 0) {
        close(watch->done);
    }
    weir_free(watch);
    return NULL;
}

void weir_stop_watch_free(weir_stop_watch *watch)
{
    if (watch) {
        wake(watch->done);
        pthread_join(watch->thread, NULL);
        close(watch->done);
        weir_free(watch);
    }
}

static volatile sig_atomic_t exit_code_at_once, at_prompt;

static void on_signal(int signal)
{
    static const char note[] = "\nstopping after this batch; once more to stop at once\n";
    if (weir_stop_level() > 0 || (at_prompt && signal != SIGINT)) {
        _exit(exit_code_at_once);
    }
    if (at_prompt) {
        weir_stop_request(2);
        return;
    }
    ssize_t put = write(STDERR_FILENO, note, sizeof note - 1);
    (void)put;
    weir_stop_request(1);
}

void weir_stop_at_prompt(bool on)
{
    at_prompt = on;
}

void weir_stop_on_signals(int exit_code)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    exit_code_at_once = exit_code;
    (void)weir_stop_fd(); /* made here, not in the handler */
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}
