/* special_text.c - functions over text with a rule of their own. */
#include "dialect/special.h"

static struct weir_type string_type(void)
{
    return weir_type_of(WEIR_TYPE_STRING);
}

weir_rc weiri_fn_concat(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    if (s->count == 0) {
        return weiri_out(s, WEIR_TYPE_STRING, "''", out);
    }
    bool arrays = false, binary = true;
    for (size_t i = 0; i < s->count; i++) {
        arrays = arrays || s->args[i].type.id == WEIR_TYPE_ARRAY;
        binary = binary && s->args[i].type.id == WEIR_TYPE_BINARY;
    }
    struct weir_type type = weir_type_of(binary ? WEIR_TYPE_BINARY : WEIR_TYPE_STRING);
    for (size_t i = 0; arrays && i < s->count; i++) {
        if (s->args[i].type.id == WEIR_TYPE_VOID) {
            return weiri_invalid(x, s->node->pos, "DATATYPE_MISMATCH", "concat() of arrays and NULL; cast the NULL to an array");
        }
    }
    if (arrays) {
        WEIR_TRY(weiri_unify_plain(x, s->node->pos, s->args, s->count, &type));
        const char *all = s->args[0].sql;
        for (size_t i = 1; i < s->count; i++) {
            all = weiri_f(x, "weir_list_concat(%s, %s)", all, s->args[i].sql);
        }
        *out = weiri_val(type, all, weiri_weight(s, 2));
        return WEIR_OK;
    }
    const char *all = "";
    for (size_t i = 0; i < s->count; i++) {
        WEIR_TRY(weiri_coerce(x, s->node->pos, &s->args[i], type));
        all = weiri_f(x, "%s%s%s", all, i ? " || " : "", s->args[i].sql);
    }
    *out = weiri_val(type, weiri_f(x, "(%s)", all), weiri_weight(s, 1));
    return WEIR_OK;
}

weir_rc weiri_fn_concat_ws(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    const char *all = "";
    WEIR_TRY(weiri_arg(s, 0, WEIR_TYPE_STRING));
    for (size_t i = 1; i < s->count; i++) {
        const char *one = NULL;
        if (s->args[i].type.id == WEIR_TYPE_ARRAY) {
            WEIR_TRY(weiri_cast(x, s->node->pos, s->args[i], weiri_array_of(x, string_type()), false, &s->args[i]));
            one = weiri_f(x, "coalesce(%s, [])", s->args[i].sql);
        } else {
            WEIR_TRY(weiri_arg(s, i, WEIR_TYPE_STRING));
            one = weiri_f(x, "[%s]", s->args[i].sql);
        }
        all = i == 1 ? one : weiri_f(x, "list_concat(%s, %s)", all, one);
    }
    if (s->count == 1) {
        return weiri_out(s, WEIR_TYPE_STRING, weiri_f(x, "CASE WHEN %s IS NOT NULL THEN '' END", s->args[0].sql), out);
    }
    return weiri_out(s, WEIR_TYPE_STRING, weiri_f(x, "weir_join(%s, %s)", all, s->args[0].sql), out);
}

/* trim(text), trim(BOTH c FROM text) as (text, c); trim(c, text) as Spark's two-argument functions have it. */
weir_rc weiri_fn_trim(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    const bool worded = s->node->call->keyword != NULL;
    WEIR_TRY(weiri_arg(s, 0, WEIR_TYPE_STRING));
    const char *text = s->args[0].sql, *chars = "' '";
    if (s->count == 2) {
        WEIR_TRY(weiri_arg(s, 1, WEIR_TYPE_STRING));
        text = s->args[worded ? 0 : 1].sql;
        chars = s->args[worded ? 1 : 0].sql;
    }
    return weiri_out(s, WEIR_TYPE_STRING, weiri_f(x, "%s(%s, %s)", s->node->text, text, chars), out);
}

