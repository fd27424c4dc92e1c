/* special.h - functions with a rule of their own: special.c (numbers, aggregates), special_text.c, special_time.c, special_nested.c. */
#pragma once
#include "dialect/parser.h"
#include "dialect/xlate.h"

struct agg_parts { bool distinct, ignore_nulls; const char *filter, *over; }; /* over: "" or " OVER (..)" */
struct special {
    struct env *env;
    const weir_node *node;
    struct val *args; size_t count;
    struct agg_parts *parts;
};
typedef weir_rc (*weiri_special)(struct special *s, struct val *out);

const char *weiri_filter(struct xl *x, const char *a, const char *b);
uint32_t weiri_weight(const struct special *s, uint32_t times);
weir_rc weiri_arg(struct special *s, size_t i, enum weir_type_id id) WEIR_MUST_USE; /* coerce */
weir_rc weiri_out(struct special *s, enum weir_type_id id, const char *sql, struct val *out) WEIR_MUST_USE;
weir_rc weiri_constant_arg(struct special *s, size_t i, const char **out) WEIR_MUST_USE; /* a string constant, or refused */

weir_rc weiri_fn_round(struct special *s, struct val *out);
weir_rc weiri_fn_ceil(struct special *s, struct val *out);
weir_rc weiri_fn_arith(struct special *s, struct val *out);
weir_rc weiri_fn_try_divide(struct special *s, struct val *out);
weir_rc weiri_fn_pmod(struct special *s, struct val *out);
weir_rc weiri_fn_rand(struct special *s, struct val *out);
weir_rc weiri_fn_nullif(struct special *s, struct val *out);
weir_rc weiri_fn_nullifzero(struct special *s, struct val *out);
weir_rc weiri_fn_equal_null(struct special *s, struct val *out);
weir_rc weiri_fn_decode(struct special *s, struct val *out);
weir_rc weiri_fn_typeof(struct special *s, struct val *out);
weir_rc weiri_fn_assert_true(struct special *s, struct val *out);
weir_rc weiri_fn_cast(struct special *s, struct val *out);
weir_rc weiri_fn_count(struct special *s, struct val *out);
weir_rc weiri_fn_sum(struct special *s, struct val *out);
weir_rc weiri_fn_greatest(struct special *s, struct val *out);
weir_rc weiri_fn_extreme(struct special *s, struct val *out);
weir_rc weiri_fn_first(struct special *s, struct val *out);
weir_rc weiri_fn_grouping(struct special *s, struct val *out);
weir_rc weiri_fn_percentile(struct special *s, struct val *out);
weir_rc weiri_fn_listagg(struct special *s, struct val *out);

weir_rc weiri_fn_concat(struct special *s, struct val *out);
weir_rc weiri_fn_concat_ws(struct special *s, struct val *out);
weir_rc weiri_fn_trim(struct special *s, struct val *out);
weir_rc weiri_fn_sha2(struct special *s, struct val *out);
weir_rc weiri_fn_elt(struct special *s, struct val *out);
weir_rc weiri_fn_split(struct special *s, struct val *out);
weir_rc weiri_fn_regexp(struct special *s, struct val *out);
weir_rc weiri_fn_printf(struct special *s, struct val *out);
weir_rc weiri_fn_format_number(struct special *s, struct val *out);
weir_rc weiri_fn_encode(struct special *s, struct val *out);
weir_rc weiri_fn_to_number(struct special *s, struct val *out);

weir_rc weiri_fn_date_add(struct special *s, struct val *out);
weir_rc weiri_fn_datediff(struct special *s, struct val *out);
weir_rc weiri_fn_next_day(struct special *s, struct val *out);
weir_rc weiri_fn_date_trunc(struct special *s, struct val *out);
weir_rc weiri_fn_extract(struct special *s, struct val *out);
weir_rc weiri_fn_date_format(struct special *s, struct val *out);
weir_rc weiri_fn_to_time(struct special *s, struct val *out);
weir_rc weiri_fn_unix_timestamp(struct special *s, struct val *out);
weir_rc weiri_fn_from_unixtime(struct special *s, struct val *out);
weir_rc weiri_fn_zone(struct special *s, struct val *out);
weir_rc weiri_fn_now(struct special *s, struct val *out);
weir_rc weiri_fn_input_file_name(struct special *s, struct val *out);
weir_rc weiri_fn_window(struct special *s, struct val *out);

weir_rc weiri_fn_array(struct special *s, struct val *out);
weir_rc weiri_fn_struct(struct special *s, struct val *out);
weir_rc weiri_fn_map(struct special *s, struct val *out);
weir_rc weiri_fn_element_at(struct special *s, struct val *out);
weir_rc weiri_fn_array_value(struct special *s, struct val *out);
weir_rc weiri_fn_sequence(struct special *s, struct val *out);
weir_rc weiri_fn_arrays_zip(struct special *s, struct val *out);
weir_rc weiri_fn_lambda(struct special *s, struct val *out);
weir_rc weiri_fn_map_part(struct special *s, struct val *out);
