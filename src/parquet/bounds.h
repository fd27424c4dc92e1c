/* bounds.h - the least and the greatest value, exact or cut. Private to the writer.
 *
 * A cut minimum is a prefix (not greater than the value); a cut maximum is a prefix whose last character is replaced by the next one (greater than all
 * that begin with the prefix). STRING is cut between characters and stays UTF-8; BINARY is cut between bytes. Bounds never lie: what is
 * said to be exact is a value of the column. */
#pragma once
#include "parquet/bytes.h"
#include "parquet/leaf.h"

struct pw_bound {
    struct pw_bytes bytes;
    bool exact;
};
struct pw_bounds {
    bool any; /* min and max are set */
    bool has_nan;
    struct pw_bound min, max; /* at most about WEIR_STATS_BYTES_MAX bytes, unless no greater text of that length exists */
    int64_t null_count;
};
void weiri_pw_bounds_free(struct pw_bounds *bounds);
void weiri_pw_bounds_clear(struct pw_bounds *bounds);
/* Values (or bounds, when not exact) join. */
void weiri_pw_bounds_add(struct pw_bounds *bounds, const struct pw_leaf *leaf, struct weir_str min, bool min_exact, struct weir_str max,
                         bool max_exact);
void weiri_pw_bounds_merge(struct pw_bounds *bounds, const struct pw_leaf *leaf, const struct pw_bounds *more);
/* Append a bound of at most `limit` bytes (one character more at times) to `out`; returns whether it is the value itself.
 * Zeros of FLOAT and DOUBLE get the sign that the format asks for: -0 as a minimum, +0 as a maximum. */
bool weiri_pw_cut_min(struct pw_bytes *out, const struct pw_leaf *leaf, struct weir_str value, size_t limit);
bool weiri_pw_cut_max(struct pw_bytes *out, const struct pw_leaf *leaf, struct weir_str value, size_t limit);
