/* cmd_objects.c - `weir catalogs|schemas|tables|volumes|external-locations list|get|create|delete`: the objects of the catalog, with the verbs
 * and the order of arguments of the Databricks CLI and the field names of Unity Catalog. */
#include "cli/cli.h"
#include <stdio.h>

#define FIELDS_MAX 24

/* One field of an object: `json` when its text is JSON already; `shown`: a column of the list that people read. */
struct field {
    const char *name, *value;
    bool json, shown;
};
struct fields {
    struct cli *cli;
    struct field items[FIELDS_MAX];
    size_t count;
};

static void add(struct fields *f, const char *name, const char *value, bool json, bool shown)
{
    WEIR_ASSERT(f->count < FIELDS_MAX);
    f->items[f->count++] = (struct field){name, value, json, shown};
}

static void add_time(struct fields *f, const char *name, int64_t ms, bool shown)
{
    const bool people = f->cli->output == CLI_TABLE;
    add(f, name, ms <= 0 ? NULL : people ? cli_time_ms(f->cli, ms) : weir_arena_printf(f->cli->arena, "%lld", (long long)ms), !people, shown);
}

static void add_properties(struct fields *f, const weir_options *properties)
{
    struct weir_buf text;
    struct weir_jsonw w;
    const char *name = NULL, *value = NULL;
    weir_buf_init(&text, 0);
    weir_jsonw_init(&w, &text);
    weir_jsonw_object(&w);
    for (size_t i = 0; properties && weir_options_at(properties, &i, &name, &value);) {
        weir_jsonw_kv(&w, name, value);
    }
    weir_jsonw_end_object(&w);
    add(f, "properties", weir_arena_strndup(f->cli->arena, text.data, text.len), true, false);
    weir_buf_free(&text);
}

/* --- which kind, which names --- */

static enum weir_object_kind kind_of(const struct cli *cli)
{
    static const char *const NAMES[] = {[WEIR_OBJ_CATALOG] = "catalogs ", [WEIR_OBJ_SCHEMA] = "schemas ", [WEIR_OBJ_TABLE] = "tables ", [WEIR_OBJ_VOLUME] = "volumes ",
                                        [WEIR_OBJ_LOCATION] = "external-locations "};
    for (int kind = 0; kind < 5; kind++) {
        if (strncmp(cli->command->name, NAMES[kind], strlen(NAMES[kind])) == 0) {
            return (enum weir_object_kind)kind;
        }
    }
    WEIR_UNREACHABLE("the table of commands names a kind that is not there");
}

struct names {
    const char *c, *s, *name;
};

/* "c.s.t" for tables and volumes, "c.s" for schemas, a plain name for the others. */
static weir_rc full_name(struct cli *cli, enum weir_object_kind kind, const char *text, struct names *out, struct weir_error *err)
{
    const size_t levels = kind == WEIR_OBJ_TABLE || kind == WEIR_OBJ_VOLUME ? 3 : kind == WEIR_OBJ_SCHEMA ? 2 : 1;
    struct weir_name name;
    WEIR_TRY(cli_name(cli, text, &name, err));
    if ((size_t)name.count != levels) {
        return cli_usage_error(err, "%s is not a full name here; write %s", text, levels == 3 ? "catalog.schema.name" : levels == 2 ? "catalog.schema" : "one name without a dot");
    }
    *out = (struct names){.c = levels > 1 ? name.parts[0].ptr : NULL, .s = levels > 2 ? name.parts[1].ptr : NULL, .name = name.parts[levels - 1].ptr};
    return WEIR_OK;
}

/* --- an object as fields --- */

static const char *type_name(enum weir_type_id id)
{
    static const char *const NAMES[] = {[WEIR_TYPE_BOOLEAN] = "BOOLEAN", [WEIR_TYPE_BYTE] = "BYTE", [WEIR_TYPE_SHORT] = "SHORT", [WEIR_TYPE_INT] = "INT", [WEIR_TYPE_LONG] = "LONG",
                                        [WEIR_TYPE_FLOAT] = "FLOAT", [WEIR_TYPE_DOUBLE] = "DOUBLE", [WEIR_TYPE_DECIMAL] = "DECIMAL", [WEIR_TYPE_STRING] = "STRING", [WEIR_TYPE_BINARY] = "BINARY",
                                        [WEIR_TYPE_DATE] = "DATE", [WEIR_TYPE_TIMESTAMP] = "TIMESTAMP", [WEIR_TYPE_TIMESTAMP_NTZ] = "TIMESTAMP_NTZ", [WEIR_TYPE_ARRAY] = "ARRAY",
                                        [WEIR_TYPE_MAP] = "MAP", [WEIR_TYPE_STRUCT] = "STRUCT", [WEIR_TYPE_VARIANT] = "VARIANT", [WEIR_TYPE_VOID] = "NULL", [WEIR_TYPE_INTERVAL_YM] = "INTERVAL",
                                        [WEIR_TYPE_INTERVAL_DT] = "INTERVAL"};
    return NAMES[id];
}

