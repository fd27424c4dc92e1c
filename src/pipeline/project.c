/* project.c - spark-pipeline.yml and the SQL files that it names (spark-streaming.md 4.1). */
#include "pipeline/pipeline_internal.h"
#include "base/uri.h"
#include "os/fs.h"
#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

#define SPEC_BYTES_MAX ((size_t)1 << 20)
#define SQL_BYTES_MAX ((size_t)16 << 20)
#define FILES_MAX 10000

const char *weir_project_storage(const weir_project *project)
{
    return project->storage;
}

/* --- finding the spec --- */

static const char *const SPEC_NAMES[] = {"spark-pipeline.yml", "spark-pipeline.yaml"};

static weir_rc spec_in(weir_arena *arena, const char *folder, const char **out, struct weir_error *err)
{
    *out = NULL;
    for (size_t i = 0; i < 2; i++) {
        char *path = weir_path_join(folder, SPEC_NAMES[i]);
        bool there = weir_fs_exists(weir_fs_posix(), path);
        const char *copy = weir_arena_strdup(arena, path);
        weir_free(path);
        if (there && *out) {
            return weir_fail(err, WEIR_INVALID, "MULTIPLE_PIPELINE_SPEC_FILES_FOUND", "%s holds both spark-pipeline.yml and spark-pipeline.yaml; remove one", folder);
        }
        *out = there ? copy : *out;
    }
    return WEIR_OK;
}

static weir_rc find_spec(weir_arena *arena, const char *folder, const char **out, struct weir_error *err)
{
    char *at = weir_path_absolute(NULL, folder ? folder : ".");
    weir_rc rc = spec_in(arena, at, out, err);
    while (rc == WEIR_OK && !*out && strcmp(at, "/") != 0) {
        char *parent = weir_path_parent(at);
        weir_free(at);
        at = parent;
        rc = spec_in(arena, at, out, err);
    }
    weir_free(at);
    if (rc == WEIR_OK && !*out) {
        rc = weir_fail(err, WEIR_NOT_FOUND, "PIPELINE_SPEC_FILE_NOT_FOUND", "no spark-pipeline.yml in %s or above it; run `weir init DIR` for a new project, or name the file with --spec", folder ? folder : "this folder");
    }
    return rc;
}

/* --- the YAML --- */

struct spec {
    weir_project *project;
    yaml_document_t doc;
    struct weir_error *err;
};

static weir_rc bad_spec(struct spec *spec, const yaml_node_t *node, const char *condition, const char *fmt, ...) WEIR_PRINTF(4, 5);
static weir_rc bad_spec(struct spec *spec, const yaml_node_t *node, const char *condition, const char *fmt, ...)
{
    char what[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    return weir_fail_at(spec->err, WEIR_INVALID, condition, (int64_t)node->start_mark.line + 1, (int64_t)node->start_mark.column + 1, "%s:%zu:%zu: %s", spec->project->spec_path,
                        node->start_mark.line + 1, node->start_mark.column + 1, what);
}

static const char *scalar(const yaml_node_t *node)
{
    return node && node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : NULL;
}

/* A plain word that YAML reads as something other than text. */
static bool reads_as_text(const yaml_node_t *node)
{
    if (node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE) {
        return true;
    }
    static const char *const WORDS[] = {"true", "false", "yes", "no", "on", "off", "null", "~", "y", "n"};
    struct weir_str text = weir_str(scalar(node));
    double number = 0;
    for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++) {
        if (weir_str_eq_nocase(text, weir_str(WORDS[i]))) {
            return false;
        }
    }
    return text.len > 0 && !weir_str_to_f64(text, &number);
}

static weir_rc text_field(struct spec *spec, const yaml_node_t *node, const char *field, const char **out)
{
    if (!scalar(node) || !reads_as_text(node)) {
        return bad_spec(spec, node, "PIPELINE_SPEC_FIELD_NOT_STRING", "%s must be a text; put quotes round it", field);
    }
    *out = weir_arena_strdup(spec->project->arena, scalar(node));
    return WEIR_OK;
}

