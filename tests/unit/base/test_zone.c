/* Time zones: which texts name one, and what the JVM answers for them. */
#include "unit/test_util.h"

#include "base/zone.h"

#include <pthread.h>

static const int64_t SECOND = 1000000;

static int64_t seconds(int64_t year, int month, int day, int hour, int minute)
{
    return weir_days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60;
}

static const weir_zone *need(const char *id)
{
    const weir_zone *zone = weir_zone_find(weir_str(id));
    if (!zone) {
        fail_msg("%s was not found", id);
    }
    return zone;
}

/* Every row of java-zones.txt that `find` has a zone for; returns how many. */
static int check_java(const weir_zone *(*find)(const char *id))
{
    char *path = test_data_path("base/java-zones.txt");
    char *text = test_read_file(path, NULL);
    int rows = 0;
    for (char *at = text, *line; (line = test_next_line(&at));) {
        char kind;
        char id[64];
        long long from;
        long long expected;
        assert_int_equal(sscanf(line, "%c %63s %lld %lld", &kind, id, &from, &expected), 4);
        const weir_zone *zone = find(id);
        if (!zone) {
            continue;
        }
        rows++;
        const int64_t got = kind == 'U' ? weir_zone_offset_at(zone, from * SECOND)
                                        : weir_zone_to_utc(zone, from * SECOND) / SECOND;
        if (got != expected) {
            fail_msg("%s: got %lld", line, (long long)got);
        }
    }
    weir_free(text);
    weir_free(path);
    return rows;
}

/* java-zones.txt is what tzdata 2025a says; newer releases correct the past of some zones (2026b: America/Ensenada). */
static bool system_zones_are_javas(void)
{
    char version[32] = "";
    FILE *file = fopen("/usr/share/zoneinfo/tzdata.zi", "r");
    if (file) {
        if (!fgets(version, sizeof version, file)) {
            version[0] = '\0';
        }
        fclose(file);
    }
    return strcmp(version, "# version 2025a\n") == 0 || strcmp(version, "# version 2025b\n") == 0;
}

static void test_java_system(void **state)
{
    (void)state;
    if (!system_zones_are_javas()) {
        print_message("skipped: no zone files of tzdata 2025a or 2025b on this machine\n");
        skip();
    }
    assert_true(check_java(need) > 3000);
}

static weir_zone *embedded_zones[128];

static const weir_zone *find_embedded(const char *id)
{
    for (size_t i = 0; weir_zone_embedded_at(i); i++) {
        if (strcmp(weir_zone_embedded_at(i)->name, id) == 0) {
            return embedded_zones[i];
        }
    }
    return NULL;
}

static void test_java_embedded(void **state)
{
    (void)state;
    size_t count = 0;
    for (; weir_zone_embedded_at(count); count++) {
        assert_true(count < sizeof embedded_zones / sizeof embedded_zones[0]);
        embedded_zones[count] = weir_calloc(1, sizeof(weir_zone));
        weir_zone_from_embedded(weir_zone_embedded_at(count), embedded_zones[count]);
    }
    assert_true(count >= 60);
    assert_true(check_java(find_embedded) > 800);
    for (size_t i = 0; i < count; i++) {
        weir_free(embedded_zones[i]->changes);
        weir_free(embedded_zones[i]);
    }
    assert_non_null(weir_zone_embedded_find(WEIR_STR("Europe/Berlin")));
    assert_null(weir_zone_embedded_find(WEIR_STR("Europe/Bern")));
}

static void test_offsets(void **state)
{
    (void)state;
    static const struct {
        const char *id;
        int32_t offset_s;
    } good[] = {{"UTC", 0},        {"GMT", 0},         {"UT", 0},           {"Z", 0},          {"+02:00", 7200},
                {"+2", 7200},      {"-2", -7200},      {"+02", 7200},       {"+0230", 9000},   {"+02:30", 9000},
                {"+023015", 9015}, {"+02:30:15", 9015}, {"+1:05", 3900},    {"+1:5", 3900},    {"+05:3", 18180},
                {"+01:02:03", 3723}, {"UTC+1", 3600},  {"GMT-03:30", -12600}, {"UT-3", -10800}, {"GMT+1:5", 3900},
                {"UTC+01:30:00", 5400}, {"+18", 64800}, {"-18:00", -64800}, {"+00:00", 0},     {"-0", 0},
                {"EST", -18000},   {"MST", -25200},    {"HST", -36000},     {"Etc/GMT+5", -18000}, {"GMT0", 0},
                {"Etc/UTC", 0},    {"Zulu", 0},        {"GMT+0", 0},        {"UCT", 0}};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        const weir_zone *zone = need(good[i].id);
        if (weir_zone_offset_at(zone, 0) != good[i].offset_s) {
            fail_msg("%s: %d", good[i].id, weir_zone_offset_at(zone, 0));
        }
        assert_true(weir_zone_to_utc(zone, 5) == 5 - good[i].offset_s * SECOND);
    }
    assert_ptr_equal(weir_zone_fixed(3600), weir_zone_find(WEIR_STR("+01:00")));
    assert_ptr_equal(weir_zone_fixed(0), weir_zone_utc());
}

