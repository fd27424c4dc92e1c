/* staged.c - the files of a transaction as text, and back: so that what is to be committed can be remembered, and committed by another process after a crash. The lines are
 * `add` actions as the log has them. Promise 2 holds on the way back: each file must be there with the size that its line says. */
#include "delta/txn_internal.h"

void weir_txn_print_files(const weir_txn *txn, struct weir_buf *out)
{
    struct weir_jsonw w;
    for (size_t i = 0; i < txn->add_count; i++) {
        weir_jsonw_init(&w, out);
        weiri_write_add(&w, txn->adds[i]);
        weir_buf_add_char(out, '\n');
    }
}

static weir_rc check_there(const weir_txn *txn, const struct weir_add *add, struct weir_error *err)
{
    struct weir_buf path;
    struct weir_file_info info = {0};
    struct weir_error why;
    weir_buf_init(&path, 0);
    weir_error_clear(&why);
    weiri_path_canonical(&path, add->path);
    weir_rc rc = weir_store_stat(txn->table->store, path.data ? path.data : "", &info, &why);
    if (rc == WEIR_NOT_FOUND || (rc == WEIR_OK && info.size != add->size)) {
        rc = weir_fail(err, WEIR_NOT_FOUND, "DELTA_STAGED_FILE_MISSING", "a data file that was written and not committed yet is %s: %s; %s; it was removed behind the log's back: write its rows again",
                       rc == WEIR_OK ? "of another size now" : "not there", path.data, txn->table->path);
    } else if (rc != WEIR_OK && err) {
        *err = why;
    }
    weir_buf_free(&path);
    return rc;
}

static weir_rc take(void *arg, const struct weiri_action *action, struct weir_error *err)
{
    weir_txn *txn = arg;
    const size_t partitions = txn->snapshot->metadata->pub.partition_count;
    if (action->kind != WEIRI_ADD || action->file->add.partition_count != partitions || !action->file->has_size) {
        return weir_fail(err, WEIR_CORRUPT, "DELTA_LOG_CORRUPT", "a line among the remembered files of a transaction is no add of this table; %s", txn->table->path);
    }
    WEIR_TRY(check_there(txn, &action->file->add, err));
    WEIR_PUSH(txn->adds, txn->add_count, txn->add_cap) = action->file;
    return WEIR_OK;
}

weir_rc weir_txn_take_files(weir_txn *txn, struct weir_str lines, struct weir_error *err)
{
    WEIR_ASSERT(txn->snapshot);
    return weiri_actions_of_text(lines, "the remembered files", txn->arena, take, txn, err);
}