static weir_rc read_storage(struct spec *spec, const yaml_node_t *node)
{
    const char *text = NULL;
    WEIR_TRY(text_field(spec, node, "storage", &text));
    struct weir_buf path;
    weir_buf_init(&path, 0);
    bool local = text[0] == '/';
    if (local) {
        weir_buf_add_str(&path, text);
    } else {
        local = weir_str_starts(weir_str(text), "file:/") && weir_uri_to_path(&path, weir_str(text)) && path.data[0] == '/';
    }
    if (local) {
        char *absolute = weir_path_absolute(NULL, path.data);
        spec->project->storage = weir_arena_strdup(spec->project->arena, absolute);
        weir_free(absolute);
    }
    weir_buf_free(&path);
    return local ? WEIR_OK : bad_spec(spec, node, "PIPELINE_STORAGE_ROOT_INVALID", "storage \"%s\" is not an absolute local place; write it as file:///absolute/path", text);
}

static weir_rc read_configuration(struct spec *spec, const yaml_node_t *node)
{
    if (node->type != YAML_MAPPING_NODE) {
        return bad_spec(spec, node, "PIPELINE_SPEC_FIELD_NOT_DICTIONARY", "configuration must be a mapping of names to quoted texts");
    }
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = yaml_document_get_node(&spec->doc, pair->key), *value = yaml_document_get_node(&spec->doc, pair->value);
        if (!scalar(key) || !scalar(value) || !reads_as_text(value)) {
            return bad_spec(spec, value, "PIPELINE_SPEC_DICT_VALUE_NOT_STRING", "configuration %s must be a text; put quotes round it", scalar(key) ? scalar(key) : "key");
        }
        weir_options_set(spec->project->configuration, scalar(key), scalar(value));
    }
    return WEIR_OK;
}

/* --- the files of a glob --- */

