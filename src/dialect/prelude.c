/* prelude.c - the macros that translated text calls. All are temporary, so they live and die with their connection, and their names begin with weir_.
 *
 * A macro that may fail says error('[CONDITION] ...'): the caller of DuckDB finds Spark's condition in the message. A list of one is used as a "let": the value
 * is computed once and named (list_transform([v], lambda s: ..)[1]). */
#include "dialect/dialect.h"

#define M(signature, body) "CREATE OR REPLACE TEMP MACRO weir_" signature " AS " body ";\n"
#define SPACES "chr(32) || chr(9) || chr(10) || chr(11) || chr(12) || chr(13)"
#define BAD_CAST(type) "error('[CAST_INVALID_INPUT] the text ''' || s || ''' is no " type "; use try_cast')"
#define NUMBER "'[\\x01-\\x20]*[+-]?(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?[\\x01-\\x20]*'"
#define DOUBLE_TEXT "'[\\x01-\\x20]*[+-]?(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?[dDfF]?[\\x01-\\x20]*'"
/* yyyy, yyyy-m, yyyy-m-d; for a date with anything behind a space or T */
#define DATE_TEXT "'[\\x01-\\x20]*[0-9]{4}(?:-[0-9]{1,2}(?:-[0-9]{1,2}(?:[ T](?s:.*))?)?)?[\\x01-\\x20]*'"
#define TIME_TEXT "'[\\x01-\\x20]*[0-9]{4}(?:-[0-9]{1,2}(?:-[0-9]{1,2}(?:[ T](?:[01]?[0-9]|2[0-3])(?::[0-9]{1,2}(?::[0-9]{1,2}(?:\\.[0-9]{0,9})?)?)?" \
                  "(?: ?(?:Z|UTC|[+-](?:(?:0?[0-9]|1[0-7]):[0-5][0-9]|18:00)))?)?)?)?[\\x01-\\x20]*'"
/* Text that these checks do not know but that Spark might read (years beyond 9999, zones by name, times alone): refused, never guessed. */
#define MAYBE_TIME "'[\\x01-\\x20]*(?:[+-]?[0-9]{4,7}(?:-.*)?|T?[0-9]{1,2}:.*)'"

