/* special_time.c - functions over dates and times with a rule of their own. */
#include "dialect/special.h"

#include "base/time.h"

#include <stdio.h>

static struct weir_type t_of(enum weir_type_id id)
{
    return weir_type_of(id);
}

static bool is_time(const struct val *v)
{
    return v->type.id == WEIR_TYPE_TIMESTAMP || v->type.id == WEIR_TYPE_TIMESTAMP_NTZ || v->type.id == WEIR_TYPE_DATE;
}

/* A date or a timestamp as it is, text as `id`. */
static weir_rc time_arg(struct special *s, size_t i, enum weir_type_id id)
{
    if (is_time(&s->args[i]) && s->args[i].type.id != id) {
        return weiri_cast(s->env->x, s->node->pos, s->args[i], t_of(id), false, &s->args[i]);
    }
    return weiri_arg(s, i, id);
}

static weir_rc no_unit(struct special *s, const char *unit)
{
    return weiri_invalid(s->env->x, s->node->pos, "INVALID_PARAMETER_VALUE.DATETIME_UNIT", "%s() does not take the unit '%.40s' here", s->node->text, unit);
}

/* date_add(date, days); dateadd(UNIT, n, time). */
weir_rc weiri_fn_date_add(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    const char *unit = s->node->call->keyword;
    if (!unit) {
        if (strcmp(s->node->text, "timestampadd") == 0) {
            return no_unit(s, "");
        }
        WEIR_TRY(time_arg(s, 0, WEIR_TYPE_DATE));
        WEIR_TRY(weiri_arg(s, 1, WEIR_TYPE_INT));
        return weiri_out(s, WEIR_TYPE_DATE, weiri_f(x, "CAST(%s + CAST(%s AS INTEGER) AS DATE)", s->args[0].sql, s->args[1].sql), out);
    }
    static const struct { const char *name, *text; } units[] = {{"year", "to_months(%s * 12)"}, {"quarter", "to_months(%s * 3)"}, {"month", "to_months(%s)"}, {"week", "to_days(%s * 7)"},
                                                               {"day", "to_days(%s)"},        {"dayofyear", "to_days(%s)"},    {"hour", "to_hours(%s)"},    {"minute", "to_minutes(%s)"},
                                                               {"second", "to_seconds(%s)"}, {"millisecond", "to_milliseconds(%s)"}, {"microsecond", "to_microseconds(%s)"}};
    WEIR_TRY(weiri_arg(s, 0, WEIR_TYPE_INT));
    const enum weir_type_id id = s->args[1].type.id == WEIR_TYPE_TIMESTAMP_NTZ ? WEIR_TYPE_TIMESTAMP_NTZ : WEIR_TYPE_TIMESTAMP;
    WEIR_TRY(time_arg(s, 1, id));
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(unit, units[i].name) == 0) {
            const char *open = strstr(units[i].text, "%s");
            const char *amount = weiri_f(x, "%.*s%s%s", (int)(open - units[i].text), units[i].text, s->args[0].sql, open + 2);
            return weiri_out(s, id, weiri_f(x, "(%s + %s)", s->args[1].sql, amount), out);
        }
    }
    return no_unit(s, unit);
}

/* datediff(end, start) in days; datediff(UNIT, start, end) in whole units. */
weir_rc weiri_fn_datediff(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    const char *unit = s->node->call->keyword;
    if (!unit) {
        if (strcmp(s->node->text, "timestampdiff") == 0) {
            return no_unit(s, "");
        }
        WEIR_TRY(time_arg(s, 0, WEIR_TYPE_DATE));
        WEIR_TRY(time_arg(s, 1, WEIR_TYPE_DATE));
        return weiri_out(s, WEIR_TYPE_INT, weiri_f(x, "CAST(%s - %s AS INTEGER)", s->args[0].sql, s->args[1].sql), out);
    }
    static const struct { const char *name; int64_t us; } fixed[] = {{"week", 604800000000}, {"day", 86400000000}, {"hour", 3600000000}, {"minute", 60000000},
                                                                      {"second", 1000000},     {"millisecond", 1000}, {"microsecond", 1}};
    static const struct { const char *name; int months; } calendar[] = {{"year", 12}, {"quarter", 3}, {"month", 1}};
    WEIR_TRY(time_arg(s, 0, WEIR_TYPE_TIMESTAMP));
    WEIR_TRY(time_arg(s, 1, WEIR_TYPE_TIMESTAMP));
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        if (strcmp(unit, fixed[i].name) == 0) {
            return weiri_out(s, WEIR_TYPE_LONG, weiri_f(x, "weir_trunc_div(epoch_us(%s) - epoch_us(%s), CAST('%lld' AS BIGINT))", s->args[1].sql, s->args[0].sql, (long long)fixed[i].us), out);
        }
    }
    for (size_t i = 0; i < sizeof calendar / sizeof *calendar; i++) {
        if (strcmp(unit, calendar[i].name) == 0) {
            return weiri_out(s, WEIR_TYPE_LONG, weiri_f(x, "weir_trunc_div(weir_months(%s, %s), %d)", s->args[0].sql, s->args[1].sql, calendar[i].months), out);
        }
    }
    return no_unit(s, unit);
}

