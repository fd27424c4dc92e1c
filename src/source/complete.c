/* complete.c - is the file whole? Nobody must be writing it; where the system cannot tell, it must have rested. */
#include "source/source_internal.h"

#define RETRY_LEASE_MS 50 /* a writer closes without telling: look again soon; the watcher is faster where there is one */

weir_rc weir_source_complete(weir_fs *fs, const struct weir_source_file *file, int64_t min_age_ms, int64_t now_ms,
                             int64_t *retry_ms_out, bool *by_lease_out, struct weir_error *err)
{
    struct weir_error why = {0};
    *retry_ms_out = 0;
    weir_rc rc = weir_fs_probe_lease(fs, file->path, &why);
    *by_lease_out = rc == WEIR_OK || rc == WEIR_BUSY;
    if (rc == WEIR_BUSY) {
        *retry_ms_out = RETRY_LEASE_MS;
    }
    if (rc != WEIR_UNSUPPORTED) {
        if (rc != WEIR_OK && err) {
            *err = why;
        }
        return rc;
    }
    /* A time in the future, beyond what a writer could set now, was set on purpose and says nothing about writing. */
    const int64_t age_ms = now_ms - file->mtime_ns / 1000000;
    if (age_ms >= min_age_ms || age_ms < -min_age_ms) {
        return WEIR_OK;
    }
    *retry_ms_out = min_age_ms - age_ms;
    return weir_fail(err, WEIR_BUSY, "FILE_BEING_WRITTEN",
                     "the file was changed %lld ms ago and must rest for %lld ms; %s; it is taken then (minFileAge)",
                     (long long)age_ms, (long long)min_age_ms, file->path);
}
