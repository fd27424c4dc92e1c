/* calendar.c - clocks, the proleptic Gregorian calendar, dates and timestamps as text. */
#include "base/time.h"
#include <stdio.h>
#include <time.h>

static int64_t clock_us(clockid_t clock)
{
    struct timespec now;
    WEIR_ASSERT(clock_gettime(clock, &now) == 0);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t weir_now_us(void)
{
    return clock_us(CLOCK_REALTIME);
}

int64_t weir_now_ms(void)
{
    return weir_now_us() / 1000;
}

int64_t weir_mono_us(void)
{
    return clock_us(CLOCK_MONOTONIC);
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

/* Years are counted from March, so that the leap day is the last day of its year; 400 years are one era of 146,097 days,
 * and 1970-01-01 is day 719,468 from 0000-03-01. */
enum { DAYS_PER_ERA = 146097, DAYS_TO_EPOCH = 719468 };

int64_t weir_days_from_civil(int64_t year, int month, int day)
{
    year -= month <= 2;
    const int64_t era = floor_div(year, 400);
    const int64_t year_of_era = year - era * 400;
    const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - DAYS_TO_EPOCH;
}

void weir_civil_from_days(int64_t days, int64_t *year, int *month, int *day)
{
    days += DAYS_TO_EPOCH;
    const int64_t era = floor_div(days, DAYS_PER_ERA);
    const int64_t day_of_era = days - era * DAYS_PER_ERA;
    const int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int64_t march_month = (5 * day_of_year + 2) / 153;
    *day = (int)(day_of_year - (153 * march_month + 2) / 5 + 1);
    *month = (int)(march_month + (march_month < 10 ? 3 : -9));
    *year = year_of_era + era * 400 + (*month <= 2);
}

bool weir_civil_valid(int64_t year, int month, int day)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month < 1 || month > 12 || day < 1) {
        return false;
    }
    const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return day <= lengths[month - 1] + (month == 2 && leap);
}

/* Two decimal digits; printf is too slow for a column of dates. */
static char *put2(char *out, int value)
{
    out[0] = (char)('0' + value / 10);
    out[1] = (char)('0' + value % 10);
    return out + 2;
}

static char *put_date(char *out, int64_t days)
{
    int64_t year;
    int month;
    int day;
    weir_civil_from_days(days, &year, &month, &day);
    if (year >= 0 && year <= 9999) {
        out = put2(put2(out, (int)(year / 100)), (int)(year % 100));
    } else {
        out += snprintf(out, 16, "%c%04lld", year < 0 ? '-' : '+', (long long)(year < 0 ? -year : year));
    }
    *out++ = '-';
    out = put2(out, month);
    *out++ = '-';
    return put2(out, day);
}

size_t weir_date_text(int32_t days, char *out)
{
    char *end = put_date(out, days);
    *end = '\0';
    return (size_t)(end - out);
}

static const int64_t US_PER_DAY = INT64_C(86400000000);

/* `places` of the second's fraction, 3 or 6; the rest is cut off, which is floor since the time of day is not negative. */
static size_t timestamp_text(int64_t us, int places, const char *suffix, char *out)
{
    const int64_t days = floor_div(us, US_PER_DAY);
    const int64_t of_day = us % US_PER_DAY + (us % US_PER_DAY < 0 ? US_PER_DAY : 0);
    const int seconds = (int)(of_day / 1000000);
    const int fraction = (int)(of_day % 1000000);
    char *at = put_date(out, days);
    *at++ = 'T';
    at = put2(at, seconds / 3600);
    *at++ = ':';
    at = put2(at, seconds / 60 % 60);
    *at++ = ':';
    at = put2(at, seconds % 60);
    *at++ = '.';
    const char digits[6] = {(char)('0' + fraction / 100000),     (char)('0' + fraction / 10000 % 10),
                            (char)('0' + fraction / 1000 % 10),  (char)('0' + fraction / 100 % 10),
                            (char)('0' + fraction / 10 % 10),    (char)('0' + fraction % 10)};
    memcpy(at, digits, (size_t)places);
    at += places;
    const size_t tail = strlen(suffix);
    WEIR_ASSERT((size_t)(at - out) + tail < 48);
    memcpy(at, suffix, tail + 1);
    return (size_t)(at - out) + tail;
}

size_t weir_timestamp_text(int64_t us, const char *suffix, char *out)
{
    return timestamp_text(us, 6, suffix, out);
}

size_t weir_timestamp_ms_text(int64_t us, const char *suffix, char *out)
{
    return timestamp_text(us, 3, suffix, out);
}