struct columns {
    weir_schema *schema;
    const char *const *partition_columns;
    size_t partition_count;
};

static int64_t partition_index(const struct columns *columns, const char *name)
{
    for (size_t i = 0; i < columns->partition_count; i++) {
        if (weir_str_eq_nocase(weir_str(columns->partition_columns[i]), weir_str(name))) {
            return (int64_t)i;
        }
    }
    return -1;
}

static const char *type_text(struct cli *cli, const struct weir_type *type)
{
    struct weir_buf text;
    weir_buf_init(&text, 0);
    weir_type_print(&text, type);
    const char *copy = weir_arena_strndup(cli->arena, text.data, text.len);
    weir_buf_free(&text);
    return copy;
}

static const char *columns_json(struct cli *cli, const struct columns *columns)
{
    struct weir_buf text;
    struct weir_jsonw w;
    weir_buf_init(&text, 0);
    weir_jsonw_init(&w, &text);
    weir_jsonw_array(&w);
    for (size_t i = 0; i < columns->schema->field_count; i++) {
        const struct weir_field *field = &columns->schema->fields[i];
        const int64_t partition = partition_index(columns, field->name);
        weir_jsonw_object(&w);
        weir_jsonw_kv(&w, "name", field->name);
        weir_jsonw_kv(&w, "type_text", type_text(cli, &field->type));
        weir_jsonw_kv(&w, "type_name", type_name(field->type.id));
        weir_jsonw_kv_i64(&w, "type_precision", field->type.id == WEIR_TYPE_DECIMAL ? field->type.precision : 0);
        weir_jsonw_kv_i64(&w, "type_scale", field->type.id == WEIR_TYPE_DECIMAL ? field->type.scale : 0);
        weir_jsonw_kv_i64(&w, "position", (int64_t)i);
        weir_jsonw_kv_bool(&w, "nullable", field->nullable);
        weir_jsonw_kv(&w, "comment", field->comment);
        if (partition >= 0) {
            weir_jsonw_kv_i64(&w, "partition_index", partition);
        }
        weir_jsonw_end_object(&w);
    }
    weir_jsonw_end_array(&w);
    const char *copy = weir_arena_strndup(cli->arena, text.data, text.len);
    weir_buf_free(&text);
    return copy;
}

/* The columns of a Delta table stand in its log, those of a text table in the catalog. */
static weir_rc read_columns(struct cli *cli, const struct weir_object *o, struct columns *out, struct weir_error *err)
{
    *out = (struct columns){0};
    if (strcmp(o->format, "delta") != 0) {
        return weir_schema_parse_ddl(cli->arena, weir_str(o->columns_ddl ? o->columns_ddl : ""), &out->schema, err);
    }
    weir_snapshot *snapshot = NULL;
    weir_delta *table = weir_delta_open(weir_fs_posix(), o->location);
    const weir_rc rc = weir_delta_snapshot(table, &snapshot, err);
    if (rc == WEIR_OK) {
        const struct weir_metadata *metadata = weir_snapshot_metadata(snapshot);
        const char **names = weir_arena_alloc(cli->arena, (metadata->partition_count + 1) * sizeof *names);
        for (size_t i = 0; i < metadata->partition_count; i++) {
            names[i] = weir_arena_strdup(cli->arena, metadata->partition_columns[i]);
        }
        *out = (struct columns){weir_schema_copy(cli->arena, metadata->schema), names, metadata->partition_count};
    } else {
        weir_error_wrap(err, "table %s", o->full_name);
    }
    weir_snapshot_unref(snapshot);
    weir_delta_close(table);
    return rc;
}

static const char *upper(struct cli *cli, const char *text)
{
    char *copy = weir_arena_strdup(cli->arena, text ? text : "");
    for (char *p = copy; *p; p++) {
        *p = *p >= 'a' && *p <= 'z' ? (char)(*p & ~0x20) : *p;
    }
    return copy;
}