weir_rc weiri_fn_sha2(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    int64_t bits = 0;
    if (s->args[0].type.id != WEIR_TYPE_BINARY) {
        WEIR_TRY(weiri_arg(s, 0, WEIR_TYPE_STRING));
    }
    if (!weiri_constant_int(&s->args[1], &bits) || (bits != 0 && bits != 256)) {
        return weiri_unsupported(x, s->node->pos, "FUNCTION_UNSUPPORTED", "sha2() of other than 256 bits");
    }
    return weiri_out(s, WEIR_TYPE_STRING, weiri_f(x, "sha256(%s)", s->args[0].sql), out);
}

weir_rc weiri_fn_elt(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    WEIR_TRY(weiri_arg(s, 0, WEIR_TYPE_INT));
    const char *text = weiri_f(x, "CASE %s", s->args[0].sql);
    for (size_t i = 1; i < s->count; i++) {
        WEIR_TRY(weiri_arg(s, i, WEIR_TYPE_STRING));
        text = weiri_f(x, "%s WHEN %zu THEN %s", text, i, s->args[i].sql);
    }
    text = weiri_f(x, "%s ELSE CASE WHEN %s IS NOT NULL THEN error('[INVALID_ARRAY_INDEX] the index of elt() is out of bounds') END END", text, s->args[0].sql);
    return weiri_out(s, WEIR_TYPE_STRING, text, out);
}

/* --- regular expressions --- */

static weir_rc constant_regex(struct special *s, size_t i, bool find_only, const char **regex, bool *empty, bool *dollar, int *groups)
{
    const char *java = NULL;
    if (!weiri_constant_string(&s->args[i], &java)) {
        return weiri_unsupported(s->env->x, s->node->pos, "REGEX_NOT_CONSTANT", "a regular expression that is not a constant");
    }
    return weiri_regex(s->env->x, s->node->pos, java, find_only, regex, empty, dollar, groups);
}

/* Java's $ also matches before a last line break; where that would move what is cut out, such a text is refused when it comes. */
static const char *guarded(struct xl *x, const char *text, bool dollar)
{
    return dollar ? weiri_f(x, "weir_no_line_end(%s)", text) : text;
}

weir_rc weiri_fn_split(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    const char *regex = NULL;
    bool empty = false, dollar = false;
    int64_t limit = -1;
    WEIR_TRY(weiri_arg(s, 0, WEIR_TYPE_STRING));
    WEIR_TRY(constant_regex(s, 1, false, &regex, &empty, &dollar, NULL));
    if (empty) {
        return weiri_unsupported(x, s->node->pos, "REGEX_UNSUPPORTED", "split() by a regular expression that matches the empty text");
    }
    if (s->count == 3 && !weiri_constant_int(&s->args[2], &limit)) {
        return weiri_unsupported(x, s->node->pos, "ARGUMENT_NOT_CONSTANT", "split() with a limit that is not a constant");
    }
    const char *text = guarded(x, s->args[0].sql, dollar), *quoted = weiri_quote_string(x, regex), *sql;
    if (limit <= 0) {
        sql = weiri_f(x, "string_split_regex(%s, %s)", text, quoted);
    } else if (limit == 1) {
        sql = weiri_f(x, "CASE WHEN %s IS NOT NULL THEN [%s] END", text, text);
    } else {
        const char *rest = weiri_quote_string(x, weiri_f(x, "(?s)\\A(?:.*?(?:%s)){%lld}", regex, (long long)limit - 1));
        sql = weiri_f(x, "weir_split_limit(%s, %s, %s, %lld)", text, quoted, rest, (long long)limit);
        if (limit > 900) {
            return weiri_unsupported(x, s->node->pos, "FUNCTION_UNSUPPORTED", "split() with a limit above 900");
        }
    }
    *out = weiri_val(weiri_array_of(x, string_type()), sql, weiri_weight(s, 3));
    return WEIR_OK;
}

