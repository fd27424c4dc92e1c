/* No return code lies: every call of every operation fails once, for good, by half, with each errno, and the disk is looked at after. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/os/scratch.h"

#include "os/faultfs.h"
#include "store/store.h"

#include <errno.h>

#define TEXT "{\"commitInfo\":{}}\n{\"add\":{}}\n"
#define OLD "what was there before, and a bit longer than what comes"

static const int errors[] = {EIO, ENOSPC, EINTR, EACCES, EPERM, EDQUOT, ESTALE, 0};
#define MODES ((int)(sizeof errors / sizeof *errors) * 8)

static struct weir_fault mode(int number)
{
    return (struct weir_fault){
        .error = errors[number / 8],
        .sticky = (number & 1) != 0,
        .short_write = (number & 2) != 0,
        .writes_only = (number & 4) != 0,
    };
}

enum there { THERE_NOT, THERE_OLD, THERE_WHOLE, THERE_TORN };

static enum there look(const char *root, const char *key, const char *text)
{
    char *got = scratch_get(root, key);
    enum there there = !got                       ? THERE_NOT
                       : strcmp(got, text) == 0 ? THERE_WHOLE
                       : strcmp(got, OLD) == 0  ? THERE_OLD
                                                : THERE_TORN;
    weir_free(got);
    return there;
}

/* What a run of one operation under one fault left. `before`: OLD was there. */
typedef weir_rc (*operation)(weir_store *store, struct weir_error *err);
typedef void (*judge)(weir_rc rc, const struct weir_error *err, enum there there, bool before, const char *what);

static weir_rc op_put_if_absent(weir_store *store, struct weir_error *err)
{
    return weir_store_put_if_absent(store, "t/_delta_log/0.json", WEIR_STR(TEXT), err);
}

static weir_rc op_put(weir_store *store, struct weir_error *err)
{
    return weir_store_put(store, "t/_delta_log/0.json", WEIR_STR(TEXT), err);
}

static weir_rc op_writer(weir_store *store, struct weir_error *err)
{
    weir_store_writer *writer;
    WEIR_TRY(weir_store_writer_open(store, "t/_delta_log/0.json", &writer, err));
    for (size_t i = 0; i < sizeof TEXT - 1; i += 10) {
        size_t left = sizeof TEXT - 1 - i;
        weir_rc rc = weir_store_writer_append(writer, &TEXT[i], left < 10 ? left : 10, err);
        if (rc != WEIR_OK) {
            weir_store_writer_abort(writer);
            return rc;
        }
        weir_store_writer_flush_async(writer); /* each piece a write of its own */
    }
    int64_t size = -1;
    weir_rc rc = weir_store_writer_finish(writer, &size, NULL, err);
    if (rc == WEIR_OK) {
        assert_int_equal(size, sizeof TEXT - 1);
    }
    return rc;
}

static void judge_put_if_absent(weir_rc rc, const struct weir_error *err, enum there there, bool before, const char *what)
{
    bool right;
    switch (rc) {
    case WEIR_OK:
        right = !before && there == THERE_WHOLE;
        break;
    case WEIR_EXISTS:
        right = before && there == THERE_OLD;
        break;
    case WEIR_UNKNOWN:
        right = there == THERE_NOT || there == THERE_WHOLE || (before && there == THERE_OLD);
        break;
    default: /* nothing became visible */
        right = there == (before ? THERE_OLD : THERE_NOT);
        break;
    }
    if (!right) {
        fail_msg("%s: %s but %d is there (%s)", what, weir_rc_name(rc), (int)there, err->msg);
    }
}

static void judge_put(weir_rc rc, const struct weir_error *err, enum there there, bool before, const char *what)
{
    enum there old = before ? THERE_OLD : THERE_NOT;
    bool right = rc == WEIR_OK        ? there == THERE_WHOLE
                 : rc == WEIR_UNKNOWN ? there == THERE_WHOLE || there == old
                                      : there == old;
    if (!right || rc == WEIR_EXISTS || rc == WEIR_NOT_FOUND) {
        fail_msg("%s: %s but %d is there (%s)", what, weir_rc_name(rc), (int)there, err->msg);
    }
}

static void judge_writer(weir_rc rc, const struct weir_error *err, enum there there, bool before, const char *what)
{
    bool right = rc == WEIR_OK ? !before && there == THERE_WHOLE : !before || there == THERE_OLD;
    if (!right || rc == WEIR_NOT_FOUND) {
        fail_msg("%s: %s but %d is there (%s)", what, weir_rc_name(rc), (int)there, err->msg);
    }
}

/* One fault; true when it fired. */
static bool run_once(struct weir_fault fault, operation op, judge judge_it, bool before)
{
    char *root = scratch_new_fast();
    if (before) {
        char *folder = scratch_path(root, "t/_delta_log");
        assert_int_equal(weir_fs_mkdirs(weir_fs_posix(), folder, NULL), WEIR_OK);
        scratch_put(folder, "0.json", OLD);
        weir_free(folder);
    }
    weir_fs *fs = weir_faultfs_new(weir_fs_posix(), &fault);
    weir_store *store = weir_store_open_local(fs, root);
    struct weir_error err = {0};
    weir_rc rc = op(store, &err);
    bool fired = weir_faultfs_fired(fs);
    char *what = weir_asprintf("call %d (%s), errno %d%s%s%s", (int)fault.fail_at, weir_faultfs_what(fs), fault.error,
                               fault.sticky ? ", sticky" : "", fault.short_write ? ", short" : "",
                               fault.writes_only ? ", writes" : "");
    judge_it(rc, &err, look(root, "t/_delta_log/0.json", TEXT), before, what);
    if (rc != WEIR_OK) {
        assert_int_equal(err.code, rc);
        assert_true(err.msg[0] != '\0' && err.condition[0] != '\0');
    }
    bool must_work = !fired || fault.error == EINTR || fault.error == 0;
    if (must_work && !(before && op != op_put) && rc != WEIR_OK) {
        fail_msg("%s: %s although nothing failed for good (%s)", what, weir_rc_name(rc), err.msg);
    }
    weir_store_close(store);
    weir_faultfs_free(fs);
    weir_free(what);
    scratch_free(root);
    return fired;
}