weir_rc weiri_fn_next_day(struct special *s, struct val *out)
{
    static const char *const days[] = {"mo", "tu", "we", "th", "fr", "sa", "su"};
    static const char *const longer[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    static const char *const full[] = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};
    struct xl *x = s->env->x;
    const char *name = NULL;
    WEIR_TRY(time_arg(s, 0, WEIR_TYPE_DATE));
    WEIR_TRY(weiri_constant_arg(s, 1, &name));
    for (int i = 0; i < 7; i++) {
        const struct weir_str day = weir_str_trim(weir_str(name));
        if (weir_str_eq_nocase(day, weir_str(days[i])) || weir_str_eq_nocase(day, weir_str(longer[i])) || weir_str_eq_nocase(day, weir_str(full[i]))) {
            return weiri_out(s, WEIR_TYPE_DATE, weiri_f(x, "CAST(%s + CAST((%d - isodow(%s) + 7) %% 7 + 1 AS INTEGER) AS DATE)", s->args[0].sql, i, s->args[0].sql), out);
        }
    }
    return weiri_invalid(x, s->node->pos, "ILLEGAL_DAY_OF_WEEK", "'%.40s' is no day of the week", name);
}

/* date_trunc(unit, time) -> timestamp; trunc(date, unit) -> date. */
weir_rc weiri_fn_date_trunc(struct special *s, struct val *out)
{
    static const struct { const char *spark, *duck; bool date; } units[] = {
        {"year", "year", true},   {"yyyy", "year", true},       {"yy", "year", true},  {"quarter", "quarter", true}, {"month", "month", true},         {"mon", "month", true},
        {"mm", "month", true},    {"week", "week", true},       {"day", "day", false}, {"dd", "day", false},         {"hour", "hour", false},          {"minute", "minute", false},
        {"second", "second", false}, {"millisecond", "milliseconds", false}, {"microsecond", "microseconds", false}};
    struct xl *x = s->env->x;
    const bool trunc = strcmp(s->node->text, "trunc") == 0;
    const size_t unit_at = trunc ? 1 : 0, value_at = trunc ? 0 : 1;
    const enum weir_type_id id = trunc ? WEIR_TYPE_DATE : s->args[1].type.id == WEIR_TYPE_TIMESTAMP_NTZ ? WEIR_TYPE_TIMESTAMP : WEIR_TYPE_TIMESTAMP;
    const char *unit = NULL;
    WEIR_TRY(weiri_constant_arg(s, unit_at, &unit));
    WEIR_TRY(time_arg(s, value_at, id));
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (weir_str_eq_nocase(weir_str(unit), weir_str(units[i].spark)) && (!trunc || units[i].date)) {
            return weiri_out(s, id, weiri_f(x, "CAST(date_trunc('%s', %s) AS %s)", units[i].duck, s->args[value_at].sql, trunc ? "DATE" : "TIMESTAMP"), out);
        }
    }
    return weiri_out(s, id, trunc ? "CAST(NULL AS DATE)" : "CAST(NULL AS TIMESTAMP)", out); /* as Spark: an unknown unit gives NULL */
}

