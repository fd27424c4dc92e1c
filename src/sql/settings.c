/* settings.c - what SET knows. Settings of Spark that change nothing here are kept as text; values that would change what weir answers, and that it does not have, are
 * refused. */
#include "sql/sql_internal.h"

const struct weir_option_help weir_setting_help[] = {
    {"catalog", "workspace", "the current catalog"},
    {"schema", "default", "the current schema"},
    {"spark.sql.session.timeZone", "UTC", "the zone of timestamps without one; only UTC yet"},
    {"spark.sql.ansi.enabled", "true", "ANSI mode: errors instead of NULL and wrap-around; only true"},
    {"spark.sql.storeAssignmentPolicy", "ANSI", "which casts INSERT makes by itself; only ANSI"},
    {"spark.sql.caseSensitive", "false", "names in any letter case; only false"},
    {"spark.sql.sources.default", "delta", "the format of CREATE TABLE without USING; only delta"},
    {"spark.sql.sources.partitionOverwriteMode", "STATIC", "what INSERT OVERWRITE replaces: the whole table; only STATIC"},
    {NULL, NULL, NULL},
};

static const struct { const char *name; const char *values[7]; } fixed[] = {
    {"spark.sql.session.timeZone", {"UTC", "Etc/UTC", "Z", "GMT", "+00:00", "UTC+0", NULL}},
    {"spark.sql.ansi.enabled", {"true", NULL}},
    {"spark.sql.storeAssignmentPolicy", {"ANSI", NULL}},
    {"spark.sql.caseSensitive", {"false", NULL}},
    {"spark.sql.sources.default", {"delta", NULL}},
    {"spark.sql.sources.partitionOverwriteMode", {"STATIC", NULL}},
};

weir_rc weiri_sql_setting_check(const char *name, const char *value, struct weir_error *err)
{
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        if (!weir_str_eq_nocase(weir_str(name), weir_str(fixed[i].name))) {
            continue;
        }
        for (const char *const *ok = fixed[i].values; *ok; ok++) {
            if (weir_str_eq_nocase(weir_str(value), weir_str(*ok))) {
                return WEIR_OK;
            }
        }
        return weir_fail(err, WEIR_UNSUPPORTED, "SETTING_VALUE_UNSUPPORTED", "%s=%s is not done by weir yet; leave it at %s", name, value, fixed[i].values[0]);
    }
    struct weir_str text = weir_str(name);
    if (weir_str_starts(text, "spark.") || weir_str_starts(text, "pipelines.") || weir_str_starts(text, "delta.") || weir_str_starts(text, "weir.")) {
        return WEIR_OK;
    }
    return weir_fail(err, WEIR_INVALID, "SETTING_UNKNOWN", "there is no setting '%s'; SET lists those that there are, and names that begin with spark. are kept as they are", name);
}

static weir_rc set_one(weir_session *session, const struct weir_stmt *stmt, struct weir_error *err)
{
    const struct weir_opt *opt = &stmt->properties[0];
    return weiri_sql_at(weir_session_set(session, opt->name, opt->value, err), opt->pos, err);
}

static void add_row(struct weiri_sql_rows *rows, const char *key, const char *value)
{
    weiri_sql_rows_text(rows, 0, key);
    weiri_sql_rows_text(rows, 1, value);
    weiri_sql_rows_next(rows);
}

weir_rc weiri_sql_set(weir_session *session, const struct weir_stmt *stmt, weir_result **out, struct weir_error *err)
{
    struct weiri_sql_rows rows;
    if (stmt->kind == WEIR_STMT_RESET) {
        weir_options *kept = weir_options_new();
        const char *name = NULL, *value = NULL;
        for (size_t i = 0; stmt->property_count && weir_options_at(session->confs, &i, &name, &value);) {
            if (!weir_str_eq_nocase(weir_str(name), weir_str(stmt->properties[0].name))) {
                weir_options_set(kept, name, value);
            }
        }
        weir_options_free(session->confs);
        session->confs = kept;
        *out = weiri_sql_result_none();
        return WEIR_OK;
    }
    if (stmt->property_count && stmt->properties[0].value) {
        WEIR_TRY(set_one(session, stmt, err));
    }
    weiri_sql_rows_begin(&rows, "key STRING NOT NULL, value STRING NOT NULL");
    if (stmt->property_count) {
        const char *value = weir_session_get(session, stmt->properties[0].name);
        add_row(&rows, stmt->properties[0].name, value ? value : "<undefined>");
    } else {
        const char *name = NULL, *value = NULL;
        for (const struct weir_option_help *help = weir_setting_help; help->name; help++) {
            add_row(&rows, help->name, weir_session_get(session, help->name));
        }
        for (size_t i = 0; weir_options_at(session->confs, &i, &name, &value);) {
            bool known = false;
            for (const struct weir_option_help *help = weir_setting_help; help->name; help++) {
                known = known || weir_str_eq_nocase(weir_str(name), weir_str(help->name));
            }
            if (!known) {
                add_row(&rows, name, value);
            }
        }
    }
    *out = weiri_sql_rows_end(&rows);
    return WEIR_OK;
}
