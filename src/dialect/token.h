/* token.h - Spark SQL text as tokens with positions.
 *
 * The whole script is cut at once; comments (-- to the end of the line, nested block comments, hints) leave no token. Strings arrive unescaped.
 * Everything lives in the arena. */
#pragma once
#include "dialect/dialect.h"

enum token_kind {
    TOK_END,
    TOK_WORD,    /* a name or a keyword, not quoted; text as written */
    TOK_QUOTED,  /* `name`: text without back-ticks */
    TOK_STRING,  /* text is the value */
    TOK_INT,     /* 12; suffix L, S, Y in `suffix` */
    TOK_DECIMAL, /* 1.5, 3.5BD */
    TOK_DOUBLE,  /* 1e3, 2.5D */
    TOK_FLOAT,   /* 1.5F */
    TOK_HEX,     /* X'4142': text holds the digits */
    TOK_OP       /* punctuation; text is the operator */
};

struct token {
    enum token_kind kind;
    const char *text;  /* NUL-terminated */
    char suffix;       /* TOK_INT: 0, 'L', 'S', 'Y' */
    bool raw;          /* TOK_STRING: r'..' */
    struct weir_pos pos;
    size_t begin, end; /* bytes in the script */
};

/* Tokens of `script`, ended by TOK_END. WEIR_INVALID "PARSE_SYNTAX_ERROR" with line and column. */
weir_rc weiri_tokenize(weir_arena *arena, struct weir_str script, struct token **out, size_t *count_out, struct weir_error *err) WEIR_MUST_USE;