weir_rc weiri_fn_extract(struct special *s, struct val *out)
{
    static const struct { const char *names, *text; bool time; } fields[] = {
        {" year y years yr yrs ", "year(%s)", false},
        {" yearofweek ", "isoyear(%s)", false},
        {" quarter qtr ", "quarter(%s)", false},
        {" month mon mons months ", "month(%s)", false},
        {" week w weeks ", "weekofyear(%s)", false},
        {" day d days ", "day(%s)", false},
        {" dayofweek dow ", "isodow(%s) % 7 + 1", false},
        {" dayofweek_iso dow_iso ", "isodow(%s)", false},
        {" doy ", "dayofyear(%s)", false},
        {" hour h hours hr hrs ", "hour(%s)", true},
        {" minute m min mins minutes ", "minute(%s)", true}};
    struct xl *x = s->env->x;
    const char *field = s->node->call->keyword;
    const size_t at = field ? 0 : 1;
    if (!field) {
        WEIR_TRY(weiri_constant_arg(s, 0, &field));
        field = weiri_lower(x->arena, field);
    }
    if (s->args[at].type.id == WEIR_TYPE_INTERVAL_DT || s->args[at].type.id == WEIR_TYPE_INTERVAL_YM) {
        return weiri_unsupported(x, s->node->pos, "FUNCTION_UNSUPPORTED", "extract() from an interval");
    }
    const char *wanted = weiri_f(x, " %s ", field);
    if (strstr(" second s sec seconds secs ", wanted)) {
        WEIR_TRY(time_arg(s, at, WEIR_TYPE_TIMESTAMP));
        *out = weiri_val(weir_type_decimal(8, 6), weiri_f(x, "CAST(CAST(microsecond(%s) AS DECIMAL(12,0)) * CAST('0.000001' AS DECIMAL(6,6)) AS DECIMAL(8,6))", s->args[at].sql), weiri_weight(s, 1));
        return WEIR_OK;
    }
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (!strchr(field, ' ') && *field && strstr(fields[i].names, wanted)) {
            WEIR_TRY(time_arg(s, at, fields[i].time ? WEIR_TYPE_TIMESTAMP : WEIR_TYPE_DATE));
            const char *open = strstr(fields[i].text, "%s");
            return weiri_out(s, WEIR_TYPE_INT, weiri_f(x, "CAST(%.*s%s%s AS INTEGER)", (int)(open - fields[i].text), fields[i].text, s->args[at].sql, open + 2), out);
        }
    }
    return weiri_invalid(x, s->node->pos, "INVALID_EXTRACT_FIELD", "'%.40s' cannot be extracted from a date or a timestamp", field);
}

/* --- patterns --- */

weir_rc weiri_fn_date_format(struct special *s, struct val *out)
{
    const char *pattern = NULL, *sql = NULL;
    WEIR_TRY(time_arg(s, 0, WEIR_TYPE_TIMESTAMP));
    WEIR_TRY(weiri_constant_arg(s, 1, &pattern));
    WEIR_TRY(weiri_strftime(s->env->x, s->node->pos, pattern, s->args[0].sql, &sql));
    return weiri_out(s, WEIR_TYPE_STRING, sql, out);
}

static weir_rc parsed(struct special *s, size_t text, const char *pattern, bool try_it, const char **out)
{
    struct xl *x = s->env->x;
    const char *format = NULL, *check = NULL;
    WEIR_TRY(weiri_arg(s, text, WEIR_TYPE_STRING));
    WEIR_TRY(weiri_strptime(x, s->node->pos, pattern, &format, &check));
    *out = weiri_f(x, "CAST(weir_%sstrptime(%s, %s, %s) AS TIMESTAMP)", try_it ? "try_" : "", s->args[text].sql, weiri_quote_string(x, check), weiri_quote_string(x, format));
    return WEIR_OK;
}

/* to_date, to_timestamp, to_timestamp_ntz and their try_ forms. */
weir_rc weiri_fn_to_time(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    const bool try_it = strncmp(s->node->text, "try_", 4) == 0;
    const char *name = s->node->text + (try_it ? 4 : 0), *pattern = NULL, *sql = NULL;
    const enum weir_type_id id = strcmp(name, "to_date") == 0 ? WEIR_TYPE_DATE : strcmp(name, "to_timestamp_ntz") == 0 ? WEIR_TYPE_TIMESTAMP_NTZ : WEIR_TYPE_TIMESTAMP;
    if (s->count == 1 || is_time(&s->args[0])) {
        if (!is_time(&s->args[0]) && s->args[0].type.id != WEIR_TYPE_STRING && s->args[0].type.id != WEIR_TYPE_VOID) {
            return weiri_unsupported(x, s->node->pos, "FUNCTION_UNSUPPORTED", weiri_f(x, "%s() of %s", s->node->text, weiri_type_text(x, &s->args[0].type)));
        }
        return weiri_cast(x, s->node->pos, s->args[0], t_of(id), try_it, out);
    }
    WEIR_TRY(weiri_constant_arg(s, 1, &pattern));
    WEIR_TRY(parsed(s, 0, pattern, try_it, &sql));
    return weiri_out(s, id, id == WEIR_TYPE_DATE ? weiri_f(x, "CAST(%s AS DATE)", sql) : sql, out);
}

