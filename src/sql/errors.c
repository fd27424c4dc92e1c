/* errors.c - what DuckDB said, in weir's words: a condition, one line of text, never a name of the machinery inside. */
#include "sql/sql_internal.h"
#include "base/uri.h"
#include <ctype.h>

/* "Conversion Error: text\n\nLINE 1: ..." -> "text", one line. */
static void clean(const char *message, struct weir_buf *out)
{
    const char *text = message ? message : "no reason given";
    const char *end = strstr(text, "\n\nLINE ");
    const char *colon = strstr(text, "Error: ");
    if (colon && colon - text < 40) {
        text = colon + strlen("Error: ");
    }
    size_t len = end && end > text ? (size_t)(end - text) : strlen(text);
    for (size_t i = 0; i < len; i++) {
        weir_buf_add_char(out, text[i] == '\n' ? ' ' : text[i]);
    }
    weir_buf_add_str(out, ""); /* NUL even when empty */
}

/* "[CONDITION] text": raised by translated text itself. */
static weir_rc raised(const char *text, struct weir_error *err)
{
    char condition[64];
    size_t n = 0;
    for (const char *p = text + 1; n + 1 < sizeof condition && (isupper((unsigned char)*p) || isdigit((unsigned char)*p) || *p == '_' || *p == '.'); p++) {
        condition[n++] = *p;
    }
    condition[n] = '\0';
    if (n == 0 || text[n + 1] != ']') {
        return WEIR_OK;
    }
    text += n + 2;
    return weir_fail(err, WEIR_INVALID, condition, "%.1500s", *text == ' ' ? text + 1 : text);
}

/* A file of a snapshot that is gone is the likely reason why a read failed: say which. */
static weir_rc missing_file(struct weiri_sql_run *run, struct weir_error *err)
{
    for (size_t l = 0; l < run->list_count; l++) {
        for (size_t i = 0; i < run->lists[l].count; i++) {
            struct weir_file_info info;
            if (weir_fs_stat(run->engine->fs, run->lists[l].paths[i], &info, NULL) != WEIR_OK) {
                return weir_fail(err, WEIR_NOT_FOUND, "FAILED_READ_FILE.FILE_NOT_EXIST",
                                 "a data file that the table's log names is not there: %s; it was removed behind the log's back or by a VACUUM with too short a retention; restore the file, "
                                 "or read a newer version of the table",
                                 run->lists[l].paths[i]);
            }
        }
    }
    return WEIR_OK;
}

static weir_rc conversion(const char *text, struct weir_error *err)
{
    if (strstr(text, "out of range for the destination type") || strstr(text, "Casting value") || strstr(text, "out of range")) {
        return weir_fail(err, WEIR_INVALID, "CAST_OVERFLOW", "%.1000s; a value does not fit its new type; use try_cast to get NULL instead", text);
    }
    return weir_fail(err, WEIR_INVALID, "CAST_INVALID_INPUT", "%.1000s; a value cannot be read as its new type; use try_cast to get NULL instead", text);
}

static weir_rc by_type(struct weiri_sql_run *run, duckdb_error_type type, const char *text, struct weir_error *err)
{
    switch (type) {
    case DUCKDB_ERROR_INTERRUPT:
        return weir_fail(err, WEIR_CANCELLED, "STATEMENT_STOPPED", "the statement was stopped");
    case DUCKDB_ERROR_OUT_OF_MEMORY:
        return weir_fail(err, WEIR_TOO_BIG, "SQL_MEMORY_LIMIT", "the statement needs more memory than SQL may use: %.600s; raise the memory limit (--memory or weir.sql.memoryLimit), "
                         "lower the number of threads, or give the spill folder more room", text);
    case DUCKDB_ERROR_CONVERSION:
        return conversion(text, err);
    case DUCKDB_ERROR_OUT_OF_RANGE:
    case DUCKDB_ERROR_DECIMAL:
        return weir_fail(err, WEIR_INVALID, "ARITHMETIC_OVERFLOW", "%.1000s; cast the operands to a wider type, or use try_add and its kin to get NULL instead", text);
    case DUCKDB_ERROR_DIVIDE_BY_ZERO:
        return weir_fail(err, WEIR_INVALID, "DIVIDE_BY_ZERO", "Division by zero; use try_divide to get NULL instead");
    case DUCKDB_ERROR_IO:
    case DUCKDB_ERROR_PERMISSION: {
        weir_rc rc = missing_file(run, err);
        return rc != WEIR_OK ? rc : weir_fail(err, WEIR_IO, "SQL_READ_FAILED", "%.1500s", text);
    }
    default:
        break;
    }
    if (strstr(text, "Failed to allocate") || strstr(text, "could not allocate")) {
        return by_type(run, DUCKDB_ERROR_OUT_OF_MEMORY, text, err);
    }
    if (type == DUCKDB_ERROR_INVALID_INPUT && (strstr(text, "parquet") || strstr(text, "Parquet"))) {
        return weir_fail(err, WEIR_CORRUPT, "FAILED_READ_FILE", "%.1500s", text);
    }
    return weir_fail(err, type == DUCKDB_ERROR_INVALID_INPUT ? WEIR_INVALID : WEIR_UNSUPPORTED, "SQL_ENGINE_REFUSED", "the SQL engine refused the statement: %.1500s", text);
}

/* An error of preparing has no type: its text begins with one. */
static duckdb_error_type type_of(const char *message)
{
    static const struct { const char *prefix; duckdb_error_type type; } known[] = {
        {"IO Error", DUCKDB_ERROR_IO},           {"Conversion Error", DUCKDB_ERROR_CONVERSION}, {"Out of Memory Error", DUCKDB_ERROR_OUT_OF_MEMORY},
        {"INTERRUPT Error", DUCKDB_ERROR_INTERRUPT}, {"Out of Range Error", DUCKDB_ERROR_OUT_OF_RANGE}, {"Invalid Input Error", DUCKDB_ERROR_INVALID_INPUT},
        {"Permission Error", DUCKDB_ERROR_PERMISSION}};
    for (size_t i = 0; message && i < sizeof known / sizeof *known; i++) {
        if (weir_str_starts(weir_str(message), known[i].prefix)) {
            return known[i].type;
        }
    }
    return DUCKDB_ERROR_INVALID;
}

weir_rc weiri_sql_duck_error(struct weiri_sql_run *run, duckdb_error_type type, const char *message, struct weir_error *err)
{
    struct weir_buf text;
    weir_rc rc = weiri_sql_scan_error(run, err);
    if (rc != WEIR_OK) {
        return rc;
    }
    if (atomic_load(&run->cancelled)) {
        return weir_fail(err, WEIR_CANCELLED, "STATEMENT_STOPPED", "the statement was stopped");
    }
    weir_buf_init(&text, 1 << 20);
    clean(message, &text);
    if (text.data[0] == '[') {
        rc = raised(text.data, err);
    }
    if (rc == WEIR_OK) {
        rc = by_type(run, type == DUCKDB_ERROR_INVALID ? type_of(message) : type, text.data, err);
    }
    weir_buf_free(&text);
    return rc;
}
