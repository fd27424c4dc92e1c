/* interval.c - interval literals: constants of months (YEAR, MONTH) or of microseconds (WEEK to MICROSECOND). */
#include "dialect/xlate.h"

struct unit { const char *name; bool months; int64_t factor; };
static const struct unit units[] = {{"year", true, 12},          {"quarter", true, 3},       {"month", true, 1},         {"week", false, 604800000000},
                                    {"day", false, 86400000000}, {"hour", false, 3600000000}, {"minute", false, 60000000}, {"second", false, 1000000},
                                    {"millisecond", false, 1000}, {"microsecond", false, 1}};

static const struct unit *find(struct weir_str name)
{
    if (name.len > 1 && (name.ptr[name.len - 1] == 's' || name.ptr[name.len - 1] == 'S')) {
        name.len--;
    }
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (weir_str_eq_nocase(name, weir_str(units[i].name))) {
            return &units[i];
        }
    }
    return NULL;
}

struct total { int64_t months, us; bool has_months, has_us, only_days; };

static bool add(struct total *total, const struct unit *unit, int64_t whole, int64_t fraction_us)
{
    int64_t value = 0;
    if (__builtin_mul_overflow(whole, unit->factor, &value) || __builtin_add_overflow(value, fraction_us, &value)) {
        return false;
    }
    int64_t *sum = unit->months ? &total->months : &total->us;
    total->has_months = total->has_months || unit->months;
    total->has_us = total->has_us || !unit->months;
    total->only_days = total->only_days && (strcmp(unit->name, "day") == 0 || strcmp(unit->name, "week") == 0);
    return !__builtin_add_overflow(*sum, value, sum);
}

/* "12", "-3", "1.5" (seconds only: the fraction in microseconds, cut to six digits). */
static bool amount(struct weir_str text, const struct unit *unit, int64_t *whole, int64_t *fraction_us)
{
    *fraction_us = 0;
    text = weir_str_trim(text);
    const char *point = text.len ? memchr(text.ptr, '.', text.len) : NULL;
    if (!point) {
        return weir_str_to_i64(text, whole);
    }
    if (unit->factor != 1000000 || unit->months) {
        return false;
    }
    const struct weir_str head = {text.ptr, (size_t)(point - text.ptr)};
    const struct weir_str tail = {point + 1, text.len - head.len - 1};
    const bool minus = head.len > 0 && head.ptr[0] == '-';
    if (tail.len == 0 || tail.len > 9 || !weir_str_to_i64(head, whole)) {
        return false;
    }
    for (size_t i = 0; i < 6; i++) {
        const char c = i < tail.len ? tail.ptr[i] : '0';
        if (c < '0' || c > '9') {
            return false;
        }
        *fraction_us = *fraction_us * 10 + (c - '0');
    }
    *fraction_us = minus ? -*fraction_us : *fraction_us;
    return true;
}

static bool word(struct weir_str *rest, struct weir_str *out)
{
    *rest = weir_str_trim(*rest);
    out->ptr = rest->ptr;
    out->len = 0;
    while (out->len < rest->len && rest->ptr[out->len] != ' ' && rest->ptr[out->len] != '\t' && rest->ptr[out->len] != '\n') {
        out->len++;
    }
    rest->ptr += out->len;
    rest->len -= out->len;
    return out->len > 0;
}

/* '1 day 2 hours' */
static bool from_text(const char *text, struct total *total)
{
    struct weir_str rest = weir_str(text), number, name;
    bool any = false;
    (void)(weir_str_starts(weir_str_trim(rest), "interval ") && word(&rest, &name));
    while (word(&rest, &number)) {
        int64_t whole = 0, fraction = 0;
        const struct unit *unit = word(&rest, &name) ? find(name) : NULL;
        if (!unit || !amount(number, unit, &whole, &fraction) || !add(total, unit, whole, fraction)) {
            return false;
        }
        any = true;
    }
    return any;
}

