/* session.c - who asks: current names, settings, and the statements that run now. */
#include "sql/sql_internal.h"

weir_rc weir_session_open(weir_engine *engine, weir_session **out, struct weir_error *err)
{
    weir_session *session = weir_calloc(1, sizeof *session);
    (void)err;
    session->engine = engine;
    session->catalog = weir_strdup("workspace");
    session->schema = weir_strdup("default");
    session->confs = weir_options_new();
    pthread_mutex_init(&session->lock, NULL);
    *out = session;
    return WEIR_OK;
}

void weir_session_close(weir_session *session)
{
    if (!session) {
        return;
    }
    WEIR_ASSERT(session->running_count == 0); /* a result is still open */
    weir_free(session->running);
    weir_free(session->catalog);
    weir_free(session->schema);
    weir_options_free(session->confs);
    pthread_mutex_destroy(&session->lock);
    weir_free(session);
}

weir_engine *weir_session_engine(weir_session *session)
{
    return session->engine;
}

void weir_session_interrupt(weir_session *session)
{
    pthread_mutex_lock(&session->lock);
    for (size_t i = 0; i < session->running_count; i++) {
        atomic_store(&session->running[i]->cancelled, true);
        duckdb_interrupt(session->running[i]->con);
    }
    pthread_mutex_unlock(&session->lock);
}

static weir_rc set_name(char **place, const char *what, const char *value, struct weir_error *err)
{
    weir_arena *arena = weir_arena_new();
    const char *lower = weiri_sql_lower(arena, weir_str(value));
    weir_rc rc = WEIR_OK;
    if (!weir_catalog_name_valid(lower)) {
        rc = weir_fail(err, WEIR_INVALID, "NAME_INVALID", "'%s' cannot be the name of a %s; use letters, digits and _", value, what);
    } else {
        weir_free(*place);
        *place = weir_strdup(lower);
    }
    weir_arena_free(arena);
    return rc;
}

weir_rc weir_session_set(weir_session *session, const char *name, const char *value, struct weir_error *err)
{
    if (weir_str_eq_nocase(weir_str(name), WEIR_STR("catalog"))) {
        return set_name(&session->catalog, "catalog", value, err);
    }
    if (weir_str_eq_nocase(weir_str(name), WEIR_STR("schema"))) {
        return set_name(&session->schema, "schema", value, err);
    }
    WEIR_TRY(weiri_sql_setting_check(name, value, err));
    weir_options_set(session->confs, name, value);
    return WEIR_OK;
}

const char *weir_session_get(weir_session *session, const char *name)
{
    if (weir_str_eq_nocase(weir_str(name), WEIR_STR("catalog"))) {
        return session->catalog;
    }
    if (weir_str_eq_nocase(weir_str(name), WEIR_STR("schema"))) {
        return session->schema;
    }
    const char *value = weir_options_get(session->confs, name);
    for (const struct weir_option_help *help = weir_setting_help; !value && help->name; help++) {
        if (weir_str_eq_nocase(weir_str(name), weir_str(help->name))) {
            value = help->default_value;
        }
    }
    return value;
}

const char *weir_session_catalog(const weir_session *session)
{
    return session->catalog;
}

const char *weir_session_schema(const weir_session *session)
{
    return session->schema;
}