/* Java's replacement: $1 is a group, \ escapes. RE2's: \1. */
static weir_rc replacement(struct special *s, const char *java, int groups, const char **out)
{
    struct xl *x = s->env->x;
    *out = "";
    for (const char *c = java; *c; c++) {
        if (*c == '$') {
            if (c[1] < '0' || c[1] > '9' || c[1] - '0' > groups || (c[2] >= '0' && c[2] <= '9')) {
                return weiri_unsupported(x, s->node->pos, "REGEX_UNSUPPORTED", weiri_f(x, "the replacement '%.60s'", java));
            }
            *out = weiri_f(x, "%s\\%c", *out, *++c);
        } else if (*c == '\\' && c[1]) {
            c++;
            *out = *c == '\\' ? weiri_f(x, "%s\\\\", *out) : weiri_f(x, "%s%c", *out, *c);
        } else {
            *out = weiri_f(x, "%s%c", *out, *c);
        }
    }
    return WEIR_OK;
}

weir_rc weiri_fn_regexp(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    const char *name = s->node->text, *regex = NULL;
    const bool like = strcmp(name, "regexp_like") == 0 || strcmp(name, "regexp") == 0 || strcmp(name, "rlike") == 0;
    bool empty = false, dollar = false;
    int groups = 0;
    int64_t group = 1;
    WEIR_TRY(weiri_arg(s, 0, WEIR_TYPE_STRING));
    WEIR_TRY(constant_regex(s, 1, like, &regex, &empty, &dollar, &groups));
    const char *quoted = weiri_quote_string(x, regex), *text = like ? s->args[0].sql : guarded(x, s->args[0].sql, dollar);
    if (like) {
        return weiri_out(s, WEIR_TYPE_BOOLEAN, weiri_f(x, "regexp_matches(%s, %s)", text, quoted), out);
    }
    if (strcmp(name, "regexp_replace") == 0) {
        const char *java = NULL, *re2 = NULL;
        WEIR_TRY(weiri_constant_arg(s, 2, &java));
        WEIR_TRY(replacement(s, java, groups, &re2));
        if (empty) {
            return weiri_unsupported(x, s->node->pos, "REGEX_UNSUPPORTED", "regexp_replace() of matches that may be empty");
        }
        return weiri_out(s, WEIR_TYPE_STRING, weiri_f(x, "regexp_replace(%s, %s, %s, 'g')", text, quoted, weiri_quote_string(x, re2)), out);
    }
    const bool extract = strcmp(name, "regexp_extract") == 0, all = strcmp(name, "regexp_extract_all") == 0;
    if (extract || all) {
        if (s->count == 3 && !weiri_constant_int(&s->args[2], &group)) {
            return weiri_unsupported(x, s->node->pos, "ARGUMENT_NOT_CONSTANT", weiri_f(x, "%s() of a group that is not a constant", name));
        }
        if (group < 0 || group > groups) {
            return weiri_invalid(x, s->node->pos, "INVALID_PARAMETER_VALUE.REGEX_GROUP_INDEX", "the regular expression has groups 0 to %d, not %lld", groups, (long long)group);
        }
        if (all && empty) {
            return weiri_unsupported(x, s->node->pos, "REGEX_UNSUPPORTED", "regexp_extract_all() of matches that may be empty");
        }
        const char *sql = weiri_f(x, "%s(%s, %s, %lld)", name, text, quoted, (long long)group);
        if (extract) {
            return weiri_out(s, WEIR_TYPE_STRING, sql, out);
        }
        *out = weiri_val(weiri_array_of(x, string_type()), sql, weiri_weight(s, 1));
        return WEIR_OK;
    }
    if (empty) {
        return weiri_unsupported(x, s->node->pos, "REGEX_UNSUPPORTED", weiri_f(x, "%s() of matches that may be empty", name));
    }
    if (strcmp(name, "regexp_count") == 0) {
        return weiri_out(s, WEIR_TYPE_INT, weiri_f(x, "CAST(len(regexp_extract_all(%s, %s, 0)) AS INTEGER)", text, quoted), out);
    }
    if (strcmp(name, "regexp_substr") == 0) {
        return weiri_out(s, WEIR_TYPE_STRING, weiri_f(x, "nullif(regexp_extract(%s, %s, 0), '')", text, quoted), out);
    }
    /* the text before the first match, and one */
    const char *before = weiri_quote_string(x, weiri_f(x, "(?s)\\A(.*?)(?:%s)", regex));
    return weiri_out(s, WEIR_TYPE_INT, weiri_f(x, "CASE WHEN regexp_matches(%s, %s) THEN CAST(length(regexp_extract(%s, %s, 1)) + 1 AS INTEGER) WHEN %s IS NOT NULL THEN 0 END", text, quoted, text, before, text),
                     out);
}

