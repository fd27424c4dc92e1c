/* walk.c - the lines of one file, one after the other, for inference: no sink, one thread. */
#include "format/run_internal.h"

#define CHUNK_BYTES ((size_t)512 << 10)

void weiri_walk_free(struct weiri_walk *walk)
{
    weir_free(walk->chunk);
    walk->chunk = NULL;
    walk->cap = 0;
}

weir_rc weiri_walk_read(struct weiri_walk *walk, struct weiri_input *input, size_t *have, size_t want, bool *end, struct weir_error *err)
{
    size_t done;
    if (want > walk->cap) {
        char *larger = weir_malloc(want + 8);
        if (*have > 0) {
            memcpy(larger, walk->chunk, *have);
        }
        weir_free(walk->chunk);
        walk->chunk = larger;
        walk->cap = want;
    }
    if (weir_stop_level() >= 2) {
        return weir_fail(err, WEIR_CANCELLED, "READ_CANCELLED", "the read was stopped");
    }
    WEIR_TRY(weiri_input_read(input, walk->chunk + *have, want - *have, &done, err));
    *end = done < want - *have;
    *have += done;
    return WEIR_OK;
}

size_t weiri_walk_want(size_t have)
{
    return have * 2 > CHUNK_BYTES ? have * 2 : CHUNK_BYTES;
}

weir_rc weiri_walk_lines(struct weiri_walk *walk, struct weiri_input *input, const struct weir_format *format, const char *path, weiri_line_fn take, void *arg, bool *enough, struct weir_error *err)
{
    size_t have = 0;
    int64_t number = 0;
    for (bool end = false, at_start = true; !end && !*enough; at_start = false) {
        size_t at = 0, line_end, next;
        WEIR_TRY(weiri_walk_read(walk, input, &have, weiri_walk_want(have), &end, err));
        if (at_start && have >= 3 && memcmp(walk->chunk, "\xef\xbb\xbf", 3) == 0) {
            at = 3;
        }
        while (!*enough && weiri_line_find(format, walk->chunk, have, at, end, &line_end, &next)) {
            WEIR_TRY(take(arg, path, ++number, (struct weir_str){walk->chunk + at, line_end - at}, enough, err));
            at = next;
        }
        if (end && !*enough && at < have) {
            WEIR_TRY(take(arg, path, ++number, (struct weir_str){walk->chunk + at, have - at}, enough, err));
        }
        have -= at;
        memmove(walk->chunk, walk->chunk + at, have);
        if (!end && have > format->row_bytes_max + 2) {
            return weiri_line_fail_long(format, path, number + 1, err);
        }
    }
    return WEIR_OK;
}

weir_rc weiri_walk_document(struct weiri_walk *walk, struct weiri_input *input, const struct weir_format *format, const char *path, struct weir_str *out, struct weir_error *err)
{
    size_t have = 0;
    for (bool end = false; !end;) {
        WEIR_TRY(weiri_walk_read(walk, input, &have, weiri_walk_want(have), &end, err));
        if (have > format->row_bytes_max) {
            return weiri_line_fail_long(format, path, 1, err);
        }
    }
    *out = (struct weir_str){walk->chunk, have};
    return WEIR_OK;
}
