/* checkpoint_stats.h - statistics between their two forms: the JSON text of a commit and the struct of a checkpoint. Private. */
#pragma once
#include "delta/delta_internal.h"
#include "column/arrow.h"

/* Row `row` of stats_parsed as the JSON text that stands in add.stats; in the arena. */
const char *weiri_stats_text(weir_arena *arena, const struct weir_type *type, const struct ArrowArray *array, int64_t row);