/* --- formatting --- */

struct format_spec { char kind; char flags[4]; int width, precision; };

static bool parse_spec(const char **p, struct format_spec *out)
{
    const char *c = *p;
    size_t flags = 0;
    memset(out, 0, sizeof *out);
    out->precision = -1;
    while ((*c == '0' || *c == '-') && flags < 2) {
        out->flags[flags++] = *c++;
    }
    while (*c >= '0' && *c <= '9' && out->width < 1000) {
        out->width = out->width * 10 + (*c++ - '0');
    }
    if (*c == '.') {
        out->precision = 0;
        for (c++; *c >= '0' && *c <= '9' && out->precision < 100; c++) {
            out->precision = out->precision * 10 + (*c - '0');
        }
    }
    out->kind = *c;
    *p = c;
    return *c != '\0' && out->precision <= 15;
}

static weir_rc formatted(struct special *s, const struct format_spec *spec, struct val *arg, const char **out)
{
    struct xl *x = s->env->x;
    const char *width = spec->width ? weiri_f(x, "%d", spec->width) : "";
    if (spec->kind == 'd' && weiri_is_integral(arg->type.id) && spec->precision < 0) {
        *out = weiri_f(x, "coalesce(printf('%%%s%sd', %s), 'null')", spec->flags, width, arg->sql);
    } else if (spec->kind == 's' && spec->precision < 0 && !strchr(spec->flags, '0') && weir_type_is_primitive(&arg->type) && arg->type.id != WEIR_TYPE_BINARY && arg->type.id != WEIR_TYPE_DATE
               && arg->type.id != WEIR_TYPE_TIMESTAMP && arg->type.id != WEIR_TYPE_TIMESTAMP_NTZ) {
        WEIR_TRY(weiri_cast(x, s->node->pos, *arg, string_type(), false, arg));
        *out = spec->width ? weiri_f(x, "printf('%%%s%ss', coalesce(%s, 'null'))", spec->flags, width, arg->sql) : weiri_f(x, "coalesce(%s, 'null')", arg->sql);
    } else if (spec->kind == 'f' && arg->type.id == WEIR_TYPE_DOUBLE) {
        const int digits = spec->precision < 0 ? 6 : spec->precision; /* Java rounds the shortest text HALF_UP */
        *out = weiri_f(x, "coalesce(printf('%%%s%s.%df', weir_round_double(weir_finite(%s), CAST(CAST(%s AS VARCHAR) AS DECIMAL(38,%d)))), 'null')", spec->flags, width, digits, arg->sql, arg->sql, digits);
    } else {
        return weiri_unsupported(x, s->node->pos, "FUNCTION_UNSUPPORTED", weiri_f(x, "%s() with %%%c of %s", s->node->text, spec->kind, weiri_type_text(x, &arg->type)));
    }
    return WEIR_OK;
}

