#include "db/datetime.h"

enum {
    DAYS_PER_ERA = 146097, /* 400 years */
    EPOCH_DAY = 719468,    /* days from 0000-03-01 to 1970-01-01 */
};

#define US_PER_DAY INT64_C(86400000000)
#define EARLIEST_US INT64_C(-30610224000000000) /* 1000-01-01 */
#define LATEST_US INT64_C(253402300799999999)   /* the last microsecond of 9999 */

/* Years begin in March here, so that the leap day is the last of the year. */
static int64_t days_from_civil(int64_t year, int64_t month, int64_t day) {
    if (month <= 2)
        year--;
    int64_t era = year / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - EPOCH_DAY;
}

static void civil_from_days(int64_t days, struct db_datetime *ret_date) {
    days += EPOCH_DAY;
    int64_t era = days / DAYS_PER_ERA;
    int64_t day_of_era = days - era * DAYS_PER_ERA;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t march_month = (5 * day_of_year + 2) / 153;
    int64_t month = march_month < 10 ? march_month + 3 : march_month - 9;

    ret_date->year = (int32_t)(year_of_era + era * 400 + (month <= 2 ? 1 : 0));
    ret_date->month = (uint32_t)month;
    ret_date->day = (uint32_t)(day_of_year - (153 * march_month + 2) / 5 + 1);
}

bool db_datetime_from_us(int64_t time_us, struct db_datetime *ret_datetime) {
    if (time_us < EARLIEST_US || time_us > LATEST_US)
        return false;
    int64_t days = time_us / US_PER_DAY;
    int64_t rest = time_us % US_PER_DAY;
    if (rest < 0) {
        rest += US_PER_DAY;
        days--;
    }
    struct db_datetime datetime;
    civil_from_days(days, &datetime);
    datetime.microsecond = (uint32_t)(rest % 1000000);
    rest /= 1000000;
    datetime.second = (uint32_t)(rest % 60);
    datetime.minute = (uint32_t)(rest / 60 % 60);
    datetime.hour = (uint32_t)(rest / 3600);
    *ret_datetime = datetime;
    return true;
}

static uint32_t days_in_month(int32_t year, uint32_t month) {
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

bool db_datetime_to_us(const struct db_datetime *datetime, int64_t *ret_time_us) {
    const struct db_datetime *d = datetime;
    if (d->year < 1000 || d->year > 9999 || d->month < 1 || d->month > 12 || d->day < 1 ||
        d->day > days_in_month(d->year, d->month) || d->hour > 23 || d->minute > 59 ||
        d->second > 59 || d->microsecond > 999999)
        return false;
    int64_t seconds = days_from_civil(d->year, d->month, d->day) * 86400 + (int64_t)d->hour * 3600 +
                      (int64_t)d->minute * 60 + (int64_t)d->second;
    *ret_time_us = seconds * 1000000 + (int64_t)d->microsecond;
    return true;
}