/* '1-2' year to month; '1 02:03:04.5' day to second, and the shorter forms of both ends. */
static bool from_range(const char *text, const char *range, struct total *total)
{
    static const struct { const char *range, *separators; size_t first, last; } ranges[] = {
        {"year to month", "-", 0, 2},      {"day to hour", " ", 4, 5},          {"day to minute", " :", 4, 6},    {"day to second", " ::", 4, 7},
        {"hour to minute", ":", 5, 6},     {"hour to second", "::", 5, 7},      {"minute to second", ":", 6, 7}};
    struct weir_str rest = weir_str_trim(weir_str(text));
    const bool minus = rest.len > 0 && rest.ptr[0] == '-';
    if (rest.len > 0 && (rest.ptr[0] == '-' || rest.ptr[0] == '+')) {
        rest.ptr++;
        rest.len--;
    }
    for (size_t r = 0; r < sizeof ranges / sizeof *ranges; r++) {
        if (strcmp(range, ranges[r].range) != 0) {
            continue;
        }
        const char *separators = ranges[r].separators;
        size_t unit = ranges[r].first;
        total->only_days = false;
        for (;; unit += unit == 0 ? 2 : 1) {
            size_t len = 0;
            while (len < rest.len && (!*separators || rest.ptr[len] != *separators)) {
                len++;
            }
            int64_t whole = 0, fraction = 0;
            if (!amount((struct weir_str){rest.ptr, len}, &units[unit], &whole, &fraction) || whole < 0 || !add(total, &units[unit], minus ? -whole : whole, minus ? -fraction : fraction)) {
                return false;
            }
            if (unit == ranges[r].last) {
                return len == rest.len;
            }
            if (len == rest.len) {
                return false;
            }
            rest.ptr += len + 1;
            rest.len -= len + 1;
            separators++;
        }
    }
    return false;
}

static bool from_parts(const weir_node *node, struct total *total)
{
    for (size_t i = 0; i < node->kid_count; i++) {
        const weir_node *kid = node->kids[i];
        const struct unit *unit = find(weir_str(node->names[i]));
        int64_t whole = 0, fraction = 0;
        if (!unit || (kid->kind != N_INT && kid->kind != N_STRING && kid->kind != N_DECIMAL) || !amount(weir_str(kid->text), unit, &whole, &fraction)
            || !add(total, unit, whole, fraction)) {
            return false;
        }
    }
    return true;
}

weir_rc weiri_interval_val(struct env *env, const weir_node *node, struct val *out)
{
    struct xl *x = env->x;
    struct total total = {.only_days = true};
    const bool ok = !node->text ? from_parts(node, &total) : node->name_count > 0 ? from_range(node->text, node->names[0], &total) : from_text(node->text, &total);
    if (!ok) {
        return weiri_invalid(x, node->pos, "INVALID_INTERVAL_FORMAT", "the interval cannot be read; write constants and units, such as INTERVAL 1 DAY 2 HOURS");
    }
    if (total.has_months && total.has_us) {
        return weiri_unsupported(x, node->pos, "INTERVAL_UNSUPPORTED", "an interval of months and shorter units together");
    }
    struct weir_type type = weir_type_of(total.has_months ? WEIR_TYPE_INTERVAL_YM : WEIR_TYPE_INTERVAL_DT);
    type.precision = !total.has_months && total.only_days;
    if (total.has_months && (total.months > INT32_MAX || total.months < INT32_MIN)) {
        return weiri_invalid(x, node->pos, "INVALID_INTERVAL_FORMAT", "the interval is too long");
    }
    *out = weiri_val(type, total.has_months ? weiri_f(x, "to_months(%lld)", (long long)total.months) : weiri_f(x, "to_microseconds(CAST('%lld' AS BIGINT))", (long long)total.us), 1);
    out->constant = true;
    out->never_null = true;
    out->node = node;
    return WEIR_OK;
}
