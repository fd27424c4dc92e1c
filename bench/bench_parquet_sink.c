/* bench_parquet_sink.c - what each kind of column costs the Parquet sink, without reading and scanning: nanoseconds of CPU time per row.
 *
 *     bench_parquet_sink [million rows (10)] [codec (zstd)] [folder (TMPDIR, /tmp)]
 *
 * The blocks of a task (512 KiB of e-commerce events each, cut into fields) are made first; before each is taken it is copied to the working buffer, as reading
 * and scanning would leave it in the cache. Neither is measured. One thread. The parsers are minimal ones;
 * the CSV room's cost a little more, but only on misses of the dictionary. */
#include "base/time.h"
#include "parquet/writer.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define FIELDS 9
#define TASK_BLOCKS 256
#define SEPS_MAX ((size_t)60000)
#define BLOCK_BYTES ((size_t)512 << 10)
#define PRODUCTS 166794
#define LIVE 40000

static double cpu_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* --- minimal parsers --- */

static enum weir_verdict parse_i64(struct weir_text_parser *self, const char *text, size_t len, union weir_value *out)
{
    (void)self;
    int64_t v = 0;
    for (size_t i = 0; i < len; i++) {
        v = v * 10 + (text[i] - '0');
    }
    out->i = v;
    return len > 0 ? WEIR_VALUE : WEIR_VALUE_NULL;
}

static enum weir_verdict parse_price(struct weir_text_parser *self, const char *text, size_t len, union weir_value *out)
{
    (void)self;
    double v = 0;
    out->f = weir_str_to_f64((struct weir_str){text, len}, &v) ? v : 0;
    return len > 0 ? WEIR_VALUE : WEIR_VALUE_NULL;
}

static enum weir_verdict parse_text(struct weir_text_parser *self, const char *text, size_t len, union weir_value *out)
{
    (void)self;
    out->s = (struct weir_str){text, len};
    return len > 0 ? WEIR_VALUE : WEIR_VALUE_NULL;
}

static enum weir_verdict parse_time(struct weir_text_parser *self, const char *text, size_t len, union weir_value *out)
{
    (void)self;
    (void)len;
    int64_t n[6] = {0};
    const int at[6] = {0, 5, 8, 11, 14, 17};
    for (int i = 0; i < 6; i++) {
        for (int k = at[i]; k < at[i] + (i == 0 ? 4 : 2); k++) {
            n[i] = n[i] * 10 + (text[k] - '0');
        }
    }
    out->i = ((weir_days_from_civil(n[0], (int)n[1], (int)n[2]) * 24 + n[3]) * 60 + n[4]) * 60000000 + n[5] * 1000000;
    return WEIR_VALUE;
}

/* --- events --- */

struct product {
    char text[96]; /* id,category id,code,brand,price */
};
struct session {
    char user[24], id[40];
    uint32_t product;
};
struct events {
    struct weir_rng rng;
    double seconds;
    struct product *products;
    struct session live[LIVE];
    char date[32];
    int64_t date_second;
};

static void make_products(struct events *e)
{
    static char codes[624][48], brands[3444][12];
    int64_t ids[624];
    for (int i = 0; i < 624; i++) {
        ids[i] = INT64_C(2053013552000000000) + (int64_t)weir_rng_below(&e->rng, 600000000000000);
        const uint64_t kind = weir_rng_below(&e->rng, 3);
        if (kind == 1) {
            (void)snprintf(codes[i], sizeof codes[i], "electronics.word%02d", i % 90);
        } else if (kind == 2) {
            (void)snprintf(codes[i], sizeof codes[i], "appliances.kitchen%02d.some_word%02d", i % 15, i % 13);
        }
    }
    for (int i = 0; i < 3444; i++) {
        size_t n = weir_rng_below(&e->rng, 7) == 0 ? 0 : 3 + weir_rng_below(&e->rng, 8);
        for (size_t k = 0; k < n; k++) {
            brands[i][k] = (char)('a' + weir_rng_below(&e->rng, 26));
        }
    }
    e->products = weir_malloc(PRODUCTS * sizeof *e->products);
    for (int i = 0; i < PRODUCTS; i++) {
        int c = (int)(624 * pow(weir_rng_unit(&e->rng), 2.2)), b = (int)(3444 * pow(weir_rng_unit(&e->rng), 3));
        double u = weir_rng_unit(&e->rng) + 1e-12, v = weir_rng_unit(&e->rng);
        double price = exp(3.0 + 1.4 * sqrt(-2 * log(u)) * cos(6.283185307 * v));
        (void)snprintf(e->products[i].text, sizeof e->products[i].text, "%llu,%lld,%s,%s,%.2f",
                       (unsigned long long)(1000000 + weir_rng_below(&e->rng, 60000000)), (long long)ids[c], codes[c], brands[b],
                       price > 2574.07 ? 2574.07 : price);
    }
}

