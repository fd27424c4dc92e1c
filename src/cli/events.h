/* events.h - events of an online shop (the REES46 shape), row by row, for trying and measuring.
 *
 * The sequence depends on the seed alone: row N is the same bytes however many rows, files and calls it is made in. All arithmetic is IEEE
 * double with + - * / and sqrt, so that no mathematical library decides a byte.
 * Rows are in time order, about 133 bytes each, lines end in '\n'. Threads: a generator belongs to one thread. */
#pragma once
#include "base/mem.h"

#define CLI_EVENTS_HEADER "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session\n"
#define CLI_EVENTS_COLUMNS                                                                                                                 \
    "event_time TIMESTAMP, event_type STRING, product_id BIGINT, category_id BIGINT, category_code STRING, brand STRING, price DOUBLE, "  \
    "user_id BIGINT, user_session STRING"
#define CLI_EVENTS_ROW_BYTES_MAX 256 /* no row is longer */

typedef struct cli_events cli_events;
/* At the sequence's first row. 25 MB. */
cli_events *cli_events_new(uint64_t seed);
void cli_events_free(cli_events *events);
/* Pass over rows: costs about half of writing them. */
void cli_events_skip(cli_events *events, int64_t rows);
/* The next row with its line end, no NUL; `out` holds CLI_EVENTS_ROW_BYTES_MAX. Returns its length. */
size_t cli_events_next(cli_events *events, char *out);