static int by_path(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

struct walk {
    weir_arena *arena;
    const char *folder;
    char **paths;
    size_t count, cap;
};

static weir_rc walk_folder(struct walk *walk, const char *folder, struct weir_error *err);

static weir_rc walk_entry(void *arg, const char *name, const struct weir_file_info *info, struct weir_error *err)
{
    struct walk *walk = arg;
    char *path = weir_path_join(walk->folder, name);
    weir_rc rc = WEIR_OK;
    if (name[0] != '.') {
        if (info->is_dir) {
            const char *parent = walk->folder;
            rc = walk_folder(walk, path, err);
            walk->folder = parent;
        } else if (walk->count == FILES_MAX) {
            rc = weir_fail(err, WEIR_TOO_BIG, "PIPELINE_TOO_MANY_FILES", "more than %d files match the spec's globs; name a smaller folder", FILES_MAX);
        } else {
            WEIR_PUSH(walk->paths, walk->count, walk->cap) = weir_arena_strdup(walk->arena, path);
        }
    }
    weir_free(path);
    return rc;
}

static weir_rc walk_folder(struct walk *walk, const char *folder, struct weir_error *err)
{
    walk->folder = folder;
    return weir_fs_list(weir_fs_posix(), folder, walk_entry, walk, err);
}

static weir_rc add_file(struct spec *spec, const yaml_node_t *node, const char *path)
{
    weir_project *project = spec->project;
    struct weir_str name = weir_str(path);
    if (weir_str_ends(name, ".py")) {
        return bad_spec(spec, node, "PIPELINE_PYTHON_UNSUPPORTED", "%s is Python; weir runs SQL files; write its datasets in SQL, or leave it out of the glob", path);
    }
    if (!weir_str_ends(name, ".sql")) {
        return bad_spec(spec, node, "PIPELINE_UNSUPPORTED_DEFINITIONS_FILE_EXTENSION", "%s is not a .sql file; a library may hold .sql files only", path);
    }
    struct weir_buf text;
    weir_buf_init(&text, SQL_BYTES_MAX);
    weir_rc rc = weir_fs_read_all(weir_fs_posix(), path, SQL_BYTES_MAX, &text, spec->err);
    if (rc == WEIR_OK) {
        size_t prefix = strlen(project->folder);
        const char *shown = weir_path_is_within(path, project->folder) ? path + prefix + (path[prefix] == '/') : path;
        WEIR_PUSH(project->files, project->file_count, project->file_cap) =
            (struct project_file){weir_arena_strdup(project->arena, shown), {weir_arena_strndup(project->arena, text.data ? text.data : "", text.len), text.len}};
    }
    weir_buf_free(&text);
    return rc;
}

static weir_rc read_glob(struct spec *spec, const yaml_node_t *node)
{
    const char *pattern = NULL;
    WEIR_TRY(text_field(spec, node, "libraries glob include", &pattern));
    struct weir_str text = weir_str(pattern);
    bool deep = weir_str_ends(text, "/**") || weir_str_ends(text, "/**/*");
    char *base = weir_arena_strndup(spec->project->arena, pattern, deep ? text.len - (weir_str_ends(text, "/**") ? 3 : 5) : text.len);
    if (weir_glob_is(base)) {
        return bad_spec(spec, node, "PIPELINE_SPEC_INVALID_GLOB_PATTERN", "\"%s\"; give a file, or a folder and all below it as folder/**", pattern);
    }
    char *path = weir_path_absolute(spec->project->folder, base);
    struct walk walk = {.arena = spec->project->arena};
    weir_rc rc = deep ? walk_folder(&walk, path, spec->err) : add_file(spec, node, path);
    weir_free(path);
    if (walk.count > 0) {
        qsort(walk.paths, walk.count, sizeof *walk.paths, by_path);
    }
    for (size_t i = 0; rc == WEIR_OK && i < walk.count; i++) {
        rc = add_file(spec, node, walk.paths[i]);
    }
    weir_free(walk.paths);
    return rc;
}

static const yaml_node_t *member(struct spec *spec, const yaml_node_t *node, const char *name)
{
    if (!node || node->type != YAML_MAPPING_NODE) {
        return NULL;
    }
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
        const char *key = scalar(yaml_document_get_node(&spec->doc, pair->key));
        if (key && strcmp(key, name) == 0) {
            return yaml_document_get_node(&spec->doc, pair->value);
        }
    }
    return NULL;
}

static weir_rc read_libraries(struct spec *spec, const yaml_node_t *node)
{
    if (node->type != YAML_SEQUENCE_NODE) {
        return bad_spec(spec, node, "PIPELINE_SPEC_FIELD_NOT_ARRAY", "libraries must be a list of `- glob: {include: folder/**}`");
    }
    for (const yaml_node_item_t *item = node->data.sequence.items.start; item < node->data.sequence.items.top; item++) {
        const yaml_node_t *one = yaml_document_get_node(&spec->doc, *item);
        const yaml_node_t *include = member(spec, member(spec, one, "glob"), "include");
        if (!include) {
            return bad_spec(spec, one, "PIPELINE_SPEC_INVALID_LIBRARY", "each of libraries is `- glob: {include: folder/**}`");
        }
        WEIR_TRY(read_glob(spec, include));
    }
    return WEIR_OK;
}

static weir_rc read_field(struct spec *spec, const yaml_node_t *key, const yaml_node_t *value)
{
    weir_project *project = spec->project;
    const char *name = scalar(key);
    if (name && strcmp(name, "name") == 0) {
        return text_field(spec, value, name, &project->name);
    }
    if (name && strcmp(name, "storage") == 0) {
        return read_storage(spec, value);
    }
    if (name && strcmp(name, "catalog") == 0) {
        return text_field(spec, value, name, &project->catalog);
    }
    if (name && (strcmp(name, "database") == 0 || strcmp(name, "schema") == 0)) {
        return text_field(spec, value, name, &project->schema);
    }
    if (name && strcmp(name, "configuration") == 0) {
        return read_configuration(spec, value);
    }
    if (name && strcmp(name, "libraries") == 0) {
        return read_libraries(spec, value);
    }
    return bad_spec(spec, key, "PIPELINE_SPEC_UNEXPECTED_FIELD", "the field `%s` is unexpected; a spec has name, storage, catalog, database, schema, configuration, libraries", name ? name : "?");
}

