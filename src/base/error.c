/* error.c - filling struct weir_error; no allocation anywhere. */
#include "base/error.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A message that was cut must not end in half a character. */
static void trim_cut_utf8(char *text, size_t len)
{
    size_t at = len;
    while (at > 0 && len - at < 4 && ((unsigned char)text[at - 1] & 0xC0) == 0x80) {
        at--;
    }
    if (at > 0 && (unsigned char)text[at - 1] >= 0xC0) {
        text[at - 1] = '\0';
    }
}

/* Formats through a local copy: the arguments may point into err->msg itself. */
WEIR_PRINTF(2, 0)
static void set_message(struct weir_error *err, const char *fmt, va_list args)
{
    char text[sizeof err->msg];
    const int wanted = vsnprintf(text, sizeof text, fmt, args);
    if (wanted < 0) {
        text[0] = '\0';
    } else if ((size_t)wanted >= sizeof text) {
        trim_cut_utf8(text, sizeof text - 1);
    }
    memcpy(err->msg, text, strlen(text) + 1);
}

static void set_head(struct weir_error *err, weir_rc code, const char *condition)
{
    err->code = code;
    err->os_errno = 0;
    err->retriable = false;
    err->line = 0;
    err->column = 0;
    err->offset = -1;
    char name[sizeof err->condition]; /* `condition` may be err->condition itself */
    snprintf(name, sizeof name, "%s", condition ? condition : "");
    memcpy(err->condition, name, strlen(name) + 1);
}

weir_rc weir_fail(struct weir_error *err, weir_rc code, const char *condition, const char *fmt, ...)
{
    if (err) {
        va_list args;
        va_start(args, fmt);
        set_message(err, fmt, args);
        va_end(args);
        set_head(err, code, condition);
    }
    return code;
}

weir_rc weir_fail_at(struct weir_error *err, weir_rc code, const char *condition, int64_t line,
                     int64_t column, const char *fmt, ...)
{
    if (err) {
        va_list args;
        va_start(args, fmt);
        set_message(err, fmt, args);
        va_end(args);
        set_head(err, code, condition);
        err->line = line;
        err->column = column;
    }
    return code;
}

struct errno_meaning {
    int os_errno;
    weir_rc code;
    bool retriable;
    const char *condition;
};

static const struct errno_meaning ERRNO_MEANINGS[] = {
    {ENOENT, WEIR_NOT_FOUND, false, "FILE_NOT_FOUND"},
    {ENOTDIR, WEIR_NOT_FOUND, false, "FILE_NOT_FOUND"},
    {EEXIST, WEIR_EXISTS, false, "FILE_EXISTS"},
    {ENOTEMPTY, WEIR_EXISTS, false, "FOLDER_NOT_EMPTY"},
    {EACCES, WEIR_DENIED, false, "PERMISSION_DENIED"},
    {EPERM, WEIR_DENIED, false, "PERMISSION_DENIED"},
    {EROFS, WEIR_DENIED, false, "PERMISSION_DENIED"},
    {ENOSPC, WEIR_IO, true, "DISK_FULL"},
    {EDQUOT, WEIR_IO, true, "DISK_FULL"},
    {EMFILE, WEIR_IO, true, "TOO_MANY_OPEN_FILES"},
    {ENFILE, WEIR_IO, true, "TOO_MANY_OPEN_FILES"},
    {EINTR, WEIR_IO, true, "IO_ERROR"},
    {EAGAIN, WEIR_IO, true, "IO_ERROR"},
    {EBUSY, WEIR_IO, true, "IO_ERROR"},
    {ETIMEDOUT, WEIR_IO, true, "IO_ERROR"},
};

weir_rc weir_fail_errno(struct weir_error *err, int os_errno, const char *what, const char *path)
{
    struct errno_meaning meaning = {os_errno, WEIR_IO, false, "IO_ERROR"};
    for (size_t i = 0; i < sizeof ERRNO_MEANINGS / sizeof ERRNO_MEANINGS[0]; i++) {
        if (ERRNO_MEANINGS[i].os_errno == os_errno) {
            meaning = ERRNO_MEANINGS[i];
        }
    }
    if (err) {
        char words[128];
        const char *said = strerror_r(os_errno, words, sizeof words); /* the GNU form */
        if (path) {
            weir_fail(err, meaning.code, meaning.condition, "%s, %s: %s", what, path, said);
        } else {
            weir_fail(err, meaning.code, meaning.condition, "%s: %s", what, said);
        }
        err->os_errno = os_errno;
        err->retriable = meaning.retriable;
    }
    return meaning.code;
}

void weir_error_wrap(struct weir_error *err, const char *fmt, ...)
{
    if (!err) {
        return;
    }
    char text[sizeof err->msg];
    va_list args;
    va_start(args, fmt);
    const int wanted = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (wanted < 0) {
        return;
    }
    /* The cause matters more than the way to it: when both do not fit, the prefix gives way. */
    const size_t cause = strlen(err->msg);
    const size_t room = sizeof text - 1 - cause;
    size_t prefix = strlen(text);
    if (room < 4) {
        return;
    }
    if (prefix > room - 2) {
        prefix = room - 2;
        text[prefix] = '\0';
        trim_cut_utf8(text, prefix);
        prefix = strlen(text);
    }
    memmove(err->msg + prefix + 2, err->msg, cause + 1);
    memcpy(err->msg, text, prefix);
    memcpy(err->msg + prefix, ": ", 2);
}

void weir_error_clear(struct weir_error *err)
{
    if (err) {
        memset(err, 0, sizeof *err);
        err->offset = -1;
    }
}

const char *weir_rc_name(weir_rc code)
{
    static const char *const names[] = {
        [WEIR_OK] = "OK",           [WEIR_END] = "END",
        [WEIR_INVALID] = "INVALID", [WEIR_NOT_FOUND] = "NOT_FOUND",
        [WEIR_EXISTS] = "EXISTS",   [WEIR_CONFLICT] = "CONFLICT",
        [WEIR_IO] = "IO",           [WEIR_UNKNOWN] = "UNKNOWN",
        [WEIR_CORRUPT] = "CORRUPT", [WEIR_UNSUPPORTED] = "UNSUPPORTED",
        [WEIR_TOO_BIG] = "TOO_BIG", [WEIR_DENIED] = "DENIED",
        [WEIR_BUSY] = "BUSY",       [WEIR_CANCELLED] = "CANCELLED",
        [WEIR_POISONED] = "POISONED",
    };
    const size_t index = (size_t)code;
    return index < sizeof names / sizeof names[0] ? names[index] : "?";
}

_Noreturn void weir_assert_failed(const char *expr, const char *file, int line)
{
    fprintf(stderr, "weir: assertion failed: %s (%s:%d)\n", expr, file, line);
    abort();
}