static uint32_t draw_product(struct events *e)
{
    return (uint32_t)(PRODUCTS * pow(weir_rng_unit(&e->rng), 3));
}

static void new_session(struct events *e, struct session *s)
{
    uint64_t a = weir_rng_next(&e->rng), b = weir_rng_next(&e->rng);
    (void)snprintf(s->id, sizeof s->id, "%08x-%04x-4%03x-%04x-%012llx", (unsigned)a, (unsigned)(a >> 48), (unsigned)(a >> 32) & 0xFFF,
                   (unsigned)(b >> 48), (unsigned long long)(b & 0xFFFFFFFFFFFF));
    (void)snprintf(s->user, sizeof s->user, "%lld", (long long)(500000000 + 21 * (int64_t)(3022290 * pow(weir_rng_unit(&e->rng), 1.5))));
    s->product = draw_product(e);
}

static size_t put_event(struct events *e, char *out)
{
    e->seconds += -log(1 - weir_rng_unit(&e->rng)) * 2678400 / 42448764;
    if ((int64_t)e->seconds != e->date_second || e->date[0] == '\0') {
        int64_t year;
        int month, day;
        e->date_second = (int64_t)e->seconds;
        weir_civil_from_days(18170 + e->date_second / 86400, &year, &month, &day);
        (void)snprintf(e->date, sizeof e->date, "%04d-%02d-%02d %02d:%02d:%02d UTC", (int)year, month, day, (int)(e->date_second / 3600 % 24),
                       (int)(e->date_second / 60 % 60), (int)(e->date_second % 60));
    }
    struct session *s = &e->live[weir_rng_below(&e->rng, LIVE)];
    if (weir_rng_unit(&e->rng) < 0.22) {
        new_session(e, s);
    } else if (weir_rng_below(&e->rng, 3) == 0) {
        s->product = draw_product(e);
    }
    double kind = weir_rng_unit(&e->rng);
    char *p = out;
    const char *parts[5] = {e->date, kind < 0.9607 ? "view" : kind < 0.9825 ? "cart" : "purchase", e->products[s->product].text, s->user, s->id};
    for (int i = 0; i < 5; i++) {
        size_t n = strlen(parts[i]);
        memcpy(p, parts[i], n);
        p += n;
        *p++ = i == 4 ? '\n' : ',';
    }
    return (size_t)(p - out);
}

static void make_block(struct events *e, char *text, uint32_t *seps, struct weir_block *block)
{
    size_t len = 0;
    uint32_t rows = 0, n = 0;
    while (len < BLOCK_BYTES - 256) {
        size_t size = put_event(e, text + len);
        for (size_t i = len; i < len + size; i++) {
            if (text[i] == ',' || text[i] == '\n') {
                seps[n++] = (uint32_t)i;
            }
        }
        len += size;
        rows++;
    }
    if (n != rows * FIELDS || n > SEPS_MAX) {
        abort();
    }
    *block = (struct weir_block){.text = text, .len = len, .seps = seps, .rows = rows, .fields = FIELDS};
}

