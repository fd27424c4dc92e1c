/* pattern.h - date-time patterns of java.time, compiled: private to pattern.c (reading the pattern) and pattern_run.c (matching text). */
#pragma once
#include "format/text_internal.h"

enum weiri_field {
    WEIRI_F_YEAR, WEIRI_F_MONTH, WEIRI_F_DAY, WEIRI_F_DAY_OF_YEAR, WEIRI_F_HOUR, WEIRI_F_CLOCK_HOUR /* k: 1..24 */,
    WEIRI_F_HOUR_AMPM /* K: 0..11 */, WEIRI_F_CLOCK_HOUR_AMPM /* h: 1..12 */, WEIRI_F_AMPM, WEIRI_F_MINUTE, WEIRI_F_SECOND, WEIRI_F_NANO,
    WEIRI_F_OFFSET, WEIRI_FIELDS
};
enum weiri_step_kind {
    WEIRI_P_LITERAL,   /* one byte, in any letter case */
    WEIRI_P_NUMBER,    /* field, min..max digits */
    WEIRI_P_YEAR_2,    /* two digits, 2000..2099 */
    WEIRI_P_FRACTION,  /* 1..max digits of a second */
    WEIRI_P_MONTH_TEXT, /* short when max = 3, else full */
    WEIRI_P_AMPM_TEXT,
    WEIRI_P_OFFSET,    /* X x Z */
    WEIRI_P_ZONE,      /* z */
    WEIRI_P_OPTIONAL,  /* to = the step behind its end */
    WEIRI_P_OPTIONAL_END
};
enum weiri_sign { WEIRI_SIGN_NORMAL /* a minus may stand */, WEIRI_SIGN_NONE, WEIRI_SIGN_EXCEEDS_PAD /* a plus must, beyond min digits */ };

struct weiri_step {
    enum weiri_step_kind kind;
    enum weiri_field field;
    enum weiri_sign sign;
    int min, max;
    int after;        /* digits that fixed-width fields right behind will take; -1: this one is of fixed width */
    char literal;
    size_t to;
    bool colon;       /* OFFSET */
    int minutes;      /* OFFSET: 0 = optional, 1 = required */
    int seconds;      /* OFFSET: 0 = never, 1 = optional */
    const char *zero; /* OFFSET: the text of no offset */
};
struct weiri_pattern {
    struct weiri_step *steps;
    size_t count;
    bool nothing; /* a letter that nobody knows: matches no text, as in Spark */
};

/* --- zone_names.c --- */
/* The region that a short name of a zone stands for (any letter case); NULL = it is none. refused: nor is it a region's id. */
const char *weiri_zone_named(struct weir_str name, bool *refused);
