/* log.c - one line a message: "level room message", whole lines even from many threads. */
#include "base/log.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { LINE_MAX_BYTES = 4096 };

static _Atomic int shown = WEIR_LOG_WARN;
static pthread_mutex_t hook_lock = PTHREAD_MUTEX_INITIALIZER; /* guards the two below; held while the hook runs */
static void (*hook_call)(void *arg, enum weir_log_level level, const char *line);
static void *hook_arg;

void weir_log_set(enum weir_log_level level)
{
    atomic_store(&shown, (int)level);
}

void weir_log_hook(void (*hook)(void *arg, enum weir_log_level level, const char *line), void *arg)
{
    pthread_mutex_lock(&hook_lock);
    hook_call = hook;
    hook_arg = arg;
    pthread_mutex_unlock(&hook_lock);
}

/* A message is one line: control characters in it (a file name may hold them) become '?'. */
static void one_line(char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7F) {
            *text = *text == '\t' ? ' ' : '?';
        }
    }
}

void weir_log(enum weir_log_level level, const char *room, const char *fmt, ...)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    if ((int)level > atomic_load(&shown)) {
        return;
    }
    char line[LINE_MAX_BYTES];
    const int head = snprintf(line, sizeof line - 1, "%s %s ", names[level], room);
    const size_t at = head < 0 ? 0 : (size_t)head < sizeof line - 1 ? (size_t)head : sizeof line - 2;
    va_list args;
    va_start(args, fmt);
    vsnprintf(line + at, sizeof line - 1 - at, fmt, args); /* keeps room for the line end */
    va_end(args);
    one_line(line);
    pthread_mutex_lock(&hook_lock);
    if (hook_call) {
        hook_call(hook_arg, level, line);
    } else {
        const size_t len = strlen(line);
        line[len] = '\n';
        fwrite(line, 1, len + 1, stderr);
    }
    pthread_mutex_unlock(&hook_lock);
}