static weir_rc read_document(struct spec *spec)
{
    const yaml_node_t *root = yaml_document_get_root_node(&spec->doc);
    if (!root || root->type != YAML_MAPPING_NODE) {
        return weir_fail(spec->err, WEIR_INVALID, "PIPELINE_SPEC_INVALID", "%s: not a mapping; start from `weir init DIR`", spec->project->spec_path);
    }
    for (const yaml_node_pair_t *pair = root->data.mapping.pairs.start; pair < root->data.mapping.pairs.top; pair++) {
        WEIR_TRY(read_field(spec, yaml_document_get_node(&spec->doc, pair->key), yaml_document_get_node(&spec->doc, pair->value)));
    }
    if (!spec->project->name) {
        return bad_spec(spec, root, "PIPELINE_SPEC_MISSING_REQUIRED_FIELD", "the field `name` is missing");
    }
    if (spec->project->file_count == 0) {
        return bad_spec(spec, root, "RUN_EMPTY_PIPELINE", "no SQL file matches `libraries`; put statements into transformations/*.sql and name them by `- glob: {include: transformations/**}`");
    }
    return WEIR_OK;
}

static weir_rc read_spec(weir_project *project, struct weir_error *err)
{
    struct weir_buf text;
    weir_buf_init(&text, SPEC_BYTES_MAX);
    weir_rc rc = weir_fs_read_all(weir_fs_posix(), project->spec_path, SPEC_BYTES_MAX, &text, err);
    if (rc == WEIR_OK) {
        yaml_parser_t parser;
        struct spec spec = {.project = project, .err = err};
        yaml_parser_initialize(&parser);
        yaml_parser_set_input_string(&parser, (const unsigned char *)text.data, text.len);
        if (yaml_parser_load(&parser, &spec.doc)) {
            rc = read_document(&spec);
            yaml_document_delete(&spec.doc);
        } else {
            rc = weir_fail_at(err, WEIR_INVALID, "PIPELINE_SPEC_INVALID", (int64_t)parser.problem_mark.line + 1, (int64_t)parser.problem_mark.column + 1, "%s:%zu:%zu: not YAML: %s; mend the line",
                              project->spec_path, parser.problem_mark.line + 1, parser.problem_mark.column + 1, parser.problem ? parser.problem : "?");
        }
        yaml_parser_delete(&parser);
    }
    weir_buf_free(&text);
    return rc;
}

weir_rc weir_project_load(const char *spec_path, const char *folder, weir_project **out, struct weir_error *err)
{
    *out = NULL;
    weir_project *project = weir_calloc(1, sizeof *project);
    project->arena = weir_arena_new();
    project->configuration = weir_options_new();
    weir_rc rc = WEIR_OK;
    if (spec_path) {
        char *absolute = weir_path_absolute(NULL, spec_path);
        project->spec_path = weir_arena_strdup(project->arena, absolute);
        weir_free(absolute);
    } else {
        rc = find_spec(project->arena, folder, &project->spec_path, err);
    }
    if (rc == WEIR_OK) {
        char *parent = weir_path_parent(project->spec_path);
        project->folder = weir_arena_strdup(project->arena, parent);
        weir_free(parent);
        rc = read_spec(project, err);
    }
    if (rc != WEIR_OK) {
        weir_project_free(project);
        return rc;
    }
    *out = project;
    return WEIR_OK;
}

void weir_project_free(weir_project *project)
{
    if (project) {
        weir_options_free(project->configuration);
        weir_free(project->files);
        weir_arena_free(project->arena);
        weir_free(project);
    }
}
