/* events.c - the generator: a shop of products, categories and brands; sessions that look, cart and buy.
 *
 * The distributions are those of the public REES46 data set: few products draw most looks, most events are views, a session stays with its
 * product for a while. What a product is (category, brand, price) is decided once, before the first event. */
#include "cli/events.h"
#include "base/time.h"
#include <math.h>

#ifdef __clang__
#pragma STDC FP_CONTRACT OFF /* a fused multiply-add would round differently on another machine */
#endif

#define PRODUCTS 166794
#define PRODUCT_ID_FIRST 1000000
#define PRODUCT_IDS 59000000
#define CATEGORIES 624
#define BRANDS 3444
#define SESSIONS 40000
#define USERS 3022290
#define START_US INT64_C(1569888000000000)              /* 2019-10-01 00:00:00 UTC */
#define GAP_US (2678400.0 * 1000000.0 / 42448764.0)     /* a month of 42,448,764 events */
#define PRICE_MAX 2574.07
#define PRODUCT_TEXT_MAX 112
#define SESSION_TEXT_BYTES 47 /* "520088904,4d3b30da-a5e4-49df-b1a8-ba5943f1dd33\n" */

struct session {
    uint32_t product;
    char text[SESSION_TEXT_BYTES];
};
/* ",1003461,2053013555631882655,electronics.smartphone,xiaomi,489.07," */
struct product {
    uint8_t len;
    char text[PRODUCT_TEXT_MAX - 1];
};
struct cli_events {
    struct weir_rng rng;
    int64_t now_us, second;   /* `second`: the one that time_text shows */
    char time_text[24];       /* "2019-10-01 00:00:00 UTC," */
    struct product *products;
    struct session *sessions;
};

/* --- the few functions of mathematics, the same on every machine --- */

/* Natural logarithm of x in (0, 1]: x = m * 2^e with m in [sqrt(1/2), sqrt(2)), then the series of atanh. */
static double ln(double x)
{
    int e = 0;
    double m = frexp(x, &e); /* exact */
    if (m < 0.70710678118654752) {
        m = m * 2.0;
        e--;
    }
    const double z = (m - 1.0) / (m + 1.0), zz = z * z;
    double sum = 0.0;
    for (int k = 21; k >= 1; k -= 2) {
        sum = sum * zz + 1.0 / (double)k;
    }
    return 2.0 * z * sum + (double)e * 0.69314718055994531;
}

/* e^x for moderate x: the series at x/1024, squared ten times. */
static double power_of_e(double x)
{
    const double small = x / 1024.0;
    double sum = 1.0;
    for (int k = 8; k >= 1; k--) {
        sum = 1.0 + sum * small / (double)k;
    }
    for (int i = 0; i < 10; i++) {
        sum = sum * sum;
    }
    return sum;
}

static double normal(struct weir_rng *rng)
{
    for (;;) { /* Marsaglia's polar method */
        const double a = 2.0 * weir_rng_unit(rng) - 1.0, b = 2.0 * weir_rng_unit(rng) - 1.0, s = a * a + b * b;
        if (s > 0.0 && s < 1.0) {
            return a * sqrt(-2.0 * ln(s) / s);
        }
    }
}

/* floor(n * u^3): the first of n are the favourites. */
static uint32_t favour(struct weir_rng *rng, uint32_t n)
{
    const double u = weir_rng_unit(rng);
    return (uint32_t)((double)n * (u * u * u));
}

/* floor(n * u^2.2) */
static uint32_t favour_less(struct weir_rng *rng, uint32_t n)
{
    const double u = weir_rng_unit(rng);
    return u <= 0.0 ? 0 : (uint32_t)((double)n * (u * u * power_of_e(0.2 * ln(u))));
}

/* --- the shop --- */

static const char *const DEPARTMENTS[13] = {"electronics", "appliances", "computers", "apparel", "furniture", "auto", "construction", "kids", "accessories", "sport", "stationery", "medicine", "country_yard"};
static const char *const AISLES[15] = {"kitchen", "audio", "environment", "video", "shoes", "bedroom", "living_room", "components", "tools", "peripherals", "personal", "accessories", "toys", "bag", "bathroom"};
static const char *const SHELVES[15] = {"smartphone", "headphone", "vacuum", "tv", "notebook", "washer", "refrigerators", "clocks", "keds", "bed", "drill", "mouse", "desktop", "massager", "microphone"};
static const char *const FAVOURITES[5] = {"samsung", "apple", "xiaomi", "", "huawei"};