static void test_no_zones(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",        " ",       "z",         "utc",       "Utc",         "gmt",      "europe/berlin", "Europe/BERLIN",
        "+",       "-",       "+19",       "+18:01",    "-18:00:01",   "+01:60",   "+053",     "+1:2:3",   "UTC0",
        "UTC+",    "UTC+19",  "UTCZ",      "UTC 1",     "+01:0a",      "+ab",      "+1:",      "+01:",     "1:00",
        "01:00",   "+01.00",  "\342\210\22201:00",    "MSK",         "CEST",     "PDT",      "Berlin",   "Europe",
        "Europe/", "/UTC",    "../zoneinfo/UTC",        "Europe/../UTC", "Europe//Berlin", "./UTC", "posix/UTC",
        "right/UTC", "posixrules", "localtime", "Factory", "ROC",      "tzdata.zi", "zone.tab", "leapseconds", "+05:3:0",
        "UTC+1:2:3", "Etc/GMT+1:", "+0\xD9\xA3:00",     "EST5",        "Europe/Berlin ", "Mars/Olympus"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        for (int twice = 0; twice < 2; twice++) { /* the second answer comes from memory */
            if (weir_zone_find(weir_str(bad[i]))) {
                fail_msg("\"%s\" is no zone", bad[i]);
            }
        }
    }
    char longer[500];
    memset(longer, 'A', sizeof longer);
    assert_null(weir_zone_find((struct weir_str){longer, sizeof longer}));
    assert_null(weir_zone_find((struct weir_str){NULL, 0}));
}

static void test_short_ids(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"PST", "America/Los_Angeles"}, {"CST", "America/Chicago"}, {"IST", "Asia/Kolkata"}, {"JST", "Asia/Tokyo"},
        {"BST", "Asia/Dhaka"}, {"ECT", "Europe/Paris"}, {"AST", "America/Anchorage"}, {"SST", "Pacific/Guadalcanal"},
        {"VST", "Asia/Ho_Chi_Minh"}, {"CTT", "Asia/Shanghai"}, {"IET", "America/Indiana/Indianapolis"}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        if (access("/usr/share/zoneinfo/Pacific/Guadalcanal", R_OK) == 0) {
            assert_ptr_equal(need(pairs[i][0]), need(pairs[i][1]));
        }
    }
}

/* New York 2024: 02:00 -> 03:00 on 10 March, 02:00 -> 01:00 on 3 November; the same in 2190, by the rule alone. */
static void test_gap_and_overlap(void **state)
{
    (void)state;
    const weir_zone *zone = need("America/New_York");
    assert_int_equal(weir_zone_to_utc(zone, seconds(2024, 3, 10, 1, 59) * SECOND), seconds(2024, 3, 10, 6, 59) * SECOND);
    assert_int_equal(weir_zone_to_utc(zone, seconds(2024, 3, 10, 2, 30) * SECOND), seconds(2024, 3, 10, 7, 30) * SECOND);
    assert_int_equal(weir_zone_to_utc(zone, seconds(2024, 3, 10, 3, 0) * SECOND), seconds(2024, 3, 10, 7, 0) * SECOND);
    assert_int_equal(weir_zone_to_utc(zone, seconds(2024, 11, 3, 1, 30) * SECOND), seconds(2024, 11, 3, 5, 30) * SECOND);
    assert_int_equal(weir_zone_to_utc(zone, seconds(2024, 11, 3, 2, 0) * SECOND), seconds(2024, 11, 3, 7, 0) * SECOND);
    assert_int_equal(weir_zone_to_utc(zone, seconds(2190, 3, 14, 2, 30) * SECOND), seconds(2190, 3, 14, 7, 30) * SECOND);
    assert_int_equal(weir_zone_to_utc(zone, seconds(2190, 11, 7, 1, 30) * SECOND), seconds(2190, 11, 7, 5, 30) * SECOND);
    assert_int_equal(weir_zone_to_utc(zone, seconds(2024, 3, 10, 2, 0) * SECOND - 1), seconds(2024, 3, 10, 7, 0) * SECOND - 1);
    assert_int_equal(weir_zone_offset_at(zone, seconds(2024, 3, 10, 7, 0) * SECOND - 1), -18000);
    assert_int_equal(weir_zone_offset_at(zone, seconds(2024, 3, 10, 7, 0) * SECOND), -14400);
    weir_zone_to_utc(zone, INT64_MAX); /* saturates, no overflow */
    weir_zone_to_utc(zone, INT64_MIN);
    weir_zone_offset_at(zone, INT64_MAX);
    weir_zone_offset_at(zone, INT64_MIN);
    assert_true(weir_zone_to_utc(zone, INT64_MAX) == INT64_MAX);
    assert_true(weir_zone_to_utc(weir_zone_fixed(3600), INT64_MIN) == INT64_MIN);
}

