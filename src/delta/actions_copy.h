/* actions_copy.h - deep copies of actions into an arena. Private. */
#pragma once
#include "delta/delta_internal.h"

const char *const *weiri_copy_texts(weir_arena *arena, const char *const *texts, size_t count); /* NULL stays NULL */
void weiri_add_copy(weir_arena *arena, const struct weir_add *from, struct weir_add *to);
struct weiri_file *weiri_file_copy(weir_arena *arena, const struct weiri_file *from);
struct weiri_metadata *weiri_metadata_copy(weir_arena *arena, const struct weiri_metadata *from); /* schema and options are left out */
struct weir_protocol *weiri_protocol_copy(weir_arena *arena, const struct weir_protocol *from);
struct weiri_txn_action *weiri_txn_copy(weir_arena *arena, const struct weiri_txn_action *from);
struct weiri_domain *weiri_domain_copy(weir_arena *arena, const struct weiri_domain *from);