struct shop {
    struct { uint64_t id; char code[64]; } categories[CATEGORIES];
    char brands[BRANDS][12];
    uint64_t taken[PRODUCT_IDS / 64 + 1]; /* a bit a product id */
};

static char *put_text(char *to, const char *text)
{
    const size_t len = strlen(text);
    memcpy(to, text, len);
    return to + len;
}

static char *put_number(char *to, uint64_t value)
{
    char digits[20];
    int count = 0;
    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    while (count > 0) {
        *to++ = digits[--count];
    }
    return to;
}

/* A third of the categories have no code, a third two levels, a third three. */
static void furnish(struct shop *shop, struct weir_rng *rng)
{
    for (size_t c = 0; c < CATEGORIES; c++) {
        char *to = shop->categories[c].code;
        shop->categories[c].id = UINT64_C(2053013552000000000) + weir_rng_below(rng, UINT64_C(600000000000000));
        const uint64_t levels = weir_rng_below(rng, 3);
        const char *department = DEPARTMENTS[weir_rng_below(rng, 13)], *aisle = AISLES[weir_rng_below(rng, 15)], *shelf = SHELVES[weir_rng_below(rng, 15)];
        if (levels > 0) {
            to = put_text(put_text(put_text(to, department), "."), levels == 2 ? aisle : shelf);
        }
        if (levels == 2) {
            to = put_text(put_text(to, "."), shelf);
        }
        *to = '\0';
    }
    *put_text(shop->categories[0].code, "electronics.smartphone") = '\0'; /* the favourite, as in the data */
    for (size_t b = 0; b < BRANDS; b++) {
        const uint64_t len = 3 + weir_rng_below(rng, 8);
        const bool empty = weir_rng_unit(rng) < 0.14;
        for (uint64_t i = 0; i < len; i++) {
            shop->brands[b][i] = (char)('a' + weir_rng_below(rng, 26));
        }
        shop->brands[b][empty ? 0 : len] = '\0';
        if (b < 5) {
            *put_text(shop->brands[b], FAVOURITES[b]) = '\0';
        }
    }
}

/* Each product has an id of its own: its price, brand and category hang on it. */
static uint64_t free_id(struct shop *shop, struct weir_rng *rng)
{
    for (;;) {
        const uint64_t id = weir_rng_below(rng, PRODUCT_IDS), bit = UINT64_C(1) << (id % 64);
        if (!(shop->taken[id / 64] & bit)) {
            shop->taken[id / 64] |= bit;
            return PRODUCT_ID_FIRST + id;
        }
    }
}

static void make_product(struct shop *shop, struct weir_rng *rng, struct product *out)
{
    char *to = out->text;
    const uint64_t id = free_id(shop, rng);
    const uint32_t category = favour_less(rng, CATEGORIES), brand = favour(rng, BRANDS);
    double price = power_of_e(3.0 + 1.4 * normal(rng));
    price = price > PRICE_MAX ? PRICE_MAX : price;
    const uint64_t cents = (uint64_t)(price * 100.0 + 0.5);
    *to++ = ',';
    to = put_number(to, id);
    *to++ = ',';
    to = put_number(to, shop->categories[category].id);
    *to++ = ',';
    to = put_text(to, shop->categories[category].code);
    *to++ = ',';
    to = put_text(to, shop->brands[brand]);
    *to++ = ',';
    to = put_number(to, cents / 100);
    *to++ = '.';
    *to++ = (char)('0' + cents / 10 % 10);
    *to++ = (char)('0' + cents % 10);
    *to++ = ',';
    WEIR_ASSERT(to - out->text <= (ptrdiff_t)sizeof out->text);
    out->len = (uint8_t)(to - out->text);
}

/* --- sessions --- */

