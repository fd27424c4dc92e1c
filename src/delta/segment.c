/* segment.c - counted arenas that snapshots share, and copies of actions from one into another. */
#include "delta/actions_copy.h"

struct weiri_segment *weiri_segment_new(void)
{
    struct weiri_segment *segment = weir_calloc(1, sizeof *segment);
    segment->arena = weir_arena_new();
    atomic_init(&segment->refs, 1);
    return segment;
}

struct weiri_segment *weiri_segment_ref(struct weiri_segment *segment)
{
    atomic_fetch_add(&segment->refs, 1);
    return segment;
}

void weiri_segment_unref(struct weiri_segment *segment)
{
    if (!segment || atomic_fetch_sub(&segment->refs, 1) != 1) {
        return;
    }
    for (size_t i = 0; i < segment->option_count; i++) {
        weir_options_free(segment->options[i]);
    }
    weir_free(segment->options);
    weir_arena_free(segment->arena);
    weir_free(segment);
}

static const char *copy_text(weir_arena *arena, const char *text)
{
    return text ? weir_arena_strdup(arena, text) : NULL;
}

static const struct weiri_pair *copy_pairs(weir_arena *arena, const struct weiri_pair *pairs, size_t count)
{
    struct weiri_pair *copy = weir_arena_zalloc(arena, (count + 1) * sizeof *copy);
    for (size_t i = 0; i < count; i++) {
        copy[i] = (struct weiri_pair){copy_text(arena, pairs[i].key), copy_text(arena, pairs[i].value)};
    }
    return copy;
}

const char *const *weiri_copy_texts(weir_arena *arena, const char *const *texts, size_t count)
{
    if (!texts) {
        return NULL;
    }
    const char **copy = weir_arena_zalloc(arena, (count + 1) * sizeof *copy);
    for (size_t i = 0; i < count; i++) {
        copy[i] = copy_text(arena, texts[i]);
    }
    return copy;
}

void weiri_add_copy(weir_arena *arena, const struct weir_add *from, struct weir_add *to)
{
    *to = *from;
    to->path = copy_text(arena, from->path);
    to->stats = copy_text(arena, from->stats);
    struct weir_partition_value *values = weir_arena_zalloc(arena, (from->partition_count + 1) * sizeof *values);
    for (size_t i = 0; i < from->partition_count; i++) {
        values[i].name = copy_text(arena, from->partition_values[i].name);
        values[i].value = copy_text(arena, from->partition_values[i].value);
    }
    to->partition_values = values;
    if (from->dv) {
        struct weir_dv *dv = weir_arena_alloc(arena, sizeof *dv);
        *dv = *from->dv;
        dv->path_or_inline = copy_text(arena, dv->path_or_inline);
        to->dv = dv;
    }
}

struct weiri_file *weiri_file_copy(weir_arena *arena, const struct weiri_file *from)
{
    struct weiri_file *to = weir_arena_alloc(arena, sizeof *to);
    *to = *from;
    weiri_add_copy(arena, &from->add, &to->add);
    to->tags = copy_pairs(arena, from->tags, from->tag_count);
    to->clustering_provider = copy_text(arena, from->clustering_provider);
    return to;
}

struct weiri_metadata *weiri_metadata_copy(weir_arena *arena, const struct weiri_metadata *from)
{
    struct weiri_metadata *to = weir_arena_alloc(arena, sizeof *to);
    *to = *from;
    to->pub.id = copy_text(arena, from->pub.id);
    to->pub.name = copy_text(arena, from->pub.name);
    to->pub.description = copy_text(arena, from->pub.description);
    to->pub.schema_json = copy_text(arena, from->pub.schema_json);
    to->pub.partition_columns = weiri_copy_texts(arena, from->pub.partition_columns, from->pub.partition_count);
    to->provider = copy_text(arena, from->provider);
    to->format_options = copy_pairs(arena, from->format_options, from->format_option_count);
    to->configuration = copy_pairs(arena, from->configuration, from->configuration_count);
    to->pub.schema = NULL;
    to->pub.configuration = NULL;
    to->options = NULL;
    return to;
}

struct weir_protocol *weiri_protocol_copy(weir_arena *arena, const struct weir_protocol *from)
{
    struct weir_protocol *to = weir_arena_alloc(arena, sizeof *to);
    *to = *from;
    to->reader_features = weiri_copy_texts(arena, from->reader_features, from->reader_feature_count);
    to->writer_features = weiri_copy_texts(arena, from->writer_features, from->writer_feature_count);
    return to;
}

struct weiri_txn_action *weiri_txn_copy(weir_arena *arena, const struct weiri_txn_action *from)
{
    struct weiri_txn_action *to = weir_arena_alloc(arena, sizeof *to);
    *to = *from;
    to->app_id = copy_text(arena, from->app_id);
    return to;
}

struct weiri_domain *weiri_domain_copy(weir_arena *arena, const struct weiri_domain *from)
{
    struct weiri_domain *to = weir_arena_alloc(arena, sizeof *to);
    *to = *from;
    to->domain = copy_text(arena, from->domain);
    to->configuration = copy_text(arena, from->configuration);
    return to;
}
