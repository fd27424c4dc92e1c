/* protocol.c - what weir may read and write (delta-format.md 2.9).
 *
 * Reading: a reader feature that is unknown is refused; one that is known but not implemented is refused where it is in use (a column that
 * is mapped, widened, a variant; a live deletion vector: state.c). Writing: the same for what the table asks of its writers. Listed is not
 * in use: old protocols list features by the dozen. */
#include "delta/delta_internal.h"

#include <stdio.h>

struct feature {
    const char *name;
    enum { ALWAYS, WHEN_USED, NEVER } refuse;
};
/* Features that change how a table is read. WHEN_USED: `uses` below knows when. */
static const struct feature reader_features[] = {
    {"columnMapping", WHEN_USED}, {"deletionVectors", NEVER /* per file: state.c */}, {"timestampNtz", NEVER}, {"v2Checkpoint", NEVER},
    {"vacuumProtocolCheck", NEVER}, {"typeWidening", WHEN_USED}, {"typeWidening-preview", WHEN_USED}, {"variantType", WHEN_USED},
    {"variantType-preview", WHEN_USED}, {"variantShredding", WHEN_USED}, {"variantShredding-preview", WHEN_USED},
    {"timestampWithoutTimezone", NEVER}, {"catalogManaged", ALWAYS}, {"catalogOwned-preview", ALWAYS},
};
/* Features that only writers must honour. */
static const struct feature writer_features[] = {
    {"appendOnly", NEVER /* checked at commit */}, {"invariants", WHEN_USED}, {"checkConstraints", WHEN_USED}, {"changeDataFeed", WHEN_USED},
    {"generatedColumns", WHEN_USED}, {"identityColumns", WHEN_USED}, {"allowColumnDefaults", WHEN_USED}, {"rowTracking", ALWAYS},
    {"domainMetadata", NEVER}, {"inCommitTimestamp", WHEN_USED}, {"icebergCompatV1", WHEN_USED}, {"icebergCompatV2", WHEN_USED},
    {"icebergCompatV3", WHEN_USED}, {"clustering", WHEN_USED},
};
#define COUNT(a) (sizeof(a) / sizeof *(a))

static const struct feature *find(const struct feature *table, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(table[i].name, name) == 0) {
            return &table[i];
        }
    }
    return NULL;
}

