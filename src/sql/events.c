/* events.c - the event log of a table, kept in its own commits: what a pipeline did is told by the commit that did it. */
#include "sql/sql_internal.h"

#define PARAMETER "weir.event"

void weir_event_remember(weir_txn *txn, const struct weir_event_origin *origin, const char *data_quality)
{
    struct weir_buf inner, quoted;
    struct weir_jsonw w;
    weir_buf_init(&inner, 0);
    weir_buf_init(&quoted, 0);
    weir_jsonw_init(&w, &inner);
    weir_jsonw_object(&w);
    weir_jsonw_kv(&w, "pipeline", origin->pipeline);
    weir_jsonw_kv(&w, "update_id", origin->update_id);
    weir_jsonw_kv(&w, "flow", origin->flow);
    if (data_quality) {
        weir_jsonw_key(&w, "data_quality");
        weir_jsonw_raw(&w, weir_str(data_quality));
    }
    weir_jsonw_end_object(&w);
    weir_jsonw_init(&w, &quoted);
    weir_jsonw_view(&w, weir_buf_view(&inner)); /* a text, as every parameter of a commit is */
    weir_txn_parameter(txn, PARAMETER, quoted.data);
    weir_buf_free(&inner);
    weir_buf_free(&quoted);
}