static void add_place(struct fields *f, const struct weir_object *o, const struct columns *columns)
{
    static const char *const TABLE_TYPES[] = {[WEIR_TABLE_MANAGED] = "MANAGED", [WEIR_TABLE_EXTERNAL] = "EXTERNAL", [WEIR_TABLE_STREAMING] = "STREAMING_TABLE",
                                              [WEIR_TABLE_VIEW_MATERIALIZED] = "MATERIALIZED_VIEW"};
    if (o->kind == WEIR_OBJ_TABLE) {
        add(f, "table_type", TABLE_TYPES[o->table_kind], false, true);
        add(f, "data_source_format", upper(f->cli, o->format), false, true);
        if (columns && f->cli->output != CLI_TABLE) {
            add(f, "columns", columns_json(f->cli, columns), true, false);
        }
        add(f, "storage_location", o->location, false, false);
        add(f, "view_definition", o->definition, false, false);
        add_properties(f, o->properties);
    } else if (o->kind == WEIR_OBJ_VOLUME) {
        add(f, "volume_type", o->managed ? "MANAGED" : "EXTERNAL", false, true);
        add(f, "storage_location", o->location, false, true);
    } else if (o->kind == WEIR_OBJ_LOCATION) {
        add(f, "url", o->location, false, true);
    } else {
        add_properties(f, o->properties);
    }
}

static void describe(struct fields *f, const struct weir_object *o, const struct columns *columns)
{
    static const char *const IDS[] = {[WEIR_OBJ_CATALOG] = "id", [WEIR_OBJ_SCHEMA] = "schema_id", [WEIR_OBJ_TABLE] = "table_id", [WEIR_OBJ_VOLUME] = "volume_id", [WEIR_OBJ_LOCATION] = "id"};
    const bool below = o->kind != WEIR_OBJ_CATALOG && o->kind != WEIR_OBJ_LOCATION;
    f->count = 0;
    add(f, "name", o->name, false, !below);
    if (below) {
        add(f, "catalog_name", o->catalog, false, false);
        if (o->kind != WEIR_OBJ_SCHEMA) {
            add(f, "schema_name", o->schema, false, false);
        }
        add(f, "full_name", o->full_name, false, true);
    }
    add_place(f, o, columns);
    add(f, "comment", o->comment, false, true);
    add(f, "owner", o->owner, false, false);
    add_time(f, "created_at", o->created_ms, o->kind != WEIR_OBJ_VOLUME && o->kind != WEIR_OBJ_LOCATION);
    add_time(f, "updated_at", o->updated_ms, false);
    add(f, IDS[o->kind], o->id, false, false);
}

/* --- printing --- */

static weir_rc print_list(struct cli *cli, const struct weir_object *objects, size_t count, const struct columns *columns, struct weir_error *err)
{
    struct fields f = {.cli = cli};
    struct weir_object none = {.kind = kind_of(cli), .name = "", .format = ""};
    const char *names[FIELDS_MAX], *cells[FIELDS_MAX];
    bool json[FIELDS_MAX];
    struct cli_rows rows;
    size_t used = 0;
    describe(&f, count > 0 ? &objects[0] : &none, columns);
    for (size_t i = 0; i < f.count; i++) {
        if (cli->output != CLI_TABLE || f.items[i].shown) {
            names[used] = f.items[i].name;
            json[used++] = f.items[i].json;
        }
    }
    cli_rows_init(&rows, cli, names, json, used);
    for (size_t o = 0; o < count; o++) {
        describe(&f, &objects[o], columns);
        used = 0;
        for (size_t i = 0; i < f.count; i++) {
            if (cli->output != CLI_TABLE || f.items[i].shown) {
                cells[used++] = f.items[i].value;
            }
        }
        cli_rows_add(&rows, cells);
    }
    return cli_rows_print(cli, &rows, err);
}

/* One object, for people: a line a field, then its columns. */
static weir_rc print_one(struct cli *cli, const struct weir_object *o, const struct columns *columns, struct weir_error *err)
{
    static const char *const PAIR[] = {"field", "value"}, *const COLUMNS[] = {"column", "type", "nullable", "comment"};
    struct fields f = {.cli = cli};
    struct cli_rows rows;
    describe(&f, o, columns);
    cli_rows_init(&rows, cli, PAIR, NULL, 2);
    for (size_t i = 0; i < f.count; i++) {
        if (f.items[i].value && strcmp(f.items[i].value, "{}") != 0) {
            cli_rows_add(&rows, (const char *const[]){f.items[i].name, f.items[i].value});
        }
    }
    WEIR_TRY(cli_rows_print(cli, &rows, err));
    if (!columns) {
        return WEIR_OK;
    }
    cli_rows_init(&rows, cli, COLUMNS, NULL, 4);
    for (size_t i = 0; i < columns->schema->field_count; i++) {
        const struct weir_field *field = &columns->schema->fields[i];
        cli_rows_add(&rows, (const char *const[]){field->name, type_text(cli, &field->type), field->nullable ? "yes" : "no", field->comment});
    }
    return cli_rows_print(cli, &rows, err);
}

