/* parquet_test.h - a folder with a store in it, for one test of the writer. */
#pragma once
#include "unit/test_util.h"
#include "parquet/writer.h"

struct scratch {
    char *folder;
    weir_store *store;
};

static inline int scratch_new(void **state)
{
    struct scratch *s = weir_calloc(1, sizeof *s);
    s->folder = test_make_folder();
    s->store = weir_store_open_local(weir_fs_posix(), s->folder);
    *state = s;
    return 0;
}

static inline int scratch_free(void **state)
{
    struct scratch *s = *state;
    weir_store_close(s->store);
    test_remove_folder(s->folder);
    weir_free(s);
    return 0;
}

static inline void check_ok(weir_rc rc, const struct weir_error *err)
{
    if (rc != WEIR_OK) {
        fail_msg("%s %s: %s", weir_rc_name(rc), err->condition, err->msg);
    }
}
