/* sqltest.h - a lakehouse in a temporary folder, SQL against it, rows as NDJSON. Every helper fails the test on what it does not expect. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "sql/sql.h"

struct lake {
    char folder[64];
    weir_catalog *catalog;
    weir_engine *engine;
    weir_session *session;
    struct weir_error err;
    struct weir_buf rows; /* of the last statement: NDJSON */
    int64_t written;
};
void lake_open(struct lake *lake, bool with_catalog, int64_t memory_bytes);
void lake_close(struct lake *lake);
/* Runs a script; the rows of its last statement are in lake->rows. */
weir_rc lake_try(struct lake *lake, const char *sql);
weir_rc lake_try_in(struct lake *lake, weir_session *session, const char *sql);
void lake_ok(struct lake *lake, const char *sql);
/* The rows, exactly. */
void lake_rows(struct lake *lake, const char *sql, const char *ndjson);
void lake_fails(struct lake *lake, const char *sql, weir_rc code, const char *condition);
/* A file below the lake's folder. */
void lake_file(struct lake *lake, const char *name, const char *text);
/* The text with @ replaced by the lake's folder; valid until the next call. */
const char *lake_text(struct lake *lake, const char *text);
/* Rows of a result as NDJSON into a buffer that the caller made. */
weir_rc rows_print(weir_result *result, struct weir_buf *out, struct weir_error *err);
/* The shared data; NULL = not there. */
const char *shared_folder(void);