static void start_session(struct cli_events *events, struct session *session)
{
    static const char HEX[] = "0123456789abcdef";
    const double u = weir_rng_unit(&events->rng);
    uint64_t high = weir_rng_next(&events->rng), low = weir_rng_next(&events->rng);
    char *to = put_number(session->text, 500000000 + 21 * (uint64_t)((double)USERS * (u * sqrt(u))));
    *to++ = ',';
    high = (high & ~UINT64_C(0xF000)) | UINT64_C(0x4000);      /* version 4 */
    low = (low & ~(UINT64_C(3) << 62)) | (UINT64_C(2) << 62);  /* variant 1 */
    for (int i = 0; i < 32; i++) {
        const uint64_t half = i < 16 ? high : low;
        if (i == 8 || i == 12 || i == 16 || i == 20) {
            *to++ = '-';
        }
        *to++ = HEX[half >> (60 - i % 16 * 4) & 15];
    }
    *to++ = '\n';
    WEIR_ASSERT(to - session->text == SESSION_TEXT_BYTES);
    session->product = favour(&events->rng, PRODUCTS);
}

cli_events *cli_events_new(uint64_t seed)
{
    struct cli_events *events = weir_calloc(1, sizeof *events);
    struct shop *shop = weir_calloc(1, sizeof *shop);
    weir_rng_seed(&events->rng, seed);
    events->now_us = START_US;
    events->second = -1;
    events->products = weir_malloc(PRODUCTS * sizeof *events->products);
    events->sessions = weir_malloc(SESSIONS * sizeof *events->sessions);
    furnish(shop, &events->rng);
    for (size_t p = 0; p < PRODUCTS; p++) {
        make_product(shop, &events->rng, &events->products[p]);
    }
    for (size_t s = 0; s < SESSIONS; s++) {
        start_session(events, &events->sessions[s]);
    }
    weir_free(shop);
    return events;
}

void cli_events_free(cli_events *events)
{
    if (events) {
        weir_free(events->products);
        weir_free(events->sessions);
        weir_free(events);
    }
}

/* --- rows --- */

struct event {
    const char *type;
    const struct session *session;
};

static struct event step(struct cli_events *events)
{
    struct weir_rng *rng = &events->rng;
    events->now_us += (int64_t)(-GAP_US * ln(1.0 - weir_rng_unit(rng)));
    struct session *session = &events->sessions[weir_rng_below(rng, SESSIONS)];
    const double fate = weir_rng_unit(rng), kind = weir_rng_unit(rng);
    if (fate < 0.22) {
        start_session(events, session);
    } else if (weir_rng_below(rng, 3) == 0) {
        session->product = favour(rng, PRODUCTS);
    }
    return (struct event){kind < 0.9607 ? "view" : kind < 0.9825 ? "cart" : "purchase", session};
}

void cli_events_skip(cli_events *events, int64_t rows)
{
    for (int64_t i = 0; i < rows; i++) {
        (void)step(events);
    }
}

static void two_digits(char *to, int value)
{
    to[0] = (char)('0' + value / 10);
    to[1] = (char)('0' + value % 10);
}

/* Many events share a second: its text is kept. */
static void show_second(struct cli_events *events, int64_t second)
{
    int64_t year = 0;
    int month = 0, day = 0;
    char *text = events->time_text;
    events->second = second;
    weir_civil_from_days(second / 86400, &year, &month, &day);
    memcpy(text, "0000-00-00 00:00:00 UTC,", 24);
    const int in_day = (int)(second % 86400);
    two_digits(text, (int)(year / 100));
    two_digits(text + 2, (int)(year % 100));
    two_digits(text + 5, month);
    two_digits(text + 8, day);
    two_digits(text + 11, in_day / 3600);
    two_digits(text + 14, in_day / 60 % 60);
    two_digits(text + 17, in_day % 60);
}

size_t cli_events_next(cli_events *events, char *out)
{
    const struct event event = step(events);
    const struct product *product = &events->products[event.session->product];
    const int64_t second = events->now_us / 1000000;
    if (second != events->second) {
        show_second(events, second);
    }
    memcpy(out, events->time_text, sizeof events->time_text);
    char *to = put_text(out + sizeof events->time_text, event.type);
    memcpy(to, product->text, product->len);
    to += product->len;
    memcpy(to, event.session->text, SESSION_TEXT_BYTES);
    return (size_t)(to - out) + SESSION_TEXT_BYTES;
}