static weir_rc show(struct cli *cli, const struct weir_object *o, struct weir_error *err)
{
    struct columns columns = {0};
    if (o->kind == WEIR_OBJ_TABLE) {
        WEIR_TRY(read_columns(cli, o, &columns, err));
    }
    const struct columns *known = o->kind == WEIR_OBJ_TABLE ? &columns : NULL;
    return cli->output == CLI_TABLE ? print_one(cli, o, known, err) : print_list(cli, o, 1, known, err);
}

/* --- the verbs --- */

weir_rc cli_run_object_list(struct cli *cli, struct weir_error *err)
{
    weir_catalog *catalog = NULL;
    struct weir_object *objects = NULL;
    size_t count = 0;
    const enum weir_object_kind kind = kind_of(cli);
    const char *c = cli->arg_count > 0 ? cli->args[0] : NULL, *s = cli->arg_count > 1 ? cli->args[1] : NULL;
    WEIR_TRY(cli_catalog_open(cli, CLI_LAKE_OPEN, &catalog, err));
    struct weir_object parent = {0};
    weir_rc rc = c ? weir_catalog_get(catalog, cli->arena, s ? WEIR_OBJ_SCHEMA : WEIR_OBJ_CATALOG, c, s, s ? s : c, &parent, err) : WEIR_OK;
    weir_object_free_options(&parent);
    if (rc == WEIR_OK) {
        rc = weir_catalog_list(catalog, cli->arena, kind, c, s, cli_get(cli, "--like"), &objects, &count, err);
    }
    if (rc == WEIR_OK) {
        rc = print_list(cli, objects, count, NULL, err);
    }
    for (size_t i = 0; i < count; i++) {
        weir_object_free_options(&objects[i]);
    }
    weir_catalog_close(catalog);
    return rc;
}

weir_rc cli_run_object_get(struct cli *cli, struct weir_error *err)
{
    weir_catalog *catalog = NULL;
    struct weir_object object = {0};
    struct names names;
    const enum weir_object_kind kind = kind_of(cli);
    WEIR_TRY(full_name(cli, kind, cli->args[0], &names, err));
    WEIR_TRY(cli_catalog_open(cli, CLI_LAKE_OPEN, &catalog, err));
    weir_rc rc = weir_catalog_get(catalog, cli->arena, kind, names.c, names.s, names.name, &object, err);
    if (rc == WEIR_OK) {
        rc = show(cli, &object, err);
    }
    weir_object_free_options(&object);
    weir_catalog_close(catalog);
    return rc;
}

/* A Delta table: its log first, then the row, which the session does. */
static weir_rc create_table(struct cli *cli, const struct names *names, struct weir_error *err)
{
    const char *ddl = cli_get(cli, "--columns"), *place = cli_get(cli, "--storage-location");
    struct cli_lake lake;
    struct weir_object object = {0};
    weir_schema *schema = NULL;
    if (!ddl) {
        return cli_usage_error(err, "a table needs columns: --columns 'id BIGINT, name STRING'");
    }
    weir_rc rc = weir_schema_parse_ddl(cli->arena, weir_str(ddl), &schema, err);
    if (rc != WEIR_OK) {
        weir_error_wrap(err, "--columns");
        return rc;
    }
    WEIR_TRY(cli_lake_open(cli, CLI_LAKE_CREATE, &lake, err));
    char *local = NULL;
    if (place) {
        rc = cli_volume_path(cli, lake.catalog, place, &local, err);
    }
    if (rc == WEIR_OK) {
        const struct weir_table_spec spec = {.schema = schema};
        rc = weir_session_create_table(lake.session, names->c, names->s, names->name, &spec, local ? WEIR_TABLE_EXTERNAL : WEIR_TABLE_MANAGED, local, cli_get(cli, "--comment"), NULL, err);
    }
    if (rc == WEIR_OK) {
        rc = weir_catalog_get(lake.catalog, cli->arena, WEIR_OBJ_TABLE, names->c, names->s, names->name, &object, err);
    }
    if (rc == WEIR_OK && cli->output_given) {
        rc = show(cli, &object, err);
    }
    weir_object_free_options(&object);
    weir_free(local);
    cli_lake_close(&lake);
    return rc;
}

