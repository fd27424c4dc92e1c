/* The tables of others: every line of the two INDEX.tsv either loads and its state is right, or is refused by the name of what the table uses.
 * Again without _last_checkpoint, .crc and compacted files; again without checkpoints where all commits are there; each version that has an
 * expectation. WEIR_CONFORMANCE_LIST=1 prints what was refused. */
#include "unit/delta/delta_test.h"

#include "base/time.h"

struct line {
    char *fields[8];
};
struct tally {
    int loaded, refused, rejected, versions, without_checkpoint;
    int failures;
};

static struct line split(char *text)
{
    struct line line = {{0}};
    for (int i = 0; i < 8; i++) {
        line.fields[i] = text ? text : (char *)(uintptr_t)"";
        char *tab = text ? strchr(text, '\t') : NULL;
        if (tab) {
            *tab = 0;
        }
        text = tab ? tab + 1 : NULL;
    }
    return line;
}

static bool no_hints(const char *name)
{
    return strcmp(name, "_last_checkpoint") != 0 && !weir_str_ends(weir_str(name), ".crc") && !weir_str_ends(weir_str(name), ".compacted.json");
}

static bool no_checkpoints(const char *name)
{
    return no_hints(name) && !strstr(name, ".checkpoint.") && strcmp(name, "_sidecars") != 0;
}

#define COMPLAIN(tally, ...) (fprintf(stderr, "FAILED "), fprintf(stderr, __VA_ARGS__), fprintf(stderr, "\n"), (tally)->failures++)

static const char *const refusable[] = {"deletionVectors", "columnMapping", "typeWidening", "variantType", "variantShredding", "catalogManaged", "catalogOwned", "geospatial", NULL};

/* The name that a refusal gives, if it is one of a feature that this table has by its index line. */
static const char *refused_feature(const struct line *line, const struct weir_error *err)
{
    for (size_t i = 0; refusable[i]; i++) {
        bool named = strstr(err->msg, refusable[i]) != NULL;
        bool used = strstr(line->fields[5], refusable[i]) || strstr(line->fields[1], refusable[i]) || strstr(line->fields[2], refusable[i]) ||
                    (strcmp(refusable[i], "columnMapping") == 0 && strstr(line->fields[5], "(2,5)"));
        if (named && used) {
            return refusable[i];
        }
    }
    return NULL;
}

static void check_protocol(struct tally *t, const struct line *line, const weir_snapshot *snapshot)
{
    int reader = 0;
    int writer = 0;
    const struct weir_protocol *protocol = weir_snapshot_protocol(snapshot);
    if (sscanf(line->fields[5], "(%d,%d)", &reader, &writer) != 2) {
        return;
    }
    if (protocol->reader != reader || protocol->writer != writer) {
        COMPLAIN(t, "%s: protocol (%d,%d), expected %s", line->fields[0], protocol->reader, protocol->writer, line->fields[5]);
    }
    for (size_t i = 0; i < protocol->writer_feature_count; i++) {
        if (!strstr(line->fields[5], protocol->writer_features[i])) {
            COMPLAIN(t, "%s: feature %s is not in %s", line->fields[0], protocol->writer_features[i], line->fields[5]);
        }
    }
}

static void check_state(struct tally *t, const struct line *line, const weir_snapshot *snapshot)
{
    const char *files = strstr(line->fields[2], " live file");
    int64_t rows = weir_snapshot_row_count(snapshot);
    int64_t want = 0;
    bool approximate = strstr(line->fields[2], "STATE") || strstr(line->fields[2], "data absent");
    if (weir_str_to_i64(weir_str(line->fields[4]), &want) && want != weir_snapshot_version(snapshot)) {
        COMPLAIN(t, "%s: version %lld, expected %s", line->fields[0], (long long)weir_snapshot_version(snapshot), line->fields[4]);
    }
    if (!approximate && rows >= 0 && weir_str_to_i64(weir_str(line->fields[3]), &want) && want != rows) {
        COMPLAIN(t, "%s: %lld rows, expected %s", line->fields[0], (long long)rows, line->fields[3]);
    }
    if (files) {
        const char *digits = files;
        while (digits > line->fields[2] && digits[-1] >= '0' && digits[-1] <= '9') {
            digits--;
        }
        if ((size_t)atol(digits) != weir_snapshot_file_count(snapshot)) {
            COMPLAIN(t, "%s: %zu files, expected %.20s", line->fields[0], weir_snapshot_file_count(snapshot), digits);
        }
    }
    check_protocol(t, line, snapshot);
}