weir_rc weiri_fn_unix_timestamp(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    const char *pattern = "yyyy-MM-dd HH:mm:ss", *sql = NULL;
    if (s->count == 0) {
        const int64_t now = x->options && x->options->now_us ? x->options->now_us : weir_now_us();
        x->out->deterministic = false;
        return weiri_out(s, WEIR_TYPE_LONG, weiri_f(x, "CAST('%lld' AS BIGINT)", (long long)(now / 1000000)), out);
    }
    if (is_time(&s->args[0])) {
        WEIR_TRY(time_arg(s, 0, WEIR_TYPE_TIMESTAMP));
        return weiri_out(s, WEIR_TYPE_LONG, weiri_f(x, "weir_trunc_div(epoch_us(%s), 1000000)", s->args[0].sql), out); /* towards zero */
    }
    if (s->count == 2) {
        WEIR_TRY(weiri_constant_arg(s, 1, &pattern));
    }
    WEIR_TRY(parsed(s, 0, pattern, false, &sql));
    return weiri_out(s, WEIR_TYPE_LONG, weiri_f(x, "weir_trunc_div(epoch_us(%s), 1000000)", sql), out);
}

weir_rc weiri_fn_from_unixtime(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    const char *pattern = "yyyy-MM-dd HH:mm:ss", *sql = NULL;
    WEIR_TRY(weiri_arg(s, 0, WEIR_TYPE_LONG));
    if (s->count == 2) {
        WEIR_TRY(weiri_constant_arg(s, 1, &pattern));
    }
    WEIR_TRY(weiri_strftime(x, s->node->pos, pattern, weiri_f(x, "make_timestamp(%s * 1000000)", s->args[0].sql), &sql));
    return weiri_out(s, WEIR_TYPE_STRING, sql, out);
}

/* --- zones: regions only, since the short names mean other things in other libraries --- */

static weir_rc region(struct special *s, size_t i, const char **out)
{
    WEIR_TRY(weiri_constant_arg(s, i, out));
    const bool utc = strcmp(*out, "UTC") == 0;
    if (!utc && (!strchr(*out, '/') || strncmp(*out, "Etc/", 4) == 0 || !weir_zone_find(weir_str(*out)))) {
        return weiri_unsupported(s->env->x, s->node->pos, "TIME_ZONE_UNSUPPORTED", weiri_f(s->env->x, "the time zone '%.60s' in %s()", *out, s->node->text));
    }
    return WEIR_OK;
}

weir_rc weiri_fn_zone(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    const bool convert = strcmp(s->node->text, "convert_timezone") == 0;
    const size_t value = convert ? 2 : 0;
    const char *zone = NULL, *from = "UTC";
    if (convert) {
        WEIR_TRY(region(s, 0, &from));
    }
    WEIR_TRY(region(s, 1, &zone));
    if (strcmp(from, "UTC") != 0) {
        return weiri_unsupported(x, s->node->pos, "TIME_ZONE_UNSUPPORTED", "convert_timezone() from a zone other than UTC");
    }
    WEIR_TRY(time_arg(s, value, WEIR_TYPE_TIMESTAMP));
    return weiri_out(s, convert ? WEIR_TYPE_TIMESTAMP_NTZ : WEIR_TYPE_TIMESTAMP, weiri_f(x, "timezone(%s, timezone('UTC', %s))", weiri_quote_string(x, zone), s->args[value].sql), out);
}

