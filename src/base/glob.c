/* glob.c - file name patterns as Hadoop's GlobPattern reads them, for whole paths.
 *
 * The pattern becomes a small program that is run over all its threads at once, one character of the text a step: the time is
 * pattern times text whatever braces and stars it holds. '*', '?' and sets stop at '/', as Hadoop matches component by
 * component. A pattern that Hadoop refuses (an open bracket or brace, a lone backslash at the end) matches nothing. One thing
 * is not copied: inside of a set Hadoop takes '?' for '.', and '*' for '*' or '.', by accident; here they are themselves. */
#include "base/uri.h"

enum glob_op { OP_CHAR, OP_ANY, OP_SET, OP_SPLIT, OP_JUMP, OP_MATCH };

struct glob_step {
    enum glob_op op;
    uint32_t point;  /* OP_CHAR */
    size_t a, b;     /* OP_SPLIT: both targets; OP_JUMP: a; OP_SET: range a..b of the pattern's bytes */
    bool negated;    /* OP_SET */
};

struct program {
    const char *pattern;
    size_t len;
    struct glob_step *steps;
    size_t count, cap;
};

/* A code point, or for bytes that are not UTF-8 a value of their own beyond Unicode. */
static size_t next_char(const char *text, size_t len, uint32_t *point)
{
    const size_t bytes = weir_utf8_next(text, len, point);
    if (bytes == 0) {
        *point = 0x110000u + (unsigned char)text[0];
        return 1;
    }
    return bytes;
}

static size_t emit(struct program *p, struct glob_step step)
{
    WEIR_PUSH(p->steps, p->count, p->cap) = step;
    return p->count - 1;
}

/* The set behind '[' at `at`; returns where its ']' stands, or 0 if it is not well-formed. A ']' in the first place is a member;
 * a '[' only behind a backslash, as Hadoop has it. */
static size_t compile_set(struct program *p, size_t at)
{
    const bool negated = at + 1 < p->len && (p->pattern[at + 1] == '^' || p->pattern[at + 1] == '!');
    const size_t first = at + 1 + negated;
    size_t end = first;
    while (end < p->len && (p->pattern[end] != ']' || end == first)) {
        if (p->pattern[end] == '[') {
            return 0;
        }
        end += p->pattern[end] == '\\' ? 2 : 1;
    }
    if (end >= p->len) {
        return 0;
    }
    emit(p, (struct glob_step){.op = OP_SET, .a = first, .b = end, .negated = negated});
    return end;
}

/* Braces that are open: each alternative but the last begins with a SPLIT to the next one and ends with a JUMP to the end. */
struct brace {
    size_t split;       /* the SPLIT of the alternative being read, target b open */
    size_t jumps_head;  /* JUMPs chained by `a`, SIZE_MAX ends the chain */
};

struct braces {
    struct brace *items;
    size_t count, cap;
};

static void brace_open(struct program *p, struct braces *open)
{
    const size_t split = emit(p, (struct glob_step){.op = OP_SPLIT, .a = p->count + 1});
    WEIR_PUSH(open->items, open->count, open->cap) = (struct brace){split, SIZE_MAX};
}

static void brace_comma(struct program *p, struct braces *open)
{
    struct brace *brace = &open->items[open->count - 1];
    brace->jumps_head = emit(p, (struct glob_step){.op = OP_JUMP, .a = brace->jumps_head});
    p->steps[brace->split].b = p->count;
    brace->split = emit(p, (struct glob_step){.op = OP_SPLIT, .a = p->count + 1});
}

static void brace_close(struct program *p, struct braces *open)
{
    const struct brace brace = open->items[--open->count];
    p->steps[brace.split].b = brace.split + 1; /* the last alternative: no other way */
    for (size_t jump = brace.jumps_head; jump != SIZE_MAX;) {
        const size_t next = p->steps[jump].a;
        p->steps[jump].a = p->count;
        jump = next;
    }
}