bool weiri_has_feature(const char *const *features, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(features[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static weir_rc refuse_read(const char *feature, const char *why, struct weir_error *err)
{
    return weir_fail(err, WEIR_UNSUPPORTED, "DELTA_READ_UNSUPPORTED",
                     "the table uses `%s`, which weir cannot read%s; read it with an engine that has this feature, or drop the feature there",
                     feature, why);
}

static weir_rc refuse_write(const char *feature, const char *why, struct weir_error *err)
{
    return weir_fail(err, WEIR_UNSUPPORTED, "DELTA_WRITE_UNSUPPORTED",
                     "the table uses `%s`, which weir cannot keep when it writes%s; write with an engine that has this feature, or drop the feature there",
                     feature, why);
}

/* A field's metadata names a key, at any depth? Nested types travel inside the schema's JSON, so its text is asked: as a key it stands
 * quoted and followed by a colon, and no column name can look like that, since quotes in names are escaped. */
static bool schema_mentions(const struct weiri_metadata *meta, const char *key)
{
    const char *at = meta->pub.schema_json;
    char quoted[96];
    int len = snprintf(quoted, sizeof quoted, "\"%s", key);
    WEIR_ASSERT(len > 0 && (size_t)len < sizeof quoted);
    for (; at && (at = strstr(at, quoted)); at++) {
        const char *p = at + len;
        if (at > meta->pub.schema_json && at[-1] == '\\') {
            continue;
        }
        while (*p && *p != '"') {
            p++; /* delta.identity.* and the like: the rest of the key */
        }
        p += *p == '"';
        while (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r') {
            p++;
        }
        if (*p == ':') {
            return true;
        }
    }
    return false;
}

static const char *property(const struct weiri_metadata *meta, const char *name)
{
    return weir_options_get(meta->options, name);
}

static bool property_true(const struct weiri_metadata *meta, const char *name)
{
    const char *value = property(meta, name);
    return value && weir_str_eq_nocase(weir_str(value), WEIR_STR("true"));
}

static bool has_property_with(const struct weiri_metadata *meta, const char *prefix)
{
    for (size_t i = 0; i < meta->configuration_count; i++) {
        if (weir_str_starts(weir_str(meta->configuration[i].key), prefix)) {
            return true;
        }
    }
    return false;
}

static bool column_mapping_used(const struct weiri_metadata *meta)
{
    const char *mode = property(meta, "delta.columnMapping.mode");
    return mode && !weir_str_eq_nocase(weir_str(mode), WEIR_STR("none"));
}

/* Gate on features in use, listed or not: a table that lists too little is still not to be misread. */
static weir_rc gate_read_use(const struct weiri_metadata *meta, struct weir_error *err)
{
    if (column_mapping_used(meta)) {
        return refuse_read("columnMapping", " yet (delta.columnMapping.mode)", err);
    }
    if (schema_mentions(meta, "delta.typeChanges")) {
        return refuse_read("typeWidening", " yet (delta.typeChanges in the schema)", err);
    }
    if (meta->pub.schema && weiri_schema_has(meta->pub.schema, WEIR_TYPE_VARIANT)) {
        return refuse_read("variantType", " yet (a column of type variant)", err);
    }
    if (meta->provider && !weir_str_eq_nocase(weir_str(meta->provider), WEIR_STR("parquet"))) {
        return refuse_read(meta->provider, " (format.provider is not parquet)", err);
    }
    return WEIR_OK;
}

static weir_rc check_versions(const struct weir_protocol *protocol, struct weir_error *err)
{
    if (protocol->reader > 3) {
        return weir_fail(err, WEIR_UNSUPPORTED, "DELTA_PROTOCOL_VERSION",
                         "Unsupported Delta protocol reader version %d: weir reads up to 3; read the table with a newer engine", protocol->reader);
    }
    if (protocol->reader == 3 && protocol->writer != 7) {
        return weir_fail(err, WEIR_CORRUPT, "DELTA_PROTOCOL_INVALID", "protocol (3,%d) is not allowed: reader version 3 needs writer version 7; the log is damaged",
                         protocol->writer);
    }
    return WEIR_OK;
}

weir_rc weiri_gate_read(const struct weir_protocol *protocol, const struct weiri_metadata *metadata, struct weir_error *err)
{
    WEIR_TRY(check_versions(protocol, err));
    struct weir_buf unknown;
    weir_buf_init(&unknown, 1500);
    for (size_t i = 0; protocol->reader == 3 && i < protocol->reader_feature_count; i++) {
        const char *name = protocol->reader_features[i];
        const struct feature *known = find(reader_features, COUNT(reader_features), name);
        bool writer_only = find(writer_features, COUNT(writer_features), name) != NULL;
        if ((!known && !writer_only) || (known && known->refuse == ALWAYS)) {
            weir_buf_printf(&unknown, "%s%s", unknown.len ? "`, `" : "", name);
        }
    }
    weir_rc rc = WEIR_OK;
    if (unknown.len) {
        rc = refuse_read(unknown.data, "", err);
    } else if (metadata) {
        rc = gate_read_use(metadata, err);
    }
    weir_buf_free(&unknown);
    return rc;
}

/* What the table's metadata asks of a writer and weir does not do. */
static weir_rc gate_write_use(const weir_snapshot *snapshot, struct weir_error *err)
{
    const struct weiri_metadata *meta = snapshot->metadata;
    if (schema_mentions(meta, "delta.invariants")) {
        return refuse_write("invariants", " (delta.invariants of a column)", err);
    }
    if (has_property_with(meta, "delta.constraints.")) {
        return refuse_write("checkConstraints", " (a CHECK constraint)", err);
    }
    if (schema_mentions(meta, "delta.generationExpression")) {
        return refuse_write("generatedColumns", "", err);
    }
    if (schema_mentions(meta, "delta.identity.")) {
        return refuse_write("identityColumns", "", err);
    }
    if (schema_mentions(meta, "CURRENT_DEFAULT")) {
        return refuse_write("allowColumnDefaults", " (a column with a DEFAULT)", err);
    }
    if (property_true(meta, "delta.enableChangeDataFeed")) {
        return refuse_write("changeDataFeed", " (delta.enableChangeDataFeed=true)", err);
    }
    if (property_true(meta, "delta.enableRowTracking")) {
        return refuse_write("rowTracking", "", err);
    }
    if (property_true(meta, "delta.enableInCommitTimestamps")) {
        return refuse_write("inCommitTimestamp", " (delta.enableInCommitTimestamps=true)", err);
    }
    static const char *const iceberg[] = {"delta.enableIcebergCompatV1", "delta.enableIcebergCompatV2", "delta.enableIcebergCompatV3"};
    for (size_t i = 0; i < COUNT(iceberg); i++) {
        if (property_true(meta, iceberg[i])) {
            return refuse_write("icebergCompat", " (delta.enableIcebergCompat...)", err);
        }
    }
    for (size_t i = 0; i < snapshot->domain_count; i++) {
        if (strcmp(snapshot->domains[i]->domain, "delta.clustering") == 0 && !snapshot->domains[i]->removed) {
            return refuse_write("clustering", " (domain delta.clustering)", err);
        }
    }
    if (weiri_schema_has(meta->pub.schema, WEIR_TYPE_VOID)) {
        return refuse_write("void", " (a column of type void)", err);
    }
    return WEIR_OK;
}

weir_rc weir_snapshot_check_write(const weir_snapshot *snapshot, struct weir_error *err)
{
    const struct weir_protocol *protocol = snapshot->protocol;
    if (protocol->writer > 7) {
        return weir_fail(err, WEIR_UNSUPPORTED, "DELTA_PROTOCOL_VERSION",
                         "Unsupported Delta protocol writer version %d: weir writes up to 7; write the table with a newer engine", protocol->writer);
    }
    for (size_t i = 0; protocol->writer == 7 && i < protocol->writer_feature_count; i++) {
        const char *name = protocol->writer_features[i];
        const struct feature *known = find(writer_features, COUNT(writer_features), name);
        known = known ? known : find(reader_features, COUNT(reader_features), name);
        if (!known || known->refuse == ALWAYS) {
            return refuse_write(name, "", err);
        }
    }
    WEIR_TRY(gate_write_use(snapshot, err));
    const char *codec = property(snapshot->metadata, "delta.parquet.compression.codec");
    static const char *const codecs[] = {"snappy", "zstd", "gzip", "uncompressed", "none"};
    bool known_codec = !codec;
    for (size_t i = 0; codec && i < COUNT(codecs); i++) {
        known_codec = known_codec || weir_str_eq_nocase(weir_str(codec), weir_str(codecs[i]));
    }
    return known_codec ? WEIR_OK : refuse_write("delta.parquet.compression.codec", " (this codec)", err);
}

/* --- new protocols --- */

static bool type_has(const struct weir_type *type, enum weir_type_id id)
{
    if (type->id == id) {
        return true;
    }
    for (size_t i = 0; i < type->field_count; i++) {
        if (type_has(&type->fields[i].type, id)) {
            return true;
        }
    }
    return false;
}

bool weiri_schema_has(const weir_schema *schema, enum weir_type_id id)
{
    return type_has(schema, id);
}

/* Legacy writer versions and what each has beyond the one before. */
static const struct { int writer; const char *name; } legacy[] = {
    {2, "appendOnly"}, {2, "invariants"}, {3, "checkConstraints"}, {4, "changeDataFeed"}, {4, "generatedColumns"}, {5, "columnMapping"},
    {6, "identityColumns"},
};

static const char **with_name(weir_arena *arena, const char *const *names, size_t count, const char *name, size_t *count_out)
{
    const char **out = weir_arena_zalloc(arena, (count + 2) * sizeof *out);
    for (size_t i = 0; i < count; i++) {
        out[i] = names[i];
    }
    *count_out = count;
    if (!weiri_has_feature(names, count, name)) {
        out[(*count_out)++] = name;
    }
    return out;
}

const struct weir_protocol *weiri_protocol_for(weir_arena *arena, const weir_schema *schema, const struct weir_protocol *have)
{
    static const struct weir_protocol plain = {.reader = 1, .writer = 2};
    const struct weir_protocol *base = have ? have : &plain;
    if (!weiri_schema_has(schema, WEIR_TYPE_TIMESTAMP_NTZ) || weiri_has_feature(base->reader_features, base->reader_feature_count, "timestampNtz")) {
        return base;
    }
    struct weir_protocol *to = weir_arena_zalloc(arena, sizeof *to);
    *to = *base;
    if (base->writer < 7) { /* every feature that the old number stood for may have been used */
        for (size_t i = 0; i < COUNT(legacy); i++) {
            if (legacy[i].writer <= base->writer) {
                to->writer_features = with_name(arena, to->writer_features, to->writer_feature_count, legacy[i].name, &to->writer_feature_count);
            }
        }
    }
    if (base->reader == 2 || (base->writer < 7 && base->writer >= 5)) {
        to->reader_features = with_name(arena, to->reader_features, to->reader_feature_count, "columnMapping", &to->reader_feature_count);
    }
    to->reader = 3;
    to->writer = 7;
    to->reader_features = with_name(arena, to->reader_features, to->reader_feature_count, "timestampNtz", &to->reader_feature_count);
    to->writer_features = with_name(arena, to->writer_features, to->writer_feature_count, "timestampNtz", &to->writer_feature_count);
    return to;
}