static bool must_reject(const struct line *line)
{
    return strstr(line->fields[2], "REJECT READ") != NULL && !strstr(line->fields[2], "READ v");
}

/* The word in backquotes after "must name". */
static bool names_reason(const struct line *line, const char *message)
{
    const char *at = strstr(line->fields[2], "must name `");
    if (!at) {
        return true;
    }
    at += strlen("must name `");
    char word[64] = {0};
    for (size_t i = 0; i < sizeof word - 1 && at[i] && at[i] != '`'; i++) {
        word[i] = at[i];
    }
    return strstr(message, word) != NULL;
}

/* Loads the table at `path`; true if it gave a snapshot. */
static bool load(struct tally *t, const struct line *line, const char *path, char **state_out, bool count)
{
    struct weir_error err = {0};
    weir_snapshot *snapshot = NULL;
    weir_delta *table = weir_delta_open(weir_fs_posix(), path);
    weir_rc rc = weir_delta_snapshot(table, &snapshot, &err);
    bool loaded = rc == WEIR_OK;
    bool may_be_empty = strstr(line->fields[2], "or REJECT with a message that names the file") != NULL;
    *state_out = NULL;
    if (must_reject(line) || (may_be_empty && !loaded)) {
        t->rejected += count;
        if (loaded || !names_reason(line, err.msg)) {
            COMPLAIN(t, "%s: %s; %s", line->fields[0], loaded ? "was read" : err.msg, line->fields[2]);
        }
    } else if (loaded) {
        t->loaded += count;
        check_state(t, line, snapshot);
        *state_out = state_text(snapshot);
    } else if (rc == WEIR_UNSUPPORTED && refused_feature(line, &err)) {
        t->refused += count;
        if (count && getenv("WEIR_CONFORMANCE_LIST")) {
            print_message("refused\t%s\t%s\n", refused_feature(line, &err), line->fields[0]);
        }
    } else {
        COMPLAIN(t, "%s: %s %s", line->fields[0], weir_rc_name(rc), err.msg);
    }
    weir_snapshot_unref(snapshot);
    weir_delta_close(table);
    return loaded;
}

/* The same on a copy of the log that lacks files. */
static void load_copy(struct tally *t, const struct line *line, const char *path, bool (*keep)(const char *), const char *expected, const char *what)
{
    char *copy = test_make_folder();
    char *from = weir_path_join(path, "_delta_log");
    char *to = weir_path_join(copy, "_delta_log");
    char *state = NULL;
    copy_folder(from, to, keep);
    bool loaded = load(t, line, copy, &state, false);
    if (expected && (!loaded || strcmp(expected, state) != 0)) {
        COMPLAIN(t, "%s: another state %s:\n%s\ninstead of\n%s", line->fields[0], what, state ? state : "none", expected);
    }
    weir_free(state);
    weir_free(from);
    weir_free(to);
    test_remove_folder(copy);
}

static bool all_commits(const char *path, int64_t version)
{
    for (int64_t v = 0; v <= version; v++) {
        char *file = weir_asprintf("%s/_delta_log/%020lld.json", path, (long long)v);
        bool there = access(file, R_OK) == 0;
        weir_free(file);
        if (!there) {
            return false;
        }
    }
    return true;
}

static int64_t count_lines(const char *path)
{
    size_t len = 0;
    int64_t lines = 0;
    char *text = test_read_file(path, &len);
    for (size_t i = 0; i < len; i++) {
        lines += text[i] == '\n';
    }
    lines += len > 0 && text[len - 1] != '\n';
    weir_free(text);
    return lines;
}

