/* Files into rows: Spark's own answers for folders (conformance/text/streaming), and what they do not cover. */
#include "source_test.h"

#include "base/json.h"
#include "column/arrow.h"

/* --- rows as lines of JSON --- */

struct lines {
    char **items;
    size_t count, cap;
};

static void lines_free(struct lines *lines)
{
    for (size_t i = 0; i < lines->count; i++) {
        weir_free(lines->items[i]);
    }
    weir_free(lines->items);
}

static void push_line(struct lines *lines, const char *text, size_t len)
{
    WEIR_PUSH(lines->items, lines->count, lines->cap) = weir_strndup(text, len);
}

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static weir_rc take_batch(void *arg, struct weir_batch *batch, struct weir_error *err)
{
    struct lines *lines = arg;
    (void)err;
    for (int64_t row = 0; row < weir_batch_rows(batch); row++) {
        struct weir_buf text;
        struct weir_jsonw w;
        weir_buf_init(&text, 0);
        weir_jsonw_init(&w, &text);
        w.ascii = true;
        weir_jsonw_object(&w);
        for (size_t c = 0; c < batch->schema->field_count; c++) {
            weir_jsonw_key(&w, batch->schema->fields[c].name);
            weir_arrow_print_json(&w, &batch->schema->fields[c].type, batch->array.children[c], row);
        }
        weir_jsonw_end_object(&w);
        push_line(lines, text.data, text.len);
        weir_buf_free(&text);
    }
    weir_batch_release(batch);
    return WEIR_OK;
}

/* --- a read, from options to lines --- */

struct read {
    const char *ddl;
    const weir_options *options;
    struct weir_item items[16];
    size_t item_count; /* 0 = all columns */
    enum weir_text_keep keep;
    int threads;
    /* results */
    struct lines lines;
    char *schema; /* DDL */
    struct weir_text_result result;
};

static weir_rc run_bound(struct box *box, struct read *read, weir_text_reader *reader)
{
    const weir_schema *all = weir_text_reader_schema(reader);
    for (size_t i = 0; read->item_count == 0 && i < all->field_count; i++) {
        read->items[i] = (struct weir_item){.kind = WEIR_ITEM_COLUMN, .name = all->fields[i].name};
    }
    const size_t count = read->item_count ? read->item_count : all->field_count;
    weir_schema *schema;
    struct weir_sink_factory *sinks;
    WEIR_TRY(weir_text_reader_output(reader, read->items, count, box->arena, &schema, &box->err));
    struct weir_buf ddl;
    weir_buf_init(&ddl, 0);
    weir_schema_print_ddl(&ddl, schema);
    read->schema = weir_arena_strdup(box->arena, ddl.data);
    weir_buf_free(&ddl);
    assert_int_equal(weir_arrow_sinks_new(schema, 3, take_batch, &read->lines, &sinks, &box->err), WEIR_OK);
    read->result.files = weir_arena_zalloc(box->arena, (box->count + 1) * sizeof *read->result.files);
    const weir_rc rc = weir_text_reader_run(reader, box->files, box->count, read->items, count, read->keep, read->threads, sinks,
                                            &read->result, &box->err);
    weir_arrow_sinks_free(sinks);
    return rc;
}

static weir_rc run_read(struct box *box, const char *root, struct read *read)
{
    weir_schema *schema = NULL;
    weir_text_reader *reader;
    weir_error_clear(&box->err);
    if (read->ddl) {
        WEIR_TRY(weir_schema_parse_ddl(box->arena, weir_str(read->ddl), &schema, &box->err));
    }
    const struct weir_text_source source = {.format = "csv", .root = root, .options = read->options, .schema = schema};
    WEIR_TRY(weir_text_reader_new(weir_fs_posix(), &source, &reader, &box->err));
    box->options = *weir_text_reader_file_options(reader);
    weir_rc rc = weir_file_options_in_stream(&box->options, &box->err); /* these are cases of streams */
    if (rc == WEIR_OK) {
        rc = box_list_fs(box, weir_fs_posix(), root);
    }
    if (rc == WEIR_OK) {
        rc = weir_text_reader_bind(reader, box->files, box->count, box->columns, box->column_count, &box->err);
    }
    if (rc == WEIR_OK) {
        rc = run_bound(box, read, reader);
    }
    weir_text_reader_free(reader);
    return rc;
}

