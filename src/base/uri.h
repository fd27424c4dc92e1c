/* uri.h - how paths are spelled: in a Delta log, in Spark's checkpoint, in hive folders.
 * Sources: ../shared/reference delta-format 2.7 and A.4, spark-streaming 1.7 (golden tables in tests). */
#pragma once
#include "base/mem.h"

/* The spelling in add.path: percent-encode what a URI may not hold (delta-format A.4 `uri`). Appends. */
void weir_uri_encode_delta(struct weir_buf *out, struct weir_str path);
/* One percent-decoding. False: a '%' not followed by two hex digits (then the text is appended as it is). */
bool weir_uri_decode(struct weir_buf *out, struct weir_str text);
/* Hive folder escaping of a column name or value, and back. */
void weir_hive_escape(struct weir_buf *out, struct weir_str text);
void weir_hive_unescape(struct weir_buf *out, struct weir_str text);
/* Spark's checkpoint spelling: absolute path -> "file:///a%20b.csv" (spark-streaming 1.7: ASCII rule, Unicode spaces and
 * controls), and back (false: not a file: URI). */
void weir_uri_from_path(struct weir_buf *out, struct weir_str absolute_path);
bool weir_uri_to_path(struct weir_buf *out, struct weir_str uri);
/* _metadata.file_path: as above with a single slash, "file:/a%20b.csv"; file_name: the encoded last component. */
void weir_uri_metadata_path(struct weir_buf *out, struct weir_str absolute_path);
void weir_uri_encode_component(struct weir_buf *out, struct weir_str name);

/* Lexical path work: no file is touched. */
/* Absolute, without ".", "..", "//" and trailing "/"; relative ones are joined to `base` (NULL: the working folder). Heap. */
char *weir_path_absolute(const char *base, const char *path);
char *weir_path_join(const char *a, const char *b); /* heap */
struct weir_str weir_path_name(const char *path);   /* last component */
char *weir_path_parent(const char *path);           /* heap; "/" for the root */
bool weir_path_is_within(const char *path, const char *folder); /* equal counts as within */

/* Glob as Hadoop's: * ? [a-b] [^a] {a,b} and backslash. '*' and '?' never match '/'. */
bool weir_glob_match(const char *pattern, const char *text);
bool weir_glob_is(const char *path); /* holds any of {}[]*?\ */