/* Expectations of single versions: <path>@v<N>.ndjson, @v<N>.reject, @t<time>.ndjson. */
static void check_versions(struct tally *t, const struct line *line, const char *path, const char *root)
{
    char *folder = weir_asprintf("%s/EXPECTED-DERIVED", root);
    DIR *dir = strchr(line->fields[0], '/') ? NULL : opendir(folder);
    weir_delta *table = weir_delta_open(weir_fs_posix(), path);
    size_t len = strlen(line->fields[0]);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        const char *name = entry->d_name;
        if (strncmp(name, line->fields[0], len) != 0 || name[len] != '@' || (name[len + 1] != 'v' && name[len + 1] != 't')) {
            continue;
        }
        struct weir_error err = {0};
        weir_snapshot *snapshot = NULL;
        int64_t version = atol(name + len + 2);
        weir_rc rc = WEIR_OK;
        if (name[len + 1] == 't') {
            int year = 0, month = 0, day = 0, hour = 0, minute = 0;
            double second = 0;
            assert_int_equal(sscanf(name + len + 2, "%d-%d-%d%*c%2d%2d%lf", &year, &month, &day, &hour, &minute, &second), 6);
            int64_t us = (((weir_days_from_civil(year, month, day) * 24 + hour) * 60 + minute) * 60) * 1000000 + (int64_t)(second * 1e6 + 0.5);
            rc = weir_delta_version_at_time(table, us, &version, &err);
        }
        if (rc == WEIR_OK) {
            rc = weir_delta_snapshot_at(table, version, &snapshot, &err);
        }
        bool reject = weir_str_ends(weir_str(name), ".reject");
        char *expected = weir_path_join(folder, name);
        if (reject ? rc == WEIR_OK : (rc != WEIR_OK && !(rc == WEIR_UNSUPPORTED && refused_feature(line, &err)))) {
            COMPLAIN(t, "%s: %s %s", name, weir_rc_name(rc), err.msg);
        }
        if (rc == WEIR_OK && !reject && weir_snapshot_row_count(snapshot) >= 0 && weir_snapshot_row_count(snapshot) != count_lines(expected)) {
            COMPLAIN(t, "%s: %lld rows, expected %lld", name, (long long)weir_snapshot_row_count(snapshot), (long long)count_lines(expected));
        }
        t->versions++;
        weir_free(expected);
        weir_snapshot_unref(snapshot);
    }
    if (dir) {
        closedir(dir);
    }
    weir_delta_close(table);
    weir_free(folder);
}

static void run_index(const char *name, struct tally *t)
{
    char *root = TEST_SHARED(name);
    char *index = weir_path_join(root, "INDEX.tsv");
    char *text = test_read_file(index, NULL);
    bool header = true;
    for (char *at = text, *each; (each = test_next_line(&at));) {
        if (header || !each[0]) {
            header = false;
            continue;
        }
        struct line line = split(each);
        char *path = weir_path_join(root, line.fields[0]);
        char *log = weir_path_join(path, "_delta_log");
        char *state = NULL;
        bool loaded = load(t, &line, path, &state, true);
        if (access(log, R_OK) == 0) {
            load_copy(t, &line, path, no_hints, state, "without hints");
            int64_t version = 0;
            if (loaded && weir_str_to_i64(weir_str(line.fields[4]), &version) && all_commits(path, version)) {
                load_copy(t, &line, path, no_checkpoints, state, "without checkpoints");
                t->without_checkpoint++;
            }
            check_versions(t, &line, path, root);
        }
        weir_free(state);
        weir_free(log);
        weir_free(path);
    }
    weir_free(text);
    weir_free(index);
    weir_free(root);
}

static void tables_of_others(void **state)
{
    (void)state;
    struct tally t = {0};
    run_index("conformance/delta", &t);
    print_message("%d loaded, %d refused by name, %d rejected, %d replayed without checkpoints\n", t.loaded, t.refused, t.rejected, t.without_checkpoint);
    assert_int_equal(t.failures, 0);
    assert_true(t.loaded > 100);
}

static void tables_of_spark_43(void **state)
{
    (void)state;
    struct tally t = {0};
    run_index("conformance/delta/spark43", &t);
    print_message("%d loaded, %d refused by name, %d rejected, %d replayed without checkpoints, %d versions\n", t.loaded, t.refused, t.rejected, t.without_checkpoint, t.versions);
    assert_int_equal(t.failures, 0);
    assert_true(t.loaded > 30 && t.versions > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_of_others),
        cmocka_unit_test(tables_of_spark_43),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
