/* Errors keep their first words, messages never overrun, the log is whole lines. */
#include "unit/test_util.h"

#include "base/error.h"
#include "base/log.h"

#include <errno.h>

static void test_fail_fills(void **state)
{
    (void)state;
    struct weir_error err;
    memset(&err, 0xAA, sizeof err);
    assert_int_equal(weir_fail(&err, WEIR_INVALID, "OPTION_UNKNOWN", "option %s; line %d", "x", 7), WEIR_INVALID);
    assert_int_equal(err.code, WEIR_INVALID);
    assert_string_equal(err.condition, "OPTION_UNKNOWN");
    assert_string_equal(err.msg, "option x; line 7");
    assert_int_equal(err.line, 0);
    assert_int_equal(err.column, 0);
    assert_int_equal(err.offset, -1);
    assert_int_equal(err.os_errno, 0);
    assert_false(err.retriable);
    assert_int_equal(weir_fail_at(&err, WEIR_CORRUPT, "X", 3, 9, "bad"), WEIR_CORRUPT);
    assert_int_equal(err.line, 3);
    assert_int_equal(err.column, 9);
    weir_error_clear(&err);
    assert_int_equal(err.code, WEIR_OK);
    assert_string_equal(err.msg, "");
}

static void test_null_is_legal(void **state)
{
    (void)state;
    assert_int_equal(weir_fail(NULL, WEIR_IO, "X", "%d", 1), WEIR_IO);
    assert_int_equal(weir_fail_at(NULL, WEIR_IO, "X", 1, 1, "x"), WEIR_IO);
    assert_int_equal(weir_fail_errno(NULL, ENOENT, "open", "/x"), WEIR_NOT_FOUND);
    weir_error_wrap(NULL, "x");
    weir_error_clear(NULL);
}

static void test_message_may_quote_itself(void **state)
{
    (void)state;
    struct weir_error err;
    weir_fail(&err, WEIR_IO, "FIRST", "cause");
    weir_fail(&err, WEIR_INVALID, err.condition, "again: %s", err.msg);
    assert_string_equal(err.msg, "again: cause");
    assert_string_equal(err.condition, "FIRST");
}

static void test_long_messages_are_cut_between_characters(void **state)
{
    (void)state;
    struct weir_error err;
    struct weir_buf text;
    weir_buf_init(&text, 0);
    for (int shift = 0; shift < 4; shift++) {
        weir_buf_clear(&text);
        weir_buf_add(&text, "abc", (size_t)shift);
        for (int i = 0; i < 1500; i++) {
            weir_buf_add_str(&text, i % 2 ? "\xF0\x9F\x98\x80" : "\xC3\xA9");
        }
        weir_fail(&err, WEIR_INVALID, "X", "%s", text.data);
        assert_true(strlen(err.msg) > sizeof err.msg - 6);
        assert_true(weir_utf8_valid(err.msg, strlen(err.msg)));
        weir_fail(&err, WEIR_INVALID, "X", "the cause");
        weir_error_wrap(&err, "%s", text.data);
        assert_true(weir_utf8_valid(err.msg, strlen(err.msg)));
        assert_non_null(strstr(err.msg, ": the cause"));
    }
    weir_buf_free(&text);
    char name[200];
    memset(name, 'N', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    weir_fail(&err, WEIR_INVALID, name, "x");
    assert_int_equal(strlen(err.condition), sizeof err.condition - 1);
}

static void test_wrap(void **state)
{
    (void)state;
    struct weir_error err;
    weir_fail(&err, WEIR_IO, "X", "disk");
    weir_error_wrap(&err, "table %s", "t");
    weir_error_wrap(&err, "run");
    assert_string_equal(err.msg, "run: table t: disk");
    assert_int_equal(err.code, WEIR_IO);
}

static void test_errno(void **state)
{
    (void)state;
    static const struct {
        int os_errno;
        weir_rc code;
        bool retriable;
    } rows[] = {{ENOENT, WEIR_NOT_FOUND, false}, {EEXIST, WEIR_EXISTS, false}, {EACCES, WEIR_DENIED, false},
                {EROFS, WEIR_DENIED, false},     {ENOSPC, WEIR_IO, true},      {EIO, WEIR_IO, false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct weir_error err;
        assert_int_equal(weir_fail_errno(&err, rows[i].os_errno, "cannot open", "/a/b"), rows[i].code);
        assert_int_equal(err.os_errno, rows[i].os_errno);
        assert_int_equal(err.retriable, rows[i].retriable);
        assert_non_null(strstr(err.msg, "cannot open, /a/b: "));
        assert_true(strlen(err.msg) > strlen("cannot open, /a/b: "));
    }
}

static void test_rc_names(void **state)
{
    (void)state;
    for (int code = WEIR_OK; code <= WEIR_POISONED; code++) {
        assert_string_not_equal(weir_rc_name((weir_rc)code), "?");
    }
    assert_string_equal(weir_rc_name((weir_rc)999), "?");
    assert_int_equal(weir_rc_keep(WEIR_OK, WEIR_IO), WEIR_IO);
    assert_int_equal(weir_rc_keep(WEIR_CORRUPT, WEIR_IO), WEIR_CORRUPT);
}

struct heard {
    int count;
    enum weir_log_level level;
    char line[8192];
};

static void hear(void *arg, enum weir_log_level level, const char *line)
{
    struct heard *heard = arg;
    heard->count++;
    heard->level = level;
    snprintf(heard->line, sizeof heard->line, "%s", line);
}

static void test_log(void **state)
{
    (void)state;
    struct heard heard = {0};
    weir_log_hook(hear, &heard);
    weir_log(WEIR_LOG_WARN, "delta", "version=%d", 5);
    assert_int_equal(heard.count, 1);
    assert_int_equal(heard.level, WEIR_LOG_WARN);
    assert_string_equal(heard.line, "warn delta version=5");
    weir_log(WEIR_LOG_INFO, "delta", "not shown");
    assert_int_equal(heard.count, 1);
    weir_log_set(WEIR_LOG_DEBUG);
    weir_log(WEIR_LOG_DEBUG, "os", "file=%s", "a\nerror os forged\x1b[0m");
    assert_string_equal(heard.line, "debug os file=a?error os forged?[0m");
    char big[10000];
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    weir_log(WEIR_LOG_ERROR, "os", "%s", big);
    assert_true(strlen(heard.line) > 4000 && strlen(heard.line) < 4096);
    weir_log_set(WEIR_LOG_WARN);
    weir_log_hook(NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fail_fills),
        cmocka_unit_test(test_null_is_legal),
        cmocka_unit_test(test_message_may_quote_itself),
        cmocka_unit_test(test_long_messages_are_cut_between_characters),
        cmocka_unit_test(test_wrap),
        cmocka_unit_test(test_errno),
        cmocka_unit_test(test_rc_names),
        cmocka_unit_test(test_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
