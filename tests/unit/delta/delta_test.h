/* delta_test.h - tables to play with: copies of logs, a state as text, small tables made by hand. */
#pragma once
#include "unit/test_util.h"
#include "delta/delta.h"

#include <dirent.h>
#include <fcntl.h>

static inline void check_ok(weir_rc rc, const struct weir_error *err)
{
    if (rc != WEIR_OK) {
        fail_msg("%s %s: %s", weir_rc_name(rc), err->condition, err->msg);
    }
}

/* Copy the files of a folder (with _sidecars); `keep` says which names. */
static inline void copy_folder(const char *from, const char *to, bool (*keep)(const char *name))
{
    DIR *dir = opendir(from);
    assert_non_null(dir);
    (void)mkdir(to, 0755);
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 || (keep && !keep(entry->d_name))) {
            continue;
        }
        char *source = weir_path_join(from, entry->d_name);
        char *target = weir_path_join(to, entry->d_name);
        struct stat info;
        assert_int_equal(stat(source, &info), 0);
        if (S_ISDIR(info.st_mode)) {
            copy_folder(source, target, keep);
        } else {
            size_t len = 0;
            char *bytes = test_read_file(source, &len);
            test_write_file(target, bytes, len);
            weir_free(bytes);
            struct timespec times[2] = {info.st_atim, info.st_mtim};
            assert_int_equal(utimensat(AT_FDCWD, target, times, 0), 0);
        }
        weir_free(source);
        weir_free(target);
    }
    closedir(dir);
}

static inline int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The state as text: protocol, metadata, files in any order, for comparing. Heap. */
static inline char *state_text(const weir_snapshot *snapshot)
{
    struct weir_buf out;
    weir_buf_init(&out, 0);
    const struct weir_protocol *protocol = weir_snapshot_protocol(snapshot);
    const struct weir_metadata *meta = weir_snapshot_metadata(snapshot);
    weir_buf_printf(&out, "version %lld protocol %d %d id %s schema ", (long long)weir_snapshot_version(snapshot), protocol->reader, protocol->writer, meta->id ? meta->id : "-");
    weir_schema_print_json(&out, meta->schema);
    weir_buf_add_char(&out, '\n');
    size_t count = weir_snapshot_file_count(snapshot);
    char **lines = weir_calloc(count + 1, sizeof *lines);
    for (size_t i = 0; i < count; i++) {
        const struct weir_add *add = weir_snapshot_file(snapshot, i);
        struct weir_buf line;
        weir_buf_init(&line, 0);
        weir_buf_printf(&line, "%s %lld %lld", add->path, (long long)add->size, (long long)add->modification_time_ms);
        for (size_t k = 0; k < add->partition_count; k++) {
            weir_buf_printf(&line, " %s=%s", add->partition_values[k].name, add->partition_values[k].value ? add->partition_values[k].value : "NULL");
        }
        lines[i] = weir_buf_take(&line);
    }
    qsort(lines, count, sizeof *lines, by_text);
    for (size_t i = 0; i < count; i++) {
        weir_buf_printf(&out, "%s\n", lines[i]);
        weir_free(lines[i]);
    }
    weir_free(lines);
    return weir_buf_take(&out);
}