static void test_rules(void **state)
{
    (void)state;
    static const char *const good[] = {"UTC0", "<-03>3", "<+0330>-3:30", "EST5EDT,M3.2.0,M11.1.0", "IST-1GMT0,M10.5.0,M3.5.0/1",
                                       "CET-1CEST,M3.5.0,M10.5.0/3", "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
                                       "EET-2EEST,M3.4.4/50,M10.4.4/50", "XXX3YYY,J60/0,J300", "XXX3YYY,0/0,J365/25",
                                       "XXX3:30:15YYY2:00,59,365/167"};
    static const char *const bad[] = {"", "U", "UT0", "UTC", "UTC25", "<+03-3", "EST5EDT", "EST5EDT,M3.2.0", "EST5EDT,M13.1.0,M1.1.0",
                                      "EST5EDT,M3.6.0,M11.1.0", "EST5EDT,M3.2.7,M11.1.0", "EST5EDT,M3.2.0,M11.1.0x",
                                      "EST5EDT,J0,J5", "EST5EDT,J366,J5", "EST5EDT,366,5", "EST5EDT,M3.2.0/168,M11.1.0", "EST5:60"};
    struct weir_zone_rule rule;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        if (!weir_zone_rule_parse(weir_str(good[i]), &rule)) {
            fail_msg("refused: %s", good[i]);
        }
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (weir_zone_rule_parse(weir_str(bad[i]), &rule)) {
            fail_msg("taken: %s", bad[i]);
        }
    }
    assert_true(weir_zone_rule_parse(WEIR_STR("XXX3YYY,J60/0,59/0"), &rule)); /* 1 March; 1 March or 29 February */
    struct weir_zone_change changes[2];
    weir_zone_rule_year(&rule, 2024, changes);
    assert_int_equal(changes[1].at_s, seconds(2024, 3, 1, 3, 0));
    assert_int_equal(changes[0].at_s, seconds(2024, 2, 29, 2, 0));
    /* All year summer time. */
    assert_true(weir_zone_rule_parse(WEIR_STR("XXX3YYY,0/0,J365/25"), &rule));
    for (int64_t day = 0; day < 800; day++) {
        assert_int_equal(weir_zone_rule_offset(&rule, seconds(2023, 1, 1, 0, 0) + day * 86400 + 7200, false), -7200);
    }
}

/* A damaged zone file is refused by name or read; never more. */
static void test_damaged_files(void **state)
{
    (void)state;
    const char *path = "/usr/share/zoneinfo/America/New_York";
    if (access(path, R_OK) != 0) {
        print_message("skipped: no zone files on this machine\n");
        skip();
    }
    size_t len;
    char *bytes = test_read_file(path, &len);
    struct weir_rng rng;
    weir_rng_seed(&rng, 77);
    int refused = 0;
    for (int i = 0; i < 4000; i++) {
        const size_t keep = i < 1000 ? len * (size_t)i / 1000 : len;
        char *copy = weir_malloc(keep);
        memcpy(copy, bytes, keep);
        for (int n = 0; i >= 1000 && n < 4; n++) {
            copy[weir_rng_below(&rng, i % 2 ? 120 : len)] = (char)weir_rng_next(&rng);
        }
        weir_zone zone = {0};
        struct weir_error err;
        const weir_rc rc = weir_zone_from_tzif((struct weir_str){copy, keep}, &zone, &err);
        assert_true(rc == WEIR_OK || rc == WEIR_CORRUPT);
        if (rc == WEIR_CORRUPT) {
            assert_string_equal(err.condition, "ZONE_FILE_INVALID");
            refused++;
        }
        assert_true(i >= 1000 || rc == WEIR_CORRUPT);
        weir_zone_offset_at(&zone, weir_now_us());
        weir_free(zone.changes);
        weir_free(copy);
    }
    assert_true(refused > 1500);
    weir_free(bytes);
}

static void *find_many(void *arg)
{
    (void)arg;
    static const char *const ids[] = {"Europe/Berlin", "America/New_York", "Asia/Tokyo", "+01:30", "Nowhere", "PST"};
    uintptr_t sum = 0;
    for (int i = 0; i < 6000; i++) {
        sum ^= (uintptr_t)weir_zone_find(weir_str(ids[i % 6])) * (uintptr_t)(i % 6 + 1);
    }
    return (void *)sum;
}

static void test_threads(void **state)
{
    (void)state;
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, find_many, NULL), 0);
    }
    void *expected = find_many(NULL);
    for (int i = 0; i < 4; i++) {
        void *got;
        pthread_join(threads[i], &got);
        assert_ptr_equal(got, expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads),     cmocka_unit_test(test_java_system),     cmocka_unit_test(test_java_embedded),
        cmocka_unit_test(test_offsets),     cmocka_unit_test(test_no_zones),        cmocka_unit_test(test_short_ids),
        cmocka_unit_test(test_rules),       cmocka_unit_test(test_gap_and_overlap), cmocka_unit_test(test_damaged_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
