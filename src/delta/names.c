/* names.c - the names in _delta_log, and the spelling of paths (delta-format.md 2.1, 2.4, A.4). */
#include "delta/delta_internal.h"

#include "base/uri.h"

#include <stdlib.h>

/* Digits at *at, at most 18 significant ones. False: none there. */
static bool take_number(const char **at, int64_t *out)
{
    const char *p = *at;
    int64_t value = 0;
    while (*p >= '0' && *p <= '9') {
        if (value > INT64_MAX / 10 - 1) {
            return false;
        }
        value = value * 10 + (*p - '0');
        p++;
    }
    if (p == *at) {
        return false;
    }
    *at = p;
    *out = value;
    return true;
}

static bool take(const char **at, const char *text)
{
    size_t len = strlen(text);
    if (strncmp(*at, text, len) != 0) {
        return false;
    }
    *at += len;
    return true;
}

static struct weiri_log_name checkpoint_name(const char *at, int64_t version)
{
    struct weiri_log_name name = {.kind = WEIRI_LOG_OTHER, .version = version};
    if (strcmp(at, "parquet") == 0) {
        name.kind = WEIRI_LOG_CHECKPOINT;
        return name;
    }
    const char *p = at;
    if (take_number(&p, &name.part) && take(&p, ".") && take_number(&p, &name.parts) &&
        strcmp(p, ".parquet") == 0) {
        bool sane = name.part >= 1 && name.part <= name.parts;
        name.kind = sane ? WEIRI_LOG_CHECKPOINT_PART : WEIRI_LOG_OTHER;
        return name;
    }
    const char *dot = strchr(at, '.');
    if (dot && dot != at && (strcmp(dot, ".json") == 0 || strcmp(dot, ".parquet") == 0)) {
        name.kind = WEIRI_LOG_CHECKPOINT_V2;
        name.json = strcmp(dot, ".json") == 0;
    }
    return name;
}

struct weiri_log_name weiri_log_name(const char *text)
{
    struct weiri_log_name name = {.kind = WEIRI_LOG_OTHER};
    const char *at = text;
    if (text[0] == '.' || weir_str_ends(weir_str(text), ".tmp")) {
        name.kind = weir_str_ends(weir_str(text), ".tmp") ? WEIRI_LOG_TEMP : WEIRI_LOG_OTHER;
        return name;
    }
    if (!take_number(&at, &name.version) || !take(&at, ".")) {
        return name;
    }
    if (strcmp(at, "json") == 0) {
        name.kind = WEIRI_LOG_COMMIT;
    } else if (strcmp(at, "crc") == 0) {
        name.kind = WEIRI_LOG_CRC;
    } else if (take(&at, "checkpoint.")) {
        return checkpoint_name(at, name.version);
    } else if (take_number(&at, &name.last_version) && strcmp(at, ".compacted.json") == 0) {
        name.kind = WEIRI_LOG_COMPACTED;
    }
    return name;
}

char *weiri_commit_key(int64_t version)
{
    return weir_asprintf(WEIRI_LOG "/%020lld.json", (long long)version);
}

char *weiri_log_key(const char *name)
{
    return weir_asprintf(WEIRI_LOG "/%s", name);
}

void weiri_path_canonical(struct weir_buf *out, const char *path)
{
    if (strncmp(path, "file:", 5) == 0) {
        path += 5;
        while (path[0] == '/' && path[1] == '/') {
            path++;
        }
    }
    (void)weir_uri_decode(out, weir_str(path));
}