static weir_rc take_volume(struct cli *cli, struct weir_object *o, struct weir_error *err)
{
    const char *type = cli->args[3];
    o->catalog = cli->args[0];
    o->schema = cli->args[1];
    o->name = cli->args[2];
    o->location = cli_get(cli, "--storage-location");
    const bool managed = weir_str_eq_nocase(weir_str(type), WEIR_STR("MANAGED")), external = weir_str_eq_nocase(weir_str(type), WEIR_STR("EXTERNAL"));
    if (!managed && !external) {
        return cli_usage_error(err, "a volume is MANAGED or EXTERNAL, not %s", type);
    }
    if (external != (o->location != NULL)) {
        return cli_usage_error(err, external ? "an EXTERNAL volume needs its folder: --storage-location DIR" : "a MANAGED volume chooses its own folder; leave --storage-location out, or write EXTERNAL");
    }
    return WEIR_OK;
}

static weir_rc take_object(struct cli *cli, struct weir_object *o, struct weir_error *err)
{
    o->comment = cli_get(cli, "--comment");
    switch (o->kind) {
    case WEIR_OBJ_CATALOG:
        o->name = cli->args[0];
        return WEIR_OK;
    case WEIR_OBJ_SCHEMA:
        o->name = cli->args[0];
        o->catalog = cli->args[1];
        return WEIR_OK;
    case WEIR_OBJ_LOCATION:
        o->name = cli->args[0];
        o->location = cli->args[1];
        return WEIR_OK;
    default:
        return take_volume(cli, o, err);
    }
}

weir_rc cli_run_object_create(struct cli *cli, struct weir_error *err)
{
    weir_catalog *catalog = NULL;
    struct weir_object object = {.kind = kind_of(cli)};
    if (object.kind != WEIR_OBJ_TABLE && cli_has(cli, "--columns")) {
        return cli_usage_error(err, "--columns is for tables");
    }
    if (cli_has(cli, "--storage-location") && object.kind != WEIR_OBJ_TABLE && object.kind != WEIR_OBJ_VOLUME) {
        return cli_usage_error(err, "--storage-location is for tables and volumes");
    }
    if (object.kind == WEIR_OBJ_TABLE) {
        struct names names;
        WEIR_TRY(full_name(cli, object.kind, cli->args[0], &names, err));
        return create_table(cli, &names, err);
    }
    WEIR_TRY(take_object(cli, &object, err));
    WEIR_TRY(cli_catalog_open(cli, CLI_LAKE_CREATE, &catalog, err));
    weir_rc rc = weir_catalog_create(catalog, cli->arena, &object, err);
    if (rc == WEIR_OK && cli->output_given) {
        rc = show(cli, &object, err);
    }
    weir_catalog_close(catalog);
    return rc;
}

/* The row went first; a folder that stays after a failure belongs to nothing. */
static weir_rc remove_folders(const struct weir_object *dropped, size_t count, struct weir_error *err)
{
    weir_rc rc = WEIR_OK;
    for (size_t i = 0; i < count; i++) {
        if (dropped[i].managed && dropped[i].location) {
            rc = weir_rc_keep(rc, weir_fs_remove_tree(weir_fs_posix(), dropped[i].location, rc == WEIR_OK ? err : NULL));
        }
    }
    return rc;
}

weir_rc cli_run_object_delete(struct cli *cli, struct weir_error *err)
{
    weir_catalog *catalog = NULL;
    struct weir_object *dropped = NULL;
    struct names names;
    size_t count = 0;
    const enum weir_object_kind kind = kind_of(cli);
    WEIR_TRY(full_name(cli, kind, cli->args[0], &names, err));
    WEIR_TRY(cli_catalog_open(cli, CLI_LAKE_OPEN, &catalog, err));
    weir_rc rc = weir_catalog_drop(catalog, cli->arena, kind, names.c, names.s, names.name, cli_has(cli, "--force"), &dropped, &count, err);
    if (rc == WEIR_OK) {
        rc = remove_folders(dropped, count, err);
    } else if (strstr(err->condition, "_NOT_EMPTY") || strstr(err->condition, "_IN_USE")) {
        const size_t len = strlen(err->msg);
        snprintf(err->msg + len, sizeof err->msg - len, " (weir %s %s --force)", cli->command->name, cli->args[0]);
    }
    for (size_t i = 0; i < count; i++) {
        weir_object_free_options(&dropped[i]);
    }
    weir_catalog_close(catalog);
    return rc;
}