weir_rc weiri_fn_now(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    const struct weir_translate_options *o = x->options;
    const char *name = s->node->text;
    const int64_t now = o && o->now_us ? o->now_us : weir_now_us();
    char text[48];
    if (strcmp(name, "current_timezone") == 0) {
        return weiri_out(s, WEIR_TYPE_STRING, "'UTC'", out);
    }
    if (strcmp(name, "current_catalog") == 0 || strcmp(name, "current_database") == 0 || strcmp(name, "current_schema") == 0) {
        const char *value = !o ? NULL : strcmp(name, "current_catalog") == 0 ? o->current_catalog : o->current_schema;
        return weiri_out(s, WEIR_TYPE_STRING, weiri_quote_string(x, value ? value : ""), out);
    }
    if (strcmp(name, "current_user") == 0 || strcmp(name, "user") == 0 || strcmp(name, "session_user") == 0) {
        return weiri_out(s, WEIR_TYPE_STRING, weiri_quote_string(x, o && o->current_user ? o->current_user : ""), out);
    }
    x->out->deterministic = false;
    if (strcmp(name, "current_date") == 0 || strcmp(name, "curdate") == 0) {
        const int64_t day = 86400000000;
        const int64_t days = now >= 0 ? now / day : -((day - 1 - now) / day);
        weir_date_text((int32_t)days, text);
        return weiri_out(s, WEIR_TYPE_DATE, weiri_f(x, "DATE '%s'", text), out);
    }
    weir_timestamp_text(now, "", text);
    return weiri_out(s, strcmp(name, "localtimestamp") == 0 ? WEIR_TYPE_TIMESTAMP_NTZ : WEIR_TYPE_TIMESTAMP, weiri_f(x, "TIMESTAMP '%s'", text), out);
}

/* The file of the row, as _metadata.file_path but with Hadoop's three slashes; empty where rows come from no file. */
weir_rc weiri_fn_input_file_name(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    weir_node path = {.kind = N_COLUMN, .pos = s->node->pos, .name = {.count = 2, .parts = {WEIR_STR("_metadata"), WEIR_STR("file_path")}}};
    struct val val;
    bool found = false;
    WEIR_TRY(weiri_find_column(s->env, &path, &val, &found));
    return weiri_out(s, WEIR_TYPE_STRING, found ? weiri_f(x, "('file://' || substr(%s, 6))", val.sql) : "''", out);
}

/* window(time, 'size'): a struct of start and end. Sliding windows give several rows a row: refused. */
weir_rc weiri_fn_window(struct special *s, struct val *out)
{
    struct xl *x = s->env->x;
    const char *size = NULL;
    WEIR_TRY(weiri_constant_arg(s, 1, &size));
    weir_node node = {.kind = N_INTERVAL, .text = size, .pos = s->node->pos};
    struct val interval;
    WEIR_TRY(weiri_interval_val(s->env, &node, &interval));
    long long us = 0;
    if (interval.type.id != WEIR_TYPE_INTERVAL_DT || sscanf(interval.sql, "to_microseconds(CAST('%lld'", &us) != 1 || us <= 0) {
        return weiri_unsupported(x, s->node->pos, "FUNCTION_UNSUPPORTED", "window() of a size in months");
    }
    if (!is_time(&s->args[0])) {
        WEIR_TRY(time_arg(s, 0, WEIR_TYPE_TIMESTAMP));
    }
    const struct weir_type time = t_of(s->args[0].type.id == WEIR_TYPE_TIMESTAMP_NTZ ? WEIR_TYPE_TIMESTAMP_NTZ : WEIR_TYPE_TIMESTAMP);
    WEIR_TRY(weiri_cast(x, s->node->pos, s->args[0], time, false, &s->args[0]));
    if (!s->env->implied) {
        return weiri_unsupported(x, s->node->pos, "FUNCTION_UNSUPPORTED", "window() outside of SELECT and GROUP BY");
    }
    const char *not_null = weiri_f(x, " AND %s IS NOT NULL", s->args[0].sql); /* rows without a time are in no window */
    if (!strstr(*s->env->implied, not_null)) {
        *s->env->implied = weiri_f(x, "%s%s", *s->env->implied, not_null);
    }
    struct weir_type type = weir_type_of(WEIR_TYPE_STRUCT);
    type.fields = weir_arena_zalloc(x->arena, 2 * sizeof *type.fields);
    type.field_count = 2;
    type.fields[0] = (struct weir_field){.name = "start", .type = time, .nullable = true};
    type.fields[1] = (struct weir_field){.name = "end", .type = time, .nullable = true};
    *out = weiri_val(type, weiri_f(x, "weir_window(epoch_us(%s), CAST('%lld' AS BIGINT))", s->args[0].sql, us), weiri_weight(s, 4));
    return WEIR_OK;
}