static void read_free(struct read *read)
{
    lines_free(&read->lines);
    read->lines = (struct lines){0};
}

static void assert_rows(struct box *box, const char *root, struct read *read, const char *expected)
{
    const weir_rc rc = run_read(box, box_path(box, root), read);
    if (rc != WEIR_OK) {
        fail_msg("%s", box->err.msg);
    }
    struct weir_buf all;
    weir_buf_init(&all, 0);
    if (read->lines.count > 1) {
        qsort(read->lines.items, read->lines.count, sizeof *read->lines.items, compare_lines);
    }
    for (size_t i = 0; i < read->lines.count; i++) {
        (void)weir_buf_printf(&all, "%s%s", i ? "\n" : "", read->lines.items[i]);
    }
    assert_string_equal(all.data ? all.data : "", expected);
    weir_buf_free(&all);
    read_free(read);
}

/* --- conformance --- */

static const char *shared(struct box *box, const char *name)
{
    const char *set = getenv("WEIR_SHARED");
    return weir_arena_printf(box->arena, "%s/%s", set ? set : WEIR_SOURCE_DIR "/../shared", name);
}

static const char *slurp(struct box *box, const char *path)
{
    struct weir_buf text;
    weir_buf_init(&text, 0);
    const char *kept = NULL;
    if (weir_fs_read_all(weir_fs_posix(), path, 1 << 20, &text, NULL) == WEIR_OK) {
        kept = weir_arena_strndup(box->arena, text.data ? text.data : "", text.len);
    }
    weir_buf_free(&text);
    return kept;
}

static weir_rc add_name(void *arg, const char *name, const struct weir_file_info *info, struct weir_error *err)
{
    struct lines *names = arg;
    (void)info;
    (void)err;
    push_line(names, name, strlen(name));
    return WEIR_OK;
}

static void copy_tree(struct box *box, const char *from, const char *to)
{
    struct lines names = {0};
    assert_int_equal(weir_fs_list(weir_fs_posix(), from, add_name, &names, NULL), WEIR_OK);
    for (size_t i = 0; i < names.count; i++) {
        const char *source = weir_arena_printf(box->arena, "%s/%s", from, names.items[i]);
        const char *target = weir_arena_printf(box->arena, "%s/%s", to, names.items[i]);
        struct weir_file_info info;
        assert_int_equal(weir_fs_stat(weir_fs_posix(), source, &info, NULL), WEIR_OK);
        if (info.is_dir) {
            copy_tree(box, source, target);
        } else {
            struct weir_buf bytes;
            weir_buf_init(&bytes, 0);
            assert_int_equal(weir_fs_read_all(weir_fs_posix(), source, 1 << 20, &bytes, NULL), WEIR_OK);
            box_bytes(box, target, bytes.data, bytes.len, 1);
            weir_buf_free(&bytes);
        }
    }
    lines_free(&names);
}

/* "a, _metadata.file_name AS n" -> items. False: something that is the SQL engine's. */
static bool parse_select(struct box *box, const char *select, struct read *read)
{
    while (select && *select) {
        const size_t len = strcspn(select, ",");
        char *one = weir_arena_strndup(box->arena, select, len);
        char *as = strstr(one, " AS ");
        const char *output = as ? as + 4 : NULL;
        if (as) {
            *as = '\0';
        }
        while (*one == ' ') {
            one++;
        }
        if (strchr(one, '(')) {
            return false;
        }
        struct weir_item *item = &read->items[read->item_count++];
        const bool metadata = weir_str_starts(weir_str(one), "_metadata.");
        *item = (struct weir_item){.kind = metadata ? WEIR_ITEM_METADATA : WEIR_ITEM_COLUMN,
                                   .name = metadata ? strchr(one, '.') + 1 : one,
                                   .output = output};
        select += len;
        select += *select == ',';
    }
    return true;
}

