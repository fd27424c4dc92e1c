/* json.h - JSON in and out (RFC 8259).
 *
 * Reading gives a tree in an arena; numbers keep their text, so 64-bit integers and decimals lose nothing. Duplicate keys
 * are kept; get returns the last, as Jackson does. Depth is bounded (WEIR_JSON_DEPTH_MAX). */
#pragma once
#include "base/mem.h"

enum weir_json_kind {
    WEIR_JSON_NULL, WEIR_JSON_FALSE, WEIR_JSON_TRUE, WEIR_JSON_NUMBER, WEIR_JSON_STRING, WEIR_JSON_ARRAY,
    WEIR_JSON_OBJECT
};
#define WEIR_JSON_DEPTH_MAX 512

struct weir_json {
    enum weir_json_kind kind;
    struct weir_str key;    /* unescaped; inside an object only */
    struct weir_str text;   /* unescaped string (NUL-terminated), or the number's own text */
    struct weir_str raw;    /* the value's bytes in the input, as they stood */
    size_t count;           /* children */
    struct weir_json *child; /* first child */
    struct weir_json *next;  /* next sibling */
};

/* One JSON value with nothing but white space round it. The text is borrowed: it must outlive the tree (raw points into it).
 * WEIR_CORRUPT with err->offset, line and column. */
weir_rc weir_json_parse(weir_arena *arena, struct weir_str text, const struct weir_json **out, struct weir_error *err)
    WEIR_MUST_USE;
/* All of these take NULL or another kind as "absent". */
const struct weir_json *weir_json_get(const struct weir_json *object, const char *key);
const char *weir_json_string(const struct weir_json *value); /* NULL unless a string */
bool weir_json_i64(const struct weir_json *value, int64_t *out); /* number with integer text, in range */
bool weir_json_f64(const struct weir_json *value, double *out);
bool weir_json_bool(const struct weir_json *value, bool *out);

/* A streaming writer into a buffer. Commas are its business. Compact output, no spaces. */
struct weir_jsonw {
    struct weir_buf *buf;
    uint64_t comma[WEIR_JSON_DEPTH_MAX / 64]; /* private */
    int depth;                               /* private */
    bool after_key;                          /* private */
    bool ascii; /* set: escape everything beyond ASCII as \uXXXX; a byte that is not UTF-8 as \udc80 to \udcff */
};
void weir_jsonw_init(struct weir_jsonw *w, struct weir_buf *buf);
void weir_jsonw_object(struct weir_jsonw *w);
void weir_jsonw_end_object(struct weir_jsonw *w);
void weir_jsonw_array(struct weir_jsonw *w);
void weir_jsonw_end_array(struct weir_jsonw *w);
void weir_jsonw_key(struct weir_jsonw *w, const char *key);
void weir_jsonw_key_view(struct weir_jsonw *w, struct weir_str key);
void weir_jsonw_string(struct weir_jsonw *w, const char *text); /* NULL writes null */
void weir_jsonw_view(struct weir_jsonw *w, struct weir_str text);
void weir_jsonw_i64(struct weir_jsonw *w, int64_t value);
void weir_jsonw_f64(struct weir_jsonw *w, double value); /* shortest that reads back; NaN and infinities as strings */
void weir_jsonw_bool(struct weir_jsonw *w, bool value);
void weir_jsonw_null(struct weir_jsonw *w);
void weir_jsonw_raw(struct weir_jsonw *w, struct weir_str json); /* trusted JSON text as it is */
/* key + value in one call */
void weir_jsonw_kv(struct weir_jsonw *w, const char *key, const char *text);
void weir_jsonw_kv_i64(struct weir_jsonw *w, const char *key, int64_t value);
void weir_jsonw_kv_bool(struct weir_jsonw *w, const char *key, bool value);
/* Escape into a buffer without quotes. */
void weir_json_escape(struct weir_buf *buf, struct weir_str text);

/* Shortest decimal text that reads back to the same value, locale-free, as Python's repr: "0.1", "100.0", "1e+30", "1e-05";
 * "NaN", "Infinity", "-Infinity". NUL-terminated; out holds 32 bytes. Returns length. */
size_t weir_f64_text(double value, char *out);
size_t weir_f32_text(float value, char *out);
/* Java's Double.toString / Float.toString (JDK 19+ shortest digits; "1.0E10", "NaN", "Infinity"), as Spark prints. */
size_t weir_f64_java(double value, char *out);
size_t weir_f32_java(float value, char *out);
