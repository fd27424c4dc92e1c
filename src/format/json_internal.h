/* json_internal.h - JSON text: tokens, values, records. What is an error, and where reading goes on behind one, is Jackson's UTF8StreamJsonParser; what becomes of a
 * value in a column is Spark's JacksonParser.
 *
 * Reading order: json_token.c (text -> tokens), json_text.c (strings, base64, copies), json_parse.c (the text of a cell -> value), json_value.c (tokens -> the fields of
 * a record), json_rows.c (lines -> rows), json_infer.c. */
#pragma once
#include "format/run_internal.h"

/* --- tokens --- */

enum weiri_json_token {
    JSON_NOTHING, /* before the first token, behind the last, and where an error left none */
    JSON_OBJECT, JSON_OBJECT_END, JSON_ARRAY, JSON_ARRAY_END, JSON_NAME, JSON_STRING, JSON_INT, JSON_FLOAT, JSON_TRUE, JSON_FALSE, JSON_NULL
};
struct weiri_json_level {
    enum { JSON_IN_ROOT, JSON_IN_ARRAY, JSON_IN_OBJECT } kind;
    bool begun; /* something stood here: a comma comes before the next */
    struct weir_str name;
};
/* One document. A token's text is in [from, at); of a string, only once it is finished. */
struct weiri_json {
    const struct weiri_json_rules *rules;
    weir_arena *arena; /* the caller's: names and texts that do not stand in the text as they are */
    const char *text, *at, *end;
    const char *from;
    enum weiri_json_token token;
    enum weiri_json_token value; /* what follows the name: it is read with the name */
    bool open;                   /* the string is not finished */
    struct weiri_json_level *levels;
    size_t depth, level_cap;
    const char *why; /* of the first error; NULL = none so far */
    const char *where;
};
/* `levels` and `level_cap` stay from document to document; zeroed before the first. */
void weiri_json_begin(struct weiri_json *j, const struct weiri_json_rules *rules, weir_arena *arena, const char *text, size_t len);
void weiri_json_free(struct weiri_json *j);
/* The next token is in j->token. False: an error; what is asked for then begins behind it. */
bool weiri_json_next(struct weiri_json *j);
/* Reads the current string to its end. */
bool weiri_json_finish(struct weiri_json *j);
/* At the beginning of an object or an array: to its end. Otherwise nothing. */
bool weiri_json_skip(struct weiri_json *j);
/* The name that the current token has. */
struct weir_str weiri_json_name(const struct weiri_json *j);
/* One escape; `at` is behind the backslash. False: it is none. */
bool weiri_json_escape(const struct weiri_json_rules *rules, const char **at, const char *end, uint32_t *unit);
/* Notes the error, if it is the first. False. */
bool weiri_json_fail(struct weiri_json *j, const char *why);

/* --- texts --- */

/* UTF-16 units into UTF-8: pairs become one character, halves a question mark. */
struct weiri_units {
    char *out;
    size_t len;
    uint32_t high; /* a half that waits; 0 = none */
};
void weiri_units_add(struct weiri_units *u, uint32_t unit);
void weiri_units_end(struct weiri_units *u);
/* A character of more than one byte, as lenient as Jackson; its units. 0: broken. `at` is at its first byte. */
int weiri_json_char(const char **at, const char *end, uint32_t units[2]);
/* The text that a finished string stands for (what is between its quotes). `out` holds 3 * len bytes (an escape has more than it gives). Returns the length. */
size_t weiri_json_unescape(const struct weiri_json_rules *rules, const char *text, size_t len, char *out);
/* Does the string stand in the text as it is? */
bool weiri_json_is_plain(const char *text, size_t len);
/* The current string, not yet read, as base64; *out in the arena. False: it is none; the rest of the string is still to be read. */
bool weiri_json_base64(struct weiri_json *j, struct weir_str *out);
/* The same of a text. */
bool weiri_base64(weir_arena *arena, const char *text, size_t len, struct weir_str *out);
/* The current value, written anew by Jackson's generator. */
bool weiri_json_copy(struct weiri_json *j, struct weir_buf *out);

/* --- cells --- */

/* A cell of a JSON column is its token as it stands in the text, quotes and all - or this sign and then the value itself. */
#define WEIRI_JSON_AS_IS '='
struct weir_text_parser *weiri_json_parser_new(const struct weir_type *type, const struct weir_format *format);
void weiri_json_parser_free(struct weir_text_parser *parser);

/* --- records --- */

struct weiri_json_shape { /* how a type is read */
    const struct weir_type *type;
    struct weir_str name;             /* of the field that it is */
    struct weir_text_parser *parser;  /* of a primitive type */
    struct weiri_json_shape *children;
    weir_map *names;                  /* of a struct with many fields: name -> child */
};
struct weiri_json_node { /* a value of a nested column */
    bool null;
    union weir_value value;
    struct weiri_json_node *items; /* struct: one a field; array; map: key, value, .. */
    size_t count;
};
struct weiri_json_rescued { /* a field that did not fit, as it stands in the text */
    struct weir_str name, text;
    struct weiri_json_rescued *next;
};
struct weiri_json_row {
    struct weiri_json_rescued *rescued;
    struct weir_cell *cells; /* one a field; of a nested column ptr is its node */
    bool bad;                /* already known; a cell may still be */
};
struct weiri_json_record {
    struct weiri_json_row *rows;
    size_t count, cap;
};
struct weiri_json_reader {
    struct weiri_json json;
    struct weiri_json_shape root; /* the fields of the text */
    weir_arena *arena;            /* of the batch */
    bool rescue;                  /* what does not fit is kept and spoils no record */
    bool exact;                   /* values into STRING keep their text */
    struct weiri_json_record record; /* rows in the arena, but for the cells of the first */
    struct weir_cell *first;      /* these; reused from record to record */
    uint8_t *seen;                /* per field: did it come in the row at hand? */
};
struct weiri_json_reader *weiri_json_reader_new(const struct weir_format *format);
void weiri_json_reader_free(struct weiri_json_reader *r);
/* The rows of one document. A document that cannot be read is one bad row without values. */
void weiri_json_read(struct weiri_json_reader *r, struct weir_str text);
/* Nodes into a column. */
void weiri_json_emit(weir_builder *builder, const struct weir_type *type, const struct weiri_json_node *node);
/* Why a document is bad, in words; the byte of the text that it is about, from 1, 0 = none. */
int64_t weiri_json_explain(struct weiri_json_reader *r, struct weir_str text, char *out, size_t out_len);

/* --- rows (json_rows.c) --- */

/* The text of a line (false: bytes that its encoding does not have), and of a file. It may be what was given, or in the arena. */
bool weiri_json_decode(const struct weir_format *format, struct weir_str raw, weir_arena *arena, struct weir_str *out);
struct weir_str weiri_json_decode_document(const struct weir_format *format, struct weir_str raw, weir_arena *arena);