static const char *replace_root(struct box *box, const char *text, const char *root)
{
    struct weir_buf out;
    weir_buf_init(&out, 0);
    for (const char *at; (at = strstr(text, "<ROOT>")) != NULL; text = at + 6) {
        weir_buf_add(&out, text, (size_t)(at - text));
        weir_buf_add_str(&out, root);
    }
    weir_buf_add_str(&out, text);
    const char *kept = weir_arena_strndup(box->arena, out.data, out.len);
    weir_buf_free(&out);
    return kept;
}

static void split_sorted(const char *text, struct lines *out)
{
    while (*text) {
        const size_t len = strcspn(text, "\n");
        push_line(out, text, len);
        text += len + (text[len] == '\n');
    }
    if (out->count > 1) {
        qsort(out->items, out->count, sizeof *out->items, compare_lines);
    }
}

static bool check_error(struct box *box, const char *name, weir_rc rc)
{
    static const struct {
        const char *name, *condition;
    } known[] = {{"missing_root", "PATH_NOT_FOUND"}, {"modified_after", "FILE_OPTION_UNSUPPORTED"}, {"no_schema", "SOURCE_SCHEMA_MISSING"}};
    for (size_t i = 0; i < 3; i++) {
        if (strcmp(known[i].name, name) == 0) {
            return rc != WEIR_OK && strcmp(box->err.condition, known[i].condition) == 0;
        }
    }
    return rc != WEIR_OK;
}

static bool check_rows(struct box *box, const char *folder, struct read *read)
{
    const char *rows = slurp(box, weir_arena_printf(box->arena, "%s/expected.ndjson", folder));
    const char *schema = slurp(box, weir_arena_printf(box->arena, "%s/expected-schema.txt", folder));
    struct lines expected = {0};
    split_sorted(replace_root(box, rows, box_path(box, "input")), &expected);
    if (read->lines.count > 1) {
        qsort(read->lines.items, read->lines.count, sizeof *read->lines.items, compare_lines);
    }
    bool same = expected.count == read->lines.count;
    for (size_t i = 0; i < expected.count && same; i++) {
        same = strcmp(expected.items[i], read->lines.items[i]) == 0;
    }
    const struct weir_str ddl = weir_str_trim(weir_str(schema));
    const bool same_schema = weir_str_eq(ddl, weir_str(read->schema));
    if (!same || !same_schema) {
        print_error("expected %s, got %s\n", schema, read->schema);
        for (size_t i = 0; i < read->lines.count; i++) {
            print_error("got %s\n", read->lines.items[i]);
        }
    }
    lines_free(&expected);
    return same && same_schema;
}

/* 1 passed, 0 failed, -1 not for this room */
static int run_case(struct box *box, const char *folder, const char *name)
{
    const char *text = slurp(box, weir_arena_printf(box->arena, "%s/case.json", folder));
    const struct weir_json *json;
    struct read read = {.threads = 2};
    assert_non_null(text);
    assert_int_equal(weir_json_parse(box->arena, weir_str(text), &json, NULL), WEIR_OK);
    const struct weir_json *streaming = weir_json_get(json, "streaming");
    bool quirk = false;
    (void)weir_json_bool(weir_json_get(json, "quirk"), &quirk);
    if (quirk || weir_json_get(streaming, "how") || strcmp(weir_json_string(weir_json_get(json, "format")), "csv") != 0 ||
        !parse_select(box, weir_json_string(weir_json_get(json, "select")), &read)) {
        return -1;
    }
    copy_tree(box, weir_arena_printf(box->arena, "%s/input", folder), "input");
    for (const struct weir_json *m = weir_json_get(streaming, "mtimes")->child; m; m = m->next) {
        double seconds;
        assert_true(weir_json_f64(m, &seconds));
        set_mtime(box_path(box, weir_arena_printf(box->arena, "input/%s", m->key.ptr)), seconds);
    }
    weir_options *options = weir_options_new();
    for (const struct weir_json *o = weir_json_get(json, "options")->child; o; o = o->next) {
        weir_options_set(options, weir_arena_strndup(box->arena, o->key.ptr, o->key.len), weir_json_string(o));
    }
    read.ddl = weir_json_string(weir_json_get(json, "schema"));
    read.options = options;
    const weir_rc rc = run_read(box, box_path(box, weir_json_string(weir_json_get(streaming, "path"))), &read);
    weir_options_free(options);
    bool good;
    if (slurp(box, weir_arena_printf(box->arena, "%s/expected-error.txt", folder))) {
        good = check_error(box, name, rc);
    } else {
        good = rc == WEIR_OK && check_rows(box, folder, &read);
    }
    if (!good) {
        print_error("%s: %s %s\n", name, weir_rc_name(rc), box->err.msg);
    }
    read_free(&read);
    return good;
}

