/* trigger.c - "available-now", "once", "continuous", "5s", "500ms", "2 minutes". */
#include "stream/stream.h"

static const struct {
    const char *name;
    int64_t ms;
} UNITS[] = {
    {"ms", 1},         {"millisecond", 1},  {"milliseconds", 1}, {"s", 1000},       {"sec", 1000},     {"second", 1000}, {"seconds", 1000},
    {"m", 60000},      {"min", 60000},      {"minute", 60000},   {"minutes", 60000}, {"h", 3600000},   {"hour", 3600000}, {"hours", 3600000},
};
#define INTERVAL_MAX_MS ((int64_t)366 * 24 * 3600 * 1000)

static bool parse_interval(struct weir_str text, int64_t *ms)
{
    size_t digits = 0;
    while (digits < text.len && text.ptr[digits] >= '0' && text.ptr[digits] <= '9') {
        digits++;
    }
    int64_t count = 0;
    if (digits == 0 || !weir_str_to_i64((struct weir_str){text.ptr, digits}, &count) || count > INTERVAL_MAX_MS) {
        return false;
    }
    struct weir_str unit = weir_str_trim((struct weir_str){text.ptr + digits, text.len - digits});
    for (size_t i = 0; i < sizeof UNITS / sizeof *UNITS; i++) {
        if (weir_str_eq_nocase(unit, weir_str(UNITS[i].name)) && count <= INTERVAL_MAX_MS / UNITS[i].ms) {
            *ms = count * UNITS[i].ms;
            return true;
        }
    }
    return false;
}

weir_rc weir_trigger_parse(const char *text, enum weir_trigger *out, int64_t *interval_ms_out, struct weir_error *err)
{
    struct weir_str trimmed = weir_str_trim(weir_str(text));
    *interval_ms_out = 0;
    if (weir_str_eq_nocase(trimmed, WEIR_STR("available-now")) || weir_str_eq_nocase(trimmed, WEIR_STR("availableNow"))) {
        *out = WEIR_TRIGGER_AVAILABLE_NOW;
    } else if (weir_str_eq_nocase(trimmed, WEIR_STR("once"))) {
        *out = WEIR_TRIGGER_ONCE;
    } else if (weir_str_eq_nocase(trimmed, WEIR_STR("continuous"))) {
        *out = WEIR_TRIGGER_CONTINUOUS;
    } else if (parse_interval(trimmed, interval_ms_out)) {
        *out = WEIR_TRIGGER_INTERVAL;
    } else {
        return weir_fail(err, WEIR_INVALID, "TRIGGER_INVALID", "trigger \"%s\" is not known; give available-now, once, continuous, or an interval like 5s, 500ms, 2 minutes", text);
    }
    return WEIR_OK;
}