static int run_all(operation op, judge judge_it)
{
    int runs = 0;
    for (int number = 0; number < MODES; number++) {
        for (int before = 0; before < 2; before++) {
            struct weir_fault fault = mode(number);
            do {
                fault.fail_at++;
                runs++;
                assert_true(fault.fail_at < 200);
            } while (run_once(fault, op, judge_it, before != 0));
        }
    }
    return runs;
}

static void test_put_if_absent(void **state)
{
    (void)state;
    int runs = run_all(op_put_if_absent, judge_put_if_absent);
    print_message("%d faults\n", runs);
    assert_true(runs > MODES * 12);
}

static void test_put(void **state)
{
    (void)state;
    assert_true(run_all(op_put, judge_put) > MODES * 12);
}

static void test_writer(void **state)
{
    (void)state;
    assert_true(run_all(op_writer, judge_writer) > MODES * 6);
}

/* --- which code for which call --- */

static weir_rc fail_at_call(const char *call, int error, bool sticky, char **condition_out)
{
    for (int n = 1;; n++) {
        char *root = scratch_new_fast();
        struct weir_fault fault = {.fail_at = n, .error = error, .sticky = sticky};
        weir_fs *fs = weir_faultfs_new(weir_fs_posix(), &fault);
        weir_store *store = weir_store_open_local(fs, root);
        struct weir_error err = {0};
        weir_rc rc = weir_store_put_if_absent(store, "0.json", WEIR_STR(TEXT), &err);
        bool fired = weir_faultfs_fired(fs);
        bool hit = strncmp(weir_faultfs_what(fs), call, strlen(call)) == 0;
        weir_store_close(store);
        weir_faultfs_free(fs);
        scratch_free(root);
        assert_true(fired); /* else the call is never made */
        if (hit) {
            *condition_out = weir_strdup(err.condition);
            return rc;
        }
    }
}

static void assert_code(const char *call, int error, bool sticky, weir_rc want, const char *want_condition)
{
    char *condition;
    weir_rc rc = fail_at_call(call, error, sticky, &condition);
    if (rc != want || (want_condition && strcmp(condition, want_condition) != 0)) {
        fail_msg("%s with %d: %s %s", call, error, weir_rc_name(rc), condition);
    }
    weir_free(condition);
}

static void test_codes(void **state)
{
    (void)state;
    assert_code("create ", EIO, false, WEIR_IO, NULL);
    assert_code("create ", EACCES, false, WEIR_DENIED, NULL);
    assert_code("pwrite ", ENOSPC, false, WEIR_IO, NULL);
    assert_code("fsync ", EIO, false, WEIR_IO, NULL);
    assert_code("close ", EIO, false, WEIR_IO, NULL);
    assert_code("link ", EIO, false, WEIR_IO, NULL);
    assert_code("link ", EPERM, false, WEIR_UNSUPPORTED, "STORE_NO_LINK");
    assert_code("link ", EOPNOTSUPP, false, WEIR_UNSUPPORTED, "STORE_NO_LINK");
    assert_code("link ", EIO, true, WEIR_UNKNOWN, "STORE_UNKNOWN"); /* and it cannot be looked up */
    assert_code("fsync-folder ", EIO, false, WEIR_UNKNOWN, "STORE_UNKNOWN");
    assert_code("unlink ", EIO, false, WEIR_OK, NULL); /* the temp file is garbage */
}

/* --- a link that worked and says that it did not: remote file systems --- */

static int lying_error;
static int lying_calls;

static int lying_link(weir_fs *fs, const char *from, const char *to)
{
    (void)fs;
    int error = weir_fs_posix()->ops->link(weir_fs_posix(), from, to);
    return ++lying_calls == 1 && error == 0 ? lying_error : error;
}

static weir_rc put_with_lying_link(int error, bool before)
{
    struct weir_fs_ops ops = *weir_fs_posix()->ops;
    ops.link = lying_link;
    weir_fs fs = {.ops = &ops};
    lying_error = error;
    lying_calls = 0;
    char *root = scratch_new_fast();
    if (before) {
        scratch_put(root, "0.json", OLD);
    }
    weir_store *store = weir_store_open_local(&fs, root);
    weir_rc rc = weir_store_put_if_absent(store, "0.json", WEIR_STR(TEXT), NULL);
    assert_int_equal(look(root, "0.json", TEXT), before ? THERE_OLD : THERE_WHOLE);
    weir_store_close(store);
    scratch_free(root);
    return rc;
}

static void test_lying_link(void **state)
{
    (void)state;
    assert_int_equal(put_with_lying_link(EIO, false), WEIR_UNKNOWN);
    assert_int_equal(put_with_lying_link(EEXIST, false), WEIR_OK); /* the name is our own inode */
    assert_int_equal(put_with_lying_link(EINTR, false), WEIR_OK);  /* repeated, and met itself */
    assert_int_equal(put_with_lying_link(EPERM, false), WEIR_UNKNOWN);
    assert_int_equal(put_with_lying_link(EIO, true), WEIR_EXISTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put_if_absent), cmocka_unit_test(test_put),        cmocka_unit_test(test_writer),
        cmocka_unit_test(test_codes),         cmocka_unit_test(test_lying_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