static void test_conformance(void **state)
{
    (void)state;
    struct box *box = box_new();
    const char *folder = shared(box, "conformance/text/streaming");
    struct lines names = {0};
    if (weir_fs_list(weir_fs_posix(), folder, add_name, &names, NULL) != WEIR_OK) {
        print_message("skipped: shared data not there\n");
        box_free(box);
        skip();
    }
    int passed = 0;
    int failed = 0;
    for (size_t i = 0; i < names.count; i++) {
        struct box *own = box_new();
        const int verdict = run_case(own, weir_arena_printf(own->arena, "%s/%s", folder, names.items[i]), names.items[i]);
        passed += verdict == 1;
        failed += verdict == 0;
        box_free(own);
    }
    lines_free(&names);
    box_free(box);
    print_message("%d cases\n", passed + failed);
    assert_int_equal(failed, 0);
    assert_true(passed >= 18);
}

/* --- beyond --- */

static void test_items(void **state)
{
    (void)state;
    struct box *box = box_new();
    box_bytes(box, "in/p=1/a.csv", "1,x\n2,y\n", 8, 1000);
    box_bytes(box, "in/p=2.5/b.csv", "3,z\n", 4, 1001);
    box_bytes(box, "in/p=__HIVE_DEFAULT_PARTITION__/c.csv", "4,w\n", 4, 1002);
    struct read read = {.ddl = "a INT, b STRING", .threads = 1, .item_count = 5};
    read.items[0] = (struct weir_item){.kind = WEIR_ITEM_COLUMN, .name = "B", .output = "bb"};
    read.items[1] = (struct weir_item){.kind = WEIR_ITEM_COLUMN, .name = "p"};
    read.items[2] = (struct weir_item){.kind = WEIR_ITEM_LITERAL, .name = "l", .type = weir_type_of(WEIR_TYPE_INT), .value = {.i = 7}};
    read.items[3] = (struct weir_item){.kind = WEIR_ITEM_LITERAL, .name = "n", .type = weir_type_of(WEIR_TYPE_DATE), .is_null = true};
    read.items[4] = (struct weir_item){.kind = WEIR_ITEM_METADATA, .name = "FILE_SIZE", .output = "s"};
    assert_rows(box, "in", &read,
                "{\"bb\":\"w\",\"p\":null,\"l\":7,\"n\":null,\"s\":4}\n"
                "{\"bb\":\"x\",\"p\":1.0,\"l\":7,\"n\":null,\"s\":8}\n"
                "{\"bb\":\"y\",\"p\":1.0,\"l\":7,\"n\":null,\"s\":8}\n"
                "{\"bb\":\"z\",\"p\":2.5,\"l\":7,\"n\":null,\"s\":4}");
    assert_string_equal(read.schema, "bb STRING,p DOUBLE,l INT,n DATE,s BIGINT NOT NULL");
    assert_int_equal(read.result.rows, 4);
    assert_int_equal(read.result.files[0].rows, 2);
    read.item_count = 1;
    read.items[0] = (struct weir_item){.kind = WEIR_ITEM_COLUMN, .name = "nope"};
    assert_int_equal(run_read(box, box_path(box, "in"), &read), WEIR_NOT_FOUND);
    assert_string_equal(box->err.condition, "SOURCE_COLUMN_NOT_FOUND");
    box_free(box);
}

