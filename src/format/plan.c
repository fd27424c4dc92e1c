/* plan.c - files into tasks. A task is one row group: about task_bytes of text, whatever the number of threads. */
#include "format/run_internal.h"

#define TASK_BYTES_DEFAULT ((int64_t)128 << 20)
#define INFLATE_GUESS 4 /* compressed text grows about so many times */

struct planner {
    struct weiri_plan *plan;
    int64_t task_bytes;
    int64_t room; /* what the task under way can still take */
};

static void add_segment(struct planner *p, size_t file, int64_t from, int64_t to, int64_t weight)
{
    struct weiri_plan *plan = p->plan;
    if (p->room <= 0) {
        WEIR_PUSH(plan->first, plan->task_count, plan->task_cap) = plan->segment_count;
        p->room = p->task_bytes;
    }
    WEIR_PUSH(plan->segments, plan->segment_count, plan->segment_cap) = (struct weiri_segment){file, from, to};
    p->room -= weight;
}

/* Only plain text can be cut, and only where a line end is known by one look. */
static bool can_cut(const struct weir_format *csv)
{
    return !csv->multi_line && !csv->by_name && (csv->line_end != WEIRI_LINES_CUSTOM || csv->line_sep.len == 1);
}

void weiri_plan_make(const struct weir_text_read *read, struct weiri_plan *plan)
{
    struct planner p = {plan, read->task_bytes > 0 ? (int64_t)read->task_bytes : TASK_BYTES_DEFAULT, 0};
    *plan = (struct weiri_plan){0};
    for (size_t f = 0; f < read->file_count; f++) {
        int64_t size = read->files[f].size;
        bool packed = weir_codec_of_name(read->files[f].path) != WEIR_CODEC_NONE;
        if (packed || !can_cut(read->format)) {
            add_segment(&p, f, 0, size, packed ? size * INFLATE_GUESS : size);
            continue;
        }
        int64_t at = 0;
        do {
            int64_t room = p.room > 0 ? p.room : p.task_bytes;
            int64_t to = size - at > room ? at + room : size;
            add_segment(&p, f, at, to, to - at);
            at = to;
        } while (at < size);
    }
    WEIR_PUSH(plan->first, plan->task_count, plan->task_cap) = plan->segment_count;
    plan->task_count--;
}

void weiri_plan_free(struct weiri_plan *plan)
{
    weir_free(plan->segments);
    weir_free(plan->first);
}
