/* error.h - how every function of weir says that something went wrong.
 *
 * Three kinds, never mixed: a programmer's error is WEIR_ASSERT (abort); an expected failure is a return code;
 * corrupt input is WEIR_CORRUPT with its position. A message says what happened, where, and what to do:
 *     "what happened; where; what to do"
 * Threads: a struct weir_error belongs to its caller. */
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>

typedef enum weir_rc {
    WEIR_OK = 0,
    WEIR_END,         /* an iterator or a stream has no more */
    WEIR_INVALID,     /* the caller's text, option or argument is wrong */
    WEIR_NOT_FOUND,   /* no such file, table, version, name */
    WEIR_EXISTS,      /* the name is taken */
    WEIR_CONFLICT,    /* somebody else committed first and the work cannot be rebased */
    WEIR_IO,          /* the operating system refused; nothing became visible */
    WEIR_UNKNOWN,     /* visible or not: re-read before going on (a failed fsync after a link) */
    WEIR_CORRUPT,     /* bytes that are not what their format promises */
    WEIR_UNSUPPORTED, /* known, named, and not done by weir */
    WEIR_TOO_BIG,     /* a limit was reached */
    WEIR_DENIED,      /* storage that is not registered, or no permission */
    WEIR_BUSY,        /* held by another process */
    WEIR_CANCELLED,   /* the user asked to stop */
    WEIR_POISONED     /* memory and disk may differ: reopen */
} weir_rc;

/* Filled by whoever fails first; NULL is always legal where a function takes one. No allocation. */
struct weir_error {
    weir_rc code;
    int os_errno;       /* 0 unless the operating system spoke */
    bool retriable;     /* trying the same again may help */
    int64_t line;       /* 1-based, 0 = unknown */
    int64_t column;     /* 1-based, 0 = unknown */
    int64_t offset;     /* byte offset in the named file, -1 = unknown */
    char condition[96]; /* stable upper-case name, e.g. "PATH_NOT_REGISTERED"; listed in src/<room>/conditions.def */
    char msg[2048];
};

#define WEIR_MUST_USE __attribute__((warn_unused_result))
#define WEIR_PRINTF(f, a) __attribute__((format(printf, f, a)))

/* Fill `err` (may be NULL) and return `code`: `return weir_fail(err, WEIR_INVALID, "OPTION_UNKNOWN", "...", ...)`. */
weir_rc weir_fail(struct weir_error *err, weir_rc code, const char *condition, const char *fmt, ...)
    WEIR_PRINTF(4, 5);
/* The same with a position in a text (line and column 1-based; 0 = unknown). */
weir_rc weir_fail_at(struct weir_error *err, weir_rc code, const char *condition, int64_t line, int64_t column,
                     const char *fmt, ...) WEIR_PRINTF(6, 7);
/* WEIR_IO (or NOT_FOUND / EXISTS / DENIED by errno) with the system's own words appended: "what, path: strerror". */
weir_rc weir_fail_errno(struct weir_error *err, int os_errno, const char *what, const char *path);
/* Put "prefix: " before the message that is there, as an error climbs: `weir_error_wrap(err, "table %s", name)`. */
void weir_error_wrap(struct weir_error *err, const char *fmt, ...) WEIR_PRINTF(2, 3);
void weir_error_clear(struct weir_error *err);
const char *weir_rc_name(weir_rc code);
/* Cleanup keeps the first error: rc = weir_rc_keep(rc, close(...)). */
static inline weir_rc weir_rc_keep(weir_rc first, weir_rc next)
{
    return first != WEIR_OK ? first : next;
}

/* In functions that own nothing. Functions that own something use `goto out`. */
#define WEIR_TRY(expr)                                                                             \
    do {                                                                                           \
        weir_rc weir_try_rc = (expr);                                                              \
        if (weir_try_rc != WEIR_OK) {                                                              \
            return weir_try_rc;                                                                    \
        }                                                                                          \
    } while (0)

_Noreturn void weir_assert_failed(const char *expr, const char *file, int line);
#define WEIR_ASSERT(expr) ((expr) ? (void)0 : weir_assert_failed(#expr, __FILE__, __LINE__))
#define WEIR_UNREACHABLE(why) weir_assert_failed("unreachable: " why, __FILE__, __LINE__)