static void test_metadata_whole(void **state)
{
    (void)state;
    struct box *box = box_new();
    box_bytes(box, "in/a.csv", "1\nx\n2\n", 6, 1000);
    box_bytes(box, "in/b.csv", "y\n3\n", 4, 1001);
    weir_options *options = weir_options_new();
    weir_options_set(options, "mode", "DROPMALFORMED");
    struct read read = {.ddl = "a INT", .options = options, .threads = 1, .item_count = 2};
    read.items[0] = (struct weir_item){.kind = WEIR_ITEM_COLUMN, .name = "a"};
    read.items[1] = (struct weir_item){.kind = WEIR_ITEM_METADATA_ALL, .name = "_metadata"};
    const char *meta_a = weir_arena_printf(box->arena, "{\"file_path\":\"file:%s/in/a.csv\",\"file_name\":\"a.csv\",\"file_size\":6,\"file_block_start\":0,"
                                                       "\"file_block_length\":6,\"file_modification_time\":\"1970-01-01T00:16:40.000000Z\"}", box->dir);
    const char *meta_b = weir_arena_printf(box->arena, "{\"file_path\":\"file:%s/in/b.csv\",\"file_name\":\"b.csv\",\"file_size\":4,\"file_block_start\":0,"
                                                       "\"file_block_length\":4,\"file_modification_time\":\"1970-01-01T00:16:41.000000Z\"}", box->dir);
    assert_rows(box, "in", &read,
                weir_arena_printf(box->arena, "{\"a\":1,\"_metadata\":%s}\n{\"a\":2,\"_metadata\":%s}\n{\"a\":3,\"_metadata\":%s}", meta_a, meta_a, meta_b));
    weir_options_free(options);
    box_free(box);
}

static void test_declared_partition_type(void **state)
{
    (void)state;
    struct box *box = box_new();
    box_bytes(box, "in/p=01/a.csv", "1,x\n", 4, 1000);
    struct read read = {.ddl = "P STRING, a INT, b STRING", .threads = 1};
    assert_rows(box, "in", &read, "{\"a\":1,\"b\":\"x\",\"P\":\"01\"}"); /* behind the data, by the user's name and type */
    read.ddl = "a INT, b STRING, p BIGINT";
    assert_rows(box, "in", &read, "{\"a\":1,\"b\":\"x\",\"p\":1}");
    read.ddl = "a INT, b STRING, p DATE";
    assert_int_equal(run_read(box, box_path(box, "in"), &read), WEIR_INVALID);
    assert_string_equal(box->err.condition, "PARTITION_VALUE_INVALID");
    assert_non_null(strstr(box->err.msg, "p=01/a.csv"));
    read_free(&read);
    box_free(box);
}

static void test_missing_files(void **state)
{
    (void)state;
    struct box *box = box_new();
    box_file(box, "in/a.csv", 1000);
    box_file(box, "in/b.csv", 1001);
    weir_options *options = weir_options_new();
    weir_schema *schema;
    weir_text_reader *reader;
    assert_int_equal(weir_schema_parse_ddl(box->arena, WEIR_STR("a INT, b STRING"), &schema, NULL), WEIR_OK);
    assert_int_equal(box_list(box, "in"), WEIR_OK);
    assert_int_equal(unlink(box_path(box, "in/b.csv")), 0);
    for (int ignore = 0; ignore < 2; ignore++) {
        weir_options_set(options, "ignoreMissingFiles", ignore ? "true" : "false");
        const struct weir_text_source source = {.format = "CSV", .root = box->dir, .options = options, .schema = schema};
        struct read read = {.threads = 1};
        assert_int_equal(weir_text_reader_new(weir_fs_posix(), &source, &reader, &box->err), WEIR_OK);
        const weir_rc rc = run_bound(box, &read, reader);
        assert_int_equal(rc, ignore ? WEIR_OK : WEIR_CONFLICT);
        if (ignore) {
            assert_int_equal(read.lines.count, 1);
            assert_true(read.result.files[1].missing);
            assert_int_equal(read.result.files[0].rows, 1);
        }
        read_free(&read);
        weir_text_reader_free(reader);
    }
    weir_options_free(options);
    box_free(box);
}