static bool compile_all(struct program *p, struct braces *open)
{
    size_t at = 0;
    while (at < p->len) {
        const char c = p->pattern[at];
        uint32_t point;
        const size_t bytes = next_char(p->pattern + at, p->len - at, &point);
        if (c == '*') {
            const size_t split = emit(p, (struct glob_step){.op = OP_SPLIT, .a = p->count + 1});
            emit(p, (struct glob_step){.op = OP_ANY});
            emit(p, (struct glob_step){.op = OP_JUMP, .a = split});
            p->steps[split].b = p->count;
        } else if (c == '?') {
            emit(p, (struct glob_step){.op = OP_ANY});
        } else if (c == '[') {
            at = compile_set(p, at);
            if (at == 0) {
                return false;
            }
        } else if (c == '{') {
            brace_open(p, open);
        } else if (c == ',' && open->count > 0) {
            brace_comma(p, open);
        } else if (c == '}' && open->count > 0) {
            brace_close(p, open);
        } else if (c == '\\') {
            if (++at == p->len) {
                return false;
            }
            const size_t escaped = next_char(p->pattern + at, p->len - at, &point);
            emit(p, (struct glob_step){.op = OP_CHAR, .point = point});
            at += escaped;
            continue;
        } else {
            emit(p, (struct glob_step){.op = OP_CHAR, .point = point});
        }
        at += bytes;
    }
    emit(p, (struct glob_step){.op = OP_MATCH});
    return open->count == 0;
}

static bool in_set(const struct program *p, const struct glob_step *set, uint32_t point)
{
    bool found = false;
    size_t at = set->a;
    while (at < set->b) {
        uint32_t low;
        uint32_t high;
        at += p->pattern[at] == '\\' && at + 1 < set->b;
        at += next_char(p->pattern + at, set->b - at, &low);
        high = low;
        if (at + 1 < set->b && p->pattern[at] == '-') {
            at++;
            at += p->pattern[at] == '\\' && at + 1 < set->b;
            at += next_char(p->pattern + at, set->b - at, &high);
        }
        found = found || (point >= low && point <= high);
    }
    return found != set->negated;
}

/* A set of steps to look at: `list` in order, `mark[i] == round` means step i is in it. */
struct front {
    size_t *list;
    size_t count;
};

/* Puts step `start` and all that it reaches without reading into the front. `stack` has room for every step twice. */
static void reach(const struct program *p, struct front *front, size_t *mark, size_t round,
                  size_t *stack, size_t start)
{
    size_t depth = 0;
    stack[depth++] = start;
    while (depth > 0) {
        const size_t at = stack[--depth];
        if (mark[at] == round) {
            continue;
        }
        mark[at] = round;
        front->list[front->count++] = at;
        const struct glob_step *step = &p->steps[at];
        if (step->op == OP_SPLIT || step->op == OP_JUMP) {
            stack[depth++] = step->a;
        }
        if (step->op == OP_SPLIT) {
            stack[depth++] = step->b;
        }
    }
}

static bool step_takes(const struct program *p, const struct glob_step *step, uint32_t point)
{
    switch (step->op) {
    case OP_CHAR:
        return step->point == point;
    case OP_ANY:
        return point != '/';
    case OP_SET:
        return point != '/' && in_set(p, step, point);
    case OP_SPLIT:
    case OP_JUMP:
    case OP_MATCH:
        break;
    }
    return false;
}

static bool run(const struct program *p, const char *text)
{
    size_t *memory = weir_calloc(p->count * 5, sizeof *memory);
    size_t *mark = memory;
    size_t *stack = memory + p->count;
    struct front now = {memory + 3 * p->count, 0};
    struct front next = {memory + 4 * p->count, 0};
    size_t left = strlen(text);
    size_t round = 1;
    reach(p, &now, mark, round, stack, 0);
    while (left > 0 && now.count > 0) {
        uint32_t point;
        const size_t bytes = next_char(text, left, &point);
        round++;
        next.count = 0;
        for (size_t i = 0; i < now.count; i++) {
            if (step_takes(p, &p->steps[now.list[i]], point)) {
                reach(p, &next, mark, round, stack, now.list[i] + 1);
            }
        }
        const struct front swap = now;
        now = next;
        next = swap;
        text += bytes;
        left -= bytes;
    }
    bool matched = false;
    for (size_t i = 0; i < now.count && left == 0; i++) {
        matched = matched || p->steps[now.list[i]].op == OP_MATCH;
    }
    weir_free(memory);
    return matched;
}

bool weir_glob_match(const char *pattern, const char *text)
{
    struct program program = {.pattern = pattern, .len = strlen(pattern)};
    struct braces open = {0};
    const bool matched = compile_all(&program, &open) && run(&program, text);
    weir_free(open.items);
    weir_free(program.steps);
    return matched;
}

bool weir_glob_is(const char *path)
{
    return strpbrk(path, "{}[]*?\\") != NULL;
}