static void check(weir_rc rc, const struct weir_error *err)
{
    if (rc != WEIR_OK) {
        (void)fprintf(stderr, "%s\n", err->msg);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    static struct events e;
    struct weir_error err = {0};
    const int64_t rows_wanted = (argc > 1 ? strtoll(argv[1], NULL, 10) : 10) * 1000000;
    enum weir_codec_id codec = WEIR_CODEC_ZSTD;
    if (argc > 2 && !weir_codec_find(argv[2], &codec)) {
        return 2;
    }
    const char *folder = argc > 3 ? argv[3] : getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
    static const char *const names[FIELDS] = {"event_time", "event_type", "product_id", "category_id", "category_code", "brand", "price", "user_id", "user_session"};
    static struct weir_text_parser parsers[] = {{parse_time, NULL}, {parse_text, NULL}, {parse_i64, NULL}, {parse_price, NULL}};
    struct weir_text_parser *columns[FIELDS] = {&parsers[0], &parsers[1], &parsers[2], &parsers[2], &parsers[1], &parsers[1], &parsers[3], &parsers[2], &parsers[1]};
    weir_arena *arena = weir_arena_new();
    weir_schema *schema = NULL;
    check(weir_schema_parse_ddl(arena, WEIR_STR("event_time TIMESTAMP, event_type STRING, product_id BIGINT, category_id BIGINT, category_code STRING, "
                                                "brand STRING, price DOUBLE, user_id BIGINT, user_session STRING"), &schema, &err), &err);
    weir_rng_seed(&e.rng, 1);
    make_products(&e);
    for (int i = 0; i < LIVE; i++) {
        new_session(&e, &e.live[i]);
    }
    char *made = weir_malloc(TASK_BLOCKS * BLOCK_BYTES), *space = weir_calloc(1, BLOCK_BYTES + 512);
    uint32_t *made_seps = weir_malloc(TASK_BLOCKS * SEPS_MAX * sizeof *made_seps), *seps = weir_malloc(SEPS_MAX * sizeof *seps);
    static struct weir_block blocks[TASK_BLOCKS];
    weir_store *store = weir_store_open_local(weir_fs_posix(), folder);
    struct weir_parquet_options options = {.codec = codec};
    weir_parquet_file *file = NULL;
    check(weir_store_delete(store, "bench.parquet", &err), &err);
    check(weir_parquet_create(store, "bench.parquet", schema, &options, &file, &err), &err);
    struct weir_sink_factory *sinks = weir_parquet_sinks_new(file);
    double take[FIELDS] = {0}, close = 0, end = 0;
    size_t peak = 0;
    for (int64_t done = 0, task = 0; done < rows_wanted; task++) {
        weir_colsink *sink = NULL;
        check(sinks->begin(sinks, task, columns, &sink, &err), &err);
        size_t count = 0;
        for (int64_t rows = done; count < TASK_BLOCKS && rows < rows_wanted; count++) {
            make_block(&e, made + count * BLOCK_BYTES, made_seps + count * SEPS_MAX, &blocks[count]);
            rows += blocks[count].rows;
        }
        for (size_t b = 0; b < count; b++) {
            struct weir_block block = blocks[b];
            uint64_t bad[BLOCK_BYTES / 64] = {0};
            memcpy(space + 64, block.text, block.len);
            memcpy(seps, block.seps, (size_t)block.rows * FIELDS * sizeof *seps);
            block.text = space + 64;
            block.seps = seps;
            for (int c = 0; c < FIELDS; c++) {
                double from = cpu_ns();
                check(sink->ops->take(sink, c, &block, (uint32_t)c, bad, &err), &err);
                take[c] += cpu_ns() - from;
            }
            double from = cpu_ns();
            check(sink->ops->close_block(sink, block.rows, NULL, &err), &err);
            close += cpu_ns() - from;
        }
        peak = sink->ops->bytes(sink) > peak ? sink->ops->bytes(sink) : peak;
        done += sink->ops->rows(sink);
        double from = cpu_ns();
        check(sinks->end(sinks, task, sink, &err), &err);
        end += cpu_ns() - from;
    }
    double from = cpu_ns();
    const double rows = (double)weir_parquet_rows(file);
    int64_t size = 0;
    check(weir_parquet_finish(file, &size, NULL, &err), &err);
    end += cpu_ns() - from;
    double sum = close + end;
    for (int c = 0; c < FIELDS; c++) {
        (void)printf("%-14s %6.1f ns/row\n", names[c], take[c] / rows);
        sum += take[c];
    }
    (void)printf("%-14s %6.1f ns/row\n%-14s %6.1f ns/row\n%-14s %6.1f ns/row\n", "pages", close / rows, "end, write", end / rows, "sum", sum / rows);
    (void)printf("%.0f rows, %.1f MB, at most %.1f MB in one row group\n", rows, (double)size / 1e6, (double)peak / 1e6);
    weir_parquet_sinks_free(sinks);
    weir_store_close(store);
    weir_free(made);
    weir_free(made_seps);
    weir_free(space);
    weir_free(seps);
    weir_free(e.products);
    weir_arena_free(arena);
    return 0;
}