static void test_bind_keeps_types(void **state)
{
    (void)state;
    struct box *box = box_new();
    weir_schema *schema;
    weir_text_reader *reader;
    struct read read = {.threads = 1};
    assert_int_equal(weir_schema_parse_ddl(box->arena, WEIR_STR("a INT, b STRING"), &schema, NULL), WEIR_OK);
    const struct weir_text_source source = {.format = "csv", .root = box->dir, .schema = schema};
    assert_int_equal(weir_text_reader_new(weir_fs_posix(), &source, &reader, &box->err), WEIR_OK);
    box_file(box, "in/p=1/a.csv", 1000);
    assert_int_equal(box_list(box, "in"), WEIR_OK);
    assert_int_equal(weir_text_reader_bind(reader, box->files, box->count, box->columns, box->column_count, &box->err), WEIR_OK);
    assert_int_equal(weir_text_reader_schema(reader)->fields[2].type.id, WEIR_TYPE_INT);
    box_file(box, "in/p=x/b.csv", 1001);
    assert_int_equal(box_list(box, "in"), WEIR_OK);
    assert_int_equal(weir_text_reader_bind(reader, box->files, box->count, box->columns, box->column_count, &box->err), WEIR_OK);
    assert_int_equal(weir_text_reader_schema(reader)->fields[2].type.id, WEIR_TYPE_INT);
    assert_int_equal(run_bound(box, &read, reader), WEIR_INVALID);
    assert_string_equal(box->err.condition, "PARTITION_VALUE_INVALID");
    read_free(&read);
    /* A planned file that is run again: its values come from its path. */
    box->count = 1;
    box->files[0].partition_values = NULL;
    assert_int_equal(run_bound(box, &read, reader), WEIR_OK);
    assert_int_equal(read.lines.count, 1);
    assert_string_equal(read.lines.items[0], "{\"a\":1,\"b\":\"x\",\"p\":1}");
    read_free(&read);
    box_file(box, "other/q=1/a.csv", 1);
    assert_int_equal(box_list(box, "other"), WEIR_OK);
    assert_int_equal(weir_text_reader_bind(reader, box->files, box->count, box->columns, box->column_count, &box->err), WEIR_CONFLICT);
    assert_string_equal(box->err.condition, "PARTITION_COLUMNS_CHANGED");
    weir_text_reader_free(reader);
    box_free(box);
}

static void test_refusals(void **state)
{
    (void)state;
    struct box *box = box_new();
    weir_schema *schema;
    weir_text_reader *reader;
    assert_int_equal(weir_schema_parse_ddl(box->arena, WEIR_STR("a INT"), &schema, NULL), WEIR_OK);
    const struct weir_text_source orc = {.format = "orc", .root = box->dir, .schema = schema};
    assert_int_equal(weir_text_reader_new(weir_fs_posix(), &orc, &reader, &box->err), WEIR_UNSUPPORTED);
    assert_non_null(strstr(box->err.msg, "orc"));
    weir_options *options = weir_options_new();
    weir_options_set(options, "headr", "true");
    const struct weir_text_source unknown = {.format = "csv", .root = box->dir, .schema = schema, .options = options};
    assert_int_not_equal(weir_text_reader_new(weir_fs_posix(), &unknown, &reader, &box->err), WEIR_OK);
    assert_non_null(strstr(box->err.msg, "headr"));
    assert_null(reader);
    weir_options_free(options);
    box_free(box);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conformance),     cmocka_unit_test(test_items),
        cmocka_unit_test(test_metadata_whole),  cmocka_unit_test(test_declared_partition_type),
        cmocka_unit_test(test_missing_files),   cmocka_unit_test(test_bind_keeps_types),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