weir_rc weiri_fn_printf(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    const char *format = NULL, *sql = "''", *literal = "";
    size_t next = 1;
    WEIR_TRY(weiri_constant_arg(s, 0, &format));
    for (const char *c = format; *c; c++) {
        if (*c != '%' || c[1] == '%' || c[1] == 'n') {
            literal = *c == '%' && c[1] == 'n' ? weiri_f(x, "%s\n", literal) : weiri_f(x, "%s%c", literal, *c);
            c += *c == '%' ? 1 : 0;
            continue;
        }
        struct format_spec spec;
        const char *one = NULL;
        c++;
        if (!parse_spec(&c, &spec) || next >= s->count) {
            return weiri_unsupported(x, s->node->pos, "FUNCTION_UNSUPPORTED", weiri_f(x, "%s() with the format '%.60s'", s->node->text, format));
        }
        WEIR_TRY(formatted(s, &spec, &s->args[next++], &one));
        sql = weiri_f(x, "%s || %s || %s", sql, weiri_quote_string(x, literal), one);
        literal = "";
    }
    return weiri_out(s, WEIR_TYPE_STRING, weiri_f(x, "(%s || %s)", sql, weiri_quote_string(x, literal)), out);
}

weir_rc weiri_fn_format_number(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    int64_t digits = 0;
    const struct weir_type type = s->args[0].type;
    const bool exact = type.id == WEIR_TYPE_DOUBLE || (weiri_is_integral(type.id) && type.id != WEIR_TYPE_LONG) || (type.id == WEIR_TYPE_DECIMAL && type.precision <= 15);
    if (!weiri_constant_int(&s->args[1], &digits) || digits < 0 || digits > 15 || !exact || (type.id == WEIR_TYPE_DECIMAL && type.scale > digits && type.scale != digits + 1)) {
        return weiri_unsupported(x, s->node->pos, "FUNCTION_UNSUPPORTED", weiri_f(x, "format_number() of %s to these digits", weiri_type_text(x, &type)));
    }
    const char *value = s->args[0].sql;
    if (type.id == WEIR_TYPE_DECIMAL && type.scale > digits) { /* HALF_EVEN on the decimal, one digit away: a tie is refused when it comes */
        value = weiri_f(x, "weir_no_tie(%s, %s)", weiri_wide(x, &s->args[0]), weiri_power(x, type.scale));
    }
    return weiri_out(s, WEIR_TYPE_STRING, weiri_f(x, "format('{:,.%lldf}', weir_finite(CAST(%s AS DOUBLE)))", (long long)digits, value), out);
}

weir_rc weiri_fn_encode(struct special *s, struct val *out)
{
    const char *charset = NULL;
    WEIR_TRY(weiri_constant_arg(s, 1, &charset));
    if (!weir_str_eq_nocase(weir_str(charset), WEIR_STR("utf-8"))) {
        return weiri_unsupported(s->env->x, s->node->pos, "FUNCTION_UNSUPPORTED", "encode() to a character set other than UTF-8");
    }
    WEIR_TRY(weiri_arg(s, 0, WEIR_TYPE_STRING));
    return weiri_out(s, WEIR_TYPE_BINARY, weiri_f(s->env->x, "encode(%s)", s->args[0].sql), out);
}

/* to_number('12.5', '99.9'): nines, and one point, only. */
weir_rc weiri_fn_to_number(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    const char *format = NULL;
    WEIR_TRY(weiri_constant_arg(s, 1, &format));
    const char *point = strchr(format, '.');
    const size_t before = point ? (size_t)(point - format) : strlen(format), after = point ? strlen(point + 1) : 0;
    bool plain = before > 0 && before + after <= 38;
    for (const char *c = format; *c; c++) {
        plain = plain && (*c == '9' || c == point);
    }
    if (!plain) {
        return weiri_unsupported(x, s->node->pos, "FUNCTION_UNSUPPORTED", weiri_f(x, "to_number() with the format '%.60s'", format));
    }
    WEIR_TRY(weiri_arg(s, 0, WEIR_TYPE_STRING));
    const struct weir_type type = weir_type_decimal((int)(before + after), (int)after);
    const char *check = weiri_f(x, "[0-9]{0,%zu}%s", before, after ? weiri_f(x, "(?:\\.[0-9]{0,%zu})?", after) : "");
    *out = weiri_val(type, weiri_f(x, "CAST(weir_checked(%s, '%s') AS %s)", s->args[0].sql, check, weiri_duck_type(x, &type)), weiri_weight(s, 2));
    return WEIR_OK;
}