static const char *const prelude =
    /* numbers from text */
    M("str_long(s)", "CASE WHEN s IS NULL THEN NULL WHEN regexp_full_match(s, '[\\x01-\\x20]*[+-]?[0-9]+[\\x01-\\x20]*') THEN CAST(regexp_extract(s, '-?[0-9]+') AS BIGINT) ELSE " BAD_CAST("integer") " END")
    M("try_str_long(s)", "CASE WHEN regexp_full_match(s, '[\\x01-\\x20]*[+-]?[0-9]+[\\x01-\\x20]*') THEN TRY_CAST(regexp_extract(s, '-?[0-9]+') AS BIGINT) END")
    M("str_number(s)", "CASE WHEN s IS NULL THEN NULL WHEN regexp_full_match(s, " NUMBER ") THEN trim(s, " SPACES ") ELSE " BAD_CAST("decimal") " END")
    M("try_str_number(s)", "CASE WHEN regexp_full_match(s, " NUMBER ") THEN trim(s, " SPACES ") END")
    M("special_double(s)", "CASE lower(trim(s, " SPACES ")) WHEN 'nan' THEN CAST('NaN' AS DOUBLE) WHEN 'inf' THEN CAST('Infinity' AS DOUBLE) WHEN '+inf' THEN CAST('Infinity' AS DOUBLE) "
      "WHEN 'infinity' THEN CAST('Infinity' AS DOUBLE) WHEN '+infinity' THEN CAST('Infinity' AS DOUBLE) WHEN '-inf' THEN CAST('-Infinity' AS DOUBLE) WHEN '-infinity' THEN CAST('-Infinity' AS DOUBLE) END")
    M("str_double(s)", "CASE WHEN s IS NULL THEN NULL WHEN regexp_full_match(s, " DOUBLE_TEXT ") THEN CAST(regexp_extract(s, '[-+]?[0-9.]+(?:[eE][+-]?[0-9]+)?') AS DOUBLE) "
      "WHEN weir_special_double(s) IS NOT NULL THEN weir_special_double(s) ELSE " BAD_CAST("number") " END")
    M("try_str_double(s)", "CASE WHEN regexp_full_match(s, " DOUBLE_TEXT ") THEN TRY_CAST(regexp_extract(s, '[-+]?[0-9.]+(?:[eE][+-]?[0-9]+)?') AS DOUBLE) ELSE weir_special_double(s) END")
    M("try_str_boolean(s)", "CASE WHEN lower(trim(s, " SPACES ")) IN ('t', 'true', 'y', 'yes', '1') THEN true WHEN lower(trim(s, " SPACES ")) IN ('f', 'false', 'n', 'no', '0') THEN false END")
    M("str_boolean(s)", "CASE WHEN s IS NULL THEN NULL WHEN weir_try_str_boolean(s) IS NOT NULL THEN weir_try_str_boolean(s) ELSE " BAD_CAST("boolean") " END")
    /* dates and timestamps from text */
    M("date_part_text(s)", "CASE WHEN NOT contains(trim(s, " SPACES "), '-') THEN trim(s, " SPACES ")[1:4] || '-01-01' WHEN regexp_full_match(trim(s, " SPACES "), '[0-9]{4}-[0-9]{1,2}') THEN trim(s, " SPACES ") || '-01' "
      "ELSE regexp_extract(s, '[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}') END")
    M("str_date(s)", "CASE WHEN s IS NULL THEN NULL WHEN regexp_full_match(s, " DATE_TEXT ") THEN CAST(weir_date_part_text(s) AS DATE) ELSE " BAD_CAST("date") " END")
    M("try_str_date(s)", "CASE WHEN s IS NULL THEN NULL WHEN regexp_full_match(s, " DATE_TEXT ") THEN TRY_CAST(weir_date_part_text(s) AS DATE) "
      "WHEN regexp_matches(s, '^' || " MAYBE_TIME " || '$') THEN error('[DATE_TEXT_UNSUPPORTED] the text ''' || s || ''' may be a date that weir does not read') END")
    M("time_part(s)", "regexp_replace(regexp_extract(s, '[0-9][ T]([0-9]{1,2}(?::[0-9]{1,2}(?::[0-9]{1,2}(?:\\.[0-9]{0,6})?)?)?)', 1), '\\.$', '')")
    M("zone_part(s)", "regexp_extract(s, '[0-9][ T][0-9]{1,2}(?::[0-9:.]*)? ?([+-][0-9]{1,2}:[0-9]{2})[\\x01-\\x20]*$', 1)")
    M("zone_minutes(z)", "CASE WHEN z = '' THEN 0 ELSE (CASE WHEN z[1] = '-' THEN -1 ELSE 1 END) * (CAST(regexp_extract(z, '[0-9]+') AS INTEGER) * 60 + CAST(z[-2:] AS INTEGER)) END")
    M("local_text(s)", "weir_date_part_text(s) || ' ' || list_transform([weir_time_part(s)], lambda t: CASE WHEN t = '' THEN '00:00:00' WHEN NOT contains(t, ':') THEN t || ':00:00' "
      "WHEN regexp_full_match(t, '[0-9]{1,2}:[0-9]{1,2}') THEN t || ':00' ELSE t END)[1]")
    M("str_timestamp(s)", "CASE WHEN s IS NULL THEN NULL WHEN regexp_full_match(s, " TIME_TEXT ") THEN CAST(weir_local_text(s) AS TIMESTAMP) - to_minutes(weir_zone_minutes(weir_zone_part(s))) ELSE " BAD_CAST("timestamp") " END")
    M("try_str_timestamp(s)", "CASE WHEN s IS NULL THEN NULL WHEN regexp_full_match(s, " TIME_TEXT ") THEN TRY_CAST(weir_local_text(s) AS TIMESTAMP) - to_minutes(weir_zone_minutes(weir_zone_part(s))) "
      "WHEN regexp_matches(s, '^' || " MAYBE_TIME " || '$') THEN error('[TIMESTAMP_TEXT_UNSUPPORTED] the text ''' || s || ''' may be a timestamp that weir does not read') END")
    M("str_timestamp_ntz(s)", "CASE WHEN s IS NULL THEN NULL WHEN regexp_full_match(s, " TIME_TEXT ") THEN CAST(weir_local_text(s) AS TIMESTAMP) ELSE " BAD_CAST("timestamp") " END")
    M("try_str_timestamp_ntz(s)", "CASE WHEN s IS NULL THEN NULL WHEN regexp_full_match(s, " TIME_TEXT ") THEN TRY_CAST(weir_local_text(s) AS TIMESTAMP) "
      "WHEN regexp_matches(s, '^' || " MAYBE_TIME " || '$') THEN error('[TIMESTAMP_TEXT_UNSUPPORTED] the text ''' || s || ''' may be a timestamp that weir does not read') END")
    M("strptime(s, c, f)", "CASE WHEN s IS NULL THEN NULL WHEN regexp_full_match(s, c) THEN strptime(s, f) ELSE error('[CANNOT_PARSE_TIMESTAMP] the text ''' || s || ''' does not fit the pattern') END")
    M("try_strptime(s, c, f)", "CASE WHEN regexp_full_match(s, c) THEN try_strptime(s, f) END")
    M("checked(s, c)", "CASE WHEN s IS NULL THEN NULL WHEN s <> '' AND regexp_full_match(s, c) THEN s ELSE error('[INVALID_FORMAT] the text ''' || s || ''' does not fit the format') END")
    /* Java's Double.toString: plain from 1e-3 to 1e7, else d.dddE[-]n, with the shortest digits that read back */
    M("digits_of(t)", "CASE WHEN regexp_replace(ltrim(replace(split_part(t, 'e', 1), '.', ''), '0'), '0+$', '') = '' THEN '0' ELSE regexp_replace(ltrim(replace(split_part(t, 'e', 1), '.', ''), '0'), '0+$', '') END")
    M("exponent_of(t)", "CASE WHEN contains(t, 'e') THEN CAST(split_part(t, 'e', 2) AS INTEGER) WHEN starts_with(t, '0.') THEN -1 - CAST(length(regexp_extract(t, '^0\\.(0*)', 1)) AS INTEGER) ELSE CAST(length(split_part(t, '.', 1)) AS INTEGER) - 1 END")
    M("java_double(x)", "CASE WHEN x IS NULL THEN NULL WHEN isnan(x) THEN 'NaN' WHEN isinf(x) THEN CASE WHEN x > 0 THEN 'Infinity' ELSE '-Infinity' END "
      "WHEN abs(x) = CAST('4.9e-324' AS DOUBLE) THEN CASE WHEN x < 0 THEN '-' ELSE '' END || '4.9E-324' WHEN abs(x) = CAST('9.9e-324' AS DOUBLE) THEN CASE WHEN x < 0 THEN '-' ELSE '' END || '9.9E-324' WHEN x = 0 OR (abs(x) >= 0.001 AND abs(x) < 10000000) THEN CAST(x AS VARCHAR) "
      "ELSE CASE WHEN x < 0 THEN '-' ELSE '' END || weir_digits_of(CAST(abs(x) AS VARCHAR))[1] || '.' || CASE WHEN length(weir_digits_of(CAST(abs(x) AS VARCHAR))) > 1 THEN weir_digits_of(CAST(abs(x) AS VARCHAR))[2:] ELSE '0' END "
      "|| 'E' || CAST(weir_exponent_of(CAST(abs(x) AS VARCHAR)) AS VARCHAR) END")
    /* arithmetic */
    M("no_nan(x)", "CASE WHEN isnan(x) OR isinf(x) THEN NULL ELSE x END")
    M("double_long(x)", "CASE WHEN x = CAST('9223372036854775808' AS DOUBLE) THEN CAST('9223372036854775807' AS BIGINT) ELSE CAST(trunc(x) AS BIGINT) END")
    M("try_double_long(x)", "CASE WHEN x = CAST('9223372036854775808' AS DOUBLE) THEN CAST('9223372036854775807' AS BIGINT) ELSE TRY_CAST(trunc(x) AS BIGINT) END")
    M("saturated(x)", "CASE WHEN isnan(x) THEN CAST(0 AS BIGINT) WHEN x >= CAST('9223372036854775807' AS DOUBLE) THEN CAST('9223372036854775807' AS BIGINT) WHEN x <= CAST('-9223372036854775808' AS DOUBLE) THEN CAST('-9223372036854775808' AS BIGINT) ELSE CAST(x AS BIGINT) END")
    M("wrap(v, h)", "((v + h) % (h * 2) + h * 2) % (h * 2) - h")
    M("sign(x)", "CASE WHEN isnan(x) THEN x ELSE CAST(sign(x) AS DOUBLE) END")
    M("div(a, b)", "CASE WHEN b = 0 AND a IS NOT NULL THEN error('[DIVIDE_BY_ZERO] division by zero; use try_divide or nullif') ELSE a / b END")
    M("div_heavy(a, b)", "list_transform([{'a': a, 'b': b}], lambda s: CASE WHEN s.b = 0 AND s.a IS NOT NULL THEN error('[DIVIDE_BY_ZERO] division by zero; use try_divide or nullif') ELSE s.a / s.b END)[1]")
    M("mod_(a, b)", "(a % b)")
    M("mod(a, b)", "CASE WHEN b = 0 AND a IS NOT NULL THEN error('[REMAINDER_BY_ZERO] remainder by zero') ELSE a % b END")
    M("mod_heavy(a, b)", "list_transform([{'a': a, 'b': b}], lambda s: CASE WHEN s.b = 0 AND s.a IS NOT NULL THEN error('[REMAINDER_BY_ZERO] remainder by zero') ELSE s.a % s.b END)[1]")
    M("idiv_(a, b)", "CAST((a - a % b) // b AS BIGINT)")
    M("idiv(a, b)", "CASE WHEN b = 0 AND a IS NOT NULL THEN error('[DIVIDE_BY_ZERO] division by zero; use nullif') ELSE CAST((a - a % b) // b AS BIGINT) END")
    M("idiv_heavy(a, b)", "list_transform([{'a': a, 'b': b}], lambda s: CASE WHEN s.b = 0 AND s.a IS NOT NULL THEN error('[DIVIDE_BY_ZERO] division by zero; use nullif') ELSE CAST((s.a - s.a % s.b) // s.b AS BIGINT) END)[1]")
    M("pmod(a, b)", "CASE WHEN b = 0 AND a IS NOT NULL THEN error('[REMAINDER_BY_ZERO] remainder by zero') WHEN a % b < 0 THEN (a % b + b) % b ELSE a % b END")
    M("trunc_div(a, b)", "CAST((a - a % b) // b AS BIGINT)")
    M("floor_div(a, b)", "CAST((a - ((a % b) + b) % b) // b AS BIGINT)")
    M("floor_seconds(t)", "weir_floor_div(epoch_us(t), 1000000)")
    /* long division of decimals: q, the remainder, the divisor, the sign */
    M("div_begin(n, d)", "list_transform([{'n': n, 'd': d}], lambda s: CASE WHEN s.n IS NULL OR s.d IS NULL THEN NULL WHEN s.d = 0 THEN error('[DIVIDE_BY_ZERO] division by zero; use try_divide or nullif') "
      "ELSE {'q': abs(s.n) // abs(s.d), 'r': abs(s.n) % abs(s.d), 'd': abs(s.d), 'minus': (s.n < 0) <> (s.d < 0)} END)[1]")
    M("div_step(v, k)", "list_transform([v], lambda s: CASE WHEN s IS NULL THEN NULL ELSE {'q': s.q * k + (s.r * k) // s.d, 'r': (s.r * k) % s.d, 'd': s.d, 'minus': s.minus} END)[1]")
    M("div_end(v)", "list_transform([v], lambda s: (s.q + CASE WHEN s.r >= s.d - s.r THEN 1 ELSE 0 END) * CASE WHEN s.minus THEN -1 ELSE 1 END)[1]")
    /* rounding: a double is rounded on its shortest decimal text, HALF_UP or HALF_EVEN */
    M("round_double(x, r)", "CASE WHEN x IS NULL OR isnan(x) OR isinf(x) OR abs(x) >= 1e16 THEN x ELSE CAST(CAST(r AS VARCHAR) AS DOUBLE) END")
    M("half_even(v, r, u)", "CASE WHEN abs(v - r) * 2 = u AND CAST(abs(r) / u AS HUGEINT) % 2 = 1 THEN r - CASE WHEN v < 0 THEN -u ELSE u END ELSE r END")
    M("round_tens(x, p)", "CASE WHEN x >= 0 THEN ((x + p // 2) // p) * p ELSE -(((-x + p // 2) // p) * p) END")
    M("finite(x)", "CASE WHEN isnan(x) OR isinf(x) THEN error('[FORMAT_UNSUPPORTED] a format of NaN or Infinity') ELSE x END")
    M("no_tie(v, p)", "CASE WHEN abs(CAST(v * p AS HUGEINT)) % 10 = 5 THEN error('[FORMAT_UNSUPPORTED] a decimal half way between two texts') ELSE v END")
    M("sqrt(x)", "CASE WHEN x < 0 THEN CAST('NaN' AS DOUBLE) ELSE sqrt(x) END")
    M("ln(x)", "CASE WHEN x > 0 THEN ln(x) END")
    M("log(b, x)", "CASE WHEN x > 0 AND b > 0 THEN ln(x) / ln(b) END")
    M("log10(x)", "CASE WHEN x > 0 THEN log10(x) END")
    M("log2(x)", "CASE WHEN x > 0 THEN log2(x) END")
    M("log1p(x)", "CASE WHEN x <= -1 THEN NULL WHEN 1 + x = 1 THEN x WHEN isinf(x) THEN x ELSE x * ln(1 + x) / ((1 + x) - 1) END")
    M("expm1(x)", "CASE WHEN exp(x) = 1 THEN x WHEN exp(x) - 1 = -1 THEN CAST(-1 AS DOUBLE) WHEN isinf(exp(x)) THEN exp(x) ELSE (exp(x) - 1) * x / ln(exp(x)) END")
    M("cbrt(x)", "CASE WHEN round(cbrt(x)) * round(cbrt(x)) * round(cbrt(x)) = x THEN round(cbrt(x)) ELSE cbrt(x) END")
    M("width_bucket(v, lo, hi, n)", "CASE WHEN v IS NULL OR lo IS NULL OR hi IS NULL OR n IS NULL OR n <= 0 OR lo = hi OR isnan(v) OR isnan(lo) OR isnan(hi) OR isinf(lo) OR isinf(hi) THEN NULL "
      "WHEN lo < hi THEN CASE WHEN v < lo THEN 0 WHEN v >= hi THEN n + 1 ELSE CAST(floor(n * (v - lo) / (hi - lo)) AS BIGINT) + 1 END "
      "ELSE CASE WHEN v > lo THEN 0 WHEN v <= hi THEN n + 1 ELSE CAST(floor(n * (lo - v) / (lo - hi)) AS BIGINT) + 1 END END")
    /* text */
    M("substring(s, p, n)", "CASE WHEN s IS NULL OR p IS NULL OR n IS NULL THEN NULL WHEN n <= 0 THEN '' ELSE list_transform([CASE WHEN p > 0 THEN CAST(p AS BIGINT) - 1 WHEN p < 0 THEN length(s) + p ELSE 0 END], "
      "lambda b: substring(s, greatest(b, 0) + 1, greatest(b + n - greatest(b, 0), 0)))[1] END")
    M("right(s, n)", "CASE WHEN s IS NULL OR n IS NULL THEN NULL WHEN n <= 0 THEN '' ELSE right(s, n) END")
    M("lpad(s, n, p)", "CASE WHEN p = '' THEN left(s, CASE WHEN n < 0 THEN 0 ELSE n END) ELSE lpad(s, CASE WHEN n < 0 THEN 0 ELSE n END, p) END")
    M("rpad(s, n, p)", "CASE WHEN p = '' THEN left(s, CASE WHEN n < 0 THEN 0 ELSE n END) ELSE rpad(s, CASE WHEN n < 0 THEN 0 ELSE n END, p) END")
    /* letters that become two in upper case; the sigma at a word's end, the dotted capital I */
    M("upper(s)", "CASE WHEN strlen(s) = length(s) THEN upper(s) WHEN regexp_matches(s, '[\\x{149}\\x{1F0}\\x{390}\\x{3B0}\\x{587}\\x{1E96}-\\x{1E9A}\\x{1F50}-\\x{1FFC}\\x{FB00}-\\x{FB17}]') "
      "THEN error('[FUNCTION_UNSUPPORTED] upper() of a letter that becomes several') ELSE upper(replace(s, '\xC3\x9F', 'SS')) END")
    M("lower(s)", "CASE WHEN strlen(s) = length(s) THEN lower(s) ELSE lower(replace(regexp_replace(s, '(\\pL)\\x{3A3}(\\PL|$)', '\\1\xCF\x82\\2', 'g'), '\xC4\xB0', 'i\xCC\x87')) END")
    M("initcap(s)", "array_to_string(list_transform(string_split(weir_lower(s), ' '), lambda w: weir_upper(w[1]) || w[2:]), ' ')")
    M("instr(s, t)", "CAST(CASE WHEN t = '' AND s IS NOT NULL THEN 1 ELSE instr(s, t) END AS INTEGER)")
    M("locate(t, s, p)", "CAST(CASE WHEN t IS NULL OR s IS NULL THEN NULL WHEN p IS NULL OR p < 1 THEN 0 WHEN t = '' THEN 1 WHEN instr(s[p:], t) = 0 THEN 0 ELSE instr(s[p:], t) + p - 1 END AS INTEGER)")
    M("chr(n)", "CASE WHEN n < 0 THEN '' WHEN n % 256 = 0 THEN error('[STRING_CHARACTER_UNSUPPORTED] a text cannot hold the character 0') ELSE chr(CAST(n % 256 AS INTEGER)) END")
    M("url_encode(s)", "replace(replace(replace(url_encode(s), '%20', '+'), '~', '%7E'), '%2A', '*')")
    M("find_in_set(s, l)", "CAST(CASE WHEN s IS NULL OR l IS NULL THEN NULL WHEN contains(s, ',') THEN 0 ELSE coalesce(list_position(string_split(l, ','), s), 0) END AS INTEGER)")
    M("overlay(s, r, p, n)", "CASE WHEN s IS NULL OR r IS NULL OR p IS NULL OR n IS NULL THEN NULL WHEN p < 1 THEN error('[FUNCTION_UNSUPPORTED] overlay() at a position below 1') "
      "ELSE s[1:p - 1] || r || CASE WHEN n >= 0 THEN s[p + n:] ELSE s[p + length(r):] END END")
    M("split_part(s, d, n)", "CASE WHEN n = 0 THEN error('[INVALID_INDEX_OF_ZERO] split_part() counts from 1') WHEN d = '' THEN CASE WHEN n IN (1, -1) THEN s WHEN s IS NOT NULL THEN '' END ELSE split_part(s, d, n) END")
    M("substring_index(s, d, n)", "CASE WHEN s IS NULL OR d IS NULL OR n IS NULL THEN NULL WHEN d = '' OR n = 0 THEN '' WHEN n > 0 THEN array_to_string(string_split(s, d)[1:n], d) "
      "WHEN len(string_split(s, d)) <= -n THEN s ELSE array_to_string(string_split(s, d)[n:], d) END")
    M("join(l, s)", "CASE WHEN s IS NOT NULL THEN coalesce(array_to_string(l, s), '') END")
    M("no_line_end(s)", "CASE WHEN regexp_matches(s, '[\\n\\r\\x{85}\\x{2028}\\x{2029}]\\z') THEN error('[REGEX_UNSUPPORTED] $ in a regular expression over a text that ends in a line break') ELSE s END")
    M("split_limit(s, re, rest, n)", "CASE WHEN s IS NULL THEN NULL WHEN len(string_split_regex(s, re)) <= n THEN string_split_regex(s, re) ELSE list_append(string_split_regex(s, re)[1:n - 1], regexp_replace(s, rest, '')) END")
    M("get_json(j, p)", "CASE WHEN NOT regexp_full_match(p, '\\$(?:\\.[A-Za-z_][A-Za-z0-9_]*|\\[[0-9]+\\])*') THEN error('[FUNCTION_UNSUPPORTED] get_json_object() with a path of other than names and indexes') "
      "WHEN json_valid(j) THEN CASE WHEN json_type(j, p) IN ('DOUBLE') THEN error('[FUNCTION_UNSUPPORTED] get_json_object() of a number with a fraction') ELSE json_extract_string(j, p) END END")
    /* dates */
    M("months_between(a, b)", "CASE WHEN a IS NULL OR b IS NULL THEN NULL WHEN day(a) = day(b) OR (CAST(a AS DATE) = last_day(a) AND CAST(b AS DATE) = last_day(b)) THEN CAST((year(a) - year(b)) * 12 + month(a) - month(b) AS DOUBLE) "
      "ELSE round(((year(a) - year(b)) * 12 + month(a) - month(b) + ((day(a) - day(b)) * 86400 + (hour(a) - hour(b)) * 3600 + (minute(a) - minute(b)) * 60 + (second(a) - second(b))) / 2678400.0) * 100000000.0) / 100000000.0 END")
    M("month_rest(t)", "epoch_us(t) - epoch_us(date_trunc('month', t))")
    M("months(a, b)", "(year(b) - year(a)) * 12 + month(b) - month(a) + CASE WHEN b >= a AND weir_month_rest(b) < weir_month_rest(a) THEN -1 WHEN b < a AND weir_month_rest(b) > weir_month_rest(a) THEN 1 ELSE 0 END")
    M("window(us, size)", "CASE WHEN us IS NULL THEN NULL ELSE {'start': make_timestamp(us - ((us % size) + size) % size), 'end': make_timestamp(us - ((us % size) + size) % size + size)} END")
    /* arrays and maps */
    M("array_at(l, i)", "CASE WHEN l IS NULL OR i IS NULL THEN NULL WHEN i < 0 OR i >= len(l) THEN error('[INVALID_ARRAY_INDEX] the index ' || i || ' is out of bounds; use get()') ELSE l[i + 1] END")
    M("array_get(l, i)", "CASE WHEN i >= 0 AND i < len(l) THEN l[i + 1] END")
    M("element_at(l, i)", "CASE WHEN l IS NULL OR i IS NULL THEN NULL WHEN i = 0 THEN error('[INVALID_INDEX_OF_ZERO] element_at() counts from 1') WHEN abs(i) > len(l) THEN error('[INVALID_ARRAY_INDEX_IN_ELEMENT_AT] the index ' || i || ' is out of bounds; use try_element_at()') ELSE l[i] END")
    M("try_element_at(l, i)", "CASE WHEN i = 0 AND l IS NOT NULL THEN error('[INVALID_INDEX_OF_ZERO] try_element_at() counts from 1') WHEN abs(i) <= len(l) THEN l[i] END")
    M("list_concat(a, b)", "CASE WHEN a IS NULL OR b IS NULL THEN NULL ELSE list_concat(a, b) END")
    M("has_null(l)", "len(list_filter(l, lambda y: y IS NULL)) > 0")
    M("array_contains(l, x)", "CASE WHEN l IS NULL OR x IS NULL THEN NULL WHEN list_contains(l, x) THEN true WHEN weir_has_null(l) THEN NULL ELSE false END")
    M("array_position(l, x)", "CASE WHEN l IS NULL OR x IS NULL THEN NULL ELSE CAST(coalesce(list_position(l, x), 0) AS BIGINT) END")
    M("array_remove(l, x)", "CASE WHEN x IS NULL THEN NULL ELSE list_filter(l, lambda y: y IS DISTINCT FROM x) END")
    M("array_append(l, x)", "CASE WHEN l IS NULL THEN NULL ELSE list_append(l, x) END")
    M("array_prepend(l, x)", "CASE WHEN l IS NULL THEN NULL ELSE list_prepend(x, l) END")
    M("dedup(l)", "list_filter(l, lambda y, i: len(list_filter(l[1:i - 1], lambda z: z IS NOT DISTINCT FROM y)) = 0)")
    M("array_union(a, b)", "CASE WHEN a IS NULL OR b IS NULL THEN NULL ELSE weir_dedup(list_concat(a, b)) END")
    M("array_repeat(x, n)", "CASE WHEN n IS NULL THEN NULL ELSE list_transform(range(CASE WHEN n < 0 THEN 0 ELSE n END), lambda i: x) END")
    M("array_intersect(a, b)", "CASE WHEN b IS NULL THEN NULL ELSE weir_dedup(list_filter(a, lambda y: len(list_filter(b, lambda z: z IS NOT DISTINCT FROM y)) > 0)) END")
    M("array_except(a, b)", "CASE WHEN b IS NULL THEN NULL ELSE weir_dedup(list_filter(a, lambda y: len(list_filter(b, lambda z: z IS NOT DISTINCT FROM y)) = 0)) END")
    M("arrays_overlap(a, b)", "CASE WHEN a IS NULL OR b IS NULL THEN NULL WHEN list_has_any(a, b) THEN true WHEN len(a) > 0 AND len(b) > 0 AND (weir_has_null(a) OR weir_has_null(b)) THEN NULL ELSE false END")
    M("slice(l, s, n)", "CASE WHEN l IS NULL OR s IS NULL OR n IS NULL THEN NULL WHEN s = 0 OR n < 0 THEN error('[INVALID_PARAMETER_VALUE] slice() counts from 1 and takes a length that is not negative') "
      "WHEN n = 0 OR (s < 0 AND len(l) + s < 0) THEN l[1:0] WHEN s > 0 THEN l[s:s + n - 1] ELSE l[len(l) + s + 1:len(l) + s + n] END")
    M("flatten(l)", "CASE WHEN weir_has_null(l) THEN NULL ELSE flatten(l) END")
    M("sequence(a, b, s)", "CASE WHEN a IS NULL OR b IS NULL OR s IS NULL THEN NULL WHEN (s > 0 AND a <= b) OR (s < 0 AND a >= b) OR (s = 0 AND a = b) THEN generate_series(a, b, CASE WHEN s = 0 THEN 1 ELSE s END) ELSE error('[ILLEGAL_SEQUENCE_BOUNDARIES] the step of sequence() leads away from its end') END")
    M("exists(l)", "CASE WHEN l IS NULL THEN NULL WHEN list_contains(l, true) THEN true WHEN weir_has_null(l) THEN NULL ELSE false END")
    M("forall(l)", "CASE WHEN l IS NULL THEN NULL WHEN list_contains(l, false) THEN false WHEN weir_has_null(l) THEN NULL ELSE true END")
    M("map_from_arrays(k, v)", "CASE WHEN k IS NULL OR v IS NULL THEN NULL WHEN len(k) <> len(v) THEN error('[INVALID_PARAMETER_VALUE] the two arrays of map_from_arrays() differ in length') ELSE MAP(k, v) END")
    M("map_concat(a, b)", "CASE WHEN a IS NULL OR b IS NULL THEN NULL WHEN list_has_any(map_keys(a), map_keys(b)) THEN error('[DUPLICATED_MAP_KEY] map_concat() of maps that share a key') ELSE map_concat(a, b) END")
    M("str_to_map(s, p, c)", "map_from_entries(list_transform(string_split(s, p), lambda e: {'k': split_part(e, c, 1), 'v': CASE WHEN contains(e, c) THEN e[instr(e, c) + 1:] END}))");

const char *weir_sql_prelude(void)
{
    return prelude;
}
